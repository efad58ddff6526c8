/* SPDX-License-Identifier: MIT */
/* The token inspector: every field by name, damage reported where it is, nothing a terminal could act on. */
#include "harness.h"

#include <opensspi.h>
#include <stdlib.h>

static char tree[65536];
static size_t token_size;

static void collect(void *arg, unsigned depth, const char *name, const char *value, size_t offset,
                    size_t size)
{
    size_t at = strlen(tree);
    (void)arg;
    assert_true(offset <= token_size && size <= token_size - offset);
    for (const char *c = value; *c != 0; c++) {
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    (void)snprintf(tree + at, sizeof tree - at, "%*s%s=%s\n", (int)(2 * depth), "", name, value);
}

static SECURITY_STATUS inspect(const void *token, size_t size)
{
    tree[0] = 0;
    token_size = size;
    /* Memory of the exact size, so that a checker sees a step behind it. */
    void *copy = calloc(1, size > 0 ? size : 1);
    memcpy(copy, token, size);
    SECURITY_STATUS status = SspiInspectToken(copy, size, collect, NULL);
    free(copy);
    return status;
}

static void has(const char *line)
{
    if (strstr(tree, line) == NULL) {
        fail_msg("no %s in\n%s", line, tree);
    }
}

static void test_messages(void **state)
{
    struct side i, a;
    uint8_t negotiate[64], challenge[1024];
    ULONG negotiate_size, challenge_size;
    uint8_t signature[16];
    (void)state;
    harness_start(NULL);
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, ISC_REQ_CONFIDENTIALITY, u"host/x", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    memcpy(negotiate, i.token, negotiate_size = i.token_size);
    assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    memcpy(challenge, a.token, challenge_size = a.token_size);
    assert_status(side_step(&i, ISC_REQ_CONFIDENTIALITY, u"host/x", a.token, a.token_size, NULL), SEC_E_OK);
    assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_E_OK);

    assert_status(inspect(negotiate, negotiate_size), SEC_E_OK);
    has("NEGOTIATE_MESSAGE=");
    has("NegotiateFlags=0x");
    has("NTLMSSP_NEGOTIATE_SEAL=");
    has("Version=10.0.0 revision 15");
    assert_status(inspect(challenge, challenge_size), SEC_E_OK);
    has("CHALLENGE_MESSAGE=");
    has("ServerChallenge=");
    has("MsvAvNbComputerName=");
    has("MsvAvTimestamp=20");
    has("Reserved=0000000000000000");
    has("TargetInfo=\n    Len=");
    assert_status(inspect(i.token, i.token_size), SEC_E_OK);
    has("AUTHENTICATE_MESSAGE=");
    has("DomainName=EXAMPLE");
    has("UserName=alice");
    has("MIC=");
    has("NTProofStr=");
    has("UserName=alice\n    Len=10\n    MaxLen=10\n    BufferOffset=");
    has("RespType=1\n      HiRespType=1\n      Reserved1=0000\n      Reserved2=00000000\n");
    has("Reserved3=00000000\n");
    has("MsvAvFlags=0x00000002 MIC present");
    has("MsvAvTargetName=host/x");
    assert_status(side_sign(&i, "x", 0, signature), SEC_E_OK);
    assert_status(inspect(signature, 16), SEC_E_OK);
    has("NTLMSSP_MESSAGE_SIGNATURE=");
    has("SeqNum=0");

    /* Cut and changed tokens: an error line and no more. */
    for (ULONG n = 0; n < i.token_size; n++) {
        SECURITY_STATUS status = inspect(i.token, n);
        assert_true(status == SEC_E_INVALID_TOKEN || (n < 8 && status == SEC_E_UNSUPPORTED_FUNCTION));
        if (status == SEC_E_INVALID_TOKEN) {
            has("error=");
        }
    }
    for (ULONG n = 0; n < 8 * i.token_size; n++) {
        i.token[n / 8] ^= (uint8_t)(1 << n % 8);
        (void)inspect(i.token, i.token_size);
        i.token[n / 8] ^= (uint8_t)(1 << n % 8);
    }
    pair_close(&i, &a);
}

static void test_unknown(void **state)
{
    (void)state;
    assert_status(inspect("", 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(inspect("hello", 5), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SspiInspectToken(NULL, 1, collect, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiInspectToken("x", 1, NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(inspect("NTLMSSP\0\x09\0\0\0", 12), SEC_E_INVALID_TOKEN);
    has("error=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_messages), cmocka_unit_test(test_unknown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
