/* SPDX-License-Identifier: MIT */
/* packages/view: text that belongs to somebody else. */
#ifndef OPENSSPI_PACKAGES_VIEW_H
#define OPENSSPI_PACKAGES_VIEW_H

#include "port.h"

struct packages_view {
    const char16_t *text; /* may be NULL when units is 0 */
    size_t units;
};

#endif
