/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_kernel.h"

#include "base/secbuf.h"
#include "base/secret.h"
#include "packages/kernel.h"
#include "packages/kerberos/kerberos_facts.h"
#include "packages/verdict.h"

struct kerberos_kernel_context {
    struct packages_kernel_context base;
    struct port_lock receive;
    bool falls_back;
    struct krb5_protect protect; /* sent is atomic, window is the lock's, the rest never changes */
    struct krb5_seal seal;       /* nothing is allocated later, so it is made whatever was negotiated */
    struct krb5_fallback fallback;
};
_Static_assert((int)KERBEROS_TEXT_COUNT <= (int)PACKAGES_KERNEL_TEXTS, "every text has a length");

static struct packages_kernel kernel = {.signature = 0x3542524b /* "KRB5" */,
                                        .size = sizeof(struct kerberos_kernel_context)};

static void *heap_alloc(size_t size)
{
    return packages_kernel_alloc(&kernel, size);
}

static void heap_release(void *p)
{
    packages_kernel_free(&kernel, p);
}

static const struct packages_heap heap = {heap_alloc, heap_release};

static struct kerberos_kernel_context *kernel_enter(LSA_SEC_HANDLE id)
{
    return (struct kerberos_kernel_context *)packages_kernel_enter(&kernel, id);
}

static void kernel_leave(struct kerberos_kernel_context *c)
{
    packages_kernel_leave(&kernel, &c->base);
}

static const struct krb5_fallback *kernel_fallback(const struct kerberos_kernel_context *c)
{
    return c->falls_back ? &c->fallback : NULL;
}

/* ---- from and to the packed form ---- */

static void kernel_fill(struct kerberos_kernel_context *c, const struct kerberos_packed *packed,
                        char16_t *names)
{
    port_lock_init(&c->receive);
    c->protect = packed->protect;
    krb5_seal_init(&c->seal, &c->protect);
    c->falls_back = krb5_fallback_init(&c->fallback, &c->protect);
    c->base.attributes = packed->attributes;
    c->base.start = packed->start;
    c->base.expiry = packed->expiry;
    c->base.names = names;
    packages_kernel_units(&c->base, packed->text, KERBEROS_TEXT_COUNT);
}

static NTSTATUS kernel_create(const SecBuffer *bytes, LSA_SEC_HANDLE lsa, PLSA_SEC_HANDLE id)
{
    struct kerberos_packed packed;
    char16_t *names = NULL;
    if (bytes == NULL)
        return SEC_E_INVALID_TOKEN;
    NTSTATUS status = kerberos_packed_read_into(&packed, &names, &heap, bytes->pvBuffer, bytes->cbBuffer);
    if (status != SEC_E_OK)
        return status;
    struct packages_kernel_context *base = packages_kernel_new(&kernel);
    if (base != NULL) {
        kernel_fill((struct kerberos_kernel_context *)base, &packed, names);
        *id = packages_kernel_publish(&kernel, base, lsa);
    } else {
        heap_release(names);
        status = SEC_E_INSUFFICIENT_MEMORY;
    }
    secret_wipe(&packed, sizeof packed);
    return status;
}

static NTSTATUS NTAPI kerberos_KspInitContext(LSA_SEC_HANDLE ContextId, PSecBuffer ContextData,
                                              PLSA_SEC_HANDLE NewContextId)
{
    return NewContextId != NULL ? kernel_create(ContextData, ContextId, NewContextId)
                                : SEC_E_INVALID_PARAMETER;
}

static NTSTATUS NTAPI kerberos_KspImportContext(PSecBuffer pPackedContext, HANDLE Token,
                                                PLSA_SEC_HANDLE phContext)
{
    (void)Token;
    if (pPackedContext == NULL || phContext == NULL)
        return SEC_E_INVALID_PARAMETER;
    return kernel_create(pPackedContext, 0, phContext);
}

/* Numbers from the start, keys as they are. */
static void kernel_reset(struct krb5_protect *p)
{
    struct krb5_start start = {
        .flags = p->flags,
        .key = p->key,
        .initiator = p->initiator,
        .send_first = p->send_first,
        .receive_first = p->window.first,
    };
    krb5_protect_init(p, &start);
    secret_wipe(&start, sizeof start);
}

