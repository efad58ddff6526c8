/* SPDX-License-Identifier: MIT */
#include "protect/ntlm_stream.h"

/* [MS-NLMP] 3.4.3: the checksum is over the plaintext, but its place in the key stream is behind the data's.
 */
enum protect_verdict ntlm_seal(struct ntlm_protect *p, uint32_t sequence, const struct message *m,
                               uint8_t token[static NTLM_TOKEN_SIZE])
{
    struct ntlm_work w;
    enum protect_verdict verdict = ntlm_send_begin(p, sequence, &w);
    if (verdict != PROTECT_OK)
        return verdict;
    ntlm_mac(p, &w, m, token);
    ntlm_crypt_parts(w.stream, m);
    ntlm_mac_encrypt(p, &w, token);
    ntlm_send_end(p, &w);
    return PROTECT_OK;
}

enum protect_verdict ntlm_unseal(struct ntlm_protect *p, uint32_t sequence, const struct message *m,
                                 const uint8_t token[static NTLM_TOKEN_SIZE])
{
    struct ntlm_work w;
    enum protect_verdict verdict = ntlm_receive_begin(p, sequence, true, token, &w);
    if (verdict != PROTECT_OK)
        return verdict;
    ntlm_crypt_parts(w.stream, m);
    verdict = ntlm_receive_end(p, sequence, m, token, &w);
    if (verdict != PROTECT_OK) {
        ntlm_work_restart(p, &w);
        ntlm_crypt_parts(w.stream, m);
    }
    ntlm_work_wipe(&w);
    return verdict;
}
