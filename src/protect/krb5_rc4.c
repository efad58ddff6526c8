/* SPDX-License-Identifier: MIT */
/*
 * RC4-HMAC tokens, RFC 4757 section 7 on the framing of RFC 2743 3.1. Legacy: offered only where the
 * configuration names it. Only the first eight bytes of the token's body, the confounder and the data are
 * under the checksum; the number is not, so the framing and the number's direction bytes are compared one by
 * one.
 */
#include "base/secret.h"
#include "base/wire.h"
#include "protect/krb5_internal.h"

enum {
    T_MIC = 15,  /* RFC 4757 7.2: salt of the checksum, little-endian */
    T_WRAP = 13, /* RFC 4757 7.3 */
    ID_MIC = 0x0101,
    ID_WRAP = 0x0201,
    ALG_SIGN = 0x1100, /* as the bytes stand: 11 00 */
    ALG_SEAL = 0x1000,
    ALG_NONE = 0xffff,
};

enum {
    COVERED_SIZE = 8,
    NUMBER_SIZE = 8,
    CHECK_SIZE = 8,
    SHORT_CONFOUNDER = 8,
    KEY_SIZE = 16,
    SALT_SIZE = 4
};
enum { BODY_MIC = COVERED_SIZE + NUMBER_SIZE + CHECK_SIZE, BODY_WRAP = BODY_MIC + SHORT_CONFOUNDER };
enum { PIECES_MAX = MESSAGE_PARTS_MAX + 2 };

/* 06 09 and 1.2.840.113554.1.2.2. */
static const uint8_t mechanism[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};

/* Bytes of a DER length. */
static size_t length_size(uint64_t value)
{
    size_t size = 1;
    if (value >= 0x80)
        for (; value != 0; value >>= 8)
            size++;
    return size;
}

static void write_length(struct wire_writer *w, uint64_t value)
{
    size_t bytes = length_size(value) - 1;
    if (bytes == 0) {
        wire_write_u8(w, (uint8_t)value);
        return;
    }
    wire_write_u8(w, (uint8_t)(0x80 | bytes));
    while (bytes-- > 0)
        wire_write_u8(w, (uint8_t)(value >> (8 * bytes)));
}

/* Size of the framing in front of the body, where the framed content has `behind` bytes after the mechanism.
 */
static size_t framing_size(uint64_t behind)
{
    return 1 + length_size(sizeof mechanism + behind) + sizeof mechanism;
}

static void write_start(struct wire_writer *w, uint64_t behind, uint16_t id, uint16_t seal_algorithm)
{
    wire_write_u8(w, TOK_FRAMED);
    write_length(w, sizeof mechanism + behind);
    wire_write_bytes(w, mechanism, sizeof mechanism);
    wire_write_u16_be(w, id);
    wire_write_u16_be(w, ALG_SIGN);
    wire_write_u16_be(w, seal_algorithm);
    wire_write_u16_be(w, 0xffff);
}

/* The framing is written once more and compared: there is one right form. */
static bool start_matches(const uint8_t *token, uint64_t behind, uint16_t id, uint16_t seal_algorithm)
{
    uint8_t expected[1 + 9 + sizeof mechanism + COVERED_SIZE];
    struct wire_writer w;
    wire_write_init(&w, expected, sizeof expected);
    write_start(&w, behind, id, seal_algorithm);
    return secret_equal(expected, token, w.at);
}

static void hmac_one(const struct crypto_hmac_md5 *h, const uint8_t *data, size_t size,
                     uint8_t mac[static KEY_SIZE])
{
    struct crypto_message m = {.head = {data, size}};
    crypto_hmac_md5(h, &m, mac);
}

void krb5_rc4_keys_init(struct krb5_rc4_keys *k, const uint8_t key[static KEY_SIZE])
{
    static const uint8_t label[] = "signaturekey"; /* its NUL included */
    static const uint8_t zero[SALT_SIZE];
    struct crypto_hmac_md5 h;
    uint8_t local[KEY_SIZE], derived[KEY_SIZE];
    crypto_hmac_md5_init(&h, key, KEY_SIZE);
    hmac_one(&h, label, sizeof label, derived);
    crypto_hmac_md5_init(&k->sign, derived, sizeof derived);
    hmac_one(&h, zero, sizeof zero, derived);
    crypto_hmac_md5_init(&k->sequence, derived, sizeof derived);
    for (size_t i = 0; i < sizeof local; i++)
        local[i] = key[i] ^ 0xf0;
    crypto_hmac_md5_init(&h, local, sizeof local);
    hmac_one(&h, zero, sizeof zero, derived);
    crypto_hmac_md5_init(&k->seal, derived, sizeof derived);
    secret_wipe(&h, sizeof h);
    secret_wipe(local, sizeof local);
    secret_wipe(derived, sizeof derived);
}

