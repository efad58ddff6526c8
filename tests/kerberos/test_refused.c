/* SPDX-License-Identifier: MIT */
/*
 * What is refused, with which status, and that the trace says what to do: no tickets, unknown names, wrong
 * keys, wrong passwords, wrong clocks, a realm that is gone, bindings, and bytes that are no token.
 */
#include "realm.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer.h"

enum { SIGN = ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH };

/* ---- helpers ---- */

/* What the trace got since the last call. */
static const char *new_trace(void)
{
    static char text[65536];
    static off_t seen;
    int fd = open(kit_path("trace"), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    off_t end = lseek(fd, 0, SEEK_END);
    if (end - seen > (off_t)sizeof text - 1)
        seen = end - (off_t)sizeof text + 1;
    ssize_t n = pread(fd, text, sizeof text - 1, seen);
    close(fd);
    assert_true(n >= 0);
    seen += n;
    text[n] = 0;
    return text;
}

/* The failure's line has MIT's text or ours, and advice with that word. */
static void assert_advice(const char *word)
{
    const char *trace = new_trace(), *advice = strstr(trace, "advice=\"");
    if (!advice || !strstr(advice, word))
        fail_msg("no advice with \"%s\" in:\n%s", word, trace);
    assert_non_null(strstr(trace, "text=\""));
}

static SECURITY_STATUS first_step(const char *target, const char *domain, const char *user,
                                  const char *password)
{
    struct kit_side side;
    SECURITY_STATUS status = kit_open(&side, "Kerberos", true, domain, user, password);
    if (status == SEC_E_OK)
        status = kit_step(&side, SIGN, target, NULL, 0, NULL);
    kit_close(&side);
    return status;
}

/* The acceptor's answer to our first token for that target. */
static SECURITY_STATUS accepted(const char *target)
{
    struct kit_side initiator, acceptor;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, SIGN, target, NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    SECURITY_STATUS status = kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL);
    if (status == SEC_E_OK)
        status = kit_step(&acceptor, 0, NULL, initiator.token, initiator.token_size, NULL);
    kit_close(&initiator);
    kit_close(&acceptor);
    return status;
}

static char *changed_variable(const char *name, const char *value)
{
    char *old = strdup(getenv(name));
    assert_non_null(old);
    setenv(name, value, 1);
    return old;
}

static void restore_variable(const char *name, char *old)
{
    setenv(name, old, 1);
    free(old);
}

/* ---- credentials and names ---- */

static void test_no_ticket(void **state)
{
    (void)state;
    struct kit_side side;
    char *old = changed_variable("KRB5CCNAME", "FILE:/nonexistent/cache");
    new_trace();
    assert_status(kit_open(&side, "Kerberos", true, NULL, NULL, NULL), SEC_E_NO_CREDENTIALS);
    assert_advice("kinit");
    kit_close(&side);
    restore_variable("KRB5CCNAME", old);
}

static void test_no_keytab(void **state)
{
    (void)state;
    struct kit_side side;
    char *old = changed_variable("KRB5_KTNAME", "FILE:/nonexistent/keytab");
    new_trace();
    assert_status(kit_open(&side, "Kerberos", false, NULL, NULL, NULL), SEC_E_NO_CREDENTIALS);
    assert_advice("KRB5_KTNAME");
    kit_close(&side);
    restore_variable("KRB5_KTNAME", old);
}

static void test_targets(void **state)
{
    static const char *const bad[] = {"nobody/server",
                                      "host/unknown.test.example",
                                      "",
                                      "/",
                                      "host/",
                                      "/server",
                                      "a//b",
                                      "host/server/",
                                      "a/b/c/d",
                                      "service@",
                                      "@server",
                                      "a@b@c",
                                      "host/ser ver",
                                      "DOMAIN\\",
                                      "\\user",
                                      "a\\b/c"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        print_message("# '%s'\n", bad[i]);
        assert_status(first_step(bad[i], NULL, NULL, NULL), SEC_E_TARGET_UNKNOWN);
    }
    assert_status(first_step(NULL, NULL, NULL, NULL), SEC_E_TARGET_UNKNOWN);
    new_trace();
    assert_status(first_step("nobody/server", NULL, NULL, NULL), SEC_E_TARGET_UNKNOWN);
    assert_advice("target name");
}

