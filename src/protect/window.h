/* SPDX-License-Identifier: MIT */
/*
 * protect/window: which sequence numbers were seen. RFC 2743 1.2.3 semantics on 64-bit numbers in a ring
 * bitmap (the technique of RFC 6479), in two sizes: 1024 entries, and 512 for contexts of which there are
 * many. NTLM's datagram contexts feed 32-bit numbers, Kerberos 64-bit ones (RC4: 32). Feed authenticated
 * numbers only. All-zero is not a valid window: use window_init.
 */
#ifndef OPENSSPI_PROTECT_WINDOW_H
#define OPENSSPI_PROTECT_WINDOW_H

#include "protect/protect.h"

enum { WINDOW_SIZE = 1024, WINDOW_SMALL = 512 };

enum window_mode {
    WINDOW_OFF = 0,      /* nothing is checked */
    WINDOW_REPLAY = 1,   /* duplicates and numbers too old are refused; gaps and reordering pass */
    WINDOW_SEQUENCE = 2, /* any gap or reordering is refused too; a gap moves the expectation behind itself */
};

struct window {
    uint64_t first; /* numbers are counted relative to it, modulo 2^width */
    uint64_t next;  /* relative number expected next: one above the highest accepted */
    uint8_t mode;   /* enum window_mode */
    uint8_t width;  /* 32 or 64 */
    uint8_t full;   /* the highest number of all was accepted: next would be 2^64 and reads 0 */
    uint8_t reserved[5];
    uint64_t seen[WINDOW_SIZE / 64];
};

/* The same with WINDOW_SMALL entries. */
struct window_small {
    uint64_t first;
    uint64_t next;
    uint8_t mode;
    uint8_t width;
    uint8_t full;
    uint8_t reserved[5];
    uint64_t seen[WINDOW_SMALL / 64];
};

void window_init(struct window *w, enum window_mode mode, unsigned width, uint64_t first);

/*
 * Judges an authentic number and records it. PROTECT_OK or PROTECT_OUT_OF_SEQUENCE. In sequence mode an
 * authentic number beyond the expected one is recorded and moves the expectation although the answer is
 * OUT_OF_SEQUENCE; duplicates and old ones change nothing.
 */
enum protect_verdict window_accept(struct window *w, uint64_t number);

void window_small_init(struct window_small *w, enum window_mode mode, unsigned width, uint64_t first);
enum protect_verdict window_small_judge(struct window_small *w, uint64_t number);

/* The number that is expected, as nearly all are, is judged in line. */
static inline enum protect_verdict window_small_accept(struct window_small *w, uint64_t number)
{
    uint64_t relative = number - w->first;
    if (w->width == 32)
        relative = (uint32_t)relative;
    if (w->mode == WINDOW_OFF || w->full || relative != w->next)
        return window_small_judge(w, number);
    w->seen[relative / 64 % (WINDOW_SMALL / 64)] |= UINT64_C(1) << (relative % 64);
    w->next = relative + 1;
    w->full = w->next == 0;
    return PROTECT_OK;
}

#endif
