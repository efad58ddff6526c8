/* SPDX-License-Identifier: MIT */
#include "protect/window.h"

enum { WORD_BITS = 64 };

static bool seen(const struct window *w, uint64_t relative)
{
    uint64_t slot = relative % WINDOW_SIZE;
    return w->seen[slot / WORD_BITS] >> (slot % WORD_BITS) & 1;
}

static void mark(struct window *w, uint64_t relative)
{
    uint64_t slot = relative % WINDOW_SIZE;
    w->seen[slot / WORD_BITS] |= UINT64_C(1) << (slot % WORD_BITS);
}

/* The expectation moves behind `relative`; the ring's slots for what was skipped hold numbers too old by now.
 */
static void advance(struct window *w, uint64_t relative)
{
    uint64_t skipped = relative - w->next;
    if (skipped >= WINDOW_SIZE) {
        memset(w->seen, 0, sizeof w->seen);
    } else {
        for (uint64_t n = w->next; n != relative + 1; n++) {
            uint64_t slot = n % WINDOW_SIZE;
            w->seen[slot / WORD_BITS] &= ~(UINT64_C(1) << (slot % WORD_BITS));
        }
    }
    mark(w, relative);
    w->next = relative + 1;
    w->full = w->next == 0;
}

void window_init(struct window *w, enum window_mode mode, unsigned width, uint64_t first)
{
    memset(w, 0, sizeof *w);
    w->first = width == 32 ? (uint32_t)first : first;
    w->mode = (uint8_t)mode;
    w->width = (uint8_t)width;
}

enum protect_verdict window_accept(struct window *w, uint64_t number)
{
    if (w->mode == WINDOW_OFF)
        return PROTECT_OK;
    uint64_t relative = number - w->first;
    if (w->width == 32)
        relative = (uint32_t)relative;

    if (!w->full && relative >= w->next) {
        bool gap = relative != w->next;
        advance(w, relative);
        return gap && w->mode == WINDOW_SEQUENCE ? PROTECT_OUT_OF_SEQUENCE : PROTECT_OK;
    }
    /* Once full, next is 2^64 written as 0: the difference still is right. */
    uint64_t age = w->next - relative;
    if (w->mode == WINDOW_SEQUENCE || age > WINDOW_SIZE || age == 0 || seen(w, relative))
        return PROTECT_OUT_OF_SEQUENCE;
    mark(w, relative);
    return PROTECT_OK;
}
