/* SPDX-License-Identifier: MIT */
/* Memory running out at every single allocation of a handshake, and none at all per message. */
#include "harness.h"

#include <opensspi.h>
#include <stdlib.h>

static size_t asked;   /* allocations so far */
static size_t failing; /* the one that fails, from 1; 0: none */

static bool gate(void *arg, size_t size)
{
    (void)arg;
    (void)size;
    return ++asked != failing;
}

static void gate_on(size_t fail)
{
    asked = 0;
    failing = fail;
    mem_test_gate = gate;
}

static void gate_off(void)
{
    mem_test_gate = NULL;
}

/* The whole way once; the first status that is no success. */
static NTSTATUS whole_way(struct side *i, struct side *a, const char *user, const char *password)
{
    memset(i, 0, sizeof *i);
    memset(a, 0, sizeof *a);
    i->initiator = true;
    NTSTATUS status = side_open(i, true, TEST_DOMAIN, user, password);
    if (status == SEC_E_OK) {
        status = side_open(a, false, NULL, NULL, NULL);
    }
    return status == SEC_E_OK ? pair_shake(i, a, ISC_REQ_CONFIDENTIALITY, 0) : status;
}

static void sweep(const char *user, const char *password, NTSTATUS want)
{
    struct side i, a;
    for (int warm = 0; warm < 2; warm++) { /* slabs and heaps are reserved at first use */
        assert_status(whole_way(&i, &a, user, password), want);
        pair_close(&i, &a);
    }
    gate_on(0);
    assert_status(whole_way(&i, &a, user, password), want);
    size_t total = asked;
    gate_off();
    pair_close(&i, &a);
    assert_true(total > 20);
    size_t live = mem_live();
    for (size_t n = 1; n <= total; n++) {
        gate_on(n);
        NTSTATUS status = whole_way(&i, &a, user, password);
        gate_off();
        assert_true(asked >= n);
        if (status != SEC_E_INSUFFICIENT_MEMORY) {
            fail_msg("allocation %zu of %zu failed: status 0x%08x", n, total, (unsigned)status);
        }
        pair_close(&i, &a); /* fails the test when a handle is not the caller's to close */
        assert_int_equal(mem_live(), live);
    }
    assert_status(whole_way(&i, &a, user, password), want);
    if (want == SEC_E_OK) {
        pair_talk(&i, &a);
    }
    pair_close(&i, &a);
}

static void test_sweep(void **state)
{
    (void)state;
    harness_start(NULL);
    sweep(TEST_USER, TEST_PASSWORD, SEC_E_OK);
}

static void test_sweep_refused(void **state)
{
    (void)state;
    harness_start(NULL);
    sweep("nobody", "x", SEC_E_LOGON_DENIED);
}

static void test_sweep_user_file(void **state)
{
    (void)state;
    harness_start(NULL);
    harness_write("users", "EXAMPLE:carol:p\u00e4ss\n", 0600);
    setenv("NTLM_USER_FILE", harness_path("users"), 1);
    sweep("carol", NULL, SEC_E_OK);
    sweep("carol", "p\u00e4ss", SEC_E_OK);
}

/* Editing the store: nothing changes when memory is out. */
static void test_sweep_store(void **state)
{
    (void)state;
    harness_start(NULL);
    const char *store = harness_path("accounts");
    for (size_t n = 1;; n++) {
        gate_on(n);
        SECURITY_STATUS status = SspiAccountAdd(store, "D", "us\u00e9r", "p", FALSE, NULL);
        gate_off();
        if (status == SEC_E_OK) {
            assert_true(n > 4 && asked < n); /* it succeeds only when nothing failed */
            break;
        }
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        assert_status(SspiAccountRemove(store, "D", "US\u00c9R", NULL), SEC_E_UNKNOWN_CREDENTIALS);
    }
    harness_write("users", "I:one:x\nI:two:y\n", 0600);
    for (size_t n = 1;; n++) {
        gate_on(n);
        SECURITY_STATUS status = SspiAccountImport(store, harness_path("users"), FALSE, NULL, NULL);
        gate_off();
        if (status == SEC_E_OK) {
            assert_true(n > 4 && asked < n); /* it succeeds only when nothing failed */
            break;
        }
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        assert_status(SspiAccountRemove(store, "I", "one", NULL), SEC_E_UNKNOWN_CREDENTIALS);
    }
    assert_status(SspiAccountRemove(store, "I", "two", NULL), SEC_E_OK);
}

