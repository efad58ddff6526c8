/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "base/trace.h"
#include "lsa/lsa.h"
#include "secur32/handle.h"
#include "secur32/impersonate.h"
#include "secur32/registry.h"
#include "secur32/text.h"

/* The caller's arguments after the package's name. */
struct acquisition {
    char16_t *principal;
    ULONG use;
    const LUID *logon_id;
    void *auth_data;
    bool ansi;
    PCredHandle credential;
    PTimeStamp expiry;
};

static void credential_destroy(struct handle *slot)
{
    lsa_credentials_free(slot->package->lsa, slot->lsa);
    package_release(slot->package);
}

struct client {
    bool set;
    struct handle *context; /* must stay until client_leave; NULL: it is gone */
};

/*
 * Whose the context is, which need not be the package that the handshake was made with. Its LSA half knows
 * the context by the same number as its user half; imported ones it does not know. NULL: nobody's.
 */
static const struct package *client_owner(const struct handle *context)
{
    if (context == NULL || context->lsa == 0)
        return NULL;
    return context->owner != NULL ? context->owner : context->package;
}

/*
 * Who acts for a client gets that client's credentials, or none: what the process has is not the client's.
 * Default credentials are for the package whose the context is, and for packages without a user half of their
 * own, which may step that one. What an identity structure is good for then the package knows.
 */
static SECURITY_STATUS client_enter(const struct package *package, const struct acquisition *call,
                                    struct client *client)
{
    CtxtHandle context;

    *client = (struct client){0};
    if (!impersonate_current(&context))
        return SEC_E_OK;
    client->set = true;
    client->context = handle_acquire_established(&handle_contexts, &context);
    const struct package *owner = client_owner(client->context);
    bool steps_others = package->user.InitUserModeContext == NULL;
    if (owner != NULL)
        lsa_client_set(lsa_package_id(owner->lsa), client->context->user_context);
    else
        lsa_client_set(0, 0);
    if (call->auth_data != NULL || (owner != NULL && (owner == package || steps_others)))
        return SEC_E_OK;
    return client->context == NULL ? SEC_E_INVALID_HANDLE : SEC_E_NO_CREDENTIALS;
}

static void client_leave(const struct client *client)
{
    if (client->set)
        lsa_client_clear();
    if (client->context != NULL)
        handle_release(&handle_contexts, client->context);
}

