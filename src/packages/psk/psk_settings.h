/* SPDX-License-Identifier: MIT */
/*
 * packages/psk, settings: section [package.psk] of sspi.conf. sspi-psk(7) is the user's text of the same.
 *
 *     identities = FILE    names and keys, see psk_identities.h; without it the package does not start
 *     name = NAME          what this side is called as an acceptor; the machine's name
 *     identity = NAME      whom an initiator is that names nobody; the only one in the file
 *     algorithms = LIST    of hmac-sha256, hmac-sha512, aes256-gmac, aes128-cmac: what may be agreed on; all.
 *                          hmac-sha256 is always there
 */
#ifndef OPENSSPI_PACKAGES_PSK_SETTINGS_H
#define OPENSSPI_PACKAGES_PSK_SETTINGS_H

#include "packages/psk/psk_handshake.h"

struct psk_settings {
    char identities[256];
    struct psk_name name, identity; /* identity: empty where not set */
    uint16_t algorithms;
};

/* False: the package must not start; error says why. */
bool psk_settings_read(struct psk_settings *out, char error[static 512]);

/* "hmac-sha256"; NULL beyond the last. Static. */
const char *psk_algorithm_name(unsigned algorithm);

/* False: not 1 to 255 bytes. */
bool psk_name_set(struct psk_name *out, const char *text, size_t size);

#endif
