/* SPDX-License-Identifier: MIT */
/* psk through the public functions: handshakes and what spoils them, algorithms by fQOP, what is bound to
 * what. */
#include "testkit.h"

#include <string.h>
#include <sys/stat.h>

#include "lsa/lsa.h"
#include "packages/psk/psk_packed.h"

enum { ISC = ISC_REQ_INTEGRITY, ASC = ASC_REQ_INTEGRITY, TOKEN = PSK_TOKEN_SIZE };

struct pair {
    struct kit_side a, b;
};

static void open_pair(struct pair *p)
{
    assert_status(kit_open(&p->a, "psk", true, NULL, KIT_USER, ""), SEC_E_OK);
    assert_status(kit_open(&p->b, "psk", false, NULL, NULL, NULL), SEC_E_OK);
}

static void close_pair(struct pair *p)
{
    kit_close(&p->a);
    kit_close(&p->b);
}

/* The status of the first step that is refused; SEC_E_OK when both sides are done. `change` damages leg
 * `leg`. */
static SECURITY_STATUS run(struct pair *p, ULONG isc, ULONG asc, SecBuffer *a_bindings, SecBuffer *b_bindings,
                           int leg, void (*change)(uint8_t *token, size_t size, size_t arg), size_t arg)
{
    SECURITY_STATUS status = kit_step(&p->a, isc, "host/b", NULL, 0, a_bindings);
    for (int i = 0; i < 3 && SEC_SUCCESS(status); i++) {
        struct kit_side *from = i % 2 ? &p->b : &p->a, *to = i % 2 ? &p->a : &p->b;
        if (i == leg)
            change(from->token, from->token_size, arg);
        status = kit_step(to, i % 2 ? isc : asc, "host/b", from->token, from->token_size,
                          i % 2 ? a_bindings : b_bindings);
        if (i == 0)
            assert_true(status < 0 || status == SEC_I_CONTINUE_NEEDED);
        if (i == 1 && SEC_SUCCESS(status))
            assert_status(status, SEC_E_OK);
    }
    return status;
}

