/* SPDX-License-Identifier: MIT */
#include "secur32/packages.h"

#include "base/mem.h"
#include "base/utf16.h"
#include "secur32/registry.h"
#include "secur32/text.h"

/* A block is an array of SecPkgInfo with its strings behind it, one FreeContextBuffer frees it. `text` walks
 * on. */

static void put_wide(SecPkgInfoW *info, const struct package *p, char16_t **text)
{
    *info = *p->info;
    info->Name = *text;
    size_t units = utf16_length(p->info->Name) + 1;
    memcpy(*text, p->info->Name, units * sizeof(char16_t));
    *text += units;
    info->Comment = *text;
    units = utf16_length(p->info->Comment) + 1;
    memcpy(*text, p->info->Comment, units * sizeof(char16_t));
    *text += units;
}

static void put_narrow(SecPkgInfoA *info, const struct package *p, char **text)
{
    *info = (SecPkgInfoA){
        .fCapabilities = p->info->fCapabilities,
        .wVersion = p->info->wVersion,
        .wRPCID = p->info->wRPCID,
        .cbMaxToken = p->info->cbMaxToken,
    };
    info->Name = *text;
    size_t bytes = strlen(p->name) + 1;
    memcpy(*text, p->name, bytes);
    *text += bytes;
    info->Comment = *text;
    bytes = strlen(p->comment) + 1;
    memcpy(*text, p->comment, bytes);
    *text += bytes;
}

static size_t size_wide(const struct package *p)
{
    return sizeof(SecPkgInfoW) +
           (utf16_length(p->info->Name) + utf16_length(p->info->Comment) + 2) * sizeof(char16_t);
}

static size_t size_narrow(const struct package *p)
{
    return sizeof(SecPkgInfoA) + strlen(p->name) + strlen(p->comment) + 2;
}

SecPkgInfoW *packages_info_wide(const struct package *p)
{
    SecPkgInfoW *info = mem_client_alloc(size_wide(p));

    if (info != NULL) {
        char16_t *text = (char16_t *)(info + 1);
        put_wide(info, p, &text);
    }
    return info;
}

static SecPkgInfoA *info_narrow(const struct package *p)
{
    SecPkgInfoA *info = mem_client_alloc(size_narrow(p));

    if (info != NULL) {
        char *text = (char *)(info + 1);
        put_narrow(info, p, &text);
    }
    return info;
}

SecPkgInfoA *packages_info_convert(const SecPkgInfoW *wide, SECURITY_STATUS *status)
{
    struct package p = {.info = wide};
    SecPkgInfoA *info = NULL;

    *status = text_narrow(wide->Name != NULL ? wide->Name : u"", &p.name);
    if (*status == SEC_E_OK)
        *status = text_narrow(wide->Comment != NULL ? wide->Comment : u"", &p.comment);
    if (*status == SEC_E_OK) {
        info = info_narrow(&p);
        if (info == NULL)
            *status = SEC_E_INSUFFICIENT_MEMORY;
    }
    mem_client_free(p.name);
    mem_client_free(p.comment);
    return info;
}

SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesW(ULONG *pcPackages, PSecPkgInfoW *ppPackageInfo)
{
    struct package *first;
    size_t size = 0;
    ULONG count = 0, i = 0;

    if (pcPackages == NULL || ppPackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = registry_lock(&first);
    if (status != SEC_E_OK)
        return status;
    for (const struct package *p = first; p != NULL; p = p->next, count++)
        size += size_wide(p);
    SecPkgInfoW *block = mem_client_alloc(size > 0 ? size : 1);
    if (block != NULL) {
        char16_t *text = (char16_t *)(block + count);
        for (const struct package *p = first; p != NULL; p = p->next)
            put_wide(&block[i++], p, &text);
    }
    registry_unlock();
    if (block == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *pcPackages = count;
    *ppPackageInfo = block;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesA(ULONG *pcPackages, PSecPkgInfoA *ppPackageInfo)
{
    struct package *first;
    size_t size = 0;
    ULONG count = 0, i = 0;

    if (pcPackages == NULL || ppPackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = registry_lock(&first);
    if (status != SEC_E_OK)
        return status;
    for (const struct package *p = first; p != NULL; p = p->next, count++)
        size += size_narrow(p);
    SecPkgInfoA *block = mem_client_alloc(size > 0 ? size : 1);
    if (block != NULL) {
        char *text = (char *)(block + count);
        for (const struct package *p = first; p != NULL; p = p->next)
            put_narrow(&block[i++], p, &text);
    }
    registry_unlock();
    if (block == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *pcPackages = count;
    *ppPackageInfo = block;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoW(SEC_WCHAR *pszPackageName, PSecPkgInfoW *ppPackageInfo)
{
    struct package *package;

    if (ppPackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = registry_find(pszPackageName, &package);
    if (status != SEC_E_OK)
        return status;
    SecPkgInfoW *info = packages_info_wide(package);
    package_release(package);
    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *ppPackageInfo = info;
    return SEC_E_OK;
}

/* registry_find by an 8-bit name; text that is no name at all is the name of no package. */
static SECURITY_STATUS find_narrow(const char *name, struct package **package)
{
    char16_t *wide = NULL;
    SECURITY_STATUS status = text_widen(name, &wide);

    if (status != SEC_E_OK)
        return status == SEC_E_INVALID_PARAMETER ? SEC_E_SECPKG_NOT_FOUND : status;
    status = registry_find(wide, package);
    mem_free(wide);
    return status;
}

SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoA(SEC_CHAR *pszPackageName, PSecPkgInfoA *ppPackageInfo)
{
    struct package *package;

    if (ppPackageInfo == NULL)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = find_narrow(pszPackageName, &package);
    if (status != SEC_E_OK)
        return status;
    SecPkgInfoA *info = info_narrow(package);
    package_release(package);
    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *ppPackageInfo = info;
    return SEC_E_OK;
}

/* A name that is here already is not added again: SEC_E_UNSUPPORTED_FUNCTION. */
static SECURITY_STATUS package_add(const char *name)
{
    struct package *package = NULL;
    SECURITY_STATUS status = find_narrow(name, &package);

    if (status == SEC_E_OK) {
        package_release(package);
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    return status == SEC_E_SECPKG_NOT_FOUND && name != NULL && name[0] != 0 ? registry_load(name) : status;
}

SECURITY_STATUS SEC_ENTRY AddSecurityPackageW(LPWSTR pszPackageName, PSECURITY_PACKAGE_OPTIONS pOptions)
{
    char *name = NULL;

    (void)pOptions;
    if (pszPackageName == NULL)
        return SEC_E_SECPKG_NOT_FOUND;
    SECURITY_STATUS status = text_narrow(pszPackageName, &name);
    if (status != SEC_E_OK)
        return status == SEC_E_INSUFFICIENT_MEMORY ? status : SEC_E_SECPKG_NOT_FOUND;
    status = package_add(name);
    mem_client_free(name);
    return status;
}

SECURITY_STATUS SEC_ENTRY AddSecurityPackageA(LPSTR pszPackageName, PSECURITY_PACKAGE_OPTIONS pOptions)
{
    (void)pOptions;
    return package_add(pszPackageName);
}

SECURITY_STATUS SEC_ENTRY DeleteSecurityPackageW(SEC_WCHAR *pszPackageName)
{
    return registry_remove(pszPackageName);
}

SECURITY_STATUS SEC_ENTRY DeleteSecurityPackageA(SEC_CHAR *pszPackageName)
{
    char16_t *wide = NULL;
    SECURITY_STATUS status = text_widen(pszPackageName, &wide);

    if (status != SEC_E_OK)
        return status == SEC_E_INVALID_PARAMETER ? SEC_E_SECPKG_NOT_FOUND : status;
    status = registry_remove(wide);
    mem_free(wide);
    return status;
}
