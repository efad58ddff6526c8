/* SPDX-License-Identifier: MIT */
/*
 * A hash that has the padded key block behind it is a state that was exported there: chaining words, a count
 * of one block, nothing buffered. The kernel's generic form of that state is a structure per hash (md5_state
 * and so on) which all its drivers export; from 6.16 on one more byte follows, the number of buffered bytes,
 * which is 0 here. crypto_linux_init tries the result.
 */
#include "crypto/linux.h"

#include <crypto/hash.h>
#include <crypto/md5.h>
#include <crypto/sha1.h>
#include <crypto/sha2.h>
#include <linux/err.h>
#include <linux/random.h>

#include "base/secret.h"
#include "crypto/crypto.h"
#include "crypto/hmac_sha.h"

enum { BLOCK_MAX = 128, DIGEST_MAX = 48, STATE_MAX = 256 };

struct hash {
    const char *name;
    struct crypto_shash *tfm;
    uint16_t block, digest;
    uint16_t words_at, words_size; /* in the exported state */
    uint16_t count_at;             /* bytes hashed so far, 64 bits */
    uint16_t state;                /* sizeof; the API may add up to 8 bytes */
};

static struct hash hash_md5, hash_sha1, hash_sha256, hash_sha384;

/* ---- one hash ---- */

static int feed(struct shash_desc *desc, const struct crypto_message *m)
{
    int error = m->head.size ? crypto_shash_update(desc, m->head.data, m->head.size) : 0;
    for (size_t i = 0; !error && i < m->count; i++) {
        if (m->parts[i].size)
            error = crypto_shash_update(desc, m->parts[i].data, m->parts[i].size);
    }
    return error;
}

static int resume(const struct hash *h, struct shash_desc *desc, const void *words)
{
    uint64_t state[STATE_MAX / sizeof(uint64_t)] = {0}, count = h->block;
    memcpy((uint8_t *)state + h->words_at, words, h->words_size);
    memcpy((uint8_t *)state + h->count_at, &count, sizeof count);
    int error = crypto_shash_import(desc, state);
    secret_wipe(state, sizeof state);
    return error;
}

/*
 * Software hashes without a key cannot fail, but the API has an answer that says so, and crypto.h has none.
 * Whatever a failure would leave in the digest an attacker might know: random bytes match nothing.
 */
static void fail(const struct hash *h, uint8_t *digest)
{
    WARN_ONCE(1, "ssp_ksec: %s failed\n", h->name);
    get_random_bytes(digest, h->digest);
}

static void hmac(const struct hash *h, const void *inner, const void *outer, const struct crypto_message *m,
                 uint8_t *mac)
{
    SHASH_DESC_ON_STACK(desc, h->tfm);
    desc->tfm = h->tfm;
    int error = resume(h, desc, inner);
    if (!error)
        error = feed(desc, m);
    if (!error)
        error = crypto_shash_finup(desc, m->tail.data, (unsigned)m->tail.size, mac);
    if (!error)
        error = resume(h, desc, outer);
    if (!error)
        error = crypto_shash_finup(desc, mac, h->digest, mac);
    shash_desc_zero(desc);
    if (error)
        fail(h, mac);
}

static void digest_of(const struct hash *h, const struct crypto_message *m, uint8_t *digest)
{
    SHASH_DESC_ON_STACK(desc, h->tfm);
    desc->tfm = h->tfm;
    int error = crypto_shash_init(desc);
    if (!error)
        error = feed(desc, m);
    if (!error)
        error = crypto_shash_finup(desc, m->tail.data, (unsigned)m->tail.size, digest);
    shash_desc_zero(desc);
    if (error)
        fail(h, digest);
}

