/* SPDX-License-Identifier: MIT */
/* The LSA half. A context is a number and, while its handshake goes on, a struct exchange; the finished
 * context crosses to the user half as packed bytes, and nothing of it stays here. */
#include <opensspi.h>

#include "base/mem.h"
#include "base/secbuf.h"
#include "base/secret.h"
#include "base/slab.h"
#include "base/sources.h"
#include "base/trace.h"
#include "base/wire.h"
#include "packages/identity.h"
#include "packages/psk/psk_identities.h"
#include "packages/psk/psk_info.h"
#include "packages/psk/psk_package.h"
#include "packages/psk/psk_packed.h"
#include "packages/psk/psk_settings.h"
#include "packages/psk/psk_user.h"

struct credential {
    struct slab_head head;
    ULONG use;                    /* SECPKG_CRED_* */
    struct psk_identity identity; /* outbound ones */
};

enum context_state { CONTEXT_OPEN, CONTEXT_ESTABLISHED, CONTEXT_FAILED };

/* A handshake that goes on; from the host's heap, which is kept out of dumps and is wiped when freed. */
struct exchange {
    bool initiator;
    bool known; /* acceptor: the initiator's name is in the file */
    bool has_bindings;
    ULONG requirements; /* ISC_REQ_* or ASC_REQ_* */
    uint8_t bindings[PSK_BINDINGS_SIZE];
    struct psk_handshake h;
};

struct context {
    struct slab_head head;
    struct exchange *exchange; /* NULL unless OPEN */
    uint8_t state;             /* enum context_state */
    uint8_t busy;              /* atomic: a step is being worked on */
};

static struct slab credentials = SLAB_INIT(sizeof(struct credential), 1u << 20, true);
static struct slab contexts = SLAB_INIT(sizeof(struct context), 1u << 22, false);

static PLSA_SECPKG_FUNCTION_TABLE host;
static struct psk_settings settings;

/* ---- start ---- */

static NTSTATUS NTAPI psk_SpInitialize(ULONG_PTR PackageId, PSECPKG_PARAMETERS Parameters,
                                       PLSA_SECPKG_FUNCTION_TABLE FunctionTable)
{
    struct psk_settings read;
    char error[512];

    (void)PackageId;
    (void)Parameters;
    if (!psk_settings_read(&read, error)) {
        if (trace_on())
            trace_event("psk", "configuration-refused", "reason=\"%s\"", error);
        return SEC_E_CANNOT_INSTALL;
    }
    host = FunctionTable;
    settings = read;
    return SEC_E_OK;
}

static NTSTATUS NTAPI psk_SpShutdown(void)
{
    return SEC_E_OK;
}

static NTSTATUS NTAPI psk_SpGetInfo(PSecPkgInfoW PackageInfo)
{
    *PackageInfo = psk_info;
    return SEC_E_OK;
}

/* ---- credentials ---- */

static SECURITY_STATUS identity_find(const struct psk_name *name, struct psk_identity *out)
{
    char error[512];
    SECURITY_STATUS status = psk_identity_find(settings.identities, name, out, error);

    if (status != SEC_E_OK && trace_on())
        trace_event("psk", "identity", "status=0x%08x reason=\"%s\"", (unsigned)status, error);
    return status;
}

/* The user of the application's identity structure; its other members have no meaning here. */
static SECURITY_STATUS client_name(const void *data, struct psk_name *out, bool *given)
{
    SECPKG_CALL_INFO call = {0};
    struct packages_identity id = {0};
    bool ansi = host->GetCallInfo(&call) && (call.Attributes & SECPKG_CALL_ANSI);
    SECURITY_STATUS status = packages_identity_read(host->CopyFromClientBuffer, data, ansi, &id, given);

    if (status != SEC_E_OK)
        return status;
    if (*given) {
        bool invalid = false;
        char *user = packages_identity_split(&id) ? packages_text_utf8(&id.user, &invalid) : NULL;
        if (user == NULL)
            status = invalid ? SEC_E_UNKNOWN_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
        else if (!psk_name_set(out, user, strlen(user)))
            status = SEC_E_UNKNOWN_CREDENTIALS;
        mem_free(user);
    }
    packages_identity_free(&id);
    return status;
}

