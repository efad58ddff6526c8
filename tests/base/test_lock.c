/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include <pthread.h>
#include <sched.h>

#include "base/lock.h"

enum { THREADS = 4, ROUNDS = 50000 };

static struct lock lock;
static unsigned counter; /* the lock's */

static void *count(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        lock_take(&lock);
        unsigned now = counter;
        if (i % 1000 == 0)
            sched_yield(); /* others get to the slow half */
        counter = now + 1;
        lock_give(&lock);
    }
    return NULL;
}

static void test_one_at_a_time(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(counter, THREADS * ROUNDS);
    assert_int_equal(lock.word, 0);
}

static void test_try(void **state)
{
    struct lock l = {0};
    (void)state;
    assert_true(lock_try(&l));
    assert_false(lock_try(&l));
    lock_give(&l);
    assert_int_equal(l.word, 0);
    lock_take(&l);
    assert_false(lock_try(&l));
    lock_give(&l);
}

static void *take_and_give(void *arg)
{
    lock_take(arg);
    lock_give(arg);
    return NULL;
}

/* Whoever sleeps is woken: the other thread is seen to wait before the lock is given. */
static void test_waiting(void **state)
{
    struct lock l = {0};
    pthread_t thread;
    (void)state;
    lock_take(&l);
    assert_int_equal(pthread_create(&thread, NULL, take_and_give, &l), 0);
    while (__atomic_load_n(&l.word, __ATOMIC_RELAXED) != 2)
        sched_yield();
    lock_give(&l);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(l.word, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_try),
        cmocka_unit_test(test_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
