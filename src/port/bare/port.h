/* SPDX-License-Identifier: MIT */
/*
 * port.h where there is no libc: fixed-width integers, bool, size_t and char16_t are the compiler's own
 * (-ffreestanding), mem* are for the surroundings to give.
 */
#ifndef OPENSSPI_PORT_H
#define OPENSSPI_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __CHAR16_TYPE__ char16_t;

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

static inline bool port_alone(void)
{
    return false;
}

#endif
