/* SPDX-License-Identifier: MIT */
/*
 * packages/ntlm: what other rooms see of the package: its entry points (named SpLsaModeInitialize,
 * SpUserModeInitialize and SpBatchModeInitialize when it is built as a module), the accounts store and the
 * inspector of its messages.
 */
#ifndef OPENSSPI_PACKAGES_NTLM_PACKAGE_H
#define OPENSSPI_PACKAGES_NTLM_PACKAGE_H

#include <ntsecpkg.h>
#include <opensspi.h>

NTSTATUS ntlm_SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                                  PULONG pcTables);
NTSTATUS ntlm_SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                   PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables);
SpBatchModeInitializeFn ntlm_SpBatchModeInitialize;

/* SspiInspectToken for NTLM's messages and signatures; SEC_E_UNSUPPORTED_FUNCTION: not one of these, fn was
 * not called. */
SECURITY_STATUS ntlm_inspect(const void *token, size_t size, SspiInspectFn fn, void *arg);

#endif
