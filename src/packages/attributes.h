/* SPDX-License-Identifier: MIT */
/*
 * packages/attributes: the answers to QueryContextAttributes that are the same in every package. A package
 * says what it knows of the context; what the application gets is made from it here.
 */
#ifndef OPENSSPI_PACKAGES_ATTRIBUTES_H
#define OPENSSPI_PACKAGES_ATTRIBUTES_H

#include <ntsecpkg.h>

#include "base/span.h"
#include "packages/view.h"

/* Memory for what the application gets. */
typedef void *(*packages_alloc_fn)(size_t size);

/* Terminated copy; NULL when out of memory. */
char16_t *packages_string_copy(packages_alloc_fn alloc, const char16_t *text, size_t units);
/* DOMAIN\user, or user alone when there is no domain; NULL when out of memory. */
char16_t *packages_account_copy(packages_alloc_fn alloc, const char16_t *domain, size_t domain_units,
                                const char16_t *user, size_t user_units);
/* One allocation with the structure and its strings; NULL when out of memory. */
SecPkgInfoW *packages_info_copy(packages_alloc_fn alloc, const SecPkgInfoW *info);

/* An established context. Everything belongs to the context or the package. */
struct packages_facts {
    packages_alloc_fn alloc;
    void (*release)(void *p); /* of what alloc gave */
    const SecPkgInfoW *info;
    SecPkgContext_Sizes sizes;
    ULONG attributes;                    /* ISC_RET_*, ASC_RET_* */
    uint64_t start, expiry;              /* FILETIME */
    struct packages_view domain, client; /* NAMES; domain empty: the client's name has everything */
    struct packages_view server;         /* NATIVE_NAMES */
    struct packages_view target;         /* as the application named it */
    struct packages_view authority;
    struct span session_key;
    ULONG key_bits, signature, encryption; /* KEY_INFO */
    const char16_t *signature_name, *encryption_name;
};

/*
 * SIZES, NAMES, LIFESPAN, KEY_INFO, AUTHORITY, SESSION_KEY, PACKAGE_INFO, NEGOTIATION_INFO, NATIVE_NAMES,
 * FLAGS, TARGET, CLIENT_SPECIFIED_TARGET and LAST_CLIENT_TOKEN_STATUS, in the W structures.
 * SEC_E_INVALID_PARAMETER: one of these with buffer NULL; SEC_E_UNSUPPORTED_FUNCTION: another one;
 * SEC_E_INSUFFICIENT_MEMORY. The buffer is untouched on failure.
 */
NTSTATUS packages_attribute_query(const struct packages_facts *facts, ULONG attribute, void *buffer);
/* The same without TARGET, freestanding. */
NTSTATUS packages_attribute_answer(const struct packages_facts *facts, ULONG attribute, void *buffer);

#endif
