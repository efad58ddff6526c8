/* SPDX-License-Identifier: MIT */
/*
 * Every bit of the token and of each buffer, changed one at a time; tokens of every length. Each change is
 * refused with the right status, changes nothing, and the genuine message passes right afterwards.
 */
#include "contract.h"

#include <string.h>

/* A genuine message from a, ready for b. */
static void make_parcel(struct contract_pair *pair, enum operation check, struct parcel *m, uint32_t seed)
{
    parcel_usual(m, contract_token_size(pair->mode, check), seed);
    assert_status(contract_call(check == OP_VERIFY ? OP_SIGN : OP_SEAL, pair->a, 0, &m->desc, seed),
                  SEC_E_OK);
}

static SECURITY_STATUS expected(const struct contract_mode *mode, const SecBuffer *b, ULONG byte)
{
    bool token = b->BufferType == SECBUFFER_TOKEN;
    if (token && byte >= mode->ignored_at && byte < mode->ignored_at + mode->ignored_bytes)
        return SEC_E_OK;
    if (!token && mode->dummy)
        return SEC_E_OK;
    if (token && mode->sequence_bytes && byte >= mode->sequence_at &&
        byte < mode->sequence_at + mode->sequence_bytes)
        return SEC_E_OUT_OF_SEQUENCE;
    return SEC_E_MESSAGE_ALTERED;
}

static void flip_all(const struct contract_mode *mode, enum operation check)
{
    struct contract_pair pair;
    struct parcel genuine, forged;
    char what[96];
    uint32_t seed = 1;
    unsigned refused = 0;
    contract_open(&pair, mode);
    for (ULONG buffer = 0; buffer < 4; buffer++) {
        make_parcel(&pair, check, &genuine, seed);
        for (ULONG bit = 0; bit < 8 * genuine.buffers[buffer].cbBuffer; bit++) {
            const SecBuffer *b = &genuine.buffers[buffer];
            parcel_copy(&forged, &genuine);
            ((uint8_t *)forged.buffers[buffer].pvBuffer)[bit / 8] ^= (uint8_t)(1u << bit % 8);
            snprintf(what, sizeof what, "%s, bit %u of buffer %u", mode->name, (unsigned)bit,
                     (unsigned)buffer);
            if (expected(mode, b, bit / 8) != SEC_E_OK) {
                contract_refuses(check, pair.b, 0, &forged, seed, expected(mode, b, bit / 8), what);
                refused++;
            } else {
                parcel_copy(&genuine, &forged);
            }
            assert_status(contract_call(check, pair.b, 0, &genuine.desc, seed), SEC_E_OK);
            make_parcel(&pair, check, &genuine, ++seed);
        }
        assert_status(contract_call(check, pair.b, 0, &genuine.desc, seed++), SEC_E_OK);
    }
    /* 13 + 1 + 20 bytes of data and the token; of the dummy only the token. */
    assert_int_equal(refused,
                     8 * (contract_token_size(mode, check) - mode->ignored_bytes + (mode->dummy ? 0 : 34)));
    contract_close(&pair);
}

static void each_flip_signature(const struct contract_mode *mode)
{
    flip_all(mode, OP_VERIFY);
}

static void each_flip_sealed(const struct contract_mode *mode)
{
    if (mode->seals)
        flip_all(mode, OP_UNSEAL);
}

static void test_flipped_bits_of_signed(void **state)
{
    (void)state;
    contract_each(each_flip_signature);
}

static void test_flipped_bits_of_sealed(void **state)
{
    (void)state;
    contract_each(each_flip_sealed);
}

/* Bytes moved from one buffer to its neighbour are the same message; cut or added ones are not. */
static void each_boundary(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct parcel m;
    if (mode->dummy)
        return;
    contract_open(&pair, mode);
    uint8_t text[48], token[128];
    kit_fill(text, sizeof text, 9);
    ULONG size = mode->sign_size;
    for (uint32_t cut = 0; cut <= sizeof text; cut++) {
        SecBuffer buffers[3] = {{sizeof text, SECBUFFER_DATA, text}, {size, SECBUFFER_TOKEN, token}};
        SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
        assert_status(MakeSignature(pair.a, 0, &desc, cut + 1), SEC_E_OK);
        parcel_start(&m);
        memcpy(parcel_add(&m, SECBUFFER_DATA, cut, 0)->pvBuffer, text, cut);
        memcpy(parcel_add(&m, SECBUFFER_TOKEN, size, 0)->pvBuffer, token, size);
        memcpy(parcel_add(&m, SECBUFFER_DATA, (ULONG)sizeof text - cut, 0)->pvBuffer, text + cut,
               sizeof text - cut);
        if (cut < sizeof text) {
            m.buffers[2].cbBuffer--;
            contract_refuses(OP_VERIFY, pair.b, 0, &m, cut + 1, SEC_E_MESSAGE_ALTERED,
                             "the last byte missing");
            m.buffers[2].cbBuffer += 2;
            contract_refuses(OP_VERIFY, pair.b, 0, &m, cut + 1, SEC_E_MESSAGE_ALTERED, "one byte more");
            m.buffers[2].cbBuffer--;
        }
        assert_status(contract_call(OP_VERIFY, pair.b, 0, &m.desc, cut + 1), SEC_E_OK);
    }
    contract_close(&pair);
}

