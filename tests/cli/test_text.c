/* SPDX-License-Identifier: MIT */
/* What others send, before it reaches a terminal or a folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keep.h"

const char *cli_name = "test";

static void test_utf8(void **state)
{
    static const struct {
        const char *text;
        size_t length, expected;
    } cases[] = {
        {"a", 1, 1},
        {"\xC3\xA4", 2, 2},
        {"\xE2\x82\xAC", 3, 3},
        {"\xF0\x9F\x98\x80", 4, 4},
        {"\x80", 1, 0},             /* a continuation alone */
        {"\xC0\x80", 2, 0},         /* overlong */
        {"\xC1\xBF", 2, 0},         /* overlong */
        {"\xE0\x9F\xBF", 3, 0},     /* overlong */
        {"\xF0\x8F\xBF\xBF", 4, 0}, /* overlong */
        {"\xED\xA0\x80", 3, 0},     /* surrogate */
        {"\xED\xBF\xBF", 3, 0},     /* surrogate */
        {"\xEE\x80\x80", 3, 3},     /* right behind them */
        {"\xF4\x90\x80\x80", 4, 0}, /* beyond Unicode */
        {"\xF4\x8F\xBF\xBF", 4, 4}, /* the last one */
        {"\xF5\x80\x80\x80", 4, 0},
        {"\xE2\x82", 2, 0}, /* cut */
        {"\xC3", 1, 0},     /* cut */
        {"\xC3(", 2, 0},
        {"\xFF", 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(text_utf8((const uint8_t *)cases[i].text, cases[i].length), cases[i].expected);
}

static void assert_safe(const char *text, size_t length, const char *expected)
{
    char out[64];

    assert_string_equal(text_safe(out, sizeof(out), text, length), expected);
}

static void test_safe(void **state)
{
    char four[4];

    (void)state;
    assert_safe("plain", 5, "plain");
    assert_safe("na\xC3\xAFve \xF0\x9F\x98\x80", 11, "na\xC3\xAFve \xF0\x9F\x98\x80");
    assert_safe("a\033[31mb\r\n\t\x7F", 11, "a?[31mb????");
    assert_safe("a\0b", 3, "a?b");
    assert_safe("C1 \xC2\x9B!", 6, "C1 ?!");
    assert_safe("rtl \xE2\x80\xAE!", 8, "rtl ?!");
    assert_safe("\xE2\x81\xA6\xEF\xBB\xBF", 6, "??");
    assert_safe("\xFF\xC3", 2, "??");
    /* What does not fit is left out whole. */
    assert_string_equal(text_safe(four, sizeof(four), "ab\xC3\xA4", 4), "ab");
    assert_string_equal(text_safe(four, sizeof(four), "abcdef", 6), "abc");
    assert_string_equal(text_safe(four, 1, "abc", 3), "");
}

static void assert_name(const char *name, size_t length, const char *expected)
{
    char out[KEEP_NAME_MAX];

    keep_safe_name(out, (const uint8_t *)name, length);
    assert_string_equal(out, expected);
}

static void test_names(void **state)
{
    char longest[300], out[KEEP_NAME_MAX];

    (void)state;
    assert_name("file.txt", 8, "file.txt");
    assert_name("", 0, "_");
    assert_name(".", 1, "_");
    assert_name("..", 2, "_.");
    assert_name("...", 3, "_..");
    assert_name("../../etc/passwd", 16, "_._.._etc_passwd");
    assert_name("/etc/passwd", 11, "_etc_passwd");
    assert_name(".bashrc", 7, "_bashrc");
    assert_name("a\\b", 3, "a_b");
    assert_name("a\0b", 3, "a_b");
    assert_name("a\nb\xFF", 4, "a_b_");
    assert_name("\xC3\xA4", 2, "\xC3\xA4");
    /* Room for a number behind the longest, and no character cut in two. */
    memset(longest, 'x', sizeof(longest));
    memcpy(longest + 250, "\xC3\xA4", 2);
    keep_safe_name(out, (const uint8_t *)longest, 255);
    assert_int_equal(strlen(out), 250);
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } cases[] = {
        {"0", true, 0},
        {"64K", true, 65536},
        {"64k", true, 65536},
        {"1M", true, 1048576},
        {"4G", true, UINT64_C(4) << 30},
        {"17179869183G", true, UINT64_C(17179869183) << 30},
        {"17179869184G", false, 0},
        {"18446744073709551616", false, 0},
        {"", false, 0},
        {"K", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1KK", false, 0},
        {"1x", false, 0},
        {"0x10", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 77;

        assert_int_equal(text_number(cases[i].text, 0, UINT64_MAX, &value), cases[i].good);
        assert_int_equal(value, cases[i].good ? cases[i].value : 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_safe),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
