/* SPDX-License-Identifier: MIT */
/*
 * bench_realm COMMAND [ARGUMENT...]: runs it where the accounts, the configuration and a Kerberos realm of
 * the tests' kind are at hand (tests/kerberos/realm.h); all of it ends with the command.
 */
#include "realm.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int status = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_realm COMMAND [ARGUMENT...]\n");
        return 2;
    }
    realm_environment(NULL);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
