/* SPDX-License-Identifier: MIT */
/*
 * bench_own: this library through its public functions, and beside it, in the same process, the floor: the
 * primitives alone (raw.c). BENCH_PACKED names the folder of bench_packed's contexts. bench_inside is the
 * same with the library's inside, so that its primitives can be called alone and BENCH_KERNELS says which
 * kernels of many lanes run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <opensspi.h>

#include "pair.h"
#include "raw.h"
#include "worker.h"
#ifdef BENCH_INSIDE
#include "inside.h"
#endif

enum { BATCH_MAX = 128 };

struct own {
    struct pair_maker maker;
    bool has_maker;
    struct pair pair;
    ULONG token_size;
};

/* Contexts of one key, each with its own numbers: one for each message of a batch. */
struct crowd {
    struct pair pairs[BATCH_MAX];
    size_t count;
    ULONG token_size;
    SecBuffer buffers[BATCH_MAX][2];
    SecBufferDesc messages[BATCH_MAX];
    SspiSignatureRequest requests[BATCH_MAX];
};

/* ---- contexts ---- */

static const ULONG flags = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;

static struct own *own_new(const char *package, const char *target, ULONG isc)
{
    struct own *o = calloc(1, sizeof *o);
    if (o == NULL || !pair_maker_open(&o->maker, package, target, isc))
        return NULL;
    o->has_maker = true;
    return o;
}

static bool token_size_of(CtxtHandle *context, ULONG *size)
{
    SecPkgContext_Sizes sizes;
    if (QueryContextAttributesA(context, SECPKG_ATTR_SIZES, &sizes) != SEC_E_OK)
        return false;
    *size = sizes.cbMaxSignature;
    return *size <= WORKER_TOKEN_ROOM;
}

static void *open_pair(const char *package, const char *target, ULONG isc)
{
    struct own *o = own_new(package, target, isc);
    if (o == NULL)
        return NULL;
    SECURITY_STATUS status = pair_make(&o->maker, &o->pair);
    if (status != SEC_E_OK) {
        fprintf(stderr, "bench_own: %s: 0x%08x\n", package, (unsigned)status);
        return NULL;
    }
    return token_size_of(&o->pair.initiator, &o->token_size) ? o : NULL;
}

static void *open_ntlm(const struct worker_candidate *c)
{
    (void)c;
    return open_pair("NTLM", "host/server", flags);
}

static void *open_psk(const struct worker_candidate *c)
{
    (void)c;
    return open_pair("psk", "host/server", flags);
}

static void *open_kerberos(const struct worker_candidate *c)
{
    (void)c;
    return getenv("KRB5_CONFIG") ? own_new("Kerberos", "host/server", flags | ISC_REQ_MUTUAL_AUTH) : NULL;
}

static bool import_one(unsigned etype, const char *role, CtxtHandle *context)
{
    const char *folder = getenv("BENCH_PACKED");
    char path[512];
    uint8_t bytes[4096];
    snprintf(path, sizeof path, "%s/krb5-%u-%s", folder ? folder : ".", etype, role);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return false;
    }
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    static char kerberos[] = "Kerberos";
    SecBuffer packed = {(ULONG)size, SECBUFFER_EMPTY, bytes};
    SECURITY_STATUS status = ImportSecurityContextA(kerberos, &packed, NULL, context);
    if (status != SEC_E_OK)
        fprintf(stderr, "bench_own: %s: 0x%08x\n", path, (unsigned)status);
    return status == SEC_E_OK;
}

static bool import_pair(unsigned etype, struct pair *p)
{
    return import_one(etype, "initiator", &p->initiator) && import_one(etype, "acceptor", &p->acceptor);
}

static void *open_etype(const struct worker_candidate *c)
{
    struct own *o = calloc(1, sizeof *o);
    bool ok = o != NULL && import_pair(c->parameter, &o->pair);
    return ok && token_size_of(&o->pair.initiator, &o->token_size) ? o : NULL;
}

/* ---- one by one ---- */

