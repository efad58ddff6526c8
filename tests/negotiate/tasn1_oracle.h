/* SPDX-License-Identifier: MIT */
/* tasn1_oracle: what libtasn1 says of a token, from the ASN.1 of the specifications (spnego.asn). */
#ifndef OPENSSPI_TESTS_TASN1_ORACLE_H
#define OPENSSPI_TESTS_TASN1_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

/* Is it a NegTokenInit or NegTokenInit2 in GSSAPI's frame? */
bool oracle_reads_init(const void *token, size_t size);
bool oracle_reads_resp(const void *token, size_t size);

#endif
