/* SPDX-License-Identifier: MIT */
/* Who is in which lane, and where its next blocks are. Compiled once per hash by constant propagation: every
 * function below takes the hash's shape as a constant. */
#include "base/secret.h"
#include "crypto/lanes/shape.h"

enum { BUFFER = 256, BUFFER_SLACK = 16 };

/* A message under way, and room for the blocks that are not in one piece: aligned, as kernels read them
 * whole. */
struct lane {
    uint8_t buffer[BUFFER + BLOCK_MAX + BUFFER_SLACK] __attribute__((aligned(ALIGNED)));
    const struct lanes_job *job;
    struct span rest; /* of the piece that is being read */
    size_t next;      /* piece: 0 .. message.count-1 the parts, message.count the tail */
    uint64_t size;    /* bytes read so far, the key's block included */
    bool ended;       /* the padding was handed out */
};

/* Inner hashes that are done and wait for the outer one, spread over its lanes. */
struct outer {
    uint8_t state[WORDS_MAX * LANES_MAX * 4] __attribute__((aligned(ALIGNED)));
    uint8_t digest[WORDS_MAX * LANES_MAX * 4] __attribute__((aligned(ALIGNED)));
    const void *rows[16]; /* of the block */
    const struct lanes_job *jobs[LANES_MAX];
    size_t count;
};

struct engine {
    uint8_t state[WORDS_MAX * LANES_MAX * 4] __attribute__((aligned(ALIGNED)));
    const uint8_t *blocks[LANES_MAX]; /* where each lane's next blocks are */
    size_t left[LANES_MAX];           /* and how many */
    struct lane *lanes[LANES_MAX];
    size_t active;
    struct method method;
    struct outer outer;
    struct lane room[LANES_MAX];
};
_Static_assert(WORDS_MAX *LANES_MAX * 4 >= 8 * LANES_SHA512 * 8, "states of 64-bit words fit");

/* ---- the outer hash: one block each, digest and padding; only the digest differs ---- */

CONSTANT_SHAPE void outer_init(const struct shape *s, struct outer *o)
{
    for (size_t i = 0; i < 16; i++)
        o->rows[i] = i < s->digest ? (const void *)cell(s, o->digest, i, 0) : &row_zero;
    o->rows[s->digest] = s->end;
    o->rows[s->big_endian ? 15 : 14] = s->size;
    o->count = 0;
}

CONSTANT_SHAPE void outer_write(const struct shape *s, struct outer *o, size_t lane)
{
    uint8_t *mac = o->jobs[lane]->mac;
    for (size_t i = 0; i < s->digest; i++) {
        uint64_t number = 0;
        uint32_t half;
        if (s->word == 8) {
            memcpy(&number, cell(s, o->state, i, lane), 8);
            number = order_differs(s) ? __builtin_bswap64(number) : number;
        } else {
            memcpy(&half, cell(s, o->state, i, lane), 4);
            half = order_differs(s) ? __builtin_bswap32(half) : half;
        }
        memcpy(mac + i * s->word, s->word == 8 ? (const void *)&number : &half, s->word);
    }
}

CONSTANT_SHAPE void outer_run(const struct shape *s, const struct method *m, struct outer *o)
{
    run_kernel(s, m, o->state, NULL, 1, o->count, o->rows);
    for (size_t i = 0; i < o->count; i++)
        outer_write(s, o, i);
    o->count = 0;
}

/* Word i of the inner hash is at digest + i * step. */
CONSTANT_SHAPE void outer_add(const struct shape *s, const struct method *m, struct outer *o,
                              const struct lanes_job *job, const uint8_t *digest, size_t step)
{
    const uint8_t *key = (const uint8_t *)job->key + s->words * s->word;
    const size_t at = o->count;
    for (size_t i = 0; i < s->digest; i++)
        memcpy(cell(s, o->digest, i, at), digest + i * step, s->word);
    for (size_t i = 0; i < s->words; i++)
        memcpy(cell(s, o->state, i, at), key + i * s->word, s->word);
    o->jobs[at] = job;
    o->count = at + 1;
    if (at + 1 == s->lanes)
        outer_run(s, m, o);
}

