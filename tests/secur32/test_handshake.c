/* SPDX-License-Identifier: MIT */
/* One step of a handshake: states, outputs, memory that the host allocates, and all ways in which it can go
 * wrong. */
#include "fake.h"

#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "secur32/handle.h"

/* A step with every output in view. */
struct shot {
    char in[8];
    ULONG requirements;
    SecBuffer out_buffers[3];
    SecBufferDesc output;
    ULONG attributes;
    TimeStamp expiry;
    CtxtHandle made;
};

static char other_text[] = "other";

static void shot_init(struct shot *s, const char *in, ULONG requirements, void *token, ULONG size)
{
    memset(s, 0, sizeof(*s));
    snprintf(s->in, sizeof(s->in), "%s", in);
    s->requirements = requirements;
    s->out_buffers[0] = (SecBuffer){5, SECBUFFER_EMPTY, other_text};
    s->out_buffers[1] = (SecBuffer){size, SECBUFFER_TOKEN | SECBUFFER_READONLY_WITH_CHECKSUM, token};
    s->out_buffers[2] = (SecBuffer){0, SECBUFFER_DATA, NULL};
    s->output = (SecBufferDesc){SECBUFFER_VERSION, 3, s->out_buffers};
    s->attributes = 0x1234;
    s->expiry.QuadPart = 1;
    s->made = (CtxtHandle){11, 22};
}

static SECURITY_STATUS shot_fire(struct shot *s, bool accept, CredHandle *credential, CtxtHandle *context)
{
    SecBuffer token = {(ULONG)strlen(s->in), SECBUFFER_TOKEN, s->in};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &token};

    return accept ? AcceptSecurityContext(credential, context, &input, s->requirements, 0, &s->made,
                                          &s->output, &s->attributes, &s->expiry)
                  : InitializeSecurityContextW(credential, context, NULL, s->requirements, 0, 0, &input, 0,
                                               &s->made, &s->output, &s->attributes, &s->expiry);
}

/* Everything as shot_init left it. */
static void shot_untouched(const struct shot *s, const void *token, ULONG size)
{
    assert_int_equal(s->attributes, 0x1234);
    assert_int_equal(s->expiry.QuadPart, 1);
    assert_int_equal(s->made.dwLower, 11);
    assert_int_equal(s->made.dwUpper, 22);
    assert_int_equal(s->out_buffers[1].cbBuffer, size);
    assert_ptr_equal(s->out_buffers[1].pvBuffer, token);
}

static void ordinary(void **state)
{
    CtxtHandle a, b;

    (void)state;
    fake_pair(&a, &b);
    assert_int_equal(fake_sign(&a), SEC_E_OK);
    assert_int_equal(fake_verify(&b), SEC_E_OK);
    assert_int_equal(fake_counts.user_contexts, 2);
    assert_int_equal(DeleteSecurityContext(&a), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&b), SEC_E_OK);
    assert_int_equal(fake_counts.user_deleted, 2);
}

