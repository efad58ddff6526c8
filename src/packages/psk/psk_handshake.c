/* SPDX-License-Identifier: MIT */
#include "packages/psk/psk_handshake.h"

#include "base/secret.h"
#include "base/wire.h"

enum { HELLO = 1, REPLY = 2, FINAL = 3 };

static const char magic[4] = {'P', 'S', 'K', '1'};

static struct span text_span(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

static struct span bytes_span(const struct psk_bytes *b)
{
    return (struct span){b->data, b->size};
}

void psk_handshake_key(struct psk_handshake *h, const uint8_t *key, size_t size)
{
    uint8_t prk[CRYPTO_HKDF_PRK];

    crypto_hkdf_extract(text_span("OpenSSPI psk 1"), (struct span){key, size}, prk);
    crypto_hkdf_expand(prk, text_span("authentication"), h->authentication, sizeof h->authentication);
    crypto_hkdf_expand(prk, text_span("derivation"), h->derivation, sizeof h->derivation);
    secret_wipe(prk, sizeof prk);
}

/* ---- fields ---- */

static void head_write(struct wire_writer *w, const struct psk_handshake *h, uint8_t number)
{
    wire_write_bytes(w, magic, sizeof magic);
    wire_write_u8(w, number);
    wire_write_u8(w, h->flags);
    wire_write_u16(w, h->algorithms);
}

static bool head_read(struct wire_reader *r, uint8_t number, uint8_t *flags, uint16_t *algorithms)
{
    const uint8_t *start = wire_read_bytes(r, sizeof magic);
    bool fits = start && memcmp(start, magic, sizeof magic) == 0;

    fits = wire_read_u8(r) == number && fits;
    *flags = wire_read_u8(r);
    *algorithms = wire_read_u16(r);
    return fits && !r->failed && (*flags & ~PSK_FLAG_DATAGRAM) == 0 && (*algorithms & PSK_ALGORITHMS_LEAST);
}

static void name_write(struct wire_writer *w, const struct psk_name *name)
{
    wire_write_u16(w, (uint16_t)name->size);
    wire_write_bytes(w, name->text, name->size);
}

/* No control characters: names end up in terminals. That it is UTF-8 the user of the text finds out. */
static bool name_read(struct wire_reader *r, struct psk_name *name)
{
    size_t size = wire_read_u16(r);

    if (size == 0 || size > PSK_NAME_MAX)
        return false;
    const uint8_t *text = wire_read_bytes(r, size);
    if (!text)
        return false;
    for (size_t i = 0; i < size; i++)
        if (text[i] < 0x20 || text[i] == 0x7f)
            return false;
    memcpy(name->text, text, size);
    name->text[size] = 0;
    name->size = size;
    return true;
}

/* Over hello, reply as far as it stands, and last. */
static void mac(const struct psk_handshake *h, struct span last, uint8_t out[static PSK_MAC_SIZE])
{
    const struct span parts[] = {bytes_span(&h->reply)};
    const struct crypto_message covered = {
        .head = bytes_span(&h->hello), .parts = parts, .count = 1, .tail = last};
    struct crypto_hmac_sha256 key;

    crypto_hmac_sha256_init(&key, h->authentication, sizeof h->authentication);
    crypto_hmac_sha256(&key, &covered, out);
    secret_wipe(&key, sizeof key);
}

static enum protect_verdict mac_check(const struct psk_handshake *h, struct span last, const uint8_t *got)
{
    uint8_t want[PSK_MAC_SIZE];

    mac(h, last, want);
    bool genuine = secret_equal(want, got, sizeof want);
    secret_wipe(want, sizeof want);
    return genuine ? PROTECT_OK : PROTECT_ALTERED;
}

/* ---- hello ---- */

void psk_hello_write(struct psk_handshake *h)
{
    struct wire_writer w;

    wire_write_init(&w, h->hello.data, sizeof h->hello.data);
    head_write(&w, h, HELLO);
    wire_write_bytes(&w, h->random_a, sizeof h->random_a);
    name_write(&w, &h->a);
    h->hello.size = w.at;
}

bool psk_hello_read(struct psk_handshake *h, struct span token)
{
    struct wire_reader r;

    wire_read_init(&r, token.data, token.size);
    if (!head_read(&r, HELLO, &h->flags, &h->algorithms))
        return false;
    wire_read_copy(&r, h->random_a, sizeof h->random_a);
    if (!name_read(&r, &h->a) || wire_read_left(&r) != 0)
        return false;
    memcpy(h->hello.data, token.data, token.size);
    h->hello.size = token.size;
    return true;
}

/* ---- reply ---- */

void psk_reply_write(struct psk_handshake *h)
{
    struct wire_writer w;
    uint8_t proof[PSK_MAC_SIZE];

    wire_write_init(&w, h->reply.data, sizeof h->reply.data);
    head_write(&w, h, REPLY);
    wire_write_bytes(&w, h->random_b, sizeof h->random_b);
    name_write(&w, &h->b);
    h->reply.size = w.at;
    mac(h, (struct span){NULL, 0}, proof);
    wire_write_bytes(&w, proof, sizeof proof);
    h->reply.size = w.at;
}

enum protect_verdict psk_reply_read(struct psk_handshake *h, struct span token)
{
    struct wire_reader r;
    uint8_t flags;
    uint16_t algorithms;

    wire_read_init(&r, token.data, token.size);
    if (!head_read(&r, REPLY, &flags, &algorithms))
        return PROTECT_MALFORMED;
    wire_read_copy(&r, h->random_b, sizeof h->random_b);
    if (!name_read(&r, &h->b) || wire_read_left(&r) != PSK_MAC_SIZE)
        return PROTECT_MALFORMED;
    memcpy(h->reply.data, token.data, r.at);
    h->reply.size = r.at;
    if (mac_check(h, (struct span){NULL, 0}, token.data + r.at) != PROTECT_OK)
        return PROTECT_ALTERED;
    memcpy(h->reply.data, token.data, token.size);
    h->reply.size = token.size;
    if (flags != h->flags || (algorithms & ~h->algorithms))
        return PROTECT_ALTERED;
    h->algorithms = algorithms;
    return PROTECT_OK;
}

/* ---- final ---- */

void psk_final_write(const struct psk_handshake *h, uint8_t out[static PSK_FINAL_SIZE])
{
    struct wire_writer w;

    wire_write_init(&w, out, PSK_FINAL_SIZE);
    head_write(&w, h, FINAL);
    wire_write_bytes(&w, h->bindings, sizeof h->bindings);
    mac(h, (struct span){out, w.at}, out + w.at);
}

enum protect_verdict psk_final_read(struct psk_handshake *h, struct span token)
{
    struct wire_reader r;
    uint8_t flags;
    uint16_t algorithms;

    wire_read_init(&r, token.data, token.size);
    if (!head_read(&r, FINAL, &flags, &algorithms) || token.size != PSK_FINAL_SIZE)
        return PROTECT_MALFORMED;
    wire_read_copy(&r, h->bindings, sizeof h->bindings);
    enum protect_verdict verdict = mac_check(h, (struct span){token.data, r.at}, token.data + r.at);
    if (verdict == PROTECT_OK && (flags != h->flags || algorithms != h->algorithms))
        return PROTECT_ALTERED;
    return verdict;
}

/* ---- keys ---- */

void psk_handshake_result(const struct psk_handshake *h, struct psk_result *out)
{
    uint8_t salt[2 * PSK_RANDOM_SIZE], prk[CRYPTO_HKDF_PRK], digest[32], info[16 + sizeof digest];
    const struct span reply = bytes_span(&h->reply);
    const struct crypto_message seen = {.head = bytes_span(&h->hello), .parts = &reply, .count = 1};
    const struct {
        const char *label;
        uint8_t *key;
    } keys[] = {{"session key", out->session}, {"initiator", out->initiator}, {"acceptor", out->acceptor}};

    memcpy(salt, h->random_a, PSK_RANDOM_SIZE);
    memcpy(salt + PSK_RANDOM_SIZE, h->random_b, PSK_RANDOM_SIZE);
    crypto_hkdf_extract((struct span){salt, sizeof salt}, (struct span){h->derivation, sizeof h->derivation},
                        prk);
    crypto_sha256(&seen, digest);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        size_t label = strlen(keys[i].label);
        memcpy(info, keys[i].label, label);
        memcpy(info + label, digest, sizeof digest);
        crypto_hkdf_expand(prk, (struct span){info, label + sizeof digest}, keys[i].key, 32);
    }
    secret_wipe(prk, sizeof prk);
}
