/* SPDX-License-Identifier: MIT */
#include "port.h"

/* The empty asm keeps the compiler from recognising each loop as a call to the function it stands in. */

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    for (size_t i = 0; i < size; i++) {
        t[i] = f[i];
        __asm__ __volatile__("" : : : "memory");
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((uintptr_t)to <= (uintptr_t)from)
        return memcpy(to, from, size);
    while (size-- > 0) {
        ((uint8_t *)to)[size] = ((const uint8_t *)from)[size];
        __asm__ __volatile__("" : : : "memory");
    }
    return to;
}

void *memset(void *to, int value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)to)[i] = (uint8_t)value;
        __asm__ __volatile__("" : : : "memory");
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;
    for (size_t i = 0; i < size; i++) {
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    }
    return 0;
}
