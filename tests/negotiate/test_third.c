/* SPDX-License-Identifier: MIT */
/*
 * A third mechanism, from a module (third.c): its place among the others, the mechListMIC as an ordinary
 * message of its, what is said of mechanisms that were passed over, and the module's removal while
 * credentials of Negotiate hold it.
 */
#include "realm.h"

#include <string.h>

#include <opensspi.h>

#include "nego_kit.h"
#include "packages/negotiate/negotiate_messages.h"

enum { SIGNED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT, ASC_SIGNED = ASC_REQ_INTEGRITY };

static const uint8_t third[] = {0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x63};
static const uint8_t ntlm[] = {0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a};

static struct kit_side a, b;

static void load(void)
{
    assert_status(AddSecurityPackageA((LPSTR)(uintptr_t)THIRD, NULL), SEC_E_OK);
}

static SECURITY_STATUS drop(void)
{
    return DeleteSecurityPackageA((SEC_CHAR *)(uintptr_t) "third");
}

static bool is_mapped(void)
{
    char line[512];
    bool found = false;
    FILE *f = fopen("/proc/self/maps", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        found |= strstr(line, "/third.so") != NULL;
    fclose(f);
    return found;
}

static void open_both(const char *ours, const char *theirs)
{
    assert_status(nego_open(&a, true, ours, NULL), SEC_E_OK);
    assert_status(nego_open(&b, false, theirs, NULL), SEC_E_OK);
}

static void close_both(void)
{
    kit_close(&a);
    kit_close(&b);
}

static SECURITY_STATUS step_a(const struct kit_side *from)
{
    return kit_step(&a, SIGNED, "host/server", from ? from->token : NULL, from ? from->token_size : 0, NULL);
}

static SECURITY_STATUS step_b(const struct kit_side *from)
{
    return kit_step(&b, ASC_SIGNED, NULL, from->token, from->token_size, NULL);
}

static void exchange(void)
{
    for (int i = 0; i < 5; i++) {
        kit_exchange(&a.context, &b.context, "from a", false);
        kit_exchange(&b.context, &a.context, "from b", false);
    }
}

/* What stands behind the package's own comment; "" when nothing was passed over. */
static const char *passed_over(CtxtHandle *context)
{
    static char text[1024];
    SecPkgContext_NegotiationInfoA info;
    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_NEGOTIATION_INFO, &info), SEC_E_OK);
    const char *at = strstr(info.PackageInfo->Comment, "; passed over: ");
    snprintf(text, sizeof text, "%s", at ? at + strlen("; passed over: ") : "");
    FreeContextBuffer(info.PackageInfo);
    return text;
}

static struct negotiate_init offered(void)
{
    struct negotiate_init m;
    assert_true(negotiate_init_read((struct span){a.token, a.token_size}, &m));
    return m;
}

static bool mech_is(const struct negotiate_init *m, size_t i, const uint8_t *oid, size_t size)
{
    return i < m->mech_count && m->mechs[i].size == size && memcmp(m->mechs[i].data, oid, size) == 0;
}

/* ---- a mechanism like the others ---- */

static void test_place(void **state)
{
    (void)state;
    open_both("", "");
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    struct negotiate_init m = offered();
    assert_int_equal(m.mech_count, 4); /* Kerberos' two names first */
    assert_true(mech_is(&m, 2, third, sizeof third) && mech_is(&m, 3, ntlm, sizeof ntlm));
    close_both();

    /* The optimistic token is taken; neither side has a reason for a mechListMIC. */
    open_both("!kerberos", "!kerberos");
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    nego_assert_package(&a.context, "Third", SECPKG_NEGOTIATION_OPTIMISTIC);
    assert_status(step_b(&a), SEC_E_OK);
    struct negotiate_resp answer;
    assert_true(negotiate_resp_read((struct span){b.token, b.token_size}, &answer));
    assert_int_equal(answer.mic.size, 0);
    assert_status(step_a(&b), SEC_E_OK);
    assert_int_equal(a.token_size, 0);
    nego_assert_package(&a.context, "Third", SECPKG_NEGOTIATION_COMPLETE);
    exchange();
    close_both();
}

