/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/trace.h"
#include "base/utf16.h"

enum { ACCOUNT_FILE_MAX = 64 << 20 };

void ntlm_account_error(SspiErrorInfo *error, const char *format, ...)
{
    if (error == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
}

/* ---- reading ---- */

/* The store's rules; the text says what to do. */
static bool account_file_safe(const struct stat *st, const char *path, SspiErrorInfo *error)
{
    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        ntlm_account_error(
            error, "%s: belongs to user %lu; it must belong to the user who runs this program or root", path,
            (unsigned long)st->st_uid);
        return false;
    }
    if ((st->st_mode & 077) != 0) {
        ntlm_account_error(error, "%s: mode %03o lets others at password hashes; run: chmod 600 %s", path,
                           (unsigned)(st->st_mode & 0777), path);
        return false;
    }
    return true;
}

static bool account_file_grow(struct ntlm_account_file *f, size_t capacity)
{
    char *larger = mem_alloc(capacity);
    if (larger == NULL) {
        return false;
    }
    if (f->size > 0) {
        memcpy(larger, f->text, f->size);
    }
    mem_free(f->text);
    f->text = larger;
    return true;
}

/* To the end: what a pipe will have is known only then, and a file may grow meanwhile; of a regular one that
 * came whole, a read that brings less than was asked for is the end. One byte stays free for the terminator
 * of the last line. */
static SECURITY_STATUS account_file_read(struct ntlm_account_file *f, int fd, bool regular, size_t expected,
                                         const char *path, SspiErrorInfo *error)
{
    size_t capacity = 0;
    for (;;) {
        if (f->size + 1 >= capacity) {
            capacity = capacity == 0 ? expected + 2 : 2 * capacity + 4096;
            if (!account_file_grow(f, capacity)) {
                ntlm_account_error(error, "%s: out of memory", path);
                return SEC_E_INSUFFICIENT_MEMORY;
            }
        }
        size_t asked = capacity - 1 - f->size;
        ssize_t n = read(fd, f->text + f->size, asked);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            ntlm_account_error(error, "%s: %s", path, strerror(errno));
            return SEC_E_NO_CREDENTIALS;
        }
        if (n == 0) {
            return SEC_E_OK;
        }
        f->size += (size_t)n;
        if (f->size > ACCOUNT_FILE_MAX) {
            ntlm_account_error(error, "%s: larger than %d MiB", path, ACCOUNT_FILE_MAX >> 20);
            return SEC_E_NO_CREDENTIALS;
        }
        if (regular && f->size >= expected && (size_t)n < asked) {
            return SEC_E_OK;
        }
    }
}

static SECURITY_STATUS account_file_load(struct ntlm_account_file *f, int fd, enum ntlm_account_kind kind,
                                         const char *path, SspiErrorInfo *error)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        ntlm_account_error(error, "%s: %s", path, strerror(errno));
        return SEC_E_NO_CREDENTIALS;
    }
    if (kind != NTLM_ACCOUNTS_IMPORT && !S_ISREG(st.st_mode)) {
        ntlm_account_error(error, "%s: not a regular file", path);
        return SEC_E_NO_CREDENTIALS;
    }
    if (kind == NTLM_ACCOUNTS_STORE && !account_file_safe(&st, path, error)) {
        return SEC_E_NO_CREDENTIALS;
    }
    bool regular = S_ISREG(st.st_mode), sized = regular && st.st_size >= 0 && st.st_size <= ACCOUNT_FILE_MAX;
    return account_file_read(f, fd, regular, sized ? (size_t)st.st_size : 0, path, error);
}

