/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_messages.h"
#include "protect/ntlm.h"

bool ntlm_challenge_read(struct span token, struct ntlm_challenge *out)
{
    *out = (struct ntlm_challenge){0};
    if (ntlm_message_type(token) != NTLM_CHALLENGE) {
        return false;
    }
    struct wire_reader r;
    wire_read_init(&r, token.data, token.size);
    (void)wire_read_bytes(&r, 12);
    ntlm_field_read(&r, false, &out->target_name);
    out->flags = wire_read_u32(&r);
    wire_read_copy(&r, out->challenge, sizeof out->challenge);
    if (r.failed) {
        return false;
    }
    if ((out->flags & NTLM_F_UNICODE) && out->target_name.size % 2 != 0) {
        return false;
    }
    /* Servers before NT 4 SP4 end here; without the flag the field means nothing (2.2.1.2). */
    if (!(out->flags & NTLM_F_TARGET_INFO)) {
        return true;
    }
    (void)wire_read_bytes(&r, 8); /* reserved: ignored on receipt */
    ntlm_field_read(&r, false, &out->target_info);
    if (!r.failed && (out->flags & NTLM_F_VERSION) && wire_read_left(&r) >= NTLM_VERSION_SIZE) {
        out->version = wire_read_bytes(&r, NTLM_VERSION_SIZE);
    }
    return !r.failed;
}

void ntlm_challenge_write(struct wire_writer *w, const struct ntlm_challenge *m)
{
    const size_t payload = 56;
    size_t offset = payload;
    ntlm_header_write(w, NTLM_CHALLENGE);
    ntlm_field_write(w, m->target_name.size, payload, &offset);
    wire_write_u32(w, m->flags);
    wire_write_bytes(w, m->challenge, sizeof m->challenge);
    wire_write_zeros(w, 8);
    ntlm_field_write(w, m->target_info.size, payload, &offset);
    if (m->version != NULL) {
        wire_write_bytes(w, m->version, NTLM_VERSION_SIZE);
    } else {
        wire_write_zeros(w, NTLM_VERSION_SIZE);
    }
    wire_write_bytes(w, m->target_name.data, m->target_name.size);
    wire_write_bytes(w, m->target_info.data, m->target_info.size);
}
