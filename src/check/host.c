/* SPDX-License-Identifier: MIT */
#include "check/host.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "check/heap.h"
#include "lsa/host.h"
#include "secur32/registry.h"

const char *const check_operation_names[OP_COUNT] = {"SpMakeSignature", "SpVerifySignature", "SpSealMessage",
                                                     "SpUnsealMessage"};

/* ---- calls into the LSA half: as from the host, so that GetCallInfo answers ---- */

static void lsa_enter(struct lsa_call *call, const char *entry)
{
    lsa_call_begin(call, check_package.id, false);
    check_enter(entry);
}

static void lsa_leave(struct lsa_call *call)
{
    check_enter(NULL);
    lsa_call_end(call);
}

/* ---- credentials ---- */

/* Text between guard pages, terminated; *string describes it. */
static char16_t *wide(const char *text, ULONG *units)
{
    bool invalid = false;
    size_t count = 0;
    char16_t *converted = utf16_from_utf8(text, strlen(text), &count, &invalid);
    struct guard g;

    if (converted == NULL)
        check_broken("a name or password of the options is not UTF-8");
    guard_new(&g, (count + 1) * sizeof(char16_t), "text");
    memcpy(g.data, converted, (count + 1) * sizeof(char16_t));
    mem_free(converted);
    *units = (ULONG)count;
    return (char16_t *)(void *)g.data;
}

static UNICODE_STRING string_of(const char *text)
{
    ULONG units;
    char16_t *made = wide(text, &units);

    return (UNICODE_STRING){(USHORT)(units * 2), (USHORT)(units * 2 + 2), made};
}

/* The kit's own account is no account of a realm. */
static void *identity_make(const char *password)
{
    struct guard g;
    bool list = check_shared->own_account && strcasecmp(check_package.name, "Negotiate") == 0;

    guard_new(&g, sizeof(SEC_WINNT_AUTH_IDENTITY_EXW), "the identity");
    SEC_WINNT_AUTH_IDENTITY_EXW *id = (void *)g.data;
    id->Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    id->Length = sizeof *id;
    id->Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    id->User = wide(check_shared->user, &id->UserLength);
    id->Domain = wide(check_shared->domain, &id->DomainLength);
    id->Password = wide(password, &id->PasswordLength);
    if (list)
        id->PackageList = wide("ntlm", &id->PackageListLength);
    return id;
}

/* Made once, in whatever thread is first: before there are several. */
void *check_identity(const char *password)
{
    static void *usual;

    if (!check_shared->has_user)
        return NULL;
    if (password != NULL)
        return identity_make(password);
    if (usual == NULL)
        usual = identity_make(check_shared->password);
    return usual;
}

static UNICODE_STRING *acceptor_name(void)
{
    static UNICODE_STRING name;

    if (check_shared->principal[0] == 0)
        return NULL;
    if (name.Buffer == NULL)
        name = string_of(check_shared->principal);
    return &name;
}

