/* SPDX-License-Identifier: MIT */
/*
 * HTTP's Negotiate with programs that people use: curl --negotiate against a server of the test's on our
 * acceptor, and Apache with mod_auth_gssapi serving our initiator; over Kerberos and over NTLM.
 */
#include "realm.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http.h"
#include "nego_kit.h"
#include "peer.h"

static struct http connection;
static struct kit_side side;
static uint8_t token[KIT_TOKEN_MAX];
static char head[98304];

static const char *const *environment(bool with_ticket)
{
    static char texts[6][256];
    static const char *list[9];
    static const char *const names[] = {"KRB5_CONFIG", "KRB5_KTNAME", "KRB5RCACHENAME", "KRB5RCACHETYPE",
                                        "KRB5CCNAME"};
    for (size_t i = 0; i < 5; i++) {
        bool none = i == 4 && !with_ticket;
        snprintf(texts[i], sizeof texts[i], "%s=%s", names[i], none ? "MEMORY:none" : getenv(names[i]));
        list[i] = texts[i];
    }
    /* gss-ntlmssp would come first for whoever has no ticket, and stay away from whoever has one. */
    list[5] = NULL;
    if (!with_ticket) {
        snprintf(texts[5], sizeof texts[5], "NTLM_USER_FILE=%s", getenv("NTLM_USER_FILE"));
        list[5] = texts[5];
        list[6] = "NETBIOS_COMPUTER_NAME=PEER";
        list[7] = "LM_COMPAT_LEVEL=5";
        list[8] = NULL;
    }
    return list;
}

/* ---- curl ---- */

