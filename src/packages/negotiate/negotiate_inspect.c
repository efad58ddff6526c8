/* SPDX-License-Identifier: MIT */
/* SspiInspectToken for SPNEGO: RFC 4178 4.2, [MS-SPNG] 2.2.1, with the mechanisms' tokens unfolded. */
#include <stdio.h>

#include "packages/negotiate/negotiate_mechs.h"
#include "packages/negotiate/negotiate_messages.h"

/* The walk: where its lines go and whose bytes they are about. */
struct inspect {
    SspiInspectFn fn;
    void *arg;
    negotiate_inspect_fn inner;
    struct span token;
};

static void line(const struct inspect *in, unsigned depth, const char *name, const char *value,
                 struct span bytes)
{
    in->fn(in->arg, depth, name, value, bytes.size > 0 ? (size_t)(bytes.data - in->token.data) : 0,
           bytes.size);
}

static void line_hex(const struct inspect *in, unsigned depth, const char *name, struct span bytes)
{
    char text[2 * 64 + 32];
    size_t shown = bytes.size < 64 ? bytes.size : 64, at = 0;

    text[0] = 0;
    for (size_t i = 0; i < shown; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%02x", (unsigned)bytes.data[i]);
    if (shown < bytes.size)
        (void)snprintf(text + at, sizeof(text) - at, "... (%zu bytes)", bytes.size);
    line(in, depth, name, text, bytes);
}

/* Bytes of a peer's on a terminal. */
static void line_text(const struct inspect *in, unsigned depth, const char *name, struct span bytes)
{
    char text[128];
    size_t shown = bytes.size < sizeof(text) - 1 ? bytes.size : sizeof(text) - 1;

    for (size_t i = 0; i < shown; i++)
        text[i] = bytes.data[i] >= 0x20 && bytes.data[i] < 0x7f ? (char)bytes.data[i] : '?';
    text[shown] = 0;
    line(in, depth, name, text, bytes);
}

static void line_oid(const struct inspect *in, unsigned depth, const char *name, struct span oid)
{
    const char *known = negotiate_oid_name(oid);
    char number[256], text[320];

    (void)snprintf(text, sizeof(text), known != NULL ? "%s %s" : "%s",
                   negotiate_oid_text(oid, number, sizeof(number)), known);
    line(in, depth, name, text, oid);
}

/* ---- what is inside ---- */

struct nested {
    const struct inspect *in;
    unsigned depth;
    size_t offset;
};

static void nested_line(void *arg, unsigned depth, const char *name, const char *value, size_t offset,
                        size_t size)
{
    const struct nested *n = arg;

    n->in->fn(n->in->arg, n->depth + depth, name, value, size > 0 ? n->offset + offset : 0, size);
}

static void line_token(const struct inspect *in, unsigned depth, const char *name, struct span bytes)
{
    struct nested n = {in, depth + 1, bytes.size > 0 ? (size_t)(bytes.data - in->token.data) : 0};

    if (bytes.data == NULL)
        return;
    line(in, depth, name, "", bytes);
    if (in->inner == NULL || in->inner(bytes.data, bytes.size, nested_line, &n) == SEC_E_UNSUPPORTED_FUNCTION)
        line_hex(in, depth + 1, "bytes", bytes);
}

static SECURITY_STATUS walk_end(const struct inspect *in, bool whole)
{
    if (whole)
        return SEC_E_OK;
    line(in, 1, "error", "what follows is not as RFC 4178 has it", (struct span){NULL, 0});
    return SEC_E_INVALID_TOKEN;
}

static SECURITY_STATUS walk_init(const struct inspect *in)
{
    struct negotiate_init m;
    bool whole = negotiate_init_read(in->token, &m);

    line(in, 0, m.hinted ? "NegTokenInit2" : "NegTokenInit", "", in->token);
    if (m.mech_list.data != NULL)
        line(in, 1, "mechTypes", "", m.mech_list);
    for (size_t i = 0; i < m.mech_count; i++)
        line_oid(in, 2, "mechType", m.mechs[i]);
    if (m.flags.data != NULL)
        line_hex(in, 1, "reqFlags", m.flags);
    line_token(in, 1, "mechToken", m.token);
    if (m.hinted)
        line(in, 1, "negHints", "", (struct span){NULL, 0});
    if (m.hint_name.data != NULL)
        line_text(in, 2, "hintName", m.hint_name);
    if (m.hint_address.data != NULL)
        line_hex(in, 2, "hintAddress", m.hint_address);
    line_token(in, 1, "mechListMIC", m.mic);
    return walk_end(in, whole);
}

static SECURITY_STATUS walk_resp(const struct inspect *in)
{
    static const char *const states[] = {"accept-completed", "accept-incomplete", "reject", "request-mic"};
    struct negotiate_resp m;
    bool whole = negotiate_resp_read(in->token, &m);

    line(in, 0, "NegTokenResp", "", in->token);
    if (m.state < sizeof(states) / sizeof(states[0]))
        line(in, 1, "negState", states[m.state], (struct span){NULL, 0});
    if (m.mech.data != NULL)
        line_oid(in, 1, "supportedMech", m.mech);
    line_token(in, 1, "responseToken", m.token);
    line_token(in, 1, "mechListMIC", m.mic);
    return walk_end(in, whole);
}

SECURITY_STATUS negotiate_inspect(const void *token, size_t size, negotiate_inspect_fn inner,
                                  SspiInspectFn fn, void *arg)
{
    const struct inspect in = {fn, arg, inner, {token, size}};
    struct span mech;

    if (negotiate_classify(in.token, &mech) == NEGOTIATE_INIT)
        return walk_init(&in);
    if (size > 0 && in.token.data[0] == DER_CONTEXT_0 + 1)
        return walk_resp(&in);
    return SEC_E_UNSUPPORTED_FUNCTION;
}
