/* SPDX-License-Identifier: MIT */
/*
 * Wrap: every layout, every bit of token and data. What is refused leaves context, token and data
 * byte-identical, and the next genuine message opens.
 */
#include "kit.h"

enum { TOKEN_MAX = 128 };

/* One wrapped message with everything around it, to be copied and compared as a whole. */
struct wrapped {
    struct kit_message m;
    uint8_t original[KIT_DATA_MAX];
    uint8_t bytes[TOKEN_MAX];
    uint8_t padding, behind; /* behind: not to be touched */
    struct krb5_token token;
};

static const uint8_t confounder[KRB5_CONFOUNDER_SIZE] = "0123456789abcdef";

static void wrap(struct wrapped *w, struct krb5_protect *p, const struct krb5_seal *s, bool sealed,
                 bool padding)
{
    memcpy(w->original, w->m.bytes, w->m.size);
    w->token = (struct krb5_token){w->bytes, krb5_wrap_size(p, sealed, &w->m.m, padding),
                                   padding ? &w->padding : NULL};
    assert_true(w->token.size <= krb5_wrap_size_max(p) && w->token.size < TOKEN_MAX);
    memset(w->bytes, 0xee, sizeof w->bytes);
    w->behind = 0xee;
    assert_int_equal(krb5_wrap(p, s, sealed, &w->m.m, confounder, &w->token), PROTECT_OK);
    for (size_t i = w->token.size; i < TOKEN_MAX; i++)
        assert_int_equal(w->bytes[i], 0xee);
    assert_int_equal(w->behind, 0xee);
}

static void refused(struct krb5_protect *p, const struct krb5_seal *s, const struct krb5_fallback *f,
                    struct wrapped *w, enum protect_verdict want)
{
    struct krb5_protect before = *p;
    struct wrapped was = *w;
    struct krb5_unwrapped u, untouched;
    memset(&u, 0x77, sizeof u);
    memcpy(&untouched, &u, sizeof u);
    assert_int_equal(krb5_unwrap(p, s, f, &w->m.m, &w->token, &u), want);
    assert_memory_equal(&u, &untouched, sizeof u);
    assert_memory_equal(&before, p, sizeof before);
    assert_memory_equal(was.bytes, w->bytes, sizeof was.bytes);
    assert_memory_equal(was.m.bytes, w->m.bytes, sizeof was.m.bytes);
    assert_int_equal(was.padding, w->padding);
}

/* Opens, compares, goes back, and opens again. */
static void opens(struct krb5_protect *p, const struct krb5_seal *s, const struct krb5_fallback *f,
                  struct wrapped *w, bool sealed)
{
    struct wrapped was = *w;
    struct krb5_unwrapped u;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(krb5_unwrap(p, s, f, &w->m.m, &w->token, &u), PROTECT_OK);
        assert_int_equal(u.sealed, sealed);
        assert_int_equal(w->behind, 0xee);
        assert_memory_equal(w->m.bytes, w->original, w->m.size);
        if (i == 0) {
            krb5_unwrap_undo(p, s, f, &w->m.m, &w->token, &u);
            assert_memory_equal(was.bytes, w->bytes, sizeof was.bytes);
            assert_memory_equal(was.m.bytes, w->m.bytes, sizeof was.m.bytes);
            assert_int_equal(was.padding, w->padding);
        }
    }
    assert_int_equal(krb5_accept(p, u.sequence), PROTECT_OK);
    memcpy(w->bytes, was.bytes, sizeof was.bytes);
    memcpy(w->m.bytes, was.m.bytes, sizeof was.m.bytes);
    w->padding = was.padding;
}

/* All the ways in which a context wraps, numbered. */
struct mode {
    uint16_t etype, initiator_etype;
    uint32_t flags;
    bool sealed, padding;
};
enum { MODES = (KIT_ETYPES - 1) * 8 + 6 };

static struct mode mode_of(size_t n)
{
    if (n < (KIT_ETYPES - 1) * 8) {
        struct mode mode = {kit_etypes[n / 8], n & 4 ? KRB5_ETYPE_AES128_SHA1 : 0,
                            n & 2 ? KRB5_F_DCE_STYLE : 0, n & 1, 0};
        return mode;
    }
    n -= (KIT_ETYPES - 1) * 8;
    return (struct mode){KRB5_ETYPE_RC4, 0, n / 2 == 2 ? KRB5_F_DCE_STYLE : 0, n & 1, n / 2 == 1};
}

