/* SPDX-License-Identifier: MIT */
/* [MS-NLMP] 3.1.5: the client. */
#include "base/mem.h"
#include "base/secret.h"
#include "base/sources.h"
#include "base/trace.h"
#include "base/utf16.h"
#include "packages/ntlm/ntlm_compute.h"
#include "packages/ntlm/ntlm_lsa.h"
#include "packages/ntlm/ntlm_messages.h"
#include "packages/ntlm/ntlm_policy.h"

uint32_t ntlm_initiate_flags(ULONG requirements)
{
    const ULONG integrity = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
    uint32_t flags = NTLM_F_UNICODE | NTLM_F_REQUEST_TARGET | NTLM_F_NTLM | NTLM_F_ALWAYS_SIGN |
                     NTLM_F_VERSION | NTLM_F_128 | NTLM_F_56;
    if (ntlm_policy()->level > 0) {
        flags |= NTLM_F_ESS; /* level 0 never negotiates extended session security */
    }
    if ((requirements & integrity) && !(requirements & ISC_REQ_NO_INTEGRITY)) {
        flags |= NTLM_F_SIGN;
    }
    if (requirements & ISC_REQ_CONFIDENTIALITY) {
        flags |= NTLM_F_SIGN | NTLM_F_SEAL;
    }
    /* Without SIGN or SEAL there is no key to exchange (3.1.5.1.2), and peers disagree on what is sent then.
     */
    if (flags & NTLM_F_SIGN) {
        flags |= NTLM_F_KEY_EXCH;
    }
    if (requirements & ISC_REQ_DATAGRAM) {
        flags |= NTLM_F_DATAGRAM | NTLM_F_KEY_EXCH;
    }
    if (requirements & ISC_REQ_IDENTIFY) {
        flags |= NTLM_F_IDENTIFY;
    }
    return flags;
}

ULONG ntlm_initiate_attributes(const struct ntlm_handshake *h, uint32_t flags)
{
    ULONG attributes = h->requirements & (ISC_REQ_STREAM | ISC_REQ_IDENTIFY);
    attributes |= ntlm_handshake_datagram(h) ? ISC_RET_DATAGRAM : ISC_RET_CONNECTION;
    if (flags & (NTLM_F_SIGN | NTLM_F_SEAL)) {
        attributes |= ISC_RET_INTEGRITY;
        attributes |= h->requirements & (ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT);
    }
    if (flags & NTLM_F_SEAL) {
        attributes |= ISC_RET_CONFIDENTIALITY;
    }
    if (h->identity.anonymous) {
        attributes |= ISC_RET_NULL_SESSION;
    }
    if (h->supplied) {
        attributes |= h->requirements & ISC_REQ_USE_SUPPLIED_CREDS;
    }
    return attributes;
}

