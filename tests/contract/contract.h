/* SPDX-License-Identifier: MIT */
/*
 * contract: what every package promises of MakeSignature, VerifySignature, EncryptMessage and DecryptMessage,
 * tested alike for all of them. A package joins by a struct contract_package in a file of its own, listed in
 * contract.c; the tests loop over contract_modes().
 */
#ifndef OPENSSPI_TESTS_CONTRACT_H
#define OPENSSPI_TESTS_CONTRACT_H

#include "testkit.h"

enum { PARCEL_ROOM = 8192, PARCEL_BUFFERS = 66 };

enum operation { OP_SIGN, OP_VERIFY, OP_SEAL, OP_UNSEAL, OP_COUNT };

struct contract_package;

/* One way in which a package's contexts can be established. */
struct contract_mode {
    const char *name;
    const struct contract_package *package;
    ULONG isc, asc;
    ULONG sign_size, seal_size; /* of tokens, exactly */
    unsigned sequence_at,
        sequence_bytes; /* the token's field that says OUT_OF_SEQUENCE when changed; 0: none */
    unsigned ignored_at, ignored_bytes; /* a field that receivers do not look at */
    unsigned number_at;                 /* where the number stands in tokens, LE32; 0: at sequence_at */
    unsigned first_number;              /* of the first message */
    bool shared_stream;   /* a message of another length leaves its place in the stream of keys */
    bool dummy;           /* tokens are made and compared, but nothing is protected */
    bool seals;           /* EncryptMessage hides the text */
    bool datagram;        /* MessageSeqNo counts */
    bool sequenced;       /* a message out of its place is refused */
    bool readonly_signed; /* SECBUFFER_READONLY parts are in the signature */
    bool expires;         /* near_end() can bring the contexts to their last number */
    uint32_t clear, set;  /* for the package's make() */
    ULONG plain_size; /* of tokens of EncryptMessage without encryption, where those are not signatures; they
                         are for DecryptMessage then, and PADDING is told that nothing of it is used */
};

struct contract_pair {
    const struct contract_mode *mode;
    struct kit_side initiator, acceptor;
    CtxtHandle *a, *b; /* initiator's and acceptor's contexts */
};

struct contract_package {
    const char *name;
    const struct contract_mode *modes;
    size_t count;
    const ULONG *sign_qops_refused, *seal_qops_refused; /* ended by 0 */
    /* Establishes mode's pair in *pair, which is zeroed but for mode. */
    void (*make)(struct contract_pair *pair);
    /* The pair's next `left` messages from a to b are the last ones that the sequence space has. */
    void (*near_end)(struct contract_pair *pair, unsigned left);
};

extern const struct contract_package contract_psk, contract_ntlm, contract_kerberos, contract_negotiate;

/* All modes of all packages; *count of them. */
const struct contract_mode *const *contract_modes(size_t *count);

void contract_open(struct contract_pair *pair, const struct contract_mode *mode);
void contract_close(struct contract_pair *pair);

/* The context as bytes: ExportSecurityContext. Freed with FreeContextBuffer(pvBuffer). */
SecBuffer contract_snapshot(CtxtHandle *context);
void contract_same(CtxtHandle *context, SecBuffer *before, const char *what);

/* Replaces the context by one imported from these bytes. */
void contract_replace(CtxtHandle *context, const char *package, const SecBuffer *packed);

/* ---- parcels: messages with their memory ---- */

/* A descriptor with memory of its own, so that a call's effect on all of it can be told. */
struct parcel {
    SecBufferDesc desc;
    SecBuffer buffers[PARCEL_BUFFERS];
    uint8_t bytes[PARCEL_ROOM];
    size_t used;
};

void parcel_start(struct parcel *m);
/* Adds a buffer of size bytes with contents from seed. */
SecBuffer *parcel_add(struct parcel *m, ULONG type, ULONG size, uint32_t seed);
/* The TOKEN, wherever it is; NULL: none. */
SecBuffer *parcel_token(struct parcel *m);
/* The usual one: DATA 13, DATA 1 read-only with checksum, TOKEN, DATA 20. */
void parcel_usual(struct parcel *m, ULONG token_size, uint32_t seed);
/* Copy whose buffers point into itself. */
void parcel_copy(struct parcel *to, const struct parcel *from);
void parcel_assert_same(const struct parcel *got, const struct parcel *want, const char *what);

/* Calls the function; qop goes in for sign and seal. */
SECURITY_STATUS contract_call(enum operation op, CtxtHandle *context, ULONG qop, SecBufferDesc *desc,
                              ULONG number);
ULONG contract_token_size(const struct contract_mode *mode, enum operation op);

/* The call answers want and changes neither a byte of m nor of the context. */
void contract_refuses(enum operation op, CtxtHandle *context, ULONG qop, struct parcel *m, ULONG number,
                      SECURITY_STATUS want, const char *what);

/* A genuine message from a to b passes (sealed too where the mode seals), with number as MessageSeqNo. */
void contract_genuine(struct contract_pair *pair, ULONG number);

/* Runs each(mode) for all modes. Failures name the mode. */
void contract_each(void (*each)(const struct contract_mode *mode));

#endif
