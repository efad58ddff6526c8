/* SPDX-License-Identifier: MIT */
/*
 * check/guard: memory between two pages that nobody may touch. Bytes end right before the second one, so that
 * the first byte read or written behind them ends the process; what lies between the first page and the bytes
 * is filled and looked at afterwards. Who touched which byte is noted for the parent (child.c).
 */
#ifndef OPENSSPI_CHECK_GUARD_H
#define OPENSSPI_CHECK_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guard {
    uint8_t *pages; /* the first page that nobody may touch */
    size_t mapped;
    uint8_t *data;
    size_t size;
    const char *label; /* static: "DATA", "output TOKEN" */
};

/* Zeroed; align: a power of two that data keeps to, at the cost of up to align - 1 bytes behind it, which are
 * filled and looked at instead. False: no memory. */
bool guard_make(struct guard *g, size_t size, size_t align, const char *label);
/* As guard_make with align 1; ends the process when there is no memory. */
void guard_new(struct guard *g, size_t size, const char *label);
/* Nothing may touch the bytes any more; the address stays taken. */
void guard_close(struct guard *g);
void guard_free(struct guard *g);
/* False: something was written before the bytes, or behind them where align left room. */
bool guard_intact(const struct guard *g);

/* From now on until guard_free the handler knows it by its label. It must not move meanwhile. */
void guard_list(const struct guard *g);
/* Installs the handler of SIGSEGV and SIGBUS. */
void guard_watch(void);

#endif
