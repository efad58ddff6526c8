/* SPDX-License-Identifier: MIT */
/* The packed context: what it carries, and that nothing else is taken. */
#include "harness.h"

#include <stdlib.h>

#include "packages/ntlm/ntlm_packed.h"

/* A context's bytes, from a handshake with those flags. */
static size_t packed_of(ULONG isc, uint8_t *out, size_t room)
{
    struct side i, a;
    pair_open(&i, &a, isc, 0);
    assert_true(i.packed_size <= room);
    memcpy(out, i.packed, i.packed_size);
    size_t size = i.packed_size;
    pair_close(&i, &a);
    return size;
}

static SECURITY_STATUS read_it(const uint8_t *in, size_t size)
{
    struct ntlm_packed p;
    char16_t *names = NULL;
    /* Its own memory of the exact size, so that a checker sees a step behind it. */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, in, size);
    SECURITY_STATUS status = ntlm_packed_read(&p, &names, copy, size);
    if (status == SEC_E_OK) {
        uint8_t *again = malloc(size);
        assert_non_null(again);
        assert_int_equal(ntlm_packed_size(&p), size);
        assert_true(ntlm_packed_write(&p, again, size));
        assert_memory_equal(again, copy, size); /* whatever is taken is canonical */
        free(again);
        mem_free(names);
    }
    free(copy);
    return status;
}

static void test_round_trip(void **state)
{
    uint8_t bytes[8192];
    (void)state;
    harness_start("min_session_security = none\nlm_compatibility_level = 0");
    static const ULONG flags[] = {0, ISC_REQ_INTEGRITY, ISC_REQ_CONFIDENTIALITY};
    for (size_t n = 0; n < 3; n++) {
        assert_status(read_it(bytes, packed_of(flags[n], bytes, sizeof bytes)), SEC_E_OK);
    }
    harness_start(NULL);
    for (size_t n = 0; n < 3; n++) {
        assert_status(read_it(bytes, packed_of(flags[n], bytes, sizeof bytes)), SEC_E_OK);
    }
}

static void test_truncations(void **state)
{
    uint8_t bytes[8192] = {0};
    (void)state;
    harness_start(NULL);
    size_t size = packed_of(ISC_REQ_CONFIDENTIALITY, bytes, sizeof bytes - 64);
    for (size_t n = 0; n < size; n++) {
        assert_status(read_it(bytes, n), SEC_E_INVALID_TOKEN);
    }
    for (size_t n = size + 1; n < size + 64; n++) {
        assert_status(read_it(bytes, n), SEC_E_INVALID_TOKEN);
    }
}

/* Every bit of the head changes the meaning or is refused; random damage never does anything worse. */
static void test_changes(void **state)
{
    uint8_t bytes[8192], changed[8192];
    (void)state;
    harness_start(NULL);
    size_t size = packed_of(ISC_REQ_CONFIDENTIALITY, bytes, sizeof bytes);
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        memcpy(changed, bytes, size);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        SECURITY_STATUS status = read_it(changed, size);
        assert_true(status == SEC_E_OK || status == SEC_E_INVALID_TOKEN);
        refused += status != SEC_E_OK;
        /* Attributes that no NTLM initiator has: MUTUAL_AUTH, DELEGATE, EXTENDED_ERROR, and the datagram bit
         * that the protection state contradicts. */
        const uint32_t never =
            ISC_RET_DELEGATE | ISC_RET_MUTUAL_AUTH | ISC_RET_EXTENDED_ERROR | ISC_RET_DATAGRAM;
        if (bit / 8 >= 16 && bit / 8 < 20 && (never >> (bit - 128) & 1)) {
            assert_status(status, SEC_E_INVALID_TOKEN);
        }
        bool must = bit / 8 < 16 || (bit / 8 >= 20 && bit / 8 < 24); /* magic, version, reserved, size */
        if (must) {
            assert_status(status, SEC_E_INVALID_TOKEN);
        }
    }
    assert_true(refused > 256);
    srand(1);
    for (int n = 0; n < 20000; n++) {
        memcpy(changed, bytes, size);
        for (int k = 0; k < 4; k++) {
            changed[(size_t)rand() % size] = (uint8_t)rand();
        }
        (void)read_it(changed, size);
    }
}

/* The user half takes a number once, and none that is marked as imported. */
static void test_claims(void **state)
{
    struct side i, a;
    (void)state;
    harness_start(NULL);
    pair_open(&i, &a, ISC_REQ_INTEGRITY, 0);
    const uintptr_t numbers[] = {i.context, 0, (uintptr_t)1 << 63 | 77};
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
        SecBuffer copy = {i.packed_size, 0, mem_client_alloc(i.packed_size)};
        memcpy(copy.pvBuffer, i.packed, i.packed_size);
        assert_status(user_table->InitUserModeContext(numbers[n], &copy), SEC_E_INVALID_HANDLE);
        assert_null(copy.pvBuffer); /* the user half's from the call on, whatever it answers: lsa.h */
    }
    assert_status(user_table->InitUserModeContext(77, NULL), SEC_E_INVALID_TOKEN);
    pair_talk(&i, &a);
    pair_close(&i, &a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
