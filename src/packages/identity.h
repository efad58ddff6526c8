/* SPDX-License-Identifier: MIT */
/*
 * packages/identity: the application's SEC_WINNT_AUTH_IDENTITY structure of any version, read into texts of
 * our own. What lies in the client's memory is touched only through the host's CopyFromClientBuffer, each
 * length checked before. What the texts are good for is each package's business.
 */
#ifndef OPENSSPI_PACKAGES_IDENTITY_H
#define OPENSSPI_PACKAGES_IDENTITY_H

#include <ntsecpkg.h>
#include <uchar.h>

#include "base/span.h"

/* UTF-16, terminated, from mem_alloc. text NULL: not given, which is not the same as empty; units is 0 then.
 */
struct packages_text {
    char16_t *text;
    size_t units;
};

struct packages_identity {
    struct packages_text user, domain; /* without a NUL inside */
    struct packages_text password;     /* any units at all */
    struct packages_text list;         /* PackageList */
    ULONG flags;                       /* SEC_WINNT_AUTH_IDENTITY_* without ANSI, UNICODE and MARSHALLED */
};

/*
 * ansi says what text is where a structure with pointers does not (EX2 says it always): it is UTF-8 then.
 *   SEC_E_OK                  *out is filled and the caller's to free; *given false: it names nobody, neither
 *                             user nor password, so that the default credentials are meant
 *   SEC_E_UNKNOWN_CREDENTIALS malformed, or of a kind without a password in it (encrypted, certificates)
 *   SEC_E_INSUFFICIENT_MEMORY
 * *out is empty and *given false on failure.
 */
SECURITY_STATUS packages_identity_read(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi,
                                       struct packages_identity *out, bool *given);

/*
 * For whoever acts for a client (SECPKG_CLIENT_INFO's Impersonating), where only a password of the
 * application's own makes a credential that is not the process's. SEC_E_NO_CREDENTIALS: there is none in the
 * structure, or no structure; or why it cannot be read.
 */
SECURITY_STATUS packages_identity_own(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi);

/* Takes "DOMAIN\user" in the user's field apart where there is no domain, or an empty one. user@domain stays
 * as it is. false: out of memory, and nothing is changed. */
bool packages_identity_split(struct packages_identity *id);

void packages_identity_free(struct packages_identity *id); /* wipes; the struct itself is the caller's */

/* Terminated UTF-8 from mem_alloc, "" for a text not given. NULL: *invalid (no UTF-16, or a NUL inside, which
 * would end it early for whoever reads it next), or out of memory. */
char *packages_text_utf8(const struct packages_text *text, bool *invalid);

#endif
