/* SPDX-License-Identifier: MIT */
/*
 * The fixed-key MIC tokens, and a transcript of MICs and Wrap tokens over all types and layouts.
 * Freestanding: on the library's primitives, whose results the oracle has judged, and without a libc on three
 * architectures the lines must be the same.
 */
#include "protect/krb5.h"
#include "vectors.h"

enum { LINE_MAX_SIZE = 1024 };

typedef void line_function(const char *text, size_t size);

struct text {
    char bytes[LINE_MAX_SIZE];
    size_t size;
};

static void put_string(struct text *t, const char *s)
{
    while (*s && t->size < sizeof t->bytes)
        t->bytes[t->size++] = *s++;
}

static void put_hex(struct text *t, const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    put_string(t, " ");
    for (size_t i = 0; i < size && t->size + 2 <= sizeof t->bytes; i++) {
        t->bytes[t->size++] = digits[data[i] >> 4];
        t->bytes[t->size++] = digits[data[i] & 15];
    }
}

static void verdict(line_function *line, bool good, const char *what)
{
    struct text t = {.size = 0};
    put_string(&t, good ? "ok " : "FAIL ");
    put_string(&t, what);
    line(t.bytes, t.size);
}

static void published(line_function *line)
{
    static const uint8_t aes_token[] = {4,    4,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0,    0,
                                        0,    0,    0,    0,    0,    0,    0x97, 0xe9, 0x63, 0x3f,
                                        0x9d, 0x82, 0x2b, 0x74, 0x67, 0x94, 0x8a, 0xd0};
    static const uint8_t rc4_token[] = {0x60, 0x23, 6,    9,    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12,
                                        1,    2,    2,    1,    1,    0x11, 0,    0xff, 0xff, 0xff,
                                        0xff, 0x5d, 0xe7, 0x51, 0xf6, 0xfb, 0x6c, 0x25, 0x5b, 0x23,
                                        0x93, 0x5a, 0x30, 0x20, 0x57, 0xdc, 0xb5};
    struct krb5_start aes = {.flags = KRB5_F_INITIATOR, .key = {KRB5_ETYPE_AES128_SHA1, "1234567887654321"}};
    struct krb5_start rc4 = {.flags = KRB5_F_INITIATOR,
                             .key = {KRB5_ETYPE_RC4,
                                     {0x66, 0x64, 0x41, 0x64, 0x55, 0x78, 0x21, 0xd0, 0xd0, 0xfd, 0x05, 0x6a,
                                      0xff, 0x6f, 0xe8, 0x09}}};
    struct span part = {(const uint8_t *)"message", 7};
    struct message m = {&part, 1, 0};
    struct krb5_protect p;
    uint8_t token[KRB5_MIC_SIZE_MAX];
    verdict(line,
            krb5_protect_init(&p, &aes) && krb5_mic_make(&p, &m, token) == PROTECT_OK &&
                memcmp(token, aes_token, sizeof aes_token) == 0,
            "aes128-cts-hmac-sha1-96 MIC");
    verdict(line,
            krb5_protect_init(&p, &rc4) && krb5_mic_make(&p, &m, token) == PROTECT_OK &&
                memcmp(token, rc4_token, sizeof rc4_token) == 0,
            "rc4-hmac MIC");
}

struct ends {
    struct krb5_protect i, a;
    struct krb5_seal i_seal, a_seal;
};

static bool ends_init(struct ends *e, uint16_t etype, uint32_t flags)
{
    struct krb5_start start = {
        .flags = flags | KRB5_F_INITIATOR | KRB5_F_REPLAY | KRB5_F_SEQUENCE,
        .key = {.etype = etype},
        .initiator = {.etype = flags & KRB5_F_ACCEPTOR_SUBKEY ? KRB5_ETYPE_AES256_SHA1 : 0},
        .send_first = 0xfffffffe,
        .receive_first = 1};
    for (size_t i = 0; i < KRB5_KEY_SIZE_MAX; i++) {
        start.key.bytes[i] = (uint8_t)(etype + 7 * i);
        start.initiator.bytes[i] = (uint8_t)(etype ^ 3 * i);
    }
    if (!krb5_protect_init(&e->i, &start))
        return false;
    start.flags &= ~(uint32_t)KRB5_F_INITIATOR;
    start.send_first = 1;
    start.receive_first = 0xfffffffe;
    if (!krb5_protect_init(&e->a, &start))
        return false;
    krb5_seal_init(&e->i_seal, &e->i);
    krb5_seal_init(&e->a_seal, &e->a);
    return true;
}

