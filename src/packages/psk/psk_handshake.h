/* SPDX-License-Identifier: MIT */
/*
 * packages/psk, the handshake: AKEP2 of Bellare and Rogaway ("Entity Authentication and Key Distribution",
 * 1993), the structure that RFC 4764 (EAP-PSK) is built on, with HMAC-SHA-256 and HKDF-SHA-256. A is the
 * initiator, B the acceptor; both hold the key K of A's identity.
 *
 *     hello   A -> B   head 1, random A, identity A
 *     reply   B -> A   head 2, random B, identity B, MAC(AK, hello || reply without MAC)
 *     final   A -> B   head 3, bindings, MAC(AK, hello || reply || final without MAC)
 *
 *     head       "PSK1", u8 number of the message, u8 flags (1: datagram), u16 algorithms: those offered in
 *                hello, those of them that B takes in the others
 *     random     32 bytes
 *     identity   u16 length, 1 to 255 bytes of UTF-8
 *     bindings   32 bytes: SHA-256 of the channel bindings in RFC 2744's serialization; zeros: none
 *     MAC        HMAC-SHA-256, 32 bytes
 *
 * Integers are little-endian and nothing follows the last field. As the MACs cover whole messages, each side
 * is sure of what the other saw: whoever takes an algorithm out of the offer, or a flag, is found out.
 *
 * Keys (|| concatenates; texts have no terminator):
 *     PRK0 = HKDF-Extract(salt "OpenSSPI psk 1", K)
 *     AK   = HKDF-Expand(PRK0, "authentication", 32)      KDK = HKDF-Expand(PRK0, "derivation", 32)
 *     PRK1 = HKDF-Extract(salt random A || random B, KDK)   H = SHA-256(hello || reply)
 *     session key      = HKDF-Expand(PRK1, "session key" || H, 32)
 *     secret of A -> B = HKDF-Expand(PRK1, "initiator" || H, 32), of B -> A "acceptor" || H
 *
 * K must be random, not a password: whoever has seen a handshake may try passwords at leisure. There is no
 * forward secrecy: who learns K later reads what was recorded. That is AKEP2's nature.
 *
 * Here is no I/O, no heap and no source of randomness: bytes in, bytes out.
 */
#ifndef OPENSSPI_PACKAGES_PSK_HANDSHAKE_H
#define OPENSSPI_PACKAGES_PSK_HANDSHAKE_H

#include "packages/psk/psk_protect.h"

enum {
    PSK_RANDOM_SIZE = 32,
    PSK_MAC_SIZE = 32,
    PSK_BINDINGS_SIZE = 32,
    PSK_NAME_MAX = 255,
    PSK_KEY_MIN = 16,
    PSK_KEY_MAX = 64,
    PSK_HELLO_MAX = 8 + PSK_RANDOM_SIZE + 2 + PSK_NAME_MAX,
    PSK_REPLY_MAX = PSK_HELLO_MAX + PSK_MAC_SIZE,
    PSK_FINAL_SIZE = 8 + PSK_BINDINGS_SIZE + PSK_MAC_SIZE,
    PSK_MESSAGE_MAX = PSK_REPLY_MAX,
    PSK_FLAG_DATAGRAM = 1,
};

struct psk_name {
    char text[PSK_NAME_MAX + 1]; /* UTF-8, terminated */
    size_t size;
};

struct psk_bytes {
    uint8_t data[PSK_MESSAGE_MAX];
    size_t size;
};

/* One side of a handshake. Holds keys: wipe it. */
struct psk_handshake {
    uint8_t flags;       /* PSK_FLAG_* */
    uint16_t algorithms; /* offered, then agreed */
    uint8_t random_a[PSK_RANDOM_SIZE], random_b[PSK_RANDOM_SIZE];
    struct psk_name a, b;
    uint8_t authentication[32], derivation[32]; /* AK, KDK */
    uint8_t bindings[PSK_BINDINGS_SIZE];
    struct psk_bytes hello, reply;
};

/* What comes out. */
struct psk_result {
    uint8_t session[32], initiator[PSK_SECRET_SIZE], acceptor[PSK_SECRET_SIZE];
};

/* AK and KDK from K. */
void psk_handshake_key(struct psk_handshake *h, const uint8_t *key, size_t size);

/* A: from flags, algorithms, random_a, a to hello. */
void psk_hello_write(struct psk_handshake *h);
/* B: to flags, algorithms (the offer), random_a, a, hello. False: malformed. */
bool psk_hello_read(struct psk_handshake *h, struct span token);

/* B: from flags, algorithms (the agreed ones), random_b, b and the keys to reply. */
void psk_reply_write(struct psk_handshake *h);
/*
 * A: to algorithms, random_b, b, reply. PROTECT_MALFORMED; PROTECT_ALTERED: the MAC is wrong (another key, or
 * somebody changed hello or reply on the way), or it is right and the answer is not one to this offer.
 */
enum protect_verdict psk_reply_read(struct psk_handshake *h, struct span token);

/* A: from bindings and all the rest. */
void psk_final_write(const struct psk_handshake *h, uint8_t out[static PSK_FINAL_SIZE]);
/* B: to bindings, A's. PROTECT_MALFORMED, PROTECT_ALTERED as above. */
enum protect_verdict psk_final_read(struct psk_handshake *h, struct span token);

/* Both, once the other side has proved itself. */
void psk_handshake_result(const struct psk_handshake *h, struct psk_result *out);

#endif
