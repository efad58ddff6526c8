/* SPDX-License-Identifier: MIT */
/* Points of credentials, of handshakes, and of contexts as such. */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "check/heap.h"
#include "check/message.h"
#include "check/points.h"
#include "lsa/lsa.h"

/* ---- many tries in little time ---- */

/* Places 0..count-1 in an order that jumps about, so that whoever stops early has been everywhere. */
struct places {
    size_t count, done, step;
    struct timespec start;
};

enum { PLACES_LEAST = 24, PLACES_MILLISECONDS = 700 };

static void places_start(struct places *p, size_t count)
{
    *p = (struct places){.count = count, .step = 7};
    while (count > 0 && count % p->step == 0)
        p->step += 6; /* 7, 13, 19, ...: one that has nothing in common with count comes soon */
    (void)clock_gettime(CLOCK_MONOTONIC, &p->start);
}

static bool places_next(struct places *p, size_t *place)
{
    struct timespec now;

    if (p->done == p->count)
        return false;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    long spent = (now.tv_sec - p->start.tv_sec) * 1000 + (now.tv_nsec - p->start.tv_nsec) / 1000000;
    if (p->done >= PLACES_LEAST && spent > PLACES_MILLISECONDS)
        return false;
    *place = p->done++ * p->step % p->count;
    return true;
}

/* ---- credentials ---- */

static void free_credential(struct check_side *side)
{
    check_expect(check_release(side), SEC_E_OK, "SpFreeCredentialsHandle");
}

static void acquire(struct check_side *side, bool initiator)
{
    memset(side, 0, sizeof *side);
    side->initiator = initiator;
    check_expect(check_acquire(side, NULL), SEC_E_OK, "SpAcquireCredentialsHandle, %s",
                 initiator ? "SECPKG_CRED_OUTBOUND" : "SECPKG_CRED_INBOUND");
}

void point_credentials_acquire(void)
{
    struct check_side side;

    load_package(LOAD_INSTANCE);
    acquire(&side, true);
    acquire(&side, false);
}

void point_credentials_free(void)
{
    struct check_side sides[2];

    load_package(LOAD_INSTANCE);
    for (int i = 0; i < 2; i++) {
        check_stage("credentials.acquire");
        acquire(&sides[i], i == 0);
        check_stage(NULL);
        free_credential(&sides[i]);
    }
}

void point_leak_credential(void)
{
    struct check_side side;
    size_t live = 0;

    load_package(LOAD_INSTANCE);
    for (int i = 0; i < 12; i++) {
        if (i == 4)
            live = heap_live();
        check_stage("credentials.free");
        acquire(&side, i % 2 == 0);
        free_credential(&side);
        check_stage(NULL);
    }
    if (heap_live() > live)
        check_fail("no memory of the host is left", "8 credentials left %zu blocks behind",
                   heap_live() - live);
}

/* ---- established ones ---- */

static void begin(struct check_pair *pair)
{
    load_package(LOAD_INSTANCE);
    check_open(pair, check_usual_flags());
}

void point_context_establish(void)
{
    struct check_pair pair;

    begin(&pair);
}

void point_context_handle(void)
{
    struct check_pair pairs[2];
    LSA_SEC_HANDLE handles[4];

    begin(&pairs[0]);
    check_open(&pairs[1], check_usual_flags());
    for (int i = 0; i < 4; i++) {
        const struct check_side *side = i % 2 ? &pairs[i / 2].b : &pairs[i / 2].a;
        handles[i] = side->lsa;
        if (handles[i] == 0)
            check_fail("a context has a handle that is not 0", "it is 0");
        if (side->renamed)
            check_fail("a later step names the same context or 0", "it named another one");
        for (int k = 0; k < i; k++)
            if (handles[k] == handles[i])
                check_fail("contexts that live at once have handles of their own",
                           "two of four have the handle 0x%llx", (unsigned long long)handles[i]);
    }
}

