/* SPDX-License-Identifier: MIT */
/* What the generated assertions cannot say at compile time about the types of the public headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ntsecpkg.h>
#include <security.h>

/* HighPart is the high half on either kind of machine. */
static void halves_agree_with_the_whole(void **state)
{
    (void)state;
    TimeStamp stamp;
    stamp.QuadPart = 0x0123456789abcdef;
    assert_int_equal(stamp.LowPart, 0x89abcdef);
    assert_int_equal(stamp.HighPart, 0x01234567);
    assert_int_equal(stamp.u.LowPart, 0x89abcdef);
    LARGE_INTEGER number;
    number.LowPart = 1;
    number.HighPart = -1;
    assert_true(number.QuadPart == -0x100000000 + 1);
}

static void wide_text_is_utf16(void **state)
{
    (void)state;
    const SEC_WCHAR *name = NTLMSP_NAME;
    assert_int_equal(name[0], 'N');
    assert_int_equal(name[4], 0);
    static const SEC_WCHAR clef[] = u"\U0001d11e";
    assert_int_equal(sizeof clef, 6);
    assert_int_equal(clef[0], 0xd834);
    assert_int_equal(clef[1], 0xdd1e);
}

static void invalid_handle_is_all_ones(void **state)
{
    (void)state;
    CtxtHandle handle = {0, 0};
    assert_true(SecIsValidHandle(&handle));
    SecInvalidateHandle(&handle);
    assert_false(SecIsValidHandle(&handle));
    assert_true(handle.dwLower == UINTPTR_MAX);
    assert_true(handle.dwUpper == UINTPTR_MAX);
    assert_true(SEC_DELETED_HANDLE == UINTPTR_MAX - 1);
}

static void statuses_keep_their_sign(void **state)
{
    (void)state;
    assert_true(SEC_SUCCESS(SEC_E_OK));
    assert_true(SEC_SUCCESS(SEC_I_CONTINUE_NEEDED));
    assert_false(SEC_SUCCESS(SEC_E_INVALID_HANDLE));
    assert_true(SEC_E_INVALID_HANDLE < 0);
    assert_int_equal((uint32_t)SEC_E_INVALID_HANDLE, 0x80090301);
}

static void luids_compare_both_halves(void **state)
{
    (void)state;
    LUID a = {1, 2}, b = {1, 2}, zero = {0, 0};
    assert_true(SecEqualLuid(&a, &b));
    b.HighPart = 3;
    assert_false(SecEqualLuid(&a, &b));
    assert_true(SecIsZeroLuid(&zero));
    assert_false(SecIsZeroLuid(&a));
}

static void kernel_list_entry_starts_with_one_reference(void **state)
{
    (void)state;
    KSEC_LIST_ENTRY entry;
    memset(&entry, 0xa5, sizeof entry);
    KsecInitializeListEntry(&entry, 0x12345678);
    assert_null(entry.List.Flink);
    assert_null(entry.List.Blink);
    assert_int_equal(entry.RefCount, 1);
    assert_int_equal(entry.Signature, 0x12345678);
    assert_null(entry.OwningList);
    assert_null(entry.Reserved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_agree_with_the_whole),
        cmocka_unit_test(wide_text_is_utf16),
        cmocka_unit_test(invalid_handle_is_all_ones),
        cmocka_unit_test(statuses_keep_their_sign),
        cmocka_unit_test(luids_compare_both_halves),
        cmocka_unit_test(kernel_list_entry_starts_with_one_reference),
    };
    return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
