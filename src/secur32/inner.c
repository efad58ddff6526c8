/* SPDX-License-Identifier: MIT */
/*
 * secur32/inner: what Negotiate asks of its host: the packages of this process as tables, and to whom the
 * context of a step belongs. A package without a user half is one that hands over contexts of others.
 */
#include "lsa/lsa.h"
#include "packages/negotiate/negotiate_package.h"
#include "secur32/registry.h"

static size_t inner_packages(struct negotiate_inner *out, size_t room)
{
    struct package *first;
    size_t count = 0;

    if (registry_lock(&first) != SEC_E_OK)
        return 0;
    for (struct package *p = first; p != NULL && count < room; p = p->next) {
        package_hold(p);
        out[count++] = (struct negotiate_inner){
            .id = lsa_package_id(p->lsa),
            .info = p->info,
            .lsa = lsa_package_table(p->lsa),
            .user = &p->user,
        };
    }
    registry_unlock();
    return count;
}

static void inner_hold(ULONG_PTR id)
{
    struct package *package;

    (void)registry_find_id(id, &package); /* which holds it */
}

static void inner_release(ULONG_PTR id)
{
    struct package *package;

    if (registry_find_id(id, &package) != SEC_E_OK)
        return;
    package_release(package);
    package_release(package);
}

static bool inner_removed(ULONG_PTR id)
{
    struct package *package;

    if (registry_find_id(id, &package) != SEC_E_OK)
        return true;
    bool removed = package_removed(package);
    package_release(package);
    return removed;
}

const struct negotiate_host negotiate_host = {
    .packages = inner_packages,
    .hold = inner_hold,
    .release = inner_release,
    .removed = inner_removed,
    .hand_over = lsa_step_hand_over,
    .call_as = lsa_call_as,
};
