/* SPDX-License-Identifier: MIT */
/* secur32/identity_api: the Sspi*AuthIdentity* functions. */
#include <ntstatus.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/utf16.h"
#include "secur32/identity.h"
#include "secur32/text.h"

enum { WIN32_LOGON_FAILURE = 1326 };

/* Sets a field from a terminated text; NULL leaves it out. */
static SECURITY_STATUS set_terminated(struct identity *id, enum identity_text which, const char16_t *text)
{
    size_t units = utf16_length(text);

    if (text == NULL)
        return SEC_E_OK;
    if (units > TEXT_UNITS_MAX)
        return SEC_E_INVALID_PARAMETER;
    return identity_set(id, which, text, units) ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* DOMAIN\user where no domain was given apart; user@domain stays a user name. */
static SECURITY_STATUS set_account(struct identity *id, const char16_t *user, const char16_t *domain)
{
    size_t split = 0, units = utf16_length(user);

    while (user != NULL && split < units && user[split] != u'\\')
        split++;
    if (domain != NULL || user == NULL || split == units) {
        SECURITY_STATUS status = set_terminated(id, IDENTITY_DOMAIN, domain);
        return status == SEC_E_OK ? set_terminated(id, IDENTITY_USER, user) : status;
    }
    if (units > TEXT_UNITS_MAX)
        return SEC_E_INVALID_PARAMETER;
    return identity_set(id, IDENTITY_DOMAIN, user, split) &&
                   identity_set(id, IDENTITY_USER, user + split + 1, units - split - 1)
               ? SEC_E_OK
               : SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS give(const struct identity *id, PSEC_WINNT_AUTH_IDENTITY_OPAQUE *out)
{
    void *made = identity_build(id);

    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *out = made;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SspiEncodeStringsAsAuthIdentity(PCWSTR pszUserName, PCWSTR pszDomainName,
                                                          PCWSTR pszPackedCredentialsString,
                                                          PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity)
{
    struct identity id = {0};

    if (ppAuthIdentity == NULL ||
        (pszUserName == NULL && pszDomainName == NULL && pszPackedCredentialsString == NULL))
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = set_account(&id, pszUserName, pszDomainName);
    if (status == SEC_E_OK)
        status = set_terminated(&id, IDENTITY_PASSWORD, pszPackedCredentialsString);
    if (status == SEC_E_OK)
        status = give(&id, ppAuthIdentity);
    identity_wipe(&id);
    return status;
}

/* Terminated copy for SspiLocalFree; NULL gives NULL. */
static bool local_copy(const char16_t *text, size_t units, PCWSTR *copy)
{
    *copy = NULL;
    if (text == NULL)
        return true;
    char16_t *made = mem_client_alloc((units + 1) * sizeof(*made));
    if (made == NULL)
        return false;
    memcpy(made, text, units * sizeof(*made));
    *copy = made;
    return true;
}

static void local_free(PCWSTR text)
{
    mem_client_free((void *)(uintptr_t)text);
}

SECURITY_STATUS SEC_ENTRY SspiEncodeAuthIdentityAsStrings(PSEC_WINNT_AUTH_IDENTITY_OPAQUE pAuthIdentity,
                                                          PCWSTR *ppszUserName, PCWSTR *ppszDomainName,
                                                          PCWSTR *ppszPackedCredentialsString)
{
    PCWSTR *const out[] = {ppszUserName, ppszDomainName, ppszPackedCredentialsString};
    PCWSTR made[3] = {NULL};
    struct identity id;

    SECURITY_STATUS status = identity_read(pAuthIdentity, &id);
    if (status != SEC_E_OK)
        return status;
    for (int i = 0; i < 3; i++)
        if (out[i] != NULL && !local_copy(id.text[i], id.units[i], &made[i]))
            status = SEC_E_INSUFFICIENT_MEMORY;
    for (int i = 0; i < 3; i++) {
        if (status != SEC_E_OK)
            local_free(made[i]);
        else if (out[i] != NULL)
            *out[i] = made[i];
    }
    identity_wipe(&id);
    return status;
}

SECURITY_STATUS SEC_ENTRY SspiValidateAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    struct identity id;
    SECURITY_STATUS status = identity_read(AuthData, &id);

    identity_wipe(&id);
    return status;
}

SECURITY_STATUS SEC_ENTRY SspiCopyAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData,
                                               PSEC_WINNT_AUTH_IDENTITY_OPAQUE *AuthDataCopy)
{
    struct identity id;

    if (AuthDataCopy == NULL)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = identity_read(AuthData, &id);
    if (status == SEC_E_OK)
        status = give(&id, AuthDataCopy);
    identity_wipe(&id);
    return status;
}

/* Absent and empty are the same here. */
static bool same_name(const struct identity *a, const struct identity *b, enum identity_text which)
{
    return a->units[which] == b->units[which] &&
           (a->units[which] == 0 ||
            utf16_equal_nocase(a->text[which], a->units[which], b->text[which], b->units[which]));
}

static bool same_password(const struct identity *a, const struct identity *b)
{
    size_t units = a->units[IDENTITY_PASSWORD];

    return units == b->units[IDENTITY_PASSWORD] &&
           secret_equal(a->text[IDENTITY_PASSWORD], b->text[IDENTITY_PASSWORD], units * sizeof(char16_t));
}

SECURITY_STATUS SEC_ENTRY SspiCompareAuthIdentities(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity1,
                                                    PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity2,
                                                    PBOOLEAN SameSuppliedUser, PBOOLEAN SameSuppliedIdentity)
{
    struct identity a = {0}, b = {0};
    SECURITY_STATUS status = AuthIdentity1 != NULL ? identity_read(AuthIdentity1, &a) : SEC_E_OK;

    if (status == SEC_E_OK && AuthIdentity2 != NULL)
        status = identity_read(AuthIdentity2, &b);
    if (status == SEC_E_OK) {
        bool both = (AuthIdentity1 == NULL) == (AuthIdentity2 == NULL);
        bool user = both && same_name(&a, &b, IDENTITY_USER) && same_name(&a, &b, IDENTITY_DOMAIN);
        bool identity = user && same_password(&a, &b) && same_name(&a, &b, IDENTITY_PACKAGES);
        if (SameSuppliedUser != NULL)
            *SameSuppliedUser = user;
        if (SameSuppliedIdentity != NULL)
            *SameSuppliedIdentity = identity;
    }
    identity_wipe(&a);
    identity_wipe(&b);
    return status;
}

/* The list with "!name" behind it; a list that says so already stays as it is. */
static SECURITY_STATUS exclude(struct identity *id, const char16_t *name)
{
    size_t units = utf16_length(name), old = id->units[IDENTITY_PACKAGES];
    const char16_t *list = id->text[IDENTITY_PACKAGES];

    if (units == 0 || units + old + 2 > TEXT_UNITS_MAX)
        return SEC_E_INVALID_PARAMETER;
    for (size_t start = 0, end; start < old; start = end + 1) {
        for (end = start; end < old && list[end] != u','; end++)
            continue;
        if (list[start] == u'!' && utf16_equal_nocase(list + start + 1, end - start - 1, name, units))
            return SEC_E_OK;
    }
    char16_t *made = mem_alloc((old + units + 3) * sizeof(*made));
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    size_t at = old;
    if (old > 0) {
        memcpy(made, list, old * sizeof(*made));
        made[at++] = u',';
    }
    made[at++] = u'!';
    memcpy(made + at, name, units * sizeof(*made));
    mem_free(id->text[IDENTITY_PACKAGES]);
    id->text[IDENTITY_PACKAGES] = made;
    id->units[IDENTITY_PACKAGES] = at + units;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SspiExcludePackage(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                             PCWSTR pszPackageName,
                                             PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppNewAuthIdentity)
{
    struct identity id = {0};

    if (pszPackageName == NULL || ppNewAuthIdentity == NULL)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = AuthIdentity != NULL ? identity_read(AuthIdentity, &id) : SEC_E_OK;
    if (status == SEC_E_OK)
        status = exclude(&id, pszPackageName);
    if (status == SEC_E_OK)
        status = give(&id, ppNewAuthIdentity);
    identity_wipe(&id);
    return status;
}

SECURITY_STATUS SEC_ENTRY SspiMarshalAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                                  ULONG *AuthIdentityLength, char **AuthIdentityByteArray)
{
    struct identity id;
    size_t size = 0;

    if (AuthIdentityLength == NULL || AuthIdentityByteArray == NULL)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = identity_read(AuthIdentity, &id);
    if (status != SEC_E_OK)
        return status;
    char *bytes = identity_marshal(&id, &size);
    identity_wipe(&id);
    if (bytes == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *AuthIdentityLength = (ULONG)size;
    *AuthIdentityByteArray = bytes;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SspiUnmarshalAuthIdentity(ULONG AuthIdentityLength, char *AuthIdentityByteArray,
                                                    PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity)
{
    struct identity id;

    if (AuthIdentityByteArray == NULL || ppAuthIdentity == NULL)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = identity_unmarshal(AuthIdentityByteArray, AuthIdentityLength, &id);
    if (status != SEC_E_OK)
        return status;
    status = give(&id, ppAuthIdentity);
    identity_wipe(&id);
    return status;
}

/* ---- encryption: none, and none is pretended ---- */

BOOLEAN SEC_ENTRY SspiIsAuthIdentityEncrypted(PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData)
{
    (void)EncryptedAuthData;
    return FALSE;
}

SECURITY_STATUS SEC_ENTRY SspiEncryptAuthIdentityEx(ULONG Options, PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    SECURITY_STATUS status = SspiValidateAuthIdentity(AuthData);

    (void)Options;
    return status == SEC_E_OK ? SEC_E_UNSUPPORTED_FUNCTION : status;
}

SECURITY_STATUS SEC_ENTRY SspiEncryptAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    return SspiEncryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON, AuthData);
}

/* What can be read is not encrypted and so is decrypted. */
SECURITY_STATUS SEC_ENTRY SspiDecryptAuthIdentityEx(ULONG Options,
                                                    PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData)
{
    (void)Options;
    return SspiValidateAuthIdentity(EncryptedAuthData);
}

SECURITY_STATUS SEC_ENTRY SspiDecryptAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData)
{
    return SspiValidateAuthIdentity(EncryptedAuthData);
}

