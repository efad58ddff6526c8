/* SPDX-License-Identifier: MIT */
/* Keys that end, also in the middle of signing, and several threads on one context. */
#include "guest.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4 };

static int sign_error(key_id key)
{
    uint8_t token[TOKEN_ROOM];
    return key_sign(key, "", "x", 1, token, 16) >= 0 ? 0 : errno;
}

void test_ends_of_keys(void **state)
{
    (void)state;
    struct packed i, a;
    struct end e;
    uint8_t token[TOKEN_ROOM];
    packed_ntlm(ISC_REQ_INTEGRITY, &i, &a);

    end_open(&e, &i, true, "revoked");
    assert_int_equal(sign_error(e.key), 0);
    assert_int_equal(key_control(KEYCTL_REVOKE, (unsigned long)e.key, 0, 0, 0), 0);
    assert_int_equal(sign_error(e.key), EKEYREVOKED);
    assert_int_equal(key_verify(e.key, "", "x", 1, token, 16), -1);
    assert_int_equal(errno, EKEYREVOKED);
    struct keyctl_pkey_query q;
    assert_int_equal(key_query(e.key, "", &q), -1);
    assert_int_equal(errno, EKEYREVOKED);
    end_close(&e);

    end_open(&e, &i, true, "invalidated");
    assert_int_equal(sign_error(e.key), 0);
    assert_int_equal(key_control(KEYCTL_INVALIDATE, (unsigned long)e.key, 0, 0, 0), 0);
    assert_int_equal(sign_error(e.key), ENOKEY);

    end_open(&e, &i, true, "expired");
    assert_int_equal(key_control(KEYCTL_SET_TIMEOUT, (unsigned long)e.key, 1, 0, 0), 0);
    while (sign_error(e.key) == 0)
        usleep(10000);
    assert_int_equal(sign_error(e.key), EKEYEXPIRED);
    end_close(&e);

    end_open(&e, &i, true, "unlinked");
    assert_int_equal(sign_error(e.key), 0);
    key_control(KEYCTL_UNLINK, (unsigned long)e.key, (unsigned long)KEY_SPEC_SESSION_KEYRING, 0, 0);
    /* Not possessed any more, and soon collected. */
    while (sign_error(e.key) == 0)
        usleep(1000);
    int said = sign_error(e.key);
    assert_true(said == EACCES || said == ENOKEY);

    /* The same description again is another key with the numbers of its own. */
    end_open(&e, &i, true, "again");
    key_id first = e.key;
    assert_int_equal(sign_error(e.key), 0);
    end_open(&e, &i, true, "again");
    assert_true(e.key != first);
    assert_int_equal(key_sign(e.key, "", "x", 1, token, 16), 16);
    assert_memory_equal(token + 12, "\0\0\0\0", 4);
    end_close(&e);
}

/* ---- ended while signing ---- */

struct signer {
    key_id key;
    atomic_uint made;
    int error; /* that ended it */
    pthread_t thread;
};

static void *sign_on(void *arg)
{
    static const uint8_t data[20000];
    struct signer *s = arg;
    uint8_t token[TOKEN_ROOM];
    while (key_sign(s->key, "", data, atomic_load(&s->made) % 2 ? sizeof data : 10, token, 16) >= 0)
        atomic_fetch_add(&s->made, 1);
    s->error = errno;
    return NULL;
}

/* Three threads sign until operation ends the key; each must then have ended with that error and nothing
 * else. */
static void ended_while_signing(const struct packed *from, int operation, unsigned long argument, int want)
{
    struct end e;
    struct signer signers[3];
    end_open(&e, from, true, "ended");
    for (int n = 0; n < 3; n++) {
        signers[n] = (struct signer){.key = e.key};
        assert_int_equal(pthread_create(&signers[n].thread, NULL, sign_on, &signers[n]), 0);
    }
    for (int n = 0; n < 3; n++)
        while (atomic_load(&signers[n].made) < 5)
            sched_yield();
    assert_int_equal(key_control(operation, (unsigned long)e.key, argument, 0, 0), 0);
    for (int n = 0; n < 3; n++) {
        assert_int_equal(pthread_join(signers[n].thread, NULL), 0);
        assert_int_equal(signers[n].error, want);
    }
    end_close(&e);
}

