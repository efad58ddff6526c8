/* SPDX-License-Identifier: MIT */
/* SspiInspectToken: NTLM messages and NTLM signatures as a tree of named fields. */
#include <inttypes.h>
#include <opensspi.h>
#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "packages/ntlm/ntlm_messages.h"
#include "packages/ntlm/ntlm_package.h"
#include "protect/ntlm.h"

/* The walk: where its lines go and whose bytes they are about. */
struct inspect {
    SspiInspectFn fn;
    void *arg;
    struct span token;
};

static void line(const struct inspect *in, unsigned depth, const char *name, const char *value, size_t offset,
                 size_t size)
{
    in->fn(in->arg, depth, name, value, offset, size);
}

static size_t offset_of(const struct inspect *in, const uint8_t *at)
{
    return (size_t)(at - in->token.data);
}

/* ---- values ---- */

static void line_hex(const struct inspect *in, unsigned depth, const char *name, struct span bytes)
{
    char text[2 * 64 + 32];
    size_t shown = bytes.size < 64 ? bytes.size : 64, at = 0;
    text[0] = 0;
    for (size_t i = 0; i < shown; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%02x", (unsigned)bytes.data[i]);
    }
    if (shown < bytes.size) {
        (void)snprintf(text + at, sizeof text - at, "... (%zu bytes)", bytes.size);
    }
    line(in, depth, name, text, bytes.size > 0 ? offset_of(in, bytes.data) : 0, bytes.size);
}

/* Control characters would let a token write on the terminal. */
static void make_printable(char *text)
{
    for (; *text != 0; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}

/* C1 control characters, in UTF-8 or OEM text, are escapes to some terminals. */
static void units_printable(char16_t *units, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool control = units[i] < 0x20 || (units[i] >= 0x7f && units[i] < 0xa0);
        bool direction =
            (units[i] >= 0x202a && units[i] <= 0x202e) || (units[i] >= 0x2066 && units[i] <= 0x2069);
        if (control || direction) {
            units[i] = u'?';
        }
    }
}

static void line_utf16(const struct inspect *in, unsigned depth, const char *name, struct span wire)
{
    size_t units = wire.size / 2, bytes;
    bool invalid = false;
    char16_t *wide = mem_alloc((units + 1) * sizeof *wide);
    char *text = NULL;
    if (wide != NULL) {
        if (units > 0) {
            utf16_from_wire(wide, wire.data, units);
        }
        units_printable(wide, units);
        text = utf8_from_utf16(wide, units, &bytes, &invalid);
    }
    if (text != NULL && wire.size % 2 == 0) {
        line(in, depth, name, text, wire.size > 0 ? offset_of(in, wire.data) : 0, wire.size);
    } else {
        line_hex(in, depth, name, wire);
    }
    mem_free(text);
    mem_free(wide);
}

static void line_oem(const struct inspect *in, unsigned depth, const char *name, struct span bytes)
{
    char text[256];
    size_t shown = bytes.size < sizeof text - 1 ? bytes.size : sizeof text - 1;
    for (size_t i = 0; i < shown; i++) {
        text[i] = bytes.data[i] < 0x80 ? (char)bytes.data[i] : '?';
    }
    for (size_t i = 0; i < shown; i++) {
        text[i] = text[i] == 0 ? '?' : text[i];
    }
    text[shown] = 0;
    make_printable(text);
    line(in, depth, name, text, bytes.size > 0 ? offset_of(in, bytes.data) : 0, bytes.size);
}

static void line_time(const struct inspect *in, unsigned depth, const char *name, const uint8_t *at)
{
    char text[96];
    uint64_t filetime = (uint64_t)wire_get_u32(at) | (uint64_t)wire_get_u32(at + 4) << 32;
    time_t seconds = (time_t)((int64_t)(filetime / 10000000) - INT64_C(11644473600));
    struct tm tm;
    if (filetime != 0 && filetime <= INT64_MAX && gmtime_r(&seconds, &tm) != NULL) {
        size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
        (void)snprintf(text + n, sizeof text - n, ".%07uZ", (unsigned)(filetime % 10000000));
    } else {
        (void)snprintf(text, sizeof text, "0x%016" PRIx64, filetime);
    }
    line(in, depth, name, text, offset_of(in, at), 8);
}

