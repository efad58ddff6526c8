/* SPDX-License-Identifier: MIT */
/*
 * Kernel halves and the user-space host: payloads and packed contexts that are none, ids that are none,
 * references and deletion while a call is inside, memory that runs out, and what the lesser entries of the
 * table answer.
 */
#include "kit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sources.h"
#include "ksec/payload.h"
#include "packages/kerberos/kerberos_package.h"
#include "packages/ntlm/ntlm_package.h"
#include "packages/ntlm/ntlm_kernel.h"
#include "packages/kerberos/kerberos_kernel.h"

enum { PACKAGES = 2 };
static const char *const names[PACKAGES] = {"NTLM", "Kerberos"};
static const SECPKG_KERNEL_FUNCTION_TABLE *const tables[PACKAGES] = {&ntlm_kernel_table,
                                                                     &kerberos_kernel_table};

static struct ksec_bytes packed_of(size_t package, bool initiator)
{
    static const uint8_t key[NTLM_KEY_SIZE] = "sixteen bytes ok";
    struct ntlm_protect n;
    struct krb5_protect k;
    struct krb5_start start = {
        .flags = KRB5_F_INTEG | KRB5_F_CONF | KRB5_F_REPLAY | KRB5_F_ACCEPTOR_SUBKEY |
                 (initiator ? KRB5_F_INITIATOR : 0),
        .key = {KRB5_ETYPE_AES256_SHA1, "a key of thirty-two bytes, fixed"},
        .initiator = {KRB5_ETYPE_AES128_SHA256, "and another one"},
    };
    if (package == 1) {
        assert_true(krb5_protect_init(&k, &start));
        return ksec_kit_kerberos(&k);
    }
    ntlm_protect_init(&n, NTLM_F_ESS | NTLM_F_128 | NTLM_F_KEY_EXCH | NTLM_F_SIGN | NTLM_F_SEAL, initiator,
                      WINDOW_OFF, key);
    return ksec_kit_ntlm(&n);
}

static struct ksec_bytes payload_of(size_t package)
{
    struct ksec_bytes packed = packed_of(package, true), payload = ksec_kit_payload(names[package], &packed);
    ksec_bytes_free(&packed);
    return payload;
}

static struct ksec_context context_of(size_t package, LSA_SEC_HANDLE lsa)
{
    struct ksec_context c;
    struct ksec_bytes payload = payload_of(package);
    assert_int_equal(ksec_load(payload.data, payload.size, lsa, &c), SEC_E_OK);
    ksec_bytes_free(&payload);
    return c;
}

/* A copy of exactly that size, so that a byte read behind it is seen by the sanitizers. */
static NTSTATUS load_exactly(const uint8_t *bytes, size_t size, struct ksec_context *c)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, bytes, size);
    NTSTATUS status = ksec_load(copy, size, 0, c);
    free(copy);
    return status;
}

/* ---- payloads ---- */

static void test_payload_cut(void **state)
{
    (void)state;
    struct ksec_context c = {NULL, 0};
    size_t live = mem_live();
    for (size_t i = 0; i < PACKAGES; i++) {
        struct ksec_bytes payload = payload_of(i);
        for (size_t size = 0; size < payload.size; size++) {
            assert_int_equal(load_exactly(payload.data, size, &c), SEC_E_INVALID_TOKEN);
            /* With a total that agrees the packed context itself is cut. */
            if (size < KSEC_PAYLOAD_HEAD)
                continue;
            uint8_t *copy = malloc(size);
            memcpy(copy, payload.data, size);
            copy[12] = (uint8_t)size;
            copy[13] = (uint8_t)(size >> 8);
            assert_int_equal(ksec_load(copy, size, 0, &c), SEC_E_INVALID_TOKEN);
            free(copy);
        }
        payload.data[payload.size] = 0;
        assert_int_equal(ksec_load(payload.data, payload.size + 1, 0, &c), SEC_E_INVALID_TOKEN);
        ksec_bytes_free(&payload);
    }
    assert_int_equal(ksec_load(NULL, 0, 0, &c), SEC_E_INVALID_TOKEN);
    assert_null(c.table);
    assert_int_equal(mem_live(), live);
    assert_int_equal(ksec_lists_count(), 0);
}

