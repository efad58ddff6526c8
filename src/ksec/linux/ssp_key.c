/* SPDX-License-Identifier: MIT */
/*
 * The key type. payload.rcu_data0 is the context: set once when the key is instantiated, cleared when it is
 * revoked. The keyctl operations run without the key's semaphore and get a reference of their own first.
 *
 * Key types know no module. So each key holds the module, from its instantiation until the collector destroys
 * it, which is after the last operation on it has ended.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/key-type.h>
#include <linux/keyctl.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "ksec/linux/ssp_context.h"
#include "ksec/linux/ssp_ksec.h"

static int ssp_preparse(struct key_preparsed_payload *prep)
{
    struct ssp_context *c;
    int error = ssp_context_make(prep->data, prep->datalen, &c);
    if (error)
        return error;
    prep->payload.data[0] = c;
    prep->quotalen = c->size + prep->datalen;
    return 0;
}

/* Instantiating moved it into the key when that succeeded. */
static void ssp_free_preparse(struct key_preparsed_payload *prep)
{
    struct ssp_context *c = prep->payload.data[0];
    if (c)
        ssp_context_put(c);
}

static int ssp_instantiate(struct key *key, struct key_preparsed_payload *prep)
{
    if (!try_module_get(THIS_MODULE))
        return -ENODEV;
    int error = generic_key_instantiate(key, prep);
    if (error)
        module_put(THIS_MODULE);
    return error;
}

/* Under the key's semaphore. Calls in progress have references of their own. */
static void ssp_revoke(struct key *key)
{
    struct ssp_context *c = dereference_key_locked(key);
    if (!c)
        return;
    rcu_assign_keypointer(key, NULL);
    ssp_context_put(c);
}

/* The last reference to the key is gone. */
static void ssp_destroy(struct key *key)
{
    struct ssp_context *c = key->payload.data[0];
    if (c)
        ssp_context_put(c);
    module_put(THIS_MODULE);
}

static void ssp_describe(const struct key *key, struct seq_file *m)
{
    seq_puts(m, key->description);
    if (!key_is_positive(key))
        return;
    rcu_read_lock();
    const struct ssp_context *c = dereference_key_rcu(key);
    if (c)
        seq_printf(m, ": %u", (unsigned)c->signature_size);
    rcu_read_unlock();
}

/* "enc=NUMBER" is MessageSeqNo, for datagram contexts; nothing else may be asked for. */
static int message_number(const struct kernel_pkey_params *params, u32 *number)
{
    *number = 0;
    if (params->hash_algo)
        return -EINVAL;
    return params->encoding && strcmp(params->encoding, "raw") ? kstrtou32(params->encoding, 10, number) : 0;
}

static int ssp_asym_query(const struct kernel_pkey_params *params, struct kernel_pkey_query *info)
{
    struct ssp_context *c = ssp_context_get(params->key);
    if (IS_ERR(c))
        return PTR_ERR(c);
    *info = (struct kernel_pkey_query){
        .supported_ops = KEYCTL_SUPPORTS_SIGN | KEYCTL_SUPPORTS_VERIFY,
        .key_size = 8 * c->signature_size,
        .max_data_size = U16_MAX,
        .max_sig_size = (u16)c->signature_size,
    };
    ssp_context_put(c);
    return 0;
}

/* params->out_len is max_sig_size: the kernel allocated that much. */
static int ssp_asym_eds_op(struct kernel_pkey_params *params, const void *in, void *out)
{
    struct kvec part = {(void *)in, params->in_len};
    size_t size = params->out_len;
    u32 number;
    if (params->op != kernel_pkey_sign)
        return -EOPNOTSUPP;
    int error = message_number(params, &number);
    if (!error)
        error = ssp_make_signature(params->key, &part, 1, out, &size, number);
    return error ? error : (int)size;
}

/* params->in2_len is max_sig_size, too, whatever the caller gave. */
static int ssp_asym_verify_signature(struct kernel_pkey_params *params, const void *in, const void *in2)
{
    struct kvec part = {(void *)in, params->in_len};
    u32 number;
    int error = message_number(params, &number);
    return error ? error : ssp_verify_signature(params->key, &part, 1, in2, params->in2_len, number);
}

struct key_type key_type_ssp_context = {
    .name = "ssp_context",
    .preparse = ssp_preparse,
    .free_preparse = ssp_free_preparse,
    .instantiate = ssp_instantiate,
    .revoke = ssp_revoke,
    .destroy = ssp_destroy,
    .describe = ssp_describe,
    .asym_query = ssp_asym_query,
    .asym_eds_op = ssp_asym_eds_op,
    .asym_verify_signature = ssp_asym_verify_signature,
};
EXPORT_SYMBOL_GPL(key_type_ssp_context);
