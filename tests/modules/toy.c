/* SPDX-License-Identifier: MIT */
/*
 * A package in one file, from the installed headers and nothing else: what the tests load. It protects
 * nothing. The handshake is "hello" and "welcome"; a signature is a sum that anybody can compute. Only how a
 * package talks to its host is meant seriously: the tables, the packed context, the numbers of contexts, the
 * statuses.
 *
 * Compiled with one of the HOSTILE_ macros it is wrong in one way; see test_modules.c.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(HOSTILE_SHORT) || defined(TOY_NOTIFIES)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include <ntsecpkg.h>
#include <ntstatus.h>

#ifndef TOY_NAME
#define TOY_NAME u"toy"
#endif

enum { CONTEXTS = 256, SIGNATURE = 16, MAX_TOKEN = 64, PACKED = 8 };

struct side {
    BOOLEAN used, initiator;
    ULONG sent, received;
};

static PLSA_SECPKG_FUNCTION_TABLE lsa;
static PSECPKG_DLL_FUNCTIONS dll;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static BOOLEAN contexts[CONTEXTS]; /* the LSA half's: number in use */
static struct side sides[CONTEXTS];
static SEC_WCHAR name[] = TOY_NAME, comment[] = u"A toy that protects nothing";

/* ---- LSA half ---- */

#ifdef TOY_NOTIFIES
/* What is read, written to, and waited at; by the test. */
static int notify_in, notify_out, notify_gate;

static DWORD WINAPI toy_notified(LPVOID Parameter)
{
    char c;
    ssize_t n = Parameter != NULL ? read(notify_in, &c, 1) : 0;
    n += write(notify_out, "n", 1);
    if (Parameter != NULL)
        n += read(notify_gate, &c, 1);
    return n > 0;
}

static BOOLEAN toy_asks_for_notifications(void)
{
    sscanf(getenv("TOY_NOTIFIES"), "%d %d %d", &notify_in, &notify_out, &notify_gate);
    if (getenv("TOY_REFUSES") == NULL &&
        lsa->RegisterNotification(toy_notified, NULL, NOTIFIER_TYPE_IMMEDIATE, 0, 0, 0, NULL) == NULL)
        return FALSE;
    return lsa->RegisterNotification(toy_notified, &notify_in, NOTIFIER_TYPE_HANDLE_WAIT, 0,
                                     NOTIFIER_FLAG_NEW_THREAD, 0, (HANDLE)(intptr_t)notify_in) != NULL &&
           getenv("TOY_REFUSES") == NULL;
}
#endif

static NTSTATUS NTAPI toy_Initialize(ULONG_PTR PackageId, PSECPKG_PARAMETERS Parameters,
                                     PLSA_SECPKG_FUNCTION_TABLE FunctionTable)
{
    (void)PackageId;
    (void)Parameters;
#ifdef HOSTILE_REFUSES
    return STATUS_NOT_FOUND;
#endif
    lsa = FunctionTable;
#ifdef TOY_NOTIFIES
    if (!toy_asks_for_notifications())
        return STATUS_UNSUCCESSFUL;
#endif
#ifdef TOY_ASKS
    /* A public function of the host that is starting; the test says where it lies. */
    ENUMERATE_SECURITY_PACKAGES_FN_W enumerate = NULL;
    PSecPkgInfoW info = NULL;
    ULONG count = 0;
    sscanf(getenv("TOY_ASKS"), "%p", (void **)&enumerate);
    if (enumerate(&count, &info) != SEC_E_OK)
        return STATUS_UNSUCCESSFUL;
    lsa->FreeClientBuffer(NULL, info);
    if (count == 0)
        return STATUS_UNSUCCESSFUL;
#endif
    return SEC_E_OK;
}

static NTSTATUS NTAPI toy_Shutdown(void)
{
    return SEC_E_OK;
}