/* HMAC(Ksign, MD5(salt || covered || confounder || parts || padding)); the first CHECK_SIZE bytes are sent.
 */
static void checksum(const struct krb5_rc4_keys *k, uint32_t salt, const uint8_t covered[static COVERED_SIZE],
                     const uint8_t *confounder, const struct message *m, const uint8_t *padding,
                     uint8_t mac[static KEY_SIZE])
{
    uint8_t head[SALT_SIZE + COVERED_SIZE + SHORT_CONFOUNDER], digest[KEY_SIZE];
    struct wire_writer w;
    wire_write_init(&w, head, sizeof head);
    wire_write_u32(&w, salt);
    wire_write_bytes(&w, covered, COVERED_SIZE);
    if (confounder)
        wire_write_bytes(&w, confounder, SHORT_CONFOUNDER);
    struct crypto_message message = krb5_message(head, w.at, m, padding, padding ? 1 : 0);
    crypto_md5(&message, digest);
    hmac_one(&k->sign, digest, sizeof digest, mac);
    secret_wipe(head, sizeof head);
}

/* RC4 with a key that mixes `with` into one of the context's. */
static void rc4_keyed(const struct crypto_hmac_md5 *h, const uint8_t *with, size_t with_size,
                      const struct crypto_piece *pieces, size_t count)
{
    uint8_t key[KEY_SIZE];
    struct crypto_rc4 rc4;
    hmac_one(h, with, with_size, key);
    crypto_rc4_init(&rc4, key, sizeof key);
    for (size_t i = 0; i < count; i++)
        crypto_rc4(&rc4, pieces[i].data, pieces[i].data, pieces[i].size);
    secret_wipe(key, sizeof key);
    secret_wipe(&rc4, sizeof rc4);
}

/* RFC 4757 has the number big-endian, RFC 1964 before it had it little-endian; then four bytes of direction.
 */
static void write_number(const struct krb5_rc4_keys *k, uint32_t sequence, bool initiator,
                         const uint8_t check[static CHECK_SIZE], uint8_t out[static NUMBER_SIZE])
{
    struct wire_writer w;
    wire_write_init(&w, out, NUMBER_SIZE);
    wire_write_u32_be(&w, sequence);
    wire_write_u32_be(&w, initiator ? 0 : UINT32_MAX);
    struct crypto_piece piece = {out, NUMBER_SIZE};
    rc4_keyed(&k->sequence, check, CHECK_SIZE, &piece, 1);
}

/* False: not the direction of the peer. */
static bool read_number(const struct krb5_protect *p, const uint8_t in[static NUMBER_SIZE],
                        const uint8_t check[static CHECK_SIZE], uint32_t *sequence)
{
    uint8_t number[NUMBER_SIZE];
    struct crypto_piece piece = {number, NUMBER_SIZE};
    struct wire_reader r;
    memcpy(number, in, sizeof number);
    rc4_keyed(&p->receive.rc4.sequence, check, CHECK_SIZE, &piece, 1);
    wire_read_init(&r, number, sizeof number);
    *sequence = wire_read_u32_be(&r);
    return wire_read_u32_be(&r) == (p->flags & KRB5_F_INITIATOR ? UINT32_MAX : 0);
}

enum protect_verdict krb5_rc4_mic_make(struct krb5_protect *p, const struct message *m, uint8_t *token)
{
    uint64_t sequence;
    uint8_t mac[KEY_SIZE];
    struct wire_writer w;
    if (!krb5_sequence_take(p, &sequence))
        return PROTECT_EXPIRED;
    wire_write_init(&w, token, RC4_MIC_SIZE);
    write_start(&w, BODY_MIC, ID_MIC, ALG_NONE);
    uint8_t *number = token + w.at, *check = number + NUMBER_SIZE;
    checksum(&p->send.rc4, T_MIC, number - COVERED_SIZE, NULL, m, NULL, mac);
    memcpy(check, mac, CHECK_SIZE);
    write_number(&p->send.rc4, (uint32_t)sequence, p->flags & KRB5_F_INITIATOR, check, number);
    return PROTECT_OK;
}

