/* SPDX-License-Identifier: MIT */
#include "packages/psk/psk_settings.h"

#include <opensspi.h>
#include <stdio.h>
#include <unistd.h>

static const char *const algorithm_names[PSK_ALGORITHM_COUNT] = {
    [PSK_HMAC_SHA256] = "hmac-sha256",
    [PSK_HMAC_SHA512] = "hmac-sha512",
    [PSK_AES256_GMAC] = "aes256-gmac",
    [PSK_AES128_CMAC] = "aes128-cmac",
};

const char *psk_algorithm_name(unsigned algorithm)
{
    return algorithm < PSK_ALGORITHM_COUNT ? algorithm_names[algorithm] : NULL;
}

bool psk_name_set(struct psk_name *out, const char *text, size_t size)
{
    if (size == 0 || size > PSK_NAME_MAX)
        return false;
    memcpy(out->text, text, size);
    out->text[size] = 0;
    out->size = size;
    return true;
}

/* Names separated by commas and spaces. */
static bool algorithms_parse(const char *text, uint16_t *set)
{
    *set = PSK_ALGORITHMS_LEAST;
    for (;;) {
        text += strspn(text, ", \t");
        size_t size = strcspn(text, ", \t");
        unsigned i = 0;
        if (size == 0)
            return true;
        while (i < PSK_ALGORITHM_COUNT &&
               (strlen(algorithm_names[i]) != size || memcmp(algorithm_names[i], text, size) != 0))
            i++;
        if (i == PSK_ALGORITHM_COUNT)
            return false;
        *set |= (uint16_t)(1u << i);
        text += size;
    }
}

static BOOLEAN each(void *arg, const char *key, const char *value)
{
    struct psk_settings *s = arg;

    if (strcmp(key, "identities") == 0) {
        size_t size = strlen(value);
        if (size == 0 || size >= sizeof s->identities || value[0] != '/')
            return FALSE;
        memcpy(s->identities, value, size + 1);
        return TRUE;
    }
    if (strcmp(key, "name") == 0)
        return psk_name_set(&s->name, value, strlen(value));
    if (strcmp(key, "identity") == 0)
        return psk_name_set(&s->identity, value, strlen(value));
    if (strcmp(key, "algorithms") == 0)
        return algorithms_parse(value, &s->algorithms);
    return FALSE;
}

bool psk_settings_read(struct psk_settings *out, char error[static 512])
{
    SspiErrorInfo info = {{0}};
    char host[PSK_NAME_MAX + 1] = {0};

    memset(out, 0, sizeof *out);
    out->algorithms = PSK_ALGORITHMS_ALL;
    if (gethostname(host, sizeof host - 1) != 0 || !psk_name_set(&out->name, host, strlen(host)))
        (void)psk_name_set(&out->name, "localhost", strlen("localhost"));
    if (SspiPackageSettings("psk", each, out, &info) != SEC_E_OK) {
        (void)snprintf(error, 512, "%s", info.text);
        return false;
    }
    if (out->identities[0] == 0) {
        (void)snprintf(error, 512, "[package.psk] of sspi.conf names no file: identities = /path");
        return false;
    }
    return true;
}
