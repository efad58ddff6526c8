/* SPDX-License-Identifier: MIT */
#include "nego_kit.h"

#include <stdlib.h>
#include <string.h>

static unsigned char *bytes(const char *text)
{
    return (unsigned char *)(uintptr_t)text;
}

SECURITY_STATUS nego_open(struct kit_side *side, bool initiator, const char *list, const char *password)
{
    SEC_WINNT_AUTH_IDENTITY_EXA id;
    memset(&id, 0, sizeof id);
    memset(side, 0, sizeof *side);
    side->initiator = initiator;
    side->token = malloc(KIT_TOKEN_MAX);
    id.Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    id.Length = sizeof id;
    id.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    id.PackageList = bytes(list);
    id.PackageListLength = (ULONG)strlen(list);
    if (password) {
        id.User = bytes(KIT_USER);
        id.UserLength = sizeof KIT_USER - 1;
        id.Domain = bytes(KIT_DOMAIN);
        id.DomainLength = sizeof KIT_DOMAIN - 1;
        id.Password = bytes(password);
        id.PasswordLength = (ULONG)strlen(password);
    }
    SECURITY_STATUS status = AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t) "Negotiate",
                                                       initiator ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND,
                                                       NULL, &id, NULL, NULL, &side->credential, NULL);
    side->has_credential = status == SEC_E_OK;
    return status;
}

SECURITY_STATUS nego_shake(struct kit_side *initiator, ULONG isc, struct kit_side *acceptor, ULONG asc,
                           const char *target)
{
    struct kit_side *sides[2] = {initiator, acceptor};
    bool done[2] = {false, false};
    SECURITY_STATUS status = kit_step(initiator, isc, target, NULL, 0, NULL);
    for (int leg = 0; leg < 9 && SEC_SUCCESS(status); leg++) {
        const struct kit_side *from = sides[leg % 2];
        struct kit_side *to = sides[(leg + 1) % 2];
        done[leg % 2] |= status == SEC_E_OK;
        if (done[0] && done[1])
            return from->token_size ? SEC_E_INTERNAL_ERROR : SEC_E_OK;
        if (done[(leg + 1) % 2])
            return SEC_E_INTERNAL_ERROR;
        status = kit_step(to, to->initiator ? isc : asc, target, from->token, from->token_size, NULL);
    }
    return SEC_SUCCESS(status) ? SEC_E_INTERNAL_ERROR : status;
}

void nego_pair(const char *list, ULONG isc, ULONG asc, struct kit_side *initiator, struct kit_side *acceptor)
{
    assert_status(nego_open(initiator, true, list, NULL), SEC_E_OK);
    assert_status(nego_open(acceptor, false, list, NULL), SEC_E_OK);
    assert_status(nego_shake(initiator, isc, acceptor, asc, "host/server"), SEC_E_OK);
}

void nego_assert_package(CtxtHandle *context, const char *name, ULONG negotiation)
{
    SecPkgContext_NegotiationInfoA info;
    SecPkgContext_PackageInfoA package;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_NEGOTIATION_INFO, &info), SEC_E_OK);
    assert_string_equal(info.PackageInfo->Name, name);
    assert_int_equal(info.NegotiationState, negotiation);
    FreeContextBuffer(info.PackageInfo);
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_PACKAGE_INFO, &package), SEC_E_OK);
    assert_string_equal(package.PackageInfo->Name, name);
    FreeContextBuffer(package.PackageInfo);
}

void nego_assert_names(CtxtHandle *context, const char *user, const char *target)
{
    SecPkgContext_NamesA names;
    SecPkgContext_Target to;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_NAMES, &names),
                  user ? SEC_E_OK : SEC_E_INVALID_HANDLE);
    if (user) {
        assert_string_equal(names.sUserName, user);
        FreeContextBuffer(names.sUserName);
    }
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_TARGET, &to),
                  target ? SEC_E_OK : SEC_E_INVALID_HANDLE);
    if (target) {
        assert_int_equal(to.TargetLength, strlen(target));
        assert_memory_equal(to.Target, target, to.TargetLength);
        FreeContextBuffer(to.Target);
    }
}
