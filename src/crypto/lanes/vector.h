/* SPDX-License-Identifier: MIT */
/*
 * crypto/lanes/vector: vectors of LANES_BITS bits, and blocks of several messages spread over them. Included
 * by the kernels alone, which are compiled with LANES_BITS and LANES_ISA set.
 */
#ifndef OPENSSPI_CRYPTO_LANES_VECTOR_H
#define OPENSSPI_CRYPTO_LANES_VECTOR_H

#ifdef __AVX512VL__
#include <immintrin.h>
#endif

#include "crypto/lanes/kernels.h"

/* An editor's view of the kernels is the portable one. */
#ifndef LANES_BITS
#define LANES_BITS 128
#define LANES_ISA  portable
#endif

#define LANES_PASTE(name, isa)  lanes_##name##_##isa
#define LANES_EXPAND(name, isa) LANES_PASTE(name, isa)
#define LANES_KERNEL(name)      LANES_EXPAND(name, LANES_ISA)

#define LANES_INLINE            static inline __attribute__((always_inline))

/*
 * Bits of a vector. With AVX-512's 32 registers VECTOR_BITS=256 and twice as many vectors are up to a tenth
 * faster on Zen 4, which executes 512 bits in two halves; but only as long as nothing else is in the way. The
 * code is twice as long then (15 KiB for a block), and between other code, or beside another thread on the
 * core, the instructions are no longer there decoded: up to half slower.
 */
#ifndef VECTOR_BITS
#define VECTOR_BITS LANES_BITS
#endif

enum { WIDTH32 = VECTOR_BITS / 32, WIDTH64 = VECTOR_BITS / 64 };

typedef uint8_t bytes_vector __attribute__((vector_size(VECTOR_BITS / 8)));
typedef uint32_t vector32 __attribute__((vector_size(VECTOR_BITS / 8), may_alias));
typedef uint64_t vector64 __attribute__((vector_size(VECTOR_BITS / 8), may_alias));
/* For loads from messages. */
typedef uint32_t unaligned32 __attribute__((vector_size(VECTOR_BITS / 8), may_alias, aligned(1)));
typedef uint64_t unaligned64 __attribute__((vector_size(VECTOR_BITS / 8), may_alias, aligned(1)));

/* Groups of vectors side by side hide each other's latency. g is a constant in each copy of the code. */
#define ONE_OF(n, ...)                                                                                       \
    {                                                                                                        \
        enum { g = n };                                                                                      \
        __VA_ARGS__                                                                                          \
    }
#define EACH_OF_1(...)                                                                                       \
    do                                                                                                       \
        ONE_OF(0, __VA_ARGS__)                                                                               \
    while (0)
#define EACH_OF_2(...)                                                                                       \
    do {                                                                                                     \
        ONE_OF(0, __VA_ARGS__)                                                                               \
        ONE_OF(1, __VA_ARGS__)                                                                               \
    } while (0)
#define EACH_OF_4(...)                                                                                       \
    do {                                                                                                     \
        ONE_OF(0, __VA_ARGS__)                                                                               \
        ONE_OF(1, __VA_ARGS__)                                                                               \
        ONE_OF(2, __VA_ARGS__)                                                                               \
        ONE_OF(3, __VA_ARGS__)                                                                               \
    } while (0)

/* Groups of SHA's; MD5, which is short of work, has twice as many. */
#if LANES_BITS == 512 && VECTOR_BITS == 256
enum { GROUPS = 2 };
#define EACH       EACH_OF_2
#define EACH_TWICE EACH_OF_4
#else
enum { GROUPS = 1 };
#define EACH       EACH_OF_1
#define EACH_TWICE EACH_OF_2
#endif

/* Unrolled by hand: not every compiler sees that a loop over words should be. */
#define EACH_WORD(DO)                                                                                        \
    do {                                                                                                     \
        DO(0);                                                                                               \
        DO(1);                                                                                               \
        DO(2);                                                                                               \
        DO(3);                                                                                               \
        DO(4);                                                                                               \
        DO(5);                                                                                               \
        DO(6);                                                                                               \
        DO(7);                                                                                               \
        DO(8);                                                                                               \
        DO(9);                                                                                               \
        DO(10);                                                                                              \
        DO(11);                                                                                              \
        DO(12);                                                                                              \
        DO(13);                                                                                              \
        DO(14);                                                                                              \
        DO(15);                                                                                              \
    } while (0)

