/* SPDX-License-Identifier: MIT */
/* packages/verdict: what the application hears of a message's verdict. */
#ifndef OPENSSPI_PACKAGES_VERDICT_H
#define OPENSSPI_PACKAGES_VERDICT_H

#include <sspi.h>

#include "protect/protect.h"

static inline SECURITY_STATUS packages_verdict_status(enum protect_verdict verdict)
{
    switch (verdict) {
    case PROTECT_OK:
        return SEC_E_OK;
    case PROTECT_OUT_OF_SEQUENCE:
        return SEC_E_OUT_OF_SEQUENCE;
    case PROTECT_EXPIRED:
        return SEC_E_CONTEXT_EXPIRED;
    case PROTECT_MALFORMED:
        return SEC_E_INVALID_TOKEN;
    case PROTECT_ALTERED:
        break;
    }
    return SEC_E_MESSAGE_ALTERED;
}

#endif
