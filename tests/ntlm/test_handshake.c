/* SPDX-License-Identifier: MIT */
/* Handshakes that succeed, in every combination, and what the contexts say and do afterwards. */
#include "harness.h"

#include <opensspi.h>
#include <stdlib.h>

#include "base/utf16.h"
#include "packages/ntlm/ntlm_lsa.h"
#include "packages/ntlm/ntlm_messages.h"

static uint32_t flags_of(const struct side *s)
{
    struct ntlm_packed p;
    char16_t *names = NULL;
    assert_status(ntlm_packed_read(&p, &names, s->packed, s->packed_size), SEC_E_OK);
    mem_free(names);
    return p.protect.flags;
}

static void query(const struct side *s, ULONG attribute, void *out)
{
    assert_status(user_table->QueryContextAttributes(s->context, attribute, out), SEC_E_OK);
}

static void same_session_key(const struct side *i, const struct side *a)
{
    SecPkgContext_SessionKey x, y;
    query(i, SECPKG_ATTR_SESSION_KEY, &x);
    query(a, SECPKG_ATTR_SESSION_KEY, &y);
    assert_int_equal(x.SessionKeyLength, 16);
    assert_int_equal(y.SessionKeyLength, 16);
    assert_memory_equal(x.SessionKey, y.SessionKey, 16);
    mem_client_free(x.SessionKey);
    mem_client_free(y.SessionKey);
}

static void assert_text(char16_t *got, const char16_t *want)
{
    size_t i = 0;
    while (want[i] != 0 && got[i] == want[i]) {
        i++;
    }
    assert_int_equal(got[i], want[i]);
    mem_client_free(got);
}

/* ---- flags ---- */

static void test_combinations(void **state)
{
    static const struct {
        ULONG isc, asc;
        ULONG isc_ret, asc_ret;
        uint32_t flags, without;
    } cases[] = {
        {ISC_REQ_INTEGRITY, 0, ISC_RET_INTEGRITY | ISC_RET_CONNECTION, ASC_RET_INTEGRITY | ASC_RET_CONNECTION,
         NTLM_F_SIGN | NTLM_F_KEY_EXCH | NTLM_F_ESS | NTLM_F_128, NTLM_F_SEAL},
        {ISC_REQ_REPLAY_DETECT, ASC_REQ_REPLAY_DETECT,
         ISC_RET_REPLAY_DETECT | ISC_RET_INTEGRITY | ISC_RET_CONNECTION,
         ASC_RET_REPLAY_DETECT | ASC_RET_INTEGRITY | ASC_RET_CONNECTION, NTLM_F_SIGN, NTLM_F_SEAL},
        {ISC_REQ_SEQUENCE_DETECT, 0, ISC_RET_SEQUENCE_DETECT | ISC_RET_INTEGRITY | ISC_RET_CONNECTION,
         ASC_RET_INTEGRITY | ASC_RET_CONNECTION, NTLM_F_SIGN, NTLM_F_SEAL},
        {ISC_REQ_CONFIDENTIALITY | ISC_REQ_STREAM, ASC_REQ_STREAM,
         ISC_RET_CONFIDENTIALITY | ISC_RET_INTEGRITY | ISC_RET_CONNECTION | ISC_RET_STREAM,
         ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY | ASC_RET_CONNECTION | ASC_RET_STREAM,
         NTLM_F_SIGN | NTLM_F_SEAL | NTLM_F_KEY_EXCH, 0},
        {0, 0, ISC_RET_CONNECTION, ASC_RET_CONNECTION, NTLM_F_ALWAYS_SIGN,
         NTLM_F_SIGN | NTLM_F_SEAL | NTLM_F_KEY_EXCH},
        {ISC_REQ_INTEGRITY | ISC_REQ_NO_INTEGRITY, 0, ISC_RET_CONNECTION, ASC_RET_CONNECTION,
         NTLM_F_ALWAYS_SIGN, NTLM_F_SIGN | NTLM_F_SEAL},
        {ISC_REQ_INTEGRITY | ISC_REQ_IDENTIFY, 0, ISC_RET_INTEGRITY | ISC_RET_CONNECTION | ISC_RET_IDENTIFY,
         ASC_RET_INTEGRITY | ASC_RET_CONNECTION | ASC_RET_IDENTIFY, NTLM_F_IDENTIFY, 0},
    };
    (void)state;
    harness_start(NULL);
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct side i, a;
        pair_open(&i, &a, cases[n].isc, cases[n].asc);
        assert_int_equal(i.attributes, cases[n].isc_ret);
        assert_int_equal(a.attributes, cases[n].asc_ret);
        assert_int_equal(flags_of(&i), flags_of(&a));
        assert_int_equal(flags_of(&i) & cases[n].flags, cases[n].flags);
        assert_int_equal(flags_of(&i) & cases[n].without, 0);
        same_session_key(&i, &a);
        if (cases[n].flags & (NTLM_F_SIGN | NTLM_F_SEAL)) {
            pair_talk(&i, &a);
        }
        pair_close(&i, &a);
    }
}

