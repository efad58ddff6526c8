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

#define NEVER_WRITTEN (SECBUFFER_READONLY_WITH_CHECKSUM | SECBUFFER_READONLY)

/* READONLY alone says "no checksum"; whether that is heeded is the package's affair. */
static inline bool left_out(ULONG attributes, unsigned options)
{
    return (attributes & SECBUFFER_READONLY) && !(attributes & SECBUFFER_READONLY_WITH_CHECKSUM) &&
           !(options & SECBUF_SIGN_READONLY);
}

/* What was found stands in variables of its own until the end: the view could overlap the descriptor for all
 * that a compiler knows, and this is on every message's way. */
SECURITY_STATUS secbuf_scan(const SecBufferDesc *desc, unsigned options, struct secbuf_view *view)
{
    if (!well_formed(desc))
        return SEC_E_INVALID_TOKEN;
    SecBuffer *token = NULL, *stream = NULL, *data = NULL, *const end = desc->pBuffers + desc->cBuffers;
    size_t count = 0, data_buffers = 0;
    uint64_t sealed = 0;
    for (SecBuffer *b = desc->pBuffers; b != end; b++) {
        const ULONG type = b->BufferType & ~(ULONG)SECBUFFER_ATTRMASK,
                    attributes = b->BufferType & NEVER_WRITTEN;
        const bool is_data = type == SECBUFFER_DATA, is_token = type == SECBUFFER_TOKEN;
        const bool is_stream = type == SECBUFFER_STREAM && (options & SECBUF_ALLOW_STREAM);
        if (!is_data && !is_token && !is_stream)
            continue;
        if (b->cbBuffer != 0 && !b->pvBuffer)
            return SEC_E_INVALID_TOKEN;
        if (is_data) {
            data = b;
            data_buffers++;
            if (left_out(attributes, options))
                continue;
            sealed |= (uint64_t)(attributes == 0) << count;
            view->parts[count].data = b->pvBuffer;
            view->parts[count].size = b->cbBuffer;
            count++;
            continue;
        }
        /* The second of them, or a STREAM that could not be decrypted in place. */
        if (token || stream || (is_stream && attributes != 0))
            return SEC_E_INVALID_TOKEN;
        if (is_token)
            token = b;
        else
            stream = b;
    }
    view->token = token;
    view->stream = stream;
    view->data_out = stream ? data : NULL;
    /* Beside a STREAM the one DATA is only a place for the answer; what it holds now is no part of the
     * message. */
    view->count = stream ? 0 : count;
    view->sealed = stream ? 0 : sealed;
    if (stream)
        return data_buffers == 1 ? SEC_E_OK : SEC_E_INVALID_TOKEN;
    return token ? SEC_E_OK : SEC_E_INVALID_TOKEN;
}

/* One of them begins inside the other; unsigned differences cannot overflow. */
static inline bool overlap(uintptr_t a, ULONG a_size, uintptr_t b, ULONG b_size)
{
    return a_size != 0 && b_size != 0 && (b - a < a_size || a - b < b_size);
}

bool secbuf_overlap(const SecBuffer *a, const SecBuffer *b)
{
    return overlap((uintptr_t)a->pvBuffer, a->cbBuffer, (uintptr_t)b->pvBuffer, b->cbBuffer);
}

static bool data_overlaps_data(const SecBufferDesc *desc)
{
    for (ULONG i = 0; i < desc->cBuffers; i++)
        for (ULONG k = i + 1; type_of(&desc->pBuffers[i]) == SECBUFFER_DATA && k < desc->cBuffers; k++)
            if (type_of(&desc->pBuffers[k]) == SECBUFFER_DATA &&
                secbuf_overlap(&desc->pBuffers[i], &desc->pBuffers[k]))
                return true;
    return false;
}

bool secbuf_overlaps(const SecBufferDesc *desc, const struct secbuf_view *view, bool sealing)
{
    if (view->stream)
        return false;
    const uintptr_t token = (uintptr_t)view->token->pvBuffer;
    const ULONG size = view->token->cbBuffer;
    const SecBuffer *const end = desc->pBuffers + desc->cBuffers;
    for (const SecBuffer *b = desc->pBuffers; b != end; b++)
        if (type_of(b) == SECBUFFER_DATA && overlap(token, size, (uintptr_t)b->pvBuffer, b->cbBuffer))
            return true;
    return sealing && data_overlaps_data(desc);
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
