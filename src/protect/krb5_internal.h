/* SPDX-License-Identifier: MIT */
/* protect/krb5_internal: what the files of protect/krb5 share with each other and with nobody else (batches
 * see it through krb5_batch.h, which is in line). */
#ifndef OPENSSPI_PROTECT_KRB5_INTERNAL_H
#define OPENSSPI_PROTECT_KRB5_INTERNAL_H

#include "base/secret.h"
#include "base/wire.h"
#include "crypto/krb5_kdf.h"
#include "protect/krb5.h"

/* RFC 4121 section 2, key usage numbers. */
enum {
    USAGE_ACCEPTOR_SEAL = 22,
    USAGE_ACCEPTOR_SIGN = 23,
    USAGE_INITIATOR_SEAL = 24,
    USAGE_INITIATOR_SIGN = 25
};

/* RFC 4121 section 4.2.2. */
enum { FLAG_SENT_BY_ACCEPTOR = 0x01, FLAG_SEALED = 0x02, FLAG_ACCEPTOR_SUBKEY = 0x04 };

enum { TOK_MIC = 0x0404, TOK_WRAP = 0x0504, TOK_FRAMED = 0x60 };

enum { HEADER_SIZE = 16, MAC_SIZE_MAX = 48 };

struct krb5_header {
    uint16_t id;
    uint8_t flags;
    uint8_t filler;
    uint16_t extra;    /* EC; FFFF in a MIC */
    uint16_t rotation; /* RRC; FFFF in a MIC */
    uint64_t sequence;
};

/* As two words of 64 bits, and inline: the header is made and read for every message, and a structure that is
 * written in pieces and read as a whole waits for its pieces. */
static inline void krb5_header_write(uint8_t out[static HEADER_SIZE], const struct krb5_header *h)
{
    wire_put_2u64_be(out,
                     (uint64_t)h->id << 48 | (uint64_t)h->flags << 40 | (uint64_t)h->filler << 32 |
                         (uint64_t)h->extra << 16 | h->rotation,
                     h->sequence);
}

static inline struct krb5_header krb5_header_read(const uint8_t in[static HEADER_SIZE])
{
    uint64_t first = wire_get_u64_be(in);
    return (struct krb5_header){
        .id = (uint16_t)(first >> 48),
        .flags = (uint8_t)(first >> 40),
        .filler = (uint8_t)(first >> 32),
        .extra = (uint16_t)(first >> 16),
        .rotation = (uint16_t)first,
        .sequence = wire_get_u64_be(in + 8),
    };
}

/* Flags that our tokens carry, FLAG_SEALED aside. */
static inline uint8_t krb5_flags_sent(const struct krb5_protect *p)
{
    uint8_t flags = p->flags & KRB5_F_INITIATOR ? 0 : FLAG_SENT_BY_ACCEPTOR;
    return p->flags & KRB5_F_ACCEPTOR_SUBKEY ? flags | FLAG_ACCEPTOR_SUBKEY : flags;
}

/* Is it an RFC 4121 token that the peer can have made: id, filler, direction, and no flag 04 without a
 * subkey? */
static inline bool krb5_header_fits(const struct krb5_protect *p, const struct krb5_header *h, uint16_t id)
{
    bool from_acceptor = (h->flags & FLAG_SENT_BY_ACCEPTOR) != 0,
         to_initiator = (p->flags & KRB5_F_INITIATOR) != 0;
    if (h->id != id || h->filler != 0xff || from_acceptor != to_initiator)
        return false;
    return !(h->flags & FLAG_ACCEPTOR_SUBKEY) || (p->flags & KRB5_F_ACCEPTOR_SUBKEY);
}

/* Does the header ask for the initiator's key beside an acceptor's subkey? */
static inline bool krb5_header_falls_back(const struct krb5_protect *p, const struct krb5_header *h)
{
    return (p->flags & KRB5_F_ACCEPTOR_SUBKEY) && !(h->flags & FLAG_ACCEPTOR_SUBKEY);
}

/* Kc or Ki of that usage, spent; with RC4, where usage and purpose mean nothing, all three keys. */
void krb5_mac_init(union krb5_mac *mac, const struct krb5_raw_key *key, uint32_t usage,
                   enum crypto_krb5_purpose purpose);
/* Bytes of the checksum on the wire: 12, 16 or 24; 0 for what is no AES type. */
static inline size_t krb5_mac_size(unsigned etype)
{
    static const uint8_t sizes[] = {
        [KRB5_ETYPE_AES128_SHA1] = 12,
        [KRB5_ETYPE_AES256_SHA1] = 12,
        [KRB5_ETYPE_AES128_SHA256] = 16,
        [KRB5_ETYPE_AES256_SHA384] = 24,
    };
    return etype < sizeof sizes ? sizes[etype] : 0;
}
/* SHA-2 types (RFC 8009) cover the ciphertext, SHA-1 types the plaintext. */
bool krb5_mac_covers_ciphertext(unsigned etype);
/* The checksum, krb5_mac_size() bytes of which are meant. AES types only. */
static inline void krb5_mac_make(unsigned etype, const union krb5_mac *k, const struct crypto_message *m,
                                 uint8_t mac[static MAC_SIZE_MAX])
{
    if (etype == KRB5_ETYPE_AES128_SHA256)
        crypto_hmac_sha256(&k->sha256, m, mac);
    else if (etype == KRB5_ETYPE_AES256_SHA384)
        crypto_hmac_sha384(&k->sha384, m, mac);
    else
        crypto_hmac_sha1(&k->sha1, m, mac);
}
/* The size is one of three: no call of memcpy, which costs as much as the copy. */
static inline void krb5_mac_write(uint8_t *out, const uint8_t *mac, size_t size)
{
    if (size == 12)
        memcpy(out, mac, 12);
    else if (size == 16)
        memcpy(out, mac, 16);
    else if (size == 24)
        memcpy(out, mac, 24);
}

