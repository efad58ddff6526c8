/* SPDX-License-Identifier: MIT */
/* Handshakes of both our sides: flags, subkeys, DCE style, every encryption type, and what contexts say. */
#include "realm.h"

#include <stdlib.h>
#include <string.h>

enum {
    SIGN = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT,
    SEAL = SIGN | ISC_REQ_CONFIDENTIALITY,
};

static void converse(struct kit_side *initiator, struct kit_side *acceptor, bool seal)
{
    for (int i = 0; i < 5; i++) {
        kit_exchange(&initiator->context, &acceptor->context, "from the initiator", seal);
        kit_exchange(&acceptor->context, &initiator->context, "from the acceptor", seal);
    }
}

static unsigned etype_of(CtxtHandle *context)
{
    SecPkgContext_KeyInfoA info;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_KEY_INFO, &info), SEC_E_OK);
    FreeContextBuffer(info.sSignatureAlgorithmName);
    FreeContextBuffer(info.sEncryptAlgorithmName);
    return info.EncryptAlgorithm;
}

/* Without and with an acceptor's subkey, and DCE style. */
static const ULONG ways[] = {0, ISC_REQ_MUTUAL_AUTH, ISC_REQ_USE_DCE_STYLE | ISC_REQ_MUTUAL_AUTH};
enum { WAYS = sizeof ways / sizeof ways[0] };

static void establish(const char *target, ULONG way, unsigned etype)
{
    struct kit_side initiator, acceptor;
    print_message("# %s 0x%x\n", target, (unsigned)way);
    assert_status(realm_handshake(target, SEAL | way, 0, &initiator, &acceptor), SEC_E_OK);
    assert_int_equal(initiator.attributes & (SEAL | way), SEAL | way);
    if (etype) {
        assert_int_equal(etype_of(&initiator.context), etype);
        assert_int_equal(etype_of(&acceptor.context), etype);
    }
    converse(&initiator, &acceptor, true);
    kit_close(&initiator);
    kit_close(&acceptor);
}

static void test_encryption_types(void **state)
{
    static const unsigned etypes[] = {17, 18, 19, 20};
    char target[32];
    (void)state;
    for (size_t t = 0; t < sizeof etypes / sizeof etypes[0]; t++) {
        snprintf(target, sizeof target, "t%u/server", etypes[t]);
        realm_prefer(etypes[t]);
        for (size_t w = 0; w < WAYS; w++)
            establish(target, ways[w], etypes[t]);
    }
    realm_prefer(0);
}

static void test_targets(void **state)
{
    static const char *const targets[] = {"host/server", "host@server", "HOST/SERVER", "Host/Server",
                                          ("host/server@" REALM)};
    (void)state;
    for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++)
        establish(targets[t], ISC_REQ_MUTUAL_AUTH, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encryption_types),
        cmocka_unit_test(test_targets),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests_name("kerberos handshake", tests, NULL, NULL);
}
