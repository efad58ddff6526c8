/* SPDX-License-Identifier: MIT */
/* Which tickets and keys a credential has: the client's that is impersonated, by password, of a named
 * principal, from a client keytab. */
#include "pair.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sources.h"

/* ---- being the client ---- */

static SECURITY_STATUS open_client(struct kit_side *side)
{
    return kit_open(side, "Kerberos", true, NULL, NULL, NULL);
}

static void test_delegation(void **state)
{
    struct kit_side second, third;
    SecPkgContext_NamesA names;
    char *cache = strdup(getenv("KRB5CCNAME"));
    (void)state;
    pair_open("trusted/server", PAIR_SIGN | ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE, 0);
    assert_true(initiator.attributes & ISC_RET_DELEGATE);
    assert_true(acceptor.attributes & ASC_RET_DELEGATE);

    /* The server has no tickets of its own. */
    setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1);
    assert_status(open_client(&second), SEC_E_NO_CREDENTIALS);
    kit_close(&second);
    assert_status(ImpersonateSecurityContext(&initiator.context), SEC_E_NO_IMPERSONATION);
    assert_status(ImpersonateSecurityContext(&acceptor.context), SEC_E_OK);
    assert_status(open_client(&second), SEC_E_OK);
    assert_status(RevertSecurityContext(&acceptor.context), SEC_E_OK);
    assert_status(open_client(&third), SEC_E_NO_CREDENTIALS);
    kit_close(&third);

    /* What it got outlives the context that it came from, and is alice's. */
    pair_close();
    assert_status(kit_step(&second, PAIR_SIGN, "host/server", NULL, 0, NULL), SEC_E_OK);
    assert_int_equal(second.attributes, PAIR_SIGN);
    assert_status(kit_open(&third, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&third, 0, NULL, second.token, second.token_size, NULL), SEC_E_OK);
    assert_status(QueryContextAttributesA(&third.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    pair_assert_text(names.sUserName, KIT_USER "@" REALM);
    kit_exchange(&second.context, &third.context, "on behalf of alice", false);
    kit_close(&second);
    kit_close(&third);
    setenv("KRB5CCNAME", cache, 1);
    free(cache);
}

/* Services that the KDC does not trust with it get nothing, and whoever acts for a client that delegated
 * nothing has no credentials: not the process's own either. */
static void test_no_delegation(void **state)
{
    struct kit_side second;
    (void)state;
    pair_open("host/server", PAIR_SIGN | ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE, 0);
    assert_false(initiator.attributes & ISC_RET_DELEGATE);
    assert_false(acceptor.attributes & ASC_RET_DELEGATE);
    assert_status(ImpersonateSecurityContext(&acceptor.context), SEC_E_OK);
    assert_status(open_client(&second), SEC_E_NO_CREDENTIALS);
    kit_close(&second);
    assert_status(kit_open(&second, "NTLM", true, NULL, NULL, NULL), SEC_E_NO_CREDENTIALS);
    kit_close(&second);
    /* An identity of its own it may use. */
    assert_status(kit_open(&second, "Kerberos", true, REALM, KIT_USER, KIT_PASSWORD), SEC_E_OK);
    kit_close(&second);
    assert_status(RevertSecurityContext(&acceptor.context), SEC_E_OK);
    assert_status(open_client(&second), SEC_E_OK);
    kit_close(&second);
    pair_close();
}

/* Minutes from now; near the end of the realm's ten hours. */
static unsigned minutes;

static uint64_t much_later(void *arg)
{
    (void)arg;
    return ((uint64_t)time(NULL) + UINT64_C(11644473600) + minutes * 60) * 10000000;
}

static void test_passwords(void **state)
{
    static const struct sources later = {.now = much_later};
    char *cache = strdup(getenv("KRB5CCNAME"));
    (void)state;
    setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1);
    struct kit_side user, server;
    assert_status(kit_open(&user, "Kerberos", true, REALM, KIT_USER, KIT_PASSWORD), SEC_E_OK);
    assert_status(kit_open(&server, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    /* Twice with one credential: the second time with the tickets that are there, without the KDC. */
    for (int i = 0; i < 2; i++) {
        if (i == 1)
            realm_stop_kdc();
        assert_status(kit_step(&user, PAIR_SIGN, "host/server", NULL, 0, NULL), SEC_E_OK);
        assert_true(user.attributes & ISC_RET_USED_SUPPLIED_CREDS);
        assert_status(kit_step(&server, 0, NULL, user.token, user.token_size, NULL), SEC_E_OK);
        kit_exchange(&user.context, &server.context, "by password", false);
        DeleteSecurityContext(&user.context);
        DeleteSecurityContext(&server.context);
        user.has_context = server.has_context = false;
    }
    /* And anew when the ticket comes to its end; where no KDC answers, with the old one to its very end. */
    sources_replace(&later);
    minutes = 598;
    assert_status(kit_step(&user, PAIR_SIGN, "host/server", NULL, 0, NULL), SEC_E_OK);
    DeleteSecurityContext(&user.context);
    user.has_context = false;
    minutes = 601;
    assert_status(kit_step(&user, PAIR_SIGN, "host/server", NULL, 0, NULL),
                  SEC_E_NO_AUTHENTICATING_AUTHORITY);
    realm_start_kdc();
    assert_status(kit_step(&user, PAIR_SIGN, "host/server", NULL, 0, NULL), SEC_E_OK);
    sources_replace(NULL);

    SecPkgCredentials_NamesA names;
    assert_status(QueryCredentialsAttributesA(&user.credential, SECPKG_CRED_ATTR_NAMES, &names), SEC_E_OK);
    pair_assert_text(names.sUserName, KIT_USER "@" REALM);
    kit_close(&user);
    kit_close(&server);
    setenv("KRB5CCNAME", cache, 1);
    free(cache);
}

/* A context outlives its ticket: LIFESPAN says when it was to end, for whom it matters. */
static void test_past_its_life(void **state)
{
    static const struct sources later = {.now = much_later};
    SecPkgContext_Lifespan span;
    (void)state;
    pair_open("host/server", PAIR_SEAL, 0);
    sources_replace(&later);
    minutes = 601;
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_LIFESPAN, &span), SEC_E_OK);
    assert_true((uint64_t)span.tsExpiry.QuadPart < much_later(NULL));
    kit_exchange(&initiator.context, &acceptor.context, "after its end", true);
    kit_exchange(&acceptor.context, &initiator.context, "and back", true);
    sources_replace(NULL);
    pair_close();
}

