/* SPDX-License-Identifier: MIT */
/* packages/ntlm: what both halves say about the package, and the attributes that need no keys. */
#ifndef OPENSSPI_PACKAGES_NTLM_INFO_H
#define OPENSSPI_PACKAGES_NTLM_INFO_H

#include <ntsecpkg.h>
#include <uchar.h>

#include "base/span.h"

enum {
    NTLM_MAX_TOKEN = 2888,         /* Windows' number, answered for SIZES */
    NTLM_MAX_TOKEN_REALLY = 12288, /* SecPkgInfo: names of any length in AUTHENTICATE fit */
};

extern const SecPkgInfoW ntlm_package_info;

/* Memory for what the application gets. */
typedef void *(*ntlm_alloc_fn)(size_t size);

/* One allocation with the structure and its strings; NULL when out of memory. */
SecPkgInfoW *ntlm_package_info_copy(ntlm_alloc_fn alloc);
/* Terminated copy; NULL when out of memory. */
char16_t *ntlm_string_copy(ntlm_alloc_fn alloc, const char16_t *text, size_t units);
/* DOMAIN\user, or user alone when there is no domain (user@domain). */
char16_t *ntlm_account_string(ntlm_alloc_fn alloc, const char16_t *domain, size_t domain_units,
                              const char16_t *user, size_t user_units);

#endif
