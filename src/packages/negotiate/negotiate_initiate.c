/* SPDX-License-Identifier: MIT */
/* RFC 4178 4.2, 5: the initiator. */
#include "base/mem.h"
#include "base/secret.h"
#include "base/trace.h"
#include "packages/negotiate/negotiate_lsa.h"

/* ---- the offer ---- */

/* The mechanism's status, or why it cannot be kept. */
static SECURITY_STATUS pass_over(struct negotiate_context *c, const struct negotiate_mech *m,
                                 const char *reason, SECURITY_STATUS status)
{
    SECURITY_STATUS kept = negotiate_pass_over(c, "mechanism", m->name, reason, status);

    return kept != SEC_E_OK ? kept : status;
}

/* A mechanism whose credential is nobody cannot answer, should the acceptor choose it: SEC_E_NO_CREDENTIALS.
 * SEC_E_OK too where it does not say. */
static SECURITY_STATUS check_identity(const struct negotiate_credential_mech *m)
{
    SecPkgCredentials_NamesW names = {NULL};

    if (m->mech.inner.lsa->QueryCredentialsAttributes == NULL)
        return SEC_E_OK;
    SECURITY_STATUS status =
        m->mech.inner.lsa->QueryCredentialsAttributes(m->handle, SECPKG_CRED_ATTR_NAMES, &names);
    if (status == SEC_E_OK)
        mem_client_free(names.sUserName);
    return status == SEC_E_NO_CREDENTIALS || status == SEC_E_INSUFFICIENT_MEMORY ? status : SEC_E_OK;
}

/* Why another mechanism would fail as well; an error of one mechanism's own is not among it. */
static bool is_fatal(SECURITY_STATUS status)
{
    return status == SEC_E_INSUFFICIENT_MEMORY || status == SEC_E_INVALID_HANDLE ||
           status == SEC_E_INVALID_PARAMETER;
}

/* Mechanism i: with the first token if it is the first that can make one. */
static SECURITY_STATUS offer_one(struct negotiate_context *c, const struct negotiate_call *call, size_t i)
{
    struct negotiate_handshake *h = c->handshake;
    struct negotiate_credential_mech *m = &h->credential->mechs[i];
    LSA_SEC_HANDLE credential;

    SECURITY_STATUS status = negotiate_credential_use(h->credential, i, &credential);
    if (status != SEC_E_OK)
        return pass_over(c, &m->mech, negotiate_credential_reason(h->credential, i), status);
    if (!(call->requirements & ISC_REQ_NULL_SESSION)) {
        status = check_identity(m);
        if (status != SEC_E_OK)
            return pass_over(c, &m->mech, "the credential is nobody's", status);
    }
    if (!h->has_choice) {
        status = negotiate_inner_choose(c, i);
        if (status == SEC_E_OK)
            status = negotiate_inner_step(c, call, (struct span){NULL, 0});
        if (status < 0) {
            negotiate_inner_drop(c);
            h->has_choice = false;
            return pass_over(c, &m->mech, "no first token", status);
        }
        h->first = i;
    }
    h->offered[i] = true;
    return SEC_E_OK;
}

/* The mechanisms that can be offered; the status of the most preferred one if there is none. */
static SECURITY_STATUS offer_all(struct negotiate_context *c, const struct negotiate_call *call)
{
    SECURITY_STATUS first = SEC_E_NO_CREDENTIALS;
    bool noted = false;

    for (size_t i = 0; i < c->handshake->credential->count; i++) {
        SECURITY_STATUS status = offer_one(c, call, i);
        if (is_fatal(status))
            return status;
        if (status != SEC_E_OK && !noted && c->handshake->credential->mechs[i].allowed) {
            first = status;
            noted = true;
        }
    }
    return c->handshake->has_choice ? SEC_E_OK : first;
}

