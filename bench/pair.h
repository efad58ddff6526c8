/* SPDX-License-Identifier: MIT */
/*
 * pair: both ends of a security context in one process, made by the public functions. The environment names
 * the accounts, the configuration and the realm (bench/realm.c starts programs in one).
 */
#ifndef OPENSSPI_BENCH_PAIR_H
#define OPENSSPI_BENCH_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sspi.h>

/* Credentials of both ends, and what to ask for; one handshake after another is made from them. */
struct pair_maker {
    CredHandle initiator, acceptor;
    ULONG isc, asc;
    const char *target;
    uint8_t *tokens[2]; /* room for a message each */
};

struct pair {
    CtxtHandle initiator, acceptor;
};

/* isc: ISC_REQ_*. target: the service's name, with Kerberos one of the realm's. False, with a message on
 * stderr: the package or its credentials are missing. */
bool pair_maker_open(struct pair_maker *m, const char *package, const char *target, ULONG isc);
void pair_maker_close(struct pair_maker *m);

/* The status of the first step that failed; then neither context lives. */
SECURITY_STATUS pair_make(struct pair_maker *m, struct pair *p);
void pair_delete(struct pair *p);

/*
 * Writes a packed context of that encryption type (17 to 20, 23), which ImportSecurityContext of "Kerberos"
 * takes: no KDC needed. PAIR_OLD_INITIATOR is an initiator that knows nothing of the acceptor's subkey and
 * signs with its own. Bytes written, at most 4096. bench/packed.c, on the library's inside.
 */
enum pair_role { PAIR_ACCEPTOR, PAIR_INITIATOR, PAIR_OLD_INITIATOR };
size_t pair_pack_kerberos(unsigned etype, enum pair_role role, uint8_t out[static 4096]);

#endif
