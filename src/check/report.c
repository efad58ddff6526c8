/* SPDX-License-Identifier: MIT */
/* check/report: what was found, for people and for programs. */
#include <stdio.h>
#include <string.h>

#include "check/check.h"

struct report {
    FILE *out;
    unsigned count;
    /* the table: counts of each group in the order in which they come */
    struct group {
        char name[CHECK_ID_MAX];
        unsigned passed, failed, not_offered, not_reached;
    } groups[32];
    unsigned group_count;
    char failed[64][CHECK_ID_MAX];
    unsigned failed_count;
};

/* ---- text ---- */

/* One line of it, and nothing that a terminal would act on. */
static void put_line(FILE *out, const char *text)
{
    for (; *text != 0; text++)
        (void)fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
}

static void put_json(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (const char *p = text; *p != 0; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            (void)fprintf(out, "\\%c", c);
        else if (c < ' ')
            (void)fprintf(out, "\\u%04x", c);
        else
            (void)fputc(c, out);
    }
    (void)fputc('"', out);
}

/* ---- TAP ---- */

static struct group *group_of(struct report *r, const char *id)
{
    size_t size = strcspn(id, ".");

    for (unsigned i = 0; i < r->group_count; i++)
        if (strncmp(r->groups[i].name, id, size) == 0 && r->groups[i].name[size] == 0)
            return &r->groups[i];
    struct group *g = &r->groups[r->group_count < 31 ? r->group_count++ : 31];
    (void)snprintf(g->name, sizeof g->name, "%.*s", (int)(size < sizeof g->name ? size : sizeof g->name - 1),
                   id);
    return g;
}

static void count(struct report *r, const SspiCheckResult *result)
{
    struct group *g = group_of(r, result->Point->Id);

    switch (result->Outcome) {
    case SspiCheckPassed:
        g->passed++;
        break;
    case SspiCheckFailed:
        g->failed++;
        if (r->failed_count < 64)
            (void)snprintf(r->failed[r->failed_count++], CHECK_ID_MAX, "%s", result->Point->Id);
        break;
    case SspiCheckNotOffered:
        g->not_offered++;
        break;
    default:
        g->not_reached++;
    }
}

static void put_detail(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, "#   %-9s ", name);
    put_line(out, text);
    (void)fputc('\n', out);
}

static BOOLEAN tap_each(void *arg, const SspiCheckResult *result)
{
    struct report *r = arg;
    FILE *out = r->out;

    count(r, result);
    (void)fprintf(out, "%s %u - %s", result->Outcome == SspiCheckFailed ? "not ok" : "ok", ++r->count,
                  result->Point->Id);
    if (result->Outcome == SspiCheckNotOffered) {
        (void)fputs(" # SKIP not offered: ", out);
        put_line(out, result->Because[0] != 0 ? result->Because : result->Seen);
    } else if (result->Outcome == SspiCheckNotReached) {
        (void)fputs(" # SKIP not reached because ", out);
        put_line(out, result->Because);
        (void)fputs(" failed", out);
    }
    (void)fputc('\n', out);
    if (result->Outcome == SspiCheckFailed) {
        put_detail(out, "rule:", result->Point->Rule);
        put_detail(out, "page:", result->Point->Page);
        put_detail(out, "expected:", result->Expected);
        put_detail(out, "seen:", result->Seen);
    }
    (void)fflush(out);
    return TRUE;
}

