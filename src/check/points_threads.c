/* SPDX-License-Identifier: MIT */
/* Points of several threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "check/heap.h"
#include "check/message.h"
#include "check/points.h"
#include "lsa/lsa.h"

enum { THREADS = 4, EACH = 64, TOTAL = THREADS * EACH, TOKEN_MAX = 1024, TEXT = 16 };

static struct check_pair shared_pair;
static uint8_t tokens[TOTAL][TOKEN_MAX];
static ULONG token_size;
static atomic_uint passed[TOTAL];
static pthread_barrier_t together;

/* number: of the thread. Calls are not named one by one: they are many at once. */
static void run(void *(*body)(void *number), const char *what)
{
    pthread_t threads[THREADS];

    check_enter(what);
    pthread_barrier_init(&together, NULL, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, body, (void *)i) != 0)
            check_broken("no threads");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    check_enter(NULL);
}

/* With a byte at both ends that is no buffer's. */
struct piece {
    SecBuffer buffers[2];
    SecBufferDesc desc;
    uint8_t bytes[1 + TEXT + 1];
};

/* All texts are the same, so that tokens differ in their number alone. */
static void piece_make(struct piece *p, uint8_t *token, ULONG size)
{
    memset(p->bytes, 0x42, sizeof p->bytes);
    p->buffers[0] = (SecBuffer){TEXT, SECBUFFER_DATA, p->bytes + 1};
    p->buffers[1] = (SecBuffer){size, SECBUFFER_TOKEN, token};
    p->desc = (SecBufferDesc){SECBUFFER_VERSION, 2, p->buffers};
}

static void begin(bool sequenced)
{
    load_package(LOAD_INSTANCE);
    ULONG order = ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
    check_open(&shared_pair, sequenced ? check_usual_flags() : check_usual_flags() & ~order);
    token_size = message_size(OP_SIGN);
    if (token_size > TOKEN_MAX)
        check_not_offered("a signature of at most %d bytes, which this point can keep", (int)TOKEN_MAX);
}

/* ---- one context signs ---- */

static void *sign_body(void *number)
{
    uintptr_t first = (uintptr_t)number * EACH;
    const SECPKG_USER_FUNCTION_TABLE *table = shared_pair.a.table;

    pthread_barrier_wait(&together);
    for (uintptr_t i = first; i < first + EACH; i++) {
        struct piece p;
        piece_make(&p, tokens[i], TOKEN_MAX);
        check_expect(table->MakeSignature(shared_pair.a.user, 0, &p.desc, 0), SEC_E_OK,
                     "SpMakeSignature in one of %d threads", THREADS);
    }
    return NULL;
}

static NTSTATUS verify_token(uint8_t *token)
{
    struct piece p;

    piece_make(&p, token, token_size);
    return check_call(OP_VERIFY, &shared_pair.b, NULL, &p.desc, 0);
}

/* Each thread's tokens are in order; whose next one is the next of all is found by trying. */
static void verify_in_some_order(void)
{
    unsigned next[THREADS] = {0};

    for (int taken = 0; taken < TOTAL; taken++) {
        int t = 0;
        while (t < THREADS &&
               (next[t] == EACH || lsa_status_map(verify_token(tokens[t * EACH + next[t]])) != SEC_E_OK))
            t++;
        if (t == THREADS)
            check_fail("all messages verify in the order of their numbers",
                       "after %d of %d messages that %d threads signed on one context none of the next ones "
                       "verifies",
                       taken, TOTAL, THREADS);
        next[t]++;
    }
}

void point_threads_make(void)
{
    begin(false);
    run(sign_body, "SpMakeSignature of one context in several threads");
    for (int i = 0; i < TOTAL; i++)
        for (int k = 0; k < i; k++)
            if (memcmp(tokens[i], tokens[k], token_size) == 0)
                check_fail("a number of its own for every message",
                           "two signatures of the same text by %d threads are alike", THREADS);
    verify_in_some_order();
}

/* ---- one context verifies ---- */

