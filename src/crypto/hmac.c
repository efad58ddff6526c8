/* SPDX-License-Identifier: MIT */
/*
 * HMAC (RFC 2104) from saved chaining words over the compression functions of crypto/blocks: the framing,
 * once for all hashes. The four calls of `hmac` at the end of this file each see one constant `struct hash`,
 * so that the compiler makes four straight functions of it; nothing is called through a pointer.
 */
#include "crypto/blocks.h"
#include "crypto/crypto.h"
#include "crypto/hmac_sha.h"

#include "base/secret.h"
#include "base/wire.h"

enum { BLOCK_MAX = 128 };

struct hash {
    size_t block;
    size_t length; /* bytes of the message's length at the end of the padding */
    size_t state;  /* bytes of chaining words */
    size_t digest; /* of which the digest takes these */
    void (*compress)(struct crypto_blocks *w, const uint8_t *data, size_t blocks);
    crypto_blocks_end *end; /* NULL: there is none */
    /* Bytes 8 i to 8 i + 7 of the digest as a number, lowest first; what is behind the digest is 0. */
    uint64_t (*image)(const struct crypto_blocks *w, size_t i);
    bool big_endian;
};

/* What compression functions read and write. Apart from struct work, which stays in registers so. */
struct buffers {
    uint8_t block[2 * BLOCK_MAX] __attribute__((aligned(16)));
    struct crypto_blocks w __attribute__((aligned(16)));
};

/*
 * A hash under way. Where the hash has an end, whole blocks are not hashed before something comes behind
 * them, so that the end of a message, which is all of a short one, goes through the processor in one piece.
 */
struct work {
    struct buffers *b;
    const void *words; /* the chaining words so far: the caller's, or b->w */
    const uint8_t *run;
    size_t run_blocks; /* blocks that come next, where the message has them */
    size_t used;       /* bytes of b->block, which come behind those */
    uint64_t size;     /* bytes of the whole so far, the key's block included; below 2^61 */
};

#define INLINE static inline __attribute__((always_inline))

/* Between a number and its eight bytes in memory, lowest first. */
INLINE uint64_t lowest_first(uint64_t x)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(x);
#else
    return x;
#endif
}

/*
 * 16 bytes in one store. The compression functions load the block in pieces of that size, and a processor
 * hands a store over to a load that lies within it, but not several smaller ones: those have to reach the
 * cache first.
 */
INLINE void put_pair(uint8_t *to, uint64_t low, uint64_t high)
{
    typedef uint64_t pair __attribute__((vector_size(16)));
    pair both = {lowest_first(low), lowest_first(high)};
#ifdef __SSE2__
    __asm__("" : "+x"(both)); /* or gcc makes two stores of a constant */
#endif
    memcpy(to, &both, sizeof both);
}

/* Pieces of short messages; a call of memcpy costs as much as the copy. */
INLINE void copy_short(uint8_t *to, const uint8_t *from, size_t size)
{
    while (size >= 64) {
        memcpy(to, from, 16);
        memcpy(to + 16, from + 16, 16);
        memcpy(to + 32, from + 32, 16);
        memcpy(to + 48, from + 48, 16);
        to += 64;
        from += 64;
        size -= 64;
    }
    while (size >= 16) {
        memcpy(to, from, 16);
        to += 16;
        from += 16;
        size -= 16;
    }
    if (size == 0)
        return;
    if (size & 8) {
        memcpy(to, from, 8);
        to += 8;
        from += 8;
    }
    if (size & 4) {
        memcpy(to, from, 4);
        to += 4;
        from += 4;
    }
    if (size & 2) {
        memcpy(to, from, 2);
        to += 2;
        from += 2;
    }
    if (size & 1)
        *to = *from;
}

INLINE void begin(const struct hash *h, struct work *k, struct buffers *b, const void *words, uint64_t size)
{
    k->b = b;
    k->run = NULL;
    if (h->end == NULL)
        memcpy(&k->b->w, words, h->state);
    k->words = h->end == NULL ? &k->b->w : words;
    k->run_blocks = 0;
    k->used = 0;
    k->size = size;
}

