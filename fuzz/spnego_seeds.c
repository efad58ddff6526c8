/* SPDX-License-Identifier: MIT */
/* spnego_seeds FOLDER: the kept seeds of fuzz_spnego, fuzz_dialogue and fuzz_dialogue_kerberos, from real
 * conversations. */
#include "fuzz.h"

#include <sys/stat.h>

#include "packages/negotiate/negotiate_mechs.h"
#include "packages/negotiate/negotiate_messages.h"

static const char *root;

static void keep(const char *target, const char *name, const void *data, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", root, target, name);
    FILE *f = fopen(path, "wb");
    fuzz_check(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
}

static void keep_conversation(void)
{
    static SEC_CHAR package[] = "Negotiate";
    static unsigned char user[] = "alice", domain[] = "EXAMPLE", password[] = "secret", list[] = "ntlm";
    static uint8_t tokens[4][48256];
    uint8_t bytes[8192];
    size_t at = 0;
    SEC_WINNT_AUTH_IDENTITY_EXA id = {
        SEC_WINNT_AUTH_IDENTITY_VERSION, sizeof id, user, 5, domain, 7, password, 6,
        SEC_WINNT_AUTH_IDENTITY_ANSI,    list,      4};
    CredHandle credentials[2];
    CtxtHandle contexts[2] = {{0, 0}, {0, 0}};
    bool has[2] = {false, false};
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    for (int i = 0; i < 2; i++)
        fuzz_check(AcquireCredentialsHandleA(NULL, package, i ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND,
                                             NULL, &id, NULL, NULL, &credentials[i], NULL) == SEC_E_OK);
    fuzz_rewind();
    for (int leg = 0; leg < 4; leg++) {
        ULONG size = sizeof tokens[leg], last = 0;
        char name[32];
        static ULONG previous;
        status = fuzz_step(leg % 2 == 0, &credentials[leg % 2], &contexts[leg % 2], &has[leg % 2],
                           ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT |
                               ISC_REQ_CONFIDENTIALITY,
                           leg ? tokens[leg - 1] : NULL, leg ? previous : last, tokens[leg], &size);
        fuzz_check(SEC_SUCCESS(status));
        previous = size;
        snprintf(name, sizeof name, "token-%d", leg);
        keep("spnego", name, tokens[leg], size);
        bytes[at++] = 2;
        bytes[at++] = (uint8_t)(leg % 2 == 0);
        bytes[at++] = (uint8_t)size;
        bytes[at++] = (uint8_t)(size >> 8);
        memcpy(bytes + at, tokens[leg], size);
        at += size;
    }
    keep("dialogue", "bytes", bytes, at);
}

/* Both sides' mechanisms in every way, undisturbed; and what somebody in between can do in a few of them. */
static void keep_kerberos(void)
{
    static const struct {
        const char *name;
        uint8_t size, bytes[24];
    } ways[] = {
        {"hints", 15, {9, 6, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 4, 0}},
        {"raw", 11, {9, 0, 0, 7, 1, 0, 0, 4, 0, 4, 1}},
        {"no-kerberos", 19, {0, 0, 0, 8, 1, 0x30, 9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 4, 0}},
        {"no-mic", 19, {6, 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 1, 9, 8, 1, 1, 9, 4, 0}},
        {"completed", 17, {6, 0, 0, 0, 1, 8, 0, 0, 0, 0, 1, 8, 0, 0, 0, 4, 0}},
        {"authenticator", 12, {9, 0, 0, 9, 1, 40, 0, 1, 0, 0, 4, 0}},
        {"ap-rep", 14, {9, 0, 0, 0, 1, 9, 0, 9, 0, 4, 4, 0, 5, 0}},
    };
    for (uint8_t way = 0; way < 18; way++) {
        const uint8_t bytes[] = {way, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 4, 0};
        char name[16];
        snprintf(name, sizeof name, "way-%u", way);
        keep("dialogue_kerberos", name, bytes, sizeof bytes);
    }
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        keep("dialogue_kerberos", ways[i].name, ways[i].bytes, ways[i].size);
}

int main(int argc, char **argv)
{
    static const uint8_t plain[] = {6, 0, 0, 1, 0, 0, 0, 1, 0, 0, 4, 0};
    static const uint8_t hints[] = {6, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 4, 0};
    static const uint8_t raw[] = {6, 0, 7, 1, 5, 0, 7, 1, 0, 0, 7, 1};
    static const uint8_t changes[] = {6, 0, 1, 1, 40, 0, 1, 0, 0, 3, 1, 50, 0, 5, 0, 5, 1, 6, 0, 0, 1, 4, 0};
    static const uint8_t name[] = "not_defined_in_RFC4178@please_ignore";
    const struct span mechs[] = {negotiate_oid_kerberos_microsoft, negotiate_oid_kerberos,
                                 negotiate_oid_ntlm};
    uint8_t list[128], token[256];
    struct wire_writer w;
    if (argc != 2)
        return 2;
    root = argv[1];
    fuzz_start();
    keep_conversation();
    keep("dialogue", "plain", plain, sizeof plain);
    keep("dialogue", "hints", hints, sizeof hints);
    keep("dialogue", "raw", raw, sizeof raw);
    keep("dialogue", "changes", changes, sizeof changes);
    keep_kerberos();
    wire_write_init(&w, list, sizeof list);
    negotiate_list_write(&w, mechs, 3);
    const struct negotiate_init m = {
        .mech_list = {list, w.at}, .hinted = true, .hint_name = {name, sizeof name - 1}, .mic = {name, 16}};
    wire_write_init(&w, token, sizeof token);
    negotiate_init_write(&w, &m);
    keep("spnego", "hints", token, w.at);
    return 0;
}
