/* SPDX-License-Identifier: MIT */
/*
 * A package from a module that offers itself to Negotiate: a mechanism of which nothing is known there but
 * its name, 1.3.6.1.4.1.311.2.2.99, and its tables. It protects nothing: the handshake is "third?" and
 * "third!", and a signature is a sum that anybody can compute, with a number. There is no form of its own for
 * the mechListMIC.
 */
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include <ntsecpkg.h>

enum { CONTEXTS = 64, SIGNATURE = 12, PACKED = 12, IMPORTED = 1000 };

struct side {
    BOOLEAN used, initiator;
    ULONG sent, received;
};

static PLSA_SECPKG_FUNCTION_TABLE lsa;
static PSECPKG_DLL_FUNCTIONS dll;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static BOOLEAN taken[CONTEXTS];        /* the LSA half's numbers */
static struct side sides[2][CONTEXTS]; /* the user half's: handed over, imported */
static const char mark[] = "THD";      /* of packed contexts */
static const UCHAR oid[] = {0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x63};

/* ---- LSA half ---- */

static NTSTATUS NTAPI third_Initialize(ULONG_PTR PackageId, PSECPKG_PARAMETERS Parameters,
                                       PLSA_SECPKG_FUNCTION_TABLE FunctionTable)
{
    (void)PackageId, (void)Parameters;
    lsa = FunctionTable;
    return SEC_E_OK;
}

static NTSTATUS NTAPI third_Shutdown(void)
{
    return SEC_E_OK;
}

static NTSTATUS NTAPI third_GetInfo(PSecPkgInfoW PackageInfo)
{
    static SEC_WCHAR name[] = u"Third", comment[] = u"A third mechanism";
    *PackageInfo = (SecPkgInfoW){
        .fCapabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_CONNECTION | SECPKG_FLAG_NEGOTIABLE,
        .wVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
        .wRPCID = SECPKG_ID_NONE,
        .cbMaxToken = 64,
        .Name = name,
        .Comment = comment,
    };
    return SEC_E_OK;
}

static NTSTATUS NTAPI third_GetExtendedInformation(SECPKG_EXTENDED_INFORMATION_CLASS Class,
                                                   PSECPKG_EXTENDED_INFORMATION *ppInformation)
{
    if (Class != SecpkgGssInfo)
        return SEC_E_UNSUPPORTED_FUNCTION;
    PSECPKG_EXTENDED_INFORMATION information = lsa->AllocateLsaHeap(sizeof *information + sizeof oid);
    if (information == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    information->Class = SecpkgGssInfo;
    information->Info.GssInfo.EncodedIdLength = sizeof oid;
    memcpy(information->Info.GssInfo.EncodedId, oid, sizeof oid);
    *ppInformation = information;
    return SEC_E_OK;
}

static NTSTATUS NTAPI third_Acquire(PUNICODE_STRING PrincipalName, ULONG CredentialUseFlags, PLUID LogonId,
                                    PVOID AuthorizationData, PVOID GetKeyFunciton, PVOID GetKeyArgument,
                                    PLSA_SEC_HANDLE CredentialHandle, PTimeStamp ExpirationTime)
{
    (void)PrincipalName, (void)CredentialUseFlags, (void)LogonId, (void)AuthorizationData;
    (void)GetKeyFunciton, (void)GetKeyArgument;
    *CredentialHandle = 1;
    ExpirationTime->QuadPart = 0x7fffffffffffffff;
    return SEC_E_OK;
}

static NTSTATUS NTAPI third_FreeCredentials(LSA_SEC_HANDLE CredentialHandle)
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
        if (!taken[i]) {
            taken[i] = TRUE;
            found = i + 1;
        }
    pthread_mutex_unlock(&lock);
    return found;
}

static NTSTATUS NTAPI third_DeleteContext(LSA_SEC_HANDLE ContextHandle)
{
    pthread_mutex_lock(&lock);
    taken[ContextHandle - 1] = FALSE;
    pthread_mutex_unlock(&lock);
    return SEC_E_OK;
}

static BOOLEAN heard(PSecBufferDesc input, const char *text)
{
    PSecBuffer token = find(input, SECBUFFER_TOKEN);
    return token != NULL && token->cbBuffer == strlen(text) &&
           memcmp(token->pvBuffer, text, strlen(text)) == 0;
}

static NTSTATUS say(PSecBufferDesc output, const char *text)
{
    PSecBuffer token = find(output, SECBUFFER_TOKEN);
    if (token == NULL || token->cbBuffer < strlen(text))
        return SEC_E_BUFFER_TOO_SMALL;
    memcpy(token->pvBuffer, text, strlen(text));
    token->cbBuffer = (ULONG)strlen(text);
    return SEC_E_OK;
}

