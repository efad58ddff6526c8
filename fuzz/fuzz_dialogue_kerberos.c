/* SPDX-License-Identifier: MIT */
/*
 * Whole conversations of Negotiate with genuine Kerberos tickets beside NTLM: both sides have any of the
 * mechanisms, so that the first choice is taken, or another is chosen and signs the list. Tokens are genuine,
 * changed, changed within the mechanism's encrypted part, taken apart and put together otherwise, arbitrary.
 * Whatever comes, nothing crashes or leaks, messages are signed by whoever has established and by nobody
 * else, what was not tampered with establishes, and an initiator ends with a mechanism that was not its first
 * only where the acceptor had keys to say so.
 *
 * Input: a byte (both sides' mechanisms, mutual authentication), then steps: a byte, a side (0 initiator, 1
 * acceptor), and for some kinds what follows:
 *   0 side: the other side's last token as it is       1 side, position(16), xor: the same, one byte changed
 *   2 side, size(16), bytes: these                     3 side, position(16): cut there
 *   4 messages both ways                               5 side: its context is deleted
 *   6 side: nothing (an acceptor that speaks first)    7 side: the other side's last token unwrapped
 *   8 side, what, state: the other side's last token put together anew without the parts (bits 0 to 2: MIC,
 *     mechanism, token; of a list the mechanisms of bits 4 to 7) and with that state (from 5 on: as it was)
 *   9 side, position(16), xor: one byte changed in what Kerberos has encrypted
 */
#include "fuzz_kerberos_realm.h"
#include "fuzz_sides.h"

#include "packages/negotiate/negotiate_messages.h"

enum { STEPS = 24, LISTS = 3, WAYS = 2 * LISTS * LISTS, TYPE = 1 };

static const char *const lists[LISTS] = {"", "kerberos", "ntlm"};
static CredHandle credentials[2][LISTS]; /* of each side */
static bool acceptor_signed;             /* it had the keys of the mechanism that it chose */

/* ---- steps ---- */

/* Does it end with a mechanism that was not its first? */
static bool ended_with_another(CtxtHandle *context)
{
    SecPkgContext_NegotiationInfoA info;
    fuzz_check(QueryContextAttributesA(context, SECPKG_ATTR_NEGOTIATION_INFO, &info) == SEC_E_OK);
    bool ntlm = strcmp(info.PackageInfo->Name, "NTLM") == 0;
    fuzz_check(ntlm || strcmp(info.PackageInfo->Name, "Kerberos") == 0);
    FreeContextBuffer(info.PackageInfo);
    return ntlm && fuzz_sides[0].credential != &credentials[0][2];
}

void fuzz_side_step(int to, uint8_t *in, size_t size)
{
    struct fuzz_side *s = &fuzz_sides[to];
    SecBuffer input = {(ULONG)size, SECBUFFER_TOKEN, in},
              output = {FUZZ_TOKEN_MAX, SECBUFFER_TOKEN, s->token};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &input}, out_desc = {SECBUFFER_VERSION, 1, &output};
    struct negotiate_resp resp;
    CtxtHandle made = s->context;
    bool was = s->established;
    SECURITY_STATUS status = fuzz_side_call(s, fuzz_kerberos_target(TYPE), &in_desc, &out_desc, &made);
    fuzz_check(status != SEC_E_INTERNAL_ERROR && status != SEC_E_INSUFFICIENT_MEMORY);
    s->size = SEC_SUCCESS(status) ? output.cbBuffer : 0;
    fuzz_touch(s->token, s->size);
    if (!SEC_SUCCESS(status)) {
        fuzz_clean = false;
        return;
    }
    s->context = made;
    s->has = true;
    s->established = was || status == SEC_E_OK;
    if (to == 1 && negotiate_resp_read((struct span){s->token, s->size}, &resp) && resp.mic.size > 0)
        acceptor_signed = true;
    if (to == 0 && status == SEC_E_OK)
        fuzz_check(!ended_with_another(&s->context) || acceptor_signed);
}

