/* SPDX-License-Identifier: MIT */
/* RFC 4178 4.2, 5 and [MS-SPNG] 3.3: the acceptor. */
#include "base/mem.h"
#include "base/trace.h"
#include "packages/negotiate/negotiate_lsa.h"

/* ---- the acceptor speaks first ---- */

/* [MS-SPNG] 3.3.5.1: what there is, before anybody asked. */
static SECURITY_STATUS write_hints(struct negotiate_handshake *h)
{
    static const uint8_t name[] = "not_defined_in_RFC4178@please_ignore";
    struct span mechs[2 * NEGOTIATE_INNER_MAX];
    struct wire_writer w;
    uint8_t list[2048];
    size_t count = 0;

    for (size_t i = 0; i < h->credential->count; i++) {
        LSA_SEC_HANDLE credential;
        if (negotiate_credential_use(h->credential, i, &credential) != SEC_E_OK)
            continue;
        mechs[count++] = negotiate_mech_oid(&h->credential->mechs[i].mech);
        if (negotiate_oid_equal(mechs[count - 1], negotiate_oid_kerberos))
            mechs[count++] = negotiate_oid_kerberos_microsoft;
    }
    if (count == 0)
        return SEC_E_NO_CREDENTIALS;
    wire_write_init(&w, list, sizeof(list));
    negotiate_list_write(&w, mechs, count);
    if (w.failed)
        return SEC_E_INTERNAL_ERROR;
    const struct negotiate_init m = {
        .mech_list = {list, w.at}, .hinted = true, .hint_name = {name, sizeof(name) - 1}};
    wire_write_init(&w, NULL, 0);
    negotiate_init_write(&w, &m);
    h->output.data = mem_alloc(w.at);
    if (h->output.data == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    h->output.size = w.at;
    wire_write_init(&w, h->output.data, h->output.size);
    negotiate_init_write(&w, &m);
    h->progress = NEGOTIATE_HINTED;
    return w.failed ? SEC_E_INTERNAL_ERROR : SEC_I_CONTINUE_NEEDED;
}

/* ---- choosing ---- */

static SECURITY_STATUS pass_over(struct negotiate_context *c, struct span oid, const char *reason,
                                 SECURITY_STATUS status)
{
    char text[128];

    return negotiate_pass_over(c, "oid", negotiate_oid_text(oid, text, sizeof(text)), reason, status);
}

/* The first mechanism of the list that is here and has a credential: *at is its place there. */
static SECURITY_STATUS choose(struct negotiate_context *c, const struct negotiate_init *m, size_t *at)
{
    struct negotiate_handshake *h = c->handshake;

    for (*at = 0; *at < m->mech_count; ++*at) {
        SECURITY_STATUS status = SEC_E_SECPKG_NOT_FOUND;
        const char *reason = "not offered here";
        for (size_t i = 0; i < h->credential->count; i++) {
            if (!negotiate_mech_is(&h->credential->mechs[i].mech, m->mechs[*at]))
                continue;
            status = negotiate_inner_choose(c, i);
            if (status == SEC_E_OK || status == SEC_E_INSUFFICIENT_MEMORY)
                return status;
            reason = negotiate_credential_reason(h->credential, i);
        }
        status = pass_over(c, m->mechs[*at], reason, status);
        if (status != SEC_E_OK)
            return status;
    }
    return SEC_E_SECPKG_NOT_FOUND;
}

/* Section 5: is there one that we would have taken instead, had the initiator named it? */
static bool prefers_another(const struct negotiate_handshake *h)
{
    LSA_SEC_HANDLE credential;

    for (size_t i = 0; i < h->chosen; i++)
        if (negotiate_credential_use(h->credential, i, &credential) == SEC_E_OK)
            return true;
    return false;
}

static bool choose_by_oid(struct negotiate_context *c, struct span oid, SECURITY_STATUS *status)
{
    const struct negotiate_credential *credential = c->handshake->credential;

    *status = SEC_E_SECPKG_NOT_FOUND;
    for (size_t i = 0; i < credential->count; i++)
        if (negotiate_mech_is(&credential->mechs[i].mech, oid))
            *status = negotiate_inner_choose(c, i);
    return *status == SEC_E_OK;
}

/* ---- answering ---- */

struct accept_leg {
    struct negotiate_context *c;
    bool first;      /* our first answer: it names the mechanism */
    struct span mic; /* the peer's; size 0: none */
};

static SECURITY_STATUS answer(const struct accept_leg *leg, enum negotiate_state state,
                              const struct span *mic)
{
    struct negotiate_handshake *h = leg->c->handshake;
    struct negotiate_resp m = {.state = (uint8_t)state};

    /* request-mic is for the first answer alone, RFC 4178 4.2.2. */
    if (leg->first)
        m.mech = negotiate_blob_span(&h->answer_mech);
    if (leg->first && state == NEGOTIATE_ACCEPT_INCOMPLETE && h->mic_required)
        m.state = NEGOTIATE_REQUEST_MIC;
    if (h->inner_token.size > 0)
        m.token = negotiate_blob_span(&h->inner_token);
    if (mic != NULL)
        m.mic = *mic;
    return negotiate_answer(h, &m);
}

static SECURITY_STATUS answer_with_mic(const struct accept_leg *leg, enum negotiate_state state)
{
    struct negotiate_blob own;
    SECURITY_STATUS status = negotiate_mic_make(leg->c, &own);

    if (status != SEC_E_OK)
        return status;
    const struct span mic = negotiate_blob_span(&own);
    status = answer(leg, state, &mic);
    negotiate_blob_free(&own);
    return status;
}

static SECURITY_STATUS continued(SECURITY_STATUS status)
{
    return status == SEC_E_OK ? SEC_I_CONTINUE_NEEDED : status;
}

/* The mechanism is done: section 5 (b) and (c). */
static SECURITY_STATUS finish(const struct accept_leg *leg)
{
    struct negotiate_handshake *h = leg->c->handshake;
    bool needed;

    SECURITY_STATUS status = negotiate_mic_needed(leg->c, &needed);
    if (status != SEC_E_OK)
        return status;
    if (leg->mic.size > 0) {
        status = negotiate_mic_check(leg->c, leg->mic);
        if (status != SEC_E_OK || h->mic_sent)
            return status;
        return answer_with_mic(leg, NEGOTIATE_ACCEPT_COMPLETED);
    }
    if (h->mic_sent)
        return SEC_E_MESSAGE_ALTERED;
    if (!needed)
        return answer(leg, NEGOTIATE_ACCEPT_COMPLETED, NULL);
    /* Whose turn is it? The initiator's who sent the last token, if it knew by then. */
    if (h->inner_token.size == 0 && !leg->first)
        return SEC_E_MESSAGE_ALTERED;
    h->mic_required = true;
    return continued(answer_with_mic(leg, NEGOTIATE_ACCEPT_INCOMPLETE));
}

static SECURITY_STATUS step_mechanism(const struct accept_leg *leg, const struct negotiate_call *call,
                                      struct span token)
{
    SECURITY_STATUS status = negotiate_inner_step(leg->c, call, token);

    if (status == SEC_E_OK)
        return finish(leg);
    if (status != SEC_I_CONTINUE_NEEDED)
        return status;
    if (leg->mic.size > 0)
        return SEC_E_INVALID_TOKEN;
    return continued(answer(leg, NEGOTIATE_ACCEPT_INCOMPLETE, NULL));
}

/* ---- tokens that are a mechanism's own ---- */

static SECURITY_STATUS step_direct(struct negotiate_context *c, const struct negotiate_call *call)
{
    struct negotiate_handshake *h = c->handshake;
    SECURITY_STATUS status = negotiate_inner_step(c, call, call->token);

    if (status < 0)
        return status;
    h->output = h->inner_token;
    h->inner_token = (struct negotiate_blob){NULL, 0};
    return status;
}

static SECURITY_STATUS accept_direct(struct negotiate_context *c, const struct negotiate_call *call,
                                     struct span oid)
{
    struct negotiate_handshake *h = c->handshake;
    SECURITY_STATUS status;

    if (!choose_by_oid(c, oid, &status))
        return status;
    h->progress = NEGOTIATE_DIRECT;
    c->direct = 1;
    if (trace_on())
        trace_event("negotiate", "direct", "mechanism=%s", h->credential->mechs[h->chosen].mech.name);
    return step_direct(c, call);
}

/* ---- the legs ---- */

static SECURITY_STATUS accept_init(struct negotiate_context *c, const struct negotiate_call *call)
{
    struct negotiate_handshake *h = c->handshake;
    struct accept_leg leg = {.c = c, .first = true};
    struct negotiate_init m;
    size_t at;

    if (!negotiate_init_read(call->token, &m) || m.mech_count == 0)
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status = choose(c, &m, &at);
    if (status != SEC_E_OK)
        return status;
    /* Both names of Kerberos are one choice. */
    bool favourite = negotiate_mech_is(&h->credential->mechs[h->chosen].mech, m.mechs[0]);
    h->mic_required = !favourite || prefers_another(h);
    if (trace_on())
        trace_event("negotiate", "chosen", "mechanism=%s place=%zu of=%zu mic-required=%d",
                    h->credential->mechs[h->chosen].mech.name, at, m.mech_count, h->mic_required);
    if (!negotiate_blob_copy(&h->mech_list, m.mech_list) ||
        !negotiate_blob_copy(&h->answer_mech, m.mechs[at]))
        return SEC_E_INSUFFICIENT_MEMORY;
    h->progress = NEGOTIATE_UNDERWAY;
    leg.mic = m.mic;
    /* The token is the favourite's; another mechanism begins with the initiator's next message. */
    if (favourite && m.token.size > 0)
        return step_mechanism(&leg, call, m.token);
    return continued(answer(&leg, NEGOTIATE_ACCEPT_INCOMPLETE, NULL));
}

SECURITY_STATUS negotiate_accept_first(struct negotiate_context *c, const struct negotiate_call *call)
{
    struct span oid = {NULL, 0};

    if (call->token.size == 0)
        return c->handshake->progress == NEGOTIATE_FRESH ? write_hints(c->handshake) : SEC_E_INVALID_TOKEN;
    switch (negotiate_classify(call->token, &oid)) {
    case NEGOTIATE_INIT:
        return accept_init(c, call);
    case NEGOTIATE_RAW_GSS:
        return accept_direct(c, call, oid);
    case NEGOTIATE_RAW_NTLM:
        return accept_direct(c, call, negotiate_oid_ntlm);
    case NEGOTIATE_RAW_KERBEROS:
        return accept_direct(c, call, negotiate_oid_kerberos);
    case NEGOTIATE_UNKNOWN:
        break;
    }
    return SEC_E_INVALID_TOKEN;
}

SECURITY_STATUS negotiate_accept_next(struct negotiate_context *c, const struct negotiate_call *call)
{
    struct negotiate_handshake *h = c->handshake;
    struct negotiate_resp m;

    if (h->progress == NEGOTIATE_DIRECT)
        return step_direct(c, call);
    if (h->progress == NEGOTIATE_HINTED)
        return negotiate_accept_first(c, call);
    if (!negotiate_resp_read(call->token, &m))
        return SEC_E_INVALID_TOKEN;
    if (m.state == NEGOTIATE_REJECT)
        return SEC_E_LOGON_DENIED;
    const struct accept_leg leg = {.c = c, .mic = m.mic};
    if (!h->inner_done)
        return m.token.size > 0 ? step_mechanism(&leg, call, m.token) : SEC_E_INVALID_TOKEN;
    /* Only the MIC is missing. */
    if (m.token.size > 0)
        return SEC_E_INVALID_TOKEN;
    h->inner_token.size = 0;
    return finish(&leg);
}

bool negotiate_accept_reject(struct negotiate_context *c)
{
    struct negotiate_handshake *h = c->handshake;
    struct negotiate_resp m = {.state = NEGOTIATE_REJECT};

    if (!(h->requirements & ASC_REQ_EXTENDED_ERROR) || h->initiator)
        return false;
    negotiate_blob_free(&h->output);
    if (!h->inner_refused)
        h->inner_token.size = 0;
    if (h->progress == NEGOTIATE_DIRECT) {
        h->output = h->inner_token;
        h->inner_token = (struct negotiate_blob){NULL, 0};
        return h->output.size > 0;
    }
    if (h->progress != NEGOTIATE_UNDERWAY)
        return false;
    if (h->inner_token.size > 0)
        m.token = negotiate_blob_span(&h->inner_token);
    return negotiate_answer(h, &m) == SEC_E_OK;
}
