/* SPDX-License-Identifier: MIT */
/*
 * Somebody in between who wants another mechanism, or none that is checked. Conversations over NTLM, whose
 * MIC in AUTHENTICATE makes both exchange the mechListMIC; over Kerberos as the first choice of both, where
 * none is exchanged; such in which the acceptor has to choose another than the initiator's first, NTLM
 * instead of Kerberos or (reversed.h) Kerberos instead of NTLM; one in which the acceptor asks for the MIC
 * although it takes the first choice; and each of them with an acceptor that speaks first.
 *
 * Where a mechListMIC is exchanged he is found out; where none is, the result is the initiator's first choice
 * or a failure.
 */
#include "realm.h"

#include <stdlib.h>
#include <string.h>

#include "nego_kit.h"
#include "packages/negotiate/negotiate_mechs.h"
#include "packages/negotiate/negotiate_messages.h"
#include "reversed.h"

enum {
    SEALED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY,
    ASC_SEALED =
        ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT | ASC_REQ_CONFIDENTIALITY,
    MUTUAL = SEALED | ISC_REQ_MUTUAL_AUTH,
    LEGS_MAX = 8,
    HINTS = 100, /* the leg of an acceptor that speaks first */
};

struct conversation {
    const char *name, *initiator, *acceptor; /* PackageLists */
    const char *first;                       /* what the initiator wants most */
    const char *chosen;                      /* what an undisturbed conversation ends with */
    ULONG isc;
    bool mic;         /* a mechListMIC is exchanged */
    bool reversed[2]; /* the initiator, the acceptor would rather have NTLM */
    bool hints;       /* the acceptor speaks first */
};

static const struct conversation conversations[] = {
    {"NTLM", "ntlm", "ntlm", "NTLM", "NTLM", SEALED, true, {false, false}, false},
    {"Kerberos", "", "", "Kerberos", "Kerberos", SEALED, false, {false, false}, false},
    {"Kerberos, mutual", "", "", "Kerberos", "Kerberos", MUTUAL, false, {false, false}, false},
    {"Kerberos refused", "", "ntlm", "Kerberos", "NTLM", SEALED, true, {false, false}, false},
    {"NTLM from one who has no more", "ntlm", "", "NTLM", "NTLM", SEALED, true, {false, false}, false},
    {"NTLM refused", "", "kerberos", "NTLM", "Kerberos", SEALED, true, {true, false}, false},
    {"NTLM refused, mutual", "", "kerberos", "NTLM", "Kerberos", MUTUAL, true, {true, false}, false},
    {"Kerberos, asked", "kerberos", "", "Kerberos", "Kerberos", SEALED, true, {false, true}, false},
    {"Kerberos, asked, mutual", "kerberos", "", "Kerberos", "Kerberos", MUTUAL, true, {false, true}, false},
};
enum { CONVERSATIONS = 2 * sizeof conversations / sizeof conversations[0] };

/* Each of them, and each after hints. */
static const struct conversation *conversation(size_t i)
{
    static struct conversation c;
    c = conversations[i / 2];
    c.hints = i % 2;
    return &c;
}

/* Changes the token of a leg (the initiator's first is leg 0). False: this leg was left as it was. */
typedef bool (*attack_fn)(unsigned leg, unsigned variant, uint8_t *token, size_t *size);

struct outcome {
    SECURITY_STATUS status; /* of the step that failed, or SEC_E_OK */
    bool touched;           /* something was changed */
    bool initiator_done, acceptor_done;
};

static struct kit_side a, b;