/* ---- taken apart ---- */

/* One of them is the other side's last token; false: neither is. */
struct parts {
    bool is_init;
    struct negotiate_init init;
    struct negotiate_resp resp;
};

static bool take_apart(int from, struct parts *p)
{
    const struct span whole = {fuzz_sides[from].token, fuzz_sides[from].size};
    p->is_init = negotiate_init_read(whole, &p->init);
    return p->is_init || negotiate_resp_read(whole, &p->resp);
}

static struct span *token_of(struct parts *p)
{
    return p->is_init ? &p->init.token : &p->resp.token;
}

static void put_together(int to, const struct parts *p)
{
    static uint8_t made[FUZZ_TOKEN_MAX];
    struct wire_writer w;
    wire_write_init(&w, made, sizeof made);
    if (p->is_init)
        negotiate_init_write(&w, &p->init);
    else
        negotiate_resp_write(&w, &p->resp);
    fuzz_clean = false;
    if (!w.failed)
        fuzz_give(to, made, w.at);
}

static void unwrapped(int to)
{
    struct parts p;
    fuzz_clean = false;
    if (take_apart(!to, &p))
        fuzz_give(to, token_of(&p)->data, token_of(&p)->size);
}

static void put_otherwise(struct fuzz_input *in, int to)
{
    static const struct span none;
    uint8_t what = fuzz_u8(in), state = fuzz_u8(in), list[1024];
    struct span mechs[NEGOTIATE_MECHS_MAX];
    struct wire_writer w;
    size_t count = 0;
    struct parts p;
    if (!take_apart(!to, &p))
        return;
    if (what & 4)
        *token_of(&p) = none;
    if (p.is_init) {
        for (size_t i = 0; i < p.init.mech_count; i++)
            if (i >= 4 || !(what >> (4 + i) & 1))
                mechs[count++] = p.init.mechs[i];
        wire_write_init(&w, list, sizeof list);
        negotiate_list_write(&w, mechs, count);
        fuzz_check(!w.failed);
        p.init.mech_list = (struct span){list, w.at};
    } else {
        p.resp.mic = what & 1 ? none : p.resp.mic;
        p.resp.mech = what & 2 ? none : p.resp.mech;
        p.resp.state = state < 4 ? state : state == 4 ? NEGOTIATE_NO_STATE : p.resp.state;
    }
    put_together(to, &p);
}

static void changed_inside(struct fuzz_input *in, int to)
{
    static uint8_t plain[FUZZ_KERBEROS_TOKEN], token[FUZZ_KERBEROS_TOKEN];
    size_t at = fuzz_u16(in);
    uint8_t mask = fuzz_u8(in);
    struct parts p;
    if (!take_apart(!to, &p))
        return;
    struct span *inner = token_of(&p);
    size_t size = fuzz_kerberos_open(TYPE, inner->data, inner->size, plain);
    if (size)
        plain[at % size] ^= mask;
    size = fuzz_kerberos_close(TYPE, inner->data, inner->size, plain, size, token);
    if (!size)
        return;
    *inner = (struct span){token, size};
    put_together(to, &p);
}

/* ---- messages ---- */

/* Who has the keys can say in the encrypted part that there is to be no integrity; the acceptor's attributes
 * tell. */
static SECURITY_STATUS signing_status(struct fuzz_side *s, int which)
{
    static const ULONG protects[2] = {ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY,
                                      ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY};
    SecPkgContext_Flags flags;
    if (!s->established)
        return SEC_E_INVALID_HANDLE;
    fuzz_check(QueryContextAttributesA(&s->context, SECPKG_ATTR_FLAGS, &flags) == SEC_E_OK);
    return fuzz_clean || (flags.Flags & protects[which]) ? SEC_E_OK : SEC_E_UNSUPPORTED_FUNCTION;
}