static void kernel_snapshot(struct kerberos_kernel_context *c, bool reset, struct kerberos_packed *out)
{
    uint64_t sent = __atomic_load_n(&c->protect.sent, __ATOMIC_RELAXED);
    port_lock_take(&c->receive);
    memcpy(&out->protect, &c->protect, offsetof(struct krb5_protect, sent));
    port_lock_give(&c->receive);
    out->protect.sent = sent;
    if (reset)
        kernel_reset(&out->protect);
    out->attributes = c->base.attributes;
    out->start = c->base.start;
    out->expiry = c->base.expiry;
    packages_kernel_views(&c->base, out->text, KERBEROS_TEXT_COUNT);
}
_Static_assert(offsetof(struct krb5_protect, sent) + sizeof(uint64_t) == sizeof(struct krb5_protect),
               "kernel_snapshot copies what is before it");

static NTSTATUS kernel_export(struct kerberos_kernel_context *c, ULONG flags, SecBuffer *out)
{
    struct kerberos_packed packed;
    kernel_snapshot(c, (flags & SECPKG_CONTEXT_EXPORT_RESET_NEW) != 0, &packed);
    size_t size = kerberos_packed_size(&packed);
    NTSTATUS status = SEC_E_INSUFFICIENT_MEMORY;
    uint8_t *bytes = heap_alloc(size);
    if (bytes != NULL && kerberos_packed_write(&packed, bytes, size)) {
        *out = (SecBuffer){.cbBuffer = (ULONG)size, .BufferType = SECBUFFER_EMPTY, .pvBuffer = bytes};
        status = SEC_E_OK;
    } else {
        heap_release(bytes);
    }
    secret_wipe(&packed, sizeof packed);
    return status;
}

static NTSTATUS NTAPI kerberos_KspExportContext(LSA_SEC_HANDLE phContext, ULONG fFlags,
                                                PSecBuffer pPackedContext, PHANDLE pToken)
{
    struct kerberos_kernel_context *c = kernel_enter(phContext);
    NTSTATUS status = SEC_E_UNSUPPORTED_FUNCTION;
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (pPackedContext == NULL)
        status = SEC_E_INVALID_PARAMETER;
    else if (!(fFlags & ~(ULONG)(SECPKG_CONTEXT_EXPORT_RESET_NEW | SECPKG_CONTEXT_EXPORT_DELETE_OLD)))
        status = kernel_export(c, fFlags, pPackedContext);
    if (status == SEC_E_OK && pToken != NULL)
        *pToken = NULL;
    kernel_leave(c);
    return status;
}

static NTSTATUS NTAPI kerberos_KspDeleteContext(LSA_SEC_HANDLE ContextId, PLSA_SEC_HANDLE LsaContextId)
{
    return packages_kernel_delete(&kernel, ContextId, LsaContextId);
}

static NTSTATUS NTAPI kerberos_KspMapHandle(LSA_SEC_HANDLE ContextId, PLSA_SEC_HANDLE LsaContextId)
{
    return packages_kernel_map(&kernel, ContextId, LsaContextId);
}

/* ---- messages: kerberos_user.c with other locks and no memory of its own ---- */

