/* SPDX-License-Identifier: MIT */
/*
 * fuzz: what the targets share. Randomness and the clock are replaced by counters, so that an input means the
 * same in every run and a whole handshake can stand in the corpus. fuzz_check aborts: libFuzzer then keeps
 * the input.
 */
#ifndef OPENSSPI_FUZZ_H
#define OPENSSPI_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sspi.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_check(condition) ((condition) ? (void)0 : fuzz_failed(#condition, __FILE__, __LINE__))
void fuzz_failed(const char *what, const char *file, int line) __attribute__((noreturn));

/* Once: a folder with accounts (EXAMPLE:alice:secret) and an empty sspi.conf, and the sources below. */
void fuzz_start(void);
/* Puts randomness back to its beginning. */
void fuzz_rewind(void);
/* Writes data to a file of mode 0600 in the folder; its path. */
const char *fuzz_file(const char *name, const void *data, size_t size);

/* Every byte is read, so that a span outside its buffer is seen. */
void fuzz_touch(const void *data, size_t size);

CredHandle fuzz_credential(bool initiator);
/* An established NTLM pair; false: the handshake fails. */
bool fuzz_pair(ULONG flags, CtxtHandle *initiator, CtxtHandle *acceptor);
SECURITY_STATUS fuzz_step(bool initiator, CredHandle *credential, CtxtHandle *context, bool *has, ULONG flags,
                          const void *in, size_t in_size, void *out, ULONG *out_size);

/* The input as a stream of small values; zeros behind its end. */
struct fuzz_input {
    const uint8_t *data;
    size_t size;
};
uint8_t fuzz_u8(struct fuzz_input *in);
uint16_t fuzz_u16(struct fuzz_input *in);
uint32_t fuzz_u32(struct fuzz_input *in);
/* Up to size bytes; *got how many. */
const uint8_t *fuzz_bytes(struct fuzz_input *in, size_t size, size_t *got);

#endif
