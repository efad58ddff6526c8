/* SPDX-License-Identifier: MIT */
/*
 * packages/ntlm: many signatures at once. Messages that the fast way is not for (the mechListMIC, datagrams,
 * contexts without extended session security, dummies) go through the user half's own functions, in their
 * place. Locks are taken for as many contexts as come without waiting, and nobody waits while holding one: so
 * two batches with the same contexts in different order cannot block each other, and the RC4 streams of many
 * contexts run side by side in the processor.
 */
#include "crypto/lanes/lanes.h"
#include "base/secret.h"
#include "packages/ntlm/ntlm_package.h"
#include "packages/ntlm/ntlm_user.h"
#include "packages/verdict.h"
#include "packages/views.h"
#include "protect/ntlm_batch.h"

#define INLINE static inline __attribute__((always_inline))

enum { BATCH_MAX = 64 };

/* Item i's things have index i everywhere. */
struct batch {
    struct ntlm_batch work[BATCH_MAX];
    struct packages_views views; /* of the messages that are not usual */
    size_t count;
    struct ntlm_user_look contexts_look;
    SspiBatchItem *items[BATCH_MAX];
    struct ntlm_user_context *contexts[BATCH_MAX];
    SecBuffer *tokens[BATCH_MAX];
    struct span parts[BATCH_MAX]; /* of the usual ones */
    struct lanes_job jobs[BATCH_MAX];
    bool make;
};

static PSECPKG_USER_FUNCTION_TABLE user_table;

static struct lock *lock_of(const struct batch *b, size_t i)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): clang 14 forgets what put() wrote. */
    return b->make ? &b->contexts[i]->send : &b->contexts[i]->receive;
}

/* Neighbours of one context share its lock. */
static bool shares_lock(const struct batch *b, size_t from, size_t i)
{
    return i > from && b->contexts[i] == b->contexts[i - 1];
}

/* ---- both directions' work under the lock, and around it ---- */

/* Four contexts of which none comes twice. */
static inline bool differ(struct ntlm_user_context *const c[4])
{
    return c[0] != c[1] && c[0] != c[2] && c[0] != c[3] && c[1] != c[2] && c[1] != c[3] && c[2] != c[3];
}

typedef bool four_fn(struct ntlm_protect *const p[4], struct ntlm_batch b[4]);

INLINE bool four(struct batch *b, size_t i, size_t end, four_fn *work)
{
    struct ntlm_user_context *const *c = b->contexts + i;
    if (end - i < 4 || !differ(c))
        return false;
    struct ntlm_protect *const p[4] = {&c[0]->protect, &c[1]->protect, &c[2]->protect, &c[3]->protect};
    return work(p, b->work + i);
}

/* A message without a number has no token either; what is hashed of it is of no use to anybody. */
static inline void send_one(struct batch *b, size_t i)
{
    enum protect_verdict verdict = ntlm_batch_send(&b->contexts[i]->protect, &b->work[i]);
    if (__builtin_expect(verdict == PROTECT_OK, 1))
        return;
    b->items[i]->Status = packages_verdict_status(verdict);
    b->tokens[i] = NULL;
}

static __attribute__((noinline)) void send_all(struct batch *b, size_t from, size_t end)
{
    while (from < end) {
        if (four(b, from, end, ntlm_batch_send_4))
            from += 4;
        else
            send_one(b, from++);
    }
}

static inline void judge(struct batch *b, size_t i, enum protect_verdict verdict)
{
    SspiBatchItem *item = b->items[i];
    if (verdict == PROTECT_OK)
        verdict = ntlm_batch_judge(&b->contexts[i]->protect, &b->work[i], b->tokens[i]->pvBuffer);
    item->Status = packages_verdict_status(verdict);
    if (verdict == PROTECT_OK)
        item->QOP = 0;
}

/* None of four is one of four others. */
static inline bool apart(struct ntlm_user_context *const a[4], struct ntlm_user_context *const b[4])
{
    bool meet = false;
    for (int i = 0; i < 4; i++)
        meet |= a[i] == b[0] || a[i] == b[1] || a[i] == b[2] || a[i] == b[3];
    return !meet;
}

