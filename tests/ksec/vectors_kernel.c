/* SPDX-License-Identifier: MIT */
/*
 * The vectors of protect/ through the kernel tables: linked with protect's functions wrapped (meson.build).
 * Each call hands the state down as a packed context, makes the call by the table, and takes the state back
 * up. What checks only (krb5_mic_check, krb5_unwrap) is done both ways and compared, bytes included. The
 * kernel half's own calls of the wrapped functions go where they always went.
 */
#include "kit.h"

static _Thread_local bool inside;
static const uint8_t *confounder_wanted;
static unsigned calls;

static void same(bool equal, const char *what)
{
    if (equal)
        return;
    fprintf(stderr, "through the kernel table: %s differs\n", what);
    abort();
}

/* ---- NTLM ---- */

typedef NTSTATUS table_call(const struct ksec_context *c, struct ksec_buffers *b, ULONG number);

static NTSTATUS call_sign(const struct ksec_context *c, struct ksec_buffers *b, ULONG number)
{
    return ksec_kit_sign(c, 0, &b->desc, number);
}

static NTSTATUS call_seal(const struct ksec_context *c, struct ksec_buffers *b, ULONG number)
{
    return ksec_kit_seal(c, 0, &b->desc, number);
}

static NTSTATUS call_verify(const struct ksec_context *c, struct ksec_buffers *b, ULONG number)
{
    return ksec_kit_verify(c, &b->desc, number, NULL);
}

static NTSTATUS call_unseal(const struct ksec_context *c, struct ksec_buffers *b, ULONG number)
{
    return ksec_kit_unseal(c, &b->desc, number, NULL);
}

static enum protect_verdict ntlm_through(struct ntlm_protect *p, table_call *call, uint32_t number,
                                         const struct message *m, const uint8_t *token)
{
    struct ksec_buffers b;
    same(ksec_kit_buffers(&b, m, token, NTLM_TOKEN_SIZE, NULL), "the number of parts");
    inside = true;
    calls++;
    struct ksec_context c = ksec_kit_load_ntlm(p);
    NTSTATUS status = call(&c, &b, number);
    ksec_kit_state_ntlm(&c, p);
    same(ksec_unload(&c) == SEC_E_OK, "ksec_unload");
    inside = false;
    return ksec_kit_verdict(status);
}

#define NTLM_MAKES(name, call)                                                                               \
    enum protect_verdict __real_##name(struct ntlm_protect *p, uint32_t number, const struct message *m,     \
                                       uint8_t token[static NTLM_TOKEN_SIZE]);                               \
    enum protect_verdict __wrap_##name(struct ntlm_protect *p, uint32_t number, const struct message *m,     \
                                       uint8_t token[static NTLM_TOKEN_SIZE]);                               \
    enum protect_verdict __wrap_##name(struct ntlm_protect *p, uint32_t number, const struct message *m,     \
                                       uint8_t token[static NTLM_TOKEN_SIZE])                                \
    {                                                                                                        \
        return inside ? __real_##name(p, number, m, token) : ntlm_through(p, call, number, m, token);        \
    }

#define NTLM_CHECKS(name, call)                                                                              \
    enum protect_verdict __real_##name(struct ntlm_protect *p, uint32_t number, const struct message *m,     \
                                       const uint8_t token[static NTLM_TOKEN_SIZE]);                         \
    enum protect_verdict __wrap_##name(struct ntlm_protect *p, uint32_t number, const struct message *m,     \
                                       const uint8_t token[static NTLM_TOKEN_SIZE]);                         \
    enum protect_verdict __wrap_##name(struct ntlm_protect *p, uint32_t number, const struct message *m,     \
                                       const uint8_t token[static NTLM_TOKEN_SIZE])                          \
    {                                                                                                        \
        return inside ? __real_##name(p, number, m, token) : ntlm_through(p, call, number, m, token);        \
    }

NTLM_MAKES(ntlm_sign, call_sign)
NTLM_MAKES(ntlm_seal, call_seal)
NTLM_CHECKS(ntlm_verify, call_verify)
NTLM_CHECKS(ntlm_unseal, call_unseal)