INLINE void compress(const struct hash *h, struct work *k, const uint8_t *data, size_t blocks)
{
    if (h->end != NULL && k->words != &k->b->w) {
        memcpy(&k->b->w, k->words, h->state);
        k->words = &k->b->w;
    }
    h->compress(&k->b->w, data, blocks);
}

INLINE void compress_run(const struct hash *h, struct work *k)
{
    if (k->run_blocks != 0)
        compress(h, k, k->run, k->run_blocks);
    k->run_blocks = 0;
}

INLINE void absorb(const struct hash *h, struct work *k, struct span s)
{
    k->size += s.size;
    if (k->used != 0 || s.size < h->block) {
        size_t room = h->block - k->used, take = s.size < room ? s.size : room;
        copy_short(k->b->block + k->used, s.data, take);
        k->used += take;
        if (k->used < h->block)
            return;
        compress_run(h, k);
        compress(h, k, k->b->block, 1);
        k->used = 0;
        s.data += take;
        s.size -= take;
    }
    if (s.size >= h->block) {
        compress_run(h, k);
        k->run = s.data;
        k->run_blocks = s.size / h->block;
        if (h->end == NULL)
            compress_run(h, k);
        s.data += s.size / h->block * h->block;
        s.size %= h->block;
    }
    copy_short(k->b->block, s.data, s.size);
    k->used = s.size;
}

/* 0x80 behind the message, and zeros to the end of those 16 bytes. Nothing is loaded back: see put_pair. */
INLINE void pad_here(struct work *k)
{
    static const uint8_t pad[8] = {0x80}, zeros[8];
    uint8_t *at = k->b->block + k->used;
    size_t n = k->used % 16;
    if (n == 0) {
        put_pair(at, 0x80, 0);
        return;
    }
    memcpy(at, pad, 8); /* may reach beyond the 16, where what belongs there is written later */
    if (n < 8)
        memcpy(at - n + 8, zeros, 8);
}

/* The length in bits, as the block's last 8 bytes; of SHA-384's 16 the upper half is zero. */
INLINE uint64_t length_word(const struct hash *h, uint64_t size)
{
    return h->big_endian ? __builtin_bswap64(size * 8) : size * 8;
}

/* 0x80, zeros, and the length: the last blocks, one or two. */
INLINE size_t pad(const struct hash *h, struct work *k)
{
    size_t size = k->used >= h->block - h->length ? 2 * h->block : h->block, next = k->used / 16 * 16 + 16;
    pad_here(k);
    for (; next + 16 < size; next += 16)
        put_pair(k->b->block + next, 0, 0);
    if (next < size) {
        put_pair(k->b->block + next, 0, length_word(h, k->size));
    } else { /* the message, or its 0x80, reaches into the last 16 bytes */
        uint64_t length = lowest_first(length_word(h, k->size));
        memcpy(k->b->block + size - 8, &length, 8);
    }
    return size / h->block;
}

/* All but what is left in k; returns the last blocks. */
INLINE size_t message(const struct hash *h, struct work *k, const struct crypto_message *m)
{
    const size_t last = m->count + 1;
    for (size_t i = 0; i <= last; i++) { /* one copy of absorb() */
        const struct span *s = i == 0 ? &m->head : i == last ? &m->tail : &m->parts[i - 1];
        if (s->size != 0)
            absorb(h, k, *s);
    }
    return pad(h, k);
}

INLINE void finish(const struct hash *h, struct work *k, size_t last)
{
    compress_run(h, k);
    for (size_t i = 0; i < last; i++) /* one is what libraries are quick at */
        compress(h, k, k->b->block + i * h->block, 1);
}

