/* SPDX-License-Identifier: MIT */
#include "realm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_MS = 60000 };

static pid_t kdc;
static pid_t kdc_owner;

static void give_up(const char *what)
{
    fprintf(stderr, "realm: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- programs ---- */

/* The child's standard output and error are one pipe's end; the other one is *from. */
static pid_t start(const char *const argv[], const char *input, int *from)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        give_up("pipe");
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        give_up("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that is killed leaves no KDC behind */
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(out[1], 2);
        execvp(argv[0], (char **)(uintptr_t)argv);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    size_t size = strlen(input);
    if (write(in[1], input, size) != (ssize_t)size)
        give_up(argv[0]);
    close(in[1]);
    *from = out[0];
    return pid;
}

/* What the program says, up to the text or its end. True: the text came. */
static bool read_until(int from, const char *text, char *said, size_t room)
{
    size_t at = 0;
    said[0] = 0;
    for (;;) {
        struct pollfd p = {from, POLLIN, 0};
        ssize_t n = poll(&p, 1, LIMIT_MS) == 1 ? read(from, said + at, room - 1 - at) : 0;
        if (n <= 0)
            return false;
        at += (size_t)n;
        said[at] = 0;
        if (text && strstr(said, text))
            return true;
        if (at == room - 1)
            at = 0;
    }
}

void realm_run(const char *input, const char *const argv[])
{
    char said[8192];
    int from, status = 0;
    pid_t pid = start(argv, input, &from);
    read_until(from, NULL, said, sizeof said);
    close(from);
    waitpid(pid, &status, 0);
    if (status != 0) {
        fprintf(stderr, "realm: %s ended with %d:\n%s\n", argv[0], status, said);
        exit(1);
    }
}

void realm_admin(const char *query)
{
    realm_run("", (const char *const[]){"/usr/sbin/kadmin.local", "-r", REALM, "-q", query, NULL});
}

/* ---- the KDC ---- */

/* A port that is free for both protocols now. */
static int free_port(void)
{
    for (int tries = 0; tries < 64; tries++) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof a;
        int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        bool both = bind(udp, (struct sockaddr *)&a, sizeof a) == 0 &&
                    getsockname(udp, (struct sockaddr *)&a, &size) == 0 &&
                    bind(tcp, (struct sockaddr *)&a, sizeof a) == 0;
        close(tcp);
        close(udp);
        if (both)
            return ntohs(a.sin_port);
    }
    give_up("no free port");
    return 0;
}

static const struct {
    unsigned number;
    const char *name;
} etypes[] = {
    {18, "aes256-cts-hmac-sha1-96"},    {17, "aes128-cts-hmac-sha1-96"}, {20, "aes256-cts-hmac-sha384-192"},
    {19, "aes128-cts-hmac-sha256-128"}, {23, "arcfour-hmac-md5"},
};
enum { ETYPES = sizeof etypes / sizeof etypes[0] };

static void configuration_name(unsigned etype, char *name, size_t room)
{
    snprintf(name, room, "krb5-%u.conf", etype);
}

/* A file of its own for each order: the library looks whether one has changed once a second only. */
static void write_client_configuration(int port, unsigned etype)
{
    char text[4096], list[256] = "", name[32];
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < ETYPES; i++)
            if ((etypes[i].number == etype) == (pass == 0))
                snprintf(list + strlen(list), sizeof list - strlen(list), " %s", etypes[i].name);
    snprintf(text, sizeof text,
             "[libdefaults]\n"
             "    default_realm = " REALM "\n"
             "    dns_lookup_realm = false\n"
             "    dns_lookup_kdc = false\n"
             "    dns_canonicalize_hostname = false\n"
             "    rdns = false\n"
             "    forwardable = true\n"
             "    allow_weak_crypto = true\n"
             "    allow_rc4 = true\n"
             "    permitted_enctypes =%s\n"
             "    default_tkt_enctypes = aes256-cts-hmac-sha1-96\n"
             "[realms]\n"
             "    " REALM " = {\n"
             "        kdc = 127.0.0.1:%d\n"
             "    }\n"
             "[domain_realm]\n"
             "    server = " REALM "\n"
             "    .test.example = " REALM "\n",
             list, port);
    configuration_name(etype, name, sizeof name);
    kit_write_file(name, text);
}

void realm_prefer(unsigned etype)
{
    char name[32];
    configuration_name(etype, name, sizeof name);
    setenv("KRB5_CONFIG", kit_path(name), 1);
}

static void write_configuration(int port)
{
    char text[4096];
    write_client_configuration(port, 0);
    for (size_t i = 0; i < ETYPES; i++)
        write_client_configuration(port, etypes[i].number);
    snprintf(text, sizeof text,
             "[kdcdefaults]\n"
             "    kdc_listen = 127.0.0.1:%d\n"
             "    kdc_tcp_listen = 127.0.0.1:%d\n"
             "[realms]\n"
             "    " REALM " = {\n"
             "        database_name = %s/principal\n"
             "        key_stash_file = %s/stash\n"
             "        acl_file = %s/acl\n"
             "        max_life = 10h\n"
             "        supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal\n"
             "    }\n"
             "[logging]\n"
             "    kdc = FILE:%s/kdc.log\n",
             port, port, kit_folder(), kit_folder(), kit_folder(), kit_folder());
    kit_write_file("kdc.conf", text);
}

