/* SPDX-License-Identifier: MIT */
/*
 * LSA_SECPKG_FUNCTION_TABLE: what the host does for a package. Memory, the client's memory and who is calling
 * are here, and what one package asks of another; so are the credentials of logon sessions (sessions.h) and
 * notifications (notify.h). Windows' SAM, access tokens and credential manager are not, and their entries say
 * so (absent.h): STATUS_NOT_SUPPORTED, NULL, FALSE, or nothing where the entry has no answer. No entry is
 * NULL.
 */
#include "lsa/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <ntstatus.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/trace.h"
#include "lsa/absent.h"
#include "lsa/notify.h"
#include "lsa/sessions.h"

static _Thread_local struct lsa_call *current_call;

void lsa_call_begin(struct lsa_call *call, ULONG_PTR package, bool ansi)
{
    call->attributes = SECPKG_CALL_IN_PROC | (ansi ? SECPKG_CALL_ANSI : 0) |
                       (current_call != NULL ? SECPKG_CALL_RECURSIVE : 0);
    call->package = package;
    call->owner = 0;
    call->owner_context = 0;
    call->outer = current_call;
    current_call = call;
}

void lsa_call_end(struct lsa_call *call)
{
    current_call = call->outer;
}

void lsa_step_hand_over(ULONG_PTR owner, LSA_SEC_HANDLE context)
{
    if (current_call != NULL) {
        current_call->owner = owner;
        current_call->owner_context = context;
    }
}

ULONG_PTR lsa_call_package(void)
{
    return current_call != NULL ? current_call->package : 0;
}

ULONG_PTR lsa_call_as(ULONG_PTR package)
{
    if (current_call == NULL)
        return 0;
    ULONG_PTR before = current_call->package;
    current_call->package = package;
    return before;
}

static _Thread_local struct {
    bool set;
    ULONG_PTR owner;
    LSA_SEC_HANDLE context;
} client;

void lsa_client_set(ULONG_PTR owner, LSA_SEC_HANDLE context)
{
    client.set = true;
    client.owner = owner;
    client.context = context;
}

void lsa_client_clear(void)
{
    client.set = false;
}

/* A number of one package's means another thing, or nothing, to the next. */
static HANDLE client_token(void)
{
    bool owner =
        client.set && client.owner != 0 && current_call != NULL && current_call->package == client.owner;
    return owner ? (HANDLE)client.context : NULL;
}

static ULONG thread_id(void)
{
    return (ULONG)syscall(SYS_gettid);
}

/* One logon session per user of the system: LogonId is the effective uid, marked so that root's is not zero.
 */
static LUID logon_id(void)
{
    return (LUID){.LowPart = (ULONG)geteuid(), .HighPart = 1};
}

/* ---- memory ---- */

static PVOID NTAPI lsa_AllocateLsaHeap(ULONG Length)
{
    return mem_alloc(Length);
}

static VOID NTAPI lsa_FreeLsaHeap(PVOID Base)
{
    mem_free(Base);
}

static PVOID NTAPI lsa_AllocatePrivateHeap(SIZE_T Length)
{
    return mem_alloc(Length);
}

