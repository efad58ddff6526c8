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

#include "packages/negotiate/negotiate_messages.h"

enum { TOKEN_MAX = 48256, STEPS = 24, LISTS = 3, WAYS = 2 * LISTS * LISTS, TYPE = 1 };

struct side {
    CredHandle credentials[LISTS], *credential;
    CtxtHandle context;
    bool has, established;
    ULONG flags;
    uint8_t token[TOKEN_MAX];
    ULONG size;
};

static const char *const lists[LISTS] = {"", "kerberos", "ntlm"};
static struct side sides[2]; /* initiator, acceptor */
static bool clean;           /* every token was the other side's last one, given once */
static bool acceptor_signed; /* it had the keys of the mechanism that it chose */

/* ---- steps ---- */

static SECURITY_STATUS call(struct side *s, SecBufferDesc *in, SecBufferDesc *out, CtxtHandle *made)
{
    ULONG attributes;
    CtxtHandle *old = s->has ? &s->context : NULL;
    if (s == &sides[1])
        return AcceptSecurityContext(s->credential, old, in, s->flags, SECURITY_NATIVE_DREP, made, out,
                                     &attributes, NULL);
    return InitializeSecurityContextA(s->credential, old, (SEC_CHAR *)(uintptr_t)fuzz_kerberos_target(TYPE),
                                      s->flags, 0, SECURITY_NATIVE_DREP, in, 0, made, out, &attributes, NULL);
}

/* Does it end with a mechanism that was not its first? */
static bool ended_with_another(CtxtHandle *context)
{
    SecPkgContext_NegotiationInfoA info;
    fuzz_check(QueryContextAttributesA(context, SECPKG_ATTR_NEGOTIATION_INFO, &info) == SEC_E_OK);
    bool ntlm = strcmp(info.PackageInfo->Name, "NTLM") == 0;
    fuzz_check(ntlm || strcmp(info.PackageInfo->Name, "Kerberos") == 0);
    FreeContextBuffer(info.PackageInfo);
    return ntlm && sides[0].credential != &sides[0].credentials[2];
}

