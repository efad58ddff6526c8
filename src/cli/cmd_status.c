/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: sspi status STATUS...\n"
    "Explain statuses of SSPI and of security packages: name, what happened, what to look at next.\n"
    "STATUS is a number (0x8009030C, 2148074252, -2146893044) or a name (SEC_E_LOGON_DENIED, "
    "logon_denied).\n\n"
    "  --help   this text\n\n"
    "Exit code 1: a status has no name.\n";

/* A 32-bit number, written as unsigned, as signed or in hexadecimal. */
static bool parse_number(const char *s, SECURITY_STATUS *status)
{
    bool hex = strncasecmp(s, "0x", 2) == 0;
    char *end;

    errno = 0;
    long long number = strtoll(s, &end, hex ? 16 : 10);
    if (errno || end == s || *end || number < INT32_MIN || number > UINT32_MAX)
        return false;
    *status = (SECURITY_STATUS)(uint32_t)number;
    return true;
}

static int explain(const char *word)
{
    SECURITY_STATUS status;
    char shown[128];

    if (!parse_number(word, &status) && !SspiStatusByName(word, &status)) {
        cli_error("'%s' is neither a number of 32 bits nor the name of a status",
                  text_safe(shown, sizeof(shown), word, strlen(word)));
        return CLI_FAILED;
    }
    const char *name = SspiStatusName(status);
    if (!name) {
        cli_error("0x%08" PRIX32 " is no status that SSPI has a name for", (uint32_t)status);
        return CLI_FAILED;
    }
    const char *text = SspiStatusText(status);
    const char *advice = SspiStatusAdvice(status);
    printf("%s  0x%08" PRIX32 "  %" PRId32 "\n", name, (uint32_t)status, status);
    if (text)
        printf("  %s\n", text);
    if (advice)
        printf("  %s\n", advice);
    return CLI_OK;
}

/* getopt would take -2146893044 for options: everything that begins with a digit after the minus is a number.
 */
static bool is_option(const char *word)
{
    return word[0] == '-' && !(word[1] >= '0' && word[1] <= '9');
}

int cmd_status(int argc, char **argv)
{
    int result = CLI_OK;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return cli_finish(CLI_OK);
        }
        if (is_option(argv[i]))
            return cli_usage("unrecognized option '%s'", argv[i]);
    }
    if (argc < 2)
        return cli_usage("which status?");
    for (int i = 1; i < argc; i++) {
        if (explain(argv[i]) != CLI_OK)
            result = CLI_FAILED;
    }
    return cli_finish(result);
}
