/* SPDX-License-Identifier: MIT */
/* The published NTLM values through the package: [MS-NLMP] 4.2, and a whole AUTHENTICATE with MIC and
 * bindings. */
#include "harness.h"

#include <stdlib.h>

#include "packages/ntlm/ntlm_compute.h"
#include "packages/ntlm/ntlm_lsa.h"
#include "packages/ntlm/ntlm_messages.h"

#define FIVES "55555555555555555555555555555555"

static const uint8_t server_challenge[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
static const uint8_t client_challenge[8] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa};
static const uint8_t plaintext[18] = "P\0l\0a\0i\0n\0t\0e\0x\0t";

static void nt_hash(const char16_t *password, size_t units, uint8_t hash[static 16])
{
    assert_true(ntlm_compute_nt_hash(password, units, hash));
}

static void test_v1(void **state)
{
    uint8_t hash[16], base[16], out[24], fives[16];
    (void)state;
    nt_hash(u"Password", 8, hash);
    assert_hex(hash, "a4f49c406510bdcab6824ee7c30fd852");
    ntlm_compute_base_key_v1(hash, base);
    assert_hex(base, "d87262b0cde4b1cb7499becccdf10784");
    from_hex(fives, 16, FIVES);
    ntlm_compute_rc4k(base, fives, out);
    assert_hex(out, "518822b1b3f350c8958682ecbb3e3cb7");
    ntlm_compute_rc4k(base, out, out);
    assert_hex(out, FIVES);
    ntlm_compute_key_exchange_v1(base, server_challenge, client_challenge, out);
    assert_hex(out, "eb93429a8bd952f8b89c55b87f475edc");
    ntlm_compute_key_exchange_v1(base, server_challenge, NULL, out);
    assert_hex(out, "d87262b0cde4b1cb7499becccdf10784");
    /* [MS-NLMP] 4.2.2.2.1 and 4.2.3.2.2 */
    ntlm_compute_v1_response(hash, server_challenge, NULL, out);
    assert_hex(out, "67c43011f30298a2ad35ece64f16331c44bdbed927841f94");
    ntlm_compute_v1_response(hash, server_challenge, client_challenge, out);
    assert_hex(out, "7537f803ae367128ca458204bde7caf81e97ed2683267232");
}

static void test_v2(void **state)
{
    uint8_t hash[16], key[16], proof[16], base[16], out[16], fives[16], temp[128];
    (void)state;
    const struct span user = {(const uint8_t *)"U\0s\0e\0r", 8},
                      domain = {(const uint8_t *)"D\0o\0m\0a\0i\0n", 12};
    nt_hash(u"Password", 8, hash);
    assert_true(ntlm_compute_ntowf_v2(hash, user, domain, key));
    assert_hex(key, "0c868a403bfd7a93a3001ef22ef02e3f");

    uint8_t pairs[64];
    size_t size = from_hex(pairs, sizeof pairs,
                           "02000c0044006f006d00610069006e0001000c005300650072007600650072000000"
                           "0000");
    struct wire_writer w;
    wire_write_init(&w, temp, sizeof temp);
    ntlm_v2_blob_write(&w, 0, client_challenge, (struct span){pairs, size});
    assert_false(w.failed);
    assert_hex(
        temp,
        "01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c00"
        "5300650072007600650072000000000000000000");
    ntlm_compute_proof(key, server_challenge, (struct span){temp, w.at}, proof);
    assert_hex(proof, "68cd0ab851e51c96aabc927bebef6a1c");
    ntlm_compute_base_key_v2(key, proof, base);
    assert_hex(base, "8de40ccadbc14a82f15cb0ad0de95ca3");
    from_hex(fives, 16, FIVES);
    ntlm_compute_rc4k(base, fives, out);
    assert_hex(out, "c5dad2544fc9799094ce1ce90bc9d03e");
}

