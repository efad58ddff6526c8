/* SPDX-License-Identifier: MIT */
#include "secur32/handshake.h"

#include "base/mem.h"
#include "base/secbuf.h"
#include "base/trace.h"
#include "lsa/lsa.h"
#include "secur32/handle.h"
#include "secur32/registry.h"

/* The user half of a package that finishes its handshake without handing a context over: it offers nothing.
 */
static const SECPKG_USER_FUNCTION_TABLE no_user_half;

/*
 * The output as the package sees it: a copy of the descriptor, so that the application's own changes only on
 * success. With ALLOCATE_MEMORY its TOKEN is memory of ours.
 */
struct output {
    SecBufferDesc desc;
    SecBuffer buffers[MESSAGE_PARTS_MAX];
    SecBuffer *token; /* in buffers; NULL: none */
    void *allocated;
};

static bool descriptor_ok(const SecBufferDesc *desc)
{
    return desc->ulVersion == SECBUFFER_VERSION && desc->cBuffers <= MESSAGE_PARTS_MAX &&
           (desc->cBuffers == 0 || desc->pBuffers != NULL);
}

static bool input_ok(const SecBufferDesc *input)
{
    if (input == NULL)
        return true;
    if (!descriptor_ok(input))
        return false;
    for (ULONG i = 0; i < input->cBuffers; i++)
        if (input->pBuffers[i].cbBuffer != 0 && input->pBuffers[i].pvBuffer == NULL)
            return false;
    return true;
}

