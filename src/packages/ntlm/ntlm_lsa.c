/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_lsa.h"

#include <opensspi.h>
#include "base/mem.h"
#include "base/secbuf.h"
#include "base/secret.h"
#include "base/sources.h"
#include "base/trace.h"
#include "base/utf16.h"
#include "packages/attributes.h"
#include "packages/ntlm/ntlm_compute.h"
#include "packages/ntlm/ntlm_info.h"
#include "packages/ntlm/ntlm_messages.h"
#include "packages/ntlm/ntlm_package.h"
#include "packages/ntlm/ntlm_policy.h"
#include "packages/ntlm/ntlm_user.h"

enum context_state { CONTEXT_OPEN, CONTEXT_ESTABLISHED, CONTEXT_FAILED };

struct ntlm_lsa_context {
    struct slab_head head;
    struct ntlm_handshake *handshake; /* NULL unless OPEN */
    uint8_t state;                    /* enum context_state */
    uint8_t busy;                     /* atomic: a leg is being worked on */
    uint8_t mic;                      /* established: AUTHENTICATE carries a MIC */
};

_Static_assert(sizeof(struct ntlm_lsa_context) <= 64, "a million contexts are 64 MB here");

static struct slab contexts = SLAB_INIT(sizeof(struct ntlm_lsa_context), 1u << 22, false);

PLSA_SECPKG_FUNCTION_TABLE ntlm_lsa_functions;

void ntlm_blob_free(struct ntlm_blob *b)
{
    mem_free(b->data);
    *b = (struct ntlm_blob){NULL, 0};
}

void ntlm_handshake_free(struct ntlm_handshake *h)
{
    if (h == NULL) {
        return;
    }
    ntlm_blob_free(&h->negotiate);
    ntlm_blob_free(&h->challenge);
    ntlm_identity_free(&h->identity);
    ntlm_text_free(&h->target);
    mem_free(h);
}

bool ntlm_strong_enough(uint32_t flags)
{
    uint32_t minimum = ntlm_policy()->minimum;
    if (flags & NTLM_F_SEAL) {
        flags |= NTLM_F_SIGN;
    }
    return (flags & minimum) == minimum;
}

void ntlm_establish(struct ntlm_packed *out, uint32_t flags, bool initiator, uint32_t attributes,
                    const uint8_t session_key[static 16])
{
    ntlm_protect_init(&out->protect, flags, initiator, ntlm_packed_detect(attributes), session_key);
    memcpy(out->session_key, session_key, sizeof out->session_key);
    out->attributes = attributes;
    out->start = sources_now();
    out->expiry = INT64_MAX;
}

/* ---- start and end ---- */

static NTSTATUS NTAPI ntlm_SpInitialize(ULONG_PTR PackageId, PSECPKG_PARAMETERS Parameters,
                                        PLSA_SECPKG_FUNCTION_TABLE FunctionTable)
{
    char error[512];
    (void)PackageId;
    if (!ntlm_policy_load(error)) {
        if (trace_on()) {
            trace_event("ntlm", "configuration-refused", "reason=\"%s\"", error);
        }
        return SEC_E_CANNOT_INSTALL;
    }
    ntlm_lsa_functions = FunctionTable;
    ntlm_machine_read(Parameters);
    return SEC_E_OK;
}

static NTSTATUS NTAPI ntlm_SpShutdown(void)
{
    return SEC_E_OK;
}

static NTSTATUS NTAPI ntlm_SpGetInfo(PSecPkgInfoW PackageInfo)
{
    *PackageInfo = ntlm_package_info;
    return SEC_E_OK;
}

