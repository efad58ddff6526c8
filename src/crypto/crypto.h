/* SPDX-License-Identifier: MIT */
/*
 * crypto: the one seam to primitives. Keyed state is ours and plain (chaining words, RC4 permutation), never
 * a library's object: it is packed, copied, compared and handed to another process or the kernel as it is.
 * Which library does the work is decided here and nowhere else: crypto/nettle.c in user space,
 * crypto/portable.c (self-contained, freestanding) for builds without libraries, the kernel's own later. No
 * function allocates, locks or fails.
 */
#ifndef OPENSSPI_CRYPTO_CRYPTO_H
#define OPENSSPI_CRYPTO_CRYPTO_H

#include "base/span.h"

/* What a checksum covers: head, then the parts in order, then tail. head and tail may be empty. */
struct crypto_message {
    struct span head;
    const struct span *parts;
    size_t count;
    struct span tail;
};

/* HMAC-MD5 with the key spent: MD5 chaining words after the inner and outer padded key block (RFC 2104).
 * Canonical: word i is the MD5 state word, independent of library and byte order. */
struct crypto_hmac_md5 {
    uint32_t inner[4];
    uint32_t outer[4];
};

void crypto_hmac_md5_init(struct crypto_hmac_md5 *h, const uint8_t *key, size_t key_size);
void crypto_hmac_md5(const struct crypto_hmac_md5 *h, const struct crypto_message *m, uint8_t mac[static 16]);

void crypto_md5(const struct crypto_message *m, uint8_t digest[static 16]);
/* MD4 and DES are for handshakes: not in crypto/portable.c. */
void crypto_md4(const struct crypto_message *m, uint8_t digest[static 16]);

/* CRC-32 of [MS-NLMP] 3.4.4.1 (polynomial 0xEDB88320, initial and final inversion). */
uint32_t crypto_crc32(const struct crypto_message *m);

/* RC4: the permutation and its two indexes. */
struct crypto_rc4 {
    uint8_t s[256];
    uint8_t i, j;
};

void crypto_rc4_init(struct crypto_rc4 *r, const uint8_t *key, size_t key_size);     /* 1..256 bytes */
void crypto_rc4(struct crypto_rc4 *r, const uint8_t *in, uint8_t *out, size_t size); /* in == out allowed */

/* The next few bytes of key stream themselves, in line: for 8 bytes a call costs as much as they do. */
static inline void crypto_rc4_stream(struct crypto_rc4 *r, uint8_t *out, size_t size)
{
    uint8_t i = r->i, j = r->j;
    for (size_t n = 0; n < size; n++) {
        uint8_t x = r->s[++i];
        j = (uint8_t)(j + x);
        uint8_t y = r->s[j];
        r->s[i] = y;
        r->s[j] = x;
        out[n] = r->s[(uint8_t)(x + y)];
    }
    r->i = i;
    r->j = j;
}

/*
 * The next 8 bytes of four states, which are different ones, to out, out + stride and so on: a step of each
 * in turn, because a step waits for loads that wait for each other, and there are the other three's to do
 * meanwhile. With a stride that is a constant the registers suffice.
 */
static inline __attribute__((always_inline)) void crypto_rc4_stream_4(struct crypto_rc4 *const r[4],
                                                                      uint8_t *out, size_t stride)
{
    uint8_t *at[4];
    unsigned j[4];
    bool around = false;
    for (int m = 0; m < 4; m++)
        around |= r[m]->i > 255 - 8;
    if (around) {
        for (size_t m = 0; m < 4; m++)
            crypto_rc4_stream(r[m], out + m * stride, 8);
        return;
    }
    for (int m = 0; m < 4; m++) {
        j[m] = r[m]->j;
        at[m] = r[m]->s + r[m]->i + 1;
        r[m]->i = (uint8_t)(r[m]->i + 8);
    }
#pragma GCC unroll 8
    for (size_t n = 0; n < 8; n++) {
#pragma GCC unroll 4
        for (size_t m = 0; m < 4; m++) {
            unsigned x = at[m][n];
            j[m] = (uint8_t)(j[m] + x);
            unsigned y = r[m]->s[j[m]];
            at[m][n] = (uint8_t)y;
            r[m]->s[j[m]] = (uint8_t)x;
            out[m * stride + n] = r[m]->s[(uint8_t)(x + y)];
        }
    }
    for (int m = 0; m < 4; m++)
        r[m]->j = (uint8_t)j[m];
}

/* Takes the last size bytes of key stream back: the state is what it was before them, bit for bit. Each step
 * of RC4 is a swap and two sums, all of which can be undone. */
static inline void crypto_rc4_back(struct crypto_rc4 *r, size_t size)
{
    for (; size > 0; size--) {
        uint8_t x = r->s[r->i], y = r->s[r->j];
        r->s[r->i] = y;
        r->s[r->j] = x;
        r->j = (uint8_t)(r->j - y);
        r->i--;
    }
}

/* DES of one block with a 7-byte key spread to 8 as [MS-NLMP] 6 (DES) says; NTLMv1 responses only. */
void crypto_des7(const uint8_t key[static 7], const uint8_t in[static 8], uint8_t out[static 8]);

#endif
