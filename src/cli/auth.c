/* SPDX-License-Identifier: MIT */
#include "auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Kerberos and SPNEGO end after four legs, NTLM after three; a peer may not keep us busy forever. */
#define LEGS_MAX      16
#define HELLO_MAGIC   "SSP1"
#define HELLO_SEAL    1
#define HELLO_NAME_AT 6

/* ---- credentials ---- */

static int explain_credentials(const char *package, SECURITY_STATUS status)
{
    char what[128], shown[80];

    snprintf(what, sizeof(what), "cannot get credentials of %s",
             text_safe(shown, sizeof(shown), package, strlen(package)));
    cli_error_status(what, status);
    return status == SEC_E_SECPKG_NOT_FOUND ? CLI_USAGE : CLI_AUTH;
}

static int acquire(char *package, ULONG use, void *identity, CredHandle *credentials)
{
    TimeStamp expiry;
    SECURITY_STATUS status =
        AcquireCredentialsHandleA(NULL, package, use, NULL, identity, NULL, NULL, credentials, &expiry);

    return status == SEC_E_OK ? CLI_OK : explain_credentials(package, status);
}

static int acquire_as(char *package, ULONG use, char *name, bool from_stdin, CredHandle *credentials)
{
    char password[PASSWORD_MAX], prompt[300], shown[256];
    char *backslash = strchr(name, '\\');
    char *user = backslash ? backslash + 1 : name;
    size_t domain_length = backslash ? (size_t)(backslash - name) : 0;

    if (*user == '\0')
        return cli_usage("--user needs a user name: DOMAIN\\USER or USER");
    snprintf(prompt, sizeof(prompt), "Password of %s: ", text_safe(shown, sizeof(shown), name, strlen(name)));
    if (!(from_stdin ? password_stdin(password) : password_ask(prompt, false, password)))
        return CLI_AUTH;
    SEC_WINNT_AUTH_IDENTITY_A identity = {
        .User = (unsigned char *)user,
        .UserLength = (ULONG)strlen(user),
        .Domain = (unsigned char *)name,
        .DomainLength = (ULONG)domain_length,
        .Password = (unsigned char *)password,
        .PasswordLength = (ULONG)strlen(password),
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    int result = acquire(package, use, &identity, credentials);
    password_wipe(password);
    return result;
}

int auth_credentials(char *package, ULONG use, const char *user, bool from_stdin, CredHandle *credentials)
{
    if (!user)
        return acquire(package, use, NULL, credentials);
    char *name = strdup(user);
    if (!name) {
        cli_error("out of memory");
        return CLI_LOCAL;
    }
    int result = acquire_as(package, use, name, from_stdin, credentials);
    free(name);
    return result;
}

int auth_environment(const char *name, const char *value)
{
    if (setenv(name, value, 1) == 0)
        return CLI_OK;
    cli_error("cannot set %s: %s", name, strerror(errno));
    return CLI_LOCAL;
}

/* ---- channel bindings ---- */

/* The structure with its application data behind it, as a buffer; pvBuffer NULL without bindings or memory.
 */
static SecBuffer make_bindings(const char *data)
{
    SecBuffer buffer = {0, SECBUFFER_CHANNEL_BINDINGS, NULL};
    SEC_CHANNEL_BINDINGS *bindings;
    size_t length = data ? strlen(data) : 0;

    if (!data || !(bindings = calloc(1, sizeof(*bindings) + length)))
        return buffer;
    bindings->cbApplicationDataLength = (ULONG)length;
    bindings->dwApplicationDataOffset = sizeof(*bindings);
    memcpy(bindings + 1, data, length);
    buffer.cbBuffer = (ULONG)(sizeof(*bindings) + length);
    buffer.pvBuffer = bindings;
    return buffer;
}

/* ---- one leg ---- */

struct leg {
    struct stream *stream;
    CredHandle *credentials;
    const struct auth_options *options;
    SecBuffer bindings;
    ULONG attributes;
    bool begun; /* stream->context is one */
};

static SECURITY_STATUS call_package(struct leg *leg, SecBufferDesc *input, SecBufferDesc *output)
{
    struct stream *s = leg->stream;
    CtxtHandle *context = leg->begun ? &s->context : NULL;
    TimeStamp expiry;

    if (s->client) {
        ULONG wanted = ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT |
                       ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONNECTION | ISC_REQ_ALLOCATE_MEMORY |
                       (leg->options->seal ? ISC_REQ_CONFIDENTIALITY : 0);
        return InitializeSecurityContextA(leg->credentials, context, leg->options->target, wanted, 0,
                                          SECURITY_NATIVE_DREP, input->cBuffers ? input : NULL, 0,
                                          &s->context, output, &leg->attributes, &expiry);
    }
    ULONG wanted = ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_CONNECTION |
                   ASC_REQ_ALLOCATE_MEMORY | (leg->options->seal ? ASC_REQ_CONFIDENTIALITY : 0);
    return AcceptSecurityContext(leg->credentials, context, input, wanted, SECURITY_NATIVE_DREP, &s->context,
                                 output, &leg->attributes, &expiry);
}

/* Gives the package the peer's token (NULL: none yet) and the peer the package's. *more: another leg follows.
 */
static enum stream_result run_leg(struct leg *leg, const struct frame *token, bool *more)
{
    struct stream *s = leg->stream;
    const char *what = s->client ? "InitializeSecurityContext" : "AcceptSecurityContext";
    SecBuffer in[2] = {{0}, {0}}, out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 0, in}, output = {SECBUFFER_VERSION, 1, &out};
    enum stream_result result = STREAM_OK;

    if (token)
        in[input.cBuffers++] = (SecBuffer){(ULONG)token->size, SECBUFFER_TOKEN, token->data};
    if (leg->bindings.pvBuffer)
        in[input.cBuffers++] = leg->bindings;
    SECURITY_STATUS status = call_package(leg, &input, &output);
    if (SEC_SUCCESS(status))
        leg->begun = true;
    *more = status == SEC_I_CONTINUE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE;
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE)
        status = CompleteAuthToken(&s->context, &output);
    if (out.pvBuffer && out.cbBuffer)
        result = stream_frame_write(s, STREAM_TOKEN, out.pvBuffer, out.cbBuffer);
    if (out.pvBuffer)
        FreeContextBuffer(out.pvBuffer);
    return SEC_SUCCESS(status) ? result : stream_refuse(s, status, what);
}

