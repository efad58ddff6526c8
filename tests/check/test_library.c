/* SPDX-License-Identifier: MIT */
/*
 * The kit as an author's test has it: a program of its own, linked with libsspi-check, that serves as the
 * kit's helper itself. argv[1]: the module or package to try.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <sspi_check.h>

static int count, failures;

static void ok(int good, const char *title)
{
    failures += !good;
    printf("%sok %d - %s\n", good ? "" : "not ", ++count, title);
}

struct seen {
    unsigned calls, limit;
    char last[64];
};

static BOOLEAN each(void *arg, const SspiCheckResult *result)
{
    struct seen *s = arg;
    s->calls++;
    snprintf(s->last, sizeof s->last, "%s", result->Point->Id);
    return s->calls != s->limit;
}

int main(int argc, char **argv)
{
    SspiCheckChild(argc, argv);

    SspiCheckOptions options = {.Module = argv[1], .Point = "make", .Helper = "/proc/self/exe"};
    struct seen seen = {.limit = 0};
    SspiCheckSummary summary;
    SspiErrorInfo error = {{0}};
    int code = SspiCheck(&options, each, &seen, &summary, &error);
    ok(code == 0 && seen.calls > 5 && summary.Passed + summary.NotOffered == seen.calls, "a group of points");
    ok(strcmp(summary.Package, "NTLM") == 0 && summary.Comment[0] != 0, "the package's name and comment");

    seen = (struct seen){.limit = 3};
    options.Point = NULL;
    (void)SspiCheck(&options, each, &seen, &summary, NULL);
    ok(seen.calls == 3 && strcmp(seen.last, SspiCheckPointAt(2)->Id) == 0, "the callback ends it early");

    options.Point = "nonsense";
    ok(SspiCheck(&options, each, &seen, &summary, &error) == 2 && strstr(error.text, "nonsense") != NULL,
       "an unknown point");
    options = (SspiCheckOptions){.Module = argv[1], .Helper = "/nonexistent"};
    ok(SspiCheck(&options, each, &seen, NULL, &error) == 2 && strstr(error.text, "/nonexistent") != NULL,
       "a helper that is not there");
    options.Helper = "/bin/true";
    ok(SspiCheck(&options, each, &seen, NULL, &error) == 2, "a helper that is another program");
    ok(SspiCheck(NULL, each, &seen, NULL, &error) == 2, "no options");
    options.Helper = "/proc/self/exe";
    (void)signal(SIGCHLD, SIG_IGN);
    ok(SspiCheck(&options, each, &seen, NULL, &error) == 2 && strstr(error.text, "SIGCHLD") != NULL,
       "a program that ignores SIGCHLD");
    (void)signal(SIGCHLD, SIG_DFL);

    FILE *out = tmpfile();
    char text[4096] = "";
    options = (SspiCheckOptions){.Module = argv[1], .Point = "make.basic", .Helper = "/proc/self/exe"};
    code = SspiCheckRun(&options, SSPI_CHECK_TAP, out, NULL);
    rewind(out);
    size_t size = fread(text, 1, sizeof text - 1, out);
    text[size] = 0;
    ok(code == 0 && strstr(text, "TAP version 13\nok 1 - make.basic\n1..1\n") == text, "a report");
    fclose(out);
    printf("1..%d\n", count);
    return failures != 0;
}
