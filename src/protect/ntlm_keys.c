/* SPDX-License-Identifier: MIT */
#include "protect/ntlm.h"

#include "base/secret.h"

enum { WEAK_KEY_SIZE = 8 };

/* [MS-NLMP] 3.4.5.2 and 3.4.5.3; the terminating zero is hashed too. */
static const char sign_from_initiator[] = "session key to client-to-server signing key magic constant";
static const char sign_from_acceptor[] = "session key to server-to-client signing key magic constant";
static const char seal_from_initiator[] = "session key to client-to-server sealing key magic constant";
static const char seal_from_acceptor[] = "session key to server-to-client sealing key magic constant";

static void derive(const uint8_t *key, size_t key_size, const char *constant, size_t constant_size,
                   uint8_t out[static NTLM_KEY_SIZE])
{
    const struct crypto_message m = {
        .head = {key, key_size},
        .tail = {(const uint8_t *)constant, constant_size},
    };
    crypto_md5(&m, out);
}

static void derive_ess(struct ntlm_direction *d, uint32_t flags, bool from_initiator,
                       const uint8_t session_key[static NTLM_KEY_SIZE])
{
    uint8_t sign_key[NTLM_KEY_SIZE];
    size_t strength = flags & NTLM_F_128 ? 16 : flags & NTLM_F_56 ? 7 : 5;
    derive(session_key, strength, from_initiator ? seal_from_initiator : seal_from_acceptor,
           sizeof seal_from_initiator, d->seal_key);
    derive(session_key, NTLM_KEY_SIZE, from_initiator ? sign_from_initiator : sign_from_acceptor,
           sizeof sign_from_initiator, sign_key);
    crypto_hmac_md5_init(&d->sign, sign_key, sizeof sign_key);
    secret_wipe(sign_key, sizeof sign_key);
}

/* Without ESS the session key itself, weakened for datagrams (NTLMSSP_REVISION_W2K3 and later). Returns its
 * size. */
static uint8_t derive_legacy(struct ntlm_direction *d, uint32_t flags,
                             const uint8_t session_key[static NTLM_KEY_SIZE])
{
    memcpy(d->seal_key, session_key, NTLM_KEY_SIZE);
    if (!(flags & NTLM_F_DATAGRAM))
        return NTLM_KEY_SIZE;
    if (flags & NTLM_F_56)
        memcpy(d->seal_key + 7, "\xa0", 1);
    else
        memcpy(d->seal_key + 5, "\xe5\x38\xb0", 3);
    memset(d->seal_key + WEAK_KEY_SIZE, 0, NTLM_KEY_SIZE - WEAK_KEY_SIZE);
    return WEAK_KEY_SIZE;
}

static void start_stream(const struct ntlm_protect *p, struct ntlm_direction *d)
{
    crypto_rc4_init(&d->u.rc4, d->seal_key, p->seal_key_size);
}

void ntlm_protect_rewind_rc4(struct ntlm_protect *p)
{
    if (p->flags & NTLM_F_DATAGRAM)
        return;
    start_stream(p, &p->send);
    if (!ntlm_protect_shared(p))
        start_stream(p, &p->receive);
}

void ntlm_protect_init(struct ntlm_protect *p, uint32_t flags, bool initiator, enum window_mode detect,
                       const uint8_t session_key[static NTLM_KEY_SIZE])
{
    memset(p, 0, sizeof *p);
    p->flags = flags;
    p->initiator = initiator;
    p->seal_key_size = NTLM_KEY_SIZE;
    if (flags & NTLM_F_ESS) {
        derive_ess(&p->send, flags, initiator, session_key);
        derive_ess(&p->receive, flags, !initiator, session_key);
    } else {
        p->seal_key_size = derive_legacy(&p->send, flags, session_key);
        if (flags & NTLM_F_DATAGRAM)
            derive_legacy(&p->receive, flags, session_key);
    }
    if (flags & NTLM_F_DATAGRAM)
        window_init(&p->receive.u.window, detect, 32, 1); /* 0 says that numbers are not in use */
    else
        ntlm_protect_rewind_rc4(p);
}
