/* SPDX-License-Identifier: MIT */
#include "twins.h"

#include <string.h>

#include "base/mem.h"
#include "base/sources.h"
#include "packages/kerberos/kerberos_package.h"
#include "packages/ntlm/ntlm_package.h"

struct twin twin_open(const char *package, struct ksec_bytes packed)
{
    struct twin t;
    PSECPKG_USER_FUNCTION_TABLE table;
    ULONG version, count;
    struct ksec_bytes payload = ksec_kit_payload(package, &packed);
    SecBuffer buffer = {(ULONG)packed.size, SECBUFFER_EMPTY, packed.data};
    ksec_kit_start();
    bool ntlm = strcmp(package, "NTLM") == 0;
    assert_int_equal((ntlm ? ntlm_SpUserModeInitialize : kerberos_SpUserModeInitialize)(
                         SECPKG_INTERFACE_VERSION, &version, &table, &count),
                     SEC_E_OK);
    t.table = table;
    assert_int_equal(table->ImportContext(&buffer, NULL, &t.user), SEC_E_OK);
    assert_int_equal(ksec_load(payload.data, payload.size, 0, &t.kernel), SEC_E_OK);
    ksec_bytes_free(&payload);
    ksec_bytes_free(&packed);
    return t;
}

void twin_close(struct twin *t)
{
    assert_int_equal(t->table->DeleteUserModeContext(t->user), SEC_E_OK);
    assert_int_equal(ksec_unload(&t->kernel), SEC_E_OK);
}

NTSTATUS twin_user(const struct twin *t, enum twin_operation op, ULONG *qop, SecBufferDesc *desc,
                   ULONG number)
{
    switch (op) {
    case TWIN_SIGN:
        return t->table->MakeSignature(t->user, *qop, desc, number);
    case TWIN_VERIFY:
        return t->table->VerifySignature(t->user, desc, number, qop);
    case TWIN_SEAL:
        return t->table->SealMessage(t->user, *qop, desc, number);
    default:
        return t->table->UnsealMessage(t->user, desc, number, qop);
    }
}

NTSTATUS twin_kernel(const struct twin *t, enum twin_operation op, ULONG *qop, SecBufferDesc *desc,
                     ULONG number)
{
    switch (op) {
    case TWIN_SIGN:
        return ksec_kit_sign(&t->kernel, *qop, desc, number);
    case TWIN_VERIFY:
        return ksec_kit_verify(&t->kernel, desc, number, qop);
    case TWIN_SEAL:
        return ksec_kit_seal(&t->kernel, *qop, desc, number);
    default:
        return ksec_kit_unseal(&t->kernel, desc, number, qop);
    }
}

void twin_message_copy(struct twin_message *to, const struct twin_message *from)
{
    memcpy(to, from, sizeof *to);
    if (from->desc.pBuffers == from->buffers)
        to->desc.pBuffers = to->buffers;
    for (size_t i = 0; i < TWIN_BUFFERS; i++) {
        uintptr_t at = (uintptr_t)from->buffers[i].pvBuffer - (uintptr_t)from->bytes;
        if (from->buffers[i].pvBuffer != NULL && at <= TWIN_ROOM)
            to->buffers[i].pvBuffer = to->bytes + at;
    }
}

struct ksec_bytes twin_state(const struct twin *t)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    struct ksec_bytes kernel = ksec_kit_export(&t->kernel);
    assert_int_equal(t->table->ExportContext(t->user, 0, &packed, NULL), SEC_E_OK);
    assert_int_equal(packed.cbBuffer, kernel.size);
    assert_memory_equal(packed.pvBuffer, kernel.data, kernel.size);
    mem_client_free(packed.pvBuffer);
    return kernel;
}

static void message_same(const struct twin_message *a, const struct twin_message *b)
{
    struct twin_message moved;
    twin_message_copy(&moved, a);
    assert_memory_equal(a->bytes, b->bytes, TWIN_ROOM);
    for (size_t i = 0; i < TWIN_BUFFERS; i++) {
        const SecBuffer *x = &a->buffers[i], *y = &b->buffers[i];
        uintptr_t at_x = (uintptr_t)x->pvBuffer - (uintptr_t)a->bytes;
        uintptr_t at_y = (uintptr_t)y->pvBuffer - (uintptr_t)b->bytes;
        bool nowhere = x->pvBuffer == y->pvBuffer;
        if (x->cbBuffer != y->cbBuffer || x->BufferType != y->BufferType || (!nowhere && at_x != at_y))
            fail_msg("buffer %zu differs", i);
    }
}

NTSTATUS twin_do(const struct twin *t, enum twin_operation op, ULONG qop, struct twin_message *m,
                 ULONG number)
{
    static struct twin_message below, before;
    bool makes = op == TWIN_SIGN || op == TWIN_SEAL;
    ULONG qop_user = makes ? qop : 0x5a5a, qop_kernel = qop_user;
    twin_message_copy(&below, m);
    twin_message_copy(&before, m);
    struct ksec_bytes old = twin_state(t);
    NTSTATUS want = twin_user(t, op, &qop_user, &m->desc, number);
    NTSTATUS status = twin_kernel(t, op, &qop_kernel, &below.desc, number);
    if (status != want)
        fail_msg("operation %d: 0x%08x, the user half says 0x%08x", op, (unsigned)status, (unsigned)want);
    assert_int_equal(qop_kernel, qop_user);
    /* Confounders are random on either side; so then is all that depends on them. Unsealing undoes it. */
    if (op != TWIN_SEAL || status != SEC_E_OK)
        message_same(&below, m);
    struct ksec_bytes new = twin_state(t);
    if (status != SEC_E_OK) {
        message_same(&before, m);
        assert_int_equal(old.size, new.size);
        if (status != SEC_E_OUT_OF_SEQUENCE)
            assert_memory_equal(old.data, new.data, old.size);
    }
    ksec_bytes_free(&old);
    ksec_bytes_free(&new);
    return status;
}

static void fill(uint8_t *out, size_t size, uint32_t seed)
{
    uint32_t x = seed * 2654435761u + 12345;
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525 + 1013904223;
        out[i] = (uint8_t)(x >> 24);
    }
}

void twin_usual(struct twin_message *m, ULONG token_size, uint32_t seed)
{
    memset(m, 0, sizeof *m);
    fill(m->bytes, 512, seed);
    m->buffers[0] = (SecBuffer){13, SECBUFFER_DATA, m->bytes + 10};
    m->buffers[1] = (SecBuffer){1, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, m->bytes + 40};
    m->buffers[2] = (SecBuffer){token_size, SECBUFFER_TOKEN, m->bytes + 100};
    m->buffers[3] = (SecBuffer){20, SECBUFFER_DATA, m->bytes + 60};
    m->desc = (SecBufferDesc){SECBUFFER_VERSION, 4, m->buffers};
}

SecBuffer *twin_token(struct twin_message *m)
{
    return &m->buffers[2];
}
