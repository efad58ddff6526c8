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

enum { CHUNK = 64 };

/* Addresses [start, end). */
struct range {
    uintptr_t start, end;
};

/*
 * What is known of the buffers of a chunk that makes signatures: where its TOKENs are, each and all in one
 * range, and one range around all messages. The ranges around are the looks that are mostly enough.
 */
struct buffers {
    struct range tokens, data;
    ULONG count;
    struct range token[CHUNK];
};

struct chunk {
    bool make, mixed; /* mixed: several packages */
    ULONG count;
    struct handle *slots[CHUNK];
    SspiSignatureRequest *requests[CHUNK];
    SspiBatchItem items[CHUNK];
    struct buffers buffers;
};

/* ---- which requests may share a chunk ---- */

static const struct range nowhere = {UINTPTR_MAX, 0};

static inline struct range range_of(const SecBuffer *b)
{
    uintptr_t start = (uintptr_t)b->pvBuffer;
    return (struct range){start, start + b->cbBuffer};
}

static inline bool range_meets(struct range a, struct range b)
{
    return a.start < b.end && b.start < a.end;
}

static inline void range_widen(struct range *r, struct range by)
{
    r->start = r->start < by.start ? r->start : by.start;
    r->end = r->end > by.end ? r->end : by.end;
}

static inline ULONG type_of(const SecBuffer *b)
{
    return b->BufferType & ~(ULONG)SECBUFFER_ATTRMASK;
}

static inline bool is_token(const SecBuffer *b)
{
    return type_of(b) == SECBUFFER_TOKEN || type_of(b) == SECBUFFER_MECHLIST_SIGNATURE;
}

static inline bool is_data(const SecBuffer *b)
{
    return type_of(b) == SECBUFFER_DATA || type_of(b) == SECBUFFER_MECHLIST;
}

/* Descriptors that the package will refuse touch no buffer. */
static inline ULONG buffers_in(const SecBufferDesc *desc)
{
    bool usable = desc->ulVersion == SECBUFFER_VERSION && desc->pBuffers != NULL && desc->cBuffers <= CHUNK;
    return usable ? desc->cBuffers : 0;
}

static bool meets_tokens(const struct buffers *known, struct range r)
{
    for (ULONG i = 0; i < known->count; i++)
        if (range_meets(known->token[i], r))
            return true;
    return false;
}

static bool meets_data(const struct chunk *c, struct range r)
{
    for (ULONG i = 0; i < c->count; i++) {
        const SecBufferDesc *desc = c->requests[i]->Message;
        for (ULONG k = 0; k < buffers_in(desc); k++)
            if (is_data(&desc->pBuffers[k]) && range_meets(range_of(&desc->pBuffers[k]), r))
                return true;
    }
    return false;
}

/*
 * Nothing is written but TOKENs. So what the chunk is to write, a new message must neither hold nor write to;
 * and what another package is to read, which may come later, it must not write to. (Within a package all is
 * read before anything is written.)
 */
static inline bool buffer_conflicts(const struct chunk *c, const SecBuffer *b, bool token)
{
    struct range r = range_of(b);
    if (range_meets(c->buffers.tokens, r) && meets_tokens(&c->buffers, r))
        return true;
    return token && c->mixed && range_meets(c->buffers.data, r) && meets_data(c, r);
}

static inline void buffer_note(struct chunk *c, const SecBuffer *b, bool token)
{
    range_widen(token ? &c->buffers.tokens : &c->buffers.data, range_of(b));
    if (token)
        c->buffers.token[c->buffers.count++] = range_of(b);
}

/* Of several TOKENs none is written. */
static void note_all(struct chunk *c, const SecBufferDesc *desc, ULONG count)
{
    const SecBuffer *token = NULL;
    for (ULONG i = 0; i < count; i++) {
        const SecBuffer *b = &desc->pBuffers[i];
        if (is_token(b))
            token = b;
        else if (is_data(b))
            buffer_note(c, b, false);
    }
    if (token != NULL)
        buffer_note(c, token, true);
}

/* True: the message may join, and its buffers are known now. */
static bool chunk_accepts(struct chunk *c, const SecBufferDesc *desc)
{
    ULONG count = buffers_in(desc);
    const SecBuffer *b = desc->pBuffers;
    if (count == 2 && b[0].BufferType == SECBUFFER_DATA && b[1].BufferType == SECBUFFER_TOKEN) {
        if (buffer_conflicts(c, &b[0], false) || buffer_conflicts(c, &b[1], true))
            return false;
        buffer_note(c, &b[0], false);
        buffer_note(c, &b[1], true);
        return true;
    }
    for (ULONG i = 0; i < count; i++)
        if ((is_token(&b[i]) || is_data(&b[i])) && buffer_conflicts(c, &b[i], is_token(&b[i])))
            return false;
    note_all(c, desc, count);
    return true;
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

static void chunk_start(struct chunk *c)
{
    c->count = 0;
    c->mixed = false;
    c->buffers.tokens = c->buffers.data = nowhere;
    c->buffers.count = 0;
}

static void chunk_run(struct chunk *c)
{
    if (c->mixed)
        call_mixed(c);
    else if (c->count > 0)
        call_batch(c->slots[0], c->make, c->items, c->count);
    /* Left in the reverse order of entering: that is the quick one. */
    for (ULONG i = c->count; i-- > 0;) {
        NTSTATUS status = c->items[i].Status;
        c->requests[i]->Status = status == SEC_E_OK ? SEC_E_OK : lsa_status_map(status);
        if (!c->make)
            c->requests[i]->QOP = c->items[i].QOP;
        handle_release(&handle_contexts, c->slots[i]);
    }
    chunk_start(c);
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
    c->mixed |= c->count > 0 && slot->user != c->slots[0]->user;
    if (c->make && !chunk_accepts(c, r->Message)) {
        chunk_run(c);
        (void)chunk_accepts(c, r->Message);
    }
    c->slots[c->count] = slot;
    c->requests[c->count] = r;
    c->items[c->count++] = (SspiBatchItem){slot->user_context, r->Message, r->QOP, r->MessageSeqNo, 0};
}

static SECURITY_STATUS batch_run(SspiSignatureRequest *requests, ULONG count, bool make)
{
    struct chunk c;
    c.make = make;
    chunk_start(&c);
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
