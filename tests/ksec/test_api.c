/* SPDX-License-Identifier: MIT */
/*
 * SspiKernelLoadContext, SspiKernelSign, SspiKernelVerify: with the user-space host where the kernel would
 * be, with a kernel that fails in every way, and with the kernel of this machine as it is. Whatever fails
 * loses nothing.
 */
#include "testkit.h"

#include <errno.h>
#include <string.h>

#include <ntstatus.h>
#include <opensspi.h>

#include "base/mem.h"
#include "ksec/host.h"
#include "ksec/payload.h"
#include "secur32/kernel.h"

/* ---- a kernel of the test's own ---- */

enum { KEYS_MAX = 8, FIRST_KEY = 1000 };
static struct ksec_context keys[KEYS_MAX];
static size_t keys_used;
static int add_fails, call_fails;
static char last_description[64];
static int32_t last_keyring;

static int fake_add(const char *description, struct span payload, int32_t keyring, int32_t *key)
{
    snprintf(last_description, sizeof last_description, "%s", description);
    last_keyring = keyring;
    if (add_fails != 0)
        return add_fails;
    assert_true(keys_used < KEYS_MAX);
    NTSTATUS status = ksec_load(payload.data, payload.size, 0, &keys[keys_used]);
    if (status == SEC_E_SECPKG_NOT_FOUND)
        return EPFNOSUPPORT;
    assert_status(status, SEC_E_OK);
    *key = FIRST_KEY + (int32_t)keys_used++;
    return 0;
}

static const struct ksec_context *key_of(int32_t key)
{
    assert_true(key >= FIRST_KEY && (size_t)(key - FIRST_KEY) < keys_used);
    return &keys[key - FIRST_KEY];
}

static int fake_query(int32_t key, uint32_t *message_max, uint32_t *signature_size)
{
    SecPkgContext_Sizes sizes;
    if (key < FIRST_KEY)
        return ENOKEY;
    assert_status(ksec_sizes(key_of(key), &sizes), SEC_E_OK);
    *message_max = 65535;
    *signature_size = sizes.cbMaxSignature;
    return 0;
}

/* As src/ksec/linux/ssp_context.c has them. */
static int errno_of(NTSTATUS status)
{
    switch (status) {
    case SEC_E_OK:
        return 0;
    case SEC_E_MESSAGE_ALTERED:
        return EBADMSG;
    case SEC_E_OUT_OF_SEQUENCE:
        return EILSEQ;
    default:
        return EINVAL;
    }
}

static int fake_sign(int32_t key, uint32_t number, struct span message, uint8_t *signature,
                     size_t signature_size)
{
    size_t size = signature_size;
    return call_fails != 0 ? call_fails
                           : errno_of(ksec_sign(key_of(key), &message, 1, number, signature, &size));
}

static int fake_verify(int32_t key, uint32_t number, struct span message, const uint8_t *signature,
                       size_t signature_size)
{
    return call_fails != 0
               ? call_fails
               : errno_of(ksec_verify(key_of(key), &message, 1, number, signature, signature_size));
}

static const struct kernel_keys fake = {fake_add, fake_query, fake_sign, fake_verify};

static int setup(void **state)
{
    (void)state;
    kernel_keys = &fake;
    add_fails = call_fails = 0;
    keys_used = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < keys_used; i++)
        assert_status(ksec_unload(&keys[i]), SEC_E_OK);
    keys_used = 0;
    assert_int_equal(ksec_lists_count(), 0);
    kernel_keys = &kernel_keys_system;
    return 0;
}

struct pair {
    struct kit_side initiator, acceptor;
};

enum { SIGNED = ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT };

static void pair_open(struct pair *p, const char *package)
{
    memset(p, 0, sizeof *p);
    kit_pair(package, SIGNED, ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT,
             &p->initiator, &p->acceptor);
}

static void pair_close(struct pair *p)
{
    kit_close(&p->initiator);
    kit_close(&p->acceptor);
}

/* ---- down and on ---- */

/* Three messages before, then the initiator's context is the kernel's: a hundred each way, numbers going on.
 */
