/* SPDX-License-Identifier: MIT */
/*
 * MIT's SPNEGO over krb5 and over gss-ntlmssp, and Heimdal's over Kerberos, in both roles: the optimistic
 * token is accepted, or another mechanism is chosen, or the acceptor speaks first; and mechanisms' own
 * tokens. After each five signed and five sealed messages each way; with NTLM the first of them tells whether
 * RC4 was restored after the mechListMIC.
 *
 * Built a second time with REVERSED, where our sides prefer NTLM: Kerberos is then what the peer chooses
 * instead, and its keys sign the lists. Heimdal's NTLM stands in test_heimdal_ntlm.c.
 */
#include "realm.h"

#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "reversed.h"

enum {
    ROUNDS = 5,
    GSS_MUTUAL = 2,
    GSS_REPLAY = 4,
    GSS_SEQUENCE = 8,
    GSS_CONF = 16,
    GSS_INTEG = 32,
    SEALED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY,
    ASC_SEALED =
        ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT | ASC_REQ_CONFIDENTIALITY,
};

/* One line of the matrix. */
struct way {
    const char *ours;   /* PackageList of our credential */
    const char *theirs; /* letters of spnego_peer */
    const char *package;
    bool mutual;
    bool acceptor_first;
    bool user; /* our initiator gives alice's password (NTLM) instead of using the ticket */
};

#ifndef REVERSED
bool reversed;
#endif

struct dialogue {
    struct peer peer;
    struct kit_side side;
    struct peer_reply reply;
};

static struct dialogue d;
static const char *program;

static const void *ask(char operation, const void *data, size_t size)
{
    peer_ask(&d.peer, operation, data, size, &d.reply);
    if (d.reply.major & 0xffff0000)
        fail_msg("the peer answers 0x%08x, %d to '%c'", d.reply.major, (int)d.reply.minor, operation);
    return d.reply.data;
}

static void start_peer(void)
{
    static char texts[6][256];
    static const char *list[10];
    static const char *const names[] = {"KRB5_CONFIG",    "KRB5CCNAME",     "KRB5_KTNAME",
                                        "KRB5RCACHENAME", "KRB5RCACHETYPE", "NTLM_USER_FILE"};
    for (size_t i = 0; i < 6; i++) {
        snprintf(texts[i], sizeof texts[i], "%s=%s", names[i], getenv(names[i]));
        list[i] = texts[i];
    }
    list[6] = "NETBIOS_COMPUTER_NAME=PEER";
    list[7] = "NETBIOS_DOMAIN_NAME=EXAMPLE";
    list[8] = "LM_COMPAT_LEVEL=5";
    peer_start(&d.peer, (const char *const[]){program, NULL}, list);
}

/* Negotiate with a PackageList. */
static void open_ours(bool initiator, const struct way *way)
{
    SEC_WINNT_AUTH_IDENTITY_EXA id;
    memset(&id, 0, sizeof id);
    memset(&d.side, 0, sizeof d.side);
    d.side.initiator = initiator;
    d.side.token = malloc(KIT_TOKEN_MAX);
    id.Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    id.Length = sizeof id;
    id.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    id.PackageList = (unsigned char *)(uintptr_t)way->ours;
    id.PackageListLength = (ULONG)strlen(way->ours);
    if (initiator && way->user) {
        id.User = (unsigned char *)(uintptr_t)KIT_USER;
        id.UserLength = sizeof KIT_USER - 1;
        id.Domain = (unsigned char *)(uintptr_t)KIT_DOMAIN;
        id.DomainLength = sizeof KIT_DOMAIN - 1;
        id.Password = (unsigned char *)(uintptr_t)KIT_PASSWORD;
        id.PasswordLength = sizeof KIT_PASSWORD - 1;
    }
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t) "Negotiate",
                                            initiator ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND, NULL, &id,
                                            NULL, NULL, &d.side.credential, NULL),
                  SEC_E_OK);
    d.side.has_credential = true;
}

