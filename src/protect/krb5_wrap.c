/* SPDX-License-Identifier: MIT */
/*
 * Wrap, RFC 4121 4.2.4 to 4.2.6.2. Our own layout keeps the data where the caller has it: rotated right by
 * exactly what follows the data, so that a sealed token is header || EC filler, E(header) || HMAC ||
 * E(confounder) || data and one of integrity only is header || HMAC || data. In DCE style the RRC field
 * leaves EC out although the rotation includes it, as Windows has it ([MS-KILE] 3.4.5.4.1). What arrives
 * rotated otherwise is first turned into this layout.
 */
#include "base/secret.h"
#include "protect/krb5_internal.h"

enum { DCE_EXTRA = 16, PIECES_MAX = MESSAGE_PARTS_MAX + 2 };

/* Where the pieces of a token in our own layout are. */
struct layout {
    uint8_t *tail; /* EC filler and the inner header; sealed only */
    size_t tail_size;
    uint8_t *mac;
    size_t mac_size;
    uint8_t *confounder; /* sealed only */
};

static struct layout layout_of(uint8_t *token, unsigned etype, bool sealed, size_t extra)
{
    struct layout l = {.mac_size = krb5_mac_size(etype)};
    l.tail = token + HEADER_SIZE;
    l.tail_size = sealed ? extra + HEADER_SIZE : 0;
    l.mac = l.tail + l.tail_size;
    l.confounder = l.mac + l.mac_size;
    return l;
}

static size_t wrap_size(unsigned etype, bool sealed, size_t extra)
{
    size_t plain = HEADER_SIZE + krb5_mac_size(etype);
    return sealed ? plain + extra + HEADER_SIZE + KRB5_CONFOUNDER_SIZE : plain;
}

static size_t extra_sent(const struct krb5_protect *p)
{
    return p->flags & KRB5_F_DCE_STYLE ? DCE_EXTRA : 0;
}

size_t krb5_wrap_size(const struct krb5_protect *p, bool sealed, const struct message *m, bool padding)
{
    if (p->key.etype == KRB5_ETYPE_RC4)
        return krb5_rc4_wrap_size(m, padding);
    return wrap_size(p->key.etype, sealed, extra_sent(p));
}

size_t krb5_wrap_size_max(const struct krb5_protect *p)
{
    if (p->key.etype == KRB5_ETYPE_RC4)
        return krb5_rc4_wrap_size_max();
    return wrap_size(p->key.etype, true, extra_sent(p));
}

size_t krb5_sealed_pieces(const struct message *m, struct crypto_piece pieces[static MESSAGE_PARTS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < m->count; i++)
        if (m->sealed >> i & 1)
            pieces[n++] = (struct crypto_piece){(uint8_t *)(uintptr_t)m->parts[i].data, m->parts[i].size};
    return n;
}

size_t krb5_sealed_size(const struct message *m)
{
    size_t size = 0;
    for (size_t i = 0; i < m->count; i++)
        if (m->sealed >> i & 1)
            size += m->parts[i].size;
    return size;
}

/* What is encrypted: confounder, sealed parts, filler and inner header. Returns the number of pieces. */
static size_t encrypted_pieces(const struct layout *l, const struct message *m,
                               struct crypto_piece pieces[static PIECES_MAX])
{
    pieces[0] = (struct crypto_piece){l->confounder, KRB5_CONFOUNDER_SIZE};
    size_t n = 1 + krb5_sealed_pieces(m, pieces + 1);
    pieces[n] = (struct crypto_piece){l->tail, l->tail_size};
    return n + 1;
}

/* HMAC(Ki) over confounder, all parts in order, and the tail, as they now are; RFC 8009 puts the IV in front.
 */
static void integrity_head(unsigned etype, const struct layout *l, const struct message *m,
                           uint8_t head[static 2 * KRB5_CONFOUNDER_SIZE], struct crypto_message *covered)
{
    size_t iv = krb5_mac_covers_ciphertext(etype) ? CRYPTO_AES_BLOCK : 0;
    memset(head, 0, iv);
    memcpy(head + iv, l->confounder, KRB5_CONFOUNDER_SIZE);
    *covered = krb5_message(head, iv + KRB5_CONFOUNDER_SIZE, m, l->tail, l->tail_size);
}

static void integrity_make(unsigned etype, const struct krb5_seal_keys *k, const struct layout *l,
                           const struct message *m)
{
    uint8_t head[2 * KRB5_CONFOUNDER_SIZE], mac[MAC_SIZE_MAX];
    struct crypto_message covered;
    integrity_head(etype, l, m, head, &covered);
    krb5_mac_make(etype, &k->integrity, &covered, mac);
    memcpy(l->mac, mac, l->mac_size);
    secret_wipe(head, sizeof head);
}

