/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "base/utf16.h"
#include "packages/kerberos/kerberos_info.h"
#include "packages/kerberos/kerberos_user.h"

/* Without confidentiality only the tokens of SECQOP_WRAP_NO_ENCRYPT are made. RC4's sizes depend on the
 * message. */
static size_t largest_trailer(const struct krb5_protect *p)
{
    const struct message nothing = {NULL, 0, 0};
    bool plain = !(p->flags & KRB5_F_CONF) && p->key.etype != KRB5_ETYPE_RC4;
    return plain ? krb5_wrap_size(p, false, &nothing, false) : krb5_wrap_size_max(p);
}

static NTSTATUS attribute_sizes(struct kerberos_user_context *c, void *buffer)
{
    SecPkgContext_Sizes *out = buffer;
    *out = (SecPkgContext_Sizes){
        .cbMaxToken = KERBEROS_MAX_TOKEN,
        .cbMaxSignature = (ULONG)krb5_mic_size(&c->protect),
        .cbBlockSize = 1,
        .cbSecurityTrailer = (ULONG)largest_trailer(&c->protect),
    };
    return SEC_E_OK;
}

static char16_t *text_of(struct kerberos_user_context *c, enum kerberos_text index)
{
    return kerberos_string_copy(kerberos_user_alloc, kerberos_user_text(c, index), c->units[index]);
}