/* ---- freeing ---- */

VOID SEC_ENTRY SspiFreeAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    mem_client_free(AuthData);
}

/* The secret; the rest stays readable. */
VOID SEC_ENTRY SspiZeroAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData)
{
    SEC_WINNT_AUTH_IDENTITY_EXW *ex = AuthData;
    SEC_WINNT_AUTH_IDENTITY_EX2 *ex2 = AuthData;
    SEC_WINNT_AUTH_IDENTITY_W *plain = AuthData;

    if (SspiValidateAuthIdentity(AuthData) != SEC_E_OK)
        return;
    if (identity_is_ex2(AuthData))
        secret_wipe((uint8_t *)AuthData + ex2->PackedCredentialsOffset, ex2->PackedCredentialsLength);
    else if (identity_is_ex(AuthData))
        secret_wipe(ex->Password, identity_bytes(ex->PasswordLength, ex->Flags));
    else
        secret_wipe(plain->Password, identity_bytes(plain->PasswordLength, plain->Flags));
}

VOID SEC_ENTRY SspiLocalFree(PVOID DataBuffer)
{
    mem_client_free(DataBuffer);
}

/* ---- prompting and the credential manager ---- */

BOOLEAN SEC_ENTRY SspiIsPromptingNeeded(ULONG ErrorOrNtStatus)
{
    switch ((LONG)ErrorOrNtStatus) {
    case SEC_E_LOGON_DENIED:
    case SEC_E_NO_CREDENTIALS:
    case SEC_E_UNKNOWN_CREDENTIALS:
    case STATUS_LOGON_FAILURE:
    case STATUS_WRONG_PASSWORD:
    case STATUS_PASSWORD_EXPIRED:
    case STATUS_PASSWORD_MUST_CHANGE:
    case WIN32_LOGON_FAILURE:
        return TRUE;
    default:
        return FALSE;
    }
}

