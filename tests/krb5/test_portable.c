/* SPDX-License-Identifier: MIT */
/* The two implementations of the primitives against each other: nettle's, and the one of builds without a
 * library. */
#include "kit.h"

#include "crypto/aes.h"
#include "crypto/hmac_sha.h"
#include "portable.h"

enum { SIZE_MAX_TESTED = 400 };

static uint8_t data[SIZE_MAX_TESTED];

/* Chaining words too: they are canonical, so either side may go on with what the other made. */
static void test_hmac(void **state)
{
    (void)state;
    for (size_t size = 0; size <= SIZE_MAX_TESTED; size++) {
        uint8_t key[32], a[CRYPTO_SHA384_SIZE], b[CRYPTO_SHA384_SIZE];
        size_t key_size = size % 33;
        kit_fill(key, sizeof key, (uint32_t)size);
        kit_fill(data, size, (uint32_t)size + 1);
        struct span parts[] = {{data + size / 4, size / 3}, {NULL, 0}};
        struct crypto_message m = {
            {data, size / 4}, parts, 2, {data + size / 4 + size / 3, size - size / 4 - size / 3}};

        struct crypto_hmac_sha1 h1, p1;
        crypto_hmac_sha1_init(&h1, key, key_size);
        portable_hmac_sha1_init(&p1, key, key_size);
        assert_memory_equal(&h1, &p1, sizeof h1);
        crypto_hmac_sha1(&h1, &m, a);
        portable_hmac_sha1(&h1, &m, b);
        assert_memory_equal(a, b, CRYPTO_SHA1_SIZE);

        struct crypto_hmac_sha256 h256, p256;
        crypto_hmac_sha256_init(&h256, key, key_size);
        portable_hmac_sha256_init(&p256, key, key_size);
        assert_memory_equal(&h256, &p256, sizeof h256);
        crypto_hmac_sha256(&h256, &m, a);
        portable_hmac_sha256(&h256, &m, b);
        assert_memory_equal(a, b, CRYPTO_SHA256_SIZE);

        struct crypto_hmac_sha384 h384, p384;
        crypto_hmac_sha384_init(&h384, key, key_size);
        portable_hmac_sha384_init(&p384, key, key_size);
        assert_memory_equal(&h384, &p384, sizeof h384);
        crypto_hmac_sha384(&h384, &m, a);
        portable_hmac_sha384(&h384, &m, b);
        assert_memory_equal(a, b, CRYPTO_SHA384_SIZE);
    }
}

static void test_aes(void **state)
{
    (void)state;
    for (size_t n = 0; n < 200; n++) {
        uint8_t key[32], iv_a[16], iv_b[16], a[SIZE_MAX_TESTED], b[SIZE_MAX_TESTED];
        size_t key_size = n % 2 ? 32 : 16, blocks = n % 25;
        struct crypto_aes fast, slow, fast_back, slow_back;
        kit_fill(key, sizeof key, (uint32_t)n);
        kit_fill(iv_a, sizeof iv_a, (uint32_t)n + 1);
        memcpy(iv_b, iv_a, sizeof iv_b);
        kit_fill(data, sizeof data, (uint32_t)n + 2);
        crypto_aes_encrypt_key(&fast, key, key_size);
        crypto_aes_decrypt_key(&fast_back, key, key_size);
        portable_aes_encrypt_key(&slow, key, key_size);
        portable_aes_decrypt_key(&slow_back, key, key_size);

        crypto_aes_cbc_encrypt(&fast, iv_a, data, a, blocks);
        portable_aes_cbc_encrypt(&slow, iv_b, data, b, blocks);
        assert_memory_equal(a, b, blocks * 16);
        assert_memory_equal(iv_a, iv_b, 16);
        crypto_aes_cbc_decrypt(&fast_back, iv_a, a, a, blocks);
        portable_aes_cbc_decrypt(&slow_back, iv_b, b, b, blocks);
        assert_memory_equal(a, b, blocks * 16);
        assert_memory_equal(iv_a, iv_b, 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hmac), cmocka_unit_test(test_aes)};
    return cmocka_run_group_tests_name("krb5 portable", tests, NULL, NULL);
}
