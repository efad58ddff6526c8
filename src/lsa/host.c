/* SPDX-License-Identifier: MIT */
#include "lsa/host.h"

#include "base/mem.h"
#include "base/trace.h"

/* What stands in for a descriptor that the application did not give. */
static SecBufferDesc empty_descriptor(void)
{
    return (SecBufferDesc){.ulVersion = SECBUFFER_VERSION};
}

SECURITY_STATUS lsa_credentials_acquire(struct lsa_package *package, const UNICODE_STRING *principal,
                                        ULONG use, const LUID *logon_id, void *auth_data, bool ansi,
                                        LSA_SEC_HANDLE *credential, TimeStamp *expiry)
{
    UNICODE_STRING name = principal != NULL ? *principal : (UNICODE_STRING){0};
    LUID logon = logon_id != NULL ? *logon_id : (LUID){0};
    LSA_SEC_HANDLE made = 0;
    TimeStamp until = {.QuadPart = INT64_MAX};
    struct lsa_call call;

    if (package->table.AcquireCredentialsHandle == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_call_begin(&call, package->id, ansi);
    NTSTATUS status = package->table.AcquireCredentialsHandle(principal != NULL ? &name : NULL, use,
                                                              logon_id != NULL ? &logon : NULL, auth_data,
                                                              NULL, NULL, &made, &until);
    lsa_call_end(&call);
    SECURITY_STATUS mapped = lsa_status_map(status);
    if (mapped < 0)
        return mapped;
    *credential = made;
    *expiry = until;
    return mapped;
}

SECURITY_STATUS lsa_credentials_free(struct lsa_package *package, LSA_SEC_HANDLE credential)
{
    struct lsa_call call;

    if (package->table.FreeCredentialsHandle == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_call_begin(&call, package->id, false);
    NTSTATUS status = package->table.FreeCredentialsHandle(credential);
    lsa_call_end(&call);
    return lsa_status_map(status);
}

SECURITY_STATUS lsa_credentials_query(struct lsa_package *package, LSA_SEC_HANDLE credential, ULONG attribute,
                                      void *buffer)
{
    struct lsa_call call;

    if (package->table.QueryCredentialsAttributes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_call_begin(&call, package->id, false);
    NTSTATUS status = package->table.QueryCredentialsAttributes(credential, attribute, buffer);
    lsa_call_end(&call);
    return lsa_status_map(status);
}

SECURITY_STATUS lsa_credentials_set(struct lsa_package *package, LSA_SEC_HANDLE credential, ULONG attribute,
                                    void *buffer, ULONG size, bool ansi)
{
    struct lsa_call call;

    if (package->table.SetCredentialsAttributes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_call_begin(&call, package->id, ansi);
    NTSTATUS status = package->table.SetCredentialsAttributes(credential, attribute, buffer, size);
    lsa_call_end(&call);
    return lsa_status_map(status);
}

SECURITY_STATUS lsa_credentials_add(struct lsa_package *package, LSA_SEC_HANDLE credential,
                                    const UNICODE_STRING *principal, const UNICODE_STRING *name, ULONG use,
                                    void *auth_data, bool ansi, TimeStamp *expiry)
{
    UNICODE_STRING who = principal != NULL ? *principal : (UNICODE_STRING){0};
    UNICODE_STRING what = name != NULL ? *name : (UNICODE_STRING){0};
    TimeStamp until = {.QuadPart = INT64_MAX};
    struct lsa_call call;

    if (package->table.AddCredentials == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_call_begin(&call, package->id, ansi);
    NTSTATUS status =
        package->table.AddCredentials(credential, principal != NULL ? &who : NULL,
                                      name != NULL ? &what : NULL, use, auth_data, NULL, NULL, &until);
    lsa_call_end(&call);
    SECURITY_STATUS mapped = lsa_status_map(status);
    if (mapped >= 0)
        *expiry = until;
    return mapped;
}

/* A step's outcome to *step: on failure only what the package says beside the status. */
static SECURITY_STATUS step_finish(struct lsa_step *result, NTSTATUS status, BOOLEAN mapped,
                                   const struct lsa_call *call, struct lsa_step *step)
{
    SECURITY_STATUS named = lsa_status_map(status);

    result->mapped = named >= 0 && mapped;
    if (result->mapped) {
        result->owner = call->owner;
        result->owner_context = call->owner_context;
    }
    if (!result->mapped)
        lsa_packed_free(&result->packed);
    if (named < 0)
        result->context = 0;
    *step = *result;
    return named;
}

SECURITY_STATUS lsa_context_initialize(struct lsa_package *package, LSA_SEC_HANDLE credential,
                                       LSA_SEC_HANDLE context, const UNICODE_STRING *target,
                                       ULONG requirements, ULONG data_rep, SecBufferDesc *input,
                                       SecBufferDesc *output, bool ansi, struct lsa_step *step)
{
    SecBufferDesc no_input = empty_descriptor(), no_output = empty_descriptor();
    UNICODE_STRING name = target != NULL ? *target : (UNICODE_STRING){0};
    struct lsa_step result = {.expiry.QuadPart = INT64_MAX};
    BOOLEAN mapped = FALSE;
    struct lsa_call call;

    *step = result;
    if (package->table.InitLsaModeContext == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_call_begin(&call, package->id, ansi);
    NTSTATUS status = package->table.InitLsaModeContext(
        credential, context, target != NULL ? &name : NULL, requirements & ~(ULONG)ISC_REQ_ALLOCATE_MEMORY,
        data_rep, input != NULL ? input : &no_input, &result.context, output != NULL ? output : &no_output,
        &result.attributes, &result.expiry, &mapped, &result.packed);
    lsa_call_end(&call);
    return step_finish(&result, status, mapped, &call, step);
}

SECURITY_STATUS lsa_context_accept(struct lsa_package *package, LSA_SEC_HANDLE credential,
                                   LSA_SEC_HANDLE context, ULONG requirements, ULONG data_rep,
                                   SecBufferDesc *input, SecBufferDesc *output, struct lsa_step *step)
{
    SecBufferDesc no_input = empty_descriptor(), no_output = empty_descriptor();
    struct lsa_step result = {.expiry.QuadPart = INT64_MAX};
    BOOLEAN mapped = FALSE;
    struct lsa_call call;

    *step = result;
    if (package->table.AcceptLsaModeContext == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_call_begin(&call, package->id, false);
    NTSTATUS status = package->table.AcceptLsaModeContext(
        credential, context, input != NULL ? input : &no_input,
        requirements & ~(ULONG)ASC_REQ_ALLOCATE_MEMORY, data_rep, &result.context,
        output != NULL ? output : &no_output, &result.attributes, &result.expiry, &mapped, &result.packed);
    lsa_call_end(&call);
    return step_finish(&result, status, mapped, &call, step);
}

void lsa_packed_free(SecBuffer *packed)
{
    mem_free(packed->pvBuffer);
    *packed = (SecBuffer){0};
}

SECURITY_STATUS lsa_context_delete(struct lsa_package *package, LSA_SEC_HANDLE context)
{
    struct lsa_call call;

    if (package->table.DeleteContext == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_call_begin(&call, package->id, false);
    NTSTATUS status = package->table.DeleteContext(context);
    lsa_call_end(&call);
    return lsa_status_map(status);
}

SECURITY_STATUS lsa_context_query(struct lsa_package *package, LSA_SEC_HANDLE context, ULONG attribute,
                                  void *buffer)
{
    struct lsa_call call;

    if (package->table.QueryContextAttributes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_call_begin(&call, package->id, false);
    NTSTATUS status = package->table.QueryContextAttributes(context, attribute, buffer);
    lsa_call_end(&call);
    return lsa_status_map(status);
}

SECURITY_STATUS lsa_context_set(struct lsa_package *package, LSA_SEC_HANDLE context, ULONG attribute,
                                void *buffer, ULONG size, bool ansi)
{
    struct lsa_call call;

    if (package->table.SetContextAttributes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_call_begin(&call, package->id, ansi);
    NTSTATUS status = package->table.SetContextAttributes(context, attribute, buffer, size);
    lsa_call_end(&call);
    return lsa_status_map(status);
}

SECURITY_STATUS lsa_context_control(struct lsa_package *package, LSA_SEC_HANDLE context, SecBufferDesc *input)
{
    struct lsa_call call;

    if (package->table.ApplyControlToken == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_call_begin(&call, package->id, false);
    NTSTATUS status = package->table.ApplyControlToken(context, input);
    lsa_call_end(&call);
    return lsa_status_map(status);
}