static void test_payload_head(void **state)
{
    (void)state;
    struct ksec_context c;
    for (size_t i = 0; i < PACKAGES; i++) {
        struct ksec_bytes payload = payload_of(i);
        size_t head = KSEC_PAYLOAD_HEAD + strlen(names[i]);
        for (size_t bit = 0; bit < 8 * head; bit++) {
            payload.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            NTSTATUS status = load_exactly(payload.data, payload.size, &c), want = SEC_E_INVALID_TOKEN;
            /* Another name is another package, which is not here, unless it cannot be a name. */
            uint8_t letter = payload.data[bit / 8];
            if (bit / 8 >= KSEC_PAYLOAD_HEAD && letter > ' ' && letter <= '~')
                want = SEC_E_SECPKG_NOT_FOUND;
            /* Another length of the name: it takes bytes of the context along, or leaves it some. */
            if ((bit / 8 == 10 || bit / 8 == 11) && status == SEC_E_SECPKG_NOT_FOUND)
                want = status;
            if (status != want)
                fail_msg("bit %zu: 0x%08x", bit, (unsigned)status);
            payload.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        ksec_bytes_free(&payload);
    }
    assert_int_equal(ksec_lists_count(), 0);
}

static void test_payload_names(void **state)
{
    (void)state;
    static const char *const others[] = {
        "Negotiate", "psk", "ntlm", "NTLMX", "NTL", "kerberos", "a name of thirty-two letters...", "-"};
    struct ksec_bytes packed = packed_of(0, true);
    struct ksec_context c;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", others[i]);
        for (char *at = name; *at != 0; at++)
            if (*at == ' ')
                *at = '_';
        struct ksec_bytes payload = ksec_kit_payload(name, &packed);
        assert_int_equal(ksec_load(payload.data, payload.size, 0, &c), SEC_E_SECPKG_NOT_FOUND);
        ksec_bytes_free(&payload);
    }
    const struct ksec_payload bad[] = {
        {{(const uint8_t *)"", 0}, {packed.data, packed.size}},
        {{(const uint8_t *)"NT LM", 5}, {packed.data, packed.size}},
        {{(const uint8_t *)"a_name_of_thirty-three_letters____", 33}, {packed.data, packed.size}},
        {{(const uint8_t *)"NTLM", 4}, {packed.data, 0}},
        {{(const uint8_t *)"NTLM", 4}, {packed.data, KSEC_PAYLOAD_MAX - KSEC_PAYLOAD_HEAD - 3}},
        {{(const uint8_t *)"NTLM", 4}, {packed.data, SIZE_MAX}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(ksec_payload_size(&bad[i]), 0);
    ksec_bytes_free(&packed);
}

/* ---- packed contexts: as the user half takes and refuses them ---- */

static const SECPKG_USER_FUNCTION_TABLE *user_table(size_t package)
{
    PSECPKG_USER_FUNCTION_TABLE table;
    ULONG version, count;
    NTSTATUS status = (package == 0 ? ntlm_SpUserModeInitialize : kerberos_SpUserModeInitialize)(
        SECPKG_INTERFACE_VERSION, &version, &table, &count);
    assert_int_equal(status, SEC_E_OK);
    return table;
}

static NTSTATUS user_takes(size_t package, const struct ksec_bytes *packed)
{
    LSA_SEC_HANDLE id;
    SecBuffer buffer = {(ULONG)packed->size, SECBUFFER_EMPTY, packed->data};
    NTSTATUS status = user_table(package)->ImportContext(&buffer, NULL, &id);
    if (status == SEC_E_OK)
        assert_int_equal(user_table(package)->DeleteUserModeContext(id), SEC_E_OK);
    return status;
}

static void same_as_user(size_t package, const struct ksec_bytes *packed, size_t at)
{
    LSA_SEC_HANDLE id = 77, imported = 77;
    SecBuffer buffer = {(ULONG)packed->size, SECBUFFER_EMPTY, packed->data};
    NTSTATUS want = user_takes(package, packed);
    NTSTATUS status = tables[package]->InitContext(5, &buffer, &id);
    assert_int_equal(status, tables[package]->ImportContext(&buffer, NULL, &imported));
    if (status != want)
        fail_msg("%s, byte %zu: 0x%08x, the user half says 0x%08x", names[package], at, (unsigned)status,
                 (unsigned)want);
    if (status != SEC_E_OK) {
        assert_true(id == 77 && imported == 77);
        return;
    }
    struct ksec_context c = {tables[package], id};
    struct ksec_bytes again = ksec_kit_export(&c);
    assert_int_equal(again.size, packed->size);
    assert_memory_equal(again.data, packed->data, packed->size);
    ksec_bytes_free(&again);
    assert_int_equal(tables[package]->DeleteContext(id, NULL), SEC_E_OK);
    assert_int_equal(tables[package]->DeleteContext(imported, NULL), SEC_E_OK);
}

static void test_packed_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        struct ksec_bytes packed = packed_of(i, true);
        same_as_user(i, &packed, SIZE_MAX);
        size_t live = mem_live(), taken = 0;
        for (size_t at = 0; at < packed.size; at++) {
            static const uint8_t changes[] = {1, 0x80, 0xff};
            for (size_t k = 0; k < sizeof changes; k++) {
                packed.data[at] ^= changes[k];
                same_as_user(i, &packed, at);
                taken += user_takes(i, &packed) == SEC_E_OK;
                packed.data[at] ^= changes[k];
            }
        }
        assert_true(taken > 0); /* keys and names may be any */
        assert_int_equal(mem_live(), live);
        ksec_bytes_free(&packed);
    }
    assert_int_equal(ksec_lists_count(), 0);
}

