/* SPDX-License-Identifier: MIT */
/*
 * base/trace: SSPI_TRACE=FILE, one line per event. Free when off: callers ask trace_on() first, one relaxed load.
 * Lines are written with one write(2) each (O_APPEND), so threads and processes do not mix them. Never a key, password,
 * hash or token content: only names, flags, lengths, numbers and statuses may be arguments.
 * Format: `2026-01-31T12:00:00.123456Z pid/tid room event key=value ...`.
 */
#ifndef OPENSSPI_BASE_TRACE_H
#define OPENSSPI_BASE_TRACE_H

#include <stdbool.h>

/* True when a trace file is open. SSPI_TRACE is read once, with secure_getenv. */
bool trace_on(void);
/* One event. room and event are words ("ntlm", "challenge-sent"); format gives the key=value pairs. */
void trace_event(const char *room, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Tests: closes the file and reads SSPI_TRACE again at the next use. */
void trace_reset(void);

#endif
