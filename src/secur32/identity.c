/* SPDX-License-Identifier: MIT */
#define _SEC_WINNT_AUTH_TYPES
#include "secur32/identity.h"

#include <stddef.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/utf16.h"
#include "base/wire.h"

#define FORM_FLAGS                                                                                           \
    ((ULONG)(SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE |                                \
             SEC_WINNT_AUTH_IDENTITY_MARSHALLED))
#define ENCRYPTED_FLAGS                                                                                      \
    ((ULONG)(SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED |                                               \
             SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED | SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED | \
             SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED))

enum { UNITS_MAX = 32767 };

static const uint8_t marshal_magic[8] = {'S', 'S', 'P', 'I', 'I', 'D', '1', 0};
static const ULONG marshal_absent = 0xffffffffu;

void identity_wipe(struct identity *id)
{
    for (int i = 0; i < IDENTITY_TEXTS; i++)
        mem_free(id->text[i]);
    *id = (struct identity){0};
}

bool identity_set(struct identity *id, enum identity_text which, const char16_t *text, size_t units)
{
    char16_t *copy = mem_alloc((units + 1) * sizeof(*copy));

    if (copy == NULL)
        return false;
    if (units > 0)
        memcpy(copy, text, units * sizeof(*copy));
    mem_free(id->text[which]);
    id->text[which] = copy;
    id->units[which] = units;
    return true;
}

/* A text of a structure: length in characters of its own kind. */
static SECURITY_STATUS read_text(struct identity *id, enum identity_text which, const void *text,
                                 ULONG length, bool ansi)
{
    bool invalid = false;
    size_t units;

    if (text == NULL)
        return length == 0 ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
    if (length > (ansi ? 3u * UNITS_MAX : UNITS_MAX))
        return SEC_E_INVALID_PARAMETER;
    if (!ansi)
        return identity_set(id, which, text, length) ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    id->text[which] = utf16_from_utf8(text, length, &units, &invalid);
    if (id->text[which] == NULL)
        return invalid ? SEC_E_INVALID_PARAMETER : SEC_E_INSUFFICIENT_MEMORY;
    id->units[which] = units;
    return units <= UNITS_MAX ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
}

/* Flags of a structure with pointers: one of ANSI and UNICODE. */
static bool flags_ok(ULONG flags)
{
    ULONG kind = flags & (SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE);

    return !(flags & ENCRYPTED_FLAGS) &&
           (kind == SEC_WINNT_AUTH_IDENTITY_ANSI || kind == SEC_WINNT_AUTH_IDENTITY_UNICODE);
}

/* The A and W forms differ in the pointers' target alone. */
static SECURITY_STATUS read_plain(const SEC_WINNT_AUTH_IDENTITY_W *from, struct identity *id)
{
    bool ansi = from->Flags & SEC_WINNT_AUTH_IDENTITY_ANSI;

    if (!flags_ok(from->Flags))
        return SEC_E_INVALID_PARAMETER;
    id->flags = from->Flags & ~FORM_FLAGS;
    SECURITY_STATUS status = read_text(id, IDENTITY_USER, from->User, from->UserLength, ansi);
    if (status == SEC_E_OK)
        status = read_text(id, IDENTITY_DOMAIN, from->Domain, from->DomainLength, ansi);
    if (status == SEC_E_OK)
        status = read_text(id, IDENTITY_PASSWORD, from->Password, from->PasswordLength, ansi);
    return status;
}

static SECURITY_STATUS read_ex(const SEC_WINNT_AUTH_IDENTITY_EXW *from, struct identity *id)
{
    SEC_WINNT_AUTH_IDENTITY_W plain = {
        .User = from->User,
        .UserLength = from->UserLength,
        .Domain = from->Domain,
        .DomainLength = from->DomainLength,
        .Password = from->Password,
        .PasswordLength = from->PasswordLength,
        .Flags = from->Flags,
    };
    SECURITY_STATUS status = read_plain(&plain, id);

    return status != SEC_E_OK ? status
                              : read_text(id, IDENTITY_PACKAGES, from->PackageList, from->PackageListLength,
                                          from->Flags & SEC_WINNT_AUTH_IDENTITY_ANSI);
}

