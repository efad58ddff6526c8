/* SPDX-License-Identifier: MIT */
/*
 * ssp_ksec: security contexts as keys, and signatures made inside the kernel. Self-contained: what another
 * module includes to sign with a context that user space established and handed down with add_key(2) under
 * the key type "ssp_context". See ssp_ksec(4).
 *
 * A key is got with request_key(&key_type_ssp_context, description, NULL) and put with key_put, or comes from
 * whoever configures the user. It may be revoked, expire or be invalidated at any time, also during a call:
 * calls that are under way finish, later ones fail.
 *
 * Both calls work in process and softirq context, never sleep and allocate nothing. Any number of them may
 * run on one key at once. Interrupts must be enabled: the calls disable bottom halves and enable them again,
 * about which the kernel warns in a hard interrupt, under spin_lock_irqsave and after local_irq_disable.
 * spin_lock and spin_lock_bh are fine. Messages are hashed with bottom halves disabled (NTLM: under the
 * context's lock), so keep them below a megabyte or so.
 */
#ifndef OPENSSPI_SSP_KSEC_H
#define OPENSSPI_SSP_KSEC_H

#include <linux/key.h>
#include <linux/types.h>
#include <linux/uio.h>

extern struct key_type key_type_ssp_context;

enum { SSP_PARTS_MAX = 63, SSP_SIGNATURE_MAX = 64 };

/*
 * MakeSignature over the parts in order. *token_size: the room at token, then the signature's size.
 * sequence: MessageSeqNo, which only datagram contexts look at. The token overlaps no part.
 *
 *   0                 the signature stands at token
 *   -EKEYREVOKED, -EKEYEXPIRED, -ENOKEY   of the key
 *   -EINVAL           not a key of the type, above SSP_PARTS_MAX parts, above 4 GiB, token and parts overlap
 *   -EMSGSIZE         token_size is too small
 *   -EOVERFLOW        the context's sequence numbers are used up
 *   -EOPNOTSUPP       the context does not sign
 */
int ssp_make_signature(struct key *key, const struct kvec *parts, size_t count, void *token,
                       size_t *token_size, u32 sequence);

/*
 * VerifySignature. Beside the errors above:
 *
 *   -EBADMSG          altered, or another context's
 *   -EILSEQ           genuine but out of sequence: a duplicate, too old, or not the next one
 *   -EPROTO           no signature of this kind: of another size or format
 *
 * A message that is refused changes nothing: the next genuine one still verifies.
 */
int ssp_verify_signature(struct key *key, const struct kvec *parts, size_t count, const void *token,
                         size_t token_size, u32 sequence);

#endif
