/* SPDX-License-Identifier: MIT */
/* Targets as Windows' callers write them, identities of every form, and the packed context; without a realm.
 */
#include <string.h>

#include "testkit.h"

#include "base/mem.h"
#include "packages/identity.h"
#include "packages/kerberos/kerberos_names.h"
#include "packages/kerberos/kerberos_packed.h"

/* ---- targets ---- */

/* A domain_realm of one line. */
static char *one_realm(const char *host)
{
    size_t size = strlen(host), suffix = strlen(".example.com");
    bool known = size > suffix && strcmp(host + size - suffix, ".example.com") == 0;
    const char *realm = known ? "EXAMPLE.COM" : "";
    return mem_copy(realm, strlen(realm) + 1);
}

static void test_targets(void **state)
{
    static const struct {
        const char *target, *principal; /* NULL: refused */
    } cases[] = {
        {"HTTP/www.example.com", "HTTP/www.example.com@EXAMPLE.COM"},
        {"HTTP/WWW.Example.Com", "HTTP/www.example.com@EXAMPLE.COM"},
        {"HOST/www.example.com", "host/www.example.com@EXAMPLE.COM"},
        {"Host/server", "host/server@"},
        {"MSSQLSvc/db.example.com:1433", "MSSQLSvc/db.example.com:1433@EXAMPLE.COM"},
        {"ldap/dc1.example.com/EXAMPLE.COM", "ldap/dc1.example.com/EXAMPLE.COM@EXAMPLE.COM"},
        {"ldap/dc1.example.com:389/EXAMPLE.COM@OTHER.REALM",
         "ldap/dc1.example.com:389/EXAMPLE.COM@OTHER.REALM"},
        {"cifs/server@EXAMPLE.COM", "cifs/server@EXAMPLE.COM"},
        {"krbtgt/EXAMPLE.COM", "krbtgt/EXAMPLE.COM@"},
        {"krbtgt/EXAMPLE.COM@EXAMPLE.COM", "krbtgt/EXAMPLE.COM@EXAMPLE.COM"},
        {"http@www.example.com", "http/www.example.com@EXAMPLE.COM"},
        {"host@server", "host/server@"},
        {"alice@EXAMPLE.COM", "alice@EXAMPLE.COM"},
        {"EXAMPLE\\alice", "alice@EXAMPLE"},
        {"www.example.com", "host/www.example.com@EXAMPLE.COM"},
        {"WWW.example.com", "host/www.example.com@EXAMPLE.COM"},
        {"SERVER$", "SERVER$"},
        {"", NULL},
        {"/", NULL},
        {"a/", NULL},
        {"/b", NULL},
        {"a//b", NULL},
        {"a/b/", NULL},
        {"a/b/c/d", NULL},
        {"a/@R", NULL},
        {"a/:80", NULL},
        {"@", NULL},
        {"a@", NULL},
        {"@b", NULL},
        {"a@b@c", NULL},
        {"a@b/c", NULL},
        {"a b/c", NULL},
        {"a/b\n", NULL},
        {"\\a", NULL},
        {"A\\", NULL},
        {"A\\b\\c", NULL},
        {"A\\b/c", NULL},
        {"A\\b@c", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *principal = NULL;
        SECURITY_STATUS status = kerberos_name_target(cases[i].target, one_realm, &principal);
        print_message("# '%s' -> '%s'\n", cases[i].target, principal ? principal : "");
        assert_status(status, cases[i].principal ? SEC_E_OK : SEC_E_TARGET_UNKNOWN);
        if (cases[i].principal)
            assert_string_equal(principal, cases[i].principal);
        else
            assert_null(principal);
        mem_free(principal);
    }
    char longest[1026];
    char *principal = NULL;
    memset(longest, 'a', sizeof longest);
    longest[1025] = 0;
    assert_status(kerberos_name_target(longest, one_realm, &principal), SEC_E_TARGET_UNKNOWN);
    longest[1024] = 0;
    assert_status(kerberos_name_target(longest, one_realm, &principal), SEC_E_OK);
    mem_free(principal);
    longest[1] = '/';
    assert_status(kerberos_name_target(longest, one_realm, &principal), SEC_E_OK);
    mem_free(principal);
    longest[1] = '@';
    assert_status(kerberos_name_target(longest, one_realm, &principal), SEC_E_OK);
    mem_free(principal);
}

/* Out of memory at each place: said so, nothing kept. */
static unsigned left;

static bool gate(void *arg, size_t size)
{
    (void)arg, (void)size;
    return left-- > 0;
}

static void test_out_of_memory(void **state)
{
    static const char *const targets[] = {"HTTP/www.example.com", "http@www.example.com", "www.example.com",
                                          "alice@EXAMPLE.COM", "EXAMPLE\\alice"};
    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        size_t live = mem_live();
        SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
        for (unsigned allowed = 0; status != SEC_E_OK; allowed++) {
            char *principal = NULL;
            assert_true(allowed < 20);
            left = allowed;
            mem_test_gate = gate;
            status = kerberos_name_target(targets[i], one_realm, &principal);
            mem_test_gate = NULL;
            if (status != SEC_E_OK)
                assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
            mem_free(principal);
            assert_int_equal(mem_live(), live);
        }
    }
}

