/* SPDX-License-Identifier: MIT */
/* Negotiate in the contract's tests: contexts that it handed over are as good as those made without it. */
#include "contract.h"

#ifdef CONTRACT_KERBEROS
#include "realm.h"
#endif
#include "nego_kit.h"

static void make(struct contract_pair *pair)
{
    static const char *const lists[] = {"ntlm", "kerberos", ""};
    const char *list = lists[pair->mode->set];
#ifdef CONTRACT_KERBEROS
    if (pair->mode->set) {
        realm_start();
        realm_prefer(0);
    }
#endif
    nego_pair(list, pair->mode->isc, pair->mode->asc, &pair->initiator, &pair->acceptor);
    nego_assert_package(&pair->initiator.context, pair->mode->set ? "Kerberos" : "NTLM",
                        SECPKG_NEGOTIATION_COMPLETE);
}

enum {
    SIGNED = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT,
    SEALED = SIGNED | ISC_REQ_CONFIDENTIALITY,
    ASC_SEALED =
        ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT | ASC_REQ_CONFIDENTIALITY,
};

#define NTLM_MODE(title, flags)                                                                              \
    .name = title, .package = &contract_negotiate, .isc = (flags), .asc = ASC_SEALED, .sign_size = 16,       \
    .seal_size = 16, .sequence_at = 12, .sequence_bytes = 4, .seals = true, .sequenced = true,               \
    .readonly_signed = true, .first_number = 1 /* the mechListMIC had 0 */

#define KERBEROS_MODE(title, which)                                                                          \
    .name = title, .package = &contract_negotiate,                                                           \
    .isc = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH,        \
    .sign_size = 28, .seal_size = 60, .plain_size = 28, .seals = true, .set = (which)

static const struct contract_mode modes[] = {
    {NTLM_MODE("sign with NTLM", SIGNED)},
    {NTLM_MODE("seal with NTLM", SEALED)},
#ifdef CONTRACT_KERBEROS
    {KERBEROS_MODE("Kerberos", 1)},
    {KERBEROS_MODE("the default list", 2)},
#endif
};

static const ULONG sign_qops[] = {1,          2, 0x7fffffff, SECQOP_WRAP_NO_ENCRYPT, SECQOP_WRAP_OOB_DATA,
                                  0xffffffff, 0};
static const ULONG seal_qops[] = {1, 2, 0x7fffffff, 0x80000000, SECQOP_WRAP_OOB_DATA, 0xffffffff, 0};

const struct contract_package contract_negotiate = {
    .name = "Negotiate",
    .modes = modes,
    .count = sizeof modes / sizeof modes[0],
    .sign_qops_refused = sign_qops,
    .seal_qops_refused = seal_qops,
    .make = make,
};
