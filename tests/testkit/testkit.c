/* SPDX-License-Identifier: MIT */
#include "testkit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <opensspi.h>

#include "kit_modules.h"

/* ---- the folder ---- */

static char folder[64];
static pid_t folder_owner;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void folder_remove(void)
{
    /* Forked children run this too when they end with exit. */
    if (getpid() == folder_owner)
        nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *kit_folder(void)
{
    return folder;
}

const char *kit_path(const char *name)
{
    static char path[sizeof folder + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

void kit_write_file(const char *name, const char *text)
{
    int fd = open(kit_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t size = strlen(text);
    if (fd < 0 || write(fd, text, size) != (ssize_t)size) {
        fprintf(stderr, "testkit: %s: %s\n", kit_path(name), strerror(errno));
        exit(1);
    }
    close(fd);
}

/* ---- modules: what -Dmodules= takes out of the library, copied to where nobody else may write ---- */

static const char *const modules[] = {KIT_MODULES NULL};

static void copy_file(const char *from, const char *to)
{
    char block[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    ssize_t n = in < 0 || out < 0 ? -1 : 1;
    while (n > 0)
        if ((n = read(in, block, sizeof block)) > 0 && write(out, block, (size_t)n) != n)
            n = -1;
    if (n < 0) {
        fprintf(stderr, "testkit: copying %s to %s: %s\n", from, to, strerror(errno));
        exit(1);
    }
    close(in);
    close(out);
}

/* sspi.conf: the test's own text, then where the modules and the identities of psk are. */
static void write_configuration(const char *sspi_conf)
{
    static char text[65536];
    int size = snprintf(text, sizeof text, "%s\n[package.psk]\nidentities = %s/identities\n[packages]\n",
                        sspi_conf ? sspi_conf : "", folder);
    for (size_t i = 0; modules[i]; i += 2) {
        const char *path = kit_path(modules[i]);
        copy_file(modules[i + 1], path);
        size += snprintf(text + size, sizeof text - (size_t)size, "%s = %s\n", modules[i], path);
    }
    kit_write_file("sspi.conf", text);
}

void kit_environment(const char *sspi_conf)
{
    snprintf(folder, sizeof folder, "/tmp/opensspi-test-XXXXXX");
    if (!mkdtemp(folder)) {
        fprintf(stderr, "testkit: %s: %s\n", folder, strerror(errno));
        exit(1);
    }
    folder_owner = getpid();
    atexit(folder_remove);
    kit_write_file("accounts", KIT_DOMAIN ":" KIT_USER ":" KIT_PASSWORD "\n" KIT_DOMAIN ":bob:builder\n");
    kit_write_file("identities", KIT_USER " " KIT_KEY "\nbob 00112233445566778899aabbccddeeff\n");
    write_configuration(sspi_conf);
    setenv("NTLM_USER_FILE", kit_path("accounts"), 1);
    setenv("SSPI_CONFIG", kit_path("sspi.conf"), 1);
}

/* ---- one side ---- */

static SECURITY_STATUS open_with(struct kit_side *side, const char *package, void *identity)
{
    SECURITY_STATUS status = AcquireCredentialsHandleA(
        NULL, (SEC_CHAR *)(uintptr_t)package, side->initiator ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND,
        NULL, identity, NULL, NULL, &side->credential, NULL);
    side->has_credential = status == SEC_E_OK;
    return status;
}

SECURITY_STATUS kit_open(struct kit_side *side, const char *package, bool initiator, const char *domain,
                         const char *user, const char *password)
{
    memset(side, 0, sizeof *side);
    side->initiator = initiator;
    side->token = malloc(KIT_TOKEN_MAX);
    if (!side->token)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (!user)
        return open_with(side, package, NULL);
    SEC_WINNT_AUTH_IDENTITY_A identity;
    memset(&identity, 0, sizeof identity);
    identity.User = (unsigned char *)(uintptr_t)user;
    identity.UserLength = (ULONG)strlen(user);
    identity.Domain = (unsigned char *)(uintptr_t)domain;
    identity.DomainLength = domain ? (ULONG)strlen(domain) : 0;
    identity.Password = (unsigned char *)(uintptr_t)password;
    identity.PasswordLength = (ULONG)strlen(password);
    identity.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    return open_with(side, package, &identity);
}

SECURITY_STATUS kit_step(struct kit_side *side, ULONG flags, const char *target, const void *in,
                         size_t in_size, SecBuffer *bindings)
{
    SecBuffer input[2] = {{(ULONG)in_size, SECBUFFER_TOKEN, (void *)(uintptr_t)in}};
    SecBufferDesc input_desc = {SECBUFFER_VERSION, 1, input};
    SecBuffer output = {KIT_TOKEN_MAX, SECBUFFER_TOKEN, side->token};
    SecBufferDesc output_desc = {SECBUFFER_VERSION, 1, &output};
    SECURITY_STATUS status;
    CtxtHandle *old = side->has_context ? &side->context : NULL;
    CtxtHandle made = side->context;

    if (bindings)
        input[input_desc.cBuffers++] = *bindings;
    if (side->initiator)
        status = InitializeSecurityContextA(&side->credential, old, (SEC_CHAR *)(uintptr_t)target, flags, 0,
                                            SECURITY_NATIVE_DREP, in || bindings ? &input_desc : NULL, 0,
                                            &made, &output_desc, &side->attributes, NULL);
    else
        status = AcceptSecurityContext(&side->credential, old, &input_desc, flags, SECURITY_NATIVE_DREP,
                                       &made, &output_desc, &side->attributes, NULL);
    side->token_size = SEC_SUCCESS(status) ? output.cbBuffer : 0;
    if (SEC_SUCCESS(status)) {
        side->context = made;
        side->has_context = true;
    }
    return status;
}

void kit_close(struct kit_side *side)
{
    if (side->has_context)
        DeleteSecurityContext(&side->context);
    if (side->has_credential)
        FreeCredentialsHandle(&side->credential);
    free(side->token);
    memset(side, 0, sizeof *side);
}

/* An acceptor that starts (datagram) is asked with an empty token. */
SECURITY_STATUS kit_handshake(const char *package, ULONG isc_flags, ULONG asc_flags,
                              struct kit_side *initiator, struct kit_side *acceptor)
{
    SECURITY_STATUS status = kit_open(initiator, package, true, KIT_DOMAIN, KIT_USER, KIT_PASSWORD);
    memset(acceptor, 0, sizeof *acceptor);
    if (status == SEC_E_OK)
        status = kit_open(acceptor, package, false, NULL, NULL, NULL);
    if (status != SEC_E_OK)
        return status;
    bool initiator_done = false, acceptor_done = false;
    status = kit_step(initiator, isc_flags, "host/server", NULL, 0, NULL);
    for (int leg = 0; leg < 8 && SEC_SUCCESS(status); leg++) {
        struct kit_side *to = leg % 2 ? initiator : acceptor;
        const struct kit_side *from = leg % 2 ? acceptor : initiator;
        if (status == SEC_E_OK)
            *(leg % 2 ? &acceptor_done : &initiator_done) = true;
        if (initiator_done && acceptor_done)
            return SEC_E_OK;
        if (*(leg % 2 ? &initiator_done : &acceptor_done))
            return from->token_size ? SEC_E_INTERNAL_ERROR : status;
        status =
            kit_step(to, leg % 2 ? isc_flags : asc_flags, "host/server", from->token, from->token_size, NULL);
    }
    return SEC_SUCCESS(status) ? SEC_E_INTERNAL_ERROR : status;
}

void kit_pair(const char *package, ULONG isc_flags, ULONG asc_flags, struct kit_side *initiator,
              struct kit_side *acceptor)
{
    assert_status(kit_handshake(package, isc_flags, asc_flags, initiator, acceptor), SEC_E_OK);
}

/* ---- messages ---- */

SECURITY_STATUS kit_sign(CtxtHandle *context, const void *data, size_t size, void *token, ULONG *token_size)
{
    SecBuffer buffers[2] = {{(ULONG)size, SECBUFFER_DATA, (void *)(uintptr_t)data},
                            {*token_size, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = MakeSignature(context, 0, &desc, 0);
    *token_size = buffers[1].cbBuffer;
    return status;
}

SECURITY_STATUS kit_verify(CtxtHandle *context, const void *data, size_t size, const void *token,
                           ULONG token_size)
{
    SecBuffer buffers[2] = {{(ULONG)size, SECBUFFER_DATA, (void *)(uintptr_t)data},
                            {token_size, SECBUFFER_TOKEN, (void *)(uintptr_t)token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    return VerifySignature(context, &desc, 0, NULL);
}

SECURITY_STATUS kit_seal(CtxtHandle *context, void *data, size_t size, void *token, ULONG *token_size)
{
    SecBuffer buffers[2] = {{*token_size, SECBUFFER_TOKEN, token}, {(ULONG)size, SECBUFFER_DATA, data}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = EncryptMessage(context, 0, &desc, 0);
    *token_size = buffers[0].cbBuffer;
    return status;
}

SECURITY_STATUS kit_unseal(CtxtHandle *context, void *data, size_t size, const void *token, ULONG token_size)
{
    SecBuffer buffers[2] = {{token_size, SECBUFFER_TOKEN, (void *)(uintptr_t)token},
                            {(ULONG)size, SECBUFFER_DATA, data}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    return DecryptMessage(context, &desc, 0, NULL);
}

void kit_exchange(CtxtHandle *from, CtxtHandle *to, const char *text, bool seal)
{
    uint8_t token[256];
    ULONG token_size = sizeof token;
    size_t size = strlen(text);
    assert_status(kit_sign(from, text, size, token, &token_size), SEC_E_OK);
    assert_status(kit_verify(to, text, size, token, token_size), SEC_E_OK);
    if (!seal)
        return;
    char data[256];
    assert_true(size < sizeof data);
    memcpy(data, text, size);
    token_size = sizeof token;
    assert_status(kit_seal(from, data, size, token, &token_size), SEC_E_OK);
    assert_memory_not_equal(data, text, size);
    assert_status(kit_unseal(to, data, size, token, token_size), SEC_E_OK);
    assert_memory_equal(data, text, size);
}

void kit_session_key(CtxtHandle *context, uint8_t key[16])
{
    SecPkgContext_SessionKey found = {0, NULL};
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_SESSION_KEY, &found), SEC_E_OK);
    assert_int_equal(found.SessionKeyLength, 16);
    memcpy(key, found.SessionKey, 16);
    FreeContextBuffer(found.SessionKey);
}

void kit_assert_status(SECURITY_STATUS got, SECURITY_STATUS want, const char *file, int line,
                       const char *what)
{
    if (got == want)
        return;
    const char *got_name = SspiStatusName(got), *want_name = SspiStatusName(want);
    print_error("%s is 0x%08x %s instead of 0x%08x %s\n", what, (unsigned)got, got_name ? got_name : "",
                (unsigned)want, want_name ? want_name : "");
    _fail(file, line);
}

void kit_fill(void *out, size_t size, uint32_t seed)
{
    uint8_t *p = out;
    uint32_t x = seed * 2654435761u + 1;
    for (size_t i = 0; i < size; i++) {
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        p[i] = (uint8_t)(x >> 11);
    }
}