static void outputs_on_success(void **state)
{
    CredHandle credential = fake_credential();
    char token[FAKE_MAX_TOKEN];
    struct shot s;

    (void)state;
    fake.step_attributes = ISC_RET_CONFIDENTIALITY;
    shot_init(&s, "", ISC_REQ_CONFIDENTIALITY, token, sizeof(token));
    assert_int_equal(shot_fire(&s, false, &credential, NULL), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(s.attributes, ISC_RET_CONFIDENTIALITY);
    assert_int_equal(s.expiry.QuadPart, 4713);
    assert_int_equal(s.out_buffers[1].cbBuffer, 1);
    assert_ptr_equal(s.out_buffers[1].pvBuffer, token);
    assert_int_equal(token[0], 'A');
    assert_int_equal(s.out_buffers[0].cbBuffer, 5);
    assert_string_equal(s.out_buffers[0].pvBuffer, "other");
    CtxtHandle context = s.made;
    CtxtHandle copy = {0, 0};
    shot_init(&s, "B", 0, token, sizeof(token));
    SecBuffer in = {1, SECBUFFER_TOKEN, s.in};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in};
    assert_int_equal(InitializeSecurityContextW(&credential, &context, NULL, 0, 0, 0, &input, 0, &copy,
                                                &s.output, NULL, NULL),
                     SEC_E_OK);
    assert_memory_equal(&copy, &context, sizeof(copy));
    assert_int_equal(DeleteSecurityContext(&copy), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* ALLOCATE_MEMORY: the host's memory in the TOKEN, the flag in the attributes, and not a word of it to the
 * package. */
static void allocated_memory(void **state)
{
    CredHandle credential = fake_credential();
    struct shot s;

    (void)state;
    for (int accept = 0; accept < 2; accept++) {
        shot_init(&s, accept ? "A" : "", ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_DELEGATE, NULL, 0);
        assert_int_equal(shot_fire(&s, accept, &credential, NULL), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(fake_counts.last_requirements, ISC_REQ_DELEGATE);
        assert_int_equal(s.attributes & ISC_RET_ALLOCATED_MEMORY, ISC_RET_ALLOCATED_MEMORY);
        assert_int_equal(s.out_buffers[1].cbBuffer, 1);
        assert_non_null(s.out_buffers[1].pvBuffer);
        assert_int_equal(*(char *)s.out_buffers[1].pvBuffer, accept ? 'B' : 'A');
        assert_int_equal(FreeContextBuffer(s.out_buffers[1].pvBuffer), SEC_E_OK);
        assert_int_equal(DeleteSecurityContext(&s.made), SEC_E_OK);
    }
    /* No token to send: no memory either. */
    fake.empty_token = true;
    shot_init(&s, "", ISC_REQ_ALLOCATE_MEMORY, NULL, 0);
    assert_int_equal(shot_fire(&s, false, &credential, NULL), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(s.out_buffers[1].cbBuffer, 0);
    assert_null(s.out_buffers[1].pvBuffer);
    assert_int_equal(DeleteSecurityContext(&s.made), SEC_E_OK);
    /* A failed step: the caller's buffer is as it was. */
    fake.empty_token = false;
    fake.step = SEC_E_LOGON_DENIED;
    shot_init(&s, "", ISC_REQ_ALLOCATE_MEMORY, NULL, 0);
    assert_int_equal(shot_fire(&s, false, &credential, NULL), SEC_E_LOGON_DENIED);
    shot_untouched(&s, NULL, 0);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void first_leg_fails(void **state)
{
    CredHandle credential = fake_credential();
    char token[FAKE_MAX_TOKEN];
    struct shot s;

    (void)state;
    for (int accept = 0; accept < 2; accept++) {
        fake.step = STATUS_LOGON_FAILURE;
        fake.step_token = true;
        shot_init(&s, accept ? "A" : "", 0, token, sizeof(token));
        assert_int_equal(shot_fire(&s, accept, &credential, NULL), SEC_E_LOGON_DENIED);
        shot_untouched(&s, token, sizeof(token));
    }
    assert_int_equal(slab_live(&handle_contexts.slab), 0);
    /* The package made a context, but its user half did not want it. */
    fake.step = 0;
    fake.init_user = SEC_E_INTERNAL_ERROR;
    fake.early_map = true;
    shot_init(&s, "", 0, token, sizeof(token));
    assert_int_equal(shot_fire(&s, false, &credential, NULL), SEC_E_INTERNAL_ERROR);
    shot_untouched(&s, token, sizeof(token));
    assert_int_equal(fake_counts.lsa_contexts, fake_counts.lsa_deleted);
    /* It named none. */
    fake.init_user = 0;
    fake.early_map = false;
    fake.no_context = true;
    shot_init(&s, "", 0, token, sizeof(token));
    assert_int_equal(shot_fire(&s, false, &credential, NULL), SEC_E_INTERNAL_ERROR);
    assert_int_equal(slab_live(&handle_contexts.slab), 0);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* With EXTENDED_ERROR the token of a failed step is the caller's to send. */
static void error_token(void **state)
{
    CredHandle credential = fake_credential();
    struct shot s;

    (void)state;
    for (int accept = 0; accept < 2; accept++) {
        fake.step = SEC_E_LOGON_DENIED;
        fake.step_token = true;
        fake.step_attributes = accept ? ASC_RET_EXTENDED_ERROR : ISC_RET_EXTENDED_ERROR;
        shot_init(&s, accept ? "A" : "", ISC_REQ_ALLOCATE_MEMORY, NULL, 0);
        assert_int_equal(shot_fire(&s, accept, &credential, NULL), SEC_E_LOGON_DENIED);
        assert_int_equal(s.out_buffers[1].cbBuffer, 1);
        assert_int_equal(*(char *)s.out_buffers[1].pvBuffer, 'E');
        assert_int_equal(s.attributes, fake.step_attributes | ISC_RET_ALLOCATED_MEMORY);
        assert_int_equal(s.expiry.QuadPart, 1);
        assert_int_equal(s.made.dwLower, 11);
        FreeContextBuffer(s.out_buffers[1].pvBuffer);
        /* The other role's bit is another flag altogether. */
        fake.step_attributes = accept ? ISC_RET_EXTENDED_ERROR : ASC_RET_EXTENDED_ERROR;
        shot_init(&s, accept ? "A" : "", ISC_REQ_ALLOCATE_MEMORY, NULL, 0);
        assert_int_equal(shot_fire(&s, accept, &credential, NULL), SEC_E_LOGON_DENIED);
        shot_untouched(&s, NULL, 0);
    }
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* What a context answers to everything but the few things it may still be asked. */
static void answers_nothing(CtxtHandle *context)
{
    SecPkgContext_Sizes sizes;
    SecBuffer buffer = {0};
    SecBufferDesc message = {SECBUFFER_VERSION, 1, &buffer};
    ULONG value = 0;

    assert_int_equal(fake_sign(context), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_verify(context), SEC_E_INVALID_HANDLE);
    assert_int_equal(EncryptMessage(context, 0, &message, 0), SEC_E_INVALID_HANDLE);
    assert_int_equal(DecryptMessage(context, &message, 0, NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryContextAttributesW(context, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryContextAttributesA(context, SECPKG_ATTR_KEY_INFO, &sizes), SEC_E_INVALID_HANDLE);
    assert_int_equal(SetContextAttributesW(context, 1, &value, 4), SEC_E_INVALID_HANDLE);
    assert_int_equal(CompleteAuthToken(context, &message), SEC_E_INVALID_HANDLE);
    assert_int_equal(ApplyControlToken(context, &message), SEC_E_INVALID_HANDLE);
    assert_int_equal(ExportSecurityContext(context, 0, &buffer, NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(ImpersonateSecurityContext(context), SEC_E_INVALID_HANDLE);
    assert_int_equal(RevertSecurityContext(context), SEC_E_INVALID_HANDLE);
    assert_int_equal(QuerySecurityContextToken(context, (void **)&buffer.pvBuffer), SEC_E_INVALID_HANDLE);
}

static void unfinished(void **state)
{
    CredHandle credential = fake_credential();
    CtxtHandle context = fake_unfinished(&credential);
    SecPkgContext_LastClientTokenStatus last;
    SecPkgContext_PackageInfoW package;
    SecPkgContext_NamesA names;
    SecPkgContext_Target target;
    char token[FAKE_MAX_TOKEN];

    (void)state;
    answers_nothing(&context);
    assert_int_equal(fake_counts.queries, 0);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &last),
                     SEC_E_OK);
    assert_int_equal(last.LastClientTokenStatus, SecPkgAttrLastClientTokenMaybe);
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, "EARLY\\m\u00fcller");
    FreeContextBuffer(names.sUserName);
    /* The LSA half does not say, the registry does. */
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_PACKAGE_INFO, &package), SEC_E_OK);
    assert_int_equal(package.PackageInfo->wRPCID, 77);
    FreeContextBuffer(package.PackageInfo);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_TARGET, &target),
                     SEC_E_UNSUPPORTED_FUNCTION);

    /* The other role's function does not know it, and it goes on. */
    assert_int_equal(fake_step(true, &credential, &context, &context, "A", token), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_OK);
    assert_int_equal(fake_sign(&context), SEC_E_OK);
    /* Established, it takes no further step, and stays what it is. */
    unsigned long calls = fake_counts.calls;
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(fake_counts.calls, calls);
    assert_int_equal(fake_sign(&context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void failed(void **state)
{
    CredHandle credential = fake_credential();
    CtxtHandle context = fake_failed(&credential);
    SecPkgContext_LastClientTokenStatus last;
    SecPkgContext_PackageInfoW package;
    SecPkgContext_NamesW names;
    char token[FAKE_MAX_TOKEN];

    (void)state;
    answers_nothing(&context);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_PACKAGE_INFO, &package),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_NAMES, &names), SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &last),
                     SEC_E_OK);
    unsigned long calls = fake_counts.calls;
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_counts.calls, calls);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* A refusal before the package was asked, and a message that is not complete, leave the handshake where it
 * was. */
static void retry(void **state)
{
    CredHandle credential = fake_credential();
    CtxtHandle context = fake_unfinished(&credential);
    SecBuffer bad = {3, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &bad};
    char token[FAKE_MAX_TOKEN];

    (void)state;
    assert_int_equal(
        InitializeSecurityContextW(NULL, &context, NULL, 0, 0, 0, &input, 0, NULL, NULL, NULL, NULL),
        SEC_E_INVALID_TOKEN);
    fake.step = SEC_E_INCOMPLETE_MESSAGE;
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_INCOMPLETE_MESSAGE);
    fake.step = 0;
    fake_gate_on(0);
    bad = (SecBuffer){1, SECBUFFER_TOKEN, (char[]){"B"}};
    SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    assert_int_equal(InitializeSecurityContextW(NULL, &context, NULL, ISC_REQ_ALLOCATE_MEMORY, 0, 0, &input,
                                                0, NULL, &output, NULL, NULL),
                     SEC_E_INSUFFICIENT_MEMORY);
    fake_gate_off();
    assert_null(out.pvBuffer);
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);

    /* An output TOKEN that is too small is the end of it. */
    context = fake_unfinished(&credential);
    out = (SecBuffer){0, SECBUFFER_TOKEN, token};
    assert_int_equal(
        InitializeSecurityContextW(NULL, &context, NULL, 0, 0, 0, &input, 0, NULL, &output, NULL, NULL),
        SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void user_half_refuses(void **state)
{
    CredHandle credential = fake_credential();
    CtxtHandle context = fake_unfinished(&credential);
    char token[FAKE_MAX_TOKEN];

    (void)state;
    fake.init_user = STATUS_NO_MEMORY;
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token),
                     SEC_E_INSUFFICIENT_MEMORY);
    fake.init_user = 0;
    answers_nothing(&context);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    /* The LSA half changes its mind after it has packed the context: nothing is handed over. */
    context = fake_unfinished(&credential);
    fake.late = SEC_E_LOGON_DENIED;
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_LOGON_DENIED);
    fake.late = 0;
    answers_nothing(&context);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(fake_counts.user_contexts, 0);
    /* A success that is not SEC_E_OK is none; the context that it made is deleted (the teardown counts). */
    static const NTSTATUS successes[] = {SEC_I_CONTINUE_NEEDED, STATUS_TIMEOUT};
    for (size_t i = 0; i < 2; i++) {
        context = fake_unfinished(&credential);
        fake.init_user = successes[i];
        assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_INTERNAL_ERROR);
        fake.init_user = 0;
        assert_int_equal(fake_counts.user_contexts, i + 1);
        answers_nothing(&context);
        assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    }
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* A handshake that ends without a packed context: finished, and nothing to protect messages with. */
static void not_mapped(void **state)
{
    CredHandle credential = fake_credential();
    CtxtHandle context = fake_unfinished(&credential);
    SecPkgContext_UserFlags flags;
    char token[FAKE_MAX_TOKEN];

    (void)state;
    fake.not_mapped = true;
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_OK);
    assert_int_equal(fake_sign(&context), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_USER_FLAGS, &flags), SEC_E_OK);
    assert_int_equal(flags.UserFlags, 99);
    assert_int_equal(fake_counts.user_contexts, 0);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* A later step need not name the context again. */
