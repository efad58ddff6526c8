/* SPDX-License-Identifier: MIT */
/* The Sspi*AuthIdentity* family: every structure read, every length checked, marshalled bytes bent in every
 * place. */
#include "fake.h"

#include "base/mem.h"
#include "secur32/identity.h"

typedef PSEC_WINNT_AUTH_IDENTITY_OPAQUE opaque;

/* What an identity says through the public functions. */
static void expect(opaque id, const char16_t *user, const char16_t *domain, const char16_t *password)
{
    const char16_t *const wanted[3] = {user, domain, password};
    PCWSTR got[3] = {(PCWSTR)1, (PCWSTR)1, (PCWSTR)1};

    assert_int_equal(SspiEncodeAuthIdentityAsStrings(id, &got[0], &got[1], &got[2]), SEC_E_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(got[i] == NULL, wanted[i] == NULL);
        size_t n = 0;
        while (wanted[i] != NULL && wanted[i][n] != 0)
            n++;
        if (wanted[i] != NULL)
            assert_memory_equal(got[i], wanted[i], (n + 1) * 2);
        SspiLocalFree((void *)(uintptr_t)got[i]);
    }
}

static void from_strings(void **state)
{
    opaque id;

    (void)state;
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(u"user", u"DOM", u"pass", &id), SEC_E_OK);
    expect(id, u"user", u"DOM", u"pass");
    SspiFreeAuthIdentity(id);
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(u"DOM\\us\\er", NULL, u"", &id), SEC_E_OK);
    expect(id, u"us\\er", u"DOM", u"");
    SspiFreeAuthIdentity(id);
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(u"A\\b", u"C", NULL, &id), SEC_E_OK);
    expect(id, u"A\\b", u"C", NULL);
    SspiFreeAuthIdentity(id);
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(u"user@dom.example", NULL, u"p", &id), SEC_E_OK);
    expect(id, u"user@dom.example", NULL, u"p");
    /* What the function makes is a structure that any package can read. */
    SEC_WINNT_AUTH_IDENTITY_EXW *ex = id;
    assert_int_equal(ex->Version, SEC_WINNT_AUTH_IDENTITY_VERSION);
    assert_int_equal(ex->Length, sizeof(*ex));
    assert_int_equal(ex->Flags, SEC_WINNT_AUTH_IDENTITY_UNICODE);
    assert_int_equal(ex->UserLength, 16);
    assert_null(ex->Domain);
    SspiFreeAuthIdentity(id);
    id = (void *)3;
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(NULL, NULL, NULL, &id), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(u"u", NULL, NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_ptr_equal(id, (void *)3);
}

/* "m\u00fcller", "D\u00d6M", "p\u00e4ss": in both kinds of characters. */
static unsigned char a_user[] = "m\u00fcller", a_domain[] = "D\u00d6M", a_password[] = "p\u00e4ss",
                     a_list[] = "!x";
static char16_t w_user[] = u"m\u00fcller", w_domain[] = u"D\u00d6M", w_password[] = u"p\u00e4ss",
                w_list[] = u"!x";

static SEC_WINNT_AUTH_IDENTITY_A identity_a(void)
{
    return (SEC_WINNT_AUTH_IDENTITY_A){a_user, 7, a_domain, 4, a_password, 5, SEC_WINNT_AUTH_IDENTITY_ANSI};
}

static SEC_WINNT_AUTH_IDENTITY_W identity_w(void)
{
    return (SEC_WINNT_AUTH_IDENTITY_W){
        w_user, 6, w_domain, 3, w_password, 4, SEC_WINNT_AUTH_IDENTITY_UNICODE};
}

static SEC_WINNT_AUTH_IDENTITY_EXW identity_exw(void)
{
    return (SEC_WINNT_AUTH_IDENTITY_EXW){SEC_WINNT_AUTH_IDENTITY_VERSION,
                                         sizeof(SEC_WINNT_AUTH_IDENTITY_EXW),
                                         w_user,
                                         6,
                                         w_domain,
                                         3,
                                         w_password,
                                         4,
                                         SEC_WINNT_AUTH_IDENTITY_UNICODE,
                                         w_list,
                                         2};
}

