/* SPDX-License-Identifier: MIT */
/* Contexts without connection: numbers are the caller's, order is free, the window decides. */
#include "contexts.h"

static const unsigned ess_datagram = 1 | 4 | 8 | 16 | 32;
static const unsigned legacy_datagram = 2 | 16;

static enum protect_verdict pass(struct pair *p, bool seal, uint32_t sent, uint32_t expected)
{
    struct parcel x, plain;
    parcel_fill(&x, (uint8_t)sent);
    parcel_copy(&plain, &x);
    parcel_send(&x, &p->a, seal, sent);
    struct parcel wire;
    parcel_copy(&wire, &x);
    enum protect_verdict verdict = parcel_receive(&x, &p->b, seal, expected);
    assert_memory_equal(x.text, verdict == PROTECT_OK ? plain.text : wire.text, sizeof x.text);
    return verdict;
}

static void test_any_order(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {5, 1, 0xffff, 0xfffe, 0xfc01, 0x12345678, 0xffffffff, 0xfffffffe};
    for (unsigned i = 0; i < 2; i++) {
        struct pair p;
        pair_init(&p, combination(i ? ess_datagram : legacy_datagram), WINDOW_REPLAY);
        for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
            assert_int_equal(pass(&p, n & 1, numbers[n], numbers[n]), PROTECT_OK);
            assert_int_equal(pass(&p, n & 1, numbers[n], numbers[n]), PROTECT_OUT_OF_SEQUENCE);
        }
        assert_int_equal(pass(&p, false, 0xffffffff - 1023, 0xffffffff - 1023), PROTECT_OK);
        assert_int_equal(pass(&p, false, 0xffffffff - 1024, 0xffffffff - 1024), PROTECT_OUT_OF_SEQUENCE);
    }
}

static void test_token_number(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p, combination(ess_datagram), WINDOW_REPLAY);
    struct ntlm_protect before;
    memcpy(&before, &p.b, sizeof before);
    /* Another number than the token's: refused, not recorded. */
    assert_int_equal(pass(&p, true, 7, 8), PROTECT_OUT_OF_SEQUENCE);
    assert_memory_equal(&p.b, &before, sizeof before);
    assert_int_equal(pass(&p, true, 7, 7), PROTECT_OK);
    /* Zero: the token's own is taken, and recorded. */
    assert_int_equal(pass(&p, true, 9, 0), PROTECT_OK);
    assert_int_equal(pass(&p, true, 9, 0), PROTECT_OUT_OF_SEQUENCE);
    /* Without ESS a wrong number is a wrong key. */
    pair_init(&p, combination(legacy_datagram), WINDOW_REPLAY);
    assert_int_equal(pass(&p, false, 7, 8), PROTECT_ALTERED);
    assert_int_equal(pass(&p, false, 7, 7), PROTECT_OK);
}

static void test_number_zero(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct pair p;
        pair_init(&p, combination(i ? ess_datagram : legacy_datagram), WINDOW_SEQUENCE);
        for (int n = 0; n < 3; n++)
            assert_int_equal(pass(&p, n & 1, 0, 0), PROTECT_OK);
        assert_int_equal(pass(&p, false, 1, 1), PROTECT_OK);
        assert_int_equal(pass(&p, false, 0, 0), PROTECT_OK);
        assert_int_equal(pass(&p, false, 2, 2), PROTECT_OK);
    }
}

static void test_modes(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p, combination(ess_datagram), WINDOW_OFF);
    for (int n = 0; n < 3; n++)
        assert_int_equal(pass(&p, true, 4, 4), PROTECT_OK);

    pair_init(&p, combination(ess_datagram), WINDOW_SEQUENCE);
    assert_int_equal(pass(&p, true, 1, 1), PROTECT_OK);
    assert_int_equal(pass(&p, true, 3, 3), PROTECT_OUT_OF_SEQUENCE); /* the gap is told once, */
    assert_int_equal(pass(&p, true, 4, 4), PROTECT_OK);              /* then it goes on behind it */
    assert_int_equal(pass(&p, true, 2, 2), PROTECT_OUT_OF_SEQUENCE);
    assert_int_equal(pass(&p, true, 5, 5), PROTECT_OK);
}

/* A forged number reaches neither the window nor anything else. */
static void test_forged_number(void **state)
{
    (void)state;
    struct pair p;
    struct parcel x;
    pair_init(&p, combination(ess_datagram), WINDOW_REPLAY);
    parcel_fill(&x, 1);
    parcel_send(&x, &p.a, false, 5);
    x.token[14] = 0x7f;
    struct ntlm_protect before;
    memcpy(&before, &p.b, sizeof before);
    assert_int_equal(parcel_receive(&x, &p.b, false, 0), PROTECT_ALTERED);
    assert_memory_equal(&p.b, &before, sizeof before);
    assert_int_equal(pass(&p, false, 5, 5), PROTECT_OK);
}

/* Messages with different numbers use different key streams. */
static void test_rekeyed(void **state)
{
    (void)state;
    struct pair p;
    struct parcel x, y;
    pair_init(&p, combination(ess_datagram), WINDOW_OFF);
    parcel_fill(&x, 1);
    parcel_fill(&y, 1);
    parcel_send(&x, &p.a, true, 5);
    parcel_send(&y, &p.a, true, 6);
    assert_memory_not_equal(x.text, y.text, 11);
    parcel_fill(&y, 1);
    parcel_send(&y, &p.a, true, 5);
    assert_memory_equal(x.text, y.text, sizeof x.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order),     cmocka_unit_test(test_token_number),
        cmocka_unit_test(test_number_zero),   cmocka_unit_test(test_modes),
        cmocka_unit_test(test_forged_number), cmocka_unit_test(test_rekeyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