/* Bytes 8 i to 8 i + 7 of the one block of the outer hash: a digest, 0x80, zeros, the length. */
INLINE uint64_t outer_word(const struct hash *h, const struct crypto_blocks *w, size_t i)
{
    uint64_t word = 8 * i < h->digest ? h->image(w, i) : 0;
    if (i == h->digest / 8)
        word |= UINT64_C(0x80) << (8 * (h->digest % 8));
    return i == h->block / 8 - 1 ? length_word(h, h->block + h->digest) : word;
}

INLINE void outer_block(const struct hash *h, const struct crypto_blocks *w, uint8_t *block)
{
    for (size_t i = 0; i < h->block / 8; i += 2)
        put_pair(block + 8 * i, outer_word(h, w, i), outer_word(h, w, i + 1));
}

INLINE void write_digest(const struct hash *h, const struct crypto_blocks *w, uint8_t *out)
{
    for (size_t i = 0; i < h->digest / 8; i++) {
        uint64_t x = lowest_first(h->image(w, i));
        memcpy(out + 8 * i, &x, 8);
    }
    if (h->digest % 8 != 0)
        wire_put_u32(out + h->digest / 8 * 8, (uint32_t)h->image(w, h->digest / 8));
}

/* Constant sizes become a few stores. */
INLINE void wipe_blocks(const struct hash *h, struct work *k, size_t blocks)
{
    for (size_t i = 0; i < h->block; i += 64) { /* of 128 bytes gcc makes a slow `rep stos` */
        secret_wipe(k->b->block + i, 64);
        if (blocks > 1)
            secret_wipe(k->b->block + h->block + i, 64);
    }
}

INLINE void hmac(const struct hash *h, const void *inner, const void *outer, const struct crypto_message *m,
                 uint8_t *mac)
{
    struct buffers b;
    struct work k;
    begin(h, &k, &b, inner, h->block);
    size_t last = message(h, &k, m);
    if (h->end != NULL && h->end(k.words, outer, k.run, k.run_blocks, b.block, last, mac)) {
        if (k.words == &b.w)
            secret_wipe(&b.w, h->state);
        wipe_blocks(h, &k, last);
        return;
    }
    finish(h, &k, last);
    outer_block(h, &b.w, b.block);
    memcpy(&b.w, outer, h->state);
    h->compress(&b.w, b.block, 1);
    write_digest(h, &b.w, mac);
    secret_wipe(&b.w, h->state);
    wipe_blocks(h, &k, last);
}

/* The chaining words after the key's block; the key is no longer than it. */
INLINE void expand(const struct hash *h, const void *start, uint8_t filler, const uint8_t *key,
                   size_t key_size, void *state)
{
    struct buffers b;
    struct work k;
    begin(h, &k, &b, start, 0);
    memset(b.block, filler, h->block);
    for (size_t i = 0; i < key_size && i < h->block; i++)
        b.block[i] ^= key[i];
    compress(h, &k, b.block, 1);
    memcpy(state, &b.w, h->state);
    secret_wipe(&b.w, h->state);
    secret_wipe(b.block, h->block);
}

/* ---- the hashes ---- */

/* Two words of 32 bits as their eight bytes. */
INLINE uint64_t little32(const struct crypto_blocks *w, size_t i)
{
    return w->w32[2 * i] | (uint64_t)w->w32[2 * i + 1] << 32;
}

INLINE uint64_t big32(const struct crypto_blocks *w, size_t i)
{
    return __builtin_bswap32(w->w32[2 * i]) | (uint64_t)__builtin_bswap32(w->w32[2 * i + 1]) << 32;
}

/* Of five words. */
INLINE uint64_t big32_odd(const struct crypto_blocks *w, size_t i)
{
    return i < 2 ? big32(w, i) : __builtin_bswap32(w->w32[4]);
}

INLINE uint64_t big64(const struct crypto_blocks *w, size_t i)
{
    return __builtin_bswap64(w->w64[i]);
}

