/* SPDX-License-Identifier: MIT */
/*
 * packages/identity: the application's SEC_WINNT_AUTH_IDENTITY structure of any version, read into texts of
 * our own. For packages that need the password itself. What lies in the client's memory is touched only
 * through the host's CopyFromClientBuffer, each length checked before.
 */
#ifndef OPENSSPI_PACKAGES_IDENTITY_H
#define OPENSSPI_PACKAGES_IDENTITY_H

#include <ntsecpkg.h>

#include "base/span.h"

/* UTF-8, terminated, from mem_alloc. user and domain: "" when empty. password NULL: none was given. */
struct packages_identity {
    char *user, *domain, *password;
};

/*
 * ansi says what text is where the structure's flags do not: it is UTF-8 then. "DOMAIN\user" in the user's
 * field with no domain is taken apart.
 *   SEC_E_OK                  *out is filled and the caller's to free; *given false: the structure names
 *                             nobody, so that the default credentials are meant, and *out is empty
 *   SEC_E_UNKNOWN_CREDENTIALS malformed, or of a kind without a password in it (encrypted, certificates)
 *   SEC_E_INSUFFICIENT_MEMORY
 */
SECURITY_STATUS packages_identity_read(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi,
                                       struct packages_identity *out, bool *given);
void packages_identity_free(struct packages_identity *id); /* wipes; the struct itself is the caller's */

#endif
