/* SPDX-License-Identifier: MIT */
/* progress: a bar on stderr while a file is being sent; nothing when stderr is no terminal. */
#ifndef OPENSSPI_CLI_PROGRESS_H
#define OPENSSPI_CLI_PROGRESS_H

#include "stream.h"

struct progress {
    bool on, shown;
    const char *name;
    uint64_t total; /* STREAM_SIZE_UNKNOWN: a bar without an end */
    int64_t begun, drawn;
};

void progress_begin(struct progress *p, const char *name, uint64_t total, bool quiet);
/* Draws at most ten times a second. */
void progress_update(struct progress *p, uint64_t done);
/* Clears the line for what is to be printed instead. */
void progress_end(struct progress *p);

#endif
