/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_facts.h"

#include "packages/ntlm/ntlm_info.h"

static ULONG key_bits(uint32_t flags)
{
    if (flags & NTLM_F_128)
        return 128;
    return flags & NTLM_F_56 ? 56 : 40;
}

void ntlm_facts(struct packages_facts *facts, uint32_t flags, const uint8_t session_key[static NTLM_KEY_SIZE],
                const struct packages_view text[static NTLM_TEXT_COUNT])
{
    const bool ess = (flags & NTLM_F_ESS) != 0;
    facts->info = &ntlm_package_info;
    facts->sizes = (SecPkgContext_Sizes){.cbMaxToken = NTLM_MAX_TOKEN,
                                         .cbMaxSignature = NTLM_TOKEN_SIZE,
                                         .cbSecurityTrailer = NTLM_TOKEN_SIZE};
    facts->domain = text[NTLM_TEXT_DOMAIN];
    facts->client = text[NTLM_TEXT_USER];
    facts->server = text[text[NTLM_TEXT_TARGET].units > 0 ? NTLM_TEXT_TARGET : NTLM_TEXT_SERVER];
    facts->target = text[NTLM_TEXT_TARGET];
    facts->authority = text[NTLM_TEXT_AUTHORITY];
    facts->session_key = (struct span){session_key, NTLM_KEY_SIZE};
    facts->key_bits = key_bits(flags);
    facts->signature = ess ? 0xffffff76u : 0xffffff7cu;
    facts->signature_name = ess ? u"HMAC-MD5" : u"RSADSI RC4-CRC32";
    facts->encryption = 0x6801;
    facts->encryption_name = u"RSADSI RC4";
}
