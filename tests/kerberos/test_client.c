/* SPDX-License-Identifier: MIT */
/*
 * Between ImpersonateSecurityContext and RevertSecurityContext: what the client delegated, by whatever name
 * it is asked for, and nothing of the process's own.
 */
#include "realm.h"

#include <stdlib.h>
#include <string.h>

enum { SIGN = ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE };

static struct kit_side initiator, acceptor;

static unsigned char *bytes(const char *text)
{
    return (unsigned char *)(uintptr_t)text;
}

/* What AcquireCredentialsHandle is asked with; NULL: not given. */
struct wish {
    const char *package, *principal, *list, *user, *password;
};

static SECURITY_STATUS open_wish(const struct wish *w, struct kit_side *side)
{
    SEC_WINNT_AUTH_IDENTITY_EXA id;
    memset(&id, 0, sizeof id);
    memset(side, 0, sizeof *side);
    side->initiator = true;
    side->token = malloc(KIT_TOKEN_MAX);
    assert_non_null(side->token);
    id.Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    id.Length = sizeof id;
    id.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    if (w->list) {
        id.PackageList = bytes(w->list);
        id.PackageListLength = (ULONG)strlen(w->list);
    }
    if (w->user) {
        id.User = bytes(w->user);
        id.UserLength = (ULONG)strlen(w->user);
        id.Domain = bytes(REALM);
        id.DomainLength = sizeof REALM - 1;
    }
    if (w->password) {
        id.Password = bytes(w->password);
        id.PasswordLength = (ULONG)strlen(w->password);
    }
    SECURITY_STATUS status = AcquireCredentialsHandleA(
        (SEC_CHAR *)(uintptr_t)w->principal, (SEC_CHAR *)(uintptr_t)w->package, SECPKG_CRED_OUTBOUND, NULL,
        w->list || w->user ? &id : NULL, NULL, NULL, &side->credential, NULL);
    side->has_credential = status == SEC_E_OK;
    return status;
}

