/* SPDX-License-Identifier: MIT */
/*
 * keep: files that arrive. While one arrives it is `.sspi-XXXXXX.part`; it takes its name in one step when it
 * is whole and verified, and never the name of a file that exists: then it becomes NAME.1, NAME.2, ... unless
 * overwriting was asked for. A sender's name is one component of a path at most: what could lead elsewhere or
 * hide becomes '_'.
 */
#ifndef OPENSSPI_CLI_KEEP_H
#define OPENSSPI_CLI_KEEP_H

#include "stream.h"

/* What a name becomes here; never empty, never beginning with a dot, no separators or control characters. */
#define KEEP_NAME_MAX (STREAM_NAME_MAX + 1)
void keep_safe_name(char out[static KEEP_NAME_MAX], const uint8_t *name, size_t length);

struct keep_file {
    int folder, fd;              /* fd -1: nothing is open */
    char part[64];               /* the name while it arrives */
    char error[STREAM_TEXT_MAX]; /* not empty: the file cannot be kept, and why */
};

/* folder stays the caller's. A failure stands in error; writing goes on into nothing. */
void keep_begin(struct keep_file *k, int folder);
void keep_write(struct keep_file *k, const uint8_t *data, size_t size);
/* Gives the file its name, which is stored in kept. False: error says why, and nothing is left behind. */
bool keep_finish(struct keep_file *k, const char *name, bool overwrite, char kept[static KEEP_NAME_MAX + 8]);
/* Removes what has arrived. Harmless when nothing is open. */
void keep_abandon(struct keep_file *k);

#endif
