/* SPDX-License-Identifier: MIT */
/* check/report: what was found, for people and for programs. */
#include <stdio.h>
#include <string.h>

#include "check/check.h"

enum { REPORT_POINTS_MAX = 256 };

struct report {
    FILE *out;
    unsigned count;
    /* the table: counts of each group in the order in which they come */
    struct group {
        char name[CHECK_ID_MAX];
        unsigned passed, failed, not_offered, not_reached;
    } groups[32];
    unsigned group_count;
    bool failed[REPORT_POINTS_MAX]; /* by their place in the table */
};

/* ---- text ---- */

/*
 * What a package says, and names of files, may be anything; and our own texts are cut where their buffers
 * end, which may be inside a character. Bytes of the character at s, 0: it is none (RFC 3629).
 */
static size_t character(const uint8_t *s, size_t left)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
    uint32_t c = size < 2 ? s[0] : s[0] & (0x7fu >> size);

    if (size == 0 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    return c < smallest[size] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff ? 0 : size;
}

/* C0, DEL, C1, and what ends a line or turns its direction: U+200B..U+200F, U+2028..U+202E, U+2060..U+206F,
 * U+FEFF. */
static bool steers(const uint8_t *s, size_t size)
{
    if (size < 3)
        return size == 1 ? s[0] < ' ' || s[0] == 0x7f : s[0] == 0xc2 && s[1] < 0xa0;
    if (size > 3)
        return false;
    uint32_t c = (s[0] & 0xfu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
           c == 0xfeff;
}

/* One line of it, and nothing that a terminal would act on. */
static void put_line(FILE *out, const char *text)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t size;

    for (size_t left = strlen(text); left > 0; s += size, left -= size) {
        size = character(s, left);
        if (size == 0 || steers(s, size))
            (void)fputc('?', out);
        else
            (void)fwrite(s, 1, size, out);
        size = size > 0 ? size : 1;
    }
}

static void put_json(FILE *out, const char *text)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t size;

    (void)fputc('"', out);
    for (size_t left = strlen(text); left > 0; s += size, left -= size) {
        size = character(s, left);
        if (size == 0)
            (void)fputs("\\ufffd", out);
        else if (*s == '"' || *s == '\\')
            (void)fprintf(out, "\\%c", *s);
        else if (size < 3 && steers(s, size))
            (void)fprintf(out, "\\u%04x", size == 1 ? s[0] : s[1]);
        else
            (void)fwrite(s, 1, size, out);
        size = size > 0 ? size : 1;
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
    size_t index = 0;

    switch (result->Outcome) {
    case SspiCheckPassed:
        g->passed++;
        break;
    case SspiCheckFailed:
        g->failed++;
        if (check_point_find(result->Point->Id, &index) != NULL && index < REPORT_POINTS_MAX)
            r->failed[index] = true;
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

static void put_failed(const struct report *r)
{
    const struct check_point *point;
    unsigned count = 0;

    for (size_t i = 0; i < REPORT_POINTS_MAX && (point = check_point_at(i)) != NULL; i++)
        if (r->failed[i])
            (void)fprintf(r->out, "%s%s", count++ == 0 ? "#\n# failed: " : ", ", point->about.Id);
    if (count > 0)
        (void)fputc('\n', r->out);
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
    put_failed(r);
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
