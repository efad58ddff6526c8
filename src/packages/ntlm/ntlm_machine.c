/* SPDX-License-Identifier: MIT */
/* The names that an acceptor says it has. */
#include <unistd.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "packages/ntlm/ntlm_lsa.h"

struct ntlm_machine ntlm_machine;

static void machine_name(char16_t *out, size_t room, const char *text, size_t size, bool upper)
{
    size_t units = 0;
    bool invalid;
    char16_t *wide = utf16_from_utf8(text, size, &units, &invalid);
    units = wide == NULL ? 0 : units < room - 1 ? units : room - 1;
    if (units > 0) {
        memcpy(out, wide, units * sizeof *out);
    }
    out[units] = 0;
    if (upper) {
        utf16_upper(out, units);
    }
    mem_free(wide);
}

void ntlm_machine_read(const SECPKG_PARAMETERS *parameters)
{
    char host[256] = {0};
    struct ntlm_machine m = {.computer = u"LOCALHOST"};
    (void)gethostname(host, sizeof host - 1);
    const char *dot = strchr(host, '.');
    size_t label = dot != NULL ? (size_t)(dot - host) : strlen(host);
    if (label > 0) {
        machine_name(m.computer, sizeof m.computer / sizeof(char16_t), host, label, true);
        machine_name(m.dns_computer, sizeof m.dns_computer / sizeof(char16_t), host, strlen(host), false);
    }
    if (dot != NULL) {
        machine_name(m.dns_domain, sizeof m.dns_domain / sizeof(char16_t), dot + 1, strlen(dot + 1), false);
    }
    memcpy(m.domain, m.computer, sizeof m.domain); /* a machine in no domain is its own */
    if (parameters != NULL && parameters->DomainName.Length > 0) {
        size_t units = parameters->DomainName.Length / sizeof(char16_t);
        size_t room = sizeof m.domain / sizeof(char16_t) - 1;
        memset(m.domain, 0, sizeof m.domain);
        memcpy(m.domain, parameters->DomainName.Buffer, (units < room ? units : room) * sizeof(char16_t));
    }
    ntlm_machine = m;
}
