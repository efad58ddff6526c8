/* SPDX-License-Identifier: MIT */
/*
 * fuzz_kerberos_realm: a realm without a KDC. The keys of its services and of the tickets for them are known
 * here: a keytab and a ticket cache are written with them, so that MIT's library makes and takes genuine
 * tokens, the same ones in every run. With the keys a token can also be opened, changed inside and closed
 * again, which no bit that is flipped outside achieves.
 */
#ifndef OPENSSPI_FUZZ_KERBEROS_REALM_H
#define OPENSSPI_FUZZ_KERBEROS_REALM_H

#include "fuzz.h"

/* Encryption types of the session keys; the service of each is fuzz_kerberos_target(type). */
enum { FUZZ_KERBEROS_TYPES = 4, FUZZ_KERBEROS_TOKEN = 8192 };

/*
 * Once, behind fuzz_start: krb5.conf, keytab (host/s@R and the targets, AES keys of zeros) and alice@R's
 * tickets for the targets (until 2060) are where KRB5_CONFIG, KRB5_KTNAME and KRB5CCNAME say. The library's
 * clock stands still and its randomness is fuzz_start's.
 */
void fuzz_kerberos_realm(void);

/* t17/s, t18/s, t19/s, t20/s. */
const char *fuzz_kerberos_target(unsigned type);

/*
 * The plain text of what is encrypted in an AP-REQ (its authenticator) or AP-REP, framed or bare, for the
 * target of that type. The size; 0: the token is none, or under another key.
 */
size_t fuzz_kerberos_open(unsigned type, const uint8_t *token, size_t size,
                          uint8_t plain[static FUZZ_KERBEROS_TOKEN]);
/* The token with that plain text instead; the size in out. 0: as above, or too long. */
size_t fuzz_kerberos_close(unsigned type, const uint8_t *token, size_t size, const uint8_t *plain,
                           size_t plain_size, uint8_t out[static FUZZ_KERBEROS_TOKEN]);

#endif