static NTSTATUS NTAPI toy_GetInfo(PSecPkgInfoW PackageInfo)
{
    *PackageInfo = (SecPkgInfoW){
        .fCapabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_CONNECTION,
        .wVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
        .wRPCID = SECPKG_ID_NONE,
        .cbMaxToken = MAX_TOKEN,
        .Name = name,
        .Comment = comment,
    };
#ifdef HOSTILE_NAMELESS
    PackageInfo->Name = NULL;
#endif
#ifdef HOSTILE_INFO
    return STATUS_UNSUCCESSFUL;
#else
    return SEC_E_OK;
#endif
}

static NTSTATUS NTAPI toy_GetInfo2(PSecPkgInfoW PackageInfo)
{
    static SEC_WCHAR second[] = TOY_NAME u"2";
    NTSTATUS status = toy_GetInfo(PackageInfo);
    PackageInfo->Name = second;
#ifdef HOSTILE_TWINS
    PackageInfo->Name = name;
#endif
    return status;
}

static NTSTATUS NTAPI toy_Acquire(PUNICODE_STRING PrincipalName, ULONG CredentialUseFlags, PLUID LogonId,
                                  PVOID AuthorizationData, PVOID GetKeyFunciton, PVOID GetKeyArgument,
                                  PLSA_SEC_HANDLE CredentialHandle, PTimeStamp ExpirationTime)
{
    (void)PrincipalName;
    (void)CredentialUseFlags;
    (void)LogonId;
    (void)AuthorizationData;
    (void)GetKeyFunciton;
    (void)GetKeyArgument;
    *CredentialHandle = 1;
    ExpirationTime->QuadPart = 0x7fffffffffffffff;
    return SEC_E_OK;
}

static NTSTATUS NTAPI toy_FreeCredentials(LSA_SEC_HANDLE CredentialHandle)
{
    return CredentialHandle == 1 ? SEC_E_OK : SEC_E_INVALID_HANDLE;
}

static PSecBuffer find(PSecBufferDesc desc, ULONG type)
{
    for (ULONG i = 0; i < desc->cBuffers; i++)
        if ((desc->pBuffers[i].BufferType & ~(ULONG)SECBUFFER_ATTRMASK) == type)
            return &desc->pBuffers[i];
    return NULL;
}

static LSA_SEC_HANDLE number_take(void)
{
    LSA_SEC_HANDLE found = 0;
    pthread_mutex_lock(&lock);
    for (ULONG i = 0; i < CONTEXTS && found == 0; i++)
        if (!contexts[i]) {
            contexts[i] = TRUE;
            found = i + 1;
        }
    pthread_mutex_unlock(&lock);
    return found;
}

static NTSTATUS NTAPI toy_DeleteContext(LSA_SEC_HANDLE ContextHandle)
{
    pthread_mutex_lock(&lock);
    contexts[ContextHandle - 1] = FALSE;
    pthread_mutex_unlock(&lock);
    return SEC_E_OK;
}

static NTSTATUS say(PSecBufferDesc output, const char *text)
{
    PSecBuffer token = find(output, SECBUFFER_TOKEN);
    if (token == NULL || token->cbBuffer < strlen(text))
        return token == NULL && text[0] == 0 ? SEC_E_OK : SEC_E_BUFFER_TOO_SMALL;
    memcpy(token->pvBuffer, text, strlen(text));
    token->cbBuffer = (ULONG)strlen(text);
    return SEC_E_OK;
}

static BOOLEAN heard(PSecBufferDesc input, const char *text)
{
    PSecBuffer token = find(input, SECBUFFER_TOKEN);
    return token != NULL && token->cbBuffer == strlen(text) &&
           memcmp(token->pvBuffer, text, strlen(text)) == 0;
}

