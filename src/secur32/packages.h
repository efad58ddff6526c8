/* SPDX-License-Identifier: MIT */
/* secur32/packages: SecPkgInfo blocks, one allocation each, freed with FreeContextBuffer. */
#ifndef OPENSSPI_SECUR32_PACKAGES_H
#define OPENSSPI_SECUR32_PACKAGES_H

#include <sspi.h>

struct package;

/* NULL: out of memory. */
SecPkgInfoW *packages_info_wide(const struct package *p);
/* The 8-bit form of what a package answered; NULL and *status on failure. */
SecPkgInfoA *packages_info_convert(const SecPkgInfoW *wide, SECURITY_STATUS *status);

#endif
