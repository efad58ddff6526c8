/* SPDX-License-Identifier: MIT */
#include "packages/identity.h"

#include "base/mem.h"
#include "base/utf16.h"

enum {
    UNITS_MAX = 1024,       /* of user, domain or password: far above Windows' 256 */
    STRUCTURE_MAX = 262144, /* of a SEC_WINNT_AUTH_IDENTITY_EX2 */

    ENCRYPTED = SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED |
                SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED |
                SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED,
};

/* Where a text is in the client's memory. */
struct field {
    const uint8_t *at; /* the client's address, never followed here */
    size_t size;       /* bytes */
    bool given;        /* even if empty */
};

struct fields {
    PLSA_COPY_FROM_CLIENT_BUFFER copy;
    struct field user, domain, password;
    bool ansi;
};

static bool fetch(const struct fields *f, void *out, size_t size, const void *from)
{
    /* The service's type has no const; it reads only. */
    return f->copy(NULL, (ULONG)size, out, (void *)(uintptr_t)from) >= 0;
}

/* A pointer and a length in characters. */
static bool field_pointer(const void *at, ULONG length, bool ansi, struct field *out)
{
    if (length > UNITS_MAX || (at == NULL && length != 0))
        return false;
    *out = (struct field){at, ansi ? length : 2 * (size_t)length, at != NULL};
    return true;
}

/* A and W of one version have the same layout, and the members of both versions the same names. */
static bool read_pointers(struct fields *f, const SEC_WINNT_AUTH_IDENTITY_W *id)
{
    if (id->Flags & (SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_ANSI))
        f->ansi = !(id->Flags & SEC_WINNT_AUTH_IDENTITY_UNICODE);
    return !(id->Flags & ENCRYPTED) && field_pointer(id->User, id->UserLength, f->ansi, &f->user) &&
           field_pointer(id->Domain, id->DomainLength, f->ansi, &f->domain) &&
           field_pointer(id->Password, id->PasswordLength, f->ansi, &f->password);
}

static bool read_plain(struct fields *f, const void *data)
{
    SEC_WINNT_AUTH_IDENTITY_W id;
    return fetch(f, &id, sizeof id, data) && read_pointers(f, &id);
}

static bool read_ex(struct fields *f, const void *data)
{
    SEC_WINNT_AUTH_IDENTITY_EXW id;
    if (!fetch(f, &id, sizeof id, data) || id.Length < sizeof id)
        return false;
    const SEC_WINNT_AUTH_IDENTITY_W plain = {
        .User = id.User,
        .UserLength = id.UserLength,
        .Domain = id.Domain,
        .DomainLength = id.DomainLength,
        .Password = id.Password,
        .PasswordLength = id.PasswordLength,
        .Flags = id.Flags,
    };
    return read_pointers(f, &plain);
}

/* offset and length inside a structure of that size. */
static bool inside(size_t size, ULONG offset, ULONG length)
{
    return offset <= size && length <= size - offset;
}

/* Offsets count from the structure's beginning; a length is of bytes and of at most UNITS_MAX characters. */
static bool field_offset(const uint8_t *base, size_t size, ULONG offset, ULONG length, bool given,
                         struct field *out)
{
    if (!inside(size, offset, length) || length % 2 != 0 || length / 2 > UNITS_MAX)
        return false;
    *out = (struct field){base + offset, length, given};
    return true;
}

/* The password inside SEC_WINNT_AUTH_PACKED_CREDENTIALS: base and size are the whole packed credentials. */
static bool read_packed(struct fields *f, const uint8_t *base, size_t size)
{
    static const GUID password_type = {
        0x28bfc32f, 0x10f6, 0x4738, {0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a}};
    SEC_WINNT_AUTH_PACKED_CREDENTIALS packed;
    SEC_WINNT_AUTH_DATA_PASSWORD inner;
    if (size < sizeof packed || !fetch(f, &packed, sizeof packed, base))
        return false;
    SEC_WINNT_AUTH_BYTE_VECTOR at = packed.AuthData.CredData;
    if (memcmp(&packed.AuthData.CredType, &password_type, sizeof password_type) != 0 ||
        !inside(size, at.ByteArrayOffset, at.ByteArrayLength))
        return false;
    /* Writers differ in whether the bytes are the password or a SEC_WINNT_AUTH_DATA_PASSWORD that points to
     * it; as a password the latter would hold a NUL character. */
    if (at.ByteArrayLength >= sizeof inner && fetch(f, &inner, sizeof inner, base + at.ByteArrayOffset) &&
        inner.UnicodePassword.ByteArrayOffset <= UINT16_MAX &&
        inside(size, inner.UnicodePassword.ByteArrayOffset, inner.UnicodePassword.ByteArrayLength))
        at = inner.UnicodePassword;
    return field_offset(base, size, at.ByteArrayOffset, at.ByteArrayLength, true, &f->password);
}

