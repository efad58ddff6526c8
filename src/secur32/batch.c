/* SPDX-License-Identifier: MIT */
/*
 * secur32/batch: SspiMakeSignatures and SspiVerifySignatures. Requests are taken up to 64 at a time, their
 * contexts entered together and left together, and what belongs to one package is handed to it in one call,
 * in order: a chunk. A message that holds what another one of the chunk is still to write never gets into it.
 * What most requests look like is worked off in line, everything else by chunk_add.
 */
#include <opensspi.h>

#include "base/trace.h"
#include "lsa/lsa.h"
#include "secur32/handle.h"
#include "secur32/registry.h"

#define INLINE static inline __attribute__((always_inline))

enum { CHUNK = 64 };

/* Addresses [start, end). */
struct range {
    uintptr_t start, end;
};

/*
 * user: the table of the package that all items are of so far; NULL: of several packages, or there are none
 * yet. tokens: where each item's TOKEN is that is to be made; around: all of these in one range, the look
 * that is mostly enough.
 */
struct chunk {
    bool make;
    ULONG count;
    LONG failed; /* of all chunks so far: 0, or something else */
    const SECPKG_USER_FUNCTION_TABLE *user;
    struct range around;
    struct handle *slots[CHUNK];
    SspiSignatureRequest *requests[CHUNK];
    SspiBatchItem items[CHUNK];
    struct range tokens[CHUNK];
};

/* ---- which requests may share a chunk ---- */

static const struct range nowhere = {UINTPTR_MAX, 0};

