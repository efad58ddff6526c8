/* SPDX-License-Identifier: MIT */
/* The token inspector on Kerberos' tokens: fields by name, damage reported, nothing outside of the token. */
#include "realm.h"

#include <opensspi.h>
#include <stdlib.h>
#include <string.h>

static char tree[65536];
static size_t token_size;

static void collect(void *arg, unsigned depth, const char *name, const char *value, size_t offset,
                    size_t size)
{
    size_t at = strlen(tree);
    (void)arg;
    assert_true(offset <= token_size && size <= token_size - offset);
    for (const char *c = value; *c != 0; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    snprintf(tree + at, sizeof tree - at, "%*s%s=%s\n", (int)(2 * depth), "", name, value);
}

/* Memory of the exact size, so that a checker sees a step behind it. */
static SECURITY_STATUS inspect(const void *token, size_t size)
{
    tree[0] = 0;
    token_size = size;
    void *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, token, size);
    SECURITY_STATUS status = SspiInspectToken(copy, size, collect, NULL);
    free(copy);
    return status;
}

static void has(const char *line)
{
    if (strstr(tree, line) == NULL)
        fail_msg("no %s in\n%s", line, tree);
}

/* Cut short anywhere and with any bit changed it stays inside and ends in one of the three answers. */
static void damage(const uint8_t *token, size_t size)
{
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    for (size_t n = 0; n < size; n++) {
        SECURITY_STATUS status = inspect(token, n);
        assert_true(status == SEC_E_INVALID_TOKEN || status == SEC_E_UNSUPPORTED_FUNCTION ||
                    status == SEC_E_OK);
        assert_true((status == SEC_E_INVALID_TOKEN) == (strstr(tree, "error=") != NULL));
    }
    for (size_t bit = 0; bit<8 * size; bit += size> 200 ? 3 : 1) {
        memcpy(copy, token, size);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        SECURITY_STATUS status = inspect(copy, size);
        assert_true((status == SEC_E_INVALID_TOKEN) == (strstr(tree, "error=") != NULL));
    }
    free(copy);
}

static void test_handshake_tokens(void **state)
{
    struct kit_side initiator, acceptor;
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, ISC_REQ_MUTUAL_AUTH, "host/server", NULL, 0, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_status(inspect(initiator.token, initiator.token_size), SEC_E_OK);
    has("InitialContextToken=");
    has("thisMech=1.2.840.113554.1.2.2 (Kerberos V5)");
    has("TOK_ID=KRB_AP_REQ");
    has("msg-type=14");
    has("ap-options=20000000");
    has("realm=" REALM);
    has("name-string=host");
    has("name-string=server");
    has("etype=18");
    has("kvno=1");
    damage(initiator.token, initiator.token_size);
    assert_status(kit_step(&acceptor, 0, NULL, initiator.token, initiator.token_size, NULL), SEC_E_OK);
    assert_status(inspect(acceptor.token, acceptor.token_size), SEC_E_OK);
    has("TOK_ID=KRB_AP_REP");
    has("msg-type=15");
    damage(acceptor.token, acceptor.token_size);
    kit_close(&initiator);
    kit_close(&acceptor);

    /* DCE style has no framing. */
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, ISC_REQ_USE_DCE_STYLE, "host/server", NULL, 0, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_status(inspect(initiator.token, initiator.token_size), SEC_E_OK);
    assert_memory_equal(tree, "AP-REQ=", 7);
    kit_close(&initiator);
}

/* A refusal's KRB-ERROR, which an application asks for with EXTENDED_ERROR; and the client understands it. */
static void test_error_token(void **state)
{
    struct kit_side initiator;
    uint8_t room[1024];
    SecBuffer in, out = {sizeof room, SECBUFFER_TOKEN, room};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    CredHandle credential;
    CtxtHandle context;
    ULONG attributes = 0;
    SEC_CHAR package[] = "Kerberos";
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, ISC_REQ_MUTUAL_AUTH, "orphan/server", NULL, 0, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_status(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                            &credential, NULL),
                  SEC_E_OK);
    in = (SecBuffer){(ULONG)initiator.token_size, SECBUFFER_TOKEN, initiator.token};
    assert_status(AcceptSecurityContext(&credential, NULL, &in_desc, ASC_REQ_EXTENDED_ERROR,
                                        SECURITY_NATIVE_DREP, &context, &out_desc, &attributes, NULL),
                  SEC_E_WRONG_PRINCIPAL);
    assert_int_equal(attributes, ASC_RET_EXTENDED_ERROR);
    assert_status(inspect(room, out.cbBuffer), SEC_E_OK);
    has("TOK_ID=KRB_ERROR");
    has("msg-type=30");
    has("error-code=");
    damage(room, out.cbBuffer);
    SECURITY_STATUS status =
        kit_step(&initiator, ISC_REQ_MUTUAL_AUTH, "orphan/server", room, out.cbBuffer, NULL);
    assert_status(status, SEC_E_WRONG_PRINCIPAL);
    FreeCredentialsHandle(&credential);
    kit_close(&initiator);
}

static void message_tokens(const char *target, const char *mic, const char *wrap)
{
    struct kit_side initiator, acceptor;
    uint8_t data[16] = {1}, token[128];
    ULONG size = sizeof token;
    assert_status(
        realm_handshake(target, ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH, 0, &initiator, &acceptor),
        SEC_E_OK);
    assert_status(kit_sign(&acceptor.context, data, 16, token, &size), SEC_E_OK);
    assert_status(inspect(token, size), SEC_E_OK);
    has(mic);
    has("SND_SEQ");
    damage(token, size);
    size = sizeof token;
    assert_status(kit_seal(&acceptor.context, data, 16, token, &size), SEC_E_OK);
    assert_status(inspect(token, size), SEC_E_OK);
    has(wrap);
    damage(token, size);
    kit_close(&initiator);
    kit_close(&acceptor);
}

static void test_message_tokens(void **state)
{
    (void)state;
    message_tokens("host/server", "MIC=RFC 4121", "Wrap=RFC 4121");
    has("Flags=0x07 SentByAcceptor Sealed AcceptorSubkey");
    has("EC=0");
    has("RRC=28");
    realm_prefer(23);
    message_tokens("t23/server", "MIC=RFC 4757", "Wrap=RFC 4757");
    has("SGN_ALG=1100");
    realm_prefer(0);
}

static void test_others(void **state)
{
    static const uint8_t spnego[] = "\x60\x08\x06\x06\x2b\x06\x01\x05\x05\x02";
    (void)state;
    assert_status(inspect("", 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(inspect("\x04\x04", 2), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(inspect("hello, this is text", 19), SEC_E_UNSUPPORTED_FUNCTION);
    inspect(spnego, sizeof spnego - 1);
    assert_null(strstr(tree, "thisMech=1.2.840.113554.1.2.2"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake_tokens),
        cmocka_unit_test(test_error_token),
        cmocka_unit_test(test_message_tokens),
        cmocka_unit_test(test_others),
    };
    realm_environment("[kerberos]\nallow_rc4 = yes\n");
    return cmocka_run_group_tests_name("kerberos inspect", tests, NULL, NULL);
}
