/* SPDX-License-Identifier: MIT */
/*
 * protect/ntlm_batch: ntlm_sign and ntlm_verify in two halves, with the MAC between them made by the caller,
 * for many messages at once (crypto/lanes). The results are those of the whole functions, in the order in
 * which the halves that know the context are called. Only the common form of contexts: ntlm_batch_fits.
 *
 *   sending     ntlm_batch_send (number and key stream)   MAC   ntlm_batch_token
 *   receiving   ntlm_batch_number                         MAC   ntlm_batch_receive (judges and commits)
 *
 * The MAC is HMAC_MD5(the direction's sign key, number || message).
 */
#ifndef OPENSSPI_PROTECT_NTLM_BATCH_H
#define OPENSSPI_PROTECT_NTLM_BATCH_H

#include "base/wire.h"
#include "protect/ntlm.h"

enum { NTLM_BATCH_MAC = 8 };

/* One message under way; `stream` is a secret. */
struct ntlm_batch {
    uint8_t number[4]; /* LE32: the MAC's first bytes */
    uint8_t stream[NTLM_BATCH_MAC];
};

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

/* Takes the next number, and the key stream that the MAC is encrypted with. The lock of the sending direction
 * is held. PROTECT_OK or PROTECT_EXPIRED, with nothing changed. */
static inline enum protect_verdict ntlm_batch_send(struct ntlm_protect *p, struct ntlm_batch *b)
{
    struct ntlm_direction *d = &p->send;
    if (d->sequence > UINT32_MAX)
        return PROTECT_EXPIRED;
    wire_put_u32(b->number, (uint32_t)d->sequence++);
    ntlm_batch_stream(p, &d->u.rc4, b);
    return PROTECT_OK;
}
/* The token from that and the MAC, [MS-NLMP] 2.2.2.9.1. No lock. */
static inline void ntlm_batch_token(const struct ntlm_batch *b, const uint8_t mac[static NTLM_BATCH_MAC],
                                    uint8_t token[static NTLM_TOKEN_SIZE])
{
    uint64_t sealed, stream;
    memcpy(&sealed, mac, sizeof sealed);
    memcpy(&stream, b->stream, sizeof stream);
    sealed ^= stream;
    wire_put_u32(token, 1);
    memcpy(token + 4, &sealed, sizeof sealed);
    memcpy(token + 12, b->number, sizeof b->number);
}

/* The number that the token says it has. */
void ntlm_batch_number(struct ntlm_batch *b, const uint8_t token[static NTLM_TOKEN_SIZE]);
/* Verdicts and effects of ntlm_verify. The lock of the receiving direction is held. */
enum protect_verdict ntlm_batch_receive(struct ntlm_protect *p, struct ntlm_batch *b,
                                        const uint8_t mac[static NTLM_BATCH_MAC],
                                        const uint8_t token[static NTLM_TOKEN_SIZE]);

#endif
