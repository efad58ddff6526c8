/* SPDX-License-Identifier: MIT */
/*
 * packages/ntlm, kernel half: the user half's promises for message functions, row by row, with the host's
 * memory and spin locks. InitContext and ImportContext take the packed context of ntlm_packed.h. The
 * mechListMIC belongs to handshakes and is the user half's alone. Queries give out memory of the host's
 * AllocateHeap.
 */
#ifndef OPENSSPI_PACKAGES_NTLM_KERNEL_H
#define OPENSSPI_PACKAGES_NTLM_KERNEL_H

#include <ntsecpkg.h>

extern SECPKG_KERNEL_FUNCTION_TABLE ntlm_kernel_table;

#endif
