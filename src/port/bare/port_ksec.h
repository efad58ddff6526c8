/* SPDX-License-Identifier: MIT */
/* port_ksec.h where there is no libc: locks that only spin; randomness is for the surroundings to give. */
#ifndef OPENSSPI_PORT_KSEC_H
#define OPENSSPI_PORT_KSEC_H

#include "port.h"

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
        ;
}

static inline void port_lock_give(struct port_lock *lock)
{
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

bool port_random(void *out, size_t size);

#endif
