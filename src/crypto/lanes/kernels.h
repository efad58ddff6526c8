/* SPDX-License-Identifier: MIT */
/*
 * crypto/lanes/kernels: compression functions over many messages at once, word i of lane n beside word i of
 * lane n + 1. Each hash is written once in the compiler's vector extensions (md5.c, sha1.c, sha256.c,
 * sha512.c) and compiled once per instruction set (meson.build): vectors of 512 bits for AVX-512, and of 256
 * for few lanes; 256 for AVX2; 128 for everything else (SSE2, NEON). SHA's own instructions take four
 * messages at a time (shani.c). Which one runs is asked at every call: choose.c.
 *
 * Nothing in a kernel depends on a secret but its arithmetic: no branch, no address; tests/lanes looks at the
 * machine code and lets memcheck follow the secrets.
 */
#ifndef OPENSSPI_CRYPTO_LANES_KERNELS_H
#define OPENSSPI_CRYPTO_LANES_KERNELS_H

#include "base/span.h"

/* Lanes of a state, whatever the vectors' size: what keeps AVX-512's units busy. */
enum { LANES_MD5 = 32, LANES_SHA1 = 16, LANES_SHA256 = 16, LANES_SHA512 = 8, LANES_MAX = 32 };

/*
 * state: chaining words, [words][LANES_*], aligned to 64 bytes. Each of the first `lanes` lanes takes `count`
 * blocks, which stand one behind the other at blocks[lane]; the pointers of all lanes must be readable, also
 * of those that are not meant. With blocks NULL count is 1 and the block comes from rows instead, spread
 * already: word i of all lanes at rows[i], in the host's byte order, aligned likewise.
 */
typedef void lanes_kernel32(uint32_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                            const uint32_t *const *rows);
typedef void lanes_kernel64(uint64_t *state, const uint8_t *const *blocks, size_t count, size_t lanes,
                            const uint64_t *const *rows);

/* What one instruction set offers. The least numbers say from how many messages on it is faster than one
 * after the other. */
enum { LANES_NEVER = 255 };
struct lanes_kernels {
    const char *name;
    bool avx2; /* and it has AVX2 for what is around them */
    lanes_kernel32 *md5, *sha1, *sha256;
    lanes_kernel64 *sha512;
    uint8_t md5_least, sha1_least, sha256_least, sha512_least;
};

/* The one in use: the best that this processor has. */
const struct lanes_kernels *lanes_kernels(void);
/* All that this processor has, best first; *count of them. */
const struct lanes_kernels *const *lanes_kernels_all(size_t *count);
/* Test seams: that one from now on; NULL: the best again. And one that is used from two messages on, whether
 * that pays or not. */
void lanes_kernels_force(const struct lanes_kernels *kernels);
struct lanes_kernels lanes_kernels_eager(const struct lanes_kernels *kernels);

#endif
