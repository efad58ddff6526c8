/* SPDX-License-Identifier: MIT */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static const char help[] =
    "Usage: sspi listen [OPTION...]\n"
    "Receive files from `sspi send` and verify every message. Serves many clients at the same time until "
    "SIGINT or\n"
    "SIGTERM. The first line on standard output is 'listening on HOST:PORT'.\n\n"
    "  --host HOST              address to listen on (default 127.0.0.1)\n"
    "  --port PORT              0, the default, takes any that is free\n"
    "  --package NAME           security package (default Negotiate: Kerberos or NTLM)\n"
    "  --keytab FILE            Kerberos: the keys of this service, instead of KRB5_KTNAME\n"
    "  --out FOLDER             keep the files here; one that exists is not replaced, the new one gets a "
    "number\n"
    "  --overwrite              replace it\n"
    "  --once                   serve one client and end with its exit code\n"
    "  --quiet                  no line per message\n"
    "  --max-file SIZE          largest file taken (default 4G; K, M, G are understood)\n"
    "  --max-clients NUMBER     at the same time (default 128)\n"
    "  --auth-timeout SECONDS   how long a client may take to authenticate (default 30)\n"
    "  --timeout SECONDS        how long an authenticated client may be silent (default 300)\n"
    "  --channel-bindings TEXT  application data that the client must have bound its authentication to\n"
    "  --help                   this text\n\n"
    "Exit codes: 0 ended by a signal, or --once and all verified; 1 a message was not genuine; 2 wrong "
    "usage;\n"
    "3 network; 4 authentication; 5 a local file or setting. More in sspi(1).\n";

struct options {
    const char *host, *port;
    bool once;
    unsigned max_clients;
    struct serve_settings serve;
};

struct listener;

struct seat {
    struct listener *listener;
    int fd; /* -1: free */
    unsigned number;
    char peer[NET_NAME_MAX];
};

struct listener {
    const struct options *options;
    pthread_mutex_t lock;
    pthread_cond_t left; /* a seat became free */
    unsigned seated;
    struct seat *seats;
    struct {
        unsigned clients, authenticated, refused, files;
        uint64_t messages, bytes;
        int exit; /* of the last client */
    } total;
};

/* Signals write here, and the only client of --once when it leaves; the accepting loop reads. */
static int wake_pipe[2] = {-1, -1};

static void wake(void)
{
    ssize_t n = write(wake_pipe[1], "", 1);

    (void)n;
}

static void on_signal(int number)
{
    int saved = errno;

    (void)number;
    wake();
    errno = saved;
}

static bool watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0;
}

static void count(struct listener *l, const struct serve_result *r)
{
    l->total.authenticated += r->authenticated;
    l->total.refused += r->exit != CLI_OK;
    l->total.files += r->files;
    l->total.messages += r->messages;
    l->total.bytes += r->bytes;
    l->total.exit = r->exit;
}

/* serve_client closes the descriptor; while seat->fd names it, the main thread may shut it down. So it is a
 * copy. */
static void *run_seat(void *arg)
{
    struct seat *seat = arg;
    struct listener *l = seat->listener;
    struct serve_result result;
    int fd = dup(seat->fd);

    if (fd >= 0)
        serve_client(&l->options->serve, fd, seat->number, seat->peer, &result);
    else
        result = (struct serve_result){.exit = CLI_LOCAL};
    pthread_mutex_lock(&l->lock);
    close(seat->fd);
    seat->fd = -1;
    l->seated--;
    count(l, &result);
    pthread_cond_broadcast(&l->left);
    if (l->options->once)
        wake();
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static struct seat *find_seat(struct listener *l)
{
    for (unsigned i = 0; i < l->options->max_clients; i++) {
        if (l->seats[i].fd < 0)
            return &l->seats[i];
    }
    return NULL;
}

/* False: no thread, or all seats are taken; fd is closed then. */
static bool seat_client(struct listener *l, int fd, const char *peer)
{
    pthread_t thread;
    pthread_attr_t detached;

    pthread_mutex_lock(&l->lock);
    struct seat *seat = find_seat(l);
    if (seat) {
        seat->fd = fd;
        seat->number = ++l->total.clients;
        memcpy(seat->peer, peer, sizeof(seat->peer));
        l->seated++;
    }
    pthread_mutex_unlock(&l->lock);
    if (!seat) {
        serve_turn_away(fd);
        return false;
    }
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &detached, run_seat, seat);
    pthread_attr_destroy(&detached);
    if (!failed)
        return true;
    pthread_mutex_lock(&l->lock);
    seat->fd = -1;
    l->seated--;
    pthread_mutex_unlock(&l->lock);
    serve_turn_away(fd);
    return false;
}

