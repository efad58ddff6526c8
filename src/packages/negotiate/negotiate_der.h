/* SPDX-License-Identifier: MIT */
/*
 * packages/negotiate DER: the few types of ASN.1 that SPNEGO is made of, one level at a time. Lengths are
 * definite and minimal, tags one byte; anything else fails. Nothing here calls itself: how deep a token can
 * nest is what the reader of a message asks for, whatever the token does.
 */
#ifndef OPENSSPI_PACKAGES_NEGOTIATE_DER_H
#define OPENSSPI_PACKAGES_NEGOTIATE_DER_H

#include "base/wire.h"

enum {
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_GENERAL_STRING = 0x1b,
    DER_SEQUENCE = 0x30,
    DER_APPLICATION_0 = 0x60,
    DER_CONTEXT_0 = 0xa0, /* constructed; [n] is DER_CONTEXT_0 + n */
};

/* Elements one after another. failed sticks: afterwards nothing is found. */
struct der {
    struct span left;
    bool failed;
};

static inline struct der der_of(struct span bytes)
{
    return (struct der){bytes, false};
}

/* The next element's tag; 0 at the end. */
uint8_t der_peek(const struct der *d);
/* The next element's contents; another tag, or none, fails. */
struct span der_take(struct der *d, uint8_t tag);
/* The same where the element may be missing; false: it is (or d has failed). */
bool der_optional(struct der *d, uint8_t tag, struct span *contents);
/* The next element whole, with tag and length. */
struct span der_whole(struct der *d, uint8_t tag);
/* True when all was read and nothing failed. */
bool der_done(const struct der *d);

/* Bytes of an element with so many bytes of contents. */
size_t der_size(size_t contents);
/* Tag and length; the contents follow. */
void der_write_head(struct wire_writer *w, uint8_t tag, size_t contents);

#endif
