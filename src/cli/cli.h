/* SPDX-License-Identifier: MIT */
/*
 * cli: the command `sspi`. It is an application like any other: of the library it sees the public headers
 * only.
 *
 * Every subcommand is one file cmd_NAME.c ending in cmd_NAME(), which parses its options with getopt_long,
 * prints what it found on stdout and what went wrong on stderr, and returns an exit code of the list below.
 * Messages on stderr say what happened, with the status' name where there is one, and what to do about it.
 *
 * Whatever a peer or a file has sent passes text_safe() before it reaches a terminal. Passwords come from the
 * terminal or from stdin, never from the command line, and are wiped after use.
 */
#ifndef OPENSSPI_CLI_CLI_H
#define OPENSSPI_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <sspi.h>

#include <opensspi.h>

/* Exit codes: documented in sspi(1), scripts rely on them. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,  /* a message, file, token or account is not what it should be */
    CLI_USAGE = 2,   /* the command line makes no sense */
    CLI_NETWORK = 3, /* no connection, connection lost, time-out, or the peer talks nonsense */
    CLI_AUTH = 4,    /* who we are was refused, or could not be said */
    CLI_LOCAL = 5,   /* a file, folder or setting of this machine */
};

int cmd_packages(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_accounts(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_kernel(int argc, char **argv);
int cmd_listen(int argc, char **argv);
int cmd_send(int argc, char **argv);

/* ---- saying what went wrong: stderr, one message that begins with the command's name ---- */

/* The name that messages begin with, "sspi send" for example. Set once by main. */
extern const char *cli_name;

void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "WHAT: SEC_E_... (0x...): sentence. advice." */
void cli_error_status(const char *what, SECURITY_STATUS status);
/* The message, then where help is. Always CLI_USAGE. */
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* After getopt_long has spoken: where help is. Always CLI_USAGE. */
int cli_usage_getopt(void);
/* After the last output: CLI_LOCAL with a message if stdout could not take all of it, else code. */
int cli_finish(int code);

/* ---- text ---- */

/* "SEC_E_LOGON_DENIED (0x8009030C)"; a number without a name stands alone. */
const char *text_status(SECURITY_STATUS status, char *out, size_t size);
/* Copies length bytes as UTF-8 that a terminal shows and nothing else: control characters, broken UTF-8 and
 * what does not fit become '?'. Always terminated; returns out. */
const char *text_safe(char *out, size_t size, const void *text, size_t length);
/* Writes s as a JSON string with its quotes. */
void text_json(FILE *f, const char *s);
/* "16.0 MiB". */
const char *text_bytes(char *out, size_t size, uint64_t bytes);
/* A number in decimal with an optional suffix K, M, G (1024s); false when it is none or not in min..max. */
bool text_number(const char *s, uint64_t min, uint64_t max, uint64_t *value);
/* Length of the UTF-8 sequence that s begins with (1..4), 0 when it is not valid. */
size_t text_utf8(const uint8_t *s, size_t length);

/* ---- passwords ---- */

#define PASSWORD_MAX 1024

/* Asks on the terminal without echo; twice: again, and both must agree. False, after a message, when there is
 * no terminal, the answers differ or are too long. */
bool password_ask(const char *prompt, bool twice, char password[static PASSWORD_MAX]);
/* One line of stdin, without reading beyond it. False, after a message, at the end of the file or when too
 * long. */
bool password_stdin(char password[static PASSWORD_MAX]);
void password_wipe(char password[static PASSWORD_MAX]);

#endif
