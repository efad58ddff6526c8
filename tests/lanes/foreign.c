/* SPDX-License-Identifier: MIT */
/*
 * The lanes of other machines (NEON; a big-endian one) against crypto/portable.c, without a library: built by
 * `foreign` for each and run by an emulator. Lengths are such that no message is ever left alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/blocks.h"
#include "crypto/lanes/kernels.h"
#include "crypto/lanes/lanes.h"

enum { JOBS = LANES_MAX, ROOM = 4096 };

static uint8_t bytes[ROOM], macs[JOBS][CRYPTO_SHA384_SIZE], want[CRYPTO_SHA384_SIZE];
static struct span parts[JOBS];
static struct lanes_job jobs[JOBS];

static void alone(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    (void)s, (void)data, (void)blocks;
    abort();
}

void crypto_md5_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    alone(s, data, blocks);
}

void crypto_sha1_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    alone(s, data, blocks);
}

void crypto_sha256_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    alone(s, data, blocks);
}

void crypto_sha512_blocks(struct crypto_blocks *s, const uint8_t *data, size_t blocks)
{
    alone(s, data, blocks);
}

static void fill(const void *key, size_t size)
{
    for (size_t i = 0; i < JOBS; i++) {
        parts[i] = (struct span){bytes + 17 * i, size};
        jobs[i] = (struct lanes_job){key, {{bytes + i, 4}, &parts[i], 1, {NULL, 0}}, macs[i]};
    }
}

#define CHECK(hash, keyed)                                                                                   \
    do {                                                                                                     \
        struct crypto_hmac_##hash key;                                                                       \
        crypto_hmac_##hash##_init(&key, bytes, keyed);                                                       \
        for (size_t size = 0; size < 290; size += 1 + size / 60) {                                           \
            fill(&key, size);                                                                                \
            lanes_hmac_##hash(jobs, JOBS);                                                                   \
            for (size_t i = 0; i < JOBS; i++) {                                                              \
                crypto_hmac_##hash(&key, &jobs[i].message, want);                                            \
                bad += memcmp(want, macs[i], sizes) != 0;                                                    \
            }                                                                                                \
        }                                                                                                    \
        printf("%s %d - " #hash "\n", bad ? "not ok" : "ok", ++number);                                      \
        failed += bad != 0;                                                                                  \
    } while (0)

int main(void)
{
    const struct lanes_kernels eager = lanes_kernels_eager(lanes_kernels());
    int number = 0, failed = 0;
    unsigned bad = 0;
    size_t sizes = 16;
    for (size_t i = 0; i < ROOM; i++)
        bytes[i] = (uint8_t)(i * i * 7 + i / 3);
    lanes_kernels_force(&eager);
    printf("1..4\n");
    CHECK(md5, 16);
    sizes = CRYPTO_SHA1_SIZE, bad = 0;
    CHECK(sha1, 16);
    sizes = CRYPTO_SHA256_SIZE, bad = 0;
    CHECK(sha256, 16);
    sizes = CRYPTO_SHA384_SIZE, bad = 0;
    CHECK(sha384, 24);
    return failed != 0;
}
