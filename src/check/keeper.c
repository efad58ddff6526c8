/* SPDX-License-Identifier: MIT */
#include "check/keeper.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "lsa/host.h"
#include "secur32/registry.h"

/* The registry counts from 1. */
enum { FIRST_ID = 0x10000 };

static struct lsa_package *mine[LSA_TABLES_MAX];
static PSECPKG_USER_FUNCTION_TABLE users[LSA_TABLES_MAX];

static const struct lsa_keeper keeper;

ULONG_PTR keeper_id(ULONG index)
{
    return FIRST_ID + (ULONG_PTR)index;
}

static struct lsa_package *by_id(ULONG_PTR id)
{
    return id >= FIRST_ID && id - FIRST_ID < LSA_TABLES_MAX ? mine[id - FIRST_ID] : NULL;
}

/* The registry's first use puts its own keeper in our place. */
static void take_over(void)
{
    lsa_keeper_set(&keeper);
}

bool keeper_add(ULONG index, const SECPKG_FUNCTION_TABLE *table)
{
    struct lsa_package *p = mem_client_alloc(sizeof *p);

    if (p == NULL)
        return false;
    p->table = *table;
    p->id = keeper_id(index);
    mine[index] = p;
    take_over();
    return true;
}

void keeper_name(ULONG index, const SecPkgInfoW *info)
{
    mine[index]->info = *info;
}

void keeper_user(ULONG index, PSECPKG_USER_FUNCTION_TABLE table)
{
    users[index] = table;
}

PVOID NTAPI keeper_locate(ULONG PackageId)
{
    if (by_id(PackageId) != NULL)
        return users[PackageId - FIRST_ID];
    PVOID found = registry_dll_functions.LocatePackageById(PackageId);
    take_over();
    return found;
}

static struct lsa_package *other(SECURITY_STATUS status, struct package *found, void **held)
{
    take_over();
    if (status != SEC_E_OK)
        return NULL;
    *held = found;
    return found->lsa;
}

static struct lsa_package *keeper_find(const char16_t *name, size_t units, void **held)
{
    char16_t text[LSA_NAME_MAX + 1] = {0};
    struct package *found = NULL;

    *held = NULL;
    for (size_t i = 0; i < LSA_TABLES_MAX && mine[i] != NULL; i++) {
        const SEC_WCHAR *own = mine[i]->info.Name;
        if (own != NULL && utf16_equal_nocase(own, utf16_length(own), name, units))
            return mine[i];
    }
    if (units > LSA_NAME_MAX)
        return NULL;
    memcpy(text, name, units * sizeof(char16_t));
    SECURITY_STATUS status = registry_find(text, &found);
    return other(status, found, held);
}

static struct lsa_package *keeper_hold(ULONG_PTR id, void **held)
{
    struct package *found = NULL;

    *held = NULL;
    if (by_id(id) != NULL)
        return by_id(id);
    SECURITY_STATUS status = registry_find_id(id, &found);
    return other(status, found, held);
}

/* The kit's own stay. */
static void keeper_release(void *held)
{
    if (held != NULL)
        package_release(held);
}

static const struct lsa_keeper keeper = {
    .find = keeper_find,
    .hold = keeper_hold,
    .release = keeper_release,
};