static void line_version(const struct inspect *in, unsigned depth, const uint8_t *at)
{
    char text[64];
    if (at == NULL) {
        return;
    }
    (void)snprintf(text, sizeof text, "%u.%u.%u revision %u", at[0], at[1], at[2] | (unsigned)at[3] << 8,
                   at[7]);
    line(in, depth, "Version", text, offset_of(in, at), NTLM_VERSION_SIZE);
}

static void line_flags(const struct inspect *in, unsigned depth, size_t offset, uint32_t flags)
{
    char value[16], names[512], *rest = names;
    (void)snprintf(value, sizeof value, "0x%08x", (unsigned)flags);
    line(in, depth, "NegotiateFlags", value, offset, 4);
    (void)ntlm_flags_text(flags, names, sizeof names);
    while (rest != NULL && *rest != 0) {
        char *name = rest;
        char text[576];
        rest = strchr(rest, '|');
        if (rest != NULL) {
            *rest++ = 0;
        }
        (void)snprintf(text, sizeof text, "%s%s", name[0] == '0' ? "" : "NTLMSSP_NEGOTIATE_", name);
        line(in, depth + 1, text, "", offset, 4);
    }
}

static void line_number(const struct inspect *in, unsigned depth, const char *name, size_t offset,
                        size_t size)
{
    struct wire_reader r;
    char text[16];
    wire_read_init(&r, in->token.data + offset, size);
    uint32_t value = size == 1 ? wire_read_u8(&r) : size == 2 ? wire_read_u16(&r) : wire_read_u32(&r);
    (void)snprintf(text, sizeof text, "%" PRIu32, value);
    line(in, depth, name, text, offset, size);
}

/* The eight bytes in the header that say where a field is; 2.2.1. */
static void line_place(const struct inspect *in, unsigned depth, size_t offset)
{
    if (in->token.size < offset + 8) {
        return; /* a message of an older form, which ends before */
    }
    line_number(in, depth, "Len", offset, 2);
    line_number(in, depth, "MaxLen", offset + 2, 2);
    line_number(in, depth, "BufferOffset", offset + 4, 4);
}

static SECURITY_STATUS line_error(const struct inspect *in, const char *what)
{
    line(in, 1, "error", what, 0, 0);
    return SEC_E_INVALID_TOKEN;
}

/* ---- AV pairs ---- */

static void line_av_flags(const struct inspect *in, unsigned depth, struct span value)
{
    uint32_t flags = wire_get_u32(value.data);
    char text[96];
    (void)snprintf(text, sizeof text, "0x%08x%s%s%s", (unsigned)flags,
                   flags & NTLM_AV_FLAG_CONSTRAINED ? " account constrained" : "",
                   flags & NTLM_AV_FLAG_MIC ? " MIC present" : "",
                   flags & NTLM_AV_FLAG_UNVERIFIED_TARGET ? " target name unverified" : "");
    line(in, depth, "MsvAvFlags", text, offset_of(in, value.data), 4);
}

static void line_pair(const struct inspect *in, unsigned depth, const struct ntlm_av_pair *pair)
{
    char unknown[32];
    const char *name = ntlm_av_name(pair->id);
    switch (pair->id) {
    case NTLM_AV_FLAGS:
        line_av_flags(in, depth, pair->value);
        return;
    case NTLM_AV_TIMESTAMP:
        line_time(in, depth, name, pair->value.data);
        return;
    case NTLM_AV_SINGLE_HOST:
    case NTLM_AV_CHANNEL_BINDINGS:
        line_hex(in, depth, name, pair->value);
        return;
    default:
        break;
    }
    if (name != NULL) {
        line_utf16(in, depth, name, pair->value);
        return;
    }
    (void)snprintf(unknown, sizeof unknown, "AvId %u", (unsigned)pair->id);
    line_hex(in, depth, unknown, pair->value);
}