static void test_passwords(void **state)
{
    static const struct {
        const char *domain, *user, *password;
        SECURITY_STATUS status;
    } cases[] = {
        {REALM, KIT_USER, KIT_PASSWORD, SEC_I_CONTINUE_NEEDED},
        {"test.example", KIT_USER, KIT_PASSWORD, SEC_I_CONTINUE_NEEDED},
        {"", KIT_USER, KIT_PASSWORD, SEC_I_CONTINUE_NEEDED},
        {"", KIT_USER "@" REALM, KIT_PASSWORD, SEC_I_CONTINUE_NEEDED},
        {"", REALM "\\" KIT_USER, KIT_PASSWORD, SEC_I_CONTINUE_NEEDED},
        {REALM, KIT_USER, "wrong", SEC_E_LOGON_DENIED},
        {REALM, KIT_USER, "", SEC_E_LOGON_DENIED},
        {REALM, "nobody", KIT_PASSWORD, SEC_E_LOGON_DENIED},
        {"NO.SUCH.REALM", KIT_USER, KIT_PASSWORD, SEC_E_NO_AUTHENTICATING_AUTHORITY},
    };
    (void)state;
    char *old = changed_variable("KRB5CCNAME", "FILE:/nonexistent/cache");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("# %s %s\n", cases[i].domain, cases[i].user);
        assert_status(first_step("host/server", cases[i].domain, cases[i].user, cases[i].password),
                      cases[i].status);
    }
    new_trace();
    assert_status(first_step("host/server", REALM, KIT_USER, "wrong"), SEC_E_LOGON_DENIED);
    assert_advice("password");
    restore_variable("KRB5CCNAME", old);
}

/* ---- keys ---- */

static void test_keys(void **state)
{
    (void)state;
    char name[256];
    new_trace();
    assert_status(accepted("orphan/server"), SEC_E_WRONG_PRINCIPAL);
    assert_advice("keytab");

    /* A key of the right name and number that is not the KDC's. */
    snprintf(name, sizeof name,
             "addent -password -p orphan/server@" REALM " -k 1 -e aes256-cts-hmac-sha1-96\nwrong\n"
             "addent -password -p orphan/server@" REALM " -k 1 -e aes128-cts-hmac-sha1-96\nwrong\n"
             "wkt %s\n",
             kit_path("wrong-keytab"));
    realm_run(name, (const char *const[]){"/usr/bin/ktutil", NULL});
    snprintf(name, sizeof name, "FILE:%s", kit_path("wrong-keytab"));
    char *old = changed_variable("KRB5_KTNAME", name);
    assert_status(accepted("orphan/server"), SEC_E_LOGON_DENIED);
    assert_advice("keytab");
    assert_status(accepted("host/server"), SEC_E_WRONG_PRINCIPAL);
    restore_variable("KRB5_KTNAME", old);

    /* The KDC has a newer one. */
    realm_admin("addprinc -randkey moved/server");
    snprintf(name, sizeof name, "ktadd -k %s -norandkey moved/server", kit_path("keytab"));
    realm_admin(name);
    realm_admin("cpw -randkey moved/server");
    new_trace();
    assert_status(accepted("moved/server"), SEC_E_LOGON_DENIED);
    assert_advice("export the service's key again");
}

/* Without allow_rc4 neither side uses it, whatever krb5.conf and the KDC offer. */
static void test_rc4(void **state)
{
    (void)state;
    realm_prefer(23);
    new_trace();
    assert_status(first_step("t23/server", NULL, NULL, NULL), SEC_E_KDC_UNKNOWN_ETYPE);
    assert_advice("permitted_enctypes");
    realm_prefer(0);
}

