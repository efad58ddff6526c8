/* SPDX-License-Identifier: MIT */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "raw.h"

#include <stdlib.h>
#include <string.h>

#include <nettle/arcfour.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <openssl/md5.h>
#include <openssl/rc4.h>
#include <openssl/sha.h>

enum { HEAD = 16, SHORT = 256 };

/* A context of any of the libraries with its chaining words set: what is before and behind them is constant.
 */
union hash {
    MD5_CTX md5;
    SHA_CTX sha1;
    SHA256_CTX sha256;
    SHA512_CTX sha512;
    struct md5_ctx nettle_md5;
    struct sha1_ctx nettle_sha1;
    struct sha256_ctx nettle_sha256;
    struct sha512_ctx nettle_sha512;
};

struct algorithm {
    size_t block, digest, mac; /* digest: whole; mac: of the token */
    bool big_endian;
    void (*init)(union hash *h);
    void (*blocks)(union hash *h, const uint8_t *p, size_t count); /* whole blocks */
    void *(*words)(union hash *h);                                 /* the chaining words */
    size_t state;                                                  /* bytes of them */
};

struct stream {
    RC4_KEY openssl;
    struct arcfour_ctx nettle;
};

struct raw {
    const struct algorithm *a;
    enum raw_kind kind;
    bool openssl;
    union hash work; /* in the middle of nothing; its words are set before each use */
    uint8_t inner[64], outer[64];
    struct stream stream[2]; /* make, check */
    uint64_t sequence[2];
};

/* ---- the libraries ---- */

#define OPENSSL(name, type, member, prefix, size, array)                                                     \
    static void openssl_##name##_init(union hash *h)                                                         \
    {                                                                                                        \
        prefix##_Init(&h->member);                                                                           \
    }                                                                                                        \
    static void openssl_##name##_blocks(union hash *h, const uint8_t *p, size_t count)                       \
    {                                                                                                        \
        prefix##_Update(&h->member, p, count *(size));                                                       \
    }                                                                                                        \
    static void *openssl_##name##_words(union hash *h)                                                       \
    {                                                                                                        \
        return &h->member.array;                                                                             \
    }
OPENSSL(md5, MD5_CTX, md5, MD5, 64, A)
OPENSSL(sha1, SHA_CTX, sha1, SHA1, 64, h0)
OPENSSL(sha256, SHA256_CTX, sha256, SHA256, 64, h[0])
OPENSSL(sha384, SHA512_CTX, sha512, SHA384, 128, h[0])

#define NETTLE(name, init_name, member, size)                                                                \
    static void nettle_##name##_start(union hash *h)                                                         \
    {                                                                                                        \
        init_name##_init(&h->member);                                                                        \
    }                                                                                                        \
    static void *nettle_##name##_words(union hash *h)                                                        \
    {                                                                                                        \
        return h->member.state;                                                                              \
    }
NETTLE(md5, md5, nettle_md5, 64)
NETTLE(sha1, sha1, nettle_sha1, 64)
NETTLE(sha256, sha256, nettle_sha256, 64)
NETTLE(sha384, sha384, nettle_sha512, 128)

static void nettle_md5_blocks(union hash *h, const uint8_t *p, size_t count)
{
    for (; count > 0; count--, p += 64)
        nettle_md5_compress(h->nettle_md5.state, p);
}

static void nettle_sha1_blocks(union hash *h, const uint8_t *p, size_t count)
{
    for (; count > 0; count--, p += 64)
        nettle_sha1_compress(h->nettle_sha1.state, p);
}

static void nettle_sha256_blocks(union hash *h, const uint8_t *p, size_t count)
{
    sha256_update(&h->nettle_sha256, count * 64, p);
}

static void nettle_sha384_blocks(union hash *h, const uint8_t *p, size_t count)
{
    sha384_update(&h->nettle_sha512, count * 128, p);
}

