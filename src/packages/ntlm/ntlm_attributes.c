/* SPDX-License-Identifier: MIT */
#include "packages/attributes.h"
#include "packages/ntlm/ntlm_info.h"
#include "packages/ntlm/ntlm_user.h"

static struct packages_view view_of(const struct ntlm_user_context *c, enum ntlm_packed_text_index index)
{
    return (struct packages_view){ntlm_user_text(c, index), c->units[index]};
}

static ULONG key_bits(uint32_t flags)
{
    if (flags & NTLM_F_128)
        return 128;
    return flags & NTLM_F_56 ? 56 : 40;
}

NTSTATUS NTAPI ntlm_SpQueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                             PVOID Buffer)
{
    const struct ntlm_user_context *c = ntlm_user_find(ContextHandle);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    const bool ess = (c->protect.flags & NTLM_F_ESS) != 0;
    const struct packages_facts facts = {
        .alloc = ntlm_user_alloc,
        .release = ntlm_user_free,
        .info = &ntlm_package_info,
        .sizes = {.cbMaxToken = NTLM_MAX_TOKEN,
                  .cbMaxSignature = NTLM_TOKEN_SIZE,
                  .cbSecurityTrailer = NTLM_TOKEN_SIZE},
        .attributes = c->attributes,
        .start = c->start,
        .expiry = c->expiry,
        .domain = view_of(c, NTLM_TEXT_DOMAIN),
        .client = view_of(c, NTLM_TEXT_USER),
        .server = view_of(c, c->units[NTLM_TEXT_TARGET] > 0 ? NTLM_TEXT_TARGET : NTLM_TEXT_SERVER),
        .target = view_of(c, NTLM_TEXT_TARGET),
        .authority = view_of(c, NTLM_TEXT_AUTHORITY),
        .session_key = {c->session_key, NTLM_KEY_SIZE},
        .key_bits = key_bits(c->protect.flags),
        .signature = ess ? 0xffffff76u : 0xffffff7cu,
        .signature_name = ess ? u"HMAC-MD5" : u"RSADSI RC4-CRC32",
        .encryption = 0x6801,
        .encryption_name = u"RSADSI RC4",
    };
    return packages_attribute_query(&facts, ContextAttribute, Buffer);
}
