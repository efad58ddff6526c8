/* SPDX-License-Identifier: MIT */
/*
 * packages/negotiate: what other rooms see of the package: its two entry points, the inspector of its tokens,
 * and what it asks of its host beyond LSA_SECPKG_FUNCTION_TABLE.
 *
 * Negotiate meets the packages it chooses from through their tables alone. A package takes part when its
 * SecPkgInfo has SECPKG_FLAG_NEGOTIABLE and its GetExtendedInformation(SecpkgGssInfo) names its mechanism
 * (EncodedId: the whole DER of the OBJECT IDENTIFIER). For the mechListMIC its user half has ImportContext,
 * which takes what the LSA half left in ContextData, MakeSignature, VerifySignature and ExportContext.
 * Whether one must be exchanged for the package's own reasons its LSA half says: SSPI_ATTR_MECHLIST_MIC of
 * opensspi.h.
 */
#ifndef OPENSSPI_PACKAGES_NEGOTIATE_PACKAGE_H
#define OPENSSPI_PACKAGES_NEGOTIATE_PACKAGE_H

#include <stdbool.h>

#include <ntsecpkg.h>
#include <opensspi.h>

NTSTATUS negotiate_SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                       PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables);
NTSTATUS negotiate_SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                        PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables);

/* SspiInspectToken for NegTokenInit, NegTokenInit2 and NegTokenResp; `inner` walks through mechanism tokens.
 * SEC_E_UNSUPPORTED_FUNCTION: not one of these, fn was not called. */
typedef SECURITY_STATUS (*negotiate_inspect_fn)(const void *token, size_t size, SspiInspectFn fn, void *arg);
SECURITY_STATUS negotiate_inspect(const void *token, size_t size, negotiate_inspect_fn inner,
                                  SspiInspectFn fn, void *arg);

/* One package of the process, both halves. Held: valid until it is released. */
struct negotiate_inner {
    ULONG_PTR id;
    const SecPkgInfoW *info;
    const SECPKG_FUNCTION_TABLE *lsa;
    const SECPKG_USER_FUNCTION_TABLE *user;
};

struct negotiate_host {
    /* Up to room packages in the registry's order, each held; how many there are in out. */
    size_t (*packages)(struct negotiate_inner *out, size_t room);
    /* One hold more, one less. */
    void (*hold)(ULONG_PTR id);
    void (*release)(ULONG_PTR id);
    /* True: DeleteSecurityPackage took it away. Who holds it goes on; nothing new begins with it. */
    bool (*removed)(ULONG_PTR id);
    /* Inside InitLsaModeContext or AcceptLsaModeContext: the ContextData of this call belongs to that
     * package's user half, which knows the context by that handle of its own LSA half. */
    void (*hand_over)(ULONG_PTR id, LSA_SEC_HANDLE context);
    /* Inside a call: from now on LSA_SECPKG_FUNCTION_TABLE answers as for that package, whose functions are
     * called next. What it was before, to be put back. */
    ULONG_PTR (*call_as)(ULONG_PTR id);
};

/* The host defines it. */
extern const struct negotiate_host negotiate_host;

#endif
