/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include "base/config.h"

static char path[] = "/tmp/sspi-config-XXXXXX";

static struct config *load(const char *text, size_t size)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
    struct config *c = config_load(path);
    assert_non_null(c);
    return c;
}

/* The message for the section is "PATH:line: ..." and has the word; line 0: there is no message. */
static void expect(const char *text, const char *section, unsigned line, const char *word)
{
    struct config *c = load(text, strlen(text));
    const char *error = config_error_for(c, section);
    if (line == 0) {
        if (error)
            fail_msg("%s", error);
    } else {
        char prefix[100];
        snprintf(prefix, sizeof prefix, "%s:%u: ", path, line);
        assert_non_null(error);
        if (strncmp(error, prefix, strlen(prefix)) != 0 || !strstr(error, word))
            fail_msg("\"%s\" instead of \"%s... %s\"", error, prefix, word);
    }
    config_free(c);
}

static void test_good(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf# a comment\r\n"
                               "\n"
                               "[ntlm]   ; what comes now\n"
                               "lm_compatibility_level = 3\n"
                               "min_session_security = ess, 128,SEAL\n"
                               "allow_anonymous: yes ; but why\n"
                               "accounts = /tmp/a b\n"
                               "  \n"
                               "  ; indented comment\n"
                               "[packages]\n"
                               "psk = /x/psk.so\n"
                               "[package.psk]\n"
                               "anything =\n"
                               "[kerberos]\n"
                               "allow_rc4=no\n"
                               "[ntlm]\n"
                               "lm_compatibility_level = 4";
    struct config *c = load(text, sizeof text - 1);
    unsigned line = 0;
    assert_string_equal(c->error, "");
    assert_null(config_error_for(c, "ntlm"));
    assert_string_equal(config_get(c, "ntlm", "lm_compatibility_level", &line), "4");
    assert_int_equal(line, 17);
    assert_int_equal(config_get_number(c, "ntlm", "lm_compatibility_level", 9), 4);
    assert_string_equal(config_get(c, "ntlm", "min_session_security", NULL), "ess, 128,SEAL");
    assert_true(config_get_bool(c, "ntlm", "allow_anonymous", false));
    assert_false(config_get_bool(c, "kerberos", "allow_rc4", true));
    assert_true(config_get_bool(c, "kerberos", "nothing", true));
    assert_int_equal(config_get_number(c, "kerberos", "nothing", -7), -7);
    assert_string_equal(config_get(c, "ntlm", "accounts", NULL), "/tmp/a b");
    assert_string_equal(config_get(c, "packages", "psk", &line), "/x/psk.so");
    assert_int_equal(line, 11);
    assert_string_equal(config_get(c, "package.psk", "anything", NULL), "");
    assert_null(config_get(c, "package.psk", "else", NULL));
    config_free(c);
    expect("", "ntlm", 0, NULL);
    expect("[ntlm]\n", "ntlm", 0, NULL);
}

/* Wrong values concern their section alone. */
static void test_values(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"lm_compatibility_level = 6", "number"},
        {"lm_compatibility_level = -1", "number"},
        {"lm_compatibility_level = 5x", "number"},
        {"lm_compatibility_level =", "number"},
        {"lm_compatibility_level = 99999999999999999999", "number"},
        {"allow_anonymous = maybe", "yes or no"},
        {"allow_anonymous =", "yes or no"},
        {"min_session_security = ess,129", "word"},
        {"min_session_security = ess,", "word"},
        {"min_session_security = ,ess", "word"},
        {"min_session_security = ess 128", "word"},
        {"accounts =", "value"},
        {"alow_anonymous = no", "not a key"},
        {"= 5", "not a key"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "[kerberos]\nallow_rc4 = no\n[ntlm]\n%s\n", bad[i][0]);
        expect(text, "ntlm", 4, bad[i][1]);
        expect(text, "kerberos", 0, NULL);
    }
}

/* Wrong syntax concerns everybody. */
static void test_syntax(void **state)
{
    (void)state;
    expect("[nltm]\nallow_anonymous = no\n", "kerberos", 1, "unknown section");
    expect("[ntlm]\n[]\n", "kerberos", 2, "unknown section");
    expect("[package.]\n", "kerberos", 1, "unknown section");
    expect("allow_anonymous = no\n", "ntlm", 1, "before the first");
    expect("[ntlm\nallow_anonymous = no\n", "ntlm", 1, "without its ]");
    expect("[ntlm] junk\n", "ntlm", 1, "behind");
    expect("[ntlm]\n\n  allow_anonymous = no\n", "ntlm", 3, "begins with a space");
    expect("[ntlm]\naccounts = /a\n\t/b\n", "ntlm", 3, "begins with a space");
    expect("[ntlm]\nallow_anonymous\n", "ntlm", 2, "neither");
    expect("[package.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n", "ntlm", 1, "49 bytes");
    struct config *c = load("[ntlm]\nallow_anonymous = no\0 yes\n", 33);
    assert_non_null(strstr(config_error_for(c, "ntlm"), ":2: a zero byte"));
    config_free(c);
}

/* What inih would cut in two: "key = aaa...", then the rest as a line of its own. */
static void test_long_lines(void **state)
{
    (void)state;
    for (unsigned length = 180; length < 420; length++) {
        char text[600], line[500];
        memset(line, 'a', length);
        memcpy(line, "accounts = /", 12);
        line[length] = '\0';
        if (length > 199)
            memcpy(line + 199, "allow_anonymous = yes", length - 199 < 21 ? length - 199 : 21);
        snprintf(text, sizeof text, "[ntlm]\n%s\nallow_anonymous = no\n", line);
        expect(text, "ntlm", length > 190 ? 2 : 0, "190 bytes");
        struct config *c = load(text, strlen(text));
        assert_false(config_get_bool(c, "ntlm", "allow_anonymous", true));
        if (length <= 190)
            assert_int_equal(strlen(config_get(c, "ntlm", "accounts", NULL)), length - 11);
        config_free(c);
    }
}

static void test_missing(void **state)
{
    (void)state;
    struct config *c = config_load("/nonexistent/sspi.conf");
    assert_non_null(c);
    assert_string_equal(c->error, "/nonexistent/sspi.conf: No such file or directory");
    config_free(c);
    c = config_load("/tmp"); /* a folder opens, but does not read */
    assert_true(c && c->error[0]);
    config_free(c);
}

static bool child_has_it_too(void *arg)
{
    (void)arg;
    return config_get_number(config_process(), "ntlm", "lm_compatibility_level", 0) == 2;
}

static void test_process(void **state)
{
    (void)state;
    config_free(load("[ntlm]\nlm_compatibility_level = 2\n", 34));
    setenv("SSPI_CONFIG", path, 1);
    config_process_reset();
    const struct config *c = config_process();
    assert_non_null(c);
    assert_ptr_equal(config_process(), c);
    assert_string_equal(c->path, path);
    assert_true(in_child(child_has_it_too, NULL));
    unsetenv("SSPI_CONFIG");
    config_process_reset();
    c = config_process(); /* the default place, which may well be missing */
    assert_non_null(c);
    assert_string_not_equal(c->path, path);
    config_process_reset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_values),  cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_long_lines), cmocka_unit_test(test_missing), cmocka_unit_test(test_process),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
