/* SPDX-License-Identifier: MIT */
/* The chosen package, through its two tables. */
#include "base/mem.h"
#include "base/secbuf.h"
#include "base/secret.h"
#include "base/trace.h"
#include "packages/negotiate/negotiate_lsa.h"

static const struct negotiate_mech *chosen_mech(const struct negotiate_handshake *h)
{
    return &h->credential->mechs[h->chosen].mech;
}

void negotiate_inner_drop(struct negotiate_context *c)
{
    if (c->inner.lsa == NULL)
        return;
    if (c->inner_context != 0 && c->inner.lsa->DeleteContext != NULL)
        (void)c->inner.lsa->DeleteContext(c->inner_context);
    negotiate_host.release(c->inner.id);
    c->inner = (struct negotiate_inner){.id = 0};
    c->inner_context = 0;
}

SECURITY_STATUS negotiate_inner_choose(struct negotiate_context *c, size_t i)
{
    struct negotiate_handshake *h = c->handshake;
    LSA_SEC_HANDLE credential;
    SECURITY_STATUS status = negotiate_credential_use(h->credential, i, &credential);

    if (status != SEC_E_OK)
        return status;
    negotiate_inner_drop(c);
    negotiate_blob_free(&h->inner_packed);
    negotiate_blob_free(&h->inner_token);
    h->inner_done = false;
    h->chosen = i;
    h->has_choice = true;
    c->inner = h->credential->mechs[i].mech.inner;
    negotiate_host.hold(c->inner.id);
    return SEC_E_OK;
}

/* ---- a step ---- */

/* The mechanism's view of the call: its own token instead of ours, everything else as it is. */
struct inner_input {
    SecBufferDesc desc;
    SecBuffer buffers[NEGOTIATE_BUFFERS_MAX];
};

static bool input_open(struct inner_input *in, const SecBufferDesc *from, struct span token)
{
    in->desc = (SecBufferDesc){SECBUFFER_VERSION, 0, in->buffers};
    if (token.size > 0)
        in->buffers[in->desc.cBuffers++] =
            (SecBuffer){(ULONG)token.size, SECBUFFER_TOKEN, (void *)(uintptr_t)token.data};
    for (ULONG i = 0; i < from->cBuffers; i++) {
        if ((from->pBuffers[i].BufferType & ~(ULONG)SECBUFFER_ATTRMASK) == SECBUFFER_TOKEN)
            continue;
        if (in->desc.cBuffers == NEGOTIATE_BUFFERS_MAX)
            return false;
        in->buffers[in->desc.cBuffers++] = from->pBuffers[i];
    }
    return true;
}

struct inner_result {
    LSA_SEC_HANDLE context;
    ULONG attributes;
    TimeStamp expiry;
    BOOLEAN mapped;
    SecBuffer packed;
};

