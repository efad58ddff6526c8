/* SPDX-License-Identifier: MIT */
/* Many threads: on one context, and with one credential. */
#include "pair.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- threads ---- */

enum { THREADS = 4, EACH = 1500 };

static struct work {
    pthread_t thread;
    bool seal;
    struct {
        uint8_t token[96], text[16];
        ULONG size;
    } made[EACH];
    unsigned failed;
} work[THREADS];

static void *make_body(void *arg)
{
    struct work *w = arg;
    for (unsigned i = 0; i < EACH; i++) {
        w->made[i].size = sizeof w->made[i].token;
        kit_fill(w->made[i].text, 16, i);
        SECURITY_STATUS status =
            w->seal && i % 2
                ? kit_seal(&initiator.context, w->made[i].text, 16, w->made[i].token, &w->made[i].size)
                : kit_sign(&initiator.context, w->made[i].text, 16, w->made[i].token, &w->made[i].size);
        w->failed += status != SEC_E_OK;
    }
    return NULL;
}

static void *check_body(void *arg)
{
    struct work *w = arg;
    for (unsigned i = 0; i < EACH; i++) {
        SECURITY_STATUS status =
            w->seal && i % 2
                ? kit_unseal(&acceptor.context, w->made[i].text, 16, w->made[i].token, w->made[i].size)
                : kit_verify(&acceptor.context, w->made[i].text, 16, w->made[i].token, w->made[i].size);
        w->failed += status != SEC_E_OK;
    }
    return NULL;
}

static void run_threads(void *(*body)(void *))
{
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&work[i].thread, NULL, body, &work[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(work[i].thread, NULL);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(work[i].failed, 0);
}

/* BE64 at offset 8 of every token. */
static uint64_t number_of(const uint8_t *token)
{
    uint64_t n = 0;
    for (int i = 8; i < 16; i++)
        n = n << 8 | token[i];
    return n;
}

/* Every number exactly once, and all of them verify, on whichever thread. */
static void test_threads(void **state)
{
    static uint8_t seen[THREADS * EACH];
    (void)state;
    for (int seal = 0; seal < 2; seal++) {
        pair_open("t20/server", PAIR_SEAL, 0);
        memset(work, 0, sizeof work);
        memset(seen, 0, sizeof seen);
        for (int i = 0; i < THREADS; i++)
            work[i].seal = seal;
        run_threads(make_body);
        uint64_t first = UINT64_MAX;
        for (int t = 0; t < THREADS; t++)
            for (int i = 0; i < EACH; i++)
                if (number_of(work[t].made[i].token) < first)
                    first = number_of(work[t].made[i].token);
        for (int t = 0; t < THREADS; t++) {
            for (int i = 0; i < EACH; i++) {
                uint64_t at = number_of(work[t].made[i].token) - first;
                assert_true(at < THREADS * EACH);
                assert_int_equal(seen[at], 0);
                seen[at] = 1;
            }
        }
        run_threads(check_body);
        pair_close();
    }
}

static bool signs(struct kit_side *from, struct kit_side *to)
{
    uint8_t text[8] = "a text", token[64];
    ULONG size = sizeof token;
    return kit_sign(&from->context, text, sizeof text, token, &size) == SEC_E_OK &&
           kit_verify(&to->context, text, sizeof text, token, size) == SEC_E_OK;
}

/* One credential, many handshakes at once; the first of them gets the ticket by password for all. */
static void *handshake_body(void *arg)
{
    struct work *w = arg;
    struct kit_side user = initiator, server = acceptor;
    user.token = malloc(KIT_TOKEN_MAX);
    server.token = malloc(KIT_TOKEN_MAX);
    for (int i = 0; i < 20; i++) {
        ULONG isc = i % 2 ? PAIR_SEAL | ISC_REQ_MUTUAL_AUTH : PAIR_SEAL;
        user.has_context = server.has_context = false;
        w->failed += SEC_SUCCESS(kit_step(&user, isc, "host/server", NULL, 0, NULL)) == 0;
        w->failed += kit_step(&server, 0, NULL, user.token, user.token_size, NULL) != SEC_E_OK;
        if (i % 2)
            w->failed +=
                kit_step(&user, isc, "host/server", server.token, server.token_size, NULL) != SEC_E_OK;
        w->failed += !signs(&user, &server) || !signs(&server, &user);
        w->failed += !user.has_context || DeleteSecurityContext(&user.context) != SEC_E_OK;
        w->failed += !server.has_context || DeleteSecurityContext(&server.context) != SEC_E_OK;
    }
    free(user.token);
    free(server.token);
    return NULL;
}

static void handshakes(const char *realm, const char *user, const char *password)
{
    memset(work, 0, sizeof work);
    assert_status(kit_open(&initiator, "Kerberos", true, realm, user, password), SEC_E_OK);
    assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    run_threads(handshake_body);
    pair_close();
}

static void test_handshakes_by_password(void **state)
{
    (void)state;
    handshakes(REALM, KIT_USER, KIT_PASSWORD);
}

static void test_handshakes_with_tickets(void **state)
{
    (void)state;
    handshakes(NULL, NULL, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_handshakes_by_password),
        cmocka_unit_test(test_handshakes_with_tickets),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests_name("kerberos threads", tests, NULL, NULL);
}
