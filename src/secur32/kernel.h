/* SPDX-License-Identifier: MIT */
/*
 * secur32/kernel: the way to contexts in the Linux kernel (module ssp_ksec, src/ksec/linux): keys of type
 * "ssp_context". A seam, so that tests stand in for the kernel; the library does not export it. Functions
 * answer 0 or an errno of the kernel, as src/ksec/linux/ssp_ksec.h lists them; ENOSYS where there is no such
 * kernel.
 */
#ifndef OPENSSPI_SECUR32_KERNEL_H
#define OPENSSPI_SECUR32_KERNEL_H

#include "base/span.h"

struct kernel_keys {
    /* add_key(2): payload of ksec/payload.h. */
    int (*add)(const char *description, struct span payload, int32_t keyring, int32_t *key);
    /* KEYCTL_PKEY_QUERY: the largest message and the one size of signatures. */
    int (*query)(int32_t key, uint32_t *message_max, uint32_t *signature_size);
    /* KEYCTL_PKEY_SIGN, KEYCTL_PKEY_VERIFY; signatures of the size that query told. */
    int (*sign)(int32_t key, uint32_t number, struct span message, uint8_t *signature, size_t signature_size);
    int (*verify)(int32_t key, uint32_t number, struct span message, const uint8_t *signature,
                  size_t signature_size);
};

extern const struct kernel_keys kernel_keys_system;
/* What is used: kernel_keys_system unless a test has put its own there. */
extern const struct kernel_keys *kernel_keys;

#endif
