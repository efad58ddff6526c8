/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/secret.h"

#if defined(__SANITIZE_ADDRESS__)
#define MEM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEM_ASAN 1
#endif
#endif

#ifdef MEM_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#define poison(p, n)      __asan_poison_memory_region((p), (n))
#define unpoison(p, n)    __asan_unpoison_memory_region((p), (n))
#define leak_root(p, n)   __lsan_register_root_region((p), (n))
#define leak_unroot(p, n) __lsan_unregister_root_region((p), (n))
#else
#define poison(p, n)      ((void)(p), (void)(n))
#define unpoison(p, n)    ((void)(p), (void)(n))
#define leak_root(p, n)   ((void)(p), (void)(n))
#define leak_unroot(p, n) ((void)(p), (void)(n))
#endif

enum {
    HEAD_SIZE = 16,
    CHUNK_SIZE = 256 * 1024,
    SMALL_MAX = 32 * 1024, /* head included; above: pages of their own */
    BINS = 24,
};

/* Before every allocation. After a fork it reads zero, so a pointer from before names nothing any more. */
#define TAG_LIVE  0x4d454d00u /* | bin, or OWN_PAGES */
#define TAG_MASK  0xffffff00u
#define OWN_PAGES 0xffu

struct mem_head {
    uint32_t tag;          /* 0 while free */
    uint32_t size;         /* asked for */
    struct mem_head *next; /* while free */
};
_Static_assert(sizeof(struct mem_head) <= HEAD_SIZE, "the head keeps allocations 16-byte aligned");

/* In wiped pages itself: all-zero is an unlocked, empty arena. */
struct mem_control {
    pthread_mutex_t lock;
    uint8_t *fresh; /* never used part of the newest chunk */
    size_t fresh_left;
    size_t live;
    struct mem_head *chunks; /* each begins with a head that leads to the one before */
    struct mem_head *free[BINS];
};

bool (*mem_test_gate)(void *arg, size_t size);
void *mem_test_gate_arg;

static struct mem_control *control;

bool mem_gate(size_t size)
{
    return !mem_test_gate || mem_test_gate(mem_test_gate_arg, size);
}

/* Sizes with head: 32, 48, 64, 96, 128, 192, ... 32768: powers of two and the middles between them. */
static size_t bin_size(unsigned bin)
{
    size_t power = (size_t)32 << (bin / 2);
    return bin & 1 ? power + power / 2 : power;
}

static unsigned bin_for(size_t need)
{
    unsigned bin = 0;
    while (bin_size(bin) < need)
        bin++;
    return bin;
}

