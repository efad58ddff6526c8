/* SPDX-License-Identifier: MIT */
#include "crypto/crypto.h"

#include "base/secret.h"
#include "base/wire.h"

/* The per-message primitives of crypto.h without any library: RFC 1321, RFC 2104, RC4. Used where there is
 * none. */

enum { BLOCK_SIZE = 64 };

struct md5 {
    uint32_t words[4];
    uint64_t bytes; /* fed so far; the last bytes % 64 of them stand in block */
    uint8_t block[BLOCK_SIZE];
};

static const uint32_t md5_sines[64];
static const uint8_t md5_shifts[16];
static const uint32_t md5_start[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

/* RFC 1321 3.4: the round's function and which word of the block step i takes. */
static uint32_t mix(unsigned i, uint32_t b, uint32_t c, uint32_t d, unsigned *word)
{
    switch (i / 16) {
    case 0:
        *word = i;
        return (b & c) | (~b & d);
    case 1:
        *word = (5 * i + 1) % 16;
        return (b & d) | (c & ~d);
    case 2:
        *word = (3 * i + 5) % 16;
        return b ^ c ^ d;
    default:
        *word = (7 * i) % 16;
        return c ^ (b | ~d);
    }
}

static void compress(uint32_t words[4], const uint8_t *block)
{
    uint32_t a = words[0], b = words[1], c = words[2], d = words[3];
    for (unsigned i = 0; i < 64; i++) {
        unsigned word, shift = md5_shifts[i / 16 * 4 + i % 4];
        uint32_t sum = a + mix(i, b, c, d, &word) + md5_sines[i];
        sum += wire_get_u32(block + 4 * word);
        a = d;
        d = c;
        c = b;
        b += sum << shift | sum >> (32 - shift);
    }
    words[0] += a;
    words[1] += b;
    words[2] += c;
    words[3] += d;
}

static void feed(struct md5 *m, const uint8_t *data, size_t size)
{
    while (size > 0) {
        size_t at = m->bytes % BLOCK_SIZE;
        size_t n = size < BLOCK_SIZE - at ? size : BLOCK_SIZE - at;
        memcpy(m->block + at, data, n);
        m->bytes += n;
        data += n;
        size -= n;
        if (at + n == BLOCK_SIZE)
            compress(m->words, m->block);
    }
}

static void feed_message(struct md5 *md, const struct crypto_message *m)
{
    feed(md, m->head.data, m->head.size);
    for (size_t i = 0; i < m->count; i++)
        feed(md, m->parts[i].data, m->parts[i].size);
    feed(md, m->tail.data, m->tail.size);
}

static void finish(struct md5 *m, uint8_t digest[static 16])
{
    static const uint8_t padding[BLOCK_SIZE] = {0x80};
    uint8_t length[8];
    uint64_t bits = m->bytes * 8;
    wire_put_u32(length, (uint32_t)bits);
    wire_put_u32(length + 4, (uint32_t)(bits >> 32));
    feed(m, padding, 1 + (BLOCK_SIZE + 55 - m->bytes % BLOCK_SIZE) % BLOCK_SIZE);
    feed(m, length, sizeof length);
    for (size_t i = 0; i < 4; i++)
        wire_put_u32(digest + 4 * i, m->words[i]);
    secret_wipe(m, sizeof *m);
}

static void start(struct md5 *m, const uint32_t words[4], uint64_t bytes)
{
    memcpy(m->words, words, sizeof m->words);
    m->bytes = bytes;
}

void crypto_md5(const struct crypto_message *m, uint8_t digest[static 16])
{
    struct md5 md;
    start(&md, md5_start, 0);
    feed_message(&md, m);
    finish(&md, digest);
}

static void expand_pad(uint32_t words[4], const uint8_t key[BLOCK_SIZE], uint8_t pad)
{
    uint8_t block[BLOCK_SIZE];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = key[i] ^ pad;
    memcpy(words, md5_start, sizeof md5_start);
    compress(words, block);
    secret_wipe(block, sizeof block);
}

void crypto_hmac_md5_init(struct crypto_hmac_md5 *h, const uint8_t *key, size_t key_size)
{
    uint8_t block[BLOCK_SIZE] = {0};
    if (key_size > sizeof block) {
        const struct crypto_message long_key = {.head = {key, key_size}};
        crypto_md5(&long_key, block);
    } else if (key_size) {
        memcpy(block, key, key_size);
    }
    expand_pad(h->inner, block, 0x36);
    expand_pad(h->outer, block, 0x5c);
    secret_wipe(block, sizeof block);
}

void crypto_hmac_md5(const struct crypto_hmac_md5 *h, const struct crypto_message *m, uint8_t mac[static 16])
{
    struct md5 md;
    uint8_t inner[16];
    start(&md, h->inner, BLOCK_SIZE);
    feed_message(&md, m);
    finish(&md, inner);
    start(&md, h->outer, BLOCK_SIZE);
    feed(&md, inner, sizeof inner);
    finish(&md, mac);
    secret_wipe(inner, sizeof inner);
}

void crypto_rc4_init(struct crypto_rc4 *r, const uint8_t *key, size_t key_size)
{
    for (unsigned i = 0; i < 256; i++)
        r->s[i] = (uint8_t)i;
    uint8_t j = 0;
    for (unsigned i = 0; i < 256; i++) {
        uint8_t t = r->s[i];
        j = (uint8_t)(j + t + key[i % key_size]);
        r->s[i] = r->s[j];
        r->s[j] = t;
    }
    r->i = r->j = 0;
}

void crypto_rc4(struct crypto_rc4 *r, const uint8_t *in, uint8_t *out, size_t size)
{
    uint8_t i = r->i, j = r->j;
    for (size_t k = 0; k < size; k++) {
        uint8_t x = r->s[++i];
        j = (uint8_t)(j + x);
        uint8_t y = r->s[j];
        r->s[i] = y;
        r->s[j] = x;
        out[k] = in[k] ^ r->s[(uint8_t)(x + y)];
    }
    r->i = i;
    r->j = j;
}

static const uint8_t md5_shifts[16] = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};

/* floor(2^32 * |sin(i + 1)|) */
static const uint32_t md5_sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
