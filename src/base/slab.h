/* SPDX-License-Identifier: MIT */
/*
 * base/slab: objects of one size found by a number, not by a pointer. secur32's handle slots and the
 * packages' contexts live in slabs: a handle is an index plus a generation, the address is base + index *
 * size, so finding an object is arithmetic and one read (of the generation beside the object's first fields),
 * and no caller's bits are ever followed.
 *
 * A slab reserves its whole address range at first use (pages appear when touched; halved until the system
 * grants it), with the properties of mem_pages. Its control block lies in the range too: after fork the child
 * finds zeros, which is an empty, usable slab whose reservation is made anew, and a new random epoch.
 *
 * Every object begins with a struct slab_head that the slab owns. Ids (LSA_SEC_HANDLE sized): 64-bit:
 * generation << 32 | (index + 1); 32-bit: generation:10 | index+1:22. Never 0. A freed index goes to the free
 * list and comes back with the next generation; generations skip 0. An index whose generations are used up is
 * retired, so an id never comes back within a process epoch.
 */
#ifndef OPENSSPI_BASE_SLAB_H
#define OPENSSPI_BASE_SLAB_H

#include "port.h"

struct slab_head {
    /* 0 while free. Written by slab_alloc/slab_claim (release) and slab_free; read by slab_get (acquire). */
    uintptr_t id;
    /* The owner's, 64 bits, accessed atomically only: slab_free stores 0 here atomically (release) and wipes
     * the bytes behind the head; slab_alloc hands it out as 0 and never writes it. So code that finds an
     * object by slab_at may read this word at any time, also while another thread frees the object (secur32's
     * state and references). */
    uint64_t word __attribute__((aligned(8)));
};

struct slab_control; /* first page of the reservation */

/* Statically initialised: SLAB_INIT(sizeof(struct x), 1u << 22, lock). One per kind of object. */
struct slab {
    size_t object_size; /* multiple of 64 */
    uint32_t max_objects;
    bool lock;                    /* try to mlock pages as objects are handed out */
    struct slab_control *control; /* atomically published; NULL before first use */
    uint32_t capacity;            /* objects the reservation holds; valid once control is published */
    struct slab *reserved;        /* the one that made its reservation before: slab_unload */
};

#define SLAB_INIT(size, max, lock_pages)                                                                     \
    {                                                                                                        \
        (((size) + 63u) / 64u) * 64u, (max), (lock_pages), NULL, 0, NULL                                     \
    }

/* A zeroed object with its head.id set; its id in *id. NULL when out of memory or numbers. Any thread. O(1).
 */
void *slab_alloc(struct slab *s, uintptr_t *id);

/*
 * The object for an id that somebody else (the LSA half's slab, perhaps in another process) chose. NULL when
 * the index is out of range, in use, or the id is 0; out of memory likewise (*taken tells which: true = in
 * use). A slab is used either with slab_alloc or with slab_claim, never both.
 */
void *slab_claim(struct slab *s, uintptr_t id, bool *taken);

/* Wipes and frees. The id must be live and no one may be using it. */
void slab_free(struct slab *s, uintptr_t id);

/* Live objects now (exact when quiet). For tests and leak checks. */
uint32_t slab_live(struct slab *s);

/* Gives all reservations back, of every slab. For modules on their way out, which have this code to
 * themselves: no thread may be near. A slab with a live object stays. */
void slab_unload(void);

/* The rest is inline: what slab.c's control block begins with, and where the objects begin behind it. */
enum {
    SLAB_INDEX_BITS = sizeof(uintptr_t) == 8 ? 32 : 22,
    SLAB_CONTROL_SIZE = 4096,
};
#define SLAB_INDEX_MAX ((uint32_t)((UINT64_C(1) << SLAB_INDEX_BITS) - 2))

struct slab_shared {
    uint64_t epoch; /* 0: nothing was handed out in this process yet */
    uint32_t used;  /* indexes below it were handed out at some time */
    bool claimed;   /* used with slab_claim */
};

/* Index of an id; UINT32_MAX for 0. */
static inline uint32_t slab_index(uintptr_t id)
{
    return (uint32_t)(id & (uintptr_t)((UINT64_C(1) << SLAB_INDEX_BITS) - 1)) - 1;
}

/* Object at index or NULL beyond those ever handed out, whatever its state: for secur32's acquire, which
 * validates the slot's own atomic word, and for walks at shutdown. A free object reads zero but for its last
 * 8 bytes, which are the slab's while it is free: keep words that are looked at this way away from there. */
static inline void *slab_at(struct slab *s, uint32_t index)
{
    struct slab_shared *c = (struct slab_shared *)__atomic_load_n(&s->control, __ATOMIC_ACQUIRE);
    if (!c || index >= __atomic_load_n(&c->used, __ATOMIC_ACQUIRE))
        return NULL;
    return (uint8_t *)c + SLAB_CONTROL_SIZE + (size_t)index * s->object_size;
}

/* The object, or NULL unless its head.id is exactly id. Reads nothing outside the slab whatever id is.
 * Lock-free. The caller must otherwise know that nobody frees it meanwhile (secur32's references). */
static inline void *slab_get(struct slab *s, uintptr_t id)
{
    struct slab_head *object = (struct slab_head *)slab_at(s, slab_index(id));
    return id != 0 && object && __atomic_load_n(&object->id, __ATOMIC_ACQUIRE) == id ? object : NULL;
}

/* This process' random epoch for the slab, never 0 once an object was handed out; 0 in a fork's child until
 * it hands out its own. */
static inline uint64_t slab_epoch(struct slab *s)
{
    struct slab_shared *c = (struct slab_shared *)__atomic_load_n(&s->control, __ATOMIC_ACQUIRE);
    return c ? __atomic_load_n(&c->epoch, __ATOMIC_ACQUIRE) : 0;
}

/* slab_at, slab_get and slab_epoch for many at once: of objects that were handed out before the look was
 * made.
 */
struct slab_look {
    uint8_t *objects;
    uint64_t epoch;
    size_t size;
    uint32_t used;
};

static inline struct slab_look slab_look(struct slab *s)
{
    struct slab_shared *c = (struct slab_shared *)__atomic_load_n(&s->control, __ATOMIC_ACQUIRE);
    if (!c)
        return (struct slab_look){NULL, 0, 0, 0};
    return (struct slab_look){(uint8_t *)c + SLAB_CONTROL_SIZE, __atomic_load_n(&c->epoch, __ATOMIC_ACQUIRE),
                              s->object_size, __atomic_load_n(&c->used, __ATOMIC_ACQUIRE)};
}

static inline void *slab_look_at(const struct slab_look *l, uint32_t index)
{
    return index < l->used ? l->objects + (size_t)index * l->size : NULL;
}

static inline void *slab_look_get(const struct slab_look *l, uintptr_t id)
{
    struct slab_head *object = (struct slab_head *)slab_look_at(l, slab_index(id));
    return id != 0 && object && __atomic_load_n(&object->id, __ATOMIC_ACQUIRE) == id ? object : NULL;
}

#endif
