/* SPDX-License-Identifier: MIT */
/*
 * secur32/impersonate: being the client. There are no access tokens here: what ImpersonateSecurityContext
 * changes is a note on this thread, which context it acts for, and only packages that hand a token out offer
 * it.
 */
#include "secur32/impersonate.h"

#include "lsa/lsa.h"
#include "secur32/handle.h"

static _Thread_local CtxtHandle acting_for;
static _Thread_local bool acting;

bool impersonate_current(CtxtHandle *context)
{
    if (acting)
        *context = acting_for;
    return acting;
}

SECURITY_STATUS SEC_ENTRY ImpersonateSecurityContext(PCtxtHandle phContext)
{
    struct handle *slot = handle_acquire_established(&handle_contexts, phContext);
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;
    HANDLE token = NULL;

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    CtxtHandle context = *phContext;
    if (slot->user->GetContextToken != NULL)
        status = lsa_status_map(slot->user->GetContextToken(slot->user_context, &token));
    handle_release(&handle_contexts, slot);
    if (status == SEC_E_OK) {
        acting_for = context;
        acting = true;
    }
    return status;
}

SECURITY_STATUS SEC_ENTRY RevertSecurityContext(PCtxtHandle phContext)
{
    bool mine = phContext != NULL && acting && acting_for.dwLower == phContext->dwLower &&
                acting_for.dwUpper == phContext->dwUpper;

    /* The thread is itself again also when the context is gone by now. */
    if (mine)
        acting = false;
    struct handle *slot = handle_acquire_established(&handle_contexts, phContext);
    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    handle_release(&handle_contexts, slot);
    return mine ? SEC_E_OK : SEC_E_NO_IMPERSONATION;
}

SECURITY_STATUS SEC_ENTRY QuerySecurityContextToken(PCtxtHandle phContext, void **Token)
{
    struct handle *slot = handle_acquire_established(&handle_contexts, phContext);

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    handle_release(&handle_contexts, slot);
    return Token == NULL ? SEC_E_INVALID_PARAMETER : SEC_E_UNSUPPORTED_FUNCTION;
}
