/* SPDX-License-Identifier: MIT */
/* check/run: the parent. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "check/child.h"
#include "check/environment.h"
#include "secur32/module.h"

enum { POINTS_MAX = 256 };

struct run {
    const SspiCheckOptions *options;
    BOOLEAN (*each)(void *arg, const SspiCheckResult *result);
    void *arg;
    SspiCheckSummary summary;
    struct check_environment environment;
    struct check_shared *question; /* the template of each child's; what is known is kept here */
    struct check_shared *shared;   /* the child's */
    int fd;
    const char *helper;
    unsigned timeout;
    enum check_answer outcomes[POINTS_MAX]; /* CHECK_NO_ANSWER: not run yet */
    char load_error[CHECK_TEXT_MAX];
    bool ended; /* the caller wants no more */
};

/* ---- the question ---- */

static bool copy_text(char *out, size_t size, const char *text)
{
    return text == NULL || snprintf(out, size, "%s", text) < (int)size;
}

static void error_set(SspiErrorInfo *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void error_set(SspiErrorInfo *error, const char *format, ...)
{
    if (error == NULL)
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
}

/* A file, or the name of a package: of a module that is installed or named in sspi.conf, or built in. */
static bool find_module(const char *name, struct check_shared *q, SspiErrorInfo *error)
{
    char path[MODULE_PATH_MAX], real[PATH_MAX], lower[256];
    bool is_path = strchr(name, '/') != NULL;
    size_t size = strlen(name);

    if (!is_path && size > 3 && strcmp(name + size - 3, ".so") == 0)
        is_path = true;
    if (is_path) {
        if (realpath(name, real) == NULL || !copy_text(q->module, sizeof q->module, real)) {
            error_set(error, "there is no module %s", name);
            return false;
        }
        return true;
    }
    if (module_find(name, path) && access(path, F_OK) == 0)
        return copy_text(q->module, sizeof q->module, path);
    /* Packages' names have no case; files have, and ours are in lower case. */
    for (size_t i = 0; i <= size && size < sizeof lower; i++)
        lower[i] = (char)tolower((unsigned char)name[i]);
    if (size < sizeof lower && module_find(lower, path) && access(path, F_OK) == 0)
        return copy_text(q->module, sizeof q->module, path);
    q->built_in = true;
    return copy_text(q->module, sizeof q->module, name);
}

static bool question_fill(struct run *r, SspiErrorInfo *error)
{
    const SspiCheckOptions *o = r->options;
    struct check_shared *q = r->question;
    char host[200] = "localhost";

    if (o->Module == NULL || o->Module[0] == 0) {
        error_set(error, "no module was named");
        return false;
    }
    if (!find_module(o->Module, q, error))
        return false;
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(q->target, sizeof q->target, "host/%s", host);
    q->has_user = o->User != NULL;
    q->has_password = o->Password != NULL;
    bool fits = copy_text(q->package, sizeof q->package, o->Package) &&
                copy_text(q->user, sizeof q->user, o->User) &&
                copy_text(q->domain, sizeof q->domain, o->Domain) &&
                copy_text(q->password, sizeof q->password, o->Password) &&
                copy_text(q->target, sizeof q->target, o->Target) &&
                copy_text(q->principal, sizeof q->principal, o->Principal);
    if (!fits)
        error_set(error, "a name in the options is too long");
    return fits;
}

/* Kerberos' accounts are the environment's; the kit's own are for everybody else. */
static void own_account(struct check_shared *q)
{
    const char *name = q->name[0] != 0 ? q->name : q->module;

    if (q->has_user && !q->own_account)
        return;
    bool own = strcasecmp(name, "Kerberos") != 0;
    q->has_user = q->own_account = own;
    (void)snprintf(q->user, sizeof q->user, "%s", own ? ENVIRONMENT_USER : "");
    (void)snprintf(q->domain, sizeof q->domain, "%s", own ? ENVIRONMENT_DOMAIN : "");
    (void)snprintf(q->password, sizeof q->password, "%s", own ? ENVIRONMENT_PASSWORD : "");
}

/* ---- one point ---- */

static enum check_answer *outcome_of(struct run *r, const char *id)
{
    size_t index = 0;

    return check_point_find(id, &index) != NULL && index < POINTS_MAX ? &r->outcomes[index] : NULL;
}

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Runs the point in a child; its answer stands in r->shared then. */
static bool ask(struct run *r, const struct check_point *point)
{
    int status = 0;

    memcpy(r->shared, r->question, sizeof *r->shared);
    (void)snprintf(r->shared->point, sizeof r->shared->point, "%s", point->about.Id);
    pid_t pid = check_spawn(r->helper, r->fd, r->environment.variables, true);
    if (pid < 0)
        return false;
    bool in_time = check_wait(pid, true, r->timeout, &status);
    if (!r->shared->begun || r->shared->answer == CHECK_BROKEN)
        return false;
    if (r->shared->answer == CHECK_NO_ANSWER)
        check_obituary(r->shared, in_time, r->timeout, status);
    return true;
}

/* What a child found out of the package holds for the next ones. */
static void remember(struct run *r)
{
    struct check_shared *q = r->question;
    const struct check_shared *s = r->shared;

    if (s->name[0] != 0) {
        memcpy(q->name, s->name, sizeof q->name);
        memcpy(q->comment, s->comment, sizeof q->comment);
        own_account(q);
    }
    q->sign_size = s->sign_size;
    q->seal_size = s->seal_size;
}

static SspiCheckOutcome outcome_public(enum check_answer answer)
{
    switch (answer) {
    case CHECK_PASSED:
        return SspiCheckPassed;
    case CHECK_NOT_OFFERED:
        return SspiCheckNotOffered;
    case CHECK_NOT_REACHED:
        return SspiCheckNotReached;
    default:
        return SspiCheckFailed;
    }
}

static void report(struct run *r, const struct check_point *point, enum check_answer answer,
                   const char *expected, const char *seen, const char *because, double took)
{
    unsigned *const counts[] = {
        [SspiCheckPassed] = &r->summary.Passed,
        [SspiCheckFailed] = &r->summary.Failed,
        [SspiCheckNotOffered] = &r->summary.NotOffered,
        [SspiCheckNotReached] = &r->summary.NotReached,
    };
    SspiCheckResult result = {
        .Point = &point->about,
        .Outcome = outcome_public(answer),
        .Expected = expected,
        .Seen = seen,
        .Because = because,
        .Seconds = took,
    };

    ++*counts[result.Outcome];
    *outcome_of(r, point->about.Id) = answer;
    if (strncmp(point->about.Id, "load.", 5) == 0 && answer == CHECK_FAILED && r->load_error[0] == 0 &&
        strcmp(point->about.Id, "load.shutdown") != 0)
        (void)snprintf(r->load_error, sizeof r->load_error, "%s", seen);
    r->ended |= !r->each(r->arg, &result);
}

static bool run_point(struct run *r, const struct check_point *point);

/* The point in whose way id is: NULL if none is. Points that were left out are made up for, unreported ones
 * would be no reason. */
static const char *in_the_way(struct run *r, const struct check_point *point)
{
    for (const char *const *need = point->needs; *need != NULL; need++) {
        bool soft = **need == '?';
        enum check_answer outcome = *outcome_of(r, *need + soft);
        if (outcome == CHECK_FAILED || outcome == CHECK_NOT_REACHED ||
            (outcome == CHECK_NOT_OFFERED && !soft))
            return *need + soft;
    }
    return NULL;
}

/* False: the kit cannot go on. */
static bool run_point(struct run *r, const struct check_point *point)
{
    double start = seconds();
    const char *need = in_the_way(r, point);

    if (need != NULL) {
        bool missing = *outcome_of(r, need) == CHECK_NOT_OFFERED;
        report(r, point, missing ? CHECK_NOT_OFFERED : CHECK_NOT_REACHED, "", "", need, 0);
        return true;
    }
    if (!ask(r, point))
        return false;
    remember(r);
    enum check_answer answer = (enum check_answer)r->shared->answer;
    char because[CHECK_ID_MAX];
    (void)snprintf(because, sizeof because, "%s", r->shared->because);
    const struct check_point *stage = check_point_find(because, NULL);
    if (answer == CHECK_NOT_REACHED && stage != NULL && *outcome_of(r, because) == CHECK_NO_ANSWER) {
        /* It was left out, and is the one that fails. */
        struct check_shared *mine = mem_client_alloc(sizeof *mine);
        if (mine == NULL)
            return false;
        memcpy(mine, r->shared, sizeof *mine);
        bool went = run_point(r, stage);
        memcpy(r->shared, mine, sizeof *mine);
        mem_client_free(mine);
        if (!went)
            return false;
    }
    /* What passed on its own cannot be in the way. */
    if (answer == CHECK_NOT_REACHED && (stage == NULL || *outcome_of(r, because) == CHECK_PASSED)) {
        answer = CHECK_FAILED;
        because[0] = 0;
    }
    report(r, point, answer, r->shared->expected, r->shared->seen, because, seconds() - start);
    return true;
}

/* ---- all of them ---- */

static bool wanted(const SspiCheckOptions *o, const char *id)
{
    size_t size = o->Point != NULL ? strlen(o->Point) : 0;

    return size == 0 || (strncmp(id, o->Point, size) == 0 && (id[size] == 0 || id[size] == '.'));
}

static bool wants_any(const SspiCheckOptions *o)
{
    const struct check_point *point;

    for (size_t i = 0; (point = check_point_at(i)) != NULL; i++)
        if (wanted(o, point->about.Id))
            return true;
    return false;
}

/* The name of the package decides whose accounts are used: asked for where the first points are left out. */
static void learn_name(struct run *r)
{
    const struct check_point *point = check_point_find("load.info", NULL);

    if (r->options->Point == NULL || wanted(r->options, "load.info"))
        return;
    if (ask(r, point))
        remember(r);
}

static bool run_all(struct run *r)
{
    const struct check_point *point;

    learn_name(r);
    for (size_t i = 0; (point = check_point_at(i)) != NULL && i < POINTS_MAX && !r->ended; i++) {
        bool due = wanted(r->options, point->about.Id) && r->outcomes[i] == CHECK_NO_ANSWER;
        if (due && !run_point(r, point))
            return false;
        r->ended |= r->options->Stop != NULL && *r->options->Stop != 0;
    }
    return true;
}

static bool children_unseen(void)
{
    struct sigaction action;

    return sigaction(SIGCHLD, NULL, &action) == 0 &&
           (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT));
}

