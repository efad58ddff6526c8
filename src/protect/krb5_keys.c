/* SPDX-License-Identifier: MIT */
#include "base/secret.h"
#include "protect/krb5_internal.h"

struct profile {
    uint8_t key_size;
    uint8_t hmac_key_size; /* of Kc and Ki */
    bool sha2;
};

static const struct profile *profile_of(unsigned etype)
{
    static const struct profile profiles[] = {
        [KRB5_ETYPE_AES128_SHA1] = {.key_size = 16, .hmac_key_size = 16},
        [KRB5_ETYPE_AES256_SHA1] = {.key_size = 32, .hmac_key_size = 32},
        [KRB5_ETYPE_AES128_SHA256] = {.key_size = 16, .hmac_key_size = 16, .sha2 = true},
        [KRB5_ETYPE_AES256_SHA384] = {.key_size = 32, .hmac_key_size = 24, .sha2 = true},
        [KRB5_ETYPE_RC4] = {.key_size = 16},
    };
    static const struct profile none;
    return etype < sizeof profiles / sizeof profiles[0] ? &profiles[etype] : &none;
}

size_t krb5_key_size(unsigned etype)
{
    return profile_of(etype)->key_size;
}

bool krb5_mac_covers_ciphertext(unsigned etype)
{
    return profile_of(etype)->sha2;
}

static void derive(const struct krb5_raw_key *key, uint32_t usage, enum crypto_krb5_purpose purpose,
                   uint8_t out[static CRYPTO_KRB5_KEY_MAX], size_t out_size)
{
    const struct profile *t = profile_of(key->etype);
    if (t->sha2)
        crypto_krb5_derive_sha2(key->bytes, t->key_size, usage, purpose, out, out_size);
    else
        crypto_krb5_derive_sha1(key->bytes, t->key_size, usage, purpose, out);
}

void krb5_mac_init(union krb5_mac *mac, const struct krb5_raw_key *key, uint32_t usage,
                   enum crypto_krb5_purpose purpose)
{
    uint8_t k[CRYPTO_KRB5_KEY_MAX];
    size_t size = profile_of(key->etype)->hmac_key_size;
    memset(mac, 0, sizeof *mac);
    if (key->etype == KRB5_ETYPE_RC4) {
        krb5_rc4_keys_init(&mac->rc4, key->bytes);
        return;
    }
    derive(key, usage, purpose, k, size);
    if (key->etype == KRB5_ETYPE_AES128_SHA256)
        crypto_hmac_sha256_init(&mac->sha256, k, size);
    else if (key->etype == KRB5_ETYPE_AES256_SHA384)
        crypto_hmac_sha384_init(&mac->sha384, k, size);
    else
        crypto_hmac_sha1_init(&mac->sha1, k, size);
    secret_wipe(k, sizeof k);
}

/* decrypt may be NULL. */
static void seal_keys_init(struct krb5_seal_keys *s, struct crypto_aes *decrypt,
                           const struct krb5_raw_key *key, uint32_t usage)
{
    uint8_t ke[CRYPTO_KRB5_KEY_MAX];
    size_t size = profile_of(key->etype)->key_size;
    krb5_mac_init(&s->integrity, key, usage, CRYPTO_KRB5_KI);
    krb5_mac_init(&s->checksum, key, usage, CRYPTO_KRB5_KC);
    derive(key, usage, CRYPTO_KRB5_KE, ke, size);
    crypto_aes_encrypt_key(&s->encrypt, ke, size);
    if (decrypt)
        crypto_aes_decrypt_key(decrypt, ke, size);
    secret_wipe(ke, sizeof ke);
}

static uint32_t usage_of(const struct krb5_protect *p, bool sending, uint32_t initiator, uint32_t acceptor)
{
    bool is_initiator = (p->flags & KRB5_F_INITIATOR) != 0;
    return is_initiator == sending ? initiator : acceptor;
}

