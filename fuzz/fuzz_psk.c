/* SPDX-License-Identifier: MIT */
/*
 * psk: its handshake messages, packed context, identities file and tokens. The first byte chooses; the
 * second's lowest bit gives handshake messages the MAC that fits them, so that what comes behind the check is
 * met too.
 */
#include "fuzz.h"

#include "packages/psk/psk_identities.h"
#include "packages/psk/psk_packed.h"

static void start(struct psk_handshake *h)
{
    static const uint8_t key[32] = {1, 2, 3};
    memset(h, 0, sizeof *h);
    h->algorithms = PSK_ALGORITHMS_ALL;
    memcpy(h->a.text, "alice", 6);
    memcpy(h->b.text, "server", 7);
    h->a.size = 5;
    h->b.size = 6;
    psk_handshake_key(h, key, sizeof key);
    psk_hello_write(h);
}

/* The MAC over what was said before and body. */
static void sign(const struct psk_handshake *h, const struct psk_bytes *reply, uint8_t *body, size_t size)
{
    struct crypto_hmac_sha256 key;
    const struct span parts[] = {{reply->data, reply->size}};
    const struct crypto_message m = {{h->hello.data, h->hello.size}, parts, 1, {body, size}};
    crypto_hmac_sha256_init(&key, h->authentication, sizeof h->authentication);
    crypto_hmac_sha256(&key, &m, body + size);
}

static void hello(const uint8_t *data, size_t size)
{
    struct psk_handshake h = {0};
    if (!psk_hello_read(&h, (struct span){data, size}))
        return;
    fuzz_check(h.a.size > 0 && h.a.size <= PSK_NAME_MAX && h.a.text[h.a.size] == 0);
    psk_hello_write(&h);
    fuzz_check(h.hello.size == size && memcmp(h.hello.data, data, size) == 0);
}

static void reply(uint8_t *data, size_t size, bool fit)
{
    struct psk_handshake h;
    struct psk_result keys;
    start(&h);
    if (fit && size >= PSK_MAC_SIZE)
        sign(&h, &h.reply, data, size - PSK_MAC_SIZE);
    if (psk_reply_read(&h, (struct span){data, size}) != PROTECT_OK)
        return;
    fuzz_check(h.flags == 0 && (h.algorithms & PSK_ALGORITHMS_LEAST) &&
               !(h.algorithms & ~PSK_ALGORITHMS_ALL));
    psk_handshake_result(&h, &keys);
}

static void final(uint8_t *data, size_t size, bool fit)
{
    struct psk_handshake h;
    start(&h);
    psk_reply_write(&h);
    if (fit && size >= PSK_MAC_SIZE)
        sign(&h, &h.reply, data, size - PSK_MAC_SIZE);
    if (psk_final_read(&h, (struct span){data, size}) == PROTECT_OK)
        fuzz_check(size == PSK_FINAL_SIZE);
}

static void packed(const uint8_t *data, size_t size)
{
    static struct psk_packed p;
    uint8_t again[PSK_PACKED_MAX];
    if (!psk_packed_read(&p, data, size))
        return;
    fuzz_check(psk_packed_write(&p, again) == size && memcmp(again, data, size) == 0);
    window_accept(&p.window, 7);
}

static void identities(const uint8_t *data, size_t size)
{
    struct psk_identity id;
    struct psk_name alice = {"alice", 5};
    char error[512] = "";
    const char *path = fuzz_file("identities", data, size);
    for (int i = 0; i < 2; i++) {
        SECURITY_STATUS status = psk_identity_find(path, i ? NULL : &alice, &id, error);
        fuzz_check(status == SEC_E_OK || error[0] != 0);
        fuzz_check(status != SEC_E_OK ||
                   (id.key_size >= PSK_KEY_MIN && id.key_size <= PSK_KEY_MAX && id.name.size > 0));
    }
}

/* A token of nobody's is never genuine, whatever the shape of the message. */
static void token(uint8_t *data, size_t size)
{
    static struct psk_protect p;
    static const uint8_t a[32] = {1}, b[32] = {2};
    struct span parts[MESSAGE_PARTS_MAX];
    struct message m = {parts, 0, 0};
    bool sealed;
    enum psk_algorithm algorithm;
    size_t at = PSK_TOKEN_SIZE + 9;
    if (size < at)
        return;
    psk_protect_init(&p, data[8] & 1, data[8] & 2, WINDOW_SEQUENCE, PSK_ALGORITHMS_ALL, a, b);
    memcpy(&m.sealed, data, 8);
    while (m.count < MESSAGE_PARTS_MAX && at < size) {
        size_t length = data[at++] % 40;
        length = length < size - at ? length : size - at;
        parts[m.count++] = (struct span){data + at, length};
        at += length;
    }
    fuzz_check(psk_authenticate(&p, &m, data + 9, &sealed, &algorithm) == PROTECT_ALTERED);
    (void)psk_accept(&p, 0, data + 9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start();
    if (size < 2)
        return 0;
    uint8_t *copy = malloc(size);
    fuzz_check(copy != NULL);
    memcpy(copy, data, size);
    bool fit = data[1] & 1;
    switch (data[0] % 6) {
    case 0:
        hello(copy + 2, size - 2);
        break;
    case 1:
        reply(copy + 2, size - 2, fit);
        break;
    case 2:
        final(copy + 2, size - 2, fit);
        break;
    case 3:
        packed(copy + 2, size - 2);
        break;
    case 4:
        identities(copy + 2, size - 2);
        break;
    default:
        token(copy + 2, size - 2);
    }
    free(copy);
    return 0;
}
