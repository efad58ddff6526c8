/* SPDX-License-Identifier: MIT */
#include "packages/kerberos/kerberos_facts.h"

#include "packages/kerberos/kerberos_info.h"

/* Without confidentiality only the tokens of SECQOP_WRAP_NO_ENCRYPT are made. RC4's sizes depend on the
 * message. */
static size_t largest_trailer(const struct krb5_protect *p)
{
    const struct message nothing = {NULL, 0, 0};
    bool plain = !(p->flags & KRB5_F_CONF) && p->key.etype != KRB5_ETYPE_RC4;
    return plain ? krb5_wrap_size(p, false, &nothing, false) : krb5_wrap_size_max(p);
}

/* Checksum types and encryption types by their assigned numbers, as Windows reports them. */
struct algorithm {
    unsigned etype;
    ULONG signature, bits;
    const char16_t *signature_name, *encryption_name;
};
static const struct algorithm *algorithm_of(unsigned etype);

void kerberos_facts(struct packages_facts *facts, const struct krb5_protect *p,
                    const struct packages_view text[static KERBEROS_TEXT_COUNT])
{
    const struct algorithm *a = algorithm_of(p->key.etype);
    facts->info = &kerberos_package_info;
    facts->sizes = (SecPkgContext_Sizes){
        .cbMaxToken = KERBEROS_MAX_TOKEN,
        .cbMaxSignature = (ULONG)krb5_mic_size(p),
        .cbBlockSize = 1,
        .cbSecurityTrailer = (ULONG)largest_trailer(p),
    };
    facts->client = text[KERBEROS_TEXT_CLIENT];
    facts->server = text[KERBEROS_TEXT_SERVER];
    facts->target = text[KERBEROS_TEXT_TARGET];
    facts->authority = text[KERBEROS_TEXT_REALM];
    facts->session_key = (struct span){p->key.bytes, krb5_key_size(a->etype)};
    facts->key_bits = a->bits;
    facts->signature = a->signature;
    facts->signature_name = a->signature_name;
    facts->encryption = a->etype;
    facts->encryption_name = a->encryption_name;
}

/* RFC 3961 section 8, RFC 8009 section 8, RFC 4757: KERB_CHECKSUM_HMAC_MD5 is -138. */
static const struct algorithm algorithms[] = {
    {KRB5_ETYPE_AES128_SHA1, 15, 128, u"HMAC-SHA1-96", u"Kerberos AES128-CTS-HMAC-SHA1-96"},
    {KRB5_ETYPE_AES256_SHA1, 16, 256, u"HMAC-SHA1-96", u"Kerberos AES256-CTS-HMAC-SHA1-96"},
    {KRB5_ETYPE_AES128_SHA256, 19, 128, u"HMAC-SHA256-128", u"Kerberos AES128-CTS-HMAC-SHA256-128"},
    {KRB5_ETYPE_AES256_SHA384, 20, 256, u"HMAC-SHA384-192", u"Kerberos AES256-CTS-HMAC-SHA384-192"},
    {KRB5_ETYPE_RC4, 0xffffff76, 128, u"HMAC-MD5", u"RSADSI RC4-HMAC"},
};

/* Every context has one of these types: krb5_protect_init takes no other. */
static const struct algorithm *algorithm_of(unsigned etype)
{
    size_t i = 0;
    while (i + 1 < sizeof algorithms / sizeof algorithms[0] && algorithms[i].etype != etype)
        i++;
    return &algorithms[i];
}
