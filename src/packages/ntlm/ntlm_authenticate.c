/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_messages.h"
#include "protect/ntlm.h"

/* Where the payload begins: VERSION and MIC have no flags of their own that all clients set, so the room
 * before the first payload byte tells whether they are there. */
static size_t ntlm_payload_start(struct span token, const struct ntlm_authenticate *m)
{
    const struct span fields[] = {m->lm, m->nt, m->domain, m->user, m->workstation, m->session_key};
    size_t start = token.size;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].size != 0 && (size_t)(fields[i].data - token.data) < start) {
            start = (size_t)(fields[i].data - token.data);
        }
    }
    return start;
}

bool ntlm_authenticate_read(struct span token, struct ntlm_authenticate *out)
{
    *out = (struct ntlm_authenticate){0};
    if (ntlm_message_type(token) != NTLM_AUTHENTICATE) {
        return false;
    }
    struct wire_reader r;
    wire_read_init(&r, token.data, token.size);
    (void)wire_read_bytes(&r, 12);
    ntlm_field_read(&r, false, &out->lm);
    ntlm_field_read(&r, false, &out->nt);
    ntlm_field_read(&r, true, &out->domain);
    ntlm_field_read(&r, true, &out->user);
    ntlm_field_read(&r, true, &out->workstation);
    ntlm_field_read(&r, false, &out->session_key);
    out->flags = wire_read_u32(&r);
    if (r.failed) {
        return false;
    }
    size_t start = ntlm_payload_start(token, out);
    if (start < r.at) {
        return false; /* a field inside the header */
    }
    if (start >= NTLM_MIC_OFFSET) {
        out->version = wire_read_bytes(&r, NTLM_VERSION_SIZE);
    }
    if (start >= NTLM_AUTHENTICATE_HEADER) {
        out->mic = wire_read_bytes(&r, NTLM_MIC_SIZE);
    }
    return !r.failed;
}

void ntlm_authenticate_write(struct wire_writer *w, const struct ntlm_authenticate *m)
{
    const size_t payload = NTLM_AUTHENTICATE_HEADER;
    const struct span fields[] = {m->lm, m->nt, m->domain, m->user, m->workstation, m->session_key};
    const size_t count = sizeof fields / sizeof fields[0];
    size_t offset = payload;
    ntlm_header_write(w, NTLM_AUTHENTICATE);
    for (size_t i = 0; i < count; i++) {
        ntlm_field_write(w, fields[i].size, payload, &offset);
    }
    wire_write_u32(w, m->flags);
    if (m->version != NULL) {
        wire_write_bytes(w, m->version, NTLM_VERSION_SIZE);
    } else {
        wire_write_zeros(w, NTLM_VERSION_SIZE);
    }
    if (m->mic != NULL) {
        wire_write_bytes(w, m->mic, NTLM_MIC_SIZE);
    } else {
        wire_write_zeros(w, NTLM_MIC_SIZE);
    }
    for (size_t i = 0; i < count; i++) {
        wire_write_bytes(w, fields[i].data, fields[i].size);
    }
}

bool ntlm_v2_response_read(struct span nt, struct ntlm_v2_response *out)
{
    struct wire_reader r;
    wire_read_init(&r, nt.data, nt.size);
    out->proof = wire_read_bytes(&r, NTLM_V2_PROOF_SIZE);
    out->blob = (struct span){nt.data + (r.failed ? 0 : r.at), wire_read_left(&r)};
    uint8_t version = wire_read_u8(&r);
    uint8_t highest = wire_read_u8(&r);
    (void)wire_read_u16(&r);
    (void)wire_read_u32(&r);
    out->time = wire_read_u64(&r);
    out->client_challenge = wire_read_bytes(&r, 8);
    (void)wire_read_u32(&r);
    if (r.failed || version != 1 || highest != 1) {
        return false;
    }
    out->av_pairs.size = wire_read_left(&r);
    out->av_pairs.data = wire_read_bytes(&r, out->av_pairs.size);
    return !r.failed;
}

void ntlm_v2_blob_write(struct wire_writer *w, uint64_t time, const uint8_t client_challenge[static 8],
                        struct span av_pairs)
{
    wire_write_u8(w, 1);
    wire_write_u8(w, 1);
    wire_write_zeros(w, 6);
    wire_write_u64(w, time);
    wire_write_bytes(w, client_challenge, 8);
    wire_write_zeros(w, 4);
    wire_write_bytes(w, av_pairs.data, av_pairs.size);
    wire_write_zeros(w, 4);
}
