/* SPDX-License-Identifier: MIT */
/* secur32/sasl: SASL profiles are Windows' own layer over its packages; there is none here, and every call
 * says so. */
#include <sspi.h>

SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesW(LPWSTR *ProfileList, ULONG *ProfileCount)
{
    (void)ProfileList;
    (void)ProfileCount;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesA(LPSTR *ProfileList, ULONG *ProfileCount)
{
    (void)ProfileList;
    (void)ProfileCount;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageW(LPWSTR ProfileName, PSecPkgInfoW *PackageInfo)
{
    (void)ProfileName;
    (void)PackageInfo;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageA(LPSTR ProfileName, PSecPkgInfoA *PackageInfo)
{
    (void)ProfileName;
    (void)PackageInfo;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageW(PSecBufferDesc pInput, PSecPkgInfoW *PackageInfo)
{
    (void)pInput;
    (void)PackageInfo;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageA(PSecBufferDesc pInput, PSecPkgInfoA *PackageInfo)
{
    (void)pInput;
    (void)PackageInfo;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY SaslInitializeSecurityContextW(PCredHandle phCredential, PCtxtHandle phContext,
                                                         LPWSTR pszTargetName, ULONG fContextReq,
                                                         ULONG Reserved1, ULONG TargetDataRep,
                                                         PSecBufferDesc pInput, ULONG Reserved2,
                                                         PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                         ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    (void)phCredential;
    (void)phContext;
    (void)pszTargetName;
    (void)fContextReq;
    (void)Reserved1;
    (void)TargetDataRep;
    (void)pInput;
    (void)Reserved2;
    (void)phNewContext;
    (void)pOutput;
    (void)pfContextAttr;
    (void)ptsExpiry;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY SaslInitializeSecurityContextA(PCredHandle phCredential, PCtxtHandle phContext,
                                                         LPSTR pszTargetName, ULONG fContextReq,
                                                         ULONG Reserved1, ULONG TargetDataRep,
                                                         PSecBufferDesc pInput, ULONG Reserved2,
                                                         PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                         ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    (void)phCredential;
    (void)phContext;
    (void)pszTargetName;
    (void)fContextReq;
    (void)Reserved1;
    (void)TargetDataRep;
    (void)pInput;
    (void)Reserved2;
    (void)phNewContext;
    (void)pOutput;
    (void)pfContextAttr;
    (void)ptsExpiry;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY SaslSetContextOption(PCtxtHandle ContextHandle, ULONG Option, PVOID Value,
                                               ULONG Size)
{
    (void)ContextHandle;
    (void)Option;
    (void)Value;
    (void)Size;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY SaslGetContextOption(PCtxtHandle ContextHandle, ULONG Option, PVOID Value,
                                               ULONG Size, PULONG Needed)
{
    (void)ContextHandle;
    (void)Option;
    (void)Value;
    (void)Size;
    (void)Needed;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS SEC_ENTRY SaslAcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext,
                                                    PSecBufferDesc pInput, ULONG fContextReq,
                                                    ULONG TargetDataRep, PCtxtHandle phNewContext,
                                                    PSecBufferDesc pOutput, ULONG *pfContextAttr,
                                                    PTimeStamp ptsExpiry)
{
    (void)phCredential;
    (void)phContext;
    (void)pInput;
    (void)fContextReq;
    (void)TargetDataRep;
    (void)phNewContext;
    (void)pOutput;
    (void)pfContextAttr;
    (void)ptsExpiry;
    return SEC_E_UNSUPPORTED_FUNCTION;
}
