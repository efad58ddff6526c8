/* SPDX-License-Identifier: MIT */
#include "secur32/handle.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#define WORD_STATES ((uint64_t)(HANDLE_ESTABLISHED | HANDLE_FAILED))
#define WORD_REAPED ((uint64_t)1 << 27)
#define WORD_CALLS  (((uint64_t)1 << 27) - 1)

/* A thread whose record is full, or that could not have one, is counted in the slot. */
struct handle *handle_acquire_counted(struct handle *slot, uint64_t mask, uint64_t bits)
{
    uint64_t word = handle_word(slot);
    do {
        if ((word & mask) != bits)
            return NULL;
    } while (!__atomic_compare_exchange_n(&slot->head.word, &word, word + 1, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    return slot;
}

void handle_release_counted(struct handle *slot)
{
    __atomic_fetch_sub(&slot->head.word, 1, __ATOMIC_ACQ_REL);
}

/* It may have been deleted just now, with this note in the way of its end. */
struct handle *handle_acquire_refused(struct handle_table *table, struct handle *slot)
{
    handle_release(table, slot);
    return NULL;
}

struct handle *handle_acquire(struct handle_table *table, const SecHandle *h)
{
    return handle_acquire_masked(table, h, HANDLE_WORD_CLOSED, 0);
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
    uint64_t word = handle_word(slot);
    bool last = (word & HANDLE_WORD_DELETED) && !(word & WORD_REAPED) && !(word & WORD_CALLS) &&
                inside_count(slot) == 0;
    if (last)
        __atomic_fetch_or(&slot->head.word, WORD_REAPED, __ATOMIC_ACQ_REL);
    pthread_mutex_unlock(&reap_mutex);
    return last;
}

void handle_reap(struct handle_table *table, struct handle *slot)
{
    if (!reap_decide(slot))
        return;
    table->destroy(slot);
    slab_free(&table->slab, slot->head.id);
}

bool handle_delete_acquired(struct handle *slot)
{
    return !(__atomic_fetch_or(&slot->head.word, HANDLE_WORD_DELETED, __ATOMIC_ACQ_REL) &
             HANDLE_WORD_DELETED);
}

bool handle_close_acquired(struct handle *slot)
{
    uint64_t before = __atomic_fetch_or(&slot->head.word, HANDLE_WORD_CLOSED, __ATOMIC_ACQ_REL);

    if (before & (HANDLE_WORD_CLOSED | HANDLE_WORD_DELETED))
        return false;
    /* Nobody new gets in, but for those who are refused. Messages are short; what takes long (a logon on
     * behalf of the context's client) is slept through. */
    for (unsigned rounds = 0;; rounds++) {
        size_t inside = inside_count(slot);
        if (inside == INSIDE_UNKNOWN) {
            handle_reopen_acquired(slot);
            return false;
        }
        if (inside + (size_t)(handle_word(slot) & WORD_CALLS) <= 1)
            return true;
        if (rounds < 100)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
}

void handle_reopen_acquired(struct handle *slot)
{
    __atomic_fetch_and(&slot->head.word, ~HANDLE_WORD_CLOSED, __ATOMIC_ACQ_REL);
}

bool handle_delete(struct handle_table *table, const SecHandle *h)
{
    struct handle *slot =
        handle_acquire_masked(table, h, 0, 0); /* a closed one, too: it may be opened again */

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
    uint64_t word = (uint64_t)handle_generation(slot->head.id) << 32 | (uint64_t)state;

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
    return (enum handle_state)(handle_word(slot) & WORD_STATES);
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