static struct outcome converse(const struct conversation *c, attack_fn attack, unsigned variant)
{
    static uint8_t token[KIT_TOKEN_MAX];
    struct outcome out = {.status = SEC_E_OK};
    size_t size = 0;
    reversed = c->reversed[0];
    assert_status(nego_open(&a, true, c->initiator, NULL), SEC_E_OK);
    reversed = c->reversed[1];
    assert_status(nego_open(&b, false, c->acceptor, NULL), SEC_E_OK);
    reversed = false;
    if (c->hints) {
        assert_status(kit_step(&b, ASC_SEALED, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
        size = b.token_size;
        memcpy(token, b.token, size);
        if (attack)
            out.touched |= attack(HINTS, variant, token, &size);
    }
    for (unsigned leg = 0; leg < LEGS_MAX; leg++) {
        struct kit_side *side = leg % 2 ? &b : &a;
        bool *done = leg % 2 ? &out.acceptor_done : &out.initiator_done;
        if (*done)
            break;
        out.status =
            kit_step(side, leg % 2 ? ASC_SEALED : c->isc, "host/server", size ? token : NULL, size, NULL);
        *done = out.status == SEC_E_OK;
        if (!SEC_SUCCESS(out.status) || (*done && side->token_size == 0))
            break;
        memcpy(token, side->token, side->token_size);
        size = side->token_size;
        if (attack)
            out.touched |= attack(leg, variant, token, &size);
    }
    return out;
}

static void hang_up(void)
{
    kit_close(&a);
    kit_close(&b);
}

static const char *package_of(CtxtHandle *context)
{
    static char name[64];
    SecPkgContext_PackageInfoA info;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_PACKAGE_INFO, &info), SEC_E_OK);
    snprintf(name, sizeof name, "%s", info.PackageInfo->Name);
    FreeContextBuffer(info.PackageInfo);
    return name;
}

/* What an attack changes: the initiator's list or the mechListMIC, which is found out wherever there is one;
 * the acceptor's choice; its hints. */
enum target { LIST, MIC, CHOICE, HINT };

/* What must hold after any attack that changed something. */
static void judge(const struct conversation *c, const struct outcome *out, enum target target,
                  const char *what, unsigned variant)
{
    bool both = out->initiator_done && out->acceptor_done;
    if (both && c->mic && (target == LIST || target == MIC))
        fail_msg("%s, %s %u: nobody noticed", c->name, what, variant);
    if (out->initiator_done && strcmp(package_of(&a.context), c->mic ? c->chosen : c->first) != 0)
        fail_msg("%s, %s %u: ended with %s", c->name, what, variant, package_of(&a.context));
    if (both) {
        kit_exchange(&a.context, &b.context, "all the same", true);
        kit_exchange(&b.context, &a.context, "and back", true);
    }
    /* A list of which nothing is left that the acceptor has. */
    bool nothing_left = target == LIST && out->status == SEC_E_SECPKG_NOT_FOUND;
    if (!both && out->status != SEC_E_MESSAGE_ALTERED && out->status != SEC_E_INVALID_TOKEN && !nothing_left)
        fail_msg("%s, %s %u: status 0x%08x", c->name, what, variant, (unsigned)out->status);
}

/* How many variants of the attack there must be at least; where none can be, none must be. */
static void assert_floor(const struct conversation *c, enum target target, unsigned least, unsigned variants)
{
    if ((target == MIC && !c->mic) || (target == HINT && !c->hints))
        assert_int_equal(variants, 0);
    else
        assert_true(variants > 0 && variants >= least);
}

/* least: variants in every conversation that has such a target; of which only those that offer two mechanisms
 * count where it is 0. */
static void attack_all(attack_fn attack, enum target target, unsigned least, const char *what)
{
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = conversation(i);
        unsigned variant = 0;
        for (;; variant++) {
            struct outcome out = converse(c, attack, variant);
            if (out.touched)
                judge(c, &out, target, what, variant);
            hang_up();
            if (!out.touched)
                break;
        }
        print_message("# %s%s, %s: %u variants\n", c->name, c->hints ? ", hints" : "", what, variant);
        if (least > 0 || strcmp(c->initiator, "ntlm") != 0) /* whose list has one name */
            assert_floor(c, target, least, variant);
    }
}

/* ---- the attacks ---- */

