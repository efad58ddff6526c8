/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_identity.h"

#include "base/mem.h"
#include "base/secret.h"
#include "base/utf16.h"
#include "packages/identity.h"
#include "packages/ntlm/ntlm_accounts.h"
#include "packages/ntlm/ntlm_compute.h"

/* ---- text ---- */

bool ntlm_text_copy(struct ntlm_text *out, const char16_t *text, size_t units)
{
    char16_t *copy = mem_alloc((units + 1) * sizeof *copy);
    if (copy == NULL) {
        return false;
    }
    if (units > 0) {
        memcpy(copy, text, units * sizeof *copy);
    }
    *out = (struct ntlm_text){copy, units};
    return true;
}

void ntlm_text_free(struct ntlm_text *t)
{
    mem_free(t->text);
    *t = (struct ntlm_text){NULL, 0};
}

void ntlm_identity_free(struct ntlm_identity *id)
{
    ntlm_text_free(&id->user);
    ntlm_text_free(&id->domain);
    secret_wipe(id, sizeof *id);
}

bool ntlm_identity_copy(struct ntlm_identity *out, const struct ntlm_identity *from)
{
    struct ntlm_identity copy = *from;
    copy.user = copy.domain = (struct ntlm_text){NULL, 0};
    if (!ntlm_text_copy(&copy.user, from->user.text, from->user.units) ||
        !ntlm_text_copy(&copy.domain, from->domain.text, from->domain.units)) {
        ntlm_identity_free(&copy);
        return false;
    }
    *out = copy;
    secret_wipe(copy.hash, sizeof copy.hash);
    return true;
}

/* ---- NTLM_USER_FILE ---- */

static SECURITY_STATUS identity_from_line(const struct ntlm_account_line *line, struct ntlm_identity *out)
{
    struct ntlm_text password = {NULL, 0};
    bool invalid = false;
    out->user.text = utf16_from_utf8(line->user, strlen(line->user), &out->user.units, &invalid);
    out->domain.text = utf16_from_utf8(line->domain, strlen(line->domain), &out->domain.units, &invalid);
    password.text = utf16_from_utf8(line->password, strlen(line->password), &password.units, &invalid);
    bool done = out->user.text != NULL && out->domain.text != NULL && password.text != NULL &&
                ntlm_compute_nt_hash(password.text, password.units, out->hash);
    ntlm_text_free(&password);
    if (!done) {
        ntlm_identity_free(out);
        return invalid ? SEC_E_NO_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
    }
    return SEC_E_OK;
}

/* The first line of that user, whose domain counts when it is given. */
static SECURITY_STATUS identity_from_file(const char *user, const char *domain, struct ntlm_identity *out)
{
    struct ntlm_account_file f;
    struct ntlm_account_line line;
    const char *path = ntlm_accounts_user_file();
    if (path == NULL) {
        return SEC_E_NO_CREDENTIALS;
    }
    SECURITY_STATUS status = ntlm_account_file_open(&f, path, NTLM_ACCOUNTS_USERS, NULL);
    if (status != SEC_E_OK) {
        return status;
    }
    while ((status = ntlm_account_file_next(&f, path, &line, NULL)) == SEC_E_OK) {
        bool failed = false;
        if ((user == NULL || ntlm_account_name_equal(user, line.user, &failed)) &&
            (domain == NULL || ntlm_account_name_equal(domain, line.domain, &failed))) {
            status = identity_from_line(&line, out);
            break;
        }
        if (failed) {
            status = SEC_E_INSUFFICIENT_MEMORY;
            break;
        }
    }
    ntlm_account_file_close(&f);
    return status == SEC_I_CONTINUE_NEEDED ? SEC_E_NO_CREDENTIALS : status;
}

SECURITY_STATUS ntlm_identity_default(const char16_t *name, size_t units, struct ntlm_identity *out)
{
    size_t bytes;
    bool invalid;
    *out = (struct ntlm_identity){0};
    if (units == 0) {
        return identity_from_file(NULL, NULL, out);
    }
    char *text = utf8_from_utf16(name, units, &bytes, &invalid);
    if (text == NULL) {
        return invalid ? SEC_E_NO_CREDENTIALS : SEC_E_INSUFFICIENT_MEMORY;
    }
    char *user = text, *domain = NULL;
    char *backslash = strchr(text, '\\'), *at = strrchr(text, '@');
    if (backslash != NULL) {
        *backslash = 0;
        domain = text;
        user = backslash + 1;
    }
    SECURITY_STATUS status = identity_from_file(user, domain, out);
    if (status == SEC_E_NO_CREDENTIALS && backslash == NULL && at != NULL) {
        *at = 0;
        status = identity_from_file(user, at + 1, out);
    }
    mem_free(text);
    return status;
}

/* A user without a password: NTLM_USER_FILE may know it. */
static SECURITY_STATUS identity_complete(struct ntlm_identity *id)
{
    struct ntlm_identity found = {0};
    bool invalid = false;
    size_t bytes;
    char *user = utf8_from_utf16(id->user.text, id->user.units, &bytes, &invalid);
    char *domain = utf8_from_utf16(id->domain.text, id->domain.units, &bytes, &invalid);
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    if (user != NULL && domain != NULL) {
        status = identity_from_file(user, domain[0] != 0 ? domain : NULL, &found);
    } else if (invalid) {
        status = SEC_E_NO_CREDENTIALS;
    }
    if (status == SEC_E_OK) {
        ntlm_identity_free(id);
        *id = found;
    }
    mem_free(user);
    mem_free(domain);
    return status;
}

/* ---- the application's structure ---- */

static struct ntlm_text text_take(struct packages_text *from)
{
    struct ntlm_text taken = {from->text, from->units};
    *from = (struct packages_text){NULL, 0};
    return taken;
}

/* Names move; the password is spent. */
static SECURITY_STATUS identity_take(struct packages_identity *from, struct ntlm_identity *id)
{
    bool anonymous = from->user.units == 0 && from->domain.units == 0 && from->password.units == 0;
    bool with_password = from->password.text != NULL;
    if (!packages_identity_split(from) ||
        !ntlm_compute_nt_hash(from->password.text, from->password.units, id->hash)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    id->anonymous = anonymous;
    id->user = text_take(&from->user);
    id->domain = text_take(&from->domain);
    return with_password ? SEC_E_OK : identity_complete(id);
}

SECURITY_STATUS ntlm_identity_read(PLSA_COPY_FROM_CLIENT_BUFFER copy, const void *data, bool ansi,
                                   struct ntlm_identity *out, bool *given)
{
    struct packages_identity texts;
    struct ntlm_identity id = {0};
    bool named;
    *given = false;
    SECURITY_STATUS status = packages_identity_read(copy, data, ansi, &texts, &named);
    if (status == SEC_E_OK && named) {
        status = identity_take(&texts, &id);
    }
    packages_identity_free(&texts);
    if (status == SEC_E_OK && named) {
        *out = id;
        secret_wipe(id.hash, sizeof id.hash);
        *given = true;
    } else {
        ntlm_identity_free(&id);
    }
    return status;
}
