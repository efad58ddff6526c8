/* SPDX-License-Identifier: MIT */
#include "pair.h"

#include <time.h>

struct kit_side initiator, acceptor;

void pair_open(const char *target, ULONG isc, ULONG asc)
{
    assert_status(realm_handshake(target, isc, asc, &initiator, &acceptor), SEC_E_OK);
}

void pair_close(void)
{
    kit_close(&initiator);
    kit_close(&acceptor);
}

SECURITY_STATUS pair_step_allocated(struct kit_side *side, ULONG flags, const SecBuffer *in, SecBuffer *out)
{
    SEC_CHAR target[] = "host/server";
    SecBuffer copy = in ? *in : (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &copy}, out_desc = {SECBUFFER_VERSION, 1, out};
    CtxtHandle *old = side->has_context ? &side->context : NULL;
    *out = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    SECURITY_STATUS status =
        side->initiator
            ? InitializeSecurityContextA(&side->credential, old, target, flags | ISC_REQ_ALLOCATE_MEMORY, 0,
                                         SECURITY_NATIVE_DREP, in ? &in_desc : NULL, 0, &side->context,
                                         &out_desc, &side->attributes, NULL)
            : AcceptSecurityContext(&side->credential, old, &in_desc, flags | ASC_REQ_ALLOCATE_MEMORY,
                                    SECURITY_NATIVE_DREP, &side->context, &out_desc, &side->attributes, NULL);
    if (!SEC_SUCCESS(status))
        return status;
    side->has_context = true;
    assert_int_equal(ISC_RET_ALLOCATED_MEMORY, ASC_RET_ALLOCATED_MEMORY);
    assert_true(side->attributes & ISC_RET_ALLOCATED_MEMORY);
    assert_int_equal(out->BufferType, SECBUFFER_TOKEN);
    return status;
}

void pair_assert_text(SEC_CHAR *text, const char *want)
{
    assert_string_equal(text, want);
    FreeContextBuffer(text);
}

void pair_assert_names(CtxtHandle *context, const char *target)
{
    SecPkgContext_NamesA names;
    SecPkgContext_NativeNamesA native;
    SecPkgContext_AuthorityA authority;
    SecPkgContext_Target given;
    SecPkgContext_DceInfo dce;
    static const SEC_WCHAR alice[] = u"alice@" REALM;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    pair_assert_text(names.sUserName, KIT_USER "@" REALM);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_NATIVE_NAMES, &native), SEC_E_OK);
    pair_assert_text(native.sClientName, KIT_USER "@" REALM);
    pair_assert_text(native.sServerName, "host/server@" REALM);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_AUTHORITY, &authority), SEC_E_OK);
    pair_assert_text(authority.sAuthorityName, REALM);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_TARGET, &given), SEC_E_OK);
    pair_assert_text(given.Target, target);
    assert_status(QueryContextAttributesW(context, SECPKG_ATTR_DCE_INFO, &dce), SEC_E_OK);
    assert_int_equal(dce.AuthzSvc, 1);
    assert_memory_equal(dce.pPac, alice, sizeof alice);
    FreeContextBuffer(dce.pPac);
}

void pair_assert_lifespan(CtxtHandle *context)
{
    SecPkgContext_Lifespan span;
    int64_t now = ((int64_t)time(NULL) + INT64_C(11644473600)) * 10000000, hour = INT64_C(36000000000);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_LIFESPAN, &span), SEC_E_OK);
    assert_true(span.tsStart.QuadPart <= now + 20000000 && span.tsStart.QuadPart > now - hour);
    assert_true(span.tsExpiry.QuadPart > now + 9 * hour &&
                span.tsExpiry.QuadPart <= now + 10 * hour + 20000000);
}
