/* SPDX-License-Identifier: MIT */
/*
 * Published vectors through the code that the library runs: RFC 3961 A.1 (n-fold), RFC 3962 B (CTS), RFC 8009
 * A (keys, encryption), key and checksum vectors of MIT krb5's crypto tests, and the fixed-key MIC tokens of
 * its t_invalid.c.
 */
#include "kit.h"

#include "crypto/krb5_kdf.h"
#include "protect/krb5_internal.h"

static void test_nfold(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"012345", "be072631276b1955"},
        {"password", "78a07b6caf85fa"},
        {"Rough Consensus, and Running Code", "bb6ed30870b7f0e0"},
        {"password", "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e"},
        {"MASSACHVSETTS INSTITVTE OF TECHNOLOGY", "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b"},
        {"Q", "518a54a215a8452a518a54a215a8452a518a54a215"},
        {"ba", "fb25d531ae8974499f52fd92ea9857c4ba24cf297e"},
        {"kerberos", "6b65726265726f73"},
        {"kerberos", "6b65726265726f737b9b5b2b93132b93"},
        {"kerberos", "8372c236344e5f1550cd0747e15d62ca7a5a3bcea4"},
        {"kerberos", "6b65726265726f737b9b5b2b93132b935c9bdcdad95c9899c4cae4dee6d6cae4"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[64];
        size_t size = strlen(rows[i].out) / 2;
        crypto_krb5_nfold((const uint8_t *)rows[i].in, strlen(rows[i].in), out, size);
        kit_assert_hex(out, size, rows[i].out, rows[i].in);
    }
}

/* The same by bits and from the text of RFC 3961 5.1 alone, for sizes and patterns that carry round the end.
 */
static void nfold_by_bits(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)
{
    size_t in_bits = in_size * 8, out_bits = out_size * 8, length = in_bits;
    uint8_t sum[40 * 8] = {0}; /* bit 0 first, most significant */
    while (length % out_bits != 0)
        length += in_bits;
    for (size_t chunk = 0; chunk < length; chunk += out_bits) {
        unsigned carry = 0;
        for (int round = 0; round < 2; round++) {
            for (size_t b = out_bits; b-- > 0;) {
                size_t at = chunk + b, copy = at / in_bits;
                size_t from = (at % in_bits + in_bits - 13 * copy % in_bits) % in_bits;
                unsigned bit = round == 0 ? in[from / 8] >> (7 - from % 8) & 1u : 0;
                unsigned total = sum[b] + bit + carry;
                sum[b] = total & 1;
                carry = total >> 1;
            }
        }
    }
    memset(out, 0, out_size);
    for (size_t b = 0; b < out_bits; b++)
        out[b / 8] |= (uint8_t)(sum[b] << (7 - b % 8));
}

static void test_nfold_carries(void **state)
{
    (void)state;
    for (size_t in_size = 1; in_size <= 24; in_size++) {
        for (size_t out_size = 1; out_size <= 32; out_size++) {
            for (uint32_t pattern = 0; pattern < 40; pattern++) {
                uint8_t in[24], a[32], b[32];
                kit_fill(in, in_size, pattern);
                for (size_t i = 0; i < in_size; i++) {
                    if (pattern < 30 && (in[i] ^ pattern) % 5 != 0)
                        in[i] = pattern % 3 == 0 ? 0x00 : 0xff;
                }
                crypto_krb5_nfold(in, in_size, a, out_size);
                nfold_by_bits(in, in_size, b, out_size);
                assert_memory_equal(a, b, out_size);
            }
        }
    }
}

