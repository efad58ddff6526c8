/* SPDX-License-Identifier: MIT */
/*
 * Whole conversations of Negotiate over NTLM, with real tokens, changed ones and arbitrary ones, also the
 * mechanism's own. Whatever comes, nothing crashes or leaks, and messages are signed by whoever has
 * established and by nobody else.
 *
 * Input: steps: a byte, a side, and for some kinds what follows:
 *   0 side: the other side's last token as it is     1 side, position(16), xor: the same, one byte changed
 *   2 side, size(16), bytes: these                   3 side, position(16): cut there
 *   4 messages both ways                             5 side: its context is deleted
 *   6 side: nothing (an acceptor that speaks first)  7 side: the other side's last token unwrapped
 */
#include "fuzz_sides.h"

#include "packages/negotiate/negotiate_messages.h"

enum {
    FLAGS = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY
};

static CredHandle credential(bool initiator)
{
    static SEC_CHAR package[] = "Negotiate";
    static unsigned char user[] = "alice", domain[] = "EXAMPLE", password[] = "secret", list[] = "ntlm";
    SEC_WINNT_AUTH_IDENTITY_EXA id = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
                                      .Length = sizeof id,
                                      .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
                                      .PackageList = list,
                                      .PackageListLength = sizeof list - 1};
    CredHandle made;
    if (initiator) {
        id.User = user;
        id.UserLength = sizeof user - 1;
        id.Domain = domain;
        id.DomainLength = sizeof domain - 1;
        id.Password = password;
        id.PasswordLength = sizeof password - 1;
    }
    fuzz_check(AcquireCredentialsHandleA(NULL, package,
                                         initiator ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND, NULL, &id,
                                         NULL, NULL, &made, NULL) == SEC_E_OK);
    return made;
}

void fuzz_side_step(int to, uint8_t *in, size_t size)
{
    struct fuzz_side *s = &fuzz_sides[to];
    s->size = FUZZ_TOKEN_MAX;
    SECURITY_STATUS status = fuzz_step(to == 0, s->credential, &s->context, &s->has, FLAGS, size ? in : NULL,
                                       size, s->token, &s->size);
    s->established |= status == SEC_E_OK;
    fuzz_check(status != SEC_E_INTERNAL_ERROR && status != SEC_E_INSUFFICIENT_MEMORY);
}

static void messages(void)
{
    uint8_t text[16] = "some text to do", token[64];
    for (int i = 0; i < 2; i++) {
        SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text}, {sizeof token, SECBUFFER_TOKEN, token}};
        SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
        SECURITY_STATUS made =
            fuzz_sides[i].has ? MakeSignature(&fuzz_sides[i].context, 0, &desc, 0) : SEC_E_INVALID_HANDLE;
        fuzz_check(fuzz_sides[i].established ? made == SEC_E_OK : made == SEC_E_INVALID_HANDLE);
        if (made == SEC_E_OK && fuzz_sides[!i].has)
            (void)VerifySignature(&fuzz_sides[!i].context, &desc, 0, NULL);
    }
}

static void unwrapped(int to)
{
    struct span whole = {fuzz_sides[!to].token, fuzz_sides[!to].size}, inner = {NULL, 0};
    struct negotiate_init init;
    struct negotiate_resp resp;
    if (negotiate_init_read(whole, &init))
        inner = init.token;
    else if (negotiate_resp_read(whole, &resp))
        inner = resp.token;
    fuzz_give(to, inner.data, inner.size);
}

static void start(void)
{
    static CredHandle credentials[2];
    static bool started;
    if (started)
        return;
    started = true;
    fuzz_start();
    for (int i = 0; i < 2; i++) {
        credentials[i] = credential(i == 0);
        fuzz_sides[i].credential = &credentials[i];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    start();
    fuzz_rewind();
    for (int steps = 0; in.size && steps < 32; steps++) {
        uint8_t kind = fuzz_u8(&in) % 8;
        int to = fuzz_u8(&in) & 1;
        switch (kind) {
        case 0:
            fuzz_give(to, fuzz_sides[!to].token, to == 0 && !fuzz_sides[0].has ? 0 : fuzz_sides[!to].size);
            break;
        case 1:
        case 3:
            fuzz_changed(&in, to, kind == 3);
            break;
        case 2:
            fuzz_arbitrary(&in, to);
            break;
        case 4:
            messages();
            break;
        case 5:
            fuzz_discard(to);
            break;
        case 6:
            fuzz_give(to, NULL, 0);
            break;
        default:
            unwrapped(to);
        }
    }
    fuzz_discard_both();
    return 0;
}
