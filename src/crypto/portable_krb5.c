/* SPDX-License-Identifier: MIT */
/*
 * crypto/hmac_sha.h and the key schedules and block runs of crypto/aes.h without a library: the reference of
 * the differential test and what freestanding builds link in place of hmac_sha.c and aes.c. Written from FIPS
 * 180-4 and FIPS 197 for clarity and not for speed; the S-box look-ups are not constant in time, so the
 * shared library does not contain this file.
 */
#include "base/secret.h"
#include "crypto/aes.h"
#include "crypto/hmac_sha.h"

static uint32_t rotr32(uint32_t v, unsigned n)
{
    return v >> n | v << (32 - n);
}

static uint64_t rotr64(uint64_t v, unsigned n)
{
    return v >> n | v << (64 - n);
}

static uint64_t get_be(const uint8_t *p, size_t size)
{
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++)
        v = v << 8 | p[i];
    return v;
}

static void put_be(uint8_t *p, uint64_t v, size_t size)
{
    for (size_t i = size; i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
}

/* FIPS 180-4, 6.1.2. */
static void sha1_compress(void *words, const uint8_t *block)
{
    uint32_t *h = words, w[80], s[5];
    memcpy(s, h, sizeof s);
    for (size_t t = 0; t < 80; t++) {
        if (t < 16) {
            w[t] = (uint32_t)get_be(block + 4 * t, 4);
            continue;
        }
        w[t] = rotr32(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 31);
    }
    for (size_t t = 0; t < 80; t++) {
        static const uint32_t k[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
        uint32_t choose = (s[1] & s[2]) ^ (~s[1] & s[3]), parity = s[1] ^ s[2] ^ s[3];
        uint32_t majority = (s[1] & s[2]) ^ (s[1] & s[3]) ^ (s[2] & s[3]);
        uint32_t f = t < 20 ? choose : t >= 40 && t < 60 ? majority : parity;
        uint32_t next = rotr32(s[0], 27) + f + s[4] + k[t / 20] + w[t];
        s[4] = s[3];
        s[3] = s[2];
        s[2] = rotr32(s[1], 2);
        s[1] = s[0];
        s[0] = next;
    }
    for (size_t i = 0; i < 5; i++)
        h[i] += s[i];
}

/* FIPS 180-4, 4.2.3; the upper halves of the first 64 are the constants of SHA-256 (4.2.2). */
static const uint64_t k512[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

/* FIPS 180-4, 6.2.2. */
static void sha256_compress(void *words, const uint8_t *block)
{
    uint32_t *h = words, w[64], s[8];
    memcpy(s, h, sizeof s);
    for (size_t t = 0; t < 64; t++) {
        if (t < 16) {
            w[t] = (uint32_t)get_be(block + 4 * t, 4);
            continue;
        }
        uint32_t a = w[t - 15], b = w[t - 2];
        w[t] = w[t - 16] + (rotr32(a, 7) ^ rotr32(a, 18) ^ a >> 3) + w[t - 7] +
               (rotr32(b, 17) ^ rotr32(b, 19) ^ b >> 10);
    }
    for (size_t t = 0; t < 64; t++) {
        uint32_t sum1 = rotr32(s[4], 6) ^ rotr32(s[4], 11) ^ rotr32(s[4], 25);
        uint32_t sum0 = rotr32(s[0], 2) ^ rotr32(s[0], 13) ^ rotr32(s[0], 22);
        uint32_t t1 = s[7] + sum1 + ((s[4] & s[5]) ^ (~s[4] & s[6])) + (uint32_t)(k512[t] >> 32) + w[t];
        uint32_t t2 = sum0 + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (size_t i = 0; i < 8; i++)
        h[i] += s[i];
}

/* FIPS 180-4, 6.4.2. */
static void sha512_compress(void *words, const uint8_t *block)
{
    uint64_t *h = words, w[80], s[8];
    memcpy(s, h, sizeof s);
    for (size_t t = 0; t < 80; t++) {
        if (t < 16) {
            w[t] = get_be(block + 8 * t, 8);
            continue;
        }
        uint64_t a = w[t - 15], b = w[t - 2];
        w[t] = w[t - 16] + (rotr64(a, 1) ^ rotr64(a, 8) ^ a >> 7) + w[t - 7] +
               (rotr64(b, 19) ^ rotr64(b, 61) ^ b >> 6);
    }
    for (size_t t = 0; t < 80; t++) {
        uint64_t sum1 = rotr64(s[4], 14) ^ rotr64(s[4], 18) ^ rotr64(s[4], 41);
        uint64_t sum0 = rotr64(s[0], 28) ^ rotr64(s[0], 34) ^ rotr64(s[0], 39);
        uint64_t t1 = s[7] + sum1 + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k512[t] + w[t];
        uint64_t t2 = sum0 + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (size_t i = 0; i < 8; i++)
        h[i] += s[i];
}

struct hash {
    void (*compress)(void *words, const uint8_t *block);
    size_t block, word, digest;
};

static const struct hash sha1 = {sha1_compress, 64, 4, CRYPTO_SHA1_SIZE};
static const struct hash sha256 = {sha256_compress, 64, 4, CRYPTO_SHA256_SIZE};
static const struct hash sha384 = {sha512_compress, 128, 8, CRYPTO_SHA384_SIZE};

struct running {
    const struct hash *hash;
    void *words;
    uint64_t size; /* of everything, the key block included */
    uint8_t block[128];
};

static void update(struct running *r, const struct span *in)
{
    for (size_t i = 0; i < in->size; i++) {
        r->block[r->size++ % r->hash->block] = in->data[i];
        if (r->size % r->hash->block == 0)
            r->hash->compress(r->words, r->block);
    }
}

static void finish(struct running *r, uint8_t *digest)
{
    static const uint8_t pad[128] = {0x80};
    const struct hash *hash = r->hash;
    uint8_t length[16] = {0};
    size_t field = hash->word * 2, used = r->size % hash->block;
    put_be(length + field - 8, r->size * 8, 8);
    size_t fill = (2 * hash->block - field - used - 1) % hash->block + 1;
    update(r, &(struct span){pad, fill});
    update(r, &(struct span){length, field});
    for (size_t i = 0; i < hash->digest; i += hash->word) {
        if (hash->word == 4)
            put_be(digest + i, ((const uint32_t *)r->words)[i / 4], 4);
        else
            put_be(digest + i, ((const uint64_t *)r->words)[i / 8], 8);
    }
    secret_wipe(r->block, sizeof r->block);
}

/* words: of the hash's initial state on entry, with the padded key in them on return. */
static void expand(const struct hash *hash, void *words, uint8_t pad, const uint8_t *key, size_t key_size)
{
    uint8_t block[128];
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < key_size; i++)
        block[i] ^= key[i];
    hash->compress(words, block);
    secret_wipe(block, sizeof block);
}

/* inner and outer are working copies. */
static void hmac(const struct hash *hash, void *inner, void *outer, const struct crypto_message *m,
                 uint8_t *mac)
{
    struct running r = {.hash = hash, .words = inner, .size = hash->block};
    update(&r, &m->head);
    for (size_t i = 0; i < m->count; i++)
        update(&r, &m->parts[i]);
    update(&r, &m->tail);
    finish(&r, mac);
    r = (struct running){.hash = hash, .words = outer, .size = hash->block};
    update(&r, &(struct span){mac, hash->digest});
    finish(&r, mac);
}

void crypto_hmac_sha1_init(struct crypto_hmac_sha1 *h, const uint8_t *key, size_t key_size)
{
    *h = (struct crypto_hmac_sha1){.inner = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
    memcpy(h->outer, h->inner, sizeof h->outer);
    expand(&sha1, h->inner, 0x36, key, key_size);
    expand(&sha1, h->outer, 0x5c, key, key_size);
}

void crypto_hmac_sha1(const struct crypto_hmac_sha1 *h, const struct crypto_message *m,
                      uint8_t mac[static CRYPTO_SHA1_SIZE])
{
    struct crypto_hmac_sha1 work = *h;
    hmac(&sha1, work.inner, work.outer, m, mac);
}

void crypto_hmac_sha256_init(struct crypto_hmac_sha256 *h, const uint8_t *key, size_t key_size)
{
    *h = (struct crypto_hmac_sha256){.inner = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                               0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
    memcpy(h->outer, h->inner, sizeof h->outer);
    expand(&sha256, h->inner, 0x36, key, key_size);
    expand(&sha256, h->outer, 0x5c, key, key_size);
}

void crypto_hmac_sha256(const struct crypto_hmac_sha256 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA256_SIZE])
{
    struct crypto_hmac_sha256 work = *h;
    hmac(&sha256, work.inner, work.outer, m, mac);
}

void crypto_hmac_sha384_init(struct crypto_hmac_sha384 *h, const uint8_t *key, size_t key_size)
{
    *h = (struct crypto_hmac_sha384){.inner = {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17,
                                               0x152fecd8f70e5939, 0x67332667ffc00b31, 0x8eb44a8768581511,
                                               0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4}};
    memcpy(h->outer, h->inner, sizeof h->outer);
    expand(&sha384, h->inner, 0x36, key, key_size);
    expand(&sha384, h->outer, 0x5c, key, key_size);
}

void crypto_hmac_sha384(const struct crypto_hmac_sha384 *h, const struct crypto_message *m,
                        uint8_t mac[static CRYPTO_SHA384_SIZE])
{
    struct crypto_hmac_sha384 work = *h;
    hmac(&sha384, work.inner, work.outer, m, mac);
}

/* FIPS 197: multiplication by x in GF(2^8), by any element, and the S-box from its definition in 5.1.1. */
static uint8_t times_x(uint8_t v)
{
    return (uint8_t)(v << 1 ^ (v >> 7) * 0x1b);
}

static uint8_t multiply(uint8_t a, uint8_t b)
{
    uint8_t product = 0;
    for (; b != 0; b >>= 1, a = times_x(a))
        product ^= b & 1 ? a : 0;
    return product;
}

static uint8_t substitute(uint8_t v)
{
    uint8_t inverse = 1, power = v;
    for (unsigned e = 254; e != 0; e >>= 1, power = multiply(power, power))
        if (e & 1)
            inverse = multiply(inverse, power);
    unsigned doubled = inverse * 0x101u;
    return (uint8_t)(inverse ^ doubled >> 7 ^ doubled >> 6 ^ doubled >> 5 ^ doubled >> 4 ^ 0x63);
}

/* Affine map undone, then inverted again. */
static uint8_t substitute_back(uint8_t v)
{
    unsigned doubled = v * 0x101u;
    uint8_t inverse = 1, power = (uint8_t)(doubled >> 7 ^ doubled >> 5 ^ doubled >> 2 ^ 0x05);
    for (unsigned e = 254; e != 0; e >>= 1, power = multiply(power, power))
        if (e & 1)
            inverse = multiply(inverse, power);
    return inverse;
}

/* Words hold four bytes of a column, first byte lowest; one schedule (5.2) serves both directions. */
void crypto_aes_encrypt_key(struct crypto_aes *a, const uint8_t *key, size_t key_size)
{
    size_t n = key_size == 16 ? 4 : 8;
    uint8_t constant = 1;
    *a = (struct crypto_aes){.rounds = (uint32_t)n + 6};
    for (size_t i = 0; i < 4 * (a->rounds + 1); i++) {
        uint8_t w[4];
        if (i < n) {
            memcpy(w, key + 4 * i, 4);
        } else {
            uint32_t last = a->words[i - 1], turned = i % n == 0 ? rotr32(last, 8) : last;
            bool mixed = i % n == 0 || (n > 6 && i % n == 4);
            for (size_t b = 0; b < 4; b++) {
                uint8_t v = (uint8_t)(turned >> (8 * b));
                w[b] = (uint8_t)((mixed ? substitute(v) : v) ^ a->words[i - n] >> (8 * b));
            }
            if (i % n == 0) {
                w[0] ^= constant;
                constant = times_x(constant);
            }
        }
        a->words[i] = (uint32_t)w[0] | (uint32_t)w[1] << 8 | (uint32_t)w[2] << 16 | (uint32_t)w[3] << 24;
    }
}

void crypto_aes_decrypt_key(struct crypto_aes *a, const uint8_t *key, size_t key_size)
{
    crypto_aes_encrypt_key(a, key, key_size);
}

static void add_round_key(const struct crypto_aes *a, size_t round, uint8_t s[static 16])
{
    for (size_t i = 0; i < 16; i++)
        s[i] ^= (uint8_t)(a->words[4 * round + i / 4] >> (8 * (i % 4)));
}

static void mix_columns(uint8_t s[static 16], const uint8_t row[static 4])
{
    for (size_t c = 0; c < 16; c += 4) {
        uint8_t column[4];
        memcpy(column, s + c, 4);
        for (size_t r = 0; r < 4; r++) {
            s[c + r] = 0;
            for (size_t i = 0; i < 4; i++)
                s[c + r] ^= multiply(column[i], row[(i + 4 - r) % 4]);
        }
    }
}

static void encrypt_block(const struct crypto_aes *a, uint8_t s[static 16])
{
    static const uint8_t row[4] = {2, 3, 1, 1};
    uint8_t t[16];
    add_round_key(a, 0, s);
    for (size_t round = 1; round <= a->rounds; round++) {
        for (size_t i = 0; i < 16; i++)
            t[i] = substitute(s[(i + 4 * (i % 4)) % 16]);
        memcpy(s, t, sizeof t);
        if (round < a->rounds)
            mix_columns(s, row);
        add_round_key(a, round, s);
    }
}

static void decrypt_block(const struct crypto_aes *a, uint8_t s[static 16])
{
    static const uint8_t row[4] = {14, 11, 13, 9};
    uint8_t t[16];
    for (size_t round = a->rounds; round > 0; round--) {
        add_round_key(a, round, s);
        if (round < a->rounds)
            mix_columns(s, row);
        for (size_t i = 0; i < 16; i++)
            t[(i + 4 * (i % 4)) % 16] = substitute_back(s[i]);
        memcpy(s, t, sizeof t);
    }
    add_round_key(a, 0, s);
}

void crypto_aes_cbc_encrypt(const struct crypto_aes *a, uint8_t iv[static CRYPTO_AES_BLOCK],
                            const uint8_t *in, uint8_t *out, size_t blocks)
{
    for (; blocks > 0; blocks--, in += CRYPTO_AES_BLOCK, out += CRYPTO_AES_BLOCK) {
        for (size_t i = 0; i < CRYPTO_AES_BLOCK; i++)
            iv[i] ^= in[i];
        encrypt_block(a, iv);
        memcpy(out, iv, CRYPTO_AES_BLOCK);
    }
}

void crypto_aes_cbc_decrypt(const struct crypto_aes *a, uint8_t iv[static CRYPTO_AES_BLOCK],
                            const uint8_t *in, uint8_t *out, size_t blocks)
{
    for (; blocks > 0; blocks--, in += CRYPTO_AES_BLOCK, out += CRYPTO_AES_BLOCK) {
        uint8_t cipher[CRYPTO_AES_BLOCK], plain[CRYPTO_AES_BLOCK];
        memcpy(cipher, in, sizeof cipher);
        memcpy(plain, in, sizeof plain);
        decrypt_block(a, plain);
        for (size_t i = 0; i < CRYPTO_AES_BLOCK; i++)
            out[i] = plain[i] ^ iv[i];
        memcpy(iv, cipher, sizeof cipher);
    }
}
