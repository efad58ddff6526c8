/* SPDX-License-Identifier: MIT */
/* Points of loading, of the tables, and of the package under the library's own host. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "check/host.h"
#include "check/points.h"

void point_load_file(void)
{
    load_package(LOAD_FILE);
}

void point_load_lsa_mode(void)
{
    load_package(LOAD_LSA_MODE);
}

void point_load_user_mode(void)
{
    load_package(LOAD_USER_MODE);
}

void point_load_tables(void)
{
    load_package(LOAD_TABLES);
}

void point_load_initialize(void)
{
    load_package(LOAD_INITIALIZE);
}

void point_load_info(void)
{
    load_package(LOAD_INFO);
}

void point_load_instance(void)
{
    load_package(LOAD_INSTANCE);
}

void point_load_shutdown(void)
{
    load_package(LOAD_INSTANCE);
    if (check_package.lsa.Shutdown == NULL)
        return;
    check_expect(load_shutdown(), SEC_E_OK, "SpShutdown");
}

/* ---- tables ---- */

static void entry(bool there, const char *half, const char *name)
{
    if (!there)
        check_fail("an entry for it", "%s: %s is NULL", half, name);
}

void point_table_lsa(void)
{
    const SECPKG_FUNCTION_TABLE *t = &check_package.lsa;

    load_package(LOAD_INSTANCE);
    entry(t->AcquireCredentialsHandle != NULL, "LSA half", "AcquireCredentialsHandle");
    entry(t->FreeCredentialsHandle != NULL, "LSA half", "FreeCredentialsHandle");
    entry(t->InitLsaModeContext != NULL, "LSA half", "InitLsaModeContext");
    entry(t->AcceptLsaModeContext != NULL, "LSA half", "AcceptLsaModeContext");
    entry(t->DeleteContext != NULL, "LSA half", "DeleteContext");
}

/* A package that hands over contexts of others needs none of its own. */
static void own_user_half(void)
{
    load_package(LOAD_INSTANCE);
    if (check_package.hosted && check_package.user.InitUserModeContext == NULL)
        check_pass();
}

void point_table_user(void)
{
    const SECPKG_USER_FUNCTION_TABLE *t = &check_package.user;

    own_user_half();
    entry(t->InitUserModeContext != NULL, "user half", "InitUserModeContext");
    entry(t->DeleteUserModeContext != NULL, "user half", "DeleteUserModeContext");
    entry(t->QueryContextAttributes != NULL, "user half", "QueryContextAttributes");
}

void point_table_integrity(void)
{
    const SECPKG_USER_FUNCTION_TABLE *t = &check_package.user;

    own_user_half();
    if (!(check_package.info.fCapabilities & SECPKG_FLAG_INTEGRITY) && t->MakeSignature == NULL)
        check_not_offered("SECPKG_FLAG_INTEGRITY");
    entry(t->MakeSignature != NULL, "user half", "MakeSignature");
    entry(t->VerifySignature != NULL, "user half", "VerifySignature");
}

void point_table_privacy(void)
{
    const SECPKG_USER_FUNCTION_TABLE *t = &check_package.user;

    own_user_half();
    if (!(check_package.info.fCapabilities & SECPKG_FLAG_PRIVACY) && t->SealMessage == NULL)
        check_not_offered("SECPKG_FLAG_PRIVACY");
    entry(t->SealMessage != NULL, "user half", "SealMessage");
    entry(t->UnsealMessage != NULL, "user half", "UnsealMessage");
}

void point_table_export(void)
{
    const SECPKG_USER_FUNCTION_TABLE *t = &check_package.user;

    own_user_half();
    if (t->ExportContext == NULL && t->ImportContext == NULL)
        check_not_offered("ExportContext and ImportContext");
    entry(t->ExportContext != NULL, "user half", "ExportContext");
    entry(t->ImportContext != NULL, "user half", "ImportContext");
}

/* ---- under the library's own host, through the public functions ---- */

struct public_side {
    CredHandle credential;
    CtxtHandle context;
    bool begun;
};

static SEC_WCHAR *host_name(void)
{
    static char16_t *name;
    bool invalid = false;
    size_t units;

    if (name == NULL)
        name = utf16_from_utf8(check_shared->name, strlen(check_shared->name), &units, &invalid);
    if (name == NULL)
        check_broken("no memory");
    return name;
}

static bool host_lists(void)
{
    PSecPkgInfoW info;

    if (QuerySecurityPackageInfoW(host_name(), &info) != SEC_E_OK)
        return false;
    (void)FreeContextBuffer(info);
    return true;
}