SECURITY_STATUS ntlm_account_file_open(struct ntlm_account_file *f, const char *path,
                                       enum ntlm_account_kind kind, SspiErrorInfo *error)
{
    bool users = kind != NTLM_ACCOUNTS_STORE;
    *f = (struct ntlm_account_file){.users = users, .strict = kind != NTLM_ACCOUNTS_USERS};
    /* O_NONBLOCK: a FIFO in a file's place must not hang the caller. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (kind == NTLM_ACCOUNTS_IMPORT ? 0 : O_NONBLOCK));
    if (fd < 0) {
        if (errno == ENOENT && !users) {
            return SEC_E_OK;
        }
        ntlm_account_error(error, "%s: %s", path, strerror(errno));
        return SEC_E_NO_CREDENTIALS;
    }
    SECURITY_STATUS status = account_file_load(f, fd, kind, path, error);
    close(fd);
    if (status != SEC_E_OK) {
        ntlm_account_file_close(f);
    }
    return status;
}

void ntlm_account_file_close(struct ntlm_account_file *f)
{
    mem_free(f->text);
    *f = (struct ntlm_account_file){0};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool text_is_ascii(const char *text)
{
    for (; *text != 0; text++) {
        if ((unsigned char)*text >= 0x80) {
            return false;
        }
    }
    return true;
}

static bool text_is_utf8(const char *text, bool *failed)
{
    if (text_is_ascii(text)) {
        return true;
    }
    size_t units;
    bool invalid = false;
    char16_t *copy = utf16_from_utf8(text, strlen(text), &units, &invalid);
    *failed |= copy == NULL && !invalid;
    mem_free(copy);
    return !invalid;
}

/* Undoes %XX in place. */
static bool account_unescape(char *name, bool *failed)
{
    char *out = name;
    for (const char *in = name; *in != 0; in++) {
        if (*in != '%') {
            *out++ = *in;
            continue;
        }
        int high = hex_digit(in[1]);
        int low = high < 0 ? -1 : hex_digit(in[2]);
        if (low < 0 || (high == 0 && low == 0)) {
            return false;
        }
        *out++ = (char)(high << 4 | low);
        in += 2;
    }
    *out = 0;
    return text_is_utf8(name, failed);
}

static bool account_hash_read(const char *text, uint8_t hash[static 16])
{
    for (size_t i = 0; i < 16; i++) {
        int high = hex_digit(text[2 * i]);
        int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0) {
            return false;
        }
        hash[i] = (uint8_t)(high << 4 | low);
    }
    return text[32] == 0;
}

/* Takes one terminated line apart: NULL, or what is wrong with it. */
static const char *account_line_read(char *line, bool users, struct ntlm_account_line *out, bool *failed)
{
    char *user = strchr(line, ':');
    char *rest = user != NULL ? strchr(user + 1, ':') : NULL;
    if (rest == NULL) {
        return "expected three fields separated by colons";
    }
    *user++ = 0;
    *rest++ = 0;
    *out = (struct ntlm_account_line){.domain = line, .user = user, .number = out->number};
    if (users) {
        out->password = rest;
        return user[0] == 0                                                 ? "no user name"
               : !text_is_utf8(line, failed) || !text_is_utf8(user, failed) ? "a name is not UTF-8"
                                                                            : NULL;
    }
    if (!account_hash_read(rest, out->hash)) {
        return "the NT hash must be 32 hexadecimal digits";
    }
    if (!account_unescape(line, failed) || !account_unescape(user, failed)) {
        return "a name has a wrong % escape or is not UTF-8";
    }
    return user[0] == 0 ? "no user name" : NULL;
}

SECURITY_STATUS ntlm_account_file_next(struct ntlm_account_file *f, const char *path,
                                       struct ntlm_account_line *out, SspiErrorInfo *error)
{
    while (f->at < f->size) {
        char *line = f->text + f->at;
        size_t left = f->size - f->at;
        char *end = memchr(line, '\n', left);
        size_t size = end != NULL ? (size_t)(end - line) : left;
        f->at += size + (end != NULL);
        f->line++;
        const char *wrong = NULL;
        bool failed = false;
        out->number = f->line;
        if (memchr(line, 0, size) != NULL) {
            wrong = "has a NUL byte";
        } else {
            line[size] = 0;
            if (size > 0 && line[size - 1] == '\r') {
                line[size - 1] = 0;
            }
            if (line[0] == 0 || line[0] == '#') {
                continue;
            }
            wrong = account_line_read(line, f->users, out, &failed);
        }
        if (failed) {
            ntlm_account_error(error, "%s: out of memory", path);
            return SEC_E_INSUFFICIENT_MEMORY;
        }
        if (wrong == NULL) {
            return SEC_E_OK;
        }
        if (f->strict) {
            ntlm_account_error(error, "%s:%u: damaged: %s; correct or remove the line", path, f->line, wrong);
            return SEC_E_NO_CREDENTIALS;
        }
    }
    return SEC_I_CONTINUE_NEEDED;
}

