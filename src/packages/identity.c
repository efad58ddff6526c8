/* SPDX-License-Identifier: MIT */
#define _SEC_WINNT_AUTH_TYPES
#include "packages/identity.h"

#include "base/mem.h"
#include "base/utf16.h"

enum {
    UNITS_MAX = 1024,       /* of a text: far above Windows' 256 */
    STRUCTURE_MAX = 262144, /* of a SEC_WINNT_AUTH_IDENTITY_EX2 */

    FORM =
        SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_MARSHALLED,
    ENCRYPTED = SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED |
                SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED |
                SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED | SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED,
};

/* Where a text is in the client's memory. */
struct field {
    const uint8_t *at; /* the client's address, never followed here */
    size_t size;       /* bytes */
    bool ansi;
    bool given; /* even if empty */
};

struct fields {
    PLSA_COPY_FROM_CLIENT_BUFFER copy;
    struct field user, domain, password, list;
    ULONG flags;
};

static bool fetch(const struct fields *f, void *out, size_t size, const void *from)
{
    /* The service's type has no const; it reads only. */
    return f->copy(NULL, (ULONG)size, out, (void *)(uintptr_t)from) >= 0;
}

/* ---- structures with pointers ---- */

/* A pointer and a length in characters. */
static bool field_pointer(const void *at, ULONG length, bool ansi, struct field *out)
{
    if (length > UNITS_MAX || (at == NULL && length != 0))
        return false;
    *out = (struct field){at, ansi ? length : 2 * (size_t)length, ansi, at != NULL};
    return true;
}

/* A and W of one version have the same layout, and the older version is the newer one without its ends. */
static bool read_pointers(struct fields *f, const SEC_WINNT_AUTH_IDENTITY_EXW *id, bool ansi)
{
    f->flags = id->Flags;
    if (id->Flags & (SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_ANSI))
        ansi = !(id->Flags & SEC_WINNT_AUTH_IDENTITY_UNICODE);
    return field_pointer(id->User, id->UserLength, ansi, &f->user) &&
           field_pointer(id->Domain, id->DomainLength, ansi, &f->domain) &&
           field_pointer(id->Password, id->PasswordLength, ansi, &f->password) &&
           field_pointer(id->PackageList, id->PackageListLength, ansi, &f->list);
}

static bool read_plain(struct fields *f, const void *data, bool ansi)
{
    SEC_WINNT_AUTH_IDENTITY_W id;
    if (!fetch(f, &id, sizeof id, data))
        return false;
    const SEC_WINNT_AUTH_IDENTITY_EXW ex = {
        .User = id.User,
        .UserLength = id.UserLength,
        .Domain = id.Domain,
        .DomainLength = id.DomainLength,
        .Password = id.Password,
        .PasswordLength = id.PasswordLength,
        .Flags = id.Flags,
    };
    return read_pointers(f, &ex, ansi);
}

static bool read_ex(struct fields *f, const void *data, bool ansi)
{
    SEC_WINNT_AUTH_IDENTITY_EXW id;
    return fetch(f, &id, sizeof id, data) && id.Length >= sizeof id && read_pointers(f, &id, ansi);
}

/* ---- the structure in one piece ---- */

/* offset and length inside a structure of that size. */
static bool inside(size_t size, ULONG offset, ULONG length)
{
    return offset <= size && length <= size - offset;
}

/* Offsets count from the structure's beginning, lengths are of bytes. */
static bool field_offset(const uint8_t *base, size_t size, ULONG offset, ULONG length, bool ansi,
                         struct field *out)
{
    ULONG width = ansi ? 1 : 2;
    if (!inside(size, offset, length) || length % width != 0 || length / width > UNITS_MAX)
        return false;
    *out = (struct field){base + offset, length, ansi, offset != 0 || length != 0};
    return true;
}

/* The password inside SEC_WINNT_AUTH_PACKED_CREDENTIALS: base and size are the whole packed credentials. */
static bool read_packed(struct fields *f, const uint8_t *base, size_t size)
{
    SEC_WINNT_AUTH_PACKED_CREDENTIALS packed;
    SEC_WINNT_AUTH_DATA_PASSWORD inner;
    if (size < sizeof packed || !fetch(f, &packed, sizeof packed, base))
        return false;
    SEC_WINNT_AUTH_BYTE_VECTOR at = packed.AuthData.CredData;
    if (memcmp(&packed.AuthData.CredType, &SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, sizeof(GUID)) != 0 ||
        !inside(size, at.ByteArrayOffset, at.ByteArrayLength))
        return false;
    /* The bytes are a SEC_WINNT_AUTH_DATA_PASSWORD, whose offset counts "from the beginning of this
     * structure", or, as many writers have it, the password; as a password the structure would have a NUL. */
    base += at.ByteArrayOffset;
    size = at.ByteArrayLength;
    if (size >= sizeof inner) {
        if (!fetch(f, &inner, sizeof inner, base))
            return false;
        at = inner.UnicodePassword;
        if (at.ByteArrayOffset >= sizeof inner && inside(size, at.ByteArrayOffset, at.ByteArrayLength)) {
            base += at.ByteArrayOffset;
            size = at.ByteArrayLength;
        }
    }
    if (!field_offset(base, size, 0, (ULONG)size, false, &f->password))
        return false;
    f->password.given = true;
    return true;
}

