/* SPDX-License-Identifier: MIT */
/*
 * bench_mit and bench_heimdal: GetMIC and VerifyMIC of other people's GSSAPI; MIT's also loads gss-ntlmssp.
 * The realm is bench/realm.c's. What the caller has to release counts.
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#ifdef BENCH_MIT
#include <gssapi/gssapi_ext.h>
#endif

#include "worker.h"

static gss_OID_desc krb5 = {9, (void *)(uintptr_t) "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
#ifdef BENCH_MIT
static gss_OID_desc ntlmssp = {10, (void *)(uintptr_t) "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};
#endif

struct gss {
    gss_OID mech;
    gss_name_t target;
    gss_cred_id_t cred;
    OM_uint32 flags;
    gss_ctx_id_t from, to;
    size_t token_size;
};

static void *failed(const char *what, OM_uint32 major, OM_uint32 minor)
{
    OM_uint32 more = 0, ignored;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, GSS_C_NO_OID, &more, &text);
    fprintf(stderr, "%s: 0x%08x %.*s\n", what, (unsigned)major, (int)text.length, (char *)text.value);
    gss_release_buffer(&ignored, &text);
    return NULL;
}

/* Both contexts, or neither. */
static bool establish(struct gss *g, gss_ctx_id_t *from, gss_ctx_id_t *to)
{
    OM_uint32 minor, ignored, a = GSS_S_CONTINUE_NEEDED, b = GSS_S_CONTINUE_NEEDED;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER, back = GSS_C_EMPTY_BUFFER;
    *from = *to = GSS_C_NO_CONTEXT;
    for (int leg = 0; leg < 4 && (a | b) == GSS_S_CONTINUE_NEEDED; leg++) {
        a = gss_init_sec_context(&minor, g->cred, from, g->target, g->mech, g->flags, 0,
                                 GSS_C_NO_CHANNEL_BINDINGS, &back, NULL, &out, NULL, NULL);
        gss_release_buffer(&ignored, &back);
        if (GSS_ERROR(a))
            break;
        if (out.length) {
            b = gss_accept_sec_context(&minor, to, GSS_C_NO_CREDENTIAL, &out, GSS_C_NO_CHANNEL_BINDINGS, NULL,
                                       NULL, &back, NULL, NULL, NULL);
            gss_release_buffer(&ignored, &out);
            if (GSS_ERROR(b))
                break;
        }
    }
    gss_release_buffer(&ignored, &back);
    if (a == GSS_S_COMPLETE && b == GSS_S_COMPLETE)
        return true;
    failed("handshake", GSS_ERROR(a) ? a : b, minor);
    gss_delete_sec_context(&ignored, from, GSS_C_NO_BUFFER);
    gss_delete_sec_context(&ignored, to, GSS_C_NO_BUFFER);
    return false;
}

static struct gss *gss_new(gss_OID mech, const char *target)
{
    struct gss *g = calloc(1, sizeof *g);
    OM_uint32 minor;
    gss_buffer_desc name = {strlen(target), (void *)(uintptr_t)target};
    if (g == NULL)
        return NULL;
    g->mech = mech;
    g->flags = GSS_C_INTEG_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_MUTUAL_FLAG;
    OM_uint32 major = gss_import_name(&minor, &name, GSS_C_NT_HOSTBASED_SERVICE, &g->target);
    return major == GSS_S_COMPLETE ? g : failed("gss_import_name", major, minor);
}

/* The realm has a krb5.conf for each type beside the first (tests/kerberos/realm.h). Heimdal's acceptor
 * asserts the type that it likes best of those it knows, and reads its configuration once. */
static bool prefer(unsigned etype)
{
    static const char *const names[] = {[17] = "aes128-cts-hmac-sha1-96",
                                        [18] = "aes256-cts-hmac-sha1-96",
                                        [19] = "aes128-cts-hmac-sha256-128",
                                        [20] = "aes256-cts-hmac-sha384-192"};
    char folder[400], all[400], path[1024];
    if (getenv("KRB5_CONFIG") == NULL)
        return false;
    snprintf(all, sizeof all, "%s", getenv("KRB5_CONFIG"));
    snprintf(folder, sizeof folder, "%s", dirname(all));
    snprintf(path, sizeof path, "%s/heimdal-%u.conf", folder, etype);
#ifndef BENCH_MIT
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return false;
    fprintf(f, "[libdefaults]\n    default_etypes = %s\n", names[etype]);
    fclose(f);
    snprintf(path, sizeof path, "%s/heimdal-%u.conf:%s/krb5-%u.conf", folder, etype, folder, etype);
#else
    (void)names;
    snprintf(path, sizeof path, "%s/krb5-%u.conf", folder, etype);
#endif
    setenv("KRB5_CONFIG", path, 1);
    return true;
}

/* The MIC's size tells the type's family: 16 bytes of header and the checksum. */
static struct gss *of_type(struct gss *g, unsigned etype)
{
    static const size_t sizes[] = {[17] = 28, [18] = 28, [19] = 32, [20] = 40};
    gss_buffer_desc message = {1, (void *)(uintptr_t) "x"}, token = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = gss_get_mic(&minor, g->from, GSS_C_QOP_DEFAULT, &message, &token);
    size_t size = token.length;
    if (major != GSS_S_COMPLETE)
        return failed("gss_get_mic", major, minor);
    major = gss_verify_mic(&minor, g->to, &message, &token, NULL);
    gss_release_buffer(&minor, &token);
    if (major == GSS_S_COMPLETE && size == sizes[etype])
        return g;
    fprintf(stderr, "type %u: a MIC of %zu bytes\n", etype, size);
    return NULL;
}

