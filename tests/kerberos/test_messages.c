/* SPDX-License-Identifier: MIT */
/* Places of messages, the end of the numbers, another life after export. */
#include "pair.h"

#include <string.h>

#include "protect/krb5.h"

/* ---- places of messages ---- */

enum { MESSAGES = 6 };

struct signed_message {
    uint8_t token[64];
    ULONG size;
    uint8_t text[8];
};

static void make_messages(struct signed_message *m)
{
    for (uint32_t i = 0; i < MESSAGES; i++) {
        m[i].size = sizeof m[i].token;
        kit_fill(m[i].text, sizeof m[i].text, i);
        assert_status(kit_sign(&initiator.context, m[i].text, sizeof m[i].text, m[i].token, &m[i].size),
                      SEC_E_OK);
    }
}

static SECURITY_STATUS check(const struct signed_message *m)
{
    return kit_verify(&acceptor.context, m->text, sizeof m->text, m->token, m->size);
}

static void test_places(void **state)
{
    struct signed_message m[MESSAGES];
    (void)state;
    /* SEQUENCE_DETECT: a gap is said, once; the message after it is the next one. */
    pair_open("host/server", PAIR_SIGN | ISC_REQ_SEQUENCE_DETECT, 0);
    make_messages(m);
    assert_status(check(&m[0]), SEC_E_OK);
    assert_status(check(&m[0]), SEC_E_OUT_OF_SEQUENCE);
    assert_status(check(&m[2]), SEC_E_OUT_OF_SEQUENCE);
    assert_status(check(&m[1]), SEC_E_OUT_OF_SEQUENCE);
    assert_status(check(&m[3]), SEC_E_OK);
    assert_status(check(&m[4]), SEC_E_OK);
    pair_close();

    /* REPLAY_DETECT: any order, each once. */
    pair_open("host/server", PAIR_SIGN | ISC_REQ_REPLAY_DETECT, 0);
    make_messages(m);
    static const int order[MESSAGES] = {3, 0, 5, 1, 4, 2};
    for (int i = 0; i < MESSAGES; i++) {
        assert_status(check(&m[order[i]]), SEC_E_OK);
        assert_status(check(&m[order[i]]), SEC_E_OUT_OF_SEQUENCE);
    }
    pair_close();

    /* Neither: not looked at. */
    pair_open("host/server", PAIR_SIGN, 0);
    make_messages(m);
    assert_status(check(&m[5]), SEC_E_OK);
    assert_status(check(&m[5]), SEC_E_OK);
    assert_status(check(&m[0]), SEC_E_OK);
    pair_close();
}

/* Out of its place a sealed message is authentic, and its text is hidden again all the same. */
static void test_sealed_replay(void **state)
{
    uint8_t text[40], sealed[40], again[40], token[96], kept[96];
    ULONG size = sizeof token;
    (void)state;
    pair_open("host/server", PAIR_SEAL | ISC_REQ_SEQUENCE_DETECT, 0);
    kit_fill(text, sizeof text, 1);
    memcpy(sealed, text, sizeof text);
    assert_status(kit_seal(&initiator.context, sealed, sizeof sealed, token, &size), SEC_E_OK);
    memcpy(again, sealed, sizeof sealed);
    memcpy(kept, token, size);
    assert_status(kit_unseal(&acceptor.context, sealed, sizeof sealed, token, size), SEC_E_OK);
    assert_memory_equal(sealed, text, sizeof text);
    memcpy(sealed, again, sizeof sealed);
    memcpy(token, kept, size);
    assert_status(kit_unseal(&acceptor.context, sealed, sizeof sealed, token, size), SEC_E_OUT_OF_SEQUENCE);
    assert_memory_equal(sealed, again, sizeof sealed);
    assert_memory_equal(token, kept, size);
    /* As a stream too. */
    uint8_t stream[136], same[136];
    memcpy(stream, kept, size);
    memcpy(stream + size, again, sizeof again);
    memcpy(same, stream, sizeof same);
    SecBuffer in[2] = {{size + (ULONG)sizeof again, SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, in};
    assert_status(DecryptMessage(&acceptor.context, &desc, 0, NULL), SEC_E_OUT_OF_SEQUENCE);
    assert_memory_equal(stream, same, size + sizeof again);
    assert_null(in[1].pvBuffer);
    pair_close();
}

/* ---- packed contexts ---- */

static void replace(CtxtHandle *context, void (*change)(struct krb5_protect *p), ULONG flags)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    SEC_CHAR name[] = "Kerberos";
    struct krb5_protect state;
    assert_status(ExportSecurityContext(context, flags, &packed, NULL), SEC_E_OK);
    uint8_t *end = (uint8_t *)packed.pvBuffer + packed.cbBuffer - KRB5_PACK_SIZE;
    assert_true(krb5_protect_unpack(&state, end, KRB5_PACK_SIZE));
    if (change) {
        change(&state);
        krb5_protect_pack(&state, end);
    }
    assert_status(DeleteSecurityContext(context), SEC_E_OK);
    assert_status(ImportSecurityContextA(name, &packed, NULL, context), SEC_E_OK);
    FreeContextBuffer(packed.pvBuffer);
}

