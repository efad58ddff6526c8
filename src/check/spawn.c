/* SPDX-License-Identifier: MIT */
/* check/spawn: children, and watching over them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check/child.h"

struct check_shared *check_shared_new(int *fd)
{
    struct check_shared *shared = NULL;
    int made = memfd_create("sspi-check", MFD_CLOEXEC);

    if (made < 0)
        return NULL;
    if (ftruncate(made, sizeof *shared) != 0 || (shared = check_shared_map(made)) == NULL) {
        (void)close(made);
        return NULL;
    }
    shared->magic = CHECK_MAGIC;
    *fd = made;
    return shared;
}

void check_shared_free(struct check_shared *shared, int fd)
{
    if (shared == NULL)
        return;
    explicit_bzero(shared, sizeof *shared);
    (void)munmap(shared, sizeof *shared);
    (void)close(fd);
}

pid_t check_spawn(const char *helper, int fd, char *const *environment, bool leads)
{
    char number[16], name[] = "sspi", command[] = "check", option[] = "--child";
    char *argv[] = {name, command, option, number, NULL};

    (void)snprintf(number, sizeof number, "%d", fd);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    if (leads)
        (void)setpgid(0, 0);
    (void)fcntl(fd, F_SETFD, 0);
    (void)execve(helper, argv, environment);
    _exit(1);
}

static long milliseconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool has_ended(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

/* Until the child has ended or the time is up. Where the system has no descriptors of processes we look again
 * and again. */
static void await(pid_t pid, long until)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = {fd, POLLIN, 0};
    long left;

    while (!has_ended(pid) && (left = until - milliseconds()) > 0)
        (void)poll(&ended, 1, fd >= 0 ? (int)left : 2);
    if (fd >= 0)
        (void)close(fd);
}

bool check_wait(pid_t pid, bool leads, unsigned timeout, int *status)
{
    pid_t got;

    await(pid, milliseconds() + (long)timeout * 1000);
    bool in_time = has_ended(pid);
    /* Also what the child itself has begun and not ended. */
    if ((!leads || kill(-pid, SIGKILL) != 0) && !in_time)
        (void)kill(pid, SIGKILL);
    while ((got = waitpid(pid, status, 0)) < 0 && errno == EINTR)
        ;
    return in_time && got == pid;
}

static const char *signal_text(int number)
{
    switch (number) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGABRT:
        return "SIGABRT";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    case SIGTRAP:
        return "SIGTRAP";
    case SIGPIPE:
        return "SIGPIPE";
    case SIGALRM:
        return "SIGALRM";
    case SIGKILL:
        return "SIGKILL";
    default:
        return "a signal";
    }
}

void check_obituary(struct check_shared *shared, bool in_time, unsigned timeout, int status)
{
    const char *entry = shared->entry[0] != 0 ? shared->entry : "no function of the package";
    char *seen = shared->seen;
    bool elsewhere = shared->stage[0] != 0 && strcmp(shared->stage, shared->point) != 0;

    (void)snprintf(shared->expected, sizeof shared->expected, "%s returns", entry);
    if (!in_time)
        (void)snprintf(seen, sizeof shared->seen, "%s has not returned after %u s", entry, timeout);
    else if (WIFSIGNALED(status))
        (void)snprintf(seen, sizeof shared->seen, "%s ends with %s%s%s", entry, signal_text(WTERMSIG(status)),
                       shared->note[0] != 0 ? ": " : "", shared->note);
    else
        (void)snprintf(seen, sizeof shared->seen, "%s ends the process with exit code %d%s%s", entry,
                       WEXITSTATUS(status), shared->note[0] != 0 ? ": " : "", shared->note);
    (void)snprintf(shared->because, sizeof shared->because, "%s", elsewhere ? shared->stage : "");
    shared->answer = elsewhere ? CHECK_NOT_REACHED : CHECK_FAILED;
}
