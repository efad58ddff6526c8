/* SPDX-License-Identifier: MIT */
/*
 * check/heap: the heaps that the kit serves a package from. Each block lies between guard pages, is known by
 * the function that gave it, and must come back through the one that belongs to it. The address of a freed
 * block stays forbidden for a while. Mistakes are kept, not punished: the points that are about them ask.
 *
 * A package that the library's own registry hosts (Negotiate) is served by that; then the counts are the
 * library's.
 */
#ifndef OPENSSPI_CHECK_HEAP_H
#define OPENSSPI_CHECK_HEAP_H

#include <ntsecpkg.h>

#include <stdbool.h>
#include <stddef.h>

enum heap_kind { HEAP_LSA, HEAP_PRIVATE, HEAP_CLIENT, HEAP_USER, HEAP_KINDS };

/* The tables to hand to a package. Static, made at the first call. */
LSA_SECPKG_FUNCTION_TABLE *heap_lsa_functions(void);
SECPKG_DLL_FUNCTIONS *heap_dll_functions(void);
/* From now on the registry's heaps are meant. */
void heap_use_registry(void);

void *heap_alloc(enum heap_kind kind, size_t size);
/* Frees as a host does: whatever the block was given by, one of the two kinds. False: neither's. */
bool heap_free(enum heap_kind kind, void *p);
/* FreeContextBuffer of an application: HEAP_CLIENT or HEAP_USER. */
bool heap_free_client(void *p);
/* Is p a block of this kind that is alive, and how long? */
bool heap_owns(enum heap_kind kind, const void *p, size_t *size);

size_t heap_live(void);
/* Calls of the allocating functions so far. */
size_t heap_asked(void);
/* The nth allocation from now on fails, 1 for the next; 0: none. */
void heap_fail(size_t nth);
/* Did one fail since heap_fail? */
bool heap_failed(void);

/* The first mistake since the start: static text; NULL: none. */
const char *heap_mistake(void);

#endif
