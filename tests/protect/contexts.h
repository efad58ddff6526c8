/* SPDX-License-Identifier: MIT */
/* Pairs of contexts over every combination of flags, and messages between them. */
#ifndef OPENSSPI_TESTS_CONTEXTS_H
#define OPENSSPI_TESTS_CONTEXTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "protect/ntlm.h"

#include <cmocka.h>

enum { COMBINATIONS = 64 };

/* Every strength, ESS or not, key exchange or not, datagram or not, signing alone or with sealing. */
static inline uint32_t combination(unsigned i)
{
    static const uint32_t strengths[] = {NTLM_F_128 | NTLM_F_56, NTLM_F_128, NTLM_F_56, 0};
    uint32_t flags = NTLM_F_UNICODE | NTLM_F_NTLM | NTLM_F_ALWAYS_SIGN | strengths[i % 4];
    flags |= i & 4 ? NTLM_F_ESS : 0;
    flags |= i & 8 ? NTLM_F_KEY_EXCH : 0;
    flags |= i & 16 ? NTLM_F_DATAGRAM : 0;
    return flags | (i & 32 ? NTLM_F_SIGN | NTLM_F_SEAL : NTLM_F_SIGN);
}

struct pair {
    struct ntlm_protect a, b; /* initiator, acceptor */
};

static inline void pair_init(struct pair *p, uint32_t flags, enum window_mode detect)
{
    static const uint8_t key[16] = "sixteen bytes ok";
    ntlm_protect_init(&p->a, flags, true, detect, key);
    ntlm_protect_init(&p->b, flags, false, detect, key);
}

/* One message of three parts, the middle one signed but not sealed. */
struct parcel {
    uint8_t text[40];
    struct span parts[3];
    struct message m;
    uint8_t token[NTLM_TOKEN_SIZE];
};

static inline void parcel_fill(struct parcel *x, uint8_t seed)
{
    for (size_t i = 0; i < sizeof x->text; i++)
        x->text[i] = (uint8_t)(seed * 31 + i * 7);
    x->parts[0] = (struct span){x->text, 11};
    x->parts[1] = (struct span){x->text + 11, 9};
    x->parts[2] = (struct span){x->text + 20, 20};
    x->m = (struct message){x->parts, 3, 1 | 4};
}

/* The same bytes elsewhere; the message points at the copy's own. */
static inline void parcel_copy(struct parcel *to, const struct parcel *from)
{
    parcel_fill(to, 0);
    memcpy(to->text, from->text, sizeof to->text);
    memcpy(to->token, from->token, sizeof to->token);
}

static inline void parcel_send(struct parcel *x, struct ntlm_protect *from, bool seal, uint32_t number)
{
    assert_int_equal((seal ? ntlm_seal : ntlm_sign)(from, number, &x->m, x->token), PROTECT_OK);
}

static inline enum protect_verdict parcel_receive(struct parcel *x, struct ntlm_protect *to, bool sealed,
                                                  uint32_t number)
{
    return (sealed ? ntlm_unseal : ntlm_verify)(to, number, &x->m, x->token);
}

#endif
