/* SPDX-License-Identifier: MIT */
#include "ksec/payload.h"

#include "base/wire.h"

enum { PAYLOAD_VERSION = 1 };
static const uint8_t payload_magic[8] = {'S', 'S', 'P', 'K', 'C', 'T', 'X', 0};

static bool name_valid(struct span name)
{
    if (name.size == 0 || name.size > KSEC_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] <= ' ' || name.data[i] > '~')
            return false;
    return true;
}

bool ksec_payload_read(const void *bytes, size_t size, struct ksec_payload *out)
{
    struct wire_reader r;
    if (bytes == NULL || size > KSEC_PAYLOAD_MAX)
        return false;
    wire_read_init(&r, bytes, size);
    const uint8_t *magic = wire_read_bytes(&r, sizeof payload_magic);
    uint16_t version = wire_read_u16(&r);
    size_t name_size = wire_read_u16(&r);
    uint32_t total = wire_read_u32(&r);
    struct span name = {wire_read_bytes(&r, name_size), name_size};
    struct span packed = {NULL, wire_read_left(&r)};
    packed.data = wire_read_bytes(&r, packed.size);
    if (r.failed || memcmp(magic, payload_magic, sizeof payload_magic) != 0 || version != PAYLOAD_VERSION ||
        total != size || !name_valid(name) || packed.size == 0)
        return false;
    *out = (struct ksec_payload){name, packed};
    return true;
}

size_t ksec_payload_size(const struct ksec_payload *p)
{
    if (!name_valid(p->name) || p->packed.size == 0 ||
        p->packed.size > KSEC_PAYLOAD_MAX - KSEC_PAYLOAD_HEAD - p->name.size)
        return 0;
    return KSEC_PAYLOAD_HEAD + p->name.size + p->packed.size;
}

void ksec_payload_write(const struct ksec_payload *p, void *out)
{
    struct wire_writer w;
    size_t size = ksec_payload_size(p);
    wire_write_init(&w, out, size);
    wire_write_bytes(&w, payload_magic, sizeof payload_magic);
    wire_write_u16(&w, PAYLOAD_VERSION);
    wire_write_u16(&w, (uint16_t)p->name.size);
    wire_write_u32(&w, (uint32_t)size);
    wire_write_bytes(&w, p->name.data, p->name.size);
    wire_write_bytes(&w, p->packed.data, p->packed.size);
}
