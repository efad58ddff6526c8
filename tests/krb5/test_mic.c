/* SPDX-License-Identifier: MIT */
/*
 * MICs: every bit of token and message, both directions and keys; after each rejection the context is
 * byte-identical and the next genuine message verifies. Numbers at their end, and from many threads.
 */
#include "kit.h"

#include <pthread.h>

enum { THREADS = 4, PER_THREAD = 20000 };

/* Verdicts of a context must leave no trace: wraps kit_verify for what is to be refused. */
static void refused(struct krb5_protect *p, const struct krb5_fallback *f, const struct message *m,
                    const uint8_t *token, size_t size, enum protect_verdict want)
{
    struct krb5_protect before = *p;
    uint64_t sequence = 0xdead;
    enum protect_verdict verdict = krb5_mic_check(p, f, m, token, size, &sequence);
    assert_int_equal(verdict, want);
    assert_int_equal(sequence, 0xdead);
    assert_memory_equal(&before, p, sizeof before);
}

static void test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[KIT_ETYPES] = {28, 28, 32, 40, 37};
    for (size_t t = 0; t < KIT_ETYPES; t++) {
        struct kit_pair k;
        kit_pair(&k, kit_etypes[t], 0, 0);
        assert_int_equal(krb5_mic_size(&k.i), sizes[t]);
    }
    /* What a signing context costs: DESIGN asks for about 600 bytes. */
    assert_true(sizeof(struct krb5_protect) <= 600);
}

/* Flipped bits of a token. RC4's encrypted number (four bytes at 21) is not under the checksum: another
 * number comes out. */
