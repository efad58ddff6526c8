/* SPDX-License-Identifier: MIT */
#include "protect/ntlm_batch.h"

#include "base/secret.h"

/* [MS-NLMP] 2.2.2.9.1 */
enum { AT_NUMBER = 12 };

void ntlm_batch_number(struct ntlm_batch *b, const uint8_t token[static NTLM_TOKEN_SIZE])
{
    memcpy(b->number, token + AT_NUMBER, sizeof b->number);
}

enum protect_verdict ntlm_batch_receive(struct ntlm_protect *p, struct ntlm_batch *b,
                                        const uint8_t mac[static NTLM_BATCH_MAC],
                                        const uint8_t token[static NTLM_TOKEN_SIZE])
{
    struct ntlm_direction *d = &p->receive;
    uint8_t expected[NTLM_TOKEN_SIZE];
    if (d->sequence > UINT32_MAX)
        return PROTECT_EXPIRED;
    if (wire_get_u32(b->number) != (uint32_t)d->sequence)
        return PROTECT_OUT_OF_SEQUENCE;
    ntlm_batch_stream(p, &d->u.rc4, b);
    ntlm_batch_token(b, mac, expected);
    bool equal = secret_equal(expected, token, sizeof expected);
    secret_wipe(expected, sizeof expected);
    if (equal)
        d->sequence++;
    else if (p->flags & NTLM_F_KEY_EXCH)
        crypto_rc4_back(&d->u.rc4, NTLM_BATCH_MAC);
    return equal ? PROTECT_OK : PROTECT_ALTERED;
}
