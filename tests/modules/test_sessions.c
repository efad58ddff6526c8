/* SPDX-License-Identifier: MIT */
/* What packages keep with logon sessions: the services of LSA_SECPKG_FUNCTION_TABLE for it. */
#include "testkit.h"

#include <ntstatus.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "lsa/host.h"

static LSA_STRING string(const char *text)
{
    USHORT size = (USHORT)strlen(text);
    return (LSA_STRING){size, size, (char *)(uintptr_t)text};
}

static NTSTATUS add(LUID *id, ULONG package, const char *key, const char *credentials)
{
    LSA_STRING k = string(key), c = string(credentials);
    return lsa_services.AddCredential(id, package, &k, &c);
}

/* The next one with that key, or of any key (NULL), is `want` under `want_key`. */
static void expect(LUID *id, ULONG package, ULONG *context, const char *key, const char *want_key,
                   const char *want)
{
    LSA_STRING k = key ? string(key) : (LSA_STRING){0, 0, NULL}, c = {0, 0, NULL};
    ULONG length = 0;
    NTSTATUS status = lsa_services.GetCredentials(id, package, context, key == NULL, &k, &length, &c);
    if (!want) {
        assert_int_equal(status, STATUS_UNSUCCESSFUL);
        return;
    }
    assert_int_equal(status, STATUS_SUCCESS);
    assert_int_equal(length, strlen(want_key));
    assert_int_equal(c.Length, strlen(want));
    assert_memory_equal(c.Buffer, want, c.Length);
    if (!key) {
        assert_int_equal(k.Length, length);
        assert_memory_equal(k.Buffer, want_key, length);
        lsa_services.FreeLsaHeap(k.Buffer);
    }
    lsa_services.FreeLsaHeap(c.Buffer);
}

static NTSTATUS drop(LUID *id, ULONG package, const char *key)
{
    LSA_STRING k = string(key);
    return lsa_services.DeleteCredential(id, package, &k);
}

static void test_sessions(void **state)
{
    (void)state;
    LUID one, two, none = {.LowPart = 4711, .HighPart = 9};
    size_t before = mem_live();
    ULONG context = 0;
    assert_int_equal(lsa_services.CreateLogonSession(&one), STATUS_SUCCESS);
    assert_int_equal(lsa_services.CreateLogonSession(&two), STATUS_SUCCESS);
    assert_false(SecEqualLuid(&one, &two));
    assert_int_equal(lsa_services.CreateLogonSession(NULL), STATUS_INVALID_PARAMETER);
    assert_int_equal(add(&one, 7, "a", "first"), STATUS_SUCCESS);
    assert_int_equal(add(&one, 7, "b", ""), STATUS_SUCCESS);
    assert_int_equal(add(&one, 7, "a", "second"), STATUS_SUCCESS);
    assert_int_equal(add(&one, 8, "a", "another package's"), STATUS_SUCCESS);
    assert_int_equal(add(&two, 7, "a", "another session's"), STATUS_SUCCESS);
    assert_int_equal(add(&none, 7, "a", "x"), STATUS_NO_SUCH_LOGON_SESSION);

    expect(&one, 7, &context, "a", "a", "first");
    expect(&one, 7, &context, "a", "a", "second");
    expect(&one, 7, &context, "a", "a", NULL);
    context = 0;
    expect(&one, 7, &context, NULL, "a", "first");
    expect(&one, 7, &context, NULL, "b", "");
    expect(&one, 7, &context, NULL, "a", "second");
    expect(&one, 7, &context, NULL, "a", NULL);
    context = 0;
    expect(&one, 9, &context, NULL, "a", NULL);
    expect(&two, 7, &context, NULL, "a", "another session's");

    assert_int_equal(drop(&one, 7, "a"), STATUS_SUCCESS);
    context = 0;
    expect(&one, 7, &context, "a", "a", "second");
    assert_int_equal(drop(&one, 7, "a"), STATUS_SUCCESS);
    assert_int_equal(drop(&one, 7, "a"), STATUS_UNSUCCESSFUL);
    assert_int_equal(drop(&none, 7, "a"), STATUS_NO_SUCH_LOGON_SESSION);
    assert_int_equal(lsa_services.DeleteLogonSession(&one), STATUS_SUCCESS);
    assert_int_equal(lsa_services.DeleteLogonSession(&one), STATUS_NO_SUCH_LOGON_SESSION);
    assert_int_equal(lsa_services.DeleteLogonSession(&two), STATUS_SUCCESS);
    assert_int_equal(lsa_services.DeleteLogonSession(NULL), STATUS_NO_SUCH_LOGON_SESSION);
    assert_int_equal(mem_live(), before);
}

/* The session that GetClientInfo names is there without being made. */
static void test_own_session(void **state)
{
    (void)state;
    SECPKG_CLIENT_INFO client;
    ULONG context = 0;
    assert_int_equal(lsa_services.GetClientInfo(&client), STATUS_SUCCESS);
    expect(&client.LogonId, 1, &context, NULL, "", NULL);
    assert_int_equal(drop(&client.LogonId, 1, "k"), STATUS_UNSUCCESSFUL);
    assert_int_equal(add(&client.LogonId, 1, "k", "mine"), STATUS_SUCCESS);
    expect(&client.LogonId, 1, &context, "k", "k", "mine");
    pid_t child = fork();
    if (child == 0) {
        /* Nothing of the parent's is here, and a session of one's own works. */
        LSA_STRING k = string("k"), c;
        context = 0;
        if (lsa_services.GetCredentials(&client.LogonId, 1, &context, FALSE, &k, NULL, &c) !=
            STATUS_UNSUCCESSFUL)
            _exit(1);
        _exit(add(&client.LogonId, 1, "k", "the child's") == STATUS_SUCCESS ? 0 : 2);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    context = 0;
    expect(&client.LogonId, 1, &context, "k", "k", "mine");
    assert_int_equal(lsa_services.DeleteLogonSession(&client.LogonId), STATUS_SUCCESS);
}

static void test_malformed(void **state)
{
    (void)state;
    LUID id;
    ULONG context = 0;
    LSA_STRING good = string("x"), bad = {3, 3, NULL}, out;
    assert_int_equal(lsa_services.CreateLogonSession(&id), STATUS_SUCCESS);
    assert_int_equal(lsa_services.AddCredential(NULL, 1, &good, &good), STATUS_INVALID_PARAMETER);
    assert_int_equal(lsa_services.AddCredential(&id, 1, NULL, &good), STATUS_INVALID_PARAMETER);
    assert_int_equal(lsa_services.AddCredential(&id, 1, &good, &bad), STATUS_INVALID_PARAMETER);
    assert_int_equal(lsa_services.GetCredentials(&id, 1, NULL, TRUE, &good, NULL, &out),
                     STATUS_INVALID_PARAMETER);
    assert_int_equal(lsa_services.GetCredentials(&id, 1, &context, FALSE, &bad, NULL, &out),
                     STATUS_INVALID_PARAMETER);
    assert_int_equal(lsa_services.DeleteCredential(&id, 1, &bad), STATUS_INVALID_PARAMETER);
    assert_int_equal(lsa_services.DeleteLogonSession(&id), STATUS_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_own_session),
        cmocka_unit_test(test_malformed),
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