static void step(int to, uint8_t *in, size_t size)
{
    struct side *s = &sides[to];
    SecBuffer input = {(ULONG)size, SECBUFFER_TOKEN, in}, output = {TOKEN_MAX, SECBUFFER_TOKEN, s->token};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &input}, out_desc = {SECBUFFER_VERSION, 1, &output};
    struct negotiate_resp resp;
    CtxtHandle made = s->context;
    bool was = s->established;
    SECURITY_STATUS status = call(s, &in_desc, &out_desc, &made);
    fuzz_check(status != SEC_E_INTERNAL_ERROR && status != SEC_E_INSUFFICIENT_MEMORY);
    s->size = SEC_SUCCESS(status) ? output.cbBuffer : 0;
    fuzz_touch(s->token, s->size);
    if (!SEC_SUCCESS(status)) {
        clean = false;
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

/* A copy in memory of its own, so that reading beyond it is seen. */
static void give(int to, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    fuzz_check(copy != NULL);
    if (size)
        memcpy(copy, bytes, size);
    step(to, copy, size);
    free(copy);
}

static void discard(int which)
{
    struct side *s = &sides[which];
    if (s->has)
        fuzz_check(DeleteSecurityContext(&s->context) == SEC_E_OK);
    s->has = s->established = false;
    s->size = 0;
}

static void pass(int to)
{
    struct side *from = &sides[!to];
    if (sides[to].established || (from->size == 0 && (to == 1 || sides[to].has)))
        clean = false;
    give(to, from->token, from->size);
    from->size = 0;
}

static void changed(struct fuzz_input *in, int to, bool cut)
{
    static uint8_t copy[TOKEN_MAX];
    size_t size = sides[!to].size, at = fuzz_u16(in);
    clean = false;
    memcpy(copy, sides[!to].token, size);
    if (cut)
        size = at < size ? at : size;
    else if (size)
        copy[at % size] ^= fuzz_u8(in);
    give(to, copy, size);
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
    const struct span whole = {sides[from].token, sides[from].size};
    p->is_init = negotiate_init_read(whole, &p->init);
    return p->is_init || negotiate_resp_read(whole, &p->resp);
}

static struct span *token_of(struct parts *p)
{
    return p->is_init ? &p->init.token : &p->resp.token;
}

static void put_together(int to, const struct parts *p)
{
    static uint8_t made[TOKEN_MAX];
    struct wire_writer w;
    wire_write_init(&w, made, sizeof made);
    if (p->is_init)
        negotiate_init_write(&w, &p->init);
    else
        negotiate_resp_write(&w, &p->resp);
    clean = false;
    if (!w.failed)
        give(to, made, w.at);
}

static void unwrapped(int to)
{
    struct parts p;
    clean = false;
    if (take_apart(!to, &p))
        give(to, token_of(&p)->data, token_of(&p)->size);
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

static void one_message(int from)
{
    uint8_t text[16] = "some text to do", token[64];
    SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    struct side *a = &sides[from], *b = &sides[!from];
    SECURITY_STATUS made = a->has ? MakeSignature(&a->context, 0, &desc, 0) : SEC_E_INVALID_HANDLE;
    fuzz_check(a->established ? made == SEC_E_OK : made == SEC_E_INVALID_HANDLE);
    clean &= !a->established || b->established; /* a message that is lost leaves a gap in the numbers */
    if (made != SEC_E_OK || !b->has)
        return;
    SECURITY_STATUS judged = VerifySignature(&b->context, &desc, 0, NULL);
    if (!b->established)
        fuzz_check(judged == SEC_E_INVALID_HANDLE);
    else if (clean)
        fuzz_check(judged == SEC_E_OK);
}

/* ---- the conversation ---- */

static void begin(unsigned way)
{
    static const ULONG flags[2] = {ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT,
                                   ASC_REQ_INTEGRITY};
    fuzz_rewind();
    clean = true;
    acceptor_signed = false;
    for (int i = 0; i < 2; i++) {
        sides[i].credential = &sides[i].credentials[i ? way / LISTS % LISTS : way % LISTS];
        sides[i].flags = flags[i];
    }
    if (way / (LISTS * LISTS))
        sides[0].flags |= ISC_REQ_MUTUAL_AUTH;
}

static void end(void)
{
    discard(0);
    discard(1);
}

/* A target whose genuine tokens are refused would try nothing. */
static void try_all_ways(void)
{
    for (unsigned way = 0; way < WAYS; way++) {
        bool strangers = way % LISTS != 0 && way / LISTS % LISTS != 0 && way % LISTS != way / LISTS % LISTS;
        begin(way);
        for (int leg = 0; leg < 8 && clean && !(sides[0].established && sides[1].established); leg++)
            pass(leg & 1);
        fuzz_check(strangers ? !clean : clean && sides[0].established && sides[1].established);
        for (int i = 0; i < 2; i++)
            one_message(i);
        end();
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
            sides[i].credentials[list] = credential(i == 0, lists[list]);
    try_all_ways();
}

static void one_step(struct fuzz_input *in)
{
    uint8_t kind = fuzz_u8(in) % 10;
    int to = fuzz_u8(in) & 1;
    size_t got;
    switch (kind) {
    case 0:
        pass(to);
        break;
    case 1:
    case 3:
        changed(in, to, kind == 3);
        break;
    case 2: {
        const uint8_t *bytes = fuzz_bytes(in, fuzz_u16(in), &got);
        clean = false;
        give(to, bytes, got);
        break;
    }
    case 4:
        for (int i = 0; i < 2; i++)
            one_message(i);
        break;
    case 5:
        discard(to);
        clean = false;
        break;
    case 6:
        clean = false;
        give(to, NULL, 0);
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
    end();
    return 0;
}
