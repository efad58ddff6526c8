/* SPDX-License-Identifier: MIT */
/* The host of LSA mode: its service table, who is calling, and the names that NTSTATUS codes get. */
#include "fake.h"

#include <unistd.h>

#include "base/mem.h"
#include "lsa/host.h"
#include "secur32/registry.h"

static void every_entry(void **state)
{
    void *const *entries = (void *const *)(void *)&lsa_services;

    (void)state;
    assert_int_equal(sizeof(lsa_services), 528);
    for (size_t i = 0; i < sizeof(lsa_services) / sizeof(void *); i++)
        if (entries[i] == NULL)
            fail_msg("entry %zu is NULL", i);
    assert_int_equal(sizeof(registry_dll_functions), 32);
    entries = (void *const *)(void *)&registry_dll_functions;
    for (size_t i = 0; i < 4; i++)
        assert_non_null(entries[i]);
}

static void memory(void **state)
{
    uint8_t *p = lsa_services.AllocateLsaHeap(100), *q = lsa_services.AllocatePrivateHeap(100);
    PVOID client = NULL;

    (void)state;
    assert_non_null(p);
    assert_non_null(q);
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i] | q[i], 0);
    assert_int_equal(lsa_services.AllocateClientBuffer(NULL, 100, &client), STATUS_SUCCESS);
    memset(p, 'x', 100);
    assert_int_equal(lsa_services.CopyToClientBuffer(NULL, 100, client, p), STATUS_SUCCESS);
    assert_int_equal(lsa_services.CopyFromClientBuffer(NULL, 100, q, client), STATUS_SUCCESS);
    assert_memory_equal(p, q, 100);
    assert_int_equal(lsa_services.CopyToClientBuffer(NULL, 1, NULL, p), STATUS_ACCESS_VIOLATION);
    assert_int_equal(lsa_services.CopyFromClientBuffer(NULL, 1, p, NULL), STATUS_ACCESS_VIOLATION);
    assert_int_equal(lsa_services.CopyFromClientBuffer(NULL, 0, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(lsa_services.AllocateClientBuffer(NULL, 100, NULL), STATUS_INVALID_PARAMETER);
    lsa_services.LsaProtectMemory(p, 100);
    assert_int_equal(p[99], 'x');
    lsa_services.LsaUnprotectMemory(p, 100);
    lsa_services.FreeLsaHeap(p);
    lsa_services.FreePrivateHeap(q);
    assert_int_equal(lsa_services.FreeClientBuffer(NULL, client), STATUS_SUCCESS);
    lsa_services.FreeLsaHeap(NULL);
    fake_gate_on(0);
    assert_null(lsa_services.AllocateLsaHeap(1));
    fake_gate_on(0);
    assert_int_equal(lsa_services.AllocateClientBuffer(NULL, 1, &client), STATUS_NO_MEMORY);
    fake_gate_on(0);
    assert_null(registry_dll_functions.AllocateHeap(1));
    fake_gate_off();

    SecBuffer in = {3, SECBUFFER_TOKEN | SECBUFFER_UNMAPPED, (char[]){"abc"}}, out;
    assert_int_equal(lsa_services.MapBuffer(&in, &out), STATUS_SUCCESS);
    assert_ptr_equal(out.pvBuffer, in.pvBuffer);
    assert_int_equal(lsa_services.MapBuffer(NULL, &out), STATUS_INVALID_PARAMETER);
}

/* What the calls say about their caller; nested, as when a package calls another. */
static void calls(void **state)
{
    SECPKG_CLIENT_INFO client;
    SECPKG_CLIENT_INFO_EX client_ex;
    SECPKG_CALL_INFO info;
    struct lsa_call outer, inner;
    ULONG flags = 5;

    (void)state;
    assert_false(lsa_services.GetCallInfo(&info));
    lsa_call_begin(&outer, 0, true);
    assert_true(lsa_services.GetCallInfo(&info));
    assert_int_equal(info.Attributes, SECPKG_CALL_IN_PROC | SECPKG_CALL_ANSI);
    assert_int_equal(info.ProcessId, getpid());
    ULONG before = info.CallCount;
    lsa_call_begin(&inner, 0, false);
    assert_true(lsa_services.GetCallInfo(&info));
    assert_int_equal(info.Attributes, SECPKG_CALL_IN_PROC | SECPKG_CALL_RECURSIVE);
    assert_int_not_equal(info.CallCount, before);
    lsa_call_end(&inner);
    assert_true(lsa_services.GetCallInfo(&info));
    assert_int_equal(info.Attributes, SECPKG_CALL_IN_PROC | SECPKG_CALL_ANSI);
    lsa_call_end(&outer);
    assert_false(lsa_services.GetCallInfo(&info));
    assert_false(lsa_services.GetCallInfo(NULL));

    assert_int_equal(lsa_services.GetClientInfo(&client), STATUS_SUCCESS);
    assert_int_equal(client.ProcessID, getpid());
    assert_int_equal(client.LogonId.LowPart, geteuid());
    assert_int_not_equal(client.LogonId.HighPart, 0);
    assert_int_equal(lsa_services.GetClientInfo(NULL), STATUS_INVALID_PARAMETER);
    assert_int_equal(lsa_services.GetClientInfoEx(&client_ex, sizeof(client_ex)), STATUS_SUCCESS);
    assert_int_equal(lsa_services.GetClientInfoEx(&client_ex, sizeof(client_ex) - 1),
                     STATUS_INVALID_PARAMETER);
    assert_int_equal(lsa_services.GetExtendedCallFlags(&flags), STATUS_SUCCESS);
    assert_int_equal(flags, 0);
    assert_int_equal(lsa_services.ImpersonateClient(), STATUS_SUCCESS);
}

/* What does not exist here says so, and touches nothing that it is given. */
static void absent(void **state)
{
    const LSA_SECPKG_FUNCTION_TABLE *t = &lsa_services;
    const NTSTATUS none = STATUS_NOT_SUPPORTED;

    (void)state;
    assert_int_equal(t->UnloadPackage(), none);
    assert_int_equal(t->DuplicateTokenHandle(NULL, NULL), none);
    assert_int_equal(t->SaveSupplementalCredentials(NULL, 0, NULL, 0), none);
    assert_null(t->CreateThread(NULL, 0, NULL, NULL, 0, NULL));
    assert_int_equal(t->CreateToken(NULL, NULL, Network, SecurityImpersonation, LsaTokenInformationNull, NULL,
                                    NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                     none);
    assert_int_equal(t->CreateTokenEx(NULL, NULL, Network, SecurityImpersonation, LsaTokenInformationNull,
                                      NULL, NULL, NULL, NULL, NULL, SecSessionPrimaryCred, NULL, NULL),
                     none);
    assert_null(t->CreateSharedMemory(1, 1));
    assert_null(t->AllocateSharedMemory(NULL, 1));
    t->FreeSharedMemory(NULL, NULL);
    assert_false(t->DeleteSharedMemory(NULL));
    assert_int_equal(t->OpenSamUser(NULL, SecNameFlat, NULL, 0, 0, NULL), none);
    assert_int_equal(t->GetUserCredentials(NULL, NULL, NULL, NULL, NULL), none);
    assert_int_equal(t->GetUserAuthData(NULL, NULL, NULL), none);
    assert_int_equal(t->CloseSamUser(NULL), none);
    assert_int_equal(t->ConvertAuthDataToToken(NULL, 0, SecurityImpersonation, NULL, Network, NULL, NULL,
                                               NULL, NULL, NULL),
                     none);
    assert_int_equal(t->ClientCallback(NULL, 0, 0, NULL, NULL), none);
    assert_int_equal(t->UpdateCredentials(NULL, NULL), none);
    assert_int_equal(t->GetAuthDataForUser(NULL, SecNameFlat, NULL, NULL, NULL, NULL), none);
    assert_int_equal(t->CrackSingleName(0, FALSE, NULL, NULL, 0, NULL, NULL, NULL), none);
    assert_int_equal(t->CrediRead(NULL, 0, NULL, 0, 0, NULL), none);
    assert_int_equal(t->CrediReadDomainCredentials(NULL, 0, NULL, 0, NULL, NULL), none);
    t->CrediFreeCredentials(0, NULL);
    assert_int_equal(t->CrediWrite(NULL, 0, NULL, 0), none);
    assert_int_equal(t->CrediUnmarshalandDecodeString(NULL, NULL, NULL, NULL), none);
    assert_int_equal(t->OpenTokenByLogonId(NULL, NULL), none);
    assert_int_equal(t->ExpandAuthDataForDomain(NULL, 0, NULL, NULL, NULL), none);
    assert_int_equal(t->GetServiceAccountPassword(NULL, NULL, 0, NULL, NULL, NULL, NULL), none);
    assert_int_equal(t->CheckProtectedUserByToken(NULL, NULL), none);
    assert_int_equal(t->QueryClientRequest(NULL, 0, NULL), none);
    assert_int_equal(t->GetAppModeInfo(NULL, NULL, NULL, NULL, NULL), none);
    assert_int_equal(t->SetAppModeInfo(0, 0, 0, NULL, FALSE), none);
    assert_int_equal(t->GetSecpkgFailureReason(0, NULL), none);
    t->AuditLogon(0, 0, NULL, NULL, NULL, NULL, Network, NULL, NULL);
    assert_int_equal(registry_dll_functions.RegisterCallback(1, NULL), none);
}

static void mapping(void **state)
{
    static const struct {
        NTSTATUS from;
        SECURITY_STATUS to;
    } all[] = {
        {STATUS_SUCCESS, SEC_E_OK},
        {STATUS_INSUFFICIENT_RESOURCES, SEC_E_INSUFFICIENT_MEMORY},
        {STATUS_NO_MEMORY, SEC_E_INSUFFICIENT_MEMORY},
        {STATUS_INVALID_HANDLE, SEC_E_INVALID_HANDLE},
        {STATUS_LOGON_FAILURE, SEC_E_LOGON_DENIED},
        {STATUS_NOT_SUPPORTED, SEC_E_UNSUPPORTED_FUNCTION},
        {STATUS_NOT_IMPLEMENTED, SEC_E_UNSUPPORTED_FUNCTION},
        {STATUS_INVALID_PARAMETER, SEC_E_INTERNAL_ERROR},
        {STATUS_TIMEOUT, SEC_E_INTERNAL_ERROR},
        {STATUS_PENDING, SEC_E_INTERNAL_ERROR},
        {1, SEC_E_INTERNAL_ERROR},
        {(NTSTATUS)0x800a0301, SEC_E_INTERNAL_ERROR},
        {(NTSTATUS)0xC0090301, SEC_E_INTERNAL_ERROR},
        {SEC_I_CONTINUE_NEEDED, SEC_I_CONTINUE_NEEDED},
        {SEC_E_MESSAGE_ALTERED, SEC_E_MESSAGE_ALTERED},
        {SEC_E_INVALID_PARAMETER, SEC_E_INVALID_PARAMETER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_int_equal(lsa_status_map(all[i].from), all[i].to);
}

/* Packages find each other's user table by the id that they were started with. */
static void located(void **state)
{
    struct package *p;

    (void)state;
    assert_int_equal(registry_find(u"Bare", &p), SEC_E_OK);
    assert_ptr_equal(registry_dll_functions.LocatePackageById((ULONG)lsa_package_id(p->lsa)), &p->user);
    assert_null(registry_dll_functions.LocatePackageById(0));
    assert_null(registry_dll_functions.LocatePackageById(0xffffffff));
    package_release(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry), cmocka_unit_test(memory),
        cmocka_unit_test(calls),       cmocka_unit_test(absent),
        cmocka_unit_test(mapping),     cmocka_unit_test_setup_teardown(located, fake_setup, fake_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
