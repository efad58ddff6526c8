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

enum { BATCH_MAX = 64, MAC_SIZE = 16 };

struct entry {
    SspiBatchItem *item;
    struct ntlm_user_context *c;
    const struct secbuf_view *view;
};

struct secrets {
    struct ntlm_batch work;
    uint8_t mac[MAC_SIZE];
};

struct batch {
    bool make;
    size_t count;
    struct entry entries[BATCH_MAX];
    struct secrets secrets[BATCH_MAX];
    struct packages_views views;
};

static PSECPKG_USER_FUNCTION_TABLE user_table;

static struct lock *lock_of(const struct batch *b, size_t i)
{
    return b->make ? &b->entries[i].c->send : &b->entries[i].c->receive;
}

/* Neighbours of one context share its lock. */
static bool shares_lock(const struct batch *b, size_t from, size_t i)
{
    return i > from && b->entries[i].c == b->entries[i - 1].c;
}

typedef void work_fn(struct entry *e, struct secrets *s);

/* Under the locks of entries from to end - 1, which are given back. (work is known where this is compiled.)
 */
INLINE void work_locked(struct batch *b, size_t from, size_t end, work_fn *work)
{
    for (size_t i = from; i < end; i++)
        work(&b->entries[i], &b->secrets[i]);
    for (size_t i = from; i < end; i++)
        if (!shares_lock(b, from, i))
            lock_give(lock_of(b, i));
}

/* work for each entry in order, with its lock held. */
INLINE void work_all(struct batch *b, work_fn *work)
{
    size_t from = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (shares_lock(b, from, i) || lock_try(lock_of(b, i)))
            continue;
        work_locked(b, from, i, work);
        lock_take(lock_of(b, i));
        from = i;
    }
    work_locked(b, from, b->count, work);
}

static void hash_all(struct batch *b)
{
    struct lanes_job jobs[BATCH_MAX];
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++) {
        const struct entry *e = &b->entries[i];
        struct secrets *s = &b->secrets[i];
        if (e->item->Status != SEC_E_OK)
            continue;
        const struct ntlm_direction *d = b->make ? &e->c->protect.send : &e->c->protect.receive;
        jobs[count++] = (struct lanes_job){
            .key = &d->sign,
            .message = {{s->work.number, sizeof s->work.number}, e->view->parts, e->view->count, {NULL, 0}},
            .mac = s->mac,
        };
    }
    lanes_hmac_md5(jobs, count);
}

/* ---- both directions' work under the lock, and around it ---- */

static void send_number(struct entry *e, struct secrets *s)
{
    e->item->Status = packages_verdict_status(ntlm_batch_send(&e->c->protect, &s->work));
}

static void make_all(struct batch *b)
{
    work_all(b, send_number);
    hash_all(b);
    for (size_t i = 0; i < b->count; i++) {
        const struct entry *e = &b->entries[i];
        if (e->item->Status != SEC_E_OK)
            continue;
        ntlm_batch_token(&b->secrets[i].work, b->secrets[i].mac, e->view->token->pvBuffer);
        e->view->token->cbBuffer = NTLM_TOKEN_SIZE;
    }
}

static void judge(struct entry *e, struct secrets *s)
{
    e->item->Status = packages_verdict_status(
        ntlm_batch_receive(&e->c->protect, &s->work, s->mac, e->view->token->pvBuffer));
    if (e->item->Status == SEC_E_OK)
        e->item->QOP = 0;
}

static void verify_all(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        ntlm_batch_number(&b->secrets[i].work, b->entries[i].view->token->pvBuffer);
    hash_all(b);
    work_all(b, judge);
}

static void batch_run(struct batch *b)
{
    if (b->count == 0)
        return;
    if (b->make)
        make_all(b);
    else
        verify_all(b);
    secret_wipe(b->secrets, b->count * sizeof b->secrets[0]);
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
static NTSTATUS check_token(const struct batch *b, const SspiBatchItem *item, const SecBuffer *token)
{
    if (!b->make)
        return token->cbBuffer == NTLM_TOKEN_SIZE ? SEC_E_OK : SEC_E_INVALID_TOKEN;
    if (item->QOP != 0)
        return SEC_E_QOP_NOT_SUPPORTED;
    return token->cbBuffer < NTLM_TOKEN_SIZE ? SEC_E_BUFFER_TOO_SMALL : SEC_E_OK;
}

/* Rows 3 to 7, in their order. */
static NTSTATUS check(const struct batch *b, const SspiBatchItem *item, struct secbuf_view *view)
{
    if (secbuf_scan_usual(item->Message, view))
        return check_token(b, item, view->token);
    NTSTATUS status = secbuf_scan(item->Message, SECBUF_SIGN_READONLY, view);
    if (status == SEC_E_OK)
        status = check_token(b, item, view->token);
    if (status == SEC_E_OK && secbuf_overlaps(item->Message, view, false))
        status = SEC_E_INVALID_PARAMETER;
    return status;
}

static void batch_add(struct batch *b, SspiBatchItem *item)
{
    struct ntlm_user_context *c = ntlm_user_find(item->Context);
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
    b->entries[b->count++] = (struct entry){item, c, view};
    if (b->count == BATCH_MAX)
        batch_run(b);
}

static void batch_items(bool make, SspiBatchItem *items, ULONG count)
{
    struct batch b;
    b.make = make;
    b.count = 0;
    b.views.used = 0;
    for (ULONG i = 0; i < count; i++)
        batch_add(&b, &items[i]);
    batch_run(&b);
}

static void ntlm_make_signatures(SspiBatchItem *Items, ULONG Count)
{
    batch_items(true, Items, Count);
}

static void ntlm_verify_signatures(SspiBatchItem *Items, ULONG Count)
{
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
