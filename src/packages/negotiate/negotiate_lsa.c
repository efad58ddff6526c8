/* SPDX-License-Identifier: MIT */
#include "packages/negotiate/negotiate_lsa.h"

#include <ntstatus.h>

#include "base/mem.h"
#include "base/secbuf.h"
#include "base/secret.h"
#include "base/trace.h"
#include "base/utf16.h"
#include "packages/negotiate/negotiate_info.h"

/* A credential's handle; the object behind it outlives it where handshakes hold it. */
struct credential_slot {
    struct slab_head head;
    struct negotiate_credential *credential;
};

static struct slab credentials = SLAB_INIT(sizeof(struct credential_slot), 1u << 20, false);
static struct slab contexts = SLAB_INIT(sizeof(struct negotiate_context), 1u << 22, false);

static PLSA_SECPKG_FUNCTION_TABLE lsa_functions;

static char16_t info_name[] = u"Negotiate";
static char16_t info_comment[] = u"Microsoft Package Negotiator";

const SecPkgInfoW negotiate_package_info = {
    .fCapabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_CONNECTION |
                     SECPKG_FLAG_MULTI_REQUIRED | SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_IMPERSONATION |
                     SECPKG_FLAG_ACCEPT_WIN32_NAME | SECPKG_FLAG_GSS_COMPATIBLE | SECPKG_FLAG_LOGON |
                     SECPKG_FLAG_READONLY_WITH_CHECKSUM,
    .wVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
    .wRPCID = 9, /* RPC_C_AUTHN_GSS_NEGOTIATE */
    .cbMaxToken = 48256,
    .Name = info_name,
    .Comment = info_comment,
};

void negotiate_blob_free(struct negotiate_blob *b)
{
    mem_free(b->data);
    *b = (struct negotiate_blob){NULL, 0};
}

bool negotiate_blob_copy(struct negotiate_blob *b, struct span from)
{
    uint8_t *copy = mem_copy(from.data, from.size);

    if (copy == NULL)
        return false;
    mem_free(b->data);
    *b = (struct negotiate_blob){copy, from.size};
    return true;
}

