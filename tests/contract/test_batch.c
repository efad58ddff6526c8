/* SPDX-License-Identifier: MIT */
/*
 * SspiMakeSignatures and SspiVerifySignatures against the same calls one by one, on contexts of every mode of
 * every package at once: each context has a twin with the same state, which gets the single calls. Statuses,
 * bytes, sizes and the contexts themselves have to be the same afterwards.
 */
#include "contract.h"

#include <pthread.h>
#include <string.h>

#include <opensspi.h>

#include "base/mem.h"

enum { MODES_MAX = 64, REQUESTS = 90, ROUNDS = 60, ARENA = 700 };

/* One context, and its twin. */
struct twins {
    const struct contract_mode *mode;
    CtxtHandle one, other;
};

static struct contract_pair pairs[MODES_MAX];
static struct twins makers[MODES_MAX], checkers[MODES_MAX];
static size_t modes;

static uint32_t seed = 7;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static CtxtHandle twin_of(const struct contract_mode *mode, CtxtHandle *context)
{
    CtxtHandle twin;
    SecBuffer packed = contract_snapshot(context);
    SEC_CHAR *name = (SEC_CHAR *)(uintptr_t)mode->package->name;
    assert_status(ImportSecurityContextA(name, &packed, NULL, &twin), SEC_E_OK);
    FreeContextBuffer(packed.pvBuffer);
    return twin;
}

static int setup(void **state)
{
    const struct contract_mode *const *all = contract_modes(&modes);
    (void)state;
    assert_true(modes <= MODES_MAX);
    for (size_t i = 0; i < modes; i++) {
        contract_open(&pairs[i], all[i]);
        makers[i] = (struct twins){all[i], *pairs[i].a, twin_of(all[i], pairs[i].a)};
        checkers[i] = (struct twins){all[i], *pairs[i].b, twin_of(all[i], pairs[i].b)};
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < modes; i++) {
        assert_status(DeleteSecurityContext(&makers[i].other), SEC_E_OK);
        assert_status(DeleteSecurityContext(&checkers[i].other), SEC_E_OK);
        contract_close(&pairs[i]);
    }
    return 0;
}

static void assert_twins(struct twins *t, const char *what)
{
    SecBuffer before = contract_snapshot(&t->other);
    print_message("# %s: %s\n", t->mode->package->name, t->mode->name);
    contract_same(&t->one, &before, what);
}

/* ---- requests and their copies ---- */

static struct parcel batch[REQUESTS], single[REQUESTS], sent[REQUESTS];
static SspiSignatureRequest requests[REQUESTS];
static size_t places[REQUESTS];

/* Mostly a few contexts, so that many requests are of one. */
static size_t draw_place(void)
{
    return draw(3) == 0 ? draw((uint32_t)modes) : draw(2) ? draw(4) % modes : modes - 1 - draw(6) % modes;
}

static void draw_parcel(struct parcel *m, ULONG token_size)
{
    static const ULONG attributes[] = {0, 0, 0, SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM};
    parcel_start(m);
    if (draw(2) == 0) {
        parcel_add(m, SECBUFFER_DATA, draw(4) ? draw(200) : draw(3000), draw(1u << 16));
        parcel_add(m, SECBUFFER_TOKEN, token_size, draw(1u << 16));
        return;
    }
    uint32_t before = draw(4), behind = draw(8) ? draw(3) : draw(58);
    for (uint32_t i = 0; i < before; i++)
        parcel_add(m, SECBUFFER_DATA | attributes[draw(5)], draw(100), draw(1u << 16));
    parcel_add(m, SECBUFFER_TOKEN, token_size, draw(1u << 16));
    for (uint32_t i = 0; i < behind; i++)
        parcel_add(m, draw(5) ? SECBUFFER_DATA | attributes[draw(5)] : SECBUFFER_PADDING, draw(90),
                   draw(1u << 16));
}

