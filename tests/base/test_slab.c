/* SPDX-License-Identifier: MIT */
#include "testing.h"

#include <pthread.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "base/slab.h"

struct object {
    struct slab_head head;
    uint64_t state;
    uint8_t body[150];
};

static void test_alloc_and_free(void **state)
{
    (void)state;
    static struct slab s = SLAB_INIT(sizeof(struct object), 1000, true);
    uintptr_t id[1000], again;
    assert_int_equal(s.object_size % 64, 0);
    assert_null(slab_get(&s, 1));
    assert_null(slab_at(&s, 0));
    assert_true(slab_epoch(&s) == 0);
    for (size_t i = 0; i < 1000; i++) {
        struct object *o = slab_alloc(&s, &id[i]);
        assert_non_null(o);
        assert_true(all_zero((char *)o + sizeof o->head, sizeof *o - sizeof o->head));
        assert_true(o->head.id == id[i] && id[i] != 0);
        assert_ptr_equal(slab_get(&s, id[i]), o);
        assert_int_equal(slab_index(id[i]), i);
        assert_ptr_equal(slab_at(&s, (uint32_t)i), o);
        memset(o->body, 0xff, sizeof o->body);
    }
    assert_null(slab_alloc(&s, &again));
    assert_int_equal(slab_live(&s), 1000);
    assert_true(slab_epoch(&s) != 0);

    struct object *o = slab_get(&s, id[77]);
    slab_free(&s, id[77]);
    assert_null(slab_get(&s, id[77]));
    /* As a free one looks to slab_at's callers. */
    assert_ptr_equal(slab_at(&s, 77), o);
    assert_true(all_zero(o, s.object_size - 8));
    slab_free(&s, id[77]); /* not live: nothing happens */
    assert_int_equal(slab_live(&s), 999);
    assert_ptr_equal(slab_alloc(&s, &again), o);
    assert_true(again != id[77] && slab_index(again) == 77);
    assert_true(all_zero((char *)o + sizeof o->head, s.object_size - sizeof o->head));
    assert_null(slab_get(&s, id[77]));
}

/* Whatever bits: NULL, and nothing outside is read. */
static void test_wild_ids(void **state)
{
    (void)state;
    static struct slab s = SLAB_INIT(sizeof(struct object), 1u << 20, false);
    uintptr_t id, more;
    assert_non_null(slab_alloc(&s, &id));
    for (unsigned bit = 0; bit < sizeof id * 8; bit++)
        assert_null(slab_get(&s, id ^ (uintptr_t)1 << bit));
    for (int i = 0; i < 2; i++)
        assert_non_null(slab_alloc(&s, &more));
    uint64_t random = 88172645463325252u;
    for (unsigned i = 0; i < 1000000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        assert_null(slab_get(&s, (uintptr_t)random));
    }
    const uintptr_t extremes[] = {0, UINTPTR_MAX, UINT32_MAX, (uintptr_t)UINT32_MAX + 1, UINTPTR_MAX >> 1};
    for (size_t i = 0; i < sizeof extremes / sizeof extremes[0]; i++)
        assert_null(slab_get(&s, extremes[i]));
    assert_null(slab_at(&s, UINT32_MAX));
    assert_null(slab_at(&s, 3));
    assert_non_null(slab_at(&s, 2));
}

static void test_claim(void **state)
{
    (void)state;
    static struct slab s = SLAB_INIT(sizeof(struct object), 1u << 20, true);
    const uintptr_t generation = sizeof(uintptr_t) == 8 ? (uintptr_t)((uint64_t)5 << 32) : 5u << 22;
    bool taken = true;
    struct object *far = slab_claim(&s, generation | 900000, &taken);
    assert_non_null(far);
    assert_false(taken);
    assert_ptr_equal(slab_get(&s, generation | 900000), far);
    assert_null(slab_claim(&s, generation | 900000, &taken));
    assert_true(taken);
    assert_null(slab_claim(&s, (generation + generation) | 900000, &taken));
    assert_true(taken);
    assert_null(slab_claim(&s, 0, &taken));
    assert_false(taken);
    assert_null(slab_claim(&s, generation | ((1u << 20) + 1), &taken));
    assert_false(taken);
    assert_non_null(slab_claim(&s, generation | (1u << 20), &taken));
    struct object *near = slab_claim(&s, generation | 1, &taken);
    assert_non_null(near);
    memset(near->body, 1, sizeof near->body);
    assert_int_equal(slab_live(&s), 3);
    slab_free(&s, generation | 1);
    assert_null(slab_get(&s, generation | 1));
    assert_ptr_equal(slab_claim(&s, generation | 1, &taken), near);
    assert_true(all_zero((char *)near + sizeof near->head, s.object_size - sizeof near->head));
}

static struct slab forked = SLAB_INIT(sizeof(struct object), 4096, true);

struct inheritance {
    uintptr_t ids[100];
    uint64_t epoch;
};