/* Attributes give memory back when the second of two strings fails: nothing is written. */
static void test_sweep_attributes(void **state)
{
    /* Which pointer-sized words of the answer are the application's to free. */
    static const struct {
        ULONG attribute;
        unsigned words;
    } attributes[] = {
        {SECPKG_ATTR_NAMES, 1},
        {SECPKG_ATTR_KEY_INFO, 3},
        {SECPKG_ATTR_SESSION_KEY, 2},
        {SECPKG_ATTR_PACKAGE_INFO, 1},
        {SECPKG_ATTR_AUTHORITY, 1},
        {SECPKG_ATTR_NEGOTIATION_INFO, 1},
        {SECPKG_ATTR_TARGET, 2},
        {SECPKG_ATTR_NATIVE_NAMES, 3},
        {SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, 1},
    };
    struct side i, a;
    uintptr_t buffer[16], untouched[16];
    (void)state;
    harness_start(NULL);
    pair_open(&i, &a, ISC_REQ_INTEGRITY, 0);
    memset(untouched, 0x5a, sizeof untouched);
    for (size_t k = 0; k < sizeof attributes / sizeof attributes[0]; k++) {
        for (size_t n = 1;; n++) {
            memcpy(buffer, untouched, sizeof buffer);
            gate_on(n);
            NTSTATUS status = user_table->QueryContextAttributes(i.context, attributes[k].attribute, buffer);
            gate_off();
            if (status == SEC_E_OK) {
                assert_true(n > 1 && asked < n);
                for (unsigned word = 0; word < 2; word++) {
                    mem_client_free(attributes[k].words >> word & 1 ? (void *)buffer[word] : NULL);
                }
                break;
            }
            assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
            assert_memory_equal(buffer, untouched, sizeof buffer);
        }
    }
    pair_close(&i, &a);
}

/* Signing, verifying, sealing and unsealing ask for no memory. */
static void test_no_allocations(void **state)
{
    struct side i, a;
    (void)state;
    harness_start(NULL);
    pair_open(&i, &a, ISC_REQ_CONFIDENTIALITY, 0);
    gate_on(1);
    pair_talk(&i, &a);
    gate_off();
    assert_int_equal(asked, 0);
    pair_close(&i, &a);
}

/* While a leg is being worked on nobody else gets at the handshake: tried from inside, at each allocation. */
static struct side *inner;
static const uint8_t *inner_token;
static ULONG inner_size;
static unsigned inner_tries;

static bool gate_intruding(void *arg, size_t size)
{
    struct side *s = inner;
    SecPkgContext_NegotiationInfoW info;
    (void)arg;
    (void)size;
    if (s != NULL) {
        inner = NULL; /* the attempts may allocate themselves */
        assert_status(side_step(s, 0, NULL, inner_token, inner_size, NULL), SEC_E_INVALID_HANDLE);
        assert_status(lsa_table->QueryContextAttributes(s->context, SECPKG_ATTR_NEGOTIATION_INFO, &info),
                      SEC_E_INVALID_HANDLE);
        inner_tries++;
        inner = s;
    }
    return true;
}

static void test_intruder(void **state)
{
    struct side i, a;
    (void)state;
    harness_start(NULL);
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, a.token, a.token_size, NULL), SEC_E_OK);
    struct side copy = a; /* the steps from inside write into a side of their own */
    inner = &copy;
    inner_token = i.token;
    inner_size = i.token_size;
    mem_test_gate = gate_intruding;
    LSA_SEC_HANDLE made = 0;
    SecBuffer in = {i.token_size, SECBUFFER_TOKEN, i.token}, packed = {0};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 0, NULL};
    ULONG attributes;
    TimeStamp expiry;
    BOOLEAN mapped;
    NTSTATUS status = lsa_table->AcceptLsaModeContext(a.credential, a.context, &input, 0, 0, &made, &output,
                                                      &attributes, &expiry, &mapped, &packed);
    gate_off();
    assert_status(status, SEC_E_OK);
    assert_true(inner_tries > 3);
    mem_free(packed.pvBuffer);
    pair_close(&i, &a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_sweep_refused),
        cmocka_unit_test(test_sweep_user_file),
        cmocka_unit_test(test_sweep_store),
        cmocka_unit_test(test_sweep_attributes),
        cmocka_unit_test(test_no_allocations),
        cmocka_unit_test(test_intruder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
