/* SPDX-License-Identifier: MIT */
/* SspiMakeSignatures and SspiVerifySignatures as far as the host goes: what a package gets, and in which
 * pieces. */
#include "fake.h"

#include "secur32/registry.h"

enum { MOST = 200, CHUNK = 64 };

/* A package's table that writes down what it was called with. */
static struct spy {
    ULONG calls, counts[MOST], items;
    ULONG_PTR contexts[MOST];
    ULONG qops[MOST], numbers[MOST];
    PSecBufferDesc messages[MOST];
    bool made;
    NTSTATUS status;         /* what every third item gets */
    CtxtHandle *deleted;     /* a handle that is deleted meanwhile */
    unsigned long deletions; /* of the package's contexts while it was called */
} spy;

static void spy_call(bool make, SspiBatchItem *items, ULONG count)
{
    spy.made = make;
    spy.counts[spy.calls++] = count;
    if (spy.deleted != NULL)
        assert_int_equal(DeleteSecurityContext(spy.deleted), SEC_E_OK);
    spy.deletions = fake_count(&fake_counts.user_deleted);
    for (ULONG i = 0; i < count; i++, spy.items++) {
        spy.contexts[spy.items] = items[i].Context;
        spy.qops[spy.items] = items[i].QOP;
        spy.numbers[spy.items] = items[i].MessageSeqNo;
        spy.messages[spy.items] = items[i].Message;
        items[i].Status = spy.items % 3 == 2 ? spy.status : 0;
        if (!make && items[i].Status == 0)
            items[i].QOP = 77;
    }
}

static void spy_make(SspiBatchItem *items, ULONG count)
{
    spy_call(true, items, count);
}

static void spy_verify(SspiBatchItem *items, ULONG count)
{
    spy_call(false, items, count);
}

static const SspiBatchFunctions spy_table = {spy_make, spy_verify};
static const SspiBatchFunctions half_table = {spy_make, NULL};

static void use_table(const SspiBatchFunctions *table)
{
    struct package *package;
    memset(&spy, 0, sizeof spy);
    assert_int_equal(registry_find(u"Fake", &package), SEC_E_OK);
    package->batch = table;
    package_release(package);
}

/* Requests with buffers of their own. */
static SspiSignatureRequest requests[MOST];
static SecBufferDesc descs[MOST];
static SecBuffer buffers[MOST][2];
static uint8_t data[MOST][16], tokens[MOST][16];

static void fill(CtxtHandle *a, CtxtHandle *b)
{
    memset(tokens, 's', sizeof tokens);
    for (ULONG i = 0; i < MOST; i++) {
        buffers[i][0] = (SecBuffer){16, SECBUFFER_DATA, data[i]};
        buffers[i][1] = (SecBuffer){FAKE_SIGNATURE, SECBUFFER_TOKEN, tokens[i]};
        descs[i] = (SecBufferDesc){SECBUFFER_VERSION, 2, buffers[i]};
        requests[i] = (SspiSignatureRequest){i % 2 ? b : a, &descs[i], i % 5, i, 0x11};
    }
}

/* All of them in order, in pieces of at most 64, statuses back to where they belong. */
static void test_pieces(void **state)
{
    CtxtHandle a, b;
    (void)state;
    fake_pair(&a, &b);
    for (int make = 0; make < 2; make++) {
        use_table(&spy_table);
        spy.status = STATUS_NO_MEMORY;
        fill(&a, &b);
        SECURITY_STATUS status =
            make ? SspiMakeSignatures(requests, MOST) : SspiVerifySignatures(requests, MOST);
        assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
        assert_int_equal(spy.made, make);
        assert_int_equal(spy.items, MOST);
        assert_int_equal(spy.calls, (MOST + CHUNK - 1) / CHUNK);
        for (ULONG i = 0; i < spy.calls; i++)
            assert_true(spy.counts[i] > 0 && spy.counts[i] <= CHUNK);
        for (ULONG i = 0; i < MOST; i++) {
            assert_ptr_equal(spy.messages[i], &descs[i]);
            assert_int_equal(spy.contexts[i], spy.contexts[i % 2]);
            assert_int_equal(spy.numbers[i], i);
            assert_int_equal(spy.qops[i], i % 5);
            assert_int_equal(requests[i].Status, i % 3 == 2 ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK);
            assert_int_equal(requests[i].QOP, make || i % 3 == 2 ? i % 5 : 77);
        }
        assert_int_not_equal(spy.contexts[0], spy.contexts[1]);
    }
    DeleteSecurityContext(&a);
    DeleteSecurityContext(&b);
}