static SECURITY_STATUS step_call(struct negotiate_context *c, const struct negotiate_call *call,
                                 SecBufferDesc *input, SecBufferDesc *output, struct inner_result *r)
{
    const struct negotiate_handshake *h = c->handshake;
    LSA_SEC_HANDLE credential = h->credential->mechs[h->chosen].handle;
    /* The mechListMIC wants signatures, whether the application does or not. */
    ULONG integrity = h->initiator ? (call->requirements & ISC_REQ_NO_INTEGRITY ? 0 : ISC_REQ_INTEGRITY)
                                   : ASC_REQ_INTEGRITY;
    ULONG requirements = call->requirements | (h->progress == NEGOTIATE_DIRECT ? 0 : integrity);

    if (!h->initiator)
        return c->inner.lsa->AcceptLsaModeContext == NULL
                   ? SEC_E_UNSUPPORTED_FUNCTION
                   : c->inner.lsa->AcceptLsaModeContext(credential, c->inner_context, input, requirements,
                                                        call->data_rep, &r->context, output, &r->attributes,
                                                        &r->expiry, &r->mapped, &r->packed);
    UNICODE_STRING target = call->target != NULL ? *call->target : (UNICODE_STRING){0};
    if (c->inner.lsa->InitLsaModeContext == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    return c->inner.lsa->InitLsaModeContext(
        credential, c->inner_context, call->target != NULL ? &target : NULL, requirements, call->data_rep,
        input, &r->context, output, &r->attributes, &r->expiry, &r->mapped, &r->packed);
}

/* What a step that did not fail leaves behind. */
static SECURITY_STATUS step_keep(struct negotiate_context *c, const struct inner_result *r,
                                 SECURITY_STATUS status)
{
    struct negotiate_handshake *h = c->handshake;

    if (r->context != 0)
        c->inner_context = r->context;
    if (c->inner_context == 0 || (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED))
        return SEC_E_INTERNAL_ERROR;
    h->attributes = r->attributes;
    h->expiry = r->expiry;
    if (status == SEC_I_CONTINUE_NEEDED)
        return status;
    if (!r->mapped)
        return SEC_E_UNSUPPORTED_FUNCTION; /* a context that nobody can use */
    h->inner_done = true;
    return negotiate_blob_copy(&h->inner_packed, (struct span){r->packed.pvBuffer, r->packed.cbBuffer})
               ? SEC_E_OK
               : SEC_E_INSUFFICIENT_MEMORY;
}

SECURITY_STATUS negotiate_inner_step(struct negotiate_context *c, const struct negotiate_call *call,
                                     struct span token)
{
    struct negotiate_handshake *h = c->handshake;
    ULONG room = c->inner.info->cbMaxToken;
    struct inner_input input;
    struct inner_result r = {.expiry.QuadPart = INT64_MAX};

    if (!input_open(&input, call->input, token))
        return SEC_E_INVALID_TOKEN;
    negotiate_blob_free(&h->inner_token);
    h->inner_token.data = mem_alloc(room < NEGOTIATE_TOKEN_MAX ? room : NEGOTIATE_TOKEN_MAX);
    if (h->inner_token.data == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    SecBuffer answer = {room < NEGOTIATE_TOKEN_MAX ? room : NEGOTIATE_TOKEN_MAX, SECBUFFER_TOKEN,
                        h->inner_token.data};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &answer};
    SECURITY_STATUS status = step_call(c, call, &input.desc, &output, &r);
    if (trace_on())
        trace_event("negotiate", "mechanism-step", "mechanism=%s bytes=%zu answer=%u status=0x%08x",
                    chosen_mech(h)->name, token.size, status >= 0 ? (unsigned)answer.cbBuffer : 0,
                    (unsigned)status);
    h->inner_refused = status < 0;
    if (status >= 0) {
        h->inner_token.size = answer.cbBuffer;
        status = step_keep(c, &r, status);
    } else if (r.attributes & (h->initiator ? ISC_RET_EXTENDED_ERROR : ASC_RET_EXTENDED_ERROR)) {
        h->inner_token.size = answer.cbBuffer;
    }
    mem_free(r.packed.pvBuffer);
    return status;
}

/* ---- attributes ---- */

/* A mechanism that is done has forgotten its handshake; its packed context knows, while Negotiate waits. */
static bool packed_knows(const struct negotiate_context *c, ULONG number)
{
    const SECPKG_USER_FUNCTION_TABLE *table = c->inner.user;

    return (number == SECPKG_ATTR_NAMES || number == SECPKG_ATTR_TARGET) && c->handshake != NULL &&
           c->handshake->inner_done && table != NULL && table->ImportContext != NULL &&
           table->DeleteUserModeContext != NULL && table->QueryContextAttributes != NULL;
}

SECURITY_STATUS negotiate_inner_query(const struct negotiate_context *c, ULONG number, void *buffer)
{
    const SECPKG_USER_FUNCTION_TABLE *table = c->inner.user;
    LSA_SEC_HANDLE user;

    if (!packed_knows(c, number))
        return c->inner.lsa == NULL || c->inner.lsa->QueryContextAttributes == NULL
                   ? SEC_E_INVALID_HANDLE
                   : c->inner.lsa->QueryContextAttributes(c->inner_context, number, buffer);
    struct negotiate_blob packed = c->handshake->inner_packed;
    SecBuffer bytes = {(ULONG)packed.size, SECBUFFER_EMPTY, packed.data};
    SECURITY_STATUS status = table->ImportContext(&bytes, NULL, &user);
    if (status != SEC_E_OK)
        return status;
    status = table->QueryContextAttributes(user, number, buffer);
    (void)table->DeleteUserModeContext(user);
    return status;
}

/* ---- the mechListMIC ---- */

static bool inner_signs(const struct negotiate_context *c)
{
    const ULONG attributes = c->handshake->attributes;

    return (attributes & (c->handshake->initiator ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY)) != 0;
}

/* Does the mechanism want it for reasons of its own (NTLM: its AUTHENTICATE carries a MIC)? */
static bool inner_wants(const struct negotiate_context *c)
{
    ULONG wanted = 0;

    return c->inner.lsa->QueryContextAttributes != NULL &&
           c->inner.lsa->QueryContextAttributes(c->inner_context, SSPI_ATTR_MECHLIST_MIC, &wanted) ==
               SEC_E_OK &&
           wanted != 0;
}

SECURITY_STATUS negotiate_mic_needed(struct negotiate_context *c, bool *needed)
{
    const struct negotiate_handshake *h = c->handshake;

    *needed = inner_signs(c) && (h->mic_required || inner_wants(c));
    /* Nobody can tell the choice from that of somebody in between. An acceptor takes it as RFC 4178 says. */
    if (h->mic_required && !inner_signs(c) && h->initiator)
        return SEC_E_DOWNGRADE_DETECTED;
    return SEC_E_OK;
}

/* The finished context as a user context of the host's own, for one call. */
static SECURITY_STATUS inner_open(const struct negotiate_context *c, LSA_SEC_HANDLE *user)
{
    const SECPKG_USER_FUNCTION_TABLE *table = c->inner.user;
    const struct negotiate_blob *packed = &c->handshake->inner_packed;
    SecBuffer bytes = {(ULONG)packed->size, SECBUFFER_EMPTY, packed->data};

    if (table->ImportContext == NULL || table->ExportContext == NULL ||
        table->DeleteUserModeContext == NULL || table->MakeSignature == NULL ||
        table->VerifySignature == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    return table->ImportContext(&bytes, NULL, user);
}

/* Back into the packed form when keep, and gone in any case. */
static SECURITY_STATUS inner_close(struct negotiate_context *c, LSA_SEC_HANDLE user, bool keep)
{
    const SECPKG_USER_FUNCTION_TABLE *table = c->inner.user;
    struct negotiate_blob packed = {NULL, 0};
    SecBuffer bytes = {.pvBuffer = NULL};
    SECURITY_STATUS status = keep ? table->ExportContext(user, 0, &bytes, NULL) : SEC_E_OK;

    if (status == SEC_E_OK && keep) {
        if (negotiate_blob_copy(&packed, (struct span){bytes.pvBuffer, bytes.cbBuffer})) {
            negotiate_blob_free(&c->handshake->inner_packed);
            c->handshake->inner_packed = packed;
        } else {
            status = SEC_E_INSUFFICIENT_MEMORY;
        }
        mem_client_free(bytes.pvBuffer);
    }
    (void)table->DeleteUserModeContext(user);
    return status;
}

static void mic_trace(const struct negotiate_context *c, const char *event, size_t size,
                      SECURITY_STATUS status)
{
    if (trace_on())
        trace_event("negotiate", event, "mechanism=%s list-bytes=%zu mic-bytes=%zu status=0x%08x",
                    chosen_mech(c->handshake)->name, c->handshake->mech_list.size, size, (unsigned)status);
}

/*
 * The list and the room for, or the bytes of, its signature, in the form that packages have for it; those
 * that do not know it refuse it for want of a TOKEN and get an ordinary message.
 */
struct mic_message {
    SecBufferDesc desc;
    SecBuffer buffers[2];
};

static void mic_message(struct mic_message *m, const struct negotiate_handshake *h, bool ordinary, void *mic,
                        size_t size)
{
    m->buffers[0] = (SecBuffer){(ULONG)h->mech_list.size, ordinary ? SECBUFFER_DATA : SECBUFFER_MECHLIST,
                                h->mech_list.data};
    m->buffers[1] = (SecBuffer){(ULONG)size, ordinary ? SECBUFFER_TOKEN : SECBUFFER_MECHLIST_SIGNATURE, mic};
    m->desc = (SecBufferDesc){SECBUFFER_VERSION, 2, m->buffers};
}

SECURITY_STATUS negotiate_mic_make(struct negotiate_context *c, struct negotiate_blob *mic)
{
    const SECPKG_USER_FUNCTION_TABLE *table = c->inner.user;
    struct negotiate_handshake *h = c->handshake;
    SecPkgContext_Sizes sizes = {0};
    struct mic_message m;
    LSA_SEC_HANDLE user;

    *mic = (struct negotiate_blob){NULL, 0};
    SECURITY_STATUS status = inner_open(c, &user);
    if (status != SEC_E_OK)
        return status;
    status = table->QueryContextAttributes != NULL
                 ? table->QueryContextAttributes(user, SECPKG_ATTR_SIZES, &sizes)
                 : SEC_E_UNSUPPORTED_FUNCTION;
    if (status == SEC_E_OK && (mic->data = mem_alloc(sizes.cbMaxSignature)) == NULL)
        status = SEC_E_INSUFFICIENT_MEMORY;
    for (int ordinary = 0; status == SEC_E_OK && ordinary <= 1; ordinary++) {
        mic_message(&m, h, ordinary != 0, mic->data, sizes.cbMaxSignature);
        SECURITY_STATUS made = table->MakeSignature(user, 0, &m.desc, 0);
        if (ordinary == 0 && made == SEC_E_INVALID_TOKEN)
            continue;
        status = made;
        mic->size = m.buffers[1].cbBuffer;
        break;
    }
    SECURITY_STATUS closed = inner_close(c, user, status == SEC_E_OK);
    status = status != SEC_E_OK ? status : closed;
    mic_trace(c, "mic-made", mic->size, status);
    if (status != SEC_E_OK)
        negotiate_blob_free(mic);
    else
        h->mic_sent = true;
    return status;
}

SECURITY_STATUS negotiate_mic_check(struct negotiate_context *c, struct span mic)
{
    const SECPKG_USER_FUNCTION_TABLE *table = c->inner.user;
    struct mic_message m;
    LSA_SEC_HANDLE user;
    ULONG qop;

    SECURITY_STATUS status = inner_open(c, &user);
    if (status != SEC_E_OK)
        return status;
    mic_message(&m, c->handshake, false, (void *)(uintptr_t)mic.data, mic.size);
    status = table->VerifySignature(user, &m.desc, 0, &qop);
    if (status == SEC_E_INVALID_TOKEN) {
        mic_message(&m, c->handshake, true, (void *)(uintptr_t)mic.data, mic.size);
        status = table->VerifySignature(user, &m.desc, 0, &qop);
    }
    SECURITY_STATUS closed = inner_close(c, user, status == SEC_E_OK);
    status = status != SEC_E_OK ? status : closed;
    mic_trace(c, "mic-checked", mic.size, status);
    /* Of the wrong size, out of its place or altered: what it is good for is the same. */
    return status == SEC_E_OUT_OF_SEQUENCE || status == SEC_E_INVALID_TOKEN ? SEC_E_MESSAGE_ALTERED : status;
}