static SECURITY_STATUS walk_pairs(const struct inspect *in, unsigned depth, struct span pairs)
{
    struct ntlm_av_list list;
    bool good = ntlm_av_read(pairs, &list);
    for (size_t i = 0; i < list.count; i++) {
        line_pair(in, depth, &list.pairs[i]);
    }
    if (!good) {
        return line_error(in, "the AV pairs have no end, or one does not fit");
    }
    return list.duplicates ? line_error(in, "an AV pair stands twice") : SEC_E_OK;
}

/* ---- messages ---- */

static SECURITY_STATUS walk_negotiate(const struct inspect *in)
{
    struct ntlm_negotiate m;
    line(in, 0, "NEGOTIATE_MESSAGE", "", 0, in->token.size);
    line(in, 1, "Signature", "NTLMSSP", 0, 8);
    line(in, 1, "MessageType", "1", 8, 4);
    if (!ntlm_negotiate_read(in->token, &m)) {
        return line_error(in, "the message ends early or a name lies outside of it");
    }
    line_flags(in, 1, 12, m.flags);
    line_oem(in, 1, "DomainName", m.domain);
    line_place(in, 2, 16);
    line_oem(in, 1, "WorkstationName", m.workstation);
    line_place(in, 2, 24);
    line_version(in, 1, m.version);
    return SEC_E_OK;
}

static SECURITY_STATUS walk_challenge(const struct inspect *in)
{
    struct ntlm_challenge m;
    line(in, 0, "CHALLENGE_MESSAGE", "", 0, in->token.size);
    line(in, 1, "Signature", "NTLMSSP", 0, 8);
    line(in, 1, "MessageType", "2", 8, 4);
    if (!ntlm_challenge_read(in->token, &m)) {
        return line_error(in, "the message ends early or a field lies outside of it");
    }
    if (m.flags & NTLM_F_UNICODE) {
        line_utf16(in, 1, "TargetName", m.target_name);
    } else {
        line_oem(in, 1, "TargetName", m.target_name);
    }
    line_place(in, 2, 12);
    line_flags(in, 1, 20, m.flags);
    line_hex(in, 1, "ServerChallenge", (struct span){in->token.data + 24, 8});
    if (in->token.size >= 40) {
        line_hex(in, 1, "Reserved", (struct span){in->token.data + 32, 8});
    }
    line_version(in, 1, m.version);
    line(in, 1, "TargetInfo", "", m.target_info.size > 0 ? offset_of(in, m.target_info.data) : 0,
         m.target_info.size);
    line_place(in, 2, 40);
    return (m.flags & NTLM_F_TARGET_INFO) && m.target_info.size > 0 ? walk_pairs(in, 2, m.target_info)
                                                                    : SEC_E_OK;
}

static SECURITY_STATUS walk_nt_response(const struct inspect *in, struct span nt)
{
    struct ntlm_v2_response v2;
    if (nt.size <= NTLM_V1_RESPONSE_SIZE) {
        line_hex(in, 1, "NtChallengeResponse", nt);
        line_place(in, 2, 20);
        return SEC_E_OK;
    }
    line(in, 1, "NtChallengeResponse", "NTLMv2_RESPONSE", offset_of(in, nt.data), nt.size);
    line_place(in, 2, 20);
    if (!ntlm_v2_response_read(nt, &v2)) {
        return line_error(in, "not a whole NTLMv2 response");
    }
    line_hex(in, 2, "NTProofStr", (struct span){v2.proof, NTLM_V2_PROOF_SIZE});
    line(in, 2, "NTLMv2_CLIENT_CHALLENGE", "", offset_of(in, v2.blob.data), v2.blob.size);
    line_number(in, 3, "RespType", offset_of(in, v2.blob.data), 1);
    line_number(in, 3, "HiRespType", offset_of(in, v2.blob.data) + 1, 1);
    line_hex(in, 3, "Reserved1", (struct span){v2.blob.data + 2, 2});
    line_hex(in, 3, "Reserved2", (struct span){v2.blob.data + 4, 4});
    line_time(in, 3, "TimeStamp", v2.blob.data + 8);
    line_hex(in, 3, "ChallengeFromClient", (struct span){v2.client_challenge, 8});
    line_hex(in, 3, "Reserved3", (struct span){v2.blob.data + 24, 4});
    line(in, 3, "AvPairs", "", v2.av_pairs.size > 0 ? offset_of(in, v2.av_pairs.data) : 0, v2.av_pairs.size);
    return walk_pairs(in, 4, v2.av_pairs);
}

