/* SPDX-License-Identifier: MIT */
/*
 * The compression function of MD5 (RFC 1321 3.4). One block is one chain of 64 steps that each wait for the
 * one before, so what counts is how many operations of a step lie between the previous step's result and its
 * own: the order of the sums below is chosen for that, and the empty assembler statements keep compilers from
 * finding a shorter program with a longer chain. Freestanding.
 */
#include "base/wire.h"
#include "crypto/blocks.h"

#define KEEP(x) __asm__("" : "+r"(x))

static inline uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

/* b is the previous step's result; everything without it is summed first. */
static inline uint32_t step_f(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t sum, int n)
{
    a += sum;
    KEEP(a);
    return rotate(a + (d ^ (b & (c ^ d))), n) + b;
}

/* The two halves of G share no bit, so that they may be added one after another, the one without b first. */
static inline uint32_t step_g(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t sum, int n)
{
    a += sum + (~d & c);
    KEEP(a);
    return rotate(a + (d & b), n) + b;
}

static inline uint32_t step_h(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t sum, int n)
{
    uint32_t early = c ^ d;
    a += sum;
    KEEP(a);
    KEEP(early);
    return rotate(a + (early ^ b), n) + b;
}

static inline uint32_t step_i(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t sum, int n)
{
    a += sum;
    KEEP(a);
    return rotate(a + (c ^ (b | ~d)), n) + b;
}

/* Four steps, after which the words have their names again. */
#define FOUR(step, w0, w1, w2, w3, t0, t1, t2, t3, n0, n1, n2, n3)                                           \
    a = step(a, b, c, d, wire_get_u32(data + 4 * (w0)) + (t0), n0);                                          \
    d = step(d, a, b, c, wire_get_u32(data + 4 * (w1)) + (t1), n1);                                          \
    c = step(c, d, a, b, wire_get_u32(data + 4 * (w2)) + (t2), n2);                                          \
    b = step(b, c, d, a, wire_get_u32(data + 4 * (w3)) + (t3), n3)

void crypto_md5_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    uint32_t a = s->w32[0], b = s->w32[1], c = s->w32[2], d = s->w32[3];
    for (; blocks > 0; blocks--, data += 64) {
        uint32_t a0 = a, b0 = b, c0 = c, d0 = d;
        FOUR(step_f, 0, 1, 2, 3, 0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 7, 12, 17, 22);
        FOUR(step_f, 4, 5, 6, 7, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 7, 12, 17, 22);
        FOUR(step_f, 8, 9, 10, 11, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 7, 12, 17, 22);
        FOUR(step_f, 12, 13, 14, 15, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 7, 12, 17, 22);
        FOUR(step_g, 1, 6, 11, 0, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 5, 9, 14, 20);
        FOUR(step_g, 5, 10, 15, 4, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 5, 9, 14, 20);
        FOUR(step_g, 9, 14, 3, 8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 5, 9, 14, 20);
        FOUR(step_g, 13, 2, 7, 12, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 5, 9, 14, 20);
        FOUR(step_h, 5, 8, 11, 14, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 4, 11, 16, 23);
        FOUR(step_h, 1, 4, 7, 10, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 4, 11, 16, 23);
        FOUR(step_h, 13, 0, 3, 6, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 4, 11, 16, 23);
        FOUR(step_h, 9, 12, 15, 2, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 4, 11, 16, 23);
        FOUR(step_i, 0, 7, 14, 5, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 6, 10, 15, 21);
        FOUR(step_i, 12, 3, 10, 1, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1, 6, 10, 15, 21);
        FOUR(step_i, 8, 15, 6, 13, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 6, 10, 15, 21);
        FOUR(step_i, 4, 11, 2, 9, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391, 6, 10, 15, 21);
        a += a0;
        b += b0;
        c += c0;
        d += d0;
    }
    s->w32[0] = a;
    s->w32[1] = b;
    s->w32[2] = c;
    s->w32[3] = d;
}
