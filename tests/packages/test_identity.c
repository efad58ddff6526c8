/* SPDX-License-Identifier: MIT */
/*
 * One identity in every form, to every package: what SspiEncodeStringsAsAuthIdentity makes, and
 * SEC_WINNT_AUTH_IDENTITY_EX2 laid out as its documentation says. The password of each form has to be the
 * right one, so handshakes are made with it, and none with another.
 */
#define _SEC_WINNT_AUTH_TYPES
#include "nego_kit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "packages/identity.h"
#ifdef WITH_REALM
#include "realm.h"
#endif

enum form { STRINGS, EX2_STRUCTURE, EX2_PLAIN, COPY_OF_EX2, FORMS };

/* ---- SEC_WINNT_AUTH_IDENTITY_EX2 ---- */

struct writer {
    uint8_t *at;
    ULONG used;
};

static ULONG put(struct writer *w, const void *data, size_t size)
{
    ULONG offset = w->used;
    if (size > 0)
        memcpy(w->at + offset, data, size);
    w->used += (ULONG)size;
    return offset;
}

static USHORT put_text(struct writer *w, const char16_t *text, ULONG *offset)
{
    USHORT size = (USHORT)(2 * utf16_length(text));
    *offset = put(w, text, size);
    return size;
}

/* In block, which is large enough. structure: the credential is a SEC_WINNT_AUTH_DATA_PASSWORD, whose offset
 * counts from its own beginning; else it is the password. */
static void make_ex2(uint8_t *block, bool structure, const char16_t *user, const char16_t *domain,
                     const char16_t *password, const char16_t *list)
{
    struct writer w = {block, sizeof(SEC_WINNT_AUTH_IDENTITY_EX2)};
    USHORT password_size = (USHORT)(2 * utf16_length(password));
    SEC_WINNT_AUTH_DATA_PASSWORD inner = {{sizeof inner, password_size}};
    USHORT inner_size = structure ? sizeof inner : 0;
    SEC_WINNT_AUTH_PACKED_CREDENTIALS packed = {
        .cbHeaderLength = sizeof packed,
        .cbStructureLength = (USHORT)(sizeof packed + inner_size + password_size),
        .AuthData = {SEC_WINNT_AUTH_DATA_TYPE_PASSWORD,
                     {sizeof packed, (USHORT)(inner_size + password_size)}},
    };
    SEC_WINNT_AUTH_IDENTITY_EX2 id = {
        .Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2,
        .cbHeaderLength = sizeof id,
        .PackedCredentialsLength = packed.cbStructureLength,
        .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_MARSHALLED,
    };
    id.UserLength = put_text(&w, user, &id.UserOffset);
    id.DomainLength = put_text(&w, domain, &id.DomainOffset);
    id.PackedCredentialsOffset = put(&w, &packed, sizeof packed);
    put(&w, &inner, inner_size);
    put(&w, password, password_size);
    id.PackageListLength = put_text(&w, list, &id.PackageListOffset);
    id.cbStructureLength = w.used;
    memcpy(block, &id, sizeof id);
}

/* ---- every package ---- */

static SECURITY_STATUS open_form(struct kit_side *side, const char *package, enum form form,
                                 const char16_t *domain, const char16_t *password, const char16_t *list)
{
    uint64_t block[128] = {0};
    PSEC_WINNT_AUTH_IDENTITY_OPAQUE made = NULL;
    memset(side, 0, sizeof *side);
    side->initiator = true;
    side->token = malloc(KIT_TOKEN_MAX);
    make_ex2((uint8_t *)block, form != EX2_PLAIN, u"" KIT_USER, domain, password, list);
    if (form == STRINGS)
        assert_status(SspiEncodeStringsAsAuthIdentity(u"" KIT_USER, domain, password, &made), SEC_E_OK);
    if (form == COPY_OF_EX2)
        assert_status(SspiCopyAuthIdentity(block, &made), SEC_E_OK);
    SECURITY_STATUS status =
        AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t)package, SECPKG_CRED_OUTBOUND, NULL,
                                  made != NULL ? made : (void *)block, NULL, NULL, &side->credential, NULL);
    side->has_credential = status == SEC_E_OK;
    SspiFreeAuthIdentity(made);
    /* It was read, not kept. */
    memset(block, 0xff, sizeof block);
    return status;
}

