/* SPDX-License-Identifier: MIT */
/* No bits that a caller can make up get through: every neighbour of a live handle, stale ones, ten million
 * random ones. */
#include "fake.h"

#include "secur32/handle.h"

enum { PAIRS = 8, RANDOM_HANDLES = 10 * 1000 * 1000 };

/* xorshift: the same numbers in every run. */
static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* The slots as they are now; a refused handle must not change a byte. */
static void slots_copy(struct handle_table *table, struct handle copy[static 64])
{
    memset(copy, 0, 64 * sizeof(*copy));
    for (uint32_t i = 0; i < 64 && slab_at(&table->slab, i) != NULL; i++)
        memcpy(&copy[i], slab_at(&table->slab, i), sizeof(*copy));
}

struct scene {
    CredHandle credential;
    CtxtHandle contexts[2 * PAIRS];
    struct handle before_contexts[64], before_credentials[64];
    unsigned long calls;
};

static void scene_open(struct scene *s)
{
    s->credential = fake_credential();
    for (int i = 0; i < PAIRS; i++)
        fake_pair(&s->contexts[2 * i], &s->contexts[2 * i + 1]);
    slots_copy(&handle_contexts, s->before_contexts);
    slots_copy(&handle_credentials, s->before_credentials);
    s->calls = fake_counts.calls;
}

static void scene_untouched(struct scene *s)
{
    struct handle now[64];

    slots_copy(&handle_contexts, now);
    assert_memory_equal(now, s->before_contexts, sizeof(now));
    slots_copy(&handle_credentials, now);
    assert_memory_equal(now, s->before_credentials, sizeof(now));
    assert_int_equal(fake_counts.calls, s->calls);
    assert_int_equal(fake_counts.errors, 0);
}

static void scene_close(struct scene *s)
{
    for (int i = 0; i < 2 * PAIRS; i++)
        assert_int_equal(DeleteSecurityContext(&s->contexts[i]), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&s->credential), SEC_E_OK);
}

static bool same(const SecHandle *a, const SecHandle *b)
{
    return a->dwLower == b->dwLower && a->dwUpper == b->dwUpper;
}

static bool live(const struct scene *s, const SecHandle *h)
{
    for (int i = 0; i < 2 * PAIRS; i++)
        if (same(h, &s->contexts[i]))
            return true;
    return same(h, &s->credential);
}

/* Calls that reach the package, delete and query: all refuse. */
static void refused(const struct scene *s, SecHandle h)
{
    SecPkgContext_Sizes sizes = {0};
    SecPkgCredentials_NamesW names = {0};
    SecBuffer packed = {0};

    if (live(s, &h))
        return;
    assert_int_equal(fake_sign(&h), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_verify(&h), SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryContextAttributesW(&h, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&h), SEC_E_INVALID_HANDLE);
    assert_int_equal(ExportSecurityContext(&h, 0, &packed, NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeCredentialsHandle(&h), SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryCredentialsAttributesW(&h, SECPKG_CRED_ATTR_NAMES, &names), SEC_E_INVALID_HANDLE);
}

static void every_bit(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    for (int i = 0; i <= 2 * PAIRS; i++) {
        SecHandle h = i < 2 * PAIRS ? s.contexts[i] : s.credential;
        for (unsigned bit = 0; bit < 8 * sizeof(ULONG_PTR); bit++) {
            ULONG_PTR flip = (ULONG_PTR)1 << bit;
            refused(&s, (SecHandle){h.dwLower ^ flip, h.dwUpper});
            refused(&s, (SecHandle){h.dwLower, h.dwUpper ^ flip});
        }
    }
    scene_untouched(&s);
    scene_close(&s);
}

static void every_generation(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    for (uint32_t index = 0; index < 64; index++) {
        struct handle *slot = slab_at(&handle_contexts.slab, index);
        uint64_t generation = slot != NULL ? slot->head.id >> 32 : 1;
        for (int64_t g = (int64_t)generation - 2; g <= (int64_t)generation + 2; g++)
            refused(&s, (SecHandle){(ULONG_PTR)((uint64_t)g << 32 | (index + 1)), s.contexts[0].dwUpper});
    }
    scene_untouched(&s);
    scene_close(&s);
}

static void special_values(void **state)
{
    static const ULONG_PTR values[] = {0, 1, 2, (ULONG_PTR)-1, (ULONG_PTR)-2, 0xffffffff, 0x80000000};
    struct scene s;

    (void)state;
    scene_open(&s);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++)
            refused(&s, (SecHandle){values[i], values[j]});
        refused(&s, (SecHandle){values[i], s.contexts[0].dwUpper});
        refused(&s, (SecHandle){s.contexts[0].dwLower, values[i]});
    }
    /* A credential is no context and the other way round, also where index and generation agree. */
    assert_int_equal(fake_sign(&s.credential), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&s.credential), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeCredentialsHandle(&s.contexts[0]), SEC_E_INVALID_HANDLE);
    assert_int_equal(slab_index(s.credential.dwLower), slab_index(s.contexts[0].dwLower));
    assert_int_not_equal(s.credential.dwUpper, s.contexts[0].dwUpper);
    scene_untouched(&s);
    scene_close(&s);
}

