/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <errno.h>
#include <opensspi.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/config.h"
#include "base/sources.h"
#include "base/utf16.h"
#include "packages/ntlm/ntlm_package.h"

SECPKG_FUNCTION_TABLE *lsa_table;
SECPKG_USER_FUNCTION_TABLE *user_table;
int64_t clock_offset;
bool call_ansi = true;

/* ---- the host that stands in ---- */

static PVOID NTAPI host_alloc(ULONG size)
{
    return mem_alloc(size);
}

static VOID NTAPI host_free(PVOID p)
{
    mem_free(p);
}

static PVOID NTAPI host_client_alloc(ULONG size)
{
    return mem_client_alloc(size);
}

static VOID NTAPI host_client_free(PVOID p)
{
    mem_client_free(p);
}

static NTSTATUS NTAPI host_give(PLSA_CLIENT_REQUEST request, ULONG size, PVOID *out)
{
    (void)request;
    *out = mem_client_alloc(size);
    return *out != NULL ? 0 : (NTSTATUS)0xC0000017;
}

static NTSTATUS NTAPI host_take(PLSA_CLIENT_REQUEST request, PVOID p)
{
    (void)request;
    mem_client_free(p);
    return 0;
}

static NTSTATUS NTAPI host_copy_to(PLSA_CLIENT_REQUEST request, ULONG size, PVOID client, PVOID from)
{
    (void)request;
    memcpy(client, from, size);
    return 0;
}

static NTSTATUS NTAPI host_copy_from(PLSA_CLIENT_REQUEST request, ULONG size, PVOID to, PVOID client)
{
    (void)request;
    memcpy(to, client, size);
    return 0;
}

static BOOLEAN NTAPI host_call_info(PSECPKG_CALL_INFO info)
{
    *info = (SECPKG_CALL_INFO){.Attributes = call_ansi ? SECPKG_CALL_ANSI : 0};
    return TRUE;
}

static LSA_SECPKG_FUNCTION_TABLE host_functions = {
    .AllocateLsaHeap = host_alloc,
    .FreeLsaHeap = host_free,
    .AllocateClientBuffer = host_give,
    .FreeClientBuffer = host_take,
    .CopyToClientBuffer = host_copy_to,
    .CopyFromClientBuffer = host_copy_from,
    .GetCallInfo = host_call_info,
};

static SECPKG_DLL_FUNCTIONS host_dll = {.AllocateHeap = host_client_alloc, .FreeHeap = host_client_free};

/* ---- clock and randomness ---- */

static const uint8_t *script;
static size_t script_size, script_at;
static uint64_t script_clock;

static bool host_random(void *arg, void *out, size_t size)
{
    (void)arg;
    if (script == NULL) {
        return getrandom(out, size, 0) == (ssize_t)size;
    }
    for (size_t i = 0; i < size; i++, script_at++) {
        ((uint8_t *)out)[i] = script_at < script_size ? script[script_at] : (uint8_t)script_at;
    }
    return true;
}

static uint64_t host_now(void *arg)
{
    struct timespec t;
    (void)arg;
    if (script_clock != 0) {
        return script_clock;
    }
    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t now = ((uint64_t)t.tv_sec + UINT64_C(11644473600)) * 10000000 + (uint64_t)t.tv_nsec / 100;
    return (uint64_t)((int64_t)now + clock_offset);
}

static const struct sources host_sources = {host_random, host_now, NULL};

void sources_script(const uint8_t *bytes, size_t size, uint64_t clock)
{
    script = bytes;
    script_size = size;
    script_at = 0;
    script_clock = clock;
}

/* ---- folder and start ---- */

static char folder[64];

static void folder_remove(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) {
        fprintf(stderr, "could not remove %s\n", folder);
    }
}

