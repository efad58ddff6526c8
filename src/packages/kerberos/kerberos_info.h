/* SPDX-License-Identifier: MIT */
/* packages/kerberos: what both halves say about the package. */
#ifndef OPENSSPI_PACKAGES_KERBEROS_INFO_H
#define OPENSSPI_PACKAGES_KERBEROS_INFO_H

#include <ntsecpkg.h>

#include "base/span.h"

enum { KERBEROS_MAX_TOKEN = 48000 };

extern const SecPkgInfoW kerberos_package_info;

/* 1.2.840.113554.1.2.2, the value without tag and length (RFC 4121 section 4.1). */
enum { KERBEROS_OID_SIZE = 9 };
extern const uint8_t kerberos_oid[KERBEROS_OID_SIZE];

#endif
