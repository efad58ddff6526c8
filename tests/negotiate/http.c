/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

enum { LIMIT_MS = 30000 };

int http_reserve(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int yes = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s >= 0 && setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                bind(s, (struct sockaddr *)&a, sizeof a) == 0 &&
                getsockname(s, (struct sockaddr *)&a, &size) == 0);
    *port = ntohs(a.sin_port);
    return s;
}

int http_listen(int *port)
{
    int s = http_reserve(port);
    assert_true(listen(s, 8) == 0);
    return s;
}

bool http_accept(struct http *h, int listener)
{
    struct pollfd p = {listener, POLLIN, 0};
    h->socket = -1;
    if (poll(&p, 1, LIMIT_MS) == 1)
        h->socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    return h->socket >= 0;
}

void http_connect(struct http *h, int port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    h->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(h->socket, (struct sockaddr *)&a, sizeof a) != 0)
        fail_msg("nobody listens on port %d", port);
}

void http_close(struct http *h)
{
    if (h->socket >= 0)
        close(h->socket);
    h->socket = -1;
}

static bool read_byte(struct http *h, char *c)
{
    struct pollfd p = {h->socket, POLLIN, 0};
    if (poll(&p, 1, LIMIT_MS) != 1)
        fail_msg("nothing comes over HTTP");
    return read(h->socket, c, 1) == 1;
}

static const char *header(const struct http *h, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = strstr(h->head, "\r\n"); at; at = strstr(at, "\r\n")) {
        at += 2;
        if (strncasecmp(at, name, length) == 0 && at[length] == ':')
            return at + length + 1 + strspn(at + length + 1, " ");
    }
    return NULL;
}

bool http_read(struct http *h)
{
    size_t at = 0;
    do {
        if (at + 1 == sizeof h->head || !read_byte(h, &h->head[at]))
            return false;
        h->head[++at] = 0;
    } while (at < 4 || strcmp(h->head + at - 4, "\r\n\r\n") != 0);
    const char *length = header(h, "Content-Length");
    size_t size = length ? strtoul(length, NULL, 10) : 0;
    at = 0;
    for (size_t i = 0; i < size; i++) {
        char c;
        if (!read_byte(h, &c))
            return false;
        if (at + 1 < sizeof h->body)
            h->body[at++] = c;
    }
    h->body[at] = 0;
    return true;
}

static void write_all(int s, const char *text)
{
    for (size_t size = strlen(text); size;) {
        ssize_t n = send(s, text, size, MSG_NOSIGNAL);
        if (n <= 0)
            fail_msg("HTTP cannot be written");
        text += n;
        size -= (size_t)n;
    }
}

void http_write(struct http *h, const char *head, const char *body)
{
    char length[64];
    snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", strlen(body));
    write_all(h->socket, head);
    write_all(h->socket, length);
    write_all(h->socket, body);
}

int http_status(const struct http *h)
{
    return strncmp(h->head, "HTTP/1.1 ", 9) == 0 ? atoi(h->head + 9) : 0;
}

bool http_token(const struct http *h, const char *name, uint8_t *token, size_t *size)
{
    static char text[98304];
    const char *value = header(h, name);
    *size = 0;
    if (!value || strncasecmp(value, "Negotiate", 9) != 0)
        return false;
    value += 9 + strspn(value + 9, " ");
    size_t length = strcspn(value, "\r\n");
    memcpy(text, value, length);
    text[length] = 0;
    if (length)
        *size = base64_decode(token, KIT_TOKEN_MAX, text);
    return true;
}

const char *http_negotiate(const uint8_t *token, size_t size)
{
    static char text[98304];
    strcpy(text, "Negotiate ");
    if (size)
        base64_encode(text + 10, sizeof text - 10, token, size);
    else
        text[9] = 0;
    return text;
}
