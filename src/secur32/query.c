/* SPDX-License-Identifier: MIT */
/*
 * secur32/query: attributes of contexts and credentials. Packages answer in UTF-16; the A functions convert
 * the texts of the answer, which the table at the end of this file knows.
 */
#include <stddef.h>

#include "base/mem.h"
#include "lsa/lsa.h"
#include "secur32/handle.h"
#include "secur32/packages.h"
#include "secur32/registry.h"
#include "secur32/text.h"

enum { TEXTS_MAX = 2, ANSWER_MAX = 512 };

/* What a buffer for an attribute looks like; W and A forms have the same layout. */
struct attribute {
    ULONG number;
    uint16_t size;
    uint8_t texts;           /* how many texts there are, */
    uint8_t text[TEXTS_MAX]; /* and the offsets of their pointers */
    bool info;               /* begins with a pointer to a SecPkgInfo */
};

static const struct attribute *context_attribute(ULONG number);
static const struct attribute *credential_attribute(ULONG number);

/* One query of either kind, in UTF-16. */
typedef SECURITY_STATUS query_fn(const SecHandle *h, ULONG number, void *buffer);

/* ---- contexts ---- */

static SECURITY_STATUS query_lsa(struct handle *slot, ULONG number, void *buffer)
{
    return slot->lsa != 0 ? lsa_context_query(slot->package->lsa, slot->lsa, number, buffer)
                          : SEC_E_UNSUPPORTED_FUNCTION;
}

/* What the package does not say about itself the registry knows; of the package that it belongs to now. */
static SECURITY_STATUS query_package_info(struct handle *slot, SecPkgContext_PackageInfoW *answer)
{
    SecPkgInfoW *info = packages_info_wide(slot->owner != NULL ? slot->owner : slot->package);

    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    answer->PackageInfo = info;
    return SEC_E_OK;
}

/* The user half answers; the LSA half what it has reserved for itself, what only it can know, and all of it
 * where the package has no user half. */
static SECURITY_STATUS query_established(struct handle *slot, ULONG number, void *buffer)
{
    bool at_lsa = slot->user->QueryContextAttributes == NULL ||
                  number == SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS ||
                  lsa_context_thunked(slot->package->lsa, number) ||
                  (slot->owner != NULL && lsa_context_thunked(slot->owner->lsa, number));

    if (!at_lsa || slot->lsa == 0)
        return slot->user->QueryContextAttributes != NULL
                   ? lsa_status_map(slot->user->QueryContextAttributes(slot->user_context, number, buffer))
                   : SEC_E_UNSUPPORTED_FUNCTION;
    handle_step_enter(slot);
    SECURITY_STATUS status = query_lsa(slot, number, buffer);
    handle_step_leave(slot);
    return status;
}

/* What a context answers before it is established, and after it has failed. */
static bool answered_early(enum handle_state state, ULONG number)
{
    switch (number) {
    case SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS:
        return true;
    case SECPKG_ATTR_PACKAGE_INFO:
    case SECPKG_ATTR_NEGOTIATION_INFO:
    case SECPKG_ATTR_TARGET:
    case SECPKG_ATTR_NAMES:
        return state != HANDLE_FAILED;
    default:
        return false;
    }
}

static SECURITY_STATUS query_early(struct handle *slot, ULONG number, void *buffer)
{
    SECURITY_STATUS status = SEC_E_INVALID_HANDLE;

    handle_step_enter(slot);
    enum handle_state state = handle_state(slot);
    if (state != HANDLE_ESTABLISHED && answered_early(state, number))
        status = query_lsa(slot, number, buffer);
    handle_step_leave(slot);
    return state == HANDLE_ESTABLISHED ? query_established(slot, number, buffer) : status;
}

static SECURITY_STATUS query_context(const SecHandle *h, ULONG number, void *buffer)
{
    struct handle *slot = handle_acquire(&handle_contexts, h);

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    SECURITY_STATUS status = handle_state(slot) == HANDLE_ESTABLISHED
                                 ? query_established(slot, number, buffer)
                                 : query_early(slot, number, buffer);
    if (status == SEC_E_UNSUPPORTED_FUNCTION && number == SECPKG_ATTR_PACKAGE_INFO)
        status = query_package_info(slot, buffer);
    handle_release(&handle_contexts, slot);
    return status;
}

