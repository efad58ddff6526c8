/* SPDX-License-Identifier: MIT */
/* Services of LSA_SECPKG_FUNCTION_TABLE that reach beyond the call: other packages, descriptors, and being
 * notified, with threads, and with modules that go away meanwhile. */
#include "testkit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ntstatus.h>
#include <opensspi.h>

#include "base/mem.h"
#include "lsa/host.h"
#include "secur32/registry.h"

#define services lsa_services

/* TSan ends a child that begins threads. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREADS_AFTER_FORK false
#endif
#endif
#if !defined(THREADS_AFTER_FORK) && !defined(__SANITIZE_THREAD__)
#define THREADS_AFTER_FORK true
#elif !defined(THREADS_AFTER_FORK)
#define THREADS_AFTER_FORK false
#endif

/* ---- three packages: one that can be called, one that anybody can call, one that cannot ---- */

static ULONG last_attributes;
static PVOID last_base;

static NTSTATUS NTAPI callee_GetInfo(PSecPkgInfoW info, char16_t *name)
{
    static char16_t comment[] = u"";
    *info = (SecPkgInfoW){.wVersion = 1, .cbMaxToken = 16, .Name = name, .Comment = comment};
    return SEC_E_OK;
}

static NTSTATUS NTAPI info_trusting(PSecPkgInfoW info)
{
    static char16_t name[] = u"Trusting";
    return callee_GetInfo(info, name);
}

static NTSTATUS NTAPI info_open(PSecPkgInfoW info)
{
    static char16_t name[] = u"Open";
    return callee_GetInfo(info, name);
}

static NTSTATUS NTAPI info_closed(PSecPkgInfoW info)
{
    static char16_t name[] = u"Closed";
    return callee_GetInfo(info, name);
}

static NTSTATUS NTAPI callee_Initialize(ULONG_PTR id, PSECPKG_PARAMETERS parameters,
                                        PLSA_SECPKG_FUNCTION_TABLE table)
{
    (void)id;
    (void)parameters;
    return table == &services ? SEC_E_OK : STATUS_UNSUCCESSFUL;
}

