/* SPDX-License-Identifier: MIT */
/*
 * base/config: sspi.conf. The file is read with inih; which sections, keys and values exist stands in one
 * schema table at the end of config.c, so that an unknown one is an error naming file and line. No file at
 * the default place is an empty configuration; a file named by SSPI_CONFIG must exist.
 */
#ifndef OPENSSPI_BASE_CONFIG_H
#define OPENSSPI_BASE_CONFIG_H

#include "port.h"

struct config_entry {
    char *section, *key, *value; /* trimmed; owned by the config */
    unsigned line;
    char *error; /* NULL, or "FILE:LINE: why this entry is wrong": concerns its section alone */
};

struct config {
    struct config_entry *entries;
    size_t count;
    char *path;
    char error[512]; /* empty, or "FILE:LINE: what is wrong": concerns everybody */
};

/* Reads path; NULL: SSPI_CONFIG (secure_getenv) or the built-in default. Never fails outright: what is wrong
 * with syntax (lines over 190 bytes, continuation lines, text outside sections, unknown sections, unreadable
 * file) stands in error, an unknown key or a malformed value in its entry. NULL only when out of memory. The
 * result survives fork. */
struct config *config_load(const char *path);
void config_free(struct config *c);

/* Why whoever reads this section must refuse to start: the file's error or the section's first; NULL: nothing
 * is wrong. Points into c. */
const char *config_error_for(const struct config *c, const char *section);

/* Last value of section/key or NULL. *line (may be NULL) for messages. */
const char *config_get(const struct config *c, const char *section, const char *key, unsigned *line);

/* yes/no (true/false, on/off, 1/0), and numbers; the fallback where there is no such key (or it is malformed:
 * see config_error_for). */
bool config_get_bool(const struct config *c, const char *section, const char *key, bool fallback);
long config_get_number(const struct config *c, const char *section, const char *key, long fallback);

/* The process' configuration, loaded once and traced if it is broken; NULL when out of memory. Reset for
 * tests only. */
const struct config *config_process(void);
void config_process_reset(void);

#endif