static void flip_token(struct kit_pair *k, const struct message *m, uint8_t *token, size_t size)
{
    bool rc4 = k->a.key.etype == KRB5_ETYPE_RC4;
    for (size_t bit = 0; bit < size * 8; bit++) {
        token[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (rc4 && bit / 8 >= 21 && bit / 8 < 25) {
            uint64_t sequence;
            assert_int_equal(krb5_mic_check(&k->a, NULL, m, token, size, &sequence), PROTECT_OK);
            assert_int_equal(sequence, 1000 ^ (1u << (8 * (24 - bit / 8) + bit % 8)));
        } else {
            refused(&k->a, &k->a_fallback, m, token, size, PROTECT_ALTERED);
        }
        token[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void test_flips(void **state)
{
    (void)state;
    for (size_t t = 0; t < KIT_ETYPES; t++) {
        struct kit_pair k;
        struct kit_message m;
        uint8_t token[KRB5_MIC_SIZE_MAX];
        kit_pair(&k, kit_etypes[t], 0, KRB5_F_REPLAY | KRB5_F_SEQUENCE);
        size_t size = krb5_mic_size(&k.i);
        kit_message(&m, 45, 1);
        kit_cut(&m, 4, 1, 3);
        assert_int_equal(krb5_mic_make(&k.i, &m.m, token), PROTECT_OK);
        flip_token(&k, &m.m, token, size);
        for (size_t bit = 0; bit < m.size * 8; bit++) {
            m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            refused(&k.a, NULL, &m.m, token, size, PROTECT_ALTERED);
            m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_int_equal(kit_verify(&k.a, NULL, &m.m, token, size), PROTECT_OK);
        assert_int_equal(kit_verify(&k.a, NULL, &m.m, token, size), PROTECT_OUT_OF_SEQUENCE);
    }
}

/* Every flag, with a subkey asserted: both keys verify, each only what it signed. */
static void test_flips_subkey(void **state)
{
    (void)state;
    for (size_t t = 0; t < KIT_ETYPES - 1; t++) {
        for (size_t u = 0; u < KIT_ETYPES - 1; u++) {
            struct kit_pair k;
            struct kit_message m;
            uint8_t token[KRB5_MIC_SIZE_MAX];
            kit_pair(&k, kit_etypes[t], kit_etypes[u], KRB5_F_REPLAY);
            kit_message(&m, 20, 1);
            assert_int_equal(krb5_mic_make(&k.i, &m.m, token), PROTECT_OK);
            assert_int_equal(token[2], 4);
            flip_token(&k, &m.m, token, krb5_mic_size(&k.i));
            assert_int_equal(kit_verify(&k.a, NULL, &m.m, token, krb5_mic_size(&k.i)), PROTECT_OK);
        }
    }
}

/* A peer that does not use the acceptor's subkey: a context of its own that knows the initiator's key alone.
 */
static void test_fallback(void **state)
{
    (void)state;
    for (size_t t = 0; t < KIT_ETYPES - 1; t++) {
        for (size_t u = 0; u < KIT_ETYPES - 1; u++) {
            struct kit_pair k;
            struct kit_message m;
            struct krb5_protect plain;
            uint8_t token[KRB5_MIC_SIZE_MAX];
            kit_pair(&k, kit_etypes[t], kit_etypes[u], KRB5_F_REPLAY);
            struct krb5_start start = {.flags = KRB5_F_INITIATOR, .key = k.i.initiator, .send_first = 1000};
            assert_true(krb5_protect_init(&plain, &start));
            kit_message(&m, 33, 2);
            size_t size = krb5_mic_size(&plain);
            for (int with = 0; with < 2; with++) {
                const struct krb5_fallback *f = with ? &k.a_fallback : NULL;
                assert_int_equal(krb5_mic_make(&plain, &m.m, token), PROTECT_OK);
                assert_int_equal(token[2], 0);
                token[size - 1] ^= 1;
                refused(&k.a, f, &m.m, token, size, PROTECT_ALTERED);
                token[size - 1] ^= 1;
                assert_int_equal(kit_verify(&k.a, f, &m.m, token, size), PROTECT_OK);
            }
        }
    }
}

/* A token whose header has one byte changed, under a checksum that is right for it: what a careless peer
 * would send. */
static void resign(struct kit_pair *k, const struct kit_message *m, uint8_t token[KRB5_MIC_SIZE_MAX],
                   size_t at, uint8_t value)
{
    uint8_t mac[CRYPTO_SHA256_SIZE];
    assert_int_equal(krb5_mic_make(&k->i, &m->m, token), PROTECT_OK);
    token[at] = value;
    crypto_hmac_sha256(&k->i.send.sha256,
                       &(struct crypto_message){.head = {m->bytes, m->size}, .tail = {token, 16}}, mac);
    memcpy(token + 16, mac, 16);
}

static void test_header(void **state)
{
    (void)state;
    struct kit_pair k;
    struct kit_message m;
    uint8_t token[KRB5_MIC_SIZE_MAX];
    kit_pair(&k, KRB5_ETYPE_AES128_SHA256, 0, 0);
    kit_message(&m, 5, 1);
    /* Bits that mean nothing, under a genuine checksum, are no reason to refuse; 04 without a subkey is. */
    for (unsigned flags = 0; flags < 256; flags++) {
        resign(&k, &m, token, 2, (uint8_t)flags);
        bool wrong = (flags & 1) || (flags & 4);
        assert_int_equal(kit_verify(&k.a, NULL, &m.m, token, 32), wrong ? PROTECT_ALTERED : PROTECT_OK);
    }
    for (size_t at = 3; at < 8; at++) {
        resign(&k, &m, token, at, 0xfe);
        refused(&k.a, NULL, &m.m, token, 32, PROTECT_ALTERED);
        resign(&k, &m, token, at, 0xff);
        assert_int_equal(kit_verify(&k.a, NULL, &m.m, token, 32), PROTECT_OK);
    }
}

static void test_wrong_tokens(void **state)
{
    (void)state;
    for (size_t t = 0; t < KIT_ETYPES; t++) {
        struct kit_pair k, other;
        struct kit_message m;
        uint8_t token[64] = {0}, reflected[KRB5_MIC_SIZE_MAX];
        kit_pair(&k, kit_etypes[t], 0, KRB5_F_REPLAY);
        kit_message(&m, 17, 1);
        size_t size = krb5_mic_size(&k.i);
        assert_int_equal(krb5_mic_make(&k.i, &m.m, token), PROTECT_OK);
        for (size_t n = 0; n <= sizeof token; n++)
            if (n != size)
                refused(&k.a, NULL, &m.m, token, n, PROTECT_MALFORMED);
        /* Own tokens fed back, from either side. */
        refused(&k.i, NULL, &m.m, token, size, PROTECT_ALTERED);
        assert_int_equal(krb5_mic_make(&k.a, &m.m, reflected), PROTECT_OK);
        refused(&k.a, NULL, &m.m, reflected, size, PROTECT_ALTERED);
        /* The other format, and other types of key. */
        for (size_t u = 0; u < KIT_ETYPES; u++) {
            if (u == t)
                continue;
            kit_pair(&other, kit_etypes[u], 0, KRB5_F_REPLAY);
            size_t other_size = krb5_mic_size(&other.a);
            refused(&other.a, NULL, &m.m, token, size,
                    other_size == size ? PROTECT_ALTERED : PROTECT_MALFORMED);
            uint8_t first = token[0];
            token[0] = kit_etypes[u] == KRB5_ETYPE_RC4 ? 0x04 : 0x60;
            refused(&other.a, NULL, &m.m, token, other_size, PROTECT_MALFORMED);
            token[0] = first;
        }
        assert_int_equal(kit_verify(&k.a, NULL, &m.m, token, size), PROTECT_OK);
        uint8_t empty[KRB5_MIC_SIZE_MAX] = {0};
        refused(&k.a, NULL, &m.m, empty, size, PROTECT_ALTERED);
    }
}

/* Where the parts are cut makes no difference; read-only parts are signed like others. */
static void test_cuts(void **state)
{
    (void)state;
    for (size_t t = 0; t < KIT_ETYPES; t++) {
        struct kit_pair k, twin;
        kit_pair(&k, kit_etypes[t], 0, 0);
        twin = k;
        for (size_t size = 0; size < 300; size += 7) {
            struct kit_message m;
            uint8_t a[KRB5_MIC_SIZE_MAX], b[KRB5_MIC_SIZE_MAX];
            kit_message(&m, size, (uint32_t)size);
            assert_int_equal(krb5_mic_make(&k.i, &m.m, a), PROTECT_OK);
            kit_cut(&m, 1 + size % 64, size, (uint32_t)size);
            assert_int_equal(krb5_mic_make(&twin.i, &m.m, b), PROTECT_OK);
            assert_memory_equal(a, b, krb5_mic_size(&k.i));
            assert_int_equal(kit_verify(&k.a, NULL, &m.m, a, krb5_mic_size(&k.a)), PROTECT_OK);
        }
    }
    /* No parts at all. */
    struct kit_pair k;
    uint8_t a[KRB5_MIC_SIZE_MAX];
    struct message none = {NULL, 0, 0};
    kit_pair(&k, KRB5_ETYPE_AES256_SHA1, 0, 0);
    assert_int_equal(krb5_mic_make(&k.i, &none, a), PROTECT_OK);
    assert_int_equal(kit_verify(&k.a, NULL, &none, a, 28), PROTECT_OK);
}

static void test_windows(void **state)
{
    (void)state;
    static const struct {
        uint32_t flags;
        enum protect_verdict verdicts[5];
    } rows[] = {
        {0, {PROTECT_OK, PROTECT_OK, PROTECT_OK, PROTECT_OK, PROTECT_OK}},
        {KRB5_F_REPLAY, {PROTECT_OK, PROTECT_OK, PROTECT_OK, PROTECT_OUT_OF_SEQUENCE, PROTECT_OK}},
        {KRB5_F_REPLAY | KRB5_F_SEQUENCE,
         {PROTECT_OK, PROTECT_OUT_OF_SEQUENCE, PROTECT_OUT_OF_SEQUENCE, PROTECT_OUT_OF_SEQUENCE, PROTECT_OK}},
    };
    static const size_t order[] = {0, 2, 1, 2, 3};
    for (size_t t = 0; t < KIT_ETYPES; t++) {
        for (size_t r = 0; r < 3; r++) {
            struct kit_pair k;
            struct kit_message m;
            uint8_t tokens[4][KRB5_MIC_SIZE_MAX];
            kit_pair(&k, kit_etypes[t], 0, rows[r].flags);
            kit_message(&m, 9, 9);
            for (size_t i = 0; i < 4; i++)
                assert_int_equal(krb5_mic_make(&k.a, &m.m, tokens[i]), PROTECT_OK);
            for (size_t i = 0; i < 5; i++)
                assert_int_equal(kit_verify(&k.i, NULL, &m.m, tokens[order[i]], krb5_mic_size(&k.i)),
                                 rows[r].verdicts[i]);
        }
    }
}

/* The last number is used, none twice, and then nothing changes any more. */
static void test_exhaustion(void **state)
{
    (void)state;
    for (size_t t = 0; t < KIT_ETYPES; t++) {
        struct kit_pair k;
        struct kit_message m;
        uint8_t token[KRB5_MIC_SIZE_MAX], again[KRB5_MIC_SIZE_MAX];
        bool rc4 = kit_etypes[t] == KRB5_ETYPE_RC4;
        uint64_t limit = rc4 ? (uint64_t)1 << 32 : UINT64_MAX;
        kit_pair(&k, kit_etypes[t], 0, KRB5_F_REPLAY);
        kit_message(&m, 3, 1);
        k.i.sent = limit - 2;
        for (uint64_t i = 2; i > 0; i--) {
            uint64_t sequence;
            assert_int_equal(krb5_mic_make(&k.i, &m.m, token), PROTECT_OK);
            assert_int_equal(krb5_mic_check(&k.a, NULL, &m.m, token, krb5_mic_size(&k.a), &sequence),
                             PROTECT_OK);
            assert_int_equal(sequence, rc4 ? (uint32_t)(1000 - i) : 1000 + limit - i);
        }
        memset(token, 0xaa, sizeof token);
        memcpy(again, token, sizeof again);
        struct krb5_protect before = k.i;
        assert_int_equal(krb5_mic_make(&k.i, &m.m, token), PROTECT_EXPIRED);
        assert_int_equal(krb5_mic_make(&k.i, &m.m, token), PROTECT_EXPIRED);
        assert_memory_equal(token, again, sizeof token);
        assert_memory_equal(&before, &k.i, sizeof before);
        /* Halfway nothing special happens. */
        k.i.sent = limit / 2 - 2;
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(krb5_mic_make(&k.i, &m.m, token), PROTECT_OK);
        assert_int_equal(k.i.sent, limit / 2 + 2);
    }
}

struct signer {
    struct krb5_protect *p;
    uint64_t *numbers;
    size_t refused;
    pthread_t thread;
};

static void *sign_many(void *arg)
{
    struct signer *s = arg;
    uint8_t token[KRB5_MIC_SIZE_MAX];
    struct span part = {(const uint8_t *)"x", 1};
    struct message m = {&part, 1, 0};
    for (size_t i = 0; i < PER_THREAD; i++) {
        if (krb5_mic_make(s->p, &m, token) != PROTECT_OK) {
            s->refused++;
            continue;
        }
        uint64_t n = 0;
        for (size_t b = 8; b < 16; b++)
            n = n << 8 | token[b];
        s->numbers[i - s->refused] = n;
    }
    return NULL;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Every number exactly once; where they run out between two threads, exactly as many as there were. */
static void many_threads(struct krb5_protect *p, uint64_t first, size_t available)
{
    enum { ALL = THREADS * PER_THREAD };
    uint64_t *numbers = calloc(ALL, sizeof *numbers);
    struct signer signers[THREADS];
    size_t made = 0;
    assert_non_null(numbers);
    for (size_t i = 0; i < THREADS; i++) {
        signers[i] = (struct signer){.p = p, .numbers = numbers + i * PER_THREAD};
        assert_int_equal(pthread_create(&signers[i].thread, NULL, sign_many, &signers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(signers[i].thread, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        size_t n = PER_THREAD - signers[i].refused;
        memmove(numbers + made, signers[i].numbers, n * sizeof *numbers);
        made += n;
    }
    assert_int_equal(made, available < ALL ? available : ALL);
    qsort(numbers, made, sizeof *numbers, compare_numbers);
    for (size_t i = 0; i < made; i++)
        assert_int_equal(numbers[i], first + i);
    free(numbers);
}

static void test_threads(void **state)
{
    (void)state;
    struct kit_pair k;
    kit_pair(&k, KRB5_ETYPE_AES256_SHA1, 0, 0);
    many_threads(&k.i, 1000, SIZE_MAX);
    k.i.sent = UINT64_MAX - 1000;
    k.i.send_first = 1;
    many_threads(&k.i, UINT64_MAX - 999, 1000);
}

static void test_init(void **state)
{
    (void)state;
    struct krb5_protect p, before;
    memset(&p, 0x33, sizeof p);
    before = p;
    const struct krb5_start wrong[] = {
        {.key = {.etype = 0}},
        {.key = {.etype = 16}},
        {.key = {.etype = 21}},
        {.key = {.etype = 24}},
        {.key = {.etype = 65535}},
        {.key = {.etype = 17}, .flags = 0x80},
        {.key = {.etype = 17}, .flags = KRB5_F_ACCEPTOR_SUBKEY},
        {.key = {.etype = 17}, .initiator = {.etype = 18}},
        {.key = {.etype = 17}, .initiator = {.etype = 23}, .flags = KRB5_F_ACCEPTOR_SUBKEY},
        {.key = {.etype = 23}, .initiator = {.etype = 17}, .flags = KRB5_F_ACCEPTOR_SUBKEY},
        {.key = {.etype = 23}, .send_first = (uint64_t)1 << 32},
        {.key = {.etype = 23}, .receive_first = (uint64_t)1 << 32},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(krb5_protect_init(&p, &wrong[i]));
    assert_memory_equal(&before, &p, sizeof p);
    const struct krb5_start last = {
        .key = {.etype = 23}, .send_first = UINT32_MAX, .receive_first = UINT32_MAX};
    assert_true(krb5_protect_init(&p, &last));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_init),     cmocka_unit_test(test_flips),
        cmocka_unit_test(test_flips_subkey), cmocka_unit_test(test_fallback), cmocka_unit_test(test_header),
        cmocka_unit_test(test_wrong_tokens), cmocka_unit_test(test_cuts),     cmocka_unit_test(test_windows),
        cmocka_unit_test(test_exhaustion),   cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("krb5 mic", tests, NULL, NULL);
}