/* ---- one message: its next blocks ---- */

CONSTANT_SHAPE void lane_begin(const struct shape *s, struct lane *lane, const struct lanes_job *job)
{
    lane->job = job;
    lane->rest = job->message.head;
    lane->next = 0;
    lane->size = block_of(s);
    lane->ended = false;
}

/* More than there is to fill, but without a loop; in pieces that become plain stores. */
CONSTANT_SHAPE void zero_ahead(const struct shape *s, uint8_t *to)
{
    memset(to, 0, 48);
    memset(to + 48, 0, 48);
    if (s->word == 8)
        memset(to + 96, 0, 48);
}
_Static_assert(48 + 48 >= 64 + 8 && 48 + 48 + 48 >= 128 + 16, "a block and a length");

/* Padding behind `used` bytes of the buffer; the blocks that makes. */
CONSTANT_SHAPE size_t lane_end(const struct shape *s, struct lane *lane, size_t used)
{
    size_t block = block_of(s), length = 2 * s->word;
    size_t size = (used + 1 + length + block - 1) / block * block;
    uint64_t bits = lane->size * 8;
    lane->buffer[used] = 0x80;
    zero_ahead(s, lane->buffer + used + 1);
    bits = order_differs(s) ? __builtin_bswap64(bits) : bits;
    memcpy(lane->buffer + size - 8, &bits, 8);
    lane->ended = true;
    return size / block;
}

/* A message of one part that fits into two blocks with its padding: all of it at once. */
CONSTANT_SHAPE bool lane_short(const struct shape *s, struct lane *lane, const struct lanes_job *job)
{
    const struct crypto_message *m = &job->message;
    const size_t most = 2 * block_of(s) - 1 - 2 * s->word;
    if (m->count != 1 || m->parts[0].size > most || m->head.size > most || m->tail.size > most)
        return false;
    size_t head = m->head.size, body = m->parts[0].size, tail = m->tail.size;
    if (head + body + tail > most)
        return false;
    copy_short(lane->buffer, m->head.data, head);
    copy_short(lane->buffer + head, m->parts[0].data, body);
    copy_short(lane->buffer + head + body, m->tail.data, tail);
    lane->job = job;
    lane->size = block_of(s) + head + body + tail;
    return true;
}

/*
 * The next whole blocks in one piece: how many, and *run where; 0 once the message is through. A piece of a
 * block or more is read where it lies once the blocks before it are full. (What is read and written in turn
 * is kept in variables: bytes may alias anything in *lane.)
 */
CONSTANT_SHAPE size_t lane_run(const struct shape *s, struct lane *lane, const uint8_t **run)
{
    const struct crypto_message *m = &lane->job->message;
    const size_t block = block_of(s), pieces = m->count;
    struct span rest = lane->rest;
    size_t used = 0, next = lane->next, blocks = 0;
    uint8_t *buffer = lane->buffer;
    if (lane->ended)
        return 0;
    *run = buffer;
    for (;;) {
        size_t over = used % block;
        if (rest.size == 0) {
            if (next > pieces)
                break;
            rest = next == pieces ? m->tail : m->parts[next];
            next++;
        } else if (over == 0 && rest.size >= block) {
            if (used == 0) {
                *run = rest.data;
                blocks = rest.size / block;
                rest.data += blocks * block;
                rest.size %= block;
                lane->size += blocks * block;
            }
            break;
        } else {
            /* A short piece goes into the buffer whole, of a long one what fills the block. */
            size_t room = rest.size < 2 * block ? BUFFER - used : block - over;
            size_t taken = rest.size < room ? rest.size : room;
            copy_short(buffer + used, rest.data, taken);
            rest.data += taken;
            rest.size -= taken;
            used += taken;
            if (used == BUFFER)
                break;
        }
    }
    lane->size += used;
    lane->rest = rest;
    lane->next = next;
    if (blocks > 0)
        return blocks;
    return next > pieces && rest.size == 0 && used < BUFFER ? lane_end(s, lane, used) : used / block;
}

/* ---- all of them ---- */

