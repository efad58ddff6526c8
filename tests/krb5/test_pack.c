/* SPDX-License-Identifier: MIT */
/* The packed context: a copy goes on where the original was, and no changed byte gives anything but a refusal
 * or a sound one. */
#include "kit.h"

/* A used context of every kind. */
static void used(struct kit_pair *k, size_t n)
{
    uint16_t etype = kit_etypes[n % KIT_ETYPES];
    uint16_t initiator = etype != KRB5_ETYPE_RC4 && n / KIT_ETYPES % 2 ? KRB5_ETYPE_AES128_SHA1 : 0;
    static const uint32_t flags[] = {0, KRB5_F_REPLAY, KRB5_F_REPLAY | KRB5_F_SEQUENCE | KRB5_F_CONF,
                                     KRB5_F_DCE_STYLE};
    kit_pair(k, etype, initiator, flags[n / (2 * KIT_ETYPES) % 4] | KRB5_F_INTEG);
    struct kit_message m;
    uint8_t token[KRB5_MIC_SIZE_MAX];
    kit_message(&m, 5, 1);
    for (size_t i = 0; i < 3 + n * 37; i++) {
        assert_int_equal(krb5_mic_make(&k->i, &m.m, token), PROTECT_OK);
        uint64_t sequence;
        assert_int_equal(krb5_mic_check(&k->a, NULL, &m.m, token, krb5_mic_size(&k->a), &sequence),
                         PROTECT_OK);
        if (i % 5 != 4)
            krb5_accept(&k->a, sequence);
    }
}
enum { KINDS = KIT_ETYPES * 2 * 4 };

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t n = 0; n < KINDS; n++) {
        struct kit_pair k;
        struct krb5_protect copy;
        uint8_t packed[KRB5_PACK_SIZE], again[KRB5_PACK_SIZE];
        used(&k, n);
        const struct krb5_protect *both[] = {&k.i, &k.a};
        for (size_t i = 0; i < 2; i++) {
            memset(packed, 0x55, sizeof packed);
            krb5_protect_pack(both[i], packed);
            memset(&copy, 0xaa, sizeof copy);
            assert_true(krb5_protect_unpack(&copy, packed, sizeof packed));
            assert_memory_equal(&copy, both[i], sizeof copy);
            krb5_protect_pack(&copy, again);
            assert_memory_equal(packed, again, sizeof packed);
        }
    }
}

/* The bytes are a contract with other processes and the kernel: version 1 stays readable. */
static void test_layout(void **state)
{
    (void)state;
    struct kit_pair k;
    uint8_t packed[KRB5_PACK_SIZE];
    kit_pair(&k, KRB5_ETYPE_AES128_SHA1, KRB5_ETYPE_AES128_SHA256, KRB5_F_REPLAY);
    k.i.sent = 0x0807060504030201;
    assert_int_equal(krb5_accept(&k.i, 2000), PROTECT_OK);
    krb5_protect_pack(&k.i, packed);
    kit_assert_hex(packed, 14, "4b524235 01000000 0b000000 1100", "magic, version, flags, type");
    assert_memory_equal(packed + 14, k.i.key.bytes, 32);
    kit_assert_hex(packed + 46, 2, "1300", "initiator's type");
    assert_memory_equal(packed + 48, k.i.initiator.bytes, 32);
    kit_assert_hex(packed + 80, 41,
                   "e803000000000000 0102030405060708 d007000000000000 0100000000000000 00 0100000000000000",
                   "first, sent, window");
    for (size_t i = 121; i < sizeof packed; i++)
        assert_int_equal(packed[i], 0);
}

