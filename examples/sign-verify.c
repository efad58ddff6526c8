/* SPDX-License-Identifier: MIT */
/* Two contexts in one process: one signs, the other verifies. Takes a package and a target, or NTLM with the
 * account in the file that NTLM_USER_FILE names (a line DOMAIN:USER:PASSWORD). */
#include <sspi.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    SEC_CHAR ntlm[] = "NTLM", localhost[] = "host/localhost", message[] = "pay 10 to alice";
    SEC_CHAR *package = argc > 1 ? argv[1] : ntlm, *target = argc > 2 ? argv[2] : localhost;
    BYTE ours[8192], theirs[8192], signature[64];
    CredHandle out_cred, in_cred;
    CtxtHandle client, server;
    SecBuffer request = {0, SECBUFFER_TOKEN, ours}, answer = {0, SECBUFFER_TOKEN, theirs};
    SecBufferDesc requests = {SECBUFFER_VERSION, 1, &request}, answers = {SECBUFFER_VERSION, 1, &answer};
    SECURITY_STATUS c = SEC_I_CONTINUE_NEEDED, s = SEC_I_CONTINUE_NEEDED;
    ULONG client_flags, flags = 0, qop;

    if (AcquireCredentialsHandle(NULL, package, SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL, &out_cred,
                                 NULL) ||
        AcquireCredentialsHandle(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &in_cred, NULL))
        return 1;
    for (int leg = 0; c == SEC_I_CONTINUE_NEEDED || s == SEC_I_CONTINUE_NEEDED; leg++) {
        request.cbBuffer = sizeof(ours);
        if (c == SEC_I_CONTINUE_NEEDED)
            c = InitializeSecurityContext(&out_cred, leg ? &client : NULL, target, ISC_REQ_INTEGRITY, 0, 0,
                                          leg ? &answers : NULL, 0, &client, &requests, &client_flags, NULL);
        answer.cbBuffer = sizeof(theirs);
        if (c >= 0 && s == SEC_I_CONTINUE_NEEDED)
            s = AcceptSecurityContext(&in_cred, leg ? &server : NULL, &requests, ASC_REQ_INTEGRITY, 0,
                                      &server, &answers, &flags, NULL);
        if (c < 0 || s < 0)
            return 1;
    }
    if (!(flags & ASC_RET_INTEGRITY))
        return 1;
    SecBuffer buffers[] = {{sizeof(message), SECBUFFER_DATA, message},
                           {sizeof(signature), SECBUFFER_TOKEN, signature}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    printf("sign:   0x%08x\n", (unsigned)MakeSignature(&client, 0, &desc, 0));
    message[5] = '9';
    printf("forged: 0x%08x\n", (unsigned)VerifySignature(&server, &desc, 0, &qop));
    message[5] = '0';
    printf("verify: 0x%08x\n", (unsigned)VerifySignature(&server, &desc, 0, &qop));
    DeleteSecurityContext(&client), DeleteSecurityContext(&server);
    FreeCredentialsHandle(&out_cred), FreeCredentialsHandle(&in_cred);
}