static NTSTATUS pack(BOOLEAN initiator, PBOOLEAN mapped, PSecBuffer out)
{
    unsigned char *bytes = lsa->AllocateLsaHeap(PACKED);
    if (bytes == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(bytes, initiator ? "TOYCTX i" : "TOYCTX a", PACKED);
    *out = (SecBuffer){PACKED, SECBUFFER_EMPTY, bytes};
    *mapped = TRUE;
    return SEC_E_OK;
}

static NTSTATUS NTAPI toy_Initiate(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                   PUNICODE_STRING TargetName, ULONG ContextRequirements, ULONG TargetDataRep,
                                   PSecBufferDesc InputBuffers, PLSA_SEC_HANDLE NewContextHandle,
                                   PSecBufferDesc OutputBuffers, PULONG ContextAttributes,
                                   PTimeStamp ExpirationTime, PBOOLEAN MappedContext, PSecBuffer ContextData)
{
    (void)CredentialHandle;
    (void)TargetName;
    (void)TargetDataRep;
    ExpirationTime->QuadPart = 0x7fffffffffffffff;
    *ContextAttributes = ISC_RET_INTEGRITY | ISC_RET_MUTUAL_AUTH | ISC_RET_REPLAY_DETECT |
                         ISC_RET_SEQUENCE_DETECT | (ContextRequirements & ISC_REQ_CONNECTION);
    if (ContextHandle != 0) {
        *NewContextHandle = ContextHandle;
        if (!heard(InputBuffers, "welcome"))
            return SEC_E_INVALID_TOKEN;
        NTSTATUS nothing = say(OutputBuffers, "");
        return nothing == SEC_E_OK ? pack(TRUE, MappedContext, ContextData) : nothing;
    }
    NTSTATUS status = say(OutputBuffers, "hello");
    if (status != SEC_E_OK)
        return status;
    *NewContextHandle = number_take();
    return *NewContextHandle != 0 ? SEC_I_CONTINUE_NEEDED : SEC_E_INSUFFICIENT_MEMORY;
}

static NTSTATUS NTAPI toy_Accept(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                 PSecBufferDesc InputBuffer, ULONG ContextRequirements, ULONG TargetDataRep,
                                 PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffer,
                                 PULONG ContextAttributes, PTimeStamp ExpirationTime, PBOOLEAN MappedContext,
                                 PSecBuffer ContextData)
{
    (void)CredentialHandle;
    (void)TargetDataRep;
    ExpirationTime->QuadPart = 0x7fffffffffffffff;
    *ContextAttributes = ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT |
                         (ContextRequirements & ASC_REQ_CONNECTION);
    if (ContextHandle != 0 || !heard(InputBuffer, "hello"))
        return SEC_E_INVALID_TOKEN;
    NTSTATUS status = say(OutputBuffer, "welcome");
    if (status != SEC_E_OK)
        return status;
    *NewContextHandle = number_take();
    return *NewContextHandle != 0 ? pack(FALSE, MappedContext, ContextData) : SEC_E_INSUFFICIENT_MEMORY;
}

/* ---- user half ---- */

static NTSTATUS NTAPI toy_InstanceInit(ULONG Version, PSECPKG_DLL_FUNCTIONS FunctionTable,
                                       PVOID *UserFunctions)
{
    (void)Version;
    (void)UserFunctions;
    dll = FunctionTable;
#ifdef HOSTILE_INSTANCE
    return STATUS_UNSUCCESSFUL;
#else
    return SEC_E_OK;
#endif
}

static NTSTATUS NTAPI toy_InitUserModeContext(LSA_SEC_HANDLE ContextHandle, PSecBuffer PackedContext)
{
    const char *bytes = PackedContext->pvBuffer;
    BOOLEAN good = PackedContext->cbBuffer == PACKED && memcmp(bytes, "TOYCTX ", PACKED - 1) == 0 &&
                   ContextHandle >= 1 && ContextHandle <= CONTEXTS;
    if (good)
        sides[ContextHandle - 1] = (struct side){.used = TRUE, .initiator = bytes[PACKED - 1] == 'i'};
    dll->FreeHeap(PackedContext->pvBuffer);
    return good ? SEC_E_OK : SEC_E_INVALID_TOKEN;
}

static NTSTATUS NTAPI toy_DeleteUserModeContext(LSA_SEC_HANDLE ContextHandle)
{
    sides[ContextHandle - 1].used = FALSE;
    return SEC_E_OK;
}

static void sum(BOOLEAN initiator, ULONG number, PSecBufferDesc desc, unsigned char out[SIGNATURE])
{
    ULONG64 x = 14695981039346656037u ^ (initiator ? 1 : 2);
    for (ULONG i = 0; i < desc->cBuffers; i++) {
        const SecBuffer *b = &desc->pBuffers[i];
        const unsigned char *bytes = b->pvBuffer;
        if ((b->BufferType & ~(ULONG)SECBUFFER_ATTRMASK) != SECBUFFER_DATA)
            continue;
        for (ULONG k = 0; k < b->cbBuffer; k++)
            x = (x ^ bytes[k]) * 1099511628211u;
    }
    x = (x ^ number) * 1099511628211u;
    for (int i = 0; i < SIGNATURE; i++)
        out[i] = (unsigned char)(i < 8 ? x >> 8 * i : number >> 8 * (i % 4));
}

static NTSTATUS NTAPI toy_MakeSignature(LSA_SEC_HANDLE ContextHandle, ULONG fQOP, PSecBufferDesc Message,
                                        ULONG MessageSeqNo)
{
    struct side *s = &sides[ContextHandle - 1];
    PSecBuffer token = find(Message, SECBUFFER_TOKEN);
    (void)MessageSeqNo;
    if (token == NULL)
        return SEC_E_INVALID_TOKEN;
    if (fQOP != 0)
        return SEC_E_QOP_NOT_SUPPORTED;
    if (token->cbBuffer < SIGNATURE)
        return SEC_E_BUFFER_TOO_SMALL;
    sum(s->initiator, __atomic_fetch_add(&s->sent, 1, __ATOMIC_RELAXED), Message, token->pvBuffer);
    token->cbBuffer = SIGNATURE;
    return SEC_E_OK;
}

static NTSTATUS NTAPI toy_VerifySignature(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc Message,
                                          ULONG MessageSeqNo, PULONG pfQOP)
{
    struct side *s = &sides[ContextHandle - 1];
    PSecBuffer token = find(Message, SECBUFFER_TOKEN);
    unsigned char expected[SIGNATURE];
    (void)MessageSeqNo;
    if (token == NULL || token->cbBuffer != SIGNATURE)
        return SEC_E_INVALID_TOKEN;
    sum(!s->initiator, s->received, Message, expected);
    if (memcmp((unsigned char *)token->pvBuffer + 8, expected + 8, 8) != 0)
        return SEC_E_OUT_OF_SEQUENCE;
    if (memcmp(token->pvBuffer, expected, SIGNATURE) != 0)
        return SEC_E_MESSAGE_ALTERED;
    s->received++;
    *pfQOP = 0;
    return SEC_E_OK;
}

static NTSTATUS NTAPI toy_Query(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute, PVOID Buffer)
{
    static const SEC_WCHAR who[] = u"somebody";
    (void)ContextHandle;
    if (ContextAttribute == SECPKG_ATTR_SIZES) {
        *(SecPkgContext_Sizes *)Buffer =
            (SecPkgContext_Sizes){.cbMaxToken = MAX_TOKEN, .cbMaxSignature = SIGNATURE};
        return SEC_E_OK;
    }
    if (ContextAttribute != SECPKG_ATTR_NAMES)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SEC_WCHAR *copy = dll->AllocateHeap(sizeof who);
    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(copy, who, sizeof who);
    ((SecPkgContext_NamesW *)Buffer)->sUserName = copy;
    return SEC_E_OK;
}

/* ---- tables ---- */

#ifdef HOSTILE_SHORT
/* The table at the very end of what is mapped, so that whoever reads more of it than there is does so in
 * vain. */
static void *at_the_end(const void *table, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(pages + page, page, PROT_NONE);
    return memcpy(pages + page - size, table, size);
}
#endif

#ifndef TOY_VERSION
#define TOY_VERSION SECPKG_INTERFACE_VERSION
#endif
#ifndef TOY_COUNT
#define TOY_COUNT 1
#endif
#ifndef TOY_USER_COUNT
#define TOY_USER_COUNT TOY_COUNT
#endif

#define EXPORTED __attribute__((visibility("default")))
EXPORTED NTSTATUS SEC_ENTRY SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                                PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables);
EXPORTED NTSTATUS SEC_ENTRY SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                                 PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables);

