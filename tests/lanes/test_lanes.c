/* SPDX-License-Identifier: MIT */
/*
 * The multi-lane HMACs against nettle's, with every kernel that this processor has: all lengths, any number
 * of messages, mixed lengths, messages in pieces. Around each piece of each message lies memory that nobody
 * may touch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <nettle/hmac.h>

#include "crypto/lanes/kernels.h"
#include "crypto/lanes/lanes.h"

enum { LENGTH_MAX = 2048, JOBS_MAX = 100, PARTS_MAX = 8, ROOM = 1 << 17, MAC_ROOM = 64 };

/* ---- the oracle ---- */

#define ORACLE(name)                                                                                         \
    static void oracle_##name(const uint8_t *key, size_t key_size, const struct crypto_message *m,           \
                              uint8_t *mac, size_t size)                                                     \
    {                                                                                                        \
        struct hmac_##name##_ctx c;                                                                          \
        hmac_##name##_set_key(&c, key_size, key);                                                            \
        hmac_##name##_update(&c, m->head.size, m->head.data);                                                \
        for (size_t i = 0; i < m->count; i++)                                                                \
            hmac_##name##_update(&c, m->parts[i].size, m->parts[i].data);                                    \
        hmac_##name##_update(&c, m->tail.size, m->tail.data);                                                \
        hmac_##name##_digest(&c, size, mac);                                                                 \
    }                                                                                                        \
    static void set_##name(void *k, const uint8_t *key, size_t key_size)                                     \
    {                                                                                                        \
        crypto_hmac_##name##_init(k, key, key_size);                                                         \
    }
ORACLE(md5)
ORACLE(sha1)
ORACLE(sha256)
ORACLE(sha384)

static const struct hash {
    const char *name;
    size_t size, key_size;
    size_t kernel; /* where struct lanes_kernels has its */
    void (*lanes)(const struct lanes_job *jobs, size_t count);
    void (*set)(void *k, const uint8_t *key, size_t key_size);
    void (*oracle)(const uint8_t *key, size_t key_size, const struct crypto_message *m, uint8_t *mac,
                   size_t size);
} hashes[] = {
    {"md5", 16, sizeof(struct crypto_hmac_md5), offsetof(struct lanes_kernels, md5), lanes_hmac_md5, set_md5,
     oracle_md5},
    {"sha1", 20, sizeof(struct crypto_hmac_sha1), offsetof(struct lanes_kernels, sha1), lanes_hmac_sha1,
     set_sha1, oracle_sha1},
    {"sha256", 32, sizeof(struct crypto_hmac_sha256), offsetof(struct lanes_kernels, sha256),
     lanes_hmac_sha256, set_sha256, oracle_sha256},
    {"sha384", 48, sizeof(struct crypto_hmac_sha384), offsetof(struct lanes_kernels, sha512),
     lanes_hmac_sha384, set_sha384, oracle_sha384},
};

/* ---- a batch ---- */

static uint8_t bytes[ROOM];
static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* Places of their own between pages that nobody may touch. */
enum { HEAD, TAIL, KEY, MAC, PARTS, PLACES = PARTS + PARTS_MAX };
static uint8_t *places[JOBS_MAX][PLACES];
static size_t place_size;

static void places_make(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    place_size = (LENGTH_MAX * 4 + page - 1) / page * page;
    const size_t stride = page + place_size, all = JOBS_MAX * PLACES * stride + page;
    uint8_t *at = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        abort();
    for (size_t i = 0; i < JOBS_MAX * PLACES; i++, at += stride) {
        places[i / PLACES][i % PLACES] = at + page;
        if (mprotect(at + page, place_size, PROT_READ | PROT_WRITE) != 0)
            abort();
    }
}

static uint8_t *place_end(size_t job, size_t place)
{
    return places[job][place] + place_size;
}

/* Mostly up to the end of its place, where more is read too far than before the beginning. */
static struct span placed(size_t job, size_t place, const uint8_t *from, size_t size)
{
    uint8_t *to = draw(4) == 0 ? places[job][place] : place_end(job, place) - size;
    memcpy(to, from, size);
    return (struct span){to, size};
}

