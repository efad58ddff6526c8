/* SPDX-License-Identifier: MIT */
/* Our initiator and our acceptor over NTLM: what is established, what it says of itself, what it signs. */
#include "nego_kit.h"
#include "secur32/handle.h"
#include "secur32/registry.h"

enum {
    SIGNED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT,
    SEALED = SIGNED | ISC_REQ_CONFIDENTIALITY,
    ASC_SEALED =
        ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT | ASC_REQ_CONFIDENTIALITY,
};

static struct kit_side a, b;

static void exchange(bool seal)
{
    for (int i = 0; i < 5; i++) {
        kit_exchange(&a.context, &b.context, "from a to b", seal);
        kit_exchange(&b.context, &a.context, "and back from b", seal);
    }
}

static void close_both(void)
{
    kit_close(&a);
    kit_close(&b);
}

static void test_signing(void **state)
{
    (void)state;
    kit_pair("Negotiate", SIGNED, ASC_SEALED, &a, &b);
    exchange(false);
    close_both();
}

static void test_sealing(void **state)
{
    (void)state;
    kit_pair("Negotiate", SEALED, ASC_SEALED, &a, &b);
    exchange(true);
    close_both();
}

static void test_attributes(void **state)
{
    SecPkgContext_NamesA names;
    SecPkgInfoA *info;

    (void)state;
    assert_status(QuerySecurityPackageInfoA((SEC_CHAR *)(uintptr_t) "negotiate", &info), SEC_E_OK);
    assert_int_equal(info->wRPCID, 9);
    assert_string_equal(info->Name, "Negotiate");
    FreeContextBuffer(info);
    kit_pair("Negotiate", SEALED, ASC_SEALED, &a, &b);
    nego_assert_package(&a.context, "NTLM", SECPKG_NEGOTIATION_COMPLETE);
    nego_assert_package(&b.context, "NTLM", SECPKG_NEGOTIATION_COMPLETE);
    assert_status(QueryContextAttributesA(&b.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, KIT_DOMAIN "\\" KIT_USER);
    FreeContextBuffer(names.sUserName);
    close_both();
}

/* Of an unfinished context too, once NTLM is done and Negotiate waits for the acceptor's mechListMIC. */
static void test_names_early(void **state)
{
    (void)state;
    assert_status(kit_open(&a, "Negotiate", true, KIT_DOMAIN, KIT_USER, KIT_PASSWORD), SEC_E_OK);
    assert_status(kit_open(&b, "Negotiate", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&a, SEALED, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(kit_step(&b, ASC_SEALED, NULL, a.token, a.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    nego_assert_names(&b.context, NULL, NULL);
    assert_status(kit_step(&a, SEALED, "host/server", b.token, b.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    for (int again = 0; again < 2; again++)
        nego_assert_names(&a.context, KIT_DOMAIN "\\" KIT_USER, "host/server");
    assert_status(kit_step(&b, ASC_SEALED, NULL, a.token, a.token_size, NULL), SEC_E_OK);
    assert_status(kit_step(&a, SEALED, "host/server", b.token, b.token_size, NULL), SEC_E_OK);
    nego_assert_names(&a.context, KIT_DOMAIN "\\" KIT_USER, "host/server");
    exchange(true);
    close_both();
}

/* A signature goes from the handle to NTLM's table: there is nobody in between. */
static void test_no_hop(void **state)
{
    struct package *ntlm, *negotiate;
    (void)state;
    kit_pair("Negotiate", SEALED, ASC_SEALED, &a, &b);
    struct handle *slot = handle_acquire_established(&handle_contexts, &a.context);
    assert_non_null(slot);
    assert_int_equal(registry_find(u"NTLM", &ntlm), SEC_E_OK);
    assert_int_equal(registry_find(u"Negotiate", &negotiate), SEC_E_OK);
    assert_ptr_equal(slot->user, &ntlm->user);
    assert_ptr_equal(slot->owner, ntlm);
    assert_ptr_equal(slot->package, negotiate);
    package_release(ntlm);
    package_release(negotiate);
    handle_release(&handle_contexts, slot);
    close_both();
}

static void test_wrong_password(void **state)
{
    (void)state;
    assert_status(kit_open(&a, "Negotiate", true, KIT_DOMAIN, KIT_USER, "wrong"), SEC_E_OK);
    assert_status(kit_open(&b, "Negotiate", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&a, SEALED, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    nego_assert_package(&a.context, "NTLM", SECPKG_NEGOTIATION_OPTIMISTIC);
    assert_status(kit_step(&b, ASC_SEALED, NULL, a.token, a.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(kit_step(&a, SEALED, "host/server", b.token, b.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    nego_assert_package(&a.context, "NTLM", SECPKG_NEGOTIATION_IN_PROGRESS);
    assert_status(kit_step(&b, ASC_SEALED, NULL, a.token, a.token_size, NULL), SEC_E_LOGON_DENIED);
    close_both();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signing),        cmocka_unit_test(test_sealing),
        cmocka_unit_test(test_attributes),     cmocka_unit_test(test_no_hop),
        cmocka_unit_test(test_wrong_password), cmocka_unit_test(test_names_early),
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
