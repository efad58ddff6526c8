/* SPDX-License-Identifier: MIT */
/*
 * packages/psk, user half: established contexts. Each comes from packed bytes: from the LSA half, and then it
 * lives at the LSA half's number in the first slab, or by ImportSecurityContext (second slab; those numbers
 * have the top bit, which the LSA half never gives out). Sending takes no lock: one atomic counter. Receiving
 * takes the context's own for the moment in which a number is judged.
 */
#ifndef OPENSSPI_PACKAGES_PSK_USER_H
#define OPENSSPI_PACKAGES_PSK_USER_H

#include <ntsecpkg.h>
#include <pthread.h>

#include "base/slab.h"
#include "packages/psk/psk_packed.h"

#define PSK_IMPORTED ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1))

struct psk_context {
    struct slab_head head;
    pthread_mutex_t receiving;
    struct psk_protect protect;
    /* These never change. */
    uint32_t attributes;
    uint64_t start;
    uint8_t session[32];
    struct psk_name a, b; /* initiator and acceptor */
};

/* The context, or NULL for any number that is not one. */
struct psk_context *psk_context_find(LSA_SEC_HANDLE id);

/* Memory that the application frees with FreeContextBuffer: the host's AllocateHeap and FreeHeap. */
void *psk_user_alloc(size_t size);
void psk_user_free(void *p);

/* psk_attributes.c. Structures are the W ones. */
NTSTATUS NTAPI psk_SpQueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                            PVOID Buffer);

#endif