/* In order: who is refused has been overtaken by a thread that passed. */
static void *verify_body(void *number)
{
    const SECPKG_USER_FUNCTION_TABLE *table = shared_pair.b.table;

    (void)number;
    pthread_barrier_wait(&together);
    for (int i = 0; i < TOTAL; i++) {
        struct piece p;
        uint8_t copy[TOKEN_MAX];
        ULONG qop = 0;
        memcpy(copy, tokens[i], token_size);
        piece_make(&p, copy, token_size);
        SECURITY_STATUS status = lsa_status_map(table->VerifySignature(shared_pair.b.user, &p.desc, 0, &qop));
        if (status == SEC_E_OK)
            atomic_fetch_add(&passed[i], 1);
        else
            check_expect(status, SEC_E_OUT_OF_SEQUENCE,
                         "SpVerifySignature of a message that several threads verify");
    }
    return NULL;
}

void point_threads_verify(void)
{
    begin(true);
    if (!check_granted(&shared_pair.b, ISC_RET_REPLAY_DETECT) ||
        !check_granted(&shared_pair.b, ISC_RET_SEQUENCE_DETECT))
        check_not_offered("REPLAY_DETECT and SEQUENCE_DETECT");
    for (int i = 0; i < TOTAL; i++) {
        struct piece p;
        piece_make(&p, tokens[i], TOKEN_MAX);
        check_stage("make.basic");
        check_expect(check_call(OP_SIGN, &shared_pair.a, NULL, &p.desc, 0), SEC_E_OK, "SpMakeSignature");
        check_stage(NULL);
    }
    run(verify_body, "SpVerifySignature of one context in several threads");
    for (int i = 0; i < TOTAL; i++)
        if (atomic_load(&passed[i]) != 1)
            check_fail("each message passes once", "message %d of %d passed %u times", i + 1, TOTAL,
                       atomic_load(&passed[i]));
}

/* ---- contexts of one's own ---- */

static void *contexts_body(void *number)
{
    (void)number;
    pthread_barrier_wait(&together);
    for (int i = 0; i < 8; i++) {
        struct check_pair pair;
        check_open_quietly(&pair, check_usual_flags());
        for (int k = 0; k < 4; k++) {
            struct piece p;
            uint8_t token[TOKEN_MAX];
            ULONG qop = 0;
            piece_make(&p, token, TOKEN_MAX);
            check_expect(pair.a.table->MakeSignature(pair.a.user, 0, &p.desc, 0), SEC_E_OK,
                         "SpMakeSignature, contexts in several threads");
            check_expect(pair.b.table->VerifySignature(pair.b.user, &p.desc, 0, &qop), SEC_E_OK,
                         "SpVerifySignature, contexts in several threads");
        }
        check_pair_close(&pair);
    }
    return NULL;
}

void point_threads_contexts(void)
{
    begin(true);
    run(contexts_body, "a handshake or a message in one of several threads");
}

/* ---- everything at once ---- */

static void *mixed_body(void *number)
{
    const struct check_side *mine = (uintptr_t)number % 2 ? &shared_pair.a : &shared_pair.b;
    const SECPKG_USER_FUNCTION_TABLE *table = mine->table;

    pthread_barrier_wait(&together);
    for (int i = 0; i < 200; i++) {
        struct piece p;
        uint8_t token[TOKEN_MAX] = {0};
        ULONG qop = 0;
        SecPkgContext_Sizes sizes;
        piece_make(&p, token, TOKEN_MAX);
        check_expect(table->MakeSignature(mine->user, 0, &p.desc, 0), SEC_E_OK,
                     "SpMakeSignature among other calls");
        p.buffers[1].cbBuffer = token_size;
        (void)table->VerifySignature(mine->user, &p.desc, 0, &qop);
        check_expect(table->QueryContextAttributes(mine->user, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK,
                     "QueryContextAttributes among other calls");
        if (table->SealMessage == NULL || table->UnsealMessage == NULL ||
            !(check_package.info.fCapabilities & SECPKG_FLAG_PRIVACY))
            continue;
        piece_make(&p, token, TOKEN_MAX);
        check_expect(table->SealMessage(mine->user, 0, &p.desc, 0), SEC_E_OK,
                     "SpSealMessage among other calls");
        (void)table->UnsealMessage(mine->user, &p.desc, 0, &qop);
    }
    return NULL;
}

void point_threads_mixed(void)
{
    begin(true);
    if (shared_pair.a.table->QueryContextAttributes == NULL)
        check_not_offered("QueryContextAttributes");
    run(mixed_body, "several calls for one context at once");
}
