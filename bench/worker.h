/* SPDX-License-Identifier: MIT */
/*
 * worker: what the benchmark's processes have in common. Each is a table of candidates and this main program,
 * which obeys lines on its standard input, so that tools/bench lets candidates of several processes take
 * turns (the symbols of some of the libraries collide). One line of answer each, "error TEXT" when it cannot:
 *
 *     list                        NAME NAME ...
 *     time NAME OP SIZE NS        nanoseconds for one; made often enough to fill NS, median of the pieces
 *     token NAME make SIZE        the next token, in hexadecimal digits, zeros behind it
 *     allocs NAME OP SIZE         allocations for one; needs bench_allocs.so preloaded
 *     instructions NAME OP SIZE   under callgrind: a dump with that line as its trigger; for how many
 *     scale NAME OP SIZE MS       how many times as much two threads do as one, each on its own
 *     shared NAME OP SIZE MS      the same with both on one
 *
 * Nanoseconds are of processor time, those of threads that waited for one another by the clock on the wall.
 * OP is make or check, or handshake (SIZE 0).
 */
#ifndef OPENSSPI_BENCH_WORKER_H
#define OPENSSPI_BENCH_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WORKER_TOKEN_ROOM = 64,    /* from one token to the next */
    WORKER_TOKENS_MAX = 1024,  /* in one job */
    WORKER_SIZE_MAX = 1 << 16, /* of a message */
};

struct worker_job {
    const uint8_t *data;
    size_t size;
    uint8_t *tokens;
    size_t count;
};

struct worker_candidate {
    const char *name;
    unsigned parameter; /* open's own */
    unsigned multiple;  /* jobs are multiples of this; 0: of 1 */
    /* NULL, with a reason on stderr: not to be had here. State lives until the process ends. */
    void *(*open)(const struct worker_candidate *c);
    /* job->count tokens, or as many checks of the tokens that make made in this order. False: it failed. */
    bool (*make)(void *state, const struct worker_job *job);
    bool (*check)(void *state, const struct worker_job *job);
    /* Establishes a pair and drops it. */
    bool (*handshake)(void *state);
};

/* Ends with an entry without a name. BENCH_THREADED in the environment: the process has a second thread,
 * asleep. */
int worker_main(const struct worker_candidate *candidates);

/* Monotonic, nanoseconds. */
uint64_t worker_now(void);

#endif
