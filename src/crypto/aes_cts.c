/* SPDX-License-Identifier: MIT */
/*
 * Ciphertext stealing walks a cursor over the pieces. Runs of blocks that lie inside one piece go to CBC
 * where they are; a block that straddles pieces is gathered, transformed and scattered again.
 */
#include "base/secret.h"
#include "crypto/aes.h"

struct cursor {
    const struct crypto_piece *piece;
    size_t offset; /* in *piece */
};

static void skip_empty(struct cursor *c)
{
    while (c->offset == c->piece->size) {
        c->piece++;
        c->offset = 0;
    }
}

/* The next size bytes into out; the cursor moves behind them. They exist. */
static void gather(struct cursor *c, uint8_t *out, size_t size)
{
    while (size > 0) {
        skip_empty(c);
        size_t left = c->piece->size - c->offset, n = left < size ? left : size;
        memcpy(out, c->piece->data + c->offset, n);
        c->offset += n;
        out += n;
        size -= n;
    }
}

static void scatter(struct cursor *c, const uint8_t *in, size_t size)
{
    while (size > 0) {
        skip_empty(c);
        size_t left = c->piece->size - c->offset, n = left < size ? left : size;
        memcpy(c->piece->data + c->offset, in, n);
        c->offset += n;
        in += n;
        size -= n;
    }
}

typedef void cbc_run(const struct crypto_aes *a, uint8_t iv[static CRYPTO_AES_BLOCK], const uint8_t *in,
                     uint8_t *out, size_t blocks);

/* CBC over the next `blocks` whole blocks. */
static void run(const struct crypto_aes *a, cbc_run *cbc, uint8_t iv[static CRYPTO_AES_BLOCK],
                struct cursor *c, size_t blocks)
{
    uint8_t block[CRYPTO_AES_BLOCK];
    while (blocks > 0) {
        skip_empty(c);
        size_t here = (c->piece->size - c->offset) / CRYPTO_AES_BLOCK;
        if (here > blocks)
            here = blocks;
        if (here > 0) {
            uint8_t *p = c->piece->data + c->offset;
            cbc(a, iv, p, p, here);
            c->offset += here * CRYPTO_AES_BLOCK;
            blocks -= here;
            continue;
        }
        struct cursor back = *c;
        gather(c, block, sizeof block);
        cbc(a, iv, block, block, 1);
        scatter(&back, block, sizeof block);
        blocks--;
    }
    secret_wipe(block, sizeof block);
}

static size_t total(const struct crypto_piece *pieces, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += pieces[i].size;
    return size;
}

void crypto_aes_cts_encrypt(const struct crypto_aes *a, const struct crypto_piece *pieces, size_t count)
{
    size_t size = total(pieces, count);
    uint8_t iv[CRYPTO_AES_BLOCK] = {0}, last[2 * CRYPTO_AES_BLOCK] = {0}, out[2 * CRYPTO_AES_BLOCK];
    struct cursor at = {pieces, 0};
    if (size <= CRYPTO_AES_BLOCK) {
        run(a, crypto_aes_cbc_encrypt, iv, &at, size / CRYPTO_AES_BLOCK);
        return;
    }
    /* The last two blocks, the second of 1..16 bytes and padded with zeros, change places once encrypted. */
    size_t whole = (size - 1) / CRYPTO_AES_BLOCK - 1, rest = size - whole * CRYPTO_AES_BLOCK;
    run(a, crypto_aes_cbc_encrypt, iv, &at, whole);
    struct cursor back = at;
    gather(&at, last, rest);
    crypto_aes_cbc_encrypt(a, iv, last, last, 2);
    memcpy(out, last + CRYPTO_AES_BLOCK, CRYPTO_AES_BLOCK);
    memcpy(out + CRYPTO_AES_BLOCK, last, CRYPTO_AES_BLOCK);
    scatter(&back, out, rest);
    secret_wipe(last, sizeof last);
    secret_wipe(out, sizeof out);
}

void crypto_aes_cts_decrypt(const struct crypto_aes *a, const struct crypto_piece *pieces, size_t count)
{
    size_t size = total(pieces, count);
    uint8_t iv[CRYPTO_AES_BLOCK] = {0}, zero[CRYPTO_AES_BLOCK] = {0};
    uint8_t in[2 * CRYPTO_AES_BLOCK] = {0}, out[2 * CRYPTO_AES_BLOCK], stolen[CRYPTO_AES_BLOCK];
    struct cursor at = {pieces, 0};
    if (size <= CRYPTO_AES_BLOCK) {
        run(a, crypto_aes_cbc_decrypt, iv, &at, size / CRYPTO_AES_BLOCK);
        return;
    }
    size_t whole = (size - 1) / CRYPTO_AES_BLOCK - 1, rest = size - whole * CRYPTO_AES_BLOCK;
    run(a, crypto_aes_cbc_decrypt, iv, &at, whole);
    struct cursor back = at;
    gather(&at, in, rest);
    /* The whole block that stands second to last decrypts to (last plaintext, zeros) ^ (the other ciphertext
     * block): beyond the plaintext it shows the bytes of that block which were not sent. */
    size_t short_size = rest - CRYPTO_AES_BLOCK;
    crypto_aes_cbc_decrypt(a, zero, in, stolen, 1);
    for (size_t i = 0; i < CRYPTO_AES_BLOCK; i++) {
        uint8_t *sent = in + CRYPTO_AES_BLOCK + i;
        if (i < short_size)
            out[CRYPTO_AES_BLOCK + i] = stolen[i] ^ *sent;
        else
            *sent = stolen[i];
    }
    crypto_aes_cbc_decrypt(a, iv, in + CRYPTO_AES_BLOCK, out, 1);
    scatter(&back, out, rest);
    secret_wipe(out, sizeof out);
    secret_wipe(stolen, sizeof stolen);
}