/* NegTokenInit with other mechanisms. */
static void rewrite(uint8_t *token, size_t *size, const struct negotiate_init *m, const struct span *mechs,
                    size_t count)
{
    static uint8_t list[1024], made[KIT_TOKEN_MAX];
    struct negotiate_init changed = *m;
    struct wire_writer w;
    wire_write_init(&w, list, sizeof list);
    negotiate_list_write(&w, mechs, count);
    changed.mech_list = (struct span){list, w.at};
    wire_write_init(&w, made, sizeof made);
    negotiate_init_write(&w, &changed);
    assert_false(w.failed);
    memcpy(token, made, w.at);
    *size = w.at;
}

static bool remove_one(unsigned leg, unsigned variant, uint8_t *token, size_t *size)
{
    struct negotiate_init m;
    struct span mechs[NEGOTIATE_MECHS_MAX];
    size_t count = 0;
    if (leg != 0 || !negotiate_init_read((struct span){token, *size}, &m) || variant >= m.mech_count)
        return false;
    for (size_t i = 0; i < m.mech_count; i++)
        if (i != variant)
            mechs[count++] = m.mechs[i];
    rewrite(token, size, &m, mechs, count);
    return true;
}

/* Everything but one; and then both names of Kerberos. */
static bool remove_others(unsigned leg, unsigned variant, uint8_t *token, size_t *size)
{
    struct negotiate_init m;
    if (leg != 0 || !negotiate_init_read((struct span){token, *size}, &m) || m.mech_count < 2 ||
        variant >= m.mech_count)
        return false;
    rewrite(token, size, &m, &m.mechs[variant], 1);
    return true;
}

static bool reorder(unsigned leg, unsigned variant, uint8_t *token, size_t *size)
{
    struct negotiate_init m;
    struct span mechs[NEGOTIATE_MECHS_MAX];
    if (leg != 0 || !negotiate_init_read((struct span){token, *size}, &m) || variant + 1 >= 2 * m.mech_count)
        return false;
    if (m.mech_count < 2)
        return false;
    for (size_t i = 0; i < m.mech_count; i++)
        mechs[i] = m.mechs[(i + variant / 2 + 1) % m.mech_count];
    if (variant % 2) {
        struct span swap = mechs[0];
        mechs[0] = mechs[1];
        mechs[1] = swap;
    }
    if (negotiate_oid_equal(mechs[0], m.mechs[0]) && negotiate_oid_equal(mechs[1], m.mechs[1])) {
        mechs[0] = m.mechs[1];
        mechs[1] = m.mechs[0];
    }
    rewrite(token, size, &m, mechs, m.mech_count);
    return true;
}

static bool change_list(unsigned leg, unsigned variant, uint8_t *token, size_t *size)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    struct negotiate_init m;
    if (leg != 0 || !negotiate_init_read((struct span){token, *size}, &m) || variant / 3 >= m.mech_list.size)
        return false;
    token[m.mech_list.data - token + variant / 3] ^= masks[variant % 3];
    return true;
}

/* Another NegTokenResp in a token's place. */
static void put_resp(uint8_t *token, size_t *size, const struct negotiate_resp *m)
{
    static uint8_t made[KIT_TOKEN_MAX];
    struct wire_writer w;
    wire_write_init(&w, made, sizeof made);
    negotiate_resp_write(&w, m);
    assert_false(w.failed);
    memcpy(token, made, w.at);
    *size = w.at;
}

/* Variant n: of message n + 1. */
static bool drop_mic(unsigned leg, unsigned variant, uint8_t *token, size_t *size)
{
    struct negotiate_resp m;
    static unsigned met;
    if (leg == 0)
        met = 0;
    if (!negotiate_resp_read((struct span){token, *size}, &m) || m.mic.size == 0 || met++ != variant)
        return false;
    m.mic = (struct span){NULL, 0};
    put_resp(token, size, &m);
    return true;
}

static bool change_mic(unsigned leg, unsigned variant, uint8_t *token, size_t *size)
{
    struct negotiate_resp m;
    static unsigned met;
    if (leg == 0)
        met = 0;
    if (!negotiate_resp_read((struct span){token, *size}, &m) || m.mic.size == 0 ||
        met++ != variant / m.mic.size)
        return false;
    token[m.mic.data - token + variant % m.mic.size] ^= 0x10;
    return true;
}