/* For Negotiate: the mechanism's name, 1.3.6.1.4.1.311.2.2.10. */
static NTSTATUS NTAPI ntlm_SpGetExtendedInformation(SECPKG_EXTENDED_INFORMATION_CLASS Class,
                                                    PSECPKG_EXTENDED_INFORMATION *ppInformation)
{
    static const UCHAR oid[] = {0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a};
    if (Class != SecpkgGssInfo) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    SECPKG_EXTENDED_INFORMATION *information =
        ntlm_lsa_functions->AllocateLsaHeap(sizeof *information + sizeof oid);
    if (information == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    information->Class = SecpkgGssInfo;
    information->Info.GssInfo.EncodedIdLength = sizeof oid;
    memcpy(information->Info.GssInfo.EncodedId, oid, sizeof oid);
    *ppInformation = information;
    return SEC_E_OK;
}

/* ---- contexts ---- */

/* A new context with an empty handshake. Numbers with the mark of imported contexts stay taken: see
 * ntlm_user.h. */
static struct ntlm_lsa_context *context_new(uintptr_t *id, bool initiator)
{
    struct ntlm_lsa_context *c;
    struct ntlm_handshake *h = mem_alloc(sizeof *h);
    if (h == NULL) {
        return NULL;
    }
    do {
        c = slab_alloc(&contexts, id);
    } while (c != NULL && (*id & NTLM_IMPORTED));
    if (c == NULL) {
        mem_free(h);
        return NULL;
    }
    h->initiator = initiator;
    c->handshake = h;
    return c;
}

static void context_end(struct ntlm_lsa_context *c, enum context_state state)
{
    c->mic = c->handshake != NULL && c->handshake->mic;
    ntlm_handshake_free(c->handshake);
    c->handshake = NULL;
    c->state = (uint8_t)state;
}

/* The context of an open handshake of that role, which nobody else works on; context_release afterwards. */
static struct ntlm_lsa_context *context_take(LSA_SEC_HANDLE id, bool initiator)
{
    struct ntlm_lsa_context *c = slab_get(&contexts, id);
    if (c == NULL || __atomic_exchange_n(&c->busy, 1, __ATOMIC_ACQUIRE) != 0) {
        return NULL;
    }
    if (c->state != CONTEXT_OPEN || c->handshake == NULL || c->handshake->initiator != initiator) {
        __atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
        return NULL;
    }
    return c;
}

static void context_release(struct ntlm_lsa_context *c)
{
    __atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
}

static NTSTATUS NTAPI ntlm_SpDeleteContext(LSA_SEC_HANDLE ContextHandle)
{
    struct ntlm_lsa_context *c = slab_get(&contexts, ContextHandle);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    ntlm_handshake_free(c->handshake);
    slab_free(&contexts, ContextHandle);
    return SEC_E_OK;
}

/* ---- what every leg does with its buffers ---- */

static struct span input_token(const SecBufferDesc *input)
{
    const SecBuffer *token = secbuf_find(input, SECBUFFER_TOKEN);
    if (token == NULL || token->pvBuffer == NULL) {
        return (struct span){NULL, 0};
    }
    return (struct span){token->pvBuffer, token->cbBuffer};
}

/* Channel bindings may come with any leg; the last given count. */
static SECURITY_STATUS input_bindings(struct ntlm_handshake *h, const SecBufferDesc *input)
{
    const SecBuffer *buffer = secbuf_find(input, SECBUFFER_CHANNEL_BINDINGS);
    if (buffer == NULL || buffer->cbBuffer == 0) {
        return SEC_E_OK;
    }
    if (!ntlm_compute_bindings(buffer->pvBuffer, buffer->cbBuffer, h->bindings)) {
        return SEC_E_INVALID_TOKEN;
    }
    h->has_bindings = true;
    return SEC_E_OK;
}

/* The room for a token of that size; checked before the outcome is final. */
static SECURITY_STATUS output_check(const SecBufferDesc *output, size_t size)
{
    const SecBuffer *token = secbuf_find(output, SECBUFFER_TOKEN);
    if (token == NULL) {
        return size == 0 ? SEC_E_OK : SEC_E_INVALID_TOKEN;
    }
    return token->cbBuffer >= size && (token->pvBuffer != NULL || size == 0) ? SEC_E_OK
                                                                             : SEC_E_BUFFER_TOO_SMALL;
}

static void output_token(SecBufferDesc *output, struct span bytes)
{
    SecBuffer *token = secbuf_find(output, SECBUFFER_TOKEN);
    if (token == NULL) {
        return;
    }
    if (bytes.size > 0) {
        memcpy(token->pvBuffer, bytes.data, bytes.size);
    }
    token->cbBuffer = (ULONG)bytes.size;
}

/* The packed context in memory of the host. */
static SECURITY_STATUS pack_context(const struct ntlm_packed *packed, SecBuffer *out)
{
    size_t size = ntlm_packed_size(packed);
    uint8_t *bytes = ntlm_lsa_functions->AllocateLsaHeap((ULONG)size);
    if (bytes == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (!ntlm_packed_write(packed, bytes, size)) {
        secret_wipe(bytes, size);
        ntlm_lsa_functions->FreeLsaHeap(bytes);
        return SEC_E_INTERNAL_ERROR;
    }
    *out = (SecBuffer){.cbBuffer = (ULONG)size, .BufferType = SECBUFFER_EMPTY, .pvBuffer = bytes};
    return SEC_E_OK;
}

/* What a finished leg leaves with the caller. */
struct leg_result {
    struct ntlm_packed packed;
    char16_t *names;
    struct ntlm_blob token;
};

static SECURITY_STATUS leg_deliver(struct leg_result *r, SecBufferDesc *output, SecBuffer *context)
{
    SECURITY_STATUS status = output_check(output, r->token.size);
    if (status == SEC_E_OK) {
        status = pack_context(&r->packed, context);
    }
    if (status == SEC_E_OK) {
        output_token(output, ntlm_blob_span(&r->token));
    }
    return status;
}

static void leg_result_free(struct leg_result *r)
{
    mem_free(r->names);
    ntlm_blob_free(&r->token);
    secret_wipe(r, sizeof *r);
}

/* ---- InitializeSecurityContext ---- */

static SECURITY_STATUS initiate_prepare(struct ntlm_handshake *h, const struct ntlm_credential *credential,
                                        const UNICODE_STRING *target, ULONG requirements)
{
    size_t units = 0;
    h->requirements = requirements;
    h->offered = ntlm_initiate_flags(requirements);
    h->supplied = credential->supplied;
    if (!ntlm_identity_copy(&h->identity, &credential->identity)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (requirements & ISC_REQ_NULL_SESSION) {
        ntlm_identity_free(&h->identity);
        h->identity.anonymous = true;
    }
    if (target != NULL && target->Buffer != NULL) {
        while (units < target->Length / sizeof(char16_t) && target->Buffer[units] != 0) {
            units++;
        }
    }
    return ntlm_text_copy(&h->target, units > 0 ? target->Buffer : u"", units) ? SEC_E_OK
                                                                               : SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS initiate_first(struct ntlm_handshake *h, const SecBufferDesc *input,
                                      SecBufferDesc *output)
{
    SECURITY_STATUS status = input_bindings(h, input);
    if (status == SEC_E_OK) {
        status = ntlm_initiate_negotiate(h);
    }
    if (status == SEC_E_OK) {
        status = output_check(output, h->negotiate.size);
    }
    if (status == SEC_E_OK) {
        output_token(output, ntlm_blob_span(&h->negotiate));
    }
    if (trace_on()) {
        char flags[256];
        trace_event("ntlm", "negotiate-sent", "flags=%s bytes=%zu status=0x%08x",
                    ntlm_flags_text(h->offered, flags, sizeof flags), h->negotiate.size, (unsigned)status);
    }
    return status;
}

static NTSTATUS initiate_begin(LSA_SEC_HANDLE credential, const UNICODE_STRING *target, ULONG requirements,
                               const SecBufferDesc *input, SecBufferDesc *output, LSA_SEC_HANDLE *made,
                               ULONG *attributes)
{
    uintptr_t id = 0;
    const struct ntlm_credential *from = ntlm_credential_find(credential);
    if (from == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    bool anonymous = (requirements & ISC_REQ_NULL_SESSION) != 0;
    if (!(from->use & SECPKG_CRED_OUTBOUND) || (!from->has_identity && !anonymous)) {
        return SEC_E_NO_CREDENTIALS;
    }
    struct ntlm_lsa_context *c = context_new(&id, true);
    if (c == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    SECURITY_STATUS status = initiate_prepare(c->handshake, from, target, requirements);
    if (status == SEC_E_OK) {
        status = initiate_first(c->handshake, input, output);
    }
    if (status != SEC_E_OK) {
        (void)ntlm_SpDeleteContext(id);
        return status;
    }
    *made = id;
    *attributes = ntlm_initiate_attributes(c->handshake, c->handshake->offered);
    return SEC_I_CONTINUE_NEEDED;
}

static NTSTATUS initiate_finish(LSA_SEC_HANDLE context, const SecBufferDesc *input, SecBufferDesc *output,
                                ULONG *attributes, SecBuffer *packed)
{
    struct leg_result result = {0};
    struct ntlm_lsa_context *c = context_take(context, true);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    struct span token = input_token(input);
    SECURITY_STATUS status = token.size == 0 ? SEC_E_INVALID_TOKEN : input_bindings(c->handshake, input);
    if (status == SEC_E_OK) {
        status =
            ntlm_initiate_authenticate(c->handshake, token, &result.token, &result.packed, &result.names);
    }
    if (status == SEC_E_OK) {
        status = leg_deliver(&result, output, packed);
        *attributes = result.packed.attributes;
    }
    leg_result_free(&result);
    context_end(c, status == SEC_E_OK ? CONTEXT_ESTABLISHED : CONTEXT_FAILED);
    context_release(c);
    return status;
}

static NTSTATUS NTAPI ntlm_SpInitLsaModeContext(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                                PUNICODE_STRING TargetName, ULONG ContextRequirements,
                                                ULONG TargetDataRep, PSecBufferDesc InputBuffers,
                                                PLSA_SEC_HANDLE NewContextHandle,
                                                PSecBufferDesc OutputBuffers, PULONG ContextAttributes,
                                                PTimeStamp ExpirationTime, PBOOLEAN MappedContext,
                                                PSecBuffer ContextData)
{
    NTSTATUS status;
    (void)TargetDataRep;
    *MappedContext = FALSE;
    if (ContextHandle == 0) {
        status = initiate_begin(CredentialHandle, TargetName, ContextRequirements, InputBuffers,
                                OutputBuffers, NewContextHandle, ContextAttributes);
    } else {
        status = initiate_finish(ContextHandle, InputBuffers, OutputBuffers, ContextAttributes, ContextData);
        *NewContextHandle = ContextHandle;
        *MappedContext = status == SEC_E_OK;
    }
    if (status >= 0 && ExpirationTime != NULL) {
        ExpirationTime->QuadPart = INT64_MAX;
    }
    return status;
}

/* ---- AcceptSecurityContext ---- */

static NTSTATUS accept_begin(LSA_SEC_HANDLE credential, ULONG requirements, const SecBufferDesc *input,
                             SecBufferDesc *output, LSA_SEC_HANDLE *made, ULONG *attributes)
{
    uintptr_t id = 0;
    const struct ntlm_credential *from = ntlm_credential_find(credential);
    if (from == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    if (!(from->use & SECPKG_CRED_INBOUND)) {
        return SEC_E_NO_CREDENTIALS;
    }
    struct ntlm_lsa_context *c = context_new(&id, false);
    if (c == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    struct ntlm_handshake *h = c->handshake;
    h->requirements = requirements;
    SECURITY_STATUS status = input_bindings(h, input);
    if (status == SEC_E_OK) {
        status = ntlm_accept_challenge(h, input_token(input));
    }
    if (status == SEC_E_OK) {
        status = output_check(output, h->challenge.size);
    }
    if (status != SEC_E_OK) {
        (void)ntlm_SpDeleteContext(id);
        return status;
    }
    output_token(output, ntlm_blob_span(&h->challenge));
    *made = id;
    *attributes = ntlm_accept_attributes(h, h->offered);
    return SEC_I_CONTINUE_NEEDED;
}

static NTSTATUS accept_finish(LSA_SEC_HANDLE context, ULONG requirements, const SecBufferDesc *input,
                              SecBufferDesc *output, ULONG *attributes, SecBuffer *packed)
{
    struct leg_result result = {0};
    struct ntlm_lsa_context *c = context_take(context, false);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    struct span token = input_token(input);
    c->handshake->requirements |= requirements & ASC_REQ_ALLOW_MISSING_BINDINGS;
    SECURITY_STATUS status = token.size == 0 ? SEC_E_INVALID_TOKEN : input_bindings(c->handshake, input);
    if (status == SEC_E_OK) {
        status = ntlm_accept_authenticate(c->handshake, token, &result.packed, &result.names);
    }
    if (status == SEC_E_OK) {
        status = leg_deliver(&result, output, packed);
        *attributes = result.packed.attributes;
    }
    leg_result_free(&result);
    context_end(c, status == SEC_E_OK ? CONTEXT_ESTABLISHED : CONTEXT_FAILED);
    context_release(c);
    return status;
}

static NTSTATUS NTAPI ntlm_SpAcceptLsaModeContext(LSA_SEC_HANDLE CredentialHandle,
                                                  LSA_SEC_HANDLE ContextHandle, PSecBufferDesc InputBuffer,
                                                  ULONG ContextRequirements, ULONG TargetDataRep,
                                                  PLSA_SEC_HANDLE NewContextHandle,
                                                  PSecBufferDesc OutputBuffer, PULONG ContextAttributes,
                                                  PTimeStamp ExpirationTime, PBOOLEAN MappedContext,
                                                  PSecBuffer ContextData)
{
    NTSTATUS status;
    (void)TargetDataRep;
    *MappedContext = FALSE;
    if (ContextHandle == 0) {
        status = accept_begin(CredentialHandle, ContextRequirements, InputBuffer, OutputBuffer,
                              NewContextHandle, ContextAttributes);
    } else {
        status = accept_finish(ContextHandle, ContextRequirements, InputBuffer, OutputBuffer,
                               ContextAttributes, ContextData);
        *NewContextHandle = ContextHandle;
        *MappedContext = status == SEC_E_OK;
    }
    if (status >= 0 && ExpirationTime != NULL) {
        ExpirationTime->QuadPart = INT64_MAX;
    }
    return status;
}

/* ---- attributes of contexts that are not established ---- */

/* Negotiate asks: is RFC 4178's mechListMIC wanted because AUTHENTICATE carries a MIC? */
static NTSTATUS query_mechlist_mic(const struct ntlm_lsa_context *c, void *buffer)
{
    ULONG wanted = c->mic;
    return ntlm_lsa_functions->CopyToClientBuffer(NULL, sizeof wanted, buffer, &wanted);
}

static NTSTATUS query_last_token(const struct ntlm_lsa_context *c, void *buffer)
{
    SecPkgContext_LastClientTokenStatus out = {
        c->state == CONTEXT_ESTABLISHED ? SecPkgAttrLastClientTokenYes
        : c->state == CONTEXT_FAILED    ? SecPkgAttrLastClientTokenNo
                                        : SecPkgAttrLastClientTokenMaybe,
    };
    return ntlm_lsa_functions->CopyToClientBuffer(NULL, sizeof out, buffer, &out);
}

static NTSTATUS query_package(bool negotiation, void *buffer)
{
    SecPkgContext_NegotiationInfoW out = {.PackageInfo =
                                              packages_info_copy(ntlm_client_alloc, &ntlm_package_info),
                                          .NegotiationState = SECPKG_NEGOTIATION_IN_PROGRESS};
    if (out.PackageInfo == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    size_t size = negotiation ? sizeof out : sizeof(SecPkgContext_PackageInfoW);
    return ntlm_lsa_functions->CopyToClientBuffer(NULL, (ULONG)size, buffer, &out);
}

static NTSTATUS query_names(const struct ntlm_handshake *h, void *buffer)
{
    if (h->identity.anonymous) {
        return SEC_E_INVALID_HANDLE; /* nobody's name is known yet */
    }
    return ntlm_client_give_name(&h->identity.domain, &h->identity.user, buffer);
}

static NTSTATUS query_client_target(const struct ntlm_handshake *h, void *buffer)
{
    SecPkgContext_ClientSpecifiedTarget out = {
        packages_string_copy(ntlm_client_alloc, h->target.text, h->target.units)};
    if (out.sTargetName == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return ntlm_lsa_functions->CopyToClientBuffer(NULL, sizeof out, buffer, &out);
}

/* UTF-8, as of an established context. */
static NTSTATUS query_target(const struct ntlm_handshake *h, void *buffer)
{
    size_t bytes = 0;
    bool invalid = false;
    char *text = utf8_from_utf16(h->target.text, h->target.units, &bytes, &invalid);
    SecPkgContext_Target out = {(ULONG)bytes, text != NULL ? ntlm_client_alloc(bytes + 1) : NULL};
    NTSTATUS status = invalid ? SEC_E_INTERNAL_ERROR : SEC_E_INSUFFICIENT_MEMORY;
    if (out.Target != NULL) {
        memcpy(out.Target, text, bytes + 1);
        status = ntlm_lsa_functions->CopyToClientBuffer(NULL, sizeof out, buffer, &out);
    }
    mem_free(text);
    return status;
}

static NTSTATUS query_open(const struct ntlm_handshake *h, ULONG attribute, void *buffer)
{
    switch (attribute) {
    case SECPKG_ATTR_PACKAGE_INFO:
        return query_package(false, buffer);
    case SECPKG_ATTR_NEGOTIATION_INFO:
        return query_package(true, buffer);
    default:
        break;
    }
    if (!h->initiator) {
        return SEC_E_INVALID_HANDLE;
    }
    switch (attribute) {
    case SECPKG_ATTR_NAMES:
        return query_names(h, buffer);
    case SECPKG_ATTR_TARGET:
        return query_target(h, buffer);
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        return query_client_target(h, buffer);
    default:
        return SEC_E_INVALID_HANDLE;
    }
}

/* Nobody else may be at work on the handshake while its texts are read. */
static NTSTATUS NTAPI ntlm_SpQueryLsaContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                                       PVOID Buffer)
{
    struct ntlm_lsa_context *c = slab_get(&contexts, ContextHandle);
    NTSTATUS status = SEC_E_INVALID_HANDLE;
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    if (Buffer == NULL) {
        return SEC_E_INVALID_PARAMETER;
    }
    if (ContextAttribute == SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS) {
        return query_last_token(c, Buffer);
    }
    if (__atomic_exchange_n(&c->busy, 1, __ATOMIC_ACQUIRE) != 0) {
        return SEC_E_INVALID_HANDLE;
    }
    if (ContextAttribute == SSPI_ATTR_MECHLIST_MIC && c->state == CONTEXT_ESTABLISHED) {
        status = query_mechlist_mic(c, Buffer);
    }
    if (c->state == CONTEXT_OPEN && c->handshake != NULL) {
        status = query_open(c->handshake, ContextAttribute, Buffer);
    }
    context_release(c);
    return status;
}

NTSTATUS ntlm_SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                                  PULONG pcTables)
{
    static SECPKG_FUNCTION_TABLE table = {
        .Initialize = ntlm_SpInitialize,
        .Shutdown = ntlm_SpShutdown,
        .GetInfo = ntlm_SpGetInfo,
        .AcquireCredentialsHandle = ntlm_SpAcquireCredentialsHandle,
        .QueryCredentialsAttributes = ntlm_SpQueryCredentialsAttributes,
        .FreeCredentialsHandle = ntlm_SpFreeCredentialsHandle,
        .InitLsaModeContext = ntlm_SpInitLsaModeContext,
        .AcceptLsaModeContext = ntlm_SpAcceptLsaModeContext,
        .DeleteContext = ntlm_SpDeleteContext,
        .GetExtendedInformation = ntlm_SpGetExtendedInformation,
        .QueryContextAttributes = ntlm_SpQueryLsaContextAttributes,
    };
    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION_3;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}
