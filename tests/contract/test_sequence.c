/* SPDX-License-Identifier: MIT */
/*
 * Places of messages: what MessageSeqNo may be, replays, swaps, losses, reflections, the end of the numbers,
 * and both directions at once.
 */
#include "contract.h"

#include <string.h>

enum { COUNT = 6 };

static void make_messages(struct contract_pair *pair, struct parcel *m, ULONG first)
{
    for (uint32_t i = 0; i < COUNT; i++) {
        parcel_usual(&m[i], pair->mode->sign_size, 100 + i);
        assert_status(contract_call(OP_SIGN, pair->a, 0, &m[i].desc, first + i), SEC_E_OK);
    }
}

/* Connections count for themselves, whatever callers pass. */
static void each_any_number(const struct contract_mode *mode)
{
    static const ULONG numbers[] = {0, 0, 0, 0, 1, 2, 3, 4, 0xffffffff, 7, 7, 0x80000000};
    struct contract_pair pair;
    struct parcel m;
    if (mode->datagram)
        return;
    contract_open(&pair, mode);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        parcel_usual(&m, mode->sign_size, (uint32_t)i);
        assert_status(contract_call(OP_SIGN, pair.a, 0, &m.desc, numbers[i]), SEC_E_OK);
        assert_status(contract_call(OP_VERIFY, pair.b, 0, &m.desc, ~numbers[i]), SEC_E_OK);
        contract_genuine(&pair, numbers[i]);
    }
    contract_close(&pair);
}

static void test_any_number_on_connections(void **state)
{
    (void)state;
    contract_each(each_any_number);
}

static void each_disorder(const struct contract_mode *mode)
{
    static struct parcel m[COUNT];
    struct contract_pair pair;
    if (mode->datagram || !mode->sequenced)
        return;
    contract_open(&pair, mode);
    make_messages(&pair, m, 0);
    /* Swapped, and one lost: refused in every order but the right one, and that still passes. */
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < COUNT; j++)
            if (j != i)
                contract_refuses(OP_VERIFY, pair.b, 0, &m[j], 0, SEC_E_OUT_OF_SEQUENCE, "out of its place");
        assert_status(contract_call(OP_VERIFY, pair.b, 0, &m[i].desc, 0), SEC_E_OK);
        contract_refuses(OP_VERIFY, pair.b, 0, &m[i], 0, SEC_E_OUT_OF_SEQUENCE, "a replay");
    }
    contract_genuine(&pair, 0);
    contract_close(&pair);
}

static void test_disorder_on_connections(void **state)
{
    (void)state;
    contract_each(each_disorder);
}

/* A side's own token comes back to it. */
static void each_reflection(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct parcel m;
    if (mode->dummy)
        return;
    contract_open(&pair, mode);
    parcel_usual(&m, mode->sign_size, 3);
    assert_status(contract_call(OP_SIGN, pair.a, 0, &m.desc, 1), SEC_E_OK);
    /* One counter for both directions sees it in the wrong place already. */
    SECURITY_STATUS shared = mode->shared_stream ? SEC_E_OUT_OF_SEQUENCE : SEC_E_MESSAGE_ALTERED;
    contract_refuses(OP_VERIFY, pair.a, 0, &m, 1, shared, "reflected");
    assert_status(contract_call(OP_VERIFY, pair.b, 0, &m.desc, 1), SEC_E_OK);
    contract_close(&pair);
}

static void test_reflection(void **state)
{
    (void)state;
    contract_each(each_reflection);
}

/* Messages of another pair, and of the same pair under another name, are nobody's here. */
static void each_stranger(const struct contract_mode *mode)
{
    struct contract_pair pair, other;
    struct parcel m;
    if (mode->dummy)
        return;
    contract_open(&pair, mode);
    contract_open(&other, mode);
    parcel_usual(&m, mode->sign_size, 3);
    assert_status(contract_call(OP_SIGN, other.a, 0, &m.desc, 1), SEC_E_OK);
    /* A number under the stream: another stream's number is the wrong one. */
    SECURITY_STATUS status = mode->shared_stream ? SEC_E_OUT_OF_SEQUENCE : SEC_E_MESSAGE_ALTERED;
    contract_refuses(OP_VERIFY, pair.b, 0, &m, 1, status, "another pair's");
    contract_genuine(&pair, 1);
    contract_close(&pair);
    contract_close(&other);
}

static void test_strangers(void **state)
{
    (void)state;
    contract_each(each_stranger);
}

