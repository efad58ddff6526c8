/* SPDX-License-Identifier: MIT */
/*
 * packages/ntlm, LSA half: credentials, handshakes, and the numbers that contexts have in both halves.
 *
 * A context is a small object in a slab for as long as the application has its handle; while the handshake
 * goes on it owns a struct ntlm_handshake (mem_alloc), which is gone once the context is established or has
 * failed. The result crosses to the user half as a packed context and is wiped here.
 *
 * ntlm_lsa.c has the table and the calls' frame; ntlm_lsa_initiate.c and ntlm_lsa_accept.c what happens in
 * the legs. The leg functions allocate the outgoing token with mem_alloc, touch nothing of the caller's, and
 * on failure leave the handshake to be discarded.
 */
#ifndef OPENSSPI_PACKAGES_NTLM_LSA_H
#define OPENSSPI_PACKAGES_NTLM_LSA_H

#include <ntsecpkg.h>

#include "base/slab.h"
#include "packages/ntlm/ntlm_identity.h"
#include "packages/ntlm/ntlm_packed.h"

/* Bytes owned through mem_alloc. */
struct ntlm_blob {
    uint8_t *data;
    size_t size;
};

void ntlm_blob_free(struct ntlm_blob *b);
static inline struct span ntlm_blob_span(const struct ntlm_blob *b)
{
    return (struct span){b->data, b->size};
}

/* This machine's names, terminated, "" where not known; set at SpInitialize. Tests write it. */
struct ntlm_machine {
    char16_t computer[16]; /* NetBIOS */
    char16_t domain[16];   /* NetBIOS; the computer's name when it is in none */
    char16_t dns_computer[256];
    char16_t dns_domain[256];
};
extern struct ntlm_machine ntlm_machine;
void ntlm_machine_read(const SECPKG_PARAMETERS *parameters);

/* The host's services, from SpInitialize. */
extern PLSA_SECPKG_FUNCTION_TABLE ntlm_lsa_functions;

struct ntlm_credential {
    struct slab_head head;
    ULONG use;         /* SECPKG_CRED_* */
    bool has_identity; /* outbound ones only; false: no default credentials were found */
    bool supplied;     /* the application gave the identity */
    struct ntlm_identity identity;
};

struct ntlm_handshake {
    bool initiator;
    bool supplied;                 /* initiator: with the application's identity */
    ULONG requirements;            /* ISC_REQ_* or ASC_REQ_* */
    uint32_t offered;              /* initiator: flags of NEGOTIATE; acceptor: of CHALLENGE */
    struct ntlm_blob negotiate;    /* as sent or received; empty for datagrams */
    struct ntlm_blob challenge;    /* acceptor: as sent */
    uint8_t server_challenge[8];   /* acceptor */
    struct ntlm_identity identity; /* initiator */
    struct ntlm_text target;       /* initiator: as the application named it */
    bool has_bindings;
    uint8_t bindings[16]; /* MD5 of the channel bindings */
    bool mic;             /* AUTHENTICATE carries a MIC; known after the second leg */
};

void ntlm_handshake_free(struct ntlm_handshake *h);

static inline bool ntlm_handshake_datagram(const struct ntlm_handshake *h)
{
    return (h->offered & NTLM_F_DATAGRAM) != 0;
}

/* True when the flags have what sspi.conf demands of every context. */
bool ntlm_strong_enough(uint32_t flags);

/*
 * The end of both roles: *out from the negotiated flags, the ExportedSessionKey and the ISC_RET_/ASC_RET_
 * bits. The texts are the caller's to set, and must live until it is packed.
 */
void ntlm_establish(struct ntlm_packed *out, uint32_t flags, bool initiator, uint32_t attributes,
                    const uint8_t session_key[static 16]);

/* ---- ntlm_lsa_credentials.c ---- */

/* NULL for a number that is none. */
const struct ntlm_credential *ntlm_credential_find(LSA_SEC_HANDLE id);
NTSTATUS NTAPI ntlm_SpAcquireCredentialsHandle(PUNICODE_STRING PrincipalName, ULONG CredentialUseFlags,
                                               PLUID LogonId, PVOID AuthorizationData, PVOID GetKeyFunciton,
                                               PVOID GetKeyArgument, PLSA_SEC_HANDLE CredentialHandle,
                                               PTimeStamp ExpirationTime);
NTSTATUS NTAPI ntlm_SpFreeCredentialsHandle(LSA_SEC_HANDLE CredentialHandle);
NTSTATUS NTAPI ntlm_SpQueryCredentialsAttributes(LSA_SEC_HANDLE CredentialHandle, ULONG CredentialAttribute,
                                                 PVOID Buffer);
/* The application's memory, from the host: as packages_alloc_fn. */
void *ntlm_client_alloc(size_t size);
/* DOMAIN\user for a SecPkgContext_NamesW or SecPkgCredentials_NamesW in the application's memory. */
NTSTATUS ntlm_client_give_name(const struct ntlm_text *domain, const struct ntlm_text *user, void *buffer);

/* ---- ntlm_lsa_initiate.c ---- */

/* NTLM_F_* to offer for ISC_REQ_* under the policy. */
uint32_t ntlm_initiate_flags(ULONG requirements);
/* First leg: h->offered is set; writes NEGOTIATE to h->negotiate (nothing for datagrams). */
SECURITY_STATUS ntlm_initiate_negotiate(struct ntlm_handshake *h);
/*
 * Second leg: *token is AUTHENTICATE, *out the context; its texts point into h and into *names, a block of
 * text that the caller frees (mem_free) after packing. SEC_E_OK or the answer.
 */
SECURITY_STATUS ntlm_initiate_authenticate(struct ntlm_handshake *h, struct span challenge,
                                           struct ntlm_blob *token, struct ntlm_packed *out,
                                           char16_t **names);
ULONG ntlm_initiate_attributes(const struct ntlm_handshake *h, uint32_t flags);

/* ---- ntlm_lsa_accept.c ---- */

/* First leg: reads NEGOTIATE (empty for datagrams) and leaves CHALLENGE in h->challenge. */
SECURITY_STATUS ntlm_accept_challenge(struct ntlm_handshake *h, struct span negotiate);
/* Second leg: checks AUTHENTICATE. *out's texts point into *names as above. */
SECURITY_STATUS ntlm_accept_authenticate(struct ntlm_handshake *h, struct span authenticate,
                                         struct ntlm_packed *out, char16_t **names);
ULONG ntlm_accept_attributes(const struct ntlm_handshake *h, uint32_t flags);

#endif