static bool integrity_holds(unsigned etype, const struct krb5_seal_keys *k, const struct layout *l,
                            const struct message *m)
{
    uint8_t head[2 * KRB5_CONFOUNDER_SIZE];
    struct crypto_message covered;
    integrity_head(etype, l, m, head, &covered);
    bool holds = krb5_mac_matches(etype, &k->integrity, &covered, l->mac);
    secret_wipe(head, sizeof head);
    return holds;
}

static void wrap_sealed(const struct krb5_protect *p, const struct krb5_seal_keys *k, const struct message *m,
                        const uint8_t confounder[static KRB5_CONFOUNDER_SIZE], struct krb5_header *h,
                        uint8_t *token)
{
    unsigned etype = p->key.etype;
    size_t extra = extra_sent(p);
    struct layout l = layout_of(token, etype, true, extra);
    struct crypto_piece pieces[PIECES_MAX];
    h->flags |= FLAG_SEALED;
    h->extra = (uint16_t)extra;
    memset(l.tail, 0xff, extra);
    krb5_header_write(l.tail + extra, h);
    memcpy(l.confounder, confounder, KRB5_CONFOUNDER_SIZE);
    size_t n = encrypted_pieces(&l, m, pieces);
    if (!krb5_mac_covers_ciphertext(etype))
        integrity_make(etype, k, &l, m);
    crypto_aes_cts_encrypt(&k->encrypt, pieces, n);
    if (krb5_mac_covers_ciphertext(etype))
        integrity_make(etype, k, &l, m);
    h->rotation = (uint16_t)(HEADER_SIZE + l.mac_size);
    krb5_header_write(token, h);
}

static void wrap_plain(const struct krb5_protect *p, const struct krb5_seal_keys *k, const struct message *m,
                       struct krb5_header *h, uint8_t *token)
{
    struct layout l = layout_of(token, p->key.etype, false, 0);
    uint8_t mac[MAC_SIZE_MAX];
    krb5_header_write(token, h);
    struct crypto_message covered = krb5_message(NULL, 0, m, token, HEADER_SIZE);
    krb5_mac_make(p->key.etype, &k->checksum, &covered, mac);
    memcpy(l.mac, mac, l.mac_size);
    h->extra = h->rotation = (uint16_t)l.mac_size;
    krb5_header_write(token, h);
}

enum protect_verdict krb5_wrap(struct krb5_protect *p, const struct krb5_seal *s, bool sealed,
                               const struct message *m, const uint8_t confounder[static KRB5_CONFOUNDER_SIZE],
                               const struct krb5_token *token)
{
    if (p->key.etype == KRB5_ETYPE_RC4)
        return krb5_rc4_wrap(p, sealed, m, confounder, token);
    struct krb5_header h = {.id = TOK_WRAP, .flags = krb5_flags_sent(p), .filler = 0xff};
    if (!krb5_sequence_take(p, &h.sequence))
        return PROTECT_EXPIRED;
    if (sealed)
        wrap_sealed(p, &s->send, m, confounder, &h, token->data);
    else
        wrap_plain(p, &s->send, m, &h, token->data);
    return PROTECT_OK;
}

/* A scattered text, and a byte of it that moves forward or backward. */
struct text {
    struct crypto_piece pieces[PIECES_MAX];
    size_t count;
};

struct walker {
    size_t piece;
    size_t offset;
};

static struct walker walk_to(const struct text *t, size_t position)
{
    struct walker w = {0, position};
    for (; w.piece < t->count && w.offset >= t->pieces[w.piece].size; w.piece++)
        w.offset -= t->pieces[w.piece].size;
    return w;
}

static void walk_forward(const struct text *t, struct walker *w)
{
    w->offset++;
    for (; w->piece < t->count && w->offset >= t->pieces[w->piece].size; w->piece++)
        w->offset = 0;
}

static void walk_backward(const struct text *t, struct walker *w)
{
    while (w->offset == 0 && w->piece > 0)
        w->offset = t->pieces[--w->piece].size;
    w->offset--;
}

/* NULL beyond the end. */
static uint8_t *walk_byte(const struct text *t, const struct walker *w)
{
    return w->piece < t->count && t->pieces[w->piece].data ? t->pieces[w->piece].data + w->offset : NULL;
}

