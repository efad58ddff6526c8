/* SPDX-License-Identifier: MIT */
/*
 * Messages that are alike, as most batches are: what is where in them is known once for all lanes. Chaining
 * words and checksums are turned between keys and lanes sixteen bytes at a time, whole blocks are read where
 * they lie, and the outer hash takes the inner ones in the lanes where they are.
 */
#include "base/secret.h"
#include "crypto/lanes/shape.h"

#ifndef LANES_ISA
#define LANES_ISA portable
#endif

enum { COLUMN = 16, DIRECT_MAX = 96 };

/* So few bytes of a message in its last block are spread over its rows from where they lie: the other words
 * are constants. What is more the kernels do faster from a copy. */
CONSTANT_SHAPE size_t direct_max(const struct shape *s)
{
    return s->word == 8 ? DIRECT_MAX : 2 * COLUMN;
}

/* A message's blocks: one that begins with the head, whole ones where they lie, and the last one or two. */
struct plan {
    size_t first;  /* bytes of the body beside the head; 0: there is no such block */
    size_t middle; /* blocks */
    size_t head;   /* bytes of it in the last blocks */
    size_t body;   /* where what is left of the body begins */
    size_t rest;   /* bytes of the message in the last blocks */
    size_t blocks; /* last ones */
    bool direct;   /* the rest is spread from where it lies: words of the body or of the tail */
    uint64_t bits; /* of the whole, the key's block included */
};

struct room {
    uint8_t inner[WORDS_MAX * LANES_MAX * 4] __attribute__((aligned(ALIGNED)));
    uint8_t outer[WORDS_MAX * LANES_MAX * 4] __attribute__((aligned(ALIGNED)));
    uint8_t last[WORDS_MAX * LANES_MAX * 4] __attribute__((aligned(ALIGNED)));
    union row bits[2]; /* upper half, lower half */
    uint8_t first[LANES_MAX * 64] __attribute__((aligned(ALIGNED)));
    uint8_t rest[LANES_MAX * 128] __attribute__((aligned(ALIGNED)));
    uint8_t none[64]; /* for the checksums of lanes that are empty */
    const void *last_rows[16], *outer_rows[16];
    const struct lanes_job *jobs;
    const uint8_t *from[LANES_MAX];
    uint8_t *to[LANES_MAX];
};
_Static_assert(LANES_SHA512 *BLOCK_MAX <= LANES_MAX * 64, "blocks of 128 bytes fit");

/* ---- sixteen bytes of each lane, and rows of words ---- */

typedef uint32_t quad __attribute__((vector_size(16), may_alias));
typedef uint64_t pair __attribute__((vector_size(16), may_alias));
typedef uint32_t quad_unaligned __attribute__((vector_size(16), may_alias, aligned(1)));
typedef uint64_t pair_unaligned __attribute__((vector_size(16), may_alias, aligned(1)));

#ifdef __SSSE3__
typedef uint8_t sixteen __attribute__((vector_size(16), may_alias));

