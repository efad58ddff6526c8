/* SPDX-License-Identifier: MIT */
/*
 * packages/ntlm accounts: the two files that hold what an acceptor knows of its users.
 *
 * The store (sspi.conf: accounts) is UTF-8 text, one account a line:
 *
 *     DOMAIN:USER:0cb6948805f797bf2a82807973b89537
 *
 * with the NT hash in 32 hexadecimal digits. DOMAIN is empty for an account that is good for whatever domain
 * the client sends. In names, `%`, `:`, control characters and a leading `#` are written %XX. Empty lines and
 * lines that begin with # are ignored. Names compare without case, and the pair stands once. The file belongs
 * to the process' effective user or to root, is a regular file and readable by nobody else; one that breaks a
 * rule is refused whole, by every function.
 *
 * NTLM_USER_FILE has the lines DOMAIN:USER:PASSWORD of gss-ntlmssp, without escapes; there the password goes
 * to the end of the line, and lines of another form are skipped. It is test equipment and may have any mode.
 *
 * Writers hold an advisory lock on STORE.lock, write STORE.new and rename it, so that readers, who take no
 * lock, see the old file or the new one.
 */
#ifndef OPENSSPI_PACKAGES_NTLM_ACCOUNTS_H
#define OPENSSPI_PACKAGES_NTLM_ACCOUNTS_H

#include <opensspi.h>
#include <uchar.h>

#include "base/span.h"

/* One line, its strings inside the file's memory. */
struct ntlm_account_line {
    const char *domain, *user;
    uint8_t hash[16];     /* store */
    const char *password; /* user file, else NULL */
    unsigned number;      /* of the line, from 1 */
};

struct ntlm_account_file {
    char *text; /* mem_alloc; terminated; taken apart in place */
    size_t size;
    size_t at;
    unsigned line;
    bool users;  /* the user file's format */
    bool strict; /* a damaged line is an error, not skipped: the store, and files that are imported */
};

enum ntlm_account_kind {
    NTLM_ACCOUNTS_STORE,
    NTLM_ACCOUNTS_USERS,  /* NTLM_USER_FILE: a regular file, as the store is */
    NTLM_ACCOUNTS_IMPORT, /* the user file's format from anywhere, a pipe too: read to its end */
};

/* Reads the file whole, 64 MiB at most. SEC_E_OK also for a store that does not exist (then empty);
 * SEC_E_NO_CREDENTIALS with error (may be NULL) when it cannot be used; SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS ntlm_account_file_open(struct ntlm_account_file *f, const char *path,
                                       enum ntlm_account_kind kind, SspiErrorInfo *error);
/* SEC_E_OK with the next line; SEC_I_CONTINUE_NEEDED at the end; SEC_E_NO_CREDENTIALS for a damaged line
 * (error: which and why; the text never quotes it). */
SECURITY_STATUS ntlm_account_file_next(struct ntlm_account_file *f, const char *path,
                                       struct ntlm_account_line *out, SspiErrorInfo *error);
void ntlm_account_file_close(struct ntlm_account_file *f);

/* Whom an acceptor looks for. local: the client named no domain or this machine, so that any domain's account
 * of that user will do when none fits better. */
struct ntlm_account_query {
    const char *domain, *user; /* UTF-8 */
    bool local;
};

/* What was found: nothing, the NT hash, or the password (UTF-16, mem_alloc); and whose it is, as the file
 * spells it (UTF-16, terminated, mem_alloc; NULL with nothing). */
struct ntlm_account_secret {
    enum { NTLM_ACCOUNT_NONE, NTLM_ACCOUNT_HASH, NTLM_ACCOUNT_PASSWORD } kind;
    uint8_t hash[16];
    char16_t *password;
    size_t units;
    char16_t *domain, *user;
    size_t domain_units, user_units;
};

/* Asks the user file (NULL: none), then the store. SEC_E_OK also when there is no such account. A user given
 * as UPN without a domain is looked for as it stands, then taken apart at the @. The first account found
 * counts, but every file is read for every spelling, found or not: the work does not tell who exists.
 * SEC_E_NO_AUTHENTICATING_AUTHORITY: nothing was found and the store cannot be used (the trace says why). */
SECURITY_STATUS ntlm_accounts_find(const char *user_file, const char *store,
                                   const struct ntlm_account_query *query, struct ntlm_account_secret *out);
void ntlm_account_secret_wipe(struct ntlm_account_secret *s);

/* The user file that is in force: NTLM_USER_FILE, ignored in setuid programs; NULL: none. */
const char *ntlm_accounts_user_file(void);

/* Names as they compare: UTF-8, without case. Out of memory: false, and *failed becomes true; it is never
 * cleared. */
bool ntlm_account_name_equal(const char *a, const char *b, bool *failed);

/* What opensspi.h promises of SspiAccountAdd and its sisters; store is never NULL here. ntlm_accounts_edit.c.
 */
SECURITY_STATUS ntlm_accounts_add(const char *store, const char *domain, const char *user,
                                  const char *password, bool replace, SspiErrorInfo *error);
SECURITY_STATUS ntlm_accounts_remove(const char *store, const char *domain, const char *user,
                                     SspiErrorInfo *error);
SECURITY_STATUS ntlm_accounts_list(const char *store, BOOLEAN (*each)(void *arg, const SspiAccount *account),
                                   void *arg, SspiErrorInfo *error);
SECURITY_STATUS ntlm_accounts_import(const char *store, const char *file, bool replace, ULONG *imported,
                                     SspiErrorInfo *error);

/* Writes text into error, which may be NULL. */
void ntlm_account_error(SspiErrorInfo *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
