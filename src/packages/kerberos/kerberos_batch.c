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

#define INLINE static inline __attribute__((always_inline))

enum { BATCH_MAX = 64 };

/* Item i's things have index i everywhere. hash: of all of them, KRB5_BATCH_HASHES where they differ. */
struct batch {
    bool make;
    enum krb5_batch_hash hash;
    size_t count;
    struct kerberos_user_look contexts_look;
    SspiBatchItem *items[BATCH_MAX];
    struct kerberos_user_context *contexts[BATCH_MAX];
    SecBuffer *tokens[BATCH_MAX];
    struct lanes_job jobs[BATCH_MAX];
    struct span parts[BATCH_MAX]; /* of messages that have one */
    uint8_t headers[BATCH_MAX][KRB5_BATCH_HEADER] __attribute__((aligned(16)));
    uint8_t macs[BATCH_MAX][KRB5_BATCH_MAC];
    struct packages_views views; /* of the others */
};

static PSECPKG_USER_FUNCTION_TABLE user_table;

/* ---- all of one hash; what is done with a checksum is compiled for each size of it ---- */

static const struct hash {
    void (*make)(const struct lanes_job *jobs, size_t count);
    size_t mac;
} hashes[KRB5_BATCH_HASHES] = {
    [KRB5_BATCH_SHA1] = {lanes_hmac_sha1, 12},
    [KRB5_BATCH_SHA256] = {lanes_hmac_sha256, 16},
    [KRB5_BATCH_SHA384] = {lanes_hmac_sha384, 24},
};

INLINE void write_token(const struct batch *b, size_t i, size_t mac)
{
    SecBuffer *token = b->tokens[i];
    krb5_batch_token(b->headers[i], b->macs[i], mac, token->pvBuffer);
    token->cbBuffer = (ULONG)(KRB5_BATCH_HEADER + mac);
}

/* Authentic first, then in its place. */
INLINE void judge(const struct batch *b, size_t i, size_t mac)
{
    struct kerberos_user_context *c = b->contexts[i];
    SspiBatchItem *item = b->items[i];
    enum protect_verdict verdict = PROTECT_ALTERED;
    if (krb5_batch_matches(b->macs[i], mac, b->tokens[i]->pvBuffer)) {
        lock_take(&c->receive);
        verdict = krb5_accept(&c->protect, krb5_batch_sequence(b->headers[i]));
        lock_give(&c->receive);
    }
    item->Status = packages_verdict_status(verdict);
    if (verdict == PROTECT_OK)
        item->QOP = 0;
}

INLINE void finish(const struct batch *b, size_t i, size_t mac)
{
    if (b->make)
        write_token(b, i, mac);
    else
        judge(b, i, mac);
}

INLINE void finish_all(const struct batch *b, size_t mac)
{
    for (size_t i = 0; i < b->count; i++)
        finish(b, i, mac);
}

static void run_one_hash(struct batch *b)
{
    hashes[b->hash].make(b->jobs, b->count);
    if (b->hash == KRB5_BATCH_SHA1)
        finish_all(b, 12);
    else if (b->hash == KRB5_BATCH_SHA256)
        finish_all(b, 16);
    else
        finish_all(b, 24);
}

/* Each hash's together; and then in order. */
static void run_hashes(struct batch *b)
{
    struct lanes_job jobs[BATCH_MAX];
    for (int hash = 0; hash < KRB5_BATCH_HASHES; hash++) {
        size_t count = 0;
        for (size_t i = 0; i < b->count; i++)
            if ((int)krb5_batch_hash(&b->contexts[i]->protect) == hash)
                jobs[count++] = b->jobs[i];
        hashes[hash].make(jobs, count);
    }
    for (size_t i = 0; i < b->count; i++)
        finish(b, i, hashes[krb5_batch_hash(&b->contexts[i]->protect)].mac);
}

