/* SPDX-License-Identifier: MIT */
/*
 * packages/negotiate identity: the application's identity, kept until a mechanism is acquired with it, and
 * its PackageList. Mechanisms get a SEC_WINNT_AUTH_IDENTITY_EXW with the texts as they were given; what the
 * texts mean is each mechanism's business.
 */
#ifndef OPENSSPI_PACKAGES_NEGOTIATE_IDENTITY_H
#define OPENSSPI_PACKAGES_NEGOTIATE_IDENTITY_H

#include "packages/identity.h"

struct negotiate_identity {
    struct packages_identity texts;
    SEC_WINNT_AUTH_IDENTITY_EXW *structure; /* of these texts, mem_alloc; NULL: the application gave none */
};

/*
 * Reads the structure at data in the client's memory as packages_identity_read does; data NULL gives an empty
 * identity. One that names nobody may still have a list. Empty on failure.
 */
SECURITY_STATUS negotiate_identity_read(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi,
                                        struct negotiate_identity *out);
void negotiate_identity_free(struct negotiate_identity *id); /* wipes */

/*
 * May a package of that name be used? The list names packages separated by commas: with "!" those that may
 * not; where any stands without "!", only these may. Blanks and case do not count.
 */
bool negotiate_identity_allows(const struct negotiate_identity *id, const char16_t *name);

#endif
