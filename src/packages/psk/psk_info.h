/* SPDX-License-Identifier: MIT */
/* packages/psk: what both halves say about the package, and texts for applications. */
#ifndef OPENSSPI_PACKAGES_PSK_INFO_H
#define OPENSSPI_PACKAGES_PSK_INFO_H

#include <ntsecpkg.h>
#include <uchar.h>

#include "packages/psk/psk_handshake.h"

enum { PSK_MAX_TOKEN = 512 };
_Static_assert((int)PSK_MESSAGE_MAX <= (int)PSK_MAX_TOKEN, "cbMaxToken holds every message");

extern const SecPkgInfoW psk_info;

/* Memory that the application frees with FreeContextBuffer: a half's own way to it. */
typedef void *(*psk_alloc_fn)(size_t size);

/* One allocation; NULL: out of memory. */
SecPkgInfoW *psk_info_copy(psk_alloc_fn alloc);
/* Terminated UTF-16; NULL: out of memory. What is not UTF-8 becomes U+FFFD. */
char16_t *psk_text_wide(psk_alloc_fn alloc, const char *text, size_t size);

#endif