/* Something that the contract refuses. */
static void spoil(SspiSignatureRequest *r, struct parcel *m)
{
    SecBuffer *token = parcel_token(m);
    switch (draw(9)) {
    case 0:
        r->QOP = 5;
        break;
    case 1:
        token->cbBuffer = draw(16);
        break;
    case 2:
        token->BufferType = SECBUFFER_EMPTY;
        break;
    case 3:
        m->desc.ulVersion = 1;
        break;
    case 4:
        m->desc.cBuffers = draw(2) ? 0 : 65;
        break;
    case 5:
        m->desc.pBuffers = NULL;
        break;
    case 6:
        m->buffers[0].pvBuffer = NULL;
        m->buffers[0].cbBuffer = 1;
        break;
    case 7:
        token->pvBuffer = m->buffers[m->desc.cBuffers - 1].pvBuffer;
        break;
    default:
        r->Message = NULL;
    }
}

static void request_set(size_t i, struct twins *t, ULONG number)
{
    requests[i] = (SspiSignatureRequest){&t->one, &batch[i].desc, 0, number, 0x12345678};
    places[i] = (size_t)(t - (t >= checkers && t < checkers + MODES_MAX ? checkers : makers));
}

/* The single calls on the twins, and everything compared. */
static void compare(size_t count, struct twins *twins, bool make, SECURITY_STATUS whole)
{
    SECURITY_STATUS first = SEC_E_OK;
    for (size_t i = 0; i < count; i++) {
        SspiSignatureRequest *r = &requests[i];
        PCtxtHandle context = r->Context == &twins[places[i]].one ? &twins[places[i]].other : r->Context;
        SecBufferDesc *desc = r->Message != NULL ? &single[i].desc : NULL;
        ULONG qop = 0;
        SECURITY_STATUS want = make ? MakeSignature(context, r->QOP, desc, r->MessageSeqNo)
                                    : VerifySignature(context, desc, r->MessageSeqNo, &qop);
        char what[200];
        snprintf(what, sizeof what, "request %zu of %zu, %s, %s", i, count,
                 twins[places[i]].mode->package->name, twins[places[i]].mode->name);
        kit_assert_status(r->Status, want, __FILE__, __LINE__, what);
        if (!make)
            assert_int_equal(r->QOP, qop);
        parcel_assert_same(&batch[i], &single[i], what);
        first = first == SEC_E_OK ? want : first;
    }
    assert_status(whole, first);
}

/* ---- the tests ---- */

static void test_make(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t count = round % 3 == 0 ? REQUESTS : draw(REQUESTS);
        for (size_t i = 0; i < count; i++) {
            struct twins *t = &makers[draw_place()];
            draw_parcel(&batch[i], t->mode->sign_size + (draw(4) ? 0 : draw(20)));
            request_set(i, t, draw(8));
            if (draw(12) == 0)
                spoil(&requests[i], &batch[i]);
            parcel_copy(&single[i], &batch[i]);
        }
        SECURITY_STATUS status = SspiMakeSignatures(requests, (ULONG)count);
        compare(count, makers, true, status);
    }
    for (size_t i = 0; i < modes; i++)
        assert_twins(&makers[i], "after batches");
}

/* A flipped bit somewhere. */
static void damage(struct parcel *m)
{
    SecBuffer *b = &m->buffers[draw(m->desc.cBuffers)];
    if (b->cbBuffer > 0)
        ((uint8_t *)b->pvBuffer)[draw(b->cbBuffer)] ^= (uint8_t)(1 << draw(8));
}

/* What was damaged or displaced comes again as it was sent, so that connections go on; in calls one by one.
 */
static void heal(size_t count, const size_t *from, const ULONG *numbers)
{
    for (size_t i = 0; i < count; i++) {
        struct twins *t = &checkers[from[i]];
        SECURITY_STATUS status = VerifySignature(&t->one, &sent[i].desc, numbers[i], NULL);
        assert_status(VerifySignature(&t->other, &sent[i].desc, numbers[i], NULL), status);
    }
}

static unsigned verified[2][3]; /* NTLM's and others', as genuine, out of sequence, altered */