void point_context_heap(void)
{
    struct check_pair pair;

    begin(&pair);
    for (int i = 0; i < 2; i++) {
        const struct check_side *side = i == 0 ? &pair.a : &pair.b;
        if (side->foreign_packed)
            check_fail("ContextData from AllocateLsaHeap",
                       "it is other memory, or has fewer bytes than it says");
    }
    check_pair_close(&pair);
    if (heap_mistake() != NULL)
        check_fail("memory goes back where it came from", "%s", heap_mistake());
    if (!check_package.hosted && check_copies_alive() > 0)
        check_fail("SpInitUserModeContext frees its copy of the packed context", "it was not freed");
}

void point_context_attributes(void)
{
    struct check_pair pair;

    begin(&pair);
    if ((pair.a.attributes & ISC_RET_ALLOCATED_MEMORY) || (pair.b.attributes & ASC_RET_ALLOCATED_MEMORY))
        check_fail("ALLOCATED_MEMORY is the host's bit", "the package set it");
    if (!(check_package.info.fCapabilities & SECPKG_FLAG_INTEGRITY))
        return;
    if (!(pair.a.attributes & ISC_RET_INTEGRITY))
        check_fail("ISC_RET_INTEGRITY", "attributes 0x%x", (unsigned)pair.a.attributes);
    if (!(pair.b.attributes & ASC_RET_INTEGRITY))
        check_fail("ASC_RET_INTEGRITY", "attributes 0x%x", (unsigned)pair.b.attributes);
}

void point_context_token_size(void)
{
    struct check_pair pair;

    begin(&pair);
    for (int leg = 0; leg < pair.legs; leg++)
        if (pair.said[leg] > check_package.info.cbMaxToken)
            check_fail("no token longer than cbMaxToken",
                       "the token of leg %d has %zu bytes, cbMaxToken is %u", leg + 1, pair.said[leg],
                       (unsigned)check_package.info.cbMaxToken);
}

/* The leg's token in half the room that it took before. */
void point_context_token_room(void)
{
    struct check_pair pair;
    int tried = 0;

    begin(&pair);
    const struct check_pair first = pair;
    check_pair_close(&pair);
    for (int leg = 0; leg < first.legs; leg++) {
        const char *what;
        if (first.said[leg] < 2)
            continue;
        tried++;
        memset(&pair, 0, sizeof pair);
        pair.flags = first.flags;
        pair.room[leg] = first.said[leg] / 2;
        NTSTATUS status = check_handshake(&pair, NULL, NULL, &what);
        if (pair.legs != leg + 1)
            check_fail("SEC_E_BUFFER_TOO_SMALL", "leg %d ended with %s before", pair.legs,
                       check_status_text(status));
        check_expect(status, SEC_E_BUFFER_TOO_SMALL, "leg %d, whose token has %zu bytes, with room for %zu",
                     leg + 1, first.said[leg], first.said[leg] / 2);
        if (!guard_intact(leg % 2 ? &pair.b.token : &pair.a.token))
            check_fail("nothing is written beside the buffer", "leg %d did", leg + 1);
        check_pair_close(&pair);
    }
    if (tried == 0)
        check_not_offered("a handshake with tokens");
}

/* ---- tokens that somebody had in his hands ---- */

struct tampering {
    int leg;
    size_t at;
    bool cut;
    bool reached;
};

static void tamper(void *arg, int leg, uint8_t *token, size_t *size)
{
    struct tampering *t = arg;

    if (leg != t->leg || t->at >= *size)
        return;
    t->reached = true;
    if (t->cut)
        *size = t->at;
    else
        token[t->at] ^= (uint8_t)(1u << t->at % 8);
}

static NTSTATUS tampered(struct check_pair *pair, struct tampering *t, ULONG flags, const char **what)
{
    memset(pair, 0, sizeof *pair);
    pair->flags = flags;
    return check_handshake(pair, tamper, t, what);
}

