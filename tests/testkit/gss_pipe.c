/* SPDX-License-Identifier: MIT */
#include "gss_pipe.h"

#include <stdio.h>
#include <string.h>

static int read_all(void *data, size_t size)
{
    return size == 0 || fread(data, size, 1, stdin) == 1;
}

int gss_pipe_serve(void (*request)(char operation, char *data, uint32_t size))
{
    static char data[GSS_PIPE_ROOM];
    char operation;
    uint32_t size;
    while (read_all(&operation, 1)) {
        if (!read_all(&size, sizeof size) || size > sizeof data || !read_all(data, size))
            return 2;
        request(operation, data, size);
    }
    return 0;
}

void gss_pipe_answer(OM_uint32 major, OM_uint32 minor, const void *data, size_t size)
{
    uint32_t words[3] = {major, minor, (uint32_t)size};
    fwrite(words, sizeof words, 1, stdout);
    if (size)
        fwrite(data, size, 1, stdout);
    fflush(stdout);
}

void gss_pipe_say(OM_uint32 major, OM_uint32 minor, gss_OID mechanism)
{
    OM_uint32 more = 0, ignored;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    if (!GSS_ERROR(major))
        return;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, mechanism, &more, &text);
    fprintf(stderr, "peer: 0x%08x %u %.*s\n", (unsigned)major, (unsigned)minor, (int)text.length,
            (char *)text.value);
    gss_release_buffer(&ignored, &text);
}

uint32_t gss_pipe_word(const char *data)
{
    uint32_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

OM_uint32 gss_pipe_message(gss_ctx_id_t context, char operation, gss_buffer_t in, gss_buffer_t out,
                           OM_uint32 *minor)
{
    int sealed = 0;
    if (operation == 'm')
        return gss_get_mic(minor, context, GSS_C_QOP_DEFAULT, in, out);
    if (operation == 'w' || operation == 'p')
        return gss_wrap(minor, context, operation == 'w', GSS_C_QOP_DEFAULT, in, &sealed, out);
    if (operation != 'v' || in->length < 4)
        return GSS_S_FAILURE;
    uint32_t size = gss_pipe_word(in->value);
    if (size > in->length - 4)
        return GSS_S_FAILURE;
    gss_buffer_desc mic = {size, (char *)in->value + 4};
    gss_buffer_desc text = {in->length - 4 - size, (char *)in->value + 4 + size};
    return gss_verify_mic(minor, context, &text, &mic, NULL);
}

void gss_pipe_inquire(gss_ctx_id_t context, char what)
{
    OM_uint32 minor, ignored, flags = 0;
    gss_name_t source = GSS_C_NO_NAME;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = gss_inquire_context(&minor, context, &source, NULL, NULL, NULL, &flags, NULL, NULL);
    if (what == 'n' && major == GSS_S_COMPLETE)
        major = gss_display_name(&minor, source, &text, NULL);
    if (what == 'n')
        gss_pipe_answer(major, minor, text.value, text.length);
    else
        gss_pipe_answer(major, minor, &flags, sizeof flags);
    gss_release_buffer(&ignored, &text);
    if (source != GSS_C_NO_NAME)
        gss_release_name(&ignored, &source);
}
