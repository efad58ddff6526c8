/* SPDX-License-Identifier: MIT */
/*
 * protect/ntlm_stream: what signing and sealing share. One message passes through begin, optionally
 * ntlm_crypt_parts, and end. Sending works on the context itself (nothing can fail after begin). Receiving a
 * sealed message works on a copy of the key stream that end commits when everything was right; a signature
 * alone spends so few bytes of it that they are taken back instead when something was wrong.
 */
#ifndef OPENSSPI_PROTECT_NTLM_STREAM_H
#define OPENSSPI_PROTECT_NTLM_STREAM_H

#include "protect/ntlm.h"

/* One message under way. ntlm_work_wipe at every exit after a begin. */
struct ntlm_work {
    struct ntlm_direction *direction;
    uint32_t number;
    struct crypto_rc4 *stream; /* the direction's own (connection, but for unsealing) or &copy */
    size_t spent;              /* bytes that the token itself took of the stream */
    struct crypto_rc4 copy;
};

extern const uint8_t ntlm_dummy_token[NTLM_TOKEN_SIZE];

/* PROTECT_OK or PROTECT_EXPIRED. */
enum protect_verdict ntlm_send_begin(struct ntlm_protect *p, uint32_t sequence, struct ntlm_work *w);
/* MAC over the plaintext, in the clear; before the parts are encrypted. */
void ntlm_mac(const struct ntlm_protect *p, const struct ntlm_work *w, const struct message *m,
              uint8_t token[static NTLM_TOKEN_SIZE]);
/* The token's part of the key stream; after the parts are encrypted. */
void ntlm_mac_encrypt(const struct ntlm_protect *p, struct ntlm_work *w,
                      uint8_t token[static NTLM_TOKEN_SIZE]);
void ntlm_send_end(const struct ntlm_protect *p, struct ntlm_work *w);

/* PROTECT_OK, or what the number alone decides: PROTECT_EXPIRED, PROTECT_OUT_OF_SEQUENCE. sealed: the
 * message's parts will pass through the stream. */
enum protect_verdict ntlm_receive_begin(struct ntlm_protect *p, uint32_t sequence, bool sealed,
                                        const uint8_t token[static NTLM_TOKEN_SIZE], struct ntlm_work *w);
/* m is plaintext by now. Judges; commits if right, and otherwise leaves the stream of the direction as it
 * was. */
enum protect_verdict ntlm_receive_end(struct ntlm_protect *p, uint32_t sequence, const struct message *m,
                                      const uint8_t token[static NTLM_TOKEN_SIZE], struct ntlm_work *w);

/* Runs the sealed parts through the stream in place. */
void ntlm_crypt_parts(struct crypto_rc4 *stream, const struct message *m);
/* The key stream as it stood at begin, for undoing ntlm_crypt_parts. */
void ntlm_work_restart(const struct ntlm_protect *p, struct ntlm_work *w);
void ntlm_work_wipe(struct ntlm_work *w);

#endif
