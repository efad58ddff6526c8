/* SPDX-License-Identifier: MIT */
/* A fork: the parent's handles are none of the child's, the child makes its own, and the parent notices
 * nothing. */
#include "fake.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "secur32/handle.h"
#include "secur32/registry.h"

/* Runs check in a child; its answer 0 is good. */
static void in_child(int (*check)(void *), void *arg)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(20); /* a child that hangs is a failure, not a hang of the run */
        _exit(check(arg));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child ended with %x", (unsigned)status);
}

struct family {
    CredHandle credential;
    CtxtHandle a, b, unfinished;
};

static bool all_refused(struct family *f)
{
    SecPkgContext_LastClientTokenStatus last;
    char token[FAKE_MAX_TOKEN];
    CtxtHandle made;

    return fake_sign(&f->a) == SEC_E_INVALID_HANDLE && fake_verify(&f->b) == SEC_E_INVALID_HANDLE &&
           DeleteSecurityContext(&f->a) == SEC_E_INVALID_HANDLE &&
           FreeCredentialsHandle(&f->credential) == SEC_E_INVALID_HANDLE &&
           fake_step(false, &f->credential, NULL, &made, NULL, token) == SEC_E_INVALID_HANDLE &&
           fake_step(false, NULL, &f->unfinished, NULL, "B", token) == SEC_E_INVALID_HANDLE &&
           QueryContextAttributesW(&f->unfinished, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &last) ==
               SEC_E_INVALID_HANDLE;
}

/* Before and after the child has contexts of its own, in the very slots of the parent's. */
static int child_of_family(void *arg)
{
    struct family *f = arg, own;
    static char16_t name[] = u"Fake";

    if (!all_refused(f))
        return 1;
    if (AcquireCredentialsHandleW(NULL, name, SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL, &own.credential,
                                  NULL) != SEC_E_OK)
        return 2;
    fake_pair(&own.a, &own.b);
    if (fake_sign(&own.a) != SEC_E_OK || fake_verify(&own.b) != SEC_E_OK)
        return 3;
    if (slab_index(own.a.dwLower) != slab_index(f->a.dwLower) || own.a.dwUpper == f->a.dwUpper)
        return 4;
    if (!all_refused(f))
        return 5;
    if (DeleteSecurityContext(&own.a) != SEC_E_OK || DeleteSecurityContext(&own.b) != SEC_E_OK ||
        FreeCredentialsHandle(&own.credential) != SEC_E_OK)
        return 6;
    return fake_counts.errors != 0 ? 7 : 0;
}

static void family(void **state)
{
    struct family f = {.credential = fake_credential()};
    char token[FAKE_MAX_TOKEN];

    (void)state;
    fake_pair(&f.a, &f.b);
    f.unfinished = fake_unfinished(&f.credential);
    in_child(child_of_family, &f);
    assert_int_equal(fake_sign(&f.a), SEC_E_OK);
    assert_int_equal(fake_verify(&f.b), SEC_E_OK);
    assert_int_equal(fake_step(false, NULL, &f.unfinished, NULL, "B", token), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&f.a), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&f.b), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&f.unfinished), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&f.credential), SEC_E_OK);
}

/* Others are inside every kind of call while this thread forks: the child waits for none of them. */
static bool stop;

static void *busy(void *arg)
{
    (void)arg;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        CtxtHandle a, b;
        ULONG count;
        PSecPkgInfoW info;
        fake_pair(&a, &b);
        fake_sign(&a);
        if (EnumerateSecurityPackagesW(&count, &info) == SEC_E_OK)
            FreeContextBuffer(info);
        DeleteSecurityContext(&a);
        DeleteSecurityContext(&b);
    }
    return NULL;
}

static int child_of_threads(void *arg)
{
    CtxtHandle a, b;
    ULONG count;
    PSecPkgInfoW info;

    (void)arg;
    if (EnumerateSecurityPackagesW(&count, &info) != SEC_E_OK || count != 2)
        return 1;
    fake_pair(&a, &b);
    return fake_sign(&a) == SEC_E_OK && DeleteSecurityContext(&a) == SEC_E_OK ? 0 : 2;
}

static void fork_among_threads(void **state)
{
    enum { BUSY = 3, FORKS = 60 };
    pthread_t threads[BUSY];

    (void)state;
    for (int i = 0; i < BUSY; i++)
        pthread_create(&threads[i], NULL, busy, NULL);
    for (int i = 0; i < FORKS; i++)
        in_child(child_of_threads, NULL);
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < BUSY; i++)
        pthread_join(threads[i], NULL);
}

/* The same with the locks behind the handshakes' steps and the registry taken most of the time. */
static void *stepping(void *arg)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        struct package *first;
        handle_step_enter(arg);
        handle_step_leave(arg);
        if (registry_lock(&first) == SEC_E_OK)
            registry_unlock();
    }
    return NULL;
}

static void fork_among_steps(void **state)
{
    enum { STEPPING = 4, FORKS = 100 };
    CredHandle credential = fake_credential();
    CtxtHandle context = fake_unfinished(&credential);
    struct handle *slot = handle_acquire(&handle_contexts, &context);
    pthread_t threads[STEPPING];

    (void)state;
    __atomic_store_n(&stop, false, __ATOMIC_RELAXED);
    for (int i = 0; i < STEPPING; i++)
        pthread_create(&threads[i], NULL, stepping, slot);
    for (int i = 0; i < FORKS; i++)
        in_child(child_of_threads, NULL);
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < STEPPING; i++)
        pthread_join(threads[i], NULL);
    handle_release(&handle_contexts, slot);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(family, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(fork_among_threads, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(fork_among_steps, fake_setup, fake_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
