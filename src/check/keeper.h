/* SPDX-License-Identifier: MIT */
/*
 * check/keeper: which packages are there, for the one that is tried: those of its own module, served by the
 * kit, and behind them the library's, which start only when somebody asks for a package by name. CallPackage
 * and notifications of the library's services, and LocatePackageById, find them as under the library's host.
 */
#ifndef OPENSSPI_CHECK_KEEPER_H
#define OPENSSPI_CHECK_KEEPER_H

#include <stdbool.h>

#include <ntsecpkg.h>

/* What SpInitialize is told for the module's table of that index: no package of the library's has the same.
 */
ULONG_PTR keeper_id(ULONG index);

/* Before SpInitialize. False: no memory. The table is copied. */
bool keeper_add(ULONG index, const SECPKG_FUNCTION_TABLE *table);
/* After SpGetInfo: from now on it is found by that name, which stays the package's; and by id in the user
 * half. */
void keeper_name(ULONG index, const SecPkgInfoW *info);
void keeper_user(ULONG index, PSECPKG_USER_FUNCTION_TABLE table);

/* Of SECPKG_DLL_FUNCTIONS. */
PVOID NTAPI keeper_locate(ULONG PackageId);

#endif
