/* SPDX-License-Identifier: MIT */
#include "fuzz_sides.h"

struct fuzz_side fuzz_sides[2];
bool fuzz_clean;

SECURITY_STATUS fuzz_side_call(struct fuzz_side *s, const char *target, SecBufferDesc *in, SecBufferDesc *out,
                               CtxtHandle *made)
{
    ULONG attributes;
    CtxtHandle *old = s->has ? &s->context : NULL;
    if (s == &fuzz_sides[1])
        return AcceptSecurityContext(s->credential, old, in, s->flags, SECURITY_NATIVE_DREP, made, out,
                                     &attributes, NULL);
    return InitializeSecurityContextA(s->credential, old, (SEC_CHAR *)(uintptr_t)target, s->flags, 0,
                                      SECURITY_NATIVE_DREP, in, 0, made, out, &attributes, NULL);
}

/* A copy in memory of its own, so that reading beyond it is seen. */
void fuzz_give(int to, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    fuzz_check(copy != NULL);
    if (size)
        memcpy(copy, bytes, size);
    fuzz_side_step(to, copy, size);
    free(copy);
}

void fuzz_pass(int to)
{
    struct fuzz_side *from = &fuzz_sides[!to];
    if (fuzz_sides[to].established || (from->size == 0 && (to == 1 || fuzz_sides[to].has)))
        fuzz_clean = false;
    fuzz_give(to, from->token, from->size);
    from->size = 0;
}

void fuzz_changed(struct fuzz_input *in, int to, bool cut)
{
    static uint8_t copy[FUZZ_TOKEN_MAX];
    size_t size = fuzz_sides[!to].size, at = fuzz_u16(in);
    fuzz_clean = false;
    memcpy(copy, fuzz_sides[!to].token, size);
    if (cut)
        size = at < size ? at : size;
    else if (size)
        copy[at % size] ^= fuzz_u8(in);
    fuzz_give(to, copy, size);
}

void fuzz_arbitrary(struct fuzz_input *in, int to)
{
    size_t got;
    const uint8_t *bytes = fuzz_bytes(in, fuzz_u16(in), &got);
    fuzz_clean = false;
    fuzz_give(to, bytes, got);
}

void fuzz_discard(int which)
{
    struct fuzz_side *s = &fuzz_sides[which];
    if (s->has)
        fuzz_check(DeleteSecurityContext(&s->context) == SEC_E_OK);
    s->has = s->established = false;
    s->size = 0;
}

void fuzz_discard_both(void)
{
    fuzz_discard(0);
    fuzz_discard(1);
}
