/* SPDX-License-Identifier: MIT */
#ifndef OPENSSPI_TESTS_TESTING_H
#define OPENSSPI_TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Runs body in a fork's child; true if it returned true. */
static inline bool in_child(bool (*body)(void *), void *arg)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(body(arg) ? 0 : 1);
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static inline bool all_zero(const void *p, size_t size)
{
    const unsigned char *bytes = p;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i])
            return false;
    }
    return true;
}

#endif