static void pair_of(struct kit_pair *k, const struct mode *mode)
{
    kit_pair(k, mode->etype, mode->initiator_etype, mode->flags | KRB5_F_REPLAY | KRB5_F_SEQUENCE);
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        uint16_t etype;
        size_t plain, sealed, dce;
    } rows[] = {
        {KRB5_ETYPE_AES128_SHA1, 28, 60, 76},
        {KRB5_ETYPE_AES256_SHA1, 28, 60, 76},
        {KRB5_ETYPE_AES128_SHA256, 32, 64, 80},
        {KRB5_ETYPE_AES256_SHA384, 40, 72, 88},
    };
    struct kit_message m;
    kit_message(&m, 200, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct kit_pair k;
        kit_pair(&k, rows[i].etype, 0, 0);
        assert_int_equal(krb5_wrap_size(&k.i, false, &m.m, false), rows[i].plain);
        assert_int_equal(krb5_wrap_size(&k.i, true, &m.m, true), rows[i].sealed);
        assert_int_equal(krb5_wrap_size_max(&k.i), rows[i].sealed);
        kit_pair(&k, rows[i].etype, 0, KRB5_F_DCE_STYLE);
        assert_int_equal(krb5_wrap_size(&k.i, false, &m.m, false), rows[i].plain);
        assert_int_equal(krb5_wrap_size(&k.i, true, &m.m, false), rows[i].dce);
        assert_int_equal(krb5_wrap_size_max(&k.i), rows[i].dce);
    }
    struct kit_pair k;
    kit_pair(&k, KRB5_ETYPE_RC4, 0, 0);
    assert_int_equal(krb5_wrap_size(&k.i, true, &m.m, false), 45);
    assert_int_equal(krb5_wrap_size(&k.i, true, &m.m, true), 46);
    /* 4 GiB less one byte of data make a length of five bytes. */
    assert_int_equal(krb5_wrap_size_max(&k.i), 50);
}

/* A total of odd size, so that no flipped bit of RRC comes round to the same rotation. */
static void message_for(struct wrapped *w, const struct krb5_protect *p, bool sealed, size_t size)
{
    kit_message(&w->m, size, (uint32_t)size);
    if (p->key.etype != KRB5_ETYPE_RC4 && (krb5_wrap_size(p, sealed, &w->m.m, false) + size) % 2 == 0)
        kit_message(&w->m, size + 1, (uint32_t)size);
}

static void test_flips(void **state)
{
    (void)state;
    for (size_t n = 0; n < MODES; n++) {
        struct mode mode = mode_of(n);
        struct kit_pair k;
        struct wrapped w = {.padding = 0};
        pair_of(&k, &mode);
        message_for(&w, &k.i, mode.sealed, 40);
        wrap(&w, &k.i, &k.i_seal, mode.sealed, mode.padding);
        bool number_loose = mode.etype == KRB5_ETYPE_RC4 && !mode.sealed;
        size_t number = w.token.size - 24;
        for (size_t bit = 0; bit < w.token.size * 8; bit++) {
            if (number_loose && bit / 8 >= number && bit / 8 < number + 4)
                continue;
            w.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            refused(&k.a, &k.a_seal, &k.a_fallback, &w, PROTECT_ALTERED);
            w.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t bit = 0; bit < w.m.size * 8; bit++) {
            w.m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            refused(&k.a, &k.a_seal, NULL, &w, PROTECT_ALTERED);
            w.m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t bit = 0; mode.padding && bit < 8; bit++) {
            w.padding ^= (uint8_t)(1 << bit);
            refused(&k.a, &k.a_seal, NULL, &w, PROTECT_ALTERED);
            w.padding ^= (uint8_t)(1 << bit);
        }
        opens(&k.a, &k.a_seal, NULL, &w, mode.sealed);
    }
}

/* The number of an RC4 token of integrity only is encrypted but under no checksum: another number, same
 * message. */
