/* SPDX-License-Identifier: MIT */
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "crypto/blocks.h"

void crypto_sha1_library(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    for (; blocks > 0; blocks--, data += SHA1_BLOCK_SIZE)
        nettle_sha1_compress(s->w32, data);
}

/* The other compression functions are not public: whole blocks pass through update, which leaves nothing else
 * behind in the context. */
_Static_assert(offsetof(struct sha256_ctx, state) == 0 &&
                   sizeof(struct sha256_ctx) <= sizeof(struct crypto_blocks),
               "room for nettle's context");
_Static_assert(offsetof(struct sha512_ctx, state) == 0 &&
                   sizeof(struct sha512_ctx) <= sizeof(struct crypto_blocks),
               "room for nettle's context");

void crypto_sha256_library(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    struct sha256_ctx *ctx = (struct sha256_ctx *)(void *)s;
    ctx->count = 0;
    ctx->index = 0;
    sha256_update(ctx, blocks * SHA256_BLOCK_SIZE, data);
}

void crypto_sha512_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    struct sha512_ctx *ctx = (struct sha512_ctx *)(void *)s;
    ctx->count_low = ctx->count_high = 0;
    ctx->index = 0;
    sha512_update(ctx, blocks * SHA512_BLOCK_SIZE, data);
}