SECURITY_STATUS ntlm_initiate_negotiate(struct ntlm_handshake *h)
{
    const struct ntlm_negotiate m = {.flags = h->offered, .version = ntlm_version_ours};
    struct wire_writer w;
    if (ntlm_handshake_datagram(h)) {
        return SEC_E_OK; /* 3.1.5.2: the acceptor speaks first */
    }
    wire_write_init(&w, NULL, 0);
    ntlm_negotiate_write(&w, &m);
    h->negotiate.data = mem_alloc(w.at);
    if (h->negotiate.data == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    h->negotiate.size = w.at;
    wire_write_init(&w, h->negotiate.data, h->negotiate.size);
    ntlm_negotiate_write(&w, &m);
    return w.failed ? SEC_E_INTERNAL_ERROR : SEC_E_OK;
}

/* ---- AUTHENTICATE ---- */

/* One second leg while it is made. Names are wire text. */
struct initiate_leg {
    struct ntlm_handshake *h;
    struct span challenge_token;
    struct ntlm_challenge challenge;
    struct ntlm_av_list info; /* of CHALLENGE */
    uint32_t flags;           /* negotiated */
    bool mic;
    uint8_t *text; /* user, domain, workstation on the wire; mem_alloc */
    struct span user, domain, workstation;
    uint8_t lm[24];
    size_t lm_size;
    uint8_t *nt; /* mem_alloc */
    size_t nt_size;
    uint8_t base[16]; /* KeyExchangeKey */
    uint8_t exported[16];
    uint8_t encrypted[16];
    size_t encrypted_size;
};

static SECURITY_STATUS leg_read(struct initiate_leg *leg)
{
    if (!ntlm_challenge_read(leg->challenge_token, &leg->challenge)) {
        return SEC_E_INVALID_TOKEN;
    }
    uint32_t theirs = leg->challenge.flags;
    if (!(theirs & NTLM_F_UNICODE)) {
        return theirs & NTLM_F_OEM ? SEC_E_UNSUPPORTED_FUNCTION : SEC_E_INVALID_TOKEN;
    }
    leg->flags = theirs & leg->h->offered;
    if (ntlm_handshake_datagram(leg->h) && !(leg->flags & NTLM_F_DATAGRAM)) {
        return SEC_E_INVALID_TOKEN;
    }
    if (ntlm_handshake_datagram(leg->h) && !(leg->flags & NTLM_F_KEY_EXCH)) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (!ntlm_strong_enough(leg->flags)) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (leg->challenge.target_info.size > 0 && !ntlm_av_read(leg->challenge.target_info, &leg->info)) {
        return SEC_E_INVALID_TOKEN;
    }
    return SEC_E_OK;
}

/* 3.1.5.1.2: with protection asked for, NTLMv2 must know whom it talks to. */
static bool leg_server_named(const struct initiate_leg *leg)
{
    return !(leg->h->offered & (NTLM_F_SIGN | NTLM_F_SEAL)) ||
           (ntlm_av_find(&leg->info, NTLM_AV_NB_COMPUTER) != NULL &&
            ntlm_av_find(&leg->info, NTLM_AV_NB_DOMAIN) != NULL);
}

static SECURITY_STATUS leg_names(struct initiate_leg *leg)
{
    const struct ntlm_identity *id = &leg->h->identity;
    size_t workstation = utf16_length(ntlm_machine.computer);
    size_t units = id->user.units + id->domain.units + workstation;
    leg->text = mem_alloc(2 * units + 1);
    if (leg->text == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    leg->user = (struct span){leg->text, 2 * id->user.units};
    leg->domain = (struct span){leg->user.data + leg->user.size, 2 * id->domain.units};
    leg->workstation = (struct span){leg->domain.data + leg->domain.size, 2 * workstation};
    utf16_to_wire(leg->text, id->user.text, id->user.units);
    utf16_to_wire(leg->text + leg->user.size, id->domain.text, id->domain.units);
    utf16_to_wire(leg->text + leg->user.size + leg->domain.size, ntlm_machine.computer, workstation);
    return SEC_E_OK;
}

/* The AV pairs of the response: the server's, each once and without those that are the client's to say; then
 * ours. */
static void leg_write_pairs(const struct initiate_leg *leg, struct wire_writer *w, struct span target)
{
    const struct ntlm_handshake *h = leg->h;
    uint32_t flags = NTLM_AV_FLAG_MIC;
    for (size_t i = 0; i < leg->info.count; i++) {
        const struct ntlm_av_pair *pair = &leg->info.pairs[i];
        bool ours = pair->id == NTLM_AV_FLAGS || pair->id == NTLM_AV_TARGET_NAME ||
                    pair->id == NTLM_AV_SINGLE_HOST || pair->id == NTLM_AV_CHANNEL_BINDINGS;
        if (!ours && ntlm_av_find(&leg->info, pair->id) == pair) {
            ntlm_av_write(w, pair->id, pair->value);
        }
    }
    if (h->requirements & ISC_REQ_UNVERIFIED_TARGET_NAME) {
        flags |= NTLM_AV_FLAG_UNVERIFIED_TARGET;
    }
    ntlm_av_write_u32(w, NTLM_AV_FLAGS, flags);
    if (h->has_bindings) {
        ntlm_av_write(w, NTLM_AV_CHANNEL_BINDINGS, (struct span){h->bindings, sizeof h->bindings});
    }
    ntlm_av_write(w, NTLM_AV_TARGET_NAME, target);
    ntlm_av_write_end(w);
}

/* NtChallengeResponse and KeyExchangeKey of NTLMv2, 3.3.2. */
static SECURITY_STATUS leg_respond_v2(struct initiate_leg *leg)
{
    const struct ntlm_text *target = &leg->h->target;
    uint8_t key[16], client_challenge[8];
    uint64_t time = ntlm_av_timestamp(&leg->info);
    struct wire_writer pairs, w;
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    uint8_t *target_wire = mem_alloc(2 * target->units + 1);
    uint8_t *pairs_wire = NULL;
    if (!leg_server_named(leg)) {
        status = SEC_E_LOGON_DENIED;
        goto out;
    }
    if (target_wire == NULL || !ntlm_compute_ntowf_v2(leg->h->identity.hash, leg->user, leg->domain, key)) {
        goto out;
    }
    if (!sources_random(client_challenge, sizeof client_challenge)) {
        status = SEC_E_INTERNAL_ERROR;
        goto out;
    }
    utf16_to_wire(target_wire, target->text, target->units);
    const struct span target_span = {target_wire, 2 * target->units};
    wire_write_init(&pairs, NULL, 0);
    leg_write_pairs(leg, &pairs, target_span);
    pairs_wire = pairs.failed ? NULL : mem_alloc(pairs.at);
    /* proof, 28 bytes of head, pairs, 4 zeros */
    leg->nt_size = NTLM_V2_PROOF_SIZE + 32 + pairs.at;
    leg->nt = mem_alloc(leg->nt_size);
    if (pairs_wire == NULL || leg->nt == NULL) {
        goto out;
    }
    wire_write_init(&pairs, pairs_wire, pairs.at);
    leg_write_pairs(leg, &pairs, target_span);
    wire_write_init(&w, leg->nt + NTLM_V2_PROOF_SIZE, leg->nt_size - NTLM_V2_PROOF_SIZE);
    ntlm_v2_blob_write(&w, time != 0 ? time : sources_now(), client_challenge,
                       (struct span){pairs_wire, pairs.at});
    ntlm_compute_proof(key, leg->challenge.challenge, (struct span){w.start, w.at}, leg->nt);
    ntlm_compute_base_key_v2(key, leg->nt, leg->base);
    leg->lm_size = ntlm_handshake_datagram(leg->h) ? 0 : sizeof leg->lm; /* zeros: 3.1.5.1.2 */
    leg->mic = true;
    status = w.failed || pairs.failed ? SEC_E_INTERNAL_ERROR : SEC_E_OK;
out:
    secret_wipe(key, sizeof key);
    mem_free(target_wire);
    mem_free(pairs_wire);
    return status;
}

/* NTLMv1, where sspi.conf allows it: 3.3.1. The LM response is never computed. */
static SECURITY_STATUS leg_respond_v1(struct initiate_leg *leg)
{
    const uint8_t *hash = leg->h->identity.hash;
    const uint8_t *client = NULL;
    leg->nt = mem_alloc(NTLM_V1_RESPONSE_SIZE);
    if (leg->nt == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    leg->nt_size = NTLM_V1_RESPONSE_SIZE;
    leg->lm_size = sizeof leg->lm;
    if (leg->flags & NTLM_F_ESS) {
        if (!sources_random(leg->lm, 8)) {
            return SEC_E_INTERNAL_ERROR;
        }
        client = leg->lm;
    }
    ntlm_compute_v1_response(hash, leg->challenge.challenge, client, leg->nt);
    ntlm_compute_base_key_v1(hash, leg->base);
    ntlm_compute_key_exchange_v1(leg->base, leg->challenge.challenge, client, leg->base);
    if (client == NULL) {
        memcpy(leg->lm, leg->nt, sizeof leg->lm); /* NoLMResponseNTLMv1 */
    }
    return SEC_E_OK;
}

static SECURITY_STATUS leg_respond(struct initiate_leg *leg)
{
    if (leg->h->identity.anonymous) {
        leg->lm_size = 1; /* Z(1); KeyExchangeKey stays zero */
        leg->flags |= NTLM_F_ANONYMOUS;
        return SEC_E_OK;
    }
    return ntlm_policy()->level < 3 ? leg_respond_v1(leg) : leg_respond_v2(leg);
}

static SECURITY_STATUS leg_session_key(struct initiate_leg *leg)
{
    bool exchange = (leg->flags & NTLM_F_KEY_EXCH) &&
                    ((leg->flags & (NTLM_F_SIGN | NTLM_F_SEAL)) || ntlm_handshake_datagram(leg->h));
    if (!exchange) {
        memcpy(leg->exported, leg->base, sizeof leg->exported);
        return SEC_E_OK;
    }
    if (!sources_random(leg->exported, sizeof leg->exported)) {
        return SEC_E_INTERNAL_ERROR;
    }
    ntlm_compute_rc4k(leg->base, leg->exported, leg->encrypted);
    leg->encrypted_size = sizeof leg->encrypted;
    return SEC_E_OK;
}

static SECURITY_STATUS leg_write(struct initiate_leg *leg, struct ntlm_blob *token)
{
    const struct ntlm_authenticate m = {
        .lm = {leg->lm, leg->lm_size},
        .nt = {leg->nt, leg->nt_size},
        .domain = leg->domain,
        .user = leg->user,
        .workstation = leg->workstation,
        .session_key = {leg->encrypted, leg->encrypted_size},
        .flags = leg->flags,
        .version = leg->flags & NTLM_F_VERSION ? ntlm_version_ours : NULL,
    };
    struct wire_writer w;
    wire_write_init(&w, NULL, 0);
    ntlm_authenticate_write(&w, &m);
    if (w.failed) {
        return SEC_E_INVALID_TOKEN; /* the server's target info is beyond what an answer can carry */
    }
    token->data = mem_alloc(w.at);
    if (token->data == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    token->size = w.at;
    wire_write_init(&w, token->data, token->size);
    ntlm_authenticate_write(&w, &m);
    if (leg->mic) {
        ntlm_compute_mic(leg->exported, ntlm_blob_span(&leg->h->negotiate), leg->challenge_token,
                         ntlm_blob_span(token), token->data + NTLM_MIC_OFFSET);
    }
    return w.failed ? SEC_E_INTERNAL_ERROR : SEC_E_OK;
}

/* The server's two names, as text, in one block. */
static SECURITY_STATUS leg_texts(const struct initiate_leg *leg, struct ntlm_packed *out, char16_t **names)
{
    static const char16_t nobody[] = u"ANONYMOUS LOGON", authority[] = u"NT AUTHORITY";
    const struct ntlm_handshake *h = leg->h;
    const struct ntlm_av_pair *server = ntlm_av_find(&leg->info, NTLM_AV_NB_COMPUTER);
    const struct ntlm_av_pair *domain = ntlm_av_find(&leg->info, NTLM_AV_NB_DOMAIN);
    size_t server_units = server != NULL ? server->value.size / 2 : 0;
    size_t domain_units = domain != NULL ? domain->value.size / 2 : 0;
    char16_t *text = mem_alloc((server_units + domain_units + 1) * sizeof *text);
    if (text == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    if (server_units > 0) {
        utf16_from_wire(text, server->value.data, server_units);
    }
    if (domain_units > 0) {
        utf16_from_wire(text + server_units, domain->value.data, domain_units);
    }
    for (size_t i = 0; i < server_units + domain_units; i++) {
        if (text[i] == 0) {
            mem_free(text);
            return SEC_E_INVALID_TOKEN;
        }
    }
    bool anonymous = h->identity.anonymous;
    out->text[NTLM_TEXT_USER].text = anonymous ? nobody : h->identity.user.text;
    out->text[NTLM_TEXT_USER].units = anonymous ? utf16_length(nobody) : h->identity.user.units;
    out->text[NTLM_TEXT_DOMAIN].text = anonymous ? authority : h->identity.domain.text;
    out->text[NTLM_TEXT_DOMAIN].units = anonymous ? utf16_length(authority) : h->identity.domain.units;
    out->text[NTLM_TEXT_TARGET].text = h->target.text;
    out->text[NTLM_TEXT_TARGET].units = h->target.units;
    out->text[NTLM_TEXT_SERVER].text = text;
    out->text[NTLM_TEXT_SERVER].units = server_units;
    out->text[NTLM_TEXT_AUTHORITY].text = text + server_units;
    out->text[NTLM_TEXT_AUTHORITY].units = domain_units;
    *names = text;
    return SEC_E_OK;
}

static SECURITY_STATUS leg_run(struct initiate_leg *leg, struct ntlm_blob *token)
{
    SECURITY_STATUS status = leg_read(leg);
    if (status == SEC_E_OK) {
        status = leg_names(leg);
    }
    if (status == SEC_E_OK) {
        status = leg_respond(leg);
    }
    if (status == SEC_E_OK) {
        status = leg_session_key(leg);
    }
    if (status == SEC_E_OK) {
        status = leg_write(leg, token);
    }
    return status;
}

SECURITY_STATUS ntlm_initiate_authenticate(struct ntlm_handshake *h, struct span challenge,
                                           struct ntlm_blob *token, struct ntlm_packed *out, char16_t **names)
{
    struct initiate_leg leg = {.h = h, .challenge_token = challenge};
    *token = (struct ntlm_blob){NULL, 0};
    SECURITY_STATUS status = leg_run(&leg, token);
    if (status == SEC_E_OK) {
        status = leg_texts(&leg, out, names);
    }
    if (status == SEC_E_OK) {
        ntlm_establish(out, leg.flags, true, ntlm_initiate_attributes(h, leg.flags), leg.exported);
        h->mic = leg.mic;
    } else {
        ntlm_blob_free(token);
    }
    if (trace_on()) {
        char flags[256];
        trace_event("ntlm", "authenticate-sent", "flags=%s mic=%d bindings=%d status=0x%08x",
                    ntlm_flags_text(leg.flags, flags, sizeof flags), leg.mic, h->has_bindings,
                    (unsigned)status);
    }
    mem_free(leg.text);
    mem_free(leg.nt);
    secret_wipe(&leg, sizeof leg);
    return status;
}
