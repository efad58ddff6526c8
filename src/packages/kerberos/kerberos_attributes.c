/* SPDX-License-Identifier: MIT */
#include "packages/attributes.h"
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

/* Checksum types and encryption types by their assigned numbers, as Windows reports them. */
struct algorithm {
    unsigned etype;
    ULONG signature, bits;
    const char16_t *signature_name, *encryption_name;
};
static const struct algorithm *algorithm_of(unsigned etype);

static struct packages_view view_of(const struct kerberos_user_context *c, enum kerberos_text index)
{
    return (struct packages_view){kerberos_user_text(c, index), c->units[index]};
}

/* RPC_C_AUTHZ_NAME: the "PAC" is the client's name. */
static NTSTATUS attribute_dce_info(const struct kerberos_user_context *c, void *buffer)
{
    if (buffer == NULL)
        return SEC_E_INVALID_PARAMETER;
    char16_t *name = packages_string_copy(kerberos_user_alloc, kerberos_user_text(c, KERBEROS_TEXT_CLIENT),
                                          c->units[KERBEROS_TEXT_CLIENT]);
    if (name == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *(SecPkgContext_DceInfo *)buffer = (SecPkgContext_DceInfo){.AuthzSvc = 1, .pPac = name};
    return SEC_E_OK;
}

NTSTATUS NTAPI kerberos_SpQueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                                 PVOID Buffer)
{
    const struct kerberos_user_context *c = kerberos_user_find(ContextHandle);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (ContextAttribute == SECPKG_ATTR_DCE_INFO)
        return attribute_dce_info(c, Buffer);
    const struct algorithm *a = algorithm_of(c->protect.key.etype);
    const struct packages_facts facts = {
        .alloc = kerberos_user_alloc,
        .release = kerberos_user_free,
        .info = &kerberos_package_info,
        .sizes = {.cbMaxToken = KERBEROS_MAX_TOKEN,
                  .cbMaxSignature = (ULONG)krb5_mic_size(&c->protect),
                  .cbBlockSize = 1,
                  .cbSecurityTrailer = (ULONG)largest_trailer(&c->protect)},
        .attributes = c->attributes,
        .start = c->start,
        .expiry = c->expiry,
        .client = view_of(c, KERBEROS_TEXT_CLIENT),
        .server = view_of(c, KERBEROS_TEXT_SERVER),
        .target = view_of(c, KERBEROS_TEXT_TARGET),
        .authority = view_of(c, KERBEROS_TEXT_REALM),
        .session_key = {c->protect.key.bytes, krb5_key_size(a->etype)},
        .key_bits = a->bits,
        .signature = a->signature,
        .signature_name = a->signature_name,
        .encryption = a->etype,
        .encryption_name = a->encryption_name,
    };
    return packages_attribute_query(&facts, ContextAttribute, Buffer);
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
