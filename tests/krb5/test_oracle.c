/* SPDX-License-Identifier: MIT */
/*
 * MIT's libk5crypto as the oracle, both ways, every length from 0 to 100 and every type: what we sign it
 * computes too, what we seal it opens, what it seals we open under any rotation. It is not a peer: the tokens
 * around its ciphertexts are laid out by this test, from RFC 4121 and not from our code.
 */
#include "kit.h"

#include <krb5.h>

enum { LENGTH_MAX = 100, TOKEN_MAX = 256 };
enum { SEAL_ACCEPTOR = 22, SIGN_ACCEPTOR = 23, SEAL_INITIATOR = 24, SIGN_INITIATOR = 25 };

static krb5_context mit;

static int group_setup(void **state)
{
    (void)state;
    return krb5_init_context(&mit);
}

static int group_teardown(void **state)
{
    (void)state;
    krb5_free_context(mit);
    return 0;
}

static krb5_keyblock keyblock(struct krb5_raw_key *key)
{
    return (krb5_keyblock){KV5M_KEYBLOCK, key->etype, (unsigned)krb5_key_size(key->etype), key->bytes};
}

static krb5_data data_of(void *bytes, size_t size)
{
    return (krb5_data){KV5M_DATA, (unsigned)size, bytes};
}

static const krb5_cksumtype checksum_types[] = {
    [KRB5_ETYPE_AES128_SHA1] = CKSUMTYPE_HMAC_SHA1_96_AES128,
    [KRB5_ETYPE_AES256_SHA1] = CKSUMTYPE_HMAC_SHA1_96_AES256,
    [KRB5_ETYPE_AES128_SHA256] = CKSUMTYPE_HMAC_SHA256_128_AES128,
    [KRB5_ETYPE_AES256_SHA384] = CKSUMTYPE_HMAC_SHA384_192_AES256,
    [KRB5_ETYPE_RC4] = CKSUMTYPE_HMAC_MD5_ARCFOUR,
};

/* The oracle's checksum over what bytes hold must begin with the given bytes. */
static void assert_checksum(struct krb5_raw_key key, krb5_keyusage usage, uint8_t *bytes, size_t size,
                            const uint8_t *mac, size_t mac_size)
{
    krb5_keyblock block = keyblock(&key);
    krb5_data in = data_of(bytes, size);
    krb5_checksum sum;
    assert_int_equal(krb5_c_make_checksum(mit, checksum_types[key.etype], &block, usage, &in, &sum), 0);
    assert_true(sum.length >= mac_size);
    assert_memory_equal(sum.contents, mac, mac_size);
    krb5_free_checksum_contents(mit, &sum);
}

static void test_mic(void **state)
{
    (void)state;
    for (size_t t = 0; t < KIT_ETYPES; t++) {
        struct kit_pair k;
        kit_pair(&k, kit_etypes[t], 0, KRB5_F_REPLAY);
        bool rc4 = kit_etypes[t] == KRB5_ETYPE_RC4;
        for (size_t size = 0; size <= LENGTH_MAX; size++) {
            struct kit_message m;
            uint8_t token[KRB5_MIC_SIZE_MAX], covered[LENGTH_MAX + 16];
            struct krb5_protect *from = size % 2 ? &k.i : &k.a;
            size_t token_size = krb5_mic_size(from);
            kit_message(&m, size, (uint32_t)size);
            assert_int_equal(krb5_mic_make(from, &m.m, token), PROTECT_OK);
            if (rc4) {
                memcpy(covered, token + 13, 8);
                memcpy(covered + 8, m.bytes, size);
                assert_checksum(from->key, 15, covered, 8 + size, token + 29, 8);
            } else {
                memcpy(covered, m.bytes, size);
                memcpy(covered + size, token, 16);
                assert_checksum(from->key, size % 2 ? SIGN_INITIATOR : SIGN_ACCEPTOR, covered, size + 16,
                                token + 16, token_size - 16);
            }
        }
    }
}

/* Body behind the header, with RRC undone: `left` bytes go from the front to the back. */
static void rotate_left(uint8_t *body, size_t size, size_t left)
{
    uint8_t copy[1024];
    assert_true(size <= sizeof copy && left <= size);
    memcpy(copy, body, size);
    memcpy(body, copy + left, size - left);
    memcpy(body + size - left, copy, left);
}

