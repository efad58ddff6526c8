/* SPDX-License-Identifier: MIT */
/*
 * Kerberos tokens and the packed context, below the API. The first byte chooses the context, the second what
 * is done with the rest: a MIC checked, a stream opened, token and parts opened, a genuine token with bytes
 * changed, a packed context. What is refused leaves context and bytes as they were.
 */
#include "fuzz.h"

#include "protect/krb5.h"

enum { CONTEXTS = 8, PARTS = 4, ROOM = 8192 };

static struct krb5_protect sender[CONTEXTS], receiver[CONTEXTS];
static struct krb5_seal sender_seal[CONTEXTS], receiver_seal[CONTEXTS];

static void begin(size_t n)
{
    static const uint16_t etypes[] = {KRB5_ETYPE_AES128_SHA1, KRB5_ETYPE_AES256_SHA384,
                                      KRB5_ETYPE_AES128_SHA256, KRB5_ETYPE_RC4};
    uint32_t flags = KRB5_F_REPLAY | (n / 4 ? KRB5_F_DCE_STYLE : 0);
    struct krb5_start start = {.flags = flags | KRB5_F_INITIATOR, .key = {.etype = etypes[n % 4]}};
    if (n == 1) {
        start.flags |= KRB5_F_ACCEPTOR_SUBKEY;
        start.initiator.etype = KRB5_ETYPE_AES256_SHA1;
    }
    fuzz_check(krb5_protect_init(&sender[n], &start));
    start.flags &= ~(uint32_t)KRB5_F_INITIATOR;
    fuzz_check(krb5_protect_init(&receiver[n], &start));
    krb5_seal_init(&sender_seal[n], &sender[n]);
    krb5_seal_init(&receiver_seal[n], &receiver[n]);
}

static struct message cut(uint8_t *bytes, size_t size, unsigned how, struct span parts[PARTS])
{
    size_t at = 0;
    for (size_t i = 0; i < PARTS; i++) {
        size_t n = i + 1 == PARTS ? size - at : (size - at) * (how >> (2 * i) & 3) / 4;
        parts[i] = (struct span){bytes + at, n};
        at += n;
    }
    return (struct message){parts, PARTS, how % 5 ? 15 : 6};
}

static void check_mic(const struct krb5_protect *p, unsigned how, const uint8_t *data, size_t size)
{
    struct span part = {(const uint8_t *)"message", how % 8};
    struct message m = {&part, 1, 0};
    uint64_t sequence;
    if (krb5_mic_check(p, NULL, &m, data, size, &sequence) == PROTECT_OK)
        fuzz_check(size == krb5_mic_size(p));
}

/* Seeds are genuine: what opens is closed again, and everything is as it was. */
static void open_token(size_t n, unsigned how, uint8_t *bytes, size_t size, size_t token_size)
{
    static uint8_t before[ROOM];
    struct span parts[PARTS];
    struct message m = cut(bytes + token_size, size - token_size, how, parts);
    struct krb5_token token = {bytes, token_size, NULL};
    struct krb5_unwrapped u;
    memcpy(before, bytes, size);
    enum protect_verdict verdict = krb5_unwrap(&receiver[n], &receiver_seal[n], NULL, &m, &token, &u);
    if (verdict == PROTECT_OK)
        krb5_unwrap_undo(&receiver[n], &receiver_seal[n], NULL, &m, &token, &u);
    fuzz_check(memcmp(before, bytes, size) == 0);
}

static void change_genuine(size_t n, unsigned how, uint8_t *bytes, const uint8_t *data, size_t size)
{
    static const uint8_t confounder[KRB5_CONFOUNDER_SIZE];
    struct span parts[PARTS];
    size_t text = how, token_size;
    uint8_t plain[256] = {0};
    struct message m = cut(plain, text, how, parts);
    bool sealed = how & 1;
    token_size = krb5_wrap_size(&sender[n], sealed, &m, false);
    struct krb5_token token = {bytes, token_size, NULL};
    fuzz_check(krb5_wrap(&sender[n], &sender_seal[n], sealed, &m, confounder, &token) == PROTECT_OK);
    memcpy(bytes + token_size, plain, text);
    for (size_t i = 0; i + 1 < size; i += 2)
        bytes[data[i] % (token_size + text)] ^= data[i + 1];
    open_token(n, how, bytes, token_size + text, token_size);
}

static void unpack(const uint8_t *data, size_t size)
{
    struct krb5_protect p;
    uint8_t again[KRB5_PACK_SIZE];
    if (!krb5_protect_unpack(&p, data, size))
        return;
    krb5_protect_pack(&p, again);
    fuzz_check(memcmp(again, data, size) == 0);
    struct message none = {NULL, 0, 0};
    uint8_t token[KRB5_MIC_SIZE_MAX];
    krb5_mic_make(&p, &none, token);
    krb5_accept(&p, p.window.first + 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    if (!begun)
        for (size_t n = 0; n < CONTEXTS; n++)
            begin(n);
    begun = true;
    if (size < 3 || size > ROOM / 2)
        return 0;
    size_t n = data[0] % CONTEXTS, token_size;
    unsigned what = data[1] % 5, how = data[2];
    struct krb5_protect before = receiver[n];
    uint8_t *bytes = malloc(what == 3 ? ROOM : size);
    fuzz_check(bytes != NULL);
    data += 3;
    size -= 3;
    memcpy(bytes, data, size);
    if (what == 0)
        check_mic(&receiver[n], how, bytes, size);
    else if (what == 1 && krb5_stream_split(&receiver[n], bytes, size, &token_size))
        open_token(n, how, bytes, size, token_size);
    else if (what == 2)
        open_token(n, how, bytes, size, how % 100 < size ? how % 100 : size);
    else if (what == 3)
        change_genuine(n, how, bytes, data, size);
    else if (what == 4)
        unpack(bytes, size);
    fuzz_check(memcmp(&before, &receiver[n], sizeof before) == 0);
    free(bytes);
    return 0;
}
