/* SPDX-License-Identifier: MIT */
#include "tasn1_oracle.h"

#include <libtasn1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static asn1_node definitions(void)
{
    static asn1_node tree;
    char error[ASN1_MAX_ERROR_DESCRIPTION_SIZE];
    if (tree == NULL && asn1_parser2tree(SPNEGO_ASN, &tree, error) != ASN1_SUCCESS) {
        fprintf(stderr, "tasn1_oracle: %s\n", error);
        abort();
    }
    return tree;
}

static bool reads(const char *type, const void *token, size_t size)
{
    asn1_node element = NULL;
    int length = (int)size;
    if (asn1_create_element(definitions(), type, &element) != ASN1_SUCCESS)
        abort();
    int result = asn1_der_decoding2(&element, token, &length, ASN1_DECODE_FLAG_STRICT_DER, NULL);
    asn1_delete_structure(&element);
    return result == ASN1_SUCCESS;
}

bool oracle_reads_init(const void *token, size_t size)
{
    return reads("SPNEGO.FramedInit", token, size) || reads("SPNEGO.FramedInit2", token, size);
}

bool oracle_reads_resp(const void *token, size_t size)
{
    return reads("SPNEGO.BareResp", token, size);
}

/* ---- writing ---- */

static void set(asn1_node element, const char *name, const void *value, size_t size)
{
    int result = asn1_write_value(element, name, value, (int)size);
    if (result != ASN1_SUCCESS) {
        fprintf(stderr, "tasn1_oracle: %s: %s\n", name, asn1_strerror(result));
        abort();
    }
}

/* A field of bytes, or none. */
static void set_bytes(asn1_node element, const char *name, const void *value, size_t size)
{
    set(element, name, value, value ? size : 0);
}

static size_t encode(asn1_node element, void *out, size_t room)
{
    char error[ASN1_MAX_ERROR_DESCRIPTION_SIZE];
    int length = (int)room;
    int result = asn1_der_coding(element, "", out, &length, error);
    if (result != ASN1_SUCCESS) {
        fprintf(stderr, "tasn1_oracle: %s: %s\n", asn1_strerror(result), error);
        abort();
    }
    asn1_delete_structure(&element);
    return (size_t)length;
}

static asn1_node create(const char *type)
{
    asn1_node element = NULL;
    if (asn1_create_element(definitions(), type, &element) != ASN1_SUCCESS)
        abort();
    return element;
}

size_t oracle_writes_init(void *out, size_t room, const struct oracle_init *m)
{
    static const uint8_t bits[] = {0xff, 0xff};
    bool second = m->hint_name != NULL || m->hint_address != NULL;
    asn1_node e = create(second ? "SPNEGO.FramedInit2" : "SPNEGO.FramedInit");
    set(e, "thisMech", "1.3.6.1.5.5.2", 1);
    if (m->mechs[0] == NULL)
        set(e, "negTokenInit.mechTypes", NULL, 0);
    for (size_t i = 0; i < 4 && m->mechs[i] != NULL; i++) {
        set(e, "negTokenInit.mechTypes", "NEW", 1);
        set(e, "negTokenInit.mechTypes.?LAST", m->mechs[i], 1);
    }
    set(e, "negTokenInit.reqFlags", m->flag_bits ? bits : NULL, m->flag_bits);
    set_bytes(e, "negTokenInit.mechToken", m->token, m->token_size);
    if (second) {
        set_bytes(e, "negTokenInit.negHints.hintName", m->hint_name, m->hint_name ? strlen(m->hint_name) : 0);
        set_bytes(e, "negTokenInit.negHints.hintAddress", m->hint_address, 4);
    }
    set_bytes(e, "negTokenInit.mechListMIC", m->mic, m->mic_size);
    return encode(e, out, room);
}

size_t oracle_writes_resp(void *out, size_t room, const struct oracle_resp *m)
{
    static const char *const states[] = {"accept-completed", "accept-incomplete", "reject", "request-mic"};
    asn1_node e = create("SPNEGO.BareResp");
    set(e, "negState", m->state < 0 ? NULL : states[m->state], 0);
    set(e, "supportedMech", m->mech, m->mech != NULL);
    set_bytes(e, "responseToken", m->token, m->token_size);
    set_bytes(e, "mechListMIC", m->mic, m->mic_size);
    return encode(e, out, room);
}
