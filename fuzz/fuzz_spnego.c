/* SPDX-License-Identifier: MIT */
/*
 * NegTokenInit, NegTokenInit2 and NegTokenResp: inside the token, written again they read the same, and what
 * libtasn1 rejects is rejected. The inspector walks through them all.
 */
#include "fuzz.h"

#include <opensspi.h>

#include "packages/negotiate/negotiate_mechs.h"
#include "packages/negotiate/negotiate_messages.h"
#ifdef WITH_TASN1
#include "tasn1_oracle.h"
#endif

static uint8_t again[1 << 18];

static bool same(struct span a, struct span b)
{
    return a.size == b.size && (a.data == NULL) == (b.data == NULL) &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void touch_line(void *arg, unsigned depth, const char *name, const char *value, size_t offset,
                       size_t size)
{
    const struct span *token = arg;
    fuzz_check(offset <= token->size && size <= token->size - offset && depth < 64);
    fuzz_touch(name, strlen(name));
    fuzz_touch(value, strlen(value));
}

static void check_init(struct span token, const struct negotiate_init *m)
{
    struct negotiate_init n;
    struct wire_writer w;
    char text[128];
    for (size_t i = 0; i < m->mech_count; i++) {
        fuzz_touch(m->mechs[i].data, m->mechs[i].size);
        const char *number = negotiate_oid_text(m->mechs[i], text, sizeof text);
        fuzz_touch(number, strlen(number));
    }
    fuzz_touch(m->flags.data, m->flags.size);
    fuzz_touch(m->hint_address.data, m->hint_address.size);
#ifdef WITH_TASN1
    fuzz_check(oracle_reads_init(token.data, token.size));
#else
    (void)token;
#endif
    wire_write_init(&w, again, sizeof again);
    negotiate_init_write(&w, m);
    fuzz_check(!w.failed);
    fuzz_check(negotiate_init_read((struct span){again, w.at}, &n));
    fuzz_check(n.mech_count == m->mech_count && n.hinted == m->hinted && same(n.mech_list, m->mech_list));
    fuzz_check(same(n.token, m->token) && same(n.mic, m->mic) && same(n.hint_name, m->hint_name));
#ifdef WITH_TASN1
    fuzz_check(oracle_reads_init(again, w.at));
#endif
}

static void check_resp(struct span token, const struct negotiate_resp *m)
{
    struct negotiate_resp n;
    struct wire_writer w;
#ifdef WITH_TASN1
    fuzz_check(oracle_reads_resp(token.data, token.size));
#endif
    wire_write_init(&w, again, sizeof again);
    negotiate_resp_write(&w, m);
    /* There is one way to write it. */
    fuzz_check(!w.failed && w.at == token.size && memcmp(again, token.data, token.size) == 0);
    fuzz_check(negotiate_resp_read((struct span){again, w.at}, &n));
    fuzz_check(n.state == m->state && same(n.mech, m->mech) && same(n.token, m->token) &&
               same(n.mic, m->mic));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span token = {data, size}, mech = {NULL, 0};
    struct negotiate_init init;
    struct negotiate_resp resp;
    if (negotiate_classify(token, &mech) == NEGOTIATE_RAW_GSS)
        fuzz_touch(mech.data, mech.size);
    if (negotiate_init_read(token, &init))
        check_init(token, &init);
    if (negotiate_resp_read(token, &resp))
        check_resp(token, &resp);
    (void)negotiate_inspect(data, size, NULL, touch_line, &token);
    (void)SspiInspectToken(data, size, touch_line, &token);
    return 0;
}
