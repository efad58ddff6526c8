/* SPDX-License-Identifier: MIT */
/*
 * crypto/hmac_sha: HMAC over the SHA family from saved chaining words, the checksums of the AES encryption
 * types of Kerberos. As with struct crypto_hmac_md5 the key is spent once: `inner` and `outer` are the hash's
 * chaining words after the padded key block (RFC 2104). They are canonical: word i is state word i of FIPS
 * 180-4, whatever the library and the byte order, so they may be compared and handed to another
 * implementation. Nothing allocates, locks or fails.
 *
 * Two implementations, one per build: hmac_sha.c on nettle, portable_krb5.c on nothing.
 */
#ifndef OPENSSPI_CRYPTO_HMAC_SHA_H
#define OPENSSPI_CRYPTO_HMAC_SHA_H

#include "crypto/crypto.h"

enum { CRYPTO_SHA1_SIZE = 20, CRYPTO_SHA256_SIZE = 32, CRYPTO_SHA384_SIZE = 48 };

struct crypto_hmac_sha1 {
    uint32_t inner[5];
    uint32_t outer[5];
};

struct crypto_hmac_sha256 {
    uint32_t inner[8];
    uint32_t outer[8];
};

struct crypto_hmac_sha384 {
    uint64_t inner[8];
    uint64_t outer[8];
};

/* Spends the key: any size up to one block of the hash (64, 64, 128 bytes); no derived key of Kerberos is
 * longer. */
void crypto_hmac_sha1_init(struct crypto_hmac_sha1 *h, const uint8_t *key, size_t key_size);
void crypto_hmac_sha256_init(struct crypto_hmac_sha256 *h, const uint8_t *key, size_t key_size);
void crypto_hmac_sha384_init(struct crypto_hmac_sha384 *h, const uint8_t *key, size_t key_size);

/* The whole MAC over head, parts and tail; callers truncate. *h is only read: any number of threads. */
void crypto_hmac_sha1(const struct crypto_hmac_sha1 *h, const struct crypto_message *m,
                      uint8_t mac[static CRYPTO_SHA1_SIZE]);
void crypto_hmac_sha256(const struct crypto_hmac_sha256 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA256_SIZE]);
void crypto_hmac_sha384(const struct crypto_hmac_sha384 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA384_SIZE]);

#endif
