/* SPDX-License-Identifier: MIT */
/*
 * Kernel halves in the user-space host. The first byte says what the rest is: a payload as add_key would
 * bring it, a packed context for one of the packages (what is taken is used and packs to the same bytes
 * again), or a token and a message for a live context, whose twin in the user half must judge them alike;
 * what is refused leaves the context as it was. Message functions run as where sleeping is not allowed. No
 * context is left.
 */
#include "fuzz.h"

#include "base/mem.h"
#include "base/sources.h"
#include "ksec/host.h"
#include "ksec/payload.h"
#include "packages/kerberos/kerberos_kernel.h"
#include "packages/kerberos/kerberos_package.h"
#include "packages/kerberos/kerberos_packed.h"
#include "packages/ntlm/ntlm_kernel.h"
#include "packages/ntlm/ntlm_package.h"
#include "packages/ntlm/ntlm_packed.h"

enum { CONTEXTS = 8, ROOM = 2048 };

static const SECPKG_KERNEL_FUNCTION_TABLE *const tables[2] = {&ntlm_kernel_table, &kerberos_kernel_table};
static PSECPKG_USER_FUNCTION_TABLE users[2];

/* ---- contexts ---- */

struct packed {
    size_t package, size;
    uint8_t bytes[ROOM];
};
static struct packed receiving[CONTEXTS], sending[CONTEXTS];

static void pack_ntlm(struct packed *out, uint32_t flags, bool initiator)
{
    static const uint8_t key[NTLM_KEY_SIZE] = "sixteen bytes ok";
    struct ntlm_packed p = {.session_key = "sixteen bytes ok"};
    ntlm_protect_init(&p.protect, flags | NTLM_F_128 | NTLM_F_ALWAYS_SIGN, initiator, WINDOW_REPLAY, key);
    if (flags & NTLM_F_DATAGRAM)
        p.attributes = initiator ? ISC_RET_DATAGRAM : ASC_RET_DATAGRAM;
    out->package = 0;
    out->size = ntlm_packed_size(&p);
    fuzz_check(out->size <= ROOM && ntlm_packed_write(&p, out->bytes, out->size));
}

static void pack_kerberos(struct packed *out, uint16_t etype, uint32_t flags, bool initiator)
{
    struct kerberos_packed p = {.attributes = ISC_RET_CONFIDENTIALITY | ISC_RET_REPLAY_DETECT};
    struct krb5_start start = {.key = {.etype = etype}};
    start.flags = flags | KRB5_F_CONF | KRB5_F_INTEG | KRB5_F_REPLAY | (initiator ? KRB5_F_INITIATOR : 0);
    p.attributes |= initiator ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY;
    if (flags & KRB5_F_ACCEPTOR_SUBKEY)
        start.initiator.etype = KRB5_ETYPE_AES256_SHA1;
    fuzz_check(krb5_protect_init(&p.protect, &start));
    out->package = 1;
    out->size = kerberos_packed_size(&p);
    fuzz_check(out->size <= ROOM && kerberos_packed_write(&p, out->bytes, out->size));
}

static void begin(void)
{
    static const uint32_t ntlm[] = {
        NTLM_F_ESS | NTLM_F_KEY_EXCH | NTLM_F_SIGN | NTLM_F_SEAL, NTLM_F_SIGN | NTLM_F_SEAL,
        NTLM_F_ESS | NTLM_F_DATAGRAM | NTLM_F_SIGN | NTLM_F_SEAL, NTLM_F_ESS | NTLM_F_SIGN};
    static const uint16_t etypes[] = {KRB5_ETYPE_AES128_SHA1, KRB5_ETYPE_AES256_SHA384,
                                      KRB5_ETYPE_AES128_SHA256, KRB5_ETYPE_RC4};
    ULONG version, count;
    fuzz_check(ksec_start() == SEC_E_OK);
    fuzz_check(ntlm_SpUserModeInitialize(SECPKG_INTERFACE_VERSION, &version, &users[0], &count) == SEC_E_OK);
    fuzz_check(kerberos_SpUserModeInitialize(SECPKG_INTERFACE_VERSION, &version, &users[1], &count) ==
               SEC_E_OK);
    kerberos_allow_rc4 = true;
    for (size_t i = 0; i < 4; i++) {
        pack_ntlm(&receiving[i], ntlm[i], true);
        pack_ntlm(&sending[i], ntlm[i], false);
        pack_kerberos(&receiving[4 + i], etypes[i], i == 1 ? KRB5_F_ACCEPTOR_SUBKEY : 0, true);
        pack_kerberos(&sending[4 + i], etypes[i], i == 1 ? KRB5_F_ACCEPTOR_SUBKEY : 0, false);
    }
}