/* Kerberos is offered first and not there. The list is signed by number 0, what follows by 1 and on. */
static void test_reselected(void **state)
{
    struct negotiate_resp m;
    (void)state;
    for (int good = 0; good < 2; good++) {
        open_both("", "third");
        assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
        assert_status(step_b(&a), SEC_I_CONTINUE_NEEDED);
        assert_true(negotiate_resp_read((struct span){b.token, b.token_size}, &m));
        assert_int_equal(m.state, NEGOTIATE_REQUEST_MIC);
        assert_status(step_a(&b), SEC_I_CONTINUE_NEEDED);
        assert_status(step_b(&a), SEC_I_CONTINUE_NEEDED);
        assert_true(negotiate_resp_read((struct span){b.token, b.token_size}, &m));
        assert_int_equal(m.mic.size, 12);
        if (!good)
            b.token[m.mic.data - b.token] ^= 1;
        assert_status(step_a(&b), good ? SEC_E_OK : SEC_E_MESSAGE_ALTERED);
        if (good) {
            assert_status(step_b(&a), SEC_E_OK);
            nego_assert_package(&b.context, "Third", SECPKG_NEGOTIATION_COMPLETE);
            uint8_t token[12];
            ULONG size = sizeof token;
            assert_status(kit_sign(&a.context, "x", 1, token, &size), SEC_E_OK);
            assert_int_equal(token[8], 1);
            assert_status(kit_verify(&b.context, "x", 1, token, size), SEC_E_OK);
            exchange();
        }
        close_both();
    }
}

/* It is passed over in favour of none: a list without it makes the acceptor ask for the mechListMIC. */
static void test_preferred(void **state)
{
    struct negotiate_resp m;
    (void)state;
    open_both("ntlm", "third,ntlm");
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(step_b(&a), SEC_I_CONTINUE_NEEDED);
    assert_true(negotiate_resp_read((struct span){b.token, b.token_size}, &m));
    assert_int_equal(m.state, NEGOTIATE_REQUEST_MIC);
    close_both();
}

/* ---- what was passed over ---- */

