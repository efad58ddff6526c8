/* SPDX-License-Identifier: MIT */
#include "packages/heap.h"

#include "base/mem.h"

const struct packages_heap packages_heap_mem = {.alloc = mem_alloc, .release = mem_free};
