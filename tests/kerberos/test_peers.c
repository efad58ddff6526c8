/* SPDX-License-Identifier: MIT */
/*
 * The same dialogue with MIT and with Heimdal: we start and they do, every AES type, without and with an
 * acceptor's subkey, MIC tokens, sealed and merely signed Wrap tokens, five each way; DCE style and scattered
 * buffers with MIT; channel bindings.
 */
#include "realm.h"

#include <stdlib.h>
#include <string.h>

#include "peer.h"

enum {
    ROUNDS = 5,
    GSS_MUTUAL = 2,
    GSS_REPLAY = 4,
    GSS_SEQUENCE = 8,
    GSS_CONF = 16,
    GSS_INTEG = 32,
    GSS_DCE = 4096
};

struct dialogue {
    struct peer peer;
    struct kit_side side;
    struct peer_reply reply;
    char target[64];
    bool subkey; /* the acceptor asserts one: it does wherever it answers */
};

static const char *peer_program;

static void environment(const char *const **out)
{
    static char texts[5][256];
    static const char *list[6];
    static const char *const names[] = {"KRB5_CONFIG", "KRB5CCNAME", "KRB5_KTNAME", "KRB5RCACHENAME",
                                        "KRB5RCACHETYPE"};
    for (size_t i = 0; i < 5; i++) {
        snprintf(texts[i], sizeof texts[i], "%s=%s", names[i], getenv(names[i]));
        list[i] = texts[i];
    }
    *out = list;
}

static const void *ask(struct dialogue *d, char operation, const void *data, size_t size)
{
    peer_ask(&d->peer, operation, data, size, &d->reply);
    if (d->reply.major & 0xffff0000)
        fail_msg("the peer answers 0x%08x, %d to '%c'", d->reply.major, (int)d->reply.minor, operation);
    return d->reply.data;
}

/* Both sides are there; nothing was said yet. */
static void open_sides(struct dialogue *d, bool ours, ULONG way)
{
    const char *const argv[] = {peer_program, NULL};
    const char *const *variables;
    char init[80];
    uint32_t flags = GSS_REPLAY | GSS_SEQUENCE | GSS_CONF | GSS_INTEG |
                     (way & ISC_REQ_MUTUAL_AUTH ? GSS_MUTUAL : 0) |
                     (way & ISC_REQ_USE_DCE_STYLE ? GSS_DCE : 0);
    d->subkey = (way & ISC_REQ_MUTUAL_AUTH) != 0;
    environment(&variables);
    peer_start(&d->peer, argv, variables);
    assert_status(kit_open(&d->side, "Kerberos", ours, NULL, NULL, NULL), SEC_E_OK);
    memcpy(init, &flags, 4);
    int size = snprintf(init + 4, sizeof init - 4, "%s@" REALM, d->target);
    if (ours)
        ask(d, 'a', NULL, 0);
    else
        ask(d, 'i', init, (size_t)size + 4);
}

/* Whose step it was that failed. */
enum outcome { BOTH_DONE, WE_REFUSE, THEY_REFUSE };

/* Steps until both sides are done. The peer's COMPLETE is major 0, CONTINUE 1. */
static enum outcome step_all(struct dialogue *d, bool ours, ULONG flags, SecBuffer *bindings,
                             SECURITY_STATUS *status)
{
    bool our_turn = ours, we_are_done = false, peer_is_done = false;
    const void *token = NULL;
    size_t token_size = 0;
    for (int leg = 0; leg < 6 && (leg == 0 || token_size > 0); leg++, our_turn = !our_turn) {
        if (our_turn) {
            *status = kit_step(&d->side, flags, d->target, token, token_size, bindings);
            if (!SEC_SUCCESS(*status))
                return WE_REFUSE;
            we_are_done = *status == SEC_E_OK;
            token = d->side.token;
            token_size = d->side.token_size;
        } else {
            peer_ask(&d->peer, 't', token, token_size, &d->reply);
            if (d->reply.major & 0xffff0000)
                return THEY_REFUSE;
            peer_is_done = d->reply.major == 0;
            token = d->reply.data;
            token_size = d->reply.size;
        }
    }
    assert_true(we_are_done);
    assert_true(peer_is_done);
    return BOTH_DONE;
}

static void handshake(struct dialogue *d, bool ours, ULONG way)
{
    ULONG isc =
        ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | way;
    SECURITY_STATUS status = SEC_E_OK;
    open_sides(d, ours, way);
    enum outcome outcome = step_all(d, ours, ours ? isc : 0, NULL, &status);
    if (outcome != BOTH_DONE)
        fail_msg("%s: 0x%08x", outcome == WE_REFUSE ? "we refuse" : "the peer refuses",
                 outcome == WE_REFUSE ? (unsigned)status : d->reply.major);
}