/* Answers what it got, backwards; "again" goes to Open. */
static NTSTATUS answer(PVOID submit, PVOID base, ULONG size, PVOID *out, PULONG out_size, PNTSTATUS protocol,
                       NTSTATUS what)
{
    SECPKG_CALL_INFO info;
    const char *in = submit;
    last_base = base;
    if (!services.GetCallInfo(&info))
        return STATUS_UNSUCCESSFUL;
    last_attributes = info.Attributes;
    if (size == 5 && memcmp(in, "again", 5) == 0) {
        char16_t open[] = u"open";
        UNICODE_STRING name = {8, 8, open};
        char inner[] = "nested";
        return services.CallPackage(&name, inner, 6, out, out_size, protocol);
    }
    char *bytes;
    if (services.AllocateClientBuffer(NULL, size + 1, (PVOID *)&bytes) != STATUS_SUCCESS)
        return STATUS_NO_MEMORY;
    for (ULONG i = 0; i < size; i++)
        bytes[i] = in[size - 1 - i];
    *out = bytes;
    *out_size = size;
    *protocol = what;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI call_trusted(PLSA_CLIENT_REQUEST request, PVOID submit, PVOID base, ULONG size,
                                   PVOID *out, PULONG out_size, PNTSTATUS protocol)
{
    (void)request;
    return answer(submit, base, size, out, out_size, protocol, 11);
}

static NTSTATUS NTAPI call_untrusted(PLSA_CLIENT_REQUEST request, PVOID submit, PVOID base, ULONG size,
                                     PVOID *out, PULONG out_size, PNTSTATUS protocol)
{
    (void)request;
    return answer(submit, base, size, out, out_size, protocol, 22);
}

static NTSTATUS NTAPI call_through(PLSA_CLIENT_REQUEST request, PVOID submit, PVOID base, ULONG size,
                                   PVOID *out, PULONG out_size, PNTSTATUS protocol)
{
    (void)request;
    return answer(submit, base, size, out, out_size, protocol, 33);
}

static NTSTATUS lsa_init(ULONG version, PULONG package_version, PSECPKG_FUNCTION_TABLE *tables, PULONG count)
{
    static SECPKG_FUNCTION_TABLE all[] = {
        {.Initialize = callee_Initialize,
         .GetInfo = info_trusting,
         .CallPackage = call_trusted,
         .CallPackageUntrusted = call_untrusted,
         .CallPackagePassthrough = call_through},
        {.Initialize = callee_Initialize, .GetInfo = info_open, .CallPackageUntrusted = call_untrusted},
        {.Initialize = callee_Initialize, .GetInfo = info_closed},
    };
    (void)version;
    *package_version = SECPKG_INTERFACE_VERSION_11;
    *tables = all;
    *count = 3;
    return SEC_E_OK;
}

static NTSTATUS user_init(ULONG version, PULONG package_version, PSECPKG_USER_FUNCTION_TABLE *tables,
                          PULONG count)
{
    static SECPKG_USER_FUNCTION_TABLE all[3];
    (void)version;
    *package_version = SECPKG_INTERFACE_VERSION_11;
    *tables = all;
    *count = 3;
    return SEC_E_OK;
}

static ULONG_PTR here; /* the id of one of them */

/* The registry may be emptied when nobody holds a package; a callback that has returned lets go a little
 * later. */
static void settle(void)
{
    struct package *first;
    bool held;
    do {
        held = false;
        assert_status(registry_lock(&first), SEC_E_OK);
        for (const struct package *p = first; p != NULL; p = p->next)
            held |= __atomic_load_n(&p->holders, __ATOMIC_ACQUIRE) > 1;
        registry_unlock();
        sched_yield();
    } while (held);
}

static int setup(void **state)
{
    const char *reason;
    struct package *p;
    (void)state;
    settle();
    registry_reset(false);
    assert_status(registry_add(lsa_init, user_init, "test", &reason), SEC_E_OK);
    assert_status(registry_find(u"Trusting", &p), SEC_E_OK);
    here = lsa_package_id(p->lsa);
    package_release(p);
    return 0;
}

/* ---- calling other packages ---- */

static NTSTATUS call(const char16_t *name, const char *text, char *said, NTSTATUS *protocol)
{
    UNICODE_STRING to = {0};
    char16_t copy[32];
    char submit[32];
    PVOID bytes = NULL;
    ULONG size = 99;
    for (to.Length = 0; name[to.Length / 2]; to.Length += 2)
        copy[to.Length / 2] = name[to.Length / 2];
    to.MaximumLength = to.Length;
    to.Buffer = copy;
    strcpy(submit, text);
    NTSTATUS status = services.CallPackage(&to, submit, (ULONG)strlen(text), &bytes, &size, protocol);
    snprintf(said, 32, "%.*s", (int)size, bytes != NULL ? (char *)bytes : "");
    services.FreeReturnBuffer(bytes);
    return status;
}

static void test_call_package(void **state)
{
    char said[32], text[] = "abc";
    char16_t trusting[] = u"Trusting";
    UNICODE_STRING name = {16, 16, trusting};
    NTSTATUS protocol;
    PVOID bytes;
    ULONG size;
    (void)state;
    assert_int_equal(call(u"tRUSTING", "abc", said, &protocol), STATUS_SUCCESS);
    assert_string_equal(said, "cba");
    assert_int_equal(protocol, 11);
    assert_int_equal(last_attributes, SECPKG_CALL_IN_PROC);
    assert_int_equal(call(u"Open", "xy", said, &protocol), STATUS_SUCCESS);
    assert_int_equal(protocol, 22);
    assert_int_equal(call(u"Trusting", "again", said, &protocol), STATUS_SUCCESS);
    assert_string_equal(said, "detsen");
    assert_int_equal(last_attributes, SECPKG_CALL_IN_PROC | SECPKG_CALL_RECURSIVE);
    assert_int_equal(call(u"Closed", "x", said, &protocol), STATUS_NOT_SUPPORTED);
    assert_int_equal(call(u"Trustin", "x", said, &protocol), STATUS_NO_SUCH_PACKAGE);
    assert_int_equal(call(u"", "x", said, &protocol), STATUS_NO_SUCH_PACKAGE);
    assert_int_equal(services.CallPackage(NULL, text, 3, &bytes, &size, &protocol), STATUS_NO_SUCH_PACKAGE);
    assert_int_equal(services.CallPackage(&name, NULL, 3, &bytes, &size, &protocol),
                     STATUS_INVALID_PARAMETER);
    /* Whoever does not want the answer need not take it. */
    assert_int_equal(services.CallPackage(&name, text, 3, NULL, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(services.CallPackageEx(&name, &size, text, 3, &bytes, &size, &protocol), STATUS_SUCCESS);
    assert_ptr_equal(last_base, &size);
    services.FreeReturnBuffer(bytes);
    assert_int_equal(services.CallPackagePassthrough(&name, text, text, 3, &bytes, &size, &protocol),
                     STATUS_SUCCESS);
    assert_int_equal(protocol, 33);
    services.FreeReturnBuffer(bytes);
    char16_t open[] = u"Open";
    UNICODE_STRING other = {8, 8, open};
    assert_int_equal(services.CallPackagePassthrough(&other, text, text, 3, &bytes, &size, &protocol),
                     STATUS_NOT_SUPPORTED);
    assert_null(bytes);
    assert_int_equal(size, 0);
}

/* ---- descriptors ---- */

static void test_duplicate_handle(void **state)
{
    int pipes[2];
    HANDLE copy = NULL;
    char c = 0;
    (void)state;
    assert_int_equal(pipe(pipes), 0);
    HANDLE in = (HANDLE)(intptr_t)pipes[1];
    assert_int_equal(services.DuplicateHandle(in, &copy), STATUS_SUCCESS);
    int fd = (int)(intptr_t)copy;
    assert_true(fd > 2 && fd != pipes[1]);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(pipes[1]);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(read(pipes[0], &c, 1), 1);
    assert_int_equal(c, 'x');
    close(fd);
    assert_int_equal(services.DuplicateHandle(copy, &copy), STATUS_INVALID_HANDLE);
    assert_int_equal(services.DuplicateHandle(NULL, &copy), STATUS_INVALID_HANDLE);
    assert_int_equal(services.DuplicateHandle((HANDLE)(intptr_t)-1, &copy), STATUS_INVALID_HANDLE);
    assert_int_equal(services.DuplicateHandle((HANDLE)(intptr_t)0x100000003, &copy), STATUS_INVALID_HANDLE);
    assert_int_equal(services.DuplicateHandle(in, NULL), STATUS_INVALID_PARAMETER);
    /* Tokens are not descriptors. */
    assert_int_equal(services.DuplicateTokenHandle((HANDLE)(intptr_t)pipes[0], &copy), STATUS_NOT_SUPPORTED);
    close(pipes[0]);
}

/* ---- notifications ---- */

/* What a callback does and what came of it. */
struct noted {
    atomic_uint calls, inside;
    int in, out, gate; /* it reads one byte of in, writes one to out, and waits for one at gate; -1: not so */
    HANDLE cancels;    /* its own, to be cancelled in it */
    NTSTATUS cancelled;
    ULONG thread, attributes;
    bool signals_blocked;
};

static DWORD WINAPI note(LPVOID arg)
{
    struct noted *n = arg;
    SECPKG_CALL_INFO info = {0};
    sigset_t mask;
    char c;
    atomic_fetch_add(&n->inside, 1);
    n->thread = (ULONG)syscall(SYS_gettid);
    n->attributes = services.GetCallInfo(&info) ? info.Attributes : 0;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    n->signals_blocked = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGALRM);
    if (n->in >= 0)
        (void)!read(n->in, &c, 1);
    if (n->cancels != NULL)
        n->cancelled = services.CancelNotification(n->cancels);
    atomic_fetch_add(&n->calls, 1);
    if (n->out >= 0)
        (void)!write(n->out, "n", 1);
    if (n->gate >= 0)
        (void)!read(n->gate, &c, 1);
    atomic_fetch_sub(&n->inside, 1);
    return 0;
}

static HANDLE ask(struct noted *n, ULONG type, ULONG flags, ULONG interval, int fd)
{
    struct lsa_call call;
    lsa_call_begin(&call, here, false);
    HANDLE made = services.RegisterNotification(note, n, type, 0, flags, interval,
                                                (HANDLE)(intptr_t)(fd >= 0 ? fd : 0));
    lsa_call_end(&call);
    return made;
}

/* A byte within twenty seconds. */
static void await(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};
    char c;
    assert_int_equal(poll(&p, 1, 20000), 1);
    assert_int_equal(read(fd, &c, 1), 1);
}

static void over(HANDLE h)
{
    while (services.CancelNotification(h) == STATUS_SUCCESS)
        sched_yield();
}

static void test_refused_notifications(void **state)
{
    struct noted n = {.in = -1, .out = -1, .gate = -1};
    struct lsa_call call;
    (void)state;
    assert_null(services.RegisterNotification(note, &n, NOTIFIER_TYPE_IMMEDIATE, 0, 0, 0, NULL));
    lsa_call_begin(&call, here, false);
    assert_null(services.RegisterNotification(NULL, &n, NOTIFIER_TYPE_IMMEDIATE, 0, 0, 0, NULL));
    assert_null(services.RegisterNotification(note, &n, NOTIFIER_TYPE_IMMEDIATE, 1, 0, 0, NULL));
    assert_null(services.RegisterNotification(note, &n, NOTIFIER_TYPE_IMMEDIATE, 0, 4, 0, NULL));
    assert_null(services.RegisterNotification(note, &n, NOTIFIER_TYPE_INTERVAL, 0, 0, 0, NULL));
    assert_null(services.RegisterNotification(note, &n, NOTIFIER_TYPE_HANDLE_WAIT, 0, 0, 0, NULL));
    assert_null(services.RegisterNotification(note, &n, NOTIFIER_TYPE_STATE_CHANGE, 0, 0, 0, NULL));
    assert_null(services.RegisterNotification(note, &n, NOTIFIER_TYPE_NOTIFY_EVENT, 1, 0, 0, NULL));
    lsa_call_end(&call);
    assert_int_equal(services.CancelNotification(NULL), STATUS_INVALID_HANDLE);
    assert_int_equal(services.CancelNotification((HANDLE)(intptr_t)12345), STATUS_INVALID_HANDLE);
    assert_int_equal(n.calls, 0);
}

static unsigned long gate_left;

static bool gate(void *arg, size_t size)
{
    (void)arg;
    (void)size;
    return gate_left == 0 || --gate_left != 0;
}

static void test_no_memory_for_notifications(void **state)
{
    struct noted n = {.in = -1, .out = -1, .gate = -1};
    size_t live = mem_live();
    (void)state;
    for (unsigned long i = 1; i <= 2; i++) {
        gate_left = i;
        mem_test_gate = gate;
        HANDLE made = ask(&n, NOTIFIER_TYPE_INTERVAL, NOTIFIER_FLAG_NEW_THREAD, 1, -1);
        mem_test_gate = NULL;
        assert_int_equal(gate_left, 0);
        assert_null(made);
        assert_int_equal(mem_live(), live);
    }
}

static void test_interval(void **state)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    struct noted again = {.in = -1, .out = pipes[1], .gate = -1}, once = {.in = -1, .out = -1, .gate = -1};
    struct noted later = {.in = -1, .out = -1, .gate = -1}, never = later;
    (void)state;
    /* More nanoseconds than there are. */
    HANDLE n[] = {ask(&never, NOTIFIER_TYPE_INTERVAL, 0, UINT32_MAX, -1),
                  ask(&never, NOTIFIER_TYPE_INTERVAL, 0, 153722868, -1)};
    HANDLE a = ask(&again, NOTIFIER_TYPE_INTERVAL, NOTIFIER_FLAG_SECONDS, 1, -1);
    HANDLE o = ask(&once, NOTIFIER_TYPE_INTERVAL, NOTIFIER_FLAG_SECONDS | NOTIFIER_FLAG_ONE_SHOT, 1, -1);
    HANDLE l = ask(&later, NOTIFIER_TYPE_INTERVAL, 0, 1, -1); /* a minute */
    assert_true(a != NULL && o != NULL && l != NULL);
    await(pipes[0]);
    await(pipes[0]);
    assert_int_equal(services.CancelNotification(a), STATUS_SUCCESS);
    assert_int_equal(services.CancelNotification(a), STATUS_INVALID_HANDLE);
    unsigned calls = atomic_load(&again.calls);
    assert_in_range(calls, 2, 4);
    assert_int_equal(once.calls, 1);
    assert_int_equal(services.CancelNotification(o), STATUS_INVALID_HANDLE);
    assert_int_equal(later.calls, 0);
    assert_int_equal(never.calls, 0);
    assert_int_equal(services.CancelNotification(n[0]), STATUS_SUCCESS);
    assert_int_equal(services.CancelNotification(n[1]), STATUS_SUCCESS);
    assert_int_equal(services.CancelNotification(l), STATUS_SUCCESS);
    assert_int_equal(again.attributes, SECPKG_CALL_IN_PROC);
    assert_true(again.signals_blocked);
    assert_int_equal(again.thread, once.thread);
    assert_int_not_equal(again.thread, syscall(SYS_gettid));
    close(pipes[0]);
    close(pipes[1]);
}

