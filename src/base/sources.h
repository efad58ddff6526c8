/* SPDX-License-Identifier: MIT */
/*
 * base/sources: the one seam for what makes runs differ: randomness and the clock. Tests replace both to
 * reach published vectors through the real code; the shared library does not export the seam.
 */
#ifndef OPENSSPI_BASE_SOURCES_H
#define OPENSSPI_BASE_SOURCES_H

#include "port.h"

struct sources {
    bool (*random)(void *arg, void *out, size_t size); /* false: none to be had */
    uint64_t (*now)(void *arg);                        /* FILETIME: 100 ns since 1601-01-01 UTC */
    void *arg;
};

bool sources_random(void *out, size_t size); /* getrandom(2); false leaves out zeroed */
/* The same, never replaced: for what must differ between processes even in tests (epochs of handles). */
bool sources_system_random(void *out, size_t size);
uint64_t sources_now(void); /* FILETIME */

/* Tests only; NULL restores the system's. Not thread-safe. The pointed-to struct must outlive its use. */
void sources_replace(const struct sources *s);

#endif
