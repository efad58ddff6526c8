/* SPDX-License-Identifier: MIT */
/*
 * On nettle, for all three. OpenSSL's low-level SHA-512 is a third faster for short messages, but its
 * functions are deprecated and would bring libcrypto into every program that loads this library; the choice
 * stays in this file.
 */
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "base/secret.h"
#include "base/wire.h"
#include "crypto/hmac_sha.h"

_Static_assert(sizeof(((struct sha1_ctx *)0)->state) == sizeof(((struct crypto_hmac_sha1 *)0)->inner),
               "words");
_Static_assert(sizeof(((struct sha256_ctx *)0)->state) == sizeof(((struct crypto_hmac_sha256 *)0)->inner),
               "words");
_Static_assert(sizeof(((struct sha512_ctx *)0)->state) == sizeof(((struct crypto_hmac_sha384 *)0)->inner),
               "words");

/* RFC 2104: the key, zero-padded to a block, with every byte ^ pad. */
static void key_block(uint8_t *block, size_t size, uint8_t pad, const uint8_t *key, size_t key_size)
{
    memset(block, pad, size);
    for (size_t i = 0; i < key_size && i < size; i++)
        block[i] ^= key[i];
}

static void expand_sha1(uint32_t state[static 5], uint8_t pad, const uint8_t *key, size_t key_size)
{
    struct sha1_ctx ctx;
    uint8_t block[SHA1_BLOCK_SIZE];
    key_block(block, sizeof block, pad, key, key_size);
    sha1_init(&ctx);
    sha1_update(&ctx, sizeof block, block);
    memcpy(state, ctx.state, sizeof ctx.state);
    secret_wipe(block, sizeof block);
    secret_wipe(&ctx, sizeof ctx);
}

void crypto_hmac_sha1_init(struct crypto_hmac_sha1 *h, const uint8_t *key, size_t key_size)
{
    expand_sha1(h->inner, 0x36, key, key_size);
    expand_sha1(h->outer, 0x5c, key, key_size);
}

/*
 * The last block or two of the inner hash and the one block of the outer go to the compression function with
 * padding written here: for short messages that is a quarter faster than sha1_digest twice. used < 64 bytes
 * of block are filled.
 */
static void sha1_finish(uint32_t state[static 5], uint8_t block[static SHA1_BLOCK_SIZE], size_t used,
                        uint64_t size)
{
    struct wire_writer w;
    block[used++] = 0x80;
    if (used > SHA1_BLOCK_SIZE - 8) {
        memset(block + used, 0, SHA1_BLOCK_SIZE - used);
        nettle_sha1_compress(state, block);
        used = 0;
    }
    memset(block + used, 0, SHA1_BLOCK_SIZE - 8 - used);
    wire_write_init(&w, block + SHA1_BLOCK_SIZE - 8, 8);
    wire_write_u64_be(&w, size * 8);
    nettle_sha1_compress(state, block);
}

static void sha1_write(const uint32_t state[static 5], uint8_t digest[static CRYPTO_SHA1_SIZE])
{
    struct wire_writer w;
    wire_write_init(&w, digest, CRYPTO_SHA1_SIZE);
    for (size_t i = 0; i < 5; i++)
        wire_write_u32_be(&w, state[i]);
}

void crypto_hmac_sha1(const struct crypto_hmac_sha1 *h, const struct crypto_message *m,
                      uint8_t mac[static CRYPTO_SHA1_SIZE])
{
    struct sha1_ctx ctx;
    uint64_t size = SHA1_BLOCK_SIZE + m->head.size + m->tail.size;
    memcpy(ctx.state, h->inner, sizeof ctx.state);
    ctx.count = 1;
    ctx.index = 0;
    sha1_update(&ctx, m->head.size, m->head.data);
    for (size_t i = 0; i < m->count; i++) {
        sha1_update(&ctx, m->parts[i].size, m->parts[i].data);
        size += m->parts[i].size;
    }
    sha1_update(&ctx, m->tail.size, m->tail.data);
    sha1_finish(ctx.state, ctx.block, size % SHA1_BLOCK_SIZE, size);

    sha1_write(ctx.state, ctx.block);
    memcpy(ctx.state, h->outer, sizeof ctx.state);
    sha1_finish(ctx.state, ctx.block, CRYPTO_SHA1_SIZE, SHA1_BLOCK_SIZE + CRYPTO_SHA1_SIZE);
    sha1_write(ctx.state, mac);
}

