/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/secret.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/*
 * Systems without MADV_WIPEONFORK (Linux before 4.14, some emulators): the ranges are remembered here, in
 * memory that a fork keeps, and the child maps fresh zero pages over each of them before fork returns to it.
 */
enum { RANGES_PER_PAGE = 200 };

struct range {
    void *start; /* NULL: unused */
    size_t size;
};

struct range_page {
    struct range_page *next;
    struct range ranges[RANGES_PER_PAGE];
};

bool mem_test_no_wipeonfork;

static pthread_mutex_t ranges_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t ranges_once = PTHREAD_ONCE_INIT;
static struct range_page *ranges;
static bool ranges_usable;
static bool lock_refused;

static void before_fork(void)
{
    pthread_mutex_lock(&ranges_lock);
}

static void after_fork_parent(void)
{
    pthread_mutex_unlock(&ranges_lock);
}

/* Fresh zero pages cost nothing until touched; if the system will not give them, the old ones are wiped. */
static void range_renew(struct range *r)
{
    void *p = mmap(r->start, r->size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (p == MAP_FAILED)
        secret_wipe(r->start, r->size);
}

static void after_fork_child(void)
{
    for (struct range_page *page = ranges; page; page = page->next) {
        for (size_t i = 0; i < RANGES_PER_PAGE; i++) {
            if (page->ranges[i].start)
                range_renew(&page->ranges[i]);
        }
    }
    pthread_mutex_unlock(&ranges_lock);
}

static void ranges_begin(void)
{
    ranges_usable = pthread_atfork(before_fork, after_fork_parent, after_fork_child) == 0;
}

/* The slot that holds start; NULL finds an unused one, in a new page if need be. Under ranges_lock. */
static struct range *range_find(void *start)
{
    for (struct range_page *page = ranges; page; page = page->next) {
        for (size_t i = 0; i < RANGES_PER_PAGE; i++) {
            if (page->ranges[i].start == start)
                return &page->ranges[i];
        }
    }
    if (start)
        return NULL;
    struct range_page *page =
        mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    page->next = ranges;
    ranges = page;
    return &page->ranges[0];
}

static bool range_remember(void *start, size_t size)
{
    pthread_once(&ranges_once, ranges_begin);
    if (!ranges_usable)
        return false;
    pthread_mutex_lock(&ranges_lock);
    struct range *r = range_find(NULL);
    if (r)
        *r = (struct range){start, size};
    pthread_mutex_unlock(&ranges_lock);
    return r != NULL;
}

static void range_forget(void *start)
{
    pthread_mutex_lock(&ranges_lock);
    struct range *r = range_find(start);
    if (r)
        *r = (struct range){NULL, 0};
    pthread_mutex_unlock(&ranges_lock);
}

void mem_pages_lock(void *p, size_t size)
{
    /* RLIMIT_MEMLOCK does not grow back soon: after the first refusal no more system calls are spent on it.
     */
    if (__atomic_load_n(&lock_refused, __ATOMIC_RELAXED))
        return;
    if (mlock(p, size) != 0)
        __atomic_store_n(&lock_refused, true, __ATOMIC_RELAXED);
}

size_t mem_pages_round(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) & ~(page - 1);
}

static void *map_pages(size_t size, int flags)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    madvise(p, size, MADV_DONTDUMP);
    bool wiped = !mem_test_no_wipeonfork && madvise(p, size, MADV_WIPEONFORK) == 0;
    if (!wiped && !range_remember(p, size)) {
        munmap(p, size);
        return NULL;
    }
    return p;
}

void *mem_pages(size_t size, bool lock)
{
    if (size == 0 || size > SIZE_MAX / 2)
        return NULL;
    size = mem_pages_round(size);
    void *p = map_pages(size, 0);
    if (p && lock)
        mem_pages_lock(p, size);
    return p;
}

void *mem_pages_reserve(size_t size)
{
    return size == 0 || size > SIZE_MAX / 2 ? NULL : map_pages(mem_pages_round(size), MAP_NORESERVE);
}

void mem_pages_free(void *p, size_t size)
{
    if (!p)
        return;
    size = mem_pages_round(size);
    /* Forgotten first: once unmapped, somebody else's pages may come to lie there. */
    range_forget(p);
    munmap(p, size);
}
