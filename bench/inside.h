/* SPDX-License-Identifier: MIT */
/* inside: the library's own primitives alone, finishing tokens as raw.h says; one by one, and in many lanes.
 */
#ifndef OPENSSPI_BENCH_INSIDE_H
#define OPENSSPI_BENCH_INSIDE_H

#include "raw.h"

/* parameter: enum raw_kind. multiple 0: one by one, else as many in one call of crypto/lanes. */
void *inside_open(const struct worker_candidate *c);
bool inside_make(void *state, const struct worker_job *job);
bool inside_check(void *state, const struct worker_job *job);

/* "avx512", "avx2", "portable"; NULL: the best. Ends the program when this processor has none of that name.
 */
void inside_kernels(const char *name);

#define INSIDE_CROWD(name, kind)                                                                             \
    {"raw-" name "-single", kind, 0, inside_open, inside_make, inside_check, NULL},                          \
        {"raw-" name "-batch1", kind, 1, inside_open, inside_make, NULL, NULL},                              \
        {"raw-" name "-batch8", kind, 8, inside_open, inside_make, NULL, NULL},                              \
        {"raw-" name "-batch32", kind, 32, inside_open, inside_make, NULL, NULL},                            \
    {                                                                                                        \
        "raw-" name "-batch128", kind, 128, inside_open, inside_make, NULL, NULL                             \
    }
#define INSIDE_CANDIDATES                                                                                    \
    {"inside-ntlm", RAW_MD5_RC4, 0, inside_open, inside_make, inside_check, NULL},                           \
        {"inside-sha1", RAW_SHA1, 0, inside_open, inside_make, inside_check, NULL},                          \
        {"inside-sha256", RAW_SHA256, 0, inside_open, inside_make, inside_check, NULL},                      \
        {"inside-sha384", RAW_SHA384, 0, inside_open, inside_make, inside_check, NULL},                      \
        INSIDE_CROWD("ntlm", RAW_MD5_RC4), INSIDE_CROWD("aes256-sha1", RAW_SHA1),                            \
        INSIDE_CROWD("aes128-sha256", RAW_SHA256), INSIDE_CROWD("aes256-sha384", RAW_SHA384)

#endif
