/* SPDX-License-Identifier: MIT */
/*
 * The kernel half against the user half, over every combination of NTLM's flags and every type of Kerberos'
 * keys: one makes what the other takes, in both directions; every bit of it changed, replays and gaps have
 * the same outcome in both; and so have descriptors of every shape.
 */
#include "twins.h"

#include <string.h>

#include "../protect/contexts.h"
#include "packages/ntlm/ntlm_kernel.h"

enum { KERBEROS_MODES = 14, MODES = COMBINATIONS + KERBEROS_MODES };

/* ---- the combinations ---- */

static struct krb5_protect kerberos_mode(size_t mode, bool initiator)
{
    static const uint16_t etypes[] = {KRB5_ETYPE_AES128_SHA1, KRB5_ETYPE_AES256_SHA1,
                                      KRB5_ETYPE_AES128_SHA256, KRB5_ETYPE_AES256_SHA384, KRB5_ETYPE_RC4};
    static const uint32_t flags[] = {KRB5_F_REPLAY, KRB5_F_REPLAY | KRB5_F_SEQUENCE | KRB5_F_DCE_STYLE,
                                     KRB5_F_ACCEPTOR_SUBKEY | KRB5_F_SEQUENCE};
    struct krb5_protect p;
    struct krb5_start start = {
        .flags = flags[mode % 3] | KRB5_F_INTEG | (mode % 4 ? KRB5_F_CONF : 0) |
                 (initiator ? KRB5_F_INITIATOR : 0),
        .key = {.etype = etypes[mode / 3]},
        .send_first = initiator ? 0xfffffffe : 7,
        .receive_first = initiator ? 7 : 0xfffffffe,
    };
    for (size_t i = 0; i < krb5_key_size(start.key.etype); i++)
        start.key.bytes[i] = (uint8_t)(mode + 7 * i);
    if (start.flags & KRB5_F_ACCEPTOR_SUBKEY) {
        start.initiator.etype = KRB5_ETYPE_AES256_SHA1;
        memset(start.initiator.bytes, (int)mode, 32);
    }
    assert_true(krb5_protect_init(&p, &start));
    return p;
}

/* Numbers of datagrams are checked for gaps in every third mode where gaps are asked for. */
static bool with_gaps;

static struct twin open_mode(size_t mode, bool initiator)
{
    if (mode >= COMBINATIONS) {
        struct krb5_protect p = kerberos_mode(mode - COMBINATIONS, initiator);
        return twin_open("Kerberos", ksec_kit_kerberos(&p));
    }
    struct pair p;
    pair_init(&p, combination((unsigned)mode), mode % 3 || !with_gaps ? WINDOW_REPLAY : WINDOW_SEQUENCE);
    return twin_open("NTLM", ksec_kit_ntlm(initiator ? &p.a : &p.b));
}

static void each_mode(void (*run)(struct twin *a, struct twin *b, size_t mode))
{
    for (size_t mode = 0; mode < MODES; mode++) {
        struct twin a = open_mode(mode, true), b = open_mode(mode, false);
        print_message("# mode %zu\n", mode);
        run(&a, &b, mode);
        twin_close(&a);
        twin_close(&b);
    }
}

/* ---- what one makes the other takes ---- */

/* Both halves of `from` make their token of one message; they agree but for confounders. Each is taken by the
 * other kind of half of `to`, so that both of its halves have the same state afterwards. */
