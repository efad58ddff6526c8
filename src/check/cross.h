/* SPDX-License-Identifier: MIT */
/*
 * check/cross: contexts in another process. A point's child hands both contexts, packed, to a process that it
 * executes; that one has the user half alone and nothing but these bytes, and lets the two talk to each
 * other.
 */
#ifndef OPENSSPI_CHECK_CROSS_H
#define OPENSSPI_CHECK_CROSS_H

#include "check/host.h"

#define CROSS_ROLE "-cross"

/* Passes or fails the point at hand. import: the bytes are ExportContext's; else both sides' ContextData. */
void cross_check(const struct check_pair *pair, bool import, const SecBuffer packed[2]);

/* The other process. */
_Noreturn void cross_run(void);

#endif