/* A capture of Windows: names with lower case, NTOWFv2 and SessionBaseKey. */
static void test_v2_windows(void **state)
{
    static const char16_t user_text[] = u"Administrator";
    uint8_t hash[16], key[16], proof[16], base[16], user[26];
    (void)state;
    for (size_t i = 0; i < 13; i++) {
        user[2 * i] = (uint8_t)user_text[i];
        user[2 * i + 1] = 0;
    }
    nt_hash(u"P@ssw0rd", 8, hash);
    assert_hex(hash, "e19ccf75ee54e06b06a5907af13cef42");
    assert_true(ntlm_compute_ntowf_v2(hash, (struct span){user, 26},
                                      (struct span){(const uint8_t *)"W\0S\0002\0000\0000\0008\0R\0002", 16},
                                      key));
    assert_hex(key, "22fe5b1bc73d136282aef78e70c8dd58");
    from_hex(proof, 16, "5a6a21ae1a44c044693eee59fc5d81e0");
    ntlm_compute_base_key_v2(key, proof, base);
    assert_hex(base, "9bd3f8be97c125f9e2f02bb60eb53ec7");
}

/* ---- 2.6: MIC and channel bindings ---- */

static const char negotiate_hex[] = "4e544c4d53535000010000000782080000000000200000000000000020000000";
static const char challenge_hex[] =
    "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef0000000000000000240024004400000006007017"
    "00"
    "00000f53006500720076006500720002000c0044006f006d00610069006e0001000c0053006500720076006500720000000000";
static const char authenticate_hex[] =
    "4e544c4d535350000300000018001800580000008a008a00700000000c000c00fa0000000800080006010000100010000e010000"
    "000000"
    "0058000000038208000000000000000000f7361633f0ad9bdf4a7c421bc6b824a300000000000000000000000000000000000000"
    "000000"
    "00008c0260dbef690662af9c42d50782d2ed0101000000000000800bc8fd00d4d201aaaaaaaaaaaaaaaa0000000002000c004400"
    "6f006d"
    "00610069006e0001000c0053006500720076006500720006000400020000000a0010006586e99d81c2fc984e47172fd4dd031009"
    "001600"
    "48005400540050002f00530065007200760065007200000000000000000044006f006d00610069006e0055007300650072004300"
    "4f004d0050005500540045005200";
#define CHROMIUM_TIME UINT64_C(0x01d2d400fdc80b80)

/* SEC_CHANNEL_BINDINGS around the application data of the vector. */
static size_t make_bindings(uint8_t *out, size_t room)
{
    SEC_CHANNEL_BINDINGS b = {0};
    uint8_t hash[32];
    assert_true(room >= sizeof b + 53);
    from_hex(hash, sizeof hash, "ea05fefecc6b0bd571dbbc5baa3ed45386d0446835f7b74c85621b9983475f95");
    b.cbApplicationDataLength = 21 + 32;
    b.dwApplicationDataOffset = sizeof b;
    memcpy(out, &b, sizeof b);
    memcpy(out + sizeof b, "tls-server-end-point:", 21);
    memcpy(out + sizeof b + 21, hash, 32);
    return sizeof b + 53;
}

static void test_bindings_hash(void **state)
{
    uint8_t buffer[128], hash[16];
    (void)state;
    size_t size = make_bindings(buffer, sizeof buffer);
    assert_true(ntlm_compute_bindings(buffer, size, hash));
    assert_hex(hash, "6586e99d81c2fc984e47172fd4dd0310");
    assert_false(ntlm_compute_bindings(buffer, size - 1, hash));
    assert_false(ntlm_compute_bindings(buffer, sizeof(SEC_CHANNEL_BINDINGS) - 1, hash));
    ((SEC_CHANNEL_BINDINGS *)(void *)buffer)->dwApplicationDataOffset = UINT32_MAX;
    assert_false(ntlm_compute_bindings(buffer, size, hash));
    ((SEC_CHANNEL_BINDINGS *)(void *)buffer)->dwApplicationDataOffset = 8;
    assert_false(ntlm_compute_bindings(buffer, size, hash));
}

