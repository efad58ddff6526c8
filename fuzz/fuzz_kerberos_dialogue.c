/* SPDX-License-Identifier: MIT */
/*
 * Whole conversations of Kerberos with genuine tickets, genuine tokens, changed ones and arbitrary ones:
 * AP-REQ, AP-REP, KRB-ERROR, DCE style's third leg. Whatever comes, nothing crashes or leaks, messages are
 * signed by whoever has established and by nobody else, and what was not tampered with establishes.
 *
 * Input: a byte (type of the key: 2 bits; mutual, DCE style, sealed, sequence numbers, wants KRB-ERRORs,
 * bindings), then steps: a byte, a side (0 initiator, 1 acceptor), and for some kinds what follows:
 *   0 side: the other side's last token as it is      1 side, position(16), xor: the same, one byte changed
 *   2 side, size(16), bytes: these                    3 side, position(16): cut there
 *   4 messages both ways                              5 side: its context is deleted
 *   6 side, position(16), xor: one byte changed in what is encrypted of the other side's last token
 *   7 side, size(16), bytes: these encrypted in its place
 *   8 side: the acceptor acts as the client, with what that delegated
 */
#include "fuzz_kerberos_realm.h"
#include "fuzz_sides.h"

#include "base/mem.h"

enum { STEPS = 24 };

static CredHandle credentials[2]; /* of each side */
static unsigned type;             /* of keys */
static bool bound;                /* both sides have channel bindings */

static const struct {
    ULONG isc, asc;
} bits[] = {
    {ISC_REQ_MUTUAL_AUTH, 0},
    {ISC_REQ_USE_DCE_STYLE, ASC_REQ_USE_DCE_STYLE},
    {ISC_REQ_CONFIDENTIALITY, ASC_REQ_CONFIDENTIALITY},
    {ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT, 0},
    {0, ASC_REQ_EXTENDED_ERROR},
};

/* ---- steps ---- */

void fuzz_side_step(int to, uint8_t *in, size_t size)
{
    struct fuzz_side *s = &fuzz_sides[to];
    struct {
        SEC_CHANNEL_BINDINGS header;
        char text[12];
    } binding = {{.cbApplicationDataLength = 12, .dwApplicationDataOffset = sizeof binding.header},
                 "tls-unique:"};
    SecBuffer inputs[2] = {{(ULONG)size, SECBUFFER_TOKEN, in},
                           {sizeof binding, SECBUFFER_CHANNEL_BINDINGS, &binding}};
    SecBuffer output = {FUZZ_TOKEN_MAX, SECBUFFER_TOKEN, s->token};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, bound ? 2 : 1, inputs},
                  out_desc = {SECBUFFER_VERSION, 1, &output};
    CtxtHandle made = s->context;
    SECURITY_STATUS status = fuzz_side_call(s, fuzz_kerberos_target(type), &in_desc, &out_desc, &made);
    fuzz_check(status != SEC_E_INTERNAL_ERROR && status != SEC_E_INSUFFICIENT_MEMORY);
    fuzz_check(output.cbBuffer <= FUZZ_TOKEN_MAX);
    s->size = SEC_SUCCESS(status) || output.cbBuffer < FUZZ_TOKEN_MAX ? output.cbBuffer : 0;
    fuzz_touch(s->token, s->size);
    if (SEC_SUCCESS(status)) {
        s->context = made;
        s->has = true;
        s->established = status == SEC_E_OK;
    } else {
        fuzz_clean = false;
    }
}

/* An initiator that has not begun hears nothing. */
static void pass(int to)
{
    if (to == 0 && !fuzz_sides[0].has)
        fuzz_sides[1].size = 0;
    fuzz_pass(to);
}

static void changed_inside(struct fuzz_input *in, int to, bool replaced)
{
    static uint8_t plain[FUZZ_KERBEROS_TOKEN], token[FUZZ_KERBEROS_TOKEN];
    const struct fuzz_side *from = &fuzz_sides[!to];
    const uint8_t *bytes = plain;
    size_t size = fuzz_kerberos_open(type, from->token, from->size, plain), at = fuzz_u16(in);
    fuzz_clean = false;
    if (replaced)
        bytes = fuzz_bytes(in, at, &size);
    else if (size)
        plain[at % size] ^= fuzz_u8(in);
    size = fuzz_kerberos_close(type, from->token, from->size, bytes, size, token);
    if (size)
        fuzz_give(to, token, size);
}

/* ---- messages ---- */

static void one_message(int from, bool seal)
{
    static const uint8_t text[16] = "some text to do";
    uint8_t data[sizeof text], token[96];
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    struct fuzz_side *a = &fuzz_sides[from], *b = &fuzz_sides[!from];
    memcpy(data, text, sizeof data);
    if (!a->has)
        return;
    SECURITY_STATUS made =
        seal ? EncryptMessage(&a->context, 0, &desc, 0) : MakeSignature(&a->context, 0, &desc, 0);
    bool sealing = (fuzz_sides[0].flags & ISC_REQ_CONFIDENTIALITY) != 0;
    if (!a->established)
        fuzz_check(made == SEC_E_INVALID_HANDLE);
    else if (fuzz_clean && (!seal || sealing))
        fuzz_check(made == SEC_E_OK);
    fuzz_clean &= !a->established || b->established; /* a message that is lost leaves a gap in the numbers */
    if (made != SEC_E_OK || !b->has)
        return;
    SECURITY_STATUS judged =
        seal ? DecryptMessage(&b->context, &desc, 0, NULL) : VerifySignature(&b->context, &desc, 0, NULL);
    if (!b->established)
        fuzz_check(judged == SEC_E_INVALID_HANDLE);
    else if (fuzz_clean)
        fuzz_check(judged == SEC_E_OK);
    if (judged == SEC_E_OK)
        fuzz_check(memcmp(data, text, sizeof data) == 0);
}

