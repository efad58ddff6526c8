/* SPDX-License-Identifier: MIT */
/*
 * Buffer shapes: which are refused with what status, in which order the checks come, and what counts as the
 * message in those that are taken.
 */
#include "contract.h"

#include <string.h>

/* ---- refused ones ---- */

enum {
    SIGNING = 1 << OP_SIGN | 1 << OP_VERIFY,
    SEALING = 1 << OP_SEAL | 1 << OP_UNSEAL,
    ALL = SIGNING | SEALING
};

struct shape {
    const char *name;
    void (*build)(struct parcel *m, ULONG token_size);
    unsigned operations;
    SECURITY_STATUS status;
};

static void wrong_version(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->desc.ulVersion = SECBUFFER_VERSION + 1;
}

static void huge_version(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->desc.ulVersion = 0xffffffff;
}

static void no_buffers(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->desc.cBuffers = 0;
}

static void null_array(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->desc.pBuffers = NULL;
}

static void many(struct parcel *m, ULONG size, unsigned count)
{
    parcel_start(m);
    parcel_add(m, SECBUFFER_TOKEN, size, 1);
    while (m->desc.cBuffers < count)
        parcel_add(m, SECBUFFER_DATA, 3, m->desc.cBuffers);
}

static void buffers_65(struct parcel *m, ULONG size)
{
    many(m, size, 65);
}

static void count_of_2_to_32(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->desc.cBuffers = 0xffffffff;
}

static void data_without_memory(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->buffers[0].pvBuffer = NULL;
}

static void readonly_without_memory(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->buffers[1].pvBuffer = NULL;
}

static void unsigned_without_memory(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->buffers[3].pvBuffer = NULL;
    m->buffers[3].BufferType |= SECBUFFER_READONLY;
}

static void token_without_memory(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->buffers[2].pvBuffer = NULL;
}

static void no_token(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->buffers[2].BufferType = SECBUFFER_PADDING;
}

static void only_data(struct parcel *m, ULONG size)
{
    (void)size;
    parcel_start(m);
    parcel_add(m, SECBUFFER_DATA, 5, 1);
}

static void stream_only(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->buffers[2].BufferType = SECBUFFER_STREAM;
}

static void two_tokens(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    parcel_add(m, SECBUFFER_TOKEN, size, 5);
}

static void two_tokens_one_masked(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    parcel_add(m, SECBUFFER_TOKEN | SECBUFFER_READONLY_WITH_CHECKSUM, size, 5);
}

static void two_tokens_one_empty(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    parcel_add(m, SECBUFFER_TOKEN, 0, 5)->pvBuffer = NULL;
}

static void overlap(struct parcel *m, ULONG size, unsigned data, ULONG data_size, int offset)
{
    parcel_usual(m, size, 1);
    m->buffers[data].cbBuffer = data_size;
    m->buffers[data].pvBuffer = (uint8_t *)m->buffers[2].pvBuffer + offset;
}

static void overlap_at_start(struct parcel *m, ULONG size)
{
    overlap(m, size, 0, 8, -7);
}

static void overlap_at_end(struct parcel *m, ULONG size)
{
    overlap(m, size, 3, 8, (int)size - 1);
}

static void overlap_inside(struct parcel *m, ULONG size)
{
    overlap(m, size, 3, 1, 5);
}

static void overlap_same(struct parcel *m, ULONG size)
{
    overlap(m, size, 0, size, 0);
}

static void overlap_around(struct parcel *m, ULONG size)
{
    overlap(m, size, 3, size + 4, -2);
}

static void overlap_readonly(struct parcel *m, ULONG size)
{
    overlap(m, size, 1, 1, 0);
}

static void overlap_unsigned(struct parcel *m, ULONG size)
{
    overlap(m, size, 3, 4, 0);
    m->buffers[3].BufferType |= SECBUFFER_READONLY;
}

static void data_over_data(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->buffers[3].pvBuffer = (uint8_t *)m->buffers[0].pvBuffer + 12;
}

