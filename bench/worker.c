/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <valgrind/callgrind.h>

enum { STATES_MAX = 128, PIECES_MAX = 64, COUNTED = 16 };

enum op { MAKE, CHECK, HANDSHAKE };

struct request {
    const struct worker_candidate *candidate;
    void *state;
    enum op op;
    size_t size;
};

/* One for making and handshakes, one for checking, which has to see all that was made; and each again for a
 * second thread. */
static void *states[2][2][STATES_MAX];
static const struct worker_candidate *table;
static uint8_t message[WORKER_SIZE_MAX];

uint64_t worker_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* This thread's processor time: what others do meanwhile does not count. */
static uint64_t spent_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *state_of(const struct worker_candidate *c, enum op op, int which)
{
    void **state = &states[op == CHECK][which][c - table];
    if (*state == NULL)
        *state = c->open(c);
    return *state;
}

/* ---- one job ---- */

static uint8_t *tokens_new(void)
{
    return aligned_alloc(64, (size_t)WORKER_TOKEN_ROOM * WORKER_TOKENS_MAX);
}

/* Nanoseconds of processor time for count of them; 0: it failed. Tokens to check are made before the clock
 * starts. */
static uint64_t run(const struct request *r, uint8_t *tokens, size_t count)
{
    const struct worker_job job = {message, r->size, tokens, count};
    bool ok = true;
    if (r->op == CHECK && !r->candidate->make(r->state, &job))
        return 0;
    uint64_t start = spent_now();
    if (r->op == HANDSHAKE)
        for (size_t i = 0; i < count && ok; i++)
            ok = r->candidate->handshake(r->state);
    else
        ok = (r->op == MAKE ? r->candidate->make : r->candidate->check)(r->state, &job);
    uint64_t took = spent_now() - start;
    return ok ? took + (took == 0) : 0;
}

static size_t rounded(const struct request *r, size_t count)
{
    size_t multiple = r->candidate->multiple ? r->candidate->multiple : 1;
    count = (count + multiple - 1) / multiple * multiple;
    return count > WORKER_TOKENS_MAX ? WORKER_TOKENS_MAX / multiple * multiple : count;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- the commands ---- */

static void answer_time(const struct request *r, uint64_t budget)
{
    uint8_t *tokens = tokens_new();
    double pieces[PIECES_MAX];
    size_t count = rounded(r, 1), made = 0;
    uint64_t took = run(r, tokens, count), spent = 0;

    /* Pieces of a sixteenth of the time; the first run warmed up. */
    while (took != 0 && took < budget / 16 && rounded(r, count * 2) > count) {
        count = rounded(r, count * 2);
        took = run(r, tokens, count);
    }
    while (took != 0 && made < PIECES_MAX && (made < 3 || spent < budget)) {
        took = run(r, tokens, count);
        pieces[made++] = (double)took / (double)count;
        spent += took;
    }
    free(tokens);
    if (took == 0) {
        printf("error %s failed\n", r->candidate->name);
        return;
    }
    qsort(pieces, made, sizeof pieces[0], by_value);
    printf("%.2f\n", pieces[made / 2]);
}

static void answer_allocs(const struct request *r)
{
    const uint64_t *allocs = dlsym(RTLD_DEFAULT, "bench_allocs");
    uint8_t *tokens = tokens_new();
    size_t count = rounded(r, COUNTED);
    if (allocs == NULL) {
        printf("error bench_allocs.so is not preloaded\n");
    } else if (run(r, tokens, count) == 0) {
        printf("error %s failed\n", r->candidate->name);
    } else {
        const struct worker_job job = {message, r->size, tokens, count};
        bool ok = r->op != CHECK || r->candidate->make(r->state, &job);
        uint64_t before = *allocs;
        if (r->op == HANDSHAKE)
            for (size_t i = 0; i < count && ok; i++)
                ok = r->candidate->handshake(r->state);
        else
            ok = ok && (r->op == MAKE ? r->candidate->make : r->candidate->check)(r->state, &job);
        double each = (double)(*allocs - before) / (double)count;
        ok ? printf("%.2f\n", each) : printf("error %s failed\n", r->candidate->name);
    }
    free(tokens);
}

static void answer_instructions(const struct request *r, const char *line)
{
    uint8_t *tokens = tokens_new();
    size_t count = rounded(r, COUNTED);
    const struct worker_job job = {message, r->size, tokens, count};
    bool ok = run(r, tokens, count) != 0; /* lazy binding, first use */
    if (ok && r->op == CHECK)
        ok = r->candidate->make(r->state, &job);
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
    if (r->op == HANDSHAKE)
        for (size_t i = 0; i < count && ok; i++)
            ok = r->candidate->handshake(r->state);
    else
        ok = ok && (r->op == MAKE ? r->candidate->make : r->candidate->check)(r->state, &job);
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(line);
    ok ? printf("%zu\n", count) : printf("error %s failed\n", r->candidate->name);
    free(tokens);
}

static void answer_token(const struct request *r)
{
    uint8_t *tokens = tokens_new();
    size_t count = rounded(r, 1);
    memset(tokens, 0, WORKER_TOKEN_ROOM);
    if (r->op != MAKE || run(r, tokens, count) == 0)
        printf("error %s failed", r->candidate->name);
    else
        for (size_t i = 0; i < WORKER_TOKEN_ROOM; i++)
            printf("%02x", tokens[i]);
    printf("\n");
    free(tokens);
}

/* ---- two threads ---- */

struct runner {
    struct request request;
    pthread_barrier_t *ready;
    uint64_t until; /* how long, ns */
    double rate;    /* jobs per second; 0: it failed */
    int cpu;
};

static void *runner_main(void *arg)
{
    struct runner *r = arg;
    uint8_t *tokens = tokens_new();
    size_t count = rounded(&r->request, 256);
    uint64_t busy = 0, done = 0;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(r->cpu, &cpus);
    sched_setaffinity(0, sizeof cpus, &cpus);
    bool ok = run(&r->request, tokens, count) != 0;
    pthread_barrier_wait(r->ready);
    struct rusage first, last;
    getrusage(RUSAGE_THREAD, &first);
    uint64_t start = worker_now(), spent = spent_now(), now = start;
    while (ok && now - start < r->until) {
        ok = run(&r->request, tokens, count) != 0;
        now = worker_now();
        done += count;
    }
    spent = spent_now() - spent;
    getrusage(RUSAGE_THREAD, &last);
    /* Who waited for the other one is measured by the clock on the wall. */
    busy = last.ru_nvcsw > first.ru_nvcsw ? now - start : spent;
    r->rate = ok ? (double)done * 1e9 / (double)busy : 0;
    free(tokens);
    return NULL;
}

/* Jobs per second of that many threads together; shared: all on the first state. */
static double rate_of(const struct request *r, int threads, bool shared, uint64_t ns)
{
    struct runner runners[2];
    pthread_t ids[2];
    pthread_barrier_t ready;
    double rate = 0;
    pthread_barrier_init(&ready, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        runners[i] = (struct runner){*r, &ready, ns, 0, i};
        runners[i].request.state = state_of(r->candidate, r->op, shared ? 0 : i);
        pthread_create(&ids[i], NULL, runner_main, &runners[i]);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        rate = runners[i].rate == 0 || (i > 0 && rate == 0) ? 0 : rate + runners[i].rate;
    }
    pthread_barrier_destroy(&ready);
    return rate;
}

static void answer_scale(const struct request *r, bool shared, uint64_t ms)
{
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        printf("error one CPU only\n");
        return;
    }
    if (!shared && state_of(r->candidate, r->op, 1) == NULL) {
        printf("error %s is not to be had twice\n", r->candidate->name);
        return;
    }
    double one = rate_of(r, 1, shared, ms * 500000), two = rate_of(r, 2, shared, ms * 500000);
    if (one == 0 || two == 0)
        printf("error %s failed\n", r->candidate->name);
    else
        printf("%.4f\n", two / one);
}

