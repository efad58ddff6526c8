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

/* Opaque to the optimiser: no early exit once a difference is known. */
static inline uint64_t secret_gather(uint64_t difference, uint64_t more)
{
    difference |= more;
    __asm__ __volatile__("" : "+r"(difference));
    return difference;
}

/* secret_equal for sizes that are constants and multiples of 4: a few instructions where it is called. */
static inline __attribute__((always_inline)) bool secret_equal_short(const void *a, const void *b,
                                                                     size_t size)
{
    const uint8_t *x = a, *y = b;
    uint64_t difference = 0;
    for (size_t i = 0; i < size / 8; i++) {
        uint64_t u, v;
        memcpy(&u, x + 8 * i, sizeof u);
        memcpy(&v, y + 8 * i, sizeof v);
        difference = secret_gather(difference, u ^ v);
    }
    if (size % 8 != 0) {
        uint32_t u, v;
        memcpy(&u, x + size - 4, sizeof u);
        memcpy(&v, y + size - 4, sizeof v);
        difference = secret_gather(difference, u ^ v);
    }
    return difference == 0;
}

/* Equality in time that depends on size alone. Both may be NULL when size is 0 (then true). */
bool secret_equal(const void *a, const void *b, size_t size);

#endif
