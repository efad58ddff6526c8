/* SPDX-License-Identifier: MIT */
/*
 * base/lock: a mutex of four bytes, of which a context can have several: all zero is a free one, so slabs
 * hand them out ready and a fork's child finds them free. Uncontended, taking and giving are one atomic
 * instruction each, and none in a process with one thread; who has to wait sleeps in the kernel (futex). Not
 * recursive, not fair, nothing to be destroyed.
 */
#ifndef OPENSSPI_BASE_LOCK_H
#define OPENSSPI_BASE_LOCK_H

#include "port.h"

struct lock {
    uint32_t word; /* 0: free, 1: taken, 2: taken and somebody may be waiting */
};

/* The slow halves. */
void lock_wait(struct lock *l);
void lock_wake(struct lock *l);

/* True: taken. */
static inline bool lock_try(struct lock *l)
{
    uint32_t free = 0;
    if (port_alone()) {
        if (__atomic_load_n(&l->word, __ATOMIC_RELAXED) != 0)
            return false;
        __atomic_store_n(&l->word, 1, __ATOMIC_RELAXED);
        return true;
    }
    return __atomic_compare_exchange_n(&l->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void lock_take(struct lock *l)
{
    if (__builtin_expect(!lock_try(l), 0))
        lock_wait(l);
}

static inline void lock_give(struct lock *l)
{
    if (port_alone() && __atomic_load_n(&l->word, __ATOMIC_RELAXED) == 1) {
        __atomic_store_n(&l->word, 0, __ATOMIC_RELAXED);
        return;
    }
    if (__builtin_expect(__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) == 2, 0))
        lock_wake(l);
}

#endif
