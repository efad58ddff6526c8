/* SPDX-License-Identifier: MIT */
/*
 * packages/kerberos: many signatures at once. What the fast way is not for (RC4, Negotiate's mechListMIC,
 * tokens under the initiator's key, contexts without integrity) goes through the user half's own functions,
 * in its place. Making takes no lock; checking takes each context's for the moment in which the window
 * judges.
 */
#include "crypto/lanes/lanes.h"
#include "base/secret.h"
#include "packages/kerberos/kerberos_package.h"
#include "packages/kerberos/kerberos_user.h"
#include "packages/verdict.h"
#include "packages/views.h"
#include "protect/krb5_batch.h"

enum { BATCH_MAX = 64 };

struct entry {
    SspiBatchItem *item;
    struct kerberos_user_context *c;
    const struct secbuf_view *view;
    uint64_t sequence; /* received */
    uint8_t header[KRB5_BATCH_HEADER];
};

struct batch {
    bool make;
    size_t count;
    struct entry entries[BATCH_MAX];
    uint8_t macs[BATCH_MAX][KRB5_BATCH_MAC];
    struct packages_views views;
};

static PSECPKG_USER_FUNCTION_TABLE user_table;

static void hash_all(struct batch *b)
{
    static void (*const hashes[KRB5_BATCH_HASHES])(const struct lanes_job *, size_t) = {
        [KRB5_BATCH_SHA1] = lanes_hmac_sha1,
        [KRB5_BATCH_SHA256] = lanes_hmac_sha256,
        [KRB5_BATCH_SHA384] = lanes_hmac_sha384,
    };
    struct lanes_job jobs[BATCH_MAX];
    size_t left = b->count;
    for (int hash = 0; hash < KRB5_BATCH_HASHES && left > 0; hash++) {
        size_t count = 0;
        for (size_t i = 0; i < b->count; i++) {
            const struct entry *e = &b->entries[i];
            const struct krb5_protect *p = &e->c->protect;
            if ((int)krb5_batch_hash(p) != hash)
                continue;
            jobs[count++] = (struct lanes_job){
                .key = b->make ? &p->send : &p->receive,
                .message = {{NULL, 0}, e->view->parts, e->view->count, {e->header, sizeof e->header}},
                .mac = b->macs[i],
            };
        }
        hashes[hash](jobs, count);
        left -= count;
    }
}

static void make_all(struct batch *b)
{
    hash_all(b);
    for (size_t i = 0; i < b->count; i++) {
        const struct entry *e = &b->entries[i];
        krb5_batch_token(&e->c->protect, e->header, b->macs[i], e->view->token->pvBuffer);
        e->view->token->cbBuffer = (ULONG)krb5_mic_size(&e->c->protect);
    }
}

/* Authentic first, then in its place. */
static enum protect_verdict judge(const struct entry *e, const uint8_t *mac)
{
    if (!krb5_batch_matches(&e->c->protect, mac, e->view->token->pvBuffer))
        return PROTECT_ALTERED;
    lock_take(&e->c->receive);
    enum protect_verdict verdict = krb5_accept(&e->c->protect, e->sequence);
    lock_give(&e->c->receive);
    return verdict;
}

static void verify_all(struct batch *b)
{
    hash_all(b);
    for (size_t i = 0; i < b->count; i++) {
        const struct entry *e = &b->entries[i];
        e->item->Status = packages_verdict_status(judge(e, b->macs[i]));
        if (e->item->Status == SEC_E_OK)
            e->item->QOP = 0;
    }
}

static void batch_run(struct batch *b)
{
    if (b->count == 0)
        return;
    if (b->make)
        make_all(b);
    else
        verify_all(b);
    secret_wipe(b->macs, b->count * sizeof b->macs[0]);
    b->count = 0;
    b->views.used = 0;
}

static void single(struct batch *b, SspiBatchItem *item)
{
    /* What came before may be of the same context. */
    batch_run(b);
    item->Status =
        b->make ? user_table->MakeSignature(item->Context, item->QOP, item->Message, item->MessageSeqNo)
                : user_table->VerifySignature(item->Context, item->Message, item->MessageSeqNo, &item->QOP);
}

/* Rows 5 to 8 of the contract of MakeSignature in <sspi.h>, in its order. apart: nothing overlaps, for sure.
 */
static NTSTATUS begin_make(struct entry *e, bool apart)
{
    if (e->item->QOP != 0)
        return SEC_E_QOP_NOT_SUPPORTED;
    if (e->view->token->cbBuffer < krb5_mic_size(&e->c->protect))
        return SEC_E_BUFFER_TOO_SMALL;
    if (!apart && secbuf_overlaps(e->item->Message, e->view, false))
        return SEC_E_INVALID_PARAMETER;
    return packages_verdict_status(krb5_batch_send(&e->c->protect, e->header));
}

static NTSTATUS begin_verify(struct entry *e, bool apart, bool *alone)
{
    const SecBuffer *token = e->view->token;
    enum protect_verdict verdict =
        krb5_batch_look(&e->c->protect, token->pvBuffer, token->cbBuffer, e->header, &e->sequence, alone);
    if (verdict != PROTECT_MALFORMED && !apart && secbuf_overlaps(e->item->Message, e->view, false))
        return SEC_E_INVALID_PARAMETER;
    return packages_verdict_status(verdict);
}

static bool fits(const struct batch *b, const struct kerberos_user_context *c, const SspiBatchItem *item)
{
    return c != NULL && (c->protect.flags & (KRB5_F_INTEG | KRB5_F_CONF)) && krb5_batch_fits(&c->protect) &&
           (b->make || !secbuf_mechlist(item->Message));
}

static void batch_add(struct batch *b, SspiBatchItem *item)
{
    struct kerberos_user_context *c = kerberos_user_find(item->Context);
    bool alone = false;
    if (!fits(b, c, item)) {
        single(b, item);
        return;
    }
    struct secbuf_view *view = packages_views_next(&b->views);
    if (view == NULL) {
        batch_run(b);
        view = packages_views_next(&b->views);
    }
    struct entry *e = &b->entries[b->count];
    e->item = item;
    e->c = c;
    e->view = view;
    bool apart = secbuf_scan_usual(item->Message, view);
    item->Status = apart ? SEC_E_OK : secbuf_scan(item->Message, 0, view);
    if (item->Status == SEC_E_OK)
        item->Status = b->make ? begin_make(e, apart) : begin_verify(e, apart, &alone);
    if (alone)
        single(b, item);
    if (alone || item->Status != SEC_E_OK)
        return;
    packages_views_keep(&b->views, view);
    if (++b->count == BATCH_MAX)
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

static void kerberos_make_signatures(SspiBatchItem *Items, ULONG Count)
{
    batch_items(true, Items, Count);
}

static void kerberos_verify_signatures(SspiBatchItem *Items, ULONG Count)
{
    batch_items(false, Items, Count);
}

LONG kerberos_SpBatchModeInitialize(ULONG Version, const SspiBatchFunctions **Tables, ULONG *Count)
{
    static const SspiBatchFunctions table = {
        .MakeSignatures = kerberos_make_signatures,
        .VerifySignatures = kerberos_verify_signatures,
    };
    ULONG version, tables;

    if (Version < SSPI_BATCH_VERSION)
        return SEC_E_UNSUPPORTED_FUNCTION;
    *Tables = &table;
    *Count = 1;
    return kerberos_SpUserModeInitialize(SECPKG_INTERFACE_VERSION, &version, &user_table, &tables);
}
