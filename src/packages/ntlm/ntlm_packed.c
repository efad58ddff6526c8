/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_packed.h"

#include "base/secret.h"
#include "packages/packed.h"

static const struct packages_packed_kind packed_kind = {{'N', 'T', 'L', 'M', 'C', 'T', 'X', 0}, 1};

size_t ntlm_packed_size(const struct ntlm_packed *p)
{
    return PACKAGES_PACKED_HEAD + sizeof p->session_key +
           packages_packed_texts_size(p->text, NTLM_TEXT_COUNT) + NTLM_PACK_SIZE;
}

bool ntlm_packed_write(const struct ntlm_packed *p, uint8_t *out, size_t size)
{
    uint8_t state[NTLM_PACK_SIZE];
    const struct packages_packed_head head = {p->attributes, p->start, p->expiry};
    struct wire_writer w;
    wire_write_init(&w, out, size);
    packages_packed_write_head(&w, &packed_kind, size, &head);
    wire_write_bytes(&w, p->session_key, sizeof p->session_key);
    packages_packed_write_texts(&w, p->text, NTLM_TEXT_COUNT);
    ntlm_protect_pack(&p->protect, state);
    wire_write_bytes(&w, state, sizeof state);
    secret_wipe(state, sizeof state);
    return !w.failed && w.at == size;
}

/* The role and the datagram kind stand in both the attributes and the protection state. */
static bool packed_consistent(const struct ntlm_packed *p)
{
    const uint32_t known = p->protect.initiator
                               ? ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT | ISC_RET_CONFIDENTIALITY |
                                     ISC_RET_DATAGRAM | ISC_RET_CONNECTION | ISC_RET_STREAM |
                                     ISC_RET_INTEGRITY | ISC_RET_IDENTIFY | ISC_RET_NULL_SESSION |
                                     ISC_RET_USED_SUPPLIED_CREDS | ISC_RET_MANUAL_CRED_VALIDATION
                               : ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT | ASC_RET_CONFIDENTIALITY |
                                     ASC_RET_DATAGRAM | ASC_RET_CONNECTION | ASC_RET_STREAM |
                                     ASC_RET_INTEGRITY | ASC_RET_IDENTIFY | ASC_RET_NULL_SESSION;
    const uint32_t datagram = p->protect.initiator ? ISC_RET_DATAGRAM : ASC_RET_DATAGRAM;
    return (p->attributes & ~known) == 0 &&
           ((p->attributes & datagram) != 0) == ((p->protect.flags & NTLM_F_DATAGRAM) != 0);
}

SECURITY_STATUS ntlm_packed_read_into(struct ntlm_packed *p, char16_t **names,
                                      const struct packages_heap *heap, const uint8_t *in, size_t size)
{
    struct packages_packed_head head;
    struct wire_reader r;
    char16_t *block = NULL;
    memset(p, 0, sizeof *p);
    if (in == NULL) {
        return SEC_E_INVALID_TOKEN;
    }
    wire_read_init(&r, in, size);
    if (!packages_packed_read_head(&r, &packed_kind, size, &head)) {
        return SEC_E_INVALID_TOKEN;
    }
    wire_read_copy(&r, p->session_key, sizeof p->session_key);
    SECURITY_STATUS status =
        packages_packed_read_texts(&r, NTLM_PACK_SIZE, p->text, NTLM_TEXT_COUNT, heap, &block);
    p->attributes = head.attributes;
    p->start = head.start;
    p->expiry = head.expiry;
    if (status == SEC_E_OK &&
        (!ntlm_protect_unpack(&p->protect, wire_read_bytes(&r, NTLM_PACK_SIZE), NTLM_PACK_SIZE) ||
         !packed_consistent(p))) {
        status = SEC_E_INVALID_TOKEN;
    }
    if (status != SEC_E_OK) {
        heap->release(block);
        secret_wipe(p, sizeof *p);
        return status;
    }
    *names = block;
    return SEC_E_OK;
}

enum window_mode ntlm_packed_detect(uint32_t attributes)
{
    if (attributes & ISC_RET_SEQUENCE_DETECT) {
        return WINDOW_SEQUENCE;
    }
    return attributes & ISC_RET_REPLAY_DETECT ? WINDOW_REPLAY : WINDOW_OFF;
}
