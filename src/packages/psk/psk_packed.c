/* SPDX-License-Identifier: MIT */
#include "packages/psk/psk_packed.h"

#include "base/wire.h"

enum { VERSION = 1, SEEN_WORDS = WINDOW_SIZE / 64 };

static const char magic[8] = {'P', 'S', 'K', 'C', 'T', 'X', 0, 0};

enum window_mode psk_packed_mode(uint32_t attributes)
{
    return attributes & ISC_RET_SEQUENCE_DETECT ? WINDOW_SEQUENCE
           : attributes & ISC_RET_REPLAY_DETECT ? WINDOW_REPLAY
                                                : WINDOW_OFF;
}

static void name_write(struct wire_writer *w, const struct psk_name *name)
{
    wire_write_u16(w, (uint16_t)name->size);
    wire_write_bytes(w, name->text, name->size);
}

static void name_read(struct wire_reader *r, struct psk_name *name)
{
    name->size = wire_read_u16(r);
    if (name->size > PSK_NAME_MAX)
        r->failed = true;
    else
        wire_read_copy(r, name->text, name->size);
    if (!r->failed)
        name->text[name->size] = 0;
}

size_t psk_packed_write(const struct psk_packed *p, uint8_t out[static PSK_PACKED_MAX])
{
    struct wire_writer w;

    wire_write_init(&w, out, PSK_PACKED_MAX);
    wire_write_bytes(&w, magic, sizeof magic);
    wire_write_u16(&w, VERSION);
    wire_write_u8(&w, !p->initiator);
    wire_write_u8(&w, p->datagram);
    wire_write_u16(&w, p->algorithms);
    wire_write_u16(&w, 0);
    wire_write_u32(&w, p->attributes);
    wire_write_u32(&w, 0);
    wire_write_u64(&w, p->start);
    wire_write_bytes(&w, p->session, sizeof p->session);
    wire_write_bytes(&w, p->send_secret, sizeof p->send_secret);
    wire_write_bytes(&w, p->receive_secret, sizeof p->receive_secret);
    wire_write_u64(&w, p->sent);
    wire_write_u64(&w, p->received);
    wire_write_u64(&w, p->window.next);
    for (size_t i = 0; i < SEEN_WORDS; i++)
        wire_write_u64(&w, p->window.seen[i]);
    name_write(&w, &p->a);
    name_write(&w, &p->b);
    return w.at;
}

static bool flag_read(struct wire_reader *r)
{
    uint8_t value = wire_read_u8(r);

    if (value > 1)
        r->failed = true;
    return value == 1;
}

static void reserved_read(struct wire_reader *r, size_t size)
{
    while (size-- > 0)
        if (wire_read_u8(r) != 0)
            r->failed = true;
}

/* The window of 32-bit numbers that begin with 1: more than 2^32 - 1 were never met. */
static void window_read(struct wire_reader *r, struct psk_packed *p)
{
    window_init(&p->window, p->datagram ? psk_packed_mode(p->attributes) : WINDOW_OFF, 32, 1);
    p->window.next = wire_read_u64(r);
    for (size_t i = 0; i < SEEN_WORDS; i++)
        p->window.seen[i] = wire_read_u64(r);
    if (p->window.next > UINT32_MAX)
        r->failed = true;
}

static bool consistent(const struct psk_packed *p)
{
    return (p->algorithms & PSK_ALGORITHMS_LEAST) && !(p->algorithms & ~PSK_ALGORITHMS_ALL) &&
           p->sent <= PSK_MESSAGES_MAX && p->received <= PSK_MESSAGES_MAX && p->a.size > 0 && p->b.size > 0;
}

bool psk_packed_read(struct psk_packed *p, const void *bytes, size_t size)
{
    struct wire_reader r;

    if (!bytes)
        return false;
    wire_read_init(&r, bytes, size);
    const uint8_t *start = wire_read_bytes(&r, sizeof magic);
    if (!start || memcmp(start, magic, sizeof magic) != 0 || wire_read_u16(&r) != VERSION)
        return false;
    p->initiator = !flag_read(&r);
    p->datagram = flag_read(&r);
    p->algorithms = wire_read_u16(&r);
    reserved_read(&r, 2);
    p->attributes = wire_read_u32(&r);
    reserved_read(&r, 4);
    p->start = wire_read_u64(&r);
    wire_read_copy(&r, p->session, sizeof p->session);
    wire_read_copy(&r, p->send_secret, sizeof p->send_secret);
    wire_read_copy(&r, p->receive_secret, sizeof p->receive_secret);
    p->sent = wire_read_u64(&r);
    p->received = wire_read_u64(&r);
    window_read(&r, p);
    name_read(&r, &p->a);
    name_read(&r, &p->b);
    return !r.failed && wire_read_left(&r) == 0 && consistent(p);
}
