/* SPDX-License-Identifier: MIT */
#include "protect/ntlm.h"

#include "base/secret.h"
#include "base/wire.h"

/*
 * All little-endian, what is unused is zero:
 *   0 magic, version (16 bits), size (16), flags (32), seal_key_size, initiator, 2 zeros      16 bytes
 *  16 send, then receive, each: inner and outer chaining words (8 x 32), seal_key, sequence (64),
 *     then 264 bytes: RC4 i, j, s[256], or window first, next (64 each), mode, width, full, seen (16 x 64)
 * 656 zeros
 */
#define PACK_MAGIC 0x504d544eu /* "NTMP" */
enum { PACK_VERSION = 1, STREAM_SIZE = 264 };

_Static_assert(16 + 2 * (32 + NTLM_KEY_SIZE + 8 + STREAM_SIZE) <= NTLM_PACK_SIZE, "the packed form has room");

static void write_stream(struct wire_writer *w, const struct crypto_rc4 *rc4)
{
    wire_write_u8(w, rc4->i);
    wire_write_u8(w, rc4->j);
    wire_write_bytes(w, rc4->s, sizeof rc4->s);
    wire_write_zeros(w, STREAM_SIZE - 258);
}

static void write_window(struct wire_writer *w, const struct window *window)
{
    wire_write_u64(w, window->first);
    wire_write_u64(w, window->next);
    wire_write_u8(w, window->mode);
    wire_write_u8(w, window->width);
    wire_write_u8(w, window->full);
    for (size_t i = 0; i < WINDOW_SIZE / 64; i++)
        wire_write_u64(w, window->seen[i]);
    wire_write_zeros(w, STREAM_SIZE - 147);
}

/* All bytes or-ed together, and-ed together; eight at a time, for these are most of what is read. */
static uint8_t fold(const uint8_t *p, size_t size, bool any)
{
    uint64_t words = any ? 0 : UINT64_MAX, word;
    for (; size >= sizeof word; p += sizeof word, size -= sizeof word) {
        memcpy(&word, p, sizeof word);
        words = any ? words | word : words & word;
    }
    uint8_t folded = any ? 0 : UINT8_MAX;
    for (size_t i = 0; i < sizeof words; i++)
        folded = (uint8_t)(any ? folded | words >> 8 * i : folded & words >> 8 * i);
    for (; size > 0; p++, size--)
        folded = any ? folded | *p : folded & *p;
    return folded;
}

static bool read_zeros(struct wire_reader *r, size_t size)
{
    const uint8_t *p = wire_read_bytes(r, size);
    return p != NULL && fold(p, size, true) == 0;
}

static bool read_stream(struct wire_reader *r, struct crypto_rc4 *rc4)
{
    uint8_t found[256] = {0};
    rc4->i = wire_read_u8(r);
    rc4->j = wire_read_u8(r);
    wire_read_copy(r, rc4->s, sizeof rc4->s);
    for (size_t i = 0; i < sizeof rc4->s; i++)
        found[rc4->s[i]] = 1;
    return read_zeros(r, STREAM_SIZE - 258) && fold(found, sizeof found, false) == 1;
}

static bool read_window(struct wire_reader *r, struct window *window)
{
    window->first = wire_read_u64(r);
    window->next = wire_read_u64(r);
    window->mode = wire_read_u8(r);
    window->width = wire_read_u8(r);
    window->full = wire_read_u8(r);
    for (size_t i = 0; i < WINDOW_SIZE / 64; i++)
        window->seen[i] = wire_read_u64(r);
    return read_zeros(r, STREAM_SIZE - 147) && window->first <= UINT32_MAX &&
           window->next <= UINT64_C(1) << 32 && window->mode <= WINDOW_SEQUENCE && window->width == 32 &&
           window->full == 0;
}

/* Which of the union's members a direction has follows from the flags. */
enum stream_kind { STREAM_NONE, STREAM_RC4, STREAM_WINDOW };

