/* SPDX-License-Identifier: MIT */
/* The RFC 4121 header (4.2.6.1, 4.2.6.2) and the MIC. */
#include "base/secret.h"
#include "base/wire.h"
#include "protect/krb5_internal.h"

enum protect_verdict krb5_mic_make(struct krb5_protect *p, const struct message *m, uint8_t *token)
{
    if (p->key.etype == KRB5_ETYPE_RC4)
        return krb5_rc4_mic_make(p, m, token);
    struct krb5_header h = {
        .id = TOK_MIC, .flags = krb5_flags_sent(p), .filler = 0xff, .extra = 0xffff, .rotation = 0xffff};
    if (!krb5_sequence_take(p, &h.sequence))
        return PROTECT_EXPIRED;
    uint8_t mac[MAC_SIZE_MAX];
    krb5_header_write(token, &h);
    struct crypto_message covered = krb5_message(NULL, 0, m, token, HEADER_SIZE);
    krb5_mac_make(p->key.etype, &p->send, &covered, mac);
    krb5_mac_write(token + HEADER_SIZE, mac, krb5_mac_size(p->key.etype));
    secret_wipe(mac, sizeof mac);
    return PROTECT_OK;
}

static bool matches_fallback(const struct krb5_protect *p, const struct krb5_fallback *f,
                             const struct crypto_message *covered, const uint8_t *mac)
{
    union krb5_mac derived;
    if (f)
        return krb5_mac_matches(p->initiator.etype, &f->mic, covered, mac);
    krb5_fallback_mic(&derived, p);
    bool matches = krb5_mac_matches(p->initiator.etype, &derived, covered, mac);
    secret_wipe(&derived, sizeof derived);
    return matches;
}

enum protect_verdict krb5_mic_check(const struct krb5_protect *p, const struct krb5_fallback *f,
                                    const struct message *m, const uint8_t *token, size_t token_size,
                                    uint64_t *sequence)
{
    if (p->key.etype == KRB5_ETYPE_RC4)
        return krb5_rc4_mic_check(p, m, token, token_size, sequence);
    size_t size = krb5_mic_size(p);
    /* Without a subkey the other size is the bare header's: too short to be anything. */
    size_t other = HEADER_SIZE + krb5_mac_size(p->initiator.etype);
    if (token_size <= HEADER_SIZE || (token_size != size && token_size != other) || token[0] == TOK_FRAMED)
        return PROTECT_MALFORMED;

    struct krb5_header h = krb5_header_read(token);
    bool fallback = krb5_header_falls_back(p, &h);
    if (!krb5_header_fits(p, &h, TOK_MIC) || h.extra != 0xffff || h.rotation != 0xffff ||
        token_size != (fallback ? other : size))
        return PROTECT_ALTERED;
    struct crypto_message covered = krb5_message(NULL, 0, m, token, HEADER_SIZE);
    bool matches = fallback ? matches_fallback(p, f, &covered, token + HEADER_SIZE)
                            : krb5_mac_matches(p->key.etype, &p->receive, &covered, token + HEADER_SIZE);
    if (!matches)
        return PROTECT_ALTERED;
    *sequence = h.sequence;
    return PROTECT_OK;
}
