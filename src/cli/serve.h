/* SPDX-License-Identifier: MIT */
/* serve: one client of `sspi listen`, from its first byte to its summary. Called on a thread of its own. */
#ifndef OPENSSPI_CLI_SERVE_H
#define OPENSSPI_CLI_SERVE_H

#include "auth.h"

/* What all clients share; read-only while they run. */
struct serve_settings {
    CredHandle credentials;
    char *package;
    const char *bindings;
    const char *out; /* folder as the user wrote it, or NULL */
    int folder;      /* the same, open; -1 without */
    bool overwrite;
    bool quiet;        /* no line per message */
    uint64_t max_file; /* bytes */
    int idle_ms;
    int auth_ms; /* from accept until the client is authenticated */
};

struct serve_result {
    int exit;
    bool authenticated;
    uint64_t messages, bytes; /* verified */
    unsigned files;           /* whole */
};

/* Serves until the client is done or wrong, then closes fd. number and peer are how lines name the client. */
void serve_client(const struct serve_settings *settings, int fd, unsigned number, const char *peer,
                  struct serve_result *result);
/* Tells a client that there is no room, and closes fd. */
void serve_turn_away(int fd);

#endif
