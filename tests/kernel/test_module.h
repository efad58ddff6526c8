/* SPDX-License-Identifier: MIT */
/*
 * /proc/ssp_ksec_test: a command is written, its answer is read. A write returns when the command is done.
 *
 *     vectors           lines of vectors_run and transcript_run, "ok", "FAIL" and "t"
 *     corrupt           the same with one digit of one expected result changed, for good
 *     threads A B       four kernel threads sign with key A and verify with key B, for both kinds of order
 *     softirq A B       the same from a tasklet and with preemption disabled
 *     count A N         instructions of one ssp_make_signature over N bytes, by the cycle counter
 */
#ifndef OPENSSPI_TESTS_KERNEL_TEST_MODULE_H
#define OPENSSPI_TESTS_KERNEL_TEST_MODULE_H

#include <linux/types.h>

/* One line of the answer. */
void answer(const char *format, ...) __printf(1, 2);

/* 0 or a negative errno; what went wrong otherwise is a line that begins with "FAIL". */
int users_threads(const char *from, const char *to);
int users_softirq(const char *from, const char *to);
int users_count(const char *from, unsigned size);

#endif
