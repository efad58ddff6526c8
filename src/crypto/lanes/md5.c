/* SPDX-License-Identifier: MIT */
/* MD5 (RFC 1321) in lanes. */
#include "crypto/lanes/vector.h"

lanes_kernel32 LANES_KERNEL(md5);

enum { SETS = 2 * GROUPS, SET = SETS * WIDTH32, WORDS = 4 };

static const uint32_t constants[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

#define SWITCH(x, y, z) CHOOSE(z, x, y)
#define INTO(x, y, z)   ((y) ^ ((x) | ~(z)))

/* The newest word, b, comes into the sum last. */
#define STEP(f, a, b, c, d, k, s, n)                                                                         \
    do {                                                                                                     \
        EACH_TWICE((a)[g] += w[k][g];);                                                                      \
        EACH_TWICE((a)[g] += t[n]; PIN((a)[g]););                                                            \
        EACH_TWICE((a)[g] += f((b)[g], (c)[g], (d)[g]););                                                    \
        EACH_TWICE((a)[g] = ROTATE_LEFT((a)[g], s, 32) + (b)[g];);                                           \
    } while (0)

#define FOUR(f, n, k0, k1, k2, k3, s0, s1, s2, s3)                                                           \
    STEP(f, a, b, c, d, k0, s0, n);                                                                          \
    STEP(f, d, a, b, c, k1, s1, (n) + 1);                                                                    \
    STEP(f, c, d, a, b, k2, s2, (n) + 2);                                                                    \
    STEP(f, b, c, d, a, k3, s3, (n) + 3)

#define ROUND_1(...) FOUR(CHOOSE, __VA_ARGS__)
#define ROUND_2(...) FOUR(SWITCH, __VA_ARGS__)
#define ROUND_3(...) FOUR(PARITY, __VA_ARGS__)
#define ROUND_4(...) FOUR(INTO, __VA_ARGS__)

LANES_INLINE void compress(vector32 h[WORDS][SETS], vector32 w[16][SETS])
{
    vector32 a[SETS], b[SETS], c[SETS], d[SETS];
    const uint32_t *t = constants;
    HIDE(t);
    FORGET_WORDS(w);
    EACH_TWICE(a[g] = h[0][g]; b[g] = h[1][g]; c[g] = h[2][g]; d[g] = h[3][g];);
    ROUND_1(0, 0, 1, 2, 3, 7, 12, 17, 22);
    ROUND_1(4, 4, 5, 6, 7, 7, 12, 17, 22);
    ROUND_1(8, 8, 9, 10, 11, 7, 12, 17, 22);
    ROUND_1(12, 12, 13, 14, 15, 7, 12, 17, 22);
    FORGET_WORDS(w);
    ROUND_2(16, 1, 6, 11, 0, 5, 9, 14, 20);
    ROUND_2(20, 5, 10, 15, 4, 5, 9, 14, 20);
    ROUND_2(24, 9, 14, 3, 8, 5, 9, 14, 20);
    ROUND_2(28, 13, 2, 7, 12, 5, 9, 14, 20);
    FORGET_WORDS(w);
    ROUND_3(32, 5, 8, 11, 14, 4, 11, 16, 23);
    ROUND_3(36, 1, 4, 7, 10, 4, 11, 16, 23);
    ROUND_3(40, 13, 0, 3, 6, 4, 11, 16, 23);
    ROUND_3(44, 9, 12, 15, 2, 4, 11, 16, 23);
    FORGET_WORDS(w);
    ROUND_4(48, 0, 7, 14, 5, 6, 10, 15, 21);
    ROUND_4(52, 12, 3, 10, 1, 6, 10, 15, 21);
    ROUND_4(56, 8, 15, 6, 13, 6, 10, 15, 21);
    ROUND_4(60, 4, 11, 2, 9, 6, 10, 15, 21);
    EACH_TWICE(h[0][g] += a[g]; h[1][g] += b[g]; h[2][g] += c[g]; h[3][g] += d[g];);
}

LANES_INLINE void take_blocks(vector32 w[16][SETS], const uint8_t *const *blocks, size_t at)
{
    EACH_TWICE(vector32 some[WIDTH32]; for (size_t i = 0; i < 16; i += WIDTH32) {
        vector_spread32(some, blocks + g * WIDTH32, at + 4 * i);
        for (size_t n = 0; n < WIDTH32; n++)
            w[i + n][g] = LITTLE_ENDIAN32(some[n]);
        FORGET_WORDS(w);
    });
}

#define TAKE_ROW(i)                                                                                          \
    do {                                                                                                     \
        const vector32 *row = (const vector32 *)(const void *)(rows[i] + first);                             \
        HIDE(row);                                                                                           \
        EACH_TWICE(w[i][g] = row[g];);                                                                       \
    } while (0)

void LANES_KERNEL(md5)(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                       const uint32_t *const *rows)
{
    for (size_t first = 0; first < lanes; first += SET) {
        vector32 h[WORDS][SETS], w[16][SETS];
        vector32 *kept = (vector32 *)(void *)(state + first);
        enum { ROW = LANES_MD5 / WIDTH32 };
        EACH_TWICE(h[0][g] = kept[g]; h[1][g] = kept[ROW + g]; h[2][g] = kept[2 * ROW + g];
                   h[3][g] = kept[3 * ROW + g];);
        for (size_t n = 0; n < count; n++) {
            if (blocks) {
                take_blocks(w, blocks + first, n * 64);
            } else {
                EACH_WORD(TAKE_ROW);
            }
            compress(h, w);
        }
        EACH_TWICE(kept[g] = h[0][g]; kept[ROW + g] = h[1][g]; kept[2 * ROW + g] = h[2][g];
                   kept[3 * ROW + g] = h[3][g];);
    }
}