static void pass(struct twin *from, struct twin *to, bool seal, ULONG qop, uint32_t seed)
{
    static struct twin_message user, kernel, plain;
    ULONG qops[2] = {qop, qop}, found[2] = {99, 99}, number = seed + 1;
    twin_usual(&plain, 128, seed);
    twin_message_copy(&user, &plain);
    twin_message_copy(&kernel, &plain);
    enum twin_operation make = seal ? TWIN_SEAL : TWIN_SIGN, take = seal ? TWIN_UNSEAL : TWIN_VERIFY;
    /* NTLM's is an ordinary signature. */
    if (qop == SECQOP_WRAP_NO_ENCRYPT && from->kernel.table == &ntlm_kernel_table)
        take = TWIN_VERIFY;
    NTSTATUS want = twin_user(from, make, &qops[0], &user.desc, number);
    NTSTATUS status = twin_kernel(from, make, &qops[1], &kernel.desc, number);
    assert_int_equal(status, want);
    if (status != SEC_E_OK) {
        assert_memory_equal(user.bytes, kernel.bytes, TWIN_ROOM);
        return;
    }
    assert_int_equal(twin_token(&user)->cbBuffer, twin_token(&kernel)->cbBuffer);
    assert_int_equal(twin_kernel(to, take, &found[0], &user.desc, number), SEC_E_OK);
    assert_int_equal(twin_user(to, take, &found[1], &kernel.desc, number), SEC_E_OK);
    assert_int_equal(found[0], found[1]);
    for (size_t i = 0; i < 4; i++) {
        if (i == 2)
            continue;
        assert_memory_equal(user.buffers[i].pvBuffer, plain.buffers[i].pvBuffer, plain.buffers[i].cbBuffer);
        assert_memory_equal(kernel.buffers[i].pvBuffer, plain.buffers[i].pvBuffer, plain.buffers[i].cbBuffer);
    }
    struct ksec_bytes states[2] = {twin_state(from), twin_state(to)};
    ksec_bytes_free(&states[0]);
    ksec_bytes_free(&states[1]);
}

static void run_peers(struct twin *a, struct twin *b, size_t mode)
{
    (void)mode;
    for (uint32_t i = 0; i < 6; i++) {
        pass(a, b, false, 0, 10 * i);
        pass(b, a, false, 0, 10 * i);
        pass(a, b, true, 0, 10 * i + 1);
        pass(b, a, true, 0, 10 * i + 1);
        pass(a, b, true, SECQOP_WRAP_NO_ENCRYPT, 10 * i + 2);
        pass(b, a, true, SECQOP_WRAP_NO_ENCRYPT, 10 * i + 2);
    }
}

static void test_peers(void **state)
{
    (void)state;
    each_mode(run_peers);
}

/* ---- what is not genuine ---- */

/* A message by one half of a, whose other half makes one as well, to stay its twin. */
static bool make(struct twin *a, enum twin_operation op, struct twin_message *m, uint32_t seed, ULONG number)
{
    static struct twin_message other;
    ULONG qop = 0;
    twin_usual(m, 128, seed);
    twin_message_copy(&other, m);
    NTSTATUS status = twin_kernel(a, op, &qop, &m->desc, number);
    assert_int_equal(twin_user(a, op, &qop, &other.desc, number), status);
    return status == SEC_E_OK;
}

static void flip_all(struct twin *b, enum twin_operation op, struct twin_message *m, ULONG number)
{
    static struct twin_message changed;
    for (size_t i = 0; i < 4; i++) {
        for (ULONG at = 0; at < m->buffers[i].cbBuffer; at++) {
            twin_message_copy(&changed, m);
            ((uint8_t *)changed.buffers[i].pvBuffer)[at] ^= (uint8_t)(1 << at % 8);
            twin_do(b, op, 0, &changed, number); /* RandomPad and the like may be anything */
        }
    }
}

static void run_changed(struct twin *a, struct twin *b, size_t mode)
{
    static struct twin_message m, again;
    (void)mode;
    for (int sealed = 0; sealed < 2; sealed++) {
        enum twin_operation op = sealed ? TWIN_UNSEAL : TWIN_VERIFY;
        ULONG number = 5 + (ULONG)sealed;
        if (!make(a, sealed ? TWIN_SEAL : TWIN_SIGN, &m, 50 + (uint32_t)sealed, number))
            continue;
        twin_message_copy(&again, &m);
        /* In a context that counts it must not be the flipped one that is taken first: a copy of it is
         * flipped. */
        struct ksec_bytes state = twin_state(b);
        struct twin copy = twin_open(mode >= COMBINATIONS ? "Kerberos" : "NTLM", state);
        flip_all(&copy, op, &m, number);
        twin_close(&copy);
        assert_int_equal(twin_do(b, op, 0, &m, number), SEC_E_OK);
        NTSTATUS replayed = twin_do(b, op, 0, &again, number);
        assert_int_not_equal(replayed, SEC_E_OK);
    }
}

