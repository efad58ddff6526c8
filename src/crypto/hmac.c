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

enum { BLOCK_MAX = 128, DIGEST_MAX = 48 };

/* A digest as 64-bit numbers whose lowest byte comes first. */
struct image {
    uint64_t w[DIGEST_MAX / 8];
};

struct hash {
    size_t block;
    size_t length; /* bytes of the message's length at the end of the padding */
    size_t state;  /* bytes of chaining words */
    size_t digest; /* of which the digest takes these */
    void (*compress)(struct crypto_blocks *w, const uint8_t *data, size_t blocks);
    struct image (*image)(const struct crypto_blocks *w);
    bool big_endian;
};

/* A hash under way; the first `used` bytes of block wait for more. */
struct work {
    struct crypto_blocks w;
    size_t used;
    uint64_t size;                /* bytes of the whole so far, the key's block included; below 2^61 */
    uint8_t block[BLOCK_MAX + 8]; /* pad_here may write that much too far */
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
    const pair both = {lowest_first(low), lowest_first(high)};
    memcpy(to, &both, sizeof both);
}

/* Pieces of short messages; a call of memcpy costs as much as the copy. */
INLINE void copy_short(uint8_t *to, const uint8_t *from, size_t size)
{
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

INLINE void absorb(const struct hash *h, struct work *k, struct span s)
{
    k->size += s.size;
    if (k->used != 0 || s.size < h->block) {
        size_t room = h->block - k->used, take = s.size < room ? s.size : room;
        copy_short(k->block + k->used, s.data, take);
        k->used += take;
        if (k->used < h->block)
            return;
        h->compress(&k->w, k->block, 1);
        k->used = 0;
        s.data += take;
        s.size -= take;
    }
    if (s.size >= h->block) {
        h->compress(&k->w, s.data, s.size / h->block);
        s.data += s.size / h->block * h->block;
        s.size %= h->block;
    }
    copy_short(k->block, s.data, s.size);
    k->used = s.size;
}

/* 0x80 behind the message, and zeros to the end of those 16 bytes. Nothing is loaded back: see put_pair. */
INLINE void pad_here(struct work *k)
{
    static const uint8_t pad[8] = {0x80}, zeros[8];
    uint8_t *at = k->block + k->used;
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

/* 0x80, zeros, and the length. */
INLINE void finish(const struct hash *h, struct work *k)
{
    pad_here(k);
    size_t next = k->used / 16 * 16 + 16;
    if (k->used >= h->block - h->length) {
        for (; next < h->block; next += 16)
            put_pair(k->block + next, 0, 0);
        h->compress(&k->w, k->block, 1);
        next = 0;
    }
    for (; next + 16 < h->block; next += 16)
        put_pair(k->block + next, 0, 0);
    if (next < h->block) {
        put_pair(k->block + next, 0, length_word(h, k->size));
    } else { /* the message, or its 0x80, reaches into the last 16 bytes */
        uint64_t length = lowest_first(length_word(h, k->size));
        memcpy(k->block + h->block - 8, &length, 8);
    }
    h->compress(&k->w, k->block, 1);
}

INLINE void message(const struct hash *h, struct work *k, const struct crypto_message *m)
{
    if (m->head.size != 0)
        absorb(h, k, m->head);
    for (size_t i = 0; i < m->count; i++) {
        if (m->parts[i].size != 0)
            absorb(h, k, m->parts[i]);
    }
    if (m->tail.size != 0)
        absorb(h, k, m->tail);
    finish(h, k);
}

/* The one block of the outer hash: a digest, 0x80, zeros, the length. All offsets are constants. */
INLINE void outer_block(const struct hash *h, const struct image *digest, uint8_t *block)
{
    uint64_t w[BLOCK_MAX / 8] = {0};
    for (size_t i = 0; i < (h->digest + 7) / 8; i++)
        w[i] = digest->w[i];
    w[h->digest / 8] |= UINT64_C(0x80) << (8 * (h->digest % 8));
    w[h->block / 8 - 1] = length_word(h, h->block + h->digest);
    for (size_t i = 0; i < h->block / 8; i += 2)
        put_pair(block + 8 * i, w[i], w[i + 1]);
}

INLINE void write_digest(const struct hash *h, const struct image *digest, uint8_t *out)
{
    for (size_t i = 0; i < h->digest / 8; i++) {
        uint64_t x = lowest_first(digest->w[i]);
        memcpy(out + 8 * i, &x, 8);
    }
    if (h->digest % 8 != 0)
        wire_put_u32(out + h->digest / 8 * 8, (uint32_t)digest->w[h->digest / 8]);
}

INLINE void hmac(const struct hash *h, const void *inner, const void *outer, const struct crypto_message *m,
                 uint8_t *mac)
{
    struct work k;
    memcpy(&k.w, inner, h->state);
    k.used = 0;
    k.size = h->block;
    message(h, &k, m);

    struct image digest = h->image(&k.w);
    outer_block(h, &digest, k.block);
    memcpy(&k.w, outer, h->state);
    h->compress(&k.w, k.block, 1);
    digest = h->image(&k.w);
    write_digest(h, &digest, mac);
    secret_wipe(&digest, sizeof digest);
    secret_wipe(&k.w, h->state);
    secret_wipe(k.block, h->block);
}

/* The chaining words after the key's block; the key is no longer than it. */
INLINE void expand(const struct hash *h, const void *start, uint8_t pad, const uint8_t *key, size_t key_size,
                   void *state)
{
    struct work k;
    memcpy(&k.w, start, h->state);
    memset(k.block, pad, h->block);
    for (size_t i = 0; i < key_size && i < h->block; i++)
        k.block[i] ^= key[i];
    h->compress(&k.w, k.block, 1);
    memcpy(state, &k.w, h->state);
    secret_wipe(&k.w, h->state);
    secret_wipe(k.block, h->block);
}

/* ---- the hashes ---- */

/* Two words of 32 bits as their eight bytes. */
INLINE uint64_t two_little(const uint32_t *w)
{
    return w[0] | (uint64_t)w[1] << 32;
}

INLINE uint64_t two_big(const uint32_t *w)
{
    return __builtin_bswap32(w[0]) | (uint64_t)__builtin_bswap32(w[1]) << 32;
}

INLINE struct image md5_image(const struct crypto_blocks *w)
{
    return (struct image){{two_little(w->w32), two_little(w->w32 + 2)}};
}

INLINE struct image sha1_image(const struct crypto_blocks *w)
{
    return (struct image){{two_big(w->w32), two_big(w->w32 + 2), __builtin_bswap32(w->w32[4])}};
}

INLINE struct image sha256_image(const struct crypto_blocks *w)
{
    return (struct image){{two_big(w->w32), two_big(w->w32 + 2), two_big(w->w32 + 4), two_big(w->w32 + 6)}};
}

INLINE struct image sha384_image(const struct crypto_blocks *w)
{
    return (struct image){{__builtin_bswap64(w->w64[0]), __builtin_bswap64(w->w64[1]),
                           __builtin_bswap64(w->w64[2]), __builtin_bswap64(w->w64[3]),
                           __builtin_bswap64(w->w64[4]), __builtin_bswap64(w->w64[5])}};
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
    .block = 64, .length = 8, .state = 16, .digest = 16, .compress = crypto_md5_blocks, .image = md5_image};
static const struct hash sha1 = {.block = 64,
                                 .length = 8,
                                 .state = 20,
                                 .digest = CRYPTO_SHA1_SIZE,
                                 .compress = crypto_sha1_blocks,
                                 .image = sha1_image,
                                 .big_endian = true};
static const struct hash sha256 = {.block = 64,
                                   .length = 8,
                                   .state = 32,
                                   .digest = CRYPTO_SHA256_SIZE,
                                   .compress = crypto_sha256_blocks,
                                   .image = sha256_image,
                                   .big_endian = true};
static const struct hash sha384 = {.block = 128,
                                   .length = 16,
                                   .state = 64,
                                   .digest = CRYPTO_SHA384_SIZE,
                                   .compress = crypto_sha512_blocks,
                                   .image = sha384_image,
                                   .big_endian = true};

/* ---- what crypto.h and hmac_sha.h promise ---- */

void crypto_md5(const struct crypto_message *m, uint8_t digest[static 16])
{
    struct work k;
    memcpy(&k.w, md5_start, sizeof md5_start);
    k.used = 0;
    k.size = 0;
    message(&md5, &k, m);
    struct image out = md5_image(&k.w);
    write_digest(&md5, &out, digest);
    secret_wipe(&k.w, md5.state);
    secret_wipe(k.block, md5.block);
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
