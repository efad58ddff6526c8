/* SPDX-License-Identifier: MIT */
/*
 * A tour of every function with NULL wherever a pointer goes, in every combination, on no context, an
 * unfinished one and an established one: an answer each time and never a crash.
 */
#include "fake.h"

enum { HANDLES = 4 };

static CtxtHandle contexts[HANDLES]; /* none, established, unfinished, failed */
static CtxtHandle *context_of[HANDLES + 1];
static CredHandle credential;
static char16_t wide_name[] = u"Fake", wide_other[] = u"x";

/* A step or import may have made a context. */
static void drop(CtxtHandle *made)
{
    DeleteSecurityContext(made);
    *made = (CtxtHandle){0, 0};
}

static void scene_open(void)
{
    CtxtHandle other;

    credential = fake_credential();
    contexts[0] = (CtxtHandle){0, 0};
    fake_pair(&contexts[1], &other);
    assert_int_equal(DeleteSecurityContext(&other), SEC_E_OK);
    contexts[2] = fake_unfinished(&credential);
    contexts[3] = fake_failed(&credential);
    context_of[0] = NULL;
    for (int i = 0; i < HANDLES; i++)
        context_of[i + 1] = &contexts[i];
}

static void scene_close(void)
{
    for (int i = 1; i < HANDLES; i++)
        assert_int_equal(DeleteSecurityContext(&contexts[i]), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void must_fail(SECURITY_STATUS status)
{
    assert_true(status < 0);
}

/* Bit i of mask: argument i is NULL. */
#define ARG(bit, value) ((mask & (1u << (bit))) ? NULL : (value))

static void handshakes(void **state)
{
    (void)state;
    scene_open();
    for (int c = 0; c <= HANDLES; c++) {
        for (unsigned mask = 0; mask < 64; mask++) {
            char token[FAKE_MAX_TOKEN];
            SecBuffer in = {0, SECBUFFER_TOKEN, NULL}, out = {sizeof(token), SECBUFFER_TOKEN, token};
            SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
            CtxtHandle made = {0, 0};
            ULONG attributes;
            TimeStamp expiry;
            for (int kind = 0; kind < 3; kind++) {
                SECURITY_STATUS status;
                if (c == 3) /* steps use it up */
                    contexts[2] = (DeleteSecurityContext(&contexts[2]), fake_unfinished(&credential));
                if (kind == 0)
                    status = InitializeSecurityContextW(ARG(0, &credential), context_of[c], NULL, 0, 0, 0,
                                                        ARG(1, &input), 0, ARG(2, &made), ARG(3, &output),
                                                        ARG(4, &attributes), ARG(5, &expiry));
                else if (kind == 1)
                    status = InitializeSecurityContextA(ARG(0, &credential), context_of[c], NULL, 0, 0, 0,
                                                        ARG(1, &input), 0, ARG(2, &made), ARG(3, &output),
                                                        ARG(4, &attributes), ARG(5, &expiry));
                else
                    status = AcceptSecurityContext(ARG(0, &credential), context_of[c], ARG(1, &input), 0, 0,
                                                   ARG(2, &made), ARG(3, &output), ARG(4, &attributes),
                                                   ARG(5, &expiry));
                bool first = c == 0 && kind < 2 && !(mask & 1) && !(mask & 4);
                assert_int_equal(status >= 0, first);
                drop(&made);
            }
        }
    }
    scene_close();
}

static void messages_and_attributes(void **state)
{
    (void)state;
    scene_open();
    for (int c = 0; c <= HANDLES; c++) {
        CtxtHandle *h = context_of[c];
        SecBuffer none = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc message = {SECBUFFER_VERSION, 1, &none}, empty = {SECBUFFER_VERSION, 0, NULL};
        SecBufferDesc *const descs[] = {NULL, &message, &empty};
        uint64_t buffer[64];
        ULONG qop;
        void *token;
        for (size_t d = 0; d < 3; d++) {
            must_fail(MakeSignature(h, 0, descs[d], 0));
            must_fail(VerifySignature(h, descs[d], 0, NULL));
            must_fail(VerifySignature(h, descs[d], 0, &qop));
            must_fail(EncryptMessage(h, 0, descs[d], 0));
            DecryptMessage(h, descs[d], 0, NULL);
            CompleteAuthToken(h, descs[d]);
            ApplyControlToken(h, descs[d]);
        }
        for (ULONG attribute = 0; attribute < 140; attribute++) {
            must_fail(QueryContextAttributesW(h, attribute, NULL));
            must_fail(QueryContextAttributesA(h, attribute, NULL));
            must_fail(QueryContextAttributesExW(h, attribute, NULL, sizeof(buffer)));
            must_fail(QueryContextAttributesExA(h, attribute, NULL, sizeof(buffer)));
            must_fail(QueryContextAttributesExA(h, attribute, buffer, 0));
        }
        must_fail(SetContextAttributesW(h, 0, NULL, 4));
        must_fail(SetContextAttributesA(h, 0, NULL, 4));
        must_fail(SetContextAttributesA(h, 0, NULL, 0));
        must_fail(ExportSecurityContext(h, 0, NULL, NULL));
        must_fail(ExportSecurityContext(h, 0, NULL, &token));
        must_fail(RevertSecurityContext(h));
        must_fail(QuerySecurityContextToken(h, NULL));
        must_fail(QuerySecurityContextToken(h, &token));
        SecBuffer packed = {0};
        if (ExportSecurityContext(h, 0, &packed, NULL) == SEC_E_OK)
            FreeContextBuffer(packed.pvBuffer);
    }
    must_fail(ImpersonateSecurityContext(NULL));
    must_fail(DeleteSecurityContext(NULL));
    assert_int_equal(FreeContextBuffer(NULL), SEC_E_OK);
    scene_close();
}

static void credentials_and_packages(void **state)
{
    (void)state;
    scene_open();
    for (unsigned mask = 0; mask < 64; mask++) {
        CredHandle made = {0, 0};
        TimeStamp expiry;
        LUID luid = {1, 2};
        SECURITY_STATUS status =
            AcquireCredentialsHandleW(ARG(0, wide_name), ARG(1, wide_name), 1, ARG(2, &luid), ARG(3, "x"),
                                      NULL, NULL, ARG(4, &made), ARG(5, &expiry));
        assert_int_equal(status >= 0, !(mask & 2) && !(mask & 16));
        if (status >= 0)
            assert_int_equal(FreeCredentialsHandle(&made), SEC_E_OK);
        status = AcquireCredentialsHandleA(ARG(0, "Fake"), ARG(1, "Fake"), 1, ARG(2, &luid), ARG(3, "x"),
                                           NULL, NULL, ARG(4, &made), ARG(5, &expiry));
        assert_int_equal(status >= 0, !(mask & 2) && !(mask & 16));
        if (status >= 0)
            assert_int_equal(FreeCredentialsHandle(&made), SEC_E_OK);
    }
    must_fail(FreeCredentialsHandle(NULL));
    must_fail(AddCredentialsW(NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL));
    must_fail(AddCredentialsA(NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL));
    assert_int_equal(AddCredentialsA(&credential, NULL, NULL, 0, NULL, NULL, NULL, NULL), SEC_E_OK);
    must_fail(QueryCredentialsAttributesW(NULL, 1, NULL));
    must_fail(QueryCredentialsAttributesA(NULL, 1, NULL));
    must_fail(QueryCredentialsAttributesW(&credential, 1, NULL));
    must_fail(QueryCredentialsAttributesA(&credential, 1, NULL));
    must_fail(QueryCredentialsAttributesExW(&credential, 1, NULL, 64));
    must_fail(QueryCredentialsAttributesExA(&credential, 1, NULL, 64));
    must_fail(SetCredentialsAttributesW(NULL, 1, NULL, 0));
    must_fail(SetCredentialsAttributesA(&credential, 1, NULL, 4));
    must_fail(ChangeAccountPasswordW(NULL, NULL, NULL, NULL, NULL, 0, 0, NULL));
    must_fail(ChangeAccountPasswordA(NULL, NULL, NULL, NULL, NULL, 0, 0, NULL));
    must_fail(EnumerateSecurityPackagesW(NULL, NULL));
    must_fail(EnumerateSecurityPackagesA(NULL, NULL));
    must_fail(QuerySecurityPackageInfoW(NULL, NULL));
    must_fail(QuerySecurityPackageInfoA(NULL, NULL));
    must_fail(QuerySecurityPackageInfoW(wide_other, NULL));
    must_fail(AddSecurityPackageA(NULL, NULL));
    must_fail(AddSecurityPackageW(NULL, NULL));
    must_fail(DeleteSecurityPackageA(NULL));
    must_fail(DeleteSecurityPackageW(NULL));
    must_fail(ImportSecurityContextA(NULL, NULL, NULL, NULL));
    must_fail(ImportSecurityContextW(NULL, NULL, NULL, NULL));
    must_fail(ImportSecurityContextW(wide_name, NULL, NULL, &contexts[0]));
    scene_close();
}

static void sasl(void **state)
{
    (void)state;
    assert_int_equal(SaslEnumerateProfilesA(NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SaslEnumerateProfilesW(NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SaslGetProfilePackageA(NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SaslGetProfilePackageW(NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SaslIdentifyPackageA(NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SaslIdentifyPackageW(NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(
        SaslInitializeSecurityContextA(NULL, NULL, NULL, 0, 0, 0, NULL, 0, NULL, NULL, NULL, NULL),
        SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(
        SaslInitializeSecurityContextW(NULL, NULL, NULL, 0, 0, 0, NULL, 0, NULL, NULL, NULL, NULL),
        SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SaslAcceptSecurityContext(NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SaslSetContextOption(NULL, 0, NULL, 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SaslGetContextOption(NULL, 0, NULL, 0, NULL), SEC_E_UNSUPPORTED_FUNCTION);
}

/* The tables: every entry but the reserved ones, and the ones that tell A from W in their right place. */
static void tables(void **state)
{
    PSecurityFunctionTableW wide = InitSecurityInterfaceW();
    PSecurityFunctionTableA narrow = InitSecurityInterfaceA();
    void *const *entries[2] = {(void *const *)(void *)wide, (void *const *)(void *)narrow};

    (void)state;
    assert_int_equal(sizeof(*wide), 256);
    for (size_t i = 1; i < sizeof(*wide) / sizeof(void *); i++) {
        size_t at = i * sizeof(void *);
        bool reserved = at == offsetof(SecurityFunctionTableW, Reserved2) ||
                        at == offsetof(SecurityFunctionTableW, Reserved3) ||
                        at == offsetof(SecurityFunctionTableW, Reserved4) ||
                        at == offsetof(SecurityFunctionTableW, Reserved8);
        assert_int_equal(entries[0][i] == NULL, reserved);
        assert_int_equal(entries[1][i] == NULL, reserved);
        for (size_t j = i + 1; j < sizeof(*wide) / sizeof(void *); j++)
            if (!reserved)
                assert_ptr_not_equal(entries[0][i], entries[0][j]);
    }
    assert_int_equal(wide->dwVersion, SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5);
    assert_ptr_equal(wide->MakeSignature, MakeSignature);
    assert_ptr_equal(narrow->MakeSignature, MakeSignature);
    assert_ptr_equal(wide->InitializeSecurityContextW, InitializeSecurityContextW);
    assert_ptr_equal(narrow->InitializeSecurityContextA, InitializeSecurityContextA);
    assert_ptr_equal(wide->QueryCredentialsAttributesExW, QueryCredentialsAttributesExW);
    assert_ptr_equal(narrow->QueryCredentialsAttributesExA, QueryCredentialsAttributesExA);
    assert_ptr_equal(InitSecurityInterfaceW(), wide);
}

static void statuses(void **state)
{
    static const char *const forms[] = {"SEC_E_LOGON_DENIED", "sec_e_logon_denied", "LOGON_DENIED",
                                        "logon_Denied"};
    static const char *const strange[] = {
        "", "SEC_E_", "SEC_E_LOGON", "SEC_E_LOGON_DENIEDX", "E_LOGON_DENIED", "0"};
    SECURITY_STATUS status;

    (void)state;
    assert_non_null(SspiVersion());
    assert_string_equal(SspiStatusName((SECURITY_STATUS)0x8009030C), "SEC_E_LOGON_DENIED");
    assert_string_equal(SspiStatusName(0), "SEC_E_OK");
    assert_string_equal(SspiStatusName((SECURITY_STATUS)0xC000006D), "STATUS_LOGON_FAILURE");
    assert_string_equal(SspiStatusName((SECURITY_STATUS)0x00090312), "SEC_I_CONTINUE_NEEDED");
    assert_null(SspiStatusName((SECURITY_STATUS)0x80091234));
    assert_null(SspiStatusText((SECURITY_STATUS)0x80091234));
    assert_null(SspiStatusAdvice((SECURITY_STATUS)0x80091234));
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        status = 0;
        assert_true(SspiStatusByName(forms[i], &status));
        assert_int_equal(status, SEC_E_LOGON_DENIED);
    }
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
        status = 17;
        assert_false(SspiStatusByName(strange[i], &status));
        assert_int_equal(status, 17);
    }
    assert_true(SspiStatusByName("continue_needed", &status));
    assert_int_equal(status, SEC_I_CONTINUE_NEEDED);
    assert_false(SspiStatusByName(NULL, &status));
    assert_false(SspiStatusByName("OK", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(handshakes, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(messages_and_attributes, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(credentials_and_packages, fake_setup, fake_teardown),
        cmocka_unit_test(sasl),
        cmocka_unit_test(tables),
        cmocka_unit_test(statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
