/* SPDX-License-Identifier: MIT */
/*
 * nettle keeps its expanded keys as bare arrays of words, without pointers or a choice of implementation in
 * them, so our words can be its struct: the asserts below are what that rests on.
 */
#include <nettle/aes.h>
#include <nettle/cbc.h>

#include "crypto/aes.h"

_Static_assert(sizeof(struct aes128_ctx) <= sizeof(((struct crypto_aes *)0)->words),
               "aes128_ctx is its round keys");
_Static_assert(sizeof(struct aes256_ctx) <= sizeof(((struct crypto_aes *)0)->words),
               "aes256_ctx is its round keys");
_Static_assert(_Alignof(struct aes256_ctx) <= _Alignof(struct crypto_aes), "aes256_ctx is made of words");

static const struct aes128_ctx *as128(const struct crypto_aes *a)
{
    return (const void *)a->words;
}

static const struct aes256_ctx *as256(const struct crypto_aes *a)
{
    return (const void *)a->words;
}

void crypto_aes_encrypt_key(struct crypto_aes *a, const uint8_t *key, size_t key_size)
{
    *a = (struct crypto_aes){.rounds = key_size == 16 ? 10 : 14};
    if (key_size == 16)
        aes128_set_encrypt_key((void *)a->words, key);
    else
        aes256_set_encrypt_key((void *)a->words, key);
}

void crypto_aes_decrypt_key(struct crypto_aes *a, const uint8_t *key, size_t key_size)
{
    *a = (struct crypto_aes){.rounds = key_size == 16 ? 10 : 14};
    if (key_size == 16)
        aes128_set_decrypt_key((void *)a->words, key);
    else
        aes256_set_decrypt_key((void *)a->words, key);
}

void crypto_aes_cbc_encrypt(const struct crypto_aes *a, uint8_t iv[static CRYPTO_AES_BLOCK],
                            const uint8_t *in, uint8_t *out, size_t blocks)
{
    if (a->rounds == 10)
        cbc_aes128_encrypt(as128(a), iv, blocks * CRYPTO_AES_BLOCK, out, in);
    else
        cbc_aes256_encrypt(as256(a), iv, blocks * CRYPTO_AES_BLOCK, out, in);
}

void crypto_aes_cbc_decrypt(const struct crypto_aes *a, uint8_t iv[static CRYPTO_AES_BLOCK],
                            const uint8_t *in, uint8_t *out, size_t blocks)
{
    if (a->rounds == 10)
        cbc_decrypt(as128(a), (nettle_cipher_func *)aes128_decrypt, CRYPTO_AES_BLOCK, iv,
                    blocks * CRYPTO_AES_BLOCK, out, in);
    else
        cbc_decrypt(as256(a), (nettle_cipher_func *)aes256_decrypt, CRYPTO_AES_BLOCK, iv,
                    blocks * CRYPTO_AES_BLOCK, out, in);
}
