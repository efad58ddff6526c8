/* SPDX-License-Identifier: MIT */
/*
 * ssp_context: one context of a package's kernel half, as a key holds it. Counted: the key has one reference,
 * each call in progress another. Whoever gives the last one back unloads the package's context (which wipes
 * its keys); the structure itself stays for an RCU grace period, because calls find it through the key
 * without the key's semaphore.
 */
#ifndef OPENSSPI_KSEC_LINUX_CONTEXT_H
#define OPENSSPI_KSEC_LINUX_CONTEXT_H

#include <linux/key.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>

#include "ksec/ksec.h"

struct ssp_context {
    struct ksec_context inner;
    refcount_t users;
    struct rcu_head rcu;
    ULONG signature_size; /* exact: SECPKG_ATTR_SIZES */
    size_t size;          /* of this and the package's context, whose names the payload's length stands for */
};

/*
 * From a payload (ksec/payload.h). May sleep. 0, or a negative errno with *out untouched: -EINVAL for
 * anything that is not a payload with a packed context, -EPFNOSUPPORT for a package that is not here, -EPERM
 * for RC4 where the module's parameter does not allow it, -ENOMEM.
 */
int ssp_context_make(const void *payload, size_t size, struct ssp_context **out);

/* The key's context with one reference more, or an ERR_PTR: the key is of another type (-EINVAL), revoked,
 * expired or invalidated. Does not sleep. */
struct ssp_context *ssp_context_get(struct key *key);
void ssp_context_put(struct ssp_context *c);

#endif