/* The chaining words after the key, zero-padded to a block, with every byte ^ pad (RFC 2104). */
static void expand(const struct hash *h, uint8_t pad, const uint8_t *key, size_t key_size, void *words)
{
    uint64_t state[STATE_MAX / sizeof(uint64_t)] = {0};
    uint8_t block[BLOCK_MAX];
    SHASH_DESC_ON_STACK(desc, h->tfm);
    desc->tfm = h->tfm;
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < key_size && i < h->block; i++)
        block[i] ^= key[i];
    int error = crypto_shash_init(desc);
    if (!error)
        error = crypto_shash_update(desc, block, h->block);
    if (!error)
        error = crypto_shash_export(desc, state);
    memcpy(words, (const uint8_t *)state + h->words_at, h->words_size);
    shash_desc_zero(desc);
    secret_wipe(block, sizeof block);
    secret_wipe(state, sizeof state);
    if (error) {
        WARN_ONCE(1, "ssp_ksec: %s failed\n", h->name);
        get_random_bytes(words, h->words_size);
    }
}

/* ---- crypto.h ---- */

void crypto_md5(const struct crypto_message *m, uint8_t digest[static 16])
{
    digest_of(&hash_md5, m, digest);
}

void crypto_hmac_md5_init(struct crypto_hmac_md5 *h, const uint8_t *key, size_t key_size)
{
    uint8_t short_key[MD5_DIGEST_SIZE];
    if (key_size > hash_md5.block) {
        const struct crypto_message long_key = {.head = {key, key_size}};
        crypto_md5(&long_key, short_key);
        key = short_key;
        key_size = sizeof short_key;
    }
    expand(&hash_md5, 0x36, key, key_size, h->inner);
    expand(&hash_md5, 0x5c, key, key_size, h->outer);
    secret_wipe(short_key, sizeof short_key);
}

void crypto_hmac_md5(const struct crypto_hmac_md5 *h, const struct crypto_message *m, uint8_t mac[static 16])
{
    hmac(&hash_md5, h->inner, h->outer, m, mac);
}

/* ---- hmac_sha.h ---- */

void crypto_hmac_sha1_init(struct crypto_hmac_sha1 *h, const uint8_t *key, size_t key_size)
{
    expand(&hash_sha1, 0x36, key, key_size, h->inner);
    expand(&hash_sha1, 0x5c, key, key_size, h->outer);
}

void crypto_hmac_sha256_init(struct crypto_hmac_sha256 *h, const uint8_t *key, size_t key_size)
{
    expand(&hash_sha256, 0x36, key, key_size, h->inner);
    expand(&hash_sha256, 0x5c, key, key_size, h->outer);
}

void crypto_hmac_sha384_init(struct crypto_hmac_sha384 *h, const uint8_t *key, size_t key_size)
{
    expand(&hash_sha384, 0x36, key, key_size, h->inner);
    expand(&hash_sha384, 0x5c, key, key_size, h->outer);
}

void crypto_hmac_sha1(const struct crypto_hmac_sha1 *h, const struct crypto_message *m,
                      uint8_t mac[static CRYPTO_SHA1_SIZE])
{
    hmac(&hash_sha1, h->inner, h->outer, m, mac);
}

void crypto_hmac_sha256(const struct crypto_hmac_sha256 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA256_SIZE])
{
    hmac(&hash_sha256, h->inner, h->outer, m, mac);
}

void crypto_hmac_sha384(const struct crypto_hmac_sha384 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA384_SIZE])
{
    hmac(&hash_sha384, h->inner, h->outer, m, mac);
}

/* ---- load and unload ---- */

static struct hash *const hashes[] = {&hash_md5, &hash_sha1, &hash_sha256, &hash_sha384};