static void finish(struct dialogue *d)
{
    kit_close(&d->side);
    peer_stop(&d->peer, false);
}

/* ---- messages ---- */

static size_t text_of(uint8_t text[64], unsigned round)
{
    size_t size = round == 0 ? 0 : 7 * round + 9;
    kit_fill(text, size, round);
    return size;
}

static void exchange_mics(struct dialogue *d, unsigned round)
{
    uint8_t request[256], text[64], *token = request + 4;
    ULONG token_size = 64;
    size_t size = text_of(text, round);
    assert_status(kit_sign(&d->side.context, text, size, token, &token_size), SEC_E_OK);
    memcpy(request, &token_size, 4);
    memcpy(token + token_size, text, size);
    ask(d, 'v', request, 4 + token_size + size);
    ask(d, 'm', text, size);
    /* RFC 4121 4.2.2: whose key, said in every token. */
    if (token[0] == 4) {
        assert_int_equal((token[2] & 4) != 0, d->subkey);
        assert_int_equal((d->reply.data[2] & 4) != 0, d->subkey);
    }
    assert_status(kit_verify(&d->side.context, text, size, d->reply.data, d->reply.size), SEC_E_OK);
}

static void exchange_wrapped(struct dialogue *d, unsigned round, bool sealed)
{
    uint8_t text[64], message[256];
    size_t size = text_of(text, round);
    ULONG qop = sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT, used = 77;
    SecPkgContext_Sizes sizes;
    assert_status(QueryContextAttributesA(&d->side.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);

    uint8_t data[64];
    memcpy(data, text, sizeof data);
    uint8_t padding[1];
    SecBuffer out[3] = {{sizes.cbSecurityTrailer, SECBUFFER_TOKEN, message},
                        {(ULONG)size, SECBUFFER_DATA, data},
                        {sizes.cbBlockSize, SECBUFFER_PADDING, padding}};
    SecBufferDesc out_desc = {SECBUFFER_VERSION, 3, out};
    assert_status(EncryptMessage(&d->side.context, qop, &out_desc, 0), SEC_E_OK);
    size_t at = out[0].cbBuffer;
    memcpy(message + at, data, size);
    memcpy(message + at + size, padding, out[2].cbBuffer);
    ask(d, 'u', message, at + size + out[2].cbBuffer);
    assert_int_equal(d->reply.size, size + 1);
    assert_int_equal(d->reply.data[0], sealed);
    assert_memory_equal(d->reply.data + 1, text, size);

    ask(d, sealed ? 'w' : 'p', text, size);
    SecBuffer in[2] = {{d->reply.size, SECBUFFER_STREAM, d->reply.data}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 2, in};
    assert_status(DecryptMessage(&d->side.context, &in_desc, 0, &used), SEC_E_OK);
    assert_int_equal(used, qop);
    assert_int_equal(in[1].cbBuffer, size);
    assert_memory_equal(in[1].pvBuffer, text, size);
}

static void converse(const char *target, bool ours, ULONG way, bool wraps)
{
    struct dialogue *d = calloc(1, sizeof *d);
    assert_non_null(d);
    print_message("# %s, %s, 0x%x\n", target, ours ? "we start" : "the peer starts", (unsigned)way);
    snprintf(d->target, sizeof d->target, "%s", target);
    handshake(d, ours, way);
    for (unsigned round = 0; round < ROUNDS; round++) {
        exchange_mics(d, round);
        if (wraps) {
            exchange_wrapped(d, round, true);
            exchange_wrapped(d, round, false);
        }
    }
    ask(d, 'n', NULL, 0);
    finish(d);
    free(d);
}

static void matrix(const char *program, const unsigned *etypes)
{
    peer_program = program;
    for (; *etypes != 0; etypes++) {
        char target[32];
        realm_prefer(*etypes);
        snprintf(target, sizeof target, "t%u/server", *etypes);
        for (int ours = 0; ours < 2; ours++) {
            converse(target, ours, 0, true);
            converse(target, ours, ISC_REQ_MUTUAL_AUTH, true);
        }
    }
    realm_prefer(0);
}

/* PEERS_RC4: the same program for the one old type, which sspi.conf has to allow. */
#ifdef PEERS_RC4
static const unsigned types[] = {23, 0};
static const char configuration[] = "[kerberos]\nallow_rc4 = yes\n";
#else
static const unsigned types[] = {17, 18, 19, 20, 0};
static const char configuration[] = "";
#endif

static void test_mit(void **state)
{
    (void)state;
    matrix(MIT_PEER, types);
}

static void test_heimdal(void **state)
{
    (void)state;
#ifdef HEIMDAL_PEER
    matrix(HEIMDAL_PEER, types);
#else
    skip();
#endif
}

/* ---- scattered: header and trailer as RPC has them, signed only ---- */

enum { HEADER = 24, TRAILER = 8 };

static void we_scatter(struct dialogue *d, const uint8_t *text, size_t size, bool sealed)
{
    uint8_t whole[HEADER + 64 + TRAILER], token[96], request[512];
    memcpy(whole, text, size);
    ULONG middle = (ULONG)size - HEADER - TRAILER;
    SecBuffer buffers[4] = {
        {HEADER, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, whole},
        {middle, SECBUFFER_DATA, whole + HEADER},
        {TRAILER, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, whole + HEADER + middle},
        {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};
    assert_status(EncryptMessage(&d->side.context, sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT, &desc, 0), SEC_E_OK);
    assert_memory_equal(whole, text, HEADER);
    assert_memory_equal(whole + HEADER + middle, text + HEADER + middle, TRAILER);
    assert_int_equal(middle > 8 && memcmp(whole + HEADER, text + HEADER, middle) != 0, middle > 8 && sealed);
    uint32_t words[3] = {buffers[3].cbBuffer, HEADER, TRAILER};
    memcpy(request, words, sizeof words);
    memcpy(request + 12, token, words[0]);
    memcpy(request + 12 + words[0], whole, size);
    ask(d, 'U', request, 12 + words[0] + size);
    uint32_t found;
    memcpy(&found, d->reply.data, 4);
    assert_int_equal(found, sealed);
    assert_int_equal(d->reply.size, 4 + size);
    assert_memory_equal(d->reply.data + 4, text, size);
}

static void they_scatter(struct dialogue *d, const uint8_t *text, size_t size, bool sealed)
{
    uint8_t request[256];
    uint32_t words[3] = {sealed, HEADER, TRAILER}, token_size;
    ULONG middle = (ULONG)size - HEADER - TRAILER, used = 77;
    memcpy(request, words, sizeof words);
    memcpy(request + 12, text, size);
    ask(d, 'W', request, 12 + size);
    memcpy(&token_size, d->reply.data, 4);
    assert_int_equal(d->reply.size, 4 + token_size + size);
    uint8_t *token = d->reply.data + 4, *whole = token + token_size;
    SecBuffer in[4] = {{HEADER, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, whole},
                       {middle, SECBUFFER_DATA, whole + HEADER},
                       {TRAILER, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, whole + HEADER + middle},
                       {token_size, SECBUFFER_TOKEN, token}};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 4, in};
    assert_status(DecryptMessage(&d->side.context, &in_desc, 0, &used), SEC_E_OK);
    assert_int_equal(used, sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT);
    assert_memory_equal(whole, text, size);
}

static void exchange_scattered(struct dialogue *d, unsigned round, bool sealed)
{
    uint8_t text[HEADER + 64 + TRAILER];
    size_t size = HEADER + TRAILER + (round == 0 ? 0 : 7 * round + 9);
    kit_fill(text, size, 99 + round);
    we_scatter(d, text, size, sealed);
    they_scatter(d, text, size, sealed);
}

/* SESSION_KEY is what MIT hands to its SSPI callers: the acceptor's subkey, or else the initiator's. */
static void compare_keys(struct dialogue *d)
{
    SecPkgContext_SessionKey key;
    assert_status(QueryContextAttributesA(&d->side.context, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    ask(d, 'k', NULL, 0);
    assert_int_equal(key.SessionKeyLength, d->reply.size);
    assert_memory_equal(key.SessionKey, d->reply.data, key.SessionKeyLength);
    FreeContextBuffer(key.SessionKey);
}

static void scattered(unsigned type, bool ours, ULONG way)
{
    struct dialogue *d = calloc(1, sizeof *d);
    assert_non_null(d);
    realm_prefer(type);
    snprintf(d->target, sizeof d->target, "t%u/server", type);
    print_message("# %s, %s, 0x%x\n", d->target, ours ? "we start" : "the peer starts", (unsigned)way);
    handshake(d, ours, way);
    compare_keys(d);
    for (unsigned round = 0; round < ROUNDS; round++) {
        exchange_mics(d, round);
        exchange_scattered(d, round, true);
        exchange_scattered(d, round, false);
    }
    finish(d);
    free(d);
}

/* DCE style, sealed and merely signed, both roles. */
static void test_dce_style(void **state)
{
    (void)state;
    peer_program = MIT_PEER;
    for (size_t t = 0; types[t] != 0; t++)
        for (int ours = 0; ours < 2; ours++)
            scattered(types[t], ours, ISC_REQ_MUTUAL_AUTH | ISC_REQ_USE_DCE_STYLE);
    realm_prefer(0);
}

#ifndef PEERS_RC4 /* MIT wants a PADDING buffer for it */
/* The same buffers without DCE style: the token is rotated. */
static void test_scattered(void **state)
{
    (void)state;
    peer_program = MIT_PEER;
    for (size_t t = 0; types[t] != 0; t++)
        for (int ours = 0; ours < 2; ours++)
            for (int mutual = 0; mutual < 2; mutual++)
                scattered(types[t], ours, mutual ? ISC_REQ_MUTUAL_AUTH : 0);
    realm_prefer(0);
}

/* ---- refusals: each side's KRB-ERROR is understood by the other ---- */

/* KRB_AP_ERR_NOT_US (RFC 4120 section 7.5.9) as libraries number it. */
enum { NOT_US = -1765328384 + 35 };

/* Our acceptor's answer to the peer's token when it has no key for that service. */
static size_t our_refusal(struct dialogue *d, uint8_t *out, size_t room)
{
    SecBuffer in = {d->reply.size, SECBUFFER_TOKEN, d->reply.data};
    SecBuffer token = {(ULONG)room, SECBUFFER_TOKEN, out};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &token};
    CtxtHandle context;
    ULONG attributes = 0;
    assert_status(AcceptSecurityContext(&d->side.credential, NULL, &in_desc, ASC_REQ_EXTENDED_ERROR,
                                        SECURITY_NATIVE_DREP, &context, &out_desc, &attributes, NULL),
                  SEC_E_WRONG_PRINCIPAL);
    assert_true(attributes & ASC_RET_EXTENDED_ERROR);
    return token.cbBuffer;
}

static void refusals_with(const char *program)
{
    static uint8_t token[KIT_TOKEN_MAX];
    SECURITY_STATUS status;
    peer_program = program;
    for (int ours = 0; ours < 2; ours++) {
        struct dialogue *d = calloc(1, sizeof *d);
        assert_non_null(d);
        snprintf(d->target, sizeof d->target, "orphan/server");
        open_sides(d, ours, ISC_REQ_MUTUAL_AUTH);
        if (ours) {
            ULONG isc = ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH;
            assert_int_equal(step_all(d, true, isc, NULL, &status), THEY_REFUSE);
            /* Heimdal says nothing of keys that it lacks. */
            if (d->reply.size > 0)
                assert_status(kit_step(&d->side, isc, d->target, d->reply.data, d->reply.size, NULL),
                              SEC_E_WRONG_PRINCIPAL);
            else
                assert_string_not_equal(program, MIT_PEER);
        } else {
            ask(d, 't', NULL, 0);
            size_t size = our_refusal(d, token, sizeof token);
            peer_ask(&d->peer, 't', token, size, &d->reply);
            assert_true(d->reply.major & 0xffff0000);
            assert_int_equal((int)d->reply.minor, NOT_US);
        }
        finish(d);
        free(d);
    }
}

static void test_refusals_mit(void **state)
{
    (void)state;
    refusals_with(MIT_PEER);
}

static void test_refusals_heimdal(void **state)
{
    (void)state;
#ifdef HEIMDAL_PEER
    refusals_with(HEIMDAL_PEER);
#else
    skip();
#endif
}

/* ---- channel bindings ---- */

/* Addresses of the two ends, which may be empty, and the application's data. */
struct channel {
    const char *from, *to, *data;
};

enum { AF_INTERNET = 2 }; /* RFC 2744 section 3.11 */

static SecBuffer binding(const struct channel *c, uint8_t room[128])
{
    SEC_CHANNEL_BINDINGS header = {
        .dwInitiatorAddrType = c->from[0] ? AF_INTERNET : 0,
        .cbInitiatorLength = (ULONG)strlen(c->from),
        .dwInitiatorOffset = sizeof header,
        .dwAcceptorAddrType = c->to[0] ? AF_INTERNET : 0,
        .cbAcceptorLength = (ULONG)strlen(c->to),
        .cbApplicationDataLength = (ULONG)strlen(c->data),
    };
    header.dwAcceptorOffset = header.dwInitiatorOffset + header.cbInitiatorLength;
    header.dwApplicationDataOffset = header.dwAcceptorOffset + header.cbAcceptorLength;
    memcpy(room, &header, sizeof header);
    int size = snprintf((char *)room + sizeof header, 128 - sizeof header, "%s%s%s", c->from, c->to, c->data);
    return (SecBuffer){(ULONG)(sizeof header + (size_t)size), SECBUFFER_CHANNEL_BINDINGS, room};
}

static void bind_peer(struct dialogue *d, const struct channel *c)
{
    char data[128];
    uint32_t words[3] = {(uint32_t)strlen(c->from), (uint32_t)strlen(c->to), (uint32_t)strlen(c->data)};
    memcpy(data, words, sizeof words);
    int size = snprintf(data + 12, sizeof data - 12, "%s%s%s", c->from, c->to, c->data);
    ask(d, 'b', data, 12 + (size_t)size);
}

/* asc: of our acceptor. */
static enum outcome bound(const char *program, bool ours, const struct channel *mine,
                          const struct channel *theirs, ULONG asc, SECURITY_STATUS *status)
{
    uint8_t room[128];
    SecBuffer buffer;
    struct dialogue *d = calloc(1, sizeof *d);
    assert_non_null(d);
    if (mine)
        buffer = binding(mine, room);
    peer_program = program;
    snprintf(d->target, sizeof d->target, "host/server");
    open_sides(d, ours, ISC_REQ_MUTUAL_AUTH);
    if (theirs)
        bind_peer(d, theirs);
    *status = SEC_E_OK;
    enum outcome outcome = step_all(d, ours, ours ? ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH : asc,
                                    mine ? &buffer : NULL, status);
    if (outcome == BOTH_DONE)
        exchange_mics(d, 1);
    finish(d);
    free(d);
    return outcome;
}

/* Another channel in any part is another channel. */
static void bindings_differ(const char *program, const struct channel *one, const struct channel *two)
{
    SECURITY_STATUS status;
    assert_int_equal(bound(program, true, one, two, 0, &status), THEY_REFUSE);
    assert_int_equal(bound(program, false, one, two, 0, &status), WE_REFUSE);
    assert_status(status, SEC_E_BAD_BINDINGS);
}

static void bindings_with(const char *program)
{
    static const struct channel one = {"", "", "tls-unique:1"}, two = {"", "", "tls-unique:2"};
    static const struct channel full = {"1234", "5678", "data"}, others[] = {{"1235", "5678", "data"},
                                                                             {"1234", "5679", "data"},
                                                                             {"1234", "5678", "datA"},
                                                                             {"12345", "678", "data"}};
    SECURITY_STATUS status;
    for (int ours = 0; ours < 2; ours++) {
        assert_int_equal(bound(program, ours, &one, &one, 0, &status), BOTH_DONE);
        assert_int_equal(bound(program, ours, &full, &full, 0, &status), BOTH_DONE);
        assert_int_equal(bound(program, ours, NULL, NULL, 0, &status), BOTH_DONE);
    }
    bindings_differ(program, &one, &two);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        bindings_differ(program, &full, &others[i]);
    /* An acceptor that has none does not ask. */
    assert_int_equal(bound(program, true, &one, NULL, 0, &status), BOTH_DONE);
    assert_int_equal(bound(program, false, NULL, &one, 0, &status), BOTH_DONE);
    /* Ours takes those that have none only where it is told to. */
    assert_int_equal(bound(program, false, &one, &two, ASC_REQ_ALLOW_MISSING_BINDINGS, &status), WE_REFUSE);
    assert_status(status, SEC_E_BAD_BINDINGS);
    assert_int_equal(bound(program, false, &one, NULL, 0, &status), WE_REFUSE);
    assert_status(status, SEC_E_BAD_BINDINGS);
    assert_int_equal(bound(program, false, &one, NULL, ASC_REQ_ALLOW_MISSING_BINDINGS, &status), BOTH_DONE);
}

static void test_bindings_mit(void **state)
{
    (void)state;
    bindings_with(MIT_PEER);
}

static void test_bindings_heimdal(void **state)
{
    (void)state;
#ifdef HEIMDAL_PEER
    bindings_with(HEIMDAL_PEER);
#else
    skip();
#endif
}
#endif

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mit),
        cmocka_unit_test(test_heimdal),
        cmocka_unit_test(test_dce_style),
#ifndef PEERS_RC4
        cmocka_unit_test(test_scattered),
        cmocka_unit_test(test_refusals_mit),
        cmocka_unit_test(test_refusals_heimdal),
        cmocka_unit_test(test_bindings_mit),
        cmocka_unit_test(test_bindings_heimdal),
#endif
    };
    realm_environment(configuration);
    return cmocka_run_group_tests_name("kerberos peers", tests, NULL, NULL);
}
