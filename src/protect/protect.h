/* SPDX-License-Identifier: MIT */
/* protect: what every protection mechanism shares. Freestanding: no heap, no locks, no libc beyond mem*. */
#ifndef OPENSSPI_PROTECT_PROTECT_H
#define OPENSSPI_PROTECT_PROTECT_H

#include "base/span.h"

/* The outcome of checking one received message. Anything but OK leaves the state and the message
 * byte-identical. */
enum protect_verdict {
    PROTECT_OK = 0,
    PROTECT_ALTERED,         /* SEC_E_MESSAGE_ALTERED */
    PROTECT_OUT_OF_SEQUENCE, /* SEC_E_OUT_OF_SEQUENCE */
    PROTECT_EXPIRED,         /* SEC_E_CONTEXT_EXPIRED: the numbers are used up */
    PROTECT_MALFORMED,       /* SEC_E_INVALID_TOKEN */
};

#endif