static void test_derive(void **state)
{
    (void)state;
    static const struct {
        uint16_t etype;
        const char *key, *kc, *ke, *ki;
    } rows[] = {
        {KRB5_ETYPE_AES128_SHA1, "42263c6e89f4fc28b8df68ee09799f15", "34280a382bc92769b2da2f9ef066854b",
         "5b14fc4e250e14ddf9dccf1af6674f53", "4ed31063621684f09ae8d89991af3e8f"},
        {KRB5_ETYPE_AES256_SHA1, "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161",
         "bfab388bdcb238e9f9c98d6a878304f04d30c82556375ac507a7a852790f4674",
         "c7cfd9cd75fe793a586a542d87e0d1396f1134a104bb1a9190b8c90ada3ddf37",
         "97151b4c76945063e2eb0529dc067d97d7bba90776d8126d91f34f3101aea8ba"},
        {KRB5_ETYPE_AES128_SHA256, "3705d96080c17728a0e800eab6e0d23c", "b31a018a48f54776f403e9a396325dc3",
         "9b197dd1e8c5609d6e67c3e37c62c72e", "9fda0e56ab2d85e1569a688696c26a6c"},
        {KRB5_ETYPE_AES256_SHA384, "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52",
         "ef5718be86cc84963d8bbb5031e9f5c4ba41f28faf69e73d",
         "56ab22bee63d82d7bc5227f6773f8ea7a5eb1c825160c38312980c442e5c7e49",
         "69b16514e3cd8e56b82010d5c73012b622c4d00ffc23ed1f"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static const enum crypto_krb5_purpose purposes[] = {CRYPTO_KRB5_KC, CRYPTO_KRB5_KE, CRYPTO_KRB5_KI};
        const char *wanted[] = {rows[i].kc, rows[i].ke, rows[i].ki};
        uint8_t key[32], out[32];
        size_t size = kit_hex(rows[i].key, key, sizeof key);
        for (size_t j = 0; j < 3; j++) {
            size_t out_size = strlen(wanted[j]) / 2;
            if (rows[i].etype >= KRB5_ETYPE_AES128_SHA256)
                crypto_krb5_derive_sha2(key, size, 2, purposes[j], out, out_size);
            else
                crypto_krb5_derive_sha1(key, size, 2, purposes[j], out);
            kit_assert_hex(out, out_size, wanted[j], "derived key");
        }
    }
}

static void test_checksum(void **state)
{
    (void)state;
    static const struct {
        uint16_t etype;
        uint32_t usage;
        const char *key, *message, *mac;
    } rows[] = {
        {KRB5_ETYPE_AES128_SHA1, 3, "9062430c8cda3388922e6d6a509f5b7a",
         "eight nine ten eleven twelve thirteen", "01a4b088d45628f6946614e3"},
        {KRB5_ETYPE_AES256_SHA1, 4, "b1ae4cd8462aff1677053cc9279aac30b796fb81ce21474dd3ddbcfea4ec76d7",
         "fourteen", "e08739e3279e2903ec8e3836"},
        {KRB5_ETYPE_AES128_SHA256, 2, "3705d96080c17728a0e800eab6e0d23c", NULL,
         "d78367186643d67b411cba9139fc1dee"},
        {KRB5_ETYPE_AES256_SHA384, 2, "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52",
         NULL, "45ee791567eefca37f4ac1e0222de80d43c3bfa06699672a"},
    };
    static const uint8_t counting[21] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10,
                                         11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        union krb5_mac k;
        struct krb5_raw_key key = {.etype = rows[i].etype};
        kit_hex(rows[i].key, key.bytes, sizeof key.bytes);
        krb5_mac_init(&k, &key, rows[i].usage, CRYPTO_KRB5_KC);
        uint8_t mac[MAC_SIZE_MAX];
        struct crypto_message m = {.head = {counting, sizeof counting}};
        if (rows[i].message)
            m.head = (struct span){(const uint8_t *)rows[i].message, strlen(rows[i].message)};
        krb5_mac_make(rows[i].etype, &k, &m, mac);
        kit_assert_hex(mac, krb5_mac_size(rows[i].etype), rows[i].mac, "checksum");
    }
}

/* RFC 4757 checksums: HMAC over MD5(LE32 usage || message), under Ksign as every RC4 token has it, or under
 * the bare key. */
static void test_checksum_rc4(void **state)
{
    (void)state;
    static const char text[] = "\x06\0\0\0seventeen eighteen nineteen twenty", bare[] = "\x05\0\0\0"
                                                                                        "fifteen sixteen";
    uint8_t key[16], digest[16], mac[16];
    struct krb5_rc4_keys k;
    struct crypto_hmac_md5 h;
    struct crypto_message hashed = {.head = {digest, sizeof digest}};
    kit_hex("f7d3a155af5e238a0b7a871a96ba2ab2", key, sizeof key);
    krb5_rc4_keys_init(&k, key);
    crypto_md5(&(struct crypto_message){.head = {(const uint8_t *)text, sizeof text - 1}}, digest);
    crypto_hmac_md5(&k.sign, &hashed, mac);
    kit_assert_hex(mac, sizeof mac, "eb38cc97e2230f59da4117dc5859d7ec", "hmac-md5-arcfour");
    crypto_hmac_md5_init(&h, key, sizeof key);
    crypto_md5(&(struct crypto_message){.head = {(const uint8_t *)bare, sizeof bare - 1}}, digest);
    crypto_hmac_md5(&h, &hashed, mac);
    kit_assert_hex(mac, sizeof mac, "9f41df304907de735447001fd2a197b9", "md5-hmac-arcfour");
}

