/* SPDX-License-Identifier: MIT */
/*
 * secur32/module: packages in files. A module is a shared object with the two entry points of <ntsecpkg.h>.
 * It comes from `name = path` in section [packages] of sspi.conf, from the package directory as NAME.so, or
 * by AddSecurityPackage.
 *
 * What a module may do its writer may do: the file and the directories that it is found in must not be
 * writable by anybody but their owner, who is root or the user that the process runs as. Of a path through
 * symbolic links the directory of the path and the one that the file lies in are looked at, and all
 * directories above the latter, where others may write only under the sticky bit.
 *
 * A module is held once by each package that came from it, and unloaded when the last one lets go. Until then
 * its file cannot come in a second time: packages are initialised once. All functions are called under the
 * registry's lock.
 */
#ifndef OPENSSPI_SECUR32_MODULE_H
#define OPENSSPI_SECUR32_MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include <ntsecpkg.h>
#include <opensspi.h>

enum { MODULE_REASON_MAX = 512, MODULE_PATH_MAX = 1024 };

struct module;

/*
 * Loads the file; the caller holds it once. SEC_E_SECPKG_NOT_FOUND: there is no such file.
 * SEC_E_CANNOT_INSTALL: refused. SEC_E_INSUFFICIENT_MEMORY. Then nothing is loaded and reason says why.
 */
SECURITY_STATUS module_open(const char *path, struct module **module, SpLsaModeInitializeFn *lsa,
                            SpUserModeInitializeFn *user, char reason[static MODULE_REASON_MAX]);
/* SpBatchModeInitialize, or NULL: optional. */
SpBatchModeInitializeFn *module_batch(const struct module *module);
void module_hold(struct module *module);
void module_release(struct module *module);
const char *module_path(const struct module *module);

/* The file that a name means: itself when it has a slash, what [packages] says, or the one in the package
 * directory. False: too long. */
bool module_find(const char *name, char path[static MODULE_PATH_MAX]);

/*
 * Calls each for every file that sspi.conf names (with that name), then for those in the package directory
 * that it does not name (NULL), in the order of their names. Stops at SEC_E_INSUFFICIENT_MEMORY, which is the
 * answer; else SEC_E_OK.
 */
SECURITY_STATUS module_each(SECURITY_STATUS (*each)(const char *name, const char *path));

/* Tests only: another package directory; NULL: the built-in one. The string must stay. */
void module_directory_replace(const char *directory);

#endif
