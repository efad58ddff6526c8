/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_messages.h"

/* Sizes that 2.2.2.1 fixes; names only have to be whole UTF-16 units. */
static bool ntlm_av_size_right(uint16_t id, size_t size)
{
    switch (id) {
    case NTLM_AV_FLAGS:
        return size == 4;
    case NTLM_AV_TIMESTAMP:
        return size == 8;
    case NTLM_AV_CHANNEL_BINDINGS:
        return size == 16;
    case NTLM_AV_NB_COMPUTER:
    case NTLM_AV_NB_DOMAIN:
    case NTLM_AV_DNS_COMPUTER:
    case NTLM_AV_DNS_DOMAIN:
    case NTLM_AV_DNS_TREE:
    case NTLM_AV_TARGET_NAME:
        return size % 2 == 0;
    default:
        return true;
    }
}

bool ntlm_av_read(struct span list, struct ntlm_av_list *out)
{
    out->count = 0;
    out->duplicates = false;
    struct wire_reader r;
    wire_read_init(&r, list.data, list.size);
    for (;;) {
        uint16_t id = wire_read_u16(&r);
        size_t size = wire_read_u16(&r);
        const uint8_t *value = wire_read_bytes(&r, size);
        if (r.failed) {
            return false;
        }
        if (id == NTLM_AV_EOL) {
            return size == 0;
        }
        if (out->count == NTLM_AV_PAIRS_MAX || !ntlm_av_size_right(id, size)) {
            return false;
        }
        if (ntlm_av_find(out, id) != NULL) {
            out->duplicates = true;
        }
        out->pairs[out->count++] = (struct ntlm_av_pair){id, {value, size}};
    }
}

const struct ntlm_av_pair *ntlm_av_find(const struct ntlm_av_list *list, uint16_t id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->pairs[i].id == id) {
            return &list->pairs[i];
        }
    }
    return NULL;
}

uint32_t ntlm_av_flags(const struct ntlm_av_list *list)
{
    const struct ntlm_av_pair *pair = ntlm_av_find(list, NTLM_AV_FLAGS);
    return pair != NULL ? wire_get_u32(pair->value.data) : 0;
}

uint64_t ntlm_av_timestamp(const struct ntlm_av_list *list)
{
    const struct ntlm_av_pair *pair = ntlm_av_find(list, NTLM_AV_TIMESTAMP);
    if (pair == NULL) {
        return 0;
    }
    struct wire_reader r;
    wire_read_init(&r, pair->value.data, pair->value.size);
    return wire_read_u64(&r);
}

void ntlm_av_write(struct wire_writer *w, uint16_t id, struct span value)
{
    if (value.size > UINT16_MAX) {
        w->failed = true;
        return;
    }
    wire_write_u16(w, id);
    wire_write_u16(w, (uint16_t)value.size);
    wire_write_bytes(w, value.data, value.size);
}

void ntlm_av_write_u32(struct wire_writer *w, uint16_t id, uint32_t value)
{
    wire_write_u16(w, id);
    wire_write_u16(w, 4);
    wire_write_u32(w, value);
}

void ntlm_av_write_u64(struct wire_writer *w, uint16_t id, uint64_t value)
{
    wire_write_u16(w, id);
    wire_write_u16(w, 8);
    wire_write_u64(w, value);
}

void ntlm_av_write_end(struct wire_writer *w)
{
    wire_write_u16(w, NTLM_AV_EOL);
    wire_write_u16(w, 0);
}

const char *ntlm_av_name(uint16_t id)
{
    static const char *const names[NTLM_AV_KNOWN] = {
        [NTLM_AV_EOL] = "MsvAvEOL",
        [NTLM_AV_NB_COMPUTER] = "MsvAvNbComputerName",
        [NTLM_AV_NB_DOMAIN] = "MsvAvNbDomainName",
        [NTLM_AV_DNS_COMPUTER] = "MsvAvDnsComputerName",
        [NTLM_AV_DNS_DOMAIN] = "MsvAvDnsDomainName",
        [NTLM_AV_DNS_TREE] = "MsvAvDnsTreeName",
        [NTLM_AV_FLAGS] = "MsvAvFlags",
        [NTLM_AV_TIMESTAMP] = "MsvAvTimestamp",
        [NTLM_AV_SINGLE_HOST] = "MsvAvSingleHost",
        [NTLM_AV_TARGET_NAME] = "MsvAvTargetName",
        [NTLM_AV_CHANNEL_BINDINGS] = "MsvAvChannelBindings",
    };
    return id < NTLM_AV_KNOWN ? names[id] : NULL;
}
