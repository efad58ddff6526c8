/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "lsa/lsa.h"
#include "secur32/handle.h"
#include "secur32/handshake.h"
#include "secur32/registry.h"
#include "secur32/text.h"

static SECURITY_STATUS initialize(struct handshake call, char16_t *target)
{
    UNICODE_STRING name;

    if (!text_describe(target, &name))
        return SEC_E_INVALID_PARAMETER;
    call.target = target != NULL ? &name : NULL;
    return handshake_step(&call);
}

SECURITY_STATUS SEC_ENTRY InitializeSecurityContextW(PCredHandle phCredential, PCtxtHandle phContext,
                                                     SEC_WCHAR *pszTargetName, ULONG fContextReq,
                                                     ULONG Reserved1, ULONG TargetDataRep,
                                                     PSecBufferDesc pInput, ULONG Reserved2,
                                                     PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                     ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct handshake call = {
        .credential = phCredential,
        .context = phContext,
        .requirements = fContextReq,
        .data_rep = TargetDataRep,
        .input = pInput,
        .new_context = phNewContext,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };

    (void)Reserved1;
    (void)Reserved2;
    return initialize(call, pszTargetName);
}

SECURITY_STATUS SEC_ENTRY InitializeSecurityContextA(PCredHandle phCredential, PCtxtHandle phContext,
                                                     SEC_CHAR *pszTargetName, ULONG fContextReq,
                                                     ULONG Reserved1, ULONG TargetDataRep,
                                                     PSecBufferDesc pInput, ULONG Reserved2,
                                                     PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                     ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct handshake call = {
        .ansi = true,
        .credential = phCredential,
        .context = phContext,
        .requirements = fContextReq,
        .data_rep = TargetDataRep,
        .input = pInput,
        .new_context = phNewContext,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };
    char16_t *target;

    (void)Reserved1;
    (void)Reserved2;
    SECURITY_STATUS status = text_widen(pszTargetName, &target);
    if (status != SEC_E_OK)
        return status;
    status = initialize(call, target);
    mem_free(target);
    return status;
}

SECURITY_STATUS SEC_ENTRY AcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext,
                                                PSecBufferDesc pInput, ULONG fContextReq, ULONG TargetDataRep,
                                                PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct handshake call = {
        .accept = true,
        .credential = phCredential,
        .context = phContext,
        .requirements = fContextReq,
        .data_rep = TargetDataRep,
        .input = pInput,
        .new_context = phNewContext,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };

    return handshake_step(&call);
}

/* Inside the step: one that goes on after this is unfinished still. */
static SECURITY_STATUS complete(struct handle *slot, PSecBufferDesc token)
{
    if (handle_state(slot) != HANDLE_ESTABLISHED &&
        (handle_state(slot) != HANDLE_UNFINISHED || !slot->completing))
        return SEC_E_INVALID_HANDLE;
    if (slot->user == NULL || slot->user->CompleteAuthToken == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (token == NULL)
        return SEC_E_INVALID_TOKEN;
    return lsa_status_map(slot->user->CompleteAuthToken(slot->user_context, token));
}

SECURITY_STATUS SEC_ENTRY CompleteAuthToken(PCtxtHandle phContext, PSecBufferDesc pToken)
{
    struct handle *slot = handle_acquire(&handle_contexts, phContext);

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    handle_step_enter(slot);
    SECURITY_STATUS status = complete(slot, pToken);
    handle_step_leave(slot);
    handle_release(&handle_contexts, slot);
    return status;
}

SECURITY_STATUS SEC_ENTRY ApplyControlToken(PCtxtHandle phContext, PSecBufferDesc pInput)
{
    struct handle *slot = handle_acquire_established(&handle_contexts, phContext);
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    if (pInput == NULL)
        status = SEC_E_INVALID_TOKEN;
    else if (slot->lsa != 0) {
        handle_step_enter(slot);
        status = lsa_context_control(slot->package->lsa, slot->lsa, pInput);
        handle_step_leave(slot);
    }
    handle_release(&handle_contexts, slot);
    return status;
}

SECURITY_STATUS SEC_ENTRY DeleteSecurityContext(PCtxtHandle phContext)
{
    return handle_delete(&handle_contexts, phContext) ? SEC_E_OK : SEC_E_INVALID_HANDLE;
}

SECURITY_STATUS SEC_ENTRY FreeContextBuffer(void *pvContextBuffer)
{
    mem_client_free(pvContextBuffer);
    return SEC_E_OK;
}

static SECURITY_STATUS context_set(PCtxtHandle h, ULONG attribute, void *buffer, ULONG size, bool ansi)
{
    struct handle *slot = handle_acquire_established(&handle_contexts, h);
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    if (buffer == NULL && size != 0)
        status = SEC_E_INVALID_PARAMETER;
    else if (slot->lsa != 0) {
        handle_step_enter(slot);
        status = lsa_context_set(slot->package->lsa, slot->lsa, attribute, buffer, size, ansi);
        handle_step_leave(slot);
    }
    handle_release(&handle_contexts, slot);
    return status;
}

SECURITY_STATUS SEC_ENTRY SetContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer,
                                                ULONG cbBuffer)
{
    return context_set(phContext, ulAttribute, pBuffer, cbBuffer, false);
}

SECURITY_STATUS SEC_ENTRY SetContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer,
                                                ULONG cbBuffer)
{
    return context_set(phContext, ulAttribute, pBuffer, cbBuffer, true);
}
