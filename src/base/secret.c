/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

void secret_wipe(void *data, size_t size)
{
    if (size == 0)
        return;
    memset(data, 0, size);
    /* The compiler must assume that somebody reads the zeros behind the pointer, so it keeps the stores. */
    __asm__ __volatile__("" : : "r"(data) : "memory");
}

void secret_wipe_shared(void *data, size_t size)
{
    uintptr_t *words = data;
    for (size_t i = 0; i < size / sizeof *words; i++)
        __atomic_store_n(&words[i], 0, __ATOMIC_RELAXED);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < size; i++) {
        difference |= (uint8_t)(x[i] ^ y[i]);
        /* Opaque to the optimiser: no early exit once a difference is known. */
        __asm__ __volatile__("" : "+r"(difference));
    }
    return difference == 0;
}
