/* SPDX-License-Identifier: MIT */
/*
 * packages/psk, one message: from keys and numbers to a token and back. No handles, no heap, no libc beyond
 * mem*, no locks of its own.
 *
 * The token, 48 bytes whatever the algorithm, so that its length and its algorithm cannot contradict:
 *
 *      0  version      1
 *      1  kind         1 signed, 2 sealed
 *      2  algorithm    enum psk_algorithm; of sealed messages 0
 *      3  sender       0 initiator, 1 acceptor
 *      4  number       LE32: the caller's MessageSeqNo in datagram contexts, 0 in others
 *      8  counter      LE64: the sender's messages before this one
 *     16  checksum     32: HMAC-SHA-256; HMAC-SHA-512 cut to 256 bits (RFC 4868); AES-256-GMAC, AES-128-CMAC
 * or the tag of AES-256-GCM, 16 bytes followed by 16 zeros
 *
 * Signed: the checksum is over those first 16 bytes and the message. Sealed: AES-256-GCM; additional data are
 * those 16 bytes, the parts that stay readable, and how both kinds follow each other: the lengths of the runs
 * (LE64; readable, sealed, readable, ...; neighbours of one kind are one run) and their count (LE64).
 *
 * The nonce of GMAC and GCM is LE32 sender || LE64 counter. A key belongs to one direction and one algorithm
 * (GMAC is GCM without text and has GCM's key: the first 16 bytes tell the two kinds apart), the counter
 * never returns, so no nonce does; callers' numbers, which may, have no part in it. A direction ends after
 * 2^32 messages, far inside the bounds of SP 800-38D and SP 800-38B.
 */
#ifndef OPENSSPI_PACKAGES_PSK_PROTECT_H
#define OPENSSPI_PACKAGES_PSK_PROTECT_H

#include "crypto/aead.h"
#include "crypto/hmac_sha.h"
#include "crypto/macs.h"
#include "protect/window.h"

enum { PSK_TOKEN_SIZE = 48, PSK_SECRET_SIZE = 32 };
#define PSK_MESSAGES_MAX (UINT64_C(1) << 32)

/* fQOP of MakeSignature. */
enum psk_algorithm {
    PSK_HMAC_SHA256,
    PSK_HMAC_SHA512,
    PSK_AES256_GMAC,
    PSK_AES128_CMAC,
    PSK_ALGORITHM_COUNT,
};
/* Sets of algorithms have bit n for algorithm n. The first is in all of them. */
enum { PSK_ALGORITHMS_ALL = (1 << PSK_ALGORITHM_COUNT) - 1, PSK_ALGORITHMS_LEAST = 1 << PSK_HMAC_SHA256 };

/* The keys of one direction, expanded. */
struct psk_keys {
    struct crypto_hmac_sha256 hmac256;
    struct crypto_hmac_sha512 hmac512;
    struct crypto_cmac cmac;
    struct crypto_gcm gcm; /* GMAC's too: its tables are most of a context */
};

struct psk_protect {
    /* Fixed from psk_protect_init on. */
    bool initiator, datagram;
    uint16_t algorithms; /* agreed */
    uint8_t send_secret[PSK_SECRET_SIZE], receive_secret[PSK_SECRET_SIZE];
    struct psk_keys send, receive;
    /* Changing. */
    uint64_t sent;        /* atomic */
    uint64_t received;    /* connections: the counter expected next. The owner's lock for receiving. */
    struct window window; /* datagrams: of numbers. The owner's lock for receiving. */
};

/* Expands the keys: HKDF-Expand(secret of the direction, name of the algorithm), see psk_protect.c. */
void psk_protect_init(struct psk_protect *p, bool initiator, bool datagram, enum window_mode mode,
                      uint16_t algorithms, const uint8_t send_secret[static PSK_SECRET_SIZE],
                      const uint8_t receive_secret[static PSK_SECRET_SIZE]);

/* True: the set that was agreed on has it. */
bool psk_protect_offers(const struct psk_protect *p, uint32_t algorithm);

/* PROTECT_OK or PROTECT_EXPIRED. Any number of threads at once. */
enum protect_verdict psk_sign(struct psk_protect *p, enum psk_algorithm algorithm, uint32_t number,
                              const struct message *m, uint8_t token[static PSK_TOKEN_SIZE]);
/* The same, and m's sealed parts are encrypted in place. */
enum protect_verdict psk_seal(struct psk_protect *p, uint32_t number, const struct message *m,
                              uint8_t token[static PSK_TOKEN_SIZE]);

/*
 * Receiving takes up to three steps: authenticate (keys only, any number of threads), accept (under the
 * owner's lock; records the number), open (sealed messages). Until the last nothing is written but by accept,
 * and by that only when it answers PROTECT_OK or, in sequence mode, when a gap was met.
 */
/* PROTECT_OK, *sealed and *algorithm; PROTECT_ALTERED. */
enum protect_verdict psk_authenticate(const struct psk_protect *p, const struct message *m,
                                      const uint8_t token[static PSK_TOKEN_SIZE], bool *sealed,
                                      enum psk_algorithm *algorithm);
/* number: the caller's; 0 takes the token's. PROTECT_OK, PROTECT_OUT_OF_SEQUENCE. */
enum protect_verdict psk_accept(struct psk_protect *p, uint32_t number,
                                const uint8_t token[static PSK_TOKEN_SIZE]);
void psk_open(const struct psk_protect *p, const struct message *m,
              const uint8_t token[static PSK_TOKEN_SIZE]);

/* True: this direction has no message left to receive. */
bool psk_receive_ended(const struct psk_protect *p);

#endif
