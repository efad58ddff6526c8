/* SPDX-License-Identifier: MIT */
#include "check/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static const char *const files[] = {"accounts", "identities", "sspi.conf"};

/* Any will do: the kit's contexts protect nothing. */
#define IDENTITY_KEY "5d1bf1f9d6e1fd6c3d3f6c0b3c1e8f5a7c9e0b2d4f6a8c1e3b5d7f9a0c2e4f60"

static bool write_file(const struct check_environment *e, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool write_file(const struct check_environment *e, const char *name, const char *format, ...)
{
    char path[CHECK_PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", e->folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f == NULL)
        return false;
    va_list args;
    va_start(args, format);
    bool good = vfprintf(f, format, args) >= 0;
    va_end(args);
    return fclose(f) == 0 && good;
}

/* A key of the caller's own, where the password looks like one. */
static const char *key_of(const char *password)
{
    size_t size = password != NULL ? strlen(password) : 0;

    if (size < 32 || size > 128 || size % 2 != 0 || strspn(password, "0123456789abcdefABCDEF") != size)
        return IDENTITY_KEY;
    return password;
}

static bool folder_make(struct check_environment *e, const SspiCheckOptions *o)
{
    const char *user = o->User != NULL ? o->User : ENVIRONMENT_USER;
    const char *domain = o->User == NULL ? ENVIRONMENT_DOMAIN : o->Domain != NULL ? o->Domain : "";
    const char *password = o->User == NULL ? ENVIRONMENT_PASSWORD : o->Password != NULL ? o->Password : "";

    const char *temporary = secure_getenv("TMPDIR");
    if (temporary == NULL || temporary[0] != '/' || strlen(temporary) > sizeof e->folder - 32)
        temporary = "/tmp";
    (void)snprintf(e->folder, sizeof e->folder, "%s/sspi-check-XXXXXX", temporary);
    if (mkdtemp(e->folder) == NULL) {
        e->folder[0] = 0;
        return false;
    }
    return write_file(e, "accounts", "%s:%s:%s\n", domain, user, password) &&
           write_file(e, "identities", "%s %s\n", user, key_of(o->Password)) &&
           write_file(e, "sspi.conf", "[package.psk]\nidentities = %s/identities\n", e->folder);
}

/* NAME=VALUE in place of a variable of that name, or behind them all. */
static void variable_set(char **variables, char *text)
{
    size_t size = (size_t)(strchr(text, '=') - text) + 1, i = 0;

    while (variables[i] != NULL && strncmp(variables[i], text, size) != 0)
        i++;
    variables[i] = text;
}

static bool variable_add(struct check_environment *e, size_t at, const char *name, const char *folder,
                         const char *file)
{
    size_t size = strlen(name) + strlen(folder) + strlen(file) + 3;

    e->texts[at] = mem_client_alloc(size);
    if (e->texts[at] == NULL)
        return false;
    (void)snprintf(e->texts[at], size, "%s=%s%s%s", name, folder, folder[0] != 0 ? "/" : "", file);
    variable_set(e->variables, e->texts[at]);
    return true;
}

bool environment_make(struct check_environment *e, const SspiCheckOptions *options, SspiErrorInfo *error)
{
    size_t count = 0;
    char config[4096];

    while (environ[count] != NULL)
        count++;
    e->variables = mem_client_alloc((count + 8) * sizeof(char *));
    bool good = e->variables != NULL;
    if (good)
        memcpy(e->variables, environ, count * sizeof(char *));
    if (good && options->Config != NULL) {
        good = realpath(options->Config, config) != NULL && variable_add(e, 0, "SSPI_CONFIG", "", config);
    } else if (good) {
        good = folder_make(e, options) && variable_add(e, 0, "NTLM_USER_FILE", e->folder, "accounts");
        if (good && secure_getenv("SSPI_CONFIG") == NULL)
            good = variable_add(e, 1, "SSPI_CONFIG", e->folder, "sspi.conf");
    }
    if (!good && error != NULL)
        (void)snprintf(error->text, sizeof error->text, "%s: %s",
                       options->Config != NULL ? options->Config : "a folder for accounts", strerror(errno));
    return good;
}

void environment_free(struct check_environment *e)
{
    char path[CHECK_PATH_MAX];

    for (size_t i = 0; i < sizeof e->texts / sizeof e->texts[0]; i++)
        mem_client_free(e->texts[i]);
    mem_client_free(e->variables);
    if (e->folder[0] == 0)
        return;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", e->folder, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(e->folder);
}
