/* SPDX-License-Identifier: MIT */
#include "secur32/text.h"

#include "base/mem.h"
#include "base/utf16.h"

SECURITY_STATUS text_widen(const char *text, char16_t **wide)
{
    bool invalid = false;
    size_t units;

    if (text == NULL) {
        *wide = NULL;
        return SEC_E_OK;
    }
    size_t bytes = strlen(text);
    if (bytes > 3 * (size_t)TEXT_UNITS_MAX)
        return SEC_E_INVALID_PARAMETER;
    char16_t *converted = utf16_from_utf8(text, bytes, &units, &invalid);
    if (converted == NULL)
        return invalid ? SEC_E_INVALID_PARAMETER : SEC_E_INSUFFICIENT_MEMORY;
    *wide = converted;
    return SEC_E_OK;
}

bool text_describe(char16_t *text, UNICODE_STRING *string)
{
    size_t units = utf16_length(text);

    if (units > TEXT_UNITS_MAX)
        return false;
    string->Length = (USHORT)(units * sizeof(char16_t));
    string->MaximumLength = (USHORT)(string->Length + (text != NULL ? sizeof(char16_t) : 0));
    string->Buffer = text;
    return true;
}

SECURITY_STATUS text_narrow(const char16_t *wide, char **text)
{
    bool invalid = false;
    size_t bytes;

    if (wide == NULL) {
        *text = NULL;
        return SEC_E_OK;
    }
    char *converted = utf8_from_utf16(wide, utf16_length(wide), &bytes, &invalid);
    if (converted == NULL)
        return invalid ? SEC_E_INTERNAL_ERROR : SEC_E_INSUFFICIENT_MEMORY;
    char *copy = mem_client_alloc(bytes + 1);
    if (copy != NULL)
        memcpy(copy, converted, bytes);
    mem_free(converted);
    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *text = copy;
    return SEC_E_OK;
}
