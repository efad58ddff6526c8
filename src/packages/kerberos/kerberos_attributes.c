/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_facts.h"
#include "packages/kerberos/kerberos_user.h"

/* RPC_C_AUTHZ_NAME: the "PAC" is the client's name. */
static NTSTATUS attribute_dce_info(const struct kerberos_texts *texts, void *buffer)
{
    const struct packages_view *client = &texts->text[KERBEROS_TEXT_CLIENT];
    if (buffer == NULL)
        return SEC_E_INVALID_PARAMETER;
    char16_t *name = packages_string_copy(kerberos_user_alloc, client->text, client->units);
    if (name == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *(SecPkgContext_DceInfo *)buffer = (SecPkgContext_DceInfo){.AuthzSvc = 1, .pPac = name};
    return SEC_E_OK;
}

NTSTATUS NTAPI kerberos_SpQueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                                 PVOID Buffer)
{
    struct kerberos_texts texts;
    NTSTATUS status;
    const struct kerberos_user_context *c = kerberos_user_find(ContextHandle);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (!kerberos_user_texts(c, &texts))
        return SEC_E_INSUFFICIENT_MEMORY;
    if (ContextAttribute == SECPKG_ATTR_DCE_INFO) {
        status = attribute_dce_info(&texts, Buffer);
    } else {
        struct packages_facts facts = {
            .alloc = kerberos_user_alloc,
            .release = kerberos_user_free,
            .attributes = c->attributes,
            .start = c->start,
            .expiry = c->expiry,
        };
        kerberos_facts(&facts, &c->protect, texts.text);
        status = packages_attribute_query(&facts, ContextAttribute, Buffer);
    }
    kerberos_user_texts_done(&texts);
    return status;
}