static struct ksec_context load(const struct packed *p)
{
    struct ksec_context c = {tables[p->package], 0};
    SecBuffer buffer = {(ULONG)p->size, SECBUFFER_EMPTY, (void *)(uintptr_t)p->bytes};
    fuzz_check(c.table->InitContext(0, &buffer, &c.id) == SEC_E_OK);
    return c;
}

static SecBuffer packed_now(const struct ksec_context *c)
{
    SecBuffer packed;
    fuzz_check(c->table->ExportContext(c->id, 0, &packed, NULL) == SEC_E_OK);
    return packed;
}

/* ---- what is taken is used ---- */

static void use(const struct ksec_context *c)
{
    uint8_t text[40] = "some text to do", token[128];
    SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SecPkgContext_Sizes sizes;
    if (ksec_sizes(c, &sizes) == SEC_E_OK)
        fuzz_check(sizes.cbMaxSignature <= 64);
    ksec_host_atomic(true);
    for (int i = 0; i < 2; i++) {
        buffers[1].cbBuffer = sizeof token;
        c->table->Sign(c->id, 0, &desc, 0);
        c->table->Verify(c->id, &desc, 0, NULL);
        buffers[1].cbBuffer = sizeof token;
        c->table->Seal(c->id, 0, &desc, 0);
        c->table->Unseal(c->id, &desc, 0, NULL);
    }
    ksec_host_atomic(false);
}

static void try_payload(const uint8_t *data, size_t size)
{
    struct ksec_context c;
    if (ksec_load(data, size, 0, &c) != SEC_E_OK)
        return;
    use(&c);
    fuzz_check(ksec_unload(&c) == SEC_E_OK);
}

static void try_packed(size_t package, uint8_t *data, size_t size)
{
    struct ksec_context c = {tables[package], 0};
    SecBuffer buffer = {(ULONG)size, SECBUFFER_EMPTY, data};
    LSA_SEC_HANDLE user;
    NTSTATUS status = c.table->InitContext(0, &buffer, &c.id);
    fuzz_check(users[package]->ImportContext(&buffer, NULL, &user) == status);
    if (status != SEC_E_OK)
        return;
    SecBuffer again = packed_now(&c);
    fuzz_check(again.cbBuffer == size && memcmp(again.pvBuffer, data, size) == 0);
    ksec_host_free(again.pvBuffer);
    use(&c);
    fuzz_check(ksec_unload(&c) == SEC_E_OK);
    fuzz_check(users[package]->DeleteUserModeContext(user) == SEC_E_OK);
}

/* ---- messages for a live context ---- */

struct message_copy {
    SecBuffer buffers[2];
    SecBufferDesc desc;
    uint8_t *bytes;
};

static void copy_of(struct message_copy *m, const uint8_t *bytes, size_t size, size_t token_size, bool stream)
{
    m->bytes = malloc(size > 0 ? size : 1);
    fuzz_check(m->bytes != NULL);
    memcpy(m->bytes, bytes, size);
    if (stream) {
        m->buffers[0] = (SecBuffer){(ULONG)size, SECBUFFER_STREAM, m->bytes};
        m->buffers[1] = (SecBuffer){0, SECBUFFER_DATA, NULL};
    } else {
        m->buffers[0] = (SecBuffer){(ULONG)token_size, SECBUFFER_TOKEN, m->bytes};
        m->buffers[1] = (SecBuffer){(ULONG)(size - token_size), SECBUFFER_DATA, m->bytes + token_size};
    }
    m->desc = (SecBufferDesc){SECBUFFER_VERSION, 2, m->buffers};
}