static SECURITY_STATUS outbound_identity(const void *data, struct psk_identity *out)
{
    struct psk_name name = {0};
    bool given = false;
    SECPKG_CLIENT_INFO client = {0};

    /* Every key here is the process's, and none of a client's that it acts for. */
    if (host->GetClientInfo(&client) >= 0 && client.Impersonating)
        return SEC_E_NO_CREDENTIALS;
    SECURITY_STATUS status = data != NULL ? client_name(data, &name, &given) : SEC_E_OK;
    if (status != SEC_E_OK)
        return status;
    if (given)
        return identity_find(&name, out);
    return identity_find(settings.identity.size > 0 ? &settings.identity : NULL, out);
}

static NTSTATUS NTAPI psk_SpAcquireCredentialsHandle(PUNICODE_STRING PrincipalName, ULONG CredentialUseFlags,
                                                     PLUID LogonId, PVOID AuthorizationData,
                                                     PVOID GetKeyFunciton, PVOID GetKeyArgument,
                                                     PLSA_SEC_HANDLE CredentialHandle,
                                                     PTimeStamp ExpirationTime)
{
    struct psk_identity identity = {0};
    uintptr_t id = 0;
    ULONG use = CredentialUseFlags & SECPKG_CRED_BOTH;

    (void)PrincipalName;
    (void)LogonId;
    (void)GetKeyFunciton;
    (void)GetKeyArgument;
    if (use == 0)
        return SEC_E_INVALID_PARAMETER;
    if (use & SECPKG_CRED_OUTBOUND) {
        SECURITY_STATUS status = outbound_identity(AuthorizationData, &identity);
        if (status != SEC_E_OK)
            return status;
    }
    struct credential *c = slab_alloc(&credentials, &id);
    if (c != NULL) {
        c->use = use;
        c->identity = identity;
        *CredentialHandle = id;
        ExpirationTime->QuadPart = INT64_MAX;
    }
    secret_wipe(&identity, sizeof identity);
    return c != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static NTSTATUS NTAPI psk_SpFreeCredentialsHandle(LSA_SEC_HANDLE CredentialHandle)
{
    if (slab_get(&credentials, CredentialHandle) == NULL)
        return SEC_E_INVALID_HANDLE;
    slab_free(&credentials, CredentialHandle);
    return SEC_E_OK;
}

static void *client_alloc(size_t size)
{
    void *there = NULL;

    return host->AllocateClientBuffer(NULL, (ULONG)size, &there) < 0 ? NULL : there;
}

static NTSTATUS give_name(const struct psk_name *name, void *buffer)
{
    SecPkgContext_NamesW names = {psk_text_wide(client_alloc, name->text, name->size)};

    if (names.sUserName == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    return host->CopyToClientBuffer(NULL, sizeof names, buffer, &names);
}

static NTSTATUS NTAPI psk_SpQueryCredentialsAttributes(LSA_SEC_HANDLE CredentialHandle,
                                                       ULONG CredentialAttribute, PVOID Buffer)
{
    const struct credential *c = slab_get(&credentials, CredentialHandle);

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (CredentialAttribute != SECPKG_CRED_ATTR_NAMES)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (Buffer == NULL)
        return SEC_E_INVALID_PARAMETER;
    /* SecPkgCredentials_NamesW has the layout of SecPkgContext_NamesW. */
    return give_name(c->use & SECPKG_CRED_OUTBOUND ? &c->identity.name : &settings.name, Buffer);
}

/* ---- contexts ---- */

/* Numbers with the mark of imported contexts stay taken for good: see psk_user.h. */
static struct context *context_new(uintptr_t *id, bool initiator, ULONG requirements)
{
    struct context *c;
    struct exchange *x = host->AllocateLsaHeap(sizeof *x);

    if (x == NULL)
        return NULL;
    do {
        c = slab_alloc(&contexts, id);
    } while (c != NULL && (*id & PSK_IMPORTED));
    if (c == NULL) {
        host->FreeLsaHeap(x);
        return NULL;
    }
    x->initiator = initiator;
    x->requirements = requirements;
    c->exchange = x;
    return c;
}

static void context_end(struct context *c, enum context_state state)
{
    if (c->exchange != NULL) {
        secret_wipe(c->exchange, sizeof *c->exchange);
        host->FreeLsaHeap(c->exchange);
        c->exchange = NULL;
    }
    c->state = (uint8_t)state;
}

static NTSTATUS NTAPI psk_SpDeleteContext(LSA_SEC_HANDLE ContextHandle)
{
    struct context *c = slab_get(&contexts, ContextHandle);

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    context_end(c, CONTEXT_FAILED);
    slab_free(&contexts, ContextHandle);
    return SEC_E_OK;
}

/* The context of an open handshake of that role on which nobody else works; context_leave afterwards. */
static struct context *context_enter(LSA_SEC_HANDLE id, bool initiator)
{
    struct context *c = slab_get(&contexts, id);

    if (c == NULL || __atomic_exchange_n(&c->busy, 1, __ATOMIC_ACQUIRE) != 0)
        return NULL;
    if (c->state == CONTEXT_OPEN && c->exchange->initiator == initiator)
        return c;
    __atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
    return NULL;
}

static void context_leave(struct context *c, SECURITY_STATUS status)
{
    context_end(c, status == SEC_E_OK ? CONTEXT_ESTABLISHED : CONTEXT_FAILED);
    __atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
}

/* ---- a step's buffers ---- */

static struct span input_token(const SecBufferDesc *input)
{
    const SecBuffer *token = secbuf_find(input, SECBUFFER_TOKEN);

    return token != NULL && token->pvBuffer != NULL ? (struct span){token->pvBuffer, token->cbBuffer}
                                                    : (struct span){NULL, 0};
}

/* Nothing to send: an output TOKEN, where there is one, becomes empty. */
static SECURITY_STATUS output_token(SecBufferDesc *output, const void *bytes, size_t size)
{
    SecBuffer *token = secbuf_find(output, SECBUFFER_TOKEN);

    if (token == NULL)
        return size == 0 ? SEC_E_OK : SEC_E_INVALID_TOKEN;
    if (token->cbBuffer < size || (token->pvBuffer == NULL && size > 0))
        return SEC_E_BUFFER_TOO_SMALL;
    if (size > 0)
        memcpy(token->pvBuffer, bytes, size);
    token->cbBuffer = (ULONG)size;
    return SEC_E_OK;
}

static bool bindings_part(const SecBuffer *buffer, ULONG offset, ULONG length, struct span *out)
{
    *out = (struct span){NULL, 0};
    if (length == 0)
        return true;
    if (offset < sizeof(SEC_CHANNEL_BINDINGS) || offset > buffer->cbBuffer ||
        length > buffer->cbBuffer - offset)
        return false;
    *out = (struct span){(const uint8_t *)buffer->pvBuffer + offset, length};
    return true;
}

/* SHA-256 over RFC 2744's serialization of the bindings; they may come with any step, the last ones count. */
static SECURITY_STATUS input_bindings(struct exchange *x, const SecBufferDesc *input)
{
    const SecBuffer *buffer = secbuf_find(input, SECBUFFER_CHANNEL_BINDINGS);
    SEC_CHANNEL_BINDINGS b;
    struct span initiator, acceptor, application;
    uint8_t heads[20];

    if (buffer == NULL || buffer->cbBuffer == 0)
        return SEC_E_OK;
    if (buffer->pvBuffer == NULL || buffer->cbBuffer < sizeof b)
        return SEC_E_INVALID_TOKEN;
    memcpy(&b, buffer->pvBuffer, sizeof b);
    if (!bindings_part(buffer, b.dwInitiatorOffset, b.cbInitiatorLength, &initiator) ||
        !bindings_part(buffer, b.dwAcceptorOffset, b.cbAcceptorLength, &acceptor) ||
        !bindings_part(buffer, b.dwApplicationDataOffset, b.cbApplicationDataLength, &application))
        return SEC_E_INVALID_TOKEN;
    wire_put_u32(heads, b.dwInitiatorAddrType);
    wire_put_u32(heads + 4, b.cbInitiatorLength);
    wire_put_u32(heads + 8, b.dwAcceptorAddrType);
    wire_put_u32(heads + 12, b.cbAcceptorLength);
    wire_put_u32(heads + 16, b.cbApplicationDataLength);
    const struct span parts[] = {{heads, 8}, initiator,       {heads + 8, 8},
                                 acceptor,   {heads + 16, 4}, application};
    const struct crypto_message m = {.parts = parts, .count = sizeof parts / sizeof parts[0]};
    crypto_sha256(&m, x->bindings);
    x->has_bindings = true;
    return SEC_E_OK;
}

/* ---- the established context ---- */

/* REPLAY, SEQUENCE, CONFIDENTIALITY, MUTUAL_AUTH, CONNECTION and DATAGRAM are the same bits for both roles.
 */
static ULONG granted(const struct exchange *x)
{
    ULONG always = ISC_RET_CONFIDENTIALITY | ISC_RET_MUTUAL_AUTH |
                   (x->initiator ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY);
    ULONG detect = ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT;

    if (x->h.flags & PSK_FLAG_DATAGRAM)
        return always | ISC_RET_DATAGRAM | (x->requirements & detect);
    return always | detect | (x->requirements & ISC_RET_CONNECTION);
}

/* The packed context in memory of the host. */
static SECURITY_STATUS establish(const struct exchange *x, ULONG *attributes, SecBuffer *context)
{
    struct psk_result keys;
    uint8_t *bytes = host->AllocateLsaHeap(PSK_PACKED_MAX);

    if (bytes == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    psk_handshake_result(&x->h, &keys);
    struct psk_packed p = {
        .initiator = x->initiator,
        .datagram = (x->h.flags & PSK_FLAG_DATAGRAM) != 0,
        .algorithms = x->h.algorithms,
        .attributes = granted(x),
        .start = sources_now(),
        .a = x->h.a,
        .b = x->h.b,
    };
    memcpy(p.session, keys.session, sizeof p.session);
    memcpy(p.send_secret, x->initiator ? keys.initiator : keys.acceptor, sizeof p.send_secret);
    memcpy(p.receive_secret, x->initiator ? keys.acceptor : keys.initiator, sizeof p.receive_secret);
    *attributes = p.attributes;
    *context = (SecBuffer){(ULONG)psk_packed_write(&p, bytes), SECBUFFER_EMPTY, bytes};
    secret_wipe(&p, sizeof p);
    secret_wipe(&keys, sizeof keys);
    return SEC_E_OK;
}

static void trace_step(const char *event, const struct exchange *x, SECURITY_STATUS status)
{
    if (trace_on())
        trace_event("psk", event, "datagram=%d algorithms=0x%x status=0x%08x", x->h.flags & PSK_FLAG_DATAGRAM,
                    (unsigned)x->h.algorithms, (unsigned)status);
}

/* A MAC that does not fit: another key, or somebody changed a message; nobody can tell which. */
static SECURITY_STATUS verdict_status(enum protect_verdict verdict)
{
    return verdict == PROTECT_OK          ? SEC_E_OK
           : verdict == PROTECT_MALFORMED ? SEC_E_INVALID_TOKEN
                                          : SEC_E_LOGON_DENIED;
}

/* ---- the initiator ---- */

static SECURITY_STATUS initiate_hello(struct exchange *x, const struct credential *from, SecBufferDesc *input,
                                      SecBufferDesc *output)
{
    SECURITY_STATUS status = input_bindings(x, input);

    if (status != SEC_E_OK)
        return status;
    if (!sources_random(x->h.random_a, sizeof x->h.random_a))
        return SEC_E_INTERNAL_ERROR;
    x->h.flags = x->requirements & ISC_REQ_DATAGRAM ? PSK_FLAG_DATAGRAM : 0;
    x->h.algorithms = settings.algorithms;
    x->h.a = from->identity.name;
    psk_handshake_key(&x->h, from->identity.key, from->identity.key_size);
    psk_hello_write(&x->h);
    status = output_token(output, x->h.hello.data, x->h.hello.size);
    trace_step("hello-sent", x, status);
    return status;
}

static SECURITY_STATUS initiate_begin(LSA_SEC_HANDLE credential, ULONG requirements, SecBufferDesc *input,
                                      SecBufferDesc *output, LSA_SEC_HANDLE *made, ULONG *attributes)
{
    const struct credential *from = slab_get(&credentials, credential);
    uintptr_t id = 0;

    if (from == NULL)
        return SEC_E_INVALID_HANDLE;
    if (!(from->use & SECPKG_CRED_OUTBOUND))
        return SEC_E_NO_CREDENTIALS;
    struct context *c = context_new(&id, true, requirements);
    if (c == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    SECURITY_STATUS status = initiate_hello(c->exchange, from, input, output);
    if (status != SEC_E_OK) {
        (void)psk_SpDeleteContext(id);
        return status;
    }
    *made = id;
    *attributes = granted(c->exchange);
    return SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS initiate_final(struct exchange *x, SecBufferDesc *input, SecBufferDesc *output,
                                      ULONG *attributes, SecBuffer *packed)
{
    uint8_t final[PSK_FINAL_SIZE];
    SECURITY_STATUS status = input_bindings(x, input);

    if (status == SEC_E_OK)
        status = verdict_status(psk_reply_read(&x->h, input_token(input)));
    if (status != SEC_E_OK)
        return status;
    memcpy(x->h.bindings, x->bindings, sizeof x->h.bindings);
    psk_final_write(&x->h, final);
    status = output_token(output, final, sizeof final);
    return status == SEC_E_OK ? establish(x, attributes, packed) : status;
}

static NTSTATUS NTAPI psk_SpInitLsaModeContext(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                               PUNICODE_STRING TargetName, ULONG ContextRequirements,
                                               ULONG TargetDataRep, PSecBufferDesc InputBuffers,
                                               PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffers,
                                               PULONG ContextAttributes, PTimeStamp ExpirationTime,
                                               PBOOLEAN MappedContext, PSecBuffer ContextData)
{
    (void)TargetName;
    (void)TargetDataRep;
    *MappedContext = FALSE;
    ExpirationTime->QuadPart = INT64_MAX;
    if (ContextHandle == 0)
        return initiate_begin(CredentialHandle, ContextRequirements, InputBuffers, OutputBuffers,
                              NewContextHandle, ContextAttributes);
    struct context *c = context_enter(ContextHandle, true);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    SECURITY_STATUS status =
        initiate_final(c->exchange, InputBuffers, OutputBuffers, ContextAttributes, ContextData);
    trace_step("reply-read", c->exchange, status);
    context_leave(c, status);
    *NewContextHandle = ContextHandle;
    *MappedContext = status == SEC_E_OK;
    return status;
}

/* ---- the acceptor ---- */

/*
 * Who is not in the file gets a key that nobody has, and an answer like everybody's: names cannot be asked
 * for, and the refusal comes where a wrong key is refused.
 */
static SECURITY_STATUS accept_key(struct exchange *x)
{
    struct psk_identity identity;
    SECURITY_STATUS status = identity_find(&x->h.a, &identity);

    if (status != SEC_E_OK && status != SEC_E_UNKNOWN_CREDENTIALS)
        return status;
    x->known = status == SEC_E_OK;
    if (!x->known) {
        identity.key_size = 32;
        if (!sources_random(identity.key, identity.key_size))
            return SEC_E_INTERNAL_ERROR;
    }
    psk_handshake_key(&x->h, identity.key, identity.key_size);
    secret_wipe(&identity, sizeof identity);
    return SEC_E_OK;
}

static SECURITY_STATUS accept_reply(struct exchange *x, SecBufferDesc *input, SecBufferDesc *output)
{
    SECURITY_STATUS status = input_bindings(x, input);

    if (status != SEC_E_OK)
        return status;
    if (!psk_hello_read(&x->h, input_token(input)))
        return SEC_E_INVALID_TOKEN;
    /* Both sides mean a datagram context or neither does. */
    if (!(x->h.flags & PSK_FLAG_DATAGRAM) != !(x->requirements & ASC_REQ_DATAGRAM))
        return SEC_E_INVALID_TOKEN;
    status = accept_key(x);
    if (status != SEC_E_OK)
        return status;
    if (!sources_random(x->h.random_b, sizeof x->h.random_b))
        return SEC_E_INTERNAL_ERROR;
    x->h.algorithms &= settings.algorithms;
    x->h.b = settings.name;
    psk_reply_write(&x->h);
    return output_token(output, x->h.reply.data, x->h.reply.size);
}

static SECURITY_STATUS accept_begin(LSA_SEC_HANDLE credential, ULONG requirements, SecBufferDesc *input,
                                    SecBufferDesc *output, LSA_SEC_HANDLE *made, ULONG *attributes)
{
    const struct credential *from = slab_get(&credentials, credential);
    uintptr_t id = 0;

    if (from == NULL)
        return SEC_E_INVALID_HANDLE;
    if (!(from->use & SECPKG_CRED_INBOUND))
        return SEC_E_NO_CREDENTIALS;
    struct context *c = context_new(&id, false, requirements);
    if (c == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    SECURITY_STATUS status = accept_reply(c->exchange, input, output);
    trace_step("hello-read", c->exchange, status);
    if (status != SEC_E_OK) {
        (void)psk_SpDeleteContext(id);
        return status;
    }
    *made = id;
    *attributes = granted(c->exchange);
    return SEC_I_CONTINUE_NEEDED;
}

/* An initiator that gives no bindings is refused where the acceptor has some, unless it may go without. */
static SECURITY_STATUS check_bindings(const struct exchange *x)
{
    static const uint8_t none[PSK_BINDINGS_SIZE];

    if (!x->has_bindings || secret_equal(x->bindings, x->h.bindings, sizeof x->bindings))
        return SEC_E_OK;
    bool missing = secret_equal(x->h.bindings, none, sizeof none);
    return missing && (x->requirements & ASC_REQ_ALLOW_MISSING_BINDINGS) ? SEC_E_OK : SEC_E_BAD_BINDINGS;
}

static SECURITY_STATUS accept_final(struct exchange *x, SecBufferDesc *input, SecBufferDesc *output,
                                    ULONG *attributes, SecBuffer *packed)
{
    SECURITY_STATUS status = input_bindings(x, input);

    if (status == SEC_E_OK)
        status = verdict_status(psk_final_read(&x->h, input_token(input)));
    if (status == SEC_E_OK && !x->known)
        status = SEC_E_LOGON_DENIED;
    if (status == SEC_E_OK)
        status = check_bindings(x);
    if (status == SEC_E_OK)
        status = output_token(output, NULL, 0);
    return status == SEC_E_OK ? establish(x, attributes, packed) : status;
}

static NTSTATUS NTAPI psk_SpAcceptLsaModeContext(LSA_SEC_HANDLE CredentialHandle,
                                                 LSA_SEC_HANDLE ContextHandle, PSecBufferDesc InputBuffer,
                                                 ULONG ContextRequirements, ULONG TargetDataRep,
                                                 PLSA_SEC_HANDLE NewContextHandle,
                                                 PSecBufferDesc OutputBuffer, PULONG ContextAttributes,
                                                 PTimeStamp ExpirationTime, PBOOLEAN MappedContext,
                                                 PSecBuffer ContextData)
{
    (void)TargetDataRep;
    *MappedContext = FALSE;
    ExpirationTime->QuadPart = INT64_MAX;
    if (ContextHandle == 0)
        return accept_begin(CredentialHandle, ContextRequirements, InputBuffer, OutputBuffer,
                            NewContextHandle, ContextAttributes);
    struct context *c = context_enter(ContextHandle, false);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    c->exchange->requirements |= ContextRequirements & ASC_REQ_ALLOW_MISSING_BINDINGS;
    SECURITY_STATUS status =
        accept_final(c->exchange, InputBuffer, OutputBuffer, ContextAttributes, ContextData);
    trace_step("final-read", c->exchange, status);
    context_leave(c, status);
    *NewContextHandle = ContextHandle;
    *MappedContext = status == SEC_E_OK;
    return status;
}

/* ---- attributes of contexts that are not established ---- */

static NTSTATUS query_package(bool negotiation, void *buffer)
{
    SecPkgContext_NegotiationInfoW out = {psk_info_copy(client_alloc), SECPKG_NEGOTIATION_IN_PROGRESS};

    if (out.PackageInfo == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    return host->CopyToClientBuffer(NULL, negotiation ? sizeof out : sizeof(SecPkgContext_PackageInfoW),
                                    buffer, &out);
}

static NTSTATUS query_last_token(const struct context *c, void *buffer)
{
    SecPkgContext_LastClientTokenStatus out = {c->state == CONTEXT_ESTABLISHED ? SecPkgAttrLastClientTokenYes
                                               : c->state == CONTEXT_FAILED    ? SecPkgAttrLastClientTokenNo
                                                                            : SecPkgAttrLastClientTokenMaybe};

    return host->CopyToClientBuffer(NULL, sizeof out, buffer, &out);
}

static NTSTATUS NTAPI psk_SpQueryLsaContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                                      PVOID Buffer)
{
    const struct context *c = slab_get(&contexts, ContextHandle);

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (Buffer == NULL)
        return SEC_E_INVALID_PARAMETER;
    if (ContextAttribute == SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS)
        return query_last_token(c, Buffer);
    if (c->state != CONTEXT_OPEN)
        return SEC_E_INVALID_HANDLE;
    switch (ContextAttribute) {
    case SECPKG_ATTR_PACKAGE_INFO:
        return query_package(false, Buffer);
    case SECPKG_ATTR_NEGOTIATION_INFO:
        return query_package(true, Buffer);
    case SECPKG_ATTR_NAMES:
        /* An initiator's name is only claimed until it has proved it. */
        return c->exchange->initiator ? give_name(&c->exchange->h.a, Buffer) : SEC_E_INVALID_HANDLE;
    default:
        return SEC_E_INVALID_HANDLE;
    }
}

NTSTATUS psk_SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                                 PULONG pcTables)
{
    static SECPKG_FUNCTION_TABLE table = {
        .Initialize = psk_SpInitialize,
        .Shutdown = psk_SpShutdown,
        .GetInfo = psk_SpGetInfo,
        .AcquireCredentialsHandle = psk_SpAcquireCredentialsHandle,
        .QueryCredentialsAttributes = psk_SpQueryCredentialsAttributes,
        .FreeCredentialsHandle = psk_SpFreeCredentialsHandle,
        .InitLsaModeContext = psk_SpInitLsaModeContext,
        .AcceptLsaModeContext = psk_SpAcceptLsaModeContext,
        .DeleteContext = psk_SpDeleteContext,
        .QueryContextAttributes = psk_SpQueryLsaContextAttributes,
    };

    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION_3;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}
