/* SPDX-License-Identifier: MIT */
/*
 * Twins: one packed context in the kernel half and in the user half. Whatever is done to both must have one
 * outcome: status, every byte of message, token and descriptor, *pfQOP, and what they pack to afterwards.
 */
#ifndef OPENSSPI_TESTS_KSEC_TWINS_H
#define OPENSSPI_TESTS_KSEC_TWINS_H

#include "kit.h"

enum twin_operation { TWIN_SIGN, TWIN_VERIFY, TWIN_SEAL, TWIN_UNSEAL, TWIN_OPERATIONS };

struct twin {
    struct ksec_context kernel;
    const SECPKG_USER_FUNCTION_TABLE *table;
    LSA_SEC_HANDLE user;
};

/* packed is freed. */
struct twin twin_open(const char *package, struct ksec_bytes packed);
void twin_close(struct twin *t);

/* One half's part of it; qop goes in for sign and seal and comes out of the others. */
NTSTATUS twin_user(const struct twin *t, enum twin_operation op, ULONG *qop, SecBufferDesc *desc,
                   ULONG number);
NTSTATUS twin_kernel(const struct twin *t, enum twin_operation op, ULONG *qop, SecBufferDesc *desc,
                     ULONG number);

/* A message whose buffers lie in its own bytes (or nowhere). */
enum { TWIN_ROOM = 4096, TWIN_BUFFERS = 66 };
struct twin_message {
    SecBufferDesc desc;
    SecBuffer buffers[TWIN_BUFFERS];
    uint8_t bytes[TWIN_ROOM];
};
void twin_message_copy(struct twin_message *to, const struct twin_message *from);

/* Does it to both, each with its own copy of m, compares, and leaves the outcome in *m. Fixed randomness. */
NTSTATUS twin_do(const struct twin *t, enum twin_operation op, ULONG qop, struct twin_message *m,
                 ULONG number);
/* Both pack to the same bytes; given back. */
struct ksec_bytes twin_state(const struct twin *t);

/* DATA (13), DATA (1, read-only with checksum), TOKEN, DATA (20): contents from seed. */
void twin_usual(struct twin_message *m, ULONG token_size, uint32_t seed);
SecBuffer *twin_token(struct twin_message *m);

#endif
