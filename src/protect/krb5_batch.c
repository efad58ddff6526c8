/* SPDX-License-Identifier: MIT */
#include "protect/krb5_batch.h"

#include "base/secret.h"
#include "protect/krb5_internal.h"

_Static_assert((int)KRB5_BATCH_HEADER == (int)HEADER_SIZE, "the same header");

bool krb5_batch_fits(const struct krb5_protect *p)
{
    return krb5_mac_size(p->key.etype) != 0;
}

enum krb5_batch_hash krb5_batch_hash(const struct krb5_protect *p)
{
    if (p->key.etype == KRB5_ETYPE_AES128_SHA256)
        return KRB5_BATCH_SHA256;
    return p->key.etype == KRB5_ETYPE_AES256_SHA384 ? KRB5_BATCH_SHA384 : KRB5_BATCH_SHA1;
}

enum protect_verdict krb5_batch_send(struct krb5_protect *p, uint8_t header[static KRB5_BATCH_HEADER])
{
    struct krb5_header h = {
        .id = TOK_MIC, .flags = krb5_flags_sent(p), .filler = 0xff, .extra = 0xffff, .rotation = 0xffff};
    if (!krb5_sequence_take(p, &h.sequence))
        return PROTECT_EXPIRED;
    krb5_header_write(header, &h);
    return PROTECT_OK;
}

void krb5_batch_token(const struct krb5_protect *p, const uint8_t header[static KRB5_BATCH_HEADER],
                      const uint8_t *mac, uint8_t *token)
{
    memcpy(token, header, HEADER_SIZE);
    memcpy(token + HEADER_SIZE, mac, krb5_mac_size(p->key.etype));
}

enum protect_verdict krb5_batch_look(const struct krb5_protect *p, const uint8_t *token, size_t token_size,
                                     uint8_t header[static KRB5_BATCH_HEADER], uint64_t *sequence,
                                     bool *alone)
{
    size_t size = krb5_mic_size(p);
    *alone = false;
    if (token_size != size) {
        /* Another size is wrong, or the one of the initiator's key. */
        *alone = (p->flags & KRB5_F_ACCEPTOR_SUBKEY) != 0;
        return PROTECT_MALFORMED;
    }
    if (token[0] == TOK_FRAMED)
        return PROTECT_MALFORMED;
    memcpy(header, token, HEADER_SIZE);
    struct krb5_header h = krb5_header_read(header);
    *sequence = h.sequence;
    if (krb5_header_falls_back(p, &h)) {
        *alone = true;
        return PROTECT_OK;
    }
    bool fits = krb5_header_fits(p, &h, TOK_MIC) && h.extra == 0xffff && h.rotation == 0xffff;
    return fits ? PROTECT_OK : PROTECT_ALTERED;
}

bool krb5_batch_matches(const struct krb5_protect *p, const uint8_t *mac, const uint8_t *token)
{
    return secret_equal(mac, token + HEADER_SIZE, krb5_mac_size(p->key.etype));
}