/* RFC 1321 3.3; FIPS 180-4 5.3.1, 5.3.3, 5.3.4. */
static const uint32_t md5_start[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
static const uint32_t sha1_start[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
static const uint32_t sha256_start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint64_t sha384_start[8] = {
    0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
    0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
};

static const struct hash md5 = {
    .block = 64, .length = 8, .state = 16, .digest = 16, .compress = crypto_md5_blocks, .image = little32};
static const struct hash sha1 = {.block = 64,
                                 .length = 8,
                                 .state = 20,
                                 .digest = CRYPTO_SHA1_SIZE,
                                 .compress = crypto_sha1_blocks,
                                 .end = crypto_sha1_end,
                                 .image = big32_odd,
                                 .big_endian = true};
static const struct hash sha256 = {.block = 64,
                                   .length = 8,
                                   .state = 32,
                                   .digest = CRYPTO_SHA256_SIZE,
                                   .compress = crypto_sha256_blocks,
                                   .end = crypto_sha256_end,
                                   .image = big32,
                                   .big_endian = true};
static const struct hash sha384 = {.block = 128,
                                   .length = 16,
                                   .state = 64,
                                   .digest = CRYPTO_SHA384_SIZE,
                                   .compress = crypto_sha512_blocks,
                                   .image = big64,
                                   .big_endian = true};

/* ---- what crypto.h and hmac_sha.h promise ---- */

void crypto_md5(const struct crypto_message *m, uint8_t digest[static 16])
{
    struct buffers b;
    struct work k;
    begin(&md5, &k, &b, md5_start, 0);
    finish(&md5, &k, message(&md5, &k, m));
    write_digest(&md5, &b.w, digest);
    secret_wipe(&b.w, md5.state);
    secret_wipe(b.block, sizeof b.block);
}

void crypto_hmac_md5_init(struct crypto_hmac_md5 *h, const uint8_t *key, size_t key_size)
{
    uint8_t short_key[16];
    if (key_size > md5.block) {
        const struct crypto_message long_key = {.head = {key, key_size}};
        crypto_md5(&long_key, short_key);
        key = short_key;
        key_size = sizeof short_key;
    }
    expand(&md5, md5_start, 0x36, key, key_size, h->inner);
    expand(&md5, md5_start, 0x5c, key, key_size, h->outer);
    secret_wipe(short_key, sizeof short_key);
}

void crypto_hmac_md5(const struct crypto_hmac_md5 *h, const struct crypto_message *m, uint8_t mac[static 16])
{
    hmac(&md5, h->inner, h->outer, m, mac);
}

void crypto_hmac_sha1_init(struct crypto_hmac_sha1 *h, const uint8_t *key, size_t key_size)
{
    expand(&sha1, sha1_start, 0x36, key, key_size, h->inner);
    expand(&sha1, sha1_start, 0x5c, key, key_size, h->outer);
}

void crypto_hmac_sha1(const struct crypto_hmac_sha1 *h, const struct crypto_message *m,
                      uint8_t mac[static CRYPTO_SHA1_SIZE])
{
    hmac(&sha1, h->inner, h->outer, m, mac);
}

void crypto_hmac_sha256_init(struct crypto_hmac_sha256 *h, const uint8_t *key, size_t key_size)
{
    expand(&sha256, sha256_start, 0x36, key, key_size, h->inner);
    expand(&sha256, sha256_start, 0x5c, key, key_size, h->outer);
}

void crypto_hmac_sha256(const struct crypto_hmac_sha256 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA256_SIZE])
{
    hmac(&sha256, h->inner, h->outer, m, mac);
}

void crypto_hmac_sha384_init(struct crypto_hmac_sha384 *h, const uint8_t *key, size_t key_size)
{
    expand(&sha384, sha384_start, 0x36, key, key_size, h->inner);
    expand(&sha384, sha384_start, 0x5c, key, key_size, h->outer);
}

void crypto_hmac_sha384(const struct crypto_hmac_sha384 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA384_SIZE])
{
    hmac(&sha384, h->inner, h->outer, m, mac);
}
