/* SPDX-License-Identifier: MIT */
/*
 * SHA-1 and SHA-256 of four messages at once with the processor's own instructions. One message leaves the
 * unit idle for two thirds of the time: sha1rnds4 takes six cycles, but another one can start every second.
 * Behind the interface of the other kernels, whose rows are turned on the way in and out.
 */
#include <immintrin.h>

#include "crypto/lanes/vector.h"
#include "crypto/sha256_constants.h"

lanes_kernel32 LANES_KERNEL(sha1), LANES_KERNEL(sha256);

enum { STREAMS = 4, SHA1_WORDS = 5, SHA256_WORDS = 8 };

#define LANES_INLINE static inline __attribute__((always_inline))

/* The loops over streams are short and constant; the compiler unrolls them. */
#define EACH_STREAM(j)      for (size_t j = 0; j < STREAMS; j++)

#define AT(pointer, offset) ((const __m128i *)(const void *)((pointer) + (offset)))

/* Four words of four lanes: rows 3, 2, 1, 0 as they are given, from the highest word of each out[] down. */
LANES_INLINE void turn(__m128i out[STREAMS], __m128i r3, __m128i r2, __m128i r1, __m128i r0)
{
    __m128i low01 = _mm_unpacklo_epi32(r0, r1), high01 = _mm_unpackhi_epi32(r0, r1);
    __m128i low23 = _mm_unpacklo_epi32(r2, r3), high23 = _mm_unpackhi_epi32(r2, r3);
    out[0] = _mm_unpacklo_epi64(low01, low23);
    out[1] = _mm_unpackhi_epi64(low01, low23);
    out[2] = _mm_unpacklo_epi64(high01, high23);
    out[3] = _mm_unpackhi_epi64(high01, high23);
}

LANES_INLINE __m128i load_row(const uint32_t *rows, size_t row, size_t lanes)
{
    return _mm_load_si128(AT(rows, row * lanes));
}

LANES_INLINE void store_row(uint32_t *rows, size_t row, size_t lanes, __m128i x)
{
    _mm_store_si128((__m128i *)(void *)(rows + row * lanes), x);
}

/* Words 4 * g to 4 * g + 3 of each stream's block. */
LANES_INLINE void take_words(__m128i w[STREAMS], const uint8_t *const *blocks, size_t at, __m128i order)
{
    EACH_STREAM(j)
    w[j] = _mm_shuffle_epi8(_mm_loadu_si128(AT(blocks[j], at)), order);
}

/* ---- SHA-1: word 0 is the highest ---- */

/*
 * Four rounds: g is a constant, the group's number. The next E is the A of four rounds ago, rotated, which
 * sha1nexte adds to the message words. w[g % 4] is used here and replaced by the words of group g + 4.
 */
#define SHA1_FOUR(g)                                                                                         \
    do {                                                                                                     \
        EACH_STREAM(j)                                                                                       \
        {                                                                                                    \
            __m128i before = abcd[j];                                                                        \
            e[j] = (g) == 0 ? _mm_add_epi32(e[j], w[0][j]) : _mm_sha1nexte_epu32(e[j], w[(g) % 4][j]);       \
            abcd[j] = _mm_sha1rnds4_epu32(abcd[j], e[j], (g) / 5);                                           \
            e[j] = before;                                                                                   \
        }                                                                                                    \
        if ((g) < 16)                                                                                        \
            EACH_STREAM(j)                                                                                   \
        w[(g) % 4][j] = _mm_sha1msg2_epu32(                                                                  \
            _mm_xor_si128(_mm_sha1msg1_epu32(w[(g) % 4][j], w[((g) + 1) % 4][j]), w[((g) + 2) % 4][j]),      \
            w[((g) + 3) % 4][j]);                                                                            \
    } while (0)

LANES_INLINE void sha1_compress(__m128i abcd[STREAMS], __m128i e[STREAMS], __m128i w[4][STREAMS])
{
    __m128i abcd0[STREAMS], e0[STREAMS];
    EACH_STREAM(j)
    abcd0[j] = abcd[j], e0[j] = e[j];
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
    EACH_STREAM(j)
    {
        e[j] = _mm_sha1nexte_epu32(e[j], e0[j]);
        abcd[j] = _mm_add_epi32(abcd[j], abcd0[j]);
    }
}

/* E of four lanes: each into the highest word of its own, and back. */
LANES_INLINE void spread_e(__m128i e[STREAMS], __m128i row)
{
    const __m128i highest = _mm_set_epi32(-1, 0, 0, 0);
    e[0] = _mm_and_si128(_mm_shuffle_epi32(row, 0x00), highest);
    e[1] = _mm_and_si128(_mm_shuffle_epi32(row, 0x55), highest);
    e[2] = _mm_and_si128(_mm_shuffle_epi32(row, 0xaa), highest);
    e[3] = _mm_and_si128(row, highest);
}

LANES_INLINE __m128i gather_e(const __m128i e[STREAMS])
{
    return _mm_unpackhi_epi64(_mm_unpackhi_epi32(e[0], e[1]), _mm_unpackhi_epi32(e[2], e[3]));
}