static void three_left(struct krb5_protect *p)
{
    p->sent = UINT64_MAX - 3;
}

static void test_end_of_numbers(void **state)
{
    uint8_t token[128], data[16] = {0};
    ULONG size;
    (void)state;
    pair_open("host/server", PAIR_SEAL, 0);
    replace(&initiator.context, three_left, 0);
    for (int i = 0; i < 3; i++)
        kit_exchange(&initiator.context, &acceptor.context, "one of the last", false);
    for (int i = 0; i < 3; i++) {
        size = sizeof token;
        assert_status(kit_sign(&initiator.context, data, 16, token, &size), SEC_E_CONTEXT_EXPIRED);
        assert_status(kit_seal(&initiator.context, data, 16, token, &size), SEC_E_CONTEXT_EXPIRED);
        assert_int_equal(size, sizeof token);
    }
    kit_exchange(&acceptor.context, &initiator.context, "the other direction", true);
    pair_close();
}

static void test_another_life(void **state)
{
    (void)state;
    pair_open("host/server", PAIR_SEAL | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_MUTUAL_AUTH, 0);
    kit_exchange(&initiator.context, &acceptor.context, "before", true);
    replace(&initiator.context, NULL, 0);
    replace(&acceptor.context, NULL, 0);
    kit_exchange(&initiator.context, &acceptor.context, "after", true);
    kit_exchange(&acceptor.context, &initiator.context, "and back", true);
    pair_assert_names(&initiator.context, "host/server");
    pair_assert_lifespan(&acceptor.context);
    replace(&initiator.context, NULL, SECPKG_CONTEXT_EXPORT_RESET_NEW);
    replace(&acceptor.context, NULL, SECPKG_CONTEXT_EXPORT_RESET_NEW);
    kit_exchange(&initiator.context, &acceptor.context, "from the first number again", true);
    pair_close();
}

/* The same text under the same number and key, from contexts that know nothing of each other: nothing of the
 * two looks alike, because the confounders differ. */
static void test_confounders(void **state)
{
    uint8_t token[2][96], text[2][64];
    (void)state;
    pair_open("host/server", PAIR_SEAL, 0);
    for (int i = 0; i < 2; i++) {
        ULONG size = sizeof token[i];
        memset(text[i], 0, sizeof text[i]);
        replace(&initiator.context, NULL, SECPKG_CONTEXT_EXPORT_RESET_NEW);
        assert_status(kit_seal(&initiator.context, text[i], sizeof text[i], token[i], &size), SEC_E_OK);
        assert_int_equal(size, 60);
    }
    assert_memory_equal(token[0], token[1], 16);
    for (int i = 16; i < 60 - 16; i += 4)
        assert_memory_not_equal(token[0] + i, token[1] + i, 4);
    for (int i = 0; i < 64; i += 4)
        assert_memory_not_equal(text[0] + i, text[1] + i, 4);
    pair_close();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),         cmocka_unit_test(test_sealed_replay),
        cmocka_unit_test(test_end_of_numbers), cmocka_unit_test(test_another_life),
        cmocka_unit_test(test_confounders),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests_name("kerberos messages", tests, NULL, NULL);
}
