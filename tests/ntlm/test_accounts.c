/* SPDX-License-Identifier: MIT */
/* The accounts store: editing, refusing, several writers at once. */
#include "harness.h"

#include <opensspi.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "packages/ntlm/ntlm_accounts.h"

static SspiErrorInfo why;

static char *read_store(void)
{
    static char text[65536];
    FILE *f = fopen(harness_path("accounts"), "rb");
    size_t n = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = 0;
    if (f != NULL) {
        fclose(f);
    }
    return text;
}

struct listing {
    char text[65536];
    size_t left; /* stop after so many; 0: never */
};

static BOOLEAN add_to_listing(void *arg, const SspiAccount *account)
{
    struct listing *l = arg;
    size_t at = strlen(l->text);
    (void)snprintf(l->text + at, sizeof l->text - at, "%s\\%s;", account->Domain, account->User);
    return l->left == 0 || --l->left > 0;
}

static const char *list(size_t stop)
{
    static struct listing l;
    l.text[0] = 0;
    l.left = stop;
    assert_status(SspiAccountList(harness_path("accounts"), add_to_listing, &l, &why), SEC_E_OK);
    return l.text;
}

static void empty_store(void)
{
    harness_start(NULL);
    unlink(harness_path("accounts"));
}

static void test_add_remove(void **state)
{
    struct stat st;
    (void)state;
    empty_store();
    const char *store = harness_path("accounts");
    assert_string_equal(list(0), ""); /* no store is an empty one */
    assert_status(SspiAccountRemove(store, "", "nobody", &why), SEC_E_UNKNOWN_CREDENTIALS);
    assert_status(SspiAccountAdd(store, "Dom", "User", "Password", FALSE, &why), SEC_E_OK);
    assert_int_equal(stat(store, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_non_null(strstr(read_store(), "Dom:User:a4f49c406510bdcab6824ee7c30fd852\n"));
    assert_status(SspiAccountAdd(store, "DOM", "uSER", "other", FALSE, &why), SEC_E_INVALID_PARAMETER);
    assert_non_null(strstr(why.text, "exists"));
    assert_non_null(strstr(read_store(), "a4f49c406510bdcab6824ee7c30fd852"));
    assert_status(SspiAccountAdd(store, "DOM", "uSER", "other", TRUE, &why), SEC_E_OK);
    assert_null(strstr(read_store(), "a4f49c406510bdcab6824ee7c30fd852"));
    assert_status(SspiAccountAdd(store, NULL, "solo", "", FALSE, &why), SEC_E_OK);
    assert_status(SspiAccountAdd(store, "a:b%c", "#x\ty", "p", FALSE, &why), SEC_E_OK);
    assert_status(SspiAccountAdd(store, "#d", "e", "p", FALSE, &why), SEC_E_OK);
    assert_string_equal(list(0), "DOM\\uSER;\\solo;a:b%c\\#x\ty;#d\\e;");
    assert_string_equal(list(2), "DOM\\uSER;\\solo;");
    assert_non_null(strstr(read_store(), "\na%3Ab%25c:%23x%09y:"));
    harness_write("accounts.new", "left by a writer that died", 0600);
    assert_status(SspiAccountRemove(store, "A:B%C", "#X\tY", &why), SEC_E_OK);
    assert_status(SspiAccountRemove(store, "", "SOLO", &why), SEC_E_OK);
    assert_string_equal(list(0), "DOM\\uSER;#d\\e;");
    assert_null(strstr(read_store(), "assword"));
}

static void test_bad_arguments(void **state)
{
    char long_name[600];
    (void)state;
    empty_store();
    const char *store = harness_path("accounts");
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    assert_status(SspiAccountAdd(store, "D", "", "p", FALSE, &why), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountAdd(store, "D", NULL, "p", FALSE, &why), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountAdd(store, "D", "u", NULL, FALSE, &why), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountAdd(store, "D", "a\\b", "p", FALSE, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountAdd(store, "D", "\xff", "p", FALSE, &why), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountAdd(store, "\xc3", "u", "p", FALSE, &why), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountAdd(store, "D", "u", "\xed\xa0\x80", FALSE, &why), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountAdd(store, "D", long_name, "p", FALSE, &why), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountAdd("/nonexistent/folder/accounts", "D", "u", "p", FALSE, &why),
                  SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(why.text, "mkdir -p -m 700 /nonexistent/folder"));
    assert_int_not_equal(access(store, F_OK), 0);
    /* The store that sspi.conf names. */
    assert_status(SspiAccountAdd(NULL, "D", "u", "p", FALSE, &why), SEC_E_OK);
    assert_string_equal(list(0), "D\\u;");
}

/* Nothing reads a damaged or open store, nothing changes it, and the message names file and line. */
static void test_refused_store(void **state)
{
    static const char *const damaged[] = {
        "A:b\n",
        "A:b:0123456789abcdef0123456789abcde\n",
        "A:b:0123456789abcdef0123456789abcdef0\n",
        "A:b:0123456789abcdef0123456789abcdeg\n",
        "A::0123456789abcdef0123456789abcdef\n",
        "A%:b:0123456789abcdef0123456789abcdef\n",
        "A%00:b:0123456789abcdef0123456789abcdef\n",
        "A:b%4:0123456789abcdef0123456789abcdef\n",
        "\xff:b:0123456789abcdef0123456789abcdef\n",
    };
    struct ntlm_account_secret secret;
    const struct ntlm_account_query query = {"OK", "ok", false};
    (void)state;
    empty_store();
    const char *store = harness_path("accounts");
    for (size_t n = 0; n < sizeof damaged / sizeof damaged[0]; n++) {
        char text[256];
        (void)snprintf(text, sizeof text, "# head\nOK:ok:0123456789abcdef0123456789abcdef\n%s", damaged[n]);
        harness_write("accounts", text, 0600);
        assert_status(SspiAccountAdd(store, "D", "u", "p", TRUE, &why), SEC_E_NO_CREDENTIALS);
        assert_non_null(strstr(why.text, "accounts:3: "));
        assert_null(strstr(why.text, "0123456789"));
        assert_status(SspiAccountRemove(store, "OK", "ok", &why), SEC_E_NO_CREDENTIALS);
        assert_status(SspiAccountList(store, add_to_listing, &(struct listing){.left = 0}, &why),
                      SEC_E_NO_CREDENTIALS);
        assert_status(ntlm_accounts_find(NULL, store, &query, &secret), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_int_equal(secret.kind, NTLM_ACCOUNT_NONE);
        assert_string_equal(read_store(), text);
    }
    static const unsigned modes[] = {0640, 0604, 0660, 0610, 0601};
    for (size_t n = 0; n < sizeof modes / sizeof modes[0]; n++) {
        harness_write("accounts", "OK:ok:0123456789abcdef0123456789abcdef\n", modes[n]);
        assert_status(SspiAccountAdd(store, "D", "u", "p", TRUE, &why), SEC_E_NO_CREDENTIALS);
        assert_non_null(strstr(why.text, "chmod 600"));
        assert_status(ntlm_accounts_find(NULL, store, &query, &secret), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    }
    harness_write("accounts", "OK:ok:0123456789abcdef0123456789abcdef", 0400);
    assert_status(ntlm_accounts_find(NULL, store, &query, &secret), SEC_E_OK);
    assert_int_equal(secret.kind, NTLM_ACCOUNT_HASH);
    ntlm_account_secret_wipe(&secret);
    if (geteuid() == 0) {
        assert_int_equal(chown(store, 12345, 0), 0);
        assert_status(ntlm_accounts_find(NULL, store, &query, &secret),
                      SEC_E_OK + SEC_E_NO_AUTHENTICATING_AUTHORITY);
        unlink(store);
    }
    unlink(store);
    assert_int_equal(mkdir(store, 0700), 0);
    assert_status(ntlm_accounts_find(NULL, store, &query, &secret), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(rmdir(store), 0);
    assert_int_equal(mkfifo(store, 0600), 0);
    assert_status(ntlm_accounts_find(NULL, store, &query, &secret), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    unlink(store);
}

static void test_import(void **state)
{
    ULONG count = 77;
    (void)state;
    empty_store();
    const char *store = harness_path("accounts");
    assert_status(SspiAccountAdd(store, "A", "one", "p", FALSE, &why), SEC_E_OK);
    harness_write("users", "# comment\r\nA:two:pass:word\r\n\r\n:three:x", 0644);
    assert_status(SspiAccountImport(store, harness_path("users"), FALSE, &count, &why), SEC_E_OK);
    assert_int_equal(count, 2);
    assert_string_equal(list(0), "A\\one;A\\two;\\three;");
    /* All or nothing. */
    count = 77;
    harness_write("users", "A:four:x\na:ONE:y\n", 0644);
    assert_status(SspiAccountImport(store, harness_path("users"), FALSE, &count, &why),
                  SEC_E_INVALID_PARAMETER);
    harness_write("users", "A:four:x\nnonsense\n", 0644);
    assert_status(SspiAccountImport(store, harness_path("users"), TRUE, &count, &why), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(why.text, "users:2: "));
    harness_write("users", "A:four:x\nA:five:\xff\n", 0644);
    assert_status(SspiAccountImport(store, harness_path("users"), TRUE, &count, &why),
                  SEC_E_INVALID_PARAMETER);
    harness_write("users", "A:four:x\nA:FOUR:y\n", 0644);
    assert_status(SspiAccountImport(store, harness_path("users"), FALSE, &count, &why),
                  SEC_E_INVALID_PARAMETER);
    assert_status(SspiAccountImport(store, harness_path("absent"), FALSE, &count, &why),
                  SEC_E_NO_CREDENTIALS);
    assert_int_equal(count, 77);
    assert_string_equal(list(0), "A\\one;A\\two;\\three;");
    harness_write("users", "A:four:x\na:ONE:Password\nA:FOUR:y\n", 0644);
    assert_status(SspiAccountImport(store, harness_path("users"), TRUE, NULL, &why), SEC_E_OK);
    assert_string_equal(list(0), "A\\two;\\three;A\\FOUR;a\\ONE;");
    assert_non_null(strstr(read_store(), "a:ONE:a4f49c406510bdcab6824ee7c30fd852\n"));
}

/* A store that is a symbolic link stays one, and what it points to is edited. */
static void test_symbolic_link(void **state)
{
    struct stat st;
    (void)state;
    empty_store();
    const char *store = harness_path("accounts"), *link = harness_path("link");
    assert_int_equal(symlink("accounts", link), 0);
    assert_status(SspiAccountAdd(link, "D", "u", "p", FALSE, &why), SEC_E_INVALID_PARAMETER);
    assert_non_null(strstr(why.text, "symbolic link"));
    assert_status(SspiAccountAdd(store, "D", "u", "p", FALSE, &why), SEC_E_OK);
    assert_status(SspiAccountAdd(link, "D", "v", "p", FALSE, &why), SEC_E_OK);
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_string_equal(list(0), "D\\u;D\\v;");
    unlink(link);
    if (geteuid() == 0) { /* another user's store is refused, not made root's */
        assert_int_equal(chown(store, 12345, 0), 0);
        assert_status(SspiAccountAdd(store, "D", "w", "p", FALSE, &why), SEC_E_NO_CREDENTIALS);
        assert_int_equal(stat(store, &st), 0);
        assert_int_equal(st.st_uid, 12345);
    }
    unlink(store);
}

/* What is not a regular file: imported to its end, but no store and no user file. */
static void test_pipes(void **state)
{
    static char big[200000];
    struct ntlm_account_secret secret;
    const struct ntlm_account_query query = {"P", "two", false};
    char name[32];
    int ends[2];
    ULONG count = 0;
    (void)state;
    empty_store();
    const char *store = harness_path("accounts");
    assert_int_equal(pipe(ends), 0);
    (void)snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) { /* more than a pipe holds at once, and the accounts last */
        memset(big, '#', sizeof big);
        memcpy(big + sizeof big - 16, "\nP:one:x\nP:two:y", 16);
        for (size_t at = 0; at < sizeof big;) {
            ssize_t n = write(ends[1], big + at, sizeof big - at);
            at += n > 0 ? (size_t)n : 0;
        }
        _exit(0);
    }
    close(ends[1]);
    assert_status(SspiAccountImport(store, name, FALSE, &count, &why), SEC_E_OK);
    close(ends[0]);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    assert_int_equal(count, 2);
    assert_string_equal(list(0), "P\\one;P\\two;");
    assert_int_equal(mkfifo(harness_path("fifo"), 0600), 0);
    assert_status(ntlm_accounts_find(harness_path("fifo"), store, &query, &secret), SEC_E_OK);
    assert_int_equal(secret.kind, NTLM_ACCOUNT_HASH);
    ntlm_account_secret_wipe(&secret);
    assert_status(SspiAccountAdd(harness_path("fifo"), "D", "u", "p", FALSE, &why), SEC_E_NO_CREDENTIALS);
    assert_non_null(strstr(why.text, "not a regular file"));
    unlink(harness_path("fifo"));
    unlink(harness_path("fifo.lock"));
}

/* How often the files were opened since the last time. */
static void count_opens(int watch, size_t *users, size_t *store, int users_watch)
{
    _Alignas(struct inotify_event) char events[8192];
    ssize_t n;
    *users = *store = 0;
    while ((n = read(watch, events, sizeof events)) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const void *)(events + at);
            if (e->mask & IN_OPEN) {
                ++*(e->wd == users_watch ? users : store);
            }
            at += (ssize_t)(sizeof *e + e->len);
        }
    }
}

/* Both files are read for each spelling, wherever the account is: the work does not tell who exists. */
static void test_all_files_read(void **state)
{
    static const struct {
        struct ntlm_account_query query;
        bool found;
        size_t times;
    } cases[] = {
        {{"A", "one", false}, true, 1},    {{"B", "two", false}, true, 1},  {{"A", "none", false}, false, 1},
        {{"", "one@A", false}, true, 2},   {{"", "two@B", false}, true, 2}, {{"", "x@Y", false}, true, 2},
        {{"", "none@B", false}, false, 2},
    };
    struct ntlm_account_secret secret;
    size_t users, opened;
    (void)state;
    empty_store();
    const char *store = harness_path("accounts");
    harness_write("users", "A:one:p\n:x@Y:p\n", 0600);
    assert_status(SspiAccountAdd(store, "B", "two", "p", FALSE, &why), SEC_E_OK);
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_true(watch >= 0);
    int users_watch = inotify_add_watch(watch, harness_path("users"), IN_OPEN | IN_CLOSE);
    assert_true(users_watch >= 0 && inotify_add_watch(watch, store, IN_OPEN | IN_CLOSE) >= 0);
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        assert_status(ntlm_accounts_find(harness_path("users"), store, &cases[n].query, &secret), SEC_E_OK);
        assert_int_equal(secret.kind != NTLM_ACCOUNT_NONE, cases[n].found);
        ntlm_account_secret_wipe(&secret);
        count_opens(watch, &users, &opened, users_watch);
        assert_int_equal(users, cases[n].times);
        assert_int_equal(opened, cases[n].times);
    }
    close(watch);
}

/* Writers in several processes lose nothing, and a reader meanwhile always sees a whole store. */
static void test_parallel(void **state)
{
    enum { WRITERS = 4, EACH = 25 };
    pid_t children[WRITERS];
    (void)state;
    empty_store();
    const char *store = harness_path("accounts");
    fflush(NULL);
    for (int w = 0; w < WRITERS; w++) {
        children[w] = fork();
        assert_true(children[w] >= 0);
        if (children[w] == 0) {
            for (int n = 0; n < EACH; n++) {
                char user[32];
                (void)snprintf(user, sizeof user, "u%d-%d", w, n);
                if (SspiAccountAdd(store, "P", user, "p", FALSE, NULL) != SEC_E_OK) {
                    _exit(1);
                }
                if (n % 5 == 4 && SspiAccountRemove(store, "P", user, NULL) != SEC_E_OK) {
                    _exit(2);
                }
            }
            _exit(0);
        }
    }
    for (int left = WRITERS; left > 0;) {
        int status;
        (void)list(0); /* fails the test if it meets half a file */
        pid_t done = waitpid(-1, &status, WNOHANG);
        if (done > 0) {
            assert_true(WIFEXITED(status));
            assert_int_equal(WEXITSTATUS(status), 0);
            left--;
        }
    }
    size_t accounts = 0;
    for (const char *at = list(0); (at = strchr(at, ';')) != NULL; at++) {
        accounts++;
    }
    assert_int_equal(accounts, WRITERS * EACH * 4 / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_remove),     cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_refused_store),  cmocka_unit_test(test_import),
        cmocka_unit_test(test_pipes),          cmocka_unit_test(test_symbolic_link),
        cmocka_unit_test(test_all_files_read), cmocka_unit_test(test_parallel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
