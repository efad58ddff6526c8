/* SPDX-License-Identifier: MIT */
/* SHA-512, and so SHA-384 (FIPS 180-4, 6.4) in lanes. */
#include "crypto/lanes/vector.h"

lanes_kernel64 LANES_KERNEL(sha512);

enum { WORDS = 8, ROW = LANES_SHA512 / WIDTH64 };

static const uint64_t constants[80] = {
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

#define ROTATE(x, n)      ROTATE_LEFT(x, 64 - (n), 64)
#define CHOOSE(x, y, z)   ((z) ^ ((x) & ((y) ^ (z))))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))
#define SUM_0(x)          (ROTATE(x, 28) ^ ROTATE(x, 34) ^ ROTATE(x, 39))
#define SUM_1(x)          (ROTATE(x, 14) ^ ROTATE(x, 18) ^ ROTATE(x, 41))
#define SIGMA_0(x)        (ROTATE(x, 1) ^ ROTATE(x, 8) ^ ((x) >> 7))
#define SIGMA_1(x)        (ROTATE(x, 19) ^ ROTATE(x, 61) ^ ((x) >> 6))

/* Word i of the next 16 of the schedule, in place. */
#define EXTEND(i) (w[i] += SIGMA_1(w[((i) + 14) & 15]) + w[((i) + 9) & 15] + SIGMA_0(w[((i) + 1) & 15]))
#define GIVEN(i)  (w[i])

#define STEP(word, a, b, c, d, e, f, g, h, i)                                                                \
    do {                                                                                                     \
        vector64 t1 = (h) + (word(i) + k[i]) + SUM_1(e) + CHOOSE(e, f, g);                                   \
        (d) += t1;                                                                                           \
        (h) = t1 + SUM_0(a) + MAJORITY(a, b, c);                                                             \
    } while (0)

#define EIGHT(word, i)                                                                                       \
    STEP(word, a, b, c, d, e, f, g, h, (i));                                                                 \
    STEP(word, h, a, b, c, d, e, f, g, (i) + 1);                                                             \
    STEP(word, g, h, a, b, c, d, e, f, (i) + 2);                                                             \
    STEP(word, f, g, h, a, b, c, d, e, (i) + 3);                                                             \
    STEP(word, e, f, g, h, a, b, c, d, (i) + 4);                                                             \
    STEP(word, d, e, f, g, h, a, b, c, (i) + 5);                                                             \
    STEP(word, c, d, e, f, g, h, a, b, (i) + 6);                                                             \
    STEP(word, b, c, d, e, f, g, h, a, (i) + 7)

LANES_INLINE void compress(vector64 s[WORDS], vector64 w[16])
{
    vector64 a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
    const uint64_t *k = constants;
    EIGHT(GIVEN, 0);
    EIGHT(GIVEN, 8);
    for (k += 16; k < constants + 80; k += 16) {
        EIGHT(EXTEND, 0);
        EIGHT(EXTEND, 8);
    }
    s[0] += a;
    s[1] += b;
    s[2] += c;
    s[3] += d;
    s[4] += e;
    s[5] += f;
    s[6] += g;
    s[7] += h;
}

LANES_INLINE void take_blocks(vector64 w[16], const uint8_t *const *blocks, size_t at)
{
    for (size_t i = 0; i < 16; i += WIDTH64)
        vector_spread64(w + i, blocks, at + 8 * i);
    for (size_t i = 0; i < 16; i++)
        w[i] = BIG_ENDIAN64(w[i]);
}

void LANES_KERNEL(sha512)(uint64_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                          const uint64_t *const *rows)
{
    for (size_t first = 0; first < lanes; first += WIDTH64) {
        vector64 *kept = (vector64 *)(void *)(state + first);
        vector64 s[WORDS], w[16];
        for (size_t i = 0; i < WORDS; i++)
            s[i] = kept[i * ROW];
        for (size_t n = 0; n < count; n++) {
            if (blocks) {
                take_blocks(w, blocks + first, n * 128);
            } else {
                for (size_t i = 0; i < 16; i++)
                    w[i] = *(const vector64 *)(const void *)(rows[i] + first);
            }
            compress(s, w);
        }
        for (size_t i = 0; i < WORDS; i++)
            kept[i * ROW] = s[i];
    }
}