static void data_twice(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->buffers[3].pvBuffer = m->buffers[0].pvBuffer;
}

static void data_over_readonly(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 1);
    m->buffers[1].pvBuffer = m->buffers[3].pvBuffer;
}

static const struct shape refused[] = {
    {"wrong version", wrong_version, ALL, SEC_E_INVALID_TOKEN},
    {"version 2^32-1", huge_version, ALL, SEC_E_INVALID_TOKEN},
    {"cBuffers 0", no_buffers, ALL, SEC_E_INVALID_TOKEN},
    {"pBuffers NULL", null_array, ALL, SEC_E_INVALID_TOKEN},
    {"65 buffers", buffers_65, ALL, SEC_E_INVALID_TOKEN},
    {"2^32-1 buffers", count_of_2_to_32, ALL, SEC_E_INVALID_TOKEN},
    {"DATA without memory", data_without_memory, ALL, SEC_E_INVALID_TOKEN},
    {"read-only DATA without memory", readonly_without_memory, ALL, SEC_E_INVALID_TOKEN},
    {"unsigned DATA without memory", unsigned_without_memory, ALL, SEC_E_INVALID_TOKEN},
    {"TOKEN without memory", token_without_memory, ALL, SEC_E_INVALID_TOKEN},
    {"no TOKEN", no_token, ALL, SEC_E_INVALID_TOKEN},
    {"DATA alone", only_data, ALL, SEC_E_INVALID_TOKEN},
    {"STREAM instead of TOKEN", stream_only, SIGNING | 1 << OP_SEAL, SEC_E_INVALID_TOKEN},
    {"STREAM with several DATA", stream_only, 1 << OP_UNSEAL, SEC_E_INVALID_TOKEN},
    {"two TOKENs", two_tokens, ALL, SEC_E_INVALID_TOKEN},
    {"two TOKENs, one with attributes", two_tokens_one_masked, ALL, SEC_E_INVALID_TOKEN},
    {"two TOKENs, one empty", two_tokens_one_empty, ALL, SEC_E_INVALID_TOKEN},
    {"DATA ends in TOKEN", overlap_at_start, ALL, SEC_E_INVALID_PARAMETER},
    {"DATA starts in TOKEN", overlap_at_end, ALL, SEC_E_INVALID_PARAMETER},
    {"DATA inside TOKEN", overlap_inside, ALL, SEC_E_INVALID_PARAMETER},
    {"DATA is TOKEN", overlap_same, ALL, SEC_E_INVALID_PARAMETER},
    {"DATA around TOKEN", overlap_around, ALL, SEC_E_INVALID_PARAMETER},
    {"read-only DATA in TOKEN", overlap_readonly, ALL, SEC_E_INVALID_PARAMETER},
    {"unsigned DATA in TOKEN", overlap_unsigned, ALL, SEC_E_INVALID_PARAMETER},
    {"DATA over DATA", data_over_data, SEALING, SEC_E_INVALID_PARAMETER},
    {"the same DATA twice", data_twice, SEALING, SEC_E_INVALID_PARAMETER},
    {"read-only DATA over DATA", data_over_readonly, SEALING, SEC_E_INVALID_PARAMETER},
};

static void each_refused(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct parcel m;
    char what[128];
    uint32_t number = 1;
    contract_open(&pair, mode);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        for (enum operation op = OP_SIGN; op < OP_COUNT; op++) {
            if (!(refused[i].operations & 1u << op) || (!mode->seals && op >= OP_SEAL))
                continue;
            refused[i].build(&m, contract_token_size(mode, op));
            snprintf(what, sizeof what, "%s, %s", mode->name, refused[i].name);
            contract_refuses(op, op == OP_SIGN || op == OP_SEAL ? pair.a : pair.b, 0, &m, number,
                             refused[i].status, what);
        }
        contract_genuine(&pair, number);
        number += 2;
    }
    for (enum operation op = OP_SIGN; op < (mode->seals ? OP_COUNT : OP_SEAL); op++)
        assert_status(contract_call(op, pair.a, 0, NULL, 0), SEC_E_INVALID_TOKEN);
    contract_genuine(&pair, number);
    contract_close(&pair);
}