static void batch_run(struct batch *b)
{
    if (b->count == 0)
        return;
    if (b->hash == KRB5_BATCH_HASHES)
        run_hashes(b);
    else
        run_one_hash(b);
    secret_wipe(b->macs, b->count * sizeof b->macs[0]);
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

/* As the next of the batch, at `at`, where its header is already. */
INLINE void put(struct batch *b, size_t at, SspiBatchItem *item, struct kerberos_user_context *c,
                SecBuffer *token, const struct span *parts, size_t count)
{
    const enum krb5_batch_hash hash = krb5_batch_hash(&c->protect);
    b->hash = at == 0 || hash == b->hash ? hash : KRB5_BATCH_HASHES;
    b->items[at] = item;
    b->contexts[at] = c;
    b->tokens[at] = token;
    b->jobs[at] = (struct lanes_job){
        .key = b->make ? &c->protect.send : &c->protect.receive,
        .message = {{NULL, 0}, parts, count, {b->headers[at], sizeof b->headers[at]}},
        .mac = b->macs[at],
    };
}

/* Rows 5 to 8 of the contract of MakeSignature in <sspi.h>, in its order. apart: nothing overlaps, for sure.
 */
static NTSTATUS begin_make(struct batch *b, const SspiBatchItem *item, struct kerberos_user_context *c,
                           const struct secbuf_view *view)
{
    if (item->QOP != 0)
        return SEC_E_QOP_NOT_SUPPORTED;
    if (view->token->cbBuffer < krb5_mic_size(&c->protect))
        return SEC_E_BUFFER_TOO_SMALL;
    if (secbuf_overlaps(item->Message, view, false))
        return SEC_E_INVALID_PARAMETER;
    return packages_verdict_status(krb5_batch_send(&c->protect, b->headers[b->count]));
}

static NTSTATUS begin_verify(struct batch *b, const SspiBatchItem *item, struct kerberos_user_context *c,
                             const struct secbuf_view *view, bool *alone)
{
    const SecBuffer *token = view->token;
    enum protect_verdict verdict =
        krb5_batch_look(&c->protect, token->pvBuffer, token->cbBuffer, b->headers[b->count], alone);
    if (verdict != PROTECT_MALFORMED && secbuf_overlaps(item->Message, view, false))
        return SEC_E_INVALID_PARAMETER;
    return packages_verdict_status(verdict);
}

static bool fits(const struct kerberos_user_context *c)
{
    return c != NULL && (c->protect.flags & (KRB5_F_INTEG | KRB5_F_CONF)) && krb5_batch_fits(&c->protect);
}

/* Any item. */
static __attribute__((noinline)) void batch_add(struct batch *b, SspiBatchItem *item)
{
    struct kerberos_user_context *c = kerberos_user_found(&b->contexts_look, item->Context);
    bool alone = false;
    if (!fits(c) || (!b->make && secbuf_mechlist(item->Message))) {
        single(b, item);
        return;
    }
    struct secbuf_view *view = packages_views_next(&b->views);
    if (view == NULL) {
        batch_run(b);
        view = packages_views_next(&b->views);
    }
    item->Status = secbuf_scan(item->Message, 0, view);
    if (item->Status == SEC_E_OK)
        item->Status = b->make ? begin_make(b, item, c, view) : begin_verify(b, item, c, view, &alone);
    if (alone)
        single(b, item);
    if (alone || item->Status != SEC_E_OK)
        return;
    packages_views_keep(&b->views, view);
    put(b, b->count, item, c, view->token, view->parts, view->count);
    b->count++;
}

/* The usual one, that nothing speaks against, at `at`. False: nothing was done. */
INLINE bool batch_add_usual(struct batch *b, bool make, SspiBatchItem *item, size_t at)
{
    struct kerberos_user_context *c = kerberos_user_found(&b->contexts_look, item->Context);
    struct secbuf_view view;
    bool alone = false;
    if (!fits(c) || !secbuf_scan_usual(item->Message, &view))
        return false;
    struct krb5_protect *p = &c->protect;
    const SecBuffer *token = view.token;
    uint8_t *header = b->headers[at];
    if (make
            ? item->QOP != 0 || token->cbBuffer < krb5_mic_size(p) || krb5_batch_send(p, header) != PROTECT_OK
            : krb5_batch_look(p, token->pvBuffer, token->cbBuffer, header, &alone) != PROTECT_OK || alone)
        return false;
    item->Status = SEC_E_OK;
    b->parts[at] = view.parts[0];
    put(b, at, item, c, view.token, &b->parts[at], 1);
    return true;
}

INLINE void batch_items(const bool make, SspiBatchItem *items, size_t count)
{
    struct batch b;
    b.make = make;
    b.contexts_look = kerberos_user_look();
    b.count = 0;
    b.views.used = 0;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (batch_add_usual(&b, make, &items[i], at)) {
            at++;
            continue;
        }
        b.count = at;
        batch_add(&b, &items[i]);
        at = b.count;
    }
    b.count = at;
    batch_run(&b);
}

static void kerberos_make_signatures(SspiBatchItem *Items, ULONG Count)
{
    for (; Count > BATCH_MAX; Count -= BATCH_MAX, Items += BATCH_MAX)
        batch_items(true, Items, BATCH_MAX);
    batch_items(true, Items, Count);
}

static void kerberos_verify_signatures(SspiBatchItem *Items, ULONG Count)
{
    for (; Count > BATCH_MAX; Count -= BATCH_MAX, Items += BATCH_MAX)
        batch_items(false, Items, BATCH_MAX);
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
