/* SPDX-License-Identifier: MIT */
/* packages/heap: whose memory a piece of code takes, where a package's halves have different ones. */
#ifndef OPENSSPI_PACKAGES_HEAP_H
#define OPENSSPI_PACKAGES_HEAP_H

#include "port.h"

struct packages_heap {
    void *(*alloc)(size_t size); /* zeroed; NULL when out of memory */
    void (*release)(void *p);    /* wipes; NULL is fine */
};

/* base/mem: for the LSA and user halves. */
extern const struct packages_heap packages_heap_mem;

#endif
