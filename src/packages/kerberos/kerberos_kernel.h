/* SPDX-License-Identifier: MIT */
/*
 * packages/kerberos, kernel half: the user half's promises for message functions, row by row, with the host's
 * memory and spin locks. InitContext and ImportContext take the packed context of kerberos_packed.h. The
 * mechListMIC belongs to handshakes and is the user half's alone. Queries give out memory of the host's
 * AllocateHeap.
 */
#ifndef OPENSSPI_PACKAGES_KERBEROS_KERNEL_H
#define OPENSSPI_PACKAGES_KERBEROS_KERNEL_H

#include <ntsecpkg.h>

#include "port.h"

extern SECPKG_KERNEL_FUNCTION_TABLE kerberos_kernel_table;

/* The host's switch: contexts with RC4 keys are taken. Off until somebody sets it. */
extern bool kerberos_allow_rc4;

#endif
