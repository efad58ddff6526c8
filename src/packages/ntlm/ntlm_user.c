/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_user.h"

#include "base/mem.h"
#include "base/secbuf.h"
#include "base/secret.h"
#include "base/trace.h"
#include "base/wire.h"
#include "packages/ntlm/ntlm_package.h"
#include "packages/verdict.h"

static struct slab user_contexts = SLAB_INIT(sizeof(struct ntlm_user_context), 1u << 22, true);
static struct slab imported_contexts = SLAB_INIT(sizeof(struct ntlm_user_context), 1u << 22, true);

static PSECPKG_DLL_FUNCTIONS dll_functions;

void *ntlm_user_alloc(size_t size)
{
    return dll_functions != NULL ? dll_functions->AllocateHeap((ULONG)size) : mem_client_alloc(size);
}

void ntlm_user_free(void *p)
{
    if (p == NULL) {
        return;
    }
    if (dll_functions != NULL) {
        dll_functions->FreeHeap(p);
    } else {
        mem_client_free(p);
    }
}

static inline struct ntlm_user_context *user_find(LSA_SEC_HANDLE id)
{
    struct slab *slab = id & NTLM_IMPORTED ? &imported_contexts : &user_contexts;
    return slab_get(slab, id & ~NTLM_IMPORTED);
}

struct ntlm_user_context *ntlm_user_find(LSA_SEC_HANDLE id)
{
    return user_find(id);
}

struct ntlm_user_look ntlm_user_look(void)
{
    return (struct ntlm_user_look){slab_look(&user_contexts), slab_look(&imported_contexts)};
}

const char16_t *ntlm_user_text(const struct ntlm_user_context *c, enum ntlm_packed_text_index index)
{
    const char16_t *text = c->names;
    for (int i = 0; i < (int)index; i++) {
        text += c->units[i] + 1;
    }
    return text;
}

static struct lock *user_lock(struct ntlm_user_context *c, bool receiving)
{
    return receiving && !ntlm_protect_shared(&c->protect) ? &c->receive : &c->send;
}

/* ---- from and to the packed form ---- */

static void user_fill(struct ntlm_user_context *c, const struct ntlm_packed *packed, char16_t *names)
{
    c->protect = packed->protect;
    memcpy(c->session_key, packed->session_key, sizeof c->session_key);
    c->attributes = packed->attributes;
    c->start = packed->start;
    c->expiry = packed->expiry;
    c->names = names;
    for (size_t i = 0; i < NTLM_TEXT_COUNT; i++) {
        c->units[i] = (uint16_t)packed->text[i].units;
    }
}

static void user_release(struct slab *slab, struct ntlm_user_context *c, uintptr_t id)
{
    mem_free(c->names);
    slab_free(slab, id);
}

static NTSTATUS user_map(LSA_SEC_HANDLE id, const SecBuffer *packed_bytes)
{
    struct ntlm_packed packed;
    char16_t *names = NULL;
    bool taken = false;
    if (packed_bytes == NULL) {
        return SEC_E_INVALID_TOKEN;
    }
    SECURITY_STATUS status =
        ntlm_packed_read(&packed, &names, packed_bytes->pvBuffer, packed_bytes->cbBuffer);
    if (status != SEC_E_OK) {
        return status;
    }
    struct ntlm_user_context *c = id & NTLM_IMPORTED ? NULL : slab_claim(&user_contexts, id, &taken);
    if (c == NULL) {
        mem_free(names);
        status = taken || id == 0 || (id & NTLM_IMPORTED) ? SEC_E_INVALID_HANDLE : SEC_E_INSUFFICIENT_MEMORY;
    } else {
        user_fill(c, &packed, names);
    }
    secret_wipe(&packed, sizeof packed);
    return status;
}

static NTSTATUS NTAPI ntlm_SpInitUserModeContext(LSA_SEC_HANDLE ContextHandle, PSecBuffer PackedContext)
{
    NTSTATUS status = user_map(ContextHandle, PackedContext);
    if (PackedContext != NULL) {
        ntlm_user_free(PackedContext->pvBuffer); /* ours in any case; the free wipes it */
        PackedContext->pvBuffer = NULL;
        PackedContext->cbBuffer = 0;
    }
    if (trace_on()) {
        trace_event("ntlm", "context-mapped", "status=0x%08x", (unsigned)status);
    }
    return status;
}

static NTSTATUS NTAPI ntlm_SpDeleteUserModeContext(LSA_SEC_HANDLE ContextHandle)
{
    struct ntlm_user_context *c = ntlm_user_find(ContextHandle);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    bool imported = (ContextHandle & NTLM_IMPORTED) != 0;
    user_release(imported ? &imported_contexts : &user_contexts, c, ContextHandle & ~NTLM_IMPORTED);
    return SEC_E_OK;
}

