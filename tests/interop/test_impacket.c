/* SPDX-License-Identifier: MIT */
/*
 * impacket's client against our acceptor: handshake, equal session keys, and its signatures and ours, both
 * ways, with and without key exchange. It sends no MIC and announces none, and sends an LMv2 response, which
 * nobody looks at.
 */
#include "peer.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 6 };

static struct peer peer;
static struct kit_side ours;
static char line[2 * KIT_TOKEN_MAX];

static void hex_encode(char *out, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        snprintf(out + 2 * i, 3, "%02x", data[i]);
}

static size_t hex_decode(uint8_t *out, size_t room, const char *text)
{
    size_t size = 0;
    for (; text[0] && text[1] && text[0] != ' '; text += 2) {
        char byte[3] = {text[0], text[1], 0};
        assert_true(size < room);
        out[size++] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return size;
}

/* drop: NTLMSSP flags that the client must not offer. */
static SECURITY_STATUS accept_impacket(const char *drop, const char *password)
{
    static uint8_t token[KIT_TOKEN_MAX];
    static char text[2 * KIT_TOKEN_MAX];
    const ULONG flags = ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY;
    peer_start(&peer, (const char *const[]){"/usr/bin/python3", IMPACKET_PEER, NULL},
               (const char *const[]){NULL});
    assert_status(kit_open(&ours, "NTLM", false, NULL, NULL, NULL), SEC_E_OK);
    peer_put_line(&peer, "negotiate %s", drop);
    peer_get_line(&peer, line, sizeof line);
    assert_status(kit_step(&ours, flags, NULL, token, base64_decode(token, sizeof token, line), NULL),
                  SEC_I_CONTINUE_NEEDED);
    base64_encode(text, sizeof text, ours.token, ours.token_size);
    peer_put_line(&peer, "challenge %s " KIT_DOMAIN " " KIT_USER " %s", text, password);
    peer_get_line(&peer, line, sizeof line);
    char *key = strchr(line, ' ');
    assert_non_null(key);
    *key = 0;
    SECURITY_STATUS status =
        kit_step(&ours, flags, NULL, token, base64_decode(token, sizeof token, line), NULL);
    *key = ' ';
    return status;
}

static void session_keys_are_equal(void)
{
    uint8_t key[16], theirs[16];
    assert_int_equal(hex_decode(theirs, sizeof theirs, strchr(line, ' ') + 1), 16);
    kit_session_key(&ours.context, key);
    assert_memory_equal(key, theirs, 16);
}

static void signatures_both_ways(void)
{
    uint8_t message[512], token[64];
    char text[2 * sizeof message + 1], token_text[2 * sizeof token + 1];
    for (uint32_t i = 0; i < MESSAGES; i++) {
        size_t size = 1 + i * 97;
        kit_fill(message, size, i);
        hex_encode(text, message, size);
        peer_put_line(&peer, "sign %s", text);
        peer_get_line(&peer, line, sizeof line);
        assert_int_equal(hex_decode(token, sizeof token, line), 16);
        assert_status(kit_verify(&ours.context, message, size, token, 16), SEC_E_OK);

        ULONG token_size = sizeof token;
        assert_status(kit_sign(&ours.context, message, size, token, &token_size), SEC_E_OK);
        hex_encode(token_text, token, token_size);
        peer_put_line(&peer, "verify %s %s", text, token_text);
        peer_get_line(&peer, line, sizeof line);
        assert_string_equal(line, "yes");
    }
}

static void seals_both_ways(void)
{
    uint8_t message[512], sealed[512], token[64];
    char text[2 * sizeof message + 1], token_text[2 * sizeof token + 1];
    for (uint32_t i = 0; i < MESSAGES; i++) {
        size_t size = 1 + i * 97;
        kit_fill(message, size, i + 50);
        hex_encode(text, message, size);
        peer_put_line(&peer, "seal %s", text);
        peer_get_line(&peer, line, sizeof line);
        assert_int_equal(hex_decode(sealed, sizeof sealed, line), size);
        hex_decode(token, sizeof token, strchr(line, ' ') + 1);
        assert_status(kit_unseal(&ours.context, sealed, size, token, 16), SEC_E_OK);
        assert_memory_equal(sealed, message, size);

        ULONG token_size = sizeof token;
        memcpy(sealed, message, size);
        assert_status(kit_seal(&ours.context, sealed, size, token, &token_size), SEC_E_OK);
        hex_encode(token_text, token, token_size);
        char sealed_text[sizeof text];
        hex_encode(sealed_text, sealed, size);
        peer_put_line(&peer, "unseal %s %s", sealed_text, token_text);
        peer_get_line(&peer, line, sizeof line);
        assert_string_equal(line, text);
    }
}

static void finish(void)
{
    kit_close(&ours);
    peer_stop(&peer, false);
}

static void test_with_key_exchange(void **state)
{
    (void)state;
    assert_status(accept_impacket("0", KIT_PASSWORD), SEC_E_OK);
    session_keys_are_equal();
    signatures_both_ways();
    seals_both_ways();
    signatures_both_ways();
    finish();
}

static void test_without_key_exchange(void **state)
{
    (void)state;
    assert_status(accept_impacket("40000000", KIT_PASSWORD), SEC_E_OK);
    session_keys_are_equal();
    signatures_both_ways();
    seals_both_ways();
    signatures_both_ways();
    finish();
}

static void test_wrong_password(void **state)
{
    (void)state;
    assert_status(accept_impacket("0", "incorrect horse"), SEC_E_LOGON_DENIED);
    finish();
}

/* 56 bits are refused unless the configuration takes them. */
static void test_weak_keys_are_refused(void **state)
{
    (void)state;
    SECURITY_STATUS status = SEC_E_OK;
    static uint8_t token[KIT_TOKEN_MAX];
    peer_start(&peer, (const char *const[]){"/usr/bin/python3", IMPACKET_PEER, NULL},
               (const char *const[]){NULL});
    assert_status(kit_open(&ours, "NTLM", false, NULL, NULL, NULL), SEC_E_OK);
    peer_put_line(&peer, "negotiate 20000000");
    peer_get_line(&peer, line, sizeof line);
    status = kit_step(&ours, ASC_REQ_INTEGRITY, NULL, token, base64_decode(token, sizeof token, line), NULL);
    /* Said at the first message or at the last one, but never established. */
    assert_true(status == SEC_I_CONTINUE_NEEDED || !SEC_SUCCESS(status));
    if (status == SEC_I_CONTINUE_NEEDED) {
        static char text[2 * KIT_TOKEN_MAX];
        base64_encode(text, sizeof text, ours.token, ours.token_size);
        peer_put_line(&peer, "challenge %s " KIT_DOMAIN " " KIT_USER " " KIT_PASSWORD, text);
        peer_get_line(&peer, line, sizeof line);
        *strchr(line, ' ') = 0;
        status =
            kit_step(&ours, ASC_REQ_INTEGRITY, NULL, token, base64_decode(token, sizeof token, line), NULL);
        assert_false(SEC_SUCCESS(status));
    }
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_key_exchange),
        cmocka_unit_test(test_without_key_exchange),
        cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_weak_keys_are_refused),
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
