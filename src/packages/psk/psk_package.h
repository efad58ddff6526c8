/* SPDX-License-Identifier: MIT */
/*
 * packages/psk: security contexts from a pre-shared key. It is a package for use and the sample to copy, so
 * here is the way through it:
 *
 *     ../module.c       the two exported names of a module; nothing else differs between module and built in
 *     psk_lsa.c         LSA half: credentials and handshakes; ends in the one SECPKG_FUNCTION_TABLE
 *     psk_user.c        user half: established contexts; ends in the one SECPKG_USER_FUNCTION_TABLE
 *     psk_attributes.c  what QueryContextAttributes answers of them
 *     psk_handshake.*   the three messages of AKEP2 and the key schedule: bytes in, bytes out
 *     psk_protect.*     one message: keys and numbers, no handles, no heap
 *     psk_packed.*      the context as bytes, which is all that crosses from one half to the other
 *     psk_identities.*  the file of names and keys
 *     psk_settings.*    section [package.psk] of sspi.conf
 *
 * What it knows of its host stands in <ntsecpkg.h> and <opensspi.h>: the tables and SspiPackageSettings. From
 * the rooms base, crypto and protect it takes code without ties to the host (buffer rules, wire cursors,
 * constant-time comparison, slabs, the window, primitives), linked into the module as its own copy. They are
 * not written anew here, because the rules of buffers and of windows are easy to get wrong and should exist
 * once; nothing in them is out of reach for a module built elsewhere, which may take those files along.
 */
#ifndef OPENSSPI_PACKAGES_PSK_PACKAGE_H
#define OPENSSPI_PACKAGES_PSK_PACKAGE_H

#include <ntsecpkg.h>

NTSTATUS psk_SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion, PSECPKG_FUNCTION_TABLE *ppTables,
                                 PULONG pcTables);
NTSTATUS psk_SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                  PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables);

#endif
