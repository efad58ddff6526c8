/* SPDX-License-Identifier: MIT */
/* SspiInspectToken: each package knows its own tokens; the first that recognises one walks through it. */
#include <opensspi.h>

#include "packages/ntlm/ntlm_package.h"
#ifdef OPENSSPI_WITH_KERBEROS
#include "packages/kerberos/kerberos_package.h"
#endif

typedef SECURITY_STATUS inspect_fn(const void *token, size_t size, SspiInspectFn fn, void *arg);

static inspect_fn *const inspectors[] = {
    ntlm_inspect,
#ifdef OPENSSPI_WITH_KERBEROS
    kerberos_inspect,
#endif
};

__attribute__((visibility("default"))) SECURITY_STATUS SspiInspectToken(const void *token, size_t size,
                                                                        SspiInspectFn fn, void *arg)
{
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    if (fn == NULL || (token == NULL && size != 0))
        return SEC_E_INVALID_PARAMETER;
    for (size_t i = 0; i < sizeof(inspectors) / sizeof(inspectors[0]) && status == SEC_E_UNSUPPORTED_FUNCTION;
         i++)
        status = inspectors[i](token, size, fn, arg);
    return status;
}