/* ---- Kerberos ---- */

bool __wrap_port_random(void *out, size_t size);
bool __wrap_port_random(void *out, size_t size)
{
    memcpy(out, confounder_wanted, size);
    return true;
}

static struct ksec_context krb5_down(const struct krb5_protect *p)
{
    inside = true;
    calls++;
    return ksec_kit_load_kerberos(p);
}

/* p NULL: what has become of the state is nobody's. */
static void krb5_up(const struct ksec_context *c, struct krb5_protect *p)
{
    uint32_t flags = p != NULL ? p->flags : 0;
    if (p != NULL) {
        ksec_kit_state_kerberos(c, p);
        p->flags = flags;
    }
    same(ksec_unload(c) == SEC_E_OK, "ksec_unload");
    inside = false;
}

enum protect_verdict __real_krb5_mic_make(struct krb5_protect *p, const struct message *m, uint8_t *token);
enum protect_verdict __wrap_krb5_mic_make(struct krb5_protect *p, const struct message *m, uint8_t *token);
enum protect_verdict __wrap_krb5_mic_make(struct krb5_protect *p, const struct message *m, uint8_t *token)
{
    struct ksec_buffers b;
    if (inside || !ksec_kit_buffers(&b, m, token, krb5_mic_size(p), NULL))
        return __real_krb5_mic_make(p, m, token);
    struct ksec_context c = krb5_down(p);
    NTSTATUS status = ksec_kit_sign(&c, 0, &b.desc, 0);
    krb5_up(&c, p);
    return ksec_kit_verdict(status);
}

/* The table judges the number, too, which is not asked here. */
static enum protect_verdict authentic(NTSTATUS status)
{
    enum protect_verdict verdict = ksec_kit_verdict(status);
    return verdict == PROTECT_OUT_OF_SEQUENCE ? PROTECT_OK : verdict;
}

enum protect_verdict __real_krb5_mic_check(const struct krb5_protect *p, const struct krb5_fallback *f,
                                           const struct message *m, const uint8_t *token, size_t token_size,
                                           uint64_t *sequence);
enum protect_verdict __wrap_krb5_mic_check(const struct krb5_protect *p, const struct krb5_fallback *f,
                                           const struct message *m, const uint8_t *token, size_t token_size,
                                           uint64_t *sequence);
enum protect_verdict __wrap_krb5_mic_check(const struct krb5_protect *p, const struct krb5_fallback *f,
                                           const struct message *m, const uint8_t *token, size_t token_size,
                                           uint64_t *sequence)
{
    struct ksec_buffers b;
    enum protect_verdict verdict = __real_krb5_mic_check(p, f, m, token, token_size, sequence);
    if (inside || !ksec_kit_buffers(&b, m, token, token_size, NULL))
        return verdict;
    struct ksec_context c = krb5_down(p);
    NTSTATUS status = ksec_kit_verify(&c, &b.desc, 0, NULL);
    krb5_up(&c, NULL);
    same(authentic(status) == verdict, "the verdict on a MIC");
    return verdict;
}

enum protect_verdict __real_krb5_wrap(struct krb5_protect *p, const struct krb5_seal *s, bool sealed,
                                      const struct message *m,
                                      const uint8_t confounder[static KRB5_CONFOUNDER_SIZE],
                                      const struct krb5_token *token);
enum protect_verdict __wrap_krb5_wrap(struct krb5_protect *p, const struct krb5_seal *s, bool sealed,
                                      const struct message *m,
                                      const uint8_t confounder[static KRB5_CONFOUNDER_SIZE],
                                      const struct krb5_token *token);
