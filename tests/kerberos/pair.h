/* SPDX-License-Identifier: MIT */
/* pair: one established pair of contexts at a time, in the realm of realm.h. */
#ifndef OPENSSPI_TESTS_PAIR_H
#define OPENSSPI_TESTS_PAIR_H

#include "realm.h"

enum {
    PAIR_SIGN = ISC_REQ_INTEGRITY,
    PAIR_SEAL = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY,
};

extern struct kit_side initiator, acceptor;

/* realm_handshake, which must succeed. */
void pair_open(const char *target, ULONG isc, ULONG asc);
void pair_close(void);

/* A step with ALLOCATE_MEMORY, to host/server; in NULL: none. The token that it made, if any, stands in *out,
 * for FreeContextBuffer. */
SECURITY_STATUS pair_step_allocated(struct kit_side *side, ULONG flags, const SecBuffer *in, SecBuffer *out);

/* Frees the text. */
void pair_assert_text(SEC_CHAR *text, const char *want);
/* NAMES is KIT_USER, and so on; the target is what TARGET says, the server host/server. */
void pair_assert_names(CtxtHandle *context, const char *target);
/* LIFESPAN is the ticket's: it ends within the realm's ten hours. */
void pair_assert_lifespan(CtxtHandle *context);

#endif