static void seal_and_ask(struct kit_pair *k, size_t size, bool dce, bool from_initiator)
{
    struct kit_message m;
    uint8_t confounder[KRB5_CONFOUNDER_SIZE], token_bytes[TOKEN_MAX], body[1024], plain[1024],
        original[LENGTH_MAX];
    struct krb5_protect *from = from_initiator ? &k->i : &k->a;
    kit_message(&m, size, (uint32_t)size);
    memcpy(original, m.bytes, size);
    kit_fill(confounder, sizeof confounder, 77);
    struct krb5_token token = {token_bytes, krb5_wrap_size(from, true, &m.m, false), NULL};
    assert_int_equal(
        krb5_wrap(from, from_initiator ? &k->i_seal : &k->a_seal, true, &m.m, confounder, &token),
        PROTECT_OK);
    size_t extra = (size_t)token_bytes[4] << 8 | token_bytes[5],
           rotation = (size_t)token_bytes[6] << 8 | token_bytes[7];
    assert_int_equal(extra, dce ? 16 : 0);
    assert_int_equal(token.size, 16 + rotation + extra + 16);

    size_t body_size = token.size - 16 + size;
    memcpy(body, token_bytes + 16, token.size - 16);
    memcpy(body + token.size - 16, m.bytes, size);
    rotate_left(body, body_size, rotation + extra);
    struct krb5_raw_key key = from->key;
    krb5_keyblock block = keyblock(&key);
    krb5_enc_data enc = {KV5M_ENC_DATA, key.etype, 0, data_of(body, body_size)};
    krb5_data out = data_of(plain, sizeof plain);
    assert_int_equal(
        krb5_c_decrypt(mit, &block, from_initiator ? SEAL_INITIATOR : SEAL_ACCEPTOR, NULL, &enc, &out), 0);
    assert_int_equal(out.length, size + extra + 16);
    assert_memory_equal(plain, original, size);
    for (size_t i = 0; i < extra; i++)
        assert_int_equal(plain[size + i], 0xff);
    uint8_t header[16];
    memcpy(header, token_bytes, 16);
    header[6] = header[7] = 0;
    assert_memory_equal(plain + size + extra, header, 16);
}

static void test_seal(void **state)
{
    (void)state;
    for (size_t t = 0; t < KIT_ETYPES - 1; t++) {
        for (int dce = 0; dce < 2; dce++) {
            struct kit_pair k;
            kit_pair(&k, kit_etypes[t], t % 2 ? KRB5_ETYPE_AES256_SHA1 : 0, dce ? KRB5_F_DCE_STYLE : 0);
            for (size_t size = 0; size <= LENGTH_MAX; size++)
                seal_and_ask(&k, size, dce != 0, size % 2);
        }
    }
}

/* The oracle's token, rotated by rrc + turn, as one piece: header || body. Returns its size. */
static size_t oracle_token(const struct krb5_protect *from, const uint8_t *data, size_t size, size_t extra,
                           uint16_t rrc, size_t turn, uint64_t sequence, uint8_t *out)
{
    bool initiator = (from->flags & KRB5_F_INITIATOR) != 0;
    uint8_t plain[1024],
        flags = (uint8_t)((initiator ? 0 : 1) | 2 | (from->flags & KRB5_F_ACCEPTOR_SUBKEY ? 4 : 0));
    uint8_t header[16] = {5, 4, flags, 0xff, (uint8_t)(extra >> 8), (uint8_t)extra};
    for (size_t i = 0; i < 8; i++)
        header[8 + i] = (uint8_t)(sequence >> (56 - 8 * i));
    memcpy(plain, data, size);
    memset(plain + size, 0x5a, extra);
    memcpy(plain + size + extra, header, 16);
    struct krb5_raw_key key = from->key;
    krb5_keyblock block = keyblock(&key);
    krb5_data in = data_of(plain, size + extra + 16);
    size_t length;
    assert_int_equal(krb5_c_encrypt_length(mit, key.etype, in.length, &length), 0);
    krb5_enc_data enc = {KV5M_ENC_DATA, key.etype, 0, data_of(out + 16, length)};
    assert_int_equal(krb5_c_encrypt(mit, &block, initiator ? SEAL_INITIATOR : SEAL_ACCEPTOR, NULL, &in, &enc),
                     0);
    size_t turned = (rrc + turn) % length;
    rotate_left(out + 16, length, (length - turned) % length);
    header[6] = (uint8_t)(rrc >> 8);
    header[7] = (uint8_t)rrc;
    memcpy(out, header, 16);
    return 16 + length;
}

