/* SPDX-License-Identifier: MIT */
/* Every bit of every token of whole conversations, changed on its way; with EVERY_BIT also over Kerberos. */
#include "realm.h"

#include <string.h>

#include "nego_kit.h"
#include "packages/negotiate/negotiate_messages.h"
#include "reversed.h"

enum {
    SEALED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY,
    ASC_SEALED =
        ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT | ASC_REQ_CONFIDENTIALITY,
};

static struct kit_side a, b;

static void close_both(void)
{
    kit_close(&a);
    kit_close(&b);
}

/* The credentials stay. */
static void hang_up(struct kit_side *side)
{
    if (side->has_context)
        assert_status(DeleteSecurityContext(&side->context), SEC_E_OK);
    side->has_context = false;
    side->token_size = 0;
}

static void open_both(const char *ours, const char *theirs)
{
    assert_status(nego_open(&a, true, ours, NULL), SEC_E_OK);
    assert_status(nego_open(&b, false, theirs, NULL), SEC_E_OK);
}

/* Where NegTokenResp's state is: behind [0] and the head of the ENUMERATED. 0: there is none. */
static size_t find_state(const uint8_t *token, size_t size)
{
    static const uint8_t head[] = {0xa0, 0x03, 0x0a, 0x01};
    for (size_t at = 0; at + sizeof head < size && at < 16; at++)
        if (memcmp(token + at, head, sizeof head) == 0)
            return at + sizeof head;
    return 0;
}

/* Every bit of every token of a conversation over NTLM. Where both are content all the same it was a state:
 * what an initiator writes there says nothing, and a mechListMIC may be asked for that comes anyway. */
static void test_bits(void **state)
{
    static uint8_t token[KIT_TOKEN_MAX];
    size_t state_at = 0;
    unsigned contents = 0;
    (void)state;
    open_both("ntlm", "ntlm");
    for (unsigned changed_leg = 0; changed_leg < 4; changed_leg++) {
        for (size_t bit = 0, bits = 1; bit < bits; bit++) {
            SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
            bool done[2] = {false, false};
            size_t size = 0;
            for (unsigned leg = 0; leg < 6 && SEC_SUCCESS(status) && !(done[0] && done[1]); leg++) {
                struct kit_side *side = leg % 2 ? &b : &a;
                status = kit_step(side, leg % 2 ? ASC_SEALED : SEALED, "host/server", leg ? token : NULL,
                                  size, NULL);
                done[leg % 2] |= status == SEC_E_OK;
                size = side->token_size;
                memcpy(token, side->token, size);
                if (leg == changed_leg) {
                    bits = 8 * size;
                    state_at = find_state(token, size);
                    token[bit / 8] ^= (uint8_t)(1u << bit % 8);
                }
            }
            if (done[0] && done[1]) {
                contents++;
                if (bit / 8 != state_at)
                    fail_msg("leg %u bit %zu changes nothing", changed_leg, bit);
                kit_exchange(&a.context, &b.context, "as if nothing had been", true);
            }
            hang_up(&a);
            hang_up(&b);
        }
    }
    close_both();
    print_message("# %u bits say nothing\n", contents);
    assert_true(contents > 0 && contents < 8);
}

/*
 * The same over Kerberos, whose first choice no mechListMIC protects, and over the default list: a bit that
 * changes nothing leaves the session that was meant, Kerberos with the same keys. (A ticket has parts in
 * clear that nobody protects: docs/decisions.) So no bit makes it NTLM, or a context that signs for nobody.
 */
/* The slow form takes every bit, the quick one some of each byte's. */
#ifdef EVERY_BIT
enum { STRIDE = 1 };
#else
enum { STRIDE = 5 };
#endif

struct talk {
    const char *name, *ours, *theirs; /* PackageLists */
    ULONG isc;
    unsigned legs;
    bool mic, reversed; /* the list is signed: the initiator's first choice is NTLM */
};

