/* SPDX-License-Identifier: MIT */
/*
 * protect/ntlm_batch: ntlm_sign and ntlm_verify in pieces, with the MAC between them made by the caller, for
 * many messages at once (crypto/lanes). The results are those of the whole functions, in the order in which
 * the pieces that know the context are called. Only the common form of contexts: ntlm_batch_fits.
 *
 *   sending     ntlm_batch_send (number and key stream)   MAC   ntlm_batch_token
 *   receiving   ntlm_batch_number   MAC   ntlm_batch_receive (judges the number)   ntlm_batch_judge
 *
 * The MAC is HMAC_MD5(the direction's sign key, number || message). During ntlm_batch_send, and from
 * ntlm_batch_receive to ntlm_batch_judge, the caller has the direction to itself. What ends in _4 does the
 * same for four messages of four different contexts, b[0] to b[3]; false: they have to go one by one, and
 * nothing was done.
 */
#ifndef OPENSSPI_PROTECT_NTLM_BATCH_H
#define OPENSSPI_PROTECT_NTLM_BATCH_H

#include "base/secret.h"
#include "base/wire.h"
#include "protect/ntlm.h"

enum { NTLM_BATCH_MAC = 16, NTLM_BATCH_STREAM = 8 };

/* One message under way: mac and stream are secrets. */
struct ntlm_batch {
    uint8_t mac[NTLM_BATCH_MAC]; /* as it is made; the first 8 bytes are meant */
    uint8_t stream[NTLM_BATCH_STREAM];
    uint8_t number[4]; /* LE32: the MAC's first bytes */
} __attribute__((aligned(32)));

/* Connections with extended session security whose messages are really protected. */
static inline bool ntlm_batch_fits(const struct ntlm_protect *p)
{
    return (p->flags & (NTLM_F_ESS | NTLM_F_DATAGRAM)) == NTLM_F_ESS && ntlm_protect_active(p);
}

/* What the MAC is encrypted with; nothing without a key exchange. */
static inline void ntlm_batch_stream(const struct ntlm_protect *p, struct crypto_rc4 *rc4,
                                     struct ntlm_batch *b)
{
    if (p->flags & NTLM_F_KEY_EXCH)
        crypto_rc4_stream(rc4, b->stream, sizeof b->stream);
    else
        memset(b->stream, 0, sizeof b->stream);
}

/* Takes the next number, and the key stream. PROTECT_OK or PROTECT_EXPIRED, with nothing changed. */
static inline enum protect_verdict ntlm_batch_send(struct ntlm_protect *p, struct ntlm_batch *b)
{
    struct ntlm_direction *d = &p->send;
    wire_put_u32(b->number, (uint32_t)d->sequence);
    if (d->sequence > UINT32_MAX)
        return PROTECT_EXPIRED;
    d->sequence++;
    ntlm_batch_stream(p, &d->u.rc4, b);
    return PROTECT_OK;
}

static inline bool ntlm_batch_send_4(struct ntlm_protect *const p[4], struct ntlm_batch b[4])
{
    struct crypto_rc4 *rc4[4];
    for (int m = 0; m < 4; m++) {
        if (!(p[m]->flags & NTLM_F_KEY_EXCH) || p[m]->send.sequence > UINT32_MAX)
            return false;
        rc4[m] = &p[m]->send.u.rc4;
    }
    for (int m = 0; m < 4; m++)
        wire_put_u32(b[m].number, (uint32_t)p[m]->send.sequence++);
    crypto_rc4_stream_4(rc4, b[0].stream, sizeof b[0]);
    return true;
}

/* The token from that and the MAC, [MS-NLMP] 2.2.2.9.1. No lock. */
static inline void ntlm_batch_token(const struct ntlm_batch *b, uint8_t token[static NTLM_TOKEN_SIZE])
{
    uint64_t sealed, stream;
    memcpy(&sealed, b->mac, sizeof sealed);
    memcpy(&stream, b->stream, sizeof stream);
    sealed ^= stream;
    wire_put_u32(token, 1);
    memcpy(token + 4, &sealed, sizeof sealed);
    memcpy(token + 12, b->number, sizeof b->number);
}

/* The number that the token says it has. */
static inline void ntlm_batch_number(struct ntlm_batch *b, const uint8_t token[static NTLM_TOKEN_SIZE])
{
    memcpy(b->number, token + 12, sizeof b->number);
}

/* PROTECT_OK, and the key stream is taken; PROTECT_EXPIRED, PROTECT_OUT_OF_SEQUENCE, with nothing changed. */
static inline enum protect_verdict ntlm_batch_receive(struct ntlm_protect *p, struct ntlm_batch *b)
{
    struct ntlm_direction *d = &p->receive;
    if (d->sequence > UINT32_MAX)
        return PROTECT_EXPIRED;
    if (wire_get_u32(b->number) != (uint32_t)d->sequence)
        return PROTECT_OUT_OF_SEQUENCE;
    ntlm_batch_stream(p, &d->u.rc4, b);
    return PROTECT_OK;
}

static inline bool ntlm_batch_receive_4(struct ntlm_protect *const p[4], struct ntlm_batch b[4])
{
    struct crypto_rc4 *rc4[4];
    for (int m = 0; m < 4; m++) {
        if (!(p[m]->flags & NTLM_F_KEY_EXCH) || wire_get_u32(b[m].number) != p[m]->receive.sequence)
            return false;
        rc4[m] = &p[m]->receive.u.rc4;
    }
    crypto_rc4_stream_4(rc4, b[0].stream, sizeof b[0]);
    return true;
}

/* After ntlm_batch_receive said PROTECT_OK: PROTECT_OK, and the context expects the next number; or
 * PROTECT_ALTERED, and it is what it was before. */
static inline enum protect_verdict ntlm_batch_judge(struct ntlm_protect *p, const struct ntlm_batch *b,
                                                    const uint8_t token[static NTLM_TOKEN_SIZE])
{
    uint64_t sealed, stream;
    memcpy(&sealed, b->mac, sizeof sealed);
    memcpy(&stream, b->stream, sizeof stream);
    sealed ^= stream;
    bool known = wire_get_u32(token) == 1 && memcmp(token + 12, b->number, sizeof b->number) == 0;
    bool equal = secret_equal_short(&sealed, token + 4, sizeof sealed) && known;
    secret_wipe(&sealed, sizeof sealed);
    if (equal)
        p->receive.sequence++;
    else if (p->flags & NTLM_F_KEY_EXCH)
        crypto_rc4_back(&p->receive.u.rc4, NTLM_BATCH_STREAM);
    return equal ? PROTECT_OK : PROTECT_ALTERED;
}

#endif