static void open_stream(struct kit_pair *k, size_t size, size_t extra, uint16_t rrc, bool cut)
{
    uint8_t data[LENGTH_MAX], stream[2048], before[2048];
    size_t turn = k->a.flags & KRB5_F_DCE_STYLE ? extra : 0, token_size;
    uint64_t sequence = 0x1122334455667788 + size;
    kit_fill(data, size, (uint32_t)size + 9);
    size_t total = oracle_token(&k->i, data, size, extra, rrc, turn, sequence, stream);
    memcpy(before, stream, total);
    assert_true(krb5_stream_split(&k->a, stream, total, &token_size));
    assert_int_equal(total - token_size, size);

    struct span parts[3] = {{stream + token_size, size}};
    struct message m = {parts, 1, 1};
    if (cut) {
        parts[0].size = size / 3;
        parts[1] = (struct span){NULL, 0};
        parts[2] = (struct span){stream + token_size + size / 3, size - size / 3};
        m = (struct message){parts, 3, 7};
    }
    struct krb5_token token = {stream, token_size, NULL};
    struct krb5_unwrapped u;
    assert_int_equal(krb5_unwrap(&k->a, &k->a_seal, NULL, &m, &token, &u), PROTECT_OK);
    assert_true(u.sealed);
    assert_int_equal(u.sequence, sequence);
    assert_memory_equal(stream + token_size, data, size);
    krb5_unwrap_undo(&k->a, &k->a_seal, NULL, &m, &token, &u);
    assert_memory_equal(stream, before, total);

    /* Not the oracle's: refused, and put back. */
    stream[total - 1 - size / 2] ^= 0x10;
    before[total - 1 - size / 2] ^= 0x10;
    assert_int_equal(krb5_unwrap(&k->a, &k->a_seal, NULL, &m, &token, &u), PROTECT_ALTERED);
    assert_memory_equal(stream, before, total);
}

static void test_unseal(void **state)
{
    (void)state;
    static const uint16_t rotations[] = {0, 1, 12, 15, 16, 17, 28, 32, 40, 44, 59, 60, 100, 1000, 65535};
    for (size_t t = 0; t < KIT_ETYPES - 1; t++) {
        for (int dce = 0; dce < 2; dce++) {
            struct kit_pair k;
            kit_pair(&k, kit_etypes[t], 0, dce ? KRB5_F_DCE_STYLE : 0);
            for (size_t size = 0; size <= LENGTH_MAX; size++) {
                uint16_t rrc = rotations[size % (sizeof rotations / sizeof rotations[0])];
                open_stream(&k, size, dce ? 16 : size % 7, rrc, size % 3 == 0);
                open_stream(&k, size, dce ? 16 : 0, (uint16_t)(28 + size), size % 2);
            }
            for (size_t rrc = 0; rrc < 300; rrc++)
                open_stream(&k, 21, dce ? 16 : 0, (uint16_t)rrc, rrc % 2);
        }
    }
}

