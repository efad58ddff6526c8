/* SPDX-License-Identifier: MIT */
/*
 * The tokens by themselves: bytes written as the specifications have them, read back, refused when they are
 * damaged. libtasn1, which knows only the ASN.1, reads what we write, and what it rejects we reject.
 */
#include "testkit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <opensspi.h>

#include "packages/negotiate/negotiate_mechs.h"
#include "packages/negotiate/negotiate_messages.h"
#ifdef WITH_TASN1
#include "tasn1_oracle.h"
#endif

enum { ROOM = 1024 };

/* kit_fill's sequence, one number after the other. */
static uint32_t draw(void)
{
    static uint32_t x = 0x2545f491;
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    return x;
}

static bool reads_init(const void *token, size_t size)
{
    struct negotiate_init m;
    bool ours = negotiate_init_read((struct span){token, size}, &m);
#ifdef WITH_TASN1
    if (ours && !oracle_reads_init(token, size))
        fail_msg("libtasn1 rejects an init token of %zu bytes that we take", size);
#endif
    return ours;
}

static bool reads_resp(const void *token, size_t size)
{
    struct negotiate_resp m;
    bool ours = negotiate_resp_read((struct span){token, size}, &m);
#ifdef WITH_TASN1
    if (ours && !oracle_reads_resp(token, size))
        fail_msg("libtasn1 rejects a resp token of %zu bytes that we take", size);
#endif
    return ours;
}

/* ---- samples ---- */

static size_t write_init(uint8_t *out, size_t room, bool hinted, bool token, bool mic)
{
    static uint8_t list[128];
    static const uint8_t text[] = "not_defined_in_RFC4178@please_ignore";
    const struct span mechs[] = {negotiate_oid_kerberos, negotiate_oid_kerberos_microsoft,
                                 negotiate_oid_ntlm};
    struct wire_writer w;
    wire_write_init(&w, list, sizeof list);
    negotiate_list_write(&w, mechs, 3);
    struct negotiate_init m = {.mech_list = {list, w.at}, .hinted = hinted};
    if (token)
        m.token = (struct span){text, sizeof text};
    if (mic)
        m.mic = (struct span){text, 16};
    if (hinted)
        m.hint_name = (struct span){text, sizeof text - 1};
    wire_write_init(&w, out, room);
    negotiate_init_write(&w, &m);
    assert_false(w.failed);
    return w.at;
}

static size_t write_resp(uint8_t *out, size_t room, uint8_t state, bool mech, size_t token, bool mic)
{
    static const uint8_t bytes[300];
    struct negotiate_resp m = {.state = state};
    struct wire_writer w;
    if (mech)
        m.mech = negotiate_oid_ntlm;
    if (token)
        m.token = (struct span){bytes, token};
    if (mic)
        m.mic = (struct span){bytes, 16};
    wire_write_init(&w, out, room);
    negotiate_resp_write(&w, &m);
    assert_false(w.failed);
    return w.at;
}

/* ---- tests ---- */

/* [MS-SPNG] and RFC 4178 by hand. */
static void test_bytes(void **state)
{
    static const uint8_t want_resp[] = {0xa1, 0x15, 0x30, 0x13, 0xa0, 0x03, 0x0a, 0x01,
                                        0x01, 0xa1, 0x0c, 0x06, 0x0a, 0x2b, 0x06, 0x01,
                                        0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a};
    static const uint8_t want_init[] = {0x60, 0x1c, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02,
                                        0xa0, 0x12, 0x30, 0x10, 0xa0, 0x0e, 0x30, 0x0c, 0x06, 0x0a,
                                        0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a};
    static const uint8_t list[] = {0x30, 0x0c, 0x06, 0x0a, 0x2b, 0x06, 0x01,
                                   0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a};
    uint8_t out[ROOM];
    struct wire_writer w;
    struct negotiate_init m = {.mech_list = {list, sizeof list}};
    (void)state;
    assert_int_equal(write_resp(out, ROOM, NEGOTIATE_ACCEPT_INCOMPLETE, true, 0, false), sizeof want_resp);
    assert_memory_equal(out, want_resp, sizeof want_resp);
    wire_write_init(&w, out, ROOM);
    negotiate_init_write(&w, &m);
    assert_int_equal(w.at, sizeof want_init);
    assert_memory_equal(out, want_init, sizeof want_init);
}

