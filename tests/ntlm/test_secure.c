/* SPDX-License-Identifier: MIT */
/*
 * A setuid program listens to no environment. The program asks itself: once as it is, which must see all
 * three variables, and once as a copy that belongs to another user and is setuid. Only root can make such a
 * copy.
 */
#include "harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/trace.h"
#include "packages/ntlm/ntlm_accounts.h"

static const char *self;

/* What the environment reaches, said on standard output. */
static void report(void)
{
    const struct config *config = config_process();
    const char *path = config != NULL && config->path != NULL ? config->path : "";
    printf("secure=%d config=%d trace=%d users=%d\n", getauxval(AT_SECURE) != 0,
           strcmp(path, getenv("SSPI_CONFIG")) == 0, trace_on(), ntlm_accounts_user_file() != NULL);
    (void)fflush(NULL);
    _exit(0); /* leak checkers cannot look into a setuid process */
}

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

static void set_environment(void)
{
    harness_start(NULL);
    harness_write("sspi.conf", "", 0644);
    harness_write("users", "A:b:c\n", 0644);
    setenv("SSPI_CONFIG", harness_path("sspi.conf"), 1);
    setenv("SSPI_TRACE", harness_path("trace"), 1);
    setenv("NTLM_USER_FILE", harness_path("users"), 1);
}

static void test_plain(void **state)
{
    (void)state;
    set_environment();
    says(self, "secure=0 config=1 trace=1 users=1\n");
}

static void test_setuid(void **state)
{
    const char *copy = harness_path("setuid");
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    set_environment();
    copy_program(copy);
    /* The folder lets the other user do what the variables ask for: what is not done is not for want of
     * rights. */
    assert_int_equal(chmod(harness_path(""), 0777), 0);
    assert_int_equal(chown(copy, 12345, 12345), 0);
    assert_int_equal(chmod(copy, 04755), 0);
    unlink(harness_path("trace"));
    says(copy, "secure=1 config=0 trace=0 users=0\n");
    assert_int_not_equal(access(harness_path("trace"), F_OK), 0);
    unlink(copy);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain), cmocka_unit_test(test_setuid)};
    if (argc == 2 && strcmp(argv[1], "report") == 0) {
        report();
    }
    self = argv[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