static void test_verify(void **state)
{
    (void)state;
    size_t from[REQUESTS];
    ULONG numbers[REQUESTS];
    for (int round = 0; round < ROUNDS; round++) {
        size_t count = round % 3 == 0 ? REQUESTS : draw(REQUESTS);
        for (size_t i = 0; i < count; i++) {
            size_t place = draw_place();
            ULONG number = draw(8);
            struct twins *t = &checkers[place];
            draw_parcel(&batch[i], t->mode->sign_size);
            /* As the peer sends it, and both of its twins, which stay alike. */
            parcel_copy(&single[i], &batch[i]);
            assert_status(MakeSignature(&makers[place].other, 0, &single[i].desc, number), SEC_E_OK);
            assert_status(MakeSignature(&makers[place].one, 0, &batch[i].desc, number), SEC_E_OK);
            parcel_copy(&sent[i], &batch[i]);
            from[i] = place;
            numbers[i] = number;
            request_set(i, t, draw(8) ? number : draw(8));
            if (draw(10) == 0)
                damage(&batch[i]);
            if (draw(25) == 0)
                spoil(&requests[i], &batch[i]);
            requests[i].QOP = 0;
        }
        /* Some again, some in each other's place. */
        for (uint32_t k = 0; count > 1 && k < draw(6); k++) {
            size_t one = draw((uint32_t)count), other = draw((uint32_t)count);
            parcel_copy(&batch[other], &batch[one]);
            request_set(other, &checkers[places[one]], requests[one].MessageSeqNo);
            requests[other].QOP = 0;
        }
        for (size_t i = 0; i < count; i++)
            parcel_copy(&single[i], &batch[i]);
        SECURITY_STATUS status = SspiVerifySignatures(requests, (ULONG)count);
        compare(count, checkers, false, status);
        for (size_t i = 0; i < count; i++) {
            unsigned *counts = verified[checkers[places[i]].mode->package != &contract_ntlm];
            counts[0] += requests[i].Status == SEC_E_OK;
            counts[1] += requests[i].Status == SEC_E_OUT_OF_SEQUENCE;
            counts[2] += requests[i].Status == SEC_E_MESSAGE_ALTERED;
        }
        heal(count, from, numbers);
    }
    for (int i = 0; i < 2; i++) {
        print_message("# %u genuine, %u out of sequence, %u altered\n", verified[i][0], verified[i][1],
                      verified[i][2]);
        assert_true(verified[i][0] > 200 && verified[i][1] > 20 && verified[i][2] > 20);
    }
    for (size_t i = 0; i < modes; i++)
        assert_twins(&checkers[i], "after batches");
}

/* ---- contexts in turn, each again soon ---- */

enum { FOURS = 9, TURN = 40 };

/* A round: so many contexts in turn. Some messages come altered first, and as they were sent in their
 * context's next turn; some come twice. */
static void fours_round(const struct contract_mode *mode, uint32_t width)
{
    bool owed[FOURS] = {false};
    for (uint32_t i = 0; i < TURN; i++) {
        const uint32_t place = i % width;
        request_set(i, &checkers[place], i);
        if (owed[place]) {
            parcel_copy(&batch[i], &sent[place]);
            owed[place] = draw(6) == 0; /* once more */
        } else {
            parcel_usual(&batch[i], mode->sign_size, i);
            assert_status(MakeSignature(&makers[place].one, 0, &batch[i].desc, i), SEC_E_OK);
            parcel_copy(&sent[place], &batch[i]);
            owed[place] = draw(2) == 0;
            if (owed[place])
                damage(&batch[i]);
        }
        requests[i].QOP = 0;
        parcel_copy(&single[i], &batch[i]);
    }
    SECURITY_STATUS status = SspiVerifySignatures(requests, TURN);
    compare(TURN, checkers, false, status);
    for (uint32_t place = 0; place < width; place++) {
        SECURITY_STATUS one = VerifySignature(&checkers[place].one, &sent[place].desc, TURN, NULL);
        assert_status(VerifySignature(&checkers[place].other, &sent[place].desc, TURN, NULL), one);
    }
}

static void each_fours(const struct contract_mode *mode)
{
    struct contract_pair fours[FOURS];
    for (size_t i = 0; i < FOURS; i++) {
        contract_open(&fours[i], mode);
        makers[i] = (struct twins){mode, *fours[i].a, *fours[i].a};
        checkers[i] = (struct twins){mode, *fours[i].b, twin_of(mode, fours[i].b)};
    }
    for (uint32_t round = 0; round < 24; round++)
        fours_round(mode, 4 + round % (FOURS - 3));
    for (size_t i = 0; i < FOURS; i++) {
        assert_twins(&checkers[i], "after turns");
        assert_status(DeleteSecurityContext(&checkers[i].other), SEC_E_OK);
        contract_close(&fours[i]);
    }
}

