/* SPDX-License-Identifier: MIT */
/* What established contexts are, and those that are not yet: flags, protection, room for tokens. */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

/* ---- flags ---- */

static void test_flags(void **state)
{
    static const struct {
        ULONG isc, asc;
    } same[] = {
        {ISC_RET_MUTUAL_AUTH, ASC_RET_MUTUAL_AUTH},
        {ISC_RET_REPLAY_DETECT, ASC_RET_REPLAY_DETECT},
        {ISC_RET_SEQUENCE_DETECT, ASC_RET_SEQUENCE_DETECT},
        {ISC_RET_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY},
        {ISC_RET_INTEGRITY, ASC_RET_INTEGRITY},
        {ISC_RET_IDENTIFY, ASC_RET_IDENTIFY},
    };
    (void)state;
    /* All combinations: what was asked for is what both sides say, and nothing else. */
    for (unsigned chosen = 0; chosen < 1u << 6; chosen++) {
        ULONG isc = 0, asc = 0;
        SecPkgContext_Flags flags;
        for (size_t i = 0; i < 6; i++) {
            isc |= chosen >> i & 1 ? same[i].isc : 0;
            asc |= chosen >> i & 1 ? same[i].asc : 0;
        }
        pair_open("host/server", isc, 0);
        if (isc & ISC_RET_CONFIDENTIALITY) {
            isc |= ISC_RET_INTEGRITY;
            asc |= ASC_RET_INTEGRITY;
        }
        assert_int_equal(initiator.attributes, isc);
        assert_int_equal(acceptor.attributes, asc);
        assert_status(QueryContextAttributesA(&acceptor.context, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
        assert_int_equal(flags.Flags, asc);
        pair_close();
    }
}

/* Without integrity nothing can be signed; without confidentiality nothing can be sealed. */
static void test_unprotected(void **state)
{
    uint8_t data[16] = {0}, token[128];
    ULONG size = sizeof token;
    (void)state;
    pair_open("host/server", ISC_REQ_MUTUAL_AUTH, 0);
    assert_status(kit_sign(&initiator.context, data, 16, token, &size), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(kit_verify(&initiator.context, data, 16, token, 28), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(kit_seal(&acceptor.context, data, 16, token, &size), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(kit_unseal(&acceptor.context, data, 16, token, 60), SEC_E_UNSUPPORTED_FUNCTION);
    pair_close();

    pair_open("host/server", PAIR_SIGN | ISC_REQ_NO_INTEGRITY, 0);
    assert_int_equal(initiator.attributes & ISC_RET_INTEGRITY, 0);
    pair_close();

    /* Signed only: EncryptMessage without encryption still works, and DecryptMessage says which it was. */
    pair_open("host/server", PAIR_SIGN, 0);
    assert_status(kit_seal(&initiator.context, data, 16, token, &size), SEC_E_UNSUPPORTED_FUNCTION);
    SecPkgContext_Sizes sizes;
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(sizes.cbMaxSignature, 28);
    assert_int_equal(sizes.cbSecurityTrailer, 28);
    assert_int_equal(sizes.cbBlockSize, 1);
    assert_int_equal(sizes.cbMaxToken, 48000);
    SecBuffer buffers[2] = {{28, SECBUFFER_TOKEN, token}, {16, SECBUFFER_DATA, data}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    ULONG qop = 0;
    assert_status(EncryptMessage(&initiator.context, SECQOP_WRAP_NO_ENCRYPT, &desc, 0), SEC_E_OK);
    assert_status(DecryptMessage(&acceptor.context, &desc, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, SECQOP_WRAP_NO_ENCRYPT);
    pair_close();
}

static ULONG last_token(CtxtHandle *context)
{
    SecPkgContext_LastClientTokenStatus last;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &last), SEC_E_OK);
    return last.LastClientTokenStatus;
}

/* No context yet, or no more. */
static void assert_no_context(CtxtHandle *context)
{
    SecPkgContext_Sizes sizes;
    SecPkgContext_SessionKey key;
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    uint8_t data[16] = {0}, token[128] = {0};
    ULONG size = sizeof token;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_INVALID_HANDLE);
    assert_status(kit_sign(context, data, 16, token, &size), SEC_E_INVALID_HANDLE);
    assert_status(kit_verify(context, data, 16, token, 28), SEC_E_INVALID_HANDLE);
    assert_status(kit_seal(context, data, 16, token, &size), SEC_E_INVALID_HANDLE);
    assert_status(kit_unseal(context, data, 16, token, 60), SEC_E_INVALID_HANDLE);
    assert_status(ImpersonateSecurityContext(context), SEC_E_INVALID_HANDLE);
    assert_status(ExportSecurityContext(context, 0, &packed, NULL), SEC_E_INVALID_HANDLE);
}

/* Before the end: what is known already, and nothing else. */
static void test_unfinished(void **state)
{
    SecPkgContext_NegotiationInfoA negotiation;
    SecPkgContext_PackageInfoA package;
    SecPkgContext_Target target;
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, ISC_REQ_MUTUAL_AUTH, "host/server", NULL, 0, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation),
                  SEC_E_OK);
    assert_int_equal(negotiation.NegotiationState, SECPKG_NEGOTIATION_IN_PROGRESS);
    FreeContextBuffer(negotiation.PackageInfo);
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_PACKAGE_INFO, &package), SEC_E_OK);
    assert_string_equal(package.PackageInfo->Name, "Kerberos");
    FreeContextBuffer(package.PackageInfo);
    assert_status(QueryContextAttributesA(&initiator.context, SECPKG_ATTR_TARGET, &target), SEC_E_OK);
    pair_assert_text(target.Target, "host/server");
    assert_int_equal(last_token(&initiator.context), SecPkgAttrLastClientTokenMaybe);
    assert_no_context(&initiator.context);
    kit_close(&initiator);
}

