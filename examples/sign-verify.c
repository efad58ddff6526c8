/* SPDX-License-Identifier: MIT */
/* Two contexts in one process: one signs, the other verifies. Arguments: a package and a target, or none for
 * NTLM with the account in the file that NTLM_USER_FILE names (a line DOMAIN:USER:PASSWORD). */
#include <sspi.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    SEC_CHAR ntlm[] = "NTLM", host[] = "host/localhost", text[] = "pay 10 to alice", mac[64];
    SEC_CHAR *package = argc > 1 ? argv[1] : ntlm, *target = argc > 2 ? argv[2] : host;
    static BYTE ours[8192], theirs[8192];
    SecBuffer out = {0, SECBUFFER_TOKEN, ours}, in = {0, SECBUFFER_TOKEN, theirs};
    SecBufferDesc sent = {SECBUFFER_VERSION, 1, &out}, received = {SECBUFFER_VERSION, 1, &in};
    CredHandle user, service;
    CtxtHandle client, server, *begun = NULL;
    SECURITY_STATUS c = SEC_I_CONTINUE_NEEDED, s = SEC_I_CONTINUE_NEEDED;
    ULONG flags, qop;

    if (AcquireCredentialsHandle(NULL, package, SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL, &user, NULL) ||
        AcquireCredentialsHandle(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &service, NULL))
        return 1;
    for (; c == SEC_I_CONTINUE_NEEDED || s == SEC_I_CONTINUE_NEEDED; begun = &server) {
        out.cbBuffer = sizeof(ours);
        if (c == SEC_I_CONTINUE_NEEDED)
            c = InitializeSecurityContext(&user, begun ? &client : NULL, target, ISC_REQ_INTEGRITY, 0, 0,
                                          begun ? &received : NULL, 0, &client, &sent, &flags, NULL);
        in.cbBuffer = sizeof(theirs);
        if (c >= 0 && s == SEC_I_CONTINUE_NEEDED)
            s = AcceptSecurityContext(&service, begun, &sent, ASC_REQ_INTEGRITY, 0, &server, &received,
                                      &flags, NULL);
        if (c < 0 || s < 0)
            return 1;
    }
    SecBuffer buffers[] = {{sizeof(text), SECBUFFER_DATA, text}, {sizeof(mac), SECBUFFER_TOKEN, mac}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    printf("sign:   0x%08x\n", (unsigned)MakeSignature(&client, 0, &message, 0));
    text[4] = '9';
    printf("forged: 0x%08x\n", (unsigned)VerifySignature(&server, &message, 0, &qop));
    text[4] = '1';
    printf("verify: 0x%08x\n", (unsigned)VerifySignature(&server, &message, 0, &qop));
}