static void messages(void)
{
    for (int i = 0; i < 4; i++)
        one_message(i & 1, i >> 1);
}

/* ---- being the client ---- */

static SEC_CHAR package[] = "Kerberos";

static SECURITY_STATUS acquire(ULONG use, CredHandle *credential)
{
    return AcquireCredentialsHandleA(NULL, package, use, NULL, NULL, NULL, NULL, credential, NULL);
}

/* A first step with what was delegated. */
static void use_delegated(CredHandle *credential)
{
    static uint8_t token[FUZZ_TOKEN_MAX];
    struct fuzz_side s = {.credential = credential, .flags = ISC_REQ_INTEGRITY};
    SecBuffer out = {FUZZ_TOKEN_MAX, SECBUFFER_TOKEN, token};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle made;
    SECURITY_STATUS status = fuzz_side_call(&s, fuzz_kerberos_target(type), NULL, &desc, &made);
    fuzz_check(status != SEC_E_INTERNAL_ERROR && status != SEC_E_INSUFFICIENT_MEMORY);
    if (SEC_SUCCESS(status)) {
        fuzz_touch(token, out.cbBuffer);
        fuzz_check(DeleteSecurityContext(&made) == SEC_E_OK);
    }
}

static void be_client(void)
{
    struct fuzz_side *s = &fuzz_sides[1];
    CredHandle credential;
    if (!s->has)
        return;
    SECURITY_STATUS status = ImpersonateSecurityContext(&s->context);
    fuzz_check(status == (s->established ? SEC_E_OK : SEC_E_INVALID_HANDLE));
    if (status != SEC_E_OK)
        return;
    status = acquire(SECPKG_CRED_OUTBOUND, &credential);
    fuzz_check(status != SEC_E_INTERNAL_ERROR && status != SEC_E_INSUFFICIENT_MEMORY);
    if (fuzz_clean)
        fuzz_check(status == SEC_E_NO_CREDENTIALS);
    if (status == SEC_E_OK) {
        use_delegated(&credential);
        fuzz_check(FreeCredentialsHandle(&credential) == SEC_E_OK);
    }
    fuzz_check(RevertSecurityContext(&s->context) == SEC_E_OK);
}

/* ---- the conversation ---- */

static void begin(uint8_t way)
{
    static const ULONG always[2] = {ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY};
    fuzz_rewind();
    type = way & 3;
    bound = way >> 7;
    fuzz_clean = true;
    for (int i = 0; i < 2; i++)
        fuzz_sides[i].flags = always[i];
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        fuzz_sides[0].flags |= way >> (2 + i) & 1 ? bits[i].isc : 0;
        fuzz_sides[1].flags |= way >> (2 + i) & 1 ? bits[i].asc : 0;
    }
}

/* A target whose genuine tokens are refused would try nothing. */
static void try_all_ways(void)
{
    for (unsigned way = 0; way < 256; way++) {
        begin((uint8_t)way);
        for (int leg = 0; leg < 4 && !(fuzz_sides[0].established && fuzz_sides[1].established); leg++)
            pass(leg & 1);
        fuzz_check(fuzz_clean && fuzz_sides[0].established && fuzz_sides[1].established);
        messages();
        fuzz_discard_both();
    }
}

static void start(void)
{
    static bool started;
    if (started)
        return;
    started = true;
    fuzz_start();
    fuzz_kerberos_realm();
    for (int i = 0; i < 2; i++)
        fuzz_sides[i].credential = &credentials[i];
    fuzz_check(acquire(SECPKG_CRED_OUTBOUND, fuzz_sides[0].credential) == SEC_E_OK);
    fuzz_check(acquire(SECPKG_CRED_INBOUND, fuzz_sides[1].credential) == SEC_E_OK);
    try_all_ways();
}

static void one_step(struct fuzz_input *in)
{
    uint8_t kind = fuzz_u8(in) % 9;
    int to = fuzz_u8(in) & 1;
    switch (kind) {
    case 0:
        pass(to);
        break;
    case 1:
    case 3:
        fuzz_changed(in, to, kind == 3);
        break;
    case 2:
        fuzz_arbitrary(in, to);
        break;
    case 4:
        messages();
        break;
    case 5:
        fuzz_discard(to);
        fuzz_clean &= !fuzz_sides[0].has && !fuzz_sides[1].has && fuzz_sides[!to].size == 0;
        break;
    case 8:
        be_client();
        break;
    default:
        changed_inside(in, to, kind == 7);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    start();
    size_t live = mem_live();
    begin(fuzz_u8(&in));
    for (int steps = 0; in.size && steps < STEPS; steps++)
        one_step(&in);
    fuzz_discard_both();
    fuzz_check(mem_live() == live);
    return 0;
}