static SEC_WINNT_AUTH_IDENTITY_EXA identity_exa(void)
{
    return (SEC_WINNT_AUTH_IDENTITY_EXA){SEC_WINNT_AUTH_IDENTITY_VERSION,
                                         sizeof(SEC_WINNT_AUTH_IDENTITY_EXA),
                                         a_user,
                                         7,
                                         a_domain,
                                         4,
                                         a_password,
                                         5,
                                         SEC_WINNT_AUTH_IDENTITY_ANSI,
                                         a_list,
                                         2};
}

/* EX2 with the password in a SEC_WINNT_AUTH_DATA_PASSWORD. */
struct ex2 {
    SEC_WINNT_AUTH_IDENTITY_EX2 head;
    char16_t user[6], domain[3];
    struct {
        SEC_WINNT_AUTH_PACKED_CREDENTIALS head;
        SEC_WINNT_AUTH_DATA_PASSWORD data;
        char16_t password[4];
    } packed;
};

static struct ex2 identity_ex2(void)
{
    struct ex2 id = {
        .head = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2,
                 .cbHeaderLength = sizeof(SEC_WINNT_AUTH_IDENTITY_EX2),
                 .cbStructureLength = sizeof(id),
                 .UserOffset = offsetof(struct ex2, user),
                 .UserLength = 12,
                 .DomainOffset = offsetof(struct ex2, domain),
                 .DomainLength = 6,
                 .PackedCredentialsOffset = offsetof(struct ex2, packed),
                 .PackedCredentialsLength = sizeof(id.packed),
                 .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_MARSHALLED},
        .packed = {.head = {.cbHeaderLength = sizeof(id.packed.head),
                            .cbStructureLength = sizeof(id.packed),
                            .AuthData = {{0x28bfc32f,
                                          0x10f6,
                                          0x4738,
                                          {0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a}},
                                         {sizeof(id.packed.head), 16}}},
                   .data = {{8, 8}}},
    };

    memcpy(id.user, w_user, 12);
    memcpy(id.domain, w_domain, 6);
    memcpy(id.packed.password, w_password, 8);
    return id;
}

static void every_structure(void **state)
{
    SEC_WINNT_AUTH_IDENTITY_A a = identity_a();
    SEC_WINNT_AUTH_IDENTITY_W w = identity_w();
    SEC_WINNT_AUTH_IDENTITY_EXA exa = identity_exa();
    SEC_WINNT_AUTH_IDENTITY_EXW exw = identity_exw();
    struct ex2 ex2 = identity_ex2();
    opaque all[] = {&a, &w, &exa, &exw, &ex2};
    enum { COUNT = sizeof(all) / sizeof(all[0]) };

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        opaque copy, excluded;
        expect(all[i], w_user, w_domain, w_password);
        assert_int_equal(SspiValidateAuthIdentity(all[i]), SEC_E_OK);
        assert_false(SspiIsAuthIdentityEncrypted(all[i]));
        assert_int_equal(SspiEncryptAuthIdentity(all[i]), SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(SspiEncryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, all[i]),
                         SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(SspiDecryptAuthIdentity(all[i]), SEC_E_OK);
        assert_int_equal(SspiDecryptAuthIdentityEx(0, all[i]), SEC_E_OK);
        assert_int_equal(SspiCopyAuthIdentity(all[i], &copy), SEC_E_OK);
        expect(copy, w_user, w_domain, w_password);
        for (int j = 0; j < COUNT; j++) {
            BOOLEAN user = 9, identity = 9;
            bool lists = (i == 2 || i == 3) == (j == 2 || j == 3); /* only these carry a package list */
            assert_int_equal(SspiCompareAuthIdentities(copy, all[j], &user, &identity), SEC_E_OK);
            assert_int_equal(user, TRUE);
            assert_int_equal(identity, lists);
        }
        assert_int_equal(SspiExcludePackage(all[i], u"ntlm", &excluded), SEC_E_OK);
        SEC_WINNT_AUTH_IDENTITY_EXW *made = excluded;
        if (i == 2 || i == 3)
            assert_memory_equal(made->PackageList, u"!x,!ntlm", 18);
        else
            assert_memory_equal(made->PackageList, u"!ntlm", 12);
        SspiFreeAuthIdentity(excluded);
        SspiFreeAuthIdentity(copy);
    }
    /* The raw password, as some writers have it. */
    ex2.packed.head.AuthData.CredData.ByteArrayOffset = sizeof(ex2.packed.head) + 8;
    ex2.packed.head.AuthData.CredData.ByteArrayLength = 8;
    expect(&ex2, w_user, w_domain, w_password);
}

