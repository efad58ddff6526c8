/* SPDX-License-Identifier: MIT */
/*
 * Many contexts: what one of them keeps resident, everything of the library's included, each side by itself;
 * that deleting gives the numbers and the memory back to the next ones; and that each of many signs for
 * itself. The limits are those of docs/performance.md, where a million are looked at.
 *
 * test_many NTLM, or test_many Kerberos in a realm of the test's own.
 */
#include "realm.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NTLM_COUNT = 10000, KERBEROS_COUNT = 2000, SIGN = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT };

static struct {
    const char *package, *target;
    size_t count, limit; /* bytes per context */
} kind;

static struct kit_side initiator, acceptor;
static CtxtHandle *kept;

static size_t resident(void)
{
    unsigned long size = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lu %lu", &size, &pages), 2);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* With the two sides' credentials, which are made once. */
static void establish(CtxtHandle *from, CtxtHandle *to)
{
    struct kit_side *sides[2] = {&initiator, &acceptor};
    bool done[2] = {false, false};
    initiator.has_context = acceptor.has_context = false;
    initiator.token_size = acceptor.token_size = 0;
    for (int leg = 0; leg < 8 && !(done[0] && done[1]); leg++) {
        struct kit_side *here = sides[leg % 2], *there = sides[(leg + 1) % 2];
        SECURITY_STATUS status =
            kit_step(here, SIGN, kind.target, leg ? there->token : NULL, there->token_size, NULL);
        assert_true(SEC_SUCCESS(status));
        done[leg % 2] = status == SEC_E_OK;
    }
    assert_true(done[0] && done[1]);
    *from = initiator.context;
    *to = acceptor.context;
    initiator.has_context = acceptor.has_context = false;
}

static void gather(size_t count, bool initiators)
{
    for (size_t i = 0; i < count; i++) {
        CtxtHandle other;
        establish(initiators ? &kept[i] : &other, initiators ? &other : &kept[i]);
        assert_status(DeleteSecurityContext(&other), SEC_E_OK);
    }
}

static void scatter(size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_status(DeleteSecurityContext(&kept[i]), SEC_E_OK);
}

static void resident_of(bool initiators)
{
    size_t before = resident();
    gather(kind.count, initiators);
    size_t each = (resident() - before) / kind.count;
    print_message("# %s, %s: %zu bytes each\n", kind.package, initiators ? "initiator" : "acceptor", each);
    assert_in_range(each, 0, kind.limit);

    /* The next ones stand where these stood. */
    scatter(kind.count);
    size_t empty = resident();
    gather(kind.count, initiators);
    assert_in_range(resident(), 0, empty + kind.count * kind.limit / 8);
    scatter(kind.count);
}

static void test_initiators(void **state)
{
    (void)state;
    resident_of(true);
}

/* After the initiators, whose memory is there for these. */
static void test_acceptors(void **state)
{
    (void)state;
    size_t before = resident();
    gather(kind.count, false);
    assert_in_range(resident(), 0, before + kind.count * kind.limit / 8);
    scatter(kind.count);
}

/* Neighbours have keys and numbers of their own. */
static void test_each_for_itself(void **state)
{
    enum { PAIRS = 200 };
    CtxtHandle from[PAIRS], to[PAIRS];
    uint8_t tokens[PAIRS][64];
    ULONG sizes[PAIRS];
    (void)state;
    for (size_t i = 0; i < PAIRS; i++)
        establish(&from[i], &to[i]);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < PAIRS; i++) {
            sizes[i] = sizeof tokens[i];
            assert_status(kit_sign(&from[i], "message", 7, tokens[i], &sizes[i]), SEC_E_OK);
        }
        for (size_t i = PAIRS; i-- > 0;) {
            assert_status(kit_verify(&to[i], "message", 7, tokens[(i + 1) % PAIRS], sizes[i]),
                          SEC_E_MESSAGE_ALTERED);
            assert_status(kit_verify(&to[i], "message", 7, tokens[i], sizes[i]), SEC_E_OK);
        }
    }
    for (size_t i = 0; i < PAIRS; i++) {
        assert_status(DeleteSecurityContext(&from[i]), SEC_E_OK);
        assert_status(DeleteSecurityContext(&to[i]), SEC_E_OK);
    }
}

static int open_sides(void **state)
{
    bool named = strcmp(kind.package, "NTLM") == 0;
    (void)state;
    kept = calloc(kind.count, sizeof *kept);
    memset(kept, 1, kind.count * sizeof *kept); /* resident before anything is measured */
    assert_status(kit_open(&initiator, kind.package, true, named ? KIT_DOMAIN : NULL, named ? KIT_USER : NULL,
                           named ? KIT_PASSWORD : NULL),
                  SEC_E_OK);
    assert_status(kit_open(&acceptor, kind.package, false, NULL, NULL, NULL), SEC_E_OK);
    /* What comes once. */
    gather(1, true);
    scatter(1);
    gather(1, false);
    scatter(1);
    return 0;
}

static int close_sides(void **state)
{
    (void)state;
    kit_close(&initiator);
    kit_close(&acceptor);
    free(kept);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initiators),
        cmocka_unit_test(test_acceptors),
        cmocka_unit_test(test_each_for_itself),
    };
    if (argc == 2 && strcmp(argv[1], "Kerberos") == 0) {
        kind.package = "Kerberos";
        kind.target = "t20/server";
        kind.count = KERBEROS_COUNT;
        kind.limit = 768;
        realm_environment(NULL);
    } else {
        kind.package = "NTLM";
        kind.target = "host/server";
        kind.count = NTLM_COUNT;
        kind.limit = 1024;
        kit_environment(NULL);
    }
    return cmocka_run_group_tests_name(kind.package, tests, open_sides, close_sides);
}