static void one_message(int from)
{
    uint8_t text[16] = "some text to do", token[64];
    SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    struct fuzz_side *a = &fuzz_sides[from], *b = &fuzz_sides[!from];
    SECURITY_STATUS made = a->has ? MakeSignature(&a->context, 0, &desc, 0) : SEC_E_INVALID_HANDLE;
    fuzz_check(made == signing_status(a, from));
    fuzz_clean &= !a->established || b->established; /* a message that is lost leaves a gap in the numbers */
    if (made != SEC_E_OK || !b->has)
        return;
    SECURITY_STATUS judged = VerifySignature(&b->context, &desc, 0, NULL);
    if (!b->established)
        fuzz_check(judged == SEC_E_INVALID_HANDLE);
    else if (fuzz_clean)
        fuzz_check(judged == SEC_E_OK);
}

/* ---- the conversation ---- */

static void begin(unsigned way)
{
    static const ULONG flags[2] = {ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT,
                                   ASC_REQ_INTEGRITY};
    fuzz_rewind();
    fuzz_clean = true;
    acceptor_signed = false;
    for (int i = 0; i < 2; i++) {
        fuzz_sides[i].credential = &credentials[i][i ? way / LISTS % LISTS : way % LISTS];
        fuzz_sides[i].flags = flags[i];
    }
    if (way / (LISTS * LISTS))
        fuzz_sides[0].flags |= ISC_REQ_MUTUAL_AUTH;
}

/* A target whose genuine tokens are refused would try nothing. */
static void try_all_ways(void)
{
    for (unsigned way = 0; way < WAYS; way++) {
        bool strangers = way % LISTS != 0 && way / LISTS % LISTS != 0 && way % LISTS != way / LISTS % LISTS;
        begin(way);
        for (int leg = 0; leg < 8 && fuzz_clean && !(fuzz_sides[0].established && fuzz_sides[1].established);
             leg++)
            fuzz_pass(leg & 1);
        fuzz_check(strangers ? !fuzz_clean
                             : fuzz_clean && fuzz_sides[0].established && fuzz_sides[1].established);
        for (int i = 0; i < 2; i++)
            one_message(i);
        fuzz_discard_both();
    }
}

static CredHandle credential(bool initiator, const char *list)
{
    static SEC_CHAR package[] = "Negotiate";
    SEC_WINNT_AUTH_IDENTITY_EXA id = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
                                      .Length = sizeof id,
                                      .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
                                      .PackageList = (unsigned char *)(uintptr_t)list,
                                      .PackageListLength = (ULONG)strlen(list)};
    CredHandle made;
    fuzz_check(AcquireCredentialsHandleA(NULL, package,
                                         initiator ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND, NULL, &id,
                                         NULL, NULL, &made, NULL) == SEC_E_OK);
    return made;
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
        for (int list = 0; list < LISTS; list++)
            credentials[i][list] = credential(i == 0, lists[list]);
    try_all_ways();
}

static void one_step(struct fuzz_input *in)
{
    uint8_t kind = fuzz_u8(in) % 10;
    int to = fuzz_u8(in) & 1;
    switch (kind) {
    case 0:
        fuzz_pass(to);
        break;
    case 1:
    case 3:
        fuzz_changed(in, to, kind == 3);
        break;
    case 2:
        fuzz_arbitrary(in, to);
        break;
    case 4:
        for (int i = 0; i < 2; i++)
            one_message(i);
        break;
    case 5:
        fuzz_discard(to);
        fuzz_clean = false;
        break;
    case 6:
        fuzz_clean = false;
        fuzz_give(to, NULL, 0);
        break;
    case 7:
        unwrapped(to);
        break;
    case 8:
        put_otherwise(in, to);
        break;
    default:
        changed_inside(in, to);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    start();
    begin(fuzz_u8(&in) % WAYS);
    for (int steps = 0; in.size && steps < STEPS; steps++)
        one_step(&in);
    fuzz_discard_both();
    return 0;
}
