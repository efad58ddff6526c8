/* SPDX-License-Identifier: MIT */
/*
 * ksec: the host of the packages' kernel halves (SECPKG_KERNEL_FUNCTION_TABLE), and what every such host
 * promises them. Two hosts exist: ksec/host.c in user space, in which packages are tested, and the Linux
 * module in ksec/linux. Both are built from the same core:
 *
 *     packages/NAME/NAME_kernel.c    the tables; with packages/kernel.c, protect, crypto, base
 *     ksec/packages.c                the list of packages, their start, loading and using a context
 *     ksec/lists.c                   context lists: SECPKG_KERNEL_FUNCTIONS but for memory
 *     ksec/payload.c                 the bytes in which a context comes down from user space
 *     ksec/core.files                all files of the core, one a line, primitives of crypto/ excepted
 *
 * and each brings "port.h", "port_ksec.h" (locks, randomness), the primitives of crypto/ and ksec_host_alloc
 * and ksec_host_free. The core is freestanding: no libc but mem*, no floating point.
 *
 * The contract. A package may rely on:
 *   - Initialize is called once, before anything else.
 *   - AllocateHeap gives zeroed memory aligned for any type, FreeHeap wipes it and takes NULL.
 *     AllocateHeap may sleep and is not called by message functions; FreeHeap may be called where
 *     sleeping is not allowed.
 *   - ReferenceListEntry takes any number at all: it is looked up among the entries in the host's lists,
 *     compared and not followed. Found, with this signature: SEC_E_OK and one reference more; with
 *     RemoveNoRef the entry is off its list instead, whose reference the caller has from now on.
 *     Otherwise SEC_E_INVALID_HANDLE. SEC_E_INSUFFICIENT_MEMORY: it has 2^30 references already.
 *   - DereferenceListEntry says in *Delete that this was the last one; the caller frees the entry then.
 *   - SerializeWinntAuthData, SerializeSchannelAuthData answer SEC_E_UNSUPPORTED_FUNCTION and
 *     LocatePackageById NULL: no handshake is made here.
 *   - Packed contexts lie in the host's memory for the call and are the host's to wipe.
 * A host may rely on:
 *   - Sign, Verify, Seal and Unseal never sleep, allocate, or take a lock that other contexts share for
 *     longer than it takes to find the context in its list. They may be called in process and softirq
 *     context by any number of threads, with DeleteContext at the same time: they then finish their
 *     message or answer SEC_E_INVALID_HANDLE.
 *   - All others may sleep (allocate).
 *   - What they are given is read and written as the contract of MakeSignature in <sspi.h> says, nothing
 *     else is.
 *   - A context whose deletion was answered with SEC_E_OK is gone when the last call that was inside has
 *     returned.
 *   - Kernel contexts' ids are addresses of the host's own heap, and an address may come to live again
 *     in another context. A number that is no context's is refused without being followed; one that has
 *     become another context's cannot be told. So a host hands ids, and struct ksec_context, to nobody:
 *     its callers hold something with references of its own (in Linux a key, and struct ssp_context),
 *     and ksec_unload is for the last of them.
 *
 * What is here: NTLM and Kerberos. Contexts that Negotiate established are one of the two: Negotiate hands
 * over what the package it chose packed, and that package's name goes into the payload. Negotiate itself has
 * no kernel half, as on Windows its contexts in the kernel are those of the chosen package; psk has none
 * either (its algorithms are open-ended); both names answer SEC_E_SECPKG_NOT_FOUND.
 */
#ifndef OPENSSPI_KSEC_KSEC_H
#define OPENSSPI_KSEC_KSEC_H

#include <ntsecpkg.h>

#include "base/span.h"

/* ---- for hosts to define ---- */

/* Zeroed, aligned for any type; NULL when there is none. May sleep. */
void *ksec_host_alloc(size_t size);
/* Wipes and frees; NULL is fine. Never sleeps. */
void ksec_host_free(void *p);

/* ---- the core ---- */

/* Starts the packages; once, before anything else. On failure nothing may be used, and what was allocated is
 * given back by ksec_stop. */
NTSTATUS ksec_start(void);
/* After the last context is unloaded. False: contexts are alive still, nothing was done. */
bool ksec_stop(void);

/* A context in the kernel half of its package: plain to copy, the host's to keep. */
struct ksec_context {
    const SECPKG_KERNEL_FUNCTION_TABLE *table;
    LSA_SEC_HANDLE id;
};

/*
 * Makes a context from a payload (ksec/payload.h), which stays the caller's to wipe. lsa: what MapHandle and
 * DeleteContext are to answer; 0 where nothing stands behind it. SEC_E_INVALID_TOKEN: no payload, or not one
 * that the package has packed; SEC_E_SECPKG_NOT_FOUND: of a package that is not here;
 * SEC_E_KDC_UNKNOWN_ETYPE: RC4 where kerberos_allow_rc4 is off; SEC_E_INSUFFICIENT_MEMORY. *out is written on
 * success only.
 */
NTSTATUS ksec_load(const void *payload, size_t size, LSA_SEC_HANDLE lsa, struct ksec_context *out);
/* Calls inside finish; later ones answer SEC_E_INVALID_HANDLE. */
NTSTATUS ksec_unload(const struct ksec_context *c);

/*
 * The table's Sign and Verify for scattered bytes, up to 63 parts (more: SEC_E_INVALID_TOKEN). *token_size:
 * room, then the signature's length; unchanged on failure. sequence counts for datagram contexts only.
 */
NTSTATUS ksec_sign(const struct ksec_context *c, const struct span *parts, size_t count, uint32_t sequence,
                   void *token, size_t *token_size);
NTSTATUS ksec_verify(const struct ksec_context *c, const struct span *parts, size_t count, uint32_t sequence,
                     const void *token, size_t token_size);
/* SECPKG_ATTR_SIZES. */
NTSTATUS ksec_sizes(const struct ksec_context *c, SecPkgContext_Sizes *sizes);

/* What packages get: the table of services, complete. */
extern SECPKG_KERNEL_FUNCTIONS ksec_functions;
/* Entries in all lists. */
size_t ksec_lists_count(void);
/* Frees the lists; with entries in one: false, nothing is done. */
bool ksec_lists_free(void);

#endif
