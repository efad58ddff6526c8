/* SPDX-License-Identifier: MIT */
/* MD5 (RFC 1321) in lanes. */
#include "crypto/lanes/vector.h"

lanes_kernel32 LANES_KERNEL(md5);

enum { GROUPS = 2, SET = GROUPS * WIDTH32, WORDS = 4 };

/* Written so that three-operand logic, where there is such an instruction, takes each in one. */
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define SWITCH(x, y, z) CHOOSE(z, x, y)
#define PARITY(x, y, z) ((x) ^ (y) ^ (z))
#define INTO(x, y, z)   ((y) ^ ((x) | ~(z)))

#define STEP(f, a, b, c, d, k, s, t)                                                                         \
    EACH_OF_2((a)[g] += w[g][k] + (t); (a)[g] += f((b)[g], (c)[g], (d)[g]);                                  \
              (a)[g] = ROTATE_LEFT((a)[g], s, 32) + (b)[g];)

#define FOUR(f, k0, k1, k2, k3, s0, s1, s2, s3, t0, t1, t2, t3)                                              \
    STEP(f, a, b, c, d, k0, s0, t0);                                                                         \
    STEP(f, d, a, b, c, k1, s1, t1);                                                                         \
    STEP(f, c, d, a, b, k2, s2, t2);                                                                         \
    STEP(f, b, c, d, a, k3, s3, t3)

#define ROUND_1(...) FOUR(CHOOSE, __VA_ARGS__)
#define ROUND_2(...) FOUR(SWITCH, __VA_ARGS__)
#define ROUND_3(...) FOUR(PARITY, __VA_ARGS__)
#define ROUND_4(...) FOUR(INTO, __VA_ARGS__)

LANES_INLINE void compress(vector32 h[WORDS][GROUPS], vector32 w[GROUPS][16])
{
    vector32 a[GROUPS] = {h[0][0], h[0][1]}, b[GROUPS] = {h[1][0], h[1][1]}, c[GROUPS] = {h[2][0], h[2][1]},
             d[GROUPS] = {h[3][0], h[3][1]};
    ROUND_1(0, 1, 2, 3, 7, 12, 17, 22, 0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee);
    ROUND_1(4, 5, 6, 7, 7, 12, 17, 22, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501);
    ROUND_1(8, 9, 10, 11, 7, 12, 17, 22, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be);
    ROUND_1(12, 13, 14, 15, 7, 12, 17, 22, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821);
    ROUND_2(1, 6, 11, 0, 5, 9, 14, 20, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa);
    ROUND_2(5, 10, 15, 4, 5, 9, 14, 20, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8);
    ROUND_2(9, 14, 3, 8, 5, 9, 14, 20, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed);
    ROUND_2(13, 2, 7, 12, 5, 9, 14, 20, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a);
    ROUND_3(5, 8, 11, 14, 4, 11, 16, 23, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c);
    ROUND_3(1, 4, 7, 10, 4, 11, 16, 23, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70);
    ROUND_3(13, 0, 3, 6, 4, 11, 16, 23, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05);
    ROUND_3(9, 12, 15, 2, 4, 11, 16, 23, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665);
    ROUND_4(0, 7, 14, 5, 6, 10, 15, 21, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039);
    ROUND_4(12, 3, 10, 1, 6, 10, 15, 21, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1);
    ROUND_4(8, 15, 6, 13, 6, 10, 15, 21, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1);
    ROUND_4(4, 11, 2, 9, 6, 10, 15, 21, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391);
    EACH_OF_2(h[0][g] += a[g]; h[1][g] += b[g]; h[2][g] += c[g]; h[3][g] += d[g];);
}

LANES_INLINE void take_blocks(vector32 w[16], const uint8_t *const *blocks, size_t at)
{
    for (size_t i = 0; i < 16; i += WIDTH32)
        vector_spread32(w + i, blocks, at + 4 * i);
    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        for (size_t i = 0; i < 16; i++)
            w[i] = LITTLE_ENDIAN32(w[i]);
}

void LANES_KERNEL(md5)(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                       const uint32_t *const *rows)
{
    for (size_t first = 0; first < lanes; first += SET) {
        vector32 h[WORDS][GROUPS], w[GROUPS][16];
        vector32 *kept = (vector32 *)(void *)(state + first);
        enum { ROW = LANES_MD5 / WIDTH32 };
        EACH_OF_2(h[0][g] = kept[g]; h[1][g] = kept[ROW + g]; h[2][g] = kept[2 * ROW + g];
                  h[3][g] = kept[3 * ROW + g];);
        for (size_t n = 0; n < count; n++) {
            if (blocks) {
                EACH_OF_2(take_blocks(w[g], blocks + first + g * WIDTH32, n * 64););
            } else {
                for (size_t i = 0; i < 16; i++)
                    EACH_OF_2(w[g][i] = ((const vector32 *)(const void *)(rows[i] + first))[g];);
            }
            compress(h, w);
        }
        EACH_OF_2(kept[g] = h[0][g]; kept[ROW + g] = h[1][g]; kept[2 * ROW + g] = h[2][g];
                  kept[3 * ROW + g] = h[3][g];);
    }
}
