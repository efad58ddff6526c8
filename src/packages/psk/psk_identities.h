/* SPDX-License-Identifier: MIT */
/*
 * packages/psk, the identities file: a name and its key on each line.
 *
 *     # comment
 *     alice    7c1f...            name, blanks, 32 to 128 hexadecimal digits (16 to 64 bytes)
 *
 * Names are 1 to 255 bytes of UTF-8 without blanks and compare byte by byte; each stands once. Lines are up
 * to 511 bytes. The file must be a regular one of mode 0600 or less and belong to the effective user or root.
 * It is read anew for each question, so that a change needs no restart.
 */
#ifndef OPENSSPI_PACKAGES_PSK_IDENTITIES_H
#define OPENSSPI_PACKAGES_PSK_IDENTITIES_H

#include <sspi.h>

#include "packages/psk/psk_handshake.h"

/* Wipe it. */
struct psk_identity {
    struct psk_name name;
    uint8_t key[PSK_KEY_MAX];
    size_t key_size;
};

/*
 * The identity of that name; name NULL: the only one in the file. The whole file is read in any case.
 *   SEC_E_OK
 *   SEC_E_UNKNOWN_CREDENTIALS   there is none of that name, or not exactly one
 *   SEC_E_NO_CREDENTIALS        the file cannot be read, is not kept secret, or is malformed; error says
 * which
 */
SECURITY_STATUS psk_identity_find(const char *path, const struct psk_name *name, struct psk_identity *out,
                                  char error[static 512]);

#endif
