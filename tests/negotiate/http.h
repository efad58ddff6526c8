/* SPDX-License-Identifier: MIT */
/* http: as much of HTTP as its Negotiate authentication (RFC 4559) needs, over one connection of the
 * loopback. */
#ifndef OPENSSPI_TESTS_HTTP_H
#define OPENSSPI_TESTS_HTTP_H

#include "testkit.h"

struct http {
    int socket;
    char head[98304]; /* the last message's head, terminated */
    char body[1024];  /* its body as far as it fits, terminated */
};

/* A listening socket; its port in *port. */
int http_listen(int *port);
/*
 * A free port of the loopback interface, bound and not listening: as long as the socket is open nobody is
 * given that port, and a server that names it, with SO_REUSEADDR as servers do, can have it.
 */
int http_reserve(int *port);
/* False: nobody came within the limit. */
bool http_accept(struct http *h, int listener);
/* Tries until somebody listens, within a limit. */
void http_connect(struct http *h, int port);
void http_close(struct http *h);

/* The next message; false: the other side has closed. */
bool http_read(struct http *h);
/* First line and headers, each ended by CR LF; then the body. */
void http_write(struct http *h, const char *head, const char *body);
/* The status of a response. */
int http_status(const struct http *h);
/* The token of "name: Negotiate TOKEN"; *size 0: the header has none. False: there is no such header. */
bool http_token(const struct http *h, const char *name, uint8_t *token, size_t *size);
/* "Negotiate TOKEN", or "Negotiate" alone, in a static buffer. */
const char *http_negotiate(const uint8_t *token, size_t size);

#endif
