/* SPDX-License-Identifier: MIT */
/* Attributes: who answers, how large the buffer must be, and the 8-bit form of every text. */
#include "fake.h"

#include "base/mem.h"

struct pair {
    CtxtHandle a, b;
};

static struct pair pair_open(void)
{
    struct pair p;

    fake_pair(&p.a, &p.b);
    return p;
}

static void pair_close(struct pair *p)
{
    assert_int_equal(DeleteSecurityContext(&p->a), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&p->b), SEC_E_OK);
}

static void wide(void **state)
{
    struct pair p = pair_open();
    SecPkgContext_Sizes sizes;
    SecPkgContext_NamesW names;
    SecPkgContext_KeyInfoW key;

    (void)state;
    assert_int_equal(QueryContextAttributesW(&p.a, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(sizes.cbMaxSignature, FAKE_SIGNATURE);
    assert_int_equal(QueryContextAttributesW(&p.a, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_memory_equal(names.sUserName, u"D\\m\u00fcller \U0001f511", 12 * 2);
    FreeContextBuffer(names.sUserName);
    assert_int_equal(QueryContextAttributesW(&p.a, SECPKG_ATTR_KEY_INFO, &key), SEC_E_OK);
    assert_memory_equal(key.sSignatureAlgorithmName, u"sign\u00e4ture", 10 * 2);
    FreeContextBuffer(key.sSignatureAlgorithmName);
    FreeContextBuffer(key.sEncryptAlgorithmName);
    assert_int_equal(QueryContextAttributesW(&p.a, 0x7777, &sizes), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryContextAttributesW(&p.a, SECPKG_ATTR_SIZES, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(fake_counts.lsa_queries, 0);
    pair_close(&p);
}

static void narrow(void **state)
{
    struct pair p = pair_open();
    SecPkgContext_Sizes sizes;
    SecPkgContext_NamesA names;
    SecPkgContext_KeyInfoA key = {0};
    SecPkgContext_NativeNamesA native;
    SecPkgContext_NegotiationInfoA negotiation;
    SecPkgContext_PackageInfoA package;
    SecPkgContext_AuthorityA authority = {(char *)7};

    (void)state;
    assert_int_equal(QueryContextAttributesA(&p.a, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(sizes.cbSecurityTrailer, FAKE_SIGNATURE);
    assert_int_equal(QueryContextAttributesA(&p.a, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, "D\\m\u00fcller \U0001f511");
    FreeContextBuffer(names.sUserName);
    assert_int_equal(QueryContextAttributesA(&p.a, SECPKG_ATTR_KEY_INFO, &key), SEC_E_OK);
    assert_string_equal(key.sSignatureAlgorithmName, "sign\u00e4ture");
    assert_string_equal(key.sEncryptAlgorithmName, "none");
    assert_int_equal(key.KeySize, 128);
    FreeContextBuffer(key.sSignatureAlgorithmName);
    FreeContextBuffer(key.sEncryptAlgorithmName);
    assert_int_equal(QueryContextAttributesA(&p.a, SECPKG_ATTR_NATIVE_NAMES, &native), SEC_E_OK);
    assert_null(native.sClientName);
    assert_string_equal(native.sServerName, "srv");
    FreeContextBuffer(native.sServerName);
    assert_int_equal(QueryContextAttributesA(&p.a, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation), SEC_E_OK);
    assert_string_equal(negotiation.PackageInfo->Name, "F\u00e4ke");
    assert_string_equal(negotiation.PackageInfo->Comment, "");
    assert_int_equal(negotiation.PackageInfo->cbMaxToken, 12);
    assert_int_equal(negotiation.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
    FreeContextBuffer(negotiation.PackageInfo);
    assert_int_equal(QueryContextAttributesA(&p.a, SECPKG_ATTR_PACKAGE_INFO, &package), SEC_E_OK);
    assert_string_equal(package.PackageInfo->Name, "Fake");
    assert_string_equal(package.PackageInfo->Comment, "For tests \u2013 only");
    FreeContextBuffer(package.PackageInfo);
    fake.null_info = true;
    negotiation.PackageInfo = NULL;
    assert_int_equal(QueryContextAttributesA(&p.a, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation), SEC_E_OK);
    assert_null(negotiation.PackageInfo);
    /* Text that has no UTF-8: an error, and the caller's structure as it was. */
    assert_int_equal(QueryContextAttributesA(&p.a, SECPKG_ATTR_AUTHORITY, &authority), SEC_E_INTERNAL_ERROR);
    assert_ptr_equal(authority.sAuthorityName, (char *)7);
    pair_close(&p);
}

/* The LSA half's: what it claims by SecpkgContextThunks, and the last client token. */
static void lsa_half(void **state)
{
    struct pair p = pair_open();
    SecPkgContext_UserFlags flags;
    SecPkgContext_LastClientTokenStatus last;
    CtxtHandle imported;
    SecBuffer packed = {4, 0, (char[]){"FAKE"}};

    (void)state;
    assert_int_equal(QueryContextAttributesW(&p.a, SECPKG_ATTR_USER_FLAGS, &flags), SEC_E_OK);
    assert_int_equal(flags.UserFlags, 99);
    assert_int_equal(QueryContextAttributesA(&p.a, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &last), SEC_E_OK);
    assert_int_equal(last.LastClientTokenStatus, SecPkgAttrLastClientTokenMaybe);
    assert_int_equal(fake_counts.lsa_queries, 2);
    /* An imported context has no LSA half: the user half is asked. */
    assert_int_equal(ImportSecurityContextA("Fake", &packed, NULL, &imported), SEC_E_OK);
    assert_int_equal(QueryContextAttributesW(&imported, SECPKG_ATTR_USER_FLAGS, &flags),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(fake_counts.lsa_queries, 2);
    assert_int_equal(fake_counts.queries, 1);
    assert_int_equal(DeleteSecurityContext(&imported), SEC_E_OK);
    pair_close(&p);
}

/* The Ex forms: one byte short is too small, and nothing is written. */
static void sizes(void **state)
{
    static const struct {
        ULONG attribute;
        ULONG size;
    } all[] = {
        {SECPKG_ATTR_SIZES, 16},
        {SECPKG_ATTR_NAMES, 8},
        {SECPKG_ATTR_LIFESPAN, 16},
        {SECPKG_ATTR_DCE_INFO, 16},
        {SECPKG_ATTR_STREAM_SIZES, 20},
        {SECPKG_ATTR_KEY_INFO, 32},
        {SECPKG_ATTR_AUTHORITY, 8},
        {SECPKG_ATTR_PROTO_INFO, 16},
        {SECPKG_ATTR_PASSWORD_EXPIRY, 8},
        {SECPKG_ATTR_SESSION_KEY, 16},
        {SECPKG_ATTR_PACKAGE_INFO, 8},
        {SECPKG_ATTR_USER_FLAGS, 4},
        {SECPKG_ATTR_NEGOTIATION_INFO, 16},
        {SECPKG_ATTR_NATIVE_NAMES, 16},
        {SECPKG_ATTR_FLAGS, 4},
        {SECPKG_ATTR_CREDENTIAL_NAME, 16},
        {SECPKG_ATTR_TARGET_INFORMATION, 16},
        {SECPKG_ATTR_ACCESS_TOKEN, 8},
        {SECPKG_ATTR_TARGET, 16},
        {SECPKG_ATTR_NEGO_KEYS, 32},
        {SECPKG_ATTR_UNIQUE_BINDINGS, 16},
        {SECPKG_ATTR_ENDPOINT_BINDINGS, 16},
        {SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, 8},
        {SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, 4},
        {SECPKG_ATTR_AUTHENTICATION_ID, 16},
        {SECPKG_ATTR_LOGOFF_TIME, 8},
        {SECPKG_ATTR_PROMPTING_NEEDED, 8},
        {SECPKG_ATTR_NEGO_PKG_INFO, 4},
        {SECPKG_ATTR_NEGO_STATUS, 4},
        {SECPKG_ATTR_APPLICATION_PROTOCOL, 264},
        {SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS, 16},
        {SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES, 8},
    };
    struct pair p = pair_open();
    CredHandle credential = fake_credential();
    uint8_t buffer[64], clean[64];

    (void)state;
    memset(clean, 0xee, sizeof(clean));
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        memset(buffer, 0xee, sizeof(buffer));
        for (ULONG size = 0; size < all[i].size; size++) {
            assert_int_equal(QueryContextAttributesExW(&p.a, all[i].attribute, buffer, size),
                             SEC_E_BUFFER_TOO_SMALL);
            assert_int_equal(QueryContextAttributesExA(&p.a, all[i].attribute, buffer, size),
                             SEC_E_BUFFER_TOO_SMALL);
        }
        assert_memory_equal(buffer, clean, sizeof(buffer));
        assert_int_not_equal(QueryContextAttributesExA(&p.a, 0x7777, buffer, sizeof(buffer)), SEC_E_OK);
    }
    assert_int_equal(fake_counts.queries, 0);
    assert_int_equal(QueryContextAttributesExW(&p.a, SECPKG_ATTR_SIZES, buffer, 16), SEC_E_OK);
    assert_int_equal(QueryContextAttributesExA(&p.a, SECPKG_ATTR_SIZES, buffer, 64), SEC_E_OK);
    assert_int_equal(QueryContextAttributesExW(&p.a, SECPKG_ATTR_SIZES, NULL, 16), SEC_E_INVALID_PARAMETER);
    assert_int_equal(QueryContextAttributesExW(&p.a, 0x7777, buffer, 64), SEC_E_UNSUPPORTED_FUNCTION);

    assert_int_equal(QueryCredentialsAttributesExW(&credential, SECPKG_CRED_ATTR_NAMES, buffer, 7),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(QueryCredentialsAttributesExA(&credential, SECPKG_CRED_ATTR_NAMES, buffer, 7),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(
        QueryCredentialsAttributesExW(&credential, SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, buffer, 15),
        SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(QueryCredentialsAttributesExW(&credential, SECPKG_CRED_ATTR_CERT, buffer, 15),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(QueryCredentialsAttributesExW(&credential, SECPKG_CRED_ATTR_SSI_PROVIDER, buffer, 23),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(QueryCredentialsAttributesExA(&credential, 0x7777, buffer, 64),
                     SEC_E_UNSUPPORTED_FUNCTION);
    SecPkgCredentials_NamesA narrow_name;
    SecPkgCredentials_NamesW wide_name;
    assert_int_equal(QueryCredentialsAttributesExA(&credential, SECPKG_CRED_ATTR_NAMES, &narrow_name, 8),
                     SEC_E_OK);
    assert_string_equal(narrow_name.sUserName, "m\u00fcller");
    FreeContextBuffer(narrow_name.sUserName);
    assert_int_equal(QueryCredentialsAttributesExW(&credential, SECPKG_CRED_ATTR_NAMES, &wide_name, 8),
                     SEC_E_OK);
    assert_memory_equal(wide_name.sUserName, u"m\u00fcller", 14);
    FreeContextBuffer(wide_name.sUserName);
    assert_int_equal(QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_NAMES, NULL),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
    pair_close(&p);
}

static void setting(void **state)
{
    struct pair p = pair_open();
    CredHandle credential = fake_credential();
    ULONG value = 0;
    TimeStamp expiry;

    (void)state;
    assert_int_equal(SetContextAttributesW(&p.a, 1, &value, 4), SEC_E_OK);
    assert_int_equal(fake_counts.last_call_attributes, SECPKG_CALL_IN_PROC);
    assert_int_equal(SetContextAttributesA(&p.a, 1, &value, 4), SEC_E_OK);
    assert_int_equal(fake_counts.last_call_attributes, SECPKG_CALL_IN_PROC | SECPKG_CALL_ANSI);
    assert_int_equal(SetContextAttributesA(&p.a, 1, NULL, 4), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SetCredentialsAttributesW(&credential, 1, &value, 4), SEC_E_OK);
    assert_int_equal(SetCredentialsAttributesA(&credential, 1, NULL, 4), SEC_E_INVALID_PARAMETER);
    assert_int_equal(AddCredentialsA(&credential, "who", "Fake", 1, NULL, NULL, NULL, &expiry), SEC_E_OK);
    assert_int_equal(expiry.QuadPart, 4712);
    assert_int_equal(AddCredentialsW(&credential, NULL, NULL, 1, NULL, NULL, NULL, NULL), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
    pair_close(&p);
}

static void messages(void **state)
{
    struct pair p = pair_open();
    char data[4] = "data", token[FAKE_SIGNATURE + 3] = "........";
    SecBuffer parts[2] = {{4, SECBUFFER_DATA, data}, {sizeof(token), SECBUFFER_TOKEN, token}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, parts};
    ULONG qop = 77;

    (void)state;
    assert_int_equal(MakeSignature(&p.a, 0, &message, 0), SEC_E_OK);
    assert_int_equal(parts[1].cbBuffer, FAKE_SIGNATURE);
    assert_int_equal(MakeSignature(&p.a, 9, &message, 0), SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(MakeSignature(&p.a, 0, NULL, 0), SEC_E_INVALID_TOKEN);
    assert_int_equal(VerifySignature(&p.b, &message, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, 5);
    assert_int_equal(VerifySignature(&p.b, &message, 0, NULL), SEC_E_OK);
    assert_int_equal(VerifySignature(&p.b, NULL, 0, NULL), SEC_E_INVALID_TOKEN);
    token[0] ^= 1;
    qop = 77;
    assert_int_equal(VerifySignature(&p.b, &message, 0, &qop), SEC_E_MESSAGE_ALTERED);
    assert_int_equal(qop, 77);
    /* A success of NT that SSPI has no name for is none. */
    assert_int_equal(EncryptMessage(&p.a, 0, &message, 0), SEC_E_INTERNAL_ERROR);
    assert_int_equal(EncryptMessage(&p.a, 0, NULL, 0), SEC_E_INVALID_TOKEN);
    assert_int_equal(DecryptMessage(&p.a, &message, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, 6);
    assert_int_equal(DecryptMessage(&p.a, &message, 0, NULL), SEC_E_OK);
    assert_int_equal(DecryptMessage(&p.a, NULL, 0, NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(fake_counts.signs, 2);
    assert_int_equal(fake_counts.verifies, 3);
    assert_int_equal(fake_counts.seals, 1);
    assert_int_equal(fake_counts.unseals, 2);
    assert_int_equal(CompleteAuthToken(&p.a, &message), SEC_E_OK);
    assert_int_equal(CompleteAuthToken(&p.a, NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(ApplyControlToken(&p.a, &message), SEC_E_OK);
    assert_int_equal(ApplyControlToken(&p.a, NULL), SEC_E_INVALID_TOKEN);
    pair_close(&p);
}

/* Each allocation of an 8-bit answer fails once: nothing is left over (the sanitizer and the counts see to
 * that). */
static void out_of_memory(void **state)
{
    static const ULONG attributes[] = {SECPKG_ATTR_NAMES, SECPKG_ATTR_KEY_INFO, SECPKG_ATTR_NEGOTIATION_INFO,
                                       SECPKG_ATTR_PACKAGE_INFO};
    struct pair p = pair_open();

    (void)state;
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        for (unsigned long n = 0;; n++) {
            union {
                SecPkgContext_KeyInfoA key;
                void *pointers[4];
            } answer = {.pointers = {NULL}};
            fake_gate_on(n);
            SECURITY_STATUS status = QueryContextAttributesA(&p.a, attributes[i], &answer);
            bool through = fake_gate_off() <= n;
            assert_int_equal(status, through ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY);
            if (through)
                assert_non_null(answer.pointers[0]);
            else
                assert_null(answer.pointers[0]);
            FreeContextBuffer(answer.pointers[0]);
            if (attributes[i] == SECPKG_ATTR_KEY_INFO)
                FreeContextBuffer(answer.pointers[1]);
            if (through) {
                assert_true(n >= 2);
                break;
            }
        }
    }
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wide, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(narrow, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(lsa_half, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(sizes, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(setting, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(messages, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(out_of_memory, fake_setup, fake_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
