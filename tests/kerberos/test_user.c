/* SPDX-License-Identifier: MIT */
/*
 * The user half by itself, with packed contexts that no handshake here would give it: peers that sign under
 * the initiator's key or seal unasked, keys that are not allowed, a system without randomness.
 */
#include "testkit.h"

#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/sources.h"
#include "packages/kerberos/kerberos_package.h"
#include "packages/kerberos/kerberos_packed.h"

enum { TOKEN_MAX = 128 };

static const SECPKG_USER_FUNCTION_TABLE *user;

static SECURITY_STATUS import(const struct krb5_start *start, LSA_SEC_HANDLE *id)
{
    static const char16_t nobody[] = u"";
    uint8_t bytes[1024];
    struct kerberos_packed packed;
    memset(&packed, 0, sizeof packed);
    assert_true(krb5_protect_init(&packed.protect, start));
    if (start->flags & KRB5_F_INTEG)
        packed.attributes |= start->flags & KRB5_F_INITIATOR ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY;
    if (start->flags & KRB5_F_CONF)
        packed.attributes |= ISC_RET_CONFIDENTIALITY;
    for (int i = 0; i < KERBEROS_TEXT_COUNT; i++)
        packed.text[i].text = nobody;
    size_t size = kerberos_packed_size(&packed);
    assert_true(size <= sizeof bytes && kerberos_packed_write(&packed, bytes, size));
    SecBuffer buffer = {(ULONG)size, SECBUFFER_EMPTY, bytes};
    return user->ImportContext(&buffer, NULL, id);
}

static struct krb5_start start_of(uint32_t flags, uint16_t etype)
{
    return (struct krb5_start){.flags = flags, .key = {.etype = etype, .bytes = {(uint8_t)etype, 2, 3}}};
}

static void message(SecBuffer buffers[2], SecBufferDesc *desc, uint8_t *token, ULONG size, char *text)
{
    buffers[0] = (SecBuffer){size, SECBUFFER_TOKEN, token};
    buffers[1] = (SecBuffer){(ULONG)strlen(text), SECBUFFER_DATA, text};
    *desc = (SecBufferDesc){SECBUFFER_VERSION, 2, buffers};
}

/* RFC 4121 4.2.2: without the flag a token is under the initiator's key, whose checksum may be longer. */
static void test_initiator_key(void **state)
{
    static const uint16_t types[] = {KRB5_ETYPE_AES128_SHA1, KRB5_ETYPE_AES128_SHA256,
                                     KRB5_ETYPE_AES256_SHA384};
    (void)state;
    for (size_t i = 0; i < 9; i++) {
        struct krb5_start theirs = start_of(KRB5_F_INITIATOR | KRB5_F_INTEG, types[i / 3]);
        struct krb5_start ours = start_of(KRB5_F_INTEG | KRB5_F_ACCEPTOR_SUBKEY, types[i % 3]);
        LSA_SEC_HANDLE a, b;
        uint8_t token[TOKEN_MAX];
        char text[] = "under the initiator's key";
        SecBuffer buffers[2];
        SecBufferDesc desc;
        ULONG qop = 7;
        ours.initiator = theirs.key;
        ours.key.bytes[1] = 99;
        assert_status(import(&theirs, &a), SEC_E_OK);
        assert_status(import(&ours, &b), SEC_E_OK);
        message(buffers, &desc, token, sizeof token, text);
        assert_status(user->MakeSignature(a, 0, &desc, 0), SEC_E_OK);
        ULONG size = buffers[0].cbBuffer;
        assert_status(user->VerifySignature(b, &desc, 0, &qop), SEC_E_OK);
        assert_int_equal(qop, 0);
        /* The mechListMIC likewise, and no other size. */
        buffers[0].BufferType = SECBUFFER_MECHLIST_SIGNATURE;
        buffers[1].BufferType = SECBUFFER_MECHLIST;
        assert_status(user->VerifySignature(b, &desc, 0, &qop), SEC_E_OK);
        for (ULONG other = 0; other <= sizeof token; other++) {
            if (other == 28 || other == 32 || other == 40)
                continue;
            message(buffers, &desc, token, other, text);
            assert_status(user->VerifySignature(b, &desc, 0, &qop), SEC_E_INVALID_TOKEN);
            buffers[0].BufferType = SECBUFFER_MECHLIST_SIGNATURE;
            buffers[1].BufferType = SECBUFFER_MECHLIST;
            assert_status(user->VerifySignature(b, &desc, 0, &qop), SEC_E_INVALID_TOKEN);
        }
        token[size - 1] ^= 1;
        message(buffers, &desc, token, size, text);
        assert_status(user->VerifySignature(b, &desc, 0, &qop), SEC_E_MESSAGE_ALTERED);
        user->DeleteUserModeContext(a);
        user->DeleteUserModeContext(b);
    }
}