static struct ntlm_handshake *published_handshake(bool initiator)
{
    uint8_t bytes[512], bindings[128];
    struct ntlm_handshake *h = mem_alloc(sizeof *h);
    assert_non_null(h);
    h->initiator = initiator;
    h->negotiate.size = from_hex(bytes, sizeof bytes, negotiate_hex);
    h->negotiate.data = mem_copy(bytes, h->negotiate.size);
    h->has_bindings = ntlm_compute_bindings(bindings, make_bindings(bindings, sizeof bindings), h->bindings);
    assert_true(h->has_bindings);
    memcpy(ntlm_machine.computer, u"COMPUTER", sizeof u"COMPUTER");
    return h;
}

static void test_authenticate_sent(void **state)
{
    uint8_t challenge[512];
    struct ntlm_packed packed = {0};
    struct ntlm_blob token;
    char16_t *names = NULL;
    (void)state;
    harness_start("min_session_security = ess");
    sources_script(client_challenge, sizeof client_challenge, CHROMIUM_TIME);
    struct ntlm_handshake *h = published_handshake(true);
    h->offered = 0x00088207;
    assert_true(ntlm_text_copy(&h->identity.user, u"User", 4));
    assert_true(ntlm_text_copy(&h->identity.domain, u"Domain", 6));
    assert_true(ntlm_text_copy(&h->target, u"HTTP/Server", 11));
    nt_hash(u"Password", 8, h->identity.hash);
    size_t size = from_hex(challenge, sizeof challenge, challenge_hex);
    assert_status(ntlm_initiate_authenticate(h, (struct span){challenge, size}, &token, &packed, &names),
                  SEC_E_OK);
    assert_int_equal(token.size, sizeof authenticate_hex / 2);
    assert_hex(token.data, authenticate_hex);
    assert_hex(packed.session_key, "623dbd071be7a530b6a95c2eb4982470");
    mem_free(names);
    ntlm_blob_free(&token);
    ntlm_handshake_free(h);
    sources_script(NULL, 0, 0);
}

static void test_authenticate_received(void **state)
{
    uint8_t bytes[512];
    struct ntlm_packed packed = {0};
    char16_t *names = NULL;
    (void)state;
    harness_start("min_session_security = ess");
    harness_write("users", "Domain:User:Password\n", 0600);
    setenv("NTLM_USER_FILE", harness_path("users"), 1);
    sources_script(client_challenge, sizeof client_challenge, CHROMIUM_TIME);
    struct ntlm_handshake *h = published_handshake(false);
    h->offered = 0xe28a8233;
    memcpy(h->server_challenge, server_challenge, 8);
    h->challenge.size = from_hex(bytes, sizeof bytes, challenge_hex);
    h->challenge.data = mem_copy(bytes, h->challenge.size);
    size_t size = from_hex(bytes, sizeof bytes, authenticate_hex);
    assert_status(ntlm_accept_authenticate(h, (struct span){bytes, size}, &packed, &names), SEC_E_OK);
    assert_hex(packed.session_key, "623dbd071be7a530b6a95c2eb4982470");
    assert_int_equal(packed.text[NTLM_TEXT_TARGET].units, 11);
    assert_memory_equal(packed.text[NTLM_TEXT_TARGET].text, u"HTTP/Server", 22);
    mem_free(names);
    /* The MIC really is looked at. */
    bytes[NTLM_MIC_OFFSET] ^= 1;
    assert_status(ntlm_accept_authenticate(h, (struct span){bytes, size}, &packed, &names),
                  SEC_E_MESSAGE_ALTERED);
    ntlm_handshake_free(h);
    sources_script(NULL, 0, 0);
}

/* ---- signatures: the user half on packed contexts with the published keys ---- */