/* The job's message into lane l. */
CONSTANT_SHAPE void engine_fill(const struct shape *s, struct engine *e, size_t l,
                                const struct lanes_job *job)
{
    for (size_t i = 0; i < s->words; i++)
        memcpy(cell(s, e->state, i, l), (const uint8_t *)job->key + i * s->word, s->word);
    struct lane *lane = e->lanes[l];
    if (lane_short(s, lane, job)) {
        e->blocks[l] = lane->buffer;
        e->left[l] = lane_end(s, lane, lane->size - block_of(s));
        return;
    }
    lane_begin(s, lane, job);
    e->left[l] = lane_run(s, lane, &e->blocks[l]);
}

/* The last lane takes lane l's place. */
CONSTANT_SHAPE void engine_drop(const struct shape *s, struct engine *e, size_t l)
{
    size_t last = --e->active;
    struct lane *free_lane = e->lanes[l];
    if (l == last)
        return;
    for (size_t i = 0; i < s->words; i++)
        memcpy(cell(s, e->state, i, l), cell(s, e->state, i, last), s->word);
    e->lanes[l] = e->lanes[last];
    e->lanes[last] = free_lane;
    e->blocks[l] = e->blocks[last];
    e->left[l] = e->left[last];
}

/* As many blocks as every lane has in one piece. */
CONSTANT_SHAPE void engine_step(const struct shape *s, struct engine *e)
{
    size_t count = e->left[0];
    for (size_t l = 1; l < e->active; l++)
        count = e->left[l] < count ? e->left[l] : count;
    for (size_t l = e->active; l < s->lanes; l++)
        e->blocks[l] = e->blocks[0];
    run_kernel(s, &e->method, e->state, e->blocks, count, e->active, NULL);
    for (size_t l = 0; l < e->active; l++) {
        e->left[l] -= count;
        e->blocks[l] += count * block_of(s);
    }
}

/* What is left of lane l, without the others. */
CONSTANT_SHAPE void engine_alone(const struct shape *s, struct engine *e, size_t l)
{
    struct crypto_blocks state;
    uint8_t *words = (uint8_t *)&state;
    for (size_t i = 0; i < s->words; i++)
        memcpy(words + i * s->word, cell(s, e->state, i, l), s->word);
    do
        e->method.alone(&state, e->blocks[l], e->left[l]);
    while ((e->left[l] = lane_run(s, e->lanes[l], &e->blocks[l])) != 0);
    outer_add(s, &e->method, &e->outer, e->lanes[l]->job, words, s->word);
    secret_wipe(words, s->words * s->word);
}
_Static_assert(offsetof(struct crypto_blocks, w32) == 0 && offsetof(struct crypto_blocks, w64) == 0,
               "words come first");

CONSTANT_SHAPE void engine_run(const struct shape *s, const struct method *method,
                               const struct lanes_job *jobs, size_t count)
{
    /* Aligned by hand: gcc 12's address sanitizer aligns variables to 32 bytes at most (its bug 110027). */
    uint8_t room[sizeof(struct engine) + ALIGNED - 1];
    struct engine *const e = (struct engine *)(((uintptr_t)room + ALIGNED - 1) & ~(uintptr_t)(ALIGNED - 1));
    size_t next = 0;
    e->method = *method;
    outer_init(s, &e->outer);
    for (e->active = 0; e->active < s->lanes && next < count; e->active++) {
        e->lanes[e->active] = &e->room[e->active];
        engine_fill(s, e, e->active, &jobs[next++]);
    }
    while (e->active >= method->least) {
        engine_step(s, e);
        /* Downwards: where all end at once, none has to move. */
        for (size_t l = e->active; l-- > 0;) {
            if (e->left[l] == 0)
                e->left[l] = lane_run(s, e->lanes[l], &e->blocks[l]);
            if (e->left[l] != 0)
                continue;
            outer_add(s, method, &e->outer, e->lanes[l]->job, cell(s, e->state, 0, l), s->lanes * s->word);
            if (next < count)
                engine_fill(s, e, l, &jobs[next++]);
            else
                engine_drop(s, e, l);
        }
    }
    while (e->active > 0)
        engine_alone(s, e, --e->active);
    if (e->outer.count > 0)
        outer_run(s, method, &e->outer);
    secret_wipe(e->state, s->words * s->lanes * s->word);
    secret_wipe(e->outer.state, s->words * s->lanes * s->word);
    secret_wipe(e->outer.digest, s->digest * s->lanes * s->word);
}

