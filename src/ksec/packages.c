/* SPDX-License-Identifier: MIT */
#include "ksec/ksec.h"

#include "ksec/payload.h"
#include "packages/kerberos/kerberos_kernel.h"
#include "packages/ntlm/ntlm_kernel.h"

struct package {
    const char *name;
    const SECPKG_KERNEL_FUNCTION_TABLE *table;
};
static const struct package packages[2];
enum { PACKAGES = sizeof packages / sizeof packages[0] };

NTSTATUS ksec_start(void)
{
    for (size_t i = 0; i < PACKAGES; i++) {
        NTSTATUS status = packages[i].table->Initialize(&ksec_functions);
        if (status < 0)
            return status;
    }
    return SEC_E_OK;
}

bool ksec_stop(void)
{
    return ksec_lists_free();
}

static bool named(const struct package *p, struct span name)
{
    size_t size = 0;
    while (p->name[size] != 0)
        size++;
    return size == name.size && memcmp(p->name, name.data, size) == 0;
}

NTSTATUS ksec_load(const void *payload, size_t size, LSA_SEC_HANDLE lsa, struct ksec_context *out)
{
    struct ksec_payload p;
    if (!ksec_payload_read(payload, size, &p))
        return SEC_E_INVALID_TOKEN;
    for (size_t i = 0; i < PACKAGES; i++) {
        if (!named(&packages[i], p.name))
            continue;
        /* Only read: the contract of InitContext. */
        SecBuffer packed = {(ULONG)p.packed.size, SECBUFFER_EMPTY, (void *)(uintptr_t)p.packed.data};
        LSA_SEC_HANDLE id = 0;
        NTSTATUS status = packages[i].table->InitContext(lsa, &packed, &id);
        if (status == SEC_E_OK)
            *out = (struct ksec_context){packages[i].table, id};
        return status;
    }
    return SEC_E_SECPKG_NOT_FOUND;
}

NTSTATUS ksec_unload(const struct ksec_context *c)
{
    LSA_SEC_HANDLE lsa;
    return c->table->DeleteContext(c->id, &lsa);
}

/* The parts and, last, the token. */
struct flat_message {
    SecBuffer buffers[MESSAGE_PARTS_MAX];
    SecBufferDesc desc;
};

static bool flat_fill(struct flat_message *m, const struct span *parts, size_t count, const void *token,
                      size_t size)
{
    if (count > MESSAGE_PARTS_MAX - 1 || size > UINT32_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > UINT32_MAX)
            return false;
        m->buffers[i] = (SecBuffer){(ULONG)parts[i].size, SECBUFFER_DATA, (void *)(uintptr_t)parts[i].data};
    }
    m->buffers[count] = (SecBuffer){(ULONG)size, SECBUFFER_TOKEN, (void *)(uintptr_t)token};
    m->desc = (SecBufferDesc){SECBUFFER_VERSION, (ULONG)count + 1, m->buffers};
    return true;
}

NTSTATUS ksec_sign(const struct ksec_context *c, const struct span *parts, size_t count, uint32_t sequence,
                   void *token, size_t *token_size)
{
    struct flat_message m;
    if (!flat_fill(&m, parts, count, token, *token_size))
        return SEC_E_INVALID_TOKEN;
    NTSTATUS status = c->table->Sign(c->id, 0, &m.desc, sequence);
    if (status == SEC_E_OK)
        *token_size = m.buffers[count].cbBuffer;
    return status;
}

NTSTATUS ksec_verify(const struct ksec_context *c, const struct span *parts, size_t count, uint32_t sequence,
                     const void *token, size_t token_size)
{
    struct flat_message m;
    if (!flat_fill(&m, parts, count, token, token_size))
        return SEC_E_INVALID_TOKEN;
    return c->table->Verify(c->id, &m.desc, sequence, NULL);
}

NTSTATUS ksec_sizes(const struct ksec_context *c, SecPkgContext_Sizes *sizes)
{
    return c->table->QueryAttributes(c->id, SECPKG_ATTR_SIZES, sizes);
}

static const struct package packages[2] = {
    {"NTLM", &ntlm_kernel_table},
    {"Kerberos", &kerberos_kernel_table},
};