static enum stream_result read_token(struct stream *s, struct frame *frame)
{
    enum stream_result result = stream_frame_read(s, frame);

    if (result == STREAM_OK && frame->type != STREAM_TOKEN)
        return stream_fail(s, STREAM_NONSENSE, "frame of type %u in the middle of a handshake", frame->type);
    return result;
}

/* All legs. Whatever fails on this side is told to the other. */
static enum stream_result run_legs(struct leg *leg)
{
    struct stream *s = leg->stream;
    struct frame frame;
    bool more = true;
    enum stream_result result = s->client ? run_leg(leg, NULL, &more) : STREAM_OK;

    for (int legs = 0; result == STREAM_OK && more; legs++) {
        if (legs == LEGS_MAX)
            return stream_fail(s, STREAM_NONSENSE, "the handshake does not end");
        result = read_token(s, &frame);
        if (result == STREAM_OK)
            result = run_leg(leg, &frame, &more);
    }
    return result;
}

/* The context stands: does it do what messages need? */
static enum stream_result check_context(struct leg *leg)
{
    bool client = leg->stream->client;
    ULONG integrity = client ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY;
    ULONG privacy = client ? ISC_RET_CONFIDENTIALITY : ASC_RET_CONFIDENTIALITY;

    if (!(leg->attributes & integrity))
        return stream_refuse(leg->stream, SEC_E_QOP_NOT_SUPPORTED, "the context would not sign messages");
    if (leg->options->seal && !(leg->attributes & privacy))
        return stream_refuse(leg->stream, SEC_E_QOP_NOT_SUPPORTED, "the context would not encrypt messages");
    return stream_protect(leg->stream, leg->options->seal);
}

static enum stream_result handshake(struct stream *s, CredHandle *credentials,
                                    const struct auth_options *options)
{
    struct leg leg = {.stream = s, .credentials = credentials, .options = options};
    struct frame frame;

    leg.bindings = make_bindings(options->bindings);
    if (options->bindings && !leg.bindings.pvBuffer)
        return stream_fail(s, STREAM_LOST, "out of memory");
    enum stream_result result = run_legs(&leg);
    free(leg.bindings.pvBuffer);
    if (result == STREAM_OK && s->client) {
        result = stream_frame_read(s, &frame);
        if (result == STREAM_OK && frame.type != STREAM_STATUS)
            result = stream_fail(s, STREAM_NONSENSE, "frame of type %u where a status belongs", frame.type);
    }
    return result == STREAM_OK ? check_context(&leg) : result;
}