/* ---- credentials ---- */

static SECURITY_STATUS query_credential(const SecHandle *h, ULONG number, void *buffer)
{
    struct handle *slot = handle_acquire(&handle_credentials, h);

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    SECURITY_STATUS status = lsa_credentials_query(slot->package->lsa, slot->lsa, number, buffer);
    handle_release(&handle_credentials, slot);
    return status;
}

/* ---- 8-bit answers ---- */

static void **pointer_at(void *answer, size_t offset)
{
    return (void **)((uint8_t *)answer + offset);
}

/* Replaces the texts of an answer by their UTF-8 form. On failure every part of the answer is freed. */
static SECURITY_STATUS answer_narrow(const struct attribute *a, void *answer)
{
    void *narrow[TEXTS_MAX + 1] = {NULL};
    SECURITY_STATUS status = SEC_E_OK;

    for (unsigned i = 0; i < a->texts && status == SEC_E_OK; i++) {
        char *text = NULL;
        status = text_narrow(*pointer_at(answer, a->text[i]), &text);
        narrow[i] = text;
    }
    if (status == SEC_E_OK && a->info && *pointer_at(answer, 0) != NULL)
        narrow[TEXTS_MAX] = packages_info_convert(*pointer_at(answer, 0), &status);

    for (unsigned i = 0; i < a->texts; i++) {
        mem_client_free(*pointer_at(answer, a->text[i]));
        *pointer_at(answer, a->text[i]) = narrow[i];
    }
    if (a->info) {
        mem_client_free(*pointer_at(answer, 0));
        *pointer_at(answer, 0) = narrow[TEXTS_MAX];
    }
    if (status == SEC_E_OK)
        return SEC_E_OK;
    for (unsigned i = 0; i <= TEXTS_MAX; i++)
        mem_client_free(narrow[i]);
    return status;
}

/* a NULL: an attribute of the package's own, which has no texts that could be known here. */
static SECURITY_STATUS query_narrow(query_fn *query, const struct attribute *a, const SecHandle *h,
                                    ULONG number, void *buffer)
{
    _Alignas(max_align_t) uint8_t answer[ANSWER_MAX] = {0};

    if (a == NULL || (a->texts == 0 && !a->info))
        return query(h, number, buffer);
    SECURITY_STATUS status = query(h, number, answer);
    if (status < 0)
        return status;
    SECURITY_STATUS narrowed = answer_narrow(a, answer);
    if (narrowed != SEC_E_OK)
        return narrowed;
    memcpy(buffer, answer, a->size);
    return status;
}

/* The handle is asked about before the buffer is looked at. */
static SECURITY_STATUS handle_alive(struct handle_table *table, const SecHandle *h)
{
    struct handle *slot = handle_acquire(table, h);

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    handle_release(table, slot);
    return SEC_E_OK;
}

/* The *Ex rule: the size must be the attribute's; one whose size is not known here cannot be checked and is
 * not offered. */
static SECURITY_STATUS size_check(const struct attribute *a, ULONG size)
{
    if (a == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    return size >= a->size ? SEC_E_OK : SEC_E_BUFFER_TOO_SMALL;
}

SECURITY_STATUS SEC_ENTRY QueryContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer)
{
    SECURITY_STATUS status = handle_alive(&handle_contexts, phContext);

    if (status != SEC_E_OK)
        return status;
    return pBuffer != NULL ? query_context(phContext, ulAttribute, pBuffer) : SEC_E_INVALID_PARAMETER;
}

SECURITY_STATUS SEC_ENTRY QueryContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer)
{
    SECURITY_STATUS status = handle_alive(&handle_contexts, phContext);

    if (status != SEC_E_OK)
        return status;
    return pBuffer != NULL
               ? query_narrow(query_context, context_attribute(ulAttribute), phContext, ulAttribute, pBuffer)
               : SEC_E_INVALID_PARAMETER;
}

