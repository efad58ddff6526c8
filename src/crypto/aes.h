/* SPDX-License-Identifier: MIT */
/*
 * crypto/aes: AES-128 and AES-256 in CBC, and CBC with ciphertext stealing as Kerberos uses it (RFC 3962
 * section 5, RFC 8009 section 5; CBC-CS3 in the words of NIST SP 800-38A's addendum), over scattered memory
 * and in place. Keys are expanded once, by the two *_key functions. Nothing allocates, locks or fails;
 * expanded keys are only read in use.
 *
 * aes.c does the key schedule and runs of blocks on nettle, portable_krb5.c on nothing; aes_cts.c is common
 * to both. On x86-64 processors with AES nothing looks a secret up in a table but nettle's schedule for
 * decryption.
 */
#ifndef OPENSSPI_CRYPTO_AES_H
#define OPENSSPI_CRYPTO_AES_H

#include "base/span.h"

enum { CRYPTO_AES_BLOCK = 16 };

/*
 * An expanded key for one direction: plain words, to be copied and wiped as such. Their arrangement belongs
 * to the implementation in use (decryption schedules differ between libraries), so they are never packed: raw
 * keys are.
 */
struct crypto_aes {
    uint32_t words[60];
    uint32_t rounds; /* 10 or 14 */
};

/* key_size 16 or 32. */
void crypto_aes_encrypt_key(struct crypto_aes *a, const uint8_t *key, size_t key_size);
void crypto_aes_decrypt_key(struct crypto_aes *a, const uint8_t *key, size_t key_size);

/* CBC over whole blocks; out may equal in; iv becomes the last ciphertext block (unchanged for blocks == 0).
 */
void crypto_aes_cbc_encrypt(const struct crypto_aes *a, uint8_t iv[static CRYPTO_AES_BLOCK],
                            const uint8_t *in, uint8_t *out, size_t blocks);
void crypto_aes_cbc_decrypt(const struct crypto_aes *a, uint8_t iv[static CRYPTO_AES_BLOCK],
                            const uint8_t *in, uint8_t *out, size_t blocks);

/* A writable piece of a scattered text. Pieces may be empty and of any size; they must not overlap. */
struct crypto_piece {
    uint8_t *data;
    size_t size;
};

/*
 * CBC-CTS with a zero IV over the pieces in order, in place. Together at least 16 bytes (exactly 16: plain
 * CBC of one block). The two undo each other byte for byte.
 */
void crypto_aes_cts_encrypt(const struct crypto_aes *a, const struct crypto_piece *pieces, size_t count);
void crypto_aes_cts_decrypt(const struct crypto_aes *a, const struct crypto_piece *pieces, size_t count);

#endif
