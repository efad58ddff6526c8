/* SPDX-License-Identifier: MIT */
/* RC4 and AES of the kernel's libraries. Their structures are filled for one call and wiped: ours are what is
 * packed and copied. */
#include "crypto/aes.h"
#include "crypto/crypto.h"

#include <crypto/aes.h>
#include <crypto/arc4.h>

#include "base/secret.h"

/* ---- RC4 ---- */

/* The library keeps the first index one ahead, and every byte of the permutation in a word. */
static void rc4_save(struct crypto_rc4 *r, const struct arc4_ctx *ctx)
{
    for (size_t i = 0; i < sizeof r->s; i++)
        r->s[i] = (uint8_t)ctx->S[i];
    r->i = (uint8_t)(ctx->x - 1);
    r->j = (uint8_t)ctx->y;
}

static void rc4_load(struct arc4_ctx *ctx, const struct crypto_rc4 *r)
{
    for (size_t i = 0; i < sizeof r->s; i++)
        ctx->S[i] = r->s[i];
    ctx->x = (uint8_t)(r->i + 1);
    ctx->y = r->j;
}

void crypto_rc4_init(struct crypto_rc4 *r, const uint8_t *key, size_t key_size)
{
    struct arc4_ctx ctx;
    arc4_setkey(&ctx, key, (unsigned)key_size);
    rc4_save(r, &ctx);
    secret_wipe(&ctx, sizeof ctx);
}

void crypto_rc4(struct crypto_rc4 *r, const uint8_t *in, uint8_t *out, size_t size)
{
    struct arc4_ctx ctx;
    if (size == 0)
        return;
    rc4_load(&ctx, r);
    arc4_crypt(&ctx, out, in, (unsigned)size);
    rc4_save(r, &ctx);
    secret_wipe(&ctx, sizeof ctx);
}

/* ---- AES ---- */

static_assert(sizeof(((struct crypto_aes_ctx *)0)->key_enc) == sizeof(((struct crypto_aes *)0)->words));
static_assert(sizeof(((struct crypto_aes_ctx *)0)->key_dec) == sizeof(((struct crypto_aes *)0)->words));

void crypto_aes_encrypt_key(struct crypto_aes *a, const uint8_t *key, size_t key_size)
{
    struct crypto_aes_ctx ctx;
    aes_expandkey(&ctx, key, (unsigned)key_size);
    memcpy(a->words, ctx.key_enc, sizeof a->words);
    a->rounds = key_size == 16 ? 10 : 14;
    secret_wipe(&ctx, sizeof ctx);
}

void crypto_aes_decrypt_key(struct crypto_aes *a, const uint8_t *key, size_t key_size)
{
    struct crypto_aes_ctx ctx;
    aes_expandkey(&ctx, key, (unsigned)key_size);
    memcpy(a->words, ctx.key_dec, sizeof a->words);
    a->rounds = key_size == 16 ? 10 : 14;
    secret_wipe(&ctx, sizeof ctx);
}

static uint32_t key_length(const struct crypto_aes *a)
{
    return a->rounds == 10 ? 16 : 32;
}

void crypto_aes_cbc_encrypt(const struct crypto_aes *a, uint8_t iv[static CRYPTO_AES_BLOCK],
                            const uint8_t *in, uint8_t *out, size_t blocks)
{
    struct crypto_aes_ctx ctx;
    memcpy(ctx.key_enc, a->words, sizeof a->words);
    ctx.key_length = key_length(a);
    for (; blocks > 0; blocks--) {
        for (size_t i = 0; i < CRYPTO_AES_BLOCK; i++)
            iv[i] ^= in[i];
        aes_encrypt(&ctx, iv, iv);
        memcpy(out, iv, CRYPTO_AES_BLOCK);
        in += CRYPTO_AES_BLOCK;
        out += CRYPTO_AES_BLOCK;
    }
    secret_wipe(&ctx, sizeof ctx);
}

void crypto_aes_cbc_decrypt(const struct crypto_aes *a, uint8_t iv[static CRYPTO_AES_BLOCK],
                            const uint8_t *in, uint8_t *out, size_t blocks)
{
    struct crypto_aes_ctx ctx;
    uint8_t cipher[CRYPTO_AES_BLOCK];
    memcpy(ctx.key_dec, a->words, sizeof a->words);
    ctx.key_length = key_length(a);
    for (; blocks > 0; blocks--) {
        memcpy(cipher, in, sizeof cipher);
        aes_decrypt(&ctx, out, in);
        for (size_t i = 0; i < CRYPTO_AES_BLOCK; i++)
            out[i] ^= iv[i];
        memcpy(iv, cipher, sizeof cipher);
        in += CRYPTO_AES_BLOCK;
        out += CRYPTO_AES_BLOCK;
    }
    secret_wipe(&ctx, sizeof ctx);
}
