/* SPDX-License-Identifier: MIT */
#include "packages/psk/psk_protect.h"

#include "base/secret.h"
#include "base/wire.h"

enum { VERSION = 1, SIGNED = 1, SEALED = 2 };
enum {
    AT_VERSION = 0,
    AT_KIND = 1,
    AT_ALGORITHM = 2,
    AT_SENDER = 3,
    AT_NUMBER = 4,
    AT_COUNTER = 8,
    AT_MAC = 16
};
enum { MAC_SIZE = PSK_TOKEN_SIZE - AT_MAC, RUNS_MAX = MESSAGE_PARTS_MAX + 1 };

/* ---- keys ---- */

static void derive(const uint8_t secret[static PSK_SECRET_SIZE], const char *name, uint8_t *key, size_t size)
{
    size_t length = 0;

    while (name[length] != 0)
        length++;
    crypto_hkdf_expand(secret, (struct span){(const uint8_t *)name, length}, key, size);
}

static void keys_expand(struct psk_keys *keys, const uint8_t secret[static PSK_SECRET_SIZE])
{
    uint8_t key[64];

    derive(secret, "OpenSSPI psk HMAC-SHA-256", key, 32);
    crypto_hmac_sha256_init(&keys->hmac256, key, 32);
    derive(secret, "OpenSSPI psk HMAC-SHA-512", key, 64);
    crypto_hmac_sha512_init(&keys->hmac512, key, 64);
    derive(secret, "OpenSSPI psk AES-128-CMAC", key, CRYPTO_CMAC_KEY);
    crypto_cmac_init(&keys->cmac, key);
    derive(secret, "OpenSSPI psk AES-256-GCM", key, CRYPTO_GCM_KEY);
    crypto_gcm_init(&keys->gcm, key);
    secret_wipe(key, sizeof key);
}

void psk_protect_init(struct psk_protect *p, bool initiator, bool datagram, enum window_mode mode,
                      uint16_t algorithms, const uint8_t send_secret[static PSK_SECRET_SIZE],
                      const uint8_t receive_secret[static PSK_SECRET_SIZE])
{
    p->initiator = initiator;
    p->datagram = datagram;
    p->algorithms = algorithms;
    memcpy(p->send_secret, send_secret, PSK_SECRET_SIZE);
    memcpy(p->receive_secret, receive_secret, PSK_SECRET_SIZE);
    keys_expand(&p->send, send_secret);
    keys_expand(&p->receive, receive_secret);
    p->sent = p->received = 0;
    /* Number 0 is no number: the first one is 1. */
    window_init(&p->window, datagram ? mode : WINDOW_OFF, 32, 1);
}

bool psk_protect_offers(const struct psk_protect *p, uint32_t algorithm)
{
    return algorithm < PSK_ALGORITHM_COUNT && (p->algorithms >> algorithm & 1);
}

/* ---- tokens ---- */

static uint64_t token_counter(const uint8_t token[static PSK_TOKEN_SIZE])
{
    return wire_get_u32(token + AT_COUNTER) | (uint64_t)wire_get_u32(token + AT_COUNTER + 4) << 32;
}

static void token_nonce(const uint8_t token[static PSK_TOKEN_SIZE], uint8_t nonce[static CRYPTO_GCM_NONCE])
{
    wire_put_u32(nonce, token[AT_SENDER]);
    memcpy(nonce + 4, token + AT_COUNTER, 8);
}