static void run_moved(const char *package)
{
    struct pair p;
    LONG key = 0;
    uint8_t token[64];
    SspiErrorInfo error = {{0}};
    pair_open(&p, package);
    for (int i = 0; i < 3; i++) {
        kit_exchange(&p.initiator.context, &p.acceptor.context, "before", false);
        kit_exchange(&p.acceptor.context, &p.initiator.context, "before", false);
    }
    assert_status(SspiKernelLoadContext(&p.initiator.context, "mine", 7, &key, &error), SEC_E_OK);
    assert_int_equal(key, FIRST_KEY);
    assert_string_equal(error.text, "");
    assert_string_equal(last_description, "mine");
    assert_int_equal(last_keyring, 7);
    ULONG size = sizeof token;
    assert_status(kit_sign(&p.initiator.context, "x", 1, token, &size), SEC_E_INVALID_HANDLE);
    assert_status(DeleteSecurityContext(&p.initiator.context), SEC_E_INVALID_HANDLE);
    p.initiator.has_context = false;
    for (unsigned i = 0; i < 100; i++) {
        size = sizeof token;
        assert_status(SspiKernelSign(key, 0, &i, sizeof i, token, &size, NULL), SEC_E_OK);
        assert_int_equal(size, 16);
        assert_status(kit_verify(&p.acceptor.context, &i, sizeof i, token, size), SEC_E_OK);
        size = sizeof token;
        assert_status(kit_sign(&p.acceptor.context, &i, sizeof i, token, &size), SEC_E_OK);
        assert_status(SspiKernelVerify(key, 0, &i, sizeof i, token, size, &error), SEC_E_OK);
        assert_string_equal(error.text, "");
        assert_status(SspiKernelVerify(key, 0, &i, sizeof i, token, size, &error), SEC_E_OUT_OF_SEQUENCE);
        assert_non_null(strstr(error.text, "seen before"));
        error.text[0] = 0;
    }
    pair_close(&p);
}

static void test_moved(void **state)
{
    (void)state;
    run_moved("NTLM");
}

/* What Negotiate hands over is its mechanism's, and so is the name in the payload. */
static void test_moved_negotiate(void **state)
{
    (void)state;
    run_moved("Negotiate");
}

static void test_description(void **state)
{
    (void)state;
    char first[64];
    for (int i = 0; i < 2; i++) {
        struct pair p;
        LONG key;
        pair_open(&p, "NTLM");
        assert_status(SspiKernelLoadContext(&p.initiator.context, NULL, 0, &key, NULL), SEC_E_OK);
        assert_int_equal(strncmp(last_description, "sspi:", 5), 0);
        assert_int_equal(strlen(last_description), 21);
        assert_int_equal(last_keyring, -3);
        if (i == 0)
            memcpy(first, last_description, sizeof first);
        else
            assert_string_not_equal(first, last_description);
        p.initiator.has_context = false;
        pair_close(&p);
    }
}

/* ---- what fails loses nothing ---- */

struct failure {
    int code;
    SECURITY_STATUS status;
    const char *words;
};

static void test_load_failures(void **state)
{
    (void)state;
    static const struct failure failures[] = {
        {ENODEV, SEC_E_UNSUPPORTED_FUNCTION, "modprobe ssp_ksec"},
        {ENOSYS, SEC_E_UNSUPPORTED_FUNCTION, "modprobe ssp_ksec"},
        {EPFNOSUPPORT, SEC_E_SECPKG_NOT_FOUND, "package"},
        {EINVAL, SEC_E_INVALID_TOKEN, "one version"},
        {EPERM, STATUS_ACCESS_DENIED, "allow_rc4"},
        {EACCES, STATUS_ACCESS_DENIED, "permissions"},
        {EDQUOT, SEC_E_INSUFFICIENT_MEMORY, "quota"},
        {ENOMEM, SEC_E_INSUFFICIENT_MEMORY, "memory"},
        {ENOKEY, SEC_E_INVALID_HANDLE, "keyring"},
        {EKEYREVOKED, SEC_E_INVALID_HANDLE, "revoked"},
        {EKEYEXPIRED, SEC_E_INVALID_HANDLE, "expired"},
        {ENOTDIR, SEC_E_INVALID_HANDLE, "keyring"},
        {EXDEV, SEC_E_INTERNAL_ERROR, "Invalid cross-device link"},
    };
    struct pair p;
    pair_open(&p, "NTLM");
    size_t live = mem_live();
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        SspiErrorInfo error = {{0}};
        LONG key = 77;
        add_fails = failures[i].code;
        assert_status(SspiKernelLoadContext(&p.initiator.context, NULL, 0, &key, &error), failures[i].status);
        assert_int_equal(key, 77);
        if (strstr(error.text, failures[i].words) == NULL)
            fail_msg("%d: \"%s\" does not say \"%s\"", failures[i].code, error.text, failures[i].words);
        assert_status(SspiKernelLoadContext(&p.initiator.context, NULL, 0, &key, NULL), failures[i].status);
        kit_exchange(&p.initiator.context, &p.acceptor.context, "still here", false);
        kit_exchange(&p.acceptor.context, &p.initiator.context, "still here", false);
    }
    assert_int_equal(mem_live(), live);
    pair_close(&p);
}

