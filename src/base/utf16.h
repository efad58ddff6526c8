/* SPDX-License-Identifier: MIT */
/*
 * base/utf16: UTF-16LE text as Windows carries it, on libunistring. Lengths count code units unless named
 * _bytes. In memory text is char16_t in the machine's order; on the wire it is little-endian
 * (utf16_to_wire/from_wire). Results come from mem_alloc and are freed with mem_free.
 */
#ifndef OPENSSPI_BASE_UTF16_H
#define OPENSSPI_BASE_UTF16_H

#include <uchar.h>

#include "port.h"

/* Terminated copy; *units without the terminator. NULL: *invalid true for malformed input, false out of
 * memory. */
char16_t *utf16_from_utf8(const char *text, size_t bytes, size_t *units, bool *invalid);
/* Terminated UTF-8; unpaired surrogates are malformed. */
char *utf8_from_utf16(const char16_t *text, size_t units, size_t *bytes, bool *invalid);
size_t utf16_length(const char16_t *text); /* NULL: 0 */

/* Simple upper-casing of each unit on its own (what NTOWFv2's Uppercase(User) does on Windows: one code unit
 * to one; surrogates and anything whose simple mapping leaves the BMP stay). In place. */
void utf16_upper(char16_t *text, size_t units);
/* Case-insensitive equality by the same mapping. */
bool utf16_equal_nocase(const char16_t *a, size_t a_units, const char16_t *b, size_t b_units);

void utf16_to_wire(uint8_t *out, const char16_t *text, size_t units);   /* out: 2 * units bytes */
void utf16_from_wire(char16_t *out, const uint8_t *wire, size_t units); /* out: units, not terminated */

#endif
