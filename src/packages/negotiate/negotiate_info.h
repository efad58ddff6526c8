/* SPDX-License-Identifier: MIT */
/* packages/negotiate: what both halves say about the package. */
#ifndef OPENSSPI_PACKAGES_NEGOTIATE_INFO_H
#define OPENSSPI_PACKAGES_NEGOTIATE_INFO_H

#include <ntsecpkg.h>

extern const SecPkgInfoW negotiate_package_info;

#endif
