/* SPDX-License-Identifier: MIT */
/*
 * The door that most programs use: sspi.h, secext.h and the names of the packages.
 *
 * Package names without A or W follow Windows: NTLMSP_NAME and MICROSOFT_KERBEROS_NAME are always the wide
 * ones, NEGOSSP_NAME and CLOUDAP_NAME follow UNICODE. Wide literals are char16_t strings.
 */
#ifdef _WIN32

#include "sspi.h"
#if defined(__GNUC__) || defined(__clang__)
#pragma GCC system_header
#include_next <security.h>
#else
#error "On Windows the SDK's own <security.h> must come first in the include path"
#endif

#elif !defined(OPENSSPI_SECURITY_H)
#define OPENSSPI_SECURITY_H

#include "sspi.h"

#include "secext.h"

#ifndef NTLMSP_NAME_A
#define NTLMSP_NAME_A "NTLM"
#define NTLMSP_NAME   u"NTLM"
#endif

#ifndef MICROSOFT_KERBEROS_NAME_A
#define MICROSOFT_KERBEROS_NAME_A "Kerberos"
#define MICROSOFT_KERBEROS_NAME_W u"Kerberos"
#define MICROSOFT_KERBEROS_NAME   MICROSOFT_KERBEROS_NAME_W
#endif

#ifndef NEGOSSP_NAME
#define NEGOSSP_NAME_A "Negotiate"
#define NEGOSSP_NAME_W u"Negotiate"
#define NEGOSSP_NAME   SSPI_NAME_UAW(NEGOSSP_NAME)
#endif

#ifndef CLOUDAP_NAME
#define CLOUDAP_NAME_A "CloudAP"
#define CLOUDAP_NAME_W u"CloudAP"
#define CLOUDAP_NAME   SSPI_NAME_UAW(CLOUDAP_NAME)
#endif

#endif
