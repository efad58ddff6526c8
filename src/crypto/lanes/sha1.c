/* SPDX-License-Identifier: MIT */
/* SHA-1 (FIPS 180-4, 6.1) in lanes. */
#include "crypto/lanes/vector.h"

lanes_kernel32 LANES_KERNEL(sha1);

enum { WORDS = 5, ROW = LANES_SHA1 / WIDTH32 };

#define CHOOSE(x, y, z)   ((z) ^ ((x) & ((y) ^ (z))))
#define PARITY(x, y, z)   ((x) ^ (y) ^ (z))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))

/* W_t, in a ring of 16: computed when it is first used. */
#define SCHEDULE(t)                                                                                          \
    (w[(t)&15] = ROTATE_LEFT(w[((t) + 13) & 15] ^ w[((t) + 8) & 15] ^ w[((t) + 2) & 15] ^ w[(t)&15], 1, 32))
#define WORD(t) ((t) < 16 ? w[(t)&15] : SCHEDULE(t))

#define STEP(f, k, a, b, c, d, e, t)                                                                         \
    do {                                                                                                     \
        (e) += (WORD(t) + (k)) + f(b, c, d) + ROTATE_LEFT(a, 5, 32);                                         \
        (b) = ROTATE_LEFT(b, 30, 32);                                                                        \
    } while (0)

#define FIVE(f, k, t)                                                                                        \
    STEP(f, k, a, b, c, d, e, (t));                                                                          \
    STEP(f, k, e, a, b, c, d, (t) + 1);                                                                      \
    STEP(f, k, d, e, a, b, c, (t) + 2);                                                                      \
    STEP(f, k, c, d, e, a, b, (t) + 3);                                                                      \
    STEP(f, k, b, c, d, e, a, (t) + 4)

#define TWENTY(f, k, t)                                                                                      \
    FIVE(f, k, t);                                                                                           \
    FIVE(f, k, (t) + 5);                                                                                     \
    FIVE(f, k, (t) + 10);                                                                                    \
    FIVE(f, k, (t) + 15)

LANES_INLINE void compress(vector32 h[WORDS], vector32 w[16])
{
    vector32 a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    TWENTY(CHOOSE, 0x5a827999, 0);
    TWENTY(PARITY, 0x6ed9eba1, 20);
    TWENTY(MAJORITY, 0x8f1bbcdc, 40);
    TWENTY(PARITY, 0xca62c1d6, 60);
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

LANES_INLINE void take_blocks(vector32 w[16], const uint8_t *const *blocks, size_t at)
{
    for (size_t i = 0; i < 16; i += WIDTH32)
        vector_spread32(w + i, blocks, at + 4 * i);
    for (size_t i = 0; i < 16; i++)
        w[i] = BIG_ENDIAN32(w[i]);
}

void LANES_KERNEL(sha1)(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                        const uint32_t *const *rows)
{
    for (size_t first = 0; first < lanes; first += WIDTH32) {
        vector32 *kept = (vector32 *)(void *)(state + first);
        vector32 h[WORDS] = {kept[0], kept[ROW], kept[2 * ROW], kept[3 * ROW], kept[4 * ROW]}, w[16];
        for (size_t n = 0; n < count; n++) {
            if (blocks) {
                take_blocks(w, blocks + first, n * 64);
            } else {
                for (size_t i = 0; i < 16; i++)
                    w[i] = *(const vector32 *)(const void *)(rows[i] + first);
            }
            compress(h, w);
        }
        for (size_t i = 0; i < WORDS; i++)
            kept[i * ROW] = h[i];
    }
}