/* MechTypeList; Kerberos stands in it by both names, as the elder of Microsoft's acceptors know one only. */
static SECURITY_STATUS offer_list(struct negotiate_handshake *h)
{
    struct span mechs[2 * NEGOTIATE_INNER_MAX];
    struct wire_writer w;
    size_t count = 0;

    for (size_t i = 0; i < h->credential->count; i++) {
        if (!h->offered[i])
            continue;
        mechs[count++] = negotiate_mech_oid(&h->credential->mechs[i].mech);
        if (negotiate_oid_equal(mechs[count - 1], negotiate_oid_kerberos))
            mechs[count++] = negotiate_oid_kerberos_microsoft;
    }
    wire_write_init(&w, NULL, 0);
    negotiate_list_write(&w, mechs, count);
    h->mech_list.data = mem_alloc(w.at);
    if (h->mech_list.data == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    h->mech_list.size = w.at;
    wire_write_init(&w, h->mech_list.data, h->mech_list.size);
    negotiate_list_write(&w, mechs, count);
    return w.failed ? SEC_E_INTERNAL_ERROR : SEC_E_OK;
}

static SECURITY_STATUS offer_write(struct negotiate_handshake *h)
{
    const struct negotiate_init m = {
        .mech_list = negotiate_blob_span(&h->mech_list),
        .token = h->inner_token.size > 0 ? negotiate_blob_span(&h->inner_token) : (struct span){NULL, 0},
    };
    struct wire_writer w;

    wire_write_init(&w, NULL, 0);
    negotiate_init_write(&w, &m);
    h->output.data = mem_alloc(w.at);
    if (h->output.data == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    h->output.size = w.at;
    wire_write_init(&w, h->output.data, h->output.size);
    negotiate_init_write(&w, &m);
    return w.failed ? SEC_E_INTERNAL_ERROR : SEC_E_OK;
}

/*
 * [MS-SPNG] 3.2.5.2: an acceptor that speaks first says what it has. Nothing protects that list, so it
 * changes neither what is offered nor in which order.
 */
static bool hints_sound(struct span token)
{
    struct negotiate_init hints;

    if (token.size == 0)
        return true;
    if (!negotiate_init_read(token, &hints))
        return false;
    if (trace_on())
        trace_event("negotiate", "hints-received", "mechanisms=%zu", hints.mech_count);
    return true;
}

SECURITY_STATUS negotiate_initiate_first(struct negotiate_context *c, const struct negotiate_call *call)
{
    struct negotiate_handshake *h = c->handshake;

    if (!hints_sound(call->token))
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status = offer_all(c, call);
    if (status == SEC_E_OK)
        status = offer_list(h);
    if (status == SEC_E_OK)
        status = offer_write(h);
    if (status != SEC_E_OK)
        return status;
    h->progress = NEGOTIATE_OFFERED;
    if (trace_on())
        trace_event("negotiate", "offered", "first=%s list-bytes=%zu token-bytes=%zu",
                    h->credential->mechs[h->first].mech.name, h->mech_list.size, h->inner_token.size);
    return SEC_I_CONTINUE_NEEDED;
}

/* ---- the acceptor's answers ---- */

/* Which of the offered mechanisms an OID means; false: none. */
static bool find_offered(const struct negotiate_handshake *h, struct span oid, size_t *found)
{
    for (size_t i = 0; i < h->credential->count; i++) {
        if (h->offered[i] && negotiate_mech_is(&h->credential->mechs[i].mech, oid)) {
            *found = i;
            return true;
        }
    }
    return false;
}

/* The first answer names the mechanism; *again: it is another than the one whose token was sent. */
static SECURITY_STATUS read_choice(struct negotiate_context *c, const struct negotiate_resp *m, bool *again)
{
    struct negotiate_handshake *h = c->handshake;
    size_t chosen = h->first;

    *again = false;
    /* Acceptors from before RFC 4178 may leave the name out where they take the first choice. */
    if (m->mech.data != NULL && !find_offered(h, m->mech, &chosen))
        return SEC_E_INVALID_TOKEN;
    if (m->state == NEGOTIATE_REQUEST_MIC)
        h->mic_required = true;
    h->progress = NEGOTIATE_UNDERWAY;
    if (chosen == h->first)
        return SEC_E_OK;

    /* There can be no token of a mechanism that was given none, and nothing is complete. */
    if (m->token.size > 0 || m->mic.size > 0 || m->state == NEGOTIATE_ACCEPT_COMPLETED)
        return SEC_E_INVALID_TOKEN;
    h->mic_required = true;
    *again = true;
    SECURITY_STATUS status =
        pass_over(c, &h->credential->mechs[h->first].mech, "the acceptor chose another", SEC_E_OK);
    return status == SEC_E_OK ? negotiate_inner_choose(c, chosen) : status;
}

/* Later answers name none, or the same. */
static bool choice_kept(const struct negotiate_handshake *h, const struct negotiate_resp *m)
{
    size_t chosen;

    return m->mech.data == NULL || (find_offered(h, m->mech, &chosen) && chosen == h->chosen);
}

/* Windows 2000 repeats the mechanism's token where the MIC belongs: RFC 4178 appendix C. */
static struct span real_mic(const struct negotiate_resp *m)
{
    bool repeated = m->mic.size > 0 && m->mic.size == m->token.size &&
                    secret_equal(m->mic.data, m->token.data, m->mic.size);

    return repeated ? (struct span){NULL, 0} : m->mic;
}

/* The mechanism is done and so is the acceptor, unless it still waits for our MIC, as it must where one is
 * needed: it cannot have checked what was not sent. */
static SECURITY_STATUS finish_with_mic(struct negotiate_context *c, const struct negotiate_resp *m,
                                       struct span mic, bool needed)
{
    struct negotiate_handshake *h = c->handshake;
    struct negotiate_resp answer = {.state = NEGOTIATE_ACCEPT_COMPLETED};
    struct negotiate_blob own;

    SECURITY_STATUS status = negotiate_mic_check(c, mic);
    if (status != SEC_E_OK || h->mic_sent)
        return status;
    if (m->state == NEGOTIATE_ACCEPT_COMPLETED && needed)
        return SEC_E_INVALID_TOKEN;
    if (m->state == NEGOTIATE_ACCEPT_COMPLETED && h->inner_token.size == 0)
        return SEC_E_OK;
    status = negotiate_mic_make(c, &own);
    if (status != SEC_E_OK)
        return status;
    answer.mic = negotiate_blob_span(&own);
    if (h->inner_token.size > 0)
        answer.token = negotiate_blob_span(&h->inner_token);
    status = negotiate_answer(h, &answer);
    negotiate_blob_free(&own);
    return status;
}

/* Ours was the mechanism's last token: the acceptor has yet to say that it is content. */
static SECURITY_STATUS send_last(struct negotiate_context *c, const struct negotiate_resp *m, bool needed)
{
    struct negotiate_handshake *h = c->handshake;
    struct negotiate_resp answer = {.state = NEGOTIATE_ACCEPT_INCOMPLETE,
                                    .token = negotiate_blob_span(&h->inner_token)};
    struct negotiate_blob own = {NULL, 0};
    SECURITY_STATUS status = SEC_E_OK;

    if (m->state == NEGOTIATE_ACCEPT_COMPLETED)
        return SEC_E_INVALID_TOKEN;
    if (needed) {
        status = negotiate_mic_make(c, &own);
        answer.mic = negotiate_blob_span(&own);
    }
    if (status == SEC_E_OK)
        status = negotiate_answer(h, &answer);
    negotiate_blob_free(&own);
    return status == SEC_E_OK ? SEC_I_CONTINUE_NEEDED : status;
}

static SECURITY_STATUS finish(struct negotiate_context *c, const struct negotiate_resp *m)
{
    struct negotiate_handshake *h = c->handshake;
    struct span mic = real_mic(m);
    bool needed;

    SECURITY_STATUS status = negotiate_mic_needed(c, &needed);
    if (status != SEC_E_OK)
        return status;
    if (h->mic_sent && m->state != NEGOTIATE_ACCEPT_COMPLETED)
        return SEC_E_INVALID_TOKEN;
    if (mic.size > 0)
        return finish_with_mic(c, m, mic, needed);
    if (h->mic_sent)
        return SEC_E_MESSAGE_ALTERED;
    if (h->inner_token.size > 0)
        return send_last(c, m, needed);
    if (needed)
        return SEC_E_MESSAGE_ALTERED; /* section 5: the acceptor's turn, and it left it out */
    return m->state == NEGOTIATE_ACCEPT_COMPLETED ? SEC_E_OK : SEC_E_INVALID_TOKEN;
}

/* The mechanism goes on: its next token alone. */
static SECURITY_STATUS send_next(struct negotiate_handshake *h)
{
    struct negotiate_resp answer = {.state = NEGOTIATE_ACCEPT_INCOMPLETE};

    if (h->inner_token.size > 0)
        answer.token = negotiate_blob_span(&h->inner_token);
    SECURITY_STATUS status = negotiate_answer(h, &answer);
    return status == SEC_E_OK ? SEC_I_CONTINUE_NEEDED : status;
}

static SECURITY_STATUS step_mechanism(struct negotiate_context *c, const struct negotiate_call *call,
                                      const struct negotiate_resp *m, bool again)
{
    struct negotiate_handshake *h = c->handshake;

    if (m->token.size == 0 && !again)
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status = negotiate_inner_step(c, call, m->token);
    if (status == SEC_I_CONTINUE_NEEDED &&
        (m->state == NEGOTIATE_ACCEPT_COMPLETED || real_mic(m).size > 0 || h->inner_token.size == 0))
        return SEC_E_INVALID_TOKEN;
    return status;
}

/* The mechanism may know from the token why. */
static SECURITY_STATUS rejected(struct negotiate_context *c, const struct negotiate_call *call,
                                const struct negotiate_resp *m)
{
    SECURITY_STATUS status = SEC_E_LOGON_DENIED;

    if (m->token.size > 0 && !c->handshake->inner_done)
        status = negotiate_inner_step(c, call, m->token);
    return status < 0 ? status : SEC_E_LOGON_DENIED;
}

SECURITY_STATUS negotiate_initiate_next(struct negotiate_context *c, const struct negotiate_call *call)
{
    struct negotiate_handshake *h = c->handshake;
    SECURITY_STATUS status = SEC_E_OK;
    struct negotiate_resp m;
    bool again = false;

    if (!negotiate_resp_read(call->token, &m))
        return SEC_E_INVALID_TOKEN;
    if (m.state == NEGOTIATE_REJECT)
        return rejected(c, call, &m);
    if (h->progress == NEGOTIATE_OFFERED)
        status = read_choice(c, &m, &again);
    else if (!choice_kept(h, &m) || m.state == NEGOTIATE_REQUEST_MIC)
        status = SEC_E_INVALID_TOKEN;
    if (status != SEC_E_OK)
        return status;
    if (!h->inner_done) {
        status = step_mechanism(c, call, &m, again);
        if (status != SEC_E_OK)
            return status == SEC_I_CONTINUE_NEEDED ? send_next(h) : status;
    } else {
        if (m.token.size > 0)
            return SEC_E_INVALID_TOKEN;
        h->inner_token.size = 0; /* it was sent */
    }
    return finish(c, &m);
}
