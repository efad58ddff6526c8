/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define NAME_WIDTH 24
#define BAR_MAX    40

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_begin(struct progress *p, const char *name, uint64_t total, bool quiet)
{
    *p = (struct progress){.on = !quiet && isatty(STDERR_FILENO), .name = name, .total = total};
    p->begun = p->drawn = now_ms();
}

static unsigned columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* The end of a long name says more than its beginning. */
static void put_name(char out[static NAME_WIDTH + 1], const char *name)
{
    char safe[512];
    size_t length = strlen(text_safe(safe, sizeof(safe), name, strlen(name)));
    const char *from = safe;

    if (length > NAME_WIDTH) {
        from += length - NAME_WIDTH;
        while (((uint8_t)*from & 0xC0) == 0x80)
            from++;
    }
    memcpy(out, from, strlen(from) + 1);
}

void progress_update(struct progress *p, uint64_t done)
{
    char name[NAME_WIDTH + 1], bytes[32], rate[32], bar[BAR_MAX + 1];
    int64_t now = p->on ? now_ms() : 0;

    if (!p->on || (p->shown && now - p->drawn < 100))
        return;
    p->drawn = now;
    p->shown = true;
    put_name(name, p->name);
    text_bytes(bytes, sizeof(bytes), done);
    int64_t passed = now - p->begun;
    text_bytes(rate, sizeof(rate), passed > 0 ? (uint64_t)((double)done * 1000 / (double)passed) : 0);
    unsigned around = (unsigned)strlen(name) + 42, wide = columns();
    unsigned width = wide < around + 6 ? 0 : wide - around < BAR_MAX ? wide - around : BAR_MAX;
    if (p->total == STREAM_SIZE_UNKNOWN) {
        fprintf(stderr, "\r\033[K%s %10s %10s/s", name, bytes, rate);
    } else {
        double part = p->total ? (double)done / (double)p->total : 1;
        unsigned full = (unsigned)(part * width);

        memset(bar, '#', full);
        memset(bar + full, '.', width - full);
        bar[width] = '\0';
        fprintf(stderr, "\r\033[K%s [%s] %3u %% %10s %10s/s", name, bar, (unsigned)(part * 100), bytes, rate);
    }
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
