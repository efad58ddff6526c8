/* SPDX-License-Identifier: MIT */
/* X.690 section 10: the distinguished encoding. */
#include "packages/negotiate/negotiate_der.h"

/* Tag, length and contents at the front of d; nothing is taken. */
static bool der_front(const struct der *d, uint8_t *tag, struct span *whole, struct span *contents)
{
    struct wire_reader r;

    if (d->failed || d->left.size == 0)
        return false;
    wire_read_init(&r, d->left.data, d->left.size);
    *tag = wire_read_u8(&r);
    size_t length = wire_read_u8(&r);
    if (length >= 0x80) {
        size_t bytes = length & 0x7f;

        if (bytes == 0 || bytes > 4)
            return false;
        length = 0;
        for (size_t i = 0; i < bytes; i++)
            length = length << 8 | wire_read_u8(&r);
        if (length < 0x80 || length >> (8 * (bytes - 1)) == 0)
            return false;
    }
    /* High tag numbers are not SPNEGO's. */
    if (r.failed || (*tag & 0x1f) == 0x1f || length > wire_read_left(&r))
        return false;
    *contents = (struct span){d->left.data + r.at, length};
    *whole = (struct span){d->left.data, r.at + length};
    return true;
}

static struct span der_cut(struct der *d, uint8_t tag, bool with_head)
{
    struct span whole, contents;
    uint8_t found;

    if (!der_front(d, &found, &whole, &contents) || found != tag) {
        d->failed = true;
        return (struct span){NULL, 0};
    }
    d->left = (struct span){d->left.data + whole.size, d->left.size - whole.size};
    return with_head ? whole : contents;
}

uint8_t der_peek(const struct der *d)
{
    return d->failed || d->left.size == 0 ? 0 : d->left.data[0];
}

struct span der_take(struct der *d, uint8_t tag)
{
    return der_cut(d, tag, false);
}

struct span der_whole(struct der *d, uint8_t tag)
{
    return der_cut(d, tag, true);
}

bool der_optional(struct der *d, uint8_t tag, struct span *contents)
{
    if (der_peek(d) != tag)
        return false;
    *contents = der_take(d, tag);
    return !d->failed;
}

bool der_done(const struct der *d)
{
    return !d->failed && d->left.size == 0;
}

static size_t length_bytes(size_t contents)
{
    size_t bytes = 0;

    if (contents < 0x80)
        return 0;
    for (; contents != 0; contents >>= 8)
        bytes++;
    return bytes;
}

size_t der_size(size_t contents)
{
    return 2 + length_bytes(contents) + contents;
}

void der_write_head(struct wire_writer *w, uint8_t tag, size_t contents)
{
    size_t bytes = length_bytes(contents);

    wire_write_u8(w, tag);
    wire_write_u8(w, (uint8_t)(bytes == 0 ? contents : 0x80 | bytes));
    while (bytes-- > 0)
        wire_write_u8(w, (uint8_t)(contents >> (8 * bytes)));
}
