/* SPDX-License-Identifier: MIT */
/* How packages come in, are refused, found by name, listed. */
#include "fake.h"

#include "base/mem.h"
#include "secur32/registry.h"

static void by_name(void **state)
{
    static char16_t name[] = u"fAKe", none[] = u"Fakee", empty[] = u"", tokelau[70000];
    PSecPkgInfoW wide;
    PSecPkgInfoA narrow = (PSecPkgInfoA)3;
    CredHandle credential;
    TimeStamp expiry;

    (void)state;
    assert_int_equal(QuerySecurityPackageInfoW(name, &wide), SEC_E_OK);
    assert_memory_equal(wide->Name, u"Fake", 10);
    assert_memory_equal(wide->Comment, u"For tests \u2013 only", 36);
    assert_int_equal(wide->wRPCID, 77);
    assert_int_equal(wide->cbMaxToken, FAKE_MAX_TOKEN);
    FreeContextBuffer(wide);
    assert_int_equal(QuerySecurityPackageInfoA("BARE", &narrow), SEC_E_OK);
    assert_string_equal(narrow->Name, "Bare");
    assert_string_equal(narrow->Comment, "");
    assert_int_equal(narrow->wRPCID, SECPKG_ID_NONE);
    FreeContextBuffer(narrow);
    for (size_t i = 0; i < 69999; i++)
        tokelau[i] = u'F';
    wide = (PSecPkgInfoW)3;
    assert_int_equal(QuerySecurityPackageInfoW(none, &wide), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(QuerySecurityPackageInfoW(empty, &wide), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(QuerySecurityPackageInfoW(tokelau, &wide), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(QuerySecurityPackageInfoW(NULL, &wide), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(QuerySecurityPackageInfoA("\xc3", &narrow), SEC_E_SECPKG_NOT_FOUND);
    assert_ptr_equal(wide, (PSecPkgInfoW)3);
    assert_int_equal(QuerySecurityPackageInfoA("Fake", NULL), SEC_E_INVALID_PARAMETER);

    assert_int_equal(AcquireCredentialsHandleA("who", "FAKE", SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL,
                                               &credential, &expiry),
                     SEC_E_OK);
    assert_int_equal(expiry.QuadPart, 4711);
    assert_int_equal(fake_counts.last_call_attributes, SECPKG_CALL_IN_PROC | SECPKG_CALL_ANSI);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
    credential = (CredHandle){1, 2};
    assert_int_equal(AcquireCredentialsHandleA(NULL, "FAKE", 0, NULL, NULL, NULL, NULL, &credential, &expiry),
                     SEC_E_NO_CREDENTIALS);
    assert_int_equal(AcquireCredentialsHandleA(NULL, "nope", 1, NULL, NULL, NULL, NULL, &credential, &expiry),
                     SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(
        AcquireCredentialsHandleA("\xff", "Fake", 1, NULL, NULL, NULL, NULL, &credential, &expiry),
        SEC_E_INVALID_PARAMETER);
    assert_int_equal(AcquireCredentialsHandleA(NULL, "\xff", 1, NULL, NULL, NULL, NULL, &credential, &expiry),
                     SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(AcquireCredentialsHandleA(NULL, "Fake", 1, NULL, NULL, NULL, NULL, NULL, &expiry),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(credential.dwLower, 1);
}

static void listed(void **state)
{
    PSecPkgInfoW wide;
    PSecPkgInfoA narrow;
    ULONG count;

    (void)state;
    assert_int_equal(EnumerateSecurityPackagesW(&count, &wide), SEC_E_OK);
    assert_int_equal(count, 2);
    assert_memory_equal(wide[0].Name, u"Fake", 10);
    assert_memory_equal(wide[1].Name, u"Bare", 10);
    assert_memory_equal(wide[1].Comment, u"", 2);
    FreeContextBuffer(wide);
    assert_int_equal(EnumerateSecurityPackagesA(&count, &narrow), SEC_E_OK);
    assert_int_equal(count, 2);
    assert_string_equal(narrow[0].Name, "Fake");
    assert_string_equal(narrow[0].Comment, "For tests \u2013 only");
    assert_string_equal(narrow[1].Name, "Bare");
    FreeContextBuffer(narrow);
    assert_int_equal(EnumerateSecurityPackagesW(NULL, &wide), SEC_E_INVALID_PARAMETER);
    assert_int_equal(EnumerateSecurityPackagesA(&count, NULL), SEC_E_INVALID_PARAMETER);

    registry_reset(false);
    assert_int_equal(EnumerateSecurityPackagesW(&count, &wide), SEC_E_OK);
    assert_int_equal(count, 0);
    FreeContextBuffer(wide);
}

/* Refused, with that reason, and not a trace of it stays. */
static void refused_with(SpLsaModeInitializeFn lsa, SpUserModeInitializeFn user, SECURITY_STATUS status,
                         const char *why)
{
    const char *reason = "";
    PSecPkgInfoW list;
    ULONG count;

    registry_reset(false);
    memset(&fake_counts, 0, sizeof(fake_counts));
    assert_int_equal(registry_add(lsa, user, "test", &reason), status);
    if (strstr(reason, why) == NULL)
        fail_msg("refused because \"%s\", not \"%s\"", reason, why);
    assert_int_equal(EnumerateSecurityPackagesW(&count, &list), SEC_E_OK);
    assert_int_equal(count, 0);
    FreeContextBuffer(list);
    assert_int_equal(fake_counts.starts, fake_counts.shutdowns);
}

static NTSTATUS no_tables_lsa(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                              PULONG pcTables)
{
    NTSTATUS status = fake_lsa_init(LsaVersion, PackageVersion, ppTables, pcTables);

    *ppTables = NULL;
    return status;
}

static NTSTATUS no_tables_user(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_USER_FUNCTION_TABLE *ppTables,
                               PULONG pcTables)
{
    NTSTATUS status = fake_user_init(LsaVersion, PackageVersion, ppTables, pcTables);

    *pcTables = 0;
    return status;
}

static NTSTATUS no_lsa(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                       PULONG pcTables)
{
    (void)LsaVersion;
    (void)PackageVersion;
    (void)ppTables;
    (void)pcTables;
    return STATUS_DLL_INIT_FAILED;
}

static NTSTATUS holes(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                      PULONG pcTables)
{
    static SECPKG_FUNCTION_TABLE tables[2];

    fake_lsa_init(LsaVersion, PackageVersion, ppTables, pcTables);
    tables[0] = (*ppTables)[0];
    tables[1] = (SECPKG_FUNCTION_TABLE){.Initialize = tables[0].Initialize};
    *ppTables = tables;
    return STATUS_SUCCESS;
}

/* Twice the same name in one module. */
static NTSTATUS twins(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                      PULONG pcTables)
{
    static SECPKG_FUNCTION_TABLE tables[2];

    fake_lsa_init(LsaVersion, PackageVersion, ppTables, pcTables);
    tables[0] = tables[1] = (*ppTables)[0];
    *ppTables = tables;
    return STATUS_SUCCESS;
}

static NTSTATUS nameless_info(PSecPkgInfoW info)
{
    *info = (SecPkgInfoW){0};
    return STATUS_SUCCESS;
}

static NTSTATUS nameless(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                         PULONG pcTables)
{
    static SECPKG_FUNCTION_TABLE tables[2];

    fake_lsa_init(LsaVersion, PackageVersion, ppTables, pcTables);
    memcpy(tables, *ppTables, sizeof(tables));
    tables[1].GetInfo = nameless_info;
    *ppTables = tables;
    return STATUS_SUCCESS;
}

static NTSTATUS half_name_info(PSecPkgInfoW info)
{
    static char16_t name[] = {u'a', 0xd800, 0};

    *info = (SecPkgInfoW){.Name = name};
    return STATUS_SUCCESS;
}

/* A name that is no UTF-16. */
static NTSTATUS half_name(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                          PULONG pcTables)
{
    static SECPKG_FUNCTION_TABLE tables[2];

    fake_lsa_init(LsaVersion, PackageVersion, ppTables, pcTables);
    memcpy(tables, *ppTables, sizeof(tables));
    tables[1].GetInfo = half_name_info;
    *ppTables = tables;
    return STATUS_SUCCESS;
}

static NTSTATUS null_tables_user(ULONG LsaVersion, PULONG PackageVersion,
                                 PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    NTSTATUS status = fake_user_init(LsaVersion, PackageVersion, ppTables, pcTables);

    *ppTables = NULL;
    return status;
}

static void refusals(void **state)
{
    const char *reason;

    (void)state;
    refused_with(NULL, fake_user_init, SEC_E_CANNOT_INSTALL, "no SpLsaModeInitialize");
    refused_with(fake_lsa_init, NULL, SEC_E_CANNOT_INSTALL, "no SpUserModeInitialize");
    refused_with(no_lsa, fake_user_init, SEC_E_INTERNAL_ERROR, "SpLsaModeInitialize failed");
    refused_with(no_tables_lsa, fake_user_init, SEC_E_CANNOT_INSTALL, "no table");
    refused_with(fake_lsa_init, no_tables_user, SEC_E_CANNOT_INSTALL, "no table");
    refused_with(fake_lsa_init, null_tables_user, SEC_E_CANNOT_INSTALL, "no table");
    refused_with(half_name, fake_user_init, SEC_E_CANNOT_INSTALL, "UTF-16");
    refused_with(holes, fake_user_init, SEC_E_CANNOT_INSTALL, "without SpInitialize or SpGetInfo");
    refused_with(twins, fake_user_init, SEC_E_CANNOT_INSTALL, "of that name");
    refused_with(nameless, fake_user_init, SEC_E_CANNOT_INSTALL, "no name");

    static const ULONG versions[] = {1, 0x30000, 0x08000000, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        fake.lsa_version = versions[i];
        refused_with(fake_lsa_init, fake_user_init, SEC_E_CANNOT_INSTALL, "version");
        fake.lsa_version = 0;
        fake.user_version = versions[i];
        refused_with(fake_lsa_init, fake_user_init, SEC_E_CANNOT_INSTALL, "version");
        fake.user_version = 0;
    }
    fake.lsa_count = 1;
    refused_with(fake_lsa_init, fake_user_init, SEC_E_CANNOT_INSTALL, "different numbers");
    fake.lsa_count = 0;
    fake.user_count = 1;
    refused_with(fake_lsa_init, fake_user_init, SEC_E_CANNOT_INSTALL, "different numbers");
    fake.user_count = 0;
    fake.start = SEC_E_INVALID_PARAMETER;
    refused_with(fake_lsa_init, fake_user_init, SEC_E_INVALID_PARAMETER, "SpInitialize failed");
    fake.start = 0;
    fake.instance = STATUS_DLL_INIT_FAILED;
    refused_with(fake_lsa_init, fake_user_init, SEC_E_INTERNAL_ERROR, "SpInstanceInit failed");
    fake.instance = 0;

    /* Once in, it does not come in twice. */
    assert_int_equal(registry_add(fake_lsa_init, fake_user_init, "test", &reason), SEC_E_OK);
    assert_int_equal(registry_add(fake_lsa_init, fake_user_init, "test", &reason), SEC_E_CANNOT_INSTALL);
    assert_non_null(strstr(reason, "of that name"));
}

/* Tables of an older version: only what that version has is read. */
static NTSTATUS old_lsa(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                        PULONG pcTables)
{
    static uint8_t bytes[2 * sizeof(SECPKG_FUNCTION_TABLE)];
    PSECPKG_FUNCTION_TABLE tables;
    const size_t size = offsetof(SECPKG_FUNCTION_TABLE, SetContextAttributes);

    fake_lsa_init(LsaVersion, PackageVersion, &tables, pcTables);
    memset(bytes, 0xff, sizeof(bytes));
    memcpy(bytes, &tables[0], size);
    memcpy(bytes + size, &tables[1], size);
    *PackageVersion = SECPKG_INTERFACE_VERSION;
    *ppTables = (PSECPKG_FUNCTION_TABLE)(void *)bytes;
    return STATUS_SUCCESS;
}

static NTSTATUS old_user(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_USER_FUNCTION_TABLE *ppTables,
                         PULONG pcTables)
{
    static uint8_t bytes[2 * sizeof(SECPKG_USER_FUNCTION_TABLE)];
    PSECPKG_USER_FUNCTION_TABLE tables;
    const size_t size = offsetof(SECPKG_USER_FUNCTION_TABLE, MarshalAttributeData);

    fake_user_init(LsaVersion, PackageVersion, &tables, pcTables);
    memset(bytes, 0xff, sizeof(bytes));
    memcpy(bytes, &tables[0], size);
    memcpy(bytes + size, &tables[1], size);
    *PackageVersion = SECPKG_INTERFACE_VERSION;
    *ppTables = (PSECPKG_USER_FUNCTION_TABLE)(void *)bytes;
    return STATUS_SUCCESS;
}

static void older_tables(void **state)
{
    const char *reason;
    CtxtHandle a, b;
    ULONG value = 0;

    (void)state;
    registry_reset(false);
    assert_int_equal(registry_add(old_lsa, old_user, "test", &reason), SEC_E_OK);
    fake_pair(&a, &b);
    assert_int_equal(fake_sign(&a), SEC_E_OK);
    assert_int_equal(SetContextAttributesW(&a, 1, &value, 4), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(DeleteSecurityContext(&a), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&b), SEC_E_OK);
    PSecPkgInfoA info;
    assert_int_equal(QuerySecurityPackageInfoA("bare", &info), SEC_E_OK);
    FreeContextBuffer(info);
}

static void adding(void **state)
{
    SECURITY_PACKAGE_OPTIONS options = {.Size = sizeof(options)};
    static char16_t fake_name[] = u"Fake", other[] = u"other";

    (void)state;
    assert_int_equal(AddSecurityPackageW(other, &options), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(AddSecurityPackageA("other", NULL), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(AddSecurityPackageW(NULL, NULL), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(DeleteSecurityPackageA("other"), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(DeleteSecurityPackageA(NULL), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(AddSecurityPackageW(fake_name, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(DeleteSecurityPackageW(fake_name), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(ChangeAccountPasswordA("Fake", NULL, NULL, NULL, NULL, 0, 0, NULL),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(ChangeAccountPasswordW(other, NULL, NULL, NULL, NULL, 0, 0, NULL),
                     SEC_E_SECPKG_NOT_FOUND);
}

static void out_of_memory(void **state)
{
    const char *reason;
    unsigned long n;

    (void)state;
    for (n = 0;; n++) {
        registry_reset(false);
        memset(&fake_counts, 0, sizeof(fake_counts));
        fake_gate_on(n);
        SECURITY_STATUS status = registry_add(fake_lsa_init, fake_user_init, "test", &reason);
        if (fake_gate_off() <= n) {
            assert_int_equal(status, SEC_E_OK);
            break;
        }
        assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
        assert_int_equal(fake_counts.starts, fake_counts.shutdowns);
    }
    assert_true(n > 6);
    for (n = 0;; n++) {
        PSecPkgInfoA info = NULL;
        fake_gate_on(n);
        SECURITY_STATUS status = QuerySecurityPackageInfoA("Fake", &info);
        bool through = fake_gate_off() <= n;
        assert_int_equal(status, through ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY);
        FreeContextBuffer(info);
        if (through)
            break;
        assert_null(info);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_name, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(listed, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(refusals, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(older_tables, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(adding, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(out_of_memory, fake_setup, fake_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
