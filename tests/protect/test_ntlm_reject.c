/* SPDX-License-Identifier: MIT */
/* What is not genuine is refused, and the context is byte-identical afterwards. */
#include "contexts.h"

/* The parcel is refused with that verdict, and neither it nor the receiver changes. */
static void refused(const struct parcel *x, struct ntlm_protect *to, bool sealed, uint32_t number,
                    enum protect_verdict want)
{
    struct ntlm_protect before;
    struct parcel received;
    memcpy(&before, to, sizeof before);
    parcel_copy(&received, x);
    assert_int_equal(parcel_receive(&received, to, sealed, number), want);
    assert_memory_equal(to, &before, sizeof before);
    assert_memory_equal(received.text, x->text, sizeof x->text);
    assert_memory_equal(received.token, x->token, sizeof x->token);
}

static void accepted(const struct parcel *x, struct ntlm_protect *to, bool sealed, uint32_t number,
                     const struct parcel *plain)
{
    struct parcel received;
    parcel_copy(&received, x);
    assert_int_equal(parcel_receive(&received, to, sealed, number), PROTECT_OK);
    assert_memory_equal(received.text, plain->text, sizeof plain->text);
}

static enum protect_verdict verdict_for_byte(uint32_t flags, size_t byte)
{
    bool number = byte >= 12;
    return number && !(flags & NTLM_F_DATAGRAM) ? PROTECT_OUT_OF_SEQUENCE : PROTECT_ALTERED;
}

static void flip_token(const struct parcel *x, struct pair *p, bool seal, const struct parcel *plain)
{
    for (size_t bit = 0; bit < NTLM_TOKEN_SIZE * 8; bit++) {
        struct parcel bad;
        parcel_copy(&bad, x);
        bad.token[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        bool padding = !(p->b.flags & NTLM_F_ESS) && bit / 8 >= 4 && bit / 8 < 8;
        if (padding) {
            struct ntlm_protect copy;
            memcpy(&copy, &p->b, sizeof copy);
            accepted(&bad, &copy, seal, 3, plain);
        } else {
            refused(&bad, &p->b, seal, 3, verdict_for_byte(p->b.flags, bit / 8));
        }
    }
}

static void flip_text(const struct parcel *x, struct pair *p, bool seal)
{
    for (size_t bit = 0; bit < sizeof x->text * 8; bit++) {
        struct parcel bad;
        parcel_copy(&bad, x);
        bad.text[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        refused(&bad, &p->b, seal, 3, PROTECT_ALTERED);
    }
}

static void test_every_bit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COMBINATIONS * 2; i++) {
        bool seal = i & 1;
        struct pair p;
        struct parcel x, plain;
        pair_init(&p, combination(i / 2), WINDOW_REPLAY);
        /* Not the first message: streams and numbers have moved. */
        for (uint8_t n = 1; n < 3; n++) {
            parcel_fill(&x, n);
            parcel_copy(&plain, &x);
            parcel_send(&x, &p.a, n & 1, n);
            accepted(&x, &p.b, n & 1, n, &plain);
        }
        parcel_fill(&x, 3);
        parcel_copy(&plain, &x);
        parcel_send(&x, &p.a, seal, 3);
        flip_token(&x, &p, seal, &plain);
        flip_text(&x, &p, seal);
        accepted(&x, &p.b, seal, 3, &plain);
        /* And the way back still fits. */
        parcel_fill(&x, 4);
        parcel_copy(&plain, &x);
        parcel_send(&x, &p.b, seal, 1);
        accepted(&x, &p.a, seal, 1, &plain);
    }
}

static void test_dummy(void **state)
{
    (void)state;
    struct pair p;
    struct parcel x, plain;
    pair_init(&p, NTLM_F_ALWAYS_SIGN | NTLM_F_ESS | NTLM_F_128 | NTLM_F_KEY_EXCH, WINDOW_OFF);
    struct ntlm_protect before;
    memcpy(&before, &p.a, sizeof before);
    for (uint8_t n = 0; n < 3; n++) {
        static const uint8_t dummy[NTLM_TOKEN_SIZE] = {1};
        parcel_fill(&x, n);
        parcel_copy(&plain, &x);
        parcel_send(&x, &p.a, false, 0);
        assert_memory_equal(x.token, dummy, sizeof dummy);
        accepted(&x, &p.b, false, 0, &plain);
    }
    assert_memory_equal(&p.a, &before, sizeof before);
    for (size_t bit = 0; bit < NTLM_TOKEN_SIZE * 8; bit++) {
        struct parcel bad;
        parcel_copy(&bad, &x);
        bad.token[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        refused(&bad, &p.b, false, 0, PROTECT_ALTERED);
    }
}

/* Swapped, dropped and repeated messages on connections. */
static void test_order(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COMBINATIONS * 2; i++) {
        if (combination(i / 2) & NTLM_F_DATAGRAM)
            continue;
        bool seal = i & 1;
        struct pair p;
        struct parcel x[3], plain[3];
        pair_init(&p, combination(i / 2), WINDOW_OFF);
        for (uint8_t n = 0; n < 3; n++) {
            parcel_fill(&x[n], n);
            parcel_copy(&plain[n], &x[n]);
            parcel_send(&x[n], &p.a, seal, 0);
        }
        refused(&x[1], &p.b, seal, 0, PROTECT_OUT_OF_SEQUENCE);
        accepted(&x[0], &p.b, seal, 0, &plain[0]);
        refused(&x[0], &p.b, seal, 0, PROTECT_OUT_OF_SEQUENCE);
        refused(&x[2], &p.b, seal, 0, PROTECT_OUT_OF_SEQUENCE);
        accepted(&x[1], &p.b, seal, 77, &plain[1]); /* MessageSeqNo does not matter */
        accepted(&x[2], &p.b, seal, 0, &plain[2]);
    }
}

