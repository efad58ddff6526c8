/* SPDX-License-Identifier: MIT */
/*
 * gss_pipe: the far end of peer_ask (interop/peer.h), for programs that put somebody else's GSSAPI behind
 * pipes. Compiled with that GSSAPI's headers, and with nothing of ours. A request is a byte, a 32-bit size
 * and data; the answer is major and minor status, a 32-bit size and data, all in the machine's order.
 */
#ifndef OPENSSPI_TESTS_GSS_PIPE_H
#define OPENSSPI_TESTS_GSS_PIPE_H

#include <stddef.h>
#include <stdint.h>

#include <gssapi/gssapi.h>

enum { GSS_PIPE_ROOM = 65536 }; /* for a request's data */

/* Hands every request on until there are no more. The program's exit code: 2 when a request is cut short or
 * too long. */
int gss_pipe_serve(void (*request)(char operation, char *data, uint32_t size));

void gss_pipe_answer(OM_uint32 major, OM_uint32 minor, const void *data, size_t size);

/* A failure's text on standard error, where the test's log has it. */
void gss_pipe_say(OM_uint32 major, OM_uint32 minor, gss_OID mechanism);

/* The 32-bit number at data. */
uint32_t gss_pipe_word(const char *data);

/*
 * The operations that all have alike, with what they make in *out:
 *     m message  GetMIC                   v size(32) mic message  VerifyMIC
 *     w message  Wrap, confidential       p message               Wrap, integrity only
 */
OM_uint32 gss_pipe_message(gss_ctx_id_t context, char operation, gss_buffer_t in, gss_buffer_t out,
                           OM_uint32 *minor);

/* Answers with the context's flags (f) or its source's name (n). */
void gss_pipe_inquire(gss_ctx_id_t context, char what);

#endif