/* ---- identities ---- */

static NTSTATUS NTAPI fetch(PLSA_CLIENT_REQUEST request, ULONG size, PVOID to, PVOID from)
{
    (void)request;
    if (from == NULL)
        return (NTSTATUS)0xc0000005;
    memcpy(to, from, size);
    return 0;
}

static void assert_text(const struct packages_text *text, const char *want)
{
    bool invalid;
    char *utf8 = packages_text_utf8(text, &invalid);
    assert_non_null(utf8);
    assert_string_equal(utf8, want);
    mem_free(utf8);
}

static void assert_identity(const void *data, bool ansi, const char *user, const char *domain,
                            const char *password)
{
    struct packages_identity id;
    bool given = false;
    size_t live = mem_live();
    assert_status(packages_identity_read(fetch, data, ansi, &id, &given), SEC_E_OK);
    assert_true(given);
    assert_true(packages_identity_split(&id));
    assert_text(&id.user, user);
    assert_text(&id.domain, domain);
    if (password)
        assert_text(&id.password, password);
    else
        assert_null(id.password.text);
    packages_identity_free(&id);
    assert_int_equal(mem_live(), live);
}

static void test_identities(void **state)
{
    SEC_WCHAR wide_user[] = u"alïce", wide_domain[] = u"DOMAIN", wide_password[] = u"pass";
    unsigned char user[] = "bob", domain[] = "dom", both[] = "REALM\\carol", password[] = "secret";
    (void)state;
    SEC_WINNT_AUTH_IDENTITY_W w = {.User = (void *)wide_user,
                                   .UserLength = 5,
                                   .Domain = (void *)wide_domain,
                                   .DomainLength = 6,
                                   .Password = (void *)wide_password,
                                   .PasswordLength = 4,
                                   .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};
    assert_identity(&w, true,
                    "al\xc3\xaf"
                    "ce",
                    "DOMAIN", "pass");
    w.Password = NULL;
    w.PasswordLength = 0;
    assert_identity(&w, false,
                    "al\xc3\xaf"
                    "ce",
                    "DOMAIN", NULL);

    SEC_WINNT_AUTH_IDENTITY_A a = {.User = user,
                                   .UserLength = 3,
                                   .Domain = domain,
                                   .DomainLength = 3,
                                   .Password = password,
                                   .PasswordLength = 6};
    assert_identity(&a, true, "bob", "dom", "secret");
    a.User = both;
    a.UserLength = sizeof both - 1;
    a.Domain = NULL;
    a.DomainLength = 0;
    assert_identity(&a, true, "carol", "REALM", "secret");

    SEC_WINNT_AUTH_IDENTITY_EXA ex = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
                                      .Length = sizeof ex,
                                      .User = user,
                                      .UserLength = 3,
                                      .Password = password,
                                      .PasswordLength = 6,
                                      .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    assert_identity(&ex, false, "bob", "", "secret");

    /* Refused, and what names nobody. */
    struct packages_identity id;
    bool given = true;
    SEC_WINNT_AUTH_IDENTITY_A nobody = {0};
    assert_status(packages_identity_read(fetch, &nobody, true, &id, &given), SEC_E_OK);
    assert_false(given);
    a.UserLength = 1025;
    assert_status(packages_identity_read(fetch, &a, true, &id, &given), SEC_E_UNKNOWN_CREDENTIALS);
    a.UserLength = sizeof both; /* with its NUL */
    assert_status(packages_identity_read(fetch, &a, true, &id, &given), SEC_E_UNKNOWN_CREDENTIALS);
    a.UserLength = 3;
    a.Flags = SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED;
    assert_status(packages_identity_read(fetch, &a, true, &id, &given), SEC_E_UNKNOWN_CREDENTIALS);
    a.Flags = 0;
    a.User = NULL;
    assert_status(packages_identity_read(fetch, &a, true, &id, &given), SEC_E_UNKNOWN_CREDENTIALS);
    assert_status(packages_identity_read(fetch, NULL, true, &id, &given), SEC_E_UNKNOWN_CREDENTIALS);
    ex.Length = 8;
    assert_status(packages_identity_read(fetch, &ex, true, &id, &given), SEC_E_UNKNOWN_CREDENTIALS);
}

