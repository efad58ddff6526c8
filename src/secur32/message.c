/* SPDX-License-Identifier: MIT */
/* secur32/message: the way of a signature, first hop: the handle, the package's table, the answer. */
#include "lsa/lsa.h"
#include "secur32/handle.h"

static inline SECURITY_STATUS answer(NTSTATUS status)
{
    return status == SEC_E_OK ? SEC_E_OK : lsa_status_map(status);
}

SECURITY_STATUS SEC_ENTRY MakeSignature(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage,
                                        ULONG MessageSeqNo)
{
    struct handle *slot = handle_acquire_established(&handle_contexts, phContext);
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    if (slot->user->MakeSignature != NULL)
        status = pMessage == NULL
                     ? SEC_E_INVALID_TOKEN
                     : answer(slot->user->MakeSignature(slot->user_context, fQOP, pMessage, MessageSeqNo));
    handle_release(&handle_contexts, slot);
    return status;
}

SECURITY_STATUS SEC_ENTRY VerifySignature(PCtxtHandle phContext, PSecBufferDesc pMessage, ULONG MessageSeqNo,
                                          ULONG *pfQOP)
{
    struct handle *slot = handle_acquire_established(&handle_contexts, phContext);
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;
    ULONG ignored = 0;

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    if (slot->user->VerifySignature != NULL)
        status = pMessage == NULL
                     ? SEC_E_INVALID_TOKEN
                     : answer(slot->user->VerifySignature(slot->user_context, pMessage, MessageSeqNo,
                                                          pfQOP != NULL ? pfQOP : &ignored));
    handle_release(&handle_contexts, slot);
    return status;
}

SECURITY_STATUS SEC_ENTRY EncryptMessage(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage,
                                         ULONG MessageSeqNo)
{
    struct handle *slot = handle_acquire_established(&handle_contexts, phContext);
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    if (slot->user->SealMessage != NULL)
        status = pMessage == NULL
                     ? SEC_E_INVALID_TOKEN
                     : answer(slot->user->SealMessage(slot->user_context, fQOP, pMessage, MessageSeqNo));
    handle_release(&handle_contexts, slot);
    return status;
}

SECURITY_STATUS SEC_ENTRY DecryptMessage(PCtxtHandle phContext, PSecBufferDesc pMessage, ULONG MessageSeqNo,
                                         ULONG *pfQOP)
{
    struct handle *slot = handle_acquire_established(&handle_contexts, phContext);
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;
    ULONG ignored = 0;

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    if (slot->user->UnsealMessage != NULL)
        status = pMessage == NULL
                     ? SEC_E_INVALID_TOKEN
                     : answer(slot->user->UnsealMessage(slot->user_context, pMessage, MessageSeqNo,
                                                        pfQOP != NULL ? pfQOP : &ignored));
    handle_release(&handle_contexts, slot);
    return status;
}