/* Cut after the last leg of a side that is done: nobody is there to refuse it. */
void point_context_truncated(void)
{
    struct check_pair pair;
    struct places places;
    size_t at;

    begin(&pair);
    const struct check_pair first = pair;
    check_pair_close(&pair);
    for (int leg = 0; leg + 1 < first.legs; leg++) {
        places_start(&places, first.said[leg]);
        while (places_next(&places, &at)) {
            struct tampering t = {.leg = leg, .at = at, .cut = true};
            const char *what;
            NTSTATUS status = tampered(&pair, &t, first.flags, &what);
            if (t.reached && pair.legs == leg + 2)
                check_expect_refused(status, "the step that gets %zu of %zu bytes of leg %d", at,
                                     first.said[leg], leg + 1);
            else if (t.reached && lsa_status_map(status) == SEC_E_OK)
                check_fail("a token that was cut short is refused", "%zu of %zu bytes of leg %d were enough",
                           at, first.said[leg], leg + 1);
            check_pair_close(&pair);
        }
    }
}

/* Both say that they are done: then a message of each must pass, and they must agree on what was granted. */
static bool same_view(struct check_pair *pair, const struct check_pair *unaltered)
{
    if (pair->a.attributes != unaltered->a.attributes || pair->b.attributes != unaltered->b.attributes)
        return false;
    if (check_shared->sign_size == 0)
        return true;
    for (int i = 0; i < 2; i++) {
        struct check_side *from = i ? &pair->b : &pair->a, *to = i ? &pair->a : &pair->b;
        struct message m;
        message_usual(&m, check_shared->sign_size + MESSAGE_SPARE, 1);
        bool good = check_call(OP_SIGN, from, NULL, &m.desc, 0) == SEC_E_OK &&
                    check_call(OP_VERIFY, to, NULL, &m.desc, 0) == SEC_E_OK;
        message_free(&m);
        if (!good)
            return false;
    }
    return true;
}

void point_context_altered(void)
{
    struct check_pair pair;
    struct places places;
    size_t at;

    begin(&pair);
    if (pair.a.table->MakeSignature != NULL)
        (void)message_size(OP_SIGN);
    const struct check_pair first = pair;
    check_pair_close(&pair);
    for (int leg = 0; leg + 1 < first.legs; leg++) {
        places_start(&places, first.said[leg]);
        while (places_next(&places, &at)) {
            struct tampering t = {.leg = leg, .at = at};
            const char *what;
            NTSTATUS status = tampered(&pair, &t, first.flags, &what);
            if (lsa_status_map(status) == SEC_E_OK && t.reached && !same_view(&pair, &first))
                check_fail("a failure, or one context that both sides see alike",
                           "byte %zu of leg %d was changed, and both sides are done with different contexts",
                           at, leg + 1);
            check_pair_close(&pair);
        }
    }
}

static void garbage_step(bool initiator, const uint8_t *bytes, size_t size)
{
    struct check_side side;

    memset(&side, 0, sizeof side);
    side.initiator = initiator;
    check_stage("credentials.acquire");
    check_expect(check_acquire(&side, NULL), SEC_E_OK, "SpAcquireCredentialsHandle");
    check_stage(NULL);
    NTSTATUS status = check_step(&side, check_usual_flags(), bytes, size, TOKEN_ROOM);
    check_expect_refused(status, "%s with %zu bytes that are no token",
                         initiator ? "SpInitLsaModeContext" : "SpAcceptLsaModeContext", size);
    check_side_close(&side);
}

static void garbage(void)
{
    static const size_t sizes[] = {1, 2, 7, 8, 16, 31, 64, 200, 4096};
    uint8_t bytes[4096];

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        message_fill(bytes, sizeof bytes, (uint32_t)i);
        garbage_step(false, bytes, sizes[i]);
        memset(bytes, 0, sizeof bytes);
        garbage_step(false, bytes, sizes[i]);
        memset(bytes, 0xff, sizeof bytes);
        garbage_step(false, bytes, sizes[i]);
    }
}

void point_context_garbage(void)
{
    load_package(LOAD_INSTANCE);
    garbage();
}

void point_leak_failed(void)
{
    load_package(LOAD_INSTANCE);
    check_stage("context.garbage");
    garbage();
    size_t live = heap_live();
    garbage();
    check_stage(NULL);
    if (heap_live() > live)
        check_fail("no memory of the host is left", "27 refused handshakes left %zu blocks behind",
                   heap_live() - live);
}