static void test_rc4_number(void **state)
{
    (void)state;
    struct kit_pair k;
    struct wrapped w = {.padding = 0};
    kit_pair(&k, KRB5_ETYPE_RC4, 0, 0);
    kit_message(&w.m, 10, 1);
    wrap(&w, &k.i, NULL, false, true);
    for (size_t bit = 0; bit < 64; bit++) {
        struct krb5_unwrapped u;
        uint8_t *byte = &w.bytes[w.token.size - 24 + bit / 8];
        *byte ^= (uint8_t)(1 << bit % 8);
        enum protect_verdict verdict = krb5_unwrap(&k.a, NULL, NULL, &w.m.m, &w.token, &u);
        if (bit < 32) {
            assert_int_equal(verdict, PROTECT_OK);
            assert_int_equal(u.sequence, 1000 ^ (1u << (8 * (3 - bit / 8) + bit % 8)));
        } else {
            assert_int_equal(verdict, PROTECT_ALTERED);
        }
        *byte ^= (uint8_t)(1 << bit % 8);
    }
}

/* RFC 2743 3.1: the length as DER has it, short and long, with the data and the padding in it; DCE style
 * leaves both out. */
static void test_rc4_framing(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        bool padding;
        const char *start;
    } rows[] = {
        {0, true, "60 2c 0609"},     {83, true, "60 7f 0609"},      {84, true, "60 8180 0609"},
        {211, true, "60 81ff 0609"}, {212, true, "60 820100 0609"}, {4096, true, "60 82102c 0609"},
        {0, false, "60 2b 0609"},    {4096, false, "60 2b 0609"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct kit_pair k;
        struct wrapped w = {.padding = 0};
        uint8_t start[8];
        kit_pair(&k, KRB5_ETYPE_RC4, 0, 0);
        kit_message(&w.m, rows[i].size, 1);
        wrap(&w, &k.i, NULL, true, rows[i].padding);
        size_t size = kit_hex(rows[i].start, start, sizeof start);
        assert_memory_equal(w.bytes, start, size);
        kit_assert_hex(w.bytes + size, 17, "2a864886f712010202 0201 1100 1000 ffff",
                       "mechanism and algorithms");
        assert_int_equal(w.token.size, size + 9 + 32);
        opens(&k.a, NULL, NULL, &w, true);
        /* What is only signed is no part of the framed text. */
        kit_message(&w.m, rows[i].size < 4000 ? rows[i].size + 90 : rows[i].size, 1);
        if (rows[i].size >= 4000)
            continue;
        w.m.parts[0].size = 90;
        w.m.parts[1] = (struct span){w.m.bytes + 90, rows[i].size};
        w.m.m = (struct message){w.m.parts, 2, 2};
        wrap(&w, &k.i, NULL, true, rows[i].padding);
        assert_memory_equal(w.bytes, start, size);
        opens(&k.a, NULL, NULL, &w, true);
    }
}

static void test_round_trips(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 31, 32, 33, 127, 128, 255, 256, 1000, 4095, 4096};
    for (size_t n = 0; n < MODES; n++) {
        struct mode mode = mode_of(n);
        struct kit_pair k;
        pair_of(&k, &mode);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct wrapped w = {.padding = 0};
            kit_message(&w.m, sizes[i], (uint32_t)i);
            wrap(&w, &k.i, &k.i_seal, mode.sealed, mode.padding);
            if (mode.sealed && sizes[i] >= 15)
                assert_memory_not_equal(w.m.bytes, w.original, sizes[i]);
            else if (!mode.sealed)
                assert_memory_equal(w.m.bytes, w.original, sizes[i]);
            opens(&k.a, &k.a_seal, NULL, &w, mode.sealed);
            wrap(&w, &k.a, &k.a_seal, mode.sealed, mode.padding);
            opens(&k.i, &k.i_seal, &k.i_fallback, &w, mode.sealed);
        }
    }
}

/* Scattered equals contiguous, token by token and byte by byte; and it opens cut otherwise than it was
 * sealed. */