/* The sum so far, as it is: compilers put sums into an order of their own, and then what is known last, which
 * others wait for, is not added last. */
#if defined __AVX512VL__
#define PIN(x) __asm__("" : "+v"(x))
#elif defined __SSE2__
#define PIN(x) __asm__("" : "+x"(x))
#elif defined __ARM_NEON
#define PIN(x) __asm__("" : "+w"(x))
#else
#define PIN(x) (void)(x)
#endif
/* Constants behind p are unknown, and so operands in memory. */
#define HIDE(p) __asm__("" : "+r"(p))
/* What is in memory is read again: words of a block are operands there, registers are for what changes. */
#define FORGET_WORDS(w) __asm__("" ::"r"(w) : "memory")
/* With one group all words may have registers. */
#define FORGET_MANY_WORDS(w)                                                                                 \
    do {                                                                                                     \
        if (GROUPS > 1)                                                                                      \
            FORGET_WORDS(w);                                                                                 \
    } while (0)

#define ROTATE_LEFT(x, n, bits) ((x) << (n) | (x) >> ((bits) - (n)))

/* Logic of three operands, in one instruction where there is such a one: gcc 12 often takes two. */
#ifdef __AVX512VL__
#if VECTOR_BITS == 512
#define TERNARY_LOGIC(x, y, z, table)                                                                        \
    _mm512_ternarylogic_epi32((__m512i)(x), (__m512i)(y), (__m512i)(z), table)
#else
#define TERNARY_LOGIC(x, y, z, table)                                                                        \
    _mm256_ternarylogic_epi32((__m256i)(x), (__m256i)(y), (__m256i)(z), table)
#endif
#define CHOOSE(x, y, z)   ((__typeof__(x))TERNARY_LOGIC(x, y, z, 0xca))
#define PARITY(x, y, z)   ((__typeof__(x))TERNARY_LOGIC(x, y, z, 0x96))
#define MAJORITY(x, y, z) ((__typeof__(x))TERNARY_LOGIC(x, y, z, 0xe8))
#else
#define CHOOSE(x, y, z)   ((z) ^ ((x) & ((y) ^ (z))))
#define PARITY(x, y, z)   ((x) ^ (y) ^ (z))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))
#endif

/*
 * Elements of two vectors interleaved within each 128 bits (LOW, HIGH) and their 128-bit quarters sorted by
 * place: EVEN takes quarters 0 and 2 of a, then of b; ODD 1 and 3. With 256 bits there are two: 0 and 1.
 */
#if VECTOR_BITS == 512
#define LOW_32  0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define HIGH_32 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#define LOW_64  0, 8, 2, 10, 4, 12, 6, 14
#define HIGH_64 1, 9, 3, 11, 5, 13, 7, 15
#define EVEN    0, 1, 4, 5, 8, 9, 12, 13
#define ODD     2, 3, 6, 7, 10, 11, 14, 15
#elif VECTOR_BITS == 256
#define LOW_32  0, 8, 1, 9, 4, 12, 5, 13
#define HIGH_32 2, 10, 3, 11, 6, 14, 7, 15
#define LOW_64  0, 4, 2, 6
#define HIGH_64 1, 5, 3, 7
#define EVEN    0, 1, 4, 5
#define ODD     2, 3, 6, 7
#else
#define LOW_32  0, 4, 1, 5
#define HIGH_32 2, 6, 3, 7
#define LOW_64  0, 2
#define HIGH_64 1, 3
#endif
#define PICK32(a, b, which) ((vector32)__builtin_shufflevector((vector32)(a), (vector32)(b), which))
#define PICK64(a, b, which) ((vector64)__builtin_shufflevector((vector64)(a), (vector64)(b), which))

