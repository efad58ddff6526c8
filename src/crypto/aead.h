/* SPDX-License-Identifier: MIT */
/*
 * crypto/aead: AES-256-GCM (NIST SP 800-38D) over scattered memory and in place. The key is expanded once;
 * expanded keys are only read in use, plain to copy and to wipe, and never packed: raw keys are. Without text
 * the tag is GMAC. A nonce must never serve twice under one key; whoever calls sees to that. Nothing
 * allocates, locks or fails. On nettle.
 */
#ifndef OPENSSPI_CRYPTO_AEAD_H
#define OPENSSPI_CRYPTO_AEAD_H

#include "crypto/aes.h"
#include "crypto/crypto.h"

enum { CRYPTO_GCM_KEY = 32, CRYPTO_GCM_NONCE = 12, CRYPTO_GCM_TAG = 16 };

struct crypto_gcm {
    uint64_t words[544]; /* the library's, expanded: aead.c */
};

void crypto_gcm_init(struct crypto_gcm *g, const uint8_t key[static CRYPTO_GCM_KEY]);

/* Encrypts the pieces in order, in place; tag is over `clear` (the additional data) and the ciphertext. The
 * pieces may be empty and must not overlap. */
void crypto_gcm_seal(const struct crypto_gcm *g, const uint8_t nonce[static CRYPTO_GCM_NONCE],
                     const struct crypto_message *clear, const struct crypto_piece *text, size_t count,
                     uint8_t tag[static CRYPTO_GCM_TAG]);

/* The tag that belongs to this ciphertext; nothing else is written. For whoever receives: compare first. */
void crypto_gcm_tag(const struct crypto_gcm *g, const uint8_t nonce[static CRYPTO_GCM_NONCE],
                    const struct crypto_message *clear, const struct crypto_piece *text, size_t count,
                    uint8_t tag[static CRYPTO_GCM_TAG]);

/* Decrypts in place, after the tag was found right. */
void crypto_gcm_open(const struct crypto_gcm *g, const uint8_t nonce[static CRYPTO_GCM_NONCE],
                     const struct crypto_piece *text, size_t count);

#endif
