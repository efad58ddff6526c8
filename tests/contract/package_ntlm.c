/* SPDX-License-Identifier: MIT */
/*
 * NTLM's ways of being established. The modern ones come from handshakes. Those that our own initiator never
 * negotiates with our own acceptor (no key exchange, weak keys, no extended session security) are made from a
 * real pair by exchanging the protection state inside both packed contexts for one with other flags.
 */
#include "contract.h"

#include <string.h>

#include "protect/ntlm.h"

/* The protection state's place in a packed context: the only offset at which it unpacks. */
static size_t find_state(const SecBuffer *packed, struct ntlm_protect *state)
{
    const uint8_t *bytes = packed->pvBuffer;
    for (size_t at = 0; at + NTLM_PACK_SIZE <= packed->cbBuffer; at++)
        if (ntlm_protect_unpack(state, bytes + at, NTLM_PACK_SIZE))
            return at;
    fail_msg("no protection state in the packed context");
    return 0;
}

static void put_state(CtxtHandle *context, const struct ntlm_protect *state)
{
    struct ntlm_protect old;
    SecBuffer packed = contract_snapshot(context);
    ntlm_protect_pack(state, (uint8_t *)packed.pvBuffer + find_state(&packed, &old));
    contract_replace(context, "NTLM", &packed);
    FreeContextBuffer(packed.pvBuffer);
}

static void other_flags(CtxtHandle *context, bool initiator, const struct contract_mode *mode)
{
    struct ntlm_protect state;
    uint8_t key[16];
    SecBuffer packed = contract_snapshot(context);
    find_state(&packed, &state);
    FreeContextBuffer(packed.pvBuffer);
    kit_session_key(context, key);
    ntlm_protect_init(&state, (state.flags & ~mode->clear) | mode->set, initiator, WINDOW_OFF, key);
    put_state(context, &state);
}

static void make(struct contract_pair *pair)
{
    kit_pair("NTLM", pair->mode->isc, pair->mode->asc, &pair->initiator, &pair->acceptor);
    if (!pair->mode->clear && !pair->mode->set)
        return;
    other_flags(&pair->initiator.context, true, pair->mode);
    other_flags(&pair->acceptor.context, false, pair->mode);
}

/* Sequence numbers end at 2^32. The stream of keys is as if the other messages had been empty ones. */
static void near_end(struct contract_pair *pair, unsigned left)
{
    CtxtHandle *contexts[2] = {pair->a, pair->b};
    for (int i = 0; i < 2; i++) {
        struct ntlm_protect state;
        SecBuffer packed = contract_snapshot(contexts[i]);
        find_state(&packed, &state);
        FreeContextBuffer(packed.pvBuffer);
        uint64_t next = (1ull << 32) - left;
        /* Without extended session security one counter, the sending one, serves both directions. */
        if (i == 0 || ntlm_protect_shared(&state))
            state.send.sequence = next;
        if (i == 1 && !ntlm_protect_shared(&state))
            state.receive.sequence = next;
        put_state(contexts[i], &state);
    }
}

enum {
    SIGNED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT,
    SEALED = SIGNED | ISC_REQ_CONFIDENTIALITY,
    ASC_SIGNED = ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT,
    ASC_SEALED = ASC_SIGNED | ASC_REQ_CONFIDENTIALITY,
};

#define CONNECTION(title, isc_flags, asc_flags)                                                              \
    .name = title, .package = &contract_ntlm, .isc = (isc_flags), .asc = (asc_flags), .sign_size = 16,       \
    .seal_size = 16, .sequence_at = 12, .sequence_bytes = 4, .seals = true, .sequenced = true,               \
    .readonly_signed = true, .expires = true

static const struct contract_mode modes[] = {
    {CONNECTION("sign", SIGNED, ASC_SIGNED)},
    {CONNECTION("seal", SEALED, ASC_SEALED)},
    {CONNECTION("seal, no key exchange", SEALED, ASC_SEALED), .clear = NTLM_F_KEY_EXCH},
    {CONNECTION("sign, no key exchange", SIGNED, ASC_SIGNED), .clear = NTLM_F_KEY_EXCH},
    {CONNECTION("seal, 56 bits", SEALED, ASC_SEALED), .clear = NTLM_F_128, .set = NTLM_F_56},
    {CONNECTION("seal, 40 bits", SEALED, ASC_SEALED), .clear = NTLM_F_128 | NTLM_F_56},
    {.name = "no extended session security",
     .package = &contract_ntlm,
     .isc = SEALED,
     .asc = ASC_SEALED,
     .sign_size = 16,
     .seal_size = 16,
     .sequence_at = 12,
     .sequence_bytes = 4,
     /* RandomPad */
     .ignored_at = 4,
     .ignored_bytes = 4,
     .shared_stream = true,
     .seals = true,
     .sequenced = true,
     .expires = true,
     .clear = NTLM_F_ESS},
    {.name = "dummy",
     .package = &contract_ntlm,
     .sign_size = 16,
     .seal_size = 16,
     .dummy = true,
     .readonly_signed = true},
    {.name = "datagram",
     .package = &contract_ntlm,
     .isc = SEALED | ISC_REQ_DATAGRAM,
     .asc = ASC_SEALED | ASC_REQ_DATAGRAM,
     .sign_size = 16,
     .seal_size = 16,
     .seals = true,
     .datagram = true,
     .sequenced = true,
     .readonly_signed = true},
};

static const ULONG sign_qops[] = {1,          2, 0x7fffffff, SECQOP_WRAP_NO_ENCRYPT, SECQOP_WRAP_OOB_DATA,
                                  0xffffffff, 0};
static const ULONG seal_qops[] = {1, 2, 0x7fffffff, 0x80000000, SECQOP_WRAP_OOB_DATA, 0xffffffff, 0};

const struct contract_package contract_ntlm = {
    .name = "NTLM",
    .modes = modes,
    .count = sizeof modes / sizeof modes[0],
    .sign_qops_refused = sign_qops,
    .seal_qops_refused = seal_qops,
    .make = make,
    .near_end = near_end,
};
