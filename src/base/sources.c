/* SPDX-License-Identifier: MIT */
#include "base/sources.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "base/secret.h"

/* Seconds from 1601-01-01 to 1970-01-01. */
#define FILETIME_UNIX_EPOCH UINT64_C(11644473600)

static const struct sources *replaced;

bool sources_system_random(void *out, size_t size)
{
    uint8_t *p = out;
    for (size_t done = 0; done < size;) {
        ssize_t n = getrandom(p + done, size - done, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            secret_wipe(out, size);
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

bool sources_random(void *out, size_t size)
{
    if (!replaced || !replaced->random)
        return sources_system_random(out, size);
    if (replaced->random(replaced->arg, out, size))
        return true;
    secret_wipe(out, size);
    return false;
}

uint64_t sources_now(void)
{
    if (replaced && replaced->now)
        return replaced->now(replaced->arg);
    struct timespec t;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0)
        return 0;
    return ((uint64_t)t.tv_sec + FILETIME_UNIX_EPOCH) * 10000000 + (uint64_t)t.tv_nsec / 100;
}

void sources_replace(const struct sources *s)
{
    replaced = s;
}