/* ---- bytes ---- */

static void test_garbage(void **state)
{
    static const uint8_t ntlm[] = "NTLMSSP\0\1\0\0\0\0\0\0\0",
                         spnego[] = "\x60\x08\x06\x06\x2b\x06\x01\x05\x05\x02";
    uint8_t bytes[2048];
    struct kit_side acceptor, initiator;
    (void)state;
    for (size_t size = 0; size < 200; size++) {
        assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
        kit_fill(bytes, size, (uint32_t)size);
        assert_status(kit_step(&acceptor, 0, NULL, bytes, size, NULL), SEC_E_INVALID_TOKEN);
        kit_close(&acceptor);
    }
    assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&acceptor, 0, NULL, ntlm, sizeof ntlm - 1, NULL), SEC_E_INVALID_TOKEN);
    assert_status(kit_step(&acceptor, 0, NULL, spnego, sizeof spnego - 1, NULL), SEC_E_INVALID_TOKEN);
    kit_close(&acceptor);

    /* A genuine token cut short, anywhere. */
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, SIGN, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    for (size_t size = 0; size < initiator.token_size; size++) {
        assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
        assert_status(kit_step(&acceptor, 0, NULL, initiator.token, size, NULL), SEC_E_INVALID_TOKEN);
        kit_close(&acceptor);
    }
    /* Framed as ours, but no AP-REQ. */
    size_t tok_id = initiator.token[1] & 0x80 ? 13u + (initiator.token[1] & 0x7f) : 13;
    assert_int_equal(initiator.token[tok_id], 1);
    for (unsigned id = 0; id < 0x600; id++) {
        if (id == 0x100)
            continue;
        initiator.token[tok_id] = (uint8_t)(id >> 8);
        initiator.token[tok_id + 1] = (uint8_t)id;
        assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
        assert_status(kit_step(&acceptor, 0, NULL, initiator.token, initiator.token_size, NULL),
                      SEC_E_INVALID_TOKEN);
        kit_close(&acceptor);
    }
    kit_close(&initiator);
}

/*
 * The initiator's: nothing that was changed in the acceptor's answer establishes, with one exception. The
 * encryption type beside the encrypted part is not protected and MIT does not look at it; the session is the
 * genuine one.
 */
static void test_altered_reply(void **state)
{
    struct kit_side initiator, acceptor;
    unsigned passed = 0;
    (void)state;
    for (size_t at = 0;; at++) {
        assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
        assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
        assert_status(kit_step(&initiator, SIGN, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
        assert_status(kit_step(&acceptor, 0, NULL, initiator.token, initiator.token_size, NULL), SEC_E_OK);
        bool end = at == acceptor.token_size;
        if (!end)
            acceptor.token[at] ^= (uint8_t)(1u << at % 8);
        SECURITY_STATUS status =
            kit_step(&initiator, SIGN, "host/server", acceptor.token, acceptor.token_size, NULL);
        if (end || status == SEC_E_OK) {
            assert_status(status, SEC_E_OK);
            kit_exchange(&acceptor.context, &initiator.context, "genuine all the same", false);
            passed += !end;
        } else if (status != SEC_E_INVALID_TOKEN && status != SEC_E_MESSAGE_ALTERED &&
                   status != SEC_E_KDC_UNKNOWN_ETYPE)
            fail_msg("byte %zu of the reply: 0x%08x", at, (unsigned)status);
        kit_close(&initiator);
        kit_close(&acceptor);
        if (end)
            break;
    }
    assert_in_range(passed, 0, 1);
}

/*
 * The acceptor's: a ticket's clear text parts are not protected (RFC 4120 section 5.3), so a changed name of
 * the service may still find its key. What is established then is the genuine session all the same.
 */
static void test_altered_request(void **state)
{
    struct kit_side initiator, acceptor;
    unsigned passed = 0;
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, ISC_REQ_INTEGRITY, "host/server", NULL, 0, NULL), SEC_E_OK);
    size_t size = initiator.token_size;
    for (size_t at = 0; at < size; at++) {
        assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
        initiator.token[at] ^= (uint8_t)(1u << at % 8);
        SECURITY_STATUS status = kit_step(&acceptor, 0, NULL, initiator.token, size, NULL);
        initiator.token[at] ^= (uint8_t)(1u << at % 8);
        if (status == SEC_E_OK) {
            passed++;
            kit_exchange(&initiator.context, &acceptor.context, "genuine all the same", false);
        } else if (status == SEC_E_INTERNAL_ERROR || status == SEC_E_INVALID_HANDLE) {
            fail_msg("byte %zu of the request: 0x%08x", at, (unsigned)status);
        }
        kit_close(&acceptor);
    }
    /* The name, realm, key number and flags without meaning. */
    assert_in_range(passed, 0, 64);
    kit_close(&initiator);
}

