/* SPDX-License-Identifier: MIT */
/*
 * Initialize- and AcceptSecurityContext in any order, with real tokens, changed ones and arbitrary ones.
 * Whatever comes, nothing crashes or leaks, and an acceptor that was given something changed does not
 * establish.
 *
 * Input: flags of both sides (32 bits each), then steps: a byte, and for some kinds what follows:
 *   0 side: the other side's last token as it is     1 side, position(16), xor: the same with one byte
 * changed 2 side, size(16), bytes: these                   3 side: cut to position(16) 4 sign, verify on both
 * 5 delete a side's context
 */
#include "fuzz.h"

enum { TOKEN_MAX = 48000 };

struct side {
    CredHandle credential;
    CtxtHandle context;
    bool has, established;
    bool changed;   /* was given a token of the other side's that was changed on the way */
    bool arbitrary; /* was given bytes from the input */
    uint8_t token[TOKEN_MAX];
    ULONG size;
};

static struct side sides[2]; /* initiator, acceptor */

static void step(int to, ULONG flags, const void *in, size_t size)
{
    struct side *s = &sides[to];
    s->size = TOKEN_MAX;
    SECURITY_STATUS status =
        fuzz_step(to == 0, &s->credential, &s->context, &s->has, flags, in, size, s->token, &s->size);
    s->established |= status == SEC_E_OK;
    if (!s->has) /* nothing was begun */
        s->changed = s->arbitrary = false;
    /* The MIC covers every byte of the three messages. */
    fuzz_check(status != SEC_E_OK || to == 0 || sides[0].arbitrary || s->arbitrary ||
               (!sides[0].changed && !s->changed));
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
        fuzz_check(sides[i].established || made == SEC_E_INVALID_HANDLE);
        if (made == SEC_E_OK && sides[!i].has)
            VerifySignature(&sides[!i].context, &desc, 0, NULL);
    }
}

static void discard(int which)
{
    struct side *s = &sides[which];
    if (s->has)
        fuzz_check(DeleteSecurityContext(&s->context) == SEC_E_OK);
    s->has = s->established = s->changed = s->arbitrary = false;
    s->size = 0;
}

static void changed(struct fuzz_input *in, int to, ULONG flags, bool cut)
{
    struct side *from = &sides[!to];
    uint8_t *copy = malloc(from->size + 1u);
    size_t size = from->size, at = fuzz_u16(in);
    fuzz_check(copy != NULL);
    memcpy(copy, from->token, size);
    if (cut)
        size = at < size ? at : size;
    else if (size)
        copy[at % size] ^= fuzz_u8(in);
    /* An initiator's first call looks at no token, and an acceptor of datagrams begins with an empty one. */
    if (size && (to == 1 || sides[0].has) && (size != from->size || memcmp(copy, from->token, size) != 0))
        sides[to].changed = true;
    step(to, flags, copy, size);
    free(copy);
}

static void arbitrary(struct fuzz_input *in, int to, ULONG flags)
{
    size_t got;
    const uint8_t *bytes = fuzz_bytes(in, fuzz_u16(in), &got);
    uint8_t *copy = malloc(got + 1);
    fuzz_check(copy != NULL);
    memcpy(copy, bytes, got);
    const struct side *from = &sides[!to];
    if (got != from->size || memcmp(copy, from->token, got) != 0)
        sides[to].arbitrary = true;
    step(to, flags, copy, got);
    free(copy);
}

static void start(void)
{
    static bool started;
    if (started)
        return;
    started = true;
    fuzz_start();
    sides[0].credential = fuzz_credential(true);
    sides[1].credential = fuzz_credential(false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    start();
    fuzz_rewind();
    ULONG flags[2] = {fuzz_u32(&in) & ~(ULONG)ISC_REQ_ALLOCATE_MEMORY,
                      fuzz_u32(&in) & ~(ULONG)ASC_REQ_ALLOCATE_MEMORY};
    for (int steps = 0; in.size && steps < 32; steps++) {
        uint8_t kind = fuzz_u8(&in);
        int to = fuzz_u8(&in) & 1;
        switch (kind % 6) {
        case 0:
            step(to, flags[to], to == 0 && !sides[0].has ? NULL : sides[!to].token, sides[!to].size);
            break;
        case 1:
        case 3:
            changed(&in, to, flags[to], kind % 6 == 3);
            break;
        case 2:
            arbitrary(&in, to, flags[to]);
            break;
        case 4:
            messages();
            break;
        default:
            discard(to);
        }
    }
    discard(0);
    discard(1);
    return 0;
}
