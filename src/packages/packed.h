/* SPDX-License-Identifier: MIT */
/*
 * packages/packed: the parts of packed contexts that packages write alike. Little-endian. Freestanding.
 *
 *     head                 PACKAGES_PACKED_HEAD
 *         magic                8
 *         version              u16
 *         reserved             u16, 0
 *         total size           u32, exactly what was handed over
 *         attributes           u32, ISC_RET_* or ASC_RET_* by role
 *         reserved             u32, 0
 *         start, expiry        u64 each, FILETIME
 *     a text               u16 count of units, UTF-16LE units without NUL
 */
#ifndef OPENSSPI_PACKAGES_PACKED_H
#define OPENSSPI_PACKAGES_PACKED_H

#include <sspi.h>

#include "base/wire.h"
#include "packages/heap.h"
#include "packages/view.h"

enum { PACKAGES_PACKED_HEAD = 40 };

struct packages_packed_kind {
    uint8_t magic[8];
    uint16_t version;
};

struct packages_packed_head {
    uint32_t attributes;
    uint64_t start, expiry;
};

void packages_packed_write_head(struct wire_writer *w, const struct packages_packed_kind *kind, size_t size,
                                const struct packages_packed_head *head);
/* false: of another kind or version, not of that size, or with times that cannot be. */
bool packages_packed_read_head(struct wire_reader *r, const struct packages_packed_kind *kind, size_t size,
                               struct packages_packed_head *head);

size_t packages_packed_texts_size(const struct packages_view *texts, size_t count);
/* w fails where a text is too long. */
void packages_packed_write_texts(struct wire_writer *w, const struct packages_view *texts, size_t count);
/*
 * Reads count texts, behind which exactly `behind` bytes stand. They stand, terminated, one behind the other
 * in *block (heap's, now the caller's). SEC_E_INVALID_TOKEN, SEC_E_INSUFFICIENT_MEMORY; then nothing is
 * allocated.
 */
SECURITY_STATUS packages_packed_read_texts(struct wire_reader *r, size_t behind, struct packages_view *texts,
                                           size_t count, const struct packages_heap *heap, char16_t **block);

#endif