/* Every state of every answer of the acceptor becomes every other one; state_was says which it was. */
static uint8_t state_was;
static bool change_state(unsigned leg, unsigned variant, uint8_t *token, size_t *size)
{
    struct negotiate_resp m;
    unsigned which = variant / 4, state = variant % 4;
    static unsigned met;
    if (leg == 0)
        met = 0;
    if (leg % 2 == 0 || !negotiate_resp_read((struct span){token, *size}, &m) || met++ != which)
        return false;
    state_was = m.state;
    m.state = (uint8_t)state;
    put_resp(token, size, &m);
    return true;
}

/* The same of the initiator's answers, and without one. */
static bool change_initiators_state(unsigned leg, unsigned variant, uint8_t *token, size_t *size)
{
    static const uint8_t states[] = {NEGOTIATE_ACCEPT_COMPLETED, NEGOTIATE_ACCEPT_INCOMPLETE,
                                     NEGOTIATE_REJECT, NEGOTIATE_REQUEST_MIC, NEGOTIATE_NO_STATE};
    struct negotiate_resp m;
    static unsigned met;
    if (leg == 0)
        met = 0;
    if (leg % 2 == 1 || !negotiate_resp_read((struct span){token, *size}, &m) || met++ != variant / 5)
        return false;
    m.state = states[variant % 5];
    put_resp(token, size, &m);
    return true;
}

/* The acceptor's choice: each mechanism that we know. */
static bool change_choice(unsigned leg, unsigned variant, uint8_t *token, size_t *size)
{
    const struct span mechs[] = {negotiate_oid_kerberos,
                                 negotiate_oid_kerberos_microsoft,
                                 negotiate_oid_ntlm,
                                 negotiate_oid_spnego,
                                 {NULL, 0}};
    struct negotiate_resp m;
    if (leg != 1 || variant >= 5 || !negotiate_resp_read((struct span){token, *size}, &m))
        return false;
    m.mech = mechs[variant];
    put_resp(token, size, &m);
    return true;
}

/* What an acceptor says first: each byte; then without each mechanism; then in another order. */
static bool change_hints(unsigned leg, unsigned variant, uint8_t *token, size_t *size)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    struct negotiate_init m;
    struct span mechs[NEGOTIATE_MECHS_MAX];
    size_t count = 0;
    if (leg != HINTS)
        return false;
    if (variant / 3 < *size) {
        token[variant / 3] ^= masks[variant % 3];
        return true;
    }
    assert_true(negotiate_init_read((struct span){token, *size}, &m));
    variant -= (unsigned)(3 * *size);
    if (variant > m.mech_count)
        return false;
    for (size_t i = m.mech_count; i-- > 0;)
        if (i != variant)
            mechs[count++] = m.mechs[i];
    rewrite(token, size, &m, mechs, count);
    return true;
}

/* In every message at once: a mechanism taken away, or all but one, in hints too; its token; every
 * mechListMIC; and all states forced. */
static bool change_everything(unsigned leg, unsigned variant, uint8_t *token, size_t *size)
{
    static const uint8_t states[] = {NEGOTIATE_NO_STATE, NEGOTIATE_ACCEPT_COMPLETED,
                                     NEGOTIATE_ACCEPT_INCOMPLETE};
    const unsigned force = variant % 3, strip = variant / 3 % 2, which = variant / 6;
    struct negotiate_init m;
    struct negotiate_resp r;
    struct span mechs[NEGOTIATE_MECHS_MAX];
    size_t count = 0;
    static bool applies;
    if (negotiate_init_read((struct span){token, *size}, &m)) {
        for (size_t i = 0; i < m.mech_count; i++)
            if (which == 0 || (which <= m.mech_count ? i != which - 1 : i == which - 1 - m.mech_count))
                mechs[count++] = m.mechs[i];
        applies = leg == HINTS || (which <= 2 * m.mech_count);
        if (count == 0 || which > 2 * m.mech_count)
            return leg != HINTS && applies;
        if (strip)
            m.token = (struct span){NULL, 0};
        rewrite(token, size, &m, mechs, count);
        return leg != HINTS;
    }
    if (!applies || !negotiate_resp_read((struct span){token, *size}, &r))
        return false;
    r.mic = (struct span){NULL, 0};
    if (force)
        r.state = states[force];
    put_resp(token, size, &r);
    return true;
}