/* After a failed step: nothing but its end, once. */
static void test_failed(void **state)
{
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, ISC_REQ_MUTUAL_AUTH, "host/server", NULL, 0, NULL),
                  SEC_I_CONTINUE_NEEDED);
    assert_status(kit_step(&initiator, ISC_REQ_MUTUAL_AUTH, "host/server", "nothing", 7, NULL),
                  SEC_E_INVALID_TOKEN);
    assert_no_context(&initiator.context);
    assert_status(kit_step(&initiator, ISC_REQ_MUTUAL_AUTH, "host/server", "nothing", 7, NULL),
                  SEC_E_INVALID_HANDLE);
    (void)last_token(&initiator.context);
    assert_status(DeleteSecurityContext(&initiator.context), SEC_E_OK);
    assert_status(DeleteSecurityContext(&initiator.context), SEC_E_INVALID_HANDLE);
    initiator.has_context = false;
    kit_close(&initiator);
}

/* A later step, with the other side's token and no credential. */
static SECURITY_STATUS step_without(struct kit_side *side, ULONG flags, const struct kit_side *from)
{
    SEC_CHAR target[] = "host/server";
    SecBuffer in = {(ULONG)from->token_size, SECBUFFER_TOKEN, from->token};
    SecBuffer out = {KIT_TOKEN_MAX, SECBUFFER_TOKEN, side->token};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    SECURITY_STATUS status =
        side->initiator
            ? InitializeSecurityContextA(NULL, &side->context, target, flags, 0, SECURITY_NATIVE_DREP,
                                         &in_desc, 0, &side->context, &out_desc, &side->attributes, NULL)
            : AcceptSecurityContext(NULL, &side->context, &in_desc, flags, SECURITY_NATIVE_DREP,
                                    &side->context, &out_desc, &side->attributes, NULL);
    side->token_size = out.cbBuffer;
    return status;
}

/* Contexts need their credentials' handles for the first step only. */
static void test_credentials_gone(void **state)
{
    static const ULONG isc = PAIR_SEAL | ISC_REQ_MUTUAL_AUTH | ISC_REQ_USE_DCE_STYLE;
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, REALM, KIT_USER, KIT_PASSWORD), SEC_E_OK);
    assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, isc, "host/server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(
        kit_step(&acceptor, ASC_REQ_USE_DCE_STYLE, NULL, initiator.token, initiator.token_size, NULL),
        SEC_I_CONTINUE_NEEDED);
    assert_int_equal(last_token(&acceptor.context), SecPkgAttrLastClientTokenNo);
    struct kit_side *const sides[] = {&initiator, &acceptor};
    for (int i = 0; i < 2; i++) {
        assert_status(FreeCredentialsHandle(&sides[i]->credential), SEC_E_OK);
        sides[i]->has_credential = false;
    }
    assert_status(step_without(&initiator, isc, &acceptor), SEC_E_OK);
    assert_status(step_without(&acceptor, ASC_REQ_USE_DCE_STYLE, &initiator), SEC_E_OK);
    kit_exchange(&initiator.context, &acceptor.context, "without credentials", true);
    assert_int_equal(last_token(&acceptor.context), SecPkgAttrLastClientTokenYes);
    pair_close();
}

/* Kerberos has no datagram contexts. */
static void test_datagram(void **state)
{
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_step(&initiator, ISC_REQ_DATAGRAM, "host/server", NULL, 0, NULL),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(kit_step(&initiator, PAIR_SIGN, "host/server", NULL, 0, NULL), SEC_E_OK);
    assert_status(kit_step(&acceptor, ASC_REQ_DATAGRAM, NULL, initiator.token, initiator.token_size, NULL),
                  SEC_E_UNSUPPORTED_FUNCTION);
    pair_close();
}