static void test_fours(void **state)
{
    (void)state;
    contract_each(each_fours);
}

/* Handles that are none, and arguments. */
static void test_handles(void **state)
{
    (void)state;
    CtxtHandle stale = twin_of(makers[0].mode, &makers[0].one), wild = {1, 2};
    assert_status(DeleteSecurityContext(&stale), SEC_E_OK);
    PCtxtHandle bad[] = {NULL, &stale, &wild};
    for (size_t i = 0; i < 30; i++) {
        parcel_usual(&batch[i], 64, (uint32_t)i);
        request_set(i, &makers[i % modes], 1);
        if (i % 3 == 2)
            requests[i].Context = bad[i / 3 % 3];
        parcel_copy(&single[i], &batch[i]);
    }
    SECURITY_STATUS status = SspiMakeSignatures(requests, 30);
    assert_status(status, SEC_E_INVALID_HANDLE);
    compare(30, makers, true, status);
    assert_status(SspiMakeSignatures(NULL, 0), SEC_E_OK);
    assert_status(SspiVerifySignatures(NULL, 0), SEC_E_OK);
    assert_status(SspiMakeSignatures(requests, 0), SEC_E_OK);
    assert_status(SspiMakeSignatures(NULL, 1), SEC_E_INVALID_PARAMETER);
    assert_status(SspiVerifySignatures(NULL, 2), SEC_E_INVALID_PARAMETER);
}

/* Buffers anywhere in one small piece of memory: what one request writes others sign and overwrite. */
static void test_shared_buffers(void **state)
{
    (void)state;
    static uint8_t arena[2][ARENA];
    static SecBuffer buffers[2][REQUESTS][3];
    static SecBufferDesc descs[2][REQUESTS];
    for (int round = 0; round < 300; round++) {
        size_t count = 2 + draw(20), room = round % 2 ? ARENA : 120;
        kit_fill(arena[0], ARENA, (uint32_t)round);
        memcpy(arena[1], arena[0], ARENA);
        for (size_t i = 0; i < count; i++) {
            struct twins *t = &makers[round % 3 ? draw((uint32_t)modes) : 0];
            uint32_t size[3] = {draw(50), t->mode->sign_size, draw(3) ? 0 : draw(50)}, at[3];
            for (int k = 0; k < 3; k++)
                at[k] = draw((uint32_t)room - size[k]);
            for (int copy = 0; copy < 2; copy++) {
                for (int k = 0; k < 3; k++)
                    buffers[copy][i][k] =
                        (SecBuffer){size[k], k == 1 ? SECBUFFER_TOKEN : SECBUFFER_DATA, arena[copy] + at[k]};
                descs[copy][i] = (SecBufferDesc){SECBUFFER_VERSION, size[2] ? 3 : 2, buffers[copy][i]};
            }
            request_set(i, t, 1);
            requests[i].Message = &descs[0][i];
        }
        SspiMakeSignatures(requests, (ULONG)count);
        for (size_t i = 0; i < count; i++) {
            SECURITY_STATUS want = MakeSignature(&makers[places[i]].other, 0, &descs[1][i], 1);
            assert_status(requests[i].Status, want);
        }
        if (memcmp(arena[0], arena[1], ARENA) != 0)
            fail_msg("round %d: other bytes than one by one", round);
    }
    for (size_t i = 0; i < modes; i++)
        assert_twins(&makers[i], "after shared buffers");
}

/* ---- no allocation ---- */

static unsigned asked;

static bool gate(void *arg, size_t size)
{
    (void)arg;
    (void)size;
    asked++;
    return true;
}

