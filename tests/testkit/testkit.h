/* SPDX-License-Identifier: MIT */
/*
 * testkit: what tests of several suites share: a folder of their own with accounts and configuration, one
 * side of a handshake, pairs of established contexts, and messages signed and sealed through the public API.
 * Nothing here looks inside the library; programs may link it with libsspi or with its inside.
 *
 * The functions that do not return a status fail the running cmocka test when something goes wrong.
 */
#ifndef OPENSSPI_TESTS_TESTKIT_H
#define OPENSSPI_TESTS_TESTKIT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sspi.h>

enum { KIT_TOKEN_MAX = 48000 };

#define KIT_DOMAIN   "EXAMPLE"
#define KIT_USER     "alice"
#define KIT_PASSWORD "correct horse"
#define KIT_KEY      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" /* of KIT_USER, psk */

/*
 * Makes the folder (removed at exit), writes `accounts` (KIT_DOMAIN:KIT_USER:KIT_PASSWORD and a second user,
 * bob), `identities` (KIT_USER with KIT_KEY, and bob) and `sspi.conf` with the given text (NULL: empty) and,
 * behind it, the sections that name the identities and the packages built as modules; points NTLM_USER_FILE
 * and SSPI_CONFIG there. Before the first call into the library. A program may call it once.
 */
void kit_environment(const char *sspi_conf);
/* The folder, and "FOLDER/name" in a static buffer that the next call reuses. */
const char *kit_folder(void);
const char *kit_path(const char *name);
/* Writes a file of mode 0600 into the folder. */
void kit_write_file(const char *name, const char *text);

/* ---- one side ---- */

struct kit_side {
    CredHandle credential;
    CtxtHandle context;
    bool initiator, has_credential, has_context;
    ULONG attributes; /* pfContextAttr of the last step */
    uint8_t *token;   /* the last step's output, KIT_TOKEN_MAX of room */
    size_t token_size;
};

/* user NULL: no identity structure (default credentials; always so for acceptors). */
SECURITY_STATUS kit_open(struct kit_side *side, const char *package, bool initiator, const char *domain,
                         const char *user, const char *password);
/* One step with in (NULL: none). The output stands in side->token. bindings may be NULL. */
SECURITY_STATUS kit_step(struct kit_side *side, ULONG flags, const char *target, const void *in,
                         size_t in_size, SecBuffer *bindings);
void kit_close(struct kit_side *side);

/* Both sides of package as KIT_USER; steps until both are done. The status of the first step that failed. */
SECURITY_STATUS kit_handshake(const char *package, ULONG isc_flags, ULONG asc_flags,
                              struct kit_side *initiator, struct kit_side *acceptor);
/* The same and it must succeed. */
void kit_pair(const char *package, ULONG isc_flags, ULONG asc_flags, struct kit_side *initiator,
              struct kit_side *acceptor);

/* ---- messages of one DATA buffer ---- */

SECURITY_STATUS kit_sign(CtxtHandle *context, const void *data, size_t size, void *token, ULONG *token_size);
SECURITY_STATUS kit_verify(CtxtHandle *context, const void *data, size_t size, const void *token,
                           ULONG token_size);
SECURITY_STATUS kit_seal(CtxtHandle *context, void *data, size_t size, void *token, ULONG *token_size);
SECURITY_STATUS kit_unseal(CtxtHandle *context, void *data, size_t size, const void *token, ULONG token_size);

/* A message signed by one side verifies at the other, and one sealed unseals where seal is given. */
void kit_exchange(CtxtHandle *from, CtxtHandle *to, const char *text, bool seal);

/* SESSION_KEY, 16 bytes. */
void kit_session_key(CtxtHandle *context, uint8_t key[16]);

/* Statuses by number in failure messages. */
void kit_assert_status(SECURITY_STATUS got, SECURITY_STATUS want, const char *file, int line,
                       const char *what);
#define assert_status(expression, want)                                                                      \
    kit_assert_status((expression), (want), __FILE__, __LINE__, #expression)

/* Different bytes for different seeds; the same ones every time. */
void kit_fill(void *out, size_t size, uint32_t seed);

#endif
