/* SPDX-License-Identifier: MIT */
#include "ksec/linux/ssp_context.h"

#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "ksec/linux/ssp_ksec.h"

/* ---- the host's memory ---- */

/* Says its size: a key's quota counts it, and ksize() would take KASAN's red zones off. */
struct block {
    size_t size;
    u8 bytes[] __aligned(16);
};

static struct block *block_of(void *p)
{
    return (struct block *)((u8 *)p - offsetof(struct block, bytes));
}

void *ksec_host_alloc(size_t size)
{
    struct block *b = kzalloc(struct_size(b, bytes, size), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
    if (!b)
        return NULL;
    b->size = size;
    return b->bytes;
}

void ksec_host_free(void *p)
{
    if (p)
        kfree_sensitive(block_of(p));
}

/* ---- from payload to nothing ---- */

/* ERRORS of ssp_ksec(4). */
static int errno_of(NTSTATUS status)
{
    switch (status) {
    case SEC_E_OK:
        return 0;
    case SEC_E_INVALID_HANDLE:
        return -EKEYREVOKED;
    case SEC_E_INSUFFICIENT_MEMORY:
        return -ENOMEM;
    case SEC_E_MESSAGE_ALTERED:
        return -EBADMSG;
    case SEC_E_OUT_OF_SEQUENCE:
        return -EILSEQ;
    case SEC_E_CONTEXT_EXPIRED:
        return -EOVERFLOW;
    case SEC_E_BUFFER_TOO_SMALL:
        return -EMSGSIZE;
    case SEC_E_INVALID_TOKEN:
        return -EPROTO;
    case SEC_E_UNSUPPORTED_FUNCTION:
    case SEC_E_QOP_NOT_SUPPORTED:
        return -EOPNOTSUPP;
    case SEC_E_SECPKG_NOT_FOUND:
        return -EPFNOSUPPORT;
    case SEC_E_KDC_UNKNOWN_ETYPE:
        return -EPERM;
    default:
        return -EINVAL;
    }
}

int ssp_context_make(const void *payload, size_t size, struct ssp_context **out)
{
    SecPkgContext_Sizes sizes;
    struct ssp_context *c = kzalloc(sizeof *c, GFP_KERNEL_ACCOUNT);
    if (!c)
        return -ENOMEM;
    NTSTATUS status = ksec_load(payload, size, 0, &c->inner);
    if (status != SEC_E_OK) {
        kfree(c);
        return status == SEC_E_INVALID_TOKEN ? -EINVAL : errno_of(status);
    }
    refcount_set(&c->users, 1);
    status = ksec_sizes(&c->inner, &sizes);
    if (status != SEC_E_OK || sizes.cbMaxSignature > SSP_SIGNATURE_MAX) {
        ssp_context_put(c);
        return -EINVAL;
    }
    c->signature_size = sizes.cbMaxSignature;
    /* An id is an address of the heap above, by the contract of ksec/ksec.h; nobody else knows it yet. */
    c->size = sizeof *c + block_of((void *)c->inner.id)->size;
    *out = c;
    return 0;
}

struct ssp_context *ssp_context_get(struct key *key)
{
    if (key->type != &key_type_ssp_context)
        return ERR_PTR(-EINVAL);
    int error = key_validate(key);
    if (error)
        return ERR_PTR(error);
    rcu_read_lock();
    struct ssp_context *c = dereference_key_rcu(key);
    if (c && !refcount_inc_not_zero(&c->users))
        c = NULL;
    rcu_read_unlock();
    return c ? c : ERR_PTR(-EKEYREVOKED);
}

void ssp_context_put(struct ssp_context *c)
{
    if (!refcount_dec_and_test(&c->users))
        return;
    WARN_ON_ONCE(ksec_unload(&c->inner) != SEC_E_OK);
    kfree_rcu(c, rcu);
}

/* ---- messages ---- */

/* An array of the one is an array of the other. */
static_assert(sizeof(struct kvec) == sizeof(struct span));
static_assert(offsetof(struct kvec, iov_base) == offsetof(struct span, data));
static_assert(offsetof(struct kvec, iov_len) == offsetof(struct span, size));

static bool sizes_fit(const struct kvec *parts, size_t count, size_t token_size)
{
    bool fit = count <= SSP_PARTS_MAX && token_size <= U32_MAX;
    for (size_t i = 0; fit && i < count; i++)
        fit = parts[i].iov_len <= U32_MAX;
    return fit;
}

int ssp_make_signature(struct key *key, const struct kvec *parts, size_t count, void *token,
                       size_t *token_size, u32 sequence)
{
    if (!sizes_fit(parts, count, *token_size))
        return -EINVAL;
    struct ssp_context *c = ssp_context_get(key);
    if (IS_ERR(c))
        return PTR_ERR(c);
    NTSTATUS status = ksec_sign(&c->inner, (const struct span *)parts, count, sequence, token, token_size);
    ssp_context_put(c);
    return errno_of(status);
}
EXPORT_SYMBOL_GPL(ssp_make_signature);

int ssp_verify_signature(struct key *key, const struct kvec *parts, size_t count, const void *token,
                         size_t token_size, u32 sequence)
{
    if (!sizes_fit(parts, count, token_size))
        return -EINVAL;
    struct ssp_context *c = ssp_context_get(key);
    if (IS_ERR(c))
        return PTR_ERR(c);
    NTSTATUS status = ksec_verify(&c->inner, (const struct span *)parts, count, sequence, token, token_size);
    ssp_context_put(c);
    return errno_of(status);
}
EXPORT_SYMBOL_GPL(ssp_verify_signature);