static void test_changed(void **state)
{
    (void)state;
    each_mode(run_changed);
}

/* Three messages of which the second comes first: out of its place, and the others as the mode has it. */
static void run_reordered(struct twin *a, struct twin *b, size_t mode)
{
    static struct twin_message m[3];
    (void)mode;
    for (size_t i = 0; i < 3; i++)
        if (!make(a, TWIN_SIGN, &m[i], (uint32_t)i, 100 + (ULONG)i))
            return;
    static const size_t order[] = {1, 0, 2, 2, 0, 1};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        static struct twin_message copy;
        twin_message_copy(&copy, &m[order[i]]);
        twin_do(b, TWIN_VERIFY, 0, &copy, 100 + (ULONG)order[i]);
    }
}

static void test_reordered(void **state)
{
    (void)state;
    with_gaps = true;
    each_mode(run_reordered);
    with_gaps = false;
}

/* ---- descriptors of every shape ---- */

static uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % below;
}

static ULONG draw_type(uint32_t *seed)
{
    static const ULONG types[] = {SECBUFFER_DATA,   SECBUFFER_DATA,  SECBUFFER_DATA,    SECBUFFER_TOKEN,
                                  SECBUFFER_STREAM, SECBUFFER_EMPTY, SECBUFFER_PADDING, SECBUFFER_PKG_PARAMS};
    static const ULONG marks[] = {0, 0, 0, SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM, 0x20000000};
    return types[draw(seed, 8)] | marks[draw(seed, 6)];
}

static void draw_buffer(uint32_t *seed, struct twin_message *m, SecBuffer *b)
{
    static const ULONG sizes[] = {0, 1, 15, 16, 17, 20, 28, 37, 60, 76, 128};
    b->BufferType = draw_type(seed);
    b->cbBuffer = sizes[draw(seed, 11)];
    b->pvBuffer = draw(seed, 8) == 0 ? NULL : m->bytes + draw(seed, 16) * 100 + draw(seed, 2);
    if (draw(seed, 40) == 0)
        b->cbBuffer = 0xffffffff;
    if (b->cbBuffer == 0xffffffff && b->pvBuffer != NULL)
        b->cbBuffer = 64; /* a promise of memory that is not there nobody can check */
}

/* Mostly well-formed: few buffers, one of them a token. */
static void draw_message(uint32_t *seed, struct twin_message *m)
{
    ULONG count = draw(seed, 6);
    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < TWIN_ROOM; i++)
        m->bytes[i] = (uint8_t)draw(seed, 256);
    for (ULONG i = 0; i < count; i++)
        draw_buffer(seed, m, &m->buffers[i]);
    if (count > 0 && draw(seed, 4) != 0) {
        SecBuffer *token = &m->buffers[draw(seed, count)];
        *token = (SecBuffer){draw(seed, 3) == 0 ? 28 : 128, SECBUFFER_TOKEN, m->bytes + 2000};
    }
    if (draw(seed, 30) == 0)
        count = 65;
    m->desc = (SecBufferDesc){draw(seed, 30) == 0, count, draw(seed, 40) == 0 ? NULL : m->buffers};
}

static void run_shapes(struct twin *a, struct twin *b, size_t mode)
{
    static const ULONG qops[] = {0, 0, 0, SECQOP_WRAP_NO_ENCRYPT, 1, SECQOP_WRAP_OOB_DATA};
    static struct twin_message m;
    uint32_t seed = (uint32_t)mode * 7919 + 1;
    (void)b;
    for (unsigned i = 0; i < 120; i++) {
        draw_message(&seed, &m);
        twin_do(a, (enum twin_operation)(i % TWIN_OPERATIONS), qops[draw(&seed, 6)], &m, draw(&seed, 3));
    }
}

static void test_shapes(void **state)
{
    (void)state;
    each_mode(run_shapes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_reordered),
        cmocka_unit_test(test_shapes),
    };
    return cmocka_run_group_tests_name("ksec twins", tests, NULL, NULL);
}