/* ---- the tests ---- */

static void test_undisturbed(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = conversation(i);
        struct outcome out = converse(c, NULL, 0);
        assert_status(out.status, SEC_E_OK);
        assert_true(out.initiator_done && out.acceptor_done);
        assert_string_equal(package_of(&a.context), c->chosen);
        assert_string_equal(package_of(&b.context), c->chosen);
        hang_up();
        /* What the table says of the MIC is so. */
        out = converse(c, drop_mic, 0);
        assert_int_equal(out.touched, c->mic);
        hang_up();
    }
}

static void test_list(void **state)
{
    (void)state;
    attack_all(remove_one, LIST, 1, "a mechanism removed");
    attack_all(remove_others, LIST, 0, "all but one removed");
    attack_all(reorder, LIST, 0, "reordered");
    attack_all(change_list, LIST, 3 * 14, "a byte of the list"); /* NTLM's name alone has 14 with the head */
}

static void test_mic(void **state)
{
    (void)state;
    attack_all(drop_mic, MIC, 2, "the MIC dropped"); /* each side's */
    attack_all(change_mic, MIC, 2 * 16, "a byte of the MIC");
}

/* States that say what was true anyway change nothing, and rejections are believed. */
static void judge_state(const struct conversation *c, const struct outcome *out, uint8_t state)
{
    bool both = out->initiator_done && out->acceptor_done;
    if (out->initiator_done && strcmp(package_of(&a.context), c->chosen) != 0)
        fail_msg("%s, state %u for %u: ended with %s", c->name, state, state_was, package_of(&a.context));
    if (state == state_was) {
        assert_true(both);
    } else if (state == NEGOTIATE_REJECT) {
        assert_status(out->status, SEC_E_LOGON_DENIED);
    } else if (state == NEGOTIATE_ACCEPT_COMPLETED) {
        /* A handshake that has not ended is not called complete. Who was asked for the MIC and does not hear
         * of it has the acceptor's, verified, and his first choice; the acceptor goes on waiting. */
        if (c->mic && (both || (out->initiator_done && !c->reversed[1])))
            fail_msg("%s, state %u for %u: nobody noticed", c->name, state, state_was);
        if (c->mic && !c->reversed[1])
            assert_true(out->status == SEC_E_INVALID_TOKEN || out->status == SEC_E_MESSAGE_ALTERED);
    } else if (!both) {
        assert_true(out->status == SEC_E_INVALID_TOKEN || out->status == SEC_E_MESSAGE_ALTERED);
    }
    if (both)
        kit_exchange(&a.context, &b.context, "all the same", true);
}

static void test_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = conversation(i);
        unsigned variant = 0;
        for (bool more = true; more; variant++) {
            struct outcome out = converse(c, change_state, variant);
            more = out.touched;
            if (more)
                judge_state(c, &out, variant % 4);
            hang_up();
        }
        print_message("# %s%s, a state: %u variants\n", c->name, c->hints ? ", hints" : "", variant - 1);
        assert_true(variant > 4);
    }
}

/* They say nothing (RFC 4178 leaves them out), except that a rejection is believed: the MICs decide. */
static void test_initiators_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = conversation(i);
        unsigned variant = 0;
        for (bool more = true; more; variant++) {
            struct outcome out = converse(c, change_initiators_state, variant);
            bool both = out.initiator_done && out.acceptor_done;
            more = out.touched;
            if (more && variant % 5 == 2) {
                assert_false(out.acceptor_done);
                assert_status(out.status, SEC_E_LOGON_DENIED);
            } else {
                assert_true(both);
                assert_string_equal(package_of(&a.context), c->chosen);
                assert_string_equal(package_of(&b.context), c->chosen);
                kit_exchange(&a.context, &b.context, "all the same", true);
            }
            hang_up();
        }
        print_message("# %s%s, the initiator's state: %u variants\n", c->name, c->hints ? ", hints" : "",
                      variant - 1);
        /* Who has a MIC to send sends it in an answer. */
        assert_int_equal(variant > 1, c->mic);
    }
}

