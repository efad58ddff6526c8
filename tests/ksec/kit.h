/* SPDX-License-Identifier: MIT */
/* What the tests of kernel halves share: contexts as payloads, made from protection states without a
 * handshake. */
#ifndef OPENSSPI_TESTS_KSEC_KIT_H
#define OPENSSPI_TESTS_KSEC_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ksec/host.h"
#include "protect/krb5.h"
#include "protect/ntlm.h"

#include <cmocka.h>

/* Starts the host once. */
void ksec_kit_start(void);

/* Bytes from malloc. */
struct ksec_bytes {
    uint8_t *data;
    size_t size;
};
void ksec_bytes_free(struct ksec_bytes *b);

/* The packed contexts of the packages, with names, and attributes that fit the state. With Kerberos integrity
 * and confidentiality are set where neither is. */
struct ksec_bytes ksec_kit_ntlm(const struct ntlm_protect *p);
struct ksec_bytes ksec_kit_kerberos(const struct krb5_protect *p);
/* "NTLM" or "Kerberos" before a packed context. */
struct ksec_bytes ksec_kit_payload(const char *package, const struct ksec_bytes *packed);

struct ksec_context ksec_kit_load_ntlm(const struct ntlm_protect *p);
struct ksec_context ksec_kit_load_kerberos(const struct krb5_protect *p);
/* What it has become; flags as they were handed in are the caller's to restore. */
void ksec_kit_state_ntlm(const struct ksec_context *c, struct ntlm_protect *p);
void ksec_kit_state_kerberos(const struct ksec_context *c, struct krb5_protect *p);
/* ExportContext. */
struct ksec_bytes ksec_kit_export(const struct ksec_context *c);

/* A message as the protection sees it, as buffers: sealed parts are DATA, others DATA with
 * READONLY_WITH_CHECKSUM, the token is the last but for padding. False: too many parts. */
struct ksec_buffers {
    SecBuffer buffers[MESSAGE_PARTS_MAX];
    SecBufferDesc desc;
    SecBuffer *token;
};
bool ksec_kit_buffers(struct ksec_buffers *b, const struct message *m, const uint8_t *token,
                      size_t token_size, const uint8_t *padding);

/* The table's functions, called as if in softirq context. */
NTSTATUS ksec_kit_sign(const struct ksec_context *c, ULONG qop, SecBufferDesc *desc, ULONG number);
NTSTATUS ksec_kit_verify(const struct ksec_context *c, SecBufferDesc *desc, ULONG number, ULONG *qop);
NTSTATUS ksec_kit_seal(const struct ksec_context *c, ULONG qop, SecBufferDesc *desc, ULONG number);
NTSTATUS ksec_kit_unseal(const struct ksec_context *c, SecBufferDesc *desc, ULONG number, ULONG *qop);

enum protect_verdict ksec_kit_verdict(NTSTATUS status);

#endif