static void test_handle_wait(void **state)
{
    int in[2], out[2];
    char c;
    (void)state;
    assert_int_equal(pipe(in) | pipe(out), 0);
    struct noted n = {.in = in[0], .out = out[1], .gate = -1};
    HANDLE h = ask(&n, NOTIFIER_TYPE_HANDLE_WAIT, 0, 0, in[0]);
    assert_non_null(h);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(write(in[1], "x", 1), 1);
        await(out[0]);
        assert_int_equal(atomic_load(&n.calls), i);
    }
    /* Nothing is waited for any more. */
    assert_int_equal(services.CancelNotification(h), STATUS_SUCCESS);
    assert_int_equal(write(in[1], "x", 1), 1);
    assert_int_equal(read(in[0], &c, 1), 1);
    assert_int_equal(n.calls, 3);
    /* The end of what there is to wait for is told once. */
    h = ask(&n, NOTIFIER_TYPE_HANDLE_WAIT, NOTIFIER_FLAG_NEW_THREAD, 0, in[0]);
    close(in[1]);
    await(out[0]);
    over(h);
    assert_int_equal(n.calls, 4);
    close(in[0]);
    close(out[0]);
    close(out[1]);
}

struct cancelled {
    HANDLE handle;
    struct noted *noted;
    bool waited;
};

