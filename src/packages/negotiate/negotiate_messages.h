/* SPDX-License-Identifier: MIT */
/*
 * packages/negotiate messages: NegTokenInit and NegTokenResp of RFC 4178 4.2, NegTokenInit2 of
 * [MS-SPNG] 2.2.1. What is read points into the token.
 */
#ifndef OPENSSPI_PACKAGES_NEGOTIATE_MESSAGES_H
#define OPENSSPI_PACKAGES_NEGOTIATE_MESSAGES_H

#include "packages/negotiate/negotiate_der.h"

enum {
    NEGOTIATE_TOKEN_MAX = 65536, /* bytes of a token that is looked at */
    NEGOTIATE_MECHS_MAX = 32,    /* of a list; longer ones are refused */
};

enum negotiate_state {
    NEGOTIATE_ACCEPT_COMPLETED = 0,
    NEGOTIATE_ACCEPT_INCOMPLETE = 1,
    NEGOTIATE_REJECT = 2,
    NEGOTIATE_REQUEST_MIC = 3,
    NEGOTIATE_NO_STATE = 0xff, /* the field is missing */
};

/* Both kinds of NegTokenInit. data NULL: the field is missing (an empty OCTET STRING has one). */
struct negotiate_init {
    struct span mech_list;                  /* MechTypeList whole: what the mechListMIC is about */
    struct span mechs[NEGOTIATE_MECHS_MAX]; /* each OBJECT IDENTIFIER whole */
    size_t mech_count;
    struct span flags; /* contents of the BIT STRING */
    struct span token;
    bool hinted; /* NegTokenInit2 with negHints */
    struct span hint_name, hint_address;
    struct span mic;
};

struct negotiate_resp {
    uint8_t state;    /* enum negotiate_state */
    struct span mech; /* OBJECT IDENTIFIER whole */
    struct span token;
    struct span mic;
};

/* What a first token is. */
enum negotiate_kind {
    NEGOTIATE_INIT,
    NEGOTIATE_RAW_GSS,      /* another mechanism's InitialContextToken, RFC 2743 3.1 */
    NEGOTIATE_RAW_NTLM,     /* "NTLMSSP" */
    NEGOTIATE_RAW_KERBEROS, /* an AP-REQ, RFC 4120 5.5.1 */
    NEGOTIATE_UNKNOWN,
};

/* *mech: of NEGOTIATE_RAW_GSS, whole. */
enum negotiate_kind negotiate_classify(struct span token, struct span *mech);

/* False: not this message, damaged, too large, or with bytes left over; *m is then undefined. */
bool negotiate_init_read(struct span token, struct negotiate_init *m);
bool negotiate_resp_read(struct span token, struct negotiate_resp *m);

/* With m->hinted hint_name is written; flags and hint_address never are. */
void negotiate_init_write(struct wire_writer *w, const struct negotiate_init *m);
void negotiate_resp_write(struct wire_writer *w, const struct negotiate_resp *m);

/* MechTypeList from OBJECT IDENTIFIERs. */
void negotiate_list_write(struct wire_writer *w, const struct span *mechs, size_t count);

#endif