static bool start_valid(const struct krb5_start *s)
{
    bool subkey = (s->flags & KRB5_F_ACCEPTOR_SUBKEY) != 0, rc4 = s->key.etype == KRB5_ETYPE_RC4;
    if (krb5_key_size(s->key.etype) == 0 || (s->flags & ~(uint32_t)KRB5_F_ALL))
        return false;
    if (subkey ? krb5_mac_size(s->initiator.etype) == 0 : s->initiator.etype != KRB5_ETYPE_NONE)
        return false;
    if (rc4)
        return !subkey && s->send_first <= UINT32_MAX && s->receive_first <= UINT32_MAX;
    return true;
}

static enum window_mode mode_of(uint32_t flags)
{
    if (flags & KRB5_F_SEQUENCE)
        return WINDOW_SEQUENCE;
    return flags & KRB5_F_REPLAY ? WINDOW_REPLAY : WINDOW_OFF;
}

/* Only the bytes that the type has, so that equal keys are equal structures. */
static void raw_key_copy(struct krb5_raw_key *to, const struct krb5_raw_key *from)
{
    *to = (struct krb5_raw_key){.etype = from->etype};
    memcpy(to->bytes, from->bytes, krb5_key_size(from->etype));
}

bool krb5_protect_init(struct krb5_protect *p, const struct krb5_start *start)
{
    if (!start_valid(start))
        return false;
    memset(p, 0, sizeof *p);
    p->send_first = start->send_first;
    p->flags = start->flags;
    raw_key_copy(&p->key, &start->key);
    raw_key_copy(&p->initiator, &start->initiator);
    krb5_mac_init(&p->send, &p->key, usage_of(p, true, USAGE_INITIATOR_SIGN, USAGE_ACCEPTOR_SIGN),
                  CRYPTO_KRB5_KC);
    krb5_mac_init(&p->receive, &p->key, usage_of(p, false, USAGE_INITIATOR_SIGN, USAGE_ACCEPTOR_SIGN),
                  CRYPTO_KRB5_KC);
    window_small_init(&p->window, mode_of(p->flags), p->key.etype == KRB5_ETYPE_RC4 ? 32 : 64,
                      start->receive_first);
    return true;
}

void krb5_seal_init(struct krb5_seal *s, const struct krb5_protect *p)
{
    memset(s, 0, sizeof *s);
    if (p->key.etype == KRB5_ETYPE_RC4)
        return;
    seal_keys_init(&s->send, NULL, &p->key, usage_of(p, true, USAGE_INITIATOR_SEAL, USAGE_ACCEPTOR_SEAL));
    seal_keys_init(&s->receive, &s->decrypt, &p->key,
                   usage_of(p, false, USAGE_INITIATOR_SEAL, USAGE_ACCEPTOR_SEAL));
}

void krb5_fallback_mic(union krb5_mac *mac, const struct krb5_protect *p)
{
    krb5_mac_init(mac, &p->initiator, usage_of(p, false, USAGE_INITIATOR_SIGN, USAGE_ACCEPTOR_SIGN),
                  CRYPTO_KRB5_KC);
}

bool krb5_fallback_init(struct krb5_fallback *f, const struct krb5_protect *p)
{
    if (!(p->flags & KRB5_F_ACCEPTOR_SUBKEY))
        return false;
    memset(f, 0, sizeof *f);
    krb5_fallback_mic(&f->mic, p);
    seal_keys_init(&f->seal, &f->decrypt, &p->initiator,
                   usage_of(p, false, USAGE_INITIATOR_SEAL, USAGE_ACCEPTOR_SEAL));
    return true;
}

bool krb5_sequence_claim(struct krb5_protect *p, uint64_t limit, uint64_t *taken)
{
    do {
        if (*taken >= limit)
            return false;
    } while (
        !__atomic_compare_exchange_n(&p->sent, taken, *taken + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}
