/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_kernel.h"

#include "base/secbuf.h"
#include "base/secret.h"
#include "packages/kernel.h"
#include "packages/ntlm/ntlm_facts.h"
#include "packages/verdict.h"

struct ntlm_kernel_context {
    struct packages_kernel_context base;
    struct port_lock send, receive;
    struct ntlm_protect protect; /* guarded by the locks, flags and initiator excepted: they never change */
    uint8_t session_key[NTLM_KEY_SIZE];
};
_Static_assert((int)NTLM_TEXT_COUNT <= (int)PACKAGES_KERNEL_TEXTS, "every text has a length");

static struct packages_kernel kernel = {.signature = 0x4d4c544e /* "NTLM" */,
                                        .size = sizeof(struct ntlm_kernel_context)};

static void *heap_alloc(size_t size)
{
    return packages_kernel_alloc(&kernel, size);
}

static void heap_release(void *p)
{
    packages_kernel_free(&kernel, p);
}

static const struct packages_heap heap = {heap_alloc, heap_release};

static struct ntlm_kernel_context *kernel_enter(LSA_SEC_HANDLE id)
{
    return (struct ntlm_kernel_context *)packages_kernel_enter(&kernel, id);
}

static void kernel_leave(struct ntlm_kernel_context *c)
{
    packages_kernel_leave(&kernel, &c->base);
}

static struct port_lock *kernel_lock(struct ntlm_kernel_context *c, bool receiving)
{
    return receiving && !ntlm_protect_shared(&c->protect) ? &c->receive : &c->send;
}

/* ---- from and to the packed form ---- */

static void kernel_fill(struct ntlm_kernel_context *c, const struct ntlm_packed *packed, char16_t *names)
{
    port_lock_init(&c->send);
    port_lock_init(&c->receive);
    c->protect = packed->protect;
    memcpy(c->session_key, packed->session_key, sizeof c->session_key);
    c->base.attributes = packed->attributes;
    c->base.start = packed->start;
    c->base.expiry = packed->expiry;
    c->base.names = names;
    packages_kernel_units(&c->base, packed->text, NTLM_TEXT_COUNT);
}

static NTSTATUS kernel_create(const SecBuffer *bytes, LSA_SEC_HANDLE lsa, PLSA_SEC_HANDLE id)
{
    struct ntlm_packed packed;
    char16_t *names = NULL;
    if (bytes == NULL)
        return SEC_E_INVALID_TOKEN;
    NTSTATUS status = ntlm_packed_read_into(&packed, &names, &heap, bytes->pvBuffer, bytes->cbBuffer);
    if (status != SEC_E_OK)
        return status;
    struct packages_kernel_context *base = packages_kernel_new(&kernel);
    if (base != NULL) {
        kernel_fill((struct ntlm_kernel_context *)base, &packed, names);
        *id = packages_kernel_publish(&kernel, base, lsa);
    } else {
        heap_release(names);
        status = SEC_E_INSUFFICIENT_MEMORY;
    }
    secret_wipe(&packed, sizeof packed);
    return status;
}

static NTSTATUS NTAPI ntlm_KspInitContext(LSA_SEC_HANDLE ContextId, PSecBuffer ContextData,
                                          PLSA_SEC_HANDLE NewContextId)
{
    return NewContextId != NULL ? kernel_create(ContextData, ContextId, NewContextId)
                                : SEC_E_INVALID_PARAMETER;
}

static NTSTATUS NTAPI ntlm_KspImportContext(PSecBuffer pPackedContext, HANDLE Token,
                                            PLSA_SEC_HANDLE phContext)
{
    (void)Token;
    if (pPackedContext == NULL || phContext == NULL)
        return SEC_E_INVALID_PARAMETER;
    return kernel_create(pPackedContext, 0, phContext);
}

/* Each direction as it is at one moment. The locks do not nest: they are one class to a lock checker. */
static void kernel_snapshot(struct ntlm_kernel_context *c, bool reset, struct ntlm_packed *out)
{
    struct port_lock *send = kernel_lock(c, false), *receive = kernel_lock(c, true);
    port_lock_take(send);
    memcpy(&out->protect, &c->protect, offsetof(struct ntlm_protect, receive));
    port_lock_give(send);
    port_lock_take(receive);
    out->protect.receive = c->protect.receive;
    port_lock_give(receive);
    if (reset)
        ntlm_protect_init(&out->protect, c->protect.flags, c->protect.initiator,
                          ntlm_packed_detect(c->base.attributes), c->session_key);
    memcpy(out->session_key, c->session_key, sizeof out->session_key);
    out->attributes = c->base.attributes;
    out->start = c->base.start;
    out->expiry = c->base.expiry;
    packages_kernel_views(&c->base, out->text, NTLM_TEXT_COUNT);
}

