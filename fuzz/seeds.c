/* SPDX-License-Identifier: MIT */
/*
 * seeds FOLDER: writes the kept seeds of every target into FOLDER/TARGET, from real handshakes of several
 * kinds made with the targets' own sources of randomness and time. fuzz/make-seeds runs it.
 */
#include "fuzz.h"

#include <sys/stat.h>

static const char *root;
static const char *kind;

static void keep(const char *target, const char *name, const void *data, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s-%s", root, target, kind, name);
    FILE *f = fopen(path, "wb");
    fuzz_check(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
}

static void keep_token(const char *target, const void *data, size_t size)
{
    keep(target, "token", data, size);
    keep("inspect", target, data, size);
}

static void keep_packed(CtxtHandle *context, const char *side)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    fuzz_check(ExportSecurityContext(context, 0, &packed, NULL) == SEC_E_OK);
    keep("packed", side, packed.pvBuffer, packed.cbBuffer);
    FreeContextBuffer(packed.pvBuffer);
}

/* The steps of a whole handshake by reference, and each with its bytes. */
static void keep_steps(ULONG isc, ULONG asc, uint8_t tokens[3][4096], const ULONG *sizes, bool datagram)
{
    uint8_t out[16384];
    size_t at = 8;
    memcpy(out, &isc, 4);
    memcpy(out + 4, &asc, 4);
    static const uint8_t steps[] = {0, 0, 0, 1, 0, 0, 0, 1, 4, 0};
    memcpy(out + at, steps, sizeof steps);
    keep("handshake", "by-reference", out, at + sizeof steps);
    for (int i = 0; i < 3; i++) {
        if (i == 0) {
            out[at++] = 0;
            out[at++] = 0;
        }
        out[at++] = 2;
        out[at++] = (uint8_t)(i != 1);
        out[at++] = (uint8_t)sizes[i];
        out[at++] = (uint8_t)(sizes[i] >> 8);
        memcpy(out + at, tokens[i], sizes[i]);
        at += sizes[i];
    }
    (void)datagram;
    keep("handshake", "bytes", out, at);
}

static void handshake(const char *name, ULONG isc, ULONG asc)
{
    static uint8_t tokens[3][4096], last[4096];
    ULONG sizes[3] = {4096, 4096, 4096}, last_size = sizeof last;
    bool has[2] = {false, false}, datagram = isc & ISC_REQ_DATAGRAM;
    CtxtHandle a = {0, 0}, b = {0, 0};
    kind = name;
    fuzz_rewind();
    CredHandle client = fuzz_credential(true), server = fuzz_credential(false);
    fuzz_rewind();
    fuzz_check(fuzz_step(true, &client, &a, &has[0], isc, NULL, 0, tokens[0], &sizes[0]) ==
               SEC_I_CONTINUE_NEEDED);
    fuzz_check(fuzz_step(false, &server, &b, &has[1], asc, tokens[0], sizes[0], tokens[1], &sizes[1]) ==
               SEC_I_CONTINUE_NEEDED);
    fuzz_check(fuzz_step(true, &client, &a, &has[0], isc, tokens[1], sizes[1], tokens[2], &sizes[2]) ==
               SEC_E_OK);
    fuzz_check(fuzz_step(false, &server, &b, &has[1], asc, tokens[2], sizes[2], last, &last_size) ==
               SEC_E_OK);
    if (!datagram)
        keep_token("negotiate", tokens[0], sizes[0]);
    keep_token("challenge", tokens[1], sizes[1]);
    keep_token("authenticate", tokens[2], sizes[2]);
    /* TargetInfo's length and place stand at 40 and 44. */
    ULONG info = tokens[1][40] | (ULONG)tokens[1][41] << 8, at = tokens[1][44] | (ULONG)tokens[1][45] << 8;
    fuzz_check(at + info <= sizes[1]);
    keep("avpairs", "target-info", tokens[1] + at, info);
    keep_steps(isc, asc, tokens, sizes, datagram);
    keep_packed(&a, "initiator");
    keep_packed(&b, "acceptor");
    DeleteSecurityContext(&a);
    DeleteSecurityContext(&b);
    FreeCredentialsHandle(&client);
    FreeCredentialsHandle(&server);
}