static void host_load(void)
{
    check_enter("the start of the package under the library's host");
    if (host_lists() && !check_shared->built_in)
        check_not_offered("a name of its own: a package named %s is here already", check_shared->name);
    if (!check_shared->built_in) {
        SECURITY_STATUS status = AddSecurityPackageA(check_shared->module, NULL);
        check_expect(status, SEC_E_OK, "AddSecurityPackage (the trace says why)");
    }
    if (!host_lists())
        check_fail("the package is listed", "it is not");
    check_enter(NULL);
}

void point_host_load(void)
{
    host_load();
}

static SECURITY_STATUS public_step(struct public_side *side, bool initiator, SecBuffer *in, SecBuffer *out)
{
    SecBufferDesc input = {SECBUFFER_VERSION, 1, in}, output = {SECBUFFER_VERSION, 1, out};
    CtxtHandle *old = side->begun ? &side->context : NULL;
    ULONG flags = ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT, attributes;
    bool invalid = false;
    size_t units;
    SECURITY_STATUS status;

    if (initiator) {
        char16_t *target =
            utf16_from_utf8(check_shared->target, strlen(check_shared->target), &units, &invalid);
        status = InitializeSecurityContextW(&side->credential, old, target, flags | ISC_REQ_INTEGRITY, 0,
                                            SECURITY_NATIVE_DREP, in != NULL ? &input : NULL, 0,
                                            &side->context, &output, &attributes, NULL);
        mem_free(target);
    } else {
        status = AcceptSecurityContext(&side->credential, old, &input, flags | ASC_REQ_INTEGRITY,
                                       SECURITY_NATIVE_DREP, &side->context, &output, &attributes, NULL);
    }
    side->begun |= status >= 0;
    return status;
}

static void public_open(struct public_side sides[2])
{
    static uint8_t tokens[2][TOKEN_ROOM];
    SecBuffer in = {0, SECBUFFER_TOKEN, NULL};
    bool done[2] = {false, false};

    memset(sides, 0, 2 * sizeof sides[0]);
    for (int i = 0; i < 2; i++) {
        SECURITY_STATUS status = AcquireCredentialsHandleW(
            NULL, host_name(), i == 0 ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND, NULL,
            i == 0 ? check_identity(NULL) : NULL, NULL, NULL, &sides[i].credential, NULL);
        check_expect(status, SEC_E_OK, "AcquireCredentialsHandle");
    }
    for (int leg = 0; leg < LEGS_MAX && !(done[0] && done[1]); leg++) {
        int i = leg % 2;
        SecBuffer out = {TOKEN_ROOM, SECBUFFER_TOKEN, tokens[i]};
        SECURITY_STATUS status = public_step(&sides[i], i == 0, leg > 0 ? &in : NULL, &out);
        if (status != SEC_I_CONTINUE_NEEDED)
            check_expect(status, SEC_E_OK, i == 0 ? "InitializeSecurityContext" : "AcceptSecurityContext");
        done[i] = status == SEC_E_OK;
        in = (SecBuffer){out.cbBuffer, SECBUFFER_TOKEN, tokens[i]};
    }
    if (!done[0] || !done[1])
        check_fail("an established context", "the handshake comes to no end");
}

static void public_close(struct public_side sides[2])
{
    for (int i = 0; i < 2; i++) {
        check_expect(DeleteSecurityContext(&sides[i].context), SEC_E_OK, "DeleteSecurityContext");
        check_expect(FreeCredentialsHandle(&sides[i].credential), SEC_E_OK, "FreeCredentialsHandle");
    }
}

static void public_message(struct public_side *from, struct public_side *to)
{
    uint8_t text[40] = "a message", token[4096];
    SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    CtxtHandle stale = from->context;

    check_expect(MakeSignature(&from->context, 0, &desc, 0), SEC_E_OK, "MakeSignature");
    check_expect(VerifySignature(&to->context, &desc, 0, NULL), SEC_E_OK, "VerifySignature");
    stale.dwUpper ^= 1;
    check_expect(MakeSignature(&stale, 0, &desc, 0), SEC_E_INVALID_HANDLE,
                 "MakeSignature with a forged handle");
}

void point_host_message(void)
{
    struct public_side sides[2];

    host_load();
    check_enter("a call of the library's host");
    public_open(sides);
    public_message(&sides[0], &sides[1]);
    public_message(&sides[1], &sides[0]);
    public_close(sides);
}

void point_host_unload(void)
{
    if (check_shared->built_in)
        check_not_offered("a module: the package is built in");
    host_load();
    check_enter("DeleteSecurityPackage");
    check_expect(DeleteSecurityPackageW(host_name()), SEC_E_OK, "DeleteSecurityPackage");
    if (host_lists())
        check_fail("the package is gone", "it is listed still after DeleteSecurityPackage");
    check_expect(AddSecurityPackageA(check_shared->module, NULL), SEC_E_OK,
                 "AddSecurityPackage after DeleteSecurityPackage");
    check_expect(DeleteSecurityPackageW(host_name()), SEC_E_OK, "DeleteSecurityPackage, the second time");
}