const char *harness_path(const char *name)
{
    static char paths[64][256];
    static unsigned next;
    char *path = paths[next++ % 64];
    (void)snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

void harness_write(const char *name, const char *text, unsigned mode)
{
    FILE *f = fopen(harness_path(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(harness_path(name), mode), 0);
}

NTSTATUS harness_start_status(const char *ntlm_conf)
{
    char conf[2048];
    ULONG version, count;
    SECPKG_PARAMETERS parameters = {0};
    if (folder[0] == 0) {
        strcpy(folder, "/tmp/sspi-ntlm-XXXXXX");
        assert_non_null(mkdtemp(folder));
        atexit(folder_remove);
    }
    sources_replace(&host_sources);
    clock_offset = 0;
    call_ansi = true;
    unsetenv("NTLM_USER_FILE");
    (void)snprintf(conf, sizeof conf, "[ntlm]\naccounts = %s\n%s\n", harness_path("accounts"),
                   ntlm_conf != NULL ? ntlm_conf : "");
    harness_write("sspi.conf", conf, 0600);
    setenv("SSPI_CONFIG", harness_path("sspi.conf"), 1);
    config_process_reset();
    assert_status(ntlm_SpLsaModeInitialize(SECPKG_INTERFACE_VERSION_11, &version, &lsa_table, &count),
                  SEC_E_OK);
    assert_int_equal(count, 1);
    assert_status(ntlm_SpUserModeInitialize(SECPKG_INTERFACE_VERSION_11, &version, &user_table, &count),
                  SEC_E_OK);
    assert_int_equal(count, 1);
    assert_status(user_table->InstanceInit(SECPKG_INTERFACE_VERSION_11, &host_dll, NULL), SEC_E_OK);
    return lsa_table->Initialize(1, &parameters, &host_functions);
}

void harness_start(const char *ntlm_conf)
{
    SspiErrorInfo error = {{0}};
    assert_status(harness_start_status(ntlm_conf), SEC_E_OK);
    unlink(harness_path("accounts"));
    if (SspiAccountAdd(harness_path("accounts"), TEST_DOMAIN, TEST_USER, TEST_PASSWORD, FALSE, &error) !=
        SEC_E_OK) {
        fail_msg("%s", error.text);
    }
}

/* ---- sides ---- */

NTSTATUS side_open(struct side *s, bool initiator, const char *domain, const char *user, const char *password)
{
    TimeStamp expiry;
    SEC_WINNT_AUTH_IDENTITY_A id = {.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    memset(s, 0, sizeof *s);
    s->initiator = initiator;
    if (user != NULL) {
        id.User = (unsigned char *)(uintptr_t)user;
        id.UserLength = (ULONG)strlen(user);
        id.Domain = (unsigned char *)(uintptr_t)domain;
        id.DomainLength = domain != NULL ? (ULONG)strlen(domain) : 0;
        id.Password = (unsigned char *)(uintptr_t)password;
        id.PasswordLength = password != NULL ? (ULONG)strlen(password) : 0;
    }
    return lsa_table->AcquireCredentialsHandle(NULL, initiator ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND,
                                               NULL, user != NULL ? &id : NULL, NULL, NULL, &s->credential,
                                               &expiry);
}

/* The packed context crosses as bytes: a copy in the application's memory. */
static NTSTATUS side_map(struct side *s, SecBuffer *packed)
{
    SecBuffer copy = {packed->cbBuffer, packed->BufferType, mem_client_alloc(packed->cbBuffer)};
    NTSTATUS status = SEC_E_INSUFFICIENT_MEMORY;
    assert_true(packed->cbBuffer <= sizeof s->packed);
    memcpy(s->packed, packed->pvBuffer, packed->cbBuffer);
    s->packed_size = packed->cbBuffer;
    if (copy.pvBuffer != NULL) {
        memcpy(copy.pvBuffer, packed->pvBuffer, packed->cbBuffer);
        status = user_table->InitUserModeContext(s->context, &copy);
    }
    if (status != SEC_E_OK) {
        mem_client_free(copy.pvBuffer);
    }
    s->user_mode = status == SEC_E_OK;
    mem_free(packed->pvBuffer);
    return status;
}

NTSTATUS side_step(struct side *s, ULONG flags, const char16_t *target, const void *in, size_t size,
                   SecBuffer *bindings)
{
    SecBuffer inputs[2] = {{(ULONG)size, SECBUFFER_TOKEN, (void *)(uintptr_t)in}};
    SecBuffer out = {sizeof s->token, SECBUFFER_TOKEN, s->token};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, inputs}, output = {SECBUFFER_VERSION, 1, &out};
    SecBuffer packed = {0};
    UNICODE_STRING name = {0};
    LSA_SEC_HANDLE made = 0;
    BOOLEAN mapped = FALSE;
    TimeStamp expiry;
    NTSTATUS status;
    if (bindings != NULL) {
        inputs[1] = *bindings;
        input.cBuffers = 2;
    }
    if (target != NULL) {
        name.Buffer = (char16_t *)(uintptr_t)target;
        name.Length = name.MaximumLength = (USHORT)(2 * utf16_length(target));
    }
    if (s->initiator) {
        status =
            lsa_table->InitLsaModeContext(s->credential, s->context, target != NULL ? &name : NULL, flags, 0,
                                          &input, &made, &output, &s->attributes, &expiry, &mapped, &packed);
    } else {
        status = lsa_table->AcceptLsaModeContext(s->credential, s->context, &input, flags, 0, &made, &output,
                                                 &s->attributes, &expiry, &mapped, &packed);
    }
    if (status >= 0) {
        s->context = made;
        s->token_size = out.cbBuffer;
    }
    if (status >= 0 && mapped) {
        NTSTATUS mapping = side_map(s, &packed);
        status = mapping != SEC_E_OK ? mapping : status;
    }
    return status;
}

void side_close(struct side *s)
{
    if (s->user_mode) {
        assert_status(user_table->DeleteUserModeContext(s->context), SEC_E_OK);
    }
    if (s->context != 0) {
        assert_status(lsa_table->DeleteContext(s->context), SEC_E_OK);
    }
    if (s->credential != 0) {
        assert_status(lsa_table->FreeCredentialsHandle(s->credential), SEC_E_OK);
    }
    s->user_mode = false;
    s->context = s->credential = 0;
}

NTSTATUS pair_shake(struct side *i, struct side *a, ULONG isc, ULONG asc)
{
    static const char16_t target[] = u"host/server.example";
    NTSTATUS status = side_step(i, isc, target, NULL, 0, NULL);
    if (status != SEC_I_CONTINUE_NEEDED) {
        return status;
    }
    status = side_step(a, asc, NULL, i->token, i->token_size, NULL);
    if (status != SEC_I_CONTINUE_NEEDED) {
        return status;
    }
    status = side_step(i, isc, target, a->token, a->token_size, NULL);
    if (status != SEC_E_OK) {
        return status;
    }
    return side_step(a, asc, NULL, i->token, i->token_size, NULL);
}

void pair_open(struct side *i, struct side *a, ULONG isc, ULONG asc)
{
    assert_status(side_open(i, true, TEST_DOMAIN, TEST_USER, TEST_PASSWORD), SEC_E_OK);
    assert_status(side_open(a, false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(pair_shake(i, a, isc, asc), SEC_E_OK);
    assert_true(i->user_mode && a->user_mode);
}

void pair_close(struct side *i, struct side *a)
{
    side_close(i);
    side_close(a);
}

/* ---- messages ---- */

NTSTATUS side_sign(struct side *s, const char *text, ULONG sequence, uint8_t token[static 16])
{
    SecBuffer b[] = {{(ULONG)strlen(text), SECBUFFER_DATA, (void *)(uintptr_t)text},
                     {16, SECBUFFER_TOKEN, token}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, b};
    return user_table->MakeSignature(s->context, 0, &d, sequence);
}

NTSTATUS side_verify(struct side *s, const char *text, ULONG sequence, const uint8_t token[static 16])
{
    SecBuffer b[] = {{(ULONG)strlen(text), SECBUFFER_DATA, (void *)(uintptr_t)text},
                     {16, SECBUFFER_TOKEN, (void *)(uintptr_t)token}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, b};
    ULONG qop = 99;
    return user_table->VerifySignature(s->context, &d, sequence, &qop);
}

static void talk_one_way(struct side *from, struct side *to)
{
    uint8_t token[16];
    char text[] = "attack at dawn";
    SecBuffer b[] = {{sizeof text - 1, SECBUFFER_DATA, text}, {16, SECBUFFER_TOKEN, token}};
    SecBufferDesc d = {SECBUFFER_VERSION, 2, b};
    ULONG qop = 99;
    assert_status(side_sign(from, "hello", 0, token), SEC_E_OK);
    assert_status(side_verify(to, "hello", 0, token), SEC_E_OK);
    assert_status(user_table->SealMessage(from->context, 0, &d, 0), SEC_E_OK);
    assert_memory_not_equal(text, "attack at dawn", sizeof text);
    assert_status(user_table->UnsealMessage(to->context, &d, 0, &qop), SEC_E_OK);
    assert_string_equal(text, "attack at dawn");
    assert_int_equal(qop, 0);
}

void pair_talk(struct side *i, struct side *a)
{
    for (int n = 0; n < 3; n++) {
        talk_one_way(i, a);
        talk_one_way(a, i);
    }
}

/* ---- small things ---- */

size_t from_hex(uint8_t *out, size_t room, const char *hex)
{
    size_t n = 0;
    for (; hex[0] != 0; hex += 2, n++) {
        unsigned byte;
        assert_true(n < room);
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        out[n] = (uint8_t)byte;
    }
    return n;
}

void assert_hex(const void *got, const char *hex)
{
    static uint8_t want[4096];
    size_t size = from_hex(want, sizeof want, hex);
    assert_memory_equal(got, want, size);
}

void status_is(NTSTATUS got, NTSTATUS want, const char *what, int line)
{
    if (got != want) {
        fail_msg("line %d: %s is 0x%08x (%s), wanted 0x%08x", line, what, (unsigned)got,
                 SspiStatusName(got) != NULL ? SspiStatusName(got) : "?", (unsigned)want);
    }
}
