/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL's low-level functions: deprecated in favour of an interface that costs more than a whole short
 * signature, but no library is faster for SHA-384 (a third, against nettle), and no provider or lock is
 * between. With nothing pending (num 0) an update of whole blocks leaves nothing else behind in the context.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "crypto/blocks.h"

_Static_assert(offsetof(SHA_CTX, h0) == 0 && sizeof(SHA_CTX) <= sizeof(struct crypto_blocks), "room");
_Static_assert(offsetof(SHA256_CTX, h) == 0 && sizeof(SHA256_CTX) <= sizeof(struct crypto_blocks), "room");
_Static_assert(offsetof(SHA512_CTX, h) == 0 && sizeof(SHA512_CTX) <= sizeof(struct crypto_blocks), "room");

void crypto_sha1_library(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    SHA_CTX *ctx = (SHA_CTX *)(void *)s;
    ctx->Nl = ctx->Nh = 0;
    ctx->num = 0;
    SHA1_Update(ctx, data, blocks * SHA_CBLOCK);
}

void crypto_sha256_library(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    SHA256_CTX *ctx = (SHA256_CTX *)(void *)s;
    ctx->Nl = ctx->Nh = 0;
    ctx->num = 0;
    ctx->md_len = SHA256_DIGEST_LENGTH;
    SHA256_Update(ctx, data, blocks * SHA256_CBLOCK);
}

void crypto_sha512_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    SHA512_CTX *ctx = (SHA512_CTX *)(void *)s;
    if (blocks == 1) {
        SHA512_Transform(ctx, data);
        return;
    }
    ctx->Nl = ctx->Nh = 0;
    ctx->num = 0;
    SHA512_Update(ctx, data, blocks * SHA512_CBLOCK);
}
