/* SPDX-License-Identifier: MIT */
/*
 * A module that stands in front of another one ($TWIST_MODULE) and spoils one thing: that of the point whose
 * id is in $TWIST. What the kit's points say when a package is wrong is tried with it (kit.py twists). With
 * "services" it spoils nothing, and uses of the host what the packages of the tests do not; a service that
 * does not do as a host's does fails every credential.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ntsecpkg.h>
#include <ntstatus.h>

enum { MANY = 64, ROOM = 4096, BYTES = 1 << 21 };

static SECPKG_FUNCTION_TABLE lsa;       /* the other one's */
static SECPKG_USER_FUNCTION_TABLE user; /* likewise */
static PLSA_SECPKG_FUNCTION_TABLE host;
static PSECPKG_DLL_FUNCTIONS dll;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LSA_SEC_HANDLE mapped[MANY], failed[MANY];
static unsigned mapped_count, failed_count;
static int credentials;
static bool child, acquired, main_acquired;
static bool forked, last_is_sealed, was_malformed, was_replayed, was_altered;
static LSA_SEC_HANDLE last_sealer;
static uint8_t last_token[256], packed_first;
static ULONG last_size, packed_size;
static void *volatile sink;
static uint8_t first_token[256], refused; /* of the first message that was taken; of VerifySignature */
static ULONG first_taken, taken;
static uint8_t last_text[ROOM];
static ULONG last_text_size;
static unsigned made_by[MANY], taken_by[MANY], last_pair;
static bool used_pairs[MANY];

static bool twisted(const char *point)
{
    const char *twist = getenv("TWIST");
    return twist != NULL && strcmp(twist, point) == 0;
}

static void *other(const char *symbol)
{
    static void *handle;
    if (handle == NULL)
        handle = dlopen(getenv("TWIST_MODULE"), RTLD_NOW | RTLD_LOCAL);
    return handle != NULL ? dlsym(handle, symbol) : NULL;
}

static void remember(LSA_SEC_HANDLE *list, unsigned *count, LSA_SEC_HANDLE handle)
{
    pthread_mutex_lock(&lock);
    list[(*count)++ % MANY] = handle;
    pthread_mutex_unlock(&lock);
}

static bool known(const LSA_SEC_HANDLE *list, LSA_SEC_HANDLE handle)
{
    for (int i = 0; i < MANY; i++)
        if (list[i] == handle)
            return true;
    return false;
}

/* ---- LSA half ---- */

static void in_child(void)
{
    child = true;
}

static void in_parent(void)
{
    forked = true;
}

static bool other_thread(void)
{
    return gettid() != getpid();
}

/* In the order in which they were mapped; MANY: unknown, or another thread's. */
static unsigned place_of(LSA_SEC_HANDLE handle)
{
    unsigned found = MANY;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < MANY && i < mapped_count && gettid() == getpid(); i++)
        if (mapped[i] == handle)
            found = i;
    pthread_mutex_unlock(&lock);
    return found;
}

/* ---- services ---- */

static ULONG package_id;
static bool was_notified;
static pthread_cond_t told = PTHREAD_COND_INITIALIZER;

static ULONG NTAPI notified(PVOID parameter)
{
    SECPKG_CALL_INFO info;
    (void)parameter;
    pthread_mutex_lock(&lock);
    was_notified |= host->GetCallInfo(&info);
    pthread_cond_broadcast(&told);
    pthread_mutex_unlock(&lock);
    return 0;
}

static bool use_notifications(void)
{
    SECPKG_CALL_INFO info;
    HANDLE soon = host->RegisterNotification(notified, NULL, NOTIFIER_TYPE_IMMEDIATE, 0, 0, 0, NULL);
    HANDLE later = host->RegisterNotification(notified, NULL, NOTIFIER_TYPE_INTERVAL, 0, 0, 60, NULL);
    return soon != NULL && later != NULL && host->GetCallInfo(&info);
}

static bool use_session(void)
{
    SECPKG_CLIENT_INFO client;
    char key_text[] = "key", text[] = "credentials", other_text[] = "other";
    LSA_STRING key = {3, 3, key_text}, value = {11, 11, text}, unknown = {5, 5, other_text}, found = {0},
               all = {0};
    ULONG place = 0, size = 0;
    if (host->GetClientInfo(&client) != STATUS_SUCCESS ||
        host->AddCredential(&client.LogonId, package_id, &key, &value) != STATUS_SUCCESS)
        return false;
    NTSTATUS status = host->GetCredentials(&client.LogonId, package_id, &place, FALSE, &key, &size, &found);
    if (status == STATUS_NO_MEMORY)
        goto out;
    bool good = status == STATUS_SUCCESS && place == 1 && size == 3 && found.Length == 11 &&
                memcmp(found.Buffer, text, 11) == 0;
    host->FreeLsaHeap(found.Buffer);
    place = 0;
    if (host->GetCredentials(&client.LogonId, package_id, &place, FALSE, &unknown, &size, &found) >= 0)
        good = false;
    status = host->GetCredentials(&client.LogonId, package_id, &place, TRUE, &all, &size, &found);
    if (status == STATUS_SUCCESS) {
        good = good && all.Length == 3 && memcmp(all.Buffer, key_text, 3) == 0;
        host->FreeLsaHeap(all.Buffer);
        host->FreeLsaHeap(found.Buffer);
    }
    if (!good)
        return false;
out:
    return host->DeleteCredential(&client.LogonId, package_id, &key) == STATUS_SUCCESS;
}

