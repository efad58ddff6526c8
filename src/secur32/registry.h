/* SPDX-License-Identifier: MIT */
/*
 * secur32/registry: the packages of this process. A package is a pair of tables that belong together, one
 * from the LSA half's entry point and one from the user half's. It enters the list whole or not at all: both
 * entry points exist, their interface versions are known, they offer equally many tables, each has the
 * functions without which nothing works, SpInitialize, SpGetInfo and SpInstanceInit succeed and the name is
 * new. A refused one is named with the reason in the trace.
 *
 * Whoever holds a package between registry_find and package_release (credentials and contexts do) keeps it
 * alive, its module loaded. The list holds it once. A removed package is found by no name any more; it is
 * shut down by whoever lets go of it last, and its module is unloaded after the last of its packages.
 *
 * With the first call that asks for any package the built-in ones start, then the modules (module.h).
 */
#ifndef OPENSSPI_SECUR32_REGISTRY_H
#define OPENSSPI_SECUR32_REGISTRY_H

#include <stdbool.h>
#include <uchar.h>

#include <ntsecpkg.h>
#include <opensspi.h>

#include "lsa/lsa.h"

/* In ordinary memory, which a fork's child keeps. */
struct package {
    SECPKG_USER_FUNCTION_TABLE user; /* complete: what the package's version lacks is NULL */
    const SspiBatchFunctions *batch; /* NULL: the package takes no part in batches */
    struct lsa_package *lsa;
    const SecPkgInfoW *info;
    char *name, *comment;  /* of info, UTF-8 */
    uint32_t holders;      /* atomic; the list's own is one of them */
    struct module *module; /* held; NULL: built in */
    bool removed;          /* atomic; from the list, nothing new may begin with it */
    struct package *next;
};

/*
 * SEC_E_OK and *package held; SEC_E_SECPKG_NOT_FOUND; SEC_E_INSUFFICIENT_MEMORY. Names compare without case.
 * The built-in packages start with the first call that asks for any; one that ran out of memory is tried
 * again at the next call, one that refused stays out.
 */
SECURITY_STATUS registry_find(const char16_t *name, struct package **package);
/* The same by lsa_package_id, removed ones that somebody holds included. */
SECURITY_STATUS registry_find_id(ULONG_PTR id, struct package **package);
void package_hold(struct package *package);
void package_release(struct package *package);

/* The list, locked against changes until registry_unlock; in *first, NULL when empty. */
SECURITY_STATUS registry_lock(struct package **first);
void registry_unlock(void);

/* Adds the packages of one pair of entry points; origin (for the trace) says where they come from. *reason,
 * on failure: static text. */
SECURITY_STATUS registry_add(SpLsaModeInitializeFn lsa, SpUserModeInitializeFn user, const char *origin,
                             const char **reason);

/* Loads the module that a name or path means and adds its packages. SEC_E_CANNOT_INSTALL: refused, and the
 * trace says why; SEC_E_SECPKG_NOT_FOUND; SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS registry_load(const char *name);

/* SEC_E_SECPKG_NOT_FOUND; SEC_E_UNSUPPORTED_FUNCTION: built in, stays. */
SECURITY_STATUS registry_remove(const char16_t *name);
/* True: the package was removed; what it has goes on, nothing new begins. */
bool package_removed(const struct package *package);

/* Tests only: empties the list, with every package shut down; with_builtins: whether those start again at the
 * next use. No handle may be left. */
void registry_reset(bool with_builtins);

/* What a package's user half is served through. */
extern SECPKG_DLL_FUNCTIONS registry_dll_functions;

#endif
