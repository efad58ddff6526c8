/* SPDX-License-Identifier: MIT */
/* nego_kit: sides and pairs of Negotiate with a PackageList, so that a test says which mechanisms there are.
 */
#ifndef OPENSSPI_TESTS_NEGO_KIT_H
#define OPENSSPI_TESTS_NEGO_KIT_H

#include "testkit.h"

/* user NULL: default credentials (the ticket cache, the keytab, NTLM_USER_FILE); else KIT_USER of KIT_DOMAIN.
 */
SECURITY_STATUS nego_open(struct kit_side *side, bool initiator, const char *list, const char *password);
/* Both opened sides until both are done; the status of the first step that failed. */
SECURITY_STATUS nego_shake(struct kit_side *initiator, ULONG isc, struct kit_side *acceptor, ULONG asc,
                           const char *target);
/* Opens both with the list and default credentials, and they must agree. */
void nego_pair(const char *list, ULONG isc, ULONG asc, struct kit_side *initiator, struct kit_side *acceptor);
/* NEGOTIATION_INFO says that package and that state, PACKAGE_INFO the same package. */
void nego_assert_package(CtxtHandle *context, const char *name, ULONG negotiation);
/* NAMES' user and TARGET; NULL: that one answers SEC_E_INVALID_HANDLE. */
void nego_assert_names(CtxtHandle *context, const char *user, const char *target);

#endif
