/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_info.h"

static char16_t info_name[] = u"Kerberos";
static char16_t info_comment[] = u"Kerberos V5 Security Package";

const uint8_t kerberos_oid[KERBEROS_OID_SIZE] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};

const SecPkgInfoW kerberos_package_info = {
    .fCapabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_TOKEN_ONLY |
                     SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED | SECPKG_FLAG_EXTENDED_ERROR |
                     SECPKG_FLAG_IMPERSONATION | SECPKG_FLAG_ACCEPT_WIN32_NAME | SECPKG_FLAG_NEGOTIABLE |
                     SECPKG_FLAG_GSS_COMPATIBLE | SECPKG_FLAG_LOGON | SECPKG_FLAG_MUTUAL_AUTH |
                     SECPKG_FLAG_DELEGATION | SECPKG_FLAG_READONLY_WITH_CHECKSUM,
    .wVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
    .wRPCID = 16, /* RPC_C_AUTHN_GSS_KERBEROS */
    .cbMaxToken = KERBEROS_MAX_TOKEN,
    .Name = info_name,
    .Comment = info_comment,
};