static NTSTATUS NTAPI twist_CallPackage(PLSA_CLIENT_REQUEST ClientRequest, PVOID ProtocolSubmitBuffer,
                                        PVOID ClientBufferBase, ULONG SubmitBufferLength,
                                        PVOID *ProtocolReturnBuffer, PULONG ReturnBufferLength,
                                        PNTSTATUS ProtocolStatus)
{
    (void)ClientBufferBase;
    *ProtocolStatus = STATUS_SUCCESS;
    NTSTATUS status = host->AllocateClientBuffer(ClientRequest, SubmitBufferLength, ProtocolReturnBuffer);
    if (status == STATUS_SUCCESS)
        memcpy(*ProtocolReturnBuffer, ProtocolSubmitBuffer, SubmitBufferLength);
    *ReturnBufferLength = status == STATUS_SUCCESS ? SubmitBufferLength : 0;
    return status;
}

/* Of this package's own; and one of the library's is there, whatever it thinks of the call. */
static bool use_packages(void)
{
    static SEC_WCHAR others[] = u"NTLM", none[] = u"no such package";
    char text[] = "a call";
    UNICODE_STRING name = {8, 8, others};
    SecPkgInfoW info;
    PVOID answer = NULL;
    ULONG size = 0;
    NTSTATUS said = STATUS_UNSUCCESSFUL;
    if (host->CallPackage(&name, text, 6, &answer, &size, &said) == STATUS_NO_SUCH_PACKAGE)
        return false;
    host->FreeReturnBuffer(answer);
    name = (UNICODE_STRING){30, 30, none};
    if (host->CallPackage(&name, text, 6, &answer, &size, &said) != STATUS_NO_SUCH_PACKAGE ||
        lsa.GetInfo(&info) != SEC_E_OK)
        return false;
    name = (UNICODE_STRING){0, 0, info.Name};
    while (info.Name[name.Length / 2] != 0)
        name.Length += 2;
    answer = NULL;
    NTSTATUS status = host->CallPackage(&name, text, 6, &answer, &size, &said);
    if (status != STATUS_SUCCESS)
        return status == STATUS_NO_MEMORY;
    bool good = size == 6 && memcmp(answer, text, 6) == 0 && said == STATUS_SUCCESS;
    host->FreeReturnBuffer(answer);
    if (host->AllocateClientBuffer(NULL, 16, &answer) == STATUS_SUCCESS)
        host->FreeReturnBuffer(answer);
    return good;
}

/* The watchdog's time is the limit. */
static void await_notification(void)
{
    pthread_mutex_lock(&lock);
    while (!was_notified)
        pthread_cond_wait(&told, &lock);
    pthread_mutex_unlock(&lock);
}

static bool use_services(void)
{
    SECPKG_CALL_INFO info;
    await_notification();
    return host->GetCallInfo(&info) && use_session() && use_packages();
}

/* ---- LSA half ---- */

static NTSTATUS NTAPI twist_Initialize(ULONG_PTR PackageId, PSECPKG_PARAMETERS Parameters,
                                       PLSA_SECPKG_FUNCTION_TABLE FunctionTable)
{
    host = FunctionTable;
    package_id = (ULONG)PackageId;
    if (twisted("host.unload") && getenv("TWIST_BEGUN") != NULL)
        return STATUS_UNSUCCESSFUL;
    (void)setenv("TWIST_BEGUN", "1", 1);
    if (twisted("services") && !use_notifications())
        return STATUS_UNSUCCESSFUL;
    if (twisted("fork.parent"))
        pthread_atfork(NULL, in_parent, NULL);
    if (twisted("fork.child"))
        pthread_atfork(NULL, NULL, in_child);
    return lsa.Initialize(PackageId, Parameters, FunctionTable);
}

static NTSTATUS SEC_ENTRY twist_Shutdown(void)
{
    SECPKG_CALL_INFO info;
    if (twisted("services") && !host->GetCallInfo(&info))
        return STATUS_UNSUCCESSFUL;
    return lsa.Shutdown != NULL ? lsa.Shutdown() : SEC_E_OK;
}

static NTSTATUS NTAPI twist_GetInfo(PSecPkgInfoW PackageInfo)
{
    NTSTATUS status = lsa.GetInfo(PackageInfo);
    if (twisted("context.token-size"))
        PackageInfo->cbMaxToken = 8;
    return status;
}

