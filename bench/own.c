/* SPDX-License-Identifier: MIT */
/*
 * bench_own: this library through its public functions, and beside it, in the same process, the floor: the
 * primitives alone (raw.c). BENCH_PACKED names the folder of bench_packed's contexts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pair.h"
#include "raw.h"
#include "worker.h"

enum { BATCH_MAX = 128 };

struct own {
    struct pair_maker maker;
    bool has_maker;
    struct pair pair;
    size_t batch;       /* messages per call */
    struct pair *pairs; /* as many */
    ULONG token_size;
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

static bool token_size_of(struct own *o)
{
    SecPkgContext_Sizes sizes;
    if (QueryContextAttributesA(&o->pair.initiator, SECPKG_ATTR_SIZES, &sizes) != SEC_E_OK)
        return false;
    o->token_size = sizes.cbMaxSignature;
    return o->token_size <= WORKER_TOKEN_ROOM;
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
    return token_size_of(o) ? o : NULL;
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
    return o != NULL && import_pair(c->parameter, &o->pair) && token_size_of(o) ? o : NULL;
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
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};

int main(void)
{
    /* The acceptor knows hashes from its store, as others are given them. */
    unsetenv("NTLM_USER_FILE");
    return worker_main(candidates);
}
