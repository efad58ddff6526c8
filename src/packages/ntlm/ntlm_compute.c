/* SPDX-License-Identifier: MIT */
#include "packages/ntlm/ntlm_compute.h"

#include <sspi.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/utf16.h"
#include "base/wire.h"
#include "crypto/crypto.h"
#include "packages/ntlm/ntlm_messages.h"

static void hmac_of(const uint8_t key[static 16], const struct span *parts, size_t count,
                    uint8_t mac[static 16])
{
    struct crypto_hmac_md5 h;
    const struct crypto_message m = {.parts = parts, .count = count};
    crypto_hmac_md5_init(&h, key, 16);
    crypto_hmac_md5(&h, &m, mac);
    secret_wipe(&h, sizeof h);
}

bool ntlm_compute_nt_hash(const char16_t *password, size_t units, uint8_t hash[static 16])
{
    uint8_t *wire = mem_alloc(units > 0 ? 2 * units : 1);
    if (wire == NULL) {
        return false;
    }
    utf16_to_wire(wire, password, units);
    const struct crypto_message m = {.head = {wire, 2 * units}};
    crypto_md4(&m, hash);
    mem_free(wire);
    return true;
}

bool ntlm_compute_ntowf_v2(const uint8_t hash[static 16], struct span user, struct span domain,
                           uint8_t key[static 16])
{
    size_t units = user.size / 2;
    char16_t *text = mem_alloc(units > 0 ? 4 * units : 1);
    if (text == NULL) {
        return false;
    }
    uint8_t *upper = (uint8_t *)(text + units);
    utf16_from_wire(text, user.data, units);
    utf16_upper(text, units);
    utf16_to_wire(upper, text, units);
    const struct span parts[] = {{upper, 2 * units}, domain};
    hmac_of(hash, parts, 2, key);
    mem_free(text);
    return true;
}

void ntlm_compute_proof(const uint8_t key[static 16], const uint8_t server_challenge[static 8],
                        struct span blob, uint8_t proof[static 16])
{
    const struct span parts[] = {{server_challenge, 8}, blob};
    hmac_of(key, parts, 2, proof);
}

void ntlm_compute_base_key_v2(const uint8_t key[static 16], const uint8_t proof[static 16],
                              uint8_t base[static 16])
{
    const struct span parts[] = {{proof, 16}};
    hmac_of(key, parts, 1, base);
}

void ntlm_compute_v1_response(const uint8_t hash[static 16], const uint8_t server_challenge[static 8],
                              const uint8_t *client_challenge, uint8_t response[static 24])
{
    uint8_t challenge[16];
    memcpy(challenge, server_challenge, 8);
    if (client_challenge != NULL) {
        const struct crypto_message m = {.head = {server_challenge, 8}, .tail = {client_challenge, 8}};
        crypto_md5(&m, challenge);
    }
    /* DESL, section 6: three 7-byte keys, the last padded with zeros. */
    uint8_t keys[21] = {0};
    memcpy(keys, hash, 16);
    for (size_t i = 0; i < 3; i++) {
        crypto_des7(keys + 7 * i, challenge, response + 8 * i);
    }
    secret_wipe(keys, sizeof keys);
}

void ntlm_compute_base_key_v1(const uint8_t hash[static 16], uint8_t base[static 16])
{
    const struct crypto_message m = {.head = {hash, 16}};
    crypto_md4(&m, base);
}

void ntlm_compute_key_exchange_v1(const uint8_t base[static 16], const uint8_t server_challenge[static 8],
                                  const uint8_t *client_challenge, uint8_t key[static 16])
{
    if (client_challenge == NULL) {
        memmove(key, base, 16);
        return;
    }
    const struct span parts[] = {{server_challenge, 8}, {client_challenge, 8}};
    hmac_of(base, parts, 2, key);
}

void ntlm_compute_rc4k(const uint8_t key[static 16], const uint8_t in[static 16], uint8_t out[static 16])
{
    struct crypto_rc4 rc4;
    crypto_rc4_init(&rc4, key, 16);
    crypto_rc4(&rc4, in, out, 16);
    secret_wipe(&rc4, sizeof rc4);
}

void ntlm_compute_mic(const uint8_t key[static 16], struct span negotiate, struct span challenge,
                      struct span authenticate, uint8_t mic[static 16])
{
    static const uint8_t zeros[NTLM_MIC_SIZE];
    const struct span parts[] = {
        negotiate,
        challenge,
        {authenticate.data, NTLM_MIC_OFFSET},
        {zeros, sizeof zeros},
        {authenticate.data + NTLM_AUTHENTICATE_HEADER, authenticate.size - NTLM_AUTHENTICATE_HEADER},
    };
    hmac_of(key, parts, 5, mic);
}

static bool bindings_part(const void *buffer, size_t size, ULONG offset, ULONG length, struct span *out)
{
    *out = (struct span){NULL, 0};
    if (length == 0) {
        return true;
    }
    if (offset < sizeof(SEC_CHANNEL_BINDINGS) || offset > size || length > size - offset) {
        return false;
    }
    *out = (struct span){(const uint8_t *)buffer + offset, length};
    return true;
}

bool ntlm_compute_bindings(const void *buffer, size_t size, uint8_t hash[static 16])
{
    SEC_CHANNEL_BINDINGS b;
    struct span initiator, acceptor, application;
    if (buffer == NULL || size < sizeof b) {
        return false;
    }
    memcpy(&b, buffer, sizeof b);
    if (!bindings_part(buffer, size, b.dwInitiatorOffset, b.cbInitiatorLength, &initiator) ||
        !bindings_part(buffer, size, b.dwAcceptorOffset, b.cbAcceptorLength, &acceptor) ||
        !bindings_part(buffer, size, b.dwApplicationDataOffset, b.cbApplicationDataLength, &application)) {
        return false;
    }
    uint8_t heads[20];
    wire_put_u32(heads, b.dwInitiatorAddrType);
    wire_put_u32(heads + 4, b.cbInitiatorLength);
    wire_put_u32(heads + 8, b.dwAcceptorAddrType);
    wire_put_u32(heads + 12, b.cbAcceptorLength);
    wire_put_u32(heads + 16, b.cbApplicationDataLength);
    const struct span parts[] = {{heads, 8}, initiator,       {heads + 8, 8},
                                 acceptor,   {heads + 16, 4}, application};
    const struct crypto_message m = {.parts = parts, .count = 6};
    crypto_md5(&m, hash);
    return true;
}