/* Signing and sealing share the numbers, and a direction does not disturb the other. */
static void each_interleaved(const struct contract_mode *mode)
{
    struct contract_pair pair;
    contract_open(&pair, mode);
    struct contract_pair back = pair;
    back.a = pair.b;
    back.b = pair.a;
    /* Two there, one back: each direction has numbers of its own. */
    ULONG there = 1, here = 1;
    for (int i = 0; i < 20; i++, there += 4, here += 2) {
        contract_genuine(&pair, there);
        contract_genuine(&back, here);
        contract_genuine(&pair, there + 2);
    }
    contract_close(&pair);
}

static void test_both_directions(void **state)
{
    (void)state;
    contract_each(each_interleaved);
}

/* The last number is used; the next message is refused at both sides, for good, and the other direction goes
 * on. */
static void each_end(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct parcel m;
    if (!mode->expires)
        return;
    contract_open(&pair, mode);
    mode->package->near_end(&pair, 3);
    for (uint32_t i = 0; i < 3; i++) {
        parcel_usual(&m, mode->sign_size, i);
        assert_status(contract_call(OP_SIGN, pair.a, 0, &m.desc, i), SEC_E_OK);
        assert_status(contract_call(OP_VERIFY, pair.b, 0, &m.desc, i), SEC_E_OK);
    }
    for (int i = 0; i < 3; i++) {
        contract_refuses(OP_VERIFY, pair.b, 0, &m, 0, SEC_E_CONTEXT_EXPIRED, "after the last number");
        contract_refuses(OP_UNSEAL, pair.b, 0, &m, 0, SEC_E_CONTEXT_EXPIRED, "after the last number");
        contract_refuses(OP_SIGN, pair.a, 0, &m, 0, SEC_E_CONTEXT_EXPIRED, "after the last number");
        contract_refuses(OP_SEAL, pair.a, 0, &m, 0, SEC_E_CONTEXT_EXPIRED, "after the last number");
        contract_refuses(OP_SEAL, pair.a, SECQOP_WRAP_NO_ENCRYPT, &m, 0, SEC_E_CONTEXT_EXPIRED,
                         "after the last number");
    }
    if (!mode->shared_stream) {
        struct contract_pair back = pair;
        back.a = pair.b;
        back.b = pair.a;
        contract_genuine(&back, 0);
    }
    contract_close(&pair);
}

static void test_end_of_numbers(void **state)
{
    (void)state;
    contract_each(each_end);
}

/* ---- datagrams: MessageSeqNo is the number ---- */

static void each_datagram(const struct contract_mode *mode)
{
    static struct parcel m[COUNT];
    struct contract_pair pair;
    if (!mode->datagram)
        return;
    contract_open(&pair, mode);
    make_messages(&pair, m, 1);
    contract_refuses(OP_VERIFY, pair.b, 0, &m[0], 2, SEC_E_OUT_OF_SEQUENCE,
                     "another number than the token's");
    contract_refuses(OP_VERIFY, pair.b, 0, &m[0], 0x10001, SEC_E_OUT_OF_SEQUENCE,
                     "another number than the token's");
    assert_status(contract_call(OP_VERIFY, pair.b, 0, &m[0].desc, 1), SEC_E_OK);
    contract_refuses(OP_VERIFY, pair.b, 0, &m[0], 1, SEC_E_OUT_OF_SEQUENCE, "a replay");
    contract_refuses(OP_VERIFY, pair.b, 0, &m[0], 0, SEC_E_OUT_OF_SEQUENCE, "a replay with no number given");
    /* Zero takes the token's own. */
    assert_status(contract_call(OP_VERIFY, pair.b, 0, &m[1].desc, 0), SEC_E_OK);
    contract_refuses(OP_VERIFY, pair.b, 0, &m[1], 2, SEC_E_OUT_OF_SEQUENCE, "a replay");
    /* With SEQUENCE_DETECT a gap is said, once, and moves the expectation behind itself. */
    assert_status(contract_call(OP_VERIFY, pair.b, 0, &m[3].desc, 4), SEC_E_OUT_OF_SEQUENCE);
    contract_refuses(OP_VERIFY, pair.b, 0, &m[2], 3, SEC_E_OUT_OF_SEQUENCE, "an old one after a gap");
    assert_status(contract_call(OP_VERIFY, pair.b, 0, &m[4].desc, 5), SEC_E_OK);
    assert_status(contract_call(OP_VERIFY, pair.b, 0, &m[5].desc, 0), SEC_E_OK);
    contract_close(&pair);
}

static void test_datagram_numbers(void **state)
{
    (void)state;
    contract_each(each_datagram);
}