static void test_reasons(void **state)
{
    SecPkgContext_PackageInfoA info;
    (void)state;
    /* Nothing. */
    open_both("", "");
    assert_status(nego_shake(&a, SIGNED, &b, ASC_SIGNED, "host/server"), SEC_E_OK);
    assert_string_equal(passed_over(&a.context), "");
    assert_string_equal(passed_over(&b.context), "");
    close_both();

    /* While it lasts and afterwards, on both sides. */
    open_both("!third", "!kerberos");
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    assert_string_equal(passed_over(&a.context), "Third (left out by PackageList, 0x80090305)");
    assert_status(step_b(&a), SEC_I_CONTINUE_NEEDED);
    static const char acceptor[] = "1.2.840.113554.1.2.2 (left out by PackageList, 0x80090305), "
                                   "1.2.840.48018.1.2.2 (left out by PackageList, 0x80090305)";
    assert_string_equal(passed_over(&b.context), acceptor);
    assert_status(step_a(&b), SEC_I_CONTINUE_NEEDED);
    static const char initiator[] = "Third (left out by PackageList, 0x80090305), "
                                    "Kerberos (the acceptor chose another, 0x00000000)";
    assert_string_equal(passed_over(&a.context), initiator);
    for (int leg = 0; leg < 4; leg++) {
        SECURITY_STATUS status = leg % 2 ? step_a(&b) : step_b(&a);
        assert_true(SEC_SUCCESS(status));
        if (status == SEC_E_OK && (leg % 2 ? a : b).token_size == 0)
            break;
    }
    nego_assert_package(&a.context, "NTLM", SECPKG_NEGOTIATION_COMPLETE);
    assert_string_equal(passed_over(&a.context), initiator);
    assert_string_equal(passed_over(&b.context), acceptor);
    /* PACKAGE_INFO is the package's alone. */
    assert_status(QueryContextAttributesA(&a.context, SECPKG_ATTR_PACKAGE_INFO, &info), SEC_E_OK);
    assert_null(strstr(info.PackageInfo->Comment, "passed over"));
    FreeContextBuffer(info.PackageInfo);
    close_both();

    /* No ticket: with Kerberos' own status. */
    assert_status(nego_open(&a, true, "kerberos,ntlm", NULL), SEC_E_OK);
    assert_status(kit_step(&a, SIGNED, "host/nowhere", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_string_equal(passed_over(&a.context), "Kerberos (no first token, 0x80090303), "
                                                 "Third (left out by PackageList, 0x80090305)");
    kit_close(&a);
}

/* An initiator's list is anybody's text, and not all of it is kept. */
static void test_long_list(void **state)
{
    static uint8_t oids[NEGOTIATE_MECHS_MAX][64], list[4096], wire[8192];
    struct span mechs[NEGOTIATE_MECHS_MAX];
    struct wire_writer w;
    (void)state;
    for (size_t i = 0; i < NEGOTIATE_MECHS_MAX; i++) {
        oids[i][0] = 0x06;
        oids[i][1] = 62;
        memset(oids[i] + 2, (int)(0x21 + i), 62);
        mechs[i] = (struct span){oids[i], 64};
    }
    mechs[NEGOTIATE_MECHS_MAX - 1] = (struct span){ntlm, sizeof ntlm};
    wire_write_init(&w, list, sizeof list);
    negotiate_list_write(&w, mechs, NEGOTIATE_MECHS_MAX);
    const struct negotiate_init m = {.mech_list = {list, w.at}};
    wire_write_init(&w, wire, sizeof wire);
    negotiate_init_write(&w, &m);
    assert_status(nego_open(&b, false, "", NULL), SEC_E_OK);
    assert_status(kit_step(&b, ASC_SIGNED, NULL, wire, w.at, NULL), SEC_I_CONTINUE_NEEDED);
    const char *text = passed_over(&b.context);
    assert_true(strlen(text) > 100 && strlen(text) < 700);
    kit_close(&b);
}

/* ---- removed ---- */

static void test_removed(void **state)
{
    struct kit_side again = {.initiator = true}, alone;
    (void)state;
    open_both("third,ntlm", "third,ntlm");
    assert_status(nego_open(&alone, true, "third", NULL), SEC_E_OK);
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    nego_assert_package(&a.context, "Third", SECPKG_NEGOTIATION_OPTIMISTIC);
    assert_status(drop(), SEC_E_OK);
    assert_status(drop(), SEC_E_SECPKG_NOT_FOUND);

    /* The acceptor has begun nothing yet: it begins NTLM. */
    assert_status(step_b(&a), SEC_I_CONTINUE_NEEDED);
    nego_assert_package(&b.context, "NTLM", SECPKG_NEGOTIATION_IN_PROGRESS);
    assert_string_equal(passed_over(&b.context), "1.3.6.1.4.1.311.2.2.99 (removed, 0x80090305)");
    assert_status(DeleteSecurityContext(&a.context), SEC_E_OK);
    assert_status(DeleteSecurityContext(&b.context), SEC_E_OK);
    a.has_context = b.has_context = false;

    /* The same credentials, from the beginning. */
    again.token = a.token;
    again.credential = a.credential;
    assert_status(nego_shake(&again, SIGNED, &b, ASC_SIGNED, "host/server"), SEC_E_OK);
    nego_assert_package(&again.context, "NTLM", SECPKG_NEGOTIATION_COMPLETE);
    assert_string_equal(passed_over(&again.context), "Kerberos (left out by PackageList, 0x80090305), "
                                                     "Third (removed, 0x80090305)");
    kit_exchange(&again.context, &b.context, "without it", false);
    assert_status(DeleteSecurityContext(&again.context), SEC_E_OK);
    /* Nothing is left, and the mechanism's own tokens have nobody either. */
    assert_status(kit_step(&alone, SIGNED, NULL, NULL, 0, NULL), SEC_E_SECPKG_NOT_FOUND);
    kit_close(&alone);
    assert_true(is_mapped());
    close_both();
    assert_false(is_mapped());
    load();
}

/* Handshakes that have begun with it go on, and so do contexts. */
static void test_removed_meanwhile(void **state)
{
    (void)state;
    open_both("third", "third");
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(step_b(&a), SEC_E_OK);
    assert_status(drop(), SEC_E_OK);
    assert_status(step_a(&b), SEC_E_OK);
    exchange();
    nego_assert_package(&a.context, "Third", SECPKG_NEGOTIATION_COMPLETE);
    close_both();
    assert_false(is_mapped());
    load();

    /* An acceptor that chooses it too late: the initiator would have to begin it now. */
    open_both("", "third");
    assert_status(step_a(NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(step_b(&a), SEC_I_CONTINUE_NEEDED);
    assert_status(drop(), SEC_E_OK);
    assert_status(step_a(&b), SEC_E_SECPKG_NOT_FOUND);
    close_both();
    assert_false(is_mapped());
    load();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_reselected),
        cmocka_unit_test(test_preferred),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_long_list),
        cmocka_unit_test(test_removed),
        cmocka_unit_test(test_removed_meanwhile),
    };
    realm_environment(NULL);
    return AddSecurityPackageA((LPSTR)(uintptr_t)THIRD, NULL) == SEC_E_OK
               ? cmocka_run_group_tests(tests, NULL, NULL)
               : 1;
}
