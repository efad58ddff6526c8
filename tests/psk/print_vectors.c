/* SPDX-License-Identifier: MIT */
/*
 * Handshakes and messages of psk from fixed inputs, a line each, for psk_model.py to compute again. The real
 * code paths: everything below the tables of functions takes its randomness as an argument.
 */
#include <stdio.h>
#include <string.h>

#include "packages/psk/psk_handshake.h"

static void fill(uint8_t *out, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(seed + 7 * i);
}

static void print(const char *name, const void *data, size_t size)
{
    const uint8_t *p = data;
    printf("%s ", name);
    for (size_t i = 0; i < size; i++)
        printf("%02x", p[i]);
    putchar('\n');
}

static void name_of(struct psk_name *name, const char *text)
{
    name->size = strlen(text);
    memcpy(name->text, text, name->size + 1);
}

/* The message: `size` bytes in four parts, of which the second and third stay readable. */
static void message(struct psk_protect *p, unsigned algorithm, size_t size, uint32_t number, bool seal)
{
    uint8_t text[300], token[PSK_TOKEN_SIZE];
    size_t a = size / 4, b = size / 3, c = size / 2;
    const struct span parts[] = {{text, a}, {text + a, b - a}, {text + b, c - b}, {text + c, size - c}};
    const struct message m = {parts, 4, 1 | 8};

    fill(text, size, (unsigned)size);
    if (seal)
        (void)psk_seal(p, number, &m, token);
    else
        (void)psk_sign(p, (enum psk_algorithm)algorithm, number, &m, token);
    print(seal ? "seal" : "sign", token, sizeof token);
    print("text", text, size);
}

static void messages(const struct psk_result *r, bool datagram, uint16_t algorithms)
{
    static struct psk_protect initiator, acceptor;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 64, 255};

    psk_protect_init(&initiator, true, datagram, WINDOW_OFF, algorithms, r->initiator, r->acceptor);
    psk_protect_init(&acceptor, false, datagram, WINDOW_OFF, algorithms, r->acceptor, r->initiator);
    acceptor.sent = 0xfffffff0;
    for (uint32_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (unsigned algorithm = 0; algorithm < PSK_ALGORITHM_COUNT; algorithm++)
            message(i % 2 ? &acceptor : &initiator, algorithm, sizes[i], 0x1000 * i + algorithm, false);
        message(i % 2 ? &acceptor : &initiator, 0, sizes[i], 9 + i, true);
    }
}

static void handshake(size_t key_size, uint8_t flags, uint16_t offered, uint16_t taken, const char *a,
                      const char *b)
{
    struct psk_handshake x = {.flags = flags, .algorithms = offered}, y = {0};
    struct psk_result rx, ry;
    uint8_t key[PSK_KEY_MAX], final[PSK_FINAL_SIZE];

    fill(key, sizeof key, 3);
    fill(x.random_a, sizeof x.random_a, 0x20);
    fill(y.random_b, sizeof y.random_b, 0x40);
    fill(x.bindings, sizeof x.bindings, flags ? 0x60 : 0);
    name_of(&x.a, a);
    name_of(&y.b, b);
    psk_handshake_key(&x, key, key_size);
    psk_handshake_key(&y, key, key_size);
    psk_hello_write(&x);
    bool good = psk_hello_read(&y, (struct span){x.hello.data, x.hello.size});
    y.algorithms &= taken;
    psk_reply_write(&y);
    good = good && psk_reply_read(&x, (struct span){y.reply.data, y.reply.size}) == PROTECT_OK;
    psk_final_write(&x, final);
    good = good && psk_final_read(&y, (struct span){final, sizeof final}) == PROTECT_OK;
    psk_handshake_result(&x, &rx);
    psk_handshake_result(&y, &ry);
    good = good && memcmp(&rx, &ry, sizeof rx) == 0 && strcmp(y.a.text, a) == 0 && strcmp(x.b.text, b) == 0;

    printf("handshake %s\n", good ? "agreed" : "failed");
    print("hello", x.hello.data, x.hello.size);
    print("reply", y.reply.data, y.reply.size);
    print("final", final, sizeof final);
    print("session", rx.session, sizeof rx.session);
    messages(&rx, flags & PSK_FLAG_DATAGRAM, y.algorithms);
}

int main(void)
{
    handshake(16, 0, PSK_ALGORITHMS_ALL, PSK_ALGORITHMS_ALL, "alice", "server.example");
    handshake(32, PSK_FLAG_DATAGRAM, PSK_ALGORITHMS_ALL, 5, "J\xc3\xbcrgen", "b");
    handshake(64, 0, 1, PSK_ALGORITHMS_ALL, "a", "\xe2\x82\xac");
    return fflush(stdout) == 0 ? 0 : 1;
}