/* A TOKEN that is not the last buffer that looks like one: what is to be written is known all the same. */
static void test_ignored_type(void **state)
{
    (void)state;
    for (size_t m = 0; m < modes; m++) {
        struct twins *t = &makers[m];
        uint8_t first[2][64] = {{0}}, second[2][64] = {{0}}, extra[64] = {0}, data[16] = "some message..";
        SecBuffer b[2][5];
        SecBufferDesc d[2][2];
        for (int c = 0; c < 2; c++) {
            b[c][0] = (SecBuffer){sizeof data, SECBUFFER_DATA, data};
            b[c][1] = (SecBuffer){t->mode->sign_size, SECBUFFER_TOKEN, first[c]};
            b[c][2] = (SecBuffer){sizeof extra, SECBUFFER_MECHLIST_SIGNATURE, extra};
            b[c][3] = (SecBuffer){sizeof data, SECBUFFER_DATA, first[c]};
            b[c][4] = (SecBuffer){t->mode->sign_size, SECBUFFER_TOKEN, second[c]};
            d[c][0] = (SecBufferDesc){SECBUFFER_VERSION, 3, b[c]};
            d[c][1] = (SecBufferDesc){SECBUFFER_VERSION, 2, b[c] + 3};
        }
        SspiSignatureRequest r[2] = {{&t->one, &d[0][0], 0, 1, 0}, {&t->one, &d[0][1], 0, 2, 0}};
        SspiMakeSignatures(r, 2);
        assert_status(r[0].Status, MakeSignature(&t->other, 0, &d[1][0], 1));
        assert_status(r[1].Status, MakeSignature(&t->other, 0, &d[1][1], 2));
        assert_memory_equal(first[0], first[1], sizeof first[0]);
        assert_memory_equal(second[0], second[1], sizeof second[0]);
        assert_twins(t, "after a type that is ignored");
    }
}

static void test_no_allocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < 64; i++) {
        parcel_usual(&batch[i], 64, (uint32_t)i);
        request_set(i, &makers[i % modes], 1);
        parcel_copy(&single[i], &batch[i]);
    }
    mem_test_gate = gate;
    SECURITY_STATUS status = SspiMakeSignatures(requests, 64);
    mem_test_gate = NULL;
    assert_int_equal(asked, 0);
    compare(64, makers, true, status);
}

/* ---- the ends of the numbers fall into one batch ---- */

static void each_end(const struct contract_mode *mode)
{
    struct contract_pair pair;
    if (!mode->expires || mode->package->near_end == NULL)
        return;
    contract_open(&pair, mode);
    mode->package->near_end(&pair, 5);
    for (size_t i = 0; i < 12; i++) {
        parcel_usual(&batch[i], mode->sign_size, (uint32_t)i);
        requests[i] = (SspiSignatureRequest){pair.a, &batch[i].desc, 0, 0, 0};
    }
    assert_status(SspiMakeSignatures(requests, 12), SEC_E_CONTEXT_EXPIRED);
    for (size_t i = 0; i < 12; i++) {
        assert_status(requests[i].Status, i < 5 ? SEC_E_OK : SEC_E_CONTEXT_EXPIRED);
        requests[i].Context = pair.b;
    }
    assert_status(SspiVerifySignatures(requests, 5), SEC_E_OK);
    contract_close(&pair);
}

static void test_end_of_numbers(void **state)
{
    (void)state;
    contract_each(each_end);
}

/* ---- threads ---- */

enum { THREADS = 4, TURNS = 60, CONTEXTS = 8, EACH = 24 };

static struct contract_pair shared[CONTEXTS];

struct worker {
    unsigned number, bad;
    uint8_t tokens[TURNS * EACH][40];
};
static struct worker workers[THREADS];

/* Everybody signs with all contexts, each in another order. */
static void *make_body(void *arg)
{
    struct worker *w = arg;
    static const uint8_t text[100] = "the same text for everybody";
    for (unsigned turn = 0; turn < TURNS; turn++) {
        SspiSignatureRequest r[EACH];
        SecBuffer buffers[EACH][2];
        SecBufferDesc descs[EACH];
        for (unsigned i = 0; i < EACH; i++) {
            unsigned step = w->number % 2 ? EACH - 1 - i : i;
            buffers[i][0] = (SecBuffer){sizeof text, SECBUFFER_DATA, (void *)(uintptr_t)text};
            buffers[i][1] = (SecBuffer){40, SECBUFFER_TOKEN, w->tokens[turn * EACH + step]};
            descs[i] = (SecBufferDesc){SECBUFFER_VERSION, 2, buffers[i]};
            r[i] = (SspiSignatureRequest){shared[(step + w->number / 2) % CONTEXTS].a, &descs[i], 0, 0, 0};
        }
        w->bad += SspiMakeSignatures(r, EACH) != SEC_E_OK;
    }
    return NULL;
}

