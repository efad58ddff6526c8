/* SPDX-License-Identifier: MIT */
/*
 * Whole conversations of Negotiate over NTLM, with real tokens, changed ones and arbitrary ones, also the
 * mechanism's own. Whatever comes, nothing crashes or leaks, and messages are signed by whoever has
 * established and by nobody else.
 *
 * Input: steps: a byte, a side, and for some kinds what follows:
 *   0 side: the other side's last token as it is       1 side, position(16), xor: the same with one byte
 * changed 2 side, size(16), bytes: these                     3 side, position(16): cut there 4 messages both
 * ways                               5 side: its context is deleted 6 side: nothing (an acceptor that speaks
 * first)    7 side: the other side's last token without its wrapping
 */
#include "fuzz.h"

#include "packages/negotiate/negotiate_messages.h"

enum {
    TOKEN_MAX = 48256,
    FLAGS = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY
};

struct side {
    CredHandle credential;
    CtxtHandle context;
    bool has, established;
    uint8_t token[TOKEN_MAX];
    ULONG size;
};

static struct side sides[2]; /* initiator, acceptor */

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

static void step(int to, const void *in, size_t size)
{
    struct side *s = &sides[to];
    s->size = TOKEN_MAX;
    SECURITY_STATUS status =
        fuzz_step(to == 0, &s->credential, &s->context, &s->has, FLAGS, in, size, s->token, &s->size);
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
            sides[i].has ? MakeSignature(&sides[i].context, 0, &desc, 0) : SEC_E_INVALID_HANDLE;
        fuzz_check(sides[i].established ? made == SEC_E_OK : made == SEC_E_INVALID_HANDLE);
        if (made == SEC_E_OK && sides[!i].has)
            (void)VerifySignature(&sides[!i].context, &desc, 0, NULL);
    }
}

static void discard(int which)
{
    struct side *s = &sides[which];
    if (s->has)
        fuzz_check(DeleteSecurityContext(&s->context) == SEC_E_OK);
    s->has = s->established = false;
    s->size = 0;
}

/* A copy in memory of its own, so that reading beyond it is seen. */
static void give(int to, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    fuzz_check(copy != NULL);
    if (size)
        memcpy(copy, bytes, size);
    step(to, size ? copy : NULL, size);
    free(copy);
}

static void changed(struct fuzz_input *in, int to, bool cut)
{
    static uint8_t copy[TOKEN_MAX];
    size_t size = sides[!to].size, at = fuzz_u16(in);
    memcpy(copy, sides[!to].token, size);
    if (cut)
        size = at < size ? at : size;
    else if (size)
        copy[at % size] ^= fuzz_u8(in);
    give(to, copy, size);
}

static void unwrapped(int to)
{
    struct span whole = {sides[!to].token, sides[!to].size}, inner = {NULL, 0};
    struct negotiate_init init;
    struct negotiate_resp resp;
    if (negotiate_init_read(whole, &init))
        inner = init.token;
    else if (negotiate_resp_read(whole, &resp))
        inner = resp.token;
    give(to, inner.data, inner.size);
}

static void start(void)
{
    static bool started;
    if (started)
        return;
    started = true;
    fuzz_start();
    sides[0].credential = credential(true);
    sides[1].credential = credential(false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    start();
    fuzz_rewind();
    for (int steps = 0; in.size && steps < 32; steps++) {
        uint8_t kind = fuzz_u8(&in) % 8;
        int to = fuzz_u8(&in) & 1;
        size_t got;
        switch (kind) {
        case 0:
            give(to, sides[!to].token, to == 0 && !sides[0].has ? 0 : sides[!to].size);
            break;
        case 1:
        case 3:
            changed(&in, to, kind == 3);
            break;
        case 2: {
            const uint8_t *bytes = fuzz_bytes(&in, fuzz_u16(&in), &got);
            give(to, bytes, got);
            break;
        }
        case 4:
            messages();
            break;
        case 5:
            discard(to);
            break;
        case 6:
            give(to, NULL, 0);
            break;
        default:
            unwrapped(to);
        }
    }
    discard(0);
    discard(1);
    return 0;
}