/* A context does not take its own messages for the peer's, though the number fits. */
static void test_reflection(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COMBINATIONS; i++) {
        if (!(combination(i) & NTLM_F_ESS))
            continue;
        struct pair p;
        struct parcel x;
        pair_init(&p, combination(i), WINDOW_OFF);
        parcel_fill(&x, 1);
        parcel_send(&x, &p.a, false, 0);
        refused(&x, &p.a, false, 0, PROTECT_ALTERED);
    }
}

static void test_sealed_is_not_signed(void **state)
{
    (void)state;
    struct pair p;
    struct parcel x, plain;
    pair_init(&p, combination(4 | 8 | 32), WINDOW_OFF);
    parcel_fill(&x, 1);
    parcel_copy(&plain, &x);
    parcel_send(&x, &p.a, true, 0);
    /* DecryptMessage's order on sign-only contexts: first as if it were plain. */
    refused(&x, &p.b, false, 0, PROTECT_ALTERED);
    accepted(&x, &p.b, true, 0, &plain);
    parcel_fill(&x, 2);
    parcel_copy(&plain, &x);
    parcel_send(&x, &p.a, false, 0);
    refused(&x, &p.b, true, 0, PROTECT_ALTERED);
    accepted(&x, &p.b, false, 0, &plain);
}

/* 2^32 messages, and not one more. */
static void test_expiry(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COMBINATIONS * 2; i++) {
        bool seal = i & 1;
        uint32_t flags = combination(i / 2);
        if (flags & NTLM_F_DATAGRAM)
            continue;
        struct pair p;
        struct parcel x, plain, late;
        pair_init(&p, flags, WINDOW_OFF);
        struct ntlm_direction *receiving = ntlm_protect_shared(&p.b) ? &p.b.send : &p.b.receive;
        p.a.send.sequence = receiving->sequence = UINT32_MAX;
        parcel_fill(&x, 1);
        parcel_copy(&plain, &x);
        parcel_send(&x, &p.a, seal, 0);
        if (flags & NTLM_F_ESS)
            assert_memory_equal(x.token + 12, "\xff\xff\xff\xff", 4);
        accepted(&x, &p.b, seal, 0, &plain);
        assert_true(p.a.send.sequence == UINT64_C(1) << 32);

        struct ntlm_protect before;
        memcpy(&before, &p.a, sizeof before);
        parcel_fill(&late, 2);
        parcel_copy(&plain, &late);
        memset(late.token, 0x5a, sizeof late.token);
        memset(plain.token, 0x5a, sizeof plain.token);
        assert_int_equal((seal ? ntlm_seal : ntlm_sign)(&p.a, 0, &late.m, late.token), PROTECT_EXPIRED);
        assert_memory_equal(&p.a, &before, sizeof before);
        assert_memory_equal(late.text, plain.text, sizeof late.text);
        assert_memory_equal(late.token, plain.token, sizeof late.token);
        refused(&late, &p.b, seal, 0, PROTECT_EXPIRED);
        memset(late.token + 12, 0, 4);
        refused(&late, &p.b, seal, 0, PROTECT_EXPIRED);
    }
}

/* After the mechListMIC: streams as at the start, counters where they were. */
static void test_rewind(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COMBINATIONS; i++) {
        if (combination(i) & NTLM_F_DATAGRAM)
            continue;
        struct pair p, fresh;
        struct parcel x, plain;
        pair_init(&p, combination(i), WINDOW_OFF);
        pair_init(&fresh, combination(i), WINDOW_OFF);
        parcel_fill(&x, 1);
        parcel_copy(&plain, &x);
        parcel_send(&x, &p.a, false, 0);
        accepted(&x, &p.b, false, 0, &plain);
        ntlm_protect_rewind_rc4(&p.a);
        ntlm_protect_rewind_rc4(&p.b);
        fresh.a.send.sequence = 1;
        *(ntlm_protect_shared(&fresh.b) ? &fresh.b.send.sequence : &fresh.b.receive.sequence) = 1;
        assert_memory_equal(&p, &fresh, sizeof p);
        parcel_fill(&x, 2);
        parcel_copy(&plain, &x);
        parcel_send(&x, &p.a, true, 0);
        accepted(&x, &p.b, true, 0, &plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_bit), cmocka_unit_test(test_dummy),
        cmocka_unit_test(test_order),     cmocka_unit_test(test_reflection),
        cmocka_unit_test(test_expiry),    cmocka_unit_test(test_sealed_is_not_signed),
        cmocka_unit_test(test_rewind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
