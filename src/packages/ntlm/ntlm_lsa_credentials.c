/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "base/secret.h"
#include "base/utf16.h"
#include "packages/attributes.h"
#include "packages/identity.h"
#include "packages/ntlm/ntlm_info.h"
#include "packages/ntlm/ntlm_lsa.h"

static struct slab credentials = SLAB_INIT(sizeof(struct ntlm_credential), 1u << 20, true);

const struct ntlm_credential *ntlm_credential_find(LSA_SEC_HANDLE id)
{
    return slab_get(&credentials, id);
}

static bool call_is_ansi(void)
{
    SECPKG_CALL_INFO info = {0};
    return ntlm_lsa_functions->GetCallInfo != NULL && ntlm_lsa_functions->GetCallInfo(&info) &&
           (info.Attributes & SECPKG_CALL_ANSI);
}

/* Default credentials may be missing: the first InitializeSecurityContext says so, as on Windows. */
static SECURITY_STATUS credential_identity(struct ntlm_credential *c, const UNICODE_STRING *principal,
                                           void *data)
{
    SECPKG_CLIENT_INFO client = {0};
    if (ntlm_lsa_functions->GetClientInfo != NULL && ntlm_lsa_functions->GetClientInfo(&client) >= 0 &&
        client.Impersonating) {
        SECURITY_STATUS own =
            packages_identity_own(ntlm_lsa_functions->CopyFromClientBuffer, data, call_is_ansi());
        if (own != SEC_E_OK) {
            return own; /* NTLM delegates nothing, and what the process has is not the client's */
        }
    }
    if (data != NULL) {
        SECURITY_STATUS status = ntlm_identity_read(ntlm_lsa_functions->CopyFromClientBuffer, data,
                                                    call_is_ansi(), &c->identity, &c->supplied);
        if (status != SEC_E_OK || c->supplied) {
            c->has_identity = c->supplied;
            return status == SEC_E_NO_CREDENTIALS ? SEC_E_OK : status;
        }
    }
    const char16_t *name = principal != NULL ? principal->Buffer : NULL;
    size_t units = principal != NULL ? principal->Length / sizeof(char16_t) : 0;
    SECURITY_STATUS status = ntlm_identity_default(name, units, &c->identity);
    c->has_identity = status == SEC_E_OK;
    return status == SEC_E_NO_CREDENTIALS ? SEC_E_OK : status;
}

NTSTATUS NTAPI ntlm_SpAcquireCredentialsHandle(PUNICODE_STRING PrincipalName, ULONG CredentialUseFlags,
                                               PLUID LogonId, PVOID AuthorizationData, PVOID GetKeyFunciton,
                                               PVOID GetKeyArgument, PLSA_SEC_HANDLE CredentialHandle,
                                               PTimeStamp ExpirationTime)
{
    struct ntlm_credential made = {.use = CredentialUseFlags & SECPKG_CRED_BOTH};
    uintptr_t id = 0;
    (void)LogonId;
    (void)GetKeyFunciton;
    (void)GetKeyArgument;
    if (made.use == 0) {
        return SEC_E_INVALID_PARAMETER;
    }
    if (made.use & SECPKG_CRED_OUTBOUND) {
        SECURITY_STATUS status = credential_identity(&made, PrincipalName, AuthorizationData);
        if (status != SEC_E_OK) {
            return status;
        }
    }
    struct ntlm_credential *c = slab_alloc(&credentials, &id);
    if (c == NULL) {
        ntlm_identity_free(&made.identity);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    made.head = c->head;
    *c = made;
    secret_wipe(&made, sizeof made);
    *CredentialHandle = id;
    if (ExpirationTime != NULL) {
        ExpirationTime->QuadPart = INT64_MAX;
    }
    return SEC_E_OK;
}

NTSTATUS NTAPI ntlm_SpFreeCredentialsHandle(LSA_SEC_HANDLE CredentialHandle)
{
    struct ntlm_credential *c = slab_get(&credentials, CredentialHandle);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    ntlm_identity_free(&c->identity);
    slab_free(&credentials, CredentialHandle);
    return SEC_E_OK;
}

void *ntlm_client_alloc(size_t size)
{
    void *there = NULL;
    return ntlm_lsa_functions->AllocateClientBuffer(NULL, (ULONG)size, &there) < 0 ? NULL : there;
}

/* Memory of the application, filled here and copied there. */
static NTSTATUS client_give(void *bytes, size_t size, void **client)
{
    void *there = NULL;
    if (bytes == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (ntlm_lsa_functions->AllocateClientBuffer(NULL, (ULONG)size, &there) < 0 || there == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    NTSTATUS status = ntlm_lsa_functions->CopyToClientBuffer(NULL, (ULONG)size, there, bytes);
    if (status < 0) {
        (void)ntlm_lsa_functions->FreeClientBuffer(NULL, there);
        return status;
    }
    *client = there;
    return SEC_E_OK;
}

NTSTATUS ntlm_client_give_name(const struct ntlm_text *domain, const struct ntlm_text *user, void *buffer)
{
    void *there = NULL;
    char16_t *name = packages_account_copy(mem_alloc, domain->text, domain->units, user->text, user->units);
    NTSTATUS status = client_give(name, name != NULL ? (utf16_length(name) + 1) * sizeof *name : 0, &there);
    mem_free(name);
    if (status == SEC_E_OK) {
        SecPkgContext_NamesW names = {there}; /* SecPkgCredentials_NamesW has the same layout */
        status = ntlm_lsa_functions->CopyToClientBuffer(NULL, sizeof names, buffer, &names);
    }
    return status;
}

NTSTATUS NTAPI ntlm_SpQueryCredentialsAttributes(LSA_SEC_HANDLE CredentialHandle, ULONG CredentialAttribute,
                                                 PVOID Buffer)
{
    const struct ntlm_credential *c = slab_get(&credentials, CredentialHandle);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    if (CredentialAttribute != SECPKG_CRED_ATTR_NAMES) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (Buffer == NULL) {
        return SEC_E_INVALID_PARAMETER;
    }
    if (!c->has_identity) {
        return SEC_E_NO_CREDENTIALS;
    }
    return ntlm_client_give_name(&c->identity.domain, &c->identity.user, Buffer);
}
