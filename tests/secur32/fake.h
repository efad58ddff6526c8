/* SPDX-License-Identifier: MIT */
/*
 * A package for the tests of the dispatcher: two tables of each half, "Fake", which has everything, and
 * "Bare", which has only what a package must have. Its handshake has three legs:
 *
 *     initiator "A" -> acceptor "B" -> initiator "C", established -> acceptor, established
 *
 * and behaves as fake.* says. Both halves find their contexts through base/slab; a call on one that is gone
 * counts as an error, so that a test sees a handle that came through when it should not have.
 */
#ifndef OPENSSPI_TESTS_FAKE_H
#define OPENSSPI_TESTS_FAKE_H

#include <stdarg.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <uchar.h>

#include <cmocka.h>
#include <ntsecpkg.h>
#include <ntstatus.h>
#include <opensspi.h>
#include <sspi.h>

#define FAKE_MAX_TOKEN 64
#define FAKE_SIGNATURE 8

/* What the package does next; all zero is the ordinary way. Not for tests with threads. */
struct fake_behaviour {
    NTSTATUS step;                   /* not 0: a handshake step answers this */
    ULONG step_attributes;           /* with these attributes, */
    bool step_token;                 /* and an error token "E" */
    bool no_context;                 /* a step names no context */
    bool not_mapped;                 /* the handshake ends without a packed context */
    NTSTATUS late;                   /* not 0: the last leg answers this after it has packed the context */
    NTSTATUS first;                  /* not 0: the first leg answers this success */
    CtxtHandle *export_delete;       /* not NULL: SpExportSecurityContext deletes it meanwhile */
    bool early_map;                  /* the first leg hands the packed context over already */
    bool empty_token;                /* steps make tokens of no bytes */
    NTSTATUS init_user;              /* not 0: SpInitUserModeContext answers this */
    NTSTATUS start;                  /* not 0: SpInitialize answers this */
    NTSTATUS instance;               /* not 0: SpInstanceInit answers this */
    NTSTATUS token_fails;            /* not 0: SpGetContextToken answers this */
    bool null_info;                  /* NEGOTIATION_INFO has no package */
    NTSTATUS export_fails;           /* not 0: SpExportSecurityContext answers this */
    ULONG lsa_version, user_version; /* not 0: what the entry points call their tables */
    ULONG lsa_count, user_count;     /* not 0: how many tables they offer */
};
extern struct fake_behaviour fake;

/* What happened, counted atomically. */
struct fake_counts {
    unsigned long starts, shutdowns;
    unsigned long credentials, credentials_freed;
    unsigned long lsa_contexts, lsa_deleted;
    unsigned long user_contexts, user_deleted;
    unsigned long signs, verifies, seals, unseals, queries, lsa_queries;
    unsigned long calls;  /* of any function of the user table or handshake */
    unsigned long errors; /* calls with a context that is none, tables called wrongly */
    ULONG last_requirements, last_call_attributes, last_export_flags;
    bool last_target_null;
    char last_target[64]; /* the low bytes */
};
extern struct fake_counts fake_counts;
unsigned long fake_count(const unsigned long *counter);

NTSTATUS fake_lsa_init(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                       PULONG pcTables);
NTSTATUS fake_user_init(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_USER_FUNCTION_TABLE *ppTables,
                        PULONG pcTables);

/* Only the fake packages are in the registry; behaviour and counts zero. cmocka setup and teardown; teardown
 * checks that nothing of the package is alive. */
int fake_setup(void **state);
int fake_teardown(void **state);

/* A credential of "Fake", and a pair of established contexts made with it. */
CredHandle fake_credential(void);
void fake_pair(CtxtHandle *initiator, CtxtHandle *acceptor);
/* One leg; in may be NULL. The output token (up to FAKE_MAX_TOKEN bytes) in out. */
SECURITY_STATUS fake_step(bool accept, CredHandle *credential, CtxtHandle *context, CtxtHandle *made,
                          const char *in, char out[static FAKE_MAX_TOKEN]);
/* A first leg of the initiator: a context that is unfinished. */
CtxtHandle fake_unfinished(CredHandle *credential);
/* One that failed in its second leg. */
CtxtHandle fake_failed(CredHandle *credential);

SECURITY_STATUS fake_sign(CtxtHandle *context);
SECURITY_STATUS fake_verify(CtxtHandle *context);

/* Makes the n-th allocation from now on (0: the next) fail; fake_gate_off ends it and says how many were
 * asked for. */
void fake_gate_on(unsigned long n);
unsigned long fake_gate_off(void);

#endif
