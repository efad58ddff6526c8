/* SPDX-License-Identifier: MIT */
/*
 * fuzz_sides: a conversation's two ends in one process, and what becomes of their tokens on the way. For the
 * targets that hold whole conversations; the input's kinds of steps are theirs.
 */
#ifndef OPENSSPI_FUZZ_SIDES_H
#define OPENSSPI_FUZZ_SIDES_H

#include "fuzz.h"

enum { FUZZ_TOKEN_MAX = 48256 };

struct fuzz_side {
    CredHandle *credential;
    CtxtHandle context;
    bool has, established;
    ULONG flags;
    uint8_t token[FUZZ_TOKEN_MAX]; /* the last one it made; size 0: none, or it is given already */
    ULONG size;
};

extern struct fuzz_side fuzz_sides[2]; /* initiator, acceptor */
/* Every token was the other side's last one, given once: then both establish. Whatever here does otherwise
 * clears it; the target sets it when it begins. */
extern bool fuzz_clean;

/* Each target's own: that side takes a token (in memory of its own, also for size 0) and keeps what it
 * answers. */
void fuzz_side_step(int to, uint8_t *in, size_t size);

/* The plain call, for fuzz_side_step: InitializeSecurityContext with that target, or AcceptSecurityContext.
 */
SECURITY_STATUS fuzz_side_call(struct fuzz_side *s, const char *target, SecBufferDesc *in, SecBufferDesc *out,
                               CtxtHandle *made);

/* These bytes. */
void fuzz_give(int to, const uint8_t *bytes, size_t size);
/* The other side's last token, as it was made. */
void fuzz_pass(int to);
/* The same cut at a place that the input names, or with one byte changed there. */
void fuzz_changed(struct fuzz_input *in, int to, bool cut);
/* Bytes out of the input. */
void fuzz_arbitrary(struct fuzz_input *in, int to);
/* Deletes its context. */
void fuzz_discard(int which);
void fuzz_discard_both(void);

#endif