static void test_refused_shapes(void **state)
{
    (void)state;
    contract_each(each_refused);
}

static void each_qop(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct parcel m;
    contract_open(&pair, mode);
    for (const ULONG *qop = mode->package->sign_qops_refused; *qop; qop++) {
        parcel_usual(&m, mode->sign_size, 1);
        contract_refuses(OP_SIGN, pair.a, *qop, &m, 1, SEC_E_QOP_NOT_SUPPORTED, mode->name);
    }
    for (const ULONG *qop = mode->package->seal_qops_refused; mode->seals && *qop; qop++) {
        parcel_usual(&m, mode->seal_size, 1);
        contract_refuses(OP_SEAL, pair.a, *qop, &m, 1, SEC_E_QOP_NOT_SUPPORTED, mode->name);
    }
    contract_genuine(&pair, 1);
    contract_close(&pair);
}

static void test_refused_qops(void **state)
{
    (void)state;
    contract_each(each_qop);
}

/* ---- the order of the checks: each shape breaks its own row and all the later ones ---- */

static void break_overlap(struct parcel *m)
{
    m->buffers[3].pvBuffer = m->buffers[2].pvBuffer;
}

static void break_size(struct parcel *m)
{
    break_overlap(m);
    m->buffers[2].cbBuffer--;
}

static void break_shape(struct parcel *m)
{
    break_size(m);
    parcel_add(m, SECBUFFER_TOKEN, 1, 1);
}

static void break_descriptor(struct parcel *m)
{
    break_shape(m);
    m->desc.ulVersion = 7;
}

static void order(struct contract_pair *pair, enum operation op, CtxtHandle *context, bool expired)
{
    const struct contract_package *package = pair->mode->package;
    const ULONG bad = *(op == OP_SIGN ? package->sign_qops_refused : package->seal_qops_refused);
    const struct {
        void (*build)(struct parcel *m);
        ULONG qop;
        SECURITY_STATUS make, check;
        const char *name;
    } rows[] = {
        {break_descriptor, bad, SEC_E_INVALID_TOKEN, SEC_E_INVALID_TOKEN, "row 3 first"},
        {break_shape, bad, SEC_E_INVALID_TOKEN, SEC_E_INVALID_TOKEN, "row 4 first"},
        {break_size, bad, SEC_E_QOP_NOT_SUPPORTED, SEC_E_INVALID_TOKEN, "row 5 first"},
        {break_size, 0, SEC_E_BUFFER_TOO_SMALL, SEC_E_INVALID_TOKEN, "row 6 first"},
        {break_overlap, 0, SEC_E_INVALID_PARAMETER, SEC_E_INVALID_PARAMETER, "row 7 first"},
    };
    struct parcel m;
    bool makes = op == OP_SIGN || op == OP_SEAL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        parcel_usual(&m, contract_token_size(pair->mode, op), 1);
        rows[i].build(&m);
        contract_refuses(op, context, rows[i].qop, &m, 1, makes ? rows[i].make : rows[i].check, rows[i].name);
    }
    if (expired) {
        parcel_usual(&m, contract_token_size(pair->mode, op), 1);
        contract_refuses(op, context, 0, &m, 1, SEC_E_CONTEXT_EXPIRED, "row 8");
    }
}

static void each_order(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct parcel m;
    contract_open(&pair, mode);
    if (mode->expires)
        mode->package->near_end(&pair, 0);
    for (enum operation op = OP_SIGN; op < (mode->seals ? OP_COUNT : OP_SEAL); op++) {
        bool makes = op == OP_SIGN || op == OP_SEAL;
        order(&pair, op, makes ? pair.a : pair.b, mode->expires);
        /* Row 1 comes before all of them. */
        CtxtHandle none = {0, 0};
        parcel_usual(&m, 1, 1);
        break_descriptor(&m);
        assert_status(contract_call(op, &none, 1, &m.desc, 1), SEC_E_INVALID_HANDLE);
        assert_status(contract_call(op, NULL, 1, NULL, 1), SEC_E_INVALID_HANDLE);
    }
    contract_close(&pair);
}

