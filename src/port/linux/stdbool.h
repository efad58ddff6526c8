/* SPDX-License-Identifier: MIT */
/* bool, true and false are the kernel's own. */
#ifndef OPENSSPI_PORT_LINUX_STDBOOL_H
#define OPENSSPI_PORT_LINUX_STDBOOL_H

#include <linux/stddef.h>
#include <linux/types.h>

#endif