SECURITY_STATUS negotiate_answer(struct negotiate_handshake *h, const struct negotiate_resp *m)
{
    struct wire_writer w;

    wire_write_init(&w, NULL, 0);
    negotiate_resp_write(&w, m);
    h->output.data = mem_alloc(w.at);
    if (h->output.data == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    h->output.size = w.at;
    wire_write_init(&w, h->output.data, h->output.size);
    negotiate_resp_write(&w, m);
    return w.failed ? SEC_E_INTERNAL_ERROR : SEC_E_OK;
}

/* ---- start and end ---- */

static NTSTATUS NTAPI negotiate_SpInitialize(ULONG_PTR PackageId, PSECPKG_PARAMETERS Parameters,
                                             PLSA_SECPKG_FUNCTION_TABLE FunctionTable)
{
    (void)PackageId;
    (void)Parameters;
    lsa_functions = FunctionTable;
    return SEC_E_OK;
}

static NTSTATUS NTAPI negotiate_SpShutdown(void)
{
    return SEC_E_OK;
}

static NTSTATUS NTAPI negotiate_SpGetInfo(PSecPkgInfoW PackageInfo)
{
    *PackageInfo = negotiate_package_info;
    return SEC_E_OK;
}

/* What an established context answers here and not in the chosen package's user half. */
static NTSTATUS NTAPI negotiate_SpGetExtendedInformation(SECPKG_EXTENDED_INFORMATION_CLASS Class,
                                                         PSECPKG_EXTENDED_INFORMATION *ppInformation)
{
    if (Class != SecpkgContextThunks)
        return SEC_E_UNSUPPORTED_FUNCTION;
    SECPKG_EXTENDED_INFORMATION *information = lsa_functions->AllocateLsaHeap(sizeof(*information));
    if (information == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    information->Class = SecpkgContextThunks;
    information->Info.ContextThunks.InfoLevelCount = 1;
    information->Info.ContextThunks.Levels[0] = SECPKG_ATTR_NEGOTIATION_INFO;
    *ppInformation = information;
    return SEC_E_OK;
}

/* ---- credentials ---- */

static bool call_is_ansi(void)
{
    SECPKG_CALL_INFO info = {0};

    return lsa_functions->GetCallInfo(&info) && (info.Attributes & SECPKG_CALL_ANSI);
}

static NTSTATUS NTAPI negotiate_SpAcquireCredentialsHandle(
    PUNICODE_STRING PrincipalName, ULONG CredentialUseFlags, PLUID LogonId, PVOID AuthorizationData,
    PVOID GetKeyFunciton, PVOID GetKeyArgument, PLSA_SEC_HANDLE CredentialHandle, PTimeStamp ExpirationTime)
{
    const struct negotiate_wish wish = {
        .principal = PrincipalName,
        .use = CredentialUseFlags & SECPKG_CRED_BOTH,
        .logon = LogonId,
        .auth_data = AuthorizationData,
        .ansi = call_is_ansi(),
        .host = lsa_functions,
    };
    struct negotiate_credential *made;
    uintptr_t id;

    (void)GetKeyFunciton;
    (void)GetKeyArgument;
    if (wish.use == 0)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = negotiate_credential_make(&wish, &made);
    if (status != SEC_E_OK)
        return status;
    struct credential_slot *slot = slab_alloc(&credentials, &id);
    if (slot == NULL) {
        negotiate_credential_release(made);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    slot->credential = made;
    *CredentialHandle = id;
    ExpirationTime->QuadPart = INT64_MAX;
    return SEC_E_OK;
}

static NTSTATUS NTAPI negotiate_SpFreeCredentialsHandle(LSA_SEC_HANDLE CredentialHandle)
{
    struct credential_slot *slot = slab_get(&credentials, CredentialHandle);

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    negotiate_credential_release(slot->credential);
    slab_free(&credentials, CredentialHandle);
    return SEC_E_OK;
}

/* The most preferred mechanism that has an answer. */
static NTSTATUS NTAPI negotiate_SpQueryCredentialsAttributes(LSA_SEC_HANDLE CredentialHandle,
                                                             ULONG CredentialAttribute, PVOID Buffer)
{
    const struct credential_slot *slot = slab_get(&credentials, CredentialHandle);
    NTSTATUS first = SEC_E_UNSUPPORTED_FUNCTION;

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    for (size_t i = 0; i < slot->credential->count; i++) {
        const SECPKG_FUNCTION_TABLE *lsa = slot->credential->mechs[i].mech.inner.lsa;
        LSA_SEC_HANDLE inner;
        NTSTATUS status = negotiate_credential_use(slot->credential, i, &inner);

        if (status == SEC_E_OK)
            status = lsa->QueryCredentialsAttributes != NULL
                         ? lsa->QueryCredentialsAttributes(inner, CredentialAttribute, Buffer)
                         : SEC_E_UNSUPPORTED_FUNCTION;
        if (status == SEC_E_OK)
            return status;
        if (first == SEC_E_UNSUPPORTED_FUNCTION)
            first = status;
    }
    return first;
}

/* ---- contexts ---- */

static void handshake_free(struct negotiate_handshake *h)
{
    if (h == NULL)
        return;
    negotiate_credential_release(h->credential);
    negotiate_blob_free(&h->mech_list);
    negotiate_blob_free(&h->answer_mech);
    negotiate_blob_free(&h->inner_packed);
    negotiate_blob_free(&h->inner_token);
    negotiate_blob_free(&h->output);
    mem_free(h);
}

static struct negotiate_context *context_new(LSA_SEC_HANDLE credential, bool initiator, ULONG requirements,
                                             uintptr_t *id, SECURITY_STATUS *status)
{
    const struct credential_slot *slot = slab_get(&credentials, credential);
    const ULONG use = initiator ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND;
    const ULONG datagram = initiator ? ISC_REQ_DATAGRAM : ASC_REQ_DATAGRAM;

    *status = SEC_E_INVALID_HANDLE;
    if (slot == NULL)
        return NULL;
    *status = SEC_E_NO_CREDENTIALS;
    if (!(slot->credential->use & use))
        return NULL;
    *status = SEC_E_UNSUPPORTED_FUNCTION;
    if (requirements & datagram)
        return NULL; /* SPNEGO has no datagrams */
    *status = SEC_E_INSUFFICIENT_MEMORY;
    struct negotiate_handshake *h = mem_alloc(sizeof(*h));
    if (h == NULL)
        return NULL;
    struct negotiate_context *c = slab_alloc(&contexts, id);
    if (c == NULL) {
        mem_free(h);
        return NULL;
    }
    negotiate_credential_hold(slot->credential);
    h->credential = slot->credential;
    h->initiator = initiator;
    h->requirements = requirements;
    h->expiry.QuadPart = INT64_MAX;
    c->handshake = h;
    c->initiator = initiator;
    return c;
}

/* The context of an open handshake of that role, which nobody else works on. */
static struct negotiate_context *context_take(LSA_SEC_HANDLE id, bool initiator)
{
    struct negotiate_context *c = slab_get(&contexts, id);

    if (c == NULL || __atomic_exchange_n(&c->busy, 1, __ATOMIC_ACQUIRE) != 0)
        return NULL;
    if (c->handshake != NULL && c->initiator == initiator)
        return c;
    __atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
    return NULL;
}

static NTSTATUS NTAPI negotiate_SpDeleteContext(LSA_SEC_HANDLE ContextHandle)
{
    struct negotiate_context *c = slab_get(&contexts, ContextHandle);

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    negotiate_inner_drop(c);
    handshake_free(c->handshake);
    mem_free(c->passed);
    slab_free(&contexts, ContextHandle);
    return SEC_E_OK;
}

/* ---- a leg's frame ---- */

static struct negotiate_call call_of(const UNICODE_STRING *target, ULONG requirements, ULONG data_rep,
                                     const SecBufferDesc *input)
{
    const SecBuffer *token = secbuf_find(input, SECBUFFER_TOKEN);
    struct negotiate_call call = {target, requirements, data_rep, {NULL, 0}, input};

    if (token != NULL && token->pvBuffer != NULL)
        call.token = (struct span){token->pvBuffer, token->cbBuffer};
    return call;
}

/* What the host's caller gets from a step. */
struct frame {
    SecBufferDesc *output;
    ULONG *attributes;
    TimeStamp *expiry;
    BOOLEAN *mapped;
    SecBuffer *packed;
};

static SECURITY_STATUS output_token(SecBufferDesc *output, struct span bytes)
{
    SecBuffer *token = secbuf_find(output, SECBUFFER_TOKEN);

    if (token == NULL)
        return bytes.size == 0 ? SEC_E_OK : SEC_E_INVALID_TOKEN;
    if (token->cbBuffer < bytes.size || (token->pvBuffer == NULL && bytes.size > 0))
        return SEC_E_BUFFER_TOO_SMALL;
    if (bytes.size > 0)
        memcpy(token->pvBuffer, bytes.data, bytes.size);
    token->cbBuffer = (ULONG)bytes.size;
    return SEC_E_OK;
}

/* The chosen package's packed context becomes this call's. */
static SECURITY_STATUS hand_over(struct negotiate_context *c, const struct frame *f)
{
    const struct negotiate_blob *packed = &c->handshake->inner_packed;
    void *bytes = lsa_functions->AllocateLsaHeap((ULONG)packed->size);

    if (bytes == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(bytes, packed->data, packed->size);
    *f->packed = (SecBuffer){(ULONG)packed->size, SECBUFFER_EMPTY, bytes};
    *f->mapped = TRUE;
    negotiate_host.hand_over(c->inner.id, c->inner_context);
    return SEC_E_OK;
}

/* Delivers a leg's outcome, which with it is final. */
static SECURITY_STATUS leg_deliver(struct negotiate_context *c, SECURITY_STATUS status, const struct frame *f)
{
    struct negotiate_handshake *h = c->handshake;

    if (status < 0) {
        if (negotiate_accept_reject(c) &&
            output_token(f->output, negotiate_blob_span(&h->output)) == SEC_E_OK)
            *f->attributes = ASC_RET_EXTENDED_ERROR;
        return status;
    }
    SECURITY_STATUS delivered = output_token(f->output, negotiate_blob_span(&h->output));
    if (delivered == SEC_E_OK && status == SEC_E_OK)
        delivered = hand_over(c, f);
    if (delivered != SEC_E_OK)
        return delivered;
    *f->attributes = h->attributes;
    *f->expiry = h->expiry;
    negotiate_blob_free(&h->output);
    if (status == SEC_E_OK && trace_on())
        trace_event("negotiate", "established", "mechanism=%s direct=%d mic=%d",
                    h->credential->mechs[h->chosen].mech.name, c->direct, h->mic_sent);
    return status;
}

static void leg_end(struct negotiate_context *c, SECURITY_STATUS status)
{
    if (status != SEC_I_CONTINUE_NEEDED) {
        handshake_free(c->handshake);
        c->handshake = NULL;
        c->established = status == SEC_E_OK;
    }
    __atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
}

static NTSTATUS NTAPI negotiate_SpInitLsaModeContext(
    LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle, PUNICODE_STRING TargetName,
    ULONG ContextRequirements, ULONG TargetDataRep, PSecBufferDesc InputBuffers,
    PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffers, PULONG ContextAttributes,
    PTimeStamp ExpirationTime, PBOOLEAN MappedContext, PSecBuffer ContextData)
{
    const struct frame f = {OutputBuffers, ContextAttributes, ExpirationTime, MappedContext, ContextData};
    const struct negotiate_call call = call_of(TargetName, ContextRequirements, TargetDataRep, InputBuffers);
    uintptr_t id = ContextHandle;
    SECURITY_STATUS status;

    *MappedContext = FALSE;
    if (ContextHandle == 0) {
        struct negotiate_context *c = context_new(CredentialHandle, true, ContextRequirements, &id, &status);
        if (c == NULL)
            return status;
        status = leg_deliver(c, negotiate_initiate_first(c, &call), &f);
        if (status < 0) {
            (void)negotiate_SpDeleteContext(id);
            return status;
        }
    } else {
        struct negotiate_context *c = context_take(ContextHandle, true);
        if (c == NULL)
            return SEC_E_INVALID_HANDLE;
        status = leg_deliver(c, negotiate_initiate_next(c, &call), &f);
        leg_end(c, status);
    }
    *NewContextHandle = id;
    return status;
}

static NTSTATUS NTAPI negotiate_SpAcceptLsaModeContext(LSA_SEC_HANDLE CredentialHandle,
                                                       LSA_SEC_HANDLE ContextHandle,
                                                       PSecBufferDesc InputBuffer, ULONG ContextRequirements,
                                                       ULONG TargetDataRep, PLSA_SEC_HANDLE NewContextHandle,
                                                       PSecBufferDesc OutputBuffer, PULONG ContextAttributes,
                                                       PTimeStamp ExpirationTime, PBOOLEAN MappedContext,
                                                       PSecBuffer ContextData)
{
    const struct frame f = {OutputBuffer, ContextAttributes, ExpirationTime, MappedContext, ContextData};
    const struct negotiate_call call = call_of(NULL, ContextRequirements, TargetDataRep, InputBuffer);
    uintptr_t id = ContextHandle;
    SECURITY_STATUS status;

    *MappedContext = FALSE;
    if (ContextHandle == 0) {
        struct negotiate_context *c = context_new(CredentialHandle, false, ContextRequirements, &id, &status);
        if (c == NULL)
            return status;
        status = leg_deliver(c, negotiate_accept_first(c, &call), &f);
        if (status < 0) {
            (void)negotiate_SpDeleteContext(id);
            return status;
        }
        leg_end(c, status);
    } else {
        struct negotiate_context *c = context_take(ContextHandle, false);
        if (c == NULL)
            return SEC_E_INVALID_HANDLE;
        status = leg_deliver(c, negotiate_accept_next(c, &call), &f);
        leg_end(c, status);
    }
    *NewContextHandle = id;
    return status;
}

/* ---- attributes ---- */

/* Terminated. */
static void widen(char16_t *out, const char *text)
{
    do
        *out++ = (unsigned char)*text;
    while (*text++ != 0);
}

/* The chosen package's, or Negotiate's own while none is chosen; passed: the comment goes on with the
 * mechanisms that were passed over (docs/decisions). */
static SecPkgInfoW *give_info(const struct negotiate_context *c, bool passed)
{
    static const char head[] = "; passed over: ";
    const SecPkgInfoW *info = c->inner.lsa != NULL ? c->inner.info : &negotiate_package_info;
    size_t name = (utf16_length(info->Name) + 1) * sizeof(char16_t);
    size_t comment = (utf16_length(info->Comment) + 1) * sizeof(char16_t);
    size_t more = passed && c->passed != NULL ? (sizeof(head) - 1 + strlen(c->passed)) * sizeof(char16_t) : 0;
    void *there = NULL;

    if (lsa_functions->AllocateClientBuffer(NULL, (ULONG)(sizeof(*info) + name + comment + more), &there) < 0)
        return NULL;
    SecPkgInfoW *copy = there;
    *copy = *info;
    copy->Name = (char16_t *)(copy + 1);
    copy->Comment = (char16_t *)((uint8_t *)copy->Name + name);
    memcpy(copy->Name, info->Name, name);
    memcpy(copy->Comment, info->Comment, comment);
    if (more > 0) {
        char16_t *end = copy->Comment + comment / sizeof(char16_t) - 1;
        widen(end, head);
        widen(end + sizeof(head) - 1, c->passed);
    }
    return copy;
}

static ULONG negotiation_state(const struct negotiate_context *c)
{
    if (c->direct)
        return SECPKG_NEGOTIATION_DIRECT;
    if (c->handshake == NULL)
        return SECPKG_NEGOTIATION_COMPLETE;
    return c->handshake->progress == NEGOTIATE_OFFERED ? SECPKG_NEGOTIATION_OPTIMISTIC
                                                       : SECPKG_NEGOTIATION_IN_PROGRESS;
}

static NTSTATUS query_info(const struct negotiate_context *c, bool negotiation, void *buffer)
{
    SecPkgContext_NegotiationInfoW out = {give_info(c, negotiation), negotiation_state(c)};

    if (out.PackageInfo == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    return lsa_functions->CopyToClientBuffer(
        NULL, negotiation ? sizeof(out) : sizeof(SecPkgContext_PackageInfoW), buffer, &out);
}

static NTSTATUS query_last_token(const struct negotiate_context *c, void *buffer)
{
    SecPkgContext_LastClientTokenStatus out = {c->handshake != NULL ? SecPkgAttrLastClientTokenMaybe
                                               : c->established     ? SecPkgAttrLastClientTokenYes
                                                                    : SecPkgAttrLastClientTokenNo};

    return lsa_functions->CopyToClientBuffer(NULL, sizeof(out), buffer, &out);
}

static NTSTATUS NTAPI negotiate_SpQueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                                         PVOID Buffer)
{
    const struct negotiate_context *c = slab_get(&contexts, ContextHandle);

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (Buffer == NULL)
        return SEC_E_INVALID_PARAMETER;
    switch (ContextAttribute) {
    case SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS:
        return query_last_token(c, Buffer);
    case SECPKG_ATTR_PACKAGE_INFO:
    case SECPKG_ATTR_NEGOTIATION_INFO:
        return query_info(c, ContextAttribute == SECPKG_ATTR_NEGOTIATION_INFO, Buffer);
    default:
        break;
    }
    return negotiate_inner_query(c, ContextAttribute, Buffer);
}

static NTSTATUS NTAPI negotiate_SpSetContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                                       PVOID Buffer, ULONG BufferSize)
{
    const struct negotiate_context *c = slab_get(&contexts, ContextHandle);

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (c->inner.lsa == NULL || c->inner.lsa->SetContextAttributes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    return c->inner.lsa->SetContextAttributes(c->inner_context, ContextAttribute, Buffer, BufferSize);
}

static NTSTATUS NTAPI negotiate_SpApplyControlToken(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc ControlToken)
{
    const struct negotiate_context *c = slab_get(&contexts, ContextHandle);

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (c->inner.lsa == NULL || c->inner.lsa->ApplyControlToken == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    return c->inner.lsa->ApplyControlToken(c->inner_context, ControlToken);
}

NTSTATUS negotiate_SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                       PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    static SECPKG_FUNCTION_TABLE table = {
        .Initialize = negotiate_SpInitialize,
        .Shutdown = negotiate_SpShutdown,
        .GetInfo = negotiate_SpGetInfo,
        .AcquireCredentialsHandle = negotiate_SpAcquireCredentialsHandle,
        .QueryCredentialsAttributes = negotiate_SpQueryCredentialsAttributes,
        .FreeCredentialsHandle = negotiate_SpFreeCredentialsHandle,
        .InitLsaModeContext = negotiate_SpInitLsaModeContext,
        .AcceptLsaModeContext = negotiate_SpAcceptLsaModeContext,
        .DeleteContext = negotiate_SpDeleteContext,
        .ApplyControlToken = negotiate_SpApplyControlToken,
        .GetExtendedInformation = negotiate_SpGetExtendedInformation,
        .QueryContextAttributes = negotiate_SpQueryContextAttributes,
        .SetContextAttributes = negotiate_SpSetContextAttributes,
    };

    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION_3;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}
