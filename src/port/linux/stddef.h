/* SPDX-License-Identifier: MIT */
/* NULL, offsetof, size_t. */
#ifndef OPENSSPI_PORT_LINUX_STDDEF_H
#define OPENSSPI_PORT_LINUX_STDDEF_H

#include <linux/stddef.h>
#include <linux/types.h>

#endif
