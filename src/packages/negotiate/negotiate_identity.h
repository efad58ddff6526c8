/* SPDX-License-Identifier: MIT */
/*
 * packages/negotiate identity: the application's SEC_WINNT_AUTH_IDENTITY structure, kept until a mechanism is
 * acquired with it, and its PackageList. The copy is a structure of the same version in our memory, with the
 * texts behind it; what the texts mean is each mechanism's business.
 */
#ifndef OPENSSPI_PACKAGES_NEGOTIATE_IDENTITY_H
#define OPENSSPI_PACKAGES_NEGOTIATE_IDENTITY_H

#include <ntsecpkg.h>
#include <uchar.h>

#include "base/span.h"

struct negotiate_identity {
    void *structure; /* mem_alloc; NULL: the application gave none */
    char16_t *list;  /* PackageList, terminated, mem_alloc; NULL: none */
};

/*
 * Reads the structure at data in the client's memory, only through copy, each length checked before; data
 * NULL gives an empty identity. ansi says what text is where the structure's flags do not. SEC_E_OK;
 * SEC_E_UNKNOWN_CREDENTIALS: malformed; SEC_E_INSUFFICIENT_MEMORY. Empty on failure.
 */
SECURITY_STATUS negotiate_identity_read(PLSA_COPY_FROM_CLIENT_BUFFER copy, void *data, bool ansi,
                                        struct negotiate_identity *out);
void negotiate_identity_free(struct negotiate_identity *id); /* wipes */

/*
 * May a package of that name be used? The list names packages separated by commas: with "!" those that may
 * not; where any stands without "!", only these may. Blanks and case do not count.
 */
bool negotiate_identity_allows(const struct negotiate_identity *id, const char16_t *name);

#endif