static void *packed(const struct side *s, void *bytes)
{
    if (bytes != NULL) {
        memcpy(bytes, mark, 3);
        ((char *)bytes)[3] = s->initiator ? 'i' : 'a';
        memcpy((char *)bytes + 4, &s->sent, 4);
        memcpy((char *)bytes + 8, &s->received, 4);
    }
    return bytes;
}

static NTSTATUS pack(BOOLEAN initiator, PBOOLEAN mapped, PSecBuffer out)
{
    const struct side fresh = {.initiator = initiator};
    void *bytes = packed(&fresh, lsa->AllocateLsaHeap(PACKED));
    *out = (SecBuffer){PACKED, SECBUFFER_EMPTY, bytes};
    *mapped = bytes != NULL;
    return bytes != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static NTSTATUS NTAPI third_Initiate(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                     PUNICODE_STRING TargetName, ULONG ContextRequirements,
                                     ULONG TargetDataRep, PSecBufferDesc InputBuffers,
                                     PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffers,
                                     PULONG ContextAttributes, PTimeStamp ExpirationTime,
                                     PBOOLEAN MappedContext, PSecBuffer ContextData)
{
    (void)CredentialHandle, (void)TargetName, (void)TargetDataRep, (void)ContextRequirements;
    ExpirationTime->QuadPart = 0x7fffffffffffffff;
    *ContextAttributes = ISC_RET_INTEGRITY | ISC_RET_SEQUENCE_DETECT;
    if (ContextHandle != 0) {
        *NewContextHandle = ContextHandle;
        find(OutputBuffers, SECBUFFER_TOKEN)->cbBuffer = 0;
        return heard(InputBuffers, "third!") ? pack(TRUE, MappedContext, ContextData) : SEC_E_INVALID_TOKEN;
    }
    NTSTATUS status = say(OutputBuffers, "third?");
    if (status != SEC_E_OK)
        return status;
    *NewContextHandle = number_take();
    return *NewContextHandle != 0 ? SEC_I_CONTINUE_NEEDED : SEC_E_INSUFFICIENT_MEMORY;
}

static NTSTATUS NTAPI third_Accept(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                   PSecBufferDesc InputBuffer, ULONG ContextRequirements, ULONG TargetDataRep,
                                   PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffer,
                                   PULONG ContextAttributes, PTimeStamp ExpirationTime,
                                   PBOOLEAN MappedContext, PSecBuffer ContextData)
{
    (void)CredentialHandle, (void)TargetDataRep, (void)ContextRequirements;
    ExpirationTime->QuadPart = 0x7fffffffffffffff;
    *ContextAttributes = ASC_RET_INTEGRITY | ASC_RET_SEQUENCE_DETECT;
    if (ContextHandle != 0 || !heard(InputBuffer, "third?"))
        return SEC_E_INVALID_TOKEN;
    NTSTATUS status = say(OutputBuffer, "third!");
    if (status != SEC_E_OK)
        return status;
    *NewContextHandle = number_take();
    return *NewContextHandle != 0 ? pack(FALSE, MappedContext, ContextData) : SEC_E_INSUFFICIENT_MEMORY;
}

/* ---- user half ---- */

static NTSTATUS NTAPI third_InstanceInit(ULONG Version, PSECPKG_DLL_FUNCTIONS FunctionTable,
                                         PVOID *UserFunctions)
{
    (void)Version, (void)UserFunctions;
    dll = FunctionTable;
    return SEC_E_OK;
}

static struct side *side_of(LSA_SEC_HANDLE id)
{
    return id > IMPORTED ? &sides[1][id - IMPORTED - 1] : &sides[0][id - 1];
}

static BOOLEAN unpack(struct side *s, const SecBuffer *from)
{
    const char *bytes = from->pvBuffer;
    if (from->cbBuffer != PACKED || memcmp(bytes, mark, 3) != 0)
        return FALSE;
    *s = (struct side){.used = TRUE, .initiator = bytes[3] == 'i'};
    memcpy(&s->sent, bytes + 4, 4);
    memcpy(&s->received, bytes + 8, 4);
    return TRUE;
}

static NTSTATUS NTAPI third_InitUserModeContext(LSA_SEC_HANDLE ContextHandle, PSecBuffer PackedContext)
{
    BOOLEAN good = unpack(side_of(ContextHandle), PackedContext);
    dll->FreeHeap(PackedContext->pvBuffer);
    return good ? SEC_E_OK : SEC_E_INVALID_TOKEN;
}

static NTSTATUS NTAPI third_Import(PSecBuffer pPackedContext, HANDLE hToken, PLSA_SEC_HANDLE phContext)
{
    NTSTATUS status = SEC_E_INSUFFICIENT_MEMORY;
    (void)hToken;
    pthread_mutex_lock(&lock);
    for (ULONG i = 0; i < CONTEXTS && status == SEC_E_INSUFFICIENT_MEMORY; i++)
        if (!sides[1][i].used) {
            status = unpack(&sides[1][i], pPackedContext) ? SEC_E_OK : SEC_E_INVALID_TOKEN;
            *phContext = IMPORTED + i + 1;
        }
    pthread_mutex_unlock(&lock);
    return status;
}

static NTSTATUS NTAPI third_Export(LSA_SEC_HANDLE phContext, ULONG fFlags, PSecBuffer pPackedContext,
                                   PHANDLE pToken)
{
    (void)fFlags, (void)pToken;
    void *bytes = packed(side_of(phContext), dll->AllocateHeap(PACKED));
    *pPackedContext = (SecBuffer){PACKED, SECBUFFER_EMPTY, bytes};
    return bytes != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static NTSTATUS NTAPI third_DeleteUserModeContext(LSA_SEC_HANDLE ContextHandle)
{
    side_of(ContextHandle)->used = FALSE;
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
    memcpy(out, &x, 8);
    memcpy(out + 8, &number, 4);
}

static NTSTATUS NTAPI third_MakeSignature(LSA_SEC_HANDLE ContextHandle, ULONG fQOP, PSecBufferDesc Message,
                                          ULONG MessageSeqNo)
{
    struct side *s = side_of(ContextHandle);
    PSecBuffer token = find(Message, SECBUFFER_TOKEN);
    (void)MessageSeqNo, (void)fQOP;
    if (token == NULL)
        return SEC_E_INVALID_TOKEN;
    if (token->cbBuffer < SIGNATURE)
        return SEC_E_BUFFER_TOO_SMALL;
    sum(s->initiator, s->sent++, Message, token->pvBuffer);
    token->cbBuffer = SIGNATURE;
    return SEC_E_OK;
}

static NTSTATUS NTAPI third_VerifySignature(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc Message,
                                            ULONG MessageSeqNo, PULONG pfQOP)
{
    struct side *s = side_of(ContextHandle);
    PSecBuffer token = find(Message, SECBUFFER_TOKEN);
    unsigned char expected[SIGNATURE];
    (void)MessageSeqNo;
    if (token == NULL || token->cbBuffer != SIGNATURE)
        return SEC_E_INVALID_TOKEN;
    sum(!s->initiator, s->received, Message, expected);
    if (memcmp((unsigned char *)token->pvBuffer + 8, expected + 8, 4) != 0)
        return SEC_E_OUT_OF_SEQUENCE;
    if (memcmp(token->pvBuffer, expected, SIGNATURE) != 0)
        return SEC_E_MESSAGE_ALTERED;
    s->received++;
    *pfQOP = 0;
    return SEC_E_OK;
}

static NTSTATUS NTAPI third_Query(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute, PVOID Buffer)
{
    (void)ContextHandle;
    if (ContextAttribute != SECPKG_ATTR_SIZES)
        return SEC_E_UNSUPPORTED_FUNCTION;
    *(SecPkgContext_Sizes *)Buffer = (SecPkgContext_Sizes){.cbMaxToken = 64, .cbMaxSignature = SIGNATURE};
    return SEC_E_OK;
}

/* ---- tables ---- */

#define EXPORTED __attribute__((visibility("default")))
EXPORTED NTSTATUS SEC_ENTRY SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                                PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables);
EXPORTED NTSTATUS SEC_ENTRY SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                                 PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables);

NTSTATUS SEC_ENTRY SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                       PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    static SECPKG_FUNCTION_TABLE table = {
        .Initialize = third_Initialize,
        .Shutdown = third_Shutdown,
        .GetInfo = third_GetInfo,
        .AcquireCredentialsHandle = third_Acquire,
        .FreeCredentialsHandle = third_FreeCredentials,
        .InitLsaModeContext = third_Initiate,
        .AcceptLsaModeContext = third_Accept,
        .DeleteContext = third_DeleteContext,
        .GetExtendedInformation = third_GetExtendedInformation,
    };
    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION_3;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}

NTSTATUS SEC_ENTRY SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                        PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    static SECPKG_USER_FUNCTION_TABLE table = {
        .InstanceInit = third_InstanceInit,
        .InitUserModeContext = third_InitUserModeContext,
        .MakeSignature = third_MakeSignature,
        .VerifySignature = third_VerifySignature,
        .QueryContextAttributes = third_Query,
        .DeleteUserModeContext = third_DeleteUserModeContext,
        .ExportContext = third_Export,
        .ImportContext = third_Import,
    };
    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}