static NTSTATUS attribute_names(struct kerberos_user_context *c, void *buffer)
{
    char16_t *name = text_of(c, KERBEROS_TEXT_CLIENT);
    if (name == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ((SecPkgContext_NamesW *)buffer)->sUserName = name;
    return SEC_E_OK;
}

static NTSTATUS attribute_lifespan(struct kerberos_user_context *c, void *buffer)
{
    SecPkgContext_Lifespan *out = buffer;
    out->tsStart.QuadPart = (LONGLONG)c->start;
    out->tsExpiry.QuadPart = (LONGLONG)c->expiry;
    return SEC_E_OK;
}

static NTSTATUS attribute_flags(struct kerberos_user_context *c, void *buffer)
{
    ((SecPkgContext_Flags *)buffer)->Flags = c->attributes;
    return SEC_E_OK;
}

/* Checksum types and encryption types by their assigned numbers, as Windows reports them. */
struct algorithm {
    unsigned etype;
    ULONG signature, bits;
    const char16_t *signature_name, *encryption_name;
};
static const struct algorithm *algorithm_of(unsigned etype);

static NTSTATUS attribute_key_info(struct kerberos_user_context *c, void *buffer)
{
    const struct algorithm *a = algorithm_of(c->protect.key.etype);
    SecPkgContext_KeyInfoW info = {
        .KeySize = a->bits,
        .SignatureAlgorithm = a->signature,
        .EncryptAlgorithm = a->etype,
        .sSignatureAlgorithmName =
            kerberos_string_copy(kerberos_user_alloc, a->signature_name, utf16_length(a->signature_name)),
        .sEncryptAlgorithmName =
            kerberos_string_copy(kerberos_user_alloc, a->encryption_name, utf16_length(a->encryption_name)),
    };
    if (info.sSignatureAlgorithmName == NULL || info.sEncryptAlgorithmName == NULL) {
        kerberos_user_free(info.sSignatureAlgorithmName);
        kerberos_user_free(info.sEncryptAlgorithmName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *(SecPkgContext_KeyInfoW *)buffer = info;
    return SEC_E_OK;
}

static NTSTATUS attribute_session_key(struct kerberos_user_context *c, void *buffer)
{
    size_t size = krb5_key_size(c->protect.key.etype);
    uint8_t *key = kerberos_user_alloc(size);
    if (key == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(key, c->protect.key.bytes, size);
    *(SecPkgContext_SessionKey *)buffer =
        (SecPkgContext_SessionKey){.SessionKeyLength = (ULONG)size, .SessionKey = key};
    return SEC_E_OK;
}

static NTSTATUS attribute_package_info(struct kerberos_user_context *c, void *buffer)
{
    SecPkgInfoW *info = kerberos_package_info_copy(kerberos_user_alloc);
    (void)c;
    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ((SecPkgContext_PackageInfoW *)buffer)->PackageInfo = info;
    return SEC_E_OK;
}

static NTSTATUS attribute_negotiation_info(struct kerberos_user_context *c, void *buffer)
{
    SecPkgInfoW *info = kerberos_package_info_copy(kerberos_user_alloc);
    (void)c;
    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *(SecPkgContext_NegotiationInfoW *)buffer = (SecPkgContext_NegotiationInfoW){
        .PackageInfo = info, .NegotiationState = SECPKG_NEGOTIATION_COMPLETE};
    return SEC_E_OK;
}

static NTSTATUS attribute_authority(struct kerberos_user_context *c, void *buffer)
{
    char16_t *name = text_of(c, KERBEROS_TEXT_REALM);
    if (name == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ((SecPkgContext_AuthorityW *)buffer)->sAuthorityName = name;
    return SEC_E_OK;
}

static NTSTATUS attribute_native_names(struct kerberos_user_context *c, void *buffer)
{
    SecPkgContext_NativeNamesW names = {text_of(c, KERBEROS_TEXT_CLIENT), text_of(c, KERBEROS_TEXT_SERVER)};
    if (names.sClientName == NULL || names.sServerName == NULL) {
        kerberos_user_free(names.sClientName);
        kerberos_user_free(names.sServerName);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *(SecPkgContext_NativeNamesW *)buffer = names;
    return SEC_E_OK;
}

/* RPC_C_AUTHZ_NAME: the "PAC" is the client's name. */
static NTSTATUS attribute_dce_info(struct kerberos_user_context *c, void *buffer)
{
    char16_t *name = text_of(c, KERBEROS_TEXT_CLIENT);
    if (name == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *(SecPkgContext_DceInfo *)buffer = (SecPkgContext_DceInfo){.AuthzSvc = 1, .pPac = name};
    return SEC_E_OK;
}

/* Bytes and a length, without W and A: UTF-8 (ours). */
static NTSTATUS attribute_target(struct kerberos_user_context *c, void *buffer)
{
    size_t bytes = 0;
    bool invalid = false;
    char *text = utf8_from_utf16(kerberos_user_text(c, KERBEROS_TEXT_TARGET), c->units[KERBEROS_TEXT_TARGET],
                                 &bytes, &invalid);
    char *copy = text != NULL ? kerberos_user_alloc(bytes + 1) : NULL;
    if (copy != NULL) {
        memcpy(copy, text, bytes + 1);
        *(SecPkgContext_Target *)buffer =
            (SecPkgContext_Target){.TargetLength = (ULONG)bytes, .Target = copy};
    }
    mem_free(text);
    return copy != NULL ? SEC_E_OK : invalid ? SEC_E_INTERNAL_ERROR : SEC_E_INSUFFICIENT_MEMORY;
}

static NTSTATUS attribute_client_target(struct kerberos_user_context *c, void *buffer)
{
    char16_t *name = text_of(c, KERBEROS_TEXT_TARGET);
    if (name == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ((SecPkgContext_ClientSpecifiedTarget *)buffer)->sTargetName = name;
    return SEC_E_OK;
}

static NTSTATUS attribute_last_token(struct kerberos_user_context *c, void *buffer)
{
    (void)c;
    ((SecPkgContext_LastClientTokenStatus *)buffer)->LastClientTokenStatus = SecPkgAttrLastClientTokenYes;
    return SEC_E_OK;
}

NTSTATUS NTAPI kerberos_SpQueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                                 PVOID Buffer)
{
    static const struct {
        ULONG attribute;
        NTSTATUS (*query)(struct kerberos_user_context *c, void *buffer);
    } table[] = {
        {SECPKG_ATTR_SIZES, attribute_sizes},
        {SECPKG_ATTR_NAMES, attribute_names},
        {SECPKG_ATTR_LIFESPAN, attribute_lifespan},
        {SECPKG_ATTR_DCE_INFO, attribute_dce_info},
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
    struct kerberos_user_context *c = kerberos_user_find(ContextHandle);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].attribute == ContextAttribute)
            return Buffer != NULL ? table[i].query(c, Buffer) : SEC_E_INVALID_PARAMETER;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

/* RFC 3961 section 8, RFC 8009 section 8, RFC 4757: KERB_CHECKSUM_HMAC_MD5 is -138. */
static const struct algorithm algorithms[] = {
    {KRB5_ETYPE_AES128_SHA1, 15, 128, u"HMAC-SHA1-96", u"Kerberos AES128-CTS-HMAC-SHA1-96"},
    {KRB5_ETYPE_AES256_SHA1, 16, 256, u"HMAC-SHA1-96", u"Kerberos AES256-CTS-HMAC-SHA1-96"},
    {KRB5_ETYPE_AES128_SHA256, 19, 128, u"HMAC-SHA256-128", u"Kerberos AES128-CTS-HMAC-SHA256-128"},
    {KRB5_ETYPE_AES256_SHA384, 20, 256, u"HMAC-SHA384-192", u"Kerberos AES256-CTS-HMAC-SHA384-192"},
    {KRB5_ETYPE_RC4, 0xffffff76, 128, u"HMAC-MD5", u"RSADSI RC4-HMAC"},
};

/* Every context has one of these types: krb5_protect_init takes no other. */
static const struct algorithm *algorithm_of(unsigned etype)
{
    size_t i = 0;
    while (i + 1 < sizeof algorithms / sizeof algorithms[0] && algorithms[i].etype != etype)
        i++;
    return &algorithms[i];
}