/* SEC_E_UNSUPPORTED_FUNCTION: neither integrity nor confidentiality was negotiated. */
static NTSTATUS kernel_enter_message(LSA_SEC_HANDLE id, struct kerberos_kernel_context **out)
{
    struct kerberos_kernel_context *c = kernel_enter(id);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (!(c->protect.flags & (KRB5_F_INTEG | KRB5_F_CONF))) {
        kernel_leave(c);
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    *out = c;
    return SEC_E_OK;
}

static enum protect_verdict kernel_accept(struct kerberos_kernel_context *c, uint64_t sequence)
{
    port_lock_take(&c->receive);
    enum protect_verdict verdict = krb5_accept(&c->protect, sequence);
    port_lock_give(&c->receive);
    return verdict;
}

/* Rows 3 to 8 of the contract of MakeSignature in <sspi.h>, in its order, in each of the four. */
static NTSTATUS kernel_sign(struct kerberos_kernel_context *c, ULONG qop, PSecBufferDesc desc)
{
    struct secbuf_view view;
    NTSTATUS status = secbuf_scan(desc, 0, &view);
    if (status != SEC_E_OK)
        return status;
    if (qop != 0)
        return SEC_E_QOP_NOT_SUPPORTED;
    size_t size = krb5_mic_size(&c->protect);
    if (view.token->cbBuffer < size)
        return SEC_E_BUFFER_TOO_SMALL;
    if (secbuf_overlaps(desc, &view, false))
        return SEC_E_INVALID_PARAMETER;
    const struct message message = secbuf_message(&view);
    status = packages_verdict_status(krb5_mic_make(&c->protect, &message, view.token->pvBuffer));
    if (status == SEC_E_OK)
        view.token->cbBuffer = (ULONG)size;
    return status;
}

static NTSTATUS NTAPI kerberos_KspMakeSignature(LSA_SEC_HANDLE ContextId, ULONG fQOP, PSecBufferDesc Message,
                                                ULONG MessageSeqNo)
{
    struct kerberos_kernel_context *c;
    NTSTATUS status = kernel_enter_message(ContextId, &c);
    (void)MessageSeqNo;
    if (status != SEC_E_OK)
        return status;
    status = kernel_sign(c, fQOP, Message);
    kernel_leave(c);
    return status;
}

static NTSTATUS kernel_verify(struct kerberos_kernel_context *c, PSecBufferDesc desc, PULONG qop)
{
    struct secbuf_view view;
    uint64_t sequence;
    NTSTATUS status = secbuf_scan(desc, 0, &view);
    if (status != SEC_E_OK)
        return status;
    /* Which sizes there are the check knows, it only reads, and a wrong one comes before what overlaps. */
    const struct message message = secbuf_message(&view);
    enum protect_verdict verdict = krb5_mic_check(&c->protect, kernel_fallback(c), &message,
                                                  view.token->pvBuffer, view.token->cbBuffer, &sequence);
    if (verdict != PROTECT_MALFORMED && secbuf_overlaps(desc, &view, false))
        return SEC_E_INVALID_PARAMETER;
    if (verdict == PROTECT_OK)
        verdict = kernel_accept(c, sequence);
    status = packages_verdict_status(verdict);
    if (status == SEC_E_OK && qop != NULL)
        *qop = 0;
    return status;
}

static NTSTATUS NTAPI kerberos_KspVerifySignature(LSA_SEC_HANDLE ContextId, PSecBufferDesc Message,
                                                  ULONG MessageSeqNo, PULONG pfQOP)
{
    struct kerberos_kernel_context *c;
    NTSTATUS status = kernel_enter_message(ContextId, &c);
    (void)MessageSeqNo;
    if (status != SEC_E_OK)
        return status;
    status = kernel_verify(c, Message, pfQOP);
    kernel_leave(c);
    return status;
}

/* RFC 4757's padding byte, where the caller brings room for it; NULL: none, and with AES there is none. */
static SecBuffer *kernel_padding(const struct kerberos_kernel_context *c, PSecBufferDesc desc)
{
    SecBuffer *padding = secbuf_find(desc, SECBUFFER_PADDING);
    bool room = padding != NULL && padding->cbBuffer >= 1 && padding->pvBuffer != NULL;
    return c->protect.key.etype == KRB5_ETYPE_RC4 && room ? padding : NULL;
}

/* The padding byte lies in the token or in a part of the message. */
static bool kernel_padding_overlaps(const SecBuffer *padding, const struct secbuf_view *view)
{
    if (padding == NULL)
        return false;
    uintptr_t at = (uintptr_t)padding->pvBuffer;
    uintptr_t token = view->token != NULL ? (uintptr_t)view->token->pvBuffer : 0;
    if (view->token != NULL && at - token < view->token->cbBuffer)
        return true;
    for (size_t i = 0; i < view->count; i++)
        if (at - (uintptr_t)view->parts[i].data < view->parts[i].size)
            return true;
    return false;
}

static NTSTATUS kernel_wrap(struct kerberos_kernel_context *c, bool sealed, PSecBufferDesc desc,
                            const struct secbuf_view *view)
{
    uint8_t confounder[KRB5_CONFOUNDER_SIZE] = {0};
    const struct message message = secbuf_message(view);
    SecBuffer *padding = kernel_padding(c, desc);
    size_t size = krb5_wrap_size(&c->protect, sealed, &message, padding != NULL);
    if (view->token->cbBuffer < size)
        return SEC_E_BUFFER_TOO_SMALL;
    if (secbuf_overlaps(desc, view, true) || kernel_padding_overlaps(padding, view))
        return SEC_E_INVALID_PARAMETER;
    if (sealed && !port_random(confounder, sizeof confounder))
        return SEC_E_INTERNAL_ERROR;
    const struct krb5_token token = {view->token->pvBuffer, size,
                                     padding != NULL ? (uint8_t *)padding->pvBuffer : NULL};
    NTSTATUS status =
        packages_verdict_status(krb5_wrap(&c->protect, &c->seal, sealed, &message, confounder, &token));
    if (status == SEC_E_OK) {
        view->token->cbBuffer = (ULONG)size;
        SecBuffer *sent = secbuf_find(desc, SECBUFFER_PADDING);
        if (sent != NULL)
            sent->cbBuffer = padding != NULL ? 1 : 0; /* what the peer is to get of it */
    }
    secret_wipe(confounder, sizeof confounder);
    return status;
}

static NTSTATUS kernel_seal(struct kerberos_kernel_context *c, ULONG qop, PSecBufferDesc desc)
{
    struct secbuf_view view;
    NTSTATUS status = secbuf_scan(desc, 0, &view);
    if (status != SEC_E_OK)
        return status;
    if (qop != 0 && qop != SECQOP_WRAP_NO_ENCRYPT)
        return SEC_E_QOP_NOT_SUPPORTED;
    if (qop == 0 && !(c->protect.flags & KRB5_F_CONF))
        return SEC_E_UNSUPPORTED_FUNCTION;
    return kernel_wrap(c, qop == 0, desc, &view);
}

static NTSTATUS NTAPI kerberos_KspSealMessage(LSA_SEC_HANDLE ContextId, ULONG fQOP, PSecBufferDesc Message,
                                              ULONG MessageSeqNo)
{
    struct kerberos_kernel_context *c;
    NTSTATUS status = kernel_enter_message(ContextId, &c);
    (void)MessageSeqNo;
    if (status != SEC_E_OK)
        return status;
    status = kernel_seal(c, fQOP, Message);
    kernel_leave(c);
    return status;
}

/* TOKEN and DATA, or STREAM, which is divided into both. */
struct kernel_received {
    struct message message;
    struct span stream_part;
    struct krb5_token token;
};

static bool kernel_take_received(const struct kerberos_kernel_context *c, const struct secbuf_view *view,
                                 const SecBuffer *padding, struct kernel_received *out)
{
    size_t token_size;
    if (view->stream == NULL) {
        out->message = secbuf_message(view);
        out->token = (struct krb5_token){view->token->pvBuffer, view->token->cbBuffer,
                                         padding != NULL ? (uint8_t *)padding->pvBuffer : NULL};
        return true;
    }
    uint8_t *stream = view->stream->pvBuffer;
    if (!krb5_stream_split(&c->protect, stream, view->stream->cbBuffer, &token_size))
        return false;
    out->token = (struct krb5_token){stream, token_size, NULL};
    out->stream_part = (struct span){stream + token_size, view->stream->cbBuffer - token_size};
    out->message = (struct message){&out->stream_part, 1, 1};
    return true;
}

/* Where the last byte of the text was RFC 4757's padding it does not belong to the message. */
static void kernel_trim(PSecBufferDesc desc, ULONG trim)
{
    for (ULONG i = desc->cBuffers; i > 0 && trim > 0; i--) {
        SecBuffer *b = &desc->pBuffers[i - 1];
        if (b->BufferType == SECBUFFER_DATA && b->cbBuffer > 0) {
            b->cbBuffer -= trim;
            trim = 0;
        }
    }
}

/* Authentic first, then in its place; what was authentic but is out of place is encrypted again. */
static enum protect_verdict kernel_open(struct kerberos_kernel_context *c, const struct kernel_received *got,
                                        struct krb5_unwrapped *found)
{
    const struct krb5_fallback *fallback = kernel_fallback(c);
    enum protect_verdict verdict =
        krb5_unwrap(&c->protect, &c->seal, fallback, &got->message, &got->token, found);
    if (verdict != PROTECT_OK)
        return verdict;
    verdict = kernel_accept(c, found->sequence);
    if (verdict != PROTECT_OK)
        krb5_unwrap_undo(&c->protect, &c->seal, fallback, &got->message, &got->token, found);
    return verdict;
}

static NTSTATUS kernel_unseal(struct kerberos_kernel_context *c, PSecBufferDesc desc, PULONG qop)
{
    struct secbuf_view view;
    struct kernel_received got;
    struct krb5_unwrapped found;
    NTSTATUS status = secbuf_scan(desc, SECBUF_ALLOW_STREAM, &view);
    if (status != SEC_E_OK)
        return status;
    SecBuffer *padding = view.stream == NULL ? kernel_padding(c, desc) : NULL;
    if (!kernel_take_received(c, &view, padding, &got) ||
        krb5_unwrap_look(&c->protect, got.token.data, got.token.size) == PROTECT_MALFORMED)
        return SEC_E_INVALID_TOKEN;
    if (view.stream == NULL &&
        (secbuf_overlaps(desc, &view, true) || kernel_padding_overlaps(padding, &view)))
        return SEC_E_INVALID_PARAMETER;
    /* Sealed ones are opened whatever was negotiated: peers may seal where only integrity was asked for. */
    status = packages_verdict_status(kernel_open(c, &got, &found));
    if (status != SEC_E_OK)
        return status;
    if (view.stream != NULL) {
        view.data_out->pvBuffer = got.token.data + got.token.size;
        view.data_out->cbBuffer = (ULONG)(got.stream_part.size - found.trim);
    } else {
        kernel_trim(desc, found.trim);
    }
    if (qop != NULL)
        *qop = found.sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    return SEC_E_OK;
}

static NTSTATUS NTAPI kerberos_KspUnsealMessage(LSA_SEC_HANDLE ContextId, PSecBufferDesc Message,
                                                ULONG MessageSeqNo, PULONG pfQOP)
{
    struct kerberos_kernel_context *c;
    NTSTATUS status = kernel_enter_message(ContextId, &c);
    (void)MessageSeqNo;
    if (status != SEC_E_OK)
        return status;
    status = kernel_unseal(c, Message, pfQOP);
    kernel_leave(c);
    return status;
}

/* ---- the rest ---- */

static NTSTATUS NTAPI kerberos_KspQueryAttributes(LSA_SEC_HANDLE ContextId, ULONG Attribute, PVOID Buffer)
{
    struct packages_view text[KERBEROS_TEXT_COUNT];
    struct kerberos_kernel_context *c = kernel_enter(ContextId);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    packages_kernel_views(&c->base, text, KERBEROS_TEXT_COUNT);
    struct packages_facts facts = {
        .alloc = heap_alloc,
        .release = heap_release,
        .attributes = c->base.attributes,
        .start = c->base.start,
        .expiry = c->base.expiry,
    };
    kerberos_facts(&facts, &c->protect, text);
    NTSTATUS status = packages_attribute_answer(&facts, Attribute, Buffer);
    kernel_leave(c);
    return status;
}

/* There are no token objects. */
static NTSTATUS NTAPI kerberos_KspGetToken(LSA_SEC_HANDLE ContextId, PHANDLE ImpersonationToken,
                                           PACCESS_TOKEN *RawToken)
{
    (void)ImpersonationToken;
    (void)RawToken;
    return packages_kernel_absent(&kernel, ContextId, SEC_E_NO_IMPERSONATION);
}

/* Handshakes end before a context comes here. */
static NTSTATUS NTAPI kerberos_KspCompleteToken(LSA_SEC_HANDLE ContextId, PSecBufferDesc Token)
{
    (void)Token;
    return packages_kernel_absent(&kernel, ContextId, SEC_E_UNSUPPORTED_FUNCTION);
}

static NTSTATUS NTAPI kerberos_KspSerializeAuthData(PVOID pvAuthData, PULONG Size, PVOID *SerializedData)
{
    return packages_kernel_serialize(&kernel, pvAuthData, Size, SerializedData);
}

static NTSTATUS NTAPI kerberos_KspInitPackage(PSECPKG_KERNEL_FUNCTIONS FunctionTable)
{
    return packages_kernel_start(&kernel, FunctionTable);
}

SECPKG_KERNEL_FUNCTION_TABLE kerberos_kernel_table = {
    .Initialize = kerberos_KspInitPackage,
    .DeleteContext = kerberos_KspDeleteContext,
    .InitContext = kerberos_KspInitContext,
    .MapHandle = kerberos_KspMapHandle,
    .Sign = kerberos_KspMakeSignature,
    .Verify = kerberos_KspVerifySignature,
    .Seal = kerberos_KspSealMessage,
    .Unseal = kerberos_KspUnsealMessage,
    .GetToken = kerberos_KspGetToken,
    .QueryAttributes = kerberos_KspQueryAttributes,
    .CompleteToken = kerberos_KspCompleteToken,
    .ExportContext = kerberos_KspExportContext,
    .ImportContext = kerberos_KspImportContext,
    .SetPackagePagingMode = packages_kernel_paging,
    .SerializeAuthData = kerberos_KspSerializeAuthData,
};
