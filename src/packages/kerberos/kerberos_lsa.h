/* SPDX-License-Identifier: MIT */
/*
 * packages/kerberos, LSA half: credentials and handshakes on MIT's GSSAPI. Only here live MIT's objects, and
 * only until the context is established: then keys, numbers and names are exported and packed, and the GSS
 * context is gone. What stays of a context is its number and what the client delegated.
 *
 * Credentials and contexts are numbers of slabs. A context holds on to what it uses of its credential, so it
 * outlives the credential's handle.
 */
#ifndef OPENSSPI_PACKAGES_KERBEROS_LSA_H
#define OPENSSPI_PACKAGES_KERBEROS_LSA_H

#include <ntsecpkg.h>
#include <pthread.h>

#include "base/slab.h"
#include "packages/kerberos/kerberos_mit.h"
#include "packages/kerberos/kerberos_packed.h"
#include "packages/kerberos/kerberos_status.h"

/* The host's services; set by SpInitialize. */
extern PLSA_SECPKG_FUNCTION_TABLE kerberos_lsa;

/* ---- credentials: kerberos_credentials.c ---- */

/* A GSS credential with what it stands on. Any number of contexts and credentials hold it; any thread. */
struct kerberos_tickets {
    uint32_t holders; /* atomic */
    gss_cred_id_t cred;
    char *memory_cache; /* name of a cache of our own, destroyed with the last holder; NULL: none */
};

struct kerberos_tickets *kerberos_tickets_hold(struct kerberos_tickets *t); /* NULL is fine */
void kerberos_tickets_drop(struct kerberos_tickets *t);                     /* likewise */
/* What a client delegated, fit for InitializeSecurityContext. Takes cred over, also on failure. */
SECURITY_STATUS kerberos_tickets_delegated(gss_cred_id_t cred, struct kerberos_tickets **tickets);

struct kerberos_credential {
    uint32_t holders; /* atomic */
    ULONG use;        /* SECPKG_CRED_ bits */
    bool supplied;    /* the application gave an identity */
    char *principal;  /* user@REALM of the identity, or as named; NULL: whoever has tickets */
    char *password;   /* of the identity; NULL: none */
    SECURITY_STATUS initiate_status, accept_status; /* why there are no such tickets */
    pthread_mutex_t lock;                           /* guards the next three */
    struct kerberos_tickets *initiate;
    uint64_t renew, end; /* seconds since 1970: when tickets got by password are to be got anew; their end */
    struct kerberos_tickets *accept;
};

/* By number; NULL: none. The caller drops it. */
struct kerberos_credential *kerberos_credential_hold(LSA_SEC_HANDLE id);
void kerberos_credential_drop(struct kerberos_credential *c);

/* What the credential has for that side, held; by password now if need be. On failure *tickets is NULL. */
SECURITY_STATUS kerberos_credential_initiate(struct kerberos_credential *c,
                                             struct kerberos_tickets **tickets);
SECURITY_STATUS kerberos_credential_accept(struct kerberos_credential *c, struct kerberos_tickets **tickets);

NTSTATUS NTAPI kerberos_SpAcquireCredentialsHandle(PUNICODE_STRING PrincipalName, ULONG CredentialUseFlags,
                                                   PLUID LogonId, PVOID AuthorizationData,
                                                   PVOID GetKeyFunciton, PVOID GetKeyArgument,
                                                   PLSA_SEC_HANDLE CredentialHandle,
                                                   PTimeStamp ExpirationTime);
NTSTATUS NTAPI kerberos_SpFreeCredentialsHandle(LSA_SEC_HANDLE CredentialHandle);
NTSTATUS NTAPI kerberos_SpQueryCredentialsAttributes(LSA_SEC_HANDLE CredentialHandle,
                                                     ULONG CredentialAttribute, PVOID Buffer);

/* ---- contexts: kerberos_context.c ---- */

/* Who is at the two ends, as far as the handshake has come. */
struct kerberos_known {
    char16_t *names[KERBEROS_TEXT_COUNT]; /* terminated; NULL: not known yet; mem_alloc */
};

struct kerberos_context {
    struct slab_head head;
    bool initiator, finished, supplied;
    bool bound;                     /* acceptor: it was given channel bindings, in whatever step */
    ULONG wanted;                   /* ISC_REQ_ or ASC_REQ_ of the first step */
    gss_ctx_id_t gss;               /* GSS_C_NO_CONTEXT once finished or failed */
    gss_name_t target;              /* initiator */
    struct kerberos_tickets *own;   /* with what the handshake is made */
    struct kerberos_tickets *given; /* acceptor: what the client delegated; NULL: nothing */
    struct kerberos_known *known;   /* mem_alloc; NULL once finished: the user half has it then */
};
_Static_assert(sizeof(struct kerberos_context) <= 64, "what is left of a context here is one cache line");

struct kerberos_context *kerberos_context_new(LSA_SEC_HANDLE *id);
struct kerberos_context *kerberos_context_find(LSA_SEC_HANDLE id);
/* Frees everything; the number is then none. */
void kerberos_context_free(LSA_SEC_HANDLE id);
/* After a failure: the context is dead but stays to be deleted. */
void kerberos_context_kill(struct kerberos_context *c);

/* UTF-8 as a terminated UTF-16 text; NULL: malformed or out of memory. */
char16_t *kerberos_context_text(const char *text, size_t size);

/*
 * What every step ends in. token: what GSSAPI produced, copied to the output's TOKEN. SEC_E_OK;
 * SEC_E_BUFFER_TOO_SMALL when it does not fit, SEC_E_INVALID_TOKEN without a TOKEN for it.
 */
SECURITY_STATUS kerberos_context_output(PSecBufferDesc output, const gss_buffer_desc *token);

/* The caller's channel bindings as GSSAPI has them, pointing into the caller's buffer. *given false: none.
 * SEC_E_BAD_BINDINGS: malformed. */
SECURITY_STATUS kerberos_context_bindings(PSecBufferDesc input, struct gss_channel_bindings_struct *out,
                                          bool *given);

/* GSS flags as attributes of that role. */
ULONG kerberos_context_attributes(const struct kerberos_context *c, OM_uint32 flags);

/*
 * The last step: asks names, lifetime and flags, exports keys and numbers (which ends the GSS context), and
 * packs. On success data->pvBuffer is from AllocateLsaHeap.
 */
SECURITY_STATUS kerberos_context_finish(struct kerberos_context *c, OM_uint32 flags, ULONG *attributes,
                                        PTimeStamp expiry, PSecBuffer data);

/* ---- the two handshakes ---- */

NTSTATUS NTAPI kerberos_SpInitLsaModeContext(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                             PUNICODE_STRING TargetName, ULONG ContextRequirements,
                                             ULONG TargetDataRep, PSecBufferDesc InputBuffers,
                                             PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffers,
                                             PULONG ContextAttributes, PTimeStamp ExpirationTime,
                                             PBOOLEAN MappedContext, PSecBuffer ContextData);
NTSTATUS NTAPI kerberos_SpAcceptLsaModeContext(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                               PSecBufferDesc InputBuffer, ULONG ContextRequirements,
                                               ULONG TargetDataRep, PLSA_SEC_HANDLE NewContextHandle,
                                               PSecBufferDesc OutputBuffer, PULONG ContextAttributes,
                                               PTimeStamp ExpirationTime, PBOOLEAN MappedContext,
                                               PSecBuffer ContextData);

#endif
