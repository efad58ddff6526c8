/* SPDX-License-Identifier: MIT */
/* psk's ways of being established. The other algorithms than the default have tests of their own in
 * tests/psk. */
#include "contract.h"

#include <string.h>

#include "packages/psk/psk_packed.h"

static void make(struct contract_pair *pair)
{
    kit_pair("psk", pair->mode->isc, pair->mode->asc, &pair->initiator, &pair->acceptor);
}

static void near_end(struct contract_pair *pair, unsigned left)
{
    CtxtHandle *contexts[2] = {pair->a, pair->b};
    for (int i = 0; i < 2; i++) {
        struct psk_packed p;
        SecBuffer packed = contract_snapshot(contexts[i]);
        assert_true(psk_packed_read(&p, packed.pvBuffer, packed.cbBuffer));
        *(i == 0 ? &p.sent : &p.received) = PSK_MESSAGES_MAX - left;
        assert_int_equal(psk_packed_write(&p, packed.pvBuffer), packed.cbBuffer);
        contract_replace(contexts[i], "psk", &packed);
        FreeContextBuffer(packed.pvBuffer);
    }
}

enum {
    DETECT = ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT, /* ASC_REQ_ bits are the same */
    DATAGRAM = DETECT | ISC_REQ_DATAGRAM,
};

static const struct contract_mode modes[] = {
    {.name = "connection",
     .package = &contract_psk,
     .isc = DETECT | ISC_REQ_INTEGRITY,
     .asc = DETECT | ASC_REQ_INTEGRITY,
     .sign_size = PSK_TOKEN_SIZE,
     .seal_size = PSK_TOKEN_SIZE,
     .number_at = 8,
     .seals = true,
     .sequenced = true,
     .expires = true},
    {.name = "datagram",
     .package = &contract_psk,
     .isc = DATAGRAM | ISC_REQ_CONFIDENTIALITY,
     .asc = DATAGRAM | ASC_REQ_CONFIDENTIALITY,
     .sign_size = PSK_TOKEN_SIZE,
     .seal_size = PSK_TOKEN_SIZE,
     .number_at = 8,
     .seals = true,
     .datagram = true,
     .sequenced = true},
};

static const ULONG sign_qops[] = {
    4, 5, 0x100, 0x7fffffff, SECQOP_WRAP_NO_ENCRYPT, SECQOP_WRAP_OOB_DATA, 0xffffffff, 0};
static const ULONG seal_qops[] = {1, 2, 3, 4, 0x7fffffff, 0x80000000, SECQOP_WRAP_OOB_DATA, 0xffffffff, 0};

const struct contract_package contract_psk = {
    .name = "psk",
    .modes = modes,
    .count = sizeof modes / sizeof modes[0],
    .sign_qops_refused = sign_qops,
    .seal_qops_refused = seal_qops,
    .make = make,
    .near_end = near_end,
};