static NTSTATUS NTAPI twist_Acquire(PUNICODE_STRING PrincipalName, ULONG CredentialUseFlags, PLUID LogonId,
                                    PVOID AuthorizationData, PVOID GetKeyFunciton, PVOID GetKeyArgument,
                                    PLSA_SEC_HANDLE CredentialHandle, PTimeStamp ExpirationTime)
{
    if ((twisted("credentials.acquire") && (CredentialUseFlags & SECPKG_CRED_INBOUND)) || child)
        return SEC_E_NO_CREDENTIALS;
    if (twisted("exits"))
        _exit(99);
    if ((twisted("host.message") && LogonId == NULL) ||
        (twisted("threads.contexts") && main_acquired && other_thread()))
        return SEC_E_NO_CREDENTIALS;
    if (twisted("services") && !use_services())
        return STATUS_UNSUCCESSFUL;
    NTSTATUS status =
        lsa.AcquireCredentialsHandle(PrincipalName, CredentialUseFlags, LogonId, AuthorizationData,
                                     GetKeyFunciton, GetKeyArgument, CredentialHandle, ExpirationTime);
    if (status == SEC_E_OK)
        __atomic_fetch_add(&credentials, 1, __ATOMIC_SEQ_CST);
    acquired |= status == SEC_E_OK;
    main_acquired |= status == SEC_E_OK && !other_thread();
    return status;
}

static NTSTATUS NTAPI twist_Free(LSA_SEC_HANDLE CredentialHandle)
{
    SECPKG_CALL_INFO info;
    if (twisted("services") && !host->GetCallInfo(&info))
        return STATUS_UNSUCCESSFUL;
    NTSTATUS status = lsa.FreeCredentialsHandle(CredentialHandle);
    if (status == SEC_E_OK)
        __atomic_fetch_sub(&credentials, 1, __ATOMIC_SEQ_CST);
    return twisted("credentials.free") ? SEC_E_INVALID_HANDLE : status;
}

/* Packed contexts that stay in this process: what is handed over is a number. */
static struct {
    uint8_t bytes[ROOM];
    ULONG size;
} kept[1024];
static unsigned kept_count;

static void keep_here(PSecBuffer packed)
{
    unsigned at = __atomic_fetch_add(&kept_count, 1, __ATOMIC_SEQ_CST) % 1024;
    memcpy(kept[at].bytes, packed->pvBuffer, packed->cbBuffer);
    kept[at].size = packed->cbBuffer;
    memcpy(packed->pvBuffer, "KEPT", 4);
    memcpy((uint8_t *)packed->pvBuffer + 4, &at, 4);
    packed->cbBuffer = 8;
}

static void spoil_packed(PSecBuffer packed)
{
    if (packed->pvBuffer == NULL)
        return;
    packed_first = *(const uint8_t *)packed->pvBuffer;
    packed_size = packed->cbBuffer;
    if (twisted("packed.process"))
        keep_here(packed);
    if (!twisted("context.heap"))
        return;
    void *copy = malloc(packed->cbBuffer);
    memcpy(copy, packed->pvBuffer, packed->cbBuffer);
    host->FreeLsaHeap(packed->pvBuffer);
    packed->pvBuffer = copy;
}

/* What both roles' steps have in common. */
static NTSTATUS stepped(NTSTATUS status, LSA_SEC_HANDLE context, PULONG attributes, ULONG integrity,
                        PBOOLEAN is_mapped, PSecBuffer packed)
{
    if (status >= 0 && *is_mapped) {
        remember(mapped, &mapped_count, context);
        spoil_packed(packed);
    }
    if (status < 0 && context != 0)
        remember(failed, &failed_count, context);
    if (twisted("context.attributes"))
        *attributes &= ~integrity;
    if (twisted("datagram.establish"))
        *attributes &= ~(ULONG)ISC_RET_DATAGRAM;
    if (twisted("memory.handshake") && status == SEC_E_INSUFFICIENT_MEMORY)
        return SEC_E_INTERNAL_ERROR;
    if (twisted("leak.failed") && status < 0 && status != SEC_E_INSUFFICIENT_MEMORY)
        sink = host->AllocateLsaHeap(24);
    return status;
}

static NTSTATUS NTAPI twist_Initiate(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                     PUNICODE_STRING TargetName, ULONG ContextRequirements,
                                     ULONG TargetDataRep, PSecBufferDesc InputBuffers,
                                     PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffers,
                                     PULONG ContextAttributes, PTimeStamp ExpirationTime,
                                     PBOOLEAN MappedContext, PSecBuffer ContextData)
{
    NTSTATUS status = lsa.InitLsaModeContext(CredentialHandle, ContextHandle, TargetName, ContextRequirements,
                                             TargetDataRep, InputBuffers, NewContextHandle, OutputBuffers,
                                             ContextAttributes, ExpirationTime, MappedContext, ContextData);
    LSA_SEC_HANDLE context = ContextHandle != 0 ? ContextHandle : *NewContextHandle;
    if (twisted("context.handle") && status >= 0 && ContextHandle != 0)
        *NewContextHandle = ContextHandle + 1000;
    return stepped(status, context, ContextAttributes, ISC_RET_INTEGRITY, MappedContext, ContextData);
}