/* ---- the two sides ---- */

static enum stream_result write_hello(struct stream *s, const struct auth_options *options)
{
    uint8_t hello[HELLO_NAME_AT + STREAM_NAME_MAX] = HELLO_MAGIC;
    size_t length = strnlen(options->package, STREAM_NAME_MAX);

    hello[4] = options->seal ? HELLO_SEAL : 0;
    hello[5] = (uint8_t)length;
    memcpy(hello + HELLO_NAME_AT, options->package, length);
    return stream_frame_write(s, STREAM_HELLO, hello, HELLO_NAME_AT + length);
}

static enum stream_result read_hello(struct stream *s, struct auth_options *options)
{
    struct frame frame;
    char shown[96];
    enum stream_result result = stream_frame_read(s, &frame);

    if (result != STREAM_OK)
        return result;
    if (frame.type != STREAM_HELLO || frame.size < HELLO_NAME_AT || memcmp(frame.data, HELLO_MAGIC, 4) != 0 ||
        frame.size != HELLO_NAME_AT + (size_t)frame.data[5] || (frame.data[4] & ~HELLO_SEAL))
        return stream_fail(s, STREAM_NONSENSE, "no greeting that this version understands");
    const char *name = (const char *)frame.data + HELLO_NAME_AT;
    size_t length = frame.data[5];
    if (length != strlen(options->package) || strncasecmp(name, options->package, length) != 0) {
        s->status = SEC_E_SECPKG_NOT_FOUND;
        return stream_fail(s, STREAM_REFUSED, "the client asks for package '%s', this listener offers '%s'",
                           text_safe(shown, sizeof(shown), name, length), options->package);
    }
    options->seal = frame.data[4] & HELLO_SEAL;
    return STREAM_OK;
}

enum stream_result auth_initiate(struct stream *s, CredHandle *credentials,
                                 const struct auth_options *options)
{
    enum stream_result result = write_hello(s, options);

    if (result == STREAM_OK)
        result = handshake(s, credentials, options);
    if (result == STREAM_REFUSED)
        stream_status_write(s, s->status, SspiStatusText(s->status));
    return result;
}

enum stream_result auth_accept(struct stream *s, CredHandle *credentials, struct auth_options *options)
{
    enum stream_result result = read_hello(s, options);

    if (result == STREAM_OK)
        result = handshake(s, credentials, options);
    if (result == STREAM_OK)
        stream_status_write(s, SEC_E_OK, NULL);
    return result;
}

static void describe_package(struct stream *s, char *out, size_t size)
{
    SecPkgContext_NegotiationInfoA info = {.PackageInfo = NULL};

    snprintf(out, size, "an unknown package");
    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_NEGOTIATION_INFO, &info) != SEC_E_OK ||
        !info.PackageInfo)
        return;
    text_safe(out, size, info.PackageInfo->Name, strlen(info.PackageInfo->Name));
    FreeContextBuffer(info.PackageInfo);
}

void auth_describe(struct stream *s, struct auth_facts *facts)
{
    SecPkgContext_NamesA names = {NULL};
    SecPkgContext_KeyInfoA keys = {.sSignatureAlgorithmName = NULL};

    *facts = (struct auth_facts){.name = ""};
    describe_package(s, facts->package, sizeof(facts->package));
    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_NAMES, &names) == SEC_E_OK && names.sUserName) {
        text_safe(facts->name, sizeof(facts->name), names.sUserName, strlen(names.sUserName));
        FreeContextBuffer(names.sUserName);
    }
    const char *verb = s->seal ? "sealed" : "signed";
    if (QueryContextAttributesA(&s->context, SECPKG_ATTR_KEY_INFO, &keys) != SEC_E_OK) {
        snprintf(facts->protection, sizeof(facts->protection), "%s", verb);
        return;
    }
    const char *signature = keys.sSignatureAlgorithmName ? keys.sSignatureAlgorithmName : "?";
    const char *cipher = keys.sEncryptAlgorithmName ? keys.sEncryptAlgorithmName : "?";
    if (s->seal)
        snprintf(facts->protection, sizeof(facts->protection), "%s with %s and %s", verb, cipher, signature);
    else
        snprintf(facts->protection, sizeof(facts->protection), "%s with %s", verb, signature);
    FreeContextBuffer(keys.sSignatureAlgorithmName);
    FreeContextBuffer(keys.sEncryptAlgorithmName);
}