static void test_init_back(void **state)
{
    uint8_t out[ROOM];
    struct negotiate_init m;
    (void)state;
    for (unsigned form = 0; form < 8; form++) {
        size_t size = write_init(out, ROOM, form & 1, form & 2, form & 4);
        assert_true(reads_init(out, size));
        assert_true(negotiate_init_read((struct span){out, size}, &m));
        assert_int_equal(m.mech_count, 3);
        assert_true(negotiate_oid_equal(m.mechs[1], negotiate_oid_kerberos_microsoft));
        assert_int_equal(m.hinted, form & 1);
        assert_int_equal(m.token.data != NULL, (form & 2) != 0);
        assert_int_equal(m.mic.size, form & 4 ? 16 : 0);
    }
}

static void test_resp_back(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 122, 123, 127, 128, 240, 250, 255, 256, 300};
    static const uint8_t states[] = {0, 1, 2, 3, NEGOTIATE_NO_STATE};
    uint8_t out[ROOM];
    struct negotiate_resp m;
    (void)state;
    for (size_t s = 0; s < sizeof states; s++)
        for (size_t t = 0; t < sizeof sizes / sizeof sizes[0]; t++)
            for (int rest = 0; rest < 4; rest++) {
                size_t size = write_resp(out, ROOM, states[s], rest & 1, sizes[t], rest & 2);
                assert_true(reads_resp(out, size));
                assert_true(negotiate_resp_read((struct span){out, size}, &m));
                assert_int_equal(m.state, states[s]);
                assert_int_equal(m.token.size, sizes[t]);
                assert_int_equal(m.mic.size, rest & 2 ? 16 : 0);
            }
}

static void test_cut_and_longer(void **state)
{
    uint8_t out[ROOM];
    (void)state;
    size_t size = write_init(out, ROOM, true, true, true);
    for (size_t cut = 0; cut < size; cut++)
        assert_false(reads_init(out, cut));
    out[size] = 0;
    assert_false(reads_init(out, size + 1));
    size = write_resp(out, ROOM, 1, true, 300, true);
    for (size_t cut = 0; cut < size; cut++)
        assert_false(reads_resp(out, cut));
    out[size] = 0;
    assert_false(reads_resp(out, size + 1));
}

#ifdef WITH_TASN1
/* What libtasn1 writes from the same ASN.1 we read, with every field where it belongs. DER leaves one way to
 * write a message: ours is the same, but for what we never write. */
static void oracle_init(unsigned form)
{
    static const uint8_t bytes[200] = {1, 2, 3, 4}, address[4] = {10, 0, 0, 1};
    const struct oracle_init want = {
        .mechs = {"1.2.840.113554.1.2.2", form & 1 ? "1.2.840.48018.1.2.2" : NULL, "1.3.6.1.4.1.311.2.2.10",
                  NULL},
        .flag_bits = form & 2 ? 7 : 0,
        .token = form & 4 ? bytes : NULL,
        .token_size = form & 8 ? 3 : 200,
        .mic = form & 16 ? bytes : NULL,
        .mic_size = 16,
        .hint_name = form & 32 ? "not_defined_in_RFC4178@please_ignore" : NULL,
        .hint_address = form & 64 ? address : NULL,
    };
    uint8_t theirs[ROOM], ours[ROOM];
    struct negotiate_init m;
    struct wire_writer w;
    size_t size = oracle_writes_init(theirs, sizeof theirs, &want);
    assert_true(negotiate_init_read((struct span){theirs, size}, &m));
    assert_int_equal(m.mech_count, form & 1 ? 3 : 1);
    assert_true(negotiate_oid_equal(m.mechs[0], negotiate_oid_kerberos));
    if (form & 1)
        assert_true(negotiate_oid_equal(m.mechs[2], negotiate_oid_ntlm));
    assert_int_equal(m.flags.size, form & 2 ? 2 : 0);
    assert_int_equal(m.token.size, form & 4 ? want.token_size : 0);
    assert_int_equal(m.mic.size, form & 16 ? 16 : 0);
    if (m.token.size)
        assert_memory_equal(m.token.data, bytes, m.token.size);
    if (m.mic.size)
        assert_memory_equal(m.mic.data, bytes, 16);
    assert_int_equal(m.hinted, (form & (32 | 64)) != 0);
    assert_int_equal(m.hint_name.size, form & 32 ? 36 : 0);
    assert_int_equal(m.hint_address.size, form & 64 ? 4 : 0);
    wire_write_init(&w, ours, sizeof ours);
    negotiate_init_write(&w, &m);
    if (!(form & (2 | 64))) {
        assert_int_equal(w.at, size);
        assert_memory_equal(ours, theirs, size);
    }
}

