/* SPDX-License-Identifier: MIT */
/*
 * check/message: messages with their memory. Every buffer lies between guard pages of its own and ends at the
 * second one. Copies of all bytes and of the descriptor are kept, so that a call's effect on all of it can be
 * told.
 */
#ifndef OPENSSPI_CHECK_MESSAGE_H
#define OPENSSPI_CHECK_MESSAGE_H

#include "check/guard.h"
#include "check/host.h"

enum {
    MESSAGE_BUFFERS = 66,
    MESSAGE_SPARE = 64, /* room of a TOKEN beyond the signature, where it is not the size that is tried */
    MESSAGE_SIZE = 48,  /* of the usual DATA */
    MESSAGE_ROOM = 65536,
};

struct message {
    SecBufferDesc desc;
    SecBuffer buffers[MESSAGE_BUFFERS];
    struct guard guards[MESSAGE_BUFFERS];
    /* as message_keep found it */
    SecBufferDesc kept_desc;
    SecBuffer kept_buffers[MESSAGE_BUFFERS];
    uint8_t *kept[MESSAGE_BUFFERS];
};

void message_start(struct message *m);
/* Adds a buffer of size bytes with contents from seed. The index. */
ULONG message_add(struct message *m, ULONG type, ULONG size, uint32_t seed);
/* DATA of MESSAGE_SIZE and TOKEN of token bytes. */
void message_usual(struct message *m, ULONG token, uint32_t seed);
void message_free(struct message *m);

SecBuffer *message_token(struct message *m);
/* Puts these bytes as its TOKEN, exactly as long. */
void message_set_token(struct message *m, const void *bytes, ULONG size);

/* Keeps what the message is now; puts it back; says what differs (static text, NULL: nothing). */
void message_keep(struct message *m);
void message_restore(struct message *m);
const char *message_changed(const struct message *m);
/* The same but for buffer `index`, cbBuffer and contents. */
const char *message_changed_but(const struct message *m, ULONG index);

/* ---- what points begin with ---- */

/* The length of op's token, as found by make.basic or seal.basic; found out now on contexts of its own where
 * it is not known yet. */
ULONG message_size(enum check_operation op);

/* Signs (seals), which must succeed, and cuts the TOKEN to what was made, in memory of exactly that size.
 * What goes wrong belongs to make.basic (seal.basic). */
void message_make(const struct check_side *from, enum check_operation op, struct message *m, ULONG number);
/* message_usual made by from. */
void message_made(const struct check_side *from, enum check_operation op, struct message *m, uint32_t seed,
                  ULONG number);
/* Verifies or unseals, which must succeed. stage: whose fault it is otherwise; NULL: this point's own. */
void message_take(const struct check_side *to, enum check_operation op, struct message *m, ULONG number,
                  const char *stage, const char *what);
/* A message signed by from verifies at to; failing is this point's own fault. */
void message_exchange(const struct check_side *from, const struct check_side *to, ULONG number,
                      const char *what);
void message_exchange_sealed(const struct check_side *from, const struct check_side *to, ULONG number,
                             const char *what);

bool check_granted(const struct check_side *side, ULONG isc_ret_flag);

/* Different bytes for different seeds; the same ones every time. */
void message_fill(void *out, size_t size, uint32_t seed);

#endif
