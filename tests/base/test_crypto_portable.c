/* SPDX-License-Identifier: MIT */
/* crypto/portable.c against the primitives that the library uses. */
#include "testing.h"

#include "crypto/crypto.h"

static __typeof__(crypto_md5) portable_md5;
static __typeof__(crypto_hmac_md5) portable_hmac_md5;
static __typeof__(crypto_hmac_md5_init) portable_hmac_md5_init;
static __typeof__(crypto_rc4) portable_rc4;
static __typeof__(crypto_rc4_init) portable_rc4_init;

/* With parentheses, so that structures of the same names keep them. */
#define crypto_md5(...)           portable_md5(__VA_ARGS__)
#define crypto_hmac_md5(...)      portable_hmac_md5(__VA_ARGS__)
#define crypto_hmac_md5_init(...) portable_hmac_md5_init(__VA_ARGS__)
#define crypto_rc4(...)           portable_rc4(__VA_ARGS__)
#define crypto_rc4_init(...)      portable_rc4_init(__VA_ARGS__)
#include "crypto/portable.c"
#undef crypto_md5
#undef crypto_hmac_md5
#undef crypto_hmac_md5_init
#undef crypto_rc4
#undef crypto_rc4_init

enum { LONGEST = 300 };

static uint8_t bytes[LONGEST];

static struct crypto_message scattered(struct span parts[2], size_t size, size_t cut)
{
    parts[0] = (struct span){bytes + cut / 2, cut - cut / 2};
    parts[1] = (struct span){bytes + cut, (size - cut) / 2};
    struct crypto_message m = {.head = {bytes, cut / 2}, .parts = parts, .count = 2};
    m.tail = (struct span){bytes + cut + (size - cut) / 2, size - cut - (size - cut) / 2};
    return m;
}

static void test_md5(void **state)
{
    (void)state;
    for (size_t size = 0; size <= LONGEST; size++) {
        for (size_t cut = 0; cut <= size; cut += 1 + cut / 3) {
            uint8_t a[16], b[16];
            struct span parts[2];
            struct crypto_message m = scattered(parts, size, cut);
            crypto_md5(&m, a);
            portable_md5(&m, b);
            assert_memory_equal(a, b, 16);
        }
    }
}

static void test_hmac(void **state)
{
    (void)state;
    for (size_t key = 0; key <= 130; key++) {
        struct crypto_hmac_md5 a, b;
        crypto_hmac_md5_init(&a, bytes, key);
        portable_hmac_md5_init(&b, bytes, key);
        assert_memory_equal(&a, &b, sizeof a);
        for (size_t size = 0; size <= LONGEST; size += 7) {
            uint8_t mac[16], other[16];
            struct span parts[2];
            struct crypto_message m = scattered(parts, size, size / 2);
            crypto_hmac_md5(&a, &m, mac);
            portable_hmac_md5(&b, &m, other);
            assert_memory_equal(mac, other, 16);
        }
    }
}

static void test_rc4(void **state)
{
    (void)state;
    for (size_t key = 1; key <= 256; key++) {
        struct crypto_rc4 a, b;
        uint8_t x[LONGEST], y[LONGEST];
        crypto_rc4_init(&a, bytes, key);
        portable_rc4_init(&b, bytes, key);
        assert_memory_equal(&a, &b, sizeof a);
        for (size_t size = 1; size < LONGEST; size += 23) {
            crypto_rc4(&a, bytes, x, size);
            portable_rc4(&b, bytes, y, size);
            assert_memory_equal(x, y, size);
            assert_memory_equal(&a, &b, sizeof a);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_md5),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_rc4),
    };
    for (size_t i = 0; i < LONGEST; i++)
        bytes[i] = (uint8_t)(i * i * 3 + i * 7 + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
