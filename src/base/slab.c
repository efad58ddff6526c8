/* SPDX-License-Identifier: MIT */
#include "base/slab.h"

#include <pthread.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/sources.h"

/* The tests shrink the generation space to see it wrap. */
#ifndef SLAB_GENERATION_BITS
#define SLAB_GENERATION_BITS (sizeof(uintptr_t) == 8 ? 32 : 10)
#endif
#define GENERATION_MAX ((uint32_t)((UINT64_C(1) << SLAB_GENERATION_BITS) - 1))

enum { LOCK_BLOCK = 64 * 1024 };

/* What the slab keeps in an object while it is free: its last 8 bytes. Everything before them reads zero, so
 * that whoever looks at a free object through slab_at sees an id and a state of zero. */
struct free_tail {
    uint32_t next;       /* index + 1 of the next free object, 0 ends */
    uint32_t generation; /* last used */
};

/* All-zero is an unlocked, empty slab that has no epoch yet. */
struct slab_control {
    struct slab_shared shared; /* what slab.h's inline functions read */
    pthread_mutex_t lock;
    uint32_t free; /* index + 1 of the first free object */
    uint32_t live;
    uint32_t locked_blocks; /* LOCK_BLOCKs of the objects' range that mlock was tried on */
    size_t size;            /* of the reservation */
};

_Static_assert(sizeof(struct slab_control) <= SLAB_CONTROL_SIZE,
               "the objects begin behind the control block");

static struct slab *reservations; /* the newest; atomic */

static uint8_t *object_at(const struct slab *s, struct slab_control *c, uint32_t index)
{
    return (uint8_t *)c + SLAB_CONTROL_SIZE + (size_t)index * s->object_size;
}

static struct free_tail *tail_of(const struct slab *s, uint8_t *object)
{
    return (struct free_tail *)(object + s->object_size - sizeof(struct free_tail));
}

static uintptr_t make_id(uint32_t index, uint32_t generation)
{
    return (uintptr_t)((uint64_t)generation << SLAB_INDEX_BITS) | (index + 1);
}

/* Reserves the whole range, or half of it, or a quarter...: address space may be limited (RLIMIT_AS). Threads
 * may race here; whoever publishes first wins. */
static struct slab_control *reserve(struct slab *s)
{
    uint32_t objects = s->max_objects > SLAB_INDEX_MAX ? SLAB_INDEX_MAX : s->max_objects;
    struct slab_control *mine = NULL;
    size_t size = 0;
    for (; objects > 0 && !mine; objects /= 2) {
        if (objects > (SIZE_MAX / 4) / s->object_size)
            continue;
        size = SLAB_CONTROL_SIZE + (size_t)objects * s->object_size;
        mine = mem_pages_reserve(size);
        if (mine)
            break;
    }
    if (!mine)
        return NULL;
    mem_pages_lock(mine, SLAB_CONTROL_SIZE);