/* Are they the same, as krb5_mac_write would write them? Constant time. */
static inline bool krb5_mac_equal(const uint8_t *mac, const uint8_t *given, size_t size)
{
    return size == 12   ? secret_equal_short(mac, given, 12)
           : size == 16 ? secret_equal_short(mac, given, 16)
                        : secret_equal_short(mac, given, 24);
}

/* Compares what krb5_mac_make gives with `given`, in constant time. */
static inline bool krb5_mac_matches(unsigned etype, const union krb5_mac *k, const struct crypto_message *m,
                                    const uint8_t *given)
{
    uint8_t mac[MAC_SIZE_MAX];
    krb5_mac_make(etype, k, m, mac);
    bool equal = krb5_mac_equal(mac, given, krb5_mac_size(etype));
    secret_wipe(mac, sizeof mac);
    return equal;
}

/* Kc of the initiator's key for what is received; as much of the fallback as a MIC needs. */
void krb5_fallback_mic(union krb5_mac *mac, const struct krb5_protect *p);

/* Messages that may be made in all. */
static inline uint64_t krb5_sequence_limit(unsigned etype)
{
    return etype == KRB5_ETYPE_RC4 ? (uint64_t)1 << 32 : UINT64_MAX;
}

/* krb5_sequence_take near the limit, where nothing may be added that must be taken back: each number is
 * claimed. */
bool krb5_sequence_claim(struct krb5_protect *p, uint64_t limit, uint64_t *taken);

/*
 * Takes the next number; false when there is none left. Then nothing has changed. Far from the limit one
 * addition does it: the threads that could add between the load and the addition are fewer than half of all
 * numbers.
 */
static inline bool krb5_sequence_take(struct krb5_protect *p, uint64_t *sequence)
{
    uint64_t limit = krb5_sequence_limit(p->key.etype), taken = __atomic_load_n(&p->sent, __ATOMIC_RELAXED);
    if (port_alone() && taken < limit)
        __atomic_store_n(&p->sent, taken + 1, __ATOMIC_RELAXED);
    else if (__builtin_expect(taken < limit / 2, 1))
        taken = __atomic_fetch_add(&p->sent, 1, __ATOMIC_RELAXED);
    else if (!krb5_sequence_claim(p, limit, &taken))
        return false;
    *sequence = p->send_first + taken;
    if (p->key.etype == KRB5_ETYPE_RC4)
        *sequence &= UINT32_MAX;
    return true;
}

static inline struct crypto_message krb5_message(const uint8_t *head, size_t head_size,
                                                 const struct message *m, const uint8_t *tail,
                                                 size_t tail_size)
{
    return (struct crypto_message){{head, head_size}, m->parts, m->count, {tail, tail_size}};
}

/* The same parts as writable pieces: those that m->sealed names, from pieces[0] on. Returns how many. */
size_t krb5_sealed_pieces(const struct message *m, struct crypto_piece pieces[static MESSAGE_PARTS_MAX]);
size_t krb5_sealed_size(const struct message *m);

/* RFC 4757, krb5_rc4.c. Contracts as for the functions of krb5.h that they serve. */
enum { RC4_MIC_SIZE = 37 }; /* as krb5_mic_size has it */
void krb5_rc4_keys_init(struct krb5_rc4_keys *k, const uint8_t key[static 16]);
enum protect_verdict krb5_rc4_mic_make(struct krb5_protect *p, const struct message *m, uint8_t *token);
enum protect_verdict krb5_rc4_mic_check(const struct krb5_protect *p, const struct message *m,
                                        const uint8_t *token, size_t token_size, uint64_t *sequence);
size_t krb5_rc4_wrap_size(const struct message *m, bool padding);
size_t krb5_rc4_wrap_size_max(void);
enum protect_verdict krb5_rc4_wrap(struct krb5_protect *p, bool sealed, const struct message *m,
                                   const uint8_t confounder[static KRB5_CONFOUNDER_SIZE],
                                   const struct krb5_token *token);
enum protect_verdict krb5_rc4_unwrap(const struct krb5_protect *p, const struct message *m,
                                     const struct krb5_token *token, struct krb5_unwrapped *u);
void krb5_rc4_unwrap_undo(const struct krb5_protect *p, const struct message *m,
                          const struct krb5_token *token, const struct krb5_unwrapped *u);
bool krb5_rc4_stream_split(const uint8_t *stream, size_t size, size_t *token_size);

#endif
