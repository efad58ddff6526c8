/* SPDX-License-Identifier: MIT */
/*
 * base/config: sspi.conf. The file is read with inih; which sections, keys and values exist is declared by the rooms
 * that use them in one schema table, so that an unknown one is an error naming file and line. No file at the default
 * place is an empty configuration; a file named by SSPI_CONFIG must exist.
 */
#ifndef OPENSSPI_BASE_CONFIG_H
#define OPENSSPI_BASE_CONFIG_H

#include "port.h"

struct config_entry {
    char *section, *key, *value; /* UTF-8, trimmed; owned by the config */
    unsigned line;
};

struct config {
    struct config_entry *entries;
    size_t count;
    char *path;
    char error[512]; /* empty, or "FILE:LINE: what is wrong; what to do" */
};

/* Reads path; NULL: SSPI_CONFIG (secure_getenv) or the built-in default. Never fails outright: what is wrong with
 * syntax (lines over 190 bytes, continuation lines, text outside sections, unreadable file) stands in error.
 * NULL only when out of memory. */
struct config *config_load(const char *path);
void config_free(struct config *c);

/* Last value of section/key or NULL. *line (may be NULL) for messages. */
const char *config_get(const struct config *c, const char *section, const char *key, unsigned *line);

/* The process' configuration, loaded once; reload for tests only. */
const struct config *config_process(void);
void config_process_reset(void);

#endif
