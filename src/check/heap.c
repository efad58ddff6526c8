/* SPDX-License-Identifier: MIT */
#include "check/heap.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "check/check.h"
#include "check/guard.h"
#include "check/keeper.h"
#include "lsa/host.h"
#include "secur32/registry.h"

enum { BLOCKS_MAX = 16384, QUARANTINE = 256, ALIGNMENT = 16, BLOCK_MAX = 64 << 20 };

struct block {
    struct guard guard;
    enum heap_kind kind;
    bool live;
};

static struct block blocks[BLOCKS_MAX];
static unsigned blocks_used, quarantine[QUARANTINE], quarantined;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t live, asked, failing;
static bool failed, registry;
static char mistake[CHECK_TEXT_MAX];

static const struct {
    const char *gives, *takes, *label;
} names[HEAP_KINDS] = {
    [HEAP_LSA] = {"AllocateLsaHeap", "FreeLsaHeap", "memory of AllocateLsaHeap"},
    [HEAP_PRIVATE] = {"AllocatePrivateHeap", "FreePrivateHeap", "memory of AllocatePrivateHeap"},
    [HEAP_CLIENT] = {"AllocateClientBuffer", "FreeClientBuffer", "memory of AllocateClientBuffer"},
    [HEAP_USER] = {"AllocateHeap", "FreeHeap", "memory of AllocateHeap"},
};

static void note(const char *what, enum heap_kind kind, const char *more)
{
    if (mistake[0] == 0)
        (void)snprintf(mistake, sizeof mistake, "%s%s%s", what, kind < HEAP_KINDS ? names[kind].gives : "",
                       more);
}

const char *heap_mistake(void)
{
    return mistake[0] != 0 ? mistake : NULL;
}

/* Under the lock: one more allocation is asked for. False: it is to fail. */
static bool admitted(void)
{
    asked++;
    if (failing == 0 || --failing != 0)
        return true;
    failed = true;
    return false;
}

static bool gate(void *arg, size_t size)
{
    (void)arg;
    (void)size;
    pthread_mutex_lock(&lock);
    bool yes = admitted();
    pthread_mutex_unlock(&lock);
    return yes;
}

/* The lowest one that is free, so that looking for others stays short. */
static struct block *block_new(void)
{
    for (unsigned i = 0; i < BLOCKS_MAX; i++) {
        if (blocks[i].guard.pages != NULL)
            continue;
        if (i == blocks_used)
            blocks_used++;
        return &blocks[i];
    }
    return NULL;
}

static struct block *block_find(const void *p)
{
    for (unsigned i = 0; i < blocks_used; i++)
        if (blocks[i].guard.pages != NULL && blocks[i].guard.data == p)
            return &blocks[i];
    return NULL;
}

static void *alloc_locked(enum heap_kind kind, size_t size)
{
    struct block *b = admitted() && size <= BLOCK_MAX ? block_new() : NULL;

    if (b == NULL || !guard_make(&b->guard, size, ALIGNMENT, names[kind].label))
        return NULL;
    b->kind = kind;
    b->live = true;
    live++;
    guard_list(&b->guard);
    return b->guard.data;
}

void *heap_alloc(enum heap_kind kind, size_t size)
{
    if (registry)
        return kind == HEAP_USER || kind == HEAP_CLIENT ? mem_client_alloc(size > 0 ? size : 1)
                                                        : mem_alloc(size > 0 ? size : 1);
    pthread_mutex_lock(&lock);
    void *p = alloc_locked(kind, size);
    pthread_mutex_unlock(&lock);
    return p;
}

/* The address stays taken, and nobody may touch it, until so many others were freed. */
static void block_close(struct block *b)
{
    unsigned at = quarantined++ % QUARANTINE;

    if (quarantined > QUARANTINE)
        guard_free(&blocks[quarantine[at]].guard);
    quarantine[at] = (unsigned)(b - blocks);
    if (!guard_intact(&b->guard))
        note("something was written beside a block of ", b->kind, "");
    b->live = false;
    live--;
    guard_close(&b->guard);
}

static bool free_locked(const void *p, enum heap_kind kind, enum heap_kind other)
{
    struct block *b = block_find(p);

    if (b == NULL) {
        note("what no function of the host gave was freed with ", HEAP_KINDS, names[kind].takes);
        return false;
    }
    if (!b->live) {
        note("what ", b->kind, " had given was freed twice");
        return false;
    }
    bool right = b->kind == kind || b->kind == other;
    if (!right)
        note("what ", b->kind, " had given was freed with a function of another heap");
    block_close(b);
    return right;
}

static bool free_either(void *p, enum heap_kind kind, enum heap_kind other)
{
    if (p == NULL)
        return true;
    if (registry) {
        if (kind == HEAP_USER || kind == HEAP_CLIENT)
            mem_client_free(p);
        else
            mem_free(p);
        return true;
    }
    pthread_mutex_lock(&lock);
    bool right = free_locked(p, kind, other);
    pthread_mutex_unlock(&lock);
    return right;
}

bool heap_free(enum heap_kind kind, void *p)
{
    return free_either(p, kind, kind);
}

/* FreeContextBuffer is one function for what both halves give. */
bool heap_free_client(void *p)
{
    return free_either(p, HEAP_USER, HEAP_CLIENT);
}

