/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_package.h"

SECURITY_STATUS kerberos_inspect(const void *token, size_t size, SspiInspectFn fn, void *arg)
{
    (void)token;
    (void)size;
    (void)fn;
    (void)arg;
    return SEC_E_UNSUPPORTED_FUNCTION;
}
