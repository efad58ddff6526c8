/* SPDX-License-Identifier: MIT */
/*
 * realm: a Kerberos realm of the test's own: KDC on a free port of the loopback interface, database, keytab,
 * ticket cache, krb5.conf, all in the test's folder. KRB5_CONFIG, KRB5CCNAME and KRB5_KTNAME point there, so
 * this process and those that it starts are members. The KDC ends with the program.
 *
 * Principals: alice (password KIT_PASSWORD) has a ticket in the cache; services stand in the keytab:
 *     host/server              what krb5.conf's default gives
 *     t17/server ... t20/server  keys of one encryption type, so that the session key is of that type too
 *     t23/server               RC4
 *     trusted/server           marked for delegation
 *     orphan/server            known to the KDC, not in the keytab
 */
#ifndef OPENSSPI_TESTS_REALM_H
#define OPENSSPI_TESTS_REALM_H

#include "testkit.h"

#include <sys/types.h>

#define REALM "TEST.EXAMPLE"

/* Instead of kit_environment, which it calls with sspi_conf. */
void realm_environment(const char *sspi_conf);
/* The realm alone, in the folder of a kit_environment that was called before; the second time nothing. */
void realm_start(void);
/* From now on krb5.conf prefers that encryption type (17 to 20, 23), or has its usual order (0). With the
 * service tN/server the session and what the acceptor asserts are of that type. */
void realm_prefer(unsigned etype);
/* Runs a program with the arguments (NULL at the end) and input on its standard input; fails the program's
 * run unless it ends with status 0. */
void realm_run(const char *input, const char *const argv[]);
/* kadmin.local's query. */
void realm_admin(const char *query);
void realm_stop_kdc(void);
void realm_start_kdc(void);
/* With libfaketime at that path, whose offset is as in FAKETIME. */
void realm_start_kdc_in_time(const char *library, const char *offset);

/* ---- pairs of our own ---- */

/* Both sides, target and flags as given, from the cache and the keytab; steps until both are done. The status
 * of the first step that failed. */
SECURITY_STATUS realm_handshake(const char *target, ULONG isc, ULONG asc, struct kit_side *initiator,
                                struct kit_side *acceptor);

#endif
