/* SPDX-License-Identifier: MIT */
/* tasn1_oracle: what libtasn1 says of a token, from the ASN.1 of the specifications (spnego.asn). */
#ifndef OPENSSPI_TESTS_TASN1_ORACLE_H
#define OPENSSPI_TESTS_TASN1_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is it a NegTokenInit or NegTokenInit2 in GSSAPI's frame? */
bool oracle_reads_init(const void *token, size_t size);
bool oracle_reads_resp(const void *token, size_t size);

/* libtasn1's encoding of the same. NULL or 0: the field is missing. */
struct oracle_init {
    const char *mechs[4]; /* "1.2.3"; NULL ends them */
    unsigned flag_bits;   /* of reqFlags, all set; 0: the field is missing */
    const void *token, *mic;
    size_t token_size, mic_size;
    const char *hint_name;    /* with it, or hint_address, a NegTokenInit2 */
    const void *hint_address; /* of 4 bytes */
};
struct oracle_resp {
    int state; /* negative: missing */
    const char *mech;
    const void *token, *mic;
    size_t token_size, mic_size;
};
size_t oracle_writes_init(void *out, size_t room, const struct oracle_init *m);
size_t oracle_writes_resp(void *out, size_t room, const struct oracle_resp *m);

#endif