/* Four are judged after the key streams of the next four: those bytes could not be read as words so soon
 * after they were written. */
static __attribute__((noinline)) void receive_all(struct batch *b, size_t at, size_t end)
{
    size_t late = 0; /* this many before `at` are still to be judged */
    while (at < end || late > 0) {
        bool fours = (late == 0 || (end - at >= 4 && apart(b->contexts + at - 4, b->contexts + at))) &&
                     four(b, at, end, ntlm_batch_receive_4);
        const size_t judged = late;
        for (; late > 0; late--)
            judge(b, at - late, PROTECT_OK);
        if (fours) {
            at += 4;
            late = 4;
        } else if (judged == 0 && at < end) {
            judge(b, at, ntlm_batch_receive(&b->contexts[at]->protect, &b->work[at]));
            at++;
        }
    }
}

static void work_some(struct batch *b, size_t from, size_t end)
{
    if (b->make)
        send_all(b, from, end);
    else
        receive_all(b, from, end);
}

/* Under the locks of entries from to end - 1, which are given back. */
static void work_locked(struct batch *b, size_t from, size_t end)
{
    work_some(b, from, end);
    for (size_t i = from; i < end; i++)
        if (!shares_lock(b, from, i))
            lock_give(lock_of(b, i));
}

/* The work for each entry in order, with its lock held; where no other thread can be, none is taken. */
static void work_all(struct batch *b)
{
    size_t from = 0;
    if (port_alone()) {
        work_some(b, 0, b->count);
        return;
    }
    for (size_t i = 0; i < b->count; i++) {
        if (shares_lock(b, from, i) || lock_try(lock_of(b, i)))
            continue;
        work_locked(b, from, i);
        lock_take(lock_of(b, i));
        from = i;
    }
    work_locked(b, from, b->count);
}

static void make_all(struct batch *b)
{
    work_all(b);
    lanes_hmac_md5(b->jobs, b->count);
    for (size_t i = 0; i < b->count; i++) {
        SecBuffer *token = b->tokens[i];
        if (__builtin_expect(token == NULL, 0))
            continue;
        ntlm_batch_token(&b->work[i], token->pvBuffer);
        token->cbBuffer = NTLM_TOKEN_SIZE;
    }
}

static void verify_all(struct batch *b)
{
    lanes_hmac_md5(b->jobs, b->count);
    work_all(b);
}

static void batch_run(struct batch *b)
{
    if (b->count == 0)
        return;
    if (b->make)
        make_all(b);
    else
        verify_all(b);
    secret_wipe(b->work, b->count * sizeof b->work[0]);
    b->count = 0;
    b->views.used = 0;
}

/* ---- the items ---- */

static void single(struct batch *b, SspiBatchItem *item)
{
    /* What came before may be of the same context. */
    batch_run(b);
    item->Status =
        b->make ? user_table->MakeSignature(item->Context, item->QOP, item->Message, item->MessageSeqNo)
                : user_table->VerifySignature(item->Context, item->Message, item->MessageSeqNo, &item->QOP);
}

/* Rows 5 and 6 of the contract of MakeSignature in <sspi.h>. */
INLINE NTSTATUS check_token(const struct batch *b, const SspiBatchItem *item, const SecBuffer *token)
{
    if (!b->make)
        return token->cbBuffer == NTLM_TOKEN_SIZE ? SEC_E_OK : SEC_E_INVALID_TOKEN;
    if (item->QOP != 0)
        return SEC_E_QOP_NOT_SUPPORTED;
    return token->cbBuffer < NTLM_TOKEN_SIZE ? SEC_E_BUFFER_TOO_SMALL : SEC_E_OK;
}

/* Rows 3 to 7, in their order, of any message. */
static NTSTATUS check(const struct batch *b, const SspiBatchItem *item, struct secbuf_view *view)
{
    NTSTATUS status = secbuf_scan(item->Message, SECBUF_SIGN_READONLY, view);
    if (status == SEC_E_OK)
        status = check_token(b, item, view->token);
    if (status == SEC_E_OK && secbuf_overlaps(item->Message, view, false))
        status = SEC_E_INVALID_PARAMETER;
    return status;
}