static void test_packed_of_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        struct ksec_bytes packed = packed_of(1 - i, true);
        SecBuffer buffer = {(ULONG)packed.size, SECBUFFER_EMPTY, packed.data},
                  none = {0, SECBUFFER_EMPTY, NULL};
        LSA_SEC_HANDLE id = 77;
        assert_int_equal(tables[i]->InitContext(0, &buffer, &id), SEC_E_INVALID_TOKEN);
        assert_int_equal(tables[i]->InitContext(0, &none, &id), SEC_E_INVALID_TOKEN);
        assert_int_equal(tables[i]->InitContext(0, NULL, &id), SEC_E_INVALID_TOKEN);
        assert_int_equal(tables[i]->InitContext(0, &buffer, NULL), SEC_E_INVALID_PARAMETER);
        assert_int_equal(tables[i]->ImportContext(NULL, NULL, &id), SEC_E_INVALID_PARAMETER);
        assert_int_equal(tables[i]->ImportContext(&buffer, NULL, NULL), SEC_E_INVALID_PARAMETER);
        assert_int_equal(id, 77);
        ksec_bytes_free(&packed);
    }
}

static void test_rc4_switch(void **state)
{
    (void)state;
    struct krb5_protect p;
    struct krb5_start start = {.flags = KRB5_F_INTEG | KRB5_F_CONF,
                               .key = {KRB5_ETYPE_RC4, "sixteen bytes ok"}};
    struct ksec_context c;
    assert_true(krb5_protect_init(&p, &start));
    struct ksec_bytes packed = ksec_kit_kerberos(&p), payload = ksec_kit_payload("Kerberos", &packed);
    kerberos_allow_rc4 = false;
    assert_int_equal(ksec_load(payload.data, payload.size, 0, &c), SEC_E_KDC_UNKNOWN_ETYPE);
    kerberos_allow_rc4 = true;
    assert_int_equal(ksec_load(payload.data, payload.size, 0, &c), SEC_E_OK);
    assert_int_equal(ksec_unload(&c), SEC_E_OK);
    ksec_bytes_free(&packed);
    ksec_bytes_free(&payload);
}

/* ---- memory ---- */

static bool refuse_nth(void *arg, size_t size)
{
    (void)size;
    unsigned *left = arg;
    return (*left)-- != 0;
}

static bool refuse_all(void *arg, size_t size)
{
    (void)arg;
    (void)size;
    return false;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        struct ksec_bytes payload = payload_of(i);
        struct ksec_context c = {NULL, 0};
        size_t live = mem_live();
        NTSTATUS status = SEC_E_INSUFFICIENT_MEMORY;
        unsigned granted = 0;
        for (; status != SEC_E_OK; granted++) {
            unsigned left = granted;
            assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
            assert_null(c.table);
            assert_int_equal(mem_live(), live);
            mem_test_gate_arg = &left;
            mem_test_gate = refuse_nth;
            status = ksec_load(payload.data, payload.size, 0, &c);
            mem_test_gate = NULL;
        }
        assert_int_equal(granted, 3); /* names, the context; the third time all was there */
        SecBuffer out = {7, 7, NULL};
        mem_test_gate = refuse_all;
        assert_int_equal(c.table->ExportContext(c.id, 0, &out, NULL), SEC_E_INSUFFICIENT_MEMORY);
        SecPkgContext_NamesW text;
        assert_int_equal(c.table->QueryAttributes(c.id, SECPKG_ATTR_NAMES, &text), SEC_E_INSUFFICIENT_MEMORY);
        mem_test_gate = NULL;
        assert_true(out.cbBuffer == 7 && out.pvBuffer == NULL);
        assert_int_equal(ksec_unload(&c), SEC_E_OK);
        assert_int_equal(mem_live(), live);
        ksec_bytes_free(&payload);
    }
}

