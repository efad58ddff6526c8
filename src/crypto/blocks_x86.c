/* SPDX-License-Identifier: MIT */
/*
 * SHA-1 and SHA-256 with the processor's own instructions (Intel's SHA extensions, in AMD's since Zen). The
 * words stay in registers from block to block, which is what the libraries' functions for one block lack.
 */
#include <cpuid.h>
#include <immintrin.h>

#include "crypto/blocks.h"
#include "crypto/sha256_constants.h"

/* 0: not asked yet, 1: no, 2: yes. Whoever asks first or at the same time finds the same. */
static int shani_known; /* atomic */

static bool shani_ask(void)
{
    unsigned a, b, c, d, sse = 0;
    if (__get_cpuid(1, &a, &b, &sse, &d) == 0 || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0)
        b = 0;
    bool yes = (b & bit_SHA) && (sse & bit_SSE4_1) && (sse & bit_SSSE3);
    __atomic_store_n(&shani_known, yes ? 2 : 1, __ATOMIC_RELAXED);
    return yes;
}

static inline bool shani(void)
{
    int known = __atomic_load_n(&shani_known, __ATOMIC_RELAXED);
    return known == 0 ? shani_ask() : known == 2;
}

void crypto_blocks_without_instructions(bool without)
{
    __atomic_store_n(&shani_known, without ? 1 : 0, __ATOMIC_RELAXED);
}

#define SHANI __attribute__((target("sha,sse4.1,ssse3")))

static inline SHANI __m128i load_swapped(const uint8_t *data, __m128i order)
{
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)data), order);
}

/*
 * Four rounds: g is a constant, the group's number. The next E is the A of four rounds ago, rotated, which
 * sha1nexte adds to the message words. w[g % 4] is used here and replaced by the words of group g + 4.
 */
#define SHA1_FOUR(g)                                                                                         \
    do {                                                                                                     \
        __m128i before = abcd;                                                                               \
        e = (g) == 0 ? _mm_add_epi32(e, w[0]) : _mm_sha1nexte_epu32(e, w[(g) % 4]);                          \
        abcd = _mm_sha1rnds4_epu32(abcd, e, (g) / 5);                                                        \
        e = before;                                                                                          \
        if ((g) < 16)                                                                                        \
            w[(g) % 4] = _mm_sha1msg2_epu32(                                                                 \
                _mm_xor_si128(_mm_sha1msg1_epu32(w[(g) % 4], w[((g) + 1) % 4]), w[((g) + 2) % 4]),           \
                w[((g) + 3) % 4]);                                                                           \
    } while (0)

/* A in the highest word; E likewise, the others of e are zero. */
struct sha1_state {
    __m128i abcd, e;
};

static inline SHANI struct sha1_state sha1_load(const uint32_t words[static 5])
{
    return (struct sha1_state){
        _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)words), 0x1b),
        _mm_set_epi32((int)words[4], 0, 0, 0),
    };
}

static inline SHANI __attribute__((always_inline)) struct sha1_state
sha1_block(struct sha1_state s, __m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    __m128i abcd = s.abcd, e = s.e, w[4] = {w0, w1, w2, w3};
    SHA1_FOUR(0);
    SHA1_FOUR(1);
    SHA1_FOUR(2);
    SHA1_FOUR(3);
    SHA1_FOUR(4);
    SHA1_FOUR(5);
    SHA1_FOUR(6);
    SHA1_FOUR(7);
    SHA1_FOUR(8);
    SHA1_FOUR(9);
    SHA1_FOUR(10);
    SHA1_FOUR(11);
    SHA1_FOUR(12);
    SHA1_FOUR(13);
    SHA1_FOUR(14);
    SHA1_FOUR(15);
    SHA1_FOUR(16);
    SHA1_FOUR(17);
    SHA1_FOUR(18);
    SHA1_FOUR(19);
    return (struct sha1_state){_mm_add_epi32(abcd, s.abcd), _mm_sha1nexte_epu32(e, s.e)};
}

static inline SHANI __attribute__((always_inline)) struct sha1_state sha1_data(struct sha1_state s,
                                                                               const uint8_t *data)
{
    const __m128i order = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    return sha1_block(s, load_swapped(data, order), load_swapped(data + 16, order),
                      load_swapped(data + 32, order), load_swapped(data + 48, order));
}

static SHANI void sha1_shani(uint32_t words[static 5], const uint8_t *data, size_t blocks)
{
    struct sha1_state s = sha1_load(words);
    for (; blocks > 0; blocks--, data += 64)
        s = sha1_data(s, data);
    _mm_storeu_si128((__m128i *)(void *)words, _mm_shuffle_epi32(s.abcd, 0x1b));
    words[4] = (uint32_t)_mm_extract_epi32(s.e, 3);
}

/* The outer block's words are the inner state as it stands in the registers. */
static SHANI void sha1_end_shani(const uint32_t inner[static 5], const uint32_t outer[static 5],
                                 const uint8_t *run, size_t run_blocks, const uint8_t *last,
                                 size_t last_blocks, uint8_t mac[static 20])
{
    struct sha1_state s = sha1_load(inner);
    for (; run_blocks > 0; run_blocks--, run += 64)
        s = sha1_data(s, run);
    for (; last_blocks > 0; last_blocks--, last += 64)
        s = sha1_data(s, last);
    s = sha1_block(sha1_load(outer), s.abcd, _mm_or_si128(s.e, _mm_set_epi32(0, (int)0x80000000, 0, 0)),
                   _mm_setzero_si128(), _mm_set_epi32(0, 0, 0, (64 + 20) * 8));
    const __m128i order = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    _mm_storeu_si128((__m128i *)(void *)mac, _mm_shuffle_epi8(s.abcd, order));
    uint32_t fifth = __builtin_bswap32((uint32_t)_mm_extract_epi32(s.e, 3));
    memcpy(mac + 16, &fifth, 4);
}