/* With the package held; on success the slot has taken that over. */
static SECURITY_STATUS acquire_from(struct package *package, const struct acquisition *call)
{
    UNICODE_STRING principal;
    TimeStamp expiry;

    if (!text_describe(call->principal, &principal))
        return SEC_E_INVALID_PARAMETER;
    struct handle *slot = handle_create(&handle_credentials);
    if (slot == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    slot->package = package;
    struct client client;
    SECURITY_STATUS status = client_enter(package, call, &client);
    if (status == SEC_E_OK)
        status = lsa_credentials_acquire(package->lsa, call->principal != NULL ? &principal : NULL, call->use,
                                         call->logon_id, call->auth_data, call->ansi, &slot->lsa, &expiry);
    client_leave(&client);
    if (trace_on())
        trace_event("secur32", "acquire-credentials", "package=%s use=0x%x explicit=%d status=0x%08x",
                    package->name, (unsigned)call->use, call->auth_data != NULL, (unsigned)status);
    if (status < 0) {
        handle_abandon(&handle_credentials, slot);
        return status;
    }
    if (call->expiry != NULL)
        *call->expiry = expiry;
    handle_publish(&handle_credentials, slot, HANDLE_UNFINISHED, call->credential);
    return status;
}

static SECURITY_STATUS acquire(const char16_t *name, const struct acquisition *call)
{
    struct package *package;

    if (call->credential == NULL)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = registry_find(name, &package);
    if (status != SEC_E_OK)
        return status;
    status = acquire_from(package, call);
    if (status < 0)
        package_release(package);
    return status;
}

SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleW(SEC_WCHAR *pszPrincipal, SEC_WCHAR *pszPackage,
                                                    ULONG fCredentialUse, void *pvLogonId, void *pAuthData,
                                                    SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
                                                    PCredHandle phCredential, PTimeStamp ptsExpiry)
{
    struct acquisition call = {pszPrincipal, fCredentialUse, pvLogonId, pAuthData,
                               false,        phCredential,   ptsExpiry};

    (void)pGetKeyFn;
    (void)pvGetKeyArgument;
    return acquire(pszPackage, &call);
}

SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleA(SEC_CHAR *pszPrincipal, SEC_CHAR *pszPackage,
                                                    ULONG fCredentialUse, void *pvLogonId, void *pAuthData,
                                                    SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
                                                    PCredHandle phCredential, PTimeStamp ptsExpiry)
{
    char16_t *principal = NULL, *package = NULL;

    (void)pGetKeyFn;
    (void)pvGetKeyArgument;
    SECURITY_STATUS status = text_widen(pszPrincipal, &principal);
    if (status != SEC_E_OK)
        return status;
    status = text_widen(pszPackage, &package);
    if (status == SEC_E_OK) {
        struct acquisition call = {principal, fCredentialUse, pvLogonId, pAuthData,
                                   true,      phCredential,   ptsExpiry};
        status = acquire(package, &call);
    } else if (status == SEC_E_INVALID_PARAMETER) {
        status = SEC_E_SECPKG_NOT_FOUND;
    }
    mem_free(package);
    mem_free(principal);
    return status;
}

SECURITY_STATUS SEC_ENTRY FreeCredentialsHandle(PCredHandle phCredential)
{
    return handle_delete(&handle_credentials, phCredential) ? SEC_E_OK : SEC_E_INVALID_HANDLE;
}

static SECURITY_STATUS add(PCredHandle h, char16_t *principal, char16_t *package, ULONG use, void *auth_data,
                           bool ansi, PTimeStamp expiry)
{
    UNICODE_STRING who, what;
    TimeStamp until;

    if (!text_describe(principal, &who) || !text_describe(package, &what))
        return SEC_E_INVALID_PARAMETER;
    struct handle *slot = handle_acquire(&handle_credentials, h);
    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    SECURITY_STATUS status =
        lsa_credentials_add(slot->package->lsa, slot->lsa, principal != NULL ? &who : NULL,
                            package != NULL ? &what : NULL, use, auth_data, ansi, &until);
    handle_release(&handle_credentials, slot);
    if (status >= 0 && expiry != NULL)
        *expiry = until;
    return status;
}

SECURITY_STATUS SEC_ENTRY AddCredentialsW(PCredHandle hCredentials, SEC_WCHAR *pszPrincipal,
                                          SEC_WCHAR *pszPackage, ULONG fCredentialUse, void *pAuthData,
                                          SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
                                          PTimeStamp ptsExpiry)
{
    (void)pGetKeyFn;
    (void)pvGetKeyArgument;
    return add(hCredentials, pszPrincipal, pszPackage, fCredentialUse, pAuthData, false, ptsExpiry);
}

SECURITY_STATUS SEC_ENTRY AddCredentialsA(PCredHandle hCredentials, SEC_CHAR *pszPrincipal,
                                          SEC_CHAR *pszPackage, ULONG fCredentialUse, void *pAuthData,
                                          SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
                                          PTimeStamp ptsExpiry)
{
    char16_t *principal = NULL, *package = NULL;

    (void)pGetKeyFn;
    (void)pvGetKeyArgument;
    SECURITY_STATUS status = text_widen(pszPrincipal, &principal);
    if (status == SEC_E_OK)
        status = text_widen(pszPackage, &package);
    if (status == SEC_E_OK)
        status = add(hCredentials, principal, package, fCredentialUse, pAuthData, true, ptsExpiry);
    mem_free(package);
    mem_free(principal);
    return status;
}

static SECURITY_STATUS credential_set(PCredHandle h, ULONG attribute, void *buffer, ULONG size, bool ansi)
{
    struct handle *slot = handle_acquire(&handle_credentials, h);

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    SECURITY_STATUS status = buffer == NULL && size != 0 ? SEC_E_INVALID_PARAMETER
                                                         : lsa_credentials_set(slot->package->lsa, slot->lsa,
                                                                               attribute, buffer, size, ansi);
    handle_release(&handle_credentials, slot);
    return status;
}

SECURITY_STATUS SEC_ENTRY SetCredentialsAttributesW(PCredHandle phCredential, ULONG ulAttribute,
                                                    void *pBuffer, ULONG cbBuffer)
{
    return credential_set(phCredential, ulAttribute, pBuffer, cbBuffer, false);
}

SECURITY_STATUS SEC_ENTRY SetCredentialsAttributesA(PCredHandle phCredential, ULONG ulAttribute,
                                                    void *pBuffer, ULONG cbBuffer)
{
    return credential_set(phCredential, ulAttribute, pBuffer, cbBuffer, true);
}

/* No package here can change a password where the account lives. */
SECURITY_STATUS SEC_ENTRY ChangeAccountPasswordW(SEC_WCHAR *pszPackageName, SEC_WCHAR *pszDomainName,
                                                 SEC_WCHAR *pszAccountName, SEC_WCHAR *pszOldPassword,
                                                 SEC_WCHAR *pszNewPassword, BOOLEAN bImpersonating,
                                                 ULONG dwReserved, PSecBufferDesc pOutput)
{
    struct package *package;

    (void)pszDomainName;
    (void)pszAccountName;
    (void)pszOldPassword;
    (void)pszNewPassword;
    (void)bImpersonating;
    (void)dwReserved;
    (void)pOutput;
    SECURITY_STATUS status = registry_find(pszPackageName, &package);
    if (status != SEC_E_OK)
        return status;
    package_release(package);
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY ChangeAccountPasswordA(SEC_CHAR *pszPackageName, SEC_CHAR *pszDomainName,
                                                 SEC_CHAR *pszAccountName, SEC_CHAR *pszOldPassword,
                                                 SEC_CHAR *pszNewPassword, BOOLEAN bImpersonating,
                                                 ULONG dwReserved, PSecBufferDesc pOutput)
{
    char16_t *package = NULL;

    (void)pszDomainName;
    (void)pszAccountName;
    (void)pszOldPassword;
    (void)pszNewPassword;
    SECURITY_STATUS status = text_widen(pszPackageName, &package);
    if (status != SEC_E_OK)
        return status == SEC_E_INVALID_PARAMETER ? SEC_E_SECPKG_NOT_FOUND : status;
    status = ChangeAccountPasswordW(package, NULL, NULL, NULL, NULL, bImpersonating, dwReserved, pOutput);
    mem_free(package);
    return status;
}

struct handle_table handle_credentials = {
    .slab = SLAB_INIT(sizeof(struct handle), 1u << 20, false),
    .destroy = credential_destroy,
};
