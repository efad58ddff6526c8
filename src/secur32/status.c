/* SPDX-License-Identifier: MIT */
#include "secur32/status.h"

#include <opensspi.h>
#include <stdbool.h>
#include <string.h>

const char *SspiVersion(void)
{
    return OPENSSPI_VERSION;
}

static const struct status_entry *entry_of(SECURITY_STATUS status)
{
    for (size_t i = 0; i < status_entry_count; i++)
        if (status_entries[i].status == status)
            return &status_entries[i];
    return NULL;
}

const char *SspiStatusName(SECURITY_STATUS status)
{
    const struct status_entry *e = entry_of(status);

    return e != NULL ? e->name : NULL;
}

const char *SspiStatusText(SECURITY_STATUS status)
{
    const struct status_entry *e = entry_of(status);

    return e != NULL ? e->text : NULL;
}

const char *SspiStatusAdvice(SECURITY_STATUS status)
{
    const struct status_entry *e = entry_of(status);

    return e != NULL ? e->advice : NULL;
}

/* The names are ASCII in capitals; the locale has no say. */
static bool equal_nocase(const char *text, const char *name)
{
    for (; *name != '\0'; text++, name++) {
        char c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
        if (c != *name)
            return false;
    }
    return *text == '\0';
}

BOOLEAN SspiStatusByName(const char *name, SECURITY_STATUS *status)
{
    static const char *const prefixes[] = {"", "SEC_E_", "SEC_I_", "STATUS_"};

    if (name == NULL || status == NULL)
        return FALSE;
    for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++) {
        size_t length = strlen(prefixes[p]);
        for (size_t i = 0; i < status_entry_count; i++) {
            const struct status_entry *e = &status_entries[i];
            if (strncmp(e->name, prefixes[p], length) == 0 && equal_nocase(name, e->name + length)) {
                *status = e->status;
                return TRUE;
            }
        }
    }
    return FALSE;
}
