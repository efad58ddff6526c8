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
    ULONG_PTR package; /* whom the services serve; 0: where it makes no difference */
    ULONG_PTR owner;   /* lsa_step_hand_over */
    LSA_SEC_HANDLE owner_context;
    struct lsa_call *outer;
};
void lsa_call_begin(struct lsa_call *call, bool ansi);
void lsa_call_end(struct lsa_call *call);

#endif
