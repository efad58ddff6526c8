/* SPDX-License-Identifier: MIT */
/* lsa/host: what the files of this room share. */
#ifndef OPENSSPI_LSA_HOST_H
#define OPENSSPI_LSA_HOST_H

#include <uchar.h>

#include "lsa/lsa.h"

enum {
    LSA_NAME_MAX = 255,  /* units of a package's name; longer ones are refused */
    LSA_THUNKS_MAX = 64, /* attributes that a package can claim for its LSA half */
};

/* Lives as long as the process may use the package, in ordinary memory: a fork's child uses it too. */
struct lsa_package {
    SECPKG_FUNCTION_TABLE table; /* complete: what the package's version lacks is NULL */
    ULONG_PTR id;
    SecPkgInfoW info; /* Name and Comment are ours */
    bool thunk_all;
    ULONG thunks[LSA_THUNKS_MAX];
    ULONG thunk_count;
    char16_t text[]; /* of info */
};

/* The one service table. */
extern LSA_SECPKG_FUNCTION_TABLE lsa_services;

/* Brackets a call into a package on this thread, so that GetCallInfo answers. Calls nest. */
struct lsa_call {
    ULONG attributes;
    ULONG_PTR package; /* whom the services serve */
    ULONG_PTR owner;   /* lsa_step_hand_over */
    LSA_SEC_HANDLE owner_context;
    struct lsa_call *outer;
};
void lsa_call_begin(struct lsa_call *call, ULONG_PTR package, bool ansi);
void lsa_call_end(struct lsa_call *call);
/* Whom the services serve on this thread; 0: it is in no call. */
ULONG_PTR lsa_call_package(void);

/* The package with that id stays until lsa_package_unhold; false: it is gone. May wait for the keeper's lock:
 * nothing that somebody wants who has that may be locked. Without a keeper nothing is ever gone. */
bool lsa_package_hold(ULONG_PTR id, void **held);
void lsa_package_unhold(void *held);

/* The copy has to be closed with close(2). STATUS_INVALID_HANDLE, STATUS_INVALID_PARAMETER,
 * STATUS_INSUFFICIENT_RESOURCES. */
LSA_DUPLICATE_HANDLE lsa_DuplicateHandle;

#endif
