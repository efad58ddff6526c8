/* SPDX-License-Identifier: MIT */
#include "lsa/absent.h"

#include <ntstatus.h>
/* The entries of LSA_SECPKG_FUNCTION_TABLE for what does not exist here; included by services.c alone. */

NTSTATUS NTAPI lsa_UnloadPackage(void)
{
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_DuplicateTokenHandle(HANDLE SourceHandle, PHANDLE DestinationHandle)
{
    (void)SourceHandle;
    (void)DestinationHandle;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_SaveSupplementalCredentials(PLUID LogonId, ULONG SupplementalCredSize,
                                               PVOID SupplementalCreds, BOOLEAN Synchronous)
{
    (void)LogonId;
    (void)SupplementalCredSize;
    (void)SupplementalCreds;
    (void)Synchronous;
    return STATUS_NOT_SUPPORTED;
}

HANDLE NTAPI lsa_CreateThread(SEC_ATTRS SecurityAttributes, ULONG StackSize, SEC_THREAD_START StartFunction,
                              PVOID ThreadParameter, ULONG CreationFlags, PULONG ThreadId)
{
    (void)SecurityAttributes;
    (void)StackSize;
    (void)StartFunction;
    (void)ThreadParameter;
    (void)CreationFlags;
    (void)ThreadId;
    return NULL;
}

NTSTATUS NTAPI lsa_CreateToken(PLUID LogonId, PTOKEN_SOURCE TokenSource, SECURITY_LOGON_TYPE LogonType,
                               SECURITY_IMPERSONATION_LEVEL ImpersonationLevel,
                               LSA_TOKEN_INFORMATION_TYPE TokenInformationType, PVOID TokenInformation,
                               PTOKEN_GROUPS TokenGroups, PUNICODE_STRING AccountName,
                               PUNICODE_STRING AuthorityName, PUNICODE_STRING Workstation,
                               PUNICODE_STRING ProfilePath, PHANDLE Token, PNTSTATUS SubStatus)
{
    (void)LogonId;
    (void)TokenSource;
    (void)LogonType;
    (void)ImpersonationLevel;
    (void)TokenInformationType;
    (void)TokenInformation;
    (void)TokenGroups;
    (void)AccountName;
    (void)AuthorityName;
    (void)Workstation;
    (void)ProfilePath;
    (void)Token;
    (void)SubStatus;
    return STATUS_NOT_SUPPORTED;
}

PVOID NTAPI lsa_CreateSharedMemory(ULONG MaxSize, ULONG InitialSize)
{
    (void)MaxSize;
    (void)InitialSize;
    return NULL;
}

PVOID NTAPI lsa_AllocateSharedMemory(PVOID SharedMem, ULONG Size)
{
    (void)SharedMem;
    (void)Size;
    return NULL;
}

VOID NTAPI lsa_FreeSharedMemory(PVOID SharedMem, PVOID Memory)
{
    (void)SharedMem;
    (void)Memory;
}

BOOLEAN NTAPI lsa_DeleteSharedMemory(PVOID SharedMem)
{
    (void)SharedMem;
    return FALSE;
}

NTSTATUS NTAPI lsa_OpenSamUser(PSECURITY_STRING Name, SECPKG_NAME_TYPE NameType, PSECURITY_STRING Prefix,
                               BOOLEAN AllowGuest, ULONG Reserved, PVOID *UserHandle)
{
    (void)Name;
    (void)NameType;
    (void)Prefix;
    (void)AllowGuest;
    (void)Reserved;
    (void)UserHandle;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_GetUserCredentials(PVOID UserHandle, PVOID *PrimaryCreds, PULONG PrimaryCredsSize,
                                      PVOID *SupplementalCreds, PULONG SupplementalCredsSize)
{
    (void)UserHandle;
    (void)PrimaryCreds;
    (void)PrimaryCredsSize;
    (void)SupplementalCreds;
    (void)SupplementalCredsSize;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_GetUserAuthData(PVOID UserHandle, PUCHAR *UserAuthData, PULONG UserAuthDataSize)
{
    (void)UserHandle;
    (void)UserAuthData;
    (void)UserAuthDataSize;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_CloseSamUser(PVOID UserHandle)
{
    (void)UserHandle;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_ConvertAuthDataToToken(PVOID UserAuthData, ULONG UserAuthDataSize,
                                          SECURITY_IMPERSONATION_LEVEL ImpersonationLevel,
                                          PTOKEN_SOURCE TokenSource, SECURITY_LOGON_TYPE LogonType,
                                          PUNICODE_STRING AuthorityName, PHANDLE Token, PLUID LogonId,
                                          PUNICODE_STRING AccountName, PNTSTATUS SubStatus)
{
    (void)UserAuthData;
    (void)UserAuthDataSize;
    (void)ImpersonationLevel;
    (void)TokenSource;
    (void)LogonType;
    (void)AuthorityName;
    (void)Token;
    (void)LogonId;
    (void)AccountName;
    (void)SubStatus;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_ClientCallback(PCHAR Callback, ULONG_PTR Argument1, ULONG_PTR Argument2, PSecBuffer Input,
                                  PSecBuffer Output)
{
    (void)Callback;
    (void)Argument1;
    (void)Argument2;
    (void)Input;
    (void)Output;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_UpdateCredentials(PSECPKG_PRIMARY_CRED PrimaryCredentials,
                                     PSECPKG_SUPPLEMENTAL_CRED_ARRAY Credentials)
{
    (void)PrimaryCredentials;
    (void)Credentials;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_GetAuthDataForUser(PSECURITY_STRING Name, SECPKG_NAME_TYPE NameType,
                                      PSECURITY_STRING Prefix, PUCHAR *UserAuthData, PULONG UserAuthDataSize,
                                      PUNICODE_STRING UserFlatName)
{
    (void)Name;
    (void)NameType;
    (void)Prefix;
    (void)UserAuthData;
    (void)UserAuthDataSize;
    (void)UserFlatName;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_CrackSingleName(ULONG FormatOffered, BOOLEAN PerformAtGC, PUNICODE_STRING NameInput,
                                   PUNICODE_STRING Prefix, ULONG RequestedFormat, PUNICODE_STRING CrackedName,
                                   PUNICODE_STRING DnsDomainName, PULONG SubStatus)
{
    (void)FormatOffered;
    (void)PerformAtGC;
    (void)NameInput;
    (void)Prefix;
    (void)RequestedFormat;
    (void)CrackedName;
    (void)DnsDomainName;
    (void)SubStatus;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_CrediRead(PLUID LogonId, ULONG CredFlags, LPWSTR TargetName, ULONG Type, ULONG Flags,
                             PENCRYPTED_CREDENTIALW *Credential)
{
    (void)LogonId;
    (void)CredFlags;
    (void)TargetName;
    (void)Type;
    (void)Flags;
    (void)Credential;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_CrediReadDomainCredentials(PLUID LogonId, ULONG CredFlags,
                                              PCREDENTIAL_TARGET_INFORMATIONW TargetInfo, ULONG Flags,
                                              PULONG Count, PENCRYPTED_CREDENTIALW **Credential)
{
    (void)LogonId;
    (void)CredFlags;
    (void)TargetInfo;
    (void)Flags;
    (void)Count;
    (void)Credential;
    return STATUS_NOT_SUPPORTED;
}

VOID NTAPI lsa_CrediFreeCredentials(ULONG Count, PENCRYPTED_CREDENTIALW *Credentials)
{
    (void)Count;
    (void)Credentials;
}

NTSTATUS NTAPI lsa_OpenTokenByLogonId(PLUID LogonId, HANDLE *RetTokenHandle)
{
    (void)LogonId;
    (void)RetTokenHandle;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_ExpandAuthDataForDomain(PUCHAR UserAuthData, ULONG UserAuthDataSize, PVOID Reserved,
                                           PUCHAR *ExpandedAuthData, PULONG ExpandedAuthDataSize)
{
    (void)UserAuthData;
    (void)UserAuthDataSize;
    (void)Reserved;
    (void)ExpandedAuthData;
    (void)ExpandedAuthDataSize;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_CreateTokenEx(PLUID LogonId, PTOKEN_SOURCE TokenSource, SECURITY_LOGON_TYPE LogonType,
                                 SECURITY_IMPERSONATION_LEVEL ImpersonationLevel,
                                 LSA_TOKEN_INFORMATION_TYPE TokenInformationType, PVOID TokenInformation,
                                 PTOKEN_GROUPS TokenGroups, PUNICODE_STRING Workstation,
                                 PUNICODE_STRING ProfilePath, PVOID SessionInformation,
                                 SECPKG_SESSIONINFO_TYPE SessionInformationType, PHANDLE Token,
                                 PNTSTATUS SubStatus)
{
    (void)LogonId;
    (void)TokenSource;
    (void)LogonType;
    (void)ImpersonationLevel;
    (void)TokenInformationType;
    (void)TokenInformation;
    (void)TokenGroups;
    (void)Workstation;
    (void)ProfilePath;
    (void)SessionInformation;
    (void)SessionInformationType;
    (void)Token;
    (void)SubStatus;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_CrediWrite(PLUID LogonId, ULONG CredFlags, PENCRYPTED_CREDENTIALW Credential, ULONG Flags)
{
    (void)LogonId;
    (void)CredFlags;
    (void)Credential;
    (void)Flags;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_CrediUnmarshalandDecodeString(LPWSTR MarshaledString, LPBYTE *Blob, ULONG *BlobSize,
                                                 BOOLEAN *IsFailureFatal)
{
    (void)MarshaledString;
    (void)Blob;
    (void)BlobSize;
    (void)IsFailureFatal;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_GetServiceAccountPassword(PUNICODE_STRING AccountName, PUNICODE_STRING DomainName,
                                             CRED_FETCH CredFetch, FILETIME *FileTimeExpiry,
                                             PUNICODE_STRING CurrentPassword,
                                             PUNICODE_STRING PreviousPassword,
                                             FILETIME *FileTimeCurrPwdValidForOutbound)
{
    (void)AccountName;
    (void)DomainName;
    (void)CredFetch;
    (void)FileTimeExpiry;
    (void)CurrentPassword;
    (void)PreviousPassword;
    (void)FileTimeCurrPwdValidForOutbound;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_CheckProtectedUserByToken(HANDLE UserToken, PBOOLEAN ProtectedUser)
{
    (void)UserToken;
    (void)ProtectedUser;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_QueryClientRequest(PLSA_CLIENT_REQUEST ClientRequest, ULONG QueryType, PVOID *ReplyBuffer)
{
    (void)ClientRequest;
    (void)QueryType;
    (void)ReplyBuffer;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_GetAppModeInfo(PULONG UserFunction, PULONG_PTR Argument1, PULONG_PTR Argument2,
                                  PSecBuffer UserData, PBOOLEAN ReturnToLsa)
{
    (void)UserFunction;
    (void)Argument1;
    (void)Argument2;
    (void)UserData;
    (void)ReturnToLsa;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_SetAppModeInfo(ULONG UserFunction, ULONG_PTR Argument1, ULONG_PTR Argument2,
                                  PSecBuffer UserData, BOOLEAN ReturnToLsa)
{
    (void)UserFunction;
    (void)Argument1;
    (void)Argument2;
    (void)UserData;
    (void)ReturnToLsa;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_GetSecpkgFailureReason(ULONG_PTR PackageId, PSECPKG_FAILURE_REASON Reason)
{
    (void)PackageId;
    (void)Reason;
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI lsa_SetSecpkgFailureReason(SECPKG_FAILURE_REASON Reason)
{
    (void)Reason;
    return STATUS_NOT_SUPPORTED;
}