static void oracle_resp(int state, unsigned form)
{
    static const uint8_t bytes[300] = {5, 6, 7};
    const struct oracle_resp want = {
        .state = state,
        .mech = form & 1 ? "1.3.6.1.4.1.311.2.2.10" : NULL,
        .token = form & 2 ? bytes : NULL,
        .token_size = form & 4 ? 130 : 300,
        .mic = form & 8 ? bytes : NULL,
        .mic_size = 28,
    };
    uint8_t theirs[ROOM], ours[ROOM];
    struct negotiate_resp m;
    struct wire_writer w;
    size_t size = oracle_writes_resp(theirs, sizeof theirs, &want);
    assert_true(negotiate_resp_read((struct span){theirs, size}, &m));
    assert_int_equal(m.state, state < 0 ? NEGOTIATE_NO_STATE : state);
    assert_int_equal(m.mech.size, form & 1 ? negotiate_oid_ntlm.size : 0);
    assert_int_equal(m.token.size, form & 2 ? want.token_size : 0);
    assert_int_equal(m.mic.size, form & 8 ? 28 : 0);
    wire_write_init(&w, ours, sizeof ours);
    negotiate_resp_write(&w, &m);
    assert_int_equal(w.at, size);
    assert_memory_equal(ours, theirs, size);
}

static void test_oracle_writes(void **state)
{
    (void)state;
    for (unsigned form = 0; form < 128; form++)
        oracle_init(form);
    for (int s = -1; s < 4; s++)
        for (unsigned form = 0; form < 16; form++)
            oracle_resp(s, form);
}