static void test_order_of_checks(void **state)
{
    (void)state;
    contract_each(each_order);
}

/* ---- accepted ones, and what the message is ---- */

static void shape_usual(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 11);
}

static void shape_one(struct parcel *m, ULONG size)
{
    parcel_start(m);
    parcel_add(m, SECBUFFER_DATA, 40, 1);
    parcel_add(m, SECBUFFER_TOKEN, size, 2);
}

static void shape_token_first(struct parcel *m, ULONG size)
{
    parcel_start(m);
    parcel_add(m, SECBUFFER_TOKEN, size, 2);
    parcel_add(m, SECBUFFER_DATA, 40, 1);
    parcel_add(m, SECBUFFER_DATA, 7, 3);
}

static void shape_64(struct parcel *m, ULONG size)
{
    many(m, size, 64);
}

static void shape_token_alone(struct parcel *m, ULONG size)
{
    parcel_start(m);
    parcel_add(m, SECBUFFER_TOKEN, size, 2);
}

static void shape_empty_data(struct parcel *m, ULONG size)
{
    parcel_start(m);
    parcel_add(m, SECBUFFER_DATA, 0, 1)->pvBuffer = NULL;
    parcel_add(m, SECBUFFER_TOKEN, size, 2);
    parcel_add(m, SECBUFFER_DATA, 0, 1);
}

/* An empty buffer overlaps nothing, wherever it points. */
static void shape_empty_data_in_token(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 3);
    m->buffers[0].cbBuffer = 0;
    m->buffers[0].pvBuffer = (uint8_t *)m->buffers[2].pvBuffer + 3;
}

static void shape_touching(struct parcel *m, ULONG size)
{
    parcel_usual(m, size, 3);
    m->buffers[0].pvBuffer = (uint8_t *)m->buffers[2].pvBuffer - 13;
    m->buffers[3].pvBuffer = (uint8_t *)m->buffers[2].pvBuffer + size;
}

static void shape_other_types(struct parcel *m, ULONG size)
{
    parcel_start(m);
    parcel_add(m, SECBUFFER_EMPTY, 3, 1);
    parcel_add(m, SECBUFFER_DATA, 12, 2);
    parcel_add(m, SECBUFFER_PADDING, 8, 3);
    parcel_add(m, SECBUFFER_TOKEN, size, 4);
    parcel_add(m, SECBUFFER_PKG_PARAMS, 4, 5)->pvBuffer = NULL;
    parcel_add(m, SECBUFFER_STREAM_TRAILER | SECBUFFER_READONLY, 4, 6);
    parcel_add(m, SECBUFFER_EXTRA, 4, 7);
    parcel_add(m, 0x0fffffff, 9, 8)->pvBuffer = NULL;
}

static void shape_attributes(struct parcel *m, ULONG size)
{
    parcel_start(m);
    parcel_add(m, SECBUFFER_DATA | 0x20000000, 12, 2);
    parcel_add(m, SECBUFFER_DATA | 0x40000000, 9, 3);
    parcel_add(m, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, 5, 4);
    parcel_add(m, SECBUFFER_TOKEN | 0x60000000, size, 5);
    parcel_add(m, SECBUFFER_DATA | SECBUFFER_READONLY, 6, 6);
    parcel_add(m, SECBUFFER_DATA, 7, 7);
}

/* How DCE/RPC protects a PDU. */
static void shape_rpc(struct parcel *m, ULONG size)
{
    parcel_start(m);
    parcel_add(m, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, 24, 1);
    parcel_add(m, SECBUFFER_DATA, 100, 2);
    parcel_add(m, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, 8, 3);
    parcel_add(m, SECBUFFER_TOKEN, size, 4);
}

