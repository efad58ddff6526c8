/* SPDX-License-Identifier: MIT */
#include "packages/negotiate/negotiate_identity.h"

#include "base/mem.h"
#include "base/utf16.h"

/* Addresses of texts in a structure have no const. */
static unsigned short *member(const struct packages_text *text, ULONG *length)
{
    *length = (ULONG)text->units;
    return (unsigned short *)text->text;
}

SECURITY_STATUS negotiate_identity_read(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi,
                                        struct negotiate_identity *out)
{
    bool named;

    *out = (struct negotiate_identity){0};
    if (data == NULL)
        return SEC_E_OK;
    SECURITY_STATUS status = packages_identity_read(copy, data, ansi, &out->texts, &named);
    if (status != SEC_E_OK)
        return status;
    SEC_WINNT_AUTH_IDENTITY_EXW *made = mem_alloc(sizeof(*made));
    if (made == NULL) {
        negotiate_identity_free(out);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    made->Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    made->Length = sizeof(*made);
    made->User = member(&out->texts.user, &made->UserLength);
    made->Domain = member(&out->texts.domain, &made->DomainLength);
    made->Password = member(&out->texts.password, &made->PasswordLength);
    made->PackageList = member(&out->texts.list, &made->PackageListLength);
    made->Flags = out->texts.flags | SEC_WINNT_AUTH_IDENTITY_UNICODE;
    out->structure = made;
    return SEC_E_OK;
}

void negotiate_identity_free(struct negotiate_identity *id)
{
    mem_free(id->structure);
    packages_identity_free(&id->texts);
    *id = (struct negotiate_identity){0};
}

static bool is_blank(char16_t c)
{
    return c == u' ' || c == u'\t';
}

bool negotiate_identity_allows(const struct negotiate_identity *id, const char16_t *name)
{
    const char16_t *at = id->texts.list.text;
    size_t units = utf16_length(name);
    bool chosen = false, named = false;

    if (at == NULL)
        return true;
    while (*at != 0) {
        while (is_blank(*at) || *at == u',')
            at++;
        bool excluded = *at == u'!';
        at += excluded;
        const char16_t *start = at;
        while (*at != 0 && *at != u',')
            at++;
        size_t length = (size_t)(at - start);
        while (length > 0 && is_blank(start[length - 1]))
            length--;
        if (length == 0)
            continue;
        bool this_one = utf16_equal_nocase(start, length, name, units);
        if (this_one && excluded)
            return false;
        chosen |= !excluded;
        named |= this_one;
    }
    return named || !chosen;
}
