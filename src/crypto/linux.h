/* SPDX-License-Identifier: MIT */
/*
 * crypto/linux: the primitives of crypto.h, hmac_sha.h and aes.h on the Linux kernel's own crypto. Hashes are
 * shash transforms that are looked up once, when the module is loaded; the saved chaining words become a
 * hash's state by its import operation. Descriptors live on the stack: after crypto_linux_init nothing
 * allocates or sleeps. RC4 and AES are the kernel's libraries.
 */
#ifndef OPENSSPI_CRYPTO_LINUX_H
#define OPENSSPI_CRYPTO_LINUX_H

/*
 * Looks the hashes up and tries each against a published HMAC, once: a kernel whose hashes have another form
 * of state than the ones known here is refused instead of signing wrongly. May sleep and load modules. 0 or a
 * negative errno with nothing held.
 */
int crypto_linux_init(void);
void crypto_linux_exit(void);

#endif
