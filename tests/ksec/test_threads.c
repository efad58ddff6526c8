/* SPDX-License-Identifier: MIT */
/*
 * Four threads with one context while a fifth deletes it and puts another in its place, again and again: each
 * call does its work or says that there is no such context; and nothing is left. Under ThreadSanitizer, too.
 */
#include "kit.h"

#include <pthread.h>
#include <sched.h>

#include "base/mem.h"

enum { THREADS = 4, ROUNDS = 3000, SWAPS_MIN = 50 };

struct shared {
    const char *package;
    struct ksec_bytes payload;
    const SECPKG_KERNEL_FUNCTION_TABLE *table;
    LSA_SEC_HANDLE id;   /* atomic */
    unsigned running;    /* atomic; workers */
    unsigned good, gone; /* atomic */
    unsigned bad;        /* atomic */
    unsigned swaps;
};

static NTSTATUS work_message(const struct ksec_context *c, unsigned what)
{
    uint8_t text[200] = {1}, token[128];
    SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    NTSTATUS status = what % 2 ? ksec_kit_sign(c, 0, &desc, 0) : ksec_kit_seal(c, 0, &desc, 0);
    if (status != SEC_E_OK)
        return status;
    /* Its own token is nothing that it takes. */
    status = what % 2 ? ksec_kit_verify(c, &desc, 0, NULL) : ksec_kit_unseal(c, &desc, 0, NULL);
    return status == SEC_E_MESSAGE_ALTERED || status == SEC_E_OUT_OF_SEQUENCE ? SEC_E_OK : status;
}

static NTSTATUS work_other(const struct ksec_context *c, unsigned what)
{
    SecBuffer packed;
    SecPkgContext_SessionKey key;
    LSA_SEC_HANDLE lsa = 0;
    NTSTATUS status;
    switch (what % 3) {
    case 0:
        status = c->table->ExportContext(c->id, 0, &packed, NULL);
        if (status == SEC_E_OK)
            ksec_host_free(packed.pvBuffer);
        return status;
    case 1:
        status = c->table->QueryAttributes(c->id, SECPKG_ATTR_SESSION_KEY, &key);
        if (status == SEC_E_OK)
            ksec_host_free(key.SessionKey);
        return status;
    default:
        status = c->table->MapHandle(c->id, &lsa);
        return status == SEC_E_OK && lsa != 0x77 ? SEC_E_INTERNAL_ERROR : status;
    }
}

static void *worker(void *arg)
{
    struct shared *s = arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct ksec_context c = {s->table, __atomic_load_n(&s->id, __ATOMIC_ACQUIRE)};
        NTSTATUS status = i % 5 == 4 ? work_other(&c, i / 5) : work_message(&c, i);
        __atomic_fetch_add(status == SEC_E_OK               ? &s->good
                           : status == SEC_E_INVALID_HANDLE ? &s->gone
                                                            : &s->bad,
                           1, __ATOMIC_RELAXED);
    }
    __atomic_fetch_sub(&s->running, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void *swapper(void *arg)
{
    struct shared *s = arg;
    while (__atomic_load_n(&s->running, __ATOMIC_ACQUIRE) > 0 || s->swaps < SWAPS_MIN) {
        struct ksec_context old = {s->table, __atomic_load_n(&s->id, __ATOMIC_ACQUIRE)}, new;
        if (ksec_unload(&old) != SEC_E_OK ||
            ksec_load(s->payload.data, s->payload.size, 0x77, &new) != SEC_E_OK)
            __atomic_fetch_add(&s->bad, 1, __ATOMIC_RELAXED);
        else
            __atomic_store_n(&s->id, new.id, __ATOMIC_RELEASE);
        s->swaps++;
        sched_yield();
    }
    return NULL;
}

static void run(const char *package, struct ksec_bytes packed)
{
    struct shared s = {.package = package, .payload = ksec_kit_payload(package, &packed), .running = THREADS};
    struct ksec_context c;
    pthread_t threads[THREADS + 1];
    size_t live = mem_live();
    assert_int_equal(ksec_load(s.payload.data, s.payload.size, 0x77, &c), SEC_E_OK);
    s.table = c.table;
    s.id = c.id;
    for (size_t i = 0; i <= THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < THREADS ? worker : swapper, &s), 0);
    for (size_t i = 0; i <= THREADS; i++)
        pthread_join(threads[i], NULL);
    print_message("# %s: %u done, %u found none, %u swaps\n", package, s.good, s.gone, s.swaps);
    assert_int_equal(s.bad, 0);
    assert_int_equal(s.good + s.gone, THREADS * ROUNDS);
    assert_true(s.good > 0);
    c.id = s.id;
    assert_int_equal(ksec_unload(&c), SEC_E_OK);
    assert_int_equal(ksec_lists_count(), 0);
    assert_int_equal(mem_live(), live);
    ksec_bytes_free(&s.payload);
    ksec_bytes_free(&packed);
}

