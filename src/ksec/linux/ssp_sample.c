/* SPDX-License-Identifier: MIT */
/*
 * How another module signs: two keys by their descriptions, a scattered message, a signature made with one
 * and checked with the other. The keys are the two ends of one context; `ssp_ksec_sample context=a peer=b`
 * is loaded by a process whose keyrings have them. What happened is written to the log, as TAP.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/key.h>
#include <linux/module.h>

#include "ksec/linux/ssp_ksec.h"

static char *context = "";
module_param(context, charp, 0);
MODULE_PARM_DESC(context, "description of the key to sign with");
static char *peer = "";
module_param(peer, charp, 0);
MODULE_PARM_DESC(peer, "description of the key to verify with");

static int done, failed;

static void tap(bool good, const char *what)
{
    failed += !good;
    pr_info("ssp_ksec_sample: %sok %d - %s\n", good ? "" : "not ", ++done, what);
}

static void sign_and_verify(struct key *from, struct key *to)
{
    char head[] = "header", body[] = "a message in three parts", tail[] = "end";
    const struct kvec parts[] = {{head, sizeof head}, {body, sizeof body}, {tail, sizeof tail}};
    u8 token[SSP_SIGNATURE_MAX], altered[SSP_SIGNATURE_MAX];
    size_t size = sizeof token, small = 1;

    tap(ssp_make_signature(from, parts, ARRAY_SIZE(parts), token, &small, 0) == -EMSGSIZE && small == 1,
        "no room: nothing happens");
    tap(ssp_make_signature(from, parts, ARRAY_SIZE(parts), token, &size, 0) == 0, "signs");
    memcpy(altered, token, size);
    altered[size - 5] ^= 1;
    tap(ssp_verify_signature(to, parts, ARRAY_SIZE(parts), altered, size, 0) == -EBADMSG,
        "altered signature refused");
    body[0] ^= 1;
    tap(ssp_verify_signature(to, parts, ARRAY_SIZE(parts), token, size, 0) == -EBADMSG,
        "altered message refused");
    body[0] ^= 1;
    tap(ssp_verify_signature(to, parts, ARRAY_SIZE(parts), token, size, 0) == 0, "verifies");
    tap(ssp_verify_signature(to, parts, ARRAY_SIZE(parts), token, size, 0) == -EILSEQ, "replay refused");
    tap(ssp_verify_signature(to, parts, ARRAY_SIZE(parts), token, size - 1, 0) == -EPROTO,
        "short token refused");
    tap(ssp_make_signature(from, parts, SSP_PARTS_MAX + 1, token, &size, 0) == -EINVAL,
        "too many parts refused");
}

static int __init sample_init(void)
{
    struct key *from = request_key(&key_type_ssp_context, context, NULL);
    if (IS_ERR(from))
        return PTR_ERR(from);
    struct key *to = request_key(&key_type_ssp_context, peer, NULL);
    if (IS_ERR(to)) {
        key_put(from);
        return PTR_ERR(to);
    }
    sign_and_verify(from, to);
    key_put(to);
    key_put(from);
    pr_info("ssp_ksec_sample: 1..%d\n", done);
    return failed ? -EBADMSG : 0;
}

static void __exit sample_exit(void)
{
}

module_init(sample_init);
module_exit(sample_exit);
MODULE_DESCRIPTION("Sample: a module that signs with a context of ssp_ksec");
MODULE_AUTHOR("OpenSSPI");
MODULE_LICENSE("Dual MIT/GPL");
