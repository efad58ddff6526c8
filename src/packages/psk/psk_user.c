/* SPDX-License-Identifier: MIT */
#include "packages/psk/psk_user.h"

#include "base/secbuf.h"
#include "base/secret.h"
#include "base/trace.h"
#include "packages/psk/psk_package.h"

/* Expanded keys make a context some 10 KB. */
static struct slab mapped = SLAB_INIT(sizeof(struct psk_context), 1u << 20, true);
static struct slab imported = SLAB_INIT(sizeof(struct psk_context), 1u << 20, true);

static PSECPKG_DLL_FUNCTIONS host;

void *psk_user_alloc(size_t size)
{
    return host->AllocateHeap((ULONG)size);
}

void psk_user_free(void *p)
{
    if (p != NULL)
        host->FreeHeap(p);
}

struct psk_context *psk_context_find(LSA_SEC_HANDLE id)
{
    return id & PSK_IMPORTED ? slab_get(&imported, id & ~PSK_IMPORTED) : slab_get(&mapped, id);
}

/* ---- from and to the packed form ---- */

static void context_fill(struct psk_context *c, const struct psk_packed *p)
{
    psk_protect_init(&c->protect, p->initiator, p->datagram, psk_packed_mode(p->attributes), p->algorithms,
                     p->send_secret, p->receive_secret);
    c->protect.sent = p->sent;
    c->protect.received = p->received;
    c->protect.window = p->window;
    c->attributes = p->attributes;
    c->start = p->start;
    c->a = p->a;
    c->b = p->b;
    memcpy(c->session, p->session, sizeof c->session);
    pthread_mutex_init(&c->receiving, NULL);
}

static void context_snapshot(struct psk_context *c, struct psk_packed *p)
{
    *p = (struct psk_packed){
        .initiator = c->protect.initiator,
        .datagram = c->protect.datagram,
        .algorithms = c->protect.algorithms,
        .attributes = c->attributes,
        .start = c->start,
        .sent = __atomic_load_n(&c->protect.sent, __ATOMIC_RELAXED),
        .a = c->a,
        .b = c->b,
    };
    memcpy(p->session, c->session, sizeof p->session);
    memcpy(p->send_secret, c->protect.send_secret, sizeof p->send_secret);
    memcpy(p->receive_secret, c->protect.receive_secret, sizeof p->receive_secret);
    pthread_mutex_lock(&c->receiving);
    p->received = c->protect.received;
    p->window = c->protect.window;
    pthread_mutex_unlock(&c->receiving);
}

static NTSTATUS context_map(LSA_SEC_HANDLE id, const SecBuffer *bytes)
{
    struct psk_packed p;
    bool taken = false;
    NTSTATUS status = SEC_E_INVALID_TOKEN;

    if (id == 0 || (id & PSK_IMPORTED))
        return SEC_E_INVALID_HANDLE;
    if (psk_packed_read(&p, bytes->pvBuffer, bytes->cbBuffer)) {
        struct psk_context *c = slab_claim(&mapped, id, &taken);
        status = c != NULL ? SEC_E_OK : taken ? SEC_E_INVALID_HANDLE : SEC_E_INSUFFICIENT_MEMORY;
        if (c != NULL)
            context_fill(c, &p);
    }
    secret_wipe(&p, sizeof p);
    return status;
}

static NTSTATUS NTAPI psk_SpInitUserModeContext(LSA_SEC_HANDLE ContextHandle, PSecBuffer PackedContext)
{
    NTSTATUS status = context_map(ContextHandle, PackedContext);

    /* The bytes are ours from the call on, whatever the answer. */
    if (PackedContext->pvBuffer != NULL)
        secret_wipe(PackedContext->pvBuffer, PackedContext->cbBuffer);
    psk_user_free(PackedContext->pvBuffer);
    *PackedContext = (SecBuffer){0};
    return status;
}

static NTSTATUS NTAPI psk_SpDeleteUserModeContext(LSA_SEC_HANDLE ContextHandle)
{
    struct psk_context *c = psk_context_find(ContextHandle);

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    pthread_mutex_destroy(&c->receiving);
    slab_free(ContextHandle & PSK_IMPORTED ? &imported : &mapped, ContextHandle & ~PSK_IMPORTED);
    return SEC_E_OK;
}

/*
 * SECPKG_CONTEXT_EXPORT_RESET_NEW is refused: counting from the beginning again under the same keys would use
 * nonces a second time. Whoever exports a copy sends from one of the two only.
 */