/* Bytes inside an EX2 structure, lengths in bytes; NULL when they are not inside. */
static const uint8_t *inside(const uint8_t *base, size_t size, size_t offset, size_t length)
{
    return offset <= size && length <= size - offset ? base + offset : NULL;
}

static SECURITY_STATUS read_ex2_text(struct identity *id, enum identity_text which, const uint8_t *base,
                                     size_t size, ULONG offset, USHORT length, bool ansi)
{
    if (offset == 0 && length == 0)
        return SEC_E_OK;
    const uint8_t *text = inside(base, size, offset, length);
    if (text == NULL || (!ansi && length % sizeof(char16_t) != 0))
        return SEC_E_INVALID_PARAMETER;
    return read_text(id, which, text, ansi ? length : length / sizeof(char16_t), ansi);
}

/* SEC_WINNT_AUTH_PACKED_CREDENTIALS. Its bytes are a SEC_WINNT_AUTH_DATA_PASSWORD, whose offset counts from
 * itself, or, as some writers have it, the password; as a password the structure would have a NUL in it. */
static SECURITY_STATUS read_packed_password(struct identity *id, const uint8_t *packed, size_t size)
{
    SEC_WINNT_AUTH_PACKED_CREDENTIALS header;
    SEC_WINNT_AUTH_DATA_PASSWORD data = {{0}};

    if (size < sizeof(header))
        return SEC_E_INVALID_PARAMETER;
    memcpy(&header, packed, sizeof(header));
    if (memcmp(&header.AuthData.CredType, &SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, sizeof(GUID)) != 0)
        return SEC_E_UNKNOWN_CREDENTIALS;
    USHORT length = header.AuthData.CredData.ByteArrayLength;
    const uint8_t *credential = inside(packed, size, header.AuthData.CredData.ByteArrayOffset, length);
    if (credential == NULL)
        return SEC_E_INVALID_PARAMETER;
    if (length >= sizeof(data))
        memcpy(&data, credential, sizeof(data));
    ULONG offset = data.UnicodePassword.ByteArrayOffset;
    if (offset >= sizeof(data) &&
        inside(credential, length, offset, data.UnicodePassword.ByteArrayLength) != NULL) {
        length = data.UnicodePassword.ByteArrayLength;
        credential += offset;
    }
    if (length % sizeof(char16_t) != 0)
        return SEC_E_INVALID_PARAMETER;
    return read_text(id, IDENTITY_PASSWORD, credential, length / sizeof(char16_t), false);
}

static SECURITY_STATUS read_ex2(const SEC_WINNT_AUTH_IDENTITY_EX2 *from, struct identity *id)
{
    const uint8_t *base = (const uint8_t *)from;
    size_t size = from->cbStructureLength;
    bool ansi = from->Flags & SEC_WINNT_AUTH_IDENTITY_ANSI;

    if ((from->Flags & ENCRYPTED_FLAGS) || size < sizeof(*from))
        return SEC_E_INVALID_PARAMETER;
    id->flags = from->Flags & ~FORM_FLAGS;
    SECURITY_STATUS status =
        read_ex2_text(id, IDENTITY_USER, base, size, from->UserOffset, from->UserLength, ansi);
    if (status == SEC_E_OK)
        status = read_ex2_text(id, IDENTITY_DOMAIN, base, size, from->DomainOffset, from->DomainLength, ansi);
    if (status == SEC_E_OK)
        status = read_ex2_text(id, IDENTITY_PACKAGES, base, size, from->PackageListOffset,
                               from->PackageListLength, ansi);
    if (status != SEC_E_OK || from->PackedCredentialsLength == 0)
        return status;
    const uint8_t *packed = inside(base, size, from->PackedCredentialsOffset, from->PackedCredentialsLength);
    return packed != NULL ? read_packed_password(id, packed, from->PackedCredentialsLength)
                          : SEC_E_INVALID_PARAMETER;
}

