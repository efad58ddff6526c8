/* SPDX-License-Identifier: MIT */
/* packages/kerberos: what an established context answers to queries, the same in its user and its kernel
 * half. */
#ifndef OPENSSPI_PACKAGES_KERBEROS_FACTS_H
#define OPENSSPI_PACKAGES_KERBEROS_FACTS_H

#include "packages/attributes.h"
#include "packages/kerberos/kerberos_packed.h"

/* Sets what follows from the keys and the texts, all of which stay the context's; alloc, release, attributes,
 * start and expiry are the caller's to set. */
void kerberos_facts(struct packages_facts *facts, const struct krb5_protect *p,
                    const struct packages_view text[static KERBEROS_TEXT_COUNT]);

#endif
