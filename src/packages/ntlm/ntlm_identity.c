/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_identity.h"

#include "base/mem.h"
#include "base/secret.h"
#include "base/utf16.h"
#include "packages/ntlm/ntlm_accounts.h"
#include "packages/ntlm/ntlm_compute.h"

enum {
    IDENTITY_UNITS_MAX = 1024,       /* of user, domain or password: far above Windows' 256 */
    IDENTITY_STRUCTURE_MAX = 262144, /* of a SEC_WINNT_AUTH_IDENTITY_EX2 */
};

/* ---- text ---- */

bool ntlm_text_copy(struct ntlm_text *out, const char16_t *text, size_t units)
{
    char16_t *copy = mem_alloc((units + 1) * sizeof *copy);
    if (copy == NULL) {
        return false;
    }
    if (units > 0) {
        memcpy(copy, text, units * sizeof *copy);
    }
    *out = (struct ntlm_text){copy, units};
    return true;
}

void ntlm_text_free(struct ntlm_text *t)
{
    mem_free(t->text);
    *t = (struct ntlm_text){NULL, 0};
}

void ntlm_identity_free(struct ntlm_identity *id)
{
    ntlm_text_free(&id->user);
    ntlm_text_free(&id->domain);
    secret_wipe(id, sizeof *id);
}

bool ntlm_identity_copy(struct ntlm_identity *out, const struct ntlm_identity *from)
{
    struct ntlm_identity copy = *from;
    copy.user = copy.domain = (struct ntlm_text){NULL, 0};
    if (!ntlm_text_copy(&copy.user, from->user.text, from->user.units) ||
        !ntlm_text_copy(&copy.domain, from->domain.text, from->domain.units)) {
        ntlm_identity_free(&copy);
        return false;
    }
    *out = copy;
    secret_wipe(copy.hash, sizeof copy.hash);
    return true;
}

/* ---- the application's structure ---- */

/* Where the three texts are in the client's memory, whatever the version was. */
struct identity_field {
    const uint8_t *at; /* the client's address, never followed here */
    size_t size;       /* bytes */
    bool given;        /* even if empty */
};

struct identity_fields {
    struct identity_field user, domain, password;
    bool ansi;
};

static SECURITY_STATUS identity_fetch(const struct ntlm_client_memory *memory, void *out, size_t size,
                                      const void *from)
{
    /* The service's type has no const; it reads only. */
    NTSTATUS status = memory->copy(NULL, (ULONG)size, out, (void *)(uintptr_t)from);
    return status >= 0 ? SEC_E_OK : SEC_E_UNKNOWN_CREDENTIALS;
}

/* A pointer and a length in characters. */
static SECURITY_STATUS identity_pointer(const void *at, ULONG length, bool ansi, struct identity_field *out)
{
    if (length > IDENTITY_UNITS_MAX || (at == NULL && length != 0)) {
        return SEC_E_UNKNOWN_CREDENTIALS;
    }
    *out = (struct identity_field){at, ansi ? length : 2 * (size_t)length, at != NULL};
    return SEC_E_OK;
}

static bool identity_is_ansi(ULONG flags, bool call_is_ansi)
{
    if (flags & SEC_WINNT_AUTH_IDENTITY_UNICODE) {
        return false;
    }
    return (flags & SEC_WINNT_AUTH_IDENTITY_ANSI) != 0 || call_is_ansi;
}

static bool identity_is_encrypted(ULONG flags)
{
    return (flags & (SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED |
                     SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED |
                     SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED)) != 0;
}

/* A and W of one version have the same layout. */
static SECURITY_STATUS identity_pointers(ULONG flags, const void *user, ULONG user_length, const void *domain,
                                         ULONG domain_length, const void *password, ULONG password_length,
                                         struct identity_fields *out)
{
    out->ansi = identity_is_ansi(flags, out->ansi);
    if (identity_is_encrypted(flags)) {
        return SEC_E_UNKNOWN_CREDENTIALS;
    }
    SECURITY_STATUS status = identity_pointer(user, user_length, out->ansi, &out->user);
    if (status == SEC_E_OK) {
        status = identity_pointer(domain, domain_length, out->ansi, &out->domain);
    }
    if (status == SEC_E_OK) {
        status = identity_pointer(password, password_length, out->ansi, &out->password);
    }
    return status;
}

