/* SPDX-License-Identifier: MIT */
/* The mechListMIC of RFC 4178 over NTLM, which no other message is like. */
#include "base/secbuf.h"
#include "base/trace.h"
#include "packages/ntlm/ntlm_user.h"

static const SecBuffer *mechlist_part(const SecBufferDesc *desc, ULONG type)
{
    for (ULONG i = 0; i < desc->cBuffers; i++) {
        if (desc->pBuffers[i].BufferType == type) {
            return &desc->pBuffers[i];
        }
    }
    return NULL;
}

/*
 * First in its direction. Only then does rewinding RC4 repeat nothing but what [MS-SPNG] repeats: the other
 * direction has had at most its own mechListMIC.
 */
static bool mechlist_in_place(const struct ntlm_protect *p, bool make)
{
    if (ntlm_protect_shared(p)) {
        return p->send.sequence <= (make ? 0 : 1);
    }
    return make ? p->send.sequence == 0 && p->receive.sequence <= 1
                : p->receive.sequence == 0 && p->send.sequence <= 1;
}

static NTSTATUS mechlist_run(struct ntlm_protect *p, const struct message *m, uint8_t *token, bool make)
{
    if (!ntlm_protect_active(p) || (p->flags & NTLM_F_DATAGRAM)) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (!mechlist_in_place(p, make)) {
        return SEC_E_OUT_OF_SEQUENCE;
    }
    enum protect_verdict verdict = make ? ntlm_sign(p, 0, m, token) : ntlm_verify(p, 0, m, token);
    if (verdict != PROTECT_OK) {
        return verdict == PROTECT_OUT_OF_SEQUENCE ? SEC_E_OUT_OF_SEQUENCE : SEC_E_MESSAGE_ALTERED;
    }
    ntlm_protect_rewind_rc4(p);
    return SEC_E_OK;
}

bool ntlm_user_mechlist(struct ntlm_user_context *c, ULONG qop, PSecBufferDesc desc, bool make,
                        NTSTATUS *status)
{
    if (desc == NULL || desc->ulVersion != SECBUFFER_VERSION || desc->cBuffers != 2 ||
        desc->pBuffers == NULL) {
        return false;
    }
    const SecBuffer *list = mechlist_part(desc, SECBUFFER_MECHLIST);
    const SecBuffer *mic = mechlist_part(desc, SECBUFFER_MECHLIST_SIGNATURE);
    if (list == NULL || mic == NULL) {
        return false;
    }
    if ((list->cbBuffer != 0 && list->pvBuffer == NULL) || (mic->cbBuffer != 0 && mic->pvBuffer == NULL) ||
        (!make && mic->cbBuffer != NTLM_TOKEN_SIZE)) {
        *status = SEC_E_INVALID_TOKEN;
        return true;
    }
    if (qop != 0) {
        *status = SEC_E_QOP_NOT_SUPPORTED;
        return true;
    }
    if (mic->cbBuffer < NTLM_TOKEN_SIZE) {
        *status = SEC_E_BUFFER_TOO_SMALL;
        return true;
    }
    if (secbuf_overlap(list, mic)) {
        *status = SEC_E_INVALID_PARAMETER;
        return true;
    }
    const struct span part = {list->pvBuffer, list->cbBuffer};
    const struct message m = {&part, 1, 0};
    lock_take(&c->send);
    lock_take(&c->receive);
    *status = mechlist_run(&c->protect, &m, mic->pvBuffer, make);
    lock_give(&c->receive);
    lock_give(&c->send);
    if (*status == SEC_E_OK && make) {
        desc->pBuffers[mic - desc->pBuffers].cbBuffer = NTLM_TOKEN_SIZE;
    }
    if (trace_on()) {
        trace_event("ntlm", make ? "mechlist-mic" : "mechlist-mic-checked", "bytes=%u status=0x%08x",
                    (unsigned)list->cbBuffer, (unsigned)*status);
    }
    return true;
}
