/* SPDX-License-Identifier: MIT */
/*
 * crypto/krb5_kdf: how Kerberos makes the keys of one purpose from the key of a context: RFC 3961 section 5.1
 * (n-fold and DK, for the AES-SHA1 types of RFC 3962) and RFC 8009 section 3 (KDF-HMAC-SHA2). The keys of
 * RC4-HMAC (RFC 4757) are bare HMAC-MD5 values and are made where they are used. Run once per key and
 * purpose, never per message.
 */
#ifndef OPENSSPI_CRYPTO_KRB5_KDF_H
#define OPENSSPI_CRYPTO_KRB5_KDF_H

#include "base/span.h"

enum { CRYPTO_KRB5_KEY_MAX = 32 };

/* Last byte of the constant that a key is derived with; the first four are the key usage number, big-endian.
 */
enum crypto_krb5_purpose {
    CRYPTO_KRB5_KC = 0x99, /* checksum */
    CRYPTO_KRB5_KE = 0xAA, /* encryption */
    CRYPTO_KRB5_KI = 0x55, /* integrity of what is encrypted */
};

/* RFC 3961 section 5.1: stretches or folds in to out_size bytes. in_size 1..64, out_size 1..64. */
void crypto_krb5_nfold(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);

/* DK(key, usage || purpose) for AES: as many bytes as the key has, 16 or 32. */
void crypto_krb5_derive_sha1(const uint8_t *key, size_t key_size, uint32_t usage,
                             enum crypto_krb5_purpose purpose, uint8_t *out);

/* KDF-HMAC-SHA2: out_size bytes of HMAC-SHA-256 (key of 16) or HMAC-SHA-384 (key of 32); out_size up to 32.
 */
void crypto_krb5_derive_sha2(const uint8_t *key, size_t key_size, uint32_t usage,
                             enum crypto_krb5_purpose purpose, uint8_t *out, size_t out_size);

#endif
