/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <getopt.h>
#include <inttypes.h>

static const char help[] = "Usage: sspi packages [--json]\n"
                           "List the security packages that this machine has: name, what DCE/RPC calls it, "
                           "the longest handshake token,\n"
                           "and what its contexts offer.\n\n"
                           "  --json   the same as a JSON array, capabilities as words\n"
                           "  --help   this text\n";

struct capability {
    ULONG flag;
    const char *word;
};

static const struct capability capabilities[] = {
    {SECPKG_FLAG_INTEGRITY, "integrity"},
    {SECPKG_FLAG_PRIVACY, "privacy"},
    {SECPKG_FLAG_TOKEN_ONLY, "token-only"},
    {SECPKG_FLAG_DATAGRAM, "datagram"},
    {SECPKG_FLAG_CONNECTION, "connection"},
    {SECPKG_FLAG_MULTI_REQUIRED, "multi-leg"},
    {SECPKG_FLAG_CLIENT_ONLY, "client-only"},
    {SECPKG_FLAG_EXTENDED_ERROR, "extended-error"},
    {SECPKG_FLAG_IMPERSONATION, "impersonation"},
    {SECPKG_FLAG_ACCEPT_WIN32_NAME, "win32-names"},
    {SECPKG_FLAG_STREAM, "stream"},
    {SECPKG_FLAG_NEGOTIABLE, "negotiable"},
    {SECPKG_FLAG_GSS_COMPATIBLE, "gss-compatible"},
    {SECPKG_FLAG_LOGON, "logon"},
    {SECPKG_FLAG_FRAGMENT, "fragment"},
    {SECPKG_FLAG_MUTUAL_AUTH, "mutual-auth"},
    {SECPKG_FLAG_DELEGATION, "delegation"},
    {SECPKG_FLAG_READONLY_WITH_CHECKSUM, "readonly-with-checksum"},
    {SECPKG_FLAG_NEGO_EXTENDER, "nego-extender"},
    {SECPKG_FLAG_NEGOTIABLE2, "negotiable2"},
    {0},
};

static void print_capabilities(ULONG flags, bool json)
{
    const char *between = "";

    for (const struct capability *c = capabilities; c->flag; c++) {
        if (!(flags & c->flag))
            continue;
        printf(json ? "%s\"%s\"" : "%s%s", between, c->word);
        between = json ? ", " : " ";
    }
}

static void print_rpc_id(const SecPkgInfoA *p)
{
    if (p->wRPCID == SECPKG_ID_NONE)
        printf("%-4s", "-");
    else
        printf("%-4u", p->wRPCID);
}

static void print_table(const SecPkgInfoA *packages, ULONG count)
{
    printf("%-12s %-4s %-9s %s\n", "NAME", "RPC", "MAX-TOKEN", "OFFERS");
    for (ULONG i = 0; i < count; i++) {
        const SecPkgInfoA *p = &packages[i];

        printf("%-12s ", p->Name);
        print_rpc_id(p);
        printf(" %-9" PRIu32 " ", p->cbMaxToken);
        print_capabilities(p->fCapabilities, false);
        printf("\n%27s %s\n", "", p->Comment ? p->Comment : "");
    }
}

static void print_json(const SecPkgInfoA *packages, ULONG count)
{
    printf("[");
    for (ULONG i = 0; i < count; i++) {
        const SecPkgInfoA *p = &packages[i];

        printf("%s\n  {\"name\": ", i ? "," : "");
        text_json(stdout, p->Name);
        printf(", \"comment\": ");
        text_json(stdout, p->Comment ? p->Comment : "");
        printf(", \"version\": %u, \"rpc_id\": %u, \"max_token\": %" PRIu32 ", \"flags\": %" PRIu32
               ",\n   \"capabilities\": [",
               p->wVersion, p->wRPCID, p->cbMaxToken, p->fCapabilities);
        print_capabilities(p->fCapabilities, true);
        printf("]}");
    }
    printf("%s]\n", count ? "\n" : "");
}

int cmd_packages(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    bool json = false;
    ULONG count = 0;
    SecPkgInfoA *packages = NULL;

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return cli_finish(CLI_OK);
        }
        if (c != 'j')
            return cli_usage_getopt();
        json = true;
    }
    if (optind < argc)
        return cli_usage("unexpected argument '%s'", argv[optind]);

    SECURITY_STATUS status = EnumerateSecurityPackagesA(&count, &packages);
    if (status != SEC_E_OK) {
        cli_error_status("the packages cannot be listed", status);
        return CLI_LOCAL;
    }
    if (json)
        print_json(packages, count);
    else
        print_table(packages, count);
    FreeContextBuffer(packages);
    if (count == 0)
        cli_error("no package could start: SSPI_TRACE=/dev/stderr says why");
    return cli_finish(count ? CLI_OK : CLI_LOCAL);
}
