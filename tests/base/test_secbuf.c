/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include "base/secbuf.h"

#define NONE  0u
#define RO    SECBUFFER_READONLY
#define RO_CK SECBUFFER_READONLY_WITH_CHECKSUM

static uint8_t memory[256];

/* Buffers of one descriptor, at places in memory that do not overlap unless told. */
struct desc {
    SecBuffer buffers[70];
    SecBufferDesc desc;
};

static void add(struct desc *d, ULONG type, size_t at, ULONG size)
{
    d->buffers[d->desc.cBuffers++] = (SecBuffer){size, type, memory + at};
    d->desc.pBuffers = d->buffers;
}

static void test_malformed(void **state)
{
    (void)state;
    struct secbuf_view v;
    struct desc d = {.desc = {0, 0, NULL}};
    assert_int_equal(secbuf_scan(NULL, 0, &v), SEC_E_INVALID_TOKEN);
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_INVALID_TOKEN);
    add(&d, SECBUFFER_TOKEN, 0, 16);
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_OK);
    d.desc.ulVersion = 1;
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_INVALID_TOKEN);
    d.desc.ulVersion = SECBUFFER_VERSION;
    d.desc.pBuffers = NULL;
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_INVALID_TOKEN);
    while (d.desc.cBuffers < 64)
        add(&d, SECBUFFER_DATA, 100, 1);
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_OK);
    assert_int_equal(v.count, 63);
    assert_true(v.sealed == UINT64_MAX >> 1);
    add(&d, SECBUFFER_EMPTY, 0, 0);
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_INVALID_TOKEN);
}

static void test_sixty_four_parts(void **state)
{
    (void)state;
    struct secbuf_view v;
    struct desc d = {.desc = {0, 0, NULL}};
    for (int i = 0; i < 64; i++)
        add(&d, SECBUFFER_DATA, 0, 1);
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_INVALID_TOKEN); /* no TOKEN among them */
}

static void test_missing_memory(void **state)
{
    (void)state;
    static const struct {
        ULONG type;
        SECURITY_STATUS want;
    } cases[] = {
        {SECBUFFER_DATA, SEC_E_INVALID_TOKEN},
        {SECBUFFER_DATA | RO, SEC_E_INVALID_TOKEN},
        {SECBUFFER_DATA | RO_CK, SEC_E_INVALID_TOKEN},
        {SECBUFFER_PADDING, SEC_E_OK},
        {SECBUFFER_EMPTY, SEC_E_OK},
        {SECBUFFER_STREAM, SEC_E_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct secbuf_view v;
        struct desc d = {.desc = {0, 0, NULL}};
        add(&d, SECBUFFER_TOKEN, 0, 16);
        add(&d, cases[i].type, 0, 5);
        d.buffers[1].pvBuffer = NULL;
        assert_int_equal(secbuf_scan(&d.desc, 0, &v), cases[i].want);
        d.buffers[1].cbBuffer = 0; /* nothing at nowhere is fine */
        assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_OK);
    }
    struct secbuf_view v;
    struct desc d = {.desc = {0, 0, NULL}};
    add(&d, SECBUFFER_TOKEN, 0, 16);
    d.buffers[0].pvBuffer = NULL;
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_INVALID_TOKEN);
    d.buffers[0].cbBuffer = 0;
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_OK); /* too small, which is the package's to say */
}

static void test_tokens(void **state)
{
    (void)state;
    struct secbuf_view v;
    struct desc d = {.desc = {0, 0, NULL}};
    add(&d, SECBUFFER_DATA, 0, 10);
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_INVALID_TOKEN);
    add(&d, SECBUFFER_TOKEN | RO, 20, 16);
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_OK);
    assert_ptr_equal(v.token, &d.buffers[1]);
    assert_null(v.stream);
    assert_null(v.data_out);
    add(&d, SECBUFFER_TOKEN, 40, 16);
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_INVALID_TOKEN);
}

static void test_attributes(void **state)
{
    (void)state;
    static const ULONG attributes[6] = {NONE, RO, RO_CK, RO | RO_CK, 0x20000000, 0x40000000};
    for (unsigned sign = 0; sign < 2; sign++) {
        struct secbuf_view v;
        struct desc d = {.desc = {0, 0, NULL}};
        for (unsigned i = 0; i < 6; i++)
            add(&d, SECBUFFER_DATA | attributes[i], i * 10, 10);
        add(&d, SECBUFFER_TOKEN, 100, 16);
        assert_int_equal(secbuf_scan(&d.desc, sign ? SECBUF_SIGN_READONLY : 0, &v), SEC_E_OK);
        size_t k = 0;
        for (unsigned i = 0; i < 6; i++) {
            if (i == 1 && !sign)
                continue;
            assert_ptr_equal(v.parts[k].data, memory + i * 10);
            assert_int_equal(v.parts[k].size, 10);
            assert_int_equal(v.sealed >> k & 1, i == 0 || i >= 4);
            k++;
        }
        assert_int_equal(v.count, k);
        struct message m = secbuf_message(&v);
        assert_true(m.parts == v.parts && m.count == k && m.sealed == v.sealed);
    }
}