enum protect_verdict krb5_rc4_mic_check(const struct krb5_protect *p, const struct message *m,
                                        const uint8_t *token, size_t token_size, uint64_t *sequence)
{
    if (token_size != RC4_MIC_SIZE || token[0] == TOK_MIC >> 8)
        return PROTECT_MALFORMED;
    const uint8_t *number = token + RC4_MIC_SIZE - BODY_MIC + COVERED_SIZE, *check = number + NUMBER_SIZE;
    uint8_t mac[KEY_SIZE];
    uint32_t read;
    if (!start_matches(token, BODY_MIC, ID_MIC, ALG_NONE) || !read_number(p, number, check, &read))
        return PROTECT_ALTERED;
    checksum(&p->receive.rc4, T_MIC, number - COVERED_SIZE, NULL, m, NULL, mac);
    if (!secret_equal(mac, check, CHECK_SIZE))
        return PROTECT_ALTERED;
    *sequence = read;
    return PROTECT_OK;
}

/* What the framing of a Wrap token declares behind the mechanism. */
static uint64_t wrap_behind(const struct message *m, bool padding)
{
    return BODY_WRAP + (padding ? (uint64_t)krb5_sealed_size(m) + 1 : 0);
}

size_t krb5_rc4_wrap_size(const struct message *m, bool padding)
{
    return framing_size(wrap_behind(m, padding)) + BODY_WRAP;
}

size_t krb5_rc4_wrap_size_max(void)
{
    return framing_size(UINT32_MAX) + BODY_WRAP;
}

/* The parts of a token behind its framing. */
struct body {
    uint8_t *covered;
    uint8_t *number;
    uint8_t *check;
    uint8_t *confounder;
};

static struct body body_of(uint8_t *token, size_t framing)
{
    uint8_t *at = token + framing;
    return (struct body){at, at + COVERED_SIZE, at + COVERED_SIZE + NUMBER_SIZE, at + BODY_MIC};
}

/* RC4 over confounder, sealed parts and padding: the same again undoes it. */
static void crypt_data(const struct krb5_rc4_keys *k, uint64_t sequence, uint8_t *confounder,
                       const struct message *m, uint8_t *padding)
{
    struct crypto_piece pieces[PIECES_MAX];
    uint8_t number[4];
    struct wire_writer w;
    wire_write_init(&w, number, sizeof number);
    wire_write_u32_be(&w, (uint32_t)sequence);
    pieces[0] = (struct crypto_piece){confounder, SHORT_CONFOUNDER};
    size_t n = 1 + krb5_sealed_pieces(m, pieces + 1);
    if (padding)
        pieces[n++] = (struct crypto_piece){padding, 1};
    rc4_keyed(&k->seal, number, sizeof number, pieces, n);
}

enum protect_verdict krb5_rc4_wrap(struct krb5_protect *p, bool sealed, const struct message *m,
                                   const uint8_t confounder[static KRB5_CONFOUNDER_SIZE],
                                   const struct krb5_token *token)
{
    uint64_t sequence;
    uint8_t mac[KEY_SIZE], *padding = p->flags & KRB5_F_DCE_STYLE ? NULL : token->padding;
    uint64_t behind = wrap_behind(m, padding != NULL);
    struct wire_writer w;
    if (!krb5_sequence_take(p, &sequence))
        return PROTECT_EXPIRED;
    wire_write_init(&w, token->data, token->size);
    write_start(&w, behind, ID_WRAP, sealed ? ALG_SEAL : ALG_NONE);
    struct body b = body_of(token->data, framing_size(behind));
    memcpy(b.confounder, confounder, SHORT_CONFOUNDER);
    if (padding)
        *padding = 1;
    checksum(&p->send.rc4, T_WRAP, b.covered, b.confounder, m, padding, mac);
    memcpy(b.check, mac, CHECK_SIZE);
    write_number(&p->send.rc4, (uint32_t)sequence, p->flags & KRB5_F_INITIATOR, b.check, b.number);
    if (sealed)
        crypt_data(&p->send.rc4, sequence, b.confounder, m, padding);
    return PROTECT_OK;
}

