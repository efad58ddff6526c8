/* SPDX-License-Identifier: MIT */
/*
 * What established contexts are: flags, attributes, delegation and being the client, numbers and their
 * places, the end of the numbers, many threads, another life after export.
 */
#include "realm.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sources.h"
#include "protect/krb5.h"

enum {
    SIGN = ISC_REQ_INTEGRITY,
    SEAL = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY,
};

static struct kit_side initiator, acceptor;

static void open_pair(const char *target, ULONG isc, ULONG asc)
{
    assert_status(realm_handshake(target, isc, asc, &initiator, &acceptor), SEC_E_OK);
}

static void close_pair(void)
{
    kit_close(&initiator);
    kit_close(&acceptor);
}

/* ---- flags ---- */

static void test_flags(void **state)
{
    static const struct {
        ULONG isc, asc;
    } same[] = {
        {ISC_RET_MUTUAL_AUTH, ASC_RET_MUTUAL_AUTH},
        {ISC_RET_REPLAY_DETECT, ASC_RET_REPLAY_DETECT},
        {ISC_RET_SEQUENCE_DETECT, ASC_RET_SEQUENCE_DETECT},
        {ISC_RET_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY},
        {ISC_RET_INTEGRITY, ASC_RET_INTEGRITY},
        {ISC_RET_IDENTIFY, ASC_RET_IDENTIFY},
    };
    (void)state;
    /* All combinations: what was asked for is what both sides say, and nothing else. */
    for (unsigned chosen = 0; chosen < 1u << 6; chosen++) {
        ULONG isc = 0, asc = 0;
        SecPkgContext_Flags flags;
        for (size_t i = 0; i < 6; i++) {
            isc |= chosen >> i & 1 ? same[i].isc : 0;
            asc |= chosen >> i & 1 ? same[i].asc : 0;
        }
        open_pair("host/server", isc, 0);
        if (isc & ISC_RET_CONFIDENTIALITY) {
            isc |= ISC_RET_INTEGRITY;
            asc |= ASC_RET_INTEGRITY;
        }
        assert_int_equal(initiator.attributes, isc);
        assert_int_equal(acceptor.attributes, asc);
        assert_status(QueryContextAttributesA(&acceptor.context, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
        assert_int_equal(flags.Flags, asc);
        close_pair();
    }
}

/* Without integrity nothing can be signed; without confidentiality nothing can be sealed. */
static void test_unprotected(void **state)
{
    uint8_t data[16] = {0}, token[128];
    ULONG size = sizeof token;
    (void)state;
    open_pair("host/server", ISC_REQ_MUTUAL_AUTH, 0);
    assert_status(kit_sign(&initiator.context, data, 16, token, &size), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(kit_verify(&initiator.context, data, 16, token, 28), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(kit_seal(&acceptor.context, data, 16, token, &size), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(kit_unseal(&acceptor.context, data, 16, token, 60), SEC_E_UNSUPPORTED_FUNCTION);
    close_pair();

    open_pair("host/server", SIGN | ISC_REQ_NO_INTEGRITY, 0);
    assert_int_equal(initiator.attributes & ISC_RET_INTEGRITY, 0);
    close_pair();

    /* Signed only: EncryptMessage without encryption still works, and DecryptMessage says which it was. */
    open_pair("host/server", SIGN, 0);
    assert_status(kit_seal(&initiator.context, data, 16, token, &size), SEC_E_UNSUPPORTED_FUNCTION);
    SecPkgContext_Sizes sizes;
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(sizes.cbMaxSignature, 28);
    assert_int_equal(sizes.cbSecurityTrailer, 28);
    assert_int_equal(sizes.cbBlockSize, 1);
    assert_int_equal(sizes.cbMaxToken, 48000);
    SecBuffer buffers[2] = {{28, SECBUFFER_TOKEN, token}, {16, SECBUFFER_DATA, data}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    ULONG qop = 0;
    assert_status(EncryptMessage(&initiator.context, SECQOP_WRAP_NO_ENCRYPT, &desc, 0), SEC_E_OK);
    assert_status(DecryptMessage(&acceptor.context, &desc, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, SECQOP_WRAP_NO_ENCRYPT);
    close_pair();
}

/* ---- attributes ---- */

static void assert_text(SEC_CHAR *text, const char *want)
{
    assert_string_equal(text, want);
    FreeContextBuffer(text);
}

static void names_of(CtxtHandle *context, const char *target)
{
    SecPkgContext_NamesA names;
    SecPkgContext_NativeNamesA native;
    SecPkgContext_AuthorityA authority;
    SecPkgContext_Target given;
    SecPkgContext_DceInfo dce;
    static const SEC_WCHAR alice[] = u"alice@" REALM;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_text(names.sUserName, KIT_USER "@" REALM);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_NATIVE_NAMES, &native), SEC_E_OK);
    assert_text(native.sClientName, KIT_USER "@" REALM);
    assert_text(native.sServerName, "host/server@" REALM);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_AUTHORITY, &authority), SEC_E_OK);
    assert_text(authority.sAuthorityName, REALM);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_TARGET, &given), SEC_E_OK);
    assert_text(given.Target, target);
    assert_status(QueryContextAttributesW(context, SECPKG_ATTR_DCE_INFO, &dce), SEC_E_OK);
    assert_int_equal(dce.AuthzSvc, 1);
    assert_memory_equal(dce.pPac, alice, sizeof alice);
    FreeContextBuffer(dce.pPac);
}

static void package_of(CtxtHandle *context)
{
    SecPkgContext_PackageInfoA package;
    SecPkgContext_NegotiationInfoA negotiation;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_PACKAGE_INFO, &package), SEC_E_OK);
    assert_string_equal(package.PackageInfo->Name, "Kerberos");
    assert_int_equal(package.PackageInfo->wRPCID, 16);
    FreeContextBuffer(package.PackageInfo);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation), SEC_E_OK);
    assert_string_equal(negotiation.PackageInfo->Name, "Kerberos");
    assert_int_equal(negotiation.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
    FreeContextBuffer(negotiation.PackageInfo);
}