static const struct algorithm algorithms[2][4] = {
    {
        {64, 16, 8, false, nettle_md5_start, nettle_md5_blocks, nettle_md5_words, 16},
        {64, 20, 12, true, nettle_sha1_start, nettle_sha1_blocks, nettle_sha1_words, 20},
        {64, 32, 16, true, nettle_sha256_start, nettle_sha256_blocks, nettle_sha256_words, 32},
        {128, 48, 24, true, nettle_sha384_start, nettle_sha384_blocks, nettle_sha384_words, 64},
    },
    {
        {64, 16, 8, false, openssl_md5_init, openssl_md5_blocks, openssl_md5_words, 16},
        {64, 20, 12, true, openssl_sha1_init, openssl_sha1_blocks, openssl_sha1_words, 20},
        {64, 32, 16, true, openssl_sha256_init, openssl_sha256_blocks, openssl_sha256_words, 32},
        {128, 48, 24, true, openssl_sha384_init, openssl_sha384_blocks, openssl_sha384_words, 64},
    },
};

/* ---- HMAC ---- */

static void *raw_open(enum raw_kind kind, bool openssl)
{
    struct raw *r = calloc(1, sizeof *r);
    uint8_t key[16], pad[128];
    if (r == NULL)
        return NULL;
    r->a = &algorithms[openssl][kind];
    r->kind = kind;
    r->openssl = openssl;
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(i * 11 + 3);
    for (int which = 0; which < 2; which++) {
        memset(pad, which ? 0x5c : 0x36, sizeof pad);
        for (size_t i = 0; i < sizeof key; i++)
            pad[i] ^= key[i];
        r->a->init(&r->work);
        r->a->blocks(&r->work, pad, 1);
        memcpy(which ? r->outer : r->inner, r->a->words(&r->work), r->a->state);
        RC4_set_key(&r->stream[which].openssl, sizeof key, key);
        arcfour_set_key(&r->stream[which].nettle, sizeof key, key);
    }
    return r;
}

void *raw_open_openssl(const struct worker_candidate *c)
{
    return raw_open((enum raw_kind)c->parameter, true);
}

void *raw_open_nettle(const struct worker_candidate *c)
{
    return raw_open((enum raw_kind)c->parameter, false);
}

/* Compiled once for each library and hash: all that depends on them is constant. */
#define CONSTANT static inline __attribute__((always_inline))

/* used bytes of block are filled, of a hash that saw size bytes before them: padding, and the last blocks. */
CONSTANT void finish(const struct algorithm *a, union hash *h, uint8_t *block, size_t used, uint64_t size)
{
    size_t length = a->block / 8, blocks = (used + 1 + length + a->block - 1) / a->block;
    uint64_t bits = (size + used) * 8, swapped = a->big_endian ? __builtin_bswap64(bits) : bits;
    block[used] = 0x80;
    memset(block + used + 1, 0, blocks * a->block - used - 1);
    memcpy(block + blocks * a->block - 8, &swapped, 8);
    a->blocks(h, block, blocks);
}

CONSTANT void write_digest(const struct algorithm *a, union hash *h, uint8_t *out)
{
    const uint8_t *words = a->words(h);
    if (!a->big_endian) {
        memcpy(out, words, a->digest);
    } else if (a->block == 64) {
        for (size_t i = 0; i < a->digest; i += 4) {
            uint32_t w;
            memcpy(&w, words + i, 4);
            w = __builtin_bswap32(w);
            memcpy(out + i, &w, 4);
        }
    } else {
        for (size_t i = 0; i < a->digest; i += 8) {
            uint64_t w;
            memcpy(&w, words + i, 8);
            w = __builtin_bswap64(w);
            memcpy(out + i, &w, 8);
        }
    }
}