/* A peer that seals where confidentiality was not negotiated is understood; we do not. */
static void test_sealed_unasked(void **state)
{
    static const uint16_t types[] = {KRB5_ETYPE_AES128_SHA1, KRB5_ETYPE_AES256_SHA384, KRB5_ETYPE_RC4};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct krb5_start theirs = start_of(KRB5_F_INITIATOR | KRB5_F_INTEG | KRB5_F_CONF, types[i]);
        struct krb5_start ours = start_of(KRB5_F_INTEG, types[i]);
        LSA_SEC_HANDLE a, b;
        uint8_t token[TOKEN_MAX];
        char text[] = "sealed all the same";
        SecBuffer buffers[2];
        SecBufferDesc desc;
        ULONG qop = 7;
        kerberos_allow_rc4 = true;
        assert_status(import(&theirs, &a), SEC_E_OK);
        assert_status(import(&ours, &b), SEC_E_OK);
        kerberos_allow_rc4 = false;
        message(buffers, &desc, token, sizeof token, text);
        assert_status(user->SealMessage(a, 0, &desc, 0), SEC_E_OK);
        assert_memory_not_equal(text, "sealed", 6);
        size_t live = mem_live();
        assert_status(user->UnsealMessage(b, &desc, 0, &qop), SEC_E_OK);
        assert_string_equal(text, "sealed all the same");
        assert_int_equal(qop, 0);
        /* RC4 has no expanded keys that would have to be kept. */
        assert_int_equal(mem_live() - live, types[i] == KRB5_ETYPE_RC4 ? 0 : 1);
        message(buffers, &desc, token, sizeof token, text);
        assert_status(user->SealMessage(b, 0, &desc, 0), SEC_E_UNSUPPORTED_FUNCTION);
        assert_status(user->SealMessage(b, SECQOP_WRAP_NO_ENCRYPT, &desc, 0), SEC_E_OK);
        assert_status(user->UnsealMessage(a, &desc, 0, &qop), SEC_E_OK);
        assert_int_equal(qop, SECQOP_WRAP_NO_ENCRYPT);
        user->DeleteUserModeContext(a);
        user->DeleteUserModeContext(b);
    }
}

/* allow_rc4 = no holds for contexts of other processes too. */
static void test_rc4(void **state)
{
    struct krb5_start start = start_of(KRB5_F_INITIATOR | KRB5_F_INTEG, KRB5_ETYPE_RC4);
    LSA_SEC_HANDLE id = 77;
    (void)state;
    size_t live = mem_live();
    assert_status(import(&start, &id), SEC_E_KDC_UNKNOWN_ETYPE);
    assert_int_equal(id, 77);
    assert_int_equal(mem_live(), live);
    kerberos_allow_rc4 = true;
    assert_status(import(&start, &id), SEC_E_OK);
    kerberos_allow_rc4 = false;
    user->DeleteUserModeContext(id);
}

static bool no_random(void *arg, void *out, size_t size)
{
    (void)arg, (void)out, (void)size;
    return false;
}

static void test_no_randomness(void **state)
{
    static const struct sources none = {.random = no_random};
    struct krb5_start start = start_of(KRB5_F_INTEG, KRB5_ETYPE_AES256_SHA1);
    LSA_SEC_HANDLE id;
    uint8_t token[TOKEN_MAX];
    char text[] = "text";
    SecBuffer buffers[2];
    SecBufferDesc desc;
    (void)state;
    assert_status(import(&start, &id), SEC_E_OK);
    sources_replace(&none);
    message(buffers, &desc, token, sizeof token, text);
    assert_status(user->SealMessage(id, SECQOP_WRAP_NO_ENCRYPT, &desc, 0), SEC_E_INTERNAL_ERROR);
    start.flags |= KRB5_F_CONF;
    LSA_SEC_HANDLE other;
    assert_status(import(&start, &other), SEC_E_INTERNAL_ERROR);
    sources_replace(NULL);
    assert_status(user->SealMessage(id, SECQOP_WRAP_NO_ENCRYPT, &desc, 0), SEC_E_OK);
    user->DeleteUserModeContext(id);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initiator_key),
        cmocka_unit_test(test_sealed_unasked),
        cmocka_unit_test(test_rc4),
        cmocka_unit_test(test_no_randomness),
    };
    PSECPKG_USER_FUNCTION_TABLE table;
    ULONG version, count;
    if (kerberos_SpUserModeInitialize(SECPKG_INTERFACE_VERSION, &version, &table, &count) != SEC_E_OK)
        return 1;
    user = table;
    return cmocka_run_group_tests_name("kerberos user half", tests, NULL, NULL);
}