static void open_pair(const char *target, const char *package)
{
    ULONG asc = ASC_REQ_INTEGRITY;
    assert_status(kit_open(&initiator, package, true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_open(&acceptor, package, false, NULL, NULL, NULL), SEC_E_OK);
    SECURITY_STATUS a = kit_step(&initiator, SIGN, target, NULL, 0, NULL), b = SEC_I_CONTINUE_NEEDED;
    for (int leg = 0; leg < 4 && (a != SEC_E_OK || b != SEC_E_OK); leg++) {
        if (b != SEC_E_OK)
            b = kit_step(&acceptor, asc, NULL, initiator.token, initiator.token_size, NULL);
        assert_true(SEC_SUCCESS(b));
        if (a != SEC_E_OK)
            a = kit_step(&initiator, SIGN, target, acceptor.token, acceptor.token_size, NULL);
        assert_true(SEC_SUCCESS(a));
    }
    assert_status(a, SEC_E_OK);
    assert_status(b, SEC_E_OK);
}

static void close_pair(void)
{
    kit_close(&initiator);
    kit_close(&acceptor);
}

static void each(const struct wish *wishes, size_t count, SECURITY_STATUS expected)
{
    struct kit_side side;
    for (size_t i = 0; i < count; i++) {
        const struct wish *w = &wishes[i];
        SECURITY_STATUS status = open_wish(w, &side);
        print_message("# %s principal=%s list=%s user=%s: 0x%08x\n", w->package,
                      w->principal ? w->principal : "-", w->list ? w->list : "-", w->user ? w->user : "-",
                      (unsigned)status);
        assert_status(status, expected);
        kit_close(&side);
    }
}

/* The process has alice's tickets and NTLM accounts; its client gave it nothing. */
static void test_nothing_delegated(void **state)
{
    static const struct wish refused[] = {
        {"Kerberos", NULL, NULL, NULL, NULL},
        {"Kerberos", KIT_USER, NULL, NULL, NULL},
        {"Kerberos", KIT_USER "@" REALM, NULL, NULL, NULL},
        {"Kerberos", NULL, "kerberos", NULL, NULL},
        {"Kerberos", KIT_USER, "kerberos", NULL, NULL},
        {"Kerberos", NULL, NULL, KIT_USER, NULL},
        {"NTLM", NULL, NULL, NULL, NULL},
        {"NTLM", NULL, "ntlm", NULL, NULL},
        {"NTLM", KIT_USER, "ntlm", NULL, NULL},
        {"Negotiate", NULL, NULL, NULL, NULL},
        {"Negotiate", KIT_USER, NULL, NULL, NULL},
        {"Negotiate", NULL, "kerberos", NULL, NULL},
        {"Negotiate", NULL, "ntlm", NULL, NULL},
        {"Negotiate", NULL, NULL, KIT_USER, NULL},
    };
    static const struct wish own[] = {
        {"Kerberos", NULL, NULL, KIT_USER, KIT_PASSWORD},
        {"NTLM", NULL, NULL, KIT_USER, KIT_PASSWORD},
        {"Negotiate", NULL, NULL, KIT_USER, KIT_PASSWORD},
    };
    static const char *const packages[] = {"Kerberos", "Negotiate"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_pair("host/server", packages[i]);
        assert_status(ImpersonateSecurityContext(&acceptor.context), SEC_E_OK);
        each(refused, sizeof refused / sizeof refused[0], SEC_E_NO_CREDENTIALS);
        each(own, sizeof own / sizeof own[0], SEC_E_OK);
        assert_status(RevertSecurityContext(&acceptor.context), SEC_E_OK);
        each(refused, 5, SEC_E_OK);
        close_pair();
    }
}

/* Of a context that is gone nothing is left to be used, and the thread is not itself before it says so. */
static void test_context_gone(void **state)
{
    static const struct wish list[] = {
        {"Kerberos", NULL, "kerberos", NULL, NULL},
        {"NTLM", NULL, "ntlm", NULL, NULL},
        {"Negotiate", NULL, "kerberos", NULL, NULL},
    };
    static const struct wish none[] = {{"Kerberos", NULL, NULL, NULL, NULL}};
    (void)state;
    open_pair("trusted/server", "Kerberos");
    CtxtHandle gone = acceptor.context;
    assert_status(ImpersonateSecurityContext(&acceptor.context), SEC_E_OK);
    close_pair();
    each(list, 3, SEC_E_NO_CREDENTIALS);
    each(none, 1, SEC_E_INVALID_HANDLE);
    assert_status(RevertSecurityContext(&gone), SEC_E_INVALID_HANDLE);
    each(none, 1, SEC_E_OK);
}

/* By its own name or none, directly and through Negotiate, whichever of both the context was made with. */
static void test_delegated(void **state)
{
    static const struct wish granted[] = {
        {"Kerberos", NULL, NULL, NULL, NULL},
        {"Kerberos", KIT_USER, NULL, NULL, NULL},
        {"Kerberos", KIT_USER "@" REALM, NULL, NULL, NULL},
        {"Kerberos", NULL, "kerberos", NULL, NULL},
        {"Kerberos", NULL, NULL, KIT_USER, NULL},
        {"Negotiate", NULL, NULL, NULL, NULL},
        {"Negotiate", KIT_USER, NULL, NULL, NULL},
        {"Negotiate", NULL, "kerberos", NULL, NULL},
    };
    static const struct wish refused[] = {
        {"Kerberos", "bob", NULL, NULL, NULL},   {"Kerberos", "host/server", NULL, NULL, NULL},
        {"Kerberos", NULL, NULL, "bob", NULL},   {"Negotiate", "bob", NULL, NULL, NULL},
        {"Negotiate", NULL, "ntlm", NULL, NULL}, {"NTLM", NULL, "ntlm", NULL, NULL},
    };
    static const char *const packages[] = {"Kerberos", "Negotiate"};
    struct kit_side second, third;
    SecPkgContext_NamesA names;
    char *cache = strdup(getenv("KRB5CCNAME"));
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_pair("trusted/server", packages[i]);
        setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1);
        assert_status(ImpersonateSecurityContext(&acceptor.context), SEC_E_OK);
        each(granted, sizeof granted / sizeof granted[0], SEC_E_OK);
        each(refused, sizeof refused / sizeof refused[0], SEC_E_NO_CREDENTIALS);

        /* What Negotiate got is alice's, and stays hers when the thread is itself again. */
        assert_status(open_wish(&granted[5], &second), SEC_E_OK);
        assert_status(RevertSecurityContext(&acceptor.context), SEC_E_OK);
        assert_status(kit_open(&third, "Negotiate", false, NULL, NULL, NULL), SEC_E_OK);
        close_pair();
        assert_status(kit_step(&second, ISC_REQ_INTEGRITY, "host/server", NULL, 0, NULL),
                      SEC_I_CONTINUE_NEEDED);
        assert_status(kit_step(&third, 0, NULL, second.token, second.token_size, NULL), SEC_E_OK);
        assert_status(QueryContextAttributesA(&third.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        assert_string_equal(names.sUserName, KIT_USER "@" REALM);
        FreeContextBuffer(names.sUserName);
        kit_close(&second);
        kit_close(&third);
        setenv("KRB5CCNAME", cache, 1);
    }
    free(cache);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_delegated),
        cmocka_unit_test(test_context_gone),
        cmocka_unit_test(test_delegated),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests_name("kerberos client", tests, NULL, NULL);
}
