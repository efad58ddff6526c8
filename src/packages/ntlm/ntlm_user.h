/* SPDX-License-Identifier: MIT */
/*
 * packages/ntlm, user half: an established context and the table that signs with it. A context comes from a
 * packed context only, either from the LSA half (it then lives at the LSA half's number in the first slab) or
 * by ImportSecurityContext (second slab, numbers marked by their top bit). Each has one lock per direction;
 * without extended session security both directions share state, and the sending lock guards everything.
 */
#ifndef OPENSSPI_PACKAGES_NTLM_USER_H
#define OPENSSPI_PACKAGES_NTLM_USER_H

#include <ntsecpkg.h>

#include "base/lock.h"
#include "base/slab.h"
#include "packages/ntlm/ntlm_packed.h"

/* Numbers of imported contexts have it, others never. */
#define NTLM_IMPORTED ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1))

struct ntlm_user_context {
    struct slab_head head;
    struct ntlm_protect protect; /* guarded by the locks, flags and initiator excepted: they never change */
    struct lock send, receive;
    uint8_t session_key[NTLM_KEY_SIZE];
    uint32_t attributes;
    uint64_t start, expiry;
    char16_t *names; /* texts one after another, each terminated; mem_alloc */
    uint16_t units[NTLM_TEXT_COUNT];
};

_Static_assert(sizeof(struct ntlm_user_context) <= 900, "a million contexts are less than a gigabyte");

/* The context, or NULL for any number that is not one. Lock-free. */
struct ntlm_user_context *ntlm_user_find(LSA_SEC_HANDLE id);

/* The same for many numbers at once, all given out before the look. */
struct ntlm_user_look {
    struct slab_look own, imported;
};
struct ntlm_user_look ntlm_user_look(void);
static inline struct ntlm_user_context *ntlm_user_found(const struct ntlm_user_look *l, LSA_SEC_HANDLE id)
{
    return (struct ntlm_user_context *)(id & NTLM_IMPORTED ? slab_look_get(&l->imported, id & ~NTLM_IMPORTED)
                                                           : slab_look_get(&l->own, id));
}

/* A text of the context, terminated. */
const char16_t *ntlm_user_text(const struct ntlm_user_context *c, enum ntlm_packed_text_index index);

/* The memory that the application frees with FreeContextBuffer: the host's AllocateHeap and FreeHeap,
 * mem_client_* until SpInstanceInit has been called. */
void *ntlm_user_alloc(size_t size);
void ntlm_user_free(void *p);

/*
 * [MS-SPNG] 3.2.5.1, 3.3.5.1, between Negotiate and this half: a message of one SECBUFFER_MECHLIST and one
 * SECBUFFER_MECHLIST_SIGNATURE is the mechListMIC. It is the first in its direction (SEC_E_OUT_OF_SEQUENCE
 * otherwise), takes number 0, and leaves RC4 as if it had not been. Rows 3, 5, 6 and 7 of the contract of
 * MakeSignature hold for the pair as for TOKEN and DATA. False: the message is another one.
 */
bool ntlm_user_mechlist(struct ntlm_user_context *c, ULONG qop, PSecBufferDesc desc, bool make,
                        NTSTATUS *status);

/* SpQueryContextAttributes of the user half: ntlm_attributes.c. Structures are the W ones. */
NTSTATUS NTAPI ntlm_SpQueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                             PVOID Buffer);

#endif
