/* SPDX-License-Identifier: MIT */
/*
 * base/span: bytes and the scattered message, the two shapes in which data walks from a SecBufferDesc to the
 * primitive. Freestanding.
 */
#ifndef OPENSSPI_BASE_SPAN_H
#define OPENSSPI_BASE_SPAN_H

#include "port.h"

/* size bytes at data; data may be NULL only when size is 0. Never owned. */
struct span {
    const uint8_t *data;
    size_t size;
};

enum { MESSAGE_PARTS_MAX = 64 };

/*
 * One SSPI message: its signed parts in order, concatenated for the checksum. Bit i of `sealed` says that
 * sealing transforms part i in place (then, and only then, the bytes behind parts[i].data are written). count
 * <= 64.
 */
struct message {
    const struct span *parts;
    size_t count;
    uint64_t sealed;
};

#endif
