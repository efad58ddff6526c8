/* SPDX-License-Identifier: MIT */
/* NEGOTIATE: what is read lies inside the token, and written again it reads the same. */
#include "fuzz.h"

#include "packages/ntlm/ntlm_messages.h"

static void touch(struct span s)
{
    fuzz_touch(s.data, s.size);
}

static bool same(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[1 << 18];
    struct ntlm_negotiate m, n;
    struct wire_writer w;
    char text[512];
    ntlm_message_type((struct span){data, size});
    if (!ntlm_negotiate_read((struct span){data, size}, &m))
        return 0;
    touch(m.domain);
    touch(m.workstation);
    if (m.version)
        fuzz_touch(m.version, NTLM_VERSION_SIZE);
    ntlm_flags_text(m.flags, text, sizeof text);
    wire_write_init(&w, again, sizeof again);
    ntlm_negotiate_write(&w, &m);
    fuzz_check(!w.failed);
    fuzz_check(ntlm_negotiate_read((struct span){again, w.at}, &n));
    fuzz_check(n.flags == m.flags && same(n.domain, m.domain) && same(n.workstation, m.workstation));
    return 0;
}
