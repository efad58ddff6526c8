/* SPDX-License-Identifier: MIT */
/* SEC_WINNT_AUTH_IDENTITY in all its versions, through a client memory that knows its borders. */
#include "harness.h"

#include <stdlib.h>

#include "base/utf16.h"
#include "packages/ntlm/ntlm_identity.h"

/* What the structure may point to: a read anywhere else is the defect that this test is for. */
static struct {
    const uint8_t *start;
    size_t size;
} known[8];
static size_t known_count;

static void *knows(const void *start, size_t size)
{
    known[known_count].start = start;
    known[known_count++].size = size;
    return (void *)(uintptr_t)start;
}

static NTSTATUS NTAPI copy_known(PLSA_CLIENT_REQUEST request, ULONG size, PVOID to, PVOID from)
{
    (void)request;
    for (size_t i = 0; i < known_count; i++) {
        uintptr_t at = (uintptr_t)from, start = (uintptr_t)known[i].start;
        if (at >= start && at - start <= known[i].size && size <= known[i].size - (at - start)) {
            memcpy(to, from, size);
            return 0;
        }
    }
    return (NTSTATUS)0xC0000005;
}

static SECURITY_STATUS read_it(void *data, bool ansi, struct ntlm_identity *id, bool *given)
{
    memset(id, 0, sizeof *id);
    return ntlm_identity_read(copy_known, data, ansi, id, given);
}

static void is_user(void *data, bool ansi, const char16_t *domain, const char16_t *user)
{
    struct ntlm_identity id;
    bool given;
    assert_status(read_it(data, ansi, &id, &given), SEC_E_OK);
    assert_true(given);
    assert_int_equal(id.user.units, utf16_length(user));
    assert_memory_equal(id.user.text, user, 2 * id.user.units);
    assert_int_equal(id.domain.units, utf16_length(domain));
    if (id.domain.units > 0) {
        assert_memory_equal(id.domain.text, domain, 2 * id.domain.units);
    }
    assert_hex(id.hash, "a4f49c406510bdcab6824ee7c30fd852");
    ntlm_identity_free(&id);
}

static void is_refused(void *data, bool ansi)
{
    struct ntlm_identity id;
    bool given = true;
    assert_status(read_it(data, ansi, &id, &given), SEC_E_UNKNOWN_CREDENTIALS);
    assert_false(given);
}

static void test_plain(void **state)
{
    static char16_t user[] = u"User", domain[] = u"Domain", password[] = u"Password",
                    both[] = u"Domain\\User";
    static char user_a[] = "j\xc3\xb6rg", password_a[] = "Password";
    SEC_WINNT_AUTH_IDENTITY_W w = {.User = user,
                                   .UserLength = 4,
                                   .Domain = domain,
                                   .DomainLength = 6,
                                   .Password = password,
                                   .PasswordLength = 8,
                                   .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};
    SEC_WINNT_AUTH_IDENTITY_A a = {.User = (unsigned char *)user_a,
                                   .UserLength = 5,
                                   .Password = (unsigned char *)password_a,
                                   .PasswordLength = 8};
    (void)state;
    known_count = 0;
    knows(&w, sizeof w);
    knows(&a, sizeof a);
    knows(user, 8);
    knows(domain, 12);
    knows(password, 16);
    knows(both, 22);
    knows(user_a, 5);
    knows(password_a, 8);
    is_user(&w, true, u"Domain", u"User"); /* the flag decides over the call */
    w.Flags = 0;
    is_user(&w, false, u"Domain", u"User");
    is_user(&a, true, u"", u"j\u00f6rg");
    a.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    is_user(&a, false, u"", u"j\u00f6rg");
    w.User = both;
    w.UserLength = 11;
    is_user(&w, false, u"Domain", u"Domain\\User"); /* a domain of its own: not taken apart */
    w.DomainLength = 0;
    is_user(&w, false, u"Domain", u"User");
    w.Domain = NULL;
    is_user(&w, false, u"Domain", u"User");
    w.DomainLength = 1;
    is_refused(&w, false); /* a length without memory */
    w.DomainLength = 0;
    w.UserLength = 12;
    is_refused(&w, false); /* beyond what the client has */
    w.UserLength = UINT32_MAX;
    is_refused(&w, false);
    w.UserLength = 11;
    w.Flags = SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED;
    is_refused(&w, false);
    w.Flags = 0;
    w.User = user;
    w.UserLength = 4;
    user[2] = 0;
    is_refused(&w, false); /* a name that ends early */
    user[2] = u'e';
    is_user(&w, false, u"", u"User");
    a.UserLength = 2; /* half a character */
    is_refused(&a, true);
}