/* Without a byte to be had, messages are made and checked as ever. */
static void test_messages_allocate_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        struct ksec_bytes packed[2] = {packed_of(i, true), packed_of(i, false)};
        struct ksec_context c[2];
        for (size_t k = 0; k < 2; k++) {
            struct ksec_bytes payload = ksec_kit_payload(names[i], &packed[k]);
            assert_int_equal(ksec_load(payload.data, payload.size, 0, &c[k]), SEC_E_OK);
            ksec_bytes_free(&payload);
            ksec_bytes_free(&packed[k]);
        }
        size_t before = ksec_host_allocations();
        mem_test_gate = refuse_all;
        for (unsigned n = 0; n < 50; n++) {
            uint8_t text[100] = {(uint8_t)n}, token[128];
            SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text},
                                    {sizeof token, SECBUFFER_TOKEN, token}};
            SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
            ULONG qop = 99;
            assert_int_equal(ksec_kit_sign(&c[n % 2], 0, &desc, 0), SEC_E_OK);
            assert_int_equal(ksec_kit_verify(&c[1 - n % 2], &desc, 0, &qop), SEC_E_OK);
            assert_int_equal(qop, 0);
            buffers[1].cbBuffer = sizeof token;
            assert_int_equal(ksec_kit_seal(&c[n % 2], 0, &desc, 0), SEC_E_OK);
            token[9] ^= 1;
            assert_int_not_equal(ksec_kit_unseal(&c[1 - n % 2], &desc, 0, NULL), SEC_E_OK);
            token[9] ^= 1;
            assert_int_equal(ksec_kit_unseal(&c[1 - n % 2], &desc, 0, NULL), SEC_E_OK);
            assert_int_equal(text[0], n);
        }
        mem_test_gate = NULL;
        assert_int_equal(ksec_host_allocations(), before);
        assert_int_equal(ksec_unload(&c[0]), SEC_E_OK);
        assert_int_equal(ksec_unload(&c[1]), SEC_E_OK);
    }
}

/* The test of the test: what allocates where it must not ends the process. */
static void test_atomic_aborts(void **state)
{
    (void)state;
    struct ksec_bytes payload = payload_of(0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct ksec_context c;
        signal(SIGABRT, SIG_DFL);
        fclose(stderr);
        ksec_host_atomic(true);
        ksec_load(payload.data, payload.size, 0, &c);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    ksec_bytes_free(&payload);
}

/* ---- ids ---- */

static void all_refuse(const SECPKG_KERNEL_FUNCTION_TABLE *table, LSA_SEC_HANDLE id)
{
    uint8_t text[4] = "abc", token[128];
    SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SecBuffer packed = {7, 7, NULL};
    SecPkgContext_Sizes sizes;
    LSA_SEC_HANDLE lsa = 77;
    const NTSTATUS answers[] = {
        table->Sign(id, 0, &desc, 0),
        table->Verify(id, &desc, 0, NULL),
        table->Seal(id, 0, &desc, 0),
        table->Unseal(id, &desc, 0, NULL),
        table->Sign(id, 99, NULL, 0),
        table->QueryAttributes(id, SECPKG_ATTR_SIZES, &sizes),
        table->ExportContext(id, 0, &packed, NULL),
        table->MapHandle(id, &lsa),
        table->GetToken(id, NULL, NULL),
        table->CompleteToken(id, NULL),
        table->DeleteContext(id, &lsa),
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i] != SEC_E_INVALID_HANDLE)
            fail_msg("id %llx, call %zu: 0x%08x", (unsigned long long)id, i, (unsigned)answers[i]);
    assert_true(lsa == 77 && packed.cbBuffer == 7 && buffers[1].cbBuffer == sizeof token);
}

static void test_ids(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        struct ksec_context c = context_of(i, 0), other = context_of(1 - i, 0);
        /* What a context looks like, but in nobody's list. */
        uint8_t *forged = malloc(8192);
        memcpy(forged, (const void *)(uintptr_t)c.id, 512);
        const LSA_SEC_HANDLE ids[] = {
            0,
            1,
            8,
            (LSA_SEC_HANDLE)-1,
            (LSA_SEC_HANDLE)-16,
            c.id + 1,
            c.id ^ 8,
            c.id - 64,
            other.id,
            (LSA_SEC_HANDLE)(uintptr_t)forged,
            (LSA_SEC_HANDLE)(uintptr_t)&c,
        };
        for (size_t k = 0; k < sizeof ids / sizeof ids[0]; k++)
            all_refuse(tables[i], ids[k]);
        assert_int_equal(ksec_lists_count(), 2);
        assert_int_equal(ksec_unload(&c), SEC_E_OK);
        all_refuse(tables[i], c.id);
        assert_int_equal(ksec_unload(&c), SEC_E_INVALID_HANDLE);
        assert_int_equal(ksec_unload(&other), SEC_E_OK);
        free(forged);
    }
}