/* The context as it is now, under both locks; names stay the context's. */
static void user_snapshot(struct ntlm_user_context *c, bool reset, struct ntlm_packed *out)
{
    lock_take(&c->send);
    lock_take(&c->receive);
    out->protect = c->protect;
    lock_give(&c->receive);
    lock_give(&c->send);
    if (reset) {
        ntlm_protect_init(&out->protect, c->protect.flags, c->protect.initiator,
                          ntlm_packed_detect(c->attributes), c->session_key);
    }
    memcpy(out->session_key, c->session_key, sizeof out->session_key);
    out->attributes = c->attributes;
    out->start = c->start;
    out->expiry = c->expiry;
    for (int i = 0; i < NTLM_TEXT_COUNT; i++) {
        out->text[i].text = ntlm_user_text(c, (enum ntlm_packed_text_index)i);
        out->text[i].units = c->units[i];
    }
}

static NTSTATUS NTAPI ntlm_SpExportSecurityContext(LSA_SEC_HANDLE phContext, ULONG fFlags,
                                                   PSecBuffer pPackedContext, PHANDLE pToken)
{
    struct ntlm_packed packed;
    struct ntlm_user_context *c = ntlm_user_find(phContext);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    if (pPackedContext == NULL) {
        return SEC_E_INVALID_PARAMETER;
    }
    if (fFlags & ~(ULONG)(SECPKG_CONTEXT_EXPORT_RESET_NEW | SECPKG_CONTEXT_EXPORT_DELETE_OLD)) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    user_snapshot(c, (fFlags & SECPKG_CONTEXT_EXPORT_RESET_NEW) != 0, &packed);
    size_t size = ntlm_packed_size(&packed);
    NTSTATUS status = SEC_E_INSUFFICIENT_MEMORY;
    uint8_t *bytes = ntlm_user_alloc(size);
    if (bytes != NULL && ntlm_packed_write(&packed, bytes, size)) {
        pPackedContext->pvBuffer = bytes;
        pPackedContext->cbBuffer = (ULONG)size;
        pPackedContext->BufferType = SECBUFFER_EMPTY;
        if (pToken != NULL) {
            *pToken = NULL;
        }
        status = SEC_E_OK;
    } else {
        ntlm_user_free(bytes);
    }
    secret_wipe(&packed, sizeof packed);
    return status;
}

static NTSTATUS NTAPI ntlm_SpImportSecurityContext(PSecBuffer pPackedContext, HANDLE Token,
                                                   PLSA_SEC_HANDLE phContext)
{
    struct ntlm_packed packed;
    char16_t *names = NULL;
    uintptr_t id = 0;
    struct ntlm_user_context *c;
    (void)Token;
    if (pPackedContext == NULL || phContext == NULL) {
        return SEC_E_INVALID_PARAMETER;
    }
    SECURITY_STATUS status =
        ntlm_packed_read(&packed, &names, pPackedContext->pvBuffer, pPackedContext->cbBuffer);
    if (status != SEC_E_OK) {
        return status;
    }
    /* A number that has the mark already could not be told apart: it stays taken for good. */
    do {
        c = slab_alloc(&imported_contexts, &id);
    } while (c != NULL && (id & NTLM_IMPORTED));
    if (c == NULL) {
        mem_free(names);
        status = SEC_E_INSUFFICIENT_MEMORY;
    } else {
        user_fill(c, &packed, names);
        *phContext = id | NTLM_IMPORTED;
    }
    secret_wipe(&packed, sizeof packed);
    return status;
}

/* ---- messages ---- */

/* No SIGN, no SEAL, and not even the dummy was agreed on. */
static bool user_without_tokens(const struct ntlm_user_context *c)
{
    return !ntlm_protect_active(&c->protect) && !(c->protect.flags & NTLM_F_ALWAYS_SIGN);
}

static unsigned user_scan_options(const struct ntlm_user_context *c)
{
    return c->protect.flags & NTLM_F_ESS ? SECBUF_SIGN_READONLY : 0;
}

/* The token's own number is readable only with extended session security. */
static void user_trace(const struct ntlm_user_context *c, const char *event, const uint8_t *token,
                       size_t parts, NTSTATUS status)
{
    if (!trace_on()) {
        return;
    }
    if (ntlm_protect_active(&c->protect) && (c->protect.flags & NTLM_F_ESS) && token != NULL) {
        trace_event("ntlm", event, "sequence=%u parts=%zu status=0x%08x", (unsigned)wire_get_u32(token + 12),
                    parts, (unsigned)status);
    } else {
        trace_event("ntlm", event, "parts=%zu status=0x%08x", parts, (unsigned)status);
    }
}

/* The key stream is wanted when the hash is done. Where the context is one of very many its lines are far
 * away, and come while the message is hashed. */
