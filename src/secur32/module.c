/* SPDX-License-Identifier: MIT */
#include "secur32/module.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/mem.h"
#include "base/trace.h"

enum { DIRECTORY_FILES_MAX = 256, FILE_NAME_MAX = 255 };

struct module {
    void *handle;
    uint32_t holders;
    struct module *next;
    char path[];
};

static const char *directory = OPENSSPI_PACKAGE_DIR;

static struct module *loaded; /* all */

void module_directory_replace(const char *replacement)
{
    directory = replacement != NULL ? replacement : OPENSSPI_PACKAGE_DIR;
}

/* ---- who may have written it ---- */

/* Why what lies at path is not to be trusted; NULL: it is. */
static const char *path_fault(const char *path, bool is_directory)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return is_directory ? "its directory cannot be looked at" : "it cannot be looked at";
    if (is_directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
        return "it is not a regular file";
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return is_directory ? "its directory belongs to another user" : "it belongs to another user";
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return is_directory ? "others may write its directory" : "others may write it";
    return NULL;
}

static const char *parent_fault(const char *path)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash != NULL ? (size_t)(slash - path) : 0;

    if (slash == NULL || size >= sizeof(parent))
        return "its path is too long";
    memcpy(parent, path, size);
    parent[size] = 0;
    return path_fault(size > 0 ? parent : "/", true);
}

/* What lies above the directory: nobody else may put another in the place of what was looked at. Where the
 * sticky bit is set others may write, but not rename what is not theirs. */
static const char *ancestors_fault(const char *real)
{
    char path[PATH_MAX];
    struct stat st;
    size_t size = strlen(real);

    memcpy(path, real, size + 1);
    for (int level = 0; size > 1; level++) {
        while (size > 1 && path[size - 1] != '/')
            size--;
        if (size > 1)
            size--;
        path[size] = 0;
        if (level == 0) /* parent_fault's */
            continue;
        if (stat(path, &st) != 0)
            return "a directory above it cannot be looked at";
        if (st.st_uid != 0 && st.st_uid != geteuid())
            return "a directory above it belongs to another user";
        if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))
            return "others may write a directory above it";
    }
    return NULL;
}

/* real: PATH_MAX bytes for the file behind all links. */
static const char *file_fault(const char *path, char *real)
{
    const char *fault;

    if (path[0] != '/')
        return "its path is not absolute";
    if (realpath(path, real) == NULL)
        return errno == ENOENT ? "there is no such file" : "it cannot be looked at";
    if ((fault = parent_fault(path)) != NULL || (fault = parent_fault(real)) != NULL ||
        (fault = ancestors_fault(real)) != NULL)
        return fault;
    return path_fault(real, false);
}

/* ---- loading ---- */

static SECURITY_STATUS refuse(char reason[static MODULE_REASON_MAX], const char *what)
{
    (void)snprintf(reason, MODULE_REASON_MAX, "%s", what);
    return SEC_E_CANNOT_INSTALL;
}

static SECURITY_STATUS entry_points(void *handle, SpLsaModeInitializeFn *lsa, SpUserModeInitializeFn *user,
                                    char reason[static MODULE_REASON_MAX])
{
    void *lsa_symbol = dlsym(handle, SECPKG_LSAMODEINIT_NAME);
    void *user_symbol = dlsym(handle, SECPKG_USERMODEINIT_NAME);

    if (lsa_symbol == NULL)
        return refuse(reason, "it does not export " SECPKG_LSAMODEINIT_NAME);
    if (user_symbol == NULL)
        return refuse(reason, "it does not export " SECPKG_USERMODEINIT_NAME);
    /* ISO C has no conversion between the two kinds of pointers; POSIX says that they are alike. */
    memcpy(lsa, &lsa_symbol, sizeof(*lsa));
    memcpy(user, &user_symbol, sizeof(*user));
    return SEC_E_OK;
}

static bool is_loaded(const void *handle)
{
    for (const struct module *m = loaded; m != NULL; m = m->next)
        if (m->handle == handle)
            return true;
    return false;
}

