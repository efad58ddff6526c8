/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_packed.h"

#include "base/secret.h"
#include "packages/packed.h"

enum {
    PACKED_COMMON = ISC_RET_DELEGATE | ISC_RET_MUTUAL_AUTH | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT |
                    ISC_RET_CONFIDENTIALITY | ISC_RET_USED_DCE_STYLE | ISC_RET_CONNECTION,
    PACKED_INITIATOR = PACKED_COMMON | ISC_RET_INTEGRITY | ISC_RET_IDENTIFY | ISC_RET_USED_SUPPLIED_CREDS,
    PACKED_ACCEPTOR = PACKED_COMMON | ASC_RET_INTEGRITY | ASC_RET_IDENTIFY,
};

bool kerberos_allow_rc4;

static const struct packages_packed_kind packed_kind = {{'K', 'R', 'B', '5', 'C', 'T', 'X', 0}, 1};

size_t kerberos_packed_size(const struct kerberos_packed *p)
{
    return PACKAGES_PACKED_HEAD + packages_packed_texts_size(p->text, KERBEROS_TEXT_COUNT) + KRB5_PACK_SIZE;
}

bool kerberos_packed_write(const struct kerberos_packed *p, uint8_t *out, size_t size)
{
    uint8_t state[KRB5_PACK_SIZE];
    const struct packages_packed_head head = {p->attributes, p->start, p->expiry};
    struct wire_writer w;
    wire_write_init(&w, out, size);
    packages_packed_write_head(&w, &packed_kind, size, &head);
    packages_packed_write_texts(&w, p->text, KERBEROS_TEXT_COUNT);
    krb5_protect_pack(&p->protect, state);
    wire_write_bytes(&w, state, sizeof state);
    secret_wipe(state, sizeof state);
    return !w.failed && w.at == size;
}

/* What was negotiated stands in the attributes and in the protection state. */
static bool packed_consistent(const struct kerberos_packed *p)
{
    const uint32_t flags = p->protect.flags, attributes = p->attributes;
    const bool initiator = (flags & KRB5_F_INITIATOR) != 0;
    const uint32_t known = initiator ? PACKED_INITIATOR : PACKED_ACCEPTOR;
    const uint32_t integrity = initiator ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY;
    const struct {
        uint32_t attribute, flag;
    } pairs[] = {
        {ISC_RET_REPLAY_DETECT, KRB5_F_REPLAY},     {ISC_RET_SEQUENCE_DETECT, KRB5_F_SEQUENCE},
        {ISC_RET_CONFIDENTIALITY, KRB5_F_CONF},     {integrity, KRB5_F_INTEG},
        {ISC_RET_USED_DCE_STYLE, KRB5_F_DCE_STYLE},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (((attributes & pairs[i].attribute) != 0) != ((flags & pairs[i].flag) != 0))
            return false;
    return (attributes & ~known) == 0;
}

SECURITY_STATUS kerberos_packed_read_into(struct kerberos_packed *p, char16_t **names,
                                          const struct packages_heap *heap, const uint8_t *in, size_t size)
{
    struct packages_packed_head head;
    struct wire_reader r;
    char16_t *block = NULL;
    memset(p, 0, sizeof *p);
    if (in == NULL)
        return SEC_E_INVALID_TOKEN;
    wire_read_init(&r, in, size);
    if (!packages_packed_read_head(&r, &packed_kind, size, &head))
        return SEC_E_INVALID_TOKEN;
    SECURITY_STATUS status =
        packages_packed_read_texts(&r, KRB5_PACK_SIZE, p->text, KERBEROS_TEXT_COUNT, heap, &block);
    p->attributes = head.attributes;
    p->start = head.start;
    p->expiry = head.expiry;
    if (status == SEC_E_OK &&
        (!krb5_protect_unpack(&p->protect, wire_read_bytes(&r, KRB5_PACK_SIZE), KRB5_PACK_SIZE) ||
         !packed_consistent(p)))
        status = SEC_E_INVALID_TOKEN;
    if (status == SEC_E_OK && p->protect.key.etype == KRB5_ETYPE_RC4 && !kerberos_allow_rc4)
        status = SEC_E_KDC_UNKNOWN_ETYPE;
    if (status != SEC_E_OK) {
        heap->release(block);
        secret_wipe(p, sizeof *p);
        return status;
    }
    *names = block;
    return SEC_E_OK;
}
