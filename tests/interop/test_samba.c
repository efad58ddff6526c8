/* SPDX-License-Identifier: MIT */
/*
 * Samba's ntlm_auth as a helper process, without any daemon: as a client with explicit credentials against
 * our acceptor, and as an acceptor that was told the password. It signs nothing itself; what must agree is
 * the session key, from which all keys follow. As an acceptor it takes any user name with its password, in
 * any domain.
 */
#include "peer.h"

#include <string.h>

static struct peer peer;
static struct kit_side ours;
static char line[2 * KIT_TOKEN_MAX];

static void start(const char *protocol, const char *password, bool client)
{
    static char config[128], secret[128];
    snprintf(config, sizeof config, "--configfile=%s", kit_path("smb.conf"));
    snprintf(secret, sizeof secret, "--password=%s", password);
    peer_start(&peer,
               (const char *const[]){NTLM_AUTH, config, protocol, secret,
                                     client ? "--username=" KIT_USER : NULL, "--domain=" KIT_DOMAIN, NULL},
               (const char *const[]){NULL});
}

static void command(const char *text)
{
    peer_put_line(&peer, "%s", text);
    peer_get_line(&peer, line, sizeof line);
}

/* Sends our token under a two-letter code; the answer's code must be one of the two given. */
static void command_token(const char *code, const char *want)
{
    static char text[2 * KIT_TOKEN_MAX];
    base64_encode(text, sizeof text, ours.token, ours.token_size);
    peer_put_line(&peer, "%s %s", code, text);
    peer_get_line(&peer, line, sizeof line);
    if (strncmp(line, want, strlen(want)) != 0)
        fail_msg("ntlm_auth answers '%.60s' to %s", line, code);
}

static size_t line_token(uint8_t *token)
{
    assert_true(strlen(line) > 3);
    return base64_decode(token, KIT_TOKEN_MAX, line + 3);
}

static void session_keys_are_equal(void)
{
    uint8_t key[16], theirs[KIT_TOKEN_MAX];
    command("GK");
    assert_memory_equal(line, "GK ", 3);
    assert_int_equal(line_token(theirs), 16);
    kit_session_key(&ours.context, key);
    assert_memory_equal(key, theirs, 16);
}

static SECURITY_STATUS accept_samba(const char *password, const char *features)
{
    static uint8_t token[KIT_TOKEN_MAX];
    start("--helper-protocol=ntlmssp-client-1", password, true);
    command(features);
    assert_string_equal(line, "OK");
    command("YR");
    assert_memory_equal(line, "YR ", 3);
    assert_status(kit_open(&ours, "NTLM", false, NULL, NULL, NULL), SEC_E_OK);
    const ULONG flags = ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY;
    assert_status(kit_step(&ours, flags, NULL, token, line_token(token), NULL), SEC_I_CONTINUE_NEEDED);
    command_token("TT", "AF ");
    return kit_step(&ours, flags, NULL, token, line_token(token), NULL);
}

static void finish(void)
{
    kit_close(&ours);
    peer_stop(&peer, true);
}

static void test_client_signing_and_sealing(void **state)
{
    (void)state;
    assert_status(accept_samba(KIT_PASSWORD,
                               "SF NTLMSSP_FEATURE_SESSION_KEY NTLMSSP_FEATURE_SIGN NTLMSSP_FEATURE_SEAL"),
                  SEC_E_OK);
    session_keys_are_equal();
    SecPkgContext_NamesA names;
    assert_status(QueryContextAttributesA(&ours.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, KIT_DOMAIN "\\" KIT_USER);
    FreeContextBuffer(names.sUserName);
    finish();
}

static void test_client_session_key_only(void **state)
{
    (void)state;
    assert_status(accept_samba(KIT_PASSWORD, "SF NTLMSSP_FEATURE_SESSION_KEY"), SEC_E_OK);
    session_keys_are_equal();
    finish();
}

static void test_client_with_wrong_password(void **state)
{
    (void)state;
    assert_status(accept_samba("incorrect horse", "SF NTLMSSP_FEATURE_SIGN"), SEC_E_LOGON_DENIED);
    finish();
}

/* want: the code ntlm_auth ends with. */
static void initiate_to_samba(const char *password, const char *want)
{
    static uint8_t token[KIT_TOKEN_MAX];
    const ULONG flags = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY;
    start("--helper-protocol=squid-2.5-ntlmssp", KIT_PASSWORD, false);
    command("SF NTLMSSP_FEATURE_SESSION_KEY NTLMSSP_FEATURE_SIGN NTLMSSP_FEATURE_SEAL");
    assert_string_equal(line, "OK");
    assert_status(kit_open(&ours, "NTLM", true, KIT_DOMAIN, KIT_USER, password), SEC_E_OK);
    assert_status(kit_step(&ours, flags, "cifs/peer", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    command_token("YR", "TT ");
    assert_status(kit_step(&ours, flags, "cifs/peer", token, line_token(token), NULL), SEC_E_OK);
    command_token("KK", want);
}

static void test_acceptor(void **state)
{
    (void)state;
    initiate_to_samba(KIT_PASSWORD, "AF ");
    assert_string_equal(line + 3, KIT_DOMAIN "\\" KIT_USER);
    session_keys_are_equal();
    finish();
}

static void test_acceptor_refuses_wrong_password(void **state)
{
    (void)state;
    initiate_to_samba("incorrect horse", "NA ");
    finish();
}

static void write_config(void)
{
    char text[1024];
    const char *folder = kit_folder();
    snprintf(text, sizeof text,
             "[global]\nworkgroup = " KIT_DOMAIN
             "\nnetbios name = PEER\nprivate dir = %s\nlock directory = %s\n"
             "state directory = %s\ncache directory = %s\npid directory = %s\nncalrpc dir = %s/ncalrpc\n"
             "winbindd socket directory = %s/none\n",
             folder, folder, folder, folder, folder, folder, folder);
    kit_write_file("smb.conf", text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_signing_and_sealing),
        cmocka_unit_test(test_client_session_key_only),
        cmocka_unit_test(test_client_with_wrong_password),
        cmocka_unit_test(test_acceptor),
        cmocka_unit_test(test_acceptor_refuses_wrong_password),
    };
    kit_environment(NULL);
    write_config();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
