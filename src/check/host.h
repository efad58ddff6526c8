/* SPDX-License-Identifier: MIT */
/*
 * check/host: the child's side of the tables: the package loaded, its credentials, handshakes with itself,
 * and the calls into its two halves, each by the name that it is known by when it crashes.
 */
#ifndef OPENSSPI_CHECK_HOST_H
#define OPENSSPI_CHECK_HOST_H

#include "check/check.h"
#include "check/guard.h"
#include "secur32/module.h"

/* ---- load.c ---- */

struct package;

struct check_package {
    SECPKG_FUNCTION_TABLE lsa;       /* complete: what the version lacks is NULL */
    SECPKG_USER_FUNCTION_TABLE user; /* likewise */
    ULONG_PTR id;
    SecPkgInfoW info; /* Name and Comment are the package's */
    char name[256];   /* UTF-8 */
    bool hosted;      /* by the registry: it hands over contexts of others */
};

extern struct check_package check_package;

/* How far loading goes: each step is the one of the point load.NAME and begins with the steps before it. */
enum load_step {
    LOAD_FILE,
    LOAD_LSA_MODE,
    LOAD_USER_MODE,
    LOAD_TABLES,
    LOAD_INITIALIZE,
    LOAD_INFO,
    LOAD_INSTANCE,
};

/* Loads the package in question as far as last. What goes wrong in a step belongs to its point. */
void load_package(enum load_step last);
/* The user half alone, as in a process that has no LSA half; table: its number in the module. */
void load_user_half(ULONG table);
ULONG load_table_number(void);
/* SpShutdown, which there is, with its notifications stopped before and after, as a host does it. */
NTSTATUS load_shutdown(void);

/* ---- credentials and handshakes ---- */

enum { TOKEN_ROOM = 65536, LEGS_MAX = 16 };

struct check_side {
    bool initiator;
    bool has_credential, has_lsa, has_user, done;
    LSA_SEC_HANDLE credential, lsa, user;    /* the context's value in both halves */
    const SECPKG_USER_FUNCTION_TABLE *table; /* of the user half */
    ULONG_PTR owner;                         /* whose user half that is; 0: the package's */
    ULONG attributes;
    bool mapped, renamed; /* renamed: a later step named another context */
    bool foreign_packed;  /* ContextData was not what AllocateLsaHeap gave */
    SecBuffer packed;     /* ContextData of the last step; HEAP_LSA */
    struct guard token;   /* the last step's output */
    size_t token_size;
};

struct check_pair {
    struct check_side a, b; /* initiator, acceptor */
    ULONG flags;            /* ISC_REQ_; those of the acceptor are the same or their equals */
    const char *password;   /* instead of the account's; NULL: the account's */
    size_t room[LEGS_MAX];  /* of the output TOKEN in that leg; 0: plenty */
    size_t said[LEGS_MAX];  /* how long the leg's token was */
    int legs;               /* so many were made */
};

/* REPLAY_DETECT, SEQUENCE_DETECT, INTEGRITY, and CONFIDENTIALITY where the package offers it. */
ULONG check_usual_flags(void);

/* SpFreeCredentialsHandle of what there is; it is gone then, whatever the answer. */
NTSTATUS check_release(struct check_side *side);
/* Frees what is there, in both halves. */
void check_side_close(struct check_side *side);
void check_pair_close(struct check_pair *pair);

NTSTATUS check_acquire(struct check_side *side, const char *password);
/* What the initiator gives as AuthorizationData; password NULL: the account's. NULL: nothing. */
void *check_identity(const char *password);
/* One step with in (NULL: none), an output TOKEN of room bytes (TOKEN_ROOM usually). *side follows what the
 * package says; mapping and the user half are the caller's. */
NTSTATUS check_step(struct check_side *side, ULONG flags, const void *in, size_t in_size, size_t room);
/* Hands side->packed over to the user half: a copy of its own, and the original is freed. */
NTSTATUS check_map(struct check_side *side);

/* Not NULL: check_map copies ContextData of initiator and acceptor there (mem_client_alloc) instead of
 * handing it over; the user half never sees it. */
void check_keep_packed(SecBuffer packed[2]);
/* How many copies that check_map made are alive still. */
unsigned check_copies_alive(void);

/* Changes or cuts a token on its way; *size may become less. */
typedef void check_wire_fn(void *arg, int leg, uint8_t *token, size_t *size);

/*
 * Both sides acquire credentials and step until both are done; mapping too. The status of the first call that
 * fails; SEC_E_INTERNAL_ERROR: no call failed and yet it came to nothing, *what says how. wire may be NULL.
 * Leaves what was made in *pair.
 */
NTSTATUS check_handshake(struct check_pair *pair, check_wire_fn *wire, void *arg, const char **what);

/* An established pair. What goes wrong belongs to context.establish. */
void check_open(struct check_pair *pair, ULONG flags);
/* The same in a thread, which has no stage of its own: a failure is the point's. */
void check_open_quietly(struct check_pair *pair, ULONG flags);

/* ---- the user half ---- */

enum check_operation { OP_SIGN, OP_VERIFY, OP_SEAL, OP_UNSEAL, OP_COUNT };

extern const char *const check_operation_names[OP_COUNT];

/* side->table's function; qop goes in for the two that make, and comes out of the others (NULL: not wanted,
 * but then the package is given one). */
NTSTATUS check_call(enum check_operation op, const struct check_side *side, ULONG *qop, SecBufferDesc *desc,
                    ULONG number);
NTSTATUS check_call_handle(enum check_operation op, const SECPKG_USER_FUNCTION_TABLE *table,
                           LSA_SEC_HANDLE handle, ULONG *qop, SecBufferDesc *desc, ULONG number);
NTSTATUS check_query(const struct check_side *side, ULONG attribute, void *buffer);
NTSTATUS check_delete_user(struct check_side *side);
NTSTATUS check_delete_lsa(struct check_side *side);
NTSTATUS check_export(const struct check_side *side, SecBuffer *packed);
/* packed stays as it is; the bytes are put between guard pages. */
NTSTATUS check_import(const SECPKG_USER_FUNCTION_TABLE *table, const SecBuffer *packed,
                      LSA_SEC_HANDLE *handle);

#endif
