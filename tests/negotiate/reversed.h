/* SPDX-License-Identifier: MIT */
/*
 * reversed: sides that prefer NTLM to Kerberos, which none does by itself (docs/decisions): the only way to a
 * Kerberos that was not the first choice. Programs are linked with -Wl,--wrap=negotiate_mechs_list.
 */
#ifndef OPENSSPI_TESTS_REVERSED_H
#define OPENSSPI_TESTS_REVERSED_H

#include <stdbool.h>

/* Credentials that are acquired while this is true have the mechanisms in the opposite order. */
extern bool reversed;

#endif
