/* SPDX-License-Identifier: MIT */
/*
 * The forms in which a directory writes an account's name. Windows declares its name translation functions
 * here too (GetUserNameEx, GetComputerObjectName, TranslateName); they ask a domain about accounts and are
 * left out.
 */
#ifdef _WIN32

#include "sspi.h"
#if defined(__GNUC__) || defined(__clang__)
#pragma GCC system_header
#include_next <secext.h>
#else
#error "On Windows the SDK's own <secext.h> must come first in the include path"
#endif

#elif !defined(OPENSSPI_SECEXT_H)
#define OPENSSPI_SECEXT_H

#include "sspi.h"

typedef enum {
    NameUnknown = 0,
    NameFullyQualifiedDN = 1,
    NameSamCompatible = 2,
    NameDisplay = 3,
    NameUniqueId = 6,
    NameCanonical = 7,
    NameUserPrincipal = 8,
    NameCanonicalEx = 9,
    NameServicePrincipal = 10,
    NameDnsDomain = 12,
    NameGivenName = 13,
    NameSurname = 14
} EXTENDED_NAME_FORMAT,
    *PEXTENDED_NAME_FORMAT;

#endif