/* ---- packed contexts ---- */

static void make_packed(struct kerberos_packed *p)
{
    static const char16_t client[] = u"alice@R", server[] = u"host/s@R", target[] = u"", realm[] = u"R";
    struct krb5_start start = {.flags = KRB5_F_INITIATOR | KRB5_F_INTEG | KRB5_F_SEQUENCE,
                               .key = {.etype = KRB5_ETYPE_AES128_SHA1, .bytes = {1, 2, 3}},
                               .send_first = 77};
    memset(p, 0, sizeof *p);
    assert_true(krb5_protect_init(&p->protect, &start));
    p->attributes = ISC_RET_INTEGRITY | ISC_RET_SEQUENCE_DETECT;
    p->start = 5;
    p->expiry = 6;
    p->text[KERBEROS_TEXT_CLIENT].text = client;
    p->text[KERBEROS_TEXT_CLIENT].units = 7;
    p->text[KERBEROS_TEXT_SERVER].text = server;
    p->text[KERBEROS_TEXT_SERVER].units = 8;
    p->text[KERBEROS_TEXT_TARGET].text = target;
    p->text[KERBEROS_TEXT_REALM].text = realm;
    p->text[KERBEROS_TEXT_REALM].units = 1;
}

static void test_packed(void **state)
{
    struct kerberos_packed p, back;
    uint8_t bytes[512], copy[520];
    char16_t *names = NULL;
    (void)state;
    make_packed(&p);
    size_t size = kerberos_packed_size(&p);
    assert_true(size < sizeof bytes);
    assert_true(kerberos_packed_write(&p, bytes, size));
    assert_false(kerberos_packed_write(&p, copy, size + 1));
    assert_status(kerberos_packed_read(&back, &names, bytes, size), SEC_E_OK);
    assert_int_equal(back.text[KERBEROS_TEXT_SERVER].units, 8);
    assert_memory_equal(back.text[KERBEROS_TEXT_SERVER].text, u"host/s@R", 18);
    assert_memory_equal(&back.protect, &p.protect, sizeof p.protect);
    mem_free(names);

    /* Every other length, and every byte changed: refused, or what it says is what would be written. */
    size_t live = mem_live();
    for (size_t n = 0; n < size; n++)
        assert_status(kerberos_packed_read(&back, &names, bytes, n), SEC_E_INVALID_TOKEN);
    memcpy(copy, bytes, size);
    copy[size] = 0;
    assert_status(kerberos_packed_read(&back, &names, copy, size + 1), SEC_E_INVALID_TOKEN);
    for (size_t i = 0; i < 8 * size; i++) {
        memcpy(copy, bytes, size);
        copy[i / 8] ^= (uint8_t)(1u << i % 8);
        if (kerberos_packed_read(&back, &names, copy, size) == SEC_E_OK) {
            uint8_t again[512];
            assert_int_equal(kerberos_packed_size(&back), size);
            assert_true(kerberos_packed_write(&back, again, size));
            assert_memory_equal(again, copy, size);
            mem_free(names);
        }
    }
    assert_int_equal(mem_live(), live);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_packed),
    };
    return cmocka_run_group_tests_name("kerberos names", tests, NULL, NULL);
}