#if VECTOR_BITS == 512
/* q[0], q[1], q[2], q[3]: quarter m of each goes to out[m]. */
#define SPREAD_QUARTERS(out0, out1, out2, out3, q0, q1, q2, q3, type)                                        \
    do {                                                                                                     \
        vector64 even0 = PICK64(q0, q1, EVEN), even1 = PICK64(q2, q3, EVEN);                                 \
        vector64 odd0 = PICK64(q0, q1, ODD), odd1 = PICK64(q2, q3, ODD);                                     \
        (out0) = (type)PICK64(even0, even1, EVEN);                                                           \
        (out2) = (type)PICK64(even0, even1, ODD);                                                            \
        (out1) = (type)PICK64(odd0, odd1, EVEN);                                                             \
        (out3) = (type)PICK64(odd0, odd1, ODD);                                                              \
    } while (0)
#elif VECTOR_BITS == 256
#define SPREAD_HALVES(out0, out1, q0, q1, type)                                                              \
    do {                                                                                                     \
        vector64 low = PICK64(q0, q1, EVEN), high = PICK64(q0, q1, ODD);                                     \
        (out0) = (type)low;                                                                                  \
        (out1) = (type)high;                                                                                 \
    } while (0)
#endif

/* Four rows' 128-bit pieces: column c of each 128 bits, of rows first to first + 3, to u[first + c]. */
#define SPREAD_FOUR_32(u, r, first)                                                                          \
    do {                                                                                                     \
        vector32 t0 = PICK32((r)[(first)], (r)[(first) + 1], LOW_32);                                        \
        vector32 t1 = PICK32((r)[(first)], (r)[(first) + 1], HIGH_32);                                       \
        vector32 t2 = PICK32((r)[(first) + 2], (r)[(first) + 3], LOW_32);                                    \
        vector32 t3 = PICK32((r)[(first) + 2], (r)[(first) + 3], HIGH_32);                                   \
        (u)[(first)] = PICK64(t0, t2, LOW_64);                                                               \
        (u)[(first) + 1] = PICK64(t0, t2, HIGH_64);                                                          \
        (u)[(first) + 2] = PICK64(t1, t3, LOW_64);                                                           \
        (u)[(first) + 3] = PICK64(t1, t3, HIGH_64);                                                          \
    } while (0)

#define SPREAD_TWO_64(u, r, first)                                                                           \
    do {                                                                                                     \
        (u)[(first)] = PICK64((r)[(first)], (r)[(first) + 1], LOW_64);                                       \
        (u)[(first) + 1] = PICK64((r)[(first)], (r)[(first) + 1], HIGH_64);                                  \
    } while (0)

#define LOAD32(i) r[i] = *(const unaligned32 *)(const void *)(blocks[i] + at)
#define LOAD64(i) r[i] = *(const unaligned64 *)(const void *)(blocks[i] + at)

/* WIDTH32 words, from byte `at` of each lane's block on: out[i] is word i of all lanes. */
LANES_INLINE void vector_spread32(vector32 *out, const uint8_t *const *blocks, size_t at)
{
    vector32 r[WIDTH32];
    vector64 u[WIDTH32];
    LOAD32(0), LOAD32(1), LOAD32(2), LOAD32(3);
    SPREAD_FOUR_32(u, r, 0);
#if VECTOR_BITS >= 256
    LOAD32(4), LOAD32(5), LOAD32(6), LOAD32(7);
    SPREAD_FOUR_32(u, r, 4);
#endif
#if VECTOR_BITS == 512
    LOAD32(8), LOAD32(9), LOAD32(10), LOAD32(11);
    SPREAD_FOUR_32(u, r, 8);
    LOAD32(12), LOAD32(13), LOAD32(14), LOAD32(15);
    SPREAD_FOUR_32(u, r, 12);
    SPREAD_QUARTERS(out[0], out[4], out[8], out[12], u[0], u[4], u[8], u[12], vector32);
    SPREAD_QUARTERS(out[1], out[5], out[9], out[13], u[1], u[5], u[9], u[13], vector32);
    SPREAD_QUARTERS(out[2], out[6], out[10], out[14], u[2], u[6], u[10], u[14], vector32);
    SPREAD_QUARTERS(out[3], out[7], out[11], out[15], u[3], u[7], u[11], u[15], vector32);
#elif VECTOR_BITS == 256
    SPREAD_HALVES(out[0], out[4], u[0], u[4], vector32);
    SPREAD_HALVES(out[1], out[5], u[1], u[5], vector32);
    SPREAD_HALVES(out[2], out[6], u[2], u[6], vector32);
    SPREAD_HALVES(out[3], out[7], u[3], u[7], vector32);
#else
    out[0] = (vector32)u[0], out[1] = (vector32)u[1], out[2] = (vector32)u[2], out[3] = (vector32)u[3];
#endif
}

