/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

static const char help[] =
    "Usage: sspi accounts add [DOMAIN\\]USER [--replace] [--password-stdin]\n"
    "       sspi accounts list [--json]\n"
    "       sspi accounts remove [DOMAIN\\]USER\n"
    "       sspi accounts import FILE [--replace]\n"
    "Keep the accounts that an NTLM acceptor of this machine lets in. Passwords are turned into NT hashes at "
    "once; who\n"
    "reads the store can log on with them, so it belongs to its owner alone (mode 0600).\n\n"
    "  --store FILE      this store instead of the one that sspi.conf names\n"
    "  --replace         change the password of an account that exists\n"
    "  --password-stdin  the first line of standard input is the password; otherwise the terminal is asked, "
    "twice\n"
    "  --json            list as a JSON array\n"
    "  --help            this text\n\n"
    "An account without DOMAIN is good for whatever domain the client names. FILE has lines "
    "DOMAIN:USER:PASSWORD, as\n"
    "NTLM_USER_FILE has; all of them are imported or none.\n";

struct accounts_options {
    const char *store;
    bool replace, password_stdin, json;
};

struct listing {
    const struct accounts_options *options;
    unsigned count;
};

/* name becomes DOMAIN\USER in two parts; the backslash becomes a terminator. */
static const char *split_domain(char *name, const char **domain)
{
    char *backslash = strchr(name, '\\');

    *domain = "";
    if (!backslash)
        return name;
    *backslash = '\0';
    *domain = name;
    return backslash + 1;
}

/* What the library says is wrong, in its own words where it has some. */
static int report(SECURITY_STATUS status, const char *what, const SspiErrorInfo *error)
{
    char name[64];

    if (status == SEC_E_OK)
        return cli_finish(CLI_OK);
    if (error->text[0])
        cli_error("%s: %s [%s]", what, error->text, text_status(status, name, sizeof(name)));
    else
        cli_error_status(what, status);
    switch (status) {
    case SEC_E_INVALID_PARAMETER:
    case SEC_E_UNKNOWN_CREDENTIALS:
        return CLI_FAILED;
    default:
        return CLI_LOCAL;
    }
}

static int accounts_add(char *name, const struct accounts_options *options)
{
    char password[PASSWORD_MAX], prompt[300], shown[256];
    const char *domain;
    const char *user = split_domain(name, &domain);
    SspiErrorInfo error = {.text = ""};

    if (*user == '\0')
        return cli_usage("the account needs a user name");
    snprintf(prompt, sizeof(prompt),
             "Password for %s: ", text_safe(shown, sizeof(shown), user, strlen(user)));
    if (!(options->password_stdin ? password_stdin(password) : password_ask(prompt, true, password)))
        return CLI_LOCAL;
    SECURITY_STATUS status = SspiAccountAdd(options->store, domain, user, password, options->replace, &error);
    password_wipe(password);
    return report(status, "the account was not added", &error);
}

static int accounts_remove(char *name, const struct accounts_options *options)
{
    const char *domain;
    const char *user = split_domain(name, &domain);
    SspiErrorInfo error = {.text = ""};
    SECURITY_STATUS status = SspiAccountRemove(options->store, domain, user, &error);

    return report(status, "the account was not removed", &error);
}

static BOOLEAN list_one(void *arg, const SspiAccount *account)
{
    struct listing *listing = arg;
    char domain[256], user[256];

    if (listing->options->json) {
        printf("%s\n  {\"domain\": ", listing->count ? "," : "[");
        text_json(stdout, account->Domain);
        printf(", \"user\": ");
        text_json(stdout, account->User);
        printf("}");
    } else {
        text_safe(domain, sizeof(domain), account->Domain, strlen(account->Domain));
        text_safe(user, sizeof(user), account->User, strlen(account->User));
        printf("%s%s%s\n", domain, *domain ? "\\" : "", user);
    }
    listing->count++;
    return TRUE;
}

static int accounts_list(char *unused, const struct accounts_options *options)
{
    struct listing listing = {.options = options};
    SspiErrorInfo error = {.text = ""};

    (void)unused;
    SECURITY_STATUS status = SspiAccountList(options->store, list_one, &listing, &error);
    if (options->json && (status == SEC_E_OK || listing.count))
        printf("%s]\n", listing.count ? "\n" : "[");
    return report(status, "the accounts cannot be listed", &error);
}

static int accounts_import(char *file, const struct accounts_options *options)
{
    SspiErrorInfo error = {.text = ""};
    ULONG imported = 0;
    SECURITY_STATUS status = SspiAccountImport(options->store, file, options->replace, &imported, &error);

    if (status == SEC_E_OK)
        printf("%" PRIu32 " account%s imported\n", imported, imported == 1 ? "" : "s");
    return report(status, "nothing was imported", &error);
}

static const struct {
    const char *verb;
    const char *argument; /* NULL: takes none */
    int (*run)(char *argument, const struct accounts_options *options);
} verbs[] = {
    {"add", "[DOMAIN\\]USER", accounts_add},
    {"list", NULL, accounts_list},
    {"remove", "[DOMAIN\\]USER", accounts_remove},
    {"import", "FILE", accounts_import},
};

static int run_verb(int count, char **words, const struct accounts_options *options)
{
    if (count == 0)
        return cli_usage("which of add, list, remove, import?");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        int arguments = verbs[i].argument ? 1 : 0;

        if (strcmp(words[0], verbs[i].verb) != 0)
            continue;
        if (count - 1 < arguments)
            return cli_usage("'%s' needs %s", words[0], verbs[i].argument);
        if (count - 1 > arguments)
            return cli_usage("unexpected argument '%s'", words[1 + arguments]);
        return verbs[i].run(arguments ? words[1] : NULL, options);
    }
    return cli_usage("'%s' is none of add, list, remove, import", words[0]);
}

int cmd_accounts(int argc, char **argv)
{
    static const struct option table[] = {
        {"store", required_argument, NULL, 's'},    {"replace", no_argument, NULL, 'r'},
        {"password-stdin", no_argument, NULL, 'p'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},           {0}};
    struct accounts_options options = {.store = NULL};

    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        switch (c) {
        case 's':
            options.store = optarg;
            break;
        case 'r':
            options.replace = true;
            break;
        case 'p':
            options.password_stdin = true;
            break;
        case 'j':
            options.json = true;
            break;
        case 'h':
            fputs(help, stdout);
            return cli_finish(CLI_OK);
        default:
            return cli_usage_getopt();
        }
    }
    return run_verb(argc - optind, argv + optind, &options);
}