NTSTATUS check_acquire(struct check_side *side, const char *password)
{
    LUID logon = {0};
    TimeStamp expiry = {.QuadPart = 0};
    struct lsa_call call;

    if (check_package.lsa.AcquireCredentialsHandle == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    UNICODE_STRING *principal = side->initiator ? NULL : acceptor_name();
    void *data = side->initiator ? check_identity(password) : NULL;
    lsa_enter(&call, "SpAcquireCredentialsHandle");
    NTSTATUS status = check_package.lsa.AcquireCredentialsHandle(
        principal, side->initiator ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND, &logon, data, NULL, NULL,
        &side->credential, &expiry);
    lsa_leave(&call);
    side->has_credential = lsa_status_map(status) == SEC_E_OK;
    return status;
}

/* ---- steps ---- */

ULONG check_usual_flags(void)
{
    ULONG flags = ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_INTEGRITY;

    return check_package.info.fCapabilities & SECPKG_FLAG_PRIVACY ? flags | ISC_REQ_CONFIDENTIALITY : flags;
}

static ULONG acceptor_flags(ULONG flags)
{
    ULONG same = flags & ~(ULONG)ISC_REQ_INTEGRITY;

    return flags & ISC_REQ_INTEGRITY ? same | ASC_REQ_INTEGRITY : same;
}

struct step {
    SecBuffer in, out;
    SecBufferDesc input, output;
    TimeStamp expiry;
    LSA_SEC_HANDLE made;
    BOOLEAN mapped;
};

static NTSTATUS step_call(struct check_side *side, ULONG flags, struct step *s)
{
    static _Thread_local UNICODE_STRING target;

    if (target.Buffer == NULL)
        target = string_of(check_shared->target);
    if (side->initiator)
        return check_package.lsa.InitLsaModeContext(side->credential, side->lsa, &target, flags,
                                                    SECURITY_NATIVE_DREP, &s->input, &s->made, &s->output,
                                                    &side->attributes, &s->expiry, &s->mapped, &side->packed);
    return check_package.lsa.AcceptLsaModeContext(
        side->credential, side->lsa, &s->input, acceptor_flags(flags), SECURITY_NATIVE_DREP, &s->made,
        &s->output, &side->attributes, &s->expiry, &s->mapped, &side->packed);
}

/* What a step leaves behind; a first one that fails leaves no context. */
static void step_keep(struct check_side *side, const struct step *s, NTSTATUS status, ULONG_PTR owner,
                      LSA_SEC_HANDLE owner_context)
{
    bool went = lsa_status_map(status) >= 0;

    side->token_size = went ? s->out.cbBuffer : 0;
    side->mapped = went && s->mapped;
    if (went && s->made != 0) {
        /* Who names another one later is told so, once, and goes by the first. */
        side->renamed |= side->has_lsa && side->lsa != s->made;
        side->lsa = side->has_lsa ? side->lsa : s->made;
        side->has_lsa = true;
    }
    if (!side->mapped) {
        (void)heap_free(HEAP_LSA, side->packed.pvBuffer);
        side->packed = (SecBuffer){0};
        return;
    }
    side->owner = owner;
    side->user = owner != 0 ? owner_context : side->lsa;
}

NTSTATUS check_step(struct check_side *side, ULONG flags, const void *in, size_t in_size, size_t room)
{
    struct guard input = {.pages = NULL};
    struct step s = {.expiry.QuadPart = INT64_MAX};
    struct lsa_call call;

    if (side->token.pages == NULL || side->token.size != room) {
        if (side->token.pages != NULL)
            guard_free(&side->token);
        guard_new(&side->token, room, "the output TOKEN");
        guard_list(&side->token);
    }
    s.out = (SecBuffer){(ULONG)room, SECBUFFER_TOKEN, side->token.data};
    s.output = (SecBufferDesc){SECBUFFER_VERSION, 1, &s.out};
    s.input = (SecBufferDesc){SECBUFFER_VERSION, 0, NULL};
    if (in != NULL) {
        guard_new(&input, in_size, "the input TOKEN");
        guard_list(&input);
        memcpy(input.data, in, in_size);
        s.in = (SecBuffer){(ULONG)in_size, SECBUFFER_TOKEN, input.data};
        s.input = (SecBufferDesc){SECBUFFER_VERSION, 1, &s.in};
    }
    side->packed = (SecBuffer){0};
    lsa_enter(&call, side->initiator ? "SpInitLsaModeContext" : "SpAcceptLsaModeContext");
    NTSTATUS status = step_call(side, flags, &s);
    lsa_leave(&call);
    step_keep(side, &s, status, call.owner, call.owner_context);
    if (in != NULL)
        guard_free(&input);
    return status;
}

/* The last copies that were made; more than a point has contexts need not be known. */
static void *copies[8];
static unsigned copies_made;

unsigned check_copies_alive(void)
{
    unsigned alive = 0;

    for (unsigned i = 0; i < sizeof copies / sizeof copies[0]; i++)
        alive += copies[i] != NULL && heap_owns(HEAP_USER, copies[i], NULL);
    return alive;
}

static SecBuffer *keep;

void check_keep_packed(SecBuffer packed[2])
{
    keep = packed;
}

/* Instead of handing it over. */
static NTSTATUS keep_packed(struct check_side *side)
{
    SecBuffer *to = &keep[side->initiator ? 0 : 1];

    *to = side->packed;
    to->pvBuffer = mem_client_alloc(side->packed.cbBuffer > 0 ? side->packed.cbBuffer : 1);
    if (to->pvBuffer == NULL)
        check_broken("no memory");
    if (side->packed.pvBuffer != NULL)
        memcpy(to->pvBuffer, side->packed.pvBuffer, side->packed.cbBuffer);
    (void)heap_free(HEAP_LSA, side->packed.pvBuffer);
    side->packed = (SecBuffer){0};
    return SEC_E_OK;
}

NTSTATUS check_map(struct check_side *side)
{
    size_t size = 0;

    SecBuffer copy = {side->packed.cbBuffer, side->packed.BufferType, NULL};
    struct package *owner = NULL;

    side->table = &check_package.user;
    if (side->owner != 0) {
        if (registry_find_id(side->owner, &owner) != SEC_E_OK)
            return SEC_E_INTERNAL_ERROR;
        side->table = &owner->user;
    }
    if (side->table->InitUserModeContext == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (keep != NULL)
        return keep_packed(side);
    if (side->packed.pvBuffer != NULL && side->packed.cbBuffer > 0) {
        copy.pvBuffer = heap_alloc(HEAP_USER, side->packed.cbBuffer);
        if (copy.pvBuffer == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        memcpy(copy.pvBuffer, side->packed.pvBuffer, side->packed.cbBuffer);
        copies[__atomic_fetch_add(&copies_made, 1, __ATOMIC_RELAXED) % 8] = copy.pvBuffer;
        if (!check_package.hosted)
            side->foreign_packed =
                !heap_owns(HEAP_LSA, side->packed.pvBuffer, &size) || size < side->packed.cbBuffer;
    }
    (void)heap_free(HEAP_LSA, side->packed.pvBuffer);
    side->packed = (SecBuffer){0};
    check_enter("SpInitUserModeContext");
    NTSTATUS status = side->table->InitUserModeContext(side->user, &copy);
    check_enter(NULL);
    side->has_user = lsa_status_map(status) == SEC_E_OK;
    return status;
}

/* ---- a handshake ---- */

/* The step's outcome for the handshake: what is wrong with it beside its status; NULL: nothing. */
static const char *step_fault(struct check_side *side, SECURITY_STATUS status)
{
    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED)
        return "a step succeeded with another status than SEC_E_OK and SEC_I_CONTINUE_NEEDED";
    if (!side->has_lsa)
        return "a first step succeeded without naming a context in NewContextHandle";
    side->done = status == SEC_E_OK;
    if (side->done && !side->mapped)
        return "a last step succeeded without MappedContext";
    return NULL;
}

NTSTATUS check_handshake(struct check_pair *pair, check_wire_fn *wire, void *arg, const char **what)
{
    static _Thread_local uint8_t token[TOKEN_ROOM];
    struct check_side *sides[2] = {&pair->a, &pair->b};

    *what = "SpAcquireCredentialsHandle";
    pair->a.initiator = true;
    for (int i = 0; i < 2; i++) {
        NTSTATUS status = check_acquire(sides[i], pair->password);
        if (status != SEC_E_OK)
            return status;
    }
    size_t size = 0;
    for (int leg = 0; leg < LEGS_MAX; leg++) {
        struct check_side *side = sides[leg % 2];
        *what = side->initiator ? "SpInitLsaModeContext" : "SpAcceptLsaModeContext";
        NTSTATUS status = check_step(side, pair->flags, leg > 0 ? token : NULL, size,
                                     pair->room[leg] != 0 ? pair->room[leg] : TOKEN_ROOM);
        pair->legs = leg + 1;
        if (lsa_status_map(status) < 0)
            return status;
        if ((*what = step_fault(side, lsa_status_map(status))) != NULL)
            return SEC_E_INTERNAL_ERROR;
        if (side->done) {
            *what = "SpInitUserModeContext";
            status = check_map(side);
            if (status != SEC_E_OK)
                return status;
        }
        size = pair->said[leg] = side->token_size;
        if (pair->a.done && pair->b.done)
            break;
        *what = "a side is done, has nothing to say, and the other one waits";
        if (sides[(leg + 1) % 2]->done || (side->done && size == 0))
            return SEC_E_INTERNAL_ERROR;
        memcpy(token, side->token.data, size);
        if (wire != NULL)
            wire(arg, leg, token, &size);
    }
    *what = "sixteen legs were not enough";
    return pair->a.done && pair->b.done ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
}

void check_open_quietly(struct check_pair *pair, ULONG flags)
{
    const char *what;

    memset(pair, 0, sizeof *pair);
    pair->flags = flags;
    NTSTATUS status = check_handshake(pair, NULL, NULL, &what);
    if (status == SEC_E_INTERNAL_ERROR)
        check_fail("a context of the package with itself", "%s", what);
    check_expect(status, SEC_E_OK, "%s", what);
}

void check_open(struct check_pair *pair, ULONG flags)
{
    check_stage("context.establish");
    check_open_quietly(pair, flags);
    check_stage(NULL);
}

/* ---- the end ---- */

NTSTATUS check_delete_user(struct check_side *side)
{
    side->has_user = false;
    if (side->table->DeleteUserModeContext == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    check_enter("SpDeleteUserModeContext");
    NTSTATUS status = side->table->DeleteUserModeContext(side->user);
    check_enter(NULL);
    return status;
}

NTSTATUS check_delete_lsa(struct check_side *side)
{
    struct lsa_call call;

    side->has_lsa = false;
    if (check_package.lsa.DeleteContext == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    lsa_enter(&call, "SpDeleteContext");
    NTSTATUS status = check_package.lsa.DeleteContext(side->lsa);
    lsa_leave(&call);
    return status;
}

NTSTATUS check_release(struct check_side *side)
{
    struct lsa_call call;

    side->has_credential = false;
    lsa_enter(&call, "SpFreeCredentialsHandle");
    NTSTATUS status = check_package.lsa.FreeCredentialsHandle(side->credential);
    lsa_leave(&call);
    return status;
}

void check_side_close(struct check_side *side)
{
    if (side->has_user)
        (void)check_delete_user(side);
    if (side->has_lsa)
        (void)check_delete_lsa(side);
    if (side->has_credential && check_package.lsa.FreeCredentialsHandle != NULL)
        (void)check_release(side);
    (void)heap_free(HEAP_LSA, side->packed.pvBuffer);
    if (side->token.pages != NULL)
        guard_free(&side->token);
    memset(side, 0, sizeof *side);
}

void check_pair_close(struct check_pair *pair)
{
    check_side_close(&pair->a);
    check_side_close(&pair->b);
}

/* ---- the user half ---- */

NTSTATUS check_call_handle(enum check_operation op, const SECPKG_USER_FUNCTION_TABLE *table,
                           LSA_SEC_HANDLE handle, ULONG *qop, SecBufferDesc *desc, ULONG number)
{
    ULONG unused = 0;
    NTSTATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    if (qop == NULL)
        qop = &unused;
    check_enter(check_operation_names[op]);
    if (op == OP_SIGN && table->MakeSignature != NULL)
        status = table->MakeSignature(handle, *qop, desc, number);
    else if (op == OP_VERIFY && table->VerifySignature != NULL)
        status = table->VerifySignature(handle, desc, number, qop);
    else if (op == OP_SEAL && table->SealMessage != NULL)
        status = table->SealMessage(handle, *qop, desc, number);
    else if (op == OP_UNSEAL && table->UnsealMessage != NULL)
        status = table->UnsealMessage(handle, desc, number, qop);
    check_enter(NULL);
    return status;
}

NTSTATUS check_call(enum check_operation op, const struct check_side *side, ULONG *qop, SecBufferDesc *desc,
                    ULONG number)
{
    return check_call_handle(op, side->table, side->user, qop, desc, number);
}

NTSTATUS check_query(const struct check_side *side, ULONG attribute, void *buffer)
{
    if (side->table->QueryContextAttributes == NULL)
        return SEC_E_UNSUPPORTED_FUNCTION;
    check_enter("SpQueryContextAttributes (user half)");
    NTSTATUS status = side->table->QueryContextAttributes(side->user, attribute, buffer);
    check_enter(NULL);
    return status;
}

NTSTATUS check_export(const struct check_side *side, SecBuffer *packed)
{
    HANDLE token = NULL;

    *packed = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    check_enter("SpExportSecurityContext");
    NTSTATUS status = side->table->ExportContext(side->user, 0, packed, &token);
    check_enter(NULL);
    return status;
}

NTSTATUS check_import(const SECPKG_USER_FUNCTION_TABLE *table, const SecBuffer *packed,
                      LSA_SEC_HANDLE *handle)
{
    struct guard bytes;

    guard_new(&bytes, packed->cbBuffer, "the packed context");
    guard_list(&bytes);
    memcpy(bytes.data, packed->pvBuffer, packed->cbBuffer);
    SecBuffer given = {packed->cbBuffer, packed->BufferType, bytes.data};
    check_enter("SpImportSecurityContext");
    NTSTATUS status = table->ImportContext(&given, NULL, handle);
    check_enter(NULL);
    guard_free(&bytes);
    return status;
}
