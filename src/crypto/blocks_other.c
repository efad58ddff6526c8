/* SPDX-License-Identifier: MIT */
/* Processors for which there are no instructions here. */
#include "crypto/blocks.h"

void crypto_sha1_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    crypto_sha1_library(s, data, blocks);
}

void crypto_sha256_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    crypto_sha256_library(s, data, blocks);
}
