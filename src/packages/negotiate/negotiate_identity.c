/* SPDX-License-Identifier: MIT */
#include "packages/negotiate/negotiate_identity.h"

#include "base/mem.h"
#include "base/utf16.h"

enum {
    TEXT_MAX = 1024,        /* characters of user, domain, password or list */
    STRUCTURE_MAX = 262144, /* bytes of a SEC_WINNT_AUTH_IDENTITY_EX2 */
    TEXTS = 4,
};

/* One text of a structure: where it is, and where its address goes in the copy. */
struct text {
    const void *from;
    ULONG length; /* characters */
};

static bool fetch(PLSA_COPY_FROM_CLIENT_BUFFER copy, void *out, size_t size, const void *from)
{
    /* The service's type has no const; it reads only. */
    return copy(NULL, (ULONG)size, out, (void *)(uintptr_t)from) >= 0;
}

/* What text is from now on stands in the flags: the call that said so is over when they are read. */
static bool settle_flags(ULONG *flags, bool ansi)
{
    if (!(*flags & SEC_WINNT_AUTH_IDENTITY_UNICODE) && (*flags & SEC_WINNT_AUTH_IDENTITY_ANSI || ansi)) {
        *flags |= SEC_WINNT_AUTH_IDENTITY_ANSI;
        return true;
    }
    *flags = (*flags & ~(ULONG)SEC_WINNT_AUTH_IDENTITY_ANSI) | SEC_WINNT_AUTH_IDENTITY_UNICODE;
    return false;
}

/* A structure of that size with the texts behind it; texts[i].from becomes the copy's address. */
static SECURITY_STATUS copy_texts(PLSA_COPY_FROM_CLIENT_BUFFER copy, size_t head, struct text texts[TEXTS],
                                  size_t width, void **structure)
{
    size_t size = head;

    for (int i = 0; i < TEXTS; i++) {
        if (texts[i].length > TEXT_MAX || (texts[i].from == NULL && texts[i].length != 0))
            return SEC_E_UNKNOWN_CREDENTIALS;
        size += (texts[i].length + 1) * width;
    }
    uint8_t *made = mem_alloc(size), *at = made + head;
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    for (int i = 0; i < TEXTS; i++) {
        if (texts[i].from == NULL)
            continue;
        if (texts[i].length > 0 && !fetch(copy, at, texts[i].length * width, texts[i].from)) {
            mem_free(made);
            return SEC_E_UNKNOWN_CREDENTIALS;
        }
        texts[i].from = at;
        at += (texts[i].length + 1) * width;
    }
    *structure = made;
    return SEC_E_OK;
}

static unsigned short *text_at(const struct text *t)
{
    return (unsigned short *)(uintptr_t)t->from;
}

static SECURITY_STATUS read_plain(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi,
                                  struct negotiate_identity *out)
{
    SEC_WINNT_AUTH_IDENTITY_W id;

    if (!fetch(copy, &id, sizeof(id), data))
        return SEC_E_UNKNOWN_CREDENTIALS;
    ansi = settle_flags(&id.Flags, ansi);
    struct text texts[TEXTS] = {
        {id.User, id.UserLength}, {id.Domain, id.DomainLength}, {id.Password, id.PasswordLength}, {NULL, 0}};
    SECURITY_STATUS status = copy_texts(copy, sizeof(id), texts, ansi ? 1 : 2, &out->structure);
    if (status != SEC_E_OK)
        return status;
    id.User = text_at(&texts[0]);
    id.Domain = text_at(&texts[1]);
    id.Password = text_at(&texts[2]);
    memcpy(out->structure, &id, sizeof(id));
    return SEC_E_OK;
}

static SECURITY_STATUS take_list(struct negotiate_identity *out, const void *text, size_t length, bool ansi)
{
    size_t units;
    bool invalid = false;

    if (text == NULL || length == 0)
        return SEC_E_OK;
    if (ansi) {
        out->list = utf16_from_utf8(text, length, &units, &invalid);
    } else {
        out->list = mem_alloc((length + 1) * sizeof(*out->list));
        if (out->list != NULL)
            memcpy(out->list, text, length * sizeof(*out->list));
    }
    return out->list != NULL ? SEC_E_OK : invalid ? SEC_E_UNKNOWN_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS read_ex(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi,
                               struct negotiate_identity *out)
{
    SEC_WINNT_AUTH_IDENTITY_EXW id;

    if (!fetch(copy, &id, sizeof(id), data) || id.Length < sizeof(id))
        return SEC_E_UNKNOWN_CREDENTIALS;
    ansi = settle_flags(&id.Flags, ansi);
    struct text texts[TEXTS] = {{id.User, id.UserLength},
                                {id.Domain, id.DomainLength},
                                {id.Password, id.PasswordLength},
                                {id.PackageList, id.PackageListLength}};
    SECURITY_STATUS status = copy_texts(copy, sizeof(id), texts, ansi ? 1 : 2, &out->structure);
    if (status != SEC_E_OK)
        return status;
    id.Length = sizeof(id);
    id.User = text_at(&texts[0]);
    id.Domain = text_at(&texts[1]);
    id.Password = text_at(&texts[2]);
    id.PackageList = text_at(&texts[3]);
    memcpy(out->structure, &id, sizeof(id));
    return take_list(out, texts[3].from, texts[3].length, ansi);
}

/* One piece with offsets inside: it is copied as it is. */
static SECURITY_STATUS read_ex2(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data,
                                struct negotiate_identity *out)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 id;

    if (!fetch(copy, &id, sizeof(id), data) || id.cbHeaderLength < sizeof(id) ||
        id.cbStructureLength < id.cbHeaderLength || id.cbStructureLength > STRUCTURE_MAX ||
        id.PackageListOffset > id.cbStructureLength ||
        id.PackageListLength > id.cbStructureLength - id.PackageListOffset || id.PackageListLength % 2 != 0)
        return SEC_E_UNKNOWN_CREDENTIALS;
    out->structure = mem_alloc(id.cbStructureLength);
    if (out->structure == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (!fetch(copy, out->structure, id.cbStructureLength, data))
        return SEC_E_UNKNOWN_CREDENTIALS;
    memcpy(out->structure, &id, sizeof(id)); /* what was checked is what is kept */
    return take_list(out, (const uint8_t *)out->structure + id.PackageListOffset, id.PackageListLength / 2,
                     false);
}

SECURITY_STATUS negotiate_identity_read(PLSA_COPY_FROM_CLIENT_BUFFER copy, void *data, bool ansi,
                                        struct negotiate_identity *out)
{
    SECURITY_STATUS status;
    ULONG version;

    *out = (struct negotiate_identity){NULL, NULL};
    if (data == NULL)
        return SEC_E_OK;
    if (!fetch(copy, &version, sizeof(version), data))
        return SEC_E_UNKNOWN_CREDENTIALS;
    if (version == SEC_WINNT_AUTH_IDENTITY_VERSION)
        status = read_ex(copy, data, ansi, out);
    else if (version == SEC_WINNT_AUTH_IDENTITY_VERSION_2)
        status = read_ex2(copy, data, out);
    else
        status = read_plain(copy, data, ansi, out);
    if (status != SEC_E_OK)
        negotiate_identity_free(out);
    return status;
}

void negotiate_identity_free(struct negotiate_identity *id)
{
    mem_free(id->structure);
    mem_free(id->list);
    *id = (struct negotiate_identity){NULL, NULL};
}

static bool is_blank(char16_t c)
{
    return c == u' ' || c == u'\t';
}

bool negotiate_identity_allows(const struct negotiate_identity *id, const char16_t *name)
{
    const char16_t *at = id->list;
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