static NTSTATUS NTAPI twist_Accept(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                   PSecBufferDesc InputBuffer, ULONG ContextRequirements, ULONG TargetDataRep,
                                   PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffer,
                                   PULONG ContextAttributes, PTimeStamp ExpirationTime,
                                   PBOOLEAN MappedContext, PSecBuffer ContextData)
{
    if (twisted("context.garbage") && InputBuffer->cBuffers > 0 &&
        InputBuffer->pBuffers[0].cbBuffer == 4096) {
        *NewContextHandle = 0x7777;
        OutputBuffer->pBuffers[0].cbBuffer = 0;
        return SEC_I_CONTINUE_NEEDED;
    }
    NTSTATUS status = lsa.AcceptLsaModeContext(
        CredentialHandle, ContextHandle, InputBuffer, ContextRequirements, TargetDataRep, NewContextHandle,
        OutputBuffer, ContextAttributes, ExpirationTime, MappedContext, ContextData);
    LSA_SEC_HANDLE context = ContextHandle != 0 ? ContextHandle : *NewContextHandle;
    return stepped(status, context, ContextAttributes, ASC_RET_INTEGRITY, MappedContext, ContextData);
}

static NTSTATUS NTAPI twist_DeleteContext(LSA_SEC_HANDLE ContextHandle)
{
    NTSTATUS status = lsa.DeleteContext(ContextHandle);
    if (twisted("context.unfinished") && !known(mapped, ContextHandle) && !known(failed, ContextHandle))
        return SEC_E_INVALID_HANDLE;
    if (twisted("context.failed") && known(failed, ContextHandle))
        return SEC_E_INVALID_HANDLE;
    return status;
}

/* ---- user half: contexts ---- */

static NTSTATUS NTAPI twist_InstanceInit(ULONG Version, PSECPKG_DLL_FUNCTIONS FunctionTable,
                                         PVOID *UserFunctions)
{
    dll = FunctionTable;
    return user.InstanceInit(Version, FunctionTable, UserFunctions);
}

