/* SPDX-License-Identifier: MIT */
/* What the tests of protect/krb5 share: hex, fixed keys, pairs of contexts, and messages cut into parts. */
#ifndef OPENSSPI_TESTS_KRB5_KIT_H
#define OPENSSPI_TESTS_KRB5_KIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "protect/krb5.h"

enum { KIT_DATA_MAX = 4096, KIT_ETYPES = 5 };

/* All types on offer; RC4 last, so that KIT_ETYPES - 1 are the AES types. */
extern const uint16_t kit_etypes[KIT_ETYPES];

/* Bytes of a hex string; blanks are skipped. */
size_t kit_hex(const char *hex, uint8_t *out, size_t room);
void kit_assert_hex(const uint8_t *got, size_t size, const char *hex, const char *what);

/* Some key of the type, different for each seed. */
struct krb5_raw_key kit_key(uint16_t etype, uint8_t seed);
/* The same bytes every time, different for each seed. */
void kit_fill(uint8_t *out, size_t size, uint32_t seed);

/* Both ends of one context. etype: of the context's key; initiator_etype: 0, or that of the key under an
 * acceptor's subkey. */
struct kit_pair {
    struct krb5_protect i, a;
    struct krb5_seal i_seal, a_seal;
    struct krb5_fallback i_fallback, a_fallback;
};
void kit_pair(struct kit_pair *k, uint16_t etype, uint16_t initiator_etype, uint32_t flags);

/* One message, owned: contiguous bytes and the parts they are cut into. */
struct kit_message {
    uint8_t bytes[KIT_DATA_MAX];
    size_t size;
    struct span parts[MESSAGE_PARTS_MAX];
    struct message m;
};
/* One part of size bytes, sealed. */
void kit_message(struct kit_message *m, size_t size, uint32_t seed);
/* The same bytes cut at pseudo-random places into count parts, some empty; readonly: bit i is not sealed. */
void kit_cut(struct kit_message *m, size_t count, uint64_t readonly, uint32_t seed);

/* make and check in one: the verdict of both steps. */
enum protect_verdict kit_verify(struct krb5_protect *p, const struct krb5_fallback *f,
                                const struct message *m, const uint8_t *token, size_t size);

#endif
