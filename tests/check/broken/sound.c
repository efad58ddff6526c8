/* SPDX-License-Identifier: MIT */
/*
 * A package that keeps the whole contract, from installed headers and nettle alone, for the tests of the
 * conformance kit; and, compiled with -DDEFECT=name, one that breaks it in one place. broken.py says
 * which points of the kit each defect must fail.
 *
 * What it protects with is real (HMAC-SHA-256, a nonce of each side), but the key stands below: it is good
 * for tests only. The handshake has two messages, hello and reply, 56 bytes each:
 *
 *     "SNDH" or "SNDR", flags (1: datagram), 3 zeros, nonce (16), HMAC(key, all of the handshake so far) (32)
 *
 * where the key is made of a password.
 *
 * A message's token has 32 bytes: version, kind, sender, zero, LE32 number, LE64 counter, MAC (16).
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/hmac.h>
#include <nettle/memops.h>

#include <ntsecpkg.h>
#include <ntstatus.h>

#include "defects.h"

enum {
    NONCE = 16,
    HANDSHAKE = 56,
    HANDSHAKE_MAC = 24, /* where it begins */
    SIGNATURE = 32,
    HEAD = 16, /* of a signature, before the MAC */
    MAC = 16,
    PACKED = 108,
    BUFFERS_MAX = 64,
    CONTEXTS = 256,
};
enum { VERSION = 1, SIGNED = 1, SEALED = 2 };
#define IMPORTED ((LSA_SEC_HANDLE)1 << 62)

#define PASSWORD "correct" /* of everybody; without one given, initiators have it too */
static const uint8_t shared_key[32] = "a key that everybody knows, 32 B";

static PLSA_SECPKG_FUNCTION_TABLE lsa;
static PSECPKG_DLL_FUNCTIONS dll;

/* Of the package that comes to grief where the environment says: TRIP="crash MakeSignature" or "hang ...". */
static void enter(const char *name)
{
    const char *how = DEFECT == trips ? getenv("TRIP") : NULL;

    if (how == NULL || strcmp(strchr(how, ' ') + 1, name) != 0)
        return;
    if (how[0] == 'c')
        __builtin_trap();
    for (;;)
        sched_yield();
}

static void wipe(void *p, size_t size)
{
    explicit_bzero(p, size);
}

static void put32(uint8_t *p, uint32_t x)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(x >> 8 * i);
}

static void put64(uint8_t *p, uint64_t x)
{
    put32(p, (uint32_t)x);
    put32(p + 4, (uint32_t)(x >> 32));
}

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static ULONG type_of(const SecBuffer *b)
{
    return b->BufferType & ~(ULONG)SECBUFFER_ATTRMASK;
}

/* ================ the LSA half ================ */

enum step { STEP_FREE, STEP_HELLO_SENT, STEP_DONE, STEP_FAILED };

struct handshake {
    enum step step;
    uint32_t generation;
    ULONG requirements;
    uint8_t key[32], hello[HANDSHAKE];
};

