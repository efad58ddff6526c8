/* SPDX-License-Identifier: MIT */
/*
 * Any requests over one small arena, several contexts of NTLM and Kerberos: what SspiMakeSignatures and
 * SspiVerifySignatures do is what the single calls do on twins of the contexts over a copy of the arena.
 *
 * Input: how many requests, whether to check; then each request: context, number, QOP selector, count of
 * buffers, and buffers: type, offset(16), size(16).
 */
#include "fuzz.h"

#include <opensspi.h>

#include "packages/kerberos/kerberos_packed.h"

enum { ARENA = 1024, REQUESTS = 72, BUFFERS = 5, NTLM = 4, CONTEXTS = 8 };

struct twins {
    CtxtHandle one, other;
};

static struct twins makers[CONTEXTS], checkers[CONTEXTS];

static CtxtHandle import(const char *package, const void *bytes, size_t size)
{
    CtxtHandle context;
    SecBuffer packed = {(ULONG)size, SECBUFFER_EMPTY, (void *)(uintptr_t)bytes};
    SEC_CHAR *name = (SEC_CHAR *)(uintptr_t)package;
    fuzz_check(ImportSecurityContextA(name, &packed, NULL, &context) == SEC_E_OK);
    return context;
}

static void twin(struct twins *t, CtxtHandle *context)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    fuzz_check(ExportSecurityContext(context, 0, &packed, NULL) == SEC_E_OK);
    t->one = import("NTLM", packed.pvBuffer, packed.cbBuffer);
    t->other = import("NTLM", packed.pvBuffer, packed.cbBuffer);
    FreeContextBuffer(packed.pvBuffer);
    DeleteSecurityContext(context);
}

static void kerberos(struct twins *t, unsigned etype, bool initiator)
{
    uint8_t bytes[4096];
    struct kerberos_packed packed = {
        .attributes = ISC_RET_REPLAY_DETECT | (initiator ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY),
        .start = 1,
        .expiry = INT64_MAX,
    };
    struct krb5_start start = {
        .flags = KRB5_F_INTEG | KRB5_F_REPLAY | (initiator ? KRB5_F_INITIATOR : 0),
        .key.etype = (uint16_t)etype,
    };
    for (int i = 0; i < KERBEROS_TEXT_COUNT; i++)
        packed.text[i] = (struct packages_view){u"a", 1};
    memset(start.key.bytes, (int)etype, sizeof start.key.bytes);
    fuzz_check(krb5_protect_init(&packed.protect, &start));
    size_t size = kerberos_packed_size(&packed);
    fuzz_check(size <= sizeof bytes && kerberos_packed_write(&packed, bytes, size));
    t->one = import("Kerberos", bytes, size);
    t->other = import("Kerberos", bytes, size);
}

/* The same contexts for every input, so that one says the same whenever it runs. */
static void open_all(void)
{
    static const ULONG flags[NTLM] = {ISC_REQ_INTEGRITY, ISC_REQ_CONFIDENTIALITY, 0,
                                      ISC_REQ_DATAGRAM | ISC_REQ_INTEGRITY};
    static const unsigned etypes[CONTEXTS - NTLM] = {17, 18, 19, 20};
    fuzz_start();
    fuzz_rewind();
    for (int i = 0; i < CONTEXTS; i++) {
        CtxtHandle a, b;
        if (i >= NTLM) {
            kerberos(&makers[i], etypes[i - NTLM], true);
            kerberos(&checkers[i], etypes[i - NTLM], false);
        } else {
            fuzz_check(fuzz_pair(flags[i], &a, &b) || fuzz_pair(0, &a, &b));
            twin(&makers[i], &a);
            twin(&checkers[i], &b);
        }
    }
}

static void close_all(void)
{
    for (int i = 0; i < CONTEXTS; i++) {
        DeleteSecurityContext(&makers[i].one);
        DeleteSecurityContext(&makers[i].other);
        DeleteSecurityContext(&checkers[i].one);
        DeleteSecurityContext(&checkers[i].other);
    }
}

