/* SPDX-License-Identifier: MIT */
#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opensspi.h>

enum { TOKEN_ROOM = 48000 };

static SECURITY_STATUS acquire(CredHandle *credential, const char *package, ULONG use)
{
    static unsigned char user[] = "alice", domain[] = "EXAMPLE", password[] = "correct horse";
    SEC_WINNT_AUTH_IDENTITY_A identity = {
        .User = user,
        .UserLength = sizeof user - 1,
        .Domain = domain,
        .DomainLength = sizeof domain - 1,
        .Password = password,
        .PasswordLength = sizeof password - 1,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    bool named = use == SECPKG_CRED_OUTBOUND && strcmp(package, "Kerberos") != 0;

    return AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t)package, use, NULL,
                                     named ? &identity : NULL, NULL, NULL, credential, NULL);
}

bool pair_maker_open(struct pair_maker *m, const char *package, const char *target, ULONG isc)
{
    *m = (struct pair_maker){.target = target, .isc = isc};
    SECURITY_STATUS status = acquire(&m->initiator, package, SECPKG_CRED_OUTBOUND);

    if (status == SEC_E_OK) {
        status = acquire(&m->acceptor, package, SECPKG_CRED_INBOUND);
        if (status != SEC_E_OK)
            FreeCredentialsHandle(&m->initiator);
    }
    if (status != SEC_E_OK) {
        fprintf(stderr, "bench: credentials for %s: %s\n", package, SspiStatusName(status));
        return false;
    }
    for (int i = 0; i < 2; i++)
        m->tokens[i] = malloc(TOKEN_ROOM);
    return m->tokens[0] != NULL && m->tokens[1] != NULL;
}

void pair_maker_close(struct pair_maker *m)
{
    FreeCredentialsHandle(&m->initiator);
    FreeCredentialsHandle(&m->acceptor);
    free(m->tokens[0]);
    free(m->tokens[1]);
}

/* One step of one end. *size: of the token that came (0: none yet), then of the one that goes back. */
static SECURITY_STATUS step(struct pair_maker *m, CtxtHandle *context, bool *begun, bool initiator,
                            ULONG *size)
{
    SecBuffer in = {*size, SECBUFFER_TOKEN, m->tokens[initiator]};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in};
    SecBuffer out = {TOKEN_ROOM, SECBUFFER_TOKEN, m->tokens[!initiator]};
    SecBufferDesc out_desc = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;
    SECURITY_STATUS status =
        initiator
            ? InitializeSecurityContextA(&m->initiator, *begun ? context : NULL,
                                         (SEC_CHAR *)(uintptr_t)m->target, m->isc, 0, SECURITY_NATIVE_DREP,
                                         *begun ? &in_desc : NULL, 0, context, &out_desc, &attributes, NULL)
            : AcceptSecurityContext(&m->acceptor, *begun ? context : NULL, &in_desc, m->asc,
                                    SECURITY_NATIVE_DREP, context, &out_desc, &attributes, NULL);
    *begun |= SEC_SUCCESS(status);
    *size = SEC_SUCCESS(status) ? out.cbBuffer : 0;
    return status;
}

SECURITY_STATUS pair_make(struct pair_maker *m, struct pair *p)
{
    bool begun[2] = {false, false}, done[2] = {false, false};
    CtxtHandle *contexts[2] = {&p->acceptor, &p->initiator};
    SECURITY_STATUS status = SEC_E_OK;
    ULONG size = 0;

    for (int leg = 0; leg < 8 && !(done[0] && done[1]); leg++) {
        int initiator = leg % 2 == 0;
        status = step(m, contexts[initiator], &begun[initiator], initiator, &size);
        if (!SEC_SUCCESS(status))
            break;
        done[initiator] = status == SEC_E_OK;
    }
    if (done[0] && done[1])
        return SEC_E_OK;
    for (int i = 0; i < 2; i++)
        if (begun[i])
            DeleteSecurityContext(contexts[i]);
    return SEC_SUCCESS(status) ? SEC_E_INTERNAL_ERROR : status;
}

void pair_delete(struct pair *p)
{
    DeleteSecurityContext(&p->initiator);
    DeleteSecurityContext(&p->acceptor);
}