static void reverse(const struct text *t, size_t from, size_t to)
{
    if (to - from < 2)
        return;
    struct walker low = walk_to(t, from), high = walk_to(t, to - 1);
    for (size_t n = (to - from) / 2; n > 0; n--) {
        uint8_t *a = walk_byte(t, &low), *b = walk_byte(t, &high);
        if (!a || !b)
            return;
        uint8_t c = *a;
        *a = *b;
        *b = c;
        walk_forward(t, &low);
        walk_backward(t, &high);
    }
}

/* Rotates what follows the header, token and sealed parts as one text, left by count. Only for foreign
 * layouts. */
static void rotate_left(const struct krb5_token *token, const struct message *m, size_t total, size_t count)
{
    if (count == 0)
        return;
    struct text t = {.count = 0};
    t.pieces[0] = (struct crypto_piece){token->data + HEADER_SIZE, token->size - HEADER_SIZE};
    t.count = 1 + krb5_sealed_pieces(m, t.pieces + 1);
    reverse(&t, 0, count);
    reverse(&t, count, total);
    reverse(&t, 0, total);
}

/* The receive keys that a token asks for. */
struct keys {
    unsigned etype;
    const struct krb5_seal_keys *seal;
    const struct crypto_aes *decrypt;
};

static struct keys keys_of(const struct krb5_protect *p, const struct krb5_seal *s,
                           const struct krb5_fallback *f, bool fallback)
{
    if (fallback)
        return (struct keys){p->initiator.etype, &f->seal, &f->decrypt};
    return (struct keys){p->key.etype, &s->receive, &s->decrypt};
}

static bool unwrap_plain(const struct keys *k, const struct layout *l, const struct message *m,
                         const struct krb5_header *h)
{
    struct krb5_header covered_header = *h;
    uint8_t header[HEADER_SIZE];
    covered_header.extra = covered_header.rotation = 0;
    krb5_header_write(header, &covered_header);
    struct crypto_message covered = krb5_message(NULL, 0, m, header, sizeof header);
    return krb5_mac_matches(k->etype, &k->seal->checksum, &covered, l->mac);
}

static bool unwrap_sealed(const struct keys *k, const struct layout *l, const struct message *m,
                          const struct krb5_header *h)
{
    struct crypto_piece pieces[PIECES_MAX];
    struct krb5_header inner = *h;
    uint8_t header[HEADER_SIZE];
    size_t n = encrypted_pieces(l, m, pieces);
    bool sha2 = krb5_mac_covers_ciphertext(k->etype);
    if (sha2 && !integrity_holds(k->etype, k->seal, l, m))
        return false;
    inner.rotation = 0;
    krb5_header_write(header, &inner);
    crypto_aes_cts_decrypt(k->decrypt, pieces, n);
    bool holds = sha2 || integrity_holds(k->etype, k->seal, l, m);
    if (holds & secret_equal(header, l->tail + h->extra, sizeof header))
        return true;
    crypto_aes_cts_encrypt(&k->seal->encrypt, pieces, n);
    return false;
}

/*
 * EC and RRC stand in the header in the clear, so the size is judged by what they say: a token of a size that
 * this context sees at all, but not with this header, was altered; another size is no token of ours.
 */
static enum protect_verdict size_verdict(const struct krb5_protect *p, size_t size, size_t expected)
{
    if (size == expected)
        return PROTECT_OK;
    const unsigned etypes[] = {p->key.etype, p->initiator.etype};
    for (size_t i = 0; i < 2; i++)
        if (krb5_mac_size(etypes[i]) != 0 &&
            (size == wrap_size(etypes[i], false, 0) || size == wrap_size(etypes[i], true, 0) ||
             size == wrap_size(etypes[i], true, DCE_EXTRA)))
            return PROTECT_ALTERED;
    return PROTECT_MALFORMED;
}

