/* SPDX-License-Identifier: MIT */
/* The window against an oracle that keeps every accepted number in a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "protect/window.h"

#include <cmocka.h>

/* Built for both sizes. */
#ifdef TEST_SMALL
enum { KNOWN_MAX = 4096, REACH = 512 };
typedef struct window_small tested;
#define tested_init   window_small_init
#define tested_accept window_small_accept
#else
enum { KNOWN_MAX = 4096, REACH = 1024 };
typedef struct window tested;
#define tested_init   window_init
#define tested_accept window_accept
#endif

/* Positions: how far a number lies behind the first, going round at 2^width. */
struct oracle {
    enum window_mode mode;
    unsigned width;
    uint64_t first;
    uint64_t known[KNOWN_MAX];
    size_t count;
};

static uint64_t oracle_position(const struct oracle *o, uint64_t number)
{
    return o->width == 32 ? (number - o->first) & 0xffffffff : number - o->first;
}

static bool oracle_knows(const struct oracle *o, uint64_t position)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->known[i] == position)
            return true;
    }
    return false;
}

static enum protect_verdict oracle_judge(struct oracle *o, uint64_t number)
{
    uint64_t position = oracle_position(o, number), highest = 0;
    for (size_t i = 0; i < o->count; i++)
        highest = o->known[i] > highest ? o->known[i] : highest;
    bool beyond = o->count == 0 || position > highest;
    if (o->mode == WINDOW_OFF)
        return PROTECT_OK;
    bool pass;
    if (o->mode == WINDOW_SEQUENCE)
        pass = o->count == 0 ? position == 0 : beyond && position - highest == 1;
    else
        pass = beyond || (!oracle_knows(o, position) && highest - position < REACH);
    bool remember = o->mode == WINDOW_SEQUENCE ? beyond : pass;
    if (remember && o->count < KNOWN_MAX)
        o->known[o->count++] = position;
    return pass ? PROTECT_OK : PROTECT_OUT_OF_SEQUENCE;
}

struct bench {
    tested w;
    struct oracle o;
};

static void begin(struct bench *b, enum window_mode mode, unsigned width, uint64_t first)
{
    tested_init(&b->w, mode, width, first);
    b->o.mode = mode;
    b->o.width = width;
    b->o.first = first;
    b->o.count = 0;
}

static void step(struct bench *b, uint64_t number)
{
    if (b->o.width == 32)
        number = (uint32_t)number;
    tested before = b->w;
    enum protect_verdict got = tested_accept(&b->w, number), want = oracle_judge(&b->o, number);
    if (got != want)
        fail_msg("mode %u width %u first %llx number %llx after %zu: %d instead of %d", b->o.mode, b->o.width,
                 (unsigned long long)b->o.first, (unsigned long long)number, b->o.count, got, want);
    if (got != PROTECT_OK && b->o.mode == WINDOW_REPLAY)
        assert_memory_equal(&b->w, &before, sizeof before);
}

/* Where numbers wrap, where signs would change, and plain. */
static const uint64_t firsts[] = {
    0, 1, 0x7ffffffd, 0xfffffffd, 0x100000000 - 1000, 0x7ffffffffffffffd, 0xfffffffffffffffd, UINT64_MAX,
};
enum { FIRSTS = sizeof firsts / sizeof firsts[0] };

struct setting {
    enum window_mode mode;
    unsigned width;
    uint64_t first;
};

/* Calls body for every mode, width and start. */
static void everywhere(void (*body)(const struct setting *))
{
    for (unsigned i = 0; i < FIRSTS * 6; i++) {
        const struct setting s = {(enum window_mode)(i % 3), i / 3 % 2 ? 64 : 32, firsts[i / 6]};
        body(&s);
    }
}

static struct bench bench;

/* Every order of n messages, by Heap's algorithm. */
static void orders_of(const struct setting *s, unsigned n)
{
    unsigned order[7], turn[7] = {0};
    for (unsigned i = 0; i < n; i++)
        order[i] = i;
    for (unsigned i = 0;;) {
        begin(&bench, s->mode, s->width, s->first);
        for (unsigned k = 0; k < n; k++)
            step(&bench, s->first + order[k]);
        for (; i < n && turn[i] >= i; i++)
            turn[i] = 0;
        if (i >= n)
            return;
        unsigned other = i % 2 ? turn[i] : 0, t = order[other];
        order[other] = order[i];
        order[i] = t;
        turn[i]++;
        i = 0;
    }
}