static inline void user_fetch(const struct ntlm_direction *d)
{
    for (size_t at = 0; at < sizeof *d; at += 64) {
        __builtin_prefetch((const uint8_t *)d + at, 1);
    }
}

/* Rows 3 to 8 of the contract of MakeSignature in <sspi.h>, in its order. */
static NTSTATUS user_make(struct ntlm_user_context *c, ULONG qop, PSecBufferDesc desc, ULONG sequence,
                          bool sealing)
{
    struct secbuf_view view;
    bool active = ntlm_protect_active(&c->protect);
    const bool apart = secbuf_scan_usual(desc, &view);
    NTSTATUS status = apart ? SEC_E_OK : secbuf_scan(desc, user_scan_options(c), &view);
    if (status != SEC_E_OK) {
        return status;
    }
    if (sealing && qop == SECQOP_WRAP_NO_ENCRYPT) {
        sealing = false;
        qop = 0;
    }
    if (qop != 0) {
        return SEC_E_QOP_NOT_SUPPORTED;
    }
    if (sealing && !active) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (view.token->cbBuffer < NTLM_TOKEN_SIZE) {
        return SEC_E_BUFFER_TOO_SMALL;
    }
    if (!apart && secbuf_overlaps(desc, &view, sealing)) {
        return SEC_E_INVALID_PARAMETER;
    }
    const struct message message = secbuf_message(&view);
    struct lock *lock = user_lock(c, false);
    lock_take(lock);
    enum protect_verdict verdict = sealing ? ntlm_seal(&c->protect, sequence, &message, view.token->pvBuffer)
                                           : ntlm_sign(&c->protect, sequence, &message, view.token->pvBuffer);
    lock_give(lock);
    if (verdict == PROTECT_OK) {
        view.token->cbBuffer = NTLM_TOKEN_SIZE;
    }
    status = packages_verdict_status(verdict);
    user_trace(c, sealing ? "seal" : "sign", status == SEC_E_OK ? view.token->pvBuffer : NULL, view.count,
               status);
    return status;
}

static NTSTATUS NTAPI ntlm_SpMakeSignature(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                           PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    struct ntlm_user_context *c = user_find(ContextHandle);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    user_fetch(&c->protect.send);
    if (user_without_tokens(c)) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    NTSTATUS status;
    if (secbuf_mechlist(MessageBuffers) &&
        ntlm_user_mechlist(c, QualityOfProtection, MessageBuffers, true, &status)) {
        return status;
    }
    return user_make(c, QualityOfProtection, MessageBuffers, MessageSequenceNumber, false);
}

static NTSTATUS NTAPI ntlm_SpSealMessage(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                         PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    struct ntlm_user_context *c = user_find(ContextHandle);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    if (user_without_tokens(c)) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    return user_make(c, QualityOfProtection, MessageBuffers, MessageSequenceNumber, true);
}

static NTSTATUS NTAPI ntlm_SpVerifySignature(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                             ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    struct secbuf_view view;
    struct ntlm_user_context *c = user_find(ContextHandle);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    user_fetch(&c->protect.receive);
    if (user_without_tokens(c)) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    NTSTATUS status;
    if (secbuf_mechlist(MessageBuffers) && ntlm_user_mechlist(c, 0, MessageBuffers, false, &status)) {
        return status;
    }
    const bool apart = secbuf_scan_usual(MessageBuffers, &view);
    status = apart ? SEC_E_OK : secbuf_scan(MessageBuffers, user_scan_options(c), &view);
    if (status != SEC_E_OK) {
        return status;
    }
    if (view.token->cbBuffer != NTLM_TOKEN_SIZE) {
        return SEC_E_INVALID_TOKEN;
    }
    if (!apart && secbuf_overlaps(MessageBuffers, &view, false)) {
        return SEC_E_INVALID_PARAMETER;
    }
    const struct message message = secbuf_message(&view);
    struct lock *lock = user_lock(c, true);
    lock_take(lock);
    status = packages_verdict_status(
        ntlm_verify(&c->protect, MessageSequenceNumber, &message, view.token->pvBuffer));
    lock_give(lock);
    if (status == SEC_E_OK && QualityOfProtection != NULL && ntlm_protect_active(&c->protect)) {
        *QualityOfProtection = 0;
    }
    user_trace(c, "verify", view.token->pvBuffer, view.count, status);
    return status;
}

/* A received message as the protection sees it: TOKEN and DATA, or STREAM, whose first 16 bytes are the
 * token. */
struct user_received {
    struct message message;
    struct span stream_part;
    const uint8_t *token;
};