/* Everybody checks what one context's peer sends, from its first message on: each passes once. */
static SspiSignatureRequest ordered[CONTEXTS * TURNS];
static unsigned passed;

static void *check_body(void *arg)
{
    struct worker *w = arg;
    static _Thread_local SspiSignatureRequest mine[CONTEXTS * TURNS];
    memcpy(mine, ordered, sizeof mine);
    SspiVerifySignatures(mine, CONTEXTS * TURNS);
    for (unsigned i = 0; i < CONTEXTS * TURNS; i++) {
        if (mine[i].Status == SEC_E_OK)
            __atomic_fetch_add(&passed, 1, __ATOMIC_RELAXED);
        else
            w->bad += mine[i].Status != SEC_E_OUT_OF_SEQUENCE;
    }
    return NULL;
}

static void run(void *(*body)(void *))
{
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].number = i;
        assert_int_equal(pthread_create(&threads[i], NULL, body, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].bad, 0);
    }
}

static void test_threads(void **state)
{
    (void)state;
    size_t count;
    const struct contract_mode *const *all = contract_modes(&count);
    const struct contract_mode *last = all[count - 1];
    for (unsigned i = 0; i < CONTEXTS; i++)
        contract_open(&shared[i], i % 4 == 3 && last->sign_size <= 40 ? last : all[0]);
    run(make_body);
    /* NTLM's numbers stand in the tokens: each was given once. */
    for (unsigned context = 0; context < CONTEXTS; context++) {
        static uint8_t seen[THREADS * TURNS * EACH];
        unsigned given = 0;
        if (shared[context].mode != all[0])
            continue;
        memset(seen, 0, sizeof seen);
        for (unsigned t = 0; t < THREADS; t++)
            for (unsigned i = 0; i < TURNS * EACH; i++) {
                if ((i % EACH + t / 2) % CONTEXTS != context)
                    continue;
                const uint8_t *n = workers[t].tokens[i] + 12;
                unsigned number = n[0] | (unsigned)n[1] << 8 | (unsigned)n[2] << 16;
                assert_true(number < sizeof seen);
                assert_int_equal(seen[number]++, 0);
                given++;
            }
        assert_int_equal(given, THREADS * TURNS * EACH / CONTEXTS);
    }

    static uint8_t tokens[CONTEXTS * TURNS][40];
    static SecBuffer buffers[CONTEXTS * TURNS][2];
    static SecBufferDesc descs[CONTEXTS * TURNS];
    for (unsigned i = 0; i < CONTEXTS * TURNS; i++) {
        buffers[i][0] = (SecBuffer){5, SECBUFFER_DATA, (void *)(uintptr_t) "hello"};
        buffers[i][1] = (SecBuffer){40, SECBUFFER_TOKEN, tokens[i]};
        descs[i] = (SecBufferDesc){SECBUFFER_VERSION, 2, buffers[i]};
        ordered[i] = (SspiSignatureRequest){shared[i % CONTEXTS].b, &descs[i], 0, 0, 0};
    }
    assert_status(SspiMakeSignatures(ordered, CONTEXTS * TURNS), SEC_E_OK);
    for (unsigned i = 0; i < CONTEXTS * TURNS; i++)
        ordered[i].Context = shared[i % CONTEXTS].a;
    run(check_body);
    assert_int_equal(passed, CONTEXTS * TURNS);
    for (unsigned i = 0; i < CONTEXTS; i++)
        contract_close(&shared[i]);
}

static void *nothing(void *arg)
{
    return arg;
}

/* With an argument: as in a process that has had a second thread, where locks are really taken. */
int main(int argc, char **argv)
{
    pthread_t thread;
    (void)argv;
    if (argc > 1 && (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_make, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared_buffers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ignored_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_allocation, setup, teardown),
        cmocka_unit_test(test_end_of_numbers),
        cmocka_unit_test(test_fours),
        cmocka_unit_test(test_threads),
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
