/* SPDX-License-Identifier: MIT */
#include "packages/psk/psk_info.h"
#include "packages/psk/psk_user.h"

static NTSTATUS attribute_sizes(struct psk_context *c, void *buffer)
{
    (void)c;
    *(SecPkgContext_Sizes *)buffer = (SecPkgContext_Sizes){
        .cbMaxToken = PSK_MAX_TOKEN,
        .cbMaxSignature = PSK_TOKEN_SIZE,
        .cbSecurityTrailer = PSK_TOKEN_SIZE,
    };
    return SEC_E_OK;
}

static char16_t *name_of(const struct psk_name *name)
{
    return psk_text_wide(psk_user_alloc, name->text, name->size);
}

static NTSTATUS attribute_names(struct psk_context *c, void *buffer)
{
    char16_t *name = name_of(&c->a);

    if (name == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ((SecPkgContext_NamesW *)buffer)->sUserName = name;
    return SEC_E_OK;
}

static NTSTATUS attribute_native_names(struct psk_context *c, void *buffer)
{
    SecPkgContext_NativeNamesW names = {name_of(&c->a), name_of(&c->b)};

    if (names.sClientName == NULL || names.sServerName == NULL) {
        psk_user_free(names.sClientName);
        psk_user_free(names.sServerName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *(SecPkgContext_NativeNamesW *)buffer = names;
    return SEC_E_OK;
}

static NTSTATUS attribute_lifespan(struct psk_context *c, void *buffer)
{
    SecPkgContext_Lifespan *out = buffer;

    out->tsStart.QuadPart = (LONGLONG)c->start;
    out->tsExpiry.QuadPart = INT64_MAX;
    return SEC_E_OK;
}

static NTSTATUS attribute_flags(struct psk_context *c, void *buffer)
{
    ((SecPkgContext_Flags *)buffer)->Flags = c->attributes;
    return SEC_E_OK;
}

/* Of the default algorithms. The numbers are Windows' ALG_IDs for them: CALG_SHA_256, CALG_AES_256. */
static NTSTATUS attribute_key_info(struct psk_context *c, void *buffer)
{
    static const char hmac[] = "HMAC-SHA-256", gcm[] = "AES-256-GCM";
    SecPkgContext_KeyInfoW info = {
        .sSignatureAlgorithmName = psk_text_wide(psk_user_alloc, hmac, strlen(hmac)),
        .sEncryptAlgorithmName = psk_text_wide(psk_user_alloc, gcm, strlen(gcm)),
        .KeySize = 256,
        .SignatureAlgorithm = 0x800c,
        .EncryptAlgorithm = 0x6610,
    };

    (void)c;
    if (info.sSignatureAlgorithmName == NULL || info.sEncryptAlgorithmName == NULL) {
        psk_user_free(info.sSignatureAlgorithmName);
        psk_user_free(info.sEncryptAlgorithmName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *(SecPkgContext_KeyInfoW *)buffer = info;
    return SEC_E_OK;
}

static NTSTATUS attribute_session_key(struct psk_context *c, void *buffer)
{
    uint8_t *key = psk_user_alloc(sizeof c->session);

    if (key == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(key, c->session, sizeof c->session);
    *(SecPkgContext_SessionKey *)buffer = (SecPkgContext_SessionKey){sizeof c->session, key};
    return SEC_E_OK;
}

static NTSTATUS attribute_package_info(struct psk_context *c, void *buffer)
{
    SecPkgInfoW *info = psk_info_copy(psk_user_alloc);

    (void)c;
    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ((SecPkgContext_PackageInfoW *)buffer)->PackageInfo = info;
    return SEC_E_OK;
}

static NTSTATUS attribute_negotiation_info(struct psk_context *c, void *buffer)
{
    SecPkgInfoW *info = psk_info_copy(psk_user_alloc);

    (void)c;
    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *(SecPkgContext_NegotiationInfoW *)buffer =
        (SecPkgContext_NegotiationInfoW){info, SECPKG_NEGOTIATION_COMPLETE};
    return SEC_E_OK;
}

static NTSTATUS attribute_last_token(struct psk_context *c, void *buffer)
{
    (void)c;
    ((SecPkgContext_LastClientTokenStatus *)buffer)->LastClientTokenStatus = SecPkgAttrLastClientTokenYes;
    return SEC_E_OK;
}

NTSTATUS NTAPI psk_SpQueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                            PVOID Buffer)
{
    static const struct {
        ULONG attribute;
        NTSTATUS (*query)(struct psk_context *c, void *buffer);
    } table[] = {
        {SECPKG_ATTR_SIZES, attribute_sizes},
        {SECPKG_ATTR_NAMES, attribute_names},
        {SECPKG_ATTR_LIFESPAN, attribute_lifespan},
        {SECPKG_ATTR_KEY_INFO, attribute_key_info},
        {SECPKG_ATTR_SESSION_KEY, attribute_session_key},
        {SECPKG_ATTR_PACKAGE_INFO, attribute_package_info},
        {SECPKG_ATTR_NEGOTIATION_INFO, attribute_negotiation_info},
        {SECPKG_ATTR_NATIVE_NAMES, attribute_native_names},
        {SECPKG_ATTR_FLAGS, attribute_flags},
        {SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, attribute_last_token},
    };
    struct psk_context *c = psk_context_find(ContextHandle);

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].attribute == ContextAttribute)
            return Buffer != NULL ? table[i].query(c, Buffer) : SEC_E_INVALID_PARAMETER;
    return SEC_E_UNSUPPORTED_FUNCTION;
}
