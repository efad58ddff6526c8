/* SPDX-License-Identifier: MIT */
/*
 * The packed context. Raw keys, not chaining words: deriving them again costs a few microseconds once, and
 * there is nothing then that could contradict the keys. Read and write stand side by side and in the same
 * order.
 */
#include "base/secret.h"
#include "base/wire.h"
#include "protect/krb5_internal.h"

enum { PACK_MAGIC = 0x3542524b, /* "KRB5" */ PACK_VERSION = 1 };

static void write_key(struct wire_writer *w, const struct krb5_raw_key *key)
{
    wire_write_u16(w, key->etype);
    wire_write_bytes(w, key->bytes, sizeof key->bytes);
}

static void read_key(struct wire_reader *r, struct krb5_raw_key *key)
{
    key->etype = wire_read_u16(r);
    wire_read_copy(r, key->bytes, sizeof key->bytes);
}

static void write_window(struct wire_writer *w, const struct window_small *window)
{
    wire_write_u64(w, window->first);
    wire_write_u64(w, window->next);
    wire_write_u8(w, window->full);
    for (size_t i = 0; i < WINDOW_SMALL / 64; i++)
        wire_write_u64(w, window->seen[i]);
}

/* mode and width follow from flags and key: krb5_protect_init sets them. */
static void read_window(struct wire_reader *r, struct window_small *window)
{
    *window = (struct window_small){.first = wire_read_u64(r)};
    window->next = wire_read_u64(r);
    window->full = wire_read_u8(r);
    for (size_t i = 0; i < WINDOW_SMALL / 64; i++)
        window->seen[i] = wire_read_u64(r);
}

static bool window_bit(const struct window_small *w, uint64_t relative)
{
    uint64_t slot = relative % WINDOW_SMALL;
    return w->seen[slot / 64] >> (slot % 64) & 1;
}

/* Only what window_accept can have left behind: the highest number seen, and nothing seen that was not yet
 * due. */
static bool window_possible(const struct window_small *w)
{
    if (w->full > 1 || (w->full && (w->next != 0 || w->width != 64)))
        return false;
    if (w->width == 32 && w->next > (uint64_t)1 << 32)
        return false;
    bool used = w->next != 0 || w->full;
    if (used && (w->mode == WINDOW_OFF || !window_bit(w, w->next - 1)))
        return false;
    for (uint64_t n = w->next; !w->full && n < WINDOW_SMALL; n++)
        if (window_bit(w, n))
            return false;
    return true;
}

void krb5_protect_pack(const struct krb5_protect *p, uint8_t out[static KRB5_PACK_SIZE])
{
    struct wire_writer w;
    wire_write_init(&w, out, KRB5_PACK_SIZE);
    wire_write_u32(&w, PACK_MAGIC);
    wire_write_u32(&w, PACK_VERSION);
    wire_write_u32(&w, p->flags);
    write_key(&w, &p->key);
    write_key(&w, &p->initiator);
    wire_write_u64(&w, p->send_first);
    wire_write_u64(&w, __atomic_load_n(&p->sent, __ATOMIC_RELAXED));
    write_window(&w, &p->window);
    wire_write_zeros(&w, KRB5_PACK_SIZE - w.at);
}

static bool key_padding_clear(const struct krb5_raw_key *key)
{
    for (size_t i = krb5_key_size(key->etype); i < sizeof key->bytes; i++)
        if (key->bytes[i] != 0)
            return false;
    return true;
}

bool krb5_protect_unpack(struct krb5_protect *p, const uint8_t *in, size_t size)
{
    struct wire_reader r;
    struct krb5_start start = {0};
    struct krb5_protect fresh;
    struct window_small window;
    bool taken = false;
    if (size != KRB5_PACK_SIZE)
        return false;
    wire_read_init(&r, in, size);
    uint32_t magic = wire_read_u32(&r), version = wire_read_u32(&r);
    if (magic != PACK_MAGIC || version != PACK_VERSION)
        return false;
    start.flags = wire_read_u32(&r);
    read_key(&r, &start.key);
    read_key(&r, &start.initiator);
    start.send_first = wire_read_u64(&r);
    uint64_t sent = wire_read_u64(&r);
    read_window(&r, &window);
    start.receive_first = window.first;
    bool clear = true;
    while (wire_read_left(&r) > 0)
        clear &= wire_read_u8(&r) == 0;
    if (clear && !r.failed && key_padding_clear(&start.key) && key_padding_clear(&start.initiator) &&
        sent <= krb5_sequence_limit(start.key.etype) && krb5_protect_init(&fresh, &start)) {
        window.mode = fresh.window.mode;
        window.width = fresh.window.width;
        taken = window_possible(&window);
    }
    if (taken) {
        fresh.sent = sent;
        fresh.window = window;
        *p = fresh;
    }
    secret_wipe(&fresh, sizeof fresh);
    secret_wipe(&start, sizeof start);
    return taken;
}