/* u->rotated and the rest are filled in here; true when the token can be opened at all. */
static enum protect_verdict unwrap_parse(const struct krb5_protect *p, const struct message *m,
                                         const struct krb5_token *token, struct krb5_header *h,
                                         struct krb5_unwrapped *u)
{
    if (token->size < HEADER_SIZE || token->data[0] == TOK_FRAMED)
        return PROTECT_MALFORMED;
    *h = krb5_header_read(token->data);
    *u = (struct krb5_unwrapped){
        .sequence = h->sequence,
        .extra = h->extra,
        .sealed = (h->flags & FLAG_SEALED) != 0,
        .fallback = krb5_header_falls_back(p, h),
    };
    unsigned etype = u->fallback ? p->initiator.etype : p->key.etype;
    enum protect_verdict verdict = size_verdict(p, token->size, wrap_size(etype, u->sealed, h->extra));
    if (verdict != PROTECT_OK)
        return verdict;
    if (!krb5_header_fits(p, h, TOK_WRAP) || (!u->sealed && h->extra != krb5_mac_size(etype)))
        return PROTECT_ALTERED;
    /* A rotation beyond the text goes round again. Ours is everything in front of the confounder, or of the
     * data. */
    size_t total = token->size - HEADER_SIZE + krb5_sealed_size(m);
    size_t ours = token->size - HEADER_SIZE - (u->sealed ? KRB5_CONFOUNDER_SIZE : 0);
    size_t theirs = h->rotation + (u->sealed && (p->flags & KRB5_F_DCE_STYLE) ? (size_t)h->extra : 0);
    u->rotated = (theirs % total + total - ours) % total;
    return PROTECT_OK;
}

enum protect_verdict krb5_unwrap_look(const struct krb5_protect *p, uint8_t *token, size_t size)
{
    const struct message nothing = {NULL, 0, 0};
    const struct krb5_token look = {token, size, NULL};
    struct krb5_header h;
    struct krb5_unwrapped found;
    if (p->key.etype == KRB5_ETYPE_RC4)
        return PROTECT_OK;
    return unwrap_parse(p, &nothing, &look, &h, &found);
}

enum protect_verdict krb5_unwrap(const struct krb5_protect *p, const struct krb5_seal *s,
                                 const struct krb5_fallback *f, const struct message *m,
                                 const struct krb5_token *token, struct krb5_unwrapped *u)
{
    if (p->key.etype == KRB5_ETYPE_RC4)
        return krb5_rc4_unwrap(p, m, token, u);
    struct krb5_header h;
    struct krb5_unwrapped found;
    struct krb5_fallback derived;
    enum protect_verdict verdict = unwrap_parse(p, m, token, &h, &found);
    if (verdict != PROTECT_OK)
        return verdict;
    bool derive = found.fallback && !f;
    if (derive) {
        krb5_fallback_init(&derived, p);
        f = &derived;
    }
    struct keys k = keys_of(p, s, f, found.fallback);
    struct layout l = layout_of(token->data, k.etype, found.sealed, found.extra);
    size_t total = token->size - HEADER_SIZE + krb5_sealed_size(m);
    rotate_left(token, m, total, found.rotated);
    bool genuine = found.sealed ? unwrap_sealed(&k, &l, m, &h) : unwrap_plain(&k, &l, m, &h);
    if (genuine)
        *u = found;
    else
        rotate_left(token, m, total, (total - found.rotated) % total);
    if (derive)
        secret_wipe(&derived, sizeof derived);
    return genuine ? PROTECT_OK : PROTECT_ALTERED;
}

void krb5_unwrap_undo(const struct krb5_protect *p, const struct krb5_seal *s, const struct krb5_fallback *f,
                      const struct message *m, const struct krb5_token *token, const struct krb5_unwrapped *u)
{
    if (p->key.etype == KRB5_ETYPE_RC4) {
        krb5_rc4_unwrap_undo(p, m, token, u);
        return;
    }
    struct krb5_fallback derived;
    bool derive = u->fallback && !f;
    if (derive) {
        krb5_fallback_init(&derived, p);
        f = &derived;
    }
    struct keys k = keys_of(p, s, f, u->fallback);
    struct layout l = layout_of(token->data, k.etype, u->sealed, u->extra);
    struct crypto_piece pieces[PIECES_MAX];
    size_t total = token->size - HEADER_SIZE + krb5_sealed_size(m);
    if (u->sealed) {
        size_t n = encrypted_pieces(&l, m, pieces);
        crypto_aes_cts_encrypt(&k.seal->encrypt, pieces, n);
    }
    rotate_left(token, m, total, (total - u->rotated) % total);
    if (derive)
        secret_wipe(&derived, sizeof derived);
}

bool krb5_stream_split(const struct krb5_protect *p, const uint8_t *stream, size_t size, size_t *token_size)
{
    if (p->key.etype == KRB5_ETYPE_RC4)
        return krb5_rc4_stream_split(stream, size, token_size);
    if (size < HEADER_SIZE || stream[0] == TOK_FRAMED)
        return false;
    struct krb5_header h = krb5_header_read(stream);
    unsigned etype = krb5_header_falls_back(p, &h) ? p->initiator.etype : p->key.etype;
    size_t needed = wrap_size(etype, (h.flags & FLAG_SEALED) != 0, h.extra);
    if (size < needed)
        return false;
    *token_size = needed;
    return true;
}
