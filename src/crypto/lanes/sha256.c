/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4, 6.2) in lanes. */
#include "crypto/lanes/vector.h"

lanes_kernel32 LANES_KERNEL(sha256);

enum { WORDS = 8, ROW = LANES_SHA256 / WIDTH32 };

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define ROTATE(x, n)      ROTATE_LEFT(x, 32 - (n), 32)
#define CHOOSE(x, y, z)   ((z) ^ ((x) & ((y) ^ (z))))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))
#define SUM_0(x)          (ROTATE(x, 2) ^ ROTATE(x, 13) ^ ROTATE(x, 22))
#define SUM_1(x)          (ROTATE(x, 6) ^ ROTATE(x, 11) ^ ROTATE(x, 25))
#define SIGMA_0(x)        (ROTATE(x, 7) ^ ROTATE(x, 18) ^ ((x) >> 3))
#define SIGMA_1(x)        (ROTATE(x, 17) ^ ROTATE(x, 19) ^ ((x) >> 10))

/* Word i of the next 16 of the schedule, in place. */
#define EXTEND(i) (w[i] += SIGMA_1(w[((i) + 14) & 15]) + w[((i) + 9) & 15] + SIGMA_0(w[((i) + 1) & 15]))
#define GIVEN(i)  (w[i])

#define STEP(word, a, b, c, d, e, f, g, h, i)                                                                \
    do {                                                                                                     \
        vector32 t1 = (h) + (word(i) + k[i]) + SUM_1(e) + CHOOSE(e, f, g);                                   \
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

LANES_INLINE void compress(vector32 s[WORDS], vector32 w[16])
{
    vector32 a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
    const uint32_t *k = constants;
    EIGHT(GIVEN, 0);
    EIGHT(GIVEN, 8);
    for (k += 16; k < constants + 64; k += 16) {
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

LANES_INLINE void take_blocks(vector32 w[16], const uint8_t *const *blocks, size_t at)
{
    for (size_t i = 0; i < 16; i += WIDTH32)
        vector_spread32(w + i, blocks, at + 4 * i);
    for (size_t i = 0; i < 16; i++)
        w[i] = BIG_ENDIAN32(w[i]);
}

void LANES_KERNEL(sha256)(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                          const uint32_t *const *rows)
{
    for (size_t first = 0; first < lanes; first += WIDTH32) {
        vector32 *kept = (vector32 *)(void *)(state + first);
        vector32 s[WORDS], w[16];
        for (size_t i = 0; i < WORDS; i++)
            s[i] = kept[i * ROW];
        for (size_t n = 0; n < count; n++) {
            if (blocks) {
                take_blocks(w, blocks + first, n * 64);
            } else {
                for (size_t i = 0; i < 16; i++)
                    w[i] = *(const vector32 *)(const void *)(rows[i] + first);
            }
            compress(s, w);
        }
        for (size_t i = 0; i < WORDS; i++)
            kept[i * ROW] = s[i];
    }
}
