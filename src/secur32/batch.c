/* SPDX-License-Identifier: MIT */
/*
 * secur32/batch: SspiMakeSignatures and SspiVerifySignatures. Requests are taken up to 64 at a time, their
 * contexts acquired, and what belongs to one package is handed to it in one call, in order. Requests whose
 * buffers depend on each other never get into the same 64.
 */
#include <opensspi.h>

#include "base/trace.h"
#include "lsa/lsa.h"
#include "secur32/handle.h"
#include "secur32/registry.h"

enum { CHUNK = 64, RANGES_MAX = 192 };

/* Addresses [start, end). */
struct range {
    uintptr_t start, end;
};

/* Buffers of the chunk's messages, and a range around all of them: the one look that is mostly enough. */
struct ranges {
    struct range hull;
    ULONG count;
    struct range at[RANGES_MAX];
};

struct chunk {
    bool make;
    ULONG count;
    struct handle *slots[CHUNK];
    SspiSignatureRequest *requests[CHUNK];
    SspiBatchItem items[CHUNK];
    struct ranges tokens, data;
};

/* ---- which requests may share a chunk ---- */

static void ranges_reset(struct ranges *r)
{
    r->hull = (struct range){UINTPTR_MAX, 0};
    r->count = 0;
}

static bool range_meets(const struct range *a, const struct range *b)
{
    return a->start < b->end && b->start < a->end;
}

static bool ranges_meet(const struct ranges *r, const struct range *b)
{
    if (!range_meets(&r->hull, b))
        return false;
    for (ULONG i = 0; i < r->count; i++)
        if (range_meets(&r->at[i], b))
            return true;
    return false;
}

static void ranges_add(struct ranges *r, const struct range *b)
{
    r->at[r->count++] = *b;
    r->hull.start = b->start < r->hull.start ? b->start : r->hull.start;
    r->hull.end = b->end > r->hull.end ? b->end : r->hull.end;
}

/* Descriptors that the package will refuse touch no buffer. */
static ULONG buffers_of(const SecBufferDesc *desc)
{
    bool usable = desc->ulVersion == SECBUFFER_VERSION && desc->pBuffers != NULL && desc->cBuffers <= CHUNK;
    return usable ? desc->cBuffers : 0;
}

/* Where a buffer lies, and in which of the two lists it belongs; NULL: it is none that counts. */
static struct ranges *range_of(struct chunk *c, const SecBuffer *b, struct range *range)
{
    ULONG type = b->BufferType & ~(ULONG)SECBUFFER_ATTRMASK;
    bool token = type == SECBUFFER_TOKEN || type == SECBUFFER_MECHLIST_SIGNATURE;
    uintptr_t start = (uintptr_t)b->pvBuffer;
    *range = (struct range){start, start + b->cbBuffer};
    if (b->cbBuffer == 0 || (!token && type != SECBUFFER_DATA && type != SECBUFFER_MECHLIST))
        return NULL;
    return token ? &c->tokens : &c->data;
}

/*
 * Nothing is written but TOKENs; so a message may not hold one that the chunk is to make, and no TOKEN may be
 * one that the chunk is to read or make.
 */
static bool chunk_accepts(struct chunk *c, const SecBufferDesc *desc)
{
    struct range range;
    ULONG count = buffers_of(desc);
    if (c->tokens.count + count > RANGES_MAX || c->data.count + count > RANGES_MAX)
        return false;
    for (ULONG i = 0; i < count; i++) {
        const struct ranges *list = range_of(c, &desc->pBuffers[i], &range);
        if (list != NULL && ranges_meet(&c->tokens, &range))
            return false;
        if (list == &c->tokens && ranges_meet(&c->data, &range))
            return false;
    }
    return true;
}

static void chunk_remember(struct chunk *c, const SecBufferDesc *desc)
{
    struct range range;
    ULONG count = buffers_of(desc);
    for (ULONG i = 0; i < count; i++) {
        struct ranges *list = range_of(c, &desc->pBuffers[i], &range);
        if (list != NULL)
            ranges_add(list, &range);
    }
}

/* ---- a chunk's way through the packages ---- */

static const SspiBatchFunctions *batch_of(const struct handle *slot)
{
    return slot->owner != NULL ? slot->owner->batch : slot->package->batch;
}

static void call_single(const struct handle *slot, bool make, SspiBatchItem *item)
{
    item->Status =
        make ? slot->user->MakeSignature(item->Context, item->QOP, item->Message, item->MessageSeqNo)
             : slot->user->VerifySignature(item->Context, item->Message, item->MessageSeqNo, &item->QOP);
}

