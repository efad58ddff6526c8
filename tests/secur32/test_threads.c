/* SPDX-License-Identifier: MIT */
/*
 * Eight threads on shared contexts: sign, verify, query, delete and create anew, OPERATIONS of each kind at
 * least. What a call finds is a live context or none: SEC_E_OK or SEC_E_INVALID_HANDLE, and in the package no
 * call on one that is gone.
 */
#include "fake.h"

#include <pthread.h>
#include <sched.h>

#ifndef OPERATIONS
#define OPERATIONS 100000
#endif

enum { THREADS = 8, PLACES = 4 };

/* Where the threads find a handle; the lock is held for copying alone, never during a call. */
struct place {
    pthread_mutex_t lock;
    CtxtHandle handle;
};

static struct place places[PLACES];
static unsigned long signs, verifies, queries, replaced, refusals, surprises;
static char16_t package[] = u"Fake";

static void tally(unsigned long *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static CtxtHandle look(struct place *p)
{
    pthread_mutex_lock(&p->lock);
    CtxtHandle h = p->handle;
    pthread_mutex_unlock(&p->lock);
    return h;
}

static void judge(SECURITY_STATUS status, unsigned long *counter)
{
    if (status == SEC_E_INVALID_HANDLE)
        tally(&refusals);
    else if (status != SEC_E_OK)
        tally(&surprises);
    tally(counter);
}

/* Every second context comes from a handshake, the others from an import. */
static CtxtHandle create(unsigned long n)
{
    CtxtHandle made = {0, 0};

    if (n % 2 == 0) {
        CredHandle credential;
        char token[FAKE_MAX_TOKEN];
        if (AcquireCredentialsHandleW(NULL, package, SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL, &credential,
                                      NULL) != SEC_E_OK ||
            fake_step(false, &credential, NULL, &made, NULL, token) != SEC_I_CONTINUE_NEEDED ||
            fake_step(false, &credential, &made, &made, "B", token) != SEC_E_OK ||
            FreeCredentialsHandle(&credential) != SEC_E_OK)
            tally(&surprises);
    } else {
        SecBuffer packed = {4, SECBUFFER_EMPTY, (char[]){"FAKE"}};
        if (ImportSecurityContextW(package, &packed, NULL, &made) != SEC_E_OK)
            tally(&surprises);
    }
    return made;
}

/* Puts a new context into the place; whoever took the old one out of it deletes it, while others still use
 * it. */
static void replace(struct place *p, unsigned long n)
{
    CtxtHandle fresh = create(n);

    pthread_mutex_lock(&p->lock);
    CtxtHandle old = p->handle;
    p->handle = fresh;
    pthread_mutex_unlock(&p->lock);
    if (DeleteSecurityContext(&old) != SEC_E_OK)
        tally(&surprises);
    if (fake_sign(&old) != SEC_E_INVALID_HANDLE)
        tally(&surprises);
    tally(&replaced);
}

static void *work(void *arg)
{
    unsigned long seed = (unsigned long)(uintptr_t)arg;

    for (unsigned long n = 0; n < 4 * OPERATIONS / THREADS; n++) {
        struct place *p = &places[(n + seed) % PLACES];
        CtxtHandle h = look(p);
        SecPkgContext_Sizes sizes;
        if (n % 16 == 0) /* give the others time to delete it */
            sched_yield();
        switch ((n / PLACES + seed) % 4) {
        case 0:
            judge(fake_sign(&h), &signs);
            break;
        case 1:
            judge(fake_verify(&h), &verifies);
            break;
        case 2:
            judge(QueryContextAttributesW(&h, SECPKG_ATTR_SIZES, &sizes), &queries);
            break;
        default:
            replace(p, n);
        }
    }
    return NULL;
}

static void shared_contexts(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < PLACES; i++) {
        pthread_mutex_init(&places[i].lock, NULL);
        places[i].handle = create((unsigned long)i);
    }
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < PLACES; i++)
        assert_int_equal(DeleteSecurityContext(&places[i].handle), SEC_E_OK);
    assert_int_equal(surprises, 0);
    assert_true(signs >= OPERATIONS && verifies >= OPERATIONS && queries >= OPERATIONS &&
                replaced >= OPERATIONS);
    print_message("# %lu signatures, %lu verifications, %lu queries, %lu replaced, %lu refused\n", signs,
                  verifies, queries, replaced, refusals);
}

/* All threads delete the same handle: one of them has. */
static unsigned long deleted;
static pthread_barrier_t barrier;
static CtxtHandle victim;

static void *delete_once(void *arg)
{
    for (int round = 0; round < 1000; round++) {
        pthread_barrier_wait(&barrier);
        CtxtHandle h = victim;
        SECURITY_STATUS status = DeleteSecurityContext(&h);
        if (status == SEC_E_OK)
            tally(&deleted);
        else if (status != SEC_E_INVALID_HANDLE)
            tally(&surprises);
        pthread_barrier_wait(&barrier);
        if (arg != NULL) /* one of them */
            victim = create(1);
    }
    return NULL;
}

static void one_delete_of_many(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    surprises = 0;
    victim = create(1);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, delete_once, i == 0 ? &victim : NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
    assert_int_equal(surprises, 0);
    assert_int_equal(deleted, 1000);
    assert_int_equal(DeleteSecurityContext(&victim), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shared_contexts, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(one_delete_of_many, fake_setup, fake_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
