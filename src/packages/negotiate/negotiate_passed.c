/* SPDX-License-Identifier: MIT */
/* Mechanisms that were passed over, and why. */
#include <stdio.h>

#include "base/mem.h"
#include "base/trace.h"
#include "packages/negotiate/negotiate_lsa.h"

SECURITY_STATUS negotiate_pass_over(struct negotiate_context *c, const char *key, const char *who,
                                    const char *reason, SECURITY_STATUS status)
{
    char more[320];
    size_t before = c->passed != NULL ? strlen(c->passed) : 0;

    if (trace_on())
        trace_event("negotiate", "passed-over", "%s=%s reason=\"%s\" status=0x%08x", key, who, reason,
                    (unsigned)status);
    int made = snprintf(more, sizeof(more), "%s%s (%s, 0x%08x)", before > 0 ? ", " : "", who, reason,
                        (unsigned)status);
    size_t size = made > 0 && (size_t)made < sizeof(more) ? (size_t)made : sizeof(more) - 1;
    /* Whoever sends a list of hundreds finds the first ones here and the others in the trace. */
    if (before + size > NEGOTIATE_PASSED_MAX)
        return SEC_E_OK;
    char *longer = mem_alloc(before + size + 1);
    if (longer == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (before > 0)
        memcpy(longer, c->passed, before);
    memcpy(longer + before, more, size);
    longer[before + size] = 0;
    mem_free(c->passed);
    c->passed = longer;
    return SEC_E_OK;
}
