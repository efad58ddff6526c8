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

static void test_establish(void **state)
{
    static const char *const targets[] = {"host/server", "t17/server",  "t18/server",  "t19/server",
                                          "t20/server",  "host@server", "HOST/SERVER", "host/server@" REALM};
    static const ULONG ways[] = {0, ISC_REQ_MUTUAL_AUTH, ISC_REQ_USE_DCE_STYLE | ISC_REQ_MUTUAL_AUTH};
    (void)state;
    for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++) {
        for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
            struct kit_side initiator, acceptor;
            print_message("# %s 0x%x\n", targets[t], (unsigned)ways[w]);
            assert_status(realm_handshake(targets[t], SEAL | ways[w], 0, &initiator, &acceptor), SEC_E_OK);
            converse(&initiator, &acceptor, true);
            kit_close(&initiator);
            kit_close(&acceptor);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_establish)};
    realm_environment(NULL);
    return cmocka_run_group_tests_name("kerberos handshake", tests, NULL, NULL);
}
