/* SPDX-License-Identifier: MIT */
/* packages/views: the scanned descriptors of a batch, one behind the other, each only as long as its message
 * has parts. */
#ifndef OPENSSPI_PACKAGES_VIEWS_H
#define OPENSSPI_PACKAGES_VIEWS_H

#include "base/secbuf.h"

enum { PACKAGES_VIEWS_ROOM = 8192 };

struct packages_views {
    size_t used;
    uint8_t room[PACKAGES_VIEWS_ROOM] __attribute__((aligned(16)));
};

/* Where the next one may be scanned to, whatever its size; NULL: the room may not suffice. */
static inline struct secbuf_view *packages_views_next(struct packages_views *v)
{
    bool fits = v->used + sizeof(struct secbuf_view) <= sizeof v->room;
    return fits ? (struct secbuf_view *)(void *)(v->room + v->used) : NULL;
}

/* It stays; the next one comes behind its parts. */
static inline void packages_views_keep(struct packages_views *v, const struct secbuf_view *view)
{
    v->used += offsetof(struct secbuf_view, parts) + view->count * sizeof view->parts[0];
}
_Static_assert(offsetof(struct secbuf_view, parts) % 8 == 0 && sizeof(struct span) % 8 == 0, "aligned");

#endif
