/* SPDX-License-Identifier: MIT */
/* The one answer that needs a library: UTF-8. */
#include "packages/attributes.h"

#include "base/mem.h"
#include "base/utf16.h"

/* Bytes and a length, without W and A: UTF-8 (ours). */
static NTSTATUS attribute_target(const struct packages_facts *f, void *buffer)
{
    size_t bytes = 0;
    bool invalid = false;
    char *text = utf8_from_utf16(f->target.text, f->target.units, &bytes, &invalid);
    char *copy = text != NULL ? f->alloc(bytes + 1) : NULL;
    if (copy != NULL) {
        memcpy(copy, text, bytes + 1);
        *(SecPkgContext_Target *)buffer =
            (SecPkgContext_Target){.TargetLength = (ULONG)bytes, .Target = copy};
    }
    mem_free(text);
    return copy != NULL ? SEC_E_OK : invalid ? SEC_E_INTERNAL_ERROR : SEC_E_INSUFFICIENT_MEMORY;
}

NTSTATUS packages_attribute_query(const struct packages_facts *facts, ULONG attribute, void *buffer)
{
    if (attribute == SECPKG_ATTR_TARGET)
        return buffer != NULL ? attribute_target(facts, buffer) : SEC_E_INVALID_PARAMETER;
    return packages_attribute_answer(facts, attribute, buffer);
}
