/* SPDX-License-Identifier: MIT */
#include "auth.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "Usage: sspi send HOST:PORT FILE... [OPTION...]\n"
    "Authenticate to `sspi listen`, sign the files record by record and send them; FILE - is standard input. "
    "A file\n"
    "counts as sent when the listener has said so in a message that it signed.\n\n"
    "  --package NAME           security package (default Negotiate: Kerberos or NTLM)\n"
    "  --user [DOMAIN\\]USER     who to be; the terminal is asked for the password. Default: what the "
    "package finds by\n"
    "                           itself, for NTLM the file named by NTLM_USER_FILE\n"
    "  --password-stdin         the first line of standard input is the password; what follows is still FILE "
    "-\n"
    "  --ccache NAME            Kerberos: the ticket cache, instead of KRB5CCNAME\n"
    "  --keytab FILE            Kerberos: the keys to get tickets with, instead of KRB5_CLIENT_KTNAME\n"
    "  --target NAME            service principal name of the listener (default host/HOST)\n"
    "  --seal                   encrypt the records too\n"
    "  --record SIZE            bytes of a file in one message (default 64K, at most 1048575)\n"
    "  --name NAME              what FILE - is called over there (default stdin)\n"
    "  --timeout SECONDS        how long to wait for the listener (default 30)\n"
    "  --channel-bindings TEXT  application data to bind the authentication to\n"
    "  --quiet                  no progress bar and nothing about what went well\n"
    "  --help                   this text\n\n"
    "Exit codes: 0 all verified by the listener; 1 it refused a message or did not keep a file; 2 wrong "
    "usage;\n"
    "3 network; 4 authentication; 5 a file here cannot be read.\n";

struct options {
    struct auth_options auth;
    const char *user;
    const char *stdin_name;
    bool password_stdin, quiet;
    size_t record;
    int timeout_ms;
    char host[256], port[32];
};

/* One file on its way. */
struct sending {
    struct stream *stream;
    const struct options *options;
    const char *path; /* as the user wrote it */
    const char *name; /* as the listener hears it */
    int fd;
    uint64_t size; /* STREAM_SIZE_UNKNOWN for pipes */
    uint64_t sent;
    struct progress progress;
};

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* After a message false. */
static bool open_file(struct sending *f)
{
    struct stat st;
    const char *slash = strrchr(f->path, '/');

    f->fd = is_stdin(f->path) ? STDIN_FILENO : open(f->path, O_RDONLY | O_CLOEXEC);
    f->name = is_stdin(f->path) ? f->options->stdin_name : slash ? slash + 1 : f->path;
    if (f->fd < 0 || fstat(f->fd, &st) != 0) {
        cli_error("cannot open %s: %s", f->path, strerror(errno));
        return false;
    }
    if (S_ISDIR(st.st_mode) || strlen(f->name) > STREAM_NAME_MAX || *f->name == '\0') {
        cli_error(S_ISDIR(st.st_mode) ? "%s is a folder: send its files"
                                      : "the name of %s is too long or empty",
                  f->path);
        close(f->fd);
        return false;
    }
    f->size = S_ISREG(st.st_mode) && !is_stdin(f->path) ? (uint64_t)st.st_size : STREAM_SIZE_UNKNOWN;
    return true;
}

/* What can be known beforehand is said before anybody connects. CLI_OK or, after a message, an exit code. */
static int check_files(const struct options *o, int count, char **paths)
{
    bool seen_stdin = false;

    for (int i = 0; i < count; i++) {
        struct sending f = {.options = o, .path = paths[i]};
        struct stat st;

        if (is_stdin(paths[i]) && seen_stdin)
            return cli_usage("standard input can be sent once only");
        seen_stdin |= is_stdin(paths[i]);
        /* A named pipe can be opened only once: its writer would be gone. */
        if (is_stdin(paths[i]) || (stat(paths[i], &st) == 0 && S_ISFIFO(st.st_mode)))
            continue;
        if (!open_file(&f))
            return CLI_LOCAL;
        close(f.fd);
    }
    return CLI_OK;
}

