/* SPDX-License-Identifier: MIT */
/*
 * packages/kerberos, user half: an established context and the table that signs with it. A context comes from
 * a packed context only, either from the LSA half (it then lives at the LSA half's number in the first slab)
 * or by ImportSecurityContext (second slab, numbers marked by their top bit). Sending takes no lock: the
 * number is one atomic increment and the keys never change. Receiving takes the context's one lock for the
 * moment in which the window judges a number that was authenticated before. There may be a million of them:
 * what a context does not need is not kept, and names are kept narrow.
 */
#ifndef OPENSSPI_PACKAGES_KERBEROS_USER_H
#define OPENSSPI_PACKAGES_KERBEROS_USER_H

#include <ntsecpkg.h>

#include "base/lock.h"
#include "base/slab.h"
#include "packages/kerberos/kerberos_packed.h"

/* Numbers of imported contexts have it, others never. */
#define KERBEROS_IMPORTED ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1))

/*
 * What Wrap needs. Confounders have to be random (RFC 3961 section 3): they come from AES in counter mode
 * under a key drawn for this context in this process, because a system call each would cost as much as the
 * sealing. The key never leaves; a packed context draws another one where it arrives.
 */
struct kerberos_sealing {
    struct crypto_aes random;
    uint64_t drawn;          /* atomic */
    struct krb5_seal keys[]; /* one; with RC4, which needs none, not there */
};

struct kerberos_user_context {
    struct slab_head head;
    struct krb5_protect protect; /* sent is atomic, window is the lock's, the rest never changes */
    struct lock receive;
    struct kerberos_sealing *sealing; /* atomic; NULL until it is needed; mem_alloc */
    uint32_t attributes;
    uint64_t start, expiry;
    uint8_t *names; /* texts one after another; mem_alloc. kerberos_user_texts reads them */
    uint16_t units[KERBEROS_TEXT_COUNT];
    bool wide; /* a unit of names is two bytes; else one, as all are below 256 */
};
_Static_assert(sizeof(struct kerberos_user_context) <= 512, "a million contexts: 512 bytes here, 768 in all");

/* A context's texts, terminated, for the time of one call. */
struct kerberos_texts {
    struct packages_view text[KERBEROS_TEXT_COUNT];
    char16_t *large; /* mem_alloc where `small` does not do */
    char16_t small[512];
};

/* The context, or NULL for any number that is not one. Lock-free. */
struct kerberos_user_context *kerberos_user_find(LSA_SEC_HANDLE id);

/* The same for many numbers at once, all given out before the look. */
struct kerberos_user_look {
    struct slab_look own, imported;
};
struct kerberos_user_look kerberos_user_look(void);
static inline struct kerberos_user_context *kerberos_user_found(const struct kerberos_user_look *l,
                                                                LSA_SEC_HANDLE id)
{
    return (struct kerberos_user_context *)(id & KERBEROS_IMPORTED
                                                ? slab_look_get(&l->imported, id & ~KERBEROS_IMPORTED)
                                                : slab_look_get(&l->own, id));
}

/* The context's texts; kerberos_user_texts_done afterwards. False: out of memory, nothing to be done. */
bool kerberos_user_texts(const struct kerberos_user_context *c, struct kerberos_texts *out);
void kerberos_user_texts_done(struct kerberos_texts *t);

/* The memory that the application frees with FreeContextBuffer: the host's AllocateHeap and FreeHeap,
 * mem_client_* until SpInstanceInit has been called. */
void *kerberos_user_alloc(size_t size);
void kerberos_user_free(void *p);

/*
 * VerifySignature between Negotiate and this half: a message of one SECBUFFER_MECHLIST and one
 * SECBUFFER_MECHLIST_SIGNATURE is the peer's mechListMIC, which may have number 0. False: another message.
 */
bool kerberos_user_mechlist(struct kerberos_user_context *c, const SecBufferDesc *desc, NTSTATUS *status);

/* SpQueryContextAttributes of the user half: kerberos_attributes.c. Structures are the W ones. */
NTSTATUS NTAPI kerberos_SpQueryContextAttributes(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute,
                                                 PVOID Buffer);

#endif