/* ---- finding ---- */

bool ntlm_account_name_equal(const char *a, const char *b, bool *failed)
{
    if (text_is_ascii(a) && text_is_ascii(b)) {
        for (; *a != 0 && *b != 0; a++, b++) {
            char x = *a >= 'a' && *a <= 'z' ? (char)(*a - 32) : *a;
            char y = *b >= 'a' && *b <= 'z' ? (char)(*b - 32) : *b;
            if (x != y) {
                return false;
            }
        }
        return *a == *b;
    }
    size_t a_units = 0, b_units = 0;
    bool a_invalid = false, b_invalid = false;
    char16_t *wide_a = utf16_from_utf8(a, strlen(a), &a_units, &a_invalid);
    char16_t *wide_b = utf16_from_utf8(b, strlen(b), &b_units, &b_invalid);
    *failed |= (wide_a == NULL && !a_invalid) || (wide_b == NULL && !b_invalid);
    bool equal = wide_a != NULL && wide_b != NULL && utf16_equal_nocase(wide_a, a_units, wide_b, b_units);
    mem_free(wide_a);
    mem_free(wide_b);
    return equal;
}

/* How well an account answers the query; 0: not at all. */
static int account_fit(const struct ntlm_account_line *line, const struct ntlm_account_query *query,
                       bool *failed)
{
    if (!ntlm_account_name_equal(line->user, query->user, failed)) {
        return 0;
    }
    if (ntlm_account_name_equal(line->domain, query->domain, failed)) {
        return 3;
    }
    if (line->domain[0] == 0) {
        return 2;
    }
    return query->local ? 1 : 0;
}

static SECURITY_STATUS account_take(const struct ntlm_account_line *line, struct ntlm_account_secret *out)
{
    ntlm_account_secret_wipe(out);
    bool invalid = false;
    out->domain = utf16_from_utf8(line->domain, strlen(line->domain), &out->domain_units, &invalid);
    out->user = utf16_from_utf8(line->user, strlen(line->user), &out->user_units, &invalid);
    if (out->domain == NULL || out->user == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY; /* both are UTF-8: the line was read */
    }
    if (line->password == NULL) {
        memcpy(out->hash, line->hash, sizeof out->hash);
        out->kind = NTLM_ACCOUNT_HASH;
        return SEC_E_OK;
    }
    out->password = utf16_from_utf8(line->password, strlen(line->password), &out->units, &invalid);
    if (out->password == NULL) {
        return invalid ? SEC_E_OK
                       : SEC_E_INSUFFICIENT_MEMORY; /* a password that nobody can type: no account */
    }
    out->kind = NTLM_ACCOUNT_PASSWORD;
    return SEC_E_OK;
}