static NTSTATUS kernel_export(struct ntlm_kernel_context *c, ULONG flags, SecBuffer *out)
{
    struct ntlm_packed packed;
    kernel_snapshot(c, (flags & SECPKG_CONTEXT_EXPORT_RESET_NEW) != 0, &packed);
    size_t size = ntlm_packed_size(&packed);
    NTSTATUS status = SEC_E_INSUFFICIENT_MEMORY;
    uint8_t *bytes = heap_alloc(size);
    if (bytes != NULL && ntlm_packed_write(&packed, bytes, size)) {
        *out = (SecBuffer){.cbBuffer = (ULONG)size, .BufferType = SECBUFFER_EMPTY, .pvBuffer = bytes};
        status = SEC_E_OK;
    } else {
        heap_release(bytes);
    }
    secret_wipe(&packed, sizeof packed);
    return status;
}

static NTSTATUS NTAPI ntlm_KspExportContext(LSA_SEC_HANDLE phContext, ULONG fFlags, PSecBuffer pPackedContext,
                                            PHANDLE pToken)
{
    struct ntlm_kernel_context *c = kernel_enter(phContext);
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

static NTSTATUS NTAPI ntlm_KspDeleteContext(LSA_SEC_HANDLE ContextId, PLSA_SEC_HANDLE LsaContextId)
{
    return packages_kernel_delete(&kernel, ContextId, LsaContextId);
}

static NTSTATUS NTAPI ntlm_KspMapHandle(LSA_SEC_HANDLE ContextId, PLSA_SEC_HANDLE LsaContextId)
{
    return packages_kernel_map(&kernel, ContextId, LsaContextId);
}

/* ---- messages: ntlm_user.c with other locks ---- */

/* SEC_E_UNSUPPORTED_FUNCTION: no SIGN, no SEAL, and not even the dummy was agreed on. */
static NTSTATUS kernel_enter_message(LSA_SEC_HANDLE id, struct ntlm_kernel_context **out)
{
    struct ntlm_kernel_context *c = kernel_enter(id);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (!ntlm_protect_active(&c->protect) && !(c->protect.flags & NTLM_F_ALWAYS_SIGN)) {
        kernel_leave(c);
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    *out = c;
    return SEC_E_OK;
}

static unsigned kernel_scan_options(const struct ntlm_kernel_context *c)
{
    return c->protect.flags & NTLM_F_ESS ? SECBUF_SIGN_READONLY : 0;
}

/* Rows 3 to 8 of the contract of MakeSignature in <sspi.h>, in its order. */
static NTSTATUS kernel_make(struct ntlm_kernel_context *c, ULONG qop, PSecBufferDesc desc, ULONG sequence,
                            bool sealing)
{
    struct secbuf_view view;
    NTSTATUS status = secbuf_scan(desc, kernel_scan_options(c), &view);
    if (status != SEC_E_OK)
        return status;
    if (sealing && qop == SECQOP_WRAP_NO_ENCRYPT) {
        sealing = false;
        qop = 0;
    }
    if (qop != 0)
        return SEC_E_QOP_NOT_SUPPORTED;
    if (sealing && !ntlm_protect_active(&c->protect))
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (view.token->cbBuffer < NTLM_TOKEN_SIZE)
        return SEC_E_BUFFER_TOO_SMALL;
    if (secbuf_overlaps(desc, &view, sealing))
        return SEC_E_INVALID_PARAMETER;
    const struct message message = secbuf_message(&view);
    struct port_lock *lock = kernel_lock(c, false);
    port_lock_take(lock);
    enum protect_verdict verdict = sealing ? ntlm_seal(&c->protect, sequence, &message, view.token->pvBuffer)
                                           : ntlm_sign(&c->protect, sequence, &message, view.token->pvBuffer);
    port_lock_give(lock);
    if (verdict == PROTECT_OK)
        view.token->cbBuffer = NTLM_TOKEN_SIZE;
    return packages_verdict_status(verdict);
}

static NTSTATUS NTAPI ntlm_KspMakeSignature(LSA_SEC_HANDLE ContextId, ULONG fQOP, PSecBufferDesc Message,
                                            ULONG MessageSeqNo)
{
    struct ntlm_kernel_context *c;
    NTSTATUS status = kernel_enter_message(ContextId, &c);
    if (status != SEC_E_OK)
        return status;
    status = kernel_make(c, fQOP, Message, MessageSeqNo, false);
    kernel_leave(c);
    return status;
}

static NTSTATUS NTAPI ntlm_KspSealMessage(LSA_SEC_HANDLE ContextId, ULONG fQOP, PSecBufferDesc Message,
                                          ULONG MessageSeqNo)
{
    struct ntlm_kernel_context *c;
    NTSTATUS status = kernel_enter_message(ContextId, &c);
    if (status != SEC_E_OK)
        return status;
    status = kernel_make(c, fQOP, Message, MessageSeqNo, true);
    kernel_leave(c);
    return status;
}

static NTSTATUS kernel_verify(struct ntlm_kernel_context *c, PSecBufferDesc desc, ULONG sequence, PULONG qop)
{
    struct secbuf_view view;
    NTSTATUS status = secbuf_scan(desc, kernel_scan_options(c), &view);
    if (status != SEC_E_OK)
        return status;
    if (view.token->cbBuffer != NTLM_TOKEN_SIZE)
        return SEC_E_INVALID_TOKEN;
    if (secbuf_overlaps(desc, &view, false))
        return SEC_E_INVALID_PARAMETER;
    const struct message message = secbuf_message(&view);
    struct port_lock *lock = kernel_lock(c, true);
    port_lock_take(lock);
    status = packages_verdict_status(ntlm_verify(&c->protect, sequence, &message, view.token->pvBuffer));
    port_lock_give(lock);
    if (status == SEC_E_OK && qop != NULL && ntlm_protect_active(&c->protect))
        *qop = 0;
    return status;
}

static NTSTATUS NTAPI ntlm_KspVerifySignature(LSA_SEC_HANDLE ContextId, PSecBufferDesc Message,
                                              ULONG MessageSeqNo, PULONG pfQOP)
{
    struct ntlm_kernel_context *c;
    NTSTATUS status = kernel_enter_message(ContextId, &c);
    if (status != SEC_E_OK)
        return status;
    status = kernel_verify(c, Message, MessageSeqNo, pfQOP);
    kernel_leave(c);
    return status;
}

/* TOKEN and DATA, or STREAM, whose first 16 bytes are the token. */
struct kernel_received {
    struct message message;
    struct span stream_part;
    const uint8_t *token;
};

static bool kernel_take_received(const struct secbuf_view *view, struct kernel_received *out)
{
    if (view->stream == NULL) {
        out->message = secbuf_message(view);
        out->token = view->token->pvBuffer;
        return view->token->cbBuffer == NTLM_TOKEN_SIZE;
    }
    if (view->stream->cbBuffer < NTLM_TOKEN_SIZE)
        return false;
    out->token = view->stream->pvBuffer;
    out->stream_part = (struct span){out->token + NTLM_TOKEN_SIZE, view->stream->cbBuffer - NTLM_TOKEN_SIZE};
    out->message = (struct message){&out->stream_part, 1, 1};
    return true;
}

/* Where only signing was negotiated peers send either kind: plain first, then sealed. */
static enum protect_verdict kernel_open(struct ntlm_protect *p, ULONG sequence,
                                        const struct kernel_received *got, bool *plain)
{
    *plain = !ntlm_protect_active(p);
    if (*plain)
        return ntlm_verify(p, sequence, &got->message, got->token);
    if (p->flags & NTLM_F_SEAL)
        return ntlm_unseal(p, sequence, &got->message, got->token);
    enum protect_verdict verdict = ntlm_verify(p, sequence, &got->message, got->token);
    /* Without extended session security a sealed message's number reads as a wrong one. */
    if (verdict != PROTECT_ALTERED && (verdict != PROTECT_OUT_OF_SEQUENCE || (p->flags & NTLM_F_ESS))) {
        *plain = true;
        return verdict;
    }
    enum protect_verdict sealed = ntlm_unseal(p, sequence, &got->message, got->token);
    bool misread = ntlm_protect_shared(p) && sealed == PROTECT_OUT_OF_SEQUENCE;
    return misread && verdict == PROTECT_ALTERED ? PROTECT_ALTERED : sealed;
}

static NTSTATUS kernel_unseal(struct ntlm_kernel_context *c, PSecBufferDesc desc, ULONG sequence, PULONG qop)
{
    struct secbuf_view view;
    struct kernel_received got;
    bool plain;
    NTSTATUS status = secbuf_scan(desc, kernel_scan_options(c) | SECBUF_ALLOW_STREAM, &view);
    if (status != SEC_E_OK)
        return status;
    if (!kernel_take_received(&view, &got))
        return SEC_E_INVALID_TOKEN;
    if (view.stream == NULL && secbuf_overlaps(desc, &view, true))
        return SEC_E_INVALID_PARAMETER;
    struct port_lock *lock = kernel_lock(c, true);
    port_lock_take(lock);
    status = packages_verdict_status(kernel_open(&c->protect, sequence, &got, &plain));
    port_lock_give(lock);
    if (status == SEC_E_OK && view.stream != NULL) {
        view.data_out->pvBuffer = (uint8_t *)view.stream->pvBuffer + NTLM_TOKEN_SIZE;
        view.data_out->cbBuffer = view.stream->cbBuffer - NTLM_TOKEN_SIZE;
    }
    if (status == SEC_E_OK && qop != NULL && ntlm_protect_active(&c->protect))
        *qop = plain ? SECQOP_WRAP_NO_ENCRYPT : 0;
    return status;
}

static NTSTATUS NTAPI ntlm_KspUnsealMessage(LSA_SEC_HANDLE ContextId, PSecBufferDesc Message,
                                            ULONG MessageSeqNo, PULONG pfQOP)
{
    struct ntlm_kernel_context *c;
    NTSTATUS status = kernel_enter_message(ContextId, &c);
    if (status != SEC_E_OK)
        return status;
    status = kernel_unseal(c, Message, MessageSeqNo, pfQOP);
    kernel_leave(c);
    return status;
}

/* ---- the rest ---- */

static NTSTATUS NTAPI ntlm_KspQueryAttributes(LSA_SEC_HANDLE ContextId, ULONG Attribute, PVOID Buffer)
{
    struct packages_view text[NTLM_TEXT_COUNT];
    struct ntlm_kernel_context *c = kernel_enter(ContextId);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    packages_kernel_views(&c->base, text, NTLM_TEXT_COUNT);
    struct packages_facts facts = {
        .alloc = heap_alloc,
        .release = heap_release,
        .attributes = c->base.attributes,
        .start = c->base.start,
        .expiry = c->base.expiry,
    };
    ntlm_facts(&facts, c->protect.flags, c->session_key, text);
    NTSTATUS status = packages_attribute_answer(&facts, Attribute, Buffer);
    kernel_leave(c);
    return status;
}

/* There are no token objects. */
static NTSTATUS NTAPI ntlm_KspGetToken(LSA_SEC_HANDLE ContextId, PHANDLE ImpersonationToken,
                                       PACCESS_TOKEN *RawToken)
{
    (void)ImpersonationToken;
    (void)RawToken;
    return packages_kernel_absent(&kernel, ContextId, SEC_E_NO_IMPERSONATION);
}

/* Handshakes end before a context comes here. */
static NTSTATUS NTAPI ntlm_KspCompleteToken(LSA_SEC_HANDLE ContextId, PSecBufferDesc Token)
{
    (void)Token;
    return packages_kernel_absent(&kernel, ContextId, SEC_E_UNSUPPORTED_FUNCTION);
}

static NTSTATUS NTAPI ntlm_KspSerializeAuthData(PVOID pvAuthData, PULONG Size, PVOID *SerializedData)
{
    return packages_kernel_serialize(&kernel, pvAuthData, Size, SerializedData);
}

static NTSTATUS NTAPI ntlm_KspInitPackage(PSECPKG_KERNEL_FUNCTIONS FunctionTable)
{
    return packages_kernel_start(&kernel, FunctionTable);
}

SECPKG_KERNEL_FUNCTION_TABLE ntlm_kernel_table = {
    .Initialize = ntlm_KspInitPackage,
    .DeleteContext = ntlm_KspDeleteContext,
    .InitContext = ntlm_KspInitContext,
    .MapHandle = ntlm_KspMapHandle,
    .Sign = ntlm_KspMakeSignature,
    .Verify = ntlm_KspVerifySignature,
    .Seal = ntlm_KspSealMessage,
    .Unseal = ntlm_KspUnsealMessage,
    .GetToken = ntlm_KspGetToken,
    .QueryAttributes = ntlm_KspQueryAttributes,
    .CompleteToken = ntlm_KspCompleteToken,
    .ExportContext = ntlm_KspExportContext,
    .ImportContext = ntlm_KspImportContext,
    .SetPackagePagingMode = packages_kernel_paging,
    .SerializeAuthData = ntlm_KspSerializeAuthData,
};