/* One read: what a pipe has now is sent now. */
static ssize_t read_some(int fd, uint8_t *buffer, size_t size)
{
    ssize_t n;

    do
        n = read(fd, buffer, size);
    while (n < 0 && errno == EINTR);
    return n;
}

static enum stream_result out_of_memory(struct stream *s)
{
    return stream_fail(s, STREAM_LOST, "out of memory");
}

static enum stream_result send_begin(struct sending *f)
{
    size_t length = strlen(f->name);
    uint8_t *body = stream_body(f->stream, 8 + length);

    if (!body)
        return out_of_memory(f->stream);
    put_u64(body, f->size);
    memcpy(body + 8, f->name, length);
    return stream_send(f->stream, STREAM_FILE, 8 + length);
}

/* *code: CLI_LOCAL, after a message, when the file itself fails. */
static enum stream_result send_data(struct sending *f, int *code)
{
    enum stream_result result = STREAM_OK;

    while (result == STREAM_OK) {
        uint8_t *body = stream_body(f->stream, f->options->record);
        if (!body)
            return out_of_memory(f->stream);
        if (f->size == STREAM_SIZE_UNKNOWN && !net_await_input(f->fd, f->stream->fd))
            return stream_interrupted(f->stream);
        ssize_t n = read_some(f->fd, body, f->options->record);
        if (n < 0) {
            progress_end(&f->progress);
            cli_error("cannot read %s: %s", f->path, strerror(errno));
            *code = CLI_LOCAL;
        }
        if (n <= 0)
            break;
        f->sent += (uint64_t)n;
        result = stream_send(f->stream, STREAM_DATA, (size_t)n);
        progress_update(&f->progress, f->sent);
    }
    if (result == STREAM_OK && *code == CLI_OK && f->size != STREAM_SIZE_UNKNOWN && f->sent != f->size) {
        progress_end(&f->progress);
        cli_error("%s changed while it was being sent: it had %" PRIu64 " bytes and now %" PRIu64, f->path,
                  f->size, f->sent);
        *code = CLI_LOCAL;
    }
    return result;
}

static enum stream_result send_end(struct sending *f)
{
    uint8_t *body = stream_body(f->stream, 8);

    if (!body)
        return out_of_memory(f->stream);
    put_u64(body, f->sent);
    return stream_send(f->stream, STREAM_END, 8);
}

/* The listener's word, signed, on what became of the file. */
static enum stream_result read_receipt(struct sending *f, uint64_t messages, int *code)
{
    struct stream *s = f->stream;
    struct message m;
    char text[STREAM_TEXT_MAX], bytes[32], name[512];
    enum stream_result result = stream_receive(s, &m);

    if (result != STREAM_OK)
        return result;
    if (m.kind != STREAM_RECEIPT || m.size < 9 || get_u64(m.body + 1) != f->sent)
        return stream_fail(s, STREAM_NONSENSE, "the listener's receipt does not fit what was sent");
    text_safe(text, sizeof(text), m.body + 9, m.size - 9);
    text_safe(name, sizeof(name), f->name, strlen(f->name));
    if (m.body[0] > RECEIPT_KEPT) {
        cli_error("%s arrived and was verified, but the listener did not keep it: %s", name, text);
        *code = CLI_FAILED;
    } else if (!f->options->quiet) {
        printf("%s: %s in %" PRIu64 " %s messages, verified by the listener%s%s\n", name,
               text_bytes(bytes, sizeof(bytes), f->sent), messages, s->seal ? "sealed" : "signed",
               *text ? ", kept as " : "", text);
        fflush(stdout);
    }
    return STREAM_OK;
}

/* *code is set where the stream goes on all the same, or cannot for a reason that has been told. */
static enum stream_result send_file(struct stream *s, const struct options *o, const char *path, int *code)
{
    struct sending f = {.stream = s, .options = o, .path = path};
    uint64_t before = s->sent;

