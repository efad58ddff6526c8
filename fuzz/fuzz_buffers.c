/* SPDX-License-Identifier: MIT */
/*
 * Any descriptor over one arena. What is refused changes neither a byte nor the context; what is signed
 * verifies, what is sealed unseals to the same text at the peer.
 *
 * Input: kind of pair, operation, QOP selector, version, count, then buffers: type, attributes, offset(16),
 * size(16).
 */
#include "fuzz.h"

enum { ARENA = 2048, BUFFERS = 70 };

static CtxtHandle pairs[3][2];

static void start(void)
{
    static bool started;
    static const ULONG flags[3] = {ISC_REQ_INTEGRITY, ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY, 0};
    if (started)
        return;
    started = true;
    fuzz_start();
    for (int i = 0; i < 3; i++)
        fuzz_check(fuzz_pair(flags[i], &pairs[i][0], &pairs[i][1]));
}

static SecBuffer snapshot(CtxtHandle *context)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    fuzz_check(ExportSecurityContext(context, 0, &packed, NULL) == SEC_E_OK);
    return packed;
}

static void unchanged(CtxtHandle *context, SecBuffer *before)
{
    SecBuffer after = snapshot(context);
    fuzz_check(after.cbBuffer == before->cbBuffer &&
               memcmp(after.pvBuffer, before->pvBuffer, after.cbBuffer) == 0);
    FreeContextBuffer(after.pvBuffer);
}

static SECURITY_STATUS call(unsigned operation, CtxtHandle *context, ULONG qop, SecBufferDesc *desc)
{
    ULONG used;
    switch (operation) {
    case 0:
        return MakeSignature(context, qop, desc, 0);
    case 1:
        return VerifySignature(context, desc, 0, &used);
    case 2:
        return EncryptMessage(context, qop, desc, 0);
    default:
        return DecryptMessage(context, desc, 0, &used);
    }
}

static void describe(struct fuzz_input *in, uint8_t *arena, SecBuffer *buffers, SecBufferDesc *desc)
{
    static const ULONG types[] = {SECBUFFER_DATA,   SECBUFFER_TOKEN,   SECBUFFER_DATA,
                                  SECBUFFER_STREAM, SECBUFFER_PADDING, SECBUFFER_EMPTY};
    ULONG count = fuzz_u8(in);
    desc->ulVersion = fuzz_u8(in) == 0xff ? 1 : SECBUFFER_VERSION;
    desc->cBuffers = count > BUFFERS ? 4 : count;
    desc->pBuffers = buffers;
    for (ULONG i = 0; i < desc->cBuffers; i++) {
        uint8_t type = fuzz_u8(in);
        ULONG offset = fuzz_u16(in) % ARENA, size = fuzz_u16(in);
        size = size % (ARENA - offset + 1);
        buffers[i].BufferType = types[type % 6] | (ULONG)(type >> 4) << 28;
        buffers[i].cbBuffer = size;
        buffers[i].pvBuffer = type == 0x0f ? NULL : arena + offset;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ULONG qops[] = {0, 0, 0, SECQOP_WRAP_NO_ENCRYPT, 1, 0xffffffff};
    struct fuzz_input in = {data, size};
    SecBuffer buffers[BUFFERS];
    SecBufferDesc desc;
    uint8_t *arena = malloc(ARENA), before[ARENA];
    start();
    fuzz_check(arena != NULL);
    CtxtHandle *pair = pairs[fuzz_u8(&in) % 3];
    unsigned operation = fuzz_u8(&in) % 4;
    ULONG qop = qops[fuzz_u8(&in) % 6];
    describe(&in, arena, buffers, &desc);
    for (unsigned i = 0; i < ARENA; i++)
        arena[i] = (uint8_t)(i * 7);
    memcpy(before, arena, ARENA);

    CtxtHandle *context = &pair[operation % 2];
    SecBuffer state = snapshot(context);
    SECURITY_STATUS status = call(operation, context, qop, &desc);
    if (status != SEC_E_OK) {
        fuzz_check(memcmp(arena, before, ARENA) == 0);
        unchanged(context, &state);
    } else if (operation % 2 == 0) {
        /* Made: the peer takes it, and after opening only the token differs. */
        ULONG i = 0;
        while ((buffers[i].BufferType & ~SECBUFFER_ATTRMASK) != SECBUFFER_TOKEN)
            i++;
        for (ULONG j = 0; j < desc.cBuffers; j++) /* another way to give DecryptMessage its token */
            if ((buffers[j].BufferType & ~SECBUFFER_ATTRMASK) == SECBUFFER_STREAM)
                buffers[j].BufferType = SECBUFFER_EMPTY;
        unsigned check = operation == 0 || qop == SECQOP_WRAP_NO_ENCRYPT ? 1 : 3;
        fuzz_check(call(check, &pair[1], 0, &desc) == SEC_E_OK);
        memcpy(before + ((uint8_t *)buffers[i].pvBuffer - arena), buffers[i].pvBuffer, buffers[i].cbBuffer);
        fuzz_check(memcmp(arena, before, ARENA) == 0);
    }
    FreeContextBuffer(state.pvBuffer);
    free(arena);
    return 0;
}
