/* SPDX-License-Identifier: MIT */
/*
 * Context lists. All entries of all lists stand in one table by their address, because ReferenceListEntry is
 * to find an entry before it may look at it. Each bucket has a lock that is held for a few comparisons; an
 * entry's own List member chains the bucket. RefCount is atomic: giving back takes no lock.
 */
#include "ksec/ksec.h"

#include "port_ksec.h"

enum { BUCKET_BITS = 12, LISTS_MAX = 16, REFERENCES_MAX = 1 << 30 };

struct bucket {
    struct port_lock lock;
    PKSEC_LIST_ENTRY first;
};

struct list {
    KSEC_CONTEXT_TYPE type;
    size_t count; /* atomic; entries that are on it */
};

static struct bucket buckets[1 << BUCKET_BITS];
static struct list lists[LISTS_MAX];
static size_t lists_used;

static struct bucket *bucket_of(const void *entry)
{
    /* Fibonacci hashing; the low bits of addresses are all alike. */
    uint64_t hash = (uint64_t)(uintptr_t)entry * UINT64_C(0x9e3779b97f4a7c15);
    return &buckets[hash >> (64 - BUCKET_BITS)];
}

static PKSEC_LIST_ENTRY next_of(const KSEC_LIST_ENTRY *entry)
{
    return (PKSEC_LIST_ENTRY)(void *)entry->List.Flink;
}

static PVOID SEC_ENTRY list_create(KSEC_CONTEXT_TYPE type)
{
    if (lists_used == LISTS_MAX)
        return NULL;
    /* All zero is free, but not yet known to a kernel that checks its locks. */
    for (size_t i = 0; lists_used == 0 && i < sizeof buckets / sizeof buckets[0]; i++)
        port_lock_init(&buckets[i].lock);
    lists[lists_used] = (struct list){.type = type};
    return &lists[lists_used++];
}

static VOID SEC_ENTRY list_insert(PVOID list, PKSEC_LIST_ENTRY entry)
{
    struct bucket *b = bucket_of(entry);
    entry->OwningList = list;
    __atomic_fetch_add(&((struct list *)list)->count, 1, __ATOMIC_RELAXED);
    port_lock_take(&b->lock);
    entry->List.Flink = (PLIST_ENTRY)(void *)b->first;
    b->first = entry;
    port_lock_give(&b->lock);
}

/* Takes the entry out of its chain. The bucket's lock is held. */
static void bucket_remove(struct bucket *b, PKSEC_LIST_ENTRY before, PKSEC_LIST_ENTRY entry)
{
    if (before == NULL)
        b->first = next_of(entry);
    else
        before->List.Flink = entry->List.Flink;
    __atomic_fetch_sub(&((struct list *)entry->OwningList)->count, 1, __ATOMIC_RELAXED);
    entry->List.Flink = NULL;
}

static NTSTATUS bucket_reference(struct bucket *b, const KSEC_LIST_ENTRY *wanted, ULONG signature,
                                 bool remove)
{
    PKSEC_LIST_ENTRY before = NULL, entry = b->first;
    while (entry != NULL && entry != wanted) {
        before = entry;
        entry = next_of(entry);
    }
    if (entry == NULL || entry->Signature != signature)
        return SEC_E_INVALID_HANDLE;
    if (remove) {
        bucket_remove(b, before, entry);
        return SEC_E_OK;
    }
    if (__atomic_load_n(&entry->RefCount, __ATOMIC_RELAXED) >= REFERENCES_MAX)
        return SEC_E_INSUFFICIENT_MEMORY;
    __atomic_fetch_add(&entry->RefCount, 1, __ATOMIC_RELAXED);
    return SEC_E_OK;
}

static NTSTATUS SEC_ENTRY list_reference(PKSEC_LIST_ENTRY entry, ULONG signature, BOOLEAN remove)
{
    struct bucket *b = bucket_of(entry);
    port_lock_take(&b->lock);
    NTSTATUS status = bucket_reference(b, entry, signature, remove);
    port_lock_give(&b->lock);
    return status;
}

static VOID SEC_ENTRY list_dereference(PKSEC_LIST_ENTRY entry, BOOLEAN *last)
{
    *last = __atomic_sub_fetch(&entry->RefCount, 1, __ATOMIC_ACQ_REL) == 0;
}

size_t ksec_lists_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < lists_used; i++)
        count += __atomic_load_n(&lists[i].count, __ATOMIC_RELAXED);
    return count;
}

bool ksec_lists_free(void)
{
    if (ksec_lists_count() != 0)
        return false;
    lists_used = 0;
    return true;
}

/* ---- the services ---- */

static PVOID NTAPI heap_allocate(ULONG size)
{
    return ksec_host_alloc(size);
}

static VOID NTAPI heap_free(PVOID p)
{
    ksec_host_free(p);
}

static NTSTATUS SEC_ENTRY no_serialization(PVOID data, PULONG size, PVOID *serialized)
{
    (void)data;
    (void)size;
    (void)serialized;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

static PVOID SEC_ENTRY no_package(ULONG id)
{
    (void)id;
    return NULL;
}

SECPKG_KERNEL_FUNCTIONS ksec_functions = {
    .AllocateHeap = heap_allocate,
    .FreeHeap = heap_free,
    .CreateContextList = list_create,
    .InsertListEntry = list_insert,
    .ReferenceListEntry = list_reference,
    .DereferenceListEntry = list_dereference,
    .SerializeWinntAuthData = no_serialization,
    .SerializeSchannelAuthData = no_serialization,
    .LocatePackageById = no_package,
};
