/* SPDX-License-Identifier: MIT */
#include "protect/window.h"

enum { WORD_BITS = 64 };

/* Either window: what judging it reads, and where it writes. */
struct ring {
    uint64_t first;
    enum window_mode mode;
    unsigned width;
    uint64_t *next;
    uint8_t *full;
    uint64_t *seen;
    uint64_t size; /* a power of two */
};

/* Where the size is no constant (advance), a remainder would be a division. */
static uint64_t slot_of(const struct ring *r, uint64_t relative)
{
    return relative & (r->size - 1);
}

static bool seen(const struct ring *r, uint64_t relative)
{
    uint64_t slot = slot_of(r, relative);
    return r->seen[slot / WORD_BITS] >> (slot % WORD_BITS) & 1;
}

static void mark(const struct ring *r, uint64_t relative)
{
    uint64_t slot = slot_of(r, relative);
    r->seen[slot / WORD_BITS] |= UINT64_C(1) << (slot % WORD_BITS);
}

/* The expectation moves behind `relative`; the ring's slots for what was skipped hold numbers too old by now.
 */
static void advance(const struct ring *r, uint64_t relative)
{
    uint64_t skipped = relative - *r->next;
    if (skipped >= r->size) {
        memset(r->seen, 0, r->size / 8);
    } else {
        for (uint64_t n = *r->next; n != relative + 1; n++) {
            uint64_t slot = slot_of(r, n);
            r->seen[slot / WORD_BITS] &= ~(UINT64_C(1) << (slot % WORD_BITS));
        }
    }
    mark(r, relative);
    *r->next = relative + 1;
    *r->full = *r->next == 0;
}

/* Inline in both: the sizes are constants there. */
static inline __attribute__((always_inline)) enum protect_verdict judge(const struct ring *r, uint64_t number)
{
    if (r->mode == WINDOW_OFF)
        return PROTECT_OK;
    uint64_t relative = number - r->first;
    if (r->width == 32)
        relative = (uint32_t)relative;

    if (!*r->full && relative >= *r->next) {
        bool gap = relative != *r->next;
        advance(r, relative);
        return gap && r->mode == WINDOW_SEQUENCE ? PROTECT_OUT_OF_SEQUENCE : PROTECT_OK;
    }
    /* Once full, next is 2^64 written as 0: the difference still is right. */
    uint64_t age = *r->next - relative;
    if (r->mode == WINDOW_SEQUENCE || age > r->size || age == 0 || seen(r, relative))
        return PROTECT_OUT_OF_SEQUENCE;
    mark(r, relative);
    return PROTECT_OK;
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
    const struct ring r = {w->first,   (enum window_mode)w->mode, w->width, &w->next, &w->full, w->seen,
                           WINDOW_SIZE};
    return judge(&r, number);
}

void window_small_init(struct window_small *w, enum window_mode mode, unsigned width, uint64_t first)
{
    memset(w, 0, sizeof *w);
    w->first = width == 32 ? (uint32_t)first : first;
    w->mode = (uint8_t)mode;
    w->width = (uint8_t)width;
}

enum protect_verdict window_small_judge(struct window_small *w, uint64_t number)
{
    const struct ring r = {w->first,    (enum window_mode)w->mode, w->width, &w->next, &w->full, w->seen,
                           WINDOW_SMALL};
    return judge(&r, number);
}
