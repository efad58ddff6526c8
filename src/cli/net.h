/* SPDX-License-Identifier: MIT */
/*
 * TCP for `sspi listen` and `sspi send`: names, deadlines, and reads and writes that are complete or say why
 * not. Sockets are non-blocking inside; every call that waits has a deadline. Nothing here raises SIGPIPE.
 */
#ifndef OPENSSPI_CLI_NET_H
#define OPENSSPI_CLI_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum net_result {
    NET_OK,
    NET_CLOSED, /* the peer closed, at the beginning of a read */
    NET_CUT,    /* the peer closed in the middle of one */
    NET_TIMEOUT,
    NET_SPOKE, /* while writing: the peer has something to say first */
    NET_ERROR, /* errno tells */
};

#define NET_NAME_MAX 320

/* "host:port", "[v6]:port", ":port" (host empty). False when there is no port or something is too long. */
bool net_split(const char *arg, char host[static 256], char port[static 32]);

/* A connected socket, or -1 with *error (static or gai's text). Tries each address of the name. */
int net_connect(const char *host, const char *port, int timeout_ms, const char **error);
/* A listening socket on the first address that allows it, or -1 with *error. port "0": any that is free. */
int net_listen(const char *host, const char *port, const char **error);
/* Next client of a listening socket, or -1 with errno. */
int net_accept(int listener, char peer[static NET_NAME_MAX]);
/* "127.0.0.1:4711" or "[::1]:4711" of this end. */
void net_local_name(int fd, char name[static NET_NAME_MAX]);

/* A moment that many milliseconds from now, for the calls below; NET_FOREVER never comes. */
#define NET_FOREVER INT64_MAX
int64_t net_moment(int ms);

/* size bytes or not NET_OK. first_ms: patience until the first byte; rest_ms: from then until the last; at
 * end it is over in any case. */
enum net_result net_read(int fd, void *buffer, size_t size, int first_ms, int rest_ms, int64_t end);
/* All of the pieces (at most 4). With listen_for_peer, gives up with NET_SPOKE when the peer sends meanwhile.
 */
enum net_result net_write(int fd, const struct iovec *pieces, int count, int timeout_ms, int64_t end,
                          bool listen_for_peer);
/* Waits for something to read from a file. False: the peer had something to say first. */
bool net_await_input(int file, int fd);
/* True when a read would find something at once. */
bool net_readable(int fd);
/* Closes so that what was sent last still arrives: waits a moment for the peer to stop talking. */
void net_close_gently(int fd);

#endif
