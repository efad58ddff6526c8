/* SPDX-License-Identifier: MIT */
/*
 * RFC 4178 section 5, case by case: on the other side sits a Kerberos context of the package's own, and what
 * SPNEGO puts around its tokens is written by hand. Kerberos wants no mechListMIC of itself, so what is
 * demanded here the rules demand.
 */
#include "realm.h"

#include <string.h>

#include "nego_kit.h"
#include "packages/negotiate/negotiate_mechs.h"
#include "packages/negotiate/negotiate_messages.h"
#include "reversed.h"

enum {
    SEALED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY,
    MUTUAL = SEALED | ISC_REQ_MUTUAL_AUTH,
    ASC_SEALED =
        ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT | ASC_REQ_CONFIDENTIALITY,
};

static const uint8_t negoex[] = {0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1e};

static struct kit_side nego, raw; /* ours with SPNEGO, the other without */
static uint8_t list[256], wire[KIT_TOKEN_MAX];
static size_t list_size;
static struct negotiate_resp answer;

static void finish(void)
{
    kit_close(&nego);
    kit_close(&raw);
}

/* NegTokenInit with that list, which stays in `list`. */
static size_t write_init(const struct span *mechs, size_t count, const void *token, size_t size,
                         struct span mic)
{
    struct wire_writer w;
    wire_write_init(&w, list, sizeof list);
    negotiate_list_write(&w, mechs, count);
    list_size = w.at;
    struct negotiate_init m = {.mech_list = {list, list_size}, .mic = mic};
    if (size)
        m.token = (struct span){token, size};
    wire_write_init(&w, wire, sizeof wire);
    negotiate_init_write(&w, &m);
    return w.at;
}

static size_t write_resp(uint8_t state, struct span mech, const void *token, size_t size, struct span mic)
{
    struct negotiate_resp m = {.state = state, .mech = mech, .mic = mic};
    struct wire_writer w;
    if (size)
        m.token = (struct span){token, size};
    wire_write_init(&w, wire, sizeof wire);
    negotiate_resp_write(&w, &m);
    return w.at;
}

static const struct span none;

/* The other side's mechListMIC. */
static struct span own_mic(void)
{
    static uint8_t mic[64];
    ULONG size = sizeof mic;
    assert_status(kit_sign(&raw.context, list, list_size, mic, &size), SEC_E_OK);
    return (struct span){mic, size};
}

static void assert_answer(const struct kit_side *side, uint8_t state, bool token, bool mic)
{
    assert_true(negotiate_resp_read((struct span){side->token, side->token_size}, &answer));
    assert_int_equal(answer.state, state);
    assert_int_equal(answer.token.size > 0, token);
    assert_int_equal(answer.mic.size > 0, mic);
}

static void exchange(void)
{
    for (int i = 0; i < 3; i++) {
        kit_exchange(&nego.context, &raw.context, "from here", true);
        kit_exchange(&raw.context, &nego.context, "from there", true);
    }
}

/* ---- our acceptor ---- */

static SECURITY_STATUS accept(size_t size)
{
    return kit_step(&nego, ASC_SEALED, NULL, wire, size, NULL);
}