static NTSTATUS fetch_kept(LSA_SEC_HANDLE handle, PSecBuffer packed)
{
    unsigned at = 0;
    bool good = packed->cbBuffer == 8 && memcmp(packed->pvBuffer, "KEPT", 4) == 0;
    if (good)
        memcpy(&at, (uint8_t *)packed->pvBuffer + 4, 4);
    good = good && at < kept_count;
    dll->FreeHeap(packed->pvBuffer);
    if (!good)
        return SEC_E_INVALID_TOKEN;
    SecBuffer copy = {kept[at].size, SECBUFFER_EMPTY, dll->AllocateHeap(kept[at].size)};
    if (copy.pvBuffer == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(copy.pvBuffer, kept[at].bytes, kept[at].size);
    return user.InitUserModeContext(handle, &copy);
}

static NTSTATUS NTAPI twist_InitUserModeContext(LSA_SEC_HANDLE ContextHandle, PSecBuffer PackedContext)
{
    if (twisted("packed.process"))
        return fetch_kept(ContextHandle, PackedContext);
    if (twisted("lingers") && !acquired) {
        (void)fork();
        for (;;)
            pause();
    }
    if (twisted("packed.changed") && PackedContext->cbBuffer == packed_size &&
        *(const uint8_t *)PackedContext->pvBuffer != packed_first)
        abort();
    if (twisted("leak.process"))
        sink = malloc(24);
    return user.InitUserModeContext(ContextHandle, PackedContext);
}

static NTSTATUS NTAPI twist_Query(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute, PVOID Buffer)
{
    NTSTATUS status = user.QueryContextAttributes(ContextHandle, ContextAttribute, Buffer);
    if (twisted("threads.mixed") && other_thread())
        return SEC_E_INTERNAL_ERROR;
    if (ContextAttribute != SECPKG_ATTR_NAMES)
        return status;
    if (twisted("memory.query") && status == SEC_E_INSUFFICIENT_MEMORY)
        return SEC_E_INTERNAL_ERROR;
    if (twisted("query.names") && status == SEC_E_OK) {
        static SEC_WCHAR who[] = u"nobody who could be freed";
        dll->FreeHeap(((SecPkgContext_NamesW *)Buffer)->sUserName);
        ((SecPkgContext_NamesW *)Buffer)->sUserName = who;
    }
    return status;
}

static NTSTATUS NTAPI twist_Export(LSA_SEC_HANDLE phContext, ULONG fFlags, PSecBuffer pPackedContext,
                                   PHANDLE pToken)
{
    static uint8_t count;
    NTSTATUS status = user.ExportContext(phContext, fFlags, pPackedContext, pToken);
    if (status != SEC_E_OK)
        return status;
    ULONG size = pPackedContext->cbBuffer, more = twisted("export.same") || twisted("state.bytes") ? 1 : 0;
    if (!more && !twisted("export.heap"))
        return status;
    uint8_t *copy = more ? dll->AllocateHeap(size + more) : malloc(size);
    memcpy(copy, pPackedContext->pvBuffer, size);
    if (more)
        copy[size] = twisted("state.bytes") ? refused : count++;
    dll->FreeHeap(pPackedContext->pvBuffer);
    pPackedContext->pvBuffer = copy;
    pPackedContext->cbBuffer = size + more;
    return status;
}

static NTSTATUS NTAPI twist_Import(PSecBuffer pPackedContext, HANDLE Token, PLSA_SEC_HANDLE phContext)
{
    SecBuffer packed = *pPackedContext;
    if (twisted("export.process") && !acquired)
        return SEC_E_INVALID_TOKEN;
    if (twisted("export.damaged") && packed.cbBuffer == 1) {
        *phContext = 0x999;
        return SEC_E_OK;
    }
    if (twisted("export.same") || twisted("state.bytes"))
        packed.cbBuffer -= packed.cbBuffer > 0;
    return user.ImportContext(&packed, Token, phContext);
}

/* ---- messages ---- */

static ULONG type_of(const SecBuffer *b)
{
    return b->BufferType & ~(ULONG)SECBUFFER_ATTRMASK;
}

static SecBuffer *find(PSecBufferDesc desc, ULONG type)
{
    if (desc == NULL || desc->pBuffers == NULL || desc->cBuffers > MANY)
        return NULL;
    for (ULONG i = 0; i < desc->cBuffers; i++)
        if (type_of(&desc->pBuffers[i]) == type)
            return &desc->pBuffers[i];
    return NULL;
}

static ULONG signature_size(LSA_SEC_HANDLE handle)
{
    SecPkgContext_Sizes sizes = {0};
    (void)user.QueryContextAttributes(handle, SECPKG_ATTR_SIZES, &sizes);
    return sizes.cbMaxSignature;
}

static bool touches(const SecBuffer *a, const SecBuffer *b)
{
    const uint8_t *x = a->pvBuffer, *y = b->pvBuffer;
    return a->cbBuffer > 0 && b->cbBuffer > 0 && (x + a->cbBuffer == y || y + b->cbBuffer == x);
}

static bool inside(const SecBuffer *a, const SecBuffer *b)
{
    const uint8_t *x = a->pvBuffer, *y = b->pvBuffer;
    return x >= y && x < y + b->cbBuffer;
}

/* Whether the twist refuses this message, and with what. */
static NTSTATUS refuse(PSecBufferDesc desc)
{
    const SecBuffer *token = find(desc, SECBUFFER_TOKEN), *data = find(desc, SECBUFFER_DATA);
    if (token == NULL)
        return twisted("buffers.no-token") && desc != NULL && desc->pBuffers != NULL && desc->cBuffers > 0 &&
                       desc->cBuffers <= MANY
                   ? SEC_E_INVALID_PARAMETER
                   : SEC_E_OK;
    if (twisted("buffers.token-place") && desc->cBuffers == 1)
        return SEC_E_INVALID_TOKEN;
    if (twisted("buffers.others") && find(desc, SECBUFFER_PADDING) != NULL)
        return SEC_E_INVALID_TOKEN;
    if (twisted("buffers.many") && desc->cBuffers > 32)
        return SEC_E_INVALID_TOKEN;
    if (forked)
        return SEC_E_INVALID_HANDLE;
    if (data == NULL)
        return SEC_E_OK;
    if (twisted("buffers.empty") && data->cbBuffer == 0 && data->pvBuffer == NULL)
        return SEC_E_INVALID_TOKEN;
    if (twisted("make.empty") && desc->cBuffers == 2 && data->cbBuffer == 0 && data->pvBuffer != NULL &&
        !inside(data, token))
        return SEC_E_INVALID_TOKEN;
    if (twisted("make.large") && data->cbBuffer > 65536)
        return SEC_E_INVALID_TOKEN;
    if (twisted("buffers.adjacent") && touches(data, token))
        return SEC_E_INVALID_PARAMETER;
    if (twisted("buffers.order") && desc->ulVersion == SECBUFFER_VERSION && data->cbBuffer == 1 &&
        data->pvBuffer == token->pvBuffer)
        return SEC_E_INVALID_PARAMETER;
    if (twisted("context.outlives") && acquired && credentials == 0)
        return SEC_E_INVALID_HANDLE;
    return SEC_E_OK;
}

/* The message as the other one is to see it, where that differs: DATA copied and changed. */
struct view {
    SecBufferDesc desc;
    SecBuffer buffers[MANY];
    uint8_t *copy;
};

static PSecBufferDesc view(struct view *v, PSecBufferDesc desc)
{
    const SecBuffer *data = find(desc, SECBUFFER_DATA);
    const SecBuffer *token = find(desc, SECBUFFER_TOKEN);
    bool bit = twisted("verify.tamper.data"), zeros = twisted("verify.tamper.length");
    bool parts = twisted("buffers.concatenated");
    v->copy = NULL;
    if (data == NULL || data->pvBuffer == NULL || data->cbBuffer == 0 || !(bit || zeros || parts))
        return desc;
    if (token == NULL || inside(data, token) || inside(token, data))
        return desc;
    memcpy(v->buffers, desc->pBuffers, desc->cBuffers * sizeof(SecBuffer));
    v->desc = (SecBufferDesc){desc->ulVersion, desc->cBuffers, v->buffers};
    SecBuffer *mine = &v->buffers[data - desc->pBuffers];
    v->copy = malloc(data->cbBuffer + 1);
    memcpy(v->copy, data->pvBuffer, data->cbBuffer);
    mine->pvBuffer = v->copy;
    if (bit && mine->cbBuffer > 8)
        v->copy[8] &= 0xfe;
    if (zeros && v->copy[mine->cbBuffer - 1] == 0)
        mine->cbBuffer--;
    if (parts && token == &desc->pBuffers[2]) /* where the first one ends is signed */
        v->copy[mine->cbBuffer++] = 0xff;
    return &v->desc;
}

/* The token is the caller's. */
static void view_close(struct view *v, PSecBufferDesc desc)
{
    if (v->copy == NULL)
        return;
    SecBuffer *token = find(desc, SECBUFFER_TOKEN);
    if (token != NULL)
        token->cbBuffer = v->buffers[token - desc->pBuffers].cbBuffer;
    free(v->copy);
}

static void spoil_signature(LSA_SEC_HANDLE handle, PSecBufferDesc desc, ULONG room)
{
    SecBuffer *token = find(desc, SECBUFFER_TOKEN), *data = find(desc, SECBUFFER_DATA);
    (void)handle;
    if (twisted("make.token.room") && room > token->cbBuffer)
        memset((uint8_t *)token->pvBuffer + token->cbBuffer, 0, room - token->cbBuffer);
    if (twisted("make.repeat") && data != NULL && data->cbBuffer == 4096)
        token->cbBuffer++;
    if (twisted("make.untouched"))
        token->BufferType |= SECBUFFER_READONLY_WITH_CHECKSUM;
}

/* Pairs are mapped one after the other: both sides of one, then of the next. */
static bool refuse_to_make(LSA_SEC_HANDLE handle)
{
    unsigned place = place_of(handle), pair = place / 2;
    if (place == MANY)
        return false;
    bool back = pair != last_pair && used_pairs[pair];
    last_pair = pair;
    used_pairs[pair] = true;
    return (twisted("context.two") && back) ||
           (twisted("sequence.directions") && made_by[place]++ > 5 && taken_by[place] > 2);
}

static NTSTATUS NTAPI twist_MakeSignature(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                          PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    struct view v;
    SecBuffer *token = find(MessageBuffers, SECBUFFER_TOKEN);
    ULONG room = token != NULL ? token->cbBuffer : 0;
    NTSTATUS status = refuse(MessageBuffers);
    if (status != SEC_E_OK)
        return status;
    if (twisted("desc.empty") && MessageBuffers != NULL && MessageBuffers->cBuffers == 0)
        return SEC_E_OK;
    if (twisted("seal.mixed") && last_sealer != 0 && last_sealer == ContextHandle) {
        last_sealer = 0;
        return SEC_E_INTERNAL_ERROR;
    }
    if (twisted("make.token.exact") && token != NULL && room == signature_size(ContextHandle) &&
        token->pvBuffer != NULL && !find(MessageBuffers, SECBUFFER_EMPTY))
        return SEC_E_BUFFER_TOO_SMALL;
    if (refuse_to_make(ContextHandle))
        return SEC_E_OUT_OF_SEQUENCE;
    status = user.MakeSignature(ContextHandle, QualityOfProtection, view(&v, MessageBuffers),
                                MessageSequenceNumber);
    view_close(&v, MessageBuffers);
    if (status == SEC_E_OK)
        spoil_signature(ContextHandle, MessageBuffers, room);
    if (status == SEC_E_BUFFER_TOO_SMALL && twisted("make.failure"))
        token->cbBuffer = 0;
    return status;
}

/* The first message passes again, after two others. */
static NTSTATUS forget_first(NTSTATUS status, const SecBuffer *token)
{
    if (token == NULL || token->cbBuffer > sizeof first_token)
        return status;
    if (status == SEC_E_OK && taken++ == 0) {
        first_taken = token->cbBuffer;
        memcpy(first_token, token->pvBuffer, first_taken);
    }
    bool first = taken == 3 && token->cbBuffer == first_taken &&
                 memcmp(first_token, token->pvBuffer, first_taken) == 0;
    return first && twisted("sequence.old") && status == SEC_E_OUT_OF_SEQUENCE ? SEC_E_OK : status;
}

/* What is right is refused, once, after something that was not. */
static NTSTATUS spoil_verified(NTSTATUS status, const SecBuffer *token, ULONG number)
{
    bool good = status == SEC_E_OK, same = false;
    if (token != NULL && token->cbBuffer <= sizeof last_token) {
        same = !last_is_sealed && last_size == token->cbBuffer &&
               memcmp(last_token, token->pvBuffer, last_size) == 0;
        last_size = good ? token->cbBuffer : 0;
        last_is_sealed = false;
        if (good)
            memcpy(last_token, token->pvBuffer, last_size);
    }
    bool spoil = good && ((twisted("state.malformed") && was_malformed) ||
                          (twisted("state.replayed") && was_replayed));
    was_malformed = status == SEC_E_INVALID_TOKEN;
    was_replayed = status == SEC_E_OUT_OF_SEQUENCE;
    if (spoil)
        return SEC_E_MESSAGE_ALTERED;
    if (twisted("datagram.unnumbered") && good && same)
        return SEC_E_OUT_OF_SEQUENCE;
    if (twisted("datagram.replay") && was_replayed && number == 1)
        return SEC_E_MESSAGE_ALTERED;
    if (twisted("threads.verify") && was_replayed && other_thread())
        return SEC_E_MESSAGE_ALTERED;
    return status;
}

static NTSTATUS NTAPI twist_VerifySignature(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                            ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    struct view v;
    SecBuffer *token = find(MessageBuffers, SECBUFFER_TOKEN), *data = find(MessageBuffers, SECBUFFER_DATA);
    NTSTATUS status = refuse(MessageBuffers);
    if (status != SEC_E_OK)
        return status;
    if (twisted("desc.empty") && MessageBuffers != NULL && MessageBuffers->cBuffers == 0)
        return SEC_E_OK;
    if (twisted("sequence.argument") && MessageSequenceNumber == 0xffffffff)
        return SEC_E_OUT_OF_SEQUENCE;
    if (twisted("verify.token.long") && token != NULL && token->cbBuffer > signature_size(ContextHandle))
        token->cbBuffer = signature_size(ContextHandle);
    if (twisted("datagram.number") && MessageSequenceNumber == 3)
        return SEC_E_OUT_OF_SEQUENCE;
    ULONG number = MessageSequenceNumber;
    if (twisted("datagram.mismatch"))
        MessageSequenceNumber = 0;
    status = user.VerifySignature(ContextHandle, view(&v, MessageBuffers), MessageSequenceNumber,
                                  QualityOfProtection);
    view_close(&v, MessageBuffers);
    if (status == SEC_E_OK && twisted("verify.qop"))
        *QualityOfProtection = 0x77;
    if (status == SEC_E_OK && twisted("verify.untouched") && data != NULL)
        data->BufferType |= 0x20000000;
    unsigned place = status == SEC_E_OK ? place_of(ContextHandle) : MANY;
    if (place < MANY)
        taken_by[place]++;
    refused += status != SEC_E_OK;
    return spoil_verified(forget_first(status, token), token, number);
}

static ULONG count(PSecBufferDesc desc, ULONG type)
{
    ULONG found = 0;
    for (ULONG i = 0; i < desc->cBuffers; i++)
        found += type_of(&desc->pBuffers[i]) == type;
    return found;
}

static NTSTATUS NTAPI twist_Seal(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                 PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    SecBuffer *more = find(MessageBuffers, SECBUFFER_DATA);
    if (twisted("seal.qop") && QualityOfProtection != SECQOP_WRAP_NO_ENCRYPT)
        QualityOfProtection = 0;
    if (twisted("seal.empty") && more != NULL && more->cbBuffer == 0)
        return SEC_E_INVALID_TOKEN;
    if (twisted("seal.several") && more != NULL && count(MessageBuffers, SECBUFFER_DATA) == 3)
        return SEC_E_INVALID_TOKEN;
    if ((twisted("seal.hides") && QualityOfProtection == 0) ||
        (twisted("seal.plain") && QualityOfProtection == SECQOP_WRAP_NO_ENCRYPT))
        QualityOfProtection = twisted("seal.hides") ? SECQOP_WRAP_NO_ENCRYPT : 0;
    if (twisted("seal.shapes") && MessageBuffers->ulVersion != SECBUFFER_VERSION)
        MessageBuffers->ulVersion = SECBUFFER_VERSION;
    NTSTATUS status =
        user.SealMessage(ContextHandle, QualityOfProtection, MessageBuffers, MessageSequenceNumber);
    if (twisted("seal.overlap") && status == SEC_E_INVALID_PARAMETER)
        return SEC_E_OK;
    last_sealer = status == SEC_E_OK ? ContextHandle : 0;
    SecBuffer *token = find(MessageBuffers, SECBUFFER_TOKEN);
    if (status == SEC_E_OK && token->cbBuffer <= sizeof last_token) {
        last_size = token->cbBuffer;
        last_is_sealed = true;
        memcpy(last_token, token->pvBuffer, last_size);
    }
    last_text_size = 0;
    if (status == SEC_E_OK && more != NULL && more->cbBuffer > 0 && more->cbBuffer <= ROOM) {
        last_text_size = more->cbBuffer;
        memcpy(last_text, more->pvBuffer, last_text_size);
    }
    if (twisted("seal.token.short") && status == SEC_E_BUFFER_TOO_SMALL)
        return SEC_E_INVALID_TOKEN;
    if (twisted("seal.readonly") && status == SEC_E_OK && more != NULL &&
        (more->BufferType & SECBUFFER_READONLY_WITH_CHECKSUM))
        *(uint8_t *)more->pvBuffer ^= 1;
    return status;
}

static NTSTATUS NTAPI twist_Unseal(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                   ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    SecBuffer *token = find(MessageBuffers, SECBUFFER_TOKEN);
    ULONG size = signature_size(ContextHandle);
    if (twisted("unseal.stream") && find(MessageBuffers, SECBUFFER_STREAM) != NULL)
        return SEC_E_INVALID_TOKEN;
    if (twisted("unseal.token") && token != NULL && token->cbBuffer > size)
        token->cbBuffer = size;
    if (twisted("unseal.tamper.token") && token != NULL && token->pvBuffer != NULL &&
        token->cbBuffer == last_size &&
        memcmp((const uint8_t *)token->pvBuffer + 1, last_token + 1, last_size - 1) == 0)
        memcpy(token->pvBuffer, last_token, last_size);
    SecBuffer *text = find(MessageBuffers, SECBUFFER_DATA);
    if (twisted("unseal.tamper.data") && text != NULL && text->pvBuffer != NULL &&
        count(MessageBuffers, SECBUFFER_DATA) == 1 && last_text_size > 0 &&
        text->cbBuffer == last_text_size &&
        memcmp((const uint8_t *)text->pvBuffer + 1, last_text + 1, last_text_size - 1) == 0)
        *(uint8_t *)text->pvBuffer = last_text[0];
    NTSTATUS status =
        user.UnsealMessage(ContextHandle, MessageBuffers, MessageSequenceNumber, QualityOfProtection);
    if (twisted("unseal.replay") && status == SEC_E_OUT_OF_SEQUENCE)
        return SEC_E_MESSAGE_ALTERED;
    bool spoil = twisted("unseal.state") && was_altered && status == SEC_E_OK;
    was_altered = status == SEC_E_MESSAGE_ALTERED;
    return spoil ? SEC_E_MESSAGE_ALTERED : status;
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
    static SECPKG_FUNCTION_TABLE table;
    SpLsaModeInitializeFn entry;
    void *symbol = other(SECPKG_LSAMODEINIT_NAME);
    memcpy(&entry, &symbol, sizeof entry);
    if (entry == NULL || entry(LsaVersion, PackageVersion, ppTables, pcTables) != SEC_E_OK)
        return STATUS_NOT_FOUND;
    memcpy(&lsa, *ppTables, offsetof(SECPKG_FUNCTION_TABLE, SetContextAttributes));
    table = lsa;
    table.Initialize = twist_Initialize;
    table.Shutdown = twist_Shutdown;
    table.CallPackage = twist_CallPackage;
    table.GetInfo = twist_GetInfo;
    table.AcquireCredentialsHandle = twist_Acquire;
    table.FreeCredentialsHandle = twist_Free;
    table.InitLsaModeContext = twist_Initiate;
    table.AcceptLsaModeContext = twist_Accept;
    table.DeleteContext = twist_DeleteContext;
    *ppTables = &table;
    *PackageVersion = SECPKG_INTERFACE_VERSION;
    return SEC_E_OK;
}

NTSTATUS SEC_ENTRY SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                        PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    static SECPKG_USER_FUNCTION_TABLE table;
    SpUserModeInitializeFn entry;
    void *symbol = other(SECPKG_USERMODEINIT_NAME);
    memcpy(&entry, &symbol, sizeof entry);
    if (entry == NULL || entry(LsaVersion, PackageVersion, ppTables, pcTables) != SEC_E_OK)
        return STATUS_NOT_FOUND;
    memcpy(&user, *ppTables, offsetof(SECPKG_USER_FUNCTION_TABLE, MarshalAttributeData));
    table = user;
    table.InstanceInit = twist_InstanceInit;
    table.InitUserModeContext = twist_InitUserModeContext;
    table.MakeSignature = twist_MakeSignature;
    table.VerifySignature = twisted("table.integrity") ? NULL : twist_VerifySignature;
    table.SealMessage = twist_Seal;
    table.UnsealMessage = twist_Unseal;
    table.QueryContextAttributes = twisted("table.user") ? NULL : twist_Query;
    table.ExportContext = twist_Export;
    table.ImportContext = twisted("table.export") ? NULL : twist_Import;
    *ppTables = &table;
    *PackageVersion = SECPKG_INTERFACE_VERSION;
    return SEC_E_OK;
}