/* With a replay cache, as servers have one, a token is good once. */
static void test_replayed_request(void **state)
{
    struct kit_side initiator, acceptor;
    char name[256];
    (void)state;
    snprintf(name, sizeof name, "file2:%s", kit_path("replay-cache"));
    char *old = changed_variable("KRB5RCACHENAME", name);
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, SIGN, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    for (int i = 0; i < 3; i++) {
        new_trace();
        assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
        assert_status(kit_step(&acceptor, 0, NULL, initiator.token, initiator.token_size, NULL),
                      i == 0 ? SEC_E_OK : SEC_E_OUT_OF_SEQUENCE);
        kit_close(&acceptor);
    }
    assert_advice("before");
    kit_close(&initiator);
    restore_variable("KRB5RCACHENAME", old);
}

/* ---- channel bindings ---- */

static SecBuffer bindings(uint8_t room[128], const char *text)
{
    SEC_CHANNEL_BINDINGS header = {
        .cbApplicationDataLength = (ULONG)strlen(text),
        .dwApplicationDataOffset = sizeof header,
    };
    memcpy(room, &header, sizeof header);
    memcpy(room + sizeof header, text, strlen(text));
    return (SecBuffer){(ULONG)(sizeof header + strlen(text)), SECBUFFER_CHANNEL_BINDINGS, room};
}

static SECURITY_STATUS bound(const char *ours, const char *theirs, ULONG asc)
{
    uint8_t one[128], two[128];
    struct kit_side initiator, acceptor;
    SecBuffer a, b;
    if (ours)
        a = bindings(one, ours);
    if (theirs)
        b = bindings(two, theirs);
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, SIGN, "host/server", NULL, 0, ours ? &a : NULL),
                  SEC_I_CONTINUE_NEEDED);
    SECURITY_STATUS status =
        kit_step(&acceptor, asc, NULL, initiator.token, initiator.token_size, theirs ? &b : NULL);
    kit_close(&initiator);
    kit_close(&acceptor);
    return status;
}

/* In DCE style, where the acceptor knows of the client's bindings only at the end; late: they are given to it
 * then and not before. */
static SECURITY_STATUS bound_dce(const char *ours, const char *theirs, ULONG asc, bool late)
{
    uint8_t one[128], two[128];
    struct kit_side initiator, acceptor;
    SecBuffer a = bindings(one, ours ? ours : ""), b = bindings(two, theirs ? theirs : "");
    SecBuffer *first = theirs && !late ? &b : NULL, *last = theirs && late ? &b : NULL;
    ULONG isc = SIGN | ISC_REQ_USE_DCE_STYLE;
    asc |= ASC_REQ_USE_DCE_STYLE;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, isc, "host/server", NULL, 0, ours ? &a : NULL), SEC_I_CONTINUE_NEEDED);
    SECURITY_STATUS status = kit_step(&acceptor, asc, NULL, initiator.token, initiator.token_size, first);
    if (status == SEC_I_CONTINUE_NEEDED) {
        assert_status(
            kit_step(&initiator, isc, "host/server", acceptor.token, acceptor.token_size, ours ? &a : NULL),
            SEC_E_OK);
        status = kit_step(&acceptor, asc, NULL, initiator.token, initiator.token_size, last);
    }
    kit_close(&initiator);
    kit_close(&acceptor);
    return status;
}