static SECURITY_STATUS shake(const char *package, enum form form, const char16_t *domain,
                             const char16_t *password, const char16_t *list)
{
    struct kit_side initiator, acceptor;
    SECURITY_STATUS status = open_form(&initiator, package, form, domain, password, list);
    assert_status(kit_open(&acceptor, package, false, NULL, NULL, NULL), SEC_E_OK);
    if (status == SEC_E_OK)
        status =
            nego_shake(&initiator, ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY, &acceptor, 0, "host/server");
    kit_close(&initiator);
    kit_close(&acceptor);
    return status;
}

static void every_form(const char *package, const char16_t *domain, const char16_t *list)
{
    for (enum form form = STRINGS; form < FORMS; form++) {
        assert_status(shake(package, form, domain, u"" KIT_PASSWORD, list), SEC_E_OK);
        assert_status(shake(package, form, domain, u"wrong horse", list), SEC_E_LOGON_DENIED);
    }
}

static void test_ntlm(void **state)
{
    (void)state;
    every_form("NTLM", u"" KIT_DOMAIN, u"");
}

static void test_negotiate(void **state)
{
    (void)state;
    /* Where the identity has no list, Kerberos is asked first and knows no such realm. */
    every_form("Negotiate", u"" KIT_DOMAIN, u"NTLM");
}

static void test_psk(void **state)
{
    (void)state;
    for (enum form form = STRINGS; form < FORMS; form++)
        assert_status(shake("psk", form, u"", u"", u""), SEC_E_OK);
}

#ifdef WITH_REALM
static void test_kerberos(void **state)
{
    (void)state;
    every_form("Kerberos", u"" REALM, u"");
    for (enum form form = STRINGS; form < FORMS; form++)
        assert_status(shake("Negotiate", form, u"" REALM, u"" KIT_PASSWORD, u"Kerberos"), SEC_E_OK);
}
#endif

/* ---- the reader ---- */

static const uint8_t *known;
static size_t known_size;

static NTSTATUS NTAPI copy_known(PLSA_CLIENT_REQUEST request, ULONG size, PVOID to, PVOID from)
{
    size_t at = (uintptr_t)from - (uintptr_t)known;
    (void)request;
    if (at > known_size || size > known_size - at)
        return (NTSTATUS)0xC0000005;
    memcpy(to, from, size);
    return 0;
}

static SECURITY_STATUS read_known(const void *data, size_t size, struct packages_identity *id, bool *given)
{
    known = data;
    known_size = size;
    *given = true;
    return packages_identity_read(copy_known, data, true, id, given);
}

static void assert_refused(const void *data, size_t size)
{
    struct packages_identity id;
    size_t live = mem_live();
    bool given;
    assert_status(read_known(data, size, &id, &given), SEC_E_UNKNOWN_CREDENTIALS);
    assert_false(given);
    assert_null(id.user.text);
    assert_int_equal(mem_live(), live);
}

static void assert_text(const struct packages_text *text, const char16_t *want)
{
    assert_int_equal(text->text == NULL, want == NULL);
    assert_int_equal(text->units, utf16_length(want));
    if (want != NULL)
        assert_memory_equal(text->text, want, 2 * (text->units + 1));
}