/* Genuine tokens, and those of whole conversations: libtasn1 reads each of them. */
static void test_oracle_reads(void **state)
{
    struct kit_side x, y;
    SECURITY_STATUS status;
    (void)state;
    assert_status(kit_open(&x, "Negotiate", true, KIT_DOMAIN, KIT_USER, KIT_PASSWORD), SEC_E_OK);
    assert_status(kit_open(&y, "Negotiate", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&y, ASC_REQ_INTEGRITY, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_true(oracle_reads_init(y.token, y.token_size));
    status = kit_step(&x, ISC_REQ_INTEGRITY, "host/server", y.token, y.token_size, NULL);
    assert_true(oracle_reads_init(x.token, x.token_size));
    for (int leg = 1; leg < 4; leg++) {
        struct kit_side *from = leg % 2 ? &x : &y, *to = leg % 2 ? &y : &x;
        status = kit_step(to, to->initiator ? ISC_REQ_INTEGRITY : ASC_REQ_INTEGRITY, "host/server",
                          from->token, from->token_size, NULL);
        assert_true(SEC_SUCCESS(status));
        assert_true(oracle_reads_resp(to->token, to->token_size));
    }
    assert_status(status, SEC_E_OK);
    assert_status(kit_step(&x, ISC_REQ_INTEGRITY, "host/server", y.token, y.token_size, NULL), SEC_E_OK);
    kit_close(&x);
    kit_close(&y);
}
#endif

/* Lengths that say the same in more bytes, or do not say it; tags of more bytes. */
static void test_not_distinguished(void **state)
{
    static const uint8_t resp[][12] = {
        {0xa1, 0x81, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x01}, /* long form */
        {0xa1, 0x80, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x01, 0x00}, /* indefinite, and its end cut */
        {0xa1, 0x08, 0x30, 0x06, 0xa0, 0x04, 0x0a, 0x02, 0x00, 0x01}, /* a number of two bytes */
        {0xa1, 0x08, 0x30, 0x06, 0xbf, 0x00, 0x03, 0x0a, 0x01, 0x01}, /* a high tag number */
        {0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x02, 0x01, 0x01},       /* INTEGER */
        {0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x04},       /* no such state */
        {0xa1, 0x05, 0x30, 0x03, 0xa5, 0x01, 0x00},                   /* a field that nobody knows */
        {0xa1, 0x07, 0x30, 0x05, 0xa1, 0x03, 0x06, 0x01, 0x80},       /* an OID without end */
        {0xa1, 0x06, 0x30, 0x04, 0xa1, 0x02, 0x06, 0x00},             /* an empty one */
    };
    static const size_t sizes[] = {10, 10, 10, 10, 9, 9, 7, 9, 8};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (reads_resp(resp[i], sizes[i]))
            fail_msg("case %zu is read", i);
}

/* Right in every other way, and larger than a token may be. */
static void test_too_large(void **state)
{
    static uint8_t bytes[70000], out[71000];
    struct negotiate_resp resp = {.state = NEGOTIATE_ACCEPT_INCOMPLETE};
    struct negotiate_init init = {.mech_list = {NULL, 0}};
    struct wire_writer w;
    (void)state;
    for (size_t size = 65000; size <= sizeof bytes; size += 5000) {
        resp.token = init.token = (struct span){bytes, size};
        wire_write_init(&w, out, sizeof out);
        negotiate_resp_write(&w, &resp);
        assert_int_equal(reads_resp(out, w.at), size == 65000);
        wire_write_init(&w, out, sizeof out);
        negotiate_init_write(&w, &init);
        assert_int_equal(reads_init(out, w.at), size == 65000);
    }
}

/* Numbers in OBJECT IDENTIFIERs, up to more than anybody can hold. */
static void test_long_numbers(void **state)
{
    uint8_t out[64] = {0xa1, 0, 0x30, 0, 0xa1, 0, 0x06, 0, 0x2b};
    (void)state;
    for (unsigned more = 0; more < 24; more++) {
        unsigned size = 2 + more; /* of the OID */
        memset(out + 9, 0xff, more);
        out[9 + more] = 0x7f;
        out[7] = (uint8_t)size;
        out[5] = (uint8_t)(size + 2);
        out[3] = (uint8_t)(size + 4);
        out[1] = (uint8_t)(size + 6);
        assert_int_equal(reads_resp(out, size + 8), more < 9);
    }
}

/* Bits flipped, bytes changed, several of them: whatever we still take, libtasn1 takes. */
static void test_damaged(void **state)
{
    uint8_t out[ROOM], copy[ROOM];
    unsigned taken = 0;
    (void)state;
    for (unsigned form = 0; form < 8; form++) {
        size_t size = write_init(out, ROOM, form & 1, form & 2, form & 4);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            memcpy(copy, out, size);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            taken += reads_init(copy, size);
        }
    }
    size_t size = write_resp(out, ROOM, 1, true, 140, true);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        memcpy(copy, out, size);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        taken += reads_resp(copy, size);
    }
    for (unsigned i = 0; i < 60000; i++) {
        bool init = i & 1;
        size = init ? write_init(copy, ROOM, i & 2, i & 4, i & 8)
                    : write_resp(copy, ROOM, i % 4, i & 4, i % 50, i & 2);
        for (unsigned n = 1 + draw() % 3; n > 0; n--)
            copy[draw() % (size < 80 ? size : 80)] = (uint8_t)(draw() % 4 ? draw() : draw() % 16 + 0xa0);
        taken += init ? reads_init(copy, size) : reads_resp(copy, size);
    }
    /* Contents of tokens and numbers in OIDs are free. */
    assert_true(taken > 1000);
}

/* ---- nesting ---- */

enum { NESTED = 1 << 20, STACK = 64 * 1024 };

static uint8_t nested[NESTED + 64];
static struct kit_side a, b;

static void nothing(void *arg, unsigned depth, const char *name, const char *value, size_t offset,
                    size_t size)
{
    (void)arg, (void)depth, (void)name, (void)value, (void)offset, (void)size;
}

/* Elements inside one another, as many as fit: each has the rest as its contents. */
static void nest(uint8_t first, uint8_t tag)
{
    for (size_t at = 0; at + 5 <= NESTED; at += 5) {
        uint32_t rest = (uint32_t)(NESTED - at - 5);
        nested[at] = at == 0 ? first : tag;
        nested[at + 1] = 0x83;
        nested[at + 2] = (uint8_t)(rest >> 16);
        nested[at + 3] = (uint8_t)(rest >> 8);
        nested[at + 4] = (uint8_t)rest;
    }
}