    /* Racing threads may have been granted different sizes: the smallest is right whoever wins. */
    uint32_t granted = __atomic_load_n(&s->capacity, __ATOMIC_RELAXED);
    while ((granted == 0 || objects < granted) &&
           !__atomic_compare_exchange_n(&s->capacity, &granted, objects, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
        continue;
    struct slab_control *c = NULL;
    if (__atomic_compare_exchange_n(&s->control, &c, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        mine->size = size;
        s->reserved = __atomic_load_n(&reservations, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(&reservations, &s->reserved, s, true, __ATOMIC_ACQ_REL,
                                            __ATOMIC_RELAXED))
            continue;
        return mine;
    }
    mem_pages_free(mine, size);
    return c;
}

void slab_unload(void)
{
    struct slab *s = __atomic_exchange_n(&reservations, NULL, __ATOMIC_ACQ_REL);

    for (; s; s = s->reserved) {
        if (s->control->live > 0) /* whoever has one keeps it, and the slab */
            continue;
        /* In a fork's child the size reads zero: what it has forgotten it keeps. */
        if (s->control->size > 0)
            mem_pages_free(s->control, s->control->size);
        s->control = NULL;
        s->capacity = 0;
    }
}

/* The control block, locked and with an epoch; NULL when out of memory or randomness. */
static struct slab_control *lock_ready(struct slab *s)
{
    struct slab_control *c = __atomic_load_n(&s->control, __ATOMIC_ACQUIRE);
    if (!c)
        c = reserve(s);
    if (!c)
        return NULL;
    pthread_mutex_lock(&c->lock);
    if (c->shared.epoch != 0)
        return c;
    /* First use, or first use in a fork's child: the reservation is still there, all it held is not. */
    uint64_t epoch = 0;
    while (epoch == 0) {
        if (!sources_system_random(&epoch, sizeof epoch)) {
            pthread_mutex_unlock(&c->lock);
            return NULL;
        }
    }
    __atomic_store_n(&c->shared.epoch, epoch, __ATOMIC_RELEASE);
    return c;
}

/* In whole blocks, so that neighbours merge into one locked area of the kernel's. */
static void lock_block_of(struct slab *s, struct slab_control *c, uint32_t index)
{
    if (!s->lock)
        return;
    size_t range =
        SLAB_CONTROL_SIZE + (size_t)__atomic_load_n(&s->capacity, __ATOMIC_RELAXED) * s->object_size;
    size_t end = SLAB_CONTROL_SIZE + ((size_t)index + 1) * s->object_size;
    size_t first = (SLAB_CONTROL_SIZE + (size_t)index * s->object_size) / LOCK_BLOCK * LOCK_BLOCK;
    size_t last = (end + LOCK_BLOCK - 1) / LOCK_BLOCK * LOCK_BLOCK;
    if (last / LOCK_BLOCK <= c->locked_blocks)
        return;
    if (first < (size_t)c->locked_blocks * LOCK_BLOCK)
        first = (size_t)c->locked_blocks * LOCK_BLOCK;
    c->locked_blocks = (uint32_t)(last / LOCK_BLOCK);
    mem_pages_lock((uint8_t *)c + first, (last < range ? last : range) - first);
}

/* Under the lock: numbers below `used` may be read by anybody from now on. */
static void publish_used(struct slab_control *c, uint32_t used)
{
    if (used > c->shared.used)
        __atomic_store_n(&c->shared.used, used, __ATOMIC_RELEASE);
}

static void *hand_out(struct slab_control *c, uint8_t *object, uintptr_t id)
{
    c->live++;
    __atomic_store_n(&((struct slab_head *)object)->id, id, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&c->lock);
    return object;
}

void *slab_alloc(struct slab *s, uintptr_t *id)
{
    struct slab_control *c = mem_gate(s->object_size) ? lock_ready(s) : NULL;
    if (!c)
        return NULL;
    uint32_t index, generation;
    if (c->free) {
        index = c->free - 1;
        struct free_tail *tail = tail_of(s, object_at(s, c, index));
        c->free = tail->next;
        generation = tail->generation + 1;
        secret_wipe_shared(tail, sizeof *tail);
    } else if (c->shared.used < __atomic_load_n(&s->capacity, __ATOMIC_RELAXED)) {
        index = c->shared.used;
        generation = 1;
        lock_block_of(s, c, index);
        publish_used(c, index + 1);
    } else {
        pthread_mutex_unlock(&c->lock);
        return NULL;
    }
    *id = make_id(index, generation);
    return hand_out(c, object_at(s, c, index), *id);
}

void *slab_claim(struct slab *s, uintptr_t id, bool *taken)
{
    *taken = false;
    struct slab_control *c = mem_gate(s->object_size) ? lock_ready(s) : NULL;
    if (!c)
        return NULL;
    uint32_t index = slab_index(id);
    if (id == 0 || index >= __atomic_load_n(&s->capacity, __ATOMIC_RELAXED)) {
        pthread_mutex_unlock(&c->lock);
        return NULL;
    }
    uint8_t *object = object_at(s, c, index);
    if (((struct slab_head *)object)->id != 0) {
        *taken = true;
        pthread_mutex_unlock(&c->lock);
        return NULL;
    }
    c->shared.claimed = true;
    lock_block_of(s, c, index);
    publish_used(c, index + 1);
    return hand_out(c, object, id);
}

void slab_free(struct slab *s, uintptr_t id)
{
    struct slab_head *object = slab_get(s, id);
    if (!object)
        return;
    struct slab_control *c = s->control;
    /* Others may look at the state word of a slot at any time (slab_at), also while it is being wiped. */
    secret_wipe_shared(object, s->object_size);

    uint32_t index = slab_index(id), generation = (uint32_t)((uint64_t)id >> SLAB_INDEX_BITS);
    pthread_mutex_lock(&c->lock);
    c->live--;
    if (!c->shared.claimed && generation < GENERATION_MAX) {
        struct free_tail *tail = tail_of(s, (uint8_t *)object);
        tail->next = c->free;
        tail->generation = generation;
        c->free = index + 1;
    }
    pthread_mutex_unlock(&c->lock);
}

uint32_t slab_live(struct slab *s)
{
    struct slab_control *c = __atomic_load_n(&s->control, __ATOMIC_ACQUIRE);
    if (!c)
        return 0;
    pthread_mutex_lock(&c->lock);
    uint32_t live = c->live;
    pthread_mutex_unlock(&c->lock);
    return live;
}