static SECURITY_STATUS output_open(struct output *out, const SecBufferDesc *desc, bool allocate,
                                   ULONG max_token)
{
    out->desc = (SecBufferDesc){.ulVersion = SECBUFFER_VERSION, .pBuffers = out->buffers};
    out->token = NULL;
    out->allocated = NULL;
    if (desc == NULL)
        return SEC_E_OK;
    if (!descriptor_ok(desc))
        return SEC_E_INVALID_TOKEN;

    out->desc.cBuffers = desc->cBuffers;
    for (ULONG i = 0; i < desc->cBuffers; i++)
        out->buffers[i] = desc->pBuffers[i];
    out->token = secbuf_find(&out->desc, SECBUFFER_TOKEN);
    if (out->token == NULL)
        return SEC_E_OK;
    if (!allocate)
        return out->token->cbBuffer != 0 && out->token->pvBuffer == NULL ? SEC_E_INVALID_TOKEN : SEC_E_OK;
    out->allocated = mem_client_alloc(max_token);
    if (out->allocated == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    out->token->pvBuffer = out->allocated;
    out->token->cbBuffer = max_token;
    return SEC_E_OK;
}

static void output_commit(struct output *out, SecBufferDesc *desc)
{
    if (out->allocated != NULL && out->token->cbBuffer == 0) {
        mem_client_free(out->allocated);
        out->token->pvBuffer = NULL;
    }
    for (ULONG i = 0; i < out->desc.cBuffers; i++)
        desc->pBuffers[i] = out->buffers[i];
}

static void output_cancel(struct output *out)
{
    mem_client_free(out->allocated);
}

/* The package's half of the step. */
static SECURITY_STATUS step_lsa(const struct handshake *call, struct handle *slot, LSA_SEC_HANDLE credential,
                                struct output *out, struct lsa_step *step)
{
    struct lsa_package *lsa = slot->package->lsa;

    if (call->accept)
        return lsa_context_accept(lsa, credential, slot->lsa, call->requirements, call->data_rep, call->input,
                                  &out->desc, step);
    return lsa_context_initialize(lsa, credential, slot->lsa, call->target, call->requirements,
                                  call->data_rep, call->input, &out->desc, call->ansi, step);
}

/* Hands the packed context to the user half: a copy in client memory that the user half owns from then on.
 * From here on the context is the owner's, and calls go straight to its table. */
static SECURITY_STATUS user_open(struct handle *slot, const struct lsa_step *step)
{
    const SecBuffer *packed = &step->packed;
    SecBuffer copy = {.BufferType = packed->BufferType};
    LSA_SEC_HANDLE id = step->owner != 0 ? step->owner_context : slot->lsa;

    if (slot->user != NULL || slot->owner != NULL)
        return SEC_E_INTERNAL_ERROR;
    if (step->owner != 0 && registry_find_id(step->owner, &slot->owner) != SEC_E_OK)
        return SEC_E_INTERNAL_ERROR;
    const SECPKG_USER_FUNCTION_TABLE *user = slot->owner != NULL ? &slot->owner->user : &slot->package->user;
    if (user->InitUserModeContext == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (packed->cbBuffer > 0 && packed->pvBuffer != NULL) {
        copy.pvBuffer = mem_client_alloc(packed->cbBuffer);
        if (copy.pvBuffer == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        copy.cbBuffer = packed->cbBuffer;
        memcpy(copy.pvBuffer, packed->pvBuffer, packed->cbBuffer);
    }
    NTSTATUS said = user->InitUserModeContext(id, &copy);
    SECURITY_STATUS status = lsa_status_map(said);
    if (status != SEC_E_OK && said < 0)
        return status;
    /* From here on context_destroy deletes it. A success that is not SEC_E_OK made a context, too. */
    slot->user_context = id;
    slot->user = user;
    return status == SEC_E_OK ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
}

static void step_trace(const struct handshake *call, const struct handle *slot, SECURITY_STATUS status,
                       const struct lsa_step *step)
{
    if (trace_on())
        trace_event("secur32", call->accept ? "accept" : "initialize",
                    "package=%s context=%llx required=0x%08x attributes=0x%08x mapped=%d status=0x%08x",
                    slot->package->name, (unsigned long long)slot->head.id, (unsigned)call->requirements,
                    (unsigned)step->attributes, step->mapped, (unsigned)status);
}

/*
 * The step on a slot that only this call works on. *step: what the LSA half said (zero if it was not asked,
 * *asked false). On success the slot holds the context's new halves.
 */
static SECURITY_STATUS step_run(const struct handshake *call, struct handle *slot, LSA_SEC_HANDLE credential,
                                struct output *out, bool *asked, struct lsa_step *step)
{
    bool allocate = call->requirements & ISC_REQ_ALLOCATE_MEMORY;

    *asked = false;
    *step = (struct lsa_step){0};
    if (!input_ok(call->input))
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status = output_open(out, call->output, allocate, slot->package->info->cbMaxToken);
    if (status != SEC_E_OK)
        return status;

    *asked = true;
    status = step_lsa(call, slot, credential, out, step);
    if (status >= 0 && step->context != 0)
        slot->lsa = step->context;
    if (status >= 0 && slot->lsa == 0)
        status = SEC_E_INTERNAL_ERROR;
    if (status >= 0 && step->mapped) {
        SECURITY_STATUS opened = user_open(slot, step);
        if (opened != SEC_E_OK)
            status = opened;
    }
    lsa_packed_free(&step->packed);
    step_trace(call, slot, status, step);

    ULONG extended = call->accept ? ASC_RET_EXTENDED_ERROR : ISC_RET_EXTENDED_ERROR;
    if (status < 0 && !(step->attributes & extended)) {
        output_cancel(out);
        return status;
    }
    if (out->allocated != NULL)
        step->attributes |= ISC_RET_ALLOCATED_MEMORY;
    if (call->output != NULL)
        output_commit(out, call->output);
    if (call->attributes != NULL)
        *call->attributes = step->attributes;
    if (status >= 0 && call->expiry != NULL)
        *call->expiry = step->expiry;
    return status;
}

/* What the slot's state is after a step that the package was asked for. */
static enum handle_state step_outcome(struct handle *slot, SECURITY_STATUS status)
{
    slot->completing = status == SEC_I_COMPLETE_AND_CONTINUE;
    if (status < 0)
        return status == SEC_E_INCOMPLETE_MESSAGE ? HANDLE_UNFINISHED : HANDLE_FAILED;
    if (status != SEC_E_OK && status != SEC_I_COMPLETE_NEEDED)
        return HANDLE_UNFINISHED;
    if (slot->user == NULL)
        slot->user = &no_user_half;
    return HANDLE_ESTABLISHED;
}

static void context_destroy(struct handle *slot)
{
    if (slot->user != NULL && slot->user->DeleteUserModeContext != NULL)
        slot->user->DeleteUserModeContext(slot->user_context);
    if (slot->lsa != 0)
        lsa_context_delete(slot->package->lsa, slot->lsa);
    if (slot->owner != NULL)
        package_release(slot->owner);
    package_release(slot->package);
}

static SECURITY_STATUS step_first(const struct handshake *call, struct handle *credential)
{
    struct output out;
    struct lsa_step step;
    bool asked;

    if (credential == NULL || call->new_context == NULL)
        return SEC_E_INVALID_HANDLE;
    if (package_removed(credential->package))
        return SEC_E_SECPKG_NOT_FOUND;
    struct handle *slot = handle_create(&handle_contexts);
    if (slot == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    slot->package = credential->package;
    slot->accepting = call->accept;
    package_hold(slot->package);

    SECURITY_STATUS status = step_run(call, slot, credential->lsa, &out, &asked, &step);
    if (status < 0) {
        context_destroy(slot);
        handle_abandon(&handle_contexts, slot);
        return status;
    }
    handle_publish(&handle_contexts, slot, step_outcome(slot, status), call->new_context);
    return status;
}

/* Inside the step. */
static SECURITY_STATUS step_again(const struct handshake *call, struct handle *slot,
                                  struct handle *credential)
{
    struct output out;
    struct lsa_step step;
    bool asked;

    if (handle_state(slot) == HANDLE_FAILED || slot->accepting != call->accept)
        return SEC_E_INVALID_HANDLE;
    if (credential != NULL && credential->package != slot->package)
        return SEC_E_WRONG_CREDENTIAL_HANDLE;
    if (handle_state(slot) == HANDLE_ESTABLISHED)
        return SEC_E_OUT_OF_SEQUENCE;

    SECURITY_STATUS status =
        step_run(call, slot, credential != NULL ? credential->lsa : 0, &out, &asked, &step);
    if (asked)
        handle_set_state(slot, step_outcome(slot, status));
    return status;
}

static SECURITY_STATUS step_next(const struct handshake *call, struct handle *credential)
{
    struct handle *slot = handle_acquire(&handle_contexts, call->context);

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    CtxtHandle same = *call->context;
    handle_step_enter(slot);
    SECURITY_STATUS status = step_again(call, slot, credential);
    handle_step_leave(slot);
    handle_release(&handle_contexts, slot);
    if (status >= 0 && call->new_context != NULL)
        *call->new_context = same;
    return status;
}

SECURITY_STATUS handshake_step(const struct handshake *call)
{
    struct handle *credential = NULL;

    if (call->credential != NULL) {
        credential = handle_acquire(&handle_credentials, call->credential);
        if (credential == NULL)
            return SEC_E_INVALID_HANDLE;
    }
    SECURITY_STATUS status =
        call->context == NULL ? step_first(call, credential) : step_next(call, credential);
    if (credential != NULL)
        handle_release(&handle_credentials, credential);
    return status;
}

struct handle_table handle_contexts = {
    .slab = SLAB_INIT(sizeof(struct handle), 1u << 22, false),
    .destroy = context_destroy,
};