static void *open_krb5(const struct worker_candidate *c)
{
    char target[32];
#ifdef BENCH_MIT
    if (!prefer(c->parameter))
        return NULL;
#endif
    snprintf(target, sizeof target, "t%u@server", c->parameter);
    struct gss *g = gss_new(&krb5, target);
    return g != NULL && establish(g, &g->from, &g->to) ? of_type(g, c->parameter) : NULL;
}

#ifdef BENCH_MIT
static void *open_ntlmssp(const struct worker_candidate *c)
{
    OM_uint32 minor;
    gss_buffer_desc user = {13, (void *)(uintptr_t) "EXAMPLE\\alice"},
                    password = {13, (void *)(uintptr_t) "correct horse"};
    gss_OID_set_desc mechs = {1, &ntlmssp};
    gss_name_t name;
    struct gss *g = gss_new(&ntlmssp, "host@server");
    (void)c;
    if (g == NULL)
        return NULL;
    g->flags &= ~(OM_uint32)GSS_C_MUTUAL_FLAG;
    OM_uint32 major = gss_import_name(&minor, &user, GSS_C_NT_USER_NAME, &name);
    if (major == GSS_S_COMPLETE)
        major = gss_acquire_cred_with_password(&minor, name, &password, GSS_C_INDEFINITE, &mechs,
                                               GSS_C_INITIATE, &g->cred, NULL, NULL);
    if (major != GSS_S_COMPLETE)
        return failed("gss_acquire_cred_with_password", major, minor);
    return establish(g, &g->from, &g->to) ? g : NULL;
}
#endif

static bool make(void *state, const struct worker_job *job)
{
    struct gss *g = state;
    gss_buffer_desc message = {job->size, (void *)(uintptr_t)job->data}, token;
    OM_uint32 minor;
    for (size_t i = 0; i < job->count; i++) {
        if (gss_get_mic(&minor, g->from, GSS_C_QOP_DEFAULT, &message, &token) != GSS_S_COMPLETE ||
            token.length > WORKER_TOKEN_ROOM)
            return false;
        memcpy(job->tokens + i * WORKER_TOKEN_ROOM, token.value, token.length);
        g->token_size = token.length;
        gss_release_buffer(&minor, &token);
    }
    return true;
}

static bool check(void *state, const struct worker_job *job)
{
    struct gss *g = state;
    gss_buffer_desc message = {job->size, (void *)(uintptr_t)job->data}, token = {g->token_size, NULL};
    OM_uint32 minor, major = GSS_S_COMPLETE;
    for (size_t i = 0; i < job->count; i++) {
        token.value = job->tokens + i * WORKER_TOKEN_ROOM;
        major |= gss_verify_mic(&minor, g->to, &message, &token, NULL);
    }
    return major == GSS_S_COMPLETE;
}

static bool handshake(void *state)
{
    struct gss *g = state;
    gss_ctx_id_t from, to;
    OM_uint32 ignored;
    if (!establish(g, &from, &to))
        return false;
    gss_delete_sec_context(&ignored, &from, GSS_C_NO_BUFFER);
    gss_delete_sec_context(&ignored, &to, GSS_C_NO_BUFFER);
    return true;
}

static const struct worker_candidate candidates[] = {
#ifdef BENCH_MIT
    {"gss-ntlmssp", 0, 0, open_ntlmssp, make, check, handshake},
    {"mit-aes128-sha1", 17, 0, open_krb5, make, check, handshake},
    {"mit-aes256-sha1", 18, 0, open_krb5, make, check, handshake},
    {"mit-aes128-sha256", 19, 0, open_krb5, make, check, handshake},
    {"mit-aes256-sha384", 20, 0, open_krb5, make, check, handshake},
#else
    {"heimdal-aes128-sha1", 17, 0, open_krb5, make, check, handshake},
    {"heimdal-aes256-sha1", 18, 0, open_krb5, make, check, handshake},
    {"heimdal-aes128-sha256", 19, 0, open_krb5, make, check, handshake},
    {"heimdal-aes256-sha384", 20, 0, open_krb5, make, check, handshake},
#endif
    {NULL, 0, 0, NULL, NULL, NULL, NULL},
};

#ifdef BENCH_MIT
int main(void)
{
    return worker_main(candidates);
}
#else
/* bench_heimdal TYPE: that type alone. */
int main(int argc, char **argv)
{
    struct worker_candidate one[2] = {{NULL, 0, 0, NULL, NULL, NULL, NULL}};
    unsigned etype = argc == 2 ? (unsigned)atoi(argv[1]) : 0;
    if (etype < 17 || etype > 20 || !prefer(etype)) {
        fprintf(stderr, "usage: bench_heimdal 17|18|19|20, in a realm\n");
        return 2;
    }
    one[0] = candidates[etype - 17];
    return worker_main(one);
}
#endif