#ifndef HOSTILE_NO_LSA
NTSTATUS SEC_ENTRY SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                       PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
#define TOY_LSA_TABLE                                                                                        \
    .Shutdown = toy_Shutdown, .AcquireCredentialsHandle = toy_Acquire,                                       \
    .FreeCredentialsHandle = toy_FreeCredentials, .InitLsaModeContext = toy_Initiate,                        \
    .AcceptLsaModeContext = toy_Accept, .DeleteContext = toy_DeleteContext
#if TOY_COUNT == 2
    /* Tables of another length than ours: of the version that is named. */
    static char tables[2 * (offsetof(SECPKG_FUNCTION_TABLE, SetContextAttributes))];
    SECPKG_FUNCTION_TABLE one = {.Initialize = toy_Initialize, .GetInfo = toy_GetInfo, TOY_LSA_TABLE};
    SECPKG_FUNCTION_TABLE two = {.Initialize = toy_Initialize, .GetInfo = toy_GetInfo2, TOY_LSA_TABLE};
    memcpy(tables, &one, sizeof tables / 2);
    memcpy(tables + sizeof tables / 2, &two, sizeof tables / 2);
    *ppTables = (PSECPKG_FUNCTION_TABLE)(void *)tables;
#else
    static SECPKG_FUNCTION_TABLE table = {
#ifndef HOSTILE_NO_INITIALIZE
        .Initialize = toy_Initialize,
#endif
        .GetInfo = toy_GetInfo,
        TOY_LSA_TABLE};
    *ppTables = &table;
    (void)toy_GetInfo2;
