/* SPDX-License-Identifier: MIT */
#include "lsa/notify.h"

#include <fcntl.h>
#include <ntstatus.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/trace.h"
#include "lsa/host.h"

enum { WATCHED_MAX = 64 }; /* descriptors of one thread */
#define NEVER   INT64_MAX
#define SECOND  INT64_C(1000000000)
#define MINUTES 60

struct notification {
    struct notification *next;
    ULONG_PTR number, owner;
    SEC_THREAD_START function;
    PVOID parameter;
    struct waiter *waiter;
    int fd;             /* -1: none */
    int64_t due, every; /* nanoseconds */
    bool once, ready, running, cancelled;
};

/* A thread and what it waits for. */
struct waiter {
    int wake; /* eventfd */
    ULONG waiting, watched;
};

/* In pages that a fork wipes: all-zero is an unlocked, empty list. */
struct notifications {
    pthread_mutex_t lock;
    pthread_cond_t returned;
    ULONG_PTR last;
    struct notification *first;
    struct waiter *shared;
};

static _Thread_local const struct notification *inside; /* whose callback this thread runs */

static struct notifications *notifications_get(void)
{
    static struct notifications *all;
    struct notifications *n = __atomic_load_n(&all, __ATOMIC_ACQUIRE);

    if (n != NULL)
        return n;
    struct notifications *mine = mem_pages(sizeof(*mine), false);
    if (mine == NULL)
        return NULL;
    if (__atomic_compare_exchange_n(&all, &n, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return mine;
    mem_pages_free(mine, sizeof(*mine));
    return n;
}

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static struct notification **find(struct notifications *all, ULONG_PTR number)
{
    struct notification **at = &all->first;

    while (*at != NULL && (*at)->number != number)
        at = &(*at)->next;
    return at;
}

static void wake(const struct waiter *w)
{
    (void)!write(w->wake, &(uint64_t){1}, sizeof(uint64_t));
}

/* Locked; it does not run. The last of a thread ends it. */
static void unlink_free(struct notifications *all, struct notification *n)
{
    *find(all, n->number) = n->next;
    n->waiter->waiting--;
    if (n->fd >= 0) {
        n->waiter->watched--;
        close(n->fd);
    }
    wake(n->waiter);
    mem_free(n);
}

/* ---- the thread ---- */

/* Locked. What to poll, the wake-up first, with the numbers of the notifications behind it; *timeout in
 * milliseconds. */
static nfds_t collect(const struct notifications *all, const struct waiter *w, struct pollfd *fds,
                      ULONG_PTR *numbers, int *timeout)
{
    int64_t first = NEVER, left = 0;
    nfds_t count = 1;

    fds[0] = (struct pollfd){.fd = w->wake, .events = POLLIN};
    for (const struct notification *n = all->first; n != NULL; n = n->next) {
        if (n->waiter != w || n->cancelled)
            continue;
        first = n->due < first ? n->due : first;
        if (n->fd >= 0) {
            numbers[count] = n->number;
            fds[count++] = (struct pollfd){.fd = n->fd, .events = POLLIN};
        }
    }
    if (first != NEVER && (left = first - now()) < 0)
        left = 0;
    /* An hour at most, rounded up: not to wake before it is due. */
    if (left > 3600 * SECOND)
        left = 3600 * SECOND;
    *timeout = first == NEVER ? -1 : (int)((left + 999999) / 1000000);
    return count;
}

/* Locked, after the poll. */
static void mark(struct notifications *all, const struct waiter *w, const struct pollfd *fds,
                 const ULONG_PTR *numbers, nfds_t count)
{
    int64_t time = now();

    for (nfds_t i = 1; i < count; i++) {
        struct notification *n = fds[i].revents != 0 ? *find(all, numbers[i]) : NULL;
        if (n == NULL)
            continue;
        n->ready = true;
        n->once |= !(fds[i].revents & POLLIN);
    }
    for (struct notification *n = all->first; n != NULL; n = n->next) {
        if (n->waiter != w || n->due > time)
            continue;
        n->ready = true;
        /* What was missed while the machine slept is not made up for. */
        n->due = n->every > 0 ? time + n->every : NEVER;
    }
}

/* The callback, the package held and the call announced. Locked, and not while it runs. */
static void run(struct notifications *all, ULONG_PTR number, ULONG_PTR owner)
{
    struct lsa_call call;
    void *held = NULL;

    /* This may wait until a package that is just starting is in, or is not; it could be stopped meanwhile. */
    pthread_mutex_unlock(&all->lock);
    bool there = lsa_package_hold(owner, &held);
    pthread_mutex_lock(&all->lock);
    struct notification *n = *find(all, number);
    if (n != NULL && there && !n->cancelled) {
        n->running = true;
        inside = n;
        pthread_mutex_unlock(&all->lock);
        lsa_call_begin(&call, owner, false);
        (void)n->function(n->parameter);
        lsa_call_end(&call);
        pthread_mutex_lock(&all->lock);
        inside = NULL;
        n->running = false;
    }
    if (n != NULL && (n->once || n->cancelled || !there))
        unlink_free(all, n);
    pthread_cond_broadcast(&all->returned);
    /* The last one to let go closes the package, which comes back here. */
    pthread_mutex_unlock(&all->lock);
    if (there)
        lsa_package_unhold(held);
    pthread_mutex_lock(&all->lock);
}

static struct notification *next_ready(const struct notifications *all, const struct waiter *w)
{
    struct notification *n = all->first;

    while (n != NULL && (n->waiter != w || !n->ready))
        n = n->next;
    if (n != NULL)
        n->ready = false;
    return n;
}

static void *waiter_run(void *arg)
{
    struct notifications *all = notifications_get();
    struct waiter *w = arg;
    struct pollfd fds[1 + WATCHED_MAX];
    ULONG_PTR numbers[1 + WATCHED_MAX];
    const struct notification *n;
    uint64_t woken;
    int timeout;

    pthread_mutex_lock(&all->lock);
    while (w->waiting > 0) {
        nfds_t count = collect(all, w, fds, numbers, &timeout);
        pthread_mutex_unlock(&all->lock);
        int some = poll(fds, count, timeout);
        if (some > 0 && fds[0].revents != 0)
            (void)!read(w->wake, &woken, sizeof(woken));
        pthread_mutex_lock(&all->lock);
        mark(all, w, fds, numbers, some > 0 ? count : 1);
        while ((n = next_ready(all, w)) != NULL)
            run(all, n->number, n->owner);
    }
    if (all->shared == w)
        all->shared = NULL;
    pthread_mutex_unlock(&all->lock);
    close(w->wake);
    mem_free(w);
    return NULL;
}

/* Locked. The thread is the host's: no signal is handled on it. */
static struct waiter *waiter_start(void)
{
    struct waiter *w = mem_alloc(sizeof(*w));
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t every, before;

    if (w == NULL)
        return NULL;
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool started = w->wake >= 0 && pthread_create(&thread, &attributes, waiter_run, w) == 0;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        return w;
    if (w->wake >= 0)
        close(w->wake);
    mem_free(w);
    return NULL;
}

/* ---- registering ---- */

/* Locked; true: n is in the list, and a thread waits for it. */
static bool enlist(struct notifications *all, struct notification *n, bool own_thread)
{
    struct waiter *w = own_thread ? NULL : all->shared;

    if (w != NULL && n->fd >= 0 && w->watched == WATCHED_MAX)
        return false;
    if (w == NULL && (w = waiter_start()) == NULL)
        return false;
    if (!own_thread)
        all->shared = w;
    n->waiter = w;
    n->number = ++all->last;
    w->waiting++;
    w->watched += n->fd >= 0;
    struct notification **end = &all->first;
    while (*end != NULL)
        end = &(*end)->next;
    *end = n;
    wake(w);
    return true;
}

static HANDLE refuse(const char *reason)
{
    if (trace_on())
        trace_event("lsa", "notification-refused", "reason=\"%s\"", reason);
    return NULL;
}

/* What the arguments ask for; NULL: understood. */
static const char *parse(struct notification *n, ULONG type, ULONG flags, ULONG interval, HANDLE event)
{
    int64_t unit;

    n->fd = -1;
    n->due = NEVER;
    n->once = (flags & NOTIFIER_FLAG_ONE_SHOT) || type == NOTIFIER_TYPE_IMMEDIATE;
    switch (type) {
    case NOTIFIER_TYPE_INTERVAL:
        if (interval == 0)
            return "an interval of nothing";
        unit = SECOND * (flags & NOTIFIER_FLAG_SECONDS ? 1 : MINUTES);
        /* 73 years are for ever, and can be added to any time. */
        n->every = interval < NEVER / 4 / unit ? interval * unit : NEVER / 4;
        n->due = now() + n->every;
        return NULL;
    case NOTIFIER_TYPE_IMMEDIATE:
        n->due = now();
        return NULL;
    case NOTIFIER_TYPE_HANDLE_WAIT:
        if (lsa_DuplicateHandle(event, &event) != STATUS_SUCCESS)
            return "WaitEvent is no open descriptor";
        n->fd = (int)(intptr_t)event;
        return NULL;
    default:
        return "there are no events of this type here";
    }
}

HANDLE NTAPI lsa_RegisterNotification(SEC_THREAD_START StartFunction, PVOID Parameter, ULONG NotificationType,
                                      ULONG NotificationClass, ULONG NotificationFlags, ULONG IntervalMinutes,
                                      HANDLE WaitEvent)
{
    const ULONG known = NOTIFIER_FLAG_NEW_THREAD | NOTIFIER_FLAG_ONE_SHOT | NOTIFIER_FLAG_SECONDS;
    struct notifications *all = notifications_get();
    ULONG_PTR owner = lsa_call_package();

    if (owner == 0)
        return refuse("not in a call of a package");
    if (StartFunction == NULL || NotificationClass != 0 || (NotificationFlags & ~known))
        return refuse("no function, or a class or flags that mean nothing here");
    struct notification *n = all != NULL ? mem_alloc(sizeof(*n)) : NULL;
    if (n == NULL)
        return refuse("out of memory");
    n->owner = owner;
    n->function = StartFunction;
    n->parameter = Parameter;
    const char *fault = parse(n, NotificationType, NotificationFlags, IntervalMinutes, WaitEvent);
    if (fault != NULL) {
        mem_free(n);
        return refuse(fault);
    }
    pthread_mutex_lock(&all->lock);
    bool done = enlist(all, n, (NotificationFlags & NOTIFIER_FLAG_NEW_THREAD) != 0);
    ULONG_PTR number = all->last; /* n may be over as soon as the lock is free */
    pthread_mutex_unlock(&all->lock);
    if (done)
        return (HANDLE)number;
    if (n->fd >= 0)
        close(n->fd);
    mem_free(n);
    return refuse("no memory, no thread or too many descriptors");
}

/* Locked; waits where it runs elsewhere. */
static void cancel(struct notifications *all, struct notification *n)
{
    ULONG_PTR number = n->number;

    n->cancelled = true;
    if (!n->running) {
        unlink_free(all, n);
        return;
    }
    while (n != inside && *find(all, number) == n)
        pthread_cond_wait(&all->returned, &all->lock);
}

NTSTATUS NTAPI lsa_CancelNotification(HANDLE NotifyHandle)
{
    struct notifications *all = notifications_get();
    NTSTATUS status = STATUS_INVALID_HANDLE;

    if (all == NULL)
        return status;
    pthread_mutex_lock(&all->lock);
    struct notification *n = *find(all, (ULONG_PTR)NotifyHandle);
    if (n != NULL && !n->cancelled) {
        cancel(all, n);
        status = STATUS_SUCCESS;
    }
    pthread_mutex_unlock(&all->lock);
    return status;
}

void lsa_notifications_stop(ULONG_PTR package)
{
    struct notifications *all = notifications_get();
    struct notification *n;

    if (all == NULL)
        return;
    pthread_mutex_lock(&all->lock);
    do {
        n = all->first;
        while (n != NULL && (n->owner != package || n->cancelled))
            n = n->next;
        if (n != NULL)
            cancel(all, n);
    } while (n != NULL);
    pthread_mutex_unlock(&all->lock);
}