static void expand_sha256(uint32_t state[static 8], uint8_t pad, const uint8_t *key, size_t key_size)
{
    struct sha256_ctx ctx;
    uint8_t block[SHA256_BLOCK_SIZE];
    key_block(block, sizeof block, pad, key, key_size);
    sha256_init(&ctx);
    sha256_update(&ctx, sizeof block, block);
    memcpy(state, ctx.state, sizeof ctx.state);
    secret_wipe(block, sizeof block);
    secret_wipe(&ctx, sizeof ctx);
}

void crypto_hmac_sha256_init(struct crypto_hmac_sha256 *h, const uint8_t *key, size_t key_size)
{
    expand_sha256(h->inner, 0x36, key, key_size);
    expand_sha256(h->outer, 0x5c, key, key_size);
}

void crypto_hmac_sha256(const struct crypto_hmac_sha256 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA256_SIZE])
{
    struct sha256_ctx ctx;
    memcpy(ctx.state, h->inner, sizeof ctx.state);
    ctx.count = 1;
    ctx.index = 0;
    sha256_update(&ctx, m->head.size, m->head.data);
    for (size_t i = 0; i < m->count; i++)
        sha256_update(&ctx, m->parts[i].size, m->parts[i].data);
    sha256_update(&ctx, m->tail.size, m->tail.data);
    sha256_digest(&ctx, CRYPTO_SHA256_SIZE, mac);

    memcpy(ctx.state, h->outer, sizeof ctx.state);
    ctx.count = 1;
    sha256_update(&ctx, CRYPTO_SHA256_SIZE, mac);
    sha256_digest(&ctx, CRYPTO_SHA256_SIZE, mac);
}

static void expand_sha384(uint64_t state[static 8], uint8_t pad, const uint8_t *key, size_t key_size)
{
    struct sha512_ctx ctx;
    uint8_t block[SHA512_BLOCK_SIZE];
    key_block(block, sizeof block, pad, key, key_size);
    sha384_init(&ctx);
    sha384_update(&ctx, sizeof block, block);
    memcpy(state, ctx.state, sizeof ctx.state);
    secret_wipe(block, sizeof block);
    secret_wipe(&ctx, sizeof ctx);
}

void crypto_hmac_sha384_init(struct crypto_hmac_sha384 *h, const uint8_t *key, size_t key_size)
{
    expand_sha384(h->inner, 0x36, key, key_size);
    expand_sha384(h->outer, 0x5c, key, key_size);
}

void crypto_hmac_sha384(const struct crypto_hmac_sha384 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA384_SIZE])
{
    struct sha512_ctx ctx;
    memcpy(ctx.state, h->inner, sizeof ctx.state);
    ctx.count_low = 1;
    ctx.count_high = 0;
    ctx.index = 0;
    sha384_update(&ctx, m->head.size, m->head.data);
    for (size_t i = 0; i < m->count; i++)
        sha384_update(&ctx, m->parts[i].size, m->parts[i].data);
    sha384_update(&ctx, m->tail.size, m->tail.data);
    sha384_digest(&ctx, CRYPTO_SHA384_SIZE, mac);

    memcpy(ctx.state, h->outer, sizeof ctx.state);
    ctx.count_low = 1;
    sha384_update(&ctx, CRYPTO_SHA384_SIZE, mac);
    sha384_digest(&ctx, CRYPTO_SHA384_SIZE, mac);
}