/* The same in words of 64 bits, WIDTH64 of them. */
LANES_INLINE void vector_spread64(vector64 *out, const uint8_t *const *blocks, size_t at)
{
    vector64 r[WIDTH64], u[WIDTH64];
    LOAD64(0), LOAD64(1);
    SPREAD_TWO_64(u, r, 0);
#if VECTOR_BITS >= 256
    LOAD64(2), LOAD64(3);
    SPREAD_TWO_64(u, r, 2);
#endif
#if VECTOR_BITS == 512
    LOAD64(4), LOAD64(5);
    SPREAD_TWO_64(u, r, 4);
    LOAD64(6), LOAD64(7);
    SPREAD_TWO_64(u, r, 6);
    SPREAD_QUARTERS(out[0], out[2], out[4], out[6], u[0], u[2], u[4], u[6], vector64);
    SPREAD_QUARTERS(out[1], out[3], out[5], out[7], u[1], u[3], u[5], u[7], vector64);
#elif VECTOR_BITS == 256
    SPREAD_HALVES(out[0], out[2], u[0], u[2], vector64);
    SPREAD_HALVES(out[1], out[3], u[1], u[3], vector64);
#else
    out[0] = u[0], out[1] = u[1];
#endif
}

/* From the order of the bytes in memory to numbers. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LITTLE_ENDIAN32(x) vector_swap32(x)
#define BIG_ENDIAN32(x)    (x)
#define BIG_ENDIAN64(x)    (x)
#else
#define LITTLE_ENDIAN32(x) (x)
#define BIG_ENDIAN32(x)    vector_swap32(x)
#define BIG_ENDIAN64(x)    vector_swap64(x)
#endif

/* One shuffle where there is one for bytes; shifts elsewhere. */
#if VECTOR_BITS >= 256
#define TURN_4(n) (n) + 3, (n) + 2, (n) + 1, (n)
#define TURN_8(n) (n) + 7, (n) + 6, (n) + 5, (n) + 4, TURN_4(n)
#define TURN32    TURN_4(0), TURN_4(4), TURN_4(8), TURN_4(12), TURN_4(16), TURN_4(20), TURN_4(24), TURN_4(28)
#define TURN64    TURN_8(0), TURN_8(8), TURN_8(16), TURN_8(24)
#if VECTOR_BITS == 512
#define TURN32_ALL                                                                                           \
    TURN32, TURN_4(32), TURN_4(36), TURN_4(40), TURN_4(44), TURN_4(48), TURN_4(52), TURN_4(56), TURN_4(60)
#define TURN64_ALL TURN64, TURN_8(32), TURN_8(40), TURN_8(48), TURN_8(56)
#else
#define TURN32_ALL TURN32
#define TURN64_ALL TURN64
#endif
LANES_INLINE vector32 vector_swap32(vector32 x)
{
    return (vector32)__builtin_shufflevector((bytes_vector)x, (bytes_vector)x, TURN32_ALL);
}

LANES_INLINE vector64 vector_swap64(vector64 x)
{
    return (vector64)__builtin_shufflevector((bytes_vector)x, (bytes_vector)x, TURN64_ALL);
}
#else
LANES_INLINE vector32 vector_swap32(vector32 x)
{
    return (ROTATE_LEFT(x, 8, 32) & 0x00ff00ff) | (ROTATE_LEFT(x, 24, 32) & 0xff00ff00);
}

LANES_INLINE vector64 vector_swap64(vector64 x)
{
    vector64 halves = ROTATE_LEFT(x, 32, 64);
    return (vector64)vector_swap32((vector32)halves);
}
#endif

#endif
