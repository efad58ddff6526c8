/* SPDX-License-Identifier: MIT */
/*
 * port.h, user space: what freestanding code (protect/, crypto/ headers, base/span.h) may assume of its
 * surroundings. src/port/linux/port.h gives the same names inside the kernel; the build chooses by -I, no
 * source file chooses by #ifdef. Only fixed-width integers, bool, size_t, char16_t and mem* come from
 * here.
 */
#ifndef OPENSSPI_PORT_H
#define OPENSSPI_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <uchar.h>
#if __has_include(<sys/single_threaded.h>) /* glibc 2.32 */
#include <sys/single_threaded.h>
#else
#define __libc_single_threaded false
#endif

/* No other thread of this process can run before this one makes one: what is shared needs no locked
 * instruction now. False says nothing. */
static inline bool port_alone(void)
{
    return __libc_single_threaded;
}

#endif
