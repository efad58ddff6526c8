/* SPDX-License-Identifier: MIT */
/* QueryContextAttributes of established contexts. */
#include "pair.h"

#include <string.h>

/* ---- attributes ---- */

static void package_of(CtxtHandle *context)
{
    SecPkgContext_PackageInfoA package;
    SecPkgContext_NegotiationInfoA negotiation;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_PACKAGE_INFO, &package), SEC_E_OK);
    assert_string_equal(package.PackageInfo->Name, "Kerberos");
    assert_int_equal(package.PackageInfo->wRPCID, 16);
    FreeContextBuffer(package.PackageInfo);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation), SEC_E_OK);
    assert_string_equal(negotiation.PackageInfo->Name, "Kerberos");
    assert_int_equal(negotiation.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
    FreeContextBuffer(negotiation.PackageInfo);
}

static void test_attributes(void **state)
{
    SecPkgContext_SessionKey one, two;
    SecPkgContext_LastClientTokenStatus last;
    (void)state;
    pair_open("host/server", PAIR_SEAL | ISC_REQ_MUTUAL_AUTH, 0);
    pair_assert_names(&initiator.context, "host/server");
    pair_assert_names(&acceptor.context, "");
    package_of(&initiator.context);
    package_of(&acceptor.context);
    pair_assert_lifespan(&initiator.context);
    pair_assert_lifespan(&acceptor.context);
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_SESSION_KEY, &one), SEC_E_OK);
    assert_status(QueryContextAttributesA(&acceptor.context, SECPKG_ATTR_SESSION_KEY, &two), SEC_E_OK);
    assert_int_equal(one.SessionKeyLength, 32);
    assert_int_equal(two.SessionKeyLength, 32);
    assert_memory_equal(one.SessionKey, two.SessionKey, 32);
    FreeContextBuffer(one.SessionKey);
    FreeContextBuffer(two.SessionKey);
    assert_status(QueryContextAttributesA(&acceptor.context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &last),
                  SEC_E_OK);
    assert_int_equal(last.LastClientTokenStatus, SecPkgAttrLastClientTokenYes);
    SecPkgContext_StreamSizes none;
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_STREAM_SIZES, &none),
                  SEC_E_UNSUPPORTED_FUNCTION);
    pair_close();
}

static void test_key_info(void **state)
{
    static const struct {
        unsigned etype, signature, bits, trailer, dce;
        const char *signature_name, *name;
    } cases[] = {
        {17, 15, 128, 60, 76, "HMAC-SHA1-96", "Kerberos AES128-CTS-HMAC-SHA1-96"},
        {18, 16, 256, 60, 76, "HMAC-SHA1-96", "Kerberos AES256-CTS-HMAC-SHA1-96"},
        {19, 19, 128, 64, 80, "HMAC-SHA256-128", "Kerberos AES128-CTS-HMAC-SHA256-128"},
        {20, 20, 256, 72, 88, "HMAC-SHA384-192", "Kerberos AES256-CTS-HMAC-SHA384-192"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SecPkgContext_KeyInfoA info;
        SecPkgContext_Sizes sizes;
        char target[32];
        realm_prefer(cases[i].etype);
        snprintf(target, sizeof target, "t%u/server", cases[i].etype);
        pair_open(target, PAIR_SEAL, 0);
        assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_KEY_INFO, &info), SEC_E_OK);
        assert_int_equal(info.EncryptAlgorithm, cases[i].etype);
        assert_int_equal(info.SignatureAlgorithm, cases[i].signature);
        assert_int_equal(info.KeySize, cases[i].bits);
        pair_assert_text(info.sSignatureAlgorithmName, cases[i].signature_name);
        pair_assert_text(info.sEncryptAlgorithmName, cases[i].name);
        assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
        assert_int_equal(sizes.cbSecurityTrailer, cases[i].trailer);
        pair_close();
        pair_open(target, PAIR_SEAL | ISC_REQ_USE_DCE_STYLE, 0);
        assert_status(QueryContextAttributesA(&acceptor.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
        assert_int_equal(sizes.cbSecurityTrailer, cases[i].dce);
        pair_close();
    }
    realm_prefer(0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_key_info),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests_name("kerberos attributes", tests, NULL, NULL);
}