/* Steps until both are done. The peer's COMPLETE is major 0, CONTINUE 1. */
static void handshake(bool ours, const struct way *way)
{
    char init[128];
    uint32_t flags =
        GSS_REPLAY | GSS_SEQUENCE | GSS_CONF | GSS_INTEG | (way->mutual ? (uint32_t)GSS_MUTUAL : 0);
    start_peer();
    open_ours(ours, way);
    memcpy(init, &flags, 4);
    int size = snprintf(init + 4, sizeof init - 4, "%s host@server", way->theirs);
    if (ours)
        ask('a', way->theirs, strlen(way->theirs));
    else
        ask('i', init, (size_t)size + 4);

    bool we_are_done = false, peer_is_done = false;
    const void *token = NULL;
    size_t token_size = 0;
    bool our_turn = ours != way->acceptor_first;
    for (int leg = 0; leg < 9 && (leg == 0 || token_size > 0); leg++, our_turn = !our_turn) {
        if (our_turn) {
            SECURITY_STATUS status =
                kit_step(&d.side, ours ? SEALED | (way->mutual ? ISC_REQ_MUTUAL_AUTH : 0) : ASC_SEALED,
                         "host/server", token, token_size, NULL);
            if (!SEC_SUCCESS(status))
                fail_msg("leg %d: our side answers 0x%08x", leg, (unsigned)status);
            we_are_done = status == SEC_E_OK;
            token = d.side.token;
            token_size = d.side.token_size;
            /* GSSAPI's initiators begin without hints. */
            if (leg == 0 && way->acceptor_first && !ours) {
                assert_true(token_size > 40);
                ask('t', NULL, 0);
                token = d.reply.data;
                token_size = d.reply.size;
                our_turn = false;
            }
        } else {
            ask('t', token, token_size);
            peer_is_done = d.reply.major == 0;
            token = d.reply.data;
            token_size = d.reply.size;
        }
    }
    assert_true(we_are_done);
    assert_true(peer_is_done);
}

/* ---- messages ---- */

static void exchange_signed(unsigned round)
{
    uint8_t request[512], text[128], *token = request + 4;
    ULONG token_size = 64;
    size_t size = 7 * round + 9;
    kit_fill(text, size, round);
    assert_status(kit_sign(&d.side.context, text, size, token, &token_size), SEC_E_OK);
    memcpy(request, &token_size, 4);
    memcpy(token + token_size, text, size);
    ask('v', request, 4 + token_size + size);
    ask('m', text, size);
    assert_status(kit_verify(&d.side.context, text, size, d.reply.data, d.reply.size), SEC_E_OK);
}