static bool mic(struct ends *e, const struct message *m, struct text *t)
{
    uint8_t token[KRB5_MIC_SIZE_MAX];
    uint64_t sequence;
    size_t size = krb5_mic_size(&e->i);
    bool good = krb5_mic_make(&e->i, m, token) == PROTECT_OK;
    put_hex(t, token, size);
    good &= krb5_mic_check(&e->a, NULL, m, token, size, &sequence) == PROTECT_OK &&
            krb5_accept(&e->a, sequence) == PROTECT_OK;
    token[size - 1] ^= 1;
    return good && krb5_mic_check(&e->a, NULL, m, token, size, &sequence) == PROTECT_ALTERED;
}

static bool wrap(struct ends *e, bool sealed, struct message *m, uint8_t *data, size_t data_size,
                 struct text *t)
{
    static const uint8_t confounder[KRB5_CONFOUNDER_SIZE] = {1, 2,  3,  4,  5,  6,  7,  8,
                                                             9, 10, 11, 12, 13, 14, 15, 16};
    uint8_t bytes[128], before[128], plain[128];
    struct krb5_unwrapped u;
    struct krb5_token token = {bytes, krb5_wrap_size(&e->i, sealed, m, false), NULL};
    memcpy(plain, data, data_size);
    bool good = krb5_wrap(&e->i, &e->i_seal, sealed, m, confounder, &token) == PROTECT_OK;
    put_hex(t, bytes, token.size);
    put_hex(t, data, data_size);
    memcpy(before, data, data_size);
    bytes[token.size - 1] ^= 0x80;
    good &= krb5_unwrap(&e->a, &e->a_seal, NULL, m, &token, &u) == PROTECT_ALTERED &&
            memcmp(before, data, data_size) == 0;
    bytes[token.size - 1] ^= 0x80;
    good &= krb5_unwrap(&e->a, &e->a_seal, NULL, m, &token, &u) == PROTECT_OK &&
            krb5_accept(&e->a, u.sequence) == PROTECT_OK;
    return good && memcmp(plain, data, data_size) == 0;
}

static void transcript(line_function *line, uint16_t etype, uint32_t flags)
{
    static struct ends e;
    if (!ends_init(&e, etype, flags)) {
        verdict(line, false, "a context begins");
        return;
    }
    bool good = true;
    for (size_t size = 0; size <= 70; size += 7) {
        struct text t = {.size = 0};
        uint8_t data[128];
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)(size + i * i);
        struct span parts[3] = {{data, size / 5}, {data + size / 5, size / 2}, {NULL, 0}};
        parts[2] = (struct span){data + size / 5 + size / 2, size - size / 5 - size / 2};
        struct message m = {parts, 3, size % 2 ? 6 : 7};
        put_string(&t, "t");
        good &= mic(&e, &m, &t);
        good &= wrap(&e, true, &m, data, size, &t);
        good &= wrap(&e, false, &m, data, size, &t);
        line(t.bytes, t.size);
    }
    uint8_t packed[KRB5_PACK_SIZE];
    struct krb5_protect copy;
    struct text t = {.size = 0};
    krb5_protect_pack(&e.a, packed);
    good &= krb5_protect_unpack(&copy, packed, sizeof packed) && memcmp(&copy, &e.a, sizeof copy) == 0;
    put_string(&t, "t packed");
    put_hex(&t, packed, sizeof packed);
    line(t.bytes, t.size);
    verdict(line, good, "what was made is taken, what was altered is not");
}

void vectors_run(line_function *line)
{
    static const uint16_t etypes[] = {KRB5_ETYPE_AES128_SHA1, KRB5_ETYPE_AES256_SHA1,
                                      KRB5_ETYPE_AES128_SHA256, KRB5_ETYPE_AES256_SHA384, KRB5_ETYPE_RC4};
    published(line);
    for (size_t i = 0; i < sizeof etypes / sizeof etypes[0]; i++) {
        transcript(line, etypes[i], 0);
        transcript(line, etypes[i], KRB5_F_DCE_STYLE);
        if (etypes[i] != KRB5_ETYPE_RC4)
            transcript(line, etypes[i], KRB5_F_ACCEPTOR_SUBKEY);
    }
}
