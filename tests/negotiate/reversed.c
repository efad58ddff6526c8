/* SPDX-License-Identifier: MIT */
#include "reversed.h"

#include "packages/negotiate/negotiate_mechs.h"

bool reversed;

SECURITY_STATUS __real_negotiate_mechs_list(struct negotiate_mech *out, size_t *count);
SECURITY_STATUS __wrap_negotiate_mechs_list(struct negotiate_mech *out, size_t *count);
SECURITY_STATUS __wrap_negotiate_mechs_list(struct negotiate_mech *out, size_t *count)
{
    SECURITY_STATUS status = __real_negotiate_mechs_list(out, count);
    for (size_t i = 0; reversed && status == SEC_E_OK && i < *count / 2; i++) {
        struct negotiate_mech swap = out[i];
        out[i] = out[*count - 1 - i];
        out[*count - 1 - i] = swap;
    }
    return status;
}
