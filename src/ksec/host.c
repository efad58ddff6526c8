/* SPDX-License-Identifier: MIT */
#include "ksec/host.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sources.h"
#include "port_ksec.h"

static _Thread_local bool atomic;
static size_t allocations;

void ksec_host_atomic(bool on)
{
    atomic = on;
}

size_t ksec_host_allocations(void)
{
    return __atomic_load_n(&allocations, __ATOMIC_RELAXED);
}

void *ksec_host_alloc(size_t size)
{
    if (atomic) {
        fputs("ksec: memory asked for where sleeping is not allowed\n", stderr);
        abort();
    }
    __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
    return mem_alloc(size);
}

void ksec_host_free(void *p)
{
    mem_free(p);
}

bool port_random(void *out, size_t size)
{
    return sources_random(out, size);
}