/* ---- the hashes ---- */

/* What sizes the plan of alike.c can take. */
static bool are_alike(const struct lanes_job *jobs, size_t count, size_t block)
{
    const struct crypto_message *m = &jobs[0].message;
    if (m->count != 1 || m->head.size >= block || m->tail.size > block - block / 8)
        return false;
    const size_t head = m->head.size, tail = m->tail.size, body = m->parts[0].size;
    size_t differ = 0;
    for (size_t i = 1; i < count; i++) {
        m = &jobs[i].message;
        if (m->count != 1)
            return false;
        differ |= (m->head.size ^ head) | (m->tail.size ^ tail) | (m->parts[0].size ^ body);
    }
    return differ == 0;
}

#ifdef LANES_X86
#define ALIKE_FOR(k, name) ((k)->avx2 ? lanes_alike_##name##_avx2 : lanes_alike_##name##_portable)
#else
#define ALIKE_FOR(k, name) lanes_alike_##name##_portable
#endif

#define ONE(name)                                                                                            \
    static void one_##name(const void *key, const struct crypto_message *m, uint8_t *mac)                    \
    {                                                                                                        \
        crypto_hmac_##name(key, m, mac);                                                                     \
    }
ONE(md5)
ONE(sha1)
ONE(sha256)
ONE(sha384)

/* A message without others of its kind is best off without lanes. */
static bool one_by_one(const struct method *method, const struct lanes_job *jobs, size_t count)
{
    if (count >= method->least)
        return false;
    for (size_t i = 0; i < count; i++)
        method->one(jobs[i].key, &jobs[i].message, jobs[i].mac);
    return true;
}

void lanes_hmac_md5(const struct lanes_job *jobs, size_t count)
{
    const struct lanes_kernels *k = lanes_kernels();
    const struct method method = {
        .kernel32 = k->md5, .least = k->md5_least, .alone = crypto_md5_blocks, .one = one_md5};
    if (one_by_one(&method, jobs, count))
        return;
    if (are_alike(jobs, count, 64))
        ALIKE_FOR(k, md5)(&method, jobs, count);
    else
        engine_run(&shape_md5, &method, jobs, count);
}

void lanes_hmac_sha1(const struct lanes_job *jobs, size_t count)
{
    const struct lanes_kernels *k = lanes_kernels();
    const struct method method = {
        .kernel32 = k->sha1, .least = k->sha1_least, .alone = crypto_sha1_blocks, .one = one_sha1};
    if (one_by_one(&method, jobs, count))
        return;
    if (are_alike(jobs, count, 64))
        ALIKE_FOR(k, sha1)(&method, jobs, count);
    else
        engine_run(&shape_sha1, &method, jobs, count);
}

void lanes_hmac_sha256(const struct lanes_job *jobs, size_t count)
{
    const struct lanes_kernels *k = lanes_kernels();
    const struct method method = {
        .kernel32 = k->sha256, .least = k->sha256_least, .alone = crypto_sha256_blocks, .one = one_sha256};
    if (one_by_one(&method, jobs, count))
        return;
    if (are_alike(jobs, count, 64))
        ALIKE_FOR(k, sha256)(&method, jobs, count);
    else
        engine_run(&shape_sha256, &method, jobs, count);
}

void lanes_hmac_sha384(const struct lanes_job *jobs, size_t count)
{
    const struct lanes_kernels *k = lanes_kernels();
    const struct method method = {
        .kernel64 = k->sha512, .least = k->sha512_least, .alone = crypto_sha512_blocks, .one = one_sha384};
    if (one_by_one(&method, jobs, count))
        return;
    if (are_alike(jobs, count, 128))
        ALIKE_FOR(k, sha384)(&method, jobs, count);
    else
        engine_run(&shape_sha384, &method, jobs, count);
}