struct credential {
    uint8_t key[32];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows */
static struct handshake handshakes[CONTEXTS];
static struct credential *credentials[CONTEXTS]; /* with the lowest bits of their numbers */
static LSA_SEC_HANDLE credential_numbers[CONTEXTS];

static NTSTATUS NTAPI sound_Initialize(ULONG_PTR PackageId, PSECPKG_PARAMETERS Parameters,
                                       PLSA_SECPKG_FUNCTION_TABLE FunctionTable)
{
    enter("Initialize");
    (void)PackageId;
    (void)Parameters;
    lsa = FunctionTable;
    return SEC_E_OK;
}

static NTSTATUS NTAPI sound_Shutdown(void)
{
    enter("Shutdown");
    return SEC_E_OK;
}

static NTSTATUS NTAPI sound_GetInfo(PSecPkgInfoW PackageInfo)
{
    enter("GetInfo");
    static SEC_WCHAR name[] = u"sound", comment[] = u"For tests of the conformance kit";

    *PackageInfo = (SecPkgInfoW){
        .fCapabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_CONNECTION |
                         SECPKG_FLAG_DATAGRAM | SECPKG_FLAG_ACCEPT_WIN32_NAME,
        .wVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
        .wRPCID = SECPKG_ID_NONE,
        .cbMaxToken = HANDSHAKE,
        .Name = name,
        .Comment = comment,
    };
    return SEC_E_OK;
}

/* HMAC(key, a || b), a may be NULL. */
static void keyed(const uint8_t *key, const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                  uint8_t out[static 32])
{
    struct hmac_sha256_ctx hmac;

    hmac_sha256_set_key(&hmac, 32, key);
    if (a != NULL)
        hmac_sha256_update(&hmac, a_size, a);
    hmac_sha256_update(&hmac, b_size, b);
    hmac_sha256_digest(&hmac, 32, out);
    wipe(&hmac, sizeof hmac);
}

/* The one password that acceptors know makes the key, and so does whatever an initiator is given. */
static void password_key(const uint8_t *password, size_t size, uint8_t key[static 32])
{
    keyed(shared_key, NULL, 0, password, size, key);
}

/* Of what the application said; its password, each unit a byte here. */
static NTSTATUS identity_key(PVOID data, uint8_t key[static 32])
{
    SEC_WINNT_AUTH_IDENTITY_EXW ex;
    SEC_WINNT_AUTH_IDENTITY_W identity;
    uint16_t units[128];
    uint8_t password[128];
    ULONG version;

    password_key((const uint8_t *)PASSWORD, strlen(PASSWORD), key);
    if (data == NULL || DEFECT == any_password)
        return SEC_E_OK;
    /* Of the two forms the longer begins with its version, where the other has a pointer. */
    if (lsa->CopyFromClientBuffer(NULL, sizeof version, &version, data) != STATUS_SUCCESS)
        return SEC_E_UNKNOWN_CREDENTIALS;
    if (version == SEC_WINNT_AUTH_IDENTITY_VERSION) {
        if (lsa->CopyFromClientBuffer(NULL, sizeof ex, &ex, data) != STATUS_SUCCESS)
            return SEC_E_UNKNOWN_CREDENTIALS;
        identity = (SEC_WINNT_AUTH_IDENTITY_W){
            .Password = ex.Password, .PasswordLength = ex.PasswordLength, .Flags = ex.Flags};
    } else if (lsa->CopyFromClientBuffer(NULL, sizeof identity, &identity, data) != STATUS_SUCCESS) {
        return SEC_E_UNKNOWN_CREDENTIALS;
    }
    if (identity.Password == NULL)
        return SEC_E_OK;
    ULONG wide = identity.Flags & SEC_WINNT_AUTH_IDENTITY_UNICODE ? 2 : 1;
    if (identity.PasswordLength > 128 ||
        lsa->CopyFromClientBuffer(NULL, identity.PasswordLength * wide, units, identity.Password) !=
            STATUS_SUCCESS)
        return SEC_E_UNKNOWN_CREDENTIALS;
    for (ULONG i = 0; i < identity.PasswordLength; i++)
        password[i] = wide == 2 ? (uint8_t)units[i] : ((uint8_t *)units)[i];
    password_key(password, identity.PasswordLength, key);
    wipe(units, sizeof units);
    wipe(password, sizeof password);
    return SEC_E_OK;
}

static NTSTATUS NTAPI sound_Acquire(PUNICODE_STRING PrincipalName, ULONG CredentialUseFlags, PLUID LogonId,
                                    PVOID AuthorizationData, PVOID GetKeyFunciton, PVOID GetKeyArgument,
                                    PLSA_SEC_HANDLE CredentialHandle, PTimeStamp ExpirationTime)
{
    struct credential *c = lsa->AllocateLsaHeap(sizeof *c);
    NTSTATUS status = SEC_E_INSUFFICIENT_MEMORY;

    enter("AcquireCredentialsHandle");
    (void)PrincipalName;
    (void)CredentialUseFlags;
    (void)LogonId;
    (void)GetKeyFunciton;
    (void)GetKeyArgument;
    if (c == NULL)
        return status;
    status = identity_key(AuthorizationData, c->key);
    if (status == SEC_E_OK)
        status = SEC_E_INSUFFICIENT_MEMORY;
    pthread_mutex_lock(&lock);
    for (ULONG i = 0; i < CONTEXTS && status == SEC_E_INSUFFICIENT_MEMORY; i++) {
        if (credentials[i] != NULL)
            continue;
        credentials[i] = c;
        credential_numbers[i] += CONTEXTS;
        *CredentialHandle = credential_numbers[i] + i;
        status = SEC_E_OK;
    }
    pthread_mutex_unlock(&lock);
    ExpirationTime->QuadPart = INT64_MAX;
    if (status != SEC_E_OK)
        lsa->FreeLsaHeap(c);
    return status;
}

/* Locked. */
static struct credential **credential_find(LSA_SEC_HANDLE handle)
{
    ULONG i = handle % CONTEXTS;

    return credentials[i] != NULL && credential_numbers[i] + i == handle ? &credentials[i] : NULL;
}

static bool credential_key(LSA_SEC_HANDLE handle, uint8_t key[static 32])
{
    pthread_mutex_lock(&lock);
    struct credential **c = credential_find(handle);
    if (c != NULL)
        memcpy(key, (*c)->key, 32);
    pthread_mutex_unlock(&lock);
    return c != NULL;
}

static NTSTATUS NTAPI sound_FreeCredentials(LSA_SEC_HANDLE CredentialHandle)
{
    enter("FreeCredentialsHandle");
    pthread_mutex_lock(&lock);
    struct credential **at = credential_find(CredentialHandle), *c = at != NULL ? *at : NULL;
    if (c != NULL)
        *at = NULL;
    pthread_mutex_unlock(&lock);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    wipe(c, sizeof *c);
    if (DEFECT != leaks_credentials)
        lsa->FreeLsaHeap(c);
    return SEC_E_OK;
}

/* A context is a place in the table and how often it was taken; 0: there is none left. */
static LSA_SEC_HANDLE context_take(enum step step, ULONG requirements, const uint8_t *key,
                                   const uint8_t *hello)
{
    LSA_SEC_HANDLE id = 0;

    pthread_mutex_lock(&lock);
    for (ULONG i = 0; i < CONTEXTS && id == 0; i++) {
        struct handshake *h = &handshakes[i];
        if (h->step != STEP_FREE)
            continue;
        h->step = step;
        h->requirements = requirements;
        h->generation++;
        memcpy(h->key, key, sizeof h->key);
        memcpy(h->hello, hello, HANDSHAKE);
        id = (LSA_SEC_HANDLE)h->generation * CONTEXTS + i;
    }
    pthread_mutex_unlock(&lock);
    return id;
}

/* Locked. */
static struct handshake *context_find(LSA_SEC_HANDLE id)
{
    struct handshake *h = &handshakes[id % CONTEXTS];