static bool make(void *state, const struct worker_job *job)
{
    struct own *o = state;
    SecBuffer buffers[2] = {{(ULONG)job->size, SECBUFFER_DATA, (void *)(uintptr_t)job->data},
                            {o->token_size, SECBUFFER_TOKEN, job->tokens}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = SEC_E_OK;
    for (size_t i = 0; i < job->count; i++) {
        buffers[1].pvBuffer = job->tokens + i * WORKER_TOKEN_ROOM;
        buffers[1].cbBuffer = o->token_size;
        status |= MakeSignature(&o->pair.initiator, 0, &desc, 0);
    }
    return status == SEC_E_OK;
}

static bool check(void *state, const struct worker_job *job)
{
    struct own *o = state;
    SecBuffer buffers[2] = {{(ULONG)job->size, SECBUFFER_DATA, (void *)(uintptr_t)job->data},
                            {o->token_size, SECBUFFER_TOKEN, job->tokens}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = SEC_E_OK;
    for (size_t i = 0; i < job->count; i++) {
        buffers[1].pvBuffer = job->tokens + i * WORKER_TOKEN_ROOM;
        status |= VerifySignature(&o->pair.acceptor, &desc, 0, NULL);
    }
    return status == SEC_E_OK;
}

static bool handshake(void *state)
{
    struct own *o = state;
    struct pair p;
    if (!o->has_maker || pair_make(&o->maker, &p) != SEC_E_OK)
        return false;
    pair_delete(&p);
    return true;
}

/* ---- many at once ---- */

static bool copy_context(CtxtHandle *from, CtxtHandle *to, size_t count, size_t stride)
{
    static char ntlm[] = "NTLM";
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    SECURITY_STATUS status = ExportSecurityContext(from, 0, &packed, NULL);
    for (size_t i = 0; i < count && status == SEC_E_OK; i++)
        status = ImportSecurityContextA(ntlm, &packed, NULL, (CtxtHandle *)(void *)((char *)to + i * stride));
    FreeContextBuffer(packed.pvBuffer);
    return status == SEC_E_OK;
}

static bool crowd_contexts(struct crowd *c, unsigned etype)
{
    if (etype == 0) {
        struct own *o = open_pair("NTLM", "host/server", flags);
        return o != NULL &&
               copy_context(&o->pair.initiator, &c->pairs[0].initiator, c->count, sizeof c->pairs[0]) &&
               copy_context(&o->pair.acceptor, &c->pairs[0].acceptor, c->count, sizeof c->pairs[0]);
    }
    for (size_t i = 0; i < c->count; i++)
        if (!import_pair(etype, &c->pairs[i]))
            return false;
    return true;
}

/* parameter: the encryption type, 0 for NTLM; multiple: how many. */
static void *open_crowd(const struct worker_candidate *candidate)
{
    struct crowd *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->count = candidate->multiple;
    if (!crowd_contexts(c, candidate->parameter) || !token_size_of(&c->pairs[0].initiator, &c->token_size))
        return NULL;
    for (size_t i = 0; i < c->count; i++) {
        c->buffers[i][0].BufferType = SECBUFFER_DATA;
        c->buffers[i][1].BufferType = SECBUFFER_TOKEN;
        c->messages[i] = (SecBufferDesc){SECBUFFER_VERSION, 2, c->buffers[i]};
        c->requests[i].Message = &c->messages[i];
    }
    return c;
}

/* What stays from batch to batch, like what make() and check() set before their loops. */
static void crowd_begin(struct crowd *c, const struct worker_job *job, bool making)
{
    for (size_t i = 0; i < c->count; i++) {
        c->buffers[i][0].pvBuffer = (void *)(uintptr_t)job->data;
        c->buffers[i][0].cbBuffer = (ULONG)job->size;
        c->requests[i].Context = making ? &c->pairs[i].initiator : &c->pairs[i].acceptor;
        c->requests[i].QOP = c->requests[i].MessageSeqNo = 0;
    }
}

static void crowd_point(struct crowd *c, const struct worker_job *job, size_t first)
{
    for (size_t i = 0; i < c->count; i++) {
        c->buffers[i][1].pvBuffer = job->tokens + (first + i) * WORKER_TOKEN_ROOM;
        c->buffers[i][1].cbBuffer = c->token_size;
    }
}

static bool crowd_run(struct crowd *c, const struct worker_job *job, bool making, bool together)
{
    SECURITY_STATUS status = SEC_E_OK;
    crowd_begin(c, job, making);
    for (size_t at = 0; at < job->count; at += c->count) {
        crowd_point(c, job, at);
        if (together) {
            status |= making ? SspiMakeSignatures(c->requests, (ULONG)c->count)
                             : SspiVerifySignatures(c->requests, (ULONG)c->count);
            continue;
        }
        for (size_t i = 0; i < c->count; i++)
            status |= making ? MakeSignature(c->requests[i].Context, 0, &c->messages[i], 0)
                             : VerifySignature(c->requests[i].Context, &c->messages[i], 0, NULL);
    }
    return status == SEC_E_OK;
}

static bool make_each(void *state, const struct worker_job *job)
{
    return crowd_run(state, job, true, false);
}

static bool check_each(void *state, const struct worker_job *job)
{
    return crowd_run(state, job, false, false);
}

static bool make_together(void *state, const struct worker_job *job)
{
    return crowd_run(state, job, true, true);
}

static bool check_together(void *state, const struct worker_job *job)
{
    return crowd_run(state, job, false, true);
}

static const struct worker_candidate candidates[] = {
    {"own-ntlm", 0, 0, open_ntlm, make, check, handshake},
    {"own-aes128-sha1", 17, 0, open_etype, make, check, NULL},
    {"own-aes256-sha1", 18, 0, open_etype, make, check, NULL},
    {"own-aes128-sha256", 19, 0, open_etype, make, check, NULL},
    {"own-aes256-sha384", 20, 0, open_etype, make, check, NULL},
    {"own-psk", 0, 0, open_psk, make, check, handshake},
    {"own-kerberos", 0, 0, open_kerberos, NULL, NULL, handshake},
    {"openssl-ntlm", RAW_MD5_RC4, 0, raw_open_openssl, raw_make, raw_check, NULL},
    {"openssl-sha1", RAW_SHA1, 0, raw_open_openssl, raw_make, raw_check, NULL},
    {"openssl-sha256", RAW_SHA256, 0, raw_open_openssl, raw_make, raw_check, NULL},
    {"openssl-sha384", RAW_SHA384, 0, raw_open_openssl, raw_make, raw_check, NULL},
    {"nettle-ntlm", RAW_MD5_RC4, 0, raw_open_nettle, raw_make, raw_check, NULL},
    {"nettle-sha1", RAW_SHA1, 0, raw_open_nettle, raw_make, raw_check, NULL},
    {"nettle-sha256", RAW_SHA256, 0, raw_open_nettle, raw_make, raw_check, NULL},
    {"nettle-sha384", RAW_SHA384, 0, raw_open_nettle, raw_make, raw_check, NULL},
#define CROWD(name, etype)                                                                                   \
    {"own-" name "-crowd", etype, 32, open_crowd, make_each, check_each, NULL},                              \
        {"own-" name "-batch1", etype, 1, open_crowd, make_together, check_together, NULL},                  \
        {"own-" name "-batch8", etype, 8, open_crowd, make_together, check_together, NULL},                  \
        {"own-" name "-batch32", etype, 32, open_crowd, make_together, check_together, NULL},                \
    {                                                                                                        \
        "own-" name "-batch128", etype, 128, open_crowd, make_together, check_together, NULL                 \
    }
    CROWD("ntlm", 0),
    CROWD("aes256-sha1", 18),
    CROWD("aes128-sha256", 19),
    CROWD("aes256-sha384", 20),
#ifdef BENCH_INSIDE
    INSIDE_CANDIDATES,
#endif
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};

int main(void)
{
    /* The acceptor knows hashes from its store, as others are given them. */
    unsetenv("NTLM_USER_FILE");
#ifdef BENCH_INSIDE
    inside_kernels(getenv("BENCH_KERNELS"));
#endif
    return worker_main(candidates);
}
