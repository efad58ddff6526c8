/* SPDX-License-Identifier: MIT */
/*
 * peer: a foreign implementation in a process of its own, spoken to over pipes. Every wait has a limit, so a
 * peer that hangs fails the test instead of stopping it. Functions fail the running cmocka test when
 * something goes wrong.
 */
#ifndef OPENSSPI_TESTS_PEER_H
#define OPENSSPI_TESTS_PEER_H

#include "testkit.h"

#include <sys/types.h>

struct peer {
    pid_t pid;
    int to, from; /* pipe ends */
};

/* Starts argv[0] (a path) with exactly the environment given (PATH and HOME of the test's folder are added).
 */
void peer_start(struct peer *peer, const char *const argv[], const char *const environment[]);
/* Closes its input and collects it; it has to end by itself within the limit and with status 0 unless
 * forgiving. */
void peer_stop(struct peer *peer, bool forgiving);

void peer_write(struct peer *peer, const void *data, size_t size);
void peer_read(struct peer *peer, void *data, size_t size);

/* Line protocols (ntlm_auth, the python script). The line comes back without its newline. */
void peer_put_line(struct peer *peer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void peer_get_line(struct peer *peer, char *line, size_t room);

/* Frames (gss_peer): an operation or status byte word, then a 32-bit size and bytes, in the machine's order.
 */
struct peer_reply {
    uint32_t major, minor, size;
    uint8_t data[KIT_TOKEN_MAX];
};
void peer_ask(struct peer *peer, char operation, const void *data, size_t size, struct peer_reply *reply);

size_t base64_encode(char *out, size_t room, const void *data, size_t size);
/* Bytes written to out; fails the test on malformed text. */
size_t base64_decode(uint8_t *out, size_t room, const char *text);

#endif