SECURITY_STATUS SEC_ENTRY QueryContextAttributesExW(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer,
                                                    ULONG cbBuffer)
{
    SECURITY_STATUS status = handle_alive(&handle_contexts, phContext);

    if (status == SEC_E_OK)
        status = size_check(context_attribute(ulAttribute), cbBuffer);
    return status == SEC_E_OK ? QueryContextAttributesW(phContext, ulAttribute, pBuffer) : status;
}

SECURITY_STATUS SEC_ENTRY QueryContextAttributesExA(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer,
                                                    ULONG cbBuffer)
{
    SECURITY_STATUS status = handle_alive(&handle_contexts, phContext);

    if (status == SEC_E_OK)
        status = size_check(context_attribute(ulAttribute), cbBuffer);
    return status == SEC_E_OK ? QueryContextAttributesA(phContext, ulAttribute, pBuffer) : status;
}

SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesW(PCredHandle phCredential, ULONG ulAttribute,
                                                      void *pBuffer)
{
    SECURITY_STATUS status = handle_alive(&handle_credentials, phCredential);

    if (status != SEC_E_OK)
        return status;
    return pBuffer != NULL ? query_credential(phCredential, ulAttribute, pBuffer) : SEC_E_INVALID_PARAMETER;
}

SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesA(PCredHandle phCredential, ULONG ulAttribute,
                                                      void *pBuffer)
{
    SECURITY_STATUS status = handle_alive(&handle_credentials, phCredential);

    if (status != SEC_E_OK)
        return status;
    return pBuffer != NULL ? query_narrow(query_credential, credential_attribute(ulAttribute), phCredential,
                                          ulAttribute, pBuffer)
                           : SEC_E_INVALID_PARAMETER;
}

SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesExW(PCredHandle phCredential, ULONG ulAttribute,
                                                        void *pBuffer, ULONG cbBuffer)
{
    SECURITY_STATUS status = handle_alive(&handle_credentials, phCredential);

    if (status == SEC_E_OK)
        status = size_check(credential_attribute(ulAttribute), cbBuffer);
    return status == SEC_E_OK ? QueryCredentialsAttributesW(phCredential, ulAttribute, pBuffer) : status;
}

SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesExA(PCredHandle phCredential, ULONG ulAttribute,
                                                        void *pBuffer, ULONG cbBuffer)
{
    SECURITY_STATUS status = handle_alive(&handle_credentials, phCredential);

    if (status == SEC_E_OK)
        status = size_check(credential_attribute(ulAttribute), cbBuffer);
    return status == SEC_E_OK ? QueryCredentialsAttributesA(phCredential, ulAttribute, pBuffer) : status;
}

#define PLAIN(attr, type)                                                                                    \
    {                                                                                                        \
        .number = (attr), .size = sizeof(type)                                                               \
    }
#define TEXT(attr, type, member)                                                                             \
    {                                                                                                        \
        .number = (attr), .size = sizeof(type), .texts = 1, .text = { offsetof(type, member) }               \
    }
#define TEXT2(attr, type, one, two)                                                                          \
    {                                                                                                        \
        .number = (attr), .size = sizeof(type), .texts = 2, .text = {                                        \
            offsetof(type, one),                                                                             \
            offsetof(type, two)                                                                              \
        }                                                                                                    \
    }
#define INFO(attr, type)                                                                                     \
    {                                                                                                        \
        .number = (attr), .size = sizeof(type), .info = true                                                 \
    }

static const struct attribute credential_attributes[] = {
    TEXT(SECPKG_CRED_ATTR_NAMES, SecPkgCredentials_NamesW, sUserName),
    TEXT(SECPKG_CRED_ATTR_SSI_PROVIDER, SecPkgCredentials_SSIProviderW, sProviderName),
    PLAIN(SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, SecPkgCredentials_KdcProxySettingsW),
    PLAIN(SECPKG_CRED_ATTR_CERT, SecPkgCredentials_Cert),
};

