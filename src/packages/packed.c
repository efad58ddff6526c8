/* SPDX-License-Identifier: MIT */
#include "packages/packed.h"

enum { TEXT_MAX = 32768 };

void packages_packed_write_head(struct wire_writer *w, const struct packages_packed_kind *kind, size_t size,
                                const struct packages_packed_head *head)
{
    wire_write_bytes(w, kind->magic, sizeof kind->magic);
    wire_write_u16(w, kind->version);
    wire_write_u16(w, 0);
    wire_write_u32(w, (uint32_t)size);
    wire_write_u32(w, head->attributes);
    wire_write_u32(w, 0);
    wire_write_u64(w, head->start);
    wire_write_u64(w, head->expiry);
}

bool packages_packed_read_head(struct wire_reader *r, const struct packages_packed_kind *kind, size_t size,
                               struct packages_packed_head *head)
{
    const uint8_t *magic = wire_read_bytes(r, sizeof kind->magic);
    uint16_t version = wire_read_u16(r);
    uint16_t reserved = wire_read_u16(r);
    uint32_t total = wire_read_u32(r);
    head->attributes = wire_read_u32(r);
    uint32_t reserved_too = wire_read_u32(r);
    head->start = wire_read_u64(r);
    head->expiry = wire_read_u64(r);
    return !r->failed && memcmp(magic, kind->magic, sizeof kind->magic) == 0 && version == kind->version &&
           reserved == 0 && reserved_too == 0 && total == size && head->start <= head->expiry &&
           head->expiry <= INT64_MAX;
}

size_t packages_packed_texts_size(const struct packages_view *texts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += 2 + 2 * texts[i].units;
    return size;
}

void packages_packed_write_texts(struct wire_writer *w, const struct packages_view *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (texts[i].units > TEXT_MAX) {
            w->failed = true;
            return;
        }
        wire_write_u16(w, (uint16_t)texts[i].units);
        for (size_t u = 0; u < texts[i].units; u++)
            wire_write_u16(w, texts[i].text[u]);
    }
}

/* Copies one text to *at and moves it behind its terminator. */
static bool read_text(struct wire_reader *r, size_t behind, struct packages_view *out, char16_t **at)
{
    if (wire_read_left(r) < behind + 2)
        return false;
    size_t units = wire_read_u16(r);
    /* What stands behind the texts is nobody's text: the block has no room for it. */
    if (units > TEXT_MAX || wire_read_left(r) < behind + 2 * units)
        return false;
    char16_t *text = *at;
    for (size_t i = 0; i < units; i++) {
        text[i] = wire_read_u16(r);
        if (text[i] == 0)
            return false;
    }
    text[units] = 0;
    *out = (struct packages_view){text, units};
    *at = text + units + 1;
    return true;
}

SECURITY_STATUS packages_packed_read_texts(struct wire_reader *r, size_t behind, struct packages_view *texts,
                                           size_t count, const struct packages_heap *heap, char16_t **block)
{
    /* All texts and their terminators: the room that they have on the wire, whose counts become terminators.
     */
    size_t left = wire_read_left(r);
    if (left <= behind)
        return SEC_E_INVALID_TOKEN;
    char16_t *made = heap->alloc(left - behind), *at = made;
    if (made == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (!read_text(r, behind, &texts[i], &at)) {
            heap->release(made);
            return SEC_E_INVALID_TOKEN;
        }
    }
    if (wire_read_left(r) != behind) {
        heap->release(made);
        return SEC_E_INVALID_TOKEN;
    }
    *block = made;
    return SEC_E_OK;
}
