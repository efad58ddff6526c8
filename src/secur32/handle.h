/* SPDX-License-Identifier: MIT */
/*
 * secur32/handle: what a CtxtHandle or CredHandle is. dwLower is an id of base/slab (generation and index),
 * dwUpper the slab's random epoch; neither is ever followed as a pointer. A handle finds its slot by
 * arithmetic, and one atomic word in the slot says whether that handle is alive:
 *
 *     word = generation << 32 | deleted:1 | established:1 | failed:1 | closed:1 | reaped:1 | calls:27
 *
 * A call acquires the slot (it notes in its thread's record that it is inside, then looks at the word:
 * generation equal, not deleted, the wanted state), works, and releases it. Delete sets the deleted bit and
 * waits for nobody; whoever leaves last frees the slot, which clears the word, so that the old generation
 * never matches again. How the last one knows is secur32/inside's business: no locked instruction is spent on
 * a reference. `calls` counts the few whose thread had no room for a note. In a fork's child every word reads
 * zero and the epoch differs: the parent's handles are invalid there.
 *
 * Callers see only acquire, release and delete; acquire and release happen on the same thread.
 */
#ifndef OPENSSPI_SECUR32_HANDLE_H
#define OPENSSPI_SECUR32_HANDLE_H

#include <stdatomic.h>

#include <ntsecpkg.h>
#include <sspi.h>

#include "base/slab.h"

struct package;

/* One context or one credential: one cache line. */
struct handle {
    struct slab_head head;                  /* head.word is the atomic word above */
    const SECPKG_USER_FUNCTION_TABLE *user; /* contexts; the package's, complete: absent entries are NULL */
    LSA_SEC_HANDLE user_context;            /* what the user half knows the context by */
    LSA_SEC_HANDLE lsa; /* what the LSA half knows the context or credential by; 0: nothing */
    struct package *package;
    struct package *owner; /* contexts: whose user half it is if another package's, held; else NULL */
    uint32_t busy;         /* a handshake step is inside: handle_step_enter */
    uint16_t accepting;    /* context: begun by AcceptSecurityContext */
    uint16_t completing;   /* unfinished, and the last step answered SEC_I_COMPLETE_AND_CONTINUE; in a step */
};
_Static_assert(sizeof(struct handle) <= 64, "a slot is one cache line");

/* States that a caller can ask for; exactly one bit of a context's word at most. Neither: handshake
 * unfinished. */
enum handle_state {
    HANDLE_UNFINISHED = 0,
    HANDLE_ESTABLISHED = 1 << 30,
    HANDLE_FAILED = 1 << 29,
};

struct handle_table {
    struct slab slab;
    void (*destroy)(
        struct handle *slot); /* tells the package; called once per slot, by whoever leaves last */
};

extern struct handle_table handle_contexts;
extern struct handle_table handle_credentials;

/*
 * The slot behind h with one more call inside, or NULL: h is NULL, was never issued, is stale, deleted, of
 * another table or of another process. Reads the slot's word and nothing else before it is sure. Release
 * exactly once.
 */
struct handle *handle_acquire(struct handle_table *table, const SecHandle *h);
/* The same, for an established context only. */
struct handle *handle_acquire_established(struct handle_table *table, const SecHandle *h);
void handle_release(struct handle_table *table, struct handle *slot);

/* No new call gets in from now on; frees when the last one leaves, which may be now. False: h is not a live
 * handle. */
bool handle_delete(struct handle_table *table, const SecHandle *h);
/* handle_delete for a slot that the caller has acquired (and releases afterwards). False: somebody else did
 * it. */
bool handle_delete_acquired(struct handle *slot);
/* No new call gets in but handle_delete, which holds whatever comes of it, and those of others that were
 * inside have left when this returns. False: somebody else closed or deleted it. */
bool handle_close_acquired(struct handle *slot);
/* Takes handle_close_acquired back, while the caller is still inside. */
void handle_reopen_acquired(struct handle *slot);

/* A new slot that nobody can acquire yet; NULL when out of memory. */
struct handle *handle_create(struct handle_table *table);
/* Makes it acquirable in that state and writes its handle. */
void handle_publish(struct handle_table *table, struct handle *slot, enum handle_state state, SecHandle *h);
/* Frees an unpublished slot without calling destroy. */
void handle_abandon(struct handle_table *table, struct handle *slot);

enum handle_state handle_state(const struct handle *slot);
/* From unfinished to established or failed; once. What the caller wrote to the slot before is seen by whoever
 * acquires it established. */
void handle_set_state(struct handle *slot, enum handle_state state);

/*
 * One thread at a time steps a handshake or queries one that is unfinished; the others wait here. The caller
 * has the slot acquired and looks at its state only inside. After fork a child finds nobody inside.
 */
void handle_step_enter(struct handle *slot);
void handle_step_leave(struct handle *slot);

#endif