static inline quad swap_quad(quad x)
{
    sixteen b = (sixteen)x;
    return (quad)__builtin_shufflevector(b, b, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

static inline pair swap_pair(pair x)
{
    sixteen b = (sixteen)x;
    return (pair)__builtin_shufflevector(b, b, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
}
#else
static inline quad swap_quad(quad x)
{
    x = (x << 16) | (x >> 16);
    return ((x << 8) & 0xff00ff00) | ((x >> 8) & 0x00ff00ff);
}

static inline pair swap_pair(pair x)
{
    quad halves = swap_quad((quad)x);
    return (pair)__builtin_shufflevector(halves, halves, 1, 0, 3, 2);
}
#endif

/* Rows and columns of 4 x 4 words change places. */
static inline void turn_quads(quad v[4])
{
    pair low01 = (pair)__builtin_shufflevector(v[0], v[1], 0, 4, 1, 5);
    pair high01 = (pair)__builtin_shufflevector(v[0], v[1], 2, 6, 3, 7);
    pair low23 = (pair)__builtin_shufflevector(v[2], v[3], 0, 4, 1, 5);
    pair high23 = (pair)__builtin_shufflevector(v[2], v[3], 2, 6, 3, 7);
    v[0] = (quad)__builtin_shufflevector(low01, low23, 0, 2);
    v[1] = (quad)__builtin_shufflevector(low01, low23, 1, 3);
    v[2] = (quad)__builtin_shufflevector(high01, high23, 0, 2);
    v[3] = (quad)__builtin_shufflevector(high01, high23, 1, 3);
}

static inline void turn_pairs(pair v[2])
{
    pair first = __builtin_shufflevector(v[0], v[1], 0, 2);
    v[1] = __builtin_shufflevector(v[0], v[1], 1, 3);
    v[0] = first;
}

/* Lanes are turned four at a time. */
static inline size_t in_fours(size_t lanes)
{
    return (lanes + 3) & ~(size_t)3;
}

/* The 16 bytes at from[lane] + at: to as many words' rows. */
CONSTANT_SHAPE void column_in(const struct shape *s, uint8_t *rows, const uint8_t *const *from, size_t at,
                              size_t lanes, bool swap)
{
    for (size_t l = 0; s->word == 4 && l < lanes; l += 4) {
        quad v[4];
        for (size_t i = 0; i < 4; i++)
            v[i] = *(const quad_unaligned *)(const void *)(from[l + i] + at);
        turn_quads(v);
        for (size_t i = 0; i < 4; i++)
            *(quad *)(void *)cell(s, rows, i, l) = swap ? swap_quad(v[i]) : v[i];
    }
    for (size_t l = 0; s->word == 8 && l < lanes; l += 2) {
        pair v[2];
        for (size_t i = 0; i < 2; i++)
            v[i] = *(const pair_unaligned *)(const void *)(from[l + i] + at);
        turn_pairs(v);
        for (size_t i = 0; i < 2; i++)
            *(pair *)(void *)cell(s, rows, i, l) = swap ? swap_pair(v[i]) : v[i];
    }
}

/* And back. */
CONSTANT_SHAPE void column_out(const struct shape *s, uint8_t *rows, uint8_t *const *to, size_t at,
                               size_t lanes, bool swap)
{
    for (size_t l = 0; s->word == 4 && l < lanes; l += 4) {
        quad v[4];
        for (size_t i = 0; i < 4; i++) {
            v[i] = *(const quad *)(void *)cell(s, rows, i, l);
            v[i] = swap ? swap_quad(v[i]) : v[i];
        }
        turn_quads(v);
        for (size_t i = 0; i < 4; i++)
            *(quad_unaligned *)(void *)(to[l + i] + at) = v[i];
    }
    for (size_t l = 0; s->word == 8 && l < lanes; l += 2) {
        pair v[2];
        for (size_t i = 0; i < 2; i++) {
            v[i] = *(const pair *)(void *)cell(s, rows, i, l);
            v[i] = swap ? swap_pair(v[i]) : v[i];
        }
        turn_pairs(v);
        for (size_t i = 0; i < 2; i++)
            *(pair_unaligned *)(void *)(to[l + i] + at) = v[i];
    }
}

/* One word of each lane. */
CONSTANT_SHAPE void word_in(const struct shape *s, uint8_t *row, const uint8_t *const *from, size_t at,
                            size_t lanes, bool swap)
{
    for (size_t l = 0; s->word == 4 && l < lanes; l += 4) {
        uint32_t w[4];
        for (size_t i = 0; i < 4; i++)
            memcpy(&w[i], from[l + i] + at, 4);
        const quad v = {w[0], w[1], w[2], w[3]};
        *(quad *)(void *)cell(s, row, 0, l) = swap ? swap_quad(v) : v;
    }
    for (size_t l = 0; s->word == 8 && l < lanes; l += 2) {
        uint64_t w[2];
        for (size_t i = 0; i < 2; i++)
            memcpy(&w[i], from[l + i] + at, 8);
        const pair v = {w[0], w[1]};
        *(pair *)(void *)cell(s, row, 0, l) = swap ? swap_pair(v) : v;
    }
}

/* Any number of words. */
CONSTANT_SHAPE void words_in(const struct shape *s, uint8_t *rows, const uint8_t *const *from, size_t at,
                             size_t words, size_t lanes, bool swap)
{
    size_t row = 0;
    for (; row + COLUMN / s->word <= words; row += COLUMN / s->word)
        column_in(s, cell(s, rows, row, 0), from, at + row * s->word, lanes, swap);
    for (; row < words; row++)
        word_in(s, cell(s, rows, row, 0), from, at + row * s->word, lanes, swap);
}

CONSTANT_SHAPE void digest_out(const struct shape *s, uint8_t *rows, uint8_t *const *to, size_t lanes)
{
    size_t row = 0;
    for (; (row + COLUMN / s->word) <= s->digest; row += COLUMN / s->word)
        column_out(s, cell(s, rows, row, 0), to, row * s->word, lanes, order_differs(s));
    for (; row < s->digest; row++)
        for (size_t l = 0; l < lanes; l++) {
            uint32_t number;
            memcpy(&number, cell(s, rows, row, l), sizeof number);
            number = order_differs(s) ? __builtin_bswap32(number) : number;
            memcpy(to[l] + row * s->word, &number, sizeof number);
        }
}

/* ---- what is where ---- */

CONSTANT_SHAPE struct plan plan_make(const struct shape *s, const struct crypto_message *m)
{
    const size_t block = block_of(s), head = m->head.size, body = m->parts[0].size, tail = m->tail.size;
    struct plan p = {.bits = (uint64_t)(block + head + body + tail) * 8};
    if (head > 0 && head + body >= block)
        p.first = block - head;
    if (head == 0 || p.first > 0)
        p.middle = (body - p.first) / block;
    p.head = p.first > 0 ? 0 : head;
    p.body = p.first + p.middle * block;
    p.rest = p.head + body - p.body + tail;
    p.blocks = (p.rest + 1 + 2 * s->word + block - 1) / block;
    p.direct = p.blocks == 1 && p.rest <= direct_max(s) && (p.head | (body - p.body) | tail) % s->word == 0;
    return p;
}

/* The padding, behind where the message will end. */
CONSTANT_SHAPE void plan_pad(const struct shape *s, const struct plan *p, struct room *r)
{
    const size_t block = block_of(s);
    uint64_t bits = order_differs(s) ? __builtin_bswap64(p->bits) : p->bits;
    uint8_t end[2 * BLOCK_MAX] = {0};
    end[p->rest] = 0x80;
    memcpy(end + p->blocks * block - 8, &bits, 8);
    for (size_t l = 0; l < s->lanes; l++) {
        if (p->blocks == 1)
            memcpy(r->rest + l * 2 * block, end, block);
        else
            memcpy(r->rest + l * 2 * block, end, 2 * block);
    }
}

/* Where words come from: the outer hash's, and the last block's if it is spread from where it lies. */
CONSTANT_SHAPE void plan_rows(const struct shape *s, const struct plan *p, struct room *r)
{
    for (size_t i = 0; i < 16; i++) {
        r->outer_rows[i] = i < s->digest ? (const void *)cell(s, r->inner, i, 0) : &row_zero;
        r->last_rows[i] = i * s->word < p->rest ? (const void *)cell(s, r->last, i, 0) : &row_zero;
    }
    r->outer_rows[s->digest] = s->end;
    r->outer_rows[s->big_endian ? 15 : 14] = s->size;
    if (p->direct)
        r->last_rows[p->rest / s->word] = s->end;
    for (size_t l = 0; l < s->lanes; l++) {
        if (s->word == 8) {
            r->bits[1].words64[l] = p->bits;
        } else {
            r->bits[0].words32[l] = (uint32_t)(p->bits >> 32);
            r->bits[1].words32[l] = (uint32_t)p->bits;
        }
    }
    if (s->word == 4)
        r->last_rows[s->big_endian ? 14 : 15] = &r->bits[0];
    r->last_rows[s->big_endian ? 15 : 14] = &r->bits[1];
}

/* ---- as many messages as there are lanes ---- */

/* `size` bytes from every lane's place to every lane's room. What they are is looked at once. */
#define COPY_EACH(piece)                                                                                     \
    for (size_t l = 0; l < lanes; l++, to += stride)                                                         \
    copy_ends(to, from[l], size, piece)
static inline void copy_each(uint8_t *to, size_t stride, const uint8_t *const *from, size_t size,
                             size_t lanes)
{
    if (size == 0)
        return;
    if (size >= 32 && size <= 64)
        COPY_EACH(32);
    else if (size >= 16 && size <= 32)
        COPY_EACH(16);
    else if (size >= 8 && size <= 16)
        COPY_EACH(8);
    else if (size >= 4 && size <= 8)
        COPY_EACH(4);
    else
        for (size_t l = 0; l < lanes; l++, to += stride)
            copy_short(to, from[l], size);
}

CONSTANT_SHAPE void from_head(struct room *r, size_t lanes)
{
    for (size_t l = 0; l < lanes; l++)
        r->from[l] = r->jobs[l].message.head.data;
}

CONSTANT_SHAPE void from_body(struct room *r, size_t at, size_t lanes)
{
    for (size_t l = 0; l < lanes; l++)
        r->from[l] = r->jobs[l].message.parts[0].data + at;
}

CONSTANT_SHAPE void from_tail(struct room *r, size_t lanes)
{
    for (size_t l = 0; l < lanes; l++)
        r->from[l] = r->jobs[l].message.tail.data;
}

/* Behind a short head the body goes on in stores that are aligned, which costs a third less. */
CONSTANT_SHAPE void fill_first(const struct shape *s, const struct plan *p, struct room *r, size_t lanes)
{
    const size_t block = block_of(s), head = block - p->first;
    uint8_t *to = r->first;
    for (size_t l = 0; l < lanes; l++, to += block) {
        const struct crypto_message *m = &r->jobs[l].message;
        const uint8_t *body = m->parts[0].data;
        if (head == 4)
            memcpy(to, m->head.data, 4);
        else
            copy_short(to, m->head.data, head);
        if (head <= 16) {
            memcpy(to + head, body, 16);
            for (size_t at = 16; at < block; at += 16)
                memcpy(to + at, body + at - head, 16);
        } else {
            copy_short(to + head, body, block - head);
        }
    }
}

CONSTANT_SHAPE void fill_rest(const struct shape *s, const struct plan *p, struct room *r, size_t lanes)
{
    const struct crypto_message *m = &r->jobs[0].message;
    const size_t stride = 2 * block_of(s);
    if (p->head > 0)
        from_head(r, lanes);
    copy_each(r->rest, stride, r->from, p->head, lanes);
    from_body(r, p->body, lanes);
    copy_each(r->rest + p->head, stride, r->from, m->parts[0].size - p->body, lanes);
    from_tail(r, lanes);
    copy_each(r->rest + p->rest - m->tail.size, stride, r->from, m->tail.size, lanes);
}

/* Lanes that are empty do what the first one does. */
CONSTANT_SHAPE void from_rooms(const struct shape *s, struct room *r, const uint8_t *rooms, size_t stride,
                               size_t lanes)
{
    for (size_t l = 0; l < s->lanes; l++)
        r->from[l] = rooms + (l < lanes ? l : 0) * stride;
}

CONSTANT_SHAPE void from_first(const struct shape *s, struct room *r, size_t lanes)
{
    for (size_t l = lanes; l < s->lanes; l++)
        r->from[l] = r->from[0];
}

/* A piece of the message to the last block's rows; the row behind it. */
CONSTANT_SHAPE size_t last_in(const struct shape *s, struct room *r, size_t row, size_t size, size_t lanes)
{
    from_first(s, r, lanes);
    words_in(s, cell(s, r->last, row, 0), r->from, 0, size / s->word, in_fours(lanes), order_differs(s));
    return row + size / s->word;
}

CONSTANT_SHAPE void run_last(const struct shape *s, const struct method *method, const struct plan *p,
                             struct room *r, size_t lanes)
{
    if (!p->direct) {
        from_rooms(s, r, r->rest, 2 * block_of(s), lanes);
        run_kernel(s, method, r->inner, r->from, p->blocks, lanes, NULL);
        return;
    }
    const struct crypto_message *m = &r->jobs[0].message;
    size_t row = 0;
    if (p->head > 0) {
        from_head(r, lanes);
        row = last_in(s, r, row, p->head, lanes);
    }
    if (m->parts[0].size > p->body) {
        from_body(r, p->body, lanes);
        row = last_in(s, r, row, m->parts[0].size - p->body, lanes);
    }
    if (m->tail.size > 0) {
        from_tail(r, lanes);
        last_in(s, r, row, m->tail.size, lanes);
    }
    run_kernel(s, method, r->inner, NULL, 1, lanes, r->last_rows);
}

CONSTANT_SHAPE void run_group(const struct shape *s, const struct method *method, const struct plan *p,
                              struct room *r, size_t lanes)
{
    const size_t used = in_fours(lanes);
    for (size_t l = 0; l < used; l++) {
        r->from[l] = r->jobs[l < lanes ? l : 0].key;
        r->to[l] = l < lanes ? r->jobs[l].mac : r->none;
    }
    words_in(s, r->inner, r->from, 0, s->words, used, false);
    words_in(s, r->outer, r->from, s->words * s->word, s->words, used, false);
    if (p->first > 0)
        fill_first(s, p, r, lanes);
    if (!p->direct)
        fill_rest(s, p, r, lanes);
    if (p->first > 0) {
        from_rooms(s, r, r->first, block_of(s), lanes);
        run_kernel(s, method, r->inner, r->from, 1, lanes, NULL);
    }
    if (p->middle > 0) {
        from_body(r, p->first, lanes);
        from_first(s, r, lanes);
        run_kernel(s, method, r->inner, r->from, p->middle, lanes, NULL);
    }
    run_last(s, method, p, r, lanes);
    run_kernel(s, method, r->outer, NULL, 1, lanes, r->outer_rows);
    digest_out(s, r->outer, r->to, used);
}

CONSTANT_SHAPE void run_all(const struct shape *s, const struct method *method, const struct lanes_job *jobs,
                            size_t count)
{
    /* Aligned by hand: gcc 12's address sanitizer aligns variables to 32 bytes at most (its bug 110027). */
    uint8_t bytes[sizeof(struct room) + ALIGNED - 1];
    struct room *const r = (struct room *)(((uintptr_t)bytes + ALIGNED - 1) & ~(uintptr_t)(ALIGNED - 1));
    const struct plan p = plan_make(s, &jobs[0].message);
    plan_rows(s, &p, r);
    if (!p.direct)
        plan_pad(s, &p, r);
    while (count >= method->least) {
        size_t lanes = count < s->lanes ? count : s->lanes;
        r->jobs = jobs;
        run_group(s, method, &p, r, lanes);
        jobs += lanes;
        count -= lanes;
    }
    for (; count > 0; count--, jobs++)
        method->one(jobs->key, &jobs->message, jobs->mac);
    secret_wipe(r->inner, s->words * s->lanes * s->word);
    secret_wipe(r->outer, s->words * s->lanes * s->word);
    secret_wipe(r->none, sizeof r->none);
}

/* ---- the hashes ---- */

void ALIKE(md5)(const struct method *method, const struct lanes_job *jobs, size_t count)
{
    run_all(&shape_md5, method, jobs, count);
}

void ALIKE(sha1)(const struct method *method, const struct lanes_job *jobs, size_t count)
{
    run_all(&shape_sha1, method, jobs, count);
}

void ALIKE(sha256)(const struct method *method, const struct lanes_job *jobs, size_t count)
{
    run_all(&shape_sha256, method, jobs, count);
}

void ALIKE(sha384)(const struct method *method, const struct lanes_job *jobs, size_t count)
{
    run_all(&shape_sha384, method, jobs, count);
}