static NTSTATUS NTAPI lsa_AllocateClientBuffer(PLSA_CLIENT_REQUEST ClientRequest, ULONG LengthRequired,
                                               PVOID *ClientBaseAddress)
{
    (void)ClientRequest;
    if (ClientBaseAddress == NULL)
        return STATUS_INVALID_PARAMETER;
    *ClientBaseAddress = mem_client_alloc(LengthRequired);
    return *ClientBaseAddress != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

static NTSTATUS NTAPI lsa_FreeClientBuffer(PLSA_CLIENT_REQUEST ClientRequest, PVOID ClientBaseAddress)
{
    (void)ClientRequest;
    mem_client_free(ClientBaseAddress);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI lsa_CopyToClientBuffer(PLSA_CLIENT_REQUEST ClientRequest, ULONG Length,
                                             PVOID ClientBaseAddress, PVOID BufferToCopy)
{
    (void)ClientRequest;
    if (Length > 0 && (ClientBaseAddress == NULL || BufferToCopy == NULL))
        return STATUS_ACCESS_VIOLATION;
    if (Length > 0)
        memmove(ClientBaseAddress, BufferToCopy, Length);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI lsa_CopyFromClientBuffer(PLSA_CLIENT_REQUEST ClientRequest, ULONG Length,
                                               PVOID BufferToCopy, PVOID ClientBaseAddress)
{
    (void)ClientRequest;
    if (Length > 0 && (ClientBaseAddress == NULL || BufferToCopy == NULL))
        return STATUS_ACCESS_VIOLATION;
    if (Length > 0)
        memmove(BufferToCopy, ClientBaseAddress, Length);
    return STATUS_SUCCESS;
}

/* The client's memory is the package's here. */
static NTSTATUS NTAPI lsa_MapBuffer(PSecBuffer InputBuffer, PSecBuffer OutputBuffer)
{
    if (InputBuffer == NULL || OutputBuffer == NULL)
        return STATUS_INVALID_PARAMETER;
    *OutputBuffer = *InputBuffer;
    return STATUS_SUCCESS;
}

/* Memory of AllocateLsaHeap is kept out of swap and dumps as it is. */
static VOID NTAPI lsa_ProtectMemory(PVOID Buffer, ULONG BufferSize)
{
    (void)Buffer;
    (void)BufferSize;
}

/* ---- who is calling ---- */

static NTSTATUS NTAPI lsa_GetClientInfo(PSECPKG_CLIENT_INFO ClientInfo)
{
    if (ClientInfo == NULL)
        return STATUS_INVALID_PARAMETER;
    *ClientInfo = (SECPKG_CLIENT_INFO){
        .LogonId = logon_id(),
        .ProcessID = (ULONG)getpid(),
        .ThreadID = thread_id(),
        .Impersonating = client.set,
        .ImpersonationLevel = SecurityImpersonation,
        .ClientToken = client_token(),
    };
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI lsa_GetClientInfoEx(PSECPKG_CLIENT_INFO_EX ClientInfo, ULONG StructSize)
{
    if (ClientInfo == NULL || StructSize < sizeof(*ClientInfo))
        return STATUS_INVALID_PARAMETER;
    *ClientInfo = (SECPKG_CLIENT_INFO_EX){
        .LogonId = logon_id(),
        .ProcessID = (ULONG)getpid(),
        .ThreadID = thread_id(),
        .Impersonating = client.set,
        .ImpersonationLevel = SecurityImpersonation,
        .ClientToken = client_token(),
    };
    return STATUS_SUCCESS;
}

static BOOLEAN NTAPI lsa_GetCallInfo(PSECPKG_CALL_INFO Info)
{
    static ULONG calls;

    if (Info == NULL || current_call == NULL)
        return FALSE;
    *Info = (SECPKG_CALL_INFO){
        .ProcessId = (ULONG)getpid(),
        .ThreadId = thread_id(),
        .Attributes = current_call->attributes,
        .CallCount = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED),
    };
    return TRUE;
}

static NTSTATUS NTAPI lsa_GetExtendedCallFlags(PULONG Flags)
{
    if (Flags == NULL)
        return STATUS_INVALID_PARAMETER;
    *Flags = 0;
    return STATUS_SUCCESS;
}

/* The host runs as the client. */
static NTSTATUS NTAPI lsa_ImpersonateClient(void)
{
    return STATUS_SUCCESS;
}

/* ---- descriptors ---- */

/* A HANDLE is a descriptor's number. 0 is none; nobody is given one of the standard three. */
NTSTATUS NTAPI lsa_DuplicateHandle(HANDLE SourceHandle, PHANDLE DestinationHandle)
{
    intptr_t source = (intptr_t)SourceHandle;

    if (DestinationHandle == NULL)
        return STATUS_INVALID_PARAMETER;
    if (source <= 0 || source > INT_MAX)
        return STATUS_INVALID_HANDLE;
    int copy = fcntl((int)source, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (copy < 0)
        return errno == EBADF ? STATUS_INVALID_HANDLE : STATUS_INSUFFICIENT_RESOURCES;
    *DestinationHandle = (HANDLE)(intptr_t)copy;
    return STATUS_SUCCESS;
}

/* ---- other packages ---- */

static const struct lsa_keeper *keeper;

void lsa_keeper_set(const struct lsa_keeper *with)
{
    __atomic_store_n(&keeper, with, __ATOMIC_RELEASE);
}

bool lsa_package_hold(ULONG_PTR id, void **held)
{
    const struct lsa_keeper *k = __atomic_load_n(&keeper, __ATOMIC_ACQUIRE);

    *held = NULL;
    return k == NULL || k->hold(id, held) != NULL;
}

void lsa_package_unhold(void *held)
{
    if (held != NULL)
        keeper->release(held);
}

enum call_kind { CALL_INSIDE, CALL_PASSED_THROUGH };

/* Packages trust each other: CallPackage, and for those that have but the other, CallPackageUntrusted. */
static PLSA_AP_CALL_PACKAGE call_slot(const SECPKG_FUNCTION_TABLE *table, enum call_kind kind)
{
    if (kind == CALL_PASSED_THROUGH)
        return table->CallPackagePassthrough;
    return table->CallPackage != NULL ? table->CallPackage : table->CallPackageUntrusted;
}

static NTSTATUS call_package(enum call_kind kind, const UNICODE_STRING *name, PVOID base, PVOID submit,
                             ULONG submit_size, PVOID *answer, PULONG answer_size, PNTSTATUS protocol)
{
    const struct lsa_keeper *k = __atomic_load_n(&keeper, __ATOMIC_ACQUIRE);
    PVOID nowhere_buffer = NULL;
    ULONG nowhere_size = 0;
    NTSTATUS nowhere_status = STATUS_SUCCESS;
    struct lsa_call call;
    void *held;

    if (submit_size > 0 && submit == NULL)
        return STATUS_INVALID_PARAMETER;
    const struct lsa_package *package = NULL;
    if (k != NULL && name != NULL && name->Buffer != NULL)
        package = k->find(name->Buffer, name->Length / sizeof(char16_t), &held);
    if (package == NULL)
        return STATUS_NO_SUCH_PACKAGE;

    NTSTATUS status = STATUS_NOT_SUPPORTED;
    PLSA_AP_CALL_PACKAGE entry = call_slot(&package->table, kind);
    answer = answer != NULL ? answer : &nowhere_buffer;
    answer_size = answer_size != NULL ? answer_size : &nowhere_size;
    protocol = protocol != NULL ? protocol : &nowhere_status;
    *answer = NULL;
    *answer_size = 0;
    *protocol = STATUS_SUCCESS;
    if (entry != NULL) {
        lsa_call_begin(&call, package->id, false);
        status = entry(NULL, submit, base, submit_size, answer, answer_size, protocol);
        lsa_call_end(&call);
    }
    mem_client_free(nowhere_buffer);
    k->release(held);
    return status;
}

static NTSTATUS NTAPI lsa_CallPackage(PUNICODE_STRING AuthenticationPackage, PVOID ProtocolSubmitBuffer,
                                      ULONG SubmitBufferLength, PVOID *ProtocolReturnBuffer,
                                      PULONG ReturnBufferLength, PNTSTATUS ProtocolStatus)
{
    return call_package(CALL_INSIDE, AuthenticationPackage, ProtocolSubmitBuffer, ProtocolSubmitBuffer,
                        SubmitBufferLength, ProtocolReturnBuffer, ReturnBufferLength, ProtocolStatus);
}

static NTSTATUS NTAPI lsa_CallPackageEx(PUNICODE_STRING AuthenticationPackage, PVOID ClientBufferBase,
                                        PVOID ProtocolSubmitBuffer, ULONG SubmitBufferLength,
                                        PVOID *ProtocolReturnBuffer, PULONG ReturnBufferLength,
                                        PNTSTATUS ProtocolStatus)
{
    return call_package(CALL_INSIDE, AuthenticationPackage, ClientBufferBase, ProtocolSubmitBuffer,
                        SubmitBufferLength, ProtocolReturnBuffer, ReturnBufferLength, ProtocolStatus);
}

static NTSTATUS NTAPI lsa_CallPackagePassthrough(PUNICODE_STRING AuthenticationPackage,
                                                 PVOID ClientBufferBase, PVOID ProtocolSubmitBuffer,
                                                 ULONG SubmitBufferLength, PVOID *ProtocolReturnBuffer,
                                                 PULONG ReturnBufferLength, PNTSTATUS ProtocolStatus)
{
    return call_package(CALL_PASSED_THROUGH, AuthenticationPackage, ClientBufferBase, ProtocolSubmitBuffer,
                        SubmitBufferLength, ProtocolReturnBuffer, ReturnBufferLength, ProtocolStatus);
}

/* What the called package took with AllocateClientBuffer. */
static VOID NTAPI lsa_FreeReturnBuffer(PVOID Base)
{
    mem_client_free(Base);
}

/* ---- audit: the trace ---- */

static VOID NTAPI lsa_AuditLogon(NTSTATUS Status, NTSTATUS SubStatus, PUNICODE_STRING AccountName,
                                 PUNICODE_STRING AuthenticatingAuthority, PUNICODE_STRING WorkstationName,
                                 PSID UserSid, SECURITY_LOGON_TYPE LogonType, PTOKEN_SOURCE TokenSource,
                                 PLUID LogonId)
{
    (void)AccountName;
    (void)AuthenticatingAuthority;
    (void)WorkstationName;
    (void)UserSid;
    (void)TokenSource;
    (void)LogonId;
    if (trace_on())
        trace_event("lsa", "audit-logon", "status=0x%08x substatus=0x%08x type=%u", (unsigned)Status,
                    (unsigned)SubStatus, (unsigned)LogonType);
}

static VOID NTAPI lsa_AuditLogonEx(NTSTATUS Status, NTSTATUS SubStatus, PUNICODE_STRING AccountName,
                                   PUNICODE_STRING AuthenticatingAuthority, PUNICODE_STRING WorkstationName,
                                   PSID UserSid, SECURITY_LOGON_TYPE LogonType,
                                   SECURITY_IMPERSONATION_LEVEL ImpersonationLevel, PTOKEN_SOURCE TokenSource,
                                   PLUID LogonId)
{
    (void)ImpersonationLevel;
    lsa_AuditLogon(Status, SubStatus, AccountName, AuthenticatingAuthority, WorkstationName, UserSid,
                   LogonType, TokenSource, LogonId);
}

static NTSTATUS NTAPI lsa_AuditAccountLogon(ULONG AuditId, BOOLEAN Success, PUNICODE_STRING Source,
                                            PUNICODE_STRING ClientName, PUNICODE_STRING MappedName,
                                            NTSTATUS Status)
{
    (void)Source;
    (void)ClientName;
    (void)MappedName;
    if (trace_on())
        trace_event("lsa", "audit-account", "id=%u success=%u status=0x%08x", (unsigned)AuditId,
                    (unsigned)Success, (unsigned)Status);
    return STATUS_SUCCESS;
}

LSA_SECPKG_FUNCTION_TABLE lsa_services = {
    .CreateLogonSession = lsa_CreateLogonSession,
    .DeleteLogonSession = lsa_DeleteLogonSession,
    .AddCredential = lsa_AddCredential,
    .GetCredentials = lsa_GetCredentials,
    .DeleteCredential = lsa_DeleteCredential,
    .AllocateLsaHeap = lsa_AllocateLsaHeap,
    .FreeLsaHeap = lsa_FreeLsaHeap,
    .AllocateClientBuffer = lsa_AllocateClientBuffer,
    .FreeClientBuffer = lsa_FreeClientBuffer,
    .CopyToClientBuffer = lsa_CopyToClientBuffer,
    .CopyFromClientBuffer = lsa_CopyFromClientBuffer,
    .ImpersonateClient = lsa_ImpersonateClient,
    .UnloadPackage = lsa_UnloadPackage,
    .DuplicateHandle = lsa_DuplicateHandle,
    .SaveSupplementalCredentials = lsa_SaveSupplementalCredentials,
    .CreateThread = lsa_CreateThread,
    .GetClientInfo = lsa_GetClientInfo,
    .RegisterNotification = lsa_RegisterNotification,
    .CancelNotification = lsa_CancelNotification,
    .MapBuffer = lsa_MapBuffer,
    .CreateToken = lsa_CreateToken,
    .AuditLogon = lsa_AuditLogon,
    .CallPackage = lsa_CallPackage,
    .FreeReturnBuffer = lsa_FreeReturnBuffer,
    .GetCallInfo = lsa_GetCallInfo,
    .CallPackageEx = lsa_CallPackageEx,
    .CreateSharedMemory = lsa_CreateSharedMemory,
    .AllocateSharedMemory = lsa_AllocateSharedMemory,
    .FreeSharedMemory = lsa_FreeSharedMemory,
    .DeleteSharedMemory = lsa_DeleteSharedMemory,
    .OpenSamUser = lsa_OpenSamUser,
    .GetUserCredentials = lsa_GetUserCredentials,
    .GetUserAuthData = lsa_GetUserAuthData,
    .CloseSamUser = lsa_CloseSamUser,
    .ConvertAuthDataToToken = lsa_ConvertAuthDataToToken,
    .ClientCallback = lsa_ClientCallback,
    .UpdateCredentials = lsa_UpdateCredentials,
    .GetAuthDataForUser = lsa_GetAuthDataForUser,
    .CrackSingleName = lsa_CrackSingleName,
    .AuditAccountLogon = lsa_AuditAccountLogon,
    .CallPackagePassthrough = lsa_CallPackagePassthrough,
    .CrediRead = lsa_CrediRead,
    .CrediReadDomainCredentials = lsa_CrediReadDomainCredentials,
    .CrediFreeCredentials = lsa_CrediFreeCredentials,
    .LsaProtectMemory = lsa_ProtectMemory,
    .LsaUnprotectMemory = lsa_ProtectMemory,
    .OpenTokenByLogonId = lsa_OpenTokenByLogonId,
    .ExpandAuthDataForDomain = lsa_ExpandAuthDataForDomain,
    .AllocatePrivateHeap = lsa_AllocatePrivateHeap,
    .FreePrivateHeap = lsa_FreeLsaHeap,
    .CreateTokenEx = lsa_CreateTokenEx,
    .CrediWrite = lsa_CrediWrite,
    .CrediUnmarshalandDecodeString = lsa_CrediUnmarshalandDecodeString,
    .DummyFunction6 = lsa_ProtectMemory,
    .GetExtendedCallFlags = lsa_GetExtendedCallFlags,
    .DuplicateTokenHandle = lsa_DuplicateTokenHandle,
    .GetServiceAccountPassword = lsa_GetServiceAccountPassword,
    .DummyFunction7 = lsa_ProtectMemory,
    .AuditLogonEx = lsa_AuditLogonEx,
    .CheckProtectedUserByToken = lsa_CheckProtectedUserByToken,
    .QueryClientRequest = lsa_QueryClientRequest,
    .GetAppModeInfo = lsa_GetAppModeInfo,
    .SetAppModeInfo = lsa_SetAppModeInfo,
    .GetClientInfoEx = lsa_GetClientInfoEx,
    .GetSecpkgFailureReason = lsa_GetSecpkgFailureReason,
    .SetSecpkgFailureReason = lsa_SetSecpkgFailureReason,
};
