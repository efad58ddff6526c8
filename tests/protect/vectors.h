/* SPDX-License-Identifier: MIT */
/*
 * Published vectors of [MS-NLMP] 4.2 and of implementations that were checked against Windows, and a
 * transcript of messages over every combination of flags that ntlm_model.py recomputes from the
 * specification. Freestanding: the same file runs on the library's primitives and, without a libc, on three
 * architectures.
 */
#ifndef OPENSSPI_TESTS_VECTORS_H
#define OPENSSPI_TESTS_VECTORS_H

#include "port.h"

/* Calls line for every line of output, without its newline: "ok NAME", "FAIL NAME" or "t ..." for the
 * transcript. */
void vectors_run(void (*line)(const char *text, size_t size));

/* From now on one digit of a published token is not what was published, which the run's line
 * "FAIL 4.2.3.4 ...: signature" must say: whoever reads the lines can show that they would notice. */
void vectors_spoil(void);

#endif
