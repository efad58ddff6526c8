/* SPDX-License-Identifier: MIT */
#include "contexts.h"

/* Both sides somewhere in a conversation. */
static void converse(struct pair *p, unsigned messages)
{
    for (unsigned n = 1; n <= messages; n++) {
        struct parcel x;
        bool back = n % 3 == 0, seal = n & 1;
        parcel_fill(&x, (uint8_t)n);
        parcel_send(&x, back ? &p->b : &p->a, seal, n);
        assert_int_equal(parcel_receive(&x, back ? &p->a : &p->b, seal, n), PROTECT_OK);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COMBINATIONS; i++) {
        struct pair p, copy;
        uint8_t packed[NTLM_PACK_SIZE], again[NTLM_PACK_SIZE];
        pair_init(&p, combination(i), WINDOW_REPLAY);
        converse(&p, 7);
        memset(&copy, 0xee, sizeof copy);
        ntlm_protect_pack(&p.a, packed);
        assert_true(ntlm_protect_unpack(&copy.a, packed, sizeof packed));
        ntlm_protect_pack(&copy.a, again);
        assert_memory_equal(again, packed, sizeof packed);
        assert_memory_equal(&copy.a, &p.a, sizeof p.a);
        ntlm_protect_pack(&p.b, packed);
        assert_true(ntlm_protect_unpack(&copy.b, packed, sizeof packed));
        assert_memory_equal(&copy.b, &p.b, sizeof p.b);
        /* The packed context goes on where it stood. */
        for (uint32_t n = 8; n < 12; n++) {
            struct parcel x, y;
            parcel_fill(&x, (uint8_t)n);
            parcel_fill(&y, (uint8_t)n);
            parcel_send(&x, &p.a, true, n);
            parcel_send(&y, &copy.a, true, n);
            assert_memory_equal(x.text, y.text, sizeof x.text);
            assert_memory_equal(x.token, y.token, sizeof x.token);
            assert_int_equal(parcel_receive(&x, &copy.b, true, n), PROTECT_OK);
            assert_int_equal(parcel_receive(&y, &p.b, true, n), PROTECT_OK);
        }
    }
}

static void test_sizes(void **state)
{
    (void)state;
    struct pair p;
    struct ntlm_protect out, untouched;
    uint8_t packed[NTLM_PACK_SIZE + 1] = {0};
    pair_init(&p, combination(4 | 8 | 32), WINDOW_OFF);
    ntlm_protect_pack(&p.a, packed);
    memset(&out, 0xee, sizeof out);
    memset(&untouched, 0xee, sizeof untouched);
    for (size_t size = 0; size <= sizeof packed; size++) {
        if (size == NTLM_PACK_SIZE)
            continue;
        assert_false(ntlm_protect_unpack(&out, packed, size));
        assert_memory_equal(&out, &untouched, sizeof out);
    }
    assert_false(ntlm_protect_unpack(&out, NULL, 0));
}

/* Every byte at every value: refused and untouched, or understood exactly (then it packs to the same bytes).
 */
static void test_every_byte(void **state)
{
    (void)state;
    static const unsigned chosen[] = {4 | 8 | 32, 0, 4 | 16, 16, 1 | 8};
    for (size_t i = 0; i < sizeof chosen / sizeof chosen[0]; i++) {
        struct pair p;
        struct ntlm_protect out, untouched;
        uint8_t packed[NTLM_PACK_SIZE], again[NTLM_PACK_SIZE];
        memset(&untouched, 0xee, sizeof untouched);
        pair_init(&p, combination(chosen[i]), WINDOW_REPLAY);
        converse(&p, 7);
        ntlm_protect_pack(&p.b, packed);
        size_t accepted = 0;
        for (size_t at = 0; at < sizeof packed; at++) {
            uint8_t genuine = packed[at];
            for (unsigned v = 0; v < 256; v++) {
                /* After the first combination single bits and the extremes will do. */
                unsigned flipped = v ^ genuine;
                if (i > 0 && (flipped & (flipped - 1)) != 0 && v != 0 && v != 255)
                    continue;
                packed[at] = (uint8_t)v;
                memset(&out, 0xee, sizeof out);
                if (ntlm_protect_unpack(&out, packed, sizeof packed)) {
                    ntlm_protect_pack(&out, again);
                    assert_memory_equal(again, packed, sizeof packed);
                    accepted += v != genuine;
                } else {
                    assert_true(v != genuine);
                    assert_memory_equal(&out, &untouched, sizeof out);
                }
            }
            packed[at] = genuine;
        }
        assert_true(accepted > 0); /* keys and flags have no wrong values */
    }
}

static void test_impossible(void **state)
{
    (void)state;
    struct pair p;
    struct ntlm_protect out;
    uint8_t packed[NTLM_PACK_SIZE];

    pair_init(&p, combination(4 | 8), WINDOW_OFF);
    p.a.send.sequence = UINT64_C(1) << 32;
    ntlm_protect_pack(&p.a, packed);
    assert_true(ntlm_protect_unpack(&out, packed, sizeof packed));
    p.a.send.sequence++;
    ntlm_protect_pack(&p.a, packed);
    assert_false(ntlm_protect_unpack(&out, packed, sizeof packed));

    pair_init(&p, combination(4 | 8), WINDOW_OFF);
    p.a.receive.u.rc4.s[3] = p.a.receive.u.rc4.s[4];
    ntlm_protect_pack(&p.a, packed);
    assert_false(ntlm_protect_unpack(&out, packed, sizeof packed));

    pair_init(&p, combination(8) | NTLM_F_LM_KEY, WINDOW_OFF);
    ntlm_protect_pack(&p.a, packed);
    assert_false(ntlm_protect_unpack(&out, packed, sizeof packed));

    pair_init(&p, combination(4 | 16), WINDOW_REPLAY);
    p.a.receive.u.window.next = (UINT64_C(1) << 32) + 1;
    ntlm_protect_pack(&p.a, packed);
    assert_false(ntlm_protect_unpack(&out, packed, sizeof packed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_impossible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
