/* SPDX-License-Identifier: MIT */
/*
 * packages/kernel: what the kernel halves of packages (NAME/NAME_kernel.c, each ending in its one
 * SECPKG_KERNEL_FUNCTION_TABLE) do alike. Freestanding: memory and lists of contexts come from the host's
 * SECPKG_KERNEL_FUNCTIONS, locks and randomness from "port_ksec.h", everything else from base, crypto and
 * protect. The contract with the host stands in ksec/ksec.h.
 *
 * The id of a context is the address of its list entry, as on Windows. It is compared and never followed: the
 * host's ReferenceListEntry looks for it among the entries that live in its lists, and only when it was found
 * there, with the package's signature, is it taken for a context. A call holds a reference while it works;
 * deleting takes the entry off the list, so that nobody new gets in, and waits for nobody; whoever gives the
 * last reference back frees the context. Giving back may thus free memory in the middle of signing; nothing
 * in a message function allocates.
 */
#ifndef OPENSSPI_PACKAGES_KERNEL_H
#define OPENSSPI_PACKAGES_KERNEL_H

#include <ntsecpkg.h>

#include "packages/attributes.h"
#include "packages/view.h"
#include "port_ksec.h"

enum { PACKAGES_KERNEL_TEXTS = 5 };

/* The head of every package's kernel context. */
struct packages_kernel_context {
    KSEC_LIST_ENTRY entry; /* first: its address is the id */
    LSA_SEC_HANDLE lsa;    /* what the LSA half knows the context by; 0 when it was imported */
    char16_t *names;       /* texts one after another, each terminated; the host's memory */
    uint16_t units[PACKAGES_KERNEL_TEXTS];
    uint32_t attributes;
    uint64_t start, expiry;
};

/* A package's kernel half. signature and size are its own, the rest packages_kernel_start fills in. */
struct packages_kernel {
    ULONG signature;
    ULONG size; /* of a whole context */
    PSECPKG_KERNEL_FUNCTIONS host;
    PVOID list;
};

/* Once. SEC_E_INVALID_PARAMETER: a service is missing; SEC_E_INSUFFICIENT_MEMORY: there is no list. */
NTSTATUS packages_kernel_start(struct packages_kernel *k, PSECPKG_KERNEL_FUNCTIONS host);

/* The host's heap; NULL before the start, too, and above 2^31. */
void *packages_kernel_alloc(const struct packages_kernel *k, size_t size);
void packages_kernel_free(const struct packages_kernel *k, void *p);

/* A zeroed context that nobody can find yet; NULL when out of memory. */
struct packages_kernel_context *packages_kernel_new(const struct packages_kernel *k);
/* Wipes and frees one that was not published; names included. */
void packages_kernel_discard(const struct packages_kernel *k, struct packages_kernel_context *c);
/* From now on it is found by the id that this returns. */
LSA_SEC_HANDLE packages_kernel_publish(const struct packages_kernel *k, struct packages_kernel_context *c,
                                       LSA_SEC_HANDLE lsa);

/* The context of that id with one reference more, or NULL for any number that is not one. Leave exactly once.
 */
struct packages_kernel_context *packages_kernel_enter(const struct packages_kernel *k, LSA_SEC_HANDLE id);
void packages_kernel_leave(const struct packages_kernel *k, struct packages_kernel_context *c);

/* KspDeleteContextFn and KspMapHandleFn; lsa may be NULL when deleting. */
NTSTATUS packages_kernel_delete(const struct packages_kernel *k, LSA_SEC_HANDLE id, PLSA_SEC_HANDLE lsa);
NTSTATUS packages_kernel_map(const struct packages_kernel *k, LSA_SEC_HANDLE id, PLSA_SEC_HANDLE lsa);
/* What has nothing to do here, whatever the package: `status` where the id is a context's, else
 * SEC_E_INVALID_HANDLE. */
NTSTATUS packages_kernel_absent(const struct packages_kernel *k, LSA_SEC_HANDLE id, NTSTATUS status);
/* KspSetPagingModeFn: contexts are never paged, and that serves callers of either mode. */
NTSTATUS NTAPI packages_kernel_paging(BOOLEAN PagingMode);
/* KspSerializeAuthDataFn: the host's service. */
NTSTATUS packages_kernel_serialize(const struct packages_kernel *k, PVOID data, PULONG size,
                                   PVOID *serialized);

/* The texts as views, and the other way round. */
void packages_kernel_views(const struct packages_kernel_context *c, struct packages_view *text, size_t count);
void packages_kernel_units(struct packages_kernel_context *c, const struct packages_view *text, size_t count);

#endif
