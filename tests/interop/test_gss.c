/* SPDX-License-Identifier: MIT */
/*
 * gss-ntlmssp 1.2 through MIT's mechglue, in both roles, with and without key exchange. Its ways, so that
 * they are not taken for ours: it always offers key exchange and sends no MIC, so that on the way to our
 * acceptor the offer can be taken out (on the way to its acceptor it cannot: that one looks at our MIC);
 * empty messages are refused; a datagram handshake fails; one forged token loses its place in the stream for
 * good, so its inputs are damaged last.
 */
#include "peer.h"

#include <string.h>

enum { GSS_REPLAY = 4, GSS_SEQUENCE = 8, GSS_CONF = 16, GSS_INTEG = 32, MESSAGES = 7 };

static struct peer peer;
static struct kit_side ours;
static struct peer_reply reply;

static void start(const char *accounts)
{
    static char file[128];
    snprintf(file, sizeof file, "NTLM_USER_FILE=%s", kit_path(accounts));
    peer_start(&peer, (const char *const[]){GSS_PEER, NULL},
               (const char *const[]){file, "NETBIOS_COMPUTER_NAME=PEER", "NETBIOS_DOMAIN_NAME=EXAMPLE",
                                     "LM_COMPAT_LEVEL=5", NULL});
}

static void ask(char operation, const void *data, size_t size)
{
    peer_ask(&peer, operation, data, size, &reply);
}

/* Must succeed (GSS_S_CONTINUE_NEEDED is 1). */
static void ask_good(char operation, const void *data, size_t size)
{
    ask(operation, data, size);
    if (reply.major > 1)
        fail_msg("gss operation %c: major 0x%08x minor 0x%08x", operation, reply.major, reply.minor);
}

static void peer_is_initiator(uint32_t flags)
{
    uint8_t data[4 + sizeof KIT_USER "@" KIT_DOMAIN];
    memcpy(data, &flags, 4);
    memcpy(data + 4, KIT_USER "@" KIT_DOMAIN, sizeof data - 4);
    ask_good('i', data, sizeof data - 1);
}

/* NTLMSSP_NEGOTIATE_KEY_EXCH in the highest byte of the flags: of NEGOTIATE, of CHALLENGE. */
enum { KEY_EXCH = 0x40, NEGOTIATE_FLAGS = 15, CHALLENGE_FLAGS = 23 };

