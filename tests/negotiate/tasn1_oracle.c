/* SPDX-License-Identifier: MIT */
#include "tasn1_oracle.h"

#include <libtasn1.h>
#include <stdio.h>
#include <stdlib.h>

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
