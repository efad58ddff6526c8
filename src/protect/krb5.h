/* SPDX-License-Identifier: MIT */
/*
 * protect/krb5: Kerberos per-message protection: RFC 4121 for the AES types of RFC 3962 and RFC 8009, RFC
 * 4757 for RC4-HMAC, with the layouts of [MS-KILE] 3.4.5.4. Knows keys and sequence numbers; the caller (a
 * package's user or kernel half) has checked the buffers and brings the random confounder.
 *
 *   RFC 4121 MIC    04 04 flags FF*5 BE64 seq || HMAC(Kc, message || those 16 bytes)
 *   RFC 4121 Wrap   05 04 flags FF BE16 EC BE16 RRC BE64 seq || rotated right by RRC:
 *     sealed          E(Ke, confounder || data || EC filler bytes || header with RRC 0) || HMAC(Ki, ...)
 *     integrity only  data || HMAC(Kc, data || header with EC and RRC 0)
 *   RFC 4757        60 length 06 09 oid || 01 01 or 02 01, algorithms, encrypted number, HMAC, confounder,
 * data, 01
 *
 * Three structures, so that a context that only signs stays small:
 *   krb5_protect   what every context has; MICs need nothing else
 *   krb5_seal      expanded keys of Wrap, AES only; made when sealing is negotiated or first used
 *   krb5_fallback  receive keys of the initiator's key in a context whose acceptor asserted a subkey, for
 * tokens that do not carry the acceptor-subkey flag. Optional: where NULL is passed and such a token comes,
 * the keys are derived for that one message All are plain data without pointers, to be copied and wiped as
 * such.
 *
 * Threads: krb5_protect.sent is advanced by one atomic operation, so any number of threads make MICs and Wrap
 * tokens on one context at once without a lock. Checking is in two steps: krb5_mic_check and krb5_unwrap
 * authenticate and only read the context; krb5_accept then judges the number, and is the only function that
 * needs the caller's receive lock.
 *
 * Verdicts of the checking functions: PROTECT_MALFORMED for a token of the wrong size or of the other format
 * (RFC 4757 where the context's key is AES, and the reverse); PROTECT_ALTERED for everything else that is not
 * a genuine token of the peer, own tokens fed back included. Flag bits that have no meaning are under the
 * checksum and not judged.
 */
#ifndef OPENSSPI_PROTECT_KRB5_H
#define OPENSSPI_PROTECT_KRB5_H

#include "crypto/aes.h"
#include "crypto/crypto.h"
#include "crypto/hmac_sha.h"
#include "protect/window.h"

/* Encryption types by their assigned numbers. DES, DES3, Camellia and RC4 with 56 bits are not offered. */
enum krb5_etype {
    KRB5_ETYPE_NONE = 0,
    KRB5_ETYPE_AES128_SHA1 = 17,
    KRB5_ETYPE_AES256_SHA1 = 18,
    KRB5_ETYPE_AES128_SHA256 = 19,
    KRB5_ETYPE_AES256_SHA384 = 20,
    KRB5_ETYPE_RC4 = 23,
};

enum { KRB5_KEY_SIZE_MAX = 32, KRB5_CONFOUNDER_SIZE = 16, KRB5_MIC_SIZE_MAX = 40 };

enum krb5_protect_flags {
    KRB5_F_INITIATOR = 0x01,       /* this side started the context */
    KRB5_F_ACCEPTOR_SUBKEY = 0x02, /* the acceptor asserted a subkey: `key` is that one; AES only */
    KRB5_F_DCE_STYLE = 0x04,       /* sealed tokens are rotated by RRC + EC, and EC is 16 */
    KRB5_F_REPLAY = 0x08,          /* window: duplicates refused */
    KRB5_F_SEQUENCE = 0x10,        /* window: gaps and reordering refused too */
    KRB5_F_CONF = 0x20,            /* negotiated; carried for the package, not judged here */
    KRB5_F_INTEG = 0x40,           /* likewise */
    KRB5_F_ALL = 0x7f,
};

/* A raw key; its size follows from its type: krb5_key_size(). */
struct krb5_raw_key {
    uint16_t etype; /* enum krb5_etype */
    uint8_t bytes[KRB5_KEY_SIZE_MAX];
};

/* RC4-HMAC: HMAC-MD5 states of the three keys that RFC 4757 makes from the context's. The same in both
 * directions. */
struct krb5_rc4_keys {
    struct crypto_hmac_md5 sign;     /* Ksign */
    struct crypto_hmac_md5 sequence; /* what encrypts SND_SEQ, before the checksum goes in */
    struct crypto_hmac_md5 seal;     /* what encrypts data, before the number goes in */
};

