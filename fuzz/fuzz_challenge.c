/* SPDX-License-Identifier: MIT */
/* CHALLENGE and the AV pairs in it: inside the token, and written again it reads the same. */
#include "fuzz.h"

#include "packages/ntlm/ntlm_messages.h"

static bool same(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[1 << 18];
    struct ntlm_challenge m, n;
    struct ntlm_av_list list;
    struct wire_writer w;
    if (!ntlm_challenge_read((struct span){data, size}, &m))
        return 0;
    fuzz_touch(m.target_name.data, m.target_name.size);
    fuzz_touch(m.target_info.data, m.target_info.size);
    if (m.version)
        fuzz_touch(m.version, NTLM_VERSION_SIZE);
    if (ntlm_av_read(m.target_info, &list))
        for (size_t i = 0; i < list.count; i++)
            fuzz_touch(list.pairs[i].value.data, list.pairs[i].value.size);
    wire_write_init(&w, again, sizeof again);
    ntlm_challenge_write(&w, &m);
    fuzz_check(!w.failed);
    fuzz_check(ntlm_challenge_read((struct span){again, w.at}, &n));
    fuzz_check(n.flags == m.flags && memcmp(n.challenge, m.challenge, 8) == 0);
    fuzz_check(same(n.target_name, m.target_name) && same(n.target_info, m.target_info));
    return 0;
}
