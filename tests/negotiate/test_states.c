/* SPDX-License-Identifier: MIT */
/*
 * Calls that come at the wrong time, tokens that are damaged, mechanisms that are left out or have no
 * credential, memory that runs out: what each leaves behind.
 */
#include "realm.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/slab.h"
#include "base/trace.h"
#include "nego_kit.h"
#include "packages/negotiate/negotiate_messages.h"
#include "reversed.h"

enum {
    SEALED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY,
    ASC_SEALED =
        ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT | ASC_REQ_CONFIDENTIALITY,
};

static struct kit_side a, b;

static void close_both(void)
{
    kit_close(&a);
    kit_close(&b);
}

static void open_both(const char *ours, const char *theirs)
{
    assert_status(nego_open(&a, true, ours, NULL), SEC_E_OK);
    assert_status(nego_open(&b, false, theirs, NULL), SEC_E_OK);
}

static SECURITY_STATUS step_a(const struct kit_side *from)
{
    return kit_step(&a, SEALED, "host/server", from ? from->token : NULL, from ? from->token_size : 0, NULL);
}

static SECURITY_STATUS step_b(const struct kit_side *from)
{
    return kit_step(&b, ASC_SEALED, NULL, from ? from->token : NULL, from ? from->token_size : 0, NULL);
}

/* ---- mechanisms and credentials ---- */

static void test_package_list(void **state)
{
    static const struct {
        const char *list, *package; /* package NULL: nothing is left */
    } cases[] = {
        {"", "Kerberos"},
        {"ntlm", "NTLM"},
        {"NTLM", "NTLM"},
        {"!ntlm", "Kerberos"},
        {"!kerberos", "NTLM"},
        {" !Kerberos , ntlm", "NTLM"},
        {"ntlm,kerberos", "Kerberos"},
        {"kerberos,!kerberos,ntlm", "NTLM"},
        {"!kerberos,!ntlm", NULL},
        {"schannel", NULL},
        {"ntl", NULL},
        {",,", "Kerberos"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SECURITY_STATUS status = nego_open(&a, true, cases[i].list, NULL);
        if (!cases[i].package) {
            assert_status(status, SEC_E_NO_CREDENTIALS);
            kit_close(&a);
            continue;
        }
        assert_status(status, SEC_E_OK);
        assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
        nego_assert_package(&a.context, cases[i].package, SECPKG_NEGOTIATION_OPTIMISTIC);
        kit_close(&a);
    }
}

/* What is offered first with that structure. */
static void offers(void *identity, const char *package)
{
    static SEC_WCHAR name[] = u"Negotiate";
    memset(&a, 0, sizeof a);
    a.initiator = true;
    a.token = malloc(KIT_TOKEN_MAX);
    assert_status(AcquireCredentialsHandleW(NULL, name, SECPKG_CRED_OUTBOUND, NULL, identity, NULL, NULL,
                                            &a.credential, NULL),
                  SEC_E_OK);
    a.has_credential = true;
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    nego_assert_package(&a.context, package, SECPKG_NEGOTIATION_OPTIMISTIC);
    kit_close(&a);
}

/* The list in the other structures that have one, and a structure without. */
static void test_structures(void **state)
{
    static SEC_WCHAR list[] = u"!kerberos", user[] = u"alice", domain[] = u"EXAMPLE",
                     password[] = u"correct horse";
    struct {
        SEC_WINNT_AUTH_IDENTITY_EX2 head;
        SEC_WCHAR list[9];
    } ex2 = {.head = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2,
                      .cbHeaderLength = sizeof ex2.head,
                      .cbStructureLength = sizeof ex2,
                      .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE,
                      .PackageListOffset = offsetof(__typeof__(ex2), list),
                      .PackageListLength = 18}};
    SEC_WINNT_AUTH_IDENTITY_EXW ex = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
                                      .Length = sizeof ex,
                                      .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE,
                                      .PackageList = list,
                                      .PackageListLength = 9};
    SEC_WINNT_AUTH_IDENTITY_W plain = {user, 5, domain, 7, password, 13, SEC_WINNT_AUTH_IDENTITY_UNICODE};
    (void)state;
    memcpy(ex2.list, list, 18);
    offers(&ex, "NTLM");
    offers(&ex2, "NTLM");
    ex.PackageListLength = 0;
    offers(&ex, "Kerberos");
    ex2.head.PackageListLength = 0;
    offers(&ex2, "Kerberos");
    offers(&plain, "NTLM"); /* no realm of that name has a KDC */
    offers(NULL, "Kerberos");
}

