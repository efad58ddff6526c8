/* SPDX-License-Identifier: MIT */
#include "packages/kernel.h"

#include "base/secret.h"

NTSTATUS packages_kernel_start(struct packages_kernel *k, PSECPKG_KERNEL_FUNCTIONS host)
{
    if (host == NULL || host->AllocateHeap == NULL || host->FreeHeap == NULL ||
        host->CreateContextList == NULL || host->InsertListEntry == NULL ||
        host->ReferenceListEntry == NULL || host->DereferenceListEntry == NULL)
        return SEC_E_INVALID_PARAMETER;
    k->list = host->CreateContextList(KSecNonPaged);
    if (k->list == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    k->host = host;
    return SEC_E_OK;
}

void *packages_kernel_alloc(const struct packages_kernel *k, size_t size)
{
    return k->host != NULL && size <= INT32_MAX ? k->host->AllocateHeap((ULONG)size) : NULL;
}

void packages_kernel_free(const struct packages_kernel *k, void *p)
{
    if (p != NULL)
        k->host->FreeHeap(p);
}

struct packages_kernel_context *packages_kernel_new(const struct packages_kernel *k)
{
    struct packages_kernel_context *c = packages_kernel_alloc(k, k->size);
    if (c != NULL)
        KsecInitializeListEntry(&c->entry, k->signature);
    return c;
}

void packages_kernel_discard(const struct packages_kernel *k, struct packages_kernel_context *c)
{
    packages_kernel_free(k, c->names);
    secret_wipe(c, k->size);
    packages_kernel_free(k, c);
}

LSA_SEC_HANDLE packages_kernel_publish(const struct packages_kernel *k, struct packages_kernel_context *c,
                                       LSA_SEC_HANDLE lsa)
{
    c->lsa = lsa;
    k->host->InsertListEntry(k->list, &c->entry);
    return (LSA_SEC_HANDLE)(uintptr_t)&c->entry;
}

/* Found in a list: only now is it an address. */
static struct packages_kernel_context *context_at(LSA_SEC_HANDLE id)
{
    return (struct packages_kernel_context *)(uintptr_t)id;
}
_Static_assert(offsetof(struct packages_kernel_context, entry) == 0, "an entry's address is its context's");

static bool context_reference(const struct packages_kernel *k, LSA_SEC_HANDLE id, BOOLEAN remove)
{
    PKSEC_LIST_ENTRY entry = (PKSEC_LIST_ENTRY)(uintptr_t)id;
    return id != 0 && k->host != NULL && k->host->ReferenceListEntry(entry, k->signature, remove) >= 0;
}

struct packages_kernel_context *packages_kernel_enter(const struct packages_kernel *k, LSA_SEC_HANDLE id)
{
    return context_reference(k, id, FALSE) ? context_at(id) : NULL;
}

void packages_kernel_leave(const struct packages_kernel *k, struct packages_kernel_context *c)
{
    BOOLEAN last = FALSE;
    k->host->DereferenceListEntry(&c->entry, &last);
    if (last)
        packages_kernel_discard(k, c);
}

NTSTATUS packages_kernel_delete(const struct packages_kernel *k, LSA_SEC_HANDLE id, PLSA_SEC_HANDLE lsa)
{
    if (!context_reference(k, id, TRUE))
        return SEC_E_INVALID_HANDLE;
    /* The list's own reference is ours now. */
    struct packages_kernel_context *c = context_at(id);
    if (lsa != NULL)
        *lsa = c->lsa;
    packages_kernel_leave(k, c);
    return SEC_E_OK;
}

NTSTATUS packages_kernel_map(const struct packages_kernel *k, LSA_SEC_HANDLE id, PLSA_SEC_HANDLE lsa)
{
    struct packages_kernel_context *c = packages_kernel_enter(k, id);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (lsa != NULL)
        *lsa = c->lsa;
    packages_kernel_leave(k, c);
    return lsa != NULL ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
}

NTSTATUS packages_kernel_absent(const struct packages_kernel *k, LSA_SEC_HANDLE id, NTSTATUS status)
{
    LSA_SEC_HANDLE lsa;
    NTSTATUS found = packages_kernel_map(k, id, &lsa);
    return found == SEC_E_OK ? status : found;
}

NTSTATUS NTAPI packages_kernel_paging(BOOLEAN PagingMode)
{
    (void)PagingMode;
    return SEC_E_OK;
}

NTSTATUS packages_kernel_serialize(const struct packages_kernel *k, PVOID data, PULONG size,
                                   PVOID *serialized)
{
    if (k->host == NULL || k->host->SerializeWinntAuthData == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    return k->host->SerializeWinntAuthData(data, size, serialized);
}

void packages_kernel_views(const struct packages_kernel_context *c, struct packages_view *text, size_t count)
{
    const char16_t *at = c->names;
    for (size_t i = 0; i < count; i++) {
        text[i] = (struct packages_view){at, c->units[i]};
        at += c->units[i] + 1;
    }
}

void packages_kernel_units(struct packages_kernel_context *c, const struct packages_view *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        c->units[i] = (uint16_t)text[i].units;
}
