/* SPDX-License-Identifier: MIT */
/* base/secret: wiping and constant-time comparison; the only places where either is done. Freestanding. */
#ifndef OPENSSPI_BASE_SECRET_H
#define OPENSSPI_BASE_SECRET_H

#include "port.h"

/* Overwrites size bytes with zeros in a way the compiler keeps. data may be NULL when size is 0. */
static inline void secret_wipe(void *data, size_t size)
{
    if (size == 0)
        return;
    memset(data, 0, size);
    /* The compiler must assume that somebody reads the zeros behind the pointer, so it keeps the stores. */
    __asm__ __volatile__("" : : "r"(data) : "memory");
}

/* The same for memory that other threads may still be reading with atomic loads (a freed slot's state word):
 * relaxed stores of whole words. data and size are multiples of the word size. */
void secret_wipe_shared(void *data, size_t size);

/* Equality in time that depends on size alone. Both may be NULL when size is 0 (then true). */
bool secret_equal(const void *a, const void *b, size_t size);

#endif
