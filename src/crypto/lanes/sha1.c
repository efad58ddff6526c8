/* SPDX-License-Identifier: MIT */
/* SHA-1 (FIPS 180-4, 6.1) in lanes. */
#include "crypto/lanes/vector.h"

lanes_kernel32 LANES_KERNEL(sha1);

enum { WORDS = 5, ROW = LANES_SHA1 / WIDTH32, SET = GROUPS * WIDTH32 };

/*
 * W_t, in a ring of 16: computed when it is first used. What it takes from the words before, but for the one
 * 16 before it, is put together (half) as soon as the newest of them, W_t-3, is there.
 */
#define WORD(t)                                                                                              \
    do {                                                                                                     \
        x = w[(t)&15][g];                                                                                    \
        if ((t) >= 16)                                                                                       \
            w[(t)&15][g] = x = ROTATE_LEFT(x ^ half[((t) + 1) & 3][g], 1, 32);                               \
        if ((t) >= 13 && (t) < 77) {                                                                         \
            half[(t)&3][g] = x ^ w[((t) + 11) & 15][g] ^ w[((t) + 5) & 15][g];                               \
            PIN(half[(t)&3][g]);                                                                             \
        }                                                                                                    \
    } while (0)

/*
 * The block to come. With vectors of 512 bits it is loaded, and spread half of the way, in the last 16 steps
 * of the one before, and the rest of the way in its own first four: steps wait for each other, so the
 * processor has time, and the words that they have used leave their registers.
 */
struct source {
    const uint8_t *const *blocks;
    size_t at;
    vector32 rows[WIDTH32];
    vector64 half[WIDTH32];
};

#if VECTOR_BITS == 512
#define LOAD_ROW(i)                                                                                          \
    do {                                                                                                     \
        const unaligned32 *from = (const void *)(source->blocks[i] + source->at);                            \
        source->rows[i] = BIG_ENDIAN32((vector32)from[0]);                                                   \
        PIN(source->rows[i]);                                                                                \
        if ((i) % 4 == 3)                                                                                    \
            SPREAD_FOUR_32(source->half, source->rows, (i)-3);                                               \
    } while (0)
#define SPREAD_REST(i)                                                                                       \
    SPREAD_QUARTERS(w[i][0], w[(i) + 4][0], w[(i) + 8][0], w[(i) + 12][0], source->half[i],                  \
                    source->half[(i) + 4], source->half[(i) + 8], source->half[(i) + 12], vector32)
#define BEFORE_STEP(t)                                                                                       \
    do {                                                                                                     \
        if (source && (t) < 4)                                                                               \
            SPREAD_REST((t)&3);                                                                              \
    } while (0)
#define BEHIND_STEP(t)                                                                                       \
    do {                                                                                                     \
        if (source && (t) >= 64)                                                                             \
            LOAD_ROW((t)&15);                                                                                \
    } while (0)
#else
#define BEFORE_STEP(t) (void)source
#define BEHIND_STEP(t) (void)source
#endif

/* The newest word of the state, a, comes into the sum last. */
#define STEP(f, a, b, c, d, e, t)                                                                            \
    do {                                                                                                     \
        BEFORE_STEP(t);                                                                                      \
        EACH(vector32 x; WORD(t); (e)[g] += k; PIN((e)[g]); (e)[g] += x; PIN((e)[g]);                        \
             (e)[g] += f((b)[g], (c)[g], (d)[g]); PIN((e)[g]); (e)[g] += ROTATE_LEFT((a)[g], 5, 32);         \
             (b)[g] = ROTATE_LEFT((b)[g], 30, 32););                                                         \
        if ((t) % 4 == 3)                                                                                    \
            FORGET_MANY_WORDS(w);                                                                            \
        BEHIND_STEP(t);                                                                                      \
    } while (0)

