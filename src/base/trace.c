/* SPDX-License-Identifier: MIT */
#include "base/trace.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TRACE_LINE_MAX = 2048 };

int trace_fd = TRACE_UNREAD;

static int open_target(const char *path)
{
    if (!path || !*path)
        return TRACE_OFF;
    /* What stands behind /dev/stderr may be a socket, which open(2) refuses: take the descriptor itself. */
    int fd = strcmp(path, "/dev/stderr") == 0   ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
             : strcmp(path, "/dev/stdout") == 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                                                : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return fd < 0 ? TRACE_OFF : fd;
}

bool trace_open(void)
{
    int fd = open_target(secure_getenv("SSPI_TRACE"));
    int expected = TRACE_UNREAD;
    if (!__atomic_compare_exchange_n(&trace_fd, &expected, fd, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        if (fd >= 0)
            close(fd);
        fd = expected;
    }
    return fd >= 0;
}

static size_t stamp(char *line, size_t size)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
    int more =
        snprintf(line + n, size - n, ".%06ldZ %ld/%ld", now.tv_nsec / 1000, (long)getpid(), (long)gettid());
    return n + (size_t)more;
}

void trace_event(const char *room, const char *event, const char *format, ...)
{
    if (!trace_on())
        return;
    char line[TRACE_LINE_MAX];
    size_t n = stamp(line, sizeof line);
    n += (size_t)snprintf(line + n, sizeof line - n, " %s %s ", room, event);

    if (n > sizeof line - 1)
        n = sizeof line - 1;

    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + n, sizeof line - n, format, args);
    va_end(args);
    n += more > 0 ? (size_t)more : 0;
    if (n > sizeof line - 1)
        n = sizeof line - 1;
    /* One event, one line, whatever a peer's name contains. */
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    }
    while (n > 0 && line[n - 1] == ' ')
        n--;
    line[n++] = '\n';
    ssize_t written = write(__atomic_load_n(&trace_fd, __ATOMIC_ACQUIRE), line, n);
    (void)written; /* nothing to be done about a full disk here */
}

void trace_reset(void)
{
    int fd = __atomic_exchange_n(&trace_fd, TRACE_UNREAD, __ATOMIC_ACQ_REL);
    if (fd >= 0)
        close(fd);
}
