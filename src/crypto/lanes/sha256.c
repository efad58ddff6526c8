/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4, 6.2) in lanes. */
#include "crypto/lanes/vector.h"

lanes_kernel32 LANES_KERNEL(sha256);

enum { WORDS = 8, ROW = LANES_SHA256 / WIDTH32, SET = GROUPS * WIDTH32 };

/* One more: the last step makes a word for a step that does not come. */
static const uint32_t constants[64 + 1] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define ROTATE(x, n) ROTATE_LEFT(x, 32 - (n), 32)
#define SUM_0(x)     (ROTATE(x, 2) ^ ROTATE(x, 13) ^ ROTATE(x, 22))
#define SUM_1(x)     (ROTATE(x, 6) ^ ROTATE(x, 11) ^ ROTATE(x, 25))
#define SIGMA_0(x)   PARITY(ROTATE(x, 7), ROTATE(x, 18), (x) >> 3)
#define SIGMA_1(x)   PARITY(ROTATE(x, 17), ROTATE(x, 19), (x) >> 10)

/* Words of the state before step i, a being 0: they stay where they are, only the new e and a take others'
 * places. */
#define V(n, i) v[((n) - (i)) & 7][g]

/* Word i, and with its constant what step i begins with. */
#define NEXT(given, i)                                                                                       \
    do {                                                                                                     \
        vector32 x = w[i][g];                                                                                \
        if (!(given) || (i) == 0) {                                                                          \
            x += w[((i) + 9) & 15][g];                                                                       \
            PIN(x);                                                                                          \
            x += SIGMA_0(w[((i) + 1) & 15][g]);                                                              \
            w[i][g] = x += SIGMA_1(newest[(i)&1][g]);                                                        \
        }                                                                                                    \
        newest[(i)&1][g] = x;                                                                                \
        soon[g] = x + k[(i) == 0 ? 16 : (i)];                                                                \
    } while (0)

/*
 * Step i of 16. What all others wait for, e, first, and into its sum the newest word last; meanwhile there is
 * time for the word of the step to come, given or extended in place; then a.
 */
#define STEP(given, i)                                                                                       \
    do {                                                                                                     \
        vector32 t1[GROUPS];                                                                                 \
        EACH(t1[g] = soon[g] + V(7, i); PIN(t1[g]); t1[g] += CHOOSE(V(4, i), V(5, i), V(6, i));              \
             t1[g] += SUM_1(V(4, i)); V(3, i) += t1[g]; PIN(V(3, i)););                                      \
        EACH(NEXT(given, ((i) + 1) & 15););                                                                  \
        EACH(t1[g] += MAJORITY(V(0, i), V(1, i), V(2, i)); PIN(t1[g]); V(7, i) = t1[g] + SUM_0(V(0, i)););   \
        FORGET_MANY_WORDS(w);                                                                                \
    } while (0)
#define STEP_GIVEN(i)    STEP(1, i)
#define STEP_EXTENDED(i) STEP(0, i)

LANES_INLINE void compress(vector32 s[WORDS][GROUPS], vector32 w[16][GROUPS])
{
    vector32 v[WORDS][GROUPS], soon[GROUPS], newest[2][GROUPS];
    const uint32_t *k = constants;
    FORGET_MANY_WORDS(w);
    EACH(for (size_t i = 0; i < WORDS; i++) v[i][g] = s[i][g];);
    EACH(soon[g] = w[0][g] + k[0];);
    EACH_WORD(STEP_GIVEN);
    for (k += 16; k < constants + 64; k += 16)
        EACH_WORD(STEP_EXTENDED);
    EACH(for (size_t i = 0; i < WORDS; i++) s[i][g] += v[i][g];);
}

LANES_INLINE void take_blocks(vector32 w[16][GROUPS], const uint8_t *const *blocks, size_t at)
{
    EACH(vector32 some[WIDTH32]; for (size_t i = 0; i < 16; i += WIDTH32) {
        vector_spread32(some, blocks + g * WIDTH32, at + 4 * i);
        for (size_t n = 0; n < WIDTH32; n++)
            w[i + n][g] = BIG_ENDIAN32(some[n]);
        FORGET_MANY_WORDS(w);
    });
}

#define TAKE_ROW(i)                                                                                          \
    do {                                                                                                     \
        const vector32 *row = (const vector32 *)(const void *)(rows[i] + first);                             \
        HIDE(row);                                                                                           \
        EACH(w[i][g] = row[g];);                                                                             \
    } while (0)

void LANES_KERNEL(sha256)(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                          const uint32_t *const *rows)
{
    for (size_t first = 0; first < lanes; first += SET) {
        vector32 *kept = (vector32 *)(void *)(state + first);
        vector32 s[WORDS][GROUPS], w[16][GROUPS];
        EACH(for (size_t i = 0; i < WORDS; i++) s[i][g] = kept[i * ROW + g];);
        for (size_t n = 0; n < count; n++) {
            if (blocks)
                take_blocks(w, blocks + first, n * 64);
            else
                EACH_WORD(TAKE_ROW);
            compress(s, w);
        }
        EACH(for (size_t i = 0; i < WORDS; i++) kept[i * ROW + g] = s[i][g];);
    }
}
