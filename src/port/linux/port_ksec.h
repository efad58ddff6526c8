/* SPDX-License-Identifier: MIT */
/* port_ksec.h inside the Linux kernel: spin locks that keep softirqs out, as both may sign. */
#ifndef OPENSSPI_PORT_KSEC_H
#define OPENSSPI_PORT_KSEC_H

#include <linux/random.h>
#include <linux/spinlock.h>

#include "port.h"

struct port_lock {
    spinlock_t spin;
};

/* A macro, so that lockdep knows the lock by the place of its initialisation. */
#define port_lock_init(lock) spin_lock_init(&(lock)->spin)

static inline void port_lock_take(struct port_lock *lock)
{
    spin_lock_bh(&lock->spin);
}

static inline void port_lock_give(struct port_lock *lock)
{
    spin_unlock_bh(&lock->spin);
}

static inline bool port_random(void *out, size_t size)
{
    get_random_bytes(out, size);
    return true;
}

#endif
