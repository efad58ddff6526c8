/* SPDX-License-Identifier: MIT */
/* crypto/portable_krb5.c under other names, so that it can stand beside the library's primitives: portable.c
 * includes this first with PORTABLE_RENAME, then the file itself. */
#ifndef OPENSSPI_TESTS_KRB5_PORTABLE_H
#define OPENSSPI_TESTS_KRB5_PORTABLE_H

#ifdef PORTABLE_RENAME
#define crypto_hmac_sha1_init   portable_hmac_sha1_init
#define crypto_hmac_sha256_init portable_hmac_sha256_init
#define crypto_hmac_sha384_init portable_hmac_sha384_init
#define crypto_aes_encrypt_key  portable_aes_encrypt_key
#define crypto_aes_decrypt_key  portable_aes_decrypt_key
#define crypto_aes_cbc_encrypt  portable_aes_cbc_encrypt
#define crypto_aes_cbc_decrypt  portable_aes_cbc_decrypt
/* These three are names of structures too: renamed alike, they stay each other's. */
#define crypto_hmac_sha1   portable_hmac_sha1
#define crypto_hmac_sha256 portable_hmac_sha256
#define crypto_hmac_sha384 portable_hmac_sha384
#else
#include "crypto/aes.h"
#include "crypto/hmac_sha.h"

void portable_hmac_sha1_init(struct crypto_hmac_sha1 *h, const uint8_t *key, size_t key_size);
void portable_hmac_sha256_init(struct crypto_hmac_sha256 *h, const uint8_t *key, size_t key_size);
void portable_hmac_sha384_init(struct crypto_hmac_sha384 *h, const uint8_t *key, size_t key_size);
void portable_hmac_sha1(const struct crypto_hmac_sha1 *h, const struct crypto_message *m, uint8_t *mac);
void portable_hmac_sha256(const struct crypto_hmac_sha256 *h, const struct crypto_message *m, uint8_t *mac);
void portable_hmac_sha384(const struct crypto_hmac_sha384 *h, const struct crypto_message *m, uint8_t *mac);
void portable_aes_encrypt_key(struct crypto_aes *a, const uint8_t *key, size_t key_size);
void portable_aes_decrypt_key(struct crypto_aes *a, const uint8_t *key, size_t key_size);
void portable_aes_cbc_encrypt(const struct crypto_aes *a, uint8_t *iv, const uint8_t *in, uint8_t *out,
                              size_t blocks);
void portable_aes_cbc_decrypt(const struct crypto_aes *a, uint8_t *iv, const uint8_t *in, uint8_t *out,
                              size_t blocks);
#endif

#endif