    if (!open_file(&f)) {
        *code = CLI_LOCAL;
        return STREAM_OK;
    }
    progress_begin(&f.progress, f.name, f.size, o->quiet);
    enum stream_result result = send_begin(&f);
    if (result == STREAM_OK)
        result = send_data(&f, code);
    if (result == STREAM_OK && *code == CLI_OK)
        result = send_end(&f);
    progress_end(&f.progress);
    if (result == STREAM_OK && *code == CLI_OK)
        result = read_receipt(&f, s->sent - before, code);
    close(f.fd);
    return result;
}

/* Without this a connection cut after the last file would look like its end. */
static enum stream_result say_goodbye(struct stream *s, int files)
{
    struct message m;
    uint8_t *body = stream_body(s, 4);

    if (!body)
        return out_of_memory(s);
    put_u32(body, (uint32_t)files);
    enum stream_result result = stream_send(s, STREAM_BYE, 4);
    if (result == STREAM_OK)
        result = stream_receive(s, &m);
    if (result == STREAM_OK && (m.kind != STREAM_FAREWELL || m.size != 8 || get_u64(m.body) != s->sent))
        return stream_fail(s, STREAM_NONSENSE,
                           "the listener verified another number of messages than were sent");
    return result;
}

/* Files until one of them ends everything; a file that was merely not kept over there does not. */
static enum stream_result send_files(struct stream *s, const struct options *o, int count, char **paths,
                                     int *code)
{
    enum stream_result result = STREAM_OK;
    int worst = CLI_OK;

    for (int i = 0; i < count; i++) {
        int one = CLI_OK;

        result = send_file(s, o, paths[i], &one);
        if (one != CLI_OK)
            worst = one;
        if (result != STREAM_OK || one == CLI_LOCAL) {
            *code = worst;
            return result;
        }
    }
    *code = worst;
    return say_goodbye(s, count);
}

static void introduce(struct stream *s, const struct options *o)
{
    struct auth_facts facts;

    if (o->quiet)
        return;
    auth_describe(s, &facts);
    printf("authenticated to %s:%s%s%s by %s, messages are %s\n", o->host, o->port, *facts.name ? " as " : "",
           facts.name, facts.package, facts.protection);
    fflush(stdout);
}

static void report(struct stream *s, enum stream_result result)
{
    const char *advice = NULL;

    if (result == STREAM_REFUSED || result == STREAM_TOLD)
        advice = SspiStatusAdvice(s->status);
    cli_error("%s%s%s", s->why, advice ? " " : "", advice ? advice : "");
}

static int converse(int fd, CredHandle *credentials, const struct options *o, int count, char **paths)
{
    struct stream s;
    int code = CLI_OK;

    stream_init(&s, fd, true);
    s.idle_ms = s.busy_ms = o->timeout_ms;
    enum stream_result result = auth_initiate(&s, credentials, &o->auth);
    if (result == STREAM_OK) {
        introduce(&s, o);
        result = send_files(&s, o, count, paths, &code);
    }
    if (result != STREAM_OK) {
        report(&s, result);
        code = stream_exit(&s, result);
    }
    stream_done(&s);
    return code;
}

static int run(const struct options *o, int count, char **paths)
{
    const char *error = "";
    CredHandle credentials;

    int result = check_files(o, count, paths);
    if (result != CLI_OK)
        return result;
    result =
        auth_credentials(o->auth.package, SECPKG_CRED_OUTBOUND, o->user, o->password_stdin, &credentials);
    if (result != CLI_OK)
        return result;
    int fd = net_connect(o->host, o->port, o->timeout_ms, &error);
    if (fd < 0) {
        cli_error("cannot connect to %s port %s: %s", o->host, o->port, error);
        result = CLI_NETWORK;
    } else {
        result = converse(fd, &credentials, o, count, paths);
        close(fd);
    }
    FreeCredentialsHandle(&credentials);
    return cli_finish(result);
}