static void same(CtxtHandle *a, CtxtHandle *b)
{
    SecBuffer x = {0, SECBUFFER_EMPTY, NULL}, y = x;
    fuzz_check(ExportSecurityContext(a, 0, &x, NULL) == SEC_E_OK);
    fuzz_check(ExportSecurityContext(b, 0, &y, NULL) == SEC_E_OK);
    fuzz_check(x.cbBuffer == y.cbBuffer && memcmp(x.pvBuffer, y.pvBuffer, x.cbBuffer) == 0);
    FreeContextBuffer(x.pvBuffer);
    FreeContextBuffer(y.pvBuffer);
}

struct side {
    uint8_t arena[ARENA];
    SecBuffer buffers[REQUESTS][BUFFERS];
    SecBufferDesc descs[REQUESTS];
};

static void describe(struct fuzz_input *in, struct side sides[2], ULONG i)
{
    static const ULONG types[] = {SECBUFFER_DATA,    SECBUFFER_TOKEN,    SECBUFFER_DATA | SECBUFFER_READONLY,
                                  SECBUFFER_PADDING, SECBUFFER_MECHLIST, SECBUFFER_MECHLIST_SIGNATURE};
    ULONG count = fuzz_u8(in) % (BUFFERS + 1);
    for (ULONG k = 0; k < count; k++) {
        uint8_t type = fuzz_u8(in);
        ULONG offset = fuzz_u16(in) % ARENA, size = fuzz_u16(in) % 200;
        size = size > ARENA - offset ? ARENA - offset : size;
        for (int s = 0; s < 2; s++)
            sides[s].buffers[i][k] = (SecBuffer){size, types[type % 6], sides[s].arena + offset};
    }
    for (int s = 0; s < 2; s++)
        sides[s].descs[i] = (SecBufferDesc){SECBUFFER_VERSION, count, sides[s].buffers[i]};
}

/* For checking there has to be something right: what the makers sign is signed first. */
static void sign_first(struct side *side, ULONG i, struct twins *t, ULONG number)
{
    (void)MakeSignature(&t->one, 0, &side->descs[i], number);
}

static void run(struct fuzz_input *in, struct side sides[2])
{
    SspiSignatureRequest r[REQUESTS];
    struct twins *twins[REQUESTS];
    ULONG count = fuzz_u8(in) % (REQUESTS + 1);
    bool make = fuzz_u8(in) % 2 == 0;
    for (ULONG i = 0; i < count; i++) {
        uint8_t which = fuzz_u8(in) % CONTEXTS;
        ULONG number = fuzz_u8(in) % 4, qop = fuzz_u8(in) == 0xff;
        describe(in, sides, i);
        twins[i] = make ? &makers[which] : &checkers[which];
        r[i] = (SspiSignatureRequest){&twins[i]->one, &sides[0].descs[i], qop, number, 0};
        if (!make)
            sign_first(&sides[0], i, &makers[which], number);
    }
    if (!make)
        for (ULONG i = 0; i < count; i++)
            for (int k = 0; k < BUFFERS; k++)
                sides[1].buffers[i][k].cbBuffer = sides[0].buffers[i][k].cbBuffer;
    memcpy(sides[1].arena, sides[0].arena, ARENA);
    if (make)
        SspiMakeSignatures(r, count);
    else
        SspiVerifySignatures(r, count);
    for (ULONG i = 0; i < count; i++) {
        ULONG qop = i;
        SecBufferDesc *desc = &sides[1].descs[i];
        SECURITY_STATUS want = make ? MakeSignature(&twins[i]->other, r[i].QOP, desc, r[i].MessageSeqNo)
                                    : VerifySignature(&twins[i]->other, desc, r[i].MessageSeqNo, &qop);
        fuzz_check(want == r[i].Status);
        for (ULONG k = 0; k < desc->cBuffers; k++)
            fuzz_check(sides[0].buffers[i][k].cbBuffer == desc->pBuffers[k].cbBuffer);
    }
    fuzz_check(memcmp(sides[0].arena, sides[1].arena, ARENA) == 0);
    for (int i = 0; i < CONTEXTS; i++) {
        if (make)
            same(&makers[i].one, &makers[i].other);
        same(&checkers[i].one, &checkers[i].other);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct side *sides = calloc(2, sizeof *sides);
    fuzz_check(sides != NULL);
    for (unsigned i = 0; i < ARENA; i++)
        sides[0].arena[i] = (uint8_t)(i * 7);
    open_all();
    run(&in, sides);
    close_all();
    free(sides);
    return 0;
}
