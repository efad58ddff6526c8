/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include <pthread.h>
#include <regex.h>

#include "base/trace.h"

static char path[] = "/tmp/sspi-trace-XXXXXX";

static char *contents(void)
{
    static char text[4 << 20];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void matches(const char *text, const char *pattern)
{
    regex_t re;
    assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
    if (regexec(&re, text, 0, NULL, 0) != 0)
        fail_msg("\"%s\" does not match %s", text, pattern);
    regfree(&re);
}

static int begin(void **state)
{
    (void)state;
    assert_int_equal(truncate(path, 0), 0);
    setenv("SSPI_TRACE", path, 1);
    trace_reset();
    return 0;
}

static void test_off(void **state)
{
    (void)state;
    unsetenv("SSPI_TRACE");
    trace_reset();
    assert_false(trace_on());
    trace_event("base", "nothing", "x=%d", 1);
    assert_string_equal(contents(), "");
    setenv("SSPI_TRACE", "", 1);
    trace_reset();
    assert_false(trace_on());
    setenv("SSPI_TRACE", "/nonexistent/trace", 1);
    trace_reset();
    assert_false(trace_on());
}

static void test_lines(void **state)
{
    (void)state;
    assert_true(trace_on());
    trace_event("ntlm", "challenge-sent", "flags=%s length=%d", "ESS|128", 42);
    trace_event("base", "empty", "%s", "");
    matches(contents(),
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z [0-9]+/[0-9]+ ntlm "
            "challenge-sent flags=ESS\\|128 length=42\n[^\n]* base empty\n$");
}

static void test_one_line_whatever(void **state)
{
    (void)state;
    char many[5000];
    memset(many, 'x', sizeof many);
    many[sizeof many - 1] = '\0';
    trace_event("ntlm", "name", "user=%s", "evil\n2026 forged line\r\x1b[2J\x7f");
    trace_event("ntlm", "long", "text=%s", many);
    trace_event("ntlm", "after", "x=1");
    char *text = contents();
    matches(text, "user=evil\\?2026 forged line\\?\\?\\[2J\\?\n");
    unsigned lines = 0;
    for (char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, 3);
    matches(text, "x+\n[^\n]* ntlm after x=1\n$");
}

static void test_reset_appends(void **state)
{
    (void)state;
    trace_event("a", "one", "x=1");
    trace_reset();
    trace_event("a", "two", "x=2");
    matches(contents(), "a one x=1\n.*a two x=2\n$");
}

static void *writer(void *arg)
{
    for (int i = 0; i < 500; i++)
        trace_event("thread", "line", "who=%s i=%d end", (const char *)arg, i);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    const char *names[4] = {"aaaaaaaaaaaaaaaaaaaaaaaa", "bbbb", "cccccccccccc", "d"};
    trace_reset(); /* they open it, too */
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, writer, (void *)(uintptr_t)names[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    unsigned lines = 0;
    char *save = NULL;
    for (char *l = strtok_r(contents(), "\n", &save); l; l = strtok_r(NULL, "\n", &save), lines++) {
        const char *who = strstr(l, "thread line who=");
        assert_non_null(who);
        assert_true(strspn(who + 16, "abcd") >= 1);
        assert_string_equal(l + strlen(l) - 4, " end");
    }
    assert_int_equal(lines, 2000);
}

static bool to_stderr(void *arg)
{
    FILE *f = arg;
    dup2(fileno(f), STDERR_FILENO);
    setenv("SSPI_TRACE", "/dev/stderr", 1);
    trace_reset();
    trace_event("cli", "there", "x=1");
    return true;
}

static void test_stderr(void **state)
{
    (void)state;
    char line[200] = "";
    FILE *f = tmpfile();
    assert_true(in_child(to_stderr, f));
    rewind(f);
    assert_non_null(fgets(line, sizeof line, f));
    matches(line, " cli there x=1\n$");
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_off, begin),
        cmocka_unit_test_setup(test_lines, begin),
        cmocka_unit_test_setup(test_one_line_whatever, begin),
        cmocka_unit_test_setup(test_reset_appends, begin),
        cmocka_unit_test_setup(test_threads, begin),
        cmocka_unit_test_setup(test_stderr, begin),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