static void orders(const struct setting *s)
{
    for (unsigned n = 1; n <= 7; n++)
        orders_of(s, n);
}

static void test_orders(void **state)
{
    (void)state;
    everywhere(orders);
}

/* Every sequence of six out of six numbers: repeats and losses too. */
static void words(const struct setting *s)
{
    for (unsigned word = 0; word < 46656; word++) {
        begin(&bench, s->mode, s->width, s->first);
        for (unsigned i = 0, rest = word; i < 6; i++, rest /= 6)
            step(&bench, s->first + rest % 6);
    }
}

static void test_words(void **state)
{
    (void)state;
    everywhere(words);
}

/* Two gaps, then what was left out, the newest again, and one beyond. */
static void two_gaps(const struct setting *s)
{
    for (unsigned a = 0; a <= 200; a++) {
        for (unsigned b = 0; b <= 200; b += s->first == 1 ? 1 : 13) {
            begin(&bench, s->mode, s->width, s->first);
            uint64_t one = s->first + a, two = one + 1 + b;
            step(&bench, one);
            step(&bench, two);
            step(&bench, two - 1);
            step(&bench, one - 1);
            step(&bench, one + 1);
            step(&bench, two);
            step(&bench, two + 1);
        }
    }
}

static void test_gaps(void **state)
{
    (void)state;
    everywhere(two_gaps);
}

/* Leaps around the size of the window, and what is then still inside. */
static void leaps(const struct setting *s)
{
    for (unsigned leap = 0; leap < 2100;
         leap += leap < 60 || (leap > REACH - 24 && leap < REACH + 76) ? 1 : 61) {
        for (unsigned start = 0; start < 130; start += 43) {
            begin(&bench, s->mode, s->width, s->first);
            for (unsigned i = 0; i < start; i++)
                step(&bench, s->first + i);
            uint64_t newest = s->first + start + leap;
            step(&bench, newest);
            for (unsigned back = REACH - 2; back < REACH + 3; back++)
                step(&bench, newest - back);
            for (unsigned back = 0; back < 70; back += 7)
                step(&bench, newest - back);
            for (unsigned i = 0; i < start; i += 5)
                step(&bench, s->first + i);
        }
    }
}

static void test_leaps(void **state)
{
    (void)state;
    everywhere(leaps);
}

static void walk(const struct setting *s)
{
    uint64_t random = 0x853c49e6748fea9b ^ s->first, at = s->first;
    begin(&bench, s->mode, s->width, s->first);
    for (unsigned i = 0; i < 2500; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned draw = (unsigned)(random >> 40);
        if (draw % 3 == 0)
            step(&bench, at - draw / 3 % (REACH + 176));
        else
            step(&bench, at += draw % 17 == 1 ? draw / 17 % 300 : 1);
    }
}

static void test_walk(void **state)
{
    (void)state;
    everywhere(walk);
}

/* The end of the number space: the last number passes once, nothing passes twice. */
static void test_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned width = i & 1 ? 64 : 32;
        enum window_mode mode = i & 2 ? WINDOW_SEQUENCE : WINDOW_REPLAY;
        uint64_t last = width == 64 ? UINT64_MAX : UINT32_MAX;
        begin(&bench, mode, width, 5);
        for (unsigned n = 0; n < 4; n++)
            step(&bench, 5 + n);
        for (unsigned round = 0; round < 2; round++) {
            for (unsigned n = 3; n > 0; n--)
                step(&bench, 5 + last - n);
            step(&bench, 5 + last - (REACH - 1));
            step(&bench, 5 + last - REACH);
            step(&bench, 5 + last);
            step(&bench, 5 + last);
            step(&bench, 5);
            step(&bench, 6);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders), cmocka_unit_test(test_words), cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_leaps),  cmocka_unit_test(test_walk),  cmocka_unit_test(test_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
