/* SPDX-License-Identifier: MIT */
/* The readers of the three messages and of AV pairs: what they take, and that no offset, length or size gets
 * around them. */
#include "harness.h"

#include <stdlib.h>

#include "packages/ntlm/ntlm_messages.h"
#include "protect/ntlm.h"

static uint8_t token[512];
static struct wire_writer w;

static struct span begin(enum ntlm_message_type type)
{
    memset(token, 0, sizeof token);
    wire_write_init(&w, token, sizeof token);
    ntlm_header_write(&w, type);
    return (struct span){token, 0};
}

/* The message in memory of exactly its size, so that a checker sees a step behind it. */
static struct span exact(size_t size)
{
    static uint8_t *copy;
    free(copy);
    copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, token, size);
    return (struct span){copy, size};
}

static void put_field(size_t at, uint16_t size, uint32_t offset)
{
    token[at] = (uint8_t)size;
    token[at + 1] = (uint8_t)(size >> 8);
    wire_put_u32(token + at + 4, offset);
}

static void test_negotiate(void **state)
{
    struct ntlm_negotiate m;
    (void)state;
    begin(NTLM_NEGOTIATE);
    wire_write_u32(&w, NTLM_F_UNICODE | NTLM_F_VERSION);
    assert_false(ntlm_negotiate_read(exact(15), &m));
    assert_true(ntlm_negotiate_read(exact(16), &m));
    assert_true(ntlm_negotiate_read(exact(32), &m));
    assert_null(m.version);
    assert_true(ntlm_negotiate_read(exact(40), &m));
    assert_non_null(m.version);
    /* Garbage in a field that the flags do not announce means nothing; in one that they do it is the end. */
    put_field(16, 4, UINT32_MAX);
    put_field(24, UINT16_MAX, 2);
    assert_true(ntlm_negotiate_read(exact(40), &m));
    assert_int_equal(m.domain.size, 0);
    wire_put_u32(token + 12, NTLM_F_OEM_DOMAIN_SUPPLIED);
    static const struct {
        uint16_t size;
        uint32_t offset;
        bool good;
    } fields[] = {
        {4, 36, true},          {4, 37, false},        {4, UINT32_MAX, false}, {4, UINT32_MAX - 3, false},
        {UINT16_MAX, 0, false}, {0, UINT32_MAX, true}, {40, 0, true},          {41, 0, false},
        {1, 40, false},
    };
    for (size_t n = 0; n < sizeof fields / sizeof fields[0]; n++) {
        put_field(16, fields[n].size, fields[n].offset);
        assert_int_equal(ntlm_negotiate_read(exact(40), &m), fields[n].good);
    }
    wire_put_u32(token + 12, NTLM_F_OEM_WORKSTATION_SUPPLIED);
    assert_false(ntlm_negotiate_read(exact(40), &m));
    assert_false(ntlm_negotiate_read(exact(16), &m)); /* announced and not there */
    token[8] = 2;
    assert_false(ntlm_negotiate_read(exact(40), &m));
    token[8] = 1;
    token[7] = 1;
    assert_false(ntlm_negotiate_read(exact(40), &m));
}

static void test_challenge(void **state)
{
    struct ntlm_challenge m;
    (void)state;
    begin(NTLM_CHALLENGE);
    wire_put_u32(token + 20, NTLM_F_UNICODE);
    assert_false(ntlm_challenge_read(exact(31), &m));
    assert_true(ntlm_challenge_read(exact(32), &m)); /* before NT 4 SP4 */
    wire_put_u32(token + 20, NTLM_F_UNICODE | NTLM_F_TARGET_INFO);
    assert_false(ntlm_challenge_read(exact(47), &m));
    assert_true(ntlm_challenge_read(exact(48), &m));
    put_field(40, 4, 44);
    assert_true(ntlm_challenge_read(exact(48), &m));
    assert_int_equal(m.target_info.size, 4);
    put_field(40, 4, 45);
    assert_false(ntlm_challenge_read(exact(48), &m));
    put_field(40, 4, UINT32_MAX - 2);
    assert_false(ntlm_challenge_read(exact(48), &m));
    put_field(40, 0, 0);
    put_field(12, 3, 40);
    assert_false(ntlm_challenge_read(exact(48), &m)); /* half a unit */
    wire_put_u32(token + 20, NTLM_F_OEM | NTLM_F_TARGET_INFO);
    assert_true(ntlm_challenge_read(exact(48), &m));
}