static bool user_take_received(const struct secbuf_view *view, struct user_received *out)
{
    if (view->stream == NULL) {
        out->message = secbuf_message(view);
        out->token = view->token->pvBuffer;
        return view->token->cbBuffer == NTLM_TOKEN_SIZE;
    }
    if (view->stream->cbBuffer < NTLM_TOKEN_SIZE) {
        return false;
    }
    out->token = view->stream->pvBuffer;
    out->stream_part = (struct span){out->token + NTLM_TOKEN_SIZE, view->stream->cbBuffer - NTLM_TOKEN_SIZE};
    out->message = (struct message){&out->stream_part, 1, 1};
    return true;
}

/*
 * Where only signing was negotiated peers send either kind: plain is tried first, then sealed; both leave
 * everything as it was when they refuse. The dummy protects nothing and is only compared.
 */
static enum protect_verdict user_open(struct ntlm_user_context *c, ULONG sequence,
                                      const struct user_received *got, bool *plain)
{
    if (!ntlm_protect_active(&c->protect)) {
        *plain = true;
        return ntlm_verify(&c->protect, sequence, &got->message, got->token);
    }
    *plain = false;
    if (c->protect.flags & NTLM_F_SEAL) {
        return ntlm_unseal(&c->protect, sequence, &got->message, got->token);
    }
    enum protect_verdict verdict = ntlm_verify(&c->protect, sequence, &got->message, got->token);
    /* Without extended session security the number itself is encrypted: a sealed message's reads as a wrong
     * one. */
    bool maybe_sealed = verdict == PROTECT_ALTERED ||
                        (verdict == PROTECT_OUT_OF_SEQUENCE && !(c->protect.flags & NTLM_F_ESS));
    if (!maybe_sealed) {
        *plain = true;
        return verdict;
    }
    enum protect_verdict sealed = ntlm_unseal(&c->protect, sequence, &got->message, got->token);
    /* An altered plain message's number reads as a wrong one, in turn, when it is taken for sealed: where the
     * number is encrypted. Elsewhere a wrong number is one. */
    bool misread = ntlm_protect_shared(&c->protect) && sealed == PROTECT_OUT_OF_SEQUENCE;
    return misread && verdict == PROTECT_ALTERED ? PROTECT_ALTERED : sealed;
}

static NTSTATUS NTAPI ntlm_SpUnsealMessage(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                           ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    struct secbuf_view view;
    struct user_received got;
    bool plain;
    struct ntlm_user_context *c = user_find(ContextHandle);
    if (c == NULL) {
        return SEC_E_INVALID_HANDLE;
    }
    if (user_without_tokens(c)) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    NTSTATUS status = secbuf_scan(MessageBuffers, user_scan_options(c) | SECBUF_ALLOW_STREAM, &view);
    if (status != SEC_E_OK) {
        return status;
    }
    if (!user_take_received(&view, &got)) {
        return SEC_E_INVALID_TOKEN;
    }
    if (view.stream == NULL && secbuf_overlaps(MessageBuffers, &view, true)) {
        return SEC_E_INVALID_PARAMETER;
    }
    struct lock *lock = user_lock(c, true);
    lock_take(lock);
    status = packages_verdict_status(user_open(c, MessageSequenceNumber, &got, &plain));
    lock_give(lock);
    if (status == SEC_E_OK && view.stream != NULL) {
        view.data_out->pvBuffer = (uint8_t *)view.stream->pvBuffer + NTLM_TOKEN_SIZE;
        view.data_out->cbBuffer = view.stream->cbBuffer - NTLM_TOKEN_SIZE;
    }
    if (status == SEC_E_OK && QualityOfProtection != NULL && ntlm_protect_active(&c->protect)) {
        *QualityOfProtection = plain ? SECQOP_WRAP_NO_ENCRYPT : 0;
    }
    user_trace(c, "unseal", got.token, got.message.count, status);
    return status;
}

/* ---- the table ---- */

static NTSTATUS NTAPI ntlm_SpInstanceInit(ULONG Version, PSECPKG_DLL_FUNCTIONS FunctionTable,
                                          PVOID *UserFunctions)
{
    (void)Version;
    dll_functions = FunctionTable;
    if (UserFunctions != NULL) {
        *UserFunctions = NULL;
    }
    return SEC_E_OK;
}

NTSTATUS ntlm_SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                   PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    static SECPKG_USER_FUNCTION_TABLE table = {
        .InstanceInit = ntlm_SpInstanceInit,
        .InitUserModeContext = ntlm_SpInitUserModeContext,
        .MakeSignature = ntlm_SpMakeSignature,
        .VerifySignature = ntlm_SpVerifySignature,
        .SealMessage = ntlm_SpSealMessage,
        .UnsealMessage = ntlm_SpUnsealMessage,
        .QueryContextAttributes = ntlm_SpQueryContextAttributes,
        .DeleteUserModeContext = ntlm_SpDeleteUserModeContext,
        .ExportContext = ntlm_SpExportSecurityContext,
        .ImportContext = ntlm_SpImportSecurityContext,
    };
    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION_3;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}
