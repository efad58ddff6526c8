/* SPDX-License-Identifier: MIT */
/*
 * crypto/lanes: HMACs of many messages at once, from the same saved chaining words as crypto/crypto.h and
 * crypto/hmac_sha.h, with the same results. Messages of any lengths under any keys go side by side through
 * one kernel (kernels.h); where one ends the next takes its lane, and what would leave most lanes empty goes
 * on alone. Whole blocks are read where they lie; what straddles two pieces of a message is copied, and so is
 * what its last blocks hold, which is all of a short one.
 *
 * Time depends on the sizes of the messages and their pieces, and on nothing else. No allocation, no lock, no
 * failure; what was kept of keys and states on the stack is wiped. (Kernels spill message words and states
 * below it, as any compiled hash does.)
 */
#ifndef OPENSSPI_CRYPTO_LANES_LANES_H
#define OPENSSPI_CRYPTO_LANES_LANES_H

#include "crypto/crypto.h"
#include "crypto/hmac_sha.h"

/* One checksum to be made. mac: 16, 20, 32 or 48 bytes, which are no part of any message of the call. */
struct lanes_job {
    const void *key; /* struct crypto_hmac_md5, _sha1, _sha256, _sha384 */
    struct crypto_message message;
    uint8_t *mac;
};

void lanes_hmac_md5(const struct lanes_job *jobs, size_t count);
void lanes_hmac_sha1(const struct lanes_job *jobs, size_t count);
void lanes_hmac_sha256(const struct lanes_job *jobs, size_t count);
void lanes_hmac_sha384(const struct lanes_job *jobs, size_t count);

#endif