#endif
#ifdef HOSTILE_SHORT_LSA
    *ppTables = at_the_end(&table, offsetof(SECPKG_FUNCTION_TABLE, SetContextAttributes));
#endif
#ifdef HOSTILE_NULL_LSA
    *ppTables = NULL;
#endif
    if (LsaVersion != SECPKG_INTERFACE_VERSION)
        return STATUS_REVISION_MISMATCH;
    *PackageVersion = TOY_VERSION;
    *pcTables = TOY_COUNT;
#ifdef HOSTILE_LSA_FAILS
    return STATUS_UNSUCCESSFUL;
#else
    return SEC_E_OK;
#endif
}
#endif

#ifndef HOSTILE_NO_USER
NTSTATUS SEC_ENTRY SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                        PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
#define TOY_USER_TABLE                                                                                       \
    {                                                                                                        \
        .InstanceInit = toy_InstanceInit, .InitUserModeContext = toy_InitUserModeContext,                    \
        .MakeSignature = toy_MakeSignature, .VerifySignature = toy_VerifySignature,                          \
        .QueryContextAttributes = toy_Query, .DeleteUserModeContext = toy_DeleteUserModeContext              \
    }
#if TOY_COUNT == 2
    static char tables[2 * (offsetof(SECPKG_USER_FUNCTION_TABLE, MarshalAttributeData))];
    SECPKG_USER_FUNCTION_TABLE one = TOY_USER_TABLE;
    memcpy(tables, &one, sizeof tables / 2);
    memcpy(tables + sizeof tables / 2, &one, sizeof tables / 2);
    *ppTables = (PSECPKG_USER_FUNCTION_TABLE)(void *)tables;
#else
    static SECPKG_USER_FUNCTION_TABLE table = TOY_USER_TABLE;
    *ppTables = &table;
#endif
#ifdef HOSTILE_SHORT_USER
    *ppTables = at_the_end(&table, offsetof(SECPKG_USER_FUNCTION_TABLE, MarshalAttributeData));
#endif
#ifdef HOSTILE_NULL_USER
    *ppTables = NULL;
#endif
    if (LsaVersion != SECPKG_INTERFACE_VERSION)
        return STATUS_REVISION_MISMATCH;
#ifdef TOY_USER_VERSION
    *PackageVersion = TOY_USER_VERSION;
#else
    *PackageVersion = SECPKG_INTERFACE_VERSION;
#endif
    *pcTables = TOY_USER_COUNT;
#ifdef HOSTILE_USER_FAILS
    return STATUS_UNSUCCESSFUL;
#else
    return SEC_E_OK;
#endif
}
#endif
