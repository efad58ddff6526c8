/* SPDX-License-Identifier: MIT */
#include "base/secbuf.h"

static ULONG type_of(const SecBuffer *b)
{
    return b->BufferType & ~(ULONG)SECBUFFER_ATTRMASK;
}

static bool well_formed(const SecBufferDesc *desc)
{
    return desc && desc->ulVersion == SECBUFFER_VERSION && desc->cBuffers != 0 && desc->pBuffers &&
           desc->cBuffers <= MESSAGE_PARTS_MAX;
}

static void add_part(struct secbuf_view *view, const SecBuffer *b, unsigned options)
{
    bool left_out = !(b->BufferType & SECBUFFER_READONLY_WITH_CHECKSUM) &&
                    (b->BufferType & SECBUFFER_READONLY) && !(options & SECBUF_SIGN_READONLY);
    if (left_out)
        return;
    if (!(b->BufferType & (SECBUFFER_READONLY_WITH_CHECKSUM | SECBUFFER_READONLY)))
        view->sealed |= UINT64_C(1) << view->count;
    view->parts[view->count++] = (struct span){b->pvBuffer, b->cbBuffer};
}

SECURITY_STATUS secbuf_scan(const SecBufferDesc *desc, unsigned options, struct secbuf_view *view)
{
    if (!well_formed(desc))
        return SEC_E_INVALID_TOKEN;
    view->token = view->stream = view->data_out = NULL;
    view->count = 0;
    view->sealed = 0;

    size_t data_buffers = 0;
    for (ULONG i = 0; i < desc->cBuffers; i++) {
        SecBuffer *b = &desc->pBuffers[i];
        ULONG type = type_of(b);
        bool stream = type == SECBUFFER_STREAM && (options & SECBUF_ALLOW_STREAM);
        if (type != SECBUFFER_DATA && type != SECBUFFER_TOKEN && !stream)
            continue;
        if (b->cbBuffer != 0 && !b->pvBuffer)
            return SEC_E_INVALID_TOKEN;
        if (type == SECBUFFER_DATA) {
            data_buffers++;
            view->data_out = b;
            add_part(view, b, options);
            continue;
        }
        if (view->token || view->stream)
            return SEC_E_INVALID_TOKEN;
        if (stream && (b->BufferType & (SECBUFFER_READONLY_WITH_CHECKSUM | SECBUFFER_READONLY)))
            return SEC_E_INVALID_TOKEN; /* it is decrypted in place */
        *(stream ? &view->stream : &view->token) = b;
    }
    if (!view->stream) {
        view->data_out = NULL;
        return view->token ? SEC_E_OK : SEC_E_INVALID_TOKEN;
    }
    /* The one DATA is only a place for the answer; what it holds now is no part of the message. */
    view->count = 0;
    view->sealed = 0;
    return data_buffers == 1 ? SEC_E_OK : SEC_E_INVALID_TOKEN;
}

bool secbuf_overlap(const SecBuffer *a, const SecBuffer *b)
{
    uintptr_t at_a = (uintptr_t)a->pvBuffer, at_b = (uintptr_t)b->pvBuffer;
    if (a->cbBuffer == 0 || b->cbBuffer == 0)
        return false;
    /* One of them begins inside the other; unsigned differences cannot overflow. */
    return at_b - at_a < a->cbBuffer || at_a - at_b < b->cbBuffer;
}

bool secbuf_overlaps(const SecBufferDesc *desc, const struct secbuf_view *view, bool sealing)
{
    if (view->stream)
        return false;
    for (ULONG i = 0; i < desc->cBuffers; i++) {
        const SecBuffer *b = &desc->pBuffers[i];
        if (type_of(b) != SECBUFFER_DATA)
            continue;
        if (secbuf_overlap(view->token, b))
            return true;
        for (ULONG k = i + 1; sealing && k < desc->cBuffers; k++) {
            if (type_of(&desc->pBuffers[k]) == SECBUFFER_DATA && secbuf_overlap(b, &desc->pBuffers[k]))
                return true;
        }
    }
    return false;
}

SecBuffer *secbuf_find(const SecBufferDesc *desc, ULONG type)
{
    if (!well_formed(desc))
        return NULL;
    for (ULONG i = 0; i < desc->cBuffers; i++) {
        if (type_of(&desc->pBuffers[i]) == type)
            return &desc->pBuffers[i];
    }
    return NULL;
}
