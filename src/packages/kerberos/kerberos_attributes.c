/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_facts.h"
#include "packages/kerberos/kerberos_user.h"

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
    struct packages_view text[KERBEROS_TEXT_COUNT];
    const struct kerberos_user_context *c = kerberos_user_find(ContextHandle);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (ContextAttribute == SECPKG_ATTR_DCE_INFO)
        return attribute_dce_info(c, Buffer);
    for (int i = 0; i < KERBEROS_TEXT_COUNT; i++)
        text[i] = (struct packages_view){kerberos_user_text(c, (enum kerberos_text)i), c->units[i]};
    struct packages_facts facts = {
        .alloc = kerberos_user_alloc,
        .release = kerberos_user_free,
        .attributes = c->attributes,
        .start = c->start,
        .expiry = c->expiry,
    };
    kerberos_facts(&facts, &c->protect, text);
    return packages_attribute_query(&facts, ContextAttribute, Buffer);
}