static SECURITY_STATUS identity_plain(const struct ntlm_client_memory *memory, const void *data,
                                      struct identity_fields *out)
{
    SEC_WINNT_AUTH_IDENTITY_W id;
    SECURITY_STATUS status = identity_fetch(memory, &id, sizeof id, data);
    if (status != SEC_E_OK) {
        return status;
    }
    return identity_pointers(id.Flags, id.User, id.UserLength, id.Domain, id.DomainLength, id.Password,
                             id.PasswordLength, out);
}

static SECURITY_STATUS identity_ex(const struct ntlm_client_memory *memory, const void *data,
                                   struct identity_fields *out)
{
    SEC_WINNT_AUTH_IDENTITY_EXW id;
    SECURITY_STATUS status = identity_fetch(memory, &id, sizeof id, data);
    if (status != SEC_E_OK) {
        return status;
    }
    if (id.Length < sizeof id) {
        return SEC_E_UNKNOWN_CREDENTIALS;
    }
    return identity_pointers(id.Flags, id.User, id.UserLength, id.Domain, id.DomainLength, id.Password,
                             id.PasswordLength, out);
}

/* offset and length inside a structure of that size. */
static bool inside(size_t size, ULONG offset, ULONG length)
{
    return offset <= size && length <= size - offset;
}

/* The password inside SEC_WINNT_AUTH_PACKED_CREDENTIALS: base and size are the whole packed credentials. */
static SECURITY_STATUS identity_packed_password(const struct ntlm_client_memory *memory, const uint8_t *base,
                                                size_t size, struct identity_field *out)
{
    static const GUID password_type = {
        0x28bfc32f, 0x10f6, 0x4738, {0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a}};
    SEC_WINNT_AUTH_PACKED_CREDENTIALS packed;
    SEC_WINNT_AUTH_DATA_PASSWORD inner;
    if (size < sizeof packed || identity_fetch(memory, &packed, sizeof packed, base) != SEC_E_OK) {
        return SEC_E_UNKNOWN_CREDENTIALS;
    }
    SEC_WINNT_AUTH_BYTE_VECTOR at = packed.AuthData.CredData;
    if (memcmp(&packed.AuthData.CredType, &password_type, sizeof password_type) != 0 ||
        !inside(size, at.ByteArrayOffset, at.ByteArrayLength)) {
        return SEC_E_UNKNOWN_CREDENTIALS;
    }
    /* The bytes are a SEC_WINNT_AUTH_DATA_PASSWORD, whose offset counts from itself, or, as some writers have
     * it, the password; as a password the structure would have a NUL in it. */
    const uint8_t *credential = base + at.ByteArrayOffset;
    if (at.ByteArrayLength >= sizeof inner &&
        identity_fetch(memory, &inner, sizeof inner, credential) == SEC_E_OK &&
        inner.UnicodePassword.ByteArrayOffset >= sizeof inner &&
        inside(at.ByteArrayLength, inner.UnicodePassword.ByteArrayOffset,
               inner.UnicodePassword.ByteArrayLength)) {
        at = inner.UnicodePassword;
        credential += at.ByteArrayOffset;
    }
    if (at.ByteArrayLength % 2 != 0 || at.ByteArrayLength / 2 > IDENTITY_UNITS_MAX) {
        return SEC_E_UNKNOWN_CREDENTIALS;
    }
    *out = (struct identity_field){credential, at.ByteArrayLength, true};
    return SEC_E_OK;
}

static SECURITY_STATUS identity_ex2(const struct ntlm_client_memory *memory, const void *data,
                                    struct identity_fields *out)
{
    SEC_WINNT_AUTH_IDENTITY_EX2 id;
    const uint8_t *base = data;
    if (identity_fetch(memory, &id, sizeof id, data) != SEC_E_OK || id.cbHeaderLength < sizeof id ||
        id.cbStructureLength < id.cbHeaderLength || id.cbStructureLength > IDENTITY_STRUCTURE_MAX ||
        identity_is_encrypted(id.Flags) || id.UserLength % 2 != 0 || id.DomainLength % 2 != 0 ||
        !inside(id.cbStructureLength, id.UserOffset, id.UserLength) ||
        !inside(id.cbStructureLength, id.DomainOffset, id.DomainLength) ||
        !inside(id.cbStructureLength, id.PackedCredentialsOffset, id.PackedCredentialsLength) ||
        id.UserLength / 2 > IDENTITY_UNITS_MAX || id.DomainLength / 2 > IDENTITY_UNITS_MAX) {
        return SEC_E_UNKNOWN_CREDENTIALS;
    }
    out->ansi = false;
    out->user = (struct identity_field){base + id.UserOffset, id.UserLength,
                                        !(id.Flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER)};
    out->domain = (struct identity_field){base + id.DomainOffset, id.DomainLength,
                                          !(id.Flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN)};
    if (id.PackedCredentialsLength == 0) {
        return SEC_E_OK;
    }
    return identity_packed_password(memory, base + id.PackedCredentialsOffset, id.PackedCredentialsLength,
                                    &out->password);
}