void realm_stop_kdc(void)
{
    if (kdc == 0 || getpid() != kdc_owner)
        return;
    kill(kdc, SIGTERM);
    waitpid(kdc, NULL, 0);
    kdc = 0;
}

void realm_start_kdc_in_time(const char *library, const char *offset)
{
    char said[4096], preload[256], faketime[64];
    int from;
    realm_stop_kdc(); /* one that a failed test left running */
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library);
    snprintf(faketime, sizeof faketime, "FAKETIME=%s", offset);
    kdc = start((const char *const[]){"/usr/bin/env", preload, faketime, "/usr/sbin/krb5kdc", "-n", "-r",
                                      REALM, NULL},
                "", &from);
    kdc_owner = getpid();
    if (!read_until(from, "starting...", said, sizeof said)) {
        fprintf(stderr, "realm: krb5kdc does not start:\n%s\n", said);
        exit(1);
    }
    /* Its end stays open: the KDC may write to it. */
}

void realm_start_kdc(void)
{
    realm_start_kdc_in_time("", "+0");
}

/* ---- the realm ---- */

/* One run of kadmin.local for all of it: commands on its standard input. */
static size_t add_service(char *script, size_t room, const char *name, const char *etype, const char *options)
{
    return (size_t)snprintf(script, room,
                            "addprinc -randkey -e %s:normal %s %s\n"
                            "setstr %s session_enctypes %s\n"
                            "ktadd -k %s/keytab -norandkey %s\n",
                            etype, options, name, name, etype, kit_folder(), name);
}

static void add_principals(void)
{
    char script[8192], name[32];
    size_t at = (size_t)snprintf(script, sizeof script,
                                 "addprinc -pw \"" KIT_PASSWORD "\" +requires_preauth " KIT_USER "\n"
                                 "addprinc -randkey orphan/server\n");
    at += add_service(script + at, sizeof script - at, "host/server", etypes[0].name, "");
    at += add_service(script + at, sizeof script - at, "trusted/server", etypes[0].name, "+ok_as_delegate");
    for (size_t i = 0; i < ETYPES; i++) {
        snprintf(name, sizeof name, "t%u/server", etypes[i].number);
        at += add_service(script + at, sizeof script - at, name, etypes[i].name, "");
    }
    realm_run(script, (const char *const[]){"/usr/sbin/kadmin.local", "-r", REALM, NULL});
}

void realm_start(void)
{
    static bool started;
    char name[256];
    if (started)
        return;
    started = true;
    atexit(realm_stop_kdc);
    write_configuration(free_port());
    realm_prefer(0);
    setenv("KRB5_KDC_PROFILE", kit_path("kdc.conf"), 1);
    setenv("KRB5RCACHENAME", "none:", 1);
    setenv("KRB5RCACHETYPE", "none", 1);
    snprintf(name, sizeof name, "FILE:%s", kit_path("cache"));
    setenv("KRB5CCNAME", name, 1);
    snprintf(name, sizeof name, "FILE:%s", kit_path("keytab"));
    setenv("KRB5_KTNAME", name, 1);
    snprintf(name, sizeof name, "FILE:%s", kit_path("client-keytab"));
    setenv("KRB5_CLIENT_KTNAME", name, 1);
    unsetenv("KRB5_TRACE");
    realm_run(
        "", (const char *const[]){"/usr/sbin/kdb5_util", "create", "-s", "-r", REALM, "-P", "master", NULL});
    add_principals();
    realm_start_kdc();
    realm_run(KIT_PASSWORD "\n", (const char *const[]){"/usr/bin/kinit", KIT_USER "@" REALM, NULL});
}

void realm_environment(const char *sspi_conf)
{
    kit_environment(sspi_conf);
    realm_start();
}

/* ---- pairs ---- */

SECURITY_STATUS realm_handshake(const char *target, ULONG isc, ULONG asc, struct kit_side *initiator,
                                struct kit_side *acceptor)
{
    memset(acceptor, 0, sizeof *acceptor);
    SECURITY_STATUS status = kit_open(initiator, "Kerberos", true, NULL, NULL, NULL);
    if (status == SEC_E_OK)
        status = kit_open(acceptor, "Kerberos", false, NULL, NULL, NULL);
    if (status != SEC_E_OK)
        return status;
    bool done[2] = {false, false};
    struct kit_side *sides[2] = {initiator, acceptor};
    status = kit_step(initiator, isc, target, NULL, 0, NULL);
    for (int leg = 0; leg < 8 && SEC_SUCCESS(status); leg++) {
        struct kit_side *from = sides[leg % 2], *to = sides[(leg + 1) % 2];
        done[leg % 2] |= status == SEC_E_OK;
        if (done[(leg + 1) % 2])
            return from->token_size ? SEC_E_INTERNAL_ERROR : status;
        status = kit_step(to, to->initiator ? isc : asc, target, from->token, from->token_size, NULL);
        if (status == SEC_E_OK && done[leg % 2])
            return to->token_size ? SEC_E_INTERNAL_ERROR : SEC_E_OK;
    }
    return SEC_SUCCESS(status) ? SEC_E_INTERNAL_ERROR : status;
}
