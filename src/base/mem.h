/* SPDX-License-Identifier: MIT */
/*
 * base/mem: where memory comes from.
 *
 * mem_alloc: the heap for everything that may hold a key, password, hash or a trace of one (LSA credentials,
 * handshakes, names of contexts). Private anonymous pages in size classes: MADV_DONTDUMP, MADV_WIPEONFORK,
 * mlock where permitted; zeroed when handed out, wiped when freed. After fork the child's copy reads as
 * zeros, the allocator's own metadata with it, and an all-zero allocator is a valid empty one.
 *
 * mem_client_alloc: ordinary memory for what the application receives and frees with FreeContextBuffer;
 * survives fork. It is also the place for what a process needs in a fork's child as well and what is no
 * secret: registries, names of packages, configuration. (What lies in mem_alloc reads as zeros there.)
 *
 * Every allocation in the library goes through here or base/slab, so that tests can count them and let each
 * fail once.
 */
#ifndef OPENSSPI_BASE_MEM_H
#define OPENSSPI_BASE_MEM_H

#include "port.h"

/* Zeroed, 16-byte aligned; NULL when out of memory or size is 0 or above 2^31. Any thread. */
void *mem_alloc(size_t size);
/* Wipes and frees; NULL is fine. A pointer that mem_alloc did not give, or from before a fork, is ignored
 * where it can be told (its header reads zero). */
void mem_free(void *p);
/* Copy of size bytes from mem_alloc; NULL when out of memory (size 0 gives a 1-byte allocation). */
void *mem_copy(const void *data, size_t size);

/* Zeroed memory for the application; freed by mem_client_free (FreeContextBuffer), which wipes it. */
void *mem_client_alloc(size_t size);
void mem_client_free(void *p);

/* Allocations of mem_alloc alive in this process. For tests. */
size_t mem_live(void);

/* Gives all pages back. For modules on their way out, which have this code to themselves: nothing may be
 * allocated and no thread near. */
void mem_unload(void);

/* Private zero pages with the properties above, for mem and slab. NULL when refused. size is rounded up to
 * pages; lock: try mlock. mem_pages_reserve: address space only (MAP_NORESERVE), pages appear when touched.
 */
void *mem_pages(size_t size, bool lock);
void *mem_pages_reserve(size_t size);
void mem_pages_free(void *p, size_t size);
size_t mem_pages_round(size_t size);
/* Tries to mlock; where RLIMIT_MEMLOCK does not reach, the pages stay as they are. */
void mem_pages_lock(void *p, size_t size);

/* Asks the gate below; for allocators built on mem_pages. */
bool mem_gate(size_t size);

/* Test seam: called before every allocation of mem and slab; false makes it fail. NULL (default): never
 * asked. */
extern bool (*mem_test_gate)(void *arg, size_t size);
extern void *mem_test_gate_arg;
/* Test seam: behave as on a system without MADV_WIPEONFORK. Set before the first allocation. */
extern bool mem_test_no_wipeonfork;

#endif
