/* SPDX-License-Identifier: MIT */
/* What a module exports: the names that <ntsecpkg.h> asks for, and no other. */
#include "packages/ntlm/ntlm_package.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED NTSTATUS SEC_ENTRY SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                                PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables);
EXPORTED NTSTATUS SEC_ENTRY SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                                 PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables);

NTSTATUS SEC_ENTRY SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                       PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    return ntlm_SpLsaModeInitialize(LsaVersion, PackageVersion, ppTables, pcTables);
}

NTSTATUS SEC_ENTRY SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                        PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    return ntlm_SpUserModeInitialize(LsaVersion, PackageVersion, ppTables, pcTables);
}