static void test_cts(void **state)
{
    (void)state;
    static const char plain[] = "I would like the General Gau's Chicken, please, and wonton soup.";
    static const char *const rows[] = {
        "c6353568f2bf8cb4d8a580362da7ff7f97",
        "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5",
        "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584",
        "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5",
        "97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd839312523a78662d5be7fcbcc98ebf5a8",
        ("97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a84807efe836ee89a526730dbc2f7bc840"
         "9dad8bbb96c4cdc03bc103e1a194bbd8"),
    };
    uint8_t key[16];
    struct crypto_aes enc, dec;
    kit_hex("636869636b656e207465726979616b69", key, sizeof key);
    crypto_aes_encrypt_key(&enc, key, sizeof key);
    crypto_aes_decrypt_key(&dec, key, sizeof key);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t text[64];
        size_t size = strlen(rows[i]) / 2;
        memcpy(text, plain, size);
        struct crypto_piece piece = {text, size};
        crypto_aes_cts_encrypt(&enc, &piece, 1);
        kit_assert_hex(text, size, rows[i], "CTS");
        crypto_aes_cts_decrypt(&dec, &piece, 1);
        assert_memory_equal(text, plain, size);
    }
}

/* Every way to cut the text in three gives what one piece gives, and decrypts. */
static void test_cts_scattered(void **state)
{
    (void)state;
    uint8_t key[32], plain[70], whole[70], text[70];
    struct crypto_aes enc, dec;
    kit_fill(key, sizeof key, 7);
    kit_fill(plain, sizeof plain, 8);
    crypto_aes_encrypt_key(&enc, key, sizeof key);
    crypto_aes_decrypt_key(&dec, key, sizeof key);
    for (size_t size = 16; size <= sizeof plain; size++) {
        memcpy(whole, plain, size);
        crypto_aes_cts_encrypt(&enc, &(struct crypto_piece){whole, size}, 1);
        for (size_t a = 0; a <= size; a++) {
            for (size_t b = a; b <= size; b += 1 + (b % 3)) {
                memcpy(text, plain, size);
                struct crypto_piece pieces[] = {
                    {text, a}, {NULL, 0}, {text + a, b - a}, {text + b, size - b}};
                crypto_aes_cts_encrypt(&enc, pieces, 4);
                assert_memory_equal(text, whole, size);
                crypto_aes_cts_decrypt(&dec, pieces, 4);
                assert_memory_equal(text, plain, size);
            }
        }
    }
}