/* The ticket's: it ends within the realm's ten hours. */
static void lifespan_of(CtxtHandle *context)
{
    SecPkgContext_Lifespan span;
    int64_t now = ((int64_t)time(NULL) + INT64_C(11644473600)) * 10000000, hour = INT64_C(36000000000);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_LIFESPAN, &span), SEC_E_OK);
    assert_true(span.tsStart.QuadPart <= now + 20000000 && span.tsStart.QuadPart > now - hour);
    assert_true(span.tsExpiry.QuadPart > now + 9 * hour &&
                span.tsExpiry.QuadPart <= now + 10 * hour + 20000000);
}

static void test_attributes(void **state)
{
    SecPkgContext_SessionKey one, two;
    SecPkgContext_LastClientTokenStatus last;
    (void)state;
    open_pair("host/server", SEAL | ISC_REQ_MUTUAL_AUTH, 0);
    names_of(&initiator.context, "host/server");
    names_of(&acceptor.context, "");
    package_of(&initiator.context);
    package_of(&acceptor.context);
    lifespan_of(&initiator.context);
    lifespan_of(&acceptor.context);
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_SESSION_KEY, &one), SEC_E_OK);
    assert_status(QueryContextAttributesA(&acceptor.context, SECPKG_ATTR_SESSION_KEY, &two), SEC_E_OK);
    assert_int_equal(one.SessionKeyLength, 32);
    assert_int_equal(two.SessionKeyLength, 32);
    assert_memory_equal(one.SessionKey, two.SessionKey, 32);
    FreeContextBuffer(one.SessionKey);
    FreeContextBuffer(two.SessionKey);
    assert_status(QueryContextAttributesA(&acceptor.context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &last),
                  SEC_E_OK);
    assert_int_equal(last.LastClientTokenStatus, SecPkgAttrLastClientTokenYes);
    SecPkgContext_StreamSizes none;
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_STREAM_SIZES, &none),
                  SEC_E_UNSUPPORTED_FUNCTION);
    close_pair();
}

