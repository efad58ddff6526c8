/* SPDX-License-Identifier: MIT */
/* Included before each package source when it is syntax-checked against mingw-w64's headers: on Windows a project's
 * settings do this. <sspi.h> and <ntsecpkg.h> are the platform's there. */
#define SECURITY_WIN32
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#include <ntdef.h>
#include <ntstatus.h>
#include <sspi.h>
#include <security.h>
#include <ntsecapi.h>
#include <ntsecpkg.h>
