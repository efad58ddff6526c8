/* SPDX-License-Identifier: MIT */
#include "packages/attributes.h"

/* ---- copies ---- */

static size_t units_of(const char16_t *text)
{
    size_t units = 0;
    while (text[units] != 0)
        units++;
    return units;
}

char16_t *packages_account_copy(packages_alloc_fn alloc, const char16_t *domain, size_t domain_units,
                                const char16_t *user, size_t user_units)
{
    size_t before = domain_units > 0 ? domain_units + 1 : 0;
    char16_t *copy = alloc((before + user_units + 1) * sizeof *copy);
    if (copy == NULL)
        return NULL;
    if (before > 0) {
        memcpy(copy, domain, domain_units * sizeof *copy);
        copy[domain_units] = u'\\';
    }
    if (user_units > 0)
        memcpy(copy + before, user, user_units * sizeof *copy);
    copy[before + user_units] = 0;
    return copy;
}

char16_t *packages_string_copy(packages_alloc_fn alloc, const char16_t *text, size_t units)
{
    return packages_account_copy(alloc, NULL, 0, text, units);
}

SecPkgInfoW *packages_info_copy(packages_alloc_fn alloc, const SecPkgInfoW *info)
{
    size_t name = units_of(info->Name) + 1, comment = units_of(info->Comment) + 1;
    SecPkgInfoW *copy = alloc(sizeof *copy + (name + comment) * sizeof(char16_t));
    if (copy == NULL)
        return NULL;
    *copy = *info;
    copy->Name = (char16_t *)(copy + 1);
    copy->Comment = copy->Name + name;
    memcpy(copy->Name, info->Name, name * sizeof(char16_t));
    memcpy(copy->Comment, info->Comment, comment * sizeof(char16_t));
    return copy;
}

/* ---- answers ---- */

static char16_t *copy_of(const struct packages_facts *f, const struct packages_view *view)
{
    return packages_string_copy(f->alloc, view->text, view->units);
}

static char16_t *client_of(const struct packages_facts *f)
{
    return packages_account_copy(f->alloc, f->domain.text, f->domain.units, f->client.text, f->client.units);
}

/* Some structures are one pointer, whatever they call it. */
static NTSTATUS give(void *made, void *buffer)
{
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(buffer, &made, sizeof made);
    return SEC_E_OK;
}

static NTSTATUS attribute_sizes(const struct packages_facts *f, void *buffer)
{
    *(SecPkgContext_Sizes *)buffer = f->sizes;
    return SEC_E_OK;
}

static NTSTATUS attribute_names(const struct packages_facts *f, void *buffer)
{
    return give(client_of(f), &((SecPkgContext_NamesW *)buffer)->sUserName);
}

static NTSTATUS attribute_lifespan(const struct packages_facts *f, void *buffer)
{
    SecPkgContext_Lifespan *out = buffer;
    out->tsStart.QuadPart = (LONGLONG)f->start;
    out->tsExpiry.QuadPart = (LONGLONG)f->expiry;
    return SEC_E_OK;
}

static NTSTATUS attribute_key_info(const struct packages_facts *f, void *buffer)
{
    SecPkgContext_KeyInfoW info = {
        .KeySize = f->key_bits,
        .SignatureAlgorithm = f->signature,
        .EncryptAlgorithm = f->encryption,
        .sSignatureAlgorithmName =
            packages_string_copy(f->alloc, f->signature_name, units_of(f->signature_name)),
        .sEncryptAlgorithmName =
            packages_string_copy(f->alloc, f->encryption_name, units_of(f->encryption_name)),
    };
    if (info.sSignatureAlgorithmName == NULL || info.sEncryptAlgorithmName == NULL) {
        f->release(info.sSignatureAlgorithmName);
        f->release(info.sEncryptAlgorithmName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *(SecPkgContext_KeyInfoW *)buffer = info;
    return SEC_E_OK;
}

static NTSTATUS attribute_authority(const struct packages_facts *f, void *buffer)
{
    return give(copy_of(f, &f->authority), &((SecPkgContext_AuthorityW *)buffer)->sAuthorityName);
}

static NTSTATUS attribute_session_key(const struct packages_facts *f, void *buffer)
{
    uint8_t *key = f->alloc(f->session_key.size);
    if (key == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(key, f->session_key.data, f->session_key.size);
    *(SecPkgContext_SessionKey *)buffer =
        (SecPkgContext_SessionKey){.SessionKeyLength = (ULONG)f->session_key.size, .SessionKey = key};
    return SEC_E_OK;
}

static NTSTATUS attribute_package_info(const struct packages_facts *f, void *buffer)
{
    return give(packages_info_copy(f->alloc, f->info), &((SecPkgContext_PackageInfoW *)buffer)->PackageInfo);
}

static NTSTATUS attribute_negotiation_info(const struct packages_facts *f, void *buffer)
{
    SecPkgInfoW *info = packages_info_copy(f->alloc, f->info);
    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *(SecPkgContext_NegotiationInfoW *)buffer = (SecPkgContext_NegotiationInfoW){
        .PackageInfo = info, .NegotiationState = SECPKG_NEGOTIATION_COMPLETE};
    return SEC_E_OK;
}

static NTSTATUS attribute_native_names(const struct packages_facts *f, void *buffer)
{
    SecPkgContext_NativeNamesW names = {client_of(f), copy_of(f, &f->server)};
    if (names.sClientName == NULL || names.sServerName == NULL) {
        f->release(names.sClientName);
        f->release(names.sServerName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *(SecPkgContext_NativeNamesW *)buffer = names;
    return SEC_E_OK;
}

static NTSTATUS attribute_flags(const struct packages_facts *f, void *buffer)
{
    ((SecPkgContext_Flags *)buffer)->Flags = f->attributes;
    return SEC_E_OK;
}

static NTSTATUS attribute_client_target(const struct packages_facts *f, void *buffer)
{
    return give(copy_of(f, &f->target), &((SecPkgContext_ClientSpecifiedTarget *)buffer)->sTargetName);
}

static NTSTATUS attribute_last_token(const struct packages_facts *f, void *buffer)
{
    (void)f;
    ((SecPkgContext_LastClientTokenStatus *)buffer)->LastClientTokenStatus = SecPkgAttrLastClientTokenYes;
    return SEC_E_OK;
}

NTSTATUS packages_attribute_answer(const struct packages_facts *facts, ULONG attribute, void *buffer)
{
    static const struct {
        ULONG attribute;
        NTSTATUS (*query)(const struct packages_facts *f, void *buffer);
    } table[] = {
        {SECPKG_ATTR_SIZES, attribute_sizes},
        {SECPKG_ATTR_NAMES, attribute_names},
        {SECPKG_ATTR_LIFESPAN, attribute_lifespan},
        {SECPKG_ATTR_KEY_INFO, attribute_key_info},
        {SECPKG_ATTR_AUTHORITY, attribute_authority},
        {SECPKG_ATTR_SESSION_KEY, attribute_session_key},
        {SECPKG_ATTR_PACKAGE_INFO, attribute_package_info},
        {SECPKG_ATTR_NEGOTIATION_INFO, attribute_negotiation_info},
        {SECPKG_ATTR_NATIVE_NAMES, attribute_native_names},
        {SECPKG_ATTR_FLAGS, attribute_flags},
        {SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, attribute_client_target},
        {SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, attribute_last_token},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].attribute == attribute)
            return buffer != NULL ? table[i].query(facts, buffer) : SEC_E_INVALID_PARAMETER;
    return SEC_E_UNSUPPORTED_FUNCTION;
}