/* One checksum key, spent. Which member is meant follows from the type. */
union krb5_mac {
    struct crypto_hmac_sha1 sha1;
    struct crypto_hmac_sha256 sha256;
    struct crypto_hmac_sha384 sha384;
    struct krb5_rc4_keys rc4;
};

struct krb5_protect {
    uint64_t send_first;     /* modulo 2^32 with RC4 */
    uint32_t flags;          /* enum krb5_protect_flags */
    struct krb5_raw_key key; /* of the context: the acceptor's subkey where asserted, else the initiator's.
                                This is the session key that SSPI reports */
    struct krb5_raw_key
        initiator;       /* beside an acceptor's subkey: what the initiator asserted; else etype 0 */
    union krb5_mac send; /* Kc, key usage 25 (initiator) or 23 (acceptor) */
    union krb5_mac receive;
    struct window_small window; /* the caller's receive lock */
    /* Messages made so far; atomic. The next number is send_first + sent. At the end, away from what every
     * call reads: threads that sign at once take this line from each other. */
    uint64_t sent;
};

/* Keys of Wrap for one direction: key usage 24 (initiator) or 22 (acceptor). */
struct krb5_seal_keys {
    union krb5_mac integrity;  /* Ki: over what is encrypted */
    union krb5_mac checksum;   /* Kc: integrity only */
    struct crypto_aes encrypt; /* Ke; on receipt it restores what failed to verify */
};

struct krb5_seal {
    struct krb5_seal_keys send;
    struct krb5_seal_keys receive;
    struct crypto_aes decrypt; /* Ke of receive */
};

struct krb5_fallback {
    union krb5_mac mic;
    struct krb5_seal_keys seal;
    struct crypto_aes decrypt;
};

/* How a context begins. Sequence numbers above 32 bits are refused with RC4. */
struct krb5_start {
    uint32_t flags;
    struct krb5_raw_key key;
    struct krb5_raw_key initiator; /* etype 0 unless KRB5_F_ACCEPTOR_SUBKEY */
    uint64_t send_first;
    uint64_t receive_first;
};

/* 16, 32, or 0 for a type that is not offered. */
size_t krb5_key_size(unsigned etype);

/*
 * Derives and expands the MIC keys. False, *p untouched: a type that is not offered, unknown flags, an
 * initiator key missing or one too many, RC4 together with an acceptor's subkey, a number that does not fit.
 */
bool krb5_protect_init(struct krb5_protect *p, const struct krb5_start *start);
/* Derives and expands what Wrap needs. With RC4 nothing is needed: *s becomes zeros. */
void krb5_seal_init(struct krb5_seal *s, const struct krb5_protect *p);
/* False, *f untouched: the context has no acceptor's subkey, so there is nothing to fall back to. */
bool krb5_fallback_init(struct krb5_fallback *f, const struct krb5_protect *p);

/* Exact size of a MIC made by this context: 28, 32, 40; RC4 37. */
static inline size_t krb5_mic_size(const struct krb5_protect *p)
{
    static const uint8_t sizes[] = {
        [KRB5_ETYPE_AES128_SHA1] = 28,   [KRB5_ETYPE_AES256_SHA1] = 28, [KRB5_ETYPE_AES128_SHA256] = 32,
        [KRB5_ETYPE_AES256_SHA384] = 40, [KRB5_ETYPE_RC4] = 37,
    };
    return p->key.etype < sizeof sizes ? sizes[p->key.etype] : 0;
}

/*
 * Makes a MIC over the message: krb5_mic_size(p) bytes at token. PROTECT_OK, or PROTECT_EXPIRED once all
 * numbers are used up (2^64 - 1 messages, RC4 2^32); then nothing has changed. m->sealed is ignored.
 */
enum protect_verdict krb5_mic_make(struct krb5_protect *p, const struct message *m, uint8_t *token);

/*
 * First step: is it the peer's, and unaltered? *sequence is set on PROTECT_OK alone. f may be NULL.
 * RC4's encrypted number is bound to the direction but not to the message (RFC 4757 7.3).
 */
enum protect_verdict krb5_mic_check(const struct krb5_protect *p, const struct krb5_fallback *f,
                                    const struct message *m, const uint8_t *token, size_t token_size,
                                    uint64_t *sequence);

/* Second step, under the receive lock: the number of an authentic message, MIC or Wrap. Verdicts of
 * window_accept. */
