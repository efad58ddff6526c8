/* SPDX-License-Identifier: MIT */
/*
 * The frame around one of our packages that is built as a module: the two exported names, and nothing left
 * behind when the module is unloaded. MODULE_LSA and MODULE_USER are the package's entry points
 * (src/meson.build).
 *
 * The module has its own copy of base. When it goes, so must that copy's pages, settings and trace file; at
 * the end of the process, which runs the same destructor, other threads may still be inside. The package in
 * use tells the two apart.
 */
#include <ntsecpkg.h>

#include <opensspi.h>

#include "base/config.h"
#include "base/mem.h"
#include "base/slab.h"
#include "base/trace.h"

#ifndef MODULE_LSA
#define MODULE_LSA  psk_SpLsaModeInitialize
#define MODULE_USER psk_SpUserModeInitialize
#endif

NTSTATUS MODULE_LSA(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                    PULONG pcTables);
NTSTATUS MODULE_USER(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_USER_FUNCTION_TABLE *ppTables,
                     PULONG pcTables);

#define EXPORTED __attribute__((visibility("default")))
EXPORTED NTSTATUS SEC_ENTRY SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                                PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables);
EXPORTED NTSTATUS SEC_ENTRY SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                                 PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables);
#ifdef MODULE_BATCH
SpBatchModeInitializeFn MODULE_BATCH;
EXPORTED SpBatchModeInitializeFn SpBatchModeInitialize;

LONG SpBatchModeInitialize(ULONG Version, const SspiBatchFunctions **Tables, ULONG *Count)
{
    return MODULE_BATCH(Version, Tables, Count);
}
#endif

static SpInitializeFn *initialize;
static SpShutdownFn *shut_down;
static unsigned in_use; /* initialised and not shut down; under the host's lock, or at the end */

static NTSTATUS NTAPI module_SpInitialize(ULONG_PTR PackageId, PSECPKG_PARAMETERS Parameters,
                                          PLSA_SECPKG_FUNCTION_TABLE FunctionTable)
{
    NTSTATUS status = initialize(PackageId, Parameters, FunctionTable);

    if (status == SEC_E_OK)
        in_use++;
    return status;
}

static NTSTATUS NTAPI module_SpShutdown(void)
{
    if (in_use > 0)
        in_use--;
    return shut_down != NULL ? shut_down() : SEC_E_OK;
}

__attribute__((destructor)) static void module_unload(void)
{
    if (in_use > 0)
        return;
    config_process_reset();
    trace_reset();
    slab_unload();
    mem_unload();
}

/* All of ours have one table. */
NTSTATUS SEC_ENTRY SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                       PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    static SECPKG_FUNCTION_TABLE table;
    PSECPKG_FUNCTION_TABLE own = NULL;
    NTSTATUS status = MODULE_LSA(LsaVersion, PackageVersion, &own, pcTables);

    if (status != SEC_E_OK)
        return status;
    table = *own;
    initialize = table.Initialize;
    shut_down = table.Shutdown;
    table.Initialize = module_SpInitialize;
    table.Shutdown = module_SpShutdown;
    *ppTables = &table;
    return status;
}

NTSTATUS SEC_ENTRY SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                        PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    return MODULE_USER(LsaVersion, PackageVersion, ppTables, pcTables);
}