/* Four rounds, as above; the state is in the order that sha256rnds2 wants. */
#define SHA256_FOUR(g)                                                                                       \
    do {                                                                                                     \
        __m128i sum = _mm_add_epi32(                                                                         \
            w[(g) % 4], _mm_load_si128((const __m128i *)(const void *)(sha256_constants + 4 * (g))));        \
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);                                                       \
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));                              \
        if ((g) < 12)                                                                                        \
            w[(g) % 4] =                                                                                     \
                _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w[(g) % 4], w[((g) + 1) % 4]),       \
                                                   _mm_alignr_epi8(w[((g) + 3) % 4], w[((g) + 2) % 4], 4)),  \
                                     w[((g) + 3) % 4]);                                                      \
    } while (0)

/* In the order that sha256rnds2 wants. */
struct sha256_state {
    __m128i abef, cdgh;
};

static inline SHANI struct sha256_state sha256_load(const uint32_t words[static 8])
{
    const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)words), 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(words + 4)), 0x1b);
    return (struct sha256_state){_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

/* A and E in the lowest words. */
struct sha256_words {
    __m128i dcba, hgfe;
};

static inline SHANI struct sha256_words sha256_words(struct sha256_state s)
{
    const __m128i feba = _mm_shuffle_epi32(s.abef, 0x1b), dchg = _mm_shuffle_epi32(s.cdgh, 0xb1);
    return (struct sha256_words){_mm_blend_epi16(feba, dchg, 0xf0), _mm_alignr_epi8(dchg, feba, 8)};
}

static inline SHANI __attribute__((always_inline)) struct sha256_state
sha256_block(struct sha256_state s, __m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    __m128i abef = s.abef, cdgh = s.cdgh, w[4] = {w0, w1, w2, w3};
    SHA256_FOUR(0);
    SHA256_FOUR(1);
    SHA256_FOUR(2);
    SHA256_FOUR(3);
    SHA256_FOUR(4);
    SHA256_FOUR(5);
    SHA256_FOUR(6);
    SHA256_FOUR(7);
    SHA256_FOUR(8);
    SHA256_FOUR(9);
    SHA256_FOUR(10);
    SHA256_FOUR(11);
    SHA256_FOUR(12);
    SHA256_FOUR(13);
    SHA256_FOUR(14);
    SHA256_FOUR(15);
    return (struct sha256_state){_mm_add_epi32(abef, s.abef), _mm_add_epi32(cdgh, s.cdgh)};
}

static inline SHANI __attribute__((always_inline)) struct sha256_state sha256_data(struct sha256_state s,
                                                                                   const uint8_t *data)
{
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return sha256_block(s, load_swapped(data, order), load_swapped(data + 16, order),
                        load_swapped(data + 32, order), load_swapped(data + 48, order));
}

static SHANI void sha256_shani(uint32_t words[static 8], const uint8_t *data, size_t blocks)
{
    struct sha256_state s = sha256_load(words);
    for (; blocks > 0; blocks--, data += 64)
        s = sha256_data(s, data);
    const struct sha256_words out = sha256_words(s);
    _mm_storeu_si128((__m128i *)(void *)words, out.dcba);
    _mm_storeu_si128((__m128i *)(void *)(words + 4), out.hgfe);
}

static SHANI void sha256_end_shani(const uint32_t inner[static 8], const uint32_t outer[static 8],
                                   const uint8_t *run, size_t run_blocks, const uint8_t *last,
                                   size_t last_blocks, uint8_t mac[static 32])
{
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    struct sha256_state s = sha256_load(inner);
    for (; run_blocks > 0; run_blocks--, run += 64)
        s = sha256_data(s, run);
    for (; last_blocks > 0; last_blocks--, last += 64)
        s = sha256_data(s, last);
    struct sha256_words digest = sha256_words(s);
    s = sha256_block(sha256_load(outer), digest.dcba, digest.hgfe, _mm_set_epi32(0, 0, 0, (int)0x80000000),
                     _mm_set_epi32((64 + 32) * 8, 0, 0, 0));
    digest = sha256_words(s);
    _mm_storeu_si128((__m128i *)(void *)mac, _mm_shuffle_epi8(digest.dcba, order));
    _mm_storeu_si128((__m128i *)(void *)(mac + 16), _mm_shuffle_epi8(digest.hgfe, order));
}

void crypto_sha1_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    if (shani())
        sha1_shani(s->w32, data, blocks);
    else
        crypto_sha1_library(s, data, blocks);
}

void crypto_sha256_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    if (shani())
        sha256_shani(s->w32, data, blocks);
    else
        crypto_sha256_library(s, data, blocks);
}

bool crypto_sha1_end(const void *inner, const void *outer, const uint8_t *run, size_t run_blocks,
                     const uint8_t *last, size_t last_blocks, uint8_t *mac)
{
    if (!shani())
        return false;
    sha1_end_shani(inner, outer, run, run_blocks, last, last_blocks, mac);
    return true;
}

bool crypto_sha256_end(const void *inner, const void *outer, const uint8_t *run, size_t run_blocks,
                       const uint8_t *last, size_t last_blocks, uint8_t *mac)
{
    if (!shani())
        return false;
    sha256_end_shani(inner, outer, run, run_blocks, last, last_blocks, mac);
    return true;
}