enum {
    OPT_PACKAGE = 1,
    OPT_USER,
    OPT_PASSWORD,
    OPT_CCACHE,
    OPT_KEYTAB,
    OPT_TARGET,
    OPT_SEAL,
    OPT_RECORD,
    OPT_NAME,
    OPT_TIMEOUT,
    OPT_BINDINGS,
    OPT_QUIET,
    OPT_HELP
};

static const struct option table[] = {
    {"package", required_argument, NULL, OPT_PACKAGE},
    {"user", required_argument, NULL, OPT_USER},
    {"password-stdin", no_argument, NULL, OPT_PASSWORD},
    {"ccache", required_argument, NULL, OPT_CCACHE},
    {"keytab", required_argument, NULL, OPT_KEYTAB},
    {"target", required_argument, NULL, OPT_TARGET},
    {"seal", no_argument, NULL, OPT_SEAL},
    {"record", required_argument, NULL, OPT_RECORD},
    {"name", required_argument, NULL, OPT_NAME},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"channel-bindings", required_argument, NULL, OPT_BINDINGS},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static int set_option(struct options *o, int option, char *value)
{
    uint64_t number;

    switch (option) {
    case OPT_PACKAGE:
        o->auth.package = value;
        return CLI_OK;
    case OPT_USER:
        o->user = value;
        return CLI_OK;
    case OPT_PASSWORD:
        o->password_stdin = true;
        return CLI_OK;
    case OPT_CCACHE:
        return auth_environment("KRB5CCNAME", value);
    case OPT_KEYTAB:
        return auth_environment("KRB5_CLIENT_KTNAME", value);
    case OPT_TARGET:
        o->auth.target = value;
        return CLI_OK;
    case OPT_SEAL:
        o->auth.seal = true;
        return CLI_OK;
    case OPT_RECORD:
        if (!text_number(value, 1, STREAM_MESSAGE_MAX - 1, &number))
            return cli_usage("--record takes a number of bytes from 1 to %d, not '%s'",
                             STREAM_MESSAGE_MAX - 1, value);
        o->record = (size_t)number;
        return CLI_OK;
    case OPT_NAME:
        o->stdin_name = value;
        return CLI_OK;
    case OPT_TIMEOUT:
        if (!text_number(value, 1, 86400, &number))
            return cli_usage("--timeout takes seconds from 1 to 86400, not '%s'", value);
        o->timeout_ms = (int)number * 1000;
        return CLI_OK;
    case OPT_BINDINGS:
        o->auth.bindings = value;
        return CLI_OK;
    case OPT_QUIET:
        o->quiet = true;
        return CLI_OK;
    default:
        return cli_usage_getopt();
    }
}

int cmd_send(int argc, char **argv)
{
    static char package[] = "Negotiate";
    char target[300];
    struct options o = {
        .auth = {.package = package}, .stdin_name = "stdin", .record = 65536, .timeout_ms = 30000};

    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (c == OPT_HELP) {
            fputs(help, stdout);
            return cli_finish(CLI_OK);
        }
        int bad = set_option(&o, c, optarg);
        if (bad)
            return bad;
    }
    if (argc - optind < 1)
        return cli_usage("send what, and where to?");
    if (!net_split(argv[optind], o.host, o.port) || *o.host == '\0')
        return cli_usage("'%s' is not HOST:PORT", argv[optind]);
    if (argc - optind < 2)
        return cli_usage("no files were named ('-' is standard input)");
    if (*o.stdin_name == '\0' || strlen(o.stdin_name) > STREAM_NAME_MAX)
        return cli_usage("--name takes 1 to %d bytes", STREAM_NAME_MAX);
    if (o.password_stdin && !o.user)
        return cli_usage("--password-stdin needs --user");
    snprintf(target, sizeof(target), "host/%s", o.host);
    if (!o.auth.target)
        o.auth.target = target;
    return run(&o, argc - optind - 1, argv + optind + 1);
}
