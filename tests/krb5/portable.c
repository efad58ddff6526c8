/* SPDX-License-Identifier: MIT */
#define PORTABLE_RENAME
#include "portable.h"

#include "crypto/portable_krb5.c"
