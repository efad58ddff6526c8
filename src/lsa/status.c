/* SPDX-License-Identifier: MIT */
#include "lsa/lsa.h"

#include <ntstatus.h>

#include "base/trace.h"

/* FACILITY_SECURITY: 0x8009xxxx are the SEC_E_ codes, 0x0009xxxx the SEC_I_ ones. */
static bool status_is_sspi(NTSTATUS status)
{
    uint32_t facility = (uint32_t)status & 0xffff0000u;

    return status == SEC_E_OK || facility == 0x80090000u || facility == 0x00090000u;
}

static SECURITY_STATUS status_named(NTSTATUS status)
{
    switch (status) {
    case STATUS_INSUFFICIENT_RESOURCES:
    case STATUS_NO_MEMORY:
        return SEC_E_INSUFFICIENT_MEMORY;
    case STATUS_INVALID_HANDLE:
        return SEC_E_INVALID_HANDLE;
    case STATUS_LOGON_FAILURE:
        return SEC_E_LOGON_DENIED;
    case STATUS_NOT_SUPPORTED:
    case STATUS_NOT_IMPLEMENTED:
        return SEC_E_UNSUPPORTED_FUNCTION;
    default:
        return SEC_E_INTERNAL_ERROR;
    }
}

SECURITY_STATUS lsa_status_map(NTSTATUS status)
{
    if (status_is_sspi(status))
        return status;

    SECURITY_STATUS named = status_named(status);
    if (trace_on())
        trace_event("lsa", "status-mapped", "ntstatus=0x%08x status=0x%08x", (unsigned)status,
                    (unsigned)named);
    return named;
}