static SECURITY_STATUS identity_text(const struct ntlm_client_memory *memory,
                                     const struct identity_field *field, bool ansi, struct ntlm_text *out)
{
    /* One unit more: fields of size 0 need memory too, and unaligned UTF-16 is copied before it is read. */
    char *bytes = mem_alloc(field->size + sizeof(char16_t));
    bool invalid = false, done = false;
    if (bytes == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    SECURITY_STATUS status =
        field->size > 0 ? identity_fetch(memory, bytes, field->size, field->at) : SEC_E_OK;
    if (status != SEC_E_OK) {
        mem_free(bytes);
        return status;
    }
    if (ansi) {
        out->text = utf16_from_utf8(bytes, field->size, &out->units, &invalid);
        done = out->text != NULL;
    } else {
        done = ntlm_text_copy(out, (const char16_t *)(const void *)bytes, field->size / 2);
    }
    mem_free(bytes);
    return done ? SEC_E_OK : invalid ? SEC_E_UNKNOWN_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
}

/* "DOMAIN\user" without a domain of its own. */
static SECURITY_STATUS identity_split(struct ntlm_identity *id)
{
    struct ntlm_text domain, user;
    size_t at = 0;
    while (at < id->user.units && id->user.text[at] != u'\\') {
        at++;
    }
    if (id->domain.units != 0 || at == id->user.units) {
        return SEC_E_OK;
    }
    if (!ntlm_text_copy(&domain, id->user.text, at)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (!ntlm_text_copy(&user, id->user.text + at + 1, id->user.units - at - 1)) {
        ntlm_text_free(&domain);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    ntlm_text_free(&id->domain);
    ntlm_text_free(&id->user);
    id->domain = domain;
    id->user = user;
    return SEC_E_OK;
}

/* ---- NTLM_USER_FILE ---- */

static SECURITY_STATUS identity_from_line(const struct ntlm_account_line *line, struct ntlm_identity *out)
{
    struct ntlm_text password = {NULL, 0};
    bool invalid = false;
    out->user.text = utf16_from_utf8(line->user, strlen(line->user), &out->user.units, &invalid);
    out->domain.text = utf16_from_utf8(line->domain, strlen(line->domain), &out->domain.units, &invalid);
    password.text = utf16_from_utf8(line->password, strlen(line->password), &password.units, &invalid);
    bool done = out->user.text != NULL && out->domain.text != NULL && password.text != NULL &&
                ntlm_compute_nt_hash(password.text, password.units, out->hash);
    ntlm_text_free(&password);
    if (!done) {
        ntlm_identity_free(out);
        return invalid ? SEC_E_NO_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
    }
    return SEC_E_OK;
}

/* The first line of that user, whose domain counts when it is given. */
static SECURITY_STATUS identity_from_file(const char *user, const char *domain, struct ntlm_identity *out)
{
    struct ntlm_account_file f;
    struct ntlm_account_line line;
    const char *path = ntlm_accounts_user_file();
    if (path == NULL) {
        return SEC_E_NO_CREDENTIALS;
    }
    SECURITY_STATUS status = ntlm_account_file_open(&f, path, true, NULL);
    if (status != SEC_E_OK) {
        return status;
    }
    while ((status = ntlm_account_file_next(&f, path, &line, NULL)) == SEC_E_OK) {
        bool failed = false;
        if ((user == NULL || ntlm_account_name_equal(user, line.user, &failed)) &&
            (domain == NULL || ntlm_account_name_equal(domain, line.domain, &failed))) {
            status = identity_from_line(&line, out);
            break;
        }
        if (failed) {
            status = SEC_E_INSUFFICIENT_MEMORY;
            break;
        }
    }
    ntlm_account_file_close(&f);
    return status == SEC_I_CONTINUE_NEEDED ? SEC_E_NO_CREDENTIALS : status;
}

SECURITY_STATUS ntlm_identity_default(const char16_t *name, size_t units, struct ntlm_identity *out)
{
    size_t bytes;
    bool invalid;
    *out = (struct ntlm_identity){0};
    if (units == 0) {
        return identity_from_file(NULL, NULL, out);
    }
    char *text = utf8_from_utf16(name, units, &bytes, &invalid);
    if (text == NULL) {
        return invalid ? SEC_E_NO_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
    }
    char *user = text, *domain = NULL;
    char *backslash = strchr(text, '\\'), *at = strrchr(text, '@');
    if (backslash != NULL) {
        *backslash = 0;
        domain = text;
        user = backslash + 1;
    }
    SECURITY_STATUS status = identity_from_file(user, domain, out);
    if (status == SEC_E_NO_CREDENTIALS && backslash == NULL && at != NULL) {
        *at = 0;
        status = identity_from_file(user, at + 1, out);
    }
    mem_free(text);
    return status;
}

/* A user without a password: NTLM_USER_FILE may know it. */
static SECURITY_STATUS identity_complete(struct ntlm_identity *id)
{
    struct ntlm_identity found = {0};
    bool invalid = false;
    size_t bytes;
    char *user = utf8_from_utf16(id->user.text, id->user.units, &bytes, &invalid);
    char *domain = utf8_from_utf16(id->domain.text, id->domain.units, &bytes, &invalid);
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    if (user != NULL && domain != NULL) {
        status = identity_from_file(user, domain[0] != 0 ? domain : NULL, &found);
    } else if (invalid) {
        status = SEC_E_NO_CREDENTIALS;
    }
    if (status == SEC_E_OK) {
        ntlm_identity_free(id);
        *id = found;
    }
    mem_free(user);
    mem_free(domain);
    return status;
}

/* No name has a NUL: one in it would end it early for whoever reads it next. */
static bool identity_name_whole(const struct ntlm_text *name)
{
    return utf16_length(name->text) == name->units;
}

/* The texts of *id from the fields; the password is spent. */
static SECURITY_STATUS identity_fill(const struct ntlm_client_memory *memory,
                                     const struct identity_fields *fields, struct ntlm_identity *id)
{
    struct ntlm_text password = {NULL, 0};
    SECURITY_STATUS status = identity_text(memory, &fields->user, fields->ansi, &id->user);
    if (status == SEC_E_OK) {
        status = identity_text(memory, &fields->domain, fields->ansi, &id->domain);
    }
    if (status == SEC_E_OK) {
        status = identity_text(memory, &fields->password, fields->ansi, &password);
    }
    if (status == SEC_E_OK && (!identity_name_whole(&id->user) || !identity_name_whole(&id->domain))) {
        status = SEC_E_UNKNOWN_CREDENTIALS;
    }
    if (status == SEC_E_OK && !ntlm_compute_nt_hash(password.text, password.units, id->hash)) {
        status = SEC_E_INSUFFICIENT_MEMORY;
    }
    if (status == SEC_E_OK) {
        id->anonymous = id->user.units == 0 && id->domain.units == 0 && password.units == 0;
        status = identity_split(id);
    }
    ntlm_text_free(&password);
    return status;
}

SECURITY_STATUS ntlm_identity_read(const struct ntlm_client_memory *memory, void *data, bool ansi,
                                   struct ntlm_identity *out, bool *given)
{
    struct identity_fields fields = {.ansi = ansi};
    struct ntlm_identity id = {0};
    ULONG version;
    *given = false;
    SECURITY_STATUS status = identity_fetch(memory, &version, sizeof version, data);
    if (status != SEC_E_OK) {
        return status;
    }
    switch (version) {
    case SEC_WINNT_AUTH_IDENTITY_VERSION:
        status = identity_ex(memory, data, &fields);
        break;
    case SEC_WINNT_AUTH_IDENTITY_VERSION_2:
        status = identity_ex2(memory, data, &fields);
        break;
    default:
        status = identity_plain(memory, data, &fields);
        break;
    }
    if (status != SEC_E_OK) {
        return status;
    }
    if (!fields.password.given && fields.user.size == 0) {
        return SEC_E_OK; /* nobody in particular */
    }
    status = identity_fill(memory, &fields, &id);
    if (status == SEC_E_OK && !fields.password.given) {
        status = identity_complete(&id);
    }
    if (status != SEC_E_OK) {
        ntlm_identity_free(&id);
        return status;
    }
    *out = id;
    secret_wipe(id.hash, sizeof id.hash);
    *given = true;
    return SEC_E_OK;
}
