/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>

#include "base/sources.h"

static char folder[64];
static uint32_t counter;

void fuzz_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
    abort();
}

static bool next_random(void *arg, void *out, size_t size)
{
    uint8_t *p = out;
    (void)arg;
    for (size_t i = 0; i < size; i++) {
        counter = counter * 1664525u + 1013904223u;
        p[i] = (uint8_t)(counter >> 24);
    }
    return true;
}

/* 2026-01-01. */
static uint64_t fixed_now(void *arg)
{
    (void)arg;
    return 134116992000000000u;
}

void fuzz_rewind(void)
{
    counter = 1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void folder_remove(void)
{
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void fuzz_start(void)
{
    static const struct sources sources = {next_random, fixed_now, NULL};
    static const char accounts[] = "EXAMPLE:alice:secret\n";
    if (folder[0])
        return;
    snprintf(folder, sizeof folder, "/tmp/opensspi-fuzz-XXXXXX");
    fuzz_check(mkdtemp(folder) != NULL);
    atexit(folder_remove);
    setenv("NTLM_USER_FILE", fuzz_file("accounts", accounts, sizeof accounts - 1), 1);
    setenv("SSPI_CONFIG", fuzz_file("sspi.conf", "", 0), 1);
    sources_replace(&sources);
    fuzz_rewind();
}

const char *fuzz_file(const char *name, const void *data, size_t size)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fuzz_check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    return path;
}

void fuzz_touch(const void *data, size_t size)
{
    static volatile uint8_t sink;
    const volatile uint8_t *p = data;
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum ^= p[i];
    sink = sum;
    (void)sink;
}

CredHandle fuzz_credential(bool initiator)
{
    static SEC_CHAR package[] = "NTLM";
    static unsigned char user[] = "alice", domain[] = "EXAMPLE", password[] = "secret";
    SEC_WINNT_AUTH_IDENTITY_A identity = {user, 5, domain, 7, password, 6, SEC_WINNT_AUTH_IDENTITY_ANSI};
    CredHandle credential;
    fuzz_check(
        AcquireCredentialsHandleA(NULL, package, initiator ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND, NULL,
                                  initiator ? &identity : NULL, NULL, NULL, &credential, NULL) == SEC_E_OK);
    return credential;
}

SECURITY_STATUS fuzz_step(bool initiator, CredHandle *credential, CtxtHandle *context, bool *has, ULONG flags,
                          const void *in, size_t in_size, void *out, ULONG *out_size)
{
    static SEC_CHAR target[] = "host/server";
    SecBuffer input = {(ULONG)in_size, SECBUFFER_TOKEN, (void *)(uintptr_t)in};
    SecBuffer output = {*out_size, SECBUFFER_TOKEN, out};
    SecBufferDesc input_desc = {SECBUFFER_VERSION, 1, &input}, output_desc = {SECBUFFER_VERSION, 1, &output};
    CtxtHandle made = *context;
    ULONG attributes;
    SECURITY_STATUS status;
    if (initiator)
        status = InitializeSecurityContextA(credential, *has ? context : NULL, target, flags, 0,
                                            SECURITY_NATIVE_DREP, in ? &input_desc : NULL, 0, &made,
                                            &output_desc, &attributes, NULL);
    else
        status = AcceptSecurityContext(credential, *has ? context : NULL, &input_desc, flags,
                                       SECURITY_NATIVE_DREP, &made, &output_desc, &attributes, NULL);
    *out_size = SEC_SUCCESS(status) ? output.cbBuffer : 0;
    if (SEC_SUCCESS(status)) {
        *context = made;
        *has = true;
    }
    return status;
}

bool fuzz_pair(ULONG flags, CtxtHandle *initiator, CtxtHandle *acceptor)
{
    static uint8_t tokens[2][48000];
    CredHandle client = fuzz_credential(true), server = fuzz_credential(false);
    bool has[2] = {false, false};
    ULONG sizes[2] = {sizeof tokens[0], sizeof tokens[1]};
    bool datagram = flags & ISC_REQ_DATAGRAM;
    ULONG accept = ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_CONFIDENTIALITY |
                   (datagram ? ASC_REQ_DATAGRAM : 0);
    SECURITY_STATUS status =
        fuzz_step(true, &client, initiator, &has[0], flags, NULL, 0, tokens[0], &sizes[0]);
    for (int leg = 0; leg < 3 && SEC_SUCCESS(status); leg++) {
        int to = leg % 2 == 0, from = !to;
        sizes[to] = sizeof tokens[to];
        status = fuzz_step(!to, to ? &server : &client, to ? acceptor : initiator, &has[to],
                           to ? accept : flags, tokens[from], sizes[from], tokens[to], &sizes[to]);
    }
    FreeCredentialsHandle(&client);
    FreeCredentialsHandle(&server);
    return status == SEC_E_OK;
}

uint8_t fuzz_u8(struct fuzz_input *in)
{
    if (!in->size)
        return 0;
    in->size--;
    return *in->data++;
}

uint16_t fuzz_u16(struct fuzz_input *in)
{
    uint16_t low = fuzz_u8(in);
    return (uint16_t)(low | fuzz_u8(in) << 8);
}

uint32_t fuzz_u32(struct fuzz_input *in)
{
    uint32_t low = fuzz_u16(in);
    return low | (uint32_t)fuzz_u16(in) << 16;
}

const uint8_t *fuzz_bytes(struct fuzz_input *in, size_t size, size_t *got)
{
    const uint8_t *p = in->data;
    *got = size < in->size ? size : in->size;
    in->data += *got;
    in->size -= *got;
    return p;
}