static enum stream_kind stream_kind(const struct ntlm_protect *p, bool receiving)
{
    if (p->flags & NTLM_F_DATAGRAM)
        return receiving ? STREAM_WINDOW : STREAM_NONE;
    return receiving && ntlm_protect_shared(p) ? STREAM_NONE : STREAM_RC4;
}

static void write_direction(struct wire_writer *w, const struct ntlm_direction *d, enum stream_kind kind)
{
    for (size_t i = 0; i < 4; i++)
        wire_write_u32(w, d->sign.inner[i]);
    for (size_t i = 0; i < 4; i++)
        wire_write_u32(w, d->sign.outer[i]);
    wire_write_bytes(w, d->seal_key, sizeof d->seal_key);
    wire_write_u64(w, d->sequence);
    if (kind == STREAM_RC4)
        write_stream(w, &d->u.rc4);
    else if (kind == STREAM_WINDOW)
        write_window(w, &d->u.window);
    else
        wire_write_zeros(w, STREAM_SIZE);
}

static bool read_direction(struct wire_reader *r, struct ntlm_direction *d, enum stream_kind kind)
{
    for (size_t i = 0; i < 4; i++)
        d->sign.inner[i] = wire_read_u32(r);
    for (size_t i = 0; i < 4; i++)
        d->sign.outer[i] = wire_read_u32(r);
    wire_read_copy(r, d->seal_key, sizeof d->seal_key);
    d->sequence = wire_read_u64(r);
    if (d->sequence > UINT64_C(1) << 32)
        return false;
    if (kind == STREAM_RC4)
        return read_stream(r, &d->u.rc4);
    return kind == STREAM_WINDOW ? read_window(r, &d->u.window) : read_zeros(r, STREAM_SIZE);
}

static bool read_all(struct wire_reader *r, struct ntlm_protect *p)
{
    if (wire_read_u32(r) != PACK_MAGIC || wire_read_u16(r) != PACK_VERSION ||
        wire_read_u16(r) != NTLM_PACK_SIZE)
        return false;
    p->flags = wire_read_u32(r);
    p->seal_key_size = wire_read_u8(r);
    p->initiator = wire_read_u8(r);
    /* LAN Manager keys exist without ESS only, and we have none. */
    bool possible = (p->flags & NTLM_F_ESS) || !(p->flags & NTLM_F_LM_KEY);
    bool weak = !(p->flags & NTLM_F_ESS) && (p->flags & NTLM_F_DATAGRAM);
    return possible && p->seal_key_size == (weak ? 8 : NTLM_KEY_SIZE) && p->initiator <= 1 &&
           read_zeros(r, 2) && read_direction(r, &p->send, stream_kind(p, false)) &&
           read_direction(r, &p->receive, stream_kind(p, true)) && read_zeros(r, wire_read_left(r)) &&
           !r->failed;
}

void ntlm_protect_pack(const struct ntlm_protect *p, uint8_t out[static NTLM_PACK_SIZE])
{
    struct wire_writer w;
    wire_write_init(&w, out, NTLM_PACK_SIZE);
    wire_write_u32(&w, PACK_MAGIC);
    wire_write_u16(&w, PACK_VERSION);
    wire_write_u16(&w, NTLM_PACK_SIZE);
    wire_write_u32(&w, p->flags);
    wire_write_u8(&w, p->seal_key_size);
    wire_write_u8(&w, p->initiator);
    wire_write_zeros(&w, 2);
    write_direction(&w, &p->send, stream_kind(p, false));
    write_direction(&w, &p->receive, stream_kind(p, true));
    wire_write_zeros(&w, NTLM_PACK_SIZE - w.at);
}

bool ntlm_protect_unpack(struct ntlm_protect *p, const uint8_t *in, size_t size)
{
    if (size != NTLM_PACK_SIZE)
        return false;
    struct wire_reader r;
    struct ntlm_protect read;
    memset(&read, 0, sizeof read);
    wire_read_init(&r, in, size);
    bool ok = read_all(&r, &read);
    if (ok)
        memcpy(p, &read, sizeof *p);
    secret_wipe(&read, sizeof read);
    return ok;
}
