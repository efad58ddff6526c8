/* SPDX-License-Identifier: MIT */
#include "vectors.h"

#include "protect/ntlm.h"

enum { LINE_SIZE = 1024, TEXT_MAX = 200 };

/* ---- output ---- */

struct text {
    char at[LINE_SIZE];
    size_t size;
};

static void (*emit)(const char *text, size_t size);

static void put(struct text *t, const char *s)
{
    while (*s && t->size < LINE_SIZE)
        t->at[t->size++] = *s++;
}

static void put_hex(struct text *t, const uint8_t *p, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size && t->size + 2 <= LINE_SIZE; i++) {
        t->at[t->size++] = digits[p[i] >> 4];
        t->at[t->size++] = digits[p[i] & 15];
    }
}

static void put_word(struct text *t, uint32_t v)
{
    const uint8_t bytes[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    put_hex(t, bytes, sizeof bytes);
}

static void report(bool ok, const char *vector, const char *what)
{
    struct text t = {.size = 0};
    put(&t, ok ? "ok " : "FAIL ");
    put(&t, vector);
    put(&t, ": ");
    put(&t, what);
    emit(t.at, t.size);
}

static size_t from_hex(uint8_t *out, const char *hex)
{
    size_t n = 0;
    for (; hex[0] && hex[1]; hex += 2) {
        unsigned high = (unsigned)(hex[0] <= '9' ? hex[0] - '0' : hex[0] - 'a' + 10);
        unsigned low = (unsigned)(hex[1] <= '9' ? hex[1] - '0' : hex[1] - 'a' + 10);
        out[n++] = (uint8_t)(high << 4 | low);
    }
    return n;
}

static bool equals_hex(const uint8_t *p, const char *hex)
{
    uint8_t want[TEXT_MAX];
    size_t n = from_hex(want, hex);
    return memcmp(p, want, n) == 0;
}

/* ---- published vectors ---- */

#define PLAINTEXT "50006c00610069006e007400650078007400"
#define FIVES     "55555555555555555555555555555555"

/* Flags of the examples: 4.2.2, 4.2.3, 4.2.4. */
#define V1_FLAGS     0xe2028233u
#define V1_ESS_FLAGS 0x820a8233u
#define V2_FLAGS     0xe28a8233u

struct message_vector {
    const char *name;
    uint32_t flags;
    const char *session_key;
    const char *sealed, *sealed_token; /* NULL: not published */
    const char *signed_token;          /* signing alone, first message */
};

static struct message_vector message_vectors[] = {
    {.name = "4.2.2.4 NTLMv1",
     .flags = V1_FLAGS,
     .session_key = FIVES,
     .sealed = "56fe04d861f9319af0d7238a2e3b4d457fb8",
     .sealed_token = "010000000000000009dcd1df2e459d36"},
    {.name = "4.2.3.4 NTLMv1 with ESS, 56 bits, no key exchange",
     .flags = V1_ESS_FLAGS,
     .session_key = "eb93429a8bd952f8b89c55b87f475edc",
     .sealed = "a02372f6530273f3aa1eb90190ce5200c99d",
     .sealed_token = "01000000ff2aeb52f681793a00000000",
     .signed_token = "01000000ff2aeb52f681793a00000000"}, /* vectors_spoil's */
    {.name = "4.2.4.4 NTLMv2",
     .flags = V2_FLAGS,
     .session_key = FIVES,
     .sealed = "54e50165bf1936dc996020c1811b0f06fb5f",
     .sealed_token = "010000007fb38ec5c55d497600000000"},
    {.name = "4.2.4.4 without key exchange",
     .flags = V2_FLAGS & ~(uint32_t)NTLM_F_KEY_EXCH,
     .session_key = FIVES,
     .sealed = "54e50165bf1936dc996020c1811b0f06fb5f",
     .sealed_token = "0100000070352851f256430900000000",
     .signed_token = "0100000070352851f256430900000000"},
    {.name = "dummy signature",
     .flags = V2_FLAGS & ~(uint32_t)(NTLM_F_SIGN | NTLM_F_SEAL),
     .session_key = FIVES,
     .signed_token = "01000000000000000000000000000000"},
};

void vectors_spoil(void)
{
    message_vectors[1].signed_token = "01000000ff2aeb52f681793b00000000";
}

static void run_message_vector(const struct message_vector *v)
{
    uint8_t key[16], text[TEXT_MAX], plain[TEXT_MAX], token[16];
    struct ntlm_protect client, server;
    from_hex(key, v->session_key);
    size_t size = from_hex(plain, PLAINTEXT);
    const struct span part = {text, size};
    const struct message m = {&part, 1, 1};
    memcpy(text, plain, size);

    if (v->signed_token) {
        ntlm_protect_init(&client, v->flags, true, WINDOW_OFF, key);
        ntlm_protect_init(&server, v->flags, false, WINDOW_OFF, key);
        report(ntlm_sign(&client, 0, &m, token) == PROTECT_OK, v->name, "signs");
        report(equals_hex(token, v->signed_token), v->name, "signature");
        report(ntlm_verify(&server, 0, &m, token) == PROTECT_OK, v->name, "verifies");
    }
    if (!v->sealed)
        return;
    ntlm_protect_init(&client, v->flags, true, WINDOW_OFF, key);
    ntlm_protect_init(&server, v->flags, false, WINDOW_OFF, key);
    report(ntlm_seal(&client, 0, &m, token) == PROTECT_OK, v->name, "seals");
    report(equals_hex(text, v->sealed), v->name, "ciphertext");
    report(equals_hex(token, v->sealed_token), v->name, "token");
    report(ntlm_unseal(&server, 0, &m, token) == PROTECT_OK, v->name, "unseals");
    report(memcmp(text, plain, size) == 0, v->name, "plaintext");
}

struct key_vector {
    const char *name;
    uint32_t flags;
    const char *session_key;
    bool initiator;
    const char *seal_key, *sign_key; /* of the sending direction; sign_key may be NULL */
    uint8_t size;
};

#define ESS_56 ((V2_FLAGS | NTLM_F_56) & ~(uint32_t)NTLM_F_128)
#define ESS_40 (ESS_56 & ~NTLM_F_56)
#define DGRAM  (V1_FLAGS | NTLM_F_DATAGRAM)

static const struct key_vector key_vectors[] = {
    {"56-bit ESS key of 4.2.3.4", V1_ESS_FLAGS, "eb93429a8bd952f8b89c55b87f475edc", true,
     "04dd7f014d8504d265a25cc86a3a7c06", "60e799be5c72fc92922ae8ebe961fb8d", 16},
    {"128-bit initiator", V2_FLAGS, FIVES, true, "59f600973cc4960a25480a7c196e4c58",
     "4788dc861b4782f35d43fd98fe1a2d39", 16},
    {"128-bit acceptor", V2_FLAGS, FIVES, false, "9355f3a957c1583d25c4c2f11e40390e",
     "d04d6f10741041d1d246d64188d7a8ad", 16},
    {"56-bit initiator", ESS_56, FIVES, true, "a5f7253c1065e8d3d68642040e71cfe0",
     "4788dc861b4782f35d43fd98fe1a2d39", 16},
    {"56-bit acceptor", ESS_56, FIVES, false, "583e2f98959b385cd158f3734b5f5d3f", NULL, 16},
    {"40-bit initiator", ESS_40, FIVES, true, "42f964a471091a02ff4a77455366e4e5", NULL, 16},
    {"40-bit acceptor", ESS_40, FIVES, false, "c5d3853b406b7c1241c595f0ce0750e2", NULL, 16},
    {"no ESS, connection: not weakened", V1_FLAGS, FIVES, true, FIVES, NULL, 16},
    {"no ESS, datagram, 56 bits", DGRAM, FIVES, true, "55555555555555a00000000000000000", NULL, 8},
    {"no ESS, datagram, 40 bits", DGRAM & ~NTLM_F_56, FIVES, true, "5555555555e538b00000000000000000", NULL,
     8},
};

static void run_key_vector(const struct key_vector *v)
{
    uint8_t key[16];
    struct ntlm_protect p, other;
    from_hex(key, v->session_key);
    ntlm_protect_init(&p, v->flags, v->initiator, WINDOW_OFF, key);
    ntlm_protect_init(&other, v->flags, !v->initiator, WINDOW_OFF, key);
    report(equals_hex(p.send.seal_key, v->seal_key) && p.seal_key_size == v->size, v->name, "sealing key");
    const struct ntlm_direction *peer = ntlm_protect_shared(&p) ? &other.send : &other.receive;
    report(memcmp(&p.send.sign, &peer->sign, sizeof p.send.sign) == 0 &&
               memcmp(p.send.seal_key, peer->seal_key, sizeof p.send.seal_key) == 0,
           v->name, "both sides agree");
    if (v->sign_key) {
        struct crypto_hmac_md5 want;
        from_hex(key, v->sign_key);
        crypto_hmac_md5_init(&want, key, sizeof key);
        report(memcmp(&p.send.sign, &want, sizeof want) == 0, v->name, "signing key");
    }
}

/* ---- the transcript ---- */

/* The numbers a datagram transcript uses; connections count for themselves. */
static const uint32_t datagram_numbers[] = {1, 2, 0x100, 7, 3, 0, 1024, 0xffffffff};

static void print_step(uint32_t flags, unsigned step, const char *how, const uint8_t *data, size_t size,
                       const uint8_t token[16])
{
    struct text t = {.size = 0};
    put(&t, "t ");
    put_word(&t, flags);
    put(&t, " ");
    put_word(&t, step);
    put(&t, how);
    put_hex(&t, token, 16);
    put(&t, " ");
    put_hex(&t, data, size);
    emit(t.at, t.size);
}

/*
 * Eight messages: every second from the acceptor, every third one sealed. Three parts; the middle one is
 * signed but never sealed. ntlm_model.py has the same rules.
 */
static void run_transcript(uint32_t flags)
{
    static const uint8_t sizes[8] = {0, 1, 18, 55, 56, 64, 119, 200};
    struct ntlm_protect sides[2];
    uint8_t key[16], text[TEXT_MAX], plain[TEXT_MAX], token[16];
    for (unsigned i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(i * 11 + (flags >> 24) + (flags >> 16) + flags);
    ntlm_protect_init(&sides[0], flags, true, WINDOW_REPLAY, key);
    ntlm_protect_init(&sides[1], flags, false, WINDOW_REPLAY, key);

    for (unsigned step = 0; step < 8; step++) {
        size_t size = sizes[step], first = size / 3, second = size / 2;
        bool seal = step % 3 == 2;
        for (size_t i = 0; i < size; i++)
            plain[i] = (uint8_t)(i * i + step);
        memcpy(text, plain, size);
        const struct span parts[3] = {
            {text, first}, {text + first, second - first}, {text + second, size - second}};
        const struct message m = {parts, 3, 1 | 4};
        struct ntlm_protect *from = &sides[step % 2], *to = &sides[1 - step % 2];
        uint32_t number = flags & NTLM_F_DATAGRAM ? datagram_numbers[step] : 99;
        bool sent = (seal ? ntlm_seal : ntlm_sign)(from, number, &m, token) == PROTECT_OK;
        print_step(flags, step, seal ? " seal " : " sign ", text, size, token);
        bool received = (seal ? ntlm_unseal : ntlm_verify)(to, number, &m, token) == PROTECT_OK;
        if (!sent || !received || memcmp(text, plain, size) != 0)
            report(false, "transcript", "a genuine message was not accepted");
    }
}

void vectors_run(void (*line)(const char *text, size_t size))
{
    emit = line;
    for (size_t i = 0; i < sizeof message_vectors / sizeof message_vectors[0]; i++)
        run_message_vector(&message_vectors[i]);
    for (size_t i = 0; i < sizeof key_vectors / sizeof key_vectors[0]; i++)
        run_key_vector(&key_vectors[i]);

    static const uint32_t strengths[] = {NTLM_F_128 | NTLM_F_56, NTLM_F_128, NTLM_F_56, 0};
    for (unsigned i = 0; i < 64; i++) {
        uint32_t flags = NTLM_F_UNICODE | NTLM_F_NTLM | NTLM_F_ALWAYS_SIGN | strengths[i % 4];
        flags |= i & 4 ? NTLM_F_ESS : 0;
        flags |= i & 8 ? NTLM_F_KEY_EXCH : 0;
        flags |= i & 16 ? NTLM_F_DATAGRAM : 0;
        flags |= i & 32 ? NTLM_F_SIGN | NTLM_F_SEAL : NTLM_F_SIGN;
        run_transcript(flags);
    }
}