static void test_stream(void **state)
{
    (void)state;
    struct secbuf_view v;
    struct desc d = {.desc = {0, 0, NULL}};
    add(&d, SECBUFFER_STREAM, 0, 60);
    add(&d, SECBUFFER_DATA, 0, 0);
    d.buffers[1].pvBuffer = NULL;
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_INVALID_TOKEN);
    assert_int_equal(secbuf_scan(&d.desc, SECBUF_ALLOW_STREAM, &v), SEC_E_OK);
    assert_ptr_equal(v.stream, &d.buffers[0]);
    assert_ptr_equal(v.data_out, &d.buffers[1]);
    assert_true(!v.token && v.count == 0 && v.sealed == 0);
    assert_false(secbuf_overlaps(&d.desc, &v, true));
    /* What is decrypted in place cannot be read-only. */
    d.buffers[0].BufferType = SECBUFFER_STREAM | SECBUFFER_READONLY;
    assert_int_equal(secbuf_scan(&d.desc, SECBUF_ALLOW_STREAM, &v), SEC_E_INVALID_TOKEN);
    d.buffers[0].BufferType = SECBUFFER_STREAM | SECBUFFER_READONLY_WITH_CHECKSUM;
    assert_int_equal(secbuf_scan(&d.desc, SECBUF_ALLOW_STREAM, &v), SEC_E_INVALID_TOKEN);
    d.buffers[0].BufferType = SECBUFFER_STREAM;

    add(&d, SECBUFFER_DATA, 70, 4);
    assert_int_equal(secbuf_scan(&d.desc, SECBUF_ALLOW_STREAM, &v), SEC_E_INVALID_TOKEN);
    d.desc.cBuffers = 1;
    assert_int_equal(secbuf_scan(&d.desc, SECBUF_ALLOW_STREAM, &v), SEC_E_INVALID_TOKEN);
    d.desc.cBuffers = 2;
    add(&d, SECBUFFER_TOKEN, 80, 16);
    assert_int_equal(secbuf_scan(&d.desc, SECBUF_ALLOW_STREAM, &v), SEC_E_INVALID_TOKEN);
    d.desc.cBuffers = 2;
    add(&d, SECBUFFER_STREAM, 80, 16);
    assert_int_equal(secbuf_scan(&d.desc, SECBUF_ALLOW_STREAM, &v), SEC_E_INVALID_TOKEN);
    d.desc.cBuffers = 2;
    d.buffers[0].pvBuffer = NULL;
    assert_int_equal(secbuf_scan(&d.desc, SECBUF_ALLOW_STREAM, &v), SEC_E_INVALID_TOKEN);
}

static bool overlaps(size_t token, ULONG token_size, size_t a, ULONG a_size, ULONG a_attributes, size_t b,
                     ULONG b_size, bool sealing)
{
    struct secbuf_view v;
    struct desc d = {.desc = {0, 0, NULL}};
    add(&d, SECBUFFER_DATA | a_attributes, a, a_size);
    add(&d, SECBUFFER_TOKEN, token, token_size);
    add(&d, SECBUFFER_PADDING, token, token_size); /* of no interest */
    add(&d, SECBUFFER_DATA, b, b_size);
    assert_int_equal(secbuf_scan(&d.desc, 0, &v), SEC_E_OK);
    return secbuf_overlaps(&d.desc, &v, sealing);
}

static void test_overlaps(void **state)
{
    (void)state;
    /* Every position of a DATA of every small size against a TOKEN of 4 at 10. */
    for (size_t at = 4; at < 20; at++) {
        for (ULONG size = 0; size < 9; size++) {
            bool want = size > 0 && at < 14 && at + size > 10;
            assert_int_equal(overlaps(10, 4, at, size, NONE, 200, 5, false), want);
            assert_int_equal(overlaps(10, 4, at, size, RO_CK, 200, 5, false), want);
            assert_int_equal(overlaps(10, 4, at, size, RO, 200, 5, false),
                             want); /* unsigned, but in the way */
            assert_int_equal(overlaps(10, 4, 200, 5, NONE, at, size, true), want);
            assert_int_equal(overlaps(100, 16, 10, 4, NONE, at, size, true), want);
            assert_int_equal(overlaps(100, 16, 10, 4, RO, at, size, true), want);
            assert_false(overlaps(100, 16, 10, 4, NONE, at, size, false));
            assert_false(overlaps(10, 0, at, size, NONE, 200, 5, true));
        }
    }
}

static void test_find(void **state)
{
    (void)state;
    struct desc d = {.desc = {0, 0, NULL}};
    assert_null(secbuf_find(NULL, SECBUFFER_TOKEN));
    assert_null(secbuf_find(&d.desc, SECBUFFER_TOKEN));
    add(&d, SECBUFFER_CHANNEL_BINDINGS | RO, 0, 10);
    add(&d, SECBUFFER_TOKEN, 20, 16);
    add(&d, SECBUFFER_TOKEN, 40, 16);
    assert_ptr_equal(secbuf_find(&d.desc, SECBUFFER_CHANNEL_BINDINGS), &d.buffers[0]);
    assert_ptr_equal(secbuf_find(&d.desc, SECBUFFER_TOKEN), &d.buffers[1]);
    assert_null(secbuf_find(&d.desc, SECBUFFER_DATA));
    d.desc.ulVersion = 7;
    assert_null(secbuf_find(&d.desc, SECBUFFER_TOKEN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed),      cmocka_unit_test(test_sixty_four_parts),
        cmocka_unit_test(test_missing_memory), cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_attributes),     cmocka_unit_test(test_stream),
        cmocka_unit_test(test_overlaps),       cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
