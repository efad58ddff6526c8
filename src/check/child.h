/* SPDX-License-Identifier: MIT */
/* check/child: how a child comes to be. */
#ifndef OPENSSPI_CHECK_CHILD_H
#define OPENSSPI_CHECK_CHILD_H

#include <sys/types.h>

#include "check/check.h"

/* Shared memory of a descriptor that check_spawn was given; NULL: cannot. */
struct check_shared *check_shared_map(int fd);

/* Memory for a child to share, zeroed but for magic; *fd is close-on-exec. NULL: cannot. */
struct check_shared *check_shared_new(int *fd);
void check_shared_free(struct check_shared *shared, int fd);

/*
 * Executes `helper check --child FD` with this environment. -1: cannot. leads: in a process group of its own,
 * which ends with it; what a child of a child forks is in the group of the first, and ends with that.
 */
pid_t check_spawn(const char *helper, int fd, char *const *environment, bool leads);

/*
 * Waits until the child has ended; after timeout seconds it is killed, and in any case its group where it
 * leads one. *status as waitpid's. False: it had to be killed. SIGCHLD is not ignored.
 */
bool check_wait(pid_t pid, bool leads, unsigned timeout, int *status);

/* What to say of a child that ended without an answer. */
void check_obituary(struct check_shared *shared, bool in_time, unsigned timeout, int status);

#endif
