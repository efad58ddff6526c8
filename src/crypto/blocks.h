/* SPDX-License-Identifier: MIT */
/*
 * crypto/blocks: the compression functions under HMAC, inside of crypto. Each turns whole blocks into the
 * chaining words, which are canonical (word i of RFC 1321 and FIPS 180-4, in the host's byte order). Who does
 * the work is chosen by measurement (docs/performance.md):
 *
 *   MD5             md5.c, ours: no library's is as fast with these two compilers
 *   SHA-1, SHA-256  blocks_x86.c, ours, where the processor has instructions for them
 *   else            blocks_openssl.c, OpenSSL's low-level functions; without libcrypto blocks_nettle.c
 *
 * Nothing allocates, locks or fails.
 */
#ifndef OPENSSPI_CRYPTO_BLOCKS_H
#define OPENSSPI_CRYPTO_BLOCKS_H

#include "port.h"

/* Chaining words, and behind them the room in which a library keeps what its context holds besides: so the
 * words need not be copied in and out of one. Only the words are secret, and only they are wiped. */
struct crypto_blocks {
    union {
        uint32_t w32[8];
        uint64_t w64[8];
    };
    uint64_t library[20];
};

void crypto_md5_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks);    /* of 64 bytes */
void crypto_sha1_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks);   /* of 64 bytes */
void crypto_sha256_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks); /* of 64 bytes */
void crypto_sha512_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks); /* of 128 bytes */

/*
 * The end of an HMAC in one call: `run_blocks` blocks at run, then the last ones, padded, after the chaining
 * words inner; then the outer hash after the words outer; the whole digest to mac. False: this processor has
 * no instructions for that, nothing was done.
 */
typedef bool crypto_blocks_end(const void *inner, const void *outer, const uint8_t *run, size_t run_blocks,
                               const uint8_t *last, size_t last_blocks, uint8_t *mac);
crypto_blocks_end crypto_sha1_end, crypto_sha256_end;

/* Test seam: true, and the library does it all from now on; false: the best again. */
void crypto_blocks_without_instructions(bool without);

/* The same by the library, for processors without instructions of their own. */
void crypto_sha1_library(struct crypto_blocks *s, const uint8_t *data, size_t blocks);
void crypto_sha256_library(struct crypto_blocks *s, const uint8_t *data, size_t blocks);

#endif
