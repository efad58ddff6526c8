/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum line_result { LINE_OK, LINE_END, LINE_LONG, LINE_ERROR };

/* waiting: the signals to let in while waiting for the next byte, NULL for a plain read. */
static ssize_t read_byte(int fd, char *c, const sigset_t *waiting)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (waiting && ppoll(&p, 1, NULL, waiting) < 0)
        return -1;
    return read(fd, c, 1);
}

/* Byte by byte: what follows the line stays for whoever reads the descriptor next. */
static enum line_result read_line(int fd, const sigset_t *waiting, char *line, size_t size)
{
    size_t used = 0;

    for (;;) {
        char c;
        ssize_t n = read_byte(fd, &c, waiting);

        if (n < 0)
            return LINE_ERROR;
        if (n == 0 && used == 0)
            return LINE_END;
        if (n == 0 || c == '\n')
            break;
        if (used + 1 >= size || c == '\0')
            return LINE_LONG;
        line[used++] = c;
    }
    if (used > 0 && line[used - 1] == '\r')
        used--;
    line[used] = '\0';
    return LINE_OK;
}

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

/* The signals that would leave the terminal without echo. They are let in only while we wait, so that none
 * slips in between looking and waiting. */
static const int guarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define GUARDED (sizeof(guarded) / sizeof(guarded[0]))

struct guard {
    struct sigaction actions[GUARDED]; /* as they were */
    sigset_t mask;
};

static void guard_signals(struct guard *g)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;

    interrupted = 0;
    sigemptyset(&blocked);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < GUARDED; i++) {
        sigaddset(&blocked, guarded[i]);
        sigaction(guarded[i], &action, &g->actions[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, &g->mask);
}

static void unguard_signals(const struct guard *g)
{
    for (size_t i = 0; i < GUARDED; i++)
        sigaction(guarded[i], &g->actions[i], NULL);
    sigprocmask(SIG_SETMASK, &g->mask, NULL);
    if (interrupted)
        raise(interrupted);
}

static enum line_result ask_once(int tty, const char *prompt, char *line, size_t size)
{
    struct termios before, silent;
    struct guard guard;

    if (tcgetattr(tty, &before) != 0)
        return LINE_ERROR;
    guard_signals(&guard);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_lflag |= ECHONL | ICANON;
    tcsetattr(tty, TCSAFLUSH, &silent);
    dprintf(tty, "%s", prompt);
    enum line_result result = read_line(tty, &guard.mask, line, size);
    tcsetattr(tty, TCSAFLUSH, &before);
    if (result == LINE_ERROR)
        dprintf(tty, "\n");
    unguard_signals(&guard);
    return result;
}

static bool line_usable(enum line_result result, const char *from)
{
    switch (result) {
    case LINE_OK:
        return true;
    case LINE_END:
        cli_error("no password: %s ended", from);
        return false;
    case LINE_LONG:
        cli_error("the password from %s has %d bytes or more, or a NUL byte in it", from, PASSWORD_MAX);
        return false;
    case LINE_ERROR:
        break;
    }
    cli_error("cannot read a password from %s: %s", from, strerror(errno));
    return false;
}

bool password_ask(const char *prompt, bool twice, char password[static PASSWORD_MAX])
{
    char again[PASSWORD_MAX];
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    bool done = false;

    if (tty < 0) {
        cli_error(
            "there is no terminal to ask for the password: give it on standard input, with --password-stdin");
        return false;
    }
    if (!line_usable(ask_once(tty, prompt, password, PASSWORD_MAX), "the terminal"))
        goto out;
    if (twice) {
        if (!line_usable(ask_once(tty, "The same again: ", again, sizeof(again)), "the terminal"))
            goto out;
        if (strcmp(password, again) != 0) {
            cli_error("the two passwords differ: nothing was changed");
            goto out;
        }
    }
    done = true;
out:
    explicit_bzero(again, sizeof(again));
    if (!done)
        password_wipe(password);
    close(tty);
    return done;
}

bool password_stdin(char password[static PASSWORD_MAX])
{
    if (line_usable(read_line(STDIN_FILENO, NULL, password, PASSWORD_MAX), "standard input"))
        return true;
    password_wipe(password);
    return false;
}

void password_wipe(char password[static PASSWORD_MAX])
{
    explicit_bzero(password, PASSWORD_MAX);
}