void LANES_KERNEL(sha1)(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                        const uint32_t *const *rows)
{
    const __m128i order = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    for (size_t first = 0; first < lanes; first += STREAMS) {
        uint32_t *kept = state + first;
        __m128i abcd[STREAMS], e[STREAMS], w[4][STREAMS];
        turn(abcd, load_row(kept, 0, LANES_SHA1), load_row(kept, 1, LANES_SHA1),
             load_row(kept, 2, LANES_SHA1), load_row(kept, 3, LANES_SHA1));
        spread_e(e, load_row(kept, 4, LANES_SHA1));
        for (size_t n = 0; n < count; n++) {
            for (size_t g = 0; g < 4; g++) {
                if (blocks)
                    take_words(w[g], blocks + first, 64 * n + 16 * g, order);
                else
                    turn(w[g], load_row(rows[4 * g] + first, 0, 0), load_row(rows[4 * g + 1] + first, 0, 0),
                         load_row(rows[4 * g + 2] + first, 0, 0), load_row(rows[4 * g + 3] + first, 0, 0));
            }
            sha1_compress(abcd, e, w);
        }
        store_row(kept, 4, LANES_SHA1, gather_e(e));
        turn(w[0], abcd[3], abcd[2], abcd[1], abcd[0]);
        for (size_t i = 0; i < 4; i++)
            store_row(kept, i, LANES_SHA1, w[0][3 - i]);
    }
}

/* ---- SHA-256: word 0 is the lowest; A, B, E, F and C, D, G, H, from the highest word down ---- */

/* Four rounds, as above. */
#define SHA256_FOUR(g)                                                                                       \
    do {                                                                                                     \
        EACH_STREAM(j)                                                                                       \
        {                                                                                                    \
            __m128i sum = _mm_add_epi32(w[(g) % 4][j], _mm_load_si128(AT(sha256_constants, 4 * (g))));       \
            cdgh[j] = _mm_sha256rnds2_epu32(cdgh[j], abef[j], sum);                                          \
            abef[j] = _mm_sha256rnds2_epu32(abef[j], cdgh[j], _mm_shuffle_epi32(sum, 0x0e));                 \
        }                                                                                                    \
        if ((g) < 12)                                                                                        \
            EACH_STREAM(j)                                                                                   \
        w[(g) % 4][j] = _mm_sha256msg2_epu32(                                                                \
            _mm_add_epi32(_mm_sha256msg1_epu32(w[(g) % 4][j], w[((g) + 1) % 4][j]),                          \
                          _mm_alignr_epi8(w[((g) + 3) % 4][j], w[((g) + 2) % 4][j], 4)),                     \
            w[((g) + 3) % 4][j]);                                                                            \
    } while (0)

LANES_INLINE void sha256_compress(__m128i abef[STREAMS], __m128i cdgh[STREAMS], __m128i w[4][STREAMS])
{
    __m128i abef0[STREAMS], cdgh0[STREAMS];
    EACH_STREAM(j)
    abef0[j] = abef[j], cdgh0[j] = cdgh[j];
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
    EACH_STREAM(j)
    {
        abef[j] = _mm_add_epi32(abef[j], abef0[j]);
        cdgh[j] = _mm_add_epi32(cdgh[j], cdgh0[j]);
    }
}

/* Four rows of the state, one behind the other's word from the highest down; and back. */
static const uint8_t abef_rows[4] = {0, 1, 4, 5}, cdgh_rows[4] = {2, 3, 6, 7};

LANES_INLINE void sha256_load(__m128i half[STREAMS], const uint32_t *kept, const uint8_t rows[4])
{
    turn(half, load_row(kept, rows[0], LANES_SHA256), load_row(kept, rows[1], LANES_SHA256),
         load_row(kept, rows[2], LANES_SHA256), load_row(kept, rows[3], LANES_SHA256));
}

LANES_INLINE void sha256_store(const __m128i half[STREAMS], uint32_t *kept, const uint8_t rows[4])
{
    __m128i r[4];
    turn(r, half[3], half[2], half[1], half[0]);
    for (size_t i = 0; i < 4; i++)
        store_row(kept, rows[i], LANES_SHA256, r[3 - i]);
}

void LANES_KERNEL(sha256)(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                          const uint32_t *const *rows)
{
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    for (size_t first = 0; first < lanes; first += STREAMS) {
        __m128i abef[STREAMS], cdgh[STREAMS], w[4][STREAMS];
        sha256_load(abef, state + first, abef_rows);
        sha256_load(cdgh, state + first, cdgh_rows);
        for (size_t n = 0; n < count; n++) {
            for (size_t g = 0; g < 4; g++) {
                if (blocks)
                    take_words(w[g], blocks + first, 64 * n + 16 * g, order);
                else
                    turn(w[g], load_row(rows[4 * g + 3] + first, 0, 0),
                         load_row(rows[4 * g + 2] + first, 0, 0), load_row(rows[4 * g + 1] + first, 0, 0),
                         load_row(rows[4 * g] + first, 0, 0));
            }
            sha256_compress(abef, cdgh, w);
        }
        sha256_store(abef, state + first, abef_rows);
        sha256_store(cdgh, state + first, cdgh_rows);
    }
}
