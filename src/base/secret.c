/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

void secret_wipe_shared(void *data, size_t size)
{
    uintptr_t *words = data;
    for (size_t i = 0; i < size / sizeof *words; i++)
        __atomic_store_n(&words[i], 0, __ATOMIC_RELAXED);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;
    uint64_t difference = 0, u, v;
    for (; size >= sizeof u; size -= sizeof u) {
        memcpy(&u, x, sizeof u);
        memcpy(&v, y, sizeof v);
        difference = secret_gather(difference, u ^ v);
        x += sizeof u;
        y += sizeof v;
    }
    if (size >= sizeof(uint32_t)) {
        uint32_t m, n;
        memcpy(&m, x, sizeof m);
        memcpy(&n, y, sizeof n);
        difference = secret_gather(difference, m ^ n);
        x += sizeof m;
        y += sizeof n;
        size -= sizeof m;
    }
    for (; size > 0; size--)
        difference = secret_gather(difference, (uint64_t)(*x++ ^ *y++));
    return difference == 0;
}
