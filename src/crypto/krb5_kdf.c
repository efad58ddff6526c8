/* SPDX-License-Identifier: MIT */
#include "base/secret.h"
#include "base/wire.h"
#include "crypto/aes.h"
#include "crypto/hmac_sha.h"
#include "crypto/krb5_kdf.h"

enum { CONSTANT_SIZE = 5 };

static void write_constant(struct wire_writer *w, uint32_t usage, enum crypto_krb5_purpose purpose)
{
    wire_write_u32_be(w, usage);
    wire_write_u8(w, (uint8_t)purpose);
}

static size_t gcd(size_t a, size_t b)
{
    while (b != 0) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Byte i of the endless concatenation of copies of in, each rotated right by 13 bits more than the one
 * before. */
static unsigned rotated_byte(const uint8_t *in, size_t in_size, size_t i)
{
    size_t bits = in_size * 8, shift = 13 * (i / in_size) % bits;
    size_t from = (i % in_size * 8 + bits - shift) % bits;
    unsigned high = in[from / 8], low = in[(from / 8 + 1) % in_size];
    return (high << 8 | low) >> (8 - from % 8) & 0xff;
}

/* Columns are summed from the least significant byte up, in ones' complement: the carry out of the top comes
 * in again at the bottom. */
void crypto_krb5_nfold(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
    size_t length = in_size / gcd(in_size, out_size) * out_size;
    unsigned carry = 0;
    memset(out, 0, out_size);
    for (size_t i = length; i-- > 0;) {
        unsigned sum = carry + out[i % out_size] + rotated_byte(in, in_size, i);
        out[i % out_size] = (uint8_t)sum;
        carry = sum >> 8;
    }
    for (size_t i = out_size; carry != 0 && i-- > 0;) {
        unsigned sum = carry + out[i];
        out[i] = (uint8_t)sum;
        carry = sum >> 8;
    }
}

void crypto_krb5_derive_sha1(const uint8_t *key, size_t key_size, uint32_t usage,
                             enum crypto_krb5_purpose purpose, uint8_t *out)
{
    uint8_t constant[CONSTANT_SIZE], block[CRYPTO_AES_BLOCK];
    struct wire_writer w;
    struct crypto_aes aes;
    wire_write_init(&w, constant, sizeof constant);
    write_constant(&w, usage, purpose);
    crypto_krb5_nfold(constant, sizeof constant, block, sizeof block);

    crypto_aes_encrypt_key(&aes, key, key_size);
    for (size_t done = 0; done < key_size; done += sizeof block) {
        uint8_t iv[CRYPTO_AES_BLOCK] = {0};
        crypto_aes_cbc_encrypt(&aes, iv, block, block, 1);
        memcpy(out + done, block, sizeof block);
    }
    secret_wipe(&aes, sizeof aes);
    secret_wipe(block, sizeof block);
}

void crypto_krb5_derive_sha2(const uint8_t *key, size_t key_size, uint32_t usage,
                             enum crypto_krb5_purpose purpose, uint8_t *out, size_t out_size)
{
    uint8_t input[4 + CONSTANT_SIZE + 1 + 4], mac[CRYPTO_SHA384_SIZE];
    struct wire_writer w;
    wire_write_init(&w, input, sizeof input);
    wire_write_u32_be(&w, 1); /* the one round that is needed: no derived key is longer than the MAC */
    write_constant(&w, usage, purpose);
    wire_write_u8(&w, 0);
    wire_write_u32_be(&w, (uint32_t)out_size * 8);

    struct crypto_message m = {.head = {input, sizeof input}};
    if (key_size == 16) {
        struct crypto_hmac_sha256 h;
        crypto_hmac_sha256_init(&h, key, key_size);
        crypto_hmac_sha256(&h, &m, mac);
        secret_wipe(&h, sizeof h);
    } else {
        struct crypto_hmac_sha384 h;
        crypto_hmac_sha384_init(&h, key, key_size);
        crypto_hmac_sha384(&h, &m, mac);
        secret_wipe(&h, sizeof h);
    }
    memcpy(out, mac, out_size);
    secret_wipe(mac, sizeof mac);
}