/* The last byte of the sealed parts; NULL when they are empty. */
static const uint8_t *last_sealed_byte(const struct message *m)
{
    for (size_t i = m->count; i-- > 0;)
        if ((m->sealed >> i & 1) && m->parts[i].size > 0)
            return m->parts[i].data + m->parts[i].size - 1;
    return NULL;
}

/* The two framings that a token for this data can have, told apart by what they declare. */
struct form {
    uint64_t behind;
    bool padded;
};

static enum protect_verdict find_form(const struct message *m, const struct krb5_token *token,
                                      uint16_t seal_algorithm, struct form *form)
{
    uint64_t data = (uint64_t)krb5_sealed_size(m) + (token->padding ? 1 : 0);
    const struct form forms[] = {{BODY_WRAP + data, data > 0}, {BODY_WRAP, false}};
    enum protect_verdict verdict = PROTECT_MALFORMED;
    for (size_t i = 0; i < 2; i++) {
        if (token->size != framing_size(forms[i].behind) + BODY_WRAP)
            continue;
        verdict = PROTECT_ALTERED;
        *form = forms[i];
        if (start_matches(token->data, form->behind, ID_WRAP, seal_algorithm))
            return PROTECT_OK;
    }
    return verdict;
}

static bool unwrap_holds(const struct krb5_protect *p, const struct body *b, const struct message *m,
                         const struct krb5_token *token, bool padded)
{
    uint8_t mac[KEY_SIZE];
    const uint8_t *padding = padded ? token->padding : NULL;
    checksum(&p->receive.rc4, T_WRAP, b->covered, b->confounder, m, padding, mac);
    if (!secret_equal(mac, b->check, CHECK_SIZE))
        return false;
    return !padded || *(padding ? padding : last_sealed_byte(m)) == 1;
}

enum protect_verdict krb5_rc4_unwrap(const struct krb5_protect *p, const struct message *m,
                                     const struct krb5_token *token, struct krb5_unwrapped *u)
{
    if (token->size < framing_size(BODY_WRAP) + BODY_WRAP || token->data[0] == TOK_WRAP >> 8)
        return PROTECT_MALFORMED;
    struct form form;
    uint32_t sequence;
    bool sealed = true;
    enum protect_verdict verdict = find_form(m, token, ALG_SEAL, &form);
    if (verdict == PROTECT_ALTERED) {
        sealed = false;
        verdict = find_form(m, token, ALG_NONE, &form);
    }
    if (verdict != PROTECT_OK)
        return verdict;
    struct body b = body_of(token->data, framing_size(form.behind));
    if (!read_number(p, b.number, b.check, &sequence))
        return PROTECT_ALTERED;
    uint8_t *padding = form.padded ? token->padding : NULL;
    if (sealed)
        crypt_data(&p->receive.rc4, sequence, b.confounder, m, padding);
    if (!unwrap_holds(p, &b, m, token, form.padded)) {
        if (sealed)
            crypt_data(&p->receive.rc4, sequence, b.confounder, m, padding);
        return PROTECT_ALTERED;
    }
    *u = (struct krb5_unwrapped){
        .sequence = sequence,
        .trim = form.padded && !token->padding,
        .sealed = sealed,
        .padded = form.padded,
    };
    return PROTECT_OK;
}

void krb5_rc4_unwrap_undo(const struct krb5_protect *p, const struct message *m,
                          const struct krb5_token *token, const struct krb5_unwrapped *u)
{
    if (u->sealed)
        crypt_data(&p->receive.rc4, u->sequence, token->data + token->size - SHORT_CONFOUNDER, m,
                   u->padded ? token->padding : NULL);
}

/* The length is read for its size alone: what it declares is judged when the token is opened. */
bool krb5_rc4_stream_split(const uint8_t *stream, size_t size, size_t *token_size)
{
    struct wire_reader r;
    wire_read_init(&r, stream, size);
    uint8_t framed = wire_read_u8(&r), length = wire_read_u8(&r);
    size_t more = length < 0x80 ? 0 : length & 0x7f;
    size_t needed = 2 + more + sizeof mechanism + BODY_WRAP;
    if (r.failed || framed != TOK_FRAMED || size < needed)
        return false;
    *token_size = needed;
    return true;
}
