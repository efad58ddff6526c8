/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ksec/payload.h"

key_id key_add(const char *description, const void *payload, size_t size)
{
    return (key_id)syscall(SYS_add_key, "ssp_context", description, payload, size, KEY_SPEC_SESSION_KEYRING);
}

key_id key_load(const char *description, const char *package, const void *packed, size_t size)
{
    const struct ksec_payload p = {{(const uint8_t *)package, strlen(package)}, {packed, size}};
    size_t total = ksec_payload_size(&p);
    uint8_t *bytes = malloc(total);
    if (total == 0 || !bytes) {
        free(bytes);
        errno = EINVAL;
        return -1;
    }
    ksec_payload_write(&p, bytes);
    key_id key = key_add(description, bytes, total);
    free(bytes);
    return key;
}

long key_control(int operation, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    return syscall(SYS_keyctl, operation, a, b, c, d);
}

long key_sign(key_id key, const char *info, const void *data, size_t size, void *token, size_t room)
{
    struct keyctl_pkey_params p = {.key_id = key, .in_len = (uint32_t)size, .out_len = (uint32_t)room};
    return syscall(SYS_keyctl, KEYCTL_PKEY_SIGN, &p, info, data, token);
}

long key_verify(key_id key, const char *info, const void *data, size_t size, const void *token,
                size_t token_size)
{
    struct keyctl_pkey_params p = {.key_id = key, .in_len = (uint32_t)size, .in2_len = (uint32_t)token_size};
    return syscall(SYS_keyctl, KEYCTL_PKEY_VERIFY, &p, info, data, token);
}

long key_query(key_id key, const char *info, struct keyctl_pkey_query *out)
{
    return syscall(SYS_keyctl, KEYCTL_PKEY_QUERY, key, 0, info, out);
}

void key_drop(key_id key)
{
    key_control(KEYCTL_REVOKE, (unsigned long)key, 0, 0, 0);
    key_control(KEYCTL_UNLINK, (unsigned long)key, (unsigned long)KEY_SPEC_SESSION_KEYRING, 0, 0);
}

unsigned key_count(void)
{
    char line[512];
    unsigned count = 0;
    FILE *f = fopen("/proc/keys", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        count += strstr(line, " ssp_conte") != NULL;
    fclose(f);
    return count;
}
