/* SPDX-License-Identifier: MIT */
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t net_moment(int ms)
{
    return now_ms() + ms;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Waits until one of events or the deadline; the events that came, 0 for the deadline, -1 with errno. */
static int wait_for(int fd, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int64_t left = deadline - now_ms();
        int n = poll(&p, 1, left > 0 ? (int)left : 0);

        if (n > 0)
            return p.revents;
        if (n == 0 && left <= 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -1;
    }
}

bool net_split(const char *arg, char host[static 256], char port[static 32])
{
    const char *colon = strrchr(arg, ':');
    const char *start = arg, *end = colon;

    if (!colon || colon[1] == '\0' || strlen(colon + 1) >= 32)
        return false;
    if (*arg == '[') {
        if (colon == arg + 1 || colon[-1] != ']')
            return false;
        start = arg + 1;
        end = colon - 1;
    } else if (memchr(arg, ':', (size_t)(colon - arg))) {
        return false;
    }
    size_t length = (size_t)(end - start);
    if (length >= 256)
        return false;
    memcpy(host, start, length);
    host[length] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return true;
}

static bool set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static void set_nodelay(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static bool finish_connect(int fd, const struct addrinfo *a, int64_t deadline)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return true;
    if (errno != EINPROGRESS)
        return false;
    int events = wait_for(fd, POLLOUT, deadline);
    if (events <= 0) {
        if (events == 0)
            errno = ETIMEDOUT;
        return false;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
        return true;
    if (error)
        errno = error;
    return false;
}

static struct addrinfo *resolve(const char *host, const char *port, int flags, const char **error)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *list = NULL;
    int failed = getaddrinfo(*host ? host : NULL, port, &hints, &list);

    if (failed) {
        *error = failed == EAI_SYSTEM ? strerror(errno) : gai_strerror(failed);
        return NULL;
    }
    return list;
}

int net_connect(const char *host, const char *port, int timeout_ms, const char **error)
{
    struct addrinfo *list = resolve(host, port, AI_ADDRCONFIG, error);
    int fd = -1;

    /* AI_ADDRCONFIG hides ::1 and 127.0.0.1 on a machine that has only a loopback interface. */
    if (!list)
        list = resolve(host, port, 0, error);
    if (!list)
        return -1;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd >= 0 && set_nonblocking(fd) && finish_connect(fd, a, now_ms() + timeout_ms)) {
            set_nodelay(fd);
            break;
        }
        *error = strerror(errno);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    return fd;
}

int net_listen(const char *host, const char *port, const char **error)
{
    struct addrinfo *list = resolve(host, port, AI_PASSIVE, error);
    int fd = -1, on = 1;

    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (fd >= 0)
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (fd >= 0 && set_nonblocking(fd) && bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
            listen(fd, 128) == 0)
            break;
        *error = strerror(errno);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    if (list)
        freeaddrinfo(list);
    return fd;
}

static void format_name(const struct sockaddr *address, socklen_t size, char name[static NET_NAME_MAX])
{
    char host[256], port[32];

    if (getnameinfo(address, size, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) !=
        0)
        snprintf(name, NET_NAME_MAX, "unknown");
    else
        snprintf(name, NET_NAME_MAX, address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

int net_accept(int listener, char peer[static NET_NAME_MAX])
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof(address);
    int fd = accept(listener, (struct sockaddr *)&address, &size);

    if (fd < 0)
        return -1;
    if (!set_nonblocking(fd)) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    set_nodelay(fd);
    format_name((struct sockaddr *)&address, size, peer);
    return fd;
}

void net_local_name(int fd, char name[static NET_NAME_MAX])
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        format_name((struct sockaddr *)&address, size, name);
    else
        snprintf(name, NET_NAME_MAX, "unknown");
}

enum net_result net_read(int fd, void *buffer, size_t size, int first_ms, int rest_ms, int64_t end)
{
    uint8_t *at = buffer;
    size_t left = size;
    int64_t deadline = earlier(now_ms() + first_ms, end);

    while (left > 0) {
        ssize_t n = recv(fd, at, left, 0);

        if (n > 0) {
            if (left == size)
                deadline = earlier(now_ms() + rest_ms, end);
            at += n;
            left -= (size_t)n;
            continue;
        }
        if (n == 0)
            return left == size ? NET_CLOSED : NET_CUT;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return NET_ERROR;
        int events = wait_for(fd, POLLIN, deadline);
        if (events <= 0)
            return events == 0 ? NET_TIMEOUT : NET_ERROR;
    }
    return NET_OK;
}

static void advance(struct iovec *pieces, size_t written)
{
    for (; written > 0; pieces++) {
        size_t step = written < pieces->iov_len ? written : pieces->iov_len;

        pieces->iov_base = (uint8_t *)pieces->iov_base + step;
        pieces->iov_len -= step;
        written -= step;
    }
}

enum net_result net_write(int fd, const struct iovec *pieces, int count, int timeout_ms, int64_t end,
                          bool listen_for_peer)
{
    struct iovec left[4];
    size_t total = 0;
    int64_t deadline = earlier(now_ms() + timeout_ms, end);

    for (int i = 0; i < count; i++) {
        left[i] = pieces[i];
        total += pieces[i].iov_len;
    }
    while (total > 0) {
        struct msghdr message = {.msg_iov = left, .msg_iovlen = (size_t)count};
        ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (n >= 0) {
            advance(left, (size_t)n);
            total -= (size_t)n;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return NET_ERROR;
        int events = wait_for(fd, (short)(POLLOUT | (listen_for_peer ? POLLIN : 0)), deadline);
        if (events <= 0)
            return events == 0 ? NET_TIMEOUT : NET_ERROR;
        if (listen_for_peer && (events & POLLIN))
            return NET_SPOKE;
    }
    return NET_OK;
}

bool net_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0 && (p.revents & POLLIN);
}

bool net_await_input(int file, int fd)
{
    struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = file, .events = POLLIN}};

    while (poll(p, 2, -1) < 0 && errno == EINTR)
        ;
    return p[0].revents == 0;
}

/* Closing a socket with unread bytes resets the connection, and the reset overtakes what we said last. */
void net_close_gently(int fd)
{
    uint8_t ignored[16384];
    int64_t deadline = now_ms() + 2000;

    shutdown(fd, SHUT_WR);
    while (wait_for(fd, POLLIN, deadline) > 0) {
        ssize_t n = recv(fd, ignored, sizeof(ignored), 0);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || now_ms() >= deadline)
            break;
    }
    close(fd);
}