/* Of the kit's own accounts only those of NTLM have passwords. */
void point_context_password(void)
{
    struct check_pair pair = {.password = "certainly not this one"};
    const char *what;

    load_package(LOAD_INSTANCE);
    bool known =
        strcasecmp(check_package.name, "NTLM") == 0 || strcasecmp(check_package.name, "Negotiate") == 0;
    if (!check_shared->has_user || (check_shared->own_account ? !known : !check_shared->has_password))
        check_not_offered("an account with a password (--user, --password)");
    pair.flags = check_usual_flags();
    NTSTATUS status = check_handshake(&pair, NULL, NULL, &what);
    if (lsa_status_map(status) == SEC_E_OK)
        check_fail("a failure", "a context is established with a wrong password");
}

/* ---- the end of contexts ---- */

/* After the first step of each side, where that leaves one unfinished. */
void point_context_unfinished(void)
{
    struct check_side a = {.initiator = true}, b = {.initiator = false};
    int tried = 0;

    load_package(LOAD_INSTANCE);
    check_stage("context.establish");
    check_expect(check_acquire(&a, NULL), SEC_E_OK, "SpAcquireCredentialsHandle");
    check_expect(check_acquire(&b, NULL), SEC_E_OK, "SpAcquireCredentialsHandle");
    NTSTATUS first = check_step(&a, check_usual_flags(), NULL, 0, TOKEN_ROOM);
    NTSTATUS second = check_step(&b, check_usual_flags(), a.token.data, a.token_size, TOKEN_ROOM);
    check_stage(NULL);
    if (first == SEC_I_CONTINUE_NEEDED) {
        tried++;
        check_expect(check_delete_lsa(&a), SEC_E_OK, "SpDeleteContext of the initiator's unfinished context");
    }
    if (second == SEC_I_CONTINUE_NEEDED) {
        tried++;
        check_expect(check_delete_lsa(&b), SEC_E_OK, "SpDeleteContext of the acceptor's unfinished context");
    }
    if (tried == 0)
        check_not_offered("a handshake of several steps");
}

void point_context_failed(void)
{
    static const uint8_t noise[] = "these bytes are no token of anybody";
    struct check_side a = {.initiator = true};

    load_package(LOAD_INSTANCE);
    check_stage("context.establish");
    check_expect(check_acquire(&a, NULL), SEC_E_OK, "SpAcquireCredentialsHandle");
    NTSTATUS status = check_step(&a, check_usual_flags(), NULL, 0, TOKEN_ROOM);
    check_stage(NULL);
    if (status != SEC_I_CONTINUE_NEEDED)
        check_not_offered("an initiator with a second step");
    for (int i = 0; i < 2; i++)
        check_expect_refused(check_step(&a, check_usual_flags(), noise, sizeof noise, TOKEN_ROOM),
                             "SpInitLsaModeContext %s",
                             i == 0 ? "with bytes that are no token" : "after a step that failed");
    check_expect(check_delete_lsa(&a), SEC_E_OK, "SpDeleteContext after a step that failed");
}

void point_context_outlives(void)
{
    struct check_pair pair;

    begin(&pair);
    check_stage("credentials.free");
    free_credential(&pair.a);
    free_credential(&pair.b);
    check_stage(NULL);
    message_exchange(&pair.a, &pair.b, 0, "a message after the credentials were freed");
    message_exchange(&pair.b, &pair.a, 0, "a message after the credentials were freed");
}

void point_context_two(void)
{
    struct check_pair pairs[2];

    begin(&pairs[0]);
    check_open(&pairs[1], check_usual_flags());
    for (int i = 0; i < 6; i++) {
        struct check_pair *p = &pairs[i % 2];
        message_exchange(&p->a, &p->b, 0, "a message of one of two pairs");
        message_exchange(&p->b, &p->a, 0, "a message of one of two pairs");
    }
    check_stage("context.delete");
    (void)check_delete_user(&pairs[0].a);
    (void)check_delete_lsa(&pairs[0].a);
    check_stage(NULL);
    message_exchange(&pairs[1].a, &pairs[1].b, 0, "a message after a context of another pair was deleted");
}

