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

/* " [###....]" in what is left of the line; nothing where that would be too little to see. */
static void put_bar(char out[static BAR_MAX + 4], double part, size_t room)
{
    size_t width = room < 11 ? 0 : room - 3 < BAR_MAX ? room - 3 : BAR_MAX;
    size_t full = (size_t)(part * (double)width);

    *out = '\0';
    if (width == 0)
        return;
    memcpy(out, " [", 2);
    memset(out + 2, '#', full);
    memset(out + 2 + full, '.', width - full);
    memcpy(out + 2 + width, "]", 2);
}

void progress_update(struct progress *p, uint64_t done)
{
    char name[NAME_WIDTH + 1], bytes[32], rate[32], percent[16] = "", line[160], bar[BAR_MAX + 4] = "";
    int64_t now = p->on ? now_ms() : 0;

    if (!p->on || (p->shown && now - p->drawn < 100))
        return;
    p->drawn = now;
    p->shown = true;
    int64_t passed = now - p->begun;
    double part = p->total && done < p->total ? (double)done / (double)p->total : 1;
    put_name(name, p->name);
    text_bytes(bytes, sizeof(bytes), done);
    text_bytes(rate, sizeof(rate), passed > 0 ? (uint64_t)((double)done * 1000 / (double)passed) : 0);
    if (p->total != STREAM_SIZE_UNKNOWN)
        snprintf(percent, sizeof(percent), " %3u %%", (unsigned)(part * 100));
    snprintf(line, sizeof(line), "%s%s %10s %10s/s", name, percent, bytes, rate);
    size_t used = strlen(line), wide = columns();
    if (p->total != STREAM_SIZE_UNKNOWN && used < wide)
        put_bar(bar, part, wide - used);
    /* A line that wraps could not be drawn over. */
    fprintf(stderr, "\r\033[K%.*s%s", (int)(wide - 1), line, bar);
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
