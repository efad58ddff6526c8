/* SPDX-License-Identifier: MIT */
/*
 * protect/ntlm: NTLM per-message protection, [MS-NLMP] 3.4. Knows keys, RC4 streams and sequence numbers; the
 * caller (a package's user or kernel half) has checked the buffers and holds the lock of the direction it
 * uses. Without extended session security both directions share one stream and one counter (the `send` half),
 * so then one lock guards everything: ntlm_protect_shared() says so.
 *
 * Which form of token a context makes follows from its negotiate flags alone:
 *   ESS                       01000000 || HMAC_MD5(SignKey, LE32 seq || message)[0..7] (RC4 if KEY_EXCH) ||
 * LE32 seq no ESS                    01000000 || 00000000 || RC4(CRC32) || RC4(0) ^ seq           (legacy)
 *   neither SIGN nor SEAL     01 00*15 when ALWAYS_SIGN: no protection, no number consumed
 */
#ifndef OPENSSPI_PROTECT_NTLM_H
#define OPENSSPI_PROTECT_NTLM_H

#include "crypto/crypto.h"
#include "protect/window.h"

enum { NTLM_TOKEN_SIZE = 16, NTLM_KEY_SIZE = 16 };

/* Negotiate flags that matter after establishment, [MS-NLMP] 2.2.2.5. */
enum {
    NTLM_F_UNICODE = 0x00000001,
    NTLM_F_OEM = 0x00000002,
    NTLM_F_REQUEST_TARGET = 0x00000004,
    NTLM_F_SIGN = 0x00000010,
    NTLM_F_SEAL = 0x00000020,
    NTLM_F_DATAGRAM = 0x00000040,
    NTLM_F_LM_KEY = 0x00000080,
    NTLM_F_NTLM = 0x00000200,
    NTLM_F_ANONYMOUS = 0x00000800,
    NTLM_F_OEM_DOMAIN_SUPPLIED = 0x00001000,
    NTLM_F_OEM_WORKSTATION_SUPPLIED = 0x00002000,
    NTLM_F_ALWAYS_SIGN = 0x00008000,
    NTLM_F_TARGET_TYPE_DOMAIN = 0x00010000,
    NTLM_F_TARGET_TYPE_SERVER = 0x00020000,
    NTLM_F_ESS = 0x00080000,
    NTLM_F_IDENTIFY = 0x00100000,
    NTLM_F_NON_NT_SESSION_KEY = 0x00400000,
    NTLM_F_TARGET_INFO = 0x00800000,
    NTLM_F_VERSION = 0x02000000,
    NTLM_F_128 = 0x20000000,
    NTLM_F_KEY_EXCH = 0x40000000,
    /* NTLM_F_56 is 0x80000000: beyond int, so a macro. */
};
#define NTLM_F_56 0x80000000u

struct ntlm_direction {
    struct crypto_hmac_md5 sign;     /* expanded SignKey (ESS) */
    uint8_t seal_key[NTLM_KEY_SIZE]; /* for re-keying: datagram, mechListMIC */
    uint64_t sequence;               /* connection: next number; 2^32 = used up. Datagram: unused */
    union {
        struct crypto_rc4 rc4; /* connection-oriented */
        struct window window;  /* datagram, receiving direction */
    } u;
};

struct ntlm_protect {
    uint32_t flags;        /* negotiated NTLM_F_* */
    uint8_t seal_key_size; /* bytes of seal_key in use: 16 with ESS; without it 16, 8 or 5.. as weakened */
    uint8_t initiator;
    uint8_t reserved[2];
    struct ntlm_direction send;
    struct ntlm_direction receive;
};

/*
 * Derives SIGNKEY, SEALKEY ([MS-NLMP] 3.4.5.2, 3.4.5.3) for both directions from the ExportedSessionKey and
 * expands them once. detect: WINDOW_* mode for datagram contexts. Overwrites *p wholly.
 */
void ntlm_protect_init(struct ntlm_protect *p, uint32_t flags, bool initiator, enum window_mode detect,
                       const uint8_t session_key[static NTLM_KEY_SIZE]);

/* True: both directions share state, one lock must cover sends and receives. */
static inline bool ntlm_protect_shared(const struct ntlm_protect *p)
{
    return !(p->flags & NTLM_F_ESS) && !(p->flags & NTLM_F_DATAGRAM);
}

/* True when messages are really protected; false: dummy signatures or nothing at all (see ALWAYS_SIGN). */
static inline bool ntlm_protect_active(const struct ntlm_protect *p)
{
    return (p->flags & (NTLM_F_SIGN | NTLM_F_SEAL)) != 0;
}

/*
 * Makes the token. sequence: the datagram's number (MessageSeqNo), ignored on connections. PROTECT_OK or
 * PROTECT_EXPIRED (then token and state are untouched). The dummy consumes nothing.
 */
enum protect_verdict ntlm_sign(struct ntlm_protect *p, uint32_t sequence, const struct message *m,
                               uint8_t token[static NTLM_TOKEN_SIZE]);
/* The same with the sealed parts of the message encrypted in place first. Needs ntlm_protect_active.
 * Datagrams with the same number are encrypted with the same key stream: distinct numbers are the caller's
 * duty. */
enum protect_verdict ntlm_seal(struct ntlm_protect *p, uint32_t sequence, const struct message *m,
                               uint8_t token[static NTLM_TOKEN_SIZE]);

/*
 * Checks the token; transactional: on anything but PROTECT_OK the message is byte-identical, and so is *p,
 * with one exception: a datagram that is authentic but comes after a gap moves the window's expectation in
 * WINDOW_SEQUENCE mode. Connection: the number first, then the MAC. Datagram: the MAC (over the token's
 * number), then sequence == token's unless sequence is 0, then the window unless the token's number is 0.
 * Datagram without ESS: the token cannot be read without its number, so sequence is the number (0 included),
 * and another one than the sender's is PROTECT_ALTERED.
 */
enum protect_verdict ntlm_verify(struct ntlm_protect *p, uint32_t sequence, const struct message *m,
                                 const uint8_t token[static NTLM_TOKEN_SIZE]);
/* Decrypts the sealed parts in place and checks; on failure they hold the ciphertext again. */
enum protect_verdict ntlm_unseal(struct ntlm_protect *p, uint32_t sequence, const struct message *m,
                                 const uint8_t token[static NTLM_TOKEN_SIZE]);

/* [MS-SPNG] 3.2.5.1: after the mechListMIC both RC4 handles return to their initial state while the counters
 * go on. Does nothing to datagram contexts, whose RC4 starts anew with every message anyway. */
void ntlm_protect_rewind_rc4(struct ntlm_protect *p);

/*
 * Packed form: little-endian, versioned, chaining words and raw keys; NTLM_PACK_SIZE bytes exactly.
 * unpack: false for any other version, size, impossible flags, sequence or RC4 permutation; *p is then
 * untouched.
 */
enum { NTLM_PACK_SIZE = 1024 };
void ntlm_protect_pack(const struct ntlm_protect *p, uint8_t out[static NTLM_PACK_SIZE]);
bool ntlm_protect_unpack(struct ntlm_protect *p, const uint8_t *in, size_t size);

#endif
