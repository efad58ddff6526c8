/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_info.h"

static char16_t info_name[] = u"NTLM";
static char16_t info_comment[] = u"NTLM Security Package";

const SecPkgInfoW ntlm_package_info = {
    .fCapabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_TOKEN_ONLY |
                     SECPKG_FLAG_DATAGRAM | SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED |
                     SECPKG_FLAG_IMPERSONATION | SECPKG_FLAG_ACCEPT_WIN32_NAME | SECPKG_FLAG_NEGOTIABLE |
                     SECPKG_FLAG_LOGON | SECPKG_FLAG_READONLY_WITH_CHECKSUM,
    .wVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
    .wRPCID = 10, /* RPC_C_AUTHN_WINNT */
    .cbMaxToken = NTLM_MAX_TOKEN_REALLY,
    .Name = info_name,
    .Comment = info_comment,
};
