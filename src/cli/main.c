/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <string.h>

const char *cli_name = "sspi";

struct command {
    const char *name;
    const char *full_name;
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct command commands[10];

static void print_help(FILE *f)
{
    fputs("Usage: sspi COMMAND [OPTION...] [ARGUMENT...]\n"
          "Sign, verify and look at messages with the Security Support Provider Interface.\n\n",
          f);
    for (const struct command *c = commands; c->name; c++)
        fprintf(f, "  %-10s %s\n", c->name, c->summary);
    fputs("\n  --help     this text; `sspi COMMAND --help` for the options of a command\n"
          "  --version  the version of this program and of the library it runs with\n\n"
          "Exit codes: 0 done, 1 something is not genuine or not there, 2 wrong usage, 3 network, 4 "
          "authentication,\n"
          "5 a local file or setting. More in sspi(1).\n",
          f);
}

static int print_version(void)
{
    printf("sspi %s (libsspi %s)\n", OPENSSPI_VERSION, SspiVersion());
    return cli_finish(CLI_OK);
}

static char word_help[] = "--help";

/* `sspi help` and `sspi help COMMAND`. */
static int help_command(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stdout);
        return cli_finish(CLI_OK);
    }
    for (const struct command *c = commands; c->name; c++) {
        if (strcmp(c->name, argv[1]) == 0 && c->run != help_command) {
            char *again[] = {argv[1], word_help, NULL};
            return c->run(2, again);
        }
    }
    cli_name = "sspi";
    return cli_usage("there is no command '%s'", argv[1]);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return cli_finish(CLI_OK);
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return print_version();
    for (const struct command *c = commands; c->name; c++) {
        if (strcmp(argv[1], c->name) != 0)
            continue;
        cli_name = c->full_name;
        return c->run(argc - 1, argv + 1);
    }
    return cli_usage("there is no command '%s'", argv[1]);
}

static const struct command commands[10] = {
    {"packages", "sspi packages", cmd_packages, "list the security packages and what they offer"},
    {"accounts", "sspi accounts", cmd_accounts,
     "add, list, remove or import the accounts an NTLM acceptor knows"},
    {"listen", "sspi listen", cmd_listen, "receive signed files from many clients and verify them"},
    {"send", "sspi send", cmd_send, "sign files and send them to a listener"},
    {"inspect", "sspi inspect", cmd_inspect, "show the fields of an authentication token"},
    {"kernel", "sspi kernel", cmd_kernel, "move contexts into the Linux kernel, sign and verify there"},
    {"status", "sspi status", cmd_status, "explain a status such as 0x8009030C"},
    {"check", "sspi check", cmd_check, "try a security package against its contract"},
    {"help", "sspi help", help_command, "show help, also for one command"},
    {0},
};