static void shape_readonly_only(struct parcel *m, ULONG size)
{
    parcel_start(m);
    parcel_add(m, SECBUFFER_DATA | SECBUFFER_READONLY, 24, 1);
    parcel_add(m, SECBUFFER_TOKEN, size, 4);
}

static void (*const accepted[])(struct parcel *m, ULONG size) = {
    shape_usual,       shape_one,        shape_token_first,   shape_64,
    shape_token_alone, shape_empty_data, shape_touching,      shape_other_types,
    shape_attributes,  shape_rpc,        shape_readonly_only, shape_empty_data_in_token,
};

static bool is_data(const SecBuffer *b)
{
    return (b->BufferType & ~SECBUFFER_ATTRMASK) == SECBUFFER_DATA;
}

static bool is_signed(const struct contract_mode *mode, const SecBuffer *b)
{
    return is_data(b) && (mode->readonly_signed || !(b->BufferType & SECBUFFER_READONLY));
}

static bool is_sealed(const SecBuffer *b)
{
    return is_data(b) && !(b->BufferType & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM));
}

/* One DATA with all that is signed, in order, and m's token. */
static void concatenate(const struct contract_mode *mode, const struct parcel *m, struct parcel *one)
{
    parcel_start(one);
    SecBuffer *data = parcel_add(one, SECBUFFER_DATA, 2048, 0);
    data->cbBuffer = 0;
    for (ULONG i = 0; i < m->desc.cBuffers; i++) {
        const SecBuffer *b = &m->buffers[i];
        if (!is_signed(mode, b) || !b->cbBuffer)
            continue;
        memcpy((uint8_t *)data->pvBuffer + data->cbBuffer, b->pvBuffer, b->cbBuffer);
        data->cbBuffer += b->cbBuffer;
    }
    for (ULONG i = 0; i < m->desc.cBuffers; i++)
        if ((m->buffers[i].BufferType & ~SECBUFFER_ATTRMASK) == SECBUFFER_TOKEN)
            memcpy(parcel_add(one, SECBUFFER_TOKEN, m->buffers[i].cbBuffer, 0)->pvBuffer,
                   m->buffers[i].pvBuffer, m->buffers[i].cbBuffer);
}

/* A change in the first or last byte of every signed buffer is seen; in others it is not looked at. */
static void probe(struct contract_pair *pair, enum operation check, const struct parcel *genuine,
                  ULONG number)
{
    struct parcel m;
    for (ULONG i = 0; i < genuine->desc.cBuffers; i++) {
        const SecBuffer *b = &genuine->buffers[i];
        if (!is_signed(pair->mode, b) || !b->cbBuffer || pair->mode->dummy)
            continue;
        for (int last = 0; last < 2; last++) {
            parcel_copy(&m, genuine);
            ((uint8_t *)m.buffers[i].pvBuffer)[last ? b->cbBuffer - 1 : 0] ^= 0x80;
            contract_refuses(check, pair->b, 0, &m, number, SEC_E_MESSAGE_ALTERED, "a changed buffer");
        }
    }
    parcel_copy(&m, genuine);
    for (ULONG i = 0; i < m.desc.cBuffers; i++) {
        const SecBuffer *b = &m.buffers[i];
        bool token = (b->BufferType & ~SECBUFFER_ATTRMASK) == SECBUFFER_TOKEN;
        if (!token && !is_signed(pair->mode, b) && b->cbBuffer && b->pvBuffer)
            *(uint8_t *)b->pvBuffer ^= 0x80;
    }
    assert_status(contract_call(check, pair->b, 0, &m.desc, number), SEC_E_OK);
}

