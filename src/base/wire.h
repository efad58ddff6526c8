/* SPDX-License-Identifier: MIT */
/*
 * base/wire: the only code that touches wire bytes. A reader or writer over a bounded buffer with a sticky
 * failure: after the first step outside the bounds every further read gives 0/NULL and every write does
 * nothing, so a message is read like its schema and checked once at its end. Freestanding; integers
 * little-endian unless named _be.
 */
#ifndef OPENSSPI_BASE_WIRE_H
#define OPENSSPI_BASE_WIRE_H

#include "base/span.h"

struct wire_reader {
    const uint8_t *start; /* of the whole message: offsets in wire_at count from here */
    size_t size;          /* of the whole message */
    size_t at;            /* next byte, <= size */
    bool failed;
};

struct wire_writer {
    uint8_t *start; /* NULL: only counts (then capacity is ignored and nothing is written) */
    size_t capacity;
    size_t at; /* bytes written or counted */
    bool failed;
};

void wire_read_init(struct wire_reader *r, const void *data, size_t size);
uint8_t wire_read_u8(struct wire_reader *r);
uint16_t wire_read_u16(struct wire_reader *r);
uint32_t wire_read_u32(struct wire_reader *r);
uint64_t wire_read_u64(struct wire_reader *r);
uint16_t wire_read_u16_be(struct wire_reader *r);
uint32_t wire_read_u32_be(struct wire_reader *r);
uint64_t wire_read_u64_be(struct wire_reader *r);
/* The next size bytes, in place; NULL once failed (also for size 0 then). */
const uint8_t *wire_read_bytes(struct wire_reader *r, size_t size);
/* Copies the next size bytes to out; zeros once failed. */
void wire_read_copy(struct wire_reader *r, void *out, size_t size);
size_t wire_read_left(const struct wire_reader *r);
/* offset/size inside the whole message, for length-offset fields: false (and r->failed) when it does not fit.
 */
bool wire_read_at(struct wire_reader *r, size_t offset, size_t size, struct span *out);

void wire_write_init(struct wire_writer *w, void *data, size_t capacity);
void wire_write_u8(struct wire_writer *w, uint8_t v);
void wire_write_u16(struct wire_writer *w, uint16_t v);
void wire_write_u32(struct wire_writer *w, uint32_t v);
void wire_write_u64(struct wire_writer *w, uint64_t v);
void wire_write_u16_be(struct wire_writer *w, uint16_t v);
void wire_write_u32_be(struct wire_writer *w, uint32_t v);
void wire_write_u64_be(struct wire_writer *w, uint64_t v);
void wire_write_bytes(struct wire_writer *w, const void *data, size_t size);
void wire_write_zeros(struct wire_writer *w, size_t size);

/* Single integers at a known place, for code that owns a fixed array (tokens). */
static inline uint32_t wire_get_u32(const uint8_t p[4])
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void wire_put_u32(uint8_t p[4], uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

/* Written out, so that compilers see one swap. */
static inline uint64_t wire_get_u64_be(const uint8_t p[8])
{
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32 |
           (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | (uint64_t)p[6] << 8 | (uint64_t)p[7];
}

static inline void wire_put_u64_be(uint8_t p[8], uint64_t v)
{
    p[0] = (uint8_t)(v >> 56);
    p[1] = (uint8_t)(v >> 48);
    p[2] = (uint8_t)(v >> 40);
    p[3] = (uint8_t)(v >> 32);
    p[4] = (uint8_t)(v >> 24);
    p[5] = (uint8_t)(v >> 16);
    p[6] = (uint8_t)(v >> 8);
    p[7] = (uint8_t)v;
}

/* Two of them in one store of 16 bytes: what hashes the message next loads them as such, and a processor
 * hands a store over to a load that lies within it, but not two. */
static inline void wire_put_2u64_be(uint8_t p[16], uint64_t first, uint64_t second)
{
    typedef uint64_t pair __attribute__((vector_size(16)));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    const pair both = {first, second};
#else
    const pair both = {__builtin_bswap64(first), __builtin_bswap64(second)};
#endif
    memcpy(p, &both, sizeof both);
}

static inline void wire_put_u32_be(uint8_t p[4], uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

#endif