static void test_bindings_dce(void **state)
{
    (void)state;
    assert_status(bound_dce(NULL, NULL, 0, false), SEC_E_OK);
    assert_status(bound_dce("tls-unique:1", "tls-unique:1", 0, false), SEC_E_OK);
    assert_status(bound_dce("tls-unique:1", "tls-unique:2", 0, false), SEC_E_BAD_BINDINGS);
    assert_status(bound_dce(NULL, "tls-unique:2", 0, false), SEC_E_BAD_BINDINGS);
    assert_status(bound_dce(NULL, "tls-unique:2", ASC_REQ_ALLOW_MISSING_BINDINGS, false), SEC_E_OK);
    assert_status(bound_dce("tls-unique:1", NULL, 0, false), SEC_E_OK);
    /* What comes late was compared with nothing. */
    assert_status(bound_dce("tls-unique:1", "tls-unique:2", 0, true), SEC_E_BAD_BINDINGS);
    assert_status(bound_dce(NULL, "tls-unique:2", 0, true), SEC_E_BAD_BINDINGS);
}

static void test_bindings(void **state)
{
    (void)state;
    assert_status(bound("tls-unique:1", "tls-unique:1", 0), SEC_E_OK);
    new_trace();
    assert_status(bound("tls-unique:1", "tls-unique:2", 0), SEC_E_BAD_BINDINGS);
    assert_advice("channel");
    assert_status(bound("tls-unique:1", "tls-unique:2", ASC_REQ_ALLOW_MISSING_BINDINGS), SEC_E_BAD_BINDINGS);
    assert_status(bound(NULL, "tls-unique:2", 0), SEC_E_BAD_BINDINGS);
    assert_advice("ASC_REQ_ALLOW_MISSING_BINDINGS");
    assert_status(bound(NULL, "tls-unique:2", ASC_REQ_ALLOW_MISSING_BINDINGS), SEC_E_OK);
    assert_status(bound("tls-unique:1", NULL, 0), SEC_E_OK);

    /* Lengths and offsets that lead outside. */
    uint8_t room[128];
    struct kit_side initiator;
    for (int i = 0; i < 6; i++) {
        SecBuffer b = bindings(room, "tls-unique:1");
        ULONG word = i % 2 ? 0xfffffff0 : 40;
        memcpy(room + 4 * (i < 2 ? 6 : i < 4 ? 1 : 4), &word, 4);
        if (i >= 4)
            b.cbBuffer = 31;
        assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
        assert_status(kit_step(&initiator, SIGN, "host/server", NULL, 0, &b), SEC_E_BAD_BINDINGS);
        kit_close(&initiator);
    }
}

/* ---- clocks: this program again, in another time ---- */

#ifdef FAKETIME
/* initiate: prints the first step's status. accept: the same of a token on standard input. */
static int other_time(const char *way)
{
    static uint8_t token[KIT_TOKEN_MAX];
    struct kit_side side;
    SECURITY_STATUS status;
    if (strcmp(way, "initiate") == 0) {
        status = first_step("host/server", NULL, NULL, NULL);
    } else {
        ssize_t size = read(0, token, sizeof token);
        status = kit_open(&side, "Kerberos", false, NULL, NULL, NULL);
        if (status == SEC_E_OK)
            status = kit_step(&side, 0, NULL, token, size > 0 ? (size_t)size : 0, NULL);
        kit_close(&side);
    }
    return write(1, &status, sizeof status) == sizeof status ? 0 : 1;
}