static void test_key_info(void **state)
{
    static const struct {
        unsigned etype, signature, bits, trailer, dce;
        const char *signature_name, *name;
    } cases[] = {
        {17, 15, 128, 60, 76, "HMAC-SHA1-96", "Kerberos AES128-CTS-HMAC-SHA1-96"},
        {18, 16, 256, 60, 76, "HMAC-SHA1-96", "Kerberos AES256-CTS-HMAC-SHA1-96"},
        {19, 19, 128, 64, 80, "HMAC-SHA256-128", "Kerberos AES128-CTS-HMAC-SHA256-128"},
        {20, 20, 256, 72, 88, "HMAC-SHA384-192", "Kerberos AES256-CTS-HMAC-SHA384-192"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SecPkgContext_KeyInfoA info;
        SecPkgContext_Sizes sizes;
        char target[32];
        realm_prefer(cases[i].etype);
        snprintf(target, sizeof target, "t%u/server", cases[i].etype);
        open_pair(target, SEAL, 0);
        assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_KEY_INFO, &info), SEC_E_OK);
        assert_int_equal(info.EncryptAlgorithm, cases[i].etype);
        assert_int_equal(info.SignatureAlgorithm, cases[i].signature);
        assert_int_equal(info.KeySize, cases[i].bits);
        assert_text(info.sSignatureAlgorithmName, cases[i].signature_name);
        assert_text(info.sEncryptAlgorithmName, cases[i].name);
        assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
        assert_int_equal(sizes.cbSecurityTrailer, cases[i].trailer);
        close_pair();
        open_pair(target, SEAL | ISC_REQ_USE_DCE_STYLE, 0);
        assert_status(QueryContextAttributesA(&acceptor.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
        assert_int_equal(sizes.cbSecurityTrailer, cases[i].dce);
        close_pair();
    }
    realm_prefer(0);
}

/* Before the end: what is known already, and nothing else. */
static void test_unfinished(void **state)
{
    SecPkgContext_NegotiationInfoA negotiation;
    SecPkgContext_Target target;
    SecPkgContext_Sizes sizes;
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, ISC_REQ_MUTUAL_AUTH, "host/server", NULL, 0, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation),
                  SEC_E_OK);
    assert_int_equal(negotiation.NegotiationState, SECPKG_NEGOTIATION_IN_PROGRESS);
    FreeContextBuffer(negotiation.PackageInfo);
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_TARGET, &target), SEC_E_OK);
    assert_text(target.Target, "host/server");
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_SIZES, &sizes),
                  SEC_E_INVALID_HANDLE);
    kit_close(&initiator);
}

/* A TOKEN that is too small, and none: said as such. */
static void test_output_room(void **state)
{
    uint8_t room[16];
    SecBuffer small = {sizeof room, SECBUFFER_TOKEN, room};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &small}, none = {SECBUFFER_VERSION, 0, NULL};
    CtxtHandle context;
    ULONG attributes;
    SEC_CHAR target[] = "host/server";
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(InitializeSecurityContextA(&initiator.credential, NULL, target, SIGN, 0,
                                             SECURITY_NATIVE_DREP, NULL, 0, &context, &desc, &attributes,
                                             NULL),
                  SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(small.cbBuffer, sizeof room);
    assert_status(InitializeSecurityContextA(&initiator.credential, NULL, target, SIGN, 0,
                                             SECURITY_NATIVE_DREP, NULL, 0, &context, &none, &attributes,
                                             NULL),
                  SEC_E_INVALID_TOKEN);
    kit_close(&initiator);
}

/* ---- being the client ---- */

static SECURITY_STATUS open_client(struct kit_side *side)
{
    return kit_open(side, "Kerberos", true, NULL, NULL, NULL);
}

