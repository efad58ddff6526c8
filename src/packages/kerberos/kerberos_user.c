/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_user.h"

#include "base/mem.h"
#include "base/secbuf.h"
#include "base/secret.h"
#include "base/sources.h"
#include "base/trace.h"
#include "packages/kerberos/kerberos_package.h"
#include "packages/verdict.h"

static struct slab user_contexts = SLAB_INIT(sizeof(struct kerberos_user_context), 1u << 22, true);
static struct slab imported_contexts = SLAB_INIT(sizeof(struct kerberos_user_context), 1u << 22, true);

static PSECPKG_DLL_FUNCTIONS dll_functions;

void *kerberos_user_alloc(size_t size)
{
    return dll_functions != NULL ? dll_functions->AllocateHeap((ULONG)size) : mem_client_alloc(size);
}

void kerberos_user_free(void *p)
{
    if (p == NULL)
        return;
    if (dll_functions != NULL)
        dll_functions->FreeHeap(p);
    else
        mem_client_free(p);
}

static inline struct kerberos_user_context *user_find(LSA_SEC_HANDLE id)
{
    struct slab *slab = id & KERBEROS_IMPORTED ? &imported_contexts : &user_contexts;
    return slab_get(slab, id & ~KERBEROS_IMPORTED);
}

struct kerberos_user_context *kerberos_user_find(LSA_SEC_HANDLE id)
{
    return user_find(id);
}

struct kerberos_user_look kerberos_user_look(void)
{
    return (struct kerberos_user_look){slab_look(&user_contexts), slab_look(&imported_contexts)};
}

bool kerberos_user_texts(const struct kerberos_user_context *c, struct kerberos_texts *out)
{
    size_t units = KERBEROS_TEXT_COUNT;
    for (size_t i = 0; i < KERBEROS_TEXT_COUNT; i++)
        units += c->units[i];
    bool fits = units <= sizeof out->small / sizeof out->small[0];
    out->large = fits ? NULL : mem_alloc(units * sizeof *out->large);
    if (!fits && out->large == NULL)
        return false;
    const uint8_t *from = c->names;
    char16_t *to = fits ? out->small : out->large;
    for (size_t i = 0; i < KERBEROS_TEXT_COUNT; i++) {
        out->text[i] = (struct packages_view){to, c->units[i]};
        for (size_t k = 0; k < c->units[i]; k++, from += c->wide ? 2 : 1)
            *to++ = c->wide ? (char16_t)(from[0] | from[1] << 8) : *from;
        *to++ = 0;
    }
    return true;
}

void kerberos_user_texts_done(struct kerberos_texts *t)
{
    mem_free(t->large);
}

static bool user_is_rc4(const struct kerberos_user_context *c)
{
    return c->protect.key.etype == KRB5_ETYPE_RC4;
}

/* SEC_E_INTERNAL_ERROR: the system has no randomness. */
static SECURITY_STATUS sealing_new(const struct kerberos_user_context *c, struct kerberos_sealing **out)
{
    uint8_t key[32];
    size_t keys = user_is_rc4(c) ? 0 : sizeof(struct krb5_seal);
    struct kerberos_sealing *made = mem_alloc(sizeof *made + keys);
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (!sources_random(key, sizeof key)) {
        mem_free(made);
        return SEC_E_INTERNAL_ERROR;
    }
    if (keys > 0)
        krb5_seal_init(made->keys, &c->protect);
    crypto_aes_encrypt_key(&made->random, key, sizeof key);
    secret_wipe(key, sizeof key);
    *out = made;
    return SEC_E_OK;
}

/*
 * Made with the context where sealing was negotiated, otherwise when the first message wants it; whoever
 * comes second drops its own.
 */
