/* SPDX-License-Identifier: MIT */
/*
 * packages/kerberos: what other rooms see of the package: its entry points (named SpLsaModeInitialize,
 * SpUserModeInitialize and SpBatchModeInitialize when it is built as a module) and the inspector of its
 * tokens.
 */
#ifndef OPENSSPI_PACKAGES_KERBEROS_PACKAGE_H
#define OPENSSPI_PACKAGES_KERBEROS_PACKAGE_H

#include <ntsecpkg.h>
#include <opensspi.h>

NTSTATUS kerberos_SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                      PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables);
NTSTATUS kerberos_SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                       PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables);
SpBatchModeInitializeFn kerberos_SpBatchModeInitialize;

/* SspiInspectToken for GSS-framed and bare Kerberos tokens, RFC 4121 and RFC 4757 per-message tokens;
 * SEC_E_UNSUPPORTED_FUNCTION: not one of these, fn was not called. */
SECURITY_STATUS kerberos_inspect(const void *token, size_t size, SspiInspectFn fn, void *arg);

#endif