enum protect_verdict __wrap_krb5_wrap(struct krb5_protect *p, const struct krb5_seal *s, bool sealed,
                                      const struct message *m,
                                      const uint8_t confounder[static KRB5_CONFOUNDER_SIZE],
                                      const struct krb5_token *token)
{
    struct ksec_buffers b;
    /* Tokens of integrity alone have a confounder with RC4 only, where the packages send zeros. */
    bool zeros = !sealed && p->key.etype == KRB5_ETYPE_RC4;
    if (inside || zeros || !ksec_kit_buffers(&b, m, token->data, token->size, token->padding))
        return __real_krb5_wrap(p, s, sealed, m, confounder, token);
    confounder_wanted = confounder;
    struct ksec_context c = krb5_down(p);
    NTSTATUS status = ksec_kit_seal(&c, sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT, &b.desc, 0);
    krb5_up(&c, p);
    return ksec_kit_verdict(status);
}

/* A message elsewhere: parts, token and padding with memory of their own. */
struct elsewhere {
    uint8_t *bytes, *token, *padding;
    size_t size, token_size;
    struct span parts[MESSAGE_PARTS_MAX];
    struct message m;
};

static void elsewhere_fill(struct elsewhere *e, const struct message *m, const struct krb5_token *token)
{
    size_t at = 0;
    e->size = token->size + 1;
    for (size_t i = 0; i < m->count; i++)
        e->size += m->parts[i].size;
    e->bytes = calloc(1, e->size);
    same(e->bytes != NULL, "memory");
    e->token = e->bytes;
    e->token_size = token->size;
    memcpy(e->token, token->data, token->size);
    at += token->size;
    e->padding = token->padding != NULL ? e->bytes + at : NULL;
    if (token->padding != NULL)
        *e->padding = *token->padding;
    at++;
    for (size_t i = 0; i < m->count; i++) {
        e->parts[i] = (struct span){e->bytes + at, m->parts[i].size};
        if (m->parts[i].size > 0)
            memcpy(e->bytes + at, m->parts[i].data, m->parts[i].size);
        at += m->parts[i].size;
    }
    e->m = (struct message){e->parts, m->count, m->sealed};
}

static void elsewhere_compare(const struct elsewhere *e, const struct message *m)
{
    for (size_t i = 0; i < m->count; i++)
        same(m->parts[i].size == 0 || memcmp(e->parts[i].data, m->parts[i].data, m->parts[i].size) == 0,
             "a part");
}

enum protect_verdict __real_krb5_unwrap(const struct krb5_protect *p, const struct krb5_seal *s,
                                        const struct krb5_fallback *f, const struct message *m,
                                        const struct krb5_token *token, struct krb5_unwrapped *u);
enum protect_verdict __wrap_krb5_unwrap(const struct krb5_protect *p, const struct krb5_seal *s,
                                        const struct krb5_fallback *f, const struct message *m,
                                        const struct krb5_token *token, struct krb5_unwrapped *u);
enum protect_verdict __wrap_krb5_unwrap(const struct krb5_protect *p, const struct krb5_seal *s,
                                        const struct krb5_fallback *f, const struct message *m,
                                        const struct krb5_token *token, struct krb5_unwrapped *u)
{
    struct ksec_buffers b;
    struct elsewhere e;
    if (inside)
        return __real_krb5_unwrap(p, s, f, m, token, u);
    elsewhere_fill(&e, m, token);
    bool fits = ksec_kit_buffers(&b, &e.m, e.token, e.token_size, e.padding);
    enum protect_verdict verdict = __real_krb5_unwrap(p, s, f, m, token, u);
    if (fits) {
        struct ksec_context c = krb5_down(p);
        NTSTATUS status = ksec_kit_unseal(&c, &b.desc, 0, NULL);
        krb5_up(&c, NULL);
        same(authentic(status) == verdict, "the verdict on a sealed message");
        /* Out of sequence: everything is the input again. */
        if (status == SEC_E_OK || verdict != PROTECT_OK)
            elsewhere_compare(&e, m);
    }
    free(e.bytes);
    return verdict;
}

__attribute__((destructor)) static void none_left(void)
{
    if (calls < 100 || !ksec_stop()) {
        fprintf(stderr, "%u calls, %zu contexts are left\n", calls, ksec_lists_count());
        _Exit(1);
    }
}
