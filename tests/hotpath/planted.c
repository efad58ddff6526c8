/* SPDX-License-Identifier: MIT */
/* For the control of `check`: one way that keeps to pins.planted, and others with one fault each. */
#include <stdlib.h>

#define FUNCTION static __attribute__((noinline, used))

unsigned planted_count;
void *planted_heap;
void (*volatile planted_pointer)(void);

FUNCTION unsigned planted_leaf(unsigned x)
{
    return x * 3 + planted_count;
}

FUNCTION unsigned planted_locking_leaf(unsigned x)
{
    return __atomic_fetch_add(&planted_count, x, __ATOMIC_RELAXED);
}

FUNCTION unsigned planted_sound(unsigned x)
{
    planted_pointer();
    free(planted_heap);
    return planted_leaf(x) + planted_locking_leaf(x);
}

FUNCTION unsigned planted_division(unsigned x)
{
    return planted_leaf(1000 / (x | planted_count));
}

FUNCTION unsigned planted_lock(unsigned x)
{
    return planted_leaf(x) + planted_locking_leaf(x) + 1;
}

/* One fewer than was recorded. */
FUNCTION unsigned planted_unlocked(unsigned x)
{
    return planted_leaf(x) + 2;
}

FUNCTION unsigned planted_indirect(unsigned x)
{
    planted_pointer();
    return planted_leaf(x);
}

FUNCTION unsigned planted_call(unsigned x)
{
    free(planted_heap);
    planted_heap = malloc(x);
    return planted_leaf(x);
}

FUNCTION unsigned planted_callee(unsigned x)
{
    return planted_leaf(x) + 3;
}

/* A fault behind a jump at the end of a function. */
FUNCTION unsigned planted_deep(unsigned x)
{
    return planted_lock(x + 1);
}