static SECURITY_STATUS walk_authenticate(const struct inspect *in)
{
    struct ntlm_authenticate m;
    line(in, 0, "AUTHENTICATE_MESSAGE", "", 0, in->token.size);
    line(in, 1, "Signature", "NTLMSSP", 0, 8);
    line(in, 1, "MessageType", "3", 8, 4);
    if (!ntlm_authenticate_read(in->token, &m)) {
        return line_error(in, "the message ends early or a field lies outside of its payload");
    }
    line_utf16(in, 1, "DomainName", m.domain);
    line_place(in, 2, 28);
    line_utf16(in, 1, "UserName", m.user);
    line_place(in, 2, 36);
    line_utf16(in, 1, "Workstation", m.workstation);
    line_place(in, 2, 44);
    line_flags(in, 1, 60, m.flags);
    line_version(in, 1, m.version);
    if (m.mic != NULL) {
        line_hex(in, 1, "MIC", (struct span){m.mic, NTLM_MIC_SIZE});
    }
    line_hex(in, 1, "LmChallengeResponse", m.lm);
    line_place(in, 2, 12);
    line_hex(in, 1, "EncryptedRandomSessionKey", m.session_key);
    line_place(in, 2, 52);
    return walk_nt_response(in, m.nt);
}

/* 16 bytes that begin with version 1: NTLMSSP_MESSAGE_SIGNATURE, 2.2.2.9. */
static SECURITY_STATUS walk_signature(const struct inspect *in)
{
    char text[16];
    line(in, 0, "NTLMSSP_MESSAGE_SIGNATURE", "", 0, in->token.size);
    line(in, 1, "Version", "1", 0, 4);
    line_hex(in, 1, "Checksum", (struct span){in->token.data + 4, 8});
    (void)snprintf(text, sizeof text, "%u", (unsigned)wire_get_u32(in->token.data + 12));
    line(in, 1, "SeqNum", text, 12, 4);
    return SEC_E_OK;
}

SECURITY_STATUS ntlm_inspect(const void *token, size_t size, SspiInspectFn fn, void *arg)
{
    static const uint8_t ntlmssp[8] = {'N', 'T', 'L', 'M', 'S', 'S', 'P', 0};
    const struct inspect in = {fn, arg, {token, size}};
    switch (ntlm_message_type(in.token)) {
    case NTLM_NEGOTIATE:
        return walk_negotiate(&in);
    case NTLM_CHALLENGE:
        return walk_challenge(&in);
    case NTLM_AUTHENTICATE:
        return walk_authenticate(&in);
    default:
        break;
    }
    if (size >= sizeof ntlmssp && memcmp(token, ntlmssp, sizeof ntlmssp) == 0) {
        line(&in, 0, "NTLMSSP", "", 0, size);
        return line_error(&in,
                          size < 12 ? "the message ends before its type" : "no NTLM message has this type");
    }
    if (size == NTLM_TOKEN_SIZE && wire_get_u32(token) == 1) {
        return walk_signature(&in);
    }
    return SEC_E_UNSUPPORTED_FUNCTION;
}
