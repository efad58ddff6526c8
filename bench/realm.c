/* SPDX-License-Identifier: MIT */
/*
 * bench_realm [-n] COMMAND [ARGUMENT...]: runs it where the accounts, the configuration and a Kerberos realm
 * of the tests' kind are at hand (tests/kerberos/realm.h); all of it ends with the command. -n: without the
 * realm.
 */
#include "realm.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <opensspi.h>

/* The store of accounts, with hashes, for whoever does not look at NTLM_USER_FILE. */
static void add_store(void)
{
    static char text[65536];
    char store[256];
    size_t at = (size_t)snprintf(text, sizeof text, "[ntlm]\naccounts = %s\n", kit_path("store"));
    FILE *f = fopen(kit_path("sspi.conf"), "r");
    if (f != NULL) {
        at += fread(text + at, 1, sizeof text - 1 - at, f);
        fclose(f);
    }
    text[at] = 0;
    kit_write_file("bench.conf", text);
    setenv("SSPI_CONFIG", kit_path("bench.conf"), 1);
    snprintf(store, sizeof store, "%s", kit_path("store"));
    SspiErrorInfo error;
    if (SspiAccountAdd(store, KIT_DOMAIN, KIT_USER, KIT_PASSWORD, TRUE, &error) != SEC_E_OK) {
        fprintf(stderr, "bench_realm: %s\n", error.text);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    int status = 0;
    bool alone = argc > 1 && strcmp(argv[1], "-n") == 0;
    char **command = argv + 1 + alone;
    if (command[0] == NULL || argc < 2) {
        fprintf(stderr, "usage: bench_realm [-n] COMMAND [ARGUMENT...]\n");
        return 2;
    }
    kit_environment(NULL);
    if (!alone)
        realm_start();
    add_store();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    /* An interrupt is the command's; the folder and the KDC go after it. */
    signal(SIGINT, SIG_IGN);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