/* Is this byte of the list, or of its signature? */
static bool signed_list(const uint8_t *token, size_t size, size_t at)
{
    struct negotiate_init init;
    struct negotiate_resp resp;
    struct span part = {NULL, 0};
    if (negotiate_init_read((struct span){token, size}, &init))
        part = init.mech_list;
    else if (negotiate_resp_read((struct span){token, size}, &resp))
        part = resp.mic;
    return part.size > 0 && token + at >= part.data && token + at < part.data + part.size;
}

struct tally {
    unsigned contents, flips, guarded;
};

/* One conversation with that bit of that leg changed; how many bits the leg has. */
static size_t one_kerberos_bit(const struct talk *t, unsigned changed_leg, size_t bit, struct tally *tally)
{
    static uint8_t token[KIT_TOKEN_MAX];
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    bool done[2] = {false, false}, guarded = false;
    size_t size = 0, bits = 0;
    for (unsigned leg = 0; leg < 6 && SEC_SUCCESS(status) && !done[leg % 2]; leg++) {
        struct kit_side *side = leg % 2 ? &b : &a;
        status = kit_step(side, leg % 2 ? ASC_SEALED : t->isc, "host/server", leg ? token : NULL, size, NULL);
        done[leg % 2] |= status == SEC_E_OK;
        size = side->token_size;
        memcpy(token, side->token, size);
        if (leg == changed_leg) {
            bits = 8 * size;
            guarded = t->mic && signed_list(token, size, bit / 8);
            token[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        if (size == 0)
            break;
    }
    assert_true(bits > 0); /* there is such a leg */
    if (!SEC_SUCCESS(status))
        assert_true(status != SEC_E_INTERNAL_ERROR && status != SEC_E_INSUFFICIENT_MEMORY);
    if (done[0])
        nego_assert_package(&a.context, "Kerberos", SECPKG_NEGOTIATION_COMPLETE);
    if (done[0] && done[1]) {
        if (guarded)
            fail_msg("%s, leg %u bit %zu: nobody noticed", t->name, changed_leg, bit);
        tally->contents++;
        kit_exchange(&a.context, &b.context, "as if nothing had been", true);
        kit_exchange(&b.context, &a.context, "nor here", true);
    }
    tally->flips++;
    tally->guarded += guarded;
    hang_up(&a);
    hang_up(&b);
    return bits;
}

static void each_kerberos_bit(const struct talk *t)
{
    struct tally tally = {0};
    reversed = t->reversed;
    assert_status(nego_open(&a, true, t->ours, NULL), SEC_E_OK);
    reversed = false;
    assert_status(nego_open(&b, false, t->theirs, NULL), SEC_E_OK);
    for (unsigned leg = 0; leg < t->legs; leg++)
        for (size_t bit = 0, bits = 1; bit < bits; bit += STRIDE)
            bits = one_kerberos_bit(t, leg, bit, &tally);
    close_both();
    print_message("# %s: %u of %u bits say nothing, %u are of the list or its signature\n", t->name,
                  tally.contents, tally.flips, tally.guarded);
    assert_true(tally.contents > 0 && tally.contents < tally.flips / 4);
    assert_int_equal(tally.guarded > 0, t->mic);
}

static void test_kerberos_bits(void **state)
{
    static const struct talk talks[] = {
        {"Kerberos", "kerberos", "kerberos", SEALED, 2, false, false},
        {"default list, mutual", "", "", SEALED | ISC_REQ_MUTUAL_AUTH, 2, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++)
        each_kerberos_bit(&talks[i]);
}

/* Kerberos chosen instead of NTLM: its keys sign the list, both ways. What is left out of that and of
 * Kerberos' own protection is the token for NTLM, which nobody reads, and states. */
static void test_reselected_bits(void **state)
{
    static const struct talk talks[] = {
        {"reselected", "", "kerberos", SEALED, 4, true, true},
        {"reselected, mutual", "", "kerberos", SEALED | ISC_REQ_MUTUAL_AUTH, 5, true, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++)
        each_kerberos_bit(&talks[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_kerberos_bits),
        cmocka_unit_test(test_reselected_bits),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