static void *cancel_it(void *arg)
{
    struct cancelled *c = arg;
    NTSTATUS status = services.CancelNotification(c->handle);
    c->waited = status == STATUS_SUCCESS && atomic_load(&c->noted->inside) == 0;
    return NULL;
}

/* Cancelling waits for the callback, but not for itself. */
static void test_cancel(void **state)
{
    int ready[2], out[2], stop[2];
    pthread_t thread;
    (void)state;
    assert_int_equal(pipe(ready) | pipe(out) | pipe(stop), 0);
    struct noted n = {.in = -1, .out = out[1], .gate = stop[0]},
                 other = {.in = -1, .out = out[1], .gate = -1};
    /* Nobody reads what there is: it is notified of again and again. */
    assert_int_equal(write(ready[1], "x", 1), 1);
    struct cancelled c = {ask(&n, NOTIFIER_TYPE_HANDLE_WAIT, NOTIFIER_FLAG_NEW_THREAD, 0, ready[0]), &n,
                          false};
    await(out[0]);
    assert_int_equal(pthread_create(&thread, NULL, cancel_it, &c), 0);
    /* Others are notified meanwhile. */
    assert_non_null(ask(&other, NOTIFIER_TYPE_IMMEDIATE, 0, 0, -1));
    await(out[0]);
    assert_int_not_equal(other.thread, n.thread);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
    assert_int_equal(pthread_timedjoin_np(thread, NULL, &soon), ETIMEDOUT);
    close(stop[1]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(c.waited);
    close(stop[0]);
    close(ready[0]);
    close(ready[1]);
    while (poll(&(struct pollfd){.fd = out[0], .events = POLLIN}, 1, 0) == 1)
        await(out[0]);
    assert_int_equal(pipe(stop), 0);

    /* By itself, each time anew. (The second one waits until its handle is known to it.) */
    static struct noted self; /* it is looked at once more after it has cancelled itself */
    self = (struct noted){.in = stop[0], .out = out[1], .gate = -1};
    self.cancels = ask(&self, NOTIFIER_TYPE_HANDLE_WAIT, 0, 0, stop[0]);
    assert_int_equal(write(stop[1], "xx", 2), 2);
    await(out[0]);
    over(self.cancels);
    assert_int_equal(self.cancelled, STATUS_SUCCESS);
    assert_int_equal(self.calls, 1);
    for (int i = 0; i < 2; i++) {
        close(out[i]);
        close(stop[i]);
    }
}

static int failure;

static void *register_and_cancel(void *unused)
{
    (void)unused;
    struct noted n[8];
    int pipes[2];
    if (pipe(pipes) != 0)
        return &failure;
    for (int round = 0; round < 60; round++) {
        HANDLE h[8];
        for (int i = 0; i < 8; i++) {
            n[i] = (struct noted){.in = -1, .out = -1, .gate = -1};
            h[i] = ask(&n[i], i % 3 == 0 ? NOTIFIER_TYPE_IMMEDIATE : NOTIFIER_TYPE_HANDLE_WAIT,
                       i % 2 ? NOTIFIER_FLAG_NEW_THREAD : 0, 0, pipes[i % 2]);
        }
        if (round % 2)
            (void)!write(pipes[1], "x", 1);
        /* What is cancelled may be reused at once, which ASan and TSan look at. */
        for (int i = 0; i < 8; i++)
            if (h[i] != NULL)
                services.CancelNotification(h[i]);
        for (int i = 0; i < 8; i++)
            memset(&n[i], 0xee, sizeof n[i]);
        char c;
        if (round % 2)
            (void)!read(pipes[0], &c, 1);
    }
    close(pipes[0]);
    close(pipes[1]);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, register_and_cancel, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

static void test_fork(void **state)
{
    int in[2], out[2], status;
    (void)state;
    assert_int_equal(pipe(in) | pipe(out), 0);
    struct noted n = {.in = in[0], .out = out[1], .gate = -1};
    HANDLE h = ask(&n, NOTIFIER_TYPE_HANDLE_WAIT, 0, 0, in[0]);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        if (services.CancelNotification(h) != STATUS_INVALID_HANDLE)
            _exit(1);
        struct noted own = {.in = -1, .out = out[1], .gate = -1};
        if (THREADS_AFTER_FORK && ask(&own, NOTIFIER_TYPE_IMMEDIATE, 0, 0, -1) == NULL)
            _exit(2);
        _exit(!THREADS_AFTER_FORK || read(out[0], &status, 1) == 1 ? 0 : 3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(n.calls, 0);
    assert_int_equal(write(in[1], "x", 1), 1);
    await(out[0]);
    over(h);
    for (int i = 0; i < 2; i++) {
        close(in[i]);
        close(out[i]);
    }
}

/* A package that is shut down hears nothing any more. */
static void test_shut_down(void **state)
{
    int in[2], out[2];
    (void)state;
    assert_int_equal(pipe(in) | pipe(out), 0);
    struct noted n = {.in = in[0], .out = out[1], .gate = -1};
    HANDLE h = ask(&n, NOTIFIER_TYPE_HANDLE_WAIT, 0, 0, in[0]);
    assert_non_null(h);
    settle();
    registry_reset(false);
    assert_int_equal(services.CancelNotification(h), STATUS_INVALID_HANDLE);
    assert_int_equal(write(in[1], "x", 1), 1);
    /* And one that is gone is not called, whoever may have asked in its name. */
    HANDLE late = ask(&n, NOTIFIER_TYPE_IMMEDIATE, 0, 0, -1);
    assert_non_null(late);
    over(late);
    assert_int_equal(n.calls, 0);
    for (int i = 0; i < 2; i++) {
        close(in[i]);
        close(out[i]);
    }
}

/* ---- modules ---- */

static bool is_mapped(const char *name)
{
    char line[1024];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL)
        found |= strstr(line, name) != NULL;
    fclose(maps);
    return found;
}

/* toy_notifies.so asks for notifications in SpInitialize; pipes tell what becomes of them. */
static void test_module(void **state)
{
    int in[2], out[2], stop[2];
    char path[512], command[1600], how[64];
    (void)state;
    snprintf(path, sizeof path, "%s/toy_notifies.so", kit_folder());
    snprintf(command, sizeof command, "cp '%s/toy_notifies.so' '%s' && chmod 700 '%s'", TOYS, path, path);
    assert_int_equal(system(command), 0);
    assert_int_equal(pipe(in) | pipe(out) | pipe(stop), 0);
    snprintf(how, sizeof how, "%d %d %d", in[0], out[1], stop[0]);
    setenv("TOY_NOTIFIES", how, 1);
    for (int i = 0; i < 3; i++) {
        assert_status(AddSecurityPackageA(path, NULL), SEC_E_OK);
        await(out[0]); /* at once, but not before the package is in */
        assert_int_equal(write(in[1], "x", 1), 1);
        await(out[0]);
        /* It is in the callback and waits: removed, but not unloaded. */
        assert_status(DeleteSecurityPackageA((SEC_CHAR[]){"toy"}), SEC_E_OK);
        assert_true(is_mapped(path));
        assert_int_equal(write(stop[1], "x", 1), 1);
        for (int t = 0; t < 20000 && is_mapped(path); t++)
            poll(NULL, 0, 1);
        assert_false(is_mapped(path));
        assert_int_equal(write(in[1], "x", 1), 1);
        assert_int_equal(read(in[0], command, 1), 1);
    }
    /* One that refuses to start after it has asked. */
    setenv("TOY_REFUSES", "1", 1);
    assert_status(AddSecurityPackageA(path, NULL), SEC_E_CANNOT_INSTALL);
    assert_false(is_mapped(path));
    unsetenv("TOY_REFUSES");
    struct pollfd quiet = {out[0], POLLIN, 0};
    assert_int_equal(poll(&quiet, 1, 0), 0);
    for (int i = 0; i < 2; i++) {
        close(in[i]);
        close(out[i]);
        close(stop[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_call_package, setup),
        cmocka_unit_test(test_duplicate_handle),
        cmocka_unit_test_setup(test_refused_notifications, setup),
        cmocka_unit_test_setup(test_no_memory_for_notifications, setup),
        cmocka_unit_test_setup(test_interval, setup),
        cmocka_unit_test_setup(test_handle_wait, setup),
        cmocka_unit_test_setup(test_cancel, setup),
        cmocka_unit_test_setup(test_threads, setup),
        cmocka_unit_test_setup(test_fork, setup),
        cmocka_unit_test_setup(test_shut_down, setup),
        cmocka_unit_test_setup(test_module, setup),
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
