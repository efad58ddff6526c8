/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "base/utf16.h"
#include "packages/ntlm/ntlm_info.h"
#include "packages/ntlm/ntlm_user.h"

static NTSTATUS attribute_sizes(struct ntlm_user_context *c, void *buffer)
{
    SecPkgContext_Sizes *out = buffer;
    (void)c;
    *out = (SecPkgContext_Sizes){.cbMaxToken = NTLM_MAX_TOKEN,
                                 .cbMaxSignature = NTLM_TOKEN_SIZE,
                                 .cbSecurityTrailer = NTLM_TOKEN_SIZE};
    return SEC_E_OK;
}

static char16_t *account_of(struct ntlm_user_context *c)
{
    return ntlm_account_string(ntlm_user_alloc, ntlm_user_text(c, NTLM_TEXT_DOMAIN),
                               c->units[NTLM_TEXT_DOMAIN], ntlm_user_text(c, NTLM_TEXT_USER),
                               c->units[NTLM_TEXT_USER]);
}

static char16_t *text_of(struct ntlm_user_context *c, enum ntlm_packed_text_index index)
{
    return ntlm_string_copy(ntlm_user_alloc, ntlm_user_text(c, index), c->units[index]);
}

static NTSTATUS attribute_names(struct ntlm_user_context *c, void *buffer)
{
    char16_t *name = account_of(c);
    if (name == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    ((SecPkgContext_NamesW *)buffer)->sUserName = name;
    return SEC_E_OK;
}

static NTSTATUS attribute_lifespan(struct ntlm_user_context *c, void *buffer)
{
    SecPkgContext_Lifespan *out = buffer;
    out->tsStart.QuadPart = (LONGLONG)c->start;
    out->tsExpiry.QuadPart = (LONGLONG)c->expiry;
    return SEC_E_OK;
}

static NTSTATUS attribute_flags(struct ntlm_user_context *c, void *buffer)
{
    ((SecPkgContext_Flags *)buffer)->Flags = c->attributes;
    return SEC_E_OK;
}

static NTSTATUS attribute_key_info(struct ntlm_user_context *c, void *buffer)
{
    static const char16_t hmac[] = u"HMAC-MD5", crc[] = u"RSADSI RC4-CRC32", rc4[] = u"RSADSI RC4";
    uint32_t flags = c->protect.flags;
    bool ess = (flags & NTLM_F_ESS) != 0;
    SecPkgContext_KeyInfoW info = {
        .KeySize = flags & NTLM_F_128  ? 128
                   : flags & NTLM_F_56 ? 56
                                       : 40,
        .SignatureAlgorithm = ess ? 0xffffff76u : 0xffffff7cu,
        .EncryptAlgorithm = 0x6801,
    };
    info.sSignatureAlgorithmName = ess ? ntlm_string_copy(ntlm_user_alloc, hmac, utf16_length(hmac))
                                       : ntlm_string_copy(ntlm_user_alloc, crc, utf16_length(crc));
    info.sEncryptAlgorithmName = ntlm_string_copy(ntlm_user_alloc, rc4, utf16_length(rc4));
    if (info.sSignatureAlgorithmName == NULL || info.sEncryptAlgorithmName == NULL) {
        ntlm_user_free(info.sSignatureAlgorithmName);
        ntlm_user_free(info.sEncryptAlgorithmName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *(SecPkgContext_KeyInfoW *)buffer = info;
    return SEC_E_OK;
}

static NTSTATUS attribute_session_key(struct ntlm_user_context *c, void *buffer)
{
    uint8_t *key = ntlm_user_alloc(NTLM_KEY_SIZE);
    if (key == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    memcpy(key, c->session_key, NTLM_KEY_SIZE);
    *(SecPkgContext_SessionKey *)buffer =
        (SecPkgContext_SessionKey){.SessionKeyLength = NTLM_KEY_SIZE, .SessionKey = key};
    return SEC_E_OK;
}

static NTSTATUS attribute_package_info(struct ntlm_user_context *c, void *buffer)
{
    SecPkgInfoW *info = ntlm_package_info_copy(ntlm_user_alloc);
    (void)c;
    if (info == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    ((SecPkgContext_PackageInfoW *)buffer)->PackageInfo = info;
    return SEC_E_OK;
}

static NTSTATUS attribute_negotiation_info(struct ntlm_user_context *c, void *buffer)
{
    SecPkgInfoW *info = ntlm_package_info_copy(ntlm_user_alloc);
    (void)c;
    if (info == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *(SecPkgContext_NegotiationInfoW *)buffer = (SecPkgContext_NegotiationInfoW){
        .PackageInfo = info, .NegotiationState = SECPKG_NEGOTIATION_COMPLETE};
    return SEC_E_OK;
}

static NTSTATUS attribute_authority(struct ntlm_user_context *c, void *buffer)
{
    char16_t *name = text_of(c, NTLM_TEXT_AUTHORITY);
    if (name == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    ((SecPkgContext_AuthorityW *)buffer)->sAuthorityName = name;
    return SEC_E_OK;
}

static NTSTATUS attribute_native_names(struct ntlm_user_context *c, void *buffer)
{
    SecPkgContext_NativeNamesW names = {
        account_of(c), text_of(c, c->units[NTLM_TEXT_TARGET] > 0 ? NTLM_TEXT_TARGET : NTLM_TEXT_SERVER)};
    if (names.sClientName == NULL || names.sServerName == NULL) {
        ntlm_user_free(names.sClientName);
        ntlm_user_free(names.sServerName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *(SecPkgContext_NativeNamesW *)buffer = names;
    return SEC_E_OK;
}

/* Bytes and a length, without W and A: UTF-8 (ours). */
static NTSTATUS attribute_target(struct ntlm_user_context *c, void *buffer)
{
    size_t bytes = 0;
    bool invalid = false;
    char *text =
        utf8_from_utf16(ntlm_user_text(c, NTLM_TEXT_TARGET), c->units[NTLM_TEXT_TARGET], &bytes, &invalid);
    char *copy = text != NULL ? ntlm_user_alloc(bytes + 1) : NULL;
    if (copy != NULL) {
        memcpy(copy, text, bytes + 1);
        *(SecPkgContext_Target *)buffer =
            (SecPkgContext_Target){.TargetLength = (ULONG)bytes, .Target = copy};
    }
    mem_free(text);
    return copy != NULL ? SEC_E_OK : invalid ? SEC_E_INTERNAL_ERROR : SEC_E_INSUFFICIENT_MEMORY;
}

static NTSTATUS attribute_client_target(struct ntlm_user_context *c, void *buffer)
{
    char16_t *name = text_of(c, NTLM_TEXT_TARGET);
    if (name == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    ((SecPkgContext_ClientSpecifiedTarget *)buffer)->sTargetName = name;
    return SEC_E_OK;
}

static NTSTATUS attribute_last_token(struct ntlm_user_context *c, void *buffer)
{
    (void)c;
    ((SecPkgContext_LastClientTokenStatus *)buffer)->LastClientTokenStatus = SecPkgAttrLastClientTokenYes;
    return SEC_E_OK;
}

NTSTATUS NTAPI ntlm_SpQueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                             PVOID Buffer)
{
    static const struct {
        ULONG attribute;
        NTSTATUS (*query)(struct ntlm_user_context *c, void *buffer);
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
        {SECPKG_ATTR_TARGET, attribute_target},
        {SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, attribute_client_target},
        {SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, attribute_last_token},
    };
    struct ntlm_user_context *c = ntlm_user_find(ContextHandle);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].attribute == ContextAttribute) {
            return Buffer != NULL ? table[i].query(c, Buffer) : SEC_E_INVALID_PARAMETER;
        }
    }
    return SEC_E_UNSUPPORTED_FUNCTION;
}
