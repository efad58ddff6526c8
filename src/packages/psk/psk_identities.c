/* SPDX-License-Identifier: MIT */
#include "packages/psk/psk_identities.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

enum { LINE_MAX_BYTES = 511, FILE_MAX_BYTES = 1 << 24 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool key_parse(const char *text, size_t size, struct psk_identity *out)
{
    if (size % 2 != 0 || size < 2 * PSK_KEY_MIN || size > 2 * PSK_KEY_MAX)
        return false;
    for (size_t i = 0; i < size; i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out->key[i / 2] = (uint8_t)(high << 4 | low);
    }
    out->key_size = size / 2;
    return true;
}

static bool name_parse(const char *text, size_t size, struct psk_name *out)
{
    if (size == 0 || size > PSK_NAME_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    memcpy(out->text, text, size);
    out->text[size] = 0;
    out->size = size;
    return true;
}

/* *empty: the line names nobody. False: malformed. */
static bool line_parse(const char *line, size_t size, struct psk_identity *out, bool *empty)
{
    size_t at = 0, name, key;

    while (size > 0 && is_blank(line[size - 1]))
        size--;
    while (at < size && is_blank(line[at]))
        at++;
    *empty = at == size || line[at] == '#';
    if (*empty)
        return true;
    for (name = at; at < size && !is_blank(line[at]); at++)
        ;
    size_t name_size = at - name;
    while (at < size && is_blank(line[at]))
        at++;
    key = at;
    return name_parse(line + name, name_size, &out->name) && key_parse(line + key, size - key, out);
}

/* One walk through the file. */
struct search {
    const struct psk_name *name; /* NULL: any */
    struct psk_identity *found;
    struct psk_identity current;
    char line[LINE_MAX_BYTES + 1];
    size_t used, lines, matches;
};

static const char *search_line(struct search *s)
{
    bool empty, ours;

    s->lines++;
    if (!line_parse(s->line, s->used, &s->current, &empty))
        return "a line is not 'NAME KEY' with a key of 32 to 128 hexadecimal digits";
    s->used = 0;
    if (empty)
        return NULL;
    ours = !s->name || (s->name->size == s->current.name.size &&
                        memcmp(s->name->text, s->current.name.text, s->name->size) == 0);
    if (ours && s->matches++ == 0)
        *s->found = s->current;
    return ours && s->name && s->matches > 1 ? "a name stands twice" : NULL;
}

/* NULL: read to the end. */
static const char *search_file(struct search *s, int fd)
{
    char block[4096];
    const char *wrong = NULL;
    ssize_t n = 0;

    while (!wrong && (n = read(fd, block, sizeof block)) > 0) {
        for (ssize_t i = 0; i < n && !wrong; i++) {
            if (block[i] == '\n')
                wrong = search_line(s);
            else if (s->used == LINE_MAX_BYTES)
                wrong = "a line is longer than 511 bytes";
            else
                s->line[s->used++] = block[i];
        }
    }
    if (!wrong && n < 0)
        wrong = "it cannot be read";
    if (!wrong && s->used > 0)
        wrong = search_line(s);
    secret_wipe(block, sizeof block);
    return wrong;
}

/* Why the file must not be trusted with keys; NULL: it may. */
static const char *file_fault(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return "it is not a regular file";
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return "others may read or write it; chmod 600 it";
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return "it belongs to another user";
    return st.st_size > FILE_MAX_BYTES ? "it is larger than 16 MiB" : NULL;
}

SECURITY_STATUS psk_identity_find(const char *path, const struct psk_name *name, struct psk_identity *out,
                                  char error[static 512])
{
    struct search s = {.name = name, .found = out};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        (void)snprintf(error, 512, "%s: %s", path,
                       errno == ENOENT ? "there is no such file" : "cannot be opened");
        return SEC_E_NO_CREDENTIALS;
    }
    const char *wrong = file_fault(fd);
    if (wrong)
        (void)snprintf(error, 512, "%s: %s", path, wrong);
    else if ((wrong = search_file(&s, fd)) != NULL)
        (void)snprintf(error, 512, "%s:%zu: %s", path, s.lines, wrong);
    (void)close(fd);
    SECURITY_STATUS status = wrong            ? SEC_E_NO_CREDENTIALS
                             : s.matches != 1 ? SEC_E_UNKNOWN_CREDENTIALS
                                              : SEC_E_OK;
    if (!wrong && status != SEC_E_OK)
        (void)snprintf(error, 512, "%s: %s", path,
                       name ? "the name is not in it"
                            : "no identity was named, and there is not exactly one in it");
    if (status != SEC_E_OK)
        secret_wipe(out, sizeof *out);
    secret_wipe(&s, sizeof s);
    return status;
}
