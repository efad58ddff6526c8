/* SPDX-License-Identifier: MIT */
#include "kit.h"

#include "ksec/payload.h"
#include "packages/kerberos/kerberos_packed.h"
#include "packages/ntlm/ntlm_packed.h"

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "ksec kit: %s\n", what);
    abort();
}

void ksec_kit_start(void)
{
    static bool started;
    kerberos_allow_rc4 = true;
    if (!started)
        check(ksec_start() == SEC_E_OK, "ksec_start");
    started = true;
}

static struct ksec_bytes bytes_new(size_t size, size_t behind)
{
    struct ksec_bytes b = {malloc(size + behind), size};
    check(b.data != NULL && size > 0, "bytes");
    return b;
}

void ksec_bytes_free(struct ksec_bytes *b)
{
    free(b->data);
    b->data = NULL;
}

struct ksec_bytes ksec_kit_ntlm(const struct ntlm_protect *p)
{
    struct ntlm_packed packed = {.protect = *p, .session_key = "sixteen bytes ok", .start = 5, .expiry = 7};
    packed.text[NTLM_TEXT_USER] = (struct packages_view){u"alice", 5};
    packed.text[NTLM_TEXT_DOMAIN] = (struct packages_view){u"EXAMPLE", 7};
    packed.text[NTLM_TEXT_SERVER] = (struct packages_view){u"SERVER", 6};
    if (p->flags & NTLM_F_DATAGRAM)
        packed.attributes = p->initiator ? ISC_RET_DATAGRAM : ASC_RET_DATAGRAM;
    struct ksec_bytes b = bytes_new(ntlm_packed_size(&packed), 0);
    check(ntlm_packed_write(&packed, b.data, b.size), "ntlm_packed_write");
    return b;
}

struct ksec_bytes ksec_kit_kerberos(const struct krb5_protect *p)
{
    struct kerberos_packed packed = {.protect = *p, .start = 5, .expiry = 7};
    uint32_t *flags = &packed.protect.flags;
    if (!(*flags & (KRB5_F_INTEG | KRB5_F_CONF)))
        *flags |= KRB5_F_INTEG | KRB5_F_CONF;
    uint32_t integrity = *flags & KRB5_F_INITIATOR ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY;
    packed.attributes = (*flags & KRB5_F_REPLAY ? ISC_RET_REPLAY_DETECT : 0) |
                        (*flags & KRB5_F_SEQUENCE ? ISC_RET_SEQUENCE_DETECT : 0) |
                        (*flags & KRB5_F_CONF ? ISC_RET_CONFIDENTIALITY : 0) |
                        (*flags & KRB5_F_INTEG ? integrity : 0) |
                        (*flags & KRB5_F_DCE_STYLE ? ISC_RET_USED_DCE_STYLE : 0);
    packed.text[KERBEROS_TEXT_CLIENT] = (struct packages_view){u"alice@EXAMPLE", 13};
    packed.text[KERBEROS_TEXT_REALM] = (struct packages_view){u"EXAMPLE", 7};
    struct ksec_bytes b = bytes_new(kerberos_packed_size(&packed), 0);
    check(kerberos_packed_write(&packed, b.data, b.size), "kerberos_packed_write");
    return b;
}

static struct ksec_bytes payload_new(const char *package, const struct ksec_bytes *packed, size_t behind)
{
    const struct ksec_payload p = {{(const uint8_t *)package, strlen(package)}, {packed->data, packed->size}};
    struct ksec_bytes b = bytes_new(ksec_payload_size(&p), behind);
    ksec_payload_write(&p, b.data);
    return b;
}

/* With a byte behind it, which test_tables.c adds. */
struct ksec_bytes ksec_kit_payload(const char *package, const struct ksec_bytes *packed)
{
    return payload_new(package, packed, 1);
}

static struct ksec_context load(const char *package, struct ksec_bytes packed)
{
    struct ksec_context c;
    struct ksec_bytes payload = payload_new(package, &packed, 0);
    ksec_kit_start();
    check(ksec_load(payload.data, payload.size, 0, &c) == SEC_E_OK, "ksec_load");
    ksec_bytes_free(&payload);
    ksec_bytes_free(&packed);
    return c;
}

struct ksec_context ksec_kit_load_ntlm(const struct ntlm_protect *p)
{
    return load("NTLM", ksec_kit_ntlm(p));
}

