/* SPDX-License-Identifier: MIT */
/* packages/ntlm: what both halves say about the package. */
#ifndef OPENSSPI_PACKAGES_NTLM_INFO_H
#define OPENSSPI_PACKAGES_NTLM_INFO_H

#include <ntsecpkg.h>

#include "base/span.h"

enum {
    NTLM_MAX_TOKEN = 2888,         /* Windows' number, answered for SIZES */
    NTLM_MAX_TOKEN_REALLY = 12288, /* SecPkgInfo: AUTHENTICATE with the longest DNS names and user names; what
                                      a server puts into its target info beyond them may need more */
};

extern const SecPkgInfoW ntlm_package_info;

#endif