static void sign_shape(struct contract_pair *pair, void (*build)(struct parcel *, ULONG), ULONG number)
{
    struct parcel m, before, one;
    build(&m, pair->mode->sign_size);
    parcel_copy(&before, &m);
    assert_status(contract_call(OP_SIGN, pair->a, 0, &m.desc, number), SEC_E_OK);
    assert_int_equal(parcel_token(&m)->cbBuffer, pair->mode->sign_size);
    /* Only the token was written. */
    memcpy(parcel_token(&before)->pvBuffer, parcel_token(&m)->pvBuffer, pair->mode->sign_size);
    parcel_assert_same(&m, &before, "MakeSignature");
    probe(pair, OP_VERIFY, &m, number);

    /* The same message as one buffer. */
    build(&m, pair->mode->sign_size);
    assert_status(contract_call(OP_SIGN, pair->a, 0, &m.desc, number + 1), SEC_E_OK);
    concatenate(pair->mode, &m, &one);
    assert_status(contract_call(OP_VERIFY, pair->b, 0, &one.desc, number + 1), SEC_E_OK);
}

static void seal_shape(struct contract_pair *pair, void (*build)(struct parcel *, ULONG), ULONG number)
{
    struct parcel m, plain;
    build(&m, pair->mode->seal_size);
    parcel_copy(&plain, &m);
    assert_status(contract_call(OP_SEAL, pair->a, 0, &m.desc, number), SEC_E_OK);
    assert_int_equal(parcel_token(&m)->cbBuffer, pair->mode->seal_size);
    for (ULONG i = 0; i < m.desc.cBuffers; i++) {
        const SecBuffer *b = &m.buffers[i], *p = &plain.buffers[i];
        if (is_sealed(b) && b->cbBuffer >= 5)
            assert_memory_not_equal(b->pvBuffer, p->pvBuffer, b->cbBuffer);
        else if (!is_sealed(b) && (b->BufferType & ~SECBUFFER_ATTRMASK) != SECBUFFER_TOKEN && b->pvBuffer &&
                 b->cbBuffer)
            assert_memory_equal(b->pvBuffer, p->pvBuffer, b->cbBuffer);
    }
    struct parcel sealed;
    parcel_copy(&sealed, &m);
    probe(pair, OP_UNSEAL, &sealed, number);

    /* And unsealed without a change everything reads as before. */
    build(&m, pair->mode->seal_size);
    assert_status(contract_call(OP_SEAL, pair->a, 0, &m.desc, number + 1), SEC_E_OK);
    assert_status(contract_call(OP_UNSEAL, pair->b, 0, &m.desc, number + 1), SEC_E_OK);
    memcpy(parcel_token(&plain)->pvBuffer, parcel_token(&m)->pvBuffer, pair->mode->seal_size);
    for (ULONG i = 0; i < plain.desc.cBuffers && pair->mode->plain_size; i++)
        if (plain.buffers[i].BufferType == SECBUFFER_PADDING)
            plain.buffers[i].cbBuffer = 0;
    parcel_assert_same(&m, &plain, "EncryptMessage and DecryptMessage");
}

static void each_accepted(const struct contract_mode *mode)
{
    struct contract_pair pair;
    ULONG number = 1;
    contract_open(&pair, mode);
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++, number += 4) {
        sign_shape(&pair, accepted[i], number);
        if (mode->seals)
            seal_shape(&pair, accepted[i], number + 2);
    }
    contract_close(&pair);
}

static void test_accepted_shapes(void **state)
{
    (void)state;
    contract_each(each_accepted);
}

/* Signing alone may read one DATA twice. */
static void each_shared_data(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct parcel m;
    contract_open(&pair, mode);
    data_twice(&m, mode->sign_size);
    assert_status(contract_call(OP_SIGN, pair.a, 0, &m.desc, 1), SEC_E_OK);
    assert_status(contract_call(OP_VERIFY, pair.b, 0, &m.desc, 1), SEC_E_OK);
    contract_close(&pair);
}

static void test_shared_data(void **state)
{
    (void)state;
    contract_each(each_shared_data);
}