static struct mem_control *control_get(void)
{
    struct mem_control *c = __atomic_load_n(&control, __ATOMIC_ACQUIRE);
    if (c)
        return c;
    struct mem_control *mine = mem_pages(sizeof *mine, true);
    if (!mine)
        return NULL;
    if (__atomic_compare_exchange_n(&control, &c, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return mine;
    mem_pages_free(mine, sizeof *mine);
    return c;
}

/* Under the lock. What is left of the old chunk stays unused: less than one object of the size asked for. */
static struct mem_head *carve(struct mem_control *c, size_t size)
{
    if (c->fresh_left < size) {
        uint8_t *chunk = mem_pages(CHUNK_SIZE, true);
        if (!chunk)
            return NULL;
        leak_root(chunk, CHUNK_SIZE);
        poison(chunk + HEAD_SIZE, CHUNK_SIZE - HEAD_SIZE);
        ((struct mem_head *)chunk)->next = c->chunks;
        c->chunks = (struct mem_head *)chunk;
        c->fresh = chunk + HEAD_SIZE;
        c->fresh_left = CHUNK_SIZE - HEAD_SIZE;
    }
    struct mem_head *h = (struct mem_head *)c->fresh;
    c->fresh += size;
    c->fresh_left -= size;
    unpoison(h, HEAD_SIZE);
    return h;
}

static struct mem_head *alloc_small(struct mem_control *c, size_t size)
{
    unsigned bin = bin_for(size + HEAD_SIZE);
    struct mem_head *h = c->free[bin];
    if (h)
        c->free[bin] = h->next;
    else
        h = carve(c, bin_size(bin));
    if (!h)
        return NULL;
    h->tag = TAG_LIVE | bin;
    h->next = NULL;
    return h;
}

static struct mem_head *alloc_pages(size_t size)
{
    struct mem_head *h = mem_pages(size + HEAD_SIZE, true);
    if (h) {
        leak_root(h, size + HEAD_SIZE);
        h->tag = TAG_LIVE | OWN_PAGES;
    }
    return h;
}

void *mem_alloc(size_t size)
{
    if (size == 0 || size > INT32_MAX || !mem_gate(size))
        return NULL;
    struct mem_control *c = control_get();
    if (!c)
        return NULL;
    pthread_mutex_lock(&c->lock);
    struct mem_head *h = size + HEAD_SIZE <= SMALL_MAX ? alloc_small(c, size) : alloc_pages(size);
    if (h) {
        h->size = (uint32_t)size;
        c->live++;
    }
    pthread_mutex_unlock(&c->lock);
    if (!h)
        return NULL;
    unpoison((uint8_t *)h + HEAD_SIZE, size);
    return (uint8_t *)h + HEAD_SIZE;
}

static void free_pages(struct mem_head *h)
{
    size_t size = (size_t)h->size + HEAD_SIZE;
    leak_unroot(h, size);
    secret_wipe(h, size);
    mem_pages_free(h, size);
}

void mem_free(void *p)
{
    struct mem_control *c = __atomic_load_n(&control, __ATOMIC_ACQUIRE);
    if (!p || !c || ((uintptr_t)p & (HEAD_SIZE - 1)))
        return;
    struct mem_head *h = (struct mem_head *)((uint8_t *)p - HEAD_SIZE);
    if ((h->tag & TAG_MASK) != TAG_LIVE)
        return;
    unsigned bin = h->tag & ~TAG_MASK;
    if (bin != OWN_PAGES) {
        secret_wipe(p, h->size);
        poison(p, bin_size(bin) - HEAD_SIZE);
    }
    pthread_mutex_lock(&c->lock);
    c->live--;
    if (bin != OWN_PAGES) {
        h->tag = 0;
        h->size = 0;
        h->next = c->free[bin];
        c->free[bin] = h;
    }
    pthread_mutex_unlock(&c->lock);
    if (bin == OWN_PAGES)
        free_pages(h);
}

void *mem_copy(const void *data, size_t size)
{
    void *p = mem_alloc(size ? size : 1);
    if (p && size)
        memcpy(p, data, size);
    return p;
}

void mem_unload(void)
{
    struct mem_control *c = __atomic_exchange_n(&control, NULL, __ATOMIC_ACQ_REL);

    if (!c || c->live > 0)
        return;
    while (c->chunks) {
        struct mem_head *chunk = c->chunks;
        c->chunks = chunk->next;
        unpoison(chunk, CHUNK_SIZE);
        leak_unroot(chunk, CHUNK_SIZE);
        mem_pages_free(chunk, CHUNK_SIZE);
    }
    mem_pages_free(c, sizeof *c);
}

size_t mem_live(void)
{
    struct mem_control *c = __atomic_load_n(&control, __ATOMIC_ACQUIRE);
    if (!c)
        return 0;
    pthread_mutex_lock(&c->lock);
    size_t live = c->live;
    pthread_mutex_unlock(&c->lock);
    return live;
}

void *mem_client_alloc(size_t size)
{
    if (size == 0 || size > INT32_MAX || !mem_gate(size))
        return NULL;
    return calloc(1, size);
}

void mem_client_free(void *p)
{
    if (!p)
        return;
    secret_wipe(p, malloc_usable_size(p));
    free(p);
}