/* No ticket can be had for that service: NTLM takes over, and the trace says why. */
static void test_fallback(void **state)
{
    char line[1024];
    bool said = false;
    (void)state;
    setenv("SSPI_TRACE", kit_path("trace"), 1);
    trace_reset();
    open_both("", "ntlm");
    assert_status(kit_step(&a, SEALED, "host/nowhere", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    nego_assert_package(&a.context, "NTLM", SECPKG_NEGOTIATION_OPTIMISTIC);
    assert_status(step_b(&a), SEC_I_CONTINUE_NEEDED);
    assert_status(kit_step(&a, SEALED, "host/nowhere", b.token, b.token_size, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(step_b(&a), SEC_E_OK);
    assert_status(kit_step(&a, SEALED, "host/nowhere", b.token, b.token_size, NULL), SEC_E_OK);
    kit_exchange(&a.context, &b.context, "without a ticket", true);
    close_both();
    unsetenv("SSPI_TRACE");
    trace_reset();
    FILE *f = fopen(kit_path("trace"), "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        said |=
            strstr(line, " negotiate passed-over mechanism=Kerberos reason=\"no first token\" status=0x80") !=
            NULL;
    fclose(f);
    assert_true(said);

    /* Who may use nothing else hears Kerberos' reason. */
    assert_status(nego_open(&a, true, "kerberos", NULL), SEC_E_OK);
    SECURITY_STATUS status = kit_step(&a, SEALED, "host/nowhere", NULL, 0, NULL);
    assert_true(!SEC_SUCCESS(status) && status != SEC_E_NO_CREDENTIALS);
    kit_close(&a);
}

/* Whatever is wrong with Kerberos: a service that the KDC gives no tickets for, a cache that is none. */
static void test_fallback_reasons(void **state)
{
    static const char *const services[] = {"expired/server", "user/server"};
    static const char *const caches[] = {"DIR:/dev/null", "FILE:/", "NOSUCHTYPE:cache"};
    char *cache = strdup(getenv("KRB5CCNAME"));
    (void)state;
    assert_non_null(cache);
    realm_admin("addprinc -randkey -expire \"2020-01-01 00:00:00\" expired/server");
    realm_admin("addprinc -randkey -allow_svr user/server");
    for (size_t i = 0; i < 2; i++) {
        assert_status(nego_open(&a, true, "", NULL), SEC_E_OK);
        assert_status(kit_step(&a, SEALED, services[i], NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
        nego_assert_package(&a.context, "NTLM", SECPKG_NEGOTIATION_OPTIMISTIC);
        kit_close(&a);
        assert_status(nego_open(&a, true, "kerberos", NULL), SEC_E_OK);
        assert_status(kit_step(&a, SEALED, services[i], NULL, 0, NULL), SEC_E_TARGET_UNKNOWN);
        kit_close(&a);
    }
    for (size_t i = 0; i < 3; i++) {
        setenv("KRB5CCNAME", caches[i], 1);
        assert_status(nego_open(&a, true, "", NULL), SEC_E_OK);
        assert_status(kit_step(&a, SEALED, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
        nego_assert_package(&a.context, "NTLM", SECPKG_NEGOTIATION_OPTIMISTIC);
        kit_close(&a);
        assert_status(kit_open(&a, "Kerberos", true, NULL, NULL, NULL), SEC_E_NO_CREDENTIALS);
        kit_close(&a);
    }
    setenv("KRB5CCNAME", cache, 1);
    free(cache);
}

/* NTLM_USER_FILE gone: NTLM is nobody, and is not offered. */
static void test_nobody(void **state)
{
    struct negotiate_init m;
    (void)state;
    setenv("NTLM_USER_FILE", kit_path("no-such-file"), 1);
    assert_status(nego_open(&a, true, "", NULL), SEC_E_OK);
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    assert_true(negotiate_init_read((struct span){a.token, a.token_size}, &m));
    assert_int_equal(m.mech_count, 2); /* Kerberos' two names */
    kit_close(&a);
    assert_status(nego_open(&a, true, "ntlm", NULL), SEC_E_OK);
    assert_status(step_a(NULL), SEC_E_NO_CREDENTIALS);
    assert_false(a.has_context);
    kit_close(&a);
    setenv("NTLM_USER_FILE", kit_path("accounts"), 1);
}

/* ---- when credentials are acquired, and whose they are ---- */

/* How often the trace has that text. */
static unsigned traced(const char *text)
{
    char line[1024];
    unsigned count = 0;
    FILE *f = fopen(kit_path("trace"), "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        count += strstr(line, text) != NULL;
    fclose(f);
    return count;
}

static void trace_to_file(bool on)
{
    unlink(kit_path("trace"));
    if (on)
        setenv("SSPI_TRACE", kit_path("trace"), 1);
    else
        unsetenv("SSPI_TRACE");
    trace_reset();
}

/* With a password: by the first handshake that wants them, once each, and none that the list leaves out. */
static void test_acquired_late(void **state)
{
    (void)state;
    trace_to_file(true);
    assert_status(nego_open(&a, true, "ntlm", KIT_PASSWORD), SEC_E_OK);
    assert_int_equal(traced(" negotiate credential "), 0);
    for (int i = 0; i < 3; i++) {
        assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
        assert_status(DeleteSecurityContext(&a.context), SEC_E_OK);
        a.has_context = false;
        assert_int_equal(traced(" negotiate credential mechanism=NTLM use=0x2 explicit=1 "), 1);
        assert_int_equal(traced(" negotiate credential "), 1);
    }
    kit_close(&a);
    trace_to_file(false);
}

/* Without one: at once, so that they are those of the thread and the moment of AcquireCredentialsHandle. What
 * becomes of the environment afterwards changes nobody's identity. */
static void test_acquired_at_once(void **state)
{
    static const char *const names[] = {"EXAMPLE\\alice", "alice@" REALM};
    char *cache = strdup(getenv("KRB5CCNAME"));
    SecPkgContext_NamesA who;
    (void)state;
    kit_write_file("others", KIT_DOMAIN ":bob:battery staple\n");
    for (int kerberos = 0; kerberos < 2; kerberos++) {
        const char *list = kerberos ? "kerberos" : "ntlm";
        trace_to_file(true);
        open_both(list, list);
        assert_int_equal(traced(" negotiate credential "), 2);
        setenv("KRB5CCNAME", "FILE:/no/such/cache", 1);
        setenv("NTLM_USER_FILE", kit_path("others"), 1);
        assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
        setenv("KRB5CCNAME", cache, 1);
        setenv("NTLM_USER_FILE", kit_path("accounts"), 1);
        for (int leg = 0; leg < 3 && b.token_size + a.token_size; leg++) {
            SECURITY_STATUS status = leg % 2 ? step_a(&b) : step_b(&a);
            assert_true(SEC_SUCCESS(status));
            if (leg % 2 == 0 && status == SEC_E_OK)
                break;
        }
        assert_status(QueryContextAttributesA(&b.context, SECPKG_ATTR_NAMES, &who), SEC_E_OK);
        assert_string_equal(who.sUserName, names[kerberos]);
        FreeContextBuffer(who.sUserName);
        assert_int_equal(traced(" negotiate credential "), 2);
        close_both();
        trace_to_file(false);
    }
    free(cache);
}

/* An acceptor without a keytab is told so by the first token that wants one, not by AcquireCredentialsHandle,
 * and NTLM goes on. */
static void test_acquired_in_vain(void **state)
{
    char *keytab = strdup(getenv("KRB5_KTNAME"));
    (void)state;
    setenv("KRB5_KTNAME", "FILE:/no/such/keytab", 1);
    open_both("kerberos", "kerberos");
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    assert_false(SEC_SUCCESS(step_b(&a)));
    close_both();
    open_both("", "");
    assert_status(nego_shake(&a, SEALED, &b, ASC_SEALED, "host/server"), SEC_E_OK);
    nego_assert_package(&b.context, "NTLM", SECPKG_NEGOTIATION_COMPLETE);
    close_both();
    setenv("KRB5_KTNAME", keytab, 1);
    free(keytab);
}

/* The credential may go while its handshakes go on. */
static void test_credential_freed(void **state)
{
    (void)state;
    open_both("ntlm", "ntlm");
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(FreeCredentialsHandle(&a.credential), SEC_E_OK);
    assert_status(step_b(&a), SEC_I_CONTINUE_NEEDED);
    assert_status(FreeCredentialsHandle(&b.credential), SEC_E_OK);
    TimeStamp expiry;
    for (int leg = 0; leg < 3; leg++) {
        struct kit_side *to = leg % 2 ? &b : &a, *from = leg % 2 ? &a : &b;
        SecBuffer in = {(ULONG)from->token_size, SECBUFFER_TOKEN, from->token};
        SecBuffer out = {KIT_TOKEN_MAX, SECBUFFER_TOKEN, to->token};
        SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
        SECURITY_STATUS status =
            leg % 2 ? AcceptSecurityContext(NULL, &b.context, &input, ASC_SEALED, 0, &b.context, &output,
                                            &b.attributes, &expiry)
                    : InitializeSecurityContextA(NULL, &a.context, NULL, SEALED, 0, 0, &input, 0, &a.context,
                                                 &output, &a.attributes, &expiry);
        assert_status(status, leg == 0 ? SEC_I_CONTINUE_NEEDED : SEC_E_OK);
        to->token_size = out.cbBuffer;
    }
    kit_exchange(&a.context, &b.context, "they outlive it", true);
    a.has_credential = b.has_credential = false;
    close_both();
}

/* ---- tokens without SPNEGO ---- */

static void test_raw(void **state)
{
    static const char *const packages[] = {"NTLM", "Kerberos"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_status(kit_open(&a, packages[i], true, NULL, NULL, NULL), SEC_E_OK);
        assert_status(nego_open(&b, false, "", NULL), SEC_E_OK);
        assert_status(nego_shake(&a, SEALED | ISC_REQ_MUTUAL_AUTH, &b, ASC_SEALED, "host/server"), SEC_E_OK);
        nego_assert_package(&b.context, packages[i], SECPKG_NEGOTIATION_DIRECT);
        kit_exchange(&a.context, &b.context, "directly", true);
        kit_exchange(&b.context, &a.context, "and back", true);
        close_both();
        /* Not where the list leaves it out. */
        assert_status(kit_open(&a, packages[i], true, NULL, NULL, NULL), SEC_E_OK);
        assert_status(nego_open(&b, false, i ? "ntlm" : "kerberos", NULL), SEC_E_OK);
        SECURITY_STATUS status = kit_step(&a, SEALED, "host/server", NULL, 0, NULL);
        assert_true(SEC_SUCCESS(status));
        assert_status(step_b(&a), SEC_E_SECPKG_NOT_FOUND);
        close_both();
    }
}

/* DCE style: a bare AP-REQ, and three legs of bare messages. */
static void test_bare(void **state)
{
    const ULONG isc = SEALED | ISC_REQ_MUTUAL_AUTH | ISC_REQ_USE_DCE_STYLE;
    (void)state;
    assert_status(kit_open(&a, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(nego_open(&b, false, "", NULL), SEC_E_OK);
    assert_status(kit_step(&a, isc, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(a.token[0], 0x6e); /* AP-REQ, no frame */
    assert_status(kit_step(&b, ASC_SEALED | ASC_REQ_USE_DCE_STYLE, NULL, a.token, a.token_size, NULL),
                  SEC_I_CONTINUE_NEEDED);
    nego_assert_package(&b.context, "Kerberos", SECPKG_NEGOTIATION_DIRECT);
    assert_status(kit_step(&a, isc, "host/server", b.token, b.token_size, NULL), SEC_E_OK);
    assert_status(kit_step(&b, ASC_SEALED | ASC_REQ_USE_DCE_STYLE, NULL, a.token, a.token_size, NULL),
                  SEC_E_OK);
    assert_int_equal(b.token_size, 0);
    kit_exchange(&a.context, &b.context, "bare", true);
    kit_exchange(&b.context, &a.context, "and back", true);
    close_both();
}

/* An acceptor that speaks first, and an initiator that listens. */
static void test_hints(void **state)
{
    struct negotiate_init m;
    (void)state;
    open_both("", "");
    assert_status(step_b(NULL), SEC_I_CONTINUE_NEEDED);
    assert_true(negotiate_init_read((struct span){b.token, b.token_size}, &m));
    assert_true(m.hinted);
    assert_int_equal(m.hint_name.size, 36);
    assert_null(m.hint_address.data);
    assert_int_equal(m.mech_count, 3);
    assert_status(step_a(&b), SEC_I_CONTINUE_NEEDED);
    assert_status(step_b(&a), SEC_E_OK);
    assert_status(step_a(&b), SEC_E_OK);
    kit_exchange(&a.context, &b.context, "after hints", true);
    close_both();
    /* Twice is once too often. */
    assert_status(nego_open(&b, false, "", NULL), SEC_E_OK);
    assert_status(step_b(NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(step_b(NULL), SEC_E_INVALID_TOKEN);
    kit_close(&b);
}

/* ---- the wrong time ---- */

static void test_order(void **state)
{
    static uint8_t first[KIT_TOKEN_MAX];
    (void)state;
    open_both("ntlm", "ntlm");
    /* NegTokenResp first; an initiator that is given NegTokenResp first. */
    static const uint8_t resp[] = {0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x01};
    assert_status(kit_step(&b, ASC_SEALED, NULL, resp, sizeof resp, NULL), SEC_E_INVALID_TOKEN);
    assert_status(kit_step(&a, SEALED, NULL, resp, sizeof resp, NULL), SEC_E_INVALID_TOKEN);
    assert_false(a.has_context || b.has_context);
    /* NegTokenInit twice. */
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(step_b(&a), SEC_I_CONTINUE_NEEDED);
    memcpy(first, a.token, a.token_size);
    assert_status(kit_step(&b, ASC_SEALED, NULL, first, a.token_size, NULL), SEC_E_INVALID_TOKEN);
    assert_status(step_b(&a), SEC_E_INVALID_HANDLE);
    kit_close(&b);
    /* One's own token back. */
    assert_status(kit_step(&a, SEALED, NULL, first, a.token_size, NULL), SEC_E_INVALID_TOKEN);
    uint8_t token[64];
    ULONG size = sizeof token;
    assert_status(kit_sign(&a.context, "x", 1, token, &size), SEC_E_INVALID_HANDLE);
    kit_close(&a);
    /* Messages before the mechListMIC was checked; steps after the end. */
    open_both("ntlm", "ntlm");
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(step_b(&a), SEC_I_CONTINUE_NEEDED);
    assert_status(step_a(&b), SEC_I_CONTINUE_NEEDED);
    size = sizeof token;
    assert_status(kit_sign(&a.context, "x", 1, token, &size), SEC_E_INVALID_HANDLE);
    assert_status(step_b(&a), SEC_E_OK);
    assert_status(step_a(&b), SEC_E_OK);
    assert_status(step_a(&b), SEC_E_OUT_OF_SEQUENCE);
    assert_status(step_b(&a), SEC_E_OUT_OF_SEQUENCE);
    kit_exchange(&a.context, &b.context, "still there", true);
    close_both();
    /* Datagrams have no SPNEGO. */
    assert_status(nego_open(&a, true, "ntlm", NULL), SEC_E_OK);
    assert_status(kit_step(&a, SEALED | ISC_REQ_DATAGRAM, NULL, NULL, 0, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    kit_close(&a);
}

static SECURITY_STATUS last_token(SecPkgContext_LastClientTokenStatus *last)
{
    return QueryContextAttributesA(&b.context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, last);
}

/* A handshake that fails: the trace names the mechanism and its status; what the context answers before and
 * after; it is deleted once. */
static void test_failure(void **state)
{
    SecPkgContext_LastClientTokenStatus last;
    SecPkgContext_NegotiationInfoA info;
    SecPkgContext_NamesA names;
    SecPkgContext_Sizes sizes;
    (void)state;
    trace_to_file(true);
    assert_status(nego_open(&a, true, "ntlm", "wrong"), SEC_E_OK);
    assert_status(nego_open(&b, false, "ntlm", NULL), SEC_E_OK);
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(step_b(&a), SEC_I_CONTINUE_NEEDED);
    assert_status(last_token(&last), SEC_E_OK);
    assert_int_equal(last.LastClientTokenStatus, SecPkgAttrLastClientTokenMaybe);
    assert_status(QueryContextAttributesA(&b.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
    assert_status(step_a(&b), SEC_I_CONTINUE_NEEDED);
    assert_status(step_b(&a), SEC_E_LOGON_DENIED);
    assert_int_equal(traced(" negotiate mechanism-step mechanism=NTLM "), 4);
    assert_int_equal(traced(" answer=0 status=0x8009030c"), 1);
    assert_status(last_token(&last), SEC_E_OK);
    assert_int_equal(last.LastClientTokenStatus, SecPkgAttrLastClientTokenNo);
    assert_status(QueryContextAttributesA(&b.context, SECPKG_ATTR_NEGOTIATION_INFO, &info),
                  SEC_E_INVALID_HANDLE);
    assert_status(QueryContextAttributesA(&b.context, SECPKG_ATTR_NAMES, &names), SEC_E_INVALID_HANDLE);
    assert_status(step_b(&a), SEC_E_INVALID_HANDLE);
    assert_status(DeleteSecurityContext(&b.context), SEC_E_OK);
    assert_status(DeleteSecurityContext(&b.context), SEC_E_INVALID_HANDLE);
    b.has_context = false;
    close_both();
    trace_to_file(false);
    open_both("ntlm", "ntlm");
    assert_status(nego_shake(&a, SEALED, &b, ASC_SEALED, "host/server"), SEC_E_OK);
    assert_status(last_token(&last), SEC_E_OK);
    assert_int_equal(last.LastClientTokenStatus, SecPkgAttrLastClientTokenYes);
    close_both();
}

/* Who wants to tell the peer why gets a token with the failure; the peer believes it. */
static void test_reject(void **state)
{
    struct negotiate_resp m;
    (void)state;
    open_both("ntlm", "ntlm");
    kit_close(&a);
    assert_status(nego_open(&a, true, "ntlm", "wrong"), SEC_E_OK);
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(kit_step(&b, ASC_SEALED | ASC_REQ_EXTENDED_ERROR, NULL, a.token, a.token_size, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_status(step_a(&b), SEC_I_CONTINUE_NEEDED);
    SecBuffer in = {(ULONG)a.token_size, SECBUFFER_TOKEN, a.token},
              out = {KIT_TOKEN_MAX, SECBUFFER_TOKEN, b.token};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    assert_status(AcceptSecurityContext(&b.credential, &b.context, &input,
                                        ASC_SEALED | ASC_REQ_EXTENDED_ERROR, 0, &b.context, &output,
                                        &b.attributes, NULL),
                  SEC_E_LOGON_DENIED);
    assert_true(b.attributes & ASC_RET_EXTENDED_ERROR);
    assert_true(negotiate_resp_read((struct span){b.token, out.cbBuffer}, &m));
    assert_int_equal(m.state, NEGOTIATE_REJECT);
    b.token_size = out.cbBuffer;
    assert_status(step_a(&b), SEC_E_LOGON_DENIED);
    close_both();
}

/* Channel bindings reach the mechanism. */
static SECURITY_STATUS bound_pair(const char *list, const char *ours, const char *theirs)
{
    uint8_t bytes[2][sizeof(SEC_CHANNEL_BINDINGS) + 16];
    const char *const texts[2] = {ours, theirs};
    SecBuffer bindings[2];
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    for (int i = 0; i < 2; i++) {
        SEC_CHANNEL_BINDINGS head = {.cbApplicationDataLength = (ULONG)strlen(texts[i]),
                                     .dwApplicationDataOffset = sizeof head};
        memcpy(bytes[i], &head, sizeof head);
        memcpy(bytes[i] + sizeof head, texts[i], strlen(texts[i]));
        bindings[i] =
            (SecBuffer){(ULONG)(sizeof head + strlen(texts[i])), SECBUFFER_CHANNEL_BINDINGS, bytes[i]};
    }
    open_both(list, list);
    for (int leg = 0; leg < 5 && SEC_SUCCESS(status); leg++) {
        struct kit_side *to = leg % 2 ? &b : &a, *from = leg % 2 ? &a : &b;
        bool last = leg > 0 && from->token_size == 0;
        if (last)
            break;
        status = kit_step(to, leg % 2 ? ASC_SEALED : SEALED, "host/server", leg ? from->token : NULL,
                          from->token_size, &bindings[leg % 2]);
        if (status == SEC_E_OK && to->token_size == 0)
            break;
    }
    close_both();
    return status;
}

static void test_bindings(void **state)
{
    (void)state;
    assert_status(bound_pair("ntlm", "tls-unique:1", "tls-unique:1"), SEC_E_OK);
    assert_status(bound_pair("ntlm", "tls-unique:1", "tls-unique:2"), SEC_E_BAD_BINDINGS);
    assert_status(bound_pair("kerberos", "tls-unique:1", "tls-unique:1"), SEC_E_OK);
    assert_status(bound_pair("kerberos", "tls-unique:1", "tls-unique:2"), SEC_E_BAD_BINDINGS);
}

/* Threads share credentials that are acquired when the first of them wants one. */
static void *shaking(void *arg)
{
    const struct kit_side *from = arg;
    for (int i = 0; i < 40; i++) {
        struct kit_side x = {.initiator = true, .credential = from[0].credential};
        struct kit_side y = {.initiator = false, .credential = from[1].credential};
        x.token = malloc(KIT_TOKEN_MAX);
        y.token = malloc(KIT_TOKEN_MAX);
        SECURITY_STATUS status = nego_shake(&x, SEALED, &y, ASC_SEALED, "host/server");
        kit_close(&x);
        kit_close(&y);
        if (status != SEC_E_OK)
            return arg;
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[8];
    struct kit_side sides[2];
    void *failed;
    (void)state;
    assert_status(nego_open(&sides[0], true, "ntlm", KIT_PASSWORD), SEC_E_OK);
    assert_status(nego_open(&sides[1], false, "ntlm", NULL), SEC_E_OK);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, shaking, sides), 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    kit_close(&sides[0]);
    kit_close(&sides[1]);
}

/* A TOKEN without room: the step fails and says why. */
static void test_room(void **state)
{
    uint8_t small[20];
    SecBuffer out = {sizeof small, SECBUFFER_TOKEN, small};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;
    (void)state;
    assert_status(nego_open(&a, true, "ntlm", NULL), SEC_E_OK);
    assert_status(InitializeSecurityContextA(&a.credential, NULL, NULL, SEALED, 0, 0, NULL, 0, &a.context,
                                             &output, &attributes, NULL),
                  SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(out.cbBuffer, sizeof small);
    out.cbBuffer = 0;
    out.pvBuffer = NULL;
    assert_status(InitializeSecurityContextA(&a.credential, NULL, NULL, SEALED | ISC_REQ_ALLOCATE_MEMORY, 0,
                                             0, NULL, 0, &a.context, &output, &attributes, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_true(out.cbBuffer > 40 && out.pvBuffer);
    FreeContextBuffer(out.pvBuffer);
    assert_status(DeleteSecurityContext(&a.context), SEC_E_OK);
    kit_close(&a);
}

/* As many buffers as a call can have, most of them nobody's. */
static void test_many_buffers(void **state)
{
    TimeStamp expiry;
    (void)state;
    open_both("ntlm", "ntlm");
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    SecBuffer in[64] = {{0}}, out = {KIT_TOKEN_MAX, SECBUFFER_TOKEN, b.token};
    in[40] = (SecBuffer){(ULONG)a.token_size, SECBUFFER_TOKEN, a.token};
    SecBufferDesc input = {SECBUFFER_VERSION, 64, in}, output = {SECBUFFER_VERSION, 1, &out};
    assert_status(AcceptSecurityContext(&b.credential, NULL, &input, ASC_SEALED, 0, &b.context, &output,
                                        &b.attributes, &expiry),
                  SEC_I_CONTINUE_NEEDED);
    b.has_context = true;
    close_both();
}

/* ---- memory ---- */

static struct {
    size_t allowed;
    bool once, failed;
} memory;

static bool gate(void *arg, size_t size)
{
    (void)arg, (void)size;
    if (memory.allowed > 0) {
        memory.allowed--;
        return true;
    }
    bool fails = !memory.once || !memory.failed;
    memory.failed = true;
    return !fails;
}

/* From each allocation of a whole conversation on all fail, or that one alone: the status says so, nothing
 * stays, and no other package steps in. */
static void each_allocation(const char *list, const char *others, const char *password, const char *package,
                            bool once)
{
    SECURITY_STATUS status;
    size_t tries = 0;
    open_both(list, others);
    assert_status(nego_shake(&a, SEALED, &b, ASC_SEALED, "host/server"), SEC_E_OK);
    close_both();
    size_t live = mem_live();
    for (memory.failed = true; memory.failed; tries++) {
        memory.allowed = tries;
        memory.failed = false;
        memory.once = once;
        mem_test_gate = gate;
        status = nego_open(&a, true, list, password);
        SECURITY_STATUS other = nego_open(&b, false, others, NULL);
        if (status == SEC_E_OK && (status = other) == SEC_E_OK)
            status = nego_shake(&a, SEALED, &b, ASC_SEALED, "host/server");
        mem_test_gate = NULL;
        if (memory.failed)
            assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        else
            nego_assert_package(&a.context, package, SECPKG_NEGOTIATION_COMPLETE);
        close_both();
        assert_int_equal(mem_live(), live);
    }
    print_message("# \"%s\" and \"%s\": %zu allocations\n", list, others, tries);
    assert_status(status, SEC_E_OK);
    assert_true(tries > 30);
}

static void test_memory(void **state)
{
    (void)state;
    for (int once = 0; once <= 1; once++) {
        each_allocation("ntlm", "ntlm", KIT_PASSWORD, "NTLM", once);
        each_allocation("ntlm", "ntlm", NULL, "NTLM", once);
        each_allocation("kerberos", "kerberos", NULL, "Kerberos", once);
        each_allocation("", "", NULL, "Kerberos", once);
        each_allocation("", "ntlm", NULL, "NTLM", once);
        reversed = true;
        each_allocation("", "kerberos", NULL, "Kerberos", once);
        reversed = false;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_package_list),
        cmocka_unit_test(test_structures),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_fallback_reasons),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_credential_freed),
        cmocka_unit_test(test_acquired_late),
        cmocka_unit_test(test_acquired_at_once),
        cmocka_unit_test(test_acquired_in_vain),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_hints),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_reject),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_bare),
        cmocka_unit_test(test_bindings),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_many_buffers),
        cmocka_unit_test(test_memory),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
