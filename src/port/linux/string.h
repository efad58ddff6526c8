/* SPDX-License-Identifier: MIT */
/* mem* and str* are the kernel's own. */
#ifndef OPENSSPI_PORT_LINUX_STRING_H
#define OPENSSPI_PORT_LINUX_STRING_H

#include <linux/string.h>

#endif
