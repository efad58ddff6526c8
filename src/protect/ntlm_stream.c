/* SPDX-License-Identifier: MIT */
#include "protect/ntlm_stream.h"

#include "base/secret.h"
#include "base/wire.h"

/* NTLMSSP_MESSAGE_SIGNATURE, [MS-NLMP] 2.2.2.9: version, 8 bytes (ESS: MAC; else RandomPad, checksum),
 * number. */
enum { AT_MAC = 4, AT_CHECKSUM = 8, AT_NUMBER = 12, MAC_SIZE = 8 };

static bool is_datagram(const struct ntlm_protect *p)
{
    return (p->flags & NTLM_F_DATAGRAM) != 0;
}

static bool has_ess(const struct ntlm_protect *p)
{
    return (p->flags & NTLM_F_ESS) != 0;
}

/* [MS-NLMP] 3.4: messages without connection may come in any order, so each has a key stream of its own, from
 * MD5(SealKey || number). */
static void datagram_stream(const struct ntlm_protect *p, const struct ntlm_direction *d, uint32_t number,
                            struct crypto_rc4 *stream)
{
    uint8_t suffix[4], key[NTLM_KEY_SIZE];
    wire_put_u32(suffix, number);
    const struct crypto_message m = {
        .head = {d->seal_key, p->seal_key_size},
        .tail = {suffix, sizeof suffix},
    };
    crypto_md5(&m, key);
    crypto_rc4_init(stream, key, sizeof key);
    secret_wipe(key, sizeof key);
}

void ntlm_work_restart(const struct ntlm_protect *p, struct ntlm_work *w)
{
    if (is_datagram(p))
        datagram_stream(p, w->direction, w->number, &w->copy);
    else
        w->copy = w->direction->u.rc4;
    w->stream = &w->copy;
}

void ntlm_work_wipe(struct ntlm_work *w)
{
    if (w->stream == &w->copy)
        secret_wipe(&w->copy, sizeof w->copy);
}

enum protect_verdict ntlm_send_begin(struct ntlm_protect *p, uint32_t sequence, struct ntlm_work *w)
{
    w->direction = &p->send;
    if (is_datagram(p)) {
        w->number = sequence;
        ntlm_work_restart(p, w);
        return PROTECT_OK;
    }
    if (p->send.sequence > UINT32_MAX)
        return PROTECT_EXPIRED;
    w->number = (uint32_t)p->send.sequence;
    w->stream = &p->send.u.rc4;
    return PROTECT_OK;
}

void ntlm_send_end(const struct ntlm_protect *p, struct ntlm_work *w)
{
    if (!is_datagram(p))
        w->direction->sequence++;
    ntlm_work_wipe(w);
}

/* [MS-NLMP] 3.4.4.1 and 3.4.4.2 as far as the message decides. */
void ntlm_mac(const struct ntlm_protect *p, const struct ntlm_work *w, const struct message *m,
              uint8_t token[static NTLM_TOKEN_SIZE])
{
    struct crypto_message signed_bytes = {.parts = m->parts, .count = m->count};
    wire_put_u32(token, 1);
    wire_put_u32(token + AT_NUMBER, w->number);
    if (!has_ess(p)) {
        wire_put_u32(token + AT_MAC, 0);
        wire_put_u32(token + AT_CHECKSUM, crypto_crc32(&signed_bytes));
        return;
    }
    uint8_t mac[16];
    signed_bytes.head = (struct span){token + AT_NUMBER, 4};
    crypto_hmac_md5(&w->direction->sign, &signed_bytes, mac);
    memcpy(token + AT_MAC, mac, MAC_SIZE);
    secret_wipe(mac, sizeof mac);
}

void ntlm_mac_encrypt(const struct ntlm_protect *p, struct ntlm_work *w,
                      uint8_t token[static NTLM_TOKEN_SIZE])
{
    w->spent = 0;
    if (!has_ess(p)) {
        /* RandomPad spends four bytes of key stream, but "Set RandomPad to 0" comes last. */
        w->spent = NTLM_TOKEN_SIZE - AT_MAC;
        crypto_rc4(w->stream, token + AT_MAC, token + AT_MAC, w->spent);
        wire_put_u32(token + AT_MAC, 0);
    } else if (p->flags & NTLM_F_KEY_EXCH) {
        w->spent = MAC_SIZE;
        crypto_rc4(w->stream, token + AT_MAC, token + AT_MAC, MAC_SIZE);
    }
}

