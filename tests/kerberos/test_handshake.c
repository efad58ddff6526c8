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

/* The server that both sides' NATIVE_NAMES name. */
static void assert_server(CtxtHandle *context, const char *want)
{
    SecPkgContext_NativeNamesA names;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_NATIVE_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sServerName, want);
    FreeContextBuffer(names.sServerName);
    FreeContextBuffer(names.sClientName);
}

/* Every form in which a target may be written, and whose ticket it got. */
static void test_targets(void **state)
{
    static const char *const services[] = {"HTTP/web.test.example", "host/web.test.example",
                                           "MSSQLSvc/server:1433", "ldap/dc.test.example/test.example",
                                           "worker"};
    static const struct {
        const char *target, *server;
    } cases[] = {
        {"host/server", "host/server"},
        {"host@server", "host/server"},
        {"HOST/SERVER", "host/server"},
        {"Host/Server", "host/server"},
        {"host/server@" REALM, "host/server"},
        {"HTTP/web.test.example", "HTTP/web.test.example"},
        {"HTTP/WEB.Test.Example", "HTTP/web.test.example"},
        {"HTTP@web.test.example", "HTTP/web.test.example"},
        {"HTTP/web.test.example@" REALM, "HTTP/web.test.example"},
        {"web.test.example", "host/web.test.example"},
        {"MSSQLSvc/server:1433", "MSSQLSvc/server:1433"},
        {"ldap/dc.test.example/test.example", "ldap/dc.test.example/test.example"},
        {"ldap/dc.test.example/test.example@" REALM, "ldap/dc.test.example/test.example"},
        {"worker", "worker"},
        {"worker@" REALM, "worker"},
        {REALM "\\worker", "worker"},
    };
    char text[256];
    (void)state;
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        snprintf(text, sizeof text, "addprinc -randkey -e aes256-cts-hmac-sha1-96:normal %s", services[i]);
        realm_admin(text);
        snprintf(text, sizeof text, "ktadd -k %s/keytab -norandkey %s", kit_folder(), services[i]);
        realm_admin(text);
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct kit_side initiator, acceptor;
        print_message("# %s\n", cases[i].target);
        assert_status(realm_handshake(cases[i].target, SEAL | ISC_REQ_MUTUAL_AUTH, 0, &initiator, &acceptor),
                      SEC_E_OK);
        snprintf(text, sizeof text, "%s@" REALM, cases[i].server);
        assert_server(&initiator.context, text);
        assert_server(&acceptor.context, text);
        converse(&initiator, &acceptor, true);
        kit_close(&initiator);
        kit_close(&acceptor);
    }
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