static void test_authenticate(void **state)
{
    struct ntlm_authenticate m;
    static const size_t fields[] = {12, 20, 28, 36, 44, 52};
    (void)state;
    begin(NTLM_AUTHENTICATE);
    assert_false(ntlm_authenticate_read(exact(63), &m));
    assert_true(ntlm_authenticate_read(exact(64), &m));
    assert_null(m.version);
    assert_null(m.mic);
    assert_true(ntlm_authenticate_read(exact(72), &m));
    assert_non_null(m.version);
    assert_null(m.mic);
    assert_true(ntlm_authenticate_read(exact(87), &m));
    assert_null(m.mic);
    assert_true(ntlm_authenticate_read(exact(88), &m));
    assert_non_null(m.mic);
    for (size_t n = 0; n < 6; n++) {
        put_field(fields[n], 4, 100);
        assert_true(ntlm_authenticate_read(exact(104), &m));
        assert_non_null(m.mic);
        assert_false(ntlm_authenticate_read(exact(103), &m));
        put_field(fields[n], 4, UINT32_MAX - 3);
        assert_false(ntlm_authenticate_read(exact(104), &m));
        put_field(fields[n], 4, 62); /* inside the header */
        assert_false(ntlm_authenticate_read(exact(104), &m));
        put_field(fields[n], 4, 64);
        assert_true(ntlm_authenticate_read(exact(104), &m));
        assert_null(m.version);
        put_field(fields[n], 4, 80);
        assert_true(ntlm_authenticate_read(exact(104), &m));
        assert_null(m.mic);
        put_field(fields[n], 3, 100);
        assert_int_equal(ntlm_authenticate_read(exact(104), &m), n < 2 || n == 5); /* text has whole units */
        put_field(fields[n], 0, 0);
    }
}

static bool pairs_read(const char *hex, struct ntlm_av_list *list)
{
    size_t size = from_hex(token, sizeof token, hex);
    return ntlm_av_read(exact(size), list);
}

static void test_pairs(void **state)
{
    struct ntlm_av_list list;
    (void)state;
    assert_false(pairs_read("", &list));
    assert_false(pairs_read("000000", &list));
    assert_true(pairs_read("00000000", &list));
    assert_int_equal(list.count, 0);
    assert_true(pairs_read("00000000ff", &list)); /* what follows is ignored */
    assert_false(pairs_read("0000020041", &list));
    assert_false(pairs_read("000001004100000000", &list)); /* an end has no value */
    assert_true(pairs_read("060004000200000000000000", &list));
    assert_int_equal(ntlm_av_flags(&list), 2);
    assert_false(pairs_read("0600030002000000000000", &list));
    assert_false(pairs_read("06000500020000000000000000", &list));
    assert_true(pairs_read("07000800010000000000000200000000", &list));
    assert_true(ntlm_av_timestamp(&list) == 0x0200000000000001);
    assert_false(pairs_read("070007000100000000000000000000", &list));
    assert_false(pairs_read("0a000f0000000000000000000000000000000000000000", &list));
    assert_true(pairs_read("0a001000000000000000000000000000000000000000000000", &list));
    assert_false(pairs_read("0100030041004200000000", &list)); /* half a unit */
    assert_false(pairs_read("0100ff7f41000000", &list));
    assert_true(pairs_read("010002004100630001004101000200420000000000", &list));
    assert_true(list.duplicates);
    assert_int_equal(ntlm_av_find(&list, 1)->value.data[0], 0x41);
    assert_null(ntlm_av_name(11));
    assert_string_equal(ntlm_av_name(9), "MsvAvTargetName");
}

static void test_v2(void **state)
{
    struct ntlm_v2_response v2;
    static const uint8_t client[8] = {1};
    (void)state;
    wire_write_init(&w, token + 16, sizeof token - 16);
    ntlm_v2_blob_write(&w, 5, client, (struct span){NULL, 0});
    size_t size = 16 + w.at;
    assert_int_equal(size, 48);
    assert_true(ntlm_v2_response_read(exact(size), &v2));
    assert_true(v2.time == 5);
    assert_int_equal(v2.av_pairs.size, 4);
    for (size_t n = 0; n < 44; n++) {
        assert_false(ntlm_v2_response_read(exact(n), &v2));
    }
    token[16] = 2;
    assert_false(ntlm_v2_response_read(exact(size), &v2));
    token[16] = 1;
    token[17] = 2;
    assert_false(ntlm_v2_response_read(exact(size), &v2));
}

static void test_flags_text(void **state)
{
    char text[512], small[8];
    (void)state;
    assert_string_equal(ntlm_flags_text(NTLM_F_SIGN | NTLM_F_SEAL | NTLM_F_56, text, sizeof text),
                        "56|SEAL|SIGN");
    assert_string_equal(ntlm_flags_text(0x01000001, text, sizeof text), "UNICODE|0x01000000");
    assert_string_equal(ntlm_flags_text(0, text, sizeof text), "");
    assert_true(strlen(ntlm_flags_text(UINT32_MAX, text, sizeof text)) > 200);
    assert_true(strlen(ntlm_flags_text(UINT32_MAX, small, sizeof small)) < sizeof small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_negotiate),    cmocka_unit_test(test_challenge),
        cmocka_unit_test(test_authenticate), cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_v2),           cmocka_unit_test(test_flags_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
