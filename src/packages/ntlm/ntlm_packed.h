/* SPDX-License-Identifier: MIT */
/*
 * packages/ntlm packed context: all that crosses from the LSA half to the user half, and what
 * ExportSecurityContext gives out. Versioned, little-endian, self-contained: another process, another version
 * or another machine reads it; so does a kernel: freestanding.
 *
 *     "NTLMCTX\0"          8
 *     version              u16, 1
 *     reserved             u16, 0
 *     total size           u32, exactly what was handed over
 *     attributes           u32, ISC_RET_* or ASC_RET_* by role
 *     reserved             u32, 0
 *     start, expiry        u64 each, FILETIME
 *     session key          16
 *     five texts           u16 count of units, UTF-16LE units without NUL: enum ntlm_packed_text_index
 *     protection state     NTLM_PACK_SIZE, protect/ntlm
 */
#ifndef OPENSSPI_PACKAGES_NTLM_PACKED_H
#define OPENSSPI_PACKAGES_NTLM_PACKED_H

#include <sspi.h>

#include "packages/heap.h"
#include "packages/view.h"
#include "protect/ntlm.h"

enum ntlm_packed_text_index {
    NTLM_TEXT_USER,
    NTLM_TEXT_DOMAIN,    /* of the user */
    NTLM_TEXT_TARGET,    /* as the client named it, "" when it named none */
    NTLM_TEXT_SERVER,    /* the acceptor's computer name, "" when it gave none */
    NTLM_TEXT_AUTHORITY, /* the domain that the acceptor is in */
    NTLM_TEXT_COUNT,
};

struct ntlm_packed {
    struct ntlm_protect protect;
    uint8_t session_key[NTLM_KEY_SIZE];
    uint32_t attributes;
    uint64_t start, expiry;
    struct packages_view text[NTLM_TEXT_COUNT]; /* terminated when they were read */
};

size_t ntlm_packed_size(const struct ntlm_packed *p);
/* size must be ntlm_packed_size; false: a text is too long. */
bool ntlm_packed_write(const struct ntlm_packed *p, uint8_t *out, size_t size);
/*
 * Reads exactly size bytes; the texts stand, terminated, in *names (one block of heap's that the
 * caller frees). SEC_E_INVALID_TOKEN for anything that ntlm_packed_write would not have written,
 * SEC_E_INSUFFICIENT_MEMORY; then nothing is allocated and *p is wiped.
 */
SECURITY_STATUS ntlm_packed_read_into(struct ntlm_packed *p, char16_t **names,
                                      const struct packages_heap *heap, const uint8_t *in, size_t size);

/* The same with mem_alloc. */
static inline SECURITY_STATUS ntlm_packed_read(struct ntlm_packed *p, char16_t **names, const uint8_t *in,
                                               size_t size)
{
    return ntlm_packed_read_into(p, names, &packages_heap_mem, in, size);
}

/* The window mode of a datagram context with these attributes (the bits of both roles agree). */
enum window_mode ntlm_packed_detect(uint32_t attributes);

#endif