static void test_cuts(void **state)
{
    (void)state;
    for (size_t n = 0; n < MODES; n++) {
        struct mode mode = mode_of(n);
        struct kit_pair k, twin;
        pair_of(&k, &mode);
        twin = k;
        for (size_t size = 0; size < 200; size += 9) {
            struct wrapped a = {.padding = 0}, b = {.padding = 0};
            kit_message(&a.m, size, 5);
            kit_message(&b.m, size, 5);
            kit_cut(&b.m, 1 + size % 64, 0, (uint32_t)size);
            wrap(&a, &k.i, &k.i_seal, mode.sealed, mode.padding);
            wrap(&b, &twin.i, &twin.i_seal, mode.sealed, mode.padding);
            assert_memory_equal(a.bytes, b.bytes, sizeof a.bytes);
            assert_memory_equal(a.m.bytes, b.m.bytes, size);
            kit_cut(&b.m, 64, 0, (uint32_t)size + 1);
            opens(&k.a, &k.a_seal, NULL, &b, mode.sealed);
        }
    }
}

/* DCE/RPC: header and trailer signed, not encrypted; a bit of either counts, and neither is written. */
static void test_read_only_parts(void **state)
{
    (void)state;
    for (size_t n = 0; n < MODES; n++) {
        struct mode mode = mode_of(n);
        struct kit_pair k;
        struct wrapped w = {.padding = 0};
        pair_of(&k, &mode);
        kit_message(&w.m, 100, 3);
        w.m.parts[0] = (struct span){w.m.bytes, 24};
        w.m.parts[1] = (struct span){w.m.bytes + 24, 69};
        w.m.parts[2] = (struct span){w.m.bytes + 93, 7};
        w.m.m = (struct message){w.m.parts, 3, 2};
        wrap(&w, &k.i, &k.i_seal, mode.sealed, mode.padding);
        assert_memory_equal(w.m.bytes, w.original, 24);
        assert_memory_equal(w.m.bytes + 93, w.original + 93, 7);
        for (size_t bit = 0; bit < w.m.size * 8; bit++) {
            w.m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            refused(&k.a, &k.a_seal, NULL, &w, PROTECT_ALTERED);
            w.m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        opens(&k.a, &k.a_seal, NULL, &w, mode.sealed);
        /* The same bytes with the header moved behind: the order is part of the message. */
        struct span first = w.m.parts[0];
        w.m.parts[0] = w.m.parts[1];
        w.m.parts[1] = w.m.parts[2];
        w.m.parts[2] = first;
        w.m.m.sealed = 1;
        refused(&k.a, &k.a_seal, NULL, &w, PROTECT_ALTERED);
    }
}

/* The token as a peer that rotates by rrc would have sent it, in place: our layout is turned further. The
 * first `skip` bytes of the message are read-only and no part of what is turned. */
static void turn(struct wrapped *w, uint16_t rrc, bool dce, size_t skip)
{
    uint8_t all[TOKEN_MAX + KIT_DATA_MAX], out[sizeof all];
    size_t head = w->token.size - 16, size = w->m.size - skip, total = head + size;
    size_t extra = (size_t)w->bytes[4] << 8 | w->bytes[5], add = dce && (w->bytes[2] & 2) ? extra : 0;
    size_t now = ((size_t)w->bytes[6] << 8 | w->bytes[7]) + add, then = rrc + add;
    memcpy(all, w->bytes + 16, head);
    memcpy(all + head, w->m.bytes + skip, size);
    for (size_t i = 0; i < total; i++)
        out[(i + then) % total] = all[(i + now) % total];
    memcpy(w->bytes + 16, out, head);
    memcpy(w->m.bytes + skip, out + head, size);
    w->bytes[6] = (uint8_t)(rrc >> 8);
    w->bytes[7] = (uint8_t)rrc;
}

static void test_rotations(void **state)
{
    (void)state;
    for (size_t n = 0; n < (KIT_ETYPES - 1) * 8; n++) {
        struct mode mode = mode_of(n);
        struct kit_pair k;
        pair_of(&k, &mode);
        for (uint32_t rrc = 0; rrc <= UINT16_MAX; rrc += rrc < 200 ? 1 : 1009) {
            struct wrapped w = {.padding = 0};
            size_t skip = 0;
            message_for(&w, &k.i, mode.sealed, rrc % 90);
            if (rrc % 3 == 0) {
                kit_cut(&w.m, 5, 0, rrc);
            } else if (rrc % 3 == 1) {
                kit_cut(&w.m, 3, 1, rrc);
                skip = w.m.parts[0].size;
            }
            wrap(&w, &k.i, &k.i_seal, mode.sealed, false);
            turn(&w, (uint16_t)rrc, mode.flags & KRB5_F_DCE_STYLE, skip);
            w.bytes[w.token.size - 1] ^= 1;
            refused(&k.a, &k.a_seal, NULL, &w, PROTECT_ALTERED);
            w.bytes[w.token.size - 1] ^= 1;
            opens(&k.a, &k.a_seal, NULL, &w, mode.sealed);
        }
    }
}

/* One piece, as gss_wrap makes it: token, data, padding. */
static void test_streams(void **state)
{
    (void)state;
    for (size_t n = 0; n < MODES; n++) {
        struct mode mode = mode_of(n);
        struct kit_pair k;
        pair_of(&k, &mode);
        for (size_t size = 0; size < 260; size += 5) {
            struct wrapped w = {.padding = 0};
            uint8_t stream[TOKEN_MAX + KIT_DATA_MAX], before[sizeof stream];
            size_t front = size % 3; /* read-only bytes that are in no stream */
            kit_message(&w.m, front + size, 1);
            w.m.parts[0].size = front;
            w.m.parts[1] = (struct span){w.m.bytes + front, size};
            w.m.m = (struct message){w.m.parts, 2, 2};
            wrap(&w, &k.i, &k.i_seal, mode.sealed, mode.padding);
            memcpy(stream, w.bytes, w.token.size);
            memcpy(stream + w.token.size, w.m.bytes + front, size);
            size_t total = w.token.size + size;
            if (mode.padding)
                stream[total++] = w.padding;
            memcpy(before, stream, total);

            size_t token_size;
            for (size_t cut = 0; cut < w.token.size; cut++)
                assert_false(krb5_stream_split(&k.a, stream, cut, &token_size));
            assert_true(krb5_stream_split(&k.a, stream, total, &token_size));
            assert_int_equal(token_size, w.token.size);
            struct span part = {stream + token_size, total - token_size};
            struct span parts[] = {{w.m.bytes, front}, part, {NULL, 0}};
            struct message m = {parts, 3, 6};
            struct krb5_token token = {stream, token_size, NULL};
            struct krb5_unwrapped u;
            assert_int_equal(krb5_unwrap(&k.a, &k.a_seal, NULL, &m, &token, &u), PROTECT_OK);
            assert_int_equal(u.trim, mode.padding);
            assert_memory_equal(part.data, w.original + front, size);
            assert_int_equal(part.size - u.trim, size);
            krb5_unwrap_undo(&k.a, &k.a_seal, NULL, &m, &token, &u);
            assert_memory_equal(stream, before, total);
        }
    }
}

/* What undo is for: an authentic message out of its turn keeps its ciphertext, also under a key derived for
 * it alone. */
static void test_out_of_sequence(void **state)
{
    (void)state;
    for (size_t n = 0; n < MODES; n++) {
        struct mode mode = mode_of(n);
        struct kit_pair k;
        struct wrapped w = {.padding = 0}, was;
        pair_of(&k, &mode);
        kit_message(&w.m, 50, 1);
        wrap(&w, &k.i, &k.i_seal, mode.sealed, mode.padding);
        opens(&k.a, &k.a_seal, NULL, &w, mode.sealed);
        was = w;
        struct krb5_protect before = k.a;
        struct krb5_unwrapped u;
        assert_int_equal(krb5_unwrap(&k.a, &k.a_seal, NULL, &w.m.m, &w.token, &u), PROTECT_OK);
        assert_int_equal(krb5_accept(&k.a, u.sequence), PROTECT_OUT_OF_SEQUENCE);
        krb5_unwrap_undo(&k.a, &k.a_seal, NULL, &w.m.m, &w.token, &u);
        assert_memory_equal(was.bytes, w.bytes, sizeof was.bytes);
        assert_memory_equal(was.m.bytes, w.m.bytes, sizeof was.m.bytes);
        assert_memory_equal(&before, &k.a, sizeof before);
    }
}

static void test_fallback(void **state)
{
    (void)state;
    for (size_t t = 0; t < KIT_ETYPES - 1; t++) {
        for (size_t u = 0; u < KIT_ETYPES - 1; u++) {
            struct kit_pair k;
            kit_pair(&k, kit_etypes[t], kit_etypes[u], KRB5_F_REPLAY);
            struct krb5_protect plain;
            struct krb5_seal plain_seal;
            struct krb5_start start = {.flags = KRB5_F_INITIATOR, .key = k.i.initiator, .send_first = 1000};
            assert_true(krb5_protect_init(&plain, &start));
            krb5_seal_init(&plain_seal, &plain);
            for (int n = 0; n < 4; n++) {
                struct wrapped w = {.padding = 0};
                const struct krb5_fallback *f = n & 2 ? &k.a_fallback : NULL;
                kit_message(&w.m, 33, 2);
                wrap(&w, &plain, &plain_seal, n & 1, false);
                w.bytes[16] ^= 1;
                refused(&k.a, &k.a_seal, f, &w, PROTECT_ALTERED);
                w.bytes[16] ^= 1;
                opens(&k.a, &k.a_seal, f, &w, n & 1);
            }
        }
    }
}

static void test_wrong_tokens(void **state)
{
    (void)state;
    for (size_t n = 0; n < MODES; n++) {
        struct mode mode = mode_of(n);
        struct kit_pair k, other;
        struct wrapped w = {.padding = 0};
        pair_of(&k, &mode);
        kit_message(&w.m, 40, 1);
        wrap(&w, &k.i, &k.i_seal, mode.sealed, mode.padding);
        size_t size = w.token.size;
        /* Own tokens fed back. */
        refused(&k.i, &k.i_seal, NULL, &w, PROTECT_ALTERED);
        bool looks = mode.etype != KRB5_ETYPE_RC4;
        for (size_t i = 0; i < 28; i++) {
            w.token.size = i;
            refused(&k.a, &k.a_seal, NULL, &w, PROTECT_MALFORMED);
            assert_int_equal(krb5_unwrap_look(&k.a, w.bytes, i), looks ? PROTECT_MALFORMED : PROTECT_OK);
        }
        w.token.size = 95;
        refused(&k.a, &k.a_seal, NULL, &w, PROTECT_MALFORMED);
        assert_int_equal(krb5_unwrap_look(&k.a, w.bytes, 95), looks ? PROTECT_MALFORMED : PROTECT_OK);
        assert_int_equal(krb5_unwrap_look(&k.a, w.bytes, size), PROTECT_OK);
        assert_int_equal(krb5_unwrap_look(&k.i, w.bytes, size), looks ? PROTECT_ALTERED : PROTECT_OK);
        w.token.size = size;
        for (size_t t = 0; t < KIT_ETYPES; t++) {
            if (kit_etypes[t] == mode.etype)
                continue;
            kit_pair(&other, kit_etypes[t], 0, 0);
            bool other_format = (kit_etypes[t] == KRB5_ETYPE_RC4) != (mode.etype == KRB5_ETYPE_RC4);
            struct krb5_unwrapped u;
            struct wrapped was = w;
            enum protect_verdict verdict = krb5_unwrap(&other.a, &other.a_seal, NULL, &w.m.m, &w.token, &u);
            assert_true(verdict == PROTECT_MALFORMED || (verdict == PROTECT_ALTERED && !other_format));
            assert_memory_equal(was.bytes, w.bytes, sizeof was.bytes);
            assert_memory_equal(was.m.bytes, w.m.bytes, sizeof was.m.bytes);
            size_t token_size;
            if (other_format)
                assert_false(krb5_stream_split(&other.a, w.bytes, sizeof w.bytes, &token_size));
        }
        opens(&k.a, &k.a_seal, NULL, &w, mode.sealed);
    }
    /* The other format by its first byte, whatever the sizes say. */
    static uint8_t large[12000] = {0x60, 0x2b, 0x06, 0x09, 0x2a, 0x86};
    size_t token_size;
    struct kit_pair aes, rc4;
    kit_pair(&aes, KRB5_ETYPE_AES256_SHA1, 0, 0);
    kit_pair(&rc4, KRB5_ETYPE_RC4, 0, 0);
    assert_false(krb5_stream_split(&aes.a, large, sizeof large, &token_size));
    struct krb5_unwrapped u;
    struct message none = {NULL, 0, 0};
    large[0] = 0x05;
    assert_int_equal(krb5_unwrap(&rc4.a, NULL, NULL, &none, &(struct krb5_token){large, 45, NULL}, &u),
                     PROTECT_MALFORMED);
    large[0] = 0x60;
    assert_int_equal(krb5_unwrap(&aes.a, &aes.a_seal, NULL, &none, &(struct krb5_token){large, 60, NULL}, &u),
                     PROTECT_MALFORMED);
    /* A MIC is no Wrap token and the reverse, also where the sizes agree. */
    struct kit_pair k;
    struct wrapped w = {.padding = 0};
    kit_pair(&k, KRB5_ETYPE_AES128_SHA1, 0, 0);
    kit_message(&w.m, 40, 1);
    wrap(&w, &k.i, &k.i_seal, false, false);
    assert_int_equal(kit_verify(&k.a, NULL, &w.m.m, w.bytes, 28), PROTECT_ALTERED);
    assert_int_equal(krb5_mic_make(&k.i, &w.m.m, w.bytes), PROTECT_OK);
    refused(&k.a, &k.a_seal, NULL, &w, PROTECT_ALTERED);
}

/* Random headers over random bytes: nothing outside of token and parts is touched (the sanitizers look on).
 */
static void test_garbage(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 20000; seed++) {
        static struct kit_pair pairs[3];
        if (seed == 0) {
            kit_pair(&pairs[0], KRB5_ETYPE_AES256_SHA1, KRB5_ETYPE_AES256_SHA384, 0);
            kit_pair(&pairs[1], KRB5_ETYPE_AES128_SHA256, 0, KRB5_F_DCE_STYLE);
            kit_pair(&pairs[2], KRB5_ETYPE_RC4, 0, 0);
        }
        struct kit_pair *k = &pairs[seed % 3];
        uint8_t random[8];
        kit_fill(random, sizeof random, seed);
        size_t size = random[0] % 160, token_size;
        uint8_t *stream = malloc(size ? size : 1), before[160];
        assert_non_null(stream);
        kit_fill(stream, size, seed + 1);
        if (size > 20) {
            bool rc4 = seed % 3 == 2;
            memcpy(stream, rc4 ? "\x60\x2b" : "\x05\x04", 2);
            stream[2] = random[1] & 7;
            stream[3] = 0xff;
            stream[4] = random[2] & 1;
            stream[5] &= random[3];
        }
        memcpy(before, stream, size);
        if (krb5_stream_split(&k->a, stream, size, &token_size)) {
            assert_true(token_size <= size);
            struct span part = {stream + token_size, size - token_size};
            struct message m = {&part, 1, 1};
            struct krb5_token token = {stream, token_size, NULL};
            struct krb5_unwrapped u;
            assert_int_not_equal(krb5_unwrap(&k->a, &k->a_seal, NULL, &m, &token, &u), PROTECT_OK);
        }
        assert_memory_equal(stream, before, size);
        free(stream);
    }
}