static void random_values(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s);
    for (int i = 0; i < RANDOM_HANDLES; i++) {
        SecHandle h = {(ULONG_PTR)random_next(), (ULONG_PTR)random_next()};
        switch (i % 4) {
        case 0: /* anything */
            break;
        case 1: /* of this process */
            h.dwUpper = s.contexts[0].dwUpper;
            break;
        case 2: /* and of an index that exists */
            h.dwUpper = s.contexts[0].dwUpper;
            h.dwLower = (h.dwLower & ~(ULONG_PTR)0xffffffff) | (h.dwLower % (2 * PAIRS) + 1);
            break;
        default: /* a small generation of any index */
            h.dwUpper = s.contexts[0].dwUpper;
            h.dwLower = (h.dwLower & 0xffffffff) | (ULONG_PTR)(i % 3) << 32;
            break;
        }
        if (live(&s, &h))
            continue;
        if (handle_acquire(&handle_contexts, &h) != NULL)
            fail_msg("handle %llx %llx got in", (unsigned long long)h.dwLower, (unsigned long long)h.dwUpper);
        if (i % 64 == 0)
            refused(&s, h);
    }
    scene_untouched(&s);
    scene_close(&s);
}

/* The same slot ten thousand times: no old handle of it ever works again. */
static void stale(void **state)
{
    enum { ROUNDS = 10000 };
    CredHandle credential = fake_credential();
    static CtxtHandle old[ROUNDS];

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        old[i] = fake_unfinished(&credential);
        assert_int_equal(DeleteSecurityContext(&old[i]), SEC_E_OK);
        assert_int_equal(DeleteSecurityContext(&old[i]), SEC_E_INVALID_HANDLE);
    }
    CtxtHandle now = fake_unfinished(&credential);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(slab_index(old[i].dwLower), slab_index(now.dwLower));
        assert_int_equal(DeleteSecurityContext(&old[i]), SEC_E_INVALID_HANDLE);
    }
    assert_int_equal(DeleteSecurityContext(&now), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Deleted while a call is inside: refused to newcomers at once, freed when the call leaves, in that order. */
static void delete_waits_for_nobody(void **state)
{
    CtxtHandle a, b;

    (void)state;
    fake_pair(&a, &b);
    struct handle *inside = handle_acquire_established(&handle_contexts, &a);
    struct handle *too = handle_acquire(&handle_contexts, &a);
    assert_non_null(inside);
    assert_ptr_equal(inside, too);
    assert_int_equal(DeleteSecurityContext(&a), SEC_E_OK);
    assert_int_equal(fake_counts.user_deleted, 0);
    assert_null(handle_acquire(&handle_contexts, &a));
    assert_int_equal(DeleteSecurityContext(&a), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_sign(&a), SEC_E_INVALID_HANDLE);
    /* Who got in before it was deleted does not delete it a second time. */
    assert_false(handle_delete_acquired(too));
    handle_release(&handle_contexts, inside);
    assert_int_equal(fake_counts.user_deleted, 0);
    handle_release(&handle_contexts, too);
    assert_int_equal(fake_counts.user_deleted, 1);
    assert_int_equal(fake_counts.lsa_deleted, 1);
    assert_int_equal(DeleteSecurityContext(&b), SEC_E_OK);
}

/* Contexts live on when their credential is freed, in the middle of the handshake too. */
static void outlive_credential(void **state)
{
    CredHandle credential = fake_credential();
    CtxtHandle context = fake_unfinished(&credential);
    char token[FAKE_MAX_TOKEN];

    (void)state;
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_step(false, NULL, &context, &context, "B", token), SEC_E_OK);
    assert_int_equal(fake_sign(&context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_bit, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(every_generation, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(special_values, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(random_values, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(stale, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(delete_waits_for_nobody, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(outlive_credential, fake_setup, fake_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