static bool refuse_nth(void *arg, size_t size)
{
    (void)size;
    unsigned *left = arg;
    return (*left)-- != 0;
}

/* Each of the library's two allocations fails once: the packed context and the payload. */
static void test_load_out_of_memory(void **state)
{
    (void)state;
    struct pair p;
    LONG key = 77;
    pair_open(&p, "NTLM");
    size_t live = mem_live();
    for (unsigned granted = 0; granted < 2; granted++) {
        unsigned left = granted;
        mem_test_gate_arg = &left;
        mem_test_gate = refuse_nth;
        SECURITY_STATUS status = SspiKernelLoadContext(&p.initiator.context, NULL, 0, &key, NULL);
        mem_test_gate = NULL;
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        assert_int_equal(keys_used, 0);
        kit_exchange(&p.initiator.context, &p.acceptor.context, "still here", false);
    }
    assert_int_equal(key, 77);
    assert_int_equal(mem_live(), live);
    pair_close(&p);
}

static void test_handles(void **state)
{
    (void)state;
    struct pair p;
    CtxtHandle none = {0, 0};
    LONG key = 77;
    SspiErrorInfo error = {{0}};
    assert_status(SspiKernelLoadContext(NULL, NULL, 0, &key, &error), SEC_E_INVALID_HANDLE);
    assert_string_not_equal(error.text, "");
    assert_status(SspiKernelLoadContext(&none, NULL, 0, &key, NULL), SEC_E_INVALID_HANDLE);
    pair_open(&p, "NTLM");
    assert_status(SspiKernelLoadContext(&p.initiator.context, NULL, 0, NULL, NULL), SEC_E_INVALID_PARAMETER);
    kit_exchange(&p.initiator.context, &p.acceptor.context, "still here", false);
    assert_status(SspiKernelLoadContext(&p.initiator.context, NULL, 0, &key, NULL), SEC_E_OK);
    assert_status(SspiKernelLoadContext(&p.initiator.context, NULL, 0, &key, NULL), SEC_E_INVALID_HANDLE);
    p.initiator.has_context = false;
    pair_close(&p);
}

/* Unfinished: one step, no context yet to hand down. */
static void test_unfinished(void **state)
{
    (void)state;
    struct kit_side side = {.initiator = true};
    LONG key = 77;
    assert_status(kit_open(&side, "NTLM", true, KIT_DOMAIN, KIT_USER, KIT_PASSWORD), SEC_E_OK);
    assert_status(kit_step(&side, SIGNED, "server", NULL, 0, NULL), SEC_I_CONTINUE_NEEDED);
    assert_status(SspiKernelLoadContext(&side.context, NULL, 0, &key, NULL), SEC_E_INVALID_HANDLE);
    kit_close(&side);
}

/* A package that the kernel does not have. */
static void test_psk(void **state)
{
    (void)state;
    struct pair p;
    LONG key = 77;
    pair_open(&p, "psk");
    assert_status(SspiKernelLoadContext(&p.initiator.context, NULL, 0, &key, NULL), SEC_E_SECPKG_NOT_FOUND);
    kit_exchange(&p.initiator.context, &p.acceptor.context, "still here", false);
    pair_close(&p);
}

static void test_message_failures(void **state)
{
    (void)state;
    static const struct failure failures[] = {
        {EBADMSG, SEC_E_MESSAGE_ALTERED, "belong"},
        {EILSEQ, SEC_E_OUT_OF_SEQUENCE, "place"},
        {EPROTO, SEC_E_INVALID_TOKEN, "kind"},
        {EOVERFLOW, SEC_E_CONTEXT_EXPIRED, "used up"},
        {EMSGSIZE, SEC_E_BUFFER_TOO_SMALL, "fit"},
        {EINVAL, SEC_E_INVALID_PARAMETER, "size"},
        {ENOKEY, SEC_E_INVALID_HANDLE, "no such key"},
        {EOPNOTSUPP, SEC_E_UNSUPPORTED_FUNCTION, "no context"},
        {EKEYREVOKED, SEC_E_INVALID_HANDLE, "revoked"},
        {EKEYEXPIRED, SEC_E_INVALID_HANDLE, "expired"},
        {EACCES, STATUS_ACCESS_DENIED, "permissions"},
        {EPERM, STATUS_ACCESS_DENIED, "permissions"},
        {ENOMEM, SEC_E_INSUFFICIENT_MEMORY, "memory"},
        {EXDEV, SEC_E_INTERNAL_ERROR, "cross-device"},
    };
    struct pair p;
    LONG key;
    uint8_t token[64];
    pair_open(&p, "NTLM");
    assert_status(SspiKernelLoadContext(&p.initiator.context, NULL, 0, &key, NULL), SEC_E_OK);
    p.initiator.has_context = false;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        SspiErrorInfo error = {{0}};
        ULONG size = sizeof token;
        call_fails = failures[i].code;
        assert_status(SspiKernelSign(key, 0, "m", 1, token, &size, &error), failures[i].status);
        assert_int_equal(size, sizeof token);
        if (strstr(error.text, failures[i].words) == NULL)
            fail_msg("%d: \"%s\" does not say \"%s\"", failures[i].code, error.text, failures[i].words);
        assert_status(SspiKernelVerify(key, 0, "m", 1, token, 16, NULL), failures[i].status);
    }
    pair_close(&p);
}

