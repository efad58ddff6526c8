/* SPDX-License-Identifier: MIT */
/*
 * packages/ntlm identity: who a client says it is. Read from the application's SEC_WINNT_AUTH_IDENTITY
 * structure of any version, or from NTLM_USER_FILE when it gives none. The password becomes its NT hash at
 * once and is wiped.
 */
#ifndef OPENSSPI_PACKAGES_NTLM_IDENTITY_H
#define OPENSSPI_PACKAGES_NTLM_IDENTITY_H

#include <ntsecpkg.h>
#include <uchar.h>

#include "base/span.h"

/* Text owned through mem_alloc, terminated; text NULL means empty. */
struct ntlm_text {
    char16_t *text;
    size_t units;
};

bool ntlm_text_copy(struct ntlm_text *out, const char16_t *text, size_t units);
void ntlm_text_free(struct ntlm_text *t);

struct ntlm_identity {
    struct ntlm_text user, domain;
    uint8_t hash[16]; /* NT hash of the password */
    bool anonymous;   /* user, domain and password were given and are empty */
};

void ntlm_identity_free(struct ntlm_identity *id); /* wipes; the struct itself is the caller's */
bool ntlm_identity_copy(struct ntlm_identity *out, const struct ntlm_identity *from);

/*
 * Reads the application's structure at data in the client's memory (packages/identity.h says how, and what
 * ansi means).
 *   SEC_E_OK                  *out is filled and *given is true; *given false: the structure names nobody, so
 *                             that the default credentials are meant
 *   SEC_E_UNKNOWN_CREDENTIALS malformed, or of a kind that NTLM has no use for (encrypted, certificates)
 *   SEC_E_NO_CREDENTIALS      a user without password whom NTLM_USER_FILE does not know either
 *   SEC_E_INSUFFICIENT_MEMORY
 * "DOMAIN\user" in the user's field with no domain is taken apart; user@domain stays as it is, with an empty
 * domain.
 */
SECURITY_STATUS ntlm_identity_read(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi,
                                   struct ntlm_identity *out, bool *given);

/* The first account of NTLM_USER_FILE, or the one of that name (DOMAIN\user, user@domain or user; NULL: any).
 * SEC_E_NO_CREDENTIALS: there is none. */
SECURITY_STATUS ntlm_identity_default(const char16_t *name, size_t units, struct ntlm_identity *out);

#endif