static void call_batch(const struct handle *slot, bool make, SspiBatchItem *items, ULONG count)
{
    const SspiBatchFunctions *batch = batch_of(slot);
    void (*function)(SspiBatchItem *, ULONG) = batch == NULL || trace_on()
                                                   ? NULL /* the single ones say what they do */
                                               : make ? batch->MakeSignatures
                                                      : batch->VerifySignatures;
    if (function != NULL) {
        function(items, count);
        return;
    }
    for (ULONG i = 0; i < count; i++)
        call_single(slot, make, &items[i]);
}

/* Items of several packages: each package's together, in order, and back to their places. */
static void call_mixed(struct chunk *c)
{
    SspiBatchItem items[CHUNK];
    uint8_t places[CHUNK];
    uint64_t done = 0;
    for (ULONG first = 0; first < c->count; first++) {
        const struct handle *slot = c->slots[first];
        ULONG count = 0;
        for (ULONG i = first; i < c->count; i++) {
            if (c->slots[i]->user != slot->user || (done >> i & 1))
                continue;
            done |= UINT64_C(1) << i;
            places[count] = (uint8_t)i;
            items[count++] = c->items[i];
        }
        if (count > 0)
            call_batch(slot, c->make, items, count);
        for (ULONG i = 0; i < count; i++)
            c->items[places[i]] = items[i];
    }
}

static void chunk_run(struct chunk *c)
{
    bool mixed = false;
    for (ULONG i = 1; i < c->count; i++)
        mixed |= c->slots[i]->user != c->slots[0]->user;
    if (mixed)
        call_mixed(c);
    else if (c->count > 0)
        call_batch(c->slots[0], c->make, c->items, c->count);
    for (ULONG i = 0; i < c->count; i++) {
        NTSTATUS status = c->items[i].Status;
        c->requests[i]->Status = status == SEC_E_OK ? SEC_E_OK : lsa_status_map(status);
        if (!c->make)
            c->requests[i]->QOP = c->items[i].QOP;
        handle_release(&handle_contexts, c->slots[i]);
    }
    c->count = 0;
    ranges_reset(&c->tokens);
    ranges_reset(&c->data);
}

/* The slot, or NULL and the status that MakeSignature and VerifySignature begin with. */
static struct handle *request_enter(SspiSignatureRequest *r, bool make)
{
    struct handle *slot = handle_acquire_established(&handle_contexts, r->Context);
    r->Status = SEC_E_INVALID_HANDLE;
    if (slot == NULL)
        return NULL;
    if (make ? slot->user->MakeSignature == NULL : slot->user->VerifySignature == NULL)
        r->Status = SEC_E_UNSUPPORTED_FUNCTION;
    else if (r->Message == NULL)
        r->Status = SEC_E_INVALID_TOKEN;
    else
        return slot;
    handle_release(&handle_contexts, slot);
    return NULL;
}

static void chunk_add(struct chunk *c, SspiSignatureRequest *r)
{
    if (c->count == CHUNK)
        chunk_run(c);
    struct handle *slot = request_enter(r, c->make);
    if (slot == NULL)
        return;
    if (c->make) {
        if (!chunk_accepts(c, r->Message))
            chunk_run(c);
        chunk_remember(c, r->Message);
    }
    c->slots[c->count] = slot;
    c->requests[c->count] = r;
    c->items[c->count++] = (SspiBatchItem){slot->user_context, r->Message, r->QOP, r->MessageSeqNo, 0};
}

static SECURITY_STATUS batch_run(SspiSignatureRequest *requests, ULONG count, bool make)
{
    struct chunk c;
    c.make = make;
    c.count = 0;
    ranges_reset(&c.tokens);
    ranges_reset(&c.data);
    for (ULONG i = 0; i < count; i++)
        chunk_add(&c, &requests[i]);
    chunk_run(&c);
    for (ULONG i = 0; i < count; i++)
        if (requests[i].Status != SEC_E_OK)
            return requests[i].Status;
    return SEC_E_OK;
}

SECURITY_STATUS SspiMakeSignatures(SspiSignatureRequest *Requests, ULONG Count)
{
    if (Requests == NULL)
        return Count == 0 ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
    if (Count != 1)
        return batch_run(Requests, Count, true);
    Requests->Status =
        MakeSignature(Requests->Context, Requests->QOP, Requests->Message, Requests->MessageSeqNo);
    return Requests->Status;
}

SECURITY_STATUS SspiVerifySignatures(SspiSignatureRequest *Requests, ULONG Count)
{
    if (Requests == NULL)
        return Count == 0 ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
    if (Count != 1)
        return batch_run(Requests, Count, false);
    Requests->Status =
        VerifySignature(Requests->Context, Requests->Message, Requests->MessageSeqNo, &Requests->QOP);
    return Requests->Status;
}