static void test_lsa_ids(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        struct ksec_context c = context_of(i, 0x1234), d = context_of(i, 0x1234);
        LSA_SEC_HANDLE lsa = 0;
        assert_true(c.id != d.id);
        assert_int_equal(c.table->MapHandle(c.id, &lsa), SEC_E_OK);
        assert_int_equal(lsa, 0x1234);
        assert_int_equal(c.table->MapHandle(c.id, NULL), SEC_E_INVALID_PARAMETER);
        lsa = 0;
        assert_int_equal(c.table->DeleteContext(c.id, &lsa), SEC_E_OK);
        assert_int_equal(lsa, 0x1234);
        assert_int_equal(d.table->DeleteContext(d.id, NULL), SEC_E_OK);
    }
}

/* ---- the host's lists ---- */

static void test_lists(void **state)
{
    (void)state;
    enum { SIGNATURE = 0x11223344, ENTRIES = 9000 };
    static KSEC_LIST_ENTRY entries[ENTRIES];
    const SECPKG_KERNEL_FUNCTIONS *f = &ksec_functions;
    PVOID list = f->CreateContextList(KSecPaged);
    BOOLEAN last = 99;
    assert_non_null(list);
    for (size_t i = 0; i < ENTRIES; i++) {
        KsecInitializeListEntry(&entries[i], SIGNATURE + (ULONG)(i % 2));
        assert_int_equal(f->ReferenceListEntry(&entries[i], SIGNATURE + (ULONG)(i % 2), FALSE),
                         SEC_E_INVALID_HANDLE);
        f->InsertListEntry(list, &entries[i]);
    }
    assert_int_equal(ksec_lists_count(), ENTRIES);
    assert_false(ksec_lists_free());
    for (size_t i = 0; i < ENTRIES; i++) {
        ULONG signature = SIGNATURE + (ULONG)(i % 2);
        assert_int_equal(f->ReferenceListEntry(&entries[i], signature ^ 1, FALSE), SEC_E_INVALID_HANDLE);
        assert_int_equal(f->ReferenceListEntry(&entries[i], signature ^ 1, TRUE), SEC_E_INVALID_HANDLE);
        assert_int_equal(f->ReferenceListEntry(&entries[i], signature, FALSE), SEC_E_OK);
        assert_int_equal(entries[i].RefCount, 2);
    }
    for (size_t i = ENTRIES; i-- > 0;) {
        ULONG signature = SIGNATURE + (ULONG)(i % 2);
        assert_int_equal(f->ReferenceListEntry(&entries[i], signature, TRUE), SEC_E_OK);
        assert_int_equal(f->ReferenceListEntry(&entries[i], signature, TRUE), SEC_E_INVALID_HANDLE);
        assert_int_equal(f->ReferenceListEntry(&entries[i], signature, FALSE), SEC_E_INVALID_HANDLE);
        f->DereferenceListEntry(&entries[i], &last);
        assert_false(last);
        f->DereferenceListEntry(&entries[i], &last);
        assert_true(last);
    }
    assert_int_equal(ksec_lists_count(), 0);
    KsecInitializeListEntry(&entries[0], SIGNATURE);
    entries[0].RefCount = 1 << 30;
    f->InsertListEntry(list, &entries[0]);
    assert_int_equal(f->ReferenceListEntry(&entries[0], SIGNATURE, FALSE), SEC_E_INSUFFICIENT_MEMORY);
    assert_int_equal(entries[0].RefCount, 1 << 30);
    assert_int_equal(f->ReferenceListEntry(&entries[0], SIGNATURE, TRUE), SEC_E_OK);
    assert_null(f->LocatePackageById(0));
    assert_int_equal(f->SerializeSchannelAuthData(NULL, NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
}

/* While a message is being sealed (it asks for randomness then) its context is deleted. */
static struct ksec_context doomed;
static size_t live_inside;

static bool random_deletes(void *arg, void *out, size_t size)
{
    (void)arg;
    memset(out, 0x5a, size);
    ksec_host_atomic(false);
    assert_int_equal(ksec_unload(&doomed), SEC_E_OK);
    assert_int_equal(ksec_unload(&doomed), SEC_E_INVALID_HANDLE);
    all_refuse(doomed.table, doomed.id);
    live_inside = mem_live();
    ksec_host_atomic(true);
    return true;
}

static void test_delete_inside(void **state)
{
    (void)state;
    struct sources replaced = {.random = random_deletes};
    struct ksec_bytes packed = packed_of(1, false), payload = ksec_kit_payload("Kerberos", &packed);
    struct ksec_context peer;
    uint8_t text[20] = "what is being sealed", token[128];
    SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    assert_int_equal(ksec_load(payload.data, payload.size, 0, &peer), SEC_E_OK);
    size_t live = mem_live();
    doomed = context_of(1, 0);
    sources_replace(&replaced);
    NTSTATUS status = ksec_kit_seal(&doomed, 0, &desc, 0);
    sources_replace(NULL);
    assert_int_equal(status, SEC_E_OK);
    assert_true(live_inside > live); /* it lived as long as the call was inside */
    assert_int_equal(mem_live(), live);
    assert_int_equal(ksec_kit_unseal(&peer, &desc, 0, NULL), SEC_E_OK);
    assert_memory_equal(text, "what is being sealed", sizeof text);
    assert_int_equal(ksec_unload(&peer), SEC_E_OK);
    ksec_bytes_free(&packed);
    ksec_bytes_free(&payload);
}

static bool random_fails(void *arg, void *out, size_t size)
{
    (void)arg;
    (void)out;
    (void)size;
    return false;
}

/* Without randomness nothing is sealed, and no number taken; what needs none goes on. */
static void test_no_randomness(void **state)
{
    (void)state;
    struct sources replaced = {.random = random_fails};
    struct ksec_context c = context_of(1, 0);
    uint8_t text[20] = "what is being sealed", token[128];
    SecBuffer buffers[2] = {{sizeof text, SECBUFFER_DATA, text}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    struct ksec_bytes before = ksec_kit_export(&c);
    sources_replace(&replaced);
    assert_int_equal(ksec_kit_seal(&c, 0, &desc, 0), SEC_E_INTERNAL_ERROR);
    struct ksec_bytes after = ksec_kit_export(&c);
    assert_memory_equal(before.data, after.data, before.size);
    assert_memory_equal(text, "what is being sealed", sizeof text);
    assert_int_equal(ksec_kit_seal(&c, SECQOP_WRAP_NO_ENCRYPT, &desc, 0), SEC_E_OK);
    sources_replace(NULL);
    ksec_bytes_free(&before);
    ksec_bytes_free(&after);
    assert_int_equal(ksec_unload(&c), SEC_E_OK);
}

/* ---- the lesser entries ---- */

static void test_other_entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        struct ksec_context c = context_of(i, 0);
        const SECPKG_KERNEL_FUNCTION_TABLE *t = c.table;
        SecBuffer packed = {7, 7, NULL};
        HANDLE token = &c;
        ULONG size = 7;
        assert_int_equal(t->GetToken(c.id, &token, NULL), SEC_E_NO_IMPERSONATION);
        assert_ptr_equal(token, &c);
        assert_int_equal(t->CompleteToken(c.id, NULL), SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(t->SetPackagePagingMode(TRUE), SEC_E_OK);
        assert_int_equal(t->SetPackagePagingMode(FALSE), SEC_E_OK);
        assert_int_equal(t->SerializeAuthData(NULL, &size, NULL), SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(t->ExportContext(c.id, 0, NULL, NULL), SEC_E_INVALID_PARAMETER);
        assert_int_equal(t->ExportContext(c.id, SECPKG_CONTEXT_EXPORT_TO_KERNEL, &packed, NULL),
                         SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(packed.cbBuffer, 7);
        assert_int_equal(t->ExportContext(c.id, 0, &packed, &token), SEC_E_OK);
        assert_null(token);
        ksec_host_free(packed.pvBuffer);
        assert_int_equal(t->Initialize(NULL), SEC_E_INVALID_PARAMETER);
        SECPKG_KERNEL_FUNCTIONS lacking = ksec_functions;
        lacking.ReferenceListEntry = NULL;
        assert_int_equal(t->Initialize(&lacking), SEC_E_INVALID_PARAMETER);
        assert_int_equal(ksec_unload(&c), SEC_E_OK);
    }
}

/* Numbers used up before; with RESET_NEW the copy begins as the context once did. */
static void test_reset(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        struct ksec_context c = context_of(i, 0);
        struct ksec_bytes fresh = ksec_kit_export(&c);
        for (unsigned n = 0; n < 3; n++) {
            uint8_t token[128];
            struct span part = {(const uint8_t *)"text", 4};
            size_t size = sizeof token;
            assert_int_equal(ksec_sign(&c, &part, 1, 0, token, &size), SEC_E_OK);
        }
        struct ksec_bytes used = ksec_kit_export(&c);
        assert_memory_not_equal(fresh.data, used.data, fresh.size);
        SecBuffer reset = {0, SECBUFFER_EMPTY, NULL};
        assert_int_equal(c.table->ExportContext(c.id, SECPKG_CONTEXT_EXPORT_RESET_NEW, &reset, NULL),
                         SEC_E_OK);
        assert_int_equal(reset.cbBuffer, fresh.size);
        assert_memory_equal(reset.pvBuffer, fresh.data, fresh.size);
        ksec_host_free(reset.pvBuffer);
        struct ksec_bytes still = ksec_kit_export(&c);
        assert_memory_equal(used.data, still.data, used.size);
        ksec_bytes_free(&fresh);
        ksec_bytes_free(&used);
        ksec_bytes_free(&still);
        assert_int_equal(ksec_unload(&c), SEC_E_OK);
    }
}

/* ---- queries: what the user half answers ---- */

static void query_texts(char16_t *const *a, char16_t *const *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (a[i][k] != 0 && a[i][k] == b[i][k])
            k++;
        assert_int_equal(a[i][k], b[i][k]);
    }
}

/* The W structures, up to 64 bytes. */
union answer {
    uint8_t bytes[64];
    void *pointer;
    SecPkgContext_KeyInfoW keys;
    SecPkgContext_NamesW names;
    SecPkgContext_SessionKey session;
    SecPkgContext_PackageInfoW info;
    SecPkgContext_NativeNamesW native;
};

static void answer_compare(const union answer *a, const union answer *b, ULONG attribute)
{
    switch (attribute) {
    case SECPKG_ATTR_KEY_INFO:
        assert_int_equal(a->keys.KeySize, b->keys.KeySize);
        assert_int_equal(a->keys.SignatureAlgorithm, b->keys.SignatureAlgorithm);
        assert_int_equal(a->keys.EncryptAlgorithm, b->keys.EncryptAlgorithm);
        query_texts(&a->keys.sSignatureAlgorithmName, &b->keys.sSignatureAlgorithmName, 2);
        break;
    case SECPKG_ATTR_NAMES:
    case SECPKG_ATTR_AUTHORITY:
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        query_texts(&a->names.sUserName, &b->names.sUserName, 1);
        break;
    case SECPKG_ATTR_NATIVE_NAMES:
        query_texts(&a->native.sClientName, &b->native.sClientName, 2);
        break;
    case SECPKG_ATTR_SESSION_KEY:
        assert_int_equal(a->session.SessionKeyLength, b->session.SessionKeyLength);
        assert_memory_equal(a->session.SessionKey, b->session.SessionKey, a->session.SessionKeyLength);
        break;
    case SECPKG_ATTR_PACKAGE_INFO:
    case SECPKG_ATTR_NEGOTIATION_INFO:
        assert_int_equal(a->info.PackageInfo->wRPCID, b->info.PackageInfo->wRPCID);
        query_texts(&a->info.PackageInfo->Name, &b->info.PackageInfo->Name, 1);
        break;
    default:
        assert_memory_equal(a->bytes, b->bytes, sizeof a->bytes);
    }
}

static void answer_free(const union answer *a, ULONG attribute, void (*release)(void *p))
{
    switch (attribute) {
    case SECPKG_ATTR_KEY_INFO:
        release(a->keys.sSignatureAlgorithmName);
        release(a->keys.sEncryptAlgorithmName);
        break;
    case SECPKG_ATTR_NATIVE_NAMES:
        release(a->native.sClientName);
        release(a->native.sServerName);
        break;
    case SECPKG_ATTR_SESSION_KEY:
        release(a->session.SessionKey);
        break;
    case SECPKG_ATTR_NAMES:
    case SECPKG_ATTR_AUTHORITY:
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
    case SECPKG_ATTR_PACKAGE_INFO:
    case SECPKG_ATTR_NEGOTIATION_INFO:
        release(a->pointer);
        break;
    default:
        break;
    }
}

static void query_both(const struct ksec_context *c, size_t package, LSA_SEC_HANDLE user, ULONG attribute)
{
    union answer a = {{0}}, b = {{0}};
    if (attribute == SECPKG_ATTR_TARGET || attribute == SECPKG_ATTR_DCE_INFO) {
        assert_int_equal(c->table->QueryAttributes(c->id, attribute, &a), SEC_E_UNSUPPORTED_FUNCTION);
        return;
    }
    NTSTATUS status = c->table->QueryAttributes(c->id, attribute, &a);
    NTSTATUS want = user_table(package)->QueryContextAttributes(user, attribute, &b);
    if (status != want)
        fail_msg("attribute %u: 0x%08x, the user half says 0x%08x", (unsigned)attribute, (unsigned)status,
                 (unsigned)want);
    assert_int_equal(c->table->QueryAttributes(c->id, attribute, NULL),
                     status == SEC_E_OK ? SEC_E_INVALID_PARAMETER : status);
    if (status != SEC_E_OK)
        return;
    answer_compare(&a, &b, attribute);
    answer_free(&a, attribute, ksec_host_free);
    answer_free(&b, attribute, mem_client_free);
}

static void test_queries(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKAGES; i++) {
        struct ksec_context c = context_of(i, 0);
        struct ksec_bytes packed = packed_of(i, true);
        SecBuffer buffer = {(ULONG)packed.size, SECBUFFER_EMPTY, packed.data};
        LSA_SEC_HANDLE user;
        SecPkgContext_Sizes sizes;
        SecPkgContext_SessionKey session;
        size_t live = mem_live();
        assert_int_equal(user_table(i)->ImportContext(&buffer, NULL, &user), SEC_E_OK);
        size_t imported = mem_live();
        for (ULONG attribute = 0; attribute < 0x90; attribute++)
            query_both(&c, i, user, attribute);
        query_both(&c, i, user, 0x80000005);
        assert_int_equal(mem_live(), imported);
        assert_int_equal(ksec_sizes(&c, &sizes), SEC_E_OK);
        assert_int_equal(sizes.cbMaxSignature, i == 0 ? 16 : 28);
        assert_int_equal(c.table->QueryAttributes(c.id, SECPKG_ATTR_SESSION_KEY, &session), SEC_E_OK);
        assert_memory_equal(session.SessionKey, i == 0 ? "sixteen bytes ok" : "a key of thirty-", 16);
        ksec_host_free(session.SessionKey);
        assert_int_equal(user_table(i)->DeleteUserModeContext(user), SEC_E_OK);
        assert_int_equal(mem_live(), live);
        assert_int_equal(ksec_unload(&c), SEC_E_OK);
        ksec_bytes_free(&packed);
    }
}

/* ---- scattered messages ---- */

static void test_parts(void **state)
{
    (void)state;
    struct ksec_context c = context_of(0, 0);
    struct span parts[64];
    uint8_t byte = 'x', token[32];
    size_t size = 15;
    for (size_t i = 0; i < 64; i++)
        parts[i] = (struct span){&byte, 1};
    assert_int_equal(ksec_sign(&c, parts, 1, 0, token, &size), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(size, 15);
    size = sizeof token;
    assert_int_equal(ksec_sign(&c, parts, 64, 0, token, &size), SEC_E_INVALID_TOKEN);
    assert_int_equal(ksec_verify(&c, parts, 64, 0, token, 16), SEC_E_INVALID_TOKEN);
    assert_int_equal(ksec_sign(&c, parts, 63, 0, token, &size), SEC_E_OK);
    assert_int_equal(size, 16);
    assert_int_equal(ksec_verify(&c, parts, 63, 0, token, size), SEC_E_MESSAGE_ALTERED); /* our own */
    size = sizeof token;
    assert_int_equal(ksec_sign(&c, NULL, 0, 0, token, &size), SEC_E_OK);
    assert_int_equal(ksec_unload(&c), SEC_E_OK);
}

static int start(void **state)
{
    (void)state;
    ksec_kit_start();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return ksec_stop() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payload_cut),       cmocka_unit_test(test_payload_head),
        cmocka_unit_test(test_payload_names),     cmocka_unit_test(test_packed_bytes),
        cmocka_unit_test(test_packed_of_another), cmocka_unit_test(test_rc4_switch),
        cmocka_unit_test(test_out_of_memory),     cmocka_unit_test(test_messages_allocate_nothing),
        cmocka_unit_test(test_atomic_aborts),     cmocka_unit_test(test_ids),
        cmocka_unit_test(test_lsa_ids),           cmocka_unit_test(test_lists),
        cmocka_unit_test(test_delete_inside),     cmocka_unit_test(test_no_randomness),
        cmocka_unit_test(test_other_entries),     cmocka_unit_test(test_reset),
        cmocka_unit_test(test_queries),           cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests_name("ksec tables", tests, start, stop);
}
