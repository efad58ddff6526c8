/* SPDX-License-Identifier: MIT */
/* check/child: a process that runs one point. */
#include "check/child.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <opensspi.h>

#include "check/cross.h"
#include "check/guard.h"
#include "lsa/lsa.h"

struct check_shared *check_shared;

/* ---- where the child is ---- */

void check_stage(const char *id)
{
    (void)snprintf(check_shared->stage, sizeof check_shared->stage, "%s", id != NULL ? id : "");
}

void check_enter(const char *entry)
{
    (void)snprintf(check_shared->entry, sizeof check_shared->entry, "%s", entry != NULL ? entry : "");
}

/* ---- answers ---- */

/* The first answer counts: threads may find the same thing at once. */
_Noreturn static void answer(enum check_answer what)
{
    int32_t none = CHECK_NO_ANSWER;

    if (!__atomic_compare_exchange_n(&check_shared->answer, &none, (int32_t)what, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        for (;;)
            (void)pause();
    _exit(0);
}

/* Texts are written before the answer; a thread that comes second may spoil them no more than it may answer.
 */
static bool first_to_speak(void)
{
    static int spoken;

    return __atomic_exchange_n(&spoken, 1, __ATOMIC_ACQ_REL) == 0;
}

_Noreturn void check_pass(void)
{
    (void)first_to_speak();
    answer(CHECK_PASSED);
}

_Noreturn void check_fail(const char *expected, const char *seen, ...)
{
    if (!first_to_speak())
        for (;;)
            (void)pause();
    va_list args;
    va_start(args, seen);
    (void)vsnprintf(check_shared->seen, sizeof check_shared->seen, seen, args);
    va_end(args);
    (void)snprintf(check_shared->expected, sizeof check_shared->expected, "%s", expected);
    bool elsewhere = check_shared->stage[0] != 0 && strcmp(check_shared->stage, check_shared->point) != 0;
    (void)snprintf(check_shared->because, sizeof check_shared->because, "%s",
                   elsewhere ? check_shared->stage : "");
    answer(elsewhere ? CHECK_NOT_REACHED : CHECK_FAILED);
}

_Noreturn void check_not_offered(const char *what, ...)
{
    if (!first_to_speak())
        for (;;)
            (void)pause();
    va_list args;
    va_start(args, what);
    (void)vsnprintf(check_shared->seen, sizeof check_shared->seen, what, args);
    va_end(args);
    answer(CHECK_NOT_OFFERED);
}

_Noreturn void check_broken(const char *what)
{
    if (!first_to_speak())
        for (;;)
            (void)pause();
    (void)snprintf(check_shared->seen, sizeof check_shared->seen, "%s", what);
    answer(CHECK_BROKEN);
}

const char *check_status_text(NTSTATUS status)
{
    static char texts[8][64];
    static unsigned next;
    char *text = texts[__atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) % 8];
    const char *name = SspiStatusName(status);

    (void)snprintf(text, sizeof texts[0], "%s%s0x%08X%s", name != NULL ? name : "", name != NULL ? " (" : "",
                   (unsigned)status, name != NULL ? ")" : "");
    return text;
}

void check_expect(NTSTATUS got, SECURITY_STATUS want, const char *what, ...)
{
    char text[CHECK_TEXT_MAX / 2];

    if (lsa_status_map(got) == want)
        return;
    va_list args;
    va_start(args, what);
    (void)vsnprintf(text, sizeof text, what, args);
    va_end(args);
    check_fail(check_status_text(want), "%s: %s", text, check_status_text(got));
}

void check_expect_refused(NTSTATUS got, const char *what, ...)
{
    char text[CHECK_TEXT_MAX / 2];

    if (lsa_status_map(got) < 0)
        return;
    va_list args;
    va_start(args, what);
    (void)vsnprintf(text, sizeof text, what, args);
    va_end(args);
    check_fail("a failure", "%s: %s", text, check_status_text(got));
}

/* ---- the process ---- */

struct check_shared *check_shared_map(int fd)
{
    struct check_shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return shared != MAP_FAILED ? shared : NULL;
}

_Noreturn static void run(int fd)
{
    struct rlimit none = {0, 0};

    check_shared = check_shared_map(fd);
    if (check_shared == NULL || check_shared->magic != CHECK_MAGIC)
        _exit(1);
    check_shared->begun = true;
    /* An ignored signal stays ignored through exec, and how a process ended could not be asked. */
    (void)signal(SIGCHLD, SIG_DFL);
    /* What a package prints must not get between the lines of a report. */
    (void)dup2(STDERR_FILENO, STDOUT_FILENO);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    guard_watch();
    if (strcmp(check_shared->point, CROSS_ROLE) == 0)
        cross_run();
    const struct check_point *point = check_point_find(check_shared->point, NULL);
    if (point == NULL)
        check_broken("another version of it answers");
    point->run();
    check_pass();
}

void SspiCheckChild(int argc, char **argv)
{
    if (argc != 4 || strcmp(argv[1], "check") != 0 || strcmp(argv[2], "--child") != 0)
        return;
    run((int)strtol(argv[3], NULL, 10));
}