/* Takes the next counter; none is handed out twice, by whatever thread. */
static bool token_begin(struct psk_protect *p, uint8_t kind, uint8_t algorithm, uint32_t number,
                        uint8_t token[static PSK_TOKEN_SIZE])
{
    uint64_t counter = __atomic_load_n(&p->sent, __ATOMIC_RELAXED);

    do {
        if (counter >= PSK_MESSAGES_MAX)
            return false;
    } while (!__atomic_compare_exchange_n(&p->sent, &counter, counter + 1, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    token[AT_VERSION] = VERSION;
    token[AT_KIND] = kind;
    token[AT_ALGORITHM] = algorithm;
    token[AT_SENDER] = !p->initiator;
    wire_put_u32(token + AT_NUMBER, p->datagram ? number : 0);
    wire_put_u32(token + AT_COUNTER, (uint32_t)counter);
    wire_put_u32(token + AT_COUNTER + 4, (uint32_t)(counter >> 32));
    return true;
}

/* The checksum of a signed message under that algorithm, for the first 16 bytes of token. */
static void checksum(const struct psk_keys *keys, enum psk_algorithm algorithm, const uint8_t *token,
                     const struct message *m, uint8_t mac[static MAC_SIZE])
{
    const struct crypto_message covered = {.head = {token, AT_MAC}, .parts = m->parts, .count = m->count};
    uint8_t nonce[CRYPTO_GCM_NONCE], long_mac[CRYPTO_SHA512_SIZE];

    memset(mac, 0, MAC_SIZE);
    switch (algorithm) {
    case PSK_HMAC_SHA512:
        crypto_hmac_sha512(&keys->hmac512, &covered, long_mac);
        memcpy(mac, long_mac, MAC_SIZE);
        secret_wipe(long_mac, sizeof long_mac);
        break;
    case PSK_AES256_GMAC:
        token_nonce(token, nonce);
        crypto_gcm_tag(&keys->gcm, nonce, &covered, NULL, 0, mac);
        break;
    case PSK_AES128_CMAC:
        crypto_cmac(&keys->cmac, &covered, mac);
        break;
    default:
        crypto_hmac_sha256(&keys->hmac256, &covered, mac);
    }
}

/* ---- sealed messages ---- */

/* A message taken apart: what stays readable, what is encrypted, and how they follow each other. */
struct sealed_view {
    struct span clear[MESSAGE_PARTS_MAX];
    struct crypto_piece text[MESSAGE_PARTS_MAX];
    size_t clear_count, text_count;
    uint8_t layout[8 * (RUNS_MAX + 1)];
    size_t layout_size;
};

static void sealed_take(const struct message *m, struct sealed_view *v)
{
    uint64_t runs[RUNS_MAX] = {0}, count = 0;
    struct wire_writer w;

    v->clear_count = v->text_count = 0;
    for (size_t i = 0; i < m->count; i++) {
        const struct span *part = &m->parts[i];
        bool sealed = m->sealed >> i & 1;
        if (part->size == 0)
            continue;
        if (sealed)
            v->text[v->text_count++] = (struct crypto_piece){(uint8_t *)(uintptr_t)part->data, part->size};
        else
            v->clear[v->clear_count++] = *part;
        /* Runs with even indexes are readable ones. */
        if (count == 0 || (count - 1) % 2 != sealed)
            count += count == 0 ? 1u + sealed : 1u;
        runs[count - 1] += part->size;
    }
    wire_write_init(&w, v->layout, sizeof v->layout);
    for (uint64_t i = 0; i < count; i++)
        wire_write_u64(&w, runs[i]);
    wire_write_u64(&w, count);
    v->layout_size = w.at;
}

static struct crypto_message sealed_clear(const struct sealed_view *v, const uint8_t *token)
{
    return (struct crypto_message){
        .head = {token, AT_MAC},
        .parts = v->clear,
        .count = v->clear_count,
        .tail = {v->layout, v->layout_size},
    };
}

/* ---- sending ---- */

enum protect_verdict psk_sign(struct psk_protect *p, enum psk_algorithm algorithm, uint32_t number,
                              const struct message *m, uint8_t token[static PSK_TOKEN_SIZE])
{
    if (!token_begin(p, SIGNED, (uint8_t)algorithm, number, token))
        return PROTECT_EXPIRED;
    checksum(&p->send, algorithm, token, m, token + AT_MAC);
    return PROTECT_OK;
}

enum protect_verdict psk_seal(struct psk_protect *p, uint32_t number, const struct message *m,
                              uint8_t token[static PSK_TOKEN_SIZE])
{
    struct sealed_view v;
    uint8_t nonce[CRYPTO_GCM_NONCE];

    if (!token_begin(p, SEALED, 0, number, token))
        return PROTECT_EXPIRED;
    sealed_take(m, &v);
    const struct crypto_message clear = sealed_clear(&v, token);
    token_nonce(token, nonce);
    memset(token + AT_MAC, 0, MAC_SIZE);
    crypto_gcm_seal(&p->send.gcm, nonce, &clear, v.text, v.text_count, token + AT_MAC);
    return PROTECT_OK;
}

/* ---- receiving ---- */

/* The checksum that a genuine message would have. */
static void expected(const struct psk_protect *p, const struct message *m, const uint8_t *token, bool sealed,
                     uint8_t mac[static MAC_SIZE])
{
    struct sealed_view v;
    uint8_t nonce[CRYPTO_GCM_NONCE];

    if (!sealed) {
        checksum(&p->receive, (enum psk_algorithm)token[AT_ALGORITHM], token, m, mac);
        return;
    }
    sealed_take(m, &v);
    const struct crypto_message clear = sealed_clear(&v, token);
    token_nonce(token, nonce);
    memset(mac, 0, MAC_SIZE);
    crypto_gcm_tag(&p->receive.gcm, nonce, &clear, v.text, v.text_count, mac);
}

enum protect_verdict psk_authenticate(const struct psk_protect *p, const struct message *m,
                                      const uint8_t token[static PSK_TOKEN_SIZE], bool *sealed,
                                      enum psk_algorithm *algorithm)
{
    uint8_t mac[MAC_SIZE];
    bool is_sealed = token[AT_KIND] == SEALED;

    if (token[AT_VERSION] != VERSION || token[AT_SENDER] != p->initiator ||
        (token[AT_KIND] != SIGNED && token[AT_KIND] != SEALED) || (is_sealed && token[AT_ALGORITHM] != 0) ||
        !psk_protect_offers(p, token[AT_ALGORITHM]))
        return PROTECT_ALTERED;
    expected(p, m, token, is_sealed, mac);
    bool genuine = secret_equal(mac, token + AT_MAC, MAC_SIZE);
    secret_wipe(mac, sizeof mac);
    if (!genuine)
        return PROTECT_ALTERED;
    *sealed = is_sealed;
    *algorithm = (enum psk_algorithm)token[AT_ALGORITHM];
    return PROTECT_OK;
}

enum protect_verdict psk_accept(struct psk_protect *p, uint32_t number,
                                const uint8_t token[static PSK_TOKEN_SIZE])
{
    if (!p->datagram) {
        if (token_counter(token) != p->received)
            return PROTECT_OUT_OF_SEQUENCE;
        __atomic_store_n(&p->received, p->received + 1, __ATOMIC_RELAXED);
        return PROTECT_OK;
    }
    uint32_t own = wire_get_u32(token + AT_NUMBER);
    if (number != 0 && number != own)
        return PROTECT_OUT_OF_SEQUENCE;
    return own == 0 ? PROTECT_OK : window_accept(&p->window, own);
}

void psk_open(const struct psk_protect *p, const struct message *m,
              const uint8_t token[static PSK_TOKEN_SIZE])
{
    struct sealed_view v;
    uint8_t nonce[CRYPTO_GCM_NONCE];

    sealed_take(m, &v);
    token_nonce(token, nonce);
    crypto_gcm_open(&p->receive.gcm, nonce, v.text, v.text_count);
}

bool psk_receive_ended(const struct psk_protect *p)
{
    return !p->datagram && __atomic_load_n(&p->received, __ATOMIC_RELAXED) >= PSK_MESSAGES_MAX;
}
