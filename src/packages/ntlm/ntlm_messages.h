/* SPDX-License-Identifier: MIT */
/*
 * packages/ntlm messages: NEGOTIATE, CHALLENGE and AUTHENTICATE ([MS-NLMP] 2.2.1), the AV pairs inside them
 * (2.2.2.1) and the NTLMv2 response (2.2.2.7, 2.2.2.8). Reading gives spans into the token, which must
 * outlive them; nothing is copied and nothing allocated. Every offset and length is checked against the
 * token; a false answer means SEC_E_INVALID_TOKEN and leaves *out undefined. Writing goes through a
 * wire_writer, which may only count.
 *
 * Text is UTF-16LE as on the wire (even length checked); NEGOTIATE's two names alone are OEM text.
 */
#ifndef OPENSSPI_PACKAGES_NTLM_MESSAGES_H
#define OPENSSPI_PACKAGES_NTLM_MESSAGES_H

#include "base/wire.h"

enum ntlm_message_type {
    NTLM_NEGOTIATE = 1,
    NTLM_CHALLENGE = 2,
    NTLM_AUTHENTICATE = 3,
};

enum {
    NTLM_VERSION_SIZE = 8,
    NTLM_MIC_OFFSET = 72, /* of the MIC in AUTHENTICATE */
    NTLM_MIC_SIZE = 16,
    NTLM_AUTHENTICATE_HEADER = 88, /* as we write it: VERSION and MIC always there */
    NTLM_V1_RESPONSE_SIZE = 24,
    NTLM_V2_PROOF_SIZE = 16,
};

/* The VERSION structure we send when VERSION was negotiated: 2.2.2.10. */
extern const uint8_t ntlm_version_ours[NTLM_VERSION_SIZE];

/* Type of the message, 0 when the signature is not NTLMSSP's. */
uint32_t ntlm_message_type(struct span token);

/* ---- NEGOTIATE, 2.2.1.1: ntlm_negotiate.c ---- */

struct ntlm_negotiate {
    uint32_t flags;
    struct span domain, workstation; /* OEM; empty unless the flags announce them */
    const uint8_t *version;          /* NULL: not there */
};

/* Takes messages that end after the flags (16 bytes), after the names (32) or after VERSION (40). */
bool ntlm_negotiate_read(struct span token, struct ntlm_negotiate *out);
void ntlm_negotiate_write(struct wire_writer *w, const struct ntlm_negotiate *m);

/* ---- CHALLENGE, 2.2.1.2: ntlm_challenge.c ---- */

struct ntlm_challenge {
    uint32_t flags;
    uint8_t challenge[8];
    struct span target_name;
    struct span target_info; /* AV pairs; empty unless the flags announce them */
    const uint8_t *version;  /* NULL: not there */
};

bool ntlm_challenge_read(struct span token, struct ntlm_challenge *out);
void ntlm_challenge_write(struct wire_writer *w, const struct ntlm_challenge *m);

/* ---- AUTHENTICATE, 2.2.1.3: ntlm_authenticate.c ---- */

struct ntlm_authenticate {
    struct span lm, nt;
    struct span domain, user, workstation;
    struct span session_key; /* EncryptedRandomSessionKey */
    uint32_t flags;
    const uint8_t *version; /* NULL: not there */
    const uint8_t *mic;     /* NULL: the payload begins before the MIC would end */
};

bool ntlm_authenticate_read(struct span token, struct ntlm_authenticate *out);
/* MIC NULL writes zeros, VERSION NULL likewise. Empty fields point to the beginning of the payload. */
void ntlm_authenticate_write(struct wire_writer *w, const struct ntlm_authenticate *m);

/* The NTLMv2 response, 2.2.2.8. */
struct ntlm_v2_response {
    const uint8_t *proof;            /* 16 bytes */
    struct span blob;                /* NTLMv2_CLIENT_CHALLENGE: what the proof covers */
    uint64_t time;                   /* FILETIME */
    const uint8_t *client_challenge; /* 8 bytes */
    struct span av_pairs;
};