/* DecryptMessage of STREAM and DATA: the token and the sealed text stand in one buffer. */
static void each_stream(const struct contract_mode *mode)
{
    struct contract_pair pair;
    uint8_t stream[256], text[100];
    if (!mode->seals)
        return;
    contract_open(&pair, mode);
    kit_fill(text, sizeof text, 77);
    for (ULONG number = 1; number < 4; number++) {
        ULONG size = mode->seal_size;
        SecBuffer make[2] = {{size, SECBUFFER_TOKEN, stream}, {sizeof text, SECBUFFER_DATA, stream + size}};
        SecBufferDesc make_desc = {SECBUFFER_VERSION, 2, make};
        memcpy(stream + size, text, sizeof text);
        assert_status(EncryptMessage(pair.a, 0, &make_desc, number), SEC_E_OK);

        struct parcel m;
        parcel_start(&m);
        memcpy(parcel_add(&m, SECBUFFER_STREAM, size + sizeof text, 0)->pvBuffer, stream, size + sizeof text);
        parcel_add(&m, SECBUFFER_DATA, 0, 0)->pvBuffer = NULL;
        m.buffers[0].cbBuffer = size - 1;
        contract_refuses(OP_UNSEAL, pair.b, 0, &m, number, SEC_E_INVALID_TOKEN,
                         "STREAM shorter than a token");
        m.buffers[0].cbBuffer = size + sizeof text - 1;
        contract_refuses(OP_UNSEAL, pair.b, 0, &m, number,
                         mode->shared_stream ? SEC_E_OUT_OF_SEQUENCE : SEC_E_MESSAGE_ALTERED, "STREAM cut");
        m.buffers[0].cbBuffer = size + sizeof text;
        ((uint8_t *)m.buffers[0].pvBuffer)[size] ^= 1;
        contract_refuses(OP_UNSEAL, pair.b, 0, &m, number, SEC_E_MESSAGE_ALTERED, "STREAM changed");
        ((uint8_t *)m.buffers[0].pvBuffer)[size] ^= 1;
        assert_status(contract_call(OP_UNSEAL, pair.b, 0, &m.desc, number), SEC_E_OK);
        assert_int_equal(m.buffers[1].cbBuffer, sizeof text);
        assert_ptr_equal(m.buffers[1].pvBuffer, (uint8_t *)m.buffers[0].pvBuffer + size);
        assert_memory_equal(m.buffers[1].pvBuffer, text, sizeof text);
    }
    contract_close(&pair);
}

static void test_stream(void **state)
{
    (void)state;
    contract_each(each_stream);
}

/* SECQOP_WRAP_NO_ENCRYPT leaves the text alone and makes what VerifySignature accepts. */
static void each_no_encrypt(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct parcel m, before;
    if (!mode->seals)
        return;
    contract_open(&pair, mode);
    parcel_usual(&m, mode->seal_size, 5);
    parcel_copy(&before, &m);
    assert_status(contract_call(OP_SEAL, pair.a, SECQOP_WRAP_NO_ENCRYPT, &m.desc, 1), SEC_E_OK);
    memcpy(parcel_token(&before)->pvBuffer, parcel_token(&m)->pvBuffer, mode->seal_size);
    if (mode->plain_size)
        parcel_token(&before)->cbBuffer = mode->plain_size;
    parcel_assert_same(&m, &before, "EncryptMessage without encryption");
    assert_status(contract_call(mode->plain_size ? OP_UNSEAL : OP_VERIFY, pair.b, 0, &m.desc, 1), SEC_E_OK);
    contract_genuine(&pair, 2);
    contract_close(&pair);
}

static void test_no_encrypt(void **state)
{
    (void)state;
    contract_each(each_no_encrypt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_shapes),  cmocka_unit_test(test_refused_qops),
        cmocka_unit_test(test_order_of_checks), cmocka_unit_test(test_accepted_shapes),
        cmocka_unit_test(test_shared_data),     cmocka_unit_test(test_stream),
        cmocka_unit_test(test_no_encrypt),
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
