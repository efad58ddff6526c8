/* SPDX-License-Identifier: MIT */
/*
 * KRB5_CONFIG, KRB5CCNAME, KRB5_KTNAME, KRB5_CLIENT_KTNAME and KRB5_TRACE are listened to, each by itself,
 * and by a setuid program none of them. The program asks itself: as it is, and as a copy that belongs to
 * another user and is setuid. Only root can make such a copy.
 */
#include "realm.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "packages/kerberos/kerberos_mit.h"
#include "packages/kerberos/kerberos_names.h"

static const char *self;

/* ---- the program that asks ---- */

static bool initiates(void)
{
    struct kit_side side;
    SECURITY_STATUS status = kit_open(&side, "Kerberos", true, NULL, NULL, NULL);
    if (status == SEC_E_OK)
        status = kit_step(&side, ISC_REQ_INTEGRITY, "host/server@" REALM, NULL, 0, NULL);
    kit_close(&side);
    return status == SEC_E_OK;
}

static bool accepts(void)
{
    struct kit_side side;
    SECURITY_STATUS status = kit_open(&side, "Kerberos", false, NULL, NULL, NULL);
    kit_close(&side);
    return status == SEC_E_OK;
}

/* What krb5.conf says of a host; nobody else is asked. */
static bool configured(void)
{
    char *realm = kerberos_mit_load() ? kerberos_name_realm_of("server") : NULL;
    bool ours = realm != NULL && strcmp(realm, REALM) == 0;
    mem_free(realm);
    return ours;
}

/* What the environment reaches, said on standard output. */
static void report(void)
{
    printf("secure=%d config=%d tickets=%d keys=%d\n", getauxval(AT_SECURE) != 0, configured(), initiates(),
           accepts());
    (void)fflush(NULL);
    _exit(0); /* leak checkers cannot look into a setuid process */
}

/* ---- the tests ---- */

static void says(const char *program, const char *want)
{
    char command[4096], line[256] = "";
    (void)snprintf(command, sizeof command, "'%s' report", program);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_int_equal(pclose(f), 0);
    assert_string_equal(line, want);
}

/* The same with one variable that leads nowhere. */
static void says_without(const char *variable, const char *value, const char *want)
{
    char *old = strdup(getenv(variable));
    print_message("# %s=%s\n", variable, value);
    setenv(variable, value, 1);
    says(self, want);
    setenv(variable, old, 1);
    free(old);
}

static void test_listened_to(void **state)
{
    (void)state;
    says(self, "secure=0 config=1 tickets=1 keys=1\n");
    says_without("KRB5_CONFIG", kit_path("elsewhere"), "secure=0 config=0 tickets=1 keys=1\n");
    says_without("KRB5CCNAME", "FILE:/nonexistent/cache", "secure=0 config=1 tickets=0 keys=1\n");
    says_without("KRB5_KTNAME", "FILE:/nonexistent/keytab", "secure=0 config=1 tickets=1 keys=0\n");
}

/* No ticket, but a key of the client's own. */
static void test_client_keytab(void **state)
{
    char query[256];
    (void)state;
    says_without("KRB5CCNAME", kit_path("robots"), "secure=0 config=1 tickets=0 keys=1\n");
    realm_admin("addprinc -randkey robot");
    snprintf(query, sizeof query, "ktadd -k %s -norandkey robot", kit_path("client-keytab"));
    realm_admin(query);
    says_without("KRB5CCNAME", kit_path("robots"), "secure=0 config=1 tickets=1 keys=1\n");
    remove(kit_path("robots"));
    remove(kit_path("client-keytab"));
}

static bool trace_names(const char *text)
{
    static char trace[1 << 18];
    int fd = open(kit_path("krb5-trace"), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, trace, sizeof trace - 1);
    close(fd);
    assert_true(n >= 0);
    trace[n] = 0;
    return strstr(trace, text) != NULL;
}

/* MIT's own trace. */
static void test_trace(void **state)
{
    (void)state;
    assert_int_not_equal(access(kit_path("krb5-trace"), F_OK), 0);
    setenv("KRB5_TRACE", kit_path("krb5-trace"), 1);
    says(self, "secure=0 config=1 tickets=1 keys=1\n");
    assert_true(trace_names("host/server@" REALM));
    unsetenv("KRB5_TRACE");
    remove(kit_path("krb5-trace"));
}

static void copy_program(const char *to)
{
    static char block[65536];
    int in = open(self, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_true(in >= 0 && out >= 0);
    for (ssize_t n; (n = read(in, block, sizeof block)) != 0;) {
        assert_true(n > 0);
        assert_int_equal(write(out, block, (size_t)n), n);
    }
    close(in);
    close(out);
}

static void test_setuid(void **state)
{
    static const char *const readable[] = {"cache", "keytab", "client-keytab", "krb5-0.conf"};
    char copy[256];
    (void)state;
    if (geteuid() != 0)
        skip();
    snprintf(copy, sizeof copy, "%s", kit_path("setuid"));
    copy_program(copy);
    /* The folder and the files let the other user do what the variables ask for: what is not done is not for
     * want of rights. */
    assert_int_equal(chmod(kit_folder(), 0777), 0);
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++)
        (void)chmod(kit_path(readable[i]), 0666);
    assert_int_equal(chown(copy, 12345, 12345), 0);
    setenv("KRB5_TRACE", kit_path("krb5-trace"), 1);
    assert_int_equal(chmod(copy, 0755), 0);
    says(copy, "secure=0 config=1 tickets=1 keys=1\n");
    assert_true(trace_names("host/server@" REALM));
    remove(kit_path("krb5-trace"));
    assert_int_equal(chmod(copy, 04755), 0);
    says(copy, "secure=1 config=0 tickets=0 keys=0\n");
    assert_int_not_equal(access(kit_path("krb5-trace"), F_OK), 0);
    unsetenv("KRB5_TRACE");
    unlink(copy);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listened_to),
        cmocka_unit_test(test_client_keytab),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_setuid),
    };
    if (argc == 2 && strcmp(argv[1], "report") == 0)
        report();
    self = argv[0];
    realm_environment(NULL);
    kit_write_file("elsewhere",
                   "[libdefaults]\n    default_realm = NONE.EXAMPLE\n    dns_lookup_kdc = false\n");
    return cmocka_run_group_tests_name("kerberos environment", tests, NULL, NULL);
}