static void test_delegation(void **state)
{
    struct kit_side second, third;
    SecPkgContext_NamesA names;
    char *cache = strdup(getenv("KRB5CCNAME"));
    (void)state;
    open_pair("trusted/server", SIGN | ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE, 0);
    assert_true(initiator.attributes & ISC_RET_DELEGATE);
    assert_true(acceptor.attributes & ASC_RET_DELEGATE);

    /* The server has no tickets of its own. */
    setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1);
    assert_status(open_client(&second), SEC_E_NO_CREDENTIALS);
    kit_close(&second);
    assert_status(ImpersonateSecurityContext(&initiator.context), SEC_E_NO_IMPERSONATION);
    assert_status(ImpersonateSecurityContext(&acceptor.context), SEC_E_OK);
    assert_status(open_client(&second), SEC_E_OK);
    assert_status(RevertSecurityContext(&acceptor.context), SEC_E_OK);
    assert_status(open_client(&third), SEC_E_NO_CREDENTIALS);
    kit_close(&third);

    /* What it got outlives the context that it came from, and is alice's. */
    close_pair();
    assert_status(kit_step(&second, SIGN, "host/server", NULL, 0, NULL), SEC_E_OK);
    assert_int_equal(second.attributes, SIGN);
    assert_status(kit_open(&third, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&third, 0, NULL, second.token, second.token_size, NULL), SEC_E_OK);
    assert_status(QueryContextAttributesA(&third.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_text(names.sUserName, KIT_USER "@" REALM);
    kit_exchange(&second.context, &third.context, "on behalf of alice", false);
    kit_close(&second);
    kit_close(&third);
    setenv("KRB5CCNAME", cache, 1);
    free(cache);
}

/* Services that the KDC does not trust with it get nothing, and whoever acts for a client that delegated
 * nothing has no credentials: not the process's own either. */
static void test_no_delegation(void **state)
{
    struct kit_side second;
    (void)state;
    open_pair("host/server", SIGN | ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE, 0);
    assert_false(initiator.attributes & ISC_RET_DELEGATE);
    assert_false(acceptor.attributes & ASC_RET_DELEGATE);
    assert_status(ImpersonateSecurityContext(&acceptor.context), SEC_E_OK);
    assert_status(open_client(&second), SEC_E_NO_CREDENTIALS);
    kit_close(&second);
    assert_status(kit_open(&second, "NTLM", true, NULL, NULL, NULL), SEC_E_NO_CREDENTIALS);
    kit_close(&second);
    /* An identity of its own it may use. */
    assert_status(kit_open(&second, "Kerberos", true, REALM, KIT_USER, KIT_PASSWORD), SEC_E_OK);
    kit_close(&second);
    assert_status(RevertSecurityContext(&acceptor.context), SEC_E_OK);
    assert_status(open_client(&second), SEC_E_OK);
    kit_close(&second);
    close_pair();
}

/* Minutes from now; near the end of the realm's ten hours. */
static unsigned minutes;

static uint64_t much_later(void *arg)
{
    (void)arg;
    return ((uint64_t)time(NULL) + UINT64_C(11644473600) + minutes * 60) * 10000000;
}

static void test_passwords(void **state)
{
    static const struct sources later = {.now = much_later};
    char *cache = strdup(getenv("KRB5CCNAME"));
    (void)state;
    setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1);
    struct kit_side user, server;
    assert_status(kit_open(&user, "Kerberos", true, REALM, KIT_USER, KIT_PASSWORD), SEC_E_OK);
    assert_status(kit_open(&server, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    /* Twice with one credential: the second time with the tickets that are there, without the KDC. */
    for (int i = 0; i < 2; i++) {
        if (i == 1)
            realm_stop_kdc();
        assert_status(kit_step(&user, SIGN, "host/server", NULL, 0, NULL), SEC_E_OK);
        assert_true(user.attributes & ISC_RET_USED_SUPPLIED_CREDS);
        assert_status(kit_step(&server, 0, NULL, user.token, user.token_size, NULL), SEC_E_OK);
        kit_exchange(&user.context, &server.context, "by password", false);
        DeleteSecurityContext(&user.context);
        DeleteSecurityContext(&server.context);
        user.has_context = server.has_context = false;
    }
    /* And anew when the ticket comes to its end; where no KDC answers, with the old one to its very end. */
    sources_replace(&later);
    minutes = 598;
    assert_status(kit_step(&user, SIGN, "host/server", NULL, 0, NULL), SEC_E_OK);
    DeleteSecurityContext(&user.context);
    user.has_context = false;
    minutes = 601;
    assert_status(kit_step(&user, SIGN, "host/server", NULL, 0, NULL), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    realm_start_kdc();
    assert_status(kit_step(&user, SIGN, "host/server", NULL, 0, NULL), SEC_E_OK);
    sources_replace(NULL);

    SecPkgCredentials_NamesA names;
    assert_status(QueryCredentialsAttributesA(&user.credential, SECPKG_CRED_ATTR_NAMES, &names), SEC_E_OK);
    assert_text(names.sUserName, KIT_USER "@" REALM);
    kit_close(&user);
    kit_close(&server);
    setenv("KRB5CCNAME", cache, 1);
    free(cache);
}

/* ---- which credentials ---- */

static SECURITY_STATUS acquire(const char *principal, ULONG use, CredHandle *credential)
{
    SEC_CHAR package[] = "Kerberos";
    return AcquireCredentialsHandleA((SEC_CHAR *)(uintptr_t)principal, package, use, NULL, NULL, NULL, NULL,
                                     credential, NULL);
}

/* A side with that credential. */
static void open_side(struct kit_side *side, bool initiates, const char *principal, ULONG use)
{
    memset(side, 0, sizeof *side);
    side->initiator = initiates;
    side->token = malloc(KIT_TOKEN_MAX);
    assert_non_null(side->token);
    assert_status(acquire(principal, use, &side->credential), SEC_E_OK);
    side->has_credential = true;
}

/* A named service takes tickets for itself only; a named user has to be whose tickets there are. */
static void test_principals(void **state)
{
    static const struct {
        const char *principal;
        SECURITY_STATUS status;
    } cases[] = {
        {NULL, SEC_E_OK},
        {"", SEC_E_OK},
        {"host/server", SEC_E_OK},
        {"HOST/Server@" REALM, SEC_E_OK},
        {"t18/server", SEC_E_WRONG_PRINCIPAL},
    };
    CredHandle credential;
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, SIGN, "host/server", NULL, 0, NULL), SEC_E_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("# %s\n", cases[i].principal ? cases[i].principal : "(none)");
        open_side(&acceptor, false, cases[i].principal, SECPKG_CRED_INBOUND);
        assert_status(kit_step(&acceptor, 0, NULL, initiator.token, initiator.token_size, NULL),
                      cases[i].status);
        kit_close(&acceptor);
    }
    kit_close(&initiator);
#ifndef LEAKS_COUNT /* the library loses a name when the keytab lacks it */
    assert_status(acquire("nobody/server", SECPKG_CRED_INBOUND, &credential), SEC_E_NO_CREDENTIALS);
#endif
    assert_status(acquire("a//b", SECPKG_CRED_INBOUND, &credential), SEC_E_UNKNOWN_CREDENTIALS);
    assert_status(acquire(KIT_USER, SECPKG_CRED_OUTBOUND, &credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_status(acquire(KIT_USER "@" REALM, SECPKG_CRED_OUTBOUND, &credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_status(acquire("bob", SECPKG_CRED_OUTBOUND, &credential), SEC_E_NO_CREDENTIALS);
}

/* Both uses: what one of them lacks is missed when it is needed, and only then. */
static void test_both_uses(void **state)
{
    char *cache = strdup(getenv("KRB5CCNAME")), *keytab = strdup(getenv("KRB5_KTNAME"));
    CredHandle credential;
    (void)state;
    assert_status(acquire(NULL, 0, &credential), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(acquire(NULL, 8, &credential), SEC_E_UNSUPPORTED_FUNCTION);
    setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1);
    open_side(&initiator, true, NULL, SECPKG_CRED_BOTH);
    assert_status(kit_step(&initiator, SIGN, "host/server", NULL, 0, NULL), SEC_E_NO_CREDENTIALS);
    kit_close(&initiator);
    setenv("KRB5_KTNAME", "FILE:/nonexistent/keytab", 1);
    assert_status(acquire(NULL, SECPKG_CRED_BOTH, &credential), SEC_E_NO_CREDENTIALS);
    setenv("KRB5CCNAME", cache, 1);
    setenv("KRB5_KTNAME", keytab, 1);
    /* A credential for one use is none for the other. */
    open_side(&initiator, true, NULL, SECPKG_CRED_INBOUND);
    assert_status(kit_step(&initiator, SIGN, "host/server", NULL, 0, NULL), SEC_E_NO_CREDENTIALS);
    kit_close(&initiator);
    free(cache);
    free(keytab);
}

/* The client keytab, where there is one and no ticket. */
static void test_client_keytab(void **state)
{
    char query[256];
    char *cache = strdup(getenv("KRB5CCNAME"));
    (void)state;
    realm_admin("addprinc -randkey robot");
    snprintf(query, sizeof query, "ktadd -k %s -norandkey robot", kit_path("client-keytab"));
    realm_admin(query);
    snprintf(query, sizeof query, "FILE:%s", kit_path("robots-cache"));
    setenv("KRB5CCNAME", query, 1);
    SecPkgContext_NamesA names;
    open_pair("host/server", SIGN, 0);
    assert_status(QueryContextAttributesA(&acceptor.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_text(names.sUserName, "robot@" REALM);
    close_pair();
    remove(kit_path("client-keytab"));
    setenv("KRB5CCNAME", cache, 1);
    free(cache);
}

/* ---- places of messages ---- */

enum { MESSAGES = 6 };

struct signed_message {
    uint8_t token[64];
    ULONG size;
    uint8_t text[8];
};

static void make_messages(struct signed_message *m)
{
    for (uint32_t i = 0; i < MESSAGES; i++) {
        m[i].size = sizeof m[i].token;
        kit_fill(m[i].text, sizeof m[i].text, i);
        assert_status(kit_sign(&initiator.context, m[i].text, sizeof m[i].text, m[i].token, &m[i].size),
                      SEC_E_OK);
    }
}

static SECURITY_STATUS check(const struct signed_message *m)
{
    return kit_verify(&acceptor.context, m->text, sizeof m->text, m->token, m->size);
}

static void test_places(void **state)
{
    struct signed_message m[MESSAGES];
    (void)state;
    /* SEQUENCE_DETECT: a gap is said, once; the message after it is the next one. */
    open_pair("host/server", SIGN | ISC_REQ_SEQUENCE_DETECT, 0);
    make_messages(m);
    assert_status(check(&m[0]), SEC_E_OK);
    assert_status(check(&m[0]), SEC_E_OUT_OF_SEQUENCE);
    assert_status(check(&m[2]), SEC_E_OUT_OF_SEQUENCE);
    assert_status(check(&m[1]), SEC_E_OUT_OF_SEQUENCE);
    assert_status(check(&m[3]), SEC_E_OK);
    assert_status(check(&m[4]), SEC_E_OK);
    close_pair();

    /* REPLAY_DETECT: any order, each once. */
    open_pair("host/server", SIGN | ISC_REQ_REPLAY_DETECT, 0);
    make_messages(m);
    static const int order[MESSAGES] = {3, 0, 5, 1, 4, 2};
    for (int i = 0; i < MESSAGES; i++) {
        assert_status(check(&m[order[i]]), SEC_E_OK);
        assert_status(check(&m[order[i]]), SEC_E_OUT_OF_SEQUENCE);
    }
    close_pair();

    /* Neither: not looked at. */
    open_pair("host/server", SIGN, 0);
    make_messages(m);
    assert_status(check(&m[5]), SEC_E_OK);
    assert_status(check(&m[5]), SEC_E_OK);
    assert_status(check(&m[0]), SEC_E_OK);
    close_pair();
}

/* Out of its place a sealed message is authentic, and its text is hidden again all the same. */
static void test_sealed_replay(void **state)
{
    uint8_t text[40], sealed[40], again[40], token[96], kept[96];
    ULONG size = sizeof token;
    (void)state;
    open_pair("host/server", SEAL | ISC_REQ_SEQUENCE_DETECT, 0);
    kit_fill(text, sizeof text, 1);
    memcpy(sealed, text, sizeof text);
    assert_status(kit_seal(&initiator.context, sealed, sizeof sealed, token, &size), SEC_E_OK);
    memcpy(again, sealed, sizeof sealed);
    memcpy(kept, token, size);
    assert_status(kit_unseal(&acceptor.context, sealed, sizeof sealed, token, size), SEC_E_OK);
    assert_memory_equal(sealed, text, sizeof text);
    memcpy(sealed, again, sizeof sealed);
    memcpy(token, kept, size);
    assert_status(kit_unseal(&acceptor.context, sealed, sizeof sealed, token, size), SEC_E_OUT_OF_SEQUENCE);
    assert_memory_equal(sealed, again, sizeof sealed);
    assert_memory_equal(token, kept, size);
    /* As a stream too. */
    uint8_t stream[136], same[136];
    memcpy(stream, kept, size);
    memcpy(stream + size, again, sizeof again);
    memcpy(same, stream, sizeof same);
    SecBuffer in[2] = {{size + (ULONG)sizeof again, SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, in};
    assert_status(DecryptMessage(&acceptor.context, &desc, 0, NULL), SEC_E_OUT_OF_SEQUENCE);
    assert_memory_equal(stream, same, size + sizeof again);
    assert_null(in[1].pvBuffer);
    close_pair();
}

/* ---- packed contexts ---- */

static void replace(CtxtHandle *context, void (*change)(struct krb5_protect *p), ULONG flags)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    SEC_CHAR name[] = "Kerberos";
    struct krb5_protect state;
    assert_status(ExportSecurityContext(context, flags, &packed, NULL), SEC_E_OK);
    uint8_t *end = (uint8_t *)packed.pvBuffer + packed.cbBuffer - KRB5_PACK_SIZE;
    assert_true(krb5_protect_unpack(&state, end, KRB5_PACK_SIZE));
    if (change) {
        change(&state);
        krb5_protect_pack(&state, end);
    }
    assert_status(DeleteSecurityContext(context), SEC_E_OK);
    assert_status(ImportSecurityContextA(name, &packed, NULL, context), SEC_E_OK);
    FreeContextBuffer(packed.pvBuffer);
}

static void three_left(struct krb5_protect *p)
{
    p->sent = UINT64_MAX - 3;
}

static void test_end_of_numbers(void **state)
{
    uint8_t token[128], data[16] = {0};
    ULONG size;
    (void)state;
    open_pair("host/server", SEAL, 0);
    replace(&initiator.context, three_left, 0);
    for (int i = 0; i < 3; i++)
        kit_exchange(&initiator.context, &acceptor.context, "one of the last", false);
    for (int i = 0; i < 3; i++) {
        size = sizeof token;
        assert_status(kit_sign(&initiator.context, data, 16, token, &size), SEC_E_CONTEXT_EXPIRED);
        assert_status(kit_seal(&initiator.context, data, 16, token, &size), SEC_E_CONTEXT_EXPIRED);
        assert_int_equal(size, sizeof token);
    }
    kit_exchange(&acceptor.context, &initiator.context, "the other direction", true);
    close_pair();
}

static void test_another_life(void **state)
{
    (void)state;
    open_pair("host/server", SEAL | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_MUTUAL_AUTH, 0);
    kit_exchange(&initiator.context, &acceptor.context, "before", true);
    replace(&initiator.context, NULL, 0);
    replace(&acceptor.context, NULL, 0);
    kit_exchange(&initiator.context, &acceptor.context, "after", true);
    kit_exchange(&acceptor.context, &initiator.context, "and back", true);
    names_of(&initiator.context, "host/server");
    lifespan_of(&acceptor.context);
    replace(&initiator.context, NULL, SECPKG_CONTEXT_EXPORT_RESET_NEW);
    replace(&acceptor.context, NULL, SECPKG_CONTEXT_EXPORT_RESET_NEW);
    kit_exchange(&initiator.context, &acceptor.context, "from the first number again", true);
    close_pair();
}

/* The same text under the same number and key, from contexts that know nothing of each other: nothing of the
 * two looks alike, because the confounders differ. */
static void test_confounders(void **state)
{
    uint8_t token[2][96], text[2][64];
    (void)state;
    open_pair("host/server", SEAL, 0);
    for (int i = 0; i < 2; i++) {
        ULONG size = sizeof token[i];
        memset(text[i], 0, sizeof text[i]);
        replace(&initiator.context, NULL, SECPKG_CONTEXT_EXPORT_RESET_NEW);
        assert_status(kit_seal(&initiator.context, text[i], sizeof text[i], token[i], &size), SEC_E_OK);
        assert_int_equal(size, 60);
    }
    assert_memory_equal(token[0], token[1], 16);
    for (int i = 16; i < 60 - 16; i += 4)
        assert_memory_not_equal(token[0] + i, token[1] + i, 4);
    for (int i = 0; i < 64; i += 4)
        assert_memory_not_equal(text[0] + i, text[1] + i, 4);
    close_pair();
}

/* ---- threads ---- */

enum { THREADS = 2, EACH = 3000 };

static struct work {
    pthread_t thread;
    bool seal;
    struct {
        uint8_t token[96], text[16];
        ULONG size;
    } made[EACH];
    unsigned failed;
} work[THREADS];

static void *make_body(void *arg)
{
    struct work *w = arg;
    for (unsigned i = 0; i < EACH; i++) {
        w->made[i].size = sizeof w->made[i].token;
        kit_fill(w->made[i].text, 16, i);
        SECURITY_STATUS status =
            w->seal && i % 2
                ? kit_seal(&initiator.context, w->made[i].text, 16, w->made[i].token, &w->made[i].size)
                : kit_sign(&initiator.context, w->made[i].text, 16, w->made[i].token, &w->made[i].size);
        w->failed += status != SEC_E_OK;
    }
    return NULL;
}

static void *check_body(void *arg)
{
    struct work *w = arg;
    for (unsigned i = 0; i < EACH; i++) {
        SECURITY_STATUS status =
            w->seal && i % 2
                ? kit_unseal(&acceptor.context, w->made[i].text, 16, w->made[i].token, w->made[i].size)
                : kit_verify(&acceptor.context, w->made[i].text, 16, w->made[i].token, w->made[i].size);
        w->failed += status != SEC_E_OK;
    }
    return NULL;
}

static void run_threads(void *(*body)(void *))
{
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&work[i].thread, NULL, body, &work[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(work[i].thread, NULL);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(work[i].failed, 0);
}

/* BE64 at offset 8 of every token. */
static uint64_t number_of(const uint8_t *token)
{
    uint64_t n = 0;
    for (int i = 8; i < 16; i++)
        n = n << 8 | token[i];
    return n;
}

/* Every number exactly once, and all of them verify, on whichever thread. */
static void test_threads(void **state)
{
    static uint8_t seen[THREADS * EACH];
    (void)state;
    for (int seal = 0; seal < 2; seal++) {
        open_pair("t20/server", SEAL, 0);
        memset(work, 0, sizeof work);
        memset(seen, 0, sizeof seen);
        for (int i = 0; i < THREADS; i++)
            work[i].seal = seal;
        run_threads(make_body);
        uint64_t first = UINT64_MAX;
        for (int t = 0; t < THREADS; t++)
            for (int i = 0; i < EACH; i++)
                if (number_of(work[t].made[i].token) < first)
                    first = number_of(work[t].made[i].token);
        for (int t = 0; t < THREADS; t++) {
            for (int i = 0; i < EACH; i++) {
                uint64_t at = number_of(work[t].made[i].token) - first;
                assert_true(at < THREADS * EACH);
                assert_int_equal(seen[at], 0);
                seen[at] = 1;
            }
        }
        run_threads(check_body);
        close_pair();
    }
}

/* One credential, many handshakes at once; the first of them gets the ticket by password for all. */
static void *handshake_body(void *arg)
{
    struct work *w = arg;
    struct kit_side user = initiator, server = acceptor;
    user.token = malloc(KIT_TOKEN_MAX);
    server.token = malloc(KIT_TOKEN_MAX);
    for (int i = 0; i < 20; i++) {
        user.has_context = server.has_context = false;
        w->failed += kit_step(&user, SEAL, "host/server", NULL, 0, NULL) != SEC_E_OK;
        w->failed += kit_step(&server, 0, NULL, user.token, user.token_size, NULL) != SEC_E_OK;
        w->failed += !user.has_context || DeleteSecurityContext(&user.context) != SEC_E_OK;
        w->failed += !server.has_context || DeleteSecurityContext(&server.context) != SEC_E_OK;
    }
    free(user.token);
    free(server.token);
    return NULL;
}

static void test_handshakes_at_once(void **state)
{
    (void)state;
    memset(work, 0, sizeof work);
    assert_status(kit_open(&initiator, "Kerberos", true, REALM, KIT_USER, KIT_PASSWORD), SEC_E_OK);
    assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    run_threads(handshake_body);
    close_pair();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_unprotected),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_key_info),
        cmocka_unit_test(test_unfinished),
        cmocka_unit_test(test_output_room),
        cmocka_unit_test(test_delegation),
        cmocka_unit_test(test_no_delegation),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_client_keytab),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_sealed_replay),
        cmocka_unit_test(test_end_of_numbers),
        cmocka_unit_test(test_another_life),
        cmocka_unit_test(test_confounders),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_handshakes_at_once),
        cmocka_unit_test(test_principals),
        cmocka_unit_test(test_both_uses),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests_name("kerberos contexts", tests, NULL, NULL);
}
