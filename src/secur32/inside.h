/* SPDX-License-Identifier: MIT */
/*
 * secur32/inside: who is inside a slot now, without a locked instruction on the way in and out. Each thread
 * has a record of its own, where it notes the slots that it is using; only whoever frees a slot looks into
 * the records of others.
 *
 * The two sides meet as in Dekker's algorithm. The user notes the slot, then looks whether it is deleted; the
 * one who deletes marks it deleted, then looks for notes. Between the two steps each must have a full memory
 * barrier, or both could miss each other. The user's is left to the other side: membarrier(2) makes every
 * running thread of the process pass one (MEMBARRIER_CMD_PRIVATE_EXPEDITED), so that the frequent side pays
 * nothing and the rare side a system call. Where the system has no membarrier the user's barrier is a real
 * one.
 *
 * Records are given back when their thread ends and used again; libsspi is never unloaded (-z nodelete), as
 * they and the slabs could not be given back while threads live; a fork's child has the forking thread's
 * alone.
 */
#ifndef OPENSSPI_SECUR32_INSIDE_H
#define OPENSSPI_SECUR32_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a thread can be inside at once: a batch of 64 and what a package calls on top. */
enum { INSIDE_MAX = 72 };

struct inside {
    const void *slots[INSIDE_MAX]; /* written by the thread alone, read by others; NULL: no slot */
    uint32_t depth;      /* the thread's own: entries in use, gaps by leaving out of order included */
    uint32_t used;       /* entries that were ever in use: how far others have to look */
    uint32_t taken;      /* a thread has this record */
    struct inside *next; /* all that were ever made */
} __attribute__((aligned(64)));

extern _Thread_local struct inside *inside_self __attribute__((tls_model("initial-exec")));
extern bool inside_cheap; /* membarrier is there: the user's side needs no barrier of its own */

/* Gives the thread its record; NULL when there is no memory for one. */
struct inside *inside_begin(void);

static inline void inside_barrier(void)
{
    if (__atomic_load_n(&inside_cheap, __ATOMIC_RELAXED))
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    else
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Notes that this thread uses slot; what the caller reads of the slot afterwards is read after that. False:
 * no room for the note, nothing was done. */
static inline bool inside_enter(const void *slot)
{
    struct inside *me = inside_self;
    if (__builtin_expect(me == NULL, 0)) {
        me = inside_begin();
        if (me == NULL)
            return false;
    }
    uint32_t at = me->depth;
    if (at >= __atomic_load_n(&me->used, __ATOMIC_RELAXED)) {
        if (at == INSIDE_MAX)
            return false;
        __atomic_store_n(&me->used, at + 1, __ATOMIC_RELAXED);
    }
    me->depth = at + 1;
    __atomic_store_n(&me->slots[at], slot, __ATOMIC_RELEASE);
    inside_barrier();
    return true;
}

/* inside_leave for a slot that was not the last one entered. */
bool inside_leave_early(const void *slot);

/* Takes the note back; what the caller reads of the slot afterwards is read after that. False: there is none
 * on this thread. */
static inline bool inside_leave(const void *slot)
{
    struct inside *me = inside_self;
    if (__builtin_expect(me == NULL || me->depth == 0 || me->slots[me->depth - 1] != slot, 0))
        return inside_leave_early(slot);
    uint32_t at = me->depth - 1;
    __atomic_store_n(&me->slots[at], NULL, __ATOMIC_RELEASE);
    while (at > 0 && me->slots[at - 1] == NULL) /* left out of order before */
        at--;
    me->depth = at;
    inside_barrier();
    return true;
}

/* Places for notes, one behind the other, in this thread's record. */
struct inside_room {
    struct inside *me;
    uint32_t at;
};

/* inside_enter for many: places for `count` notes, or for as many as there are left: *count, perhaps 0. They
 * are written by inside_note, from the first on, though some may be left out. */
static inline struct inside_room inside_enter_many(size_t *count)
{
    struct inside_room room = {inside_self, 0};
    if (__builtin_expect(room.me == NULL, 0))
        room.me = inside_begin();
    if (room.me == NULL) {
        *count = 0;
        return room;
    }
    room.at = room.me->depth;
    if (*count > INSIDE_MAX - room.at)
        *count = INSIDE_MAX - room.at;
    if (room.at + *count > __atomic_load_n(&room.me->used, __ATOMIC_RELAXED))
        __atomic_store_n(&room.me->used, room.at + (uint32_t)*count, __ATOMIC_RELAXED);
    return room;
}

/* As inside_enter, at place i. */
static inline void inside_note(const struct inside_room *room, size_t i, const void *slot)
{
    room->me->depth = room->at + (uint32_t)i + 1;
    __atomic_store_n(&room->me->slots[room->at + i], slot, __ATOMIC_RELEASE);
    inside_barrier();
}

/*
 * As inside_leave for all of slots, which were noted at these places; NULL: none was. False: some are not
 * there, and nothing was done; inside_leave knows one by one. (A call inside of this one that found no room
 * for its own note takes back the first one of that slot that it finds.)
 */
static inline bool inside_leave_many(const struct inside_room *room, void *const *slots, size_t count)
{
    struct inside *me = room->me;
    uint32_t at = room->at;
    bool there = true;
    for (size_t i = 0; i < count; i++)
        there &= slots[i] == NULL || me->slots[at + i] == slots[i];
    if (__builtin_expect(!there, 0))
        return false;
    for (size_t i = 0; i < count; i++)
        __atomic_store_n(&me->slots[at + i], NULL, __ATOMIC_RELEASE);
    while (at > 0 && me->slots[at - 1] == NULL) /* left out of order before */
        at--;
    me->depth = at;
    inside_barrier();
    return true;
}

/*
 * How many notes of slot there are, in all threads. The caller has marked the slot with a locked instruction
 * before, so whoever enters from now on sees the mark and leaves again. Zero: nobody uses the slot any more.
 * INSIDE_UNKNOWN: it cannot be known this time; a later call may know.
 */
#define INSIDE_UNKNOWN SIZE_MAX
size_t inside_count(const void *slot);

#endif
