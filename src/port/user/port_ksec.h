/* SPDX-License-Identifier: MIT */
/*
 * port_ksec.h, user space: what kernel halves of packages (packages/NAME/NAME_kernel.c) and the host's lists
 * need beyond port.h. src/port/linux/port_ksec.h gives the same inside the kernel. Nothing here sleeps there,
 * and nothing here allocates: a lock is held for one message at most and taken in process and softirq
 * context.
 */
#ifndef OPENSSPI_PORT_KSEC_H
#define OPENSSPI_PORT_KSEC_H

#include <sched.h>

#include "port.h"

/* A spin lock. All zero is a free one, too. */
struct port_lock {
    uint32_t taken;
};

static inline void port_lock_init(struct port_lock *lock)
{
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELAXED);
}

static inline void port_lock_take(struct port_lock *lock)
{
    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) != 0)
        sched_yield(); /* unlike in a kernel, the owner may have lost its processor */
}

static inline void port_lock_give(struct port_lock *lock)
{
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

/* size random bytes, for confounders: called with messages, so it must not sleep. Given by the host. False:
 * there are none; *out is then zeros. */
bool port_random(void *out, size_t size);

#endif
