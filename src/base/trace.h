/* SPDX-License-Identifier: MIT */
/*
 * base/trace: SSPI_TRACE=FILE, one line per event. Free when off: callers ask trace_on() first, one relaxed
 * load. Lines are written with one write(2) each (O_APPEND), so threads and processes do not mix them. Never
 * a key, password, hash or token content: only names, flags, lengths, numbers and statuses may be arguments.
 * Format: `2026-01-31T12:00:00.123456Z pid/tid room event key=value ...`.
 */
#ifndef OPENSSPI_BASE_TRACE_H
#define OPENSSPI_BASE_TRACE_H

#include <stdbool.h>

/* The trace file's descriptor, or one of these. */
enum { TRACE_OFF = -1, TRACE_UNREAD = -2 };
extern int trace_fd;
/* Reads SSPI_TRACE; trace_on's slow path. */
bool trace_open(void);

/* True when a trace file is open. SSPI_TRACE is read once, with secure_getenv. */
static inline bool trace_on(void)
{
    int fd = __atomic_load_n(&trace_fd, __ATOMIC_ACQUIRE);
    return fd == TRACE_UNREAD ? trace_open() : fd >= 0;
}

/* One event. room and event are words ("ntlm", "challenge-sent"); format gives the key=value pairs. */
void trace_event(const char *room, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Tests: closes the file and reads SSPI_TRACE again at the next use. */
void trace_reset(void);

#endif