static void exchange_sealed(unsigned round)
{
    uint8_t text[128], data[128], wrapped[512], padding[16];
    size_t size = 7 * round + 9;
    SecPkgContext_Sizes sizes;
    kit_fill(text, size, round + 50);
    memcpy(data, text, size);
    assert_status(QueryContextAttributesA(&d.side.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    SecBuffer out[3] = {{sizes.cbSecurityTrailer, SECBUFFER_TOKEN, wrapped},
                        {(ULONG)size, SECBUFFER_DATA, data},
                        {0, SECBUFFER_PADDING, padding}};
    SecBufferDesc out_desc = {SECBUFFER_VERSION, 3, out};
    assert_status(EncryptMessage(&d.side.context, 0, &out_desc, 0), SEC_E_OK);
    memcpy(wrapped + out[0].cbBuffer, data, size);
    ask('u', wrapped, out[0].cbBuffer + size);
    assert_int_equal(d.reply.size, size);
    assert_memory_equal(d.reply.data, text, size);

    ask('w', text, size);
    SecBuffer in[2] = {{d.reply.size, SECBUFFER_STREAM, d.reply.data}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 2, in};
    assert_status(DecryptMessage(&d.side.context, &in_desc, 0, NULL), SEC_E_OK);
    assert_int_equal(in[1].cbBuffer, size);
    assert_memory_equal(in[1].pvBuffer, text, size);
}

static void assert_mechanism(const char *package)
{
    SecPkgContext_NegotiationInfoA info;
    assert_status(QueryContextAttributesA(&d.side.context, SECPKG_ATTR_NEGOTIATION_INFO, &info), SEC_E_OK);
    assert_string_equal(info.PackageInfo->Name, package);
    FreeContextBuffer(info.PackageInfo);
    ask('o', NULL, 0);
    assert_int_equal(d.reply.size, strlen(package));
    assert_memory_equal(d.reply.data, package, d.reply.size);
}

static void run(const char *peer, const struct way *way, bool ours)
{
    program = peer;
    print_message("# %s: ours \"%s\" theirs \"%s\"%s%s\n", ours ? "we initiate" : "the peer initiates",
                  way->ours, way->theirs, way->mutual ? ", mutual" : "",
                  way->acceptor_first ? ", the acceptor first" : "");
    handshake(ours, way);
    assert_mechanism(way->package);
    for (unsigned round = 0; round < ROUNDS; round++)
        exchange_signed(round);
    for (unsigned round = 0; round < ROUNDS; round++)
        exchange_sealed(round);
    kit_close(&d.side);
    peer_stop(&d.peer, false);
}

static void run_all(const char *peer, const struct way *ways, size_t count, bool ours)
{
    for (size_t i = 0; i < count; i++)
        run(peer, &ways[i], ours);
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#ifdef REVERSED
/* NTLM's token goes with the list, and Kerberos is chosen. */
static const struct way reselected_initiator[] = {
    {"", "k", "Kerberos", false, false, false},
    {"", "k", "Kerberos", true, false, false},
    {"", "k", "Kerberos", false, true, false},
    {"", "k", "Kerberos", true, true, false},
};

/* Kerberos is the peer's first choice; we would have preferred NTLM, ask for the mechListMIC and get it. */
static const struct way asked_initiator[] = {
    {"", "k", "Kerberos", false, false, false},
    {"", "k", "Kerberos", true, false, false},
    {"", "k", "Kerberos", true, true, false},
};

static void test_reselected(void **state)
{
    (void)state;
    reversed = true;
    run_all(MIT_PEER, reselected_initiator, COUNT(reselected_initiator), true);
#ifdef HEIMDAL_PEER
    run(HEIMDAL_PEER, &reselected_initiator[0], true);
    run(HEIMDAL_PEER, &reselected_initiator[2], true);
#endif
}

static void test_asked(void **state)
{
    (void)state;
    reversed = true;
    run_all(MIT_PEER, asked_initiator, COUNT(asked_initiator), false);
#ifdef HEIMDAL_PEER
    run(HEIMDAL_PEER, &asked_initiator[1], false);
    run(HEIMDAL_PEER, &asked_initiator[2], false);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reselected), cmocka_unit_test(test_asked)};
    realm_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else

static const struct way ntlm_initiator[] = {
    {"ntlm", "n", "NTLM", false, false, true},
    {"ntlm", "n", "NTLM", false, false, false},
    {"ntlm", "kn", "NTLM", false, false, true},
    {"ntlm", "n", "NTLM", false, true, true},
    /* Kerberos first, of which the acceptor knows nothing. */
    {"kerberos,ntlm", "n", "NTLM", false, false, false},
    {"kerberos,ntlm", "n", "NTLM", false, true, false},
};

static const struct way ntlm_acceptor[] = {
    {"ntlm", "n", "NTLM", false, false, false},
    {"ntlm", "n", "NTLM", false, true, false},
    {"ntlm", "kn", "NTLM", false, false, false},
    {"ntlm,kerberos", "n", "NTLM", false, false, false}, /* we would have preferred Kerberos: request-mic */
    {"ntlm,kerberos", "n", "NTLM", false, true, false},
    {"ntlm", "N", "NTLM", false, false, false},
};

static const struct way kerberos_initiator[] = {
    {"kerberos", "k", "Kerberos", false, false, false},
    {"kerberos", "k", "Kerberos", true, false, false},
    {"kerberos,ntlm", "k", "Kerberos", true, false, false},
    {"", "kn", "Kerberos", true, false, false},
    {"", "kn", "Kerberos", true, true, false},
};

static const struct way kerberos_acceptor[] = {
    {"kerberos", "k", "Kerberos", false, false, false},
    {"kerberos", "k", "Kerberos", true, false, false},
    {"", "kn", "Kerberos", true, false, false},
    {"", "kn", "Kerberos", true, true, false},
    {"", "K", "Kerberos", true, false, false},
    {"", "K", "Kerberos", false, false, false},
    /* NTLM first, which we do not let in. */
    {"kerberos", "nk", "Kerberos", true, false, false},
    {"kerberos", "nk", "Kerberos", false, false, false},
};

static void test_mit_ntlm_accepts(void **state)
{
    (void)state;
    run_all(MIT_PEER, ntlm_initiator, COUNT(ntlm_initiator), true);
}

static void test_mit_ntlm_initiates(void **state)
{
    (void)state;
    run_all(MIT_PEER, ntlm_acceptor, COUNT(ntlm_acceptor), false);
}

static void test_mit_kerberos_accepts(void **state)
{
    (void)state;
    run_all(MIT_PEER, kerberos_initiator, COUNT(kerberos_initiator), true);
}

static void test_mit_kerberos_initiates(void **state)
{
    (void)state;
    run_all(MIT_PEER, kerberos_acceptor, COUNT(kerberos_acceptor), false);
}

#ifdef HEIMDAL_PEER
static void test_heimdal_accepts(void **state)
{
    (void)state;
    run_all(HEIMDAL_PEER, kerberos_initiator, COUNT(kerberos_initiator), true);
}

static void test_heimdal_initiates(void **state)
{
    (void)state;
    run_all(HEIMDAL_PEER, kerberos_acceptor, 4, false);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mit_ntlm_accepts),     cmocka_unit_test(test_mit_ntlm_initiates),
        cmocka_unit_test(test_mit_kerberos_accepts), cmocka_unit_test(test_mit_kerberos_initiates),
#ifdef HEIMDAL_PEER
        cmocka_unit_test(test_heimdal_accepts),      cmocka_unit_test(test_heimdal_initiates),
#endif
    };
    realm_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
