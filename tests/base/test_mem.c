/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/mem.h"

static void test_zeroed_and_aligned(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    size_t before = mem_live();
    /* Twice, so that the second round gets what the first one filled and freed. */
    for (int round = 0; round < 2; round++) {
        unsigned char *p[COUNT];
        for (size_t i = 0; i < COUNT; i++) {
            size_t size = i * i + 1;
            p[i] = mem_alloc(size);
            assert_non_null(p[i]);
            assert_true(((uintptr_t)p[i] & 15) == 0);
            assert_true(all_zero(p[i], size));
            memset(p[i], (int)i | 1, size);
        }
        assert_int_equal(mem_live(), before + COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            size_t size = i * i + 1;
            for (size_t k = 0; k < size; k++)
                assert_int_equal(p[i][k], (unsigned char)(i | 1));
            mem_free(p[i]);
        }
    }
    assert_int_equal(mem_live(), before);
}

static void test_sizes(void **state)
{
    (void)state;
    assert_null(mem_alloc(0));
    assert_null(mem_alloc((size_t)INT32_MAX + 1));
    assert_null(mem_alloc(SIZE_MAX));
    assert_null(mem_client_alloc(0));
    assert_null(mem_client_alloc(SIZE_MAX));
    mem_free(NULL);
    mem_client_free(NULL);
    /* Around the bound between the arena and pages of their own. */
    for (size_t size = 32 * 1024 - 40; size < 32 * 1024 + 40; size++) {
        unsigned char *p = mem_alloc(size);
        assert_non_null(p);
        p[size - 1] = 1;
        mem_free(p);
    }
    unsigned char *big = mem_alloc(20u << 20);
    assert_non_null(big);
    assert_true(all_zero(big, 20u << 20));
    mem_free(big);
    char *empty = mem_copy(NULL, 0), *copy = mem_copy("copy", 5);
    assert_non_null(empty);
    assert_string_equal(copy, "copy");
    mem_free(empty);
    mem_free(copy);
    char *client = mem_client_alloc(100);
    assert_true(all_zero(client, 100));
    memset(client, 1, 100);
    mem_client_free(client);
}

#if !defined(__SANITIZE_ADDRESS__)
/* Reading freed memory is the point here. */
static void test_wiped_when_freed(void **state)
{
    (void)state;
    for (size_t size = 1; size < 5000; size = size * 3 + 1) {
        unsigned char *p = mem_alloc(size);
        assert_non_null(p);
        memset(p, 0xab, size);
        unsigned char *volatile freed = p;
        mem_free(p);
        assert_true(all_zero(freed, size));
        size_t live = mem_live();
        mem_free(freed); /* told by its head: ignored */
        assert_int_equal(mem_live(), live);
    }
}
#endif

struct family {
    unsigned char *small, *big;
};

static bool child_sees_zeros(void *arg)
{
    struct family *f = arg;
    if (!all_zero(f->small, 64) || !all_zero(f->big, 100000) || mem_live() != 0)
        return false;
    mem_free(f->small); /* from before the fork: ignored */
    unsigned char *own[50];
    for (size_t i = 0; i < 50; i++) {
        own[i] = mem_alloc(1000 * (i + 1));
        if (!own[i] || !all_zero(own[i], 1000 * (i + 1)))
            return false;
        memset(own[i], 1, 1000 * (i + 1));
    }
    if (mem_live() != 50)
        return false;
    for (size_t i = 0; i < 50; i++)
        mem_free(own[i]);
    return mem_live() == 0;
}

static void check_fork(void)
{
    struct family f = {mem_alloc(64), mem_alloc(100000)};
    memset(f.small, 0x11, 64);
    memset(f.big, 0x22, 100000);
    assert_true(in_child(child_sees_zeros, &f));
    assert_int_equal(f.small[63], 0x11);
    assert_int_equal(f.big[99999], 0x22);
    mem_free(f.small);
    mem_free(f.big);
}

static void test_fork(void **state)
{
    (void)state;
    check_fork();
}

static bool without_wipeonfork(void *arg)
{
    (void)arg;
    /* What came before the switch was advised in the old way; a child's arena is new. */
    mem_test_no_wipeonfork = true;
    check_fork();
    check_fork();
    return true;
}

static void test_fork_without_wipeonfork(void **state)
{
    (void)state;
    assert_true(in_child(without_wipeonfork, NULL));
}

/* Threads that come and go with blocks of their own while others fork: no lock may stay behind in the child.
 */
static bool churn_stop;

