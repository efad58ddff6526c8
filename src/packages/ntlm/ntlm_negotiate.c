/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "packages/ntlm/ntlm_messages.h"
#include "protect/ntlm.h"

/* ProductMajorVersion 10, minor 0, build 0, NTLMRevisionCurrent 15 (NTLMSSP_REVISION_W2K3). */
const uint8_t ntlm_version_ours[NTLM_VERSION_SIZE] = {10, 0, 0, 0, 0, 0, 0, 15};

static const uint8_t ntlm_signature[8] = {'N', 'T', 'L', 'M', 'S', 'S', 'P', 0};

uint32_t ntlm_message_type(struct span token)
{
    struct wire_reader r;
    wire_read_init(&r, token.data, token.size);
    const uint8_t *signature = wire_read_bytes(&r, sizeof ntlm_signature);
    uint32_t type = wire_read_u32(&r);
    if (r.failed || memcmp(signature, ntlm_signature, sizeof ntlm_signature) != 0) {
        return 0;
    }
    return type;
}

void ntlm_header_write(struct wire_writer *w, enum ntlm_message_type type)
{
    wire_write_bytes(w, ntlm_signature, sizeof ntlm_signature);
    wire_write_u32(w, (uint32_t)type);
}

void ntlm_field_read(struct wire_reader *r, bool text, struct span *out)
{
    *out = (struct span){NULL, 0};
    size_t size = wire_read_u16(r);
    (void)wire_read_u16(r); /* the maximum length is ignored on receipt */
    size_t offset = wire_read_u32(r);
    if (r->failed || size == 0) {
        return; /* the offset of an empty field means nothing */
    }
    if (text && size % 2 != 0) {
        r->failed = true;
        return;
    }
    (void)wire_read_at(r, offset, size, out);
}

void ntlm_field_write(struct wire_writer *w, size_t size, size_t start, size_t *offset)
{
    if (size > UINT16_MAX || *offset > UINT32_MAX - size) {
        w->failed = true;
        return;
    }
    wire_write_u16(w, (uint16_t)size);
    wire_write_u16(w, (uint16_t)size);
    wire_write_u32(w, (uint32_t)(size == 0 ? start : *offset));
    *offset += size;
}

bool ntlm_negotiate_read(struct span token, struct ntlm_negotiate *out)
{
    *out = (struct ntlm_negotiate){0};
    if (ntlm_message_type(token) != NTLM_NEGOTIATE) {
        return false;
    }
    struct wire_reader r;
    wire_read_init(&r, token.data, token.size);
    (void)wire_read_bytes(&r, 12);
    out->flags = wire_read_u32(&r);
    if (r.failed) {
        return false;
    }
    const uint32_t names = NTLM_F_OEM_DOMAIN_SUPPLIED | NTLM_F_OEM_WORKSTATION_SUPPLIED;
    if (wire_read_left(&r) < 16) {
        return (out->flags & names) == 0;
    }
    /* Fields that the flags do not announce are not looked at: some clients leave garbage there. */
    struct wire_reader fields = r;
    if (out->flags & NTLM_F_OEM_DOMAIN_SUPPLIED) {
        ntlm_field_read(&fields, false, &out->domain);
    }
    struct wire_reader second = r;
    (void)wire_read_bytes(&second, 8);
    if (out->flags & NTLM_F_OEM_WORKSTATION_SUPPLIED) {
        ntlm_field_read(&second, false, &out->workstation);
    }
    (void)wire_read_bytes(&r, 16);
    if ((out->flags & NTLM_F_VERSION) && wire_read_left(&r) >= NTLM_VERSION_SIZE) {
        out->version = wire_read_bytes(&r, NTLM_VERSION_SIZE);
    }
    return !fields.failed && !second.failed && !r.failed;
}

void ntlm_negotiate_write(struct wire_writer *w, const struct ntlm_negotiate *m)
{
    const size_t payload = 40;
    size_t offset = payload;
    ntlm_header_write(w, NTLM_NEGOTIATE);
    wire_write_u32(w, m->flags);
    ntlm_field_write(w, m->domain.size, payload, &offset);
    ntlm_field_write(w, m->workstation.size, payload, &offset);
    if (m->version != NULL) {
        wire_write_bytes(w, m->version, NTLM_VERSION_SIZE);
    } else {
        wire_write_zeros(w, NTLM_VERSION_SIZE);
    }
    wire_write_bytes(w, m->domain.data, m->domain.size);
    wire_write_bytes(w, m->workstation.data, m->workstation.size);
}

static const struct {
    uint32_t flag;
    const char *name;
} ntlm_flag_names[] = {
    {NTLM_F_56, "56"},
    {NTLM_F_KEY_EXCH, "KEY_EXCH"},
    {NTLM_F_128, "128"},
    {NTLM_F_VERSION, "VERSION"},
    {NTLM_F_TARGET_INFO, "TARGET_INFO"},
    {NTLM_F_NON_NT_SESSION_KEY, "NON_NT_SESSION_KEY"},
    {NTLM_F_IDENTIFY, "IDENTIFY"},
    {NTLM_F_ESS, "EXTENDED_SESSIONSECURITY"},
    {NTLM_F_TARGET_TYPE_SERVER, "TARGET_TYPE_SERVER"},
    {NTLM_F_TARGET_TYPE_DOMAIN, "TARGET_TYPE_DOMAIN"},
    {NTLM_F_ALWAYS_SIGN, "ALWAYS_SIGN"},
    {NTLM_F_OEM_WORKSTATION_SUPPLIED, "OEM_WORKSTATION_SUPPLIED"},
    {NTLM_F_OEM_DOMAIN_SUPPLIED, "OEM_DOMAIN_SUPPLIED"},
    {NTLM_F_ANONYMOUS, "ANONYMOUS"},
    {NTLM_F_NTLM, "NTLM"},
    {NTLM_F_LM_KEY, "LM_KEY"},
    {NTLM_F_DATAGRAM, "DATAGRAM"},
    {NTLM_F_SEAL, "SEAL"},
    {NTLM_F_SIGN, "SIGN"},
    {NTLM_F_REQUEST_TARGET, "REQUEST_TARGET"},
    {NTLM_F_OEM, "OEM"},
    {NTLM_F_UNICODE, "UNICODE"},
};

const char *ntlm_flags_text(uint32_t flags, char *out, size_t size)
{
    size_t at = 0;
    uint32_t rest = flags;
    if (size == 0) {
        return "";
    }
    out[0] = 0;
    for (size_t i = 0; i < sizeof ntlm_flag_names / sizeof ntlm_flag_names[0]; i++) {
        if (!(flags & ntlm_flag_names[i].flag)) {
            continue;
        }
        rest &= ~ntlm_flag_names[i].flag;
        int n = snprintf(out + at, size - at, "%s%s", at > 0 ? "|" : "", ntlm_flag_names[i].name);
        if (n < 0 || (size_t)n >= size - at) {
            return out;
        }
        at += (size_t)n;
    }
    if (rest != 0) {
        (void)snprintf(out + at, size - at, "%s0x%08x", at > 0 ? "|" : "", (unsigned)rest);
    }
    return out;
}
