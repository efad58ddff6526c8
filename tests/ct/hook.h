/* SPDX-License-Identifier: MIT */
/*
 * hook: included before all else by every source of the constant-time check (run). base/secret.h's comparison
 * in line is declassified here: its verdict is public. The one that is a function is ct.c's.
 */
#ifndef OPENSSPI_TESTS_CT_HOOK_H
#define OPENSSPI_TESTS_CT_HOOK_H

#define secret_equal_short ct_plain_equal_short
#include "base/secret.h"
#undef secret_equal_short

#include <valgrind/memcheck.h>

/* True: a leak is planted, and *equal is what it found. */
bool ct_planted_equal(const void *a, const void *b, size_t size, bool *equal);

static inline __attribute__((always_inline)) bool secret_equal_short(const void *a, const void *b,
                                                                     size_t size)
{
    bool equal;
    if (!ct_planted_equal(a, b, size, &equal))
        equal = ct_plain_equal_short(a, b, size);
    (void)VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof equal);
    return equal;
}

#endif
