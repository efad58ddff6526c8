/* SPDX-License-Identifier: MIT */
/* The mechListMIC's place among the messages: NTLM's RC4 and counter, the number 0 of Windows over Kerberos.
 */
#include "realm.h"

#include <string.h>

#include "base/mem.h"
#include "nego_kit.h"
#include "protect/krb5.h"
#include "protect/ntlm.h"

enum {
    SEALED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY,
    ASC_SEALED =
        ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT | ASC_REQ_CONFIDENTIALITY,
};

static struct kit_side a, b;

static SecBuffer snapshot(CtxtHandle *context)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    assert_status(ExportSecurityContext(context, 0, &packed, NULL), SEC_E_OK);
    return packed;
}

static SECURITY_STATUS mechlist(CtxtHandle *context, bool make, void *list, ULONG list_size, void *mic,
                                ULONG *size)
{
    SecBuffer buffers[2] = {{list_size, SECBUFFER_MECHLIST, list},
                            {*size, SECBUFFER_MECHLIST_SIGNATURE, mic}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status =
        make ? MakeSignature(context, 0, &desc, 0) : VerifySignature(context, &desc, 0, NULL);
    *size = buffers[1].cbBuffer;
    return status;
}

static void ntlm_state(CtxtHandle *context, struct ntlm_protect *state)
{
    SecBuffer packed = snapshot(context);
    const uint8_t *bytes = packed.pvBuffer;
    bool found = false;
    for (size_t at = 0; !found && at + NTLM_PACK_SIZE <= packed.cbBuffer; at++)
        found = ntlm_protect_unpack(state, bytes + at, NTLM_PACK_SIZE);
    assert_true(found);
    FreeContextBuffer(packed.pvBuffer);
}

/* Counters at 1, RC4 as new: against a pair that went without SPNEGO. */
static void test_ntlm_restored(void **state)
{
    struct ntlm_protect now, fresh;
    uint8_t key[16];
    (void)state;
    nego_pair("ntlm", SEALED, ASC_SEALED, &a, &b);
    for (int side = 0; side < 2; side++) {
        CtxtHandle *context = side ? &b.context : &a.context;
        ntlm_state(context, &now);
        kit_session_key(context, key);
        ntlm_protect_init(&fresh, now.flags, side == 0, WINDOW_OFF, key);
        assert_int_equal(now.send.sequence, 1);
        assert_int_equal(now.receive.sequence, 1);
        assert_memory_equal(&now.send.u.rc4, &fresh.send.u.rc4, sizeof fresh.send.u.rc4);
        assert_memory_equal(&now.receive.u.rc4, &fresh.receive.u.rc4, sizeof fresh.receive.u.rc4);
    }
    kit_close(&a);
    kit_close(&b);
}

/* RC4 cannot be made to start again once it was used. */
static void test_ntlm_only_first(void **state)
{
    uint8_t list[20], mic[16];
    ULONG size = sizeof mic;
    (void)state;
    kit_fill(list, sizeof list, 1);
    kit_pair("NTLM", SEALED, ASC_SEALED, &a, &b);
    assert_status(mechlist(&a.context, true, list, sizeof list, mic, &size), SEC_E_OK);
    assert_int_equal(size, 16);
    mic[5] ^= 1;
    assert_status(mechlist(&b.context, false, list, sizeof list, mic, &size), SEC_E_MESSAGE_ALTERED);
    mic[5] ^= 1;
    assert_status(mechlist(&b.context, false, list, sizeof list, mic, &size), SEC_E_OK);
    assert_status(mechlist(&b.context, false, list, sizeof list, mic, &size), SEC_E_OUT_OF_SEQUENCE);
    assert_status(mechlist(&a.context, true, list, sizeof list, mic, &size), SEC_E_OUT_OF_SEQUENCE);
    size = 15;
    assert_status(mechlist(&b.context, true, list, sizeof list, mic, &size), SEC_E_BUFFER_TOO_SMALL);
    assert_status(mechlist(&a.context, false, list, sizeof list, mic, &size), SEC_E_INVALID_TOKEN);
    kit_exchange(&a.context, &b.context, "goes on", true);
    kit_exchange(&b.context, &a.context, "goes on", true);
    size = 16;
    assert_status(mechlist(&b.context, true, list, sizeof list, mic, &size), SEC_E_OUT_OF_SEQUENCE);
    kit_exchange(&a.context, &b.context, "and on", true);
    kit_close(&a);
    kit_close(&b);
}

/* Signatures from the acceptor's keys with whatever number. */
static void forge_number(CtxtHandle *context, uint64_t number, const void *list, size_t size, uint8_t *mic)
{
    struct krb5_protect state;
    SecBuffer packed = snapshot(context);
    const uint8_t *bytes = packed.pvBuffer;
    bool found = false;
    for (size_t at = 0; !found && at + KRB5_PACK_SIZE <= packed.cbBuffer; at++)
        found = krb5_protect_unpack(&state, bytes + at, KRB5_PACK_SIZE);
    assert_true(found);
    FreeContextBuffer(packed.pvBuffer);
    const struct span part = {list, size};
    const struct message m = {&part, 1, 0};
    state.send_first = number;
    state.sent = 0;
    assert_int_equal(krb5_mic_make(&state, &m, mic), PROTECT_OK);
}

static void test_kerberos_number_zero(void **state)
{
    uint8_t list[20], mic[28], other[28];
    ULONG size = sizeof mic;
    (void)state;
    kit_fill(list, sizeof list, 1);
    nego_pair("kerberos", SEALED | ISC_REQ_MUTUAL_AUTH, ASC_SEALED, &a, &b);
    forge_number(&b.context, 0, list, sizeof list, mic);
    forge_number(&b.context, 7, list, sizeof list, other);
    SecBuffer before = snapshot(&a.context);
    assert_status(mechlist(&a.context, false, list, sizeof list, mic, &size), SEC_E_OK);
    mic[20] ^= 1;
    assert_status(mechlist(&a.context, false, list, sizeof list, mic, &size), SEC_E_MESSAGE_ALTERED);
    SecBuffer after = snapshot(&a.context);
    assert_int_equal(before.cbBuffer, after.cbBuffer);
    assert_memory_equal(before.pvBuffer, after.pvBuffer, before.cbBuffer);
    FreeContextBuffer(before.pvBuffer);
    FreeContextBuffer(after.pvBuffer);
    for (int i = 0; i < 5; i++) {
        kit_exchange(&b.context, &a.context, "begins with its own number", true);
        kit_exchange(&a.context, &b.context, "and so does this", true);
    }
    /* As a message of the application's the number would not do. */
    assert_status(kit_verify(&a.context, list, sizeof list, other, sizeof other), SEC_E_OUT_OF_SEQUENCE);
    kit_close(&a);
    kit_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntlm_restored),
        cmocka_unit_test(test_ntlm_only_first),
        cmocka_unit_test(test_kerberos_number_zero),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