/* false: too short for an NTLMv2 response or of another response version. The AV pairs are not looked at. */
bool ntlm_v2_response_read(struct span nt, struct ntlm_v2_response *out);

/* Writes NTLMv2_CLIENT_CHALLENGE around av_pairs (which end with MsvAvEOL), with the four zero bytes
 * of 3.3.2. */
void ntlm_v2_blob_write(struct wire_writer *w, uint64_t time, const uint8_t client_challenge[static 8],
                        struct span av_pairs);

/* ---- AV pairs: ntlm_avpair.c ---- */

enum ntlm_av_id {
    NTLM_AV_EOL = 0,
    NTLM_AV_NB_COMPUTER = 1,
    NTLM_AV_NB_DOMAIN = 2,
    NTLM_AV_DNS_COMPUTER = 3,
    NTLM_AV_DNS_DOMAIN = 4,
    NTLM_AV_DNS_TREE = 5,
    NTLM_AV_FLAGS = 6,
    NTLM_AV_TIMESTAMP = 7,
    NTLM_AV_SINGLE_HOST = 8,
    NTLM_AV_TARGET_NAME = 9,
    NTLM_AV_CHANNEL_BINDINGS = 10,
    NTLM_AV_KNOWN = 11,
};

enum {
    NTLM_AV_FLAG_CONSTRAINED = 1,
    NTLM_AV_FLAG_MIC = 2,
    NTLM_AV_FLAG_UNVERIFIED_TARGET = 4,
    NTLM_AV_PAIRS_MAX = 64, /* more in one list is malformed (ours) */
};

struct ntlm_av_pair {
    uint16_t id;
    struct span value;
};

struct ntlm_av_list {
    struct ntlm_av_pair pairs[NTLM_AV_PAIRS_MAX]; /* in order, without MsvAvEOL */
    size_t count;
    bool duplicates; /* some id stands twice */
};

/* Reads up to MsvAvEOL; what follows is ignored. False: no end, a pair that does not fit, more than the
 * maximum, or a known pair of a size it cannot have. */
bool ntlm_av_read(struct span list, struct ntlm_av_list *out);
/* The first pair with that id, or NULL. */
const struct ntlm_av_pair *ntlm_av_find(const struct ntlm_av_list *list, uint16_t id);
/* Value of MsvAvFlags, 0 when absent; of MsvAvTimestamp likewise. */
uint32_t ntlm_av_flags(const struct ntlm_av_list *list);
uint64_t ntlm_av_timestamp(const struct ntlm_av_list *list);

void ntlm_av_write(struct wire_writer *w, uint16_t id, struct span value);
void ntlm_av_write_u32(struct wire_writer *w, uint16_t id, uint32_t value);
void ntlm_av_write_u64(struct wire_writer *w, uint16_t id, uint64_t value);
void ntlm_av_write_end(struct wire_writer *w);

/* "MsvAvNbDomainName" for 2; NULL for an id without a name. Static. */
const char *ntlm_av_name(uint16_t id);

/* ---- what the three messages share: ntlm_negotiate.c ---- */

/* Length, maximum length, offset: 8 bytes; the bytes themselves land in *out. text: an odd length is a
 * failure. */
void ntlm_field_read(struct wire_reader *r, bool text, struct span *out);
/* Writes the 8 bytes for a field that will stand at *offset, and moves *offset behind it; an empty one points
 * to `start`. Lengths above 65535 fail the writer. */
void ntlm_field_write(struct wire_writer *w, size_t size, size_t start, size_t *offset);
void ntlm_header_write(struct wire_writer *w, enum ntlm_message_type type);
/* Names of the set flags, "SIGN|SEAL|..."; result in out, always terminated, for traces and the inspector. */
const char *ntlm_flags_text(uint32_t flags, char *out, size_t size);

#endif
