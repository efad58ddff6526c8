/* SPDX-License-Identifier: MIT */
/*
 * packages/negotiate, LSA half: a handshake that finds out whose handshake it is and then steps that one.
 *
 * A context is an object in a slab for as long as the application has its handle. While it negotiates it owns
 * a struct negotiate_handshake; afterwards only the chosen package's LSA context is left, to be deleted with
 * it. What the user half gets is the chosen package's packed context, handed over as that package's: there is
 * no user half of Negotiate's own.
 *
 * negotiate_lsa.c has the table and the calls' frame; negotiate_initiate.c and negotiate_accept.c what
 * happens in the legs; negotiate_inner.c the calls into the chosen package; negotiate_passed.c remembers the
 * others. Leg functions write their token
 * to h->output, touch nothing of the caller's, and on failure leave the handshake to be discarded.
 */
#ifndef OPENSSPI_PACKAGES_NEGOTIATE_LSA_H
#define OPENSSPI_PACKAGES_NEGOTIATE_LSA_H

#include "base/slab.h"
#include "packages/negotiate/negotiate_credential.h"
#include "packages/negotiate/negotiate_messages.h"

/* Bytes owned through mem_alloc. */
struct negotiate_blob {
    uint8_t *data;
    size_t size;
};

void negotiate_blob_free(struct negotiate_blob *b);
/* mem_alloc's copy; false: out of memory. An empty span gives a blob that is there and empty. */
bool negotiate_blob_copy(struct negotiate_blob *b, struct span from);
static inline struct span negotiate_blob_span(const struct negotiate_blob *b)
{
    return (struct span){b->data, b->size};
}

enum { NEGOTIATE_BUFFERS_MAX = 64 }; /* as many as a call of the application's can have */

/* One call of the application's, as the legs see it. */
struct negotiate_call {
    const UNICODE_STRING *target; /* initiator; NULL: none */
    ULONG requirements;
    ULONG data_rep;
    struct span token;          /* the peer's; size 0: none */
    const SecBufferDesc *input; /* for what is beside the token: channel bindings */
};

enum negotiate_progress {
    NEGOTIATE_FRESH,    /* nothing was sent */
    NEGOTIATE_HINTED,   /* acceptor: sent NegTokenInit2 */
    NEGOTIATE_OFFERED,  /* initiator: sent NegTokenInit */
    NEGOTIATE_UNDERWAY, /* both have spoken */
    NEGOTIATE_DIRECT,   /* acceptor: tokens are the mechanism's own */
};

struct negotiate_handshake {
    bool initiator;
    enum negotiate_progress progress;
    struct negotiate_credential *credential; /* held */
    ULONG requirements;                      /* of the first call */
    struct negotiate_blob mech_list;         /* of NegTokenInit: what is signed */
    bool offered[NEGOTIATE_INNER_MAX];       /* initiator: which mechanisms stand in it */
    size_t first;                            /* initiator: whose token went with it */
    struct negotiate_blob answer_mech;       /* acceptor: the chosen OID as the initiator wrote it */

    /* the chosen mechanism: credential->mechs[chosen] */
    bool has_choice;
    size_t chosen;
    bool inner_done;
    struct negotiate_blob inner_packed; /* its ContextData, once done and mapped */
    ULONG attributes;                   /* of its last call */
    TimeStamp expiry;

    bool mic_required; /* RFC 4178 section 5, as far as known; see negotiate_mic_needed */
    bool mic_sent;
    struct negotiate_blob inner_token; /* its last output */
    bool inner_refused;           /* its last step failed; inner_token says why where it has such tokens */
    struct negotiate_blob output; /* the leg's result */
};

struct negotiate_context {
    struct slab_head head;
    struct negotiate_handshake *handshake; /* NULL once established or failed */
    struct negotiate_inner inner;          /* the chosen package, held; lsa NULL: none */
    LSA_SEC_HANDLE inner_context;
    char *passed; /* negotiate_pass_over's text, mem_alloc; NULL: no mechanism was */
    uint8_t initiator, direct, established, busy;
};

/* ---- negotiate_inner.c ---- */

/* Chooses mechanism i: whatever was begun with another is dropped. SEC_E_OK or why it cannot be used. */
SECURITY_STATUS negotiate_inner_choose(struct negotiate_context *c, size_t i);
/* Drops the chosen mechanism's context and package. */
void negotiate_inner_drop(struct negotiate_context *c);
/*
 * One step of the chosen mechanism with its token (size 0: none). SEC_E_OK: it is done;
 * SEC_I_CONTINUE_NEEDED; or its failure. h->inner_token is its answer, possibly empty.
 */
SECURITY_STATUS negotiate_inner_step(struct negotiate_context *c, const struct negotiate_call *call,
                                     struct span token);
/* What the mechanism answers about its context: its user half once it is done, its LSA half before. */
SECURITY_STATUS negotiate_inner_query(const struct negotiate_context *c, ULONG number, void *buffer);
/* Once it is done: must a mechListMIC be exchanged? *needed false also where the mechanism cannot sign. */
SECURITY_STATUS negotiate_mic_needed(struct negotiate_context *c, bool *needed);
/* The mechListMIC with the finished mechanism's keys; *mic is the caller's. */
SECURITY_STATUS negotiate_mic_make(struct negotiate_context *c, struct negotiate_blob *mic);
/* SEC_E_MESSAGE_ALTERED: it is not the peer's MIC of our list. */
SECURITY_STATUS negotiate_mic_check(struct negotiate_context *c, struct span mic);

/* ---- the legs: SEC_E_OK (established), SEC_I_CONTINUE_NEEDED, or the failure ---- */

SECURITY_STATUS negotiate_initiate_first(struct negotiate_context *c, const struct negotiate_call *call);
SECURITY_STATUS negotiate_initiate_next(struct negotiate_context *c, const struct negotiate_call *call);
SECURITY_STATUS negotiate_accept_first(struct negotiate_context *c, const struct negotiate_call *call);
SECURITY_STATUS negotiate_accept_next(struct negotiate_context *c, const struct negotiate_call *call);

/* After a leg failed: what the peer is told, where the application wants that (ASC_REQ_EXTENDED_ERROR).
 * False: nothing. */
bool negotiate_accept_reject(struct negotiate_context *c);

/*
 * A mechanism is passed over in this handshake: says so in the trace, as key=who, and keeps it for
 * SECPKG_ATTR_NEGOTIATION_INFO, up to NEGOTIATE_PASSED_MAX bytes of text. SEC_E_INSUFFICIENT_MEMORY: not
 * kept.
 */
enum { NEGOTIATE_PASSED_MAX = 600 };
SECURITY_STATUS negotiate_pass_over(struct negotiate_context *c, const char *key, const char *who,
                                    const char *reason, SECURITY_STATUS status);

/* Writes m to h->output. */
SECURITY_STATUS negotiate_answer(struct negotiate_handshake *h, const struct negotiate_resp *m);

#endif
