/* SPDX-License-Identifier: MIT */
/* [MS-NLMP] 3.2.5: the server. */
#include "base/mem.h"
#include "base/secret.h"
#include "base/sources.h"
#include "base/trace.h"
#include "base/utf16.h"
#include "packages/ntlm/ntlm_accounts.h"
#include "packages/ntlm/ntlm_compute.h"
#include "packages/ntlm/ntlm_lsa.h"
#include "packages/ntlm/ntlm_messages.h"
#include "packages/ntlm/ntlm_policy.h"

/* MaxLifetime, 3.1.1.1. */
#define NTLM_MAX_LIFETIME (UINT64_C(36) * 3600 * 10000000)

/* What this side can do; CHALLENGE has those that the client asked for. */
#define ACCEPT_FEATURES                                                                                      \
    (NTLM_F_UNICODE | NTLM_F_REQUEST_TARGET | NTLM_F_SIGN | NTLM_F_SEAL | NTLM_F_NTLM | NTLM_F_ALWAYS_SIGN | \
     NTLM_F_ESS | NTLM_F_IDENTIFY | NTLM_F_VERSION | NTLM_F_128 | NTLM_F_KEY_EXCH | NTLM_F_56)

ULONG ntlm_accept_attributes(const struct ntlm_handshake *h, uint32_t flags)
{
    ULONG attributes = h->requirements & ASC_REQ_STREAM;
    attributes |= ntlm_handshake_datagram(h) ? ASC_RET_DATAGRAM : ASC_RET_CONNECTION;
    if (flags & (NTLM_F_SIGN | NTLM_F_SEAL)) {
        attributes |= ASC_RET_INTEGRITY;
        attributes |= h->requirements & (ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT);
    }
    if (flags & NTLM_F_SEAL) {
        attributes |= ASC_RET_CONFIDENTIALITY;
    }
    if (flags & NTLM_F_IDENTIFY) {
        attributes |= ASC_RET_IDENTIFY;
    }
    if (flags & NTLM_F_ANONYMOUS) {
        attributes |= ASC_RET_NULL_SESSION;
    }
    return attributes;
}

/* ---- CHALLENGE ---- */

static void accept_write_name(struct wire_writer *w, uint16_t id, const char16_t *name)
{
    size_t units = utf16_length(name);
    if (units == 0) {
        return;
    }
    wire_write_u16(w, id);
    wire_write_u16(w, (uint16_t)(2 * units));
    for (size_t i = 0; i < units; i++) {
        wire_write_u16(w, name[i]);
    }
}

/* Without a timestamp clients send no MIC. */
static void accept_write_info(struct wire_writer *w, uint64_t now)
{
    accept_write_name(w, NTLM_AV_NB_DOMAIN, ntlm_machine.domain);
    accept_write_name(w, NTLM_AV_NB_COMPUTER, ntlm_machine.computer);
    accept_write_name(w, NTLM_AV_DNS_DOMAIN, ntlm_machine.dns_domain);
    accept_write_name(w, NTLM_AV_DNS_COMPUTER, ntlm_machine.dns_computer);
    ntlm_av_write_u64(w, NTLM_AV_TIMESTAMP, now);
    ntlm_av_write_end(w);
}

