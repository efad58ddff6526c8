/* SPDX-License-Identifier: MIT */
/* The compression functions and the framing of HMAC against nettle, for every length around the blocks' ends
 * and every way to cut a message; RC4 taken back. */
#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "crypto/blocks.h"
#include "crypto/hmac_sha.h"

enum { BYTES = 2200, BLOCKS = 9 };

static uint8_t bytes[BYTES];

/* Fixed: the same bytes in every run. */
static void fill(uint8_t *out, size_t size, uint32_t seed)
{
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525 + 1013904223;
        out[i] = (uint8_t)(seed >> 24);
    }
}

static int setup(void **state)
{
    (void)state;
    fill(bytes, sizeof bytes, 1);
    return 0;
}

/* n blocks at once are n times one block: the words stay right from block to block. */
static void several_at_once(void **state)
{
    struct {
        void (*compress)(struct crypto_blocks *s, const uint8_t *data, size_t blocks);
        size_t block, words;
    } const all[] = {
        {crypto_md5_blocks, 64, 16},    {crypto_sha1_blocks, 64, 20},    {crypto_sha1_library, 64, 20},
        {crypto_sha256_blocks, 64, 32}, {crypto_sha256_library, 64, 32}, {crypto_sha512_blocks, 128, 64},
    };
    (void)state;
    for (size_t f = 0; f < sizeof all / sizeof *all; f++) {
        for (size_t n = 1; n <= BLOCKS; n++) {
            struct crypto_blocks once, each;
            fill((uint8_t *)&once, sizeof once, (uint32_t)n);
            each = once;
            all[f].compress(&once, bytes + 3, n);
            for (size_t i = 0; i < n; i++)
                all[f].compress(&each, bytes + 3 + i * all[f].block, 1);
            assert_memory_equal(&once, &each, all[f].words);
        }
    }
}

/* Instructions of the processor and library agree; on processors without, both are the library. */
static void instructions_and_library(void **state)
{
    (void)state;
    for (size_t n = 1; n <= BLOCKS; n++) {
        struct crypto_blocks a, b;
        fill((uint8_t *)&a, sizeof a, (uint32_t)(100 + n));
        b = a;
        crypto_sha1_blocks(&a, bytes + 1, n);
        crypto_sha1_library(&b, bytes + 1, n);
        assert_memory_equal(a.w32, b.w32, 20);
        b = a;
        crypto_sha256_blocks(&a, bytes + 1, n);
        crypto_sha256_library(&b, bytes + 1, n);
        assert_memory_equal(a.w32, b.w32, 32);
    }
}

static void md5_is_md5(void **state)
{
    (void)state;
    for (size_t n = 1; n <= BLOCKS; n++) {
        struct crypto_blocks mine;
        uint32_t theirs[4];
        fill((uint8_t *)&mine, sizeof mine, (uint32_t)(200 + n));
        memcpy(theirs, mine.w32, sizeof theirs);
        crypto_md5_blocks(&mine, bytes + 5, n);
        for (size_t i = 0; i < n; i++)
            nettle_md5_compress(theirs, bytes + 5 + 64 * i);
        assert_memory_equal(mine.w32, theirs, sizeof theirs);
    }
}

/* The four MACs of a message, by nettle in one piece, and ours over the pieces. */
static void compare(const struct crypto_message *m, const uint8_t *whole, size_t size)
{
    uint8_t key[48], mine[64], theirs[64];
    struct hmac_md5_ctx md5;
    struct hmac_sha1_ctx sha1;
    struct hmac_sha256_ctx sha256;
    struct hmac_sha512_ctx sha384;
    struct crypto_hmac_md5 my_md5;
    struct crypto_hmac_sha1 my_sha1;
    struct crypto_hmac_sha256 my_sha256;
    struct crypto_hmac_sha384 my_sha384;
    fill(key, sizeof key, 7);

    hmac_md5_set_key(&md5, 16, key);
    hmac_md5_update(&md5, size, whole);
    hmac_md5_digest(&md5, 16, theirs);
    crypto_hmac_md5_init(&my_md5, key, 16);
    crypto_hmac_md5(&my_md5, m, mine);
    assert_memory_equal(mine, theirs, 16);

    hmac_sha1_set_key(&sha1, 32, key);
    hmac_sha1_update(&sha1, size, whole);
    hmac_sha1_digest(&sha1, 20, theirs);
    crypto_hmac_sha1_init(&my_sha1, key, 32);
    crypto_hmac_sha1(&my_sha1, m, mine);
    assert_memory_equal(mine, theirs, 20);

    hmac_sha256_set_key(&sha256, 16, key);
    hmac_sha256_update(&sha256, size, whole);
    hmac_sha256_digest(&sha256, 32, theirs);
    crypto_hmac_sha256_init(&my_sha256, key, 16);
    crypto_hmac_sha256(&my_sha256, m, mine);
    assert_memory_equal(mine, theirs, 32);

    hmac_sha384_set_key(&sha384, 24, key);
    hmac_sha384_update(&sha384, size, whole);
    hmac_sha384_digest(&sha384, 48, theirs);
    crypto_hmac_sha384_init(&my_sha384, key, 24);
    crypto_hmac_sha384(&my_sha384, m, mine);
    assert_memory_equal(mine, theirs, 48);
}

static void every_length(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 2048; size++) {
        const struct span part = {bytes, size};
        const struct crypto_message m = {.parts = &part, .count = 1};
        compare(&m, bytes, size);
    }
}

/* Head, three parts, one of them empty, and a tail, cut at every place of messages of a few blocks. */
static void every_cut(void **state)
{
    static const size_t sizes[] = {1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 200, 257, 300};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t size = sizes[s];
        for (size_t cut = 0; cut <= size; cut++) {
            size_t rest = size - cut, middle = rest / 2, end = rest - middle;
            const struct span parts[] = {
                {bytes + cut, middle / 2}, {NULL, 0}, {bytes + cut + middle / 2, middle - middle / 2}};
            const struct crypto_message m = {
                .head = {bytes, cut}, .parts = parts, .count = 3, .tail = {bytes + cut + middle, end}};
            compare(&m, bytes, size);
        }
    }
}

/* What processors without SHA instructions do, where the end of a message comes in several calls. */
static void without_instructions(void **state)
{
    crypto_blocks_without_instructions(true);
    every_length(state);
    every_cut(state);
    crypto_blocks_without_instructions(false);
}

/* Every prefix of a key stream, taken back, leaves the state as if it had not been, indexes wrapped included.
 */
static void rc4_back(void **state)
{
    struct crypto_rc4 start, now;
    uint8_t out[1000];
    (void)state;
    crypto_rc4_init(&start, bytes, 16);
    for (size_t size = 0; size <= sizeof out; size++) {
        now = start;
        crypto_rc4(&now, bytes, out, size);
        if (size != 0)
            assert_memory_not_equal(&now, &start, sizeof now);
        crypto_rc4_back(&now, size);
        assert_memory_equal(&now, &start, sizeof now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_at_once), cmocka_unit_test(instructions_and_library),
        cmocka_unit_test(md5_is_md5),      cmocka_unit_test(every_length),
        cmocka_unit_test(every_cut),       cmocka_unit_test(without_instructions),
        cmocka_unit_test(rc4_back),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