void ntlm_crypt_parts(struct crypto_rc4 *stream, const struct message *m)
{
    for (size_t i = 0; i < m->count; i++) {
        /* The one place where a message is written: its bit in `sealed` says that the caller may have it
         * written. */
        if (m->sealed >> i & 1)
            crypto_rc4(stream, m->parts[i].data, (uint8_t *)(uintptr_t)m->parts[i].data, m->parts[i].size);
    }
}

enum protect_verdict ntlm_receive_begin(struct ntlm_protect *p, uint32_t sequence, bool sealed,
                                        const uint8_t token[static NTLM_TOKEN_SIZE], struct ntlm_work *w)
{
    uint32_t number = wire_get_u32(token + AT_NUMBER);
    w->direction = ntlm_protect_shared(p) ? &p->send : &p->receive;
    if (is_datagram(p)) {
        /* Without ESS the number is encrypted under a key that depends on it. */
        w->number = has_ess(p) ? number : sequence;
    } else {
        if (w->direction->sequence > UINT32_MAX)
            return PROTECT_EXPIRED;
        w->number = (uint32_t)w->direction->sequence;
        if (has_ess(p) && number != w->number)
            return PROTECT_OUT_OF_SEQUENCE;
    }
    if (sealed || is_datagram(p))
        ntlm_work_restart(p, w);
    else
        w->stream = &w->direction->u.rc4;
    return PROTECT_OK;
}

static enum protect_verdict compare(const struct ntlm_protect *p,
                                    const uint8_t expected[static NTLM_TOKEN_SIZE],
                                    const uint8_t token[static NTLM_TOKEN_SIZE])
{
    if (has_ess(p))
        return secret_equal(expected, token, NTLM_TOKEN_SIZE) ? PROTECT_OK : PROTECT_ALTERED;
    /* Bytes 4 to 7, the RandomPad, are whatever the sender likes. */
    bool version = secret_equal(expected, token, AT_MAC);
    bool checksum = secret_equal(expected + AT_CHECKSUM, token + AT_CHECKSUM, AT_NUMBER - AT_CHECKSUM);
    bool number = secret_equal(expected + AT_NUMBER, token + AT_NUMBER, NTLM_TOKEN_SIZE - AT_NUMBER);
    if (!number && !is_datagram(p))
        return PROTECT_OUT_OF_SEQUENCE;
    return version && checksum && number ? PROTECT_OK : PROTECT_ALTERED;
}

/* The message is authentic: is it in its place? */
static enum protect_verdict commit(struct ntlm_protect *p, uint32_t sequence, struct ntlm_work *w)
{
    if (!is_datagram(p)) {
        if (w->stream == &w->copy)
            w->direction->u.rc4 = w->copy;
        w->direction->sequence++;
        return PROTECT_OK;
    }
    if (sequence != 0 && sequence != w->number)
        return PROTECT_OUT_OF_SEQUENCE;
    return w->number == 0 ? PROTECT_OK : window_accept(&w->direction->u.window, w->number);
}

enum protect_verdict ntlm_receive_end(struct ntlm_protect *p, uint32_t sequence, const struct message *m,
                                      const uint8_t token[static NTLM_TOKEN_SIZE], struct ntlm_work *w)
{
    uint8_t expected[NTLM_TOKEN_SIZE];
    ntlm_mac(p, w, m, expected);
    ntlm_mac_encrypt(p, w, expected);
    enum protect_verdict verdict = compare(p, expected, token);
    secret_wipe(expected, sizeof expected);
    if (verdict == PROTECT_OK)
        return commit(p, sequence, w);
    if (w->stream != &w->copy)
        crypto_rc4_back(w->stream, w->spent);
    return verdict;
}

const uint8_t ntlm_dummy_token[NTLM_TOKEN_SIZE] = {1};
