/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/utf16.h"
#include "packages/ntlm/ntlm_accounts.h"
#include "packages/ntlm/ntlm_compute.h"

enum { ACCOUNT_NAME_MAX = 512 };

static const char account_file_head[] =
    "# NTLM accounts: DOMAIN:USER:NTHASH. Whoever reads the hashes can log on.\n";

/* One editing of the store: its lock, the old file and the new one as it grows. */
struct account_edit {
    char path[PATH_MAX];     /* where the store really is: a symbolic link to it stays one */
    char side[PATH_MAX + 8]; /* STORE.new */
    int lock;
    char *text; /* mem_alloc */
    size_t size, capacity;
    bool changed;
    SspiErrorInfo *error;
};

static SECURITY_STATUS account_name_check(const char *name, const char *what, bool may_be_empty,
                                          SspiErrorInfo *error)
{
    size_t units, bytes = strlen(name);
    bool invalid = false;
    if (bytes == 0 && may_be_empty) {
        return SEC_E_OK;
    }
    if (bytes == 0 || bytes > ACCOUNT_NAME_MAX || strchr(name, '\\') != NULL) {
        ntlm_account_error(error, "%s must have 1 to %d bytes and no backslash", what, ACCOUNT_NAME_MAX);
        return SEC_E_INVALID_PARAMETER;
    }
    char16_t *wide = utf16_from_utf8(name, bytes, &units, &invalid);
    SECURITY_STATUS status = wide != NULL ? SEC_E_OK
                             : invalid    ? SEC_E_INVALID_PARAMETER
                                          : SEC_E_INSUFFICIENT_MEMORY;
    mem_free(wide);
    if (status != SEC_E_OK) {
        ntlm_account_error(error, invalid ? "%s is not valid UTF-8" : "out of memory at %s", what);
    }
    return status;
}

static SECURITY_STATUS account_names_check(const char *domain, const char *user, SspiErrorInfo *error)
{
    SECURITY_STATUS status = account_name_check(user, "the user name", false, error);
    return status != SEC_E_OK ? status : account_name_check(domain, "the domain name", true, error);
}

/* ---- the new text ---- */

static bool edit_put(struct account_edit *e, const char *text, size_t size)
{
    if (size > e->capacity - e->size) {
        size_t capacity = 2 * e->capacity + size + 4096;
        char *larger = mem_alloc(capacity);
        if (larger == NULL) {
            ntlm_account_error(e->error, "%s: out of memory", e->path);
            return false;
        }
        if (e->size > 0) {
            memcpy(larger, e->text, e->size);
        }
        mem_free(e->text);
        e->text = larger;
        e->capacity = capacity;
    }
    memcpy(e->text + e->size, text, size);
    e->size += size;
    return true;
}

static bool edit_put_name(struct account_edit *e, const char *name)
{
    for (const char *c = name; *c != 0; c++) {
        char out[4] = {*c, 0};
        unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7f || byte == '%' || byte == ':' || (byte == '#' && c == name)) {
            (void)snprintf(out, sizeof out, "%%%02X", (unsigned)byte);
        }
        if (!edit_put(e, out, strlen(out))) {
            return false;
        }
    }
    return true;
}

static bool edit_put_line(struct account_edit *e, const char *domain, const char *user,
                          const uint8_t hash[static 16])
{
    char hex[34] = ":";
    for (size_t i = 0; i < 16; i++) {
        (void)snprintf(hex + 1 + 2 * i, 3, "%02x", (unsigned)hash[i]);
    }
    bool done = edit_put_name(e, domain) && edit_put(e, ":", 1) && edit_put_name(e, user) &&
                edit_put(e, hex, 33) && edit_put(e, "\n", 1);
    secret_wipe(hex, sizeof hex);
    return done;
}

/* ---- lock, read, replace ---- */