/* One request goes the single way, and so does everything where there is no table or no entry. */
static void test_single(void **state)
{
    CtxtHandle a, b;
    (void)state;
    fake_pair(&a, &b);
    fill(&a, &b);
    use_table(&spy_table);
    requests[0].QOP = 0;
    assert_int_equal(SspiMakeSignatures(requests, 1), SEC_E_OK);
    assert_int_equal(SspiVerifySignatures(requests, 1), SEC_E_OK);
    assert_int_equal(spy.calls, 0);
    assert_int_equal(fake_count(&fake_counts.signs), 1);
    assert_int_equal(fake_count(&fake_counts.verifies), 1);

    use_table(&half_table);
    fill(&a, &b);
    SspiVerifySignatures(requests, 10);
    assert_int_equal(fake_count(&fake_counts.verifies), 11);
    use_table(NULL);
    fill(&a, &b);
    assert_int_equal(SspiMakeSignatures(requests, 10), SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(fake_count(&fake_counts.signs), 11);
    for (ULONG i = 0; i < 10; i++)
        assert_int_equal(requests[i].Status, i % 5 ? SEC_E_QOP_NOT_SUPPORTED : SEC_E_OK);
    assert_int_equal(spy.calls, 0);
    DeleteSecurityContext(&a);
    DeleteSecurityContext(&b);
}

/* What does not reach the package. */
static void test_refused(void **state)
{
    CtxtHandle a, b;
    CredHandle credential = fake_credential();
    CtxtHandle unfinished = fake_unfinished(&credential), failed = fake_failed(&credential);
    (void)state;
    fake_pair(&a, &b);
    use_table(&spy_table);
    fill(&a, &b);
    requests[1].Context = &unfinished;
    requests[2].Context = &failed;
    requests[3].Context = NULL;
    requests[4].Message = NULL;
    assert_int_equal(SspiMakeSignatures(requests, 6), SEC_E_INVALID_HANDLE);
    static const SECURITY_STATUS want[] = {
        SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_HANDLE, SEC_E_INVALID_HANDLE, SEC_E_INVALID_TOKEN,
        SEC_E_OK};
    for (ULONG i = 0; i < 6; i++)
        assert_int_equal(requests[i].Status, want[i]);
    assert_int_equal(spy.items, 2);
    assert_int_equal(SspiMakeSignatures(NULL, 3), SEC_E_INVALID_PARAMETER);
    DeleteSecurityContext(&unfinished);
    DeleteSecurityContext(&failed);
    DeleteSecurityContext(&a);
    DeleteSecurityContext(&b);
    FreeCredentialsHandle(&credential);
}

/* Where a request depends on one before it, a new piece begins; only there. */
static void test_dependent(void **state)
{
    CtxtHandle a, b;
    (void)state;
    fake_pair(&a, &b);
    use_table(&spy_table);
    fill(&a, &b);
    buffers[10][0].pvBuffer = tokens[4] + 7; /* signs the end of a token to be made */
    buffers[20][1].pvBuffer = tokens[15];    /* writes where another one writes */
    buffers[25][1].pvBuffer = data[24];      /* writes what was read before: nothing to wait for */
    buffers[30][0].pvBuffer = tokens[3];     /* made long ago */
    assert_int_equal(SspiMakeSignatures(requests, 40), SEC_E_OK);
    assert_int_equal(spy.calls, 3);
    assert_int_equal(spy.counts[0], 10);
    assert_int_equal(spy.counts[1], 10);
    assert_int_equal(spy.counts[2], 20);
    /* Nothing is written when signatures are checked. */
    use_table(&spy_table);
    SspiVerifySignatures(requests, 40);
    assert_int_equal(spy.calls, 1);
    DeleteSecurityContext(&a);
    DeleteSecurityContext(&b);
}

/* A context that is deleted meanwhile stays until the batch is through. */
static void test_deleted(void **state)
{
    CtxtHandle a, b;
    (void)state;
    fake_pair(&a, &b);
    use_table(&spy_table);
    fill(&a, &b);
    spy.deleted = &a;
    assert_int_equal(SspiMakeSignatures(requests, 20), SEC_E_OK);
    assert_int_equal(spy.deletions, 0);
    assert_int_equal(fake_count(&fake_counts.user_deleted), 1);
    spy.deleted = NULL;
    assert_int_equal(SspiMakeSignatures(requests, 20), SEC_E_INVALID_HANDLE);
    assert_int_equal(requests[1].Status, SEC_E_OK);
    DeleteSecurityContext(&b);
}

static struct {
    unsigned depth, calls, largest[3];
} nested;

/* Makes signatures itself, twice over. */
static void nested_make(SspiBatchItem *items, ULONG count)
{
    unsigned depth = nested.depth;
    nested.calls++;
    if (count > nested.largest[depth])
        nested.largest[depth] = count;
    if (nested.calls <= 2) {
        nested.depth++;
        assert_int_equal(SspiMakeSignatures(&requests[CHUNK * nested.depth], CHUNK), SEC_E_OK);
        nested.depth--;
    }
    for (ULONG i = 0; i < count; i++)
        items[i].Status = SEC_E_OK;
}

/* Calls inside of calls: what this thread's record of slots has less and then no room for goes in small
 * pieces and then one by one; afterwards there is room again, and nobody is inside any more. */
static void test_nested(void **state)
{
    static const SspiBatchFunctions table = {nested_make, NULL};
    CtxtHandle a, b;
    (void)state;
    fake_pair(&a, &b);
    use_table(&table);
    fill(&a, &b);
    for (ULONG i = 0; i < MOST; i++)
        requests[i].QOP = 0;
    for (int again = 0; again < 2; again++) {
        memset(&nested, 0, sizeof nested);
        assert_int_equal(SspiMakeSignatures(requests, CHUNK), SEC_E_OK);
        for (ULONG i = 0; i < 3 * CHUNK; i++)
            assert_int_equal(requests[i].Status, SEC_E_OK);
        assert_int_equal(nested.largest[0], CHUNK);
        assert_in_range(nested.largest[1], 1, CHUNK - 1);
        assert_in_range(nested.largest[2], 0, nested.largest[1]);
    }
    unsigned long before = fake_count(&fake_counts.user_deleted);
    DeleteSecurityContext(&a);
    DeleteSecurityContext(&b);
    assert_int_equal(fake_count(&fake_counts.user_deleted), before + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(test_single, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(test_refused, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(test_dependent, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(test_deleted, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(test_nested, fake_setup, fake_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