static void test_unprotected(void **state)
{
    struct side i, a;
    uint8_t token[16];
    char text[] = "plain";
    SecBuffer b[] = {{5, SECBUFFER_DATA, text}, {16, SECBUFFER_TOKEN, token}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, b};
    ULONG qop = 77;
    (void)state;
    harness_start(NULL);
    pair_open(&i, &a, 0, 0);
    for (int n = 0; n < 2; n++) {
        assert_status(user_table->MakeSignature(i.context, 0, &d, 0), SEC_E_OK);
        assert_hex(token, "01000000000000000000000000000000");
        assert_status(user_table->VerifySignature(a.context, &d, 0, &qop), SEC_E_OK);
        assert_int_equal(qop, 77);
    }
    assert_status(user_table->SealMessage(i.context, 0, &d, 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(user_table->SealMessage(i.context, SECQOP_WRAP_NO_ENCRYPT, &d, 0), SEC_E_OK);
    assert_hex(token, "01000000000000000000000000000000");
    assert_status(user_table->UnsealMessage(a.context, &d, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, 77);
    assert_string_equal(text, "plain");
    token[15] = 1;
    assert_status(user_table->UnsealMessage(a.context, &d, 0, &qop), SEC_E_MESSAGE_ALTERED);
    pair_close(&i, &a);
}

/* ---- legacy, where sspi.conf names it ---- */

static void test_legacy(void **state)
{
    static const struct {
        const char *conf;
        bool ess;
    } cases[] = {
        {"lm_compatibility_level = 0\nmin_session_security = none", false},
        {"lm_compatibility_level = 1\nmin_session_security = none", true},
        {"lm_compatibility_level = 2\nmin_session_security = ess,128", true},
        {"lm_compatibility_level = 3", true},
    };
    (void)state;
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct side i, a;
        struct ntlm_authenticate m;
        harness_start(cases[n].conf);
        pair_open(&i, &a, ISC_REQ_CONFIDENTIALITY, 0);
        assert_int_equal((flags_of(&i) & NTLM_F_ESS) != 0, cases[n].ess);
        assert_true(ntlm_authenticate_read((struct span){i.token, i.token_size}, &m));
        assert_int_equal(m.nt.size == 24, n < 3);
        same_session_key(&i, &a);
        pair_talk(&i, &a);
        pair_close(&i, &a);
    }
}

/* ---- datagram ---- */

static void test_datagram(void **state)
{
    struct side i, a;
    uint8_t first[16], second[16], third[16];
    struct ntlm_authenticate m;
    struct ntlm_v2_response v2;
    struct ntlm_av_list pairs;
    (void)state;
    harness_start(NULL);
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    const ULONG isc = ISC_REQ_DATAGRAM | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT;
    const ULONG asc = ASC_REQ_DATAGRAM | ASC_REQ_CONFIDENTIALITY | ASC_REQ_REPLAY_DETECT;
    assert_status(side_step(&i, isc, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(i.token_size, 0);
    assert_status(side_step(&a, asc, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_true(a.token_size > 0);
    assert_status(side_step(&i, isc, NULL, a.token, a.token_size, NULL), SEC_E_OK);
    assert_true(ntlm_authenticate_read((struct span){i.token, i.token_size}, &m));
    assert_int_equal(m.lm.size, 0);
    assert_int_equal(m.session_key.size, 16);
    assert_true(ntlm_v2_response_read(m.nt, &v2) && ntlm_av_read(v2.av_pairs, &pairs));
    assert_int_equal(ntlm_av_flags(&pairs) & NTLM_AV_FLAG_MIC, NTLM_AV_FLAG_MIC);
    assert_status(side_step(&a, asc, NULL, i.token, i.token_size, NULL), SEC_E_OK);
    assert_true(i.attributes & ISC_RET_DATAGRAM);
    assert_true(a.attributes & ASC_RET_DATAGRAM);
    same_session_key(&i, &a);
    assert_status(side_sign(&i, "one", 1, first), SEC_E_OK);
    assert_status(side_sign(&i, "two", 2, second), SEC_E_OK);
    assert_status(side_sign(&i, "three", 3, third), SEC_E_OK);
    assert_status(side_verify(&a, "three", 3, third), SEC_E_OK);
    assert_status(side_verify(&a, "one", 1, first), SEC_E_OK);
    assert_status(side_verify(&a, "one", 1, first), SEC_E_OUT_OF_SEQUENCE);
    assert_status(side_verify(&a, "two", 3, second), SEC_E_OUT_OF_SEQUENCE);
    assert_status(side_verify(&a, "two", 0, second), SEC_E_OK);
    pair_close(&i, &a);

    /* A datagram acceptor takes no NEGOTIATE, a connection's needs one. */
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(side_step(&a, ASC_REQ_DATAGRAM, NULL, i.token, i.token_size, NULL), SEC_E_INVALID_TOKEN);
    assert_status(side_step(&a, 0, NULL, NULL, 0, NULL), SEC_E_INVALID_TOKEN);
    pair_close(&i, &a);
}

/* ---- signing alone, without extended session security ---- */

static NTSTATUS unseal(struct side *s, uint8_t *token, uint8_t *data, ULONG size, ULONG *qop)
{
    SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, token}, {size, SECBUFFER_DATA, data}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, buffers};
    return user_table->UnsealMessage(s->context, &d, 0, qop);
}

/* Plain and sealed messages are taken; one that was altered is named so, and disturbs nothing. */
static void test_sign_only_legacy(void **state)
{
    struct side i, a;
    (void)state;
    harness_start("lm_compatibility_level = 0\nmin_session_security = none");
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(pair_shake(&i, &a, ISC_REQ_INTEGRITY, 0), SEC_E_OK);
    assert_int_equal(flags_of(&i) & (NTLM_F_ESS | NTLM_F_SEAL | NTLM_F_SIGN), NTLM_F_SIGN);
    for (int n = 0; n < 6; n++) {
        uint8_t token[16], data[5] = "hello", kept_token[16], kept[5];
        SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, token}, {5, SECBUFFER_DATA, data}};
        SecBufferDesc d = {SECBUFFER_VERSION, 2, buffers};
        bool sealed = n % 2 == 1;
        ULONG qop = 77;
        assert_status(user_table->SealMessage(i.context, sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT, &d, 0),
                      SEC_E_OK);
        assert_int_equal(memcmp(data, "hello", 5) != 0, sealed);
        memcpy(kept_token, token, 16);
        memcpy(kept, data, 5);
        data[1] ^= 1;
        NTSTATUS altered = unseal(&a, token, data, 5, &qop);
        if (sealed) { /* as plain, its number is wrong; as sealed, its checksum */
            assert_true(altered == SEC_E_MESSAGE_ALTERED || altered == SEC_E_OUT_OF_SEQUENCE);
        } else {
            assert_status(altered, SEC_E_MESSAGE_ALTERED);
        }
        assert_int_equal(qop, 77);
        data[1] ^= 1;
        assert_memory_equal(token, kept_token, 16);
        assert_memory_equal(data, kept, 5);
        assert_status(unseal(&a, token, data, 5, &qop), SEC_E_OK);
        assert_memory_equal(data, "hello", 5);
        assert_int_equal(qop, sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT);
    }
    pair_close(&i, &a);
}

/* The mechListMIC keeps the rules of every signature. */
static void test_mechlist_rules(void **state)
{
    struct side i, a;
    uint8_t bytes[64] = {0};
    SecBuffer buffers[2] = {{20, SECBUFFER_MECHLIST, bytes}, {16, SECBUFFER_MECHLIST_SIGNATURE, bytes + 32}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, buffers};
    (void)state;
    harness_start(NULL);
    pair_open(&i, &a, ISC_REQ_INTEGRITY, 0);
    assert_status(user_table->MakeSignature(i.context, 1, &d, 0), SEC_E_QOP_NOT_SUPPORTED);
    buffers[1].pvBuffer = bytes + 19;
    assert_status(user_table->MakeSignature(i.context, 0, &d, 0), SEC_E_INVALID_PARAMETER);
    assert_status(user_table->VerifySignature(a.context, &d, 0, NULL), SEC_E_INVALID_PARAMETER);
    buffers[1].pvBuffer = bytes + 20;
    assert_status(user_table->MakeSignature(i.context, 0, &d, 0), SEC_E_OK);
    assert_status(user_table->VerifySignature(a.context, &d, 0, NULL), SEC_E_OK);
    pair_close(&i, &a);
}

/* ---- anonymous ---- */

static void test_anonymous(void **state)
{
    struct side i, a;
    SecPkgContext_NamesW names;
    (void)state;
    for (int by_flag = 0; by_flag < 2; by_flag++) {
        harness_start(by_flag ? "allow_anonymous = on" : "allow_anonymous = yes");
        if (by_flag) {
            assert_status(side_open(&i, true, NULL, NULL, NULL), SEC_E_OK);
        } else {
            assert_status(side_open(&i, true, "", "", ""), SEC_E_OK);
        }
        assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
        ULONG flags = ISC_REQ_INTEGRITY | (by_flag ? ISC_REQ_NULL_SESSION : 0);
        assert_status(pair_shake(&i, &a, flags, 0), SEC_E_OK);
        assert_true(i.attributes & ISC_RET_NULL_SESSION);
        assert_true(a.attributes & ASC_RET_NULL_SESSION);
        query(&a, SECPKG_ATTR_NAMES, &names);
        assert_text(names.sUserName, u"NT AUTHORITY\\ANONYMOUS LOGON");
        same_session_key(&i, &a);
        pair_talk(&i, &a);
        pair_close(&i, &a);
        harness_start(NULL);
        assert_status(side_open(&i, true, "", "", ""), SEC_E_OK);
        assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
        assert_status(pair_shake(&i, &a, ISC_REQ_INTEGRITY, 0), SEC_E_LOGON_DENIED);
        pair_close(&i, &a);
    }
}

/* ---- names that clients send ---- */

static NTSTATUS logon(const char *domain, const char *user, const char *password)
{
    struct side i, a;
    assert_status(side_open(&i, true, domain, user, password), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    NTSTATUS status = pair_shake(&i, &a, ISC_REQ_INTEGRITY, 0);
    if (status == SEC_E_OK) {
        pair_talk(&i, &a);
    }
    pair_close(&i, &a);
    return status;
}

static void test_names(void **state)
{
    (void)state;
    harness_start(NULL);
    harness_write("accounts", "", 0600);
    assert_status(SspiAccountAdd(harness_path("accounts"), "EXAMPLE", "alice", "one", FALSE, NULL), SEC_E_OK);
    assert_status(SspiAccountAdd(harness_path("accounts"), "", "bob", "two", FALSE, NULL), SEC_E_OK);
    assert_status(SspiAccountAdd(harness_path("accounts"), "OTHER", "bob", "three", FALSE, NULL), SEC_E_OK);
    assert_status(
        SspiAccountAdd(harness_path("accounts"), "CORP", "j\u00f6rg", "vier \U0001F511", FALSE, NULL),
        SEC_E_OK);
    assert_status(SspiAccountAdd(harness_path("accounts"), "dom.example", "upn", "five", FALSE, NULL),
                  SEC_E_OK);
    assert_status(logon("EXAMPLE", "alice", "one"), SEC_E_OK);
    assert_status(logon("example", "ALICE", "one"), SEC_E_OK);
    assert_status(logon("", "alice", "one"), SEC_E_OK);
    assert_status(logon("", "EXAMPLE\\alice", "one"), SEC_E_OK);
    assert_status(logon("ELSEWHERE", "alice", "one"), SEC_E_LOGON_DENIED);
    assert_status(logon("ANYTHING", "bob", "two"), SEC_E_OK);
    assert_status(logon("OTHER", "bob", "three"), SEC_E_OK);
    assert_status(logon("OTHER", "bob", "two"), SEC_E_LOGON_DENIED);
    assert_status(logon("corp", "J\u00d6RG", "vier \U0001F511"), SEC_E_OK);
    assert_status(logon("", "upn@dom.example", "five"), SEC_E_OK);
    assert_status(logon("", "upn@wrong.example", "five"), SEC_E_LOGON_DENIED);
    assert_status(logon("EXAMPLE", "alice", ""), SEC_E_LOGON_DENIED);
}

/* Names are the account's, however the client spelled them. */
static void named(const char *domain, const char *user, const char *password, const char16_t *want)
{
    struct side i, a;
    SecPkgContext_NamesW names;
    assert_status(side_open(&i, true, domain, user, password), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(pair_shake(&i, &a, ISC_REQ_INTEGRITY, 0), SEC_E_OK);
    query(&a, SECPKG_ATTR_NAMES, &names);
    assert_text(names.sUserName, want);
    pair_talk(&i, &a);
    pair_close(&i, &a);
}

static void test_account_names(void **state)
{
    char16_t own[300];
    size_t units = utf16_length(ntlm_machine.domain);
    (void)state;
    harness_start(NULL);
    harness_write("accounts", "", 0600);
    assert_status(SspiAccountAdd(harness_path("accounts"), "Corp", "Bob", "one", FALSE, NULL), SEC_E_OK);
    assert_status(SspiAccountAdd(harness_path("accounts"), "", "Eve", "two", FALSE, NULL), SEC_E_OK);
    named("CORP", "bob", "one", u"Corp\\Bob");
    named("", "bob", "one", u"Corp\\Bob");
    named("", "BOB@corp", "one", u"Corp\\Bob");
    assert_true(units > 0 && units < 200);
    memcpy(own, ntlm_machine.domain, units * sizeof *own);
    memcpy(own + units, u"\\Eve", 5 * sizeof *own);
    named("ANYTHING", "eve", "two", own);
    named("", "EVE", "two", own);
    harness_write("users", "File:Eve:three\n", 0600);
    setenv("NTLM_USER_FILE", harness_path("users"), 1);
    named("FILE", "eve", "three", u"File\\Eve");
    named("CORP", "bob", "one", u"Corp\\Bob");
    unsetenv("NTLM_USER_FILE");
}

/* ---- credentials ---- */

static void test_credentials(void **state)
{
    struct side i, a;
    TimeStamp expiry;
    LSA_SEC_HANDLE credential;
    SecPkgCredentials_NamesW names;
    (void)state;
    harness_start(NULL);
    assert_status(lsa_table->AcquireCredentialsHandle(NULL, 0, NULL, NULL, NULL, NULL, &credential, &expiry),
                  SEC_E_INVALID_PARAMETER);
    /* No default credentials: the first leg says so. */
    assert_status(side_open(&i, true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, NULL, 0, NULL), SEC_E_NO_CREDENTIALS);
    assert_status(lsa_table->QueryCredentialsAttributes(i.credential, SECPKG_CRED_ATTR_NAMES, &names),
                  SEC_E_NO_CREDENTIALS);
    side_close(&i);
    /* An inbound credential cannot initiate, an outbound one cannot accept. */
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    a.initiator = true;
    assert_status(side_step(&a, 0, NULL, NULL, 0, NULL), SEC_E_NO_CREDENTIALS);
    side_close(&a);
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    i.initiator = false;
    assert_status(side_step(&i, 0, NULL, "x", 1, NULL), SEC_E_NO_CREDENTIALS);
    side_close(&i);
    /* From NTLM_USER_FILE, which serves the acceptor too. */
    harness_write("users", "# people\n\nnonsense\nFILE:carol:pass:with:colons\nFILE:dave:d\n", 0644);
    setenv("NTLM_USER_FILE", harness_path("users"), 1);
    assert_status(side_open(&i, true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(lsa_table->QueryCredentialsAttributes(i.credential, SECPKG_CRED_ATTR_NAMES, &names),
                  SEC_E_OK);
    assert_text(names.sUserName, u"FILE\\carol");
    assert_status(lsa_table->QueryCredentialsAttributes(i.credential, 4711, &names),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(pair_shake(&i, &a, ISC_REQ_INTEGRITY, 0), SEC_E_OK);
    pair_talk(&i, &a);
    pair_close(&i, &a);
    /* A user without a password is looked up there. */
    assert_status(side_open(&i, true, "FILE", "dave", NULL), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(pair_shake(&i, &a, ISC_REQ_INTEGRITY, 0), SEC_E_OK);
    pair_close(&i, &a);
    unsetenv("NTLM_USER_FILE");
    /* Contexts outlive their credentials, also in the middle of the handshake. */
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, NULL, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(lsa_table->FreeCredentialsHandle(i.credential), SEC_E_OK);
    assert_status(lsa_table->FreeCredentialsHandle(i.credential), SEC_E_INVALID_HANDLE);
    i.credential = 0;
    assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(side_step(&i, 0, NULL, a.token, a.token_size, NULL), SEC_E_OK);
    assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_E_OK);
    pair_talk(&i, &a);
    pair_close(&i, &a);
}

/* ---- attributes ---- */

static void test_attributes(void **state)
{
    struct side i, a;
    SecPkgContext_Sizes sizes;
    SecPkgContext_NamesW names;
    SecPkgContext_Lifespan life;
    SecPkgContext_Flags flags;
    SecPkgContext_KeyInfoW key;
    SecPkgContext_PackageInfoW info;
    SecPkgContext_NegotiationInfoW negotiation;
    SecPkgContext_AuthorityW authority;
    SecPkgContext_NativeNamesW native;
    SecPkgContext_ClientSpecifiedTarget target;
    SecPkgContext_Target bytes;
    SecPkgContext_LastClientTokenStatus last;
    uint8_t scratch[256];
    (void)state;
    harness_start(NULL);
    pair_open(&i, &a, ISC_REQ_CONFIDENTIALITY, 0);
    struct side *both[] = {&i, &a};
    for (size_t n = 0; n < 2; n++) {
        query(both[n], SECPKG_ATTR_SIZES, &sizes);
        assert_int_equal(sizes.cbMaxToken, 2888);
        assert_int_equal(sizes.cbMaxSignature, 16);
        assert_int_equal(sizes.cbBlockSize, 0);
        assert_int_equal(sizes.cbSecurityTrailer, 16);
        query(both[n], SECPKG_ATTR_NAMES, &names);
        assert_text(names.sUserName, u"EXAMPLE\\alice");
        query(both[n], SECPKG_ATTR_LIFESPAN, &life);
        assert_true(life.tsExpiry.QuadPart == INT64_MAX);
        assert_true(life.tsStart.QuadPart > 0);
        query(both[n], SECPKG_ATTR_FLAGS, &flags);
        assert_int_equal(flags.Flags, both[n]->attributes);
        query(both[n], SECPKG_ATTR_KEY_INFO, &key);
        assert_text(key.sSignatureAlgorithmName, u"HMAC-MD5");
        assert_text(key.sEncryptAlgorithmName, u"RSADSI RC4");
        assert_int_equal(key.KeySize, 128);
        assert_int_equal(key.SignatureAlgorithm, 0xffffff76);
        assert_int_equal(key.EncryptAlgorithm, 0x6801);
        query(both[n], SECPKG_ATTR_PACKAGE_INFO, &info);
        assert_int_equal(info.PackageInfo->wRPCID, 10);
        mem_client_free(info.PackageInfo);
        query(both[n], SECPKG_ATTR_NEGOTIATION_INFO, &negotiation);
        assert_int_equal(negotiation.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
        mem_client_free(negotiation.PackageInfo);
        query(both[n], SECPKG_ATTR_AUTHORITY, &authority);
        assert_text(authority.sAuthorityName, ntlm_machine.domain);
        query(both[n], SECPKG_ATTR_NATIVE_NAMES, &native);
        assert_text(native.sClientName, u"EXAMPLE\\alice");
        assert_text(native.sServerName, u"host/server.example");
        query(both[n], SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target);
        assert_text(target.sTargetName, u"host/server.example");
        query(both[n], SECPKG_ATTR_TARGET, &bytes);
        assert_int_equal(bytes.TargetLength, 19);
        assert_memory_equal(bytes.Target, "host/server.example", 20);
        mem_client_free(bytes.Target);
        query(both[n], SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &last);
        assert_int_equal(last.LastClientTokenStatus, SecPkgAttrLastClientTokenYes);
        assert_status(user_table->QueryContextAttributes(both[n]->context, SECPKG_ATTR_STREAM_SIZES, scratch),
                      SEC_E_UNSUPPORTED_FUNCTION);
        assert_status(user_table->QueryContextAttributes(both[n]->context, 4711, scratch),
                      SEC_E_UNSUPPORTED_FUNCTION);
        assert_status(user_table->QueryContextAttributes(both[n]->context + 1, SECPKG_ATTR_SIZES, &sizes),
                      SEC_E_INVALID_HANDLE);
    }
    pair_close(&i, &a);
    assert_status(user_table->QueryContextAttributes(i.context, SECPKG_ATTR_SIZES, &sizes),
                  SEC_E_INVALID_HANDLE);
}

/* Unfinished and failed contexts answer through the LSA half. */
static void test_attributes_unfinished(void **state)
{
    struct side i, a;
    SecPkgContext_LastClientTokenStatus last;
    SecPkgContext_NamesW names;
    SecPkgContext_NegotiationInfoW negotiation;
    SecPkgContext_ClientSpecifiedTarget target;
    SecPkgContext_Target bytes;
    SecPkgContext_Sizes sizes;
    (void)state;
    harness_start(NULL);
    assert_status(side_open(&i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(&a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(side_step(&i, ISC_REQ_INTEGRITY, u"host/x", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(side_step(&a, 0, NULL, i.token, i.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(lsa_table->QueryContextAttributes(a.context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &last),
                  SEC_E_OK);
    assert_int_equal(last.LastClientTokenStatus, SecPkgAttrLastClientTokenMaybe);
    assert_status(lsa_table->QueryContextAttributes(i.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_text(names.sUserName, u"EXAMPLE\\alice");
    assert_status(lsa_table->QueryContextAttributes(i.context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation),
                  SEC_E_OK);
    assert_int_equal(negotiation.NegotiationState, SECPKG_NEGOTIATION_IN_PROGRESS);
    mem_client_free(negotiation.PackageInfo);
    assert_status(lsa_table->QueryContextAttributes(i.context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target),
                  SEC_E_OK);
    assert_text(target.sTargetName, u"host/x");
    assert_status(lsa_table->QueryContextAttributes(i.context, SECPKG_ATTR_TARGET, &bytes), SEC_E_OK);
    assert_int_equal(bytes.TargetLength, 6);
    assert_string_equal(bytes.Target, "host/x");
    mem_client_free(bytes.Target);
    assert_status(lsa_table->QueryContextAttributes(a.context, SECPKG_ATTR_NAMES, &names),
                  SEC_E_INVALID_HANDLE);
    assert_status(lsa_table->QueryContextAttributes(i.context, SECPKG_ATTR_SIZES, &sizes),
                  SEC_E_INVALID_HANDLE);
    assert_status(user_table->QueryContextAttributes(i.context, SECPKG_ATTR_SIZES, &sizes),
                  SEC_E_INVALID_HANDLE);
    assert_status(side_step(&a, 0, NULL, "garbage", 7, NULL), SEC_E_INVALID_TOKEN);
    assert_status(lsa_table->QueryContextAttributes(a.context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &last),
                  SEC_E_OK);
    assert_int_equal(last.LastClientTokenStatus, SecPkgAttrLastClientTokenNo);
    assert_status(side_step(&a, 0, NULL, "garbage", 7, NULL), SEC_E_INVALID_HANDLE);
    pair_close(&i, &a);
}

/* ---- EncryptMessage and DecryptMessage ---- */

static void test_unseal_forms(void **state)
{
    struct side i, a;
    uint8_t stream[16 + 6];
    char text[] = "secret";
    SecBuffer b[] = {{6, SECBUFFER_DATA, text}, {16, SECBUFFER_TOKEN, stream}};
    SecBuffer s[] = {{sizeof stream, SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, b}, sd = {SECBUFFER_VERSION, 2, s};
    ULONG qop = 77;
    (void)state;
    harness_start(NULL);
    pair_open(&i, &a, ISC_REQ_INTEGRITY, 0); /* signing alone was negotiated */

    assert_status(user_table->SealMessage(i.context, 0, &d, 0), SEC_E_OK);
    memcpy(stream + 16, text, 6);
    s[0].cbBuffer = 15;
    assert_status(user_table->UnsealMessage(a.context, &sd, 0, &qop), SEC_E_INVALID_TOKEN);
    s[0].cbBuffer = sizeof stream;
    stream[20] ^= 1;
    assert_status(user_table->UnsealMessage(a.context, &sd, 0, &qop), SEC_E_MESSAGE_ALTERED);
    assert_null(s[1].pvBuffer);
    assert_int_equal(qop, 77);
    stream[20] ^= 1;
    assert_status(user_table->UnsealMessage(a.context, &sd, 0, &qop), SEC_E_OK);
    assert_ptr_equal(s[1].pvBuffer, stream + 16);
    assert_int_equal(s[1].cbBuffer, 6);
    assert_memory_equal(stream + 16, "secret", 6);
    assert_int_equal(qop, 0);

    memcpy(text, "public", 6);
    assert_status(user_table->SealMessage(i.context, SECQOP_WRAP_NO_ENCRYPT, &d, 0), SEC_E_OK);
    assert_memory_equal(text, "public", 6);
    assert_status(user_table->UnsealMessage(a.context, &d, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, (ULONG)SECQOP_WRAP_NO_ENCRYPT);
    assert_status(user_table->SealMessage(i.context, SECQOP_WRAP_NO_ENCRYPT, &d, 0), SEC_E_OK);
    assert_status(user_table->VerifySignature(a.context, &d, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, 0);
    assert_status(user_table->SealMessage(i.context, 5, &d, 0), SEC_E_QOP_NOT_SUPPORTED);
    pair_close(&i, &a);
}

/* ---- moving a context ---- */

static void test_export(void **state)
{
    struct side i, a;
    SecBuffer packed = {0};
    HANDLE token;
    LSA_SEC_HANDLE moved = 0;
    uint8_t signature[16];
    (void)state;
    harness_start(NULL);
    pair_open(&i, &a, ISC_REQ_CONFIDENTIALITY, 0);
    pair_talk(&i, &a);
    assert_status(user_table->ExportContext(i.context, 0, &packed, &token), SEC_E_OK);
    assert_status(user_table->ImportContext(&packed, NULL, &moved), SEC_E_OK);
    assert_true(moved != i.context);
    struct side there = {.context = moved};
    assert_status(side_sign(&there, "from there", 0, signature), SEC_E_OK);
    assert_status(side_verify(&a, "from there", 0, signature), SEC_E_OK);
    assert_status(user_table->DeleteUserModeContext(moved), SEC_E_OK);
    assert_status(user_table->DeleteUserModeContext(moved), SEC_E_INVALID_HANDLE);
    mem_client_free(packed.pvBuffer);
    /* Both ends reset: the numbers begin again. */
    assert_status(user_table->ExportContext(i.context, SECPKG_CONTEXT_EXPORT_RESET_NEW, &packed, &token),
                  SEC_E_OK);
    assert_status(user_table->ImportContext(&packed, NULL, &moved), SEC_E_OK);
    mem_client_free(packed.pvBuffer);
    there.context = moved;
    assert_status(side_sign(&there, "again", 0, signature), SEC_E_OK);
    assert_int_equal(signature[12], 0);
    assert_status(side_verify(&a, "again", 0, signature), SEC_E_OUT_OF_SEQUENCE);
    assert_status(user_table->DeleteUserModeContext(moved), SEC_E_OK);
    assert_status(user_table->ExportContext(i.context, 0x80, &packed, &token), SEC_E_UNSUPPORTED_FUNCTION);
    pair_close(&i, &a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_combinations),   cmocka_unit_test(test_unprotected),
        cmocka_unit_test(test_legacy),         cmocka_unit_test(test_datagram),
        cmocka_unit_test(test_anonymous),      cmocka_unit_test(test_names),
        cmocka_unit_test(test_account_names),  cmocka_unit_test(test_sign_only_legacy),
        cmocka_unit_test(test_mechlist_rules), cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_attributes),     cmocka_unit_test(test_attributes_unfinished),
        cmocka_unit_test(test_unseal_forms),   cmocka_unit_test(test_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
