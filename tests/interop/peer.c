/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_MS = 60000, ENVIRONMENT_MAX = 16 };

static void child(const char *const argv[], const char *const environment[], int in, int out)
{
    static char home[128];
    /* Peers leak: not ours to report where the tests are built with a sanitizer. */
    const char *all[ENVIRONMENT_MAX + 4] = {"PATH=/usr/bin:/bin:/usr/sbin:/sbin",
                                            "ASAN_OPTIONS=detect_leaks=0"};
    size_t count = 2;
    snprintf(home, sizeof home, "HOME=%s", kit_folder());
    all[count++] = home;
    for (; *environment && count < ENVIRONMENT_MAX + 3; environment++)
        all[count++] = *environment;
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0)
        _exit(126);
    execve(argv[0], (char **)(uintptr_t)argv, (char **)(uintptr_t)all);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

void peer_start(struct peer *peer, const char *const argv[], const char *const environment[])
{
    int in[2], out[2];
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    fflush(NULL);
    peer->pid = fork();
    assert_true(peer->pid >= 0);
    if (peer->pid == 0)
        child(argv, environment, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    peer->to = in[1];
    peer->from = out[0];
}

void peer_stop(struct peer *peer, bool forgiving)
{
    int status = 0;
    close(peer->to);
    /* Its end of the pipe closes when it ends: wait for that, then collect it. */
    char rest[256];
    struct pollfd p = {peer->from, POLLIN, 0};
    bool ended = false;
    while (poll(&p, 1, LIMIT_MS) == 1 && !ended)
        ended = read(peer->from, rest, sizeof rest) <= 0;
    if (!ended)
        kill(peer->pid, SIGKILL);
    close(peer->from);
    waitpid(peer->pid, &status, 0);
    peer->pid = 0;
    if (!forgiving) {
        assert_true(ended);
        assert_int_equal(status, 0);
    }
}

void peer_write(struct peer *peer, const void *data, size_t size)
{
    const char *p = data;
    while (size) {
        ssize_t n = write(peer->to, p, size);
        if (n < 0)
            fail_msg("the peer takes no input: %s", strerror(errno));
        p += n;
        size -= (size_t)n;
    }
}

void peer_read(struct peer *peer, void *data, size_t size)
{
    char *p = data;
    while (size) {
        struct pollfd wait = {peer->from, POLLIN, 0};
        ssize_t n = poll(&wait, 1, LIMIT_MS) == 1 ? read(peer->from, p, size) : -1;
        if (n <= 0)
            fail_msg("the peer %s", n == 0 ? "ended early" : "gives no answer");
        p += n;
        size -= (size_t)n;
    }
}

void peer_put_line(struct peer *peer, const char *format, ...)
{
    static char line[2 * KIT_TOKEN_MAX];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    assert_in_range(size, 0, sizeof line - 2);
    line[size] = '\n';
    peer_write(peer, line, (size_t)size + 1);
}

void peer_get_line(struct peer *peer, char *line, size_t room)
{
    size_t at = 0;
    for (;; at++) {
        assert_true(at < room);
        peer_read(peer, line + at, 1);
        if (line[at] == '\n')
            break;
    }
    line[at] = 0;
}

void peer_ask(struct peer *peer, char operation, const void *data, size_t size, struct peer_reply *reply)
{
    uint32_t words[3] = {(uint32_t)size};
    peer_write(peer, &operation, 1);
    peer_write(peer, words, 4);
    peer_write(peer, data, size);
    peer_read(peer, words, sizeof words);
    reply->major = words[0];
    reply->minor = words[1];
    reply->size = words[2];
    assert_true(reply->size <= sizeof reply->data);
    peer_read(peer, reply->data, reply->size);
}

/* ---- base64 ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(char *out, size_t room, const void *data, size_t size)
{
    const uint8_t *p = data;
    size_t at = 0;
    assert_true((size + 2) / 3 * 4 < room);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;
        if (i + 1 < size)
            v |= (uint32_t)p[i + 1] << 8;
        if (i + 2 < size)
            v |= p[i + 2];
        out[at++] = alphabet[v >> 18];
        out[at++] = alphabet[v >> 12 & 63];
        out[at++] = i + 1 < size ? alphabet[v >> 6 & 63] : '=';
        out[at++] = i + 2 < size ? alphabet[v & 63] : '=';
    }
    out[at] = 0;
    return at;
}

size_t base64_decode(uint8_t *out, size_t room, const char *text)
{
    size_t at = 0;
    uint32_t v = 0;
    unsigned bits = 0;
    for (; *text && *text != '='; text++) {
        const char *found = strchr(alphabet, *text);
        if (!found)
            fail_msg("not base64: %s", text);
        v = v << 6 | (uint32_t)(found - alphabet);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            assert_true(at < room);
            out[at++] = (uint8_t)(v >> bits);
        }
    }
    return at;
}
