/* SPDX-License-Identifier: MIT */
/* base/utf16 and base/sources. */
#include "testing.h"

#include "base/mem.h"
#include "base/sources.h"
#include "base/utf16.h"

static void round_trip(const char *utf8, const char16_t *utf16)
{
    size_t units = 99, bytes = 99, want = utf16_length(utf16);
    bool invalid = true;
    char16_t *wide = utf16_from_utf8(utf8, strlen(utf8), &units, &invalid);
    assert_non_null(wide);
    assert_false(invalid);
    assert_int_equal(units, want);
    assert_memory_equal(wide, utf16, (want + 1) * 2);
    char *narrow = utf8_from_utf16(wide, units, &bytes, &invalid);
    assert_non_null(narrow);
    assert_int_equal(bytes, strlen(utf8));
    assert_string_equal(narrow, utf8);
    mem_free(wide);
    mem_free(narrow);
}

static void test_round_trip(void **state)
{
    (void)state;
    round_trip("", u"");
    round_trip("User", u"User");
    round_trip("Ünïcødé ß", u"Ünïcødé ß");
    round_trip("中文\xef\xbf\xbf", u"中文\xffff");
    round_trip("𝄞x😀", u"𝄞x😀");
    assert_int_equal(utf16_length(NULL), 0);
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const bad8[] = {"\x80", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                       "\xff"};
    static const char16_t bad16[][3] = {
        {0xd800, 'a', 0}, {'a', 0xdc00, 0}, {0xdc00, 0xd800, 0}, {'a', 0xd83d, 0}};
    size_t size = 7, live = mem_live();
    bool invalid;
    for (size_t i = 0; i < sizeof bad8 / sizeof bad8[0]; i++) {
        invalid = false;
        assert_null(utf16_from_utf8(bad8[i], strlen(bad8[i]), &size, &invalid));
        assert_true(invalid);
    }
    for (size_t i = 0; i < sizeof bad16 / sizeof bad16[0]; i++) {
        invalid = false;
        assert_null(utf8_from_utf16(bad16[i], 2, &size, &invalid));
        assert_true(invalid);
    }
    assert_int_equal(size, 7);
    assert_null(utf16_from_utf8("x", SIZE_MAX / 2, &size, &invalid));
    assert_false(invalid);
    assert_int_equal(mem_live(), live);
}

static void test_embedded_zero(void **state)
{
    (void)state;
    size_t units, bytes;
    bool invalid;
    char16_t *wide = utf16_from_utf8("a\0b", 3, &units, &invalid);
    assert_int_equal(units, 3);
    assert_memory_equal(wide, u"a\0b", 8);
    char *narrow = utf8_from_utf16(wide, 3, &bytes, &invalid);
    assert_int_equal(bytes, 3);
    mem_free(wide);
    mem_free(narrow);
    wide = utf16_from_utf8(NULL, 0, &units, &invalid);
    assert_true(wide && units == 0);
    narrow = utf8_from_utf16(NULL, 0, &bytes, &invalid);
    assert_true(narrow && bytes == 0);
    mem_free(wide);
    mem_free(narrow);
}

static void test_upper(void **state)
{
    (void)state;
    char16_t text[] = u"User ÿàßœя\xd801\xdc28";
    const char16_t want[] = u"USER ŸÀßŒЯ\xd801\xdc28";
    size_t units = utf16_length(text);
    utf16_upper(text, units);
    assert_memory_equal(text, want, sizeof want);
    assert_true(utf16_equal_nocase(u"DoMain", 6, u"dOmAIN", 6));
    assert_false(utf16_equal_nocase(u"Domain", 6, u"Domaim", 6));
    assert_false(utf16_equal_nocase(u"Domain", 6, u"Domain", 5));
    assert_true(utf16_equal_nocase(NULL, 0, NULL, 0));
    for (unsigned unit = 0; unit < 0x10000; unit++) {
        char16_t once = (char16_t)unit;
        utf16_upper(&once, 1);
        char16_t twice = once;
        utf16_upper(&twice, 1);
        assert_int_equal(once, twice);
    }
}

static void test_wire(void **state)
{
    (void)state;
    uint8_t wire[6];
    char16_t back[3];
    utf16_to_wire(wire, u"a\x1234\xff00", 3);
    assert_memory_equal(wire, "a\0\x34\x12\x00\xff", 6);
    utf16_from_wire(back, wire, 3);
    assert_memory_equal(back, u"a\x1234\xff00", 6);
}

static bool counting_random(void *arg, void *out, size_t size)
{
    memset(out, ++*(int *)arg, size);
    return *(int *)arg < 3;
}

static uint64_t fixed_now(void *arg)
{
    (void)arg;
    return 42;
}

static void test_sources(void **state)
{
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_true(sources_random(a, sizeof a));
    assert_true(sources_random(b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
    /* 2024-01-01 and 2200-01-01 in units of 100 ns since 1601. */
    assert_true(sources_now() > UINT64_C(133485408000000000) && sources_now() < UINT64_C(189026784000000000));

    int count = 0;
    const struct sources mine = {counting_random, fixed_now, &count};
    sources_replace(&mine);
    assert_true(sources_random(a, 4) && a[3] == 1);
    assert_true(sources_system_random(b, sizeof b) && count == 1);
    assert_true(sources_now() == 42);
    assert_true(sources_random(a, 4));
    assert_false(sources_random(a, 4));
    assert_true(all_zero(a, 4));
    sources_replace(NULL);
    assert_true(sources_now() != 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_embedded_zero), cmocka_unit_test(test_upper),
        cmocka_unit_test(test_wire),          cmocka_unit_test(test_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
