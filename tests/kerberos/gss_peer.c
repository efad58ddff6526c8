/* SPDX-License-Identifier: MIT */
/*
 * gss_peer: a GSSAPI of somebody else's, driven over pipes by test_peers. Built twice, with MIT's and with
 * Heimdal's headers and libraries, and links nothing of ours. Beside gss_pipe's operations:
 *     i flags(32) principal    be the initiator for that service
 *     a                        be the acceptor
 *     b from(32) to(32) data(32) from to data
 *                              channel bindings: internet addresses, or none, and application data; before
 * the first step t token                  one handshake step u token                  Unwrap: a byte, 1 when
 * it was confidential, and the message k                        MIT: the session key that SSPI callers get W
 * sealed(32) first(32) last(32) message MIT: WrapIOV, where so many bytes at the beginning and end are signed
 * only: size(32), token, message U size(32) first(32) last(32) token message MIT: UnwrapIOV of the same:
 * sealed(32), message
 */
#include "gss_pipe.h"

#include <stdbool.h>
#include <string.h>

#include <gssapi/gssapi_krb5.h>
#ifdef PEER_MIT
#include <gssapi/gssapi_ext.h>
#endif

static gss_OID_desc krb5 = {9, (void *)(uintptr_t) "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};

static gss_ctx_id_t context = GSS_C_NO_CONTEXT;
static gss_name_t target = GSS_C_NO_NAME;
static struct gss_channel_bindings_struct bindings;
static gss_channel_bindings_t bound = GSS_C_NO_CHANNEL_BINDINGS;
static OM_uint32 flags;
static int initiator;

static OM_uint32 step(OM_uint32 *minor, gss_buffer_t in, gss_buffer_t out)
{
    if (!initiator)
        return gss_accept_sec_context(minor, &context, GSS_C_NO_CREDENTIAL, in, bound, NULL, NULL, out, NULL,
                                      NULL, NULL);
    return gss_init_sec_context(minor, GSS_C_NO_CREDENTIAL, &context, target, &krb5, flags, 0, bound, in,
                                NULL, out, NULL, NULL);
}

static void bind_channel(char *data, uint32_t size)
{
    static char kept[256];
    uint32_t words[3];
    memcpy(words, data, sizeof words);
    if (size > sizeof kept || size != sizeof words + words[0] + words[1] + words[2])
        return;
    memcpy(kept, data, size);
    char *at = kept + sizeof words;
    bindings.initiator_addrtype = words[0] ? GSS_C_AF_INET : GSS_C_AF_UNSPEC;
    bindings.initiator_address = (gss_buffer_desc){words[0], at};
    bindings.acceptor_addrtype = words[1] ? GSS_C_AF_INET : GSS_C_AF_UNSPEC;
    bindings.acceptor_address = (gss_buffer_desc){words[1], at + words[0]};
    bindings.application_data = (gss_buffer_desc){words[2], at + words[0] + words[1]};
    bound = &bindings;
}

#ifdef PEER_MIT
static void session_key(void)
{
    OM_uint32 minor, ignored;
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    OM_uint32 major = gss_inquire_sec_context_by_oid(&minor, context, GSS_C_INQ_SSPI_SESSION_KEY, &set);
    bool found = major == GSS_S_COMPLETE && set->count > 0;
    gss_pipe_answer(major, minor, found ? set->elements[0].value : NULL, found ? set->elements[0].length : 0);
    gss_release_buffer_set(&ignored, &set);
}

/* HEADER, what is signed only, what is sealed, what is signed only. */
static void wrap_iov(char *data, size_t size)
{
    OM_uint32 minor, ignored;
    uint32_t sealed = gss_pipe_word(data), header = gss_pipe_word(data + 4),
             trailer = gss_pipe_word(data + 8);
    static char out[GSS_PIPE_ROOM + 128];
    char *text = data + 12;
    size_t whole = size - 12, middle = whole - header - trailer;
    int confidential = 0;
    gss_iov_buffer_desc iov[4] = {
        {GSS_IOV_BUFFER_TYPE_HEADER | GSS_IOV_BUFFER_FLAG_ALLOCATE, {0, NULL}},
        {GSS_IOV_BUFFER_TYPE_SIGN_ONLY, {header, text}},
        {GSS_IOV_BUFFER_TYPE_DATA, {middle, text + header}},
        {GSS_IOV_BUFFER_TYPE_SIGN_ONLY, {trailer, text + header + middle}},
    };
    OM_uint32 major = gss_wrap_iov(&minor, context, (int)sealed, GSS_C_QOP_DEFAULT, &confidential, iov, 4);
    uint32_t token = (uint32_t)iov[0].buffer.length;
    if (major == GSS_S_COMPLETE) {
        memcpy(out, &token, 4);
        memcpy(out + 4, iov[0].buffer.value, token);
        memcpy(out + 4 + token, text, whole);
    }
    gss_pipe_answer(major, minor, out, major == GSS_S_COMPLETE ? 4 + token + whole : 0);
    gss_pipe_say(major, minor, &krb5);
    gss_release_iov_buffer(&ignored, iov, 4);
}

static void unwrap_iov(char *data, size_t size)
{
    OM_uint32 minor;
    int confidential = 0;
    uint32_t token = gss_pipe_word(data), header = gss_pipe_word(data + 4), trailer = gss_pipe_word(data + 8);
    static char out[GSS_PIPE_ROOM + 128];
    char *text = data + 12 + token;
    size_t whole = size - 12 - token, middle = whole - header - trailer;
    gss_iov_buffer_desc iov[4] = {
        {GSS_IOV_BUFFER_TYPE_HEADER, {token, data + 12}},
        {GSS_IOV_BUFFER_TYPE_SIGN_ONLY, {header, text}},
        {GSS_IOV_BUFFER_TYPE_DATA, {middle, text + header}},
        {GSS_IOV_BUFFER_TYPE_SIGN_ONLY, {trailer, text + header + middle}},
    };
    OM_uint32 major = gss_unwrap_iov(&minor, context, &confidential, NULL, iov, 4);
    uint32_t sealed = (uint32_t)confidential;
    memcpy(out, &sealed, 4);
    memcpy(out + 4, text, whole);
    gss_pipe_answer(major, minor, out, 4 + whole);
    gss_pipe_say(major, minor, &krb5);
}
#endif

/* Whether it was confidential, and the message. */
static void unwrap(gss_buffer_t in)
{
    static char text[GSS_PIPE_ROOM + 1];
    OM_uint32 minor, ignored;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    int confidential = 0;
    OM_uint32 major = gss_unwrap(&minor, context, in, &out, &confidential, NULL);
    text[0] = (char)confidential;
    if (out.length)
        memcpy(text + 1, out.value, out.length);
    gss_pipe_answer(major, minor, text, out.length + 1);
    gss_pipe_say(major, minor, &krb5);
    gss_release_buffer(&ignored, &out);
}

static void message(char operation, gss_buffer_t in)
{
    OM_uint32 minor = 0, ignored;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    OM_uint32 major =
        operation == 't' ? step(&minor, in, &out) : gss_pipe_message(context, operation, in, &out, &minor);
    gss_pipe_answer(major, minor, out.value, out.length);
    gss_pipe_say(major, minor, &krb5);
    gss_release_buffer(&ignored, &out);
}

static void request(char operation, char *data, uint32_t size)
{
    OM_uint32 minor = 0, major;
    gss_buffer_desc in = {size, data};
    switch (operation) {
    case 'i': {
        gss_buffer_desc text = {size - 4, data + 4};
        initiator = 1;
        flags = gss_pipe_word(data);
        major = gss_import_name(&minor, &text, GSS_KRB5_NT_PRINCIPAL_NAME, &target);
        gss_pipe_answer(major, minor, NULL, 0);
        break;
    }
    case 'a':
        gss_pipe_answer(GSS_S_COMPLETE, 0, NULL, 0);
        break;
    case 'b':
        bind_channel(data, size);
        gss_pipe_answer(GSS_S_COMPLETE, 0, NULL, 0);
        break;
    case 'f':
    case 'n':
        gss_pipe_inquire(context, operation);
        break;
#ifdef PEER_MIT
    case 'k':
        session_key();
        break;
    case 'W':
        wrap_iov(data, size);
        break;
    case 'U':
        unwrap_iov(data, size);
        break;
#endif
    case 'u':
        unwrap(&in);
        break;
    default:
        message(operation, &in);
    }
}

int main(void)
{
    return gss_pipe_serve(request);
}
