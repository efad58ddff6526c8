/* SPDX-License-Identifier: MIT */
/*
 * secur32/export: contexts between processes. What is packed is the user half's alone: the importing process
 * needs no LSA half of it. Which package it belongs to the application says (pszPackage); the package checks
 * that the bytes are its own.
 */
#include "base/mem.h"
#include "lsa/lsa.h"
#include "secur32/handle.h"
#include "secur32/registry.h"
#include "secur32/text.h"

#define EXPORT_FLAGS                                                                                         \
    (SECPKG_CONTEXT_EXPORT_RESET_NEW | SECPKG_CONTEXT_EXPORT_DELETE_OLD | SECPKG_CONTEXT_EXPORT_TO_KERNEL)

/*
 * DELETE_OLD is this file's work, the package does not see it: the old context is closed to new calls before
 * its state is read, and those inside have left, so that none can use up a number that the new one uses too.
 */
static SECURITY_STATUS context_export(struct handle *slot, ULONG flags, PSecBuffer packed, void **token)
{
    bool delete_old = flags & SECPKG_CONTEXT_EXPORT_DELETE_OLD;
    SecBuffer blob = {.BufferType = SECBUFFER_EMPTY};
    HANDLE made = NULL;

    if (slot->user->ExportContext == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (packed == NULL || (flags & ~(ULONG)EXPORT_FLAGS))
        return SEC_E_INVALID_PARAMETER;
    if (delete_old && !handle_close_acquired(slot))
        return SEC_E_INVALID_HANDLE;
    SECURITY_STATUS status = lsa_status_map(slot->user->ExportContext(
        slot->user_context, flags & ~(ULONG)SECPKG_CONTEXT_EXPORT_DELETE_OLD, &blob, &made));
    if (status < 0) {
        if (delete_old)
            handle_reopen_acquired(slot);
        return status;
    }
    if (delete_old)
        (void)handle_delete_acquired(slot);
    packed->cbBuffer = blob.cbBuffer;
    packed->BufferType = blob.BufferType;
    packed->pvBuffer = blob.pvBuffer;
    if (token != NULL)
        *token = made;
    return status;
}

SECURITY_STATUS SEC_ENTRY ExportSecurityContext(PCtxtHandle phContext, ULONG fFlags,
                                                PSecBuffer pPackedContext, void **pToken)
{
    struct handle *slot = handle_acquire_established(&handle_contexts, phContext);

    if (slot == NULL)
        return SEC_E_INVALID_HANDLE;
    SECURITY_STATUS status = context_export(slot, fFlags, pPackedContext, pToken);
    handle_release(&handle_contexts, slot);
    return status;
}

/* With the package held; on success the slot has taken that over. */
static SECURITY_STATUS import_from(struct package *package, struct handle *slot, PSecBuffer packed,
                                   void *token)
{
    SECURITY_STATUS status = lsa_status_map(package->user.ImportContext(packed, token, &slot->user_context));

    if (status < 0)
        return status;
    slot->package = package;
    slot->user = &package->user;
    return status;
}

/* A package that maps no contexts hands over those of others: one of these knows the bytes, the others refuse
 * what is not theirs. */
static SECURITY_STATUS import_from_others(struct handle *slot, PSecBuffer packed, void *token)
{
    struct package *first;
    SECURITY_STATUS status = registry_lock(&first);

    if (status != SEC_E_OK)
        return status;
    status = SEC_E_INVALID_TOKEN;
    for (struct package *p = first; p != NULL && status == SEC_E_INVALID_TOKEN; p = p->next) {
        if (p->user.ImportContext == NULL || !(p->info->fCapabilities & SECPKG_FLAG_NEGOTIABLE))
            continue;
        package_hold(p);
        status = import_from(p, slot, packed, token);
        if (status < 0)
            package_release(p);
    }
    registry_unlock();
    return status;
}

/* With the package held, which is given back or taken over. */
static SECURITY_STATUS import_context(struct package *package, PSecBuffer packed, void *token, PCtxtHandle h)
{
    bool others = package->user.InitUserModeContext == NULL && package->user.ImportContext == NULL;
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;
    struct handle *slot = NULL;

    if (others || package->user.ImportContext != NULL) {
        slot = handle_create(&handle_contexts);
        status = slot == NULL ? SEC_E_INSUFFICIENT_MEMORY
                 : others     ? import_from_others(slot, packed, token)
                              : import_from(package, slot, packed, token);
    }
    if (others || status < 0)
        package_release(package);
    if (status < 0 && slot != NULL)
        handle_abandon(&handle_contexts, slot);
    if (status >= 0)
        handle_publish(&handle_contexts, slot, HANDLE_ESTABLISHED, h);
    return status;
}

SECURITY_STATUS SEC_ENTRY ImportSecurityContextW(SEC_WCHAR *pszPackage, PSecBuffer pPackedContext,
                                                 void *Token, PCtxtHandle phContext)
{
    struct package *package;

    if (phContext == NULL)
        return SEC_E_INVALID_PARAMETER;
    if (pPackedContext == NULL || pPackedContext->pvBuffer == NULL || pPackedContext->cbBuffer == 0)
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status = registry_find(pszPackage, &package);
    if (status != SEC_E_OK)
        return status;
    return import_context(package, pPackedContext, Token, phContext);
}

SECURITY_STATUS SEC_ENTRY ImportSecurityContextA(SEC_CHAR *pszPackage, PSecBuffer pPackedContext, void *Token,
                                                 PCtxtHandle phContext)
{
    char16_t *package = NULL;
    SECURITY_STATUS status = text_widen(pszPackage, &package);

    if (status != SEC_E_OK)
        return status == SEC_E_INVALID_PARAMETER ? SEC_E_SECPKG_NOT_FOUND : status;
    status = ImportSecurityContextW(package, pPackedContext, Token, phContext);
    mem_free(package);
    return status;
}
