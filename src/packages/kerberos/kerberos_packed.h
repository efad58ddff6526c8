/* SPDX-License-Identifier: MIT */
/*
 * packages/kerberos packed context: all that crosses from the LSA half to the user half, and what
 * ExportSecurityContext gives out. Versioned, little-endian, self-contained: another process, another version
 * or another machine reads it; so does a kernel: freestanding.
 *
 *     "KRB5CTX\0"          8
 *     version              u16, 1
 *     reserved             u16, 0
 *     total size           u32, exactly what was handed over
 *     attributes           u32, ISC_RET_* or ASC_RET_* by role
 *     reserved             u32, 0
 *     start, expiry        u64 each, FILETIME
 *     four texts           u16 count of units, UTF-16LE units without NUL: enum kerberos_text
 *     protection state     KRB5_PACK_SIZE, protect/krb5
 */
#ifndef OPENSSPI_PACKAGES_KERBEROS_PACKED_H
#define OPENSSPI_PACKAGES_KERBEROS_PACKED_H

#include <sspi.h>

#include "packages/heap.h"
#include "packages/view.h"
#include "protect/krb5.h"

enum kerberos_text {
    KERBEROS_TEXT_CLIENT, /* principal, with its realm */
    KERBEROS_TEXT_SERVER, /* likewise */
    KERBEROS_TEXT_TARGET, /* as the application named it; "" on the acceptor's side */
    KERBEROS_TEXT_REALM,  /* of the client: who vouches for it */
    KERBEROS_TEXT_COUNT,
};

/* [kerberos] allow_rc4 of sspi.conf, as the LSA half read it; a kernel host has a switch of its own. */
extern bool kerberos_allow_rc4;

struct kerberos_packed {
    struct krb5_protect protect;
    uint32_t attributes;
    uint64_t start, expiry;
    struct packages_view text[KERBEROS_TEXT_COUNT]; /* terminated when they were read */
};

size_t kerberos_packed_size(const struct kerberos_packed *p);
/* size must be kerberos_packed_size; false: a text is too long. */
bool kerberos_packed_write(const struct kerberos_packed *p, uint8_t *out, size_t size);
/*
 * Reads exactly size bytes; the texts stand, terminated, in *names (one block of heap's that the
 * caller frees). SEC_E_INVALID_TOKEN for anything that kerberos_packed_write would not have written,
 * SEC_E_KDC_UNKNOWN_ETYPE for RC4 where it is not allowed, SEC_E_INSUFFICIENT_MEMORY; then nothing is
 * allocated and *p is wiped.
 */
SECURITY_STATUS kerberos_packed_read_into(struct kerberos_packed *p, char16_t **names,
                                          const struct packages_heap *heap, const uint8_t *in, size_t size);

/* The same with mem_alloc. */
static inline SECURITY_STATUS kerberos_packed_read(struct kerberos_packed *p, char16_t **names,
                                                   const uint8_t *in, size_t size)
{
    return kerberos_packed_read_into(p, names, &packages_heap_mem, in, size);
}

#endif
