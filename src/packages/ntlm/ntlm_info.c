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

SecPkgInfoW *ntlm_package_info_copy(ntlm_alloc_fn alloc)
{
    SecPkgInfoW *copy = alloc(sizeof *copy + sizeof info_name + sizeof info_comment);
    if (copy == NULL) {
        return NULL;
    }
    *copy = ntlm_package_info;
    copy->Name = (char16_t *)(copy + 1);
    copy->Comment = copy->Name + sizeof info_name / sizeof info_name[0];
    memcpy(copy->Name, info_name, sizeof info_name);
    memcpy(copy->Comment, info_comment, sizeof info_comment);
    return copy;
}

char16_t *ntlm_string_copy(ntlm_alloc_fn alloc, const char16_t *text, size_t units)
{
    char16_t *copy = alloc((units + 1) * sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    if (units > 0) {
        memcpy(copy, text, units * sizeof *copy);
    }
    copy[units] = 0;
    return copy;
}

char16_t *ntlm_account_string(ntlm_alloc_fn alloc, const char16_t *domain, size_t domain_units,
                              const char16_t *user, size_t user_units)
{
    if (domain_units == 0) {
        return ntlm_string_copy(alloc, user, user_units);
    }
    char16_t *copy = alloc((domain_units + user_units + 2) * sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, domain, domain_units * sizeof *copy);
    copy[domain_units] = u'\\';
    if (user_units > 0) {
        memcpy(copy + domain_units + 1, user, user_units * sizeof *copy);
    }
    copy[domain_units + 1 + user_units] = 0;
    return copy;
}