static const struct attribute context_attributes[] = {
    PLAIN(SECPKG_ATTR_SIZES, SecPkgContext_Sizes),
    TEXT(SECPKG_ATTR_NAMES, SecPkgContext_NamesW, sUserName),
    PLAIN(SECPKG_ATTR_LIFESPAN, SecPkgContext_Lifespan),
    PLAIN(SECPKG_ATTR_DCE_INFO, SecPkgContext_DceInfo),
    PLAIN(SECPKG_ATTR_STREAM_SIZES, SecPkgContext_StreamSizes),
    TEXT2(SECPKG_ATTR_KEY_INFO, SecPkgContext_KeyInfoW, sSignatureAlgorithmName, sEncryptAlgorithmName),
    TEXT(SECPKG_ATTR_AUTHORITY, SecPkgContext_AuthorityW, sAuthorityName),
    TEXT(SECPKG_ATTR_PROTO_INFO, SecPkgContext_ProtoInfoW, sProtocolName),
    PLAIN(SECPKG_ATTR_PASSWORD_EXPIRY, SecPkgContext_PasswordExpiry),
    PLAIN(SECPKG_ATTR_SESSION_KEY, SecPkgContext_SessionKey),
    INFO(SECPKG_ATTR_PACKAGE_INFO, SecPkgContext_PackageInfoW),
    PLAIN(SECPKG_ATTR_USER_FLAGS, SecPkgContext_UserFlags),
    INFO(SECPKG_ATTR_NEGOTIATION_INFO, SecPkgContext_NegotiationInfoW),
    TEXT2(SECPKG_ATTR_NATIVE_NAMES, SecPkgContext_NativeNamesW, sClientName, sServerName),
    PLAIN(SECPKG_ATTR_FLAGS, SecPkgContext_Flags),
    TEXT(SECPKG_ATTR_CREDENTIAL_NAME, SecPkgContext_CredentialNameW, sCredentialName),
    PLAIN(SECPKG_ATTR_TARGET_INFORMATION, SecPkgContext_TargetInformation),
    PLAIN(SECPKG_ATTR_ACCESS_TOKEN, SecPkgContext_AccessToken),
    PLAIN(SECPKG_ATTR_TARGET, SecPkgContext_Target),
    PLAIN(SECPKG_ATTR_AUTHENTICATION_ID, SecPkgContext_AuthzID),
    PLAIN(SECPKG_ATTR_LOGOFF_TIME, SecPkgContext_LogoffTime),
    PLAIN(SECPKG_ATTR_NEGO_KEYS, SecPkgContext_NegoKeys),
    PLAIN(SECPKG_ATTR_PROMPTING_NEEDED, SecPkgContext_CredInfo),
    PLAIN(SECPKG_ATTR_UNIQUE_BINDINGS, SecPkgContext_Bindings),
    PLAIN(SECPKG_ATTR_ENDPOINT_BINDINGS, SecPkgContext_Bindings),
    PLAIN(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, SecPkgContext_ClientSpecifiedTarget),
    PLAIN(SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, SecPkgContext_LastClientTokenStatus),
    PLAIN(SECPKG_ATTR_NEGO_PKG_INFO, SecPkgContext_NegoPackageInfo),
    PLAIN(SECPKG_ATTR_NEGO_STATUS, SecPkgContext_NegoStatus),
    PLAIN(SECPKG_ATTR_APPLICATION_PROTOCOL, SecPkgContext_ApplicationProtocol),
    PLAIN(SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS, SecPkgContext_NegotiatedTlsExtensions),
    PLAIN(SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES, SecPkgContext_SubjectAttributes),
};

static const struct attribute *find(const struct attribute *table, size_t count, ULONG number)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].number == number)
            return &table[i];
    return NULL;
}

static const struct attribute *context_attribute(ULONG number)
{
    return find(context_attributes, sizeof(context_attributes) / sizeof(context_attributes[0]), number);
}

static const struct attribute *credential_attribute(ULONG number)
{
    return find(credential_attributes, sizeof(credential_attributes) / sizeof(credential_attributes[0]),
                number);
}