static void refused_structures(void **state)
{
    SEC_WINNT_AUTH_IDENTITY_W w = identity_w();
    SEC_WINNT_AUTH_IDENTITY_A a = identity_a();
    const ULONG bad_flags[] = {0, 3, 0x12, 0x22, 0x42, 0x82};
    opaque made = (void *)3;

    (void)state;
    for (size_t i = 0; i < sizeof(bad_flags) / sizeof(bad_flags[0]); i++) {
        w.Flags = bad_flags[i];
        assert_int_equal(SspiValidateAuthIdentity(&w), SEC_E_INVALID_PARAMETER);
        assert_int_equal(SspiCopyAuthIdentity(&w, &made), SEC_E_INVALID_PARAMETER);
        assert_int_equal(SspiEncryptAuthIdentity(&w), SEC_E_INVALID_PARAMETER);
    }
    w = identity_w();
    w.Domain = NULL;
    assert_int_equal(SspiValidateAuthIdentity(&w), SEC_E_INVALID_PARAMETER);
    w.DomainLength = 0;
    assert_int_equal(SspiValidateAuthIdentity(&w), SEC_E_OK);
    w.PasswordLength = 0x80000000;
    assert_int_equal(SspiValidateAuthIdentity(&w), SEC_E_INVALID_PARAMETER);
    a.UserLength = 2; /* cuts a character in half */
    assert_int_equal(SspiValidateAuthIdentity(&a), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiValidateAuthIdentity(NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiCopyAuthIdentity(NULL, &made), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiEncodeAuthIdentityAsStrings(NULL, NULL, NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiExcludePackage(&a, NULL, &made), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiExcludePackage(NULL, u"", &made), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiExcludePackage(NULL, u"x", NULL), SEC_E_INVALID_PARAMETER);
    assert_ptr_equal(made, (void *)3);
    SspiFreeAuthIdentity(NULL);
    SspiZeroAuthIdentity(NULL);
    SspiLocalFree(NULL);
}

/* EX2: each offset and length to and over the edges, in a piece of memory that ends where the structure ends
 * (the sanitizer sees a read behind it). */
static void ex2_edges(void **state)
{
    struct ex2 good = identity_ex2();
    size_t size = sizeof(good);
    uint8_t *exact = mem_client_alloc(size);

    (void)state;
    for (size_t field = 0; field < sizeof(SEC_WINNT_AUTH_IDENTITY_EX2) + sizeof(good.packed.head) + 8;
         field += 2) {
        static const uint16_t values[] = {0,    1,    2,     7,      8,      9,      0x7f,
                                          0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff};
        size_t at = field < sizeof(SEC_WINNT_AUTH_IDENTITY_EX2)
                        ? field
                        : offsetof(struct ex2, packed) + field - sizeof(SEC_WINNT_AUTH_IDENTITY_EX2);
        if (at < 6 || (at >= offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, cbStructureLength) &&
                       at < offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, UserOffset)))
            continue; /* what tells the kind, and the size of the memory itself, must be true */
        for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
            opaque copy = NULL;
            memcpy(exact, &good, size);
            memcpy(exact + at, &values[v], 2);
            if (SspiCopyAuthIdentity(exact, &copy) == SEC_E_OK)
                SspiFreeAuthIdentity(copy);
            SspiZeroAuthIdentity(exact);
        }
    }
    good.head.Flags |= SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED;
    assert_int_equal(SspiValidateAuthIdentity(&good), SEC_E_INVALID_PARAMETER);
    good = identity_ex2();
    good.packed.head.AuthData.CredType.Data1 ^= 1;
    assert_int_equal(SspiValidateAuthIdentity(&good), SEC_E_UNKNOWN_CREDENTIALS);
    good = identity_ex2();
    good.head.cbStructureLength = sizeof(good.head) - 1;
    assert_int_equal(SspiValidateAuthIdentity(&good), SEC_E_INVALID_PARAMETER);
    good = identity_ex2();
    good.head.UserOffset = sizeof(good) - 11;
    assert_int_equal(SspiValidateAuthIdentity(&good), SEC_E_INVALID_PARAMETER);
    good = identity_ex2();
    good.head.PackedCredentialsLength++;
    assert_int_equal(SspiValidateAuthIdentity(&good), SEC_E_INVALID_PARAMETER);
    mem_client_free(exact);
}

