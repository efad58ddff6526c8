/* SPDX-License-Identifier: MIT */
/*
 * demo-relay: stands between `sspi send` and `sspi listen` and does to one record what an attacker on the
 * wire would do. It links no security library; all that it knows is how the stream is cut into frames
 * (docs/sspi-stream.md).
 *
 *     demo-relay HOST:PORT ATTACK [RECORD]
 *
 * ATTACK is none, flip (one bit of the record's last byte), replay (the record comes twice), swap (it
 * changes places with the next one), drop (it never arrives) or cut (the connection ends instead of it).
 * RECORD counts the client's records from 0, default 2. The first line on standard output is "listening on
 * 127.0.0.1:PORT"; one connection is relayed, then the program ends.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER      4
#define FRAME_MAX   (HEADER + 0xFFFFFF)
#define TYPE_SIGNED 4
#define TYPE_SEALED 5

enum attack { NONE, FLIP, REPLAY, SWAP, DROP, CUT };

struct relay {
    int client, server;
    enum attack attack;
    unsigned long target, record;
    uint8_t *in, *held; /* FRAME_MAX each: the frame that arrives, and one that waits for the next */
    size_t filled, held_size;
};

static void die(const char *what)
{
    fprintf(stderr, "demo-relay: %s: %s\n", what, strerror(errno));
    exit(3);
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

/* One whole frame of the client goes on to the server, or not. False ends the connection. */
static bool pass_frame(struct relay *r, size_t size)
{
    bool is_record = r->in[0] == TYPE_SIGNED || r->in[0] == TYPE_SEALED;
    enum attack attack = is_record && r->record++ == r->target ? r->attack : NONE;
    bool going;

    switch (attack) {
    case FLIP:
        r->in[size - 1] ^= 0x10;
        break;
    case REPLAY:
        if (!write_all(r->server, r->in, size))
            return false;
        break;
    case SWAP:
        memcpy(r->held, r->in, size);
        r->held_size = size;
        return true;
    case DROP:
        return true;
    case CUT:
        return false;
    case NONE:
        break;
    }
    going = write_all(r->server, r->in, size);
    if (going && is_record && r->held_size > 0) {
        going = write_all(r->server, r->held, r->held_size);
        r->held_size = 0;
    }
    return going;
}

/* More bytes of the client: every frame that is complete now is passed on. */
static bool from_client(struct relay *r)
{
    ssize_t n = recv(r->client, r->in + r->filled, FRAME_MAX - r->filled, 0);

    if (n <= 0)
        return n < 0 && errno == EINTR;
    r->filled += (size_t)n;
    while (r->filled >= HEADER) {
        size_t size = HEADER + ((size_t)r->in[1] << 16 | (size_t)r->in[2] << 8 | r->in[3]);

        if (r->filled < size)
            break;
        if (!pass_frame(r, size))
            return false;
        r->filled -= size;
        memmove(r->in, r->in + size, r->filled);
    }
    return true;
}

static bool from_server(struct relay *r)
{
    uint8_t buffer[16384];
    ssize_t n = recv(r->server, buffer, sizeof(buffer), 0);

    if (n <= 0)
        return n < 0 && errno == EINTR;
    return write_all(r->client, buffer, (size_t)n);
}

/* The listener closing first is passed on to the client; what the client still says goes nowhere then. */
static void relay(struct relay *r)
{
    struct pollfd watched[2] = {{.fd = r->server, .events = POLLIN}, {.fd = r->client, .events = POLLIN}};
    bool server_talks = true, client_talks = true;

    while (server_talks || client_talks) {
        if (poll(watched, 2, -1) < 0 && errno != EINTR)
            return;
        if (server_talks && watched[0].revents && !from_server(r)) {
            shutdown(r->client, SHUT_WR);
            watched[0].fd = -1;
            server_talks = false;
        }
        if (client_talks && watched[1].revents && !from_client(r)) {
            shutdown(r->server, SHUT_WR);
            if (r->attack == CUT)
                return;
            watched[1].fd = -1;
            client_talks = false;
        }
    }
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("cannot listen");
    printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static int connect_to(char *target)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list;
    char *colon = strrchr(target, ':');
    int fd;

    if (!colon)
        return -1;
    *colon = '\0';
    if (getaddrinfo(target, colon + 1, &hints, &list) != 0)
        return -1;
    fd = socket(list->ai_family, list->ai_socktype, 0);
    if (fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    return fd;
}

static bool parse_attack(const char *word, enum attack *attack)
{
    static const char *const words[] = {"none", "flip", "replay", "swap", "drop", "cut"};

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) != 0)
            continue;
        *attack = (enum attack)i;
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct relay r = {.target = argc > 3 ? strtoul(argv[3], NULL, 10) : 2};

    if (argc < 3 || argc > 4 || !parse_attack(argv[2], &r.attack)) {
        fprintf(stderr, "usage: demo-relay HOST:PORT none|flip|replay|swap|drop|cut [RECORD]\n");
        return 2;
    }
    r.in = malloc(FRAME_MAX);
    r.held = malloc(FRAME_MAX);
    if (!r.in || !r.held)
        die("memory");
    int listener = listen_on_loopback();
    r.client = accept(listener, NULL, NULL);
    if (r.client < 0)
        die("cannot accept");
    r.server = connect_to(argv[1]);
    if (r.server < 0)
        die("cannot reach the listener");
    relay(&r);
    close(r.client);
    close(r.server);
    close(listener);
    free(r.in);
    free(r.held);
    return 0;
}