/* Ends the connections of all clients and waits until they have gone. */
static void empty_seats(struct listener *l)
{
    pthread_mutex_lock(&l->lock);
    for (unsigned i = 0; i < l->options->max_clients; i++) {
        if (l->seats[i].fd >= 0)
            shutdown(l->seats[i].fd, SHUT_RDWR);
    }
    while (l->seated > 0)
        pthread_cond_wait(&l->left, &l->lock);
    pthread_mutex_unlock(&l->lock);
}

/* True when a signal asked for the end. */
static bool accept_clients(struct listener *l, int socket)
{
    struct pollfd watched[2] = {{.fd = wake_pipe[0], .events = POLLIN}, {.fd = socket, .events = POLLIN}};
    char peer[NET_NAME_MAX];

    for (;;) {
        if (poll(watched, 2, -1) < 0 && errno != EINTR)
            return true;
        if (watched[0].revents)
            return true;
        if (!(watched[1].revents & POLLIN))
            continue;
        int fd = net_accept(socket, peer);
        if (fd >= 0) {
            if (seat_client(l, fd, peer) && l->options->once)
                return false;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            /* The next client waits in the queue; polling at once would only spin. */
            cli_error("cannot accept a client now: %s", strerror(errno));
            poll(watched, 1, 100);
        }
    }
}

static void print_summary(const struct listener *l)
{
    printf("%u clients, %u authenticated, %u failed or refused; %" PRIu64
           " messages verified, %u files, %" PRIu64 " bytes\n",
           l->total.clients, l->total.authenticated, l->total.refused, l->total.messages, l->total.files,
           l->total.bytes);
}

static int serve_all(struct listener *l, int socket)
{
    char name[NET_NAME_MAX];

    net_local_name(socket, name);
    printf("listening on %s\n", name);
    fflush(stdout);
    bool stopped = accept_clients(l, socket);
    close(socket);
    if (!stopped) {
        /* --once: the client's end, or a signal, whichever comes first. */
        struct pollfd woken = {.fd = wake_pipe[0], .events = POLLIN};
        while (poll(&woken, 1, -1) < 0 && errno == EINTR)
            ;
    }
    empty_seats(l);
    print_summary(l);
    return cli_finish(stopped ? CLI_OK : l->total.exit);
}

static BOOLEAN find_one(void *arg, const SspiAccount *account)
{
    (void)account;
    *(bool *)arg = true;
    return FALSE;
}

/* A store without accounts is allowed, they may come later; but whoever wonders why nobody gets in should
 * know. */
static void warn_without_accounts(const struct options *o)
{
    SspiErrorInfo error = {.text = ""};
    bool found = false;

    bool uses_store =
        strcasecmp(o->serve.package, "NTLM") == 0 || strcasecmp(o->serve.package, "Negotiate") == 0;
    if (!uses_store || getenv("NTLM_USER_FILE"))
        return;
    SECURITY_STATUS status = SspiAccountList(NULL, find_one, &found, &error);
    if (status != SEC_E_OK)
        cli_error("nobody can log on by NTLM: %s", error.text);
    else if (!found)
        cli_error("nobody can log on by NTLM yet: there are no accounts; 'sspi accounts add' makes some");
}

