/* SPDX-License-Identifier: MIT */
/*
 * crypto/macs: HMAC-SHA-512 (RFC 2104, FIPS 180-4), AES-128-CMAC (RFC 4493), and HKDF-SHA-256 (RFC 5869).
 * HMAC state is the chaining words after the padded key block, canonical as in crypto/hmac_sha.h; the CMAC
 * key is the library's expansion and never packed. Keys are spent once; state is only read in use. Nothing
 * allocates, locks or fails. On nettle.
 */
#ifndef OPENSSPI_CRYPTO_MACS_H
#define OPENSSPI_CRYPTO_MACS_H

#include "crypto/crypto.h"

enum { CRYPTO_SHA512_SIZE = 64, CRYPTO_CMAC_KEY = 16, CRYPTO_CMAC_SIZE = 16, CRYPTO_HKDF_PRK = 32 };

struct crypto_hmac_sha512 {
    uint64_t inner[8];
    uint64_t outer[8];
};

/* Keys of up to one block, 128 bytes. */
void crypto_hmac_sha512_init(struct crypto_hmac_sha512 *h, const uint8_t *key, size_t key_size);
void crypto_hmac_sha512(const struct crypto_hmac_sha512 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA512_SIZE]);

struct crypto_cmac {
    uint64_t words[40]; /* the library's, expanded: macs.c */
};

void crypto_cmac_init(struct crypto_cmac *c, const uint8_t key[static CRYPTO_CMAC_KEY]);
void crypto_cmac(const struct crypto_cmac *c, const struct crypto_message *m,
                 uint8_t mac[static CRYPTO_CMAC_SIZE]);

void crypto_sha256(const struct crypto_message *m, uint8_t digest[static 32]);

/* RFC 5869 2.2; any sizes, 0 allowed. */
void crypto_hkdf_extract(struct span salt, struct span secret, uint8_t prk[static CRYPTO_HKDF_PRK]);
/* RFC 5869 2.3; size up to 255 * 32. */
void crypto_hkdf_expand(const uint8_t prk[static CRYPTO_HKDF_PRK], struct span info, uint8_t *out,
                        size_t size);

#endif
