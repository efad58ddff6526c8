/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_lsa.h"

#include "base/config.h"
#include "base/mem.h"
#include "base/trace.h"
#include "base/utf16.h"
#include "packages/attributes.h"
#include "packages/kerberos/kerberos_info.h"
#include "packages/kerberos/kerberos_package.h"

PLSA_SECPKG_FUNCTION_TABLE kerberos_lsa;

static NTSTATUS NTAPI kerberos_SpInitialize(ULONG_PTR PackageId, PSECPKG_PARAMETERS Parameters,
                                            PLSA_SECPKG_FUNCTION_TABLE FunctionTable)
{
    const struct config *config = config_process();
    (void)PackageId;
    (void)Parameters;
    if (config == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    const char *error = config_error_for(config, "kerberos");
    if (error != NULL) {
        if (trace_on())
            trace_event("kerberos", "refused", "configuration=\"%s\"", error);
        return SEC_E_CANNOT_INSTALL;
    }
    kerberos_allow_rc4 = config_get_bool(config, "kerberos", "allow_rc4", false);
    kerberos_lsa = FunctionTable;
    return SEC_E_OK;
}

static NTSTATUS NTAPI kerberos_SpGetInfo(PSecPkgInfoW PackageInfo)
{
    *PackageInfo = kerberos_package_info;
    return SEC_E_OK;
}

static NTSTATUS NTAPI kerberos_SpGetExtendedInformation(SECPKG_EXTENDED_INFORMATION_CLASS Class,
                                                        PSECPKG_EXTENDED_INFORMATION *ppInformation)
{
    if (Class != SecpkgGssInfo)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECPKG_EXTENDED_INFORMATION *information =
        kerberos_lsa->AllocateLsaHeap(sizeof *information + KERBEROS_OID_SIZE);
    if (information == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    information->Class = Class;
    information->Info.GssInfo.EncodedIdLength = KERBEROS_OID_SIZE + 2;
    uint8_t *out = information->Info.GssInfo.EncodedId;
    out[0] = 0x06;
    out[1] = KERBEROS_OID_SIZE;
    memcpy((uint8_t *)information + offsetof(SECPKG_EXTENDED_INFORMATION, Info.GssInfo.EncodedId) + 2,
           kerberos_oid, KERBEROS_OID_SIZE);
    *ppInformation = information;
    return SEC_E_OK;
}

static NTSTATUS NTAPI kerberos_SpDeleteContext(LSA_SEC_HANDLE ContextHandle)
{
    if (kerberos_context_find(ContextHandle) == NULL)
        return SEC_E_INVALID_HANDLE;
    kerberos_context_free(ContextHandle);
    return SEC_E_OK;
}

/* ---- attributes of contexts that are not established, and the one that only this half can know ---- */

static void *client_alloc(size_t size)
{
    void *p = NULL;
    return kerberos_lsa->AllocateClientBuffer(NULL, (ULONG)size, &p) >= 0 ? p : NULL;
}

static NTSTATUS early_package_info(const struct kerberos_context *c, void *buffer)
{
    SecPkgInfoW *info = packages_info_copy(client_alloc, &kerberos_package_info);
    (void)c;
    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ((SecPkgContext_PackageInfoW *)buffer)->PackageInfo = info;
    return SEC_E_OK;
}

static NTSTATUS early_negotiation_info(const struct kerberos_context *c, void *buffer)
{
    SecPkgInfoW *info = packages_info_copy(client_alloc, &kerberos_package_info);
    if (info == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *(SecPkgContext_NegotiationInfoW *)buffer = (SecPkgContext_NegotiationInfoW){
        .PackageInfo = info,
        .NegotiationState = c->finished ? SECPKG_NEGOTIATION_COMPLETE : SECPKG_NEGOTIATION_IN_PROGRESS,
    };
    return SEC_E_OK;
}

static NTSTATUS early_names(const struct kerberos_context *c, void *buffer)
{
    const char16_t *name = c->known == NULL ? NULL : c->known->names[KERBEROS_TEXT_CLIENT];
    if (name == NULL)
        return SEC_E_INVALID_HANDLE;
    char16_t *copy = packages_string_copy(client_alloc, name, utf16_length(name));
    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    ((SecPkgContext_NamesW *)buffer)->sUserName = copy;
    return SEC_E_OK;
}

static NTSTATUS early_target(const struct kerberos_context *c, void *buffer)
{
    const char16_t *name = c->known == NULL ? NULL : c->known->names[KERBEROS_TEXT_TARGET];
    size_t bytes = 0;
    bool invalid = false;
    if (name == NULL)
        return SEC_E_INVALID_HANDLE;
    char *text = utf8_from_utf16(name, utf16_length(name), &bytes, &invalid);
    char *copy = text != NULL ? client_alloc(bytes + 1) : NULL;
    if (copy != NULL) {
        memcpy(copy, text, bytes + 1);
        *(SecPkgContext_Target *)buffer =
            (SecPkgContext_Target){.TargetLength = (ULONG)bytes, .Target = copy};
    }
    mem_free(text);
    return copy != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* Whether the client has sent its last token: it has once the handshake is over. */
static NTSTATUS early_last_token(const struct kerberos_context *c, void *buffer)
{
    ((SecPkgContext_LastClientTokenStatus *)buffer)->LastClientTokenStatus =
        c->finished                           ? SecPkgAttrLastClientTokenYes
        : (c->wanted & ISC_REQ_USE_DCE_STYLE) ? SecPkgAttrLastClientTokenNo
                                              : SecPkgAttrLastClientTokenMaybe;
    return SEC_E_OK;
}

static NTSTATUS NTAPI kerberos_SpQueryLsaContextAttributes(LSA_SEC_HANDLE ContextHandle,
                                                           ULONG ContextAttribute, PVOID Buffer)
{
    static const struct {
        ULONG attribute;
        NTSTATUS (*query)(const struct kerberos_context *c, void *buffer);
    } table[] = {
        {SECPKG_ATTR_NAMES, early_names},
        {SECPKG_ATTR_PACKAGE_INFO, early_package_info},
        {SECPKG_ATTR_NEGOTIATION_INFO, early_negotiation_info},
        {SECPKG_ATTR_TARGET, early_target},
        {SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, early_last_token},
    };
    const struct kerberos_context *c = kerberos_context_find(ContextHandle);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].attribute == ContextAttribute)
            return table[i].query(c, Buffer);
    return SEC_E_UNSUPPORTED_FUNCTION;
}

/* ---- the table ---- */

NTSTATUS kerberos_SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                      PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    static SECPKG_FUNCTION_TABLE table = {
        .Initialize = kerberos_SpInitialize,
        .GetInfo = kerberos_SpGetInfo,
        .AcquireCredentialsHandle = kerberos_SpAcquireCredentialsHandle,
        .QueryCredentialsAttributes = kerberos_SpQueryCredentialsAttributes,
        .FreeCredentialsHandle = kerberos_SpFreeCredentialsHandle,
        .InitLsaModeContext = kerberos_SpInitLsaModeContext,
        .AcceptLsaModeContext = kerberos_SpAcceptLsaModeContext,
        .DeleteContext = kerberos_SpDeleteContext,
        .GetExtendedInformation = kerberos_SpGetExtendedInformation,
        .QueryContextAttributes = kerberos_SpQueryLsaContextAttributes,
    };
    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION_3;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}
