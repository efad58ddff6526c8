/* SPDX-License-Identifier: MIT */
/*
 * packages/negotiate, user half: there is none. An established context is the chosen package's, in its user
 * half and by its number, so that a signature takes no further step; and a packed context of Negotiate's is
 * the chosen package's packed context.
 */
#include "packages/negotiate/negotiate_package.h"

static NTSTATUS NTAPI negotiate_SpInstanceInit(ULONG Version, PSECPKG_DLL_FUNCTIONS FunctionTable,
                                               PVOID *UserFunctions)
{
    (void)Version;
    (void)FunctionTable;
    if (UserFunctions != NULL)
        *UserFunctions = NULL;
    return SEC_E_OK;
}

NTSTATUS negotiate_SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                        PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    static SECPKG_USER_FUNCTION_TABLE table = {.InstanceInit = negotiate_SpInstanceInit};

    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION_3;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}
