/* SPDX-License-Identifier: MIT */
/* SspiInspectToken: each package knows its own tokens; the first that recognises one walks through it.
 * Negotiate's hold tokens of the others, which are asked about these in turn. */
#include <opensspi.h>

#include "packages/negotiate/negotiate_package.h"
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

static SECURITY_STATUS inspect_mechanism(const void *token, size_t size, SspiInspectFn fn, void *arg)
{
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    for (size_t i = 0; i < sizeof(inspectors) / sizeof(inspectors[0]) && status == SEC_E_UNSUPPORTED_FUNCTION;
         i++)
        status = inspectors[i](token, size, fn, arg);
    return status;
}

__attribute__((visibility("default"))) SECURITY_STATUS SspiInspectToken(const void *token, size_t size,
                                                                        SspiInspectFn fn, void *arg)
{
    if (fn == NULL || (token == NULL && size != 0))
        return SEC_E_INVALID_PARAMETER;
    SECURITY_STATUS status = negotiate_inspect(token, size, inspect_mechanism, fn, arg);
    return status == SEC_E_UNSUPPORTED_FUNCTION ? inspect_mechanism(token, size, fn, arg) : status;
}
