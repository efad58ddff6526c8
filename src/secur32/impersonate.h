/* SPDX-License-Identifier: MIT */
/* secur32/impersonate: whom this thread acts for. */
#ifndef OPENSSPI_SECUR32_IMPERSONATE_H
#define OPENSSPI_SECUR32_IMPERSONATE_H

#include <stdbool.h>

#include <sspi.h>

/* True and the context's handle (which may be stale by now) between ImpersonateSecurityContext and
 * RevertSecurityContext on this thread. */
bool impersonate_current(CtxtHandle *context);

#endif