static SECURITY_STATUS account_find_in(const char *path, enum ntlm_account_kind kind,
                                       const struct ntlm_account_query *query,
                                       struct ntlm_account_secret *out)
{
    struct ntlm_account_file f;
    struct ntlm_account_line line;
    SspiErrorInfo error = {{0}};
    int best = 0;
    SECURITY_STATUS status = ntlm_account_file_open(&f, path, kind, &error);
    if (status != SEC_E_OK) {
        goto out;
    }
    while ((status = ntlm_account_file_next(&f, path, &line, &error)) == SEC_E_OK) {
        bool failed = false;
        int fit = account_fit(&line, query, &failed);
        if (fit > best) {
            best = fit;
            status = account_take(&line, out);
        }
        if (failed) {
            status = SEC_E_INSUFFICIENT_MEMORY;
        }
        if (status != SEC_E_OK) {
            break;
        }
    }
    if (status == SEC_I_CONTINUE_NEEDED) {
        status = SEC_E_OK;
    }
    ntlm_account_file_close(&f);
out:
    secret_wipe(&line, sizeof line);
    if (status != SEC_E_OK) {
        ntlm_account_secret_wipe(out);
        if (trace_on()) {
            trace_event("ntlm", "accounts-unusable", "reason=\"%s\"", error.text);
        }
    }
    return status;
}

/* "user@domain" without a domain: DOMAIN and USER apart, in one mem_alloc block. NULL: no UPN, or no memory.
 */
static char *account_split_upn(const struct ntlm_account_query *query, struct ntlm_account_query *apart)
{
    const char *at = strrchr(query->user, '@');
    if (query->domain[0] != 0 || at == NULL || at == query->user || at[1] == 0) {
        return NULL;
    }
    char *copy = mem_copy(query->user, strlen(query->user) + 1);
    if (copy != NULL) {
        copy[at - query->user] = 0;
        *apart = (struct ntlm_account_query){copy + (at - query->user) + 1, copy, false};
    }
    return copy;
}

/* Looks into one file and keeps what it has unless something was found before. */
static SECURITY_STATUS account_ask(const char *path, enum ntlm_account_kind kind,
                                   const struct ntlm_account_query *query, struct ntlm_account_secret *out)
{
    struct ntlm_account_secret here = {.kind = NTLM_ACCOUNT_NONE};
    SECURITY_STATUS status = account_find_in(path, kind, query, &here);
    if (status == SEC_E_OK && out->kind == NTLM_ACCOUNT_NONE) {
        ntlm_account_secret_wipe(out);
        *out = here;
        secret_wipe(&here, sizeof here);
    } else {
        ntlm_account_secret_wipe(&here);
    }
    return status;
}

SECURITY_STATUS ntlm_accounts_find(const char *user_file, const char *store,
                                   const struct ntlm_account_query *query, struct ntlm_account_secret *out)
{
    struct ntlm_account_query apart;
    char *upn = account_split_upn(query, &apart);
    const struct ntlm_account_query *asked[] = {query, upn != NULL ? &apart : NULL};
    SECURITY_STATUS users = SEC_E_OK, status = SEC_E_OK;
    *out = (struct ntlm_account_secret){.kind = NTLM_ACCOUNT_NONE};
    for (size_t i = 0; i < 2 && asked[i] != NULL; i++) {
        if (user_file != NULL) {
            users = account_ask(user_file, NTLM_ACCOUNTS_USERS, asked[i], out);
        }
        if (users != SEC_E_INSUFFICIENT_MEMORY) {
            status = account_ask(store, NTLM_ACCOUNTS_STORE, asked[i], out);
        }
        if (users == SEC_E_INSUFFICIENT_MEMORY || status == SEC_E_INSUFFICIENT_MEMORY) {
            ntlm_account_secret_wipe(out);
            status = SEC_E_INSUFFICIENT_MEMORY;
            break;
        }
    }
    mem_free(upn);
    if (status == SEC_E_NO_CREDENTIALS) {
        status = out->kind != NTLM_ACCOUNT_NONE ? SEC_E_OK : SEC_E_NO_AUTHENTICATING_AUTHORITY;
    }
    return status;
}

void ntlm_account_secret_wipe(struct ntlm_account_secret *s)
{
    mem_free(s->password);
    mem_free(s->domain);
    mem_free(s->user);
    secret_wipe(s, sizeof *s);
    s->password = s->domain = s->user = NULL;
}

const char *ntlm_accounts_user_file(void)
{
    const char *path = secure_getenv("NTLM_USER_FILE");
    return path != NULL && path[0] != 0 ? path : NULL;
}
