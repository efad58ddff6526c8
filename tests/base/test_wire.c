/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include "base/secret.h"
#include "base/wire.h"

static void test_round_trip(void **state)
{
    (void)state;
    uint8_t buffer[64];
    struct wire_writer w;
    wire_write_init(&w, buffer, sizeof buffer);
    wire_write_u8(&w, 0x12);
    wire_write_u16(&w, 0x3456);
    wire_write_u32(&w, 0x789abcde);
    wire_write_u64(&w, 0xf011223344556677);
    wire_write_u16_be(&w, 0x3456);
    wire_write_u32_be(&w, 0x789abcde);
    wire_write_u64_be(&w, 0xf011223344556677);
    wire_write_bytes(&w, "abc", 3);
    wire_write_zeros(&w, 2);
    wire_write_bytes(&w, NULL, 0);
    assert_false(w.failed);
    static const uint8_t want[] = "\x12\x56\x34\xde\xbc\x9a\x78\x77\x66\x55\x44\x33\x22\x11\xf0"
                                  "\x34\x56\x78\x9a\xbc\xde\xf0\x11\x22\x33\x44\x55\x66\x77"
                                  "abc\0";
    assert_int_equal(w.at, sizeof want);
    assert_memory_equal(buffer, want, sizeof want);

    struct wire_reader r;
    wire_read_init(&r, buffer, w.at);
    assert_int_equal(wire_read_u8(&r), 0x12);
    assert_int_equal(wire_read_u16(&r), 0x3456);
    assert_int_equal(wire_read_u32(&r), 0x789abcde);
    assert_true(wire_read_u64(&r) == 0xf011223344556677);
    assert_int_equal(wire_read_u16_be(&r), 0x3456);
    assert_int_equal(wire_read_u32_be(&r), 0x789abcde);
    assert_true(wire_read_u64_be(&r) == 0xf011223344556677);
    assert_memory_equal(wire_read_bytes(&r, 3), "abc", 3);
    assert_int_equal(wire_read_left(&r), 2);
    assert_int_equal(wire_read_u16(&r), 0);
    assert_false(r.failed);
    assert_int_equal(wire_read_u8(&r), 0);
    assert_true(r.failed);
}

/* After the first step outside everything reads as nothing, also what would fit. */
static void test_reading_fails_for_good(void **state)
{
    (void)state;
    const uint8_t bytes[7] = {1, 2, 3, 4, 5, 6, 7};
    for (size_t size = 0; size < sizeof bytes; size++) {
        struct wire_reader r;
        struct span s;
        uint8_t out[8];
        memset(out, 0xee, sizeof out);
        wire_read_init(&r, bytes, size);
        assert_true(wire_read_u64(&r) == 0);
        assert_true(r.failed);
        assert_int_equal(wire_read_u8(&r), 0);
        assert_null(wire_read_bytes(&r, 0));
        wire_read_copy(&r, out, sizeof out);
        assert_true(all_zero(out, sizeof out));
        assert_int_equal(wire_read_left(&r), 0);
        assert_false(wire_read_at(&r, 0, 0, &s));
    }
    struct wire_reader r;
    wire_read_init(&r, bytes, sizeof bytes);
    wire_read_u8(&r);
    assert_null(wire_read_bytes(&r, SIZE_MAX));
    assert_true(r.failed);
    wire_read_init(&r, NULL, 0);
    wire_read_bytes(&r, 0);
    assert_false(r.failed);
}

static void test_offsets(void **state)
{
    (void)state;
    const uint8_t bytes[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const struct {
        size_t offset, size;
        bool fits;
    } cases[] = {
        {0, 10, true},          {10, 0, true},        {3, 7, true},
        {3, 8, false},          {11, 0, false},       {0, 11, false},
        {SIZE_MAX, 1, false},   {1, SIZE_MAX, false}, {SIZE_MAX, SIZE_MAX, false},
        {0xffffffff, 2, false}, {9, 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire_reader r;
        struct span s = {NULL, 99};
        wire_read_init(&r, bytes, sizeof bytes);
        wire_read_u32(&r);
        assert_int_equal(wire_read_at(&r, cases[i].offset, cases[i].size, &s), cases[i].fits);
        assert_int_equal(r.failed, !cases[i].fits);
        if (cases[i].fits) {
            assert_ptr_equal(s.data, bytes + cases[i].offset);
            assert_int_equal(s.size, cases[i].size);
            assert_int_equal(wire_read_u8(&r), 4); /* the cursor stands where it stood */
        } else {
            assert_int_equal(s.size, 99);
        }
    }
}

static void test_writing_bounds(void **state)
{
    (void)state;
    for (size_t room = 0; room < 12; room++) {
        uint8_t buffer[16];
        struct wire_writer w;
        memset(buffer, 0xee, sizeof buffer);
        wire_write_init(&w, buffer, room);
        wire_write_u32(&w, 0);
        wire_write_u64(&w, 0);
        assert_true(w.failed);
        wire_write_u8(&w, 0);
        for (size_t i = room < 4 ? 0 : 4; i < sizeof buffer; i++)
            assert_int_equal(buffer[i], 0xee);
    }
    struct wire_writer counting;
    wire_write_init(&counting, NULL, 0);
    wire_write_u32(&counting, 1);
    wire_write_bytes(&counting, "abc", 3);
    wire_write_zeros(&counting, 1000);
    assert_int_equal(counting.at, 1007);
    assert_false(counting.failed);
    wire_write_zeros(&counting, SIZE_MAX);
    assert_true(counting.failed);
}

static void test_secret(void **state)
{
    (void)state;
    uint8_t a[33], b[33];
    memset(a, 0x5a, sizeof a);
    memset(b, 0x5a, sizeof b);
    assert_true(secret_equal(a, b, sizeof a));
    assert_true(secret_equal(NULL, NULL, 0));
    for (size_t bit = 0; bit < sizeof a * 8; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(secret_equal(a, b, sizeof a));
        b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    secret_wipe(a, 32);
    assert_true(all_zero(a, 32));
    assert_int_equal(a[32], 0x5a);
    secret_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_reading_fails_for_good),
        cmocka_unit_test(test_offsets),    cmocka_unit_test(test_writing_bounds),
        cmocka_unit_test(test_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
