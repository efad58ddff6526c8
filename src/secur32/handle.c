/* SPDX-License-Identifier: MIT */
#include "secur32/handle.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "secur32/inside.h"

#define WORD_DELETED ((uint64_t)1 << 31)
#define WORD_STATES  ((uint64_t)(HANDLE_ESTABLISHED | HANDLE_FAILED))
#define WORD_CLOSED  ((uint64_t)1 << 28)
#define WORD_REAPED  ((uint64_t)1 << 27)
#define WORD_CALLS   (((uint64_t)1 << 27) - 1)

static uint64_t word_load(const struct handle *slot)
{
    return __atomic_load_n(&slot->head.word, __ATOMIC_ACQUIRE);
}

/* The part of a slab id that is not its index; 32-bit ids keep theirs in the upper 10 bits. */
static uint32_t id_generation(ULONG_PTR id)
{
    return sizeof(id) == 8 ? (uint32_t)((uint64_t)id >> 32) : (uint32_t)(id >> 22);
}

/* The slot that h would name if it lived. */
static struct handle *slot_of(struct handle_table *table, const SecHandle *h)
{
    if (h == NULL || h->dwUpper != (ULONG_PTR)slab_epoch(&table->slab))
        return NULL;
    return slab_at(&table->slab, slab_index(h->dwLower));
}

/* What a word must be for h to get in. */
struct wanted {
    uint64_t mask, bits;
};

static inline struct wanted wanted(const SecHandle *h, uint64_t mask, uint64_t state)
{
    /* Generation 0 is nobody's: a free slot's word is 0. */
    return (struct wanted){~(uint64_t)UINT32_MAX | WORD_DELETED | mask,
                           (uint64_t)id_generation(h->dwLower) << 32 | state};
}