static NTSTATUS NTAPI psk_SpExportSecurityContext(LSA_SEC_HANDLE phContext, ULONG fFlags,
                                                  PSecBuffer pPackedContext, PHANDLE pToken)
{
    struct psk_context *c = psk_context_find(phContext);
    struct psk_packed p;

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (fFlags & ~(ULONG)SECPKG_CONTEXT_EXPORT_DELETE_OLD)
        return SEC_E_UNSUPPORTED_FUNCTION;
    uint8_t *bytes = psk_user_alloc(PSK_PACKED_MAX);
    if (bytes == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    context_snapshot(c, &p);
    *pPackedContext = (SecBuffer){(ULONG)psk_packed_write(&p, bytes), SECBUFFER_EMPTY, bytes};
    if (pToken != NULL)
        *pToken = NULL;
    secret_wipe(&p, sizeof p);
    return SEC_E_OK;
}

static NTSTATUS NTAPI psk_SpImportSecurityContext(PSecBuffer pPackedContext, HANDLE Token,
                                                  PLSA_SEC_HANDLE phContext)
{
    struct psk_packed p;
    struct psk_context *c;
    uintptr_t id = 0;
    NTSTATUS status = SEC_E_INVALID_TOKEN;

    (void)Token;
    if (psk_packed_read(&p, pPackedContext->pvBuffer, pPackedContext->cbBuffer)) {
        /* A number that has the mark by itself could not be told apart: it stays taken for good. */
        do {
            c = slab_alloc(&imported, &id);
        } while (c != NULL && (id & PSK_IMPORTED));
        status = c != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
        if (c != NULL) {
            context_fill(c, &p);
            *phContext = id | PSK_IMPORTED;
        }
    }
    secret_wipe(&p, sizeof p);
    return status;
}

/* ---- messages ---- */

static NTSTATUS status_of(enum protect_verdict verdict)
{
    switch (verdict) {
    case PROTECT_OK:
        return SEC_E_OK;
    case PROTECT_OUT_OF_SEQUENCE:
        return SEC_E_OUT_OF_SEQUENCE;
    case PROTECT_EXPIRED:
        return SEC_E_CONTEXT_EXPIRED;
    case PROTECT_MALFORMED:
        return SEC_E_INVALID_TOKEN;
    case PROTECT_ALTERED:
        break;
    }
    return SEC_E_MESSAGE_ALTERED;
}

static void trace_message(const char *event, ULONG number, size_t parts, NTSTATUS status)
{
    if (trace_on())
        trace_event("psk", event, "sequence-argument=%u parts=%zu status=0x%08x", (unsigned)number, parts,
                    (unsigned)status);
}

/* Rows 3 to 8 of the contract of MakeSignature in <sspi.h>, in its order. */
static NTSTATUS make(LSA_SEC_HANDLE handle, ULONG qop, PSecBufferDesc desc, ULONG number, bool sealing)
{
    struct psk_context *c = psk_context_find(handle);
    struct secbuf_view view;

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    NTSTATUS status = secbuf_scan(desc, 0, &view);
    if (status != SEC_E_OK)
        return status;
    if (sealing && qop == SECQOP_WRAP_NO_ENCRYPT) {
        sealing = false;
        qop = PSK_HMAC_SHA256;
    }
    if (sealing ? qop != 0 : !psk_protect_offers(&c->protect, qop))
        return SEC_E_QOP_NOT_SUPPORTED;
    if (view.token->cbBuffer < PSK_TOKEN_SIZE)
        return SEC_E_BUFFER_TOO_SMALL;
    if (secbuf_overlaps(desc, &view, sealing))
        return SEC_E_INVALID_PARAMETER;

    const struct message message = secbuf_message(&view);
    status = status_of(
        sealing ? psk_seal(&c->protect, number, &message, view.token->pvBuffer)
                : psk_sign(&c->protect, (enum psk_algorithm)qop, number, &message, view.token->pvBuffer));
    if (status == SEC_E_OK)
        view.token->cbBuffer = PSK_TOKEN_SIZE;
    trace_message(sealing ? "seal" : "sign", number, view.count, status);
    return status;
}

static NTSTATUS NTAPI psk_SpMakeSignature(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                          PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    return make(ContextHandle, QualityOfProtection, MessageBuffers, MessageSequenceNumber, false);
}

static NTSTATUS NTAPI psk_SpSealMessage(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                        PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    return make(ContextHandle, QualityOfProtection, MessageBuffers, MessageSequenceNumber, true);
}

/* A message that came in: TOKEN and DATA, or a STREAM that begins with the token. */
struct received {
    struct secbuf_view view;
    struct message message;
    struct span stream;
    const uint8_t *token;
};

static NTSTATUS receive_scan(PSecBufferDesc desc, bool unsealing, struct received *r)
{
    NTSTATUS status = secbuf_scan(desc, unsealing ? SECBUF_ALLOW_STREAM : 0, &r->view);

    if (status != SEC_E_OK)
        return status;
    if (r->view.stream == NULL) {
        if (r->view.token->cbBuffer != PSK_TOKEN_SIZE)
            return SEC_E_INVALID_TOKEN;
        r->token = r->view.token->pvBuffer;
        r->message = secbuf_message(&r->view);
        return secbuf_overlaps(desc, &r->view, unsealing) ? SEC_E_INVALID_PARAMETER : SEC_E_OK;
    }
    if (r->view.stream->cbBuffer < PSK_TOKEN_SIZE)
        return SEC_E_INVALID_TOKEN;
    r->token = r->view.stream->pvBuffer;
    r->stream = (struct span){r->token + PSK_TOKEN_SIZE, r->view.stream->cbBuffer - PSK_TOKEN_SIZE};
    r->message = (struct message){&r->stream, 1, 1};
    return SEC_E_OK;
}

/* unsealing takes signed messages too: EncryptMessage makes them for SECQOP_WRAP_NO_ENCRYPT. */
static enum protect_verdict receive_message(struct psk_context *c, const struct received *r, ULONG number,
                                            bool unsealing, ULONG *qop)
{
    enum psk_algorithm algorithm;
    bool sealed;

    if (psk_receive_ended(&c->protect))
        return PROTECT_EXPIRED;
    enum protect_verdict verdict = psk_authenticate(&c->protect, &r->message, r->token, &sealed, &algorithm);
    if (verdict != PROTECT_OK)
        return verdict;
    if (sealed && !unsealing)
        return PROTECT_ALTERED;
    pthread_mutex_lock(&c->receiving);
    verdict = psk_accept(&c->protect, number, r->token);
    pthread_mutex_unlock(&c->receiving);
    if (verdict != PROTECT_OK)
        return verdict;
    if (sealed)
        psk_open(&c->protect, &r->message, r->token);
    *qop = !unsealing ? (ULONG)algorithm : sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    return PROTECT_OK;
}

static NTSTATUS check(LSA_SEC_HANDLE handle, PSecBufferDesc desc, ULONG number, PULONG qop, bool unsealing)
{
    struct psk_context *c = psk_context_find(handle);
    struct received r;
    ULONG used = 0;

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    NTSTATUS status = receive_scan(desc, unsealing, &r);
    if (status != SEC_E_OK)
        return status;
    status = status_of(receive_message(c, &r, number, unsealing, &used));
    if (status == SEC_E_OK && r.view.stream != NULL) {
        r.view.data_out->pvBuffer = (uint8_t *)r.view.stream->pvBuffer + PSK_TOKEN_SIZE;
        r.view.data_out->cbBuffer = (ULONG)r.stream.size;
    }
    if (status == SEC_E_OK && qop != NULL)
        *qop = used;
    trace_message(unsealing ? "unseal" : "verify", number, r.view.count, status);
    return status;
}

static NTSTATUS NTAPI psk_SpVerifySignature(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                            ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    return check(ContextHandle, MessageBuffers, MessageSequenceNumber, QualityOfProtection, false);
}

static NTSTATUS NTAPI psk_SpUnsealMessage(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                          ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    return check(ContextHandle, MessageBuffers, MessageSequenceNumber, QualityOfProtection, true);
}

/* ---- the table ---- */

static NTSTATUS NTAPI psk_SpInstanceInit(ULONG Version, PSECPKG_DLL_FUNCTIONS FunctionTable,
                                         PVOID *UserFunctions)
{
    (void)Version;
    (void)UserFunctions;
    host = FunctionTable;
    return SEC_E_OK;
}

NTSTATUS psk_SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                  PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    static SECPKG_USER_FUNCTION_TABLE table = {
        .InstanceInit = psk_SpInstanceInit,
        .InitUserModeContext = psk_SpInitUserModeContext,
        .MakeSignature = psk_SpMakeSignature,
        .VerifySignature = psk_SpVerifySignature,
        .SealMessage = psk_SpSealMessage,
        .UnsealMessage = psk_SpUnsealMessage,
        .QueryContextAttributes = psk_SpQueryContextAttributes,
        .DeleteUserModeContext = psk_SpDeleteUserModeContext,
        .ExportContext = psk_SpExportSecurityContext,
        .ImportContext = psk_SpImportSecurityContext,
    };

    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION_3;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}