#define FIVE(f, t)                                                                                           \
    STEP(f, a, b, c, d, e, (t));                                                                             \
    STEP(f, e, a, b, c, d, (t) + 1);                                                                         \
    STEP(f, d, e, a, b, c, (t) + 2);                                                                         \
    STEP(f, c, d, e, a, b, (t) + 3);                                                                         \
    STEP(f, b, c, d, e, a, (t) + 4)

#define TWENTY(f, constant, t)                                                                               \
    do {                                                                                                     \
        vector32 k = (vector32){0} + (constant);                                                             \
        PIN(k);                                                                                              \
        FIVE(f, t);                                                                                          \
        FIVE(f, (t) + 5);                                                                                    \
        FIVE(f, (t) + 10);                                                                                   \
        FIVE(f, (t) + 15);                                                                                   \
    } while (0)

/* The words before the block stay in memory, where they are needed once more: five registers more for others.
 */
LANES_INLINE void compress(vector32 *kept, vector32 w[16][GROUPS], struct source *source)
{
    vector32 a[GROUPS], b[GROUPS], c[GROUPS], d[GROUPS], e[GROUPS], half[4][GROUPS];
    FORGET_MANY_WORDS(w);
    EACH(a[g] = kept[g]; b[g] = kept[ROW + g]; c[g] = kept[2 * ROW + g]; d[g] = kept[3 * ROW + g];
         e[g] = kept[4 * ROW + g];);
    TWENTY(CHOOSE, 0x5a827999, 0);
    TWENTY(PARITY, 0x6ed9eba1, 20);
    TWENTY(MAJORITY, 0x8f1bbcdc, 40);
    TWENTY(PARITY, 0xca62c1d6, 60);
    HIDE(kept);
    EACH(kept[g] += a[g]; kept[ROW + g] += b[g]; kept[2 * ROW + g] += c[g]; kept[3 * ROW + g] += d[g];
         kept[4 * ROW + g] += e[g];);
}

#define TAKE_ROW(i)                                                                                          \
    do {                                                                                                     \
        const vector32 *row = (const vector32 *)(const void *)(rows[i] + first);                             \
        HIDE(row);                                                                                           \
        EACH(w[i][g] = row[g];);                                                                             \
    } while (0)

LANES_INLINE void take_block(vector32 w[16][GROUPS], const uint8_t *const *blocks, size_t at)
{
    EACH(vector32 some[WIDTH32]; for (size_t i = 0; i < 16; i += WIDTH32) {
        vector_spread32(some, blocks + g * WIDTH32, at + 4 * i);
        for (size_t n = 0; n < WIDTH32; n++)
            w[i + n][g] = BIG_ENDIAN32(some[n]);
        FORGET_MANY_WORDS(w);
    });
}

#if VECTOR_BITS == 512
/* Two blocks or more. Behind the last one it is loaded once more. */
LANES_INLINE void several(vector32 *kept, vector32 w[16][GROUPS], const uint8_t *const *blocks, size_t count)
{
    struct source there = {.blocks = blocks}, *source = &there;
    EACH_WORD(LOAD_ROW);
    for (size_t n = 1; n <= count; n++) {
        source->at = (n < count ? n : n - 1) * 64;
        compress(kept, w, source);
    }
}
#else
LANES_INLINE void several(vector32 *kept, vector32 w[16][GROUPS], const uint8_t *const *blocks, size_t count)
{
    (void)kept, (void)w, (void)blocks, (void)count;
}
#endif

void LANES_KERNEL(sha1)(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                        const uint32_t *const *rows)
{
    for (size_t first = 0; first < lanes; first += SET) {
        vector32 w[16][GROUPS];
        vector32 *kept = (vector32 *)(void *)(state + first);
        if (VECTOR_BITS == 512 && count > 1) { /* never rows: they are one block */
            several(kept, w, blocks + first, count);
        } else {
            for (size_t n = 0; n < count; n++) {
                if (blocks) {
                    take_block(w, blocks + first, n * 64);
                } else {
                    EACH_WORD(TAKE_ROW);
                }
                compress(kept, w, NULL);
            }
        }
    }
}