/* To the end of the address space at most: a TOKEN may be said to be longer than there is memory. */
static inline struct range range_of(const SecBuffer *b)
{
    uintptr_t start = (uintptr_t)b->pvBuffer, room = UINTPTR_MAX - start;
    return (struct range){start, start + (b->cbBuffer < room ? b->cbBuffer : room)};
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

static bool meets_tokens(const struct chunk *c, struct range r)
{
    for (ULONG i = 0; range_meets(c->around, r) && i < c->count; i++)
        if (range_meets(c->tokens[i], r))
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
 * May the message join? Nothing is written but TOKENs. So what the chunk is to write, a new message must
 * neither hold nor write to; and what another package is to read, which may come later, it must not write to.
 * (Within a package all is read before anything is written.)
 */
static bool chunk_accepts(const struct chunk *c, const SecBufferDesc *desc, bool mixed)
{
    for (ULONG i = 0; i < buffers_in(desc); i++) {
        const SecBuffer *b = &desc->pBuffers[i];
        if ((is_token(b) || is_data(b)) && meets_tokens(c, range_of(b)))
            return false;
        if (is_token(b) && mixed && meets_data(c, range_of(b)))
            return false;
    }
    return true;
}

/* Where it may be written to: what of several is the token the package knows. */
static struct range token_of(const SecBufferDesc *desc)
{
    struct range r = nowhere;
    for (ULONG i = 0; i < buffers_in(desc); i++)
        if (is_token(&desc->pBuffers[i]))
            range_widen(&r, range_of(&desc->pBuffers[i]));
    return r;
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
    c->user = NULL;
    c->around = nowhere;
}

static void chunk_run(struct chunk *c)
{
    if (c->count == 0)
        return;
    if (c->user == NULL)
        call_mixed(c);
    else
        call_batch(c->slots[0], c->make, c->items, c->count);
    LONG failed = 0;
    for (ULONG i = 0; i < c->count; i++) {
        const SspiBatchItem *item = &c->items[i];
        SspiSignatureRequest *r = c->requests[i];
        NTSTATUS status = item->Status;
        if (__builtin_expect(status != SEC_E_OK, 0))
            failed |= status = lsa_status_map(status);
        r->Status = status;
        if (!c->make)
            r->QOP = item->QOP;
    }
    c->failed |= failed;
    chunk_start(c);
}

INLINE void chunk_put(struct chunk *c, ULONG at, struct handle *slot, SspiSignatureRequest *r)
{
    c->slots[at] = slot;
    c->requests[at] = r;
    c->items[at] = (SspiBatchItem){slot->user_context, r->Message, r->QOP, r->MessageSeqNo, 0};
}

static void request_end(struct chunk *c, SspiSignatureRequest *r, SECURITY_STATUS status)
{
    r->Status = status;
    c->failed |= status;
}

/* Any request, of an established context. */
static __attribute__((noinline)) void chunk_add(struct chunk *c, struct handle *slot, SspiSignatureRequest *r)
{
    const SECPKG_USER_FUNCTION_TABLE *user = slot->user;
    if (user == NULL || (c->make ? user->MakeSignature == NULL : user->VerifySignature == NULL)) {
        request_end(c, r, SEC_E_UNSUPPORTED_FUNCTION);
        return;
    }
    if (r->Message == NULL) {
        request_end(c, r, SEC_E_INVALID_TOKEN);
        return;
    }
    if (c->make && c->count > 0 && !chunk_accepts(c, r->Message, user != c->user))
        chunk_run(c);
    c->user = c->count == 0 || user == c->user ? user : NULL;
    c->tokens[c->count] = c->make ? token_of(r->Message) : nowhere;
    range_widen(&c->around, c->tokens[c->count]);
    chunk_put(c, c->count++, slot, r);
}

/* ---- all of them ---- */

static void release(const struct inside_room *room, void *const *slots, size_t count)
{
    if (__builtin_expect(!inside_leave_many(room, slots, count), 0)) {
        while (count-- > 0)
            if (slots[count] != NULL)
                handle_release(&handle_contexts, slots[count]);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (slots[i] != NULL && __builtin_expect((handle_word(slots[i]) & HANDLE_WORD_DELETED) != 0, 0))
            handle_reap(&handle_contexts, slots[i]);
}

/* One DATA and one TOKEN, whose range this is, that are apart from what the chunk is to write so far. */
INLINE bool joins(const SecBufferDesc *desc, struct range around, struct range *token)
{
    const SecBuffer *b = desc->pBuffers;
    if (desc->ulVersion != SECBUFFER_VERSION || desc->cBuffers != 2 || b == NULL ||
        b[0].BufferType != SECBUFFER_DATA || b[1].BufferType != SECBUFFER_TOKEN)
        return false;
    *token = range_of(&b[1]);
    return !range_meets(around, range_of(&b[0])) && !range_meets(around, *token);
}

/* The next one of the package that all are of so far, where that is quickly done; what changes with each is
 * the caller's. */
INLINE bool joined(struct chunk *c, const bool make, ULONG at, struct range *around, struct handle *slot,
                   SspiSignatureRequest *r)
{
    struct range token;
    if (r->Message == NULL || (make && !joins(r->Message, *around, &token)))
        return false;
    if (make) {
        range_widen(around, token);
        c->tokens[at] = token;
    }
    chunk_put(c, at, slot, r);
    return true;
}

/* The requests, each with a place for its note, into chunks, which are run but for the last one. */
INLINE void block_gather(struct chunk *c, SspiSignatureRequest *requests, size_t count, const bool make,
                         void **slots, const struct inside_room *notes)
{
    const struct slab_look contexts = slab_look(&handle_contexts.slab);
    struct range around = nowhere;
    const SECPKG_USER_FUNCTION_TABLE *user = NULL;
    ULONG at = 0;
    for (size_t i = 0; i < count; i++) {
        SspiSignatureRequest *r = &requests[i];
        struct handle *slot = slots[i] = handle_named(&contexts, r->Context);
        if (__builtin_expect(slot != NULL, 1))
            inside_note(notes, i, slot);
        if (__builtin_expect(slot == NULL || !handle_is_established(slot, r->Context), 0)) {
            request_end(c, r, SEC_E_INVALID_HANDLE);
            continue;
        }
        if (slot->user == user && joined(c, make, at, &around, slot, r)) {
            at++;
            continue;
        }
        c->count = at;
        c->around = around;
        chunk_add(c, slot, r);
        at = c->count;
        around = c->around;
        user = c->user;
    }
    c->count = at;
}

/* Does the first requests, 64 at most: how many. */
INLINE ULONG block_run(struct chunk *c, SspiSignatureRequest *requests, ULONG count, const bool make)
{
    void *slots[CHUNK];
    size_t room = count < CHUNK ? count : CHUNK;
    const struct inside_room notes = inside_enter_many(&room);
    if (__builtin_expect(room == 0, 0)) { /* calls inside of calls: this thread's record is full */
        request_end(
            c, requests,
            make ? MakeSignature(requests->Context, requests->QOP, requests->Message, requests->MessageSeqNo)
                 : VerifySignature(requests->Context, requests->Message, requests->MessageSeqNo,
                                   &requests->QOP));
        return 1;
    }
    block_gather(c, requests, room, make, slots, &notes);
    chunk_run(c);
    release(&notes, slots, room);
    return (ULONG)room;
}

INLINE SECURITY_STATUS batch_run(SspiSignatureRequest *requests, ULONG count, const bool make)
{
    struct chunk c;
    c.make = make;
    c.failed = 0;
    chunk_start(&c);
    for (ULONG i = 0; i < count;)
        i += block_run(&c, requests + i, count - i, make);
    if (__builtin_expect(c.failed == 0, 1))
        return SEC_E_OK;
    while (requests->Status == SEC_E_OK)
        requests++;
    return requests->Status;
}

/* Not in line: one request needs none of their room. */
static __attribute__((noinline)) SECURITY_STATUS make_many(SspiSignatureRequest *requests, ULONG count)
{
    return batch_run(requests, count, true);
}

static __attribute__((noinline)) SECURITY_STATUS verify_many(SspiSignatureRequest *requests, ULONG count)
{
    return batch_run(requests, count, false);
}

SECURITY_STATUS SspiMakeSignatures(SspiSignatureRequest *Requests, ULONG Count)
{
    if (Requests == NULL)
        return Count == 0 ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
    if (Count != 1)
        return make_many(Requests, Count);
    Requests->Status =
        MakeSignature(Requests->Context, Requests->QOP, Requests->Message, Requests->MessageSeqNo);
    return Requests->Status;
}

SECURITY_STATUS SspiVerifySignatures(SspiSignatureRequest *Requests, ULONG Count)
{
    if (Requests == NULL)
        return Count == 0 ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
    if (Count != 1)
        return verify_many(Requests, Count);
    Requests->Status =
        VerifySignature(Requests->Context, Requests->Message, Requests->MessageSeqNo, &Requests->QOP);
    return Requests->Status;
}