static void zeroing(void **state)
{
    char16_t secret[] = u"geheim";
    unsigned char narrow[] = "geheim";
    SEC_WINNT_AUTH_IDENTITY_W w = identity_w();
    SEC_WINNT_AUTH_IDENTITY_A a = identity_a();
    SEC_WINNT_AUTH_IDENTITY_EXW ex = identity_exw();
    struct ex2 ex2 = identity_ex2();

    (void)state;
    w.Password = secret;
    w.PasswordLength = 6;
    SspiZeroAuthIdentity(&w);
    for (int i = 0; i < 6; i++)
        assert_int_equal(secret[i], 0);
    memcpy(secret, u"geheim", 12);
    ex.Password = secret;
    ex.PasswordLength = 5;
    SspiZeroAuthIdentity(&ex);
    assert_int_equal(secret[4], 0);
    assert_int_equal(secret[5], u'm');
    a.Password = narrow;
    a.PasswordLength = 5;
    SspiZeroAuthIdentity(&a);
    assert_memory_equal(narrow, "\0\0\0\0\0m", 7);
    SspiZeroAuthIdentity(&ex2);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ex2.packed.password[i], 0);
    assert_memory_equal(ex2.user, w_user, 12);
    assert_int_equal(w_user[0], u'm');
}

static void compared(void **state)
{
    opaque a, b;
    BOOLEAN user, identity;
    static const struct {
        const char16_t *user, *domain, *password;
        BOOLEAN same_user, same_identity;
    } others[] = {
        {u"User", u"Dom", u"pass", TRUE, TRUE},    {u"USER", u"dOM", u"pass", TRUE, TRUE},
        {u"User", u"Dom", u"Pass", TRUE, FALSE},   {u"User", u"Dom", NULL, TRUE, FALSE},
        {u"User", u"Dom", u"pas", TRUE, FALSE},    {u"Use", u"Dom", u"pass", FALSE, FALSE},
        {u"User", u"Do", u"pass", FALSE, FALSE},   {u"User", NULL, u"pass", FALSE, FALSE},
        {u"User", u"Domx", u"pass", FALSE, FALSE},
    };

    (void)state;
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(u"User", u"Dom", u"pass", &a), SEC_E_OK);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(
            SspiEncodeStringsAsAuthIdentity(others[i].user, others[i].domain, others[i].password, &b),
            SEC_E_OK);
        assert_int_equal(SspiCompareAuthIdentities(a, b, &user, &identity), SEC_E_OK);
        assert_int_equal(user, others[i].same_user);
        assert_int_equal(identity, others[i].same_identity);
        assert_int_equal(SspiCompareAuthIdentities(a, b, NULL, NULL), SEC_E_OK);
        SspiFreeAuthIdentity(b);
    }
    assert_int_equal(SspiCompareAuthIdentities(a, NULL, &user, &identity), SEC_E_OK);
    assert_int_equal(user + identity, 0);
    assert_int_equal(SspiCompareAuthIdentities(NULL, NULL, &user, &identity), SEC_E_OK);
    assert_int_equal(user + identity, 2);
    SspiFreeAuthIdentity(a);
    /* No identity is not the same as one without a name. */
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(NULL, NULL, u"p", &a), SEC_E_OK);
    assert_int_equal(SspiCompareAuthIdentities(a, NULL, &user, &identity), SEC_E_OK);
    assert_int_equal(user + identity, 0);
    SspiFreeAuthIdentity(a);
}

