/* SPDX-License-Identifier: MIT */
#include "kit.h"

const uint16_t kit_etypes[KIT_ETYPES] = {KRB5_ETYPE_AES128_SHA1, KRB5_ETYPE_AES256_SHA1,
                                         KRB5_ETYPE_AES128_SHA256, KRB5_ETYPE_AES256_SHA384, KRB5_ETYPE_RC4};

size_t kit_hex(const char *hex, uint8_t *out, size_t room)
{
    size_t n = 0;
    for (; *hex; hex++) {
        unsigned byte;
        if (*hex == ' ')
            continue;
        assert_true(n < room);
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        out[n++] = (uint8_t)byte;
        hex++;
    }
    return n;
}

void kit_assert_hex(const uint8_t *got, size_t size, const char *hex, const char *what)
{
    uint8_t want[1024];
    size_t n = kit_hex(hex, want, sizeof want);
    if (n != size || memcmp(got, want, n) != 0) {
        print_message("%s:", what);
        for (size_t i = 0; i < size; i++)
            print_message(" %02x", got[i]);
        fail_msg("%s: wanted %s", what, hex);
    }
}

void kit_fill(uint8_t *out, size_t size, uint32_t seed)
{
    uint32_t x = seed * 2654435761u + 12345;
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525 + 1013904223;
        out[i] = (uint8_t)(x >> 24);
    }
}

struct krb5_raw_key kit_key(uint16_t etype, uint8_t seed)
{
    struct krb5_raw_key key = {.etype = etype};
    kit_fill(key.bytes, krb5_key_size(etype), (uint32_t)etype << 8 | seed);
    return key;
}

void kit_pair(struct kit_pair *k, uint16_t etype, uint16_t initiator_etype, uint32_t flags)
{
    struct krb5_start start = {
        .flags = flags | KRB5_F_INITIATOR | (initiator_etype ? KRB5_F_ACCEPTOR_SUBKEY : 0),
        .key = kit_key(etype, 1),
        .initiator = kit_key(initiator_etype, 2),
        .send_first = 1000,
        .receive_first = 2000,
    };
    memset(k, 0, sizeof *k);
    assert_true(krb5_protect_init(&k->i, &start));
    start.flags &= ~(uint32_t)KRB5_F_INITIATOR;
    start.send_first = 2000;
    start.receive_first = 1000;
    assert_true(krb5_protect_init(&k->a, &start));
    krb5_seal_init(&k->i_seal, &k->i);
    krb5_seal_init(&k->a_seal, &k->a);
    assert_int_equal(krb5_fallback_init(&k->i_fallback, &k->i), initiator_etype != 0);
    assert_int_equal(krb5_fallback_init(&k->a_fallback, &k->a), initiator_etype != 0);
}

void kit_message(struct kit_message *m, size_t size, uint32_t seed)
{
    assert_true(size <= sizeof m->bytes);
    memset(m, 0, sizeof *m);
    kit_fill(m->bytes, size, seed);
    m->size = size;
    m->parts[0] = (struct span){m->bytes, size};
    m->m = (struct message){m->parts, 1, 1};
}

void kit_cut(struct kit_message *m, size_t count, uint64_t readonly, uint32_t seed)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t random[2];
        kit_fill(random, sizeof random, seed * 131 + (uint32_t)i);
        size_t left = m->size - at, n = i + 1 == count ? left
                                        : left         ? (random[0] * 256u + random[1]) % (left + 1)
                                                       : 0;
        m->parts[i] = (struct span){n ? m->bytes + at : NULL, n};
        at += n;
    }
    m->m = (struct message){m->parts, count,
                            ~readonly & (count == 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1)};
}

enum protect_verdict kit_verify(struct krb5_protect *p, const struct krb5_fallback *f,
                                const struct message *m, const uint8_t *token, size_t size)
{
    uint64_t sequence;
    enum protect_verdict verdict = krb5_mic_check(p, f, m, token, size, &sequence);
    return verdict == PROTECT_OK ? krb5_accept(p, sequence) : verdict;
}