SECURITY_STATUS identity_read(const void *opaque, struct identity *id)
{
    SECURITY_STATUS status;

    *id = (struct identity){0};
    if (opaque == NULL)
        return SEC_E_INVALID_PARAMETER;
    if (identity_is_ex2(opaque))
        status = read_ex2(opaque, id);
    else if (identity_is_ex(opaque))
        status = read_ex(opaque, id);
    else
        status = read_plain(opaque, id);
    if (status != SEC_E_OK)
        identity_wipe(id);
    return status;
}

/* Puts a text behind the structure; *at walks on. */
static unsigned short *put_text(const struct identity *id, enum identity_text which, char16_t **at,
                                ULONG *length)
{
    char16_t *place = *at;

    *length = (ULONG)id->units[which];
    if (id->text[which] == NULL)
        return NULL;
    memcpy(place, id->text[which], (id->units[which] + 1) * sizeof(*place));
    *at += id->units[which] + 1;
    return (unsigned short *)place;
}

SEC_WINNT_AUTH_IDENTITY_EXW *identity_build(const struct identity *id)
{
    size_t units = 0;

    for (int i = 0; i < IDENTITY_TEXTS; i++)
        units += id->units[i] + 1;
    SEC_WINNT_AUTH_IDENTITY_EXW *made = mem_client_alloc(sizeof(*made) + units * sizeof(char16_t));
    if (made == NULL)
        return NULL;
    char16_t *at = (char16_t *)(made + 1);
    made->Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    made->Length = sizeof(*made);
    made->Flags = id->flags | SEC_WINNT_AUTH_IDENTITY_UNICODE;
    made->User = put_text(id, IDENTITY_USER, &at, &made->UserLength);
    made->Domain = put_text(id, IDENTITY_DOMAIN, &at, &made->DomainLength);
    made->Password = put_text(id, IDENTITY_PASSWORD, &at, &made->PasswordLength);
    made->PackageList = put_text(id, IDENTITY_PACKAGES, &at, &made->PackageListLength);
    return made;
}

void *identity_marshal(const struct identity *id, size_t *size)
{
    struct wire_writer w;
    size_t needed = sizeof(marshal_magic) + 4;

    for (int i = 0; i < IDENTITY_TEXTS; i++)
        needed += 4 + 2 * id->units[i];
    void *bytes = mem_client_alloc(needed);
    if (bytes == NULL)
        return NULL;
    wire_write_init(&w, bytes, needed);
    wire_write_bytes(&w, marshal_magic, sizeof(marshal_magic));
    wire_write_u32(&w, id->flags);
    for (int i = 0; i < IDENTITY_TEXTS; i++) {
        wire_write_u32(&w, id->text[i] != NULL ? (uint32_t)id->units[i] : marshal_absent);
        for (size_t unit = 0; unit < id->units[i]; unit++)
            wire_write_u16(&w, id->text[i][unit]);
    }
    *size = needed;
    return bytes;
}

SECURITY_STATUS identity_unmarshal(const void *bytes, size_t size, struct identity *id)
{
    SECURITY_STATUS status = SEC_E_INVALID_PARAMETER;
    uint8_t magic[sizeof(marshal_magic)];
    struct wire_reader r;

    *id = (struct identity){0};
    wire_read_init(&r, bytes, size);
    wire_read_copy(&r, magic, sizeof(magic));
    id->flags = wire_read_u32(&r);
    if (memcmp(magic, marshal_magic, sizeof(magic)) != 0 || (id->flags & (FORM_FLAGS | ENCRYPTED_FLAGS)))
        goto out;
    for (int i = 0; i < IDENTITY_TEXTS; i++) {
        uint32_t units = wire_read_u32(&r);
        if (r.failed)
            goto out;
        if (units == marshal_absent)
            continue;
        const uint8_t *text = units <= UNITS_MAX ? wire_read_bytes(&r, 2 * (size_t)units) : NULL;
        if (text == NULL)
            goto out;
        id->text[i] = mem_alloc((units + 1) * sizeof(char16_t));
        if (id->text[i] == NULL) {
            status = SEC_E_INSUFFICIENT_MEMORY;
            goto out;
        }
        utf16_from_wire(id->text[i], text, units);
        id->units[i] = units;
    }
    if (wire_read_left(&r) == 0)
        return SEC_E_OK;
out:
    identity_wipe(id);
    return status;
}
