/* SPDX-License-Identifier: MIT */
#include "protect/ntlm_stream.h"

#include "base/secret.h"

enum protect_verdict ntlm_sign(struct ntlm_protect *p, uint32_t sequence, const struct message *m,
                               uint8_t token[static NTLM_TOKEN_SIZE])
{
    if (!ntlm_protect_active(p)) {
        memcpy(token, ntlm_dummy_token, NTLM_TOKEN_SIZE);
        return PROTECT_OK;
    }
    struct ntlm_work w;
    enum protect_verdict verdict = ntlm_send_begin(p, sequence, &w);
    if (verdict != PROTECT_OK)
        return verdict;
    ntlm_mac(p, &w, m, token);
    ntlm_mac_encrypt(p, &w, token);
    ntlm_send_end(p, &w);
    return PROTECT_OK;
}

enum protect_verdict ntlm_verify(struct ntlm_protect *p, uint32_t sequence, const struct message *m,
                                 const uint8_t token[static NTLM_TOKEN_SIZE])
{
    if (!ntlm_protect_active(p))
        return secret_equal(token, ntlm_dummy_token, NTLM_TOKEN_SIZE) ? PROTECT_OK : PROTECT_ALTERED;
    struct ntlm_work w;
    enum protect_verdict verdict = ntlm_receive_begin(p, sequence, false, token, &w);
    if (verdict != PROTECT_OK)
        return verdict;
    verdict = ntlm_receive_end(p, sequence, m, token, &w);
    ntlm_work_wipe(&w);
    return verdict;
}