static void test_changed(void **state)
{
    (void)state;
    for (size_t n = 0; n < KINDS; n++) {
        struct kit_pair k;
        struct krb5_protect copy, before;
        uint8_t packed[KRB5_PACK_SIZE], again[KRB5_PACK_SIZE];
        used(&k, n);
        krb5_protect_pack(&k.a, packed);
        memset(&copy, 0xaa, sizeof copy);
        before = copy;
        for (size_t size = 0; size < sizeof packed; size++) {
            uint8_t *exact = malloc(size ? size : 1);
            assert_non_null(exact);
            memcpy(exact, packed, size);
            assert_false(krb5_protect_unpack(&copy, exact, size));
            free(exact);
        }
        assert_memory_equal(&before, &copy, sizeof copy);
        for (size_t bit = 0; bit < sizeof packed * 8; bit++) {
            packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (krb5_protect_unpack(&copy, packed, sizeof packed)) {
                /* Sound: it is what it says, and every function runs on it. */
                krb5_protect_pack(&copy, again);
                assert_memory_equal(packed, again, sizeof packed);
                krb5_accept(&copy, 1234567);
                memset(&copy, 0xaa, sizeof copy);
            } else {
                assert_memory_equal(&before, &copy, sizeof copy);
            }
            packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

/* Single fields, one wrong value each. */
static void test_impossible(void **state)
{
    (void)state;
    static const struct {
        size_t kind; /* of used() */
        size_t offset;
        uint8_t value;
    } rows[] = {
        {0, 0, 0x4c},        /* magic */
        {0, 4, 2},           /* version */
        {0, 8, 0x80 | 0x40}, /* unknown flag */
        {0, 12, 16},         /* DES3 */
        {0, 12, 23},         /* RC4 with the number space of AES is possible; its window is not: see below */
        {0, 14 + 16, 1},     /* key longer than its type */
        {0, 46, 17},         /* an initiator's key without a subkey */
        {5, 46, 0},          /* a subkey without the initiator's key */
        {5, 46, 23},         /* RC4 under a subkey */
        {4, 80 + 4, 1},      /* RC4: first number above 32 bits */
        {4, 88 + 5, 1},      /* RC4: more than 2^32 made */
        {14, 96 + 4, 1},     /* RC4: window's first above 32 bits */
        {14, 104 + 5, 1},    /* RC4: window's next above 2^32 */
        {10, 112, 1},        /* full, with next not 0 */
        {10, 112, 2},
        {10, 241, 1},           /* behind the end */
        {0, 104, 1},            /* a window in use that is off */
        {10, 113 + 372 / 8, 0}, /* the highest number not seen */
        {0, 113, 1},            /* a number seen that is not yet due */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct kit_pair k;
        struct krb5_protect copy;
        uint8_t packed[KRB5_PACK_SIZE];
        used(&k, rows[i].kind);
        krb5_protect_pack(&k.a, packed);
        assert_true(krb5_protect_unpack(&copy, packed, sizeof packed));
        if (packed[rows[i].offset] == rows[i].value)
            fail_msg("row %zu changes nothing", i);
        packed[rows[i].offset] = rows[i].value;
        if (rows[i].offset == 12 && rows[i].value == 23)
            packed[80 + 7] = 1;
        if (krb5_protect_unpack(&copy, packed, sizeof packed))
            fail_msg("row %zu is taken", i);
    }
}

static bool taken(const uint8_t packed[KRB5_PACK_SIZE])
{
    struct krb5_protect copy;
    return krb5_protect_unpack(&copy, packed, KRB5_PACK_SIZE);
}

/* Both ends of the numbers: all used up, and the window at the highest there is. */
static void test_ends(void **state)
{
    (void)state;
    for (size_t t = 0; t < KIT_ETYPES; t++) {
        struct kit_pair k;
        uint8_t packed[KRB5_PACK_SIZE];
        bool rc4 = kit_etypes[t] == KRB5_ETYPE_RC4;
        kit_pair(&k, kit_etypes[t], 0, KRB5_F_REPLAY);
        k.a.sent = rc4 ? (uint64_t)1 << 32 : UINT64_MAX;
        assert_int_equal(krb5_accept(&k.a, 999), PROTECT_OK);
        assert_int_equal(k.a.window.full, !rc4);
        krb5_protect_pack(&k.a, packed);
        assert_true(taken(packed));
        packed[104] ^= 1;
        packed[113] |= 1;
        assert_false(taken(packed));
        packed[104] ^= 1;
        packed[113] &= 0xfe;
        assert_true(taken(packed));
        packed[112] = 2;
        assert_false(taken(packed));
        packed[112] = rc4;
        packed[104 + 4] = 0;
        assert_false(taken(packed));
    }
    /* Off, yet moved, and consistently so. */
    struct kit_pair k;
    uint8_t packed[KRB5_PACK_SIZE];
    kit_pair(&k, KRB5_ETYPE_AES256_SHA1, 0, KRB5_F_REPLAY);
    assert_int_equal(krb5_accept(&k.a, 1000), PROTECT_OK);
    krb5_protect_pack(&k.a, packed);
    assert_true(taken(packed));
    packed[8] = 0;
    assert_false(taken(packed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_layout), cmocka_unit_test(test_changed),
        cmocka_unit_test(test_impossible), cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests_name("krb5 pack", tests, NULL, NULL);
}
