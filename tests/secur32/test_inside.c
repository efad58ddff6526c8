/* SPDX-License-Identifier: MIT */
/* Who is inside a slot: notes are seen by whoever frees, in every order of the two, without room, after the
 * thread's end and after fork. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "secur32/inside.h"

enum { ROUNDS = 300000, SLOTS = INSIDE_MAX + 3 };

static char slots[SLOTS];

static void notes_count(void **state)
{
    (void)state;
    for (int i = 0; i < INSIDE_MAX; i++)
        assert_true(inside_enter(&slots[i]));
    assert_false(inside_enter(&slots[INSIDE_MAX])); /* no room: the caller counts otherwise */
    assert_false(inside_leave(&slots[INSIDE_MAX]));
    for (int i = 0; i < INSIDE_MAX; i++)
        assert_int_equal(inside_count(&slots[i]), 1);
    /* Out of order: every third first, then the rest from the front. */
    for (int i = 0; i < INSIDE_MAX; i += 3)
        assert_true(inside_leave(&slots[i]));
    for (int i = 0; i < INSIDE_MAX; i++) {
        if (i % 3 != 0)
            assert_true(inside_leave(&slots[i]));
        assert_int_equal(inside_count(&slots[i]), 0);
        assert_false(inside_leave(&slots[i]));
    }
    /* The same slot twice is two notes. */
    assert_true(inside_enter(&slots[0]));
    assert_true(inside_enter(&slots[0]));
    assert_int_equal(inside_count(&slots[0]), 2);
    assert_true(inside_leave(&slots[0]));
    assert_int_equal(inside_count(&slots[0]), 1);
    assert_true(inside_leave(&slots[0]));
    assert_int_equal(inside_self->depth, 0);
}

static void *end_inside(void *arg)
{
    struct inside **record = arg;
    assert_true(inside_enter(&slots[1]));
    assert_int_equal(inside_count(&slots[1]), 1);
    *record = inside_self;
    return NULL; /* without leaving */
}

/* A thread that ends takes its notes along, and the next one gets its record. */
static void thread_ends(void **state)
{
    struct inside *first, *second;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, end_inside, &first), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(inside_count(&slots[1]), 0);
    assert_int_equal(pthread_create(&thread, NULL, end_inside, &second), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ptr_equal(first, second);
}

static atomic_int turn;

static void *stay_inside(void *arg)
{
    (void)arg;
    assert_true(inside_enter(&slots[2]));
    atomic_store(&turn, 1);
    while (atomic_load(&turn) != 2)
        sched_yield();
    assert_true(inside_leave(&slots[2]));
    return NULL;
}

/* A child has the notes of the thread that forked, and of no other. */
static void fork_keeps_own(void **state)
{
    pthread_t thread;

    (void)state;
    atomic_store(&turn, 0);
    assert_int_equal(pthread_create(&thread, NULL, stay_inside, NULL), 0);
    while (atomic_load(&turn) != 1)
        sched_yield();
    assert_true(inside_enter(&slots[3]));
    pid_t child = fork();
    if (child == 0) {
        bool right = inside_count(&slots[2]) == 0 && inside_count(&slots[3]) == 1 &&
                     inside_leave(&slots[3]) && inside_count(&slots[3]) == 0;
        _exit(right ? 0 : 1);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    assert_int_equal(inside_count(&slots[2]), 1);
    assert_true(inside_leave(&slots[3]));
    atomic_store(&turn, 2);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(inside_count(&slots[2]), 0);
}

static bool deny_membarrier(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* A filter of system calls that comes later: once nothing is known, then every thread has its own barrier. */
static bool denied_later(void)
{
    pthread_t thread;

    atomic_store(&turn, 0);
    if (pthread_create(&thread, NULL, stay_inside, NULL) != 0)
        return false;
    while (atomic_load(&turn) != 1)
        sched_yield();
    bool cheap = inside_cheap, right = inside_count(&slots[2]) == 1 && deny_membarrier();
    right = right && (!cheap || inside_count(&slots[2]) == INSIDE_UNKNOWN);
    right = right && !inside_cheap && inside_count(&slots[2]) == 1 && inside_count(&slots[3]) == 0;
    atomic_store(&turn, 2);
    return pthread_join(thread, NULL) == 0 && right && inside_count(&slots[2]) == 0;
}

static void membarrier_denied(void **state)
{
    int how;

    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(denied_later() ? 0 : 1);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
}

/*
 * The rounds of the race: both threads begin together, one enters, the other deletes and counts. A user that
 * found the slot alive stays until the other has counted, so the count must have found it. Without membarrier
 * about one round in 100,000 shows it, on two processors that are free.
 */
static struct {
    atomic_int begin, deleted, counted, done;
    int lonely; /* rounds in which the deleter found nobody inside; written before counted */
    int trespassed;
} race;

static void race_reach(atomic_int *counter, int value)
{
    for (unsigned spins = 1; atomic_load(counter) < value; spins++) {
        if (spins % 4096 == 0) /* the other one may need this processor */
            sched_yield();
    }
}

static void race_wait(int length)
{
    for (volatile int i = 0; i < length; i++)
        continue;
}

static void *race_user(void *arg)
{
    int before = 0;

    (void)arg;
    for (int round = 1; round <= ROUNDS; round++) {
        atomic_fetch_add(&race.begin, 1);
        race_reach(&race.begin, 2 * round);
        race_wait(round % 31);
        assert_true(inside_enter(&slots[4]));
        bool alive = atomic_load_explicit(&race.deleted, memory_order_acquire) < round;
        if (alive)
            race_reach(&race.counted, round);
        assert_true(inside_leave(&slots[4]));
        race_reach(&race.counted, round);
        race.trespassed += alive && race.lonely != before;
        before = race.lonely;
        atomic_store(&race.done, round);
    }
    return NULL;
}

/* Whatever the order: who was told that nobody is inside frees under nobody's feet. */
static void never_both(void **state)
{
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, race_user, NULL), 0);
    for (int round = 1; round <= ROUNDS; round++) {
        atomic_fetch_add(&race.begin, 1);
        race_reach(&race.begin, 2 * round);
        race_wait(round / 31 % 31);
        atomic_exchange(&race.deleted, round);
        race.lonely += inside_count(&slots[4]) == 0;
        atomic_store(&race.counted, round);
        race_reach(&race.done, round);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(race.trespassed, 0);
    assert_true(race.lonely > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_count),       cmocka_unit_test(thread_ends), cmocka_unit_test(fork_keeps_own),
        cmocka_unit_test(membarrier_denied), cmocka_unit_test(never_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