/* There is no credential manager whose names these could give. */
SECURITY_STATUS SEC_ENTRY SspiPrepareForCredRead(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                                 PCWSTR pszTargetName, PULONG pCredmanCredentialType,
                                                 PCWSTR *ppszCredmanTargetName)
{
    (void)AuthIdentity;
    (void)pszTargetName;
    (void)pCredmanCredentialType;
    (void)ppszCredmanTargetName;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY SspiPrepareForCredWrite(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                                  PCWSTR pszTargetName, PULONG pCredmanCredentialType,
                                                  PCWSTR *ppszCredmanTargetName, PCWSTR *ppszCredmanUserName,
                                                  PUCHAR *ppCredentialBlob, PULONG pCredentialBlobSize)
{
    (void)AuthIdentity;
    (void)pszTargetName;
    (void)pCredmanCredentialType;
    (void)ppszCredmanTargetName;
    (void)ppszCredmanUserName;
    (void)ppCredentialBlob;
    (void)pCredentialBlobSize;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

/* class/HOST:port/service: what stands behind the first slash and before a port or another slash; a name
 * without a slash is the host. [IPv6] keeps its colons. */
SECURITY_STATUS SEC_ENTRY SspiGetTargetHostName(PCWSTR pszTargetName, PWSTR *pszHostName)
{
    size_t units = utf16_length(pszTargetName), start = 0, end;
    PCWSTR host;

    if (pszTargetName == NULL || pszHostName == NULL)
        return SEC_E_INVALID_PARAMETER;
    for (size_t i = 0; i < units && start == 0; i++)
        if (pszTargetName[i] == u'/')
            start = i + 1;
    bool bracket = false;
    for (end = start; end < units; end++) {
        if (pszTargetName[end] == u'/' || (pszTargetName[end] == u':' && !bracket))
            break;
        bracket = pszTargetName[end] == u'[' || (bracket && pszTargetName[end] != u']');
    }
    if (end == start)
        return SEC_E_INVALID_PARAMETER;
    if (!local_copy(pszTargetName + start, end - start, &host))
        return SEC_E_INSUFFICIENT_MEMORY;
    *pszHostName = (PWSTR)(uintptr_t)host;
    return SEC_E_OK;
}
