/* SPDX-License-Identifier: MIT */
/*
 * base/secbuf: one pass over the caller's SecBufferDesc. A package's per-message function scans once, then
 * only looks at the view; no other code reads a descriptor. Buffer rules: rows 3, 4 and 7 of the contract of
 * MakeSignature in <sspi.h>.
 */
#ifndef OPENSSPI_BASE_SECBUF_H
#define OPENSSPI_BASE_SECBUF_H

#include <sspi.h>

#include "base/span.h"

enum secbuf_options {
    SECBUF_SIGN_READONLY = 1, /* SECBUFFER_READONLY parts are signed (NTLM with extended session security) */
    SECBUF_ALLOW_STREAM = 2,  /* DecryptMessage: STREAM + DATA instead of TOKEN + DATA */
};

/*
 * What the scan found. Points into the caller's descriptor and buffers: valid for the duration of the call.
 * parts[0..count-1] are the signed DATA buffers in array order; bit i of sealed: part i carries no read-only
 * attribute, so sealing transforms it. Exactly one of token and stream is set; with stream, data_out is the
 * one DATA buffer that is to point into the stream afterwards, and count is 0.
 */
struct secbuf_view {
    SecBuffer *token;
    SecBuffer *stream;
    SecBuffer *data_out;
    size_t count;
    uint64_t sealed;
    struct span parts[MESSAGE_PARTS_MAX];
};

/*
 * Rows 3 and 4: SEC_E_OK, or SEC_E_INVALID_TOKEN for a NULL descriptor, wrong ulVersion, cBuffers 0 or above
 * 64, pBuffers NULL, a DATA or TOKEN (or STREAM) with size but no memory, no TOKEN (nor STREAM where
 * allowed), two of them, STREAM without exactly one DATA, or one with a read-only attribute, as it is
 * decrypted in place. Reads the descriptor alone, writes only *view (undefined on failure).
 */
SECURITY_STATUS secbuf_scan(const SecBufferDesc *desc, unsigned options, struct secbuf_view *view);

/*
 * Row 7: true when the TOKEN overlaps a part, read-only ones that are left out of the signature included;
 * with sealing also when two DATA buffers overlap each other. Buffers of size 0 overlap nothing. desc is the
 * one that was scanned (parts left out of the signature are found there again).
 */
bool secbuf_overlaps(const SecBufferDesc *desc, const struct secbuf_view *view, bool sealing);

/* Two buffers, the first of a type that only Negotiate's mechListMIC has: a look that costs nothing, before
 * the packages' closer one. */
static inline bool secbuf_mechlist(const SecBufferDesc *desc)
{
    return desc != NULL && desc->cBuffers == 2 && desc->pBuffers != NULL &&
           (desc->pBuffers[0].BufferType == SECBUFFER_MECHLIST ||
            desc->pBuffers[0].BufferType == SECBUFFER_MECHLIST_SIGNATURE);
}

/* Do these two share a byte? Buffers of size 0 share none. */
bool secbuf_overlap(const SecBuffer *a, const SecBuffer *b);

/*
 * The usual message, quickly: one DATA and one TOKEN without attributes, in this order, and apart
 * from each other. True: *view is what secbuf_scan makes of it, and secbuf_overlaps would say no. False: it
 * is another one.
 */
static inline bool secbuf_scan_usual(const SecBufferDesc *desc, struct secbuf_view *view)
{
    if (desc == NULL || desc->ulVersion != SECBUFFER_VERSION || desc->cBuffers != 2 || desc->pBuffers == NULL)
        return false;
    SecBuffer *data = &desc->pBuffers[0], *token = &desc->pBuffers[1];
    uintptr_t at_data = (uintptr_t)data->pvBuffer, at_token = (uintptr_t)token->pvBuffer;
    bool usual = data->BufferType == SECBUFFER_DATA && token->BufferType == SECBUFFER_TOKEN;
    if (!usual || at_data == 0 || at_token == 0 || at_token - at_data < data->cbBuffer ||
        at_data - at_token < token->cbBuffer)
        return false;
    view->token = token;
    view->stream = view->data_out = NULL;
    view->count = 1;
    view->sealed = 1;
    view->parts[0] = (struct span){data->pvBuffer, data->cbBuffer};
    return true;
}

/* The view as a message for protect/; valid as long as the view. */
static inline struct message secbuf_message(const struct secbuf_view *view)
{
    return (struct message){view->parts, view->count, view->sealed};
}

/*
 * First buffer of that type (attribute bits masked) or NULL; desc may be NULL. For handshakes, whose
 * descriptors carry optional buffers: TOKEN, CHANNEL_BINDINGS, ... More than 64 buffers, wrong version: NULL.
 */
SecBuffer *secbuf_find(const SecBufferDesc *desc, ULONG type);

#endif
