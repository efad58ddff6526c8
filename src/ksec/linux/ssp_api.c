/* SPDX-License-Identifier: MIT */
#include <linux/err.h>
#include <linux/export.h>

#include "ksec/linux/ssp_context.h"
#include "ksec/linux/ssp_ksec.h"

int ssp_make_signature(struct key *key, const struct kvec *parts, size_t count, void *token,
                       size_t *token_size, u32 sequence)
{
    struct ssp_context *c = ssp_context_get(key);
    if (IS_ERR(c))
        return PTR_ERR(c);
    int error = ssp_context_sign(c, parts, count, token, token_size, sequence);
    ssp_context_put(c);
    return error;
}
EXPORT_SYMBOL_GPL(ssp_make_signature);

int ssp_verify_signature(struct key *key, const struct kvec *parts, size_t count, const void *token,
                         size_t token_size, u32 sequence)
{
    struct ssp_context *c = ssp_context_get(key);
    if (IS_ERR(c))
        return PTR_ERR(c);
    int error = ssp_context_verify(c, parts, count, token, token_size, sequence);
    ssp_context_put(c);
    return error;
}
EXPORT_SYMBOL_GPL(ssp_verify_signature);
