/* SPDX-License-Identifier: MIT */
/*
 * raw: the floor. A finished token from key states that were expanded before, and nothing else: no handle, no
 * buffers to look at, no lock, no failure. The framing is our own, so that a library is given whole blocks
 * only: one call where the message is short. Checking computes the same token and compares.
 *
 * The forms are those of the packages: NTLM  01000000 || RC4(HMAC-MD5(seq || message)[0..7]) || seq
 *                                  Kerberos  16 bytes of header with the number || HMAC(message || header)
 */
#ifndef OPENSSPI_BENCH_RAW_H
#define OPENSSPI_BENCH_RAW_H

#include <string.h>

#include "worker.h"

enum raw_kind { RAW_MD5_RC4, RAW_SHA1, RAW_SHA256, RAW_SHA384 };

/* Zero when they are equal; sizes are multiples of 4. In time that depends on the size alone. */
static inline uint64_t raw_difference(const uint8_t *a, const uint8_t *b, size_t size)
{
    uint64_t difference = 0, x, y;
    uint32_t u, v;
    for (; size >= 8; a += 8, b += 8, size -= 8) {
        memcpy(&x, a, 8);
        memcpy(&y, b, 8);
        difference |= x ^ y;
    }
    if (size == 0)
        return difference;
    memcpy(&u, a, 4);
    memcpy(&v, b, 4);
    return difference | (u ^ v);
}

void *raw_open_openssl(const struct worker_candidate *c);
void *raw_open_nettle(const struct worker_candidate *c);
bool raw_make(void *state, const struct worker_job *job);
bool raw_check(void *state, const struct worker_job *job);

#endif
