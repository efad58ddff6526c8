/* SPDX-License-Identifier: MIT */
/* secur32/status: the names of statuses, one entry per number. */
#ifndef OPENSSPI_SECUR32_STATUS_H
#define OPENSSPI_SECUR32_STATUS_H

#include <stddef.h>

#include <sspi.h>

struct status_entry {
    SECURITY_STATUS status;
    const char *name, *text, *advice;
};

extern const struct status_entry status_entries[];
extern const size_t status_entry_count;

#endif
