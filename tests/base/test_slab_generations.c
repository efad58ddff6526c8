/* SPDX-License-Identifier: MIT */
#define SLAB_GENERATION_BITS 4
#include "base/slab.c"

#include "testing.h"

struct object {
    struct slab_head head;
    uint8_t body[40];
};

static void test_wrap(void **state)
{
    (void)state;
    static struct slab s = SLAB_INIT(sizeof(struct object), 3, false);
    uintptr_t seen[64];
    size_t count = 0;
    /* Three indexes of 15 generations (never 0), then nothing is left. */
    for (;;) {
        uintptr_t id;
        if (!slab_alloc(&s, &id))
            break;
        assert_true(count < 45);
        assert_true((uint64_t)id >> SLAB_INDEX_BITS != 0);
        for (size_t i = 0; i < count; i++)
            assert_true(seen[i] != id);
        seen[count++] = id;
        slab_free(&s, id);
    }
    assert_int_equal(count, 45);
    assert_int_equal(slab_live(&s), 0);
    for (size_t i = 0; i < count; i++)
        assert_null(slab_get(&s, seen[i]));
}

static bool child_works(void *arg)
{
    struct slab *s = arg;
    uintptr_t id;
    return slab_epoch(s) == 0 && slab_live(s) == 0 && !slab_at(s, 0) && slab_alloc(s, &id) &&
           slab_epoch(s) != 0;
}

static void test_fork_without_wipeonfork(void **state)
{
    (void)state;
    static struct slab s = SLAB_INIT(sizeof(struct object), 300, false);
    uintptr_t ids[300];
    mem_test_no_wipeonfork = true;
    for (size_t i = 0; i < 300; i++)
        assert_non_null(slab_alloc(&s, &ids[i]));
    assert_true(in_child(child_works, &s));
    assert_int_equal(slab_live(&s), 300);
    assert_non_null(slab_get(&s, ids[299]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_fork_without_wipeonfork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
