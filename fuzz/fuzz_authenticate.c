/* SPDX-License-Identifier: MIT */
/* AUTHENTICATE, its NTLMv2 response and the AV pairs in that: inside the token, and written again it reads
 * the same. */
#include "fuzz.h"

#include "packages/ntlm/ntlm_messages.h"

static bool same(struct span a, struct span b)
{
    fuzz_touch(a.data, a.size);
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void response(struct span nt)
{
    struct ntlm_v2_response r;
    struct ntlm_av_list list;
    if (!ntlm_v2_response_read(nt, &r))
        return;
    fuzz_touch(r.proof, NTLM_V2_PROOF_SIZE);
    fuzz_touch(r.blob.data, r.blob.size);
    fuzz_touch(r.client_challenge, 8);
    if (ntlm_av_read(r.av_pairs, &list))
        for (size_t i = 0; i < list.count; i++)
            fuzz_touch(list.pairs[i].value.data, list.pairs[i].value.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[1 << 19];
    struct ntlm_authenticate m, n;
    struct wire_writer w;
    if (!ntlm_authenticate_read((struct span){data, size}, &m))
        return 0;
    response(m.nt);
    if (m.version)
        fuzz_touch(m.version, NTLM_VERSION_SIZE);
    if (m.mic)
        fuzz_touch(m.mic, NTLM_MIC_SIZE);
    wire_write_init(&w, again, sizeof again);
    ntlm_authenticate_write(&w, &m);
    fuzz_check(!w.failed);
    fuzz_check(ntlm_authenticate_read((struct span){again, w.at}, &n));
    fuzz_check(n.flags == m.flags && same(m.lm, n.lm) && same(m.nt, n.nt) &&
               same(m.session_key, n.session_key));
    fuzz_check(same(m.domain, n.domain) && same(m.user, n.user) && same(m.workstation, n.workstation));
    if (m.mic)
        fuzz_check(n.mic && memcmp(m.mic, n.mic, NTLM_MIC_SIZE) == 0);
    return 0;
}
