/* SPDX-License-Identifier: MIT */
#include "base/utf16.h"

#include <unicase.h>
#include <unistr.h>

#include "base/mem.h"

/* libunistring counts in uint16_t, the library in char16_t: the same 16 bits. */
_Static_assert(sizeof(char16_t) == sizeof(uint16_t), "char16_t must be 16 bits wide");

char16_t *utf16_from_utf8(const char *text, size_t bytes, size_t *units, bool *invalid)
{
    *invalid = false;
    if (bytes > INT32_MAX / 2 - 1)
        return NULL;
    size_t length = bytes + 1; /* one byte never gives more than one unit */
    char16_t *out = mem_alloc(length * sizeof *out);
    if (!out)
        return NULL;
    uint16_t *result = u8_to_u16((const uint8_t *)(text ? text : ""), bytes, (uint16_t *)out, &length);
    if (!result) {
        *invalid = true;
        mem_free(out);
        return NULL;
    }
    *units = length;
    return out;
}

char *utf8_from_utf16(const char16_t *text, size_t units, size_t *bytes, bool *invalid)
{
    static const uint16_t nothing[1];
    *invalid = false;
    if (units > INT32_MAX / 3 - 1)
        return NULL;
    size_t length = units * 3 + 1; /* a unit of the BMP takes up to 3 bytes, a pair 4 */
    char *out = mem_alloc(length);
    if (!out)
        return NULL;
    const uint16_t *in = text ? (const uint16_t *)text : nothing;
    if (!u16_to_u8(in, units, (uint8_t *)out, &length)) {
        *invalid = true;
        mem_free(out);
        return NULL;
    }
    *bytes = length;
    return out;
}

size_t utf16_length(const char16_t *text)
{
    return text ? u16_strlen((const uint16_t *)text) : 0;
}

static char16_t upper(char16_t unit)
{
    ucs4_t mapped = uc_toupper(unit);
    return mapped > 0xffff ? unit : (char16_t)mapped;
}

void utf16_upper(char16_t *text, size_t units)
{
    for (size_t i = 0; i < units; i++)
        text[i] = upper(text[i]);
}

bool utf16_equal_nocase(const char16_t *a, size_t a_units, const char16_t *b, size_t b_units)
{
    if (a_units != b_units)
        return false;
    for (size_t i = 0; i < a_units; i++) {
        if (upper(a[i]) != upper(b[i]))
            return false;
    }
    return true;
}

void utf16_to_wire(uint8_t *out, const char16_t *text, size_t units)
{
    for (size_t i = 0; i < units; i++) {
        out[2 * i] = (uint8_t)text[i];
        out[2 * i + 1] = (uint8_t)(text[i] >> 8);
    }
}

void utf16_from_wire(char16_t *out, const uint8_t *wire, size_t units)
{
    for (size_t i = 0; i < units; i++)
        out[i] = (char16_t)(wire[2 * i] | wire[2 * i + 1] << 8);
}
