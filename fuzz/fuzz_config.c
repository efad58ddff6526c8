/* SPDX-License-Identifier: MIT */
/* sspi.conf. */
#include "fuzz.h"

#include "base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const sections[] = {"ntlm", "kerberos", "packages", "package.psk", ""};
    fuzz_start();
    struct config *c = config_load(fuzz_file("fuzzed.conf", data, size));
    fuzz_check(c != NULL);
    fuzz_check(strlen(c->error) < sizeof c->error);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        const char *error = config_error_for(c, sections[i]);
        if (error)
            fuzz_touch(error, strlen(error));
    }
    for (size_t i = 0; i < c->count; i++) {
        unsigned line = 0;
        const char *value = config_get(c, c->entries[i].section, c->entries[i].key, &line);
        fuzz_check(value != NULL && line > 0);
    }
    config_get_bool(c, "ntlm", "allow_anonymous", false);
    config_get_number(c, "ntlm", "lm_compatibility_level", 5);
    config_free(c);
    return 0;
}
