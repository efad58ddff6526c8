/* SPDX-License-Identifier: MIT */
/*
 * port.h inside the Linux kernel: the names that freestanding code takes from src/port/user/port.h elsewhere.
 * The headers beside this one stand in for those of a libc that <sspi_types.h> and shared code name; the
 * kernel is built with -nostdinc, so -I alone decides which are found.
 */
#ifndef OPENSSPI_PORT_H
#define OPENSSPI_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <uchar.h>

static inline bool port_alone(void)
{
    return false;
}

#endif
