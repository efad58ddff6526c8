/* SPDX-License-Identifier: MIT */
/* The system calls, which libc does not wrap. */
#include "secur32/kernel.h"

#include <errno.h>

#ifdef __linux__

#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int keys_add(const char *description, struct span payload, int32_t keyring, int32_t *key)
{
    long serial = syscall(SYS_add_key, "ssp_context", description, payload.data, payload.size, keyring);
    if (serial < 0)
        return errno;
    *key = (int32_t)serial;
    return 0;
}

static int keys_query(int32_t key, uint32_t *message_max, uint32_t *signature_size)
{
    struct keyctl_pkey_query query;
    if (syscall(SYS_keyctl, KEYCTL_PKEY_QUERY, key, 0, "", &query) < 0)
        return errno;
    *message_max = query.max_data_size;
    *signature_size = query.max_sig_size;
    return 0;
}

/* MessageSeqNo goes in as the encoding; 0 is none. */
static void number_text(char out[static 24], uint32_t number)
{
    out[0] = 0;
    if (number != 0)
        snprintf(out, 24, "enc=%u", (unsigned)number);
}

static int keys_sign(int32_t key, uint32_t number, struct span message, uint8_t *signature,
                     size_t signature_size)
{
    char info[24];
    const struct keyctl_pkey_params params = {
        .key_id = key, .in_len = (uint32_t)message.size, .out_len = (uint32_t)signature_size};
    number_text(info, number);
    long made = syscall(SYS_keyctl, KEYCTL_PKEY_SIGN, &params, info, message.data, signature);
    if (made < 0)
        return errno;
    return (size_t)made == signature_size ? 0 : EPROTO;
}

static int keys_verify(int32_t key, uint32_t number, struct span message, const uint8_t *signature,
                       size_t signature_size)
{
    char info[24];
    const struct keyctl_pkey_params params = {
        .key_id = key, .in_len = (uint32_t)message.size, .in2_len = (uint32_t)signature_size};
    number_text(info, number);
    return syscall(SYS_keyctl, KEYCTL_PKEY_VERIFY, &params, info, message.data, signature) < 0 ? errno : 0;
}

#else

static int keys_add(const char *description, struct span payload, int32_t keyring, int32_t *key)
{
    (void)description, (void)payload, (void)keyring, (void)key;
    return ENOSYS;
}

static int keys_query(int32_t key, uint32_t *message_max, uint32_t *signature_size)
{
    (void)key, (void)message_max, (void)signature_size;
    return ENOSYS;
}

static int keys_sign(int32_t key, uint32_t number, struct span message, uint8_t *signature,
                     size_t signature_size)
{
    (void)key, (void)number, (void)message, (void)signature, (void)signature_size;
    return ENOSYS;
}

static int keys_verify(int32_t key, uint32_t number, struct span message, const uint8_t *signature,
                       size_t signature_size)
{
    (void)key, (void)number, (void)message, (void)signature, (void)signature_size;
    return ENOSYS;
}

#endif

const struct kernel_keys kernel_keys_system = {
    .add = keys_add,
    .query = keys_query,
    .sign = keys_sign,
    .verify = keys_verify,
};