static void test_handshake(void **state)
{
    (void)state;
    struct pair p;
    SecPkgContext_NativeNamesA names;
    SecPkgContext_SessionKey ka, kb;
    SecPkgContext_Flags flags;
    SecPkgContext_KeyInfoA info;
    open_pair(&p);
    assert_status(run(&p, ISC, ASC, NULL, NULL, -1, NULL, 0), SEC_E_OK);
    assert_int_equal(p.b.token_size, 0);
    for (int i = 0; i < 2; i++) {
        CtxtHandle *c = i ? &p.b.context : &p.a.context;
        assert_status(QueryContextAttributesA(c, SECPKG_ATTR_NATIVE_NAMES, &names), SEC_E_OK);
        assert_string_equal(names.sClientName, KIT_USER);
        assert_true(strlen(names.sServerName) > 0);
        FreeContextBuffer(names.sClientName);
        FreeContextBuffer(names.sServerName);
        assert_status(QueryContextAttributesA(c, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
        assert_int_equal(flags.Flags, (i ? ASC_RET_INTEGRITY : ISC_RET_INTEGRITY) | ISC_RET_CONFIDENTIALITY |
                                          ISC_RET_MUTUAL_AUTH | ISC_RET_REPLAY_DETECT |
                                          ISC_RET_SEQUENCE_DETECT);
        assert_status(QueryContextAttributesA(c, SECPKG_ATTR_KEY_INFO, &info), SEC_E_OK);
        assert_string_equal(info.sEncryptAlgorithmName, "AES-256-GCM");
        FreeContextBuffer(info.sEncryptAlgorithmName);
        FreeContextBuffer(info.sSignatureAlgorithmName);
        assert_status(QueryContextAttributesA(c, SECPKG_ATTR_STREAM_SIZES, &info),
                      SEC_E_UNSUPPORTED_FUNCTION);
    }
    assert_status(QueryContextAttributesA(&p.a.context, SECPKG_ATTR_SESSION_KEY, &ka), SEC_E_OK);
    assert_status(QueryContextAttributesA(&p.b.context, SECPKG_ATTR_SESSION_KEY, &kb), SEC_E_OK);
    assert_int_equal(ka.SessionKeyLength, 32);
    assert_memory_equal(ka.SessionKey, kb.SessionKey, 32);
    FreeContextBuffer(ka.SessionKey);
    FreeContextBuffer(kb.SessionKey);
    kit_exchange(&p.a.context, &p.b.context, "there", true);
    kit_exchange(&p.b.context, &p.a.context, "and back", true);
    close_pair(&p);
}

/* ---- what spoils a handshake ---- */

static void flip(uint8_t *token, size_t size, size_t bit)
{
    assert_true(bit / 8 < size);
    token[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static size_t leg_size(int leg)
{
    struct pair p;
    size_t sizes[3];
    open_pair(&p);
    assert_status(kit_step(&p.a, ISC, "t", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    sizes[0] = p.a.token_size;
    assert_status(kit_step(&p.b, ASC, "t", p.a.token, p.a.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    sizes[1] = p.b.token_size;
    assert_status(kit_step(&p.a, ISC, "t", p.b.token, p.b.token_size, NULL), SEC_E_OK);
    sizes[2] = p.a.token_size;
    close_pair(&p);
    return sizes[leg];
}

/* No change of a bit in any leg is survived: the offered algorithms, flags, names and randoms among them. */
static void test_every_bit_of_every_leg(void **state)
{
    (void)state;
    for (int leg = 0; leg < 3; leg++) {
        size_t size = leg_size(leg);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            struct pair p;
            open_pair(&p);
            SECURITY_STATUS status = run(&p, ISC, ASC, NULL, NULL, leg, flip, bit);
            if (status != SEC_E_LOGON_DENIED && status != SEC_E_INVALID_TOKEN)
                fail_msg("leg %d bit %zu: 0x%08x", leg, bit, (unsigned)status);
            close_pair(&p);
        }
    }
}

static void take_out_algorithms(uint8_t *token, size_t size, size_t arg)
{
    (void)size;
    assert_int_equal(token[6], PSK_ALGORITHMS_ALL);
    token[6] = (uint8_t)arg;
}

/* Somebody who wants weaker signatures takes the others out of the offer: the initiator finds out. */
static void test_downgrade(void **state)
{
    (void)state;
    for (int leg = 0; leg < 3; leg++) {
        struct pair p;
        open_pair(&p);
        assert_status(run(&p, ISC, ASC, NULL, NULL, leg, take_out_algorithms, PSK_ALGORITHMS_LEAST),
                      SEC_E_LOGON_DENIED);
        close_pair(&p);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    for (int leg = 0; leg < 3; leg++) {
        size_t size = leg_size(leg);
        for (size_t length = 0; length <= size + 1; length++) {
            struct pair p;
            if (length == size)
                continue;
            open_pair(&p);
            assert_status(kit_step(&p.a, ISC, "t", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
            if (leg > 0)
                assert_status(kit_step(&p.b, ASC, "t", p.a.token, p.a.token_size, NULL),
                              SEC_I_CONTINUE_NEEDED);
            if (leg > 1)
                assert_status(kit_step(&p.a, ISC, "t", p.b.token, p.b.token_size, NULL), SEC_E_OK);
            struct kit_side *to = leg == 1 ? &p.a : &p.b, *from = leg == 1 ? &p.b : &p.a;
            /* A longer one may be malformed or, with a MAC of other bytes, not authentic. */
            SECURITY_STATUS status = kit_step(to, leg == 1 ? ISC : ASC, "t", from->token, length, NULL);
            assert_status(status, SEC_E_INVALID_TOKEN);
            close_pair(&p);
        }
    }
}

static void test_datagrams_on_one_side(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p);
    assert_status(run(&p, ISC | ISC_REQ_DATAGRAM, ASC, NULL, NULL, -1, NULL, 0), SEC_E_INVALID_TOKEN);
    close_pair(&p);
    open_pair(&p);
    assert_status(run(&p, ISC, ASC | ASC_REQ_DATAGRAM, NULL, NULL, -1, NULL, 0), SEC_E_INVALID_TOKEN);
    close_pair(&p);
}

static SecBuffer *bindings(SecBuffer *out, uint8_t *room, const char *text)
{
    SEC_CHANNEL_BINDINGS b = {.cbApplicationDataLength = (ULONG)strlen(text),
                              .dwApplicationDataOffset = sizeof b};
    memcpy(room, &b, sizeof b);
    memcpy(room + sizeof b, text, strlen(text));
    *out = (SecBuffer){(ULONG)(sizeof b + strlen(text)), SECBUFFER_CHANNEL_BINDINGS, room};
    return out;
}

static void test_bindings(void **state)
{
    (void)state;
    uint8_t x_room[100], y_room[100];
    SecBuffer x, y;
    const struct {
        SecBuffer *a, *b;
        ULONG asc;
        SECURITY_STATUS want;
    } cases[] = {
        {&x, &x, 0, SEC_E_OK},
        {&x, &y, 0, SEC_E_BAD_BINDINGS},
        {&x, &y, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_BAD_BINDINGS},
        {NULL, &x, 0, SEC_E_BAD_BINDINGS},
        {NULL, &x, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_OK},
        {&x, NULL, 0, SEC_E_OK},
    };
    bindings(&x, x_room, "tls-unique:one");
    bindings(&y, y_room, "tls-unique:two");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair p;
        open_pair(&p);
        assert_status(run(&p, ISC, ASC | cases[i].asc, cases[i].a, cases[i].b, -1, NULL, 0), cases[i].want);
        close_pair(&p);
    }
    /* An offset outside. */
    struct pair p;
    ((SEC_CHANNEL_BINDINGS *)(void *)x_room)->dwApplicationDataOffset = 95;
    open_pair(&p);
    assert_status(run(&p, ISC, ASC, &x, NULL, -1, NULL, 0), SEC_E_INVALID_TOKEN);
    close_pair(&p);
}

/* ---- identities ---- */

#define HEX32 "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static void with_identities(const char *text, mode_t mode)
{
    kit_write_file("identities", text);
    assert_int_equal(chmod(kit_path("identities"), mode), 0);
}

static SECURITY_STATUS acquire(const char *user)
{
    struct kit_side side;
    SECURITY_STATUS status = kit_open(&side, "psk", true, NULL, user, "");
    kit_close(&side);
    return status;
}

static void test_identities(void **state)
{
    (void)state;
    static const struct {
        const char *text, *user;
        SECURITY_STATUS want;
    } cases[] = {
        {"alice " HEX32 "\n", "alice", SEC_E_OK},
        {"# a comment\n\n  alice\t" HEX32 "  \r\n", "alice", SEC_E_OK},
        {"alice " HEX32, "alice", SEC_E_OK},
        {"alice " HEX32 "\n", NULL, SEC_E_OK},
        {"alice " HEX32 "\n", "Alice", SEC_E_UNKNOWN_CREDENTIALS},
        {"alice " HEX32 "\n", "alic", SEC_E_UNKNOWN_CREDENTIALS},
        {"alice " HEX32 "\nbob " HEX32 "\n", "bob", SEC_E_OK},
        {"alice " HEX32 "\nbob " HEX32 "\n", NULL, SEC_E_UNKNOWN_CREDENTIALS},
        {"", NULL, SEC_E_UNKNOWN_CREDENTIALS},
        {"alice 00112233445566778899aabbccddeeff\n", "alice", SEC_E_OK},
        {"alice 00112233445566778899aabbccddeef\n", "alice", SEC_E_NO_CREDENTIALS},
        {"alice 00112233445566778899aabbccddee\n", "alice", SEC_E_NO_CREDENTIALS},
        {"alice " HEX32 HEX32 "\n", "alice", SEC_E_OK},
        {"alice " HEX32 HEX32 "00\n", "alice", SEC_E_NO_CREDENTIALS},
        {"alice " HEX32 " x\n", "alice", SEC_E_NO_CREDENTIALS},
        {"alice 0x112233445566778899aabbccddeeff00\n", "alice", SEC_E_NO_CREDENTIALS},
        {"alice\n", "alice", SEC_E_NO_CREDENTIALS},
        {"alice " HEX32 "\nalice " HEX32 "\n", "alice", SEC_E_NO_CREDENTIALS},
        {"alice " HEX32 "\nbad line\n", "alice", SEC_E_NO_CREDENTIALS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        with_identities(cases[i].text, 0600);
        kit_assert_status(acquire(cases[i].user), cases[i].want, __FILE__, __LINE__, cases[i].text);
    }
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0666};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        with_identities("alice " HEX32 "\n", modes[i]);
        assert_status(acquire("alice"), SEC_E_NO_CREDENTIALS);
    }
    assert_int_equal(remove(kit_path("identities")), 0);
    assert_status(acquire("alice"), SEC_E_NO_CREDENTIALS);
    with_identities("alice " KIT_KEY "\nbob 00112233445566778899aabbccddeeff\n", 0600);
}

/* The keys are the process's: a thread that acts for a client has none of them, whatever name it gives. */
static void test_impersonating(void **state)
{
    (void)state;
    with_identities("alice " HEX32 "\n", 0600);
    lsa_client_set(0, 0);
    assert_status(acquire("alice"), SEC_E_NO_CREDENTIALS);
    assert_status(acquire(NULL), SEC_E_NO_CREDENTIALS);
    lsa_client_clear();
    assert_status(acquire("alice"), SEC_E_OK);
    with_identities("alice " KIT_KEY "\nbob 00112233445566778899aabbccddeeff\n", 0600);
}

/* The acceptor has another key for the name, or does not know it: the answer has the same form, and the
 * initiator refuses it, because who gave it does not know the key. */
static void test_wrong_keys(void **state)
{
    (void)state;
    static const char *const files[] = {"alice " HEX32 "\n", "bob " HEX32 "\n"};
    for (int i = 0; i < 2; i++) {
        struct pair p;
        with_identities("alice " KIT_KEY "\n", 0600);
        open_pair(&p);
        with_identities(files[i], 0600);
        assert_status(kit_step(&p.a, ISC, "t", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
        assert_status(kit_step(&p.b, ASC, "t", p.a.token, p.a.token_size, NULL), SEC_I_CONTINUE_NEEDED);
        assert_status(kit_step(&p.a, ISC, "t", p.b.token, p.b.token_size, NULL), SEC_E_LOGON_DENIED);
        /* An initiator that does not care and goes on. */
        struct psk_handshake h = {.algorithms = PSK_ALGORITHMS_ALL};
        uint8_t final[PSK_FINAL_SIZE];
        psk_final_write(&h, final);
        assert_status(kit_step(&p.b, ASC, "t", final, sizeof final, NULL), SEC_E_LOGON_DENIED);
        close_pair(&p);
    }
    with_identities("alice " KIT_KEY "\nbob 00112233445566778899aabbccddeeff\n", 0600);
}

/* ---- algorithms ---- */

static SECURITY_STATUS sign(CtxtHandle *c, ULONG qop, const void *text, ULONG size, uint8_t token[TOKEN],
                            ULONG number)
{
    SecBuffer b[2] = {{size, SECBUFFER_DATA, (void *)(uintptr_t)text}, {TOKEN, SECBUFFER_TOKEN, token}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, b};
    return MakeSignature(c, qop, &d, number);
}

static SECURITY_STATUS verify(CtxtHandle *c, const void *text, ULONG size, uint8_t token[TOKEN], ULONG *qop)
{
    SecBuffer b[2] = {{size, SECBUFFER_DATA, (void *)(uintptr_t)text}, {TOKEN, SECBUFFER_TOKEN, token}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, b};
    return VerifySignature(c, &d, 0, qop);
}

static void test_algorithms(void **state)
{
    (void)state;
    struct pair p;
    const char text[] = "which algorithm was it";
    uint8_t token[TOKEN], seen[PSK_ALGORITHM_COUNT][32];
    open_pair(&p);
    assert_status(run(&p, ISC, ASC, NULL, NULL, -1, NULL, 0), SEC_E_OK);
    for (ULONG qop = 0; qop < PSK_ALGORITHM_COUNT; qop++) {
        for (size_t bit = 0; bit < 8 * (TOKEN + sizeof text); bit++) {
            char changed[sizeof text];
            ULONG used = 99;
            memcpy(changed, text, sizeof text);
            assert_status(sign(&p.a.context, qop, text, sizeof text, token, 0), SEC_E_OK);
            assert_int_equal(token[2], qop);
            flip(bit < 8 * TOKEN ? token : (uint8_t *)changed, 1000, bit < 8 * TOKEN ? bit : bit - 8 * TOKEN);
            assert_status(verify(&p.b.context, changed, sizeof text, token, &used), SEC_E_MESSAGE_ALTERED);
            assert_int_equal(used, 99);
            flip(bit < 8 * TOKEN ? token : (uint8_t *)changed, 1000, bit < 8 * TOKEN ? bit : bit - 8 * TOKEN);
            assert_status(verify(&p.b.context, changed, sizeof text, token, &used), SEC_E_OK);
            assert_int_equal(used, qop);
        }
        memcpy(seen[qop], token + 16, 32);
        for (ULONG other = 0; other < qop; other++)
            assert_memory_not_equal(seen[other], seen[qop], 16);
    }
    /* EncryptMessage that does not encrypt makes the default signature; both functions take it. */
    uint8_t data[] = "plain";
    ULONG used = 99;
    SecBuffer b[2] = {{sizeof data, SECBUFFER_DATA, data}, {TOKEN, SECBUFFER_TOKEN, token}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, b};
    assert_status(EncryptMessage(&p.a.context, SECQOP_WRAP_NO_ENCRYPT, &d, 0), SEC_E_OK);
    assert_string_equal((char *)data, "plain");
    assert_status(DecryptMessage(&p.b.context, &d, 0, &used), SEC_E_OK);
    assert_int_equal(used, SECQOP_WRAP_NO_ENCRYPT);
    assert_status(EncryptMessage(&p.a.context, SECQOP_WRAP_NO_ENCRYPT, &d, 0), SEC_E_OK);
    assert_status(VerifySignature(&p.b.context, &d, 0, &used), SEC_E_OK);
    assert_int_equal(used, 0);
    /* VerifySignature does not take what was sealed. */
    assert_status(EncryptMessage(&p.a.context, 0, &d, 0), SEC_E_OK);
    assert_status(VerifySignature(&p.b.context, &d, 0, &used), SEC_E_MESSAGE_ALTERED);
    assert_status(DecryptMessage(&p.b.context, &d, 0, &used), SEC_E_OK);
    assert_string_equal((char *)data, "plain");
    close_pair(&p);
}

/* An algorithm that was not agreed on is neither made nor taken. */
static void test_not_agreed(void **state)
{
    (void)state;
    static struct psk_protect a, b;
    const uint8_t s1[32] = {1}, s2[32] = {2};
    const struct message m = {NULL, 0, 0};
    uint8_t token[TOKEN];
    bool sealed;
    enum psk_algorithm used;
    psk_protect_init(&a, true, false, WINDOW_OFF, PSK_ALGORITHMS_ALL, s1, s2);
    psk_protect_init(&b, false, false, WINDOW_OFF, 1 << PSK_HMAC_SHA256 | 1 << PSK_AES128_CMAC, s2, s1);
    for (unsigned i = 0; i < PSK_ALGORITHM_COUNT; i++) {
        bool agreed = i == PSK_HMAC_SHA256 || i == PSK_AES128_CMAC;
        assert_int_equal(psk_sign(&a, (enum psk_algorithm)i, 0, &m, token), PROTECT_OK);
        assert_int_equal(psk_authenticate(&b, &m, token, &sealed, &used),
                         agreed ? PROTECT_OK : PROTECT_ALTERED);
        assert_int_equal(psk_protect_offers(&b, i), agreed);
    }
    assert_false(psk_protect_offers(&b, PSK_ALGORITHM_COUNT));
    assert_false(psk_protect_offers(&b, 0xffffffff));
}

/* ---- what a sealed message binds ---- */

/* Bytes that wander between what was readable and what was sealed do not pass, though all in all they are the
 * same. */
static void test_layout(void **state)
{
    (void)state;
    struct pair p;
    uint8_t text[12], token[TOKEN];
    ULONG number = 0;
    open_pair(&p);
    assert_status(run(&p, ISC, ASC, NULL, NULL, -1, NULL, 0), SEC_E_OK);
    for (ULONG cut = 0; cut <= sizeof text; cut++, number++) {
        memset(text, 7, sizeof text);
        SecBuffer b[3] = {{4, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, text},
                          {8, SECBUFFER_DATA, text + 4},
                          {TOKEN, SECBUFFER_TOKEN, token}};
        SecBufferDesc d = {SECBUFFER_VERSION, 3, b};
        assert_status(EncryptMessage(&p.a.context, 0, &d, 0), SEC_E_OK);
        b[0].cbBuffer = cut;
        b[1].pvBuffer = text + cut;
        b[1].cbBuffer = sizeof text - cut;
        assert_status(DecryptMessage(&p.b.context, &d, 0, NULL), cut == 4 ? SEC_E_OK : SEC_E_MESSAGE_ALTERED);
        if (cut == 4)
            continue;
        /* Sealed first. */
        b[0] = (SecBuffer){8, SECBUFFER_DATA, text + 4};
        b[1] = (SecBuffer){4, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, text};
        assert_status(DecryptMessage(&p.b.context, &d, 0, NULL), SEC_E_MESSAGE_ALTERED);
        b[0] = (SecBuffer){4, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, text};
        b[1] = (SecBuffer){8, SECBUFFER_DATA, text + 4};
        assert_status(DecryptMessage(&p.b.context, &d, 0, NULL), SEC_E_OK);
        for (size_t i = 0; i < sizeof text; i++)
            assert_int_equal(text[i], 7);
    }
    /* Readable, sealed, readable: the sealed part may not move inside the readable text either. */
    for (ULONG cut = 0; cut <= 4; cut++) {
        uint8_t clear[4] = {9, 9, 9, 9};
        memset(text, 7, sizeof text);
        SecBuffer b[4] = {{2, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, clear},
                          {sizeof text, SECBUFFER_DATA, text},
                          {2, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, clear + 2},
                          {TOKEN, SECBUFFER_TOKEN, token}};
        SecBufferDesc d = {SECBUFFER_VERSION, 4, b};
        assert_status(EncryptMessage(&p.a.context, 0, &d, 0), SEC_E_OK);
        b[0].cbBuffer = cut;
        b[2].cbBuffer = 4 - cut;
        b[2].pvBuffer = clear + cut;
        assert_status(DecryptMessage(&p.b.context, &d, 0, NULL), cut == 2 ? SEC_E_OK : SEC_E_MESSAGE_ALTERED);
        b[0].cbBuffer = b[2].cbBuffer = 2;
        b[2].pvBuffer = clear + 2;
        if (cut != 2)
            assert_status(DecryptMessage(&p.b.context, &d, 0, NULL), SEC_E_OK);
    }
    close_pair(&p);
}

/* Callers may give one number twice; nonces are not made of it. Same text, same number: nothing in common. */
static void test_nonces(void **state)
{
    (void)state;
    struct pair p;
    uint8_t text[4][16], tokens[4][TOKEN];
    open_pair(&p);
    assert_status(run(&p, ISC | ISC_REQ_DATAGRAM, ASC | ASC_REQ_DATAGRAM, NULL, NULL, -1, NULL, 0), SEC_E_OK);
    for (int i = 0; i < 4; i++) {
        memset(text[i], 1, 16);
        SecBuffer b[2] = {{16, SECBUFFER_DATA, text[i]}, {TOKEN, SECBUFFER_TOKEN, tokens[i]}};
        SecBufferDesc d = {SECBUFFER_VERSION, 2, b};
        assert_status(EncryptMessage(&p.a.context, 0, &d, i < 2 ? 5 : 0), SEC_E_OK);
        for (int j = 0; j < i; j++) {
            assert_memory_not_equal(text[i], text[j], 16);
            assert_memory_not_equal(tokens[i] + 8, tokens[j] + 8, 8);
        }
    }
    for (ULONG qop = 0; qop < PSK_ALGORITHM_COUNT; qop++) {
        for (int i = 0; i < 2; i++)
            assert_status(sign(&p.a.context, qop, "x", 1, tokens[i], 7), SEC_E_OK);
        assert_memory_not_equal(tokens[0] + 16, tokens[1] + 16, 16);
    }
    close_pair(&p);
}

/* ---- the packed context ---- */

static void test_packed(void **state)
{
    (void)state;
    struct pair p;
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    CtxtHandle made;
    SEC_CHAR name[] = "psk";
    open_pair(&p);
    assert_status(run(&p, ISC, ASC, NULL, NULL, -1, NULL, 0), SEC_E_OK);
    assert_status(ExportSecurityContext(&p.b.context, SECPKG_CONTEXT_EXPORT_RESET_NEW, &packed, NULL),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(ExportSecurityContext(&p.b.context, 0, &packed, NULL), SEC_E_OK);
    SecBuffer cut = packed;
    for (cut.cbBuffer = 0; cut.cbBuffer < packed.cbBuffer; cut.cbBuffer++)
        assert_status(ImportSecurityContextA(name, &cut, NULL, &made), SEC_E_INVALID_TOKEN);
    /* Magic, version, role, datagram, algorithms beyond the known, reserved. */
    static const size_t strict[] = {0, 7, 8, 9, 13, 14, 15, 20, 23};
    for (size_t i = 0; i < sizeof strict / sizeof strict[0]; i++) {
        uint8_t *at = (uint8_t *)packed.pvBuffer + strict[i];
        *at ^= 0x40;
        assert_status(ImportSecurityContextA(name, &packed, NULL, &made), SEC_E_INVALID_TOKEN);
        *at ^= 0x40;
    }
    assert_status(DeleteSecurityContext(&p.b.context), SEC_E_OK);
    assert_status(ImportSecurityContextA(name, &packed, NULL, &p.b.context), SEC_E_OK);
    FreeContextBuffer(packed.pvBuffer);
    kit_exchange(&p.a.context, &p.b.context, "after the journey", true);
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake),
        cmocka_unit_test(test_every_bit_of_every_leg),
        cmocka_unit_test(test_downgrade),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_datagrams_on_one_side),
        cmocka_unit_test(test_bindings),
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_impersonating),
        cmocka_unit_test(test_wrong_keys),
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_not_agreed),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_nonces),
        cmocka_unit_test(test_packed),
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