/* ---- which credentials ---- */

static SECURITY_STATUS acquire(const char *principal, ULONG use, CredHandle *credential)
{
    SEC_CHAR package[] = "Kerberos";
    return AcquireCredentialsHandleA((SEC_CHAR *)(uintptr_t)principal, package, use, NULL, NULL, NULL, NULL,
                                     credential, NULL);
}

/* A side with that credential. */
static void open_side(struct kit_side *side, bool initiates, const char *principal, ULONG use)
{
    memset(side, 0, sizeof *side);
    side->initiator = initiates;
    side->token = malloc(KIT_TOKEN_MAX);
    assert_non_null(side->token);
    assert_status(acquire(principal, use, &side->credential), SEC_E_OK);
    side->has_credential = true;
}

/* A named service takes tickets for itself only; a named user has to be whose tickets there are. */
static void test_principals(void **state)
{
    static const struct {
        const char *principal;
        SECURITY_STATUS status;
    } cases[] = {
        {NULL, SEC_E_OK},
        {"", SEC_E_OK},
        {"host/server", SEC_E_OK},
        {"HOST/Server@" REALM, SEC_E_OK},
        {"t18/server", SEC_E_WRONG_PRINCIPAL},
    };
    CredHandle credential;
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, PAIR_SIGN, "host/server", NULL, 0, NULL), SEC_E_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("# %s\n", cases[i].principal ? cases[i].principal : "(none)");
        open_side(&acceptor, false, cases[i].principal, SECPKG_CRED_INBOUND);
        assert_status(kit_step(&acceptor, 0, NULL, initiator.token, initiator.token_size, NULL),
                      cases[i].status);
        kit_close(&acceptor);
    }
    kit_close(&initiator);