static void *small_stack(void *arg)
{
    static const uint8_t tags[] = {0x30, 0xa0, 0xa1, 0xa2, 0xa3, 0x60, 0x24, 0x6e, 0x06};
    (void)arg;
    for (size_t first = 0; first < sizeof tags; first++)
        for (size_t tag = 0; tag < sizeof tags; tag++) {
            nest(tags[first], tags[tag]);
            for (size_t size = 60; size <= NESTED; size = size < 60000   ? 60000
                                                          : size < 65536 ? 65536
                                                                         : size * 16) {
                struct negotiate_init init;
                struct negotiate_resp resp;
                struct span mech;
                (void)negotiate_classify((struct span){nested, size}, &mech);
                assert_false(negotiate_init_read((struct span){nested, size}, &init));
                assert_false(negotiate_resp_read((struct span){nested, size}, &resp));
                (void)SspiInspectToken(nested, size, nothing, NULL);
            }
        }
    nest(0x60, 0x30);
    assert_int_not_equal(kit_step(&b, 0, NULL, nested, NESTED, NULL), SEC_E_OK);
    nest(0xa1, 0x30);
    assert_int_equal(kit_step(&a, 0, "host/server", nested, NESTED, NULL), SEC_E_INVALID_TOKEN);
    return arg;
}

static void test_nested(void **state)
{
    pthread_attr_t attributes;
    pthread_t thread;
    void *ended;
    (void)state;
    assert_status(kit_open(&a, "Negotiate", true, KIT_DOMAIN, KIT_USER, KIT_PASSWORD), SEC_E_OK);
    assert_status(kit_open(&b, "Negotiate", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&a, 0, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, small_stack, &a), 0);
    pthread_join(thread, &ended);
    assert_ptr_equal(ended, &a);
    pthread_attr_destroy(&attributes);
    kit_close(&a);
    kit_close(&b);
}

/* ---- the inspector ---- */

static char tree[8192];

static void append(void *arg, unsigned depth, const char *name, const char *value, size_t offset, size_t size)
{
    size_t at = strlen(tree);
    (void)arg, (void)offset, (void)size;
    snprintf(tree + at, sizeof tree - at, "%*s%s%s%.60s\n", (int)depth, "", name, *value ? ": " : "", value);
}

static void test_inspector(void **state)
{
    uint8_t out[ROOM];
    (void)state;
    assert_status(kit_open(&a, "Negotiate", true, KIT_DOMAIN, KIT_USER, KIT_PASSWORD), SEC_E_OK);
    assert_status(kit_step(&a, ISC_REQ_INTEGRITY, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    tree[0] = 0;
    assert_status(SspiInspectToken(a.token, a.token_size, append, NULL), SEC_E_OK);
    assert_non_null(
        strstr(tree, "NegTokenInit\n mechTypes\n  mechType: 1.3.6.1.4.1.311.2.2.10 NTLMSSP\n mechToken\n"
                     "  NEGOTIATE_MESSAGE\n"));
    kit_close(&a);

    tree[0] = 0;
    size_t size = write_init(out, ROOM, true, false, false);
    assert_status(SspiInspectToken(out, size, append, NULL), SEC_E_OK);
    assert_string_equal(tree, "NegTokenInit2\n mechTypes\n  mechType: 1.2.840.113554.1.2.2 Kerberos\n"
                              "  mechType: 1.2.840.48018.1.2.2 Kerberos (Microsoft's number)\n"
                              "  mechType: 1.3.6.1.4.1.311.2.2.10 NTLMSSP\n negHints\n"
                              "  hintName: not_defined_in_RFC4178@please_ignore\n");

    tree[0] = 0;
    size = write_resp(out, ROOM, NEGOTIATE_REQUEST_MIC, true, 2, true);
    assert_status(SspiInspectToken(out, size, append, NULL), SEC_E_OK);
    assert_string_equal(
        tree, "NegTokenResp\n negState: request-mic\n supportedMech: 1.3.6.1.4.1.311.2.2.10 NTLMSSP\n"
              " responseToken\n  bytes: 0000\n mechListMIC\n"
              "  bytes: 00000000000000000000000000000000\n");

    tree[0] = 0;
    assert_status(SspiInspectToken(out, size - 1, append, NULL), SEC_E_INVALID_TOKEN);
    assert_non_null(strstr(tree, " error: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_init_back),
        cmocka_unit_test(test_resp_back),
        cmocka_unit_test(test_cut_and_longer),
        cmocka_unit_test(test_not_distinguished),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_inspector),
#ifdef WITH_TASN1
        cmocka_unit_test(test_oracle_writes),
        cmocka_unit_test(test_oracle_reads),
#endif
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
