/* SPDX-License-Identifier: MIT */
/*
 * secur32/identity: the identities that an application hands around as PSEC_WINNT_AUTH_IDENTITY_OPAQUE. All
 * five structures (SEC_WINNT_AUTH_IDENTITY_A and _W, _EXA and _EXW, _EX2) are read into one form; what the
 * Sspi functions make themselves is a SEC_WINNT_AUTH_IDENTITY_EXW with its texts behind it in one piece of
 * client memory.
 *
 * EX and EX2 are told from the older ones by Version and size together: the older ones begin with a pointer.
 * Nothing here encrypts: identities that say they are encrypted cannot be read.
 */
#ifndef OPENSSPI_SECUR32_IDENTITY_H
#define OPENSSPI_SECUR32_IDENTITY_H

#include <stdbool.h>
#include <uchar.h>

#include <sspi.h>

#include "port.h"

enum identity_text { IDENTITY_USER, IDENTITY_DOMAIN, IDENTITY_PASSWORD, IDENTITY_PACKAGES, IDENTITY_TEXTS };

/* Texts are UTF-16, terminated, from mem_alloc; NULL: not given, which is not the same as empty. */
struct identity {
    char16_t *text[IDENTITY_TEXTS];
    size_t units[IDENTITY_TEXTS];
    ULONG flags; /* without ANSI, UNICODE and MARSHALLED */
};

/* Which structure it is; neither: the oldest one. */
static inline bool identity_is_ex2(const void *opaque)
{
    const SEC_WINNT_AUTH_IDENTITY_EX2 *ex2 = opaque;

    return ex2->Version == SEC_WINNT_AUTH_IDENTITY_VERSION_2 && ex2->cbHeaderLength == sizeof(*ex2);
}

static inline bool identity_is_ex(const void *opaque)
{
    const SEC_WINNT_AUTH_IDENTITY_EXW *ex = opaque;

    return ex->Version == SEC_WINNT_AUTH_IDENTITY_VERSION && ex->Length == sizeof(*ex);
}

/* Bytes of a text of so many characters in a structure with these flags. */
static inline size_t identity_bytes(ULONG characters, ULONG flags)
{
    return (size_t)characters * (flags & SEC_WINNT_AUTH_IDENTITY_ANSI ? 1 : sizeof(char16_t));
}

/* SEC_E_INVALID_PARAMETER: NULL, encrypted, a length without a text, bad UTF-8, too long, or in EX2 anything
 * outside the structure; SEC_E_UNKNOWN_CREDENTIALS: EX2 credentials that are no password;
 * SEC_E_INSUFFICIENT_MEMORY. Empty on failure. */
SECURITY_STATUS identity_read(const void *opaque, struct identity *id);
/* Copies units of text into a field. false: out of memory. */
bool identity_set(struct identity *id, enum identity_text which, const char16_t *text, size_t units);
void identity_wipe(struct identity *id);

/* A new SEC_WINNT_AUTH_IDENTITY_EXW; NULL when out of memory. Freed with mem_client_free. */
SEC_WINNT_AUTH_IDENTITY_EXW *identity_build(const struct identity *id);

/* The bytes of SspiMarshalAuthIdentity: "SSPIID1\0", flags, four times length in units (0xffffffff: not
 * given) and the text, all little-endian. Client memory; NULL when out of memory. */
void *identity_marshal(const struct identity *id, size_t *size);
SECURITY_STATUS identity_unmarshal(const void *bytes, size_t size, struct identity *id);

#endif