/* head || message || tail, one of head and tail empty. */
CONSTANT void hmac(struct raw *r, const struct algorithm *a, const uint8_t *head, size_t head_size,
                   const uint8_t *data, size_t size, const uint8_t *tail, size_t tail_size, uint8_t *mac)
{
    uint8_t block[SHORT + 256];
    union hash *h = &r->work;
    uint64_t before = a->block;
    size_t used = head_size;

    memcpy(a->words(h), r->inner, a->state);
    if (head_size)
        memcpy(block, head, head_size);
    if (head_size + size > SHORT) {
        size_t fill = head_size ? a->block - head_size : 0;
        if (fill) {
            memcpy(block + head_size, data, fill);
            a->blocks(h, block, 1);
            before += a->block;
        }
        size_t whole = (size - fill) / a->block;
        a->blocks(h, data + fill, whole);
        before += whole * a->block;
        data += fill + whole * a->block;
        size -= fill + whole * a->block;
        used = 0;
    }
    memcpy(block + used, data, size);
    if (tail_size)
        memcpy(block + used + size, tail, tail_size);
    finish(a, h, block, used + size + tail_size, before);
    write_digest(a, h, block);
    memcpy(a->words(h), r->outer, a->state);
    finish(a, h, block, a->digest, a->block);
    write_digest(a, h, mac);
}

/* ---- tokens ---- */

CONSTANT void token(struct raw *r, const struct algorithm *a, bool openssl, int which, const uint8_t *data,
                    size_t size, uint8_t *out)
{
    uint8_t mac[64];
    uint64_t sequence = r->sequence[which]++;
    if (!a->big_endian) {
        uint32_t number = (uint32_t)sequence;
        memcpy(out, "\1\0\0\0", 4);
        memcpy(out + 12, &number, 4);
        hmac(r, a, out + 12, 4, data, size, NULL, 0, mac);
        if (openssl)
            RC4(&r->stream[which].openssl, 8, mac, out + 4);
        else
            arcfour_crypt(&r->stream[which].nettle, 8, out + 4, mac);
        return;
    }
    sequence = __builtin_bswap64(sequence);
    memcpy(out, "\4\4\4\xff\xff\xff\xff\xff", 8);
    memcpy(out + 8, &sequence, 8);
    hmac(r, a, NULL, 0, data, size, out, HEAD, mac);
    memcpy(out + HEAD, mac, a->mac);
}

CONSTANT bool run(struct raw *r, const struct worker_job *job, bool checking, const struct algorithm *a,
                  bool openssl)
{
    uint8_t expected[WORKER_TOKEN_ROOM];
    size_t size = a->big_endian ? HEAD + a->mac : 16;
    uint64_t differ = 0;
    for (size_t i = 0; i < job->count; i++) {
        uint8_t *given = job->tokens + i * WORKER_TOKEN_ROOM;
        token(r, a, openssl, checking, job->data, job->size, checking ? expected : given);
        if (checking)
            differ |= raw_difference(expected, given, size);
    }
    return differ == 0;
}

CONSTANT bool dispatch(struct raw *r, const struct worker_job *job, bool checking)
{
    switch ((r->openssl ? 4u : 0u) + (unsigned)r->kind) {
    case RAW_MD5_RC4:
        return run(r, job, checking, &algorithms[0][RAW_MD5_RC4], false);
    case RAW_SHA1:
        return run(r, job, checking, &algorithms[0][RAW_SHA1], false);
    case RAW_SHA256:
        return run(r, job, checking, &algorithms[0][RAW_SHA256], false);
    case RAW_SHA384:
        return run(r, job, checking, &algorithms[0][RAW_SHA384], false);
    case 4 + RAW_MD5_RC4:
        return run(r, job, checking, &algorithms[1][RAW_MD5_RC4], true);
    case 4 + RAW_SHA1:
        return run(r, job, checking, &algorithms[1][RAW_SHA1], true);
    case 4 + RAW_SHA256:
        return run(r, job, checking, &algorithms[1][RAW_SHA256], true);
    default:
        return run(r, job, checking, &algorithms[1][RAW_SHA384], true);
    }
}

bool raw_make(void *state, const struct worker_job *job)
{
    return dispatch(state, job, false);
}

bool raw_check(void *state, const struct worker_job *job)
{
    return dispatch(state, job, true);
}