#ifndef LEAKS_COUNT /* the library loses a name when the keytab lacks it */
    assert_status(acquire("nobody/server", SECPKG_CRED_INBOUND, &credential), SEC_E_NO_CREDENTIALS);
#endif
    assert_status(acquire("a//b", SECPKG_CRED_INBOUND, &credential), SEC_E_UNKNOWN_CREDENTIALS);
    assert_status(acquire(KIT_USER, SECPKG_CRED_OUTBOUND, &credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_status(acquire(KIT_USER "@" REALM, SECPKG_CRED_OUTBOUND, &credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_status(acquire("bob", SECPKG_CRED_OUTBOUND, &credential), SEC_E_NO_CREDENTIALS);
}

/* Both uses: what one of them lacks is missed when it is needed, and only then. */
static void test_both_uses(void **state)
{
    char *cache = strdup(getenv("KRB5CCNAME")), *keytab = strdup(getenv("KRB5_KTNAME"));
    CredHandle credential;
    (void)state;
    assert_status(acquire(NULL, 0, &credential), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(acquire(NULL, 8, &credential), SEC_E_UNSUPPORTED_FUNCTION);
    setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1);
    open_side(&initiator, true, NULL, SECPKG_CRED_BOTH);
    assert_status(kit_step(&initiator, PAIR_SIGN, "host/server", NULL, 0, NULL), SEC_E_NO_CREDENTIALS);
    kit_close(&initiator);
    setenv("KRB5_KTNAME", "FILE:/nonexistent/keytab", 1);
    assert_status(acquire(NULL, SECPKG_CRED_BOTH, &credential), SEC_E_NO_CREDENTIALS);
    setenv("KRB5CCNAME", cache, 1);
    setenv("KRB5_KTNAME", keytab, 1);
    /* A credential for one use is none for the other. */
    open_side(&initiator, true, NULL, SECPKG_CRED_INBOUND);
    assert_status(kit_step(&initiator, PAIR_SIGN, "host/server", NULL, 0, NULL), SEC_E_NO_CREDENTIALS);
    kit_close(&initiator);
    free(cache);
    free(keytab);
}

/* The client keytab, where there is one and no ticket. */
static void test_client_keytab(void **state)
{
    char query[256];
    char *cache = strdup(getenv("KRB5CCNAME"));
    (void)state;
    realm_admin("addprinc -randkey robot");
    snprintf(query, sizeof query, "ktadd -k %s -norandkey robot", kit_path("client-keytab"));
    realm_admin(query);
    snprintf(query, sizeof query, "FILE:%s", kit_path("robots-cache"));
    setenv("KRB5CCNAME", query, 1);
    SecPkgContext_NamesA names;
    pair_open("host/server", PAIR_SIGN, 0);
    assert_status(QueryContextAttributesA(&acceptor.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    pair_assert_text(names.sUserName, "robot@" REALM);
    pair_close();
    remove(kit_path("client-keytab"));
    setenv("KRB5CCNAME", cache, 1);
    free(cache);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delegation),    cmocka_unit_test(test_no_delegation),
        cmocka_unit_test(test_passwords),     cmocka_unit_test(test_past_its_life),
        cmocka_unit_test(test_principals),    cmocka_unit_test(test_both_uses),
        cmocka_unit_test(test_client_keytab),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests_name("kerberos credentials", tests, NULL, NULL);
}
