/* SPDX-License-Identifier: MIT */
/*
 * crypto/lanes/shape: what the two ways of filling lanes share: any messages (engine.c), and messages that
 * are alike (alike.c). Compiled once per hash by constant propagation: every function with CONSTANT_SHAPE
 * takes the hash's shape as a constant.
 */
#ifndef OPENSSPI_CRYPTO_LANES_SHAPE_H
#define OPENSSPI_CRYPTO_LANES_SHAPE_H

#include "crypto/blocks.h"
#include "crypto/lanes/kernels.h"
#include "crypto/lanes/lanes.h"

#define CONSTANT_SHAPE static inline __attribute__((always_inline))

enum { WORDS_MAX = 8, BLOCK_MAX = 128, ALIGNED = 64 };

/* A word that is the same in all lanes. */
union row {
    uint32_t words32[LANES_MAX];
    uint64_t words64[LANES_SHA512];
} __attribute__((aligned(ALIGNED)));

#define TIMES_8(x)  x, x, x, x, x, x, x, x
#define TIMES_32(x) TIMES_8(x), TIMES_8(x), TIMES_8(x), TIMES_8(x)

static const union row row_zero;
static const union row row_end_little = {.words32 = {TIMES_32(0x80)}};
static const union row row_end_big = {.words32 = {TIMES_32(0x80000000)}};
static const union row row_end_long = {.words64 = {TIMES_8(UINT64_C(0x80) << 56)}};
/* Of the outer hash: a block and a digest, in bits. */
static const union row row_size_md5 = {.words32 = {TIMES_32((64 + 16) * 8)}};
static const union row row_size_sha1 = {.words32 = {TIMES_32((64 + 20) * 8)}};
static const union row row_size_sha256 = {.words32 = {TIMES_32((64 + 32) * 8)}};
static const union row row_size_sha384 = {.words64 = {TIMES_8((128 + 48) * 8)}};

/* What the hashes differ in. */
struct shape {
    size_t word;   /* bytes of a word */
    size_t words;  /* of the state */
    size_t digest; /* words of the digest */
    size_t lanes;
    bool big_endian;
    const union row *end, *size; /* the outer block behind its digest */
};

static const struct shape shape_md5 = {4, 4, 4, LANES_MD5, false, &row_end_little, &row_size_md5};
static const struct shape shape_sha1 = {4, 5, 5, LANES_SHA1, true, &row_end_big, &row_size_sha1};
static const struct shape shape_sha256 = {4, 8, 8, LANES_SHA256, true, &row_end_big, &row_size_sha256};
static const struct shape shape_sha384 = {8, 8, 6, LANES_SHA512, true, &row_end_long, &row_size_sha384};

CONSTANT_SHAPE size_t block_of(const struct shape *s)
{
    return 16 * s->word;
}

/* The hash in use. */
struct method {
    lanes_kernel32 *kernel32;
    lanes_kernel64 *kernel64; /* where words have 64 bits */
    size_t least;
    /* Whole blocks into one state. */
    void (*alone)(struct crypto_blocks *state, const uint8_t *blocks, size_t count);
    /* A whole HMAC. */
    void (*one)(const void *key, const struct crypto_message *m, uint8_t *mac);
};

CONSTANT_SHAPE uint8_t *cell(const struct shape *s, uint8_t *rows, size_t row, size_t lane)
{
    return rows + (row * s->lanes + lane) * s->word;
}

CONSTANT_SHAPE void run_kernel(const struct shape *s, const struct method *m, uint8_t *state,
                               const uint8_t *const *blocks, size_t count, size_t lanes,
                               const void *const *rows)
{
    if (s->word == 8)
        m->kernel64((uint64_t *)(void *)state, blocks, count, lanes,
                    (const uint64_t *const *)(const void *)rows);
    else
        m->kernel32((uint32_t *)(void *)state, blocks, count, lanes,
                    (const uint32_t *const *)(const void *)rows);
}

/* From a number to the hash's order of bytes. */
CONSTANT_SHAPE bool order_differs(const struct shape *s)
{
    return s->big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

/* A few bytes, without a call: two pieces that overlap cover any size. */
static inline __attribute__((always_inline)) void copy_ends(uint8_t *to, const uint8_t *from, size_t size,
                                                            size_t piece)
{
    uint8_t first[32], last[32];
    memcpy(first, from, piece);
    memcpy(last, from + size - piece, piece);
    memcpy(to, first, piece);
    memcpy(to + size - piece, last, piece);
}

static inline void copy_short(uint8_t *to, const uint8_t *from, size_t size)
{
    for (; size > 64; size -= 32, to += 32, from += 32)
        memcpy(to, from, 32);
    if (size >= 32)
        copy_ends(to, from, size, 32);
    else if (size >= 16)
        copy_ends(to, from, size, 16);
    else if (size >= 8)
        copy_ends(to, from, size, 8);
    else if (size >= 4)
        copy_ends(to, from, size, 4);
    else if (size > 0) {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
}

/*
 * Messages of one part each that are alike: of the same sizes, the head less than a block, the tail no more
 * than seven eighths of one, so that what is left at the end takes two blocks at most with its padding. They
 * go through together from the first block to the last; those that are too few for lanes one after the other.
 * Compiled twice, for any processor and for AVX2 (as the best kernels' surroundings).
 */
#define ALIKE_PASTE(name, isa)  lanes_alike_##name##_##isa
#define ALIKE_EXPAND(name, isa) ALIKE_PASTE(name, isa)
#define ALIKE(name)             ALIKE_EXPAND(name, LANES_ISA)
typedef void lanes_alike(const struct method *method, const struct lanes_job *jobs, size_t count);

lanes_alike lanes_alike_md5_portable, lanes_alike_sha1_portable, lanes_alike_sha256_portable,
    lanes_alike_sha384_portable;
lanes_alike lanes_alike_md5_avx2, lanes_alike_sha1_avx2, lanes_alike_sha256_avx2, lanes_alike_sha384_avx2;

#endif