/* Parts that are only signed stand between the sealed ones: the oracle's SIGN_ONLY pieces. */
static void test_sign_only(void **state)
{
    (void)state;
    enum { PARTS = 4 };
    for (size_t t = 0; t < KIT_ETYPES - 1; t++) {
        struct kit_pair k;
        kit_pair(&k, kit_etypes[t], 0, KRB5_F_DCE_STYLE);
        for (size_t size = 0; size <= LENGTH_MAX; size++) {
            struct kit_message m;
            uint8_t confounder[KRB5_CONFOUNDER_SIZE], t_bytes[TOKEN_MAX], original[LENGTH_MAX];
            kit_message(&m, size, (uint32_t)size);
            memcpy(original, m.bytes, size);
            kit_cut(&m, PARTS, size % 16, (uint32_t)size);
            kit_fill(confounder, sizeof confounder, 5);
            struct krb5_token token = {t_bytes, krb5_wrap_size(&k.i, true, &m.m, false), NULL};
            assert_int_equal(krb5_wrap(&k.i, &k.i_seal, true, &m.m, confounder, &token), PROTECT_OK);
            size_t mac = token.size - 16 - 16 - 32;
            krb5_crypto_iov iov[PARTS + 3] = {
                {KRB5_CRYPTO_TYPE_HEADER, data_of(t_bytes + token.size - 16, 16)}};
            for (size_t i = 0; i < PARTS; i++) {
                bool sealed = m.m.sealed >> i & 1;
                iov[1 + i].flags = sealed ? KRB5_CRYPTO_TYPE_DATA : KRB5_CRYPTO_TYPE_SIGN_ONLY;
                iov[1 + i].data = data_of((void *)(uintptr_t)m.parts[i].data, m.parts[i].size);
            }
            iov[PARTS + 1] = (krb5_crypto_iov){KRB5_CRYPTO_TYPE_DATA, data_of(t_bytes + 16, 32)};
            iov[PARTS + 2] = (krb5_crypto_iov){KRB5_CRYPTO_TYPE_TRAILER, data_of(t_bytes + 48, mac)};
            struct krb5_raw_key key = k.i.key;
            krb5_keyblock block = keyblock(&key);
            assert_int_equal(krb5_c_decrypt_iov(mit, &block, SEAL_INITIATOR, NULL, iov, PARTS + 3), 0);
            assert_memory_equal(m.bytes, original, size);
            assert_memory_equal(t_bytes + token.size - 16, confounder, 16);
            assert_memory_equal(t_bytes + 32, t_bytes, 6);
            assert_memory_equal(t_bytes + 32 + 8, t_bytes + 8, 8);
        }
    }
}

static void test_integrity_only(void **state)
{
    (void)state;
    for (size_t t = 0; t < KIT_ETYPES - 1; t++) {
        struct kit_pair k;
        kit_pair(&k, kit_etypes[t], 0, 0);
        for (size_t size = 0; size <= LENGTH_MAX; size++) {
            struct kit_message m;
            uint8_t zero[KRB5_CONFOUNDER_SIZE] = {0}, token_bytes[TOKEN_MAX], covered[LENGTH_MAX + 16];
            kit_message(&m, size, (uint32_t)size);
            struct krb5_token token = {token_bytes, krb5_wrap_size(&k.a, false, &m.m, false), NULL};
            assert_int_equal(krb5_wrap(&k.a, &k.a_seal, false, &m.m, zero, &token), PROTECT_OK);
            size_t mac = token.size - 16;
            assert_int_equal(token_bytes[5], mac);
            assert_int_equal(token_bytes[7], mac);
            memcpy(covered, m.bytes, size);
            memcpy(covered + size, token_bytes, 16);
            memset(covered + size + 4, 0, 4);
            assert_checksum(k.a.key, SEAL_ACCEPTOR, covered, size + 16, token_bytes + 16, mac);
        }
    }
}

/* RFC 4757: the checksum from the oracle over what the data decrypts to. */
static void test_rc4_wrap(void **state)
{
    (void)state;
    struct kit_pair k;
    kit_pair(&k, KRB5_ETYPE_RC4, 0, 0);
    for (size_t size = 0; size <= LENGTH_MAX; size++) {
        struct kit_message m;
        uint8_t confounder[KRB5_CONFOUNDER_SIZE], token_bytes[TOKEN_MAX], covered[256], padding = 0;
        kit_message(&m, size, (uint32_t)size);
        memcpy(covered + 16, m.bytes, size);
        covered[16 + size] = 1;
        kit_fill(confounder, sizeof confounder, 3);
        memcpy(covered + 8, confounder, 8);
        struct krb5_token token = {token_bytes, krb5_wrap_size(&k.i, true, &m.m, true), &padding};
        assert_int_equal(krb5_wrap(&k.i, NULL, size % 2, &m.m, confounder, &token), PROTECT_OK);
        const uint8_t *body = token_bytes + token.size - 32;
        memcpy(covered, body, 8);
        /* KG_USAGE_SIGN, 23, is what MIT maps to the 13 of the RFC. */
        assert_checksum(k.i.key, 23, covered, 16 + size + 1, body + 16, 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mic),
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_unseal),
        cmocka_unit_test(test_sign_only),
        cmocka_unit_test(test_integrity_only),
        cmocka_unit_test(test_rc4_wrap),
    };
    return cmocka_run_group_tests_name("krb5 oracle", tests, group_setup, group_teardown);
}
