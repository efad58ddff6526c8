/* SPDX-License-Identifier: MIT */
/*
 * What a program meets that signs with a context it has deleted: the same status whatever the handle's slot
 * holds by then. Two contexts are established in this process as in sign-verify.c; the one that signs is
 * deleted and its slot taken by another, and the old handle is used again.
 *
 *     stale-handle [PACKAGE [TARGET]]
 *
 * Exit code 0 when every use of the stale handle was refused with SEC_E_INVALID_HANDLE and the living
 * contexts still work.
 */
#include <sspi.h>

#include <opensspi.h>
#include <stdbool.h>
#include <stdio.h>

struct pair {
    CtxtHandle client, server;
};

static SECURITY_STATUS establish(CredHandle *out_cred, CredHandle *in_cred, char *target, struct pair *pair)
{
    static BYTE ours[65536], theirs[65536];
    SecBuffer request = {0, SECBUFFER_TOKEN, ours}, answer = {0, SECBUFFER_TOKEN, theirs};
    SecBufferDesc requests = {SECBUFFER_VERSION, 1, &request}, answers = {SECBUFFER_VERSION, 1, &answer};
    SECURITY_STATUS c = SEC_I_CONTINUE_NEEDED, s = SEC_I_CONTINUE_NEEDED;
    ULONG attributes;

    for (int leg = 0; c == SEC_I_CONTINUE_NEEDED || s == SEC_I_CONTINUE_NEEDED; leg++) {
        request.cbBuffer = sizeof(ours);
        if (c == SEC_I_CONTINUE_NEEDED)
            c = InitializeSecurityContext(out_cred, leg ? &pair->client : NULL, target, ISC_REQ_INTEGRITY, 0,
                                          SECURITY_NATIVE_DREP, leg ? &answers : NULL, 0, &pair->client,
                                          &requests, &attributes, NULL);
        if (c < 0)
            return c;
        answer.cbBuffer = sizeof(theirs);
        if (s == SEC_I_CONTINUE_NEEDED)
            s = AcceptSecurityContext(in_cred, leg ? &pair->server : NULL, &requests, ASC_REQ_INTEGRITY,
                                      SECURITY_NATIVE_DREP, &pair->server, &answers, &attributes, NULL);
        if (s < 0)
            return s;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS sign(CtxtHandle *context, BYTE token[static 64], ULONG *token_size)
{
    char message[] = "a message";
    SecBuffer buffers[] = {{sizeof(message), SECBUFFER_DATA, message}, {64, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = MakeSignature(context, 0, &desc, 0);

    *token_size = buffers[1].cbBuffer;
    return status;
}

static SECURITY_STATUS verify(CtxtHandle *context, BYTE *token, ULONG token_size)
{
    char message[] = "a message";
    SecBuffer buffers[] = {{sizeof(message), SECBUFFER_DATA, message}, {token_size, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    ULONG qop;

    return VerifySignature(context, &desc, 0, &qop);
}

static bool expect(const char *what, SECURITY_STATUS status, SECURITY_STATUS expected)
{
    const char *name = SspiStatusName(status);

    printf("%-40s %s\n", what, name ? name : "a status without a name");
    return status == expected;
}

int main(int argc, char **argv)
{
    SEC_CHAR ntlm[] = "NTLM", localhost[] = "host/localhost";
    char *package = argc > 1 ? argv[1] : ntlm, *target = argc > 2 ? argv[2] : localhost;
    CredHandle out_cred, in_cred;
    struct pair first, second;
    BYTE token[64] = {0};
    ULONG token_size;
    bool good = true;

    if (AcquireCredentialsHandle(NULL, package, SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL, &out_cred,
                                 NULL) ||
        AcquireCredentialsHandle(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &in_cred,
                                 NULL) ||
        establish(&out_cred, &in_cred, target, &first)) {
        fprintf(stderr, "stale-handle: no context of %s could be established\n", package);
        return 4;
    }
    good &= expect("sign, context alive", sign(&first.client, token, &token_size), SEC_E_OK);
    CtxtHandle stale = first.client;
    good &= expect("delete the context", DeleteSecurityContext(&first.client), SEC_E_OK);
    good &= expect("sign with the stale handle", sign(&stale, token, &token_size), SEC_E_INVALID_HANDLE);
    good &= expect("delete it again", DeleteSecurityContext(&stale), SEC_E_INVALID_HANDLE);
    good &= expect("establish another context", establish(&out_cred, &in_cred, target, &second), SEC_E_OK);
    good &= expect("sign with the stale handle", sign(&stale, token, &token_size), SEC_E_INVALID_HANDLE);
    good &= expect("sign, other context", sign(&second.client, token, &token_size), SEC_E_OK);
    good &= expect("verify, other context", verify(&second.server, token, token_size), SEC_E_OK);
    DeleteSecurityContext(&first.server);
    DeleteSecurityContext(&second.client);
    DeleteSecurityContext(&second.server);
    FreeCredentialsHandle(&out_cred);
    FreeCredentialsHandle(&in_cred);
    return good ? 0 : 1;
}