/* A thread whose record is full, or that could not have one, is counted in the slot. */
static __attribute__((noinline)) struct handle *acquire_counted(struct handle *slot, const struct wanted *w)
{
    uint64_t word = word_load(slot);
    do {
        if ((word & w->mask) != w->bits)
            return NULL;
    } while (!__atomic_compare_exchange_n(&slot->head.word, &word, word + 1, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    return slot;
}

static inline struct handle *acquire(struct handle_table *table, const SecHandle *h, uint64_t mask,
                                     uint64_t state)
{
    struct handle *slot = slot_of(table, h);

    if (slot == NULL || id_generation(h->dwLower) == 0)
        return NULL;
    const struct wanted w = wanted(h, mask, state);
    if (!inside_enter(slot))
        return acquire_counted(slot, &w);
    if ((word_load(slot) & w.mask) == w.bits)
        return slot;
    handle_release(table, slot); /* it may have been deleted just now, with this note in the way of its end */
    return NULL;
}

struct handle *handle_acquire(struct handle_table *table, const SecHandle *h)
{
    return acquire(table, h, WORD_CLOSED, 0);
}

struct handle *handle_acquire_established(struct handle_table *table, const SecHandle *h)
{
    return acquire(table, h, WORD_STATES | WORD_CLOSED, HANDLE_ESTABLISHED);
}

static pthread_mutex_t step_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t step_left = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t reap_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t locks_once = PTHREAD_ONCE_INIT;

/* A thread of the parent may hold a mutex in the moment of the fork; it does not exist here. */
static void locks_after_fork(void)
{
    pthread_mutex_init(&reap_mutex, NULL);
    pthread_mutex_init(&step_mutex, NULL);
    pthread_cond_init(&step_left, NULL);
}

static void locks_register(void)
{
    pthread_atfork(NULL, NULL, locks_after_fork);
}

/* Whoever has left a deleted slot comes here, so the last of them does; one of them gets true. */
static bool reap_decide(struct handle *slot)
{
    pthread_once(&locks_once, locks_register);
    pthread_mutex_lock(&reap_mutex);
    uint64_t word = word_load(slot);
    bool last =
        (word & WORD_DELETED) && !(word & WORD_REAPED) && !(word & WORD_CALLS) && inside_count(slot) == 0;
    if (last)
        __atomic_fetch_or(&slot->head.word, WORD_REAPED, __ATOMIC_ACQ_REL);
    pthread_mutex_unlock(&reap_mutex);
    return last;
}

static __attribute__((noinline)) void reap(struct handle_table *table, struct handle *slot)
{
    if (!reap_decide(slot))
        return;
    table->destroy(slot);
    slab_free(&table->slab, slot->head.id);
}

void handle_release(struct handle_table *table, struct handle *slot)
{
    if (!inside_leave(slot))
        __atomic_fetch_sub(&slot->head.word, 1, __ATOMIC_ACQ_REL);
    /* Freed and given out again meanwhile, it is another handle's word: then reaping that one is as right. */
    if (word_load(slot) & WORD_DELETED)
        reap(table, slot);
}

bool handle_delete_acquired(struct handle *slot)
{
    return !(__atomic_fetch_or(&slot->head.word, WORD_DELETED, __ATOMIC_ACQ_REL) & WORD_DELETED);
}

bool handle_close_acquired(struct handle *slot)
{
    uint64_t before = __atomic_fetch_or(&slot->head.word, WORD_CLOSED, __ATOMIC_ACQ_REL);

    if (before & (WORD_CLOSED | WORD_DELETED))
        return false;
    /* Nobody new gets in, but for those who are refused. Messages are short; what takes long (a logon on
     * behalf of the context's client) is slept through. */
    for (unsigned rounds = 0;; rounds++) {
        size_t inside = inside_count(slot);
        if (inside == INSIDE_UNKNOWN) {
            handle_reopen_acquired(slot);
            return false;
        }
        if (inside + (size_t)(word_load(slot) & WORD_CALLS) <= 1)
            return true;
        if (rounds < 100)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
}

void handle_reopen_acquired(struct handle *slot)
{
    __atomic_fetch_and(&slot->head.word, ~WORD_CLOSED, __ATOMIC_ACQ_REL);
}

bool handle_delete(struct handle_table *table, const SecHandle *h)
{
    struct handle *slot = acquire(table, h, 0, 0); /* a closed one, too: it may be opened again */

    if (slot == NULL)
        return false;
    bool deleted = handle_delete_acquired(slot);
    handle_release(table, slot);
    return deleted;
}

struct handle *handle_create(struct handle_table *table)
{
    uintptr_t id;

    return slab_alloc(&table->slab, &id);
}

void handle_publish(struct handle_table *table, struct handle *slot, enum handle_state state, SecHandle *h)
{
    uint64_t word = (uint64_t)id_generation(slot->head.id) << 32 | (uint64_t)state;

    h->dwLower = slot->head.id;
    h->dwUpper = (ULONG_PTR)slab_epoch(&table->slab);
    __atomic_store_n(&slot->head.word, word, __ATOMIC_RELEASE);
}

void handle_abandon(struct handle_table *table, struct handle *slot)
{
    slab_free(&table->slab, slot->head.id);
}

enum handle_state handle_state(const struct handle *slot)
{
    return (enum handle_state)(word_load(slot) & WORD_STATES);
}

void handle_set_state(struct handle *slot, enum handle_state state)
{
    __atomic_fetch_or(&slot->head.word, (uint64_t)state, __ATOMIC_ACQ_REL);
}

/* Who may be inside a step is a mark in the slot, not a lock per slot: waiting happens only when an
 * application steps one handshake from two threads, and a package may step another context from inside its
 * own step without a lock order. */
void handle_step_enter(struct handle *slot)
{
    pthread_once(&locks_once, locks_register);
    pthread_mutex_lock(&step_mutex);
    while (slot->busy)
        pthread_cond_wait(&step_left, &step_mutex);
    slot->busy = 1;
    pthread_mutex_unlock(&step_mutex);
}

void handle_step_leave(struct handle *slot)
{
    pthread_mutex_lock(&step_mutex);
    slot->busy = 0;
    pthread_cond_broadcast(&step_left);
    pthread_mutex_unlock(&step_mutex);
}
