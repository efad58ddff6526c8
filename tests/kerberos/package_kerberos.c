/* SPDX-License-Identifier: MIT */
/*
 * Kerberos in the contract's tests: contexts of every AES type from real handshakes in a realm of the
 * program's own, which starts when the first one is wanted. What is special to Kerberos (gaps that move the
 * expectation, wrapped streams, RC4) has its tests beside this file.
 */
#include "contract.h"

#include "realm.h"

#include "base/span.h"

static void make(struct contract_pair *pair)
{
    char target[32];
    realm_start();
    realm_prefer(pair->mode->set);
    snprintf(target, sizeof target, "t%u/server", (unsigned)pair->mode->set);
    assert_status(
        realm_handshake(target, pair->mode->isc, pair->mode->asc, &pair->initiator, &pair->acceptor),
        SEC_E_OK);
}

enum {
    SIGNED = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT,
    SEALED = SIGNED | ISC_REQ_CONFIDENTIALITY,
    MUTUAL = SEALED | ISC_REQ_MUTUAL_AUTH,
    DCE = MUTUAL | ISC_REQ_USE_DCE_STYLE,
};

#define MODE(title, etype, flags, sign, seal)                                                                \
    .name = title, .package = &contract_kerberos, .isc = (flags), .sign_size = (sign), .seal_size = (seal),  \
    .plain_size = (sign), .seals = ((flags)&ISC_REQ_CONFIDENTIALITY) != 0, .set = (etype)

static const struct contract_mode modes[] = {
    {MODE("aes128-sha1", 17, SEALED, 28, 60)},
    {MODE("aes256-sha1, signing only", 18, SIGNED, 28, 28)},
    {MODE("aes256-sha1, acceptor's subkey", 18, MUTUAL, 28, 60)},
    {MODE("aes128-sha256", 19, SEALED, 32, 64)},
    {MODE("aes256-sha384, acceptor's subkey", 20, MUTUAL, 40, 72)},
    {MODE("aes256-sha1, DCE style", 18, DCE, 28, 76)},
};

static const ULONG sign_qops[] = {1,          2, 0x7fffffff, SECQOP_WRAP_NO_ENCRYPT, SECQOP_WRAP_OOB_DATA,
                                  0xffffffff, 0};
static const ULONG seal_qops[] = {1, 2, 0x7fffffff, 0x80000000, SECQOP_WRAP_OOB_DATA, 0xffffffff, 0};

const struct contract_package contract_kerberos = {
    .name = "Kerberos",
    .modes = modes,
    .count = sizeof modes / sizeof modes[0],
    .sign_qops_refused = sign_qops,
    .seal_qops_refused = seal_qops,
    .make = make,
};
