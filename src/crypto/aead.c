/* SPDX-License-Identifier: MIT */
#include <nettle/gcm.h>

#include "base/secret.h"
#include "crypto/aead.h"

struct expanded {
    struct gcm_key key;
    struct aes256_ctx cipher;
};
_Static_assert(sizeof(struct expanded) <= sizeof(struct crypto_gcm), "struct crypto_gcm is too small");

/* nettle wants whole blocks in every call but the last of a kind: scattered bytes are gathered in chunks. */
enum { CHUNK = 1024 };

struct cursor {
    const struct crypto_piece *pieces;
    size_t count, at; /* at: inside pieces[0] */
};

static const struct expanded *expanded_of(const struct crypto_gcm *g)
{
    return (const struct expanded *)(const void *)g->words;
}

void crypto_gcm_init(struct crypto_gcm *g, const uint8_t key[static CRYPTO_GCM_KEY])
{
    struct expanded *e = (struct expanded *)(void *)g->words;

    memset(g, 0, sizeof *g);
    aes256_set_encrypt_key(&e->cipher, key);
    gcm_set_key(&e->key, &e->cipher, (nettle_cipher_func *)aes256_encrypt);
}

static void absorb(struct gcm_ctx *ctx, const struct expanded *e, const struct crypto_message *m)
{
    uint8_t chunk[CHUNK];
    size_t used = 0;

    for (size_t i = 0; i < m->count + 2; i++) {
        struct span s = i == 0 ? m->head : i <= m->count ? m->parts[i - 1] : m->tail;
        while (s.size > 0) {
            size_t n = s.size < CHUNK - used ? s.size : CHUNK - used;
            memcpy(chunk + used, s.data, n);
            used += n;
            s.data += n;
            s.size -= n;
            if (used == CHUNK) {
                gcm_update(ctx, &e->key, CHUNK, chunk);
                used = 0;
            }
        }
    }
    gcm_update(ctx, &e->key, used, chunk);
    secret_wipe(chunk, sizeof chunk);
}

/* Moves the next bytes, as many as a chunk takes, between the pieces and the chunk. */
static size_t transfer(struct cursor *c, uint8_t *chunk, bool to_pieces, size_t limit)
{
    size_t used = 0;

    while (c->count > 0 && used < limit) {
        size_t left = c->pieces->size - c->at, n = left < limit - used ? left : limit - used;
        if (n > 0 && to_pieces)
            memcpy(c->pieces->data + c->at, chunk + used, n);
        else if (n > 0)
            memcpy(chunk + used, c->pieces->data + c->at, n);
        used += n;
        c->at += n;
        if (c->at == c->pieces->size) {
            c->pieces++;
            c->count--;
            c->at = 0;
        }
    }
    return used;
}

static void text_run(struct gcm_ctx *ctx, const struct expanded *e, const struct crypto_piece *text,
                     size_t count, bool encrypt, bool write)
{
    struct cursor in = {text, count, 0}, out = {text, count, 0};
    uint8_t chunk[CHUNK];
    size_t n;

    while ((n = transfer(&in, chunk, false, CHUNK)) > 0) {
        if (encrypt)
            gcm_encrypt(ctx, &e->key, &e->cipher, (nettle_cipher_func *)aes256_encrypt, n, chunk, chunk);
        else
            gcm_decrypt(ctx, &e->key, &e->cipher, (nettle_cipher_func *)aes256_encrypt, n, chunk, chunk);
        if (write)
            (void)transfer(&out, chunk, true, n);
    }
    secret_wipe(chunk, sizeof chunk);
}

static void run(const struct crypto_gcm *g, const uint8_t *nonce, const struct crypto_message *clear,
                const struct crypto_piece *text, size_t count, bool encrypt, bool write, uint8_t *tag)
{
    const struct expanded *e = expanded_of(g);
    struct gcm_ctx ctx;

    gcm_set_iv(&ctx, &e->key, CRYPTO_GCM_NONCE, nonce);
    if (clear)
        absorb(&ctx, e, clear);
    text_run(&ctx, e, text, count, encrypt, write);
    if (tag)
        gcm_digest(&ctx, &e->key, &e->cipher, (nettle_cipher_func *)aes256_encrypt, CRYPTO_GCM_TAG, tag);
    secret_wipe(&ctx, sizeof ctx);
}

void crypto_gcm_seal(const struct crypto_gcm *g, const uint8_t nonce[static CRYPTO_GCM_NONCE],
                     const struct crypto_message *clear, const struct crypto_piece *text, size_t count,
                     uint8_t tag[static CRYPTO_GCM_TAG])
{
    run(g, nonce, clear, text, count, true, true, tag);
}

void crypto_gcm_tag(const struct crypto_gcm *g, const uint8_t nonce[static CRYPTO_GCM_NONCE],
                    const struct crypto_message *clear, const struct crypto_piece *text, size_t count,
                    uint8_t tag[static CRYPTO_GCM_TAG])
{
    run(g, nonce, clear, text, count, false, false, tag);
}

void crypto_gcm_open(const struct crypto_gcm *g, const uint8_t nonce[static CRYPTO_GCM_NONCE],
                     const struct crypto_piece *text, size_t count)
{
    run(g, nonce, NULL, text, count, false, true, NULL);
}