static void tap_summary(struct report *r, const SspiCheckSummary *s, int code, const SspiErrorInfo *error)
{
    FILE *out = r->out;

    (void)fprintf(out, "1..%u\n", r->count);
    if (s->Package[0] != 0) {
        (void)fputs("#\n# package ", out);
        put_line(out, s->Package);
        if (s->Comment[0] != 0) {
            (void)fputs(": ", out);
            put_line(out, s->Comment);
        }
        (void)fputc('\n', out);
    }
    if (r->group_count > 0)
        (void)fputs("#\n#              passed  failed  not offered  not reached\n", out);
    for (unsigned i = 0; i < r->group_count; i++) {
        const struct group *g = &r->groups[i];
        (void)fprintf(out, "# %-12s %6u  %6u  %11u  %11u\n", g->name, g->passed, g->failed, g->not_offered,
                      g->not_reached);
    }
    (void)fprintf(out, "# %-12s %6u  %6u  %11u  %11u\n", "all", s->Passed, s->Failed, s->NotOffered,
                  s->NotReached);
    for (unsigned i = 0; i < r->failed_count; i++)
        (void)fprintf(out, "%s%s%s", i == 0 ? "#\n# failed: " : ", ", r->failed[i],
                      i + 1 == r->failed_count ? "\n" : "");
    if (code == 2) {
        (void)fputs("# could not be loaded, or not be tried: ", out);
        put_line(out, error->text);
        (void)fputc('\n', out);
    }
}

/* ---- JSON ---- */

static const char *outcome_word(SspiCheckOutcome outcome)
{
    static const char *const words[] = {
        [SspiCheckPassed] = "passed",
        [SspiCheckFailed] = "failed",
        [SspiCheckNotOffered] = "not-offered",
        [SspiCheckNotReached] = "not-reached",
    };

    return words[outcome];
}

static void json_member(FILE *out, const char *name, const char *text)
{
    if (text[0] == 0)
        return;
    (void)fprintf(out, ", \"%s\": ", name);
    put_json(out, text);
}

static BOOLEAN json_each(void *arg, const SspiCheckResult *result)
{
    struct report *r = arg;

    (void)fprintf(r->out, "%s\n  {\"id\": ", r->count++ > 0 ? "," : "");
    put_json(r->out, result->Point->Id);
    (void)fprintf(r->out, ", \"outcome\": \"%s\", \"seconds\": %.3f", outcome_word(result->Outcome),
                  result->Seconds);
    json_member(r->out, "rule", result->Point->Rule);
    json_member(r->out, "page", result->Point->Page);
    json_member(r->out, "expected", result->Expected);
    json_member(r->out, "seen", result->Seen);
    json_member(r->out, "because", result->Because);
    (void)fputc('}', r->out);
    return TRUE;
}

static void json_summary(struct report *r, const SspiCheckSummary *s, int code, const SspiErrorInfo *error)
{
    FILE *out = r->out;

    (void)fputs(r->count > 0 ? "\n ],\n \"package\": " : "],\n \"package\": ", out);
    put_json(out, s->Package);
    (void)fputs(", \"comment\": ", out);
    put_json(out, s->Comment);
    (void)fprintf(out,
                  ",\n \"passed\": %u, \"failed\": %u, \"not_offered\": %u, \"not_reached\": %u, "
                  "\"exit\": %d",
                  s->Passed, s->Failed, s->NotOffered, s->NotReached, code);
    if (code == 2)
        json_member(out, "error", error->text);
    (void)fputs("}\n", out);
}

int SspiCheckRun(const SspiCheckOptions *options, SspiCheckFormat format, FILE *out, SspiErrorInfo *error)
{
    bool json = format == SSPI_CHECK_JSON;
    struct report r = {.out = out};
    SspiCheckSummary summary = {.Package = ""};
    SspiErrorInfo own = {.text = ""};

    if (json) {
        (void)fputs("{\"module\": ", out);
        put_json(out, options->Module != NULL ? options->Module : "");
        (void)fputs(",\n \"points\": [", out);
    } else {
        (void)fputs("TAP version 13\n", out);
    }
    int code = SspiCheck(options, json ? json_each : tap_each, &r, &summary, &own);
    if (json)
        json_summary(&r, &summary, code, &own);
    else
        tap_summary(&r, &summary, code, &own);
    (void)fflush(out);
    if (error != NULL && code == 2)
        *error = own;
    return code;
}
