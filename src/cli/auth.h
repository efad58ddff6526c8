/* SPDX-License-Identifier: MIT */
/*
 * auth: credentials, and the handshake over a stream. Contexts are asked for integrity, replay and sequence
 * detection, and the handshake fails when the package does not grant them: messages are never sent under a
 * dummy signature.
 */
#ifndef OPENSSPI_CLI_AUTH_H
#define OPENSSPI_CLI_AUTH_H

#include "stream.h"

struct auth_options {
    char *package;
    char *target;         /* initiator: service principal name, or NULL */
    const char *bindings; /* application data of channel bindings, or NULL */
    bool seal;            /* initiator: ask for confidentiality */
};

#define AUTH_NAME_MAX 512

/* What became of a handshake, ready to be shown. */
struct auth_facts {
    char name[AUTH_NAME_MAX]; /* DOMAIN\user or principal of the client, or "" */
    char package[64];         /* the one that does the work: under Negotiate the one it chose */
    char protection[160];     /* "signed with HMAC-MD5" */
};

/* Credentials of the package. user NULL: whatever the package finds by itself; else [DOMAIN\]USER, whose
 * password is asked for on the terminal or read from stdin. After a message an exit code, else CLI_OK. */
int auth_credentials(char *package, ULONG use, const char *user, bool from_stdin, CredHandle *credentials);

/* What Kerberos looks up in the environment, for this process: name = value. CLI_OK, or CLI_LOCAL after a
 * message. */
int auth_environment(const char *name, const char *value);

/* HELLO and handshake from the client's side, until the listener has said that it is content. */
enum stream_result auth_initiate(struct stream *s, CredHandle *credentials,
                                 const struct auth_options *options);
/* The same from the listener's side: the last STATUS 0 is sent. options.seal is what the client wishes, on
 * return. */
enum stream_result auth_accept(struct stream *s, CredHandle *credentials, struct auth_options *options);

void auth_describe(struct stream *s, struct auth_facts *facts);

#endif