bool heap_owns(enum heap_kind kind, const void *p, size_t *size)
{
    if (registry)
        return p != NULL;
    pthread_mutex_lock(&lock);
    const struct block *b = block_find(p);
    bool yes = b != NULL && b->live && b->kind == kind;
    if (yes && size != NULL)
        *size = b->guard.size;
    pthread_mutex_unlock(&lock);
    return yes;
}

size_t heap_live(void)
{
    return registry ? mem_live() : live;
}

size_t heap_asked(void)
{
    return asked;
}

void heap_fail(size_t nth)
{
    pthread_mutex_lock(&lock);
    failing = nth;
    failed = false;
    pthread_mutex_unlock(&lock);
}

bool heap_failed(void)
{
    return failed;
}

/* ---- the tables ---- */

static PVOID NTAPI allocate_lsa(ULONG Length)
{
    return heap_alloc(HEAP_LSA, Length);
}

static VOID NTAPI free_lsa(PVOID Base)
{
    (void)heap_free(HEAP_LSA, Base);
}

static PVOID NTAPI allocate_private(SIZE_T Length)
{
    return heap_alloc(HEAP_PRIVATE, Length);
}

static VOID NTAPI free_private(PVOID Base)
{
    (void)heap_free(HEAP_PRIVATE, Base);
}

static NTSTATUS NTAPI allocate_client(PLSA_CLIENT_REQUEST ClientRequest, ULONG LengthRequired,
                                      PVOID *ClientBaseAddress)
{
    (void)ClientRequest;
    if (ClientBaseAddress == NULL)
        return STATUS_INVALID_PARAMETER;
    *ClientBaseAddress = heap_alloc(HEAP_CLIENT, LengthRequired);
    return *ClientBaseAddress != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

static NTSTATUS NTAPI free_client(PLSA_CLIENT_REQUEST ClientRequest, PVOID ClientBaseAddress)
{
    (void)ClientRequest;
    (void)heap_free_client(ClientBaseAddress);
    return STATUS_SUCCESS;
}

/* What a package of the library's gave comes from the library's heap. */
static VOID NTAPI free_return(PVOID Base)
{
    pthread_mutex_lock(&lock);
    bool ours = Base == NULL || block_find(Base) != NULL;
    pthread_mutex_unlock(&lock);
    if (ours)
        (void)heap_free_client(Base);
    else
        mem_client_free(Base);
}

/* The same bytes in a block of ours instead of the library's; false: no memory, and neither is there. */
static bool adopt(STRING *s)
{
    char *copy = heap_alloc(HEAP_LSA, s->MaximumLength > 0 ? s->MaximumLength : 1);

    if (copy != NULL && s->Length > 0)
        memcpy(copy, s->Buffer, s->Length);
    mem_free(s->Buffer);
    s->Buffer = copy;
    return copy != NULL;
}

static NTSTATUS NTAPI get_credentials(PLUID LogonId, ULONG AuthenticationPackage, PULONG QueryContext,
                                      BOOLEAN RetrieveAllCredentials, PLSA_STRING PrimaryKeyValue,
                                      PULONG PrimaryKeyLength, PLSA_STRING Credentials)
{
    if (QueryContext == NULL || PrimaryKeyValue == NULL || Credentials == NULL)
        return STATUS_INVALID_PARAMETER;
    ULONG place = *QueryContext, length = 0;
    STRING key = *PrimaryKeyValue, found = {0};
    NTSTATUS status = lsa_services.GetCredentials(LogonId, AuthenticationPackage, &place,
                                                  RetrieveAllCredentials, &key, &length, &found);
    if (status != STATUS_SUCCESS)
        return status;
    bool good = adopt(&found);
    if (RetrieveAllCredentials)
        good = adopt(&key) && good;
    if (!good) {
        (void)heap_free(HEAP_LSA, found.Buffer);
        (void)heap_free(HEAP_LSA, RetrieveAllCredentials ? key.Buffer : NULL);
        return STATUS_NO_MEMORY;
    }
    *QueryContext = place;
    *PrimaryKeyValue = key;
    *Credentials = found;
    if (PrimaryKeyLength != NULL)
        *PrimaryKeyLength = length;
    return STATUS_SUCCESS;
}

LSA_SECPKG_FUNCTION_TABLE *heap_lsa_functions(void)
{
    static LSA_SECPKG_FUNCTION_TABLE table;

    if (registry)
        return &lsa_services;
    table = lsa_services;
    table.AllocateLsaHeap = allocate_lsa;
    table.FreeLsaHeap = free_lsa;
    table.AllocatePrivateHeap = allocate_private;
    table.FreePrivateHeap = free_private;
    table.AllocateClientBuffer = allocate_client;
    table.FreeClientBuffer = free_client;
    table.FreeReturnBuffer = free_return;
    table.GetCredentials = get_credentials;
    return &table;
}

static PVOID NTAPI allocate_user(ULONG Length)
{
    return heap_alloc(HEAP_USER, Length);
}

static VOID NTAPI free_user(PVOID Base)
{
    (void)heap_free(HEAP_USER, Base);
}

SECPKG_DLL_FUNCTIONS *heap_dll_functions(void)
{
    static SECPKG_DLL_FUNCTIONS table;

    if (registry)
        return &registry_dll_functions;
    table = registry_dll_functions;
    table.AllocateHeap = allocate_user;
    table.FreeHeap = free_user;
    table.LocatePackageById = keeper_locate;
    return &table;
}

void heap_use_registry(void)
{
    registry = true;
    mem_test_gate = gate;
}
