/* SPDX-License-Identifier: MIT */
/*
 * Contexts and processes: a packed context works in a freshly executed process that shares nothing with this
 * one; after fork the child is refused and the parent undisturbed.
 */
#include "contract.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <opensspi.h>

#include "base/mem.h"
#include "lsa/lsa.h"
#include "packages/ntlm/ntlm_package.h"

/* ---- another program ---- */

struct other {
    pid_t pid;
    int to, from;
};

static void transfer(bool writing, int fd, void *data, size_t size)
{
    char *p = data;
    while (size) {
        ssize_t n = writing ? write(fd, p, size) : read(fd, p, size);
        assert_true(n > 0);
        p += n;
        size -= (size_t)n;
    }
}

static void other_start(struct other *o, const char *way, const char *package, const SecBuffer *packed)
{
    int to[2], from[2];
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    fflush(NULL);
    o->pid = fork();
    assert_true(o->pid >= 0);
    if (o->pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execl(CONTEXT_USER, CONTEXT_USER, way, package, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    o->to = to[1];
    o->from = from[0];
    ULONG size = packed->cbBuffer;
    transfer(true, o->to, &size, sizeof size);
    transfer(true, o->to, packed->pvBuffer, size);
}

static void other_stop(struct other *o)
{
    int status;
    close(o->to);
    assert_int_equal(waitpid(o->pid, &status, 0), o->pid);
    close(o->from);
    assert_int_equal(status, 0);
}

/* One call over there on DATA of 20 bytes and a TOKEN of 96; both come back. */
static SECURITY_STATUS other_call(struct other *o, enum operation op, uint8_t data[20], uint8_t token[96],
                                  ULONG *token_size)
{
    uint8_t operation = (uint8_t)op;
    SECURITY_STATUS status;
    transfer(true, o->to, &operation, 1);
    transfer(true, o->to, data, 20);
    transfer(true, o->to, token_size, sizeof *token_size);
    transfer(true, o->to, token, 96);
    transfer(false, o->from, &status, sizeof status);
    transfer(false, o->from, data, 20);
    transfer(false, o->from, token_size, sizeof *token_size);
    transfer(false, o->from, token, 96);
    return status;
}

/* The other process holds what was `mine`'s peer: messages pass both ways, damaged ones do not. */
static void converse(struct other *o, CtxtHandle *mine, const struct contract_mode *mode)
{
    uint8_t data[20], copy[20], token[96];
    for (uint32_t i = 0; i < 8; i++) {
        bool seal = mode->seals && i % 2;
        ULONG size = seal ? mode->seal_size : mode->sign_size, room = 96;
        kit_fill(data, sizeof data, i);
        memcpy(copy, data, sizeof data);
        if (seal)
            assert_status(kit_seal(mine, data, sizeof data, token, &room), SEC_E_OK);
        else
            assert_status(kit_sign(mine, data, sizeof data, token, &room), SEC_E_OK);
        assert_int_equal(room, size);
        if (!mode->dummy) {
            token[9] ^= 1;
            assert_status(other_call(o, seal ? OP_UNSEAL : OP_VERIFY, data, token, &size),
                          SEC_E_MESSAGE_ALTERED);
            token[9] ^= 1;
        }
        assert_status(other_call(o, seal ? OP_UNSEAL : OP_VERIFY, data, token, &size), SEC_E_OK);
        assert_memory_equal(data, copy, sizeof data);

        room = 96;
        assert_status(other_call(o, seal ? OP_SEAL : OP_SIGN, data, token, &room), SEC_E_OK);
        assert_int_equal(room, size);
        if (seal)
            assert_status(kit_unseal(mine, data, sizeof data, token, room), SEC_E_OK);
        else
            assert_status(kit_verify(mine, data, sizeof data, token, room), SEC_E_OK);
        assert_memory_equal(data, copy, sizeof data);
    }
}

static void each_imported(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct other o;
    if (mode->datagram)
        return;
    contract_open(&pair, mode);
    contract_genuine(&pair, 0);
    SecBuffer packed = contract_snapshot(pair.b);
    other_start(&o, "import", mode->package->name, &packed);
    converse(&o, pair.a, mode);
    other_stop(&o);
    FreeContextBuffer(packed.pvBuffer);
    contract_close(&pair);
}

static void test_exported_to_another_program(void **state)
{
    (void)state;
    contract_each(each_imported);
}

/* ---- the user half alone, on the bytes that the LSA half hands over ---- */

struct half {
    struct lsa_package **packages;
    ULONG count;
    LSA_SEC_HANDLE credential, context;
    struct lsa_step step;
};

static void half_open(struct half *h, void *identity, ULONG use)
{
    const char *reason = NULL;
    TimeStamp expiry;
    memset(h, 0, sizeof *h);
    if (lsa_package_open(ntlm_SpLsaModeInitialize, &h->packages, &h->count, &reason) != SEC_E_OK)
        fail_msg("the package does not start: %s", reason);
    LUID logon = {0, 0};
    assert_status(
        lsa_credentials_acquire(h->packages[0], NULL, use, &logon, identity, true, &h->credential, &expiry),
        SEC_E_OK);
}

static SECURITY_STATUS half_step(struct half *h, bool initiator, void *in, ULONG in_size, void *out,
                                 ULONG *out_size)
{
    SecBuffer input = {in_size, SECBUFFER_TOKEN, in}, output = {*out_size, SECBUFFER_TOKEN, out};
    SecBufferDesc input_desc = {SECBUFFER_VERSION, 1, &input}, output_desc = {SECBUFFER_VERSION, 1, &output};
    UNICODE_STRING target = {0, 0, NULL};
    SECURITY_STATUS status;
    memset(&h->step, 0, sizeof h->step);
    if (initiator)
        status = lsa_context_initialize(h->packages[0], h->credential, h->context, &target,
                                        ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY, SECURITY_NATIVE_DREP,
                                        in ? &input_desc : NULL, &output_desc, true, &h->step);
    else
        status = lsa_context_accept(h->packages[0], h->credential, h->context,
                                    ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY, SECURITY_NATIVE_DREP,
                                    &input_desc, &output_desc, &h->step);
    if (h->step.context)
        h->context = h->step.context;
    *out_size = output.cbBuffer;
    return status;
}

static void half_close(struct half *h)
{
    lsa_packed_free(&h->step.packed);
    lsa_context_delete(h->packages[0], h->context);
    lsa_credentials_free(h->packages[0], h->credential);
    for (ULONG i = 0; i < h->count; i++)
        lsa_package_close(h->packages[i]);
    mem_client_free(h->packages);
}

static void test_user_half_in_another_program(void **state)
{
    (void)state;
    static uint8_t tokens[2][KIT_TOKEN_MAX];
    struct half initiator, acceptor;
    struct other a, b;
    ULONG sizes[2] = {KIT_TOKEN_MAX, KIT_TOKEN_MAX};
    SEC_WINNT_AUTH_IDENTITY_A identity = {(unsigned char *)(uintptr_t)KIT_USER,
                                          sizeof KIT_USER - 1,
                                          (unsigned char *)(uintptr_t)KIT_DOMAIN,
                                          sizeof KIT_DOMAIN - 1,
                                          (unsigned char *)(uintptr_t)KIT_PASSWORD,
                                          sizeof KIT_PASSWORD - 1,
                                          SEC_WINNT_AUTH_IDENTITY_ANSI};
    half_open(&initiator, &identity, SECPKG_CRED_OUTBOUND);
    half_open(&acceptor, NULL, SECPKG_CRED_INBOUND);
    assert_status(half_step(&initiator, true, NULL, 0, tokens[0], &sizes[0]), SEC_I_CONTINUE_NEEDED);
    assert_status(half_step(&acceptor, false, tokens[0], sizes[0], tokens[1], &sizes[1]),
                  SEC_I_CONTINUE_NEEDED);
    sizes[0] = KIT_TOKEN_MAX;
    assert_status(half_step(&initiator, true, tokens[1], sizes[1], tokens[0], &sizes[0]), SEC_E_OK);
    sizes[1] = KIT_TOKEN_MAX;
    assert_status(half_step(&acceptor, false, tokens[0], sizes[0], tokens[1], &sizes[1]), SEC_E_OK);
    assert_true(initiator.step.mapped && acceptor.step.mapped);

    /* Both user halves in programs that have seen no handshake. */
    other_start(&a, "user", "NTLM", &initiator.step.packed);
    other_start(&b, "user", "NTLM", &acceptor.step.packed);
    uint8_t data[20], plain[20], token[96];
    for (uint32_t i = 0; i < 8; i++) {
        struct other *from = i % 2 ? &b : &a, *to = i % 2 ? &a : &b;
        ULONG size = 96;
        kit_fill(data, sizeof data, i);
        memcpy(plain, data, sizeof data);
        assert_status(other_call(from, i % 4 < 2 ? OP_SIGN : OP_SEAL, data, token, &size), SEC_E_OK);
        assert_int_equal(size, 16);
        token[9] ^= 4;
        assert_status(other_call(to, i % 4 < 2 ? OP_VERIFY : OP_UNSEAL, data, token, &size),
                      SEC_E_MESSAGE_ALTERED);
        token[9] ^= 4;
        assert_status(other_call(to, i % 4 < 2 ? OP_VERIFY : OP_UNSEAL, data, token, &size), SEC_E_OK);
        assert_memory_equal(data, plain, sizeof data);
    }
    other_stop(&a);
    other_stop(&b);
    half_close(&initiator);
    half_close(&acceptor);
}

/* ---- fork ---- */

enum { CHILD_GOOD = 42 };

static bool child_refused(struct contract_pair *pair, const struct parcel *m)
{
    struct parcel mine, before;
    SecPkgContext_Sizes sizes;
    parcel_copy(&mine, m);
    parcel_copy(&before, m);
    bool good = true;
    for (enum operation op = OP_SIGN; op < OP_COUNT; op++) {
        good &= contract_call(op, pair->a, 0, &mine.desc, 0) == SEC_E_INVALID_HANDLE;
        good &= contract_call(op, pair->b, 0, &mine.desc, 0) == SEC_E_INVALID_HANDLE;
    }
    good &= memcmp(mine.bytes, before.bytes, sizeof mine.bytes) == 0;
    good &= QueryContextAttributesA(pair->a, SECPKG_ATTR_SIZES, &sizes) == SEC_E_INVALID_HANDLE;
    CtxtHandle copy = *pair->a;
    good &= DeleteSecurityContext(&copy) == SEC_E_INVALID_HANDLE;
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    good &= ExportSecurityContext(pair->a, 0, &packed, NULL) == SEC_E_INVALID_HANDLE;
    return good;
}

/* Makes and deletes contexts until one has the very number of the parent's, slot and generation; then the
 * number alone must not do. */
static bool child_meets_itself(struct contract_pair *pair, const struct parcel *m, const SecBuffer *packed)
{
    for (int i = 0; i < 5000; i++) {
        CtxtHandle own;
        SecBuffer copy = *packed;
        SEC_CHAR *name = (SEC_CHAR *)(uintptr_t)pair->mode->package->name;
        if (ImportSecurityContextA(name, &copy, NULL, &own) != SEC_E_OK)
            return false;
        bool met = own.dwLower == pair->a->dwLower || own.dwLower == pair->b->dwLower;
        bool good = !met || (child_refused(pair, m) && own.dwUpper != pair->a->dwUpper);
        if (DeleteSecurityContext(&own) != SEC_E_OK || !good)
            return false;
        if (met)
            return true;
    }
    return false;
}

/* In the child: refused, also when its own contexts have taken the slots; and its own ones work. */
static int child(struct contract_pair *pair, const struct parcel *m, const SecBuffer *packed, int out)
{
    struct kit_side sides[4];
    memset(sides, 0, sizeof sides);
    if (!child_refused(pair, m))
        return 1;
    if (!child_meets_itself(pair, m, packed))
        return 7;
    if (pair->initiator.has_credential) {
        CredHandle copy = pair->initiator.credential;
        if (FreeCredentialsHandle(&copy) != SEC_E_INVALID_HANDLE)
            return 2;
    }
    for (int i = 0; i < 4; i += 2) {
        if (kit_handshake("NTLM", ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY, &sides[i], &sides[i + 1]) != SEC_E_OK)
            return 3;
        if (!child_refused(pair, m))
            return 4;
    }
    uint8_t token[96];
    ULONG size = sizeof token;
    if (kit_sign(&sides[0].context, "child", 5, token, &size) != SEC_E_OK ||
        kit_verify(&sides[1].context, "child", 5, token, size) != SEC_E_OK)
        return 5;
    /* The parent will try these bits on itself. */
    if (write(out, &sides[0].context, sizeof(CtxtHandle)) != sizeof(CtxtHandle))
        return 6;
    return CHILD_GOOD;
}

static void each_fork(const struct contract_mode *mode)
{
    struct contract_pair pair;
    struct parcel m;
    int out[2], status;
    CtxtHandle childs;
    contract_open(&pair, mode);
    contract_genuine(&pair, 1);
    parcel_usual(&m, mode->sign_size, 4);
    assert_status(contract_call(OP_SIGN, pair.a, 0, &m.desc, 3), SEC_E_OK);
    SecBuffer a = contract_snapshot(pair.a), b = contract_snapshot(pair.b);
    assert_int_equal(pipe(out), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child(&pair, &m, &a, out[1]));
    close(out[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), CHILD_GOOD);
    assert_int_equal(read(out[0], &childs, sizeof childs), sizeof childs);
    close(out[0]);
    contract_same(pair.a, &a, "the parent's context after a fork");
    contract_same(pair.b, &b, "the parent's context after a fork");
    assert_status(contract_call(OP_VERIFY, pair.b, 0, &m.desc, 3), SEC_E_OK);
    contract_genuine(&pair, 4);
    assert_status(DeleteSecurityContext(&childs), SEC_E_INVALID_HANDLE);
    contract_close(&pair);
}

static void test_fork(void **state)
{
    (void)state;
    contract_each(each_fork);
}

/* Exported before the fork on purpose, a context may live on in the child: the parent hands it over and
 * deletes its own. */
static void test_import_after_fork(void **state)
{
    (void)state;
    size_t count;
    struct contract_pair pair;
    contract_open(&pair, contract_modes(&count)[0]);
    SecBuffer packed = contract_snapshot(pair.b);
    uint8_t token[96];
    ULONG size = sizeof token;
    assert_status(kit_sign(pair.a, "over", 4, token, &size), SEC_E_OK);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        CtxtHandle imported;
        SEC_CHAR name[] = "NTLM";
        bool good = ImportSecurityContextA(name, &packed, NULL, &imported) == SEC_E_OK &&
                    kit_verify(&imported, "over", 4, token, size) == SEC_E_OK;
        _exit(good ? CHILD_GOOD : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), CHILD_GOOD);
    FreeContextBuffer(packed.pvBuffer);
    contract_close(&pair);
}

/* Two exports of one context are the same bytes, and what was exported and deleted here is gone here. */
static void each_export(const struct contract_mode *mode)
{
    struct contract_pair pair;
    contract_open(&pair, mode);
    contract_genuine(&pair, 1);
    SecBuffer once = contract_snapshot(pair.b);
    contract_same(pair.b, &once, "exporting");
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    assert_status(ExportSecurityContext(pair.b, SECPKG_CONTEXT_EXPORT_DELETE_OLD, &packed, NULL), SEC_E_OK);
    CtxtHandle old = *pair.b;
    SEC_CHAR *name = (SEC_CHAR *)(uintptr_t)mode->package->name;
    assert_status(ImportSecurityContextA(name, &packed, NULL, pair.b), SEC_E_OK);
    FreeContextBuffer(packed.pvBuffer);
    assert_status(DeleteSecurityContext(&old), SEC_E_INVALID_HANDLE);
    contract_genuine(&pair, 3);
    contract_close(&pair);
}

static void test_export_and_delete(void **state)
{
    (void)state;
    contract_each(each_export);
}

/* Cut, longer or changed packed contexts never crash; those that still import still answer. */
static void each_damaged(const struct contract_mode *mode)
{
    struct contract_pair pair;
    contract_open(&pair, mode);
    SecBuffer packed = contract_snapshot(pair.b);
    SEC_CHAR *name = (SEC_CHAR *)(uintptr_t)mode->package->name;
    uint8_t *bytes = packed.pvBuffer;
    ULONG whole = packed.cbBuffer;
    CtxtHandle imported;
    for (ULONG size = 0; size < whole; size++) {
        SecBuffer cut = {size, SECBUFFER_EMPTY, bytes};
        assert_true(ImportSecurityContextA(name, &cut, NULL, &imported) != SEC_E_OK);
    }
    for (ULONG bit = 0; bit < 8 * whole; bit += 3) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ImportSecurityContextA(name, &packed, NULL, &imported) == SEC_E_OK) {
            uint8_t token[96];
            ULONG size = sizeof token;
            kit_sign(&imported, "text", 4, token, &size);
            kit_verify(&imported, "text", 4, token, 16);
            assert_status(DeleteSecurityContext(&imported), SEC_E_OK);
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    contract_replace(pair.b, mode->package->name, &packed);
    contract_genuine(&pair, 1);
    FreeContextBuffer(packed.pvBuffer);
    contract_close(&pair);
}

static void test_damaged_packed_contexts(void **state)
{
    (void)state;
    contract_each(each_damaged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exported_to_another_program),
        cmocka_unit_test(test_user_half_in_another_program),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_import_after_fork),
        cmocka_unit_test(test_export_and_delete),
        cmocka_unit_test(test_damaged_packed_contexts),
    };
    kit_environment(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
