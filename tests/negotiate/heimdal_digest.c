/* SPDX-License-Identifier: MIT */
/*
 * Heimdal's NTLM acceptor, which asks the digest service of a Heimdal KDC: heimdal-digest starts one and then
 * this program. KRB5_CONFIG and NTLM_ACCEPTOR_CCACHE are the script's; the realm is TEST.EXAMPLE, for which
 * the KDC takes the domain TEST, whatever domain the user says (docs/decisions).
 */
#include <stdlib.h>
#include <string.h>

#include "nego_kit.h"
#include "peer.h"

enum {
    SEALED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY,
};

static struct peer peer;
static struct peer_reply reply;
static struct kit_side ours;
static char config[512], cache[512];

static uint32_t ask(char operation, const void *data, size_t size)
{
    peer_ask(&peer, operation, data, size, &reply);
    print_message("# Heimdal: '%c', %zu bytes: major 0x%08x, %u bytes\n", operation, size,
                  (unsigned)reply.major, (unsigned)reply.size);
    return reply.major;
}

static SECURITY_STATUS step(ULONG isc, bool first)
{
    SECURITY_STATUS status =
        kit_step(&ours, isc, "host/server", first ? NULL : reply.data, first ? 0 : reply.size, NULL);
    print_message("# ours: 0x%08x, %u bytes\n", (unsigned)status, (unsigned)ours.token_size);
    return status;
}

/* Our initiator as far as Heimdal's CHALLENGE. Letters as in spnego_peer.c: N is NTLM, n is NTLM in SPNEGO.
 */
static SECURITY_STATUS challenged(const char *letters, ULONG isc, const char *domain)
{
    peer_start(&peer, (const char *const[]){HEIMDAL_PEER, NULL}, (const char *const[]){config, cache, NULL});
    assert_int_equal(ask('a', letters, strlen(letters)), 0);
    assert_status(
        kit_open(&ours, letters[0] == 'N' ? "NTLM" : "Negotiate", true, domain, KIT_USER, KIT_PASSWORD),
        SEC_E_OK);
    assert_status(step(isc, true), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(ask('t', ours.token, ours.token_size), 1);
    return step(isc, false);
}

static void stop(void)
{
    kit_close(&ours);
    peer_stop(&peer, false);
}

/* Its CHALLENGE names neither computer nor domain: with signatures that is refused, [MS-NLMP] 3.1.5.1.2. */
static void test_signed(void **state)
{
    (void)state;
    assert_status(challenged("N", SEALED, "TEST"), SEC_E_LOGON_DENIED);
    stop();
    assert_status(challenged("n", SEALED, "TEST"), SEC_E_LOGON_DENIED);
    stop();
}

/* Without signatures its KDC verifies our NTLMv2 response, and refuses that of another domain. */
static void test_unsigned(void **state)
{
    (void)state;
    assert_status(challenged("N", ISC_REQ_NO_INTEGRITY, "TEST"), SEC_E_OK);
    assert_int_equal(ask('t', ours.token, ours.token_size), 0);
    stop();
    assert_status(challenged("N", ISC_REQ_NO_INTEGRITY, KIT_DOMAIN), SEC_E_OK);
    assert_int_not_equal(ask('t', ours.token, ours.token_size), 0);
    stop();
}

static void test_unsigned_spnego(void **state)
{
    (void)state;
    assert_status(challenged("n", ISC_REQ_NO_INTEGRITY, "TEST"), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(ask('t', ours.token, ours.token_size), 0);
    assert_status(step(ISC_REQ_NO_INTEGRITY, false), SEC_E_OK);
    nego_assert_package(&ours.context, "NTLM", SECPKG_NEGOTIATION_COMPLETE);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_unsigned_spnego),
    };
    snprintf(config, sizeof config, "KRB5_CONFIG=%s", getenv("KRB5_CONFIG"));
    snprintf(cache, sizeof cache, "NTLM_ACCEPTOR_CCACHE=%s", getenv("NTLM_ACCEPTOR_CCACHE"));
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