struct sample {
    uint8_t raw[24];
    size_t raw_size;
    struct span parts[PARTS_MAX];
};
static struct sample messages[JOBS_MAX];
static struct lanes_job jobs[JOBS_MAX];

static void set_key(const struct hash *h, size_t i)
{
    struct sample *m = &messages[i];
    m->raw_size = 1 + draw(sizeof m->raw);
    for (size_t k = 0; k < sizeof m->raw; k++)
        m->raw[k] = (uint8_t)draw(256);
    jobs[i].key = place_end(i, KEY) - h->key_size;
    h->set(place_end(i, KEY) - h->key_size, m->raw, m->raw_size);
    jobs[i].mac = place_end(i, MAC) - h->size;
    memset(place_end(i, MAC) - MAC_ROOM, 0xa5, MAC_ROOM);
}

/* `size` bytes from somewhere, cut into head, count parts and tail. */
static void set_job(const struct hash *h, size_t i, size_t size, size_t count, size_t head, size_t tail)
{
    struct sample *m = &messages[i];
    const uint8_t *at = bytes + draw(ROOM - LENGTH_MAX * 4 - 64);
    set_key(h, i);

    head = head < size ? head : size;
    tail = tail < size - head ? tail : size - head;
    size_t left = size - head - tail;
    struct crypto_message message = {.head = placed(i, HEAD, at, head), .parts = m->parts, .count = count};
    at += head;
    for (size_t k = 0; k < count; k++) {
        size_t piece = k + 1 == count ? left : draw((uint32_t)left + 1);
        m->parts[k] = placed(i, PARTS + k, at, piece);
        at += piece;
        left -= piece;
    }
    message.tail = placed(i, TAIL, at, tail + left);
    jobs[i].message = message;
}

static void run(const struct hash *h, const struct lanes_kernels *k, size_t count)
{
    h->lanes(jobs, count);
    for (size_t i = 0; i < count; i++) {
        uint8_t want[MAC_ROOM];
        memset(want, 0xa5, sizeof want);
        h->oracle(messages[i].raw, messages[i].raw_size, &jobs[i].message, want + MAC_ROOM - h->size,
                  h->size);
        if (memcmp(want, place_end(i, MAC) - MAC_ROOM, MAC_ROOM) != 0)
            fail_msg("%s, %s: message %zu of %zu", h->name, k->name, i, count);
    }
}

typedef void test_of(const struct hash *h, const struct lanes_kernels *k);

static bool same_kernel(const struct hash *h, const struct lanes_kernels *a, const struct lanes_kernels *b)
{
    return memcmp((const char *)a + h->kernel, (const char *)b + h->kernel, sizeof a->md5) == 0;
}

static void one(const struct hash *h, const struct lanes_kernels *k, test_of *test)
{
    lanes_kernels_force(k);
    assert_ptr_equal(lanes_kernels(), k);
    test(h, k);
    lanes_kernels_force(NULL);
}

/* With every kernel, as it is used and where it would not be. Several sets share kernels. */
static void each(test_of *test)
{
    size_t count;
    const struct lanes_kernels *const *all = lanes_kernels_all(&count);
    for (const struct hash *h = hashes; h < hashes + sizeof hashes / sizeof hashes[0]; h++) {
        for (size_t i = 0; i < count; i++) {
            const struct lanes_kernels eager = lanes_kernels_eager(all[i]);
            size_t before = 0;
            while (before < i && !same_kernel(h, all[before], all[i]))
                before++;
            if (before == i)
                one(h, &eager, test);
        }
        assert_ptr_equal(lanes_kernels(), all[0]);
        one(h, all[0], test);
    }
}

/* ---- the tests ---- */

