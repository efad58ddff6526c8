/* SPDX-License-Identifier: MIT */
/* SspiPackageSettings of opensspi.h: how a package gets at its section of sspi.conf. */
#include <opensspi.h>
#include <stdio.h>
#include <string.h>

#include "base/config.h"

#define PUBLIC __attribute__((visibility("default")))

static SECURITY_STATUS refuse(SspiErrorInfo *error, const char *path, unsigned line, const char *what)
{
    if (error != NULL && line != 0)
        (void)snprintf(error->text, sizeof(error->text), "%s:%u: %s", path, line, what);
    else if (error != NULL)
        (void)snprintf(error->text, sizeof(error->text), "%s", what);
    return SEC_E_CANNOT_INSTALL;
}

PUBLIC SECURITY_STATUS SspiPackageSettings(const char *Name,
                                           BOOLEAN (*Each)(void *arg, const char *key, const char *value),
                                           void *arg, SspiErrorInfo *error)
{
    char section[64];

    if (Name == NULL || Each == NULL || strlen(Name) + sizeof("package.") > sizeof(section)) {
        (void)refuse(error, NULL, 0, "a name of up to 55 bytes and a function are needed");
        return SEC_E_INVALID_PARAMETER;
    }
    (void)snprintf(section, sizeof(section), "package.%s", Name);
    const struct config *config = config_process();
    if (config == NULL) {
        (void)refuse(error, NULL, 0, "out of memory");
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    const char *wrong = config_error_for(config, section);
    if (wrong != NULL)
        return refuse(error, NULL, 0, wrong);
    for (size_t i = 0; i < config->count; i++) {
        const struct config_entry *e = &config->entries[i];
        if (strcmp(e->section, section) == 0 && !Each(arg, e->key, e->value))
            return refuse(error, config->path, e->line, "the package does not know this key or value");
    }
    return SEC_E_OK;
}
