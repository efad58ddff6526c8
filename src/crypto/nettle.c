/* SPDX-License-Identifier: MIT */
#include "crypto/crypto.h"

#include <nettle/arcfour.h>
#include <nettle/des.h>
#include <nettle/md4.h>

#include "base/secret.h"

/* nettle works on the permutation in place: ours is laid out like its own. */
_Static_assert(sizeof(struct crypto_rc4) == sizeof(struct arcfour_ctx), "RC4 states differ");
_Static_assert(offsetof(struct crypto_rc4, s) == offsetof(struct arcfour_ctx, S), "RC4 states differ");
_Static_assert(offsetof(struct crypto_rc4, i) == offsetof(struct arcfour_ctx, i), "RC4 states differ");
_Static_assert(offsetof(struct crypto_rc4, j) == offsetof(struct arcfour_ctx, j), "RC4 states differ");

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
