/* SPDX-License-Identifier: MIT */
/*
 * bench_winpr: WinPR's NTLM. Its MakeSignature is a stub; EncryptMessage on a context without confidentiality
 * makes the signature. The acceptor is given the password's hash, so that no file is read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winpr/ntlm.h>
#include <winpr/sspi.h>
#include <winpr/wlog.h>

#include "worker.h"

enum { TOKEN_ROOM = 8192, SIGNATURE = 16, AT_MIC = 72 };

struct winpr {
    CredHandle out, in;
    CtxtHandle from, to;
    uint8_t tokens[2][TOKEN_ROOM];
    ULONG sequence[2];
    bool mic_seen;
};

static SecurityFunctionTableA *table;
static WCHAR user16[] = {'a', 'l', 'i', 'c', 'e', 0}, domain16[] = {'E', 'X', 'A', 'M', 'P', 'L', 'E', 0};
static char user[] = "alice", domain[] = "EXAMPLE", password[] = "correct horse", package[] = "NTLM";
static BYTE hash[16];

/* One step; *size as in pair.c. */
static SECURITY_STATUS step(struct winpr *w, CtxtHandle *context, bool initiator, bool *begun, ULONG *size)
{
    SecBuffer in = {*size, SECBUFFER_TOKEN, w->tokens[initiator]};
    SecBuffer out = {TOKEN_ROOM, SECBUFFER_TOKEN, w->tokens[!initiator]};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    ULONG flags = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT, attributes = 0;
    TimeStamp expiry;
    SECURITY_STATUS status;
    if (initiator)
        status = table->InitializeSecurityContextA(&w->out, *begun ? context : NULL, NULL, flags, 0,
                                                   SECURITY_NATIVE_DREP, *begun ? &in_desc : NULL, 0, context,
                                                   &out_desc, &attributes, &expiry);
    else
        status = table->AcceptSecurityContext(&w->in, *begun ? context : NULL, &in_desc, 0,
                                              SECURITY_NATIVE_DREP, context, &out_desc, &attributes, &expiry);
    *begun = true;
    *size = out.cbBuffer;
    return status;
}

static bool establish(struct winpr *w, CtxtHandle *from, CtxtHandle *to)
{
    bool from_begun = false, to_begun = false;
    SecPkgContext_AuthNtlmHash known = {.Version = 1};
    ULONG size = 0;
    memset(from, 0, sizeof *from);
    memset(to, 0, sizeof *to);
    memcpy(known.NtlmHash, hash, sizeof hash);
    SECURITY_STATUS a = step(w, from, true, &from_begun, &size);
    SECURITY_STATUS b = step(w, to, false, &to_begun, &size);
    if (b == SEC_I_CONTINUE_NEEDED)
        b = table->SetContextAttributesA(to, SECPKG_ATTR_AUTH_NTLM_HASH, &known, sizeof known);
    if (a == SEC_I_CONTINUE_NEEDED && b == SEC_E_OK)
        a = step(w, from, true, &from_begun, &size);
    /* MsvAvFlags and the MIC were asked for: AUTHENTICATE has one. */
    static const uint8_t none[16];
    w->mic_seen = size > AT_MIC + 16 && memcmp(w->tokens[0] + AT_MIC, none, 16) != 0;
    if (a == SEC_E_OK || a == SEC_I_CONTINUE_NEEDED || a == SEC_I_COMPLETE_NEEDED)
        b = step(w, to, false, &to_begun, &size);
    if (b == SEC_I_COMPLETE_NEEDED)
        b = table->CompleteAuthToken(to, NULL);
    if (b == SEC_E_OK && w->mic_seen)
        return true;
    fprintf(stderr, "bench_winpr: handshake: 0x%08x 0x%08x, MIC %d\n", (unsigned)a, (unsigned)b, w->mic_seen);
    return false;
}

static void *open_ntlm(const struct worker_candidate *c)
{
    struct winpr *w = calloc(1, sizeof *w);
    SEC_WINNT_AUTH_IDENTITY_A identity = {
        .User = (BYTE *)user,
        .UserLength = sizeof user - 1,
        .Domain = (BYTE *)domain,
        .DomainLength = sizeof domain - 1,
        .Password = (BYTE *)password,
        .PasswordLength = sizeof password - 1,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    TimeStamp expiry;
    (void)c;
    WLog_SetLogLevel(WLog_GetRoot(), WLOG_OFF);
    table = InitSecurityInterfaceExA(0);
    if (w == NULL || table == NULL)
        return NULL;
    NTOWFv1A(password, sizeof password - 1, hash);
    if (table->AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL,
                                         &w->out, &expiry) != SEC_E_OK ||
        table->AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &w->in,
                                         &expiry) != SEC_E_OK) {
        fprintf(stderr, "bench_winpr: no credentials\n");
        return NULL;
    }
    return establish(w, &w->from, &w->to) ? w : NULL;
}

static bool make(void *state, const struct worker_job *job)
{
    struct winpr *w = state;
    SECURITY_STATUS status = SEC_E_OK;
    for (size_t i = 0; i < job->count; i++) {
        SecBuffer buffers[2] = {{SIGNATURE, SECBUFFER_TOKEN, job->tokens + i * WORKER_TOKEN_ROOM},
                                {(ULONG)job->size, SECBUFFER_DATA, (void *)(uintptr_t)job->data}};
        SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
        status |= table->EncryptMessage(&w->from, 0, &desc, w->sequence[0]++);
    }
    return status == SEC_E_OK;
}

static bool check(void *state, const struct worker_job *job)
{
    struct winpr *w = state;
    SECURITY_STATUS status = SEC_E_OK;
    ULONG qop;
    for (size_t i = 0; i < job->count; i++) {
        SecBuffer buffers[2] = {{SIGNATURE, SECBUFFER_TOKEN, job->tokens + i * WORKER_TOKEN_ROOM},
                                {(ULONG)job->size, SECBUFFER_DATA, (void *)(uintptr_t)job->data}};
        SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
        status |= table->DecryptMessage(&w->to, &desc, w->sequence[1]++, &qop);
    }
    return status == SEC_E_OK;
}

static bool handshake(void *state)
{
    struct winpr *w = state;
    CtxtHandle from, to;
    bool ok = establish(w, &from, &to);
    table->DeleteSecurityContext(&from);
    table->DeleteSecurityContext(&to);
    return ok;
}

static const struct worker_candidate candidates[] = {
    {"winpr-ntlm", 0, 0, open_ntlm, make, check, handshake},
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};

int main(void)
{
    (void)user16;
    (void)domain16;
    return worker_main(candidates);
}
