/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>

#include <sspi_check.h>

static const char help[] =
    "Usage: sspi check [OPTION...] MODULE [PACKAGE]\n"
    "Try a security package against the contract that packages have with SSPI, point by point. MODULE is a\n"
    "file, or the name of a package that is installed or built in; PACKAGE says which one of several in a "
    "file.\n"
    "Each point runs in a process of its own: a package may crash or never return, and that is told.\n\n"
    "  --list               the points: what each is about, and where its rule stands\n"
    "  --point=ID           this point, or all below it: make, verify.tamper, make.token.short\n"
    "  --json               one JSON object instead of TAP\n"
    "  --timeout=SECONDS    how long one point may take (10)\n"
    "  --user=NAME          whose name the initiator uses; without it an account is made for the purpose\n"
    "                       (NTLM, psk), or Kerberos' tickets and keytab of the environment are used\n"
    "  --domain=NAME        that user's domain\n"
    "  --password-stdin     the password is one line of standard input\n"
    "  --target=NAME        whom the initiator means to reach (host/NAME-OF-THIS-MACHINE)\n"
    "  --principal=NAME     of the acceptor's credentials\n"
    "  --config=FILE        an sspi.conf for the package; its accounts are used then\n"
    "  --help               this text\n\n"
    "Exit codes: 0 every point passes or is not offered, 1 some fail, 2 the package could not be loaded, or\n"
    "the command line makes no sense.\n";

static int list_points(bool json)
{
    const SspiCheckPoint *point;

    for (size_t i = 0; (point = SspiCheckPointAt(i)) != NULL; i++) {
        if (!json) {
            printf("%s\n    %s\n    %s\n", point->Id, point->Rule, point->Page);
            continue;
        }
        printf("%s\n  {\"id\": ", i == 0 ? "[" : ",");
        text_json(stdout, point->Id);
        printf(", \"rule\": ");
        text_json(stdout, point->Rule);
        printf(", \"page\": ");
        text_json(stdout, point->Page);
        printf("}");
    }
    if (json)
        printf("\n]\n");
    return cli_finish(CLI_OK);
}

enum {
    OPT_POINT = 256,
    OPT_TIMEOUT,
    OPT_USER,
    OPT_DOMAIN,
    OPT_PASSWORD,
    OPT_TARGET,
    OPT_PRINCIPAL,
    OPT_CONFIG
};

struct arguments {
    SspiCheckOptions kit;
    bool list, json, help, password_stdin;
};

/* CLI_OK, or what is wrong, said already. */
static int parse(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {
        {"list", no_argument, NULL, 'l'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"point", required_argument, NULL, OPT_POINT},
        {"timeout", required_argument, NULL, OPT_TIMEOUT},
        {"user", required_argument, NULL, OPT_USER},
        {"domain", required_argument, NULL, OPT_DOMAIN},
        {"password-stdin", no_argument, NULL, OPT_PASSWORD},
        {"target", required_argument, NULL, OPT_TARGET},
        {"principal", required_argument, NULL, OPT_PRINCIPAL},
        {"config", required_argument, NULL, OPT_CONFIG},
        {0},
    };
    const char **const texts[] = {
        [0] = &a->kit.Point,
        [OPT_USER - OPT_POINT] = &a->kit.User,
        [OPT_DOMAIN - OPT_POINT] = &a->kit.Domain,
        [OPT_TARGET - OPT_POINT] = &a->kit.Target,
        [OPT_PRINCIPAL - OPT_POINT] = &a->kit.Principal,
        [OPT_CONFIG - OPT_POINT] = &a->kit.Config,
    };

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        uint64_t number;
        if (c == '?')
            return cli_usage_getopt();
        a->list |= c == 'l';
        a->json |= c == 'j';
        a->help |= c == 'h';
        a->password_stdin |= c == OPT_PASSWORD;
        if (c == OPT_TIMEOUT && !text_number(optarg, 1, 3600, &number))
            return cli_usage("--timeout takes 1 to 3600 seconds, not '%s'", optarg);
        if (c == OPT_TIMEOUT)
            a->kit.Timeout = (unsigned)number;
        else if (c >= OPT_POINT && c != OPT_PASSWORD)
            *texts[c - OPT_POINT] = optarg;
    }
    return CLI_OK;
}

static volatile sig_atomic_t stop;

static void stopped(int number)
{
    (void)number;
    stop = 1;
}

/* The account that was made for the package must not stay behind; a second signal does not wait. A parent
 * that ignores SIGCHLD hands that on, and how the points' processes end could not be seen. */
static void stop_in_order(void)
{
    struct sigaction action = {.sa_handler = stopped, .sa_flags = (int)SA_RESETHAND};

    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGCHLD, SIG_DFL);
}

/* A load that failed has no exit code of its own among those of other commands: 2, as the page says. */
static int check(struct arguments *a)
{
    char password[PASSWORD_MAX];
    char text[sizeof(((SspiErrorInfo *)NULL)->text)];
    SspiErrorInfo error = {{0}};

    if (a->password_stdin) {
        if (!password_stdin(password))
            return CLI_USAGE;
        a->kit.Password = password;
    }
    stop_in_order();
    a->kit.Stop = &stop;
    int code = SspiCheckRun(&a->kit, a->json ? SSPI_CHECK_JSON : SSPI_CHECK_TAP, stdout, &error);
    if (a->password_stdin)
        password_wipe(password);
    if (stop)
        cli_error("interrupted: the other points were not tried");
    else if (code == 2)
        cli_error("%s", text_safe(text, sizeof(text), error.text, strlen(error.text)));
    return cli_finish(stop && code == 0 ? CLI_FAILED : code);
}

int cmd_check(int argc, char **argv)
{
    struct arguments a = {.kit = {.Helper = "/proc/self/exe"}};

    if (argc == 3 && strcmp(argv[1], "--child") == 0) {
        /* The kit's own process for one point: does not return. */
        char *child[] = {argv[0], argv[0], argv[1], argv[2], NULL};
        SspiCheckChild(4, child);
    }
    int code = parse(argc, argv, &a);
    if (code != CLI_OK)
        return code;
    if (a.help) {
        fputs(help, stdout);
        return cli_finish(CLI_OK);
    }
    if (a.list)
        return list_points(a.json);
    if (optind == argc)
        return cli_usage("which module?");
    if (optind + 2 < argc)
        return cli_usage("unexpected argument '%s'", argv[optind + 2]);
    if (a.password_stdin && a.kit.User == NULL)
        return cli_usage("--password-stdin without --user");
    a.kit.Module = argv[optind];
    a.kit.Package = argv[optind + 1];
    return check(&a);
}
