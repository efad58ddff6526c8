/* SPDX-License-Identifier: MIT */
/* packages/ntlm: what an established context answers to queries, the same in its user and its kernel half. */
#ifndef OPENSSPI_PACKAGES_NTLM_FACTS_H
#define OPENSSPI_PACKAGES_NTLM_FACTS_H

#include "packages/attributes.h"
#include "packages/ntlm/ntlm_packed.h"

/* Sets what follows from the negotiated flags, the key and the texts, all of which stay the context's; alloc,
 * release, attributes, start and expiry are the caller's to set. */
void ntlm_facts(struct packages_facts *facts, uint32_t flags, const uint8_t session_key[static NTLM_KEY_SIZE],
                const struct packages_view text[static NTLM_TEXT_COUNT]);

#endif
