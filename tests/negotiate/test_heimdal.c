/* SPDX-License-Identifier: MIT */
/*
 * What Heimdal 7.8 cannot, so that nobody takes it for ours, and so that a newer one is noticed
 * (docs/decisions): NTLM through its SPNEGO, lists that begin with anything but Kerberos, and a mechListMIC
 * where its acceptor chose another mechanism than the first. NTLMv1 is let in here; without that its NTLM
 * ends earlier still.
 */
#include "realm.h"

#include <stdlib.h>
#include <string.h>

#include "nego_kit.h"
#include "packages/negotiate/negotiate_mechs.h"
#include "packages/negotiate/negotiate_messages.h"
#include "peer.h"
#include "reversed.h"

enum {
    GSS_FLAGS = 4 | 8 | 16 | 32, /* replay, sequence, conf, integ */
    SEALED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY,
    ASC_SEALED =
        ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT | ASC_REQ_CONFIDENTIALITY,
};

static struct peer peer;
static struct peer_reply reply;
static struct kit_side ours;

/* Its NTLM finds an account by the domain, and takes the service's host for that. */
static void start_peer(bool with_ticket)
{
    static char texts[6][256];
    static const char *const names[] = {"KRB5_CONFIG", "KRB5_KTNAME", "KRB5RCACHENAME", "KRB5RCACHETYPE"};
    const char *list[7];
    for (size_t i = 0; i < 4; i++) {
        snprintf(texts[i], sizeof texts[i], "%s=%s", names[i], getenv(names[i]));
        list[i] = texts[i];
    }
    snprintf(texts[4], sizeof texts[4], "KRB5CCNAME=%s", with_ticket ? getenv("KRB5CCNAME") : "MEMORY:none");
    snprintf(texts[5], sizeof texts[5], "NTLM_USER_FILE=%s", kit_path("heimdal-accounts"));
    list[4] = texts[4];
    list[5] = texts[5];
    list[6] = NULL;
    peer_start(&peer, (const char *const[]){HEIMDAL_PEER, NULL}, list);
}

static void stop(void)
{
    kit_close(&ours);
    peer_stop(&peer, false);
}

static uint32_t ask(char operation, const void *data, size_t size)
{
    peer_ask(&peer, operation, data, size, &reply);
    return reply.major;
}

static uint32_t ask_initiator(const char *letters, uint32_t flags)
{
    char init[64];
    memcpy(init, &flags, 4);
    int size = snprintf(init + 4, sizeof init - 4, "%s host@server", letters);
    return ask('i', init, (size_t)size + 4);
}

static uint32_t number_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* ---- its initiator ---- */

/* With a ticket and an account: Kerberos stands first, so nobody can choose it instead of something else. */
static void test_list(void **state)
{
    struct negotiate_init m;
    (void)state;
    start_peer(true);
    assert_int_equal(ask_initiator("nk", GSS_FLAGS), 0);
    assert_int_equal(ask('t', NULL, 0), 1);
    assert_true(negotiate_init_read((struct span){reply.data, reply.size}, &m));
    assert_true(negotiate_oid_equal(m.mechs[0], negotiate_oid_kerberos) ||
                negotiate_oid_equal(m.mechs[0], negotiate_oid_kerberos_microsoft));
    assert_true(negotiate_oid_equal(m.mechs[m.mech_count - 1], negotiate_oid_ntlm));
    stop();
}

/* AUTHENTICATE's LmChallengeResponse and NtChallengeResponse have 24 bytes: no NTLMv2, whatever is offered.
 */
static void assert_version_1(struct span authenticate)
{
    assert_true(authenticate.size > 64);
    assert_int_equal(authenticate.data[12], 24);
    assert_int_equal(authenticate.data[20] | authenticate.data[21] << 8, 24);
}

/* Two signatures, both number 0 by their own word: whatever the key, no second message can verify. */
static void assert_numbers(void)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask('m', "text", 4), 0);
        assert_int_equal(reply.size, 16);
        assert_int_equal(number_at(reply.data + 12), 0);
    }
}

