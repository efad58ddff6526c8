/* SPDX-License-Identifier: MIT */
/*
 * spnego_peer: the SPNEGO of somebody else's GSSAPI, driven over pipes. Built twice, with MIT's and with
 * Heimdal's headers and libraries, and links nothing of ours. A request is a byte, a 32-bit size and data;
 * the answer is major and minor status, a 32-bit size and data. i flags(32) mechanisms ' ' principal     be
 * the initiator for that service (Kerberos name) a mechanisms                              be the acceptor t
 * token                  one handshake step o                        the mechanism's name, when done m
 * message                GetMIC         v size(32) mic message  VerifyMIC w message                Wrap,
 * confidential u token                  Unwrap mechanisms: letters in the order of preference, k Kerberos, n
 * NTLM (gss-ntlmssp), K and N raw, without SPNEGO.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#ifdef PEER_MIT
#include <gssapi/gssapi_ext.h>
#endif

static gss_OID_desc spnego = {6, (void *)(uintptr_t) "\x2b\x06\x01\x05\x05\x02"};
static gss_OID_desc krb5 = {9, (void *)(uintptr_t) "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
static gss_OID_desc ntlmssp = {10, (void *)(uintptr_t) "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};

static gss_ctx_id_t context = GSS_C_NO_CONTEXT;
static gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
static gss_name_t target = GSS_C_NO_NAME;
static gss_OID mechanism = &spnego;
static gss_OID done = GSS_C_NO_OID;
static OM_uint32 flags;
static int initiator;

static int read_all(void *data, size_t size)
{
    return size == 0 || fread(data, size, 1, stdin) == 1;
}

static void answer(OM_uint32 major, OM_uint32 minor, const void *data, size_t size)
{
    uint32_t words[3] = {major, minor, (uint32_t)size};
    fwrite(words, sizeof words, 1, stdout);
    if (size)
        fwrite(data, size, 1, stdout);
    fflush(stdout);
}

static void say_errors(OM_uint32 major, OM_uint32 minor)
{
    OM_uint32 more = 0, ignored;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    if (!GSS_ERROR(major))
        return;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, mechanism, &more, &text);
    fprintf(stderr, "spnego_peer: 0x%08x %u %.*s\n", (unsigned)major, (unsigned)minor, (int)text.length,
            (char *)text.value);
    gss_release_buffer(&ignored, &text);
}

/* What SPNEGO may choose from. */
static OM_uint32 acquire(OM_uint32 *minor, const char *letters, size_t count, gss_cred_usage_t usage)
{
    gss_OID_desc list[4];
    gss_OID_set_desc wanted = {0, list}, whole = {1, &spnego};
    OM_uint32 major = GSS_S_COMPLETE;
    if (count == 1 && (letters[0] == 'K' || letters[0] == 'N')) {
        mechanism = letters[0] == 'K' ? &krb5 : &ntlmssp;
        whole.elements = mechanism;
    }
    for (size_t i = 0; i < count && i < 4; i++)
        list[wanted.count++] = letters[i] == 'k' || letters[i] == 'K' ? krb5 : ntlmssp;
    major = gss_acquire_cred(minor, GSS_C_NO_NAME, 0, &whole, usage, &credential, NULL, NULL);
#ifdef PEER_MIT
    if (major == GSS_S_COMPLETE && mechanism == &spnego)
        major = gss_set_neg_mechs(minor, credential, &wanted);
#endif
    return major;
}

static OM_uint32 step(OM_uint32 *minor, gss_buffer_t in, gss_buffer_t out)
{
    OM_uint32 ret_flags;
    if (!initiator)
        return gss_accept_sec_context(minor, &context, credential, in, GSS_C_NO_CHANNEL_BINDINGS, NULL, &done,
                                      out, &ret_flags, NULL, NULL);
    return gss_init_sec_context(minor, credential, &context, target, mechanism, flags, 0,
                                GSS_C_NO_CHANNEL_BINDINGS, in, &done, out, &ret_flags, NULL);
}

static void message(char operation, gss_buffer_t in)
{
    OM_uint32 minor = 0, major, ignored;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    uint32_t mic_size;

    switch (operation) {
    case 't':
        major = step(&minor, in, &out);
        break;
    case 'm':
        major = gss_get_mic(&minor, context, GSS_C_QOP_DEFAULT, in, &out);
        break;
    case 'w':
        major = gss_wrap(&minor, context, 1, GSS_C_QOP_DEFAULT, in, NULL, &out);
        break;
    case 'u':
        major = gss_unwrap(&minor, context, in, &out, NULL, NULL);
        break;
    default: {
        memcpy(&mic_size, in->value, 4);
        gss_buffer_desc mic = {mic_size, (char *)in->value + 4};
        gss_buffer_desc text = {in->length - 4 - mic_size, (char *)in->value + 4 + mic_size};
        major = gss_verify_mic(&minor, context, &text, &mic, NULL);
        break;
    }
    }
    answer(major, minor, out.value, out.length);
    say_errors(major, minor);
    gss_release_buffer(&ignored, &out);
}

static void begin(char operation, char *data, uint32_t size)
{
    OM_uint32 minor = 0, major;
    size_t letters = 0;
    initiator = operation == 'i';
    if (initiator) {
        memcpy(&flags, data, 4);
        data += 4;
        size -= 4;
    }
    while (letters < size && data[letters] != ' ')
        letters++;
    major = acquire(&minor, data, letters, initiator ? GSS_C_INITIATE : GSS_C_ACCEPT);
    if (major == GSS_S_COMPLETE && initiator) {
        gss_buffer_desc text = {size - letters - 1, data + letters + 1};
        major = gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &target);
    }
    answer(major, minor, NULL, 0);
    say_errors(major, minor);
}

static void request(char operation, char *data, uint32_t size)
{
    gss_buffer_desc in = {size, data};
    switch (operation) {
    case 'i':
    case 'a':
        begin(operation, data, size);
        break;
    case 'o': {
        const char *name = "?";
        gss_OID mech = done;
#ifdef PEER_MIT
        OM_uint32 minor;
        (void)gss_inquire_context(&minor, context, NULL, NULL, NULL, &mech, NULL, NULL, NULL);
#endif
        if (mech && mech->length == krb5.length && memcmp(mech->elements, krb5.elements, krb5.length) == 0)
            name = "Kerberos";
        if (mech && mech->length == ntlmssp.length &&
            memcmp(mech->elements, ntlmssp.elements, ntlmssp.length) == 0)
            name = "NTLM";
        answer(0, 0, name, strlen(name));
        break;
    }
    default:
        message(operation, &in);
    }
}

int main(void)
{
    char operation;
    uint32_t size;
    static char data[65536];
    while (read_all(&operation, 1)) {
        if (!read_all(&size, sizeof size) || size > sizeof data || !read_all(data, size))
            return 2;
        request(operation, data, size);
    }
    return 0;
}