SECURITY_STATUS module_open(const char *path, struct module **module, SpLsaModeInitializeFn *lsa,
                            SpUserModeInitializeFn *user, char reason[static MODULE_REASON_MAX])
{
    char real[PATH_MAX];
    const char *fault = file_fault(path, real);

    if (fault != NULL) {
        (void)refuse(reason, fault);
        return path[0] == '/' && access(path, F_OK) != 0 ? SEC_E_SECPKG_NOT_FOUND : SEC_E_CANNOT_INSTALL;
    }
    struct module *m = mem_client_alloc(sizeof(*m) + strlen(path) + 1);
    if (m == NULL) {
        (void)refuse(reason, "out of memory");
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    m->handle = dlopen(real, RTLD_NOW | RTLD_LOCAL);
    if (m->handle == NULL) {
        const char *said = dlerror();
        mem_client_free(m);
        return refuse(reason, said != NULL ? said : "it cannot be loaded");
    }
    /* The loader gives the same one out again; its state is that of the packages which came from it. */
    SECURITY_STATUS status = is_loaded(m->handle) ? refuse(reason, "it is loaded already")
                                                  : entry_points(m->handle, lsa, user, reason);
    if (status != SEC_E_OK) {
        (void)dlclose(m->handle);
        mem_client_free(m);
        return status;
    }
    m->holders = 1;
    m->next = loaded;
    loaded = m;
    memcpy(m->path, path, strlen(path) + 1);
    *module = m;
    return SEC_E_OK;
}

SpBatchModeInitializeFn *module_batch(const struct module *module)
{
    void *symbol = dlsym(module->handle, "SpBatchModeInitialize");
    SpBatchModeInitializeFn *batch = NULL;

    memcpy(&batch, &symbol, sizeof(batch));
    return batch;
}

void module_hold(struct module *module)
{
    module->holders++;
}

void module_release(struct module *module)
{
    if (--module->holders != 0)
        return;
    if (trace_on())
        trace_event("secur32", "module-unloaded", "path=%s", module->path);
    struct module **at = &loaded;
    while (*at != module)
        at = &(*at)->next;
    *at = module->next;
    (void)dlclose(module->handle);
    mem_client_free(module);
}

const char *module_path(const struct module *module)
{
    return module->path;
}

/* ---- where modules are ---- */

/* [packages], or NULL where it must not be believed. */
static const struct config *packages_section(void)
{
    const struct config *config = config_process();

    return config != NULL && config_error_for(config, "packages") == NULL ? config : NULL;
}

bool module_find(const char *name, char path[static MODULE_PATH_MAX])
{
    const struct config *config = packages_section();
    const char *configured = config != NULL ? config_get(config, "packages", name, NULL) : NULL;
    int size;

    if (strchr(name, '/') != NULL)
        size = snprintf(path, MODULE_PATH_MAX, "%s", name);
    else if (configured != NULL)
        size = snprintf(path, MODULE_PATH_MAX, "%s", configured);
    else
        size = snprintf(path, MODULE_PATH_MAX, "%s/%s.so", directory, name);
    return size > 0 && size < MODULE_PATH_MAX;
}

static bool is_module(const char *file)
{
    size_t size = strlen(file);

    return file[0] != '.' && size > 3 && size <= FILE_NAME_MAX && strcmp(file + size - 3, ".so") == 0;
}

/* The first module behind *file in the order of names; false: none. Reads the directory anew: there are few.
 */
static bool next_file(char file[static FILE_NAME_MAX + 1])
{
    char best[FILE_NAME_MAX + 1] = {0};
    DIR *all = opendir(directory);
    const struct dirent *entry;

    while (all != NULL && (entry = readdir(all)) != NULL)
        if (is_module(entry->d_name) && strcmp(entry->d_name, file) > 0 &&
            (best[0] == 0 || strcmp(entry->d_name, best) < 0))
            (void)snprintf(best, sizeof(best), "%.*s", (int)FILE_NAME_MAX, entry->d_name);
    if (all != NULL)
        (void)closedir(all);
    memcpy(file, best, sizeof(best));
    return best[0] != 0;
}

/* What of the directory sspi.conf does not name. */
static SECURITY_STATUS each_in_directory(const struct config *config,
                                         SECURITY_STATUS (*each)(const char *name, const char *path))
{
    char file[FILE_NAME_MAX + 1] = {0}, name[FILE_NAME_MAX + 1], path[MODULE_PATH_MAX];
    SECURITY_STATUS status = SEC_E_OK;

    for (int i = 0; i < DIRECTORY_FILES_MAX && status == SEC_E_OK && next_file(file); i++) {
        memcpy(name, file, sizeof(name));
        name[strlen(name) - 3] = 0;
        int size = snprintf(path, sizeof(path), "%s/%s", directory, file);
        if (size < MODULE_PATH_MAX && (config == NULL || config_get(config, "packages", name, NULL) == NULL))
            status = each(NULL, path);
    }
    return status;
}

SECURITY_STATUS module_each(SECURITY_STATUS (*each)(const char *name, const char *path))
{
    const struct config *config = packages_section();
    SECURITY_STATUS status = SEC_E_OK;

    for (size_t i = 0; config != NULL && i < config->count && status == SEC_E_OK; i++) {
        const struct config_entry *e = &config->entries[i];
        /* Of a name that stands twice the last one counts. */
        if (strcmp(e->section, "packages") == 0 && config_get(config, "packages", e->key, NULL) == e->value)
            status = each(e->key, e->value);
    }
    return status == SEC_E_OK ? each_in_directory(config, each) : status;
}
