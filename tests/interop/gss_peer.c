/* SPDX-License-Identifier: MIT */
/*
 * gss_peer: gss-ntlmssp behind MIT's mechglue, driven over pipes by test_gss. Its accounts come from
 * NTLM_USER_FILE, its names from NETBIOS_COMPUTER_NAME and NETBIOS_DOMAIN_NAME. Beside gss_pipe's operations:
 *     i flags(32) user@DOMAIN  be the initiator
 *     a                        be the acceptor
 *     t token                  one handshake step
 *     u token                  Unwrap
 *     k                        session key
 */
#include "gss_pipe.h"

#include <string.h>

#include <gssapi/gssapi_ext.h>

static gss_OID_desc ntlmssp = {10, (void *)(uintptr_t) "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};
static gss_OID_desc session_key = {11, (void *)(uintptr_t) "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x05\x05"};

static gss_ctx_id_t context = GSS_C_NO_CONTEXT;
static gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
static OM_uint32 flags;
static int initiator;

static OM_uint32 acquire(OM_uint32 *minor, const char *name_text, size_t size, gss_cred_usage_t usage)
{
    gss_name_t name = GSS_C_NO_NAME;
    gss_OID_set_desc mechanisms = {1, &ntlmssp};
    gss_buffer_desc text = {size, (void *)(uintptr_t)name_text};
    OM_uint32 major = gss_import_name(
        minor, &text, usage == GSS_C_INITIATE ? GSS_C_NT_USER_NAME : GSS_C_NT_HOSTBASED_SERVICE, &name);
    if (major == GSS_S_COMPLETE)
        major = gss_acquire_cred(minor, name, 0, &mechanisms, usage, &credential, NULL, NULL);
    return major;
}

static OM_uint32 step(OM_uint32 *minor, gss_buffer_t in, gss_buffer_t out)
{
    if (!initiator)
        return gss_accept_sec_context(minor, &context, credential, in, GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
                                      out, NULL, NULL, NULL);
    static gss_name_t target;
    gss_buffer_desc text = {12, (void *)(uintptr_t) "test@server1"};
    if (!target) {
        OM_uint32 major = gss_import_name(minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &target);
        if (major != GSS_S_COMPLETE)
            return major;
    }
    return gss_init_sec_context(minor, credential, &context, target, &ntlmssp, flags, 0,
                                GSS_C_NO_CHANNEL_BINDINGS, in, NULL, out, NULL, NULL);
}

static void inquire_key(void)
{
    OM_uint32 minor;
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    OM_uint32 major = gss_inquire_sec_context_by_oid(&minor, context, &session_key, &set);
    if (major == GSS_S_COMPLETE && set && set->count)
        gss_pipe_answer(major, minor, set->elements[0].value, set->elements[0].length);
    else
        gss_pipe_answer(major ? major : GSS_S_FAILURE, minor, NULL, 0);
    gss_release_buffer_set(&minor, &set);
}

static void message(char operation, gss_buffer_t in)
{
    OM_uint32 minor = 0, major, ignored;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    if (operation == 't')
        major = step(&minor, in, &out);
    else if (operation == 'u')
        major = gss_unwrap(&minor, context, in, &out, NULL, NULL);
    else
        major = gss_pipe_message(context, operation, in, &out, &minor);
    gss_pipe_answer(major, minor, out.value, out.length);
    gss_release_buffer(&ignored, &out);
}

static void request(char operation, char *data, uint32_t size)
{
    OM_uint32 minor = 0, major;
    gss_buffer_desc in = {size, data};
    switch (operation) {
    case 'i':
        initiator = 1;
        memcpy(&flags, data, sizeof flags);
        major = acquire(&minor, data + 4, size - 4, GSS_C_INITIATE);
        gss_pipe_answer(major, minor, NULL, 0);
        break;
    case 'a':
        major = acquire(&minor, "test@server1", 12, GSS_C_ACCEPT);
        gss_pipe_answer(major, minor, NULL, 0);
        break;
    case 'k':
        inquire_key();
        break;
    case 'f':
    case 'n':
        gss_pipe_inquire(context, operation);
        break;
    default:
        message(operation, &in);
    }
}

int main(void)
{
    return gss_pipe_serve(request);
}