static void exclusion(void **state)
{
    opaque first, second, third;

    (void)state;
    assert_int_equal(SspiExcludePackage(NULL, u"NTLM", &first), SEC_E_OK);
    assert_int_equal(SspiExcludePackage(first, u"ntlm", &second), SEC_E_OK);
    assert_memory_equal(((SEC_WINNT_AUTH_IDENTITY_EXW *)second)->PackageList, u"!NTLM", 12);
    assert_int_equal(SspiExcludePackage(second, u"ntl", &third), SEC_E_OK);
    assert_memory_equal(((SEC_WINNT_AUTH_IDENTITY_EXW *)third)->PackageList, u"!NTLM,!ntl", 22);
    SspiFreeAuthIdentity(first);
    assert_int_equal(SspiExcludePackage(third, u"NTL", &first), SEC_E_OK);
    assert_int_equal(((SEC_WINNT_AUTH_IDENTITY_EXW *)first)->PackageListLength, 10);
    SspiFreeAuthIdentity(first);
    SspiFreeAuthIdentity(second);
    SspiFreeAuthIdentity(third);
    /* A package whose name ends like that is another one. */
    static char16_t list[] = u"xntlm";
    SEC_WINNT_AUTH_IDENTITY_EXW ex = identity_exw();
    ex.PackageList = list;
    ex.PackageListLength = 5;
    assert_int_equal(SspiExcludePackage(&ex, u"ntlm", &first), SEC_E_OK);
    assert_memory_equal(((SEC_WINNT_AUTH_IDENTITY_EXW *)first)->PackageList, u"xntlm,!ntlm", 24);
    SspiFreeAuthIdentity(first);
}

