/* SPDX-License-Identifier: MIT */
/* The transcript on the library's primitives. */
#include <stdio.h>

#include "vectors.h"

static void line(const char *text, size_t size)
{
    fwrite(text, 1, size, stdout);
    putchar('\n');
}

int main(void)
{
    vectors_run(line);
    return fflush(stdout) == 0 ? 0 : 1;
}
