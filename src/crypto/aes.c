/* SPDX-License-Identifier: MIT */
/*
 * nettle keeps its expanded keys as bare arrays of words, without pointers or a choice of implementation in
 * them, so our words can be its struct: the asserts below are what that rests on.
 */
#include <nettle/aes.h>
#include <nettle/cbc.h>
#ifdef __x86_64__
#include <wmmintrin.h>
#endif

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

/*
 * The schedule of FIPS 197, 5.2, by the processor's own S-box: nettle looks bytes of the key up in a table,
 * and Kerberos makes schedules of keys while it verifies (the initiator's, beside an acceptor's subkey).
 * Words are as nettle has them, the first byte lowest. False: no such processor, nothing was done.
 */
#ifdef __x86_64__
__attribute__((target("aes"))) static uint32_t substitute(uint32_t word)
{
    return (uint32_t)_mm_cvtsi128_si32(_mm_aeskeygenassist_si128(_mm_set1_epi32((int)word), 0));
}

static bool schedule(uint32_t *words, const uint8_t *key, size_t key_words, size_t rounds)
{
    uint32_t constant = 1;
    if (!__builtin_cpu_supports("aes"))
        return false;
    memcpy(words, key, 4 * key_words);
    for (size_t i = key_words; i < 4 * (rounds + 1); i++) {
        uint32_t word = words[i - 1];
        if (i % key_words == 0) {
            word = substitute(word);
            word = (word >> 8 | word << 24) ^ constant;
            constant = constant << 1 ^ (constant >> 7) * 0x11b;
        } else if (key_words == 8 && i % key_words == 4) {
            word = substitute(word);
        }
        words[i] = words[i - key_words] ^ word;
    }
    return true;
}
#else
static bool schedule(uint32_t *words, const uint8_t *key, size_t key_words, size_t rounds)
{
    (void)words, (void)key, (void)key_words, (void)rounds;
    return false;
}
#endif

void crypto_aes_encrypt_key(struct crypto_aes *a, const uint8_t *key, size_t key_size)
{
    *a = (struct crypto_aes){.rounds = key_size == 16 ? 10 : 14};
    if (schedule(a->words, key, key_size / 4, a->rounds))
        return;
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