static void text_seeds(void)
{
    static const char store[] =
        "\0# accounts\n\nEXAMPLE:alice:0cb6948805f797bf2a82807973b89537\n"
        ":bob:0cb6948805f797bf2a82807973b89537\nA%3AB:%23c:0cb6948805f797bf2a82807973b89537\n";
    static const char users[] = "\1EXAMPLE:alice:secret\n:bob:a:b:c\n# no line\nEXAMPLE:carol:\n";
    static const char conf[] =
        "; comment\n[ntlm]\nlm_compatibility_level = 5\nmin_session_security = ess,128\n"
        "allow_anonymous = no\naccounts = /var/lib/sspi/accounts\n[kerberos]\nallow_rc4 = no\n";
    static const char packages[] =
        "[packages]\npsk = /usr/lib/sspi/psk.so\n[package.psk]\nidentities = FILE\n";
    kind = "text";
    keep("accounts", "store", store, sizeof store - 1);
    keep("accounts", "users", users, sizeof users - 1);
    keep("config", "all", conf, sizeof conf - 1);
    keep("config", "packages", packages, sizeof packages - 1);
    keep("inspect", "nothing", "NTLMSSP", 7);
}

/* Structures whose texts follow them, at the address where the target puts its input. */
static void identity_seeds(void)
{
    enum { BASE = 0x10000 };
    struct {
        uint8_t ansi;
        SEC_WINNT_AUTH_IDENTITY_A identity;
        char text[32];
    } __attribute__((packed)) plain;
    uint8_t *at = (uint8_t *)(uintptr_t)(BASE + sizeof plain.identity);
    memset(&plain, 0, sizeof plain);
    plain.ansi = 1;
    memcpy(plain.text, "aliceEXAMPLEsecret", 18);
    plain.identity.User = at;
    plain.identity.UserLength = 5;
    plain.identity.Domain = at + 5;
    plain.identity.DomainLength = 7;
    plain.identity.Password = at + 12;
    plain.identity.PasswordLength = 6;
    plain.identity.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    kind = "identity";
    keep("identity", "ansi", &plain, sizeof plain);

    struct {
        uint8_t ansi;
        SEC_WINNT_AUTH_IDENTITY_EXW identity;
        uint16_t text[20];
    } __attribute__((packed)) wide;
    uint16_t *text = (uint16_t *)(uintptr_t)(BASE + sizeof wide.identity);
    memset(&wide, 0, sizeof wide);
    for (int i = 0; i < 18; i++)
        wide.text[i] = (uint16_t) "aliceEXAMPLEsecret"[i];
    wide.identity.Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    wide.identity.Length = sizeof wide.identity;
    wide.identity.User = (void *)text;
    wide.identity.UserLength = 5;
    wide.identity.Domain = (void *)(text + 5);
    wide.identity.DomainLength = 7;
    wide.identity.Password = (void *)(text + 12);
    wide.identity.PasswordLength = 6;
    wide.identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    keep("identity", "extended", &wide, sizeof wide);

    struct {
        uint8_t ansi;
        SEC_WINNT_AUTH_IDENTITY_EX2 identity;
        uint16_t text[20];
    } __attribute__((packed)) packed;
    memset(&packed, 0, sizeof packed);
    memcpy(packed.text, wide.text, sizeof packed.text);
    packed.identity.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2;
    packed.identity.cbHeaderLength = sizeof packed.identity;
    packed.identity.cbStructureLength = sizeof packed.identity + sizeof packed.text;
    packed.identity.UserOffset = sizeof packed.identity;
    packed.identity.UserLength = 10;
    packed.identity.DomainOffset = sizeof packed.identity + 10;
    packed.identity.DomainLength = 14;
    packed.identity.PackedCredentialsOffset = sizeof packed.identity + 24;
    packed.identity.PackedCredentialsLength = 12;
    packed.identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    keep("identity", "packed", &packed, sizeof packed);
}

static void buffer_seeds(void)
{
    /* pair, operation, QOP, count, version, then type, offset, size each: DATA 13, TOKEN 16, DATA 20. */
    uint8_t seed[] = {1, 0, 0, 3, 0, 0, 0, 0, 13, 0, 1, 64, 0, 16, 0, 2, 128, 0, 20, 0};
    char name[16];
    kind = "buffers";
    for (seed[0] = 0; seed[0] < 3; seed[0]++)
        for (seed[1] = 0; seed[1] < 4; seed[1]++) {
            snprintf(name, sizeof name, "%u-%u", seed[0], seed[1]);
            keep("buffers", name, seed, sizeof seed);
        }
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    root = argv[1];
    mkdir(root, 0777);
    fuzz_start();
    handshake("plain", 0, 0);
    handshake("sign", ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT, ASC_REQ_INTEGRITY);
    handshake("seal", ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY,
              ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY);
    handshake("datagram", ISC_REQ_DATAGRAM | ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY,
              ASC_REQ_DATAGRAM | ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY);
    handshake("identify", ISC_REQ_INTEGRITY | ISC_REQ_IDENTIFY, ASC_REQ_INTEGRITY);
    text_seeds();
    identity_seeds();
    buffer_seeds();
    return 0;
}