/* One length in all lanes, so that each lane has each length; with NTLM's head and Kerberos' tail. */
static void each_length(const struct hash *h, const struct lanes_kernels *k)
{
    for (size_t size = 0; size <= LENGTH_MAX; size++) {
        size_t count = LANES_MAX + size % 3;
        for (size_t i = 0; i < count; i++)
            set_job(h, i, size, 1, h->size == 16 ? 4 : 0, h->size == 16 ? 0 : 16);
        run(h, k, count);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    each(each_length);
}

/* Any number of messages, of one length and of lengths one apart. */
static void each_count(const struct hash *h, const struct lanes_kernels *k)
{
    for (size_t count = 0; count <= JOBS_MAX; count++) {
        for (size_t i = 0; i < count; i++)
            set_job(h, i, 50 + (count % 2) * i, 1, 4, 0);
        run(h, k, count);
    }
}

static void test_counts(void **state)
{
    (void)state;
    each(each_count);
}

static void each_mix(const struct hash *h, const struct lanes_kernels *k)
{
    for (int round = 0; round < 400; round++) {
        size_t count = 1 + draw(JOBS_MAX);
        uint32_t most = round % 4 == 0 ? 64 : round % 4 == 1 ? 300 : LENGTH_MAX * 4;
        for (size_t i = 0; i < count; i++) {
            /* Some batches have one long message among short ones: it goes on alone. */
            uint32_t size = round % 7 == 0 ? (i == count / 2 ? LENGTH_MAX * 4 : draw(80)) : draw(most + 1);
            set_job(h, i, size, draw(PARTS_MAX), draw(70), draw(150));
        }
        run(h, k, count);
    }
}

static void test_mixes(void **state)
{
    (void)state;
    each(each_mix);
}

/* Messages of one size in pieces of the same sizes, which have a way of their own. */
static void each_alike(const struct hash *h, const struct lanes_kernels *k)
{
    static const size_t pieces[] = {0, 4, 16, 20};
    for (int round = 0; round < 1200; round++) {
        size_t count = 2 + draw(round % 3 == 0 ? JOBS_MAX - 1 : 40);
        size_t head = round % 2 ? pieces[draw(4)] : draw(140), tail = round % 2 ? pieces[draw(4)] : draw(130);
        size_t size = round % 5 == 0 ? 64 * draw(20) : draw(round % 5 == 1 ? 1200 : 300);
        for (size_t i = 0; i < count; i++)
            set_job(h, i, head + size + tail, 1, head, tail);
        /* Once in a while one differs. */
        if (round % 16 == 0)
            set_job(h, draw((uint32_t)count), head + size + tail + 1, 1, head, tail + draw(2));
        run(h, k, count);
    }
}

static void test_alike(void **state)
{
    (void)state;
    each(each_alike);
}

/* Around the ends of blocks and of the room for what is copied, cut everywhere. */
static void each_cut(const struct hash *h, const struct lanes_kernels *k)
{
    for (size_t size = 0; size < 420; size += 1 + size % 2) {
        for (size_t i = 0; i < 40; i++)
            set_job(h, i, size, i % 4, size * i / 40, i % 2 ? draw((uint32_t)size + 1) : 0);
        run(h, k, 40);
    }
}

static void test_cuts(void **state)
{
    (void)state;
    each(each_cut);
}

/* One message and one key, many times: lanes do not look at each other. */
static void test_same(void **state)
{
    (void)state;
    for (size_t h = 0; h < sizeof hashes / sizeof hashes[0]; h++) {
        for (size_t i = 0; i < JOBS_MAX; i++)
            set_job(&hashes[h], i, 100, 1, 4, 16);
        for (size_t i = 0; i < JOBS_MAX; i++) {
            jobs[i].key = jobs[0].key;
            jobs[i].message = jobs[0].message;
        }
        hashes[h].lanes(jobs, JOBS_MAX);
        for (size_t i = 1; i < JOBS_MAX; i++)
            assert_memory_equal(jobs[i].mac, jobs[0].mac, hashes[h].size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths), cmocka_unit_test(test_counts), cmocka_unit_test(test_mixes),
        cmocka_unit_test(test_alike),   cmocka_unit_test(test_cuts),   cmocka_unit_test(test_same),
    };
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)draw(256);
    places_make();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