static bool child_starts_empty(void *arg)
{
    struct inheritance *h = arg;
    if (slab_epoch(&forked) != 0 || slab_live(&forked) != 0)
        return false;
    for (size_t i = 0; i < 100; i++) {
        if (slab_get(&forked, h->ids[i]) || slab_at(&forked, (uint32_t)i))
            return false;
    }
    uintptr_t id;
    for (size_t i = 0; i < 200; i++) {
        struct object *o = slab_alloc(&forked, &id);
        if (!o || !all_zero((char *)o + sizeof o->head, sizeof *o - sizeof o->head))
            return false;
        memset(o->body, 0x77, sizeof o->body);
    }
    return slab_epoch(&forked) != 0 && slab_epoch(&forked) != h->epoch && slab_live(&forked) == 200;
}

static void test_fork(void **state)
{
    (void)state;
    struct inheritance h;
    struct object *o = NULL;
    for (size_t i = 0; i < 100; i++) {
        o = slab_alloc(&forked, &h.ids[i]);
        o->state = i;
    }
    slab_free(&forked, h.ids[7]); /* a free list, too, must not come over */
    h.epoch = slab_epoch(&forked);
    assert_true(in_child(child_starts_empty, &h));
    assert_true(slab_epoch(&forked) == h.epoch);
    assert_true(o->state == 99 && slab_get(&forked, h.ids[99]) == o);
    assert_int_equal(slab_live(&forked), 99);
}

static struct slab shared = SLAB_INIT(sizeof(struct object), 100000, false);

static void *churn(void *arg)
{
    uintptr_t ids[64] = {0}, mine = (uintptr_t)arg;
    for (unsigned i = 0; i < 50000; i++) {
        unsigned at = (i * 7 + (unsigned)mine) % 64;
        struct object *o = ids[at] ? slab_get(&shared, ids[at]) : NULL;
        if (ids[at] && (!o || __atomic_load_n(&o->state, __ATOMIC_RELAXED) != mine))
            return NULL;
        if (ids[at])
            slab_free(&shared, ids[at]);
        o = slab_alloc(&shared, &ids[at]);
        if (!o || o->state != 0)
            return NULL;
        __atomic_store_n(&o->state, mine, __ATOMIC_RELAXED);
        /* Look at what others hold, as acquire does. */
        struct object *other = slab_at(&shared, i % 256);
        if (other && __atomic_load_n(&other->state, __ATOMIC_RELAXED) > 4)
            return NULL;
    }
    for (unsigned i = 0; i < 64; i++)
        slab_free(&shared, ids[i]);
    return arg;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
    for (uintptr_t i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_true((uintptr_t)result == i + 1);
    }
    assert_int_equal(slab_live(&shared), 0);
}

static bool starve(void *arg)
{
    (void)arg;
    /* A reservation of 40 GB does not fit; a fraction of it does. */
    static struct slab s = SLAB_INIT(10240, 1u << 22, true);
    struct rlimit limit = {UINT64_C(3) << 30, UINT64_C(3) << 30};
    uintptr_t id;
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return false;
    struct object *o = slab_alloc(&s, &id);
    return o && s.capacity < 1u << 22 && s.capacity >= 1u << 16;
}

static void test_little_address_space(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* their shadow memory needs more */
#endif
    assert_true(in_child(starve, NULL));
}

static bool never(void *arg, size_t size)
{
    (void)arg;
    (void)size;
    return false;
}

static void test_gate(void **state)
{
    (void)state;
    static struct slab s = SLAB_INIT(sizeof(struct object), 10, false);
    uintptr_t id = 5;
    bool taken;
    mem_test_gate = never;
    assert_null(slab_alloc(&s, &id));
    assert_null(slab_claim(&s, 1, &taken));
    mem_test_gate = NULL;
    assert_true(id == 5);
    assert_non_null(slab_alloc(&s, &id));
}

/* What a module leaves behind on its way out: nothing, but slabs that somebody still has objects of. */
static bool unloads(void *arg)
{
    static struct slab kept = SLAB_INIT(sizeof(struct object), 10, false);
    static struct slab gone = SLAB_INIT(sizeof(struct object), 10, false);
    uintptr_t keep, drop;
    void *object = slab_alloc(&kept, &keep);
    if (!object || !slab_alloc(&gone, &drop))
        return false;
    slab_free(&gone, drop);
    slab_unload();
    return slab_get(&kept, keep) == object && slab_live(&kept) == 1 && !gone.control && arg == NULL;
}

static void test_unload(void **state)
{
    (void)state;
    assert_true(in_child(unloads, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_and_free), cmocka_unit_test(test_wild_ids),
        cmocka_unit_test(test_claim),          cmocka_unit_test(test_fork),
        cmocka_unit_test(test_threads),        cmocka_unit_test(test_little_address_space),
        cmocka_unit_test(test_gate),           cmocka_unit_test(test_unload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