static bool read_ex2(struct fields *f, const void *data)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 id;
    const uint8_t *base = data;
    if (!fetch(f, &id, sizeof id, data) || id.cbHeaderLength < sizeof id ||
        id.cbStructureLength < id.cbHeaderLength || id.cbStructureLength > STRUCTURE_MAX ||
        (id.Flags & ENCRYPTED))
        return false;
    size_t size = id.cbStructureLength;
    f->ansi = false;
    if (!field_offset(base, size, id.UserOffset, id.UserLength,
                      !(id.Flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER), &f->user) ||
        !field_offset(base, size, id.DomainOffset, id.DomainLength,
                      !(id.Flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN), &f->domain) ||
        !inside(size, id.PackedCredentialsOffset, id.PackedCredentialsLength))
        return false;
    return id.PackedCredentialsLength == 0 ||
           read_packed(f, base + id.PackedCredentialsOffset, id.PackedCredentialsLength);
}

/* The text as UTF-8; NULL: *invalid or out of memory. A NUL inside would end it early for the library that
 * gets it, and is malformed. */
static char *field_text(const struct fields *f, const struct field *field, bool *invalid)
{
    size_t bytes = field->size;
    char *text = NULL;
    char *raw = mem_alloc(field->size + sizeof(char16_t));
    *invalid = false;
    if (raw == NULL)
        return NULL;
    if (field->size > 0 && !fetch(f, raw, field->size, field->at)) {
        *invalid = true;
    } else if (!f->ansi) {
        text = utf8_from_utf16((const char16_t *)(const void *)raw, field->size / 2, &bytes, invalid);
    } else {
        size_t units;
        char16_t *checked = utf16_from_utf8(raw, field->size, &units, invalid);
        text = checked != NULL ? mem_copy(raw, field->size + 1) : NULL;
        mem_free(checked);
    }
    mem_free(raw);
    if (text != NULL && strlen(text) != bytes) {
        mem_free(text);
        text = NULL;
        *invalid = true;
    }
    return text;
}

/* "DOMAIN\user" without a domain of its own. */
static bool split(struct packages_identity *id)
{
    char *backslash = strchr(id->user, '\\');
    if (id->domain[0] != 0 || backslash == NULL)
        return true;
    char *user = mem_copy(backslash + 1, strlen(backslash + 1) + 1);
    if (user == NULL)
        return false;
    *backslash = 0;
    mem_free(id->domain);
    id->domain = id->user;
    id->user = user;
    return true;
}

void packages_identity_free(struct packages_identity *id)
{
    mem_free(id->user);
    mem_free(id->domain);
    mem_free(id->password);
    *id = (struct packages_identity){0};
}

static SECURITY_STATUS fill(const struct fields *f, struct packages_identity *out)
{
    struct packages_identity id = {0};
    bool invalid = false;
    id.user = field_text(f, &f->user, &invalid);
    if (id.user != NULL)
        id.domain = field_text(f, &f->domain, &invalid);
    if (id.domain != NULL && f->password.given)
        id.password = field_text(f, &f->password, &invalid);
    if (id.domain == NULL || (f->password.given && id.password == NULL) || !split(&id)) {
        packages_identity_free(&id);
        return invalid ? SEC_E_UNKNOWN_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
    }
    *out = id;
    return SEC_E_OK;
}

SECURITY_STATUS packages_identity_read(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi,
                                       struct packages_identity *out, bool *given)
{
    struct fields f = {.copy = copy, .ansi = ansi};
    ULONG version;
    bool read;
    *given = false;
    *out = (struct packages_identity){0};
    if (!fetch(&f, &version, sizeof version, data))
        return SEC_E_UNKNOWN_CREDENTIALS;
    switch (version) {
    case SEC_WINNT_AUTH_IDENTITY_VERSION:
        read = read_ex(&f, data);
        break;
    case SEC_WINNT_AUTH_IDENTITY_VERSION_2:
        read = read_ex2(&f, data);
        break;
    default:
        read = read_plain(&f, data);
        break;
    }
    if (!read)
        return SEC_E_UNKNOWN_CREDENTIALS;
    if (!f.password.given && f.user.size == 0)
        return SEC_E_OK; /* nobody in particular */
    SECURITY_STATUS status = fill(&f, out);
    *given = status == SEC_E_OK;
    return status;
}