static void judge(size_t n, unsigned how, const uint8_t *bytes, size_t size, size_t token_size)
{
    const struct packed *p = &receiving[n];
    struct ksec_context c = load(p);
    SecBuffer buffer = {(ULONG)p->size, SECBUFFER_EMPTY, (void *)(uintptr_t)p->bytes};
    struct message_copy below, above;
    LSA_SEC_HANDLE user;
    bool seal = how & 1, stream = seal && (how & 2);
    ULONG number = how >> 4, qops[2] = {99, 99};
    fuzz_check(users[p->package]->ImportContext(&buffer, NULL, &user) == SEC_E_OK);
    copy_of(&below, bytes, size, token_size, stream);
    copy_of(&above, bytes, size, token_size, stream);
    ksec_host_atomic(true);
    NTSTATUS status = (seal ? c.table->Unseal : c.table->Verify)(c.id, &below.desc, number, &qops[0]);
    ksec_host_atomic(false);
    NTSTATUS want = (seal ? users[p->package]->UnsealMessage
                          : users[p->package]->VerifySignature)(user, &above.desc, number, &qops[1]);
    fuzz_check(status == want && qops[0] == qops[1]);
    fuzz_check(memcmp(below.bytes, above.bytes, size) == 0);
    if (status != SEC_E_OK) {
        fuzz_check(memcmp(below.bytes, bytes, size) == 0);
        SecBuffer now = packed_now(&c);
        fuzz_check(now.cbBuffer == p->size && memcmp(now.pvBuffer, p->bytes, p->size) == 0);
        ksec_host_free(now.pvBuffer);
    }
    free(below.bytes);
    free(above.bytes);
    fuzz_check(users[p->package]->DeleteUserModeContext(user) == SEC_E_OK);
    fuzz_check(ksec_unload(&c) == SEC_E_OK);
}

/* A genuine message, with bytes of it changed. */
static void judge_genuine(size_t n, unsigned how, const uint8_t *data, size_t size)
{
    uint8_t bytes[512] = {0};
    struct ksec_context c = load(&sending[n]);
    bool seal = how & 1;
    size_t text = how >> 1 & 63;
    SecBuffer buffers[2] = {{128, SECBUFFER_TOKEN, bytes}, {(ULONG)text, SECBUFFER_DATA, bytes + 128}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    NTSTATUS status = (seal ? c.table->Seal : c.table->Sign)(c.id, 0, &desc, how >> 4);
    fuzz_check(ksec_unload(&c) == SEC_E_OK);
    if (status != SEC_E_OK)
        return;
    size_t token_size = buffers[0].cbBuffer;
    memmove(bytes + token_size, bytes + 128, text);
    for (size_t i = 0; i + 1 < size; i += 2)
        bytes[data[i] % (token_size + text)] ^= data[i + 1];
    judge(n, how, bytes, token_size + text, token_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;
    fuzz_start();
    if (!begun)
        begin();
    begun = true;
    if (size < 3 || size > 8192)
        return 0;
    unsigned what = data[0] % 5, how = data[2];
    size_t n = data[1] % CONTEXTS, live = mem_live();
    uint8_t *copy = malloc(size);
    fuzz_check(copy != NULL);
    memcpy(copy, data + 3, size - 3);
    size -= 3;
    if (what == 0)
        try_payload(copy, size);
    else if (what <= 2)
        try_packed(what - 1, copy, size);
    else if (what == 3)
        judge(n, how, copy, size, data[1] >> 3 < size ? (size_t)data[1] >> 3 : size);
    else
        judge_genuine(n, how, copy, size);
    free(copy);
    fuzz_check(ksec_lists_count() == 0 && mem_live() == live);
    return 0;
}