static void test_buffer_boundaries(void **state)
{
    (void)state;
    contract_each(each_boundary);
}

static void lengths(const struct contract_mode *mode, enum operation make, enum operation check)
{
    struct contract_pair pair;
    struct parcel m, other;
    char what[96];
    ULONG exact = contract_token_size(mode, make), *size;
    uint32_t number = 1;
    contract_open(&pair, mode);
    for (ULONG length = 0; length <= exact + 24; length++, number++) {
        snprintf(what, sizeof what, "%s, token of %u bytes", mode->name, (unsigned)length);
        parcel_usual(&m, exact + 24, number);
        size = &parcel_token(&m)->cbBuffer;
        *size = length;
        if (length < exact) {
            contract_refuses(make, pair.a, 0, &m, number, SEC_E_BUFFER_TOO_SMALL, what);
            *size = exact;
        }
        /* Room for more is taken; the size says what was made, and nothing is written behind it. */
        parcel_copy(&other, &m);
        assert_status(contract_call(make, pair.a, 0, &m.desc, number), SEC_E_OK);
        assert_int_equal(*size, exact);
        assert_memory_equal((uint8_t *)parcel_token(&m)->pvBuffer + exact,
                            (uint8_t *)parcel_token(&other)->pvBuffer + exact, 24);
        if (length != exact) {
            *size = length;
            /* As long as one of another kind (not sealed; DCE style or not): then it is the wrong one. */
            bool other_kind = check == OP_UNSEAL && mode->plain_size &&
                              (length == mode->plain_size ||
                               length == (mode->isc & ISC_REQ_USE_DCE_STYLE ? exact - 16 : exact + 16));
            contract_refuses(check, pair.b, 0, &m, number,
                             other_kind ? SEC_E_MESSAGE_ALTERED : SEC_E_INVALID_TOKEN, what);
            *size = exact;
        }
        assert_status(contract_call(check, pair.b, 0, &m.desc, number), SEC_E_OK);
    }
    contract_close(&pair);
}

static void each_lengths(const struct contract_mode *mode)
{
    lengths(mode, OP_SIGN, OP_VERIFY);
    if (mode->seals)
        lengths(mode, OP_SEAL, OP_UNSEAL);
}

static void test_token_lengths(void **state)
{
    (void)state;
    contract_each(each_lengths);
}

/* SIZES says exactly what is reached. */
static void each_sizes(const struct contract_mode *mode)
{
    struct contract_pair pair;
    SecPkgContext_Sizes sizes;
    contract_open(&pair, mode);
    assert_status(QueryContextAttributesA(pair.a, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(sizes.cbMaxSignature, mode->sign_size);
    assert_int_equal(sizes.cbSecurityTrailer, mode->seal_size);
    contract_close(&pair);
}

static void test_sizes(void **state)
{
    (void)state;
    contract_each(each_sizes);
}

/* The dummy is the same for every message, says nothing of it, and FLAGS lets the caller see that. */
static void each_dummy(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct parcel m;
    static const uint8_t dummy[16] = {1};
    SecPkgContext_Flags flags;
    if (!mode->dummy)
        return;
    contract_open(&pair, mode);
    for (uint32_t i = 0; i < 3; i++) {
        parcel_usual(&m, 16, i);
        assert_status(contract_call(OP_SIGN, pair.a, 0, &m.desc, i), SEC_E_OK);
        assert_memory_equal(parcel_token(&m)->pvBuffer, dummy, 16);
        assert_status(contract_call(OP_VERIFY, pair.b, 0, &m.desc, i), SEC_E_OK);
        assert_status(contract_call(OP_VERIFY, pair.b, 0, &m.desc, i), SEC_E_OK);
    }
    assert_status(QueryContextAttributesA(pair.a, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
    assert_false(flags.Flags & (ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY | ISC_RET_SEQUENCE_DETECT |
                                ISC_RET_REPLAY_DETECT));
    assert_status(QueryContextAttributesA(pair.b, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
    assert_false(flags.Flags & (ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY | ASC_RET_SEQUENCE_DETECT |
                                ASC_RET_REPLAY_DETECT));
    contract_close(&pair);
}

static void test_dummy(void **state)
{
    (void)state;
    contract_each(each_dummy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flipped_bits_of_signed),
        cmocka_unit_test(test_flipped_bits_of_sealed),
        cmocka_unit_test(test_buffer_boundaries),
        cmocka_unit_test(test_token_lengths),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_dummy),
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