static SECURITY_STATUS accept_write_challenge(struct ntlm_handshake *h)
{
    uint8_t info[1200], name[sizeof ntlm_machine.domain];
    size_t units = utf16_length(ntlm_machine.domain);
    struct wire_writer w;
    struct ntlm_challenge m = {.flags = h->offered,
                               .version = h->offered & NTLM_F_VERSION ? ntlm_version_ours : NULL};
    wire_write_init(&w, info, sizeof info);
    accept_write_info(&w, sources_now());
    if (w.failed) {
        return SEC_E_INTERNAL_ERROR;
    }
    m.target_info = (struct span){info, w.at};
    utf16_to_wire(name, ntlm_machine.domain, units);
    m.target_name = (struct span){name, h->offered & NTLM_F_REQUEST_TARGET ? 2 * units : 0};
    if (!sources_random(h->server_challenge, sizeof h->server_challenge)) {
        return SEC_E_INTERNAL_ERROR;
    }
    memcpy(m.challenge, h->server_challenge, sizeof m.challenge);
    wire_write_init(&w, NULL, 0);
    ntlm_challenge_write(&w, &m);
    h->challenge.data = mem_alloc(w.at);
    if (h->challenge.data == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    h->challenge.size = w.at;
    wire_write_init(&w, h->challenge.data, h->challenge.size);
    ntlm_challenge_write(&w, &m);
    return w.failed ? SEC_E_INTERNAL_ERROR : SEC_E_OK;
}

static SECURITY_STATUS accept_select(struct ntlm_handshake *h, struct span token)
{
    struct ntlm_negotiate m;
    uint32_t asked = ACCEPT_FEATURES & ~(uint32_t)NTLM_F_IDENTIFY;
    if (h->requirements & ASC_REQ_DATAGRAM) {
        if (token.size != 0) {
            return SEC_E_INVALID_TOKEN;
        }
        h->offered = asked | NTLM_F_DATAGRAM;
    } else {
        if (!ntlm_negotiate_read(token, &m)) {
            return SEC_E_INVALID_TOKEN;
        }
        if (!(m.flags & NTLM_F_UNICODE)) {
            return m.flags & NTLM_F_OEM ? SEC_E_UNSUPPORTED_FUNCTION : SEC_E_INVALID_TOKEN;
        }
        h->offered = m.flags & ACCEPT_FEATURES;
        h->negotiate.data = mem_copy(token.data, token.size);
        if (h->negotiate.data == NULL) {
            return SEC_E_INSUFFICIENT_MEMORY;
        }
        h->negotiate.size = token.size;
    }
    h->offered |= NTLM_F_NTLM | NTLM_F_TARGET_INFO;
    if (h->offered & NTLM_F_REQUEST_TARGET) {
        bool alone = utf16_equal_nocase(ntlm_machine.domain, utf16_length(ntlm_machine.domain),
                                        ntlm_machine.computer, utf16_length(ntlm_machine.computer));
        h->offered |= alone ? NTLM_F_TARGET_TYPE_SERVER : NTLM_F_TARGET_TYPE_DOMAIN;
    }
    return ntlm_strong_enough(h->offered) ? SEC_E_OK : SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS ntlm_accept_challenge(struct ntlm_handshake *h, struct span negotiate)
{
    SECURITY_STATUS status = accept_select(h, negotiate);
    if (status == SEC_E_OK) {
        status = accept_write_challenge(h);
    }
    if (trace_on()) {
        char flags[256];
        trace_event("ntlm", "challenge-sent", "flags=%s status=0x%08x",
                    ntlm_flags_text(h->offered, flags, sizeof flags), (unsigned)status);
    }
    return status;
}

/* ---- AUTHENTICATE ---- */

enum accept_kind { ACCEPT_ANONYMOUS, ACCEPT_V1, ACCEPT_V2 };

/* One second leg while it is checked. */
struct accept_leg {
    struct ntlm_handshake *h;
    struct span token;
    struct ntlm_authenticate m;
    enum accept_kind kind;
    uint32_t flags; /* negotiated */
    struct ntlm_v2_response v2;
    struct ntlm_av_list pairs;
    char16_t *names; /* user, domain, target, each terminated; mem_alloc */
    size_t user_units, domain_units, target_units;
    uint8_t hash[16];
    bool known;       /* the account exists */
    uint8_t base[16]; /* KeyExchangeKey */
    uint8_t exported[16];
    const char *why; /* for the trace, which is the operator's: the peer sees the status alone */
};

static SECURITY_STATUS leg_refuse(struct accept_leg *leg, SECURITY_STATUS status, const char *why)
{
    leg->why = why;
    return status;
}

/* Which kind of response it is, and whether the policy takes it: a refused one is as a wrong password. */
static SECURITY_STATUS leg_classify(struct accept_leg *leg)
{
    const struct ntlm_authenticate *m = &leg->m;
    const struct ntlm_policy *policy = ntlm_policy();
    if (m->user.size == 0 && m->nt.size == 0 && m->lm.size <= 1) {
        leg->kind = ACCEPT_ANONYMOUS;
        leg->flags |= NTLM_F_ANONYMOUS;
        return policy->allow_anonymous ? SEC_E_OK
                                       : leg_refuse(leg, SEC_E_LOGON_DENIED, "allow_anonymous = no");
    }
    if (m->nt.size == 0) {
        return leg_refuse(leg, SEC_E_LOGON_DENIED, "an LM or LMv2 response alone");
    }
    if (m->nt.size == NTLM_V1_RESPONSE_SIZE) {
        leg->kind = ACCEPT_V1;
        if (policy->level >= 5) {
            return leg_refuse(leg, SEC_E_LOGON_DENIED, "NTLMv1 and lm_compatibility_level = 5");
        }
        return (leg->flags & NTLM_F_ESS) && m->lm.size != NTLM_V1_RESPONSE_SIZE ? SEC_E_INVALID_TOKEN
                                                                                : SEC_E_OK;
    }
    leg->kind = ACCEPT_V2;
    if (!ntlm_v2_response_read(m->nt, &leg->v2) || !ntlm_av_read(leg->v2.av_pairs, &leg->pairs) ||
        leg->pairs.duplicates) {
        return SEC_E_INVALID_TOKEN;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS leg_read(struct accept_leg *leg)
{
    if (!ntlm_authenticate_read(leg->token, &leg->m)) {
        return SEC_E_INVALID_TOKEN;
    }
    if (!(leg->m.flags & NTLM_F_UNICODE)) {
        return SEC_E_INVALID_TOKEN;
    }
    leg->flags = leg->m.flags & leg->h->offered;
    if (ntlm_handshake_datagram(leg->h) && !(leg->flags & NTLM_F_DATAGRAM)) {
        return SEC_E_INVALID_TOKEN;
    }
    if (ntlm_handshake_datagram(leg->h) && !(leg->flags & NTLM_F_KEY_EXCH)) {
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
    if (!ntlm_strong_enough(leg->flags)) {
        return leg_refuse(leg, SEC_E_UNSUPPORTED_FUNCTION, "flags below min_session_security");
    }
    return leg_classify(leg);
}

/* Copies wire text behind *at with a terminator; false: it holds a NUL, which no name has. */
static bool leg_take_name(char16_t **at, struct span wire, size_t *units)
{
    char16_t *text = *at;
    *units = wire.size / 2;
    if (*units > 0) {
        utf16_from_wire(text, wire.data, *units);
    }
    for (size_t i = 0; i < *units; i++) {
        if (text[i] == 0) {
            return false;
        }
    }
    text[*units] = 0;
    *at = text + *units + 1;
    return true;
}

static SECURITY_STATUS leg_names(struct accept_leg *leg)
{
    const struct ntlm_av_pair *pair =
        leg->kind == ACCEPT_V2 ? ntlm_av_find(&leg->pairs, NTLM_AV_TARGET_NAME) : NULL;
    struct span target = pair != NULL ? pair->value : (struct span){NULL, 0};
    leg->names = mem_alloc(leg->m.user.size + leg->m.domain.size + target.size + 3 * sizeof(char16_t));
    if (leg->names == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    char16_t *at = leg->names;
    bool good = leg_take_name(&at, leg->m.user, &leg->user_units) &&
                leg_take_name(&at, leg->m.domain, &leg->domain_units) &&
                leg_take_name(&at, target, &leg->target_units);
    return good ? SEC_E_OK : SEC_E_INVALID_TOKEN;
}

static const char16_t *leg_domain(const struct accept_leg *leg)
{
    return leg->names + leg->user_units + 1;
}

/*
 * From here on the names are the account's as its file spells it, this machine's domain where it has none:
 * what the client called itself served to find it, and is in the message for the computation.
 */
static SECURITY_STATUS leg_take_account(struct accept_leg *leg, const struct ntlm_account_secret *account)
{
    const char16_t *target = leg_domain(leg) + leg->domain_units + 1;
    bool own = account->domain_units == 0;
    const char16_t *domain = own ? ntlm_machine.domain : account->domain;
    size_t domain_units = own ? utf16_length(ntlm_machine.domain) : account->domain_units;
    char16_t *names =
        mem_alloc((account->user_units + domain_units + leg->target_units + 3) * sizeof(char16_t));
    if (names == NULL) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    char16_t *at = names;
    memcpy(at, account->user, (account->user_units + 1) * sizeof *at);
    at += account->user_units + 1;
    memcpy(at, domain, domain_units * sizeof *at);
    at += domain_units;
    *at++ = 0;
    memcpy(at, target, (leg->target_units + 1) * sizeof *at);
    mem_free(leg->names);
    leg->names = names;
    leg->user_units = account->user_units;
    leg->domain_units = domain_units;
    return SEC_E_OK;
}

/*
 * The account's NT hash to leg->hash, or a random one that nobody knows, so that what follows is the same
 * work for everybody; one MD4 is done whichever file the account is in, or none.
 */
static SECURITY_STATUS leg_find_account(struct accept_leg *leg)
{
    static const char16_t nothing[1];
    struct ntlm_account_secret secret = {.kind = NTLM_ACCOUNT_NONE};
    uint8_t computed[16];
    size_t user_bytes, domain_bytes;
    bool invalid = false, invalid_domain = false;
    const char16_t *domain = leg_domain(leg);
    char *user_text = utf8_from_utf16(leg->names, leg->user_units, &user_bytes, &invalid);
    char *domain_text = utf8_from_utf16(domain, leg->domain_units, &domain_bytes, &invalid_domain);
    SECURITY_STATUS status = SEC_E_OK;
    if (user_text != NULL && domain_text != NULL) {
        const struct ntlm_account_query query = {
            .domain = domain_text,
            .user = user_text,
            .local = leg->domain_units == 0 ||
                     utf16_equal_nocase(domain, leg->domain_units, ntlm_machine.computer,
                                        utf16_length(ntlm_machine.computer)) ||
                     utf16_equal_nocase(domain, leg->domain_units, ntlm_machine.domain,
                                        utf16_length(ntlm_machine.domain)),
        };
        status = ntlm_accounts_find(ntlm_accounts_user_file(), ntlm_policy()->accounts, &query, &secret);
    } else if (!invalid && !invalid_domain) {
        status = SEC_E_INSUFFICIENT_MEMORY;
    }
    if (status == SEC_E_OK) {
        const char16_t *password = secret.kind == NTLM_ACCOUNT_PASSWORD ? secret.password : nothing;
        size_t units = secret.kind == NTLM_ACCOUNT_PASSWORD ? secret.units : 0;
        const bool known = secret.kind != NTLM_ACCOUNT_NONE;
        leg->known = known;
        if (!ntlm_compute_nt_hash(password, units, computed)) {
            status = SEC_E_INSUFFICIENT_MEMORY;
        } else if (!sources_random(leg->hash, sizeof leg->hash)) {
            status = SEC_E_INTERNAL_ERROR;
        } else if (known) {
            memcpy(leg->hash, secret.kind == NTLM_ACCOUNT_HASH ? secret.hash : computed, sizeof leg->hash);
            status = leg_take_account(leg, &secret);
        }
    }
    mem_free(user_text);
    mem_free(domain_text);
    secret_wipe(computed, sizeof computed);
    ntlm_account_secret_wipe(&secret);
    return status;
}

static const char *leg_unproven(const struct accept_leg *leg)
{
    return leg->known ? "wrong password" : "no such account";
}

/* Is the response that of the account's password? Sets the KeyExchangeKey. */
static SECURITY_STATUS leg_check_v2(struct accept_leg *leg)
{
    uint8_t key[16], proof[16];
    if (!ntlm_compute_ntowf_v2(leg->hash, leg->m.user, leg->m.domain, key)) {
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    ntlm_compute_proof(key, leg->h->server_challenge, leg->v2.blob, proof);
    ntlm_compute_base_key_v2(key, proof, leg->base);
    bool right = secret_equal(proof, leg->v2.proof, sizeof proof) & leg->known;
    secret_wipe(key, sizeof key);
    secret_wipe(proof, sizeof proof);
    return right ? SEC_E_OK : leg_refuse(leg, SEC_E_LOGON_DENIED, leg_unproven(leg));
}

static SECURITY_STATUS leg_check_v1(struct accept_leg *leg)
{
    uint8_t response[24];
    const uint8_t *client = leg->flags & NTLM_F_ESS ? leg->m.lm.data : NULL;
    ntlm_compute_v1_response(leg->hash, leg->h->server_challenge, client, response);
    ntlm_compute_base_key_v1(leg->hash, leg->base);
    ntlm_compute_key_exchange_v1(leg->base, leg->h->server_challenge, client, leg->base);
    bool right = secret_equal(response, leg->m.nt.data, sizeof response) & leg->known;
    secret_wipe(response, sizeof response);
    return right ? SEC_E_OK : leg_refuse(leg, SEC_E_LOGON_DENIED, leg_unproven(leg));
}

static SECURITY_STATUS leg_check_response(struct accept_leg *leg)
{
    if (leg->kind == ACCEPT_ANONYMOUS) {
        return SEC_E_OK; /* KeyExchangeKey stays zero */
    }
    SECURITY_STATUS status = leg_find_account(leg);
    if (status != SEC_E_OK) {
        return status;
    }
    return leg->kind == ACCEPT_V2 ? leg_check_v2(leg) : leg_check_v1(leg);
}

static bool leg_mic_right(const struct accept_leg *leg, const uint8_t key[static 16])
{
    uint8_t mic[16];
    if (leg->m.mic == NULL) {
        return false; /* announced and not there */
    }
    ntlm_compute_mic(key, ntlm_blob_span(&leg->h->negotiate), ntlm_blob_span(&leg->h->challenge), leg->token,
                     mic);
    return secret_equal(mic, leg->m.mic, sizeof mic);
}

/* ExportedSessionKey and the MIC made with it. */
static SECURITY_STATUS leg_check_session(struct accept_leg *leg)
{
    bool announced = leg->kind == ACCEPT_V2 && (ntlm_av_flags(&leg->pairs) & NTLM_AV_FLAG_MIC);
    bool exchange = (leg->flags & NTLM_F_KEY_EXCH) != 0;
    bool has_key = leg->m.session_key.size == 16;
    bool needed = (leg->flags & (NTLM_F_SIGN | NTLM_F_SEAL)) != 0 || ntlm_handshake_datagram(leg->h);
    if (exchange && needed && !has_key) {
        return SEC_E_INVALID_TOKEN;
    }
    memcpy(leg->exported, leg->base, sizeof leg->exported);
    if (exchange && needed) {
        ntlm_compute_rc4k(leg->base, leg->m.session_key.data, leg->exported);
    }
    if (!announced || leg_mic_right(leg, leg->exported)) {
        return SEC_E_OK;
    }
    /* Samba exchanges a key also where nothing is protected; its MIC, made with that key, says so. */
    if (exchange && !needed && has_key) {
        ntlm_compute_rc4k(leg->base, leg->m.session_key.data, leg->exported);
        if (leg_mic_right(leg, leg->exported)) {
            return SEC_E_OK;
        }
    }
    return leg_refuse(leg, SEC_E_MESSAGE_ALTERED, leg->m.mic == NULL ? "announced MIC missing" : "wrong MIC");
}

static SECURITY_STATUS leg_check_time(struct accept_leg *leg)
{
    if (leg->kind != ACCEPT_V2) {
        return SEC_E_OK;
    }
    uint64_t now = sources_now();
    uint64_t apart = now > leg->v2.time ? now - leg->v2.time : leg->v2.time - now;
    return apart <= NTLM_MAX_LIFETIME ? SEC_E_OK : leg_refuse(leg, SEC_E_TIME_SKEW, "clocks 36 hours apart");
}

/* 3.2.5.1.2; sixteen zeros say that the client has none. */
static SECURITY_STATUS leg_check_bindings(struct accept_leg *leg)
{
    static const uint8_t none[16];
    const struct ntlm_handshake *h = leg->h;
    if (!h->has_bindings) {
        return SEC_E_OK;
    }
    const struct ntlm_av_pair *pair =
        leg->kind == ACCEPT_V2 ? ntlm_av_find(&leg->pairs, NTLM_AV_CHANNEL_BINDINGS) : NULL;
    if (pair == NULL || secret_equal(pair->value.data, none, sizeof none)) {
        return h->requirements & ASC_REQ_ALLOW_MISSING_BINDINGS
                   ? SEC_E_OK
                   : leg_refuse(leg, SEC_E_BAD_BINDINGS, "no channel bindings from the client");
    }
    return secret_equal(pair->value.data, h->bindings, sizeof none)
               ? SEC_E_OK
               : leg_refuse(leg, SEC_E_BAD_BINDINGS, "channel bindings differ");
}

static SECURITY_STATUS leg_run(struct accept_leg *leg)
{
    SECURITY_STATUS status = leg_read(leg);
    if (status == SEC_E_OK) {
        status = leg_names(leg);
    }
    if (status == SEC_E_OK) {
        status = leg_check_response(leg);
    }
    if (status == SEC_E_OK) {
        status = leg_check_session(leg);
    }
    if (status == SEC_E_OK) {
        status = leg_check_time(leg);
    }
    if (status == SEC_E_OK) {
        status = leg_check_bindings(leg);
    }
    return status;
}

static void leg_text(struct ntlm_packed *out, enum ntlm_packed_text_index index, const char16_t *text,
                     size_t units)
{
    out->text[index].text = text;
    out->text[index].units = units;
}

static void leg_texts(const struct accept_leg *leg, struct ntlm_packed *out)
{
    static const char16_t nobody[] = u"ANONYMOUS LOGON", authority[] = u"NT AUTHORITY";
    const char16_t *domain = leg_domain(leg);
    leg_text(out, NTLM_TEXT_USER, leg->names, leg->user_units);
    leg_text(out, NTLM_TEXT_DOMAIN, domain, leg->domain_units);
    leg_text(out, NTLM_TEXT_TARGET, domain + leg->domain_units + 1, leg->target_units);
    leg_text(out, NTLM_TEXT_SERVER, ntlm_machine.computer, utf16_length(ntlm_machine.computer));
    leg_text(out, NTLM_TEXT_AUTHORITY, ntlm_machine.domain, utf16_length(ntlm_machine.domain));
    if (leg->kind == ACCEPT_ANONYMOUS) {
        leg_text(out, NTLM_TEXT_USER, nobody, utf16_length(nobody));
        leg_text(out, NTLM_TEXT_DOMAIN, authority, utf16_length(authority));
    }
}

SECURITY_STATUS ntlm_accept_authenticate(struct ntlm_handshake *h, struct span authenticate,
                                         struct ntlm_packed *out, char16_t **names)
{
    struct accept_leg leg = {.h = h, .token = authenticate};
    SECURITY_STATUS status = leg_run(&leg);
    if (status == SEC_E_OK) {
        leg_texts(&leg, out);
        ntlm_establish(out, leg.flags, false, ntlm_accept_attributes(h, leg.flags), leg.exported);
        h->mic = (ntlm_av_flags(&leg.pairs) & NTLM_AV_FLAG_MIC) != 0;
        *names = leg.names;
    } else {
        mem_free(leg.names);
    }
    if (trace_on()) {
        char flags[256];
        trace_event("ntlm", "authenticate-received", "flags=%s response-bytes=%zu mic=%d status=0x%08x%s%s%s",
                    ntlm_flags_text(leg.flags, flags, sizeof flags), leg.m.nt.size,
                    (ntlm_av_flags(&leg.pairs) & NTLM_AV_FLAG_MIC) != 0, (unsigned)status,
                    leg.why != NULL ? " reason=\"" : "", leg.why != NULL ? leg.why : "",
                    leg.why != NULL ? "\"" : "");
    }
    secret_wipe(&leg, sizeof leg);
    return status;
}
