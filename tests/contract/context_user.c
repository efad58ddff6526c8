/* SPDX-License-Identifier: MIT */
/*
 * context_user WAY PACKAGE: a program that never saw the handshake. It reads a packed context from standard
 * input (size, bytes) and then serves calls: an operation byte, 20 bytes of DATA, the TOKEN's size and 96
 * bytes; it answers status, DATA, size and TOKEN. import  ImportSecurityContext and the public functions user
 * the package's user-mode table alone: SpUserModeInitialize, InstanceInit, InitUserModeContext; the host's
 * part is played here
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ntsecpkg.h>
#include <sspi.h>

#include "base/mem.h"
#include "packages/ntlm/ntlm_package.h"

enum { CONTEXT = 0x12345 };

static PSECPKG_USER_FUNCTION_TABLE table;
static CtxtHandle imported;

static bool read_all(void *data, size_t size)
{
    return fread(data, 1, size, stdin) == size;
}

static PVOID NTAPI allocate(ULONG size)
{
    return mem_client_alloc(size);
}

static VOID NTAPI release(PVOID memory)
{
    mem_client_free(memory);
}

static NTSTATUS start_user_half(const char *package, SecBuffer *packed)
{
    static SECPKG_DLL_FUNCTIONS services = {.AllocateHeap = allocate, .FreeHeap = release};
    ULONG version = 0, count = 0;
    PVOID unused = NULL;
    if (strcmp(package, "NTLM") != 0)
        return -1;
    NTSTATUS status = ntlm_SpUserModeInitialize(SECPKG_INTERFACE_VERSION, &version, &table, &count);
    if (status == 0 && count != 1)
        status = -1;
    if (status == 0)
        status = table->InstanceInit(SECPKG_INTERFACE_VERSION, &services, &unused);
    if (status == 0)
        status = table->InitUserModeContext(CONTEXT, packed);
    return status;
}

/* The order of contract.h's enum operation. */
static SECURITY_STATUS serve_user(char operation, SecBufferDesc *desc)
{
    ULONG qop;
    switch (operation) {
    case 0:
        return table->MakeSignature(CONTEXT, 0, desc, 0);
    case 1:
        return table->VerifySignature(CONTEXT, desc, 0, &qop);
    case 2:
        return table->SealMessage(CONTEXT, 0, desc, 0);
    default:
        return table->UnsealMessage(CONTEXT, desc, 0, &qop);
    }
}

static SECURITY_STATUS serve_imported(char operation, SecBufferDesc *desc)
{
    switch (operation) {
    case 0:
        return MakeSignature(&imported, 0, desc, 0);
    case 1:
        return VerifySignature(&imported, desc, 0, NULL);
    case 2:
        return EncryptMessage(&imported, 0, desc, 0);
    default:
        return DecryptMessage(&imported, desc, 0, NULL);
    }
}

int main(int argc, char **argv)
{
    ULONG size;
    if (argc != 3 || !read_all(&size, sizeof size) || size > 1u << 20)
        return 2;
    /* The user half frees it as FreeContextBuffer does. */
    SecBuffer packed = {size, SECBUFFER_EMPTY, mem_client_alloc(size)};
    if (!packed.pvBuffer || !read_all(packed.pvBuffer, size))
        return 3;
    bool user = strcmp(argv[1], "user") == 0;
    SECURITY_STATUS status =
        user ? start_user_half(argv[2], &packed) : ImportSecurityContextA(argv[2], &packed, NULL, &imported);
    if (status != SEC_E_OK) {
        fprintf(stderr, "context_user: 0x%08x\n", (unsigned)status);
        return 4;
    }
    if (!user)
        FreeContextBuffer(packed.pvBuffer);

    char operation;
    uint8_t data[20], token[96];
    while (read_all(&operation, 1)) {
        SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {0, SECBUFFER_TOKEN, token}};
        SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
        if (!read_all(data, sizeof data) || !read_all(&buffers[1].cbBuffer, 4) ||
            !read_all(token, sizeof token))
            return 5;
        status = user ? serve_user(operation, &desc) : serve_imported(operation, &desc);
        fwrite(&status, sizeof status, 1, stdout);
        fwrite(data, sizeof data, 1, stdout);
        fwrite(&buffers[1].cbBuffer, 4, 1, stdout);
        fwrite(token, sizeof token, 1, stdout);
        fflush(stdout);
    }
    if (!user)
        return DeleteSecurityContext(&imported) == SEC_E_OK ? 0 : 6;
    return table->DeleteUserModeContext(CONTEXT) == 0 ? 0 : 6;
}