struct ksec_context ksec_kit_load_kerberos(const struct krb5_protect *p)
{
    return load("Kerberos", ksec_kit_kerberos(p));
}

struct ksec_bytes ksec_kit_export(const struct ksec_context *c)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    check(c->table->ExportContext(c->id, 0, &packed, NULL) == SEC_E_OK, "ExportContext");
    struct ksec_bytes b = bytes_new(packed.cbBuffer, 0);
    memcpy(b.data, packed.pvBuffer, packed.cbBuffer);
    ksec_host_free(packed.pvBuffer);
    return b;
}

void ksec_kit_state_ntlm(const struct ksec_context *c, struct ntlm_protect *p)
{
    struct ksec_bytes b = ksec_kit_export(c);
    check(ntlm_protect_unpack(p, b.data + b.size - NTLM_PACK_SIZE, NTLM_PACK_SIZE), "unpack");
    ksec_bytes_free(&b);
}

void ksec_kit_state_kerberos(const struct ksec_context *c, struct krb5_protect *p)
{
    struct ksec_bytes b = ksec_kit_export(c);
    check(krb5_protect_unpack(p, b.data + b.size - KRB5_PACK_SIZE, KRB5_PACK_SIZE), "unpack");
    ksec_bytes_free(&b);
}

bool ksec_kit_buffers(struct ksec_buffers *b, const struct message *m, const uint8_t *token,
                      size_t token_size, const uint8_t *padding)
{
    size_t extra = padding != NULL ? 2 : 1;
    if (m->count + extra > MESSAGE_PARTS_MAX)
        return false;
    for (size_t i = 0; i < m->count; i++) {
        ULONG type = m->sealed >> i & 1 ? SECBUFFER_DATA : SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM;
        b->buffers[i] = (SecBuffer){(ULONG)m->parts[i].size, type, (void *)(uintptr_t)m->parts[i].data};
    }
    b->token = &b->buffers[m->count];
    *b->token = (SecBuffer){(ULONG)token_size, SECBUFFER_TOKEN, (void *)(uintptr_t)token};
    if (padding != NULL)
        b->token[1] = (SecBuffer){1, SECBUFFER_PADDING, (void *)(uintptr_t)padding};
    b->desc = (SecBufferDesc){SECBUFFER_VERSION, (ULONG)(m->count + extra), b->buffers};
    return true;
}

NTSTATUS ksec_kit_sign(const struct ksec_context *c, ULONG qop, SecBufferDesc *desc, ULONG number)
{
    ksec_host_atomic(true);
    NTSTATUS status = c->table->Sign(c->id, qop, desc, number);
    ksec_host_atomic(false);
    return status;
}

NTSTATUS ksec_kit_verify(const struct ksec_context *c, SecBufferDesc *desc, ULONG number, ULONG *qop)
{
    ksec_host_atomic(true);
    NTSTATUS status = c->table->Verify(c->id, desc, number, qop);
    ksec_host_atomic(false);
    return status;
}

NTSTATUS ksec_kit_seal(const struct ksec_context *c, ULONG qop, SecBufferDesc *desc, ULONG number)
{
    ksec_host_atomic(true);
    NTSTATUS status = c->table->Seal(c->id, qop, desc, number);
    ksec_host_atomic(false);
    return status;
}

NTSTATUS ksec_kit_unseal(const struct ksec_context *c, SecBufferDesc *desc, ULONG number, ULONG *qop)
{
    ksec_host_atomic(true);
    NTSTATUS status = c->table->Unseal(c->id, desc, number, qop);
    ksec_host_atomic(false);
    return status;
}

enum protect_verdict ksec_kit_verdict(NTSTATUS status)
{
    switch (status) {
    case SEC_E_OK:
        return PROTECT_OK;
    case SEC_E_MESSAGE_ALTERED:
        return PROTECT_ALTERED;
    case SEC_E_OUT_OF_SEQUENCE:
        return PROTECT_OUT_OF_SEQUENCE;
    case SEC_E_CONTEXT_EXPIRED:
        return PROTECT_EXPIRED;
    case SEC_E_INVALID_TOKEN:
        return PROTECT_MALFORMED;
    default:
        fprintf(stderr, "ksec kit: status 0x%08x\n", (unsigned)status);
        abort();
    }
}
