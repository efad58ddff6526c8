/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_facts.h"
#include "packages/ntlm/ntlm_user.h"

NTSTATUS NTAPI ntlm_SpQueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                             PVOID Buffer)
{
    struct packages_view text[NTLM_TEXT_COUNT];
    const struct ntlm_user_context *c = ntlm_user_find(ContextHandle);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    for (int i = 0; i < NTLM_TEXT_COUNT; i++)
        text[i] = (struct packages_view){ntlm_user_text(c, (enum ntlm_packed_text_index)i), c->units[i]};
    struct packages_facts facts = {
        .alloc = ntlm_user_alloc,
        .release = ntlm_user_free,
        .attributes = c->attributes,
        .start = c->start,
        .expiry = c->expiry,
    };
    ntlm_facts(&facts, c->protect.flags, c->session_key, text);
    return packages_attribute_query(&facts, ContextAttribute, Buffer);
}
