/* SPDX-License-Identifier: MIT */
/* The mechListMIC of RFC 4178 over Kerberos: an ordinary MIC, but for the number that Windows gives it. */
#include "base/trace.h"
#include "packages/kerberos/kerberos_user.h"

static const SecBuffer *mechlist_part(const SecBufferDesc *desc, ULONG type)
{
    for (ULONG i = 0; i < desc->cBuffers; i++)
        if (desc->pBuffers[i].BufferType == type)
            return &desc->pBuffers[i];
    return NULL;
}

/* Windows' acceptors sign the list with number 0, whatever number they begin with, and do not count it. */
static enum protect_verdict mechlist_accept(struct kerberos_user_context *c, uint64_t sequence)
{
    enum protect_verdict verdict = PROTECT_OK;

    lock_take(&c->receive);
    if (sequence != 0 || c->protect.window.first == 0)
        verdict = krb5_accept(&c->protect, sequence);
    lock_give(&c->receive);
    return verdict;
}

bool kerberos_user_mechlist(struct kerberos_user_context *c, const SecBufferDesc *desc, NTSTATUS *status)
{
    uint64_t sequence;

    if (desc == NULL || desc->ulVersion != SECBUFFER_VERSION || desc->cBuffers != 2 || desc->pBuffers == NULL)
        return false;
    const SecBuffer *list = mechlist_part(desc, SECBUFFER_MECHLIST);
    const SecBuffer *mic = mechlist_part(desc, SECBUFFER_MECHLIST_SIGNATURE);
    if (list == NULL || mic == NULL)
        return false;
    *status = SEC_E_INVALID_TOKEN;
    if ((list->cbBuffer != 0 && list->pvBuffer == NULL) || mic->pvBuffer == NULL)
        return true;
    const struct span part = {list->pvBuffer, list->cbBuffer};
    const struct message m = {&part, 1, 0};
    enum protect_verdict verdict =
        krb5_mic_check(&c->protect, NULL, &m, mic->pvBuffer, mic->cbBuffer, &sequence);
    if (verdict == PROTECT_OK)
        verdict = mechlist_accept(c, sequence);
    if (verdict != PROTECT_MALFORMED)
        *status = verdict == PROTECT_OK                ? SEC_E_OK
                  : verdict == PROTECT_OUT_OF_SEQUENCE ? SEC_E_OUT_OF_SEQUENCE
                                                       : SEC_E_MESSAGE_ALTERED;
    if (trace_on())
        trace_event("kerberos", "mechlist-mic-checked", "bytes=%u status=0x%08x", (unsigned)list->cbBuffer,
                    (unsigned)*status);
    return true;
}
