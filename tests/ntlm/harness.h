/* SPDX-License-Identifier: MIT */
/*
 * Both halves of the NTLM package driven through their tables, without secur32 and without a host: a small
 * LSA_SECPKG_FUNCTION_TABLE of its own stands in. A side is one party; its context crosses from the LSA half
 * to the user half as packed bytes, as it does in the library. Clock and randomness are the test's.
 */
#ifndef OPENSSPI_TESTS_NTLM_HARNESS_H
#define OPENSSPI_TESTS_NTLM_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <uchar.h>
#include <cmocka.h>

#include <ntsecpkg.h>
#include <sspi.h>

#include "base/mem.h"
#include "base/span.h"

#define TEST_DOMAIN   "EXAMPLE"
#define TEST_USER     "alice"
#define TEST_PASSWORD "correct horse"

extern SECPKG_FUNCTION_TABLE *lsa_table;
extern SECPKG_USER_FUNCTION_TABLE *user_table;
extern int64_t clock_offset; /* added to the real clock, FILETIME units */
extern bool call_ansi;       /* what GetCallInfo says */

/* (Re)starts the package under [ntlm] text (NULL: defaults); the store is FOLDER/accounts, with TEST_USER in
 * it. The folder is made once and removed at exit; NTLM_USER_FILE is unset. */
void harness_start(const char *ntlm_conf);
/* The same expecting SpInitialize to refuse. */
NTSTATUS harness_start_status(const char *ntlm_conf);
const char *harness_path(const char *name); /* FOLDER/name, one of 64 static buffers in turn */
void harness_write(const char *name, const char *text, unsigned mode);

struct side {
    bool initiator;
    LSA_SEC_HANDLE credential, context;
    bool user_mode; /* established */
    ULONG attributes;
    uint8_t token[16384];
    ULONG token_size;
    uint8_t packed[16384]; /* what crossed, for tests that want it */
    ULONG packed_size;
};

/* user NULL: default credentials; acceptors always. */
NTSTATUS side_open(struct side *s, bool initiator, const char *domain, const char *user,
                   const char *password);
/* One leg. flags count in every leg. bindings may be NULL. */
NTSTATUS side_step(struct side *s, ULONG flags, const char16_t *target, const void *in, size_t size,
                   SecBuffer *bindings);
void side_close(struct side *s);

/* All legs; the status of the first that failed. */
NTSTATUS pair_shake(struct side *i, struct side *a, ULONG isc, ULONG asc);
/* As TEST_USER, and it must succeed. */
void pair_open(struct side *i, struct side *a, ULONG isc, ULONG asc);
void pair_close(struct side *i, struct side *a);

/* One message of one DATA buffer. */
NTSTATUS side_sign(struct side *s, const char *text, ULONG sequence, uint8_t token[static 16]);
NTSTATUS side_verify(struct side *s, const char *text, ULONG sequence, const uint8_t token[static 16]);
/* A signature and a sealed message of each side are taken by the other. */
void pair_talk(struct side *i, struct side *a);

/* Hexadecimal text to bytes. */
size_t from_hex(uint8_t *out, size_t room, const char *hex);
void assert_hex(const void *got, const char *hex);
void status_is(NTSTATUS got, NTSTATUS want, const char *what, int line);
#define assert_status(expression, want) status_is((expression), (want), #expression, __LINE__)

/* Randomness that begins with these bytes, then counts on; NULL: the system's. The clock: *clock fixed when
 * not 0. */
void sources_script(const uint8_t *bytes, size_t size, uint64_t clock);

#endif