static int run(struct options *o)
{
    struct listener l = {.options = o, .lock = PTHREAD_MUTEX_INITIALIZER, .left = PTHREAD_COND_INITIALIZER};
    const char *error = "";
    int result = CLI_LOCAL;

    o->serve.folder = o->serve.out ? open(o->serve.out, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (o->serve.out && o->serve.folder < 0) {
        cli_error("cannot open the folder %s: %s", o->serve.out, strerror(errno));
        return CLI_LOCAL;
    }
    l.seats = calloc(o->max_clients, sizeof(l.seats[0]));
    if (!l.seats || !watch_signals()) {
        cli_error("cannot start: %s", strerror(errno));
        goto out;
    }
    for (unsigned i = 0; i < o->max_clients; i++)
        l.seats[i] = (struct seat){.listener = &l, .fd = -1};
    result = auth_credentials(o->serve.package, SECPKG_CRED_INBOUND, NULL, false, &o->serve.credentials);
    if (result != CLI_OK)
        goto out;
    warn_without_accounts(o);
    int socket = net_listen(o->host, o->port, &error);
    if (socket < 0) {
        cli_error("cannot listen on %s port %s: %s", o->host, o->port, error);
        result = CLI_NETWORK;
    } else {
        result = serve_all(&l, socket);
    }
    FreeCredentialsHandle(&o->serve.credentials);
out:
    free(l.seats);
    if (o->serve.folder >= 0)
        close(o->serve.folder);
    return result;
}

enum {
    OPT_HOST = 1,
    OPT_PORT,
    OPT_PACKAGE,
    OPT_KEYTAB,
    OPT_OUT,
    OPT_OVERWRITE,
    OPT_ONCE,
    OPT_QUIET,
    OPT_MAX_FILE,
    OPT_MAX_CLIENTS,
    OPT_AUTH_TIMEOUT,
    OPT_TIMEOUT,
    OPT_BINDINGS,
    OPT_HELP
};

static const struct option table[] = {
    {"host", required_argument, NULL, OPT_HOST},
    {"port", required_argument, NULL, OPT_PORT},
    {"package", required_argument, NULL, OPT_PACKAGE},
    {"keytab", required_argument, NULL, OPT_KEYTAB},
    {"out", required_argument, NULL, OPT_OUT},
    {"overwrite", no_argument, NULL, OPT_OVERWRITE},
    {"once", no_argument, NULL, OPT_ONCE},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"max-file", required_argument, NULL, OPT_MAX_FILE},
    {"max-clients", required_argument, NULL, OPT_MAX_CLIENTS},
    {"auth-timeout", required_argument, NULL, OPT_AUTH_TIMEOUT},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"channel-bindings", required_argument, NULL, OPT_BINDINGS},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static int set_number(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    if (text_number(text, min, max, value))
        return CLI_OK;
    return cli_usage("--%s takes a number from %" PRIu64 " to %" PRIu64 ", not '%s'", option, min, max, text);
}

static int set_option(struct options *o, int option, char *value)
{
    uint64_t number;
    int bad = CLI_OK;

    switch (option) {
    case OPT_HOST:
        o->host = value;
        return CLI_OK;
    case OPT_PORT:
        o->port = value;
        return set_number("port", value, 0, 65535, &number);
    case OPT_PACKAGE:
        o->serve.package = value;
        return CLI_OK;
    case OPT_KEYTAB:
        return auth_environment("KRB5_KTNAME", value);
    case OPT_OUT:
        o->serve.out = value;
        return CLI_OK;
    case OPT_OVERWRITE:
        o->serve.overwrite = true;
        return CLI_OK;
    case OPT_ONCE:
        o->once = true;
        return CLI_OK;
    case OPT_QUIET:
        o->serve.quiet = true;
        return CLI_OK;
    case OPT_MAX_FILE:
        return set_number("max-file", value, 0, INT64_MAX, &o->serve.max_file);
    case OPT_MAX_CLIENTS:
        bad = set_number("max-clients", value, 1, 10000, &number);
        o->max_clients = bad ? 0 : (unsigned)number;
        return bad;
    case OPT_AUTH_TIMEOUT:
        bad = set_number("auth-timeout", value, 1, 86400, &number);
        o->serve.auth_ms = bad ? 0 : (int)number * 1000;
        return bad;
    case OPT_TIMEOUT:
        bad = set_number("timeout", value, 1, 86400, &number);
        o->serve.idle_ms = bad ? 0 : (int)number * 1000;
        return bad;
    case OPT_BINDINGS:
        o->serve.bindings = value;
        return CLI_OK;
    default:
        return cli_usage_getopt();
    }
}

int cmd_listen(int argc, char **argv)
{
    static char package[] = "Negotiate";
    struct options o = {
        .host = "127.0.0.1",
        .port = "0",
        .max_clients = 128,
        .serve = {.package = package,
                  .folder = -1,
                  .max_file = UINT64_C(4) << 30,
                  .idle_ms = 300000,
                  .auth_ms = 30000},
    };

    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (c == OPT_HELP) {
            fputs(help, stdout);
            return cli_finish(CLI_OK);
        }
        int bad = set_option(&o, c, optarg);
        if (bad)
            return bad;
    }
    if (optind < argc)
        return cli_usage("unexpected argument '%s'", argv[optind]);
    return run(&o);
}
