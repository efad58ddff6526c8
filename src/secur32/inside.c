/* SPDX-License-Identifier: MIT */
#include "secur32/inside.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RECORDS_AT_ONCE = 4096 / sizeof(struct inside) };

_Thread_local struct inside *inside_self __attribute__((tls_model("initial-exec")));
bool inside_cheap;

static struct inside *records; /* atomic; added in front, never taken out */
static pthread_once_t records_once = PTHREAD_ONCE_INIT;
static pthread_key_t records_key;
static bool records_key_made;

static void record_clear(struct inside *record)
{
    for (size_t i = 0; i < INSIDE_MAX; i++)
        __atomic_store_n(&record->slots[i], NULL, __ATOMIC_RELEASE);
    record->depth = 0;
}

/* The end of a thread. Whatever of it runs later and enters a slot gets a record anew. */
static void record_end(void *own)
{
    struct inside *record = own;
    record_clear(record);
    inside_self = NULL;
    __atomic_store_n(&record->taken, 0, __ATOMIC_RELEASE);
}

/* The other threads are not here, and never leave what they were inside. */
static void records_after_fork(void)
{
    for (struct inside *r = records; r != NULL; r = r->next) {
        if (r == inside_self)
            continue;
        record_clear(r);
        r->taken = 0;
    }
}

static void records_begin(void)
{
    /* Registering says which kind of barrier this process will ask for. */
    inside_cheap = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    records_key_made = pthread_key_create(&records_key, record_end) == 0 &&
                       pthread_atfork(NULL, NULL, records_after_fork) == 0;
}

/* The library may be unloaded while threads live that would call record_end at their end. */
__attribute__((destructor)) static void records_finish(void)
{
    if (records_key_made)
        pthread_key_delete(records_key);
}

static struct inside *record_reuse(void)
{
    for (struct inside *r = __atomic_load_n(&records, __ATOMIC_ACQUIRE); r != NULL; r = r->next) {
        uint32_t free = 0;
        if (__atomic_load_n(&r->taken, __ATOMIC_RELAXED) == 0 &&
            __atomic_compare_exchange_n(&r->taken, &free, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return r;
    }
    return NULL;
}

/* Pages of our own: the records outlive every heap that a test or a program may count, and a fork keeps them.
 */
static struct inside *record_new(void)
{
    struct inside *made = mmap(NULL, RECORDS_AT_ONCE * sizeof *made, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return NULL;
    made[0].taken = 1;
    for (size_t i = 0; i + 1 < RECORDS_AT_ONCE; i++)
        made[i].next = &made[i + 1];
    struct inside *last = &made[RECORDS_AT_ONCE - 1];
    last->next = __atomic_load_n(&records, __ATOMIC_RELAXED);
    while (
        !__atomic_compare_exchange_n(&records, &last->next, made, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        continue;
    return made;
}

struct inside *inside_begin(void)
{
    pthread_once(&records_once, records_begin);
    if (!records_key_made)
        return NULL;
    struct inside *r = record_reuse();
    if (r == NULL)
        r = record_new();
    if (r == NULL)
        return NULL;
    if (pthread_setspecific(records_key, r) != 0) {
        __atomic_store_n(&r->taken, 0, __ATOMIC_RELEASE);
        return NULL;
    }
    inside_self = r;
    /* Whoever saw this record untaken, and so did without membarrier, marked the slot before: see it. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return r;
}

bool inside_leave_early(const void *slot)
{
    struct inside *me = inside_self;
    uint32_t at = me != NULL ? me->depth : 0;
    while (at > 0 && me->slots[at - 1] != slot)
        at--;
    if (at == 0)
        return false;
    __atomic_store_n(&me->slots[at - 1], NULL, __ATOMIC_RELEASE);
    inside_barrier();
    return true;
}

/* A thread that takes its record later does so with a locked instruction, and then sees the mark. */
static bool others_have_records(void)
{
    for (struct inside *r = __atomic_load_n(&records, __ATOMIC_ACQUIRE); r != NULL; r = r->next) {
        if (r != inside_self && __atomic_load_n(&r->taken, __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

/*
 * The barrier that users do without. A child that was made without the handlers of fork may have lost the
 * registration. False: membarrier was there and is denied now (a filter of system calls, set later): from now
 * on users have a barrier of their own, but who is inside already may not have had one.
 */
static bool barrier_everywhere(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!inside_cheap || !others_have_records())
        return true;
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0)
        return true;
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 &&
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0)
        return true;
    __atomic_store_n(&inside_cheap, false, __ATOMIC_RELAXED);
    return false;
}

size_t inside_count(const void *slot)
{
    if (!barrier_everywhere())
        return INSIDE_UNKNOWN;
    size_t count = 0;
    for (struct inside *r = __atomic_load_n(&records, __ATOMIC_ACQUIRE); r != NULL; r = r->next) {
        uint32_t used = __atomic_load_n(&r->used, __ATOMIC_RELAXED);
        for (uint32_t i = 0; i < used; i++)
            count += __atomic_load_n(&r->slots[i], __ATOMIC_ACQUIRE) == slot;
    }
    return count;
}
