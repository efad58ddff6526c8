/* SPDX-License-Identifier: MIT */
#include "contract.h"

#include <string.h>

static const struct contract_package *const packages[] = {
    &contract_ntlm,
    &contract_psk,
    &contract_negotiate,
#ifdef CONTRACT_KERBEROS
    &contract_kerberos,
#endif
};

const struct contract_mode *const *contract_modes(size_t *count)
{
    static const struct contract_mode *all[64];
    *count = 0;
    for (size_t p = 0; p < sizeof packages / sizeof packages[0]; p++)
        for (size_t i = 0; i < packages[p]->count; i++)
            all[(*count)++] = &packages[p]->modes[i];
    return all;
}

void contract_each(void (*each)(const struct contract_mode *mode))
{
    size_t count;
    const struct contract_mode *const *modes = contract_modes(&count);
    for (size_t i = 0; i < count; i++) {
        /* Kept by cmocka until the test ends and shown if it fails. */
        print_message("# %s: %s\n", modes[i]->package->name, modes[i]->name);
        each(modes[i]);
    }
}

void contract_open(struct contract_pair *pair, const struct contract_mode *mode)
{
    memset(pair, 0, sizeof *pair);
    pair->mode = mode;
    mode->package->make(pair);
    pair->a = &pair->initiator.context;
    pair->b = &pair->acceptor.context;
}

void contract_close(struct contract_pair *pair)
{
    kit_close(&pair->initiator);
    kit_close(&pair->acceptor);
}

SecBuffer contract_snapshot(CtxtHandle *context)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    assert_status(ExportSecurityContext(context, 0, &packed, NULL), SEC_E_OK);
    assert_non_null(packed.pvBuffer);
    return packed;
}

void contract_same(CtxtHandle *context, SecBuffer *before, const char *what)
{
    SecBuffer after = contract_snapshot(context);
    if (after.cbBuffer != before->cbBuffer || memcmp(after.pvBuffer, before->pvBuffer, after.cbBuffer) != 0)
        fail_msg("%s: the context changed", what);
    FreeContextBuffer(after.pvBuffer);
    FreeContextBuffer(before->pvBuffer);
}

void contract_replace(CtxtHandle *context, const char *package, const SecBuffer *packed)
{
    SecBuffer copy = *packed;
    assert_status(DeleteSecurityContext(context), SEC_E_OK);
    assert_status(ImportSecurityContextA((SEC_CHAR *)(uintptr_t)package, &copy, NULL, context), SEC_E_OK);
}

/* ---- parcels: messages with their memory ---- */

void parcel_start(struct parcel *m)
{
    memset(m, 0, sizeof *m);
    m->desc = (SecBufferDesc){SECBUFFER_VERSION, 0, m->buffers};
    /* The first byte is no buffer's, so that one may begin before another. */
    m->used = 64;
}

SecBuffer *parcel_add(struct parcel *m, ULONG type, ULONG size, uint32_t seed)
{
    assert_true(m->desc.cBuffers < PARCEL_BUFFERS && m->used + size + 32 < PARCEL_ROOM);
    SecBuffer *b = &m->buffers[m->desc.cBuffers++];
    *b = (SecBuffer){size, type, m->bytes + m->used};
    kit_fill(b->pvBuffer, size, seed);
    m->used += size + 32;
    return b;
}

SecBuffer *parcel_token(struct parcel *m)
{
    for (ULONG i = 0; i < m->desc.cBuffers; i++)
        if ((m->buffers[i].BufferType & ~SECBUFFER_ATTRMASK) == SECBUFFER_TOKEN)
            return &m->buffers[i];
    return NULL;
}

void parcel_usual(struct parcel *m, ULONG token_size, uint32_t seed)
{
    parcel_start(m);
    parcel_add(m, SECBUFFER_DATA, 13, seed);
    parcel_add(m, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, 1, seed + 1);
    parcel_add(m, SECBUFFER_TOKEN, token_size, seed + 2);
    parcel_add(m, SECBUFFER_DATA, 20, seed + 3);
}

