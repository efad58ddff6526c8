/* SPDX-License-Identifier: MIT */
#include "crypto/crypto.h"

/* CRC-32 of every half-byte, reflected polynomial 0xEDB88320. */
static const uint32_t nibbles[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

static uint32_t feed(uint32_t crc, const struct span *s)
{
    for (size_t i = 0; i < s->size; i++) {
        crc ^= s->data[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return crc;
}

uint32_t crypto_crc32(const struct crypto_message *m)
{
    uint32_t crc = feed(UINT32_MAX, &m->head);
    for (size_t i = 0; i < m->count; i++)
        crc = feed(crc, &m->parts[i]);
    return ~feed(crc, &m->tail);
}