/* RFC 8009 A: confounder || plaintext under Ke and Ki of usage 2. */
static void test_encryption_rfc8009(void **state)
{
    (void)state;
    static const struct {
        uint16_t etype;
        const char *confounder;
        size_t size;
        const char *cipher;
    } rows[] = {
        {KRB5_ETYPE_AES128_SHA256, "7E5895EAF2672435BAD817F545A37148", 0,
         "EF85FB890BB8472F4DAB20394DCA781D AD877EDA39D50C870C0D5A0A8E48C718"},
        {KRB5_ETYPE_AES128_SHA256, "7BCA285E2FD4130FB55B1A5C83BC5B24", 6,
         "84D7F30754ED987BAB0BF3506BEB09CFB55402CEF7E6 877CE99E247E52D16ED4421DFDF8976C"},
        {KRB5_ETYPE_AES128_SHA256, "56AB21713FF62C0A1457200F6FA9948F", 16,
         "3517D640F50DDC8AD3628722B3569D2AE07493FA8263254080EA65C1008E8FC2 95FB4852E7D83E1E7C48C37EEBE6B0D3"},
        {KRB5_ETYPE_AES128_SHA256, "A7A4E29A4728CE10664FB64E49AD3FAC", 21,
         "720F73B18D9859CD6CCB4346115CD336C70F58EDC0C4437C5573544C31C813BCE1E6D072C1 "
         "86B39A413C2F92CA9B8334A287"
         "FFCBFC"},
        {KRB5_ETYPE_AES256_SHA384, "F764E9FA15C276478B2C7D0C4E5F58E4", 0,
         "41F53FA5BFE7026D91FAF9BE959195A0 58707273A96A40F0A01960621AC612748B9BBFBE7EB4CE3C"},
        {KRB5_ETYPE_AES256_SHA384, "B80D3251C1F6471494256FFE712D0B9A", 6,
         "4ED7B37C2BCAC8F74F23C1CF07E62BC7B75FB3F637B9 F559C7F664F69EAB7B6092237526EA0D1F61CB20D69D10F2"},
        {KRB5_ETYPE_AES256_SHA384, "53BF8A0D105265D4E276428624CE5E63", 16,
         "BC47FFEC7998EB91E8115CF8D19DAC4BBBE2E163E87DD37F49BECA92027764F6 "
         "8CF51F14D798C2273F35DF574D1F932E40C4"
         "FF255B36A266"},
        {KRB5_ETYPE_AES256_SHA384, "763E65367E864F02F55153C7E3B58AF1", 21,
         "40013E2DF58E8751957D2878BCD2D6FE101CCFD556CB1EAE79DB3C3EE86429F2B2A602AC86 "
         "FEF6ECB647D6295FAE077A1FEB"
         "517508D2C16B4192E01F62"},
    };
    static const char *const keys[] = {"3705d96080c17728a0e800eab6e0d23c",
                                       "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct krb5_raw_key key = {.etype = rows[i].etype};
        kit_hex(keys[rows[i].etype - KRB5_ETYPE_AES128_SHA256], key.bytes, sizeof key.bytes);
        uint8_t ke[32], text[16 + 16 + 21 + MAC_SIZE_MAX] = {0}, *confounder = text + 16;
        size_t key_size = krb5_key_size(key.etype), size = 16 + rows[i].size;
        crypto_krb5_derive_sha2(key.bytes, key_size, 2, CRYPTO_KRB5_KE, ke, key_size);
        struct crypto_aes aes;
        crypto_aes_encrypt_key(&aes, ke, key_size);
        kit_hex(rows[i].confounder, confounder, 16);
        for (uint8_t n = 0; n < rows[i].size; n++)
            confounder[16 + n] = n;
        crypto_aes_cts_encrypt(&aes, &(struct crypto_piece){confounder, size}, 1);
        union krb5_mac ki;
        krb5_mac_init(&ki, &key, 2, CRYPTO_KRB5_KI);
        krb5_mac_make(key.etype, &ki, &(struct crypto_message){.head = {text, 16 + size}}, confounder + size);
        kit_assert_hex(confounder, size + krb5_mac_size(key.etype), rows[i].cipher, "RFC 8009 encryption");
    }
}

static void start_fixed(struct krb5_protect *p, uint16_t etype, const uint8_t *key, bool initiator)
{
    struct krb5_start start = {.flags = initiator ? KRB5_F_INITIATOR : 0, .key = {.etype = etype}};
    start.flags |= KRB5_F_REPLAY | KRB5_F_SEQUENCE;
    memcpy(start.key.bytes, key, 16);
    assert_true(krb5_protect_init(p, &start));
}

static void test_tokens(void **state)
{
    (void)state;
    static const struct {
        uint16_t etype;
        const char *key, *token;
    } rows[] = {
        {KRB5_ETYPE_AES128_SHA1, "31323334353637383837363534333231",
         "040400ffffffffff0000000000000000 97e9633f9d822b7467948ad0"},
        {KRB5_ETYPE_RC4, "66644164557821d0d0fd056aff6fe809",
         "602306092a864886f712010202 0101 1100 ffffffff 5de751f6fb6c255b 23935a302057dcb5"},
    };
    struct span part = {(const uint8_t *)"message", 7};
    struct message m = {&part, 1, 0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t key[16], token[KRB5_MIC_SIZE_MAX];
        struct krb5_protect initiator, acceptor;
        kit_hex(rows[i].key, key, sizeof key);
        start_fixed(&initiator, rows[i].etype, key, true);
        start_fixed(&acceptor, rows[i].etype, key, false);
        assert_int_equal(krb5_mic_make(&initiator, &m, token), PROTECT_OK);
        kit_assert_hex(token, krb5_mic_size(&initiator), rows[i].token, "MIC token");
        assert_int_equal(kit_verify(&acceptor, NULL, &m, token, krb5_mic_size(&acceptor)), PROTECT_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nfold),         cmocka_unit_test(test_nfold_carries),
        cmocka_unit_test(test_derive),        cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_checksum_rc4),  cmocka_unit_test(test_cts),
        cmocka_unit_test(test_cts_scattered), cmocka_unit_test(test_encryption_rfc8009),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests_name("krb5 vectors", tests, NULL, NULL);
}
