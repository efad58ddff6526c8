/* SPDX-License-Identifier: MIT */
/* Export, import, and acting for a client. */
#include "fake.h"

#include "secur32/handle.h"
#include "secur32/impersonate.h"

static void round_trip(void **state)
{
    CtxtHandle a, b, imported = {1, 2};
    SecBuffer packed = {9, 9, (void *)9};
    void *token = (void *)5;

    (void)state;
    fake_pair(&a, &b);
    assert_int_equal(ExportSecurityContext(&a, SECPKG_CONTEXT_EXPORT_RESET_NEW, &packed, &token), SEC_E_OK);
    assert_int_equal(fake_counts.last_export_flags, SECPKG_CONTEXT_EXPORT_RESET_NEW);
    assert_null(token);
    assert_int_equal(packed.cbBuffer, 4);
    assert_memory_equal(packed.pvBuffer, "FAKE", 4);
    assert_int_equal(ImportSecurityContextA("FAKE", &packed, NULL, &imported), SEC_E_OK);
    assert_int_equal(FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
    assert_int_equal(fake_sign(&imported), SEC_E_OK);
    assert_int_equal(fake_sign(&a), SEC_E_OK);
    assert_int_equal(ApplyControlToken(&imported, &(SecBufferDesc){0}), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(DeleteSecurityContext(&imported), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&a), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&b), SEC_E_OK);
}

static void delete_old(void **state)
{
    CtxtHandle a, b;
    SecBuffer packed = {0};

    (void)state;
    fake_pair(&a, &b);
    fake.export_fails = SEC_E_INTERNAL_ERROR;
    assert_int_equal(ExportSecurityContext(&a, SECPKG_CONTEXT_EXPORT_DELETE_OLD, &packed, NULL),
                     SEC_E_INTERNAL_ERROR);
    assert_null(packed.pvBuffer);
    assert_int_equal(fake_sign(&a), SEC_E_OK);
    fake.export_fails = 0;
    assert_int_equal(ExportSecurityContext(&a,
                                           SECPKG_CONTEXT_EXPORT_DELETE_OLD | SECPKG_CONTEXT_EXPORT_TO_KERNEL,
                                           &packed, NULL),
                     SEC_E_OK);
    /* That bit is the host's. */
    assert_int_equal(fake_counts.last_export_flags, SECPKG_CONTEXT_EXPORT_TO_KERNEL);
    assert_int_equal(fake_sign(&a), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&a), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_counts.user_deleted, 1);
    FreeContextBuffer(packed.pvBuffer);
    assert_int_equal(DeleteSecurityContext(&b), SEC_E_OK);
}

/* Deleted while the export is under way: deleted it is, whatever comes of the export. */
static void deleted_meanwhile(void **state)
{
    CtxtHandle a, b;
    SecBuffer packed = {0};

    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        fake_pair(&a, &b);
        fake.export_delete = &a;
        fake.export_fails = fails ? SEC_E_INTERNAL_ERROR : 0;
        assert_int_equal(ExportSecurityContext(&a, SECPKG_CONTEXT_EXPORT_DELETE_OLD, &packed, NULL),
                         fake.export_fails);
        fake.export_delete = NULL;
        assert_int_equal(fake_sign(&a), SEC_E_INVALID_HANDLE);
        assert_int_equal(DeleteSecurityContext(&a), SEC_E_INVALID_HANDLE);
        assert_int_equal(fake_counts.user_deleted, 2 * fails + 1);
        FreeContextBuffer(packed.pvBuffer);
        packed = (SecBuffer){0};
        assert_int_equal(DeleteSecurityContext(&b), SEC_E_OK);
    }
}

static void refused(void **state)
{
    CtxtHandle a, b, made = {1, 2};
    SecBuffer packed = {0}, wrong = {5, 0, (char[]){"FAKEx"}}, good = {4, 0, (char[]){"FAKE"}};

    (void)state;
    fake_pair(&a, &b);
    assert_int_equal(ExportSecurityContext(&a, 0, NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(ExportSecurityContext(&a, 0x10, &packed, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(ImportSecurityContextW(NULL, &good, NULL, &made), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(ImportSecurityContextA("Faker", &good, NULL, &made), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(ImportSecurityContextA("\xff", &good, NULL, &made), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(ImportSecurityContextA("Fake", &wrong, NULL, &made), SEC_E_INVALID_TOKEN);
    assert_int_equal(ImportSecurityContextA("Fake", NULL, NULL, &made), SEC_E_INVALID_TOKEN);
    assert_int_equal(ImportSecurityContextA("Fake", &packed, NULL, &made), SEC_E_INVALID_TOKEN);
    packed = (SecBuffer){4, 0, NULL};
    assert_int_equal(ImportSecurityContextA("Fake", &packed, NULL, &made), SEC_E_INVALID_TOKEN);
    assert_int_equal(ImportSecurityContextA("Fake", &good, NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(made.dwLower, 1);
    for (unsigned long n = 0;; n++) {
        fake_gate_on(n);
        SECURITY_STATUS status = ImportSecurityContextA("Fake", &good, NULL, &made);
        if (fake_gate_off() <= n) {
            assert_int_equal(status, SEC_E_OK);
            break;
        }
        assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
        assert_int_equal(made.dwLower, 1);
    }
    assert_int_equal(DeleteSecurityContext(&made), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&a), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&b), SEC_E_OK);
}

static void impersonation(void **state)
{
    CtxtHandle a, b, whom;

    (void)state;
    fake_pair(&a, &b);
    assert_int_equal(RevertSecurityContext(&b), SEC_E_NO_IMPERSONATION);
    fake.token_fails = SEC_E_NO_IMPERSONATION;
    assert_int_equal(ImpersonateSecurityContext(&b), SEC_E_NO_IMPERSONATION);
    assert_false(impersonate_current(&whom));
    fake.token_fails = 0;
    assert_int_equal(ImpersonateSecurityContext(&b), SEC_E_OK);
    assert_true(impersonate_current(&whom));
    assert_memory_equal(&whom, &b, sizeof(b));
    assert_int_equal(RevertSecurityContext(&a), SEC_E_NO_IMPERSONATION);
    assert_true(impersonate_current(&whom));
    assert_int_equal(RevertSecurityContext(&b), SEC_E_OK);
    assert_false(impersonate_current(&whom));
    /* The context goes while the thread acts for it: reverting still ends it. */
    assert_int_equal(ImpersonateSecurityContext(&b), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&b), SEC_E_OK);
    assert_int_equal(RevertSecurityContext(&b), SEC_E_INVALID_HANDLE);
    assert_false(impersonate_current(&whom));
    assert_int_equal(QuerySecurityContextToken(&a, NULL), SEC_E_INVALID_PARAMETER);
    void *token;
    assert_int_equal(QuerySecurityContextToken(&a, &token), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(DeleteSecurityContext(&a), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(delete_old, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(deleted_meanwhile, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(refused, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(impersonation, fake_setup, fake_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