static void marshalled(void **state)
{
    SEC_WINNT_AUTH_IDENTITY_EXW ex = identity_exw();
    ULONG length;
    char *bytes;
    opaque back;

    (void)state;
    ex.Flags |= SEC_WINNT_AUTH_IDENTITY_ONLY;
    assert_int_equal(SspiMarshalAuthIdentity(&ex, &length, &bytes), SEC_E_OK);
    assert_int_equal(length, 8 + 4 + 4 * 4 + 2 * (6 + 3 + 4 + 2));
    assert_int_equal(SspiUnmarshalAuthIdentity(length, bytes, &back), SEC_E_OK);
    expect(back, w_user, w_domain, w_password);
    assert_int_equal(((SEC_WINNT_AUTH_IDENTITY_EXW *)back)->Flags,
                     SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_ONLY);
    assert_memory_equal(((SEC_WINNT_AUTH_IDENTITY_EXW *)back)->PackageList, w_list, 6);
    SspiFreeAuthIdentity(back);
    /* Absent stays absent, empty stays empty. */
    ULONG short_length;
    char *short_bytes;
    assert_int_equal(SspiEncodeStringsAsAuthIdentity(u"u", NULL, u"", &back), SEC_E_OK);
    assert_int_equal(SspiMarshalAuthIdentity(back, &short_length, &short_bytes), SEC_E_OK);
    SspiFreeAuthIdentity(back);
    assert_int_equal(SspiUnmarshalAuthIdentity(short_length, short_bytes, &back), SEC_E_OK);
    expect(back, u"u", NULL, u"");
    SspiFreeAuthIdentity(back);
    SspiLocalFree(short_bytes);

    /* Every shorter piece, one byte more, and every byte bent: refused or another identity, never a read
     * outside. */
    for (ULONG n = 0; n < length; n++) {
        char *piece = n > 0 ? mem_client_alloc(n) : NULL;
        if (n > 0)
            memcpy(piece, bytes, n);
        back = (void *)3;
        assert_int_equal(SspiUnmarshalAuthIdentity(n, piece != NULL ? piece : bytes, &back),
                         SEC_E_INVALID_PARAMETER);
        assert_ptr_equal(back, (void *)3);
        mem_client_free(piece);
    }
    char *more = mem_client_alloc(length + 1);
    memcpy(more, bytes, length);
    assert_int_equal(SspiUnmarshalAuthIdentity(length + 1, more, &back), SEC_E_INVALID_PARAMETER);
    for (ULONG at = 0; at < length; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(more, bytes, length);
            more[at] = (char)(more[at] ^ (1 << bit));
            SECURITY_STATUS status = SspiUnmarshalAuthIdentity(length, more, &back);
            if (at < 8)
                assert_int_equal(status, SEC_E_INVALID_PARAMETER);
            if (status == SEC_E_OK)
                SspiFreeAuthIdentity(back);
            else
                assert_int_equal(status, SEC_E_INVALID_PARAMETER);
        }
    }
    mem_client_free(more);
    /* A text that is there in full, and too long all the same. */
    enum { LONG_UNITS = 32768 };
    ULONG long_length = 8 + 4 + 4 * 4 + 2 * LONG_UNITS;
    more = mem_client_alloc(long_length);
    memcpy(more, bytes, 8);
    memcpy(more + 12, (const uint8_t[]){0, LONG_UNITS >> 8, 0, 0}, 4);
    assert_int_equal(SspiUnmarshalAuthIdentity(long_length, more, &back), SEC_E_INVALID_PARAMETER);
    mem_client_free(more);
    assert_int_equal(SspiUnmarshalAuthIdentity(length, NULL, &back), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiUnmarshalAuthIdentity(length, bytes, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiMarshalAuthIdentity(&ex, NULL, &bytes), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiMarshalAuthIdentity(&ex, &length, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiMarshalAuthIdentity(NULL, &length, &bytes), SEC_E_INVALID_PARAMETER);
    SspiLocalFree(bytes);
}

static void hosts(void **state)
{
    static const struct {
        const char16_t *target, *host;
    } names[] = {
        {u"http/host.example", u"host.example"},
        {u"http/host:8080/x", u"host"},
        {u"host", u"host"},
        {u"host:80", u"host"},
        {u"ldap/[::1]:389", u"[::1]"},
        {u"cifs/h\u00f6st/dom", u"h\u00f6st"},
        {u"http/", NULL},
        {u"", NULL},
        {u"http/:80", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        PWSTR host = (PWSTR)3;
        SECURITY_STATUS status = SspiGetTargetHostName(names[i].target, &host);
        size_t n = 0;
        if (names[i].host == NULL) {
            assert_int_equal(status, SEC_E_INVALID_PARAMETER);
            assert_ptr_equal(host, (PWSTR)3);
            continue;
        }
        assert_int_equal(status, SEC_E_OK);
        while (names[i].host[n] != 0)
            n++;
        assert_memory_equal(host, names[i].host, (n + 1) * 2);
        SspiLocalFree(host);
    }
    PWSTR host;
    assert_int_equal(SspiGetTargetHostName(NULL, &host), SEC_E_INVALID_PARAMETER);
    assert_int_equal(SspiGetTargetHostName(u"x", NULL), SEC_E_INVALID_PARAMETER);
    assert_true(SspiIsPromptingNeeded((ULONG)SEC_E_LOGON_DENIED));
    assert_true(SspiIsPromptingNeeded((ULONG)STATUS_LOGON_FAILURE));
    assert_true(SspiIsPromptingNeeded(1326));
    assert_false(SspiIsPromptingNeeded(0));
    assert_false(SspiIsPromptingNeeded((ULONG)SEC_E_INVALID_HANDLE));
    assert_int_equal(SspiPrepareForCredRead(NULL, NULL, NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(SspiPrepareForCredWrite(NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                     SEC_E_UNSUPPORTED_FUNCTION);
}

/* One call of every function, each allocation failing once. */
static SECURITY_STATUS everything(void)
{
    SEC_WINNT_AUTH_IDENTITY_EXA ex = identity_exa();
    opaque made = NULL, copy = NULL, excluded = NULL, back = NULL;
    PCWSTR texts[3] = {NULL};
    char *bytes = NULL;
    PWSTR host = NULL;
    ULONG length = 0;
    BOOLEAN same;
    SECURITY_STATUS status = SspiEncodeStringsAsAuthIdentity(u"a\\b", NULL, u"c", &made);

    if (status == SEC_E_OK)
        status = SspiCopyAuthIdentity(&ex, &copy);
    if (status == SEC_E_OK)
        status = SspiExcludePackage(copy, u"y", &excluded);
    if (status == SEC_E_OK)
        status = SspiEncodeAuthIdentityAsStrings(excluded, &texts[0], &texts[1], &texts[2]);
    if (status == SEC_E_OK)
        status = SspiMarshalAuthIdentity(excluded, &length, &bytes);
    if (status == SEC_E_OK)
        status = SspiUnmarshalAuthIdentity(length, bytes, &back);
    if (status == SEC_E_OK)
        status = SspiCompareAuthIdentities(back, copy, &same, NULL);
    if (status == SEC_E_OK)
        status = SspiGetTargetHostName(u"a/b", &host);
    SspiFreeAuthIdentity(made);
    SspiFreeAuthIdentity(copy);
    SspiFreeAuthIdentity(excluded);
    SspiFreeAuthIdentity(back);
    for (int i = 0; i < 3; i++)
        SspiLocalFree((void *)(uintptr_t)texts[i]);
    SspiLocalFree(bytes);
    SspiLocalFree(host);
    return status;
}

static void out_of_memory(void **state)
{
    unsigned long n;

    (void)state;
    for (n = 0;; n++) {
        fake_gate_on(n);
        SECURITY_STATUS status = everything();
        if (fake_gate_off() <= n) {
            assert_int_equal(status, SEC_E_OK);
            break;
        }
        assert_int_equal(status, SEC_E_INSUFFICIENT_MEMORY);
    }
    assert_true(n > 20);
}

static size_t secrets;

static int before(void **state)
{
    (void)state;
    secrets = mem_live();
    return 0;
}

/* No secret stays behind, whatever was refused. */
static int after(void **state)
{
    (void)state;
    mem_test_gate = NULL;
    return mem_live() == secrets ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_strings, before, after),
        cmocka_unit_test_setup_teardown(every_structure, before, after),
        cmocka_unit_test_setup_teardown(refused_structures, before, after),
        cmocka_unit_test_setup_teardown(ex2_edges, before, after),
        cmocka_unit_test_setup_teardown(zeroing, before, after),
        cmocka_unit_test_setup_teardown(compared, before, after),
        cmocka_unit_test_setup_teardown(exclusion, before, after),
        cmocka_unit_test_setup_teardown(marshalled, before, after),
        cmocka_unit_test_setup_teardown(hosts, before, after),
        cmocka_unit_test_setup_teardown(out_of_memory, before, after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
