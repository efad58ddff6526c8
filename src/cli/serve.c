/* SPDX-License-Identifier: MIT */
#include "serve.h"

#include "keep.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    const struct serve_settings *settings;
    struct serve_result *result;
    struct stream stream;
    unsigned number;
    bool in_file, done;
    uint64_t announced, received; /* of the file that arrives */
    char name[KEEP_NAME_MAX];
    struct keep_file file;
};

/* A line of its own, whole, whatever other clients print. */
static void say(const struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(const struct client *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    flockfile(stdout);
    printf("[%u] ", c->number);
    vprintf(format, args);
    putchar('\n');
    fflush(stdout);
    funlockfile(stdout);
    va_end(args);
}

static void say_verified(const struct client *c, const char *what, uint64_t bytes)
{
    if (!c->settings->quiet)
        say(c, "verified message %" PRIu64 ": %s %s (%" PRIu64 " bytes)", c->stream.verified - 1, what,
            c->name, bytes);
}

static enum stream_result wrong(struct client *c, const char *what)
{
    return stream_fail(&c->stream, STREAM_NONSENSE, "%s", what);
}

static enum stream_result on_file(struct client *c, const struct message *m)
{
    if (c->in_file || m->size < 9 || m->size > 8 + STREAM_NAME_MAX)
        return wrong(c, "a file begins where none can, or without a name");
    c->announced = get_u64(m->body);
    c->received = 0;
    keep_safe_name(c->name, m->body + 8, m->size - 8);
    if (c->announced != STREAM_SIZE_UNKNOWN && c->announced > c->settings->max_file)
        return stream_fail(&c->stream, STREAM_NONSENSE,
                           "%s has %" PRIu64 " bytes, this listener takes %" PRIu64, c->name, c->announced,
                           c->settings->max_file);
    c->in_file = true;
    if (!c->settings->quiet)
        say(c, "verified message %" PRIu64 ": begin %s", c->stream.verified - 1, c->name);
    if (c->settings->folder >= 0)
        keep_begin(&c->file, c->settings->folder);
    return STREAM_OK;
}

static enum stream_result on_data(struct client *c, const struct message *m)
{
    if (!c->in_file)
        return wrong(c, "data outside of a file");
    if (m->size > c->settings->max_file - c->received)
        return stream_fail(&c->stream, STREAM_NONSENSE,
                           "%s grows beyond the %" PRIu64 " bytes that are taken", c->name,
                           c->settings->max_file);
    c->received += m->size;
    c->result->bytes += m->size;
    if (c->settings->folder >= 0)
        keep_write(&c->file, m->body, m->size);
    say_verified(c, "data", m->size);
    return STREAM_OK;
}

static enum stream_result send_receipt(struct client *c, enum stream_receipt outcome, const char *text)
{
    size_t length = strnlen(text, STREAM_TEXT_MAX);
    uint8_t *body = stream_body(&c->stream, 9 + length);

    if (!body)
        return stream_fail(&c->stream, STREAM_LOST, "out of memory");
    body[0] = (uint8_t)outcome;
    put_u64(body + 1, c->received);
    memcpy(body + 9, text, length);
    return stream_send(&c->stream, STREAM_RECEIPT, 9 + length);
}

static enum stream_result on_end(struct client *c, const struct message *m)
{
    char kept[KEEP_NAME_MAX + 8];

    if (!c->in_file || m->size != 8)
        return wrong(c, "the end of a file that has not begun");
    if (get_u64(m->body) != c->received ||
        (c->announced != STREAM_SIZE_UNKNOWN && c->announced != c->received))
        return wrong(c, "the file has another size than its sender says");
    c->in_file = false;
    c->result->files++;
    say_verified(c, "end of", c->received);
    if (c->settings->folder < 0) {
        say(c, "received %s: %" PRIu64 " bytes, verified", c->name, c->received);
        return send_receipt(c, RECEIPT_VERIFIED, "");
    }
    if (!keep_finish(&c->file, c->name, c->settings->overwrite, kept)) {
        say(c, "received %s: %" PRIu64 " bytes, verified, NOT KEPT: %s", c->name, c->received, c->file.error);
        c->result->exit = CLI_LOCAL;
        return send_receipt(c, RECEIPT_NOT_KEPT, c->file.error);
    }
    say(c, "received %s: %" PRIu64 " bytes, verified, kept as %s/%s%s", c->name, c->received,
        c->settings->out, kept, strcmp(kept, c->name) == 0 ? "" : " (the name was taken)");
    return send_receipt(c, RECEIPT_KEPT, kept);
}

static enum stream_result on_bye(struct client *c, const struct message *m)
{
    if (c->in_file || m->size != 4 || get_u32(m->body) != c->result->files)
        return wrong(c, "the client says goodbye after another number of files");
    uint8_t *body = stream_body(&c->stream, 8);
    if (!body)
        return stream_fail(&c->stream, STREAM_LOST, "out of memory");
    put_u64(body, c->stream.verified);
    c->done = true;
    return stream_send(&c->stream, STREAM_FAREWELL, 8);
}

static enum stream_result on_message(struct client *c, const struct message *m)
{
    switch (m->kind) {
    case STREAM_FILE:
        return on_file(c, m);
    case STREAM_DATA:
        return on_data(c, m);
    case STREAM_END:
        return on_end(c, m);
    case STREAM_BYE:
        return on_bye(c, m);
    default:
        return wrong(c, "a message of a kind that this version does not know");
    }
}

static enum stream_result converse(struct client *c)
{
    struct stream *s = &c->stream;
    struct auth_options options = {.package = c->settings->package, .bindings = c->settings->bindings};
    struct auth_facts facts;
    struct message message;
    CredHandle credentials = c->settings->credentials;
    /* One deadline for all of it: who only ever begins keeps a seat from others. */
    s->end = net_moment(c->settings->auth_ms);
    enum stream_result result = auth_accept(s, &credentials, &options);
    s->end = NET_FOREVER;

    if (result != STREAM_OK)
        return result;
    auth_describe(s, &facts);
    c->result->authenticated = true;
    say(c, "%s authenticated by %s, messages are %s", *facts.name ? facts.name : "somebody", facts.package,
        facts.protection);
    s->idle_ms = c->settings->idle_ms;
    while (result == STREAM_OK && !c->done) {
        result = stream_receive(s, &message);
        if (result == STREAM_OK)
            result = on_message(c, &message);
    }
    return result;
}

static void report(struct client *c, enum stream_result result)
{
    struct stream *s = &c->stream;

    if (result != STREAM_OK) {
        say(c, "%s after %" PRIu64 " messages: %s", result == STREAM_REFUSED ? "REFUSED" : "failed",
            s->verified, s->why);
        if (c->in_file)
            say(c, "%s is incomplete and was thrown away", c->name);
        c->result->exit = stream_exit(s, result);
    }
    c->result->messages = s->verified;
    say(c, "%s: %" PRIu64 " messages verified, %u files, %" PRIu64 " bytes",
        result == STREAM_OK ? "done" : "ended", s->verified, c->result->files, c->result->bytes);
}

/* What the client hears: after a refusal the status only, so that a guesser learns nothing from our words.
 * Which package this listener offers is no secret. */
static void tell(struct client *c, enum stream_result result)
{
    struct stream *s = &c->stream;

    if (result == STREAM_REFUSED)
        stream_status_write(s, s->status,
                            s->status == SEC_E_SECPKG_NOT_FOUND ? s->why : SspiStatusText(s->status));
    else if (result == STREAM_NONSENSE)
        stream_status_write(s, SEC_E_ILLEGAL_MESSAGE, s->why);
    else if (result == STREAM_LOST)
        stream_status_write(s, SEC_E_INCOMPLETE_MESSAGE, s->why);
}

void serve_client(const struct serve_settings *settings, int fd, unsigned number, const char *peer,
                  struct serve_result *result)
{
    struct client c = {.settings = settings, .result = result, .number = number, .file = {.fd = -1}};

    *result = (struct serve_result){.exit = CLI_OK};
    stream_init(&c.stream, fd, false);
    say(&c, "client %s", peer);
    enum stream_result ended = converse(&c);
    tell(&c, ended);
    keep_abandon(&c.file);
    report(&c, ended);
    stream_done(&c.stream);
    net_close_gently(fd);
}

void serve_turn_away(int fd)
{
    struct stream s;

    stream_init(&s, fd, false);
    s.busy_ms = 0;
    stream_status_write(&s, SEC_E_INSUFFICIENT_MEMORY, "the listener has as many clients as it takes");
    stream_done(&s);
    shutdown(fd, SHUT_WR);
    close(fd);
}
