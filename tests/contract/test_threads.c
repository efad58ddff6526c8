/* SPDX-License-Identifier: MIT */
/*
 * Eight threads on shared contexts. Under ThreadSanitizer too. CONTRACT_OPERATIONS says how many operations
 * of each kind have to be counted in the test of everything at once.
 */
#include "contract.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, EACH = 1500, TOTAL = THREADS * EACH };

struct work {
    struct contract_pair *pair;
    uint8_t (*tokens)[64];
    uint8_t (*texts)[16];
    unsigned thread;
    unsigned good, bad;
    bool seal;
};

static void run(struct work *work, void *(*body)(void *))
{
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        work[i].thread = i;
        assert_int_equal(pthread_create(&threads[i], NULL, body, &work[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* ---- one context: each number is given once, and each message passes once ---- */

/* Texts say which message they are, so that a sealed one can be told by its plain text. */
static void *make_body(void *arg)
{
    struct work *w = arg;
    for (unsigned i = 0; i < EACH; i++) {
        unsigned at = w->thread * EACH + i;
        ULONG size = 64;
        memset(w->texts[at], 0, 16);
        memcpy(w->texts[at], &at, sizeof at);
        SECURITY_STATUS status = w->seal ? kit_seal(w->pair->a, w->texts[at], 16, w->tokens[at], &size)
                                         : kit_sign(w->pair->a, w->texts[at], 16, w->tokens[at], &size);
        w->good += status == SEC_E_OK;
    }
    return NULL;
}

static unsigned number_of(const struct contract_mode *mode, const uint8_t *token)
{
    const uint8_t *at = token + (mode->number_at ? mode->number_at : mode->sequence_at);
    unsigned number = at[0] | (unsigned)at[1] << 8 | (unsigned)at[2] << 16 | (unsigned)at[3] << 24;
    return number - mode->first_number;
}

/* Each thread tries all in order: one that was taken already is refused, and none is skipped, because whoever
 * fails at one has been overtaken by a thread that passed it. */
static void *check_body(void *arg)
{
    struct work *w = arg;
    for (unsigned i = 0; i < TOTAL; i++) {
        SECURITY_STATUS status;
        if (w->seal) {
            uint8_t text[16];
            memcpy(text, w->texts[i], 16);
            status = kit_unseal(w->pair->b, text, 16, w->tokens[i], w->pair->mode->seal_size);
        } else {
            status = kit_verify(w->pair->b, w->texts[i], 16, w->tokens[i], w->pair->mode->sign_size);
        }
        w->good += status == SEC_E_OK;
        w->bad += status != SEC_E_OK && status != SEC_E_OUT_OF_SEQUENCE;
    }
    return NULL;
}

static uint8_t made_tokens[TOTAL][64], made_texts[TOTAL][16], tokens[TOTAL][64], texts[TOTAL][16];

static void each_one_context(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct work work[THREADS];
    /* Tokens whose number can be read without the key. */
    if (mode->datagram || mode->dummy || mode->shared_stream || !mode->sequenced)
        return;
    for (int seal = 0; seal < 2; seal++) {
        unsigned good = 0;
        contract_open(&pair, mode);
        memset(work, 0, sizeof work);
        for (unsigned i = 0; i < THREADS; i++)
            work[i] = (struct work){.pair = &pair, .tokens = made_tokens, .texts = made_texts, .seal = seal};
        run(work, make_body);
        memset(tokens, 0xff, sizeof tokens);
        for (unsigned i = 0; i < TOTAL; i++) {
            unsigned number = number_of(mode, made_tokens[i]);
            assert_true(number < TOTAL);
            assert_int_equal(tokens[number][0], 0xff);
            memcpy(tokens[number], made_tokens[i], 64);
            memcpy(texts[number], made_texts[i], 16);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            assert_int_equal(work[i].good, EACH);
            work[i] = (struct work){.pair = &pair, .tokens = tokens, .texts = texts, .seal = seal};
        }
        run(work, check_body);
        for (unsigned i = 0; i < THREADS; i++) {
            good += work[i].good;
            assert_int_equal(work[i].bad, 0);
        }
        assert_int_equal(good, TOTAL);
        contract_genuine(&pair, 0);
        contract_close(&pair);
    }
}

static void test_one_context(void **state)
{
    (void)state;
    contract_each(each_one_context);
}

/* ---- everything at once ---- */

enum { SLOTS = 6 };
enum kind { KIND_SIGN, KIND_VERIFY, KIND_QUERY, KIND_REPLACE, KIND_COUNT };

/* A pair that threads use while others delete and make it anew. The lock guards the handles' words, never a
 * call. */
static struct slot {
    pthread_mutex_t lock;
    struct contract_pair pair;
    CtxtHandle a, b;
    SecBuffer packed_a, packed_b;
} slots[SLOTS];

static atomic_uint counted[KIND_COUNT], unexpected;

static bool allowed(SECURITY_STATUS status)
{
    return status == SEC_E_OK || status == SEC_E_INVALID_HANDLE || status == SEC_E_OUT_OF_SEQUENCE;
}

static void count(enum kind kind, SECURITY_STATUS status)
{
    if (status == SEC_E_OK)
        atomic_fetch_add(&counted[kind], 1);
    else if (!allowed(status))
        atomic_fetch_add(&unexpected, 1);
}

static void handles(struct slot *slot, CtxtHandle *a, CtxtHandle *b)
{
    pthread_mutex_lock(&slot->lock);
    *a = slot->a;
    *b = slot->b;
    pthread_mutex_unlock(&slot->lock);
}

static void sign_and_verify(struct slot *slot, bool seal)
{
    CtxtHandle a, b;
    uint8_t text[32] = {1, 2, 3}, token[64];
    ULONG size = sizeof token;
    handles(slot, &a, &b);
    SECURITY_STATUS status =
        seal ? kit_seal(&a, text, sizeof text, token, &size) : kit_sign(&a, text, sizeof text, token, &size);
    count(KIND_SIGN, status);
    if (status == SEC_E_OK)
        count(KIND_VERIFY, seal ? kit_unseal(&b, text, sizeof text, token, size)
                                : kit_verify(&b, text, sizeof text, token, size));
}

static void query(struct slot *slot, unsigned round)
{
    CtxtHandle a, b;
    SecPkgContext_Sizes sizes;
    SecPkgContext_NamesA names;
    handles(slot, &a, &b);
    if (round % 2) {
        count(KIND_QUERY, QueryContextAttributesA(&a, SECPKG_ATTR_SIZES, &sizes));
        return;
    }
    SECURITY_STATUS status = QueryContextAttributesA(&b, SECPKG_ATTR_NAMES, &names);
    count(KIND_QUERY, status);
    if (status == SEC_E_OK)
        FreeContextBuffer(names.sUserName);
}

/* Whoever takes a pair out deletes it while others are in the midst of using it, exactly once. */
static void replace(struct slot *slot)
{
    CtxtHandle a, b;
    SecBuffer packed_a = slot->packed_a, packed_b = slot->packed_b;
    SEC_CHAR *name = (SEC_CHAR *)(uintptr_t)slot->pair.mode->package->name;
    SECURITY_STATUS first = ImportSecurityContextA(name, &packed_a, NULL, &a);
    SECURITY_STATUS second = ImportSecurityContextA(name, &packed_b, NULL, &b);
    if (first != SEC_E_OK || second != SEC_E_OK) {
        atomic_fetch_add(&unexpected, 1);
        return;
    }
    pthread_mutex_lock(&slot->lock);
    CtxtHandle old_a = slot->a, old_b = slot->b;
    slot->a = a;
    slot->b = b;
    pthread_mutex_unlock(&slot->lock);
    first = DeleteSecurityContext(&old_a);
    second = DeleteSecurityContext(&old_b);
    if (first != SEC_E_OK || second != SEC_E_OK || DeleteSecurityContext(&old_a) != SEC_E_INVALID_HANDLE)
        atomic_fetch_add(&unexpected, 1);
    count(KIND_REPLACE, first);
}

static bool enough(void)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (atomic_load(&counted[i]) < CONTRACT_OPERATIONS)
            return false;
    return true;
}

static void *everything_body(void *arg)
{
    const struct work *w = arg;
    for (unsigned round = w->thread; !enough(); round += 7) {
        struct slot *slot = &slots[round % SLOTS];
        sign_and_verify(slot, round % 3 == 0);
        sign_and_verify(slot, false);
        query(slot, round);
        /* Threads by turns, so that contexts live for some calls. */
        if (round % 4 == w->thread % 4 ||
            atomic_load(&counted[KIND_REPLACE]) < atomic_load(&counted[KIND_SIGN]) / 4)
            replace(slot);
        if (round % 4096 == 0) {
            /* A whole handshake beside it all. */
            struct kit_side x, y;
            SECURITY_STATUS status = kit_handshake("NTLM", ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY, &x, &y);
            if (status != SEC_E_OK)
                atomic_fetch_add(&unexpected, 1);
            kit_close(&x);
            kit_close(&y);
        }
    }
    return NULL;
}

static void test_everything_at_once(void **state)
{
    (void)state;
    size_t number;
    const struct contract_mode *const *modes = contract_modes(&number);
    struct work work[THREADS];
    for (int i = 0; i < SLOTS; i++) {
        /* Datagrams without numbers verify in any order; connections show the refusals too. */
        const struct contract_mode *mode = modes[i % 2];
        for (size_t j = 0; j < number && i % 2; j++)
            if (modes[j]->datagram)
                mode = modes[j];
        contract_open(&slots[i].pair, mode);
        pthread_mutex_init(&slots[i].lock, NULL);
        slots[i].packed_a = contract_snapshot(slots[i].pair.a);
        slots[i].packed_b = contract_snapshot(slots[i].pair.b);
        slots[i].a = *slots[i].pair.a;
        slots[i].b = *slots[i].pair.b;
        slots[i].pair.initiator.has_context = slots[i].pair.acceptor.has_context = false;
    }
    memset(work, 0, sizeof work);
    run(work, everything_body);
    assert_int_equal(atomic_load(&unexpected), 0);
    for (int i = 0; i < KIND_COUNT; i++)
        assert_true(atomic_load(&counted[i]) >= CONTRACT_OPERATIONS);
    for (int i = 0; i < SLOTS; i++) {
        assert_status(DeleteSecurityContext(&slots[i].a), SEC_E_OK);
        assert_status(DeleteSecurityContext(&slots[i].b), SEC_E_OK);
        FreeContextBuffer(slots[i].packed_a.pvBuffer);
        FreeContextBuffer(slots[i].packed_b.pvBuffer);
        contract_close(&slots[i].pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_context),
        cmocka_unit_test(test_everything_at_once),
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
