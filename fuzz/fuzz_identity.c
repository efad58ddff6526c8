/* SPDX-License-Identifier: MIT */
/*
 * The application's SEC_WINNT_AUTH_IDENTITY structures of every version, as bytes of a client's memory of
 * which nothing else can be reached: the input stands at address BASE there, so pointers in it are BASE plus
 * an offset.
 */
#include "fuzz.h"

#include "packages/ntlm/ntlm_identity.h"

enum { BASE = 0x10000 };

static const uint8_t *memory;
static size_t memory_size;

static NTSTATUS NTAPI copy(PLSA_CLIENT_REQUEST request, ULONG size, PVOID to, PVOID from)
{
    uintptr_t at = (uintptr_t)from - BASE;
    (void)request;
    if (at > memory_size || size > memory_size - at)
        return (NTSTATUS)0xC0000005; /* STATUS_ACCESS_VIOLATION */
    memcpy(to, memory + at, size);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ntlm_identity identity;
    bool given = false;
    fuzz_start();
    if (size == 0)
        return 0;
    memory = data + 1;
    memory_size = size - 1;
    if (ntlm_identity_read(copy, (void *)(uintptr_t)BASE, data[0] & 1, &identity, &given) == SEC_E_OK &&
        given) {
        fuzz_touch(identity.user.text, 2 * identity.user.units);
        fuzz_touch(identity.domain.text, 2 * identity.domain.units);
        ntlm_identity_free(&identity);
    }
    return 0;
}