/* A TOKEN that is too small, and none: said as such. */
static void test_output_room(void **state)
{
    uint8_t room[16];
    SecBuffer small = {sizeof room, SECBUFFER_TOKEN, room};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &small}, none = {SECBUFFER_VERSION, 0, NULL};
    CtxtHandle context;
    ULONG attributes;
    SEC_CHAR target[] = "host/server";
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(InitializeSecurityContextA(&initiator.credential, NULL, target, PAIR_SIGN, 0,
                                             SECURITY_NATIVE_DREP, NULL, 0, &context, &desc, &attributes,
                                             NULL),
                  SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(small.cbBuffer, sizeof room);
    assert_status(InitializeSecurityContextA(&initiator.credential, NULL, target, PAIR_SIGN, 0,
                                             SECURITY_NATIVE_DREP, NULL, 0, &context, &none, &attributes,
                                             NULL),
                  SEC_E_INVALID_TOKEN);
    kit_close(&initiator);
}

/* ---- ALLOCATE_MEMORY ---- */

/* Every leg's token, and the KRB-ERROR of a refusal, stands in memory for FreeContextBuffer. */
static void test_allocated(void **state)
{
    static const ULONG ways[] = {0, ISC_REQ_MUTUAL_AUTH, ISC_REQ_MUTUAL_AUTH | ISC_REQ_USE_DCE_STYLE};
    (void)state;
    for (int w = 0; w < 3; w++) {
        struct kit_side *sides[2] = {&initiator, &acceptor};
        SecBuffer token[2] = {{0, SECBUFFER_TOKEN, NULL}, {0, SECBUFFER_TOKEN, NULL}};
        assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
        assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
        for (int leg = 0; leg < w + 2; leg++) {
            SecBuffer *in = leg ? &token[!(leg & 1)] : NULL, *out = &token[leg & 1];
            SECURITY_STATUS status = pair_step_allocated(sides[leg & 1], PAIR_SEAL | ways[w], in, out);
            assert_status(status, leg >= w ? SEC_E_OK : SEC_I_CONTINUE_NEEDED);
            /* Nothing is left to be said at the end. */
            assert_int_equal(out->cbBuffer != 0, leg <= w);
            assert_int_equal(out->pvBuffer != NULL, leg <= w);
            if (in)
                assert_status(FreeContextBuffer(in->pvBuffer), SEC_E_OK);
        }
        kit_exchange(&initiator.context, &acceptor.context, "allocated", true);
        pair_close();
    }
}

static void test_allocated_refusal(void **state)
{
    SecBuffer request, error;
    (void)state;
    assert_status(kit_open(&initiator, "Kerberos", true, NULL, NULL, NULL), SEC_E_OK);
    assert_status(kit_open(&acceptor, "Kerberos", false, NULL, NULL, NULL), SEC_E_OK);
    assert_status(pair_step_allocated(&initiator, PAIR_SIGN | ISC_REQ_MUTUAL_AUTH, NULL, &request),
                  SEC_I_CONTINUE_NEEDED);
    ((uint8_t *)request.pvBuffer)[request.cbBuffer - 1] ^= 1;
    assert_true(pair_step_allocated(&acceptor, 0, &request, &error) < 0);
    assert_null(error.pvBuffer);
    assert_int_equal(error.cbBuffer, 0);
    assert_true(pair_step_allocated(&acceptor, ASC_REQ_EXTENDED_ERROR, &request, &error) < 0);
    assert_true(acceptor.attributes & ASC_RET_EXTENDED_ERROR);
    assert_true(acceptor.attributes & ASC_RET_ALLOCATED_MEMORY);
    assert_int_equal(*(uint8_t *)error.pvBuffer, 0x60);
    /* The client understands it. */
    assert_true(kit_step(&initiator, PAIR_SIGN | ISC_REQ_MUTUAL_AUTH, "host/server", error.pvBuffer,
                         error.cbBuffer, NULL) < 0);
    assert_status(FreeContextBuffer(error.pvBuffer), SEC_E_OK);
    assert_status(FreeContextBuffer(request.pvBuffer), SEC_E_OK);
    pair_close();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_unprotected),
        cmocka_unit_test(test_unfinished),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_credentials_gone),
        cmocka_unit_test(test_datagram),
        cmocka_unit_test(test_output_room),
        cmocka_unit_test(test_allocated),
        cmocka_unit_test(test_allocated_refusal),
    };
    realm_environment(NULL);
    return cmocka_run_group_tests_name("kerberos context", tests, NULL, NULL);
}
