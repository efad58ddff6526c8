/* SPDX-License-Identifier: MIT */
#include <nettle/cmac.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>

#include "base/secret.h"
#include "crypto/macs.h"

_Static_assert(sizeof(((struct sha512_ctx *)0)->state) == sizeof(((struct crypto_hmac_sha512 *)0)->inner),
               "words");
_Static_assert(sizeof(struct cmac_aes128_ctx) <= sizeof(struct crypto_cmac),
               "struct crypto_cmac is too small");

/* ---- HMAC-SHA-512 ---- */

static void expand(uint64_t state[static 8], uint8_t pad, const uint8_t *key, size_t key_size)
{
    struct sha512_ctx ctx;
    uint8_t block[SHA512_BLOCK_SIZE];

    memset(block, pad, sizeof block);
    for (size_t i = 0; i < key_size && i < sizeof block; i++)
        block[i] ^= key[i];
    sha512_init(&ctx);
    sha512_update(&ctx, sizeof block, block);
    memcpy(state, ctx.state, sizeof ctx.state);
    secret_wipe(block, sizeof block);
    secret_wipe(&ctx, sizeof ctx);
}

void crypto_hmac_sha512_init(struct crypto_hmac_sha512 *h, const uint8_t *key, size_t key_size)
{
    expand(h->inner, 0x36, key, key_size);
    expand(h->outer, 0x5c, key, key_size);
}

/* As if the one block of the padded key had just been hashed. */
static void resume(struct sha512_ctx *ctx, const uint64_t state[static 8])
{
    sha512_init(ctx);
    memcpy(ctx->state, state, sizeof ctx->state);
    ctx->count_low = 1;
}

void crypto_hmac_sha512(const struct crypto_hmac_sha512 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA512_SIZE])
{
    struct sha512_ctx ctx;

    resume(&ctx, h->inner);
    sha512_update(&ctx, m->head.size, m->head.data);
    for (size_t i = 0; i < m->count; i++)
        sha512_update(&ctx, m->parts[i].size, m->parts[i].data);
    sha512_update(&ctx, m->tail.size, m->tail.data);
    sha512_digest(&ctx, SHA512_DIGEST_SIZE, mac);
    resume(&ctx, h->outer);
    sha512_update(&ctx, SHA512_DIGEST_SIZE, mac);
    sha512_digest(&ctx, SHA512_DIGEST_SIZE, mac);
    secret_wipe(&ctx, sizeof ctx);
}

/* ---- AES-128-CMAC ---- */

void crypto_cmac_init(struct crypto_cmac *c, const uint8_t key[static CRYPTO_CMAC_KEY])
{
    memset(c, 0, sizeof *c);
    cmac_aes128_set_key((struct cmac_aes128_ctx *)(void *)c->words, key);
}

void crypto_cmac(const struct crypto_cmac *c, const struct crypto_message *m,
                 uint8_t mac[static CRYPTO_CMAC_SIZE])
{
    struct crypto_cmac copy = *c;
    struct cmac_aes128_ctx *ctx = (struct cmac_aes128_ctx *)(void *)copy.words;

    cmac_aes128_update(ctx, m->head.size, m->head.data);
    for (size_t i = 0; i < m->count; i++)
        cmac_aes128_update(ctx, m->parts[i].size, m->parts[i].data);
    cmac_aes128_update(ctx, m->tail.size, m->tail.data);
    cmac_aes128_digest(ctx, CRYPTO_CMAC_SIZE, mac);
    secret_wipe(&copy, sizeof copy);
}

/* ---- SHA-256 and HKDF ---- */

void crypto_sha256(const struct crypto_message *m, uint8_t digest[static 32])
{
    struct sha256_ctx ctx;

    sha256_init(&ctx);
    sha256_update(&ctx, m->head.size, m->head.data);
    for (size_t i = 0; i < m->count; i++)
        sha256_update(&ctx, m->parts[i].size, m->parts[i].data);
    sha256_update(&ctx, m->tail.size, m->tail.data);
    sha256_digest(&ctx, SHA256_DIGEST_SIZE, digest);
    secret_wipe(&ctx, sizeof ctx);
}

void crypto_hkdf_extract(struct span salt, struct span secret, uint8_t prk[static CRYPTO_HKDF_PRK])
{
    struct hmac_sha256_ctx ctx;

    hmac_sha256_set_key(&ctx, salt.size, salt.data);
    hkdf_extract(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
                 (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE, secret.size, secret.data,
                 prk);
    secret_wipe(&ctx, sizeof ctx);
}

void crypto_hkdf_expand(const uint8_t prk[static CRYPTO_HKDF_PRK], struct span info, uint8_t *out,
                        size_t size)
{
    struct hmac_sha256_ctx ctx;

    hmac_sha256_set_key(&ctx, CRYPTO_HKDF_PRK, prk);
    hkdf_expand(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
                (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE, info.size, info.data, size,
                out);
    secret_wipe(&ctx, sizeof ctx);
}
