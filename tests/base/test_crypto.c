/* SPDX-License-Identifier: MIT */
/* Published values: RFC 1320 A.5, RFC 1321 A.5, RFC 2202 2, RFC 6229, [MS-NLMP] 4.2. */
#include "testing.h"

#include "crypto/crypto.h"

static struct span text(const char *s)
{
    return (struct span){(const uint8_t *)s, strlen(s)};
}

static void check(const uint8_t *got, size_t size, const char *want)
{
    char hex[2 * 64 + 1] = "";
    assert_true(size <= 64);
    for (size_t i = 0; i < size; i++)
        sprintf(hex + 2 * i, "%02x", got[i]);
    assert_string_equal(hex, want);
}

/* The same bytes in one piece and scattered over head, parts and tail must give the same. */
static void each_way(const char *s, void (*digest)(const struct crypto_message *, uint8_t *),
                     const char *want)
{
    uint8_t out[16];
    struct crypto_message whole = {.head = text(s)};
    digest(&whole, out);
    check(out, 16, want);
    size_t size = strlen(s);
    for (size_t a = 0; a <= size; a++) {
        const uint8_t *p = (const uint8_t *)s;
        const struct span parts[3] = {{p + a / 2, a - a / 2}, {NULL, 0}, {p + a, (size - a) / 2}};
        struct crypto_message m = {.head = {p, a / 2}, .parts = parts, .count = 3};
        m.tail = (struct span){p + a + (size - a) / 2, size - a - (size - a) / 2};
        digest(&m, out);
        check(out, 16, want);
    }
}

static void md5(const struct crypto_message *m, uint8_t *out)
{
    crypto_md5(m, out);
}

static void md4(const struct crypto_message *m, uint8_t *out)
{
    crypto_md4(m, out);
}

static const char *const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
static const char *const digits =
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890";

static void test_md5(void **state)
{
    (void)state;
    each_way("", md5, "d41d8cd98f00b204e9800998ecf8427e");
    each_way("message digest", md5, "f96b697d7cb7938d525a2f31aaf161d0");
    each_way(alphanumeric, md5, "d174ab98d277d9f5a5611c2c9f419d9f");
    each_way(digits, md5, "57edf4a22be3c955ac49da2e2107b67a");
}

static void test_md4(void **state)
{
    (void)state;
    each_way("", md4, "31d6cfe0d16ae931b73c59d7e0c089c0");
    each_way("message digest", md4, "d9130a8164549fe818874806e1c7014b");
    each_way(alphanumeric, md4, "043f8582f241db351ce627e153e7f0e4");
    each_way(digits, md4, "e33b4ddc9c38f2199c3e7b164fcc0536");
    uint8_t out[16];
    const struct crypto_message password = {.head = {(const uint8_t *)"P\0a\0s\0s\0w\0o\0r\0d", 16}};
    crypto_md4(&password, out);
    check(out, 16, "a4f49c406510bdcab6824ee7c30fd852");
}

static void hmac(const void *key, size_t key_size, const void *data, size_t size, const char *want)
{
    uint8_t out[16];
    struct crypto_hmac_md5 h, before;
    const struct crypto_message m = {.tail = {data, size}};
    crypto_hmac_md5_init(&h, key, key_size);
    before = h;
    for (int i = 0; i < 2; i++) {
        crypto_hmac_md5(&h, &m, out);
        check(out, 16, want);
    }
    assert_memory_equal(&h, &before, sizeof h);
}

static void test_hmac_md5(void **state)
{
    (void)state;
    uint8_t key[80], data[50];
    memset(key, 0x0b, 16);
    hmac(key, 16, "Hi There", 8, "9294727a3638bb1c13f48ef8158bfc9d");
    hmac("Jefe", 4, "what do ya want for nothing?", 28, "750c783e6ab0b503eaa86e310a5db738");
    memset(key, 0xaa, sizeof key);
    memset(data, 0xdd, sizeof data);
    hmac(key, 16, data, 50, "56be34521d144c88dbb8c733f0e8b3f6");
    hmac(key, 80, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
         "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    hmac(key, 0, "", 0, "74e6f7298a9c2d168935f58c001bad88");
}

static void test_crc32(void **state)
{
    (void)state;
    struct crypto_message m = {.head = text("1234"), .tail = text("56789")};
    assert_int_equal(crypto_crc32(&m), 0xcbf43926);
    m = (struct crypto_message){.head = {NULL, 0}};
    assert_int_equal(crypto_crc32(&m), 0);
    m.head = (struct span){(const uint8_t *)"P\0l\0a\0i\0n\0t\0e\0x\0t", 18};
    assert_int_equal(crypto_crc32(&m), 0x93aa847d);
}

static void test_rc4(void **state)
{
    (void)state;
    const uint8_t key[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    static const uint8_t zeros[4096];
    uint8_t whole[4112], pieces[4112];
    struct crypto_rc4 r;
    crypto_rc4_init(&r, key, 5);
    crypto_rc4(&r, zeros, whole, 16);
    check(whole, 16, "b2396305f03dc027ccc3524a0a1118a8");
    crypto_rc4_init(&r, key, 16);
    crypto_rc4(&r, zeros, whole, 4096);
    crypto_rc4(&r, zeros, whole + 4096, 16);
    check(whole, 16, "9ac7cc9a609d1ef7b2932899cde41b97");
    check(whole + 4096, 16, "a36a4c301ae8ac13610ccbc12256cacc");
    /* In any pieces, in place. */
    crypto_rc4_init(&r, key, 16);
    memset(pieces, 0, sizeof pieces);
    for (size_t at = 0, n = 0; at < sizeof pieces; at += n, n = n % 37 + 1) {
        n = n < sizeof pieces - at ? n : sizeof pieces - at;
        crypto_rc4(&r, pieces + at, pieces + at, n);
    }
    assert_memory_equal(pieces, whole, sizeof whole);
}

static void test_des(void **state)
{
    (void)state;
    /* NTLMv1's response of 4.2.2.2.1: the hash of "Password" in three keys. */
    static const uint8_t hash[21] = {0xa4, 0xf4, 0x9c, 0x40, 0x65, 0x10, 0xbd, 0xca,
                                     0xb6, 0x82, 0x4e, 0xe7, 0xc3, 0x0f, 0xd8, 0x52};
    static const uint8_t challenge[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    uint8_t out[24];
    for (size_t i = 0; i < 3; i++)
        crypto_des7(hash + 7 * i, challenge, out + 8 * i);
    check(out, 24, "67c43011f30298a2ad35ece64f16331c44bdbed927841f94");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_md5),   cmocka_unit_test(test_md4), cmocka_unit_test(test_hmac_md5),
        cmocka_unit_test(test_crc32), cmocka_unit_test(test_rc4), cmocka_unit_test(test_des),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
