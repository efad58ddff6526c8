/* SPDX-License-Identifier: MIT */
#include "base/wire.h"

void wire_read_init(struct wire_reader *r, const void *data, size_t size)
{
    *r = (struct wire_reader){.start = data, .size = size};
}

const uint8_t *wire_read_bytes(struct wire_reader *r, size_t size)
{
    if (r->failed || size > r->size - r->at) {
        r->failed = true;
        return NULL;
    }
    if (size == 0)
        return r->start + (r->start ? r->at : 0);
    const uint8_t *p = r->start + r->at;
    r->at += size;
    return p;
}

/* Every integer is read through these two, most significant byte last or first. */
static uint64_t read_le(struct wire_reader *r, size_t size)
{
    const uint8_t *p = wire_read_bytes(r, size);
    uint64_t v = 0;
    for (size_t i = 0; p && i < size; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static uint64_t read_be(struct wire_reader *r, size_t size)
{
    const uint8_t *p = wire_read_bytes(r, size);
    uint64_t v = 0;
    for (size_t i = 0; p && i < size; i++)
        v = v << 8 | p[i];
    return v;
}

uint8_t wire_read_u8(struct wire_reader *r)
{
    return (uint8_t)read_le(r, 1);
}

uint16_t wire_read_u16(struct wire_reader *r)
{
    return (uint16_t)read_le(r, 2);
}

uint32_t wire_read_u32(struct wire_reader *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t wire_read_u64(struct wire_reader *r)
{
    return read_le(r, 8);
}

uint16_t wire_read_u16_be(struct wire_reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t wire_read_u32_be(struct wire_reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t wire_read_u64_be(struct wire_reader *r)
{
    return read_be(r, 8);
}

void wire_read_copy(struct wire_reader *r, void *out, size_t size)
{
    const uint8_t *p = wire_read_bytes(r, size);
    if (size == 0)
        return;
    if (p)
        memcpy(out, p, size);
    else
        memset(out, 0, size);
}

size_t wire_read_left(const struct wire_reader *r)
{
    return r->failed ? 0 : r->size - r->at;
}

bool wire_read_at(struct wire_reader *r, size_t offset, size_t size, struct span *out)
{
    if (r->failed || offset > r->size || size > r->size - offset) {
        r->failed = true;
        return false;
    }
    out->data = r->start ? r->start + offset : NULL;
    out->size = size;
    return true;
}

void wire_write_init(struct wire_writer *w, void *data, size_t capacity)
{
    *w = (struct wire_writer){.start = data, .capacity = capacity};
}

/* Where the next size bytes go; NULL when there is nothing to write them to (counting only, or failed). */
static uint8_t *write_claim(struct wire_writer *w, size_t size)
{
    size_t limit = w->start ? w->capacity : SIZE_MAX;
    if (w->failed || size > limit - w->at) {
        w->failed = true;
        return NULL;
    }
    uint8_t *p = w->start ? w->start + w->at : NULL;
    w->at += size;
    return p;
}

static void write_le(struct wire_writer *w, uint64_t v, size_t size)
{
    uint8_t *p = write_claim(w, size);
    for (size_t i = 0; p && i < size; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void write_be(struct wire_writer *w, uint64_t v, size_t size)
{
    uint8_t *p = write_claim(w, size);
    for (size_t i = 0; p && i < size; i++)
        p[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
}

void wire_write_u8(struct wire_writer *w, uint8_t v)
{
    write_le(w, v, 1);
}

void wire_write_u16(struct wire_writer *w, uint16_t v)
{
    write_le(w, v, 2);
}

void wire_write_u32(struct wire_writer *w, uint32_t v)
{
    write_le(w, v, 4);
}

void wire_write_u64(struct wire_writer *w, uint64_t v)
{
    write_le(w, v, 8);
}

void wire_write_u16_be(struct wire_writer *w, uint16_t v)
{
    write_be(w, v, 2);
}

void wire_write_u32_be(struct wire_writer *w, uint32_t v)
{
    write_be(w, v, 4);
}

void wire_write_u64_be(struct wire_writer *w, uint64_t v)
{
    write_be(w, v, 8);
}

void wire_write_bytes(struct wire_writer *w, const void *data, size_t size)
{
    uint8_t *p = write_claim(w, size);
    if (p && size != 0)
        memcpy(p, data, size);
}

void wire_write_zeros(struct wire_writer *w, size_t size)
{
    uint8_t *p = write_claim(w, size);
    if (p && size != 0)
        memset(p, 0, size);
}