static SECURITY_STATUS user_sealing(struct kerberos_user_context *c, struct kerberos_sealing **out)
{
    struct kerberos_sealing *made, *present = __atomic_load_n(&c->sealing, __ATOMIC_ACQUIRE);
    *out = present;
    if (present != NULL)
        return SEC_E_OK;
    SECURITY_STATUS status = sealing_new(c, &made);
    if (status != SEC_E_OK)
        return status;
    *out = made;
    if (__atomic_compare_exchange_n(&c->sealing, &present, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return SEC_E_OK;
    mem_free(made);
    *out = present;
    return SEC_E_OK;
}

static void sealing_draw(struct kerberos_sealing *s, uint8_t confounder[static KRB5_CONFOUNDER_SIZE])
{
    uint8_t iv[CRYPTO_AES_BLOCK] = {0};
    uint64_t number = __atomic_fetch_add(&s->drawn, 1, __ATOMIC_RELAXED);
    memcpy(confounder, &number, sizeof number);
    memset(confounder + sizeof number, 0, KRB5_CONFOUNDER_SIZE - sizeof number);
    crypto_aes_cbc_encrypt(&s->random, iv, confounder, confounder, 1);
}
_Static_assert((int)KRB5_CONFOUNDER_SIZE == (int)CRYPTO_AES_BLOCK, "a confounder is one block");

/* ---- from and to the packed form ---- */

/* The texts as the context keeps them: one byte a unit where that is enough, as it is for nearly all. */
static bool user_keep_texts(struct kerberos_user_context *c, const struct kerberos_packed *packed)
{
    size_t units = 0;
    char16_t all = 0;
    for (size_t i = 0; i < KERBEROS_TEXT_COUNT; i++) {
        c->units[i] = (uint16_t)packed->text[i].units;
        units += packed->text[i].units;
        for (size_t k = 0; k < packed->text[i].units; k++)
            all |= packed->text[i].text[k];
    }
    c->wide = all > 0xff;
    c->names = mem_alloc(units * (c->wide ? 2 : 1) + 1);
    if (c->names == NULL)
        return false;
    uint8_t *to = c->names;
    for (size_t i = 0; i < KERBEROS_TEXT_COUNT; i++) {
        for (size_t k = 0; k < packed->text[i].units; k++) {
            *to++ = (uint8_t)packed->text[i].text[k];
            if (c->wide)
                *to++ = (uint8_t)(packed->text[i].text[k] >> 8);
        }
    }
    return true;
}

/* After a failure *c has nothing to be released. */
static SECURITY_STATUS user_fill(struct kerberos_user_context *c, const struct kerberos_packed *packed)
{
    struct kerberos_sealing *sealing;
    if (!user_keep_texts(c, packed))
        return SEC_E_INSUFFICIENT_MEMORY;
    c->protect = packed->protect;
    SECURITY_STATUS status = c->protect.flags & KRB5_F_CONF ? user_sealing(c, &sealing) : SEC_E_OK;
    if (status != SEC_E_OK) {
        mem_free(c->names);
        return status;
    }
    c->attributes = packed->attributes;
    c->start = packed->start;
    c->expiry = packed->expiry;
    return SEC_E_OK;
}

static void user_release(struct slab *slab, struct kerberos_user_context *c, uintptr_t id)
{
    mem_free(c->sealing);
    mem_free(c->names);
    slab_free(slab, id);
}

static NTSTATUS user_map(LSA_SEC_HANDLE id, const SecBuffer *packed_bytes)
{
    struct kerberos_packed packed;
    char16_t *names = NULL;
    bool taken = false;
    if (packed_bytes == NULL)
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status =
        kerberos_packed_read(&packed, &names, packed_bytes->pvBuffer, packed_bytes->cbBuffer);
    if (status != SEC_E_OK)
        return status;
    bool usable = id != 0 && !(id & KERBEROS_IMPORTED);
    struct kerberos_user_context *c = usable ? slab_claim(&user_contexts, id, &taken) : NULL;
    if (c == NULL) {
        status = usable && !taken ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_INVALID_HANDLE;
    } else {
        status = user_fill(c, &packed);
        if (status != SEC_E_OK)
            slab_free(&user_contexts, id);
    }
    mem_free(names);
    secret_wipe(&packed, sizeof packed);
    return status;
}

static NTSTATUS NTAPI kerberos_SpInitUserModeContext(LSA_SEC_HANDLE ContextHandle, PSecBuffer PackedContext)
{
    NTSTATUS status = user_map(ContextHandle, PackedContext);
    if (PackedContext != NULL) {
        kerberos_user_free(PackedContext->pvBuffer); /* ours in any case; the free wipes it */
        PackedContext->pvBuffer = NULL;
        PackedContext->cbBuffer = 0;
    }
    if (trace_on())
        trace_event("kerberos", "context-mapped", "status=0x%08x", (unsigned)status);
    return status;
}

static NTSTATUS NTAPI kerberos_SpDeleteUserModeContext(LSA_SEC_HANDLE ContextHandle)
{
    struct kerberos_user_context *c = kerberos_user_find(ContextHandle);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    bool imported = (ContextHandle & KERBEROS_IMPORTED) != 0;
    user_release(imported ? &imported_contexts : &user_contexts, c, ContextHandle & ~KERBEROS_IMPORTED);
    return SEC_E_OK;
}

/* Numbers from the start, keys as they are. */
static void user_reset(struct krb5_protect *p)
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

/* The context as it is now; names stay the texts'. */
static void user_snapshot(struct kerberos_user_context *c, bool reset, const struct kerberos_texts *texts,
                          struct kerberos_packed *out)
{
    lock_take(&c->receive);
    uint64_t sent = __atomic_load_n(&c->protect.sent, __ATOMIC_RELAXED);
    memcpy(&out->protect, &c->protect, offsetof(struct krb5_protect, sent));
    out->protect.sent = sent;
    lock_give(&c->receive);
    if (reset)
        user_reset(&out->protect);
    out->attributes = c->attributes;
    out->start = c->start;
    out->expiry = c->expiry;
    memcpy(out->text, texts->text, sizeof out->text);
}
_Static_assert(offsetof(struct krb5_protect, sent) + sizeof(uint64_t) == sizeof(struct krb5_protect),
               "user_snapshot copies what is before it");

static NTSTATUS NTAPI kerberos_SpExportSecurityContext(LSA_SEC_HANDLE phContext, ULONG fFlags,
                                                       PSecBuffer pPackedContext, PHANDLE pToken)
{
    struct kerberos_packed packed;
    struct kerberos_user_context *c = kerberos_user_find(phContext);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (pPackedContext == NULL)
        return SEC_E_INVALID_PARAMETER;
    if (fFlags & ~(ULONG)(SECPKG_CONTEXT_EXPORT_RESET_NEW | SECPKG_CONTEXT_EXPORT_DELETE_OLD))
        return SEC_E_UNSUPPORTED_FUNCTION;
    struct kerberos_texts texts;
    NTSTATUS status = SEC_E_INSUFFICIENT_MEMORY;
    if (!kerberos_user_texts(c, &texts))
        return status;
    user_snapshot(c, (fFlags & SECPKG_CONTEXT_EXPORT_RESET_NEW) != 0, &texts, &packed);
    size_t size = kerberos_packed_size(&packed);
    uint8_t *bytes = kerberos_user_alloc(size);
    if (bytes != NULL && kerberos_packed_write(&packed, bytes, size)) {
        pPackedContext->pvBuffer = bytes;
        pPackedContext->cbBuffer = (ULONG)size;
        pPackedContext->BufferType = SECBUFFER_EMPTY;
        if (pToken != NULL)
            *pToken = NULL;
        status = SEC_E_OK;
    } else {
        kerberos_user_free(bytes);
    }
    kerberos_user_texts_done(&texts);
    secret_wipe(&packed, sizeof packed);
    return status;
}

/* A free number in the slab of imported contexts; one that has the mark already could not be told apart, it
 * stays taken for good. */
static struct kerberos_user_context *user_new_imported(uintptr_t *id)
{
    struct kerberos_user_context *c;
    do
        c = slab_alloc(&imported_contexts, id);
    while (c != NULL && (*id & KERBEROS_IMPORTED));
    return c;
}

static NTSTATUS NTAPI kerberos_SpImportSecurityContext(PSecBuffer pPackedContext, HANDLE Token,
                                                       PLSA_SEC_HANDLE phContext)
{
    struct kerberos_packed packed;
    char16_t *names = NULL;
    uintptr_t id = 0;
    (void)Token;
    if (pPackedContext == NULL || phContext == NULL)
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status =
        kerberos_packed_read(&packed, &names, pPackedContext->pvBuffer, pPackedContext->cbBuffer);
    if (status != SEC_E_OK)
        return status;
    struct kerberos_user_context *c = user_new_imported(&id);
    status = c != NULL ? user_fill(c, &packed) : SEC_E_INSUFFICIENT_MEMORY;
    if (status == SEC_E_OK)
        *phContext = id | KERBEROS_IMPORTED;
    else if (c != NULL)
        slab_free(&imported_contexts, id);
    mem_free(names);
    secret_wipe(&packed, sizeof packed);
    return status;
}

/* ---- messages ---- */

/* Neither side may protect messages when integrity was not negotiated. */
static inline struct kerberos_user_context *user_enter(LSA_SEC_HANDLE id, NTSTATUS *refused)
{
    struct kerberos_user_context *c = user_find(id);
    if (c == NULL) {
        *refused = SEC_E_INVALID_HANDLE;
        return NULL;
    }
    if (!(c->protect.flags & (KRB5_F_INTEG | KRB5_F_CONF))) {
        *refused = SEC_E_UNSUPPORTED_FUNCTION;
        return NULL;
    }
    return c;
}

static void user_trace(const char *event, size_t parts, NTSTATUS status)
{
    if (trace_on())
        trace_event("kerberos", event, "parts=%zu status=0x%08x", parts, (unsigned)status);
}

static enum protect_verdict user_accept(struct kerberos_user_context *c, uint64_t sequence)
{
    lock_take(&c->receive);
    enum protect_verdict verdict = krb5_accept(&c->protect, sequence);
    lock_give(&c->receive);
    return verdict;
}

/* Rows 3 to 8 of the contract of MakeSignature in <sspi.h>, in its order, in each of the four. */
static NTSTATUS NTAPI kerberos_SpMakeSignature(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                               PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    struct secbuf_view view;
    NTSTATUS status;
    struct kerberos_user_context *c = user_enter(ContextHandle, &status);
    (void)MessageSequenceNumber;
    if (c == NULL)
        return status;
    __builtin_prefetch(&c->protect.sent, 1); /* a line of its own, far away in one context of many */
    const bool apart = secbuf_scan_usual(MessageBuffers, &view);
    status = apart ? SEC_E_OK : secbuf_scan(MessageBuffers, 0, &view);
    if (status != SEC_E_OK)
        return status;
    if (QualityOfProtection != 0)
        return SEC_E_QOP_NOT_SUPPORTED;
    size_t size = krb5_mic_size(&c->protect);
    if (view.token->cbBuffer < size)
        return SEC_E_BUFFER_TOO_SMALL;
    if (!apart && secbuf_overlaps(MessageBuffers, &view, false))
        return SEC_E_INVALID_PARAMETER;
    const struct message message = secbuf_message(&view);
    status = packages_verdict_status(krb5_mic_make(&c->protect, &message, view.token->pvBuffer));
    if (status == SEC_E_OK)
        view.token->cbBuffer = (ULONG)size;
    user_trace("sign", view.count, status);
    return status;
}

static NTSTATUS NTAPI kerberos_SpVerifySignature(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                                 ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    struct secbuf_view view;
    uint64_t sequence;
    NTSTATUS status;
    struct kerberos_user_context *c = user_enter(ContextHandle, &status);
    (void)MessageSequenceNumber;
    if (c == NULL || (secbuf_mechlist(MessageBuffers) && kerberos_user_mechlist(c, MessageBuffers, &status)))
        return status;
    const bool apart = secbuf_scan_usual(MessageBuffers, &view);
    status = apart ? SEC_E_OK : secbuf_scan(MessageBuffers, 0, &view);
    if (status != SEC_E_OK)
        return status;
    /* Which sizes there are the check knows, it only reads, and a wrong one comes before what overlaps. */
    const struct message message = secbuf_message(&view);
    enum protect_verdict verdict =
        krb5_mic_check(&c->protect, NULL, &message, view.token->pvBuffer, view.token->cbBuffer, &sequence);
    if (verdict != PROTECT_MALFORMED && !apart && secbuf_overlaps(MessageBuffers, &view, false))
        return SEC_E_INVALID_PARAMETER;
    if (verdict == PROTECT_OK)
        verdict = user_accept(c, sequence);
    status = packages_verdict_status(verdict);
    if (status == SEC_E_OK && QualityOfProtection != NULL)
        *QualityOfProtection = 0;
    user_trace("verify", view.count, status);
    return status;
}

/*
 * RFC 4757's padding byte goes to a PADDING buffer where the caller brings one; without it the token is in
 * DCE form. With AES there is no padding. NULL: none.
 */
static SecBuffer *user_padding(const struct kerberos_user_context *c, PSecBufferDesc desc)
{
    SecBuffer *padding = secbuf_find(desc, SECBUFFER_PADDING);
    bool room = padding != NULL && padding->cbBuffer >= 1 && padding->pvBuffer != NULL;
    return user_is_rc4(c) && room ? padding : NULL;
}

/* The padding byte lies in the token or in a part of the message. */
static bool user_padding_overlaps(const SecBuffer *padding, const struct secbuf_view *view)
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

static NTSTATUS NTAPI kerberos_SpSealMessage(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                             PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    struct secbuf_view view;
    uint8_t confounder[KRB5_CONFOUNDER_SIZE] = {0};
    NTSTATUS status;
    struct kerberos_user_context *c = user_enter(ContextHandle, &status);
    (void)MessageSequenceNumber;
    if (c == NULL)
        return status;
    status = secbuf_scan(MessageBuffers, 0, &view);
    if (status != SEC_E_OK)
        return status;
    if (QualityOfProtection != 0 && QualityOfProtection != SECQOP_WRAP_NO_ENCRYPT)
        return SEC_E_QOP_NOT_SUPPORTED;
    bool sealed = QualityOfProtection == 0;
    if (sealed && !(c->protect.flags & KRB5_F_CONF))
        return SEC_E_UNSUPPORTED_FUNCTION;
    const struct message message = secbuf_message(&view);
    SecBuffer *padding = user_padding(c, MessageBuffers);
    size_t size = krb5_wrap_size(&c->protect, sealed, &message, padding != NULL);
    if (view.token->cbBuffer < size)
        return SEC_E_BUFFER_TOO_SMALL;
    if (secbuf_overlaps(MessageBuffers, &view, true) || user_padding_overlaps(padding, &view))
        return SEC_E_INVALID_PARAMETER;
    struct kerberos_sealing *sealing;
    status = user_sealing(c, &sealing);
    if (status != SEC_E_OK)
        return status;
    if (sealed)
        sealing_draw(sealing, confounder);
    const struct krb5_token token = {view.token->pvBuffer, size,
                                     padding != NULL ? (uint8_t *)padding->pvBuffer : NULL};
    status =
        packages_verdict_status(krb5_wrap(&c->protect, sealing->keys, sealed, &message, confounder, &token));
    if (status == SEC_E_OK) {
        view.token->cbBuffer = (ULONG)size;
        SecBuffer *sent = secbuf_find(MessageBuffers, SECBUFFER_PADDING);
        if (sent != NULL)
            sent->cbBuffer = padding != NULL ? 1 : 0; /* what the peer is to get of it */
    }
    secret_wipe(confounder, sizeof confounder);
    user_trace("seal", view.count, status);
    return status;
}

/* A received message as the protection sees it: TOKEN and DATA, or STREAM, which is divided into both. */
struct user_received {
    struct message message;
    struct span stream_part;
    struct krb5_token token;
};

static bool user_take_received(const struct kerberos_user_context *c, const struct secbuf_view *view,
                               const SecBuffer *padding, struct user_received *out)
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
static void user_trim(PSecBufferDesc desc, ULONG trim)
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
static enum protect_verdict user_open(struct kerberos_user_context *c, const struct krb5_seal *seal,
                                      const struct user_received *got, struct krb5_unwrapped *found)
{
    enum protect_verdict verdict = krb5_unwrap(&c->protect, seal, NULL, &got->message, &got->token, found);
    if (verdict != PROTECT_OK)
        return verdict;
    verdict = user_accept(c, found->sequence);
    if (verdict != PROTECT_OK)
        krb5_unwrap_undo(&c->protect, seal, NULL, &got->message, &got->token, found);
    return verdict;
}

static NTSTATUS NTAPI kerberos_SpUnsealMessage(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                               ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    struct secbuf_view view;
    struct user_received got;
    struct krb5_unwrapped found;
    NTSTATUS status;
    struct kerberos_user_context *c = user_enter(ContextHandle, &status);
    (void)MessageSequenceNumber;
    if (c == NULL)
        return status;
    status = secbuf_scan(MessageBuffers, SECBUF_ALLOW_STREAM, &view);
    if (status != SEC_E_OK)
        return status;
    SecBuffer *padding = view.stream == NULL ? user_padding(c, MessageBuffers) : NULL;
    if (!user_take_received(c, &view, padding, &got) ||
        krb5_unwrap_look(&c->protect, got.token.data, got.token.size) == PROTECT_MALFORMED)
        return SEC_E_INVALID_TOKEN;
    if (view.stream == NULL &&
        (secbuf_overlaps(MessageBuffers, &view, true) || user_padding_overlaps(padding, &view)))
        return SEC_E_INVALID_PARAMETER;
    /* Sealed ones are opened whatever was negotiated: peers may seal where only integrity was asked for. */
    struct kerberos_sealing *sealing = NULL;
    status = user_is_rc4(c) ? SEC_E_OK : user_sealing(c, &sealing);
    if (status != SEC_E_OK)
        return status;
    status = packages_verdict_status(user_open(c, sealing != NULL ? sealing->keys : NULL, &got, &found));
    if (status == SEC_E_OK && view.stream != NULL) {
        view.data_out->pvBuffer = got.token.data + got.token.size;
        view.data_out->cbBuffer = (ULONG)(got.stream_part.size - found.trim);
    } else if (status == SEC_E_OK) {
        user_trim(MessageBuffers, found.trim);
    }
    if (status == SEC_E_OK && QualityOfProtection != NULL)
        *QualityOfProtection = found.sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    user_trace("unseal", view.count, status);
    return status;
}

/* There are no token objects; being the client means to use what it delegated, and that only an acceptor can.
 */
static NTSTATUS NTAPI kerberos_SpGetContextToken(LSA_SEC_HANDLE ContextHandle, PHANDLE ImpersonationToken)
{
    struct kerberos_user_context *c = kerberos_user_find(ContextHandle);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if ((c->protect.flags & KRB5_F_INITIATOR) || (ContextHandle & KERBEROS_IMPORTED))
        return SEC_E_NO_IMPERSONATION;
    if (ImpersonationToken != NULL)
        *ImpersonationToken = NULL;
    return SEC_E_OK;
}

/* ---- the table ---- */

static NTSTATUS NTAPI kerberos_SpInstanceInit(ULONG Version, PSECPKG_DLL_FUNCTIONS FunctionTable,
                                              PVOID *UserFunctions)
{
    (void)Version;
    dll_functions = FunctionTable;
    if (UserFunctions != NULL)
        *UserFunctions = NULL;
    return SEC_E_OK;
}

NTSTATUS kerberos_SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                       PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    static SECPKG_USER_FUNCTION_TABLE table = {
        .InstanceInit = kerberos_SpInstanceInit,
        .InitUserModeContext = kerberos_SpInitUserModeContext,
        .MakeSignature = kerberos_SpMakeSignature,
        .VerifySignature = kerberos_SpVerifySignature,
        .SealMessage = kerberos_SpSealMessage,
        .UnsealMessage = kerberos_SpUnsealMessage,
        .GetContextToken = kerberos_SpGetContextToken,
        .QueryContextAttributes = kerberos_SpQueryContextAttributes,
        .DeleteUserModeContext = kerberos_SpDeleteUserModeContext,
        .ExportContext = kerberos_SpExportSecurityContext,
        .ImportContext = kerberos_SpImportSecurityContext,
    };
    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION_3;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}