/* ---- the lines ---- */

static bool parse(struct request *r, const char *name, const char *op, size_t size)
{
    for (r->candidate = table; r->candidate->name && strcmp(r->candidate->name, name) != 0;)
        r->candidate++;
    r->op = strcmp(op, "make") == 0 ? MAKE : strcmp(op, "check") == 0 ? CHECK : HANDSHAKE;
    r->size = size;
    bool known = r->candidate->name && size <= WORKER_SIZE_MAX;
    bool offered = known && (r->op == MAKE    ? r->candidate->make != NULL
                             : r->op == CHECK ? r->candidate->check != NULL
                                              : r->candidate->handshake != NULL);
    r->state = offered ? state_of(r->candidate, r->op, 0) : NULL;
    if (r->state == NULL)
        printf("error %s of %s is not to be had\n", op, name);
    return r->state != NULL;
}

static void obey(const char *line)
{
    char command[32] = "", name[64] = "", op[32] = "";
    unsigned long size = 0, amount = 0;
    struct request r;
    int words = sscanf(line, "%31s %63s %31s %lu %lu", command, name, op, &size, &amount);
    if (strcmp(command, "list") == 0) {
        for (const struct worker_candidate *c = table; c->name; c++)
            printf("%s ", c->name);
        printf("\n");
    } else if (words < 4) {
        printf("error not a request: %s\n", line);
    } else if (!parse(&r, name, op, size)) {
        return;
    } else if (strcmp(command, "time") == 0) {
        answer_time(&r, amount);
    } else if (strcmp(command, "token") == 0) {
        answer_token(&r);
    } else if (strcmp(command, "allocs") == 0) {
        answer_allocs(&r);
    } else if (strcmp(command, "instructions") == 0) {
        answer_instructions(&r, line);
    } else if (strcmp(command, "scale") == 0 || strcmp(command, "shared") == 0) {
        answer_scale(&r, command[1] == 'h', amount);
    } else {
        printf("error no such command: %s\n", command);
    }
}

static void *sleep_for_good(void *arg)
{
    for (;;)
        pause();
    return arg;
}

int worker_main(const struct worker_candidate *candidates)
{
    char line[256];
    pthread_t second;
    /* A process with threads locks where one without need not. */
    if (getenv("BENCH_THREADED"))
        pthread_create(&second, NULL, sleep_for_good, NULL);
    table = candidates;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 167 + 13);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        obey(line);
        fflush(stdout);
    }
    return 0;
}
