/* SPDX-License-Identifier: MIT */
#include "crypto/crypto.h"

#include <nettle/arcfour.h>
#include <nettle/des.h>
#include <nettle/md4.h>
#include <nettle/md5.h>

#include "base/secret.h"

/* nettle works on the permutation in place: ours is laid out like its own. */
_Static_assert(sizeof(struct crypto_rc4) == sizeof(struct arcfour_ctx), "RC4 states differ");
_Static_assert(offsetof(struct crypto_rc4, s) == offsetof(struct arcfour_ctx, S), "RC4 states differ");
_Static_assert(offsetof(struct crypto_rc4, i) == offsetof(struct arcfour_ctx, i), "RC4 states differ");
_Static_assert(offsetof(struct crypto_rc4, j) == offsetof(struct arcfour_ctx, j), "RC4 states differ");

static void md5_feed(struct md5_ctx *c, const struct crypto_message *m)
{
    if (m->head.size)
        md5_update(c, m->head.size, m->head.data);
    for (size_t i = 0; i < m->count; i++) {
        if (m->parts[i].size)
            md5_update(c, m->parts[i].size, m->parts[i].data);
    }
    if (m->tail.size)
        md5_update(c, m->tail.size, m->tail.data);
}

/* An MD5 computation that has the padded key block behind it. */
static void md5_resume(struct md5_ctx *c, const uint32_t words[4])
{
    memcpy(c->state, words, sizeof c->state);
    c->count = 1;
    c->index = 0;
}

static void expand_pad(uint32_t words[4], const uint8_t key[MD5_BLOCK_SIZE], uint8_t pad)
{
    uint8_t block[MD5_BLOCK_SIZE];
    struct md5_ctx c;
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = key[i] ^ pad;
    md5_init(&c);
    nettle_md5_compress(c.state, block);
    memcpy(words, c.state, sizeof c.state);
    secret_wipe(block, sizeof block);
    secret_wipe(&c, sizeof c);
}

void crypto_hmac_md5_init(struct crypto_hmac_md5 *h, const uint8_t *key, size_t key_size)
{
    uint8_t block[MD5_BLOCK_SIZE] = {0};
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
    struct md5_ctx c;
    uint8_t inner[MD5_DIGEST_SIZE];
    md5_resume(&c, h->inner);
    md5_feed(&c, m);
    md5_digest(&c, sizeof inner, inner);
    md5_resume(&c, h->outer);
    md5_update(&c, sizeof inner, inner);
    md5_digest(&c, MD5_DIGEST_SIZE, mac);
    secret_wipe(&c, sizeof c);
    secret_wipe(inner, sizeof inner);
}

void crypto_md5(const struct crypto_message *m, uint8_t digest[static 16])
{
    struct md5_ctx c;
    md5_init(&c);
    md5_feed(&c, m);
    md5_digest(&c, MD5_DIGEST_SIZE, digest);
    secret_wipe(&c, sizeof c);
}

/* nettle's divides once a step to go round the key; six of these are in a handshake, and they took a fifth of it. */
void crypto_rc4_init(struct crypto_rc4 *r, const uint8_t *key, size_t key_size)
{
    uint8_t round[sizeof r->s], j = 0;
    for (size_t i = 0; i < sizeof round; i += key_size)
        memcpy(round + i, key, key_size < sizeof round - i ? key_size : sizeof round - i);
    for (size_t i = 0; i < sizeof r->s; i++)
        r->s[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof r->s; i++) {
        uint8_t here = r->s[i];
        j = (uint8_t)(j + here + round[i]);
        r->s[i] = r->s[j];
        r->s[j] = here;
    }
    r->i = r->j = 0;
    secret_wipe(round, sizeof round);
}

void crypto_rc4(struct crypto_rc4 *r, const uint8_t *in, uint8_t *out, size_t size)
{
    if (size)
        arcfour_crypt((struct arcfour_ctx *)r, size, out, in);
}

/* The handshake's primitives. */

static void md4_feed(struct md4_ctx *c, const struct span *s)
{
    if (s->size)
        md4_update(c, s->size, s->data);
}

void crypto_md4(const struct crypto_message *m, uint8_t digest[static 16])
{
    struct md4_ctx c;
    md4_init(&c);
    md4_feed(&c, &m->head);
    for (size_t i = 0; i < m->count; i++)
        md4_feed(&c, &m->parts[i]);
    md4_feed(&c, &m->tail);
    md4_digest(&c, MD4_DIGEST_SIZE, digest);
    secret_wipe(&c, sizeof c);
}

void crypto_des7(const uint8_t key[static 7], const uint8_t in[static 8], uint8_t out[static 8])
{
    uint8_t spread[DES_KEY_SIZE];
    struct des_ctx c;
    /* Seven bits of the key per byte, from the top; DES ignores the lowest bit. */
    spread[0] = key[0];
    for (size_t i = 1; i < 7; i++)
        spread[i] = (uint8_t)(key[i - 1] << (8 - i) | key[i] >> i);
    spread[7] = (uint8_t)(key[6] << 1);
    des_fix_parity(sizeof spread, spread, spread);
    /* Weak keys are reported, and used all the same: the protocol fixes the key. */
    (void)des_set_key(&c, spread);
    des_encrypt(&c, DES_BLOCK_SIZE, out, in);
    secret_wipe(&c, sizeof c);
    secret_wipe(spread, sizeof spread);
}
