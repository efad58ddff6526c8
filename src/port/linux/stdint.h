/* SPDX-License-Identifier: MIT */
/* The part of <stdint.h> that the kernel's headers have under other names or not at all. */
#ifndef OPENSSPI_PORT_LINUX_STDINT_H
#define OPENSSPI_PORT_LINUX_STDINT_H

#include <linux/limits.h>
#include <linux/types.h>

#ifndef UINT64_C
#define UINT64_C(v) v##ULL
#endif
#ifndef UINT32_C
#define UINT32_C(v) v##U
#endif
#ifndef UINT8_MAX
#define UINT8_MAX 0xff
#endif
#ifndef UINT16_MAX
#define UINT16_MAX 0xffff
#endif
#ifndef UINT32_MAX
#define UINT32_MAX 0xffffffffU
#endif
#ifndef UINT64_MAX
#define UINT64_MAX 0xffffffffffffffffULL
#endif
#ifndef INT32_MAX
#define INT32_MAX 0x7fffffff
#endif
#ifndef INT64_MAX
#define INT64_MAX 0x7fffffffffffffffLL
#endif
#ifndef SIZE_MAX
#define SIZE_MAX (~(size_t)0)
#endif
#ifndef UINTPTR_MAX
#define UINTPTR_MAX (~(uintptr_t)0)
#endif
/* A macro: newer kernels have the type, and nobody can ask for it in #if. */
#define intptr_t long

#endif
