/* SPDX-License-Identifier: MIT */
/*
 * The same dialogue with MIT and with Heimdal: we start and they do, every AES type, without and with an
 * acceptor's subkey, MIC tokens, sealed and merely signed Wrap tokens, five each way; DCE style with MIT.
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

/* Steps until both sides are done. The peer's COMPLETE is major 0, CONTINUE 1. */
static void handshake(struct dialogue *d, bool ours, ULONG way)
{
    const char *const argv[] = {peer_program, NULL};
    const char *const *variables;
    char init[80];
    uint32_t flags = GSS_REPLAY | GSS_SEQUENCE | GSS_CONF | GSS_INTEG |
                     (way & ISC_REQ_MUTUAL_AUTH ? GSS_MUTUAL : 0) |
                     (way & ISC_REQ_USE_DCE_STYLE ? GSS_DCE : 0);
    ULONG isc =
        ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | way;
    environment(&variables);
    peer_start(&d->peer, argv, variables);
    assert_status(kit_open(&d->side, "Kerberos", ours, NULL, NULL, NULL), SEC_E_OK);
    memcpy(init, &flags, 4);
    int size = snprintf(init + 4, sizeof init - 4, "%s@" REALM, d->target);
    if (ours)
        ask(d, 'a', NULL, 0);
    else
        ask(d, 'i', init, (size_t)size + 4);

    bool our_turn = ours, we_are_done = false, peer_is_done = false;
    const void *token = NULL;
    size_t token_size = 0;
    for (int leg = 0; leg < 6 && (leg == 0 || token_size > 0); leg++, our_turn = !our_turn) {
        if (our_turn) {
            SECURITY_STATUS status = kit_step(&d->side, ours ? isc : 0, d->target, token, token_size, NULL);
            assert_true(SEC_SUCCESS(status));
            we_are_done = status == SEC_E_OK;
            token = d->side.token;
            token_size = d->side.token_size;
        } else {
            ask(d, 't', token, token_size);
            peer_is_done = d->reply.major == 0;
            token = d->reply.data;
            token_size = d->reply.size;
        }
    }
    assert_true(we_are_done);
    assert_true(peer_is_done);
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

/* ---- DCE style: header and trailer as RPC has them, signed only ---- */

static void exchange_dce(struct dialogue *d, unsigned round)
{
    uint8_t header[24], text[64], sealed[64], token[96], request[256];
    uint32_t header_size = sizeof header;
    size_t size = text_of(text, round);
    kit_fill(header, sizeof header, 99 + round);
    memcpy(sealed, text, sizeof sealed);
    SecBuffer buffers[3] = {{sizeof header, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, header},
                            {(ULONG)size, SECBUFFER_DATA, sealed},
                            {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, buffers};
    assert_status(EncryptMessage(&d->side.context, 0, &desc, 0), SEC_E_OK);
    uint32_t token_size = buffers[2].cbBuffer, rest = (uint32_t)size;
    uint8_t *at = request;
    memcpy(at, &token_size, 4);
    memcpy(at + 4, token, token_size);
    at += 4 + token_size;
    memcpy(at, &header_size, 4);
    memcpy(at + 4, header, header_size);
    at += 4 + header_size;
    memcpy(at, &rest, 4);
    memcpy(at + 4, sealed, size);
    ask(d, 'U', request, (size_t)(at + 4 + size - request));
    assert_int_equal(d->reply.size, size);
    assert_memory_equal(d->reply.data, text, size);

    memcpy(request, &header_size, 4);
    memcpy(request + 4, header, header_size);
    memcpy(request + 4 + header_size, text, size);
    ask(d, 'W', request, 4 + header_size + size);
    memcpy(&token_size, d->reply.data, 4);
    uint8_t *theirs = d->reply.data + 4;
    SecBuffer in[3] = {
        {sizeof header, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, theirs + token_size},
        {(ULONG)size, SECBUFFER_DATA, theirs + token_size + header_size},
        {token_size, SECBUFFER_TOKEN, theirs}};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 3, in};
    assert_status(DecryptMessage(&d->side.context, &in_desc, 0, NULL), SEC_E_OK);
    assert_memory_equal(in[1].pvBuffer, text, size);
}

static void test_dce_style(void **state)
{
    (void)state;
    peer_program = MIT_PEER;
    for (size_t t = 0; types[t] != 0; t++) {
        for (int ours = 0; ours < 2; ours++) {
            struct dialogue *d = calloc(1, sizeof *d);
            assert_non_null(d);
            realm_prefer(types[t]);
            snprintf(d->target, sizeof d->target, "t%u/server", types[t]);
            handshake(d, ours, ISC_REQ_MUTUAL_AUTH | ISC_REQ_USE_DCE_STYLE);
            for (unsigned round = 0; round < ROUNDS; round++) {
                exchange_mics(d, round);
                exchange_dce(d, round);
            }
            finish(d);
            free(d);
        }
    }
    realm_prefer(0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mit),
        cmocka_unit_test(test_heimdal),
        cmocka_unit_test(test_dce_style),
    };
    realm_environment(configuration);
    return cmocka_run_group_tests_name("kerberos peers", tests, NULL, NULL);
}