void test_revoked_while_signing(void **state)
{
    (void)state;
    struct packed i, a;
    packed_ntlm(ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY, &i, &a);
    for (int n = 0; n < 40; n++)
        ended_while_signing(&i, KEYCTL_REVOKE, 0, EKEYREVOKED);
}

void test_invalidated_while_signing(void **state)
{
    (void)state;
    struct packed i, a;
    packed_ntlm(ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY, &i, &a);
    for (int n = 0; n < 20; n++)
        ended_while_signing(&i, KEYCTL_INVALIDATE, 0, ENOKEY);
}

void test_expired_while_signing(void **state)
{
    (void)state;
    struct packed i, a;
    packed_ntlm(ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY, &i, &a);
    ended_while_signing(&i, KEYCTL_SET_TIMEOUT, 1, EKEYEXPIRED);
}

/* ---- four threads ---- */

enum { ROUNDS = 100 };

struct made {
    uint8_t text[12], token[TOKEN_ROOM];
    size_t size;
};

struct worker {
    const struct end *from, *to; /* to NULL: verified later */
    struct made *made;
    int error;
    pthread_t thread;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    for (uint32_t n = 0; w->error == 0 && n < ROUNDS; n++) {
        struct made *m = &w->made[n];
        kit_fill(m->text, sizeof m->text, n);
        w->error = end_sign(w->from, m->text, sizeof m->text, m->token, &m->size);
        if (w->error == 0 && w->to)
            w->error = end_verify(w->to, m->text, sizeof m->text, m->token, m->size);
    }
    return NULL;
}

static int by_number(const void *a, const void *b)
{
    const uint8_t *x = ((const struct made *)a)->token + 12, *y = ((const struct made *)b)->token + 12;
    for (int n = 4; n-- > 0;)
        if (x[n] != y[n])
            return x[n] < y[n] ? -1 : 1;
    return 0;
}

static void four_threads(const struct form *f)
{
    static struct made made[THREADS * ROUNDS];
    struct packed i, a;
    struct end from, to;
    struct worker workers[THREADS];
    bool ntlm = f->etype == 0;
    form_packed(f, 0, &i, &a);
    end_open(&from, &i, true, "from");
    end_open(&to, &a, true, "to");
    for (int n = 0; n < THREADS; n++) {
        workers[n] = (struct worker){.from = &from, .to = ntlm ? NULL : &to, .made = made + n * ROUNDS};
        assert_int_equal(pthread_create(&workers[n].thread, NULL, work, &workers[n]), 0);
    }
    for (int n = 0; n < THREADS; n++) {
        assert_int_equal(pthread_join(workers[n].thread, NULL), 0);
        assert_int_equal(workers[n].error, 0);
    }
    /* NTLM verifies in the order of the numbers: every one was given once. */
    if (ntlm) {
        qsort(made, THREADS * ROUNDS, sizeof made[0], by_number);
        for (size_t n = 0; n < THREADS * ROUNDS; n++)
            assert_int_equal(end_verify(&to, made[n].text, sizeof made[n].text, made[n].token, made[n].size),
                             0);
    }
    end_close(&from);
    end_close(&to);
}

void test_four_threads(void **state)
{
    (void)state;
    for (size_t f = 0; f < form_count; f++)
        four_threads(&forms[f]);
}

/* ---- threads, softirqs and a sample inside the kernel ---- */

static void in_kernel(const char *command, const struct form *f)
{
    struct packed i, a;
    struct end from, to;
    char from_name[64], to_name[64];
    snprintf(from_name, sizeof from_name, "%s-from", f->name);
    snprintf(to_name, sizeof to_name, "%s-to", f->name);
    form_packed(f, 0, &i, &a);
    end_open(&from, &i, true, from_name);
    end_open(&to, &a, true, to_name);
    const char *said = test_command("%s %s %s", command, from_name, to_name);
    if (strstr(said, "FAIL") || strncmp(said, "ok", 2) != 0)
        fail_msg("%s %s: %s", command, f->name, said);
    end_close(&from);
    end_close(&to);
}

void test_kernel_threads(void **state)
{
    (void)state;
    for (size_t f = 0; f < form_count; f++)
        in_kernel("threads", &forms[f]);
}

void test_softirq(void **state)
{
    (void)state;
    for (size_t f = 0; f < form_count; f++)
        in_kernel("softirq", &forms[f]);
}
