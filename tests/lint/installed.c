/* SPDX-License-Identifier: MIT */
/* What a program of somebody else looks like, in C11 and C++17: built by install-check against the installed
 * package. */
#include <stdio.h>
#include <string.h>

#include <sspi.h>
#include <opensspi.h>

int main(void)
{
    ULONG count = 0;
    PSecPkgInfoA info = NULL;
    SECURITY_STATUS status = EnumerateSecurityPackagesA(&count, &info);
    if (status != SEC_E_OK || count == 0) {
        fprintf(stderr, "EnumerateSecurityPackages: 0x%08x, %u packages\n", (unsigned)status,
                (unsigned)count);
        return 1;
    }
    int ntlm = 0;
    for (ULONG i = 0; i < count; i++)
        ntlm |= strcmp((const char *)info[i].Name, "NTLM") == 0;
    FreeContextBuffer(info);
    CtxtHandle none;
    memset(&none, 0, sizeof none);
    if (!ntlm || MakeSignature(&none, 0, NULL, 0) != SEC_E_INVALID_HANDLE) {
        fprintf(stderr, "no NTLM, or a handle that was never issued passed\n");
        return 1;
    }
    return SspiVersion() == NULL;
}
