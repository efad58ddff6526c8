/* SPDX-License-Identifier: MIT */
/*
 * Per message: no allocation from anywhere, and no key expanded; counted by standing in front of the C
 * library's allocator, the library's own, and the key set-up functions (the linker's --wrap). And handshakes
 * in which each allocation fails once.
 */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/crypto.h"

static volatile unsigned allocations, expansions;
static volatile bool counting;
static volatile long blocks; /* of the C library's allocator, alive, since somebody set it */

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__GLIBC__)
#define COUNTS_LIBC 1
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *p);

void *malloc(size_t size)
{
    allocations += counting;
    blocks++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations += counting;
    blocks++;
    return __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
    allocations += counting;
    blocks += p == NULL;
    return __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    allocations += counting;
    blocks++;
    return __libc_memalign(alignment, size);
}

void free(void *p)
{
    blocks -= p != NULL;
    __libc_free(p);
}
#else
#define COUNTS_LIBC 0
#endif

static unsigned asked, failing; /* allocations of the library; the one that fails, from 1 */

static bool gate(void *arg, size_t size)
{
    (void)arg, (void)size;
    allocations += counting;
    return ++asked != failing;
}

void __real_crypto_hmac_md5_init(struct crypto_hmac_md5 *h, const uint8_t *key, size_t key_size);
void __wrap_crypto_hmac_md5_init(struct crypto_hmac_md5 *h, const uint8_t *key, size_t key_size);
void __wrap_crypto_hmac_md5_init(struct crypto_hmac_md5 *h, const uint8_t *key, size_t key_size)
{
    expansions += counting;
    __real_crypto_hmac_md5_init(h, key, key_size);
}

void __real_crypto_rc4_init(struct crypto_rc4 *r, const uint8_t *key, size_t key_size);
void __wrap_crypto_rc4_init(struct crypto_rc4 *r, const uint8_t *key, size_t key_size);
void __wrap_crypto_rc4_init(struct crypto_rc4 *r, const uint8_t *key, size_t key_size)
{
    expansions += counting;
    __real_crypto_rc4_init(r, key, key_size);
}

/* The counters count: otherwise a zero says nothing. */
static void test_counters(void **state)
{
    (void)state;
    struct kit_side a, b;
    allocations = expansions = 0;
    counting = true;
    kit_pair("NTLM", ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY, &a, &b);
    counting = false;
    kit_close(&a);
    kit_close(&b);
    assert_true(allocations > 0);
    assert_true(expansions > 0);
#if COUNTS_LIBC
    allocations = 0;
    counting = true;
    void *volatile p = malloc(1);
    counting = false;
    free(p);
    assert_int_equal(allocations, 1);
#endif
}

static void each_quiet(const struct contract_mode *mode)
{
    static struct parcel m;
    struct contract_pair pair;
    contract_open(&pair, mode);
    for (enum operation make = OP_SIGN; make <= (mode->seals ? OP_SEAL : OP_SIGN); make += 2) {
        enum operation check = make == OP_SIGN ? OP_VERIFY : OP_UNSEAL;
        for (ULONG i = 1; i <= 50; i++) {
            ULONG number = i + (make == OP_SEAL ? 50 : 0);
            SECURITY_STATUS made, refused, passed;
            parcel_usual(&m, contract_token_size(mode, make), i);
            SecBuffer *token = parcel_token(&m);
            allocations = expansions = 0;
            counting = true;
            made = contract_call(make, pair.a, 0, &m.desc, number);
            ((uint8_t *)token->pvBuffer)[9] ^= 1;
            refused = contract_call(check, pair.b, 0, &m.desc, number);
            ((uint8_t *)token->pvBuffer)[9] ^= 1;
            passed = contract_call(check, pair.b, 0, &m.desc, number);
            counting = false;
            assert_status(made, SEC_E_OK);
            assert_status(refused, SEC_E_MESSAGE_ALTERED);
            assert_status(passed, SEC_E_OK);
            assert_int_equal(allocations, 0);
            /* NTLM's datagrams have an RC4 stream of their own each, and one to seal a refused text again; no
             * HMAC key is expanded there either. */
            bool rekeys = mode->datagram && mode->package == &contract_ntlm;
            assert_int_equal(expansions, rekeys ? (make == OP_SIGN ? 3 : 4) : 0);
        }
    }
    contract_close(&pair);
}

static void test_no_allocation_and_no_key_setup(void **state)
{
    (void)state;
    contract_each(each_quiet);
}

/* A context whose step failed is still the application's to delete. */
static void sweep_close(struct kit_side *side)
{
    if (side->has_context)
        assert_status(DeleteSecurityContext(&side->context), SEC_E_OK);
    side->has_context = false;
    kit_close(side);
}

static SECURITY_STATUS sweep_once(unsigned fail)
{
    struct kit_side a, b;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    asked = 0;
    failing = fail;
    SECURITY_STATUS status = kit_handshake("NTLM", ISC_REQ_CONFIDENTIALITY, ASC_REQ_CONFIDENTIALITY, &a, &b);
    failing = 0;
    unsigned made = asked;
    sweep_close(&a);
    sweep_close(&b);
    asked = made;
    return status;
}

/* Every allocation from AcquireCredentialsHandle to the context in the user half fails once: the caller hears
 * it, and nothing stays behind. */
static void test_handshake_without_memory(void **state)
{
    (void)state;
    for (int warm = 0; warm < 3; warm++) /* what is kept for the process is made */
        assert_status(sweep_once(0), SEC_E_OK);
    unsigned total = asked, failed = 0;
    assert_true(total > 20);
    for (unsigned n = 1; n <= total; n++) {
        size_t live = mem_live();
        blocks = 0;
        SECURITY_STATUS status = sweep_once(n);
        long left = blocks;
        assert_true(asked >= n);
        if (status != SEC_E_OK && status != SEC_E_INSUFFICIENT_MEMORY)
            fail_msg("allocation %u of %u failed: status 0x%08x", n, total, (unsigned)status);
        failed += status != SEC_E_OK;
        if (mem_live() != live || (COUNTS_LIBC && left != 0))
            fail_msg("allocation %u of %u failed: %zd and %ld blocks left", n, total,
                     (ssize_t)(mem_live() - live), left);
    }
    assert_true(failed > total / 2);
    assert_status(sweep_once(0), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake_without_memory),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_no_allocation_and_no_key_setup),
    };
    kit_environment(NULL);
    mem_test_gate = gate;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
