/* SPDX-License-Identifier: MIT */
/* python-gssapi as client and as server of one whole dialogue, in a process of its own. */
#include "realm.h"

#include <stdlib.h>
#include <string.h>

#include "peer.h"

enum { WANTED = ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_SEQUENCE_DETECT };

static struct peer peer;
static struct kit_side side;
static uint8_t result[2][4096];
static size_t result_size[2];

/* word and up to two arguments; the answer's results, decoded. */
static void ask(const char *word, const void *one, size_t one_size, const void *two, size_t two_size)
{
    static char first[8192], second[8192], line[16384];
    base64_encode(first, sizeof first, one, one_size);
    base64_encode(second, sizeof second, two, two_size);
    peer_put_line(&peer, "%s%s%s%s%s", word, one ? " =" : "", one ? first : "", two ? " =" : "",
                  two ? second : "");
    peer_get_line(&peer, line, sizeof line);
    if (strncmp(line, "ok", 2) != 0)
        fail_msg("%s: %s", word, line);
    char *rest = line;
    for (int i = 0; i < 2; i++) {
        rest = strchr(rest, ' ');
        if (rest == NULL)
            return;
        *rest++ = 0;
        char *end = strchr(rest, ' ');
        if (end)
            *end = 0;
        result_size[i] = base64_decode(result[i], sizeof result[i], rest + 1);
        if (end)
            *end = ' ';
    }
}

static bool step(const void *token, size_t size)
{
    ask("step", token ? token : "", size, NULL, 0);
    return memcmp(result[0], "done", 4) == 0;
}

static void start(void)
{
    static char texts[4][256];
    static const char *const names[] = {"KRB5_CONFIG", "KRB5CCNAME", "KRB5_KTNAME", "KRB5RCACHENAME"};
    static const char *list[5];
    static const char *const argv[] = {"/usr/bin/python3", PYTHON_PEER, NULL};
    for (size_t i = 0; i < 4; i++) {
        snprintf(texts[i], sizeof texts[i], "%s=%s", names[i], getenv(names[i]));
        list[i] = texts[i];
    }
    peer_start(&peer, argv, list);
}

static void talk(void)
{
    uint8_t text[64], stream[256];
    ULONG size;
    for (uint32_t i = 0; i < 5; i++) {
        kit_fill(text, sizeof text, i);
        size = 64;
        assert_status(kit_sign(&side.context, text, sizeof text, stream, &size), SEC_E_OK);
        ask("verify", text, sizeof text, stream, size);
        ask("sign", text, sizeof text, NULL, 0);
        assert_status(kit_verify(&side.context, text, sizeof text, result[0], (ULONG)result_size[0]),
                      SEC_E_OK);

        size = 60;
        memcpy(stream + size, text, sizeof text);
        assert_status(kit_seal(&side.context, stream + size, sizeof text, stream, &size), SEC_E_OK);
        ask("unwrap", stream, size + sizeof text, NULL, 0);
        assert_memory_equal(result[0], "sealed", 6);
        assert_memory_equal(result[1], text, sizeof text);
        ask("wrap", text, sizeof text, NULL, 0);
        SecBuffer in[2] = {{(ULONG)result_size[0], SECBUFFER_STREAM, result[0]}, {0, SECBUFFER_DATA, NULL}};
        SecBufferDesc desc = {SECBUFFER_VERSION, 2, in};
        assert_status(DecryptMessage(&side.context, &desc, 0, NULL), SEC_E_OK);
        assert_int_equal(in[1].cbBuffer, sizeof text);
        assert_memory_equal(in[1].pvBuffer, text, sizeof text);
    }
    ask("names", NULL, 0, NULL, 0);
    assert_memory_equal(result[0], KIT_USER "@" REALM, strlen(KIT_USER "@" REALM));
    assert_memory_equal(result[1], "host/server@" REALM, strlen("host/server@" REALM));
    kit_close(&side);
    peer_stop(&peer, false);
}

static void test_server(void **state)
{
    (void)state;
    start();
    assert_status(kit_open(&side, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    ask("accept", NULL, 0, NULL, 0);
    assert_status(kit_step(&side, WANTED, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_true(step(side.token, side.token_size));
    assert_status(kit_step(&side, WANTED, "host/server", result[1], result_size[1], NULL), SEC_E_OK);
    talk();
}

static void test_client(void **state)
{
    static const char target[] = "host/server@" REALM;
    (void)state;
    start();
    assert_status(kit_open(&side, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    ask("initiate", target, sizeof target - 1, NULL, 0);
    assert_false(step(NULL, 0));
    assert_status(kit_step(&side, 0, NULL, result[1], result_size[1], NULL), SEC_E_OK);
    assert_true(step(side.token, side.token_size));
    talk();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_server), cmocka_unit_test(test_client)};
    realm_environment(NULL);
    return cmocka_run_group_tests_name("kerberos python", tests, NULL, NULL);
}