/* The peer as initiator, us as acceptor; our last step's status. */
static SECURITY_STATUS accept_peer(uint32_t gss_flags, ULONG asc_flags, bool exchange)
{
    peer_is_initiator(gss_flags);
    assert_status(kit_open(&ours, "NTLM", false, NULL, NULL, NULL), SEC_E_OK);
    ask_good('t', NULL, 0);
    assert_true(reply.data[NEGOTIATE_FLAGS] & KEY_EXCH);
    if (!exchange)
        reply.data[NEGOTIATE_FLAGS] &= (uint8_t)~KEY_EXCH;
    assert_status(kit_step(&ours, asc_flags, NULL, reply.data, reply.size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_int_equal((ours.token[CHALLENGE_FLAGS] & KEY_EXCH) != 0, exchange);
    ask_good('t', ours.token, ours.token_size);
    return kit_step(&ours, asc_flags, NULL, reply.data, reply.size, NULL);
}

/* Us as initiator, the peer as acceptor; the peer's last major status. */
static uint32_t initiate_to_peer(ULONG isc_flags, const char *password)
{
    ask_good('a', NULL, 0);
    assert_status(kit_open(&ours, "NTLM", true, KIT_DOMAIN, KIT_USER, password), SEC_E_OK);
    assert_status(kit_step(&ours, isc_flags, "test/server1", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    ask_good('t', ours.token, ours.token_size);
    assert_status(kit_step(&ours, isc_flags, "test/server1", reply.data, reply.size, NULL), SEC_E_OK);
    ask('t', ours.token, ours.token_size);
    return reply.major;
}

static void finish(void)
{
    kit_close(&ours);
    peer_stop(&peer, false);
}

static void session_keys_are_equal(void)
{
    uint8_t key[16];
    kit_session_key(&ours.context, key);
    ask_good('k', NULL, 0);
    assert_int_equal(reply.size, 16);
    assert_memory_equal(reply.data, key, 16);
}

static uint32_t peer_verifies(const void *message, size_t size, const void *token, ULONG token_size)
{
    uint8_t data[4 + 64 + 4096];
    uint32_t mic = token_size;
    memcpy(data, &mic, 4);
    memcpy(data + 4, token, mic);
    memcpy(data + 4 + mic, message, size);
    ask('v', data, 4 + mic + size);
    return reply.major;
}

static void signatures_both_ways(void)
{
    uint8_t message[4096], token[64];
    for (uint32_t i = 0; i < MESSAGES; i++) {
        size_t size = i == MESSAGES - 1 ? sizeof message : 1 + i * 33;
        kit_fill(message, size, i);
        ULONG token_size = sizeof token;
        assert_status(kit_sign(&ours.context, message, size, token, &token_size), SEC_E_OK);
        assert_int_equal(token_size, 16);
        assert_int_equal(peer_verifies(message, size, token, token_size), 0);

        kit_fill(message, size, i + 100);
        ask_good('m', message, size);
        assert_int_equal(reply.size, 16);
        assert_status(kit_verify(&ours.context, message, size, reply.data, reply.size), SEC_E_OK);
    }
}

/* gss_wrap's token is the signature followed by the sealed data. */
static void wraps_both_ways(void)
{
    uint8_t message[2048], wrapped[16 + sizeof message];
    for (uint32_t i = 0; i < MESSAGES; i++) {
        size_t size = 1 + i * 291;
        kit_fill(message, size, i);
        memcpy(wrapped + 16, message, size);
        ULONG token_size = 16;
        assert_status(kit_seal(&ours.context, wrapped + 16, size, wrapped, &token_size), SEC_E_OK);
        ask_good('u', wrapped, 16 + size);
        assert_int_equal(reply.size, size);
        assert_memory_equal(reply.data, message, size);

        ask_good('w', message, size);
        assert_int_equal(reply.size, 16 + size);
        /* One byte may well be its own ciphertext, once in 256 runs. */
        if (size >= 16)
            assert_memory_not_equal(reply.data + 16, message, size);
        assert_status(kit_unseal(&ours.context, reply.data + 16, size, reply.data, 16), SEC_E_OK);
        assert_memory_equal(reply.data + 16, message, size);
    }
}

/* A forged token of the peer's is refused by us and the genuine one still passes; then ours, damaged, at the
 * peer. */
static void forgeries_are_refused(void)
{
    uint8_t token[64];
    ask_good('m', "genuine", 7);
    for (unsigned bit = 0; bit < 8 * 16; bit++) {
        reply.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(kit_verify(&ours.context, "genuine", 7, reply.data, 16) != SEC_E_OK);
        reply.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_status(kit_verify(&ours.context, "genuine", 7, reply.data, 16), SEC_E_OK);
    ULONG token_size = sizeof token;
    assert_status(kit_sign(&ours.context, "last", 4, token, &token_size), SEC_E_OK);
    token[8] ^= 1;
    assert_true(peer_verifies("last", 4, token, token_size) != 0);
}

static void test_peer_initiates_sealing(void **state)
{
    (void)state;
    start("accounts");
    assert_status(accept_peer(GSS_INTEG | GSS_CONF | GSS_SEQUENCE | GSS_REPLAY,
                              ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY, true),
                  SEC_E_OK);
    assert_true(ours.attributes & ASC_RET_CONFIDENTIALITY);
    session_keys_are_equal();
    SecPkgContext_NamesA names;
    assert_status(QueryContextAttributesA(&ours.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, KIT_DOMAIN "\\" KIT_USER);
    FreeContextBuffer(names.sUserName);
    signatures_both_ways();
    wraps_both_ways();
    signatures_both_ways();
    forgeries_are_refused();
    finish();
}

static void test_peer_initiates_signing(void **state)
{
    (void)state;
    start("accounts");
    assert_status(accept_peer(GSS_INTEG | GSS_SEQUENCE | GSS_REPLAY, ASC_REQ_INTEGRITY, true), SEC_E_OK);
    assert_true(ours.attributes & ASC_RET_INTEGRITY);
    assert_false(ours.attributes & ASC_RET_CONFIDENTIALITY);
    session_keys_are_equal();
    signatures_both_ways();
    forgeries_are_refused();
    finish();
}

/* The session key is the key exchange key then, and MACs go as they are. */
static void without_key_exchange(uint32_t gss_flags, ULONG asc_flags, bool seal)
{
    start("accounts");
    assert_status(accept_peer(gss_flags, asc_flags, false), SEC_E_OK);
    session_keys_are_equal();
    signatures_both_ways();
    if (seal)
        wraps_both_ways();
    signatures_both_ways();
    forgeries_are_refused();
    finish();
}

static void test_peer_initiates_without_key_exchange(void **state)
{
    (void)state;
    without_key_exchange(GSS_INTEG, ASC_REQ_INTEGRITY, false);
    without_key_exchange(GSS_INTEG | GSS_CONF, ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY, true);
}

static void test_peer_accepts_sealing(void **state)
{
    (void)state;
    start("accounts");
    assert_int_equal(initiate_to_peer(ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY, KIT_PASSWORD), 0);
    assert_true(ours.attributes & ISC_RET_CONFIDENTIALITY);
    session_keys_are_equal();
    ask_good('n', NULL, 0);
    assert_memory_equal(reply.data, KIT_DOMAIN "\\" KIT_USER, sizeof KIT_DOMAIN "\\" KIT_USER - 1);
    signatures_both_ways();
    wraps_both_ways();
    signatures_both_ways();
    forgeries_are_refused();
    finish();
}

static void test_peer_accepts_signing(void **state)
{
    (void)state;
    start("accounts");
    assert_int_equal(initiate_to_peer(ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT, KIT_PASSWORD), 0);
    session_keys_are_equal();
    signatures_both_ways();
    forgeries_are_refused();
    finish();
}

static void test_wrong_password_of_the_peer(void **state)
{
    (void)state;
    start("wrong");
    assert_status(accept_peer(GSS_INTEG | GSS_CONF, ASC_REQ_INTEGRITY, true), SEC_E_LOGON_DENIED);
    finish();
}

static void test_wrong_password_of_ours(void **state)
{
    (void)state;
    start("accounts");
    assert_int_not_equal(initiate_to_peer(ISC_REQ_INTEGRITY, "incorrect horse"), 0);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_initiates_sealing),
        cmocka_unit_test(test_peer_initiates_signing),
        cmocka_unit_test(test_peer_initiates_without_key_exchange),
        cmocka_unit_test(test_peer_accepts_sealing),
        cmocka_unit_test(test_peer_accepts_signing),
        cmocka_unit_test(test_wrong_password_of_the_peer),
        cmocka_unit_test(test_wrong_password_of_ours),
    };
    kit_environment(NULL);
    kit_write_file("wrong", KIT_DOMAIN ":" KIT_USER ":incorrect horse\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