static void test_ntlm(void **state)
{
    (void)state;
    static const uint8_t key[NTLM_KEY_SIZE] = "sixteen bytes ok";
    static const uint32_t kinds[] = {NTLM_F_ESS | NTLM_F_KEY_EXCH, NTLM_F_KEY_EXCH,
                                     NTLM_F_ESS | NTLM_F_DATAGRAM};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct ntlm_protect p;
        ntlm_protect_init(&p, kinds[i] | NTLM_F_128 | NTLM_F_SIGN | NTLM_F_SEAL, true, WINDOW_OFF, key);
        run("NTLM", ksec_kit_ntlm(&p));
    }
}

static void test_kerberos(void **state)
{
    (void)state;
    struct krb5_protect p;
    struct krb5_start start = {
        .flags = KRB5_F_INTEG | KRB5_F_CONF | KRB5_F_REPLAY | KRB5_F_INITIATOR,
        .key = {KRB5_ETYPE_AES128_SHA256, "sixteen bytes ok"},
    };
    assert_true(krb5_protect_init(&p, &start));
    run("Kerberos", ksec_kit_kerberos(&p));
}

/* ---- each message once, whoever is first, and packed meanwhile ---- */

struct once {
    struct ksec_context a, b;
    unsigned accepted; /* atomic */
    size_t token_size;
};

enum { TOKENS = 400 };
static uint8_t tokens[TOKENS][32];

static void *taker(void *arg)
{
    struct once *o = arg;
    for (unsigned i = 0; i < TOKENS; i++) {
        struct span part = {(const uint8_t *)&i, sizeof i};
        if (ksec_verify(&o->b, &part, 1, i + 1, tokens[i], o->token_size) == SEC_E_OK)
            __atomic_fetch_add(&o->accepted, 1, __ATOMIC_RELAXED);
        if (i % 16 == 0) {
            struct ksec_bytes packed = ksec_kit_export(&o->b);
            ksec_bytes_free(&packed);
        }
    }
    return NULL;
}

static void run_once(struct once *o)
{
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < TOKENS; i++) {
        struct span part = {(const uint8_t *)&i, sizeof i};
        size_t size = 32;
        assert_int_equal(ksec_sign(&o->a, &part, 1, i + 1, tokens[i], &size), SEC_E_OK);
        assert_int_equal(size, o->token_size);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, taker, o), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(o->accepted, TOKENS);
    assert_int_equal(ksec_unload(&o->a), SEC_E_OK);
    assert_int_equal(ksec_unload(&o->b), SEC_E_OK);
}

static void test_once_kerberos(void **state)
{
    (void)state;
    struct krb5_protect p;
    struct krb5_start start = {
        .flags = KRB5_F_INTEG | KRB5_F_CONF | KRB5_F_REPLAY | KRB5_F_INITIATOR,
        .key = {KRB5_ETYPE_AES128_SHA1, "sixteen bytes ok"},
    };
    struct once o = {.token_size = 28};
    assert_true(krb5_protect_init(&p, &start));
    o.a = ksec_kit_load_kerberos(&p);
    start.flags &= ~(uint32_t)KRB5_F_INITIATOR;
    assert_true(krb5_protect_init(&p, &start));
    o.b = ksec_kit_load_kerberos(&p);
    run_once(&o);
}

/* Datagrams pass in any order; on a connection whoever is late finds that the others were there, and all
 * pass. */
static void test_once_ntlm(void **state)
{
    (void)state;
    static const uint8_t key[NTLM_KEY_SIZE] = "sixteen bytes ok";
    static const uint32_t kinds[] = {NTLM_F_ESS | NTLM_F_DATAGRAM, NTLM_F_ESS | NTLM_F_KEY_EXCH,
                                     NTLM_F_KEY_EXCH};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct ntlm_protect p;
        struct once o = {.token_size = 16};
        ntlm_protect_init(&p, kinds[i] | NTLM_F_128 | NTLM_F_SIGN, true, WINDOW_REPLAY, key);
        o.a = ksec_kit_load_ntlm(&p);
        ntlm_protect_init(&p, kinds[i] | NTLM_F_128 | NTLM_F_SIGN, false, WINDOW_REPLAY, key);
        o.b = ksec_kit_load_ntlm(&p);
        run_once(&o);
    }
}

static int start(void **state)
{
    (void)state;
    ksec_kit_start();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm),
        cmocka_unit_test(test_kerberos),
        cmocka_unit_test(test_once_kerberos),
        cmocka_unit_test(test_once_ntlm),
    };
    return cmocka_run_group_tests_name("ksec threads", tests, start, NULL);
}
