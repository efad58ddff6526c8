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

#include <ntsecpkg.h>
#include <sspi.h>

#include "base/slab.h"
#include "secur32/inside.h"

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

#define HANDLE_WORD_DELETED ((uint64_t)1 << 31)
#define HANDLE_WORD_CLOSED  ((uint64_t)1 << 28)

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
/* The same, for an established context only. On every message's way, so inline: below. */
static inline struct handle *handle_acquire_established(struct handle_table *table, const SecHandle *h);
static inline void handle_release(struct handle_table *table, struct handle *slot);

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

/* ---- what is inline ---- */

/* The slow ways: a thread's record is full, or it could not have one; a slot that is deleted or in another
 * state was entered; a deleted slot was left. */
struct handle *handle_acquire_counted(struct handle *slot, uint64_t mask, uint64_t bits);
struct handle *handle_acquire_refused(struct handle_table *table, struct handle *slot);
void handle_release_counted(struct handle *slot);
void handle_reap(struct handle_table *table, struct handle *slot);

static inline uint64_t handle_word(const struct handle *slot)
{
    return __atomic_load_n(&slot->head.word, __ATOMIC_ACQUIRE);
}

/* The part of a slab id that is not its index; 32-bit ids keep theirs in the upper 10 bits. */
static inline uint32_t handle_generation(ULONG_PTR id)
{
    return sizeof(id) == 8 ? (uint32_t)((uint64_t)id >> 32) : (uint32_t)(id >> 22);
}

/* The slot that h would name if it lived. */
static inline struct handle *handle_slot_of(struct handle_table *table, const SecHandle *h)
{
    if (h == NULL || h->dwUpper != (ULONG_PTR)slab_epoch(&table->slab))
        return NULL;
    return (struct handle *)slab_at(&table->slab, slab_index(h->dwLower));
}

/* Of the word's bits in mask those in state are wanted, besides the generation and that it is not deleted. */
static inline struct handle *handle_acquire_masked(struct handle_table *table, const SecHandle *h,
                                                   uint64_t mask, uint64_t state)
{
    struct handle *slot = handle_slot_of(table, h);

    /* Generation 0 is nobody's: a free slot's word is 0. */
    if (slot == NULL || handle_generation(h->dwLower) == 0)
        return NULL;
    mask |= ~(uint64_t)UINT32_MAX | HANDLE_WORD_DELETED;
    state |= (uint64_t)handle_generation(h->dwLower) << 32;
    if (__builtin_expect(!inside_enter(slot), 0))
        return handle_acquire_counted(slot, mask, state);
    return __builtin_expect((handle_word(slot) & mask) == state, 1) ? slot
                                                                    : handle_acquire_refused(table, slot);
}

static inline struct handle *handle_acquire_established(struct handle_table *table, const SecHandle *h)
{
    return handle_acquire_masked(table, h, HANDLE_ESTABLISHED | HANDLE_FAILED | HANDLE_WORD_CLOSED,
                                 HANDLE_ESTABLISHED);
}

/* For many at once: the slot that h names, perhaps; and whether, once that is noted (inside_note), it is h's
 * and established. */
static inline struct handle *handle_named(const struct slab_look *contexts, const SecHandle *h)
{
    if (h == NULL || h->dwUpper != (ULONG_PTR)contexts->epoch || handle_generation(h->dwLower) == 0)
        return NULL;
    return (struct handle *)slab_look_at(contexts, slab_index(h->dwLower));
}

static inline bool handle_is_established(const struct handle *slot, const SecHandle *h)
{
    const uint64_t mask =
        ~(uint64_t)UINT32_MAX | HANDLE_WORD_DELETED | HANDLE_ESTABLISHED | HANDLE_FAILED | HANDLE_WORD_CLOSED;
    uint64_t wanted = (uint64_t)handle_generation(h->dwLower) << 32 | HANDLE_ESTABLISHED;
    return ((handle_word(slot) ^ wanted) & mask) == 0;
}

static inline void handle_release(struct handle_table *table, struct handle *slot)
{
    if (__builtin_expect(!inside_leave(slot), 0))
        handle_release_counted(slot);
    /* Freed and given out again meanwhile, it is another handle's word: then reaping that one is as right. */
    if (__builtin_expect((handle_word(slot) & HANDLE_WORD_DELETED) != 0, 0))
        handle_reap(table, slot);
}

#endif
