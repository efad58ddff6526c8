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

#include "protect/krb5.h"

enum { KRB5_BATCH_HEADER = 16, KRB5_BATCH_MAC = CRYPTO_SHA384_SIZE };

enum krb5_batch_hash { KRB5_BATCH_SHA1, KRB5_BATCH_SHA256, KRB5_BATCH_SHA384, KRB5_BATCH_HASHES };

bool krb5_batch_fits(const struct krb5_protect *p);
enum krb5_batch_hash krb5_batch_hash(const struct krb5_protect *p);

/* Takes the next number and writes the token's header. PROTECT_OK or PROTECT_EXPIRED, with nothing changed.
 */
enum protect_verdict krb5_batch_send(struct krb5_protect *p, uint8_t header[static KRB5_BATCH_HEADER]);
/* krb5_mic_size(p) bytes. */
void krb5_batch_token(const struct krb5_protect *p, const uint8_t header[static KRB5_BATCH_HEADER],
                      const uint8_t *mac, uint8_t *token);

/*
 * What krb5_mic_check says without the checksum: PROTECT_OK, with the header's copy and the number, as
 * announced so far; PROTECT_MALFORMED, PROTECT_ALTERED. *alone: the token asks for the initiator's key, and
 * is krb5_mic_check's.
 */
enum protect_verdict krb5_batch_look(const struct krb5_protect *p, const uint8_t *token, size_t token_size,
                                     uint8_t header[static KRB5_BATCH_HEADER], uint64_t *sequence,
                                     bool *alone);
bool krb5_batch_matches(const struct krb5_protect *p, const uint8_t *mac, const uint8_t *token);

#endif