static inline enum protect_verdict krb5_accept(struct krb5_protect *p, uint64_t sequence)
{
    return window_small_accept(&p->window, sequence);
}

/*
 * A Wrap token apart from its data. padding: one byte behind the data, which RFC 4757 wants outside of DCE
 * style; NULL when there is none, and ignored with AES. With RC4 and padding NULL the token is made in DCE
 * form: no padding, and a framing whose length leaves the data out.
 */
struct krb5_token {
    uint8_t *data;
    size_t size;
    uint8_t *padding;
};

/* Exact size of the token that krb5_wrap makes: AES 60/64/72, DCE style 76/80/88, integrity only 28/32/40;
 * with RC4 it depends on the size of the data. */
size_t krb5_wrap_size(const struct krb5_protect *p, bool sealed, const struct message *m, bool padding);
/* The largest of these for the context, with any data below 4 GiB. */
size_t krb5_wrap_size_max(const struct krb5_protect *p);

/*
 * Makes a Wrap token; sealed: the parts that m->sealed names are encrypted in place, the others are only
 * under the checksum ([MS-KILE] 3.4.5.4.1). Integrity only: the message is not written. token->size >=
 * krb5_wrap_size(); that many bytes are written. token, padding and parts do not overlap. s is not read with
 * RC4. PROTECT_OK, or PROTECT_EXPIRED with nothing changed.
 */
enum protect_verdict krb5_wrap(struct krb5_protect *p, const struct krb5_seal *s, bool sealed,
                               const struct message *m, const uint8_t confounder[static KRB5_CONFOUNDER_SIZE],
                               const struct krb5_token *token);

/* What krb5_unwrap found, and what krb5_unwrap_undo needs to go back. */
struct krb5_unwrapped {
    uint64_t sequence;
    size_t rotated; /* bytes by which token and data were turned to reach our own layout */
    uint32_t trim;  /* 1: the last byte of the sealed parts is RFC 4757 padding and not data */
    uint16_t extra; /* EC */
    bool sealed;    /* false: integrity only */
    bool fallback;  /* under the initiator's key */
    bool padded;    /* RC4: a byte of padding was sent */
};

/*
 * First step for Wrap: takes any EC and RRC, authenticates and leaves the plaintext in the sealed parts of m.
 * token->size is exact. PROTECT_OK: *u is set, the token's bytes behind its header are undefined. Otherwise
 * token, padding and parts hold the input again and *u is untouched. Where the peer rotated otherwise than we
 * do, its bytes are first turned within token and sealed parts, so a sealed part is written even if the token
 * is one of integrity only. f may be NULL.
 */
enum protect_verdict krb5_unwrap(const struct krb5_protect *p, const struct krb5_seal *s,
                                 const struct krb5_fallback *f, const struct message *m,
                                 const struct krb5_token *token, struct krb5_unwrapped *u);

/*
 * What krb5_unwrap would say of a token's size and format alone, without a byte of the message: PROTECT_OK,
 * PROTECT_ALTERED or PROTECT_MALFORMED. With RC4, whose sizes depend on the message, PROTECT_OK. Nothing is
 * written.
 */
enum protect_verdict krb5_unwrap_look(const struct krb5_protect *p, uint8_t *token, size_t size);

/* After krb5_unwrap said PROTECT_OK and krb5_accept did not: brings the input back, byte for byte. Same
 * arguments. */
void krb5_unwrap_undo(const struct krb5_protect *p, const struct krb5_seal *s, const struct krb5_fallback *f,
                      const struct message *m, const struct krb5_token *token,
                      const struct krb5_unwrapped *u);

/*
 * A Wrap token with its data in one piece (SECBUFFER_STREAM, what gss_wrap gives): how many bytes of it are
 * the token for krb5_unwrap; the rest is the one sealed part. False: too short, or no Wrap token of this
 * context's format.
 */
bool krb5_stream_split(const struct krb5_protect *p, const uint8_t *stream, size_t size, size_t *token_size);

/*
 * Packed form: KRB5_PACK_SIZE bytes exactly, little-endian and versioned, raw keys, numbers and the window;
 * expanded keys are made anew. The caller holds the receive lock while packing. unpack: false for any other
 * version, size or flags, an impossible key, number or window; *p is then untouched.
 */
enum { KRB5_PACK_SIZE = 248 };
void krb5_protect_pack(const struct krb5_protect *p, uint8_t out[static KRB5_PACK_SIZE]);
bool krb5_protect_unpack(struct krb5_protect *p, const uint8_t *in, size_t size);

#endif
