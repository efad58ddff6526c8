/* SPDX-License-Identifier: MIT */
/*
 * protect/krb5_batch: krb5_mic_make and krb5_mic_check in two halves, with the checksum between them made by
 * the caller, for many messages at once (crypto/lanes). AES types only (krb5_batch_fits), and only tokens
 * under the context's own key. Nothing here needs a lock; krb5_accept judges received numbers as ever.
 *
 *   sending     krb5_batch_send    checksum   krb5_batch_token
 *   receiving   krb5_batch_look    checksum   krb5_batch_matches   krb5_accept
 *
 * The checksum is the HMAC of krb5_batch_hash under p->send or p->receive, over message || header.
 */
#ifndef OPENSSPI_PROTECT_KRB5_BATCH_H
#define OPENSSPI_PROTECT_KRB5_BATCH_H

#include "protect/krb5_internal.h"

enum { KRB5_BATCH_HEADER = HEADER_SIZE, KRB5_BATCH_MAC = CRYPTO_SHA384_SIZE };

enum krb5_batch_hash { KRB5_BATCH_SHA1, KRB5_BATCH_SHA256, KRB5_BATCH_SHA384, KRB5_BATCH_HASHES };

static inline bool krb5_batch_fits(const struct krb5_protect *p)
{
    return krb5_mac_size(p->key.etype) != 0;
}

static inline enum krb5_batch_hash krb5_batch_hash(const struct krb5_protect *p)
{
    if (p->key.etype == KRB5_ETYPE_AES128_SHA256)
        return KRB5_BATCH_SHA256;
    return p->key.etype == KRB5_ETYPE_AES256_SHA384 ? KRB5_BATCH_SHA384 : KRB5_BATCH_SHA1;
}

/* Takes the next number and writes the token's header. PROTECT_OK or PROTECT_EXPIRED, with nothing changed.
 */
static inline enum protect_verdict krb5_batch_send(struct krb5_protect *p,
                                                   uint8_t header[static KRB5_BATCH_HEADER])
{
    struct krb5_header h = {
        .id = TOK_MIC, .flags = krb5_flags_sent(p), .filler = 0xff, .extra = 0xffff, .rotation = 0xffff};
    if (!krb5_sequence_take(p, &h.sequence))
        return PROTECT_EXPIRED;
    krb5_header_write(header, &h);
    return PROTECT_OK;
}

/* krb5_mic_size(p) bytes, that is KRB5_BATCH_HEADER and mac_size. */
static inline void krb5_batch_token(const uint8_t header[static KRB5_BATCH_HEADER], const uint8_t *mac,
                                    size_t mac_size, uint8_t *token)
{
    memcpy(token, header, KRB5_BATCH_HEADER);
    krb5_mac_write(token + KRB5_BATCH_HEADER, mac, mac_size);
}

/*
 * What krb5_mic_check says without the checksum: PROTECT_OK, with the header's copy, as announced so far;
 * PROTECT_MALFORMED, PROTECT_ALTERED. *alone: the token may be under the initiator's
 * key, and is krb5_mic_check's whatever the answer is.
 */
static inline enum protect_verdict krb5_batch_look(const struct krb5_protect *p, const uint8_t *token,
                                                   size_t token_size,
                                                   uint8_t header[static KRB5_BATCH_HEADER], bool *alone)
{
    *alone = false;
    if (token_size != krb5_mic_size(p)) {
        /* Another size is wrong, or the one of the initiator's key. */
        *alone = (p->flags & KRB5_F_ACCEPTOR_SUBKEY) != 0;
        return PROTECT_MALFORMED;
    }
    memcpy(header, token, HEADER_SIZE);
    struct krb5_header h = krb5_header_read(header);
    if (h.id >> 8 == TOK_FRAMED)
        return PROTECT_MALFORMED;
    if (krb5_header_falls_back(p, &h)) {
        *alone = true;
        return PROTECT_OK;
    }
    bool fits = krb5_header_fits(p, &h, TOK_MIC) && h.extra == 0xffff && h.rotation == 0xffff;
    return fits ? PROTECT_OK : PROTECT_ALTERED;
}

/* The number that the header says. */
static inline uint64_t krb5_batch_sequence(const uint8_t header[static KRB5_BATCH_HEADER])
{
    return krb5_header_read(header).sequence;
}

static inline bool krb5_batch_matches(const uint8_t *mac, size_t mac_size, const uint8_t *token)
{
    return krb5_mac_equal(mac, token + KRB5_BATCH_HEADER, mac_size);
}

#endif