static SECURITY_STATUS in_time(const char *offset, const char *way, const void *token, size_t size)
{
    const char *const argv[] = {"/proc/self/exe", way, NULL};
    char texts[8][256];
    const char *list[9] = {NULL};
    static const char *const names[] = {"KRB5_CONFIG",    "KRB5CCNAME",     "KRB5_KTNAME",
                                        "KRB5RCACHENAME", "KRB5RCACHETYPE", "SSPI_TRACE"};
    struct peer peer;
    SECURITY_STATUS status;
    for (size_t i = 0; i < 6; i++) {
        snprintf(texts[i], sizeof texts[i], "%s=%s", names[i], getenv(names[i]));
        list[i] = texts[i];
    }
    list[6] = "LD_PRELOAD=" FAKETIME;
    snprintf(texts[7], sizeof texts[7], "FAKETIME=%s", offset);
    list[7] = texts[7];
    peer_start(&peer, argv, list);
    peer_write(&peer, token, size);
    peer_read(&peer, &status, sizeof status);
    peer_stop(&peer, false);
    return status;
}

static void test_clocks(void **state)
{
    struct kit_side initiator;
    (void)state;
    assert_status(in_time("+0", "initiate", NULL, 0), SEC_I_CONTINUE_NEEDED);
    /* Our ticket has ended long ago. */
    new_trace();
    assert_status(in_time("+11h", "initiate", NULL, 0), SEC_E_NO_CREDENTIALS);
    assert_advice("kinit");

    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, SIGN, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(in_time("+0", "accept", initiator.token, initiator.token_size), SEC_E_OK);
    new_trace();
    assert_status(in_time("+1h", "accept", initiator.token, initiator.token_size), SEC_E_TIME_SKEW);
    assert_advice("clock");
    assert_status(in_time("-1h", "accept", initiator.token, initiator.token_size), SEC_E_TIME_SKEW);
    kit_close(&initiator);

    /* The KDC's clock is wrong, and no ticket for that service is in the cache. */
    realm_stop_kdc();
    realm_start_kdc_in_time(FAKETIME, "+1h");
    new_trace();
    assert_status(first_step("t17/server", NULL, NULL, NULL), SEC_E_TIME_SKEW);
    assert_advice("clock");
    realm_stop_kdc();
    realm_start_kdc();
}
#endif

static void test_realm_gone(void **state)
{
    (void)state;
    assert_status(first_step("t20/server", NULL, NULL, NULL), SEC_I_CONTINUE_NEEDED);
    realm_stop_kdc();
    /* What is in the cache still works. */
    assert_status(accepted("t20/server"), SEC_E_OK);
    new_trace();
    assert_status(first_step("t19/server", NULL, NULL, NULL), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_advice("KDC");
    assert_status(first_step("host/server", REALM, KIT_USER, KIT_PASSWORD),
                  SEC_E_NO_AUTHENTICATING_AUTHORITY);
    realm_start_kdc();
    assert_status(first_step("t19/server", NULL, NULL, NULL), SEC_I_CONTINUE_NEEDED);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_ticket),
        cmocka_unit_test(test_no_keytab),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_rc4),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_altered_reply),
        cmocka_unit_test(test_altered_request),
        cmocka_unit_test(test_replayed_request),
        cmocka_unit_test(test_bindings),
        cmocka_unit_test(test_bindings_dce),
#ifdef FAKETIME
        cmocka_unit_test(test_clocks),
#endif
        cmocka_unit_test(test_realm_gone),
    };
#ifdef FAKETIME
    if (argc == 2)
        return other_time(argv[1]);
#endif
    (void)argc, (void)argv;
    realm_environment(NULL);
    kit_write_file("trace", "");
    setenv("SSPI_TRACE", kit_path("trace"), 1);
    return cmocka_run_group_tests_name("kerberos refused", tests, NULL, NULL);
}
