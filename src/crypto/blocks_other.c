/* SPDX-License-Identifier: MIT */
/* Processors for which there are no instructions here. */
#include "crypto/blocks.h"

void crypto_blocks_without_instructions(bool without)
{
    (void)without;
}

void crypto_sha1_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    crypto_sha1_library(s, data, blocks);
}

void crypto_sha256_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    crypto_sha256_library(s, data, blocks);
}

bool crypto_sha1_end(const void *inner, const void *outer, const uint8_t *run, size_t run_blocks,
                     const uint8_t *last, size_t last_blocks, uint8_t *mac)
{
    (void)inner, (void)outer, (void)run, (void)run_blocks, (void)last, (void)last_blocks, (void)mac;
    return false;
}

bool crypto_sha256_end(const void *inner, const void *outer, const uint8_t *run, size_t run_blocks,
                       const uint8_t *last, size_t last_blocks, uint8_t *mac)
{
    return crypto_sha1_end(inner, outer, run, run_blocks, last, last_blocks, mac);
}