/* A store that does not exist yet is where its name says. */
static bool edit_resolve(struct account_edit *e, const char *path)
{
    struct stat st;
    if (realpath(path, e->path) != NULL) {
        return true;
    }
    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
        ntlm_account_error(e->error, "%s: a symbolic link to nothing", path);
        return false;
    }
    if ((size_t)snprintf(e->path, sizeof e->path, "%s", path) >= sizeof e->path) {
        ntlm_account_error(e->error, "the store's path is too long");
        return false;
    }
    return true;
}

static void edit_explain_lock(const struct account_edit *e, int why)
{
    const char *slash = strrchr(e->path, '/');
    if (why == ENOENT && slash != NULL) {
        int size = slash == e->path ? 1 : (int)(slash - e->path);
        ntlm_account_error(e->error, "the folder %.*s does not exist; run: mkdir -p -m 700 %.*s", size,
                           e->path, size, e->path);
    } else {
        ntlm_account_error(e->error, "%s: %s; the directory must exist and be writable", e->side,
                           strerror(why));
    }
}

static SECURITY_STATUS edit_begin(struct account_edit *e, const char *path, SspiErrorInfo *error)
{
    *e = (struct account_edit){.path = "", .lock = -1, .error = error};
    if (!edit_resolve(e, path)) {
        return SEC_E_INVALID_PARAMETER;
    }
    (void)snprintf(e->side, sizeof e->side, "%s.lock", e->path);
    e->lock = open(e->side, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (e->lock < 0) {
        edit_explain_lock(e, errno);
        return SEC_E_NO_CREDENTIALS;
    }
    while (flock(e->lock, LOCK_EX) != 0) {
        if (errno != EINTR) {
            ntlm_account_error(error, "%s: cannot lock: %s", e->side, strerror(errno));
            close(e->lock);
            e->lock = -1;
            return SEC_E_NO_CREDENTIALS;
        }
    }
    (void)snprintf(e->side, sizeof e->side, "%s.new", e->path);
    return SEC_E_OK;
}

static void edit_end(struct account_edit *e)
{
    mem_free(e->text);
    if (e->lock >= 0) {
        close(e->lock); /* and unlock */
    }
    secret_wipe(e, sizeof *e);
}

static bool edit_write_side(const struct account_edit *e, int fd)
{
    for (size_t at = 0; at < e->size;) {
        ssize_t n = write(fd, e->text + at, e->size - at);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) == 0;
}

/* The rename is durable once the directory is written. */
static void edit_sync_directory(const char *path)
{
    char directory[4096];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? snprintf(directory, sizeof directory, ".")
                          : snprintf(directory, sizeof directory, "%.*s", (int)(slash - path + 1), path);
    int fd = n > 0 && (size_t)n < sizeof directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

static SECURITY_STATUS edit_commit(struct account_edit *e)
{
    (void)unlink(e->side); /* left by a writer that died */
    int fd = open(e->side, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool done = fd >= 0 && fchmod(fd, 0600) == 0 && edit_write_side(e, fd);
    int why = errno;
    if (fd >= 0 && close(fd) != 0 && done) {
        why = errno;
        done = false;
    }
    if (done && rename(e->side, e->path) != 0) {
        why = errno;
        done = false;
    }
    if (!done) {
        (void)unlink(e->side);
        ntlm_account_error(e->error, "%s: %s; nothing was changed", e->side, strerror(why));
        return SEC_E_NO_CREDENTIALS;
    }
    edit_sync_directory(e->path);
    return SEC_E_OK;
}

/* Accounts that are to stand in the store, or to leave it. */
struct account_set {
    struct ntlm_account_line *lines;
    size_t count, capacity;
};

static struct ntlm_account_line *set_find(const struct account_set *set, const char *domain, const char *user,
                                          bool *failed)
{
    for (size_t i = 0; i < set->count; i++) {
        if (ntlm_account_name_equal(set->lines[i].domain, domain, failed) &&
            ntlm_account_name_equal(set->lines[i].user, user, failed)) {
            return &set->lines[i];
        }
    }
    return NULL;
}

/* Copies the store's accounts into the new text except those of the set; *met: the first of them, when any
 * was there. */
static SECURITY_STATUS edit_copy_without(struct account_edit *e, const struct account_set *set,
                                         const struct ntlm_account_line **met)
{
    struct ntlm_account_file f;
    struct ntlm_account_line line;
    *met = NULL;
    SECURITY_STATUS status = ntlm_account_file_open(&f, e->path, NTLM_ACCOUNTS_STORE, e->error);
    if (status != SEC_E_OK) {
        return status;
    }
    bool failed = !edit_put(e, account_file_head, sizeof account_file_head - 1);
    while (!failed && (status = ntlm_account_file_next(&f, e->path, &line, e->error)) == SEC_E_OK) {
        const struct ntlm_account_line *same = set_find(set, line.domain, line.user, &failed);
        if (same != NULL) {
            *met = *met != NULL ? *met : same;
        } else if (!edit_put_line(e, line.domain, line.user, line.hash)) {
            failed = true;
        }
    }
    ntlm_account_file_close(&f);
    secret_wipe(&line, sizeof line);
    if (failed) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    return status == SEC_I_CONTINUE_NEEDED ? SEC_E_OK : status;
}

/* Puts the set's accounts into the store. */
static SECURITY_STATUS edit_add_set(const char *store, const struct account_set *set, bool replace,
                                    SspiErrorInfo *error)
{
    struct account_edit e;
    const struct ntlm_account_line *met;
    SECURITY_STATUS status = edit_begin(&e, store, error);
    if (status != SEC_E_OK) {
        goto out;
    }
    status = edit_copy_without(&e, set, &met);
    if (status != SEC_E_OK) {
        goto out;
    }
    if (met != NULL && !replace) {
        ntlm_account_error(error,
                           "%s: the account %s%s%s exists already; ask for its replacement to change it",
                           store, met->domain, met->domain[0] != 0 ? "\\" : "", met->user);
        status = SEC_E_INVALID_PARAMETER;
        goto out;
    }
    for (size_t i = 0; i < set->count && status == SEC_E_OK; i++) {
        const struct ntlm_account_line *line = &set->lines[i];
        status =
            edit_put_line(&e, line->domain, line->user, line->hash) ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    if (status == SEC_E_OK) {
        status = edit_commit(&e);
    }
out:
    edit_end(&e);
    return status;
}

/* ---- the operations ---- */

static SECURITY_STATUS account_password_hash(const char *password, uint8_t hash[static 16],
                                             SspiErrorInfo *error)
{
    size_t units = 0;
    bool invalid = false;
    char16_t *wide = utf16_from_utf8(password, strlen(password), &units, &invalid);
    bool done = wide != NULL && ntlm_compute_nt_hash(wide, units, hash);
    mem_free(wide);
    if (invalid) {
        ntlm_account_error(error, "the password is not valid UTF-8");
        return SEC_E_INVALID_PARAMETER;
    }
    return done ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

SECURITY_STATUS ntlm_accounts_add(const char *store, const char *domain, const char *user,
                                  const char *password, bool replace, SspiErrorInfo *error)
{
    struct ntlm_account_line line = {.domain = domain, .user = user};
    const struct account_set one = {.lines = &line, .count = 1};
    SECURITY_STATUS status = account_names_check(domain, user, error);
    if (status == SEC_E_OK) {
        status = account_password_hash(password, line.hash, error);
    }
    if (status == SEC_E_OK) {
        status = edit_add_set(store, &one, replace, error);
    }
    secret_wipe(&line, sizeof line);
    return status;
}

SECURITY_STATUS ntlm_accounts_remove(const char *store, const char *domain, const char *user,
                                     SspiErrorInfo *error)
{
    struct account_edit e;
    struct ntlm_account_line line = {.domain = domain, .user = user};
    const struct account_set one = {.lines = &line, .count = 1};
    const struct ntlm_account_line *met;
    SECURITY_STATUS status = edit_begin(&e, store, error);
    if (status != SEC_E_OK) {
        goto out;
    }
    status = edit_copy_without(&e, &one, &met);
    if (status != SEC_E_OK) {
        goto out;
    }
    if (met == NULL) {
        ntlm_account_error(error, "%s: no account %s%s%s", store, domain, domain[0] != 0 ? "\\" : "", user);
        status = SEC_E_UNKNOWN_CREDENTIALS;
        goto out;
    }
    status = edit_commit(&e);
out:
    edit_end(&e);
    return status;
}

SECURITY_STATUS ntlm_accounts_list(const char *store, BOOLEAN (*each)(void *arg, const SspiAccount *account),
                                   void *arg, SspiErrorInfo *error)
{
    struct ntlm_account_file f;
    struct ntlm_account_line line;
    SECURITY_STATUS status = ntlm_account_file_open(&f, store, NTLM_ACCOUNTS_STORE, error);
    while (status == SEC_E_OK && (status = ntlm_account_file_next(&f, store, &line, error)) == SEC_E_OK) {
        const SspiAccount account = {line.domain, line.user};
        secret_wipe(line.hash, sizeof line.hash);
        if (!each(arg, &account)) {
            break;
        }
    }
    ntlm_account_file_close(&f);
    return status == SEC_I_CONTINUE_NEEDED ? SEC_E_OK : status;
}

/* Adds the line to the set; one that is there already is replaced or refused. */
static SECURITY_STATUS set_add(struct account_set *set, const struct ntlm_account_line *line, bool replace)
{
    bool failed = false;
    struct ntlm_account_line *same = set_find(set, line->domain, line->user, &failed);
    if (failed) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (same != NULL) {
        *same = *line;
        return replace ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
    }
    if (set->count == set->capacity) {
        size_t capacity = 2 * set->capacity + 64;
        struct ntlm_account_line *larger = mem_alloc(capacity * sizeof *larger);
        if (larger == NULL) {
            return SEC_E_INSUFFICIENT_MEMORY;
        }
        if (set->count > 0) {
            memcpy(larger, set->lines, set->count * sizeof *larger);
        }
        mem_free(set->lines);
        set->lines = larger;
        set->capacity = capacity;
    }
    set->lines[set->count++] = *line;
    return SEC_E_OK;
}

static SECURITY_STATUS import_line(struct account_set *set, struct ntlm_account_line *line, const char *file,
                                   bool replace, SspiErrorInfo *error)
{
    SECURITY_STATUS status = account_names_check(line->domain, line->user, error);
    if (status != SEC_E_OK) {
        return status;
    }
    status = account_password_hash(line->password, line->hash, error);
    if (status == SEC_E_INVALID_PARAMETER) {
        ntlm_account_error(error, "%s:%u: the password is not valid UTF-8", file, line->number);
    }
    if (status != SEC_E_OK) {
        return status;
    }
    status = set_add(set, line, replace);
    if (status == SEC_E_INVALID_PARAMETER) {
        ntlm_account_error(error, "%s:%u: this account stands twice in the file", file, line->number);
    }
    return status;
}

SECURITY_STATUS ntlm_accounts_import(const char *store, const char *file, bool replace, ULONG *imported,
                                     SspiErrorInfo *error)
{
    struct ntlm_account_file f;
    struct ntlm_account_line line;
    struct account_set set = {0};
    SECURITY_STATUS status = ntlm_account_file_open(&f, file, NTLM_ACCOUNTS_IMPORT, error);
    while (status == SEC_E_OK && (status = ntlm_account_file_next(&f, file, &line, error)) == SEC_E_OK) {
        status = import_line(&set, &line, file, replace, error);
    }
    if (status == SEC_I_CONTINUE_NEEDED) {
        status = edit_add_set(store, &set, replace, error);
    }
    if (status == SEC_E_OK && imported != NULL) {
        *imported = (ULONG)set.count;
    }
    ntlm_account_file_close(&f);
    mem_free(set.lines);
    secret_wipe(&line, sizeof line);
    return status;
}
