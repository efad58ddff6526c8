/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_packed.h"

#include "base/mem.h"
#include "base/secret.h"
#include "base/wire.h"

enum {
    PACKED_VERSION = 1,
    PACKED_HEAD = 40,
    PACKED_TEXT_MAX = 32768,

    PACKED_COMMON = ISC_RET_DELEGATE | ISC_RET_MUTUAL_AUTH | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT |
                    ISC_RET_CONFIDENTIALITY | ISC_RET_USED_DCE_STYLE | ISC_RET_CONNECTION,
    PACKED_INITIATOR = PACKED_COMMON | ISC_RET_INTEGRITY | ISC_RET_IDENTIFY | ISC_RET_USED_SUPPLIED_CREDS,
    PACKED_ACCEPTOR = PACKED_COMMON | ASC_RET_INTEGRITY | ASC_RET_IDENTIFY,
};

static const uint8_t packed_magic[8] = {'K', 'R', 'B', '5', 'C', 'T', 'X', 0};

size_t kerberos_packed_size(const struct kerberos_packed *p)
{
    size_t size = PACKED_HEAD + KRB5_PACK_SIZE;
    for (size_t i = 0; i < KERBEROS_TEXT_COUNT; i++)
        size += 2 + 2 * p->text[i].units;
    return size;
}

static void packed_write_text(struct wire_writer *w, const char16_t *text, size_t units)
{
    if (units > PACKED_TEXT_MAX) {
        w->failed = true;
        return;
    }
    wire_write_u16(w, (uint16_t)units);
    for (size_t i = 0; i < units; i++)
        wire_write_u16(w, text[i]);
}

bool kerberos_packed_write(const struct kerberos_packed *p, uint8_t *out, size_t size)
{
    uint8_t state[KRB5_PACK_SIZE];
    struct wire_writer w;
    wire_write_init(&w, out, size);
    wire_write_bytes(&w, packed_magic, sizeof packed_magic);
    wire_write_u16(&w, PACKED_VERSION);
    wire_write_u16(&w, 0);
    wire_write_u32(&w, (uint32_t)size);
    wire_write_u32(&w, p->attributes);
    wire_write_u32(&w, 0);
    wire_write_u64(&w, p->start);
    wire_write_u64(&w, p->expiry);
    for (size_t i = 0; i < KERBEROS_TEXT_COUNT; i++)
        packed_write_text(&w, p->text[i].text, p->text[i].units);
    krb5_protect_pack(&p->protect, state);
    wire_write_bytes(&w, state, sizeof state);
    secret_wipe(state, sizeof state);
    return !w.failed && w.at == size;
}

static bool packed_read_head(struct wire_reader *r, struct kerberos_packed *p, size_t size)
{
    const uint8_t *magic = wire_read_bytes(r, sizeof packed_magic);
    uint16_t version = wire_read_u16(r);
    uint16_t reserved = wire_read_u16(r);
    uint32_t total = wire_read_u32(r);
    p->attributes = wire_read_u32(r);
    uint32_t reserved_too = wire_read_u32(r);
    p->start = wire_read_u64(r);
    p->expiry = wire_read_u64(r);
    return !r->failed && memcmp(magic, packed_magic, sizeof packed_magic) == 0 && version == PACKED_VERSION &&
           reserved == 0 && reserved_too == 0 && total == size && p->start <= p->expiry &&
           p->expiry <= INT64_MAX;
}

/* Copies one text to *at and moves it behind its terminator. */
static bool packed_read_text(struct wire_reader *r, struct kerberos_packed *p, size_t index, char16_t **at)
{
    size_t units = wire_read_u16(r);
    /* The state behind the texts is nobody's text: the block has no room for it. */
    if (units > PACKED_TEXT_MAX || wire_read_left(r) < KRB5_PACK_SIZE + 2 * units)
        return false;
    char16_t *text = *at;
    for (size_t i = 0; i < units; i++) {
        text[i] = wire_read_u16(r);
        if (text[i] == 0)
            return false;
    }
    text[units] = 0;
    p->text[index].text = text;
    p->text[index].units = units;
    *at = text + units + 1;
    return true;
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

SECURITY_STATUS kerberos_packed_read(struct kerberos_packed *p, char16_t **names, const uint8_t *in,
                                     size_t size)
{
    struct wire_reader r;
    SECURITY_STATUS status = SEC_E_INVALID_TOKEN;
    char16_t *block = NULL;
    memset(p, 0, sizeof *p);
    if (in == NULL || size < PACKED_HEAD + KRB5_PACK_SIZE + 2 * KERBEROS_TEXT_COUNT)
        return status;
    wire_read_init(&r, in, size);
    if (!packed_read_head(&r, p, size))
        goto out;
    /* All texts and their terminators: the room that they have on the wire, whose counts become terminators.
     */
    block = mem_alloc(size - PACKED_HEAD - KRB5_PACK_SIZE);
    if (block == NULL) {
        status = SEC_E_INSUFFICIENT_MEMORY;
        goto out;
    }
    char16_t *at = block;
    for (size_t i = 0; i < KERBEROS_TEXT_COUNT; i++)
        if (wire_read_left(&r) < KRB5_PACK_SIZE || !packed_read_text(&r, p, i, &at) ||
            wire_read_left(&r) < KRB5_PACK_SIZE)
            goto out;
    size_t left = wire_read_left(&r);
    if (left != KRB5_PACK_SIZE || !krb5_protect_unpack(&p->protect, wire_read_bytes(&r, left), left) ||
        !packed_consistent(p))
        goto out;
    *names = block;
    return SEC_E_OK;
out:
    mem_free(block);
    secret_wipe(p, sizeof *p);
    return status;
}