    return h->step != STEP_FREE && h->generation == id / CONTEXTS ? h : NULL;
}

static NTSTATUS NTAPI sound_DeleteContext(LSA_SEC_HANDLE ContextHandle)
{
    enter("DeleteContext");
    pthread_mutex_lock(&lock);
    struct handshake *h = context_find(ContextHandle);
    if (h != NULL) {
        wipe(h->key, sizeof h->key);
        h->step = STEP_FREE;
    }
    pthread_mutex_unlock(&lock);
    if (h == NULL && DEFECT == deletes_twice)
        lsa->FreeLsaHeap((PVOID)ContextHandle);
    return h != NULL ? SEC_E_OK : SEC_E_INVALID_HANDLE;
}

static PSecBuffer token_of(PSecBufferDesc desc)
{
    for (ULONG i = 0; i < desc->cBuffers; i++)
        if (type_of(&desc->pBuffers[i]) == SECBUFFER_TOKEN)
            return &desc->pBuffers[i];
    return NULL;
}

static NTSTATUS output(PSecBufferDesc desc, const uint8_t *bytes, ULONG size)
{
    PSecBuffer token = token_of(desc);

    if (size == 0) {
        if (token != NULL)
            token->cbBuffer = 0;
        return SEC_E_OK;
    }
    if (token == NULL)
        return SEC_E_INVALID_TOKEN;
    if (token->cbBuffer < size && DEFECT != handshake_without_room)
        return SEC_E_BUFFER_TOO_SMALL;
    memcpy(token->pvBuffer, bytes, size);
    token->cbBuffer = size;
    return SEC_E_OK;
}

/* hello NULL: this is it. */
static NTSTATUS message_make(const uint8_t *key, const char *magic, bool datagram, const uint8_t *hello,
                             uint8_t out[static HANDSHAKE])
{
    memset(out, 0, HANDSHAKE);
    memcpy(out, magic, 4);
    out[4] = datagram;
    if (getrandom(out + 8, NONCE, 0) != NONCE)
        return SEC_E_INTERNAL_ERROR;
    keyed(key, hello, HANDSHAKE, out, HANDSHAKE_MAC, out + HANDSHAKE_MAC);
    return SEC_E_OK;
}

static NTSTATUS message_check(const uint8_t *key, const char *magic, const uint8_t *hello,
                              PSecBufferDesc desc, uint8_t in[static HANDSHAKE])
{
    const SecBuffer *token = token_of(desc);
    uint8_t mac[32];

    if (token == NULL ||
        (token->cbBuffer != HANDSHAKE && (DEFECT != handshake_over_read || token->cbBuffer < HANDSHAKE - 8)))
        return SEC_E_INVALID_TOKEN;
    memcpy(in, token->pvBuffer, HANDSHAKE);
    if (token->cbBuffer != HANDSHAKE || memcmp(in, magic, 4) != 0 || in[4] > 1)
        return SEC_E_INVALID_TOKEN;
    keyed(key, hello, HANDSHAKE, in, HANDSHAKE_MAC, mac);
    bool same = memeql_sec(mac, in + HANDSHAKE_MAC, sizeof mac) != 0;
    return same || DEFECT == handshake_unchecked ? SEC_E_OK : SEC_E_LOGON_DENIED;
}

/* What both halves know of a context: the packed form. */
struct packed {
    bool initiator, datagram;
    uint8_t detect; /* 1: replays, 2: gaps too */
    ULONG attributes;
    uint64_t sent, received, window; /* datagrams: received is the highest number seen */
    uint8_t send[32], receive[32];
};

static void packed_write(const struct packed *p, uint8_t out[static PACKED])
{
    memcpy(out, "SNDC", 4);
    out[4] = p->initiator;
    out[5] = p->datagram;
    out[6] = p->detect;
    out[7] = 0;
    put32(out + 8, p->attributes);
    put64(out + 12, p->sent);
    put64(out + 20, p->received);
    put64(out + 28, p->window);
    put64(out + 36, 0);
    memcpy(out + 44, p->send, 32);
    memcpy(out + 76, p->receive, 32);
}

static bool packed_read(struct packed *p, const uint8_t *in, ULONG size)
{
    if (size != PACKED || memcmp(in, "SNDC", 4) != 0 || in[4] > 1 || in[5] > 1 || in[6] > 2)
        return false;
    *p = (struct packed){.initiator = in[4], .datagram = in[5], .detect = in[6]};
    p->attributes = get32(in + 8);
    p->sent = get64(in + 12);
    p->received = get64(in + 20);
    p->window = get64(in + 28);
    memcpy(p->send, in + 44, 32);
    memcpy(p->receive, in + 76, 32);
    return true;
}

static ULONG granted(bool initiator, bool datagram, ULONG requirements)
{
    ULONG always =
        ISC_RET_CONFIDENTIALITY | ISC_RET_MUTUAL_AUTH | (initiator ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY);
    ULONG detect = ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT;

    if (datagram)
        return always | ISC_RET_DATAGRAM | (requirements & detect);
    return always | detect | (requirements & ISC_RET_CONNECTION);
}

/* ContextData, from both messages. */
static NTSTATUS establish(const uint8_t *key, bool initiator, ULONG requirements, const uint8_t *hello,
                          const uint8_t *reply, PULONG attributes, PSecBuffer out)
{
    uint8_t *bytes = lsa->AllocateLsaHeap(PACKED);
    uint8_t nonces[2 * NONCE + 1] = {0};
    bool datagram = hello[4] != 0;

    if (bytes == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    struct packed p = {.initiator = initiator, .datagram = datagram};
    p.attributes = granted(initiator, datagram, requirements);
    p.detect = p.attributes & ISC_RET_SEQUENCE_DETECT ? 2 : p.attributes & ISC_RET_REPLAY_DETECT ? 1 : 0;
    if (DEFECT != same_keys_always) {
        memcpy(nonces, hello + 8, NONCE);
        memcpy(nonces + NONCE, reply + 8, NONCE);
    }
    for (int from_acceptor = 0; from_acceptor < 2; from_acceptor++) {
        nonces[2 * NONCE] = (uint8_t)(DEFECT == one_key ? 0 : from_acceptor);
        keyed(key, NULL, 0, nonces, sizeof nonces, from_acceptor != initiator ? p.send : p.receive);
    }
    packed_write(&p, bytes);
    *attributes = p.attributes;
    *out = (SecBuffer){PACKED, SECBUFFER_EMPTY, bytes};
    wipe(&p, sizeof p);
    return SEC_E_OK;
}

static NTSTATUS initiate_first(LSA_SEC_HANDLE credential, ULONG requirements, PSecBufferDesc out,
                               PLSA_SEC_HANDLE made, PULONG attributes)
{
    uint8_t hello[HANDSHAKE], key[32];
    bool datagram = (requirements & ISC_REQ_DATAGRAM) != 0;

    if (!credential_key(credential, key))
        return SEC_E_INVALID_HANDLE;
    NTSTATUS status = message_make(key, "SNDH", datagram, NULL, hello);
    if (status == SEC_E_OK)
        status = output(out, hello, HANDSHAKE);
    if (status != SEC_E_OK)
        return status;
    *attributes = granted(true, datagram, requirements);
    *made = context_take(STEP_HELLO_SENT, requirements, key, hello);
    return *made != 0 ? SEC_I_CONTINUE_NEEDED : SEC_E_INSUFFICIENT_MEMORY;
}

static NTSTATUS NTAPI sound_Initiate(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                     PUNICODE_STRING TargetName, ULONG ContextRequirements,
                                     ULONG TargetDataRep, PSecBufferDesc InputBuffers,
                                     PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffers,
                                     PULONG ContextAttributes, PTimeStamp ExpirationTime,
                                     PBOOLEAN MappedContext, PSecBuffer ContextData)
{
    enter("InitLsaModeContext");
    uint8_t hello[HANDSHAKE], reply[HANDSHAKE], key[32];

    (void)TargetName;
    (void)TargetDataRep;
    ExpirationTime->QuadPart = INT64_MAX;
    if (ContextHandle == 0)
        return initiate_first(CredentialHandle, ContextRequirements, OutputBuffers, NewContextHandle,
                              ContextAttributes);

    /* The step is taken before it is known to succeed: it comes once. */
    pthread_mutex_lock(&lock);
    struct handshake *h = context_find(ContextHandle);
    bool good = h != NULL && h->step == STEP_HELLO_SENT;
    ULONG requirements = good ? h->requirements : 0;
    if (good) {
        memcpy(key, h->key, sizeof key);
        memcpy(hello, h->hello, HANDSHAKE);
        h->step = STEP_FAILED;
    }
    pthread_mutex_unlock(&lock);
    if (!good)
        return SEC_E_INVALID_HANDLE;
    NTSTATUS status = message_check(key, "SNDR", hello, InputBuffers, reply);
    if (status == SEC_E_OK)
        status = output(OutputBuffers, NULL, 0);
    if (status == SEC_E_OK)
        status = establish(key, true, requirements, hello, reply, ContextAttributes, ContextData);
    if (status != SEC_E_OK)
        return status;
    *NewContextHandle = ContextHandle;
    *MappedContext = TRUE;
    return SEC_E_OK;
}

static NTSTATUS NTAPI sound_Accept(LSA_SEC_HANDLE CredentialHandle, LSA_SEC_HANDLE ContextHandle,
                                   PSecBufferDesc InputBuffer, ULONG ContextRequirements, ULONG TargetDataRep,
                                   PLSA_SEC_HANDLE NewContextHandle, PSecBufferDesc OutputBuffer,
                                   PULONG ContextAttributes, PTimeStamp ExpirationTime,
                                   PBOOLEAN MappedContext, PSecBuffer ContextData)
{
    enter("AcceptLsaModeContext");
    uint8_t hello[HANDSHAKE], reply[HANDSHAKE], key[32];

    (void)TargetDataRep;
    ExpirationTime->QuadPart = INT64_MAX;
    if (ContextHandle != 0 || !credential_key(CredentialHandle, key))
        return SEC_E_INVALID_HANDLE; /* there is no second step */
    password_key((const uint8_t *)PASSWORD, strlen(PASSWORD), key);
    NTSTATUS status = message_check(key, "SNDH", NULL, InputBuffer, hello);
    if (status == SEC_E_OK && !hello[4] != !(ContextRequirements & ASC_REQ_DATAGRAM))
        status = SEC_E_INVALID_TOKEN;
    if (status == SEC_E_OK)
        status = message_make(key, "SNDR", hello[4] != 0, hello, reply);
    if (status == SEC_E_OK)
        status = output(OutputBuffer, reply, HANDSHAKE);
    if (status == SEC_E_OK)
        status = establish(key, false, ContextRequirements, hello, reply, ContextAttributes, ContextData);
    if (status != SEC_E_OK)
        return status;
    *NewContextHandle = context_take(STEP_DONE, 0, key, hello);
    if (*NewContextHandle == 0) {
        lsa->FreeLsaHeap(ContextData->pvBuffer);
        *ContextData = (SecBuffer){0};
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    *MappedContext = TRUE;
    return SEC_E_OK;
}

/* ================ the user half ================ */

struct context {
    struct context *next;
    LSA_SEC_HANDLE id;
    struct packed p;       /* its numbers: see below */
    atomic_ullong sent;    /* instead of p.sent */
    pthread_mutex_t taken; /* of p.received and p.window */
    struct hmac_sha256_ctx send_mac, receive_mac, send_cipher, receive_cipher;
};

static pthread_rwlock_t contexts_lock = PTHREAD_RWLOCK_INITIALIZER;
static struct context *contexts;
static LSA_SEC_HANDLE last_imported;
static struct {
    LSA_SEC_HANDLE id;
    struct context *context;
} buried[64]; /* of the packages that do not know when something is over */
static unsigned buried_count;

static struct context *find(LSA_SEC_HANDLE id)
{
    pthread_rwlock_rdlock(&contexts_lock);
    struct context *c = contexts;
    while (c != NULL && c->id != id)
        c = c->next;
    pthread_rwlock_unlock(&contexts_lock);
    if (c == NULL && DEFECT == stale_handles)
        for (unsigned i = 0; i < buried_count; i++)
            c = buried[i].id == id ? buried[i].context : c;
    if (c == NULL && DEFECT == handles_are_pointers && id > 0x1000000)
        c = ((struct context *)id)->id == id ? (struct context *)id : NULL;
    return c;
}

static void subkey(struct hmac_sha256_ctx *out, const uint8_t secret[static 32], const char *name)
{
    uint8_t key[32];

    keyed(secret, NULL, 0, (const uint8_t *)name, strlen(name), key);
    hmac_sha256_set_key(out, sizeof key, key);
    wipe(key, sizeof key);
}

/* NULL: out of memory, or the id is taken. */
static struct context *context_new(LSA_SEC_HANDLE id, const struct packed *p)
{
    struct context *c = dll->AllocateHeap(sizeof *c);

    if (c == NULL)
        return NULL;
    c->p = *p;
    atomic_store(&c->sent, p->sent);
    pthread_mutex_init(&c->taken, NULL);
    subkey(&c->send_mac, p->send, "mac");
    subkey(&c->receive_mac, p->receive, "mac");
    subkey(&c->send_cipher, p->send, "cipher");
    subkey(&c->receive_cipher, p->receive, "cipher");
    pthread_rwlock_wrlock(&contexts_lock);
    c->id = id != 0 ? id : (++last_imported | IMPORTED);
    c->next = contexts;
    contexts = c;
    pthread_rwlock_unlock(&contexts_lock);
    return c;
}

static void context_free(struct context *c)
{
    pthread_mutex_destroy(&c->taken);
    wipe(c, sizeof *c);
    dll->FreeHeap(c);
}

static NTSTATUS NTAPI sound_InstanceInit(ULONG Version, PSECPKG_DLL_FUNCTIONS FunctionTable,
                                         PVOID *UserFunctions)
{
    enter("InstanceInit");
    (void)Version;
    (void)UserFunctions;
    dll = FunctionTable;
    return SEC_E_OK;
}

static NTSTATUS NTAPI sound_InitUserModeContext(LSA_SEC_HANDLE ContextHandle, PSecBuffer PackedContext)
{
    enter("InitUserModeContext");
    NTSTATUS status = SEC_E_INVALID_TOKEN;
    struct packed p;
    ULONG size = DEFECT == packed_over_read ? PACKED : PackedContext->cbBuffer;

    if (packed_read(&p, PackedContext->pvBuffer, size)) {
        if (DEFECT == packed_over_read && PackedContext->cbBuffer != PACKED)
            status = SEC_E_INVALID_TOKEN;
        else if (find(ContextHandle) != NULL)
            status = SEC_E_INVALID_HANDLE;
        else
            status = context_new(ContextHandle, &p) != NULL ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    /* Ours from the call on, whatever the answer. */
    if (PackedContext->pvBuffer != NULL)
        wipe(PackedContext->pvBuffer, PackedContext->cbBuffer);
    dll->FreeHeap(PackedContext->pvBuffer);
    *PackedContext = (SecBuffer){0};
    wipe(&p, sizeof p);
    return status;
}

static NTSTATUS NTAPI sound_DeleteUserModeContext(LSA_SEC_HANDLE ContextHandle)
{
    enter("DeleteUserModeContext");
    pthread_rwlock_wrlock(&contexts_lock);
    struct context **at = &contexts;
    while (*at != NULL && (*at)->id != ContextHandle)
        at = &(*at)->next;
    struct context *c = *at;
    if (c != NULL)
        *at = c->next;
    if (c != NULL && DEFECT == stale_handles && buried_count < 64) {
        buried[buried_count].id = ContextHandle;
        buried[buried_count++].context = c;
    }
    pthread_rwlock_unlock(&contexts_lock);
    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    if (DEFECT != leaks_contexts || atomic_load(&c->sent) == 0)
        context_free(c);
    return SEC_E_OK;
}

static NTSTATUS NTAPI sound_Export(LSA_SEC_HANDLE phContext, ULONG fFlags, PSecBuffer pPackedContext,
                                   PHANDLE pToken)
{
    enter("ExportContext");
    struct context *c = find(phContext);

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    /* To count anew under the same keys would be to send the same numbers twice. */
    if (fFlags & ~(ULONG)SECPKG_CONTEXT_EXPORT_DELETE_OLD)
        return SEC_E_UNSUPPORTED_FUNCTION;
    uint8_t *bytes = dll->AllocateHeap(PACKED);
    if (bytes == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    pthread_mutex_lock(&c->taken);
    struct packed p = c->p;
    pthread_mutex_unlock(&c->taken);
    p.sent = atomic_load(&c->sent);
    packed_write(&p, bytes);
    wipe(&p, sizeof p);
    *pPackedContext = (SecBuffer){PACKED, SECBUFFER_EMPTY, bytes};
    if (pToken != NULL)
        *pToken = NULL;
    return SEC_E_OK;
}

static NTSTATUS NTAPI sound_Import(PSecBuffer pPackedContext, HANDLE Token, PLSA_SEC_HANDLE phContext)
{
    enter("ImportContext");
    struct packed p;

    (void)Token;
    if (!packed_read(&p, pPackedContext->pvBuffer, pPackedContext->cbBuffer))
        return SEC_E_INVALID_TOKEN;
    struct context *c = context_new(0, &p);
    wipe(&p, sizeof p);
    if (c == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    *phContext = c->id;
    return SEC_E_OK;
}

/* ---- buffers: rows 3, 4 and 7 ---- */

struct view {
    PSecBuffer token, stream, data_out;
    struct part {
        uint8_t *bytes;
        size_t size;
        bool sealed; /* when sealing */
    } parts[BUFFERS_MAX];
    size_t count;
};

static NTSTATUS scan_buffer(PSecBuffer b, bool sealing, bool receiving, struct view *v)
{
    ULONG type = type_of(b), blind = DEFECT == data_attributes    ? SECBUFFER_DATA
                                     : DEFECT == token_attributes ? SECBUFFER_TOKEN
                                                                  : (ULONG)-1;

    if (!sealing && type == blind && b->pvBuffer != NULL)
        type = b->BufferType;
    if (type == SECBUFFER_TOKEN || (type == SECBUFFER_STREAM && sealing && receiving)) {
        PSecBuffer *place = type == SECBUFFER_TOKEN ? &v->token : &v->stream;
        if (*place != NULL || (b->cbBuffer != 0 && b->pvBuffer == NULL))
            return SEC_E_INVALID_TOKEN;
        *place = b;
    }
    if (type != SECBUFFER_DATA)
        return SEC_E_OK;
    if (v->data_out == NULL)
        v->data_out = b;
    if (b->cbBuffer == 0)
        return SEC_E_OK;
    if (b->pvBuffer == NULL)
        return SEC_E_INVALID_TOKEN;
    bool readonly = b->BufferType & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM);
    v->parts[v->count++] = (struct part){b->pvBuffer, b->cbBuffer, sealing && !readonly};
    return SEC_E_OK;
}

static NTSTATUS scan(PSecBufferDesc desc, bool sealing, bool receiving, struct view *v)
{
    *v = (struct view){0};
    if ((desc == NULL && DEFECT != no_descriptor) || desc->ulVersion != SECBUFFER_VERSION ||
        desc->cBuffers == 0 || desc->pBuffers == NULL || desc->cBuffers > BUFFERS_MAX)
        return SEC_E_INVALID_TOKEN;
    for (ULONG i = 0; i < desc->cBuffers; i++) {
        NTSTATUS status = scan_buffer(&desc->pBuffers[i], sealing, receiving, v);
        if (status != SEC_E_OK)
            return status;
    }
    bool has_stream = v->stream != NULL && v->token == NULL && v->data_out != NULL;
    if (v->token == NULL && !has_stream)
        return SEC_E_INVALID_TOKEN;
    if (v->token != NULL)
        v->stream = NULL;
    if (v->count > 1 && !sealing && DEFECT == only_the_first)
        v->count = 1;
    if (v->count > 1 && !sealing && DEFECT == only_the_last) {
        v->parts[0] = v->parts[v->count - 1];
        v->count = 1;
    }
    return SEC_E_OK;
}

static bool apart(const void *a, size_t a_size, const void *b, size_t b_size)
{
    uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;

    return a_size == 0 || b_size == 0 || (x < y ? y - x >= a_size : x - y >= b_size);
}

static bool overlaps(const struct view *v, bool sealing)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct part *p = &v->parts[i];
        if (v->token != NULL && !apart(p->bytes, p->size, v->token->pvBuffer, v->token->cbBuffer) &&
            (DEFECT != overlap_unseen || sealing))
            return true;
        for (size_t k = i + 1; sealing && k < v->count; k++)
            if (!apart(p->bytes, p->size, v->parts[k].bytes, v->parts[k].size))
                return true;
    }
    return false;
}

/* ---- protecting ---- */

/* Over the head, all parts and, of sealed messages, how readable and sealed runs follow each other. */
static void mac_compute(const struct hmac_sha256_ctx *key, const uint8_t *head, const struct view *v,
                        uint8_t mac[static MAC])
{
    struct hmac_sha256_ctx hmac = *key;
    uint8_t length[8];
    uint64_t run = 0;

    hmac_sha256_update(&hmac, HEAD, head);
    for (size_t i = 0; i < v->count; i++) {
        const struct part *p = &v->parts[i];
        hmac_sha256_update(&hmac, p->size, p->bytes);
        run += p->size;
        if (head[1] == SEALED && (i + 1 == v->count || v->parts[i + 1].sealed != p->sealed)) {
            put64(length, run * 2 + p->sealed);
            hmac_sha256_update(&hmac, sizeof length, length);
            run = 0;
        }
    }
    hmac_sha256_digest(&hmac, MAC, mac);
    wipe(&hmac, sizeof hmac);
}

/* The sealed parts, with HMAC(key, head || block) for block 0, 1, ...: both ways. */
static void cipher(const struct hmac_sha256_ctx *key, const uint8_t *head, const struct view *v)
{
    uint8_t stream[32], number[8];
    uint64_t at = 0;

    for (size_t i = 0; i < v->count; i++) {
        for (size_t k = 0; v->parts[i].sealed && k < v->parts[i].size; k++, at++) {
            if (at % sizeof stream == 0) {
                struct hmac_sha256_ctx hmac = *key;
                put64(number, at / sizeof stream);
                hmac_sha256_update(&hmac, HEAD, head);
                hmac_sha256_update(&hmac, sizeof number, number);
                hmac_sha256_digest(&hmac, sizeof stream, stream);
            }
            v->parts[i].bytes[k] ^= stream[at % sizeof stream];
        }
    }
    wipe(stream, sizeof stream);
}

static uint64_t number_take(struct context *c)
{
    if (DEFECT != not_for_threads)
        return atomic_fetch_add(&c->sent, 1);
    uint64_t mine = atomic_load(&c->sent);
    sched_yield();
    atomic_store(&c->sent, mine + 1);
    return mine;
}

static NTSTATUS make(LSA_SEC_HANDLE handle, ULONG qop, PSecBufferDesc desc, ULONG number, bool sealing)
{
    struct context *c = find(handle);
    struct view v;

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    NTSTATUS status = scan(desc, sealing, false, &v);
    if (status != SEC_E_OK)
        return status;
    bool plain = sealing && qop == SECQOP_WRAP_NO_ENCRYPT;
    if (qop != 0 && !plain && !(DEFECT == qop_ignored && !sealing && qop >= 0x100))
        return SEC_E_QOP_NOT_SUPPORTED;
    if (v.token->cbBuffer < SIGNATURE && !(DEFECT == token_without_room && !sealing)) {
        if (DEFECT == rejected_make_counts && !sealing)
            (void)number_take(c);
        return SEC_E_BUFFER_TOO_SMALL;
    }
    if (overlaps(&v, sealing))
        return SEC_E_INVALID_PARAMETER;
    if (DEFECT == allocates) {
        PVOID memory = dll->AllocateHeap(100);
        uint64_t taken = number_take(c);
        if (memory == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        dll->FreeHeap(memory);
        atomic_store(&c->sent, taken);
    }

    uint8_t *token = v.token->pvBuffer;
    token[0] = VERSION;
    token[1] = sealing && !plain ? SEALED : SIGNED;
    token[2] = (uint8_t)(DEFECT == one_key ? 0 : c->p.initiator);
    token[3] = 0;
    put32(token + 4, c->p.datagram ? number : 0);
    put64(token + 8, number_take(c));
    if (token[1] == SEALED)
        cipher(&c->send_cipher, token, &v);
    else
        for (size_t i = 0; i < v.count; i++)
            v.parts[i].sealed = false;
    mac_compute(&c->send_mac, token, &v, token + HEAD);
    if (DEFECT == crashes && sealing && v.count == 0)
        abort();
    while (DEFECT == hangs && !sealing && v.count > 0 && v.parts[0].size > 500000)
        sched_yield();
    if (DEFECT != length_unset || sealing)
        v.token->cbBuffer = SIGNATURE;
    return SEC_E_OK;
}

/* ---- receiving ---- */

/* Locked. An authentic datagram's number: 64 behind the highest are remembered. */
static bool window_accept(struct packed *p, uint32_t number)
{
    uint64_t own = DEFECT == sign_extended ? (uint64_t)(int64_t)(int32_t)number : number;

    if (own == 0 || p->detect == 0)
        return true;
    if (DEFECT == sign_extended ? (int64_t)own > (int64_t)p->received : own > p->received) {
        uint64_t ahead = own - p->received;
        bool in_order = ahead == 1;
        if (DEFECT == shifted_by_64)
            p->window = ahead > 64 ? 0 : p->window << (ahead & 63); /* what x86 makes of << 64 */
        else
            p->window = ahead >= 64 ? 0 : p->window << ahead;
        p->window |= 1;
        p->received = own;
        return in_order || p->detect == 1;
    }
    uint64_t behind = p->received - own;
    if (behind >= 64 || (p->window >> behind & 1) || p->detect == 2)
        return false;
    p->window |= (uint64_t)1 << behind;
    return true;
}

/* Locked. */
static bool counter_accept(struct packed *p, uint64_t counter, bool unsealing)
{
    if (DEFECT == replays && !unsealing && counter < p->received)
        return true;
    if (DEFECT == gaps && counter > p->received)
        p->received = counter;
    if (counter != p->received)
        return false;
    p->received++;
    return true;
}

static bool genuine(struct context *c, const uint8_t *token, const struct view *v, bool unsealing)
{
    uint8_t mac[MAC];
    bool sealed = token[1] == SEALED;
    uint8_t sender = (uint8_t)(DEFECT == one_key ? 0 : !c->p.initiator);

    if (DEFECT == any_mac && !unsealing)
        return true;
    if (token[0] != VERSION || (token[1] != SIGNED && !sealed) || token[2] != sender || token[3] != 0)
        return false;
    mac_compute(&c->receive_mac, token, v, mac);
    if (DEFECT == half_the_mac && !sealed)
        return memeql_sec(mac, token + HEAD, MAC / 2) != 0;
    bool same = memeql_sec(mac, token + HEAD, MAC) != 0;
    return DEFECT == inverted && !unsealing ? !same : same;
}

/* The message of a view, or of a STREAM that begins with the token. */
static NTSTATUS receive_view(PSecBufferDesc desc, bool unsealing, struct view *v, const uint8_t **token)
{
    NTSTATUS status = scan(desc, unsealing, true, v);

    if (status != SEC_E_OK)
        return status;
    if (v->stream != NULL) {
        if (v->stream->cbBuffer < SIGNATURE)
            return SEC_E_INVALID_TOKEN;
        *token = v->stream->pvBuffer;
        v->parts[0] =
            (struct part){(uint8_t *)v->stream->pvBuffer + SIGNATURE, v->stream->cbBuffer - SIGNATURE, true};
        v->count = v->parts[0].size > 0;
        return SEC_E_OK;
    }
    *token = v->token->pvBuffer;
    if (DEFECT == token_over_read && !unsealing && (*token)[SIGNATURE - 1] == 0 && (*token)[0] == 0)
        return SEC_E_MESSAGE_ALTERED;
    if (v->token->cbBuffer != SIGNATURE)
        return SEC_E_INVALID_TOKEN;
    return overlaps(v, unsealing) ? SEC_E_INVALID_PARAMETER : SEC_E_OK;
}

static NTSTATUS accept_number(struct context *c, const uint8_t *token, ULONG number, bool unsealing)
{
    uint32_t own = get32(token + 4);

    if (c->p.datagram && number != 0 && number != own)
        return SEC_E_OUT_OF_SEQUENCE;
    pthread_mutex_lock(&c->taken);
    bool good = c->p.datagram ? (DEFECT == window_first || window_accept(&c->p, own))
                              : counter_accept(&c->p, get64(token + 8), unsealing);
    pthread_mutex_unlock(&c->taken);
    return good ? SEC_E_OK : SEC_E_OUT_OF_SEQUENCE;
}

/* What somebody who looks at the numbers too early does. */
static NTSTATUS number_first(struct context *c, const uint8_t *token)
{
    pthread_mutex_lock(&c->taken);
    bool good = !c->p.datagram || window_accept(&c->p, get32(token + 4));
    pthread_mutex_unlock(&c->taken);
    return good ? SEC_E_OK : SEC_E_OUT_OF_SEQUENCE;
}

static NTSTATUS receive(LSA_SEC_HANDLE handle, PSecBufferDesc desc, ULONG number, PULONG qop, bool unsealing)
{
    struct context *c = find(handle);
    const uint8_t *token;
    struct view v;

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    NTSTATUS status = receive_view(desc, unsealing, &v, &token);
    if (status != SEC_E_OK)
        return status;
    if (DEFECT == qop_on_failure && !unsealing && qop != NULL)
        *qop = 0;
    bool sealed = token[1] == SEALED;
    if (!sealed)
        for (size_t i = 0; i < v.count; i++)
            v.parts[i].sealed = false;
    if (sealed && !unsealing)
        return SEC_E_MESSAGE_ALTERED;
    if (DEFECT == window_first && (status = number_first(c, token)) != SEC_E_OK)
        return status;
    if (!genuine(c, token, &v, unsealing)) {
        if (DEFECT == rejected_counts && !unsealing && !c->p.datagram)
            c->p.received++;
        if (DEFECT == plaintext_left && sealed)
            cipher(&c->receive_cipher, token, &v);
        return DEFECT == other_status && !unsealing ? SEC_E_INVALID_TOKEN : SEC_E_MESSAGE_ALTERED;
    }
    status = accept_number(c, token, number, unsealing);
    if (status != SEC_E_OK)
        return status;
    if (sealed)
        cipher(&c->receive_cipher, token, &v);
    if (v.stream != NULL) {
        v.data_out->pvBuffer = (uint8_t *)v.stream->pvBuffer + SIGNATURE;
        v.data_out->cbBuffer = v.stream->cbBuffer - SIGNATURE;
    }
    if (qop != NULL)
        *qop = unsealing && !sealed ? SECQOP_WRAP_NO_ENCRYPT : 0;
    return SEC_E_OK;
}

/* ---- the rest of the table ---- */

static NTSTATUS NTAPI sound_MakeSignature(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                          PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    enter("MakeSignature");
    return make(ContextHandle, QualityOfProtection, MessageBuffers, MessageSequenceNumber, false);
}

static NTSTATUS NTAPI sound_VerifySignature(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                            ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    enter("VerifySignature");
    return receive(ContextHandle, MessageBuffers, MessageSequenceNumber, QualityOfProtection, false);
}

static NTSTATUS NTAPI sound_Seal(LSA_SEC_HANDLE ContextHandle, ULONG QualityOfProtection,
                                 PSecBufferDesc MessageBuffers, ULONG MessageSequenceNumber)
{
    enter("SealMessage");
    return make(ContextHandle, QualityOfProtection, MessageBuffers, MessageSequenceNumber, true);
}

static NTSTATUS NTAPI sound_Unseal(LSA_SEC_HANDLE ContextHandle, PSecBufferDesc MessageBuffers,
                                   ULONG MessageSequenceNumber, PULONG QualityOfProtection)
{
    enter("UnsealMessage");
    return receive(ContextHandle, MessageBuffers, MessageSequenceNumber, QualityOfProtection, true);
}

static NTSTATUS query_names(SecPkgContext_NamesW *out)
{
    static const SEC_WCHAR who[] = u"anybody";
    SEC_WCHAR *copy = dll->AllocateHeap(sizeof who);

    if (copy == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    memcpy(copy, who, sizeof who);
    out->sUserName = copy;
    return SEC_E_OK;
}

static NTSTATUS NTAPI sound_Query(LSA_SEC_HANDLE ContextHandle, ULONG ContextAttribute, PVOID Buffer)
{
    enter("QueryContextAttributes");
    const struct context *c = find(ContextHandle);

    if (c == NULL)
        return SEC_E_INVALID_HANDLE;
    switch (ContextAttribute) {
    case SECPKG_ATTR_SIZES:
        *(SecPkgContext_Sizes *)Buffer = (SecPkgContext_Sizes){
            .cbMaxToken = HANDSHAKE,
            .cbMaxSignature =
                SIGNATURE - (DEFECT == size_too_small ? 16 : 0) + (DEFECT == size_too_large ? 9 : 0),
            .cbBlockSize = 1,
            .cbSecurityTrailer = SIGNATURE - (DEFECT == trailer_too_small ? 16 : 0),
        };
        return SEC_E_OK;
    case SECPKG_ATTR_NAMES:
        return query_names(Buffer);
    case SECPKG_ATTR_FLAGS:
        ((SecPkgContext_Flags *)Buffer)->Flags = c->p.attributes;
        return SEC_E_OK;
    case SECPKG_ATTR_LIFESPAN:
        *(SecPkgContext_Lifespan *)Buffer = (SecPkgContext_Lifespan){.tsExpiry.QuadPart = INT64_MAX};
        return SEC_E_OK;
    default:
        return DEFECT == knows_everything ? SEC_E_OK : SEC_E_UNSUPPORTED_FUNCTION;
    }
}

/* ================ the entry points ================ */

#define EXPORTED __attribute__((visibility("default")))
EXPORTED NTSTATUS SEC_ENTRY SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                                PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables);
EXPORTED NTSTATUS SEC_ENTRY SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                                 PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables);

NTSTATUS SEC_ENTRY SpLsaModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                       PSECPKG_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    enter("SpLsaModeInitialize");
    static SECPKG_FUNCTION_TABLE table = {
        .Initialize = sound_Initialize,
        .Shutdown = sound_Shutdown,
        .GetInfo = sound_GetInfo,
        .AcquireCredentialsHandle = sound_Acquire,
        .FreeCredentialsHandle = sound_FreeCredentials,
        .InitLsaModeContext = sound_Initiate,
        .AcceptLsaModeContext = sound_Accept,
        .DeleteContext = sound_DeleteContext,
    };

    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION_3;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}

NTSTATUS SEC_ENTRY SpUserModeInitialize(ULONG LsaVersion, PULONG PackageVersion,
                                        PSECPKG_USER_FUNCTION_TABLE *ppTables, PULONG pcTables)
{
    enter("SpUserModeInitialize");
    static SECPKG_USER_FUNCTION_TABLE table = {
        .InstanceInit = sound_InstanceInit,
        .InitUserModeContext = sound_InitUserModeContext,
        .MakeSignature = sound_MakeSignature,
        .VerifySignature = sound_VerifySignature,
        .SealMessage = sound_Seal,
        .UnsealMessage = DEFECT == half_a_pair ? NULL : sound_Unseal,
        .QueryContextAttributes = sound_Query,
        .DeleteUserModeContext = sound_DeleteUserModeContext,
        .ExportContext = sound_Export,
        .ImportContext = sound_Import,
    };

    (void)LsaVersion;
    *PackageVersion = SECPKG_INTERFACE_VERSION_3;
    *ppTables = &table;
    *pcTables = 1;
    return SEC_E_OK;
}