static void test_texts(void **state)
{
    uint64_t block[64];
    SEC_WINNT_AUTH_IDENTITY_EX2 *ex2 = (void *)block;
    struct packages_identity id;
    bool given;
    (void)state;
    for (int structure = 0; structure < 2; structure++) {
        memset(block, 0, sizeof block);
        make_ex2((uint8_t *)block, structure, u"us\u00e9r", u"", u"p\u00e4ss", u"!x");
        ex2->Flags |= SEC_WINNT_AUTH_IDENTITY_ONLY;
        assert_status(read_known(block, ex2->cbStructureLength, &id, &given), SEC_E_OK);
        assert_true(given);
        assert_text(&id.user, u"us\u00e9r");
        assert_text(&id.domain, u"");
        assert_text(&id.password, u"p\u00e4ss");
        assert_text(&id.list, u"!x");
        assert_int_equal(id.flags, SEC_WINNT_AUTH_IDENTITY_ONLY);
        packages_identity_free(&id);
    }
    /* No password; then nobody, but a list. */
    ex2->PackedCredentialsLength = 0;
    assert_status(read_known(block, ex2->cbStructureLength, &id, &given), SEC_E_OK);
    assert_true(given);
    assert_text(&id.password, NULL);
    packages_identity_free(&id);
    ex2->UserOffset = ex2->UserLength = ex2->DomainOffset = 0;
    assert_status(read_known(block, ex2->cbStructureLength, &id, &given), SEC_E_OK);
    assert_false(given);
    assert_text(&id.user, NULL);
    assert_text(&id.domain, NULL);
    assert_text(&id.list, u"!x");
    packages_identity_free(&id);
}

/* Flags say what names and the list are; the password is UTF-16 in any case. */
static void test_ansi(void **state)
{
    uint64_t block[64] = {0};
    SEC_WINNT_AUTH_IDENTITY_EX2 *ex2 = (void *)block;
    struct packages_identity id;
    bool given;
    (void)state;
    make_ex2((uint8_t *)block, true, u"abcd", u"", u"p\u00e4ss", u"");
    ex2->Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    ex2->UserLength = 5;
    memcpy((uint8_t *)block + ex2->UserOffset, "us\u00e9r", 5);
    assert_status(read_known(block, ex2->cbStructureLength, &id, &given), SEC_E_OK);
    assert_text(&id.user, u"us\u00e9r");
    assert_text(&id.password, u"p\u00e4ss");
    assert_int_equal(id.flags, 0);
    packages_identity_free(&id);
    ex2->UserLength = 3; /* half a character */
    assert_refused(block, ex2->cbStructureLength);
}

static void test_refused(void **state)
{
    static const ULONG encrypted[] = {
        SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED, SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED,
        SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED, SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED};
    uint64_t block[64] = {0};
    SEC_WINNT_AUTH_IDENTITY_EX2 *ex2 = (void *)block, whole;
    (void)state;
    make_ex2((uint8_t *)block, true, u"user", u"domain", u"password", u"");
    whole = *ex2;
    for (size_t i = 0; i < sizeof encrypted / sizeof encrypted[0]; i++) {
        ex2->Flags = whole.Flags | encrypted[i];
        assert_refused(block, ex2->cbStructureLength);
    }
    *ex2 = whole;
    for (size_t cut = 0; cut < whole.cbStructureLength; cut++)
        assert_refused(block, cut);
    ex2->UserLength = 7; /* half a character */
    assert_refused(block, whole.cbStructureLength);
    *ex2 = whole;
    ex2->PackageListOffset = whole.cbStructureLength + 1;
    assert_refused(block, whole.cbStructureLength);
    *ex2 = whole;
    ex2->UserLength += 4; /* up to and with what follows: more characters, all of them inside */
    ((char16_t *)(void *)((uint8_t *)block + ex2->UserOffset))[4] = 0;
    assert_refused(block, whole.cbStructureLength); /* a name that ends early */
    *ex2 = whole;
    SEC_WINNT_AUTH_PACKED_CREDENTIALS *packed = (void *)((uint8_t *)block + ex2->PackedCredentialsOffset);
    packed->AuthData.CredType = SEC_WINNT_AUTH_DATA_TYPE_CERT;
    assert_refused(block, whole.cbStructureLength);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),    cmocka_unit_test(test_ansi),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ntlm),     cmocka_unit_test(test_negotiate), cmocka_unit_test(test_psk),
#ifdef WITH_REALM
        cmocka_unit_test(test_kerberos),
#endif
    };
#ifdef WITH_REALM
    realm_environment(NULL);
#else
    kit_environment(NULL);
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
