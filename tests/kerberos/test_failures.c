/* SPDX-License-Identifier: MIT */
/* Out of memory: every allocation of the library's fails once. Said so each time, and nothing is kept. */
#include "pair.h"

#include <stdlib.h>

#include "base/mem.h"

static unsigned left;
static bool failed;

static bool gate(void *arg, size_t size)
{
    (void)arg, (void)size;
    if (left == 0) {
        failed = true;
        left = UINT32_MAX; /* one failure; what is done about it may allocate */
        return false;
    }
    left--;
    return true;
}

struct scene {
    const char *name, *target, *password;
    ULONG isc;
    bool allocate; /* ALLOCATE_MEMORY */
};

static SECURITY_STATUS ask(CtxtHandle *context)
{
    SecPkgContext_NativeNamesA names;
    SecPkgContext_KeyInfoA info;
    SECURITY_STATUS status = QueryContextAttributesA(context, SECPKG_ATTR_NATIVE_NAMES, &names);
    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(names.sClientName);
    FreeContextBuffer(names.sServerName);
    status = QueryContextAttributesA(context, SECPKG_ATTR_KEY_INFO, &info);
    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(info.sSignatureAlgorithmName);
    FreeContextBuffer(info.sEncryptAlgorithmName);
    return SEC_E_OK;
}

/* A context of theirs in place of the acceptor's. */
static SECURITY_STATUS move(CtxtHandle *context)
{
    SEC_CHAR package[] = "Kerberos";
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    CtxtHandle moved;
    SECURITY_STATUS status = ExportSecurityContext(context, 0, &packed, NULL);
    if (status != SEC_E_OK)
        return status;
    status = ImportSecurityContextA(package, &packed, NULL, &moved);
    FreeContextBuffer(packed.pvBuffer);
    return status == SEC_E_OK ? DeleteSecurityContext(&moved) : status;
}

/* Signed only: keys for Wrap are made when the first message wants them. */
static SECURITY_STATUS wrap(CtxtHandle *context)
{
    uint8_t token[128], data[8] = {0};
    SecBuffer buffers[2] = {{sizeof token, SECBUFFER_TOKEN, token}, {sizeof data, SECBUFFER_DATA, data}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    return EncryptMessage(context, SECQOP_WRAP_NO_ENCRYPT, &desc, 0);
}

/* Both steps of a handshake into memory of the library's. */
static SECURITY_STATUS allocated(ULONG isc, struct kit_side *user, struct kit_side *server)
{
    SecBuffer request = {0, SECBUFFER_TOKEN, NULL}, reply = request, none = request;
    SECURITY_STATUS status = kit_open(user, "Kerberos", true, NULL, NULL, NULL);
    if (status == SEC_E_OK)
        status = kit_open(server, "Kerberos", false, NULL, NULL, NULL);
    if (status == SEC_E_OK)
        status = pair_step_allocated(user, isc, NULL, &request);
    if (status == SEC_I_CONTINUE_NEEDED)
        status = pair_step_allocated(server, 0, &request, &reply);
    if (status == SEC_E_OK)
        status = pair_step_allocated(user, isc, &reply, &none);
    /* A step that failed has left nothing in its buffer. */
    assert_null(none.pvBuffer);
    FreeContextBuffer(request.pvBuffer);
    FreeContextBuffer(reply.pvBuffer);
    return status;
}

static SECURITY_STATUS play(const struct scene *s, struct kit_side *user, struct kit_side *server)
{
    SECURITY_STATUS status;
    server->has_credential = server->has_context = false;
    server->token = NULL;
    if (s->allocate)
        return allocated(s->isc, user, server);
    if (s->password) {
        status = kit_open(user, "Kerberos", true, REALM, KIT_USER, s->password);
        if (status == SEC_E_OK)
            status = kit_step(user, s->isc, s->target, NULL, 0, NULL);
        return status == SEC_I_CONTINUE_NEEDED ? SEC_E_OK : status;
    }
    status = realm_handshake(s->target, s->isc, 0, user, server);
    if (status == SEC_E_OK)
        status = ask(&user->context);
    if (status == SEC_E_OK)
        status = move(&server->context);
    return status == SEC_E_OK ? wrap(&user->context) : status;
}

static void each_allocation(const struct scene *s)
{
    SECURITY_STATUS status = play(s, &initiator, &acceptor); /* packages start, slabs are made */
    assert_status(status, SEC_E_OK);
    kit_close(&initiator);
    kit_close(&acceptor);
    size_t live = mem_live();
    unsigned n = 0;
    for (failed = true; failed; n++) {
        assert_true(n < 2000);
        left = n;
        failed = false;
        mem_test_gate = gate;
        status = play(s, &initiator, &acceptor);
        mem_test_gate = NULL;
        print_message("# %s, allocation %u: 0x%08x\n", s->name, n, (unsigned)status);
        if (status != SEC_E_OK)
            assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        kit_close(&initiator);
        kit_close(&acceptor);
        assert_int_equal(mem_live(), live);
    }
    assert_true(n > 5);
    assert_status(status, SEC_E_OK);
}

static void test_allocations(void **state)
{
    static const struct scene scenes[] = {
        {"signed", "host/server", NULL, ISC_REQ_INTEGRITY, false},
        {"sealed, delegated", "trusted/server", NULL,
         ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE, false},
        {"DCE style", "host@server", NULL, ISC_REQ_CONFIDENTIALITY | ISC_REQ_USE_DCE_STYLE, false},
        {"by password", "host/server", KIT_PASSWORD, ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH, false},
        {"ALLOCATE_MEMORY", "host/server", NULL, ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        each_allocation(&scenes[i]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_allocations)};
    realm_environment(NULL);
    return cmocka_run_group_tests_name("kerberos failures", tests, NULL, NULL);
}