static void *churn(void *arg)
{
    void *page = mem_pages(4096, false);
    while (!__atomic_load_n(&churn_stop, __ATOMIC_RELAXED)) {
        mem_free(mem_alloc(40000));
        /* Little but what the system does not do: nothing is unmapped. */
        for (int i = 0; i < 1000; i++)
            mem_pages_free(page, 0);
    }
    munmap(page, 4096);
    return arg;
}

static bool child_uses_big(void *arg)
{
    alarm(10); /* a child that hangs is a failure, not a hang of the run */
    for (int i = 0; i < 10; i++) {
        void *p = mem_alloc(50000);
        if (!p || !all_zero(p, 50000))
            return false;
        memset(p, 1, 50000);
        mem_free(p);
    }
    return arg == NULL;
}

static void check_fork_among_threads(void)
{
    pthread_t threads[3];
    __atomic_store_n(&churn_stop, false, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, NULL), 0);
    for (int i = 0; i < 100; i++)
        assert_true(in_child(child_uses_big, NULL));
    __atomic_store_n(&churn_stop, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

static void test_fork_among_threads(void **state)
{
    (void)state;
    check_fork_among_threads();
}

static bool among_threads_without_wipeonfork(void *arg)
{
    mem_test_no_wipeonfork = true;
    check_fork_among_threads();
    return arg == NULL;
}

static void test_fork_among_threads_without_wipeonfork(void **state)
{
    (void)state;
    assert_true(in_child(among_threads_without_wipeonfork, NULL));
}

static long locked_kilobytes(void)
{
    char line[256];
    long locked = -1;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "VmLck:", 6) == 0)
            locked = strtol(line + 6, NULL, 10);
    }
    if (f)
        fclose(f);
    return locked;
}

static bool locks_small_after_big(void *arg)
{
    struct rlimit limit = {1u << 20, 1u << 20};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || (geteuid() == 0 && setuid(65534) != 0))
        return false;
    long before = locked_kilobytes();
    if (!mem_pages(64 * 1024, true) || locked_kilobytes() != before + 64)
        return true; /* none is locked here, or nobody says so */
    mem_free(mem_alloc(4u << 20));
    before = locked_kilobytes();
    return mem_pages(64 * 1024, true) && locked_kilobytes() == before + 64 && arg == NULL;
}

/* A block that is too large to be locked keeps nothing else from it. */
static void test_lock_after_refusal(void **state)
{
    (void)state;
    assert_true(in_child(locks_small_after_big, NULL));
}

static bool refuse_third(void *arg, size_t size)
{
    (void)size;
    return ++*(int *)arg != 3;
}

static void test_gate(void **state)
{
    (void)state;
    int asked = 0;
    mem_test_gate_arg = &asked;
    mem_test_gate = refuse_third;
    void *a = mem_alloc(10), *b = mem_client_alloc(10), *c = mem_alloc(10), *d = mem_copy("x", 1);
    mem_test_gate = NULL;
    assert_true(a && b && !c && d);
    assert_int_equal(asked, 4);
    mem_free(a);
    mem_client_free(b);
    mem_free(d);
}

static void *worker(void *arg)
{
    unsigned seed = *(unsigned *)arg;
    unsigned char *held[16] = {0};
    size_t sizes[16] = {0};
    for (unsigned i = 0; i < 20000; i++) {
        seed = seed * 1103515245 + 12345;
        unsigned slot = seed >> 16 & 15;
        if (held[slot] && held[slot][sizes[slot] - 1] != slot + 1)
            return NULL;
        mem_free(held[slot]);
        sizes[slot] = (seed >> 20) % 3000 + 1;
        held[slot] = mem_alloc(sizes[slot]);
        if (!held[slot] || !all_zero(held[slot], sizes[slot]))
            return NULL;
        memset(held[slot], (int)slot + 1, sizes[slot]);
    }
    for (unsigned i = 0; i < 16; i++)
        mem_free(held[i]);
    return arg;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    unsigned seeds[4];
    size_t before = mem_live();
    for (unsigned i = 0; i < 4; i++) {
        seeds[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, worker, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, &seeds[i]);
    }
    assert_int_equal(mem_live(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_and_aligned),
        cmocka_unit_test(test_sizes),
#if !defined(__SANITIZE_ADDRESS__)
        cmocka_unit_test(test_wiped_when_freed),
#endif
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_fork_without_wipeonfork),
        cmocka_unit_test(test_fork_among_threads),
        cmocka_unit_test(test_fork_among_threads_without_wipeonfork),
        cmocka_unit_test(test_lock_after_refusal),
        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
