/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <sched.h>

#include "base/mem.h"
#include "base/secbuf.h"
#include "base/slab.h"
#include "secur32/handle.h"
#include "secur32/registry.h"

enum { FAKE_BUSY = 0x5ab1e };

struct fake_behaviour fake;
struct fake_counts fake_counts;

struct lsa_half {
    struct slab_head head;
    uint32_t inside; /* calls with this context now: never more than one before it is established */
    bool accept;
};

struct user_half {
    struct slab_head head;
    uint32_t alive;
};

static struct slab lsa_slab = SLAB_INIT(sizeof(struct lsa_half), 1u << 20, false);
static struct slab user_slab = SLAB_INIT(sizeof(struct user_half), 1u << 20, false);
static struct slab import_slab = SLAB_INIT(sizeof(struct user_half), 1u << 20, false);
static struct slab credential_slab = SLAB_INIT(sizeof(struct lsa_half), 1u << 20, false);
static PLSA_SECPKG_FUNCTION_TABLE lsa;
static PSECPKG_DLL_FUNCTIONS dll;

static void count(unsigned long *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

unsigned long fake_count(const unsigned long *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* ---- LSA half ---- */

static NTSTATUS fake_Initialize(ULONG_PTR PackageId, PSECPKG_PARAMETERS Parameters,
                                PLSA_SECPKG_FUNCTION_TABLE FunctionTable)
{
    if (PackageId == 0 || Parameters == NULL || FunctionTable == NULL)
        count(&fake_counts.errors);
    lsa = FunctionTable;
    if (fake.start != 0)
        return fake.start;
    count(&fake_counts.starts);
    return STATUS_SUCCESS;
}

static NTSTATUS fake_Shutdown(void)
{
    count(&fake_counts.shutdowns);
    return STATUS_SUCCESS;
}

static NTSTATUS fake_GetInfo(PSecPkgInfoW PackageInfo)
{
    static char16_t name[] = u"Fake", comment[] = u"For tests \u2013 only";

    *PackageInfo = (SecPkgInfoW){SECPKG_FLAG_INTEGRITY, 1, 77, FAKE_MAX_TOKEN, name, comment};
    return STATUS_SUCCESS;
}

static NTSTATUS bare_GetInfo(PSecPkgInfoW PackageInfo)
{
    static char16_t name[] = u"Bare";

    *PackageInfo = (SecPkgInfoW){0, 1, SECPKG_ID_NONE, FAKE_MAX_TOKEN, name, NULL};
    return STATUS_SUCCESS;
}

static NTSTATUS fake_AcquireCredentialsHandle(PUNICODE_STRING PrincipalName, ULONG CredentialUseFlags,
                                              PLUID LogonId, PVOID AuthorizationData, PVOID GetKeyFunciton,
                                              PVOID GetKeyArgument, PLSA_SEC_HANDLE CredentialHandle,
                                              PTimeStamp ExpirationTime)
{
    SECPKG_CALL_INFO info = {0};
    uintptr_t id;

    (void)PrincipalName;
    (void)LogonId;
    (void)AuthorizationData;
    (void)GetKeyFunciton;
    (void)GetKeyArgument;
    if (lsa->GetCallInfo(&info))
        __atomic_store_n(&fake_counts.last_call_attributes, info.Attributes, __ATOMIC_RELAXED);
    if (CredentialUseFlags == 0)
        return SEC_E_NO_CREDENTIALS;
    if (slab_alloc(&credential_slab, &id) == NULL)
        return STATUS_NO_MEMORY;
    count(&fake_counts.credentials);
    *CredentialHandle = id;
    ExpirationTime->QuadPart = 4711;
    return STATUS_SUCCESS;
}

static NTSTATUS fake_FreeCredentialsHandle(LSA_SEC_HANDLE CredentialHandle)
{
    if (slab_get(&credential_slab, CredentialHandle) == NULL) {
        count(&fake_counts.errors);
        return STATUS_INVALID_HANDLE;
    }
    slab_free(&credential_slab, CredentialHandle);
    count(&fake_counts.credentials_freed);
    return STATUS_SUCCESS;
}

static char16_t *client_text(const char16_t *text, size_t units)
{
    char16_t *copy = NULL;

    if (lsa->AllocateClientBuffer(NULL, (ULONG)((units + 1) * 2), (void **)&copy) == STATUS_SUCCESS)
        memcpy(copy, text, units * 2);
    return copy;
}

static NTSTATUS fake_QueryCredentialsAttributes(LSA_SEC_HANDLE CredentialHandle, ULONG CredentialAttribute,
                                                PVOID Buffer)
{
    if (slab_get(&credential_slab, CredentialHandle) == NULL)
        count(&fake_counts.errors);
    if (CredentialAttribute != SECPKG_CRED_ATTR_NAMES)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SecPkgCredentials_NamesW *names = Buffer;
    names->sUserName = client_text(u"m\u00fcller", 6);
    return names->sUserName != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

static NTSTATUS fake_SetCredentialsAttributes(LSA_SEC_HANDLE CredentialHandle, ULONG CredentialAttribute,
                                              PVOID Buffer, ULONG BufferSize)
{
    (void)CredentialAttribute;
    (void)Buffer;
    if (slab_get(&credential_slab, CredentialHandle) == NULL)
        count(&fake_counts.errors);
    return BufferSize == 4 ? STATUS_SUCCESS : SEC_E_UNSUPPORTED_FUNCTION;
}

static NTSTATUS fake_AddCredentials(LSA_SEC_HANDLE CredentialHandle, PUNICODE_STRING PrincipalName,
                                    PUNICODE_STRING Package, ULONG CredentialUseFlags,
                                    PVOID AuthorizationData, PVOID GetKeyFunciton, PVOID GetKeyArgument,
                                    PTimeStamp ExpirationTime)
{
    (void)PrincipalName;
    (void)Package;
    (void)CredentialUseFlags;
    (void)AuthorizationData;
    (void)GetKeyFunciton;
    (void)GetKeyArgument;
    if (slab_get(&credential_slab, CredentialHandle) == NULL)
        count(&fake_counts.errors);
    ExpirationTime->QuadPart = 4712;
    return STATUS_SUCCESS;
}

static void put_token(PSecBufferDesc output, const char *token)
{
    SecBuffer *buffer = secbuf_find(output, SECBUFFER_TOKEN);

    if (buffer == NULL)
        return;
    if (fake.empty_token) {
        buffer->cbBuffer = 0;
        return;
    }
    memcpy(buffer->pvBuffer, token, strlen(token));
    buffer->cbBuffer = (ULONG)strlen(token);
}

static bool token_is(PSecBufferDesc input, const char *token)
{
    SecBuffer *buffer = secbuf_find(input, SECBUFFER_TOKEN);

    return buffer != NULL && buffer->cbBuffer == strlen(token) &&
           memcmp(buffer->pvBuffer, token, buffer->cbBuffer) == 0;
}

/* The packed context: 64 bytes of the LSA heap that say whose they are. */
static NTSTATUS hand_over(struct lsa_half *c, PBOOLEAN mapped, PSecBuffer data)
{
    data->pvBuffer = lsa->AllocateLsaHeap(64);
    if (data->pvBuffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    data->cbBuffer = 64;
    memset(data->pvBuffer, 'p', 64);
    memcpy(data->pvBuffer, &c->head.id, sizeof(c->head.id));
    *mapped = TRUE;
    return STATUS_SUCCESS;
}

/* One leg: what it expects, what it sends, what it says. */
static NTSTATUS step(bool accept, LSA_SEC_HANDLE context, ULONG requirements, PSecBufferDesc input,
                     PSecBufferDesc output, PLSA_SEC_HANDLE made, PULONG attributes, PTimeStamp expiry,
                     PBOOLEAN mapped, PSecBuffer data)
{
    struct lsa_half *c = context != 0 ? slab_get(&lsa_slab, context) : NULL;
    NTSTATUS status = fake.first != 0 ? fake.first : SEC_I_CONTINUE_NEEDED;
    uintptr_t id = context;

    count(&fake_counts.calls);
    __atomic_store_n(&fake_counts.last_requirements, requirements, __ATOMIC_RELAXED);
    if (input == NULL || output == NULL || (context != 0 && c == NULL)) {
        count(&fake_counts.errors);
        return STATUS_INVALID_HANDLE;
    }
    *attributes = fake.step_attributes;
    if (fake.step != 0) {
        if (fake.step_token)
            put_token(output, "E");
        return fake.step;
    }
    SecBuffer *token = secbuf_find(output, SECBUFFER_TOKEN);
    if (token != NULL && token->cbBuffer < 1)
        return SEC_E_BUFFER_TOO_SMALL;
    if (c == NULL) {
        if (accept && !token_is(input, "A"))
            return SEC_E_INVALID_TOKEN;
        c = slab_alloc(&lsa_slab, &id);
        if (c == NULL)
            return STATUS_NO_MEMORY;
        count(&fake_counts.lsa_contexts);
        c->accept = accept;
        put_token(output, accept ? "B" : "A");
        if (fake.early_map && hand_over(c, mapped, data) != STATUS_SUCCESS)
            return STATUS_NO_MEMORY;
    } else {
        if (c->accept != accept) /* the host lets no such call through */
            count(&fake_counts.errors);
        if (__atomic_fetch_add(&c->inside, 1, __ATOMIC_ACQ_REL) != 0)
            count(&fake_counts.errors);
        sched_yield();
        __atomic_fetch_sub(&c->inside, 1, __ATOMIC_ACQ_REL);
        if (!token_is(input, accept ? "C" : "B"))
            return SEC_E_INVALID_TOKEN;
        status = STATUS_SUCCESS;
        put_token(output, accept ? "" : "C");
        if (!fake.not_mapped && !fake.early_map && hand_over(c, mapped, data) != STATUS_SUCCESS)
            return STATUS_INSUFFICIENT_RESOURCES;
        if (fake.late != 0)
            return fake.late;
    }
    *made = fake.no_context ? 0 : id;
    if (fake.no_context && context == 0)
        slab_free(&lsa_slab, id), count(&fake_counts.lsa_deleted);
    expiry->QuadPart = 4713;
    return status;
}

static NTSTATUS fake_InitLsaModeContext(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                        PUNICODE_STRING TargetName, ULONG ContextRequirements,
                                        ULONG TargetDataRep, PSecBufferDesc InputBuffers,
                                        PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffers,
                                        PULONG ContextAttributes, PTimeStamp ExpirationTime,
                                        PBOOLEAN MappedContext, PSecBuffer ContextData)
{
    (void)CredentialHandle;
    (void)TargetDataRep;
    __atomic_store_n(&fake_counts.last_target_null, TargetName == NULL, __ATOMIC_RELAXED);
    if (TargetName != NULL) { /* only tests without threads name a target */
        memset(fake_counts.last_target, 0, sizeof(fake_counts.last_target));
        for (size_t i = 0; i < TargetName->Length / 2u && i < 63; i++)
            fake_counts.last_target[i] = (char)TargetName->Buffer[i];
    }
    return step(false, ContextHandle, ContextRequirements, InputBuffers, OutputBuffers, NewContextHandle,
                ContextAttributes, ExpirationTime, MappedContext, ContextData);
}

static NTSTATUS fake_AcceptLsaModeContext(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                          PSecBufferDesc InputBuffer, ULONG ContextRequirements,
                                          ULONG TargetDataRep, PLSA_SEC_HANDLE NewContextHandle,
                                          PSecBufferDesc OutputBuffer, PULONG ContextAttributes,
                                          PTimeStamp ExpirationTime, PBOOLEAN MappedContext,
                                          PSecBuffer ContextData)
{
    (void)CredentialHandle;
    (void)TargetDataRep;
    return step(true, ContextHandle, ContextRequirements, InputBuffer, OutputBuffer, NewContextHandle,
                ContextAttributes, ExpirationTime, MappedContext, ContextData);
}

static NTSTATUS fake_DeleteContext(LSA_SEC_HANDLE ContextHandle)
{
    if (slab_get(&lsa_slab, ContextHandle) == NULL) {
        count(&fake_counts.errors);
        return STATUS_INVALID_HANDLE;
    }
    slab_free(&lsa_slab, ContextHandle);
    count(&fake_counts.lsa_deleted);
    return STATUS_SUCCESS;
}

static NTSTATUS fake_ApplyControlToken(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc ControlToken)
{
    if (slab_get(&lsa_slab, ContextHandle) == NULL || ControlToken == NULL)
        count(&fake_counts.errors);
    return STATUS_SUCCESS;
}

static NTSTATUS fake_GetExtendedInformation(SECPKG_EXTENDED_INFORMATION_CLASS Class,
                                            PSECPKG_EXTENDED_INFORMATION *ppInformation)
{
    if (Class != SecpkgContextThunks)
        return STATUS_NOT_SUPPORTED;
    SECPKG_EXTENDED_INFORMATION *information = lsa->AllocateLsaHeap(sizeof(*information));
    if (information == NULL)
        return STATUS_NO_MEMORY;
    information->Class = Class;
    information->Info.ContextThunks.InfoLevelCount = 1;
    information->Info.ContextThunks.Levels[0] = SECPKG_ATTR_USER_FLAGS;
    *ppInformation = information;
    return STATUS_SUCCESS;
}

static NTSTATUS fake_QueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                            PVOID Buffer)
{
    count(&fake_counts.lsa_queries);
    if (slab_get(&lsa_slab, ContextHandle) == NULL)
        count(&fake_counts.errors);
    switch (ContextAttribute) {
    case SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS:
        ((SecPkgContext_LastClientTokenStatus *)Buffer)->LastClientTokenStatus =
            SecPkgAttrLastClientTokenMaybe;
        return STATUS_SUCCESS;
    case SECPKG_ATTR_USER_FLAGS:
        ((SecPkgContext_UserFlags *)Buffer)->UserFlags = 99;
        return STATUS_SUCCESS;
    case SECPKG_ATTR_NAMES: {
        SecPkgContext_NamesW *names = Buffer;
        names->sUserName = client_text(u"EARLY\\m\u00fcller", 12);
        return names->sUserName != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
    }
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

static NTSTATUS fake_SetContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute, PVOID Buffer,
                                          ULONG BufferSize)
{
    SECPKG_CALL_INFO info = {0};

    (void)ContextAttribute;
    (void)Buffer;
    if (slab_get(&lsa_slab, ContextHandle) == NULL)
        count(&fake_counts.errors);
    if (lsa->GetCallInfo(&info))
        __atomic_store_n(&fake_counts.last_call_attributes, info.Attributes, __ATOMIC_RELAXED);
    return BufferSize == 4 ? STATUS_SUCCESS : SEC_E_UNSUPPORTED_FUNCTION;
}

/* ---- user half ---- */

static struct user_half *find(LSA_SEC_HANDLE h)
{
    struct user_half *c =
        h >> 63 ? slab_get(&import_slab, h & ~((uintptr_t)1 << 63)) : slab_get(&user_slab, h);

    count(&fake_counts.calls);
    if (c == NULL || c->alive != FAKE_BUSY) {
        count(&fake_counts.errors);
        return NULL;
    }
    return c;
}

static NTSTATUS fake_InstanceInit(ULONG Version, PSECPKG_DLL_FUNCTIONS FunctionTable, PVOID *UserFunctions)
{
    (void)UserFunctions;
    if (Version == 0 || FunctionTable == NULL || FunctionTable->AllocateHeap == NULL)
        count(&fake_counts.errors);
    dll = FunctionTable;
    if (FunctionTable != NULL)
        FunctionTable->LocatePackageById(1); /* may be asked while the package starts */
    return fake.instance;
}

static NTSTATUS fake_InitUserModeContext(LSA_SEC_HANDLE ContextHandle, PSecBuffer PackedContext)
{
    uintptr_t id = 0;
    bool taken;

    if (PackedContext->cbBuffer != 64 || PackedContext->pvBuffer == NULL)
        count(&fake_counts.errors);
    else
        memcpy(&id, PackedContext->pvBuffer, sizeof(id));
    if (id != ContextHandle)
        count(&fake_counts.errors);
    FreeContextBuffer(PackedContext->pvBuffer);
    if (fake.init_user < 0)
        return fake.init_user;
    struct user_half *c = slab_claim(&user_slab, ContextHandle, &taken);
    if (c == NULL)
        return taken ? STATUS_INVALID_HANDLE : STATUS_NO_MEMORY;
    c->alive = FAKE_BUSY;
    count(&fake_counts.user_contexts);
    return fake.init_user;
}

static NTSTATUS fake_MakeSignature(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                   PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    SecBuffer *token = secbuf_find(MessageBuffers, SECBUFFER_TOKEN);

    (void)MessageSequenceNumber;
    if (find(ContextHandle) == NULL)
        return STATUS_INVALID_HANDLE;
    count(&fake_counts.signs);
    if (QualityOfProtection != 0)
        return SEC_E_QOP_NOT_SUPPORTED;
    if (token == NULL || token->cbBuffer < FAKE_SIGNATURE)
        return SEC_E_BUFFER_TOO_SMALL;
    memset(token->pvBuffer, 's', FAKE_SIGNATURE);
    token->cbBuffer = FAKE_SIGNATURE;
    return STATUS_SUCCESS;
}

static NTSTATUS fake_VerifySignature(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                     ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    SecBuffer *token = secbuf_find(MessageBuffers, SECBUFFER_TOKEN);

    (void)MessageSequenceNumber;
    if (find(ContextHandle) == NULL)
        return STATUS_INVALID_HANDLE;
    count(&fake_counts.verifies);
    if (token == NULL || token->cbBuffer != FAKE_SIGNATURE || memcmp(token->pvBuffer, "ssssssss", 8) != 0)
        return SEC_E_MESSAGE_ALTERED;
    *QualityOfProtection = 5;
    return STATUS_SUCCESS;
}

static NTSTATUS fake_SealMessage(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                 PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    (void)QualityOfProtection;
    (void)MessageBuffers;
    (void)MessageSequenceNumber;
    if (find(ContextHandle) == NULL)
        return STATUS_INVALID_HANDLE;
    count(&fake_counts.seals);
    return STATUS_TIMEOUT; /* a success of NT that is none of SSPI's */
}

static NTSTATUS fake_UnsealMessage(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                   ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    (void)MessageBuffers;
    (void)MessageSequenceNumber;
    if (find(ContextHandle) == NULL)
        return STATUS_INVALID_HANDLE;
    count(&fake_counts.unseals);
    *QualityOfProtection = 6;
    return STATUS_SUCCESS;
}

static NTSTATUS fake_GetContextToken(LSA_SEC_HANDLE ContextHandle, PHANDLE ImpersonationToken)
{
    if (find(ContextHandle) == NULL)
        return STATUS_INVALID_HANDLE;
    *ImpersonationToken = NULL;
    return fake.token_fails;
}

static char16_t *heap_text(const char16_t *text, size_t units)
{
    char16_t *copy = dll->AllocateHeap((ULONG)((units + 1) * 2));

    if (copy != NULL)
        memcpy(copy, text, units * 2);
    return copy;
}

static NTSTATUS query_key_info(SecPkgContext_KeyInfoW *info)
{
    info->sSignatureAlgorithmName = heap_text(u"sign\u00e4ture", 9);
    info->sEncryptAlgorithmName = heap_text(u"none", 4);
    info->KeySize = 128;
    if (info->sSignatureAlgorithmName != NULL && info->sEncryptAlgorithmName != NULL)
        return STATUS_SUCCESS;
    dll->FreeHeap(info->sSignatureAlgorithmName);
    dll->FreeHeap(info->sEncryptAlgorithmName);
    return STATUS_NO_MEMORY;
}

static NTSTATUS query_negotiation(SecPkgContext_NegotiationInfoW *answer)
{
    SecPkgInfoW *info = dll->AllocateHeap(sizeof(*info) + 5 * 2);

    if (info == NULL)
        return STATUS_NO_MEMORY;
    if (fake.null_info) {
        dll->FreeHeap(info);
        return STATUS_SUCCESS;
    }
    info->cbMaxToken = 12;
    info->Name = (char16_t *)(info + 1);
    memcpy(info->Name, u"F\u00e4ke", 4 * 2);
    answer->PackageInfo = info;
    answer->NegotiationState = SECPKG_NEGOTIATION_COMPLETE;
    return STATUS_SUCCESS;
}

static NTSTATUS fake_user_QueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                                 PVOID Buffer)
{
    if (find(ContextHandle) == NULL)
        return STATUS_INVALID_HANDLE;
    count(&fake_counts.queries);
    switch (ContextAttribute) {
    case SECPKG_ATTR_SIZES:
        *(SecPkgContext_Sizes *)Buffer =
            (SecPkgContext_Sizes){FAKE_MAX_TOKEN, FAKE_SIGNATURE, 0, FAKE_SIGNATURE};
        return STATUS_SUCCESS;
    case SECPKG_ATTR_NAMES: {
        SecPkgContext_NamesW *names = Buffer;
        names->sUserName = heap_text(u"D\\m\u00fcller \U0001f511", 11);
        return names->sUserName != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
    }
    case SECPKG_ATTR_KEY_INFO:
        return query_key_info(Buffer);
    case SECPKG_ATTR_AUTHORITY: /* malformed: half a surrogate pair */
        ((SecPkgContext_AuthorityW *)Buffer)->sAuthorityName = heap_text((const char16_t[]){0xd800}, 1);
        return STATUS_SUCCESS;
    case SECPKG_ATTR_NATIVE_NAMES: /* one of the two is not known */
        ((SecPkgContext_NativeNamesW *)Buffer)->sClientName = NULL;
        ((SecPkgContext_NativeNamesW *)Buffer)->sServerName = heap_text(u"srv", 3);
        return STATUS_SUCCESS;
    case SECPKG_ATTR_NEGOTIATION_INFO:
        return query_negotiation(Buffer);
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

static NTSTATUS fake_CompleteAuthToken(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc InputBuffer)
{
    (void)InputBuffer;
    return find(ContextHandle) != NULL ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

static NTSTATUS fake_DeleteUserModeContext(LSA_SEC_HANDLE ContextHandle)
{
    struct user_half *c = find(ContextHandle);

    if (c == NULL)
        return STATUS_INVALID_HANDLE;
    c->alive = 0;
    if (ContextHandle >> 63)
        slab_free(&import_slab, ContextHandle & ~((uintptr_t)1 << 63));
    else
        slab_free(&user_slab, ContextHandle);
    count(&fake_counts.user_deleted);
    return STATUS_SUCCESS;
}

static NTSTATUS fake_ExportContext(LSA_SEC_HANDLE phContext, ULONG fFlags, PSecBuffer pPackedContext,
                                   PHANDLE pToken)
{
    if (find(phContext) == NULL)
        return STATUS_INVALID_HANDLE;
    fake_counts.last_export_flags = fFlags;
    if (fake.export_delete != NULL && DeleteSecurityContext(fake.export_delete) != SEC_E_OK)
        count(&fake_counts.errors);
    if (fake.export_fails != 0)
        return fake.export_fails;
    pPackedContext->pvBuffer = dll->AllocateHeap(4);
    if (pPackedContext->pvBuffer == NULL)
        return STATUS_NO_MEMORY;
    memcpy(pPackedContext->pvBuffer, "FAKE", 4);
    pPackedContext->cbBuffer = 4;
    *pToken = NULL;
    return STATUS_SUCCESS;
}

static NTSTATUS fake_ImportContext(PSecBuffer pPackedContext, HANDLE Token, PLSA_SEC_HANDLE phContext)
{
    uintptr_t id;

    (void)Token;
    if (pPackedContext->cbBuffer != 4 || memcmp(pPackedContext->pvBuffer, "FAKE", 4) != 0)
        return SEC_E_INVALID_TOKEN;
    struct user_half *c = slab_alloc(&import_slab, &id);
    if (c == NULL)
        return STATUS_NO_MEMORY;
    c->alive = FAKE_BUSY;
    count(&fake_counts.user_contexts);
    *phContext = id | (uintptr_t)1 << 63;
    return STATUS_SUCCESS;
}

/* ---- the entry points and what the tests call ---- */

NTSTATUS fake_lsa_init(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                       PULONG pcTables)
{
    static SECPKG_FUNCTION_TABLE tables[2] = {
        {
            .Initialize = fake_Initialize,
            .Shutdown = fake_Shutdown,
            .GetInfo = fake_GetInfo,
            .AcquireCredentialsHandle = fake_AcquireCredentialsHandle,
            .QueryCredentialsAttributes = fake_QueryCredentialsAttributes,
            .FreeCredentialsHandle = fake_FreeCredentialsHandle,
            .InitLsaModeContext = fake_InitLsaModeContext,
            .AcceptLsaModeContext = fake_AcceptLsaModeContext,
            .DeleteContext = fake_DeleteContext,
            .ApplyControlToken = fake_ApplyControlToken,
            .GetExtendedInformation = fake_GetExtendedInformation,
            .QueryContextAttributes = fake_QueryContextAttributes,
            .AddCredentials = fake_AddCredentials,
            .SetContextAttributes = fake_SetContextAttributes,
            .SetCredentialsAttributes = fake_SetCredentialsAttributes,
        },
        {
            .Initialize = fake_Initialize,
            .Shutdown = fake_Shutdown,
            .GetInfo = bare_GetInfo,
            .AcquireCredentialsHandle = fake_AcquireCredentialsHandle,
            .FreeCredentialsHandle = fake_FreeCredentialsHandle,
            .InitLsaModeContext = fake_InitLsaModeContext,
            .AcceptLsaModeContext = fake_AcceptLsaModeContext,
            .DeleteContext = fake_DeleteContext,
        },
    };

    (void)LsaVersion;
    *PackageVersion = fake.lsa_version != 0 ? fake.lsa_version : SECPKG_INTERFACE_VERSION_11;
    *ppTables = tables;
    *pcTables = fake.lsa_count != 0 ? fake.lsa_count : 2;
    return STATUS_SUCCESS;
}

NTSTATUS fake_user_init(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_USER_FUNCTION_TABLE *ppTables,
                        PULONG pcTables)
{
    static SECPKG_USER_FUNCTION_TABLE tables[2] = {
        {
            .InstanceInit = fake_InstanceInit,
            .InitUserModeContext = fake_InitUserModeContext,
            .MakeSignature = fake_MakeSignature,
            .VerifySignature = fake_VerifySignature,
            .SealMessage = fake_SealMessage,
            .UnsealMessage = fake_UnsealMessage,
            .GetContextToken = fake_GetContextToken,
            .QueryContextAttributes = fake_user_QueryContextAttributes,
            .CompleteAuthToken = fake_CompleteAuthToken,
            .DeleteUserModeContext = fake_DeleteUserModeContext,
            .ExportContext = fake_ExportContext,
            .ImportContext = fake_ImportContext,
        },
        {
            .InitUserModeContext = fake_InitUserModeContext,
            .DeleteUserModeContext = fake_DeleteUserModeContext,
        },
    };

    (void)LsaVersion;
    *PackageVersion = fake.user_version != 0 ? fake.user_version : SECPKG_INTERFACE_VERSION_11;
    *ppTables = tables;
    *pcTables = fake.user_count != 0 ? fake.user_count : 2;
    return STATUS_SUCCESS;
}

static size_t secrets; /* allocations of mem_alloc before the test */

int fake_setup(void **state)
{
    const char *reason = "";

    (void)state;
    memset(&fake, 0, sizeof(fake));
    memset(&fake_counts, 0, sizeof(fake_counts));
    registry_reset(false);
    memset(&fake_counts, 0, sizeof(fake_counts));
    secrets = mem_live();
    assert_int_equal(registry_add(fake_lsa_init, fake_user_init, "test", &reason), SEC_E_OK);
    return 0;
}

int fake_teardown(void **state)
{
    (void)state;
    mem_test_gate = NULL;
    memset(&fake, 0, sizeof(fake));
    struct package *p;
    assert_int_equal(registry_lock(&p), SEC_E_OK);
    for (; p != NULL; p = p->next)
        assert_int_equal(p->holders, 1); /* the list */
    registry_unlock();
    assert_int_equal(slab_live(&handle_contexts.slab), 0);
    assert_int_equal(slab_live(&handle_credentials.slab), 0);
    assert_int_equal(slab_live(&lsa_slab), 0);
    assert_int_equal(slab_live(&user_slab), 0);
    assert_int_equal(slab_live(&import_slab), 0);
    assert_int_equal(slab_live(&credential_slab), 0);
    assert_int_equal(fake_counts.errors, 0);
    assert_int_equal(fake_counts.credentials, fake_counts.credentials_freed);
    assert_int_equal(fake_counts.lsa_contexts, fake_counts.lsa_deleted);
    assert_int_equal(fake_counts.user_contexts, fake_counts.user_deleted);
    registry_reset(false);
    assert_int_equal(fake_counts.starts, fake_counts.shutdowns);
    assert_int_equal(mem_live(), secrets);
    return 0;
}

CredHandle fake_credential(void)
{
    static char16_t name[] = u"fAkE";
    CredHandle credential;

    assert_int_equal(
        AcquireCredentialsHandleW(NULL, name, SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL, &credential, NULL),
        SEC_E_OK);
    return credential;
}

SECURITY_STATUS fake_step(bool accept, CredHandle *credential, CtxtHandle *context, CtxtHandle *made,
                          const char *in, char out[static FAKE_MAX_TOKEN])
{
    char received[FAKE_MAX_TOKEN];
    SecBuffer in_token = {in != NULL ? (ULONG)strlen(in) : 0, SECBUFFER_TOKEN, received};
    SecBuffer out_token = {FAKE_MAX_TOKEN - 1, SECBUFFER_TOKEN, out};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in_token}, output = {SECBUFFER_VERSION, 1, &out_token};
    ULONG attributes;

    if (in != NULL)
        memcpy(received, in, strlen(in) + 1);
    memset(out, 0, FAKE_MAX_TOKEN);
    SECURITY_STATUS status =
        accept ? AcceptSecurityContext(credential, context, in != NULL ? &input : NULL, 0,
                                       SECURITY_NATIVE_DREP, made, &output, &attributes, NULL)
               : InitializeSecurityContextW(credential, context, NULL, 0, 0, SECURITY_NATIVE_DREP,
                                            in != NULL ? &input : NULL, 0, made, &output, &attributes, NULL);
    if (status >= 0)
        out[out_token.cbBuffer] = 0;
    return status;
}

void fake_pair(CtxtHandle *initiator, CtxtHandle *acceptor)
{
    CredHandle credential = fake_credential();
    char a[FAKE_MAX_TOKEN], b[FAKE_MAX_TOKEN];

    assert_int_equal(fake_step(false, &credential, NULL, initiator, NULL, a), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(fake_step(true, &credential, NULL, acceptor, a, b), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(fake_step(false, &credential, initiator, initiator, b, a), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_int_equal(fake_step(true, NULL, acceptor, NULL, a, b), SEC_E_OK);
}

CtxtHandle fake_unfinished(CredHandle *credential)
{
    char token[FAKE_MAX_TOKEN];
    CtxtHandle context;

    assert_int_equal(fake_step(false, credential, NULL, &context, NULL, token), SEC_I_CONTINUE_NEEDED);
    return context;
}

CtxtHandle fake_failed(CredHandle *credential)
{
    CtxtHandle context = fake_unfinished(credential);
    char token[FAKE_MAX_TOKEN];

    assert_int_equal(fake_step(false, credential, &context, &context, "x", token), SEC_E_INVALID_TOKEN);
    return context;
}

SECURITY_STATUS fake_sign(CtxtHandle *context)
{
    char data[] = "message", token[FAKE_SIGNATURE];
    SecBuffer parts[2] = {{sizeof(data), SECBUFFER_DATA, data}, {sizeof(token), SECBUFFER_TOKEN, token}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, parts};

    return MakeSignature(context, 0, &message, 0);
}

SECURITY_STATUS fake_verify(CtxtHandle *context)
{
    char data[] = "message", token[] = "ssssssss";
    SecBuffer parts[2] = {{sizeof(data), SECBUFFER_DATA, data}, {FAKE_SIGNATURE, SECBUFFER_TOKEN, token}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, parts};
    ULONG qop = 0;

    return VerifySignature(context, &message, 0, &qop);
}

static unsigned long gate_left, gate_asked;

static bool gate(void *arg, size_t size)
{
    (void)arg;
    (void)size;
    gate_asked++;
    return gate_left-- != 0;
}

void fake_gate_on(unsigned long n)
{
    gate_left = n;
    gate_asked = 0;
    mem_test_gate = gate;
}

unsigned long fake_gate_off(void)
{
    mem_test_gate = NULL;
    return gate_asked;
}