static void test_defaults(void **state)
{
    static char16_t user[] = u"User", empty[] = u"";
    struct ntlm_identity id;
    bool given;
    SEC_WINNT_AUTH_IDENTITY_W w = {.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};
    (void)state;
    unsetenv("NTLM_USER_FILE");
    known_count = 0;
    knows(&w, sizeof w);
    knows(user, 8);
    assert_status(read_it(&w, false, &id, &given), SEC_E_OK);
    assert_false(given);
    w.User = user;
    w.UserLength = 4;
    assert_status(read_it(&w, false, &id, &given), SEC_E_NO_CREDENTIALS);
    w.User = w.Domain = w.Password = empty;
    w.UserLength = 0;
    assert_status(read_it(&w, false, &id, &given), SEC_E_OK);
    assert_true(given && id.anonymous);
    ntlm_identity_free(&id);
}

static void test_ex(void **state)
{
    static char16_t user[] = u"User", domain[] = u"Domain", password[] = u"Password";
    SEC_WINNT_AUTH_IDENTITY_EXW x = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
                                     .Length = sizeof x,
                                     .User = user,
                                     .UserLength = 4,
                                     .Domain = domain,
                                     .DomainLength = 6,
                                     .Password = password,
                                     .PasswordLength = 8,
                                     .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};
    (void)state;
    known_count = 0;
    knows(&x, sizeof x);
    knows(user, 8);
    knows(domain, 12);
    knows(password, 16);
    is_user(&x, true, u"Domain", u"User");
    x.Length--;
    is_refused(&x, true);
    x.Length = sizeof x;
    known[0].size = sizeof x - 1;
    is_refused(&x, true);
}

/* A SEC_WINNT_AUTH_IDENTITY_EX2 in one block; indirect: the password behind a SEC_WINNT_AUTH_DATA_PASSWORD.
 */
static size_t make_ex2(uint8_t *out, bool indirect)
{
    static const GUID type = {0x28bfc32f, 0x10f6, 0x4738, {0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a}};
    SEC_WINNT_AUTH_IDENTITY_EX2 id = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2,
                                      .cbHeaderLength = sizeof id,
                                      .UserOffset = 64,
                                      .UserLength = 8,
                                      .DomainOffset = 80,
                                      .DomainLength = 12,
                                      .PackedCredentialsOffset = 96};
    SEC_WINNT_AUTH_PACKED_CREDENTIALS packed = {.cbHeaderLength = sizeof packed,
                                                .AuthData = {.CredType = type}};
    SEC_WINNT_AUTH_DATA_PASSWORD inner = {{sizeof inner, 16}};
    size_t extra = indirect ? sizeof inner : 0;
    packed.AuthData.CredData.ByteArrayOffset = sizeof packed;
    packed.AuthData.CredData.ByteArrayLength = (USHORT)(extra + 16);
    packed.cbStructureLength = (USHORT)(sizeof packed + extra + 16);
    id.PackedCredentialsLength = packed.cbStructureLength;
    id.cbStructureLength = 96 + id.PackedCredentialsLength;
    memcpy(out, &id, sizeof id);
    memcpy(out + 64, u"User", 8);
    memcpy(out + 80, u"Domain", 12);
    memcpy(out + 96, &packed, sizeof packed);
    memcpy(out + 96 + sizeof packed, &inner, extra);
    memcpy(out + 96 + sizeof packed + extra, u"Password", 16);
    return id.cbStructureLength;
}

static void test_ex2(void **state)
{
    uint64_t block[64];
    uint8_t *bytes = (uint8_t *)block;
    (void)state;
    for (int indirect = 0; indirect < 2; indirect++) {
        memset(block, 0, sizeof block);
        size_t size = make_ex2(bytes, indirect);
        known_count = 0;
        knows(bytes, size);
        is_user(bytes, false, u"Domain", u"User");
        /* Every byte of header and lengths changed: never a read outside, which copy_known would answer with
         * a fault and the checkers see; whatever is taken is freed. */
        for (size_t at = 4; at < size; at++) {
            for (unsigned value = 0; value < 256; value += 51) {
                struct ntlm_identity id;
                bool given;
                uint8_t kept = bytes[at];
                bytes[at] = (uint8_t)value;
                if (read_it(bytes, false, &id, &given) == SEC_E_OK && given) {
                    ntlm_identity_free(&id);
                }
                bytes[at] = kept;
            }
        }
        for (size_t cut = 0; cut < size; cut++) {
            struct ntlm_identity id;
            bool given;
            known[0].size = cut;
            assert_status(read_it(bytes, false, &id, &given), SEC_E_UNKNOWN_CREDENTIALS);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_ex),
        cmocka_unit_test(test_ex2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