void point_context_delete(void)
{
    struct check_pair pair;

    begin(&pair);
    check_expect(check_delete_user(&pair.a), SEC_E_OK, "SpDeleteUserModeContext");
    check_expect(check_delete_lsa(&pair.a), SEC_E_OK, "SpDeleteContext after SpDeleteUserModeContext");
    check_expect(check_delete_lsa(&pair.b), SEC_E_OK, "SpDeleteContext");
    check_expect(check_delete_user(&pair.b), SEC_E_OK, "SpDeleteUserModeContext after SpDeleteContext");
}

/* ---- handles ---- */

static void invalid(struct check_pair *pair, LSA_SEC_HANDLE handle, const char *what)
{
    for (enum check_operation op = OP_SIGN; op < OP_COUNT; op++) {
        struct message m;
        bool there = op <= OP_VERIFY || pair->a.table->SealMessage != NULL;
        if (!there)
            continue;
        message_usual(&m, 256, 1);
        NTSTATUS status = check_call_handle(op, pair->a.table, handle, NULL, &m.desc, 0);
        if (!(op >= OP_SEAL && lsa_status_map(status) == SEC_E_UNSUPPORTED_FUNCTION))
            check_expect(status, SEC_E_INVALID_HANDLE, "%s with %s", check_operation_names[op], what);
        message_free(&m);
    }
}

void point_handle_null(void)
{
    struct check_pair pair;

    begin(&pair);
    invalid(&pair, 0, "handle 0");
}

void point_handle_forged(void)
{
    struct check_pair pair;
    struct guard forbidden;

    begin(&pair);
    guard_new(&forbidden, 4096, "what a forged handle points to");
    guard_list(&forbidden);
    guard_close(&forbidden);
    const LSA_SEC_HANDLE handles[] = {
        1,
        0xffffffff,
        (LSA_SEC_HANDLE)-1,
        pair.a.user ^ 0x10000,
        pair.a.user + 0x100000001,
        ~pair.a.user,
        (LSA_SEC_HANDLE)forbidden.data,
    };
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++)
        if (handles[i] != pair.a.user && handles[i] != pair.b.user)
            invalid(&pair, handles[i], "a handle that was never given out");
}

void point_handle_stale(void)
{
    struct check_pair pair;
    LSA_SEC_HANDLE stale;

    begin(&pair);
    stale = pair.a.user;
    check_stage("context.delete");
    check_expect(check_delete_user(&pair.a), SEC_E_OK, "SpDeleteUserModeContext");
    check_expect(check_delete_lsa(&pair.a), SEC_E_OK, "SpDeleteContext");
    check_stage(NULL);
    invalid(&pair, stale, "the handle of a deleted context");
}

void point_handle_twice(void)
{
    struct check_pair pair;

    begin(&pair);
    check_stage("context.delete");
    check_expect(check_delete_user(&pair.a), SEC_E_OK, "SpDeleteUserModeContext");
    check_expect(check_delete_lsa(&pair.a), SEC_E_OK, "SpDeleteContext");
    check_stage(NULL);
    check_expect(check_delete_user(&pair.a), SEC_E_INVALID_HANDLE,
                 "SpDeleteUserModeContext, the second time");
    check_expect(check_delete_lsa(&pair.a), SEC_E_INVALID_HANDLE, "SpDeleteContext, the second time");
    if (heap_mistake() != NULL)
        check_fail("nothing is freed twice", "%s", heap_mistake());
}

/* The LSA half has it; the user half was never told. */
void point_handle_unmapped(void)
{
    struct check_pair pair;
    struct check_side side = {.initiator = true};

    begin(&pair);
    check_stage("context.establish");
    check_expect(check_acquire(&side, NULL), SEC_E_OK, "SpAcquireCredentialsHandle");
    NTSTATUS status = check_step(&side, check_usual_flags(), NULL, 0, TOKEN_ROOM);
    if (lsa_status_map(status) < 0)
        check_fail("a first step", "%s", check_status_text(status));
    check_stage(NULL);
    if (side.owner != 0 || check_package.hosted)
        check_not_offered("a user half: contexts are those of the package that is chosen");
    invalid(&pair, side.lsa, "the handle of a context that was not handed over");
}