static int run_with(struct run *r, SspiErrorInfo *error)
{
    if (!wants_any(r->options)) {
        error_set(error, "there is no point %s", r->options->Point);
        return 2;
    }
    if (!question_fill(r, error))
        return 2;
    if (children_unseen()) {
        error_set(error, "the program ignores SIGCHLD: how a process ends could not be seen");
        return 2;
    }
    own_account(r->question);
    if (!environment_make(&r->environment, r->options, error))
        return 2;
    if (access(r->helper, X_OK) != 0) {
        error_set(error, "%s, which runs the points, cannot be executed", r->helper);
        return 2;
    }
    if (!run_all(r)) {
        error_set(error, "the kit could not go on: %s",
                  r->shared->seen[0] != 0 ? r->shared->seen : "no process, or not the kit's, for a point");
        return 2;
    }
    if (r->load_error[0] != 0) {
        error_set(error, "%s", r->load_error);
        return 2;
    }
    return r->summary.Failed > 0 || r->summary.NotReached > 0 ? 1 : 0;
}

int SspiCheck(const SspiCheckOptions *options, BOOLEAN (*Each)(void *arg, const SspiCheckResult *result),
              void *arg, SspiCheckSummary *summary, SspiErrorInfo *error)
{
    struct run *r = mem_client_alloc(sizeof *r);
    int question_fd = -1, code = 2;

    if (r == NULL || options == NULL || Each == NULL) {
        error_set(error, "wrong arguments, or out of memory");
        mem_client_free(r);
        return 2;
    }
    r->options = options;
    r->each = Each;
    r->arg = arg;
    r->fd = -1;
    r->helper = options->Helper != NULL ? options->Helper : OPENSSPI_BINDIR "/sspi";
    r->timeout = options->Timeout != 0 ? options->Timeout : CHECK_TIMEOUT;
    r->question = check_shared_new(&question_fd);
    if (r->question != NULL)
        r->question->timeout = r->timeout;
    r->shared = check_shared_new(&r->fd);
    if (r->question != NULL && r->shared != NULL)
        code = run_with(r, error);
    else
        error_set(error, "no memory to share with a child");
    if (r->question != NULL) {
        (void)snprintf(r->summary.Package, sizeof r->summary.Package, "%s", r->question->name);
        (void)snprintf(r->summary.Comment, sizeof r->summary.Comment, "%s", r->question->comment);
    }
    if (summary != NULL)
        *summary = r->summary;
    environment_free(&r->environment);
    check_shared_free(r->question, question_fd);
    check_shared_free(r->shared, r->fd);
    mem_client_free(r);
    return code;
}