static LSA_SEC_HANDLE context_with(uint32_t flags, bool initiator, const char *key_hex)
{
    static uintptr_t number;
    struct ntlm_packed packed = {0};
    uint8_t key[16];
    LSA_SEC_HANDLE id = (uintptr_t)1 << 32 | ++number;
    from_hex(key, sizeof key, key_hex);
    ntlm_establish(&packed, flags, initiator, initiator ? ISC_RET_CONNECTION : ASC_RET_CONNECTION, key);
    SecBuffer bytes = {.cbBuffer = (ULONG)ntlm_packed_size(&packed)};
    bytes.pvBuffer = mem_client_alloc(bytes.cbBuffer);
    assert_true(ntlm_packed_write(&packed, bytes.pvBuffer, bytes.cbBuffer));
    assert_status(user_table->InitUserModeContext(id, &bytes), SEC_E_OK);
    return id;
}

static void check_seal(uint32_t flags, const char *key, const char *cipher, const char *signature)
{
    uint8_t data[sizeof plaintext], token[16];
    SecBuffer b[] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, b};
    LSA_SEC_HANDLE from = context_with(flags, true, key), to = context_with(flags, false, key);
    memcpy(data, plaintext, sizeof data);
    assert_status(user_table->SealMessage(from, 0, &d, 0), SEC_E_OK);
    assert_hex(data, cipher);
    assert_hex(token, signature);
    assert_status(user_table->UnsealMessage(to, &d, 0, NULL), SEC_E_OK);
    assert_memory_equal(data, plaintext, sizeof data);
    assert_status(user_table->DeleteUserModeContext(from), SEC_E_OK);
    assert_status(user_table->DeleteUserModeContext(to), SEC_E_OK);
}

static void check_sign(uint32_t flags, const char *key, const char *signature)
{
    uint8_t data[sizeof plaintext], token[16];
    SecBuffer b[] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, b};
    LSA_SEC_HANDLE from = context_with(flags, true, key), to = context_with(flags, false, key);
    memcpy(data, plaintext, sizeof data);
    assert_status(user_table->MakeSignature(from, 0, &d, 0), SEC_E_OK);
    assert_hex(token, signature);
    assert_status(user_table->VerifySignature(to, &d, 0, NULL), SEC_E_OK);
    assert_status(user_table->DeleteUserModeContext(from), SEC_E_OK);
    assert_status(user_table->DeleteUserModeContext(to), SEC_E_OK);
}

static void test_signatures(void **state)
{
    const uint32_t strong =
        NTLM_F_UNICODE | NTLM_F_NTLM | NTLM_F_ALWAYS_SIGN | NTLM_F_SIGN | NTLM_F_SEAL | NTLM_F_128;
    (void)state;
    harness_start(NULL);
    /* 4.2.2.4 as implementations send it, 4.2.3.4, 4.2.4.4 */
    check_seal(0xe2028233, FIVES, "56fe04d861f9319af0d7238a2e3b4d457fb8", "010000000000000009dcd1df2e459d36");
    check_seal(0x820a8233, "eb93429a8bd952f8b89c55b87f475edc", "a02372f6530273f3aa1eb90190ce5200c99d",
               "01000000ff2aeb52f681793a00000000");
    check_seal(strong | NTLM_F_ESS | NTLM_F_KEY_EXCH, FIVES, "54e50165bf1936dc996020c1811b0f06fb5f",
               "010000007fb38ec5c55d497600000000");
    check_sign(strong | NTLM_F_ESS, FIVES, "0100000070352851f256430900000000");
    check_sign(NTLM_F_UNICODE | NTLM_F_NTLM | NTLM_F_ALWAYS_SIGN | NTLM_F_ESS, FIVES,
               "01000000000000000000000000000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v1),
        cmocka_unit_test(test_v2),
        cmocka_unit_test(test_v2_windows),
        cmocka_unit_test(test_bindings_hash),
        cmocka_unit_test(test_authenticate_sent),
        cmocka_unit_test(test_authenticate_received),
        cmocka_unit_test(test_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