/* Its initiator through SPNEGO: begins NTLM, and gets as far as to sign. */
static void test_ntlm_initiates(void **state)
{
    struct negotiate_init m;
    struct negotiate_resp r;
    (void)state;
    start_peer(false);
    assert_int_equal(ask_initiator("n", GSS_FLAGS), 0);
    assert_int_equal(ask('t', NULL, 0), 1);
    assert_true(negotiate_init_read((struct span){reply.data, reply.size}, &m));
    assert_int_equal(m.mech_count, 1);
    assert_true(negotiate_oid_equal(m.mechs[0], negotiate_oid_ntlm));
    assert_status(nego_open(&ours, false, "ntlm", NULL), SEC_E_OK);
    assert_status(kit_step(&ours, ASC_SEALED, NULL, reply.data, reply.size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(ask('t', ours.token, ours.token_size), 1);
    assert_true(negotiate_resp_read((struct span){reply.data, reply.size}, &r));
    assert_version_1(r.token);
    assert_int_equal(r.mic.size, 0);
    assert_status(kit_step(&ours, ASC_SEALED, NULL, reply.data, reply.size, NULL), SEC_E_OK);
    nego_assert_package(&ours.context, "NTLM", SECPKG_NEGOTIATION_COMPLETE);
    assert_numbers();
    stop();
}

/* The same without SPNEGO: number 0 is right for the first message, and the key is not. With extended session
 * security it is HMAC_MD5(SessionBaseKey, the challenges), [MS-NLMP] 3.4.5.1; Heimdal leaves the HMAC out. */
static void test_ntlm_key(void **state)
{
    (void)state;
    start_peer(false);
    assert_int_equal(ask_initiator("N", GSS_FLAGS), 0);
    assert_int_equal(ask('t', NULL, 0), 1);
    assert_status(nego_open(&ours, false, "", NULL), SEC_E_OK);
    assert_status(kit_step(&ours, ASC_SEALED, NULL, reply.data, reply.size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(ask('t', ours.token, ours.token_size), 0);
    assert_version_1((struct span){reply.data, reply.size});
    assert_status(kit_step(&ours, ASC_SEALED, NULL, reply.data, reply.size, NULL), SEC_E_OK);
    nego_assert_package(&ours.context, "NTLM", SECPKG_NEGOTIATION_DIRECT);
    assert_int_equal(ask('m', "text", 4), 0);
    assert_int_equal(number_at(reply.data + 12), 0);
    assert_status(kit_verify(&ours.context, "text", 4, reply.data, reply.size), SEC_E_MESSAGE_ALTERED);
    stop();
}

/* ---- its acceptor ---- */

/* It asks a KDC of Heimdal's own for everything about NTLM (the digest service), and has no other way. */
static void test_ntlm_accepts(void **state)
{
    (void)state;
    start_peer(false);
    assert_int_equal(ask('a', "N", 1) >> 16, 7); /* GSS_S_NO_CRED */
    stop();
    start_peer(false);
    assert_int_equal(ask('a', "n", 1), 0);
    assert_status(nego_open(&ours, true, "ntlm", KIT_PASSWORD), SEC_E_OK);
    assert_status(kit_step(&ours, SEALED, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_int_not_equal(ask('t', ours.token, ours.token_size) & 0xffff0000, 0);
    stop();
}

/* Kerberos chosen instead of our NTLM: where the last token is the acceptor's (mutual authentication) RFC
 * 4178 section 5 wants its MIC with it, and it says accept-completed without. Believing that would be
 * believing whoever chose. Without mutual authentication the turn is ours, and test_peers.c shows that it
 * works. */
static void test_no_mic(void **state)
{
    struct negotiate_resp m;
    (void)state;
    reversed = true;
    start_peer(true);
    assert_int_equal(ask('a', "k", 1), 0);
    assert_status(nego_open(&ours, true, "", NULL), SEC_E_OK);
    reversed = false;
    assert_status(kit_step(&ours, SEALED | ISC_REQ_MUTUAL_AUTH, "host/server", NULL, 0, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_int_equal(ask('t', ours.token, ours.token_size), 1);
    assert_status(kit_step(&ours, SEALED | ISC_REQ_MUTUAL_AUTH, "host/server", reply.data, reply.size, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_int_equal(ask('t', ours.token, ours.token_size), 0);
    assert_true(negotiate_resp_read((struct span){reply.data, reply.size}, &m));
    assert_int_equal(m.state, NEGOTIATE_ACCEPT_COMPLETED);
    assert_int_equal(m.mic.size, 0);
    assert_status(kit_step(&ours, SEALED | ISC_REQ_MUTUAL_AUTH, "host/server", reply.data, reply.size, NULL),
                  SEC_E_MESSAGE_ALTERED);
    stop();
}

/* Our acceptor asks for the MIC and Kerberos has no further token: its initiator knows no answer. With mutual
 * authentication it does. */
static void test_asked(void **state)
{
    struct negotiate_resp m;
    (void)state;
    start_peer(true);
    assert_int_equal(ask_initiator("k", GSS_FLAGS), 0);
    reversed = true;
    assert_status(nego_open(&ours, false, "", NULL), SEC_E_OK);
    reversed = false;
    assert_int_equal(ask('t', NULL, 0), 1);
    assert_status(kit_step(&ours, ASC_SEALED, NULL, reply.data, reply.size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_true(negotiate_resp_read((struct span){ours.token, ours.token_size}, &m));
    assert_int_equal(m.state, NEGOTIATE_REQUEST_MIC);
    assert_int_equal(m.mic.size, 28);
    assert_int_equal(ask('t', ours.token, ours.token_size), 0x000d0000); /* GSS_S_FAILURE */
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),     cmocka_unit_test(test_ntlm_initiates),
        cmocka_unit_test(test_ntlm_key), cmocka_unit_test(test_ntlm_accepts),
        cmocka_unit_test(test_no_mic),   cmocka_unit_test(test_asked),
    };
    realm_environment("[ntlm]\nlm_compatibility_level = 2\nmin_session_security = none\n");
    kit_write_file("heimdal-accounts", "SERVER:" KIT_USER ":" KIT_PASSWORD "\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