/* As the next of the batch, at `at`. */
INLINE void put(struct batch *b, bool make, size_t at, SspiBatchItem *item, struct ntlm_user_context *c,
                SecBuffer *token, const struct span *parts, size_t count)
{
    struct ntlm_direction *d = make ? &c->protect.send : &c->protect.receive;
    struct ntlm_batch *work = &b->work[at];
    b->items[at] = item;
    b->contexts[at] = c;
    b->tokens[at] = token;
    b->jobs[at] = (struct lanes_job){
        .key = &d->sign,
        .message = {{work->number, sizeof work->number}, parts, count, {NULL, 0}},
        .mac = work->mac,
    };
    if (make) {
        for (size_t line = 0; line < sizeof d->u.rc4; line += 64)
            __builtin_prefetch((const uint8_t *)&d->u.rc4 + line, 1);
    } else {
        ntlm_batch_number(work, token->pvBuffer);
    }
}

/* Any item. */
static __attribute__((noinline)) void batch_add(struct batch *b, SspiBatchItem *item)
{
    struct ntlm_user_context *c = ntlm_user_found(&b->contexts_look, item->Context);
    if (c == NULL || !ntlm_batch_fits(&c->protect) || secbuf_mechlist(item->Message)) {
        single(b, item);
        return;
    }
    struct secbuf_view *view = packages_views_next(&b->views);
    if (view == NULL) {
        batch_run(b);
        view = packages_views_next(&b->views);
    }
    item->Status = check(b, item, view);
    if (item->Status != SEC_E_OK)
        return;
    packages_views_keep(&b->views, view);
    put(b, b->make, b->count++, item, c, view->token, view->parts, view->count);
}

/* The usual one. False: nothing was done. *at: where it comes, and then where the next one does. */
INLINE bool batch_add_usual(struct batch *b, bool make, SspiBatchItem *item, size_t *at)
{
    struct ntlm_user_context *c = ntlm_user_found(&b->contexts_look, item->Context);
    struct secbuf_view view;
    if (c == NULL || !ntlm_batch_fits(&c->protect) || !secbuf_scan_usual(item->Message, &view))
        return false;
    if (make ? item->QOP != 0 || view.token->cbBuffer < NTLM_TOKEN_SIZE
             : view.token->cbBuffer != NTLM_TOKEN_SIZE)
        return false;
    item->Status = SEC_E_OK;
    b->parts[*at] = view.parts[0];
    put(b, make, *at, item, c, view.token, &b->parts[*at], 1);
    ++*at;
    return true;
}

INLINE void batch_items(const bool make, SspiBatchItem *items, size_t count)
{
    struct batch b;
    b.make = make;
    b.contexts_look = ntlm_user_look();
    b.count = 0;
    b.views.used = 0;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (batch_add_usual(&b, make, &items[i], &at))
            continue;
        b.count = at;
        batch_add(&b, &items[i]);
        at = b.count;
    }
    b.count = at;
    batch_run(&b);
}

static void ntlm_make_signatures(SspiBatchItem *Items, ULONG Count)
{
    for (; Count > BATCH_MAX; Count -= BATCH_MAX, Items += BATCH_MAX)
        batch_items(true, Items, BATCH_MAX);
    batch_items(true, Items, Count);
}

static void ntlm_verify_signatures(SspiBatchItem *Items, ULONG Count)
{
    for (; Count > BATCH_MAX; Count -= BATCH_MAX, Items += BATCH_MAX)
        batch_items(false, Items, BATCH_MAX);
    batch_items(false, Items, Count);
}

LONG ntlm_SpBatchModeInitialize(ULONG Version, const SspiBatchFunctions **Tables, ULONG *Count)
{
    static const SspiBatchFunctions table = {
        .MakeSignatures = ntlm_make_signatures,
        .VerifySignatures = ntlm_verify_signatures,
    };
    ULONG version, tables;

    if (Version < SSPI_BATCH_VERSION)
        return SEC_E_UNSUPPORTED_FUNCTION;
    *Tables = &table;
    *Count = 1;
    return ntlm_SpUserModeInitialize(SECPKG_INTERFACE_VERSION, &version, &user_table, &tables);
}