/* RFC 2202 and RFC 4231, test case 2; the message in two parts. */
static bool known_answers(void)
{
    static const uint8_t key[] = {'J', 'e', 'f', 'e'}, text[] = "what do ya want for nothing?";
    static const uint8_t md5[] = {0x75, 0x0c, 0x78, 0x3e}, sha1[] = {0xef, 0xfc, 0xdf, 0x6a};
    static const uint8_t sha256[] = {0x5b, 0xdc, 0xc1, 0x46}, sha384[] = {0xaf, 0x45, 0xd2, 0xe3};
    const struct span part = {text + 5, 8};
    const struct crypto_message m = {
        .head = {text, 5}, .parts = &part, .count = 1, .tail = {text + 13, sizeof text - 1 - 13}};
    struct crypto_hmac_md5 h5;
    struct crypto_hmac_sha1 h1;
    struct crypto_hmac_sha256 h2;
    struct crypto_hmac_sha384 h3;
    uint8_t mac[DIGEST_MAX];

    crypto_hmac_md5_init(&h5, key, sizeof key);
    crypto_hmac_md5(&h5, &m, mac);
    bool good = secret_equal(mac, md5, sizeof md5);
    crypto_hmac_sha1_init(&h1, key, sizeof key);
    crypto_hmac_sha1(&h1, &m, mac);
    good &= secret_equal(mac, sha1, sizeof sha1);
    crypto_hmac_sha256_init(&h2, key, sizeof key);
    crypto_hmac_sha256(&h2, &m, mac);
    good &= secret_equal(mac, sha256, sizeof sha256);
    crypto_hmac_sha384_init(&h3, key, sizeof key);
    crypto_hmac_sha384(&h3, &m, mac);
    return good & secret_equal(mac, sha384, sizeof sha384);
}

static int hash_open(struct hash *h)
{
    struct crypto_shash *tfm = crypto_alloc_shash(h->name, 0, 0);
    if (IS_ERR(tfm)) {
        pr_err("ssp_ksec: no %s: %ld\n", h->name, PTR_ERR(tfm));
        return (int)PTR_ERR(tfm);
    }
    unsigned state = crypto_shash_statesize(tfm);
    bool known = state >= h->state && state <= h->state + 8u && crypto_shash_digestsize(tfm) == h->digest &&
                 crypto_shash_blocksize(tfm) == h->block;
    if (!known) {
        pr_err("ssp_ksec: %s has a state of %u bytes, not %u\n", h->name, state, h->state);
        crypto_free_shash(tfm);
        return -EOPNOTSUPP;
    }
    h->tfm = tfm;
    return 0;
}

int crypto_linux_init(void)
{
    int error = 0;
    for (size_t i = 0; !error && i < ARRAY_SIZE(hashes); i++)
        error = hash_open(hashes[i]);
    if (!error && !known_answers()) {
        pr_err("ssp_ksec: the kernel's hashes do not give the known HMACs\n");
        error = -EOPNOTSUPP;
    }
    if (error)
        crypto_linux_exit();
    return error;
}

void crypto_linux_exit(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(hashes); i++) {
        if (hashes[i]->tfm)
            crypto_free_shash(hashes[i]->tfm);
        hashes[i]->tfm = NULL;
    }
}

#define STATE(type, words, count)                                                                            \
    .words_at = offsetof(struct type, words), .words_size = sizeof(((struct type *)0)->words),               \
    .count_at = offsetof(struct type, count), .state = sizeof(struct type)

static struct hash hash_md5 = {
    .name = "md5",
    .block = 64,
    .digest = 16,
    STATE(md5_state, hash, byte_count),
};
static struct hash hash_sha1 = {
    .name = "sha1",
    .block = 64,
    .digest = CRYPTO_SHA1_SIZE,
    STATE(sha1_state, state, count),
};
static struct hash hash_sha256 = {
    .name = "sha256",
    .block = 64,
    .digest = CRYPTO_SHA256_SIZE,
    STATE(sha256_state, state, count),
};
static struct hash hash_sha384 = {
    .name = "sha384",
    .block = 128,
    .digest = CRYPTO_SHA384_SIZE,
    STATE(sha512_state, state, count),
};

static_assert(sizeof(struct sha512_state) + 8 <= STATE_MAX);
static_assert(sizeof(((struct md5_state *)0)->hash) == sizeof(((struct crypto_hmac_md5 *)0)->inner));
static_assert(sizeof(((struct sha1_state *)0)->state) == sizeof(((struct crypto_hmac_sha1 *)0)->inner));
static_assert(sizeof(((struct sha256_state *)0)->state) == sizeof(((struct crypto_hmac_sha256 *)0)->inner));
static_assert(sizeof(((struct sha512_state *)0)->state) == sizeof(((struct crypto_hmac_sha384 *)0)->inner));