static bool read_ex2(struct fields *f, const void *data)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 id;
    const uint8_t *base = data;
    if (!fetch(f, &id, sizeof id, data) || id.cbHeaderLength < sizeof id ||
        id.cbStructureLength < id.cbHeaderLength || id.cbStructureLength > STRUCTURE_MAX)
        return false;
    size_t size = id.cbStructureLength;
    bool ansi = (id.Flags & (SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE)) ==
                SEC_WINNT_AUTH_IDENTITY_ANSI;
    f->flags = id.Flags;
    if (!field_offset(base, size, id.UserOffset, id.UserLength, ansi, &f->user) ||
        !field_offset(base, size, id.DomainOffset, id.DomainLength, ansi, &f->domain) ||
        !field_offset(base, size, id.PackageListOffset, id.PackageListLength, ansi, &f->list) ||
        !inside(size, id.PackedCredentialsOffset, id.PackedCredentialsLength))
        return false;
    /* Encrypted ones are refused whatever is in them. */
    return id.PackedCredentialsLength == 0 || (id.Flags & ENCRYPTED) ||
           read_packed(f, base + id.PackedCredentialsOffset, id.PackedCredentialsLength);
}

/* ---- texts ---- */

static SECURITY_STATUS fetch_text(const struct fields *f, const struct field *field,
                                  struct packages_text *out)
{
    bool invalid = false;
    if (!field->given)
        return SEC_E_OK;
    /* One unit more: the terminator. */
    void *raw = mem_alloc(field->size + sizeof(char16_t));
    if (raw == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (field->size > 0 && !fetch(f, raw, field->size, field->at)) {
        mem_free(raw);
        return SEC_E_UNKNOWN_CREDENTIALS;
    }
    if (!field->ansi) {
        *out = (struct packages_text){raw, field->size / 2};
        return SEC_E_OK;
    }
    out->text = utf16_from_utf8(raw, field->size, &out->units, &invalid);
    mem_free(raw);
    if (out->text == NULL)
        return invalid ? SEC_E_UNKNOWN_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
    return SEC_E_OK;
}

/* No name has a NUL: one in it would end it early for whoever reads it next. */
static bool is_name(const struct packages_text *text)
{
    return utf16_length(text->text) == text->units;
}

static SECURITY_STATUS fetch_texts(const struct fields *f, struct packages_identity *id)
{
    const struct field *const from[] = {&f->user, &f->domain, &f->password, &f->list};
    struct packages_text *const to[] = {&id->user, &id->domain, &id->password, &id->list};
    SECURITY_STATUS status = SEC_E_OK;
    for (size_t i = 0; status == SEC_E_OK && i < sizeof from / sizeof from[0]; i++)
        status = fetch_text(f, from[i], to[i]);
    if (status == SEC_E_OK && !(is_name(&id->user) && is_name(&id->domain)))
        status = SEC_E_UNKNOWN_CREDENTIALS;
    return status;
}

SECURITY_STATUS packages_identity_read(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi,
                                       struct packages_identity *out, bool *given)
{
    struct fields f = {.copy = copy};
    struct packages_identity id = {0};
    ULONG version;
    bool read;
    *given = false;
    *out = id;
    if (!fetch(&f, &version, sizeof version, data))
        return SEC_E_UNKNOWN_CREDENTIALS;
    switch (version) {
    case SEC_WINNT_AUTH_IDENTITY_VERSION:
        read = read_ex(&f, data, ansi);
        break;
    case SEC_WINNT_AUTH_IDENTITY_VERSION_2:
        read = read_ex2(&f, data);
        break;
    default:
        read = read_plain(&f, data, ansi);
        break;
    }
    if (!read || (f.flags & ENCRYPTED))
        return SEC_E_UNKNOWN_CREDENTIALS;
    id.flags = f.flags & ~(ULONG)FORM;
    SECURITY_STATUS status = fetch_texts(&f, &id);
    if (status != SEC_E_OK) {
        packages_identity_free(&id);
        return status;
    }
    *out = id;
    *given = id.password.text != NULL || id.user.units > 0;
    return SEC_E_OK;
}

SECURITY_STATUS packages_identity_own(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi)
{
    struct packages_identity id;
    bool given;
    if (data == NULL)
        return SEC_E_NO_CREDENTIALS;
    SECURITY_STATUS status = packages_identity_read(copy, data, ansi, &id, &given);
    if (status == SEC_E_OK && id.password.text == NULL)
        status = SEC_E_NO_CREDENTIALS;
    packages_identity_free(&id);
    return status;
}

static bool text_copy(struct packages_text *out, const char16_t *text, size_t units)
{
    char16_t *copy = mem_alloc((units + 1) * sizeof *copy);
    if (copy == NULL)
        return false;
    memcpy(copy, text, units * sizeof *copy);
    *out = (struct packages_text){copy, units};
    return true;
}

bool packages_identity_split(struct packages_identity *id)
{
    struct packages_text domain, user;
    size_t at = 0;
    while (at < id->user.units && id->user.text[at] != u'\\')
        at++;
    if (id->domain.units != 0 || at == id->user.units)
        return true;
    if (!text_copy(&domain, id->user.text, at))
        return false;
    if (!text_copy(&user, id->user.text + at + 1, id->user.units - at - 1)) {
        mem_free(domain.text);
        return false;
    }
    mem_free(id->domain.text);
    mem_free(id->user.text);
    id->domain = domain;
    id->user = user;
    return true;
}

void packages_identity_free(struct packages_identity *id)
{
    mem_free(id->user.text);
    mem_free(id->domain.text);
    mem_free(id->password.text);
    mem_free(id->list.text);
    *id = (struct packages_identity){0};
}

char *packages_text_utf8(const struct packages_text *text, bool *invalid)
{
    size_t bytes;
    char *utf8 = utf8_from_utf16(text->text, text->units, &bytes, invalid);
    if (utf8 != NULL && strlen(utf8) != bytes) {
        mem_free(utf8);
        utf8 = NULL;
        *invalid = true;
    }
    return utf8;
}