void parcel_copy(struct parcel *to, const struct parcel *from)
{
    memcpy(to, from, sizeof *to);
    if (from->desc.pBuffers == from->buffers)
        to->desc.pBuffers = to->buffers;
    for (size_t i = 0; i < PARCEL_BUFFERS; i++) {
        const uint8_t *p = from->buffers[i].pvBuffer;
        if (p >= from->bytes && p <= from->bytes + PARCEL_ROOM)
            to->buffers[i].pvBuffer = to->bytes + (p - from->bytes);
    }
}

/* want is a parcel_copy of what got was before the call. */
void parcel_assert_same(const struct parcel *got, const struct parcel *want, const char *what)
{
    struct parcel moved;
    parcel_copy(&moved, got);
    if (memcmp(got->bytes, want->bytes, PARCEL_ROOM) != 0)
        fail_msg("%s: a byte of a buffer changed", what);
    for (size_t i = 0; i < PARCEL_BUFFERS; i++) {
        const SecBuffer *x = &got->buffers[i], *y = &want->buffers[i];
        bool inside = (const uint8_t *)y->pvBuffer >= want->bytes &&
                      (const uint8_t *)y->pvBuffer <= want->bytes + PARCEL_ROOM;
        const void *expected =
            inside ? got->bytes + ((const uint8_t *)y->pvBuffer - want->bytes) : (const uint8_t *)y->pvBuffer;
        if (x->cbBuffer != y->cbBuffer || x->BufferType != y->BufferType || x->pvBuffer != expected)
            fail_msg("%s: the descriptor's buffer %zu changed", what, i);
    }
}

SECURITY_STATUS contract_call(enum operation op, CtxtHandle *context, ULONG qop, SecBufferDesc *desc,
                              ULONG number)
{
    ULONG used = 0x5a5a5a5a;
    SECURITY_STATUS status;
    switch (op) {
    case OP_SIGN:
        return MakeSignature(context, qop, desc, number);
    case OP_SEAL:
        return EncryptMessage(context, qop, desc, number);
    case OP_VERIFY:
        status = VerifySignature(context, desc, number, &used);
        break;
    default:
        status = DecryptMessage(context, desc, number, &used);
    }
    /* *pfQOP is written on success only. */
    if (status != SEC_E_OK)
        assert_int_equal(used, 0x5a5a5a5a);
    return status;
}

ULONG contract_token_size(const struct contract_mode *mode, enum operation op)
{
    return op == OP_SIGN || op == OP_VERIFY ? mode->sign_size : mode->seal_size;
}

void contract_refuses(enum operation op, CtxtHandle *context, ULONG qop, struct parcel *m, ULONG number,
                      SECURITY_STATUS want, const char *what)
{
    static const char *const names[OP_COUNT] = {"MakeSignature", "VerifySignature", "EncryptMessage",
                                                "DecryptMessage"};
    char text[160];
    struct parcel before;
    SecBuffer state = contract_snapshot(context);
    parcel_copy(&before, m);
    snprintf(text, sizeof text, "%s, %s", names[op], what);
    kit_assert_status(contract_call(op, context, qop, &m->desc, number), want, __FILE__, __LINE__, text);
    parcel_assert_same(m, &before, text);
    contract_same(context, &state, text);
}

void contract_genuine(struct contract_pair *pair, ULONG number)
{
    struct parcel m, plain;
    parcel_usual(&m, pair->mode->sign_size, number);
    assert_status(contract_call(OP_SIGN, pair->a, 0, &m.desc, number), SEC_E_OK);
    assert_status(contract_call(OP_VERIFY, pair->b, 0, &m.desc, number), SEC_E_OK);
    if (!pair->mode->seals)
        return;
    parcel_usual(&m, pair->mode->seal_size, number + 1);
    parcel_copy(&plain, &m);
    assert_status(contract_call(OP_SEAL, pair->a, 0, &m.desc, number ? number + 1 : 0), SEC_E_OK);
    assert_memory_not_equal(m.buffers[0].pvBuffer, plain.buffers[0].pvBuffer, 13);
    assert_status(contract_call(OP_UNSEAL, pair->b, 0, &m.desc, number ? number + 1 : 0), SEC_E_OK);
    assert_memory_equal(m.buffers[0].pvBuffer, plain.buffers[0].pvBuffer, 13);
    assert_memory_equal(m.buffers[3].pvBuffer, plain.buffers[3].pvBuffer, 20);
}