static void test_hints(void **state)
{
    (void)state;
    attack_all(change_hints, HINT, 3 * 20, "the hints");
}

/* Whatever else is changed along with it: both are content only where no MIC would have been exchanged, and
 * with the initiator's first choice. */
static void test_everything(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVERSATIONS; i++) {
        const struct conversation *c = conversation(i);
        unsigned variant = 0, contents = 0;
        for (bool more = true; more; variant++) {
            struct outcome out = converse(c, change_everything, variant);
            more = out.touched;
            if (out.touched && out.initiator_done) {
                contents++;
                if (strcmp(package_of(&a.context), c->first) != 0)
                    fail_msg("%s, everything %u: ended with %s", c->name, variant, package_of(&a.context));
                if (c->mic && (out.acceptor_done || strcmp(c->first, "Kerberos") != 0))
                    fail_msg("%s, everything %u: nobody noticed", c->name, variant);
            }
            hang_up();
        }
        print_message("# %s%s, everything: %u variants, %u content initiators\n", c->name,
                      c->hints ? ", hints" : "", variant - 1, contents);
        assert_true(variant > 10);
    }
}

static void test_choice(void **state)
{
    (void)state;
    attack_all(change_choice, CHOICE, 5, "another choice");
}

static void put_choice(struct span oid, struct span inner, uint8_t *token, size_t *size)
{
    struct negotiate_resp m = {.state = NEGOTIATE_ACCEPT_INCOMPLETE, .mech = oid, .token = inner};
    put_resp(token, size, &m);
}

/*
 * He takes SPNEGO away: the initiator hears that the acceptor wants NTLM, the acceptor gets its NTLM tokens
 * raw. Where raw tokens are taken only the initiator can notice, and does; the acceptor can see what came.
 */
static SECURITY_STATUS strip(const char *acceptor_list)
{
    static uint8_t token[KIT_TOKEN_MAX];
    struct negotiate_resp m;
    size_t size;
    assert_status(nego_open(&a, true, "", NULL), SEC_E_OK);
    assert_status(nego_open(&b, false, acceptor_list, NULL), SEC_E_OK);
    assert_status(kit_step(&a, SEALED, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    put_choice(negotiate_oid_ntlm, (struct span){NULL, 0}, token, &size);
    assert_status(kit_step(&a, SEALED, "host/server", token, size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_true(negotiate_resp_read((struct span){a.token, a.token_size}, &m));
    SECURITY_STATUS status = kit_step(&b, ASC_SEALED, NULL, m.token.data, m.token.size, NULL);
    if (status != SEC_I_CONTINUE_NEEDED)
        return status;
    put_choice((struct span){NULL, 0}, (struct span){b.token, b.token_size}, token, &size);
    assert_status(kit_step(&a, SEALED, "host/server", token, size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_true(negotiate_resp_read((struct span){a.token, a.token_size}, &m));
    status = kit_step(&b, ASC_SEALED, NULL, m.token.data, m.token.size, NULL);
    /* He cannot sign the list in the acceptor's name. */
    struct negotiate_resp done = {.state = NEGOTIATE_ACCEPT_COMPLETED};
    put_resp(token, &size, &done);
    assert_status(kit_step(&a, SEALED, "host/server", token, size, NULL), SEC_E_MESSAGE_ALTERED);
    return status;
}

static void test_stripped(void **state)
{
    (void)state;
    assert_status(strip(""), SEC_E_OK);
    nego_assert_package(&b.context, "NTLM", SECPKG_NEGOTIATION_DIRECT);
    hang_up();
    /* Who does not want that leaves NTLM out. */
    assert_status(strip("!ntlm"), SEC_E_SECPKG_NOT_FOUND);
    hang_up();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_undisturbed),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_mic),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_stripped),
        cmocka_unit_test(test_hints),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_initiators_state),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