/* One client's connections until it has its page: how many requests that took. */
static int serve(int listener)
{
    int requests = 0;
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    assert_status(kit_open(&side, "Negotiate", false, NULL, NULL, NULL), SEC_E_OK);
    if (!http_accept(&connection, listener))
        fail_msg("curl does not come");
    while (status != SEC_E_OK) {
        size_t size;
        if (!http_read(&connection)) {
            http_close(&connection);
            if (!http_accept(&connection, listener))
                fail_msg("curl does not come back");
            continue;
        }
        assert_true(++requests < 10);
        if (!http_token(&connection, "Authorization", token, &size)) {
            http_write(&connection, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\n", "");
            continue;
        }
        status = kit_step(&side, ASC_REQ_MUTUAL_AUTH, NULL, token, size, NULL);
        if (!SEC_SUCCESS(status))
            fail_msg("AcceptSecurityContext answers 0x%08x", (unsigned)status);
        snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%s%s%s",
                 status == SEC_E_OK ? "200 OK" : "401 Unauthorized",
                 side.token_size ? "WWW-Authenticate: " : "",
                 side.token_size ? http_negotiate(side.token, side.token_size) : "",
                 side.token_size ? "\r\n" : "");
        SecPkgContext_NamesA names = {NULL};
        if (status == SEC_E_OK)
            assert_status(QueryContextAttributesA(&side.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        http_write(&connection, head, names.sUserName ? names.sUserName : "");
        FreeContextBuffer(names.sUserName);
    }
    return requests;
}

static void curl_gets(bool with_ticket, const char *package, const char *want)
{
    struct peer curl;
    char url[64], resolve[64], line[256];
    int port, listener = http_listen(&port);
    snprintf(url, sizeof url, "http://server:%d/", port);
    snprintf(resolve, sizeof resolve, "server:%d:127.0.0.1", port);
    peer_start(&curl,
               (const char *const[]){"/usr/bin/curl", "-sS", "--noproxy", "*", "--max-time", "30",
                                     "--negotiate", "-u", ":", "-w", "\\n%{http_code}\\n", "--resolve",
                                     resolve, url, NULL},
               environment(with_ticket));
    int requests = serve(listener);
    nego_assert_package(&side.context, package, SECPKG_NEGOTIATION_COMPLETE);
    peer_get_line(&curl, line, sizeof line);
    assert_string_equal(line, want);
    peer_get_line(&curl, line, sizeof line);
    assert_string_equal(line, "200");
    print_message("# %s: %d requests\n", package, requests);
    http_close(&connection);
    close(listener);
    peer_stop(&curl, false);
    kit_close(&side);
}

static void test_curl_kerberos(void **state)
{
    (void)state;
    curl_gets(true, "Kerberos", KIT_USER "@" REALM);
}

static void test_curl_ntlm(void **state)
{
    (void)state;
    curl_gets(false, "NTLM", KIT_DOMAIN "\\" KIT_USER);
}

/* ---- Apache ---- */

#ifdef APACHE
static struct peer apache;
static int apache_port;

static void stop_apache(void)
{
    if (apache.pid > 0)
        kill(apache.pid, SIGTERM);
}

static void start_apache(void)
{
    static char text[4096], config[128], line[1024];
    const char *folder = kit_folder();
    int reserved = http_reserve(&apache_port);
    /* Its children are somebody else where it is started as root; the keys are the test's. */
    chmod(folder, 0755);
    chmod(kit_path("keytab"), 0644);
    chmod(kit_path("accounts"), 0644);
    mkdir(kit_path("www"), 0755);
    kit_write_file("www/index.html", "the page\n");
    chmod(kit_path("www/index.html"), 0644);
    for (int i = 0; i < 32; i++) {
        char name[32];
        snprintf(name, sizeof name, "krb5-%d.conf", i);
        chmod(kit_path(name), 0644);
    }
    snprintf(text, sizeof text,
             "ServerRoot %s\nServerName server\nPidFile %s/httpd.pid\nListen 127.0.0.1:%d\n"
             "ErrorLog /proc/self/fd/1\nLogLevel notice\nDefaultRuntimeDir %s\nMutex pthread\n"
             "User www-data\nGroup www-data\n"
             "LoadModule mpm_prefork_module " APACHE_MODULES "/mod_mpm_prefork.so\n"
             "LoadModule authn_core_module " APACHE_MODULES "/mod_authn_core.so\n"
             "LoadModule authz_core_module " APACHE_MODULES "/mod_authz_core.so\n"
             "LoadModule authz_user_module " APACHE_MODULES "/mod_authz_user.so\n"
             "LoadModule dir_module " APACHE_MODULES "/mod_dir.so\n"
             "LoadModule auth_gssapi_module " APACHE_MODULES "/mod_auth_gssapi.so\n"
             "StartServers 1\nMinSpareServers 1\nMaxSpareServers 1\nMaxRequestWorkers 4\nKeepAlive On\n"
             "DocumentRoot %s/www\nDirectoryIndex index.html\n"
             "<Location />\n  AuthType GSSAPI\n  AuthName test\n  GssapiConnectionBound On\n"
             "  GssapiAllowedMech krb5\n  GssapiAllowedMech ntlmssp\n"
             "  Require valid-user\n</Location>\n",
             folder, folder, apache_port, folder, folder);
    kit_write_file("httpd.conf", text);
    snprintf(config, sizeof config, "%s", kit_path("httpd.conf"));
    atexit(stop_apache);
    /* It ends by killing its process group. Its log comes over the pipe, and says when it listens. Keys come
     * by the environment: gss-ntlmssp crashes on GssapiCredStore. */
    peer_start(&apache, (const char *const[]){"/usr/bin/setsid", APACHE, "-DFOREGROUND", "-f", config, NULL},
               environment(false));
    do
        peer_get_line(&apache, line, sizeof line);
    while (strstr(line, "resuming normal operations") == NULL);
    close(reserved);
}

static void apache_serves(const char *list, const char *password, const char *package)
{
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    size_t size = 0;
    int requests = 0;
    assert_status(nego_open(&side, true, list, password), SEC_E_OK);
    http_connect(&connection, apache_port);
    for (bool more = true; more;) {
        status = kit_step(&side, ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY, "HTTP/server", size ? token : NULL,
                          size, NULL);
        if (!SEC_SUCCESS(status))
            fail_msg("InitializeSecurityContext answers 0x%08x", (unsigned)status);
        if (status == SEC_E_OK && side.token_size == 0)
            break;
        snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: server\r\nAuthorization: %s\r\n",
                 http_negotiate(side.token, side.token_size));
        http_write(&connection, head, "");
        assert_true(http_read(&connection));
        assert_true(++requests < 6);
        more = http_token(&connection, "WWW-Authenticate", token, &size) && size > 0;
    }
    assert_status(status, SEC_E_OK);
    assert_int_equal(http_status(&connection), 200);
    assert_string_equal(connection.body, "the page\n");
    nego_assert_package(&side.context, package, SECPKG_NEGOTIATION_COMPLETE);
    print_message("# %s: %d requests\n", package, requests);
    http_close(&connection);
    kit_close(&side);
}

static void test_apache(void **state)
{
    (void)state;
    start_apache();
    apache_serves("kerberos", NULL, "Kerberos");
    apache_serves("", NULL, "Kerberos");
    apache_serves("ntlm", KIT_PASSWORD, "NTLM");
    stop_apache();
    peer_stop(&apache, true);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef CURL
        cmocka_unit_test(test_curl_kerberos),
        cmocka_unit_test(test_curl_ntlm),
#endif
#ifdef APACHE
        cmocka_unit_test(test_apache),
#endif
    };
    static char query[160];
    realm_environment(NULL);
    realm_admin("addprinc -randkey HTTP/server");
    snprintf(query, sizeof query, "ktadd -k %s/keytab HTTP/server", kit_folder());
    realm_admin(query);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