static void test_exhaustion(void **state)
{
    (void)state;
    for (size_t n = 0; n < MODES; n++) {
        struct mode mode = mode_of(n);
        struct kit_pair k;
        struct wrapped w = {.padding = 0}, was;
        pair_of(&k, &mode);
        kit_message(&w.m, 10, 1);
        k.i.sent = mode.etype == KRB5_ETYPE_RC4 ? (uint64_t)1 << 32 : UINT64_MAX;
        w.token = (struct krb5_token){w.bytes, TOKEN_MAX, &w.padding};
        was = w;
        struct krb5_protect before = k.i;
        assert_int_equal(krb5_wrap(&k.i, &k.i_seal, mode.sealed, &w.m.m, confounder, &w.token),
                         PROTECT_EXPIRED);
        assert_memory_equal(&was, &w, sizeof w);
        assert_memory_equal(&before, &k.i, sizeof before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),           cmocka_unit_test(test_flips),
        cmocka_unit_test(test_rc4_number),      cmocka_unit_test(test_rc4_framing),
        cmocka_unit_test(test_round_trips),     cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_read_only_parts), cmocka_unit_test(test_rotations),
        cmocka_unit_test(test_streams),         cmocka_unit_test(test_out_of_sequence),
        cmocka_unit_test(test_fallback),        cmocka_unit_test(test_wrong_tokens),
        cmocka_unit_test(test_garbage),         cmocka_unit_test(test_exhaustion),
    };
    return cmocka_run_group_tests_name("krb5 wrap", tests, NULL, NULL);
}