/* An initiator whose first choice is not here: it is asked for a MIC, and begins with Kerberos only now. */
static void asked_for_mic(ULONG flags)
{
    const struct span mechs[] = {{negoex, sizeof negoex}, negotiate_oid_kerberos};
    assert_status(nego_open(&nego, false, "", NULL), SEC_E_OK);
    assert_status(kit_open(&raw, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(accept(write_init(mechs, 2, "for NegoEx", 10, none)), SEC_I_CONTINUE_NEEDED);
    assert_answer(&nego, NEGOTIATE_REQUEST_MIC, false, false);
    assert_true(negotiate_oid_equal(answer.mech, negotiate_oid_kerberos));
    SECURITY_STATUS status = kit_step(&raw, flags, "host/server", NULL, 0, NULL);
    assert_status(status, flags & ISC_REQ_MUTUAL_AUTH ? SEC_I_CONTINUE_NEEDED : SEC_E_OK);
}

/* (b): the acceptor has the mechanism's last token and adds its MIC; then it waits for the initiator's. */
static void acceptor_sends_last(void)
{
    asked_for_mic(MUTUAL);
    assert_status(accept(write_resp(NEGOTIATE_ACCEPT_INCOMPLETE, none, raw.token, raw.token_size, none)),
                  SEC_I_CONTINUE_NEEDED);
    assert_answer(&nego, NEGOTIATE_ACCEPT_INCOMPLETE, true, true);
    assert_status(kit_step(&raw, MUTUAL, "host/server", answer.token.data, answer.token.size, NULL),
                  SEC_E_OK);
    assert_status(kit_verify(&raw.context, list, list_size, answer.mic.data, (ULONG)answer.mic.size),
                  SEC_E_OK);
}

static void test_acceptor_even(void **state)
{
    (void)state;
    acceptor_sends_last();
    nego_assert_names(&nego.context, KIT_USER "@" REALM, "");
    assert_status(accept(write_resp(NEGOTIATE_ACCEPT_COMPLETED, none, NULL, 0, own_mic())), SEC_E_OK);
    assert_int_equal(nego.token_size, 0);
    exchange();
    finish();
    acceptor_sends_last();
    assert_status(accept(write_resp(NEGOTIATE_ACCEPT_COMPLETED, none, NULL, 0, none)), SEC_E_MESSAGE_ALTERED);
    finish();
    acceptor_sends_last();
    list[4] ^= 1;
    assert_status(accept(write_resp(NEGOTIATE_ACCEPT_COMPLETED, none, NULL, 0, own_mic())),
                  SEC_E_MESSAGE_ALTERED);
    finish();
}

/* (c): the initiator has the last token; it was asked, and leaves the MIC out, or has one. */
static void test_acceptor_odd(void **state)
{
    (void)state;
    asked_for_mic(SEALED);
    assert_status(accept(write_resp(NEGOTIATE_ACCEPT_INCOMPLETE, none, raw.token, raw.token_size, none)),
                  SEC_E_MESSAGE_ALTERED);
    finish();
    asked_for_mic(SEALED);
    assert_status(accept(write_resp(NEGOTIATE_ACCEPT_INCOMPLETE, none, raw.token, raw.token_size, own_mic())),
                  SEC_E_OK);
    assert_answer(&nego, NEGOTIATE_ACCEPT_COMPLETED, false, true);
    assert_status(kit_verify(&raw.context, list, list_size, answer.mic.data, (ULONG)answer.mic.size),
                  SEC_E_OK);
    exchange();
    finish();
}

/* Both names of Kerberos are one first choice; the answer has the name that was used. */
static void test_acceptor_names(void **state)
{
    const struct span mechs[] = {negotiate_oid_kerberos_microsoft, negotiate_oid_kerberos,
                                 negotiate_oid_ntlm};
    (void)state;
    assert_status(nego_open(&nego, false, "", NULL), SEC_E_OK);
    assert_status(kit_open(&raw, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&raw, SEALED, "host/server", NULL, 0, NULL), SEC_E_OK);
    assert_status(accept(write_init(mechs, 3, raw.token, raw.token_size, none)), SEC_E_OK);
    assert_answer(&nego, NEGOTIATE_ACCEPT_COMPLETED, false, false);
    assert_true(negotiate_oid_equal(answer.mech, negotiate_oid_kerberos_microsoft));
    exchange();
    finish();
}

/* A MIC that comes with the first token is checked and answered. */
static void test_acceptor_early(void **state)
{
    const struct span mechs[] = {negotiate_oid_kerberos};
    (void)state;
    for (int good = 0; good < 2; good++) {
        assert_status(nego_open(&nego, false, "", NULL), SEC_E_OK);
        assert_status(kit_open(&raw, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
        assert_status(kit_step(&raw, SEALED, "host/server", NULL, 0, NULL), SEC_E_OK);
        write_init(mechs, 1, NULL, 0, none);
        list[5] ^= !good;
        struct span mic = own_mic();
        assert_status(accept(write_init(mechs, 1, raw.token, raw.token_size, mic)),
                      good ? SEC_E_OK : SEC_E_MESSAGE_ALTERED);
        if (good) {
            assert_answer(&nego, NEGOTIATE_ACCEPT_COMPLETED, false, true);
            assert_status(kit_verify(&raw.context, list, list_size, answer.mic.data, (ULONG)answer.mic.size),
                          SEC_E_OK);
            exchange();
        }
        finish();
    }
}

/* NTLM alone: the acceptor would rather have had Kerberos, or it has none itself. And a MIC before there are
 * keys. */
static void test_acceptor_prefers(void **state)
{
    const struct span mechs[] = {negotiate_oid_ntlm};
    (void)state;
    for (int way = 0; way < 3; way++) {
        assert_status(nego_open(&nego, false, way == 0 ? "" : "ntlm", NULL), SEC_E_OK);
        assert_status(kit_open(&raw, "NTLM", true, NULL, NULL, NULL), SEC_E_OK);
        assert_status(kit_step(&raw, SEALED, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
        struct span mic = way == 2 ? (struct span){list, 16} : none;
        assert_status(accept(write_init(mechs, 1, raw.token, raw.token_size, mic)),
                      way == 2 ? SEC_E_INVALID_TOKEN : SEC_I_CONTINUE_NEEDED);
        if (way < 2)
            assert_answer(&nego, way == 0 ? NEGOTIATE_REQUEST_MIC : NEGOTIATE_ACCEPT_INCOMPLETE, true, false);
        finish();
    }
}

/* ---- our initiator ---- */

/* Its NegTokenInit, answered by Kerberos itself. */
static void offer(ULONG flags)
{
    struct negotiate_init m;
    assert_status(nego_open(&nego, true, "", NULL), SEC_E_OK);
    assert_status(kit_open(&raw, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&nego, flags, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_true(negotiate_init_read((struct span){nego.token, nego.token_size}, &m));
    memcpy(list, m.mech_list.data, m.mech_list.size);
    list_size = m.mech_list.size;
    assert_status(kit_step(&raw, ASC_SEALED, NULL, m.token.data, m.token.size, NULL), SEC_E_OK);
}

static SECURITY_STATUS reply(ULONG flags, uint8_t state, bool with_mic)
{
    struct span mic = with_mic ? own_mic() : none;
    size_t size = write_resp(state, negotiate_oid_kerberos, raw.token, raw.token_size, mic);
    return kit_step(&nego, flags, "host/server", wire, size, NULL);
}

static void test_initiator_asked(void **state)
{
    (void)state;
    for (int mutual = 0; mutual < 2; mutual++) {
        const ULONG flags = mutual ? MUTUAL : SEALED;
        /* Asked for a MIC, and not given the acceptor's, whose turn it is. */
        offer(flags);
        assert_status(reply(flags, NEGOTIATE_REQUEST_MIC, false), SEC_E_MESSAGE_ALTERED);
        finish();
        offer(flags);
        assert_status(reply(flags, NEGOTIATE_REQUEST_MIC, true), SEC_E_OK);
        assert_answer(&nego, NEGOTIATE_ACCEPT_COMPLETED, false, true);
        assert_status(kit_verify(&raw.context, list, list_size, answer.mic.data, (ULONG)answer.mic.size),
                      SEC_E_OK);
        exchange();
        finish();
        /* Of another list. */
        offer(flags);
        list[list_size - 1] ^= 1;
        assert_status(reply(flags, NEGOTIATE_REQUEST_MIC, true), SEC_E_MESSAGE_ALTERED);
        finish();
    }
}

static void test_initiator_not_asked(void **state)
{
    (void)state;
    offer(MUTUAL);
    assert_status(reply(MUTUAL, NEGOTIATE_ACCEPT_COMPLETED, false), SEC_E_OK);
    assert_int_equal(nego.token_size, 0);
    exchange();
    finish();
    /* Unsolicited, and right: nothing has to be said. */
    offer(MUTUAL);
    assert_status(reply(MUTUAL, NEGOTIATE_ACCEPT_COMPLETED, true), SEC_E_OK);
    assert_int_equal(nego.token_size, 0);
    exchange();
    finish();
    offer(MUTUAL);
    list[0] ^= 1;
    assert_status(reply(MUTUAL, NEGOTIATE_ACCEPT_COMPLETED, true), SEC_E_MESSAGE_ALTERED);
    finish();
    /* An acceptor that is done and says that it is not. */
    offer(MUTUAL);
    assert_status(reply(MUTUAL, NEGOTIATE_ACCEPT_INCOMPLETE, false), SEC_E_INVALID_TOKEN);
    finish();
    /* Windows 2000 has the mechanism's token twice: RFC 4178 appendix C. */
    offer(MUTUAL);
    size_t size = write_resp(NEGOTIATE_ACCEPT_COMPLETED, negotiate_oid_kerberos_microsoft, raw.token,
                             raw.token_size, (struct span){raw.token, raw.token_size});
    assert_status(kit_step(&nego, MUTUAL, "host/server", wire, size, NULL), SEC_E_OK);
    exchange();
    finish();
}

/* A mechanism that was not offered; a token with a mechanism that was given none. */
static void test_initiator_choice(void **state)
{
    (void)state;
    offer(MUTUAL);
    size_t size = write_resp(NEGOTIATE_REQUEST_MIC, (struct span){negoex, sizeof negoex}, NULL, 0, none);
    assert_status(kit_step(&nego, MUTUAL, "host/server", wire, size, NULL), SEC_E_INVALID_TOKEN);
    finish();
    offer(MUTUAL);
    size = write_resp(NEGOTIATE_REQUEST_MIC, negotiate_oid_ntlm, raw.token, raw.token_size, none);
    assert_status(kit_step(&nego, MUTUAL, "host/server", wire, size, NULL), SEC_E_INVALID_TOKEN);
    finish();
    offer(MUTUAL);
    size = write_resp(NEGOTIATE_ACCEPT_COMPLETED, negotiate_oid_ntlm, NULL, 0, none);
    assert_status(kit_step(&nego, MUTUAL, "host/server", wire, size, NULL), SEC_E_INVALID_TOKEN);
    finish();
}

/* The acceptor takes Kerberos by Microsoft's name; Kerberos' own token has the other one all the same. */
static void test_inner_name(void **state)
{
    struct negotiate_resp m;
    struct span name;
    (void)state;
    reversed = true; /* the first choice is NTLM, so that Kerberos' token comes after the name */
    assert_status(nego_open(&nego, true, "", NULL), SEC_E_OK);
    reversed = false;
    assert_status(kit_step(&nego, MUTUAL, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    size_t size = write_resp(NEGOTIATE_REQUEST_MIC, negotiate_oid_kerberos_microsoft, NULL, 0, none);
    assert_status(kit_step(&nego, MUTUAL, "host/server", wire, size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_true(negotiate_resp_read((struct span){nego.token, nego.token_size}, &m));
    assert_int_equal(negotiate_classify(m.token, &name), NEGOTIATE_RAW_GSS);
    assert_true(negotiate_oid_equal(name, negotiate_oid_kerberos));
    finish();
}

/* Another mechanism than the first, and no signatures to prove that the acceptor wanted it. */
static void test_initiator_cannot_prove(void **state)
{
    struct kit_side ntlm;
    struct negotiate_resp m;
    (void)state;
    offer(ISC_REQ_NO_INTEGRITY);
    assert_status(kit_open(&ntlm, "NTLM", false, NULL, NULL, NULL), SEC_E_OK);
    size_t size = write_resp(NEGOTIATE_ACCEPT_INCOMPLETE, negotiate_oid_ntlm, NULL, 0, none);
    assert_status(kit_step(&nego, ISC_REQ_NO_INTEGRITY, "host/server", wire, size, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_true(negotiate_resp_read((struct span){nego.token, nego.token_size}, &m));
    assert_status(kit_step(&ntlm, 0, NULL, m.token.data, m.token.size, NULL), SEC_I_CONTINUE_NEEDED);
    size = write_resp(NEGOTIATE_ACCEPT_INCOMPLETE, none, ntlm.token, ntlm.token_size, none);
    assert_status(kit_step(&nego, ISC_REQ_NO_INTEGRITY, "host/server", wire, size, NULL),
                  SEC_E_DOWNGRADE_DETECTED);
    kit_close(&ntlm);
    finish();
    /* Who does not forbid it has signatures without asking for them. */
    offer(0);
    assert_true(nego.attributes & ISC_RET_INTEGRITY);
    finish();
}

/* Later answers may name the mechanism again, but no other. */
static void test_initiator_later_name(void **state)
{
    (void)state;
    for (int same = 0; same < 2; same++) {
        struct negotiate_resp m;
        assert_status(nego_open(&nego, true, "", NULL), SEC_E_OK);
        assert_status(nego_open(&raw, false, "ntlm", NULL), SEC_E_OK);
        assert_status(kit_step(&nego, SEALED, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
        assert_status(kit_step(&raw, ASC_SEALED, NULL, nego.token, nego.token_size, NULL),
                      SEC_I_CONTINUE_NEEDED);
        assert_status(kit_step(&nego, SEALED, "host/server", raw.token, raw.token_size, NULL),
                      SEC_I_CONTINUE_NEEDED);
        assert_status(kit_step(&raw, ASC_SEALED, NULL, nego.token, nego.token_size, NULL),
                      SEC_I_CONTINUE_NEEDED);
        assert_true(negotiate_resp_read((struct span){raw.token, raw.token_size}, &m));
        size_t size = write_resp(m.state, same ? negotiate_oid_ntlm : negotiate_oid_kerberos, m.token.data,
                                 m.token.size, m.mic);
        assert_status(kit_step(&nego, SEALED, "host/server", wire, size, NULL),
                      same ? SEC_I_CONTINUE_NEEDED : SEC_E_INVALID_TOKEN);
        finish();
    }
}

/* Kerberos is done with its first token where it is not mutual; Negotiate waits for what the acceptor says. A
 * mutual one is not done: it answers for itself, and knows its client's name at its end. */
static void test_initiator_names(void **state)
{
    (void)state;
    for (int mutual = 0; mutual < 2; mutual++) {
        const ULONG flags = mutual ? MUTUAL : SEALED;
        assert_status(nego_open(&nego, true, "", NULL), SEC_E_OK);
        assert_status(nego_open(&raw, false, "", NULL), SEC_E_OK);
        assert_status(kit_step(&nego, flags, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
        nego_assert_names(&nego.context, mutual ? NULL : KIT_USER "@" REALM, "host/server");
        assert_status(kit_step(&raw, ASC_SEALED, NULL, nego.token, nego.token_size, NULL), SEC_E_OK);
        assert_status(kit_step(&nego, flags, "host/server", raw.token, raw.token_size, NULL), SEC_E_OK);
        nego_assert_names(&nego.context, KIT_USER "@" REALM, "host/server");
        exchange();
        finish();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acceptor_even),
        cmocka_unit_test(test_acceptor_odd),
        cmocka_unit_test(test_acceptor_names),
        cmocka_unit_test(test_acceptor_early),
        cmocka_unit_test(test_acceptor_prefers),
        cmocka_unit_test(test_initiator_asked),
        cmocka_unit_test(test_initiator_not_asked),
        cmocka_unit_test(test_initiator_choice),
        cmocka_unit_test(test_initiator_cannot_prove),
        cmocka_unit_test(test_initiator_later_name),
        cmocka_unit_test(test_inner_name),
        cmocka_unit_test(test_initiator_names),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
