/* SPDX-License-Identifier: MIT */
/* The inspector: whatever the token, what it says lies inside it and is printable. */
#include "fuzz.h"

#include <opensspi.h>

static size_t token_size;

static void line(void *arg, unsigned depth, const char *name, const char *value, size_t offset, size_t size)
{
    (void)arg;
    fuzz_check(depth < 16 && name != NULL && value != NULL);
    fuzz_check(offset <= token_size && size <= token_size - offset);
    for (const char *p = value; *p; p++)
        fuzz_check((uint8_t)*p >= 0x20 && *p != 0x7f);
    fuzz_touch(name, strlen(name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start();
    token_size = size;
    SspiInspectToken(data, size, line, NULL);
    return 0;
}
