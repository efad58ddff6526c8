/* SPDX-License-Identifier: MIT */
/* secur32/text: between the A functions' UTF-8 and the UTF-16 that everything behind them speaks. */
#ifndef OPENSSPI_SECUR32_TEXT_H
#define OPENSSPI_SECUR32_TEXT_H

#include <stdbool.h>
#include <uchar.h>

#include <sspi.h>

enum { TEXT_UNITS_MAX = 32766 }; /* what a UNICODE_STRING's 16-bit byte length can say, and a terminator */

/* UTF-16 of a caller's text; freed with mem_free. NULL gives NULL. SEC_E_INVALID_PARAMETER: not UTF-8, or
 * longer than any text_describe takes; SEC_E_INSUFFICIENT_MEMORY. *wide untouched on failure. */
SECURITY_STATUS text_widen(const char *text, char16_t **wide);

/* Describes a caller's text; false: too long. NULL is described as empty. */
bool text_describe(char16_t *text, UNICODE_STRING *string);

/* UTF-8 of a text in client memory (FreeContextBuffer); NULL gives NULL. Unpaired surrogates are
 * SEC_E_INTERNAL_ERROR: a package made them. */
SECURITY_STATUS text_narrow(const char16_t *wide, char **text);

#endif
