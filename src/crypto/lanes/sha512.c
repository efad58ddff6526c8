/* SPDX-License-Identifier: MIT */
/* SHA-512, and so SHA-384 (FIPS 180-4, 6.4) in lanes. */
#include "crypto/lanes/vector.h"

lanes_kernel64 LANES_KERNEL(sha512);

enum { WORDS = 8, ROW = LANES_SHA512 / WIDTH64, SET = GROUPS * WIDTH64 };

/* One more: the last step makes a word for a step that does not come. */
static const uint64_t constants[80 + 1] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

#define ROTATE(x, n) ROTATE_LEFT(x, 64 - (n), 64)
#define SUM_0(x)     (ROTATE(x, 28) ^ ROTATE(x, 34) ^ ROTATE(x, 39))
#define SUM_1(x)     (ROTATE(x, 14) ^ ROTATE(x, 18) ^ ROTATE(x, 41))
#define SIGMA_0(x)   PARITY(ROTATE(x, 1), ROTATE(x, 8), (x) >> 7)
#define SIGMA_1(x)   PARITY(ROTATE(x, 19), ROTATE(x, 61), (x) >> 6)

/* Words of the state before step i, a being 0: they stay where they are, only the new e and a take others'
 * places. */
#define V(n, i) v[((n) - (i)) & 7][g]

/* Word i, and with its constant and h what step i begins with. */
#define NEXT(given, i)                                                                                       \
    do {                                                                                                     \
        vector64 x = w[i][g];                                                                                \
        if (!(given) || (i) == 0) {                                                                          \
            x += w[((i) + 9) & 15][g];                                                                       \
            PIN(x);                                                                                          \
            x += SIGMA_0(w[((i) + 1) & 15][g]);                                                              \
            w[i][g] = x += SIGMA_1(newest[(i)&1][g]);                                                        \
        }                                                                                                    \
        newest[(i)&1][g] = x;                                                                                \
        soon[g] = x + k[(i) == 0 ? 16 : (i)] + V(7, i);                                                      \
    } while (0)

/*
 * Step i of 16. What all others wait for, e, first, and into its sum the newest word last; meanwhile there is
 * time for the word of the step to come, given or extended in place; then a.
 */
#define STEP(given, i)                                                                                       \
    do {                                                                                                     \
        vector64 t1[GROUPS];                                                                                 \
        EACH(t1[g] = soon[g]; PIN(t1[g]); t1[g] += CHOOSE(V(4, i), V(5, i), V(6, i));                        \
             t1[g] += SUM_1(V(4, i)); V(3, i) += t1[g]; PIN(V(3, i)););                                      \
        EACH(NEXT(given, ((i) + 1) & 15););                                                                  \
        EACH(t1[g] += MAJORITY(V(0, i), V(1, i), V(2, i)); PIN(t1[g]); V(7, i) = t1[g] + SUM_0(V(0, i)););   \
        FORGET_MANY_WORDS(w);                                                                                \
    } while (0)
#define STEP_GIVEN(i)    STEP(1, i)
#define STEP_EXTENDED(i) STEP(0, i)

LANES_INLINE void compress(vector64 s[WORDS][GROUPS], vector64 w[16][GROUPS])
{
    vector64 v[WORDS][GROUPS], soon[GROUPS], newest[2][GROUPS];
    const uint64_t *k = constants;
    FORGET_MANY_WORDS(w);
    EACH(for (size_t i = 0; i < WORDS; i++) v[i][g] = s[i][g];);
    EACH(soon[g] = w[0][g] + k[0] + v[7][g];);
    EACH_WORD(STEP_GIVEN);
    for (k += 16; k < constants + 80; k += 16)
        EACH_WORD(STEP_EXTENDED);
    EACH(for (size_t i = 0; i < WORDS; i++) s[i][g] += v[i][g];);
}

LANES_INLINE void take_blocks(vector64 w[16][GROUPS], const uint8_t *const *blocks, size_t at)
{
    EACH(vector64 some[WIDTH64]; for (size_t i = 0; i < 16; i += WIDTH64) {
        vector_spread64(some, blocks + g * WIDTH64, at + 8 * i);
        for (size_t n = 0; n < WIDTH64; n++)
            w[i + n][g] = BIG_ENDIAN64(some[n]);
        FORGET_MANY_WORDS(w);
    });
}

#define TAKE_ROW(i)                                                                                          \
    do {                                                                                                     \
        const vector64 *row = (const vector64 *)(const void *)(rows[i] + first);                             \
        HIDE(row);                                                                                           \
        EACH(w[i][g] = row[g];);                                                                             \
    } while (0)

void LANES_KERNEL(sha512)(uint64_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                          const uint64_t *const *rows)
{
    for (size_t first = 0; first < lanes; first += SET) {
        vector64 *kept = (vector64 *)(void *)(state + first);
        vector64 s[WORDS][GROUPS], w[16][GROUPS];
        EACH(for (size_t i = 0; i < WORDS; i++) s[i][g] = kept[i * ROW + g];);
        for (size_t n = 0; n < count; n++) {
            if (blocks)
                take_blocks(w, blocks + first, n * 128);
            else
                EACH_WORD(TAKE_ROW);
            compress(s, w);
        }
        EACH(for (size_t i = 0; i < WORDS; i++) kept[i * ROW + g] = s[i][g];);
    }
}