static void test_message_arguments(void **state)
{
    (void)state;
    static uint8_t longest[65536];
    struct pair p;
    LONG key;
    uint8_t token[64];
    ULONG size = sizeof token, small = 15;
    pair_open(&p, "NTLM");
    assert_status(SspiKernelLoadContext(&p.initiator.context, NULL, 0, &key, NULL), SEC_E_OK);
    p.initiator.has_context = false;
    assert_status(SspiKernelSign(key, 0, NULL, 1, token, &size, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiKernelSign(key, 0, "m", 1, NULL, &size, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiKernelSign(key, 0, "m", 1, token, NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiKernelSign(key, 0, "m", 1, token, &small, NULL), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(small, 15);
    assert_status(SspiKernelSign(key, 0, longest, 65536, token, &size, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiKernelSign(1, 0, "m", 1, token, &size, NULL), SEC_E_INVALID_HANDLE);
    assert_status(SspiKernelVerify(1, 0, "m", 1, token, 16, NULL), SEC_E_INVALID_HANDLE);
    assert_status(SspiKernelVerify(key, 0, "m", 1, NULL, 16, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiKernelVerify(key, 0, "m", 1, token, 15, NULL), SEC_E_INVALID_TOKEN);
    assert_status(SspiKernelVerify(key, 0, "m", 1, token, 17, NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(size, sizeof token);
    /* None of these has used a number; the longest and the empty message. */
    assert_status(SspiKernelSign(key, 0, longest, 65535, token, &size, NULL), SEC_E_OK);
    assert_status(kit_verify(&p.acceptor.context, longest, 65535, token, size), SEC_E_OK);
    assert_status(SspiKernelSign(key, 0, NULL, 0, token, &size, NULL), SEC_E_OK);
    assert_status(kit_verify(&p.acceptor.context, "", 0, token, size), SEC_E_OK);
    token[8] ^= 1;
    assert_status(SspiKernelVerify(key, 0, "m", 1, token, 16, NULL), SEC_E_OUT_OF_SEQUENCE);
    pair_close(&p);
}

/* The kernel of this machine. Without the module nothing is lost; with it the test ends there, ./run kernel
 * goes on. */
static void test_this_kernel(void **state)
{
    (void)state;
    struct pair p;
    LONG key = 77;
    SspiErrorInfo error = {{0}};
    kernel_keys = &kernel_keys_system;
    pair_open(&p, "NTLM");
    SECURITY_STATUS status = SspiKernelLoadContext(&p.initiator.context, NULL, -1, &key, &error);
    if (status == SEC_E_OK) {
        p.initiator.has_context = false;
    } else {
        print_message("# %s\n", error.text);
        assert_true(status == SEC_E_UNSUPPORTED_FUNCTION || status == STATUS_ACCESS_DENIED);
        assert_int_equal(key, 77);
        kit_exchange(&p.initiator.context, &p.acceptor.context, "still here", false);
    }
    pair_close(&p);
}

/* System calls alone, on what is no context. */
static void test_no_context(void **state)
{
    (void)state;
    uint8_t token[64];
    ULONG size = sizeof token;
    kernel_keys = &kernel_keys_system;
    SECURITY_STATUS status = SspiKernelSign(0x7ffffff0, 0, "m", 1, token, &size, NULL);
    assert_true(status == SEC_E_INVALID_HANDLE || status == STATUS_ACCESS_DENIED ||
                status == SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SspiKernelVerify(0x7ffffff0, 0, "m", 1, token, 16, NULL), status);
}

static int start(void **state)
{
    (void)state;
    kit_environment(NULL);
    return ksec_start() == SEC_E_OK ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_moved),
        TEST(test_moved_negotiate),
        TEST(test_description),
        TEST(test_load_failures),
        TEST(test_load_out_of_memory),
        TEST(test_handles),
        TEST(test_unfinished),
        TEST(test_psk),
        TEST(test_message_failures),
        TEST(test_message_arguments),
        TEST(test_this_kernel),
        TEST(test_no_context),
    };
    return cmocka_run_group_tests_name("ksec api", tests, start, NULL);
}