/* Messages signed with zero do not use numbers: they pass again and again, and leave the window alone. */
static void each_unnumbered(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct parcel m;
    if (!mode->datagram)
        return;
    contract_open(&pair, mode);
    for (uint32_t i = 0; i < 3; i++) {
        parcel_usual(&m, mode->sign_size, i);
        assert_status(contract_call(OP_SIGN, pair.a, 0, &m.desc, 0), SEC_E_OK);
        SecBuffer before = contract_snapshot(pair.b);
        assert_status(contract_call(OP_VERIFY, pair.b, 0, &m.desc, 0), SEC_E_OK);
        assert_status(contract_call(OP_VERIFY, pair.b, 0, &m.desc, 0), SEC_E_OK);
        contract_same(pair.b, &before, "a message without a number");
    }
    contract_genuine(&pair, 1);
    contract_close(&pair);
}

static void test_unnumbered_datagrams(void **state)
{
    (void)state;
    contract_each(each_unnumbered);
}

/* Sealed datagrams are readable in any order: each has a stream of its own. */
static void each_datagram_streams(const struct contract_mode *mode)
{
    static struct parcel m[COUNT], plain[COUNT];
    struct contract_pair pair;
    if (!mode->datagram)
        return;
    contract_open(&pair, mode);
    for (uint32_t i = 0; i < COUNT; i++) {
        parcel_usual(&m[i], mode->seal_size, 7); /* the same text each time */
        parcel_copy(&plain[i], &m[i]);
        assert_status(contract_call(OP_SEAL, pair.a, 0, &m[i].desc, 10 + i), SEC_E_OK);
        for (uint32_t j = 0; j < i; j++)
            assert_memory_not_equal(m[i].buffers[3].pvBuffer, m[j].buffers[3].pvBuffer, 20);
    }
    for (int i = COUNT - 1; i >= 0; i--) {
        SECURITY_STATUS status = contract_call(OP_UNSEAL, pair.b, 0, &m[i].desc, 0);
        /* The first one leaves a gap behind it and the others are old: said, and no plain text is left. */
        assert_status(status, SEC_E_OUT_OF_SEQUENCE);
        assert_memory_not_equal(m[i].buffers[3].pvBuffer, plain[i].buffers[3].pvBuffer, 20);
    }
    contract_close(&pair);
}

static void test_datagram_streams(void **state)
{
    (void)state;
    contract_each(each_datagram_streams);
}

/* REPLAY_DETECT alone: any order inside the window, each once. */
static void test_replay_detection_alone(void **state)
{
    (void)state;
    static struct parcel m[COUNT];
    struct contract_pair pair;
    struct contract_mode mode = {.name = "datagram, replay detection",
                                 .package = &contract_ntlm,
                                 .isc = ISC_REQ_DATAGRAM | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT,
                                 .asc = ASC_REQ_DATAGRAM | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT,
                                 .sign_size = 16};
    contract_open(&pair, &mode);
    make_messages(&pair, m, 100);
    static const int places[COUNT] = {3, 0, 5, 1, 4, 2};
    for (int i = 0; i < COUNT; i++) {
        assert_status(contract_call(OP_VERIFY, pair.b, 0, &m[places[i]].desc, 0), SEC_E_OK);
        contract_refuses(OP_VERIFY, pair.b, 0, &m[places[i]], 0, SEC_E_OUT_OF_SEQUENCE, "a replay");
    }
    /* 1024 later the first ones are too old to be told from replays. */
    struct parcel far;
    parcel_usual(&far, 16, 1);
    assert_status(contract_call(OP_SIGN, pair.a, 0, &far.desc, 2000), SEC_E_OK);
    assert_status(contract_call(OP_VERIFY, pair.b, 0, &far.desc, 0), SEC_E_OK);
    contract_refuses(OP_VERIFY, pair.b, 0, &m[0], 0, SEC_E_OUT_OF_SEQUENCE, "too old");
    /* Only signing was negotiated; who seals all the same is not misread either. */
    parcel_usual(&far, 16, 2);
    assert_status(contract_call(OP_SEAL, pair.a, 0, &far.desc, 2001), SEC_E_OK);
    static struct parcel again;
    parcel_copy(&again, &far);
    assert_status(contract_call(OP_UNSEAL, pair.b, 0, &far.desc, 0), SEC_E_OK);
    contract_refuses(OP_UNSEAL, pair.b, 0, &again, 0, SEC_E_OUT_OF_SEQUENCE, "a replay, sealed");
    contract_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_number_on_connections),
        cmocka_unit_test(test_disorder_on_connections),
        cmocka_unit_test(test_reflection),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_both_directions),
        cmocka_unit_test(test_end_of_numbers),
        cmocka_unit_test(test_datagram_numbers),
        cmocka_unit_test(test_unnumbered_datagrams),
        cmocka_unit_test(test_datagram_streams),
        cmocka_unit_test(test_replay_detection_alone),
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
