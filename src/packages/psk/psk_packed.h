/* SPDX-License-Identifier: MIT */
/*
 * packages/psk, the packed context: what crosses from the LSA half to the user half, and what
 * ExportSecurityContext gives out. Little-endian, raw secrets, nothing of a library's; another process,
 * version or machine reads it.
 *
 *     "PSKCTX\0\0"          8
 *     version               u16, 1
 *     role                  u8: 0 initiator, 1 acceptor
 *     datagram              u8: 0, 1
 *     algorithms            u16
 *     reserved              u16, 0
 *     attributes            u32, ISC_RET_* or ASC_RET_* by role
 *     reserved              u32, 0
 *     start                 u64, FILETIME
 *     session key, sending secret, receiving secret     32 each
 *     sent, received        u64 each
 *     window                next u64, seen 16 * u64
 *     names                 initiator, acceptor: u16 length, UTF-8
 */
#ifndef OPENSSPI_PACKAGES_PSK_PACKED_H
#define OPENSSPI_PACKAGES_PSK_PACKED_H

#include <sspi.h>

#include "packages/psk/psk_handshake.h"

/* A context but for the expanded keys. Holds secrets: wipe it. */
struct psk_packed {
    bool initiator, datagram;
    uint16_t algorithms;
    uint32_t attributes;
    uint64_t start;
    uint8_t session[32], send_secret[PSK_SECRET_SIZE], receive_secret[PSK_SECRET_SIZE];
    uint64_t sent, received;
    struct window window;
    struct psk_name a, b;
};

enum { PSK_PACKED_MAX = 32 + 96 + 16 + 8 + WINDOW_SIZE / 8 + 2 * (2 + PSK_NAME_MAX) };

/* The bytes written to out, which has PSK_PACKED_MAX of room. */
size_t psk_packed_write(const struct psk_packed *p, uint8_t out[static PSK_PACKED_MAX]);
/* False: nothing that psk_packed_write writes. *p is undefined then. */
bool psk_packed_read(struct psk_packed *p, const void *bytes, size_t size);

/* How a context with these attributes judges numbers (the bits of both roles agree). */
enum window_mode psk_packed_mode(uint32_t attributes);

#endif
