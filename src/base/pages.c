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
 * No lock guards the slots, so none can be held by another thread in the moment of a fork, and none has a
 * place among the locks that others hold over a fork. What that moment finds half done matters to nobody: a
 * range is remembered before anything is written to it and forgotten after it was wiped.
 */
enum { RANGES_PER_PAGE = 200 };

struct range {
    void *start; /* atomic; NULL: unused; SLOT_TAKEN: size is being written */
    size_t size;
};

#define SLOT_TAKEN ((void *)1)

struct range_page {
    struct range_page *next;
    struct range ranges[RANGES_PER_PAGE];
};

bool mem_test_no_wipeonfork;

static pthread_once_t ranges_once = PTHREAD_ONCE_INIT;
static struct range_page *ranges; /* atomic; pages are added in front and stay */
static bool ranges_usable;

/* Fresh zero pages cost nothing until touched; if the system will not give them, the old ones are wiped. */
static void range_renew(struct range *r)
{
    void *p = mmap(r->start, r->size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (p == MAP_FAILED)
        secret_wipe(r->start, r->size);
    else
        madvise(p, r->size, MADV_DONTDUMP);
}

static void after_fork_child(void)
{
    for (struct range_page *page = ranges; page; page = page->next) {
        for (size_t i = 0; i < RANGES_PER_PAGE; i++) {
            struct range *r = &page->ranges[i];
            if (r->start == SLOT_TAKEN) /* by a thread that does not exist here */
                r->start = NULL;
            if (r->start)
                range_renew(r);
        }
    }
}

static void ranges_begin(void)
{
    ranges_usable = pthread_atfork(NULL, NULL, after_fork_child) == 0;
}

/* Changes a slot's start from one value to another, in the first slot that has it. NULL: none has. */
static struct range *range_swap(void *from, void *to)
{
    for (struct range_page *page = __atomic_load_n(&ranges, __ATOMIC_ACQUIRE); page; page = page->next) {
        for (size_t i = 0; i < RANGES_PER_PAGE; i++) {
            void *expected = from;
            if (__atomic_load_n(&page->ranges[i].start, __ATOMIC_RELAXED) == from &&
                __atomic_compare_exchange_n(&page->ranges[i].start, &expected, to, false, __ATOMIC_ACQ_REL,
                                            __ATOMIC_RELAXED))
                return &page->ranges[i];
        }
    }
    return NULL;
}

/* A page of slots more, the first of them taken. */
static struct range *range_page_add(void)
{
    struct range_page *page =
        mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    page->ranges[0].start = SLOT_TAKEN;
    page->next = __atomic_load_n(&ranges, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&ranges, &page->next, page, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        continue;
    return &page->ranges[0];
}

static bool range_remember(void *start, size_t size)
{
    pthread_once(&ranges_once, ranges_begin);
    if (!ranges_usable)
        return false;
    struct range *r = range_swap(NULL, SLOT_TAKEN);
    if (!r)
        r = range_page_add();
    if (!r)
        return false;
    r->size = size;
    __atomic_store_n(&r->start, start, __ATOMIC_RELEASE);
    return true;
}

static void range_forget(void *start)
{
    (void)range_swap(start, NULL);
}

/* A refusal costs next to nothing and says nothing about the next one: it may be smaller, or a large block
 * may have been freed before it. */
void mem_pages_lock(void *p, size_t size)
{
    (void)mlock(p, size);
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