static void not_named_again(void **state)
{
    CredHandle credential = fake_credential();
    CtxtHandle context = fake_unfinished(&credential);
    char token[FAKE_MAX_TOKEN];

    (void)state;
    fake.no_context = true;
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_OK);
    assert_int_equal(fake_sign(&context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Handed over early, it is established only when the handshake ends. */
static void mapped_early(void **state)
{
    CredHandle credential = fake_credential();
    char token[FAKE_MAX_TOKEN];

    (void)state;
    fake.early_map = true;
    CtxtHandle context = fake_unfinished(&credential);
    assert_int_equal(fake_counts.user_contexts, 1);
    assert_int_equal(fake_sign(&context), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_OK);
    assert_int_equal(fake_sign(&context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);

    /* Twice is once too often. */
    context = fake_unfinished(&credential);
    fake.early_map = false;
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_INTERNAL_ERROR);
    assert_int_equal(fake_sign(&context), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* CompleteAuthToken: after a step that asked for it, the handshake finished or not, and after no other. */
static void completed(void **state)
{
    CredHandle credential = fake_credential();
    SecBuffer buffer = {0};
    SecBufferDesc message = {SECBUFFER_VERSION, 1, &buffer};
    char token[FAKE_MAX_TOKEN];
    CtxtHandle context;

    (void)state;
    fake.early_map = true;
    context = fake_unfinished(&credential);
    assert_int_equal(CompleteAuthToken(&context, &message), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);

    fake.first = SEC_I_COMPLETE_NEEDED;
    assert_int_equal(fake_step(false, &credential, NULL, &context, NULL, token), SEC_I_COMPLETE_NEEDED);
    assert_int_equal(CompleteAuthToken(&context, &message), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);

    fake.first = SEC_I_COMPLETE_AND_CONTINUE;
    assert_int_equal(fake_step(false, &credential, NULL, &context, NULL, token), SEC_I_COMPLETE_AND_CONTINUE);
    assert_int_equal(CompleteAuthToken(&context, NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(CompleteAuthToken(&context, &message), SEC_E_OK);
    assert_int_equal(fake_sign(&context), SEC_E_INVALID_HANDLE);
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_OK);
    assert_int_equal(fake_sign(&context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);

    /* Nothing was handed over yet; and a handshake that failed is over. */
    fake.early_map = false;
    assert_int_equal(fake_step(false, &credential, NULL, &context, NULL, token), SEC_I_COMPLETE_AND_CONTINUE);
    assert_int_equal(CompleteAuthToken(&context, &message), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(fake_step(false, &credential, &context, &context, "x", token), SEC_E_INVALID_TOKEN);
    assert_int_equal(CompleteAuthToken(&context, &message), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void wrong_credential(void **state)
{
    static char16_t bare[] = u"Bare";
    CredHandle credential = fake_credential(), other;
    CtxtHandle context = fake_unfinished(&credential);
    char token[FAKE_MAX_TOKEN];

    (void)state;
    assert_int_equal(
        AcquireCredentialsHandleW(NULL, bare, SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL, &other, NULL),
        SEC_E_OK);
    assert_int_equal(fake_step(false, &other, &context, &context, "B", token), SEC_E_WRONG_CREDENTIAL_HANDLE);
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&other), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* "Bare" has no user functions but the two it must have. */
static void absent_functions(void **state)
{
    static char16_t bare[] = u"Bare";
    SecPkgContext_PackageInfoA package;
    SecPkgContext_Sizes sizes;
    SecBuffer buffer = {0};
    SecBufferDesc message = {SECBUFFER_VERSION, 1, &buffer};
    CredHandle credential;
    CtxtHandle context;
    char token[FAKE_MAX_TOKEN];

    (void)state;
    assert_int_equal(
        AcquireCredentialsHandleW(NULL, bare, SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL, &credential, NULL),
        SEC_E_OK);
    context = fake_unfinished(&credential);
    assert_int_equal(fake_step(false, &credential, &context, &context, "B", token), SEC_E_OK);
    assert_int_equal(fake_sign(&context), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(fake_verify(&context), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(EncryptMessage(&context, 0, NULL, 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(DecryptMessage(&context, NULL, 0, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(CompleteAuthToken(&context, &message), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(ApplyControlToken(&context, &message), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(ExportSecurityContext(&context, 0, &buffer, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(ImpersonateSecurityContext(&context), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_SIZES, &sizes),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SetContextAttributesA(&context, 1, &buffer, 4), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryCredentialsAttributesW(&credential, 1, &sizes), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SetCredentialsAttributesW(&credential, 1, &buffer, 4), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(AddCredentialsW(&credential, NULL, NULL, 0, NULL, NULL, NULL, NULL),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_PACKAGE_INFO, &package), SEC_E_OK);
    assert_string_equal(package.PackageInfo->Name, "Bare");
    assert_string_equal(package.PackageInfo->Comment, "");
    FreeContextBuffer(package.PackageInfo);
    buffer = (SecBuffer){4, 0, (char[]){"FAKE"}};
    CtxtHandle imported;
    assert_int_equal(ImportSecurityContextW(bare, &buffer, NULL, &imported), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void descriptors(void **state)
{
    CredHandle credential = fake_credential();
    SecBuffer many[65] = {{0}}, token = {4, SECBUFFER_TOKEN, NULL};
    const SecBufferDesc bad_input[] = {{1, 1, many},
                                       {SECBUFFER_VERSION, 65, many},
                                       {SECBUFFER_VERSION, 1, NULL},
                                       {SECBUFFER_VERSION, 1, &token}};
    CtxtHandle context = {1, 2};

    (void)state;
    for (size_t i = 0; i < sizeof(bad_input) / sizeof(bad_input[0]); i++) {
        SecBufferDesc desc = bad_input[i];
        assert_int_equal(InitializeSecurityContextW(&credential, NULL, NULL, 0, 0, 0, &desc, 0, &context,
                                                    NULL, NULL, NULL),
                         SEC_E_INVALID_TOKEN);
        assert_int_equal(InitializeSecurityContextW(&credential, NULL, NULL, 0, 0, 0, NULL, 0, &context,
                                                    &desc, NULL, NULL),
                         SEC_E_INVALID_TOKEN);
    }
    assert_int_equal(fake_counts.calls, 0);
    assert_int_equal(context.dwLower, 1);
    SecBufferDesc most = {SECBUFFER_VERSION, 64, many}, none = {SECBUFFER_VERSION, 0, NULL};
    assert_int_equal(
        InitializeSecurityContextW(&credential, NULL, NULL, 0, 0, 0, &most, 0, &context, &none, NULL, NULL),
        SEC_I_CONTINUE_NEEDED);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(InitializeSecurityContextW(&credential, NULL, NULL, ISC_REQ_ALLOCATE_MEMORY, 0, 0, NULL,
                                                0, &context, &most, NULL, NULL),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void target_names(void **state)
{
    static char16_t wide[] = u"http/hos\u00fc", long_name[40000];
    CredHandle credential = fake_credential();
    CtxtHandle context;

    (void)state;
    assert_int_equal(
        InitializeSecurityContextW(&credential, NULL, wide, 0, 0, 0, NULL, 0, &context, NULL, NULL, NULL),
        SEC_I_CONTINUE_NEEDED);
    assert_string_equal(fake_counts.last_target, "http/hos\xfc");
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(InitializeSecurityContextA(&credential, NULL, "cifs/\u00e4\u00f6", 0, 0, 0, NULL, 0,
                                                &context, NULL, NULL, NULL),
                     SEC_I_CONTINUE_NEEDED);
    assert_string_equal(fake_counts.last_target, "cifs/\xe4\xf6");
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(
        InitializeSecurityContextA(&credential, NULL, NULL, 0, 0, 0, NULL, 0, &context, NULL, NULL, NULL),
        SEC_I_CONTINUE_NEEDED);
    assert_true(fake_counts.last_target_null);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(
        InitializeSecurityContextA(&credential, NULL, "\xff", 0, 0, 0, NULL, 0, &context, NULL, NULL, NULL),
        SEC_E_INVALID_PARAMETER);
    for (size_t i = 0; i < 39999; i++)
        long_name[i] = u'x';
    assert_int_equal(InitializeSecurityContextW(&credential, NULL, long_name, 0, 0, 0, NULL, 0, &context,
                                                NULL, NULL, NULL),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Each allocation of a whole handshake fails once: the answer is SEC_E_INSUFFICIENT_MEMORY and nothing is
 * left over (the teardown counts). */
static SECURITY_STATUS whole_handshake(CredHandle *credential)
{
    struct shot a, b;
    SECURITY_STATUS status, other;

    shot_init(&a, "", ISC_REQ_ALLOCATE_MEMORY, NULL, 0);
    status = shot_fire(&a, false, credential, NULL);
    if (status < 0)
        return status;
    CtxtHandle initiator = a.made;
    shot_init(&b, "A", ASC_REQ_ALLOCATE_MEMORY, NULL, 0);
    FreeContextBuffer(a.out_buffers[1].pvBuffer);
    status = shot_fire(&b, true, credential, NULL);
    if (status >= 0) {
        CtxtHandle acceptor = b.made;
        FreeContextBuffer(b.out_buffers[1].pvBuffer);
        shot_init(&a, "B", ISC_REQ_ALLOCATE_MEMORY, NULL, 0);
        status = shot_fire(&a, false, NULL, &initiator);
        if (status >= 0) {
            FreeContextBuffer(a.out_buffers[1].pvBuffer);
            shot_init(&b, "C", ASC_REQ_ALLOCATE_MEMORY, NULL, 0);
            status = shot_fire(&b, true, NULL, &acceptor);
        }
        other = DeleteSecurityContext(&acceptor);
        assert_int_equal(other, SEC_E_OK);
    }
    assert_int_equal(DeleteSecurityContext(&initiator), SEC_E_OK);
    return status;
}

static void out_of_memory(void **state)
{
    CredHandle credential = fake_credential();
    unsigned long n = 0;

    (void)state;
    for (;; n++) {
        fake_gate_on(n);
        SECURITY_STATUS status = whole_handshake(&credential);
        if (fake_gate_off() <= n) {
            assert_int_equal(status, SEC_E_OK);
            break;
        }
        if (status != SEC_E_INSUFFICIENT_MEMORY)
            fail_msg("allocation %lu failed and the answer was %08x", n, (unsigned)status);
    }
    assert_true(n > 10);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* Two threads step one handshake: one of them takes the step, the other comes too late, and nobody is hurt.
 */
struct racer {
    CredHandle *credential;
    CtxtHandle context;
    pthread_barrier_t *barrier;
    SECURITY_STATUS status;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    char token[FAKE_MAX_TOKEN];

    pthread_barrier_wait(r->barrier);
    r->status = fake_step(false, r->credential, &r->context, NULL, "B", token);
    return NULL;
}

static void two_threads_one_step(void **state)
{
    CredHandle credential = fake_credential();
    pthread_barrier_t barrier;

    (void)state;
    pthread_barrier_init(&barrier, NULL, 2);
    for (int round = 0; round < 2000; round++) {
        CtxtHandle context = fake_unfinished(&credential);
        struct racer racers[2] = {{&credential, context, &barrier, 0}, {&credential, context, &barrier, 0}};
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, race, &racers[i]);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        int won = racers[0].status == SEC_E_OK ? 0 : 1;
        assert_int_equal(racers[won].status, SEC_E_OK);
        assert_int_equal(racers[!won].status, SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(fake_sign(&context), SEC_E_OK);
        assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    }
    pthread_barrier_destroy(&barrier);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ordinary, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(outputs_on_success, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(allocated_memory, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(first_leg_fails, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(error_token, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(unfinished, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(failed, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(retry, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(user_half_refuses, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(not_mapped, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(not_named_again, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(mapped_early, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(completed, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(wrong_credential, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(absent_functions, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(descriptors, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(target_names, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(out_of_memory, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(two_threads_one_step, fake_setup, fake_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
